import { listValue, mapValue } from './collection.ts';
import { ConversionProblem } from './conversion.ts';
import { setValue } from './set.ts';
import type { Type } from './type.ts';
import {
  isNull,
  isUnknown,
  marked,
  objectValue,
  partsOf,
  type Typed,
  tupleValue,
  UnknownContent,
  unknownValue,
} from './typed.ts';
import { unifyValues } from './unify.ts';

/** The default values that a type constraint gives to attributes which may be left out, at every depth. */
export interface Defaults {
  /** The constraint that these belong to. */
  readonly type: Type;
  /** Of an object: default value by name of attribute. */
  readonly values: ReadonlyMap<string, Typed>;
  /** Of an object by name, of a tuple by index; of any collection by the empty text, for all of its elements. */
  readonly children: ReadonlyMap<string, Defaults>;
}

/**
 * The value with defaults in place of attributes that are missing or null, before it is converted to the constraint. What the value
 * has in another shape than the constraint is left alone: the conversion complains about it. Null and unknown values stay.
 */
export function applyDefaults(value: Typed, defaults: Defaults): Typed {
  if (isUnknown(value) || isNull(value) || (defaults.values.size === 0 && defaults.children.size === 0)) return value;
  const result = applied(value, defaults);
  return result.sensitive === value.sensitive ? result : marked(result, true);
}

function applied(value: Typed, defaults: Defaults): Typed {
  switch (value.type.kind) {
    case 'set':
    case 'list':
    case 'tuple': {
      const items = partsOf(value).map((item, index) => {
        const child = childOf(defaults, index);
        return child === undefined ? item : applyDefaults(item, child);
      });
      if (value.type.kind === 'tuple') return tupleValue(items);
      if (items.length === 0) return value;
      const unified = unifiedOrNull(items);
      if (unified === null) return tupleValue(items);
      return value.type.kind === 'set'
        ? setValue(unified.type, unified.values)
        : listValue(unified.type, unified.values);
    }
    case 'map':
    case 'object': {
      const entries = new Map(value.content as ReadonlyMap<string, Typed>);
      for (const [name, part] of entries) {
        const child = childOf(defaults, name);
        if (child !== undefined) entries.set(name, applyDefaults(part, child));
      }
      for (const [name, standard] of defaults.values) addDefault(entries, name, standard, defaults);
      if (value.type.kind === 'object') return objectValue(entries);
      if (entries.size === 0) return value;
      const names = [...entries.keys()].sort();
      const unified = unifiedOrNull(names.map((name) => entries.get(name) as Typed));
      if (unified === null) return objectValue(entries);
      return mapValue(
        unified.type,
        names.map((name, index) => [name, unified.values[index] as Typed]),
      );
    }
    default:
      return value;
  }
}

/** Puts a default in place of nothing or null; an unknown value with a default that is not null will not be null either. */
function addDefault(entries: Map<string, Typed>, name: string, standard: Typed, defaults: Defaults): void {
  const own = entries.get(name);
  if (own === undefined || isNull(own)) {
    const child = defaults.children.get(name);
    entries.set(name, child === undefined ? standard : applyDefaults(standard, child));
  } else if (own.content instanceof UnknownContent && own.type.kind !== 'dynamic' && !isNull(standard)) {
    entries.set(name, marked(unknownValue(own.type, true), own.sensitive));
  }
}

function childOf(defaults: Defaults, key: string | number): Defaults | undefined {
  const own = typeof key === 'number' ? 'tuple' : 'object';
  return defaults.children.get(defaults.type.kind === own ? String(key) : '');
}

function unifiedOrNull(values: readonly Typed[]): ReturnType<typeof unifyValues> {
  try {
    return unifyValues(values);
  } catch (cause) {
    if (cause instanceof ConversionProblem) return null;
    throw cause;
  }
}
