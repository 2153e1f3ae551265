import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isKeyformError } from '../../src/core/error.ts';
import { repairState } from '../../src/state/repair.ts';
import { loadState, statePaths } from '../../src/state/snapshot.ts';
import { contentOf, KEYS, testClock, testRandom } from '../state/fixture.ts';
import { MemoryDisk } from '../state/memory.ts';
import { care, memoryOf } from './care.ts';
import { attempt, type Folder, keysIn, makeSpecimen, type Result, type Specimen, storeOn } from './folder.ts';
import { exchanges, flips, JOURNAL, type Mutation, reorderings, SNAPSHOT, truncations } from './mutation.ts';
import { Table } from './table.ts';

// Whatever is done to the files of a state ends in an error that says so, or in the very content that was there; the few
// exceptions are those of docs/state-format.md. What the library of age makes of each byte is tested with it.

const ERRORS = ['damaged-state', 'wrong-identity', 'empty-state', 'newer-state', 'wrong-kind', 'rolled-back'];
const HARMLESS = 'harmless';
const LAST = 'last record not counted';

const table = new Table();
const repairs = new Table();
let specimen: Specimen;
let fork: Specimen;
let foreign: Specimen;
let sister: Folder;

beforeAll(async () => {
  specimen = await makeSpecimen();
  foreign = await makeSpecimen('prod', '-foreign');
  fork = await forkOf(specimen);
  sister = (await makeSpecimen('test', '-test')).folder;
});

afterAll(() => {
  process.stdout.write(
    `\nWhat is done to the files, and what reading them comes to (${table.total} tried):\n\n${table}\n\n(*) without a memory of this machine only; with it: rolled-back\n\nWhat a repair has back:\n\n${repairs}\n`,
  );
});

describe('a state that was changed by something else than Keyform', () => {
  it('with any byte of the snapshot changed is not taken for another', async () => {
    await checkAll(flips(specimen, SNAPSHOT), 97);
  }, 120_000);

  it('with any byte of the journal changed is not taken for another', async () => {
    await checkAll(flips(specimen, JOURNAL), 97);
  }, 120_000);

  it('cut off anywhere is not taken for another', async () => {
    await checkAll(truncations(specimen, SNAPSHOT), 61);
    await checkAll(truncations(specimen, JOURNAL), 61);
  }, 120_000);

  it('with records or blocks in other places is not taken for another', async () => {
    await checkAll(reorderings(specimen, journals()), 7);
  }, 120_000);

  it('with whole files exchanged is not taken for another', async () => {
    await checkAll(exchanges(specimen, fork, foreign, sister), 1);
  }, 120_000);

  it('is known to this machine, where nothing in the files can tell', async () => {
    const known = await memoryOf(specimen.folder);
    expect(Object.keys(known)).toHaveLength(1);
    let refused = 0;
    for (const mutation of exchanges(specimen, fork, foreign, sister)) {
      if (mutation.documented === undefined) continue;
      const { read, begun, untouched } = await attempt(MemoryDisk.of({ ...mutation.folder, ...known }), {
        memory: true,
      });
      // Another lineage is another state, of which nothing is known; and records that no fold has counted leave no trace.
      const isKnown = mutation.documented.as.startsWith('older') || mutation.kind.includes('same lineage');
      const isCounted = !mutation.folder[SNAPSHOT]?.equals(specimen.folder[SNAPSHOT] as Buffer);
      if (!isKnown || !isCounted) continue;
      expect([mutation.name, read, begun]).toEqual([mutation.name, { code: 'rolled-back' }, { code: 'rolled-back' }]);
      expect(untouched).toBe(true);
      table.count(`${mutation.kind}, to a machine that remembers`, 'rolled-back');
      refused += 1;
    }
    expect(refused).toBeGreaterThan(1);
  });

  it('is repaired without a wrong secret, and says what is lost', async () => {
    const all: [Iterable<Mutation>, number][] = [
      [flips(specimen, SNAPSHOT), 211],
      [flips(specimen, JOURNAL), 149],
      [truncations(specimen, SNAPSHOT), 301],
      [truncations(specimen, JOURNAL), 307],
      [reorderings(specimen, journals()), 5],
      [exchanges(specimen, fork, foreign, sister), 1],
    ];
    for (const [mutations, step] of all) {
      for (const mutation of every(mutations, step)) await checkRepair(mutation);
    }
    expect(repairs.total).toBeGreaterThan(120);
  }, 120_000);
});

