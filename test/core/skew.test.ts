import { expect, it } from 'vitest';
import { clockSkew, skewWords } from '../../src/core/skew.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const dated = (date?: string) => ({ status: 401, headers: date === undefined ? {} : { date }, body: '' });

it.each([
  ['Wed, 31 Dec 2025 23:53:00 GMT', 'This machine’s clock is 7 minutes ahead of the API’s'],
  ['Thu, 01 Jan 2026 00:07:00 GMT', 'This machine’s clock is 7 minutes behind the API’s'],
  ['Thu, 01 Jan 2026 00:01:10 GMT', 'This machine’s clock is 1 minute behind the API’s'],
])('a clock against %s: %s', (date, words) => {
  expect(skewWords(clockSkew(dated(date), NOW) ?? 0)).toBe(words);
});

it('a clock is not suspected where the answer has no date', () => {
  expect([clockSkew(dated(), NOW), clockSkew(dated('soon'), NOW)]).toEqual([null, null]);
});
