import type { Report } from '../configuration/block.ts';
import { chooseOne, type DataBlock } from '../configuration/data.ts';
import { dataSourcesOf, selectorsOf } from '../datasource.ts';
import { type Diagnostic, DiagnosticsError, type Place } from '../diagnostic.ts';
import { KeyformError } from '../error.ts';
import type { Scope } from '../expression/evaluate.ts';
import type { JsonObject } from '../json.ts';
import type { ActualKey, Owner } from '../provider.ts';
import { didYouMean } from '../suggest.ts';
import { isWhollyKnown, Sensitive, UNKNOWN, type Value } from '../value.ts';
import { ownerOf, type World } from './actual.ts';
import { argumentValues, knownArgs } from './desire.ts';

/** What a data block asks, as far as it is known. */
export interface Inquiry {
  /** Every argument; null for none, unknown where it depends on what is not made yet. Sensitive ones are marked. */
  readonly args: Readonly<Record<string, Value>>;
  /** The arguments that name the owner, unmarked; null while one is unknown. */
  readonly owner: JsonObject | null;
  /** Whether every argument is known. */
  readonly known: boolean;
}

/** Evaluates a data block's arguments. Problems are reported at their place; null when there were any. */
export function inquire(block: DataBlock, scope: Scope, report: Report): Inquiry | null {
  const { source } = block;
  let failed = false;
  const fail = (place: Place, summary: string, detail: string) => {
    failed = true;
    report.error(place, summary, detail, block.address);
  };
  const { args } = argumentValues(source.arguments, block.args, scope, fail);
  const selectors = source.kind === 'one' ? selectorsOf(source.resource) : [];
  const set = selectors.filter((name) => isWhollyKnown(args[name] ?? null) && plain(args[name]) !== null);
  const open = selectors.some((name) => !isWhollyKnown(args[name] ?? null));
  const [, second] = set;
  if (second !== undefined)
    fail(block.args.get(second)?.place ?? block.place, 'Several arguments say which key is read', chooseOne(selectors));
  // Where none is written loading has said so; here one is, and gives null.
  else if (!failed && set.length === 0 && !open && selectors.some((name) => block.args.has(name)))
    fail(block.place, 'Nothing says which key is read', `${chooseOne(selectors)} What is set gives null.`);
  if (failed) return null;
  const names = source.resource.owner.arguments.map((name) => [name, args[name] ?? null] as const);
  const owner = names.every(([, value]) => isWhollyKnown(value)) ? knownArgs(Object.fromEntries(names)) : null;
  return { args, owner, known: Object.values(args).every(isWhollyKnown) };
}

/** A data source that is still to be read, as references and plans see it: what is not an argument is unknown. */
export function plannedData(block: DataBlock, inquiry: Inquiry): Record<string, Value> {
  const object: Record<string, Value> = {};
  for (const name of Object.keys(block.source.attributes)) {
    const given = inquiry.args[name] ?? null;
    const asked = Object.hasOwn(block.source.arguments, name);
    object[name] = asked && (given !== null || !selectsBy(block, name)) ? given : UNKNOWN;
  }
  return object;
}

/**
 * What a data source reads from the keys of its owner; `inquiry` is known. Throws a DiagnosticsError, at the argument
 * concerned, when no key is the one that is asked for, or several are.
 */
export function answer(
  block: DataBlock,
  inquiry: Inquiry,
  keys: ReadonlyMap<string, ActualKey>,
  owner: Owner,
): Record<string, Value> {
  const { source } = block;
  const [one] = dataSourcesOf(source.resource);
  const object = (key: ActualKey): Record<string, Value> => {
    const common: Record<string, Value> = {
      id: key.id,
      access_key_id: key.accessKeyId,
      created_at: key.createdAt,
      expires_at: key.expiresAt,
      enabled: key.enabled,
    };
    const values: Record<string, Value> = {};
    for (const name of Object.keys(one.attributes)) {
      if (Object.hasOwn(common, name)) values[name] = common[name] ?? null;
      else if (source.resource.owner.arguments.includes(name)) values[name] = inquiry.args[name] ?? null;
      else if (Object.hasOwn(source.resource.arguments, name)) values[name] = key.args[name] ?? null;
      else values[name] = key.attributes[name] ?? null;
    }
    return values;
  };
  if (source.kind === 'all') {
    const sorted = [...keys.values()].sort(byAge).map(object);
    const given = Object.keys(source.arguments).map((name) => [name, inquiry.args[name] ?? null] as const);
    return { ...Object.fromEntries(given), ids: sorted.map(({ id }) => id ?? null), keys: sorted };
  }
  const values = object(findOne(block, inquiry, keys, owner));
  // A mark on what was asked by stays on what was found by it.
  for (const [name, value] of Object.entries(inquiry.args)) if (value instanceof Sensitive) values[name] = value;
  return values;
}

