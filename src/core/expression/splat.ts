import { listType, type Type, tupleType } from '../typed/type.ts';
import { isNull, isUnknown, Typed, tupleValue, unknownValue } from '../typed/typed.ts';
import type { ExpressionOf } from './expression.ts';
import { isNotNull, type Run, UNKNOWN, unknownOf, withMark } from './run.ts';

/**
 * `of.*.…` and `of[*].…`: a list for a list or set, a tuple for a tuple. Any other value counts as a tuple of itself, or of nothing when
 * it is null. https://developer.hashicorp.com/terraform/language/expressions/splat
 */
export function evaluateSplat(expression: ExpressionOf<'splat'>, run: Run): Typed {
  const before = run.problems.length;
  const source = run.value(expression.of);
  if (run.problems.length > before) return UNKNOWN;
  const { type, sensitive } = source;
  const isSequence = type.kind === 'list' || type.kind === 'set' || type.kind === 'tuple';
  if (isNull(source)) {
    if (!isSequence) return withMark(tupleValue([]), sensitive);
    return run.fail(
      expression.of.column,
      'Splat of null value',
      `A splat cannot be applied to a ${type.kind} that is null. Where it may be null, write coalesce(…, [])[*].`,
    );
  }
  if (type.kind === 'dynamic') return withMark(UNKNOWN, sensitive);

  const outer = run.element;
  const each = (element: Typed): Typed => {
    run.element = element;
    const value = run.value(expression.each);
    run.element = outer;
    return value;
  };
  const problems = run.problems.length;

  if (!isSequence) {
    const element = each(source);
    // Whether it will be a tuple of one or of none is not known before null is ruled out; `each` was evaluated for its problems.
    if (isUnknown(source) && !isNotNull(source)) return withMark(UNKNOWN, sensitive);
    if (run.problems.length > problems) return unknownOf(tupleType([element.type]), false, sensitive);
    return withMark(tupleValue([element]), sensitive);
  }
  if (isUnknown(source)) return withMark(unknownValue(typeOfEach(type, each), true), sensitive);
  const elements = (source.content as readonly Typed[]).map(each);
  if (run.problems.length > problems) {
    const type = run.problems.length;
    const result = typeOfEach(source.type, each);
    run.dropSince(type);
    return unknownOf(result, false, sensitive);
  }
  if (type.kind === 'tuple') return withMark(tupleValue(elements), sensitive);
  const first = elements.find((element) => element.type.kind !== 'dynamic');
  const result = first === undefined ? typeOfEach(type, each) : listType(first.type);
  return new Typed(result, elements, sensitive);
}

/** The type of the result, found by putting unknown elements in. */
function typeOfEach(type: Type, each: (element: Typed) => Typed): Type {
  if (type.kind === 'tuple') return tupleType(type.elements.map((element) => each(unknownValue(element)).type));
  return listType(each(unknownValue((type as Type & { kind: 'list' }).element)).type);
}
