import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isKeyformError } from '../../src/core/error.ts';
import { encodeEntry, encodeRecord } from '../../src/state/format.ts';
import { headerLine, newJournal, readHeader, replayJournal } from '../../src/state/journal.ts';
import { BLOCK, isZero, recordSize, sealRecord } from '../../src/state/record.ts';
import { creation, SECRET, testRandom } from './fixture.ts';

const base = { lineage: '6f1c0000-0000-4000-8000-000000000000', serial: 41 };
const key = new Uint8Array(32).fill(3);
const [intentEntry, createdEntry] = creation('t.a');
/** Of one block, of two, and of one. */
const AT = '2026-03-04T05:06:07.000Z';
const TEXTS = [
  encodeRecord(AT, [encodeEntry(intentEntry)]),
  encodeRecord(AT, [
    encodeEntry(createdEntry),
    encodeEntry({ kind: 'tainted', address: 't.a', reason: 'r'.repeat(600) }),
  ]),
  encodeRecord(AT, [encodeEntry({ kind: 'tainted', address: 't.a', reason: null })]),
];

function records(texts: readonly string[], seed = 'journal', from = 1): Buffer[] {
  const random = testRandom(seed);
  return texts.map((text, index) => sealRecord(text, from + index, headerLine(base), key, random));
}

function journal(parts: readonly Buffer[], zeros = 4 * BLOCK): Buffer {
  return Buffer.concat([newJournal(base, 0), ...parts, Buffer.alloc(zeros)]);
}

/** `<records> <torn>` of a good journal, or the code of the error with the name of the record. */
function outcome(bytes: Buffer): string {
  try {
    const read = replayJournal(bytes, readHeader(bytes, 'the journal'), key, 'the journal');
    return `${read.records.length}${read.torn ? ' torn' : ''}`;
  } catch (error) {
    if (!isKeyformError(error)) throw error;
    expect(error.message).toContain('the journal');
    return `${error.code}: ${error.message}`;
  }
}

const whole = records(TEXTS);
const good = journal(whole);

