import { z } from 'zod';
import { formatPath } from '../core/diagnostic.ts';
import { KeyformError } from '../core/error.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { Secret } from '../core/secret.ts';
import type {
  Generation,
  Intent,
  JournalEntry,
  MutableState,
  OutputState,
  ResourceState,
  State,
} from '../core/state.ts';
import type { HistoryAnchor } from './history.ts';
import { upgradeRecord, upgradeSnapshot } from './migration.ts';

/** The version that this program writes. A change of any field, even a new one, needs another number. */
export const STATE_VERSION = 4;

const MARK = 'keyform-state';

/** What the sealed snapshot holds. */
export interface Snapshot {
  readonly state: MutableState;
  /** age recipients (`age1…`) that the snapshot is sealed for; empty under a passphrase. */
  readonly recipients: readonly string[];
  /** 32 bytes, new in every snapshot: the key of the journal that builds on it. */
  readonly journalKey: Uint8Array;
  /** Where the history stood when this snapshot was written. */
  readonly history: HistoryAnchor;
  /** The journal that was folded into it; null when there was none, or it is not known. */
  readonly folded: FoldedJournal | null;
}

/** Names a journal by what it held when it was folded: another one on the same snapshot is another machine's, and not folded. */
export interface FoldedJournal {
  /** Of the snapshot that it built on. */
  readonly serial: number;
  /** Length of header and records. */
  readonly bytes: number;
  /** SHA-256 of those, hexadecimal. */
  readonly hash: string;
}

/** What one record of the journal holds. */
export interface JournalRecord {
  /** When it was written, RFC 3339 UTC; null in journals of versions that did not tell. */
  readonly at: string | null;
  /** At least one, in the order in which they happened. */
  readonly entries: readonly JournalEntry[];
}

// Everything is strict: a field that this program does not know would be lost at the next write, so it is an error.
// Values come from JSON.parse, so "is an object" is all that is left to check of a JsonObject.
const json = z.custom<Json>((value) => value !== undefined);
const jsonObject = z.custom<JsonObject>(isObject);
const count = z.int().min(0);

const generation = z.strictObject({
  number: z.int().min(1),
  id: z.string(),
  accessKeyId: z.string(),
  secret: z.string().nullable(),
  createdAt: z.string().nullable(),
  expiresAt: z.string().nullable(),
  enabled: z.boolean(),
  args: jsonObject,
  sensitiveArgs: z.array(z.string()),
  attributes: jsonObject,
  scope: z.string(),
  deposedAt: z.string().optional(),
  disabledAt: z.string().optional(),
  renewedAt: z.string().optional(),
  verifiedAt: z.string().optional(),
  restoredAt: z.string().optional(),
});

const resource = z.strictObject({
  address: z.string().min(1),
  type: z.string().min(1),
  provider: z.string().min(1),
  dependencies: z.array(z.string()),
  current: generation.nullable(),
  deposed: z.array(generation),
  lastGeneration: count,
  tainted: z.string().nullable(),
});

const intent = z.strictObject({
  id: z.string().min(1),
  at: z.string(),
  operation: z.enum(['create', 'update', 'enable', 'disable', 'regenerate', 'delete']),
  address: z.string().min(1),
  type: z.string().min(1),
  provider: z.string().min(1),
  owner: z.string(),
  scope: z.string(),
  generation: count,
  keyId: z.string().nullable(),
  args: jsonObject,
  sensitiveArgs: z.array(z.string()),
  knownIds: z.array(z.string()),
  secret: z.string().nullable(),
});

const outputs = z.record(z.string(), z.strictObject({ value: json, sensitive: z.boolean() }));

const snapshot = z.strictObject({
  format: z.literal(MARK),
  version: z.literal(STATE_VERSION),
  lineage: z.string().min(1),
  serial: z.int().min(1),
  stack: z.string().min(1),
  writtenAt: z.string().nullable(),
  history: z.strictObject({ entries: count, bytes: count, hash: z.string().regex(/^(?:[0-9a-f]{64})?$/) }),
  folded: z.strictObject({ serial: z.int().min(1), bytes: count, hash: z.string().regex(/^[0-9a-f]{64}$/) }).nullable(),
  recipients: z.array(z.string()),
  journalKey: z.string().regex(/^[A-Za-z0-9+/]{43}=$/),
  resources: z.array(resource),
  outputs,
  intents: z.array(intent),
});

const run = z.strictObject({
  id: z.string().min(1),
  at: z.string(),
  user: z.string(),
  host: z.string(),
  operation: z.string(),
  version: z.string(),
});

