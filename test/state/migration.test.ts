import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isKeyformError } from '../../src/core/error.ts';
import type { Intent, JournalEntry, State } from '../../src/core/state.ts';
import { applyEntry } from '../../src/core/state.ts';
import { readHistory } from '../../src/state/audit.ts';
import { decodeSnapshot, STATE_VERSION } from '../../src/state/format.ts';
import { headerLine, newJournal, readHeader, replayJournal } from '../../src/state/journal.ts';
import { BLOCK } from '../../src/state/record.ts';
import { repairState } from '../../src/state/repair.ts';
import { open, seal } from '../../src/state/seal.ts';
import { care } from '../fuzz/care.ts';
import { contentOf, contentsAlong, creation, KEYS, testStore } from './fixture.ts';
import { MemoryDisk } from './memory.ts';

/*
 * `golden/v<version>` holds what the Keyform of that version wrote: its own source (for version 1 commit 8f22e33, for version 2
 * commit 0f99c41, for versions 3 and 4 that of the commits which brought them) ran on the memory disk of these tests with the fixed
 * identity, so nothing here can make them again, and nothing should.
 *
 * Two runs ended, so `snapshot.age` has serial 3 and `backup.age` serial 2; a third was abandoned after a record for each kind of
 * entry that the version knows, the first with several (`journal.bin`). `torn.bin` is that journal with the last record cut off behind
 * its first block. Of the zeros that follow the records only the one block is kept that must be there. From version 3 on there are
 * also the journal that led from the backup to the snapshot (`backup.bin`) and the history.
 *
 * `expected.json` is the content that the same old source read back from snapshot, from snapshot and journal, and from snapshot and
 * torn journal. Its secrets are canaries.
 */
const GOLDEN = new URL('golden/', import.meta.url);

const SNAPSHOT = 'state/prod.keyform.age';
const BACKUP = 'state/prod.keyform.age.backup';
const JOURNAL = 'state/prod.keyform.journal';
const NOW = { lockTimeoutMs: 0 };

const FILES = {
  'snapshot.age': SNAPSHOT,
  'backup.age': BACKUP,
  'backup.bin': `${JOURNAL}.backup`,
  'history.jsonl': 'state/prod.keyform.history',
} as const;

type What = 'snapshot' | 'journal' | 'torn';

interface Content {
  readonly resources: unknown[];
  readonly outputs: unknown;
  readonly intents: Record<string, unknown>[];
}

interface Expected extends Record<What, Content> {
  readonly lineage: string;
  readonly serial: number;
  readonly writtenAt: string | null;
  /** Of the whole journal. */
  readonly records: number;
}

function golden(version: number, name: string): Buffer {
  return readFileSync(new URL(`v${version}/${name}`, GOLDEN));
}

function expectedOf(version: number): Expected {
  return JSON.parse(golden(version, 'expected.json').toString());
}

/** The state folder as a Keyform of that version left it: after a run that ended, or one that did not. */
function diskOf(version: number, what: What): MemoryDisk {
  const content: Record<string, Buffer> = {};
  for (const [name, path] of Object.entries(FILES)) {
    if (existsSync(new URL(`v${version}/${name}`, GOLDEN))) content[path] = golden(version, name);
  }
  if (what !== 'snapshot') content[JOURNAL] = golden(version, what === 'torn' ? 'torn.bin' : 'journal.bin');
  return MemoryDisk.of(content);
}

function parsed(state: State): Content {
  const { resources, outputs, intents } = JSON.parse(contentOf(state));
  return { resources, outputs, intents };
}

/** What an old content is today: what later versions added to it, as docs/state-format.md tells. */
function today({ resources, outputs, intents }: Content): Content {
  return { resources, outputs, intents: intents.map((intent) => ({ secret: null, ...intent })) };
}

async function codeOf(action: Promise<unknown>): Promise<string> {
  const error = await action.catch((e: unknown) => e);
  if (!isKeyformError(error)) throw new Error(`no KeyformError: ${String(error)}`);
  return error.code;
}

const VERSIONS = Array.from({ length: STATE_VERSION }, (_, index) => index + 1);
const CASES = VERSIONS.flatMap((version) =>
  (['snapshot', 'journal', 'torn'] as const).map((what) => [version, what] as const),
);

