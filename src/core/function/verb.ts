import { type Decimal, decimalOf, formatFixed, formatGeneral, rounded } from '../typed/binary.ts';
import { ConversionProblem, convert } from '../typed/convert.ts';
import { Num } from '../typed/number.ts';
import { BOOL, NUMBER, STRING, type Type } from '../typed/type.ts';
import { isNull, type Typed } from '../typed/typed.ts';
import { clustersOf } from './cluster.ts';
import { jsonString, jsonText } from './jsontext.ts';
import { FunctionProblem } from './spec.ts';

/** A verb of a format, as it is written. */
export interface Verb {
  readonly raw: string;
  /** Where it begins in the format, in bytes of UTF-8. */
  readonly offset: number;
  /** 1-based number of the value that it formats. */
  readonly position: number;
  /** The letter at its end. */
  readonly mode: string;
  readonly zero: boolean;
  readonly sharp: boolean;
  readonly plus: boolean;
  readonly minus: boolean;
  readonly space: boolean;
  readonly width: number | null;
  readonly precision: number | null;
}

/** Decimal exponents from which on a number without precision is written with one. */
const GENERAL_LIMIT = 6;

/** A known value as the verb has it. Throws {@link FunctionProblem}. */
export function formatValue(verb: Verb, value: Typed): string {
  if (verb.mode !== 'v' && isNull(value)) throw unsupported(verb, 'null value cannot be formatted');
  switch (verb.mode) {
    case 'v':
      return padded(verb, plain(verb, value));
    case 't':
      return String(converted(verb, value, BOOL).content);
    case 'b':
    case 'd':
    case 'o':
    case 'x':
    case 'X':
      return integer(verb, converted(verb, value, NUMBER).content as Num);
    case 'e':
    case 'E':
    case 'f':
    case 'g':
    case 'G':
      return fraction(verb, converted(verb, value, NUMBER).content as Num);
    case 's':
    case 'q': {
      const content = cut(verb, converted(verb, value, STRING).content as string);
      return padded(verb, verb.mode === 'q' ? jsonString(content) : content);
    }
    default:
      throw new FunctionProblem(
        `unsupported format verb "${verb.mode}" in ${JSON.stringify(verb.raw)} at offset ${verb.offset}`,
      );
  }
}

function unsupported(verb: Verb, reason: string): FunctionProblem {
  return new FunctionProblem(`unsupported value for ${JSON.stringify(verb.raw)} at ${verb.offset}: ${reason}`);
}

function converted(verb: Verb, value: Typed, type: Type): Typed {
  try {
    return convert(value, type);
  } catch (error) {
    if (!(error instanceof ConversionProblem)) throw error;
    throw unsupported(verb, error.message);
  }
}

/** A text as it is, a number in its shortest form; JSON of any other value, and of all with `#`. */
function plain(verb: Verb, value: Typed): string {
  const { content } = value;
  if (!verb.sharp && typeof content === 'string') return content;
  if (!verb.sharp && content instanceof Num) return general(content, null, false);
  try {
    return jsonText(value);
  } catch (error) {
    if (!(error instanceof FunctionProblem)) throw error;
    throw unsupported(verb, error.message);
  }
}

/** The first characters; precision 0 is none, in Terraform. */
function cut(verb: Verb, content: string): string {
  return verb.precision === null || verb.precision === 0
    ? content
    : clustersOf(content).slice(0, verb.precision).join('');
}

function padded(verb: Verb, content: string): string {
  if (verb.width === null) return content;
  const padding = (verb.zero ? '0' : ' ').repeat(Math.max(0, verb.width - clustersOf(content).length));
  return verb.minus ? content + padding : padding + content;
}

function signOf(verb: Verb, negative: boolean): string {
  if (negative) return '-';
  return verb.plus ? '+' : verb.space ? ' ' : '';
}

const RADIX: { readonly [mode: string]: number } = { b: 2, d: 10, o: 8, x: 16, X: 16 };
const PREFIX: { readonly [mode: string]: string } = { b: '0b', d: '', o: '0', x: '0x', X: '0X' };

