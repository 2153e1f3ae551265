import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatMoment, parseMoment } from '../../src/core/moment.ts';
import type { ResourceType } from '../../src/core/provider.ts';
import { outscale } from '../../src/providers/outscale/index.ts';

const type = outscale.resources[0] as ResourceType;
const NOW = Date.parse('2026-01-01T00:00:00.250Z');
const DAY = 86_400_000;

describe('moments', () => {
  it.each([
    ['2027-01-01', '2027-01-01T00:00:00.000Z'],
    ['2027-01-01T10:00:00Z', '2027-01-01T10:00:00.000Z'],
    ['2027-01-01T10:00:00.5+02:00', '2027-01-01T08:00:00.500Z'],
    ['2010-10-01T12:34:56.789+0000', '2010-10-01T12:34:56.789Z'],
    ['2028-02-29', '2028-02-29T00:00:00.000Z'],
  ])('reads %s', (text, expected) => {
    expect(formatMoment(parseMoment(text) ?? Number.NaN)).toBe(expected);
  });

  it.each([
    '',
    'tomorrow',
    '2027-02-29',
    '2027-13-01',
    '2027-01-01T25:00:00Z',
    '2027-01-01T10:00:00',
    '01/02/2027',
    '2027',
  ])('reads no moment in %j', (text) => {
    expect(parseMoment(text)).toBeNull();
  });

  it('reads every moment in the API’s form and in its own', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true }), (date) => {
        expect(parseMoment(formatMoment(date.getTime()))).toBe(date.getTime());
        expect(parseMoment(date.toISOString().replace('Z', '+0000'))).toBe(date.getTime());
      }),
    );
  });
});

describe('arguments', () => {
  it('compare by what they mean', () => {
    const { expires_at: at, expires_in: span } = type.arguments;
    expect(at?.same?.('2027-01-01', '2027-01-01T00:00:00.000Z')).toBe(true);
    expect(at?.same?.('2027-01-01', '2027-01-02')).toBe(false);
    expect(at?.same?.('2027-01-01', null)).toBe(false);
    expect(span?.same?.('1d', 'PT24H')).toBe(true);
    expect(span?.same?.('1d', '2d')).toBe(false);
  });

  it('are refused in words when they contradict one another or make no sense', () => {
    const found = (args: Record<string, string>) => type.check?.(args).map((f) => `${f.argument}: ${f.message}`);
    expect(found({ expires_at: '2027-01-01', expires_in: '90d' })).toEqual([
      'expires_in: cannot stand beside "expires_at": keep one of the two',
    ]);
    expect(found({ expires_at: '2027-02-30' })).toEqual([
      'expires_at: "2027-02-30" is a day or a time that does not exist',
    ]);
    expect(found({ expires_in: '0d' })).toEqual(['expires_in: must be longer than nothing']);
    expect(found({ expires_in: 'P1M' })).toEqual([
      expect.stringMatching(/^expires_in: "P1M" is not a length of time\. Years/),
    ]);
    expect(found({ expires_in: '90d', tag: 'x' })).toEqual([]);
    // Not of the form at all: that is the schema's word, and is not said twice.
    expect(found({ expires_at: 'soon' })).toEqual([]);
    expect(type.arguments.expires_at?.schema.safeParse('soon').success).toBe(false);
    expect(type.arguments.expires_at?.schema.safeParse('2027-01-01').success).toBe(true);
  });

  it('get their end of life from a lifetime', () => {
    const complete = (...given: Parameters<NonNullable<ResourceType['complete']>>) => type.complete?.(...given);
    const args = { expires_in: '90d', tag: 'x' };
    const end = formatMoment(Date.parse('2026-01-01T00:00:00Z') + 90 * DAY);
    expect(complete({ tag: 'x' }, null, null)).toEqual({ args: { tag: 'x' }, unknown: [] });
    expect(complete({ expires_at: '2027-01-01' }, null, NOW)).toEqual({
      args: { expires_at: '2027-01-01' },
      unknown: [],
    });
    expect(complete(args, null, null)).toEqual({ args, unknown: ['expires_at'] });
    expect(complete({ ...args, expires_at: null }, null, null)).toEqual({ args, unknown: ['expires_at'] });
    expect(complete(args, null, NOW)).toEqual({ args: { ...args, expires_at: end }, unknown: [] });
    const prior = { expires_in: 'P90D', expires_at: '2026-02-02T00:00:00.000Z' };
    // The living key keeps its end, planned and applied; a changed lifetime, or an end that was taken away, starts anew.
    expect(complete(args, prior, null)).toEqual({ args: { ...args, expires_at: prior.expires_at }, unknown: [] });
    expect(complete(args, prior, NOW)).toEqual({ args: { ...args, expires_at: prior.expires_at }, unknown: [] });
    expect(complete(args, { ...prior, expires_in: '30d' }, null)?.unknown).toEqual(['expires_at']);
    expect(complete(args, { ...prior, expires_at: null }, null)?.unknown).toEqual(['expires_at']);
    expect(complete(args, { expires_in: null, expires_at: '2026-02-02' }, NOW)?.args.expires_at).toBe(end);
  });

  it('and settings are each described', () => {
    const specs = [
      ...Object.values(type.arguments),
      ...Object.values(type.attributes),
      ...Object.values(outscale.settings),
    ];
    for (const { schema } of specs) expect(schema.description).toMatch(/\.\)?$/);
    for (const [name, { sensitive }] of Object.entries(outscale.settings)) {
      expect(sensitive).toBe(['secret_key', 'password'].includes(name));
    }
    for (const { schema, default: value } of Object.values(outscale.settings)) {
      if (value !== null) expect(schema.safeParse(value).success).toBe(true);
    }
  });
});
