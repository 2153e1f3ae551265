import { DYNAMIC, type Type } from '../typed/type.ts';
import { isUnknown, marked, type Typed, type UnknownContent, unknownValue } from '../typed/typed.ts';
import type { Scope } from './evaluate.ts';
import type { Expression } from './expression.ts';
import { EvaluationProblem } from './problem.ts';

/** One thing wrong with an evaluation. Its texts never hold a sensitive value, nor a key or the length of a sensitive collection. */
export interface Problem {
  /** Column of the part at fault. */
  readonly column: number;
  /** What is wrong, without a full stop. */
  readonly summary: string;
  /** Sentences: why, and what to do. */
  readonly detail: string;
}

/** A name that a `for` binds. */
export interface Local {
  readonly name: string;
  value: Typed;
  readonly outer: Local | null;
}

/**
 * Most levels of expressions within one another, the longest way down. Terraform has no such limit; Keyform's own keeps a hostile
 * stack from overflowing JavaScript's. (Chains such as `a + b + c` count as one level.)
 */
const DEPTH = 300;

/** A value of unknown type, which also stands for the result of what failed. */
export const UNKNOWN: Typed = unknownValue(DYNAMIC);

/**
 * One evaluation. Problems are collected and evaluation goes on with an unknown value, as in Terraform, where the type of a failed
 * branch still takes part in unification and where the problems of the branch not taken are dropped. What the scope throws ends it.
 */
export class Run {
  readonly scope: Scope;
  readonly #evaluate: (expression: Expression, run: Run) => Typed;
  #depth = 0;
  problems: Problem[] = [];
  /** The innermost name that a `for` binds. */
  locals: Local | null = null;
  /** What `splat-element` means; null outside of splats. */
  element: Typed | null = null;

  constructor(scope: Scope, evaluate: (expression: Expression, run: Run) => Typed) {
    this.scope = scope;
    this.#evaluate = evaluate;
  }

  /** The value of a part. After a problem: what Terraform would go on with. */
  value(expression: Expression): Typed {
    if (this.#depth >= DEPTH)
      throw new EvaluationProblem(
        'Expression nested too deeply',
        expression.column,
        `Expressions may be nested ${DEPTH} levels deep. Give a part of it a name in locals, and refer to that.`,
      );
    this.#depth++;
    const value = this.#evaluate(expression, this);
    this.#depth--;
    return value;
  }

  /** The value that a name bound by a `for` has here; undefined when no `for` binds it. */
  local(name: string): Typed | undefined {
    for (let local = this.locals; local !== null; local = local.outer) if (local.name === name) return local.value;
    return undefined;
  }

  /** Notes a problem; the result is a value of unknown type. */
  fail(column: number, summary: string, detail: string): Typed {
    this.problems.push({ column, summary, detail });
    return UNKNOWN;
  }

  /** Drops the problems noted since there were `count` of them, and gives them. */
  dropSince(count: number): readonly Problem[] {
    return this.problems.splice(count);
  }
}

/** The value, marked when it is or when `sensitive` says so. */
export function withMark(value: Typed, sensitive: boolean): Typed {
  return sensitive ? marked(value, true) : value;
}

/** An unknown value; "not null" says nothing of one whose type is unknown too. */
export function unknownOf(type: Type, notNull: boolean, sensitive: boolean): Typed {
  if (type.kind === 'dynamic' && !sensitive) return UNKNOWN;
  return withMark(unknownValue(type, notNull && type.kind !== 'dynamic'), sensitive);
}

/** Whether a value is certain not to be null. */
export function isNotNull(value: Typed): boolean {
  return isUnknown(value) ? (value.content as UnknownContent).notNull : value.content !== null;
}
