/** A moment with the offset that it was written with. */
export interface Timestamp {
  /** Nanoseconds since 1970 in UTC. */
  readonly nanoseconds: bigint;
  /** Minutes east of UTC. */
  readonly offset: number;
}

/** The fields of a moment at its offset. */
export interface Fields {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  /** 0 to 6, from Sunday. */
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** A text that is no timestamp. */
export class TimestampProblem extends Error {}

const NOT_VALID = 'not a valid RFC3339 timestamp';

/**
 * Reads RFC 3339 as Go's `time.Parse` does, which is more lenient than the standard: an hour may have one digit, a comma may begin the
 * fraction. With `strict`, as go-cty does: neither may be. Go finds and names faults from left to right, and so does this. Throws
 * {@link TimestampProblem}.
 */
export function parseTimestamp(text: string, strict: boolean): Timestamp {
  const reader = new Reader(text, strict);
  const year = reader.digits(4, 'year', 0, 9999);
  reader.literal('-');
  const month = reader.digits(2, 'month', 1, 12);
  reader.literal('-');
  const day = reader.digits(2, 'day of month', 0, 99);
  reader.literal('T');
  const hour = reader.hour();
  reader.literal(':');
  const minute = reader.digits(2, 'minute', 0, 59);
  reader.literal(':');
  const second = reader.digits(2, 'second', 0, 59);
  const fraction = reader.fraction();
  const offset = reader.offset();
  reader.end();
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (day < 1 || date.getUTCDate() !== day) throw new TimestampProblem(`${NOT_VALID}: day out of range`);
  reader.strictly();
  const seconds = BigInt(date.getTime() / 1000 + hour * 3600 + minute * 60 + second - offset * 60);
  return { nanoseconds: seconds * 1_000_000_000n + fraction, offset };
}

class Reader {
  private readonly strict: boolean;
  private rest: string;
  /** The first fault of those that Go's own reading lets pass. */
  private lapse: TimestampProblem | null = null;

  constructor(text: string, strict: boolean) {
    this.strict = strict;
    this.rest = text;
  }

  digits(count: number, what: string, least: number, most: number): number {
    const found = this.rest.slice(0, count);
    if (!(count === 4 ? /^\d{4}$/ : /^\d\d$/).test(found)) throw this.unusable(this.rest, what);
    this.rest = this.rest.slice(count);
    const number = Number(found);
    if (number < least || number > most) throw this.unusable(this.rest, what);
    return number;
  }

  hour(): number {
    const found = /^\d\d?/.exec(this.rest)?.[0];
    if (found === undefined) throw this.unusable(this.rest, 'hour');
    this.rest = this.rest.slice(found.length);
    if (Number(found) > 23) throw this.unusable(this.rest, 'hour');
    if (found.length === 1) this.lapse ??= this.unusable(found, 'hour');
    return Number(found);
  }

  literal(character: string): void {
    if (this.rest.startsWith(character)) {
      this.rest = this.rest.slice(1);
      return;
    }
    if (character === 'T') throw new TimestampProblem(`${NOT_VALID}: missing required time introducer 'T'`);
    const found = this.rest === '' ? 'end of string' : `found ${JSON.stringify(this.rest)}`;
    throw new TimestampProblem(`${NOT_VALID}: ${found} where ${JSON.stringify(character)} is expected`);
  }

  /** In nanoseconds; further digits are cut off. */
  fraction(): bigint {
    const found = /^([.,])(\d+)/.exec(this.rest);
    if (found === null) return 0n;
    this.rest = this.rest.slice(found[0].length);
    if (found[1] === ',') this.lapse ??= this.unusable(',', 'timestamp segment');
    return BigInt((found[2] ?? '').slice(0, 9).padEnd(9, '0'));
  }

  /** In minutes. */
  offset(): number {
    if (this.rest.startsWith('Z')) {
      this.rest = this.rest.slice(1);
      return 0;
    }
    const found = /^([+-])(\d\d):(\d\d)/.exec(this.rest);
    if (found === null) throw this.unusable(this.rest, 'UTC offset');
    const [hours, minutes] = [Number(found[2]), Number(found[3])];
    const before = this.rest;
    this.rest = this.rest.slice(found[0].length);
    // Go lets these two be one too many.
    if (hours > 24 || minutes > 60) throw this.unusable(this.rest, 'UTC offset');
    if (hours > 23 || minutes > 59) this.lapse ??= this.unusable(before, 'UTC offset');
    return (found[1] === '-' ? -1 : 1) * (hours * 60 + minutes);
  }

  end(): void {
    if (this.rest !== '') throw this.unusable(this.rest, 'timestamp segment');
  }

  strictly(): void {
    if (this.strict && this.lapse !== null) throw this.lapse;
  }

  private unusable(found: string, what: string): TimestampProblem {
    if (found === '') return new TimestampProblem(`${NOT_VALID}: end of string before ${what}`);
    let reason = `cannot use ${JSON.stringify(found)} as ${what}`;
    if (this.strict && what === 'hour' && found.includes(':')) reason = 'hour must be between 0 and 23 inclusive';
    else if (this.strict && (what === 'hour' || what === 'minute') && found.length !== 2)
      reason = `${what} must have exactly two digits`;
    return new TimestampProblem(`${NOT_VALID}: ${reason}`);
  }
}

/** Throws RangeError beyond the years that a `Date` can hold. */
export function fieldsOf({ nanoseconds, offset }: Timestamp): Fields {
  // Rounded down, also before 1970.
  const seconds = (nanoseconds - (((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n)) / 1_000_000_000n;
  const date = new Date((Number(seconds) + offset * 60) * 1000);
  if (Number.isNaN(date.getTime())) throw new RangeError('the year is out of range');
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
  };
}

/** `+02:00`, or `+0200` without colon. */
export function offsetText(offset: number, colon: boolean): string {
  const size = Math.abs(offset);
  return `${offset < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}${colon ? ':' : ''}${pad(size % 60)}`;
}

/** With two digits, or more; a minus sign is not counted. */
export function pad(number: number, digits = 2): string {
  return `${number < 0 ? '-' : ''}${String(Math.abs(number)).padStart(digits, '0')}`;
}

/** RFC 3339 in whole seconds; an offset of zero is `Z`. */
export function formatTimestamp(timestamp: Timestamp): string {
  const { year, month, day, hour, minute, second } = fieldsOf(timestamp);
  const zone = timestamp.offset === 0 ? 'Z' : offsetText(timestamp.offset, true);
  return `${pad(year, 4)}-${pad(month)}-${pad(day)}T${pad(hour)}:${pad(minute)}:${pad(second)}${zone}`;
}
