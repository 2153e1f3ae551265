// V8's own Math.log and Math.pow are right, but for the last bit they now and then differ from those of Terraform's platform.

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
/** Coefficients of the polynomial for ln((1+s)/(1-s)): https://www.netlib.org/fdlibm/e_log.c */
const L1 = 0.6666666666666735;
const L2 = 0.3999999999940942;
const L3 = 0.2857142874366239;
const L4 = 0.22222198432149784;
const L5 = 0.1818357216161805;
const L6 = 0.15313837699209373;
const L7 = 0.14798198605116586;

/** The exponents of this size are beyond what any double can become: further multiplications would only overflow. */
const BEYOND = 4096;

/** A finite number other than zero as a fraction from 0.5 up to 1, times a power of two. */
function split(number: number): readonly [number, number] {
  let fraction = number;
  let exponent = 0;
  if (Math.abs(fraction) < 2 ** -1022) {
    fraction *= 2 ** 52;
    exponent = -52;
  }
  const guess = Math.floor(Math.log2(Math.abs(fraction))) + 1;
  // In two steps, as 2^-1024 is no normal double.
  fraction = fraction / 2 ** Math.trunc(guess / 2) / 2 ** (guess - Math.trunc(guess / 2));
  exponent += guess;
  if (Math.abs(fraction) >= 1) return [fraction / 2, exponent + 1];
  return Math.abs(fraction) < 0.5 ? [fraction * 2, exponent - 1] : [fraction, exponent];
}

/** A fraction times a power of two, rounded once. */
function scaled(fraction: number, exponent: number): number {
  if (fraction === 0 || !Number.isFinite(fraction)) return fraction;
  const [base, own] = split(fraction);
  const total = own + exponent;
  if (total > 1024) return base * Number.POSITIVE_INFINITY;
  if (total < -1080) return base * 0;
  // All steps but the last are exact.
  return total > -1000 ? base * 2 * 2 ** (total - 1) : base * 2 ** -1000 * 2 ** (total + 1000);
}

/**
 * Natural logarithm, with the rounding errors of fdlibm's formula. NaN for negative numbers, -Infinity for zero. Below 2^-1022 Terraform's own is
 * far off on amd64, and this one is not.
 */
export function logarithm(number: number): number {
  if (!(number > 0)) return number === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (!Number.isFinite(number)) return number;
  let [fraction, exponent] = split(number);
  if (fraction < Math.SQRT1_2) {
    fraction *= 2;
    exponent--;
  }
  const f = fraction - 1;
  const s = f / (2 + f);
  const s2 = s * s;
  const s4 = s2 * s2;
  const odd = s2 * (L1 + s4 * (L3 + s4 * (L5 + s4 * L7)));
  const even = s4 * (L2 + s4 * (L4 + s4 * L6));
  const half = 0.5 * f * f;
  return exponent * LN2_HIGH - (half - (s * (half + (odd + even)) + exponent * LN2_LOW) - f);
}

/**
 * A number to the power of another, as Go's `math.Pow` goes about it: squarings for the whole part of the power, so that whole powers have its
 * rounding errors; the fraction by way of the logarithm, where the last bit depends on the processor even there. NaN for a negative number to
 * a power that is not whole.
 */
export function power(base: number, by: number): number {
  if (by === 0 || base === 1) return 1;
  if (by === 1) return base;
  if (by === 0.5 && base > 0) return Math.sqrt(base);
  if (by === -0.5 && base > 0) return 1 / Math.sqrt(base);
  if (base === 0 || !Number.isFinite(base) || !Number.isFinite(by)) return Math.abs(base) === 1 ? 1 : base ** by;
  let whole = Math.trunc(Math.abs(by));
  let fraction = Math.abs(by) - whole;
  if (fraction !== 0 && base < 0) return Number.NaN;
  if (whole >= 2 ** 63) return base ** by;
  let result = 1;
  let exponent = 0;
  if (fraction !== 0) {
    if (fraction > 0.5) {
      fraction--;
      whole++;
    }
    result = Math.exp(fraction * logarithm(base));
  }
  let [square, doubling] = split(base);
  for (let left = BigInt(whole); left !== 0n; left >>= 1n) {
    if (Math.abs(doubling) > BEYOND) {
      exponent += doubling;
      break;
    }
    if ((left & 1n) === 1n) {
      result *= square;
      exponent += doubling;
    }
    square *= square;
    doubling *= 2;
    if (square < 0.5) {
      square += square;
      doubling--;
    }
  }
  return by < 0 ? scaled(1 / result, -exponent) : scaled(result, exponent);
}
