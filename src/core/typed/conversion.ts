import { listValue, mapValue, sharedType } from './collection.ts';
import { mismatch } from './mismatch.ts';
import { Num } from './number.ts';
import { differentTypes, equalTypes, hasDynamic, typeKey, withoutOptional } from './same.ts';
import { setValue } from './set.ts';
import {
  type CollectionType,
  DYNAMIC,
  listType,
  mapType,
  objectType,
  setType,
  type Type,
  type TypeOf,
  tupleType,
} from './type.ts';
import {
  boolValue,
  isKnownWithin,
  isNull,
  isUnknown,
  marked,
  nullValue,
  numberValue,
  objectValue,
  partsOf,
  stringValue,
  type Typed,
  tupleValue,
  UnknownContent,
  unknownValue,
} from './typed.ts';
import { unify } from './unify.ts';

/** One step to a part of a value: a name or key, or an index. */
export type PathStep = string | number;

/** Why a value cannot be of a type. Never holds a value. */
export class ConversionProblem extends Error {
  /** The part of the value that is at fault; empty for the value as a whole. */
  readonly path: readonly PathStep[];

  /** `message` is the reason alone, without place and full stop: "a number is required". */
  constructor(message: string, path: readonly PathStep[] = []) {
    super(message);
    this.path = [...path];
  }
}

/** Converts a value of the type that it was made for. `path` leads to that value; what is pushed on it is popped. */
type Conversion = (value: Typed, path: PathStep[]) => Typed;

/** Whether values of the one type become values of the other, at least some: `safe` is for all of them, without loss. */
export function canConvert(from: Type, to: Type, unsafe = true): boolean {
  return conversion(from, to, unsafe) !== null;
}

/**
 * The value as one of another type, by the rules of go-cty's `convert`, unsafe conversions included. Where the type has `dynamic`, the value's
 * own types are kept, or found by unifying those of its elements. Names that objects of the type may leave out become null; others
 * that it does not have are dropped. Marks are kept. Throws {@link ConversionProblem}.
 */
export function convert(value: Typed, type: Type): Typed {
  return convertAt(value, type, []);
}

function convertAt(value: Typed, type: Type, path: PathStep[]): Typed {
  if (equalTypes(value.type, withoutOptional(type))) return value;
  const found = conversion(value.type, type, true);
  if (found === null) throw new ConversionProblem(mismatch(value.type, type), path);
  return found(value, path);
}

/** How values of one type become values of another; null when none do. Also null from a primitive type to itself. */
function conversion(from: Type, to: Type, unsafe: boolean): Conversion | null {
  const known = conversionOfKnown(from, to, unsafe);
  if (known === null || to.kind === 'dynamic') return known;
  const bare = withoutOptional(to);
  return (value, path) => {
    let result: Typed;
    if (isUnknown(value)) result = unknownResult(value, inferred(value.type, bare));
    else if (isNull(value)) result = nullValue(inferred(value.type, bare));
    else result = known(value, path);
    return value.sensitive ? marked(result, true) : result;
  };
}

function conversionOfKnown(from: Type, to: Type, unsafe: boolean): Conversion | null {
  if (to.kind === 'dynamic') return (value) => value;
  // Of a value whose type will be known later, the best is expected.
  if (from.kind === 'dynamic') return unsafe ? (value, path) => convertAt(value, to, path) : null;
  switch (to.kind) {
    case 'string':
    case 'number':
    case 'bool':
      return primitiveConversion(from, to.kind, unsafe);
    case 'object':
      if (from.kind === 'object') return objectToObject(from, to, unsafe);
      return from.kind === 'map' && unsafe ? mapToObject(from, to) : null;
    case 'tuple':
      return from.kind === 'tuple' ? tupleToTuple(from, to, unsafe) : null;
    case 'map':
      if (from.kind === 'map') return mapToMap(from, to.element, unsafe);
      return from.kind === 'object' ? objectToMap(from, to.element, unsafe) : null;
    default:
      if (from.kind === 'tuple') return tupleToCollection(from, to.kind, to.element, unsafe);
      if (from.kind === 'set' || (from.kind === 'list' && (to.kind === 'list' || unsafe)))
        return collectionToCollection(from, to.kind, to.element, unsafe);
      return null;
  }
}

