import { Report } from '../configuration/block.ts';
import { StackScope } from '../configuration/scope.ts';
import { type JsonObject, stableStringify } from '../json.ts';
import type { ResourceState } from '../state.ts';
import { typeOf } from './actual.ts';
import type { Orphan } from './attempt.ts';
import { desire } from './desire.ts';
import type { DraftStep } from './draft.ts';
import { forecast } from './forecast.ts';
import { type Findings, guardCredential, guardDeletes, guardOwners, guardProtected } from './guard.ts';
import type { PlanInput } from './input.ts';
import { duplicateWarnings, supersededRefusal } from './lookalike.ts';
import { livingObject } from './object.ts';
import { orderSteps } from './order.ts';
import { adoptOrphans, givenUpWarning, misplacedRefusal, recoverOrphans, unsettledRefusal } from './orphan.ts';
import { planOutputs } from './output.ts';
import { requireListed, requireOwners } from './owner.ts';
import type { Plan, Step } from './plan.ts';
import { orderReads, type PlannedRead, planData, withdrawReads } from './reading.ts';
import { type Refreshed, refresh } from './refresh.ts';
import { attempt, dependentRefusal, type Refusal, withdrawRefused } from './refusal.ts';
import { checkTargets } from './target.ts';
import { planDeclared, planRemoved, type Unit } from './unit.ts';

/**
 * Decides what to do. Pure: the same input gives the same plan. Problems of the stack's values and refusals of guards
 * are in the plan's diagnostics; what they do not touch is planned all the same.
 */
export function makePlan(input: PlanInput): Plan {
  return considerPlan(input).plan;
}

/**
 * As {@link makePlan}; `doubtful` when a key was found that is in no state of this stack and may be another stack's, so that the
 * plan must not be used unless it was made with {@link World.siblings}.
 */
