import type { FunctionContext, FunctionSpec } from '../function/spec.ts';
import { ConversionProblem, convert } from '../typed/convert.ts';
import { friendlyName } from '../typed/format.ts';
import type { Num } from '../typed/number.ts';
import { STRING } from '../typed/type.ts';
import {
  boolValue,
  isNull,
  isUnknown,
  marked,
  nullValue,
  numberValue,
  objectValue,
  stringValue,
  type Typed,
  tupleValue,
} from '../typed/typed.ts';
import { evaluateChoice } from './conditional.ts';
import type { Expression, ExpressionOf, Reference } from './expression.ts';
import { evaluateCall } from './invoke.ts';
import { evaluateFor } from './loop.ts';
import { evaluateBinary, evaluateUnary } from './operation.ts';
import { EvaluationProblem } from './problem.ts';
import { evaluateTemplate, evaluateTemplateFor, evaluateTemplateIf, normalText } from './render.ts';
import { type Problem, Run, UNKNOWN, withMark } from './run.ts';
import { evaluateSplat } from './splat.ts';
import { attributeOf, follow, indexOf } from './traverse.ts';

export type { Problem } from './run.ts';

const NULL: Typed = nullValue();

/** What an expression may know: the values of its references, and functions. */
export interface Scope {
  /**
   * The value of what a reference names, and how many of its steps that took; evaluation follows the others. Throws
   * {@link EvaluationProblem} for what is not declared: unlike the problems of evaluation itself, that is never caught by `try` or
   * `can` nor dropped with the branch of a condition that is not taken, as Terraform refuses such references before it evaluates.
   */
  lookup(reference: Reference): { readonly value: Typed; readonly used: number };
  /**
   * The value of `reference[key]` without building the whole; null when the reference is no collection of instances or has no such key.
   * The key is a text or a whole number, known and not sensitive.
   */
  element?(reference: Reference, key: string | number): { readonly value: Typed } | null;
  readonly functions: FunctionContext;
  /** Functions beyond the language's own, such as the console's `type()`. */
  call?(name: string): FunctionSpec | undefined;
}

/**
 * The value of an expression, as Terraform 1.11 evaluates it. Throws {@link EvaluationProblem}, the first one when there are several.
 * No problem shows a sensitive value, nor a key or the length of a sensitive collection.
 */
export function evaluate(expression: Expression, scope: Scope): Typed {
  const run = new Run(scope, step);
  const value = run.value(expression);
  const [first] = run.problems;
  if (first !== undefined) throw new EvaluationProblem(first.summary, first.column, first.detail);
  return value;
}

/**
 * As {@link evaluate}, with all problems at once, each once, instead of the first thrown. With problems the value is what Terraform would go on
 * checking with, often unknown. Still throws what the scope throws.
 */
export function evaluateAll(
  expression: Expression,
  scope: Scope,
): { readonly value: Typed; readonly problems: readonly Problem[] } {
  const run = new Run(scope, step);
  const value = run.value(expression);
  // A loop meets the same problem in each round.
  const told = new Map(
    run.problems.map((problem) => [`${problem.column} ${problem.summary} ${problem.detail}`, problem]),
  );
  return { value, problems: [...told.values()] };
}

function step(expression: Expression, run: Run): Typed {
  switch (expression.kind) {
    case 'literal':
      return literal(expression.value);
    case 'template':
      return evaluateTemplate(expression.parts, run);
    case 'template-if':
      return evaluateTemplateIf(expression, run);
    case 'template-for':
      return evaluateTemplateFor(expression, run);
    case 'reference':
      return evaluateReference(expression, run);
    case 'attribute':
      return evaluateAttribute(expression, run);
    case 'index':
      return evaluateIndex(expression, run);
    case 'splat':
      return evaluateSplat(expression, run);
    case 'splat-element':
      return run.element ?? UNKNOWN;
    case 'unary':
      return evaluateUnary(expression, run);
    case 'binary':
      return evaluateBinary(expression, run);
    case 'conditional':
      return evaluateChoice(expression, branchOf, run);
    case 'call':
      return evaluateCall(expression, run);
    case 'tuple':
      return tupleValue(expression.items.map((item) => run.value(item)));
    case 'object':
      return evaluateObject(expression, run);
    case 'for':
      return evaluateFor(expression, run);
  }
}

