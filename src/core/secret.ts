const inspect = Symbol.for('nodejs.util.inspect.custom');

/** What stands in place of a secret wherever one might be printed. */
export const SENSITIVE = '(sensitive)';

/**
 * A secret value. Every implicit way of printing it (string conversion, JSON, `console.log`, template literals) gives
 * `(sensitive)`; only {@link Secret.reveal} gives the value, so `grep reveal` finds every place where one leaves.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The plain value. Callers: signing, sealing, and the `secret` commands; nothing else. */
  reveal(): string {
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
