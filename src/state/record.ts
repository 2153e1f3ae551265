import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Random } from '../core/port.ts';

/**
 * One journal record: what one sync makes durable, sealed. docs/state-format.md gives the layout and the reasons.
 *
 * A record fills whole blocks of 512 bytes, the unit that disks write. The last byte of each block is a mark that is
 * not zero and not sealed: records are written over zeros, so a block whose mark is missing was never written whole, and a
 * record that does not open although all marks are there was whole once and is damaged now.
 */

export const BLOCK = 512;
/** Bytes of a block that carry content. */
const ROOM = BLOCK - 1;
const MARK = 0xa5;

const PREFIX = 16;
const NONCE = 12;
const TAG = 16;
const OVERHEAD = PREFIX + NONCE + TAG;

/** Bytes on disk of a record whose text has `length` bytes. */
export function recordSize(length: number): number {
  return Math.ceil((OVERHEAD + length) / ROOM) * BLOCK;
}

/**
 * Seals `text` as record number `number` (from 1) of the journal with this header line and key (32 bytes).
 *
 * The nonce is random and not the record's number: a record that a crash cut off is written again under the same number
 * with other content, and two texts under one nonce would open the cipher. 96 random bits suffice for the few thousand
 * records that one key, new in every snapshot, ever seals.
 */
export function sealRecord(text: string, number: number, header: Uint8Array, key: Uint8Array, random: Random): Buffer {
  const plain = Buffer.from(text, 'utf8');
  const blocks = recordSize(plain.length) / BLOCK;
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32BE(blocks, 0);
  prefix.writeUInt32BE(number, 4);
  prefix.writeUInt32BE(~blocks >>> 0, 8);
  prefix.writeUInt32BE(~number >>> 0, 12);
  const nonce = random.bytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.concat([header, prefix]));
  // Spaces after the JSON fill the blocks up; a reader of JSON does not see them.
  const padding = Buffer.alloc(blocks * ROOM - OVERHEAD - plain.length, 0x20);
  const body = Buffer.concat([cipher.update(plain), cipher.update(padding), cipher.final()]);
  const content = Buffer.concat([prefix, nonce, cipher.getAuthTag(), body]);
  const record = Buffer.alloc(blocks * BLOCK);
  for (let i = 0; i < blocks; i++) {
    content.copy(record, i * BLOCK, i * ROOM, (i + 1) * ROOM);
    record.writeUInt8(MARK, i * BLOCK + ROOM);
  }
  return record;
}

/** What the start of a block says when it starts a record: its length in blocks and its number. */
export interface RecordPrefix {
  readonly blocks: number;
  readonly number: number;
}

/** Reads a record's prefix at `offset` (a whole block must be there); null when it is not one. Proves nothing. */
export function readPrefix(bytes: Buffer, offset: number): RecordPrefix | null {
  const blocks = bytes.readUInt32BE(offset);
  const number = bytes.readUInt32BE(offset + 4);
  const whole = bytes.readUInt32BE(offset + 8) === ~blocks >>> 0 && bytes.readUInt32BE(offset + 12) === ~number >>> 0;
  return whole && blocks > 0 && number > 0 ? { blocks, number } : null;
}

/** Opens the record at `offset`, all of whose blocks must be there; null when it is not authentic. */
export function openRecord(
  bytes: Buffer,
  offset: number,
  prefix: RecordPrefix,
  header: Uint8Array,
  key: Uint8Array,
): string | null {
  const length = prefix.blocks * ROOM;
  if (scratch.length < length) scratch = Buffer.allocUnsafeSlow(2 * length);
  for (let i = 0; i < prefix.blocks; i++) {
    bytes.copy(scratch, i * ROOM, offset + i * BLOCK, offset + i * BLOCK + ROOM);
  }
  const decipher = createDecipheriv('aes-256-gcm', key, scratch.subarray(PREFIX, PREFIX + NONCE));
  decipher.setAAD(Buffer.concat([header, scratch.subarray(0, PREFIX)]));
  decipher.setAuthTag(scratch.subarray(PREFIX + NONCE, OVERHEAD));
  // A stream cipher gives all there is at once, but nothing counts before the tag was checked.
  const text = decipher.update(scratch.subarray(OVERHEAD, length));
  try {
    decipher.final();
  } catch {
    return null; // The one thing that can fail here is the tag, and that is the answer.
  }
  return text.toString('utf8');
}

/** Sealed content without marks, one record after the other: a journal may have tens of thousands. */
let scratch = Buffer.allocUnsafeSlow(16 * BLOCK);

/** Whether the block at `offset` was written to its end. */
export function isMarked(bytes: Buffer, offset: number): boolean {
  return bytes.readUInt8(offset + ROOM) !== 0;
}

/** Whether `bytes` are all zero from `start` to `end`. */
export function isZero(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0) return false;
  return true;
}