function primitiveConversion(from: Type, to: 'string' | 'number' | 'bool', unsafe: boolean): Conversion | null {
  if (to === 'string') {
    if (from.kind === 'number') return (value) => stringValue((value.content as Num).toString());
    return from.kind === 'bool' ? (value) => stringValue(value.content === true ? 'true' : 'false') : null;
  }
  if (from.kind !== 'string' || !unsafe) return null;
  return to === 'number' ? textToNumber : textToBool;
}

function textToNumber(value: Typed, path: PathStep[]): Typed {
  let number: Num | null;
  try {
    number = Num.parse(value.content as string);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new ConversionProblem('a number is required, of at most 100000 digits', path);
  }
  if (number === null) throw new ConversionProblem('a number is required', path);
  return numberValue(number);
}

function textToBool(value: Typed, path: PathStep[]): Typed {
  const text = value.content as string;
  if (text === 'true' || text === '1') return boolValue(true);
  if (text === 'false' || text === '0') return boolValue(false);
  const lower = text.toLowerCase();
  const hint = lower === 'true' || lower === 'false' ? `; to convert from string, use lowercase "${lower}"` : '';
  throw new ConversionProblem(`a bool is required${hint}`, path);
}

/** Conversions to one type from many, of which most are the same: each is looked for once. `undefined` where none is needed. */
function conversionsTo(to: Type, unsafe: boolean): (from: Type) => Conversion | null | undefined {
  const found = new Map<string, Conversion | null | undefined>();
  return (from) => {
    const key = typeKey(from);
    if (!found.has(key)) found.set(key, equalTypes(from, to) ? undefined : conversion(from, to, unsafe));
    return found.get(key);
  };
}

/** Converts one part. `conversion` undefined leaves it as it is. */
function convertPart(value: Typed, step: PathStep, one: Conversion | undefined, path: PathStep[]): Typed {
  if (one === undefined) return value;
  path.push(step);
  const result = one(value, path);
  path.pop();
  return result;
}

/** The common type of the parts of a structural value that are to become elements; null when there is none. */
function commonElement(types: readonly Type[], unsafe: boolean, mixed: boolean): Type | null {
  const common = unify(types, unsafe);
  // Elements that stay without type are of one type only when none of them has one.
  if (common?.kind === 'dynamic' && !mixed && types.some((type) => type.kind !== 'dynamic')) return null;
  return common;
}

function tupleToCollection(
  from: TypeOf<'tuple'>,
  kind: 'list' | 'set',
  wanted: Type,
  unsafe: boolean,
): Conversion | null {
  if (from.elements.length === 0) return () => collection(kind, withoutOptional(wanted), []);
  const element = wanted.kind === 'dynamic' ? commonElement(from.elements, unsafe, false) : wanted;
  if (element === null) return null;
  const conversionOf = conversionsTo(element, unsafe);
  const conversions: (Conversion | undefined)[] = [];
  for (const type of from.elements) {
    const one = conversionOf(type);
    if (one === null) return null;
    conversions.push(one);
  }
  return (value, path) => {
    let items = partsOf(value).map((item, index) => convertPart(item, index, conversions[index], path));
    if (kind === 'list') items = unifyParts(items.entries(), unsafe, path).map(([, item]) => item);
    const shared = sharedType(items);
    if (shared === null) throw new ConversionProblem(`element types must all match for conversion to ${kind}`, path);
    return collection(kind, shared, items);
  };
}

function collection(kind: 'list' | 'set', element: Type, items: readonly Typed[]): Typed {
  return kind === 'list' ? listValue(element, items) : setValue(element, items);
}

