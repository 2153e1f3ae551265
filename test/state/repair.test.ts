import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { applyEntry, type emptyState, type State } from '../../src/core/state.ts';
import { readHistory } from '../../src/state/audit.ts';
import { encodeSnapshot } from '../../src/state/format.ts';
import { NO_HISTORY } from '../../src/state/history.ts';
import { inspectState } from '../../src/state/inspect.ts';
import { generateIdentity, identityToRecipient } from '../../src/state/keys.ts';
import { planRepair, repairState } from '../../src/state/repair.ts';
import { writeRescue } from '../../src/state/rescue.ts';
import { seal } from '../../src/state/seal.ts';
import { loadState } from '../../src/state/snapshot.ts';
import { care } from '../fuzz/care.ts';
import { type Folder, keysIn, makeSpecimen, recordsOf, storeOn } from '../fuzz/folder.ts';
import { BACKUP, JOURNAL, JOURNAL_BACKUP, SNAPSHOT } from '../fuzz/mutation.ts';
import { contentOf, creation, generation, intent, KEYS, SECRET } from './fixture.ts';
import { MemoryDisk } from './memory.ts';

const HISTORY = 'state/prod.keyform.history';

async function specimen() {
  return makeSpecimen();
}

async function repair(disk: MemoryDisk, options: Parameters<typeof care>[1] = {}) {
  return repairState(care(disk, options), { lockTimeoutMs: 0, approve: async () => {} });
}

function changed(folder: Folder, changes: Record<string, Buffer | null>): MemoryDisk {
  const entries = Object.entries({ ...folder, ...changes }).filter(
    (entry): entry is [string, Buffer] => entry[1] !== null,
  );
  return MemoryDisk.of(Object.fromEntries(entries));
}

function flipped(file: Buffer | undefined, at: number, mask = 0xff): Buffer {
  const copy = Buffer.from(file ?? []);
  const place = at < 0 ? copy.length + at : at;
  copy.writeUInt8(copy.readUInt8(place) ^ mask, place);
  return copy;
}

async function read(disk: MemoryDisk): Promise<State> {
  return (await storeOn(disk).read()).state;
}

/** A sealed snapshot of the lineage in `folder`, as the present state with `change` made to it. */
async function sealed(
  folder: Folder,
  change: (state: ReturnType<typeof emptyState>) => void,
  serial = 9,
): Promise<Buffer> {
  const { snapshot } = await loadState(care(MemoryDisk.of({ ...folder })));
  if (snapshot === null) throw new Error('the specimen does not open');
  const state = { ...snapshot.state, serial };
  change(state);
  const recipient = await identityToRecipient(KEYS.identities[0] as (typeof KEYS.identities)[0]);
  const bytes = encodeSnapshot({
    state,
    recipients: [recipient],
    journalKey: new Uint8Array(32),
    history: NO_HISTORY,
    folded: null,
  });
  return Buffer.from(await seal(bytes, { recipients: [recipient] }));
}

