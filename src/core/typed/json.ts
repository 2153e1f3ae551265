import { isObject, type Json, type JsonObject } from '../json.ts';
import { Sensitive, sensitive, UNKNOWN, Unknown, type Value } from '../value.ts';
import { listValue, mapValue, sharedType } from './collection.ts';
import { ConversionProblem, convert, type PathStep } from './conversion.ts';
import { friendlyName } from './format.ts';
import { Num } from './number.ts';
import { withoutOptional } from './same.ts';
import { setValue } from './set.ts';
import {
  BOOL,
  DYNAMIC,
  listType,
  mapType,
  NUMBER,
  objectType,
  STRING,
  setType,
  type Type,
  type TypeOf,
  tupleType,
} from './type.ts';
import {
  boolValue,
  isUnknown,
  marked,
  nullValue,
  numberValue,
  objectValue,
  partsOf,
  stringValue,
  type Typed,
  tupleValue,
  unknownValue,
} from './typed.ts';

/** A JSON value as the language reads it: arrays are tuples, objects objects, null has no type. Texts are put in Unicode's form NFC. */
export function fromJson(json: Json): Typed {
  return implied(json as Value);
}

/**
 * The plain JSON of a value, marks taken off: sets and tuples are arrays. Throws an Error for an unknown part, and for a number that
 * no double is (see {@link Num.toNumber}).
 */
export function toJsonValue(value: Typed): Json {
  if (isUnknown(value)) throw new Error('the value is not known yet');
  const { content } = value;
  if (content === null || typeof content === 'string' || typeof content === 'boolean') return content;
  if (content instanceof Num) return toDouble(content);
  if (content instanceof Map)
    return Object.fromEntries(
      [...(content as ReadonlyMap<string, Typed>)].map(([name, part]) => [name, toJsonValue(part)]),
    ) as JsonObject;
  return partsOf(value).map(toJsonValue);
}

/** The value as plans hold it, unknown parts and marks included. Throws an Error for a number that no double is. */
export function toPlan(value: Typed): Value {
  const plain = toUnmarkedPlan(value);
  return value.sensitive ? sensitive(plain) : plain;
}

function toUnmarkedPlan(value: Typed): Value {
  if (isUnknown(value)) return UNKNOWN;
  const { content } = value;
  if (content === null || typeof content === 'string' || typeof content === 'boolean') return content;
  if (content instanceof Num) return toDouble(content);
  if (content instanceof Map)
    return Object.fromEntries([...(content as ReadonlyMap<string, Typed>)].map(([name, part]) => [name, toPlan(part)]));
  return partsOf(value).map(toPlan);
}

function toDouble(number: Num): number {
  const double = number.toNumber();
  if (double === null)
    throw new Error('the number has more digits than plans and state can hold: round it, or make it a string');
  return double;
}

/**
 * A plan's value as one of a type; where the type is `dynamic`, as JSON's own. Attributes that an object lacks are null, and those that
 * its type lacks are dropped. Throws {@link ConversionProblem} when the value has another shape.
 */
export function fromPlan(value: Value, type: Type): Typed {
  return decoded(value, withoutOptional(type), []);
}

function decoded(value: Value, type: Type, path: PathStep[]): Typed {
  if (type.kind === 'dynamic') return implied(value);
  if (value instanceof Sensitive) return marked(decoded(value.reveal(), type, path), true);
  if (value instanceof Unknown) return unknownValue(type);
  if (value === null) return nullValue(type);
  switch (type.kind) {
    case 'list':
    case 'set': {
      const items = arrayOf(value, type, path).map((item, index) => part(item, type.element, index, path));
      const element = elementOf(type.element, items, path);
      return type.kind === 'list' ? listValue(element, items) : setValue(element, items);
    }
    case 'tuple': {
      const items = arrayOf(value, type, path);
      if (items.length !== type.elements.length)
        throw new ConversionProblem(`a tuple of ${type.elements.length} elements is required`, path);
      return tupleValue(items.map((item, index) => part(item, type.elements[index] ?? DYNAMIC, index, path)));
    }
    case 'map': {
      const entries = [...entriesOf(value, type, path)].map(
        ([name, item]) => [name, part(item, type.element, name, path)] as const,
      );
      const items = entries.map(([, item]) => item);
      return mapValue(elementOf(type.element, items, path), entries);
    }
    case 'object': {
      const entries = entriesOf(value, type, path);
      return objectValue(
        [...type.attributes].map(([name, attribute]) => [name, part(entries.get(name) ?? null, attribute, name, path)]),
      );
    }
    default: {
      if (typeof value === 'object') throw new ConversionProblem(`${friendlyName(type)} required`, path);
      try {
        return convert(implied(value), type);
      } catch (cause) {
        if (cause instanceof ConversionProblem) throw new ConversionProblem(cause.message, path);
        throw cause;
      }
    }
  }
}

