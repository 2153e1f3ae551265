import {
  type Binary,
  bitLength,
  decimalOf,
  divideRounded,
  formatFixed,
  formatGeneral,
  normal,
  power5,
  round,
  shortest,
} from './binary.ts';

/** Bits that Terraform keeps of a number that was written as text. */
const TEXT_PRECISION = 512;
/** Bits of an integer that a function made, such as a length. */
const INTEGER_PRECISION = 64;
/** Bits of what a function computed in a double. */
const DOUBLE_PRECISION = 53;
/**
 * Largest power of ten of a literal. Terraform has no such limit, but spends minutes on the text of numbers far beyond it.
 */
const MAX_EXPONENT = 100_000;

const NUMBER = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:([eEpP])([+-]?\d+))?$/;
const INFINITY = /^([+-]?)(?:Inf|inf)$/;

/**
 * A number of Terraform's language: a binary floating-point number with a mantissa of as many bits as its origin gives it, rounded to
 * nearest, ties to even, after every operation. This is Go's `big.Float` as go-cty uses it, precision included, so that 1/3 has as many
 * digits here as there. Immutable. Minus zero and the infinities exist, as they do there.
 *
 * The fields are not `#` ones, so that a test's deep comparison sees them.
 */
export class Num {
  /** Bits of mantissa that results keep. Never under 53, so that a safe integer always fits. */
  readonly precision: number;
  /** The value where it is a safe integer, -0 or infinite: most are, and need no big integers. NaN for any other. */
  private readonly small: number;
  /** The value where `small` is NaN: a mantissa that is odd and signed, times a power of two. */
  private readonly big: Binary | null;

  private constructor(precision: number, small: number, big: Binary | null) {
    this.precision = precision;
    this.small = small;
    this.big = big;
  }

  private static make(precision: number, value: Binary): Num {
    const big = normal(value);
    if (big.mantissa === 0n) return new Num(precision, 0, null);
    if (big.exponent >= 0 && big.exponent <= 53) {
      const integer = Number(big.mantissa << BigInt(big.exponent));
      if (Number.isSafeInteger(integer)) return new Num(precision, integer, null);
    }
    return new Num(precision, Number.NaN, big);
  }

  /**
   * A number that a function made: exact, with 64 bits (an integer; more where it needs more) or 53 bits (any other double). Throws
   * RangeError on NaN.
   */
  static of(number: number | bigint): Num {
    if (typeof number === 'bigint') {
      const value = normal({ mantissa: number, exponent: 0 });
      return Num.make(Math.max(INTEGER_PRECISION, bitLength(number)), value);
    }
    if (Number.isNaN(number)) throw new RangeError('not a number');
    if (Number.isSafeInteger(number) || !Number.isFinite(number)) return new Num(INTEGER_PRECISION, number, null);
    if (Number.isInteger(number)) return Num.of(BigInt(number));
    return Num.double(number);
  }

  /** A number that a function computed in a double, such as a logarithm: exact, with 53 bits. Throws RangeError on NaN. */
  static double(number: number): Num {
    if (Number.isNaN(number)) throw new RangeError('not a number');
    if (Number.isSafeInteger(number) || !Number.isFinite(number)) return new Num(DOUBLE_PRECISION, number, null);
    // Doubling is exact and ends at an integer after at most 1074 steps.
    let exponent = 0;
    let scaled = number;
    while (!Number.isInteger(scaled)) {
      scaled *= 2;
      exponent--;
    }
    return Num.make(DOUBLE_PRECISION, { mantissa: BigInt(scaled), exponent });
  }

