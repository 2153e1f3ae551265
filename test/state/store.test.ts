import { beforeAll, describe, expect, it } from 'vitest';
import { KeyformError } from '../../src/core/error.ts';
import type { Files } from '../../src/core/port.ts';
import { Secret } from '../../src/core/secret.ts';
import type { JournalEntry } from '../../src/core/state.ts';
import { decodeSnapshot } from '../../src/state/format.ts';
import { headerLine, newJournal } from '../../src/state/journal.ts';
import { generateIdentity, identityToRecipient, type StateKeys } from '../../src/state/keys.ts';
import { open } from '../../src/state/seal.ts';
import { isRecordError } from '../../src/state/session.ts';
import {
  contentOf,
  contentsAlong,
  creation,
  generation,
  IDENTITY,
  intent,
  KEYS,
  SECRET,
  testStore,
} from './fixture.ts';
import { MemoryDisk } from './memory.ts';

const SNAPSHOT = 'state/prod.keyform.age';
const BACKUP = 'state/prod.keyform.age.backup';
const JOURNAL = 'state/prod.keyform.journal';
const JOURNAL_BACKUP = 'state/prod.keyform.journal.backup';
const HISTORY = 'state/prod.keyform.history';
const LOCK = 'state/prod.keyform.lock';
const NOW = { lockTimeoutMs: 0 };

async function failure(action: Promise<unknown>): Promise<KeyformError> {
  const error = await action.catch((e: unknown) => e);
  if (!(error instanceof KeyformError)) throw new Error(`no KeyformError: ${String(error)}`);
  expect(error.detail).not.toBe('');
  return error;
}

/** One run that records `entries` one after the other and ends as told. */
async function run(disk: MemoryDisk, entries: readonly JournalEntry[], end: 'close' | 'abandon' | 'kill' = 'close') {
  const session = await testStore(disk, KEYS).begin('apply', NOW);
  for (const entry of entries) await session.record(entry);
  if (end === 'close') await session.close();
  if (end === 'abandon') await session.abandon();
  return session;
}

/** The functions of `disk`, to be replaced one by one. */
function readerOf(disk: MemoryDisk): Files {
  return {
    read: (path) => disk.read(path),
    list: (path) => disk.list(path),
    replace: (path, bytes, mode) => disk.replace(path, bytes, mode),
    createExclusive: (path, bytes, mode) => disk.createExclusive(path, bytes, mode),
    open: (path, mode) => disk.open(path, mode),
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
  };
}

async function inside(disk: MemoryDisk, path = SNAPSHOT) {
  return decodeSnapshot(await open(disk.get(path), KEYS, path), path);
}

