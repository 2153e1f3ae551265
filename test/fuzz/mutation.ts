import { newJournal, readHeader } from '../../src/state/journal.ts';
import { BLOCK } from '../../src/state/record.ts';
import { type Folder, recordsOf, type Specimen } from './folder.ts';

export const SNAPSHOT = 'state/prod.keyform.age';
export const JOURNAL = 'state/prod.keyform.journal';
export const BACKUP = 'state/prod.keyform.age.backup';
export const JOURNAL_BACKUP = 'state/prod.keyform.journal.backup';

/** A folder that something was done to. */
export interface Mutation {
  readonly kind: string;
  /** Tells which one of its kind. */
  readonly name: string;
  readonly folder: Folder;
  /** Nothing before the last record of the journal was touched: it may look like one that a crash cut off. */
  readonly mayLoseLast?: boolean;
  /** A content, other than the whole one, that is told by docs/state-format.md, and what to call it. */
  readonly documented?: { readonly content: string; readonly as: string };
}

/** One bit, then the whole byte, of each byte of a file; every bit of the header line of a journal, which no key protects. */
export function* flips(specimen: Specimen, path: string): Generator<Mutation> {
  const file = whole(specimen, path);
  const what = path === JOURNAL ? 'journal' : 'snapshot';
  const line = path === JOURNAL ? file.indexOf(0x0a) : -1;
  for (let at = 0; at < file.length; at++) {
    const bits = at <= line ? [0, 1, 2, 3, 4, 5, 6, 7] : [(at * 5 + 3) % 8];
    const changes: (readonly [string, number])[] = bits.map((bit) => [`${what}: one bit of a byte`, 1 << bit]);
    changes.push([`${what}: a whole byte`, 0xff]);
    // To zero: where it may make a record look torn.
    const isEdge = at % BLOCK < 16 || at % BLOCK === BLOCK - 1;
    if (path === JOURNAL && isEdge) changes.push([`${what}: a byte to zero`, file.readUInt8(at)]);
    for (const [kind, mask] of changes) {
      if (mask === 0) continue;
      const changed = Buffer.from(file);
      changed.writeUInt8(file.readUInt8(at) ^ mask, at);
      yield { kind, name: `byte ${at}, ${mask}`, folder: { ...specimen.folder, [path]: changed } };
    }
  }
}

/** The first bytes of a file, of every number. */
export function* truncations(specimen: Specimen, path: string): Generator<Mutation> {
  const file = whole(specimen, path);
  const kind = `${path === JOURNAL ? 'journal' : 'snapshot'}: cut off`;
  for (let length = 0; length < file.length; length++) {
    yield { kind, name: `at ${length}`, folder: { ...specimen.folder, [path]: file.subarray(0, length) } };
  }
}

/** Records and blocks of the journal in other places. `others`: journals to take records from. */
export function* reorderings(
  specimen: Specimen,
  others: readonly { readonly what: string; readonly journal: Buffer }[],
): Generator<Mutation> {
  const journal = whole(specimen, JOURNAL);
  const last = startOfLast(journal);
  const records = recordsOf(journal).map(({ start, end }) => journal.subarray(start, end));
  const header = journal.subarray(0, BLOCK);
  const zeros = Buffer.alloc(BLOCK);
  const make = (kind: string, name: string, bytes: Buffer): Mutation => ({
    kind,
    name,
    folder: { ...specimen.folder, [JOURNAL]: bytes },
    mayLoseLast: bytes.subarray(0, last).equals(journal.subarray(0, last)),
  });
  const ofRecords = (kind: string, name: string, list: readonly Buffer[]) =>
    make(`journal: ${kind}`, name, Buffer.concat([header, ...list, zeros]));
  for (const [i, record] of records.entries()) {
    yield ofRecords('a record taken out', `${i + 1}`, records.toSpliced(i, 1));
    yield ofRecords('a record wiped with zeros', `${i + 1}`, records.with(i, Buffer.alloc(record.length)));
    for (let at = 0; at <= records.length; at++) {
      yield ofRecords('a record twice', `${i + 1} again at ${at + 1}`, records.toSpliced(at, 0, record));
    }
    for (let j = i + 1; j < records.length; j++) {
      const swapped = records.with(i, records[j] ?? record).with(j, record);
      yield ofRecords('two records swapped', `${i + 1} and ${j + 1}`, swapped);
    }
    for (const { what, journal: other } of others) {
      for (const [j, { start, end }] of recordsOf(other).entries()) {
        const foreign = other.subarray(start, end);
        yield ofRecords(`a record from ${what}`, `${j + 1} for ${i + 1}`, records.with(i, foreign));
        yield ofRecords(`a record from ${what}`, `${j + 1} before ${i + 1}`, records.toSpliced(i, 0, foreign));
        yield ofRecords(`a record from ${what}`, `${j + 1} at the end`, [...records, foreign]);
      }
    }
  }
  const blocks = Array.from({ length: journal.length / BLOCK }, (_, i) => journal.subarray(i * BLOCK, (i + 1) * BLOCK));
  for (const [i, block] of blocks.entries()) {
    yield make('journal: a block taken out', `${i}`, Buffer.concat(blocks.toSpliced(i, 1)));
    yield make('journal: a block twice', `${i}`, Buffer.concat(blocks.toSpliced(i, 0, block)));
    if (!block.equals(zeros)) {
      yield make('journal: a block wiped with zeros', `${i}`, Buffer.concat(blocks.with(i, zeros)));
    }
    for (let j = i + 1; j < blocks.length; j++) {
      const swapped = blocks.with(i, blocks[j] ?? block).with(j, block);
      yield make('journal: two blocks swapped', `${i} and ${j}`, Buffer.concat(swapped));
    }
  }
}