/** As Go formats its `big.Int`: a precision is the least number of digits, and keeps zeros from filling the width. */
function integer(verb: Verb, number: Num): string {
  const whole = number.toBigInt();
  if (whole === null) throw unsupported(verb, 'an integer is required');
  let digits = (whole < 0n ? -whole : whole).toString(RADIX[verb.mode]);
  if (verb.mode === 'X') digits = digits.toUpperCase();
  if (verb.precision === 0 && whole === 0n) return '';
  digits = digits.padStart(verb.precision ?? 0, '0');
  const sign = signOf(verb, whole < 0n);
  const prefix = verb.sharp ? (PREFIX[verb.mode] ?? '') : '';
  const missing = Math.max(0, (verb.width ?? 0) - sign.length - prefix.length - digits.length);
  if (verb.minus) return `${sign}${prefix}${digits}${' '.repeat(missing)}`;
  if (verb.zero && verb.precision === null) return `${sign}${prefix}${'0'.repeat(missing)}${digits}`;
  return `${' '.repeat(missing)}${sign}${prefix}${digits}`;
}

/** As Go formats its `big.Float`. */
function fraction(verb: Verb, number: Num): string {
  const lower = verb.mode.toLowerCase();
  let body: string;
  if (!number.isFinite()) body = number.toString();
  else if (lower === 'g') body = general(number, verb.precision, verb.mode === 'G');
  else {
    const written = lower === 'f' ? fixed(number, verb.precision ?? 6) : exponential(number, verb.precision ?? 6);
    body = verb.mode === 'E' ? written.toUpperCase() : written;
  }
  const negative = body.startsWith('-');
  // Go writes +Inf with its sign, or a space in its stead.
  const sign = body.startsWith('+') ? (verb.space ? ' ' : '+') : signOf(verb, negative);
  body = body.replace(/^[+-]/, '');
  const missing = Math.max(0, (verb.width ?? 0) - sign.length - body.length);
  // Zeros come before all else here, and after the minus in whole numbers.
  if (verb.zero && number.isFinite()) return `${sign}${'0'.repeat(missing)}${body}`;
  if (verb.minus) return `${sign}${body}${' '.repeat(missing)}`;
  return `${' '.repeat(missing)}${sign}${body}`;
}

function exact(number: Num): Decimal {
  const decimal = decimalOf(number.binary());
  return number.toString().startsWith('-') ? { ...decimal, negative: true } : decimal;
}

/** With so many digits after the point. */
function fixed(number: Num, digits: number): string {
  const decimal = exact(number);
  const count = decimal.point + digits;
  // Far too small to be rounded up: nothing is left but zeros.
  const kept = count < 0 ? { ...decimal, digits: '', point: 0 } : rounded(decimal, count);
  const [whole = '0', fraction = ''] = formatFixed(kept).split('.');
  return digits === 0 ? whole : `${whole}.${fraction.padEnd(digits, '0')}`;
}

/** With one digit before the point, so many after it, and an exponent. */
function exponential(number: Num, digits: number): string {
  return withExponent(rounded(exact(number), digits + 1), digits);
}

function withExponent(decimal: Decimal, digits: number): string {
  const exponent = decimal.digits === '' ? 0 : decimal.point - 1;
  const all = decimal.digits.padEnd(digits + 1, '0');
  const tail = digits > 0 ? `.${all.slice(1, digits + 1)}` : '';
  const size = String(Math.abs(exponent)).padStart(2, '0');
  return `${decimal.negative ? '-' : ''}${all.charAt(0)}${tail}e${exponent < 0 ? '-' : '+'}${size}`;
}

/** With so many digits in all, or as many as it takes; with an exponent where the number is large or small. */
function general(number: Num, digits: number | null, capital: boolean): string {
  if (!number.isFinite()) return number.toString();
  let written: string;
  if (digits !== null) written = formatGeneral(exact(number), digits === 0 ? 1 : digits);
  else {
    const shortest = decimalFrom(number.toString());
    const exponent = shortest.point - 1;
    const plain = shortest.digits === '' || (exponent >= -4 && exponent < GENERAL_LIMIT);
    written = plain ? formatFixed(shortest) : withExponent(shortest, shortest.digits.length - 1);
  }
  return capital ? written.toUpperCase() : written;
}

/** A number in plain notation, taken apart again. */
function decimalFrom(plain: string): Decimal {
  const negative = plain.startsWith('-');
  const [whole = '', fraction = ''] = plain.replace('-', '').split('.');
  const all = `${whole}${fraction}`;
  const zeros = all.length - all.replace(/^0+/, '').length;
  return { negative, digits: all.replace(/^0+|0+$/g, ''), point: whole.length - zeros };
}