export function considerPlan(input: PlanInput): { readonly plan: Plan; readonly doubtful: boolean } {
  const { configuration, world, options } = input;
  const report = new Report();
  const targets = checkTargets(input, report);
  const adopts = (address: string) => options.mode !== 'refresh-only' && targets?.has(address) !== false;
  const needs = (address: string) => input.wiring.dependencies.get(address);
  const refreshed = refresh(input.state, world, input.now, adopts, needs, options.replace);
  const adoptions = adoptOrphans(refreshed, world);
  const scope = new StackScope(configuration, input.variables);
  const refusals: Refusal[] = [];
  const units = new Map<string, Unit>();
  const reads = new Map<string, PlannedRead>();

  if (options.mode !== 'refresh-only') {
    const removedMode = options.mode === 'normal' ? 'removed' : targets === null ? 'destroy' : 'targeted';
    if (options.mode === 'normal')
      planConfiguration(input, refreshed, scope, targets, adoptions, units, reads, refusals, report);
    for (const resource of refreshed.state.resources.values()) {
      if (options.mode === 'normal' && configuration.resources.has(resource.address)) continue;
      if (targets !== null && !targets.has(resource.address)) continue;
      attempt(resource.address, configuration, refusals, () => {
        requireOwners(world, resource);
        const unit = planRemoved(resource, typeOf(world, resource.type), world, removedMode);
        units.set(resource.address, beginWith(adoptions.get(resource.address), unit));
      });
    }
  } else {
    for (const address of configuration.resources.keys()) {
      const resource = refreshed.state.resources.get(address);
      if (resource?.current != null)
        scope.resources.set(address, livingObject(typeOf(world, resource.type).type, resource.current));
    }
    if (configuration.data.size > 0) {
      for (const address of input.wiring.order) {
        const block = configuration.data.get(address);
        if (block === undefined || (targets !== null && !targets.has(address))) continue;
        planData(block, { input, scope, units, reads, refusals, report });
      }
    }
  }

  const lost = options.mode === 'refresh-only' ? [] : givenUp(refreshed, input, targets);
  const open = { ...refreshed, orphans: refreshed.orphans.filter((orphan) => !lost.includes(orphan)) };
  const extra = options.mode === 'refresh-only' ? [] : recoverOrphans(open, world, configuration, targets, refusals);
  const all = [...units.values()];
  for (const open of options.mode === 'refresh-only' ? [] : refreshed.unsettled) {
    const { address } = open.intent;
    const unit = units.get(address);
    // An address with nothing to do can wait; one that is to end, or of which nothing else is known, cannot be passed over.
    const idle = options.mode === 'normal' && unit !== undefined && unit.steps.length === 0;
    const said = refusals.some((refusal) => refusal.address === address);
    if (!idle && !said && targets?.has(address) !== false) refusals.push(unsettledRefusal(open, configuration));
  }
  for (const misplaced of refreshed.misplaced) {
    if (targets === null || targets.has(misplaced.address)) refusals.push(misplacedRefusal(misplaced, configuration));
  }
  for (const superseded of refreshed.superseded) {
    if (targets === null || targets.has(superseded.address))
      refusals.push(supersededRefusal(superseded, configuration, options.mode));
  }
  const made = all.flatMap((unit) => unit.steps);
  const doubles = duplicateWarnings(made, input.state.writtenAt, options.replace, refreshed.lookalikes, world);
  refusals.push(...guardProtected(all, configuration));
  if (!options.allowCredentialDelete) refusals.push(...guardCredential(all, refreshed.state, world, configuration));
  const dependencies = allDependencies(input, refreshed);
  const withdrawn = new Set<string>();
  let findings: Findings;
  // A step that was taken back frees no name and makes no room, so whoever counted on it is looked at again.
  do {
    withdrawRefused(units, refusals, dependencies, refreshed.state, withdrawn);
    findings = guardOwners([...units.values()], extra, refreshed.state, world, configuration, dependencies);
    refusals.push(...findings.refusals);
  } while (findings.refusals.length > 0);
  for (const address of withdrawn) {
    const before = units.get(address)?.change.before ?? null;
    if (before === null) scope.resources.delete(address);
    else scope.resources.set(address, before);
  }
  withdrawReads({ reads, scope, refusals }, withdrawn, dependencies);
  scope.refresh();

  const ordering = orderReads([...reads.values()], units, dependencies);
  const waits = [
    ...findings.waits,
    ...ordering.waits,
    ...extra.flatMap((step) => firstMakes(units, step.address).map((id) => ({ step: id, after: step.id }))),
  ];
  // An orphan is taken over even where nothing else can be done for its address.
  const alone = [...adoptions.values()].filter(
    (step) => !units.get(step.address)?.steps.some(({ id }) => id === step.id),
  );
  const { units: early } = ordering;
  const stepped =
    early.length === 0 ? units : new Map([...units, ...early.map((read) => [read.address, read] as const)]);
  const ordered = orderSteps(stepped, dependencies, [...extra, ...alone, ...ordering.late], waits);
  let steps: Step[] = [];
  let blocked = report.failed;
  if ('cycle' in ordered) {
    blocked = true;
    report.error(
      undefined,
      'The steps of the plan form a cycle',
      `These wait for one another: ${ordered.cycle.join(', ')}. Change one of them in an apply of its own, with -target.`,
    );
  } else steps = ordered.steps;
  const tooMany = guardDeletes(steps, options.maxDeletes);
  if (tooMany !== null) blocked = true;

  const outputs = planOutputs(input, scope, refusals, report, targets);
  const plan: Plan = {
    stack: configuration.name,
    mode: options.mode,
    lineage: input.state.lineage,
    serial: input.state.serial,
    configurationHash: input.configurationHash,
    createdAt: new Date(input.now).toISOString(),
    steps,
    changes: [...units.values()].flatMap((unit) => [
      ...(unit.change.actions[0] === 'no-op' && unit.change.before === null ? [] : [unit.change]),
      ...unit.deposedChanges,
    ]),
    data: [...reads.values()].map(({ read }) => read),
    outputs,
    drift: refreshed.drift,
    unmanaged: refreshed.unmanaged,
    orphans: refreshed.orphans.flatMap(({ intent, owner, candidates }) =>
      candidates.map((key) => ({
        address: intent.address,
        type: intent.type,
        keyId: key.id,
        ownerLabel: world.owners.get(owner)?.label ?? null,
        createdAt: key.createdAt,
      })),
    ),
    coverage: refreshed.coverage,
    forecast: forecast(steps, world),
    entries: [
      ...refreshed.entries,
      ...lost.map(({ intent }) => ({ kind: 'settled' as const, intent: intent.id })),
      ...rewirings(units, input, refreshed, new Set([...withdrawn, ...adoptions.keys()])),
    ],
    diagnostics: [
      ...configuration.warnings,
      ...lost.map(({ intent }) => givenUpWarning(intent)),
      ...doubles,
      ...report.diagnostics,
      ...refusals.map((refusal) => refusal.diagnostic),
      ...(tooMany === null ? [] : [tooMany]),
    ],
    blocked: blocked || report.failed,
  };
  return { plan, doubtful: refreshed.orphans.length + refreshed.superseded.length + doubles.length > 0 };
}

