import { expect } from 'vitest';
import { type Json, type JsonObject, stableStringify } from '../../src/core/json.ts';
import type { ActualKey, Capabilities, ResourceType } from '../../src/core/provider.ts';
import type { Bench } from './bench.ts';
import type { Example } from './examples.ts';

/** One thing that every resource type must do. */
export interface Row {
  readonly name: string;
  /** True when the row applies; else why not. Asked of capabilities, and of the example where it may decide. */
  readonly applies: (capabilities: Capabilities, example: Example) => true | string;
  readonly run: (bench: Bench, type: ResourceType, example: Example) => Promise<void>;
}

export const always = () => true as const;

/** Expects the key to report what `args` say: values of arguments that are set, nothing for those that clear when unset. */
export function expectArgs(type: ResourceType, key: ActualKey, args: JsonObject): void {
  for (const [name, spec] of Object.entries(type.arguments)) {
    if (spec.source !== 'reported') continue;
    const wanted = args[name] ?? spec.default;
    if (wanted === null && spec.unset === 'keep') continue;
    const actual = key.args[name];
    expect(actual, `${name} must be reported, null where there is none`).not.toBeUndefined();
    const equal = isSame(type, name, actual ?? null, wanted);
    expect(equal, `${name} is ${JSON.stringify(actual)}, not ${JSON.stringify(wanted)}`).toBe(true);
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

/** Names of the arguments of the example's first change. */
export function changedBy(example: Example): string[] {
  return Object.keys(example.updates[0] ?? {});
}

export function byId(keys: readonly ActualKey[]): ActualKey[] {
  return [...keys].sort((a, b) => (a.id < b.id ? -1 : 1));
}
