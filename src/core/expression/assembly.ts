import type { readLoop } from './bracket.ts';
import type { Cursor } from './cursor.ts';
import type { Expression } from './expression.ts';
import { SyntaxProblem } from './problem.ts';

/** What begins a directive with a body. */
export type Directive = { readonly column: number } & (
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      /** What stands before `else`; null before there is one. */
      readonly first: Expression | null;
    }
  | { readonly kind: 'for'; readonly loop: ReturnType<typeof readLoop> }
);

const WHITE_SPACE = /\p{White_Space}/u;

/** The text without the white space that a strip marker behind it takes. A pattern for this would go over long runs of it again and again. */
function stripped(text: string): string {
  let end = text.length;
  while (end > 0 && WHITE_SPACE.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/** Puts the parts of a template together: tokens of text to texts, directives around what they apply to. */
export class Assembly {
  readonly #cursor: Cursor;
  /** The template's own parts, and those of each directive that is open, with what began it. */
  readonly #frames: { readonly parts: Expression[]; readonly directive: Directive | null }[] = [
    { parts: [], directive: null },
  ];
  /** Text that no sequence has ended yet; of it, a strip marker reaches only the last token. */
  #text: { readonly before: string; readonly last: string; readonly column: number } | null = null;
  #texts = 0;
  #sequences = 0;

  /** The cursor counts the levels of directives with those of expressions. */
  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  /** Adds one token of text. */
  text(last: string, column: number): void {
    const text = this.#text;
    this.#text =
      text === null ? { before: '', last, column } : { before: text.before + text.last, last, column: text.column };
    this.#texts++;
  }

  /** A sequence comes next; `strip`: it begins with a strip marker. */
  endText(strip: boolean): void {
    if (this.#text === null) return;
    const { before, last, column } = this.#text;
    this.#push({ kind: 'literal', value: before + (strip ? stripped(last) : last), column });
    this.#text = null;
  }

  /** Adds the expression of `${…}`. */
  interpolation(expression: Expression): void {
    this.#sequences++;
    this.#push(expression);
  }

  /** `%{ if … }` or `%{ for … }`. */
  open(directive: Directive): void {
    this.#cursor.deepen(directive.column);
    this.#sequences++;
    this.#frames.push({ parts: [], directive });
  }

  /** `%{ else }`. */
  otherwise(column: number): void {
    const { directive } = this.#innermost();
    if (directive?.kind !== 'if' || directive.first !== null) throw misplaced('else', column, directive);
    const first = this.#body(directive);
    this.#frames.push({ parts: [], directive: { ...directive, first } });
  }

  /** `%{ endif }` or `%{ endfor }`. */
  close(word: 'endif' | 'endfor', column: number): void {
    const { directive } = this.#innermost();
    if (directive === null || `end${directive.kind}` !== word) throw misplaced(word, column, directive);
    this.#cursor.deepen(column, -1);
    this.#push(this.#whole(directive));
  }

  /**
   * The template, when all its tokens are read. A single `${…}` without any text, even of white space that a strip marker took, is its
   * expression, whatever the type; text alone is a literal.
   */
  finish(column: number): Expression {
    this.endText(false);
    const { parts, directive } = this.#innermost();
    if (directive !== null) {
      const { kind } = directive;
      throw new SyntaxProblem(
        `Missing "end${kind}" directive`,
        directive.column,
        `The "${kind}" directive has no end. Write %{ end${kind} } behind what belongs to it.`,
      );
    }
    const [first] = parts;
    const empty: Expression = { kind: 'literal', value: '', column };
    if (first === undefined) return empty;
    if (this.#sequences === 0) return { ...first, column };
    if (this.#texts === 0 && this.#sequences === 1 && !isDirective(first)) return first;
    const kept = withoutEmpty(parts);
    const [only] = kept;
    if (only === undefined) return empty;
    // An empty text keeps it a template where all other texts came to nothing.
    return { kind: 'template', parts: kept.length === 1 && !isDirective(only) ? [empty, ...kept] : kept, column };
  }

  #innermost(): { readonly parts: Expression[]; readonly directive: Directive | null } {
    return this.#frames.at(-1) as { parts: Expression[]; directive: Directive | null };
  }

  #push(part: Expression): void {
    this.#innermost().parts.push(part);
  }

  /** What the innermost directive holds so far; ends its frame. */
  #body({ column }: Directive): Expression {
    const { parts } = this.#innermost();
    this.#frames.pop();
    return { kind: 'template', parts: withoutEmpty(parts), column };
  }

  #whole(directive: Directive): Expression {
    const { kind, column } = directive;
    const body = this.#body(directive);
    if (kind === 'for') return { kind: 'template-for', ...directive.loop, body, column };
    const { condition, first } = directive;
    const then = first ?? body;
    return { kind: 'template-if', condition, then, otherwise: first === null ? null : body, column };
  }
}

function isDirective({ kind }: Expression): boolean {
  return kind === 'template-if' || kind === 'template-for';
}

function withoutEmpty(parts: readonly Expression[]): readonly Expression[] {
  return parts.filter((part) => part.kind !== 'literal' || part.value !== '');
}

function misplaced(word: string, column: number, directive: Directive | null): SyntaxProblem {
  const message = `Unexpected "${word}" directive`;
  if (directive === null) {
    const opening = word === 'endfor' ? 'for' : 'if';
    return new SyntaxProblem(
      message,
      column,
      `No "${opening}" directive is open here. Write %{ ${opening} … } before it.`,
    );
  }
  const where = directive.kind === 'if' && directive.first !== null ? ', past its "else"' : '';
  return new SyntaxProblem(
    message,
    column,
    `The directive that is open here is the "${directive.kind}" of column ${directive.column}${where}. Write %{ end${directive.kind} } to end it.`,
  );
}
