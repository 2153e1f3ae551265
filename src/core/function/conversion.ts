import { ConversionProblem, canConvert, convert, equalTypes } from '../typed/convert.ts';
import { friendlyConstraint, friendlyName } from '../typed/format.ts';
import { quote } from '../typed/quote.ts';
import { BOOL, DYNAMIC, listType, mapType, NUMBER, STRING, setType, type Type } from '../typed/type.ts';
import { FALSE, isSensitiveWithin, isUnknown, marked, TRUE, type Typed, unknownValue } from '../typed/typed.ts';
import { argument, parameter, withMarks } from './signature.ts';
import { FunctionProblem, type FunctionSpec } from './spec.ts';

const anything = parameter('v', DYNAMIC, 'null', 'unknown', 'dynamic', 'marked');

/** `tostring` and its like: an explicit conversion to a type, or to a kind of collection. */
function conversionTo(name: string, wanted: Type): FunctionSpec {
  const refuse = (got: Type): never => {
    throw new FunctionProblem(`cannot convert ${friendlyName(got)} to ${friendlyConstraint(wanted)}`, 0);
  };
  return {
    name,
    parameters: [anything],
    variadic: null,
    returns: (args) => {
      const { type } = argument(args, 0);
      if (!equalTypes(type, wanted) && !canConvert(type, wanted)) refuse(type);
      return wanted;
    },
    call: (args) => {
      const value = argument(args, 0);
      if (isUnknown(value)) return withMarks(unknownValue(wanted), value);
      try {
        return convert(value, wanted);
      } catch (error) {
        if (!(error instanceof ConversionProblem)) throw error;
        if (isSensitiveWithin(value))
          throw new FunctionProblem(
            `cannot convert this sensitive ${friendlyName(value.type)} to ${friendlyConstraint(wanted)}`,
            0,
          );
        if (typeof value.content !== 'string') return refuse(value.type);
        const rule =
          wanted.kind === 'bool'
            ? 'only the strings "true" or "false" are allowed'
            : 'given string must be a decimal representation of a number';
        throw new FunctionProblem(`cannot convert ${quote(value.content)} to ${friendlyName(wanted)}; ${rule}`, 0);
      }
    },
  };
}

const markable = parameter('value', DYNAMIC, 'null', 'unknown', 'dynamic', 'marked');

/** A function of the mark on a value itself; the marks of its parts stay as they are. */
function ofMark(name: string, type: (value: Typed) => Type, call: (value: Typed) => Typed): FunctionSpec {
  return {
    name,
    parameters: [markable],
    variadic: null,
    returns: (args) => type(argument(args, 0)),
    call: (args) => call(argument(args, 0)),
  };
}

/** Conversions between types, and from sensitive to not and back. */
export const CONVERSION_FUNCTIONS: readonly FunctionSpec[] = [
  conversionTo('tostring', STRING),
  conversionTo('tonumber', NUMBER),
  conversionTo('tobool', BOOL),
  conversionTo('tolist', listType(DYNAMIC)),
  conversionTo('toset', setType(DYNAMIC)),
  conversionTo('tomap', mapType(DYNAMIC)),
  ofMark(
    'sensitive',
    ({ type }) => type,
    (value) => marked(value, true),
  ),
  ofMark(
    'nonsensitive',
    ({ type }) => type,
    (value) => marked(value, false),
  ),
  ofMark(
    'issensitive',
    () => BOOL,
    (value) => (value.sensitive ? TRUE : isUnknown(value) ? unknownValue(BOOL) : FALSE),
  ),
];

/** Functions of Terraform that concern marks and types and that Keyform does not have. */
export const CONVERSION_WITHHELD: Readonly<Record<string, string>> = {
  ephemeralasnull:
    'Keyform has no ephemeral values, so ephemeralasnull() has nothing to replace. Leave it out, and use its argument alone.',
};
