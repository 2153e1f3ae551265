import { reverse, sortByNeed } from '../graph.ts';
import type { DraftStep } from './draft.ts';
import type { Step } from './plan.ts';
import type { Unit } from './unit.ts';

/** What of a unit its order is made from. */
export type Stepped = Pick<Unit, 'address' | 'steps'>;

/** An extra edge between steps: `step` waits for `after`. */
export interface Wait {
  readonly step: string;
  readonly after: string;
}

/**
 * Puts the steps of all units in order:
 * - an address is made or changed after what it depends on is;
 * - a key is dropped after everything that depends on its address is made, changed or dropped itself, so that nothing
 *   is left holding a key that is gone;
 * - and after `waits`.
 * Returns the steps in an order that can be walked, each with all it waits for, or the addresses of a cycle.
 */
export function orderSteps(
  units: ReadonlyMap<string, Stepped>,
  dependencies: ReadonlyMap<string, readonly string[]>,
  extra: readonly DraftStep[],
  waits: readonly Wait[],
): { steps: Step[] } | { cycle: string[] } {
  const dependents = reverse(dependencies);
  const waiting = new Map<string, Set<string>>();
  const byId = new Map<string, DraftStep>();
  for (const step of extra) {
    byId.set(step.id, step);
    waiting.set(step.id, new Set(step.after));
  }
  for (const unit of units.values()) {
    for (const step of unit.steps) {
      byId.set(step.id, step);
      const after = new Set(step.after);
      waiting.set(step.id, after);
      if (step.phase === 'make') {
        for (const need of makingSteps(unit.address, units, dependencies)) after.add(need);
      } else {
        for (const dependent of dependents.get(unit.address) ?? []) {
          for (const other of units.get(dependent)?.steps ?? []) after.add(other.id);
        }
      }
    }
  }
  for (const { step, after } of waits) waiting.get(step)?.add(after);
  const sorted = sortByNeed(waiting);
  if ('cycle' in sorted) {
    const addresses = sorted.cycle.map((id) => byId.get(id)?.address ?? id);
    return { cycle: [...new Set(addresses)] };
  }
  const steps = sorted.order.map((id): Step => {
    const { phase: _, ...step } = byId.get(id) as DraftStep;
    return { ...step, after: [...(waiting.get(id) ?? [])].filter((need) => byId.has(need)) };
  });
  return { steps };
}

/** Ids of the making steps that an address waits for: of its dependencies, or of theirs where those have none to make. */
function makingSteps(
  address: string,
  units: ReadonlyMap<string, Stepped>,
  dependencies: ReadonlyMap<string, readonly string[]>,
): string[] {
  const found: string[] = [];
  const seen = new Set<string>(dependencies.get(address));
  for (const need of seen) {
    const making = units.get(need)?.steps.filter((step) => step.phase === 'make') ?? [];
    if (making.length > 0) found.push(...making.map((step) => step.id));
    else for (const further of dependencies.get(need) ?? []) seen.add(further);
  }
  return found;
}
