import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { RotationRequest } from '../../src/core/plan/input.ts';
import type { Plan } from '../../src/core/plan/plan.ts';
import { World } from './world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const REQUEST: RotationRequest = {
  addresses: [],
  force: false,
  dueWithin: 0,
  revokeNow: false,
  rollback: false,
  maxRotations: null,
};

const SINCH = 'keyform_sinch_access_key';
const OUTSCALE = 'keyform_outscale_access_key';
const GATEWAY = 'keyform_tencent_api_key';
const CAM = 'keyform_tencent_cam_access_key';
const YANDEX = 'keyform_yandex_static_access_key';

const sinch = (rotation: JsonObject, more: JsonObject = {}): JsonObject => ({
  resource: { [SINCH]: { ci: { project_id: 'p1', display_name: 'ci', rotation, ...more } } },
});

const rotate = (world: World, stack: Json, over: Partial<RotationRequest> = {}) =>
  world.apply(stack, { mode: 'rotate', rotation: { ...REQUEST, ...over }, maxDeletes: null });

const checked = (world: World, stack: Json, over: Partial<RotationRequest> = {}) =>
  world.plan(stack, { mode: 'rotate', rotation: { ...REQUEST, ...over }, maxDeletes: null });

const stepsOf = (plan: Plan) => plan.steps.map(({ kind }) => kind);

const errors = (plan: Plan) => plan.diagnostics.filter(({ severity }) => severity === 'error');

async function stateOf(world: World) {
  return (await world.store.read()).state;
}

async function keyOf(world: World, address: string) {
  const found = (await stateOf(world)).resources.get(address);
  if (found === undefined) throw new Error(`state has no ${address}`);
  return found;
}

/** Ids of the owner's keys at the API. */
async function living(world: World, type: string, args: JsonObject): Promise<readonly string[]> {
  const handler = await world.keys(type);
  return (await handler.list(args)).filter(({ enabled }) => enabled).map(({ id }) => id);
}

