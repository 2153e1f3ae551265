import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, type Scope } from '../../../src/core/expression/evaluate.ts';
import type { Expression } from '../../../src/core/expression/expression.ts';
import { parseExpression, parseTemplate, parseValue } from '../../../src/core/expression/parse.ts';
import { printExpression } from '../../../src/core/expression/print.ts';
import { EvaluationProblem, SyntaxProblem } from '../../../src/core/expression/problem.ts';
import { calls, references } from '../../../src/core/expression/reference.ts';
import type { Json } from '../../../src/core/json.ts';
import { fromJson, toJsonValue } from '../../../src/core/typed/json.ts';
import { Num } from '../../../src/core/typed/number.ts';
import { shape, tree } from './tree.ts';

function problemOf(parse: () => unknown): SyntaxProblem | null {
  try {
    parse();
  } catch (error) {
    if (error instanceof SyntaxProblem) return error;
    throw error;
  }
  return null;
}

const number = (digits: string) => ({ kind: 'literal', value: Num.parse(digits) });
const literal = (value: null | boolean | string) => ({ kind: 'literal', value });
const name = (root: string, ...steps: (string | number)[]) => ({ kind: 'reference', root, steps });
const element = { kind: 'splat-element' };
const one = shape(number('1') as Expression);

describe('an expression', () => {
  it.each<[string, object]>([
    ['15', number('15')],
    ['1.5e-3', number('0.0015')],
    ['1E+3', number('1000')],
    ['true', literal(true)],
    ['null', literal(null)],
    ['truex', name('truex')],
    ['"a\\n\\r\\t\\"\\\\\\u00e9\\U0001F600"', literal('a\n\r\t"\\é😀')],
    ['"$${a} %%{b} $ % $$ 5%"', literal('${a} %{b} $ % $$ 5%')],
    ['é-1_b', name('é-1_b')],
    ['a.b-c.d', name('a', 'b-c', 'd')],
    ['a[0]["x y"].b.1', name('a', 0, 'x y', 'b', 1)],
    ['a\n.b\n[\n0\n]', name('a', 'b', 0)],
    ['a["${"b"}"]', name('a', 'b')],
    ['(a.b)', name('a', 'b')],
    ['(a).b', { kind: 'attribute', of: name('a'), name: 'b' }],
    ['(a)[0]', { kind: 'index', of: name('a'), key: number('0') }],
    ['a[0.5]', { kind: 'index', of: name('a'), key: number('0.5') }],
    ['a[true]', { kind: 'index', of: name('a'), key: literal(true) }],
    ['a[b]', { kind: 'index', of: name('a'), key: name('b') }],
    ['a.*', { kind: 'splat', of: name('a'), full: false, each: element }],
    ['a[*]', { kind: 'splat', of: name('a'), full: true, each: element }],
    [
      'a.*.b[0]',
      {
        kind: 'index',
        of: { kind: 'splat', of: name('a'), full: false, each: { kind: 'attribute', of: element, name: 'b' } },
        key: number('0'),
      },
    ],
    [
      'a[*].b[0]',
      {
        kind: 'splat',
        of: name('a'),
        full: true,
        each: { kind: 'index', of: { kind: 'attribute', of: element, name: 'b' }, key: number('0') },
      },
    ],
    ['-a.b', { kind: 'unary', operator: '-', operand: name('a', 'b') }],
    ['f(a, b...)', { kind: 'call', name: 'f', args: [name('a'), name('b')], expand: true }],
    ['f(\na\n,\n)', { kind: 'call', name: 'f', args: [name('a')], expand: false }],
    ['provider :: x::y()', { kind: 'call', name: 'provider::x::y', args: [], expand: false }],
    ['true()', { kind: 'call', name: 'true', args: [], expand: false }],
    [
      '{ a = 1, "b": 1\n(c) = 1 # no\n\n true = 1 }',
      {
        kind: 'object',
        entries: [literal('a'), literal('b'), name('c'), literal('true')].map((key) => ({ key, value: number('1') })),
      },
    ],
    [
      '{ for k, v in a : k => v... if v }',
      {
        kind: 'for',
        key: 'k',
        value: 'v',
        collection: name('a'),
        keyed: name('k'),
        result: name('v'),
        condition: name('v'),
        group: true,
      },
    ],
  ])('%j is read as it should be', (text, expected) => {
    expect(shape(parseExpression(text))).toEqual(shape(expected as unknown as Expression));
  });

  it.each([
    ['a + b * c - d', 'a + b * c - d'],
    ['(a + b) * c', '(a + b) * c'],
    ['a - (b - c)', 'a - (b - c)'],
    ['(a - b) - c', 'a - b - c'],
    ['a || b && c == d < e + f * !g', 'a || b && c == d < e + f * !g'],
    ['((((a || b) && c) == d) < e + f) * -g', '((((a || b) && c) == d) < e + f) * -g'],
    ['a == b != c', 'a == b != c'],
    ['a%b', 'a % b'],
    ['- -a', '-(-a)'],
    ['a ? b : c ? d : e', 'a ? b : c ? d : e'],
    ['a ? b ? c : d : e', 'a ? b ? c : d : e'],
    ['(a ? b : c) ? d : e', '(a ? b : c) ? d : e'],
    ['a+(b ? c : d)', 'a + (b ? c : d)'],
    ['[for /* all */ v in [1,2,] : v # each\n if v>1]', '[for v in [1, 2] : v if v > 1]'],
    ['[(for), for]', '[(for), for]'],
    ['{"a b":{c=[]}}', '{ "a b" = { "c" = [] } }'],
    ['{ a ? b : c = d }', '{ (a ? b : c) = d }'],
    ['a.*.0 .1 .e5', 'a.*.0 .1 .e5'],
    ['a[*].b[*].c.*.d[e].f', 'a[*].b[*].c.*.d[e].f'],
    ['(a[*].b).c', '(a[*].b).c'],
    ['f()[0].b', 'f()[0].b'],
    ['"a${b}c%{ if d ~} e %{ else }f%{ endif }"', '"a${b}c%{ if d }e %{ else }f%{ endif }"'],
    ['"%{for k, v in a}${k}%{endfor}"', '"%{ for k, v in a }${k}%{ endfor }"'],
    ['"$${${a}"', '"$${${a}"'],
    ['"$${"$"}${"%"}%{if a}%%{endif}"', null],
    ['"a${"b${c}"}"', '"a${"b${c}"}"'],
    ['"${a}"', 'a'],
    ['" ${~ a ~} "', '"${""}${a}"'],
    ['1.50', '1.5'],
  ])('%j is printed as %j', (text, printed) => {
    if (printed === null) expect(problemOf(() => parseExpression(text))).not.toBeNull();
    else expect(printExpression(parseExpression(text))).toBe(printed);
  });

  it('tells where its parts begin', () => {
    const columns = (text: string): string[] => {
      const found: string[] = [];
      JSON.stringify(parseTemplate(text), (_, part) => {
        if (typeof part?.kind === 'string') found.push(`${part.column} ${part.kind}`);
        return part;
      });
      return found;
    };
    expect(columns('é😀 ${a.b + f("x", -c)[d]}')).toEqual([
      '1 template',
      '1 literal',
      '6 binary',
      '6 reference',
      '22 index',
      '12 call',
      '14 literal',
      '19 unary',
      '20 reference',
      '23 reference',
    ]);
  });
});

