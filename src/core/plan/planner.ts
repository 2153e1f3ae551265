import { Report } from '../configuration/block.ts';
import { StackScope } from '../configuration/scope.ts';
import { stableStringify } from '../json.ts';
import { typeOf } from './actual.ts';
import { desire } from './desire.ts';
import { forecast } from './forecast.ts';
import { type Findings, guardCredential, guardDeletes, guardOwners, guardProtected } from './guard.ts';
import type { PlanInput } from './input.ts';
import { livingObject } from './object.ts';
import { orderSteps } from './order.ts';
import { misplacedRefusal, recoverOrphans, unsettledRefusal } from './orphan.ts';
import { planOutputs } from './output.ts';
import { requireListed, requireOwners } from './owner.ts';
import type { Plan, Step } from './plan.ts';
import { type Refreshed, refresh } from './refresh.ts';
import { attempt, dependentRefusal, type Refusal, withdrawRefused } from './refusal.ts';
import { checkTargets } from './target.ts';
import { planDeclared, planRemoved, type Unit } from './unit.ts';

/**
 * Decides what to do. Pure: the same input gives the same plan. Problems of the stack's values and refusals of guards
 * are in the plan's diagnostics; what they do not touch is planned all the same.
 */
export function makePlan(input: PlanInput): Plan {
  const { configuration, world, options } = input;
  const report = new Report();
  const refreshed = refresh(input.state, world);
  const targets = checkTargets(input, refreshed, report);
  const scope = new StackScope(configuration, input.variables);
  const refusals: Refusal[] = [];
  const units = new Map<string, Unit>();

  if (options.mode !== 'refresh-only') {
    const removedMode = options.mode === 'normal' ? 'removed' : targets === null ? 'destroy' : 'targeted';
    if (options.mode === 'normal') planConfiguration(input, refreshed, scope, targets, units, refusals, report);
    for (const resource of refreshed.state.resources.values()) {
      if (options.mode === 'normal' && configuration.resources.has(resource.address)) continue;
      if (targets !== null && !targets.has(resource.address)) continue;
      attempt(resource.address, configuration, refusals, () => {
        requireOwners(world, resource);
        units.set(resource.address, planRemoved(resource, typeOf(world, resource.type), world, removedMode));
      });
    }
  } else {
    for (const address of configuration.resources.keys()) {
      const resource = refreshed.state.resources.get(address);
      if (resource?.current != null)
        scope.resources.set(address, livingObject(typeOf(world, resource.type).type, resource.current));
    }
  }

  const extra =
    options.mode === 'refresh-only' ? [] : recoverOrphans(refreshed.orphans, world, configuration, targets, refusals);
  const all = [...units.values()];
  for (const intent of options.mode === 'refresh-only' ? [] : refreshed.unsettled) {
    if (units.get(intent.address)?.steps.length) refusals.push(unsettledRefusal(intent, configuration));
  }
  for (const misplaced of refreshed.misplaced) {
    if (targets === null || targets.has(misplaced.address)) refusals.push(misplacedRefusal(misplaced, configuration));
  }
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
  scope.refresh();

  const waits = [
    ...findings.waits,
    ...extra.flatMap((step) => firstMakes(units, step.address).map((id) => ({ step: id, after: step.id }))),
  ];
  const ordered = orderSteps(units, dependencies, extra, waits);
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
  return {
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
    entries: [...refreshed.entries, ...rewirings(units, input, refreshed, withdrawn)],
    diagnostics: [
      ...configuration.warnings,
      ...report.diagnostics,
      ...refusals.map((refusal) => refusal.diagnostic),
      ...(tooMany === null ? [] : [tooMany]),
    ],
    blocked: blocked || report.failed,
  };
}

function planConfiguration(
  input: PlanInput,
  refreshed: Refreshed,
  scope: StackScope,
  targets: ReadonlySet<string> | null,
  units: Map<string, Unit>,
  refusals: Refusal[],
  report: Report,
): void {
  const { configuration, wiring, world, options } = input;
  const replace = new Set(options.replace);
  for (const address of wiring.order) {
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
        remembered: input.state.resources.get(address)?.current?.args ?? null,
        lastGeneration: input.state.resources.get(address)?.lastGeneration ?? 0,
      });
      if (unit.owner !== null && unit.steps.length > 0) requireListed(world, unit.owner);
      units.set(address, unit);
      scope.resources.set(address, unit.value);
    });
  }
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

/** Records for keys whose provider reference, dependencies or sensitive marks changed without a call to an API. */
function rewirings(
  units: ReadonlyMap<string, Unit>,
  input: PlanInput,
  refreshed: Refreshed,
  withdrawn: ReadonlySet<string>,
): Plan['entries'] {
  return [...units.values()].flatMap((unit) => {
    const resource = refreshed.state.resources.get(unit.address);
    const wanted = input.wiring.dependencies.get(unit.address);
    if (
      resource === undefined ||
      withdrawn.has(unit.address) ||
      input.options.mode !== 'normal' ||
      wanted === undefined
    )
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
