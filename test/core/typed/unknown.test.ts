import { describe, expect, test } from 'vitest';
import { convert, unifyValues } from '../../../src/core/typed/convert.ts';
import { typeText } from '../../../src/core/typed/format.ts';
import { fromJson } from '../../../src/core/typed/json.ts';
import { valueText } from '../../../src/core/typed/print.ts';
import {
  DYNAMIC,
  listType,
  mapType,
  NUMBER,
  objectType,
  STRING,
  setType,
  tupleType,
} from '../../../src/core/typed/type.ts';
import {
  isKnownWithin,
  marked,
  nullValue,
  objectValue,
  partsOf,
  stringValue,
  type Typed,
  tupleValue,
  UnknownContent,
  unknownValue,
} from '../../../src/core/typed/typed.ts';

const unknown = unknownValue(STRING);
const secret = marked(stringValue('s'), true);

function shown(value: Typed): string {
  return `${valueText(value).replace(/\s+/g, ' ')} is ${typeText(value.type).replace(/\s+/g, ' ')}`;
}

/** What `terraform console -plan` 1.11.4 prints for these conversions of an id that is known after apply, and of a sensitive variable. */
describe('as Terraform keeps what it does not know', () => {
  test.each([
    [
      'tolist([u, 1])',
      tupleValue([unknown, fromJson(1)]),
      listType(DYNAMIC),
      'tolist([ (known after apply), "1", ]) is list(string)',
    ],
    [
      'toset([u, "x"])',
      tupleValue([unknown, stringValue('x')]),
      setType(DYNAMIC),
      'toset([ "x", (known after apply), ]) is set(string)',
    ],
    [
      'toset([u, u])',
      tupleValue([unknown, unknown]),
      setType(DYNAMIC),
      'toset([ (known after apply), (known after apply), ]) is set(string)',
    ],
    [
      'toset([u, "z", null, "a"])',
      tupleValue([unknown, stringValue('z'), nullValue(), stringValue('a')]),
      setType(DYNAMIC),
      'toset([ "a", "z", (known after apply), tostring(null), ]) is set(string)',
    ],
    [
      'toset([[u], ["x"]])',
      tupleValue([tupleValue([unknown]), tupleValue([stringValue('x')])]),
      setType(DYNAMIC),
      'toset([ [ "x", ], [ (known after apply), ], ]) is set( tuple([ string, ]), )',
    ],
    ['tonumber(u)', unknown, NUMBER, '(known after apply) is number'],
    [
      'tomap({ a = u, b = 1 })',
      objectValue([
        ['a', unknown],
        ['b', fromJson(1)],
      ]),
      mapType(DYNAMIC),
      'tomap({ "a" = (known after apply) "b" = "1" }) is map(string)',
    ],
    [
      'tolist([null, null])',
      tupleValue([nullValue(), nullValue()]),
      listType(DYNAMIC),
      'tolist([ null, null, ]) is list(dynamic)',
    ],
    ['toset([s, "a"])', tupleValue([secret, stringValue('a')]), setType(DYNAMIC), '(sensitive value) is set(string)'],
    [
      'tolist([s, "a"])',
      tupleValue([secret, stringValue('a')]),
      listType(DYNAMIC),
      'tolist([ (sensitive value), "a", ]) is list(string)',
    ],
    [
      'tomap({ a = s })',
      objectValue([['a', secret]]),
      mapType(DYNAMIC),
      'tomap({ "a" = (sensitive value) }) is map(string)',
    ],
  ] as const)('%s', (_, value, type, want) => {
    expect(shown(convert(value, type))).toBe(want);
  });

  test('how many elements a set has is not known while several may be equal', () => {
    const set = convert(tupleValue([unknown, stringValue('x')]), setType(STRING));
    expect(shown(convert(set, listType(STRING)))).toBe('(known after apply) is list(string)');
    const single = convert(tupleValue([unknown]), setType(STRING));
    expect(shown(convert(single, listType(STRING)))).toBe('tolist([ (known after apply), ]) is list(string)');
  });
});

describe('marks', () => {
  test('go with their value through every conversion, and with an element of a set to the set', () => {
    const value = objectValue([
      ['list', marked(tupleValue([stringValue('1')]), true)],
      ['set', tupleValue([objectValue([['a', secret]])])],
      ['none', marked(nullValue(), true)],
      ['later', marked(unknown, true)],
    ]);
    const type = objectType([
      ['list', listType(NUMBER)],
      ['set', setType(mapType(STRING))],
      ['none', STRING],
      ['later', NUMBER],
    ]);
    expect(shown(convert(value, type))).toContain(
      '{ "later" = (known after apply) "list" = (sensitive value) "none" = (sensitive value) "set" = (sensitive value) }',
    );
    const result = convert(value, type);
    expect(partsOf(result).map((part) => part.sensitive)).toEqual([true, true, true, true]);
    expect(result.sensitive).toBe(false);
    const set = (result.content as ReadonlyMap<string, Typed>).get('set') as Typed;
    expect(partsOf(partsOf(set)[0] as Typed).map((part) => part.sensitive)).toEqual([false]);
  });
});

describe('types that are not known yet', () => {
  test('are taken to fit: the value is converted when its type is known', () => {
    expect(shown(convert(unknownValue(), listType(STRING)))).toBe('(known after apply) is list(string)');
    expect(shown(convert(unknownValue(), objectType([['a', STRING]], ['a'])))).toBe(
      '(known after apply) is object({ a: string, })',
    );
    expect(unifyValues([unknownValue(), fromJson(1)])?.values.map(shown)).toEqual([
      '(known after apply) is number',
      '1 is number',
    ]);
  });

  test('leave it open what structures of one kind become', () => {
    const unified = unifyValues([unknownValue(), fromJson([1])]);
    expect(unified?.values.map(shown)).toEqual(['(known after apply) is dynamic', '(known after apply) is dynamic']);
  });

  test('an unknown tuple that is not null becomes a list of as many unknown elements', () => {
    const tuple = unknownValue(tupleType([STRING, NUMBER]), true);
    expect(shown(convert(tuple, listType(STRING)))).toBe(
      'tolist([ (known after apply), (known after apply), ]) is list(string)',
    );
    expect(shown(convert(unknownValue(tupleType([STRING])), listType(STRING)))).toBe(
      '(known after apply) is list(string)',
    );
  });

  test('unknown values stay known not to be null', () => {
    const result = convert(unknownValue(STRING, true), NUMBER);
    expect(result.content instanceof UnknownContent && result.content.notNull).toBe(true);
    expect(isKnownWithin(result)).toBe(false);
  });
});
