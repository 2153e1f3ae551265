import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isKeyformError } from '../../src/core/error.ts';
import { Secret } from '../../src/core/secret.ts';
import { applyEntry, emptyState, type JournalEntry } from '../../src/core/state.ts';
import {
  decodeRecord,
  decodeSnapshot,
  encodeEntry,
  encodeRecord,
  encodeSnapshot,
  STATE_VERSION,
} from '../../src/state/format.ts';
import { NO_HISTORY } from '../../src/state/history.ts';
import { contentOf, creation, generation, intent, SECRET } from './fixture.ts';

const journalKey = new Uint8Array(32).fill(7);

/** The times of a key's life, of which a key has those that apply. */
const MOMENTS = {
  deposedAt: '2026-05-01T00:00:00.000Z',
  disabledAt: '2026-05-02T00:00:00.000Z',
  renewedAt: '2026-05-03T00:00:00.000Z',
  restoredAt: '2026-05-04T00:00:00.000Z',
};

function full() {
  const state = emptyState('prod', '00000000-0000-4000-8000-000000000000');
  state.serial = 3;
  const entries: JournalEntry[] = [
    ...creation('t.b'),
    ...creation('t.a'),
    ...creation('t.a', 2),
    { kind: 'tainted', address: 't.b', reason: 'asked for' },
    {
      kind: 'outputs',
      outputs: { __proto__x: { value: null, sensitive: false }, k: { value: ['s'], sensitive: true } },
    },
    { kind: 'intent', intent: intent('open', 't.c') },
  ];
  for (const entry of entries) applyEntry(state, entry);
  return state;
}

/** The text of a good snapshot with one place changed. */
function changed(path: readonly (string | number)[], value: unknown): Buffer {
  const root = JSON.parse(
    Buffer.from(
      encodeSnapshot({ state: full(), recipients: [], journalKey, history: NO_HISTORY, folded: null }),
    ).toString(),
  );
  let at = root;
  for (const part of path.slice(0, -1)) at = at[part];
  const last = path.at(-1) ?? '';
  if (value === undefined) delete at[last];
  else at[last] = value;
  return Buffer.from(JSON.stringify(root));
}

