import { blockAddress, isWithin } from '../address.ts';
import type { Report } from '../configuration/block.ts';
import type { ResourceBlock } from '../configuration/resource.ts';
import type { Evaluation } from '../evaluation/evaluation.ts';
import type { Instance, InstanceScope } from '../evaluation/module.ts';
import { MissingValue, placeOf } from '../evaluation/problem.ts';
import { evaluate } from '../expression/evaluate.ts';
import { EvaluationProblem } from '../expression/problem.ts';
import { references } from '../expression/reference.ts';
import type { JsonObject } from '../json.ts';
import { objectTypeOf } from '../resource.ts';
import type { ResourceState } from '../state.ts';
import { fromPlan } from '../typed/json.ts';
import { ownerOf } from './actual.ts';
import { refuseSensitive } from './command.ts';
import { conditionsHold } from './condition.ts';
import { desire } from './desire.ts';
import type { DraftStep } from './draft.ts';
import { importedResource, readImportIds } from './import.ts';
import type { PlanInput } from './input.ts';
import { livingObject, plannedObject } from './object.ts';
import { requireListed, requireOwners } from './owner.ts';
import { type PlannedRead, planData } from './reading.ts';
import type { Refreshed } from './refresh.ts';
import { attempt, dependentRefusal, type Refusal } from './refusal.ts';
import { planRollback } from './rollback.ts';
import type { Selection } from './target.ts';
import { triggerOf } from './trigger.ts';
import { planDeclared, type Unit } from './unit.ts';
import { checkVariables } from './validation.ts';

/** What planning the declared blocks reads and fills. */
export interface Planning {
  readonly input: PlanInput;
  readonly evaluation: Evaluation;
  readonly refreshed: Refreshed;
  readonly targets: Selection | null;
  readonly adoptions: ReadonlyMap<string, DraftStep>;
  readonly units: Map<string, Unit>;
  readonly reads: Map<string, PlannedRead>;
  readonly refusals: Refusal[];
  readonly report: Report;
  /** By instance: the instances, or whole blocks, that it is made from or names in `depends_on`. */
  readonly needs: Map<string, readonly string[]>;
  /** Addresses whose scheduled rotation is left for another run. */
  readonly deferred: ReadonlySet<string>;
}

/** What the walk over the declared blocks found beside units and reads. */
export interface Declared {
  /** Every instance that the stack declares. */
  readonly instances: ReadonlySet<string>;
  /** Blocks whose instances could not be told: nothing of them is planned, and nothing of them is taken for removed. */
  readonly unexpanded: ReadonlySet<string>;
  /** By address: id of the key that an import block makes its own. */
  readonly imports: ReadonlyMap<string, string>;
}

/** Plans everything that the stack declares, each block after those that it depends on. */
export function planConfiguration(planning: Planning): Declared {
  const { input, evaluation, report, refusals, targets } = planning;
  const { configuration, wiring } = input;
  const instances = new Set<string>();
  const unexpanded = new Set<string>();
  const imports =
    configuration.imports.length === 0 ? new Map<string, string>() : readImportIds(configuration, evaluation, report);
  checkVariables(evaluation, report);
  const forced = forcedFirst(input);
  const missing = new Map<string, string | null>();
  for (const block of wiring.order) {
    const found = expand(block, planning);
    if (found === null) {
      unexpanded.add(block);
      continue;
    }
    const needed = (wiring.explicit.get(block) ?? []).map((need) => missingOf(need, evaluation, missing));
    const lacking = needed.find((need) => need !== null) ?? null;
    for (const instance of found.values()) {
      const { address } = instance.block;
      instances.add(address);
      if (targets !== null && !targets.has(address)) {
        keep(instance, planning);
        continue;
      }
      if (lacking !== null) {
        // What it needs has said what is wrong; saying it again for each dependent would bury the cause.
        refusals.push(dependentRefusal(address, lacking, configuration));
        continue;
      }
      planInstance(instance, planning, imports, forced.has(block));
    }
  }
  for (const [address] of imports) {
    const where = configuration.imports[0]?.to.place;
    if (!instances.has(address) && !unexpanded.has(blockAddress(address)))
      report.error(
        where,
        'Configuration for import target does not exist',
        `The stack declares no instance ${address}.`,
        address,
      );
  }
  return { instances, unexpanded, imports };
}

/** The instances of a block; null, and reported, when they cannot be told. */
export function expand(
  block: string,
  { evaluation, report, refusals, input }: Pick<Planning, 'evaluation' | 'report' | 'refusals' | 'input'>,
): ReadonlyMap<string, Instance> | null {
  try {
    return evaluation.instances(block);
  } catch (error) {
    const place = (input.configuration.resources.get(block) ?? input.configuration.data.get(block))?.place;
    if (error instanceof MissingValue) refusals.push(dependentRefusal(block, error.address, input.configuration));
    else if (error instanceof EvaluationProblem && place !== undefined)
      report.error(placeOf(error, place), error.message, error.detail, block);
    else throw error;
    return null;
  }
}

