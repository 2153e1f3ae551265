import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isOpen, nextOpening, parseWindow } from '../../../src/core/rotation/window.ts';

const MINUTE = 60_000;
const at = (text: string) => Date.parse(text);
const opens = (window: string, from: string) => new Date(nextOpening(parseWindow(window), at(from))).toISOString();

describe('by the wall clock of a zone', () => {
  test.each([
    // 2026-11-23 is a Monday; Paris is at UTC+1.
    ['Mon-Thu 09:00-16:00 Europe/Paris', '2026-11-23T07:59:00Z', '2026-11-23T08:00:00.000Z'],
    ['Mon-Thu 09:00-16:00 Europe/Paris', '2026-11-23T08:30:00Z', '2026-11-23T08:30:00.000Z'],
    ['Mon-Thu 09:00-16:00 Europe/Paris', '2026-11-23T15:00:00Z', '2026-11-24T08:00:00.000Z'],
    ['Mon-Thu 09:00-16:00 Europe/Paris', '2026-11-26T15:00:00Z', '2026-11-30T08:00:00.000Z'],
    ['Fri-Mon 22:00-04:00', '2026-11-24T03:59:00Z', '2026-11-24T03:59:00.000Z'],
    ['Fri-Mon 22:00-04:00', '2026-11-24T04:00:00Z', '2026-11-27T22:00:00.000Z'],
    ['09:00-10:00', '2026-11-24T11:00:00Z', '2026-11-25T09:00:00.000Z'],
    ['Sun 00:00-24:00', '2026-11-23T00:00:00Z', '2026-11-29T00:00:00.000Z'],
    ['Tue 01:00-02:00; Wed 01:00-02:00 Asia/Tokyo', '2026-11-23T12:00:00Z', '2026-11-23T16:00:00.000Z'],
    // The clock in Paris goes from 02:00 to 03:00 on 2027-03-28: 02:30 is not there, and the span is open from 03:00 on.
    ['Sun 02:30-05:00 Europe/Paris', '2027-03-28T00:00:00Z', '2027-03-28T01:00:00.000Z'],
    // And a span that lies in the gap does not open on that day.
    ['Sun 02:10-02:50 Europe/Paris', '2027-03-28T00:00:00Z', '2027-04-04T00:10:00.000Z'],
    // 2026-10-25 has 02:00 to 03:00 twice: a span in it opens twice.
    ['Sun 02:10-02:50 Europe/Paris', '2026-10-25T00:50:00Z', '2026-10-25T01:10:00.000Z'],
  ])('%s from %s on opens at %s', (window, from, expected) => {
    expect(opens(window, from)).toBe(expected);
  });
});

const ZONES = ['UTC', 'Europe/Paris', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'America/Santiago'];
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** Whether the window is open, told by Intl alone. */
function asked(days: readonly string[], start: number, end: number, zone: string, now: number): boolean {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(now);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? '';
  const minutes = Number(part('hour')) * 60 + Number(part('minute'));
  const today = DAYS.indexOf(part('weekday'));
  const inside = (day: number, time: number) => days.includes(DAYS[(day + 7) % 7] ?? '') && time >= start && time < end;
  return inside(today, minutes) || inside(today - 1, minutes + 1440);
}

test('opens when a walk over every minute says so, through every change of clocks', () => {
  const moment = fc.integer({ min: at('2026-01-01T00:00:00Z') / MINUTE, max: at('2028-01-01T00:00:00Z') / MINUTE });
  const change = fc.constantFrom(
    '2026-03-29T00:30Z',
    '2026-10-25T00:30Z',
    '2026-03-08T06:30Z',
    '2026-11-01T05:30Z',
    '2026-04-04T14:30Z',
    '2026-10-03T15:00Z',
    '2026-09-06T03:30Z',
  );
  const now = fc.oneof(
    moment,
    fc.tuple(change, fc.integer({ min: -180, max: 180 })).map(([t, d]) => at(t) / MINUTE + d),
  );
  const time = fc.integer({ min: 0, max: 1439 });
  fc.assert(
    fc.property(
      fc.subarray(DAYS, { minLength: 1 }),
      time,
      fc.integer({ min: 1, max: 1440 }),
      fc.constantFrom(...ZONES),
      now,
      (days, start, length, zone, minute) => {
        const end = start + length;
        const clock = (value: number) =>
          `${String(Math.floor(value / 60)).padStart(2, '0')}:${String(value % 60).padStart(2, '0')}`;
        const last = end === 1440 ? '24:00' : clock(end % 1440);
        fc.pre(clock(start) !== last);
        const window = parseWindow(`${days.join(',')} ${clock(start)}-${last} ${zone}`);
        const from = minute * MINUTE;
        expect(isOpen(window, from)).toBe(asked(days, start, end, zone, from));
        const opened = nextOpening(window, from);
        expect(isOpen(window, opened)).toBe(true);
        expect(asked(days, start, end, zone, opened)).toBe(true);
        // Nothing was passed over on the last day before it.
        for (let before = Math.max(from, opened - 1440 * MINUTE); before < opened; before += 7 * MINUTE)
          expect(asked(days, start, end, zone, before)).toBe(false);
      },
    ),
    { numRuns: 150 },
  );
});

describe('refuses', () => {
  test.each([
    ['', 'no span of hours'],
    ['Mon-Thu', 'no span of hours'],
    ['Montag 09:00-10:00', '"montag" is no day'],
    ['Mon-Tue-Wed 09:00-10:00', 'is no day'],
    ['09:00-25:00', 'no time "25:00"'],
    ['09:60-10:00', 'no time "09:60"'],
    ['09:00-09:00', 'is empty'],
    ['24:00-01:00', 'cannot begin'],
    ['Mon 09:00-10:00 Paris', 'no time zone "Paris"'],
    ['Mon 09:00-10:00;', 'no span of hours'],
  ])('%j', (text, why) => {
    expect(() => parseWindow(text)).toThrow(
      expect.objectContaining({ code: 'invalid-configuration', detail: expect.stringContaining(why) }),
    );
  });
});
