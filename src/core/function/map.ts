import { listValue, mapValue } from '../typed/collection.ts';
import { ConversionProblem, convert, equalTypes } from '../typed/convert.ts';
import { friendlyName } from '../typed/format.ts';
import { quote } from '../typed/quote.ts';
import {
  type CollectionType,
  compareText,
  DYNAMIC,
  listType,
  mapType,
  objectType,
  STRING,
  type Type,
  tupleType,
} from '../typed/type.ts';
import {
  isKnownWithin,
  isNull,
  isUnknown,
  objectValue,
  partsOf,
  stringValue,
  type Typed,
  tupleValue,
  unknownValue,
} from '../typed/typed.ts';
import { argument, parameter, simple, withMarks } from './signature.ts';
import { FunctionProblem, type FunctionSpec } from './spec.ts';

/** The entries of a known map or object that is not null; none for any other value. */
function entriesOf(value: Typed): ReadonlyMap<string, Typed> {
  return value.content instanceof Map ? value.content : new Map();
}

const keys: FunctionSpec = {
  name: 'keys',
  parameters: [parameter('inputMap', DYNAMIC, 'unknown', 'marked')],
  variadic: null,
  notNull: true,
  returns: (args) => {
    const { type } = argument(args, 0);
    if (type.kind === 'map') return listType(STRING);
    if (type.kind === 'object') return tupleType([...type.attributes.keys()].map(() => STRING));
    throw new FunctionProblem('must have map or object type', 0);
  },
  call: (args, type) => {
    const map = argument(args, 0);
    if (map.type.kind === 'object') return withMarks(tupleValue([...map.type.attributes.keys()].map(stringValue)), map);
    if (isUnknown(map)) return withMarks(unknownValue(type), map);
    return withMarks(listValue(STRING, [...entriesOf(map).keys()].map(stringValue)), map);
  },
};

const lookup: FunctionSpec = {
  name: 'lookup',
  parameters: [parameter('inputMap', DYNAMIC, 'unknown', 'marked'), parameter('key', STRING, 'unknown', 'marked')],
  variadic: parameter('default', DYNAMIC, 'null', 'unknown', 'dynamic', 'marked'),
  returns: (args) => {
    if (args.length > 3) throw new FunctionProblem(`lookup() takes two or three arguments, got ${args.length}`);
    const { type } = argument(args, 0);
    const otherwise = args[2];
    if (type.kind === 'map') {
      if (otherwise !== undefined && !converts(otherwise, type.element))
        throw new FunctionProblem('the default value must have the same type as the map elements', 2);
      return type.element;
    }
    if (type.kind !== 'object') throw new FunctionProblem('lookup() requires a map as the first argument', 0);
    const key = argument(args, 1);
    if (isUnknown(key)) return DYNAMIC;
    const found = type.attributes.get(key.content as string) ?? otherwise?.type;
    if (found === undefined)
      throw new FunctionProblem(
        key.sensitive
          ? 'the given object has no attribute of the sensitive name'
          : `the given object has no attribute ${quote(key.content as string)}`,
        0,
      );
    return found;
  },
  call: (args, type) => {
    const map = argument(args, 0);
    const key = argument(args, 1);
    if (isUnknown(map) || isUnknown(key)) return withMarks(unknownValue(type), map, key);
    const found = entriesOf(map).get(key.content as string);
    if (found !== undefined) return withMarks(found, map, key);
    const otherwise = args[2];
    if (otherwise !== undefined) return withMarks(convert(otherwise, type), map, key);
    const name = key.sensitive ? '(sensitive value)' : quote(key.content as string);
    throw new FunctionProblem(`lookup failed to find key ${name}`);
  },
};

function converts(value: Typed, type: Type): boolean {
  try {
    convert(value, type);
    return true;
  } catch (error) {
    if (error instanceof ConversionProblem) return false;
    throw error;
  }
}

