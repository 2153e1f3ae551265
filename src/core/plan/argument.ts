import type { JsonObject } from '../json.ts';
import { argumentsOf } from '../resource.ts';
import type { Generation } from '../state.ts';
import { asObject, containsSensitive, isWhollyKnown, Sensitive, sensitive, toJson, type Value } from '../value.ts';
import type { TypeEntry } from './actual.ts';
import { completeArgs, type Desire } from './desire.ts';
import { sensitiveNames } from './object.ts';
import { same } from './same.ts';

// What planning an address does with the values of its arguments.

/** A map with one element as it was before: the others are followed. */
export function keepElement(wanted: Value, prior: Value, element: string): Value {
  const marked = wanted instanceof Sensitive;
  const map = asObject(wanted);
  if (map === null && wanted !== null) return wanted;
  const before = asObject(prior);
  const { [element]: _, ...others } = map ?? {};
  const kept =
    before !== null && Object.hasOwn(before, element) ? { ...others, [element]: before[element] ?? null } : others;
  if (wanted === null && Object.keys(kept).length === 0) return null;
  return marked ? sensitive(kept) : kept;
}

/** Arguments of a key that is made anew: nothing is carried over from the one before it. */
export function withoutPrior(
  type: TypeEntry['type'],
  args: Readonly<Record<string, Value>>,
  desired: Desire,
): Record<string, Value> {
  const fresh: Record<string, Value> = { ...args };
  for (const [name, spec] of Object.entries(argumentsOf(type))) {
    if (spec.unset === 'keep' && !desired.set.has(name)) fresh[name] = desired.args[name] ?? null;
  }
  return completeArgs(type, fresh, null, null);
}

export function unchanged(wanted: Value, before: Value, compare?: (a: never, b: never) => boolean): boolean {
  if (!isWhollyKnown(wanted)) return false;
  return same(toJson(wanted), toJson(before), compare as Parameters<typeof same>[2]);
}

/** Arguments of an updated key for its planned object; one that only state remembers is known all the same. */
export function updatedArgs(type: TypeEntry['type'], args: Readonly<Record<string, Value>>): Record<string, Value> {
  const shown: Record<string, Value> = {};
  for (const name of Object.keys(argumentsOf(type))) shown[name] = args[name] ?? null;
  return shown;
}

export function markAs(type: TypeEntry['type'], desired: Desire, prior: Generation, name: string, value: Value): Value {
  const marked = sensitiveNames(type, [...desired.sensitiveArgs, ...prior.sensitiveArgs]).has(name);
  return marked && value !== null ? new Sensitive(value) : value;
}

/**
 * The marks of a key's arguments as the stack has them now; null when state has the same. Those of values that are about
 * to change stay as they are: they are the old value's, and the step that changes it brings the new one's.
 */
export function newMarks(
  type: TypeEntry['type'],
  prior: Generation,
  args: Readonly<Record<string, Value>>,
  changed: readonly string[],
): readonly string[] | null {
  const marks = Object.keys(argumentsOf(type)).filter((name) =>
    changed.includes(name) ? prior.sensitiveArgs.includes(name) : containsSensitive(args[name] ?? null),
  );
  // What is sensitive by its type is so without a mark.
  const all = (names: readonly string[]) => [...sensitiveNames(type, names)].sort();
  return same(all(marks), all(prior.sensitiveArgs)) ? null : marks;
}

export function knownValues(args: JsonObject): Readonly<Record<string, Value>> {
  return args as Readonly<Record<string, Value>>;
}

/** A value without its mark; null for none. */
export function plain(value: Value | undefined): Value {
  return value instanceof Sensitive ? value.reveal() : (value ?? null);
}

/** The arguments whose value no two keys of an owner can share. */
export function uniqueArguments(type: TypeEntry['type']): string[] {
  const { name, customId } = type.capabilities;
  return [...(name?.uniquePerOwner === true ? [name.argument] : []), ...(customId === null ? [] : [customId])];
}

export function uniqueValues(type: TypeEntry['type'], args: Readonly<Record<string, Value>>): Map<string, string> {
  const values = new Map<string, string>();
  for (const argument of uniqueArguments(type)) {
    const value = plain(args[argument]);
    if (typeof value === 'string') values.set(argument, value);
  }
  return values;
}
