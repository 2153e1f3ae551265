import { Num } from '../typed/number.ts';
import { type Cursor, DEEPEST } from './cursor.ts';
import type { Expression, Step } from './expression.ts';
import { SyntaxProblem } from './problem.ts';
import { readNumber, readTerm } from './term.ts';
import type { Token } from './token.ts';

const ATTRIBUTE = 'Invalid attribute name';

/** Reads a term with what follows it: attributes, indexes, splats. */
export function readOperand(cursor: Cursor): Expression {
  // What stands in parentheses is a value of its own, and no reference begins there.
  const isName = cursor.sees('name');
  return readSteps(cursor, readTerm(cursor), isName);
}

/** Reads what follows a value. `isName`: literal steps make one reference of a name and themselves. */
function readSteps(cursor: Cursor, term: Expression, isName: boolean): Expression {
  let of = term;
  let steps: Step[] | null = isName && term.kind === 'reference' ? [] : null;
  let count = 0;
  /** Puts a node around all that was read. */
  const wrap = (node: (of: Expression) => Expression, column: number): void => {
    if (++count > DEEPEST)
      throw new SyntaxProblem(
        'Expression nested too deeply',
        column,
        `No more than ${DEEPEST} indexes and attributes follow one another. Give a part of it a name in locals, and refer to that.`,
      );
    if (steps !== null && of.kind === 'reference') of = { ...of, steps };
    steps = null;
    of = node(of);
  };
  const index = (key: Expression, column: number): void => {
    const step = steps === null ? null : stepOf(key);
    if (steps !== null && step !== null) steps.push(step);
    else wrap((of) => ({ kind: 'index', of, key, column }), column);
  };
  for (;;) {
    const { kind, column } = cursor.next;
    if (kind === '.') {
      cursor.pass();
      if (cursor.sees('name')) {
        const name = cursor.pass().text;
        if (steps !== null) steps.push(name);
        else wrap((of) => ({ kind: 'attribute', of, name, column }), column);
      } else if (cursor.sees('number')) index(legacyIndex(cursor.pass()), column);
      else if (cursor.take('*')) {
        const each = readAttributes(cursor, column);
        wrap((of) => ({ kind: 'splat', of, full: false, each, column }), column);
      } else cursor.fail(ATTRIBUTE, 'After a dot comes the name of an attribute.');
    } else if (kind === '[') {
      cursor.pass();
      if (cursor.take('*')) {
        cursor.expect(']', 'Missing close bracket on splat index', 'A "]" comes right after "[*".');
        // What follows belongs to each element, further splats included.
        const each = cursor.nested(() => readSteps(cursor, { kind: 'splat-element', column }, false));
        wrap((of) => ({ kind: 'splat', of, full: true, each, column }), column);
      } else
        cursor.within(false, () => {
          const key = cursor.expression();
          cursor.expect(']', 'Missing close bracket on index', 'A "]" is to end the index.');
          index(key, column);
        });
    } else return steps !== null && of.kind === 'reference' ? { ...of, steps } : of;
  }
}

/** A literal key as the step of a reference; null when it is none. */
function stepOf(key: Expression): Step | null {
  if (key.kind !== 'literal') return null;
  if (typeof key.value === 'string') return key.value;
  const number = key.value instanceof Num && key.value.isInteger() ? key.value.toNumber() : null;
  return number !== null && Number.isSafeInteger(number) ? number : null;
}

/** The number behind a dot, an index as Terraform 0.11 wrote them. */
function legacyIndex(token: Token): Expression {
  if (token.text.includes('.'))
    throw new SyntaxProblem(
      'Invalid legacy index syntax',
      token.column,
      'Two numbers behind dots are read as one with a decimal point. Write indexes in brackets, as in [0][1].',
    );
  return { kind: 'literal', value: readNumber(token), column: token.column };
}

/** What follows `.*` and belongs to each element: names and numbers behind dots, and nothing else. */
function readAttributes(cursor: Cursor, column: number): Expression {
  let each: Expression = { kind: 'splat-element', column };
  for (let count = 0; cursor.sees('.'); count++) {
    const at = cursor.pass().column;
    if (count >= DEEPEST)
      throw new SyntaxProblem('Expression nested too deeply', at, `No more than ${DEEPEST} attributes follow a splat.`);
    if (cursor.sees('number')) each = { kind: 'index', of: each, key: legacyIndex(cursor.pass()), column: at };
    else if (cursor.sees('*'))
      cursor.fail(
        'Nested splat expression not allowed',
        'Of two splats the first is to be a full one: write [*] for it.',
      );
    else {
      const { text } = cursor.expect('name', ATTRIBUTE, 'After a dot comes the name of an attribute.');
      each = { kind: 'attribute', of: each, name: text, column: at };
    }
  }
  return each;
}
