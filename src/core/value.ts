import { isObject, type Json, type JsonObject } from './json.ts';
import { Concealed } from './secret.ts';

/** A value that is not known before apply, such as the id of a key that is still to be made. */
export class Unknown {
  toJSON(): string {
    return '(known after apply)';
  }
}

/** The one unknown value. */
export const UNKNOWN: Unknown = new Unknown();

/** A value of a stack that must not be shown. Marks are kept through references, templates and outputs. */
export class Sensitive extends Concealed<Value> {}

/** What an expression evaluates to: JSON in which any part may be unknown or sensitive. */
export type Value =
  | null
  | boolean
  | number
  | string
  | Unknown
  | Sensitive
  | readonly Value[]
  | { readonly [key: string]: Value };

/** Marks a value as sensitive; already marked stays as it is. */
export function sensitive(value: Value): Value {
  return value instanceof Sensitive ? value : new Sensitive(value);
}

/** A value of object kind, marks of the object itself taken off; null for any other. */
export function asObject(value: Value): { readonly [key: string]: Value } | null {
  const plain = value instanceof Sensitive ? value.reveal() : value;
  return isObject(plain) && !(plain instanceof Unknown) ? (plain as { readonly [key: string]: Value }) : null;
}

/** Whether no part of the value is unknown. */
export function isWhollyKnown(value: Value): boolean {
  if (value instanceof Unknown) return false;
  if (value instanceof Sensitive) return isWhollyKnown(value.reveal());
  if (Array.isArray(value)) return value.every(isWhollyKnown);
  const object = asObject(value);
  return object === null || Object.values(object).every(isWhollyKnown);
}

/** Whether any part of the value is marked sensitive. */
export function containsSensitive(value: Value): boolean {
  if (value instanceof Sensitive) return true;
  if (value instanceof Unknown) return false;
  if (Array.isArray(value)) return value.some(containsSensitive);
  const object = asObject(value);
  return object !== null && Object.values(object).some(containsSensitive);
}

/**
 * The plain JSON of a value, marks taken off. Throws an Error on an unknown part: callers check {@link isWhollyKnown} or
 * give `unknown`, which then stands in for each unknown part.
 */
export function toJson(value: Value, unknown?: Json): Json {
  if (value instanceof Unknown) {
    if (unknown === undefined) throw new Error('the value is not known yet');
    return unknown;
  }
  if (value instanceof Sensitive) return toJson(value.reveal(), unknown);
  if (Array.isArray(value)) return value.map((item: Value) => toJson(item, unknown));
  const object = asObject(value);
  if (object === null) return value as Json;
  const plain: JsonObject = Object.fromEntries(
    Object.entries(object).map(([key, item]) => [key, toJson(item, unknown)]),
  );
  return plain;
}
