import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { applyEntry, emptyState, type JournalEntry, type RunInfo } from '../../src/core/state.ts';
import { createFiles } from '../../src/io/files.ts';
import { readHistory } from '../../src/state/audit.ts';
import {
  chainHistory,
  type HistoryAnchor,
  type HistoryItem,
  historyItem,
  NO_HISTORY,
  prepareHistory,
} from '../../src/state/history.ts';
import { generation, intent, SECRET, testRandom } from './fixture.ts';
import { Crash, MemoryDisk } from './memory.ts';

const LINEAGE = '3f0c2c4e-5d0e-4e62-9a4f-0d7a6c1b2e11';
const PATH = 'state/prod.keyform.history';
const AT = '2026-03-04T05:06:08.000Z';
const RUN: RunInfo = {
  id: 'run-7',
  at: '2026-03-04T05:00:00.000Z',
  user: 'alice',
  host: 'build-1',
  operation: 'apply',
  version: '0.1.0',
};
const A = 'keyform_outscale_access_key.a';
const B = 'keyform_outscale_access_key.b';
const TYPE = 'keyform_outscale_access_key';

/** What a user reads of each entry: `action address key generation changed reason`, or null. */
function told(entries: readonly JournalEntry[], run: RunInfo | null = RUN) {
  const state = emptyState('prod', LINEAGE);
  return entries.map((entry) => {
    const item = historyItem(entry, AT, run, state);
    applyEntry(state, entry);
    if (item === null) return null;
    const { action, address, key, generation: number, changed, reason } = item;
    return [action, address, key, number, changed.join(','), reason];
  });
}

function items(count: number, word = 'x'): HistoryItem[] {
  return Array.from({ length: count }, (_, index) => ({
    at: AT,
    run: RUN.id,
    by: 'alice@build-1',
    operation: 'apply',
    action: 'created',
    address: `${A}["${word}${index}"]`,
    type: TYPE,
    key: `key-${index}`,
    generation: 1,
    changed: [],
    reason: null,
  }));
}