describe('a run', () => {
  it('makes the first snapshot before anything else, then journal, fold, backup, removal', async () => {
    const disk = new MemoryDisk();
    const session = await testStore(disk, KEYS).begin('apply', NOW);
    expect(session.found).toBe('none');
    expect(Object.keys(disk.content()).sort()).toEqual([SNAPSHOT, 'state/prod.keyform.lock']);
    const first = await inside(disk);
    expect([first.state.serial, first.state.stack]).toEqual([1, 'prod']);
    expect(first.state.lineage).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    for (const entry of creation('t.a')) await session.record(entry);
    expect(session.state.resources.get('t.a')?.current?.secret?.reveal()).toBe(`${SECRET}-1`);
    expect(disk.get(JOURNAL).includes(SECRET)).toBe(false);
    expect(await session.close()).toEqual({ serial: 2, notes: [] });
    expect(Object.keys(disk.content()).sort()).toEqual([SNAPSHOT, BACKUP, HISTORY, JOURNAL_BACKUP]);
    const second = await inside(disk);
    expect([second.state.serial, second.state.lineage]).toEqual([2, first.state.lineage]);
    expect(Buffer.from(second.journalKey)).not.toEqual(Buffer.from(first.journalKey));
    expect((await inside(disk, BACKUP)).state.serial).toBe(1);
    const read = await testStore(disk, KEYS).read();
    expect([read.exists, read.notes, contentOf(read.state)]).toEqual([true, [], contentsAlong(creation('t.a')).at(-1)]);
  });

  it('writes nothing when nothing changed', async () => {
    const disk = new MemoryDisk();
    await run(disk, creation('t.a'));
    const before = disk.content();
    const session = await run(disk, []);
    expect(disk.content()).toEqual(before);
    expect(session.state.serial).toBe(2);
  });

  it('shares one sync among entries that arrive together, and keeps their order', async () => {
    const disk = new MemoryDisk();
    const session = await testStore(disk, KEYS).begin('apply', NOW);
    const all = Array.from({ length: 100 }, (_, i) => creation(`t.k${String(i).padStart(3, '0')}`));
    const from = disk.log.length;
    await Promise.all(all.map(([asked]) => session.record(asked)));
    expect([...session.state.intents.keys()]).toEqual(all.map(([asked]) => asked.kind === 'intent' && asked.intent.id));
    const middle = disk.log.length;
    await Promise.all(all.map(([, made]) => session.record(made)));
    const syncs = (lines: string[]) => lines.filter((line) => line === `sync ${JOURNAL}`).length;
    // Making the journal, and the record; then the record alone: its room was there before.
    expect(syncs(disk.log.slice(from, middle))).toBe(2);
    expect(disk.log.slice(middle)).toEqual([`write ${JOURNAL}`, `sync ${JOURNAL}`]);
    await session.close();
    expect((await testStore(disk, KEYS).read()).state.resources.size).toBe(100);
  });

  it('never writes an entry that contradicts the state, or that comes after the end', async () => {
    const disk = new MemoryDisk();
    const session = await testStore(disk, KEYS).begin('apply', NOW);
    const wrong: JournalEntry[] = [
      { kind: 'failed', intent: 'unknown' },
      { kind: 'tainted', address: 't.none', reason: null },
      { kind: 'refreshed', address: 't.none', generation: generation(1) },
    ];
    for (const entry of wrong) {
      const error = await session.record(entry).catch((e: unknown) => e);
      expect((error as KeyformError).code).toBe('internal');
    }
    const [asked, made] = creation('t.a');
    const early = session.record(asked);
    const error = await session.record(made).catch((e: unknown) => e);
    expect((error as KeyformError).code).toBe('internal');
    await early;
    await session.record(made);
    await session.close();
    expect(((await session.record(asked).catch((e: unknown) => e)) as KeyformError).code).toBe('internal');
    expect((await testStore(disk, KEYS).read()).state.resources.size).toBe(1);
  });

  it('holds the lock, and one that only reads does not need it', async () => {
    const disk = new MemoryDisk();
    const living = new Map([[1, 'a']]);
    const session = await testStore(disk, KEYS, {
      process: { pid: 1, host: 'build-1', user: 'alice', alive: () => true, started: (p) => living.get(p) ?? null },
    }).begin('apply', NOW);
    await session.record(creation('t.a')[0]);
    const other = testStore(disk, KEYS, { process: { pid: 2, host: 'build-1', user: 'bob', alive: () => true } });
    expect((await failure(other.begin('apply', NOW))).code).toBe('state-locked');
    expect(await other.holder()).toMatchObject({ pid: 1, user: 'alice', operation: 'apply' });
    const seen = await other.read();
    expect([seen.state.intents.size, seen.notes]).toEqual([1, []]);
    await session.close();
    expect(await other.holder()).toBeNull();
  });
});

