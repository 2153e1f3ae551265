import { equalValues } from '../expression/equality.ts';
import { listValue } from '../typed/collection.ts';
import { convert, unify } from '../typed/convert.ts';
import { friendlyName } from '../typed/format.ts';
import { Num } from '../typed/number.ts';
import { equalityKey } from '../typed/set.ts';
import { type CollectionType, DYNAMIC, listType, NUMBER, STRING, type Type, tupleType } from '../typed/type.ts';
import {
  isKnownWithin,
  isNull,
  isUnknown,
  marked,
  nullValue,
  numberValue,
  partsOf,
  type Typed,
  tupleValue,
  unknownValue,
} from '../typed/typed.ts';
import { argument, isSequence, parameter, simple, wholeOf, withMarks } from './signature.ts';
import { FunctionProblem, type FunctionSpec } from './spec.ts';

const ANY_LIST = listType(DYNAMIC);

function typeOf(args: readonly Typed[], index: number): Type {
  return argument(args, index).type;
}

/** The type of a collection's elements. */
function elementType(type: Type): Type {
  return (type as CollectionType).element;
}

/** A list of the type's elements, or a tuple. */
function sequence(type: Type, items: readonly Typed[]): Typed {
  return type.kind === 'list' ? listValue(type.element, items) : tupleValue(items);
}

const chunklist: FunctionSpec = {
  name: 'chunklist',
  parameters: [parameter('list', ANY_LIST, 'marked'), parameter('size', NUMBER, 'marked')],
  variadic: null,
  notNull: true,
  returns: (args) => listType(typeOf(args, 0)),
  call: (args, type) => {
    const list = argument(args, 0);
    const size = wholeOf(argument(args, 1), 'invalid size: ');
    if (size < 0) throw new FunctionProblem('the size argument must be positive');
    const items = partsOf(list);
    const step = size === 0 ? items.length : size;
    const chunks: Typed[] = [];
    for (let start = 0; start < items.length; start += step)
      chunks.push(listValue(elementType(list.type), items.slice(start, start + step)));
    return withMarks(listValue(elementType(type), chunks), ...args);
  },
};

const compact = simple('compact', listType(STRING), [parameter('list', listType(STRING))], (args) => {
  const list = argument(args, 0);
  if (!isKnownWithin(list)) return unknownValue(listType(STRING));
  return listValue(
    STRING,
    partsOf(list).filter((item) => !isNull(item) && item.content !== ''),
  );
});

/** Lists of types that go together make a list, anything else a tuple. */
const concat: FunctionSpec = {
  name: 'concat',
  parameters: [],
  variadic: parameter('seqs', DYNAMIC, 'marked'),
  notNull: true,
  returns: (args) => {
    if (args.length === 0) throw new FunctionProblem('at least one argument is required');
    if (args.every(({ type }) => type.kind === 'list')) {
      const common = unify(args.map(({ type }) => type));
      if (common !== null) return common;
    }
    const elements: Type[] = [];
    for (const [index, value] of args.entries()) {
      const { type } = value;
      if (type.kind === 'tuple') elements.push(...type.elements);
      else if (type.kind !== 'list')
        throw new FunctionProblem(`all arguments must be lists or tuples; got ${friendlyName(type)}`, index);
      else if (isUnknown(value)) return DYNAMIC;
      else elements.push(...partsOf(value).map(() => type.element));
    }
    return tupleType(elements);
  },
  call: (args, type) => {
    const lists = type.kind === 'list' ? args.map((list) => convert(list, type)) : args;
    return withMarks(sequence(type, lists.flatMap(partsOf)), ...lists);
  },
};

const distinct: FunctionSpec = {
  name: 'distinct',
  parameters: [parameter('list', ANY_LIST)],
  variadic: null,
  notNull: true,
  returns: (args) => typeOf(args, 0),
  call: (args, type) => {
    const list = argument(args, 0);
    if (!isKnownWithin(list)) return unknownValue(type);
    const found = new Map<string, Typed>();
    for (const item of partsOf(list)) {
      const key = equalityKey(item);
      if (!found.has(key)) found.set(key, item);
    }
    return listValue(elementType(type), [...found.values()]);
  },
};

/** The index goes round. Of a tuple it must not be negative: Terraform 1.11 fails there, which later ones do not. */
const element: FunctionSpec = {
  name: 'element',
  parameters: [parameter('list', DYNAMIC, 'marked'), parameter('index', NUMBER)],
  variadic: null,
  returns: (args) => {
    const { type } = argument(args, 0);
    if (type.kind === 'list') return type.element;
    if (type.kind !== 'tuple') throw new FunctionProblem(`cannot read elements from ${friendlyName(type)}`);
    const index = argument(args, 1);
    if (isUnknown(index)) return DYNAMIC;
    const at = wholeOf(index, 'invalid index: ');
    const { length } = type.elements;
    if (length === 0) throw new FunctionProblem('cannot use element function with an empty list');
    if (at % length < 0) throw new FunctionProblem('the index into a tuple must not be negative');
    return type.elements[at % length] as Type;
  },
  call: (args) => {
    const list = argument(args, 0);
    const items = partsOf(list);
    const at = wholeOf(argument(args, 1), 'invalid index: ');
    if (items.length === 0) throw new FunctionProblem('cannot use element function with an empty list');
    const rest = at % items.length;
    return withMarks(argument(items, rest < 0 ? rest + items.length : rest), list);
  },
};

