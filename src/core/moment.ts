import { z } from 'zod';
import type { Json } from './json.ts';

/** RFC 3339, a date alone, or an offset without its colon (`+0000`), with any number of digits in the fraction. */
export const MOMENT = /^(\d{4})-(\d{2})-(\d{2})(?:T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2}))?$/;

/**
 * Milliseconds since 1970 of an RFC 3339 time, of a date (its first moment, UTC), or of `2010-10-01T12:34:56.789+0000`;
 * digits beyond milliseconds are cut off. Null when `text` is none of them or names a day that does not exist.
 */
export function parseMoment(text: string): number | null {
  const parts = MOMENT.exec(text);
  if (parts === null) return null;
  // Date.parse turns 30 February into 2 March, and finds a meaning for month 0, so the day is checked by itself.
  const day = Number(parts[3]);
  if (day < 1 || day > lengthOfMonth(Number(parts[1]), Number(parts[2]))) return null;
  const ms = Date.parse(text.replace(/(\.\d{3})\d+/, '$1').replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
  return Number.isNaN(ms) ? null : ms;
}

/** Days of a month, 1 to 12; 0 for any other number. */
function lengthOfMonth(year: number, month: number): number {
  if (month < 1 || month > 12) return 0;
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** RFC 3339 in UTC with milliseconds (`2027-01-01T00:00:00.000Z`), the form in which Keyform sends and remembers times. */
export function formatMoment(ms: number): string {
  return new Date(ms).toISOString();
}

/** Whether two values are the same instant; equality where one of them is no time. */
export function sameMoment(a: Json, b: Json): boolean {
  if (typeof a !== 'string' || typeof b !== 'string') return a === b;
  const [left, right] = [parseMoment(a), parseMoment(b)];
  return left === null || right === null ? a === b : left === right;
}

/** A time with a time of day in an answer: RFC 3339 in UTC. One that is in UTC already keeps all its digits. */
export const exactMoment = z
  .string()
  .refine((text) => text.includes('T') && parseMoment(text) !== null)
  .transform((text) => (text.endsWith('Z') ? text : formatMoment(parseMoment(text) ?? 0)));

/** A time in an answer, read by `parse` (milliseconds since 1970, null for what is no time): RFC 3339 in UTC, in milliseconds. */
export function plainMoment(parse: (text: string) => number | null = parseMoment) {
  return z.string().transform((text, context) => {
    const ms = parse(text);
    if (ms !== null) return formatMoment(ms);
    context.addIssue({ code: 'custom', message: 'not a time' });
    return z.NEVER;
  });
}
