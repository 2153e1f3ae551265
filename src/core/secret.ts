const inspect = Symbol.for('nodejs.util.inspect.custom');

/** What stands in place of a concealed value wherever one might be printed. */
export const SENSITIVE = '(sensitive)';

/**
 * A value that every implicit way of printing (string conversion, JSON, `console.log`, template literals) shows as
 * `(sensitive)`; only {@link Concealed.reveal} gives it, so `grep reveal` finds every place where one leaves.
 */
export class Concealed<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The plain value. Callers: signing, sealing, evaluation, and the `secret` commands; nothing that prints. */
  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return SENSITIVE;
  }

  toJSON(): string {
    return SENSITIVE;
  }

  [inspect](): string {
    return SENSITIVE;
  }
}

/** The secret of a key, a credential, a passphrase or an identity. */
export class Secret extends Concealed<string> {}
