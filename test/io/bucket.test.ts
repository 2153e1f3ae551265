import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Clock } from '../../src/core/port.ts';
import { createBuckets } from '../../src/io/bucket.ts';

/** Time that passes only when everyone is asleep. */
class VirtualClock implements Clock {
  time = 1_000_000;
  readonly #sleepers: { at: number; wake: () => void }[] = [];

  now(): number {
    return this.time;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sleepers.push({ at: this.time + ms, wake: resolve });
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
  }

  async run<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const ended = work.finally(() => {
      done = true;
    });
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (done) return ended;
      this.#sleepers.sort((a, b) => a.at - b.at);
      const next = this.#sleepers.shift();
      if (next === undefined) throw new Error('everyone waits and nobody sleeps');
      this.time = Math.max(this.time, next.at);
      next.wake();
    }
  }
}

const perSecond = fc.constantFrom(0.2, 0.5, 1, 2, 2.5, 3, 5, 20);

it('no window of a second holds more than the rate; first come, first served; none waits in vain', async () => {
  await fc.assert(
    fc.asyncProperty(
      perSecond,
      perSecond,
      fc.array(fc.record({ pause: fc.integer({ min: 0, max: 1500 }), which: fc.constantFrom('a', 'b', 'ab', 'ba') }), {
        minLength: 1,
        maxLength: 40,
      }),
      async (rateA, rateB, calls) => {
        const clock = new VirtualClock();
        const buckets = createBuckets(clock);
        const rates = { a: rateA, b: rateB };
        const grants: { name: string; index: number; at: number }[] = [];
        const drawing: Promise<void>[] = [];
        const all = async () => {
          for (const [index, { pause, which }] of calls.entries()) {
            if (pause > 750) await clock.sleep(pause);
            const names = [...which] as ('a' | 'b')[];
            const limits = names.map((name) => ({ bucket: name, perSecond: rates[name] }));
            drawing.push(
              buckets.draw(limits).then(() => {
                for (const name of names) grants.push({ name, index, at: clock.now() });
              }),
            );
          }
          await Promise.all(drawing);
        };
        const begun = clock.now();
        await clock.run(all());
        let longest = 0;
        for (const name of ['a', 'b'] as const) {
          const own = grants.filter((grant) => grant.name === name);
          expect(own.map((grant) => grant.index)).toEqual(own.map((grant) => grant.index).sort((x, y) => x - y));
          const most = Math.max(1, Math.floor(rates[name]));
          const window = Math.max(1000, 1000 / rates[name]);
          for (let i = most; i < own.length; i++) {
            expect((own[i]?.at ?? 0) - (own[i - most]?.at ?? 0)).toBeGreaterThanOrEqual(window);
          }
          longest += Math.ceil(own.length / most) * (window + 20);
        }
        const pauses = calls.reduce((sum, { pause }) => sum + (pause > 750 ? pause : 0), 0);
        expect(clock.now() - begun).toBeLessThanOrEqual(longest + pauses);
      },
    ),
    { numRuns: 150 },
  );
});

it('a second’s worth goes at once, the next waits', async () => {
  const clock = new VirtualClock();
  const buckets = createBuckets(clock);
  const begun = clock.now();
  const times: number[] = [];
  const draw = () => buckets.draw([{ bucket: 'x', perSecond: 3 }]).then(() => times.push(clock.now() - begun));
  await clock.run(Promise.all([draw(), draw(), draw(), draw()]));
  expect(times).toEqual([0, 0, 0, 1020]);
});

it('one who gives up draws nothing and blocks nobody', async () => {
  const clock = new VirtualClock();
  const buckets = createBuckets(clock);
  const limits = [{ bucket: 'x', perSecond: 1 }];
  const begun = clock.now();
  const stop = new AbortController();
  await buckets.draw(limits);
  const waiting = buckets.draw(limits, stop.signal);
  const queued = buckets.draw(limits, stop.signal);
  const last = buckets.draw(limits).then(() => clock.now() - begun);
  stop.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  await expect(queued).rejects.toThrow('enough');
  expect(await clock.run(last)).toBe(1020);
});

it('a clock that was set back delays by one window at most', async () => {
  const clock = new VirtualClock();
  const buckets = createBuckets(clock);
  const limits = [{ bucket: 'x', perSecond: 1 }];
  await buckets.draw(limits);
  clock.time -= 3_600_000;
  const begun = clock.now();
  expect(await clock.run(buckets.draw(limits).then(() => clock.now() - begun))).toBeLessThanOrEqual(3000);
});
