import { expect } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import type { KeyReference, Operation, ResourceType } from '../../src/core/provider.ts';
import { type Bench, referenceTo } from './bench.ts';
import type { Example } from './examples.ts';
import { always, changeable, changeableArgs, changedBy, expectKeys, type Row, saying } from './row.ts';

const OPERATIONS: readonly Operation[] = [
  'list',
  'create',
  'update',
  'enable',
  'disable',
  'delete',
  'verify',
  'regenerate',
  'ready',
];

/** Operations that a type does not claim. */
function unclaimed(type: ResourceType): Operation[] {
  const { disable, verify, regenerate, asynchronous } = type.capabilities;
  return [
    ...(disable ? [] : (['enable', 'disable'] as const)),
    ...(verify ? [] : (['verify'] as const)),
    ...(regenerate ? [] : (['regenerate'] as const)),
    ...(asynchronous ? [] : (['ready'] as const)),
    ...(changeable(type).length > 0 ? [] : (['update'] as const)),
  ];
}

/** A key, and what is changed about it; null where nothing of it can be. */
interface Life {
  readonly written: JsonObject;
  readonly change: JsonObject | null;
}

/** One key of each owner of the example, and of the first one every kind that there is. */
function lives(example: Example): Life[] {
  const change = example.updates[0] ?? null;
  return [
    { written: example.args, change: example.updated === undefined ? change : null },
    ...(example.updated === undefined ? [] : [{ written: example.updated, change }]),
    ...example.foreign.map((written) => ({ written, change })),
  ];
}

/** Does everything that a type can do with one key, from its creation to its end, and tells `step` about each thing by name. */
export async function liveThrough(
  bench: Bench,
  type: ResourceType,
  { written, change }: Life,
  step: (operation: Operation | 'read' | 'lastUsed', key: KeyReference, act: () => Promise<unknown>) => Promise<void>,
  enableAgain = true,
): Promise<void> {
  const { handler } = bench;
  const { capabilities } = type;
  let key: KeyReference = { id: '', accessKeyId: '', args: written, expiresAt: null, enabled: true };
  await step('list', key, () => handler.list(written));
  let made: Awaited<ReturnType<Bench['make']>> | undefined;
  await step('create', key, async () => {
    made = await bench.make(written);
  });
  if (made === undefined) throw new Error('no key was made');
  let { secret, reference } = made;
  key = reference;
  if (handler.ready !== undefined) await step('ready', key, async () => handler.ready?.(key, {}));
  await step('read', key, () => handler.read(key.id, written));
  if (capabilities.verify) await step('verify', key, () => handler.verify(key, secret));
  if (handler.lastUsed !== undefined) await step('lastUsed', key, async () => handler.lastUsed?.([key]));
  if (change !== null) {
    await step('update', key, async () => {
      const args = bench.complete({ ...written, ...change }, key.args);
      key = referenceTo(await handler.update(key, args, Object.keys(change)), args);
    });
  }
  if (handler.regenerate !== undefined) {
    await step('regenerate', key, async () => {
      secret = (await handler.regenerate?.(key))?.secret ?? secret;
      bench.conceal(secret.reveal());
    });
  }
  if (capabilities.disable) {
    for (const enabled of enableAgain ? [false, true] : [false]) {
      await step(enabled ? 'enable' : 'disable', key, async () => {
        key = referenceTo(await handler.setEnabled(key, enabled), key.args);
      });
    }
  }
  await step('delete', key, () => handler.delete(key));
}