function collectionToCollection(
  from: CollectionType,
  kind: 'list' | 'set',
  wanted: Type,
  unsafe: boolean,
): Conversion | null {
  const one = conversionsTo(wanted, unsafe)(from.element);
  if (one === null) return null;
  return (value, path) => {
    const items = partsOf(value);
    // How many elements a set has is not known while one is unknown, unless it is the only one.
    if (kind === 'list' && value.type.kind === 'set' && items.length > 1 && !items.every(isKnownWithin))
      return unknownValue(listType(value.type.element));
    const converted = items.map((item, index) => convertPart(item, index, one, path));
    if (converted.length === 0)
      return collection(kind, wanted.kind === 'dynamic' ? from.element : withoutOptional(wanted), []);
    const shared = sharedType(converted);
    if (shared === null) throw new ConversionProblem(`element types must all match for conversion to ${kind}`, path);
    return collection(kind, shared, converted);
  };
}

function entriesOf(value: Typed): readonly (readonly [string, Typed])[] {
  return [...(value.content as ReadonlyMap<string, Typed>)];
}

function mapToMap(from: CollectionType, wanted: Type, unsafe: boolean): Conversion | null {
  const one = conversion(from.element, wanted, unsafe);
  if (one === null) return null;
  return (value, path) => {
    const entries = entriesOf(value).map(([name, part]) => [name, convertPart(part, name, one, path)] as const);
    if (entries.length === 0) return mapValue(wanted.kind === 'dynamic' ? from.element : withoutOptional(wanted), []);
    return finishedMap(entries, wanted, false, 'element', path);
  };
}

function objectToMap(from: TypeOf<'object'>, wanted: Type, unsafe: boolean): Conversion | null {
  if (from.attributes.size === 0) return () => mapValue(withoutOptional(wanted), []);
  const element = wanted.kind === 'dynamic' ? commonElement([...from.attributes.values()], unsafe, true) : wanted;
  if (element === null) return null;
  const conversionOf = conversionsTo(element, unsafe);
  const conversions = new Map<string, Conversion | undefined>();
  for (const [name, type] of from.attributes) {
    const one = conversionOf(type);
    if (one === null) return null;
    conversions.set(name, one);
  }
  return (value, path) => {
    const entries = entriesOf(value).map(
      ([name, part]) => [name, convertPart(part, name, conversions.get(name), path)] as const,
    );
    return finishedMap(entries, element, unsafe, 'attribute', path);
  };
}

function finishedMap(
  entries: readonly (readonly [string, Typed])[],
  element: Type,
  unsafe: boolean,
  noun: 'element' | 'attribute',
  path: PathStep[],
): Typed {
  const compound =
    element.kind === 'list' || element.kind === 'set' || element.kind === 'map' || element.kind === 'object';
  const parts = compound ? unifyParts(entries, unsafe, path) : entries;
  const shared = sharedType(parts.map(([, part]) => part));
  if (shared === null) throw new ConversionProblem(`${noun} types must all match for conversion to map`, path);
  return mapValue(shared, parts);
}

/** Elements whose type was left open in part may differ after their conversion: they are unified once more. */
function unifyParts<K extends PathStep>(
  parts: Iterable<readonly [K, Typed]>,
  unsafe: boolean,
  path: PathStep[],
): readonly (readonly [K, Typed])[] {
  const all = [...parts];
  const types = differentTypes(all.map(([, part]) => part.type));
  if (types.length <= 1) return all;
  const common = unify(types, unsafe);
  if (common === null) throw new ConversionProblem('cannot find a common base type for all elements', path);
  const conversionOf = conversionsTo(common, unsafe);
  return all.map(([key, part]) => {
    const one = conversionOf(part.type);
    if (one === null) throw new ConversionProblem('cannot find a common base type for all elements', path);
    return [key, convertPart(part, key, one, path)] as const;
  });
}

function mapToObject(from: CollectionType, to: TypeOf<'object'>): Conversion | null {
  const conversions = new Map<string, Conversion | null | undefined>();
  for (const [name, type] of to.attributes) {
    const one = equalTypes(from.element, type) ? undefined : conversion(from.element, type, true);
    // An optional attribute is in the way only of a map that has it.
    if (one === null && !to.optional.has(name)) return null;
    conversions.set(name, one);
  }
  return (value, path) => {
    const own = value.content as ReadonlyMap<string, Typed>;
    const entries: [string, Typed][] = [];
    for (const [name, type] of to.attributes) {
      const part = own.get(name);
      if (part === undefined) {
        if (!to.optional.has(name))
          throw new ConversionProblem(`map has no element for required attribute ${JSON.stringify(name)}`, path);
        entries.push([name, nullValue(withoutOptional(type))]);
        continue;
      }
      const one = conversions.get(name);
      if (one === null)
        throw new ConversionProblem(
          `map element type is incompatible with attribute ${JSON.stringify(name)}: ${mismatch(part.type, type)}`,
          path,
        );
      entries.push([name, convertPart(part, name, one, path)]);
    }
    return objectValue(entries);
  };
}

