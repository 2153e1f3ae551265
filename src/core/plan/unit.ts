import { parseAddress } from '../address.ts';
import type { ResourceBlock } from '../configuration/resource.ts';
import type { JsonObject } from '../json.ts';
import type { ActualKey } from '../provider.ts';
import { argumentsOf } from '../resource.ts';
import type { Generation, ResourceState } from '../state.ts';
import { asObject, containsSensitive, isWhollyKnown, Sensitive, sensitive, toJson, type Value } from '../value.ts';
import { ownerOf, type TypeEntry, type World } from './actual.ts';
import { completeArgs, type Desire } from './desire.ts';
import { Draft, type DraftStep } from './draft.ts';
import { livingObject, markSensitive, nameIn, plannedObject, sensitiveNames, updatedObject } from './object.ts';
import type { ActionReason, ResourceChange, StepKind } from './plan.ts';
import type { Refreshed } from './refresh.ts';
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
  const next = Math.max(resource?.lastGeneration ?? 0, options.lastGeneration) + 1;
  const before = prior === null ? null : markSensitive(livingObject(type, prior), desired.sensitiveArgs);
  // A key that does not work serves nobody, so it need not stay until the next one does; and dead keys must not pile up.
  const createBeforeDestroy = broken === null && options.createBeforeDestroy;
  const leftOver = resource?.deposed ?? [];
  // Until the key that follows is known to work, the one before it may be the one in use. What is in the way of the next key,
  // because two cannot share a name, goes before it.
  const leaveOver = (unique: ReadonlyMap<string, string>) => {
    const making = draft.steps.filter((step) => step.phase === 'make').map((step) => step.id);
    return leftOver.map((generation) => {
      const inTheWay = [...unique].some(([argument, value]) => generation.args[argument] === value);
      return inTheWay
        ? draft.leftOver(resource as ResourceState, generation, [], 'make')
        : draft.leftOver(resource as ResourceState, generation, making);
    });
  };
  const verifiable = (args: Readonly<Record<string, Value>>) =>
    type.capabilities.asynchronous || (type.capabilities.verify && plain(args.enabled) !== false);

  if (prior === null || actionReason !== null) {
    const made = withoutPrior(type, args, desired);
    const owner = draft.owner(made);
    const unique = uniqueValues(type, made);
    const after = markSensitive(plannedObject(type, made, next), desired.sensitiveArgs);
    const kind: StepKind = prior === null ? 'create' : 'rotate';
    const verifies = verifiable(made);
    const ends = block.provisioners.flatMap(({ when }, index) =>
      when === 'destroy' && broken === null ? [index] : [],
    );
    if (prior === null) {
      draft.make(kind, next, null, made, owner?.id ?? null, []);
      // A key that replaces none is not tried out: that would cost a call, and nothing hangs on it. It is waited for.
      if (type.capabilities.asynchronous || (verifies && leftOver.length > 0))
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
    if (prior !== null && createBeforeDestroy) {
      const commands = draft.commands(ends, 'destroy', prior.number, prior.id, [draft.last()], 'drop');
      draft.drop(prior, resource?.provider ?? block.provider, commands.length > 0 ? commands : [draft.last()]);
    }
    if (type.capabilities.disable && plain(made.enabled) === false) {
      draft.make('disable', next, null, made, owner?.id ?? null, draft.lastMade());
    }
    const deposed = leaveOver(unique);
    const replace: ResourceChange['actions'] = createBeforeDestroy ? ['create', 'delete'] : ['delete', 'create'];
    return {
      address: block.address,
      change: {
        ...base,
        actions: prior === null ? ['create'] : replace,
        before,
        after,
        ownerLabel: owner?.label ?? null,
      },
      deposedChanges: deposed,
      steps: draft.steps,
      value: after,
      owner: owner?.id ?? null,
      unique,
      createBeforeDestroy,
      rewired: null,
      remarked: null,
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
  const followed = leftOver.length > 0 && verifiable(args_);
  const joined = options.adopted && verifiable(args_);
  if (readiness === 'pending') reasons.push('the API was still setting it up');
  else if (joined) reasons.push('it is tried out whether its secret is the one that arrived');
  else if (followed) reasons.push('the key that it replaced goes only once this one is known to work');
  if (readiness === 'pending' || followed || joined)
    draft.make('verify', prior.number, prior, args_, owner?.id ?? null, draft.lastMade());
  const deposed = leaveOver(uniqueValues(type, args_));
  const remarked = newMarks(type, prior, args_, changed);
  const marked = remarked === null ? prior : { ...prior, sensitiveArgs: remarked };
  const after = draft.steps.some((step) => step.phase === 'make' && step.kind !== 'verify')
    ? markSensitive(updatedObject(type, marked, updatedArgs(type, args_)), desired.sensitiveArgs)
    : markSensitive(livingObject(type, marked), desired.sensitiveArgs);
  return {
    address: block.address,
    change: {
      ...base,
      actions: [changed.length > 0 ? 'update' : 'no-op'],
      before,
      after,
      ownerLabel: owner?.label ?? null,
    },
    deposedChanges: deposed,
    steps: draft.steps,
    value: after,
    owner: owner?.id ?? null,
    unique: uniqueValues(type, args_),
    createBeforeDestroy,
    rewired,
    remarked,
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

/** Why an address ends. */
const REMOVAL = {
  removed: 'the stack no longer declares it',
  destroy: 'everything is to be destroyed',
  targeted: 'its destruction was asked for',
} as const;

/** Plans the end of an address; `mode` says why it ends. Throws the error that stands in the place of its connection. */
export function planRemoved(
  resource: ResourceState,
  entry: TypeEntry,
  world: World,
  mode: keyof typeof REMOVAL,
  block: ResourceBlock | null,
): Unit {
  const draft = new Draft(resource.address, resource.type, resource.provider, entry, world, new Map());
  const { type, cloud } = entry;
  const deposed = resource.deposed.map((generation) => draft.leftOver(resource, generation, []));
  const current = resource.current;
  const owner = current === null ? null : draft.owner(knownValues(current.args));
  if (current !== null) {
    // A resource that is tainted may not have run what these commands undo.
    const ends = (block?.provisioners ?? []).flatMap(({ when }, index) =>
      when === 'destroy' && resource.tainted === null ? [index] : [],
    );
    draft.drop(current, resource.provider, draft.commands(ends, 'destroy', current.number, current.id, [], 'drop'));
  }
  return {
    address: resource.address,
    change: {
      address: resource.address,
      type: resource.type,
      name: nameIn(resource.address),
      cloud: cloud.name,
      provider: resource.provider,
      actions: current === null ? ['no-op'] : ['delete'],
      actionReason: mode === 'removed' ? removalOf(resource.address, block) : null,
      before: current === null ? null : livingObject(type, current),
      after: null,
      replacePaths: [],
      reasons: [REMOVAL[mode]],
      deposed: null,
      ownerLabel: owner?.label ?? null,
      previousAddress: null,
      importing: null,
    },
    deposedChanges: deposed,
    steps: draft.steps,
    value: null,
    owner: null,
    unique: new Map(),
    createBeforeDestroy: true,
    rewired: null,
    remarked: null,
  };
}

/** Why the stack no longer declares an instance, in Terraform's words; `block` is what it declares under the address without keys. */
function removalOf(address: string, block: ResourceBlock | null): ActionReason {
  if (block === null) return 'delete_because_no_resource_config';
  const key = parseAddress(address)?.key ?? null;
  const { kind } = block.repetition;
  const fits = kind === 'once' ? key === null : typeof key === (kind === 'count' ? 'number' : 'string');
  if (!fits) return 'delete_because_wrong_repetition';
  if (kind === 'once') return 'delete_because_no_module';
  return kind === 'count' ? 'delete_because_count_index' : 'delete_because_each_key';
}

/** Plans that an address is forgotten: its keys stay as they are at their clouds. */
export function planForgotten(resource: ResourceState, entry: TypeEntry, world: World): Unit {
  const unit = planRemoved({ ...resource, deposed: [] }, entry, world, 'removed', null);
  const all = [...resource.deposed, ...(resource.current === null ? [] : [resource.current])];
  const draft = new Draft(resource.address, resource.type, resource.provider, entry, world, new Map());
  for (const generation of all) draft.forget(generation, resource.provider);
  return {
    ...unit,
    steps: draft.steps,
    change: {
      ...unit.change,
      actions: ['forget'],
      reasons: ['a removed block says that it is no longer managed, and stays'],
    },
  };
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