it('there are goldens of every version', () => {
  expect(readdirSync(GOLDEN).sort()).toEqual(VERSIONS.map((version) => `v${version}`));
  for (const version of VERSIONS) {
    expect(headerVersion(golden(version, 'journal.bin'))).toBe(version);
    // What is not in them cannot be proved to be read.
    const { snapshot, journal, torn } = expectedOf(version);
    expect([snapshot.intents.length >= 5, journal.intents.length >= 5]).toEqual([true, true]);
    expect(new Set([snapshot, journal, torn].map((content) => JSON.stringify(content))).size).toBe(3);
  }
});

it('the goldens of the newest version hold each kind of entry, each operation, and each time of a key’s life', async () => {
  const journals = [
    ['backup.age', 'backup.bin'],
    ['snapshot.age', 'journal.bin'],
  ] as const;
  const kinds = new Set<string>();
  const operations = new Set<string>();
  for (const [snapshot, journal] of journals) {
    const bytes = golden(STATE_VERSION, journal);
    const { journalKey } = decodeSnapshot(await open(golden(STATE_VERSION, snapshot), KEYS, snapshot), snapshot);
    for (const { entries } of replayJournal(bytes, readHeader(bytes, journal), journalKey, journal).records)
      for (const entry of entries) {
        kinds.add(entry.kind);
        if (entry.kind === 'intent') operations.add(entry.intent.operation);
      }
  }
  expect([...kinds].sort()).toEqual(Object.keys(KINDS).sort());
  expect([...operations].sort()).toEqual(Object.keys(OPERATIONS).sort());
  const { snapshot, journal } = expectedOf(STATE_VERSION);
  for (const moment of ['deposedAt', 'disabledAt', 'renewedAt', 'restoredAt'])
    expect(JSON.stringify(snapshot)).toContain(`"${moment}":"2026-`);
  // And an address that has no key for now.
  for (const { resources } of [snapshot, journal])
    expect(resources).toContainEqual(expect.objectContaining({ current: null, deposed: [] }));
});

const KINDS: Record<JournalEntry['kind'], true> = {
  run: true,
  intent: true,
  created: true,
  arrived: true,
  regenerated: true,
  deposed: true,
  restored: true,
  updated: true,
  deleted: true,
  failed: true,
  settled: true,
  refreshed: true,
  forgotten: true,
  moved: true,
  imported: true,
  tainted: true,
  wired: true,
  outputs: true,
};

const OPERATIONS: Record<Intent['operation'], true> = {
  create: true,
  update: true,
  enable: true,
  disable: true,
  regenerate: true,
  delete: true,
};

function headerVersion(journal: Buffer): number | undefined {
  return readHeader(journal, 'journal').version;
}

describe.each(CASES)('what version %i left (%s)', (version, what) => {
  const expected = expectedOf(version);
  const content = today(expected[what]);

  it('is read, to the last byte of it', async () => {
    const disk = diskOf(version, what);
    const before = disk.content();
    const read = await testStore(disk, KEYS).read();
    expect(parsed(read.state)).toEqual(content);
    expect([read.state.lineage, read.state.serial, read.state.stack]).toEqual([
      expected.lineage,
      expected.serial,
      'prod',
    ]);
    expect(read.state.writtenAt).toBe(expected.writtenAt);
    const records = { snapshot: 0, journal: expected.records, torn: expected.records - 1 }[what];
    expect(read.revision).toBe(`${expected.lineage}:${expected.serial}:${records}`);
    expect(read.notes.map((note) => /is not complete/.test(note))).toEqual(what === 'torn' ? [true] : []);
    expect(disk.content()).toEqual(before);
  });

  it('becomes the newest version at the next run, and the old bytes stay as the backup', async () => {
    const disk = diskOf(version, what);
    const old = disk.content();
    const session = await testStore(disk, KEYS).begin('apply', NOW);
    expect(parsed(session.state)).toEqual(content);
    // A journal that a crash left is folded first of all; else nothing was written yet.
    if (what === 'snapshot') expect(disk.get(SNAPSHOT)).toEqual(old[SNAPSHOT]);
    else {
      expect(disk.get(BACKUP)).toEqual(old[SNAPSHOT]);
      expect(await rebuilt(disk)).toEqual(content);
    }
    const more = creation('t.more');
    for (const entry of more) await session.record(entry);
    await session.close();
    if (what === 'snapshot') {
      expect(disk.get(BACKUP)).toEqual(old[SNAPSHOT]);
      expect(await rebuilt(disk)).toEqual(grown(content, more));
    }

    const plain = JSON.parse(Buffer.from(await open(disk.get(SNAPSHOT), KEYS, SNAPSHOT)).toString());
    expect([plain.version, plain.lineage, plain.serial]).toEqual([
      STATE_VERSION,
      expected.lineage,
      expected.serial + (what === 'snapshot' ? 1 : 2),
    ]);
    const read = await testStore(disk, KEYS).read();
    expect(parsed(read.state)).toEqual(grown(content, more));
    expect([read.notes, read.state.writtenAt]).toEqual([[], '2026-03-04T05:06:07.000Z']);
    const history = readHistory(disk.get('state/prod.keyform.history'), plain.history, expected.lineage);
    expect([history.findings, history.beyond, history.lines.at(-1)?.address]).toEqual([[], 0, 't.more']);
    // Who did it, and when, is only known where the version recorded it.
    const untold = version < 3 && what !== 'snapshot';
    const [first] = history.lines;
    expect([first?.by === null, first?.at === null]).toEqual([untold, untold]);
  });
});

