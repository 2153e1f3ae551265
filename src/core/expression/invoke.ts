import { arityProblem, callFunction } from '../function/call.ts';
import { findFunction, functionNames, WITHHELD } from '../function/index.ts';
import { FunctionProblem, type FunctionSpec } from '../function/spec.ts';
import { didYouMean } from '../suggest.ts';
import { BOOL } from '../typed/type.ts';
import { FALSE, isKnownWithin, isNull, isUnknown, TRUE, type Typed } from '../typed/typed.ts';
import type { Expression, ExpressionOf } from './expression.ts';
import { elementsOf } from './loop.ts';
import { EvaluationProblem } from './problem.ts';
import { type Problem, type Run, UNKNOWN, unknownOf, withMark } from './run.ts';

const INVALID = 'Invalid function argument';
const FAILED = 'Error in function call';

/** An argument: an expression still to be evaluated, or an element of the list that `...` spread. */
type Argument = Expression | { readonly kind: 'spread'; readonly column: number; readonly value: Typed };

/**
 * A function call. `try` and `can` are evaluated here, since they catch the problems of their arguments.
 * https://developer.hashicorp.com/terraform/language/expressions/function-calls
 */
export function evaluateCall(expression: ExpressionOf<'call'>, run: Run): Typed {
  const name = expression.name.startsWith('core::') ? expression.name.slice('core::'.length) : expression.name;
  const special = name === 'try' || name === 'can';
  const spec = special ? undefined : (run.scope.call?.(name) ?? findFunction(name));
  if (!special && spec === undefined) return unknownFunction(expression, name, run);

  let args: readonly Argument[] = expression.args;
  if (expression.expand) {
    const spread = expand(expression, run);
    if (spread === null) return UNKNOWN;
    args = spread;
  }
  if (spec === undefined)
    return name === 'try' ? evaluateTry(expression, args, run) : evaluateCan(expression, args, run);
  return call(spec, expression, args, run);
}

function call(spec: FunctionSpec, expression: ExpressionOf<'call'>, args: readonly Argument[], run: Run): Typed {
  const wrong = arityProblem(spec, args.length);
  if (wrong !== null) {
    const few = args.length < spec.parameters.length;
    const at = few ? expression : (args[spec.parameters.length] ?? expression);
    return run.fail(at.column, few ? 'Not enough function arguments' : 'Too many function arguments', wrong);
  }
  const before = run.problems.length;
  const values = args.map((argument) => argumentValue(argument, run));
  if (run.problems.length > before) return UNKNOWN;
  try {
    return callFunction(spec, values, run.scope.functions);
  } catch (error) {
    if (!(error instanceof FunctionProblem)) throw error;
    if (error.argument === null)
      return run.fail(expression.column, FAILED, `Call to function "${spec.name}" failed: ${sentence(error.message)}`);
    const parameter = spec.parameters[error.argument] ?? spec.variadic;
    const column = args[error.argument]?.column ?? expression.column;
    return run.fail(
      column,
      INVALID,
      `Invalid value for "${parameter?.name ?? error.argument}" parameter of ${spec.name}(): ${sentence(error.message)}`,
    );
  }
}

function argumentValue(argument: Argument, run: Run): Typed {
  return argument.kind === 'spread' ? argument.value : run.value(argument);
}

function sentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}

/** The arguments with the last one spread; null when they are not known yet, or after a problem. */
function expand(expression: ExpressionOf<'call'>, run: Run): readonly Argument[] | null {
  const last = expression.args.at(-1);
  if (last === undefined) return [];
  const before = run.problems.length;
  const value = run.value(last);
  if (run.problems.length > before) return null;
  const { kind } = value.type;
  if (kind !== 'dynamic' && kind !== 'list' && kind !== 'set' && kind !== 'tuple') {
    run.fail(last.column, 'Invalid expanding argument value', 'The argument before ... must be a list, tuple or set.');
    return null;
  }
  if (isNull(value)) {
    run.fail(last.column, 'Invalid expanding argument value', 'The argument before ... must not be null.');
    return null;
  }
  if (isUnknown(value)) return null;
  const spread: Argument[] = expression.args.slice(0, -1);
  for (const [, element] of elementsOf(value))
    spread.push({ kind: 'spread', column: last.column, value: withMark(element, value.sensitive) });
  return spread;
}

/** The first argument that has no problem. While any part of it is unknown, another may come to be taken: so the result is. */
function evaluateTry(expression: ExpressionOf<'call'>, args: readonly Argument[], run: Run): Typed {
  const found: Problem[] = [];
  const before = run.problems.length;
  for (const argument of args) {
    const value = argumentValue(argument, run);
    if (run.problems.length === before) return isKnownWithin(value) ? value : UNKNOWN;
    found.push(...run.dropSince(before));
  }
  if (args.length === 0)
    return run.fail(expression.column, FAILED, 'Call to function "try" failed: at least one argument is required.');
  const reasons = found.map((problem) => `${problem.summary} (column ${problem.column}): ${problem.detail}`).join(' ');
  return run.fail(
    expression.column,
    FAILED,
    `Call to function "try" failed: none of its arguments has a value. ${reasons} Add a last argument that always has one.`,
  );
}

/** Whether the argument has no problem. */
function evaluateCan(expression: ExpressionOf<'call'>, args: readonly Argument[], run: Run): Typed {
  const [argument] = args;
  if (argument === undefined)
    return run.fail(
      expression.column,
      'Not enough function arguments',
      'Function "can" expects 1 argument: the expression to try.',
    );
  if (args.length > 1)
    return run.fail(
      args[1]?.column ?? expression.column,
      'Too many function arguments',
      'Function "can" expects only 1 argument.',
    );
  const before = run.problems.length;
  const value = argumentValue(argument, run);
  if (run.dropSince(before).length > 0) return FALSE;
  return isKnownWithin(value) ? TRUE : unknownOf(BOOL, false, false);
}

/**
 * A name that is no function. Terraform lets `try` catch that; what Terraform has and Keyform withholds ends the evaluation instead,
 * since going on without it would be another answer than Terraform's.
 */
function unknownFunction(expression: ExpressionOf<'call'>, name: string, run: Run): Typed {
  const { column } = expression;
  const withheld = Object.hasOwn(WITHHELD, name) ? WITHHELD[name] : undefined;
  if (withheld !== undefined)
    throw new EvaluationProblem(`Function ${name} is not available`, column, sentence(withheld));
  if (name.startsWith('provider::'))
    throw new EvaluationProblem(
      'Provider functions are not available',
      column,
      `Keyform runs no functions of other providers, such as ${name}(). Compute the value outside and pass it in as a variable.`,
    );
  const separator = name.lastIndexOf('::');
  if (separator !== -1)
    return run.fail(
      column,
      'Call to unknown function',
      `There are no functions in namespace "${name.slice(0, separator + 2)}".`,
    );
  return run.fail(
    column,
    'Call to unknown function',
    `There is no function named "${name}".${didYouMean(name, [...functionNames, 'try', 'can'])}`,
  );
}
