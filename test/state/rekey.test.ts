import { describe, expect, it, vi } from 'vitest';
import { isKeyformError } from '../../src/core/error.ts';
import type { Files } from '../../src/core/port.ts';
import { Secret } from '../../src/core/secret.ts';
import { decodeSnapshot } from '../../src/state/format.ts';
import { generateIdentity, type Opening, type Sealing, type StateKeys } from '../../src/state/keys.ts';
import { chooseSealing, type Rekeyed, type RekeyOptions, rekey } from '../../src/state/rekey.ts';
import { open, seal } from '../../src/state/seal.ts';
import { sweep } from '../../src/state/sweep.ts';
import { contentOf, creation, SECRET, testProcess, testRandom, testStore } from './fixture.ts';
import { MemoryDisk } from './memory.ts';

// age's own work factor takes a second for each passphrase that is tried; what is tested here is which are.
vi.mock('../../src/state/seal.ts', async (load) => {
  const real = await load<typeof import('../../src/state/seal.ts')>();
  return { ...real, seal: (bytes: Uint8Array, sealing: Sealing) => real.seal(bytes, sealing, 10) };
});

const [alice, bob, carol] = await Promise.all([generateIdentity(), generateIdentity(), generateIdentity()]);
const strong = await generateIdentity('post-quantum');
const [A, B, C] = [alice.recipient, bob.recipient, carol.recipient];

const hand = (...made: { readonly identity: Secret }[]): Opening => ({
  identities: made.map(({ identity }) => identity),
  passphrase: null,
});
const words = (text: string): Opening => ({ identities: [], passphrase: new Secret(text) });
const NOTHING = { add: [], remove: [], configured: [], passphrase: null };

const SNAPSHOT = 'state/prod.keyform.age';

/** A disk with a state of two keys, sealed as told, with a backup and the journal between the two. */
async function stateFor(sealing: Sealing, keys: Opening): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  for (const address of ['t.a', 't.b']) {
    const session = await testStore(disk, { ...keys, recipients: [] }, { sealing }).begin('apply', {
      lockTimeoutMs: 0,
    });
    for (const entry of creation(address)) await session.record(entry);
    await session.close();
  }
  expect(Object.keys(disk.content())).toEqual(
    expect.arrayContaining([SNAPSHOT, `${SNAPSHOT}.backup`, 'state/prod.keyform.journal.backup']),
  );
  return disk;
}

function run(
  disk: MemoryDisk,
  keys: Opening,
  request: Partial<RekeyOptions['request']>,
  more: Partial<RekeyOptions> & { readonly files?: Files } = {},
): Promise<Rekeyed> {
  const files = more.files ?? disk;
  return rekey({
    folder: 'state',
    stack: 'prod',
    files,
    random: testRandom('rekey'),
    hand: keys,
    request: { ...NOTHING, ...request },
    refuges: ['refuge'],
    store: async (stateKeys: StateKeys, sealing: Sealing) => testStore(disk, stateKeys, { files, sealing }),
    lockTimeoutMs: 0,
    ...more,
  });
}

/** Names of the files that a key opens. */
async function opened(disk: MemoryDisk, opening: Opening): Promise<string[]> {
  const names: string[] = [];
  for (const [path, bytes] of Object.entries(disk.content())) {
    const text = await open(bytes, opening, path).catch(() => null);
    if (text !== null) names.push(path);
  }
  return names;
}

async function snapshotIn(disk: MemoryDisk, path: string, opening: Opening) {
  return decodeSnapshot(await open(disk.get(path), opening, path), path);
}

/** `done path`, sorted. */
const reported = ({ files }: Rekeyed) => files.map(({ path, done }) => `${done} ${path}`).sort();

async function failure(pending: Promise<unknown>): Promise<{ code: string; text: string }> {
  const error = await pending.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!isKeyformError(error)) throw new Error(`no KeyformError: ${error}`);
  return { code: error.code, text: `${error.message}\n${error.detail}` };
}