const entry = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('run'), run }),
  z.strictObject({ kind: z.literal('moved'), from: z.string().min(1), to: z.string().min(1) }),
  z.strictObject({ kind: z.literal('intent'), intent }),
  z.strictObject({
    kind: z.literal('imported'),
    address: z.string().min(1),
    type: z.string(),
    provider: z.string(),
    generation,
    dependencies: z.array(z.string()),
  }),
  z.strictObject({
    kind: z.literal('created'),
    intent: z.string(),
    generation,
    dependencies: z.array(z.string()),
    tainted: z.string().optional(),
  }),
  z.strictObject({
    kind: z.literal('arrived'),
    intent: z.string(),
    secret: z.string(),
    keyId: z.string().nullable(),
  }),
  z.strictObject({ kind: z.literal('regenerated'), intent: z.string(), generation }),
  z.strictObject({ kind: z.literal('deposed'), address: z.string(), generation: z.int(), at: z.string() }),
  z.strictObject({ kind: z.literal('restored'), address: z.string(), generation: z.int(), at: z.string() }),
  z.strictObject({ kind: z.literal('updated'), intent: z.string(), generation }),
  z.strictObject({ kind: z.literal('deleted'), intent: z.string(), replaced: z.literal(true).optional() }),
  z.strictObject({ kind: z.literal('failed'), intent: z.string() }),
  z.strictObject({ kind: z.literal('settled'), intent: z.string() }),
  z.strictObject({ kind: z.literal('refreshed'), address: z.string(), generation }),
  z.strictObject({ kind: z.literal('forgotten'), address: z.string(), generation: z.int() }),
  z.strictObject({ kind: z.literal('tainted'), address: z.string(), reason: z.string().nullable() }),
  z.strictObject({
    kind: z.literal('wired'),
    address: z.string(),
    provider: z.string(),
    dependencies: z.array(z.string()),
  }),
  z.strictObject({ kind: z.literal('outputs'), outputs }),
]);

const record = z.strictObject({ at: z.string().nullable(), entries: z.array(entry) });

type GenerationJson = z.infer<typeof generation>;
type ResourceJson = z.infer<typeof resource>;
type IntentJson = z.infer<typeof intent>;

/**
 * The plaintext of a snapshot, UTF-8. SECRETS ARE IN IT IN THE CLEAR: the only thing to do with the result is to seal it.
 * Resources are sorted by address, so that equal states have equal text.
 */
export function encodeSnapshot(content: Snapshot): Uint8Array {
  const { state, recipients, journalKey, history, folded } = content;
  const text = JSON.stringify({
    format: MARK,
    version: STATE_VERSION,
    lineage: state.lineage,
    serial: state.serial,
    stack: state.stack,
    writtenAt: state.writtenAt,
    history: { entries: history.entries, bytes: history.bytes, hash: history.hash },
    folded: folded === null ? null : { serial: folded.serial, bytes: folded.bytes, hash: folded.hash },
    recipients: [...recipients],
    journalKey: Buffer.from(journalKey).toString('base64'),
    resources: [...state.resources.values()]
      .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0))
      .map(resourceToJson),
    outputs: outputsToJson(state.outputs),
    intents: [...state.intents.values()].map(intentToJson),
  } satisfies z.infer<typeof snapshot>);
  return Buffer.from(`${text}\n`, 'utf8');
}

/**
 * Reads the plaintext of a snapshot. `what` names the file in messages. Throws `newer-state` for a later version,
 * `wrong-kind` for a file that says it is something else, `damaged-state` (naming the JSON path, never a value) otherwise.
 */
export function decodeSnapshot(bytes: Uint8Array, what: string): Snapshot {
  const value = parseJson(Buffer.from(bytes).toString('utf8'), what);
  if (!isObject(value)) throw damagedAt([], what);
  if (typeof value.format === 'string' && value.format !== MARK) {
    throw new KeyformError('wrong-kind', `${what} is not a state: it calls itself "${value.format.slice(0, 40)}"`, {
      detail: 'Another sealed file was put in the place of the state. Put the state back, for example from its backup.',
    });
  }
  if (value.format === MARK) refuseNewer(value.version, STATE_VERSION, what);
  const result = snapshot.safeParse(
    isOlder(value.version) ? upgradeSnapshot(value as JsonObject, value.version) : value,
  );
  if (!result.success) throw damagedAt(pathOf(result.error), what);
  const content = result.data;
  const state: MutableState = {
    lineage: content.lineage,
    serial: content.serial,
    stack: content.stack,
    writtenAt: content.writtenAt,
    resources: new Map(),
    outputs: content.outputs,
    intents: new Map(),
  };
  for (const [index, item] of content.resources.entries()) {
    if (state.resources.has(item.address)) throw damagedAt(['resources', index, 'address'], what);
    state.resources.set(item.address, resourceFromJson(item));
  }
  for (const [index, item] of content.intents.entries()) {
    if (state.intents.has(item.id)) throw damagedAt(['intents', index, 'id'], what);
    state.intents.set(item.id, intentFromJson(item));
  }
  const { recipients, history, folded } = content;
  return { state, recipients, journalKey: Buffer.from(content.journalKey, 'base64'), history, folded };
}

