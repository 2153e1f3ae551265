import { KeyformError } from '../../core/error.ts';
import type { Clock } from '../../core/port.ts';

/** Pauses between looks, milliseconds: the first, doubled each time, up to the longest. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;

/** What one look found: what was waited for, or where things stand meanwhile. */
export type Look<T> = { readonly done: true; readonly value: T } | { readonly done: false; readonly status: string };

export interface Wait<T> {
  readonly clock: Clock;
  /** Milliseconds from now. */
  readonly limit: number;
  /** Asks once; what it throws ends the wait. */
  readonly look: () => Promise<Look<T>>;
  /** For messages: what is waited for, `Nscale key … in endpoint …`. */
  readonly subject: string;
  /** For messages: what the user does when the limit is over. */
  readonly remedy: string;
  readonly signal?: AbortSignal | undefined;
  /** Told where things stand after each look that did not end the wait. */
  readonly onProgress?: ((status: string) => void) | undefined;
}

/**
 * Looks at once, then again after growing pauses, and a last time when the limit is over. Throws `timeout` then, and
 * `cancelled` on abort between two looks.
 */
export async function waitFor<T>(wait: Wait<T>): Promise<T> {
  const { clock, signal } = wait;
  const end = clock.now() + wait.limit;
  let pause = FIRST_PAUSE;
  for (;;) {
    const found = await wait.look();
    if (found.done) return found.value;
    wait.onProgress?.(found.status);
    const left = end - clock.now();
    if (left <= 0) {
      throw new KeyformError('timeout', `${wait.subject}: still ${found.status} when the time limit was over`, {
        detail: wait.remedy,
      });
    }
    try {
      await clock.sleep(Math.min(pause, left), signal);
    } catch (error) {
      if (signal?.aborted !== true) throw error;
      throw new KeyformError('cancelled', `${wait.subject}: cancelled while it was ${found.status}`, {
        detail: wait.remedy,
        cause: signal.reason,
      });
    }
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }
}
