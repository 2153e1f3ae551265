import type { RateLimit } from '../core/http.ts';
import type { Clock } from '../core/port.ts';

/**
 * Added to the window that a limit speaks of. The API counts calls when they arrive, and the first one of a burst
 * (a new connection) travels longer than a later one.
 */
const SLACK = 20;

/** How many calls fit into which window (milliseconds). A rate below one a second becomes one call in a longer window. */
function capacity(perSecond: number): { calls: number; window: number } {
  const calls = Math.max(1, Math.floor(perSecond));
  return { calls, window: perSecond >= 1 ? 1000 : 1000 / perSecond };
}

interface Bucket {
  readonly perSecond: number;
  /** Times of the latest grants, oldest first; no more than fit into a window. */
  grants: number[];
  /** Resolves when the last one in the queue has drawn. */
  tail: Promise<void>;
}

/** Rate limits shared by every call of a run. */
export interface Buckets {
  /**
   * Draws one token from each bucket, all at the same moment, waiting as long as it takes. First come, first served;
   * up to one second's worth goes at once after a pause. In any window of one second no more than `perSecond` (rounded
   * down; one in 1/`perSecond` seconds when it is below one) are granted. Where calls disagree about a bucket's rate,
   * the lowest that was named holds. Rejects with the signal's reason, having drawn nothing, when it is aborted.
   */
  draw(limits: readonly RateLimit[], signal?: AbortSignal): Promise<void>;
}

export function createBuckets(clock: Clock): Buckets {
  const buckets = new Map<string, Bucket>();

  function bucketOf(limit: RateLimit): Bucket {
    const known = buckets.get(limit.bucket);
    if (known !== undefined && known.perSecond <= limit.perSecond) return known;
    if (!(limit.perSecond > 0)) throw new RangeError(`rate of bucket ${limit.bucket} must be above 0`);
    const bucket: Bucket = {
      perSecond: limit.perSecond,
      grants: known?.grants ?? [],
      tail: known?.tail ?? Promise.resolve(),
    };
    buckets.set(limit.bucket, bucket);
    return bucket;
  }

  /** Milliseconds until the bucket may grant again; 0 for now. */
  function wait(bucket: Bucket, now: number): number {
    const { calls, window } = capacity(bucket.perSecond);
    // A clock that was set back must not stop everything until it has caught up.
    bucket.grants = bucket.grants.map((time) => Math.min(time, now));
    const oldest = bucket.grants[bucket.grants.length - calls];
    return oldest === undefined ? 0 : Math.max(0, oldest + window + SLACK - now);
  }

  return {
    async draw(limits, signal) {
      if (limits.length === 0) return;
      // Joining all queues in one synchronous step gives every bucket the same order of calls, so nobody waits in a circle.
      const names = [...new Set(limits.map((l) => l.bucket))];
      for (const limit of limits) bucketOf(limit);
      const before = names.map((name) => (buckets.get(name) as Bucket).tail);
      let leave = () => {};
      const left = new Promise<void>((resolve) => {
        leave = resolve;
      });
      // A caller that gives up frees its place only after those before it have gone: order stays, nobody overtakes.
      const tail = Promise.all([...before, left]).then(() => {});
      for (const name of names) (buckets.get(name) as Bucket).tail = tail;
      try {
        await orAbort(Promise.all(before), signal);
        for (;;) {
          const now = clock.now();
          const own = names.map((name) => buckets.get(name) as Bucket);
          const ms = Math.max(...own.map((bucket) => wait(bucket, now)));
          if (ms === 0) {
            for (const bucket of own) {
              bucket.grants.push(now);
              const { calls } = capacity(bucket.perSecond);
              if (bucket.grants.length > calls) bucket.grants.splice(0, bucket.grants.length - calls);
            }
            return;
          }
          await clock.sleep(ms, signal);
        }
      } finally {
        leave();
      }
    },
  };
}

/** Settles as `promise` does, or rejects with the signal's reason as soon as it is aborted. */
function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    return undefined;
  });
}
