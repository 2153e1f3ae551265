import { describe, expect, it } from 'vitest';
import { CLOCK_SLACK_MS, isOfItsTime, LONGEST_CREATE_MS } from '../../../src/core/plan/claim.ts';
import type { ActualKey } from '../../../src/core/provider.ts';
import { intent } from '../../state/fixture.ts';

const attempt = intent('one', 't.a', { at: '2026-03-04T05:00:00Z', knownIds: ['known'] });
const last = LONGEST_CREATE_MS + CLOCK_SLACK_MS;

function made(afterMs: number | null, id = 'new'): ActualKey {
  const createdAt = afterMs === null ? null : new Date(Date.parse(attempt.at) + afterMs).toISOString();
  return {
    id,
    accessKeyId: id,
    createdAt,
    expiresAt: null,
    enabled: true,
    readiness: 'ready',
    args: {},
    attributes: {},
    secret: null,
  };
}

describe('a key that an attempt may have made', () => {
  it.each<[string, ActualKey, boolean]>([
    ['at the same time', made(0), true],
    ['as early as a clock that is off may say', made(-CLOCK_SLACK_MS), true],
    ['earlier', made(-CLOCK_SLACK_MS - 1), false],
    ['as late as a create may still get there', made(last), true],
    // As by another clone of the state, which has made its own key since: deleting it as an orphan would lose that.
    ['later', made(last + 1), false],
    ['an hour later', made(3_600_000), false],
    ['at a time that the API does not tell', made(null), true],
    ['before, and known then', made(0, 'known'), false],
  ])('was made %s', (_, key, expected) => {
    expect(isOfItsTime(attempt, key)).toBe(expected);
  });

  it('is the one that the answer named, and no other, whenever it was made', () => {
    const named = { ...attempt, keyId: 'new' };
    expect([isOfItsTime(named, made(3_600_000)), isOfItsTime(named, made(0, 'other'))]).toEqual([true, false]);
  });
});
