import { describe, expect, test } from 'vitest';
import { type RoundEnd, watch } from '../../../src/cli/watch.ts';
import { half, SleepClock } from '../../io/server.ts';

const MINUTE = 60_000;
const DRIFT: RoundEnd = { code: 2, reached: true };
const NONE: RoundEnd = { code: 0, reached: true };
const LOST: RoundEnd = { code: 1, reached: false };

/** A watch of these rounds, stopped in the sleep after the last one. */
async function watched(rounds: readonly RoundEnd[], more: { fraction?: number; took?: number } = {}) {
  const clock = new SleepClock();
  const stop = new AbortController();
  let at = 0;
  clock.onSleep = () => {
    if (at === rounds.length) stop.abort(new Error('stopped'));
  };
  const code = await watch({
    interval: 15 * MINUTE,
    clock,
    random: { ...half, fraction: () => more.fraction ?? 0.5 },
    signal: stop.signal,
    round: async () => {
      clock.time += more.took ?? 0;
      return rounds[at++] as RoundEnd;
    },
  });
  return { code, minutes: clock.sleeps.map((ms) => ms / MINUTE) };
}

describe('a watch', () => {
  test('ends with the code of its last round', async () => {
    expect((await watched([DRIFT, NONE])).code).toBe(0);
    expect((await watched([NONE, DRIFT])).code).toBe(2);
    expect((await watched([DRIFT, LOST])).code).toBe(1);
  });

  test('begins a round a fixed time after the last one began', async () => {
    expect((await watched([NONE, NONE], { took: 5 * MINUTE })).minutes).toEqual([10, 10]);
  });

  test('rests a little, however long a round took', async () => {
    expect((await watched([NONE], { took: 20 * MINUTE })).minutes).toEqual([1 / 60]);
  });

  test('gives and takes a tenth by chance', async () => {
    expect((await watched([NONE], { fraction: 0 })).minutes).toEqual([13.5]);
    expect((await watched([NONE], { fraction: 0.9999 })).minutes[0]).toBeCloseTo(16.5, 2);
  });

  test('waits twice as long after each round that reached nothing, eight times at most, and as before once one reaches something', async () => {
    const { minutes } = await watched([LOST, LOST, LOST, LOST, LOST, DRIFT]);
    expect(minutes).toEqual([30, 60, 120, 120, 120, 15]);
  });
});

describe('a watch that is stopped within a round', () => {
  const stopped = async (whole: number) => {
    const clock = new SleepClock();
    const stop = new AbortController();
    let rounds = 0;
    return watch({
      interval: MINUTE,
      clock,
      random: half,
      signal: stop.signal,
      round: async () => {
        if (rounds++ < whole) return DRIFT;
        stop.abort(new Error('stopped'));
        throw new Error('the round was stopped');
      },
    });
  };

  test('ends with the code of the round before', async () => {
    expect(await stopped(1)).toBe(2);
  });

  test('is a stopped command where no round was whole', async () => {
    await expect(stopped(0)).rejects.toThrow('the round was stopped');
  });
});

test('a defect ends a watch: it is not taken for a failed round', async () => {
  const round = async () => {
    throw new Error('a defect');
  };
  const signal = new AbortController().signal;
  await expect(watch({ interval: MINUTE, clock: new SleepClock(), random: half, signal, round })).rejects.toThrow(
    'a defect',
  );
});