describe('what becomes a line', () => {
  it('tells the life of a key, and none of what is nobody’s business', () => {
    const made = intent('i1', A, { at: AT });
    const update = intent('i2', A, { operation: 'update', keyId: 'id-1', args: { tag: SECRET, description: 'd' } });
    const off = intent('i3', A, { operation: 'disable', keyId: 'id-1', args: { enabled: false } });
    const rotate = intent('i4', A, { generation: 2 });
    const gone = intent('i5', A, { operation: 'delete', keyId: 'id-1', args: {} });
    const entries: JournalEntry[] = [
      { kind: 'run', run: RUN },
      { kind: 'intent', intent: made },
      { kind: 'created', intent: 'i1', generation: generation(1), dependencies: [] },
      { kind: 'refreshed', address: A, generation: generation(1) },
      { kind: 'wired', address: A, provider: 'keyform', dependencies: [] },
      { kind: 'intent', intent: update },
      { kind: 'updated', intent: 'i2', generation: generation(1, { args: { tag: SECRET } }) },
      { kind: 'intent', intent: off },
      { kind: 'updated', intent: 'i3', generation: generation(1, { enabled: false }) },
      { kind: 'intent', intent: intent('i3b', A, { operation: 'enable', keyId: 'id-1', args: { enabled: true } }) },
      { kind: 'updated', intent: 'i3b', generation: generation(1) },
      { kind: 'tainted', address: A, reason: 'the API did not accept its secret' },
      { kind: 'tainted', address: A, reason: null },
      { kind: 'intent', intent: rotate },
      { kind: 'arrived', intent: 'i4', secret: new Secret(SECRET), keyId: 'id-2' },
      { kind: 'created', intent: 'i4', generation: generation(2), dependencies: [] },
      { kind: 'intent', intent: gone },
      { kind: 'deleted', intent: 'i5' },
      { kind: 'moved', from: A, to: B },
      { kind: 'intent', intent: intent('i6', A) },
      { kind: 'failed', intent: 'i6' },
      { kind: 'intent', intent: intent('i7', A) },
      { kind: 'settled', intent: 'i7' },
      { kind: 'intent', intent: intent('i8', B, { operation: 'regenerate', generation: 2, keyId: 'id-2', args: {} }) },
      { kind: 'regenerated', intent: 'i8', generation: generation(3, { id: 'id-2', renewedAt: AT }) },
      { kind: 'intent', intent: intent('i9', B, { generation: 4 }) },
      { kind: 'created', intent: 'i9', generation: generation(4), dependencies: [] },
      { kind: 'deposed', address: B, generation: 3, at: AT },
      { kind: 'restored', address: B, generation: 3, at: AT },
      { kind: 'forgotten', address: B, generation: 4 },
      {
        kind: 'intent',
        intent: intent('i10', B, { operation: 'delete', generation: 3, keyId: 'id-2', args: {} }),
      },
      { kind: 'deleted', intent: 'i10', replaced: true },
      { kind: 'forgotten', address: B, generation: 0 },
      { kind: 'outputs', outputs: {} },
    ];
    expect(told(entries).filter((line) => line !== null)).toEqual([
      ['created', A, 'id-1', 1, '', null],
      ['updated', A, 'id-1', 1, 'description,tag', null],
      ['disabled', A, 'id-1', 1, 'enabled', null],
      ['enabled', A, 'id-1', 1, 'enabled', null],
      ['tainted', A, 'id-1', 1, '', 'the API did not accept its secret'],
      ['untainted', A, 'id-1', 1, '', null],
      ['arrived', A, 'id-2', 2, '', null],
      ['created', A, 'id-2', 2, '', null],
      ['deleted', A, 'id-1', 1, '', null],
      ['moved', B, 'id-2', 2, '', `from ${A}`],
      ['failed', A, null, 1, '', 'create: the API did nothing'],
      ['settled', A, null, 1, '', 'create of 2026-03-04T05:06:07Z: looked into'],
      ['regenerated', B, 'id-2', 3, '', null],
      ['created', B, 'id-4', 4, '', null],
      ['deposed', B, 'id-2', 3, '', null],
      ['rolled-back', B, 'id-2', 3, '', null],
      ['forgotten', B, 'id-4', 4, '', null],
      ['deleted', B, 'id-2', 3, '', null],
      ['forgotten', B, null, null, '', null],
    ]);
  });

  it('tells a key that an earlier run made from one that this run made', () => {
    const entries = (at: string): JournalEntry[] => [
      { kind: 'intent', intent: intent('i1', A, { at }) },
      { kind: 'created', intent: 'i1', generation: generation(1), dependencies: [] },
    ];
    expect(told(entries('2026-03-04T04:00:00.000Z'))[1]?.[0]).toBe('adopted');
    expect(told(entries('2026-03-04T05:00:01.000Z'))[1]?.[0]).toBe('created');
    expect(told(entries('2026-03-04T04:00:00.000Z'), null)[1]?.[0]).toBe('created');
  });

  it('says who and in which run, where that is known', () => {
    const state = emptyState('prod', LINEAGE);
    applyEntry(state, { kind: 'intent', intent: intent('i1', A) });
    const entry: JournalEntry = { kind: 'failed', intent: 'i1' };
    expect(historyItem(entry, AT, RUN, state)).toMatchObject({
      at: AT,
      run: 'run-7',
      by: 'alice@build-1',
      operation: 'apply',
      type: TYPE,
    });
    expect(historyItem(entry, null, null, state)).toMatchObject({ at: null, run: null, by: null, operation: null });
  });

  it('writes neither a secret nor the value of an argument', () => {
    const canary = intent('i1', A, {
      operation: 'update',
      keyId: 'id-1',
      args: { tag: SECRET },
      secret: new Secret(SECRET),
    });
    const state = emptyState('prod', LINEAGE);
    const lines: HistoryItem[] = [];
    for (const entry of [
      { kind: 'intent', intent: intent('i0', A, { args: { tag: SECRET } }) },
      { kind: 'created', intent: 'i0', generation: generation(1, { args: { tag: SECRET } }), dependencies: [] },
      { kind: 'intent', intent: canary },
      { kind: 'updated', intent: 'i1', generation: generation(1, { args: { tag: SECRET } }) },
    ] satisfies JournalEntry[]) {
      const item = historyItem(entry, AT, RUN, state);
      if (item !== null) lines.push(item);
      applyEntry(state, entry);
    }
    const text = chainHistory(NO_HISTORY, LINEAGE, lines).bytes.toString();
    expect(text.match(/"action":"[a-z]+"/g)).toEqual(['"action":"created"', '"action":"updated"']);
    expect(text).not.toContain(SECRET);
  });
});