describe('the life of a rotated key', () => {
  test('is rotated when it is due, valid through its overlap, and gone after it', async () => {
    const world = await World.open();
    const stack = sinch({ every: '90d', overlap: '24h' });
    await world.apply(stack);
    const first = (await keyOf(world, `${SINCH}.ci`)).current;
    const before = await checked(world, stack);
    expect(before.steps).toEqual([]);
    expect(before.upcoming).toMatchObject([{ kind: 'rotate', keyId: first?.id }]);

    world.clock.time += 90 * DAY;
    const due = await rotate(world, stack);
    expect(errors(due.plan)).toEqual([]);
    expect(stepsOf(due.plan)).toEqual(['update', 'rotate', 'verify', 'depose']);
    const second = await keyOf(world, `${SINCH}.ci`);
    expect(second.current?.number).toBe(2);
    expect(second.deposed).toMatchObject([{ id: first?.id, deposedAt: expect.any(String) }]);
    expect(await living(world, SINCH, { project_id: 'p1' })).toHaveLength(2);

    for (const plan of [await world.plan(stack), await checked(world, stack)]) {
      expect(plan.steps).toEqual([]);
      expect(plan.upcoming.map(({ kind }) => kind)).toEqual(['delete', 'rotate']);
    }
    world.clock.time += DAY - 1;
    expect((await checked(world, stack)).steps).toEqual([]);
    world.clock.time += 1;
    const over = await rotate(world, stack);
    expect(stepsOf(over.plan)).toEqual(['verify', 'delete']);
    expect((await keyOf(world, `${SINCH}.ci`)).deposed).toEqual([]);
    expect(await living(world, SINCH, { project_id: 'p1' })).toEqual([second.current?.id]);
    expect((await world.plan(stack)).steps).toEqual([]);
  });

  test('is disabled first where the policy says so, and deleted later', async () => {
    const world = await World.open();
    const stack = {
      resource: { [OUTSCALE]: { ci: { rotation: { every: '30d', overlap: '1d', disable_for: '7d' } } } },
    };
    await world.apply(stack);
    world.clock.time += 30 * DAY;
    expect(stepsOf((await rotate(world, stack)).plan)).toContain('depose');
    world.clock.time += DAY;
    const disabling = await rotate(world, stack);
    expect(stepsOf(disabling.plan)).toContain('disable');
    expect(disabling.plan.upcoming).toContainEqual(expect.objectContaining({ kind: 'delete' }));
    expect((await keyOf(world, `${OUTSCALE}.ci`)).deposed).toMatchObject([
      { enabled: false, disabledAt: expect.any(String) },
    ]);
    expect((await world.plan(stack)).steps).toEqual([]);
    world.clock.time += 7 * DAY;
    expect(stepsOf((await rotate(world, stack)).plan)).toContain('delete');
    expect((await keyOf(world, `${OUTSCALE}.ci`)).deposed).toEqual([]);
    expect((await world.plan(stack)).steps).toEqual([]);
  });

  test('keeps its id where its API can regenerate', async () => {
    const world = await World.open();
    const stack = {
      resource: { [GATEWAY]: { ci: { secret_name: 'ci', rotation: { every: '30d', strategy: 'regenerate' } } } },
    };
    await world.apply(stack);
    const first = (await keyOf(world, `${GATEWAY}.ci`)).current;
    world.clock.time += 30 * DAY;
    const due = await rotate(world, stack);
    expect(errors(due.plan)).toEqual([]);
    const second = await keyOf(world, `${GATEWAY}.ci`);
    expect(second.current).toMatchObject({ id: first?.id, number: 2, renewedAt: expect.any(String) });
    expect(second.current?.secret?.reveal()).not.toBe(first?.secret?.reveal());
    expect(second.deposed).toEqual([]);
    expect((await world.plan(stack)).steps).toEqual([]);
    world.clock.time += 29 * DAY;
    expect((await checked(world, stack)).steps).toEqual([]);
    world.clock.time += DAY;
    expect(stepsOf(await checked(world, stack))).toContain('rotate');
  });

  test('a run that dies after a secret was renewed does not renew it again', async () => {
    const world = await World.open();
    const stack = {
      resource: { [GATEWAY]: { ci: { secret_name: 'ci', rotation: { every: '30d', strategy: 'regenerate' } } } },
    };
    await world.apply(stack);
    world.clock.time += 30 * DAY;
    world.meddler.after = (action, answer) => {
      if (action === 'UpdateApiKey') throw new Error('the process dies here');
      return answer;
    };
    await rotate(world, stack).catch(() => null);
    delete world.meddler.after;
    const after = await rotate(world, stack);
    expect(stepsOf(after.plan)).not.toContain('rotate');
    const { current } = await keyOf(world, `${GATEWAY}.ci`);
    expect(current?.number).toBe(2);
    const [shown] = await (await world.keys(GATEWAY)).list({ secret_name: 'ci' });
    expect(shown?.secret?.reveal()).toBe(current?.secret?.reveal());
  });

  test('the old key goes first where the quota leaves no room', async () => {
    const world = await World.open();
    const keys = (count: number, rotation: JsonObject) => ({
      resource: {
        [YANDEX]: Object.fromEntries(
          Array.from({ length: count }, (_, index) => [`k${index}`, { service_account_id: 'ajesa1', rotation }]),
        ),
      },
    });
    const quota = 10;
    await world.apply(keys(quota, { every: '30d', overlap: '1d' }));
    world.clock.time += 30 * DAY;
    const refused = await checked(world, keys(quota, { every: '30d', overlap: '1d' }));
    if (errors(refused).length > 0) {
      expect(errors(refused)[0]?.summary).toContain('quota');
      const first = await rotate(world, keys(quota, { every: '30d', strategy: 'delete_first' }));
      expect(errors(first.plan)).toEqual([]);
      expect(first.plan.diagnostics.map(({ summary }) => summary)).toContain('No key works for a while');
    }
  });
});

describe('what a plan of rotations leaves alone', () => {
  test('a key that is not due keeps its pending changes for apply', async () => {
    const world = await World.open();
    await world.apply(sinch({ every: '90d' }));
    const changed = sinch({ every: '90d' }, { display_name: 'other' });
    expect((await checked(world, changed)).steps).toEqual([]);
    expect(stepsOf(await world.plan(changed))).toEqual(['update']);
  });

  test('a key that was never made is not made', async () => {
    const world = await World.open();
    expect((await checked(world, sinch({ every: '90d' }))).steps).toEqual([]);
  });

  test('only the named addresses are looked at', async () => {
    const world = await World.open();
    const stack = {
      resource: {
        [SINCH]: {
          a: { project_id: 'p1', display_name: 'a', rotation: { every: '30d' } },
          b: { project_id: 'p1', display_name: 'b', rotation: { every: '30d' } },
        },
      },
    };
    await world.apply(stack);
    world.clock.time += 31 * DAY;
    const plan = await checked(world, stack, { addresses: [`${SINCH}.a`] });
    expect(new Set(plan.steps.map(({ address }) => address))).toEqual(new Set([`${SINCH}.a`]));
    const both = await checked(world, stack, { maxRotations: 1 });
    expect(both.steps.filter(({ kind }) => kind === 'rotate')).toHaveLength(1);
    expect(both.upcoming).toContainEqual(expect.objectContaining({ why: expect.stringContaining('-max-rotations') }));
  });

  test('what is made from a rotated key follows it', async () => {
    const world = await World.open();
    const stack = {
      ...sinch({ every: '30d', overlap: '1d' }),
      output: { id: { value: `\${${SINCH}.ci.access_key_id}` } },
    };
    await world.apply(stack);
    world.clock.time += 31 * DAY;
    await rotate(world, stack);
    const state = await stateOf(world);
    expect(state.outputs.id?.value).toBe(state.resources.get(`${SINCH}.ci`)?.current?.accessKeyId);
  });
});