/** The only key that fits. */
function findOne(block: DataBlock, inquiry: Inquiry, keys: ReadonlyMap<string, ActualKey>, owner: Owner): ActualKey {
  const { resource } = block.source;
  const selector = selectorsOf(resource).find((name) => plain(inquiry.args[name]) !== null) ?? 'id';
  const wanted = plain(inquiry.args[selector]);
  const found = [...keys.values()].filter((key) => told(key, selector) === wanted);
  const [key] = found;
  if (key !== undefined && found.length === 1) return key;
  const hidden = inquiry.args[selector] instanceof Sensitive;
  const which = hidden ? `the given ${selector}` : `the ${selector} ${JSON.stringify(wanted)}`;
  // The owner's label may hold what names it.
  const nameless = resource.owner.arguments.some((name) => inquiry.args[name] instanceof Sensitive);
  const label = nameless ? `the ${resource.owner.word}` : owner.label;
  const diagnostic: Diagnostic = {
    severity: 'error',
    summary: found.length === 0 ? `No key of ${label} has ${which}` : `${found.length} keys of ${label} have ${which}`,
    detail: found.length === 0 ? remedy(selector, wanted, hidden, [...keys.values()]) : choice(found),
    address: block.address,
    place: block.args.get(selector)?.place ?? block.place,
  };
  throw new DiagnosticsError([diagnostic]);
}

/** What to do when no key has what was asked for. */
function remedy(selector: string, wanted: Value, hidden: boolean, keys: readonly ActualKey[]): string {
  const other = selector === 'id' ? 'access_key_id' : 'id';
  if (selector === 'id' || selector === 'access_key_id') {
    const mistaken = keys.some((key) => told(key, other) === wanted);
    if (mistaken) return `One has that ${other}: write "${other}" instead of "${selector}".`;
  }
  const count = keys.length === 0 ? 'no key' : keys.length === 1 ? '1 key' : `${keys.length} keys`;
  const candidates = keys.flatMap((key) => told(key, selector) ?? []);
  const near = hidden ? '' : didYouMean(String(wanted), candidates);
  return `The API shows ${count} there.${near} To read a key that this stack makes, name its resource in "depends_on".`;
}

/** What to do when several keys have it. */
function choice(found: readonly ActualKey[]): string {
  const listed = [...found].sort(byAge).slice(0, LISTED).map(describe).join(', ');
  const more = found.length > LISTED ? `, and ${found.length - LISTED} more` : '';
  return `Say by "id" which one is meant: ${listed}${more}.`;
}

/** Keys that an ambiguity lists one by one. */
const LISTED = 10;

function describe(key: ActualKey): string {
  const notes = [...(key.createdAt === null ? [] : [`created ${key.createdAt}`]), ...(key.enabled ? [] : ['disabled'])];
  return notes.length === 0 ? key.id : `${key.id} (${notes.join(', ')})`;
}

/** What a key says where a data source can ask for it; null for nothing. */
function told(key: ActualKey, selector: string): string | null {
  if (selector === 'id') return key.id;
  if (selector === 'access_key_id') return key.accessKeyId;
  const value = key.args[selector] ?? null;
  return typeof value === 'string' ? value : null;
}

/** Oldest first; those whose age the API does not tell come last. */
function byAge(a: ActualKey, b: ActualKey): number {
  const [left, right] = [a, b].map(({ createdAt }) => (createdAt === null ? Infinity : Date.parse(createdAt)));
  if (left !== undefined && right !== undefined && left !== right) return left < right ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function selectsBy(block: DataBlock, name: string): boolean {
  return block.source.kind === 'one' && selectorsOf(block.source.resource).includes(name);
}

/** A value without its mark; null for none. */
function plain(value: Value | undefined): Value {
  return value instanceof Sensitive ? value.reveal() : (value ?? null);
}

/**
 * Reads a data source whose arguments have become known, by one `list` of its owner's keys. Throws what {@link answer} and
 * `list` throw, and `internal` while an argument is still open.
 */
export async function readNow(
  block: DataBlock,
  inquiry: Inquiry,
  world: World,
  list: (args: JsonObject) => Promise<readonly ActualKey[]>,
): Promise<Record<string, Value>> {
  if (!inquiry.known || inquiry.owner === null) {
    throw new KeyformError('internal', `An argument of ${block.address} is still not known`, {
      detail: 'What it depends on has no value. Plan again.',
    });
  }
  const owner = ownerOf(world, block.provider, block.source.resource.type, inquiry.owner);
  const keys = await list(inquiry.owner);
  return answer(block, inquiry, new Map(keys.map((key) => [key.id, key])), owner);
}