describe('journal format', () => {
  it('gives back the entries in order, and hides them on the disk', () => {
    expect(whole.map((record) => record.length / BLOCK)).toEqual([1, 3, 1]);
    const read = replayJournal(good, base, key, 'j');
    const kinds = read.records.map(({ entries }) => entries.map((entry) => entry.kind));
    expect(kinds).toEqual([['intent'], ['created', 'tainted'], ['tainted']]);
    expect(read.records.map(({ at }) => at)).toEqual([AT, AT, AT]);
    expect(read.torn).toBe(false);
    expect(good.includes(SECRET)).toBe(false);
    expect(good.subarray(0, BLOCK).toString('latin1').replace(/\0+$/, '')).toMatch(
      /^keyform-journal 4 6f1c0000-0000-4000-8000-000000000000 41 [0-9a-f]{16}\n$/,
    );
  });

  it('fills blocks exactly', () => {
    for (const length of [2, 466, 467, 468, 978, 979]) {
      expect(records([`"${'x'.repeat(length - 2)}"`])[0]?.length).toBe(recordSize(length));
    }
    expect([recordSize(467), recordSize(468)]).toEqual([BLOCK, 2 * BLOCK]);
  });

  it('names every flipped byte, or reads all that was there', () => {
    const counts = { named: 0, harmless: 0 };
    for (let at = 0; at < good.length; at++) {
      for (const flip of [0x01, 0x10, 0x80, 0xff, good[at] ?? 0, (good[at] ?? 0) ^ 0xa5]) {
        if (flip === 0) continue;
        const bytes = Buffer.from(good);
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        const what = outcome(bytes);
        const ok = what === '3' || what === '3 torn';
        if (!ok) expect(what, `byte ${at} ^ ${flip}`).toMatch(/^(damaged|newer)-state: /);
        counts[ok ? 'harmless' : 'named']++;
        // Harmless: the marks at the ends of blocks, and zeros that nothing was written over.
        if (ok) expect(at >= good.length - 4 * BLOCK || at % BLOCK === BLOCK - 1).toBe(true);
      }
    }
    expect(counts.named).toBeGreaterThan(counts.harmless);
  });

  it('names every truncation that could have taken a record', () => {
    for (let length = 0; length < good.length; length++) {
      const what = outcome(good.subarray(0, length));
      if (length >= good.length - 3 * BLOCK) expect(what).toBe('3');
      else expect(what, `at ${length}`).toMatch(/^damaged-state: /);
    }
  });

  const [one, two, three] = whole as [Buffer, Buffer, Buffer];
  const other = records([TEXTS[1] ?? ''], 'other', 2)[0] as Buffer;
  it.each<[string, Buffer[], string]>([
    ['dropped', [one, three], 'has record 3 in the place of record 2|damaged at record 2, and record 3'],
    ['dropped at the start', [two, three], 'damaged at record 1, and record 2 after it is whole'],
    ['swapped', [two, one, three], 'damaged at record 1, and record 2 after it is whole'],
    ['duplicated', [one, one, two, three], 'has record 2 in the wrong place'],
    ['duplicated at the end', [one, two, three, three], 'has record 3 in the place of record 4'],
    ['blanked', [one, Buffer.alloc(two.length), three], 'damaged at record 2, and record 3 after it is whole'],
    ['written over by an older one', [one, Buffer.concat([one, two.subarray(BLOCK)]), three], 'record 2'],
    ['moved by a block', [one, two, Buffer.alloc(BLOCK), three], 'has record 3 in the wrong place'],
    ['repeated with another content', [one, two, three, other], 'has record 2 in the place of record 4'],
  ])('names the record that was %s', (_name, parts, words) => {
    expect(outcome(journal(parts))).toMatch(new RegExp(`^damaged-state: .*(${words})`));
  });

  it('does not take records of another journal, key or base', () => {
    const alien = (line: Buffer, k: Uint8Array) => sealRecord(TEXTS[2] ?? '', 3, line, k, testRandom('alien'));
    for (const record of [
      alien(headerLine({ ...base, serial: 40 }), key),
      alien(headerLine({ ...base, lineage: base.lineage.replace('6', '7') }), key),
      alien(headerLine(base), new Uint8Array(32).fill(4)),
    ]) {
      expect(outcome(journal([one, two, record]))).toBe(
        'damaged-state: the journal is damaged at record 3: it was complete once, and does not open',
      );
    }
  });

  it('does not take a header whose serial or lineage slipped', () => {
    const older = Buffer.from(good);
    older.write(' 40 ', older.indexOf(' 41 '), 'ascii');
    expect(outcome(older)).toBe('damaged-state: the journal has a damaged header');
  });

  it('cuts off a torn last record, wherever it was torn, and whichever of its blocks came first', () => {
    const before = journal([one], 0);
    for (let cut = 0; cut <= two.length; cut++) {
      const part = Buffer.alloc(two.length);
      two.copy(part, 0, 0, cut);
      const what = outcome(Buffer.concat([before, part, Buffer.alloc(2 * BLOCK)]));
      if (cut >= two.length - 1) expect(what).toBe('2');
      else expect(what, `cut at ${cut}`).toBe(isZero(part, 0, part.length) ? '1' : '1 torn');
    }
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: two.length / BLOCK }), (kept) => {
        const part = Buffer.alloc(two.length);
        for (const [i, keep] of kept.entries()) if (keep) two.copy(part, i * BLOCK, i * BLOCK, (i + 1) * BLOCK);
        const all = kept.length === two.length / BLOCK && kept.every(Boolean);
        const none = kept.every((keep) => !keep);
        expect(outcome(Buffer.concat([before, part, Buffer.alloc(2 * BLOCK)]))).toBe(all ? '2' : none ? '1' : '1 torn');
      }),
    );
  });

  it('never takes arbitrary damage of a record before the last for a torn one', () => {
    fc.assert(
      fc.property(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 700 }), (where, junk) => {
        const start = BLOCK + (where % one.length);
        const bytes = Buffer.from(good);
        // Only within the first two records, so that the third one is a witness.
        Buffer.from(junk).copy(bytes, start, 0, Math.min(junk.length, BLOCK + one.length + two.length - start));
        if (!bytes.equals(good)) expect(outcome(bytes)).toMatch(/^(3$|damaged-state: )/);
      }),
    );
  });
});