describe('rollback', () => {
  test('the key before is current again, with its name, and the newer one ends after its overlap', async () => {
    const world = await World.open();
    const stack = sinch({ every: '90d', overlap: '2d' });
    await world.apply(stack);
    const first = (await keyOf(world, `${SINCH}.ci`)).current;
    world.clock.time += 90 * DAY;
    await rotate(world, stack);
    const second = (await keyOf(world, `${SINCH}.ci`)).current;
    world.clock.time += HOUR;
    const back = await rotate(world, stack, { rollback: true, addresses: [`${SINCH}.ci`] });
    expect(errors(back.plan)).toEqual([]);
    expect(back.diagnostics).toEqual([]);
    const now = await keyOf(world, `${SINCH}.ci`);
    expect(now.current).toMatchObject({ id: first?.id, restoredAt: expect.any(String) });
    expect(now.current?.args.display_name).toBe('ci');
    expect(now.deposed).toMatchObject([{ id: second?.id, deposedAt: expect.any(String) }]);
    // The schedule does not rotate it at once again.
    expect((await world.plan(stack)).steps).toEqual([]);
    world.clock.time += 2 * DAY;
    const retired = await rotate(world, stack);
    expect(stepsOf(retired.plan)).toContain('rotate');
    expect(await living(world, SINCH, { project_id: 'p1' })).not.toContain(second?.id);
  });

  test('is refused without a key to go back to', async () => {
    const world = await World.open();
    await world.apply(sinch({ every: '90d' }));
    const plan = await checked(world, sinch({ every: '90d' }), { rollback: true, addresses: [`${SINCH}.ci`] });
    expect(errors(plan)).toMatchObject([{ summary: expect.stringContaining('no key to roll') }]);
    expect(plan.steps).toEqual([]);
  });

  test('a key that was disabled on the way out is enabled first', async () => {
    const world = await World.open();
    const stack = { resource: { [OUTSCALE]: { ci: { rotation: { every: '30d', disable_for: '7d' } } } } };
    await world.apply(stack);
    const first = (await keyOf(world, `${OUTSCALE}.ci`)).current;
    world.clock.time += 30 * DAY;
    await rotate(world, stack);
    expect((await keyOf(world, `${OUTSCALE}.ci`)).deposed).toMatchObject([{ enabled: false }]);
    const back = await rotate(world, stack, { rollback: true, addresses: [`${OUTSCALE}.ci`] });
    expect(back.diagnostics).toEqual([]);
    const { current } = await keyOf(world, `${OUTSCALE}.ci`);
    expect(current).toMatchObject({ id: first?.id, enabled: true });
    expect(current).not.toHaveProperty('disabledAt');
    expect(await living(world, OUTSCALE, {})).toContain(first?.id);
  });
});

describe('a leaked key', () => {
  test('is replaced and revoked in one run, whatever its overlap', async () => {
    const world = await World.open();
    const stack = sinch({ every: '90d', overlap: '30d' });
    await world.apply(stack);
    const first = (await keyOf(world, `${SINCH}.ci`)).current;
    const run = await rotate(world, stack, { force: true, revokeNow: true, addresses: [`${SINCH}.ci`] });
    expect(errors(run.plan)).toEqual([]);
    expect(stepsOf(run.plan)).toEqual(['update', 'rotate', 'verify', 'delete']);
    expect(await living(world, SINCH, { project_id: 'p1' })).not.toContain(first?.id);
  });

  test('in its overlap is revoked without another rotation', async () => {
    const world = await World.open();
    const stack = sinch({ every: '90d', overlap: '30d' });
    await world.apply(stack);
    world.clock.time += 90 * DAY;
    await rotate(world, stack);
    const run = await rotate(world, stack, { revokeNow: true, addresses: [`${SINCH}.ci`] });
    expect(stepsOf(run.plan)).toEqual(['verify', 'delete']);
    expect(await living(world, SINCH, { project_id: 'p1' })).toHaveLength(1);
  });
});

