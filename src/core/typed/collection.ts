import { equalTypes } from './same.ts';
import { DYNAMIC, listType, mapType, sortedMap, type Type } from './type.ts';
import { Typed } from './typed.ts';

/** A list of values of the element's type. A null or unknown value of no type in particular takes on the element's. */
export function listValue(element: Type, items: readonly Typed[]): Typed {
  return new Typed(listType(element), settled(element, items));
}

/** A map of values of the element's type, put in order of key; a key that comes twice has its last value. Else as {@link listValue}. */
export function mapValue(element: Type, entries: Iterable<readonly [string, Typed]>): Typed {
  const all = new Map(entries);
  if (element.kind !== 'dynamic')
    for (const [name, value] of all)
      if (value.type.kind === 'dynamic') all.set(name, new Typed(element, value.content, value.sensitive));
  return new Typed(mapType(element), sortedMap(all));
}

/** The items, with those of no type in particular turned to the element's type. */
export function settled(element: Type, items: readonly Typed[]): readonly Typed[] {
  if (element.kind === 'dynamic' || items.every((item) => item.type.kind !== 'dynamic')) return items;
  return items.map((item) => (item.type.kind === 'dynamic' ? new Typed(element, item.content, item.sensitive) : item));
}

/** The one type of these values, not counting those of no type in particular; null when they have several. */
export function sharedType(values: Iterable<Typed>): Type | null {
  let shared: Type = DYNAMIC;
  for (const { type } of values) {
    if (type.kind === 'dynamic') continue;
    if (shared.kind === 'dynamic') shared = type;
    else if (!equalTypes(shared, type)) return null;
  }
  return shared;
}
