/** `mantissa`·2^`exponent`. The sign is the mantissa's. */
export interface Binary {
  readonly mantissa: bigint;
  readonly exponent: number;
}

/** ±0.`digits`·10^`point`, without zeros at the end: the form that Go's `big.Float` is printed from. No digits for zero. */
export interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly point: number;
}

const LOW_WORD = 64;

/** Bits of the magnitude; 0 for zero. */
export function bitLength(value: bigint): number {
  if (value === 0n) return 0;
  const text = (value < 0n ? -value : value).toString(16);
  return text.length * 4 - (Math.clz32(Number.parseInt(text.charAt(0), 16)) - 28);
}

/** The same number with an odd mantissa; zero has exponent 0. */
export function normal(value: Binary): Binary {
  let { mantissa, exponent } = value;
  if (mantissa === 0n) return { mantissa, exponent: 0 };
  if ((mantissa & 1n) === 1n) return value;
  let low = BigInt.asUintN(LOW_WORD, mantissa);
  if (low === 0n) {
    // Many zero bits at the end: the lowest set bit of the two's complement tells how many.
    const zeros = bitLength(mantissa & -mantissa) - 1;
    mantissa >>= BigInt(zeros);
    exponent += zeros;
    low = BigInt.asUintN(LOW_WORD, mantissa);
  }
  const zeros = bitLength(low & -low) - 1;
  return { mantissa: mantissa >> BigInt(zeros), exponent: exponent + zeros };
}

/** Rounds the mantissa to `precision` bits, to nearest, ties to even. */
export function round(value: Binary, precision: number): Binary {
  const magnitude = value.mantissa < 0n ? -value.mantissa : value.mantissa;
  const excess = bitLength(magnitude) - precision;
  if (excess <= 0) return value;
  const shift = BigInt(excess);
  let kept = magnitude >> shift;
  const rest = magnitude - (kept << shift);
  const half = 1n << (shift - 1n);
  if (rest > half || (rest === half && (kept & 1n) === 1n)) kept += 1n;
  return { mantissa: value.mantissa < 0n ? -kept : kept, exponent: value.exponent + excess };
}

/** The quotient, rounded once to `precision` bits. The divisor is not zero. */
export function divideRounded(dividend: Binary, divisor: Binary, precision: number): Binary {
  const negative = dividend.mantissa < 0n !== divisor.mantissa < 0n;
  const top = dividend.mantissa < 0n ? -dividend.mantissa : dividend.mantissa;
  const bottom = divisor.mantissa < 0n ? -divisor.mantissa : divisor.mantissa;
  // Two bits more than are kept, and a third for whether anything is left: enough to round as the exact quotient would be.
  const shift = Math.max(0, precision + 2 - bitLength(top) + bitLength(bottom));
  const shifted = top << BigInt(shift);
  const quotient = shifted / bottom;
  const sticky = quotient * bottom === shifted ? 0n : 1n;
  const mantissa = (quotient << 1n) | sticky;
  return round(
    { mantissa: negative ? -mantissa : mantissa, exponent: dividend.exponent - divisor.exponent - shift - 1 },
    precision,
  );
}

/**
 * 5^`power` with `precision` bits, with the steps and so with the rounding errors of Go's `big.Float.pow5`: exact as far as
 * it fits, else a multiplication for each bit of the power.
 */
export function power5(power: number, precision: number): Binary {
  const direct = 27; // The largest power of five in 64 bits.
  if (power <= direct) return { mantissa: 5n ** BigInt(power), exponent: 0 };
  let result: Binary = { mantissa: 5n ** BigInt(direct), exponent: 0 };
  let factor: Binary = { mantissa: 5n, exponent: 0 };
  for (let left = power - direct; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = round(times(result, factor), precision);
    factor = round(times(factor, factor), precision + 64);
  }
  return result;
}

function times(one: Binary, two: Binary): Binary {
  return { mantissa: one.mantissa * two.mantissa, exponent: one.exponent + two.exponent };
}

