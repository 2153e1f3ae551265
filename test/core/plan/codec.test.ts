import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodePlan, encodePlan } from '../../../src/core/plan/codec.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import { Secret } from '../../../src/core/secret.ts';
import { Sensitive, UNKNOWN, type Value } from '../../../src/core/value.ts';

/** The codec does not look at what a plan is, so any value may stand for one. */
const roundTrip = (value: unknown): unknown =>
  (decodePlan(encodePlan({ value } as unknown as Plan)) as unknown as { value: unknown }).value;

/** A value with what its classes hide, so that equal means the same inside too. */
function open(value: unknown): unknown {
  if (value === UNKNOWN) return ['unknown'];
  if (value instanceof Sensitive) return ['sensitive', open(value.reveal())];
  if (value instanceof Secret) return ['secret', value.reveal()];
  if (Array.isArray(value)) return ['list', ...value.map(open)];
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, open(item)]));
  return value;
}

it('keeps every value, whatever its names', () => {
  const names = fc.oneof(fc.constantFrom('$keyform', 'value', '__proto__', 'toString'), fc.string());
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.oneof(fc.string(), fc.constantFrom('unknown', 'sensitive', 'secret', 'object')),
      fc.constantFrom<unknown>(null, true, 1.5, UNKNOWN),
      fc.string().map((text) => new Secret(text)),
      fc.array(tie('tree'), { maxLength: 3 }),
      tie('tree').map((value) => new Sensitive(value as Value)),
      fc.array(fc.tuple(names, tie('tree')), { maxLength: 3 }).map((entries) => Object.fromEntries(entries)),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      expect(open(roundTrip(value))).toEqual(open(value));
    }),
  );
});

it('refuses a tag that it does not know, and what is not JSON', () => {
  expect(() => decodePlan('{"a": {"$keyform": "later"}}')).toThrow('unknown kind');
  expect(() => decodePlan('{')).toThrow();
});
