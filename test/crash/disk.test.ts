import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type EmulatorProcess,
  type Ended,
  keyform,
  makePlace,
  type Place,
  requireBuild,
  startEmulator,
} from '../scripts/tool.ts';
import { openWitness, readState, type Witness } from '../scripts/world.ts';

/*
 * What becomes of keys when the disk says no, in real processes: never is a key left at the API whose secret is nowhere, unless
 * the run says so. Where a real disk cannot be made to fail at will, KEYFORM_FAULT has the operation fail.
 */

const SINCH = 'keyform_sinch_access_key';

let base: Place;
let emulator: EmulatorProcess;
let witness: Witness;
const places: Place[] = [];
const mounted: string[] = [];
beforeAll(async () => {
  requireBuild();
  base = await makePlace();
  emulator = await startEmulator({ cwd: base.project, env: base.env });
  witness = openWitness(emulator);
});
afterAll(async () => {
  await witness?.close();
  await emulator?.stop();
  for (const folder of mounted) execFileSync('umount', [folder], { stdio: 'pipe' });
  base?.remove();
  for (const place of places) place.remove();
});

/** A Sinch project holds ten keys. */
const PER_OWNER = 10;

/** A project with `count` keys of owners that no other has. */
async function project(owner: string, count: number): Promise<Place> {
  const keys = Array.from({ length: count }, (_, i) => [
    `k${i}`,
    { project_id: `${owner}-${Math.floor(i / PER_OWNER)}`, display_name: `k${i}` },
  ]);
  const stack = { provider: { keyform: {} }, resource: { [SINCH]: Object.fromEntries(keys) } };
  const place = await makePlace({ 'stacks/main/main.tf.json': JSON.stringify(stack) });
  Object.assign(place.env, emulator.environment);
  places.push(place);
  return place;
}

function apply(place: Place, fault = '', more: readonly string[] = ['-parallelism=1']): Promise<Ended> {
  const env = fault === '' ? place.env : { ...place.env, KEYFORM_FAULT: fault };
  return keyform(['apply', '-auto-approve', '-no-color', ...more], { cwd: place.project, env }).ended;
}

/** What a run said, without what is said of KEYFORM_FAULT, on one line. */
function said(ended: Ended): string {
  return `${ended.out}\n${ended.err}`.replaceAll(/[│╷╵\s]+/g, ' ');
}

/** Ids of the keys at the API of a project of `count` keys. */
async function ids(owner: string, count = PER_OWNER): Promise<string[]> {
  const owners = Array.from({ length: Math.ceil(count / PER_OWNER) }, (_, i) => `${owner}-${i}`);
  return (await Promise.all(owners.map((project_id) => witness.ids(SINCH, { project_id })))).flat();
}

/** A plain apply puts all right: exactly the declared keys, each with a secret that works, and then nothing is to be done. */
async function converges(place: Place, owner: string, count: number): Promise<void> {
  const ended = await apply(place);
  expect(ended.code, said(ended)).toBe(0);
  const state = await readState(place.project, 'main');
  const held = [...state.resources.values()].map(({ current }) => current?.id ?? '');
  expect(held).toHaveLength(count);
  expect(new Set(held)).toEqual(new Set(await ids(owner, count)));
  expect(await witness.broken(state)).toEqual([]);
  const plan = await keyform(['plan', '-detailed-exitcode'], { cwd: place.project, env: place.env }).ended;
  expect(plan.code, said(plan)).toBe(0);
  const left = readdirSync(join(place.project, 'state')).map((name) => name.replace('main.keyform.', ''));
  expect(left.sort()).toEqual(['age', 'age.backup', 'history', 'journal.backup']);
}

interface Case {
  readonly name: string;
  readonly fault: string;
  readonly code: number;
  /** Keys at the API right after the failed run. */
  readonly keys: number;
  readonly says: readonly RegExp[];
}

/** Nothing of Keyform's can be written any more from the first result on. */
const NO_PLACE = 'EROFS:before write journal#3+;EROFS:before open *#6+';

