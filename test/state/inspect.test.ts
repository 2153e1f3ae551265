import { describe, expect, it } from 'vitest';
import { emptyState } from '../../src/core/state.ts';
import { encodeSnapshot } from '../../src/state/format.ts';
import { NO_HISTORY } from '../../src/state/history.ts';
import { type Finding, inspectState, type Verdict } from '../../src/state/inspect.ts';
import { generateIdentity } from '../../src/state/keys.ts';
import { type RescuedEntry, writeRescue } from '../../src/state/rescue.ts';
import { seal } from '../../src/state/seal.ts';
import { care, memoryOf } from '../fuzz/care.ts';
import { type Folder, makeSpecimen, recordsOf, storeOn } from '../fuzz/folder.ts';
import { BACKUP, JOURNAL, JOURNAL_BACKUP, SNAPSHOT } from '../fuzz/mutation.ts';
import { creation, KEYS, SECRET, testProcess } from './fixture.ts';
import { MemoryDisk } from './memory.ts';

const HISTORY = 'state/prod.keyform.history';

type Changes = Record<string, Buffer | null>;

async function inspect(folder: Folder, changes: Changes = {}, options: Parameters<typeof care>[1] = {}) {
  const entries = Object.entries({ ...folder, ...changes }).filter(
    (entry): entry is [string, Buffer] => entry[1] !== null,
  );
  const disk = MemoryDisk.of(Object.fromEntries(entries));
  const before = disk.content();
  const inspection = await inspectState(care(disk, options));
  // It only looks.
  expect(disk.content()).toEqual(before);
  expect(JSON.stringify(inspection)).not.toContain(SECRET);
  return inspection;
}

function of(findings: readonly Finding[], file: string): [Verdict, string][] {
  return findings.filter((finding) => finding.file === file).map(({ verdict, what }) => [verdict, what]);
}

function broken(file: Buffer | undefined, at: number): Buffer {
  const copy = Buffer.from(file ?? []);
  const place = at < 0 ? copy.length + at : at;
  copy.writeUInt8(copy.readUInt8(place) ^ 0xff, place);
  return copy;
}

const TIME = '2026-03-04T05:06:07.000Z';

