import { STRING, type Type } from '../typed/type.ts';
import type { Typed } from '../typed/typed.ts';
import { numberOf, parameter, textOf } from './signature.ts';
import { type FunctionContext, FunctionProblem, type FunctionSpec } from './spec.ts';

/** A function whose parameters, of these names, are all strings, and whose result is never null; a string unless `type` says otherwise. */
export function textual(
  name: string,
  parameters: readonly string[],
  call: (texts: readonly string[], context: FunctionContext) => Typed,
  type: Type = STRING,
): FunctionSpec {
  return {
    name,
    parameters: parameters.map((one) => parameter(one, STRING)),
    variadic: null,
    notNull: true,
    returns: () => type,
    call: (args, _type, context) =>
      call(
        args.map((_, index) => textOf(args, index)),
        context,
      ),
  };
}

/** A known number as an integer of any size. Throws {@link FunctionProblem}, of the call as a whole unless `at` says otherwise. */
export function integerOf(args: readonly Typed[], index: number, at: number | null = null): bigint {
  const number = numberOf(args, index);
  const integer = number.isFinite() ? number.toBigInt() : null;
  if (integer === null) throw new FunctionProblem('value must be a whole number', at);
  return integer;
}
