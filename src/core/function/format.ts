import { textBeginningWith } from '../expression/bound.ts';
import { listValue } from '../typed/collection.ts';
import { listType, STRING } from '../typed/type.ts';
import { isKnownWithin, isNull, isUnknown, partsOf, type Typed, unknownValue } from '../typed/typed.ts';
import { argument, isSequence, parameter, simple, text, textOf } from './signature.ts';
import { FunctionProblem, type FunctionSpec } from './spec.ts';
import { formatValue, type Verb } from './verb.ts';

const format = parameter('format', STRING);
const args = parameter('args', undefined, 'null', 'unknown');

/** One verb, from its percent sign on. Names as Terraform's documentation of `format` has them. */
const VERB = /%([0#\-+ ]*)([1-9][0-9]*)?(?:(\.)([0-9]*))?(?:\[([1-9][0-9]*)\])?([A-Za-z])/y;
/** As much of a verb as there is. */
const BEGINNING = /%[0#\-+ ]*(?:[1-9][0-9]*)?(?:\.[0-9]*)?(?:\[(?:[1-9][0-9]*\]?)?)?/y;
/** Far wider than any line. Go's formatter takes ten times as much, and then writes its complaint into the text. */
const WIDEST = 1_000_000;

/**
 * The text that a format makes of values, which are all known. Widths and precisions count characters as people do.
 * https://developer.hashicorp.com/terraform/language/functions/format
 */
function formatted(template: string, values: readonly Typed[]): string {
  let result = '';
  let highest = 0;
  let next = 1;
  for (let at = 0; at < template.length; ) {
    const percent = template.indexOf('%', at);
    if (percent === -1) {
      result += template.slice(at);
      break;
    }
    result += template.slice(at, percent);
    if (template.startsWith('%%', percent)) {
      result += '%';
      at = percent + 2;
      continue;
    }
    const verb = verbAt(template, percent, next);
    at = percent + verb.raw.length;
    highest = Math.max(highest, verb.position);
    next = verb.position + 1;
    const value = values[verb.position - 1];
    if (value === undefined)
      throw new FunctionProblem(
        `not enough arguments for ${JSON.stringify(verb.raw)} at ${verb.offset}: need index ${verb.position} but have ${values.length} total`,
      );
    result += formatValue(verb, value);
  }
  if (highest < values.length)
    throw new FunctionProblem(
      highest === 0
        ? 'too many arguments; no verbs in format string'
        : `too many arguments; only ${highest} used by format string`,
      highest + 1,
    );
  return result;
}

function verbAt(template: string, start: number, next: number): Verb {
  VERB.lastIndex = start;
  const match = VERB.exec(template);
  if (match === null) throw notAVerb(template, start);
  const [raw, flags = '', width, point, digits = '', position, mode = ''] = match;
  const verb: Verb = {
    raw,
    offset: bytesBefore(template, start),
    position: position === undefined ? next : Number(position),
    mode,
    zero: flags.includes('0'),
    sharp: flags.includes('#'),
    plus: flags.includes('+'),
    minus: flags.includes('-'),
    space: flags.includes(' '),
    width: width === undefined ? null : Number(width),
    precision: point === undefined ? null : Number(digits),
  };
  if ((verb.width ?? 0) > WIDEST || (verb.precision ?? 0) > WIDEST)
    throw new FunctionProblem(`the width or precision of ${JSON.stringify(raw)} is more than ${WIDEST}`);
  return verb;
}

function notAVerb(template: string, start: number): FunctionProblem {
  BEGINNING.lastIndex = start;
  const end = start + (BEGINNING.exec(template)?.[0].length ?? 1);
  const wrong = template.codePointAt(end);
  if (wrong === undefined)
    return new FunctionProblem(`invalid format string starting at offset ${bytesBefore(template, end)}`);
  const character = JSON.stringify(String.fromCodePoint(wrong));
  return new FunctionProblem(`unrecognized format character ${character} at offset ${bytesBefore(template, end)}`);
}

function bytesBefore(template: string, index: number): number {
  return Buffer.byteLength(template.slice(0, index));
}

function formatOne(given: readonly Typed[]): Typed {
  const template = textOf(given, 0);
  const values = given.slice(1);
  if (values.every(isKnownWithin)) return text(formatted(template, values));
  const percent = template.indexOf('%');
  return percent > 0 ? textBeginningWith(template.slice(0, percent)) : unknownValue(STRING);
}

/** A text for each round: sequences give an element to each, other values are the same in all. */
function formatEach(given: readonly Typed[]): Typed {
  const template = textOf(given, 0);
  const values = given.slice(1);
  if (values.length === 0) return listValue(STRING, [text(formatted(template, []))]);
  let length: number | null = null;
  let chooser = 0;
  let unknown = false;
  for (const [index, value] of values.entries()) {
    if (!isSequence(value.type) || isNull(value)) {
      if (value.type.kind === 'dynamic' && isUnknown(value)) unknown = true;
      continue;
    }
    const own = lengthOf(value);
    if (isUnknown(value)) unknown = true;
    if (own === null) {
      unknown = true;
      continue;
    }
    if (length !== null && own !== length)
      throw new FunctionProblem(
        `argument ${index + 1} has length ${own}, which is inconsistent with argument ${chooser + 1} of length ${length}`,
        index + 1,
      );
    if (length === null) [length, chooser] = [own, index];
  }
  if (unknown) return unknownValue(listType(STRING));
  const rounds = Array.from({ length: length ?? 1 }, (_, round) => {
    const own = values.map((value) =>
      isSequence(value.type) && !isNull(value) ? argument(partsOf(value), round) : value,
    );
    return own.every(isKnownWithin) ? roundText(template, own, round) : unknownValue(STRING, true);
  });
  return listValue(STRING, rounds);
}

function roundText(template: string, values: readonly Typed[], round: number): Typed {
  try {
    return text(formatted(template, values));
  } catch (error) {
    if (!(error instanceof FunctionProblem)) throw error;
    throw new FunctionProblem(`error on format iteration ${round}: ${error.message}`);
  }
}

/** How many elements a sequence has; null while that is not known. */
function lengthOf(value: Typed): number | null {
  if (value.type.kind === 'tuple') return value.type.elements.length;
  if (isUnknown(value)) return null;
  const { length } = partsOf(value);
  return value.type.kind === 'list' || length === 1 || isKnownWithin(value) ? length : null;
}

/** Functions that make texts of values by a format. */
export const FORMAT_FUNCTIONS: readonly FunctionSpec[] = [
  simple('format', STRING, [format], formatOne, args),
  simple('formatlist', listType(STRING), [format], formatEach, args),
];
