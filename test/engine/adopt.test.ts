import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { Secret } from '../../src/core/secret.ts';
import { adoptKeys, type Claim } from '../../src/engine/adopt.ts';
import { World } from './world.ts';

const OUTSCALE = 'keyform_outscale_access_key';
const YANDEX = 'keyform_yandex_api_key';

const stack = (keys: Readonly<Record<string, JsonObject>>, type = OUTSCALE): JsonObject => ({
  resource: { [type]: keys },
});

/** Adopts, and counts what was asked of the clouds. */
async function adopt(world: World, content: JsonObject, claims: readonly Claim[], verify = true) {
  const loaded = await world.load(content);
  const session = await world.store.begin('import', { lockTimeoutMs: 0 });
  world.calls.length = 0;
  try {
    return await adoptKeys(world.engine, session, loaded, claims, {
      verify,
      record: true,
      resume: false,
      siblings: async () => [],
    });
  } finally {
    await session.close();
  }
}

const claim = (address: string, id: string, secret: string | null = null): Claim => ({
  address,
  id,
  secret: secret === null ? null : new Secret(secret),
});

/** A key that somebody made by hand. */
function byHand(world: World, type: string, values: JsonObject): { readonly id: string; readonly secret: string } {
  const desk = [...world.emulators.values()].flatMap(({ desks }) => desks).find((one) => one.type === type);
  if (desk === undefined) throw new Error(`nobody has ${type}`);
  const id = desk.create(values);
  return { id, secret: desk.secret(id) };
}

describe('adopting', () => {
  test('lists each owner once, changes nothing, and leaves an empty plan', async () => {
    const world = await World.open();
    const keys = [1, 2, 3].map(() => byHand(world, OUTSCALE, { user_name: 'ci' }));
    const content = stack(Object.fromEntries(keys.map((_, index) => [`k${index}`, { user_name: 'ci' }])));
    const claims = keys.map(({ id, secret }, index) => claim(`${OUTSCALE}.k${index}`, id, secret));
    const taken = await adopt(world, content, claims, false);
    expect(world.calls).toEqual(['ReadAccessKeys']);
    expect(taken.map(({ generation }) => generation.secret?.reveal())).toEqual(keys.map(({ secret }) => secret));
    const plan = await world.plan(content);
    expect([plan.steps, plan.drift, plan.diagnostics]).toEqual([[], [], []]);
  });

  test('all of them or none', async () => {
    const world = await World.open();
    const key = byHand(world, OUTSCALE, { user_name: 'ci' });
    const content = stack({ a: { user_name: 'ci' }, b: { user_name: 'ci' } });
    const wrong = adopt(world, content, [claim(`${OUTSCALE}.a`, key.id, key.secret), claim(`${OUTSCALE}.b`, 'AKNONE')]);
    await expect(wrong).rejects.toMatchObject({ diagnostics: [{ address: `${OUTSCALE}.b` }] });
    expect((await world.store.read()).state.resources.size).toBe(0);
  });

  test('a wrong secret is refused: by a trial, and by what the API shows of the right one', async () => {
    const world = await World.open();
    const key = byHand(world, OUTSCALE, { user_name: 'ci' });
    const tried = adopt(world, stack({ a: { user_name: 'ci' } }), [claim(`${OUTSCALE}.a`, key.id, 'X'.repeat(40))]);
    await expect(tried).rejects.toThrow('is not that of key');
    const shown = byHand(world, YANDEX, { service_account_id: 'aje1', scopes: ['yc.ai.vision.execute'] });
    const content = stack({ a: { service_account_id: 'aje1', scopes: ['yc.ai.vision.execute'] } }, YANDEX);
    const masked = adopt(world, content, [claim(`${YANDEX}.a`, shown.id, `${shown.secret.slice(0, -1)}!`)]);
    await expect(masked).rejects.toThrow('is not that of key');
    const right = await adopt(world, content, [claim(`${YANDEX}.a`, shown.id, shown.secret)]);
    expect(right).toHaveLength(1);
  });

  test('a key that another address has, or that the stack declares otherwise, is refused', async () => {
    const world = await World.open();
    const key = byHand(world, OUTSCALE, { user_name: 'ci' });
    const content = stack({ a: { user_name: 'ci' }, b: { user_name: 'ci' } });
    await adopt(world, content, [claim(`${OUTSCALE}.a`, key.id)]);
    await expect(adopt(world, content, [claim(`${OUTSCALE}.b`, key.id)])).rejects.toThrow('managed already');
    await expect(adopt(world, content, [claim(`${OUTSCALE}.a`, key.id)])).rejects.toThrow('already managed');
    const vision = byHand(world, YANDEX, { service_account_id: 'aje1', scopes: ['yc.ai.vision.execute'] });
    const keepers = stack(
      { a: { service_account_id: 'aje1', scopes: ['yc.ai.vision.execute'], keepers: { a: 'b' } } },
      YANDEX,
    );
    // What only Keyform remembers is as the stack says.
    await adopt(world, keepers, [claim(`${YANDEX}.a`, vision.id)]);
  });

  test('an owner that does not answer is an error, and nothing is recorded', async () => {
    const world = await World.open();
    const key = byHand(world, OUTSCALE, { user_name: 'ci' });
    world.settings.outscale = { access_key_id: 'AKWRONG00000000000000' };
    await expect(adopt(world, stack({ a: { user_name: 'ci' } }), [claim(`${OUTSCALE}.a`, key.id)])).rejects.toThrow();
    expect((await world.store.read()).state.resources.size).toBe(0);
  });
});