describe('the policy', () => {
  test.each([
    [SINCH, { every: '90x' }, 'every'],
    [SINCH, { every: '0s' }, 'every'],
    [SINCH, { every: '90d', overlap: '91d' }, 'overlap'],
    [SINCH, { every: '90d', jitter: '90d' }, 'jitter'],
    [SINCH, { jitter: '1d' }, 'jitter'],
    [SINCH, { every: '90d', disable_for: '1d' }, 'disable_for'],
    [SINCH, { every: '90d', retire_when: 'unused_for 1d' }, 'retire_when'],
    [SINCH, { before_expiry: '1d' }, 'before_expiry'],
    [SINCH, { every: '90d', strategy: 'regenerate' }, 'strategy'],
    [SINCH, { every: '90d', strategy: 'delete_first', overlap: '1d' }, 'overlap'],
    [YANDEX, { every: '90d', retire_when: 'idle' }, 'retire_when'],
  ])('%s refuses %j', async (type, rotation, member) => {
    const world = await World.open();
    const args = type === SINCH ? { project_id: 'p1', display_name: 'ci' } : { service_account_id: 'ajesa1' };
    await expect(world.plan({ resource: { [type]: { ci: { ...args, rotation } } } })).rejects.toMatchObject({
      diagnostics: [{ place: { path: ['resource', type, 'ci', 'rotation', member] } }],
    });
  });

  test('refuses a field that there is not', async () => {
    const world = await World.open();
    await expect(world.plan(sinch({ evry: '90d' }))).rejects.toMatchObject({
      diagnostics: [{ summary: 'Unsupported argument "evry"', detail: expect.stringContaining('"every"') }],
    });
  });

  test('a change of it is recorded, calls nothing, and counts from then on', async () => {
    const world = await World.open();
    await world.apply(sinch({ every: '90d' }));
    world.calls.length = 0;
    const run = await world.apply(sinch({ every: '30d' }));
    expect(stepsOf(run.plan)).toEqual(['update']);
    expect(world.calls.filter((call) => !/list|token/i.test(call))).toEqual([]);
    expect((await world.plan(sinch({ every: '30d' }))).steps).toEqual([]);
    world.clock.time += 30 * DAY;
    expect(stepsOf(await checked(world, sinch({ every: '30d' })))).toContain('rotate');
  });
});

describe('retirement by last use', () => {
  const rotation = { every: '30d', overlap: '1d', retire_when: 'unused_for 2d, deadline 10d' };
  const stacks: readonly (readonly [string, JsonObject])[] = [
    [YANDEX, { resource: { [YANDEX]: { ci: { service_account_id: 'aje1', rotation } } } }],
    [CAM, { resource: { [CAM]: { ci: { target_uin: '100000000002', rotation } } } }],
  ];

  test.each(stacks)('%s: waits while the old key is used, and says when it was last', async (type, stack) => {
    const world = await World.open();
    const cloud = type === CAM ? 'tencent' : 'yandex';
    const used = (id: string) => {
      const desk = world.emulators.get(cloud)?.desks.find((one) => one.type === type);
      if (desk === undefined) throw new Error(`nobody has ${type}`);
      desk.noteUse(id);
      return new Date(world.clock.time).toISOString();
    };
    await world.apply(stack);
    const first = (await keyOf(world, `${type}.ci`)).current?.id as string;
    world.clock.time += 30 * DAY;
    await rotate(world, stack);
    world.clock.time += DAY - HOUR;
    const last = used(first);
    world.clock.time += 2 * HOUR;
    const waiting = await checked(world, stack);
    expect(waiting.steps).toEqual([]);
    expect(waiting.diagnostics).toMatchObject([
      { severity: 'warning', detail: expect.stringContaining(`last at ${last.slice(0, 10)}`) },
    ]);
    // One of the two tells the day and not the hour.
    world.clock.time += 3 * DAY;
    expect(stepsOf((await rotate(world, stack)).plan)).toContain('delete');
    expect((await keyOf(world, `${type}.ci`)).deposed).toEqual([]);
  });

  test.each(stacks)('%s: is retired at its deadline although it is used, with a warning', async (type, stack) => {
    const world = await World.open();
    await world.apply(stack);
    const first = (await keyOf(world, `${type}.ci`)).current?.id as string;
    world.clock.time += 30 * DAY;
    await rotate(world, stack);
    const desk = [...world.emulators.values()].flatMap(({ desks }) => desks).find((one) => one.type === type);
    for (let day = 0; day < 10; day++) {
      world.clock.time += DAY;
      desk?.noteUse(first);
      expect((await checked(world, stack)).steps).toEqual([]);
    }
    world.clock.time += DAY;
    desk?.noteUse(first);
    const run = await rotate(world, stack);
    expect(stepsOf(run.plan)).toContain('delete');
    expect(run.plan.diagnostics).toMatchObject([
      { severity: 'warning', detail: expect.stringContaining('its deadline of') },
    ]);
  });

  test('an owner with no replaced key is not asked', async () => {
    const world = await World.open();
    const [, stack] = stacks[1] as (typeof stacks)[number];
    await world.apply(stack);
    world.calls.length = 0;
    await checked(world, stack);
    expect(world.calls).toEqual(['ListAccessKeys']);
  });
});

