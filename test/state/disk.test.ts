import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createFiles } from '../../src/io/files.ts';
import { openStore } from '../../src/state/store.ts';
import { creation, IDENTITY, KEYS, SECRET, testClock, testProcess, testRandom } from './fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'keyform-state-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const state = join(folder, 'state');
const started = new Map([[7, 'boot 7']]);

function store(pid = 7) {
  return openStore({
    folder: state,
    stack: 'prod',
    files: createFiles(testRandom(`files ${pid}`)),
    clock: testClock(),
    random: testRandom(`store ${pid}`),
    keys: KEYS,
    process: testProcess(pid, new Map([...started, [pid, `boot ${pid}`]])),
    version: '0.0.0',
    machineFolder: null,
    refuges: [],
    inventory: null,
  });
}

/** Name, mode and content of every file in the state folder. */
function listing(): { name: string; mode: string; bytes: Buffer }[] {
  return readdirSync(state)
    .sort()
    .map((name) => {
      const path = join(state, name);
      return { name, mode: (statSync(path).mode & 0o777).toString(8), bytes: readFileSync(path) };
    });
}

describe('on a real disk', () => {
  it('every file is private and sealed, during a run, after its death and after the next', async () => {
    const session = await store().begin('apply', { lockTimeoutMs: 0 });
    const keys = Array.from({ length: 20 }, (_, i) => creation(`t.k${i}`));
    await Promise.all(keys.map(([asked]) => session.record(asked)));
    await Promise.all(keys.map(([, made]) => session.record(made)));
    const during = listing();
    expect(during.map(({ name, mode }) => `${mode} ${name}`)).toEqual([
      '600 prod.keyform.age',
      '600 prod.keyform.journal',
      '600 prod.keyform.lock',
    ]);
    expect((statSync(state).mode & 0o777).toString(8)).toBe('700');

    // The process of the first session is gone without a word.
    started.delete(7);
    const next = await store(8).begin('apply', { lockTimeoutMs: 0 });
    expect(next.notes).toHaveLength(2);
    expect(next.state.resources.size).toBe(20);
    await next.close();
    const after = listing();
    expect(after.map(({ name, mode }) => `${mode} ${name}`)).toEqual([
      '600 prod.keyform.age',
      '600 prod.keyform.age.backup',
      '600 prod.keyform.history',
      '600 prod.keyform.journal.backup',
    ]);
    for (const { bytes } of [...during, ...after]) expect(bytes.includes(SECRET)).toBe(false);
    const read = await store(9).read();
    expect(read.state.resources.get('t.k19')?.current?.secret?.reveal()).toBe(`${SECRET}-1`);
  });

  it('the program age opens the snapshot', () => {
    const identity = join(folder, 'key.txt');
    writeFileSync(identity, `${IDENTITY}\n`, { mode: 0o600 });
    const age = spawnSync('age', ['-d', '-i', identity, join(state, 'prod.keyform.age')], { encoding: 'utf8' });
    if (age.error !== undefined) {
      process.stderr.write('skipped: the program "age" is not installed, so it cannot open the snapshot\n');
      return;
    }
    expect(age.status).toBe(0);
    expect(JSON.parse(age.stdout)).toMatchObject({ format: 'keyform-state', version: 4, stack: 'prod' });
    expect(age.stdout).toContain(SECRET);
  });
});
