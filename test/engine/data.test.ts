import { describe, expect, it } from 'vitest';
import { dataSourcesOf, selectorsOf } from '../../src/core/datasource.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { hasChanges } from '../../src/core/plan/plan.ts';
import { clouds } from '../../src/providers/index.ts';
import { examples } from '../conformance/examples.ts';
import { World } from './world.ts';

const SINCH = 'keyform_sinch_access_key';
const OUTSCALE = 'keyform_outscale_access_key';
const a = { project_id: 'p1', display_name: 'a' };

/** The list calls since `from`. */
function lists(world: World, from = 0): string[] {
  return world.calls.slice(from).filter((action) => action === 'ListAccessKeys' || action === 'ReadAccessKeys');
}

/** What the engine lists while `act` runs. */
async function listing<T>(world: World, act: () => Promise<T>): Promise<{ result: T; calls: string[] }> {
  const from = world.calls.length;
  const result = await act();
  return { result, calls: lists(world, from) };
}

async function foreign(world: World, project_id: string, display_name: string): Promise<string> {
  return (await (await world.keys(SINCH)).create({ project_id, display_name })).key.id;
}

describe('data sources', () => {
  it('cost no list of their own where the owner is asked anyway, and one for each other owner', async () => {
    const world = await World.open();
    const team = await foreign(world, 'p1', 'team');
    await foreign(world, 'p2', 'other');
    const one = (project_id: string, display_name: string) => ({ project_id, display_name });
    const stack: JsonObject = {
      resource: { [SINCH]: { a } },
      data: {
        [SINCH]: { team: one('p1', 'team'), again: { project_id: 'p1', id: team } },
        [`${SINCH}s`]: { p1: { project_id: 'p1' }, p2: { project_id: 'p2' }, same: { project_id: 'p2' } },
      },
      output: { p2: { value: `\${data.${SINCH}s.p2.keys[0].display_name}` } },
    };
    const planned = await listing(world, () => world.plan(stack));
    expect(planned.result.diagnostics).toEqual([]);
    expect(planned.calls).toEqual(['ListAccessKeys', 'ListAccessKeys']);
    const without = await listing(world, () => world.plan({ ...stack, data: {}, output: {} }));
    expect(without.calls).toEqual(['ListAccessKeys']);
    const still = await listing(world, () => world.plan(stack, { refresh: false }));
    expect(still.calls).toEqual(['ListAccessKeys', 'ListAccessKeys']);
    const destroyed = await listing(world, () => world.plan(stack, { mode: 'destroy' }));
    expect(destroyed.calls).toEqual(['ListAccessKeys']);
    expect(destroyed.result.data).toEqual([]);
  });

  it('ask a further owner only when what names it is known, and each owner once', async () => {
    const world = await World.open();
    const id = await foreign(world, 'p2', 'other');
    const stack: JsonObject = {
      data: {
        [`${SINCH}s`]: {
          first: { project_id: 'p2' },
          second: { project_id: `\${data.${SINCH}s.first.keys[0].display_name}` },
          third: { project_id: `\${data.${SINCH}s.first.project_id}` },
        },
      },
      resource: { [SINCH]: { a: { ...a, project_id: `\${data.${SINCH}s.first.keys[0].display_name}` } } },
      output: { ids: { value: [`\${data.${SINCH}s.first.ids}`, `\${data.${SINCH}s.second.ids}`] } },
    };
    const { result, calls } = await listing(world, () => world.plan(stack));
    expect(result.diagnostics).toEqual([]);
    expect(calls).toHaveLength(2);
    expect(result.outputs).toMatchObject([{ name: 'ids', after: [[id], []] }]);
    expect(result.changes).toMatchObject([{ ownerLabel: 'project other' }]);
  });

  it('are read at apply by one list where they wait for a key, and leave an empty plan', async () => {
    const world = await World.open();
    await foreign(world, 'p1', 'team');
    const stack = (generation: string): JsonObject => ({
      resource: {
        [SINCH]: { a: { ...a, keepers: { generation } } },
        [OUTSCALE]: { b: { user_name: 'ci', tag: `made \${data.${SINCH}.a.created_at}` } },
      },
      data: {
        [SINCH]: { a: { project_id: 'p1', id: `\${${SINCH}.a.id}` } },
        [`${SINCH}s`]: { p1: { project_id: 'p1', depends_on: [`${SINCH}.a`] } },
      },
      output: {
        ids: { value: `\${data.${SINCH}s.p1.ids}` },
        name: { value: `\${data.${SINCH}.a.display_name}` },
      },
    });
    for (const generation of ['1', '2']) {
      const before = world.calls.length;
      const { plan, failed, diagnostics, done } = await world.apply(stack(generation));
      expect([failed, diagnostics]).toEqual([[], []]);
      expect(Object.fromEntries(plan.data.map(({ address, deferred }) => [address, deferred]))).toEqual({
        [`data.${SINCH}.a`]: 'read_because_config_unknown',
        [`data.${SINCH}s.p1`]: 'read_because_dependency_pending',
      });
      // One for each owner while planning; then one for each of the two reads.
      expect(lists(world, before)).toHaveLength(4);
      expect(plan.forecast.calls).toContainEqual({ cloud: 'sinch', action: 'ListAccessKeys', count: 2 });
      expect(done.filter((step) => step.kind === 'read')).toHaveLength(2);
      const { state } = await world.store.read();
      const made = state.resources.get(`${SINCH}.a`)?.current;
      expect(state.resources.get(`${OUTSCALE}.b`)?.current?.args.tag).toBe(`made ${made?.createdAt}`);
      expect(state.outputs.name?.value).toBe('a');
      // The replaced key is gone by the time of the read: what was read then is what is read now.
      expect(state.outputs.ids?.value).toHaveLength(2);
      expect(state.resources.get(`${OUTSCALE}.b`)?.dependencies).toEqual([`data.${SINCH}.a`, `${SINCH}.a`]);
      const again = await listing(world, () => world.plan(stack(generation)));
      expect(hasChanges(again.result)).toBe(false);
      expect(again.calls).toHaveLength(2);
      world.clock.time += 60_000;
    }
  });

  it('do not ask an owner of their own before the apply that reads them', async () => {
    const world = await World.open();
    const id = await foreign(world, 'p9', 'team');
    const stack: JsonObject = {
      resource: { [SINCH]: { a } },
      data: { [`${SINCH}s`]: { p9: { project_id: 'p9', depends_on: [`${SINCH}.a`] } } },
      output: { ids: { value: `\${data.${SINCH}s.p9.ids}` } },
    };
    const planned = await listing(world, () => world.plan(stack));
    expect(planned.calls).toHaveLength(1);
    const applied = await listing(world, () => world.apply(stack));
    expect(applied.calls).toHaveLength(2);
    expect((await world.store.read()).state.outputs.ids?.value).toEqual([id]);
    const again = await listing(world, () => world.plan(stack));
    expect([again.calls.length, hasChanges(again.result)]).toEqual([2, false]);
  });

  it('see at every run what is there then', async () => {
    const world = await World.open();
    const stack: JsonObject = {
      data: { [`${SINCH}s`]: { p1: { project_id: 'p1' } } },
      output: { ids: { value: `\${data.${SINCH}s.p1.ids}` } },
    };
    await world.apply(stack);
    expect((await world.store.read()).state.outputs.ids?.value).toEqual([]);
    const id = await foreign(world, 'p1', 'team');
    const { plan } = await world.apply(stack);
    expect(plan.outputs).toMatchObject([{ actions: ['update'], before: [], after: [id] }]);
    expect((await world.store.read()).state.outputs.ids?.value).toEqual([id]);
  });

  it('stop only what needs them when they find nothing at apply', async () => {
    const world = await World.open();
    const stack: JsonObject = {
      resource: {
        [SINCH]: {
          a,
          b: { ...a, display_name: `b \${data.${SINCH}.lost.id}` },
          c: { ...a, display_name: 'c' },
        },
      },
      data: { [SINCH]: { lost: { project_id: 'p1', display_name: 'lost', depends_on: [`${SINCH}.a`] } } },
      output: { lost: { value: `\${data.${SINCH}.lost.id}` } },
    };
    const { done, failed, skipped, diagnostics } = await world.apply(stack);
    expect(done.map(({ id }) => id).sort()).toEqual([`create ${SINCH}.a`, `create ${SINCH}.c`]);
    expect(failed.map(({ id }) => id)).toEqual([`read data.${SINCH}.lost`]);
    expect(skipped.map(({ id }) => id)).toEqual([`create ${SINCH}.b`]);
    expect(diagnostics).toMatchObject([
      {
        summary: 'No key of project p1 has the display_name "lost"',
        address: `data.${SINCH}.lost`,
        place: { file: 'test.tf.json', path: ['data', SINCH, 'lost', 'display_name'] },
      },
    ]);
    expect((await world.store.read()).state.outputs).toEqual({});
  });

  it('tell what their owner answered, once, and let the rest go on', async () => {
    const world = await World.open();
    world.meddler.after = (action, response) =>
      action === 'ReadAccessKeys' ? { ...response, status: 403, body: '{"Errors":[]}' } : response;
    const stack: JsonObject = {
      resource: { [SINCH]: { a, b: { ...a, display_name: `\${data.${OUTSCALE}s.ci.ids[0]}` } } },
      data: { [`${OUTSCALE}s`]: { ci: { user_name: 'ci' } } },
    };
    const plan = await world.plan(stack);
    expect(plan.steps.map(({ id }) => id)).toEqual([`create ${SINCH}.a`]);
    expect(plan.diagnostics).toMatchObject([
      { address: `data.${OUTSCALE}s.ci`, place: { path: ['data', `${OUTSCALE}s`, 'ci'] } },
      { address: `${SINCH}.b`, summary: `Left out, because data.${OUTSCALE}s.ci could not be planned` },
    ]);
  });

  it('are refused at a place where an index is past the end', async () => {
    const world = await World.open();
    const stack: JsonObject = {
      resource: { [SINCH]: { a: { ...a, display_name: `x \${data.${SINCH}s.p2.keys[0].id}` } } },
      data: { [`${SINCH}s`]: { p2: { project_id: 'p2' } } },
    };
    const plan = await world.plan(stack);
    expect(plan.blocked).toBe(true);
    expect(plan.diagnostics).toMatchObject([
      {
        summary: 'Invalid index',
        detail: expect.stringContaining('the collection has no elements'),
        place: { path: ['resource', SINCH, 'a', 'display_name'], column: 5 },
      },
    ]);
  });

  it('hold no secret, whatever the API told', async () => {
    const world = await World.open();
    const created = await (await world.keys(SINCH)).create({ project_id: 'p1', display_name: 'team' });
    const plan = await world.plan({
      data: {
        [SINCH]: { team: { project_id: 'p1', display_name: 'team' } },
        [`${SINCH}s`]: { all: { project_id: 'p1' } },
      },
      output: { all: { value: [`\${data.${SINCH}.team}`, `\${data.${SINCH}s.all}`] } },
    });
    expect(plan.outputs).toHaveLength(1);
    expect(JSON.stringify(plan)).not.toContain(created.secret.reveal());
  });
});

