import { blockAddress, isWithin } from '../address.ts';
import { Report } from '../configuration/block.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { Evaluation } from '../evaluation/evaluation.ts';
import { MissingValue } from '../evaluation/problem.ts';
import { stableStringify } from '../json.ts';
import { objectTypeOf } from '../resource.ts';
import { typeOf } from './actual.ts';
import type { Orphan } from './attempt.ts';
import { runChecks } from './check.ts';
import { beginWith, type Declared, expand, type Planning, planConfiguration } from './configuration.ts';
import { forecast } from './forecast.ts';
import { type Findings, guardCredential, guardDeletes, guardOwners, guardProtected } from './guard.ts';
import type { PlanInput } from './input.ts';
import { duplicateWarnings, supersededRefusal } from './lookalike.ts';
import { followMoves, type Moves } from './move.ts';
import { needsGraph } from './needs.ts';
import { livingObject } from './object.ts';
import { orderSteps } from './order.ts';
import { adoptOrphans, givenUpWarning, misplacedRefusal, recoverOrphans, unsettledRefusal } from './orphan.ts';
import { planOutputs } from './output.ts';
import { requireOwners } from './owner.ts';
import { makesDeclared, type Plan, type Step, type Upcoming } from './plan.ts';
import { orderReads, type PlannedRead, planData, withdrawReads } from './reading.ts';
import { type Refreshed, refresh } from './refresh.ts';
import { attempt, type Refusal, withdrawRefused } from './refusal.ts';
import { planForgotten, planRemoved } from './removal.ts';
import { checkTargets, type Selection } from './target.ts';
import type { Unit } from './unit.ts';

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
  const whole = planOnce(input, NONE);
  const limit = input.options.rotation?.maxRotations ?? null;
  const due = [...whole.due].sort((a, b) => a.at - b.at || (a.address < b.address ? -1 : 1));
  if (limit === null || due.length <= limit) return whole;
  // What is put off may have made room, or waited, for something else: so it is planned again without.
  return planOnce(input, new Set(due.slice(limit).map(({ address }) => address)));
}

const NONE: ReadonlySet<string> = new Set();

/** A plan, with the scheduled rotations in it; those of `deferred` addresses are left for another run. */
function planOnce(input: PlanInput, deferred: ReadonlySet<string>): Considered {
  const report = new Report();
  const moves = followMoves(input.state, input.configuration, report);
  return planMoved({ ...input, state: moves.state }, moves, report, deferred);
}

interface Considered {
  readonly plan: Plan;
  readonly doubtful: boolean;
  /** Scheduled rotations of the plan, each with the moment since which it is due. */
  readonly due: readonly { readonly address: string; readonly at: number }[];
}

