import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/core/json.ts';
import { EvaluationProblem, evaluate, type Scope } from '../../../src/core/language/evaluate.ts';
import { parseValue } from '../../../src/core/language/parse.ts';
import {
  containsSensitive,
  isWhollyKnown,
  Sensitive,
  sensitive,
  toJson,
  UNKNOWN,
  type Value,
} from '../../../src/core/language/value.ts';

const CANARY = 'canary-s3cret';

const VARS: Readonly<Record<string, Value>> = {
  text: 'abc',
  number: 7,
  yes: true,
  none: null,
  list: ['x', ['y', 'z']],
  map: { a: { b: 1 }, 'with space': 2 },
  open: UNKNOWN,
  password: sensitive(CANARY),
  hidden: sensitive({ [`${CANARY}-name`]: CANARY, list: [CANARY, CANARY] }),
  hiddenOpen: sensitive(UNKNOWN),
  mixed: { plain: 'p', secret: sensitive(CANARY), later: UNKNOWN },
};

const scope: Scope = {
  lookup(reference) {
    const name = String(reference.steps[0]);
    const value = Object.hasOwn(VARS, name) ? VARS[name] : undefined;
    if (value === undefined) throw new EvaluationProblem(`no ${name}`, reference.column, 'Declare it.');
    return { value, used: 1 };
  },
};

function value(written: Json): Value {
  return evaluate(
    parseValue(written, (problem) => {
      throw problem;
    }),
    scope,
  );
}

/** A value with its marks, as text. */
function show(found: Value): unknown {
  if (found === UNKNOWN) return '?';
  if (found instanceof Sensitive) return { sensitive: show(found.reveal()) };
  if (Array.isArray(found)) return found.map(show);
  if (typeof found === 'object' && found !== null)
    return Object.fromEntries(Object.entries(found).map(([key, item]) => [key, show(item)]));
  return found;
}

describe('evaluate', () => {
  it.each<[Json, unknown]>([
    ['${var.text}', 'abc'],
    ['${var.number}', 7],
    ['${var.none}', null],
    ['<${var.text}-${var.number}-${var.yes}>', '<abc-7-true>'],
    ['${var.list[1][0]}', 'y'],
    ['${var.list.1[1]}', 'z'],
    ['${var.list["0"]}', 'x'],
    ['${var.map.a.b}', 1],
    ['${var.map["with space"]}', 2],
    ['${var.open}', '?'],
    ['${var.open.any[3].thing}', '?'],
    ['a ${var.open}', '?'],
    [
      ['${var.open}', '${var.text}'],
      ['?', 'abc'],
    ],
    [{ k: '${var.open}' }, { k: '?' }],
    ['${var.password}', { sensitive: CANARY }],
    ['a ${var.password}', { sensitive: `a ${CANARY}` }],
    ['${var.open} ${var.password}', { sensitive: '?' }],
    ['${var.hiddenOpen.deep}', { sensitive: '?' }],
    ['${var.hidden.list[1]}', { sensitive: CANARY }],
    ['${var.mixed}', { plain: 'p', secret: { sensitive: CANARY }, later: '?' }],
    ['${var.mixed.secret}', { sensitive: CANARY }],
    ['${var.mixed.plain}', 'p'],
    [['${var.password}'], [{ sensitive: CANARY }]],
    [
      { one: 1, nested: { list: ['${var.number}'] } },
      { one: 1, nested: { list: [7] } },
    ],
  ])('gives %j its value', (written, expected) => {
    expect(show(value(written))).toEqual(expected);
  });

  it('keeps a key named __proto__', () => {
    const written = JSON.parse('{"__proto__": "${var.text}"}') as Json;
    expect(JSON.stringify(toJson(value(written)))).toBe('{"__proto__":"abc"}');
  });

  it.each<[string, string, number | null, string]>([
    ['${var.map.c}', 'var.map has no attribute "c"', 3, 'It has: a, with space.'],
    ['${var.map.toString}', 'var.map has no attribute "toString"', 3, 'It has: a, with space.'],
    ['x${var.list[9]}', 'var.list has no element 9', 4, 'It is a list of 2.'],
    ['${var.list[""]}', 'var.list has no attribute ""', 3, 'It is a list of 2.'],
    ['${var.list.length}', 'var.list has no attribute "length"', 3, 'It is a list of 2.'],
    ['${var.text.x}', 'var.text has no attribute "x"', 3, 'It is not an object or a list.'],
    ['${var.none.x}', 'var.none has no attribute "x"', 3, 'It is not an object or a list.'],
    [
      'x${var.none}',
      'var.none cannot be part of a string',
      4,
      'The value is null. Only strings, numbers and booleans can stand inside text.',
    ],
    [
      'x${var.list}',
      'var.list cannot be part of a string',
      4,
      'The value is a list or an object. Only strings, numbers and booleans can stand inside text.',
    ],
    ['${var.hidden.nope}', 'var.hidden has no attribute "nope"', 3, 'It is sensitive, so what it has is not shown.'],
    ['${var.hidden.list[7]}', 'var.hidden.list has no element 7', 3, 'It is sensitive, so what it has is not shown.'],
  ])('refuses %j in words', (written, message, column, detail) => {
    let caught: unknown;
    try {
      value(written);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(EvaluationProblem);
    expect(caught).toMatchObject({ message, column, detail });
  });
});

describe('marks', () => {
  const reference = fc
    .tuple(
      fc.constantFrom(...Object.keys(VARS)),
      fc.array(fc.constantFrom('.a', '.b', '.secret', '.later', '.list', '[0]', '[1]', '["plain"]'), { maxLength: 3 }),
    )
    .map(([name, steps]) => `\${var.${name}${steps.join('')}}`);
  const text = fc.oneof(
    reference,
    fc.tuple(reference, reference).map(([a, b]) => `a ${a} b ${b}`),
  );
  const { tree } = fc.letrec<{ tree: Json }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      text,
      fc.constantFrom<Json>(null, 1, true, 'plain'),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('k', 'l', 'm'), tie('tree'), { maxKeys: 3 }) as fc.Arbitrary<Json>,
    ),
  }));

  it('are never lost, nothing sensitive is in a message, and the same gives the same', () => {
    fc.assert(
      fc.property(tree, (written) => {
        let found: Value;
        try {
          found = value(written);
        } catch (error) {
          expect(error).toBeInstanceOf(EvaluationProblem);
          const { message, detail } = error as EvaluationProblem;
          expect(`${message} ${detail}`).not.toContain(CANARY);
          return;
        }
        expect(show(value(written))).toEqual(show(found));
        // Printed as it is, no canary can be in it: what held one is marked.
        expect(JSON.stringify(found)).not.toContain(CANARY);
        expect(String(JSON.stringify(show(found))).includes('sensitive')).toBe(containsSensitive(found));
        expect(isWhollyKnown(found)).toBe(!JSON.stringify(show(found)).includes('"?"'));
        if (isWhollyKnown(found)) toJson(found);
        else expect(() => toJson(found)).toThrow('not known yet');
        toJson(found, null);
      }),
      { numRuns: 1000 },
    );
  });
});