describe('guards', () => {
  test('an old key is held while the new one is disabled', async () => {
    const world = await World.open();
    const rotation = { every: '30d', overlap: '1d' };
    const stack = (enabled: boolean) => ({ resource: { [OUTSCALE]: { ci: { rotation, enabled } } } });
    await world.apply(stack(true));
    world.clock.time += 30 * DAY;
    await rotate(world, stack(true));
    await world.apply(stack(false));
    world.clock.time += 2 * DAY;
    const plan = await checked(world, stack(false));
    expect(plan.steps).toEqual([]);
    expect(plan.diagnostics).toMatchObject([
      { severity: 'warning', summary: expect.stringContaining('is not retired') },
    ]);
    expect((await keyOf(world, `${OUTSCALE}.ci`)).deposed).toHaveLength(1);
  });

  test('the key that Keyform authenticates with is replaced, and not retired before Keyform uses another', async () => {
    const world = await World.open();
    const stack = { resource: { [OUTSCALE]: { ci: { rotation: { every: '30d' } } } } };
    await world.apply(stack);
    const { current } = await keyOf(world, `${OUTSCALE}.ci`);
    world.settings.outscale = {
      access_key_id: current?.accessKeyId ?? '',
      secret_key: current?.secret?.reveal() ?? '',
    };
    world.clock.time += 30 * DAY;
    const run = await rotate(world, stack);
    expect(errors(run.plan)).toEqual([]);
    expect(run.plan.diagnostics).toMatchObject([
      { severity: 'warning', detail: expect.stringContaining('authenticates') },
    ]);
    const held = await keyOf(world, `${OUTSCALE}.ci`);
    expect(held.deposed).toMatchObject([{ id: current?.id }]);
    expect((await checked(world, stack)).steps).toEqual([]);
    world.settings.outscale = {
      access_key_id: held.current?.accessKeyId ?? '',
      secret_key: held.current?.secret?.reveal() ?? '',
    };
    expect(stepsOf((await rotate(world, stack)).plan)).toContain('delete');
    expect((await keyOf(world, `${OUTSCALE}.ci`)).deposed).toEqual([]);
  });

  test('a new key that does not work leaves the old one alone, and is replaced by the next run', async () => {
    const world = await World.open();
    const stack = { resource: { [OUTSCALE]: { ci: { rotation: { every: '30d', overlap: '1d' } } } } };
    await world.apply(stack);
    const first = (await keyOf(world, `${OUTSCALE}.ci`)).current;
    world.clock.time += 30 * DAY;
    world.meddler.after = (action, answer) =>
      action === 'CreateAccessKey'
        ? { ...answer, body: answer.body.replace(/"SecretKey":"[^"]{4}/, '"SecretKey":"XXXX') }
        : answer;
    const run = await rotate(world, stack);
    delete world.meddler.after;
    expect(run.failed.map(({ kind }) => kind)).toEqual(['verify']);
    const broken = await keyOf(world, `${OUTSCALE}.ci`);
    expect(broken.tainted).not.toBeNull();
    expect(broken.deposed).toMatchObject([{ id: first?.id, enabled: true }]);
    world.clock.time += 10 * DAY;
    const again = await rotate(world, stack);
    expect(again.diagnostics).toEqual([]);
    const mended = await keyOf(world, `${OUTSCALE}.ci`);
    expect(mended.tainted).toBeNull();
    // Its overlap begins only now, with a key that works.
    expect(mended.deposed).toMatchObject([{ id: first?.id, deposedAt: new Date(world.clock.time).toISOString() }]);
    expect(await living(world, OUTSCALE, {})).toEqual(
      expect.arrayContaining([first?.id as string, mended.current?.id as string]),
    );
    expect(await living(world, OUTSCALE, {})).not.toContain(broken.current?.id);
  });

  test('a hook that fails keeps the old key out of its overlap', async () => {
    const world = await World.open();
    const stack = {
      resource: {
        [SINCH]: { ci: { project_id: 'p1', display_name: 'ci', rotation: { every: '30d', overlap: '1d' } } },
        null_resource: {
          deliver: {
            triggers: { id: `\${${SINCH}.ci.id}` },
            provisioner: { 'local-exec': { command: 'false' } },
          },
        },
      },
    };
    await world.apply(stack).catch(() => null);
    const first = (await keyOf(world, `${SINCH}.ci`)).current;
    world.clock.time += 30 * DAY;
    const run = await rotate(world, stack);
    expect(run.failed.length).toBeGreaterThan(0);
    const after = await keyOf(world, `${SINCH}.ci`);
    expect(after.deposed).toMatchObject([{ id: first?.id }]);
    expect(after.deposed[0]).not.toHaveProperty('deposedAt');
    // However long that lasts, the old key lives until the new one was delivered.
    world.clock.time += 10 * DAY;
    const again = await rotate(world, stack);
    expect(again.failed.length).toBeGreaterThan(0);
    expect(await living(world, SINCH, { project_id: 'p1' })).toContain(first?.id);
  });

  test('deleting after an overlap is not counted among deletions', async () => {
    const world = await World.open();
    const stack = sinch({ every: '30d', overlap: '1d' });
    await world.apply(stack);
    world.clock.time += 30 * DAY;
    await rotate(world, stack);
    world.clock.time += DAY;
    const plan = await world.plan(stack, { maxDeletes: 0 });
    expect(plan.blocked).toBe(false);
    expect(stepsOf(plan)).toContain('delete');
  });

  test('a key that is gone between its end and its successor is made by the next rotation', async () => {
    const world = await World.open();
    const stack = sinch({ every: '30d', strategy: 'delete_first' });
    await world.apply(stack);
    world.clock.time += 30 * DAY;
    world.meddler.before = (action) => {
      if (/create/i.test(action)) throw new Error('the process dies here');
    };
    await rotate(world, stack).catch(() => null);
    delete world.meddler.before;
    expect(await living(world, SINCH, { project_id: 'p1' })).toEqual([]);
    const run = await rotate(world, stack);
    expect(errors(run.plan)).toEqual([]);
    expect(await living(world, SINCH, { project_id: 'p1' })).toHaveLength(1);
    expect((await world.plan(stack)).steps).toEqual([]);
  });
});