describe('a template', () => {
  it('that is one ${…} alone is its expression; any text beside it, stripped or not, makes it a text', () => {
    expect(shape(parseTemplate('${1}'))).toEqual(one);
    expect(shape(parseTemplate('${~ 1 ~}'))).toEqual(one);
    expect(shape(parseTemplate('${"${1}"}'))).toEqual(one);
    for (const text of [' ${~ 1 ~}', '${1 ~} ', '${"${1}${""}"}'])
      expect(shape(parseTemplate(text))).toEqual({ kind: 'template', parts: [{ kind: 'literal', value: '' }, one] });
  });

  it('of text alone is a literal', () => {
    for (const [text, value] of [
      ['', ''],
      ['a b', 'a b'],
      ['$ % $$ } 100%', '$ % $$ } 100%'],
      ['$${a} %%{b}', '${a} %{b}'],
      ['a\\n', 'a\\n'],
      ['\ufeffa', 'a'],
      ['a\ud800b', 'a\ufffdb'],
      ['a😀', 'a😀'],
    ] as const)
      expect(parseTemplate(text)).toEqual({ kind: 'literal', value, column: 1 });
  });

  it('is parsed once', () => {
    const text = 'a${b}c';
    expect(parseTemplate(text)).toBe(parseTemplate(['a${b}', 'c'].join('')));
    // Other texts push it out in time.
    const first = parseTemplate(text);
    for (let index = 0; index < 45; index++) parseTemplate(`\${a}${String(index).padStart(100_000)}`);
    expect(parseTemplate(text)).not.toBe(first);
    expect(parseTemplate(text)).toEqual(first);
  });
});

