import { expect, test } from 'vitest';
import { evaluate } from '../../../src/core/expression/evaluate.ts';
import { parseExpression } from '../../../src/core/expression/parse.ts';
import { findFunction } from '../../../src/core/function/index.ts';
import { scopeOf } from './world.ts';

// Answers of terraform console 1.11.4. The root is a double of 53 bits, the literal has 512: the root is greater, and equal by its text.
const ANSWERS: readonly (readonly [string, boolean])[] = [
  ['pow(2, 0.5) == 1.4142135623730951', true],
  ['pow(2, 0.5) > 1.4142135623730951', true],
  ['pow(2, 0.5) < 1.4142135623730951', false],
  ['pow(2, 0.5) >= 1.4142135623730951', true],
  ['pow(2, 0.5) <= 1.4142135623730951', true],
  ['1.4142135623730951 >= pow(2, 0.5)', true],
  ['1.4142135623730951 <= pow(2, 0.5)', true],
  ['pow(100, -0.5) <= 0.1', true],
  ['pow(4, -0.5) <= 0.5', true],
  ['0.1 + 0.2 <= 0.3', true],
  ['1e400 <= 1e400', true],
  ['1/0 <= 1/0', true],
  ['-1/0 >= 1/0', false],
];

test.each(ANSWERS)('%s', (expression, answer) => {
  const value = evaluate(parseExpression(expression), { ...scopeOf(), call: findFunction });
  expect(value.content).toBe(answer);
});
