// `npm run bench`: how long whole commands take, beside a bare Node and Terraform on the same machine in the same minutes.
//
//   node bench/run.mjs [--runs N] [--only ID,ID] [--json FILE] [--check]
//
// --runs    timed runs of each row after one warm-up (default 7; of the apply rows, which take long, 3 at most)
// --only    only the groups that these rows are in: node, version, plan-10, validate, plan-1000, apply-1000, …
// --json    also writes every single time to FILE
// --check   exit 1 when a limit is broken; without it only a run that fails or has a wrong result does
//
// Rows of a group run by turns, A B C A B C, so that a machine that gets slower meanwhile is slow for all of them. A ratio
// is one of medians of the same group. No test asserts what stands here.

import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sourceHash } from '../.ci/prepare.mjs';
import { killAll, MEASURED_BY, measure, run } from './child.mjs';
import { watchOrder } from './order.mjs';
import { makeRows } from './rows.mjs';
import { median, size, table, time } from './table.mjs';
import { unpackTool } from './world.mjs';

const { values: flags } = parseArgs({
  options: {
    runs: { type: 'string', default: '7' },
    only: { type: 'string' },
    json: { type: 'string' },
    check: { type: 'boolean', default: false },
  },
});
const runs = Number(flags.runs);
if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs takes a whole number of at least 1');

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'keyform-bench-')));
process.on('exit', () => {
  killAll();
  rmSync(scratch, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));

/** Timed runs of a group's rows. */
const runsOf = (group) => (group === 'apply' ? Math.min(runs, 3) : runs);

const say = (line) => process.stderr.write(`${line}\n`);

/** @returns {Promise<boolean>} whether every limit holds */
async function main() {
  if (readFileSync(new URL('../dist/.stamp', import.meta.url), 'utf8') !== sourceHash()) {
    say('Note: dist/ is older than src/; "npm run bench" builds first.');
  }
  const load = loadavg()[0];
  const tool = unpackTool(scratch);
  say('Preparing projects, keys and servers…');
  const { rows, notes, stateBytes, close } = await makeRows(tool.main, scratch);
  try {
    const wanted = flags.only === undefined ? null : new Set(flags.only.split(','));
    for (const id of wanted ?? []) {
      if (!rows.some((row) => row.id === id)) throw new Error(`--only: there is no row "${id}"`);
    }
    const groups = ['start', 'thousand', 'each', 'state', 'record', 'clouds', 'drift', 'apply'].filter(
      (group) => wanted === null || rows.some((row) => wanted.has(row.id) && row.groups[0] === group),
    );
    const measured = [];
    for (const group of groups) measured.push(...(await measureGroup(group, rows)));
    const order = groups.includes('apply') ? await watchOrder(tool.main, scratch) : { skipped: 'not asked for' };
    const sizes = { ...tool, main: undefined, stateBytes: await stateBytes() };
    report(measured, order, sizes, notes, load);
    if (flags.json !== undefined) {
      const machine = { node: process.version, cpu: cpus()[0]?.model, cores: availableParallelism(), load };
      const all = {
        at: new Date().toISOString(),
        machine,
        runs,
        measuredBy: MEASURED_BY,
        rows: measured,
        order,
        sizes,
      };
      writeFileSync(flags.json, `${JSON.stringify(all, null, 2)}\n`);
    }
    return measured.every((row) => row.broken.length === 0) && order.holds !== false;
  } finally {
    await close();
  }
}

/** Times the rows of a group by turns, then measures each once; a row is reported in its first group only. */
async function measureGroup(group, rows) {
  const turn = rows.filter((row) => row.groups.includes(group));
  const samples = new Map(turn.map((row) => [row.id, []]));
  for (let round = 0; round <= runsOf(group); round++) {
    say(`${group}: ${round === 0 ? 'warm-up' : `run ${round} of ${runsOf(group)}`}`);
    for (const row of turn) {
      const { ms, stdout } = await run(await row.command());
      await row.check?.(stdout);
      if (round > 0) samples.get(row.id).push(row.sample?.(stdout) ?? ms);
    }
  }
  const own = turn.filter((one) => one.groups[0] === group);
  const measures = new Map();
  for (const row of own) {
    const { stdout, ...measured } = await measure(await row.command(), scratch);
    await row.check?.(stdout);
    measures.set(row.id, measured);
  }
  const facts = {
    median: (id) => median(samples.get(id)),
    peak: (id) => measures.get(id).peakMb,
    cpu: (id) => {
      const { userMs, systemMs } = measures.get(id);
      return userMs === null || systemMs === null ? null : userMs + systemMs;
    },
  };
  const results = own.map((row) => {
    const times = samples.get(row.id);
    return {
      id: row.id,
      title: row.title,
      samples: times,
      median: median(times),
      min: Math.min(...times),
      max: Math.max(...times),
      ...measures.get(row.id),
      ratio: median(times) / median(samples.get(row.base)),
      base: row.base,
      limits: row.limits.map(({ words }) => words),
      broken: row.limits.filter((limit) => !limit.holds(facts)).map(({ words }) => words),
      // What a limit was compared with, where that is another row.
      beside: Object.fromEntries([...samples].map(([id, all]) => [id, median(all)])),
    };
  });
  return results;
}

function report(measured, order, sizes, notes, load) {
  const print = (text) => process.stdout.write(text);
  const head = ['row', 'median', 'min–max', 'user CPU', 'peak MB', '× node', 'limit', 'verdict'];
  const verdict = ({ limits, broken }) =>
    limits.length === 0 ? '' : broken.length === 0 ? 'holds' : `BROKEN: ${broken.join(', ')}`;
  print(
    table(
      head,
      measured.map((row) => [
        row.title,
        time(row.median),
        `${time(row.min)} – ${time(row.max)}`,
        row.userMs === null ? '–' : time(row.userMs),
        row.peakMb === null ? '–' : row.peakMb.toFixed(0),
        row.base === 'node' ? row.ratio.toFixed(2) : '–',
        row.limits.join('; '),
        verdict(row),
      ]),
    ),
  );
  print('\n');
  const rows = [
    ['packed tarball', size(sizes.tarballBytes)],
    ['unpacked', size(sizes.unpackedBytes)],
    ['of that dist/', size(sizes.distBytes)],
    ['of that dist/main.cjs, all that `keyform version` reads', size(sizes.mainBytes)],
    ['sealed state of 1,000 keys', size(sizes.stateBytes)],
  ];
  print(table(['what', 'size'], rows));
  const { early, done, answers, syncs, holds, skipped } = order;
  const watched = `${done} steps done, ${answers} keys made, ${syncs} syncs of the journal, ${early} steps reported before their sync`;
  print(`\nSecret synced before its step is done: ${skipped ?? `${holds ? 'holds' : 'BROKEN'} (${watched})`}.\n`);
  for (const note of notes) print(`${note}\n`);
  const cpu = cpus()[0]?.model ?? 'unknown CPU';
  print(
    `Node ${process.version} on ${availableParallelism()} × ${cpu}, load ${load.toFixed(1)} before; ${runs} timed runs each (apply: ${runsOf('apply')}); memory and CPU by ${MEASURED_BY}.\n`,
  );
}

try {
  const holds = await main();
  process.exitCode = flags.check && !holds ? 1 : 0;
} catch (error) {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
}
