import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { applyEntry, emptyState, type JournalEntry, type MutableState, type State } from '../../src/core/state.ts';
import { encodeEntry } from '../../src/state/format.ts';
import { generateIdentity, identityToRecipient, type StateKeys } from '../../src/state/keys.ts';
import {
  findRescues,
  mergeRescue,
  openRescue,
  type Rescue,
  type RescuedEntry,
  type RescueOptions,
  withoutKey,
  writeRescue,
} from '../../src/state/rescue.ts';
import { open, seal } from '../../src/state/seal.ts';
import { creation, generation, IDENTITY, intent, KEYS, SECRET, START, testClock, testRandom } from './fixture.ts';
import { MemoryDisk } from './memory.ts';

const LINEAGE = '3f0c2c4e-5d0e-4e62-9a4f-0d7a6c1b2e11';
const MARK = createHash('sha256').update(LINEAGE).digest('hex').slice(0, 12);
const SNAPSHOT = 'state/prod.keyform.age';
const A = 'keyform_outscale_access_key.a';
const B = 'keyform_outscale_access_key.b';

const [, CREATED] = creation(A);

const ATTEMPT = intent(`intent ${A} 1`, A);

function options(disk: MemoryDisk, changes: Partial<RescueOptions> = {}): RescueOptions {
  return {
    paths: { snapshot: SNAPSHOT },
    stack: 'prod',
    files: disk,
    clock: testClock(),
    random: testRandom('rescue'),
    keys: KEYS,
    recipients: [],
    refuges: ['/home/rescue', '/project'],
    base: { lineage: LINEAGE, serial: 4, records: 2 },
    entries: [CREATED],
    ...changes,
  };
}

const withSnapshot = () => MemoryDisk.of({ [SNAPSHOT]: Buffer.from('x') });