function branchOf(branch: Expression | null, run: Run): Typed {
  return branch === null ? NULL : run.value(branch);
}

function literal(value: null | boolean | string | Num): Typed {
  if (typeof value === 'string') return stringValue(normalText(value));
  if (typeof value === 'boolean') return boolValue(value);
  return value === null ? NULL : numberValue(value);
}

function evaluateReference(reference: Reference, run: Run): Typed {
  const { root, steps } = reference;
  const local = run.local(root);
  if (local !== undefined) return steps.length === 0 ? local : follow(local, reference, 0, run);
  const { value, used } = run.scope.lookup(reference);
  return used >= steps.length ? value : follow(value, reference, used, run);
}

function evaluateAttribute(expression: ExpressionOf<'attribute'>, run: Run): Typed {
  const before = run.problems.length;
  const of = run.value(expression.of);
  const failed = run.problems.length;
  const value = attributeOf(of, expression.name, expression.column, run);
  // What went wrong before would only be told once more, in other words.
  if (failed > before) run.dropSince(failed);
  return value;
}

function evaluateIndex(expression: ExpressionOf<'index'>, run: Run): Typed {
  const { of, column } = expression;
  const before = run.problems.length;
  const asks = of.kind === 'reference' && run.scope.element !== undefined && run.local(of.root) === undefined;
  let collection = asks ? null : run.value(of);
  const key = run.value(expression.key);
  if (collection === null) {
    const plain = plainKey(key);
    const found = plain === null ? null : run.scope.element?.(of as Reference, plain);
    if (found) return found.value;
    collection = run.value(of);
  }
  const failed = run.problems.length;
  const value = indexOf(collection, key, column, run);
  if (failed > before) run.dropSince(failed);
  return value;
}

/** A key that a scope can look up by itself; null for any other. */
function plainKey(key: Typed): string | number | null {
  const { content } = key;
  if (key.sensitive || content === null) return null;
  if (typeof content === 'string') return content;
  const number = key.type.kind === 'number' && !isUnknown(key) ? (content as Num).toNumber() : null;
  return number !== null && Number.isSafeInteger(number) && number >= 0 ? number : null;
}

/** A key that comes twice has its last value, as in Terraform's native syntax. */
function evaluateObject(expression: ExpressionOf<'object'>, run: Run): Typed {
  const entries: (readonly [string, Typed])[] = [];
  let known = true;
  let sensitive = false;
  for (const entry of expression.entries) {
    const before = run.problems.length;
    const key = run.value(entry.key);
    const failed = run.problems.length > before;
    const value = run.value(entry.value);
    const name = failed ? null : nameOf(key, entry.key, run);
    if (!failed && key.sensitive) sensitive = true;
    if (name === null) known = false;
    else entries.push([name, value]);
  }
  // Without all names there is no type, and Terraform drops the marks with it.
  return known ? withMark(objectValue(entries), sensitive) : UNKNOWN;
}

/** A key's text; null when it is not known yet, or after a problem. */
function nameOf(key: Typed, at: Expression, run: Run): string | null {
  if (typeof key.content === 'string') return key.content;
  if (isNull(key)) {
    run.fail(at.column, 'Null value as key', "A null value can't be a key.");
    return null;
  }
  try {
    const text = convert(marked(key, false), STRING);
    return isUnknown(text) ? null : (text.content as string);
  } catch (error) {
    if (!(error instanceof ConversionProblem)) throw error;
    run.fail(
      at.column,
      'Incorrect key type',
      `A value of type ${friendlyName(key.type)} can't be a key: a text is required.`,
    );
    return null;
  }
}
