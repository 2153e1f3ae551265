import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GENERATED, generate } from '../../.ci/generate.ts';

const root = join(import.meta.dirname, '..', '..');

test('the committed generated files are what the schemas give: run `npm run schemas`', () => {
  const files = generate();
  for (const [path, text] of files) expect(readFileSync(join(root, path), 'utf8'), path).toBe(text);
  const present = GENERATED.flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`));
  expect(present.sort()).toEqual([...files.keys()].sort());
});

test('generating twice gives the same', () => {
  expect([...generate()]).toEqual([...generate()]);
});
