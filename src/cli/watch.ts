import type { Clock, Random } from '../core/port.ts';

/** How one round of a watch ended. */
export interface RoundEnd {
  /** The exit code that the command would have ended with. */
  readonly code: 0 | 1 | 2;
  /** Whether anything could be looked at: where not, the next round waits longer. */
  readonly reached: boolean;
}

export interface WatchOptions {
  /** Milliseconds from the beginning of one round to that of the next. */
  readonly interval: number;
  readonly clock: Clock;
  /** For jitter: machines that were started together are not to ask together for ever. */
  readonly random: Random;
  /** Ends the watch: at once between rounds, and after the round that it stops. */
  readonly signal: AbortSignal;
  /** Looks, reports and tells its failures itself; rejects only when the signal stopped it, or for a defect. */
  readonly round: () => Promise<RoundEnd>;
}

/** Doublings of the interval at most, after rounds in a row that reached nothing. */
const DOUBLINGS = 3;

/** Milliseconds of rest between two rounds at least, however long a round takes. */
const REST = 1000;

/**
 * Round after round until the signal, then the exit code of the last whole round. Before any round is whole, the rejection of the first goes on to
 * the caller.
 */
export async function watch({ interval, clock, random, signal, round }: WatchOptions): Promise<0 | 1 | 2> {
  let last: RoundEnd | null = null;
  let failures = 0;
  for (;;) {
    const started = clock.now();
    try {
      last = await round();
    } catch (error) {
      if (last === null || !signal.aborted) throw error;
      return last.code;
    }
    if (signal.aborted) return last.code;
    failures = last.reached ? 0 : failures + 1;
    const wait = interval * 2 ** Math.min(failures, DOUBLINGS) * (0.9 + 0.2 * random.fraction());
    try {
      await clock.sleep(Math.max(REST, started + wait - clock.now()), signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      return last.code;
    }
  }
}
