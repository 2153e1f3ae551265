import { isDeepStrictEqual } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { parseExpression } from '../../src/core/expression/parse.ts';
import { calls } from '../../src/core/expression/reference.ts';
import { functionNames, WITHHELD } from '../../src/core/function/index.ts';
import { askAgain, terraformFunctions, terraformVersion } from './ask.ts';
import {
  type Answer,
  type Case,
  type Failure,
  type Group,
  isFailure,
  readCorpus,
  readFunctions,
  titleOf,
} from './corpus.ts';
import { keyformSays, loaderSays, type Refusal } from './keyform.ts';

const corpus = readCorpus();
const all = [...corpus.values()].flatMap(({ cases }) => cases);
const version = await terraformVersion();
const RECORDED = '1.11.4';

/** The group of names that nothing declares: judged by the loader, before evaluation. */
const REFERENCES = 'references';

/**
 * Keyform's summaries where they are not Terraform's own words, by Terraform's. A reference does not tell `.name` from `["name"]`.
 */
const CLASSES: Readonly<Record<string, readonly string[]>> = {
  // Keyform says which argument is at fault where Terraform does not.
  'Error in function call': ['Invalid function argument'],
  'Invalid index': ['Unsupported attribute', 'Missing map element'],
  'Invalid object key expression': ['Null value as key', 'Incorrect key type'],
  'Unknown provider function': ['Provider functions are not available'],
};

/** Terraform's summaries of what is no expression: Keyform's parser has words of its own for some. */
const SYNTAX: ReadonlySet<string> = new Set([
  'Extra characters after interpolation expression',
  'Invalid "for" expression',
  "Invalid 'for' expression",
  'Invalid attribute name',
  'Invalid character',
  'Invalid escape sequence',
  'Invalid expression',
  'Invalid legacy index syntax',
  'Invalid template control keyword',
  'Missing argument separator',
  'Missing close bracket on splat index',
  'Missing expression',
  'Missing false expression in conditional',
  'Missing item separator',
  'Missing key/value separator',
  'Unbalanced parentheses',
  'Unclosed template interpolation sequence',
  'Unexpected else directive',
  'Unexpected end of template',
  'Unexpected endfor directive',
  'Unexpected endif directive',
  'Unsupported operator',
  'Unterminated template string',
]);

/** `refused`: on purpose, what Terraform answers; `accepted`: the other way about. */
const OUTCOMES = ['equal', 'refused', 'accepted', 'different'] as const;
type Outcome = (typeof OUTCOMES)[number];

/** The table's last row. */
const TOTAL = '~ all';

/** Outcomes by construct and by function. */
const table = new Map<string, Record<Outcome, number>>();

function count(name: string, outcome: Outcome, times = 1): void {
  const row = table.get(name) ?? { equal: 0, refused: 0, accepted: 0, different: 0 };
  row[outcome] += times;
  table.set(name, row);
}

/** Names of the functions that a case calls; by its text when it is no expression. */
function functionsOf({ text }: Case): readonly string[] {
  if (text === undefined) return [];
  try {
    return [...new Set([...calls(parseExpression(text))].map(({ name }) => name))];
  } catch {
    return [];
  }
}

/** What the loader says of names that nothing declares; Terraform has more kinds of it. */
const UNDECLARED =
  /^Reference to |^Invalid "\w+" (attribute|reference)$| has no attribute "|^Unexpected resource instance key$/;

/** Whether Keyform refuses for the reason that Terraform gave. */
function sameClass(said: Refusal, expected: Failure): boolean {
  if (SYNTAX.has(expected.error)) return said.syntax;
  return said.error === expected.error || (CLASSES[expected.error] ?? []).includes(said.error);
}

/** Whether it is a refusal in words, and no defect. */
function isRefusal(said: Answer | Refusal): boolean {
  return 'error' in said && !said.error.startsWith('thrown ');
}

/** How Keyform's answer differs from the record; null when it does not. */
function difference(one: Case, group: Group): string | null {
  const { expect: expected } = one;
  if (expected === undefined) throw new Error(`${titleOf(one)} is not on record`);
  const against = (said: Answer | Refusal, when: string) =>
    `${when} Keyform ${show(said)}; Terraform ${show(expected)}`;
  if (group.name === REFERENCES) {
    const said = loaderSays(one);
    if (isFailure(expected)) {
      if (said === null) return `loading, Keyform accepts it; Terraform ${show(expected)}`;
      return UNDECLARED.test(said.error) ? null : against(said, 'loading,');
    }
    if (said !== null) return against(said, 'loading,');
  }
  // While validating, variables are unknown: what Terraform finds then Keyform is to find then, and no more.
  const early = keyformSays(one, 'validate');
  if (isFailure(expected) && expected.found === 'validate')
    return 'error' in early && sameClass(early, expected) ? null : against(early, 'validating,');
  if ('error' in early) return against(early, 'validating,');
  const said = keyformSays(one, 'plan');
  const same = isFailure(expected)
    ? 'error' in said && sameClass(said, expected)
    : isDeepStrictEqual(sorted(said), sorted(expected));
  return same ? null : against(said, 'planning,');
}