describe('a key of each resource type is read', () => {
  const types = clouds.flatMap((cloud) =>
    cloud.resources.map((resource) => ({ type: resource.type, cloud, resource })),
  );
  it.each(types)('$type', async ({ type, cloud, resource }) => {
    const example = examples[type];
    if (example === undefined) throw new Error(`${type} has no example`);
    const world = await World.open({ [cloud.name]: example.options });
    const handler = await world.keys(type);
    const { key, secret } = await handler.create(example.args);
    const owner = Object.fromEntries(
      resource.owner.arguments.flatMap((name) => {
        const value = example.args[name] ?? null;
        return value === null ? [] : [[name, value]];
      }),
    );
    const [one, all] = dataSourcesOf(resource);
    const selectors = selectorsOf(resource);
    const wanted = { ...example.args, id: key.id, access_key_id: key.accessKeyId };
    const stack: JsonObject = {
      data: {
        [one.name]: Object.fromEntries(
          selectors.map((name) => [name, { ...owner, [name]: (wanted as JsonObject)[name] ?? null }]),
        ),
        [all.name]: { all: owner },
      },
      output: Object.fromEntries([
        ...selectors.map((name) => [name, { value: `\${data.${one.name}.${name}.id}` }]),
        ['all', { value: `\${data.${all.name}.all.ids}` }],
      ]),
    };
    const from = world.calls.length;
    const plan = await world.plan(stack);
    expect(plan.diagnostics).toEqual([]);
    const calls = world.calls.slice(from);
    const outputs = Object.fromEntries(plan.outputs.map(({ name, after }) => [name, after]));
    expect(outputs).toEqual({ ...Object.fromEntries(selectors.map((name) => [name, key.id])), all: [key.id] });
    expect(JSON.stringify(plan)).not.toContain(secret.reveal());
    // As many calls as one list of the owner makes.
    const alone = world.calls.length;
    await handler.list(owner);
    const listed = world.calls.slice(alone);
    expect(calls.filter((action) => listed.includes(action))).toEqual(listed);
    for (const { values } of plan.data) {
      const known = plan.data.find((read) => read.values === values)?.type === one.name ? one : all;
      expect(Object.keys(values).sort()).toEqual(Object.keys(known.attributes).sort());
      for (const [name, { schema }] of Object.entries(known.attributes))
        expect([name, schema.safeParse(values[name]).error?.issues ?? []]).toEqual([name, []]);
    }
  });
});
