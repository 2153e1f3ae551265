import { evaluate, type Scope } from '../expression/evaluate.ts';
import type { Expression, ExpressionOf } from '../expression/expression.ts';
import { parseExpression } from '../expression/parse.ts';
import { EvaluationProblem, SyntaxProblem } from '../expression/problem.ts';
import { calls, references } from '../expression/reference.ts';
import { ConversionProblem, convert } from './conversion.ts';
import type { Defaults } from './defaults.ts';
import { BOOL, DYNAMIC, listType, mapType, NUMBER, objectType, STRING, type Type, tupleType } from './type.ts';
import type { Typed } from './typed.ts';

/** What a variable's `type` says: the type, names that may be left out included, and the values that such names then have. */
export interface Constraint {
  readonly type: Type;
  /** Null when the constraint gives no default at all. */
  readonly defaults: Defaults | null;
}

const SUMMARY = 'Invalid type specification';
const KINDS = 'bool, number, string, any, list(…), set(…), map(…), object({…}) or tuple([…])';
const PRIMITIVES: ReadonlyMap<string, Type> = new Map<string, Type>([
  ['bool', BOOL],
  ['string', STRING],
  ['number', NUMBER],
  ['any', DYNAMIC],
]);
const ARGUMENT: ReadonlyMap<string, string> = new Map([
  ['list', 'the type of its elements, as in list(string)'],
  ['set', 'the type of its elements, as in set(string)'],
  ['map', 'the type of its elements, as in map(string)'],
  ['object', 'its attributes and their types, as in object({ name = string })'],
  ['tuple', 'the types of its elements, as in tuple([string, number])'],
]);
/** Terraform 0.11's way to write these two, still read where nothing is around it. */
const LEGACY: ReadonlyMap<string, Type> = new Map([
  ['list', listType(DYNAMIC)],
  ['map', mapType(DYNAMIC)],
]);

/**
 * Reads a type constraint: `list(object({ a = string, b = optional(number, 1) }))`. `any` is `dynamic`. Throws {@link SyntaxProblem}, whose
 * column counts in `text`.
 */
export function parseConstraint(text: string): Constraint {
  const expression = parseExpression(text);
  const legacy = LEGACY.get(text.trim());
  return legacy === undefined ? read(expression, text) : { type: legacy, defaults: null };
}

function read(expression: Expression, text: string): Constraint {
  if (expression.kind === 'reference' && expression.steps.length === 0) {
    const { root } = expression;
    const primitive = PRIMITIVES.get(root);
    if (primitive !== undefined) return { type: primitive, defaults: null };
    const argument = ARGUMENT.get(root);
    if (argument !== undefined) throw problem(expression, `The type ${root} needs one argument: ${argument}.`);
    throw problem(expression, `"${root}" is no type. Write ${KINDS}.`);
  }
  if (expression.kind !== 'call') throw problem(expression, `A type is expected here: write ${KINDS}.`);
  const { name, args } = expression;
  if (PRIMITIVES.has(name)) throw problem(expression, `The type ${name} takes no argument: write ${name} alone.`);
  if (name === 'optional')
    throw problem(expression, 'Only attributes of an object type can be optional: move optional(…) into object({…}).');
  const wanted = ARGUMENT.get(name);
  if (wanted === undefined) throw problem(expression, `"${name}" is no type. Write ${KINDS}.`);
  const [argument] = args;
  if (argument === undefined || args.length > 1)
    throw problem(args[1] ?? expression, `The type ${name} needs one argument: ${wanted}.`);
  switch (name) {
    case 'object':
      return readObject(argument, text);
    case 'tuple':
      return readTuple(argument, text);
    default: {
      const element = read(argument, text);
      const type: Type = { kind: name as 'list' | 'set' | 'map', element: element.type };
      if (element.defaults === null) return { type, defaults: null };
      return { type, defaults: { type, values: new Map(), children: new Map([['', element.defaults]]) } };
    }
  }
}

