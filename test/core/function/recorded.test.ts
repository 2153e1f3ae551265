import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { askAgain, terraformVersion } from '../../language/ask.ts';
import { type Case, isFailure } from '../../language/corpus.ts';
import { keyformSays } from '../../language/keyform.ts';

// What Terraform answers to calls of encoding, hash, time, file and network functions: see record.ts.

const cases = JSON.parse(readFileSync(join(import.meta.dirname, 'recorded.json'), 'utf8')) as (Case & {
  readonly text: string;
})[];
const nameOf = ({ text }: { readonly text: string }) =>
  /\b(textdecodebase64|yamldecode)\(/.exec(text)?.[1] ?? /^\w+/.exec(text)?.[0] ?? text;
const groups = new Map<string, (typeof cases)[number][]>();
for (const one of cases) groups.set(nameOf(one), [...(groups.get(nameOf(one)) ?? []), one]);

/** How the answer differs from the record; null when it does not. Words of errors may differ, their class may not. */
function difference(one: Case): string | null {
  const { expect: expected, refused } = one;
  if (expected === undefined) throw new Error(`${one.text} is not on record`);
  const said = keyformSays(one, 'plan');
  const same =
    refused !== undefined
      ? 'error' in said
      : isFailure(expected)
        ? 'error' in said && said.error === expected.error
        : isDeepStrictEqual(JSON.parse(JSON.stringify(said)), expected);
  return same ? null : `${one.text}\n    Keyform ${JSON.stringify(said)}\n    Terraform ${JSON.stringify(expected)}`;
}

describe('functions answer as Terraform answered', () => {
  for (const [name, group] of groups)
    it(`${name}: ${group.length} calls`, () => {
      const differences = group.map(difference).filter((one) => one !== null);
      if (differences.length > 0) expect.fail(`${differences.length} differ:\n  ${differences.join('\n  ')}`);
    });
});

describe.skipIf((await terraformVersion()) !== '1.11.4')('the record', () => {
  it('is what Terraform says', async () => {
    const said = await askAgain(cases);
    expect(
      cases.filter((one, index) => !isDeepStrictEqual(said.get(index), one.expect)).map(({ text }) => text),
    ).toEqual([]);
  }, 120_000);
});
