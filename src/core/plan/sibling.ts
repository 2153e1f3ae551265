import type { ActualKey } from '../provider.ts';
import type { Intent, State } from '../state.ts';
import type { TypeEntry, World } from './actual.ts';
import { isAsAsked, isOfItsTime } from './claim.ts';
import { same } from './same.ts';

/**
 * Another stack of the same project, which may have keys of the same owners. Its state has to be read after the owners were
 * listed: an attempt is on the disk before its key is at the API, so whatever a list shows is in its maker's state by then.
 */
export interface Sibling {
  readonly stack: string;
  /** An error where it cannot be read: then nothing is known of its keys. */
  readonly state: State | Error;
  /** Who is changing it at this moment, in words; null when nobody is. */
  readonly busy: string | null;
}

/** `<cloud> <key id>` of every key that another stack has: those in its state, and those that its attempts are known to have made. */
export function siblingKeys(world: Pick<World, 'siblings' | 'types'>): ReadonlySet<string> {
  const held = new Set<string>();
  for (const { state } of world.siblings ?? []) {
    if (state instanceof Error) continue;
    const add = (type: string, id: string | null) => {
      // A type that this version does not know is none of those that its keys are compared with.
      const entry = world.types.get(type);
      if (entry !== undefined && id !== null) held.add(`${entry.cloud.name} ${id}`);
    };
    for (const { type, current, deposed } of state.resources.values())
      for (const key of current === null ? deposed : [...deposed, current]) add(type, key.id);
    for (const { type, keyId } of state.intents.values()) add(type, keyId);
  }
  return held;
}

/** The other stacks that may have made one of the `keys` of the owner that `args` name at `scope`, and those that cannot be read. */
export function rivalsOf(
  where: { readonly entry: TypeEntry; readonly args: Intent['args']; readonly scope: string },
  keys: readonly ActualKey[],
  world: Pick<World, 'siblings'>,
): readonly Sibling[] {
  const { entry, args, scope } = where;
  const rivals = (attempt: Intent) =>
    attempt.operation === 'create' &&
    attempt.type === entry.type.type &&
    attempt.scope === scope &&
    entry.type.owner.arguments.every((name) => same(attempt.args[name] ?? null, args[name] ?? null)) &&
    keys.some((key) => isOfItsTime(attempt, key) && isAsAsked(attempt, key, entry.type));
  return (world.siblings ?? []).filter(
    ({ state }) => state instanceof Error || [...state.intents.values()].some(rivals),
  );
}

/** Why a key may be another stack's, and what to do about it: a sentence or more for each of `rivals`. */
export function rivalWords(rivals: readonly Sibling[]): string {
  return rivals
    .map(({ stack, state, busy }) => {
      if (state instanceof Error)
        return `Stack "${stack}" may have it: its state cannot be read (${state.message}). Plan again with what opens it.`;
      const attempt = `Stack "${stack}" made an attempt like it whose result is not recorded either, so it may be the key of that one.`;
      return busy === null ? attempt : `${attempt} It is at work right now (${busy}): plan again when it is done.`;
    })
    .join(' ');
}
