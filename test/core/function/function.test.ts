import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../src/core/expression/evaluate.ts';
import { parseExpression } from '../../../src/core/expression/parse.ts';
import { EvaluationProblem } from '../../../src/core/expression/problem.ts';
import { COLLECTION_FUNCTIONS } from '../../../src/core/function/collection.ts';
import { CONVERSION_FUNCTIONS } from '../../../src/core/function/conversion.ts';
import { FORMAT_FUNCTIONS } from '../../../src/core/function/format.ts';
import { findFunction, functionNames } from '../../../src/core/function/index.ts';
import { jsonText } from '../../../src/core/function/jsontext.ts';
import { LIST_FUNCTIONS } from '../../../src/core/function/list.ts';
import { MAP_FUNCTIONS } from '../../../src/core/function/map.ts';
import { NUMBER_FUNCTIONS } from '../../../src/core/function/number.ts';
import { REGEX_FUNCTIONS } from '../../../src/core/function/regex.ts';
import { SET_FUNCTIONS } from '../../../src/core/function/set.ts';
import { TEXT_FUNCTIONS } from '../../../src/core/function/text.ts';
import { typeText } from '../../../src/core/typed/format.ts';
import { isKnownWithin } from '../../../src/core/typed/typed.ts';
import { HIDDEN, scopeOf } from '../expression/world.ts';

/** What console/record.mjs heard from terraform 1.11's console. */
interface Answer {
  readonly expression: string;
  /** Summary of the error, and its text; without, the call has a value. */
  readonly error?: string;
  readonly detail?: string;
  /** Text of JSON as jsonencode() has it, marks taken off; null where not all is known. */
  readonly value?: string | null;
  /** As type() prints it, without white space. */
  readonly type?: string;
  readonly sensitive?: boolean;
}

const folder = join(import.meta.dirname, 'console');
const FILES = readdirSync(folder).filter((file) => file.endsWith('.jsonl'));
const read = (file: string): readonly Answer[] =>
  readFileSync(join(folder, file), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer);

/** Where Keyform says something else than Terraform, each with its reason. */
const DIFFERENT: Readonly<Record<string, { readonly reason: string; readonly error: string }>> = {
  'length(format("%1000001d", 1))': {
    reason: 'Keyform refuses widths above a million; Terraform pads up to ten million, and writes %!(NOVERB) beyond',
    error: 'Error in function call',
  },
  'regex("(?P<x>a)(?P<x>b)", "ab")': {
    reason: 'the engine has each name of a group once; Terraform takes the last of several',
    error: 'Invalid function argument',
  },
};

/** What Keyform explains in words of its own: with remedies, shorter, or without what is sensitive. */
const OWN_WORDS = new Set([
  'format("%d", var.secret)',
  'list("a", "b")',
  'list()',
  'log(1e400, 10)',
  'lookup(local.part, var.secret)',
  'map("a", "b")',
  'map()',
  'parseint(var.secret, 10)',
  'regex("nope", var.secret)',
]);

/** Keyform names the function beside the parameter and the place within a value; Terraform quotes single characters in its own way. */
const meaning = (detail = '') =>
  detail
    .replace(/ of \w+\(\):( \[\d+\]:)?/, ':')
    .replace(/argument(s\b|\(s\))/g, 'argument')
    .replace(/'(.)'/gu, '"$1"');

const errorOf = ({ expression, error }: Answer) => DIFFERENT[expression]?.error ?? error;

const { lookup, functions } = scopeOf();

describe.each(FILES.map((file) => [file.replace('.jsonl', ''), read(file)] as const))(
  "terraform's console, %s",
  (_, answers) => {
    it.each(answers.filter((one) => errorOf(one) === undefined).map((one) => [one.expression, one] as const))(
      'answers %s alike',
      (expression, answer) => {
        const value = evaluate(parseExpression(expression), { lookup, functions });
        expect({
          value: isKnownWithin(value) ? jsonText(value) : null,
          type: typeText(value.type).replace(/\s+/g, ''),
          sensitive: value.sensitive,
        }).toEqual({ value: answer.value, type: answer.type, sensitive: answer.sensitive });
      },
    );

    it.each(answers.filter((one) => errorOf(one) !== undefined).map((one) => [one.expression, one] as const))(
      'refuses %s alike',
      (expression, answer) => {
        const problem = problemOf(expression);
        expect(problem.message).toBe(errorOf(answer));
        expect(problem.detail).not.toContain(HIDDEN);
        // Where Terraform itself fails, it has nothing to say.
        if (
          answer.detail?.includes('panic in function') !== true &&
          !OWN_WORDS.has(expression) &&
          !(expression in DIFFERENT)
        )
          expect(meaning(problem.detail)).toBe(meaning(answer.detail));
      },
    );
  },
);

function problemOf(expression: string): EvaluationProblem {
  try {
    evaluate(parseExpression(expression), { lookup, functions });
  } catch (error) {
    if (error instanceof EvaluationProblem) return error;
    throw error;
  }
  throw new Error('no problem');
}

const MINE = [
  COLLECTION_FUNCTIONS,
  CONVERSION_FUNCTIONS,
  FORMAT_FUNCTIONS,
  LIST_FUNCTIONS,
  MAP_FUNCTIONS,
  NUMBER_FUNCTIONS,
  REGEX_FUNCTIONS,
  SET_FUNCTIONS,
  TEXT_FUNCTIONS,
].flat();

it.each(MINE.map(({ name }) => name))('%s is registered, and has answers with a value and with an error', (name) => {
  expect(findFunction(name)?.name).toBe(name);
  expect(functionNames.filter((one) => one === name)).toHaveLength(1);
  const own = FILES.flatMap(read).filter(({ expression }) => expression.startsWith(`${name}(`));
  expect(own.length).toBeGreaterThan(1);
  expect(own.some(({ error }) => error === undefined)).toBe(!['list', 'map'].includes(name));
  expect(own.some(({ error }) => error !== undefined)).toBe(true);
});
