import type { Clock } from '../core/port.ts';

/** The longest delay that a Node timer takes; a longer one would fire at once. */
const LONGEST = 2 ** 31 - 1;

/** The system clock. A pending sleep keeps the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    const end = performance.now() + ms;
    let left = ms;
    do {
      await pause(Math.min(Math.max(left, 0), LONGEST), signal);
      left = end - performance.now();
    } while (left > 0);
  },
};

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, Math.ceil(ms));
    signal?.addEventListener('abort', abort, { once: true });
  });
}
