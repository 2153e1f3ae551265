import type { Cursor } from './cursor.ts';
import type { Expression, ExpressionOf } from './expression.ts';
import { SyntaxProblem } from './problem.ts';

const FOR = 'Invalid "for" expression';

/** Reads `[…]`: a tuple, or a `for` that makes one. */
export function readTuple(cursor: Cursor): Expression {
  const { column } = cursor.pass();
  return cursor.within(false, () => {
    if (cursor.seesWord('for')) return readFor(cursor, ']', column);
    const items: Expression[] = [];
    while (!cursor.take(']')) {
      items.push(cursor.expression());
      if (!cursor.take(',') && !cursor.sees(']'))
        cursor.fail(
          cursor.sees('end') || cursor.sees('close') ? 'Missing close bracket' : 'Missing item separator',
          'Items are separated by commas, and "]" is to end them.',
        );
    }
    return { kind: 'tuple', items, column };
  });
}

/** Reads `{…}`: an object, or a `for` that makes one. */
export function readObject(cursor: Cursor): Expression {
  const { column } = cursor.pass();
  return cursor.within(false, () =>
    cursor.seesWord('for')
      ? readFor(cursor, '}', column)
      : cursor.within(true, (): Expression => ({ kind: 'object', entries: readEntries(cursor), column })),
  );
}

function readEntries(cursor: Cursor): ExpressionOf<'object'>['entries'] {
  const entries: { readonly key: Expression; readonly value: Expression }[] = [];
  for (;;) {
    while (cursor.take('newline'));
    if (cursor.take('}')) return entries;
    const key = readKey(cursor);
    if (!cursor.take('=') && !cursor.take(':'))
      cursor.fail(
        'Missing key/value separator',
        'After a key comes "=" and the value, on the same line. Put a key with dots or spaces in quotes.',
      );
    entries.push({ key, value: cursor.expression() });
    if (!cursor.take(',') && !cursor.sees('newline') && !cursor.sees('}'))
      cursor.fail(
        cursor.sees('end') || cursor.sees('close') ? 'Missing close brace' : 'Missing attribute separator',
        'Items of an object are separated by commas or by lines, and "}" is to end them.',
      );
  }
}

/** A key: a bare name is itself, keywords too; everything else is an expression. */
function readKey(cursor: Cursor): Expression {
  const { kind, text, column } = cursor.next;
  if (kind === 'name') {
    const after = cursor.second.kind;
    if (after === '=' || after === ':') {
      cursor.pass();
      return { kind: 'literal', value: text, column };
    }
  }
  const key = cursor.expression();
  // Terraform says so when it evaluates the key, which for a key inside a loop may be never.
  if (kind === 'name' && key.kind === 'reference' && (cursor.sees('=') || cursor.sees(':')))
    throw new SyntaxProblem(
      'Ambiguous attribute key',
      column,
      'Put it in parentheses if it refers to something, or in quotes if it is a name with dots.',
    );
  return key;
}

/** `for` in brackets, from the word itself. */
function readFor(cursor: Cursor, close: ']' | '}', column: number): Expression {
  cursor.pass();
  const head = readLoop(cursor, FOR);
  cursor.expect(':', FOR, 'After the collection comes ":" and what to make of each element.');
  let result = cursor.expression();
  let keyed: Expression | null = null;
  if (cursor.sees('=>')) {
    if (close === ']') cursor.fail(FOR, 'A list has no keys. Use braces to make an object: {for …}.');
    cursor.pass();
    keyed = result;
    result = cursor.expression();
  } else if (close === '}')
    cursor.fail(FOR, 'An object needs keys: {for … : KEY => VALUE}. Use brackets to make a list.');
  if (cursor.sees('...') && close === ']')
    cursor.fail(FOR, 'Only an object groups values with "...": {for … : KEY => VALUE...}.');
  const group = cursor.take('...');
  let condition: Expression | null = null;
  if (cursor.seesWord('if')) {
    cursor.pass();
    condition = cursor.expression();
  }
  cursor.expect(
    close,
    FOR,
    cursor.sees('...') ? 'The "..." stands right behind the value, before "if".' : `"${close}" is to end it.`,
  );
  return { kind: 'for', ...head, keyed, result, condition, group, column };
}

/** What stands between `for` and its `:`: `NAME in COLLECTION` or `KEY, NAME in COLLECTION`. `message` is for what is wrong with it. */
export function readLoop(
  cursor: Cursor,
  message: string,
): { readonly key: string | null; readonly value: string; readonly collection: Expression } {
  const name = (): string =>
    cursor.expect('name', message, 'Names are to stand here: "for VALUE in …" or "for KEY, VALUE in …".').text;
  let key: string | null = null;
  let value = name();
  if (cursor.take(',')) {
    key = value;
    value = name();
  }
  if (!cursor.seesWord('in')) cursor.fail(message, 'After the names comes "in" and the collection.');
  cursor.pass();
  return { key, value, collection: cursor.expression() };
}
