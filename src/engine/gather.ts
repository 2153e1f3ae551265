import { isKeyformError, type KeyformError } from '../core/error.ts';
import type { TypeEntry, World } from '../core/plan/actual.ts';
import { handlerOf } from '../core/plan/actual.ts';
import type { PlanInput } from '../core/plan/input.ts';
import { ownersToAsk } from '../core/plan/owner.ts';
import type { ActualKey, Connection } from '../core/provider.ts';

/** Owners asked at once. Rate limits are kept by the HTTP port; this only bounds open connections and memory. */
const OWNERS_AT_ONCE = 16;

/**
 * Asks every owner of the stack and its state for its keys: one list per owner, owners in parallel. An owner that would
 * not answer has its error in the place of its keys. With `ask` false nobody is asked. Throws `cancelled` on abort.
 */
export async function gatherWorld(
  input: Pick<PlanInput, 'configuration' | 'wiring' | 'variables' | 'state'>,
  types: ReadonlyMap<string, TypeEntry>,
  connections: ReadonlyMap<string, Connection | Error>,
  options: {
    readonly ask: boolean;
    readonly sandbox: boolean;
    readonly signal?: AbortSignal;
    readonly onOwner?: (done: number, all: number) => void;
  },
): Promise<World> {
  const keys = new Map<string, ReadonlyMap<string, ActualKey> | Error>();
  const owners = new Map<string, { type: string; provider: string; label: string }>();
  const world: World = { types, connections, keys, owners, sandbox: options.sandbox };
  if (!options.ask) return world;
  const asked = [...ownersToAsk({ ...input, world })];
  let next = 0;
  let done = 0;
  const worker = async () => {
    for (let entry = asked[next++]; entry !== undefined; entry = asked[next++]) {
      const [id, { type, provider, label, args }] = entry;
      owners.set(id, { type, provider, label });
      try {
        const list = await handlerOf(world, provider, type).list(args, options.signal);
        keys.set(id, new Map(list.map((key) => [key.id, key])));
      } catch (error) {
        if (!isKeyformError(error) || error.code === 'cancelled') throw error;
        keys.set(id, error satisfies KeyformError);
      }
      done += 1;
      options.onOwner?.(done, asked.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(OWNERS_AT_ONCE, asked.length) }, worker));
  return world;
}
