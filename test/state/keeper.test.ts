import { describe, expect, it } from 'vitest';
import { isKeyformError, KeyformError } from '../../src/core/error.ts';
import { applyEntry } from '../../src/core/state.ts';
import { decodeSnapshot } from '../../src/state/format.ts';
import { readHeader, replayJournal } from '../../src/state/journal.ts';
import { open } from '../../src/state/seal.ts';
import { isRecordError, type RecordError } from '../../src/state/session.ts';
import type { StoreOptions } from '../../src/state/store.ts';
import { contentOf, contentsAlong, creation, generation, intent, KEYS, SECRET, testStore } from './fixture.ts';
import { MemoryDisk } from './memory.ts';

const SNAPSHOT = 'state/prod.keyform.age';
const JOURNAL = 'state/prod.keyform.journal';
const LOCK = 'state/prod.keyform.lock';
const NOW = { lockTimeoutMs: 0 };

function begin(disk: MemoryDisk, options: Partial<StoreOptions> = {}) {
  return testStore(disk, KEYS, options).begin('apply', NOW);
}

async function failure(action: Promise<unknown>): Promise<KeyformError> {
  const error = await action.catch((e: unknown) => e);
  if (!(error instanceof KeyformError)) throw new Error(`no KeyformError: ${String(error)}`);
  return error;
}

async function recordFailure(action: Promise<unknown>): Promise<RecordError> {
  const error = await failure(action);
  if (!isRecordError(error)) throw error;
  return error;
}

async function snapshotAt(disk: MemoryDisk, path: string) {
  return decodeSnapshot(await open(disk.get(path), KEYS, path), path);
}

const MANY = Array.from({ length: 40 }, (_, i) => creation(`t.k${String(i).padStart(2, '0')}`)).flat();

describe('a long run', () => {
  it('folds in passing by size, with attempts under way, and goes on', async () => {
    const disk = new MemoryDisk();
    const session = await begin(disk, { foldAt: 20_000 });
    const [waiting, done] = creation('t.waiting');
    await session.record(waiting);
    for (const entry of MANY) await session.record(entry);
    const during = await snapshotAt(disk, SNAPSHOT);
    // 120 blocks of 512 bytes and more, folded at each 20 kB.
    expect(during.state.serial).toBeGreaterThanOrEqual(3);
    expect(during.state.intents.has('intent t.waiting 1')).toBe(true);
    expect(disk.get(JOURNAL).toString('latin1')).toContain(` ${during.state.serial} `);
    await session.record(done);
    await session.close();
    const { state } = await testStore(disk, KEYS).read();
    expect(contentOf(state)).toBe(contentsAlong([waiting, ...MANY, done]).at(-1));
    const lines = disk.get('state/prod.keyform.history').toString('utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).address)).toEqual([
      ...MANY.flatMap((entry) => (entry.kind === 'intent' ? [entry.intent.address] : [])),
      't.waiting',
    ]);
  });

  it('keeps room for the results of all open attempts across a fold', async () => {
    const disk = new MemoryDisk();
    const session = await begin(disk, { foldAt: 20_000 });
    const open = Array.from({ length: 8 }, (_, i) => creation(`t.open${i}`));
    for (const [asked] of open) await session.record(asked);
    for (const entry of MANY) await session.record(entry);
    expect((await snapshotAt(disk, SNAPSHOT)).state.serial).toBeGreaterThanOrEqual(3);
    disk.capacity = 0;
    for (const [, made] of open) await session.record(made);
    const { state } = await testStore(disk, KEYS).read();
    expect(state.resources.size).toBe(48);
  });

  it.each(['create', 'write', 'sync', 'rename', 'unlink'] as const)(
    'goes on when a fold in passing meets an error at any %s',
    async (step) => {
      let met = 0;
      for (let nth = 0; nth < 12; nth++) {
        const disk = new MemoryDisk();
        const session = await begin(disk, { foldAt: 20_000 });
        let left = nth;
        let broken = false;
        // Everything but the journal itself: what happens when that breaks is another thing.
        disk.fault = (kind, path) => {
          if (kind !== step || path.includes('.journal') || path === LOCK || broken || left-- > 0) return null;
          broken = true;
          return 'EIO';
        };
        for (const entry of MANY) await session.record(entry);
        if (broken) met++;
        disk.fault = () => null;
        await session.close();
        const { state } = await testStore(disk, KEYS).read();
        expect(contentOf(state)).toBe(contentsAlong(MANY).at(-1));
      }
      // Removals are for leftovers only, and here there are none.
      expect(met > 0).toBe(step !== 'unlink');
    },
  );
});