function planConfiguration(
  input: PlanInput,
  refreshed: Refreshed,
  scope: StackScope,
  targets: ReadonlySet<string> | null,
  adoptions: ReadonlyMap<string, DraftStep>,
  units: Map<string, Unit>,
  reads: Map<string, PlannedRead>,
  refusals: Refusal[],
  report: Report,
): void {
  const { configuration, wiring, world, options } = input;
  const replace = new Set(options.replace);
  for (const address of wiring.order) {
    const data = configuration.data.get(address);
    if (data !== undefined && targets?.has(address) !== false)
      planData(data, { input, scope, units, reads, refusals, report });
    const block = configuration.resources.get(address);
    if (block === undefined) continue;
    const resource = refreshed.state.resources.get(address);
    if (targets !== null && !targets.has(address)) {
      if (resource?.current != null) scope.resources.set(address, livingObject(block.type, resource.current));
      continue;
    }
    const failedNeed = (wiring.dependencies.get(address) ?? []).find((need) => !scope.resources.has(need));
    if (failedNeed !== undefined) {
      // What it needs has said what is wrong; saying it again for each dependent would bury the cause.
      refusals.push(dependentRefusal(address, failedNeed, configuration));
      continue;
    }
    const desired = desire(block, scope, report);
    if (desired === null) continue;
    attempt(address, configuration, refusals, () => {
      if (resource !== undefined) requireOwners(world, resource);
      const unit = planDeclared(block, desired, resource, world, {
        replace: replace.has(address),
        strangers: refreshed.strangers,
        remembered: rememberedArgs(input.state.resources.get(address), resource),
        lastGeneration: input.state.resources.get(address)?.lastGeneration ?? 0,
        adopted: refreshed.adoptions.some(({ intent }) => intent.address === address && intent.secret !== null),
      });
      if (unit.owner !== null && unit.steps.length > 0) requireListed(world, unit.owner);
      units.set(address, beginWith(adoptions.get(address), unit));
      scope.resources.set(address, unit.value);
    });
  }
}

/**
 * Attempts whose secret arrived, for a key that nobody has found, and which the user lets go: the address is to end, or its
 * replacement is asked for.
 */
function givenUp(refreshed: Refreshed, input: PlanInput, targets: ReadonlySet<string> | null): readonly Orphan[] {
  const { configuration, options } = input;
  return refreshed.orphans.filter(
    ({ fits, intent: { address } }) =>
      !fits &&
      targets?.has(address) !== false &&
      (options.mode === 'destroy' || !configuration.resources.has(address) || options.replace.includes(address)),
  );
}

/** The unit with a step before all others; undefined for none. */
function beginWith(step: DraftStep | undefined, unit: Unit): Unit {
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

/** Dependencies of what the stack declares, and for the rest those that state remembers. */
function allDependencies(input: PlanInput, refreshed: Refreshed): ReadonlyMap<string, readonly string[]> {
  const all = new Map(input.wiring.dependencies);
  for (const resource of refreshed.state.resources.values()) {
    if (input.options.mode === 'destroy' || !all.has(resource.address))
      all.set(resource.address, resource.dependencies);
  }
  return all;
}

/** Ids of the steps with which an address begins to be made. */
function firstMakes(units: ReadonlyMap<string, Unit>, address: string): string[] {
  return (units.get(address)?.steps ?? [])
    .filter((step) => step.kind === 'create' || step.kind === 'rotate')
    .map((step) => step.id);
}

/**
 * Records for keys whose provider reference, dependencies or sensitive marks changed without a call to an API. Not for
 * `except`: a key that is about to be adopted is in no state yet when these are recorded.
 */
function rewirings(
  units: ReadonlyMap<string, Unit>,
  input: PlanInput,
  refreshed: Refreshed,
  except: ReadonlySet<string>,
): Plan['entries'] {
  return [...units.values()].flatMap((unit) => {
    const resource = refreshed.state.resources.get(unit.address);
    const wanted = input.wiring.dependencies.get(unit.address);
    if (resource === undefined || except.has(unit.address) || input.options.mode !== 'normal' || wanted === undefined)
      return [];
    const provider = unit.rewired ?? resource.provider;
    const moved =
      provider !== resource.provider || stableStringify([...wanted]) !== stableStringify([...resource.dependencies]);
    const marked = resource.current !== null && unit.remarked !== null;
    return [
      ...(moved ? [{ kind: 'wired' as const, address: unit.address, provider, dependencies: wanted }] : []),
      ...(marked
        ? [
            {
              kind: 'refreshed' as const,
              address: unit.address,
              generation: { ...resource.current, sensitiveArgs: unit.remarked },
            },
          ]
        : []),
    ];
  });
}