describe('snapshot format', () => {
  it('brings back what was written, secrets as Secrets', () => {
    const state = full();
    const history = { entries: 2, bytes: 9, hash: 'ab'.repeat(32) };
    const bytes = encodeSnapshot({
      state,
      recipients: ['age1x'],
      journalKey,
      history,
      folded: { serial: 2, bytes: 512, hash: 'cd'.repeat(32) },
    });
    const back = decodeSnapshot(bytes, 'file');
    expect(contentOf(back.state)).toBe(contentOf(state));
    expect([back.state.lineage, back.state.serial, back.state.stack]).toEqual([state.lineage, 3, 'prod']);
    expect(back.recipients).toEqual(['age1x']);
    expect(back.history).toEqual(history);
    expect(back.folded).toEqual({ serial: 2, bytes: 512, hash: 'cd'.repeat(32) });
    expect(Buffer.from(back.journalKey)).toEqual(Buffer.from(journalKey));
    const secret = back.state.resources.get('t.a')?.deposed[0]?.secret;
    expect(secret).toBeInstanceOf(Secret);
    expect(secret?.reveal()).toBe(`${SECRET}-1`);
    expect(inspect(back, { depth: 20 }).includes(SECRET)).toBe(false);
  });

  it('is the text that version 4 is documented to be', () => {
    const state = emptyState('prod', '00000000-0000-4000-8000-000000000000');
    state.serial = 1;
    state.writtenAt = '2026-03-04T05:06:07.000Z';
    for (const entry of creation('t.a')) applyEntry(state, entry);
    expect(
      Buffer.from(
        encodeSnapshot({ state, recipients: ['age1x'], journalKey, history: NO_HISTORY, folded: null }),
      ).toString(),
    ).toBe(
      '{"format":"keyform-state","version":4,"lineage":"00000000-0000-4000-8000-000000000000","serial":1,"stack":"prod",' +
        '"writtenAt":"2026-03-04T05:06:07.000Z","history":{"entries":0,"bytes":0,"hash":""},"folded":null,' +
        '"recipients":["age1x"],"journalKey":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=","resources":[{"address":"t.a",' +
        '"type":"keyform_outscale_access_key","provider":"keyform","dependencies":[],"current":{"number":1,"id":"id-1",' +
        '"accessKeyId":"AK1","secret":"canary-5ecret-of-generation-1","createdAt":"2026-03-04T05:06:07Z","expiresAt":null,' +
        '"enabled":true,"args":{"user_name":"ci","tag":{"deep":[1,null,true]}},"sensitiveArgs":[],"attributes":' +
        '{"last_used":null},"scope":"https://api.example"},"deposed":[],"lastGeneration":1,"tainted":null}],"outputs":{},"intents":[]}\n',
    );
  });

  it.each([{}, ...Object.entries(MOMENTS).map(([name, at]) => ({ [name]: at })), MOMENTS])(
    'brings back the times of a key that it has, and no others: %j',
    (moments) => {
      const state = { ...emptyState('prod', 'lineage'), serial: 1 };
      for (const entry of [...creation('t.a'), ...creation('t.a', 2)]) applyEntry(state, entry);
      for (const number of [1, 2]) {
        applyEntry(state, { kind: 'refreshed', address: 't.a', generation: generation(number, moments) });
      }
      const content = { recipients: [], journalKey, history: NO_HISTORY, folded: null };
      const bytes = encodeSnapshot({ state, ...content });
      const back = decodeSnapshot(bytes, 'file').state.resources.get('t.a');
      expect(back?.current).toStrictEqual(generation(2, moments));
      expect(back?.deposed).toStrictEqual([generation(1, moments)]);
      // In an order of their own, whatever that of the key is: equal states have equal texts.
      const turned = Object.fromEntries(Object.entries(generation(2, moments)).reverse()) as typeof moments;
      applyEntry(state, { kind: 'refreshed', address: 't.a', generation: { ...generation(2), ...turned } });
      expect(Buffer.from(encodeSnapshot({ state, ...content }))).toEqual(Buffer.from(bytes));
    },
  );

  it('brings back an address that has no key for now', () => {
    const state = { ...emptyState('prod', 'lineage'), serial: 1 };
    for (const entry of creation('t.a')) applyEntry(state, entry);
    applyEntry(state, { kind: 'intent', intent: intent('d', 't.a', { operation: 'delete' }) });
    applyEntry(state, { kind: 'deleted', intent: 'd', replaced: true });
    const bytes = encodeSnapshot({ state, recipients: [], journalKey, history: NO_HISTORY, folded: null });
    expect(decodeSnapshot(bytes, 'file').state.resources.get('t.a')).toMatchObject({
      current: null,
      deposed: [],
      lastGeneration: 1,
    });
  });

  it('reads version 1, whose intents hold no secret', () => {
    const old = JSON.parse(
      Buffer.from(
        encodeSnapshot({ state: full(), recipients: ['age1x'], journalKey, history: NO_HISTORY, folded: null }),
      ).toString(),
    );
    old.version = 1;
    delete old.writtenAt;
    delete old.history;
    delete old.folded;
    for (const item of old.intents) delete item.secret;
    expect(old.intents.length).toBeGreaterThan(0);
    const back = decodeSnapshot(Buffer.from(JSON.stringify(old)), 'file');
    expect(contentOf(back.state)).toBe(contentOf(full()));
    expect([...back.state.intents.values()].every((item) => item.secret === null)).toBe(true);
  });

  it.each<[string, Buffer, string, string]>([
    ['a later version', changed(['version'], 5), 'newer-state', 'format version 5'],
    ['a version that is none', changed(['version'], '1'), 'damaged-state', 'at version'],
    ['another kind of file', changed(['format'], 'keyform-plan'), 'wrong-kind', '"keyform-plan"'],
    ['no mark', changed(['format'], undefined), 'damaged-state', 'at format'],
    ['serial 0', changed(['serial'], 0), 'damaged-state', 'at serial'],
    ['a field more', changed(['resources', 0, 'colour'], 1), 'damaged-state', 'at resources[0].colour'],
    ['a field less', changed(['resources', 0, 'tainted'], undefined), 'damaged-state', 'at resources[0].tainted'],
    [
      'a wrong type',
      changed(['resources', 1, 'current', 'secret'], 5),
      'damaged-state',
      'at resources[1].current.secret',
    ],
    [
      'a time that is none',
      changed(['resources', 1, 'current', 'deposedAt'], null),
      'damaged-state',
      'at resources[1].current.deposedAt',
    ],
    ['args not an object', changed(['intents', 0, 'args'], [1]), 'damaged-state', 'at intents[0].args'],
    ['an address twice', changed(['resources', 1, 'address'], 't.a'), 'damaged-state', 'at resources[1].address'],
    ['a short journal key', changed(['journalKey'], 'BwcH'), 'damaged-state', 'at journalKey'],
    ['not JSON', Buffer.from(`{"secret":"${SECRET}"`), 'damaged-state', 'not JSON'],
    ['an array', Buffer.from('[]'), 'damaged-state', 'at its root'],
  ])('refuses %s', (_name, bytes, code, words) => {
    let thrown: unknown;
    try {
      decodeSnapshot(bytes, 'the file');
    } catch (error) {
      thrown = error;
    }
    if (!isKeyformError(thrown)) throw thrown;
    expect(thrown.code).toBe(code);
    expect(thrown.message).toContain('the file');
    expect(thrown.message).toContain(words);
    expect(thrown.detail).not.toBe('');
    expect(inspect(thrown, { depth: 9 }).includes(SECRET)).toBe(false);
  });
});

