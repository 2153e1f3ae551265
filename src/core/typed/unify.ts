import { canConvert, convert } from './conversion.ts';
import { differentTypes, equalTypes } from './same.ts';
import {
  type CollectionType,
  DYNAMIC,
  listType,
  mapType,
  objectType,
  type Type,
  type TypeOf,
  tupleType,
} from './type.ts';
import { marked, type Typed, unknownValue } from './typed.ts';

/**
 * The most general type that values of all these types can be converted to, by go-cty's rules; null when there is none, and for no
 * types at all. Types of which one is not known yet, and others are collections or structures, come to `dynamic`. With
 * `unsafe`, conversions that may fail or lose something count too.
 *
 * Equal types are taken together first: go-cty compares each with each, which no list of ten thousand objects bears.
 */
export function unify(types: Iterable<Type>, unsafe = true): Type | null {
  const different = differentTypes(types);
  if (different.length <= 1) return different[0] ?? null;
  return unifyDifferent(different, unsafe);
}

/**
 * Values brought to the one type that {@link unify} finds for theirs; null when there is none. Collections of one kind, or objects, or
 * tuples, beside a value whose type is not known yet, are all unknown until it is. Throws {@link ConversionProblem} when a value
 * does not become what its type promised.
 */
export function unifyValues(
  values: readonly Typed[],
): { readonly type: Type; readonly values: readonly Typed[] } | null {
  const type = unify(values.map((value) => value.type));
  if (type === null) return null;
  if (type.kind === 'dynamic') {
    const kinds = new Set(values.map((value) => value.type.kind));
    kinds.delete('dynamic');
    const [kind] = kinds;
    const open = kinds.size === 1 && kind !== 'string' && kind !== 'number' && kind !== 'bool';
    return { type, values: open ? values.map((value) => marked(unknownValue(), value.sensitive)) : values };
  }
  return { type, values: values.map((value) => (equalTypes(value.type, type) ? value : convert(value, type))) };
}

function unifyDifferent(types: readonly Type[], unsafe: boolean): Type | null {
  const count = (kind: Type['kind']): number => types.filter((type) => type.kind === kind).length;
  const open = count('dynamic');
  const only = (...kinds: Type['kind'][]): boolean =>
    kinds.reduce((sum, kind) => sum + count(kind), open) === types.length;
  const maps = count('map');
  const lists = count('list');
  const objects = count('object');
  const tuples = count('tuple');
  if (maps > 0) {
    if (only('map')) return unifyElements(types, unsafe);
    if (only('map', 'object')) {
      const found = unifyReplacing(types, 'object', unsafe);
      if (found?.kind === 'map') return found;
    }
  } else if (lists > 0) {
    if (only('list')) return unifyElements(types, unsafe);
    if (only('list', 'tuple')) {
      const found = unifyReplacing(types, 'tuple', unsafe);
      if (found?.kind === 'list') return found;
    }
  } else if (count('set') > 0) {
    if (only('set')) return unifyElements(types, unsafe);
  } else if (objects > 0 && only('object')) {
    return open > 0 ? DYNAMIC : unifyObjects(types as readonly TypeOf<'object'>[], unsafe);
  } else if (tuples > 0 && only('tuple')) {
    return open > 0 ? DYNAMIC : unifyTuples(types as readonly TypeOf<'tuple'>[], unsafe);
  }
  if (objects > 0 && tuples > 0) return null;
  // A primitive type and one with parts have nothing in common but being open. Said here because there may be many such types to try.
  const primitives = types.filter(isPrimitive).length;
  if (primitives > 0 && primitives + open < types.length) return open > 0 ? DYNAMIC : null;
  return preferred(types, unsafe);
}

/** Collections of one kind. */
function unifyElements(types: readonly Type[], unsafe: boolean): Type | null {
  if (types.some((type) => type.kind === 'dynamic')) return DYNAMIC;
  const collections = types as readonly CollectionType[];
  const element = unify(
    collections.map((type) => type.element),
    unsafe,
  );
  if (element === null) return null;
  return ifReached(types, { kind: (collections[0] as CollectionType).kind, element }, unsafe);
}

/** Structures taken for the collection that they can be, beside such collections. */
function unifyReplacing(types: readonly Type[], kind: 'object' | 'tuple', unsafe: boolean): Type | null {
  const structures = types.filter((type) => type.kind === kind);
  const replaced =
    kind === 'object'
      ? objectsToMap(structures as readonly TypeOf<'object'>[], unsafe)
      : tuplesToList(structures as readonly TypeOf<'tuple'>[], unsafe);
  if (replaced === null) return null;
  return unify(
    types.map((type) => (type.kind === kind ? replaced : type)),
    unsafe,
  );
}

/** The type, if all these types convert to it; else null. */
function ifReached(types: readonly Type[], wanted: Type, unsafe: boolean): Type | null {
  return types.every((type) => equalTypes(type, wanted) || canConvert(type, wanted, unsafe)) ? wanted : null;
}

