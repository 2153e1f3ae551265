import { Bounded } from '../expression/bound.ts';
import { equalValues } from '../expression/equality.ts';
import { listValue } from '../typed/collection.ts';
import { ConversionProblem, convert, equalTypes, unify } from '../typed/convert.ts';
import { friendlyName } from '../typed/format.ts';
import { Num } from '../typed/number.ts';
import { BOOL, DYNAMIC, listType, NUMBER, type Type, type TypeOf, tupleType } from '../typed/type.ts';
import {
  FALSE,
  isKnownWithin,
  isNull,
  isUnknown,
  numberValue,
  partsOf,
  TRUE,
  Typed,
  tupleValue,
  UnknownContent,
  unknownValue,
} from '../typed/typed.ts';
import { clustersOf } from './cluster.ts';
import { argument, isSequence, parameter, simple, wholeOf, withMarks } from './signature.ts';
import { FunctionProblem, type FunctionSpec } from './spec.ts';

/** The number of elements or, of a text, characters, as far as it is known. Names and places of structures are known with their type. */
function lengthOf(value: Typed): Typed {
  const { type, content } = value;
  if (type.kind === 'tuple') return numberValue(Num.of(type.elements.length));
  if (type.kind === 'object') return numberValue(Num.of(type.attributes.size));
  if (type.kind === 'dynamic') return unknownValue(NUMBER);
  if (content instanceof UnknownContent)
    return between(content instanceof Bounded ? clustersOf(content.prefix).length : 0, Number.POSITIVE_INFINITY);
  if (typeof content === 'string') return numberValue(Num.of(clustersOf(content).length));
  const { length } = partsOf(value);
  // Unknown elements of a set may turn out to be equal to others.
  if (type.kind === 'set' && length > 1 && !isKnownWithin(value)) return between(1, length);
  return numberValue(Num.of(length));
}

function between(least: number, most: number): Typed {
  return new Typed(NUMBER, new Bounded(true, '', [Num.of(least), Num.of(most)]));
}

const length: FunctionSpec = {
  name: 'length',
  parameters: [parameter('value', DYNAMIC, 'unknown', 'dynamic', 'marked')],
  variadic: null,
  notNull: true,
  returns: (args) => {
    const { kind } = argument(args, 0).type;
    if (kind === 'number' || kind === 'bool')
      throw new FunctionProblem('argument must be a string, a collection type, or a structural type');
    return NUMBER;
  },
  call: (args) => withMarks(lengthOf(argument(args, 0)), argument(args, 0)),
};

/** Whether all are true: the first that is not known leaves it open, even before one that is false. */
function alltrue(args: readonly Typed[]): Typed {
  for (const item of partsOf(argument(args, 0))) {
    if (isUnknown(item)) return unknownValue(BOOL);
    if (item.content !== true) return FALSE;
  }
  return TRUE;
}

function anytrue(args: readonly Typed[]): Typed {
  const items = partsOf(argument(args, 0));
  if (items.some(({ content }) => content === true)) return TRUE;
  return items.some(isUnknown) ? unknownValue(BOOL) : FALSE;
}

const coalesce: FunctionSpec = {
  name: 'coalesce',
  parameters: [],
  variadic: parameter('vals', DYNAMIC, 'null', 'unknown', 'dynamic'),
  notNull: true,
  returns: (args) => {
    const common = unify(args.map(({ type }) => type));
    if (common === null) throw new FunctionProblem('all arguments must have the same type');
    return common;
  },
  call: (args, type) => {
    for (const [index, one] of args.entries()) {
      const value = convertedTo(one, type, index);
      if (isUnknown(value)) return unknownValue(type);
      if (isNull(value) || (type.kind === 'string' && value.content === '')) continue;
      return value;
    }
    throw new FunctionProblem('no non-null, non-empty-string arguments');
  },
};

function convertedTo(value: Typed, type: Type, index: number): Typed {
  try {
    return convert(value, type);
  } catch (error) {
    if (!(error instanceof ConversionProblem)) throw error;
    throw new FunctionProblem(error.message, index);
  }
}

const coalescelist: FunctionSpec = {
  name: 'coalescelist',
  parameters: [],
  variadic: parameter('vals', DYNAMIC, 'null', 'unknown', 'dynamic'),
  notNull: true,
  returns: (args) => {
    const [first] = args;
    if (first === undefined) throw new FunctionProblem('at least one argument is required');
    for (const value of args) {
      if (isUnknown(value)) return DYNAMIC;
      if (value.type.kind !== 'list' && value.type.kind !== 'tuple')
        throw new FunctionProblem('coalescelist arguments must be lists or tuples');
    }
    return args.every(({ type }) => equalTypes(type, first.type)) ? first.type : DYNAMIC;
  },
  call: (args, type) => {
    for (const value of args) {
      if (isUnknown(value)) return unknownValue(type);
      if (partsOf(value).length > 0) return value;
    }
    throw new FunctionProblem('no non-null arguments');
  },
};

