import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { planJson } from '../../src/cli/render/planjson.ts';
import { DiagnosticsError } from '../../src/core/diagnostic.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { World } from '../engine/world.ts';
import { type CaseFiles, STACK_CASES, type StackCase } from './stackcases.ts';
import { askTerraform, gistOf, type StackAnswer } from './stackrecord.ts';

/** What real Terraform said, recorded by `node --import tsx test/language/stackrecord.ts`. */
const ANSWERS = JSON.parse(readFileSync(join(import.meta.dirname, 'stackanswers.json'), 'utf8')) as Record<
  string,
  StackAnswer
>;

/** Where Keyform answers otherwise on purpose, and why. */
const DIFFERENT: Readonly<Record<string, string>> = {};

async function askKeyform(one: StackCase): Promise<StackAnswer> {
  const world = await World.open();
  const load = (files: CaseFiles) => world.loadFiles(files);
  for (const files of one.before) await world.applyLoaded(await load(files));
  try {
    const { state } = await world.store.read();
    const plan = await world.planLoaded(await load(one.after), state, {
      targets: one.targets ?? [],
      replace: one.replace ?? [],
      mode: one.destroy === true ? 'destroy' : 'normal',
      maxDeletes: null,
    });
    const errors = plan.diagnostics.filter(({ severity }) => severity === 'error');
    if (errors.length > 0) return { errors: [...new Set(errors.map(({ summary }) => summary))].sort() };
    return gistOf(planJson(plan, '0') as JsonObject);
  } catch (error) {
    if (!(error instanceof DiagnosticsError)) throw error;
    return { errors: [...new Set(error.diagnostics.map(({ summary }) => summary))].sort() };
  }
}

const counts = { compared: 0, equal: 0, errors: 0, refused: 0 };
afterAll(() => {
  process.stdout.write(
    `stacks: ${counts.compared} compared with Terraform, ${counts.equal} plans equal, ${counts.errors} refused by both, ${counts.refused} different on purpose\n`,
  );
});

describe('small stacks are planned as Terraform plans them', () => {
  it.each(Object.entries(STACK_CASES))('%s', async (name, one) => {
    const wanted = ANSWERS[name];
    if (wanted === undefined) throw new Error('there is no recorded answer: record again');
    counts.compared += 1;
    const found = await askKeyform(one);
    if (DIFFERENT[name] !== undefined) {
      counts.refused += 1;
      expect(found).not.toEqual(wanted);
      return;
    }
    if ('errors' in wanted) {
      // The words are Keyform's own; that it refuses, and does not plan something else, is what counts here.
      expect(found).toHaveProperty('errors');
      counts.errors += 1;
    } else {
      expect(found).toEqual(wanted);
      counts.equal += 1;
    }
  });
});

let terraform = true;
try {
  execFileSync('terraform', ['version'], { stdio: 'ignore' });
} catch {
  terraform = false;
  process.stdout.write('terraform is not on PATH: the recorded answers are not asked again\n');
}

describe.skipIf(!terraform)('the recorded answers are those of real Terraform', () => {
  it('which is asked again', { timeout: 120_000 }, () => {
    for (const [name, one] of Object.entries(STACK_CASES)) expect(askTerraform(one), name).toEqual(ANSWERS[name]);
  });
});
