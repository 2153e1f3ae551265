/**
 * The whole crash matrix: every fault point of every operation on every type of key, and random kills.
 *
 *     node --import tsx test/crash/matrix.ts [--sample N] [--kills N] [--seed N] [--lanes N]
 *
 * `--sample 10`: every tenth case only; 0: none. `--kills`: how many random ones, 500 unless told. Prints what docs/durability.md shows;
 * ends with 1 when anything was lost, left behind, or not reached.
 */
import { parseArgs } from 'node:util';
import { requireBuild } from '../scripts/tool.ts';
import { ALL, type CaseResult, enumerateCases, runCases } from './cases.ts';
import { type Kill, randomKills } from './kills.ts';
import { openScene } from './scene.ts';
import { byPoint, byType, complaint, tally } from './table.ts';

const { values } = parseArgs({
  options: {
    sample: { type: 'string' },
    kills: { type: 'string' },
    seed: { type: 'string' },
    lanes: { type: 'string' },
  },
});
const number = (text: string | undefined, fallback: number): number => {
  const value = Number(text ?? fallback);
  if (!Number.isInteger(value) || value < 0) throw new Error(`"${text}" is no whole number`);
  return value;
};
const sample = number(values.sample, 1);
const kills = number(values.kills, 500);
const seed = number(values.seed, 20_261_122);
const lanes = number(values.lanes, 4);

/** Cases at once; with two keys each, they stay below any quota. */
const PORTION = 150;

requireBuild();
const say = (text: string) => process.stdout.write(`${text}\n`);
const bad: (CaseResult | Kill)[] = [];
const note = (result: CaseResult | Kill) => {
  if (result.outcome === 'converged' || ('life' in result && result.outcome === 'missed')) return;
  bad.push(result);
  say(complaint(result));
};

if (sample > 0) {
  const first = await openScene();
  const all = await enumerateCases(first, ALL, lanes);
  await first.close();
  const cases = all.filter((_, index) => index % sample === 0);
  say(`${cases.length} of ${all.length} cases`);
  const results: CaseResult[] = [];
  // In portions, each with clouds of its own: a project that waits for its turn keeps its folder, and a quota fills up.
  for (let from = 0; from < cases.length; from += PORTION) {
    const scene = await openScene();
    results.push(...(await runCases(scene, cases.slice(from, from + PORTION), { lanes, plan: true, onResult: note })));
    say(tally(results));
    await scene.close();
  }
  say(`\n${byType(results)}\n\n${byPoint(results)}\n\nEvery point: ${tally(results)}.`);
  say(`${results.filter(({ open }) => open > 0).length} of them left an attempt of which nobody knew the result.`);
}
if (kills > 0) {
  const scene = await openScene([{ kind: 'latency', ms: 15 }]);
  const found = await randomKills(scene, { kills, seed, lanes: lanes * 2, onKill: note });
  await scene.close();
  const struck = found.filter(({ outcome }) => outcome !== 'missed');
  const late = found.length - struck.length;
  const open = struck.filter((kill) => kill.open > 0).length;
  say(`\nRandom kills (seed ${seed}): ${tally(struck)}; ${late} more came too late.`);
  say(`${open} of them left attempts of which nobody knew the result.`);
}
process.exitCode = bad.length === 0 ? 0 : 1;