  /**
   * The number that a decimal text stands for, with 512 bits; null when it is none. Beyond what literals of the language can be, it may have
   * a sign, begin or end with the point, have a binary exponent (`1p4`), or be `inf`: conversion of text allows all that. Throws RangeError
   * when the exponent is beyond ±100000, which Keyform does not do.
   */
  static parse(text: string): Num | null {
    if (text.length < 16 && /^-?\d+$/.test(text)) return new Num(TEXT_PRECISION, Number(text), null);
    const infinite = INFINITY.exec(text);
    if (infinite !== null)
      return new Num(TEXT_PRECISION, infinite[1] === '-' ? -Number.POSITIVE_INFINITY : Number.POSITIVE_INFINITY, null);
    const match = NUMBER.exec(text);
    if (match === null) return null;
    const fraction = match[3] ?? match[4] ?? '';
    const magnitude = BigInt(`${match[2] ?? ''}${fraction}`);
    const negative = match[1] === '-';
    if (magnitude === 0n) return new Num(TEXT_PRECISION, negative ? -0 : 0, null);
    const written = Number(match[6] ?? '0');
    if (Math.abs(written) > MAX_EXPONENT) throw new RangeError(`the exponent ${match[6]} is too large`);
    const binary = match[5]?.toLowerCase() === 'p';
    // x·10^n is x·2^n·5^n; the power of five is taken with 64 bits to spare, and not exactly, because Go's parser does so.
    const fives = binary ? -fraction.length : written - fraction.length;
    const exponent = binary ? written - fraction.length : fives;
    const mantissa = negative ? -magnitude : magnitude;
    const power = power5(Math.abs(fives), TEXT_PRECISION + 64);
    return Num.make(
      TEXT_PRECISION,
      fives < 0
        ? divideRounded({ mantissa, exponent }, power, TEXT_PRECISION)
        : round({ mantissa: mantissa * power.mantissa, exponent: exponent + power.exponent }, TEXT_PRECISION),
    );
  }

  /** Mantissa and exponent of a finite number. */
  binary(): Binary {
    return this.big ?? normal({ mantissa: BigInt(this.small), exponent: 0 });
  }

  isFinite(): boolean {
    return this.big !== null || Number.isFinite(this.small);
  }

  /** Throws RangeError for opposing infinities. */
  add(other: Num): Num {
    const precision = Math.max(this.precision, other.precision);
    if (this.big === null && other.big === null) {
      const sum = this.small + other.small;
      if (Number.isNaN(sum)) throw new RangeError("can't compute sum of opposing infinities");
      if (Number.isSafeInteger(sum) || !Number.isFinite(sum)) return new Num(precision, sum, null);
    }
    if (!this.isFinite()) return new Num(precision, this.small, null);
    if (!other.isFinite()) return new Num(precision, other.small, null);
    const one = this.binary();
    const two = other.binary();
    const exponent = Math.min(one.exponent, two.exponent);
    const mantissa =
      (one.mantissa << BigInt(one.exponent - exponent)) + (two.mantissa << BigInt(two.exponent - exponent));
    return Num.make(precision, round({ mantissa, exponent }, precision));
  }

  /** Throws RangeError for an infinity less the same infinity. */
  sub(other: Num): Num {
    return this.add(other.negate());
  }

  /** Throws RangeError for zero times infinity. */
  mul(other: Num): Num {
    const precision = Math.max(this.precision, other.precision);
    if (this.big === null && other.big === null) {
      const product = this.small * other.small;
      if (Number.isNaN(product)) throw new RangeError("can't multiply zero by infinity");
      if (Number.isSafeInteger(product)) return new Num(precision, product, null);
    }
    if (!this.isFinite() || !other.isFinite())
      return new Num(precision, this.sign() * other.sign() * Number.POSITIVE_INFINITY, null);
    const one = this.binary();
    const two = other.binary();
    if (one.mantissa === 0n || two.mantissa === 0n)
      return new Num(precision, this.isNegative() === other.isNegative() ? 0 : -0, null);
    const exact = { mantissa: one.mantissa * two.mantissa, exponent: one.exponent + two.exponent };
    // A product keeps as many bits as it needs, though no more than those of text: 64-bit integers do not lose their low bits.
    const product = normal(round(exact, TEXT_PRECISION));
    const kept = Math.max(precision, bitLength(product.mantissa));
    return Num.make(kept, product);
  }

