/**
 * The types of Terraform's language. https://developer.hashicorp.com/terraform/language/expressions/types
 */
export type Type =
  /** Not known, or not fixed: the type of a bare `null`, of an unknown value of unknown type, and `any` in a constraint. */
  | { readonly kind: 'dynamic' }
  | { readonly kind: 'string' }
  | { readonly kind: 'number' }
  | { readonly kind: 'bool' }
  | { readonly kind: 'list' | 'set' | 'map'; readonly element: Type }
  | { readonly kind: 'tuple'; readonly elements: readonly Type[] }
  | {
      readonly kind: 'object';
      /** In order of name. */
      readonly attributes: ReadonlyMap<string, Type>;
      /** Names that a value may leave out; empty but for a type constraint. */
      readonly optional: ReadonlySet<string>;
    };

/** A type of one of the kinds. */
export type TypeOf<K extends Type['kind']> = Extract<Type, { kind: K }>;

/** A list, set or map; these three are one member of {@link Type}, so that `TypeOf` knows them only together. */
export type CollectionType = TypeOf<'list' | 'set' | 'map'>;

export const DYNAMIC: TypeOf<'dynamic'> = { kind: 'dynamic' };
export const STRING: TypeOf<'string'> = { kind: 'string' };
export const NUMBER: TypeOf<'number'> = { kind: 'number' };
export const BOOL: TypeOf<'bool'> = { kind: 'bool' };

export function listType(element: Type): Type {
  return { kind: 'list', element };
}

export function setType(element: Type): Type {
  return { kind: 'set', element };
}

export function mapType(element: Type): Type {
  return { kind: 'map', element };
}

export function tupleType(elements: readonly Type[]): Type {
  return { kind: 'tuple', elements };
}

/** An object type; the attributes are put in order of name (by code point, as Terraform does). */
export function objectType(attributes: Iterable<readonly [string, Type]>, optional: Iterable<string> = []): Type {
  return { kind: 'object', attributes: sortedMap(attributes), optional: new Set(optional) };
}

/** A map whose iteration is in order of key, by the keys' UTF-8 bytes. */
export function sortedMap<T>(entries: Iterable<readonly [string, T]>): ReadonlyMap<string, T> {
  const all = [...entries];
  for (let index = 1; index < all.length; index++) {
    if (compareText((all[index - 1] as readonly [string, T])[0], (all[index] as readonly [string, T])[0]) >= 0)
      return new Map(all.sort(([a], [b]) => compareText(a, b)));
  }
  return new Map(all);
}

/** Order of two texts by their UTF-8 bytes, which is that of their code points and not of their UTF-16 units. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const one = a.charCodeAt(index);
    const other = b.charCodeAt(index);
    if (one === other) continue;
    // A surrogate stands for a code point above all others.
    const high = one >= 0xd800 && one <= 0xdfff;
    if (high !== (other >= 0xd800 && other <= 0xdfff)) return high ? 1 : -1;
    return one - other;
  }
  return a.length - b.length;
}