describe('writing', () => {
  it('goes to the state folder, sealed, and is read again as it was', async () => {
    const disk = withSnapshot();
    const path = await writeRescue(options(disk));
    expect(path).toMatch(new RegExp(`^state/prod\\.keyform\\.rescue-${MARK}[0-9a-f]{12}\\.age$`));
    const bytes = disk.get(path ?? '');
    expect(bytes.toString('latin1')).not.toContain(SECRET);
    expect(JSON.parse(Buffer.from(await open(bytes, KEYS, 'x')).toString())).toEqual({
      format: 'keyform-rescue',
      version: 2,
      lineage: LINEAGE,
      stack: 'prod',
      serial: 4,
      records: 2,
      at: new Date(START).toISOString(),
      entries: [JSON.parse(encodeEntry(CREATED))],
    });
    const rescue = await openRescue(bytes, KEYS, path ?? '');
    expect(rescue).toMatchObject({ lineage: LINEAGE, stack: 'prod', serial: 4, records: 2 });
    expect(rescue.entries.map(encodeEntry)).toEqual([encodeEntry(CREATED)]);
  });

  it.each<[string, (path: string) => boolean, RegExp]>([
    ['the state folder', (path) => path.startsWith('state/'), /^\/home\/rescue\/prod/],
    ['the state folder and the first refuge', (path) => !path.startsWith('/project/'), /^\/project\/prod/],
  ])('goes elsewhere when %s is full', async (_, isFull, place) => {
    const disk = withSnapshot();
    disk.fault = (step, path) => (step === 'write' && isFull(path) ? 'ENOSPC' : null);
    const path = await writeRescue(options(disk));
    expect(path).toMatch(place);
    expect((await openRescue(disk.get(path ?? ''), KEYS, 'x')).entries).toHaveLength(1);
  });

  it('takes the state folder last when the snapshot is not in it: its disk may not be mounted', async () => {
    expect(await writeRescue(options(new MemoryDisk()))).toMatch(/^\/home\/rescue\//);
    const only = await writeRescue(options(new MemoryDisk(), { refuges: [] }));
    expect(only).toMatch(/^state\//);
  });

  it('is told to be nowhere when no place takes it, or nothing can be sealed, and throws nothing', async () => {
    const disk = withSnapshot();
    const tried: string[] = [];
    disk.fault = (step, path) => {
      if (step === 'write') tried.push(path);
      return step === 'write' ? 'EROFS' : null;
    };
    expect(await writeRescue(options(disk))).toBeNull();
    expect(tried).toEqual([
      expect.stringContaining('state/'),
      expect.stringContaining('/home/rescue/'),
      expect.stringContaining('/project/'),
    ]);
    expect(await writeRescue(options(withSnapshot(), { keys: null }))).toBeNull();
  });

  it('is one file for one run, as long as its place takes it', async () => {
    const disk = withSnapshot();
    const random = testRandom('one run');
    const previous = await writeRescue(options(disk, { random }));
    const entries = [CREATED, creation(B)[1]];
    const second = await writeRescue(options(disk, { random, previous, entries }));
    expect(second).toBe(previous);
    expect((await openRescue(disk.get(previous ?? ''), KEYS, 'x')).entries).toHaveLength(2);
    disk.fault = (step, path) => (step === 'write' && path.startsWith('state/') ? 'ENOSPC' : null);
    const third = await writeRescue(options(disk, { random, previous, entries }));
    expect(third).toMatch(/^\/home\/rescue\//);
    expect((await openRescue(disk.get(previous ?? ''), KEYS, 'x')).entries).toHaveLength(2);
  });

  it('is sealed for whom the state is sealed for', async () => {
    const [mine, other] = await Promise.all([generateIdentity(), generateIdentity()]);
    const keysOf = (identity: Secret): StateKeys => ({ identities: [identity], passphrase: null, recipients: [] });
    const disk = withSnapshot();
    const recipients = [mine.recipient, other.recipient];
    const path = await writeRescue(options(disk, { keys: keysOf(mine.identity), recipients }));
    expect((await openRescue(disk.get(path ?? ''), keysOf(other.identity), 'x')).entries).toHaveLength(1);
    await expect(openRescue(disk.get(path ?? ''), KEYS, 'x')).rejects.toMatchObject({ code: 'wrong-identity' });
    const sealing = { passphrase: new Secret('five random words') };
    const under = await writeRescue(options(disk, { sealing, random: testRandom('two') }));
    const opening = { identities: [], passphrase: sealing.passphrase };
    expect((await openRescue(disk.get(under ?? ''), opening, 'x')).entries).toHaveLength(1);
  });
});

describe('finding', () => {
  it('finds the files of this state by their names, in every folder, and no others', async () => {
    const other = createHash('sha256').update('other').digest('hex').slice(0, 12);
    const names = [
      `state/prod.keyform.rescue-${MARK}aa.age`,
      `/project/prod.keyform.rescue-${MARK}bb.age`,
      `/project/prod.keyform.rescue-${other}cc.age`,
    ];
    const no = [
      `state/prod.keyform.rescue-${MARK}aa.age.tmp`,
      `state/.prod.keyform.rescue-${MARK}aa.age.1.tmp`,
      `state/prod2.keyform.rescue-${MARK}aa.age`,
      `state/prod.keyform.rescue-${MARK}xy.age`,
      SNAPSHOT,
    ];
    const disk = MemoryDisk.of(Object.fromEntries([...names, ...no].map((name) => [name, Buffer.from('x')])));
    const folders = ['state', '/nowhere', '/project', 'state'];
    expect(await findRescues(disk, { stack: 'prod', lineage: LINEAGE, folders })).toEqual({
      paths: names.slice(0, 2),
      notes: [],
    });
    const all = await findRescues(disk, { stack: 'prod', lineage: null, folders });
    expect([...all.paths].sort()).toEqual([...names].sort());
    const path = await writeRescue(options(disk));
    const found = await findRescues(disk, { stack: 'prod', lineage: LINEAGE, folders });
    expect(found.paths).toContain(path);
  });

  it('notes a folder that cannot be read, and goes on', async () => {
    const disk = MemoryDisk.of({ [`/project/prod.keyform.rescue-${MARK}bb.age`]: Buffer.from('x') });
    const files = Object.assign(Object.create(disk), {
      list: (path: string) =>
        path === 'state' ? Promise.reject(Object.assign(new Error('no'), { code: 'EACCES' })) : disk.list(path),
    }) as MemoryDisk;
    const found = await findRescues(files, { stack: 'prod', lineage: LINEAGE, folders: ['state', '/project'] });
    expect(found.paths).toHaveLength(1);
    expect(found.notes).toEqual([expect.stringContaining('state cannot be read (EACCES)')]);
  });
});

describe('opening', () => {
  const good = {
    format: 'keyform-rescue',
    version: 2,
    lineage: LINEAGE,
    stack: 'prod',
    serial: 4,
    records: 2,
    at: 'x',
  };
  const entries = [JSON.parse(encodeEntry(CREATED))];
  const sealed = async (text: string) =>
    seal(Buffer.from(text), { recipients: [await identityToRecipient(new Secret(IDENTITY))] });

  it.each<[string, string, string, string]>([
    [
      'another kind',
      JSON.stringify({ ...good, format: 'keyform-state' }),
      'wrong-kind',
      'calls itself "keyform-state"',
    ],
    ['a newer version', JSON.stringify({ ...good, version: 3, more: 1 }), 'newer-state', 'version 3'],
    ['no JSON', `{"secret":"${SECRET}`, 'damaged-state', 'is not JSON'],
    ['no object', '[]', 'damaged-state', 'at its root'],
    ['no entries', JSON.stringify({ ...good, entries: [] }), 'damaged-state', 'at entries'],
    ['a field missing', JSON.stringify({ ...good, serial: undefined, entries }), 'damaged-state', 'at serial'],
    ['a field more', JSON.stringify({ ...good, entries, [SECRET.slice(0, 3)]: SECRET }), 'damaged-state', 'form'],
    [
      'a strange entry',
      JSON.stringify({ ...good, entries: [...entries, { kind: 'created', intent: SECRET }] }),
      'damaged-state',
      'entry 2,',
    ],
    [
      'a fact that is none of an attempt',
      JSON.stringify({ ...good, entries: [...entries, { kind: 'tainted', address: A, reason: SECRET }] }),
      'damaged-state',
      'entry 2, is of a kind that no rescue file holds: tainted',
    ],
  ])('refuses %s, without quoting it', async (_, text, code, words) => {
    const error: unknown = await openRescue(await sealed(text), KEYS, 'the file').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
    expect(String((error as Error).message)).toContain('the file');
    for (let each: unknown = error; each instanceof Error; each = each.cause) {
      expect(`${each.message} ${JSON.stringify(each)}`).not.toContain(SECRET);
    }
  });

  it('reads version 1, which knew fewer kinds of facts', async () => {
    const rescue = await openRescue(await sealed(JSON.stringify({ ...good, version: 1, entries })), KEYS, 'x');
    expect(rescue.entries.map(encodeEntry)).toEqual([encodeEntry(CREATED)]);
  });

  it('refuses what does not open, and never speaks of a backup that there is none of', async () => {
    const bytes = Buffer.from(await sealed(JSON.stringify({ ...good, entries })));
    expect((await openRescue(bytes, KEYS, 'x')).entries).toHaveLength(1);
    const flipped = Buffer.from(bytes);
    flipped[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    const errors = await Promise.all(
      [flipped, bytes.subarray(0, -1), Buffer.alloc(0), Buffer.from('hello')].map((each) =>
        openRescue(each, KEYS, 'x').then(
          () => null,
          (thrown: unknown) => thrown,
        ),
      ),
    );
    expect(errors).toMatchObject([
      { code: 'damaged-state' },
      { code: 'damaged-state' },
      { code: 'empty-state' },
      { code: 'damaged-state' },
    ]);
    for (const error of errors) expect((error as { detail: string }).detail).not.toContain('.backup');
    await expect(openRescue(bytes, null, 'x')).rejects.toMatchObject({ code: 'no-identity' });
  });
});

describe('merging', () => {
  const rescued = (entries: readonly RescuedEntry[], serial = 4): Rescue => ({
    lineage: LINEAGE,
    stack: 'prod',
    serial,
    records: 0,
    at: 'x',
    entries,
  });
  function stateOf(entries: readonly JournalEntry[], serial = 4): MutableState {
    const state = { ...emptyState('prod', LINEAGE), serial };
    for (const entry of entries) applyEntry(state, entry);
    return state;
  }
  const kinds = (entries: readonly JournalEntry[]) => entries.map(({ kind }) => kind);
  const asked: RescuedEntry = { kind: 'intent', intent: ATTEMPT };
  const secretOf = (state: State, address: string) => state.resources.get(address)?.current?.secret?.reveal() ?? null;

  it('puts the result of an open attempt in, once, and leaves the state that it was given as it is', () => {
    const state = stateOf([asked]);
    const rescue = rescued([asked, CREATED]);
    const merge = mergeRescue(state, rescue);
    expect(merge).toMatchObject({ entries: [CREATED], done: 1, conflicts: [] });
    expect([state.resources.size, state.intents.size]).toEqual([0, 1]);
    expect(secretOf(merge.state, A)).toBe(`${SECRET}-1`);
    // The same when it is read again, and when the entries went through the journal.
    expect(mergeRescue(merge.state, rescue)).toMatchObject({ entries: [], done: 2, conflicts: [] });
    for (const entry of merge.entries) applyEntry(state, entry);
    expect(mergeRescue(state, rescue)).toMatchObject({ entries: [], conflicts: [] });
  });

  it('begins an attempt again that an older state does not know, but never behind a newer key', () => {
    const merge = mergeRescue(stateOf([], 2), rescued([asked, CREATED]));
    expect(kinds(merge.entries)).toEqual(['intent', 'created']);
    expect(secretOf(merge.state, A)).toBe(`${SECRET}-1`);
    const replaced: JournalEntry = {
      kind: 'created',
      intent: ATTEMPT.id,
      generation: generation(1, { id: 'another' }),
      dependencies: [],
    };
    const moved = stateOf([asked, replaced]);
    expect(mergeRescue(moved, rescued([asked, CREATED]))).toMatchObject({
      entries: [],
      conflicts: [`"created" of ${A} (key id-1)`],
    });
    expect(mergeRescue(stateOf([]), rescued([CREATED])).conflicts).toEqual(['"created" (key id-1)']);
  });

  it('knows a key by its id wherever its address went, and gives it the secret that it lacks', () => {
    const renamed = stateOf([asked, CREATED, { kind: 'moved', from: A, to: B }], 5);
    expect(mergeRescue(renamed, rescued([CREATED]))).toMatchObject({ entries: [], done: 1, conflicts: [] });
    const bare = generation(1, { secret: null, attributes: { seen: 'later' } });
    const imported = stateOf([asked, { kind: 'created', intent: ATTEMPT.id, generation: bare, dependencies: [] }], 5);
    const merge = mergeRescue(imported, rescued([CREATED]));
    expect(kinds(merge.entries)).toEqual(['refreshed']);
    expect(merge.state.resources.get(A)?.current).toMatchObject({ attributes: { seen: 'later' } });
    expect(secretOf(merge.state, A)).toBe(`${SECRET}-1`);
  });

  it('never takes a key of another cloud, or another secret, for the one that was rescued', () => {
    const foreign = intent('other', B, { type: 'keyform_sinch_access_key' });
    const state = stateOf([
      { kind: 'intent', intent: foreign },
      { kind: 'created', intent: 'other', generation: generation(1, { secret: null }), dependencies: [] },
      asked,
    ]);
    const merge = mergeRescue(state, rescued([CREATED]));
    expect(kinds(merge.entries)).toEqual(['created']);
    expect(secretOf(merge.state, B)).toBeNull();
    const regenerated = stateOf([asked, CREATED]);
    const other: RescuedEntry = {
      ...CREATED,
      kind: 'created',
      intent: ATTEMPT.id,
      generation: generation(1, { secret: new Secret('another') }),
      dependencies: [],
    };
    expect(mergeRescue(regenerated, rescued([other])).conflicts).toEqual(['"created" (key id-1)']);
  });

  it('puts an arrived secret in, or says that it cannot', () => {
    const arrived: RescuedEntry = { kind: 'arrived', intent: ATTEMPT.id, secret: new Secret('only here'), keyId: null };
    const merge = mergeRescue(stateOf([asked]), rescued([arrived]));
    expect(kinds(merge.entries)).toEqual(['arrived']);
    expect(mergeRescue(merge.state, rescued([arrived]))).toMatchObject({ entries: [], done: 1, conflicts: [] });
    expect(kinds(mergeRescue(stateOf([]), rescued([asked, arrived])).entries)).toEqual(['intent', 'arrived']);
    expect(mergeRescue(stateOf([]), rescued([arrived]))).toMatchObject({ entries: [], conflicts: ['"arrived"'] });
    const taken = stateOf([asked, { ...arrived, secret: new Secret('another') }]);
    expect(mergeRescue(taken, rescued([arrived])).conflicts).toEqual([`"arrived" of ${A}`]);
    const made = generation(1, { secret: new Secret('only here') });
    const whole = stateOf([asked, { kind: 'created', intent: ATTEMPT.id, generation: made, dependencies: [] }]);
    expect(mergeRescue(whole, rescued([arrived]))).toMatchObject({ entries: [], done: 1, conflicts: [] });
  });

  it('ends attempts on keys that are still open, and no others', () => {
    const update = intent('u', A, { operation: 'update', keyId: 'id-1' });
    const gone = intent('d', A, { operation: 'delete', keyId: 'id-1' });
    const base: JournalEntry[] = [asked, CREATED, { kind: 'intent', intent: update }, { kind: 'intent', intent: gone }];
    const changed = generation(1, { args: { tag: 'new' } });
    const facts: RescuedEntry[] = [
      { kind: 'updated', intent: 'u', generation: changed },
      { kind: 'deleted', intent: 'd' },
    ];
    const merge = mergeRescue(stateOf(base), rescued(facts));
    expect(kinds(merge.entries)).toEqual(['updated', 'deleted']);
    expect(merge.state.resources.size).toBe(0);
    const settled = stateOf([...base, { kind: 'settled', intent: 'u' }, { kind: 'settled', intent: 'd' }]);
    expect(mergeRescue(settled, rescued(facts))).toMatchObject({ entries: [], done: 2, conflicts: [] });
    // A new secret of an ended attempt is not passed over.
    const secret: RescuedEntry = {
      kind: 'updated',
      intent: 'u',
      generation: generation(1, { secret: new Secret('new') }),
    };
    expect(mergeRescue(settled, rescued([secret])).conflicts).toEqual(['"updated" (key id-1)']);
    // Its key is gone from the state: it contradicts.
    const lost = stateOf([...base, { kind: 'forgotten', address: A, generation: 1 }]);
    expect(mergeRescue(lost, rescued([secret])).conflicts).toEqual([`"updated" of ${A} (key id-1)`]);
  });

  it('never begins an attempt again that a later snapshot may have ended', () => {
    const arrived: RescuedEntry = {
      kind: 'arrived',
      intent: ATTEMPT.id,
      secret: new Secret('only here'),
      keyId: 'id-1',
    };
    for (const fact of [CREATED, arrived]) {
      const file = rescued([asked, fact], 4);
      // The state is behind, or at, the snapshot: it was put back. Beyond it the key may have been deleted.
      for (const serial of [3, 4]) {
        expect(kinds(mergeRescue(stateOf([], serial), file).entries)).toEqual(['intent', fact.kind]);
      }
      const spent = mergeRescue(stateOf([], 5), file);
      expect(spent).toMatchObject({ entries: [], outlived: true });
      expect(spent.conflicts).toEqual([expect.stringContaining(`"${fact.kind}" of ${A}`)]);
      // An attempt that is open still waits for its result.
      expect(mergeRescue(stateOf([asked], 9), file)).toMatchObject({ entries: [fact], conflicts: [], outlived: false });
      // A newer key at the address stays the one in use.
      const living = stateOf([...creation(A, 2)], 4);
      const behind = mergeRescue(living, rescued([asked, fact], 4));
      expect(behind).toMatchObject({ entries: [], outlived: false });
      expect(behind.conflicts).toHaveLength(1);
    }
    expect(mergeRescue(stateOf([asked, CREATED], 9), rescued([asked, CREATED]))).toMatchObject({
      conflicts: [],
      outlived: false,
    });
  });

  it('goes on where one file left off, and refuses another state', () => {
    const [alsoAsked, alsoCreated] = creation(B, 2);
    const first = mergeRescue(stateOf([asked, alsoAsked]), rescued([CREATED]));
    const second = mergeRescue(first.state, rescued([CREATED, alsoCreated]));
    expect(second).toMatchObject({ done: 1, conflicts: [] });
    expect([...second.state.resources.keys()].sort()).toEqual([A, B]);
    for (const changes of [{ lineage: 'other' }, { stack: 'test' }]) {
      expect(() => mergeRescue(stateOf([]), { ...rescued([CREATED]), ...changes })).toThrow(/another state/);
    }
  });

  describe('a secret that was regenerated', () => {
    const renew = (from: number, to: number): [RescuedEntry, RescuedEntry] => [
      {
        kind: 'intent',
        intent: intent(`renew ${from}`, A, { operation: 'regenerate', generation: from, keyId: 'id-1' }),
      },
      {
        kind: 'regenerated',
        intent: `renew ${from}`,
        generation: generation(to, {
          id: 'id-1',
          accessKeyId: 'AK1',
          secret: new Secret(`${SECRET}-renewed-${to}`),
          renewedAt: `2026-05-0${to}T00:00:00.000Z`,
        }),
      },
    ];
    const [begun, renewed] = renew(1, 2);
    const [begunLater, renewedLater] = renew(2, 3);
    const made = [asked, CREATED];

    it('goes to its open attempt, once', () => {
      const merge = mergeRescue(stateOf([...made, begun], 9), rescued([begun, renewed]));
      expect(merge).toMatchObject({ entries: [renewed], conflicts: [], outlived: false });
      expect(secretOf(merge.state, A)).toBe(`${SECRET}-renewed-2`);
      expect(mergeRescue(merge.state, rescued([begun, renewed]))).toMatchObject({ entries: [], conflicts: [] });
    });

    it('begins its attempt again on a state that was put back and has the key as it was, and on no other', () => {
      const merge = mergeRescue(stateOf(made, 3), rescued([begun, renewed]));
      expect(kinds(merge.entries)).toEqual(['intent', 'regenerated']);
      expect(secretOf(merge.state, A)).toBe(`${SECRET}-renewed-2`);
      for (const [entries, serial] of [
        [made, 5],
        [[...made, ...creation(A, 2)], 3],
        [[], 3],
        [
          creation(A, 1).map((entry) =>
            entry.kind === 'created' ? { ...entry, generation: generation(1, { id: 'x' }) } : entry,
          ),
          3,
        ],
      ] as const) {
        const no = mergeRescue(stateOf(entries, serial), rescued([begun, renewed]));
        expect(no.entries).toEqual([]);
        expect(no.conflicts).toEqual([`"regenerated" of ${A} (key id-1)`]);
      }
    });

    it('and the one before it are in one file with the making of the key', () => {
      const file = rescued([...made, begun, renewed]);
      for (const state of [stateOf([]), stateOf([asked]), stateOf(made)]) {
        const merge = mergeRescue(state, file);
        expect(merge.conflicts).toEqual([]);
        expect(secretOf(merge.state, A)).toBe(`${SECRET}-renewed-2`);
        expect(mergeRescue(merge.state, file)).toMatchObject({ entries: [], conflicts: [] });
      }
    });

    it('that was regenerated again since is of no use to anybody, nor is the first one', () => {
      const state = stateOf([...made, begun, renewed, begunLater, renewedLater], 9);
      const file = rescued([...made, begun, renewed, begunLater, renewedLater]);
      expect(mergeRescue(state, file)).toMatchObject({ entries: [], conflicts: [], outlived: false });
      expect(secretOf(state, A)).toBe(`${SECRET}-renewed-3`);
    });

    it('is never replaced by an earlier one where the state lacks it', () => {
      const bare = generation(2, {
        id: 'id-1',
        accessKeyId: 'AK1',
        secret: null,
        renewedAt: '2026-05-02T00:00:00.000Z',
      });
      const state = stateOf([...made, begun, { kind: 'regenerated', intent: 'renew 1', generation: bare }]);
      const merge = mergeRescue(state, rescued(made));
      expect(merge).toMatchObject({ entries: [], conflicts: [`"created" of ${A} (key id-1)`] });
      expect(secretOf(merge.state, A)).toBeNull();
    });
  });

  it('keeps an address without a key whose next one was made', () => {
    const [nextAsked, nextMade] = creation(A, 2);
    const gone: RescuedEntry = { kind: 'intent', intent: intent('d', A, { operation: 'delete', keyId: 'id-1' }) };
    const facts: RescuedEntry[] = [gone, { kind: 'deleted', intent: 'd', replaced: true }, nextAsked, nextMade];
    const merge = mergeRescue(stateOf([asked, CREATED, gone, nextAsked]), rescued(facts));
    expect(kinds(merge.entries)).toEqual(['deleted', 'created']);
    expect(merge.state.resources.get(A)).toMatchObject({ current: { number: 2 }, deposed: [], lastGeneration: 2 });
    const half = mergeRescue(stateOf([asked, CREATED, gone]), rescued(facts.slice(0, 2)));
    expect(half.state.resources.get(A)).toMatchObject({ current: null, deposed: [], lastGeneration: 1 });
  });

  it('says nothing secret in its conflicts', () => {
    const merge = mergeRescue(stateOf([]), rescued([CREATED]));
    expect(merge.conflicts).toHaveLength(1);
    expect(JSON.stringify(merge.conflicts)).not.toContain(SECRET);
  });
});

describe('forgetting', () => {
  it('leaves out what was made as the forgotten key, with its attempt, and nothing else', () => {
    const entries = [...creation(A), ...creation(A, 2), ...creation(B)];
    const ids = (left: readonly RescuedEntry[]) =>
      left.map((entry) => (entry.kind === 'intent' ? entry.intent.id : entry.kind));
    expect(ids(withoutKey(entries, { address: A, generation: 1 }))).toEqual([
      `intent ${A} 2`,
      'created',
      `intent ${B} 1`,
      'created',
    ]);
    expect(withoutKey(entries, { address: B, generation: 2 })).toEqual(entries);
    // With all the secrets that it had.
    const renewed: RescuedEntry[] = [
      { kind: 'intent', intent: intent('renew', A, { operation: 'regenerate', keyId: 'id-1' }) },
      { kind: 'regenerated', intent: 'renew', generation: generation(3, { id: 'id-1' }) },
    ];
    expect(ids(withoutKey([...entries, ...renewed], { address: A, generation: 3 }))).toEqual([
      `intent ${A} 2`,
      'created',
      `intent ${B} 1`,
      'created',
    ]);
  });
});
