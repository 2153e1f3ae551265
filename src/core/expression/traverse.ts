import { didYouMean } from '../suggest.ts';
import { ConversionProblem, convert } from '../typed/convert.ts';
import { friendlyName } from '../typed/format.ts';
import type { Num } from '../typed/number.ts';
import { NUMBER, STRING, type Type } from '../typed/type.ts';
import { isNull, isUnknown, stringValue, type Typed } from '../typed/typed.ts';
import type { Reference, Step } from './expression.ts';
import { formatReference } from './print.ts';
import { type Run, UNKNOWN, unknownOf, withMark } from './run.ts';

const UNSUPPORTED = 'Unsupported attribute';
const INVALID = 'Invalid index';
/** What can stand after a dot. */
const NAME = /^[\p{L}_]/u;
const NO_ELEMENT = 'The given key does not identify an element in this collection value';

/**
 * The value at the end of a reference's literal steps, from step number `from` on. A text that is a name is read as an attribute, as if
 * written with a dot: the two differ in their errors, and in that brackets on an object not known yet ask for nothing yet.
 */
export function follow(value: Typed, reference: Reference, from: number, run: Run): Typed {
  const { steps, column } = reference;
  let current = value;
  for (let index = from; index < steps.length; index++) {
    const step = steps[index] as Step;
    const before = run.problems.length;
    if (typeof step === 'number') current = elementAt(current, step, false, column, run);
    else if (NAME.test(step)) current = attributeOf(current, step, column, run);
    else current = indexOf(current, stringValue(step), column, run);
    if (run.problems.length === before) continue;
    // The column is that of the whole reference: say which part of it.
    for (const problem of run.dropSince(before))
      run.fail(
        column,
        problem.summary,
        `${problem.detail} This is about ${formatReference({ root: reference.root, steps: steps.slice(0, index) })}.`,
      );
    return UNKNOWN;
  }
  return current;
}

/** `of.name`. https://developer.hashicorp.com/terraform/language/expressions/references#indexes-and-attributes */
export function attributeOf(of: Typed, name: string, column: number, run: Run): Typed {
  const { type, content } = of;
  if (content === null)
    return run.fail(
      column,
      'Attempt to get attribute from null value',
      `This value is null, so it does not have the attribute "${name}". Give it a value, or use try() to say what to take instead.`,
    );
  switch (type.kind) {
    case 'object': {
      const attribute = type.attributes.get(name);
      if (attribute === undefined)
        return run.fail(
          column,
          UNSUPPORTED,
          `This object does not have an attribute named "${name}".${of.sensitive ? '' : hint(name, [...type.attributes.keys()])}`,
        );
      if (isUnknown(of)) return unknownOf(attribute, false, of.sensitive);
      return withMark((content as ReadonlyMap<string, Typed>).get(name) ?? UNKNOWN, of.sensitive);
    }
    case 'map': {
      if (isUnknown(of)) return unknownOf(type.element, false, of.sensitive);
      const entries = content as ReadonlyMap<string, Typed>;
      const element = entries.get(name);
      if (element !== undefined) return withMark(element, of.sensitive);
      return run.fail(
        column,
        'Missing map element',
        `This map does not have an element with the key "${name}".${of.sensitive ? '' : hint(name, [...entries.keys()])}`,
      );
    }
    case 'dynamic':
      return unknownOf(type, false, of.sensitive);
    case 'string':
    case 'number':
    case 'bool':
      return run.fail(column, UNSUPPORTED, `A value of type ${type.kind} does not have attributes such as "${name}".`);
    case 'list':
    case 'set':
      if (type.element.kind === 'object')
        return run.fail(
          column,
          UNSUPPORTED,
          `A ${type.kind} of objects does not have attributes, each of its elements has. ${
            type.kind === 'list'
              ? `Choose one element, as in [0].${name}, or take the attribute of all of them with [*].${name}.`
              : `Take the attribute of all of them with [*].${name}.`
          }`,
        );
      break;
    case 'tuple':
  }
  return run.fail(
    column,
    UNSUPPORTED,
    `A ${type.kind} does not have attributes such as "${name}". ${
      type.kind === 'set'
        ? 'Use a for expression or a splat ([*]).'
        : 'Choose one element by its number, as in [0], or use a splat ([*]).'
    }`,
  );
}

function hint(name: string, names: readonly string[]): string {
  // A word of one or two letters is near to everything.
  const meant = name.length > 2 ? didYouMean(name, names) : '';
  if (meant !== '' || names.length === 0 || names.length > 12) return meant;
  return ` It has ${names.map((one) => `"${one}"`).join(', ')}.`;
}

