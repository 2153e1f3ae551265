import { describe, expect, test } from 'vitest';
import { SyntaxProblem } from '../../../src/core/expression/problem.ts';
import type { Json } from '../../../src/core/json.ts';
import { parseConstraint } from '../../../src/core/typed/constraint.ts';
import { applyDefaults, convert } from '../../../src/core/typed/convert.ts';
import { constraintText, typeText } from '../../../src/core/typed/format.ts';
import { fromJson, typeToJson } from '../../../src/core/typed/json.ts';
import { valueText } from '../../../src/core/typed/print.ts';
import { marked, objectValue, tupleValue, unknownValue } from '../../../src/core/typed/typed.ts';
import recorded from './constraint.json' with { type: 'json' };
import conversions from './conversion.json' with { type: 'json' };

/** What {@link conversions} holds is told in conversion.test.ts; `recorded` is which constraints `terraform validate` 1.11.4 accepts. */
const cases = conversions as readonly {
  readonly constraint: string;
  readonly type: Json;
  readonly value: Json;
  readonly result?: string;
  readonly resultType?: string;
}[];

function refusal(text: string): SyntaxProblem | null {
  try {
    parseConstraint(text);
    return null;
  } catch (cause) {
    if (cause instanceof SyntaxProblem) return cause;
    throw cause;
  }
}

describe('as Terraform reads constraints', () => {
  test.each(recorded)('$constraint: accepted $accepted', ({ constraint, accepted }) => {
    expect(refusal(constraint) === null).toBe(accepted);
  });

  test.each(cases.map((one) => [one.constraint, one] as const))('%s', (text, one) => {
    const { type } = parseConstraint(text);
    expect(typeToJson(type)).toEqual(one.type);
    expect(parseConstraint(constraintText(type)).type).toEqual(type);
  });
});

describe('as Terraform applies defaults', () => {
  test.each(
    cases.flatMap((one) => {
      const { type, defaults } = parseConstraint(one.constraint);
      return defaults !== null && one.result !== undefined ? [[one.constraint, one, type, defaults] as const] : [];
    }),
  )('%s', (_text, one, type, defaults) => {
    const result = convert(applyDefaults(fromJson(one.value), defaults), type);
    expect([valueText(result), typeText(result.type)]).toEqual([one.result, one.resultType]);
  });

  test('but not to what is unknown, and without losing marks', () => {
    const { defaults } = parseConstraint('list(object({ a = optional(string, "x") }))');
    if (defaults === null) throw new Error('there are defaults');
    const unknown = unknownValue();
    expect(applyDefaults(unknown, defaults)).toBe(unknown);
    const result = applyDefaults(marked(tupleValue([marked(objectValue([]), true)]), true), defaults);
    expect(result.sensitive).toBe(true);
    expect(valueText(marked(result, false)).replace(/\s+/g, ' ')).toBe('[ (sensitive value), ]');
  });
});

describe('refusals', () => {
  test.each([
    ['lst(string)', 1, '"lst" is no type.'],
    ['list(sting)', 6, '"sting" is no type.'],
    ['object({ a = string, a = number })', 22, 'The attribute "a" is there twice.'],
    [
      'object({ a = optional(number, "x") })',
      31,
      'This default does not fit the type of its attribute: a number is required.',
    ],
    ['object({ a = optional(string, var.x) })', 31, 'A default value cannot refer to anything, here "var".'],
    ['object({ a = optional(string, upper("x")) })', 31, 'A default value cannot call a function, here upper.'],
    ['map(string, number)', 13, 'The type map needs one argument:'],
  ])('%s at column %i: %s', (text, column, detail) => {
    const problem = refusal(text);
    expect(problem?.column).toBe(column);
    expect(problem?.detail).toContain(detail);
    expect(problem?.message).not.toMatch(/\.$/);
  });
});