describe('the backups', () => {
  it.each([undefined, 5_000])('of snapshot and journal give the snapshot again (folding at %s)', async (foldAt) => {
    const disk = new MemoryDisk();
    for (const entries of [creation('t.a'), MANY, creation('t.a', 2)]) {
      const session = await begin(disk, foldAt === undefined ? {} : { foldAt });
      for (const entry of entries) await session.record(entry);
      await session.close();
      const { state, journalKey } = await snapshotAt(disk, `${SNAPSHOT}.backup`);
      const bytes = disk.get(`${JOURNAL}.backup`);
      const replay = replayJournal(bytes, readHeader(bytes, 'j'), journalKey, 'j');
      expect(replay.torn).toBe(false);
      // Zeros are of no use any more.
      expect(bytes.length).toBeLessThan(120_000);
      for (const { entries: all } of replay.records) for (const entry of all) applyEntry(state, entry);
      const present = await snapshotAt(disk, SNAPSHOT);
      expect(state.serial + 1).toBe(present.state.serial);
      expect(contentOf(state)).toBe(contentOf(present.state));
    }
  });

  it('stay when a run made a journal and then could not write to it', async () => {
    const disk = new MemoryDisk();
    let session = await begin(disk);
    for (const entry of creation('t.a')) await session.record(entry);
    await session.close();
    const before = disk.content();
    session = await begin(disk);
    disk.fault = (step, path) => (step === 'write' && path === JOURNAL ? 'EIO' : null);
    await recordFailure(session.record(creation('t.b')[0]));
    disk.fault = () => null;
    const killed = MemoryDisk.of(disk.content());
    await session.close();
    expect(disk.content()).toEqual(before);
    await (await begin(killed)).close();
    expect(killed.content()).toEqual(before);
  });

  it('have no journal that does not lead from one to the other', async () => {
    const disk = new MemoryDisk();
    let session = await begin(disk);
    for (const entry of creation('t.a')) await session.record(entry);
    await session.close();
    session = await begin(disk);
    session.rewrite('for somebody else');
    await session.close();
    expect(Object.keys(disk.content()).filter((path) => path.includes('journal'))).toEqual([]);
    expect((await snapshotAt(disk, SNAPSHOT)).state.serial).toBe(3);
  });
});

it('a run whose snapshot stands has ended well, though its journal cannot be put away', async () => {
  const disk = new MemoryDisk();
  const machine = { machineFolder: 'machine', inventory: () => 'keys\n' };
  const session = await begin(disk, machine);
  for (const entry of creation('t.a')) await session.record(entry);
  disk.fault = (step, path) => (step === 'rename' && path === `${JOURNAL}.backup` ? 'EACCES' : null);
  const { serial, notes } = await session.close();
  expect([serial, notes.join('\n')]).toEqual([2, expect.stringContaining('the next run puts it away')]);
  expect(disk.get('state/prod.keyform.inventory.json').toString()).toBe('keys\n');
  disk.fault = () => null;
  const next = await begin(disk, machine);
  expect(contentOf(next.state)).toBe(contentsAlong(creation('t.a')).at(-1));
  await next.close();
  expect(Object.keys(disk.content()).filter((path) => path.includes('.journal'))).toEqual([`${JOURNAL}.backup`]);
});

