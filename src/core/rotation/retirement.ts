import { formatMoment, parseMoment } from '../moment.ts';
import type { Generation } from '../state.ts';
import type { Policy } from './policy.ts';
import { isOpen, nextOpening } from './window.ts';

/** What becomes of a replaced key next. */
export type Retirement =
  /** Its overlap begins, now that its successor is made, tried out and delivered. */
  | { readonly kind: 'depose'; readonly until: number; readonly why: string }
  /** Nothing before `at`, milliseconds since 1970; then `next`. */
  | {
      readonly kind: 'wait';
      readonly at: number;
      readonly next: 'disable' | 'delete';
      readonly why: string;
      /** What its owner should know; null when it waits as planned. */
      readonly warning: string | null;
    }
  /** `warning`: what speaks against it, and yet does not stop it. */
  | { readonly kind: 'disable' | 'delete'; readonly why: string; readonly warning: string | null };

/** What is known beside the key itself. */
export interface Circumstances {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Whether the API can disable a key. */
  readonly canDisable: boolean;
  /** When the key was last used, milliseconds since 1970; null: never; undefined: not known. */
  readonly lastUsed: number | null | undefined;
  /** The key is to end at once, whatever the policy says. */
  readonly revoke: boolean;
}

/**
 * The next move of a key that was replaced. Pure: equal facts give equal moves, so a run that was interrupted, or another machine, goes
 * on where the last one stopped.
 */
export function nextMove(
  key: Pick<Generation, 'deposedAt' | 'disabledAt'>,
  policy: Policy,
  { now, canDisable, lastUsed, revoke }: Circumstances,
): Retirement {
  const { overlap, disableFor, retireWhen, window } = policy;
  const last = canDisable && disableFor > 0 && key.disabledAt === undefined ? 'disable' : 'delete';
  if (revoke) return { kind: 'delete', why: 'it is revoked', warning: null };
  const opens = (at: number) => (window === null ? at : nextOpening(window, at));
  const waits = (at: number, why: string, warning: string | null = null): Retirement => ({
    kind: 'wait',
    at: opens(at),
    next: last,
    why,
    warning,
  });
  const closed = window !== null && !isOpen(window, now);
  if (key.disabledAt !== undefined) {
    const end = (parseMoment(key.disabledAt) ?? 0) + disableFor;
    if (now < end) return waits(end, 'it is disabled until then');
    if (closed) return waits(now, 'its window opens then');
    return { kind: 'delete', why: `it was disabled at ${key.disabledAt}`, warning: null };
  }
  if (key.deposedAt === undefined) {
    if (overlap > 0 || retireWhen !== null || closed)
      return { kind: 'depose', until: opens(now + overlap), why: 'its overlap begins' };
    return { kind: last, why: 'it was replaced before, and is still alive', warning: null };
  }
  const end = (parseMoment(key.deposedAt) ?? 0) + overlap;
  if (now < end) return waits(end, 'its overlap ends then');
  let warning: string | null = null;
  if (retireWhen !== null && lastUsed !== null) {
    const deadline = end + retireWhen.deadline;
    const seen = lastUsed === undefined ? 'its API does not tell when' : `last at ${formatMoment(lastUsed)}`;
    const quiet = lastUsed === undefined ? deadline : lastUsed + retireWhen.unusedFor;
    const used = `It may still be in use (${seen})`;
    if (now < quiet && now < deadline)
      return waits(
        Math.min(quiet, deadline),
        `it may still be in use (${seen})`,
        `${used}, so it is not retired yet. It ends at ${formatMoment(deadline)} whether or not it is used.`,
      );
    if (now < quiet) warning = `${used}, and its deadline of ${formatMoment(deadline)} is over.`;
  }
  if (closed) return waits(now, 'its window opens then');
  return { kind: last, why: `its overlap ended at ${formatMoment(end)}`, warning };
}
