import { ConversionProblem, convert, equalTypes, unify } from '../typed/convert.ts';
import { friendlyName } from '../typed/format.ts';
import { BOOL, type Type } from '../typed/type.ts';
import { isNull, isSensitiveWithin, isUnknown, marked, nullValue, type Typed } from '../typed/typed.ts';
import { eitherOf } from './bound.ts';
import type { Expression, ExpressionOf } from './expression.ts';
import { isNotNull, type Run, unknownOf, withMark } from './run.ts';

/** The operator `? :`, or `%{ if }` of a template. */
type Choice = ExpressionOf<'conditional'> | ExpressionOf<'template-if'>;

/**
 * Both branches are evaluated, since the result's type is what both can be converted to; the problems of the one not taken are dropped.
 * The marks of condition and branches all pass on. `branch` evaluates a branch; null is an `else` that is left out.
 * https://developer.hashicorp.com/terraform/language/expressions/conditionals
 */
export function evaluateChoice(
  choice: Choice,
  branch: (branch: Expression | null, run: Run) => Typed,
  run: Run,
): Typed {
  const start = run.problems.length;
  const then = branch(choice.then, run);
  const thenProblems = run.dropSince(start);
  const otherwise = branch(choice.otherwise, run);
  const otherwiseProblems = run.dropSince(start);

  const type = commonType(then, otherwise);
  if (type === null)
    return run.fail(
      choice.column,
      'Inconsistent conditional result types',
      `The two results of a condition must have one type between them. ${difference(then, otherwise)}.`,
    );

  const condition = run.value(choice.condition);
  if (isNull(condition)) {
    run.fail(
      choice.condition.column,
      'Null condition',
      'The condition is null. Conditions must be either true or false.',
    );
    return unknownOf(type, false, false);
  }
  const sensitive = condition.sensitive || then.sensitive || otherwise.sensitive;
  if (isUnknown(condition)) {
    if (isNull(then) && isNull(otherwise)) return withMark(nullValue(type), sensitive);
    const bounded =
      then.type === otherwise.type || equalTypes(then.type, otherwise.type) ? eitherOf(then, otherwise) : null;
    if (bounded !== null) return withMark(bounded, sensitive);
    return unknownOf(type, isNotNull(then) && isNotNull(otherwise), sensitive);
  }
  const answer = truthOf(condition);
  if (answer === null) {
    run.fail(
      choice.condition.column,
      'Incorrect condition type',
      'The condition must be true or false; compare with something, as in x != "".',
    );
    return unknownOf(type, false, false);
  }
  const taken = answer ? then : otherwise;
  run.problems.push(...(answer ? thenProblems : otherwiseProblems));
  return withMark(
    converted(taken, type, ((answer ? choice.then : choice.otherwise) ?? choice).column, answer, run),
    sensitive,
  );
}

/** What both results can be converted to; null when there is no such type. */
function commonType(then: Typed, otherwise: Typed): Type | null {
  if (then.type === otherwise.type) return then.type;
  // A bare null takes the other's type.
  if (isBareNull(then)) return otherwise.type;
  if (isBareNull(otherwise)) return then.type;
  // What is not typed yet passes as it is.
  if (then.type.kind === 'dynamic') return then.type;
  if (otherwise.type.kind === 'dynamic') return otherwise.type;
  return equalTypes(then.type, otherwise.type) ? then.type : unify([then.type, otherwise.type]);
}

function isBareNull(value: Typed): boolean {
  return value.type.kind === 'dynamic' && value.content === null && !value.sensitive;
}

function converted(value: Typed, type: Type, column: number, answer: boolean, run: Run): Typed {
  if (value.type === type || type.kind === 'dynamic') return value;
  try {
    return convert(value, type);
  } catch (error) {
    if (!(error instanceof ConversionProblem)) throw error;
    const reason = isSensitiveWithin(value) ? `${friendlyName(type)} required` : error.message;
    run.fail(
      column,
      'Inconsistent conditional result types',
      `The ${answer} result value has the wrong type: ${reason}.`,
    );
    return unknownOf(type, false, false);
  }
}

/** A known value as a truth value; null when it is none. */
export function truthOf(value: Typed): boolean | null {
  if (typeof value.content === 'boolean') return value.content;
  try {
    return convert(value.sensitive ? marked(value, false) : value, BOOL).content === true;
  } catch (error) {
    if (error instanceof ConversionProblem) return null;
    throw error;
  }
}

/** In words, how two types that cannot be unified differ. Of sensitive values only the kind is told: names and lengths are theirs. */
function difference(then: Typed, otherwise: Typed): string {
  if (isSensitiveWithin(then) || isSensitiveWithin(otherwise))
    return `The 'true' value is ${friendlyName(then.type)}, the 'false' value is ${friendlyName(otherwise.type)}; how they differ is not shown, because one is sensitive`;
  return differenceOfTypes(then.type, otherwise.type);
}

function differenceOfTypes(then: Type, otherwise: Type): string {
  if (then.kind === 'object' && otherwise.kind === 'object') {
    for (const [name, one] of then.attributes) {
      const other = otherwise.attributes.get(name);
      if (other === undefined) return `The 'true' value has an attribute "${name}", and the 'false' value has none`;
      if (!equalTypes(one, other)) return `They differ in attribute "${name}": ${differenceOfTypes(one, other)}`;
    }
    for (const name of otherwise.attributes.keys())
      if (!then.attributes.has(name))
        return `The 'false' value has an attribute "${name}", and the 'true' value has none`;
  }
  if (then.kind === 'tuple' && otherwise.kind === 'tuple') {
    if (then.elements.length !== otherwise.elements.length)
      return `The 'true' tuple has length ${then.elements.length}, the 'false' tuple has length ${otherwise.elements.length}`;
    for (const [index, one] of then.elements.entries()) {
      const other = otherwise.elements[index] as Type;
      if (!equalTypes(one, other)) return `They differ in element ${index}: ${differenceOfTypes(one, other)}`;
    }
  }
  if ((then.kind === 'list' || then.kind === 'set' || then.kind === 'map') && then.kind === otherwise.kind) {
    const one = then.element.kind;
    if ((one === 'object' || one === 'tuple') && otherwise.element.kind === one)
      return `Their ${then.kind}s' elements differ: ${differenceOfTypes(then.element, otherwise.element)}`;
  }
  const one = friendlyName(then);
  const other = friendlyName(otherwise);
  return one === other
    ? `Both are ${one}, but a part deep within them differs`
    : `The 'true' value is ${one}, the 'false' value is ${other}`;
}
