import { KeyformError } from './error.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

/** A lifetime beyond this is a slip of the pen, and would overflow a date. */
const LONGEST = 1000 * 365 * DAY;

const UNITS = [WEEK, DAY, HOUR, MINUTE, SECOND];
const SHORT = /^(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/;
const ISO = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/**
 * A length of time in milliseconds: `90d`, `24h`, `30m`, `1d12h` (units w, d, h, m, s, largest first), or ISO 8601
 * (`P90D`, `PT24H`). A day is 24 hours, whatever clocks do. Throws `invalid-configuration` with the remedy. ISO years and
 * months are refused because their length depends on the calendar.
 */
export function parseDuration(text: string): number {
  const parts = SHORT.exec(text) ?? ISO.exec(text);
  const numbers = parts?.slice(1);
  if (numbers === undefined || numbers.every((n) => n === undefined)) {
    const calendar = /^P\d*[YM]|^P.*\d[YM](?!.*T)/.test(text) && !/^PT/.test(text);
    throw refused(
      text,
      calendar
        ? 'Years and months have no fixed length; write days, such as "365d" or "P365D".'
        : 'Write it as "90d", "24h", "30m" (units w, d, h, m, s, largest first) or in ISO 8601, such as "P90D".',
    );
  }
  const ms = numbers.reduce((sum, n, i) => sum + Number(n ?? 0) * (UNITS[i] ?? 0), 0);
  if (ms > LONGEST) throw refused(text, 'The longest that can be written is 1000 years (365000d).');
  return ms;
}

/**
 * The shortest text that {@link parseDuration} reads back as `ms`, in days and smaller units: `90d`, `1d12h`, `0s`. Parts
 * of a second are dropped. `ms` must be finite and not negative.
 */
export function formatDuration(ms: number): string {
  let rest = Math.floor(ms / SECOND) * SECOND;
  let text = '';
  for (const [unit, letter] of [
    [DAY, 'd'],
    [HOUR, 'h'],
    [MINUTE, 'm'],
    [SECOND, 's'],
  ] as const) {
    const count = Math.floor(rest / unit);
    if (count > 0) text += `${count}${letter}`;
    rest -= count * unit;
  }
  return text === '' ? '0s' : text;
}

function refused(text: string, detail: string): KeyformError {
  return new KeyformError('invalid-configuration', `${JSON.stringify(text)} is not a length of time`, { detail });
}
