import { ConversionProblem, convert } from '../typed/convert.ts';
import { friendlyName } from '../typed/format.ts';
import { Num } from '../typed/number.ts';
import { STRING, type Type } from '../typed/type.ts';
import {
  isNull,
  isUnknown,
  marked,
  numberValue,
  objectValue,
  stringValue,
  type Typed,
  tupleValue,
} from '../typed/typed.ts';
import { truthOf } from './conditional.ts';
import type { Expression, ExpressionOf } from './expression.ts';
import { type Local, type Run, UNKNOWN, withMark } from './run.ts';

const CONDITION = "Invalid 'for' condition";
const KEY = 'Invalid object key';

/** The elements of a known collection, as `for` and `...` meet them, each with its key or index (a set's elements are their own). */
export function* elementsOf(collection: Typed): Generator<readonly [key: Typed, value: Typed]> {
  const { content, type } = collection;
  if (content instanceof Map) {
    for (const [name, value] of content as ReadonlyMap<string, Typed>) yield [stringValue(name), value];
    return;
  }
  let index = 0;
  for (const value of content as readonly Typed[])
    yield [type.kind === 'set' ? value : numberValue(Num.of(index++)), value];
}

/** What a `for` goes over and binds: common to the expression and to `%{ for }`. */
interface Loop {
  readonly column: number;
  readonly key: string | null;
  readonly value: string;
  readonly collection: Expression;
  readonly condition: Expression | null;
}

/**
 * `[for …]` and `{for …}`. Marks of the collection, of conditions and of keys make the whole result sensitive.
 * https://developer.hashicorp.com/terraform/language/expressions/for
 */
export function evaluateFor(expression: ExpressionOf<'for'>, run: Run): Typed {
  const { keyed, result, group } = expression;
  if (keyed === null) return evaluateSequence(expression, (inner) => inner.value(result), run);
  const values = new Map<string, Typed>();
  const groups = new Map<string, Typed[]>();
  const outcome = iterate(
    expression,
    (loop, inner) => {
      const key = keyOf(keyed, loop, inner);
      if (key === null) return;
      const value = inner.value(result);
      if (group) {
        const members = groups.get(key);
        if (members === undefined) groups.set(key, [value]);
        else members.push(value);
        return;
      }
      if (!values.has(key)) {
        values.set(key, value);
        return;
      }
      const which = loop.sensitive ? 'the same key' : `the key "${key}"`;
      inner.fail(
        keyed.column,
        'Duplicate object key',
        `Two different items produced ${which} in this 'for' expression. If duplicates are expected, put ... after the value, which groups values by key.`,
      );
    },
    run,
  );
  if (outcome.early !== null) return outcome.early;
  if (!outcome.known) return withMark(UNKNOWN, outcome.sensitive);
  if (group) for (const [key, members] of groups) values.set(key, tupleValue(members));
  return withMark(objectValue(values), outcome.sensitive);
}

/** A tuple of what `each` makes of every element; also the heart of `%{ for }`. */
export function evaluateSequence(loop: Loop, each: (run: Run) => Typed, run: Run): Typed {
  const values: Typed[] = [];
  const outcome = iterate(
    loop,
    (_, inner) => {
      values.push(each(inner));
    },
    run,
  );
  if (outcome.early !== null) return outcome.early;
  return withMark(outcome.known ? tupleValue(values) : UNKNOWN, outcome.sensitive);
}

interface Outcome {
  /** The result where the loop was never entered. */
  early: Typed | null;
  /** Whether every condition and key was known. */
  known: boolean;
  /** Whether collection, conditions or keys were marked. */
  sensitive: boolean;
}

