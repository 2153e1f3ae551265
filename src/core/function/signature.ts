import type { Num } from '../typed/number.ts';
import { DYNAMIC, type Type } from '../typed/type.ts';
import { isUnknown, marked, stringValue, type Typed } from '../typed/typed.ts';
import { FunctionProblem, type FunctionSpec, type Parameter } from './spec.ts';

/** What a parameter takes beyond known values without marks; the names are those of {@link Parameter}, without "allow". */
export type Allowance = 'null' | 'unknown' | 'dynamic' | 'marked';

/** A parameter of that name and type; of any type by default. */
export function parameter(name: string, type: Type = DYNAMIC, ...allowed: readonly Allowance[]): Parameter {
  return {
    name,
    type,
    ...(allowed.includes('null') && { allowNull: true }),
    ...(allowed.includes('unknown') && { allowUnknown: true }),
    ...(allowed.includes('dynamic') && { allowDynamic: true }),
    ...(allowed.includes('marked') && { allowMarked: true }),
  };
}

/** A function whose result is of one type whatever its arguments are, and never null. */
export function simple(
  name: string,
  type: Type,
  parameters: readonly Parameter[],
  call: (args: readonly Typed[]) => Typed,
  variadic: Parameter | null = null,
): FunctionSpec {
  return { name, parameters, variadic, notNull: true, returns: () => type, call };
}

/** The argument at that place, which the call has checked to be there. */
export function argument(args: readonly Typed[], index: number): Typed {
  const value = args[index];
  if (value === undefined) throw new RangeError(`no argument ${index}`);
  return value;
}

/** The text of a known argument that is a string. */
export function textOf(args: readonly Typed[], index: number): string {
  return argument(args, index).content as string;
}

/** The number of a known argument that is one. */
export function numberOf(args: readonly Typed[], index: number): Num {
  return argument(args, index).content as Num;
}

const WIDEST = 1n << 63n;

/**
 * A known number that has to be whole and fit 64 bits, as a double (beyond 2^53 only its size counts). Throws {@link FunctionProblem},
 * for the call as a whole unless `at` says which argument it is; `prefix` goes before its message.
 */
export function wholeOf(value: Typed, prefix = '', at: number | null = null): number {
  const whole = (value.content as Num).toBigInt();
  if (whole === null || whole >= WIDEST || whole < -WIDEST)
    throw new FunctionProblem(`${prefix}value must be a whole number, between ${-WIDEST} and ${WIDEST - 1n}`, at);
  return Number(whole);
}

/** A text that a function made: in Unicode's form NFC, as all of Terraform's texts are. */
export function text(content: string): Typed {
  return stringValue(content.normalize('NFC'));
}

/** The value, marked as sensitive when any of `from` is (their parts do not count). */
export function withMarks(value: Typed, ...from: readonly Typed[]): Typed {
  return !value.sensitive && from.some(({ sensitive }) => sensitive) ? marked(value, true) : value;
}

/** The type is that of a list, a set or a tuple. */
export function isSequence(type: Type): boolean {
  return type.kind === 'list' || type.kind === 'set' || type.kind === 'tuple';
}

/** Its elements are known at least in number: those of a tuple always are, but those of an unknown one have no values. */
export function isUnknownTuple(value: Typed): boolean {
  return value.type.kind === 'tuple' && isUnknown(value);
}
