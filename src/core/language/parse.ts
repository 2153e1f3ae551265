import { isObject, type Json } from '../json.ts';
import type { Expression, Step } from './expression.ts';

/**
 * Terraform's template language in JSON strings, as far as this version goes: literal text, the escapes `$${` and `%%{`,
 * and `${…}` around a reference or a literal. Everything else is refused here, at its column, never passed on.
 * https://developer.hashicorp.com/terraform/language/syntax/json#expression-mapping
 */

/** A string that is not an expression of the language. */
export class SyntaxProblem extends Error {
  /** 1-based column inside the string. */
  readonly column: number;
  readonly detail: string;

  constructor(message: string, column: number, detail: string) {
    super(message);
    this.column = column;
    this.detail = detail;
  }
}

const SUPPORTED =
  'This version evaluates references such as ${var.name}, ${local.name} and ${TYPE.NAME.id}, with attributes and indexes, and literals.';

/**
 * Parses a JSON value whose strings are templates. `report` is called for each problem with the path below `value`;
 * a string with a problem stands as an empty literal in the result, so that all problems are found in one pass.
 */
export function parseValue(
  value: Json,
  report: (problem: SyntaxProblem, path: readonly (string | number)[]) => void,
  path: readonly (string | number)[] = [],
): Expression {
  if (typeof value === 'string') {
    if (!value.includes('${') && !value.includes('%{')) return { kind: 'literal', value };
    try {
      return parseTemplate(value);
    } catch (error) {
      if (!(error instanceof SyntaxProblem)) throw error;
      report(error, path);
      return { kind: 'literal', value: '' };
    }
  }
  if (Array.isArray(value)) {
    return { kind: 'list', items: value.map((item: Json, index) => parseValue(item, report, [...path, index])) };
  }
  if (isObject(value)) {
    const entries = new Map<string, Expression>();
    for (const [key, item] of Object.entries(value as { [key: string]: Json })) {
      if (key.includes('${') || key.includes('%{')) {
        report(
          new SyntaxProblem(
            'Templates in the names of an object are not evaluated by this version',
            1,
            'Write the name itself. Only values are evaluated.',
          ),
          [...path, key],
        );
      }
      entries.set(key, parseValue(item, report, [...path, key]));
    }
    return { kind: 'object', entries };
  }
  return { kind: 'literal', value };
}

/** Parses one string. A string that is nothing but one `${…}` keeps its value's type. Throws {@link SyntaxProblem}. */
export function parseTemplate(text: string): Expression {
  const parts: Expression[] = [];
  let literal = '';
  let at = 0;
  const flush = () => {
    if (literal !== '') parts.push({ kind: 'literal', value: literal });
    literal = '';
  };
  while (at < text.length) {
    if (text.startsWith('$${', at) || text.startsWith('%%{', at)) {
      literal += text.slice(at + 1, at + 3);
      at += 3;
    } else if (text.startsWith('%{', at)) {
      throw new SyntaxProblem(
        'Template directives are not evaluated by this version',
        at + 1,
        `${SUPPORTED} Write %%{ for a literal "%{".`,
      );
    } else if (text.startsWith('${', at)) {
      flush();
      const parser = new ExpressionParser(text, at + 2);
      parts.push(parser.interpolation());
      at = parser.at;
    } else {
      literal += text[at];
      at += 1;
    }
  }
  flush();
  const [only] = parts;
  if (parts.length === 0) return { kind: 'literal', value: '' };
  if (parts.length === 1 && only !== undefined) return only;
  return { kind: 'template', parts, column: 1 };
}

const IDENTIFIER = /[A-Za-z_][A-Za-z0-9_-]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const STRING = /"(?:[^"\\\n]|\\.)*"/y;
const SPACE = /[ \t\r\n]*/y;

class ExpressionParser {
  readonly text: string;
  at: number;

  constructor(text: string, at: number) {
    this.text = text;
    this.at = at;
  }

