import type { ResourceBlock } from '../configuration/resource.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { JsonObject } from '../json.ts';
import type { ActualKey } from '../provider.ts';
import { argumentsOf } from '../resource.ts';
import { policyOf } from '../rotation/policy.ts';
import { type Due, dueAt, scheduleOf } from '../rotation/schedule.ts';
import type { Generation, ResourceState } from '../state.ts';
import { containsSensitive, isWhollyKnown, sensitive, UNKNOWN, type Value } from '../value.ts';
import { ownerOf, type World } from './actual.ts';
import {
  keepElement,
  knownValues,
  markAs,
  newMarks,
  plain,
  unchanged,
  uniqueValues,
  updatedArgs,
  withoutPrior,
} from './argument.ts';
import { completeArgs, type Desire, knownArgs } from './desire.ts';
import { Draft, type DraftStep, isRemembered } from './draft.ts';
import { planKept, type Rotating, rotations } from './kept.ts';
import { livingObject, markSensitive, nameIn, plannedObject, updatedObject } from './object.ts';
import type { ActionReason, ResourceChange, StepKind, Upcoming } from './plan.ts';
import type { Refreshed } from './refresh.ts';
import { acts, decideRetirement, downtimeWarning, draftRetirement, endPrior, NOTHING } from './retire.ts';

/** What is planned for one address, before it is ordered among the others. */
export interface Unit {
  readonly address: string;
  readonly change: ResourceChange;
  /** Deletions of keys that earlier replacements left behind. */
  readonly deposedChanges: readonly ResourceChange[];
  readonly steps: readonly DraftStep[];
  /** What references to the address see while planning. */
  readonly value: Value;
  /** Owner id of the key that is (to be) current; null when not known before apply, or when there is to be none. */
  readonly owner: string | null;
  /** Values of {@link uniqueArguments} that the current key is to have; those that are not known are absent. */
  readonly unique: ReadonlyMap<string, string>;
  /** Whether a new key is made before the old one goes. */
  readonly createBeforeDestroy: boolean;
  /** A new provider reference for a key that stays. */
  readonly rewired: string | null;
  /** What rotation will do later. */
  readonly upcoming: readonly Upcoming[];
  /** What its owner should know of its replaced keys. */
  readonly warnings: readonly Diagnostic[];
  /** Whether the key stays, and state does not hold its secret. */
  readonly secretless: boolean;
  /** When its schedule made it due, milliseconds since 1970; null where this plan does not replace it for that. */
  readonly due: number | null;
  /** New names of sensitive arguments for a key that stays, where the stack marks the same values otherwise than state does. */
  readonly remarked: readonly string[] | null;
}

/**
 * Plans an address that the stack declares; `resource` is what state holds of it after the refresh, undefined for nothing.
 * Throws the error that stands in the place of its connection.
 */
