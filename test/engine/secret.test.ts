import { expect, it } from 'vitest';
import { World } from './world.ts';

const stack = (keeper: string) => ({
  resource: {
    keyform_outscale_access_key: { one: { user_name: 'u', keepers: { k: keeper } } },
    terraform_data: { hook: { input: '${keyform_outscale_access_key.one.access_key_id}' } },
  },
});

it('tells each new secret once it is recorded, and before anything that waits for the key begins', async () => {
  const world = await World.open();
  for (const keeper of ['a', 'b']) {
    const order: string[] = [];
    const told: string[] = [];
    const result = await world.apply(stack(keeper), {
      onSecret: (secret) => {
        order.push('secret');
        told.push(secret.reveal());
      },
      onEvent: ({ kind, step }) => order.push(`${kind} ${step.address}`),
    });
    expect([...result.plan.diagnostics, ...result.diagnostics]).toEqual([]);
    const state = (await world.store.read()).state;
    const secret = state.resources.get('keyform_outscale_access_key.one')?.current?.secret?.reveal();
    expect(told).toContain(secret);
    expect(order.indexOf('secret')).toBeLessThan(order.indexOf('done keyform_outscale_access_key.one'));
    expect(order.indexOf('secret')).toBeLessThan(order.indexOf('started terraform_data.hook'));
  }
});

it('tells none where none comes into being', async () => {
  const world = await World.open();
  expect((await world.apply(stack('a'))).done).toHaveLength(2);
  const told: string[] = [];
  await world.apply(stack('a'), { onSecret: (secret) => told.push(secret.reveal()) });
  expect(told).toEqual([]);
});