function iterate(loop: Loop, body: (outcome: Outcome, run: Run) => void, run: Run): Outcome {
  const outcome: Outcome = { early: null, known: true, sensitive: false };
  const collection = run.value(loop.collection);
  const { type } = collection;
  if (isNull(collection)) {
    outcome.early = run.fail(
      loop.collection.column,
      'Iteration over null value',
      "A null value cannot be the collection of a 'for'. Where it may be null, write for x in coalesce(…, []), or use a splat ([*]).",
    );
    return outcome;
  }
  if (type.kind === 'dynamic') {
    outcome.early = UNKNOWN;
    return outcome;
  }
  outcome.sensitive = collection.sensitive;
  if (!isCollection(type)) {
    outcome.early = run.fail(
      loop.collection.column,
      'Iteration over non-iterable value',
      `A value of type ${friendlyName(type)} cannot be the collection of a 'for': that takes a list, set, tuple, map or object.`,
    );
    return outcome;
  }

  const outer = run.locals;
  const key: Local | null = loop.key === null ? null : { name: loop.key, value: UNKNOWN, outer };
  const value: Local = { name: loop.value, value: UNKNOWN, outer: key ?? outer };
  run.locals = value;
  enter(loop, key, value, collection, outcome, body, run);
  run.locals = outer;
  return outcome;
}

function enter(
  loop: Loop,
  key: Local | null,
  value: Local,
  collection: Typed,
  outcome: Outcome,
  body: (outcome: Outcome, run: Run) => void,
  run: Run,
): void {
  const { condition } = loop;
  if (condition !== null) {
    // As Terraform does: once with nothing known, so that a condition that can never do is found in an empty collection too.
    const before = run.problems.length;
    const trial = run.value(condition);
    if (isNull(trial))
      outcome.early = run.fail(condition.column, 'Condition is null', "The value of the 'if' clause must not be null.");
    else if (!isUnknown(trial) && truthOf(trial) === null) outcome.early = failCondition(condition, run);
    else if (isUnknown(trial) && isNeverBool(trial.type)) outcome.early = failCondition(condition, run);
    else if (run.problems.length > before) outcome.early = UNKNOWN;
    if (outcome.early !== null) return;
    if (isUnknown(collection)) outcome.sensitive ||= trial.sensitive;
  }
  if (isUnknown(collection)) {
    outcome.early = withMark(UNKNOWN, outcome.sensitive);
    return;
  }
  for (const [name, element] of elementsOf(collection)) {
    if (key !== null) key.value = name;
    value.value = element;
    if (condition !== null && !includes(condition, outcome, run)) continue;
    body(outcome, run);
  }
}

/** Whether the condition takes the element; not while that is not known. */
function includes(condition: Expression, outcome: Outcome, run: Run): boolean {
  const include = run.value(condition);
  if (isNull(include)) {
    if (outcome.known) run.fail(condition.column, CONDITION, "The value of the 'if' clause must not be null.");
    outcome.known = false;
    return false;
  }
  outcome.sensitive ||= include.sensitive;
  if (isUnknown(include)) {
    outcome.known = false;
    return false;
  }
  const answer = truthOf(include);
  if (answer !== null) return answer;
  if (outcome.known) failCondition(condition, run);
  outcome.known = false;
  return false;
}

function failCondition(condition: Expression, run: Run): Typed {
  return run.fail(condition.column, CONDITION, "The value of the 'if' clause must be true or false.");
}

/** The key of an element; null when there is none, or it is not known yet. */
function keyOf(keyed: Expression, outcome: Outcome, run: Run): string | null {
  const raw = run.value(keyed);
  if (isNull(raw)) {
    if (outcome.known) run.fail(keyed.column, KEY, "The key in a 'for' expression must not be null.");
    outcome.known = false;
    return null;
  }
  outcome.sensitive ||= raw.sensitive;
  if (isUnknown(raw)) {
    outcome.known = false;
    return null;
  }
  if (typeof raw.content === 'string') return raw.content;
  try {
    return convert(marked(raw, false), STRING).content as string;
  } catch (error) {
    if (!(error instanceof ConversionProblem)) throw error;
    if (outcome.known)
      run.fail(keyed.column, KEY, `A value of type ${friendlyName(raw.type)} cannot be a key: a text is required.`);
    outcome.known = false;
    return null;
  }
}

function isCollection(type: Type): boolean {
  return (
    type.kind === 'list' ||
    type.kind === 'set' ||
    type.kind === 'tuple' ||
    type.kind === 'map' ||
    type.kind === 'object'
  );
}

/** Whether a value of the type can become neither true nor false, whatever it will be. */
function isNeverBool(type: Type): boolean {
  return type.kind !== 'dynamic' && type.kind !== 'bool' && type.kind !== 'string';
}
