import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import type { Cloud, KeyHandler, Operation, ResourceType } from '../../src/core/provider.ts';
import { startEmulator } from '../../src/emulator/server.ts';
import { createFiles } from '../../src/io/files.ts';
import { createHttp } from '../../src/io/http.ts';
import { systemRandom } from '../../src/io/random.ts';
import { clouds } from '../../src/providers/index.ts';
import { type Example, examples } from '../conformance/examples.ts';
import { changeableArgs, changing, disabling } from '../conformance/row.ts';
import { World } from './world.ts';

// Answers that never come, over real HTTP: whatever the API has done, the next apply puts it right.

/** What befalls the answers. */
const DROPS = { 'drop-before': 'nothing was done', 'drop-after': 'all was done', cut: 'half of it came' } as const;

type Drop = keyof typeof DROPS;

interface Line {
  readonly world: World;
  readonly keys: KeyHandler;
  /** Applies. */
  apply(args: JsonObject | null): ReturnType<World['apply']>;
  /** Applies while no answer comes to what changes something in `operation`. */
  losing(operation: Operation, drop: Drop, args: JsonObject | null): ReturnType<World['apply']>;
  /** Expects one key, which is as `args` ask, with a secret that works; and nothing left to plan. Null: no key at all. */
  expectWhole(args: JsonObject | null): Promise<void>;
}

/** A project with one address whose cloud is a real server. */
async function onLine(cloud: Cloud, type: ResourceType, example: Example, work: (line: Line) => Promise<void>) {
  const world = await World.open();
  const { clock } = world;
  const emulator = await startEmulator({
    clouds: [cloud],
    port: 0,
    dataFile: null,
    files: createFiles(systemRandom),
    clock,
    random: systemRandom,
    options: { [cloud.name]: example.options },
  });
  const http = createHttp({ clock, random: systemRandom, environment: {}, version: '0.0.0' });
  world.wire = { http, override: (one) => (one.name === cloud.name ? emulator.settings(one.name) : null) };
  const keys = await world.keys(type.type);
  const stack = (args: JsonObject | null) => (args === null ? {} : { resource: { [type.type]: { k: args } } });
  const line: Line = {
    world,
    keys,
    apply: (args) => world.apply(stack(args)),
    async losing(operation, drop, args) {
      const calls = keys.forecast(operation, { args: example.args, enabled: true });
      const actions = calls.map(({ action }) => action).filter((action) => !/^(List|Read|Describe|Get)/.test(action));
      expect(actions).not.toEqual([]);
      emulator.addFaults(actions.map((action) => ({ kind: drop, cloud: cloud.name, action })));
      const result = await world.apply(stack(args));
      const counts = emulator.counts();
      for (const action of actions.slice(0, 1)) expect(counts[`${cloud.name} ${action}`], action).toBeGreaterThan(0);
      emulator.clearFaults();
      return result;
    },
    async expectWhole(args) {
      const { state } = await world.store.read();
      const living = await keys.list(example.args);
      const [resource] = state.resources.values();
      const current = resource?.current ?? null;
      expect(living.map((key) => key.id)).toEqual(args === null ? [] : [current?.id]);
      expect([state.intents.size, resource?.deposed ?? []]).toEqual([0, []]);
      const plan = await world.plan(stack(args));
      expect([plan.steps, plan.drift, plan.diagnostics]).toEqual([[], [], []]);
      const [key] = living;
      if (current === null || key === undefined) return;
      if (current.secret === null) throw new Error('its secret is lost');
      if (key.secret !== null) expect(key.secret.reveal()).toBe(current.secret.reveal());
      if (type.capabilities.verify && current.enabled) expect(await keys.verify(current, current.secret)).toBe(true);
    },
  };
  try {
    await work(line);
  } finally {
    await http.close();
    await emulator.close();
  }
}

const types = clouds.flatMap((cloud) =>
  cloud.resources.map((type) => {
    const example = examples[type.type];
    if (example === undefined) throw new Error(`no example of ${type.type}`);
    return { name: type.type, cloud, type, example };
  }),
);

describe.each(types)('$name, when no answer comes', ({ cloud, type, example }) => {
  const { args } = example;
  const drops = Object.entries(DROPS) as [Drop, string][];
  const written = (values: JsonObject) =>
    Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));

  it.each(drops)('to a create (%s: %s), ends with one key', async (drop) => {
    await onLine(cloud, type, example, async (line) => {
      expect((await line.losing('create', drop, args)).failed).toHaveLength(1);
      expect(await line.keys.list(args)).toHaveLength(drop === 'drop-before' ? 0 : 1);
      expect((await line.apply(args)).diagnostics).toEqual([]);
      await line.expectWhole(args);
    });
  });

  it.each(drops)('to the create of a rotation (%s: %s), ends with the new key', async (drop) => {
    await onLine(cloud, type, example, async (line) => {
      await line.apply(args);
      const next = { ...args, keepers: { v: '2' } };
      const before = (await line.keys.list(args)).map((key) => key.id);
      expect((await line.losing('create', drop, next)).failed).toHaveLength(1);
      expect((await line.keys.list(args)).map((key) => key.id)).toEqual(expect.arrayContaining(before));
      expect((await line.apply(next)).diagnostics).toEqual([]);
      await line.expectWhole(next);
      expect((await line.keys.list(args)).map((key) => key.id)).not.toEqual(before);
    });
  });

  it.each(drops)('to a delete (%s: %s), ends with none', async (drop) => {
    await onLine(cloud, type, example, async (line) => {
      await line.apply(args);
      await line.losing('delete', drop, null);
      expect((await line.apply(null)).diagnostics).toEqual([]);
      await line.expectWhole(null);
    });
  });

  const before = changeableArgs(example);
  it.skipIf(changing(type) !== true).each(drops)('to a change (%s: %s), ends with it made', async (drop) => {
    await onLine(cloud, type, example, async (line) => {
      const after = written({ ...before, ...example.updates[0] });
      await line.apply(before);
      await line.losing('update', drop, after);
      expect((await line.apply(after)).diagnostics).toEqual([]);
      await line.expectWhole(after);
    });
  });

  it.skipIf(disabling(type) !== true).each(drops)('to a disable and an enable (%s: %s)', async (drop) => {
    await onLine(cloud, type, example, async (line) => {
      await line.apply(args);
      for (const [operation, enabled] of [
        ['disable', false],
        ['enable', true],
      ] as const) {
        await line.losing(operation, drop, { ...args, enabled });
        expect((await line.apply({ ...args, enabled })).diagnostics).toEqual([]);
        await line.expectWhole({ ...args, enabled });
        expect((await line.keys.list(args)).map((key) => key.enabled)).toEqual([enabled]);
      }
    });
  });
});