/** Arguments of one type make a value of that type, others an object. */
const merge: FunctionSpec = {
  name: 'merge',
  parameters: [],
  variadic: parameter('maps', DYNAMIC, 'null', 'dynamic', 'marked'),
  notNull: true,
  returns: (args) => {
    const attributes = new Map<string, Type>();
    let known = true;
    for (const value of args) {
      const { type } = value;
      if (type.kind === 'dynamic') return DYNAMIC;
      if (type.kind !== 'map' && type.kind !== 'object')
        throw new FunctionProblem(`arguments must be maps or objects, got ${quote(friendlyName(type))}`);
      if (isNull(value)) continue;
      if (type.kind === 'object') for (const [name, of] of type.attributes) attributes.set(name, of);
      else if (isUnknown(value)) known = false;
      else for (const name of entriesOf(value).keys()) attributes.set(name, type.element);
    }
    const [first] = args;
    if (first !== undefined && args.every(({ type }) => equalTypes(type, first.type))) return first.type;
    return known ? objectType(attributes) : DYNAMIC;
  },
  call: (args, type) => {
    const entries = args.flatMap((value) => [...entriesOf(value)]);
    // Terraform fails here, having promised an object with these attributes.
    if (type.kind === 'object' && type.attributes.size > 0 && args.every(isNull))
      throw new FunctionProblem('all arguments are null; put an empty object beside them to have one');
    const result = type.kind === 'map' ? mapValue(type.element, entries) : objectValue(entries);
    return withMarks(result, ...args.filter((value) => !isNull(value)));
  },
};

const TEXT_LISTS = mapType(listType(STRING));

const transpose = simple('transpose', TEXT_LISTS, [parameter('values', TEXT_LISTS)], (args) => {
  const map = argument(args, 0);
  if (!isKnownWithin(map)) return unknownValue(TEXT_LISTS);
  const names = new Map<string, string[]>();
  for (const [name, list] of entriesOf(map)) {
    if (isNull(list)) throw new FunctionProblem('input must not contain null list');
    for (const item of partsOf(list)) {
      if (isNull(item)) throw new FunctionProblem('input list must not contain null string');
      const key = item.content as string;
      const found = names.get(key);
      if (found === undefined) names.set(key, [name]);
      else found.push(name);
    }
  }
  return mapValue(
    listType(STRING),
    [...names].map(([name, all]) => [name, listValue(STRING, all.sort(compareText).map(stringValue))] as const),
  );
});

const values: FunctionSpec = {
  name: 'values',
  parameters: [parameter('mapping', DYNAMIC, 'marked')],
  variadic: null,
  notNull: true,
  returns: (args) => {
    const { type } = argument(args, 0);
    if (type.kind === 'map') return listType(type.element);
    if (type.kind === 'object') return tupleType([...type.attributes.values()]);
    throw new FunctionProblem('values() requires a map as the first argument');
  },
  call: (args, type) => {
    const map = argument(args, 0);
    const all = partsOf(map);
    return withMarks(type.kind === 'list' ? listValue(type.element, all) : tupleValue(all), map);
  },
};

/** Values of one type make a map, others an object. */
const zipmap: FunctionSpec = {
  name: 'zipmap',
  parameters: [parameter('keys', listType(STRING), 'marked'), parameter('values', DYNAMIC, 'marked')],
  variadic: null,
  notNull: true,
  returns: (args) => {
    const names = argument(args, 0);
    const { type } = argument(args, 1);
    if (type.kind === 'list') return mapType(type.element);
    if (type.kind !== 'tuple') throw new FunctionProblem('values argument must be a list or tuple value');
    if (!isKnownWithin(names)) return DYNAMIC;
    requireOneEach(names, type.elements.length);
    return objectType(partsOf(names).map((name, index) => [nameOf(name, index), type.elements[index] as Type]));
  },
  call: (args, type) => {
    const names = argument(args, 0);
    const list = argument(args, 1);
    if (!isKnownWithin(names)) return withMarks(unknownValue(type), names, list);
    const all = partsOf(list);
    requireOneEach(names, all.length);
    const entries = partsOf(names).map((name, index) => [nameOf(name, index), argument(all, index)] as const);
    const result = type.kind === 'map' ? mapValue((type as CollectionType).element, entries) : objectValue(entries);
    return withMarks(result, names, list, ...partsOf(names));
  },
};

function requireOneEach(names: Typed, count: number): void {
  const { length } = partsOf(names);
  if (length !== count)
    throw new FunctionProblem(`number of keys (${length}) does not match number of values (${count})`);
}

function nameOf(name: Typed, index: number): string {
  if (isNull(name)) throw new FunctionProblem(`keys list has null value at index ${index}`);
  return name.content as string;
}

/** Functions of maps and objects. */
export const MAP_FUNCTIONS: readonly FunctionSpec[] = [keys, lookup, merge, transpose, values, zipmap];
