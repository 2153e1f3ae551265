import { Num } from '../typed/number.ts';
import { NUMBER, STRING } from '../typed/type.ts';
import { numberValue, stringValue, unknownValue } from '../typed/typed.ts';
import {
  fieldsOf,
  formatTimestamp,
  offsetText,
  pad,
  parseTimestamp,
  type Timestamp,
  TimestampProblem,
} from './rfc3339.ts';
import { FunctionProblem, type FunctionSpec } from './spec.ts';
import { textual } from './textual.ts';

function parsed(text: string, strict: boolean, argument: number | null): Timestamp {
  try {
    return parseTimestamp(text, strict);
  } catch (error) {
    if (error instanceof TimestampProblem) throw new FunctionProblem(error.message, argument);
    throw error;
  }
}

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const WEEKDAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

type Moment = ReturnType<typeof fieldsOf> & { readonly offset: number };

/** What a verb of a date format stands for, by how often its letter comes; what there is instead, for the others. */
interface Verb {
  readonly forms: Readonly<Record<number, (moment: Moment) => string>>;
  readonly wants: string;
}

const number = (pick: (moment: Moment) => number): Verb['forms'] => ({
  1: (moment) => String(pick(moment)),
  2: (moment) => pad(pick(moment)),
});

const VERBS: Readonly<Record<string, Verb>> = {
  Y: {
    forms: { 2: ({ year }) => pad(year % 100), 4: ({ year }) => pad(year, 4) },
    wants: 'year must either be "YY" or "YYYY"',
  },
  M: {
    forms: {
      ...number(({ month }) => month),
      3: ({ month }) => (MONTHS[month - 1] as string).slice(0, 3),
      4: ({ month }) => MONTHS[month - 1] as string,
    },
    wants: 'month must be "M", "MM", "MMM", or "MMMM"',
  },
  D: { forms: number(({ day }) => day), wants: 'day of month must either be "D" or "DD"' },
  E: {
    forms: {
      3: ({ weekday }) => (WEEKDAYS[weekday] as string).slice(0, 3),
      4: ({ weekday }) => WEEKDAYS[weekday] as string,
    },
    wants: 'day of week must either be "EEE" or "EEEE"',
  },
  h: { forms: number(({ hour }) => hour), wants: '24-hour must either be "h" or "hh"' },
  H: { forms: number(({ hour }) => hour % 12 || 12), wants: '12-hour must either be "H" or "HH"' },
  A: { forms: { 2: ({ hour }) => (hour < 12 ? 'AM' : 'PM') }, wants: 'must be "AA"' },
  a: { forms: { 2: ({ hour }) => (hour < 12 ? 'am' : 'pm') }, wants: 'must be "aa"' },
  m: { forms: number(({ minute }) => minute), wants: 'minute must either be "m" or "mm"' },
  s: { forms: number(({ second }) => second), wants: 'second must either be "s" or "ss"' },
  Z: {
    forms: {
      1: ({ offset }) => (offset === 0 ? 'Z' : offsetText(offset, true)),
      3: ({ offset }) => (offset === 0 ? 'UTC' : offsetText(offset, false)),
      4: ({ offset }) => offsetText(offset, false),
      5: ({ offset }) => offsetText(offset, true),
    },
    wants: 'timezone must be Z, ZZZZ, or ZZZZZ',
  },
};

/**
 * A quote (two of them, before anything else: `''''` is two quotes and not a quoted one), a quoted text, a letter once or more often, or a
 * text of neither.
 */
const TOKEN = /''|'(?:[^']|'')*'?|([A-Za-z])\1*|[^A-Za-z']+/g;

const formatdate = textual('formatdate', ['format', 'time'], ([format = '', time = '']) => {
  const timestamp = parsed(time, true, 1);
  const moment: Moment = { ...fieldsOf(timestamp), offset: timestamp.offset };
  return stringValue(format.replace(TOKEN, (token) => render(token, moment)));
});