  /** From behind `${` to behind `}`. */
  interpolation(): Expression {
    const start = this.at - 2;
    if (this.text[this.at] === '~') throw this.refuse('Strip markers are not evaluated by this version');
    this.space();
    if (this.at >= this.text.length) throw this.unclosed(start);
    const expression = this.term();
    this.space();
    if (this.at >= this.text.length) throw this.unclosed(start);
    if (this.text[this.at] !== '}') throw this.unexpected();
    this.at += 1;
    return expression;
  }

  private term(): Expression {
    const string = this.string();
    if (string !== null) return { kind: 'literal', value: string };
    const number = this.match(NUMBER);
    if (number !== null) return { kind: 'literal', value: Number(number) };
    const column = this.at + 1;
    const root = this.match(IDENTIFIER);
    if (root === null) throw this.unexpected();
    if (root === 'true' || root === 'false') return { kind: 'literal', value: root === 'true' };
    if (root === 'null') return { kind: 'literal', value: null };
    if (this.peek() === '(') {
      throw new SyntaxProblem(
        `The function "${root}" is not evaluated by this version`,
        column,
        `${SUPPORTED} Compute the value where the stack is written (in TypeScript, or by hand), or pass it in as a variable.`,
      );
    }
    return { kind: 'reference', root, steps: this.steps(), column };
  }

  /** A quoted string; null when there is none here. */
  private string(): string | null {
    const column = this.at + 1;
    const quoted = this.match(STRING);
    if (quoted === null) return null;
    if (/\$\{|%\{/.test(quoted)) {
      throw new SyntaxProblem('A template inside an expression is not evaluated by this version', column, SUPPORTED);
    }
    try {
      return JSON.parse(quoted) as string;
    } catch {
      throw new SyntaxProblem(
        'Invalid string in an expression',
        column,
        'Strings take the escapes \\n, \\r, \\t, \\", \\\\ and \\uNNNN.',
      );
    }
  }

  private steps(): Step[] {
    const steps: Step[] = [];
    for (;;) {
      const next = this.text[this.at];
      if (next === '.') {
        this.at += 1;
        if (this.text[this.at] === '*') throw this.refuse('Splat expressions are not evaluated by this version');
        const name = this.match(IDENTIFIER) ?? this.match(/[0-9]+/y);
        if (name === null) throw this.unexpected();
        steps.push(/^[0-9]/.test(name) ? Number(name) : name);
      } else if (next === '[') {
        this.at += 1;
        this.space();
        if (this.text[this.at] === '*') throw this.refuse('Splat expressions are not evaluated by this version');
        const string = this.string();
        const number = string === null ? this.match(/[0-9]+/y) : null;
        if (string === null && number === null) {
          throw this.refuse('An index must be a number or a quoted string in this version');
        }
        this.space();
        if (this.text[this.at] !== ']') throw this.unexpected();
        this.at += 1;
        steps.push(string ?? Number(number));
      } else {
        return steps;
      }
    }
  }

  private match(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null || found[0] === '') return null;
    this.at += found[0].length;
    return found[0];
  }

  private space(): void {
    this.match(SPACE);
  }

  private peek(): string | undefined {
    const before = this.at;
    this.space();
    const next = this.text[this.at];
    this.at = before;
    return next;
  }

  private refuse(message: string): SyntaxProblem {
    return new SyntaxProblem(message, this.at + 1, SUPPORTED);
  }

  private unclosed(start: number): SyntaxProblem {
    return new SyntaxProblem(
      'Unclosed "${"',
      start + 1,
      'Close the expression with "}", or write $${ for a literal "${".',
    );
  }

  private unexpected(): SyntaxProblem {
    const rest = this.text.slice(this.at);
    if (rest === '' || rest.startsWith('}')) {
      return new SyntaxProblem('An expression is missing or ends too early', this.at + 1, SUPPORTED);
    }
    // Only punctuation is quoted: the rest may be part of a literal secret that happens to hold "${".
    const sign = /^[^\p{L}\p{N}\s"]{1,3}/u.exec(rest)?.[0];
    const found = sign === undefined ? 'text' : `"${sign}"`;
    return new SyntaxProblem(`Unexpected ${found} in an expression`, this.at + 1, SUPPORTED);
  }
}
