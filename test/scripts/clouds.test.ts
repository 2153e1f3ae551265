import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { argumentsOf } from '../../src/core/resource.ts';
import { clouds } from '../../src/providers/index.ts';
import { type EmulatorProcess, keyform, makePlace, type Place, ROOT, requireBuild, startEmulator } from './tool.ts';
import { readState } from './world.ts';

// stacks/all-clouds from its first apply to its end: every argument of every resource type is changed once, those that can
// change in place in place, those that cannot with a new key, and after each change there is nothing left to do.

const STACK = 'all-clouds';
const types = new Map(clouds.flatMap((cloud) => cloud.resources.map((type) => [type.type, { cloud, type }] as const)));

/** Changes of each address, made one after the other; null takes an argument away. A second argument goes along where it must. */
const CHANGES: Readonly<Record<string, readonly JsonObject[]>> = {
  'keyform_nscale_access_key.backup': [
    { endpoint_id: 'other-store' },
    { name: 'backup-2' },
    { description: null },
    { tags: { team: 'storage' } },
    { identity_policy: 'read-only' },
    { keepers: { month: 'another' } },
    { rotation: { every: '90d', overlap: '1d' } },
  ],
  'keyform_outscale_access_key.backup': [
    { tag: 'weekly' },
    { enabled: false },
    { enabled: true },
    { expires_at: '2032-01-01' },
    { user_name: 'backup-2' },
  ],
  'keyform_outscale_access_key.audit': [
    { expires_in: '30d' },
    { expires_in: null },
    { keepers: { a: 'b' } },
    { rotation: { every: '80d', overlap: '1d', disable_for: '7d' } },
  ],
  'keyform_sinch_access_key.messaging': [
    { rotation: null },
    { display_name: 'sms' },
    { project_id: 'demo-2' },
    { keepers: { a: 'b' } },
    { rotation: { every: '90d' } },
  ],
  'keyform_tencent_api_key.gateway': [
    { enabled: false },
    { enabled: true },
    { access_key_secret: 'Chosen_by_hand_0001' },
    { access_key_secret: 'Chosen_by_hand_0002' },
    { access_key_id: 'gateway_2027' },
    { secret_name: 'gateway-2' },
    { tags: { team: 'edge' } },
    { access_key_type: 'auto', access_key_id: null, access_key_secret: null },
  ],
  'keyform_tencent_api_key.gateway_auto': [
    { region: 'ap-singapore' },
    { keepers: { a: 'b' } },
    { rotation: { every: '90d', strategy: 'regenerate' } },
  ],
  'keyform_tencent_cam_access_key.deploy': [
    { enabled: false },
    { enabled: true },
    { description: 'deploy-2' },
    { target_uin: '100013065918' },
    { keepers: { a: 'b' } },
    { rotation: { every: '90d', overlap: '1d', retire_when: 'unused_for 1d' } },
  ],
  'keyform_yandex_api_key.vision': [
    { description: 'changed' },
    { scopes: ['yc.monitoring.manage'] },
    { expires_at: '2032-01-01' },
    { expires_at: null },
    { expires_in: '30d' },
    { service_account_id: 'ajevision00000000001' },
    { keepers: { a: 'b' } },
    { rotation: { before_expiry: '5d', overlap: '1d' } },
  ],
  'keyform_yandex_static_access_key.bucket': [
    { description: 'changed' },
    { service_account_id: 'ajestorage0000000001' },
    { keepers: { month: 'another' } },
    { rotation: { every: '90d', window: 'Mon-Fri 09:00-16:00 Europe/Paris', jitter: '7d' } },
  ],
};

const ROUNDS = Math.max(...Object.values(CHANGES).map((changes) => changes.length));

let place: Place;
let emulator: EmulatorProcess;
const source = JSON.parse(readFileSync(join(ROOT, 'stacks', STACK, 'main.tf.json'), 'utf8')) as {
  resource: Record<string, Record<string, JsonObject>>;
};

beforeAll(async () => {
  requireBuild();
  place = await makePlace({
    'cdktf.json': readFileSync(join(ROOT, 'cdktf.json'), 'utf8'),
    [`stacks/${STACK}/main.tf.json`]: JSON.stringify(source),
  });
  emulator = await startEmulator({ cwd: place.project, env: place.env });
});
afterAll(async () => {
  await emulator.stop();
  place.remove();
});

async function command(args: readonly string[], code = 0): Promise<string> {
  const env = { ...place.env, ...emulator.environment };
  const { code: ended, out, err } = await keyform([...args, STACK], { cwd: place.project, env }).ended;
  expect(ended, `keyform ${args.join(' ')}\n${out}\n${err}`).toBe(code);
  return out;
}

interface PlannedChange {
  readonly address: string;
  readonly change: { readonly actions: readonly string[] };
}

