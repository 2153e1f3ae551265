import type { Place } from '../diagnostic.ts';
import { EvaluationProblem } from '../expression/problem.ts';

/** A problem of an expression other than the one that was asked for: of a local value, an output or a variable behind it. */
export class PlacedProblem extends EvaluationProblem {
  readonly place: Place;

  constructor(message: string, column: number | null, detail: string, place: Place) {
    super(message, column, detail);
    this.place = place;
  }
}

/**
 * A value was needed that is not there, because planning or making it failed, or because it was left out: nothing to complain about where
 * it is needed. Not a problem of the language, so that `try` does not hide it.
 */
export class MissingValue extends Error {
  /** Address of what has no value. */
  readonly address: string;

  constructor(address: string) {
    super(`${address} has no value`);
    this.address = address;
  }
}

/** Runs `evaluate`; a problem that has no place yet gets `place`. */
export function placed<T>(place: Place, evaluate: () => T): T {
  try {
    return evaluate();
  } catch (error) {
    if (!(error instanceof EvaluationProblem) || error instanceof PlacedProblem) throw error;
    throw new PlacedProblem(error.message, error.column, error.detail, place);
  }
}

/** Where a problem is: its own place, or that of the expression that was asked for. */
export function placeOf(problem: EvaluationProblem, asked: Place): Place {
  const place = problem instanceof PlacedProblem ? problem.place : asked;
  return problem.column === null ? place : { ...place, column: problem.column };
}
