import { blockAddress } from '../address.ts';
import { Report } from '../configuration/block.ts';
import type { DataBlock } from '../configuration/data.ts';
import { objectTypeOfData } from '../datasource.ts';
import type { Evaluation } from '../evaluation/evaluation.ts';
import type { InstanceScope } from '../evaluation/module.ts';
import { MissingValue } from '../evaluation/problem.ts';
import { EvaluationProblem } from '../expression/problem.ts';
import { type Edges, reach, reverse } from '../graph.ts';
import type { JsonObject } from '../json.ts';
import { UNKNOWN, type Value } from '../value.ts';
import { handlerOf, ownerOf, type World } from './actual.ts';
import { conditionsHold } from './condition.ts';
import { answer, type Inquiry, inquire, plannedData } from './data.ts';
import { knownArgs } from './desire.ts';
import type { DraftStep } from './draft.ts';
import type { PlanInput } from './input.ts';
import { needsGraph } from './needs.ts';
import type { Stepped, Wait } from './order.ts';
import { type DataRead, makesDeclared } from './plan.ts';
import { attempt, type Refusal } from './refusal.ts';
import type { Unit } from './unit.ts';

/**
 * What can be said of a data source before owners were asked, or between two rounds of asking: its value, and the arguments
 * of its owner when that must be asked for the plan; null when it need not be, or not yet.
 */
export function foresee(
  block: DataBlock,
  scope: InstanceScope,
  evaluation: Evaluation,
  input: Pick<PlanInput, 'configuration' | 'wiring' | 'state' | 'world'>,
): { readonly value: Value; readonly asks: JsonObject | null } {
  const inquiry = inquire(block, scope, new Report());
  if (inquiry === null) return { value: UNKNOWN, asks: null };
  const planned = plannedData(block, inquiry);
  const needs = input.wiring.dependencies.get(blockAddress(block.address)) ?? [];
  // What waits for a key that is still to be made is read at apply, so to ask now would be for nothing.
  const made = (need: string) => {
    const instances = instancesOf(need, evaluation);
    return instances?.every((address) => input.state.resources.get(address)?.current != null) === true;
  };
  const waits = needs.some((need) => input.configuration.resources.has(need) && !made(need));
  if (!inquiry.known || inquiry.owner === null || waits) return { value: planned, asks: null };
  try {
    const owner = ownerOf(input.world, block.provider, block.source.resource.type, inquiry.owner);
    const keys = input.world.data.get(owner.id);
    const read = keys === undefined || keys instanceof Error ? planned : answer(block, inquiry, keys, owner);
    return { value: read, asks: inquiry.owner };
  } catch {
    // Nothing is found, or there is no connection: planning meets the same and reports it.
    return { value: planned, asks: inquiry.owner };
  }
}

/** Addresses of a block's instances; null while they cannot be told. */
function instancesOf(block: string, evaluation: Evaluation): readonly string[] | null {
  try {
    return [...evaluation.instances(block).keys()];
  } catch (error) {
    if (!(error instanceof MissingValue) && !(error instanceof EvaluationProblem)) throw error;
    return null;
  }
}

/** What is planned for a data block. */
export interface PlannedRead {
  readonly read: DataRead;
  /** Reads it at apply; null when it is read already. */
  readonly step: DraftStep | null;
}

/**
 * Reads a data source from what its owner showed, or puts that off to apply: where an argument is not known yet, and where
 * something that it depends on is about to change (`pending`). That is Terraform's rule. Throws what stands in the place of
 * the connection or of the owner's keys, and what {@link answer} throws.
 */
function planRead(block: DataBlock, inquiry: Inquiry, world: World, pending: boolean): PlannedRead {
  const { address, name, cloud, provider, source } = block;
  const { type } = source.resource;
  const handler = handlerOf(world, provider, type);
  const owner = inquiry.owner === null ? null : ownerOf(world, provider, type, inquiry.owner);
  const keys = owner === null ? undefined : world.data.get(owner.id);
  const base = { address, type: source.name, name, cloud: cloud.name, provider };
  if (owner !== null && inquiry.known && !pending && keys !== undefined) {
    if (keys instanceof Error) throw keys;
    return { read: { ...base, deferred: null, values: answer(block, inquiry, keys, owner) }, step: null };
  }
  return {
    read: {
      ...base,
      deferred: inquiry.known ? 'read_because_dependency_pending' : 'read_because_config_unknown',
      values: plannedData(block, inquiry),
    },
    step: {
      id: `read ${address}`,
      kind: 'read',
      address,
      type,
      provider,
      owner: owner?.id ?? null,
      generation: 0,
      keyId: null,
      after: [],
      args: inquiry.args,
      changed: [],
      knownIds: null,
      intent: null,
      forecast: handler.forecast('list', { args: knownArgs(inquiry.args), enabled: true }),
      phase: 'make',
    },
  };
}