/** The first instance of a block that has no value, or the block when its instances are not known; null when all have one. */
function missingOf(block: string, evaluation: Evaluation, known: Map<string, string | null>): string | null {
  const before = known.get(block);
  if (before !== undefined) return before;
  let found: string | null = null;
  try {
    for (const address of evaluation.instances(block).keys()) {
      if (evaluation.has(address)) continue;
      found = address;
      break;
    }
  } catch (error) {
    if (!(error instanceof MissingValue) && !(error instanceof EvaluationProblem)) throw error;
    found = block;
  }
  known.set(block, found);
  return found;
}

/** Of what is left out of the plan, references see what state holds. */
function keep({ block }: Instance, { evaluation, refreshed }: Planning): void {
  if (!('type' in block)) return;
  const { current = null, deposed = [] } = refreshed.state.resources.get(block.address) ?? {};
  if (current !== null)
    evaluation.set(block.address, objectTypeOf(block.type), livingObject(block.type, current, deposed));
}

function planInstance(
  instance: Instance,
  planning: Planning,
  imports: ReadonlyMap<string, string>,
  forced: boolean,
): void {
  const { evaluation, input, refusals } = planning;
  const { block } = instance;
  try {
    const { needs } = evaluation.track(() => {
      if ('source' in block) planData(block, instance.scope, planning);
      else planResource(block, instance.scope, planning, imports, forced);
    });
    const explicit = input.wiring.explicit.get(blockAddress(block.address)) ?? [];
    const direct = new Set([...needs, ...explicit]);
    direct.delete(block.address);
    // A data source cannot stand between two keys as a key does: what it needs is needed by who needs it.
    for (const need of direct)
      if (isData(need)) for (const further of planning.needs.get(need) ?? []) direct.add(further);
    planning.needs.set(block.address, [...direct].sort());
    if (input.options.mode === 'rotate') keepUnlessFollowing(instance, [...direct], planning);
  } catch (error) {
    if (!(error instanceof MissingValue)) throw error;
    refusals.push(dependentRefusal(block.address, error.address, input.configuration));
  }
}

/**
 * In a plan of rotations alone: takes back what was planned for an instance that is no key, nor made from one that is to be delivered; its
 * other changes are for an apply.
 */
function keepUnlessFollowing(instance: Instance, needs: readonly string[], planning: Planning): void {
  const { units, refreshed } = planning;
  const { block } = instance;
  const unit = units.get(block.address);
  if (unit === undefined || !('type' in block) || block.type.local !== true || unit.steps.length === 0) return;
  const follows = needs.some((need) =>
    [...units.values()].some(
      (other) => (other.address === need || blockAddress(other.address) === need) && isToDeliver(other, refreshed),
    ),
  );
  if (follows) return;
  units.delete(block.address);
  planning.evaluation.set(block.address, objectTypeOf(block.type), unit.change.before ?? unit.value);
}

/** Whether something new is made, or was made by a run that did not get as far as delivering it: the old key's overlap has not begun. */
function isToDeliver({ address, steps }: Unit, { state }: Refreshed): boolean {
  const replaced = state.resources.get(address)?.deposed ?? [];
  return steps.some(({ phase, kind, generation }) =>
    phase === 'make'
      ? kind !== 'verify'
      : replaced.some(
          ({ number, deposedAt, disabledAt }) => number === generation && (deposedAt ?? disabledAt) === undefined,
        ),
  );
}

function isData(address: string): boolean {
  return address.startsWith('data.') || address.includes('.data.');
}

