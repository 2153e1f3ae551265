import { isKeyformError, KeyformError } from '../core/error.ts';
import type { TypeEntry, World } from '../core/plan/actual.ts';
import { handlerOf, ownerOf, usedKey } from '../core/plan/actual.ts';
import type { PlanInput } from '../core/plan/input.ts';
import { ownersToAsk } from '../core/plan/owner.ts';
import type { ActualKey, Connection } from '../core/provider.ts';
import { policyOf } from '../core/rotation/policy.ts';
import type { Generation, State } from '../core/state.ts';

/** Owners asked at once. Rate limits are kept by the HTTP port; this only bounds open connections and memory. */
const OWNERS_AT_ONCE = 16;

/**
 * Asks every owner of the stack and its state for its keys: one list per owner, owners in parallel. An owner that would
 * not answer has its error in the place of its keys. With `ask` false only owners that data sources read are asked, and with
 * `read` false those are left out. Throws `cancelled` on abort.
 */
export async function gatherWorld(
  input: Pick<PlanInput, 'configuration' | 'wiring' | 'variables' | 'facts' | 'state'>,
  types: ReadonlyMap<string, TypeEntry>,
  connections: ReadonlyMap<string, Connection | Error>,
  options: {
    readonly ask: boolean;
    readonly read?: boolean;
    readonly sandbox: boolean;
    readonly signal?: AbortSignal;
    readonly onOwner?: (done: number, all: number) => void;
  },
): Promise<World> {
  const keys = new Map<string, ReadonlyMap<string, ActualKey> | Error>();
  const data = new Map<string, ReadonlyMap<string, ActualKey> | Error>();
  const owners = new Map<string, { type: string; provider: string; label: string }>();
  const lastUsed = new Map<string, string | null>();
  const world: World = { types, connections, keys, data, owners, lastUsed, sandbox: options.sandbox };
  const read = options.read !== false && input.configuration.data.size > 0;
  if (!options.ask && !read) return world;
  // What a data source reads may name another owner, so that there is somebody to ask in a second round.
  const chained = read && [...input.wiring.dependencies.values()].some((needs) => needs.some(isData));
  const told = new Map<string, ReadonlyMap<string, ActualKey> | Error>();
  let done = 0;
  let all = 0;
  for (;;) {
    const wanted = ownersToAsk({ ...input, world }, { managed: options.ask, read });
    const asked = [...wanted].filter(([id]) => !told.has(id));
    all += asked.length;
    let next = 0;
    const worker = async () => {
      for (let entry = asked[next++]; entry !== undefined; entry = asked[next++]) {
        const [id, { type, provider, args }] = entry;
        try {
          const list = await handlerOf(world, provider, type).list(args, options.signal);
          told.set(id, new Map(list.map((key) => [key.id, key])));
        } catch (error) {
          if (!isKeyformError(error) || error.code === 'cancelled') throw error;
          told.set(id, error satisfies KeyformError);
        }
        done += 1;
        options.onOwner?.(done, all);
      }
    };
    await Promise.all(Array.from({ length: Math.min(OWNERS_AT_ONCE, asked.length) }, worker));
    for (const [id, { type, provider, label, managed, read }] of wanted) {
      const found = told.get(id);
      if (found === undefined) continue;
      if (managed) {
        owners.set(id, { type, provider, label });
        keys.set(id, found);
      }
      if (read) data.set(id, found);
    }
    if (!chained || asked.length === 0) {
      if (options.ask) await askLastUsed(input.state, world, lastUsed, options.signal);
      return world;
    }
  }
}

/**
 * Asks when replaced keys were last used, of APIs that do not tell it with their lists: their retirement may wait for it. What an API would
 * not tell is absent, and counts as not known.
 */
async function askLastUsed(
  state: State,
  world: World,
  lastUsed: Map<string, string | null>,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const { type, provider, current, deposed } of state.resources.values()) {
    const entry = world.types.get(type);
    if (deposed.length === 0 || entry?.type.capabilities.lastUsed !== 'asked') continue;
    if (current === null || policyOf(current.args).retireWhen === null) continue;
    const listed = deposed.filter((key) => world.keys.get(ownerIn(world, provider, type, key)) instanceof Map);
    if (listed.length === 0) continue;
    try {
      const told = await handlerOf(world, provider, type).lastUsed?.(listed, signal);
      for (const [id, at] of told ?? []) lastUsed.set(usedKey(type, id), at);
    } catch (error) {
      // Its retirement then waits for the deadline, which the plan says.
      if (!isKeyformError(error) || error.code === 'cancelled') throw error;
    }
  }
}

function ownerIn(world: World, provider: string, type: string, key: Generation): string {
  try {
    return ownerOf(world, provider, type, key.args).id;
  } catch (error) {
    // Whoever plans a step for it meets the same error.
    if (error instanceof KeyformError) return '';
    throw error;
  }
}

function isData(address: string): boolean {
  return address.startsWith('data.');
}
