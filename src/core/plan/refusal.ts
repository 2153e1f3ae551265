import { blockAddress } from '../address.ts';
import type { Configuration } from '../configuration/stack.ts';
import { type Diagnostic, type Place, toDiagnostics } from '../diagnostic.ts';
import { reverse } from '../graph.ts';
import type { State } from '../state.ts';
import type { ResourceChange } from './plan.ts';
import type { Unit } from './unit.ts';

/** An address that must not be carried out, and why. */
export interface Refusal {
  readonly address: string;
  readonly diagnostic: Diagnostic;
}

/** Runs `plan`; what it throws becomes a refusal of the address, and other addresses go on. */
export function attempt(address: string, configuration: Configuration, refusals: Refusal[], plan: () => void): void {
  try {
    plan();
  } catch (error) {
    const place = placeOf(address, configuration);
    for (const diagnostic of toDiagnostics(error, { address, ...(place === undefined ? {} : { place }) }))
      refusals.push({ address, diagnostic });
  }
}

/**
 * Takes back what was planned for refused addresses, for everything that depends on them, and for everything that they
 * depend on and that would lose a key: a step without what it needs would fail, and a key must not be deleted while living
 * keys that depend on it cannot follow. Adds to `refusals` what it takes back, and to `withdrawn` all that is.
 */
export function withdrawRefused(
  units: Map<string, Unit>,
  refusals: Refusal[],
  dependencies: ReadonlyMap<string, readonly string[]>,
  state: State,
  withdrawn: Set<string>,
): void {
  const dependents = reverse(dependencies);
  const refused = new Set(refusals.map((refusal) => refusal.address));
  const leaveOut = (address: string, why: string) => {
    refusals.push({
      address,
      diagnostic: {
        severity: 'error',
        summary: `Left out, because ${why} was refused`,
        detail: 'Nothing is done for it until that is resolved.',
        address,
      },
    });
  };
  const reached = new Set(refused);
  for (const address of reached) {
    for (const dependent of dependents.get(address) ?? []) {
      if (!reached.has(dependent) && (units.get(dependent)?.steps.length ?? 0) > 0)
        leaveOut(dependent, 'what it depends on');
      reached.add(dependent);
    }
    const unit = units.get(address);
    // What has nothing to do anyway stops nobody.
    if (!refused.has(address) && (unit === undefined || unit.steps.length === 0)) continue;
    const lives = state.resources.get(address)?.current != null;
    for (const need of lives ? (dependencies.get(address) ?? []) : []) {
      if (reached.has(need) || !units.get(need)?.steps.some((step) => step.kind === 'delete')) continue;
      leaveOut(need, 'what depends on it');
      reached.add(need);
    }
    if (unit === undefined) continue;
    withdrawn.add(address);
    units.set(address, {
      ...unit,
      steps: [],
      deposedChanges: [],
      change: withoutEffect(unit.change),
      unique: new Map(),
      rewired: null,
      remarked: null,
      upcoming: [],
      due: null,
    });
  }
}

function withoutEffect(change: ResourceChange): ResourceChange {
  return { ...change, actions: ['no-op'], after: change.before, replacePaths: [], actionReason: null };
}

/** The refusal of an address that needs one which could not be planned. */
export function dependentRefusal(address: string, need: string, configuration: Configuration): Refusal {
  const place = placeOf(address, configuration);
  return {
    address,
    diagnostic: {
      severity: 'error',
      summary: `Left out, because ${need} could not be planned`,
      detail: 'Nothing is done for it until that is resolved.',
      address,
      ...(place === undefined ? {} : { place }),
    },
  };
}

function placeOf(address: string, configuration: Configuration): Place | undefined {
  return (configuration.resources.get(blockAddress(address)) ?? configuration.data.get(blockAddress(address)))?.place;
}
