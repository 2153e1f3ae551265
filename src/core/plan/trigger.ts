import { formatKey } from '../address.ts';
import type { ResourceBlock } from '../configuration/resource.ts';
import type { InstanceScope } from '../evaluation/module.ts';
import { placed } from '../evaluation/problem.ts';
import { evaluate } from '../expression/evaluate.ts';
import { EvaluationProblem } from '../expression/problem.ts';
import { toPlan } from '../typed/json.ts';
import { isWhollyKnown, toJson, type Value } from '../value.ts';
import { same } from './same.ts';
import type { Unit } from './unit.ts';

/**
 * What of `replace_triggered_by` changes, in words; null for nothing. `units`: what is planned so far, which is everything that the block
 * depends on. Throws {@link EvaluationProblem} for a key that has no value.
 */
export function triggerOf(block: ResourceBlock, scope: InstanceScope, units: ReadonlyMap<string, Unit>): string | null {
  for (const { root, steps, place } of block.lifecycle.replaceTriggeredBy) {
    const [name = '', ...more] = steps.map((step) =>
      typeof step === 'object' ? placed(place, () => keyValue(toPlan(evaluate(step, scope)))) : step,
    );
    const address = `${scope.module.prefix}${root}.${name}`;
    const [key, ...rest] = more;
    const one = key === undefined ? undefined : units.get(`${address}${formatKey(key)}`);
    // Without a key: the only instance, or any of several.
    const found: readonly Unit[] =
      one === undefined
        ? [...units.values()].filter(
            (unit) => unit.address === address || (key === undefined && unit.address.startsWith(`${address}[`)),
          )
        : [one];
    const path = one === undefined ? more : rest;
    for (const unit of found) {
      if (unit.change.actions.every((action) => action === 'no-op')) continue;
      if (path.length === 0) return `${unit.address} changes`;
      const [attribute = ''] = path;
      if (changes(unit, path)) return `${unit.address}.${attribute} changes`;
    }
  }
  return null;
}

function keyValue(value: Value): string | number {
  if (typeof value === 'string' || typeof value === 'number') return value;
  throw new EvaluationProblem('Invalid key in replace_triggered_by', null, 'A key is text or a number that is known.');
}

function changes(unit: Unit, path: readonly (string | number)[]): boolean {
  const { before, after } = unit.change;
  const [old, now] = [before, after].map((object) => look(object, path));
  if (now === undefined || old === undefined) return now !== old;
  return !isWhollyKnown(now) || !isWhollyKnown(old) || !same(toJson(now), toJson(old));
}

function look(object: Value | undefined, path: readonly (string | number)[]): Value | undefined {
  let value: Value | undefined = object ?? undefined;
  for (const step of path) {
    if (value === undefined || value === null || typeof value !== 'object') return undefined;
    const plain: unknown = 'reveal' in value && typeof value.reveal === 'function' ? value.reveal() : value;
    value = (plain as { readonly [key: string]: Value } | null)?.[String(step)];
  }
  return value;
}
