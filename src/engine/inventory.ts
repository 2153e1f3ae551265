import type { Json, JsonObject } from '../core/json.ts';
import type { TypeEntry } from '../core/plan/actual.ts';
import { sensitiveNames } from '../core/plan/object.ts';
import type { Generation, ResourceState, State } from '../core/state.ts';

/** What stands in the place of a sensitive value. */
const HIDDEN = '(sensitive)';

/**
 * The inventory of a state: JSON text, sorted by address, one field a line, so that a pull request shows which keys changed. It holds
 * no secret and no sensitive value, and nothing that changes while the keys do not (no serial, no time of writing).
 */
export function inventoryText(state: State, types: ReadonlyMap<string, TypeEntry>): string {
  const addresses = [...state.resources.keys()].sort();
  const keys = addresses.map((address) => {
    const resource = state.resources.get(address) as ResourceState;
    const show = (generation: Generation) => shown(generation, types.get(resource.type));
    return [
      address,
      {
        type: resource.type,
        provider: resource.provider,
        ...(resource.tainted === null ? {} : { tainted: resource.tainted }),
        current: resource.current === null ? null : show(resource.current),
        ...(resource.deposed.length === 0 ? {} : { deposed: resource.deposed.map(show) }),
      },
    ] as const;
  });
  const content = { format: 'keyform-inventory', version: 1, stack: state.stack, keys: Object.fromEntries(keys) };
  return `${JSON.stringify(content, null, 2)}\n`;
}

function shown(generation: Generation, entry: TypeEntry | undefined): JsonObject {
  const { number, id, accessKeyId, createdAt, expiresAt, enabled, args } = generation;
  // Of a type that this Keyform does not know nobody can tell what is sensitive.
  const hidden =
    entry === undefined ? new Set(Object.keys(args)) : sensitiveNames(entry.type, generation.sensitiveArgs);
  const names = Object.keys(args).filter((name) => args[name] !== null);
  return {
    generation: number,
    id,
    access_key_id: accessKeyId,
    secret: generation.secret === null ? null : HIDDEN,
    created_at: createdAt,
    expires_at: hidden.has('expires_at') && expiresAt !== null ? HIDDEN : expiresAt,
    enabled,
    ...(generation.deposedAt === undefined ? {} : { deposed_at: generation.deposedAt }),
    ...(generation.disabledAt === undefined ? {} : { disabled_at: generation.disabledAt }),
    arguments: Object.fromEntries(
      names.sort().map((name): [string, Json] => [name, hidden.has(name) ? HIDDEN : (args[name] ?? null)]),
    ),
  };
}