describe('another process', () => {
  it('that forced the lock stops the next attempt, and no result is lost', async () => {
    const disk = new MemoryDisk();
    const session = await begin(disk);
    const [asked, made] = creation('t.a');
    await session.record(asked);
    const holder = await testStore(disk, KEYS).holder();
    await testStore(disk, KEYS).forceUnlock(holder === null || holder === 'unreadable' ? '' : holder.id);
    const refused = await recordFailure(session.record(creation('t.b')[0]));
    expect([refused.code, refused.kept, refused.message]).toEqual([
      'state-locked',
      false,
      expect.stringContaining('was taken away from this run'),
    ]);
    await session.record(made);
    await session.close();
    expect([...(await testStore(disk, KEYS).read()).state.resources.keys()]).toEqual(['t.a']);
  });

  it('that forced the lock and took the journal over gets what was recorded, and the rest is kept beside', async () => {
    const disk = new MemoryDisk();
    const session = await begin(disk, { refuges: ['refuge'] });
    const [asked, made] = creation('t.a');
    await session.record(asked);
    await disk.remove(LOCK);
    const other = await begin(disk);
    expect([...other.state.intents.keys()]).toEqual(['intent t.a 1']);
    const lost = await recordFailure(session.record(made));
    expect([lost.kept, lost.rescued]).toEqual([true, expect.stringMatching(/^state\/prod\.keyform\.rescue-.*\.age$/)]);
    expect(lost.detail).toContain(lost.rescued);
    for (const entry of creation('t.b', 2)) await other.record(entry);
    await other.close();
    expect((await failure(session.close())).code).toBe('state-locked');
    await session.abandon();
    // The secret of the first is in the state all the same once the next run begins.
    const next = await begin(disk);
    expect([...next.state.resources.keys()].sort()).toEqual(['t.a', 't.b']);
    expect(next.state.resources.get('t.a')?.current?.secret?.reveal()).toBe(`${SECRET}-1`);
    await next.close();
    expect(Object.keys(disk.content()).filter((path) => path.includes('rescue'))).toEqual([]);
  });

  it('does not write over the journal of the one that has the lock now, nor fold over its head', async () => {
    for (const entry of [
      { kind: 'refreshed', address: 't.a', generation: generation(1, { enabled: false }) },
      { kind: 'tainted', address: 't.a', reason: 'age' },
    ] as const) {
      const disk = new MemoryDisk();
      let session = await begin(disk);
      for (const made of creation('t.a')) await session.record(made);
      await session.close();
      // Waits for an answer at its prompt; it has no journal yet.
      session = await begin(disk);
      await disk.remove(LOCK);
      const other = await begin(disk);
      for (const made of creation('t.b', 2)) await other.record(made);
      expect((await recordFailure(session.record(entry))).code).toBe('state-locked');
      expect((await failure(session.close())).code).toBe('state-locked');
      // The other one dies here: what it was told is safe must be.
      const after = disk.kill();
      const { state } = await testStore(after, KEYS).read();
      expect([...state.resources.keys()].sort()).toEqual(['t.a', 't.b']);
      expect(Object.keys(after.content()).filter((path) => path.includes('conflict'))).toHaveLength(1);
    }
  });

  it('on another machine that went on without a journal here makes that journal an error, and it stays', async () => {
    const disk = new MemoryDisk();
    let session = await begin(disk);
    for (const entry of creation('t.a')) await session.record(entry);
    await session.close();
    const clone = MemoryDisk.of({ [SNAPSHOT]: disk.get(SNAPSHOT) });
    session = await begin(clone);
    await session.record({ kind: 'tainted', address: 't.a', reason: 'age' });
    await session.close();
    session = await begin(disk);
    for (const entry of creation('t.b')) await session.record(entry);
    // The process dies, and then the other's snapshot is pulled over this one.
    const { [LOCK]: _lock, ...left } = disk.kill().content();
    const pulled = MemoryDisk.of({ ...left, [SNAPSHOT]: clone.get(SNAPSHOT) });
    const before = pulled.content();
    for (const attempt of [() => testStore(pulled, KEYS).read(), () => begin(pulled)]) {
      const error = await failure(attempt());
      expect([error.code, error.message]).toEqual(['damaged-state', expect.stringContaining('went on without it')]);
    }
    expect(pulled.content()).toEqual(before);
    // With its own snapshot it opens again.
    const back = MemoryDisk.of(left);
    expect([...(await testStore(back, KEYS).read()).state.resources.keys()].sort()).toEqual(['t.a', 't.b']);
  });

  it('cannot put the same serial in place: one of two gets it, the other is saved', async () => {
    // Two folders that a shared disk shows as one, each with a lock that the other does not see.
    for (let stop = 0; ; stop++) {
      const disk = new MemoryDisk();
      const first = await begin(disk);
      for (const entry of creation('t.a')) await first.record(entry);
      await disk.remove(LOCK);
      // The second began before the first recorded anything: it knows the snapshot, and no journal.
      const blind = MemoryDisk.of({ [SNAPSHOT]: disk.get(SNAPSHOT) });
      const second = await begin(blind);
      for (const entry of creation('t.b')) await second.record(entry);
      blind.shareWith(disk);
      let done: Promise<unknown> | null = null;
      let steps = 0;
      disk.onStep = async () => {
        if (steps++ !== stop) return;
        disk.onStep = null;
        done = second.close().catch((error: unknown) => error);
        await done;
      };
      const outcome = await first.close().catch((error: unknown) => error);
      disk.onStep = null;
      if (done === null) {
        expect(stop).toBeGreaterThan(8);
        break;
      }
      const outcomes = [outcome, await done].map((one) => (isKeyformError(one) ? one.code : 'won'));
      expect(outcomes.filter((one) => one === 'won').length, `step ${stop}: ${outcomes}`).toBeLessThan(2);
      const everywhere = Object.keys(disk.content()).filter((path) => /\.age(\.conflict.*)?$/.test(path));
      const held = new Set<string>();
      for (const path of everywhere) {
        if (path.includes('rescue')) continue;
        for (const address of (await snapshotAt(disk, path)).state.resources.keys()) held.add(address);
      }
      expect([...held].sort(), `step ${stop}`).toEqual(['t.a', 't.b']);
    }
  });
});

