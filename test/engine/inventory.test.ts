import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import {
  applyEntry,
  emptyState,
  type Generation,
  type MutableState,
  type ResourceState,
} from '../../src/core/state.ts';
import { typesOf } from '../../src/engine/connect.ts';
import { inventoryText } from '../../src/engine/inventory.ts';
import { clouds } from '../../src/providers/index.ts';
import { generation, intent } from '../state/fixture.ts';

const SINCH = 'keyform_sinch_access_key';
const TENCENT = 'keyform_tencent_api_key';
const types = typesOf(clouds);

function stateOf(...resources: (Partial<ResourceState> & { readonly address: string })[]): MutableState {
  const state = emptyState('prod', 'lineage');
  for (const resource of resources) {
    state.resources.set(resource.address, {
      type: resource.address.split('.')[0] ?? '',
      provider: 'keyform',
      dependencies: [],
      current: generation(1),
      deposed: [],
      lastGeneration: 1,
      tainted: null,
      ...resource,
    });
  }
  return state;
}

const keysOf = (state: MutableState) =>
  (JSON.parse(inventoryText(state, types)) as { keys: Record<string, Record<string, unknown>> }).keys;

describe('the inventory', () => {
  it('is sorted by address, whatever order things were made in, and arguments by name', () => {
    const a = { address: `${SINCH}.a`, current: generation(1, { args: { project_id: 'p', display_name: 'a' } }) };
    const b = { address: `${SINCH}.b`, current: generation(1, { args: { display_name: 'b', project_id: 'p' } }) };
    const text = inventoryText(stateOf(b, a), types);
    expect(text).toBe(inventoryText(stateOf(a, b), types));
    expect(Object.keys(keysOf(stateOf(b, a)))).toEqual([`${SINCH}.a`, `${SINCH}.b`]);
    const { current } = keysOf(stateOf(a))[`${SINCH}.a`] as { current: { arguments: object } };
    expect(Object.keys(current.arguments)).toEqual(['display_name', 'project_id']);
    expect(text.endsWith('}\n')).toBe(true);
  });

  it('is the same text while no key changes', () => {
    const state = stateOf({ address: `${SINCH}.a` });
    const text = inventoryText(state, types);
    state.serial += 7;
    state.writtenAt = '2026-05-06T07:08:09Z';
    state.outputs = { id: { value: 'x', sensitive: false } };
    applyEntry(state, { kind: 'intent', intent: intent('i', `${SINCH}.b`) });
    applyEntry(state, { kind: 'wired', address: `${SINCH}.a`, provider: 'keyform', dependencies: [`${SINCH}.c`] });
    expect(inventoryText(state, types)).toBe(text);
    const seen = generation(1, { attributes: { last_used: '2026-05-06T07:08:09Z' } });
    applyEntry(state, { kind: 'refreshed', address: `${SINCH}.a`, generation: seen });
    expect(inventoryText(state, types)).toBe(text);
  });

  it.each([
    ['another key', { id: 'id-2', accessKeyId: 'AK2' }],
    ['a key that is disabled', { enabled: false }],
    ['another expiry', { expiresAt: '2027-01-01T00:00:00Z' }],
    ['another argument', { args: { project_id: 'q' } }],
    ['a secret that is not held', { secret: null }],
  ] as const)('changes with %s', (_, changes) => {
    const text = (current: Generation) => inventoryText(stateOf({ address: `${SINCH}.a`, current }), types);
    expect(text(generation(1, changes))).not.toBe(text(generation(1)));
  });

  it('lists deposed keys, says what is tainted, and keeps an address between two keys', () => {
    const address = `${SINCH}.a`;
    const both = { address, current: generation(2), deposed: [generation(1)], tainted: 'leaked' };
    expect(keysOf(stateOf(both))[address]).toMatchObject({
      tainted: 'leaked',
      current: { generation: 2, id: 'id-2' },
      deposed: [{ generation: 1, id: 'id-1', access_key_id: 'AK1', secret: '(sensitive)' }],
    });
    const between = keysOf(stateOf({ address, current: null, deposed: [generation(1)] }))[address];
    expect(between).toMatchObject({ current: null, deposed: [{ generation: 1 }] });
    expect(keysOf(stateOf({ address }))[address]).not.toHaveProperty('deposed');
  });

  it('hides what the type or the stack calls sensitive, and every argument of a type that it does not know', () => {
    const args = { access_key_secret: 'canary-1', secret_name: 'canary-2', region: 'shown' };
    const tencent = stateOf({
      address: `${TENCENT}.a`,
      current: generation(1, { args, sensitiveArgs: ['secret_name'] }),
    });
    expect(keysOf(tencent)[`${TENCENT}.a`]).toMatchObject({
      current: { arguments: { access_key_secret: '(sensitive)', region: 'shown', secret_name: '(sensitive)' } },
    });
    const expiring = { args: {}, sensitiveArgs: ['expires_at'], expiresAt: '2027-01-01T00:00:00Z' };
    expect(inventoryText(stateOf({ address: `${SINCH}.a`, current: generation(1, expiring) }), types)).not.toContain(
      '2027',
    );
    const unknown = inventoryText(stateOf({ address: 'keyform_later_key.a', current: generation(1, { args }) }), types);
    expect(unknown).not.toMatch(/canary|shown/);
  });

  it('never holds a secret, wherever the state has one', () => {
    const secret = fc.string({ minLength: 8, unit: fc.constantFrom(...'abcdef0123456789') }).map((s) => `canary${s}`);
    fc.assert(
      fc.property(secret, secret, secret, (one, two, three) => {
        const state = stateOf({
          address: `${SINCH}.a`,
          current: generation(2, { secret: new Secret(one) }),
          deposed: [generation(1, { secret: new Secret(two) })],
        });
        state.intents.set('i', intent('i', `${SINCH}.b`, { secret: new Secret(three) }));
        state.outputs = { secret: { value: one, sensitive: true } };
        expect(inventoryText(state, types)).not.toContain('canary');
      }),
    );
  });
});
