import type { Num } from './number.ts';
import { BOOL, DYNAMIC, NUMBER, objectType, STRING, type Type, tupleType } from './type.ts';

/** The content of a value that is not known before apply. */
export class UnknownContent {
  /** Whether it is known at least not to be null. */
  readonly notNull: boolean;

  constructor(notNull: boolean) {
    this.notNull = notNull;
  }
}

const UNKNOWN_CONTENT = new UnknownContent(false);
const UNKNOWN_NOT_NULL = new UnknownContent(true);

/**
 * What a value holds, by the kind of its type: `string` a string, `number` a {@link Num}, `bool` a boolean; `list`, `tuple` the
 * elements; `set` the elements in Terraform's order of sets, each once; `map`, `object` the entries in order of key.
 */
export type Content = null | UnknownContent | string | boolean | Num | readonly Typed[] | ReadonlyMap<string, Typed>;

/** A value of Terraform's language with its type: what expressions evaluate to. Never changed once made. */
export class Typed {
  readonly type: Type;
  readonly content: Content;
  /**
   * Whether this value is marked sensitive, as a whole. Its parts have marks of their own: see {@link isSensitiveWithin}. An
   * element of a set has none: its set is marked in its stead.
   */
  readonly sensitive: boolean;

  constructor(type: Type, content: Content, sensitive = false) {
    this.type = type;
    this.content = content;
    this.sensitive = sensitive;
  }

  /** Never the content: values end up in messages by accident. */
  toString(): string {
    return `(value of type ${this.type.kind})`;
  }

  toJSON(): string {
    return this.toString();
  }

  /** For `console.log` and stack traces. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

export function stringValue(text: string): Typed {
  return new Typed(STRING, text);
}

export function numberValue(number: Num): Typed {
  return new Typed(NUMBER, number);
}

export function boolValue(bool: boolean): Typed {
  return bool ? TRUE : FALSE;
}

export const TRUE: Typed = new Typed(BOOL, true);
export const FALSE: Typed = new Typed(BOOL, false);

/** `null` of a type; of no type in particular for the literal. */
export function nullValue(type: Type = DYNAMIC): Typed {
  return new Typed(type, null);
}

/** A value of a type that is not known yet. */
export function unknownValue(type: Type = DYNAMIC, notNull = false): Typed {
  return new Typed(type, notNull ? UNKNOWN_NOT_NULL : UNKNOWN_CONTENT);
}

/** A tuple of any values. */
export function tupleValue(elements: readonly Typed[]): Typed {
  return new Typed(tupleType(elements.map((element) => element.type)), elements);
}

/** An object of any values; the entries are put in order of name. A name that comes twice has its last value. */
export function objectValue(entries: Iterable<readonly [string, Typed]>): Typed {
  const content = new Map(entries);
  const type = objectType([...content].map(([name, value]) => [name, value.type] as const)) as Type & {
    kind: 'object';
  };
  return new Typed(type, new Map([...type.attributes.keys()].map((name) => [name, content.get(name) as Typed])));
}

export function isUnknown(value: Typed): boolean {
  return value.content instanceof UnknownContent;
}

export function isNull(value: Typed): boolean {
  return value.content === null;
}

/** The value with its own mark set, or taken off; its parts keep theirs. */
export function marked(value: Typed, sensitive: boolean): Typed {
  return value.sensitive === sensitive ? value : new Typed(value.type, value.content, sensitive);
}

/** The parts of a list, set, tuple, map or object that is known and not null; empty for any other value. */
export function partsOf(value: Typed): readonly Typed[] {
  if (Array.isArray(value.content)) return value.content as readonly Typed[];
  return value.content instanceof Map ? [...(value.content as ReadonlyMap<string, Typed>).values()] : [];
}

/** Whether the value or any part of it is marked sensitive. */
export function isSensitiveWithin(value: Typed): boolean {
  return value.sensitive || partsOf(value).some(isSensitiveWithin);
}

/** Whether the value and every part of it are known. */
export function isKnownWithin(value: Typed): boolean {
  return !isUnknown(value) && partsOf(value).every(isKnownWithin);
}

/** The value with its own mark and those of all its parts taken off, and whether there were any. */
export function unmarkDeep(value: Typed): { readonly value: Typed; readonly sensitive: boolean } {
  if (!isSensitiveWithin(value)) return { value, sensitive: false };
  const strip = (one: Typed): Typed => {
    const { content } = one;
    if (Array.isArray(content)) return new Typed(one.type, (content as readonly Typed[]).map(strip));
    if (content instanceof Map)
      return new Typed(
        one.type,
        new Map([...(content as ReadonlyMap<string, Typed>)].map(([name, part]) => [name, strip(part)])),
      );
    return marked(one, false);
  };
  return { value: strip(value), sensitive: true };
}
