import { getEventListeners } from 'node:events';
import { expect, it, vi } from 'vitest';
import { systemClock } from '../../src/io/clock.ts';
import { systemRandom } from '../../src/io/random.ts';

it('sleeps, at once for nothing, and leaves no listener behind', async () => {
  vi.useFakeTimers();
  try {
    const { signal } = new AbortController();
    let awake = false;
    const sleeping = systemClock.sleep(20, signal).then(() => {
      awake = true;
    });
    await vi.advanceTimersByTimeAsync(19);
    expect(awake).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await sleeping;
    const none = Promise.all([systemClock.sleep(0, signal), systemClock.sleep(-5, signal)]);
    await vi.advanceTimersByTimeAsync(0);
    await none;
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  } finally {
    vi.useRealTimers();
  }
});

it('wakes with the reason of an abort', async () => {
  const stop = new AbortController();
  const sleeping = systemClock.sleep(3_600_000, stop.signal);
  stop.abort(new Error('enough'));
  await expect(sleeping).rejects.toThrow('enough');
  await expect(systemClock.sleep(0, stop.signal)).rejects.toThrow('enough');
});

it('sleeps longer than a timer can', async () => {
  vi.useFakeTimers();
  try {
    const days = 40 * 86_400_000;
    let awake = false;
    const sleeping = systemClock.sleep(days).then(() => {
      awake = true;
    });
    await vi.advanceTimersByTimeAsync(days - 1000);
    expect(awake).toBe(false);
    await vi.advanceTimersByTimeAsync(1000);
    await sleeping;
  } finally {
    vi.useRealTimers();
  }
});

it('chance is of the length asked for and in range', () => {
  expect(systemRandom.bytes(32)).toHaveLength(32);
  expect(systemRandom.bytes(32)).not.toEqual(systemRandom.bytes(32));
  for (let i = 0; i < 100; i++) {
    const fraction = systemRandom.fraction();
    expect(fraction >= 0 && fraction < 1).toBe(true);
  }
});