function objectToObject(from: TypeOf<'object'>, to: TypeOf<'object'>, unsafe: boolean): Conversion | null {
  const conversions = new Map<string, Conversion | undefined>();
  for (const [name, type] of to.attributes) {
    const own = from.attributes.get(name);
    if (own === undefined) {
      if (!to.optional.has(name)) return null;
      continue;
    }
    const one = equalTypes(own, type) ? undefined : conversion(own, type, unsafe);
    if (one === null) return null;
    conversions.set(name, one);
  }
  return (value, path) => {
    const own = value.content as ReadonlyMap<string, Typed>;
    return objectValue(
      [...to.attributes].map(([name, type]) => {
        const part = conversions.has(name) ? own.get(name) : undefined;
        if (part === undefined) return [name, nullValue(withoutOptional(type))];
        return [name, convertPart(part, name, conversions.get(name), path)];
      }),
    );
  };
}

function tupleToTuple(from: TypeOf<'tuple'>, to: TypeOf<'tuple'>, unsafe: boolean): Conversion | null {
  if (from.elements.length !== to.elements.length) return null;
  const conversions: (Conversion | undefined)[] = [];
  for (const [index, type] of to.elements.entries()) {
    const own = from.elements[index] as Type;
    const one = equalTypes(own, type) ? undefined : conversion(own, type, unsafe);
    if (one === null) return null;
    conversions.push(one);
  }
  return (value, path) =>
    tupleValue(partsOf(value).map((item, index) => convertPart(item, index, conversions[index], path)));
}

/**
 * What becomes of an unknown value: one of the other type, known not to be null where it was. The elements of a tuple can be counted
 * even then, so that a list of as many unknown ones comes of it.
 */
function unknownResult(value: Typed, to: Type): Typed {
  const notNull = value.content instanceof UnknownContent && value.content.notNull;
  const { type } = value;
  if (notNull) {
    if (type.kind === 'object' && to.kind === 'map' && type.attributes.size === 0) return mapValue(to.element, []);
    if (type.kind === 'tuple' && (to.kind === 'list' || (to.kind === 'set' && type.elements.length <= 1)))
      return collection(
        to.kind,
        to.element,
        type.elements.map(() => unknownValue(to.element)),
      );
  }
  return unknownValue(to, notNull);
}

/** The type `to` with what it leaves open taken from the type of the value that is converted to it. */
function inferred(from: Type, to: Type): Type {
  if (from.kind === 'dynamic' || !hasDynamic(to)) return to;
  switch (to.kind) {
    case 'dynamic':
      return from;
    case 'map':
      if (from.kind === 'map') return mapType(inferred(from.element, to.element));
      if (from.kind !== 'object') return to;
      return mapType(inferred(unify([...from.attributes.values()]) ?? DYNAMIC, to.element));
    case 'list':
    case 'set': {
      const make = to.kind === 'list' ? listType : setType;
      if (from.kind === 'list' || from.kind === 'set') return make(inferred(from.element, to.element));
      return from.kind === 'tuple' ? make(inferred(unify(from.elements) ?? DYNAMIC, to.element)) : to;
    }
    case 'object':
      return objectType(
        [...to.attributes].map(([name, type]) => {
          const own =
            from.kind === 'map' ? from.element : from.kind === 'object' ? from.attributes.get(name) : undefined;
          return [name, own === undefined ? type : inferred(own, type)];
        }),
      );
    case 'tuple':
      return from.kind === 'tuple'
        ? tupleType(to.elements.map((type, index) => inferred(from.elements[index] ?? DYNAMIC, type)))
        : to;
    default:
      return to;
  }
}
