import { expect } from 'vitest';
import { type Json, type JsonObject, stableStringify } from '../../src/core/json.ts';
import type { ActualKey, Capabilities, ResourceType } from '../../src/core/provider.ts';
import type { Bench } from './bench.ts';
import type { Example, Said, Where } from './examples.ts';

/**
 * One thing that every resource type must do. Whether it applies follows from the type alone, never from the example: an
 * example cannot make a type pass by leaving something out.
 */
export interface Row {
  readonly name: string;
  /** True when the row applies; else why not, in words that name what the capabilities, or the arguments, say. */
  readonly applies: (type: ResourceType) => true | string;
  /** Switches of the emulator for this row, over those of the example. */
  readonly options?: (example: Example) => JsonObject | undefined;
  readonly run: (bench: Bench, type: ResourceType, example: Example) => Promise<void>;
}

export const always = () => true as const;

/** Applies where `says` holds of the capabilities. */
export function where(says: (capabilities: Capabilities) => boolean, otherwise: string): Row['applies'] {
  return ({ capabilities }) => (says(capabilities) ? true : otherwise);
}

export const disabling = where(({ disable }) => disable, 'its API cannot disable a key');
export const verifying = where(({ verify }) => verify, 'its API has no call to verify a secret with');
export const regenerating = where(({ regenerate }) => regenerate, 'its API cannot give a living key a new secret');
export const waiting = where(({ asynchronous }) => asynchronous, 'its keys are ready at once');

/** Applies where a living key can be changed; `enabled` is a matter of {@link disabling}. */
export const changing: Row['applies'] = (type) =>
  changeable(type).length > 0 ? true : 'every argument forces a new key';

/** Names of the arguments that `update` changes. */
export function changeable(type: ResourceType): string[] {
  return Object.entries(type.arguments)
    .filter(([name, spec]) => !spec.forcesNew && !(name === 'enabled' && type.capabilities.disable))
    .map(([name]) => name);
}

/** Expects the key to report what `args` say: values of arguments that are set, nothing for those that clear when unset. */
export function expectArgs(type: ResourceType, key: ActualKey, args: JsonObject): void {
  for (const [name, spec] of Object.entries(type.arguments)) {
    if (spec.source !== 'reported') continue;
    const wanted = args[name] ?? spec.default;
    if (wanted === null && spec.unset === 'keep') continue;
    const actual = key.args[name];
    expect(actual, `${name} must be reported, null where there is none`).not.toBeUndefined();
    const equal = isSame(type, name, actual ?? null, wanted);
    const [is, not] = [actual, wanted].map((value) => (spec.sensitive ? '(sensitive)' : JSON.stringify(value)));
    expect(equal, `${name} is ${is}, not ${not}`).toBe(true);
  }
}

function isSame(type: ResourceType, name: string, a: Json, b: Json): boolean {
  if (a === null || b === null) return a === b;
  return type.arguments[name]?.same?.(a, b) ?? stableStringify(a) === stableStringify(b);
}

/** Names of the arguments whose values differ. */
export function differing(type: ResourceType, before: JsonObject, after: JsonObject): string[] {
  return Object.keys(type.arguments).filter((name) => !isSame(type, name, before[name] ?? null, after[name] ?? null));
}

/** Arguments of the key that the example's changes are for. */
export function changeableArgs(example: Example): JsonObject {
  return example.updated ?? example.args;
}

/** Names of the arguments of the example's first change. */
export function changedBy(example: Example): string[] {
  return Object.keys(example.updates[0] ?? {});
}

/** In one order, and without secrets: a key's own answer need not tell what a list tells again, which is a row of its own. */
export function byId(keys: readonly ActualKey[]): ActualKey[] {
  return keys.map((key) => ({ ...key, secret: null })).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Expects exactly these keys, in any order. */
export function expectKeys(actual: readonly ActualKey[], expected: readonly ActualKey[], why?: string): void {
  expect(byId(actual), why).toEqual(byId(expected));
}

/** What stands at a place in an answer; undefined where there is no such place. */
export function valueAt(body: string, at: Where): unknown {
  let value: unknown = JSON.parse(body);
  for (const part of at) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

/** How the API says something: in its own words, or by a bare status. */
export function saying(example: Example, what: keyof NonNullable<Example['says']>): Said {
  const status = { throttled: 429, unavailable: 503, forbidden: 403 }[what];
  return example.says?.[what] ?? { status, body: {} };
}