it.each(VERSIONS)('a journal of version %i whose header is damaged is repaired to the last record', async (version) => {
  const disk = diskOf(version, 'journal');
  const journal = disk.get(JOURNAL);
  journal.fill(0x55, 0, 20);
  await disk.replace(JOURNAL, journal, 0o600);
  expect(await codeOf(testStore(disk, KEYS).read())).toBe('damaged-state');
  const { plan } = await repairState(care(disk), { lockTimeoutMs: 0, approve: async () => {} });
  expect(plan.losses).toEqual([]);
  expect(parsed((await testStore(disk, KEYS).read()).state)).toEqual(today(expectedOf(version).journal));
});

/** The content that the backups of snapshot and journal give together. */
async function rebuilt(disk: MemoryDisk): Promise<Content> {
  const { state, journalKey } = decodeSnapshot(await open(disk.get(BACKUP), KEYS, BACKUP), BACKUP);
  const bytes = disk.get(`${JOURNAL}.backup`);
  const replay = replayJournal(bytes, readHeader(bytes, 'journal'), journalKey, 'journal');
  for (const { entries } of replay.records) for (const entry of entries) applyEntry(state, entry);
  return parsed(state);
}

function grown(content: Content, entries: readonly JournalEntry[]): Content {
  const [made] = JSON.parse(contentsAlong(entries).at(-1) ?? '').resources;
  return { ...content, resources: [...content.resources, made] };
}

describe('what a newer version left', () => {
  it.each(VERSIONS)('as snapshot is refused and stays as it is (one of version %i, renumbered)', async (version) => {
    const disk = diskOf(version, 'snapshot');
    const plain = JSON.parse(Buffer.from(await open(disk.get(SNAPSHOT), KEYS, SNAPSHOT)).toString());
    const recipients: string[] = plain.recipients;
    const text = JSON.stringify({ ...plain, version: STATE_VERSION + 1, colour: 'red' });
    const newer = await seal(Buffer.from(text), { recipients });
    await disk.replace(SNAPSHOT, newer, 0o600);
    await refusesAll(disk);
  });

  it.each(VERSIONS)('as journal is refused and stays as it is (on a snapshot of version %i)', async (version) => {
    const disk = diskOf(version, 'journal');
    const journal = disk.get(JOURNAL);
    const base = { ...readHeader(journal, 'journal'), version: STATE_VERSION + 1 };
    expect(headerLine(base).toString()).toMatch(new RegExp(`^keyform-journal ${STATE_VERSION + 1} `));
    await disk.replace(JOURNAL, Buffer.concat([newJournal(base, 0), journal.subarray(BLOCK)]), 0o600);
    await refusesAll(disk);
  });

  it.each(VERSIONS.slice(0, -1))('is not read by the rules of version %i, nor the other way round', async (version) => {
    // A journal's records are bound to its header, so a version cannot be talked up or down.
    const disk = diskOf(version, 'journal');
    const journal = disk.get(JOURNAL);
    const base = { ...readHeader(journal, 'journal'), version: STATE_VERSION };
    await disk.replace(JOURNAL, Buffer.concat([newJournal(base, 0), journal.subarray(BLOCK)]), 0o600);
    expect(await codeOf(testStore(disk, KEYS).read())).toBe('damaged-state');
  });
});

async function refusesAll(disk: MemoryDisk): Promise<void> {
  const before = disk.content();
  expect(await codeOf(testStore(disk, KEYS).read())).toBe('newer-state');
  expect(await codeOf(testStore(disk, KEYS).begin('apply', NOW))).toBe('newer-state');
  expect(disk.content()).toEqual(before);
}
