import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { askAnew, terraformVersion } from '../../language/ask.ts';
import type { Case } from '../../language/corpus.ts';

// Writes what Terraform says into recorded.json. By hand, where terraform is on PATH:
//   node --import tsx test/core/function/record.ts

const VERSION = '1.11.4';
const FILE = join(import.meta.dirname, 'recorded.json');

const version = await terraformVersion();
if (version !== VERSION) throw new Error(`terraform ${VERSION} is wanted on PATH; found ${version ?? 'none'}`);
const cases = JSON.parse(readFileSync(FILE, 'utf8')) as Case[];
const said = await askAnew(cases);
const lines = cases.map((one, index) => JSON.stringify({ ...one, expect: said[index] }));
writeFileSync(FILE, `[\n${lines.join(',\n')}\n]\n`);
process.stderr.write(`${cases.length} cases recorded\n`);
