import type { ResourceBlock } from '../configuration/resource.ts';
import { formatMoment } from '../moment.ts';
import { policyOf } from '../rotation/policy.ts';
import type { Due } from '../rotation/schedule.ts';
import type { Generation, ResourceState } from '../state.ts';
import { UNKNOWN } from '../value.ts';
import type { World } from './actual.ts';
import { knownValues, uniqueValues } from './argument.ts';
import { Draft } from './draft.ts';
import { livingObject, nameIn } from './object.ts';
import type { Upcoming } from './plan.ts';
import type { Refreshed } from './refresh.ts';
import { acts, decideRetirement, draftRetirement, NOTHING } from './retire.ts';
import type { Unit } from './unit.ts';

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

/** The next scheduled rotation of a key, to be told. */
export function rotations(address: string, key: Generation, due: Due): readonly Upcoming[] {
  const at = due.kind === 'due' ? 0 : due.at;
  if (at === null || due.kind === 'due') return [];
  const why = due.kind === 'waits' ? `${due.why}, and its window opens then` : due.why;
  return [{ address, kind: 'rotate', at: formatMoment(Math.max(0, at)), keyId: key.id, why }];
}

/** A key whose rotation is not asked for, in a plan of nothing else: its replaced keys are followed, and the rest stays as it is. */
export function planKept(
  block: ResourceBlock,
  resource: ResourceState,
  prior: Generation,
  world: World,
  options: {
    readonly strangers: Refreshed['strangers'];
    readonly rotating: Rotating;
    readonly adopted: boolean;
  },
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
    secretless: type.local !== true && prior.secret === null,
    due: null,
  };
}
