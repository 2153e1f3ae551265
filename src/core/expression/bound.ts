import type { Num } from '../typed/number.ts';
import { NUMBER, STRING } from '../typed/type.ts';
import { isKnownWithin, isUnknown, marked, numberValue, Typed, UnknownContent, unknownValue } from '../typed/typed.ts';
import { isNotNull } from './run.ts';

/**
 * What Terraform knows of a text or a number before it knows the value, so that comparisons with it may have an answer at plan time:
 * `"a-${unknown}" == "b"` is false. https://pkg.go.dev/github.com/zclconf/go-cty/cty#RefinementBuilder
 */
export class Bounded extends UnknownContent {
  /** How a text begins; empty when that is not known. */
  readonly prefix: string;
  /** The least and the greatest number that it can be, both included; null for no bounds. */
  readonly range: readonly [Num, Num] | null;

  constructor(notNull: boolean, prefix: string, range: readonly [Num, Num] | null) {
    super(notNull);
    this.prefix = prefix;
    this.range = range;
  }
}

/** Characters after which none can follow that would merge with them; those that Terraform trusts in this. */
const CLOSED = new Set('-_:;/\\,.(){}[]|?!~ \t@#$%^&*+"\'');

/** Terraform keeps no longer prefix than this, in bytes of UTF-8. */
const LONGEST_PREFIX = 128;

let segmenter: Intl.Segmenter | null = null;

/** An unknown text that begins with `known` and goes on with what is not known yet. */
export function textBeginningWith(known: string): Typed {
  if (known === '') return new Typed(STRING, new Bounded(true, '', null));
  const bytes = known.length * 3 > LONGEST_PREFIX ? Buffer.from(known, 'utf8') : null;
  const start =
    bytes !== null && bytes.length > LONGEST_PREFIX
      ? bytes.toString('utf8', 0, LONGEST_PREFIX).replace(/\ufffd+$/, '')
      : known;
  return new Typed(STRING, new Bounded(true, withoutOpenEnd(start), null));
}

/** The text without its last character when what follows might merge with that, as a combining accent does. */
function withoutOpenEnd(text: string): string {
  if (CLOSED.has(text.slice(-1))) return text;
  if (/^[\x20-\x7e]{1,2}$/.test(text.slice(-2))) return text.slice(0, -1);
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  let end = 0;
  for (const cluster of segmenter.segment(text)) end = cluster.index;
  return text.slice(0, end);
}

/**
 * What is known of a value that will be one of two of the same type while the condition is unknown; null when that is no more than the
 * type. Two equal numbers are that number, two collections without elements are one, and lists of one length have that length.
 */
export function eitherOf(one: Typed, other: Typed): Typed | null {
  const { type } = one;
  const notNull = isNotNull(one) && isNotNull(other);
  if (type.kind === 'number') {
    const first = rangeOf(one);
    const second = rangeOf(other);
    if (first === null || second === null) return null;
    const low = first[0].compare(second[0]) <= 0 ? first[0] : second[0];
    const high = first[1].compare(second[1]) >= 0 ? first[1] : second[1];
    return notNull && low.equals(high) ? numberValue(low) : new Typed(NUMBER, new Bounded(notNull, '', [low, high]));
  }
  if (!notNull || isUnknown(one) || isUnknown(other)) return null;
  const length = lengthOf(one);
  if (length === null || length !== lengthOf(other)) return null;
  if (length === 0) return marked(one, false);
  if (type.kind !== 'list' && (type.kind !== 'set' || length > 1)) return null;
  return new Typed(type, Array<Typed>(length).fill(unknownValue(type.element)));
}

/** How many elements a known collection has; null for a set whose unknown elements may turn out to be one. */
function lengthOf(value: Typed): number | null {
  const { content, type } = value;
  if (type.kind === 'map') return (content as ReadonlyMap<string, Typed>).size;
  if (type.kind !== 'list' && type.kind !== 'set') return null;
  const elements = content as readonly Typed[];
  return type.kind === 'list' || elements.length === 1 || isKnownWithin(value) ? elements.length : null;
}

/** The least and the greatest that a number can be; null where there are no bounds, as for null. */
export function rangeOf(value: Typed): readonly [Num, Num] | null {
  const { content } = value;
  if (content instanceof UnknownContent) return content instanceof Bounded ? content.range : null;
  return value.type.kind === 'number' && content !== null ? [content as Num, content as Num] : null;
}

/** Whether an unknown value is certain to be another than `known`, which is of its type and not null. */
export function excludes(unknown: UnknownContent, known: Typed): boolean {
  if (!(unknown instanceof Bounded)) return false;
  if (typeof known.content === 'string') return !known.content.startsWith(unknown.prefix);
  if (unknown.range === null || known.type.kind !== 'number') return false;
  const number = known.content as Num;
  return number.compare(unknown.range[0]) < 0 || number.compare(unknown.range[1]) > 0;
}
