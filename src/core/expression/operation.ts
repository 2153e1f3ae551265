import { ConversionProblem, convert } from '../typed/convert.ts';
import { Num } from '../typed/number.ts';
import { BOOL, NUMBER, type Type } from '../typed/type.ts';
import { boolValue, isNull, isSensitiveWithin, isUnknown, numberValue, type Typed } from '../typed/typed.ts';
import { rangeOf } from './bound.ts';
import { equalValues } from './equality.ts';
import type { BinaryOperator, Expression, ExpressionOf } from './expression.ts';
import { type Run, unknownOf, withMark } from './run.ts';

const NULL_OPERAND = 'The operand is null. Give it a value, or take another one where it is null, as coalesce() does.';

/**
 * A chain of operators. Those that lean to the left (`a + b + c`) are worked off in a loop, so that a long one is no deep one.
 * https://developer.hashicorp.com/terraform/language/expressions/operators
 */
export function evaluateBinary(expression: ExpressionOf<'binary'>, run: Run): Typed {
  const chain: ExpressionOf<'binary'>[] = [expression];
  let leftmost = expression.left;
  while (leftmost.kind === 'binary') {
    chain.push(leftmost);
    leftmost = leftmost.left;
  }
  let value = run.value(leftmost);
  for (let index = chain.length - 1; index >= 0; index--) {
    const link = chain[index] as ExpressionOf<'binary'>;
    const before = run.problems.length;
    const right = run.value(link.right);
    value = apply(link, value, right, before, run);
  }
  return value;
}

/** `-` and `!`. */
export function evaluateUnary(expression: ExpressionOf<'unary'>, run: Run): Typed {
  const type = expression.operator === '-' ? NUMBER : BOOL;
  const before = run.problems.length;
  const given = run.value(expression.operand);
  const operand = operandOf(given, type, expression.operand, 'the operand', expression.operator, run);
  if (operand === null || run.problems.length > before) return unknownOf(type, false, false);
  if (isNull(operand)) return failed(expression.operand, type, run);
  // An unknown operand loses its mark here, as it does in Terraform.
  if (isUnknown(operand)) return unknownOf(type, true, false);
  return withMark(
    expression.operator === '-' ? numberValue((operand.content as Num).negate()) : boolValue(operand.content === false),
    operand.sensitive,
  );
}

/** `before`: how many problems there were before the right operand was evaluated. */
function apply(link: ExpressionOf<'binary'>, left: Typed, right: Typed, before: number, run: Run): Typed {
  const { operator } = link;
  if (operator === '==' || operator === '!=') {
    if (run.problems.length > before) return unknownOf(BOOL, false, false);
    const sensitive = isSensitiveWithin(left) || isSensitiveWithin(right);
    const equal = equalValues(left, right);
    return equal === null
      ? unknownOf(BOOL, true, sensitive)
      : withMark(boolValue(equal === (operator === '==')), sensitive);
  }
  const logical = operator === '&&' || operator === '||';
  const wanted = logical ? BOOL : NUMBER;
  const result = isArithmetic(operator) ? NUMBER : BOOL;
  const one = operandOf(left, wanted, link.left, 'the left operand', operator, run);
  const other = operandOf(right, wanted, link.right, 'the right operand', operator, run);
  if (one === null || other === null || run.problems.length > before) return unknownOf(result, false, false);
  if (isNull(one)) return failed(link.left, result, run);
  if (isNull(other)) return failed(link.right, result, run);
  const sensitive = one.sensitive || other.sensitive;
  const unknown = isUnknown(one) || isUnknown(other);
  if (logical) {
    // Terraform 1.11 has no short circuit, and drops the marks of what it cannot answer yet.
    if (unknown) return unknownOf(BOOL, true, false);
    return withMark(
      boolValue(
        operator === '&&'
          ? one.content === true && other.content === true
          : one.content === true || other.content === true,
      ),
      sensitive,
    );
  }
  if (!isArithmetic(operator)) {
    const answer = compare(operator, one, other);
    return answer === null ? unknownOf(BOOL, true, sensitive) : withMark(boolValue(answer), sensitive);
  }
  if (unknown) return unknownOf(NUMBER, true, sensitive);
  return withMark(calculate(link, one.content as Num, other.content as Num, run), sensitive);
}

function isArithmetic(operator: BinaryOperator): boolean {
  return operator === '+' || operator === '-' || operator === '*' || operator === '/' || operator === '%';
}

/** The operand as the operator wants it; null after a problem. */
function operandOf(value: Typed, type: Type, at: Expression, which: string, operator: string, run: Run): Typed | null {
  if (value.type === type) return value;
  try {
    return convert(value, type);
  } catch (error) {
    if (!(error instanceof ConversionProblem)) throw error;
    run.fail(
      at.column,
      'Invalid operand',
      `Unsuitable value for ${which} of ${operator}: ${type.kind === 'number' ? 'a number is' : 'true or false is'} required.`,
    );
    return null;
  }
}

function failed(at: Expression, type: Type, run: Run): Typed {
  run.fail(at.column, 'Operation failed', NULL_OPERAND);
  return unknownOf(type, false, false);
}

/** Compares numbers; null while the answer is not known. */
function compare(operator: BinaryOperator, left: Typed, right: Typed): boolean | null {
  const orEqual = operator === '<=' || operator === '>=';
  const swap = operator === '>' || operator === '>=';
  const small = swap ? right : left;
  const great = swap ? left : right;
  if (!isUnknown(small) && !isUnknown(great)) {
    const [one, other] = [small.content as Num, great.content as Num];
    // Fractions of different precision are equal when their texts are, although one of them is the greater.
    return one.compare(other) < 0 || (orEqual && one.equals(other));
  }
  const one = rangeOf(small);
  const other = rangeOf(great);
  if (one === null || other === null) return null;
  if (one[1].compare(other[0]) < 0) return true;
  if (one[0].compare(other[1]) > 0) return orEqual ? equalValues(small, great) : false;
  return null;
}

function calculate(link: ExpressionOf<'binary'>, left: Num, right: Num, run: Run): Typed {
  try {
    switch (link.operator) {
      case '+':
        return numberValue(left.add(right));
      case '-':
        return numberValue(left.sub(right));
      case '*':
        return numberValue(left.mul(right));
      case '%':
        // Terraform answers the left operand for a remainder by zero.
        return numberValue(left.mod(right) ?? left);
      default:
        return numberValue(left.div(right) ?? infinity(left, right));
    }
  } catch (error) {
    // What the numbers throw for infinities; no message of theirs holds a number.
    if (!(error instanceof RangeError)) throw error;
    run.fail(link.column, 'Operation failed', `The operands of ${link.operator} have no result: ${error.message}.`);
    return unknownOf(NUMBER, true, false);
  }
}

/** The quotient where there is no finite one: dividing by zero gives an infinite number, as in Terraform. */
function infinity(left: Num, right: Num): Num {
  if (left.sign() === 0 || !left.isFinite()) throw new RangeError("can't divide zero by zero or infinity by infinity");
  const negative = left.sign() < 0 !== (right.toString() === '-0');
  return Num.of(negative ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY);
}