/** Reads each; and reads and begins a run on one of `step`, which costs more. */
async function checkAll(mutations: Iterable<Mutation>, step: number): Promise<void> {
  let count = 0;
  for (const mutation of mutations) {
    const { kind, name, folder } = mutation;
    if (count++ % step !== 0) {
      table.count(kind, judge(mutation, await load(folder)));
      continue;
    }
    const { read, begun, untouched } = await attempt(MemoryDisk.of(folder));
    const outcome = judge(mutation, read);
    table.count(kind, outcome);
    expect([kind, name, judge(mutation, begun)]).toEqual([kind, name, outcome]);
    expect([kind, name, untouched]).toEqual([kind, name, true]);
  }
  expect(count).toBeGreaterThan(10);
}

/** What a result is called; fails for one that must not be. */
function judge({ kind, name, mayLoseLast, documented }: Mutation, result: Result): string {
  if ('code' in result) {
    if (!ERRORS.includes(result.code)) throw new Error(`${kind}, ${name}: the error ${result.code}`);
    return result.code;
  }
  if (result.content === specimen.whole) return HARMLESS;
  if (mayLoseLast === true && result.content === specimen.withoutLast) return LAST;
  if (documented !== undefined && result.content === documented.content) return documented.as;
  throw new Error(`${kind}, ${name}: ended silently in another content`);
}

/** What a reader and a run alike begin with, without what surrounds it. */
async function load(folder: Folder): Promise<Result> {
  try {
    const { snapshot } = await loadState({
      paths: statePaths('state', 'prod'),
      stack: 'prod',
      files: MemoryDisk.of(folder),
      clock: testClock(),
      random: testRandom('load'),
      keys: KEYS,
    });
    return { content: snapshot === null ? 'nothing' : contentOf(snapshot.state) };
  } catch (error) {
    if (!isKeyformError(error)) throw error;
    return { code: error.code };
  }
}

async function checkRepair({ kind, name, folder, documented, mayLoseLast }: Mutation): Promise<void> {
  const where = `${kind}, ${name}`;
  const hasNoJournal = folder[JOURNAL] === undefined;
  const disk = MemoryDisk.of(folder);
  const { plan, serial } = await repairState(care(disk), { lockTimeoutMs: 0, approve: async () => {} });
  for (const [path, bytes] of Object.entries(folder)) {
    // Nothing that was there is gone, but for the backup, which gives way to the snapshot.
    const kept = Object.values(disk.content()).some((other) => other.equals(bytes));
    if (!path.endsWith('.backup') && !path.endsWith('.history'))
      expect([where, path, kept]).toEqual([where, path, true]);
  }
  expect(Object.keys(disk.content()).filter((path) => path.includes('lock'))).toEqual([]);
  const { read } = await attempt(disk);
  if (plan.blocked !== null) {
    expect('code' in read, `${where}: ${plan.blocked.what}`).toBe(true);
    repairs.count(kind, 'nothing to be had');
    return;
  }
  if (!('content' in read)) throw new Error(`${where}: after the repair, ${read.code}`);
  const { state } = await storeOn(disk).read();
  const known = new Set([...specimen.truth, ...fork.truth, ...foreign.truth]);
  for (const key of keysIn(state)) if (!known.has(key)) throw new Error(`${where}: a key that never was: ${key}`);
  if (read.content === specimen.whole) repairs.count(kind, serial === null ? 'whole before' : 'all');
  else if (documented?.content === read.content || (hasNoJournal && read.content === specimen.folded)) {
    // A journal that is gone without a trace cannot be missed.
    repairs.count(kind, 'what is here (*)');
  } else if (mayLoseLast === true && read.content === specimen.withoutLast && serial === null)
    repairs.count(kind, LAST);
  else {
    // Whatever is not there must have been told.
    if (plan.losses.length === 0) throw new Error(`${where}: something is lost, and nothing was said`);
    repairs.count(kind, 'a part, and says so');
  }
}

function journals() {
  const of = ({ folder }: Specimen, path: string) => folder[path] ?? Buffer.alloc(0);
  return [
    { what: 'the journal before', journal: of(specimen, `${JOURNAL}.backup`) },
    { what: 'the journal of a fork', journal: of(fork, JOURNAL) },
    { what: 'the journal of another state', journal: of(foreign, JOURNAL) },
  ];
}

function* every<T>(items: Iterable<T>, step: number): Generator<T> {
  let count = 0;
  for (const item of items) if (count++ % step === 0) yield item;
}

/** The same lineage, gone another way since the first run, with the same serial. */
async function forkOf(original: Specimen): Promise<Specimen> {
  return makeSpecimen('prod', '-fork', original.older);
}
