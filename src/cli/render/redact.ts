import { type Json, type JsonObject, stableStringify } from '../../core/json.ts';
import { asObject, isWhollyKnown, Sensitive, toJson, Unknown, type Value } from '../../core/value.ts';

/**
 * Values in the three parallel forms of Terraform's JSON: the value, which parts of it are unknown, which are sensitive.
 *
 * Terraform prints sensitive values in clear and only marks them. Keyform promises that no plan holds a secret, so a
 * sensitive value that is known stands as `null`: the name stays present, which is how consumers tell a known value from an
 * unknown one (that one is left out, as Terraform does), and the sensitivity marks tell that this `null` is not the value.
 * Omission would have made the two look alike. Below a sensitive value nothing is shown, not even the keys of a map: one
 * that is known in part counts as unknown whole.
 */

/** An object whose values are {@link Value}s. */
export type ValueObject = Readonly<Record<string, Value>>;

/** The value with sensitive parts as null and unknown ones left out (null in a list, as Terraform does); undefined when it is unknown itself. */
export function shownJson(value: Value): Json | undefined {
  if (value instanceof Unknown) return undefined;
  if (value instanceof Sensitive) return isWhollyKnown(value) ? null : undefined;
  if (Array.isArray(value)) return value.map((item: Value) => shownJson(item) ?? null);
  const object = asObject(value);
  if (object === null) return value as Json;
  const shown: Record<string, Json> = {};
  for (const [key, item] of Object.entries(object)) {
    const json = shownJson(item);
    if (json !== undefined) shown[key] = json;
  }
  return shown;
}

/** Terraform's `after_unknown`: true for what is unknown; known scalars are left out of objects and false in lists. */
export function unknownMarks(value: Value): Json {
  if (value instanceof Unknown) return true;
  if (value instanceof Sensitive) {
    if (!isWhollyKnown(value)) return true;
    const hidden = value.reveal();
    if (Array.isArray(hidden)) return hidden.map(() => false);
    return asObject(hidden) === null ? false : {};
  }
  return marks(value, unknownMarks);
}

/** Terraform's `before_sensitive` and `after_sensitive`: true for what is sensitive, the rest as {@link unknownMarks}. */
export function sensitiveMarks(value: Value): Json {
  if (value instanceof Sensitive) return true;
  if (value instanceof Unknown) return false;
  return marks(value, sensitiveMarks);
}

function marks(value: Value, mark: (item: Value) => Json): Json {
  if (Array.isArray(value)) return value.map(mark);
  const object = asObject(value);
  if (object === null) return false;
  const marked: Record<string, Json> = {};
  for (const [key, item] of Object.entries(object)) {
    const json = mark(item);
    if (json !== false) marked[key] = json;
  }
  return marked satisfies JsonObject;
}

/** Whether both are known and mean the same JSON, marks aside. An unknown value equals nothing, not even another one. */
export function equal(a: Value, b: Value): boolean {
  if (a === b && !(a instanceof Unknown) && !(a instanceof Sensitive)) return true;
  if (!isWhollyKnown(a) || !isWhollyKnown(b)) return false;
  return stableStringify(toJson(a)) === stableStringify(toJson(b));
}

/**
 * The type of a JSON value in Terraform's notation: `"string"`, `["object", {…}]`, `["tuple", […]]`. A sensitive
 * collection is `"dynamic"`, because its type would tell its keys.
 */
export function typeJson(value: Json, sensitive: boolean): Json {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string' || typeof value === 'number') return typeof value;
  if (value === null || sensitive) return 'dynamic';
  if (Array.isArray(value)) return ['tuple', value.map((item: Json) => typeJson(item, false))];
  const entries = Object.entries(value).map(([key, item]) => [key, typeJson(item as Json, false)] as const);
  return ['object', Object.fromEntries(entries)];
}
