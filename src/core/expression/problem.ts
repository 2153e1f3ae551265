/** A string that is not an expression of the language. The message is a summary without a full stop. */
export class SyntaxProblem extends Error {
  /** 1-based column inside the string, in characters. */
  readonly column: number;
  /** What to do, in sentences. Quotes nothing of the string but punctuation: the rest may be part of a secret. */
  readonly detail: string;

  constructor(message: string, column: number, detail: string) {
    super(message);
    this.name = 'SyntaxProblem';
    this.column = column;
    this.detail = detail;
  }
}

/** A well-formed expression that has no value. The message is a summary without a full stop. */
export class EvaluationProblem extends Error {
  /** 1-based column inside the string, in characters; null when the whole value is at fault. */
  readonly column: number | null;
  /** What is wrong and what to do, in sentences. Shows nothing of a sensitive value. */
  readonly detail: string;

  constructor(message: string, column: number | null, detail: string) {
    super(message);
    this.name = 'EvaluationProblem';
    this.column = column;
    this.detail = detail;
  }
}
