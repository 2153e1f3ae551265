import { expect, test } from 'vitest';
import { jsonText, writeKeys } from '../../src/core/import/generate.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { clouds } from '../../src/providers/index.ts';
import { World } from './world.ts';

/** Keys that somebody made by hand, by type. */
const MADE: Readonly<Record<string, readonly JsonObject[]>> = {
  keyform_nscale_access_key: [
    {
      endpoint_id: 'e1',
      name: 'nightly',
      description: 'a ${b}',
      identity_policy: 'system-default-admin',
      tags: { team: 'x' },
    },
  ],
  keyform_outscale_access_key: [
    { user_name: 'ci', tag: '%{ if }' },
    { user_name: 'ci', expires_at: '2031-01-01T00:00:00Z' },
  ],
  keyform_sinch_access_key: [{ project_id: 'p1', display_name: 'Ü / "quoted"' }],
  keyform_tencent_api_key: [{ secret_name: 'mobile' }, { secret_name: 'mobile', tags: { team: 'x' } }],
  keyform_tencent_cam_access_key: [{ target_uin: '100000000100' }],
  keyform_yandex_api_key: [
    { service_account_id: 'aje1', description: 'vision', scopes: ['yc.ai.vision.execute', 'yc.monitoring.read'] },
    { service_account_id: 'aje1', expires_at: '2031-01-01T00:00:00Z', scopes: ['yc.monitoring.read'] },
  ],
  keyform_yandex_static_access_key: [{ service_account_id: 'aje1' }],
};

const TYPES = clouds.flatMap(({ resources }) => resources);

test.each(TYPES.map((type) => [type.type, type] as const))(
  '%s: what is generated plans to imports, and to nothing else',
  async (name, type) => {
    const world = await World.open();
    const desk = [...world.emulators.values()].flatMap(({ desks }) => desks).find((one) => one.type === name);
    const made = MADE[name] ?? [];
    expect(made.length).toBeGreaterThan(0);
    const ids = made.map((values) => desk?.create(values));
    const handler = await world.keys(name);
    const owner = Object.fromEntries(type.owner.arguments.map((one) => [one, made[0]?.[one] ?? null]));
    const keys = (await handler.list(owner)).filter(({ id }) => ids.includes(id));
    expect(keys).toHaveLength(made.length);
    const text = jsonText(
      writeKeys(
        keys.map((key) => ({ type, key })),
        [],
        false,
      ),
    );
    const stack = JSON.parse(text) as JsonObject;
    const plan = await world.plan(stack);
    expect(plan.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(plan.steps.map(({ kind }) => kind)).toEqual(made.map(() => 'import'));
    const applied = await world.apply(stack);
    expect(applied.diagnostics).toEqual([]);
    const after = await world.plan(stack);
    expect([after.steps, after.drift]).toEqual([[], []]);
  },
);

test('a key whose rotation is due already is imported first, and rotated by the next plan', async () => {
  const world = await World.open();
  const desk = [...world.emulators.values()]
    .flatMap(({ desks }) => desks)
    .find((one) => one.type === 'keyform_sinch_access_key');
  const id = desk?.create({ project_id: 'p1', display_name: 'old' }) ?? '';
  world.clock.time += 100 * 24 * 3_600_000;
  const key = { project_id: 'p1', display_name: 'old', rotation: { every: '90d', overlap: '1d' } };
  const stack = {
    resource: { keyform_sinch_access_key: { a: key } },
    import: [{ to: 'keyform_sinch_access_key.a', id }],
  };
  const asked = await world.plan(stack, { replace: ['keyform_sinch_access_key.a'] });
  expect(asked.diagnostics).toMatchObject([{ summary: 'The key to import would be replaced at once' }]);
  const plan = await world.plan(stack);
  expect(plan.steps.map(({ kind }) => kind)).toEqual(['import']);
  await world.apply(stack);
  expect((await world.plan(stack)).steps.map(({ kind }) => kind)).toContain('rotate');
});