function readTuple(argument: Expression, text: string): Constraint {
  if (argument.kind !== 'tuple') throw problem(argument, `A tuple type lists ${ARGUMENT.get('tuple')}.`);
  const elements = argument.items.map((item) => read(item, text));
  const children = new Map<string, Defaults>();
  for (const [index, { defaults }] of elements.entries()) if (defaults !== null) children.set(String(index), defaults);
  return finished(tupleType(elements.map(({ type }) => type)), new Map(), children);
}

function readObject(argument: Expression, text: string): Constraint {
  if (argument.kind !== 'object') throw problem(argument, `An object type lists ${ARGUMENT.get('object')}.`);
  const attributes = new Map<string, Type>();
  const optional: string[] = [];
  const values = new Map<string, Typed>();
  const children = new Map<string, Defaults>();
  for (const { key, value } of argument.entries) {
    const name = attributeName(key, text);
    if (attributes.has(name)) throw problem(key, `The attribute "${name}" is there twice. Take one away.`);
    let written = value;
    let standard: Expression | null = null;
    if (value.kind === 'call' && value.name === 'optional') {
      [written, standard] = readOptional(value);
      optional.push(name);
    }
    const { type, defaults } = read(written, text);
    if (standard !== null) values.set(name, defaultValue(standard, type));
    attributes.set(name, type);
    if (defaults !== null) children.set(name, defaults);
  }
  return finished(objectType(attributes, optional), values, children);
}

function finished(type: Type, values: ReadonlyMap<string, Typed>, children: ReadonlyMap<string, Defaults>): Constraint {
  return { type, defaults: values.size === 0 && children.size === 0 ? null : { type, values, children } };
}

/** The type and the default of `optional(type, default)`; no default is null. */
function readOptional(call: ExpressionOf<'call'>): [Expression, Expression | null] {
  const [type, standard, surplus] = call.args;
  if (type === undefined || surplus !== undefined)
    throw problem(surplus ?? call, 'optional needs a type and may have a default value: optional(number, 1).');
  return [type, standard ?? null];
}

/** A bare name. Terraform refuses names in quotes, which the parser takes for the same. */
function attributeName(key: Expression, text: string): string {
  if (key.kind === 'literal' && typeof key.value === 'string' && [...text][key.column - 1] !== '"') return key.value;
  throw problem(key, 'Names of attributes are written bare, without quotes or brackets: object({ name = string }).');
}

/** A default is a constant: operators and templates are fine, references and calls are not. */
function defaultValue(expression: Expression, type: Type): Typed {
  for (const reference of references(expression))
    throw problem(reference, `A default value cannot refer to anything, here "${reference.root}". Write a constant.`);
  for (const call of calls(expression))
    throw problem(call, `A default value cannot call a function, here ${call.name}. Write a constant.`);
  try {
    return convert(evaluate(expression, CONSTANTS), type);
  } catch (cause) {
    if (cause instanceof EvaluationProblem)
      throw new SyntaxProblem(cause.message, cause.column ?? expression.column, cause.detail);
    if (!(cause instanceof ConversionProblem)) throw cause;
    throw new SyntaxProblem(
      'Invalid default value for optional attribute',
      expression.column,
      `This default does not fit the type of its attribute: ${cause.message}.`,
    );
  }
}

/** A scope without anything in it. What would use it is refused before. */
const CONSTANTS: Scope = {
  lookup(reference) {
    throw new EvaluationProblem('Variables not allowed', reference.column, 'A default value cannot refer to anything.');
  },
  functions: {
    planTime: null,
    now: null,
    readFile: () => null,
    renderTemplate: () => {
      throw new Error('templates are not rendered in type constraints');
    },
  },
};

function problem(at: Expression, detail: string): SyntaxProblem {
  return new SyntaxProblem(SUMMARY, at.column, detail);
}
