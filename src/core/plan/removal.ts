import { parseAddress } from '../address.ts';
import type { ResourceBlock } from '../configuration/resource.ts';
import type { ResourceState } from '../state.ts';
import type { TypeEntry, World } from './actual.ts';
import { Draft } from './draft.ts';
import { livingObject, nameIn } from './object.ts';
import type { ActionReason } from './plan.ts';
import type { Unit } from './unit.ts';

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
  const deposed = resource.deposed.map((generation) =>
    draft.leftOver(resource, generation, [], 'it was replaced before, and is still alive'),
  );
  const current = resource.current;
  const owner = current === null ? null : draft.owner(current.args);
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
      before: current === null ? null : livingObject(type, current, resource.deposed),
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
    upcoming: [],
    warnings: [],
    secretless: false,
    due: null,
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