describe('what Terraform says', () => {
  interface Answer {
    readonly text: string;
    readonly error?: string;
    readonly value?: Json;
  }
  const { locals, answers } = JSON.parse(readFileSync(join(import.meta.dirname, 'syntax/answers.json'), 'utf8')) as {
    locals: Record<string, Json>;
    answers: Answer[];
  };
  /** Errors of what is well-formed. */
  const EVALUATION = new Set(['Invalid reference', 'Unsupported attribute', 'Invalid template interpolation value']);
  /** Where Keyform refuses what Terraform takes for well-formed, with its reason. */
  const REFUSED: Readonly<Record<string, string>> = {
    '${{a.b = 1}}':
      'Terraform finds that the key is ambiguous when it evaluates it, and the reference at fault before that',
  };
  const scope = {
    lookup({ steps: [name] }) {
      const value = locals[String(name)];
      if (value === undefined) throw new EvaluationProblem('Unknown name', null, 'There is no such name.');
      return { value: fromJson(value), used: 1 };
    },
    functions: {} as Scope['functions'],
  } satisfies Scope;

  it('has more than 300 answers, of which half are errors', () => {
    expect(answers.length).toBeGreaterThan(300);
    expect(answers.filter(({ error }) => error !== undefined).length).toBeGreaterThan(150);
  });

  it.each(answers.map((answer) => [answer.text, answer] as const))('Keyform says of %j', (text, { error, value }) => {
    const problem = problemOf(() => parseTemplate(text));
    const wellFormed = (error === undefined || EVALUATION.has(error)) && REFUSED[text] === undefined;
    expect(problem === null).toBe(wellFormed);
    if (problem !== null || error !== undefined) return;
    const expression = parseTemplate(text);
    // Functions have tests of their own.
    if ([...calls(expression)].length === 0) expect(toJsonValue(evaluate(expression, scope))).toEqual(value);
  });
});