describe('after a crash', () => {
  const entries = [...creation('t.a'), creation('t.b')[0]];

  it('reading replays the journal, and the next run folds it', async () => {
    const disk = new MemoryDisk();
    await run(disk, entries, 'kill');
    const after = disk.kill();
    const before = after.content();
    const read = await testStore(after, KEYS).read();
    expect(contentOf(read.state)).toBe(contentsAlong(entries).at(-1));
    expect(after.content()).toEqual(before);
    const session = await testStore(after, KEYS).begin('apply', NOW);
    expect(session.found).toBe(read.revision);
    expect(session.notes.join('\n')).toMatch(/lock of a process that is gone.*\n.*3 journal records replayed/);
    expect([session.state.serial, after.content()[JOURNAL]]).toEqual([2, undefined]);
    expect(contentOf(session.state)).toBe(contentsAlong(entries).at(-1));
    await session.record({ kind: 'settled', intent: 'intent t.b 1' });
    await session.close();
    expect((await testStore(after, KEYS).read()).state.intents.size).toBe(0);
  });

  it('the revision changes with every record, though the serial does not', async () => {
    const disk = new MemoryDisk();
    const seen = new Set<string>();
    const session = await testStore(disk, KEYS).begin('apply', NOW);
    for (const entry of entries) {
      await session.record(entry);
      seen.add((await testStore(disk, KEYS).read()).revision);
    }
    expect(seen.size).toBe(3);
  });

  it.each([
    ['after the snapshot was read', SNAPSHOT],
    ['after the journal was read', JOURNAL],
  ])('reading is not misled by a run that ends and one that begins %s', async (_name, moment) => {
    const disk = new MemoryDisk();
    const session = await run(disk, creation('t.a'), 'kill');
    let met = false;
    const reader: Files = {
      ...readerOf(disk),
      async read(path) {
        const bytes = await disk.read(path);
        if (path === moment && !met) {
          met = true;
          await session.close();
          await run(disk, creation('t.b'), 'kill');
        }
        return bytes;
      },
    };
    const read = await testStore(disk, KEYS, { files: reader }).read();
    expect(contentOf(read.state)).toBe(contentsAlong([...creation('t.a'), ...creation('t.b')]).at(-1));
  });

  it('reading takes nothing for damage that is gone when looked at again', async () => {
    const disk = new MemoryDisk();
    await run(disk, creation('t.a'), 'kill');
    let looks = 0;
    const reader: Files = {
      ...readerOf(disk),
      async read(path) {
        const bytes = await disk.read(path);
        // In the midst of the writing of record 1, after record 2 was read: no file system promises otherwise.
        return path === JOURNAL && looks++ === 0 ? (bytes?.fill(0, 512, 600) ?? null) : bytes;
      },
    };
    const read = await testStore(disk, KEYS, { files: reader }).read();
    expect(contentOf(read.state)).toBe(contentsAlong(creation('t.a')).at(-1));
    expect(looks).toBe(3);
  });

  it('abandoning leaves the journal and frees the lock', async () => {
    const disk = new MemoryDisk();
    await run(disk, entries, 'abandon');
    expect(Object.keys(disk.content()).sort()).toEqual([SNAPSHOT, JOURNAL]);
    expect(contentOf((await testStore(disk, KEYS).read()).state)).toBe(contentsAlong(entries).at(-1));
  });

  it('a journal that is folded already is ignored, and removed by the next run', async () => {
    const disk = new MemoryDisk();
    await run(disk, entries, 'kill');
    const journal = disk.get(JOURNAL);
    const after = disk.kill();
    await run(after, []);
    await after.replace(JOURNAL, journal, 0o600);
    expect(contentOf((await testStore(after, KEYS).read()).state)).toBe(contentsAlong(entries).at(-1));
    await run(after, []);
    expect(after.content()[JOURNAL]).toBeUndefined();
    expect(contentOf((await testStore(after, KEYS).read()).state)).toBe(contentsAlong(entries).at(-1));
  });
});

