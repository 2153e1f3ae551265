import { listValue } from '../typed/collection.ts';
import { friendlyName } from '../typed/format.ts';
import { Num } from '../typed/number.ts';
import { quote } from '../typed/quote.ts';
import { DYNAMIC, listType, NUMBER, STRING } from '../typed/type.ts';
import { numberValue, type Typed } from '../typed/typed.ts';
import { logarithm, power } from './power.ts';
import { argument, numberOf, parameter, simple, textOf, wholeOf } from './signature.ts';
import { FunctionProblem, type FunctionSpec } from './spec.ts';

const num = parameter('num', NUMBER);
const ZERO = Num.of(0);
/** More elements than any list of `range` may have. */
const LONGEST_RANGE = 1024;

/** A function of doubles. Terraform computes in 64-bit floating point here, whatever the numbers' own precision. */
function ofDoubles(name: string, second: string, compute: (one: number, two: number) => number): FunctionSpec {
  return simple(name, NUMBER, [num, parameter(second, NUMBER)], (args) => {
    const result = compute(doubleOf(args, 0), doubleOf(args, 1));
    if (Number.isNaN(result)) throw new FunctionProblem('the result is not a number');
    return numberValue(Num.double(result));
  });
}

function doubleOf(args: readonly Typed[], index: number): number {
  const number = numberOf(args, index);
  const double = number.nearest();
  if (number.isFinite() && !Number.isFinite(double))
    throw new FunctionProblem(`value must be between -${Number.MAX_VALUE} and ${Number.MAX_VALUE} inclusive`);
  return double;
}

/** `min` and `max`: the first of those that none is further out than. */
function outermost(name: string, sign: 1 | -1): FunctionSpec {
  return simple(
    name,
    NUMBER,
    [],
    (args) => {
      if (args.length === 0) throw new FunctionProblem('must pass at least one number');
      let found = numberOf(args, 0);
      for (const index of args.keys()) {
        const next = numberOf(args, index);
        if (next.compare(found) * sign > 0) found = next;
      }
      return numberValue(found);
    },
    parameter('numbers', NUMBER, 'dynamic'),
  );
}

/** Whole numbers are put in anew, as in Terraform, which loses the sign of a zero. */
function rounding(name: string, round: (number: Num) => Num): FunctionSpec {
  return simple(name, NUMBER, [num], (args) => {
    const number = numberOf(args, 0);
    return numberValue(number.sign() === 0 ? number.abs() : round(number));
  });
}

function range(args: readonly Typed[]): Typed {
  if (args.length < 1 || args.length > 3) throw new FunctionProblem('must have one, two, or three arguments');
  const start = args.length === 1 ? ZERO : numberOf(args, 0);
  const end = numberOf(args, args.length === 1 ? 0 : 1);
  const step = args.length === 3 ? numberOf(args, 2) : Num.of(end.compare(start) < 0 ? -1 : 1);
  const down = step.sign() < 0;
  if (down && end.compare(start) > 0) throw new FunctionProblem('end must be less than start when step is negative', 1);
  if (!down && end.compare(start) < 0)
    throw new FunctionProblem('end must be greater than start when step is positive', 1);
  const numbers: Typed[] = [];
  for (let next = start; ; next = next.add(step)) {
    const left = next.compare(end);
    if (next.equals(end) || (down ? left < 0 : left > 0)) return listValue(NUMBER, numbers);
    if (numbers.length >= LONGEST_RANGE)
      throw new FunctionProblem(
        `more than ${LONGEST_RANGE} values were generated; either decrease the difference between start and end or use a smaller step`,
      );
    numbers.push(numberValue(next));
  }
}

function parseint(args: readonly Typed[]): Typed {
  const base = wholeOf(argument(args, 1), '', 1);
  if (base < 2 || base > 62) throw new FunctionProblem('base must be a whole number between 2 and 62 inclusive', 1);
  const written = textOf(args, 0);
  const digits = written.replace(/^[+-]/, '');
  const big = BigInt(base);
  let magnitude = 0n;
  let valid = digits !== '';
  for (const digit of digits) {
    const worth = digitOf(digit, base);
    if (worth === null) valid = false;
    else magnitude = magnitude * big + BigInt(worth);
  }
  if (!valid) throw new FunctionProblem(`cannot parse ${quote(written)} as a base ${base} integer`, 0);
  return numberValue(Num.of(written.startsWith('-') ? -magnitude : magnitude));
}

/** What a digit counts; null when the base has none such. Up to base 36 letters may be of either case, above it small ones count less. */
function digitOf(digit: string, base: number): number | null {
  let worth: number;
  if (/^[0-9]$/.test(digit)) worth = digit.charCodeAt(0) - 48;
  else if (/^[a-z]$/.test(digit)) worth = digit.charCodeAt(0) - 87;
  else if (/^[A-Z]$/.test(digit)) worth = digit.charCodeAt(0) - (base <= 36 ? 55 : 29);
  else return null;
  return worth < base ? worth : null;
}

/** Functions of numbers. https://developer.hashicorp.com/terraform/language/functions#numeric-functions */
export const NUMBER_FUNCTIONS: readonly FunctionSpec[] = [
  simple('abs', NUMBER, [parameter('num', NUMBER, 'dynamic')], (args) => numberValue(numberOf(args, 0).abs())),
  rounding('ceil', (number) => number.ceil()),
  rounding('floor', (number) => number.floor()),
  ofDoubles('log', 'base', (number, base) => logarithm(number) / logarithm(base)),
  ofDoubles('pow', 'power', power),
  outermost('max', 1),
  outermost('min', -1),
  simple('signum', NUMBER, [num], (args) => numberValue(Num.of(Math.sign(wholeOf(argument(args, 0)))))),
  {
    name: 'parseint',
    parameters: [parameter('number', DYNAMIC), parameter('base', NUMBER)],
    variadic: null,
    notNull: true,
    returns: (args) => {
      const { type } = argument(args, 0);
      if (type.kind !== STRING.kind)
        throw new FunctionProblem(`first argument must be a string, not ${friendlyName(type)}`, 0);
      return NUMBER;
    },
    call: parseint,
  },
  simple('range', listType(NUMBER), [], range, parameter('params', NUMBER)),
];