/** All decimal digits of a number: there are finitely many. */
export function decimalOf(value: Binary): Decimal {
  const negative = value.mantissa < 0n;
  const magnitude = negative ? -value.mantissa : value.mantissa;
  if (magnitude === 0n) return { negative, digits: '', point: 0 };
  const whole = value.exponent >= 0 ? magnitude << BigInt(value.exponent) : magnitude * 5n ** BigInt(-value.exponent);
  const text = whole.toString();
  return { negative, digits: trimmed(text), point: text.length + Math.min(0, value.exponent) };
}

function trimmed(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits.charCodeAt(end - 1) === 48) end--;
  return digits.slice(0, end);
}

/**
 * The shortest digits that only this number, of all with a mantissa of `precision` bits, is nearest to. Goes digit by
 * digit as Go's `roundShortest` does, whose answer at the ends of a power of two this keeps.
 */
export function shortest(value: Binary, precision: number): Decimal {
  const exact = decimalOf(value);
  const magnitude = value.mantissa < 0n ? -value.mantissa : value.mantissa;
  const length = bitLength(magnitude);
  // An integer whose last bit counts one has no neighbour closer than a whole.
  if (value.exponent >= 0 && length + value.exponent <= precision) return exact;
  // One bit more than the mantissa has, so that one is half of the last place.
  const shift = precision + 1 - length;
  const wide = magnitude << BigInt(shift);
  const exponent = value.exponent - shift;
  const lower = decimalOf({ mantissa: wide - 1n, exponent }).digits;
  const upper = decimalOf({ mantissa: wide + 1n, exponent }).digits;
  const inclusive = (wide & 2n) === 0n;
  for (let index = 0; index < exact.digits.length; index++) {
    const digit = exact.digits.charCodeAt(index);
    const low = index < lower.length ? lower.charCodeAt(index) : 48;
    const high = index < upper.length ? upper.charCodeAt(index) : 48;
    const down = low !== digit || (inclusive && index + 1 === lower.length);
    const up = digit !== high && (inclusive || digit + 1 < high || index + 1 < upper.length);
    if (down && up) return rounded(exact, index + 1);
    if (down) return { ...exact, digits: trimmed(exact.digits.slice(0, index + 1)) };
    if (up) return roundedUp(exact, index + 1);
  }
  return exact;
}

/** Rounds to `count` digits, to nearest, ties to even. */
export function rounded(value: Decimal, count: number): Decimal {
  if (count >= value.digits.length) return value;
  const next = value.digits.charCodeAt(count);
  const tie = next === 53 && count + 1 === value.digits.length;
  const up = tie ? count > 0 && value.digits.charCodeAt(count - 1) % 2 === 1 : next >= 53;
  return up ? roundedUp(value, count) : { ...value, digits: trimmed(value.digits.slice(0, count)) };
}

function roundedUp(value: Decimal, count: number): Decimal {
  if (count >= value.digits.length) return value;
  let end = count;
  while (end > 0 && value.digits.charCodeAt(end - 1) === 57) end--;
  if (end === 0) return { ...value, digits: '1', point: value.point + 1 };
  const digits = `${value.digits.slice(0, end - 1)}${String.fromCharCode(value.digits.charCodeAt(end - 1) + 1)}`;
  return { ...value, digits };
}

/** Plain notation: `-1234.5`. */
export function formatFixed(value: Decimal): string {
  const { digits, point } = value;
  const sign = value.negative ? '-' : '';
  if (digits === '') return `${sign}0`;
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  const fraction = point > 0 ? digits.slice(point) : '0'.repeat(-point) + digits;
  return fraction === '' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}

/** At most `count` digits, with an exponent where the number is large or small: Go's format `g`. */
export function formatGeneral(exact: Decimal, count: number): string {
  const value = rounded(exact, count);
  const length = value.digits.length;
  const limit = count > length && length >= value.point ? length : count;
  const exponent = value.point - 1;
  if (length === 0 || (exponent >= -4 && exponent < limit)) return formatFixed(value);
  const size = String(Math.abs(exponent)).padStart(2, '0');
  const fraction = length > 1 ? `.${value.digits.slice(1)}` : '';
  return `${value.negative ? '-' : ''}${value.digits.charAt(0)}${fraction}e${exponent < 0 ? '-' : '+'}${size}`;
}