describe('looking at a state', () => {
  it('finds nothing where nothing is, and needs no key for that', async () => {
    expect(await inspect({}, {}, { keys: null })).toEqual({
      exists: false,
      findings: [],
      damaged: false,
      unread: false,
    });
    const { folder } = await makeSpecimen();
    await expect(inspect(folder, {}, { keys: null })).rejects.toMatchObject({ code: 'no-identity' });
  });

  it('says of each file of a whole one what it is', async () => {
    const { folder } = await makeSpecimen();
    const { findings, damaged } = await inspect(folder);
    expect(damaged).toBe(false);
    expect(findings.map(({ file, verdict, what }) => [file, verdict, what])).toEqual([
      [SNAPSHOT, 'ok', `Snapshot 3, written ${TIME}: 3 keys`],
      [JOURNAL, 'note', '4 records of a run that did not end'],
      [BACKUP, 'ok', `Snapshot 2, written ${TIME}: 1 key, 1 open attempt`],
      [JOURNAL_BACKUP, 'ok', 'With the backup it gives snapshot 3 again, should that be damaged'],
      [HISTORY, 'ok', '4 lines, as they were written'],
    ]);
    expect(findings[0]?.detail).toMatch(
      /^Lineage [-0-9a-f]{36}\. Sealed for 1 recipient, opened with age1[0-9a-z]+\.$/,
    );
  });

  it('says which of several identities opens, and of a key without its secret', async () => {
    const { folder } = await makeSpecimen();
    const other = await generateIdentity();
    const keys = { ...KEYS, identities: [other.identity, ...KEYS.identities] };
    const { findings } = await inspect(folder, {}, { keys });
    expect(findings[0]?.detail).toContain('opened with age1');
    expect(findings[0]?.detail).not.toContain(other.recipient);
  });

  it.each<[string, (folder: Folder) => Changes, string, string | RegExp]>([
    [
      'a damaged snapshot',
      (f) => ({ [SNAPSHOT]: broken(f[SNAPSHOT], -1) }),
      SNAPSHOT,
      'Is damaged: it does not decrypt',
    ],
    ['an empty snapshot', () => ({ [SNAPSHOT]: Buffer.alloc(0) }), SNAPSHOT, 'Is empty (0 bytes)'],
    ['no snapshot', () => ({ [SNAPSHOT]: null }), SNAPSHOT, 'Missing, while other files of the state are here'],
    [
      'the backup in its place',
      (f) => ({ [SNAPSHOT]: f[BACKUP] ?? null, [JOURNAL]: null }),
      SNAPSHOT,
      /^An older one was put back: the journal of snapshot 2 was folded into snapshot 3/,
    ],
    ['a journal in its place', (f) => ({ [SNAPSHOT]: f[JOURNAL] ?? null }), SNAPSHOT, 'Does not start as an age file'],
    [
      'a damaged journal',
      (f) => ({ [JOURNAL]: broken(f[JOURNAL], 600) }),
      JOURNAL,
      'Is damaged at record 1, and record 2 after it is whole',
    ],
    [
      'a journal with a damaged header',
      (f) => ({ [JOURNAL]: broken(f[JOURNAL], 3) }),
      JOURNAL,
      'Its header is damaged',
    ],
    [
      'an older snapshot',
      (f) => ({ [SNAPSHOT]: f[BACKUP] ?? null }),
      JOURNAL,
      'Builds on snapshot 3, and the snapshot here is 2: an older one was put back',
    ],
    ['a damaged backup', (f) => ({ [BACKUP]: broken(f[BACKUP], -1) }), BACKUP, 'Is damaged: it does not decrypt'],
    [
      'a damaged journal of the backup',
      (f) => ({ [JOURNAL_BACKUP]: broken(f[JOURNAL_BACKUP], 600) }),
      JOURNAL_BACKUP,
      /^Is damaged at record 1/,
    ],
    ['a changed history', (f) => ({ [HISTORY]: broken(f[HISTORY], 300) }), HISTORY, /^Not as it was written: Line \d/],
    ['no history', () => ({ [HISTORY]: null }), HISTORY, 'Missing'],
    [
      'an overtaken snapshot that is damaged',
      () => ({ [`${SNAPSHOT}.conflict-4-00000000`]: Buffer.from('x') }),
      `${SNAPSHOT}.conflict-4-00000000`,
      /does not start as an age file/i,
    ],
    [
      'a damaged rescue file',
      () => ({ 'state/prod.keyform.rescue-00.age': Buffer.from('x') }),
      'state/prod.keyform.rescue-00.age',
      /^Does not start as an age file/,
    ],
  ])('finds %s', async (_, change, file, what) => {
    const { folder } = await makeSpecimen();
    const { findings, damaged } = await inspect(folder, change(folder));
    expect(damaged).toBe(true);
    const wanted = typeof what === 'string' ? what : expect.stringMatching(what);
    expect(of(findings, file)).toContainEqual(['damage', wanted]);
  });

  it('tells which records are lost and which are authentic', async () => {
    const { folder } = await makeSpecimen();
    const [, second] = recordsOf(folder[JOURNAL] as Buffer);
    const journal = Buffer.from(folder[JOURNAL] as Buffer);
    journal.fill(0x77, (second?.start ?? 0) + 30, (second?.start ?? 0) + 90);
    const { findings } = await inspect(folder, { [JOURNAL]: journal });
    expect(findings.find(({ file }) => file === JOURNAL)?.detail).toBe('Authentic records: 1, 3, 4. Lost: 2.');
  });

  it('tells files of other states and forks from damage in them', async () => {
    const { folder, older } = await makeSpecimen();
    const foreign = await makeSpecimen('prod', '-foreign');
    const fork = await makeSpecimen('prod', '-fork', older);
    const other = await inspect(folder, { [JOURNAL]: foreign.folder[JOURNAL] ?? null });
    expect(of(other.findings, JOURNAL)).toEqual([
      ['damage', expect.stringMatching(/^Belongs to another state: lineage/)],
    ]);
    const forked = await inspect(folder, { [JOURNAL]: fork.folder[JOURNAL] ?? null });
    expect(of(forked.findings, JOURNAL)).toEqual([
      [
        'damage',
        'No record of it opens with the key in the snapshot: it is of another snapshot with number 3, or all of it is damaged',
      ],
    ]);
    const backup = await inspect(folder, { [BACKUP]: foreign.folder[BACKUP] ?? null });
    expect(of(backup.findings, BACKUP)).toEqual([['note', expect.stringMatching(/^Of another state/)]]);
    expect(backup.damaged).toBe(false);
  });

  it('notes what is left over, who holds the lock, and files that others may read', async () => {
    const { folder } = await makeSpecimen();
    const disk = MemoryDisk.of({
      ...folder,
      'state/.prod.keyform.age.0123.tmp': Buffer.from('half'),
      'state/prod.keyform.notes': Buffer.from(''),
    });
    const session = await storeOn(disk).begin('apply', { lockTimeoutMs: 0 });
    await disk.replace('state/prod.keyform.age.9', Buffer.from(''), 0o600);
    await disk.replace('state/other.keyform.age', Buffer.from(''), 0o600);
    const modes: Record<string, number> = { state: 0o755, [SNAPSHOT]: 0o644 };
    const { findings, damaged } = await inspectState(
      care(disk, { process: testProcess(1, new Map()), modeOf: async (path) => modes[path] ?? 0o600 }),
    );
    expect(damaged).toBe(false);
    expect(of(findings, 'state/prod.keyform.lock')).toEqual([['note', expect.stringContaining('"apply" since')]]);
    expect(of(findings, 'state/prod.keyform.age.9')).toEqual([
      ['note', 'A snapshot that never took its place: is empty (0 bytes)'],
    ]);
    expect(of(findings, 'state/prod.keyform.notes')).toEqual([['note', 'Not a file that Keyform makes']]);
    expect(of(findings, 'state')).toEqual([['note', 'Other users of this machine may read 1 of its files']]);
    expect(of(findings, 'state/other.keyform.age')).toEqual([]);
    await session.close();
  });

  it('knows what this machine has seen', async () => {
    const { folder, older } = await makeSpecimen();
    const seen = await memoryOf(folder);
    const options = { machineFolder: 'machine' };
    expect((await inspect({ ...folder, ...seen }, {}, options)).damaged).toBe(false);
    const { findings } = await inspect({ ...older, ...seen }, {}, options);
    expect(of(findings, SNAPSHOT)).toContainEqual(['damage', expect.stringContaining('older than one that was here')]);
    const unseen = await inspect(folder, {}, options);
    expect(of(unseen.findings, 'machine')).toEqual([
      ['note', expect.stringContaining('has not seen this state before')],
    ]);
  });

  it('tells a file that is sealed for others', async () => {
    const { folder } = await makeSpecimen();
    const { recipient } = await generateIdentity();
    const state = { ...emptyState('prod', '00000000-0000-4000-8000-000000000000'), serial: 1 };
    const bytes = encodeSnapshot({
      state,
      recipients: [recipient],
      journalKey: new Uint8Array(32),
      history: NO_HISTORY,
      folded: null,
    });
    const sealed = Buffer.from(await seal(bytes, { recipients: [recipient] }));
    const { findings, damaged, unread } = await inspect(folder, { [SNAPSHOT]: sealed });
    expect(of(findings, SNAPSHOT)).toEqual([['unread', 'Cannot be opened with this identity']]);
    expect(findings[0]?.detail).toContain(`${BACKUP} opens, so perhaps the recipients were changed since.`);
    expect([damaged, unread]).toEqual([false, true]);
  });

  it('calls nothing damaged when the identity is of somebody else', async () => {
    const { folder } = await makeSpecimen();
    const { identity } = await generateIdentity();
    const keys = { ...KEYS, identities: [identity] };
    const { findings, damaged, unread } = await inspect(folder, {}, { keys });
    expect([damaged, unread]).toEqual([false, true]);
    expect(findings.map(({ file, verdict, what }) => [file, verdict, what])).toEqual([
      [SNAPSHOT, 'unread', 'Cannot be opened with this identity'],
      [JOURNAL, 'unread', 'Builds on snapshot 3, which holds its key'],
      [BACKUP, 'note', 'Cannot be opened with this identity'],
      [JOURNAL_BACKUP, 'note', 'Builds on snapshot 2, whose key is in what cannot be opened'],
    ]);
  });

  it('tells a run that is at work from one that is gone', async () => {
    const disk = MemoryDisk.of({ ...(await makeSpecimen()).folder });
    const session = await storeOn(disk).begin('apply', { lockTimeoutMs: 0 });
    for (const entry of creation('t.live')) await session.record(entry);
    await disk.replace('state/.prod.keyform.age.0123.tmp', Buffer.from('half'), 0o600);
    const { pid, started } = JSON.parse(String(disk.content()['state/prod.keyform.lock']));
    const look = async (living: ReadonlyMap<number, string>) =>
      (await inspectState(care(disk, { process: testProcess(1, living) }))).findings;
    const told = (findings: readonly Finding[]) => [
      ...of(findings, 'state/prod.keyform.lock'),
      ...of(findings, JOURNAL),
      ...of(findings, 'state/.prod.keyform.age.0123.tmp'),
    ];
    expect(told(await look(new Map([[pid, started]])))).toEqual([
      ['note', expect.stringMatching(/^The lock is held by alice@build-1, process \d+, "apply" since /)],
      ['note', '2 records of the run that holds the lock'],
      ['note', 'Half-written, by the run that holds the lock or one that was killed'],
    ]);
    expect(told(await look(new Map()))).toEqual([
      ['note', expect.stringMatching(/^The lock was left by a process that is gone: alice@build-1, process \d+, /)],
      ['note', '2 records of a run that did not end'],
      ['note', 'Half-written by a process that was killed; the next run removes it'],
    ]);
    await session.close();
  });

  it('notes, and does not call damage, what the state has outlived', async () => {
    const { folder } = await makeSpecimen();
    const own = (await inspect(folder)).findings[0]?.detail ?? '';
    const lineage = /[-0-9a-f]{36}/.exec(own)?.[0] ?? '';
    const disk = MemoryDisk.of({ ...folder });
    const path = await writeRescue({
      ...care(disk),
      recipients: [],
      refuges: [],
      base: { lineage, serial: 1, records: 0 },
      entries: creation('t.gone') as readonly RescuedEntry[],
    });
    const { findings, damaged } = await inspectState(care(disk));
    expect(of(findings, path ?? '')).toEqual([
      ['note', 'Facts of an earlier run; the state has gone on since without them'],
    ]);
    expect(findings.find(({ file }) => file === path)?.detail).toMatch(
      /^"created" of t\.gone \(key .+\)\. Remove the file once that is not a key in use at the cloud\.$/,
    );
    expect(damaged).toBe(false);
  });
});
