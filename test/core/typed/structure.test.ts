import { expect, test } from 'vitest';
import type { Json } from '../../../src/core/json.ts';
import { ConversionProblem, convert } from '../../../src/core/typed/convert.ts';
import { fromJson, fromPlan, toJsonValue, toPlan, typeFromJson, typeToJson } from '../../../src/core/typed/json.ts';
import recorded from './structure.json' with { type: 'json' };

/**
 * A variable of type `from` with the default `value`, handed by Terraform 1.11.4 to a module whose variable has the type `constraint`,
 * and what `terraform show -json` says of that one in the plan. A result of null is an error. Optional names are left out of
 * `resultType`: Terraform forgets to drop them for attributes that a map lacks.
 */
interface Case {
  readonly from: string;
  readonly fromType: Json;
  readonly value: Json;
  readonly constraint: string;
  readonly type: Json;
  readonly result: Json;
  readonly resultType?: Json;
}

const cases = recorded as readonly Case[];

test.each(cases.map((one) => [one.from, one.constraint, one] as const))('%s to %s', (_from, _to, one) => {
  const value = convert(fromJson(one.value), typeFromJson(one.fromType));
  if (one.result === null) {
    expect(() => convert(value, typeFromJson(one.type))).toThrow(ConversionProblem);
    return;
  }
  const result = convert(value, typeFromJson(one.type));
  expect(toJsonValue(result)).toEqual(one.result);
  expect(typeToJson(result.type)).toEqual(one.resultType);
  // The plan's form comes back as it was.
  expect(toJsonValue(fromPlan(toPlan(result), result.type))).toEqual(one.result);
});
