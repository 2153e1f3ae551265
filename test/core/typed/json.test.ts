import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../src/core/json.ts';
import { constraintText, friendlyName, typeText } from '../../../src/core/typed/format.ts';
import { fromJson, fromPlan, toJsonValue, toPlan, typeFromJson, typeToJson } from '../../../src/core/typed/json.ts';
import { Num } from '../../../src/core/typed/number.ts';
import { valueText } from '../../../src/core/typed/print.ts';
import { quote } from '../../../src/core/typed/quote.ts';
import { equalTypes, typeKey } from '../../../src/core/typed/same.ts';
import {
  listType,
  mapType,
  NUMBER,
  objectType,
  STRING,
  setType,
  type Type,
  tupleType,
} from '../../../src/core/typed/type.ts';
import { marked, numberValue, stringValue, tupleValue, unknownValue } from '../../../src/core/typed/typed.ts';
import { isWhollyKnown, Sensitive, toJson, UNKNOWN, Unknown } from '../../../src/core/value.ts';

const name = fc.oneof(fc.constantFrom('a', 'b', '__proto__', 'constructor', 'ключ'), fc.string({ maxLength: 4 }));
const { type } = fc.letrec<{ type: Json }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Json>('string', 'number', 'bool', 'dynamic'),
    fc.tuple(fc.constantFrom('list', 'set', 'map'), tie('type')),
    fc.tuple(fc.constant('tuple'), fc.array(tie('type'), { maxLength: 3 })),
    fc.tuple(fc.constant('object'), fc.dictionary(name, tie('type'), { maxKeys: 3 })),
  ),
}));
const json = fc
  .jsonValue({ noUnicodeString: false })
  .map((value) => JSON.parse(JSON.stringify(value).normalize('NFC')) as Json);

describe('JSON', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(toJsonValue(fromJson(value))).toEqual(value);
        expect(toPlan(fromJson(value))).toEqual(value);
      }),
    );
  });

  test('texts are in form NFC, as Terraform has them', () => {
    expect(toJsonValue(fromJson({ 'e\u0301': 'a\u0308' }))).toEqual({ '\u00e9': '\u00e4' });
  });

  test('what JSON or a plan cannot say is refused', () => {
    expect(() => toJsonValue(tupleValue([unknownValue(STRING)]))).toThrow('not known');
    const third = Num.of(1).div(Num.of(3)) ?? Num.of(0);
    expect(() => toPlan(numberValue(third))).toThrow('more digits');
    expect(() => toJsonValue(numberValue(Num.of(Number.POSITIVE_INFINITY)))).toThrow('more digits');
  });
});

describe('plans', () => {
  const of = objectType([
    ['ids', setType(STRING)],
    ['later', listType(NUMBER)],
    ['missing', STRING],
    ['secret', mapType(STRING)],
    ['shape', { kind: 'dynamic' }],
  ]);

  test('keep unknown parts and marks', () => {
    const plan = { ids: ['b', 'a', 'b'], later: UNKNOWN, secret: new Sensitive({ k: 's' }), shape: [1, { a: null }] };
    const value = fromPlan(plan, of);
    expect(typeText(value.type).replace(/\s+/g, ' ')).toBe(
      'object({ ids: set(string), later: list(number), missing: string, secret: map(string), shape: tuple([ number, object({ a: dynamic, }), ]), })',
    );
    expect(valueText(value).replace(/\s+/g, ' ')).toBe(
      '{ "ids" = toset([ "a", "b", ]) "later" = (known after apply) "missing" = tostring(null) "secret" = (sensitive value) "shape" = [ 1, { "a" = null }, ] }',
    );
    const back = toPlan(value) as { readonly [name: string]: unknown };
    expect(back.later).toBeInstanceOf(Unknown);
    expect(back.secret).toBeInstanceOf(Sensitive);
    expect(isWhollyKnown(toPlan(value))).toBe(false);
    expect(toJson(toPlan(value), 'later')).toEqual({
      ids: ['a', 'b'],
      later: 'later',
      missing: null,
      secret: { k: 's' },
      shape: [1, { a: null }],
    });
  });

  test.each([
    [{ a: [1] }, objectType([['a', mapType(NUMBER)]]), 'map of number required', ['a']],
    [{ a: 'x' }, mapType(NUMBER), 'a number is required', ['a']],
    [[1, [2]], listType(STRING), 'string required', [1]],
    ['x', setType(STRING), 'set of string required', []],
    [[1], tupleType([NUMBER, NUMBER]), 'a tuple of 2 elements is required', []],
  ] as const)('of another shape are refused: %j', (plan, wanted, message, path) => {
    expect(() => fromPlan(plan, wanted)).toThrow(expect.objectContaining({ message, path }));
  });

  test('no message shows a sensitive value', () => {
    expect(String(fromPlan(new Sensitive('s3cret'), STRING))).not.toContain('s3cret');
    expect(() => fromPlan(new Sensitive('s3cret'), NUMBER)).toThrow(/^(?!.*s3cret)/);
  });
});

describe('types', () => {
  test('in JSON notation come back as they were, and have one key', () => {
    fc.assert(
      fc.property(type, type, (a, b) => {
        const [one, other] = [typeFromJson(a), typeFromJson(b)];
        expect(typeToJson(one)).toEqual(a);
        expect(equalTypes(one, typeFromJson(a))).toBe(true);
        expect(typeKey(one) === typeKey(other)).toBe(equalTypes(one, other));
      }),
    );
  });

  test.each<Json>([
    'text',
    1,
    null,
    [],
    ['list'],
    ['list', 'string', 'string'],
    ['tuple', 'string'],
    ['object', {}, ['a']],
    {},
  ])('%j is none', (notation) => {
    expect(() => typeFromJson(notation)).toThrow('notation');
  });

  test('are written as in messages and as in constraints', () => {
    const full: Type = listType(
      objectType(
        [
          ['a', STRING],
          ['b c', setType(NUMBER)],
        ],
        ['b c'],
      ),
    );
    expect(friendlyName(full)).toBe('list of object');
    expect(constraintText(full)).toBe('list(object({ a = string, "b c" = optional(set(number)) }))');
    expect(constraintText(tupleType([{ kind: 'dynamic' }, objectType([])]))).toBe('tuple([any, object({})])');
    expect(typeToJson(full)).toEqual(['list', ['object', { a: 'string', 'b c': ['set', 'number'] }, ['b c']]]);
  });
});

describe('the console', () => {
  test('quotes as Go does', () => {
    expect(quote('a"\\\n\t\u0001\u007f\u00a0é😀\u200b\ue000\u{10ffff}')).toBe(
      '"a\\"\\\\\\n\\t\\x01\\x7f\\u00a0é😀\\u200b\\ue000\\U0010ffff"',
    );
  });

  test('prints several lines as a heredoc', () => {
    expect(valueText(tupleValue([stringValue('a\nEOT\n')]))).toBe('[\n  <<-EOT_\n  a\n  EOT\n  \n  EOT_,\n]');
    expect(valueText(stringValue('a\nb'))).toBe('<<EOT\na\nb\nEOT');
    expect(valueText(marked(stringValue('a'), true))).toBe('(sensitive value)');
  });
});
