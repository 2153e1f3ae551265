import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConsoleRefusal, findKey, type HeldKey, keyDesk, momentField, useKey } from '../../src/core/console.ts';

const NOW = Date.parse('2026-03-01T00:00:00Z');
const DAY = 86_400_000;

const KEY: HeldKey = {
  type: 'keyform_test_key',
  id: 'id-1',
  accessKeyId: 'client-1',
  args: { name: 'one' },
  enabled: true,
  ready: true,
  createdAt: '2026-01-01T00:00:00Z',
  expiresAt: null,
  lastUsedAt: null,
};

function desk(key: Partial<HeldKey> = {}) {
  const done: unknown[] = [];
  const made = keyDesk({
    type: KEY.type,
    created: z.strictObject({ name: z.string().describe('The name.') }),
    changed: z.strictObject({
      name: z.string().describe('The name.').optional(),
      at: momentField(() => NOW)
        .nullable()
        .optional(),
    }),
    keys: () => [{ ...KEY, ...key }],
    create: (values) => {
      done.push(values);
      return 'id-1';
    },
    change: (id, values) => void done.push([id, values]),
    remove: (id) => void done.push(id),
    secret: () => 'the-secret',
    noteUse: (id) => void done.push(`used ${id}`),
  });
  return { desk: made, done };
}

describe('a moment', () => {
  const read = (text: string) => momentField(() => NOW).safeParse(text).data ?? null;

  it.each([
    ['2026-01-31T00:00:00Z', Date.parse('2026-01-31T00:00:00Z')],
    ['2026-01-31', Date.parse('2026-01-31T00:00:00Z')],
    ['-100d', NOW - 100 * DAY],
    ['+1h', NOW + 3_600_000],
    ['-P1DT12H', NOW - 1.5 * DAY],
    ['-1s', NOW - 1000],
  ])('is read: %s', (text, ms) => expect(read(text)).toBe(ms));

  it.each(['', '-', '+', '100d', '-soon', '-1y', 'yesterday', '2026-02-30', '1969-12-31', '-100000d'])(
    'is not: %j',
    (text) => expect(read(text)).toBeNull(),
  );

  it('has whole milliseconds, whatever the clock has', () => {
    const parsed = momentField(() => NOW + 0.7).parse('-1s');
    expect(parsed).toBe(NOW - 1000);
  });
});

describe('a desk', () => {
  it('hands on what fits, read', () => {
    const { desk: open, done } = desk();
    open.create({ name: 'x' });
    open.change('id-1', { at: '-1d' });
    open.change('id-1', { at: null });
    expect(done).toEqual([{ name: 'x' }, ['id-1', { at: NOW - DAY }], ['id-1', { at: null }]]);
  });

  it('refuses what does not, and says what there is', () => {
    const { desk: open, done } = desk();
    const told = (act: () => unknown): string => {
      try {
        act();
      } catch (error) {
        expect(error).toBeInstanceOf(ConsoleRefusal);
        expect((error as ConsoleRefusal).kind).toBe('wrong');
        return (error as Error).message;
      }
      throw new Error('it was taken');
    };
    expect(told(() => open.create({ name: 'x', colour: 'red' }))).toBe(
      'a new keyform_test_key: there is no "colour" in it, only name',
    );
    expect(told(() => open.create({ name: 1 }))).toMatch(/^a new keyform_test_key: "name": .+ \(The name\)$/);
    expect(told(() => open.change('id-1', { at: 'soon' }))).toMatch(
      /^a change of a keyform_test_key: "at": must be a time from 1970 on such as /,
    );
    expect(done).toEqual([]);
  });

  it('tells what its fields mean, described before or after they were made optional', () => {
    expect(desk().desk.fields).toEqual({ create: { name: 'The name.' }, change: { name: 'The name.', at: '' } });
  });
});

describe('a key', () => {
  it('is found by either id', () => {
    const { desk: open } = desk();
    for (const id of ['id-1', 'client-1']) expect(findKey([open], id).key.id).toBe('id-1');
    expect(() => findKey([open], 'one')).toThrow(ConsoleRefusal);
    expect(() => findKey([], 'id-1')).toThrow(/there is no key/);
  });

  it.each<[Partial<HeldKey>, string, string | null]>([
    [{}, 'the-secret', null],
    [{}, 'another', 'wrong-secret'],
    [{ enabled: false }, 'another', 'wrong-secret'],
    [{ enabled: false }, 'the-secret', 'disabled'],
    [{ ready: false }, 'the-secret', 'not-ready'],
    [{ expiresAt: '2026-03-01T00:00:00Z' }, 'the-secret', 'expired'],
    [{ expiresAt: '2026-03-01T00:00:00.001Z' }, 'the-secret', null],
  ])('%j with %j is answered %j, and only a yes is a use', (key, secret, answer) => {
    const { desk: open, done } = desk(key);
    expect(useKey(findKey([open], 'id-1'), secret, NOW)).toBe(answer);
    expect(done).toEqual(answer === null ? ['used id-1'] : []);
  });
});
