import { describe, expect, it } from 'vitest';
import { isKeyformError, type KeyformError } from '../../src/core/error.ts';
import { Secret } from '../../src/core/secret.ts';
import type { JournalEntry, State } from '../../src/core/state.ts';
import { readChronicle } from '../../src/state/chronicle.ts';
import { backupState, sealedCopy } from '../../src/state/copy.ts';
import { compareStates, succeed } from '../../src/state/difference.ts';
import { decodeSnapshot } from '../../src/state/format.ts';
import { generateIdentity, identityToRecipient, type StateKeys } from '../../src/state/keys.ts';
import { beginRestore, type Restoration, type Restored, type RestoreRequest } from '../../src/state/restore.ts';
import { open } from '../../src/state/seal.ts';
import { openStore, type Store, type StoreOptions } from '../../src/state/store.ts';
import {
  contentOf,
  creation,
  generation,
  intent,
  KEYS,
  SECRET,
  testClock,
  testProcess,
  testRandom,
} from './fixture.ts';
import { Crash, MemoryDisk } from './memory.ts';

const SNAPSHOT = 'state/prod.keyform.age';
const BACKUP = `${SNAPSHOT}.backup`;
const JOURNAL = 'state/prod.keyform.journal';
const HISTORY = 'state/prod.keyform.history';

let boots = 0;

function options(disk: MemoryDisk, changes: Partial<StoreOptions> = {}): StoreOptions {
  const pid = 5000 + ++boots;
  return {
    folder: 'state',
    stack: 'prod',
    files: disk,
    clock: testClock(),
    random: testRandom(`restore ${boots}`),
    keys: KEYS,
    process: testProcess(pid, new Map([[pid, `start ${pid}`]])),
    version: '0.0.0',
    machineFolder: 'machine',
    refuges: [],
    inventory: null,
    ...changes,
  };
}

const storeOn = (disk: MemoryDisk, changes: Partial<StoreOptions> = {}): Store => openStore(options(disk, changes));

/** One run that records `entries`; `ends` false: it dies before it folds. Returns the disk as the next run finds it. */
async function run(
  disk: MemoryDisk,
  entries: readonly JournalEntry[],
  { ends = true, changes = {} }: { readonly ends?: boolean; readonly changes?: Partial<StoreOptions> } = {},
): Promise<MemoryDisk> {
  const session = await storeOn(disk, changes).begin('apply', { lockTimeoutMs: 0 });
  for (const entry of entries) await session.record(entry);
  if (!ends) return disk.kill();
  await session.close();
  return disk;
}

function restore(disk: MemoryDisk, request: Partial<RestoreRequest>, changes: Partial<StoreOptions> = {}) {
  return beginRestore(options(disk, changes), {
    operation: 'state restore',
    path: 'the file',
    bytes: null,
    force: false,
    lockTimeoutMs: 0,
    ...request,
  });
}

async function put(
  disk: MemoryDisk,
  request: Partial<RestoreRequest>,
  changes: Partial<StoreOptions> = {},
): Promise<Restored> {
  return (await restore(disk, request, changes)).commit();
}

const push = (disk: MemoryDisk, bytes: Uint8Array, more: Partial<RestoreRequest> = {}) =>
  put(disk, { operation: 'state push', bytes, ...more });

async function stateOn(disk: MemoryDisk, changes: Partial<StoreOptions> = {}): Promise<State> {
  return (await storeOn(disk, changes).read()).state;
}

async function stateIn(bytes: Uint8Array, keys: StateKeys = KEYS): Promise<State> {
  return decodeSnapshot(await open(bytes, keys, 'a copy'), 'a copy').state;
}

