import { listValue } from '../typed/collection.ts';
import { ConversionProblem, convert, unify } from '../typed/convert.ts';
import { equalityKey, setValue } from '../typed/set.ts';
import { type CollectionType, DYNAMIC, listType, setType, type Type, type TypeOf, tupleType } from '../typed/type.ts';
import { isKnownWithin, isUnknown, partsOf, type Typed, tupleValue, unknownValue } from '../typed/typed.ts';
import { parameter, withMarks } from './signature.ts';
import { FunctionProblem, type FunctionSpec } from './spec.ts';

const ANY_SET = setType(DYNAMIC);

/** The set that several come to, all brought to one type of elements first. Empty ones of no type in particular go with any. */
function commonType(args: readonly Typed[]): Type {
  const elements: Type[] = [];
  for (const set of args) {
    const { element } = set.type as CollectionType;
    if (element.kind === 'dynamic' && !isUnknown(set) && partsOf(set).length === 0) continue;
    elements.push(element);
  }
  if (elements.length === 0) return ANY_SET;
  const element = unify(elements);
  if (element === null) throw new FunctionProblem('given sets must all have compatible element types');
  return setType(element);
}

/** An operation on sets. All but the union need to know every element of theirs. */
function operation(
  name: string,
  names: readonly [string, string],
  combine: ((one: readonly Typed[], other: readonly Typed[]) => readonly Typed[]) | null,
): FunctionSpec {
  const [first, others] = names.map((each) => parameter(each, ANY_SET, 'dynamic')) as [
    ReturnType<typeof parameter>,
    ReturnType<typeof parameter>,
  ];
  const two = name === 'setsubtract';
  return {
    name,
    parameters: two ? [first, others] : [first],
    variadic: two ? null : others,
    notNull: true,
    returns: commonType,
    call: (args, type) => {
      const sets = args.map((set, index) => convertedTo(set, type, index));
      const { element } = type as CollectionType;
      if (combine === null) return setValue(element, sets.flatMap(partsOf));
      if (!sets.every(isKnownWithin)) return unknownValue(type);
      return setValue(
        element,
        sets.map(partsOf).reduce((one, other) => combine(one, other)),
      );
    },
  };
}

function convertedTo(value: Typed, type: Type, index: number): Typed {
  try {
    return convert(value, type);
  } catch (error) {
    if (!(error instanceof ConversionProblem)) throw error;
    throw new FunctionProblem(error.message, index);
  }
}

/** The elements of the one that the other has, or those that it has not. */
function selecting(wanted: boolean): (one: readonly Typed[], other: readonly Typed[]) => readonly Typed[] {
  return (one, other) => {
    const found = new Set(other.map(equalityKey));
    return one.filter((item) => found.has(equalityKey(item)) === wanted);
  };
}

/** More elements than Terraform cares to count of a product whose length is not known. */
const MOST_OF_ONE = 1024;
const MOST_OF_ALL = 2048;
/** More than any JavaScript engine's arrays of arrays bear, and far more than any configuration needs. */
const MOST_ELEMENTS = 10_000_000;

/** Lists alone make a list, in their order; with a set among them a set. */
const setproduct: FunctionSpec = {
  name: 'setproduct',
  parameters: [],
  variadic: parameter('sets', DYNAMIC, 'unknown', 'marked'),
  notNull: true,
  returns: (args) => {
    if (args.length < 2) throw new FunctionProblem('at least two arguments are required');
    const element = tupleType(args.map(({ type }, index) => elementOf(type, index)));
    return args.some(({ type }) => type.kind === 'set') ? setType(element) : listType(element);
  },
  call: (args, type) => withMarks(product(args, type as CollectionType), ...args),
};

function elementOf(type: Type, index: number): Type {
  if (type.kind === 'set' || type.kind === 'list') return type.element;
  if (type.kind !== 'tuple') throw new FunctionProblem('a set or a list is required', index);
  if (type.elements.length === 0) return DYNAMIC;
  const common = unify(type.elements);
  if (common === null) throw new FunctionProblem('all elements must be of the same type', index);
  return common;
}

function product(args: readonly Typed[], type: CollectionType): Typed {
  const collection = type.kind === 'list' ? listValue : setValue;
  if (!args.every(hasKnownLength)) {
    const most = mostOf(args);
    if (most === 0) return collection(type.element, []);
    return most === 1 ? collection(type.element, [unknownValue(type.element)]) : unknownValue(type);
  }
  const { elements } = type.element as TypeOf<'tuple'>;
  const columns = args.map((value, index) =>
    partsOf(value).map((item) => convertedTo(item, elements[index] ?? DYNAMIC, index)),
  );
  const total = columns.reduce((count, column) => count * column.length, 1);
  if (total > MOST_ELEMENTS) throw new FunctionProblem(`the product has ${total} elements, which is too many`);
  let rows: readonly (readonly Typed[])[] = [[]];
  for (const column of columns) rows = rows.flatMap((row) => column.map((item) => [...row, item]));
  return collection(
    type.element,
    rows.map((row) => tupleValue(row)),
  );
}

function hasKnownLength(value: Typed): boolean {
  if (isUnknown(value)) return false;
  return value.type.kind !== 'set' || partsOf(value).length <= 1 || isKnownWithin(value);
}

/** The most elements that the product can have; null where that is not known, or more than Terraform keeps count of. */
function mostOf(args: readonly Typed[]): number | null {
  let most = 1;
  for (const value of args) {
    const { type } = value;
    if (type.kind !== 'tuple' && !hasKnownLength(value)) return null;
    const own = type.kind === 'tuple' ? type.elements.length : partsOf(value).length;
    most *= own;
    if (own > MOST_OF_ONE || most > MOST_OF_ALL) return null;
  }
  return most;
}

/** Functions of sets. */
export const SET_FUNCTIONS: readonly FunctionSpec[] = [
  operation('setintersection', ['first_set', 'other_sets'], selecting(true)),
  operation('setsubtract', ['a', 'b'], selecting(false)),
  operation('setunion', ['first_set', 'other_sets'], null),
  setproduct,
];
