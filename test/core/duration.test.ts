import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../src/core/duration.ts';
import { KeyformError } from '../../src/core/error.ts';

const HOUR = 3_600_000;

describe('parseDuration', () => {
  it.each([
    ['90d', 90 * 24 * HOUR],
    ['24h', 24 * HOUR],
    ['30m', HOUR / 2],
    ['45s', 45_000],
    ['2w', 14 * 24 * HOUR],
    ['1d12h', 36 * HOUR],
    ['0d', 0],
    ['P90D', 90 * 24 * HOUR],
    ['P2W', 14 * 24 * HOUR],
    ['PT24H', 24 * HOUR],
    ['P1DT12H30M5S', 36 * HOUR + 30 * 60_000 + 5000],
    ['PT30M', HOUR / 2],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    ['', /90d/],
    ['90', /90d/],
    ['d', /90d/],
    ['-1d', /90d/],
    ['1.5h', /90d/],
    ['12h1d', /largest first/],
    ['90 days', /90d/],
    ['P', /P90D/],
    ['PT', /P90D/],
    ['P1DT', /P90D/],
    ['P1Y', /Years and months/],
    ['P3M', /Years and months/],
    ['P1Y2M3DT4H', /Years and months/],
    ['999999999d', /1000 years/],
  ])('refuses %j in words', (text, remedy) => {
    let caught: unknown;
    try {
      parseDuration(text);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(KeyformError);
    expect(caught).toMatchObject({ code: 'invalid-configuration', detail: expect.stringMatching(remedy) });
  });
});

describe('formatDuration', () => {
  it('is read back as the same length, for every whole number of seconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000_000 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds * 1000))).toBe(seconds * 1000);
      }),
    );
  });

  it('is short', () => {
    expect([0, 999, 60_000, 36 * HOUR, 90 * 24 * HOUR].map(formatDuration)).toEqual(['0s', '0s', '1m', '1d12h', '90d']);
  });
});