async function errorOf(promise: Promise<unknown>): Promise<KeyformError> {
  try {
    await promise;
  } catch (error) {
    if (isKeyformError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const addresses = (state: State) => [...state.resources.keys()].sort();
const lines = (restoration: Restoration) =>
  restoration.changes.map(({ kind, address, key, details }) => [kind, address, key, ...details].join(' '));

/** Snapshots 2, 3 and 4 with keys of t.a, t.b and t.c; what the file was after each. */
async function threeRuns(): Promise<{ disk: MemoryDisk; after: Uint8Array[] }> {
  const disk = new MemoryDisk();
  const after: Uint8Array[] = [];
  for (const [index, address] of ['t.a', 't.b', 't.c'].entries()) {
    await run(disk, creation(address, index + 1));
    after.push(disk.get(SNAPSHOT));
  }
  return { disk, after };
}

const [A, AB] = [0, 1];

describe('a sealed copy', () => {
  it('is the snapshot byte for byte while nothing else holds more', async () => {
    const { disk } = await threeRuns();
    const copy = await sealedCopy(options(disk));
    expect(Buffer.compare(copy.bytes, disk.get(SNAPSHOT))).toBe(0);
    expect(copy).toMatchObject({ serial: 4, merged: false });
  });

  it('holds what the journal of a run that died holds, as the next snapshot', async () => {
    const { disk } = await threeRuns();
    const dead = await run(disk, creation('t.d', 4), { ends: false });
    const before = dead.content();
    const copy = await sealedCopy(options(dead));
    expect(dead.content()).toEqual(before);
    const state = await stateIn(copy.bytes);
    expect([copy.serial, state.serial, copy.merged]).toEqual([5, 5, true]);
    expect(state.resources.get('t.d')?.current?.secret?.reveal()).toBe(`${SECRET}-4`);
    expect(contentOf(state)).toBe(contentOf(await stateOn(dead)));
    // Put in by hand, with the journal beside it that it holds already.
    const moved = MemoryDisk.of({ ...dead.content(), [SNAPSHOT]: copy.bytes });
    expect(contentOf(await stateOn(moved))).toBe(contentOf(state));
  });

  it('is never written over a file, and is named after serial and time otherwise', async () => {
    const { disk } = await threeRuns();
    const taken = await errorOf(backupState(options(disk), HISTORY));
    expect(taken.code).toBe('invalid-usage');
    const names = [await backupState(options(disk), null), await backupState(options(disk), null)].map(
      ({ path }) => path,
    );
    expect(names).toEqual([`${BACKUP}-4-20260304T050607Z`, `${BACKUP}-4-20260304T050607Z-2`]);
    for (const name of names) expect(Buffer.compare(disk.get(name), disk.get(SNAPSHOT))).toBe(0);
  });

  it('needs a state, and a key', async () => {
    expect((await errorOf(sealedCopy(options(new MemoryDisk())))).code).toBe('invalid-usage');
    const { disk } = await threeRuns();
    expect((await errorOf(sealedCopy(options(disk, { keys: null })))).code).toBe('no-identity');
  });
});

describe('restore', () => {
  it('puts an older state in place, above every serial, and keeps the newer one', async () => {
    const { disk, after } = await threeRuns();
    const restoration = await restore(disk, { bytes: after[A] as Uint8Array });
    expect(lines(restoration)).toEqual(['forgotten t.b id-2', 'forgotten t.c id-3']);
    const done = await restoration.commit();
    expect(done.serial).toBe(5);
    const seen = Object.entries(disk.content()).find(([path]) => path.startsWith('machine/seen/'));
    expect(JSON.parse(String(seen?.[1]))).toMatchObject({ serial: 5, stack: 'prod' });
    const state = await stateOn(disk);
    expect([state.serial, addresses(state)]).toEqual([5, ['t.a']]);
    expect(state.resources.get('t.a')?.current?.secret?.reveal()).toBe(`${SECRET}-1`);
    const [kept = ''] = done.kept;
    expect(addresses(await stateIn(disk.get(kept)))).toEqual(['t.a', 't.b', 't.c']);
    // And back again, from what was kept.
    const back = await restore(disk, { bytes: disk.get(kept) });
    expect(lines(back)).toEqual(['returns t.b id-2', 'returns t.c id-3']);
    expect((await back.commit()).serial).toBe(6);
    expect((await stateOn(disk)).resources.get('t.c')?.current?.secret?.reveal()).toBe(`${SECRET}-3`);
    await run(disk, creation('t.d', 4));
    expect((await stateOn(disk)).serial).toBe(7);
  });

  it('does nothing before it is told to, and lets go of the lock', async () => {
    const { disk, after } = await threeRuns();
    const before = disk.content();
    const both = new Map([1, 2].map((pid) => [pid, 'a start']));
    const restoration = await restore(disk, { bytes: after[A] as Uint8Array }, { process: testProcess(1, both) });
    const other = storeOn(disk, { process: testProcess(2, both) });
    expect((await errorOf(other.begin('apply', { lockTimeoutMs: 0 }))).code).toBe('state-locked');
    await restoration.cancel();
    expect(disk.content()).toEqual(before);
  });

  it('writes nothing for the state that is there already', async () => {
    const { disk } = await threeRuns();
    const before = disk.content();
    for (const bytes of [null, disk.get(SNAPSHOT)]) {
      const restoration = await restore(disk, { bytes });
      expect(restoration.isNeeded).toBe(false);
      expect(await restoration.commit()).toMatchObject({ serial: 4, kept: [] });
    }
    expect(disk.content()).toEqual(before);
  });

  it('accepts a state that was rolled back where it lies', async () => {
    const { disk, after } = await threeRuns();
    const { [`${JOURNAL}.backup`]: _, ...rest } = disk.content();
    const rolled = MemoryDisk.of({ ...rest, [SNAPSHOT]: after[AB] as Uint8Array });
    const refusal = await errorOf(storeOn(rolled).read());
    expect(refusal.code).toBe('rolled-back');
    const done = await put(rolled, { bytes: null });
    expect(done).toMatchObject({ serial: 5, kept: [] });
    expect(addresses(await stateOn(rolled))).toEqual(['t.a', 't.b']);
  });

  it('accepts a journal that lost records along with its snapshot', async () => {
    const { disk } = await threeRuns();
    const one = await run(disk, creation('t.d', 4), { ends: false });
    const fewer = one.get(JOURNAL);
    const session = await storeOn(one).begin('apply', { lockTimeoutMs: 0 });
    await session.close();
    // The machine saw snapshot 5; snapshot 4 with its journal is put back.
    const rolled = MemoryDisk.of({ ...one.content(), [SNAPSHOT]: disk.get(SNAPSHOT), [JOURNAL]: fewer });
    expect((await errorOf(storeOn(rolled).read())).code).toBe('rolled-back');
    await put(rolled, { bytes: null });
    const state = await stateOn(rolled);
    expect(addresses(state)).toEqual(['t.a', 't.b', 't.c', 't.d']);
    expect(state.serial).toBe(7);
  });

  const damage: readonly [string, (disk: MemoryDisk) => Record<string, Uint8Array>][] = [
    ['damaged', (disk) => ({ [SNAPSHOT]: flipped(disk.get(SNAPSHOT)) })],
    ['empty', () => ({ [SNAPSHOT]: new Uint8Array(0) })],
    ['something else', () => ({ [SNAPSHOT]: Buffer.from('a picture') })],
  ];
  it.each(damage)('works when the present snapshot is %s, and keeps all files as they are', async (_, change) => {
    const { disk, after } = await threeRuns();
    const dead = await run(disk, creation('t.d', 4), { ends: false });
    const broken = MemoryDisk.of({ ...dead.content(), ...change(dead) });
    const before = broken.content();
    const restoration = await restore(broken, { bytes: after[AB] as Uint8Array });
    expect(restoration.unreadable).not.toBeNull();
    expect(lines(restoration)).toEqual(['returns t.a id-1', 'returns t.b id-2']);
    expect(restoration.notes.join()).toContain(`What ${JOURNAL} holds, perhaps secrets, is not in this snapshot`);
    const done = await restoration.commit();
    const kept = done.kept.map((path) => broken.get(path).toString('latin1'));
    for (const path of [SNAPSHOT, JOURNAL, BACKUP, `${JOURNAL}.backup`]) {
      expect(kept).toContain(before[path]?.toString('latin1'));
    }
    const state = await stateOn(broken);
    expect(addresses(state)).toEqual(['t.a', 't.b']);
    expect(state.serial).toBeGreaterThan(5);
    expect(addresses(await stateIn(broken.get(BACKUP)))).toEqual(['t.a', 't.b']);
    await run(broken, creation('t.e', 5));
  });

  it('works when the snapshot is missing, and says when a repair would bring back more', async () => {
    const { disk } = await threeRuns();
    const { [SNAPSHOT]: _, ...rest } = disk.content();
    const broken = MemoryDisk.of(rest);
    const restoration = await restore(broken, { bytes: broken.get(BACKUP) });
    expect(restoration.notes.join()).toContain('"keyform state repair" brings back more');
    const done = await restoration.commit();
    expect(addresses(await stateOn(broken))).toEqual(['t.a', 't.b']);
    expect(done.kept).toHaveLength(2);
    expect(done.serial).toBe(5);
  });

  it('works when the key of the present state is not at hand', async () => {
    const other = await generateIdentity();
    const keys: StateKeys = { identities: [other.identity], passphrase: null, recipients: [] };
    const { disk } = await threeRuns();
    const mine = new MemoryDisk();
    await run(mine, creation('t.z', 9), { changes: { keys } });
    const before = disk.get(SNAPSHOT);
    const error = await errorOf(push(disk, mine.get(SNAPSHOT)));
    expect(error.code).toBe('wrong-identity');
    // The journal tells its lineage to everybody.
    const refused = await errorOf(put(disk, { bytes: mine.get(SNAPSHOT) }, { keys }));
    expect(refused).toMatchObject({ code: 'refused', message: expect.stringContaining('unrelated state') });
    const done = await put(disk, { bytes: mine.get(SNAPSHOT), force: true }, { keys });
    expect(addresses(await stateOn(disk, { keys }))).toEqual(['t.z']);
    expect(done.kept.map((path) => disk.get(path).toString('latin1'))).toContain(before.toString('latin1'));
  });

  it('takes all of a state that has a journal into the copy that is kept', async () => {
    const { disk, after } = await threeRuns();
    const dead = await run(disk, creation('t.d', 4), { ends: false });
    const done = await put(dead, { bytes: after[A] as Uint8Array });
    const kept = await stateIn(dead.get(done.kept[0] as string));
    expect(kept.resources.get('t.d')?.current?.secret?.reveal()).toBe(`${SECRET}-4`);
    expect(addresses(await stateOn(dead))).toEqual(['t.a']);
    expect(Object.keys(dead.content())).not.toContain(JOURNAL);
    // What the run that died had done is history all the same.
    const { lines: told } = await readChronicle(options(dead));
    expect(told.slice(-5).map(({ action, key }) => `${action} ${key}`)).toEqual([
      'created id-4',
      'restored null',
      'forgotten id-2',
      'forgotten id-3',
      'forgotten id-4',
    ]);
  });

  it('refuses another lineage or stack, unless forced', async () => {
    const { disk } = await threeRuns();
    const other = new MemoryDisk();
    await run(other, creation('t.z', 9));
    const bytes = other.get(SNAPSHOT);
    const lineage = await errorOf(put(disk, { bytes }));
    expect(lineage).toMatchObject({
      code: 'refused',
      message: expect.stringContaining('unrelated state with lineage'),
    });
    const stack = await errorOf(put(disk, { bytes: disk.get(BACKUP) }, { stack: 'dev' }));
    expect(stack).toMatchObject({ code: 'refused', message: 'the file holds the state of stack "prod", not "dev"' });
    const history = disk.get(HISTORY);
    const done = await put(disk, { bytes, force: true });
    const state = await stateOn(disk);
    expect([addresses(state), state.lineage]).toEqual([['t.z'], (await stateIn(bytes)).lineage]);
    expect(disk.get(done.kept[1] as string).equals(history)).toBe(true);
    await put(disk, { bytes: disk.get(BACKUP), force: true }, { stack: 'dev' });
    expect((await stateOn(disk, { stack: 'dev' })).stack).toBe('dev');
  });

  it.each([
    ['damaged-state', flipped],
    ['empty-state', () => new Uint8Array(0)],
    ['damaged-state', () => Buffer.from('no age file')],
  ] as const)('refuses a file that is no whole snapshot (%s) and changes nothing', async (code, change) => {
    const { disk, after } = await threeRuns();
    const before = disk.content();
    const error = await errorOf(put(disk, { bytes: change(Buffer.from(after[A] as Uint8Array)) }));
    expect(error).toMatchObject({
      code,
      message: expect.stringContaining('the file'),
      detail: expect.stringContaining('Nothing was done'),
    });
    expect(disk.content()).toEqual(before);
  });

  it('keeps an open attempt open, and takes no key for an orphan whose secret is kept', async () => {
    const { disk, after } = await threeRuns();
    await run(disk, [
      { kind: 'intent', intent: intent('open', 't.x') },
      { kind: 'intent', intent: intent('gone', 't.c', { operation: 'delete', generation: 3, keyId: 'id-3' }) },
    ]);
    const restoration = await restore(disk, { bytes: after[A] as Uint8Array });
    expect(restoration.carried.map(({ id }) => id)).toEqual(['open']);
    expect(restoration.dropped.map(({ id }) => id)).toEqual(['gone']);
    await restoration.commit();
    const state = await stateOn(disk);
    expect(state.intents.get('open')?.knownIds).toEqual(['id-0', 'id-2', 'id-3']);
  });

  it('keeps an open attempt to regenerate open where the state has the key, and only there', async () => {
    const { disk, after } = await threeRuns();
    const renew = (address: string, number: number) =>
      intent(`renew ${address}`, address, { operation: 'regenerate', generation: number, keyId: `id-${number}` });
    await run(disk, [
      { kind: 'intent', intent: renew('t.a', 1) },
      { kind: 'intent', intent: renew('t.c', 3) },
    ]);
    const restoration = await restore(disk, { bytes: after[AB] as Uint8Array });
    expect(restoration.carried.map(({ id }) => id)).toEqual(['renew t.a']);
    expect(restoration.dropped.map(({ id }) => id)).toEqual(['renew t.c']);
    await restoration.commit();
    expect([...(await stateOn(disk)).intents.keys()]).toEqual(['renew t.a']);
  });

  it('goes on with the history, also where no readable snapshot vouches for its last lines', async () => {
    const { disk, after } = await threeRuns();
    await put(disk, { bytes: after[AB] as Uint8Array });
    const first = await readChronicle(options(disk));
    expect(first.findings).toEqual([]);
    expect(first.lines.map(({ action, key }) => `${action} ${key}`)).toEqual([
      'created id-1',
      'created id-2',
      'created id-3',
      'restored null',
      'forgotten id-3',
    ]);
    const broken = MemoryDisk.of({ ...disk.content(), [SNAPSHOT]: flipped(disk.get(SNAPSHOT)) });
    const done = await put(broken, { bytes: after[A] as Uint8Array });
    expect(done.notes.join()).toContain('4 lines of the history are younger than the snapshot');
    const second = await readChronicle(options(broken));
    expect(second.findings).toEqual([]);
    expect(second.lines).toHaveLength(6);
    expect(second.lines.at(-1)).toMatchObject({ action: 'restored', operation: 'state restore', by: 'alice@build-1' });
  });

  it('takes over no line of the history that is not chained', async () => {
    const { disk, after } = await threeRuns();
    const [one = '', two = '', three = ''] = disk.get(HISTORY).toString('utf8').split('\n');
    const forged = three.replace(/"prev":"[0-9a-f]{4}/, '"prev":"0000');
    const history = Buffer.from([one, two, forged, ''].join('\n'));
    const broken = MemoryDisk.of({ ...disk.content(), [SNAPSHOT]: new Uint8Array(0), [HISTORY]: history });
    await put(broken, { bytes: after[A] as Uint8Array });
    const { lines: told, findings } = await readChronicle(options(broken));
    expect(findings).toEqual([]);
    expect(told.map(({ key }) => key)).toEqual(['id-1', 'id-2', null]);
  });

  it('seals for those of the present state, not for those of then', async () => {
    const { disk, after } = await threeRuns();
    const { recipient } = await generateIdentity();
    const [own] = KEYS.identities;
    const recipients = [await identityToRecipient(own as Secret), recipient];
    await run(disk, creation('t.d', 4), { changes: { sealing: { recipients } } });
    await put(disk, { bytes: after[A] as Uint8Array });
    const text = await open(disk.get(SNAPSHOT), KEYS, 'the state');
    expect(decodeSnapshot(text, 'the state').recipients).toEqual(recipients);
  });

  it('leaves the old state or the new one, whole, whenever the power fails', async () => {
    const { disk, after } = await threeRuns();
    const dead = await run(disk, creation('t.d', 4), { ends: false });
    const files = dead.content();
    const old = contentOf(await stateOn(MemoryDisk.of(files)));
    const outcomes = { old: 0, now: 0 };
    for (let at = 0; ; at++) {
      const trial = MemoryDisk.of(files);
      trial.crashAt = at;
      const crashed = await put(trial, { bytes: after[A] as Uint8Array }).then(
        () => false,
        (error) => {
          if (!isCrash(error)) throw error;
          return true;
        },
      );
      if (!crashed) break;
      for (const found of [trial.reboot(() => 0), trial.reboot(() => 0.999), trial.kill()]) {
        const state = await stateOn(found);
        const isOld = contentOf(state) === old;
        outcomes[isOld ? 'old' : 'now'] += 1;
        if (!isOld) {
          expect(addresses(state)).toEqual(['t.a']);
          const kept = Object.keys(found.content()).filter((path) => path.startsWith(`${BACKUP}-`));
          const contents = await Promise.all(kept.map(async (path) => contentOf(await stateIn(found.get(path)))));
          expect(contents).toContain(old);
        }
        // What led to the old state is no way to the new one, which a repair would go.
        if (!isOld) {
          await run(found, []);
          expect(found.content()[`${JOURNAL}.backup`]).toBeUndefined();
        }
        // The next run finds its way, and so does doing it again.
        await run(found, creation('t.e', 5));
        await put(found, { bytes: after[A] as Uint8Array });
        expect(addresses(await stateOn(found))).toEqual(['t.a']);
        expect((await readChronicle(options(found))).findings).toEqual([]);
      }
    }
    expect(outcomes.old).toBeGreaterThan(10);
    expect(outcomes.now).toBeGreaterThan(2);
  });
});

describe('push', () => {
  it('takes a newer snapshot of the same lineage', async () => {
    const { disk } = await threeRuns();
    const elsewhere = MemoryDisk.of(disk.content());
    await run(elsewhere, creation('t.d', 4));
    const done = await push(disk, elsewhere.get(SNAPSHOT));
    expect(done.serial).toBe(6);
    expect(addresses(await stateOn(disk))).toEqual(['t.a', 't.b', 't.c', 't.d']);
  });

  it('does not bring back an attempt that a newer snapshot has settled', async () => {
    const { disk } = await threeRuns();
    await run(disk, [{ kind: 'intent', intent: intent('open', 't.x') }]);
    const elsewhere = MemoryDisk.of(disk.content());
    await run(elsewhere, [{ kind: 'settled', intent: 'open' }]);
    await push(disk, elsewhere.get(SNAPSHOT));
    expect([...(await stateOn(disk)).intents.keys()]).toEqual([]);
  });

  it('makes a state where there is none', async () => {
    const { disk } = await threeRuns();
    const empty = new MemoryDisk();
    expect((await push(empty, disk.get(SNAPSHOT))).serial).toBe(5);
    expect(addresses(await stateOn(empty))).toEqual(['t.a', 't.b', 't.c']);
  });

  it('refuses an older snapshot, and another one of the same serial, unless forced', async () => {
    const { disk, after } = await threeRuns();
    const fork = MemoryDisk.of({ [SNAPSHOT]: after[AB] as Uint8Array });
    await run(fork, creation('t.f', 6), { changes: { machineFolder: null } });
    const before = disk.content();
    expect((await errorOf(push(disk, after[A] as Uint8Array))).message).toBe(
      'Cannot put a state with serial 2 over a newer state with serial 4',
    );
    expect((await errorOf(push(disk, fork.get(SNAPSHOT)))).message).toBe(
      'Cannot overwrite a state with serial 4 by a different state that has the same serial',
    );
    expect(disk.content()).toEqual(before);
    await push(disk, fork.get(SNAPSHOT), { force: true });
    expect(addresses(await stateOn(disk))).toEqual(['t.a', 't.b', 't.f']);
  });

  it('to another stack leaves that one and its own to themselves', async () => {
    const { disk } = await threeRuns();
    const dev = { stack: 'dev' };
    await put(disk, { operation: 'state push', bytes: disk.get(SNAPSHOT), force: true }, dev);
    await run(disk, creation('t.dev', 5), { changes: dev });
    await run(disk, creation('t.prod', 6));
    await run(disk, creation('t.later', 7), { changes: dev });
    expect(addresses(await stateOn(disk))).toEqual(['t.a', 't.b', 't.c', 't.prod']);
    expect(addresses(await stateOn(disk, dev))).toEqual(['t.a', 't.b', 't.c', 't.dev', 't.later']);
  });

  it('counts what a journal holds: a copy from before it is older', async () => {
    const { disk } = await threeRuns();
    const dead = await run(disk, creation('t.d', 4), { ends: false });
    const copy = await sealedCopy(options(dead));
    expect(await push(dead, copy.bytes)).toMatchObject({ kept: [] }); // The same already.
    expect((await errorOf(push(dead, disk.get(SNAPSHOT)))).message).toContain('over a newer state with serial 5');
  });

  it('puts the newest one back where an older one was put in', async () => {
    const { disk, after } = await threeRuns();
    const newest = disk.get(SNAPSHOT);
    const rolled = MemoryDisk.of({ ...disk.content(), [SNAPSHOT]: after[A] as Uint8Array });
    expect((await errorOf(push(rolled, after[AB] as Uint8Array))).message).toContain(
      'over a newer state with serial 4',
    );
    expect((await push(rolled, newest)).serial).toBe(5);
    expect(addresses(await stateOn(rolled))).toEqual(['t.a', 't.b', 't.c']);
  });
});

describe('what differs', () => {
  const secret = (text: string) => new Secret(text);
  const state = (keys: Record<string, ReturnType<typeof generation>[]>): State => ({
    lineage: 'l',
    serial: 1,
    stack: 'prod',
    writtenAt: null,
    outputs: {},
    intents: new Map(),
    resources: new Map(
      Object.entries(keys).map(([address, all]) => [
        address,
        {
          address,
          type: 't',
          provider: 'keyform',
          dependencies: [],
          current: all.at(-1) ?? null,
          deposed: all.slice(0, -1),
          lastGeneration: all.length,
          tainted: null,
        },
      ]),
    ),
  });
  const told = (before: State, after: State) =>
    compareStates(before, after).map(({ kind, address, from, key, details }) =>
      [kind, address, ...(from === null ? [] : [`from ${from}`]), key, ...details].join(' '),
    );

  it.each([
    ['nothing', { 't.a': [generation(1)] }, { 't.a': [generation(1)] }, []],
    ['a key gone', { 't.a': [generation(1)] }, {}, ['forgotten t.a id-1']],
    [
      'a key more, without its secret',
      {},
      { 't.a': [generation(1, { secret: null })] },
      ['returns t.a id-1 without its secret'],
    ],
    ['a move', { 't.a': [generation(1)] }, { 't.b': [generation(1)] }, ['moved t.b from t.a id-1']],
    [
      'a lost secret',
      { 't.a': [generation(1)] },
      { 't.a': [generation(1, { secret: null })] },
      ['changed t.a id-1 loses its secret'],
    ],
    [
      'another secret',
      { 't.a': [generation(1)] },
      { 't.a': [generation(1, { secret: secret('x') })] },
      ['changed t.a id-1 has another secret in it'],
    ],
    [
      'another role',
      { 't.a': [generation(1), generation(2)] },
      { 't.a': [generation(2), generation(1)] },
      ['changed t.a id-1 is current again', 'changed t.a id-2 is no longer current'],
    ],
    [
      'other arguments',
      { 't.a': [generation(1)] },
      { 't.a': [generation(1, { args: {} })] },
      ['changed t.a id-1 has other arguments in it'],
    ],
    [
      'another lifetime, and other attributes',
      { 't.a': [generation(1)] },
      { 't.a': [generation(1, { expiresAt: '2027-01-01T00:00:00Z', attributes: { tag: 'x' } })] },
      ['changed t.a id-1 counts as valid until 2027-01-01T00:00:00Z has other attributes in it'],
    ],
    [
      'an overlap that begins, a retirement, another secret, a rollback',
      { 't.a': [generation(1), generation(2)] },
      {
        't.a': [
          generation(1, { deposedAt: '2026-05-01T00:00:00.000Z', disabledAt: '2026-05-02T00:00:00.000Z' }),
          generation(2, { renewedAt: '2026-05-03T00:00:00.000Z', restoredAt: '2026-05-04T00:00:00.000Z' }),
        ],
      },
      [
        'changed t.a id-1 its overlap counts as begun at 2026-05-01T00:00:00.000Z counts as disabled by its retirement at 2026-05-02T00:00:00.000Z',
        'changed t.a id-2 its secret counts as made at 2026-05-03T00:00:00.000Z counts as rolled back to at 2026-05-04T00:00:00.000Z',
      ],
    ],
    [
      'and back',
      {
        't.a': [
          generation(1, { deposedAt: '2026-05-01T00:00:00.000Z', disabledAt: '2026-05-02T00:00:00.000Z' }),
          generation(2, { renewedAt: '2026-05-03T00:00:00.000Z', restoredAt: '2026-05-04T00:00:00.000Z' }),
        ],
      },
      { 't.a': [generation(1), generation(2)] },
      [
        'changed t.a id-1 its overlap counts as not begun does not count as disabled by its retirement',
        'changed t.a id-2 its secret counts as old as the key does not count as rolled back to',
      ],
    ],
    [
      'the secret from before it was regenerated',
      { 't.a': [generation(2, { id: 'id-1', renewedAt: '2026-05-03T00:00:00.000Z' })] },
      { 't.a': [generation(1)] },
      ['changed t.a id-1 has another secret in it its secret counts as old as the key'],
    ],
    [
      'the same id elsewhere',
      { 't.a': [generation(1)] },
      { 't.a': [generation(1, { scope: 'elsewhere' })] },
      ['forgotten t.a id-1', 'returns t.a id-1'],
    ],
  ])('is told: %s', (_, before, after, expected) => {
    expect(told(state(before), state(after))).toEqual(expected);
  });

  it('never counts generations from anew', () => {
    const { state: next } = succeed(
      state({ 't.a': [generation(1)] }),
      state({ 't.a': [generation(1), generation(2), generation(3)] }),
      true,
    );
    expect(next.resources.get('t.a')?.lastGeneration).toBe(3);
  });
});

describe('a chronicle', () => {
  it('says what a journal has not told the history yet', async () => {
    const { disk } = await threeRuns();
    const dead = await run(disk, creation('t.d', 4), { ends: false });
    const chronicle = await readChronicle(options(dead));
    expect([chronicle.lines.length, chronicle.pending, chronicle.findings]).toEqual([3, 2, []]);
  });

  it('tells of a line that was changed, with those that can be read', async () => {
    const { disk } = await threeRuns();
    const text = disk.get(HISTORY).toString('utf8').replace('id-2', 'id-9');
    const changed = MemoryDisk.of({ ...disk.content(), [HISTORY]: Buffer.from(text) });
    const { findings, lines: read } = await readChronicle(options(changed));
    expect(findings.map(({ message }) => message)).toEqual(['Line 2 is not what was written']);
    expect(read.map(({ key }) => key)).toEqual(['id-1', 'id-9', 'id-3']);
  });
});

function flipped(bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length - 1] = (copy[copy.length - 1] ?? 0) ^ 1;
  return copy;
}

function isCrash(error: unknown): boolean {
  return error instanceof Crash || (error instanceof Error && error.cause instanceof Crash);
}
