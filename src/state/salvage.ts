import { createDecipheriv, hkdfSync } from 'node:crypto';
import { isKeyformError } from '../core/error.ts';
import { decodeRecord, type JournalRecord, STATE_VERSION } from './format.ts';
import { headerLine, type JournalBase } from './journal.ts';
import type { Opening } from './keys.ts';
import { BLOCK, isZero, openRecord, type RecordPrefix, readPrefix } from './record.ts';

/** What is left of a damaged journal. */
export interface Salvage {
  /** Every authentic record, wherever in the file it stands, by its number; none twice. */
  readonly records: readonly { readonly number: number; readonly record: JournalRecord }[];
  /** Numbers below that of the last authentic record that are nowhere. */
  readonly missing: readonly number[];
  /** After the last record there are bytes that are none, or the file ends without its zeros: more records may be lost. */
  readonly more: boolean;
}

/**
 * Finds every record of a journal that is authentic: each proves by its tag which journal it is of, and its number, so it does not
 * matter where in the file it stands, nor what stands between. A record with one changed bit is mended, which its tag proves
 * too. Nothing that is not authentic is ever used. Never throws for damage.
 */
export function salvageJournal(bytes: Buffer, base: JournalBase, key: Uint8Array): Salvage {
  const header = headerLine(base);
  const spans: Span[] = [];
  // Byte by byte and not block by block: what was cut out or put in before a record has moved it.
  for (let at = 0; at + BLOCK <= bytes.length; ) {
    const prefix = readPrefix(bytes, at);
    const end = prefix === null ? 0 : at + prefix.blocks * BLOCK;
    const text = prefix === null || end > bytes.length ? null : openRecord(bytes, at, prefix, header, key);
    if (prefix !== null && text !== null) spans.push({ start: at, end, number: prefix.number, text });
    at = prefix === null || text === null ? at + 1 : end;
  }
  spans.push(...mendGaps(bytes, spans, header, key));
  const found = new Map<number, JournalRecord>();
  let highest: Span = { start: 0, end: Math.min(BLOCK, bytes.length), number: 0, text: '' };
  for (const span of spans) {
    const record = readRecord(span.text, base);
    if (record !== null && !found.has(span.number)) found.set(span.number, record);
    if (span.number > highest.number) highest = span;
  }
  const records = [...found].sort(([a], [b]) => a - b).map(([number, record]) => ({ number, record }));
  const missing = Array.from({ length: highest.number }, (_, i) => i + 1).filter((number) => !found.has(number));
  const { end } = highest;
  return { records, missing, more: end + BLOCK > bytes.length || !isLastZero(bytes, end, header, key) };
}

/** An authentic record, and where it stands. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly number: number;
  readonly text: string;
}

/** Records of more blocks than this are not mended: it takes too long. */
const MENDABLE = 16;

/** Mends the records between authentic ones, and after the last, where there is room for just one. */
function mendGaps(bytes: Buffer, spans: readonly Span[], header: Buffer, key: Uint8Array): Span[] {
  const mended: Span[] = [];
  let before = { end: BLOCK, number: 0 };
  for (const next of [...spans, null]) {
    const end = next === null ? contentEnd(bytes, before.end) : next.start;
    const isOne = next === null ? end > before.end : next.number === before.number + 2;
    const blocks = (end - before.end) / BLOCK;
    const prefix = { blocks, number: before.number + 1 };
    const isRoom = isOne && Number.isInteger(blocks) && blocks > 0 && blocks <= MENDABLE;
    if (isRoom && isLikely(readPrefix(bytes, before.end), prefix, spans.length > 0)) {
      const text = mendRecord(bytes.subarray(before.end, end), prefix, header, key);
      if (text !== null) mended.push({ start: before.end, end, number: before.number + 1, text });
    }
    if (next !== null) before = next;
  }
  return mended;
}

/** Whether it is worth trying: a journal of which nothing opens is more likely another one than damaged. */
function isLikely(found: RecordPrefix | null, expected: RecordPrefix, isKnown: boolean): boolean {
  if (found === null) return isKnown;
  return found.number === expected.number && found.blocks === expected.blocks;
}

/** Where the last block from `start` on that is not all zero ends, if a whole block of zeros follows. */
function contentEnd(bytes: Buffer, start: number): number {
  let end = start;
  for (let at = start; at + BLOCK <= bytes.length; at += BLOCK) if (!isZero(bytes, at, at + BLOCK)) end = at + BLOCK;
  return end + BLOCK <= bytes.length ? end : start;
}

/**
 * Opens a record of which one bit, or what stands in its prefix, was changed; null when more was. It is no guess: every bit is
 * tried, and the record's own tag, of 128 bits, says which one makes it what was written.
 */