const CASES: readonly Case[] = [
  {
    name: 'no lock can be made',
    fault: 'EROFS:before open lock#1+',
    code: 1,
    keys: 0,
    says: [/Cannot create the lock file .*\(EROFS\)/, /read-only/],
  },
  {
    name: 'no journal can be made',
    fault: 'ENOSPC:before write journal#1+',
    code: 1,
    keys: 0,
    says: [/Cannot record "intent of .*\(ENOSPC\)/, /Nothing was done at the API/, /Free some space/],
  },
  {
    name: 'an intent cannot be synced',
    fault: 'EIO:before sync journal#2+',
    code: 1,
    keys: 0,
    says: [/Cannot record "intent of .*\(EIO\)/, /Check the disk/],
  },
  {
    name: 'one result cannot be synced, and the snapshot takes it',
    fault: 'EIO:before sync journal#3',
    code: 0,
    keys: 3,
    says: [/3 added/],
  },
  {
    name: 'journal and snapshot are broken, and a rescue file in the state folder takes the secret',
    fault: 'EIO:before write journal#3+;EIO:before open snapshot#2+',
    code: 1,
    keys: 1,
    says: [/Cannot record "created of .*\(EIO\)/, /It is kept, sealed, in \S*state\/main\.keyform\.rescue-\S+\.age/],
  },
  {
    name: 'the state folder takes nothing, and a refuge takes the secret',
    fault:
      'EROFS:before write journal#3+;EROFS:before open snapshot#2+;EROFS:before open rescue#1;EROFS:before open journal#4+',
    code: 1,
    keys: 1,
    says: [/It is kept, sealed, in \S*\/keyform\/rescue\/main\.keyform\.rescue-\S+\.age/],
  },
  {
    name: 'no place takes the secret: the key is deleted again',
    fault: NO_PLACE,
    code: 1,
    keys: 0,
    says: [/No place is known to have kept the secret of its new key \S+, so the key was deleted again/],
  },
  {
    name: 'no new snapshot can be made at the end',
    fault: 'EACCES:before open snapshot#2+',
    code: 1,
    keys: 3,
    says: [/Cannot write the state .*\(EACCES\)/, /Permission denied/],
  },
  {
    name: 'the snapshot cannot take its place',
    fault: 'EIO:before rename snapshot#2+',
    code: 1,
    keys: 3,
    says: [/Cannot write the state .*\(EIO\)/],
  },
  {
    name: 'the backup cannot be written',
    fault: 'ENOSPC:before write backup#1+',
    code: 1,
    keys: 3,
    says: [/Cannot write the backup .*\(ENOSPC\)/],
  },
  {
    name: 'the history cannot be written',
    fault: 'EIO:before write history#1+',
    code: 1,
    keys: 3,
    says: [/Cannot write the history .*\(EIO\)/],
  },
  {
    name: 'the machine cannot remember',
    fault: 'EROFS:before open seen#1+',
    code: 0,
    keys: 3,
    says: [/Note: .*seen.* cannot be written \(EROFS\)/],
  },
];

describe('an apply of three keys while', () => {
  test.each(CASES)('$name', async ({ name, fault, code, keys, says }) => {
    const owner = name.replaceAll(/\W+/g, '-');
    const place = await project(owner, 3);
    const ended = await apply(place, fault);
    expect(ended.code, said(ended)).toBe(code);
    for (const words of says) expect(said(ended)).toMatch(words);
    expect(said(ended)).not.toMatch(/\bat \S+:\d+:\d+/);
    expect(await ids(owner)).toHaveLength(keys);
    const before = (await emulator.requests())['sinch CreateAccessKey'] ?? 0;
    await converges(place, owner, 3);
    // No key was made twice: what was there was kept, whoever held its secret.
    expect(((await emulator.requests())['sinch CreateAccessKey'] ?? 0) - before).toBe(3 - keys);
    expect(readdirSync(place.work, { recursive: true }).filter((path) => String(path).includes('.rescue-'))).toEqual(
      [],
    );
  });

  test('no place takes the secret, and the API does not delete the key either: the run says so, the next finds it', async () => {
    const owner = 'no-way-out';
    const place = await project(owner, 3);
    await emulator.fault({
      cloud: 'sinch',
      action: 'DeleteAccessKey',
      kind: 'status',
      status: 503,
      times: 20,
    });
    const ended = await apply(place, NO_PLACE);
    await emulator.clear();
    expect(ended.code).toBe(1);
    expect(said(ended)).toMatch(/nor could its key be deleted again/);
    expect(said(ended)).toMatch(/Key \S+ exists, and only this process has its secret/);
    expect(await ids(owner)).toHaveLength(1);
    await converges(place, owner, 3);
  });

  test('the state folder is removed: the secret goes to a refuge, and no further key is made', async () => {
    const owner = 'vanished';
    const place = await project(owner, 3);
    await emulator.fault({
      cloud: 'sinch',
      action: 'CreateAccessKey',
      kind: 'latency',
      ms: 1500,
      times: 1,
    });
    const running = keyform(['apply', '-auto-approve', '-no-color', '-parallelism=1'], {
      cwd: place.project,
      env: place.env,
    });
    await running.until((_, err) => err.includes('Creating...'));
    await new Promise((resolve) => setTimeout(resolve, 500));
    const folder = join(place.project, 'state');
    const aside = join(place.work, 'aside');
    execFileSync('mv', [folder, aside]);
    const ended = await running.ended;
    await emulator.clear();
    expect(ended.code, said(ended)).toBe(1);
    expect(said(ended)).toMatch(/It is kept, sealed, in \S*\/keyform\/rescue\//);
    expect(await ids(owner)).toHaveLength(1);
    rmSync(folder, { recursive: true, force: true });
    execFileSync('mv', [aside, folder]);
    await converges(place, owner, 3);
  });
});

/** Mounts a file system of its own; null, with a printed reason, where that cannot be done. */
function mount(folder: string, options: string): string | null {
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'pipe' });
  } catch (error) {
    process.stderr.write(`skipped: no file system can be mounted here (${String(error).split('\n')[1] ?? error})\n`);
    return null;
  }
  mounted.push(folder);
  return folder;
}

describe('on a file system of its own', () => {
  test('that is read-only, nothing is asked of the API', async () => {
    const owner = 'read-only';
    const place = await project(owner, 3);
    if (mount(join(place.project, 'state'), 'ro,size=1m') === null) return;
    const before = await emulator.requests();
    const ended = await apply(place);
    expect(ended.code).toBe(1);
    expect(said(ended)).toMatch(/\(EROFS\).*read-only/);
    expect(await emulator.requests()).toEqual(before);
  });

  // 500 keys on 64 MB, of which something else takes the rest while they are made.
  test('of 64 MB that fills up while 500 keys are made, every key at the API has its secret in state', async () => {
    const owner = 'five-hundred';
    const place = await project(owner, 500);
    const folder = mount(join(place.project, 'state'), `size=${64 << 20}`);
    if (folder === null) return;
    await emulator.fault({
      cloud: 'sinch',
      action: 'CreateAccessKey',
      kind: 'latency',
      ms: 5,
      times: 10_000,
    });
    const running = keyform(['apply', '-auto-approve', '-no-color'], { cwd: place.project, env: place.env });
    const made = () => running.err().split('Creation complete').length - 1;
    await running.until(() => made() >= 120);
    const filler = join(folder, 'something-else');
    fill(filler, folder);
    const ended = await running.ended;
    expect(ended.code, said(ended).slice(-2000)).toBe(1);
    expect(said(ended)).toMatch(/\(ENOSPC\)/);
    const there = await ids(owner, 500);
    expect(there.length).toBeGreaterThanOrEqual(120);
    expect(there.length).toBeLessThan(500);
    // With the disk still full: nothing is lost by trying, and nothing is done.
    const again = await apply(place);
    expect(again.code).toBe(1);
    expect(await ids(owner, 500)).toHaveLength(there.length);
    truncateSync(filler, 0);
    rmSync(filler);
    const state = await readState(place.project, 'main');
    const held = [...state.resources.values()].map(({ current }) => current?.id ?? '');
    expect(new Set(held)).toEqual(new Set(there));
    expect(await witness.broken(state)).toEqual([]);
    await emulator.clear();
    await converges(place, owner, 500);
    process.stderr.write(
      `64 MB tmpfs: full after ${there.length} of 500 keys; all ${held.length} secrets in state; then 500 of 500\n`,
    );
  }, 120_000);
});

/** Fills the file system of `folder` to its last block. */
function fill(file: string, folder: string): void {
  for (let size = 1 << 20; size >= 4096; size /= 2) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size, 1), { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
  const { bavail } = statfsSync(folder);
  if (bavail > 1)
    throw new Error(`${bavail} blocks are left of ${folder}, whose files are ${readFileSync(file).length}`);
}
