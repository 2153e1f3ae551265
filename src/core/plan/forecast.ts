import { typeOf, type World } from './actual.ts';
import type { Forecast, Step } from './plan.ts';

/**
 * What the steps will cost: calls by action, and the least time that rate limits make of them. A limit lets its first
 * second's worth through at once, so `n` calls at `r` a second take `(n - r) / r` seconds.
 */
export function forecast(steps: readonly Step[], world: World): Forecast {
  const calls = new Map<string, { cloud: string; action: string; count: number }>();
  const buckets = new Map<string, { count: number; perSecond: number }>();
  for (const step of steps) {
    const cloud = typeOf(world, step.type).cloud.name;
    for (const call of step.forecast) {
      const key = `${cloud} ${call.action}`;
      const entry = calls.get(key) ?? { cloud, action: call.action, count: 0 };
      entry.count += 1;
      calls.set(key, entry);
      for (const limit of call.limits) {
        const bucket = buckets.get(limit.bucket) ?? { count: 0, perSecond: limit.perSecond };
        bucket.count += 1;
        buckets.set(limit.bucket, bucket);
      }
    }
  }
  const seconds = Math.max(0, ...[...buckets.values()].map(({ count, perSecond }) => (count - perSecond) / perSecond));
  return { calls: [...calls.values()].sort((a, b) => b.count - a.count), seconds };
}