/** `of[key]`. */
export function indexOf(of: Typed, key: Typed, column: number, run: Run): Typed {
  const { type } = of;
  if (isNull(of))
    return run.fail(
      column,
      'Attempt to index null value',
      'This value is null, so it does not have any indices. Give it a value, or use try() to say what to take instead.',
    );
  if (isNull(key)) return run.fail(column, INVALID, "Can't use a null value as an indexing key.");
  if (key.type.kind === 'dynamic' || type.kind === 'dynamic') return withMark(UNKNOWN, of.sensitive);
  switch (type.kind) {
    case 'list':
    case 'tuple': {
      const number = keyAs(key, NUMBER, column, run);
      if (number === null) return UNKNOWN;
      if (isUnknown(number) || (type.kind === 'list' && isUnknown(of)))
        return type.kind === 'tuple'
          ? withMark(UNKNOWN, of.sensitive)
          : // Terraform drops the key's mark while the element is not known.
            unknownOf(type.element, false, of.sensitive);
      const at = number.content as Num;
      // A fraction of any size does for one that no double holds; so does infinity for a whole number.
      const position = at.toNumber() ?? (at.isInteger() ? at.sign() * Number.POSITIVE_INFINITY : 0.5);
      return elementAt(of, position, number.sensitive, column, run);
    }
    case 'map': {
      const text = keyAs(key, STRING, column, run);
      if (text === null) return UNKNOWN;
      if (isUnknown(text) || isUnknown(of)) return unknownOf(type.element, false, of.sensitive);
      const entries = of.content as ReadonlyMap<string, Typed>;
      const element = entries.get(text.content as string);
      if (element !== undefined) return withMark(element, of.sensitive || text.sensitive);
      return missing(text, of.sensitive, [...entries.keys()], '', column, run);
    }
    case 'object': {
      const text = keyAs(key, STRING, column, run);
      if (text === null) return UNKNOWN;
      if (isUnknown(text) || isUnknown(of)) return withMark(UNKNOWN, of.sensitive);
      const attribute = (of.content as ReadonlyMap<string, Typed>).get(text.content as string);
      // The mark of the key does not pass on to an attribute, as it does to an element of a map.
      if (attribute !== undefined) return withMark(attribute, of.sensitive);
      const names = [...type.attributes.keys()];
      const numeric =
        key.type.kind === 'number' ? ' The attributes of an object are found by name, not by number.' : '';
      return missing(text, of.sensitive, names, numeric, column, run);
    }
    case 'set':
      return run.fail(
        column,
        INVALID,
        'The elements of a set have neither number nor key to select them by. Use a for expression, or tolist() where any order will do.',
      );
    default:
      return run.fail(column, INVALID, `A value of type ${friendlyName(type)} does not have any indices.`);
  }
}

function missing(
  key: Typed,
  sensitive: boolean,
  names: readonly string[],
  more: string,
  column: number,
  run: Run,
): Typed {
  const text = key.content as string;
  if (sensitive || key.sensitive) return run.fail(column, INVALID, `${NO_ELEMENT}.${more}`);
  return run.fail(
    column,
    INVALID,
    `${NO_ELEMENT}: it has none called "${text}".${more}${more === '' ? hint(text, names) : ''}`,
  );
}

/** The element of a list or tuple with a whole number; a number finds attributes and keys too, by its digits. */
function elementAt(of: Typed, position: number, sensitive: boolean, column: number, run: Run): Typed {
  const { type, content } = of;
  if (content === null || (type.kind !== 'list' && type.kind !== 'tuple')) {
    const digits = stringValue(String(position));
    if (content !== null && type.kind === 'object' && !isUnknown(of) && !type.attributes.has(digits.content as string))
      return missing(digits, true, [], ' The attributes of an object are found by name, not by number.', column, run);
    return indexOf(of, digits, column, run);
  }
  if (type.kind === 'list' && isUnknown(of)) return unknownOf(type.element, false, of.sensitive);
  if (position % 1 !== 0 && Number.isFinite(position))
    return run.fail(
      column,
      INVALID,
      `${NO_ELEMENT}: a sequence is indexed by whole numbers, and this one has a fractional part. Round it with floor() or ceil().`,
    );
  if (position < 0)
    return run.fail(
      column,
      INVALID,
      `${NO_ELEMENT}: a negative number is no index of a sequence. To count from its end, use x[length(x) - 1].`,
    );
  const length = type.kind === 'tuple' ? type.elements.length : (content as readonly Typed[]).length;
  if (position >= length) {
    if (of.sensitive || sensitive) return run.fail(column, INVALID, `${NO_ELEMENT}.`);
    return run.fail(
      column,
      INVALID,
      length === 0
        ? `${NO_ELEMENT}: the collection has no elements.`
        : `${NO_ELEMENT}: it has ${length} element${length === 1 ? '' : 's'}, so its last index is ${length - 1}.`,
    );
  }
  if (isUnknown(of))
    return unknownOf((type as Type & { kind: 'tuple' }).elements[position] as Type, false, of.sensitive || sensitive);
  return withMark((content as readonly Typed[])[position] as Typed, of.sensitive || sensitive);
}

/** The key in the type of the collection's keys; null after a problem. */
function keyAs(key: Typed, type: Type, column: number, run: Run): Typed | null {
  if (key.type === type) return key;
  try {
    return convert(key, type);
  } catch (error) {
    if (!(error instanceof ConversionProblem)) throw error;
    run.fail(
      column,
      INVALID,
      `${NO_ELEMENT}: ${type.kind === 'number' ? 'a number' : 'a text'} is required as the key.`,
    );
    return null;
  }
}