/** Whole files in the wrong place, missing, or empty. */
export function* exchanges(specimen: Specimen, fork: Specimen, foreign: Specimen, sister: Folder): Generator<Mutation> {
  const { folder, older } = specimen;
  const put = (
    kind: string,
    name: string,
    changes: Record<string, Buffer | undefined>,
    documented?: Mutation['documented'],
  ) => {
    const changed = Object.fromEntries(
      Object.entries({ ...folder, ...changes }).filter((entry): entry is [string, Buffer] => entry[1] !== undefined),
    );
    return { kind, name, folder: changed, ...(documented === undefined ? {} : { documented }) };
  };
  const journal = whole(specimen, JOURNAL);
  const base = readHeader(journal, 'journal');
  const empty = Buffer.alloc(0);
  const oldOne = { content: specimen.olderWhole, as: 'older and whole (*)' };
  const folded = { content: specimen.folded, as: 'older and whole (*)' };

  for (const path of [SNAPSHOT, JOURNAL]) yield put('an empty file', path, { [path]: empty });
  for (const [name, file] of Object.entries(folder)) {
    if (name !== SNAPSHOT) yield put('another file in the place of the snapshot', name, { [SNAPSHOT]: file });
    if (name !== JOURNAL && name !== JOURNAL_BACKUP)
      yield put('another file in the place of the journal', name, { [JOURNAL]: file });
  }
  yield put('another file in the place of the snapshot', 'the backup, and no journal', {
    [SNAPSHOT]: folder[BACKUP],
    [JOURNAL]: undefined,
  });
  yield put('the snapshot is missing', 'and the journal is there', { [SNAPSHOT]: undefined });
  yield put('the snapshot is missing', 'and the journal too', { [SNAPSHOT]: undefined, [JOURNAL]: undefined });
  yield put('the journal is missing', 'after a run that died', { [JOURNAL]: undefined }, folded);

  yield put('an older snapshot put back', 'beside the journal', { [SNAPSHOT]: older[SNAPSHOT] });
  yield put('an older snapshot put back', 'without the journal', { [SNAPSHOT]: older[SNAPSHOT], [JOURNAL]: undefined });
  yield put(
    'an older snapshot put back',
    'without any journal',
    { [SNAPSHOT]: older[SNAPSHOT], [JOURNAL]: undefined, [JOURNAL_BACKUP]: undefined },
    oldOne,
  );
  yield put('an older snapshot put back', 'with its own journal', {
    [SNAPSHOT]: older[SNAPSHOT],
    [JOURNAL]: folder[JOURNAL_BACKUP],
  });
  yield put('an older journal put back', 'that of the backup', { [JOURNAL]: folder[JOURNAL_BACKUP] }, folded);

  for (const [kind, other] of [
    ['files of another state', foreign],
    ['files of a fork: same lineage, same serial', fork],
  ] as const) {
    yield put(kind, 'the snapshot', { [SNAPSHOT]: other.folder[SNAPSHOT] });
    yield put(kind, 'the journal', { [JOURNAL]: other.folder[JOURNAL] });
    // Two that belong together are a whole state; that it is another one, only a memory can tell.
    const theirs = { content: other.whole, as: 'another whole state (*)' };
    yield put(
      kind,
      'snapshot and journal',
      { [SNAPSHOT]: other.folder[SNAPSHOT], [JOURNAL]: other.folder[JOURNAL] },
      theirs,
    );
  }
  for (const serial of [base.serial - 1, base.serial + 1]) {
    const header = newJournal({ lineage: base.lineage, serial }, 0);
    const bytes = Buffer.concat([header, journal.subarray(BLOCK)]);
    // Whoever makes a right checksum for a lower serial could as well remove the file.
    yield put(
      'a forged header of the journal',
      `serial ${serial}`,
      { [JOURNAL]: bytes },
      serial < base.serial ? folded : undefined,
    );
  }
  yield put('a forged header of the journal', 'version 9', {
    [JOURNAL]: Buffer.concat([newJournal({ ...base, version: 9 }, 0), journal.subarray(BLOCK)]),
  });
  yield put('a forged header of the journal', 'version 2', {
    [JOURNAL]: Buffer.concat([newJournal({ ...base, version: 2 }, 0), journal.subarray(BLOCK)]),
  });
  const stack = (name: string) => sister[name.replace('prod', 'test')];
  yield put('files of another stack', 'the snapshot', { [SNAPSHOT]: stack(SNAPSHOT) });
  yield put('files of another stack', 'the journal', { [JOURNAL]: stack(JOURNAL) });
  yield put('files of another stack', 'both', { [SNAPSHOT]: stack(SNAPSHOT), [JOURNAL]: stack(JOURNAL) });
}

function whole(specimen: Specimen, path: string): Buffer {
  const file = specimen.folder[path];
  if (file === undefined) throw new Error(`the specimen has no ${path}`);
  return file;
}

function startOfLast(journal: Buffer): number {
  return recordsOf(journal).at(-1)?.start ?? journal.length;
}