async function planned(): Promise<Map<string, string>> {
  await command(['plan', '-out=plan.bin']);
  const env = { ...place.env, ...emulator.environment };
  const shown = await keyform(['show', '-json', 'plan.bin'], { cwd: place.project, env }).ended;
  expect(shown.code, shown.err).toBe(0);
  const { resource_changes: changes } = JSON.parse(shown.out) as { resource_changes: readonly PlannedChange[] };
  return new Map(
    changes
      .map(({ address, change }) => [address, change.actions.toSorted().join(' ')] as const)
      .filter(([, actions]) => actions !== 'no-op'),
  );
}

/** Number of requests for each list action that one run of `act` made. */
async function lists(act: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await emulator.requests();
  await act();
  const after = await emulator.requests();
  return Object.fromEntries(
    Object.entries(after)
      .map(([action, count]) => [action, count - (before[action] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}

function configOf(address: string): JsonObject {
  const [type = '', name = ''] = address.split('.');
  return source.resource[type]?.[name] as JsonObject;
}

function rewrite(address: string, change: JsonObject): void {
  const [type = '', name = ''] = address.split('.');
  const merged: Record<string, Json> = { ...configOf(address), ...change };
  for (const [argument, value] of Object.entries(merged)) if (value === null) delete merged[argument];
  (source.resource[type] as Record<string, JsonObject>)[name] = merged;
  writeFileSync(join(place.project, 'stacks', STACK, 'main.tf.json'), JSON.stringify(source));
}

describe('the stack with every resource type', () => {
  test('has every type, and its changes touch every argument', () => {
    expect(Object.keys(source.resource).sort()).toEqual([...types.keys()].sort());
    for (const [name, { type }] of types) {
      const touched = Object.entries(CHANGES)
        .filter(([address]) => address.startsWith(`${name}.`))
        .flatMap(([, changes]) => changes.flatMap((change) => Object.keys(change)));
      expect([...new Set(touched)].sort(), name).toEqual(Object.keys(argumentsOf(type)).sort());
    }
  });

  test('is applied, and asks each owner once for an empty plan', async () => {
    await command(['apply', '-auto-approve']);
    const asked = await lists(() => command(['plan', '-detailed-exitcode']));
    const tokens = Object.fromEntries(Object.entries(asked).filter(([action]) => !/token/i.test(action)));
    expect(tokens).toEqual({
      'nscale ListAccessKeys': 1,
      'outscale ReadAccessKeys': 2,
      'sinch ListAccessKeys': 1,
      'tencent DescribeApiKeysStatus': 1,
      'tencent ListAccessKeys': 1,
      'yandex ListApiKeys': 1,
      'yandex ListAccessKeys': 1,
    });
    const state = await readState(place.project, STACK);
    for (const { address, current } of state.resources.values())
      expect(current?.secret?.reveal().length ?? 0, address).toBeGreaterThan(9);
  });

  test.each(Array.from({ length: ROUNDS }, (_, round) => round))('follows its changes, round %i', async (round) => {
    const expected = new Map<string, string>();
    const before = await readState(place.project, STACK);
    for (const [address, changes] of Object.entries(CHANGES)) {
      const change = changes[round];
      if (change === undefined) continue;
      const { type } = types.get(address.split('.')[0] ?? '') ?? expect.fail(address);
      rewrite(address, change);
      const replaced = Object.keys(change).some((argument) => argumentsOf(type)[argument]?.forcesNew);
      expected.set(address, replaced ? 'create delete' : 'update');
    }
    expect(Object.fromEntries(await planned())).toEqual(expect.objectContaining(Object.fromEntries(expected)));
    await command(['apply', '-auto-approve']);
    await command(['plan', '-detailed-exitcode']);
    const after = await readState(place.project, STACK);
    for (const [address, actions] of expected) {
      const [old, now] = [before, after].map((state) => state.resources.get(address)?.current);
      expect(now?.number === old?.number, `${address}: same key`).toBe(actions === 'update');
      expect(after.resources.get(address)?.deposed, address).toEqual([]);
      const change = CHANGES[address]?.[round] ?? {};
      // A secret that the stack chose is that of the next key too.
      const chosen = configOf(address).access_key_secret !== undefined;
      const rewritten = (actions !== 'update' && !chosen) || Object.hasOwn(change, 'access_key_secret');
      expect(now?.secret?.reveal() === old?.secret?.reveal(), `${address}: same secret`).toBe(!rewritten);
      if (typeof change.enabled === 'boolean') expect(now?.enabled, address).toBe(change.enabled);
      if (typeof change.access_key_secret === 'string') expect(now?.secret?.reveal()).toBe(change.access_key_secret);
    }
  });

  test('is destroyed, and nothing is left at any cloud', async () => {
    await command(['destroy', '-auto-approve']);
    const state = await readState(place.project, STACK);
    expect([state.resources.size, state.intents.size]).toEqual([0, 0]);
    expect(await command(['plan', '-destroy'])).toContain('nothing to destroy');
  });
});