describe('what the state folder does not take', () => {
  const refuges = ['home/refuge', 'project'];

  it('goes to a refuge, sealed, and into the state when the folder is well again', async () => {
    const disk = new MemoryDisk();
    const session = await begin(disk, { refuges });
    const [asked, made] = creation('t.a');
    await session.record(asked);
    disk.fault = (step, path) => (path.startsWith('state/') && step !== 'read' ? 'EIO' : null);
    const error = await recordFailure(session.record(made));
    expect(error.rescued).toMatch(/^home\/refuge\/prod\.keyform\.rescue-/);
    expect(disk.get(error.rescued ?? '').includes(SECRET)).toBe(false);
    expect((await failure(session.close())).code).toBe('state-io');
    await session.abandon().catch(() => {});
    disk.fault = () => null;
    const read = await testStore(disk, KEYS, { refuges }).read();
    expect(read.state.resources.get('t.a')?.current?.secret?.reveal()).toBe(`${SECRET}-1`);
    expect(read.notes.join('\n')).toContain(`${error.rescued} holds 1 fact`);
    const next = await begin(disk, { refuges });
    expect(next.found).toBe(read.revision);
    expect(next.notes.join('\n')).toContain('the file is removed');
    await next.close();
    expect(Object.keys(disk.content()).filter((path) => path.includes('rescue'))).toEqual([]);
    const after = await testStore(disk, KEYS, { refuges }).read();
    expect([contentOf(after.state), after.notes]).toEqual([contentsAlong([asked, made]).at(-1), []]);
  });

  it('is removed from the refuge when the run can end well after all', async () => {
    const disk = new MemoryDisk();
    const session = await begin(disk, { refuges });
    const [asked, made] = creation('t.a');
    await session.record(asked);
    disk.fault = (step, path) => (path.startsWith('state/') && step !== 'read' ? 'EIO' : null);
    expect((await recordFailure(session.record(made))).rescued).not.toBeNull();
    disk.fault = () => null;
    await session.close();
    expect(Object.keys(disk.content()).filter((path) => path.includes('rescue'))).toEqual([]);
    expect((await testStore(disk, KEYS).read()).state.resources.size).toBe(1);
  });

  it('is removed from every place that the run wrote it to', async () => {
    const disk = new MemoryDisk();
    const session = await begin(disk, { refuges });
    const [first, second] = [creation('t.a'), creation('t.b', 2)];
    await session.record(first[0]);
    await session.record(second[0]);
    const rescues = () => Object.keys(disk.content()).filter((path) => path.includes('rescue'));
    disk.fault = (step, path) => (path.startsWith('state/') && step !== 'read' ? 'EIO' : null);
    const one = await recordFailure(session.record(first[1]));
    disk.fault = (step, path) => (/^(?:state|home)\//.test(path) && step !== 'read' ? 'EIO' : null);
    const two = await recordFailure(session.record(second[1]));
    expect(rescues().sort()).toEqual([one.rescued, two.rescued].sort());
    disk.fault = () => null;
    await session.close();
    expect(rescues()).toEqual([]);
  });

  it('is found again by a state that was put back and knows of no attempt', async () => {
    const disk = new MemoryDisk();
    const before = await begin(disk, { refuges });
    for (const entry of creation('t.a')) await before.record(entry);
    await before.close();
    const whole = disk.content();
    const session = await begin(disk, { refuges });
    const [asked, made] = creation('t.b', 2);
    await session.record(asked);
    for (const path of Object.keys(disk.content())) await disk.remove(path);
    const { rescued } = await recordFailure(session.record(made));
    const back = MemoryDisk.of({ ...whole, [rescued ?? '']: disk.get(rescued ?? '') });
    const read = await testStore(back, KEYS, { refuges }).read();
    expect([...read.state.resources.keys()].sort()).toEqual(['t.a', 't.b']);
    const next = await begin(back, { refuges });
    await next.close();
    expect((await testStore(back, KEYS).read()).state.resources.get('t.b')?.current?.secret?.reveal()).toBe(
      `${SECRET}-2`,
    );
    expect(back.content()[rescued ?? '']).toBeUndefined();
  });

  it('never comes back over a living key from a file that outlived its run', async () => {
    const disk = new MemoryDisk();
    const session = await begin(disk, { refuges });
    const [asked, made] = creation('t.a', 2);
    await session.record(asked);
    disk.fault = (step, path) => (path.startsWith('state/') && step !== 'read' ? 'EIO' : null);
    const { rescued } = await recordFailure(session.record(made));
    const path = rescued ?? '';
    const file = disk.get(path);
    disk.fault = () => null;
    await session.close();
    // As with a file that could not be removed, and comes back when all has changed.
    const gone = intent('gone', 't.a', { operation: 'delete', generation: 2, keyId: 'id-2' });
    const alive = generation(1, { id: 'living', accessKeyId: 'AKLIVING' });
    const later = await begin(disk, { refuges });
    for (const entry of [
      { kind: 'intent', intent: gone },
      { kind: 'deleted', intent: 'gone' },
      creation('t.a')[0],
      { kind: 'created', intent: 'intent t.a 1', generation: alive, dependencies: [] },
      creation('t.z')[0],
    ] as const)
      await later.record(entry);
    const after = disk.kill();
    await after.replace(path, file, 0o600);
    const read = await testStore(after, KEYS, { refuges }).read();
    expect(read.state.resources.get('t.a')).toMatchObject({ current: { id: 'living' }, deposed: [] });
    const next = await begin(after, { refuges });
    expect(next.state.resources.get('t.a')).toMatchObject({ current: { id: 'living' }, deposed: [] });
    for (const notes of [read.notes, next.notes]) {
      const about = notes.filter((note) => note.includes(path));
      expect(about).toEqual([expect.stringContaining('"created" of t.a (key id-2). Delete the file once')]);
    }
    await next.close();
    expect(after.content()[path]).toBeDefined();
  });

  it('is told to be in memory only when no place takes it', async () => {
    const disk = new MemoryDisk();
    const session = await begin(disk, { refuges });
    const [asked, made] = creation('t.a');
    await session.record(asked);
    disk.fault = (step) => (step === 'read' ? null : 'EROFS');
    const error = await recordFailure(session.record(made));
    expect([error.kept, error.rescued]).toEqual([true, null]);
    expect(error.detail).toContain('kept in memory');
  });

  it('is healed by a fold where only the journal is broken', async () => {
    const disk = new MemoryDisk();
    const session = await begin(disk, { refuges });
    const [asked, made] = creation('t.a');
    await session.record(asked);
    let once = true;
    disk.fault = (step, path) => {
      if (step !== 'sync' || path !== JOURNAL || !once) return null;
      once = false;
      return 'EIO';
    };
    await session.record(made);
    expect((await snapshotAt(disk, SNAPSHOT)).state.resources.size).toBe(1);
    for (const entry of creation('t.b')) await session.record(entry);
    await session.close();
    expect((await testStore(disk, KEYS).read()).state.resources.size).toBe(2);
    expect(Object.keys(disk.content()).filter((path) => path.includes('rescue'))).toEqual([]);
  });

  it('counts as not recorded when the journal was synced to a file that is gone', async () => {
    const disk = new MemoryDisk();
    const session = await begin(disk, { refuges });
    const [asked, made] = creation('t.a');
    await session.record(asked);
    for (const path of Object.keys(disk.content())) await disk.remove(path);
    const error = await recordFailure(session.record(made));
    expect(error.rescued).toMatch(/^home\/refuge\//);
    const refused = await recordFailure(session.record(creation('t.b')[0]));
    expect(refused.code).toBe('state-locked');
  });

  it('cannot be passed over: a rescue file that does not open is an error', async () => {
    const disk = new MemoryDisk();
    const session = await begin(disk, { refuges });
    const [asked, made] = creation('t.a');
    await session.record(asked);
    disk.fault = (step, path) => (path.startsWith('state/') && step !== 'read' ? 'EIO' : null);
    const { rescued } = await recordFailure(session.record(made));
    await session.close().catch(() => {});
    await session.abandon().catch(() => {});
    disk.fault = () => null;
    const path = rescued ?? '';
    await disk.replace(path, disk.get(path).subarray(0, -1), 0o600);
    const before = disk.content();
    for (const attempt of [() => testStore(disk, KEYS, { refuges }).read(), () => begin(disk, { refuges })]) {
      const error = await failure(attempt());
      expect([error.code, error.message]).toEqual(['damaged-state', expect.stringContaining(path)]);
    }
    const { [LOCK]: _lock, ...rest } = before;
    expect(disk.content()).toEqual(rest);
  });
});

describe('a machine', () => {
  const LINEAGE_FILE = /^machine\/seen\/[0-9a-f-]{36}-[0-9a-f]{16}\.json$/;

  it('that has seen nothing recognises a state that is gone by its backup, and makes no new one', async () => {
    const disk = new MemoryDisk();
    const session = await begin(disk);
    for (const entry of creation('t.a')) await session.record(entry);
    await session.close();
    await disk.remove(SNAPSHOT);
    const before = disk.content();
    for (const attempt of [() => testStore(disk, KEYS).read(), () => begin(disk)]) {
      const error = await failure(attempt());
      expect([error.code, error.message]).toEqual(['damaged-state', expect.stringContaining('is missing, and')]);
    }
    expect(disk.content()).toEqual(before);
  });

  it.each([
    ['the history', { 'state/prod.keyform.history': Buffer.from('{}') }],
    ['a conflict', { [`${SNAPSHOT}.conflict-2-abcdef01`]: Buffer.from('x') }],
    ['a rescue file', { 'state/prod.keyform.rescue-abcdef.age': Buffer.from('x') }],
    ['the journal of the backup', { [`${JOURNAL}.backup`]: Buffer.from('x') }],
  ])('makes no new state beside %s of one that is gone', async (_name, content) => {
    const disk = MemoryDisk.of(content);
    for (const attempt of [() => testStore(disk, KEYS).read(), () => begin(disk)]) {
      const error = await failure(attempt());
      expect([error.code, error.message]).toEqual(['damaged-state', expect.stringContaining('is missing, and')]);
      expect(error.detail).toContain('move the files of this stack out');
    }
    expect(Object.keys(disk.content())).toEqual(Object.keys(content));
  });

  it('recognises an older state, a fork, and takes a newer one', async () => {
    const disk = new MemoryDisk();
    const machine = { machineFolder: 'machine' };
    let session = await begin(disk, machine);
    for (const entry of creation('t.a')) await session.record(entry);
    await session.close();
    const old = disk.get(SNAPSHOT);
    session = await begin(disk, machine);
    await session.record({ kind: 'refreshed', address: 't.a', generation: generation(1, { enabled: false }) });
    await session.close();
    expect(Object.keys(disk.content()).filter((path) => LINEAGE_FILE.test(path))).toHaveLength(1);
    const newest = disk.get(SNAPSHOT);
    // A fork: from the older one, on another machine, the same serial.
    const elsewhere = MemoryDisk.of({ [SNAPSHOT]: old });
    session = await begin(elsewhere);
    await session.record({ kind: 'forgotten', address: 't.a', generation: 1 });
    await session.close();
    for (const [bytes, words] of [
      [old, 'is older than one that was here'],
      [elsewhere.get(SNAPSHOT), 'is not the one that was here'],
    ] as const) {
      await disk.replace(SNAPSHOT, bytes, 0o600);
      const before = disk.content();
      for (const attempt of [() => testStore(disk, KEYS, machine).read(), () => begin(disk, machine)]) {
        const error = await failure(attempt());
        expect([error.code, error.message]).toEqual(['rolled-back', expect.stringContaining(words)]);
        expect(error.detail).toContain('keyform state restore');
      }
      expect(disk.content()).toEqual(before);
      // Who has seen nothing cannot tell, unless a file that lies beside it can only be of a later one.
      const stranger = testStore(disk, KEYS);
      if (bytes === old)
        expect(await failure(stranger.read())).toMatchObject({
          message: expect.stringContaining('is older than the files beside it'),
          detail: expect.stringContaining(`move ${JOURNAL}.backup out of the folder`),
        });
      else expect((await stranger.read()).exists).toBe(true);
    }
    await disk.replace(SNAPSHOT, newest, 0o600);
    expect((await testStore(disk, KEYS, machine).read()).state.serial).toBe(3);
  });

  it('lets everybody look at branches in any order, and remembers what a run left', async () => {
    const disk = new MemoryDisk();
    const machine = { machineFolder: 'machine' };
    const memory = () => Object.keys(disk.content()).filter((path) => LINEAGE_FILE.test(path));
    const branches: Buffer[] = [];
    for (const [entry, made] of [creation('t.a'), creation('t.b'), creation('t.c')]) {
      const session = await begin(disk);
      for (const one of [entry, made]) await session.record(one);
      await session.close();
      branches.push(disk.get(SNAPSHOT));
    }
    await disk.remove(`${JOURNAL}.backup`);
    for (const at of [0, 2, 1, 2, 0]) {
      await disk.replace(SNAPSHOT, branches[at] as Buffer, 0o600);
      expect((await testStore(disk, KEYS, machine).read()).state.serial).toBe(at + 2);
    }
    expect(memory()).toEqual([]);
    await disk.replace(SNAPSHOT, branches[1] as Buffer, 0o600);
    await (await begin(disk, machine)).close();
    await disk.replace(SNAPSHOT, branches[0] as Buffer, 0o600);
    const error = await failure(testStore(disk, KEYS, machine).read());
    expect(error.code).toBe('rolled-back');
    const [path = ''] = memory();
    expect(error.detail).toContain(`remove ${path},`);
    await disk.remove(path);
    expect((await testStore(disk, KEYS, machine).read()).state.serial).toBe(2);
  });

  it('is not fooled by a run that ends while it reads', async () => {
    const disk = new MemoryDisk();
    const machine = { machineFolder: 'machine' };
    let session = await begin(disk, machine);
    for (const entry of creation('t.a')) await session.record(entry);
    await session.close();
    for (let stop = 0; ; stop++) {
      session = await begin(disk, machine);
      await session.record({ kind: 'tainted', address: 't.a', reason: `${stop}` });
      let reads = 0;
      let ended = false;
      disk.onStep = null;
      const read = disk.read.bind(disk);
      disk.read = async (path) => {
        const bytes = await read(path);
        if (reads++ === stop) {
          ended = true;
          disk.read = read;
          await session.close();
        }
        return bytes;
      };
      const { state } = await testStore(disk, KEYS, machine).read();
      disk.read = read;
      if (!ended) {
        await session.close();
        expect(stop).toBeGreaterThanOrEqual(3);
        break;
      }
      expect(state.resources.get('t.a')?.tainted).toBe(`${stop}`);
    }
  });
});
