import { Secret } from '../secret.ts';
import { Sensitive, UNKNOWN, Unknown } from '../value.ts';
import type { Plan } from './plan.ts';

/**
 * A plan as text and back. The text holds secrets (a key's, a sensitive argument's), so it is only ever written sealed.
 * Values that JSON has no form for are tagged objects; an object of the user's own that looks like one is wrapped.
 */

/** Version of the format; a reader refuses any other. */
export const PLAN_VERSION = 2;

const TAG = '$keyform';

/** The plan as JSON text. */
export function encodePlan(plan: Plan): string {
  return JSON.stringify(pack(plan));
}

/** The plan that {@link encodePlan} wrote. Throws an Error when `text` is not JSON or holds an unknown tag. */
export function decodePlan(text: string): Plan {
  return unpack(JSON.parse(text)) as Plan;
}

function pack(value: unknown): unknown {
  if (value instanceof Unknown) return { [TAG]: 'unknown' };
  if (value instanceof Sensitive) return { [TAG]: 'sensitive', value: pack(value.reveal()) };
  if (value instanceof Secret) return { [TAG]: 'secret', value: value.reveal() };
  if (Array.isArray(value)) return value.map(pack);
  if (typeof value === 'object' && value !== null) {
    const packed = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, pack(item)]));
    return Object.hasOwn(packed, TAG) ? { [TAG]: 'object', value: packed } : packed;
  }
  return value;
}

function unpack(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpack);
  if (typeof value !== 'object' || value === null) return value;
  const object = value as Record<string, unknown>;
  switch (object[TAG]) {
    case undefined:
      return unpackEntries(object);
    case 'unknown':
      return UNKNOWN;
    case 'sensitive':
      return new Sensitive(unpack(object.value) as ConstructorParameters<typeof Sensitive>[0]);
    case 'secret':
      return new Secret(String(object.value));
    case 'object':
      return unpackEntries(object.value as Record<string, unknown>);
    default:
      throw new Error('the plan holds a value of an unknown kind');
  }
}

function unpackEntries(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([key, item]) => [key, unpack(item)]));
}