  /** Null for a division by zero and for infinity by infinity. */
  div(other: Num): Num | null {
    const precision = Math.max(this.precision, other.precision);
    if (other.small === 0) return null;
    const negative = this.isNegative() !== other.isNegative();
    if (!other.isFinite()) return this.isFinite() ? new Num(precision, negative ? -0 : 0, null) : null;
    if (!this.isFinite())
      return new Num(precision, negative ? -Number.POSITIVE_INFINITY : Number.POSITIVE_INFINITY, null);
    if (this.small === 0) return new Num(precision, negative ? -0 : 0, null);
    if (this.big === null && other.big === null && this.small % other.small === 0)
      return new Num(precision, this.small / other.small, null);
    return Num.make(precision, divideRounded(this.binary(), other.binary(), precision));
  }

  /**
   * What is left of a division that is rounded towards zero, so with the sign of this number. By zero it is this number: Terraform says
   * that 5 % 0 is 5. Throws RangeError where one of the two is infinite.
   */
  mod(other: Num): Num {
    if (!this.isFinite() || !other.isFinite()) throw new RangeError("can't use modulo with zero and infinity");
    if (other.small === 0) return this;
    const precision = this.precision;
    if (this.big === null && other.big === null) {
      // The quotient of safe integers is never rounded up to the next integer, so that the short way has cty's answer.
      const rest = this.small % other.small;
      return new Num(precision, rest === 0 && this.small !== 0 ? 0 : rest, null);
    }
    const larger = Math.max(precision, other.precision);
    const quotient = Num.make(larger, divideRounded(this.binary(), other.binary(), larger));
    const whole = round(quotient.truncated(), precision);
    const { mantissa, exponent } = other.binary();
    const product = round({ mantissa: whole.mantissa * mantissa, exponent: whole.exponent + exponent }, precision);
    const own = this.binary();
    const shared = Math.min(own.exponent, product.exponent);
    const rest =
      (own.mantissa << BigInt(own.exponent - shared)) - (product.mantissa << BigInt(product.exponent - shared));
    return Num.make(precision, round({ mantissa: rest, exponent: shared }, precision));
  }

  negate(): Num {
    if (this.big === null) return new Num(this.precision, -this.small, null);
    return new Num(this.precision, Number.NaN, { mantissa: -this.big.mantissa, exponent: this.big.exponent });
  }

  abs(): Num {
    return this.isNegative() ? this.negate() : this;
  }

  /** The largest integer that is not larger; an infinity is its own. */
  floor(): Num {
    if (this.big === null || this.big.exponent >= 0) return this;
    // The shift of a negative big integer rounds down.
    return Num.make(this.precision, { mantissa: this.big.mantissa >> BigInt(-this.big.exponent), exponent: 0 });
  }

  /** The smallest integer that is not smaller; an infinity is its own. */
  ceil(): Num {
    if (this.big === null || this.big.exponent >= 0) return this;
    const { mantissa, exponent } = this.big;
    return Num.make(this.precision, { mantissa: -(-mantissa >> BigInt(-exponent)), exponent: 0 });
  }

  /** Negative, zero or positive as this number is smaller than, exactly as large as or larger than the other. Zeros are equal. */
  compare(other: Num): number {
    if (this.big === null && other.big === null)
      return this.small === other.small ? 0 : this.small < other.small ? -1 : 1;
    if (!this.isFinite()) return this.small;
    if (!other.isFinite()) return -other.small;
    const signs = this.sign() - other.sign();
    if (signs !== 0) return signs;
    const one = this.binary();
    const two = other.binary();
    // Numbers far apart are told by their size alone: shifting them to one exponent may cost millions of bits.
    const sizes = bitLength(one.mantissa) + one.exponent - (bitLength(two.mantissa) + two.exponent);
    if (sizes !== 0) return sizes * this.sign();
    const exponent = Math.min(one.exponent, two.exponent);
    const difference =
      (one.mantissa << BigInt(one.exponent - exponent)) - (two.mantissa << BigInt(two.exponent - exponent));
    return difference === 0n ? 0 : difference < 0n ? -1 : 1;
  }

