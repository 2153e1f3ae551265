import type { JsonObject } from '../../src/core/json.ts';
import { examples } from '../conformance/examples.ts';
import { type Declared, TYPES, typeOf } from './scene.ts';

/** What is done to a key when the process dies. */
export const OPERATIONS = [
  'create',
  'update',
  'rotate',
  'disable',
  'delete',
  /** Rotated by its policy, with an overlap. */
  'overlap',
  /** The old key of an overlap that is over is deleted. */
  'retire',
  /** Back to the old key, within the overlap. */
  'rollback',
  /** The old key is deleted before the new one is made. */
  'delete first',
  'regenerate',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** Done in the state alone: no cloud hears of them. */
export const LOCAL: ReadonlySet<Operation> = new Set(['rollback']);

/** What follows from a policy is the same for every cloud, and done for this type. */
const POLICY_TYPE = 'keyform_outscale_access_key';

interface Described {
  readonly args: JsonObject;
  /** A change that is made in place; null where there is none. */
  readonly update: JsonObject | null;
  /** The key that takes it, where that is not one of `args`. */
  readonly updatable?: JsonObject;
}

/** A key of each type, of an owner that nobody else has. */
const KEYS: Readonly<Record<string, (name: string) => Described>> = {
  keyform_nscale_access_key: (name) => ({
    args: { endpoint_id: name, name: 'ci', identity_policy: 'system-default-admin' },
    update: null,
  }),
  keyform_outscale_access_key: (name) => ({
    args: { user_name: name, tag: 'ci' },
    update: { tag: 'ci-2', expires_at: '2041-01-01' },
  }),
  keyform_sinch_access_key: (name) => ({
    args: { project_id: name, display_name: 'ci' },
    update: { display_name: 'ci-2' },
  }),
  keyform_tencent_api_key: (name) => ({
    args: { secret_name: name },
    update: { access_key_secret: 'Chosen_by_hand_0002' },
    updatable: {
      secret_name: name,
      access_key_type: 'manual',
      access_key_id: name.replaceAll('-', '_'),
      access_key_secret: 'Chosen_by_hand_0001',
      // Its id is taken as long as the old key lives.
      lifecycle: { create_before_destroy: false },
    },
  }),
  keyform_tencent_cam_access_key: (name) => ({
    args: { target_uin: digits(name), description: 'ci' },
    update: null,
  }),
  keyform_yandex_api_key: (name) => ({
    args: { service_account_id: name, description: 'ci', scopes: ['yc.monitoring.read'] },
    update: { description: 'ci-2', scopes: ['yc.monitoring.manage'] },
  }),
  keyform_yandex_static_access_key: (name) => ({
    args: { service_account_id: name, description: 'ci' },
    update: { description: 'ci-2' },
  }),
};

/** An account's number, different for different names of one run. */
function digits(name: string): string {
  let hash = 7;
  for (const char of name) hash = (hash * 31 + char.charCodeAt(0)) % 1_000_000_007;
  return `1001${String(hash).padStart(10, '0')}`;
}

function describe(type: string, name: string): Described {
  const make = KEYS[type];
  if (make === undefined) throw new Error(`no key of ${type} is described in ${import.meta.filename}`);
  return make(name);
}

/** A key of this type that is called `name`. Throws for a type that nobody has said anything of: a new one needs an entry. */
export function keyOf(type: string, name: string): Declared {
  return { type, args: describe(type, name).args };
}

/** A key, and the same after a change in place; null where its type has none. */
export function updateOf(type: string, name: string): { readonly from: Declared; readonly to: Declared } | null {
  const { args, updatable = args, update } = describe(type, name);
  return update === null ? null : { from: { type, args: updatable }, to: { type, args: { ...updatable, ...update } } };
}

/** The key switched off; null where its type cannot be. */
export function disabled(key: Declared): Declared | null {
  return typeOf(key.type).type.capabilities.disable ? { type: key.type, args: { ...key.args, enabled: false } } : null;
}

/** What one case is about: from `before` (empty: nothing), applied, and then `setup`, to `after`, by `command`. */
export interface Change {
  readonly before: readonly Declared[];
  readonly setup: readonly (readonly string[])[];
  readonly after: readonly Declared[];
  readonly command: readonly string[];
  /** How many old keys may still live afterwards, as their overlap is not over. */
  readonly old: number;
}

const APPLY = ['apply', '-auto-approve'];

/** The address of the only key. */
export const NAME = 'k';

/** The change that is the operation on one key of the type; null where the cloud has no such thing. */
export function changeOf(operation: Operation, type: string, name: string): Change | null {
  const key = keyOf(type, name);
  const plain = { before: [key], setup: [], after: [key], command: APPLY, old: 0 };
  const rotate = (flag: string) => ['rotate', '-auto-approve', flag, `${type}.${NAME}`];
  const under = (rotation: JsonObject): Declared => ({ type, args: { ...key.args, rotation } });
  const lasting = under({ every: '90d', overlap: '30d' });
  if (['overlap', 'retire', 'rollback', 'delete first'].includes(operation) && type !== POLICY_TYPE) return null;
  switch (operation) {
    case 'create':
      return { ...plain, before: [] };
    case 'update': {
      const change = updateOf(type, name);
      return change === null ? null : { ...plain, before: [change.from], after: [change.to] };
    }
    case 'rotate':
      return { ...plain, command: [...APPLY, `-replace=${type}.${NAME}`] };
    case 'disable': {
      const after = disabled(key);
      return after === null ? null : { ...plain, after: [after] };
    }
    case 'delete':
      return { ...plain, after: [] };
    case 'overlap':
      return { ...plain, before: [lasting], after: [lasting], command: rotate('-force'), old: 1 };
    case 'retire':
      return { ...plain, before: [lasting], setup: [rotate('-force')], after: [under({ every: '90d' })] };
    case 'rollback': {
      const setup = [rotate('-force')];
      return { before: [lasting], setup, after: [lasting], command: rotate('-rollback'), old: 1 };
    }
    case 'delete first': {
      const only = under({ every: '90d', strategy: 'delete_first' });
      return { ...plain, before: [only], after: [only], command: rotate('-force') };
    }
    case 'regenerate': {
      if (!typeOf(type).type.capabilities.regenerate) return null;
      const same = under({ every: '90d', strategy: 'regenerate' });
      return { ...plain, before: [same], after: [same], command: rotate('-force') };
    }
  }
}

/** Every operation on every type, as far as the clouds have it: those first that are waited for longest afterwards. */
export function everything(): { readonly type: string; readonly operation: Operation }[] {
  const slow = (type: string) => Number(typeOf(type).type.capabilities.asynchronous);
  return [...TYPES.keys()]
    .toSorted((a, b) => slow(b) - slow(a))
    .flatMap((type) =>
      OPERATIONS.filter((operation) => changeOf(operation, type, 'any') !== null).map((operation) => ({
        type,
        operation,
      })),
    );
}

/** What the table says of the types and what they claim of themselves must agree. Returns what does not. */
export function contradictions(): string[] {
  return [...TYPES.keys()].flatMap((type) => {
    const changes = (examples[type]?.updates.length ?? 0) > 0;
    return (changeOf('update', type, 'any') !== null) === changes ? [] : [`${type}: update in place`];
  });
}