describe('a repair', () => {
  it('of a whole state does nothing, and writes nothing', async () => {
    const { folder } = await specimen();
    const disk = MemoryDisk.of({ ...folder });
    const { plan, serial, kept } = await repair(disk);
    expect({ plan, serial, kept }).toMatchObject({
      plan: { steps: [], losses: [], advice: [], blocked: null },
      serial: null,
      kept: [],
    });
    expect(disk.content()).toEqual({ ...folder });
  });

  it.each([
    ['damaged', (file: Buffer) => flipped(file, -1)],
    ['empty', () => Buffer.alloc(0)],
    ['cut off', (file: Buffer) => file.subarray(0, 800)],
    ['missing', () => null],
  ])('rebuilds a snapshot that is %s, and loses nothing', async (how, damage) => {
    const { older, folder, whole, folded } = await specimen();
    const disk = changed(folder, { [SNAPSHOT]: damage(folder[SNAPSHOT] as Buffer) });
    const before = disk.content();
    const { plan, kept } = await repair(disk);
    const content = contentOf(await read(disk));
    // Of a snapshot that is damaged behind its header the key of its journal can still be had; it proves itself by opening it.
    const isReadable = how === 'damaged' || how === 'cut off';
    expect(content).toBe(isReadable ? whole : folded);
    expect(plan.losses).toHaveLength(isReadable ? 0 : 1);
    expect(plan.steps[0]).toContain(`is rebuilt from ${BACKUP} and ${JOURNAL_BACKUP}`);
    for (const path of kept) expect(path).toMatch(/\.damaged-[0-9a-f]{12}$/);
    for (const [path, bytes] of Object.entries(before)) {
      if (path !== HISTORY)
        expect(
          Object.values(disk.content()).some((other) => other.equals(bytes)),
          path,
        ).toBe(true);
    }
    expect(disk.get(BACKUP)).toEqual(folder[BACKUP]);
    expect(older).not.toEqual(folder);
    expect((await inspectState(care(disk))).damaged).toBe(false);
    // A run goes on from there.
    const session = await storeOn(disk).begin('apply', { lockTimeoutMs: 0 });
    expect(contentOf(session.state)).toBe(content);
    await session.close();
  });

  it('with nothing but the backup says since when, and what the history tells of', async () => {
    const { folder, olderWhole } = await specimen();
    const disk = changed(folder, {
      [SNAPSHOT]: flipped(folder[SNAPSHOT], 60),
      [JOURNAL]: null,
      [JOURNAL_BACKUP]: null,
    });
    const { plan } = await repair(disk);
    expect(contentOf(await read(disk))).toBe(olderWhole);
    expect(plan.losses).toEqual([
      'What was done after snapshot 2, 2026-03-04T05:06:07.000Z, is in no file here. The history tells of: created t.b (key id-t.b-1); tainted t.a (key id-t.a-1); created t.c (key id-t.c-1).',
    ]);
    // Those lines are not lost with it.
    expect(Object.keys(disk.content()).filter((path) => path.startsWith(`${HISTORY}.damaged-`))).toHaveLength(1);
  });

  it('has all records of a journal back that are authentic, and names what is lost and what hangs on it', async () => {
    const { folder } = await specimen();
    const journal = folder[JOURNAL] as Buffer;
    const [first] = recordsOf(journal);
    const bytes = Buffer.from(journal);
    bytes.fill(0x55, (first?.start ?? 0) + 40, (first?.start ?? 0) + 60);
    const disk = changed(folder, { [JOURNAL]: bytes });
    await expect(read(disk)).rejects.toMatchObject({ code: 'damaged-state' });
    const { plan } = await repair(disk);
    expect(plan.losses).toEqual([
      `Of ${JOURNAL}: record 1 is lost. What it told is in no file here.`,
      `Of ${JOURNAL}, record 2: "created" of key id-t.a-2 (generation 2), access key id AK-t.a-2: it does not fit without what is lost, and stays, sealed, in the file that is set aside.`,
      `Of ${JOURNAL}, record 3: "deposed" of t.a: it does not fit without what is lost, and stays, sealed, in the file that is set aside.`,
    ]);
    const keys = keysIn(await read(disk));
    expect(keys.filter((key) => key.startsWith('t.a '))).toEqual([]);
    expect(keys).toContain(`t.d id-t.d-1 ${SECRET}-t.d-1`);
  });

  it('puts records into their order again, and mends a bit', async () => {
    const { folder, whole } = await specimen();
    const journal = folder[JOURNAL] as Buffer;
    const records = recordsOf(journal).map(({ start, end }) => journal.subarray(start, end));
    const mixed = Buffer.concat([journal.subarray(0, 512), ...records.toReversed(), Buffer.alloc(512)]);
    const middle = recordsOf(journal)[1]?.start ?? 0;
    for (const bytes of [
      mixed,
      flipped(journal, middle + 200, 4),
      flipped(journal, middle + 3, 1),
      flipped(journal, 20),
    ]) {
      const disk = changed(folder, { [JOURNAL]: bytes });
      await expect(read(disk)).rejects.toMatchObject({ code: 'damaged-state' });
      const { plan } = await repair(disk);
      expect(plan.losses).toEqual([]);
      expect(contentOf(await read(disk))).toBe(whole);
    }
  });

  it('sets a journal aside that is of another state, or whose snapshot is not here, and says which one to look for', async () => {
    const { folder, older, folded, olderWhole } = await specimen();
    const foreign = await makeSpecimen('prod', '-foreign');
    const other = changed(folder, { [JOURNAL]: foreign.folder[JOURNAL] as Buffer });
    const { plan } = await repair(other);
    expect(plan.losses).toEqual([
      expect.stringMatching(
        /journal belongs to another state, lineage [-0-9a-f]{36}: .*Put it back beside its snapshot 3\.$/,
      ),
    ]);
    expect(contentOf(await read(other))).toBe(folded);

    const back = changed(folder, { [SNAPSHOT]: older[SNAPSHOT] as Buffer, [BACKUP]: null, [JOURNAL_BACKUP]: null });
    const second = await repair(back);
    expect(second.plan.losses).toEqual([expect.stringContaining('its key is in snapshot 3, which is not here.')]);
    expect(contentOf(await read(back))).toBe(olderWhole);
    expect(Object.keys(back.content()).some((path) => path.startsWith(`${JOURNAL}.damaged-`))).toBe(true);
    expect((await read(back)).serial).toBeGreaterThan(3);
  });

  it('knows an older snapshot that was put back by the journal that was folded into a newer one', async () => {
    const { folder, folded } = await specimen();
    const disk = changed(folder, { [SNAPSHOT]: folder[BACKUP] as Buffer, [JOURNAL]: null });
    const { plan } = await repair(disk);
    expect(plan.steps[0]).toContain('is an older snapshot that was put back');
    expect(contentOf(await read(disk))).toBe(folded);
  });

  it('takes over what a snapshot knows that was overtaken, and leaves keys for which there is no place', async () => {
    const { folder } = await specimen();
    const gone = changed(folder, {});
    const conflict = await sealed(folder, (state) => {
      for (const entry of creation('t.new')) applyEntry(state, entry);
      const a = state.resources.get('t.a');
      if (a === undefined || a.current === null) throw new Error('the specimen has no t.a');
      state.resources.set('t.a', { ...a, current: generation(7, { id: 'id-theirs' }) });
    });
    const path = `${SNAPSHOT}.conflict-9-abcdef01`;
    const disk = changed(gone.content(), { [path]: conflict });
    const whole = await read(MemoryDisk.of({ ...folder }));
    expect(await inspectState(care(disk))).toMatchObject({ damaged: true });
    const { plan, serial } = await repair(disk);
    expect(plan.steps[0]).toBe(`Taken over from ${path}: t.new: key id-1 (generation 1).`);
    expect(plan.advice).toEqual([expect.stringContaining('no place for: t.a: key id-theirs (generation 7)')]);
    const state = await read(disk);
    expect(serial).toBeGreaterThan(9);
    expect(state.resources.get('t.new')?.current?.secret?.reveal()).toBe(`${SECRET}-1`);
    expect(state.resources.get('t.a')).toEqual(whole.resources.get('t.a'));
    expect(disk.get(path)).toEqual(conflict);
    const again = await repair(disk);
    expect(again.serial).toBeNull();
  });

  it('takes over the secret that a key got later, in a snapshot that was overtaken, and none that it had before', async () => {
    const { folder } = await specimen();
    const renewedAt = '2026-03-05T00:00:00.000Z';
    const conflict = await sealed(folder, (state) => {
      for (const address of ['t.b', 't.c']) {
        const resource = state.resources.get(address);
        if (resource?.current == null) throw new Error(`the specimen has no ${address}`);
        const { current } = resource;
        // The specimen has t.c regenerated: there it is the secret from before.
        const changes =
          address === 't.b'
            ? { number: 2, renewedAt, secret: new Secret('regenerated') }
            : { number: 1, secret: new Secret('from before') };
        const { renewedAt: _, ...before } = current;
        state.resources.set(address, {
          ...resource,
          current: { ...before, ...changes },
          lastGeneration: changes.number,
        });
      }
    });
    const path = `${SNAPSHOT}.conflict-9-abcdef01`;
    const disk = changed(folder, { [path]: conflict });
    const before = await read(disk);
    expect(await inspectState(care(disk))).toMatchObject({ damaged: true });
    const { plan } = await repair(disk);
    expect(plan.steps[0]).toBe(`Taken over from ${path}: t.b: key id-t.b-1 (generation 2): its later secret.`);
    expect([plan.losses, plan.advice]).toEqual([[], []]);
    const after = await read(disk);
    expect(after.resources.get('t.b')).toMatchObject({ current: { number: 2, renewedAt }, lastGeneration: 2 });
    expect(after.resources.get('t.b')?.current?.secret?.reveal()).toBe('regenerated');
    expect(after.resources.get('t.c')).toEqual(before.resources.get('t.c'));
    expect(after.resources.get('t.c')?.current?.secret?.reveal()).toBe(`${SECRET}-t.c-2`);
    expect((await repair(disk)).serial).toBeNull();
  });

  it('does not bring back a key that was removed since', async () => {
    const { folder } = await specimen();
    // The backup knows t.a's first key, and the journal tells of its end.
    const { snapshot } = await loadState(care(MemoryDisk.of({ [SNAPSHOT]: folder[SNAPSHOT] as Buffer })));
    const old = snapshot?.state.resources.get('t.a');
    if (old === undefined) throw new Error('the specimen has no t.a');
    const conflict = await sealed(folder, (state) => {
      state.resources.set('t.a', old);
    });
    const path = `${SNAPSHOT}.conflict-9-abcdef01`;
    const disk = changed(folder, { [path]: conflict });
    const before = contentOf(await read(disk));
    const { plan, kept } = await repair(disk);
    expect(plan.steps[0]).toBe(`${path} holds nothing that the state does not know: it is set aside.`);
    expect([plan.losses, plan.advice, contentOf(await read(disk))]).toEqual([[], [], before]);
    // When the backup has forgotten the key as well, nothing would tell any more that it was removed.
    expect(kept.map((copy) => copy.replace(/[0-9a-f]{12}$/, ''))).toEqual([`${path}.damaged-`]);
    expect(disk.get(kept[0] ?? '')).toEqual(conflict);
    expect(Object.keys(disk.content())).not.toContain(path);
    expect(await planRepair(care(disk))).toMatchObject({ steps: [], advice: [] });
  });

  it('takes over from an overtaken snapshot once: what is deleted afterwards stays deleted', async () => {
    const { folder } = await specimen();
    const conflict = await sealed(folder, (state) => {
      for (const entry of creation('t.new')) applyEntry(state, entry);
    });
    const path = `${SNAPSHOT}.conflict-9-abcdef01`;
    const disk = changed(folder, { [path]: conflict });
    expect((await repair(disk)).plan.steps[0]).toBe(`Taken over from ${path}: t.new: key id-1 (generation 1).`);
    const end = intent('end', 't.new', { operation: 'delete', keyId: 'id-1', args: {} });
    for (const entries of [
      [{ kind: 'intent', intent: end } as const, { kind: 'deleted', intent: 'end' } as const],
      [{ kind: 'tainted', address: 't.b', reason: 'y' } as const],
      [{ kind: 'tainted', address: 't.b', reason: 'z' } as const],
    ]) {
      const session = await storeOn(disk).begin('apply', { lockTimeoutMs: 0 });
      for (const entry of entries) await session.record(entry);
      await session.close();
    }
    const before = contentOf(await read(disk));
    expect((await repair(disk)).serial).toBeNull();
    expect(contentOf(await read(disk))).toBe(before);
    expect((await read(disk)).resources.has('t.new')).toBe(false);
  });

  it('that rebuilds from an overtaken snapshot does not take it up again', async () => {
    const { folder } = await specimen();
    const path = `${SNAPSHOT}.conflict-9-abcdef01`;
    const disk = MemoryDisk.of({ [path]: await sealed(folder, () => {}) });
    const { kept } = await repair(disk);
    expect(Object.keys(disk.content())).not.toContain(path);
    expect(kept.some((copy) => copy.startsWith(`${path}.damaged-`))).toBe(true);
    expect((await read(disk)).resources.has('t.b')).toBe(true);
    expect(await planRepair(care(disk))).toMatchObject({ steps: [], advice: [] });
  });

  it('records what a rescue file holds before its serial does not fit any more', async () => {
    const { folder } = await specimen();
    const journal = folder[JOURNAL] as Buffer;
    const disk = changed(folder, { [JOURNAL]: flipped(journal, (recordsOf(journal)[3]?.start ?? 0) + 100) });
    const { state } = (await loadState(care(MemoryDisk.of({ ...folder })))).snapshot ?? {};
    if (state === undefined) throw new Error('the specimen does not open');
    const [attempt, made] = creation('t.rescued');
    const path = await writeRescue({
      ...care(disk),
      recipients: [],
      base: { lineage: state.lineage, serial: state.serial, records: 4 },
      entries: [attempt, made],
    });
    const { plan } = await repair(disk);
    expect(plan.steps).toContainEqual(expect.stringContaining('Facts of rescue files are recorded'));
    expect((await read(disk)).resources.get('t.rescued')?.current?.secret?.reveal()).toBe(`${SECRET}-1`);
    expect(Object.keys(disk.content())).not.toContain(path);
  });

  it('begins a new history where the old one does not fit, and keeps it', async () => {
    const { folder, whole } = await specimen();
    const disk = changed(folder, { [HISTORY]: flipped(folder[HISTORY], 300) });
    expect(contentOf(await read(disk))).toBe(whole);
    expect((await inspectState(care(disk))).damaged).toBe(true);
    const { plan } = await repair(disk);
    expect(plan.losses).toEqual([]);
    expect(contentOf(await read(disk))).toBe(whole);
    const { snapshot } = await loadState(care(disk));
    if (snapshot === null) throw new Error('there is no snapshot');
    const report = readHistory(disk.get(HISTORY), snapshot.history, snapshot.state.lineage);
    expect(report.findings).toEqual([]);
    expect(report.lines[0]).toMatchObject({ action: 'history-lost', operation: 'state repair' });
  });

  it('with nothing to rebuild from changes nothing, and says what to look for', async () => {
    const { folder } = await specimen();
    const disk = changed(folder, { [SNAPSHOT]: null, [BACKUP]: null });
    const before = disk.content();
    const { plan } = await repair(disk);
    expect(plan.blocked).toEqual({
      what: 'There is no snapshot, and nothing to rebuild it from',
      detail: expect.stringMatching(
        /^Put snapshot 3 of lineage [-0-9a-f]{36}, which state\/prod\.keyform\.journal builds on, back/,
      ),
    });
    expect(disk.content()).toEqual(before);
  });

  it('with a key that opens nothing here says so, and takes nothing for damaged', async () => {
    const { folder } = await specimen();
    const { identity } = await generateIdentity();
    const disk = MemoryDisk.of({ ...folder });
    const { plan } = await repair(disk, { keys: { ...KEYS, identities: [identity] } });
    expect(plan.blocked).toEqual({
      what: `${SNAPSHOT} cannot be opened with this identity`,
      detail: expect.stringContaining('sealed for other recipients'),
    });
    expect(disk.content()).toEqual({ ...folder });
  });

  it('asks first, and writes nothing when the answer is no', async () => {
    const { folder } = await specimen();
    const disk = changed(folder, { [SNAPSHOT]: Buffer.alloc(0) });
    const before = disk.content();
    const refuse = async () => {
      throw new Error('no');
    };
    await expect(repairState(care(disk), { lockTimeoutMs: 0, approve: refuse })).rejects.toThrow('no');
    expect(disk.content()).toEqual(before);
  });

  it('gives no serial that this machine has seen, and says what it saw', async () => {
    const { folder } = await specimen();
    const memory = MemoryDisk.of({ ...folder });
    const store = storeOn(memory, { memory: true });
    for (let i = 0; i < 3; i++) {
      const session = await store.begin('apply', { lockTimeoutMs: 0 });
      await session.record({ kind: 'tainted', address: 't.b', reason: `${i}` });
      await session.close();
    }
    const known = Object.fromEntries(Object.entries(memory.content()).filter(([path]) => path.startsWith('machine/')));
    const disk = MemoryDisk.of({ ...folder, ...known, [JOURNAL]: flipped(folder[JOURNAL], 600) });
    const { plan, serial } = await repair(disk, { machineFolder: 'machine' });
    expect(plan.losses).toContainEqual(expect.stringContaining('This machine saw snapshot 7 on'));
    expect(serial).toBe(8);
    expect((await storeOn(disk, { memory: true }).read()).state.serial).toBe(8);
  });

  it('that dies at any step leaves what was there, or a whole state; again, it finishes', async () => {
    const { folder, whole } = await specimen();
    const start = { ...folder, [JOURNAL]: flipped(folder[JOURNAL], 600, 2), [HISTORY]: flipped(folder[HISTORY], 300) };
    let steps = 0;
    for (let crashAt = 0; ; crashAt++) {
      const disk = MemoryDisk.of(start);
      disk.crashAt = crashAt;
      const ended = await repair(disk).then(
        () => true,
        () => false,
      );
      if (ended) {
        steps = crashAt;
        break;
      }
      const after = disk.kill();
      await repair(after);
      expect(contentOf(await read(after)), `died at ${crashAt}`).toBe(whole);
      expect((await inspectState(care(after))).damaged, `died at ${crashAt}`).toBe(false);
    }
    expect(steps).toBeGreaterThan(20);
  });
});