/** One that is equal settles it; else one of which that is not known leaves it open. */
function contains(args: readonly Typed[]): Typed {
  const list = argument(args, 0);
  if (!isSequence(list.type)) throw new FunctionProblem('argument must be list, tuple, or set');
  let open = false;
  for (const item of partsOf(list)) {
    const equal = equalValues(argument(args, 1), item);
    if (equal === true) return TRUE;
    open ||= equal === null;
  }
  return open ? unknownValue(BOOL) : FALSE;
}

const slice: FunctionSpec = {
  name: 'slice',
  parameters: [parameter('list', DYNAMIC, 'marked'), parameter('start_index', NUMBER), parameter('end_index', NUMBER)],
  variadic: null,
  notNull: true,
  returns: (args) => {
    const { type } = argument(args, 0);
    if (type.kind === 'set')
      throw new FunctionProblem(
        'cannot slice a set, because its elements do not have indices; explicitly convert to a list if the ordering of the result is not important',
        0,
      );
    if (type.kind !== 'list' && type.kind !== 'tuple') throw new FunctionProblem('must be a list or tuple value', 0);
    const [start, end] = sliceBounds(args);
    if (type.kind === 'list') return type;
    return start === null || end === null ? DYNAMIC : tupleType((type as TypeOf<'tuple'>).elements.slice(start, end));
  },
  call: (args, type) => {
    const list = argument(args, 0);
    const [start, end] = sliceBounds(args);
    const items = partsOf(list).slice(start ?? 0, end ?? 0);
    return withMarks(type.kind === 'list' ? listValue(type.element, items) : tupleValue(items), list);
  },
};

/** Where a slice begins and ends; null for what is not known. */
function sliceBounds(args: readonly Typed[]): readonly [number | null, number | null] {
  const list = argument(args, 0);
  const count = list.type.kind === 'tuple' ? list.type.elements.length : isUnknown(list) ? null : partsOf(list).length;
  const bound = (index: number, name: string): number | null => {
    const value = argument(args, index);
    if (isUnknown(value)) return null;
    const at = wholeOf(value, `invalid ${name} index: `, index);
    if (at < 0) throw new FunctionProblem(`${name} index must not be less than zero`, index);
    if (count !== null && at > count)
      throw new FunctionProblem(`${name} index must not be greater than the length of the list`, index);
    return at;
  };
  const start = bound(1, 'start');
  const end = bound(2, 'end');
  if (start !== null && end !== null && start > end)
    throw new FunctionProblem('start index must not be greater than end index', 1);
  return [start, end];
}

const NOT_NUMBERS = 'argument must be list, set, or tuple of number values';

function sum(args: readonly Typed[]): Typed {
  const list = argument(args, 0);
  const { type } = list;
  if (type.kind === 'string' || type.kind === 'number' || type.kind === 'bool')
    throw new FunctionProblem('cannot sum noniterable', 0);
  const items = partsOf(list);
  if (items.length === 0) throw new FunctionProblem('cannot sum an empty list', 0);
  if (!isSequence(type))
    throw new FunctionProblem(`argument must be list, set, or tuple. Received ${friendlyName(type)}`, 0);
  if (!isKnownWithin(list)) return unknownValue(NUMBER);
  const numbers = items.map((item) => {
    if (isNull(item)) throw new FunctionProblem(NOT_NUMBERS, 0);
    try {
      return convert(item, NUMBER).content as Num;
    } catch (error) {
      if (!(error instanceof ConversionProblem)) throw error;
      throw new FunctionProblem(NOT_NUMBERS, 0);
    }
  });
  try {
    return numberValue(numbers.reduce((total, number) => total.add(number)));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new FunctionProblem(error.message);
  }
}

/** A function of old that Terraform no longer has, but still explains. */
function bygone(name: string, instead: string): FunctionSpec {
  const refuse = (): never => {
    throw new FunctionProblem(`the "${name}" function has been gone since Terraform 0.12; use ${instead} instead`);
  };
  return {
    name,
    parameters: [],
    variadic: parameter('vals', DYNAMIC, 'null', 'unknown', 'dynamic'),
    returns: refuse,
    call: refuse,
  };
}

const BOOLS = parameter('list', listType(BOOL));

/** Functions of collections of more than one kind. https://developer.hashicorp.com/terraform/language/functions#collection-functions */
export const COLLECTION_FUNCTIONS: readonly FunctionSpec[] = [
  simple('alltrue', BOOL, [BOOLS], alltrue),
  simple('anytrue', BOOL, [BOOLS], anytrue),
  coalesce,
  coalescelist,
  simple('contains', BOOL, [parameter('list'), parameter('value')], contains),
  length,
  bygone('list', 'tolist([ ... ])'),
  bygone('map', 'tomap({ ... })'),
  slice,
  simple('sum', NUMBER, [parameter('list')], sum),
];