describe('what is no state is told as what it is, and left alone', () => {
  const disk = new MemoryDisk();
  const other = new MemoryDisk();
  let lineage = '';
  beforeAll(async () => {
    await run(disk, creation('t.a'));
    await run(disk, creation('t.b'), 'abandon');
    await run(other, creation('t.a'));
    lineage = (await inside(disk)).state.lineage;
  });

  it('nothing there is an empty state that does not exist, with or without a key', async () => {
    for (const keys of [KEYS, null]) {
      const read = await testStore(new MemoryDisk(), keys).read();
      expect([read.exists, read.state.serial, read.state.lineage, read.state.resources.size]).toEqual([
        false,
        0,
        '',
        0,
      ]);
    }
  });

  it.each<[string, () => Record<string, Uint8Array | null>, string, RegExp]>([
    ['an empty file', () => ({ [SNAPSHOT]: new Uint8Array(0) }), 'empty-state', /0 bytes/],
    ['a missing snapshot', () => ({ [SNAPSHOT]: null }), 'damaged-state', /has no snapshot to belong to/],
    [
      'an older snapshot',
      () => ({ [SNAPSHOT]: disk.get(BACKUP) }),
      'damaged-state',
      /builds on snapshot 2, and .* is snapshot 1/,
    ],
    [
      'a snapshot of another lineage',
      () => ({ [SNAPSHOT]: other.get(SNAPSHOT) }),
      'damaged-state',
      /belongs to another state/,
    ],
    ['an empty journal', () => ({ [JOURNAL]: new Uint8Array(0) }), 'damaged-state', /journal is empty/],
    ['a later journal', () => ({ [JOURNAL]: Buffer.from('keyform-journal 5 x') }), 'newer-state', /version 5/],
    [
      'a journal from a fork with the same serial',
      () => ({
        [JOURNAL]: Buffer.concat([
          newJournal({ lineage, serial: 2 }, 0),
          disk.get(JOURNAL).subarray(512).fill(1, 20, 30),
        ]),
      }),
      'damaged-state',
      /record 1/,
    ],
  ])('%s', async (_name, change, code, words) => {
    const content: Record<string, Uint8Array> = disk.content();
    for (const [path, bytes] of Object.entries(change())) {
      if (bytes === null) delete content[path];
      else content[path] = bytes;
    }
    const broken = MemoryDisk.of(content);
    const before = broken.content();
    const store = testStore(broken, KEYS);
    for (const attempt of [() => store.read(), () => store.begin('apply', NOW)]) {
      const error = await failure(attempt());
      expect([error.code, error.message]).toEqual([code, expect.stringMatching(words)]);
    }
    expect(broken.content()).toEqual(before);
  });

  it('no key, and a wrong key', async () => {
    expect((await failure(testStore(disk, null).read())).code).toBe('no-identity');
    expect((await failure(testStore(new MemoryDisk(), null).begin('apply', NOW))).code).toBe('no-identity');
    const { identity } = await generateIdentity();
    const wrong: StateKeys = { identities: [identity], passphrase: null, recipients: [] };
    expect((await failure(testStore(disk, wrong).read())).code).toBe('wrong-identity');
    expect((await failure(testStore(disk, wrong).begin('apply', NOW))).code).toBe('wrong-identity');
    expect(Object.keys(disk.content()).some((path) => path.includes('lock'))).toBe(false);
  });

  it('the state of another stack, and a stack name that is a path', async () => {
    const moved = MemoryDisk.of({ 'state/dev.keyform.age': disk.get(SNAPSHOT) });
    expect((await failure(testStore(moved, KEYS, { stack: 'dev' }).read())).code).toBe('wrong-kind');
    for (const stack of ['', '..', 'a/b', 'a\\b', 'a\0']) {
      expect(() => testStore(disk, KEYS, { stack })).toThrow(/cannot be the name/);
    }
  });
});

