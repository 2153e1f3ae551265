import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Num } from '../../../src/core/typed/number.ts';
import recorded from './number.json' with { type: 'json' };

/** One answer of `terraform console`, version 1.11.4, to `expression`; null where that is an error. */
interface Case {
  readonly operation: string;
  readonly left: string;
  readonly right?: string;
  readonly expression: string;
  readonly result: string | null;
}

/** An operand as the recorded expression has it: a literal, text that is converted, a length (64 bits) or a root (a double). */
function operand(text: string): Num {
  const [kind, of = ''] = text.includes(':') ? text.split(':') : ['literal', text];
  if (kind === 'length') return Num.of(Number(of));
  if (kind === 'root') return Num.double(Number(of) ** 0.5);
  // In the language a minus sign is an operator.
  if (kind === 'literal' && of.startsWith('-')) return operand(of.slice(1)).negate();
  const number = Num.parse(of);
  if (number === null) throw new Error(`no number: ${of}`);
  return number;
}

function answer({ operation, left, right }: Case): string | null {
  if (operation === 'parse') return Num.parse(left)?.toString() ?? null;
  const one = operand(left);
  const other = operand(right ?? '0');
  switch (operation) {
    case 'add':
      return one.add(other).toString();
    case 'sub':
      return one.sub(other).toString();
    case 'mul':
      return one.mul(other).toString();
    case 'div':
      return one.div(other)?.toString() ?? null;
    case 'mod':
      return one.mod(other).toString();
    case 'less':
      return String(one.compare(other) < 0);
    case 'equal':
      return String(one.equals(other));
    case 'text':
      return one.toString();
    case 'floor':
      return one.floor().toString();
    case 'ceil':
      return one.ceil().toString();
    case 'negate':
      return one.negate().toString();
    case 'abs':
      return one.abs().toString();
    default:
      throw new Error(`no such operation: ${operation}`);
  }
}

describe('as Terraform computes', () => {
  const cases: readonly Case[] = recorded;

  test('there is much to compare with', () => {
    expect(cases.length).toBeGreaterThan(200);
  });

  test.each([...new Set(cases.map(({ operation }) => operation))])('%s', (operation) => {
    const own = cases.filter((one) => one.operation === operation);
    const shown = own.map((one) => `${one.expression} = ${answer(one)}`);
    expect(shown).toEqual(own.map((one) => `${one.expression} = ${one.result}`));
  });
});

const integer = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n });
/** Decimals of up to 40 digits with the point anywhere. */
const decimal = fc
  .tuple(integer, fc.integer({ min: -60, max: 60 }))
  .map(([digits, exponent]) => `${digits}e${exponent}`);
const number = fc.oneof(
  decimal.map((text) => operand(text)),
  fc.maxSafeInteger().map(Num.of),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(Num.double),
);

describe('always', () => {
  test('a text that was printed parses to the same number', () => {
    fc.assert(
      fc.property(decimal, (text) => {
        const parsed = operand(text);
        const again = Num.parse(parsed.toString());
        expect(again?.equals(parsed)).toBe(true);
        expect(again?.compare(parsed)).toBe(0);
      }),
    );
  });

  test('a double is its own shortest text', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (double) => {
        expect(Num.double(double).toNumber()).toBe(double);
        // JavaScript's text of minus zero has no sign.
        expect(Num.parse(String(double))?.toNumber()).toBe(double === 0 ? 0 : double);
        expect(Number(Num.double(double).toString())).toBe(double);
      }),
    );
  });

  test('integers are exact', () => {
    fc.assert(
      fc.property(integer, integer, (a, b) => {
        const [one, other] = [Num.of(a), operand(String(b))];
        expect(one.add(other).toBigInt()).toBe(a + b);
        expect(one.sub(other).toBigInt()).toBe(a - b);
        expect(one.mul(other).toBigInt()).toBe(a * b);
        if (b !== 0n) expect(other.mul(one).mod(other)?.sign()).toBe(0);
        expect(Math.sign(one.compare(other))).toBe(a < b ? -1 : a > b ? 1 : 0);
        expect(one.equals(other)).toBe(a === b);
      }),
    );
  });

  test('order is total and agrees with subtraction', () => {
    fc.assert(
      fc.property(number, number, number, (a, b, c) => {
        expect(Math.sign(a.compare(b))).toBe(-Math.sign(b.compare(a)) + 0);
        expect(Math.sign(a.compare(b))).toBe(a.sub(b).sign());
        const [low, middle, high] = [a, b, c].sort((one, other) => one.compare(other));
        if (low !== undefined && middle !== undefined && high !== undefined) {
          expect(low.compare(middle)).toBeLessThanOrEqual(0);
          expect(low.compare(high)).toBeLessThanOrEqual(0);
        }
      }),
    );
  });

  test('a + b - b is a but for one rounding', () => {
    fc.assert(
      fc.property(decimal.map(operand), decimal.map(operand), (a, b) => {
        const error = a.add(b).sub(b).sub(a).abs();
        const bound = (a.abs().compare(b.abs()) > 0 ? a.abs() : b.abs()).mul(operand('1e-150'));
        expect(error.compare(bound)).toBeLessThanOrEqual(0);
      }),
    );
  });

  test('floor and ceil enclose', () => {
    fc.assert(
      fc.property(number, (a) => {
        expect(a.floor().isInteger() && a.ceil().isInteger()).toBe(true);
        expect(a.floor().compare(a)).toBeLessThanOrEqual(0);
        expect(a.ceil().compare(a)).toBeGreaterThanOrEqual(0);
        expect(a.ceil().sub(a.floor()).toNumber()).toBe(a.isInteger() ? 0 : 1);
      }),
    );
  });
});

describe('at the limits', () => {
  test('what no double holds has none', () => {
    expect(operand('9007199254740993').toNumber()).toBeNull();
    expect(operand('0.30000000000000000001').toNumber()).toBeNull();
    expect(operand('1e400').toNumber()).toBeNull();
    expect(operand('1e22').toNumber()).toBe(1e22);
    expect(Num.of(2n ** 80n).toNumber()).toBe(2 ** 80);
  });

  test('fractions have no big integer, integers have', () => {
    expect(operand('1.5').toBigInt()).toBeNull();
    expect(operand('-1.5').truncate()).toBe(-1n);
    expect(operand('1e30').toBigInt()).toBe(10n ** 30n);
    expect(operand('text:inf').toBigInt()).toBeNull();
  });

  test('what has no answer has none', () => {
    const infinity = operand('text:inf');
    expect(Num.of(1).div(Num.of(0))).toBeNull();
    expect(infinity.div(infinity)).toBeNull();
    expect(() => infinity.sub(infinity)).toThrow(RangeError);
    expect(() => infinity.mul(Num.of(0))).toThrow(RangeError);
    expect(() => infinity.mod(Num.of(3))).toThrow(RangeError);
    expect(() => Num.of(3).mod(infinity)).toThrow(RangeError);
    expect(() => Num.of(Number.NaN)).toThrow(RangeError);
  });

  test('an exponent beyond reason is refused rather than waited for', () => {
    expect(() => Num.parse('1e100001')).toThrow('too large');
    expect(() => Num.parse('1p-999999999999')).toThrow('too large');
    expect(Num.parse('0e99999999')?.sign()).toBe(0);
  });
});
