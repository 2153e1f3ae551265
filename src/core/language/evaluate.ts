import type { Expression } from './expression.ts';
import { formatReference } from './expression.ts';
import { asObject, Sensitive, sensitive, UNKNOWN, Unknown, type Value } from './value.ts';

/** A well-formed expression that has no value. */
export class EvaluationProblem extends Error {
  /** 1-based column inside the string; null when the whole value is at fault. */
  readonly column: number | null;
  readonly detail: string;

  constructor(message: string, column: number | null, detail: string) {
    super(message);
    this.column = column;
    this.detail = detail;
  }
}

/** Where names come from. */
export interface Scope {
  /**
   * The value that a reference starts from and how many of its steps that used up: for `var.region`, the variable and 1.
   * Throws {@link EvaluationProblem} for a name that is not declared.
   */
  lookup(reference: Extract<Expression, { kind: 'reference' }>): { readonly value: Value; readonly used: number };
}

/** The value of an expression. Throws {@link EvaluationProblem}. */
export function evaluate(expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'list':
      return expression.items.map((item) => evaluate(item, scope));
    case 'object': {
      // Not by assignment: a key named __proto__ is a key like any other.
      return Object.fromEntries([...expression.entries].map(([key, item]) => [key, evaluate(item, scope)]));
    }
    case 'reference': {
      const { value, used } = scope.lookup(expression);
      return traverse(value, expression, used);
    }
    case 'template':
      return join(expression.parts.map((part) => [part, evaluate(part, scope)] as const));
  }
}

/** Follows the steps that `lookup` left. Sensitivity of a whole carries over to its parts. */
function traverse(start: Value, reference: Extract<Expression, { kind: 'reference' }>, used: number): Value {
  let value = start;
  let marked = false;
  for (let index = used; index < reference.steps.length; index++) {
    const step = reference.steps[index] as string | number;
    if (value instanceof Sensitive) {
      marked = true;
      value = value.reveal();
    }
    if (value instanceof Unknown) break;
    const object = asObject(value);
    const next: Value | undefined = Array.isArray(value)
      ? /^[0-9]+$/.test(String(step))
        ? value[Number(step)]
        : undefined
      : object !== null && Object.hasOwn(object, String(step))
        ? object[String(step)]
        : undefined;
    if (next === undefined) {
      const parent = formatReference({ root: reference.root, steps: reference.steps.slice(0, index) });
      // What a sensitive value has, down to the names in it and their number, is not for a message.
      const has = marked
        ? 'It is sensitive, so what it has is not shown.'
        : object !== null
          ? `It has: ${Object.keys(object).join(', ') || 'no attributes'}.`
          : Array.isArray(value)
            ? `It is a list of ${value.length}.`
            : 'It is not an object or a list.';
      throw new EvaluationProblem(
        `${parent} has no ${typeof step === 'number' ? `element ${step}` : `attribute "${step}"`}`,
        reference.column,
        has,
      );
    }
    value = next;
  }
  return marked ? sensitive(value) : value;
}

/** Joins template parts to one string; one unknown part makes it unknown, one sensitive part makes it sensitive. */
function join(parts: readonly (readonly [Expression, Value])[]): Value {
  let text = '';
  let unknown = false;
  let marked = false;
  for (const [part, found] of parts) {
    let value = found;
    if (value instanceof Sensitive) {
      marked = true;
      value = value.reveal();
    }
    if (value instanceof Unknown) unknown = true;
    else if (typeof value === 'string') text += value;
    else if (typeof value === 'number' || typeof value === 'boolean') text += String(value);
    else {
      const name = part.kind === 'reference' ? formatReference(part) : 'The value';
      const column = part.kind === 'reference' ? part.column : null;
      throw new EvaluationProblem(
        `${name} cannot be part of a string`,
        column,
        value === null
          ? 'The value is null. Only strings, numbers and booleans can stand inside text.'
          : 'The value is a list or an object. Only strings, numbers and booleans can stand inside text.',
      );
    }
  }
  const joined: Value = unknown ? UNKNOWN : text;
  return marked ? sensitive(joined) : joined;
}
