import { Num } from '../typed/number.ts';
import { readObject, readTuple } from './bracket.ts';
import type { Cursor } from './cursor.ts';
import type { Expression } from './expression.ts';
import { SyntaxProblem } from './problem.ts';
import { readQuoted } from './template.ts';
import type { Token } from './token.ts';

/** Reads a literal, a name, a call, a text in quotes, or what stands in brackets of any kind. */
export function readTerm(cursor: Cursor): Expression {
  const { next } = cursor;
  const { column } = next;
  switch (next.kind) {
    case '(': {
      cursor.pass();
      return cursor.within(false, () => {
        const inside = cursor.expression();
        cursor.expect(')', 'Missing close parenthesis', 'A ")" is to end what "(" began.');
        return inside;
      });
    }
    case 'number':
      return { kind: 'literal', value: readNumber(cursor.pass()), column };
    case 'name':
      return readName(cursor);
    case 'open quote':
      return readQuoted(cursor);
    case '[':
      return readTuple(cursor);
    case '{':
      return readObject(cursor);
    case 'end':
    case 'close':
      return cursor.fail('Missing expression', 'An expression is to stand here.');
    default:
      return cursor.fail('Invalid expression', 'An expression cannot begin like this.');
  }
}

/** The value of a number as it is written. Throws {@link SyntaxProblem}. */
export function readNumber({ text, column }: Token): Num {
  let value: Num | null;
  try {
    value = Num.parse(text);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new SyntaxProblem(
      'Number out of range',
      column,
      'Its exponent is larger than Keyform goes. Use a smaller one.',
    );
  }
  if (value !== null) return value;
  throw new SyntaxProblem(
    'Invalid number literal',
    column,
    'A number has digits, at most one decimal point and an exponent, as in 15, 1.5 or 15e-1. Put anything else in quotes.',
  );
}

/** A keyword, a reference's root, or a call. */
function readName(cursor: Cursor): Expression {
  const { text, column } = cursor.pass();
  if (cursor.sees('(') || cursor.sees('::')) return readCall(cursor, text, column);
  if (text === 'true' || text === 'false') return { kind: 'literal', value: text === 'true', column };
  if (text === 'null') return { kind: 'literal', value: null, column };
  return { kind: 'reference', root: text, steps: [], column };
}

/** A call, from behind the (first) name. */
function readCall(cursor: Cursor, first: string, column: number): Expression {
  let name = first;
  while (cursor.take('::')) {
    const { text } = cursor.expect('name', 'Missing function name', 'After "::" comes the name of a function.');
    name += `::${text}`;
  }
  cursor.expect('(', 'Missing open parenthesis', 'After the name of a function come its arguments, in parentheses.');
  return cursor.within(false, () => {
    const args: Expression[] = [];
    while (!cursor.take(')')) {
      args.push(cursor.expression());
      if (cursor.take('...')) {
        cursor.expect(
          ')',
          'Missing close parenthesis',
          'The argument with "..." is the last, and ")" comes right after it.',
        );
        return { kind: 'call', name, args, expand: true, column };
      }
      if (!cursor.take(',') && !cursor.sees(')'))
        cursor.fail(
          cursor.sees('end') || cursor.sees('close') ? 'Missing close parenthesis' : 'Missing argument separator',
          'Arguments are separated by commas, and ")" is to end the call.',
        );
    }
    return { kind: 'call', name, args, expand: false, column };
  });
}
