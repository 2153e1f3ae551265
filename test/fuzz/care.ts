import type { CareOptions } from '../../src/state/evidence.ts';
import { markOf, remember } from '../../src/state/seen.ts';
import { loadState, statePaths } from '../../src/state/snapshot.ts';
import { KEYS, testClock, testProcess, testRandom } from '../state/fixture.ts';
import { MemoryDisk } from '../state/memory.ts';

let made = 0;

/** What looking after the state of `prod` on a disk needs, for a process of its own. */
export function care(disk: MemoryDisk, options: Partial<CareOptions> = {}): CareOptions {
  const pid = 5000 + ++made;
  return {
    folder: 'state',
    paths: statePaths('state', 'prod'),
    stack: 'prod',
    files: disk,
    clock: testClock(),
    random: testRandom(`care ${made}`),
    keys: KEYS,
    process: testProcess(pid, new Map([[pid, `start ${pid}`]])),
    machineFolder: null,
    refuges: [],
    ...options,
  };
}

/** The files of `machine` on a machine that has seen the snapshot of `prod` in `folder`. */
export async function memoryOf(folder: Readonly<Record<string, Buffer>>): Promise<Record<string, Buffer>> {
  const { snapshot } = await loadState(care(MemoryDisk.of({ ...folder })));
  if (snapshot === null) throw new Error('there is no snapshot to remember');
  const { lineage, serial } = snapshot.state;
  const disk = new MemoryDisk();
  const at = '2026-03-04T05:06:07.000Z';
  await remember(disk, 'machine', { lineage, stack: 'prod', serial, mark: markOf(snapshot.journalKey), at });
  return disk.content();
}