describe('recipients', () => {
  it('stay as they are until others are named, and change with the next write', async () => {
    const disk = new MemoryDisk();
    const own = await identityToRecipient(new Secret(IDENTITY));
    const colleague = await generateIdentity();
    const named: StateKeys = { ...KEYS, recipients: [own, colleague.recipient] };
    const first = await testStore(disk, named).begin('apply', NOW);
    for (const entry of creation('t.a')) await first.record(entry);
    await first.close();
    const theirs: StateKeys = { identities: [colleague.identity], passphrase: null, recipients: [] };
    expect((await testStore(disk, theirs).read()).state.resources.size).toBe(1);
    // Somebody who names nobody keeps everybody in.
    const second = await testStore(disk, theirs).begin('apply', NOW);
    for (const entry of creation('t.b')) await second.record(entry);
    await second.close();
    expect((await inside(disk)).recipients).toEqual([own, colleague.recipient]);
    // Who only reads is told as well, and not in the notes that every reading command prints.
    expect(await testStore(disk, named).read()).toMatchObject({ resealing: null, notes: [] });
    const later = await testStore(disk, { ...KEYS, recipients: [own] }).read();
    expect(later).toMatchObject({ resealing: expect.stringContaining('(removed: age1'), notes: [] });
    const third = await testStore(disk, { ...KEYS, recipients: [own] }).begin('apply', NOW);
    const brief = `${colleague.recipient.slice(0, 12)}…${colleague.recipient.slice(-6)}`;
    const note = `The recipients of the state change at the next write (removed: ${brief}). What is sealed already opens for those removed as before; see "keyform state rekey".`;
    expect(third.notes).toEqual([note]);
    for (const entry of creation('t.c')) await third.record(entry);
    await third.close();
    expect((await failure(testStore(disk, theirs).read())).code).toBe('wrong-identity');
  });
});