function planMoved(input: PlanInput, moves: Moves, report: Report, deferred: ReadonlySet<string>): Considered {
  const { configuration, world, options } = input;
  const targets = checkTargets(input, report);
  const adopts = (address: string) => options.mode !== 'refresh-only' && targets?.has(address) !== false;
  const staticNeeds = (address: string) => input.wiring.dependencies.get(blockAddress(address));
  const refreshed = refresh(input.state, world, input.now, adopts, staticNeeds, options.replace);
  const adoptions = adoptOrphans(refreshed, world);
  const evaluation = new Evaluation(configuration, input.variables, input.facts);
  const refusals: Refusal[] = [];
  const units = new Map<string, Unit>();
  const reads = new Map<string, PlannedRead>();
  const needs = new Map<string, readonly string[]>();
  const planning: Planning = {
    input,
    evaluation,
    refreshed,
    targets,
    adoptions,
    units,
    reads,
    refusals,
    report,
    needs,
    deferred,
  };
  let declared: Declared | null = null;

  if (options.mode !== 'refresh-only') {
    const removedMode = makesDeclared(options.mode) ? 'removed' : targets === null ? 'destroy' : 'targeted';
    if (makesDeclared(options.mode)) declared = planConfiguration(planning);
    for (const resource of options.mode === 'rotate' ? [] : refreshed.state.resources.values()) {
      const { address } = resource;
      if (declared?.instances.has(address) || declared?.unexpanded.has(blockAddress(address))) continue;
      if (targets !== null && !targets.has(address)) continue;
      // Nothing is left of it but its name.
      if (resource.current === null && resource.deposed.length === 0) continue;
      attempt(address, configuration, refusals, () => {
        requireOwners(world, resource);
        const entry = typeOf(world, resource.type);
        const removed = configuration.removed.find(({ from }) => isWithin(address, from));
        const forgets = makesDeclared(options.mode) && removed?.destroy === false;
        const block = configuration.resources.get(blockAddress(address)) ?? null;
        const unit = forgets
          ? planForgotten(resource, entry, world)
          : planRemoved(resource, entry, world, removedMode, block);
        units.set(address, beginWith(adoptions.get(address), unit));
      });
    }
    if (declared !== null) checkReplaced(input, declared, report);
  } else {
    for (const resource of refreshed.state.resources.values()) {
      const { type } = typeOf(world, resource.type);
      if (resource.current !== null)
        evaluation.set(resource.address, objectTypeOf(type), livingObject(type, resource.current, resource.deposed));
    }
    for (const address of input.wiring.order) {
      if (!configuration.data.has(address)) continue;
      for (const { block, scope } of expand(address, planning)?.values() ?? []) {
        if (!('source' in block) || targets?.has(block.address) === false) continue;
        readAlone(() => planData(block, scope, planning));
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
    const idle = makesDeclared(options.mode) && unit !== undefined && unit.steps.length === 0;
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
  const dependencies = allDependencies(input, refreshed, planning, declared);
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
    if (before === null) evaluation.delete(address);
    else evaluation.set(address, objectTypeOf(typeOf(world, typeIn(address, units)).type), before);
  }
  withdrawReads({ reads, evaluation, refusals }, withdrawn, dependencies);

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
  const tooMany = guardDeletes(steps, refreshed.state, options.maxDeletes);
  if (tooMany !== null) blocked = true;

  const outputs = planOutputs(input, evaluation, refusals, report, targets);
  const checks = makesDeclared(options.mode) ? runChecks(configuration, evaluation, report) : [];
  const imported = new Set(all.flatMap(({ change }) => (change.importing === null ? [] : [change.importing])));
  const plan: Plan = {
    stack: configuration.name,
    mode: options.mode,
    lineage: input.state.lineage,
    serial: input.state.serial,
    configurationHash: input.configurationHash,
    createdAt: new Date(input.now).toISOString(),
    steps,
    changes: [...units.values()].flatMap((unit) => [
      ...(unit.change.actions[0] === 'no-op' && unit.change.before === null
        ? []
        : [{ ...unit.change, previousAddress: moves.previous.get(unit.address) ?? null }]),
      ...unit.deposedChanges,
    ]),
    data: [...reads.values()].map(({ read }) => read),
    outputs,
    drift: refreshed.drift,
    unmanaged: refreshed.unmanaged.filter(({ id }) => !imported.has(id)),
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
    upcoming: upcomingOf(all, withdrawn, deferred, input.now),
    checks,
    needs: Object.fromEntries([...units.keys()].map((address) => [address, needs.get(address) ?? []])),
    entries: [
      ...moves.entries,
      ...refreshed.entries,
      ...lost.map(({ intent }) => ({ kind: 'settled' as const, intent: intent.id })),
      ...(options.mode === 'refresh-only' ? [] : emptied(refreshed, declared)),
      ...rewirings(units, input, refreshed, needs, new Set([...withdrawn, ...adoptions.keys()])),
    ],
    diagnostics: [
      ...configuration.warnings,
      ...lost.map(({ intent }) => givenUpWarning(intent)),
      ...doubles,
      ...[...units.values()].flatMap(({ warnings }) => warnings),
      ...secretlessWarning([...units.values()]),
      ...report.diagnostics,
      ...refusals.map((refusal) => refusal.diagnostic),
      ...(tooMany === null ? [] : [tooMany]),
    ],
    blocked: blocked || report.failed,
  };
  return {
    plan,
    doubtful: refreshed.orphans.length + refreshed.superseded.length + doubles.length > 0,
    due: [...units.values()].flatMap(({ address, due }) => (due === null ? [] : [{ address, at: due }])),
  };
}

/** One warning for all keys that Keyform manages without their secrets; none where there is no such key. */
function secretlessWarning(units: readonly Unit[]): readonly Diagnostic[] {
  const addresses = units.filter(({ secretless }) => secretless).map(({ address }) => address);
  const [first] = addresses;
  if (first === undefined) return [];
  const shown = addresses.slice(0, 5).join(', ');
  const rest = addresses.length > 5 ? ` and ${addresses.length - 5} more` : '';
  return [
    {
      severity: 'warning',
      summary:
        addresses.length === 1
          ? 'A key is managed without its secret'
          : `${addresses.length} keys are managed without their secrets`,
      detail: `${shown}${rest}: taken over without it, and no API tells it again. Everything else about them is managed; only a new key has a secret: keyform rotate -force ${first}`,
    },
  ];
}

/** What rotation will do later, soonest first; what was put off is due already. */
function upcomingOf(
  units: readonly Unit[],
  withdrawn: ReadonlySet<string>,
  deferred: ReadonlySet<string>,
  now: number,
): readonly Upcoming[] {
  const all = units.flatMap((unit): readonly Upcoming[] => (withdrawn.has(unit.address) ? [] : unit.upcoming));
  const put = units.flatMap((unit): readonly Upcoming[] => {
    const keyId = deferred.has(unit.address) ? unit.change.before?.id : undefined;
    if (typeof keyId !== 'string') return [];
    const why = 'it is due, and was put off by -max-rotations';
    return [{ address: unit.address, kind: 'rotate', at: new Date(now).toISOString(), keyId, why }];
  });
  return [...put, ...all].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.address < b.address ? -1 : 1));
}