function planResource(
  block: ResourceBlock,
  scope: InstanceScope,
  planning: Planning,
  imports: ReadonlyMap<string, string>,
  forced: boolean,
): void {
  const { input, evaluation, refreshed, units, refusals, report } = planning;
  const { configuration, world, options } = input;
  const { address, type, lifecycle } = block;
  if (!conditionsHold(lifecycle.preconditions, 'precondition', block, scope, report)) return;
  const desired = desire(block, scope, report);
  if (desired === null) return;
  attempt(address, configuration, refusals, () => {
    const held = refreshed.state.resources.get(address);
    if (held !== undefined) requireOwners(world, held);
    const { rotation } = options;
    const asked = rotation === undefined || isAsked(address, rotation.addresses);
    if (rotation !== undefined && type.local !== true && (!asked || held === undefined)) {
      const { current = null, deposed = [] } = held ?? {};
      const value = current === null ? plannedObject(type, desired.args, 1) : livingObject(type, current, deposed);
      evaluation.set(address, objectTypeOf(type), value);
      return;
    }
    if (rotation?.rollback === true && held !== undefined && type.local !== true) {
      if (held.current !== null) requireListed(world, ownerOf(world, held.provider, type.type, held.current.args).id);
      const unit = planRollback(block, desired, held, world, input.now, refreshed.strangers);
      units.set(address, beginWith(planning.adoptions.get(address), unit));
      evaluation.set(address, objectTypeOf(type), unit.value);
      return;
    }
    const id = held?.current == null && rotation === undefined ? (imports.get(address) ?? null) : null;
    const number = (held?.lastGeneration ?? 0) + 1;
    const resource = id === null ? held : importedResource(block, desired, id, number, world);
    const unit = planDeclared(block, desired, resource, world, {
      replace: options.replace.includes(address) || (asked && rotation?.force === true && held?.current != null),
      strangers: refreshed.strangers,
      remembered: rememberedArgs(input.state.resources.get(address), held) ?? null,
      lastGeneration: input.state.resources.get(address)?.lastGeneration ?? 0,
      adopted: refreshed.adoptions.some(({ intent }) => intent.address === address && intent.secret !== null),
      createBeforeDestroy: lifecycle.createBeforeDestroy ?? (forced || type.local !== true),
      triggered: lifecycle.replaceTriggeredBy.length === 0 ? null : triggerOf(block, scope, units),
      imported: id,
      rotating: {
        now: input.now,
        within: rotation?.dueWithin ?? 0,
        only: rotation !== undefined && type.local !== true,
        revoke: asked && rotation?.revokeNow === true,
        deferred: planning.deferred.has(address),
        allowCredential: options.allowCredentialDelete,
      },
    });
    if (id !== null && !unit.steps.some(({ kind }) => kind === 'import')) {
      report.error(
        block.args.get(unit.change.replacePaths[0] ?? '')?.place ?? block.place,
        'The key to import would be replaced at once',
        unit.change.replacePaths.length > 0
          ? `Key ${id} differs in ${unit.change.replacePaths.join(', ')}, which cannot be changed. Declare it as it is.`
          : `${unit.change.reasons.join('; ')}. Import it first, in an apply of its own.`,
        address,
      );
      return;
    }
    if (unit.owner !== null && unit.steps.length > 0) requireListed(world, unit.owner);
    trackCommands(block, scope, evaluation);
    if (unit.steps.some(({ kind }) => kind === 'run')) checkCommands(block, scope, unit, report);
    units.set(address, beginWith(planning.adoptions.get(address), unit));
    evaluation.set(address, objectTypeOf(type), unit.value);
    if (lifecycle.postconditions.length > 0) {
      const self = evaluation.valueOf(address);
      if (
        self === null ||
        !conditionsHold(lifecycle.postconditions, 'postcondition', block, scope.withSelf(self), report)
      ) {
        units.delete(address);
        evaluation.delete(address);
      }
    }
  });
}

/** Whether a plan of rotations is about an address: all, or those named, with their instances. */
function isAsked(address: string, addresses: readonly string[]): boolean {
  return addresses.length === 0 || addresses.some((one) => isWithin(address, one));
}

/** Refuses commands that apply would refuse, as far as that shows. */
function checkCommands(block: ResourceBlock, scope: InstanceScope, unit: Unit, report: Report): void {
  const { before } = unit.change;
  for (const provisioner of block.provisioners) {
    const self = provisioner.when === 'create' ? unit.value : before;
    if (self !== null)
      refuseSensitive(provisioner, scope.withSelf(fromPlan(self, objectTypeOf(block.type))), report, block.address);
  }
}

/** What a resource's commands refer to must be there before it: looked at for that, and for nothing else. */
function trackCommands(block: ResourceBlock, scope: InstanceScope, evaluation: Evaluation): void {
  for (const { when, args } of block.provisioners) {
    if (when === 'destroy') continue;
    for (const { expression } of args.values()) {
      for (const reference of references(expression)) {
        if (['self', 'each', 'count', 'path', 'terraform', 'var'].includes(reference.root)) continue;
        try {
          evaluate(reference, scope);
        } catch (error) {
          if (!(error instanceof EvaluationProblem)) throw error;
          // What is wrong with it shows when the whole is evaluated.
          evaluation.whole(`${scope.module.prefix}${reference.root}.${String(reference.steps[0] ?? '')}`, () => null);
        }
      }
    }
  }
}

/** Blocks that must be made before they are destroyed because something that depends on them says so of itself. */
function forcedFirst({ configuration, wiring }: PlanInput): ReadonlySet<string> {
  const forced = new Set<string>();
  const spread = [...configuration.resources.values()].flatMap((block) =>
    block.lifecycle.createBeforeDestroy === true ? [block.address] : [],
  );
  for (const address of spread)
    for (const need of wiring.dependencies.get(address) ?? []) {
      if (forced.has(need) || !configuration.resources.has(need)) continue;
      forced.add(need);
      spread.push(need);
    }
  return forced;
}

/** The unit with a step before all others; undefined for none. */
export function beginWith(step: DraftStep | undefined, unit: Unit): Unit {
  if (step === undefined) return unit;
  const later = unit.steps.map((other) => ({ ...other, after: [...other.after, step.id] }));
  return { ...unit, steps: [step, ...later] };
}

/** The arguments that state had for the key that is current after the refresh, or for the one that is gone; null for none. */
function rememberedArgs(before: ResourceState | undefined, now: ResourceState | undefined): JsonObject | null {
  const key = before?.current ?? null;
  // A key that has just been adopted is another than the one that state knew.
  if (key === null || (now?.current != null && now.current.number !== key.number)) return null;
  return key.args;
}