/** Where planning stands when the turn of a data source comes. */
export interface Reading {
  readonly input: PlanInput;
  readonly evaluation: Evaluation;
  readonly units: ReadonlyMap<string, Unit>;
  readonly refusals: Refusal[];
  readonly report: Report;
  /** By address. */
  readonly reads: Map<string, PlannedRead>;
  /** By instance planned so far. */
  readonly needs: ReadonlyMap<string, readonly string[]>;
}

/**
 * Plans one data source and gives it a value, or refuses its address. A refresh alone reads what can be read, and leaves out
 * the rest: there is no apply in which it could be read later.
 */
export function planData(block: DataBlock, scope: InstanceScope, reading: Reading): void {
  const { input, evaluation, units, refusals, report, reads } = reading;
  const { configuration, world, options } = input;
  const { lifecycle } = block;
  const later = makesDeclared(options.mode);
  if (!conditionsHold(lifecycle.preconditions, 'precondition', block, scope, report)) return;
  const { result: inquiry, needs } = evaluation.track(() => inquire(block, scope, report));
  if (inquiry === null) return;
  const explicit = input.wiring.explicit.get(blockAddress(block.address)) ?? [];
  attempt(block.address, configuration, refusals, () => {
    const planned = planRead(block, inquiry, world, isPending([...needs, ...explicit], units, reading.needs));
    if (planned.step !== null && !later) return;
    reads.set(block.address, planned);
    evaluation.set(block.address, objectTypeOfData(block.source), planned.read.values);
    const self = evaluation.valueOf(block.address);
    if (self !== null) conditionsHold(lifecycle.postconditions, 'postcondition', block, scope.withSelf(self), report);
  });
}

/** Takes back reads that were put off because of something that is now refused, and that nobody would find changed. */
export function withdrawReads(
  reading: Pick<Reading, 'reads' | 'evaluation' | 'refusals'>,
  withdrawn: ReadonlySet<string>,
  dependencies: Edges,
): void {
  const { reads, evaluation, refusals } = reading;
  if (reads.size === 0) return;
  const refused = new Set([...withdrawn, ...refusals.map((refusal) => refusal.address)]);
  for (const [address, { step }] of reads) {
    if (step === null || ![...reach(dependencies, [address])].some((need) => refused.has(need))) continue;
    reads.delete(address);
    evaluation.delete(address);
  }
}

/** Whether a step is planned for anything of `needs`, or for what that depends on, however far. */
function isPending(
  needs: readonly string[],
  units: ReadonlyMap<string, Unit>,
  known: ReadonlyMap<string, readonly string[]>,
): boolean {
  const graph = needsGraph(units.keys(), (address) => known.get(address) ?? []);
  for (const need of reach(graph, needs)) if ((units.get(need)?.steps.length ?? 0) > 0) return true;
  return false;
}

/** How reads stand among the other steps. */
export interface ReadOrder {
  /** Reads that a step waits for, in the place of a unit's steps. */
  readonly units: readonly Stepped[];
  /** Reads that no step waits for. */
  readonly late: readonly DraftStep[];
  readonly waits: readonly Wait[];
}

/**
 * Puts reads in order. One that a step waits for comes after what it depends on is made. One that only outputs wait for comes
 * after all that happens to what it depends on, deletions of replaced keys included, so that the next plan reads the same.
 */
export function orderReads(
  reads: readonly PlannedRead[],
  units: ReadonlyMap<string, Unit>,
  dependencies: ReadonlyMap<string, readonly string[]>,
): ReadOrder {
  const steps = new Map(reads.flatMap(({ read, step }) => (step === null ? [] : [[read.address, step] as const])));
  if (steps.size === 0) return { units: [], late: [], waits: [] };
  const dependents = reverse(dependencies);
  const acts = (address: string) => (units.get(address)?.steps.length ?? 0) > 0;
  const used = [...steps].filter(([address]) => [...reach(dependents, [address])].some(acts));
  const late = [...steps].filter(([address]) => !used.some(([other]) => other === address));
  return {
    units: used.map(([address, step]) => ({ address, steps: [step] })),
    late: late.map(([, step]) => step),
    waits: late.flatMap(([address, { id }]) =>
      [...reach(dependencies, [address])].flatMap((need) =>
        [...(units.get(need)?.steps ?? []), ...(need === address ? [] : [steps.get(need) ?? []].flat())].map(
          (step) => ({ step: id, after: step.id }),
        ),
      ),
    ),
  };
}