/** What came of the case, and in what Keyform's answer is not as it should be; null when it is. */
function judge(one: Case, group: Group): { readonly outcome: Outcome; readonly wrong: string | null } {
  const { refused, accepted } = one;
  const different = difference(one, group);
  if (refused === undefined && accepted === undefined)
    return { outcome: different === null ? 'equal' : 'different', wrong: different };
  const outcome = refused === undefined ? 'accepted' : 'refused';
  if (different === null) return { outcome: 'different', wrong: `no longer ${outcome}: Keyform agrees with Terraform` };
  const refuses = () => (group.name === REFERENCES ? loaderSays(one) !== null : isRefusal(keyformSays(one, 'plan')));
  if (refused === undefined || refuses()) return { outcome, wrong: null };
  return { outcome: 'different', wrong: `to be refused (${refused}): ${different}` };
}

function sorted(said: Answer | Refusal): unknown {
  if ('error' in said) return said;
  const { sensitive = [], unknown = [] } = said;
  // Through JSON, for plain objects on both sides.
  return {
    ...(JSON.parse(JSON.stringify(said)) as Answer),
    sensitive: [...sensitive].sort(),
    unknown: [...unknown].sort(),
  };
}

function show(said: Answer | Refusal | Failure): string {
  return 'error' in said ? `refuses: ${said.error}: ${said.detail}` : JSON.stringify(said);
}

describe('expressions answered as Terraform answered them', () => {
  for (const [file, group] of corpus) {
    it(`${file}: ${group.cases.length} cases`, () => {
      const differences: string[] = [];
      for (const one of group.cases) {
        const { outcome, wrong } = judge(one, group);
        for (const name of [group.name, ...functionsOf(one).map((called) => `${called}()`), TOTAL])
          count(name, outcome);
        if (wrong !== null) differences.push(`${titleOf(one)}\n      ${wrong}`);
      }
      if (differences.length > 0) expect.fail(`${differences.length} differ:\n  ${differences.join('\n  ')}`);
    });
  }

  it('has two cases or more of every function that Terraform has, and Keyform knows each of them', () => {
    const counts = new Map<string, number>();
    for (const one of all) for (const name of functionsOf(one)) counts.set(name, (counts.get(name) ?? 0) + 1);
    const known = new Set([...functionNames, 'try', 'can', ...Object.keys(WITHHELD)]);
    const recorded = readFunctions();
    expect(recorded.filter((name) => (counts.get(name) ?? 0) < 2)).toEqual([]);
    expect(recorded.filter((name) => !known.has(name))).toEqual([]);
  });

  it('gives a reason for all that Keyform refuses or accepts on its own account', () => {
    for (const { refused, accepted } of all) expect(refused ?? accepted ?? 'there is none').toMatch(/^\S.{10,}/);
  });

  afterAll(() => {
    const line = (name: string, cells: readonly (string | number)[]) =>
      `${name.padEnd(34)}${cells.map((cell) => String(cell).padStart(10)).join('')}\n`;
    const rows = [...table].map(([name, counts]) => {
      const cells = OUTCOMES.map((outcome) => counts[outcome]);
      return line(name, [cells.reduce((sum, cell) => sum + cell, 0), ...cells]);
    });
    process.stdout.write(`\n${line('', ['compared', ...OUTCOMES])}${rows.sort().join('')}`);
  });
});

const other = version === RECORDED ? null : `terraform ${RECORDED} is not on PATH (${version ?? 'none is'})`;
if (other !== null) process.stdout.write(`skipped: the record is not compared with Terraform itself: ${other}\n`);

describe.skipIf(other !== null)('the record', () => {
  it('is what Terraform says', async () => {
    const said = await askAgain(all);
    const differences = all.flatMap((one, index) =>
      isDeepStrictEqual(said.get(index), one.expect)
        ? []
        : [
            `${titleOf(one)}\n      recorded ${JSON.stringify(one.expect)}; Terraform ${JSON.stringify(said.get(index))}`,
          ],
    );
    if (differences.length > 0) expect.fail(`${differences.length} differ:\n  ${differences.join('\n  ')}`);
  }, 60_000);

  it('names the functions that Terraform has', async () => {
    expect(await terraformFunctions()).toEqual(readFunctions());
  });
});