function mendRecord(damaged: Buffer, prefix: RecordPrefix, header: Buffer, key: Uint8Array): string | null {
  const record = Buffer.from(damaged);
  // The prefix follows from the place.
  writePrefix(record, prefix);
  const attempt = () => openRecord(record, 0, prefix, header, key);
  const whole = attempt();
  if (whole !== null) return whole;
  for (let at = 0; at < record.length; at++) {
    const byte = record.readUInt8(at);
    for (let mask = 1; mask < 256; mask *= 2) {
      record.writeUInt8(byte ^ mask, at);
      const text = attempt();
      if (text !== null) return text;
    }
    record.writeUInt8(byte, at);
  }
  return null;
}

/** Puts the prefix of a record where it belongs. */
function writePrefix(record: Buffer, { blocks, number }: RecordPrefix): void {
  record.writeUInt32BE(blocks, 0);
  record.writeUInt32BE(number, 4);
  record.writeUInt32BE(~blocks >>> 0, 8);
  record.writeUInt32BE(~number >>> 0, 12);
}

/** Whether nothing but zeros, and copies of authentic records, follows `start`. */
function isLastZero(bytes: Buffer, start: number, header: Buffer, key: Uint8Array): boolean {
  for (let at = start; at < bytes.length; ) {
    if (isZero(bytes, at, bytes.length)) return true;
    const prefix = at + BLOCK <= bytes.length ? readPrefix(bytes, at) : null;
    const after = prefix === null ? 0 : at + prefix.blocks * BLOCK;
    if (prefix === null || after > bytes.length || openRecord(bytes, at, prefix, header, key) === null) return false;
    at = after;
  }
  return true;
}

/** Authentic, and yet not a record, can only be what a defect wrote: it counts as missing. */
function readRecord(text: string, base: JournalBase): JournalRecord | null {
  try {
    return decodeRecord(text, base.version ?? STATE_VERSION, 'a record');
  } catch (error) {
    if (isKeyformError(error)) return null;
    throw error;
  }
}

/**
 * Keys of journals that a damaged snapshot may hold, to be tried: a key proves itself by opening a record. The text is read without
 * its authentication, so nothing else of it may be used. Empty when the header of the file is damaged too, or is for others.
 */
export async function salvageJournalKeys(bytes: Uint8Array, keys: Opening): Promise<readonly Uint8Array[]> {
  const file = Buffer.from(bytes);
  const mac = file.indexOf('\n--- ');
  const payload = mac < 0 ? -1 : file.indexOf(0x0a, mac + 1) + 1;
  if (payload <= 0) return [];
  const fileKey = await unwrapFileKey(file.subarray(0, payload), keys);
  if (fileKey === null) return [];
  const text = unauthenticated(fileKey, file.subarray(payload)).toString('latin1');
  return [...text.matchAll(/"journalKey":"([A-Za-z0-9+/]{43}=)"/g)].map(([, key = '']) => Buffer.from(key, 'base64'));
}

/** The key of an age file with this header; null when the header is damaged, or for others. */
async function unwrapFileKey(header: Uint8Array, keys: Opening): Promise<Uint8Array | null> {
  const age = await import('age-encryption');
  const decrypter = new age.Decrypter();
  try {
    if (keys.passphrase !== null) decrypter.addPassphrase(keys.passphrase.reveal());
    for (const identity of keys.identities) decrypter.addIdentity(identity.reveal());
    return await decrypter.decryptHeader(header);
  } catch {
    return null; // An answer: whoever asks knows already that the file does not open.
  }
}

const CHUNK = 64 * 1024;
const TAG = 16;
const NONCE = 16;

/** What the chunks of an age file decrypt to, whatever their tags say. */
function unauthenticated(fileKey: Uint8Array, payload: Buffer): Buffer {
  const key = Buffer.from(hkdfSync('sha256', fileKey, payload.subarray(0, NONCE), 'payload', 32));
  const stream = payload.subarray(NONCE);
  const parts: Buffer[] = [];
  for (let index = 0; index * (CHUNK + TAG) < stream.length; index++) {
    const start = index * (CHUNK + TAG);
    const isLast = start + CHUNK + TAG >= stream.length;
    // RFC 8439: block 0 of the key stream makes the tag's key, the text begins with block 1. OpenSSL: counter, then nonce.
    const iv = Buffer.alloc(16);
    iv.writeUInt32LE(1, 0);
    iv.writeUInt32BE(index, 11);
    iv[15] = isLast ? 1 : 0;
    const end = Math.max(start, Math.min(start + CHUNK, stream.length - (isLast ? TAG : 0)));
    parts.push(createDecipheriv('chacha20', key, iv).update(stream.subarray(start, end)));
  }
  return Buffer.concat(parts);
}
