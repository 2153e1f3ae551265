import { SyntaxProblem } from './problem.ts';

/** Signs and operators of expressions. Longer ones first: the longest that fits is taken. */
const SIGNS = ['...', '&&', '||', '==', '!=', '>=', '<=', '=>', '::', ...'[]().,*/%+-=<>!?:'] as const;

export type Sign =
  | ('...' | '&&' | '||' | '==' | '!=' | '>=' | '<=' | '=>' | '::' | '[' | ']' | '(' | ')' | '.' | ',' | '*' | '/')
  | ('%' | '+' | '-' | '=' | '<' | '>' | '!' | '?' | ':' | '{' | '}');

export type Kind =
  | Sign
  | 'name'
  | 'number'
  /** The end of a line within an expression, that of a comment included. */
  | 'newline'
  /** Literal text of a template. */
  | 'text'
  /** The quotes of a string in an expression. */
  | 'open quote'
  | 'close quote'
  /** What opens an interpolation or a directive, and the brace that closes either. */
  | '${'
  | '%{'
  | 'close'
  /** What the language has no place for; nothing after it is read. */
  | 'invalid'
  | 'end';

/** A token of Terraform's expressions and templates. */
export interface Token {
  readonly kind: Kind;
  /** Where it begins, 1-based, in characters. */
  readonly column: number;
  /** Names and numbers as they are written, text with its escapes resolved; else empty. */
  readonly text: string;
  /** Of `${`, `%{` and `close`: whether a strip marker (`~`) belongs to it. */
  readonly strips: boolean;
  /** Of `invalid`: what is wrong. */
  readonly problem: SyntaxProblem | null;
}

/** A name of the language: a letter or `_`, then letters, digits, `_` and `-`, of any script. */
export const NAME = '[\\p{ID_Start}_][\\p{ID_Continue}-]*';

const IDENTIFIER = new RegExp(NAME, 'uy');
/** Terraform takes any run of digits, dots and exponents that does not end with a dot for one number, and then finds most of them invalid. */
const NUMBER = /\d(?:(?:[\d.]|[eE][+-]?\d)*(?:\d|[eE][+-]?\d))?/y;
const SPACES = /[ \t]+/y;
const NEWLINE = /\r?\n/y;
const COMMENT = /(?:#|\/\/)[^\n]*/y;
const SIGN = new RegExp(SIGNS.map((sign) => sign.replace(/[^&=:<>!-]/g, '\\$&')).join('|'), 'y');

/** Literal text, up to what might begin something else. A line of a template without quotes is a token of its own. */
const BARE = /[^$%\r\n]+(?:\r?\n)?|\r?\n/y;
const QUOTED = /[^$%"\\\r\n]+/y;
const UNICODE = /\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/y;
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['"', '"'],
  ['\\', '\\'],
]);

/** What is refused by a single character, with what to write instead. */
const FOREIGN: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['&', ['Unsupported operator', 'There are no operators for bits. Write && for "and".']],
  ['|', ['Unsupported operator', 'There are no operators for bits. Write || for "or".']],
  ['^', ['Unsupported operator', 'There are no operators for bits, nor one for powers. Call pow() for powers.']],
  [
    '~',
    [
      'Unsupported operator',
      'There are no operators for bits. Write ! for "not"; "~" marks only "${~", "%{~" and "~}".',
    ],
  ],
  ['`', ['Invalid character', 'Texts are put in double quotes, not in backticks.']],
  ["'", ['Invalid character', 'Texts are put in double quotes, not in single ones.']],
  ['\u2018', ['Invalid character', 'Texts are put in straight double quotes, not in curly ones.']],
  ['\u2019', ['Invalid character', 'Texts are put in straight double quotes, not in curly ones.']],
  ['\u201c', ['Invalid character', 'Texts are put in straight double quotes, not in curly ones.']],
  ['\u201d', ['Invalid character', 'Texts are put in straight double quotes, not in curly ones.']],
  [';', ['Invalid character', 'Items are separated by commas, not by semicolons.']],
  ['\\', ['Invalid character', 'A backslash has a meaning only between quotes.']],
]);

/** Where the reader of tokens is: in text without quotes, between quotes, or in an expression. */
interface Mode {
  readonly kind: 'bare' | 'quoted' | 'expression';
  /** Whether a brace closes it, as of `${` and `%{`. */
  readonly closes: boolean;
  /** Braces that are open in it. */
  braces: number;
}

/**
 * The tokens of a text, up to the first invalid one: those of an expression, or those of a template without quotes (`template`), as HCL has
 * them. https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md#lexical-elements
 */
export function tokenize(text: string, template: boolean): readonly Token[] {
  return new Lexer(text, template).read();
}

class Lexer {
  readonly #text: string;
  readonly #modes: Mode[];
  #at: number;
  /** An index and the number of characters before it: columns are counted on from here. */
  #counted = 0;
  #characters = 0;

  constructor(text: string, template: boolean) {
    this.#text = text;
    this.#modes = [{ kind: template ? 'bare' : 'expression', closes: false, braces: 0 }];
    // Terraform passes over a byte order mark, in strings too.
    this.#at = text.startsWith('\ufeff') ? 1 : 0;
  }

  read(): readonly Token[] {
    const tokens: Token[] = [];
    while (this.#at < this.#text.length) {
      const mode = this.#modes.at(-1) as Mode;
      const token = mode.kind === 'expression' ? this.#expression(mode) : this.#template(mode.kind === 'quoted');
      if (token === null) continue;
      tokens.push(token);
      if (token.kind === 'invalid') return tokens;
    }
    tokens.push(this.#token('end', this.#at));
    return tokens;
  }

  /** Passes what a sticky pattern matches here; null for nothing. */
  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found === '' ? null : found;
  }