describe('the chain', () => {
  it('is as documented: each line names the one before by its SHA-256, the first one the lineage', () => {
    const { bytes, anchor } = chainHistory(NO_HISTORY, LINEAGE, items(2));
    const [first = '', second = '', rest] = bytes.toString().split('\n');
    const sha = (text: string) => createHash('sha256').update(text).digest('hex');
    expect(first).toBe(
      `{"n":1,"prev":"${sha(LINEAGE)}","at":"${AT}","run":"run-7","by":"alice@build-1","operation":"apply","action":"created","address":"${A}[\\"x0\\"]","type":"${TYPE}","key":"key-0","generation":1,"changed":[],"reason":null}`,
    );
    expect(JSON.parse(second)).toMatchObject({ n: 2, prev: sha(first) });
    expect(rest).toBe('');
    expect(anchor).toEqual({ entries: 2, bytes: bytes.length, hash: sha(second) });
  });

  it('is the same whether it is written in one piece or in several', () => {
    const whole = chainHistory(NO_HISTORY, LINEAGE, items(5));
    const start = chainHistory(NO_HISTORY, LINEAGE, items(5).slice(0, 2));
    const rest = chainHistory(start.anchor, LINEAGE, items(5).slice(2));
    expect(Buffer.concat([start.bytes, rest.bytes]).equals(whole.bytes)).toBe(true);
    expect(rest.anchor).toEqual(whole.anchor);
  });
});