function render(token: string, moment: Moment): string {
  if (token.startsWith("'")) {
    if (token.length === 1 || !token.endsWith("'")) throw new FunctionProblem("unterminated literal '", 0);
    return token === "''" ? "'" : token.slice(1, -1).replaceAll("''", "'");
  }
  if (!/^[A-Za-z]/.test(token)) return token;
  const verb = VERBS[token.charAt(0)];
  if (verb === undefined) throw new FunctionProblem(`invalid date format verb ${JSON.stringify(token)}`, 0);
  const form = verb.forms[token.length];
  if (form === undefined)
    throw new FunctionProblem(`invalid date format verb ${JSON.stringify(token)}: ${verb.wants}`, 0);
  return form(moment);
}

/** In nanoseconds. */
const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  // The micro sign, and the Greek letter that Unicode's form NFC does not make of it.
  ['\u00b5s', 1_000n],
  ['\u03bcs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);

const MAX_DURATION = 1n << 63n;

/**
 * A duration such as `1h30m` or `-1.5s` in nanoseconds, as Go's `time.ParseDuration` reads it, fractions rounded as there. Throws
 * {@link FunctionProblem}.
 */
export function parseGoDuration(text: string): bigint {
  const invalid = () => new FunctionProblem(`time: invalid duration ${JSON.stringify(text)}`);
  const negative = text.startsWith('-');
  let rest = text.replace(/^[+-]/, '');
  if (rest === '0') return 0n;
  if (rest === '') throw invalid();
  let total = 0n;
  while (rest !== '') {
    const found = /^(\d*)(?:\.(\d*))?/.exec(rest);
    const [written = '', whole = '', fraction = ''] = found ?? [];
    if (whole === '' && fraction === '') throw invalid();
    rest = rest.slice(written.length);
    const name = /^[^.\d]*/.exec(rest)?.[0] ?? '';
    if (name === '') throw new FunctionProblem(`time: missing unit in duration ${JSON.stringify(text)}`);
    const unit = UNITS.get(name);
    if (unit === undefined)
      throw new FunctionProblem(
        `time: unknown unit ${JSON.stringify(name)} in duration ${JSON.stringify(text)}: it has h, m, s, ms, us and ns`,
      );
    rest = rest.slice(name.length);
    total += BigInt(whole === '' ? '0' : whole) * unit + partOf(fraction, unit);
    if (total > MAX_DURATION) throw invalid();
  }
  if (!negative && total === MAX_DURATION) throw invalid();
  return negative ? -total : total;
}

/** A fraction of a unit: digits beyond 63 bits are dropped, and the product is that of doubles. */
function partOf(digits: string, unit: bigint): bigint {
  let value = 0n;
  let scale = 1;
  for (const digit of digits) {
    const next = value * 10n + BigInt(digit);
    if (value > (MAX_DURATION - 1n) / 10n || next > MAX_DURATION) break;
    value = next;
    scale *= 10;
  }
  return value === 0n ? 0n : BigInt(Math.trunc(Number(value) * (Number(unit) / scale)));
}

const timeadd: FunctionSpec = (() => {
  const { notNull: _, ...spec } = textual('timeadd', ['timestamp', 'duration'], ([timestamp = '', duration = '']) => {
    const { nanoseconds, offset } = parsed(timestamp, true, null);
    return stringValue(formatTimestamp({ nanoseconds: nanoseconds + parseGoDuration(duration), offset }));
  });
  return spec;
})();

const timecmp = textual(
  'timecmp',
  ['timestamp_a', 'timestamp_b'],
  ([a = '', b = '']) => {
    const one = parsed(a, false, 0).nanoseconds;
    const two = parsed(b, false, 1).nanoseconds;
    return numberValue(Num.of(one === two ? 0 : one < two ? -1 : 1));
  },
  NUMBER,
);

const timestamp = textual('timestamp', [], (_args, { now }) =>
  now === null ? unknownValue(STRING, true) : stringValue(now),
);

const plantimestamp: FunctionSpec = {
  name: 'plantimestamp',
  parameters: [],
  variadic: null,
  returns: () => STRING,
  call: (_args, _type, { planTime }) => (planTime === null ? unknownValue(STRING) : stringValue(planTime)),
};

/** https://developer.hashicorp.com/terraform/language/functions/formatdate and its siblings */
export const TIME_FUNCTIONS: readonly FunctionSpec[] = [formatdate, plantimestamp, timeadd, timecmp, timestamp];