/** What is in a sequence and in the sequences in it. */
interface Flat {
  readonly items: Typed[];
  /** Whether a sequence of these was marked. */
  sensitive: boolean;
  /** Whether nothing more can come out of them. */
  known: boolean;
}

function flattenInto(flat: Flat, list: Typed): void {
  flat.sensitive ||= list.sensitive;
  if (isUnknown(list) || (list.type.kind === 'set' && partsOf(list).length > 1 && !isKnownWithin(list))) {
    flat.known = false;
    return;
  }
  for (const item of partsOf(list)) {
    if (isUnknown(item) && item.type.kind === 'dynamic' && !item.sensitive) flat.known = false;
    if (!isNull(item) && isSequence(item.type)) flattenInto(flat, item);
    else flat.items.push(item);
  }
}

/** A map or object with a part that is not known passes for a sequence, in Terraform too. */
const flatten: FunctionSpec = {
  name: 'flatten',
  parameters: [parameter('list', DYNAMIC, 'marked')],
  variadic: null,
  notNull: true,
  returns: (args) => {
    const list = argument(args, 0);
    if (!isKnownWithin(list)) return DYNAMIC;
    if (!isSequence(list.type)) throw new FunctionProblem('can only flatten lists, sets and tuples');
    const flat: Flat = { items: [], sensitive: false, known: true };
    flattenInto(flat, list);
    return tupleType(flat.items.map(({ type }) => type));
  },
  call: (args, type) => {
    const flat: Flat = { items: [], sensitive: false, known: true };
    flattenInto(flat, argument(args, 0));
    const result = flat.known ? tupleValue(flat.items) : unknownValue(type);
    return flat.sensitive ? marked(result, true) : result;
  },
};

const index: FunctionSpec = simple('index', NUMBER, [parameter('list'), parameter('value')], (args) => {
  const list = argument(args, 0);
  if (list.type.kind !== 'list' && list.type.kind !== 'tuple')
    throw new FunctionProblem('argument must be a list or tuple');
  const items = partsOf(list);
  if (items.length === 0) throw new FunctionProblem('cannot search an empty list');
  for (const [at, item] of items.entries()) {
    const equal = equalValues(item, argument(args, 1));
    if (equal === null) return unknownValue(NUMBER);
    if (equal) return numberValue(Num.of(at));
  }
  throw new FunctionProblem('item not found');
});

/** A comparison whose outcome is not known yet makes Terraform's result empty. */
const matchkeys: FunctionSpec = {
  name: 'matchkeys',
  parameters: [parameter('values', ANY_LIST), parameter('keys', ANY_LIST), parameter('searchset', ANY_LIST)],
  variadic: null,
  notNull: true,
  returns: (args) => {
    if (unify([typeOf(args, 1), typeOf(args, 2)]) === null)
      throw new FunctionProblem('keys and searchset must be of the same type');
    return typeOf(args, 0);
  },
  call: (args, type) => {
    const values = argument(args, 0);
    const empty = listValue(elementType(type), []);
    if (partsOf(values).length !== partsOf(argument(args, 1)).length)
      throw new FunctionProblem('length of keys and values should be equal');
    const common = unify([typeOf(args, 1), typeOf(args, 2)]) ?? ANY_LIST;
    const keys = convert(argument(args, 1), common);
    const searched = partsOf(convert(argument(args, 2), common));
    if (searched.length === 0) return empty;
    if (!isKnownWithin(values) || !isKnownWithin(keys)) return unknownValue(type);
    const found: Typed[] = [];
    for (const [at, key] of partsOf(keys).entries()) {
      for (const item of searched) {
        const equal = equalValues(key, item);
        if (equal === null) return empty;
        if (!equal) continue;
        found.push(argument(partsOf(values), at));
        break;
      }
    }
    return listValue(elementType(type), found);
  },
};

const NOT_ONE = 'must be a list, set, or tuple value with either zero or one elements';

const one: FunctionSpec = {
  name: 'one',
  parameters: [parameter('list')],
  variadic: null,
  returns: (args) => {
    const { type } = argument(args, 0);
    if (type.kind === 'list' || type.kind === 'set') return type.element;
    if (type.kind !== 'tuple' || type.elements.length > 1) throw new FunctionProblem(NOT_ONE, 0);
    return type.elements[0] ?? DYNAMIC;
  },
  call: (args, type) => {
    const list = argument(args, 0);
    const items = partsOf(list);
    if (items.length > 1 && list.type.kind === 'set' && !isKnownWithin(list)) return unknownValue(type);
    if (items.length > 1) throw new FunctionProblem(NOT_ONE, 0);
    return items[0] ?? nullValue(type);
  },
};

const reverse: FunctionSpec = {
  name: 'reverse',
  parameters: [parameter('list', DYNAMIC, 'marked')],
  variadic: null,
  notNull: true,
  returns: (args) => {
    const { type } = argument(args, 0);
    if (type.kind === 'tuple') return tupleType(type.elements.toReversed());
    if (type.kind === 'list' || type.kind === 'set') return listType(type.element);
    throw new FunctionProblem(`can only reverse list or tuple values, not ${friendlyName(type)}`, 0);
  },
  call: (args, type) => {
    const list = argument(args, 0);
    return withMarks(sequence(type, partsOf(list).toReversed()), list);
  },
};

/** Functions of lists and tuples. */
export const LIST_FUNCTIONS: readonly FunctionSpec[] = [
  chunklist,
  compact,
  concat,
  distinct,
  element,
  flatten,
  index,
  matchkeys,
  one,
  reverse,
];