describe('when the disk says no', () => {
  it('a full disk is met by the intent; open intents can still end', async () => {
    const disk = new MemoryDisk();
    const session = await testStore(disk, KEYS).begin('apply', NOW);
    const started: string[] = [];
    let refused: unknown = null;
    await session.record(creation('t.first')[0]);
    disk.capacity = Object.values(disk.content()).reduce((sum, bytes) => sum + bytes.length, 0) + 100_000;
    for (let i = 0; refused === null; i++) {
      const [asked] = creation(`t.${i}`);
      await session.record(asked).then(
        () => started.push(`t.${i}`),
        (error: unknown) => {
          refused = error;
        },
      );
    }
    expect(started.length).toBeGreaterThan(10);
    if (!isRecordError(refused)) throw refused;
    expect([refused.code, refused.kept, refused.entry.kind]).toEqual(['state-io', false, 'intent']);
    expect(refused.entry.address).toBe(`t.${started.length}`);
    expect(refused.message).toContain('ENOSPC');
    expect(session.state.intents.has(refused.entry.intent ?? '')).toBe(false);
    // Now not a single byte more, and results of 8 KiB each, all at once and one by one.
    disk.capacity = 0;
    const big = { secret: new Secret('s'.repeat(7_500)) };
    const result = (address: string): JournalEntry => ({
      kind: 'created',
      intent: `intent ${address} 1`,
      generation: generation(1, big),
      dependencies: [],
    });
    await Promise.all(started.slice(0, 5).map((address) => session.record(result(address))));
    for (const address of started.slice(5)) await session.record(result(address));
    // What only wires things up finds no room, and is kept.
    const wired = await session
      .record({ kind: 'tainted', address: 't.0', reason: 'x'.repeat(300_000) })
      .catch((e: unknown) => e);
    expect(isRecordError(wired) && [wired.code, wired.kept, wired.entry]).toEqual([
      'state-io',
      true,
      { kind: 'tainted', address: 't.0', intent: null },
    ]);
    // The snapshot does not fit either: nothing is lost by trying.
    expect((await failure(session.close())).code).toBe('state-io');
    const seen = await testStore(disk, KEYS).read();
    expect(seen.state.resources.size).toBe(started.length);
    disk.capacity = Number.POSITIVE_INFINITY;
    await session.close();
    const after = await testStore(disk, KEYS).read();
    expect([after.state.resources.size, after.state.intents.size]).toEqual([started.length, 1]);
    expect(after.state.resources.get('t.0')?.tainted).toHaveLength(300_000);
  });

  it('a result that cannot be synced is reported, kept, and saved by the snapshot', async () => {
    const disk = new MemoryDisk();
    const session = await testStore(disk, KEYS).begin('apply', NOW);
    const [asked, made] = creation('t.a');
    await session.record(asked);
    disk.fault = (step, path) => (['sync', 'create'].includes(step) && path !== LOCK ? 'EIO' : null);
    const [, other] = await Promise.allSettled([
      session.record({ kind: 'intent', intent: intent('late', 't.late') }),
      session.record(made),
    ]);
    const error = other.status === 'rejected' ? other.reason : null;
    if (!isRecordError(error)) throw error;
    expect([error.code, error.kept, error.entry]).toEqual([
      'state-io',
      true,
      { kind: 'created', address: 't.a', intent: 'intent t.a 1' },
    ]);
    expect(String(error) + error.detail).not.toContain(SECRET);
    expect([...session.state.resources.keys(), ...session.state.intents.keys()]).toEqual(['t.a']);
    // After a failed sync nobody knows what the disk holds: even a disk that works again gets no more records in that file.
    disk.fault = () => null;
    const late = await session.record(creation('t.b')[0]).catch((e: unknown) => e);
    expect(isRecordError(late) && [late.code, late.kept]).toEqual(['state-io', false]);
    await session.close();
    const after = await testStore(disk, KEYS).read();
    expect(after.state.resources.get('t.a')?.current?.secret?.reveal()).toBe(`${SECRET}-1`);
    expect([after.state.intents.size, Object.keys(disk.content()).sort()]).toEqual([0, [SNAPSHOT, BACKUP, HISTORY]]);
  });

  it.each(['create', 'write', 'sync', 'rename', 'syncdir', 'unlink'] as const)(
    'closing can be tried again after a failed %s',
    async (step) => {
      const disk = new MemoryDisk();
      const session = await run(disk, creation('t.a'), 'kill');
      let failures = 0;
      for (let attempt = 0; attempt < 20; attempt++) {
        let skip = attempt;
        disk.fault = (kind) => (kind === step && skip-- === 0 ? 'EIO' : null);
        const error = await session.close().catch((e: unknown) => e);
        if (!(error instanceof Error)) break;
        expect((error as KeyformError).code).toBe('state-io');
        failures++;
        disk.fault = () => null;
        expect(contentOf((await testStore(disk, KEYS).read()).state)).toBe(contentsAlong(creation('t.a')).at(-1));
      }
      expect(failures).toBeGreaterThan(0);
      const after = await testStore(disk, KEYS).read();
      expect(contentOf(after.state)).toBe(contentsAlong(creation('t.a')).at(-1));
      expect(await testStore(disk, KEYS).holder()).toBeNull();
    },
  );

  it('a snapshot that somebody else wrote meanwhile is not overwritten, and ours is not lost', async () => {
    const disk = new MemoryDisk();
    const session = await run(disk, creation('t.a'), 'kill');
    const foreign = Buffer.from('somebody else');
    await disk.replace(SNAPSHOT, foreign, 0o600);
    const error = await failure(session.close());
    expect(error.code).toBe('state-locked');
    expect(disk.get(SNAPSHOT)).toEqual(foreign);
    const saved = Object.keys(disk.content()).find((path) => path.includes('.conflict-2-')) ?? '';
    expect(error.detail).toContain(saved);
    expect(contentOf((await inside(disk, saved)).state)).toBe(contentsAlong(creation('t.a')).at(-1));
  });

  it('a folder that cannot be read is an error and no empty state', async () => {
    const disk = new MemoryDisk();
    disk.fault = (step) => (step === 'read' ? 'EACCES' : null);
    expect((await failure(testStore(disk, KEYS).read())).code).toBe('state-io');
  });
});

it('a journal header is bound to the snapshot by what it says', () => {
  expect(headerLine({ lineage: 'l', serial: 7 }).toString()).toMatch(/^keyform-journal 4 l 7 [0-9a-f]{16}\n$/);
});
