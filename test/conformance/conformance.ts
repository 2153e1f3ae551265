import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Cloud } from '../../src/core/provider.ts';
import { freshFolder } from '../emulator/folder.ts';
import { answerRows } from './answer.ts';
import { openBench } from './bench.ts';
import { claimRows } from './claim.ts';
import { consoleRows } from './console.ts';
import type { Example } from './examples.ts';
import { lifeRows } from './life.ts';
import { retireRows } from './retire.ts';
import { expectKeys, type Row } from './row.ts';
import { expectSound, expectWhole } from './sound.ts';
import { troubleRows } from './trouble.ts';
import { waitRows } from './wait.ts';

const rows: readonly Row[] = [
  ...lifeRows,
  ...waitRows,
  ...claimRows,
  ...troubleRows,
  ...answerRows,
  ...consoleRows,
  ...retireRows,
];

/** Runs every row for every resource type of every cloud, and fails a cloud that does not give the suite what it needs. */
export function runConformance(clouds: readonly Cloud[], examples: Readonly<Record<string, Example>>): void {
  test('every example is of a resource type, and every cloud is here once', () => {
    const types = clouds.flatMap(({ resources }) => resources.map(({ type }) => type));
    expect(Object.keys(examples).sort()).toEqual([...types].sort());
    expect(new Set(clouds.map(({ name }) => name)).size).toBe(clouds.length);
  });

  for (const cloud of clouds) {
    test(`${cloud.name} brings vectors for its authentication`, () => {
      const path = new URL(`../providers/${cloud.name}/auth.test.ts`, import.meta.url);
      expect(existsSync(path), `${path.pathname} is missing`).toBe(true);
    });

    for (const type of cloud.resources) {
      describe(type.type, () => {
        const example = examples[type.type];
        if (example === undefined) {
          test('has an example', () => expect.fail(`test/conformance/examples.ts has no entry for ${type.type}`));
          return;
        }
        const ran: string[] = [];
        const due = rows.filter(({ applies }) => applies(type) === true);

        test('the capabilities agree with the arguments and attributes', () => expectSound(type));
        test('the example has what the type claims', () => expectWhole(cloud, type, example));

        for (const row of rows) {
          const applies = row.applies(type);
          if (applies !== true) {
            test.skip(`${row.name} (${applies})`, () => {});
            continue;
          }
          test(row.name, async () => {
            ran.push(row.name);
            const options = row.options?.(example);
            const bench = await openBench(clouds, cloud, type, example, options === undefined ? {} : { options });
            try {
              await row.run(bench, type, example);
            } catch (error) {
              await bench.close().catch(() => {});
              throw error;
            }
            await bench.close();
          });
        }

        test('the emulator takes up where it stopped, and its data hold no secret', async () => {
          const dataFile = join(await freshFolder(), 'data.json');
          const before = await openBench(clouds, cloud, type, example, { dataFile });
          const { key, reference, secret } = await before.create(example.args);
          const credential = before.emulator.settings(cloud.name);
          const port = `:${before.emulator.port}`;
          await before.close();
          const data = await readFile(dataFile, 'utf8');
          for (const [name, value] of Object.entries({ ...credential, secret: secret.reveal() })) {
            const sensitive = name === 'secret' || cloud.settings[name]?.sensitive === true;
            if (sensitive) expect(data.includes(String(value)), `${name} in the data file`).toBe(false);
          }

          const after = await openBench(clouds, cloud, type, example, { dataFile });
          for (const [name, value] of Object.entries(after.emulator.settings(cloud.name))) {
            const same = String(value).replace(`:${after.emulator.port}`, port);
            expect(same, name).toBe(String(credential[name]));
          }
          expectKeys(await after.handler.list(example.args), [key]);
          if (type.capabilities.verify) expect(await after.handler.verify(reference, secret)).toBe(true);
          const next = await after.create(example.second);
          expect(next.key.id).not.toBe(key.id);
          expect(next.secret.reveal()).not.toBe(secret.reveal());
          await after.close();
        });

        // Last, and left out by itself when a run is narrowed to some rows (-t).
        test('every row that applies has run', () => {
          expect(ran).toEqual(due.map(({ name }) => name));
        });
      });
    }
  }
}