  #take(text: string): boolean {
    const found = this.#text.startsWith(text, this.#at);
    if (found) this.#at += text.length;
    return found;
  }

  #token(kind: Kind, start: number, text = '', strips = false): Token {
    return { kind, column: this.#column(start), text, strips, problem: null };
  }

  #refuse(start: number, message: string, detail: string): Token {
    const column = this.#column(start);
    const problem = new SyntaxProblem(message, column, detail);
    return { kind: 'invalid', column, text: '', strips: false, problem };
  }

  /** The 1-based column of an index not before the last one asked for. A character beyond the first plane has two indexes. */
  #column(index: number): number {
    for (; this.#counted < index; this.#counted++)
      if ((this.#text.charCodeAt(this.#counted) & 0xfc00) !== 0xdc00) this.#characters++;
    return this.#characters + 1;
  }

  #expression(mode: Mode): Token | null {
    this.#match(SPACES);
    const start = this.#at;
    if (start === this.#text.length) return null;
    const name = this.#match(IDENTIFIER);
    if (name !== null) return this.#token('name', start, name);
    const number = this.#match(NUMBER);
    if (number !== null) return this.#token('number', start, number);
    if (this.#match(COMMENT) !== null) return null;
    if (this.#match(NEWLINE) !== null) return this.#token('newline', start);
    if (this.#take('/*')) return this.#comment(start);
    if (this.#take('"')) {
      this.#modes.push({ kind: 'quoted', closes: false, braces: 0 });
      return this.#token('open quote', start);
    }
    if (this.#take('{')) {
      mode.braces++;
      return this.#token('{', start);
    }
    if (this.#text.startsWith('}', start) || this.#text.startsWith('~}', start)) return this.#brace(mode);
    if (this.#take('<<'))
      return this.#refuse(
        start,
        'Heredocs are not supported',
        'A JSON string holds any number of lines by itself. Write the text in quotes, with \\n for the end of a line.',
      );
    const sign = this.#match(SIGN);
    if (sign !== null) return this.#token(sign as Sign, start);
    const character = String.fromCodePoint(this.#text.codePointAt(start) as number);
    const [message, detail] = FOREIGN.get(character) ?? [
      'Invalid character',
      'The language has no use for this character outside of quotes. If it belongs to a text, write $${ for a literal "${".',
    ];
    return this.#refuse(start, message, detail);
  }

  #comment(start: number): Token | null {
    const end = this.#text.indexOf('*/', this.#at);
    if (end < 0) return this.#refuse(start, 'Unclosed comment', 'Close it with "*/".');
    this.#at = end + 2;
    return null;
  }

  /** `}` or `~}`. */
  #brace(mode: Mode): Token {
    const start = this.#at;
    const strips = this.#take('~');
    this.#at++;
    if (mode.closes && mode.braces === 0) {
      this.#modes.pop();
      return this.#token('close', start, '', strips);
    }
    if (strips)
      return this.#refuse(
        start,
        'Invalid strip marker',
        'Only what "${" or "%{" opened can be closed with "~}". Close what was opened with "{" first, with "}".',
      );
    mode.braces--;
    return this.#token('}', start);
  }

  #template(quoted: boolean): Token {
    const start = this.#at;
    const literal = this.#match(quoted ? QUOTED : BARE);
    if (literal !== null && !(quoted && this.#text[this.#at] === '\\')) return this.#token('text', start, literal);
    const next = this.#text[this.#at];
    if (next === '\\') return this.#escaped(start, literal ?? '');
    if (next === '"') {
      this.#at++;
      this.#modes.pop();
      return this.#token('close quote', start);
    }
    if (next === '$' || next === '%') return this.#sequence(next);
    if (quoted)
      return this.#refuse(
        start,
        'Invalid multi-line string',
        'A text in quotes ends on the line that it began on. Write \\n for the end of a line.',
      );
    // A carriage return by itself, after which Terraform takes all the rest for text.
    this.#at = this.#text.length;
    const rest = this.#text.slice(start).replace(/\$\$\{?|%%\{?/g, (one) => (one.length === 3 ? one.slice(1) : one));
    return this.#token('text', start, rest);
  }

  /** `${`, `%{`, `$${`, `%%{`, or a sign that is just itself. */
  #sequence(sign: '$' | '%'): Token {
    const start = this.#at;
    if (this.#take(`${sign}${sign}{`)) return this.#token('text', start, `${sign}{`);
    if (!this.#take(`${sign}{`)) {
      this.#at++;
      return this.#token('text', start, sign);
    }
    this.#modes.push({ kind: 'expression', closes: true, braces: 0 });
    return this.#token(`${sign}{`, start, '', this.#take('~'));
  }

  /** Text between quotes with escapes in it, as one token: a strip marker takes escaped white space away too. */
  #escaped(start: number, before: string): Token {
    let text = before;
    for (;;) {
      text += this.#match(QUOTED) ?? '';
      if (this.#text[this.#at] !== '\\') return this.#token('text', start, text);
      const from = this.#at;
      const plain = ESCAPES.get(this.#text[from + 1] ?? '');
      if (plain !== undefined) {
        this.#at += 2;
        text += plain;
        continue;
      }
      const code = this.#match(UNICODE);
      const point = code === null ? -1 : Number.parseInt(code.slice(2), 16);
      if (point >= 0 && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff)) {
        text += String.fromCodePoint(point);
        continue;
      }
      return this.#refuse(
        from,
        'Invalid escape sequence',
        code === null
          ? 'The escapes are \\n, \\r, \\t, \\", \\\\, \\u with four and \\U with eight hexadecimal digits. Write \\\\ for a backslash.'
          : 'Unicode has no character with this number. Beyond \\uFFFF write \\U and eight digits, not two halves with \\u.',
      );
    }
  }
}
