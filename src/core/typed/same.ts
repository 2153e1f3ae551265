import { type CollectionType, objectType, type Type, type TypeOf, tupleType } from './type.ts';

/** Whether two types are the same: the same kinds, names and, in constraints, optional names throughout. */
export function equalTypes(a: Type, b: Type): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind) return false;
  switch (a.kind) {
    case 'list':
    case 'set':
    case 'map':
      return equalTypes(a.element, (b as CollectionType).element);
    case 'tuple': {
      const { elements } = b as TypeOf<'tuple'>;
      return (
        a.elements.length === elements.length &&
        a.elements.every((element, index) => equalTypes(element, elements[index] as Type))
      );
    }
    case 'object': {
      const { attributes, optional } = b as TypeOf<'object'>;
      if (a.attributes.size !== attributes.size || a.optional.size !== optional.size) return false;
      for (const [name, type] of a.attributes) {
        const other = attributes.get(name);
        if (other === undefined || !equalTypes(type, other) || a.optional.has(name) !== optional.has(name))
          return false;
      }
      return true;
    }
    default:
      return true;
  }
}

const keys = new WeakMap<Type, string>();

/** A text that two types share when, and only when, they are equal: for finding the few types of many values in one pass. */
export function typeKey(type: Type): string {
  switch (type.kind) {
    case 'dynamic':
    case 'string':
    case 'number':
    case 'bool':
      return type.kind;
    default: {
      let key = keys.get(type);
      if (key === undefined) {
        key = compoundKey(type);
        keys.set(type, key);
      }
      return key;
    }
  }
}

function compoundKey(type: CollectionType | TypeOf<'tuple' | 'object'>): string {
  switch (type.kind) {
    case 'tuple':
      return `tuple[${type.elements.map(typeKey).join(',')}]`;
    case 'object': {
      const attributes = [...type.attributes].map(
        ([name, attribute]) => `${JSON.stringify(name)}${type.optional.has(name) ? '?' : ''}:${typeKey(attribute)}`,
      );
      return `object{${attributes.join(',')}}`;
    }
    default:
      return `${type.kind}(${typeKey(type.element)})`;
  }
}

/** The different types among these, each once, in the order in which they come first. */
export function differentTypes(types: Iterable<Type>): readonly Type[] {
  const found = new Map<string, Type>();
  let last: Type | null = null;
  for (const type of types) {
    if (type === last) continue;
    last = type;
    const key = typeKey(type);
    if (!found.has(key)) found.set(key, type);
  }
  return [...found.values()];
}

/** The type of the values that a constraint lets through: without what it says about optional names. */
export function withoutOptional(type: Type): Type {
  switch (type.kind) {
    case 'list':
    case 'set':
    case 'map': {
      const element = withoutOptional(type.element);
      return element === type.element ? type : { kind: type.kind, element };
    }
    case 'tuple': {
      const elements = type.elements.map(withoutOptional);
      return elements.every((element, index) => element === type.elements[index]) ? type : tupleType(elements);
    }
    case 'object': {
      const attributes = [...type.attributes].map(([name, attribute]) => [name, withoutOptional(attribute)] as const);
      const unchanged =
        type.optional.size === 0 && attributes.every(([name, attribute]) => attribute === type.attributes.get(name));
      return unchanged ? type : objectType(attributes);
    }
    default:
      return type;
  }
}

/** Whether the type is `dynamic` or has it in any part. */
export function hasDynamic(type: Type): boolean {
  switch (type.kind) {
    case 'dynamic':
      return true;
    case 'list':
    case 'set':
    case 'map':
      return hasDynamic(type.element);
    case 'tuple':
      return type.elements.some(hasDynamic);
    case 'object':
      return [...type.attributes.values()].some(hasDynamic);
    default:
      return false;
  }
}