export function planDeclared(
  block: ResourceBlock,
  desired: Desire,
  resource: ResourceState | undefined,
  world: World,
  options: {
    readonly replace: boolean;
    readonly strangers: Refreshed['strangers'];
    /** The current key's arguments before the refresh: what follows from them is what Keyform meant, not what drifted. */
    readonly remembered: JsonObject | null;
    /** The highest generation number before the refresh: an address whose key is gone goes on counting. */
    readonly lastGeneration: number;
    /** The key is an orphan that the plan takes over, with a secret that arrived apart from it. */
    readonly adopted: boolean;
    /** Whether its replacement is made first, where the key works. */
    readonly createBeforeDestroy: boolean;
    /** What of `replace_triggered_by` changes; null for nothing. */
    readonly triggered: string | null;
    /** The key exists already and becomes that of the address: its id. */
    readonly imported: string | null;
    readonly rotating: Rotating;
  },
): Unit {
  const { type } = block;
  const specs = argumentsOf(type);
  const prior = resource?.current ?? null;
  const args: Record<string, Value> = { ...desired.args };
  const ignored = block.lifecycle.ignoreChanges;
  const kept = new Set<string>();
  if (prior !== null) {
    for (const [name, spec] of Object.entries(specs)) {
      const ignore = ignored === 'all' || ignored.some((one) => one.argument === name && one.element === null);
      if (ignored !== 'all' && !ignore) {
        for (const { argument, element } of ignored)
          if (argument === name && element !== null)
            args[name] = keepElement(args[name] ?? null, prior.args[name] ?? null, element);
      }
      if (ignore || (spec.unset === 'keep' && !desired.set.has(name))) {
        kept.add(name);
        args[name] = markAs(type, desired, prior, name, prior.args[name] ?? null);
      }
    }
  }
  const inPlace = prior === null ? null : completeArgs(type, args, options.remembered ?? prior.args, null);
  const reasons: string[] = [];
  const replacePaths: string[] = [];
  const changed: string[] = [];
  let actionReason: ActionReason = null;
  let rewired: string | null = null;
  const readiness = prior === null ? 'ready' : readinessOf(block, prior, world);

  const broken = prior === null ? null : (resource?.tainted ?? UNFIT[readiness]);
  const { rotating } = options;
  // Until the new one is known, the old one counts: without any, the old key would end at once.
  const policy = policyOf(isWhollyKnown(args.rotation ?? null) ? knownArgs(args) : (prior?.args ?? {}));
  const due: Due =
    // What is imported is taken over first; the next plan rotates it.
    prior === null || type.local === true || options.imported !== null
      ? { kind: 'later', at: null, why: '' }
      : scheduleOf(prior, policy, rotating.now, rotating.within);

  if (prior === null || inPlace === null) {
    reasons.push(resource === undefined && options.remembered === null ? 'it does not exist yet' : 'its key is gone');
  } else {
    for (const [name, spec] of Object.entries(specs)) {
      if (kept.has(name)) continue;
      const wanted = inPlace[name] ?? null;
      if (unchanged(wanted, prior.args[name] ?? null, spec.same)) {
        // In another spelling perhaps: then nothing about it shows as changed.
        const kept = prior.args[name] ?? null;
        inPlace[name] = containsSensitive(wanted) ? sensitive(kept) : kept;
        continue;
      }
      if (spec.forcesNew) replacePaths.push(name);
      else changed.push(name);
    }
    if (broken !== null) {
      actionReason = 'replace_because_tainted';
      reasons.push(broken);
    }
    if (due.kind === 'due' && !rotating.deferred) {
      actionReason = 'replace_because_due';
      reasons.push(`its rotation is due: ${due.why}`);
    }
    if (options.replace) {
      actionReason = 'replace_by_request';
      reasons.push('its replacement was asked for');
    }
    if (options.triggered !== null) {
      actionReason = 'replace_by_triggers';
      reasons.push(`${options.triggered}, which replace_triggered_by names`);
    }
    if (replacePaths.length > 0) {
      actionReason = 'replace_because_cannot_update';
      const what = type.local === true ? 'replaces it' : 'needs a new key';
      reasons.push(`${listNames(replacePaths)} changed, which ${what}`);
    }
    if (resource !== undefined && resource.provider !== block.provider) {
      const moved = movesWithoutReplacement(block, resource.provider, prior, world);
      if (moved) rewired = block.provider;
      else if (actionReason === null) {
        actionReason = 'replace_because_cannot_update';
        reasons.push(`the provider configuration changed from ${resource.provider} to ${block.provider}`);
      }
    }
  }

  const draft = new Draft(
    block.address,
    block.type.type,
    block.provider,
    { cloud: block.cloud, type },
    world,
    options.strangers,
  );
  const base = {
    address: block.address,
    type: type.type,
    name: nameIn(block.address),
    cloud: block.cloud.name,
    provider: block.provider,
    deposed: null,
    reasons,
    replacePaths,
    actionReason,
    previousAddress: null,
    importing: options.imported,
  };
  const asked = broken !== null || options.replace || actionReason === 'replace_because_due';
  const rotates = replacePaths.every((name) => name === 'keepers') && (asked || replacePaths.length > 0);
  if (rotating.only && resource !== undefined && prior !== null && !(asked || rotates) && options.imported === null)
    return planKept(block, resource, prior, world, options, due);
  const next = Math.max(resource?.lastGeneration ?? 0, options.lastGeneration) + 1;
  const replaced = resource?.deposed ?? [];
  const before = prior === null ? null : markSensitive(livingObject(type, prior, replaced), desired.sensitiveArgs);
  // A key that does not work serves nobody, so it need not stay until the next one does; and dead keys must not pile up.
  const createBeforeDestroy = broken === null && options.createBeforeDestroy && policy.strategy !== 'delete_first';
  const renews = rotates && prior !== null && broken === null && policy.strategy === 'regenerate';
  const ends = block.provisioners.flatMap(({ when }, index) => (when === 'destroy' && broken === null ? [index] : []));
  const retiring = {
    resource: resource ?? EMPTY,
    entry: { cloud: block.cloud, type },
    world,
    policy,
    now: rotating.now,
    revoke: rotating.revoke,
    allowCredential: rotating.allowCredential,
  };
  const verifiable = (args: Readonly<Record<string, Value>>) =>
    type.capabilities.asynchronous || (policy.verify && type.capabilities.verify && plain(args.enabled) !== false);
  const dueSince = actionReason === 'replace_because_due' ? (dueAt(prior as Generation, policy)?.at ?? null) : null;

  if (prior === null || (actionReason !== null && !renews)) {
    const made = withoutPrior(type, args, desired);
    const owner = draft.owner(made);
    const unique = uniqueValues(type, made);
    const after = markSensitive(plannedObject(type, made, next), desired.sensitiveArgs);
    const kind: StepKind = prior === null ? 'create' : 'rotate';
    const verifies = verifiable(made);
    if (prior === null) {
      draft.make(kind, next, null, made, owner?.id ?? null, []);
      // A key that replaces none is not tried out: that would cost a call, and nothing hangs on it. It is waited for.
      if (type.capabilities.asynchronous || (verifies && replaced.length > 0))
        draft.make('verify', next, null, made, owner?.id ?? null, [`${kind} ${block.address}`]);
    } else if (createBeforeDestroy) {
      const renamed = draft.freeName(prior, unique, owner?.id ?? null, resource?.provider ?? block.provider);
      draft.make(kind, next, null, made, owner?.id ?? null, renamed === null ? [] : [renamed]);
      if (verifies) draft.make('verify', next, null, made, owner?.id ?? null, [`${kind} ${block.address}`]);
    } else {
      const commands = draft.commands(ends, 'destroy', prior.number, prior.id, [], 'make');
      draft.drop(prior, resource?.provider ?? block.provider, commands, 'make');
      draft.make(kind, next, null, made, owner?.id ?? null, [draft.last()]);
      if (verifies) draft.make('verify', next, null, made, owner?.id ?? null, [`${kind} ${block.address}`]);
    }
    const begins = block.provisioners.flatMap(({ when }, index) => (when === 'create' ? [index] : []));
    draft.commands(begins, 'create', next, null, [draft.last()], 'make');
    const last =
      prior === null || !createBeforeDestroy
        ? NOTHING
        : type.local === true
          ? { ...NOTHING, decisions: [{ key: prior, move: { kind: 'delete' as const, why: '', warning: null } }] }
          : decideRetirement([prior], { ...retiring, successor: null });
    const ended =
      prior === null
        ? []
        : endPrior(prior, last, draft, ends, resource?.provider ?? block.provider, retiring.resource, policy, reasons);
    if (type.capabilities.disable && plain(made.enabled) === false) {
      draft.make('disable', next, null, made, owner?.id ?? null, draft.lastMade());
    }
    const making = draft.steps.filter((step) => step.phase === 'make').map((step) => step.id);
    // What is in the way of the next key, because two cannot share a name, goes before it.
    const inTheWay = replaced.filter((key) => [...unique].some(([argument, value]) => key.args[argument] === value));
    const decided = decideRetirement(
      replaced.filter((key) => !inTheWay.includes(key)),
      { ...retiring, successor: null },
    );
    const deposed = [
      ...ended,
      ...inTheWay.map((key) => draft.leftOver(retiring.resource, key, [], LEFT_OVER, { phase: 'make' })),
      // Until the key that follows is known to work, the one before it may be the one in use.
      ...draftRetirement(draft, decided, retiring.resource, making, ends),
    ];
    const downtime =
      prior !== null && broken === null && policy.strategy === 'delete_first' ? [downtimeWarning(block.address)] : [];
    const replace: ResourceChange['actions'] = createBeforeDestroy ? ['create', 'delete'] : ['delete', 'create'];
    return {
      address: block.address,
      change: {
        ...base,
        actions: prior === null ? ['create'] : replace,
        before,
        after,
        ownerLabel: owner?.label ?? null,
        ...(last.decisions.some(({ move }) => move.kind !== 'delete') ? { overlaps: true as const } : {}),
      },
      deposedChanges: deposed,
      steps: draft.steps,
      value: after,
      owner: owner?.id ?? null,
      unique,
      createBeforeDestroy,
      rewired: null,
      remarked: null,
      upcoming: [...decided.upcoming, ...last.upcoming],
      warnings: [...downtime, ...decided.warnings, ...last.warnings],
      secretless: false,
      due: dueSince,
    };
  }

  const args_ = inPlace as Record<string, Value>;
  const owner = draft.owner(knownValues(prior.args));
  if (options.imported !== null) {
    draft.make('import', prior.number, prior, args_, owner?.id ?? null, []);
    reasons.push('an import block names its key');
  }
  const toggles = changed.includes('enabled') && type.capabilities.disable;
  const updates = changed.filter((name) => !(toggles && name === 'enabled'));
  if (updates.length > 0) {
    draft.make('update', prior.number, prior, args_, owner?.id ?? null, draft.lastMade(), updates);
    reasons.push(`${listNames(updates)} changed`);
  }
  if (toggles) {
    const kind: StepKind = plain(args_.enabled) === false ? 'disable' : 'enable';
    draft.make(kind, prior.number, prior, args_, owner?.id ?? null, draft.lastMade());
    reasons.push(`the key is to be ${kind}d`);
  }
  if (renews) draft.make('rotate', next, prior, args_, owner?.id ?? null, draft.lastMade(), [], true);
  const number = renews ? next : prior.number;
  const decided = decideRetirement(replaced, { ...retiring, successor: prior });
  const followed = decided.decisions.some(acts) && verifiable(args_);
  const joined = options.adopted && verifiable(args_);
  if (readiness === 'pending') reasons.push('the API was still setting it up');
  else if (joined) reasons.push('it is tried out whether its secret is the one that arrived');
  else if (followed) reasons.push('the key that it replaced goes only once this one is known to work');
  if (readiness === 'pending' || followed || joined || (renews && verifiable(args_)))
    draft.make('verify', number, prior, args_, owner?.id ?? null, draft.lastMade());
  const making = draft.steps.filter((step) => step.phase === 'make').map((step) => step.id);
  const deposed = draftRetirement(draft, decided, retiring.resource, making, ends);
  const remarked = newMarks(type, prior, args_, changed);
  const marked = remarked === null ? prior : { ...prior, sensitiveArgs: remarked };
  const calls = draft.steps.some(
    (step) => step.phase === 'make' && step.kind !== 'verify' && !isRemembered(step.kind, step.changed),
  );
  const object = calls
    ? updatedObject(type, marked, updatedArgs(type, args_), replaced)
    : livingObject(type, marked, replaced);
  if (!calls && updates.length > 0) Object.assign(object, { rotation: args_.rotation ?? null, rotate_at: UNKNOWN });
  if (renews) Object.assign(object, { secret: sensitive(UNKNOWN), generation: next, rotate_at: UNKNOWN });
  const after = markSensitive(object, desired.sensitiveArgs);
  const value = decided.decisions.some(acts) ? { ...after, previous: UNKNOWN } : after;
  const acting = changed.length > 0 || renews;
  return {
    address: block.address,
    change: {
      ...base,
      actions: [acting ? 'update' : 'no-op'],
      before,
      after: acting ? value : after,
      ownerLabel: owner?.label ?? null,
    },
    deposedChanges: deposed,
    steps: draft.steps,
    value,
    owner: owner?.id ?? null,
    unique: uniqueValues(type, args_),
    createBeforeDestroy,
    rewired,
    remarked,
    upcoming: [...(type.local === true || renews ? [] : rotations(block.address, prior, due)), ...decided.upcoming],
    warnings: decided.warnings,
    secretless: type.local !== true && !renews && prior.secret === null,
    due: dueSince,
  };
}

