import { createHash } from 'node:crypto';
import { isKeyformError } from '../core/error.ts';
import { damaged, decodeRecord, type FoldedJournal, type JournalRecord, refuseNewer, STATE_VERSION } from './format.ts';
import { BLOCK, isMarked, isZero, openRecord, type RecordPrefix, readPrefix } from './record.ts';

/** The version that this program writes: one number for snapshots and journals. Earlier ones are read as well. */
export const JOURNAL_VERSION = STATE_VERSION;

/** Which snapshot a journal builds on. */
export interface JournalBase {
  readonly lineage: string;
  readonly serial: number;
  /** Of the journal's own format; left out: the one that is written now. */
  readonly version?: number;
}

/** What a journal holds. */
export interface Replay {
  /** In the order in which they were written. */
  readonly records: readonly JournalRecord[];
  /** Where the last whole record ends. */
  readonly end: number;
  /** The record after the last whole one was begun and not finished; nobody was ever told that it is safe. */
  readonly torn: boolean;
}

/**
 * The header line, ASCII with its line feed; it is bound into every record. The checksum is no protection against a person,
 * who could as well remove the file, but against a slip of the disk: a serial that got lower by it would make a
 * journal look folded long ago.
 */
export function headerLine(base: JournalBase): Buffer {
  const text = `keyform-journal ${base.version ?? JOURNAL_VERSION} ${base.lineage} ${base.serial}`;
  return Buffer.from(`${text} ${checksum(text)}\n`, 'ascii');
}

/** A new journal: the header in a block of its own, then `room` zeros, rounded up to whole blocks. */
export function newJournal(base: JournalBase, room: number): Buffer {
  const file = Buffer.alloc(BLOCK + Math.ceil(room / BLOCK) * BLOCK);
  const line = headerLine(base);
  // Lineage is a UUID of ours; a foreign one could be longer.
  if (line.length > BLOCK) throw new Error('the lineage is too long for a journal header');
  line.copy(file);
  return file;
}

/** {@link FoldedJournal} of a journal whose records end at `end`. */
export function foldingOf(bytes: Uint8Array, serial: number, end: number): FoldedJournal {
  return { serial, bytes: end, hash: createHash('sha256').update(bytes.subarray(0, end)).digest('hex') };
}

/**
 * Whether a journal that builds on `serial`, which is lower than the snapshot's, is in that snapshot. On one disk every such journal is;
 * but a snapshot may come from another machine, which went on without what was recorded here. `folded` null: it cannot be told.
 */
export function isFolded(bytes: Uint8Array, serial: number, folded: FoldedJournal | null): boolean {
  if (folded === null) return true;
  if (folded.serial !== serial || bytes.length < folded.bytes) return false;
  return (
    foldingOf(bytes, serial, folded.bytes).hash === folded.hash &&
    isZero(Buffer.from(bytes), folded.bytes, bytes.length)
  );
}

/** What a journal says that it builds on; null when there is none, or it does not say. */
export function baseOf(journal: Uint8Array | null): JournalBase | null {
  if (journal === null) return null;
  try {
    return readHeader(Buffer.from(journal), 'a journal');
  } catch (error) {
    if (!isKeyformError(error)) throw error;
    return null;
  }
}

/** Which snapshot the journal builds on. Throws `damaged-state` or `newer-state`; `what` names the file. */
export function readHeader(bytes: Buffer, what: string): JournalBase {
  if (bytes.length === 0) throw damaged(what, 'is empty (0 bytes)', 'A journal always has a header.');
  const line = bytes.subarray(0, BLOCK).toString('latin1').split('\n', 1)[0] ?? '';
  const newer = /^keyform-journal ([1-9][0-9]{0,8}) /.exec(line);
  if (newer !== null) refuseNewer(Number(newer[1]), JOURNAL_VERSION, what);
  const match = /^keyform-journal ([1-9][0-9]{0,8}) (\S+) ([1-9][0-9]{0,14}) [0-9a-f]{16}$/.exec(line);
  if (match !== null && bytes.length >= BLOCK) {
    const base = { lineage: match[2] ?? '', serial: Number(match[3]), version: Number(match[1]) };
    const block = newJournal(base, 0);
    if (block.equals(bytes.subarray(0, BLOCK))) return base;
  }
  throw damaged(what, 'has a damaged header');
}

