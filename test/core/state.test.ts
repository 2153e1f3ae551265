import { describe, expect, it } from 'vitest';
import { applyEntry, emptyState, type JournalEntry, type MutableState } from '../../src/core/state.ts';
import { contentOf, generation, intent } from '../state/fixture.ts';

const A = 'keyform_outscale_access_key.a';

/** The state after `entries`, each of which must be accepted. */
function stateAfter(...entries: readonly JournalEntry[]): MutableState {
  const state = emptyState('prod', 'lineage');
  for (const entry of entries) applyEntry(state, entry);
  return state;
}

const begin = (id: string, number = 1): JournalEntry => ({
  kind: 'intent',
  intent: intent(id, A, { generation: number }),
});
const created = (id: string, number = 1): JournalEntry => ({
  kind: 'created',
  intent: id,
  generation: generation(number),
  dependencies: ['x.y'],
});
const made = (...numbers: number[]): JournalEntry[] =>
  numbers.flatMap((number) => [begin(`i${number}`, number), created(`i${number}`, number)]);
const AT = '2026-05-06T07:08:09.000Z';
const renewed = (id: string, from: number, to: number): JournalEntry[] => [
  { kind: 'intent', intent: intent(id, A, { operation: 'regenerate', generation: from, keyId: 'id-1' }) },
  { kind: 'regenerated', intent: id, generation: generation(to, { id: 'id-1', renewedAt: AT }) },
];
const restored = (number: number): JournalEntry => ({ kind: 'restored', address: A, generation: number, at: AT });
const numbers = (state: MutableState) => {
  const resource = state.resources.get(A);
  return resource === undefined
    ? null
    : [resource.current?.number ?? null, resource.deposed.map((one) => one.number), resource.lastGeneration];
};