test('jitter spreads keys of one age over its length, the same at every look', async () => {
  const world = await World.open();
  const names = Array.from({ length: 40 }, (_, index) => `k${index}`);
  const stack = {
    resource: {
      [YANDEX]: Object.fromEntries(
        names.map((name) => [name, { service_account_id: `aje${name}`, rotation: { every: '30d', jitter: '10d' } }]),
      ),
    },
  };
  await world.apply(stack);
  const counts: number[] = [];
  for (let day = 0; day < 31; day++) {
    world.clock.time += DAY;
    counts.push(new Set((await checked(world, stack)).steps.map(({ address }) => address)).size);
  }
  expect(counts[18]).toBe(0);
  expect(counts[29]).toBe(40);
  const perDay = counts.map((count, day) => count - (counts[day - 1] ?? 0));
  expect(Math.max(...perDay)).toBeLessThan(20);
  expect(Math.min(...perDay)).toBeGreaterThanOrEqual(0);
});

test('a policy that is not known yet does not end the old key', async () => {
  const world = await World.open();
  const stack = (span: string, month: string) => ({
    resource: {
      terraform_data: { span: { input: span } },
      [SINCH]: {
        ci: {
          project_id: 'p1',
          display_name: 'ci',
          keepers: { month },
          rotation: { overlap: '${terraform_data.span.output}' },
        },
      },
    },
  });
  await world.apply(stack('1d', 'may'));
  // The output of terraform_data is unknown while its input changes.
  const plan = await world.plan(stack('2d', 'june'));
  expect(stepsOf(plan)).toContain('depose');
  expect(stepsOf(plan)).not.toContain('delete');
});
