import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { askAnew, terraformFunctions, terraformVersion } from './ask.ts';
import { type Case, HOME, readCorpus } from './corpus.ts';

// Writes what Terraform says into the corpus. By hand, where terraform is on PATH:
//   node --import tsx test/language/record.ts && npx biome check --write test/language

/** The version whose answers are on record. */
const VERSION = '1.11.4';

const version = await terraformVersion();
if (version !== VERSION) throw new Error(`terraform ${VERSION} is wanted on PATH; found ${version ?? 'none'}`);
const groups = readCorpus();
const all = [...groups.values()].flatMap((group) => group.cases);
const said = await askAnew(all);
let next = 0;
for (const [file, group] of groups) {
  const cases: Case[] = group.cases.map((one) => {
    const expect = said[next++];
    if (expect === undefined) throw new Error('a case without an answer');
    return { ...one, expect };
  });
  const lines = cases.map((one) => `    ${JSON.stringify(one)}`);
  writeFileSync(
    join(HOME, 'corpus', `${file}.json`),
    `{\n  "name": ${JSON.stringify(group.name)},\n  "cases": [\n${lines.join(',\n')}\n  ]\n}\n`,
  );
}
writeFileSync(join(HOME, 'functions.json'), `${JSON.stringify(await terraformFunctions())}\n`);
process.stderr.write(`${all.length} cases recorded\n`);
