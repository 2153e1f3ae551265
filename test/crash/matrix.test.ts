import { afterAll, beforeAll, expect, test } from 'vitest';
import { requireBuild } from '../scripts/tool.ts';
import { type CaseResult, enumerateCases, runCases, TELLING } from './cases.ts';
import { randomKills } from './kills.ts';
import { contradictions, everything, LOCAL } from './operation.ts';
import { openScene, type Scene } from './scene.ts';
import { byType, complaint, tally } from './table.ts';

// Real processes, killed with SIGKILL at the points at which what they leave is different; what is here in part, matrix.ts does
// in whole.

beforeAll(requireBuild);

const scenes: Scene[] = [];
afterAll(async () => {
  for (const scene of scenes) await scene.close();
});

async function scene(...faults: Parameters<typeof openScene>): Promise<Scene> {
  const opened = await openScene(...faults);
  scenes.push(opened);
  return opened;
}

test('every type has the operations that it says it has', () => {
  expect(contradictions()).toEqual([]);
});

test('whatever a process was killed at, plain commands put it right', { timeout: 600_000 }, async () => {
  const clouds = await scene();
  const cases = await enumerateCases(clouds, TELLING, 6);
  const results = await runCases(clouds, cases, { lanes: 6, plan: false });
  process.stdout.write(`${byType(results)}\n${tally(results)}\n`);
  expect(results.filter(({ outcome }) => outcome !== 'converged').map(complaint)).toEqual([]);
  // Else little was proved.
  for (const { type, operation } of everything()) {
    const row = results.filter((result) => result.type === type && result.operation === operation);
    expect(row.length, `${operation} of ${type}`).toBeGreaterThanOrEqual(LOCAL.has(operation) ? 1 : 4);
    if (LOCAL.has(operation)) continue;
    expect(row.some(left('before answer')), `${operation} of ${type}: the cloud had acted`).toBe(true);
  }
  expect(results.filter(({ open }) => open > 0).length).toBeGreaterThan(results.length / 4);
});

/** Whether a case was killed there, and left an attempt without a result. */
function left(where: string): (result: CaseResult) => boolean {
  return ({ point, open }) => point.startsWith(where) && open > 0;
}

test('and whenever', { timeout: 600_000 }, async () => {
  const found = await randomKills(await scene([{ kind: 'latency', ms: 15 }]), { kills: 30, seed: 4, lanes: 8 });
  const struck = found.filter(({ outcome }) => outcome !== 'missed');
  process.stdout.write(`random kills: ${tally(struck)}\n`);
  expect(struck.filter(({ outcome }) => outcome !== 'converged').map(complaint)).toEqual([]);
  expect(struck.length).toBeGreaterThanOrEqual(30);
  expect(struck.filter(({ open }) => open > 0).length).toBeGreaterThanOrEqual(5);
});