/** One journal entry as JSON text. Secrets are in it in the clear. */
export function encodeEntry(item: JournalEntry): string {
  return JSON.stringify(entryToJson(item));
}

/** The text of a record with `entries`, each by {@link encodeEntry}; `at`: RFC 3339 UTC. */
export function encodeRecord(at: string, entries: readonly string[]): string {
  return `{"at":${JSON.stringify(at)},"entries":[${entries.join(',')}]}`;
}

/** One journal record of the given format version. `what` names file and record. Throws `damaged-state`. */
export function decodeRecord(text: string, version: number, what: string): JournalRecord {
  const value = parseJson(text, what);
  const result = record.safeParse(isOlder(version) ? upgradeRecord(value, version) : value);
  if (!result.success) throw damagedAt(pathOf(result.error), what);
  return { at: result.data.at, entries: result.data.entries.map(entryFromJson) };
}

/** One entry by {@link encodeEntry}, parsed. Throws `damaged-state`; `what` names where it stands. */
export function decodeEntry(value: unknown, what: string): JournalEntry {
  const result = entry.safeParse(value);
  if (!result.success) throw damagedAt(pathOf(result.error), what);
  return entryFromJson(result.data);
}

function entryFromJson(item: z.infer<typeof entry>): JournalEntry {
  switch (item.kind) {
    case 'created': {
      const { tainted, ...made } = item;
      const plain = { ...made, generation: generationFromJson(item.generation) };
      return tainted === undefined ? plain : { ...plain, tainted };
    }
    case 'deleted': {
      const { replaced, ...plain } = item;
      return replaced === undefined ? plain : { ...plain, replaced };
    }
    case 'imported':
    case 'updated':
    case 'regenerated':
    case 'refreshed':
      return { ...item, generation: generationFromJson(item.generation) };
    case 'intent':
      return { ...item, intent: intentFromJson(item.intent) };
    case 'arrived':
      return { ...item, secret: new Secret(item.secret) };
    default:
      return item;
  }
}

function isOlder(version: unknown): version is number {
  return typeof version === 'number' && Number.isInteger(version) && version >= 1 && version < STATE_VERSION;
}

/** Throws `newer-state` when `version` is a whole number above `known`; anything else is the caller's to judge. */
export function refuseNewer(version: unknown, known: number, what: string): void {
  if (typeof version !== 'number' || !Number.isInteger(version) || version <= known) return;
  throw new KeyformError('newer-state', `${what} has format version ${version}; this Keyform knows up to ${known}`, {
    detail: 'A newer Keyform wrote it. Upgrade Keyform on this machine; nothing was changed.',
  });
}

/** The error for a file that is not what it must be. `why` completes "<what> …". */
export function damaged(what: string, why: string, detail = '', cause?: unknown): KeyformError {
  return new KeyformError('damaged-state', `${what} ${why}`, {
    detail: `${detail === '' ? '' : `${detail} `}Nothing was overwritten. "keyform state verify" tells what is wrong, and "keyform state repair" what can be saved.`,
    ...(cause === undefined ? {} : { cause }),
  });
}

// Zod's own message is not passed on: for some schemas it quotes the value, which may be a secret. Nor is the error of
// JSON.parse, which quotes the text.
function damagedAt(path: readonly (string | number)[], what: string): KeyformError {
  const place = formatPath(path);
  return damaged(what, `does not have the form of a state at ${place === '' ? 'its root' : place}`);
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw damaged(what, 'opens, but what is inside is not JSON');
  }
}

function pathOf(error: z.ZodError): (string | number)[] {
  const issue = error.issues[0];
  const path = (issue?.path ?? []).map((part) => (typeof part === 'number' ? part : String(part)));
  return issue?.code === 'unrecognized_keys' ? [...path, issue.keys[0] ?? ''] : path;
}

// Field by field, never by spreading: a stray property of an object in memory would make the file unreadable.

function generationToJson(g: Generation): GenerationJson {
  return {
    number: g.number,
    id: g.id,
    accessKeyId: g.accessKeyId,
    secret: g.secret === null ? null : g.secret.reveal(),
    createdAt: g.createdAt,
    expiresAt: g.expiresAt,
    enabled: g.enabled,
    args: g.args,
    sensitiveArgs: [...g.sensitiveArgs],
    attributes: g.attributes,
    scope: g.scope,
    ...moments(g),
  };
}

