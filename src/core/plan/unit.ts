import type { ResourceBlock } from '../configuration/resource.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { formatDuration } from '../duration.ts';
import type { JsonObject } from '../json.ts';
import { formatMoment } from '../moment.ts';
import type { ActualKey } from '../provider.ts';
import { argumentsOf } from '../resource.ts';
import { type Policy, policyOf } from '../rotation/policy.ts';
import { type Due, dueAt, scheduleOf } from '../rotation/schedule.ts';
import type { Generation, ResourceState } from '../state.ts';
import {
  asObject,
  containsSensitive,
  isWhollyKnown,
  Sensitive,
  sensitive,
  toJson,
  UNKNOWN,
  type Value,
} from '../value.ts';
import { ownerOf, type TypeEntry, type World } from './actual.ts';
import { completeArgs, type Desire, knownArgs } from './desire.ts';
import { Draft, type DraftStep, isRemembered } from './draft.ts';
import { livingObject, markSensitive, nameIn, plannedObject, sensitiveNames, updatedObject } from './object.ts';
import type { ActionReason, ResourceChange, StepKind, Upcoming } from './plan.ts';
import type { Refreshed } from './refresh.ts';
import { acts, type Decided, decideRetirement, draftRetirement } from './retire.ts';
import { same } from './same.ts';

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
  const policy = policyOf(knownArgs(args));
  const due: Due =
    prior === null || type.local === true
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
    due: dueSince,
  };
}

/** Drafts what becomes of the key that is being replaced, after its successor is made, and says so in `reasons`. */
function endPrior(
  prior: Generation,
  { decisions }: Decided,
  draft: Draft,
  ends: readonly number[],
  provider: string,
  resource: ResourceState,
  policy: Policy,
  reasons: string[],
): readonly ResourceChange[] {
  const move = decisions[0]?.move;
  const after = draft.lastMade();
  if (move?.kind === 'delete') {
    const commands = draft.commands(ends, 'destroy', prior.number, prior.id, after, 'drop');
    draft.drop(prior, provider, commands.length > 0 ? commands : after);
  } else if (move?.kind === 'disable') {
    reasons.push(`the old key is disabled, and deleted ${formatDuration(policy.disableFor)} later`);
    return [draft.disable(resource, prior, after, 'it is replaced')];
  } else if (move?.kind === 'depose') {
    draft.depose(prior, provider, after);
    reasons.push(
      `the old key stays valid until ${formatMoment(move.until)}${policy.retireWhen === null ? '' : ', and while it is used'}`,
    );
  } else if (move?.kind === 'hold') {
    draft.depose(prior, provider, after);
    reasons.push('the old key stays valid');
  }
  return [];
}

function downtimeWarning(address: string): Diagnostic {
  return {
    severity: 'warning',
    summary: 'No key works for a while',
    detail:
      'Its rotation has strategy "delete_first": the old key is deleted before the new one is made and delivered.',
    address,
  };
}

/** What {@link planDeclared} is told of rotation. */
export interface Rotating {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** What will be due within so many milliseconds counts as due. */
  readonly within: number;
  /** Nothing but rotations and retirements is planned for what is there. */
  readonly only: boolean;
  /** Replaced keys end at once. */
  readonly revoke: boolean;
  /** Its scheduled rotation is put off to another run. */
  readonly deferred: boolean;
  /** Whether the key that Keyform authenticates with may end. */
  readonly allowCredential: boolean;
}

const LEFT_OVER = 'it was replaced before, and is still alive';

const NOTHING: Decided = { decisions: [], upcoming: [], warnings: [] };

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

/** The next scheduled rotation of a key, to be told. */
function rotations(address: string, key: Generation, due: Due): readonly Upcoming[] {
  const at = due.kind === 'due' ? 0 : due.at;
  if (at === null || due.kind === 'due') return [];
  const why = due.kind === 'waits' ? `${due.why}, and its window opens then` : due.why;
  return [{ address, kind: 'rotate', at: formatMoment(Math.max(0, at)), keyId: key.id, why }];
}

