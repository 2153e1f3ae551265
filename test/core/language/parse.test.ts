import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/core/json.ts';
import { type Expression, formatReference, references } from '../../../src/core/language/expression.ts';
import { parseTemplate, parseValue, SyntaxProblem } from '../../../src/core/language/parse.ts';

const literal = (value: Json): Expression => ({ kind: 'literal', value });
const reference = (column: number, root: string, ...steps: (string | number)[]): Expression => ({
  kind: 'reference',
  root,
  steps,
  column,
});
const template = (...parts: Expression[]): Expression => ({ kind: 'template', parts, column: 1 });

function problem(text: string): SyntaxProblem {
  try {
    parseTemplate(text);
  } catch (error) {
    if (error instanceof SyntaxProblem) return error;
    throw error;
  }
  throw new Error(`${JSON.stringify(text)} was taken`);
}

describe('parseTemplate', () => {
  it.each<[string, Expression]>([
    ['', literal('')],
    ['plain $ { } % text', literal('plain $ { } % text')],
    ['$${var.x}', literal('${var.x}')],
    ['%%{if}', literal('%{if}')],
    ['$$${var.x}', literal('$${var.x}')],
    ['a $${b} ${var.c}', template(literal('a ${b} '), reference(11, 'var', 'c'))],
    ['${var.x}', reference(3, 'var', 'x')],
    ['${  var.x\n}', reference(5, 'var', 'x')],
    ['${var.x} ', template(reference(3, 'var', 'x'), literal(' '))],
    ['${var.a}${local.b}', template(reference(3, 'var', 'a'), reference(11, 'local', 'b'))],
    ['${a_b.c-d.id}', reference(3, 'a_b', 'c-d', 'id')],
    ['${var.list[0][ 12 ]}', reference(3, 'var', 'list', 0, 12)],
    ['${var.list.0}', reference(3, 'var', 'list', 0)],
    ['${var.map["a b"].c}', reference(3, 'var', 'map', 'a b', 'c')],
    ['${var.map["\\u00e9\\n\\""]}', reference(3, 'var', 'map', 'é\n"')],
    ['${true}', literal(true)],
    ['${ null }', literal(null)],
    ['${-1.5e3}', literal(-1500)],
    ['${"a\\tb"}', literal('a\tb')],
    ['x${"}"}y', template(literal('x'), literal('}'), literal('y'))],
    ['${trueish.x}', reference(3, 'trueish', 'x')],
  ])('reads %j', (text, expression) => {
    expect(parseTemplate(text)).toEqual(expression);
  });

  it.each([
    ['a ${', 3, 'Unclosed "${"', /\$\$\{/],
    ['${var.x', 1, 'Unclosed "${"', /Close/],
    ['ab${ var.x ', 3, 'Unclosed "${"', /Close/],
    ['${}', 3, 'An expression is missing or ends too early', /references/],
    ['${ }', 4, 'An expression is missing or ends too early', /references/],
    ['${var.}', 7, 'An expression is missing or ends too early', /references/],
    ['x %{ if true }', 3, 'Template directives are not evaluated by this version', /%%\{/],
    ['${~ var.x }', 3, 'Strip markers are not evaluated by this version', /references/],
    ['${ var.x ~}', 10, 'Unexpected "~}" in an expression', /references/],
    ['ab${upper(var.x)}', 5, 'The function "upper" is not evaluated by this version', /variable/],
    ['${ upper ("a")}', 4, 'The function "upper" is not evaluated by this version', /variable/],
    ['${var.a + 1}', 9, 'Unexpected "+" in an expression', /references/],
    ['${var.a == var.b}', 9, 'Unexpected "==" in an expression', /references/],
    ['${var.a ? 1 : 2}', 9, 'Unexpected "?" in an expression', /references/],
    ['${!var.a}', 3, 'Unexpected "!" in an expression', /references/],
    ['${(var.a)}', 3, 'Unexpected "(" in an expression', /references/],
    ['${[for x in var.a : x]}', 3, 'Unexpected "[" in an expression', /references/],
    ['${{a = 1}}', 3, 'Unexpected "{" in an expression', /references/],
    ['${var.a[*].id}', 9, 'Splat expressions are not evaluated by this version', /references/],
    ['${var.a.*.id}', 9, 'Splat expressions are not evaluated by this version', /references/],
    ['${var.a[var.b]}', 9, 'An index must be a number or a quoted string in this version', /references/],
    ['${var.a[-1]}', 9, 'An index must be a number or a quoted string in this version', /references/],
    ['${var.a[0}', 10, 'An expression is missing or ends too early', /references/],
    ['${var.a["${var.b}"]}', 9, 'A template inside an expression is not evaluated by this version', /references/],
    ['${"${var.b}"}', 3, 'A template inside an expression is not evaluated by this version', /references/],
    ['${"\\q"}', 3, 'Invalid string in an expression', /escapes/],
    ['${var.a["\\q"]}', 9, 'Invalid string in an expression', /escapes/],
    ['${var.a["\t"]}', 9, 'Invalid string in an expression', /escapes/],
    ['${01}', 4, 'Unexpected text in an expression', /references/],
  ])('refuses %j at column %i', (text, column, message, remedy) => {
    const found = problem(text);
    expect({ column: found.column, message: found.message }).toEqual({ column, message });
    expect(found.detail).toMatch(remedy);
  });

  it('does not quote text of which part may be a secret', () => {
    expect(
      JSON.stringify({ ...problem('hunter${2 Tr0ub4dor'), m: problem('hunter${2 Tr0ub4dor').message }),
    ).not.toMatch(/Tr0|hunter/);
  });

  it('takes any string or refuses it with a SyntaxProblem inside of it', () => {
    const parts = fc.constantFrom(
      '$',
      '{',
      '}',
      '%',
      '${',
      '"',
      '\\',
      '[',
      ']',
      '.',
      '*',
      'var',
      ' ',
      '(',
      '0',
      '-',
      '~',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.oneof(parts, fc.string({ maxLength: 3 })), { maxLength: 20 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (written) => {
        try {
          parseTemplate(written);
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxProblem);
          const { column } = error as SyntaxProblem;
          expect(column).toBeGreaterThanOrEqual(1);
          expect(column).toBeLessThanOrEqual(written.length + 1);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('reads a printed reference back', () => {
    const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_-]{0,8}$/);
    const root = name.filter((text) => !['true', 'false', 'null'].includes(text));
    const key = fc.string({ unit: 'grapheme' }).filter((text) => !/[$%]\{/.test(text));
    const steps = fc.array(fc.oneof(name, fc.nat(1_000_000), key), { maxLength: 5 });
    fc.assert(
      fc.property(root, steps, (first, rest) => {
        expect(parseTemplate(`\${${formatReference({ root: first, steps: rest })}}`)).toEqual(
          reference(3, first, ...rest),
        );
      }),
    );
  });

  it('keeps any text whose markers are escaped', () => {
    const part = fc.oneof(fc.string(), fc.constantFrom('${', '%{', '$', '%', '{', '}'));
    fc.assert(
      fc.property(fc.array(part), (all) => {
        // A marker behind its own sign reads as an escape, as it does in Terraform.
        const text = all.join('').replace(/([$%])\1+\{/g, '$1{');
        const escaped = text.replace(/([$%])\{/g, '$1$1{');
        expect(parseTemplate(escaped)).toEqual(literal(text));
      }),
    );
  });
});

describe('parseValue', () => {
  it('finds all problems of a structure in one pass, each with its path', () => {
    const found: [string, number, readonly (string | number)[]][] = [];
    const value = { a: ['${f(x)}', { b: 'ok ${var.x}', c: '%{ if }' }], '${var.k}': 1, d: null, e: 2.5 };
    const expression = parseValue(value, (p, path) => found.push([p.message, p.column, path]), ['args']);
    expect(found).toEqual([
      ['The function "f" is not evaluated by this version', 3, ['args', 'a', 0]],
      ['Template directives are not evaluated by this version', 1, ['args', 'a', 1, 'c']],
      ['Templates in the names of an object are not evaluated by this version', 1, ['args', '${var.k}']],
    ]);
    expect([...references(expression)].map(formatReference)).toEqual(['var.x']);
  });
});
