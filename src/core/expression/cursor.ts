import type { Expression } from './expression.ts';
import { SyntaxProblem } from './problem.ts';
import type { Kind, Token } from './token.ts';

/**
 * Most levels of expressions and directives within one another. Terraform has no such limit; Keyform's own keeps a hostile stack from
 * overflowing JavaScript's, here and in what walks the tree.
 */
export const DEEPEST = 200;

/** Tokens being read. Every `take` and `expect` throws {@link SyntaxProblem} on an invalid token instead of passing over it. */
export class Cursor {
  readonly #tokens: readonly Token[];
  readonly #expression: (cursor: Cursor) => Expression;
  #at = 0;
  #depth = 0;
  /** Whether the end of a line means something, as between the braces of an object. */
  #lines = false;

  /** `expression` reads one expression: what stands within another is read through it. */
  constructor(tokens: readonly Token[], expression: (cursor: Cursor) => Expression) {
    this.#tokens = tokens;
    this.#expression = expression;
  }

  /** The next token, without passing it. */
  get next(): Token {
    return this.#tokens[this.#index()] as Token;
  }

  /** The token after the next. */
  get second(): Token {
    const at = this.#at;
    this.#at = this.#index() + 1;
    const found = this.next;
    this.#at = at;
    return found;
  }

  #index(): number {
    let index = this.#at;
    // The last token is none to be passed, so there is always one to stop at.
    if (!this.#lines) while (this.#tokens[index]?.kind === 'newline') index++;
    return Math.min(index, this.#tokens.length - 1);
  }

  /** Passes the next token. */
  pass(): Token {
    const index = this.#index();
    this.#at = index + 1;
    return this.#tokens[index] as Token;
  }

  sees(kind: Kind): boolean {
    return this.next.kind === kind;
  }

  /** Whether the next token is a certain name. */
  seesWord(word: string): boolean {
    const { kind, text } = this.next;
    return kind === 'name' && text === word;
  }

  /** Passes a token of a kind where it comes next. */
  take(kind: Kind): boolean {
    const found = this.sees(kind);
    if (found) this.pass();
    return found;
  }

  /** Passes a token of a kind; a problem with these words when another comes next. */
  expect(kind: Kind, message: string, detail: string): Token {
    return this.sees(kind) ? this.pass() : this.fail(message, detail);
  }

  /** Reads the expression that comes next, one level deeper. */
  expression(): Expression {
    return this.nested(() => this.#expression(this));
  }

  /** Runs `read` where the ends of lines mean something, or where they do not. */
  within<T>(lines: boolean, read: () => T): T {
    const outer = this.#lines;
    this.#lines = lines;
    const found = read();
    this.#lines = outer;
    return found;
  }

  /** Runs `read` one level deeper. */
  nested<T>(read: () => T): T {
    this.deepen(this.next.column);
    const found = read();
    this.#depth--;
    return found;
  }

  /** Goes `levels` levels deeper, or back up where negative. */
  deepen(column: number, levels = 1): void {
    this.#depth += levels;
    if (this.#depth > DEEPEST)
      throw new SyntaxProblem(
        'Expression nested too deeply',
        column,
        `Expressions may be nested ${DEEPEST} levels deep. Give a part of it a name in locals, and refer to that.`,
      );
  }

  /** A problem of the next token; its own when it is invalid. Of the text itself only signs are shown, since the rest may be secret. */
  fail(message: string, detail: string): never {
    const { kind, column, problem } = this.next;
    if (problem !== null) throw problem;
    throw new SyntaxProblem(message, column, `${detail}${FOUND.get(kind) ?? ` Here stands "${kind}".`}`);
  }
}

const FOUND: ReadonlyMap<Kind, string> = new Map([
  ['name', ' Here stands a name.'],
  ['number', ' Here stands a number.'],
  ['newline', ' Here the line ends.'],
  ['text', ''],
  ['open quote', ' Here stands a quotation mark.'],
  ['close quote', ' Here stands a quotation mark.'],
  ['close', ' Here stands "}".'],
  ['end', ' Here the text ends.'],
]);
