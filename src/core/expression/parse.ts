import { isObject, type Json } from '../json.ts';
import { Num } from '../typed/number.ts';
import { Cursor, DEEPEST } from './cursor.ts';
import type { BinaryOperator, Expression } from './expression.ts';
import { SyntaxProblem } from './problem.ts';
import { readOperand } from './step.ts';
import { readTemplate } from './template.ts';
import { type Kind, tokenize } from './token.ts';

// Terraform's expressions as text: https://developer.hashicorp.com/terraform/language/expressions, which is HCL's native syntax,
// https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md.

/** Parses an expression in native syntax. Throws {@link SyntaxProblem}. */
export function parseExpression(text: string): Expression {
  const cursor = new Cursor(tokenize(wellFormed(text), false), readExpression);
  const found = cursor.expression();
  cursor.expect('end', 'Extra characters after expression', 'The expression ended before this.');
  return found;
}

const templates = new Map<string, Expression>();
let remembered = 0;

/** How much text is remembered with what it parses to, in UTF-16 units: instances and constructs repeat theirs. */
const MEMORY = 4_000_000;

/** Whatever makes a text more than itself: a sequence, one half of a surrogate pair, a byte order mark in front. */
const SPECIAL = /[$%]\{|[\ud800-\udfff]|^\ufeff/;

/**
 * Parses a template, as in a JSON string: literal text, `${…}` and `%{…}`, and `$${` and `%%{` for themselves. One that is a single `${…}` and
 * nothing else is that expression, one of text alone a literal. Equal texts have the same result. Throws {@link SyntaxProblem}.
 */
export function parseTemplate(text: string): Expression {
  if (!SPECIAL.test(text)) return { kind: 'literal', value: text, column: 1 };
  const known = templates.get(text);
  if (known !== undefined) return known;
  const found = readTemplate(new Cursor(tokenize(wellFormed(text), true), readExpression));
  templates.set(text, found);
  remembered += text.length;
  for (const oldest of templates.keys()) {
    if (remembered <= MEMORY) break;
    templates.delete(oldest);
    remembered -= oldest.length;
  }
  return found;
}

const LONE_SURROGATE = /\p{Surrogate}/gu;

/** Terraform reads half a surrogate pair, which JSON can hold, as the character that stands for what is none. */
function wellFormed(text: string): string {
  return text.replace(LONE_SURROGATE, '\ufffd');
}

/**
 * Parses a JSON value whose strings and object keys are templates. `report` is called for each problem with the path below `value`;
 * a string with a problem stands as an empty literal in the result, so that all problems are found in one pass.
 */
export function parseValue(
  value: Json,
  report: (problem: SyntaxProblem, path: readonly (string | number)[]) => void,
  path: readonly (string | number)[] = [],
): Expression {
  // One array for all paths: objects have thousands of keys, and hardly any of them a problem.
  const here = [...path];
  const deepest = here.length + DEEPEST;

  function failed(problem: SyntaxProblem): Expression {
    report(problem, [...here]);
    return { kind: 'literal', value: '', column: 1 };
  }

  function template(text: string): Expression {
    try {
      return parseTemplate(text);
    } catch (error) {
      if (!(error instanceof SyntaxProblem)) throw error;
      return failed(error);
    }
  }

  function read(item: Json): Expression {
    if (typeof item === 'string') return template(item);
    if (typeof item === 'number') return { kind: 'literal', value: Num.parse(String(item)) ?? Num.of(item), column: 1 };
    if (item === null || typeof item === 'boolean') return { kind: 'literal', value: item, column: 1 };
    if (here.length >= deepest)
      return failed(
        new SyntaxProblem(
          'Value nested too deeply',
          1,
          `Arrays and objects may be nested ${DEEPEST} levels deep. Give a part of it a name in locals, and refer to that.`,
        ),
      );
    if (!isObject(item)) {
      const items: Expression[] = [];
      for (const one of item) items.push(below(items.length, one));
      return { kind: 'tuple', items, column: 1 };
    }
    const entries: { readonly key: Expression; readonly value: Expression }[] = [];
    for (const [name, one] of Object.entries(item)) {
      here.push(name);
      const key = template(name);
      here.pop();
      entries.push({ key, value: below(name, one) });
    }
    return { kind: 'object', entries, column: 1 };
  }

  function below(step: string | number, item: Json): Expression {
    here.push(step);
    const found = read(item);
    here.pop();
    return found;
  }

  return read(value);
}

/** How tightly operators of two sides bind, loosest first. All of them lean to the left. */
export const BINDING: ReadonlyMap<Kind, number> = new Map<BinaryOperator, number>([
  ['||', 1],
  ['&&', 2],
  ['==', 3],
  ['!=', 3],
  ['<', 4],
  ['<=', 4],
  ['>', 4],
  ['>=', 4],
  ['+', 5],
  ['-', 5],
  ['*', 6],
  ['/', 6],
  ['%', 6],
]);

function readExpression(cursor: Cursor): Expression {
  const condition = readBinary(cursor, 1);
  if (!cursor.take('?')) return condition;
  const then = cursor.expression();
  cursor.expect(
    ':',
    'Missing false expression in conditional',
    'After what "?" gives comes ":" and what is given otherwise: CONDITION ? ONE : OTHER.',
  );
  const otherwise = cursor.expression();
  return { kind: 'conditional', condition, then, otherwise, column: condition.column };
}

/** Reads operands joined by operators that bind at least so tightly. */
function readBinary(cursor: Cursor, least: number): Expression {
  let left = readUnary(cursor);
  for (;;) {
    const operator = cursor.next.kind;
    const binding = BINDING.get(operator);
    if (binding === undefined || binding < least) return left;
    cursor.pass();
    const right = readBinary(cursor, binding + 1);
    left = { kind: 'binary', operator: operator as BinaryOperator, left, right, column: left.column };
  }
}

function readUnary(cursor: Cursor): Expression {
  const { kind, column } = cursor.next;
  if (kind !== '-' && kind !== '!') return readOperand(cursor);
  cursor.pass();
  return { kind: 'unary', operator: kind, operand: cursor.nested(() => readUnary(cursor)), column };
}