describe('applyEntry', () => {
  it.each<[string, readonly JournalEntry[], unknown, number]>([
    ['an intent changes no key', [begin('i1')], null, 1],
    ['a key is made', made(1), [1, [], 1], 0],
    ['a second one deposes it', made(1, 2), [2, [1], 2], 0],
    ['and a third', made(1, 2, 3), [3, [1, 2], 3], 0],
    ['the deposed goes', [...made(1, 2), begin('d', 1), { kind: 'deleted', intent: 'd' }], [2, [], 2], 0],
    ['the current goes first', [...made(1, 2), begin('d', 2), { kind: 'deleted', intent: 'd' }], [null, [1], 2], 0],
    ['the last key takes the address along', [...made(1), begin('d', 1), { kind: 'deleted', intent: 'd' }], null, 0],
    ['nothing was done', [...made(1), begin('f', 2), { kind: 'failed', intent: 'f' }], [1, [], 1], 0],
    ['it was looked into', [begin('s'), { kind: 'settled', intent: 's' }], null, 0],
    ['a deposed key is gone', [...made(1, 2), { kind: 'forgotten', address: A, generation: 1 }], [2, [], 2], 0],
    ['the current key is gone', [...made(1, 2), { kind: 'forgotten', address: A, generation: 2 }], [null, [1], 2], 0],
    [
      'made again after it was gone, beside a deposed one',
      [...made(1, 2), { kind: 'forgotten', address: A, generation: 2 }, ...made(3)],
      [3, [1], 3],
      0,
    ],
    [
      'a secret is regenerated: the next generation of the same key',
      [...made(1), ...renewed('r', 1, 2)],
      [2, [], 2],
      0,
    ],
    [
      'beside a deposed key, which stays as it is',
      [...made(1, 2), ...renewed('r', 2, 3), ...renewed('s', 3, 4)],
      [4, [1], 4],
      0,
    ],
    ['an overlap begins', [...made(1, 2), { kind: 'deposed', address: A, generation: 1, at: AT }], [2, [1], 2], 0],
    ['a rollback', [...made(1, 2), restored(1)], [1, [2], 2], 0],
    ['a rollback past one in between', [...made(1, 2, 3), restored(1)], [1, [2, 3], 3], 0],
    ['a rollback of a rollback', [...made(1, 2), restored(1), restored(2)], [2, [1], 2], 0],
    [
      'a key after a rollback: the deposed ones stay in order',
      [...made(1, 2), restored(1), ...made(3)],
      [3, [1, 2], 3],
      0,
    ],
    [
      'a rollback when the current key is gone',
      [...made(1, 2), { kind: 'forgotten', address: A, generation: 2 }, restored(1)],
      [1, [], 2],
      0,
    ],
    [
      'the last key goes before the next is made: the address stays, and numbers go on',
      [...made(1), begin('d', 1), { kind: 'deleted', intent: 'd', replaced: true }],
      [null, [], 1],
      0,
    ],
    [
      'and the next one comes',
      [...made(1), begin('d', 1), { kind: 'deleted', intent: 'd', replaced: true }, ...made(2)],
      [2, [], 2],
      0,
    ],
    [
      'or is not wanted any more',
      [
        ...made(1),
        begin('d', 1),
        { kind: 'deleted', intent: 'd', replaced: true },
        { kind: 'forgotten', address: A, generation: 0 },
      ],
      null,
      0,
    ],
  ])('%s', (_, entries, keys, intents) => {
    const state = stateAfter(...entries);
    expect([numbers(state), state.intents.size]).toEqual([keys, intents]);
  });

  it('updates the key with the number, current or deposed, and no other', () => {
    for (const [number, other] of [
      [1, 2],
      [2, 1],
    ] as const) {
      for (const how of ['updated', 'refreshed'] as const) {
        const changed = generation(number, { enabled: false });
        const state = stateAfter(
          ...made(1, 2),
          begin('u', number),
          how === 'updated'
            ? { kind: 'updated', intent: 'u', generation: changed }
            : { kind: 'refreshed', address: A, generation: changed },
        );
        const resource = state.resources.get(A);
        const all = [resource?.current, ...(resource?.deposed ?? [])];
        expect(all.find((one) => one?.number === number)?.enabled).toBe(false);
        expect(all.find((one) => one?.number === other)?.enabled).toBe(true);
        expect(state.intents.has('u')).toBe(how === 'refreshed');
      }
    }
  });

  it('keeps taint, wiring and outputs; a new key is not tainted', () => {
    const state = stateAfter(
      ...made(1),
      { kind: 'tainted', address: A, reason: 'broken' },
      { kind: 'wired', address: A, provider: 'keyform.eu', dependencies: ['p.q'] },
      { kind: 'outputs', outputs: { o: { value: 1, sensitive: false } } },
    );
    expect(state.resources.get(A)).toMatchObject({
      tainted: 'broken',
      provider: 'keyform.eu',
      dependencies: ['p.q'],
      current: { number: 1 },
    });
    expect(state.outputs).toEqual({ o: { value: 1, sensitive: false } });
    for (const entry of made(2)) applyEntry(state, entry);
    expect(state.resources.get(A)).toMatchObject({ tainted: null, provider: 'keyform', dependencies: ['x.y'] });
  });

  it('regenerates the secret, and a new secret is not tainted', () => {
    const state = stateAfter(...made(1), { kind: 'tainted', address: A, reason: 'broken' }, ...renewed('r', 1, 2));
    const resource = state.resources.get(A);
    expect(resource).toMatchObject({ tainted: null, dependencies: ['x.y'], current: { id: 'id-1', renewedAt: AT } });
    expect(resource?.current?.secret?.reveal()).toBe(generation(2).secret?.reveal());
  });

  it('begins the overlap of the replaced key alone', () => {
    const state = stateAfter(...made(1, 2, 3), { kind: 'deposed', address: A, generation: 2, at: AT });
    const { current, deposed = [] } = state.resources.get(A) ?? {};
    expect([...deposed, current].map((key) => key?.deposedAt)).toEqual([undefined, AT, undefined]);
  });

  it('changes places in a rollback: the old key lives anew, the other one begins its overlap', () => {
    const past = { deposedAt: '2026-05-01T00:00:00.000Z', disabledAt: '2026-05-02T00:00:00.000Z', renewedAt: 'x' };
    const state = stateAfter(
      ...made(1, 2),
      { kind: 'refreshed', address: A, generation: generation(1, past) },
      { kind: 'tainted', address: A, reason: 'broken' },
      restored(1),
    );
    const resource = state.resources.get(A);
    expect(resource?.current).toEqual(generation(1, { renewedAt: 'x', restoredAt: AT }));
    expect(resource?.deposed).toEqual([generation(2, { deposedAt: AT })]);
    expect([resource?.tainted, resource?.lastGeneration]).toEqual([null, 2]);
  });

  it('keeps other keys of an address whose current one is deleted before the next is made', () => {
    const gone: JournalEntry = { kind: 'deleted', intent: 'd', replaced: true };
    expect(numbers(stateAfter(...made(1, 2), begin('d', 2), gone))).toEqual([null, [1], 2]);
    // It moves, and is taken over, like any other.
    const moved = stateAfter(...made(1), begin('d', 1), gone, { kind: 'moved', from: A, to: 'k.z' });
    expect(moved.resources.get('k.z')).toMatchObject({ current: null, deposed: [], lastGeneration: 1 });
  });

  const B = 'keyform_outscale_access_key.b';
  it.each<[string, JournalEntry]>([
    ['created', created('nope')],
    ['updated', { kind: 'updated', intent: 'nope', generation: generation(1) }],
    ['updated', { kind: 'updated', intent: 'open', generation: generation(7) }],
    ['deleted', { kind: 'deleted', intent: 'nope' }],
    ['deleted', { kind: 'deleted', intent: 'open' }],
    ['deleted', { kind: 'deleted', intent: 'open', replaced: true }],
    ['regenerated', { kind: 'regenerated', intent: 'nope', generation: generation(3) }],
    ['regenerated', { kind: 'regenerated', intent: 'open', generation: generation(8) }],
    ['regenerated', { kind: 'regenerated', intent: 'elsewhere', generation: generation(2) }],
    ['deposed', { kind: 'deposed', address: A, generation: 7, at: AT }],
    ['deposed', { kind: 'deposed', address: A, generation: 2, at: AT }],
    ['deposed', { kind: 'deposed', address: B, generation: 1, at: AT }],
    ['restored', { kind: 'restored', address: A, generation: 7, at: AT }],
    ['restored', { kind: 'restored', address: A, generation: 2, at: AT }],
    ['restored', { kind: 'restored', address: B, generation: 1, at: AT }],
    ['failed', { kind: 'failed', intent: 'nope' }],
    ['settled', { kind: 'settled', intent: 'nope' }],
    ['refreshed', { kind: 'refreshed', address: A, generation: generation(7) }],
    ['refreshed', { kind: 'refreshed', address: B, generation: generation(1) }],
    ['forgotten', { kind: 'forgotten', address: A, generation: 7 }],
    ['forgotten', { kind: 'forgotten', address: B, generation: 1 }],
    ['forgotten', { kind: 'forgotten', address: A, generation: 0 }],
    ['forgotten', { kind: 'forgotten', address: B, generation: 0 }],
    ['tainted', { kind: 'tainted', address: B, reason: null }],
    ['wired', { kind: 'wired', address: B, provider: 'keyform', dependencies: [] }],
  ])('refuses a contradiction (%s) and changes nothing', (_, entry) => {
    // `open` is about a key 7 that state does not hold, `elsewhere` about an address that it does not.
    const elsewhere: JournalEntry = { kind: 'intent', intent: intent('elsewhere', B) };
    const state = stateAfter(...made(1, 2), begin('open', 7), elsewhere);
    const before = contentOf(state);
    expect(() => applyEntry(state, entry)).toThrow(/^no | has another current key$/);
    expect(contentOf(state)).toBe(before);
  });
});