/**
 * Reads all records of a journal that builds on the snapshot whose journal key is `key`. Throws `damaged-state` naming the
 * file (`what`) and the record, for everything but a torn last record:
 *
 * - a record that was written to the end of each of its blocks, and does not open;
 * - a record that is missing, incomplete or out of its place while a later one opens: a record is only written after all
 *   before it were synced, so they were whole once;
 * - an end of file without a block of zeros before it: there always is one, so the file was cut off.
 */
export function replayJournal(bytes: Buffer, base: JournalBase, key: Uint8Array, what: string): Replay {
  const header = headerLine(base);
  const records: JournalRecord[] = [];
  let offset = BLOCK;
  for (;;) {
    const number = records.length + 1;
    if (offset + BLOCK > bytes.length) {
      throw damaged(what, `is cut off at record ${number}`, 'The zeros that follow the last record are missing.');
    }
    const prefix = readPrefix(bytes, offset);
    const end = prefix === null ? null : offset + prefix.blocks * BLOCK;
    if (prefix !== null && end !== null) {
      if (end > bytes.length) throw damaged(what, `is cut off in record ${number}`);
      const text = prefix.number === number ? openRecord(bytes, offset, prefix, header, key) : null;
      if (text !== null) {
        records.push(decodeRecord(text, base.version ?? JOURNAL_VERSION, `${what}, record ${number},`));
        offset = end;
        continue;
      }
    }
    return { records, end: offset, torn: judgeTail(bytes, offset, number, prefix, header, key, what) };
  }
}

/** What stands where no record opens: false for the end of the journal, true for a torn record; throws for damage. */
function judgeTail(
  bytes: Buffer,
  offset: number,
  number: number,
  prefix: RecordPrefix | null,
  header: Buffer,
  key: Uint8Array,
  what: string,
): boolean {
  if (isZero(bytes, offset, bytes.length)) return false;
  // Blocks reach the disk in any order, so of a torn record any may be missing, also the first.
  const later = findLater(bytes, offset, number, header, key);
  if (later !== null) {
    const why =
      later === number
        ? `has record ${number} in the wrong place`
        : `is damaged at record ${number}, and record ${later} after it is whole`;
    throw damaged(what, why, 'So this is not what a crash leaves behind.');
  }
  if (prefix === null) {
    if (isMarked(bytes, offset)) throw damaged(what, `is damaged at record ${number}: its length cannot be read`);
    return true;
  }
  if (prefix.number !== number) {
    throw damaged(
      what,
      `has record ${prefix.number} in the place of record ${number}`,
      'Records were taken out or moved.',
    );
  }
  const end = offset + prefix.blocks * BLOCK;
  for (let block = offset; block < end; block += BLOCK) {
    if (isMarked(bytes, block)) continue;
    if (isZero(bytes, end, bytes.length)) return true;
    throw damaged(what, `is damaged after record ${number}`, 'Bytes stand where nothing was ever written.');
  }
  throw damaged(what, `is damaged at record ${number}: it was complete once, and does not open`);
}

/** The number of an authentic record, `number` or later, that starts at `offset` or later; null when there is none. */
function findLater(bytes: Buffer, offset: number, number: number, header: Buffer, key: Uint8Array): number | null {
  for (let at = offset; at + BLOCK <= bytes.length; at += BLOCK) {
    const prefix = readPrefix(bytes, at);
    if (prefix === null || prefix.number < number || at + prefix.blocks * BLOCK > bytes.length) continue;
    if (openRecord(bytes, at, prefix, header, key) !== null) return prefix.number;
  }
  return null;
}

function checksum(text: string): string {
  return createHash('sha256').update(text, 'ascii').digest('hex').slice(0, 16);
}