function part(value: Value, type: Type, step: PathStep, path: PathStep[]): Typed {
  path.push(step);
  const result = decoded(value, type, path);
  path.pop();
  return result;
}

/** The type of a collection's elements where theirs is open: that which they all have. */
function elementOf(type: Type, items: readonly Typed[], path: PathStep[]): Type {
  if (items.length === 0) return type;
  const shared = sharedType(items);
  if (shared === null) throw new ConversionProblem('element types must all match', path);
  return shared;
}

function arrayOf(value: Value, type: Type, path: PathStep[]): readonly Value[] {
  if (!Array.isArray(value)) throw new ConversionProblem(`${friendlyName(type)} required`, path);
  return value as readonly Value[];
}

function entriesOf(value: Value, type: Type, path: PathStep[]): ReadonlyMap<string, Value> {
  if (!isObject(value)) throw new ConversionProblem(`${friendlyName(type)} required`, path);
  return new Map(Object.entries(value as { readonly [name: string]: Value }));
}

/** A value with the types that JSON itself has. */
function implied(value: Value): Typed {
  if (value instanceof Sensitive) return marked(implied(value.reveal()), true);
  if (value instanceof Unknown) return unknownValue();
  if (value === null) return nullValue();
  if (typeof value === 'string') return stringValue(value.normalize('NFC'));
  if (typeof value === 'boolean') return boolValue(value);
  if (typeof value === 'number') {
    const number = Num.parse(String(value));
    if (number === null) throw new Error('JSON has no such number');
    return numberValue(number);
  }
  if (Array.isArray(value)) return tupleValue((value as readonly Value[]).map(implied));
  return objectValue(
    Object.entries(value as { readonly [name: string]: Value }).map(
      ([name, item]) => [name.normalize('NFC'), implied(item)] as const,
    ),
  );
}

/** A type in go-cty's JSON notation: `"string"`, `["list", "number"]`, `["object", {…}]`; `"dynamic"` for the open one. */
export function typeToJson(type: Type): Json {
  switch (type.kind) {
    case 'list':
    case 'set':
    case 'map':
      return [type.kind, typeToJson(type.element)];
    case 'tuple':
      return ['tuple', type.elements.map(typeToJson)];
    case 'object': {
      const attributes = Object.fromEntries([...type.attributes].map(([name, of]) => [name, typeToJson(of)]));
      return type.optional.size === 0 ? ['object', attributes] : ['object', attributes, [...type.optional].sort()];
    }
    default:
      return type.kind;
  }
}

const PRIMITIVES: ReadonlyMap<Json | undefined, Type> = new Map<Json | undefined, Type>([
  ['string', STRING],
  ['number', NUMBER],
  ['bool', BOOL],
  ['dynamic', DYNAMIC],
]);

/** The type that go-cty's JSON notation stands for. Throws an Error on anything else. */
export function typeFromJson(json: Json): Type {
  const primitive = PRIMITIVES.get(json);
  if (primitive !== undefined) return primitive;
  if (Array.isArray(json)) {
    const [kind, of, optional = []] = json as readonly Json[];
    const length = json.length;
    if (of !== undefined && length === 2) {
      if (kind === 'list') return listType(typeFromJson(of));
      if (kind === 'set') return setType(typeFromJson(of));
      if (kind === 'map') return mapType(typeFromJson(of));
      if (kind === 'tuple' && Array.isArray(of)) return tupleType(of.map((element: Json) => typeFromJson(element)));
    }
    if (kind === 'object' && isObject(of) && length <= 3 && Array.isArray(optional))
      return objectFromJson(of as JsonObject, optional);
  }
  throw new Error('not a type in the JSON notation of types');
}

function objectFromJson(attributes: JsonObject, optional: readonly Json[]): TypeOf<'object'> {
  const names = optional.filter((name): name is string => typeof name === 'string' && Object.hasOwn(attributes, name));
  if (names.length !== optional.length)
    throw new Error('the JSON notation of a type names an unknown optional attribute');
  return objectType(
    Object.entries(attributes).map(([name, type]) => [name, typeFromJson(type)] as const),
    names,
  ) as TypeOf<'object'>;
}
