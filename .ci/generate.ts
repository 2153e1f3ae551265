// Writes what is made from the providers' schemas: the CDKTF classes that TypeScript stacks import, and the JSON Schemas
// that editors use on JSON stacks. `npm run schemas`. Both are committed; a test and .ci/run prove them fresh.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Cloud } from '../src/core/provider.ts';
import { clouds } from '../src/providers/index.ts';
import { classFiles } from './classes.ts';
import { schemaFiles } from './editor.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Folders that hold generated files and nothing else. */
export const GENERATED = ['src/constructs/generated', 'schemas'] as const;

/** Every generated file, by path from the repository's root. */
export function generate(list: readonly Cloud[] = clouds): Map<string, string> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const [classes, schemas] = GENERATED;
  return new Map([...classFiles(list, classes, version), ...schemaFiles(list, schemas)]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = generate();
  for (const folder of GENERATED) {
    mkdirSync(join(root, folder), { recursive: true });
    for (const name of readdirSync(join(root, folder))) {
      if (!files.has(`${folder}/${name}`)) rmSync(join(root, folder, name));
    }
  }
  for (const [path, text] of files) writeFileSync(join(root, path), text);
  process.stdout.write(`${files.size} files written to ${GENERATED.join(' and ')}\n`);
}
