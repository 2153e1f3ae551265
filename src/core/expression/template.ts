import { Assembly } from './assembly.ts';
import { readLoop } from './bracket.ts';
import type { Cursor } from './cursor.ts';
import type { Expression } from './expression.ts';
import { SyntaxProblem } from './problem.ts';
import type { Token } from './token.ts';

/** What ends a template. */
type End = 'end' | 'close quote';

/** White space that a strip marker behind a sequence takes from the text there. */
const LEADING = /^\p{White_Space}+/u;

const DIRECTIVES: ReadonlySet<string> = new Set(['if', 'else', 'endif', 'for', 'endfor']);

/** Reads a template without quotes, to the end of the text. */
export function readTemplate(cursor: Cursor): Expression {
  return readParts(cursor, 'end', 1);
}

/** Reads a template in quotes, as it stands in an expression. */
export function readQuoted(cursor: Cursor): Expression {
  const { column } = cursor.pass();
  return cursor.nested(() => readParts(cursor, 'close quote', column));
}

function readParts(cursor: Cursor, end: End, column: number): Expression {
  const assembly = new Assembly(cursor);
  let strips = false;
  for (;;) {
    const { next } = cursor;
    switch (next.kind) {
      case 'text':
        assembly.text(strips ? next.text.replace(LEADING, '') : next.text, next.column);
        strips = false;
        cursor.pass();
        break;
      case '${':
      case '%{':
        assembly.endText(next.strips);
        strips = readSequence(cursor, assembly, end);
        break;
      case end:
        cursor.pass();
        return assembly.finish(column);
      case 'end':
        throw new SyntaxProblem('Unclosed text', column, 'No quotation mark closes the text that this one opens.');
      default:
        cursor.fail('Invalid template', 'A template consists of text, "${…}" and "%{…}".');
    }
  }
}

/** An interpolation or a directive; whether it ends with a strip marker. */
function readSequence(cursor: Cursor, assembly: Assembly, end: End): boolean {
  const open = cursor.pass();
  return cursor.within(false, () => {
    if (cursor.sees('end')) throw unclosed(open, end);
    if (open.kind === '${') assembly.interpolation(cursor.expression());
    else readDirective(cursor, assembly, open.column);
    const { kind } = cursor.next;
    if (kind === 'close') return cursor.pass().strips;
    // A quotation mark is most likely the one that closes the text around.
    if (kind === 'end' || (kind === 'open quote' && end === 'close quote')) throw unclosed(open, end);
    return cursor.fail(
      `Extra characters after ${open.kind === '${' ? 'interpolation expression' : 'directive'}`,
      `"}" is to end what "${open.kind}" opened. In a text that is meant for another language, write ${literal(open)}.`,
    );
  });
}

function unclosed(open: Token, end: End): SyntaxProblem {
  const what = open.kind === '${' ? 'expression' : 'directive';
  const before = end === 'end' ? '' : ' before the quotation mark';
  return new SyntaxProblem(
    `Unclosed "${open.kind}"`,
    open.column,
    `Close the ${what} with "}"${before}, or write ${literal(open)}.`,
  );
}

function literal({ kind }: Token): string {
  return kind === '${' ? '$${ for a literal "${"' : '%%{ for a literal "%{"';
}

function readDirective(cursor: Cursor, assembly: Assembly, column: number): void {
  const { kind, text } = cursor.next;
  const word = kind === 'name' && DIRECTIVES.has(text) ? cursor.pass().text : '';
  if (word === 'if') assembly.open({ kind: 'if', condition: cursor.expression(), first: null, column });
  else if (word === 'for') assembly.open({ kind: 'for', loop: readLoop(cursor, 'Invalid "for" directive'), column });
  else if (word === 'else') assembly.otherwise(column);
  else if (word === 'endif' || word === 'endfor') assembly.close(word, column);
  else
    cursor.fail(
      'Invalid template directive',
      'The directives are "if", "else", "endif", "for" and "endfor". Write %%{ for a literal "%{".',
    );
}
