import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { documentFiles } from '../../.ci/documents.ts';
import { GENERATED, generate } from '../../.ci/generate.ts';
import { clouds } from '../../src/providers/index.ts';

const root = join(import.meta.dirname, '..', '..');
let files: Map<string, string>;

beforeAll(async () => {
  files = await generate();
});

test('the committed generated files are what the schemas give: run `npm run schemas`', () => {
  for (const [path, text] of files) expect(readFileSync(join(root, path), 'utf8'), path).toBe(text);
  const present = GENERATED.flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`));
  const made = [...files.keys()].filter((path) => GENERATED.some((folder) => path.startsWith(`${folder}/`)));
  expect(present.sort()).toEqual(made.sort());
});

test('generating twice gives the same', async () => {
  expect([...(await generate())]).toEqual([...files]);
});

test('.ci/run looks at every place that is generated', () => {
  const places = /places=\(([^)]+)\)/.exec(readFileSync(join(root, '.ci', 'run'), 'utf8'))?.[1]?.split(' ') ?? [];
  for (const path of files.keys()) {
    expect(
      places.some((place) => path === place || path.startsWith(`${place}/`)),
      path,
    ).toBe(true);
  }
});

test('a page that lost a part that is made, or has one that nobody makes, is refused', async () => {
  const read = (replace: (text: string) => string) => (path: string) =>
    path === 'README.md' ? replace(readFileSync(join(root, path), 'utf8')) : readFileSync(join(root, path), 'utf8');
  const pages = (replace: (text: string) => string) => documentFiles(clouds, '0.1.0', 'docs/providers', read(replace));
  await expect(pages((text) => text.replace('<!-- made: types -->', ''))).rejects.toThrow(
    'README.md lacks <!-- made: types -->',
  );
  await expect(pages((text) => `${text}<!-- made: more -->\n<!-- end -->\n`)).rejects.toThrow(
    'README.md: nothing is made for the part "more"',
  );
});
