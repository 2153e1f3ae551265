// Writes what is made from the providers' schemas: the CDKTF classes that TypeScript stacks import, the JSON Schemas that
// editors use on JSON stacks, and the pages about each cloud. `npm run schemas`. All are committed; a test and .ci/run prove
// them fresh.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Cloud } from '../src/core/provider.ts';
import { clouds } from '../src/providers/index.ts';
import { classFiles } from './classes.ts';
import { documentFiles } from './documents.ts';
import { schemaFiles } from './editor.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Folders that hold generated files and nothing else. */
export const GENERATED = ['src/constructs/generated', 'schemas', 'docs/providers'] as const;

/** Every generated or partly generated file, by path from the repository's root. */
export async function generate(list: readonly Cloud[] = clouds): Promise<Map<string, string>> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const [classes, schemas, documents] = GENERATED;
  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  return new Map([
    ...classFiles(list, classes, version),
    ...(await schemaFiles(list, schemas)),
    ...(await documentFiles(list, version, documents, read)),
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = await generate();
  for (const folder of GENERATED) {
    mkdirSync(join(root, folder), { recursive: true });
    for (const name of readdirSync(join(root, folder))) {
      if (!files.has(`${folder}/${name}`)) rmSync(join(root, folder, name));
    }
  }
  for (const [path, text] of files) writeFileSync(join(root, path), text);
  const others = [...files.keys()].filter((path) => !GENERATED.some((folder) => path.startsWith(`${folder}/`)));
  process.stdout.write(`${files.size} files written: ${[...GENERATED, ...others].join(', ')}\n`);
}
