import { describe, expect, test } from 'vitest';
import type { Json } from '../../../src/core/json.ts';
import { ConversionProblem, convert, unify, unifyValues } from '../../../src/core/typed/convert.ts';
import { constraintText, typeText } from '../../../src/core/typed/format.ts';
import { fromJson, typeFromJson } from '../../../src/core/typed/json.ts';
import { valueText } from '../../../src/core/typed/print.ts';
import {
  BOOL,
  DYNAMIC,
  listType,
  mapType,
  NUMBER,
  STRING,
  setType,
  type Type,
  tupleType,
} from '../../../src/core/typed/type.ts';
import { objectValue, type Typed, tupleValue } from '../../../src/core/typed/typed.ts';
import recorded from './unify.json' with { type: 'json' };

/**
 * What the console of Terraform 1.11.4 says of an expression over variables of these constraints and defaults: `tolist(var.a)` and its
 * like for "tolist", `true ? var.a : var.b` for "choice", `tolist([var.a, …])` for "list", `tomap({ k0 = var.a, … })` for "map". A
 * result of null is an error.
 */
interface Case {
  readonly operation: string;
  readonly inputs: readonly { readonly constraint: string; readonly type: Json; readonly value: Json }[];
  readonly result: string | null;
  readonly resultType?: string;
}

const cases = recorded as readonly Case[];

const TARGETS: { readonly [name: string]: Type } = {
  list: listType(DYNAMIC),
  set: setType(DYNAMIC),
  map: mapType(DYNAMIC),
  string: STRING,
  number: NUMBER,
  bool: BOOL,
};

function answer({ operation, inputs }: Case): Typed | null {
  const values = inputs.map(({ type, value }) => convert(fromJson(value), typeFromJson(type)));
  const [first] = values as [Typed];
  const target = TARGETS[operation.replace(/^to/, '')] ?? DYNAMIC;
  try {
    if (operation === 'choice') return unifyValues(values)?.values[0] ?? null;
    if (operation.startsWith('to')) return convert(first, target);
    if (operation === 'map') return convert(objectValue(values.map((value, index) => [`k${index}`, value])), target);
    return convert(tupleValue(values), target);
  } catch (cause) {
    if (cause instanceof ConversionProblem) return null;
    throw cause;
  }
}

describe('as Terraform finds types in common', () => {
  test.each(
    cases.map((one) => [one.operation, one.inputs.map(({ constraint }) => constraint).join(', '), one] as const),
  )('%s of %s', (_operation, _inputs, one) => {
    const value = answer(one);
    expect(value === null ? null : [valueText(value), typeText(value.type)]).toEqual(
      one.result === null ? null : [one.result, one.resultType],
    );
  });
});

describe('unify', () => {
  test.each([
    [[], null],
    [[NUMBER, BOOL], null],
    [[NUMBER, STRING, BOOL], STRING],
    [[DYNAMIC, NUMBER], NUMBER],
    [[DYNAMIC, listType(NUMBER)], DYNAMIC],
    [[DYNAMIC, NUMBER, tupleType([])], DYNAMIC],
    [[tupleType([NUMBER]), tupleType([STRING, STRING])], listType(STRING)],
    [[setType(STRING), listType(NUMBER)], listType(NUMBER)],
  ] as const)('%o', (types, want) => {
    const got = unify(types);
    expect(got === null ? null : constraintText(got)).toBe(want === null ? null : constraintText(want));
  });

  test('only conversions without loss, where asked', () => {
    expect(unify([STRING, NUMBER], false)).toEqual(STRING);
    expect(unify([setType(STRING), listType(STRING)], false)).toEqual(listType(STRING));
    expect(unify([DYNAMIC, NUMBER], false)).toEqual(DYNAMIC);
  });

  test('ten thousand different types beside one that fits none', () => {
    // go-cty compares each with each. This must not, or it takes minutes.
    const objects = Array.from({ length: 10_000 }, (_, index) => fromJson({ [`name${index}`]: index }));
    expect(unifyValues([...objects, fromJson('x')])).toBeNull();
    expect(unify(objects.map(({ type }) => type))).toEqual(mapType(NUMBER));
  });
});
