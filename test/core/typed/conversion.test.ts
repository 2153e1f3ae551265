import { describe, expect, test } from 'vitest';
import type { Json } from '../../../src/core/json.ts';
import { ConversionProblem, convert } from '../../../src/core/typed/convert.ts';
import { typeText } from '../../../src/core/typed/format.ts';
import { fromJson, typeFromJson } from '../../../src/core/typed/json.ts';
import { valueText } from '../../../src/core/typed/print.ts';
import type { Type } from '../../../src/core/typed/type.ts';
import type { Typed } from '../../../src/core/typed/typed.ts';
import recorded from './conversion.json' with { type: 'json' };

/**
 * What Terraform 1.11.4 makes of a variable of type `constraint` with the default `value`, as its console prints the variable and the
 * variable's type, or the reason that `terraform validate` gives for refusing it. An error of null: which reason it gives differs from run to run.
 */
interface Case {
  readonly constraint: string;
  /** The constraint in go-cty's JSON notation, without the default values of optional attributes. */
  readonly type: Json;
  readonly value: Json;
  readonly result?: string;
  readonly resultType?: string;
  readonly error?: string | null;
}

const cases = recorded as readonly Case[];
const hasDefaults = ({ constraint }: Case): boolean => /optional\(.*, /.test(constraint);

function answer(value: Typed, type: Type): Partial<Case> {
  try {
    const result = convert(value, type);
    return { result: valueText(result), resultType: typeText(result.type) };
  } catch (cause) {
    if (!(cause instanceof ConversionProblem)) throw cause;
    const place = cause.path.map((step) => `[${JSON.stringify(step)}]`).join('');
    return { error: `${place}${place === '' ? '' : ': '}${cause.message}.` };
  }
}

/** What is recorded, with attributes and elements written alike. */
function expected({ result, resultType, error }: Case): Partial<Case> {
  if (result !== undefined && resultType !== undefined) return { result, resultType };
  return { error: error?.replace(/\.(\w+)(?=[[.:].*: )|\.(\w+)(?=: )/g, '["$1$2"]') ?? null };
}

describe('as Terraform converts', () => {
  const own = cases.filter((one) => !hasDefaults(one));

  test('there is much to compare with', () => {
    expect(own.length).toBeGreaterThan(150);
  });

  test.each(own)('$value to $constraint', (one) => {
    const got = answer(fromJson(one.value), typeFromJson(one.type));
    const want = expected(one);
    expect(want.error === null ? Object.keys(got) : got).toEqual(want.error === null ? ['error'] : want);
  });
});