function generationFromJson(g: GenerationJson): Generation {
  const { deposedAt: _, disabledAt: _1, renewedAt: _2, verifiedAt: _3, restoredAt: _4, ...rest } = g;
  return { ...rest, ...moments(g), secret: g.secret === null ? null : new Secret(g.secret) };
}

/** The times of a key's life that it has; one that it has not is absent. */
function moments({
  deposedAt,
  disabledAt,
  renewedAt,
  verifiedAt,
  restoredAt,
}: Pick<GenerationJson, 'deposedAt' | 'disabledAt' | 'renewedAt' | 'verifiedAt' | 'restoredAt'>): Pick<
  Generation,
  'deposedAt' | 'disabledAt' | 'renewedAt' | 'verifiedAt' | 'restoredAt'
> {
  return {
    ...(deposedAt === undefined ? {} : { deposedAt }),
    ...(disabledAt === undefined ? {} : { disabledAt }),
    ...(renewedAt === undefined ? {} : { renewedAt }),
    ...(verifiedAt === undefined ? {} : { verifiedAt }),
    ...(restoredAt === undefined ? {} : { restoredAt }),
  };
}

function resourceToJson(r: ResourceState): ResourceJson {
  return {
    address: r.address,
    type: r.type,
    provider: r.provider,
    dependencies: [...r.dependencies],
    current: r.current === null ? null : generationToJson(r.current),
    deposed: r.deposed.map(generationToJson),
    lastGeneration: r.lastGeneration,
    tainted: r.tainted,
  };
}

function resourceFromJson(r: ResourceJson): ResourceState {
  return {
    ...r,
    current: r.current === null ? null : generationFromJson(r.current),
    deposed: r.deposed.map(generationFromJson),
  };
}

function intentToJson(i: Intent): IntentJson {
  return {
    id: i.id,
    at: i.at,
    operation: i.operation,
    address: i.address,
    type: i.type,
    provider: i.provider,
    owner: i.owner,
    scope: i.scope,
    generation: i.generation,
    keyId: i.keyId,
    args: i.args,
    sensitiveArgs: [...i.sensitiveArgs],
    knownIds: [...i.knownIds],
    secret: i.secret === null ? null : i.secret.reveal(),
  };
}

function intentFromJson(i: IntentJson): Intent {
  return { ...i, secret: i.secret === null ? null : new Secret(i.secret) };
}

function entryToJson(e: JournalEntry): z.infer<typeof entry> {
  switch (e.kind) {
    case 'run': {
      const { id, at, user, host, operation, version } = e.run;
      return { kind: e.kind, run: { id, at, user, host, operation, version } };
    }
    case 'moved':
      return { kind: e.kind, from: e.from, to: e.to };
    case 'intent':
      return { kind: e.kind, intent: intentToJson(e.intent) };
    case 'created': {
      const { kind, intent: id, generation: made, dependencies, tainted } = e;
      const plain = { kind, intent: id, generation: generationToJson(made), dependencies: [...dependencies] };
      return tainted === undefined ? plain : { ...plain, tainted };
    }
    case 'imported': {
      const { kind, address, type, provider, generation: taken, dependencies } = e;
      return { kind, address, type, provider, generation: generationToJson(taken), dependencies: [...dependencies] };
    }
    case 'arrived':
      return { kind: e.kind, intent: e.intent, secret: e.secret.reveal(), keyId: e.keyId };
    case 'updated':
    case 'regenerated':
      return { kind: e.kind, intent: e.intent, generation: generationToJson(e.generation) };
    case 'deposed':
    case 'restored':
      return { kind: e.kind, address: e.address, generation: e.generation, at: e.at };
    case 'deleted':
      return { kind: e.kind, intent: e.intent, ...(e.replaced === true ? { replaced: true } : {}) };
    case 'failed':
    case 'settled':
      return { kind: e.kind, intent: e.intent };
    case 'refreshed':
      return { kind: e.kind, address: e.address, generation: generationToJson(e.generation) };
    case 'forgotten':
      return { kind: e.kind, address: e.address, generation: e.generation };
    case 'tainted':
      return { kind: e.kind, address: e.address, reason: e.reason };
    case 'wired':
      return { kind: e.kind, address: e.address, provider: e.provider, dependencies: [...e.dependencies] };
    case 'outputs':
      return { kind: e.kind, outputs: outputsToJson(e.outputs) };
  }
}

function outputsToJson(all: State['outputs']): Record<string, OutputState> {
  // Object.fromEntries defines own properties, so that an output named __proto__ survives.
  return Object.fromEntries(Object.entries(all).map(([name, o]) => [name, { value: o.value, sensitive: o.sensitive }]));
}
