import type { Configuration } from '../configuration/stack.ts';
import type { ActualKey } from '../provider.ts';
import type { Intent } from '../state.ts';
import type { HeldKey, SeenOwner } from './finding.ts';

/** From when on something is told, in milliseconds. */
export interface Limits {
  /** An end of life that is nearer than this; null: 7 days, or when the key's own policy has it replaced, if that is later. */
  readonly expiringWithin: number | null;
  /** Age of a key without a policy of its own; null: such keys may grow old. */
  readonly maxAge: number | null;
  /** Time without any use, where the API tells; null: nobody asks. */
  readonly unusedFor: number | null;
}

/** What is known of one owner. */
export interface Seen {
  readonly owner: SeenOwner;
  /** Every key of the owner, by id. */
  readonly keys: ReadonlyMap<string, ActualKey>;
  /** The keys of the state that belong there. */
  readonly held: readonly HeldKey[];
  /** When keys were last used, by the id that a client sends, where that was asked; null: never. Absent: not told. */
  readonly lastUsed: ReadonlyMap<string, string | null>;
  /** Whether the secret in state works, by key id, where that was tried. */
  readonly tried: ReadonlyMap<string, boolean | null>;
}

/** What else a comparison stands on. */
export interface Grounds {
  readonly configuration: Configuration;
  /** Open attempts at changing keys, by {@link attemptKey}. */
  readonly attempts: ReadonlyMap<string, Intent>;
  readonly limits: Limits;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Key of {@link Grounds.attempts}. */
export function attemptKey({ address, generation }: Pick<Intent, 'address' | 'generation'>): string {
  return `${generation} ${address}`;
}