/** What a type says of itself, held against what it does. */
export const claimRows: readonly Row[] = [
  {
    name: 'optional functions are there exactly where the capabilities claim them',
    applies: always,
    async run(bench, type) {
      const { regenerate, asynchronous, lastUsed } = type.capabilities;
      expect(bench.handler.regenerate !== undefined, 'regenerate').toBe(regenerate);
      expect(bench.handler.ready !== undefined, 'ready').toBe(asynchronous);
      expect(bench.handler.lastUsed !== undefined, 'lastUsed').toBe(lastUsed === 'asked');
    },
  },
  {
    name: 'the forecast of calls is what the server counts',
    applies: always,
    async run(bench, type, example) {
      const { handler } = bench;
      // A session is opened beforehand: what that takes happens once a run and not once an operation.
      await handler.list(example.args);
      const once = new Set(example.polled?.map((action) => `${bench.cloud.name} ${action}`));
      for (const life of lives(example)) {
        for (const enableAgain of type.capabilities.disable ? [true, false] : [true]) {
          await liveThrough(
            bench,
            type,
            life,
            async (operation, key, act) => {
              const forecast =
                operation === 'read' || operation === 'lastUsed' ? null : handler.forecast(operation, key);
              const before = bench.emulator.counts();
              await act();
              const made: string[] = [];
              for (const [name, count] of Object.entries(bench.emulator.counts())) {
                const calls = count - (before[name] ?? 0);
                for (let i = 0; i < (once.has(name) ? Math.min(calls, 1) : calls); i++) made.push(name);
              }
              if (forecast === null) return;
              const foretold = forecast.map(({ action }) => `${bench.cloud.name} ${action}`);
              expect(made.sort(), `${operation} ${JSON.stringify(key)}`).toEqual(foretold.sort());
            },
            enableAgain,
          );
        }
      }
      for (const operation of unclaimed(type)) {
        expect(handler.forecast(operation, { args: example.args, enabled: true }), operation).toEqual([]);
      }
    },
  },
  {
    name: 'the rate limits that the capabilities state are those of the forecast, and of the calls that are made',
    applies: always,
    async run(bench, type, example) {
      const { handler } = bench;
      const key = { args: example.args, enabled: true };
      const foretold = OPERATIONS.flatMap((operation) => handler.forecast(operation, key));
      const { rateLimits } = type.capabilities;
      const buckets = new Map<string, Set<string>>();
      for (const { action, limits } of foretold) {
        const stated = rateLimits.filter(({ actions }) => actions.length === 0 || actions.includes(action));
        expect(limits, action).toHaveLength(stated.length);
        for (const { perSecond, published } of stated) {
          // A rate that the vendor does not state can be set, and the emulator's settings may set it.
          if (published) expect(limits.map((limit) => limit.perSecond)).toContain(perSecond);
        }
        for (const { bucket } of limits) buckets.set(bucket, (buckets.get(bucket) ?? new Set()).add(action));
      }
      for (const { actions, together } of rateLimits) {
        const named = [...new Set(foretold.map(({ action }) => action))].filter(
          (action) => actions.length === 0 || actions.includes(action),
        );
        const shared = [...buckets.values()].some((users) => named.every((action) => users.has(action)));
        if (named.length > 1) expect(shared, `${named.join(', ')} counted together`).toBe(together);
      }
      const from = bench.heard.length;
      for (const life of lives(example)) {
        await liveThrough(bench, type, life, async (_operation, _key, act) => {
          await act();
        });
      }
      for (const { call } of bench.heard.slice(from)) {
        const limits = foretold.find(({ action }) => action === call.action)?.limits;
        if (limits !== undefined) expect(call.limits ?? [], call.action).toEqual(limits);
      }
    },
  },
  {
    name: 'every call says whose keys it is about',
    applies: always,
    async run(bench, type, example) {
      const { handler } = bench;
      await handler.list(example.args);
      for (const life of lives(example)) {
        const { label } = handler.owner(life.written);
        const from = bench.heard.length;
        await liveThrough(bench, type, life, async (operation, _key, act) => {
          const before = bench.heard.length;
          await act();
          expect(bench.heard.length, `${operation} makes a call`).toBeGreaterThan(before);
        });
        for (const { call } of bench.heard.slice(from)) expect(call.owner, call.action).toBe(label);
        const logged = bench.entries.filter(({ owner }) => owner === label);
        expect(logged.length).toBeGreaterThanOrEqual(bench.heard.length - from);
      }
      const line = bench.lines.find((text) => text.startsWith(`[http] ${bench.actions.create} `));
      expect(line).toContain(`(${handler.owner(example.args).label}`);
    },
  },
  {
    name: 'a plan costs one list call for an owner',
    applies: always,
    async run(bench, _type, example) {
      await bench.create(example.args);
      await bench.create(example.second);
      const before = bench.count();
      expect(await bench.handler.list(example.args)).toHaveLength(2);
      expect(bench.count() - before).toBe(1);
    },
  },
  {
    name: 'the request id of the vendor stands in errors and in the log',
    applies: always,
    async run(bench, type, example) {
      const { reference } = await bench.create(example.args);
      const gone = { ...reference, id: example.absentId, accessKeyId: example.absentId };
      const wrong = await bench.connect(example.wrongCredential);
      const errors = [await bench.failure(wrong.list(example.args), 'unauthorized')];
      if (changeable(type).length > 0) {
        const args = bench.complete({ ...changeableArgs(example), ...example.updates[0] });
        errors.push(await bench.failure(bench.handler.update(gone, args, changedBy(example)), 'not-found'));
      }
      const ids = errors.map(({ vendor }) => vendor?.requestId ?? null).filter((id) => id !== null);
      const logged = bench.entries.map(({ requestId }) => requestId).filter((id) => id !== null);
      if (example.noRequestId !== undefined) {
        expect([ids, logged], example.noRequestId).toEqual([[], []]);
        return;
      }
      expect(ids).not.toEqual([]);
      for (const id of ids) {
        expect(logged).toContain(id);
        expect(bench.lines.some((line) => line.startsWith('[http] ') && line.includes(`request id ${id}`))).toBe(true);
      }
    },
  },
  {
    name: 'a credential that may not do it is forbidden, and asked once',
    applies: always,
    async run(bench, type, example) {
      const { handler } = bench;
      const { key, reference } = await bench.create(changeableArgs(example));
      const args = bench.complete({ ...changeableArgs(example), ...example.updates[0] }, reference.args);
      const asked: (() => Promise<unknown>)[] = [
        () => handler.list(example.args),
        () => handler.read(reference.id, example.args),
        () => bench.make(example.second),
        () => handler.delete(reference),
        ...(changeable(type).length > 0 ? [() => handler.update(reference, args, changedBy(example))] : []),
        ...(type.capabilities.disable ? [() => handler.setEnabled(reference, false)] : []),
        ...(handler.regenerate === undefined ? [] : [async () => handler.regenerate?.(reference)]),
        ...(handler.ready === undefined ? [] : [async () => handler.ready?.(reference, {})]),
        ...(handler.lastUsed === undefined ? [] : [async () => handler.lastUsed?.([reference])]),
      ];
      bench.say(null, saying(example, 'forbidden'));
      for (const ask of asked) {
        const before = bench.count();
        await bench.failure(ask(), 'forbidden');
        expect(bench.count() - before, String(ask)).toBe(1);
      }
      bench.emulator.clearFaults();
      expectKeys(await handler.list(example.args), [key]);
    },
  },
];
