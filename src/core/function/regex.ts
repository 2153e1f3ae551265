import { createRequire } from 'node:module';
import type { RE2JS, RE2JSSyntaxException } from 're2js';
import { listValue } from '../typed/collection.ts';
import { DYNAMIC, listType, objectType, STRING, type Type, tupleType } from '../typed/type.ts';
import { isUnknown, nullValue, objectValue, type Typed, tupleValue } from '../typed/typed.ts';
import { argument, parameter, simple, text, textOf } from './signature.ts';
import { FunctionProblem, type FunctionSpec } from './spec.ts';

/**
 * The engine: RE2's syntax, in time linear in the text, as Terraform has it. Loaded by the first pattern, which costs some tens of milliseconds that few
 * commands have use for. Written as `require`, because that is how the bundle knows to keep it in the file and to run it only then; where
 * this file runs as a module by itself there is no `require` but the one made here.
 */
let engine: typeof import('re2js') | null = null;

function loaded(): typeof import('re2js') {
  engine ??=
    typeof require === 'function'
      ? (require('re2js') as typeof import('re2js'))
      : (createRequire(import.meta.url)('re2js') as typeof import('re2js'));
  return engine;
}

/** Compiled patterns: a pattern in a `for` or for many resources is compiled once. */
const compiled = new Map<string, Pattern>();
const MOST_COMPILED = 200;

/** A pattern, and how its groups are called: by name, by number, or not at all. */
interface Pattern {
  readonly expression: RE2JS;
  readonly groups: number;
  /** Names in order of group; null without. */
  readonly names: readonly string[] | null;
}

/** Start and end of a match and of each of its groups; null for a group that took no part. */
type Match = readonly (readonly [number, number] | null)[];

/** Throws {@link FunctionProblem} for argument `at`. */
function compile(source: string, at: number | null): Pattern {
  const known = compiled.get(source);
  if (known !== undefined) return known;
  const pattern = compileAnew(source, at);
  if (compiled.size >= MOST_COMPILED) compiled.clear();
  compiled.set(source, pattern);
  return pattern;
}

function compileAnew(source: string, at: number | null): Pattern {
  const { RE2JS: Engine, RE2JSException, RE2JSSyntaxException } = loaded();
  let expression: RE2JS;
  try {
    expression = Engine.compile(source);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    // `replace` has Go's words, the others Terraform's.
    if (at === null || !(error instanceof RE2JSSyntaxException)) throw new FunctionProblem(error.message, at);
    const { error: reason, input } = error as RE2JSSyntaxException;
    throw new FunctionProblem(`invalid regexp pattern: ${reason} in ${input ?? ''}`, at);
  }
  const names: string[] = [];
  for (const [name, group] of Object.entries(expression.namedGroups())) names[group - 1] = name;
  const count = expression.groupCount();
  return {
    expression,
    groups: count,
    names: names.length === 0 ? null : Array.from({ length: count }, (_, n) => names[n] ?? ''),
  };
}

/** Each match from the left, none within another, as Go finds them: an empty one right after another match does not count. */
function* matches({ expression, groups }: Pattern, content: string): Generator<Match> {
  const matcher = expression.matcher(content);
  let end = -1;
  for (let from = 0; from <= content.length; ) {
    if (!matcher.find(from)) return;
    const match = Array.from({ length: groups + 1 }, (_, group): [number, number] | null => {
      const start = matcher.start(group);
      return start < 0 ? null : [start, matcher.end(group)];
    });
    const [whole] = match as [[number, number]];
    const empty = whole[1] === from;
    if (!empty || whole[0] !== end) yield match;
    end = whole[1];
    from = empty ? from + ((content.codePointAt(from) ?? 0) > 0xffff ? 2 : 1) : end;
  }
}

/** What a pattern gives for a match: the whole of it, or its groups. */
function resultType({ groups, names }: Pattern): Type {
  if (groups === 0) return STRING;
  if (names === null) return tupleType(Array<Type>(groups).fill(STRING));
  if (names.includes(''))
    throw new FunctionProblem('invalid regexp pattern: cannot mix both named and unnamed capture groups', 0);
  return objectType(names.map((name) => [name, STRING] as const));
}

function resultOf({ groups, names }: Pattern, content: string, match: Match): Typed {
  const parts = match.map((range) => (range === null ? nullValue(STRING) : text(content.slice(...range))));
  if (groups === 0) return argument(parts, 0);
  const captured = parts.slice(1);
  if (names === null) return tupleValue(captured);
  return objectValue(names.map((name, index) => [name, argument(captured, index)] as const));
}

const parameters = [parameter('pattern', STRING), parameter('string', STRING)];

const regex: FunctionSpec = {
  name: 'regex',
  parameters,
  variadic: null,
  notNull: true,
  returns: (args) => (isUnknown(argument(args, 0)) ? DYNAMIC : resultType(compile(textOf(args, 0), 0))),
  call: (args) => {
    const pattern = compile(textOf(args, 0), 0);
    const content = textOf(args, 1);
    for (const match of matches(pattern, content)) return resultOf(pattern, content, match);
    throw new FunctionProblem('pattern did not match any part of the given string');
  },
};

const regexall: FunctionSpec = {
  name: 'regexall',
  parameters,
  variadic: null,
  notNull: true,
  returns: (args) => listType(isUnknown(argument(args, 0)) ? DYNAMIC : resultType(compile(textOf(args, 0), 0))),
  call: (args) => {
    const pattern = compile(textOf(args, 0), 0);
    const content = textOf(args, 1);
    const found = Array.from(matches(pattern, content), (match) => resultOf(pattern, content, match));
    return listValue(resultType(pattern), found);
  },
};

/** `$1`, `$name`, `${name}` and `$$` in what replaces a match; the longest name counts, and one that no group has is empty. */
const REFERENCE = /\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu;

function expanded(template: string, { groups, names }: Pattern, content: string, match: Match): string {
  return template.replace(REFERENCE, (_all, braced: string | undefined, bare: string | undefined) => {
    const name = braced ?? bare;
    if (name === undefined) return '$';
    const number = /^(?:0|[1-9][0-9]*)$/.test(name) ? Number(name) : null;
    const group = number ?? (names === null ? -1 : names.indexOf(name) + 1 || -1);
    const range = group < 0 || group > groups ? null : match[group];
    return range === null || range === undefined ? '' : content.slice(...range);
  });
}

/** A pattern stands between slashes; anything else is replaced as it is. */
function replace(args: readonly Typed[]): Typed {
  const content = textOf(args, 0);
  const wanted = textOf(args, 1);
  const by = textOf(args, 2);
  if (wanted.length > 1 && wanted.startsWith('/') && wanted.endsWith('/'))
    return text(replaceMatches(compile(wanted.slice(1, -1), null), content, by));
  if (wanted !== '') return text(content.split(wanted).join(by));
  // Before each code point, and at the end.
  return text(by + Array.from(content, (character) => character + by).join(''));
}

function replaceMatches(pattern: Pattern, content: string, by: string): string {
  let result = '';
  let done = 0;
  for (const match of matches(pattern, content)) {
    const [start, end] = match[0] ?? [done, done];
    result += content.slice(done, start) + expanded(by, pattern, content, match);
    done = end;
  }
  return result + content.slice(done);
}

/** Functions of patterns. https://github.com/google/re2/wiki/Syntax */
export const REGEX_FUNCTIONS: readonly FunctionSpec[] = [
  regex,
  regexall,
  simple(
    'replace',
    STRING,
    [parameter('str', STRING), parameter('substr', STRING), parameter('replace', STRING)],
    replace,
  ),
];