describe('a problem', () => {
  const COLUMNS: readonly (readonly [text: string, column: number, message: string])[] = [
    ['${', 1, 'Unclosed "${"'],
    ['a ${b', 3, 'Unclosed "${"'],
    ['${a}${ ', 5, 'Unclosed "${"'],
    ['${"${b"}', 4, 'Unclosed "${"'],
    ['%{', 1, 'Unclosed "%{"'],
    ['a%{ if b', 2, 'Unclosed "%{"'],
    ['${}', 3, 'Missing expression'],
    ['${a + }', 7, 'Missing expression'],
    ['${a +', 6, 'Missing expression'],
    ['${a + * b}', 7, 'Invalid expression'],
    ['${a b}', 5, 'Extra characters after interpolation expression'],
    ['${a : b}', 5, 'Extra characters after interpolation expression'],
    ['${(a}', 5, 'Missing close parenthesis'],
    ['${(a b)}', 6, 'Missing close parenthesis'],
    ['${f(a}', 6, 'Missing close parenthesis'],
    ['${f(a b)}', 7, 'Missing argument separator'],
    ['${f(a..., b)}', 9, 'Missing close parenthesis'],
    ['${f::(a)}', 6, 'Missing function name'],
    ['${f::g}', 7, 'Missing open parenthesis'],
    ['${[a}', 5, 'Missing close bracket'],
    ['${[a b]}', 6, 'Missing item separator'],
    ['${a[b}', 6, 'Missing close bracket on index'],
    ['${a[*.b}', 6, 'Missing close bracket on splat index'],
    ['${a.}', 5, 'Invalid attribute name'],
    ['${a.*."b"}', 7, 'Invalid attribute name'],
    ['${a.*.b.*}', 9, 'Nested splat expression not allowed'],
    ['${a.0.1}', 5, 'Invalid legacy index syntax'],
    ['${1.2.3}', 3, 'Invalid number literal'],
    ['${1e999999999}', 3, 'Number out of range'],
    ['${a ? b}', 8, 'Missing false expression in conditional'],
    ['${{a = b}', 1, 'Unclosed "${"'],
    ['${{a = b', 9, 'Missing close brace'],
    ['${{a}}', 5, 'Missing key/value separator'],
    ['${{a = 1 b = 2}}', 10, 'Missing attribute separator'],
    ['${{a.b = 1}}', 4, 'Ambiguous attribute key'],
    ['${{a =\n1}}', 7, 'Invalid expression'],
    ['${[for a b : c]}', 10, 'Invalid "for" expression'],
    ['${[for a in b c]}', 15, 'Invalid "for" expression'],
    ['${[for a in b : c => d]}', 19, 'Invalid "for" expression'],
    ['${[for a in b : c...]}', 18, 'Invalid "for" expression'],
    ['${{for a in b : c}}', 18, 'Invalid "for" expression'],
    ['${{for a in b : c => d if e...}}', 28, 'Invalid "for" expression'],
    ['${"a}', 3, 'Unclosed text'],
    ['${"a\nb"}', 5, 'Invalid multi-line string'],
    ['${"a\\qb"}', 5, 'Invalid escape sequence'],
    ['${"\\u12"}', 4, 'Invalid escape sequence'],
    ['${"\\ud83d\\ude00"}', 4, 'Invalid escape sequence'],
    ['${a & b}', 5, 'Unsupported operator'],
    ["${'a'}", 3, 'Invalid character'],
    ['${a;}', 4, 'Invalid character'],
    ['${“a”}', 3, 'Invalid character'],
    ['${{a = 1 ~}}', 10, 'Invalid strip marker'],
    ['${a /* b}', 5, 'Unclosed comment'],
    ['${<<EOT\na\nEOT\n}', 3, 'Heredocs are not supported'],
    ['%{ while a }', 4, 'Invalid template directive'],
    ['%{ if a b }', 9, 'Extra characters after directive'],
    ['%{ for a of b }', 10, 'Invalid "for" directive'],
    ['a%{ else }', 2, 'Unexpected "else" directive'],
    ['%{ if a }b%{ else }c%{ else }', 21, 'Unexpected "else" directive'],
    ['%{ for a in b }%{ endif }', 16, 'Unexpected "endif" directive'],
    ['%{ endfor }', 1, 'Unexpected "endfor" directive'],
    ['a%{ if b }c', 2, 'Missing "endif" directive'],
    ['%{ if b }c%{ for d in e }', 11, 'Missing "endfor" directive'],
    ['é😀\n${@}', 6, 'Invalid character'],
    ['\ufeff${@}', 4, 'Invalid character'],
  ];

  it.each(COLUMNS)('of %j stands at column %i: %s', (text, column, message) => {
    const problem = problemOf(() => parseTemplate(text));
    expect([problem?.column, problem?.message]).toEqual([column, message]);
  });

  it('says what to do, in sentences', () => {
    for (const [text] of COLUMNS) {
      const { message, detail } = problemOf(() => parseTemplate(text)) as SyntaxProblem;
      expect(message).toMatch(/^[A-Z].*[^.]$/);
      expect(detail).toMatch(/^["A-Z].{10,}[.:]$/);
    }
  });

  it('of a bare expression is told too', () => {
    expect(problemOf(() => parseExpression('a }'))).toMatchObject({
      column: 3,
      message: 'Extra characters after expression',
    });
    expect(problemOf(() => parseExpression(' '))).toMatchObject({ column: 2, message: 'Missing expression' });
  });

  it('is told where nesting has no end, and not of what is merely long', () => {
    for (const [open, inside, close] of [
      ['(', 'a', ')'],
      ['[', '', ']'],
      ['{a=', 'a', '}'],
      ['{(', 'a', ')=1}'],
      ['f(', '', ')'],
      ['-', 'a', ''],
      ['a[', '0', ']'],
      ['"${', 'a', '}"'],
      ['a ? ', 'b', ' : c'],
      ['a ? b : ', 'c', ''],
      ['1 + [', 'a', ']'],
      ['[for a in ', 'b', ' : a]'],
    ] as const) {
      const nested = (levels: number) => open.repeat(levels) + inside + close.repeat(levels);
      expect(problemOf(() => parseExpression(nested(10_000)))?.message).toBe('Expression nested too deeply');
      expect(problemOf(() => parseExpression(nested(60)))).toBeNull();
    }
    const directives = (levels: number) => '%{ if a }'.repeat(levels) + '%{ endif }'.repeat(levels);
    expect(problemOf(() => parseTemplate(directives(10_000)))?.message).toBe('Expression nested too deeply');
    expect(problemOf(() => parseTemplate(directives(60)))).toBeNull();
    // One after another they are not nested.
    for (const many of ['%{ if a }b%{ else }c%{ endif }', '%{ for a in b }c%{ endfor }', '${[a]}${f(-(a))}${"${a}b"}'])
      expect(problemOf(() => parseTemplate(many.repeat(1000)))).toBeNull();
    for (const long of ['[*]', '[b]', '.*.c[0]', '.b'])
      expect(problemOf(() => parseExpression(`f()${long.repeat(10_000)}`))?.message).toBe(
        'Expression nested too deeply',
      );
    for (const long of [
      Array(20_000).fill('a * a').join(' + '),
      `a${'.b'.repeat(20_000)}`,
      `"${'${a} '.repeat(20_000)}"`,
    ]) {
      const expression = parseExpression(long);
      expect(printExpression(expression)).toBe(long);
      expect([...references(expression)].length).toBe(long.match(/a/g)?.length);
      expect([...calls(expression)]).toEqual([]);
    }
  });
});

describe('any expression', () => {
  it('is the same when printed and parsed again', () => {
    fc.assert(
      fc.property(tree, (expression) => {
        const printed = printExpression(expression);
        expect(printed).not.toMatch(/[\r\n]/);
        expect(shape(parseExpression(printed))).toEqual(shape(expression));
        expect(shape(parseTemplate(`\${${printed}}`))).toEqual(shape(expression));
      }),
      { numRuns: 3000 },
    );
  });
});

describe('any text', () => {
  const SECRET = 'hunter2';
  const sign = fc.constantFrom(
    ...[
      '${',
      '%{',
      '~',
      '}',
      '"',
      '\\',
      '\\u00e9',
      '(',
      ')',
      '[',
      ']',
      '{',
      '.',
      '...',
      '*',
      ',',
      '=',
      '=>',
      ':',
      '::',
    ],
    ...[
      '?',
      '!',
      '-',
      '+',
      '/',
      '%',
      '==',
      '<',
      '<<',
      '&&',
      '&',
      '#',
      '//',
      '/*',
      '*/',
      '\n',
      '\r',
      ' ',
      '\t',
      '@',
      "'",
    ],
    ...['$${', '0', '1.5', '1e', SECRET, 'for', 'in', 'if', 'else', 'endif', 'endfor', 'true', 'é', '😀', '\ud800'],
  );
  const any = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(sign, { maxLength: 20 }).map((signs) => signs.join('')),
    // A well-formed one with something put in.
    fc.tuple(tree, sign, fc.nat()).map(([expression, added, at]) => {
      const text = `\${${printExpression(expression)}}`;
      const index = at % text.length;
      return text.slice(0, index) + added + text.slice(index);
    }),
  );

  it('is an expression, or has a problem that shows where and quotes no more than signs', () => {
    fc.assert(
      fc.property(any, fc.constantFrom(parseTemplate, parseExpression), (text, parse) => {
        const problem = problemOf(() => parse(text));
        if (problem === null) {
          const expression = parse(text);
          expect(shape(parseExpression(printExpression(expression)))).toEqual(shape(expression));
        } else {
          expect(problem.column).toBeGreaterThanOrEqual(1);
          expect(problem.column).toBeLessThanOrEqual([...text].length + 1);
          expect(`${problem.message} ${problem.detail}`).not.toContain(SECRET);
          expect(problem.detail).toMatch(/\.$/);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('is itself once its sequences are escaped', () => {
    const text = fc
      .oneof(
        fc.string({ unit: 'grapheme' }),
        fc.array(fc.constantFrom('$', '%', '{', '}', '~', '\n', '"', '\\')).map((all) => all.join('')),
      )
      .map((text) => text.replace(/\r/g, ''));
    fc.assert(
      fc.property(text, (text) => {
        const escaped = text.replace(/[$%](?=\{)/g, '$&$&');
        expect(parseTemplate(escaped)).toMatchObject({ kind: 'literal', value: text });
      }),
    );
  });
});

describe('a JSON value', () => {
  const silent = (problem: SyntaxProblem): never => {
    throw problem;
  };

  it('has templates for strings and for keys, comments included', () => {
    const value = { '//': 'note', 'a-${b}': [1, -0.5, 1e300, true, null, '${c}', 'd'], $e: {} };
    expect(printExpression(parseValue(value, silent))).toBe(
      `{ "//" = "note", ("a-\${b}") = [1, -0.5, 1${'0'.repeat(300)}, true, null, c, "d"], "$e" = { } }`,
    );
  });

  it('has all its problems reported, each with its path', () => {
    const problems: unknown[] = [];
    const found = parseValue(
      { a: ['${', { 'b${': '%{x}' }], ok: '${c}' },
      ({ message, column }, path) => problems.push([message, column, path]),
      ['resource', 0],
    );
    expect(problems).toEqual([
      ['Unclosed "${"', 1, ['resource', 0, 'a', 0]],
      ['Unclosed "${"', 2, ['resource', 0, 'a', 1, 'b${']],
      ['Invalid template directive', 3, ['resource', 0, 'a', 1, 'b${']],
    ]);
    expect(printExpression(found)).toBe('{ "a" = ["", { "" = "" }], "ok" = c }');
  });

  it('may not be nested without end', () => {
    let value: Json = '${';
    for (let level = 0; level < 100_000; level++) value = level % 2 ? [value] : { a: value };
    const problems: string[] = [];
    parseValue(value, ({ message }) => problems.push(message));
    expect(problems).toEqual(['Value nested too deeply']);
  });
});
