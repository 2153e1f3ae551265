import { KeyformError } from '../error.ts';

/** When something may be done: spans of the week, each by the wall clock of a time zone. */
export interface Window {
  readonly spans: readonly Span[];
}

interface Span {
  /** By weekday, 0 for Sunday. */
  readonly days: ReadonlySet<number>;
  /** Minutes of the day: from `start` on, until before `end`, which is beyond 1440 where the span ends on the next day. */
  readonly start: number;
  readonly end: number;
  readonly zone: string;
}

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const NAMES = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const SPAN = /^(?:(\S+)\s+)?(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})(?:\s+(\S+))?$/;

/**
 * Reads `Mon-Thu 09:00-16:00 Europe/Paris`, several with `;` between them: days (`Mon`, `Fri-Mon`, `Mon,Wed-Fri`, `daily`; left out:
 * every day), a span by the wall clock (`22:00-04:00` ends on the next day; `24:00` may end it), and an IANA time zone. Spans
 * that name no zone have that of the last one which does; UTC where none does. Throws `invalid-configuration`.
 */
export function parseWindow(text: string): Window {
  const parts = text.split(';').map((part) => readSpan(part.trim(), text));
  const named = parts.findLast(({ zone }) => zone !== null)?.zone ?? 'UTC';
  return { spans: parts.map((part) => ({ ...part, zone: part.zone ?? named })) };
}

function readSpan(part: string, whole: string): Omit<Span, 'zone'> & { readonly zone: string | null } {
  const [, days, from = '', to = '', zone] = SPAN.exec(part) ?? [];
  if (from === '') throw refused(whole, `"${part}" has no span of hours such as "09:00-16:00"`);
  const start = readTime(from, whole);
  const end = readTime(to, whole);
  if (start === 1440) throw refused(whole, 'a span cannot begin at 24:00: write 00:00 of the next day');
  if (start === end) throw refused(whole, `"${from}-${to}" is empty: for the whole day write "00:00-24:00"`);
  if (zone !== undefined && !isZone(zone))
    throw refused(whole, `there is no time zone "${zone}": name one such as "Europe/Paris" or "UTC"`);
  return { days: readDays(days ?? 'daily', whole), start, end: end < start ? end + 1440 : end, zone: zone ?? null };
}

function readTime(text: string, whole: string): number {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  const time = hours * 60 + minutes;
  if (minutes > 59 || time > 1440) throw refused(whole, `there is no time "${text}" (00:00 to 24:00)`);
  return time;
}

function readDays(text: string, whole: string): ReadonlySet<number> {
  const lower = text.toLowerCase();
  if (lower === 'daily') return new Set([0, 1, 2, 3, 4, 5, 6]);
  const days = new Set<number>();
  for (const item of lower.split(',')) {
    const [first = '', last = first, ...rest] = item.split('-');
    const [from, to] = [NAMES.indexOf(first), NAMES.indexOf(last)];
    if (from < 0 || to < 0 || rest.length > 0)
      throw refused(
        whole,
        `"${item}" is no day: write Mon, Tue, Wed, Thu, Fri, Sat, Sun, ranges such as Mon-Fri, or daily`,
      );
    for (let day = from; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === to) break;
    }
  }
  return days;
}

function refused(text: string, why: string): KeyformError {
  return new KeyformError('invalid-configuration', `${JSON.stringify(text)} is no window of time`, {
    detail: `${why.charAt(0).toUpperCase()}${why.slice(1)}. A window is, for example, "Mon-Thu 09:00-16:00 Europe/Paris".`,
  });
}

function isZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(zone, format);
  return format;
}

/** How far the zone's wall clock is ahead of UTC at an instant, milliseconds. */
function offsetAt(zone: string, at: number): number {
  if (zone === 'UTC') return 0;
  const whole = Math.floor(at / 1000) * 1000;
  const fields: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(whole)) fields[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = fields;
  return Date.UTC(year, month - 1, day, hour, minute, second) - whole;
}

/** Whether the window is open at an instant, milliseconds since 1970. */
export function isOpen({ spans }: Window, now: number): boolean {
  return spans.some((span) => nextInside(span, now + offsetAt(span.zone, now)) === now + offsetAt(span.zone, now));
}

/** The first instant from `now` on at which the window is open, milliseconds since 1970; `now` itself when it is. */
export function nextOpening({ spans }: Window, now: number): number {
  return Math.min(...spans.map((span) => opening(span, now)));
}

/** Goes from one change of the zone's clock to the next; between them, the wall clock is arithmetic. */
function opening(span: Span, now: number): number {
  let at = now;
  for (;;) {
    const offset = offsetAt(span.zone, at);
    const wanted = nextInside(span, at + offset) - offset;
    const end = Math.min(wanted, at + DAY);
    if (offsetAt(span.zone, end) === offset) {
      if (wanted <= end) return wanted;
      at = end;
      continue;
    }
    let [before, after] = [at, end];
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (offsetAt(span.zone, middle) === offset) before = middle;
      else after = middle;
    }
    at = after;
  }
}

/** The first moment from `local` on that is inside the span, by the wall clock alone; both as milliseconds of a clock without changes. */
function nextInside({ days, start, end }: Span, local: number): number {
  const midnight = Math.floor(local / DAY) * DAY;
  for (let ahead = -1; ahead <= 7; ahead++) {
    const day = midnight + ahead * DAY;
    if (!days.has(new Date(day).getUTCDay()) || local >= day + end * MINUTE) continue;
    return Math.max(local, day + start * MINUTE);
  }
  throw new Error('a window has at least one day');
}
