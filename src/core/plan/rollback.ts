import type { ResourceBlock } from '../configuration/resource.ts';
import { formatDuration } from '../duration.ts';
import { KeyformError } from '../error.ts';
import { formatMoment, parseMoment } from '../moment.ts';
import { argumentsOf } from '../resource.ts';
import { policyOf } from '../rotation/policy.ts';
import type { Generation, ResourceState } from '../state.ts';
import { isWhollyKnown, toJson, UNKNOWN, type Value } from '../value.ts';
import type { World } from './actual.ts';
import { uniqueArguments } from './argument.ts';
import { type Desire, knownArgs } from './desire.ts';
import { Draft } from './draft.ts';
import { livingObject, nameIn, updatedObject } from './object.ts';
import type { Refreshed } from './refresh.ts';
import { same } from './same.ts';
import type { Unit } from './unit.ts';

/**
 * Plans that the key before the current one becomes the current one again: it is enabled where Keyform had disabled it, tried out, made
 * current, and given its name back where names are unique; what depends on the address follows, and the key that was current begins its
 * overlap. Throws `invalid-usage` when there is no key to go back to, or when the stack asks for another kind of key than that one.
 */
export function planRollback(
  block: ResourceBlock,
  desired: Desire,
  resource: ResourceState,
  world: World,
  now: number,
  strangers: Refreshed['strangers'],
): Unit {
  const { address, cloud, type } = block;
  const { provider, current } = resource;
  const target = goal(resource, address, now);
  refuseOther(block, desired, target);
  const draft = new Draft(address, type.type, provider, { cloud, type }, world, strangers);
  const owner = draft.owner(target.args);
  const id = owner?.id ?? null;
  const policy = policyOf(knownArgs(desired.args));
  const { disable, verify, asynchronous } = type.capabilities;
  if (disable && !target.enabled)
    draft.make('enable', target.number, target, { ...target.args, enabled: true }, id, []);
  if ((verify && policy.verify && target.secret !== null) || asynchronous)
    draft.make('verify', target.number, target, target.args, id, draft.lastMade());
  draft.restore(target, provider);
  const restored: Generation = { ...target, enabled: disable ? true : target.enabled, restoredAt: formatMoment(now) };
  const name = nameToSwap(block, desired, target, current);
  const args: Record<string, Value> = { ...restored.args };
  if (name !== null) {
    if (current !== null)
      draft.freeName(current, new Map([[name.argument, name.value]]), id, provider, draft.lastMade());
    args[name.argument] = name.value;
    draft.make('update', target.number, target, args, id, draft.lastMade(), [name.argument]);
  }
  const others = resource.deposed.filter((key) => key !== target);
  const before = current === null ? null : livingObject(type, current, resource.deposed);
  const after = name === null ? livingObject(type, restored, others) : updatedObject(type, restored, args, others);
  after.previous = UNKNOWN;
  return {
    address,
    change: {
      address,
      type: type.type,
      name: nameIn(address),
      cloud: cloud.name,
      provider,
      actions: ['update'],
      actionReason: null,
      before,
      after,
      replacePaths: [],
      reasons: [
        `it is rolled back to generation ${target.number}, key ${target.accessKeyId}`,
        ...(current === null
          ? []
          : [
              `key ${current.accessKeyId}, which was current, stays valid ${policy.overlap === 0 ? 'until the next run' : `for ${formatDuration(policy.overlap)}`}`,
            ]),
      ],
      deposed: null,
      ownerLabel: owner?.label ?? null,
      previousAddress: null,
      importing: null,
    },
    deposedChanges: [],
    steps: draft.steps,
    value: after,
    owner: id,
    unique: new Map(),
    createBeforeDestroy: true,
    rewired: null,
    remarked: null,
    upcoming: [],
    warnings: [],
    secretless: false,
    due: null,
  };
}

/** The newest replaced key that can be the current one again. */
function goal({ deposed }: ResourceState, address: string, now: number): Generation {
  const target = deposed.at(-1);
  if (target === undefined)
    throw new KeyformError('invalid-usage', `There is no key to roll ${address} back to`, {
      detail:
        'A rollback brings back the key before the current one, as long as that is alive: set "overlap" in its rotation, and roll back before the overlap ends. The key before is gone; -force makes a new one.',
    });
  const end = target.expiresAt === null ? null : parseMoment(target.expiresAt);
  if (end !== null && end <= now)
    throw new KeyformError('invalid-usage', `Key ${target.accessKeyId}, to roll ${address} back to, has expired`, {
      detail: `It expired at ${target.expiresAt}. Make a new key with -force instead.`,
    });
  return target;
}

/** Refuses to go back to a key that the next plan would replace at once. */
function refuseOther(block: ResourceBlock, desired: Desire, target: Generation): void {
  const known = knownArgs(desired.args);
  const differing = Object.entries(argumentsOf(block.type)).flatMap(([name, spec]) => {
    if (!spec.forcesNew || !Object.hasOwn(known, name)) return [];
    if (spec.unset === 'keep' && !desired.set.has(name)) return [];
    return same(known[name] ?? null, target.args[name] ?? null, spec.same) ? [] : [name];
  });
  if (differing.length === 0) return;
  throw new KeyformError('invalid-usage', `The stack asks for another key of ${block.address} than the one before`, {
    detail: `${differing.map((name) => `"${name}"`).join(', ')} changed since, which needs a new key: the next apply would replace the old one at once. Set it in the stack as it was (${differing.map((name) => `${name} = ${JSON.stringify(target.args[name] ?? null)}`).join(', ')}), then roll back.`,
  });
}

/** The unique name that the current key has and the target shall have again; null where names are not unique, or it has it. */
function nameToSwap(
  block: ResourceBlock,
  desired: Desire,
  target: Generation,
  current: Generation | null,
): { readonly argument: string; readonly value: string } | null {
  const { name } = block.type.capabilities;
  if (name === null || !name.renameable || !uniqueArguments(block.type).includes(name.argument)) return null;
  const wanted = desired.args[name.argument] ?? null;
  const value = isWhollyKnown(wanted) ? toJson(wanted) : (current?.args[name.argument] ?? null);
  return typeof value === 'string' && value !== target.args[name.argument] ? { argument: name.argument, value } : null;
}