/** Why a key that state holds has to be replaced, by how its API shows it. */
const UNFIT: Readonly<Record<ActualKey['readiness'], string | null>> = {
  ready: null,
  pending: null,
  failed: 'the API gave up on setting it up',
  leaving: 'the API is deleting it',
};

/** How the API shows the living key; `ready` where nobody asked. One that a list lacks, and that is not gone, is too new for it. */
function readinessOf(block: ResourceBlock, prior: Generation, world: World): ActualKey['readiness'] {
  if (!block.type.capabilities.asynchronous) return 'ready';
  const keys = world.keys.get(ownerOf(world, block.provider, block.type.type, prior.args).id);
  return keys === undefined || keys instanceof Error ? 'ready' : (keys.get(prior.id)?.readiness ?? 'pending');
}

/**
 * Whether the key is found through the new provider configuration too, so that only the wiring changes. An owner that both
 * configurations name alike needs no look; any other that was not read (`-refresh=false`) counts as without the key.
 */
function movesWithoutReplacement(block: ResourceBlock, from: string, prior: Generation, world: World): boolean {
  const owner = ownerOf(world, block.provider, block.type.type, prior.args).id;
  const keys = world.keys.get(owner);
  if (keys === undefined) return owner === ownerOf(world, from, block.type.type, prior.args).id;
  return !(keys instanceof Error) && keys.has(prior.id);
}

function listNames(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}

const LEFT_OVER = 'it was replaced before, and is still alive';

/** Of an address of which state holds nothing. */
const EMPTY: ResourceState = {
  address: '',
  type: '',
  provider: '',
  dependencies: [],
  current: null,
  deposed: [],
  lastGeneration: 0,
  tainted: null,
};