describe('reading', () => {
  const { bytes, anchor } = chainHistory(NO_HISTORY, LINEAGE, items(6));
  const lines = bytes.toString().split('\n').slice(0, -1);
  const joined = (list: readonly string[]) => Buffer.from(list.map((line) => `${line}\n`).join(''));
  const read = (changed: Uint8Array | null, at: HistoryAnchor = anchor) => readHistory(changed, at, LINEAGE);
  const found = (changed: Uint8Array) => read(changed).findings.map((f) => `${f.line} ${f.problem}`);

  it('gives every line of a whole file, and leaves what a crash left after it alone', () => {
    expect(read(bytes)).toMatchObject({ findings: [], beyond: 0 });
    expect(read(bytes).lines.map(({ n }) => n)).toEqual([1, 2, 3, 4, 5, 6]);
    const more = chainHistory(anchor, LINEAGE, items(2)).bytes;
    expect(read(Buffer.concat([bytes, more]))).toMatchObject({ findings: [], beyond: more.length });
    expect(read(Buffer.concat([bytes, more])).lines).toHaveLength(6);
    expect(read(bytes, NO_HISTORY)).toEqual({ lines: [], findings: [], beyond: bytes.length });
    expect(read(null, NO_HISTORY)).toEqual({ lines: [], findings: [], beyond: 0 });
  });

  it.each<[string, Buffer, string[]]>([
    ['a word of line 3 changed', joined(lines.with(2, (lines[2] ?? '').replace('alice', 'mallo'))), ['3 changed']],
    ['line 3 replaced by no JSON', joined(lines.with(2, 'nothing')), ['3 changed']],
    ['the last line changed', joined(lines.with(5, (lines[5] ?? '').replace('alice', 'mallo'))), ['6 changed']],
    ['line 3 dropped', joined(lines.toSpliced(2, 1)), ['3 removed']],
    ['lines 2 to 4 dropped', joined(lines.toSpliced(1, 3)), ['2 removed']],
    ['the first line dropped', joined(lines.slice(1)), ['1 removed']],
    [
      'lines 3 and 4 swapped',
      joined(lines.toSpliced(2, 2, lines[3] ?? '', lines[2] ?? '')),
      ['3 removed', '4 inserted'],
    ],
    ['line 2 once more after line 4', joined(lines.toSpliced(4, 0, lines[1] ?? '')), ['5 inserted']],
    ['a line of words after line 4', joined(lines.toSpliced(4, 0, 'hello')), ['5 inserted']],
    ['a line before the first', joined(['hello', ...lines]), ['1 inserted']],
    ['the last line dropped', joined(lines.slice(0, 5)), ['6 cut']],
    ['the second half dropped', joined(lines.slice(0, 3)), ['4 cut']],
    ['the last line feed dropped', bytes.subarray(0, -1), ['6 cut']],
    ['everything dropped', Buffer.alloc(0), ['1 cut']],
  ])('names the line: %s', (_, changed, expected) => {
    expect(found(changed)).toEqual(expected);
  });

  it('knows the history of another state, and an anchor that cannot be', () => {
    const other = chainHistory(NO_HISTORY, 'another', items(6));
    expect(readHistory(other.bytes, other.anchor, LINEAGE).findings).toEqual([
      { line: 1, problem: 'changed', message: 'Line 1 is the first of another state' },
    ]);
    expect(read(bytes, { ...anchor, entries: 7 }).findings).not.toEqual([]);
    expect(read(bytes, { ...anchor, bytes: 7 }).findings).not.toEqual([]);
    expect(read(null).findings).toMatchObject([{ line: 1, problem: 'cut' }]);
  });

  it('finds every flipped bit', () => {
    for (let offset = 0; offset < bytes.length; offset++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = Buffer.from(bytes);
        changed[offset] = (changed[offset] ?? 0) ^ (1 << bit);
        if (read(changed).findings.length === 0) expect.fail(`bit ${bit} of byte ${offset} went unnoticed`);
      }
    }
  });

  it('finds every cut', () => {
    for (let length = 0; length < bytes.length; length++) {
      if (read(bytes.subarray(0, length)).findings.length === 0) expect.fail(`a cut at ${length} was not seen`);
    }
  });

  it('finds whatever is done to its lines, also when numbers and hashes are made to fit', () => {
    const forged = chainHistory(NO_HISTORY, LINEAGE, items(6, 'forged')).bytes.toString().split('\n').slice(0, -1);
    const pool = [...lines, ...forged, ''];
    fc.assert(
      fc.property(fc.array(fc.nat(pool.length - 1), { maxLength: 9 }), fc.boolean(), (picks, keep) => {
        const changed = joined([...(keep ? lines.slice(0, 3) : []), ...picks.map((index) => pool[index] ?? '')]);
        const same = changed.subarray(0, bytes.length).equals(bytes);
        expect(read(changed).findings.length === 0).toBe(same);
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.shuffledSubarray(lines, { minLength: 1 }), (changed) => {
        expect(read(joined(changed)).findings.length === 0).toBe(changed.join() === lines.join());
      }),
    );
  });
});