  /**
   * Whether Terraform calls the two equal, which it does for fractions when they have the same text: 0.1 as a literal and 0.1 from a double
   * are, though {@link compare} tells them apart. So `<=` is `compare < 0 || equals`.
   */
  equals(other: Num): boolean {
    if (this.big === null || other.big === null) return this.small === other.small;
    if (
      this.big.mantissa === other.big.mantissa &&
      this.big.exponent === other.big.exponent &&
      this.precision === other.precision
    )
      return true;
    return this.sign() === other.sign() && this.toKey() === other.toKey();
  }

  /** A text that two numbers share when, and only when, they are equal. */
  toKey(): string {
    if (this.big === null) return String(this.small);
    return this.big.exponent >= 0 ? (this.big.mantissa << BigInt(this.big.exponent)).toString() : this.toString();
  }

  sign(): -1 | 0 | 1 {
    if (this.big !== null) return this.big.mantissa < 0n ? -1 : 1;
    return this.small === 0 ? 0 : this.small < 0 ? -1 : 1;
  }

  private isNegative(): boolean {
    return this.sign() < 0 || Object.is(this.small, -0);
  }

  isInteger(): boolean {
    return this.big === null ? Number.isFinite(this.small) : this.big.exponent >= 0;
  }

  /** Null unless it is an integer. */
  toBigInt(): bigint | null {
    if (!this.isInteger()) return null;
    if (this.big === null) return BigInt(this.small);
    return this.big.mantissa << BigInt(this.big.exponent);
  }

  /** The integer part, of a finite number. */
  private truncated(): Binary {
    const { mantissa, exponent } = this.binary();
    if (exponent >= 0) return { mantissa, exponent };
    const shift = BigInt(-exponent);
    return { mantissa: mantissa < 0n ? -(-mantissa >> shift) : mantissa >> shift, exponent: 0 };
  }

  /** The integer that is left when the fraction is dropped. Throws RangeError on an infinity. */
  truncate(): bigint {
    if (!this.isFinite()) throw new RangeError('an infinity has no integer part');
    const { mantissa, exponent } = this.truncated();
    return mantissa << BigInt(exponent);
  }

  /**
   * The double that is exactly this number, or whose shortest text is that of this number, such as 0.1. Null when there is none, and for
   * the infinities.
   */
  toNumber(): number | null {
    if (this.big === null) return Number.isFinite(this.small) ? this.small : null;
    const double = this.nearest();
    if (!Number.isFinite(double)) return null;
    if (Num.of(double).equals(this) || Num.parse(String(double))?.equals(this) === true) return double;
    return null;
  }

  /** The double nearest to this number; an infinity where it is beyond all doubles, 0 where it is too small. */
  nearest(): number {
    return this.big === null ? this.small : Number(formatGeneral(decimalOf(this.big), bitsToDigits(this.precision)));
  }

  /** The shortest decimal that means this number among those of its precision, without exponent: as Terraform prints and converts it. */
  toString(): string {
    if (this.big === null) {
      if (Object.is(this.small, -0)) return '-0';
      if (!Number.isFinite(this.small)) return this.small > 0 ? '+Inf' : '-Inf';
      return String(this.small);
    }
    return formatFixed(shortest(this.big, this.precision));
  }

  /** Ten significant digits, as Go's `%.10g`: what order and hash of sets of other things than numbers go by. */
  toShortText(): string {
    if (this.big === null && (this.small === 0 || !Number.isFinite(this.small))) return this.toString();
    return formatGeneral(decimalOf(this.binary()), 10);
  }

  /** As {@link toString}, so that a number is at home in JSON's own text and in logs. */
  toJSON(): string {
    return this.toString();
  }
}

/** More digits than any mantissa of so many bits needs to be told from its neighbours, halves included. */
function bitsToDigits(bits: number): number {
  return Math.ceil(bits * 0.31) + 800;
}
