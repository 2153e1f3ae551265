import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, evaluateAll } from '../../../src/core/expression/evaluate.ts';
import type { BinaryOperator, Expression } from '../../../src/core/expression/expression.ts';
import { parseExpression } from '../../../src/core/expression/parse.ts';
import { EvaluationProblem } from '../../../src/core/expression/problem.ts';
import { typeText } from '../../../src/core/typed/format.ts';
import { Num } from '../../../src/core/typed/number.ts';
import { isKnownWithin, isUnknown, partsOf, stringValue, type Typed } from '../../../src/core/typed/typed.ts';
import { HIDDEN, LOCALS, scopeOf, VARIABLES } from './world.ts';

interface Answer {
  readonly expression: string;
  /** Summary of the first error; else there is none. */
  readonly error?: string;
  /** Text of JSON as jsonencode() has it, marks taken off; null where not all is known. */
  readonly value: string | null;
  /** As type() prints it, without white space. */
  readonly type: string;
  readonly sensitive: boolean;
  /** As the console prints it. */
  readonly plain: string;
}

/** What console/record.mjs heard from terraform 1.11.4's console. */
const ANSWERS = readFileSync(join(import.meta.dirname, 'console/answers.jsonl'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Answer);

const BRACKETS =
  'a text in brackets, written out, is read as if it were an attribute after a dot: the tree does not tell them apart';

/** Where Keyform says something else than Terraform, each with its reason. */
const DIFFERENT: Readonly<
  Record<string, { readonly reason: string; readonly error?: string; readonly type?: string }>
> = {
  'local.unknown_object["a"]': { reason: BRACKETS, type: 'number' },
  'var.list["x"]': { reason: BRACKETS, error: 'Unsupported attribute' },
  'var.map["zz"]': { reason: BRACKETS, error: 'Missing map element' },
  'var.secret_map["b"]': { reason: BRACKETS, error: 'Missing map element' },
  'local.object["nope"]': { reason: BRACKETS, error: 'Unsupported attribute' },
  'nope::x()': {
    reason: 'whatever is not of the language is unknown, with a namespace or without',
    error: 'Call to unknown function',
  },
};

function jsonOf(value: Typed): string {
  const { content, type } = value;
  if (content === null) return 'null';
  if (type.kind === 'number') return (content as Num).toString();
  if (Array.isArray(content)) return `[${(content as readonly Typed[]).map(jsonOf).join(',')}]`;
  if (content instanceof Map)
    return `{${[...(content as ReadonlyMap<string, Typed>)].map(([name, part]) => `${JSON.stringify(name)}:${jsonOf(part)}`).join(',')}}`;
  // Go's encoder escapes what could end a script.
  return JSON.stringify(content).replace(/[<>&]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`);
}

/** How many values the console would print as "(sensitive value)". */
function hiddenParts(value: Typed): number {
  if (isUnknown(value)) return 0;
  if (value.sensitive) return 1;
  return partsOf(value).reduce((sum, part) => sum + hiddenParts(part), 0);
}

describe("terraform's console", () => {
  const scope = scopeOf();

  it.each(ANSWERS.filter((one) => one.error === undefined).map((one) => [one.expression, one] as const))(
    'answers %s alike',
    (expression, answer) => {
      const value = evaluate(parseExpression(expression), scope);
      expect(typeText(value.type).replace(/\s+/g, '')).toBe(DIFFERENT[expression]?.type ?? answer.type);
      expect(value.sensitive).toBe(answer.sensitive);
      expect(isKnownWithin(value)).toBe(answer.value !== null);
      if (answer.value !== null) expect(jsonOf(value)).toBe(answer.value);
      expect(hiddenParts(value)).toBe(answer.plain.split('(sensitive value)').length - 1);
    },
  );

  it.each(ANSWERS.filter((one) => one.error !== undefined).map((one) => [one.expression, one] as const))(
    'refuses %s alike',
    (expression, answer) => {
      const { problems } = evaluateAll(parseExpression(expression), scope);
      expect(problems[0]?.summary).toBe(DIFFERENT[expression]?.error ?? answer.error);
      for (const problem of problems) {
        expect(`${problem.summary} ${problem.detail}`).not.toContain(HIDDEN);
        expect(problem.summary).not.toMatch(/\.$/);
        expect(problem.detail).toMatch(/[.?!]$/);
        expect(problem.column).toBeGreaterThanOrEqual(1);
        expect(problem.column).toBeLessThanOrEqual(expression.length);
      }
    },
  );
});

describe('errors', () => {
  const scope = scopeOf();
  const failure = (text: string): EvaluationProblem => {
    try {
      evaluate(parseExpression(text), scope);
    } catch (error) {
      if (error instanceof EvaluationProblem) return error;
      throw error;
    }
    throw new Error(`no error from ${text}`);
  };

  it.each([
    ['local.object.nam', 1, 'an attribute named "nam". Did you mean "name"?'],
    ['1 + var.map.aa', 5, 'the key "aa"'],
    ['[for k in ["zz"]: var.map[k]]', 26, 'it has none called "zz"'],
    ['local.object.inner.list[7]', 1, 'This is about local.object.inner.list.'],
    ['var.list[7]', 1, 'it has 3 elements, so its last index is 2'],
    ['cann(1)', 1, 'Did you mean "can"?'],
    ['upper([1])', 7, 'Invalid value for "str" parameter of upper()'],
    ['"a${var.null_string}"', 5, 'coalesce()'],
    ['"a${var.list}"', 5, 'join()'],
    ['var.objects.id', 1, '[*].id'],
    ['true ? { a = [1] } : { a = "x" }', 1, 'attribute "a"'],
  ])('of %s stand at column %i and say %s', (text, column, detail) => {
    const problem = failure(text);
    expect(problem.column).toBe(column);
    expect(problem.detail).toContain(detail);
  });

  it.each([
    'var.secret_map.zzz',
    'var.secret_map["zzz"]',
    'var.secret_list[7]',
    'var.secret_object.zzz',
    'var.map[var.secret]',
    'var.secret + 1',
    'parseint(var.secret, 10)',
    '{for x in [var.secret, var.secret]: x => 1}',
    'true ? var.secret_object : [1]',
    'true ? [var.secret] : { a = 1 }',
    'try(var.secret + 1, var.map[var.secret])',
    'max(var.secret)',
    'var.secret ? 1 : 2',
  ])('of %s show nothing of what is sensitive', (text) => {
    const { message, detail } = failure(text);
    expect(`${message} ${detail}`).not.toMatch(new RegExp(`${HIDDEN}|\\b2\\b(?! \\?)|"[ab]"`));
  });

  it('of the scope are caught by nothing', () => {
    for (const text of ['try(local.nope, 1)', 'can(local.nope)', 'true ? 1 : local.nope', 'try(provider::a::b(), 1)'])
      expect(() => evaluateAll(parseExpression(text), scope)).toThrow(EvaluationProblem);
  });

  it('are all told', () => {
    const { problems } = evaluateAll(parseExpression('[1 + true, null.x, "a${null}"]'), scope);
    expect(problems.map((problem) => [problem.column, problem.summary])).toEqual([
      [6, 'Invalid operand'],
      [16, 'Attempt to get attribute from null value'],
      [24, 'Invalid template interpolation value'],
    ]);
  });

  it('tell of an expression nested too deeply, and not of a long one', () => {
    const one: Expression = { kind: 'literal', value: Num.of(1), column: 1 };
    let deep: Expression = one;
    let long: Expression = one;
    for (let level = 0; level < 20_000; level++) {
      deep = { kind: 'tuple', items: [deep], column: 1 };
      long = { kind: 'binary', operator: '+', left: long, right: one, column: 1 };
    }
    expect(() => evaluate(deep, scope)).toThrow('nested too deeply');
    expect(String(evaluate(long, scope).content)).toBe('20001');
  });
});

describe('the scope', () => {
  it('is asked for single instances where it can give them', () => {
    const asked: (string | number)[] = [];
    const scope = {
      ...scopeOf(),
      element: (_: unknown, key: string | number) => {
        asked.push(key);
        return key === 'none' ? null : { value: stringValue(`at ${key}`) };
      },
    };
    const value = (text: string): Typed => evaluate(parseExpression(text), scope);
    expect(value('[for k in ["a", "b"]: local.object[k]][1]').content).toBe('at b');
    expect(value('local.tuple[1 + 1]').content).toBe('at 2');
    expect(asked).toEqual(['a', 'b', 2]);
    // Not for what is no instance, nor with keys that only the whole value can judge.
    expect(() => value('local.object["no${"ne"}"]')).toThrow('Invalid index');
    expect(value('[for v in [["x"]]: v[0 * 1]][0]').content).toBe('x');
    expect(value('local.tuple[var.secret_number]').sensitive).toBe(true);
    expect(asked).toEqual(['a', 'b', 2, 'none']);
  });
});

describe('any expression', () => {
  const operators: readonly BinaryOperator[] = ['+', '-', '*', '/', '%', '==', '!=', '<', '<=', '>', '>=', '&&', '||'];
  const reference = fc.oneof(
    fc.constantFrom(...Object.keys(VARIABLES)).map((name) => ['var', name] as const),
    fc.constantFrom(...Object.keys(LOCALS)).map((name) => ['local', name] as const),
  );
  const column = 1;
  const { tree } = fc.letrec<{ tree: Expression }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5, depthSize: 'medium', depthIdentifier: 'tree', withCrossShrink: true },
      fc
        .constantFrom(null, true, false, '', 'a', '1', Num.of(0), Num.of(1), Num.of(-1))
        .map((value) => ({ kind: 'literal', value, column }) as const),
      reference.map(([root, name]) => ({ kind: 'reference', root, steps: [name], column }) as const),
      fc.constantFrom('k', 'v').map(
        (root) =>
          ({
            kind: 'for',
            key: 'k',
            value: 'v',
            collection: { kind: 'reference', root: 'var', steps: ['map'], column },
            keyed: null,
            result: { kind: 'reference', root, steps: [], column },
            condition: null,
            group: false,
            column,
          }) as const,
      ),
      fc.record({
        kind: fc.constant('template' as const),
        parts: fc.array(tie('tree'), { maxLength: 3 }),
        column: fc.constant(column),
      }),
      fc.record({
        kind: fc.constant('template-if' as const),
        condition: tie('tree'),
        // biome-ignore lint/suspicious/noThenProperty: the name that the tree has for it
        then: tie('tree'),
        otherwise: fc.option(tie('tree')),
        column: fc.constant(column),
      }),
      fc.record({
        kind: fc.constant('template-for' as const),
        key: fc.constant('k'),
        value: fc.constant('v'),
        collection: tie('tree'),
        body: tie('tree'),
        column: fc.constant(column),
      }),
      fc.record({
        kind: fc.constant('attribute' as const),
        of: tie('tree'),
        name: fc.constantFrom('a', 'id', 'zz'),
        column: fc.constant(column),
      }),
      fc.record({
        kind: fc.constant('index' as const),
        of: tie('tree'),
        key: tie('tree'),
        column: fc.constant(column),
      }),
      fc.record({
        kind: fc.constant('splat' as const),
        of: tie('tree'),
        full: fc.boolean(),
        each: fc.constantFrom<Expression>(
          { kind: 'splat-element', column },
          { kind: 'attribute', of: { kind: 'splat-element', column }, name: 'a', column },
        ),
        column: fc.constant(column),
      }),
      fc.record({
        kind: fc.constant('unary' as const),
        operator: fc.constantFrom('-' as const, '!' as const),
        operand: tie('tree'),
        column: fc.constant(column),
      }),
      fc.record({
        kind: fc.constant('binary' as const),
        operator: fc.constantFrom(...operators),
        left: tie('tree'),
        right: tie('tree'),
        column: fc.constant(column),
      }),
      fc.record({
        kind: fc.constant('conditional' as const),
        condition: tie('tree'),
        // biome-ignore lint/suspicious/noThenProperty: the name that the tree has for it
        then: tie('tree'),
        otherwise: tie('tree'),
        column: fc.constant(column),
      }),
      fc.record({
        kind: fc.constant('call' as const),
        name: fc.constantFrom('try', 'can', 'nope'),
        args: fc.array(tie('tree'), { maxLength: 2 }),
        expand: fc.constant(false),
        column: fc.constant(column),
      }),
      fc.record({
        kind: fc.constant('tuple' as const),
        items: fc.array(tie('tree'), { maxLength: 3 }),
        column: fc.constant(column),
      }),
      fc.record({
        kind: fc.constant('object' as const),
        entries: fc.array(fc.record({ key: tie('tree'), value: tie('tree') }), { maxLength: 3 }),
        column: fc.constant(column),
      }),
      fc.record({
        kind: fc.constant('for' as const),
        key: fc.constant('k'),
        value: fc.constant('v'),
        collection: tie('tree'),
        keyed: fc.option(tie('tree')),
        result: tie('tree'),
        condition: fc.option(tie('tree')),
        group: fc.boolean(),
        column: fc.constant(column),
      }),
    ),
  }));

  /** All that can be told of a value. */
  const picture = (value: Typed): unknown => [
    typeText(value.type),
    value.sensitive,
    isUnknown(value)
      ? 'unknown'
      : Array.isArray(value.content) || value.content instanceof Map
        ? partsOf(value).map(picture)
        : String(value.content),
  ];

  it('has a value or a problem, the same each time, that shows nothing hidden', () => {
    const scope = scopeOf();
    fc.assert(
      fc.property(tree, (expression) => {
        const first = evaluateAll(expression, scope);
        const second = evaluateAll(expression, scope);
        expect(picture(second.value)).toEqual(picture(first.value));
        expect(second.problems).toEqual(first.problems);
        expect(JSON.stringify(first.problems)).not.toContain(HIDDEN);
      }),
      { numRuns: 2000 },
    );
  });

  it('has known values under marks that reach every text that came of what is hidden', () => {
    const scope = scopeOf();
    const shows = (value: Typed): boolean =>
      !value.sensitive &&
      ((typeof value.content === 'string' && value.content.includes(HIDDEN)) || partsOf(value).some(shows));
    fc.assert(
      fc.property(tree, (expression) => {
        expect(shows(evaluateAll(expression, scope).value)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});
