import type { CareOptions } from '../../src/state/evidence.ts';
import { statePaths } from '../../src/state/snapshot.ts';
import { KEYS, testClock, testProcess, testRandom } from '../state/fixture.ts';
import type { MemoryDisk } from '../state/memory.ts';

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
