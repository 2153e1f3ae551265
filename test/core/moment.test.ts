import { describe, expect, it } from 'vitest';
import { exactMoment, plainMoment } from '../../src/core/moment.ts';

describe('times in answers', () => {
  it.each([
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02T03:04:05.123456789Z', '2026-01-02T03:04:05.123456789Z', '2026-01-02T03:04:05.123Z'],
    ['2026-01-02T03:04:05.5+01:00', '2026-01-02T02:04:05.500Z', '2026-01-02T02:04:05.500Z'],
    ['2026-01-02T03:04:05.678+0000', '2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678Z'],
    ['2026-01-02', null, '2026-01-02T00:00:00.000Z'],
    ['2026-02-30T00:00:00Z', null, null],
    ['soon', null, null],
  ])('%s is read exactly as %s, and in milliseconds as %s', (text, exact, plain) => {
    expect(exactMoment.safeParse(text).data ?? null).toBe(exact);
    expect(plainMoment().safeParse(text).data ?? null).toBe(plain);
  });

  it('may have a form of their own', () => {
    expect(plainMoment(() => 0).parse('anything')).toBe('1970-01-01T00:00:00.000Z');
    expect(plainMoment(() => null).safeParse('2026-01-02').success).toBe(false);
  });
});