describe('journal entries', () => {
  const key = generation(4, { secret: null });
  it.each<JournalEntry>([
    ...creation('t.a'),
    { kind: 'arrived', intent: 'i', secret: new Secret(SECRET), keyId: 'k' },
    { kind: 'updated', intent: 'i', generation: key },
    { kind: 'deleted', intent: 'i' },
    { kind: 'failed', intent: 'i' },
    { kind: 'settled', intent: 'i' },
    { kind: 'refreshed', address: 't.a', generation: key },
    { kind: 'forgotten', address: 't.a', generation: 2 },
    { kind: 'forgotten', address: 't.a', generation: 0 },
    { kind: 'regenerated', intent: 'i', generation: { ...key, renewedAt: MOMENTS.renewedAt } },
    { kind: 'deleted', intent: 'i', replaced: true },
    { kind: 'deposed', address: 't.a', generation: 2, at: MOMENTS.deposedAt },
    { kind: 'restored', address: 't.a', generation: 2, at: MOMENTS.restoredAt },
    { kind: 'intent', intent: intent('i', 't.a', { operation: 'regenerate' }) },
    { kind: 'refreshed', address: 't.a', generation: { ...key, ...MOMENTS } },
    { kind: 'tainted', address: 't.a', reason: null },
    { kind: 'moved', from: 't.a', to: 't.b' },
    {
      kind: 'run',
      run: { id: 'r', at: 'now', user: 'alice', host: 'build-1', operation: 'apply', version: '1.0.0' },
    },
    { kind: 'wired', address: 't.a', provider: 'keyform.x', dependencies: ['t.b'] },
    { kind: 'outputs', outputs: { o: { value: { a: [1] }, sensitive: true } } },
  ])('come back as they were: $kind', (entry) => {
    const at = '2026-03-04T05:06:07.000Z';
    const record = decodeRecord(`${encodeRecord(at, [encodeEntry(entry)])}  `, STATE_VERSION, 'record');
    const [back] = record.entries;
    expect(record.at).toBe(at);
    expect(back).toStrictEqual(entry);
    if (entry.kind === 'created' && back?.kind === 'created') {
      expect(back.generation.secret?.reveal()).toBe(entry.generation.secret?.reveal());
    }
  });

  it('leave out what is no part of the format', () => {
    const stray = { ...generation(1), colour: 'red' };
    const text = encodeEntry({ kind: 'refreshed', address: 'a', generation: stray });
    expect(() => decodeRecord(encodeRecord('now', [text]), STATE_VERSION, 'record')).not.toThrow();
  });
});