describe('appending', () => {
  const random = testRandom('history');
  const options = (disk: MemoryDisk) => ({ paths: { history: PATH }, files: disk, random });
  async function append(disk: MemoryDisk, anchor: HistoryAnchor, news: readonly HistoryItem[]) {
    const prepared = await prepareHistory(options(disk), anchor, LINEAGE, news);
    await prepared.write();
    return prepared;
  }

  it('puts line after line, and touches nothing where there is no news', async () => {
    const disk = new MemoryDisk();
    const first = await append(disk, NO_HISTORY, items(2));
    const second = await append(disk, first.anchor, items(3));
    expect([...first.notes, ...second.notes]).toEqual([]);
    expect(readHistory(disk.get(PATH), second.anchor, LINEAGE)).toMatchObject({ findings: [], beyond: 0 });
    expect(second.anchor).toMatchObject({ entries: 5, bytes: disk.get(PATH).length });
    const steps = disk.log.length;
    expect((await append(disk, second.anchor, [])).anchor).toEqual(second.anchor);
    expect(disk.log.length).toBe(steps);
  });

  it('finds its last line again however long it is', async () => {
    const disk = new MemoryDisk();
    const long = items(1, 'l'.repeat(9000));
    const first = await append(disk, NO_HISTORY, [...items(1), ...long]);
    const second = await append(disk, first.anchor, [...long, ...items(1)]);
    expect(second.notes).toEqual([]);
    expect(readHistory(disk.get(PATH), second.anchor, LINEAGE).findings).toEqual([]);
  });

  it('writes the same file whatever byte an earlier attempt came to', async () => {
    const { bytes: before, anchor } = chainHistory(NO_HISTORY, LINEAGE, items(3));
    const { bytes: news } = chainHistory(anchor, LINEAGE, items(2, 'new'));
    const { bytes: longer } = chainHistory(anchor, LINEAGE, items(4, 'an attempt that had more to say'));
    for (const left of [news, longer]) {
      for (let length = 0; length <= left.length; length++) {
        for (const [start, at] of [
          [before, anchor],
          [Buffer.alloc(0), NO_HISTORY],
        ] as const) {
          const mine = at === anchor ? left : chainHistory(NO_HISTORY, LINEAGE, items(4, 'x')).bytes;
          const disk = MemoryDisk.of({ [PATH]: Buffer.concat([start, mine.subarray(0, length)]) });
          const { notes } = await append(disk, at, items(2, 'new'));
          const expected = Buffer.concat([start, chainHistory(at, LINEAGE, items(2, 'new')).bytes]);
          if (!disk.get(PATH).equals(expected) || notes.length > 0) expect.fail(`not after ${length} bytes`);
        }
      }
    }
    expect(before.length).toBe(anchor.bytes);
  });

  it('is synced before it says so: a power failure at any step costs nothing that is anchored', async () => {
    const { bytes: before, anchor } = chainHistory(NO_HISTORY, LINEAGE, items(3));
    const news = items(40, 'new');
    const whole = Buffer.concat([before, chainHistory(anchor, LINEAGE, news).bytes]);
    const power = testRandom('power');
    let crashes = 0;
    for (let step = 0; ; step++) {
      const disk = MemoryDisk.of({ [PATH]: before });
      disk.crashAt = step;
      const written = await append(disk, anchor, news).catch((error: unknown) => {
        if (!(error instanceof Error && error.cause instanceof Crash)) throw error;
        return null;
      });
      const found = disk.reboot(() => power.fraction());
      if (written !== null) {
        expect(found.get(PATH).equals(whole)).toBe(true);
        break;
      }
      crashes += 1;
      expect(readHistory(found.get(PATH), anchor, LINEAGE).findings).toEqual([]);
      const again = await append(found, anchor, news);
      expect(again.notes).toEqual([]);
      expect(found.get(PATH).equals(whole)).toBe(true);
    }
    expect(crashes).toBe(3); // write, truncate, sync
  });

  it('keeps a file aside that was tampered with, and begins anew with a line that says so', async () => {
    const { bytes, anchor } = chainHistory(NO_HISTORY, LINEAGE, items(3));
    const tampered = Buffer.from(bytes.toString().replace('key-2', 'key-9'));
    const disk = MemoryDisk.of({ [PATH]: tampered });
    const { anchor: next, notes } = await append(disk, anchor, items(1, 'new'));
    const aside = Object.keys(disk.content()).filter((path) => path.startsWith(`${PATH}.damaged-`));
    expect(aside).toEqual([expect.stringMatching(/\.damaged-[0-9a-f]{12}$/)]);
    expect(disk.get(aside[0] ?? '').equals(tampered)).toBe(true);
    expect(notes).toEqual([expect.stringContaining(aside[0] ?? '-')]);
    const report = readHistory(disk.get(PATH), next, LINEAGE);
    expect(report.findings).toEqual([]);
    expect(report.lines.map(({ n, action }) => [n, action])).toEqual([
      [1, 'history-lost'],
      [2, 'created'],
    ]);
    expect(report.lines[0]?.reason).toContain(anchor.hash);

    // The snapshot with the new anchor was not written: the same happens again, without another file.
    const again = await append(disk, anchor, items(1, 'new'));
    expect(again.anchor).toEqual(next);
    expect(Object.keys(disk.content())).toHaveLength(2);
  });

  it.each([
    ['missing', null],
    ['empty', Buffer.alloc(0)],
  ])('begins anew where the file is %s', async (_, content) => {
    const { anchor } = chainHistory(NO_HISTORY, LINEAGE, items(3));
    const disk = content === null ? new MemoryDisk() : MemoryDisk.of({ [PATH]: content });
    const { anchor: next, notes } = await append(disk, anchor, items(1));
    expect(notes).toEqual([expect.stringContaining('is missing')]);
    expect(readHistory(disk.get(PATH), next, LINEAGE).lines.map(({ action }) => action)).toEqual([
      'history-lost',
      'created',
    ]);
    expect(Object.keys(disk.content())).toEqual([PATH]);
  });

  it('takes zeros for what a power failure leaves of a first attempt', async () => {
    const left = Buffer.from(chainHistory(NO_HISTORY, LINEAGE, items(2)).bytes);
    for (const [from, to] of [
      [0, 512],
      [20, 512],
      [0, left.length],
    ]) {
      const disk = MemoryDisk.of({ [PATH]: Buffer.from(left).fill(0, from, to) });
      expect((await append(disk, NO_HISTORY, items(1))).notes).toEqual([]);
      expect(disk.get(PATH).equals(chainHistory(NO_HISTORY, LINEAGE, items(1)).bytes)).toBe(true);
    }
  });

  it('keeps the history of a state aside that was here before', async () => {
    const other = chainHistory(NO_HISTORY, 'another', items(3)).bytes;
    const disk = MemoryDisk.of({ [PATH]: other });
    const { anchor, notes } = await append(disk, NO_HISTORY, items(1));
    expect(notes).toEqual([expect.stringContaining('is not the history of this state')]);
    expect(readHistory(disk.get(PATH), anchor, LINEAGE).lines.map(({ action }) => action)).toEqual(['created']);
    expect(Object.values(disk.content()).some((bytes) => bytes.equals(other))).toBe(true);
  });

  it('is private, and does the same, on a real disk', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyform-history-'));
    try {
      const path = join(folder, 'state', 'prod.keyform.history');
      const real = { paths: { history: path }, files: createFiles(testRandom('files')), random: testRandom('real') };
      let anchor = NO_HISTORY;
      for (const news of [items(3), items(1, 'l'.repeat(5000)), items(2)]) {
        const prepared = await prepareHistory(real, anchor, LINEAGE, news);
        expect(prepared.notes).toEqual([]);
        await prepared.write();
        anchor = prepared.anchor;
        appendFileSync(path, 'what a crash left');
      }
      expect(readHistory(readFileSync(path), anchor, LINEAGE)).toMatchObject({ findings: [], beyond: 17 });
      expect(statSync(path).mode & 0o777).toBe(0o600);
      truncateSync(path, anchor.bytes - 1);
      const { notes } = await prepareHistory(real, anchor, LINEAGE, items(1));
      expect(notes).toEqual([expect.stringContaining('was changed')]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('says as state-io what the disk says, and reads no more of a long file than of a short one', async () => {
    const disk = new MemoryDisk();
    const { anchor } = await append(disk, NO_HISTORY, items(2000));
    let read = 0;
    const measured = Object.assign(Object.create(disk), {
      open: async (path: string, mode: number) => {
        const file = await disk.open(path, mode);
        return {
          ...file,
          readAt: async (offset: number, length: number) => {
            read += length;
            return file.readAt(offset, length);
          },
        };
      },
    }) as MemoryDisk;
    const prepared = await prepareHistory(options(measured), anchor, LINEAGE, items(1));
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(10_000);
    disk.fault = (step) => (step === 'write' ? 'ENOSPC' : null);
    await expect(prepared.write()).rejects.toMatchObject({ code: 'state-io' });
  });
});
