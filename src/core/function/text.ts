import { Bounded } from '../expression/bound.ts';
import { listValue } from '../typed/collection.ts';
import { BOOL, compareText, listType, NUMBER, STRING } from '../typed/type.ts';
import {
  boolValue,
  isKnownWithin,
  isNull,
  isUnknown,
  partsOf,
  stringValue,
  TRUE,
  type Typed,
  unknownValue,
} from '../typed/typed.ts';
import { lower, title, upper } from './case.ts';
import { clustersOf } from './cluster.ts';
import { argument, parameter, simple, text, textOf, wholeOf } from './signature.ts';
import { FunctionProblem, type FunctionSpec } from './spec.ts';

const TEXTS = listType(STRING);
const str = parameter('str', STRING);
/** What Go calls space: `unicode.IsSpace`. */
const SPACE = /[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** A function of one text that makes another. */
function ofText(name: string, change: (content: string) => string, more: 'dynamic'[] = []): FunctionSpec {
  return simple(name, STRING, [parameter('str', STRING, ...more)], (args) => text(change(textOf(args, 0))));
}

/** A function of a text and another. */
function ofTwo(name: string, second: string, change: (content: string, other: string) => Typed): FunctionSpec {
  return simple(name, STRING, [str, parameter(second, STRING)], (args) => change(textOf(args, 0), textOf(args, 1)));
}

/**
 * The text without the units at its end that `unwanted` matches. Not by a pattern that ends in `$`: that one tries every run of such units
 * again from each of its places.
 */
function withoutEnd(content: string, unwanted: RegExp): string {
  let end = content.length;
  while (end > 0 && unwanted.test(content.charAt(end - 1))) end--;
  return content.slice(0, end);
}

function trimspace(content: string): string {
  let start = 0;
  while (start < content.length && SPACE.test(content.charAt(start))) start++;
  return withoutEnd(content.slice(start), SPACE);
}

/** Without what `cut` has of characters (code points) at both ends. */
function trim(content: string, cut: string): string {
  const characters = [...content];
  const unwanted = new Set(cut);
  let start = 0;
  let end = characters.length;
  while (start < end && unwanted.has(characters[start] as string)) start++;
  while (end > start && unwanted.has(characters[end - 1] as string)) end--;
  return characters.slice(start, end).join('');
}

/**
 * A negative offset counts from the end, one before the beginning is the beginning; a negative length takes all that is left. So does length 0 after
 * a negative offset: Terraform has it so.
 */
function substr(args: readonly Typed[]): Typed {
  const content = textOf(args, 0);
  const offset = wholeOf(argument(args, 1));
  const length = wholeOf(argument(args, 2));
  if (offset >= 0 && length === 0) return stringValue('');
  const clusters = clustersOf(content);
  const start = Math.max(0, offset < 0 ? offset + clusters.length : offset);
  return text(clusters.slice(start, length > 0 ? start + length : undefined).join(''));
}

function join(args: readonly Typed[]): Typed {
  const lists = args.slice(1);
  if (lists.length === 0) throw new FunctionProblem('at least one list is required');
  if (!lists.every(isKnownWithin)) return unknownValue(STRING);
  const items: string[] = [];
  for (const [number, list] of lists.entries()) {
    for (const [index, item] of partsOf(list).entries()) {
      if (isNull(item)) {
        const place = lists.length > 1 ? `element ${index} of list ${number + 1}` : `element ${index}`;
        throw new FunctionProblem(`${place} is null; cannot concatenate null values`, number + 1);
      }
      items.push(item.content as string);
    }
  }
  return text(items.join(textOf(args, 0)));
}

/** Of a list that is not wholly known, the length is known at least. */
function sort(args: readonly Typed[]): Typed {
  const list = argument(args, 0);
  if (isUnknown(list)) return unknownValue(TEXTS);
  const items = partsOf(list);
  if (!isKnownWithin(list)) return listValue(STRING, Array<Typed>(items.length).fill(unknownValue(STRING)));
  for (const [index, item] of items.entries())
    if (isNull(item)) throw new FunctionProblem(`given list element ${index} is null; a null string cannot be sorted`);
  return listValue(
    STRING,
    [...items].sort((a, b) => compareText(a.content as string, b.content as string)),
  );
}

/** An empty separator is between any two code points. */
function split(args: readonly Typed[]): Typed {
  const separator = textOf(args, 0);
  const content = textOf(args, 1);
  const parts = separator === '' ? [...content] : content.split(separator);
  return listValue(STRING, parts.map(text));
}

function indent(args: readonly Typed[]): Typed {
  const spaces = wholeOf(argument(args, 0));
  if (spaces < 0) throw new FunctionProblem('the number of spaces must not be negative');
  const lines = textOf(args, 1).split('\n');
  try {
    return text(lines.join(`\n${' '.repeat(spaces)}`));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new FunctionProblem(`${spaces} spaces are more than a string can hold`);
  }
}

/** The beginning of a text may be known before the rest is. */
function startswith(args: readonly Typed[]): Typed {
  const value = argument(args, 0);
  const prefix = textOf(args, 1);
  if (!isUnknown(value)) return boolValue((value.content as string).startsWith(prefix));
  if (prefix === '') return TRUE;
  const known = value.content instanceof Bounded ? value.content.prefix : '';
  if (known !== '' && known.startsWith(prefix)) return TRUE;
  if (known !== '' && Buffer.byteLength(known) >= Buffer.byteLength(prefix)) return boolValue(false);
  return unknownValue(BOOL);
}

/** Functions of texts, but for formats and patterns. https://developer.hashicorp.com/terraform/language/functions#string-functions */
export const TEXT_FUNCTIONS: readonly FunctionSpec[] = [
  ofText('chomp', (content) => withoutEnd(content, /[\r\n]/)),
  ofText('lower', lower, ['dynamic']),
  ofText('strrev', (content) => clustersOf(content).toReversed().join(''), ['dynamic']),
  ofText('title', title),
  ofText('trimspace', trimspace),
  ofText('upper', upper, ['dynamic']),
  ofTwo('trim', 'cutset', (content, cut) => text(trim(content, cut))),
  ofTwo('trimprefix', 'prefix', (content, prefix) =>
    text(content.startsWith(prefix) ? content.slice(prefix.length) : content),
  ),
  ofTwo('trimsuffix', 'suffix', (content, suffix) =>
    text(content.endsWith(suffix) ? content.slice(0, content.length - suffix.length) : content),
  ),
  simple('endswith', BOOL, [str, parameter('suffix', STRING)], (args) =>
    boolValue(textOf(args, 0).endsWith(textOf(args, 1))),
  ),
  simple('startswith', BOOL, [parameter('str', STRING, 'unknown'), parameter('prefix', STRING)], startswith),
  {
    name: 'strcontains',
    parameters: [str, parameter('substr', STRING)],
    variadic: null,
    returns: () => BOOL,
    call: (args) => boolValue(textOf(args, 0).includes(textOf(args, 1))),
  },
  simple('indent', STRING, [parameter('spaces', NUMBER), str], indent),
  simple('join', STRING, [parameter('separator', STRING)], join, parameter('lists', TEXTS)),
  simple('sort', TEXTS, [parameter('list', TEXTS, 'unknown')], sort),
  simple('split', TEXTS, [parameter('separator', STRING), str], split),
  simple(
    'substr',
    STRING,
    [
      parameter('str', STRING, 'dynamic'),
      parameter('offset', NUMBER, 'dynamic'),
      parameter('length', NUMBER, 'dynamic'),
    ],
    substr,
  ),
];