/**
 * Attempts whose secret arrived, for a key that nobody has found, and which the user lets go: the address is to end, or its
 * replacement is asked for.
 */
function givenUp(refreshed: Refreshed, input: PlanInput, targets: Selection | null): readonly Orphan[] {
  const { configuration, options } = input;
  return refreshed.orphans.filter(
    ({ fits, intent: { address } }) =>
      !fits &&
      targets?.has(address) !== false &&
      (options.mode === 'destroy' ||
        !configuration.resources.has(blockAddress(address)) ||
        options.replace.includes(address)),
  );
}

/** Addresses that stayed for a key which was to be made and, as the stack is now, will not be. */
function emptied({ state }: Refreshed, declared: Declared | null): Plan['entries'] {
  return [...state.resources.values()].flatMap(({ address, current, deposed }) =>
    current === null &&
    deposed.length === 0 &&
    declared?.instances.has(address) !== true &&
    declared?.unexpanded.has(blockAddress(address)) !== true
      ? [{ kind: 'forgotten' as const, address, generation: 0 }]
      : [],
  );
}

/** What instances need: as planned, for what could not be planned as the stack has it, and for the rest as state remembers. */
function allDependencies(
  input: PlanInput,
  refreshed: Refreshed,
  { needs, reads }: Pick<Planning, 'needs' | 'reads'>,
  declared: Declared | null,
): ReadonlyMap<string, readonly string[]> {
  const { wiring, state, options } = input;
  const addresses = new Set([...refreshed.state.resources.keys(), ...(declared?.instances ?? []), ...reads.keys()]);
  for (const { address } of state.intents.values()) addresses.add(address);
  return needsGraph(addresses, (address) => {
    const remembered = refreshed.state.resources.get(address)?.dependencies;
    const written = needs.get(address) ?? wiring.dependencies.get(blockAddress(address));
    return (options.mode === 'destroy' ? remembered : undefined) ?? written ?? remembered ?? [];
  });
}

/** Reports addresses that were to be replaced and are no instances. */
function checkReplaced({ configuration, options }: PlanInput, declared: Declared, report: Report): void {
  for (const address of options.replace) {
    const block = configuration.resources.get(blockAddress(address));
    if (block === undefined || declared.instances.has(address) || declared.unexpanded.has(block.address)) continue;
    const instances = [...declared.instances].filter((one) => blockAddress(one) === block.address);
    const [first] = instances;
    report.error(
      undefined,
      'Incompletely-matched force-replace resource instance',
      first === undefined
        ? `${address} has no instance now. -replace takes the address of one.`
        : `${address} is none of its ${instances.length} instances. -replace takes the address of one, such as ${first}.`,
    );
  }
}

/** What a refresh alone cannot read is left out: there is no apply in which it could be read later. */
function readAlone(read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof MissingValue)) throw error;
  }
}

function typeIn(address: string, units: ReadonlyMap<string, Unit>): string {
  return units.get(address)?.change.type ?? '';
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
  needs: ReadonlyMap<string, readonly string[]>,
  except: ReadonlySet<string>,
): Plan['entries'] {
  return [...units.values()].flatMap((unit) => {
    const resource = refreshed.state.resources.get(unit.address);
    const wanted = needs.get(unit.address);
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