/** A key whose rotation is not asked for, in a plan of nothing else: its replaced keys are followed, and the rest stays as it is. */
function planKept(
  block: ResourceBlock,
  resource: ResourceState,
  prior: Generation,
  world: World,
  options: Pick<Parameters<typeof planDeclared>[4], 'strangers' | 'rotating' | 'adopted'>,
  due: Due,
): Unit {
  const { address, cloud, type } = block;
  const { rotating, strangers } = options;
  const { provider } = resource;
  const entry = { cloud, type };
  const policy = policyOf(prior.args);
  const draft = new Draft(address, type.type, provider, entry, world, strangers);
  const owner = draft.owner(knownValues(prior.args));
  const { revoke, now, allowCredential } = rotating;
  const decided =
    type.local === true
      ? NOTHING
      : decideRetirement(resource.deposed, {
          resource,
          entry,
          world,
          policy,
          now,
          revoke,
          allowCredential,
          successor: prior,
        });
  const acting = decided.decisions.some(acts);
  const { asynchronous, verify } = type.capabilities;
  const tries = asynchronous || (policy.verify && verify && prior.enabled);
  const value = livingObject(type, prior, resource.deposed);
  if ((acting || options.adopted) && tries)
    draft.make('verify', prior.number, prior, knownValues(prior.args), owner?.id ?? null, []);
  const ends = block.provisioners.flatMap(({ when }, index) => (when === 'destroy' ? [index] : []));
  const deposedChanges = draftRetirement(draft, decided, resource, draft.lastMade(), ends);
  return {
    address,
    change: {
      address,
      type: type.type,
      name: nameIn(address),
      cloud: cloud.name,
      provider,
      actions: ['no-op'],
      actionReason: null,
      before: value,
      after: value,
      replacePaths: [],
      reasons: acting && tries ? ['the key that it replaced goes only once this one is known to work'] : [],
      deposed: null,
      ownerLabel: owner?.label ?? null,
      previousAddress: null,
      importing: null,
    },
    deposedChanges,
    steps: draft.steps,
    value: acting ? { ...value, previous: UNKNOWN } : value,
    owner: owner?.id ?? null,
    unique: uniqueValues(type, knownValues(prior.args)),
    createBeforeDestroy: true,
    rewired: null,
    remarked: null,
    upcoming: [...(type.local === true ? [] : rotations(address, prior, due)), ...decided.upcoming],
    warnings: decided.warnings,
    due: null,
  };
}

/** A map with one element as it was before: the others are followed. */
function keepElement(wanted: Value, prior: Value, element: string): Value {
  const marked = wanted instanceof Sensitive;
  const map = asObject(wanted);
  if (map === null && wanted !== null) return wanted;
  const before = asObject(prior);
  const { [element]: _, ...others } = map ?? {};
  const kept =
    before !== null && Object.hasOwn(before, element) ? { ...others, [element]: before[element] ?? null } : others;
  if (wanted === null && Object.keys(kept).length === 0) return null;
  return marked ? sensitive(kept) : kept;
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

/** Arguments of a key that is made anew: nothing is carried over from the one before it. */
function withoutPrior(
  type: TypeEntry['type'],
  args: Readonly<Record<string, Value>>,
  desired: Desire,
): Record<string, Value> {
  const fresh: Record<string, Value> = { ...args };
  for (const [name, spec] of Object.entries(argumentsOf(type))) {
    if (spec.unset === 'keep' && !desired.set.has(name)) fresh[name] = desired.args[name] ?? null;
  }
  return completeArgs(type, fresh, null, null);
}

function unchanged(wanted: Value, before: Value, compare?: (a: never, b: never) => boolean): boolean {
  if (!isWhollyKnown(wanted)) return false;
  return same(toJson(wanted), toJson(before), compare as Parameters<typeof same>[2]);
}

/** Arguments of an updated key for its planned object; one that only state remembers is known all the same. */
function updatedArgs(type: TypeEntry['type'], args: Readonly<Record<string, Value>>): Record<string, Value> {
  const shown: Record<string, Value> = {};
  for (const name of Object.keys(argumentsOf(type))) shown[name] = args[name] ?? null;
  return shown;
}

function markAs(type: TypeEntry['type'], desired: Desire, prior: Generation, name: string, value: Value): Value {
  const marked = sensitiveNames(type, [...desired.sensitiveArgs, ...prior.sensitiveArgs]).has(name);
  return marked && value !== null ? new Sensitive(value) : value;
}

/**
 * The marks of a key's arguments as the stack has them now; null when state has the same. Those of values that are about
 * to change stay as they are: they are the old value's, and the step that changes it brings the new one's.
 */
function newMarks(
  type: TypeEntry['type'],
  prior: Generation,
  args: Readonly<Record<string, Value>>,
  changed: readonly string[],
): readonly string[] | null {
  const marks = Object.keys(argumentsOf(type)).filter((name) =>
    changed.includes(name) ? prior.sensitiveArgs.includes(name) : containsSensitive(args[name] ?? null),
  );
  // What is sensitive by its type is so without a mark.
  const all = (names: readonly string[]) => [...sensitiveNames(type, names)].sort();
  return same(all(marks), all(prior.sensitiveArgs)) ? null : marks;
}

function knownValues(args: JsonObject): Readonly<Record<string, Value>> {
  return args as Readonly<Record<string, Value>>;
}

/** A value without its mark; null for none. */
function plain(value: Value | undefined): Value {
  return value instanceof Sensitive ? value.reveal() : (value ?? null);
}

/** The arguments whose value no two keys of an owner can share. */
export function uniqueArguments(type: TypeEntry['type']): string[] {
  const { name, customId } = type.capabilities;
  return [...(name?.uniquePerOwner === true ? [name.argument] : []), ...(customId === null ? [] : [customId])];
}

function uniqueValues(type: TypeEntry['type'], args: Readonly<Record<string, Value>>): Map<string, string> {
  const values = new Map<string, string>();
  for (const argument of uniqueArguments(type)) {
    const value = plain(args[argument]);
    if (typeof value === 'string') values.set(argument, value);
  }
  return values;
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