describe('state rekey', () => {
  it('leaves nothing that a removed recipient can open, wherever it lies, and loses nothing', async () => {
    const disk = await stateFor({ recipients: [A, B] }, hand(alice));
    const before = await testStore(disk, { ...hand(alice), recipients: [] }).read();
    const old = disk.get(SNAPSHOT);
    const foreign = await seal(Buffer.from('{"format":"keyform-state","stack":"other"}'), { recipients: [A, B] });
    const fact = await seal(Buffer.from('{"format":"keyform-rescue","stack":"prod"}\n'), { recipients: [B] });
    const extra: Record<string, Uint8Array> = {
      'state/prod.keyform.age.backup-2026-01-01': old,
      'state/prod.keyform.age.conflict-3-0badcafe': old,
      'state/prod.keyform.age.bak': old,
      'state/copy of prod.age': old,
      'state/prod.keyform.rescue-0badcafe.age': fact,
      'state/.prod.keyform.age.0123456789abcdef.tmp': old.subarray(0, 100),
      'state/prod.keyform.journal.next': disk.get('state/prod.keyform.journal.backup'),
      // Not of this stack, or not sealed.
      'state/other.keyform.age': foreign,
      'state/prod.keyform.keyform.age': foreign,
      'state/notes.age': foreign,
      'state/prod.keyform.age.readme': Buffer.from('about the backups'),
    };
    const full = MemoryDisk.of({ ...disk.content(), ...extra });
    const both = hand(alice, bob);
    expect(await opened(full, hand(bob))).toHaveLength(10);

    const done = await run(full, both, { remove: [B] });
    expect(await opened(full, hand(bob))).toEqual([
      'state/notes.age',
      'state/other.keyform.age',
      'state/prod.keyform.keyform.age',
    ]);
    const sealed = [
      'state/copy of prod.age',
      SNAPSHOT,
      `${SNAPSHOT}.backup`,
      `${SNAPSHOT}.backup-2026-01-01`,
      `${SNAPSHOT}.bak`,
      `${SNAPSHOT}.conflict-3-0badcafe`,
      'state/prod.keyform.rescue-0badcafe.age',
    ];
    expect((await opened(full, hand(alice))).filter((path) => !extra[path]?.toString().includes('other'))).toEqual(
      expect.arrayContaining(sealed),
    );
    expect(reported(done).filter((line) => line.startsWith('sealed'))).toEqual([
      ...sealed.map((path) => `sealed ${path}`),
    ]);
    expect(reported(done).filter((line) => !line.startsWith('sealed'))).toEqual([
      'removed state/.prod.keyform.age.0123456789abcdef.tmp',
      'removed state/prod.keyform.journal.backup',
      'removed state/prod.keyform.journal.next',
    ]);
    expect(done).toMatchObject({ before: [A, B], after: [A], former: 1, proof: { files: 7, failed: [] } });
    expect(Object.keys(full.content()).filter((path) => /journal|lock|tmp/.test(path))).toEqual([]);
    for (const path of ['state/other.keyform.age', 'state/prod.keyform.age.readme', 'state/notes.age']) {
      expect(full.get(path).equals(Buffer.from(extra[path] ?? []))).toBe(true);
    }

    // Put back, no copy of the state brings the recipient back, or a key of the journal that is known.
    const journalKeys = new Set<string>();
    for (const path of sealed.filter((name) => !name.includes('rescue'))) {
      const snapshot = await snapshotIn(full, path, hand(alice));
      expect(snapshot.recipients).toEqual([A]);
      journalKeys.add(Buffer.from(snapshot.journalKey).toString('hex'));
    }
    const former = decodeSnapshot(await open(old, hand(bob), 'old'), 'old');
    journalKeys.add(Buffer.from(former.journalKey).toString('hex'));
    expect(journalKeys.size).toBe(7);

    const after = await testStore(full, { ...hand(alice), recipients: [] }).read();
    expect(contentOf(after.state)).toBe(contentOf(before.state));
    expect(after.state.resources.get('t.b')?.current?.secret?.reveal()).toBe(`${SECRET}-1`);
    expect(after.state.lineage).toBe(before.state.lineage);
  });

  it('folds what a crashed run left, and seals that too', async () => {
    const disk = await stateFor({ recipients: [A, B] }, hand(alice));
    const session = await testStore(disk, { ...hand(alice), recipients: [] }).begin('apply', { lockTimeoutMs: 0 });
    for (const entry of creation('t.late')) await session.record(entry);
    const left = disk.kill();
    const done = await run(left, hand(alice), { remove: [B] });
    expect(done.notes.join()).toContain('replayed');
    expect(await opened(left, hand(bob))).toEqual([]);
    const { state } = await testStore(left, { ...hand(alice), recipients: [] }).read();
    expect(state.resources.get('t.late')?.current?.secret?.reveal()).toBe(`${SECRET}-1`);
  });

  it('goes from recipients to a passphrase, to another one, and back, each time with the old key shut out', async () => {
    const disk = await stateFor({ recipients: [A] }, hand(alice));
    const first = await run(disk, hand(alice), { passphrase: new Secret('one two three') });
    expect(first).toMatchObject({ before: [A], after: null, former: 1, proof: { files: 2, failed: [] } });
    expect(await opened(disk, hand(alice))).toEqual([]);

    // As a crash leaves it that came between the new snapshot and the rest: both passphrases are needed.
    const old = disk.get(SNAPSHOT);
    const text = await open(old, words('one two three'), SNAPSHOT);
    const half = MemoryDisk.of({
      [SNAPSHOT]: await seal(text, { passphrase: new Secret('four five six') }),
      [`${SNAPSHOT}.backup`]: old,
    });
    const second = await run(half, words('one two three'), { passphrase: new Secret('four five six') });
    expect(second).toMatchObject({ before: null, after: null, former: 1, proof: { files: 2, failed: [] } });
    expect(await opened(half, words('one two three'))).toEqual([]);

    const third = await run(half, { ...hand(carol), passphrase: new Secret('four five six') }, { add: [C] });
    expect(third).toMatchObject({ before: null, after: [C], former: 1, proof: { files: 2, failed: [] } });
    expect(await opened(half, words('four five six'))).toEqual([]);
    expect(await opened(half, hand(carol))).toEqual([SNAPSHOT, `${SNAPSHOT}.backup`]);
    expect((await snapshotIn(half, SNAPSHOT, hand(carol))).state.resources.size).toBe(2);
  });

  it('goes to the post-quantum kind', async () => {
    const disk = await stateFor({ recipients: [A] }, hand(alice));
    const keys = hand(alice, strong);
    expect((await failure(run(disk, keys, { add: [strong.recipient] }))).text).toContain('mixed');
    const done = await run(disk, keys, { add: [strong.recipient], remove: [A] });
    expect(done).toMatchObject({ after: [strong.recipient], former: 1, proof: { files: 2, failed: [] } });
    expect(await opened(disk, hand(alice))).toEqual([]);
    // The journal of a run under such keys, too.
    const session = await testStore(disk, { ...hand(strong), recipients: [] }).begin('apply', { lockTimeoutMs: 0 });
    for (const entry of creation('t.pq')) await session.record(entry);
    const read = await testStore(disk.kill(), { ...hand(strong), recipients: [] }).read();
    expect(read.state.resources.has('t.pq')).toBe(true);
  });

  it('leaves what it cannot open, says so, and does not call it done', async () => {
    const disk = await stateFor({ recipients: [A, B] }, hand(alice));
    const sealed = await seal(Buffer.from('{"stack":"prod"}'), { recipients: [B] });
    const damaged = Buffer.from(disk.get(SNAPSHOT));
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
    const extra = {
      'state/prod.keyform.age.backup-for-bob': sealed,
      'state/prod.keyform.age.damaged': damaged,
      'state/prod.keyform.age.txt': Buffer.from('-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n'),
      'state/prod.keyform.json': await open(disk.get(SNAPSHOT), hand(alice), 'x'),
      'state/prod.keyform.journal.copy': disk.get('state/prod.keyform.journal.backup'),
    };
    const full = MemoryDisk.of({ ...disk.content(), ...extra });
    const done = await run(full, hand(alice), { remove: [B] });
    const left = done.files.filter((file) => file.done === 'left');
    const told = left.map(({ path, why }) => `${path.slice('state/prod.keyform.'.length)}: ${why.split('.')[0]}`);
    expect(told.sort()).toEqual([
      'age.backup-for-bob: it opens with none of the keys at hand',
      'age.damaged: it is damaged, or armored',
      'age.txt: it is damaged, or armored',
      'journal.copy: a copy of a journal; its key may be known',
      'json: a state in the clear',
    ]);
    for (const [path, bytes] of Object.entries(extra)) expect(full.get(path).equals(Buffer.from(bytes))).toBe(true);

    const again = await run(full, hand(alice, bob), { remove: [B] });
    expect(again.files.find(({ path }) => path.endsWith('for-bob'))?.done).toBe('sealed');
    expect(again.notes.join()).toContain('was not among the recipients');
  });

  it('removes what a run in between may have left', async () => {
    const disk = await stateFor({ recipients: [A, B] }, hand(alice));
    const extra = {
      'state/prod.keyform.journal.next': Buffer.from('x'),
      'state/.prod.keyform.journal.0123456789abcdef.tmp': Buffer.from('x'),
      'state/.prod.keyform.lock.0123456789abcdef.tmp': Buffer.from('x'),
      [`${SNAPSHOT}.2`]: disk.get(SNAPSHOT),
      [`${SNAPSHOT}.9`]: disk.get(SNAPSHOT),
    };
    const full = MemoryDisk.of({ ...disk.content(), ...extra });
    const swept = await sweep({
      folder: 'state',
      stack: 'prod',
      elsewhere: [],
      files: full,
      random: testRandom('sweep'),
      serial: 3,
      openings: [hand(alice)],
      sealing: { recipients: [A] },
    });
    expect(swept.map(({ path, done }) => `${done} ${path}`).sort()).toEqual([
      'removed state/.prod.keyform.journal.0123456789abcdef.tmp',
      `removed ${SNAPSHOT}.2`,
      'removed state/prod.keyform.journal.backup',
      'removed state/prod.keyform.journal.next',
      // A snapshot that another process, its lock forced away, is just writing.
      `sealed ${SNAPSHOT}.9`,
      `sealed ${SNAPSHOT}.backup`,
    ]);
    expect(await opened(full, hand(bob))).toEqual([SNAPSHOT]);
  });

  it('frees the lock when the disk fails, and finishes when it is well again', async () => {
    const disk = await stateFor({ recipients: [A, B] }, hand(alice));
    const full = MemoryDisk.of({ ...disk.content(), [`${SNAPSHOT}.mine`]: disk.get(SNAPSHOT) });
    full.fault = (step, path) => (step === 'write' && path === `${SNAPSHOT}.mine` ? 'EIO' : null);
    expect((await failure(run(full, hand(alice), { remove: [B] }))).code).toBe('state-io');
    expect(Object.keys(full.content()).filter((path) => path.includes('lock'))).toEqual([]);
    expect(await opened(full, hand(bob))).not.toContain(SNAPSHOT);
    full.fault = () => null;
    await run(full, hand(alice), { remove: [B] });
    expect(await opened(full, hand(bob))).toEqual([]);
  });

  it('seals facts that were rescued elsewhere', async () => {
    const disk = await stateFor({ recipients: [A, B] }, hand(alice));
    const { lineage } = (await testStore(disk, { ...hand(alice), recipients: [] }).read()).state;
    const { createHash } = await import('node:crypto');
    const mark = createHash('sha256').update(lineage).digest('hex').slice(0, 12);
    const path = `refuge/prod.keyform.rescue-${mark}0badcafe0bad.age`;
    const full = MemoryDisk.of({ ...disk.content(), [path]: await seal(Buffer.from('facts'), { recipients: [A, B] }) });
    const done = await run(full, hand(alice), { remove: [B] });
    expect(reported(done)).toContain(`sealed ${path}`);
    expect(await opened(full, hand(bob))).toEqual([]);
  });

  it('proves by looking: a file that kept its old keys is told', async () => {
    const disk = await stateFor({ recipients: [A, B] }, hand(alice));
    const extra = MemoryDisk.of({ ...disk.content(), 'state/prod.keyform.age.kept': disk.get(SNAPSHOT) });
    // A disk that says it wrote, and did not.
    const files = new Proxy(extra, {
      get(target, name) {
        const value = Reflect.get(target, name, target);
        if (name === 'replace') {
          return (path: string, bytes: Uint8Array, mode: number) =>
            path.endsWith('.kept') ? Promise.resolve() : target.replace(path, bytes, mode);
        }
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const done = await run(extra, hand(alice), { remove: [B] }, { files });
    expect(done.proof.failed).toEqual([
      { path: 'state/prod.keyform.age.kept', done: 'left', why: 'it is sealed for other keys than those asked for' },
    ]);

    // The same number of keys, but another's: found with the old identity at hand.
    const swapped = MemoryDisk.of({ ...disk.content(), 'state/prod.keyform.age.kept': disk.get(SNAPSHOT) });
    const other = new Proxy(swapped, {
      get(target, name) {
        const value = Reflect.get(target, name, target);
        if (name === 'replace') {
          return async (path: string, bytes: Uint8Array, mode: number) =>
            target.replace(
              path,
              path.endsWith('.kept') ? await seal(Buffer.from('x'), { recipients: [A, B] }) : bytes,
              mode,
            );
        }
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const told = await run(swapped, hand(alice, bob), { remove: [B], add: [C] }, { files: other });
    expect(told.proof.failed.map(({ why }) => why)).toEqual([
      'it still opens with a key that is to open nothing any more',
    ]);
  });

  it('after a crash at any step the state is whole, and running it again finishes', async () => {
    const start = await stateFor({ recipients: [A, B] }, hand(alice));
    const content = { ...start.content(), 'state/prod.keyform.age.mine': start.get(SNAPSHOT) };
    const before = await testStore(start, { ...hand(alice), recipients: [] }).read();
    const whole = MemoryDisk.of(content);
    await run(whole, hand(alice), { remove: [B] });
    const steps = whole.log.length;
    expect(steps).toBeGreaterThan(30);
    for (let step = 0; step < steps; step++) {
      const disk = MemoryDisk.of(content);
      disk.crashAt = step;
      await expect(run(disk, hand(alice), { remove: [B] })).rejects.toThrow();
      expect(disk.log).toHaveLength(step);
      const draw = testRandom(`crash ${step}`);
      const found = disk.reboot(() => draw.fraction());
      const read = await testStore(found, { ...hand(alice), recipients: [] }).read();
      expect(contentOf(read.state)).toBe(contentOf(before.state));
      const done = await run(found, hand(alice), { remove: [B] });
      expect(done.proof.failed).toEqual([]);
      expect(await opened(found, hand(bob))).toEqual([]);
      const after = await testStore(found, { ...hand(alice), recipients: [] }).read();
      expect(contentOf(after.state)).toBe(contentOf(before.state));
    }
  }, 60_000);

  it('changes nothing where it refuses', async () => {
    const disk = await stateFor({ recipients: [A, B] }, hand(alice));
    const before = disk.content();
    const slip = `${C.slice(0, -1)}${C.endsWith('q') ? 'p' : 'q'}`;
    const table: [Opening, Partial<RekeyOptions['request']>, string, string][] = [
      [hand(alice), { remove: [A] }, 'invalid-configuration', 'The identity in use is not among'],
      [hand(alice), { remove: [A, B] }, 'invalid-usage', 'That would leave no recipient'],
      [hand(alice), { add: [slip] }, 'invalid-configuration', 'is not valid'],
      [hand(alice), { add: ['age1nonsense'] }, 'invalid-configuration', '-add: "age1nonsense"'],
      [hand(alice), { add: [C], passphrase: new Secret('x') }, 'invalid-usage', '-passphrase cannot be given together'],
      [hand(alice), { add: [C], configured: [A] }, 'invalid-usage', 'stand in cdktf.json'],
      [
        hand(alice),
        { configured: [A], passphrase: new Secret('x') },
        'invalid-usage',
        'Take context.keyform.recipients away there',
      ],
      [hand(carol), {}, 'wrong-identity', 'cannot be opened with this identity'],
      [hand(), {}, 'no-identity', 'needs an age identity'],
    ];
    for (const [keys, request, code, text] of table) {
      const error = await failure(run(disk, keys, request));
      expect(error.code).toBe(code);
      expect(error.text).toContain(text);
    }
    expect((await failure(run(disk, hand(alice), {}, { stack: 'none' }))).text).toContain('has no state yet');
    const living = new Map([
      [7, 'started'],
      [8, 'started'],
    ]);
    const keys = { ...hand(alice), recipients: [] };
    const other = testStore(disk, keys, { process: testProcess(7, living) });
    const holder = await other.begin('apply', { lockTimeoutMs: 0 });
    const store = async (stateKeys: StateKeys, sealing: Sealing) =>
      testStore(disk, stateKeys, { sealing, process: testProcess(8, living) });
    expect((await failure(run(disk, hand(alice), { remove: [B] }, { store }))).code).toBe('state-locked');
    await holder.abandon();
    expect(disk.content()).toEqual(before);
  });

  it('does not undo another change of keys that came in between', async () => {
    const disk = await stateFor({ recipients: [A, B] }, hand(alice));
    let between: Promise<unknown> | null = null;
    const store = async (stateKeys: StateKeys, sealing: Sealing) => {
      between ??= run(disk, hand(alice), { remove: [B] });
      await between;
      return testStore(disk, stateKeys, { sealing });
    };
    const error = await failure(run(disk, hand(alice), { add: [C] }, { store }));
    expect(error).toMatchObject({ code: 'state-locked' });
    expect((await snapshotIn(disk, SNAPSHOT, hand(alice))).recipients).toEqual([A]);
    expect(Object.keys(disk.content()).filter((path) => path.includes('lock'))).toEqual([]);
  });
});

describe('whom a state is sealed for', () => {
  const under = { recipients: [], opening: words('old') };
  const forBoth = { recipients: [A, B], opening: hand(alice) };
  it.each<[string, Partial<RekeyOptions['request']>, typeof forBoth, string[] | string]>([
    ['the same, when nothing is asked for', {}, forBoth, [A, B]],
    ['those of cdktf.json', { configured: [A, C] }, forBoth, [A, C]],
    ['those of cdktf.json, from a passphrase', { configured: [A, C] }, under, [A, C]],
    ['one more', { add: [C] }, forBoth, [A, B, C]],
    ['one that is there', { add: [B] }, forBoth, [A, B]],
    ['one less', { remove: [B] }, forBoth, [A]],
    ['another', { add: [C], remove: [B] }, forBoth, [A, C]],
    ['a passphrase', { passphrase: new Secret('new') }, forBoth, 'new'],
    ['the same passphrase', {}, under, 'old'],
    ['recipients for the first time', { add: [A] }, under, [A]],
  ])('%s', async (_name, request, present, wanted) => {
    const { sealing } = await chooseSealing({ ...NOTHING, ...request }, present, hand(alice));
    expect('recipients' in sealing ? sealing.recipients : sealing.passphrase.reveal()).toEqual(wanted);
  });

  it.each<[string, Partial<RekeyOptions['request']>, Opening, string]>([
    ['one less', { remove: [A] }, hand(alice), 'has no recipients to remove'],
    ['recipients without an identity', { add: [A] }, words('old'), 'No identity is at hand'],
    ['those of cdktf.json without an identity', { configured: [A] }, words('old'), 'No identity is at hand'],
    ['somebody else', { add: [A] }, hand(bob), 'The identity in use is not among'],
  ])('from a passphrase, not %s', async (_name, request, keys, text) => {
    expect((await failure(chooseSealing({ ...NOTHING, ...request }, under, keys))).text).toContain(text);
  });
});
