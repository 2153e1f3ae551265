import { describe, expect, it } from 'vitest';
import { KeyformError } from '../../src/core/error.ts';
import { inspectState } from '../../src/state/inspect.ts';
import { planRepair } from '../../src/state/repair.ts';
import { beginRestore } from '../../src/state/restore.ts';
import type { StoreOptions } from '../../src/state/store.ts';
import { care } from '../fuzz/care.ts';
import { creation, KEYS, testClock, testProcess, testRandom, testStore } from './fixture.ts';
import { Crash, MemoryDisk } from './memory.ts';

// A journal that somebody removes between a crash and the next command.

const SNAPSHOT = 'state/prod.keyform.age';
const JOURNAL = 'state/prod.keyform.journal';
const machine = { machineFolder: 'machine' };

const begin = (disk: MemoryDisk, options: Partial<StoreOptions> = machine) =>
  testStore(disk, KEYS, options).begin('apply', { lockTimeoutMs: 0 });

/** A state with one key, and a run that died after it made another. */
async function crashed(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  let session = await begin(disk);
  for (const entry of creation('t.a')) await session.record(entry);
  await session.close();
  session = await begin(disk);
  for (const entry of creation('t.b')) await session.record(entry);
  return disk.kill();
}

async function failure(promise: Promise<unknown>): Promise<KeyformError> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof KeyformError)) throw new Error(`no KeyformError: ${String(error)}`);
  return error;
}

async function restored(disk: MemoryDisk): Promise<number> {
  const options: StoreOptions = {
    folder: 'state',
    stack: 'prod',
    files: disk,
    clock: testClock(),
    random: testRandom('restore'),
    keys: KEYS,
    process: testProcess(9, new Map([[9, 'start 9']])),
    version: '0.0.0',
    refuges: [],
    inventory: null,
    ...machine,
  };
  const restoration = await beginRestore(options, {
    operation: 'state restore',
    path: SNAPSHOT,
    bytes: null,
    force: false,
    lockTimeoutMs: 0,
  });
  expect(restoration.notes.join()).toContain('Whatever it held is given up by this');
  return (await restoration.commit()).serial;
}

describe('a journal that is gone after a crash', () => {
  it('is missed by readers, runs and verify, and by no repair taken for nothing', async () => {
    const disk = await crashed();
    const journal = disk.get(JOURNAL);
    await disk.remove(JOURNAL);
    await disk.remove('state/prod.keyform.lock'); // Which a run takes over, whatever it finds then.
    const before = disk.content();
    for (const attempt of [() => testStore(disk, KEYS, machine).read(), () => begin(disk)]) {
      const error = await failure(attempt());
      expect([error.code, error.message]).toEqual([
        'rolled-back',
        expect.stringContaining(`a run that did not end wrote to ${JOURNAL} on `),
      ]);
      expect(error.detail).toContain(`If it is gone for good, say so: keyform state restore ${SNAPSHOT}`);
      expect(disk.content()).toEqual(before);
    }
    const { findings, damaged } = await inspectState(care(disk, machine));
    expect(damaged).toBe(true);
    expect(findings.filter(({ verdict }) => verdict === 'damage').map(({ what }) => what)).toEqual([
      expect.stringContaining('lacks what a run here has recorded'),
    ]);
    const plan = await planRepair(care(disk, machine));
    expect([plan.steps, plan.advice]).toEqual([[], [expect.stringContaining('keyform state restore')]]);
    // A repair of something else does not pass over it.
    await disk.remove('state/prod.keyform.history');
    const other = await planRepair(care(disk, machine));
    expect(other.losses).toEqual([expect.stringContaining('lacks what a run here has recorded')]);
    // Brought back, it is as if nothing had been.
    await disk.replace(JOURNAL, journal, 0o600);
    expect([...(await testStore(disk, KEYS, machine).read()).state.resources.keys()]).toEqual(['t.a', 't.b']);
  });

  it('is given up by a restore of what lies there, and only by that', async () => {
    const disk = await crashed();
    await disk.remove(JOURNAL);
    expect(await restored(disk)).toBe(3);
    const { state } = await testStore(disk, KEYS, machine).read();
    expect([...state.resources.keys()]).toEqual(['t.a']);
    const session = await begin(disk);
    for (const entry of creation('t.c')) await session.record(entry);
    await session.close();
  });

  it('is not missed in another clone, on another machine, after a newer snapshot, or without a memory', async () => {
    const disk = await crashed();
    await disk.remove(JOURNAL);
    const snapshot = disk.get(SNAPSHOT);
    await disk.replace('clone/prod.keyform.age', snapshot, 0o600);
    const clone = { ...machine, folder: 'clone' } as Partial<StoreOptions>;
    expect((await testStore(disk, KEYS, clone).read()).state.serial).toBe(2);
    expect((await testStore(disk, KEYS, { machineFolder: 'other' }).read()).state.serial).toBe(2);
    for (const path of Object.keys(disk.content()).filter((name) => name.startsWith('machine/')))
      await disk.replace(path, Buffer.from('no sighting'), 0o600);
    const { notes } = await testStore(disk, KEYS, machine).read();
    expect(notes).toEqual([expect.stringContaining('is damaged')]);
    const elsewhere = await begin(disk, { machineFolder: null });
    for (const entry of creation('t.c')) await elsewhere.record(entry);
    await elsewhere.close();
    expect((await testStore(disk, KEYS, machine).read()).state.serial).toBe(3);
  });

  it('costs one write a run, and none that a full or closed memory would stop', async () => {
    const disk = new MemoryDisk();
    const written = () => disk.log.filter((step) => /^rename .*machine\//.test(step)).length;
    let session = await begin(disk);
    expect(written()).toBe(0);
    for (const address of ['t.a', 't.b', 't.c']) for (const entry of creation(address)) await session.record(entry);
    expect(written()).toBe(1);
    await session.close();
    expect(written()).toBe(2);
    disk.fault = (step, path) => (path.startsWith('machine/') && step !== 'read' ? 'EROFS' : null);
    session = await begin(disk);
    for (const entry of creation('t.d')) await session.record(entry);
    const { notes } = await session.close();
    expect(notes).toEqual([expect.stringMatching(/^machine\/.* cannot be written \(EROFS\)/)]);
  });

  it('is never missed where nobody removed it: at no step of a run that is killed', async () => {
    for (let step = 0, ended = false; !ended; step++) {
      const disk = new MemoryDisk();
      await (await begin(disk)).close();
      disk.log.length = 0;
      disk.crashAt = step;
      try {
        const session = await begin(disk, { ...machine, foldAt: 4096 });
        for (const address of ['t.a', 't.b', 't.c', 't.d'])
          for (const entry of creation(address)) await session.record(entry);
        await session.close();
        ended = true;
      } catch (error) {
        if (!(error instanceof Crash)) {
          const { cause } = error as { cause?: unknown };
          if (!(cause instanceof Crash) && !(error instanceof KeyformError)) throw error;
        }
      }
      const after = disk.kill();
      // Neither a reader, nor the next run, which folds, nor a reader after one that is killed when it had begun.
      await testStore(after, KEYS, machine).read();
      await begin(after);
      const again = after.kill();
      await testStore(again, KEYS, machine).read();
      await (await begin(again)).close();
    }
  });
});