function unifyObjects(types: readonly TypeOf<'object'>[], unsafe: boolean): Type | null {
  const [first] = types as readonly [TypeOf<'object'>];
  const alike = types.every(
    ({ attributes }) =>
      attributes.size === first.attributes.size && [...attributes.keys()].every((name) => first.attributes.has(name)),
  );
  if (!alike) return objectsToMap(types, unsafe);
  const unified: [string, Type][] = [];
  for (const name of first.attributes.keys()) {
    const type = unify(
      types.map(({ attributes }) => attributes.get(name) as Type),
      unsafe,
    );
    if (type === null) return null;
    unified.push([name, type]);
  }
  return ifReached(types, objectType(unified), unsafe) ?? objectsToMap(types, unsafe);
}

function objectsToMap(types: readonly TypeOf<'object'>[], unsafe: boolean): Type | null {
  const element = unify(
    types.flatMap(({ attributes }) => [...attributes.values()]),
    unsafe,
  );
  return element === null ? null : ifReached(types, mapType(element), unsafe);
}

function unifyTuples(types: readonly TypeOf<'tuple'>[], unsafe: boolean): Type | null {
  const [first] = types as readonly [TypeOf<'tuple'>];
  if (types.some(({ elements }) => elements.length !== first.elements.length)) return tuplesToList(types, unsafe);
  const unified: Type[] = [];
  for (const index of first.elements.keys()) {
    const type = unify(
      types.map(({ elements }) => elements[index] as Type),
      unsafe,
    );
    if (type === null) return null;
    unified.push(type);
  }
  return ifReached(types, tupleType(unified), unsafe) ?? tuplesToList(types, unsafe);
}

function tuplesToList(types: readonly TypeOf<'tuple'>[], unsafe: boolean): Type | null {
  const element = unify(
    types.flatMap(({ elements }) => elements),
    unsafe,
  );
  return element === null ? null : ifReached(types, listType(element), unsafe);
}

/** The first type that all others convert to, the most general ones first. */
function preferred(types: readonly Type[], unsafe: boolean): Type | null {
  for (const wanted of byGenerality(types)) {
    if (ifReached(types, wanted, unsafe) !== null) return wanted;
  }
  return null;
}

/** The types with each after those that are more general than it; in their own order otherwise. */
function byGenerality(types: readonly Type[]): readonly Type[] {
  const below = types.map((one) => [...types.keys()].filter((index) => generality(one, types[index] as Type) < 0));
  const above = types.map(() => 0);
  for (const index of below.flat()) above[index] = (above[index] ?? 0) + 1;
  const queue = [...types.keys()].filter((index) => above[index] === 0);
  for (const next of queue) {
    for (const index of below[next] ?? []) {
      above[index] = (above[index] ?? 0) - 1;
      if (above[index] === 0) queue.push(index);
    }
  }
  return queue.map((index) => types[index] as Type);
}

/** Negative when the first type is more general, positive when the second is, 0 when neither: only an order of what to try. */
function generality(a: Type, b: Type): number {
  if (a.kind === 'dynamic' || b.kind === 'dynamic') return Number(a.kind === 'dynamic') - Number(b.kind === 'dynamic');
  if (a.kind === b.kind) {
    switch (a.kind) {
      case 'list':
      case 'set':
      case 'map':
        return generality(a.element, (b as CollectionType).element);
      case 'object': {
        const other = (b as TypeOf<'object'>).attributes;
        if (a.attributes.size !== other.size || [...a.attributes.keys()].some((name) => !other.has(name))) return 0;
        return together([...a.attributes].map(([name, type]) => generality(type, other.get(name) as Type)));
      }
      case 'tuple': {
        const other = (b as TypeOf<'tuple'>).elements;
        if (a.elements.length !== other.length) return 0;
        return together(a.elements.map((type, index) => generality(type, other[index] as Type)));
      }
      default:
        return 0;
    }
  }
  if (isPrimitive(a) && isPrimitive(b)) return a.kind === 'string' ? -1 : b.kind === 'string' ? 1 : 0;
  if (isMoreGeneral(a, b)) return -1;
  return isMoreGeneral(b, a) ? 1 : 0;
}

function isMoreGeneral(a: Type, b: Type): boolean {
  if (a.kind === 'map') return b.kind === 'object';
  if (a.kind === 'list') return b.kind === 'tuple' || b.kind === 'set';
  return a.kind === 'tuple' && b.kind === 'set';
}

function isPrimitive(type: Type): boolean {
  return type.kind === 'string' || type.kind === 'number' || type.kind === 'bool';
}

function together(orders: readonly number[]): number {
  const more = orders.some((order) => order < 0);
  const less = orders.some((order) => order > 0);
  return more === less ? 0 : more ? -1 : 1;
}
