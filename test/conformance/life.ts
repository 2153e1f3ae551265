import { expect } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import type { ActualKey, Capabilities, Operation } from '../../src/core/provider.ts';
import { Secret } from '../../src/core/secret.ts';
import { type Bench, complete, referenceTo } from './bench.ts';
import { always, byId, changedBy, differing, expectArgs, type Row } from './row.ts';

const claimed = (name: 'disable' | 'verify') => (capabilities: Capabilities) =>
  capabilities[name] ? true : `its API cannot ${name}`;

/** What keys do while the network and the API do their part. */
export const lifeRows: readonly Row[] = [
  {
    name: 'a key lives: created, listed, read, changed in place, deleted',
    applies: always,
    async run(bench, type, example) {
      const { handler } = bench;
      expect(await handler.list(example.args)).toEqual([]);
      const made = await bench.create(example.args);
      expectArgs(type, made.key, made.reference.args);
      expect(made.key.enabled).toBe(true);
      expect(made.secret.reveal().length).toBeGreaterThanOrEqual(8);
      expect(await handler.list(example.args)).toEqual([made.key]);
      expect(await handler.read(made.key.id, example.args)).toEqual(made.key);
      for (const time of [made.key.createdAt, made.key.expiresAt]) {
        if (time !== null) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
      }
      for (const [name, spec] of Object.entries(type.attributes)) {
        expect(spec.schema.safeParse(made.key.attributes[name]).success, `attribute ${name}`).toBe(true);
      }

      let written = example.args;
      let reference = made.reference;
      for (const change of example.updates) {
        written = { ...written, ...change };
        const args = complete(type, written, reference.args, bench.clock.client.now());
        const changed = differing(type, reference.args, args);
        expect(changed.filter((name) => type.arguments[name]?.forcesNew)).toEqual([]);
        const key = await handler.update(reference, args, changed);
        expectArgs(type, key, args);
        expect(key).toMatchObject({ id: made.key.id, createdAt: made.key.createdAt, enabled: true });
        expect(await handler.list(example.args), `after ${JSON.stringify(change)}`).toEqual([key]);
        reference = referenceTo(key, args);
      }

      await handler.delete(reference);
      expect(await handler.list(example.args)).toEqual([]);
      expect(await handler.read(made.key.id, example.args)).toBeNull();
      await handler.delete(reference);
    },
  },
  {
    name: 'a key is disabled and enabled, and nothing else about it changes',
    applies: claimed('disable'),
    async run(bench, type, example) {
      const { handler } = bench;
      const written = example.expiring?.(bench.clock.client.now()) ?? example.args;
      const { key, reference, secret } = await bench.create(written);
      const off = await handler.setEnabled(reference, false);
      expect(off).toMatchObject({ id: key.id, enabled: false, expiresAt: key.expiresAt, createdAt: key.createdAt });
      expectArgs(type, off, { ...reference.args, enabled: false });
      expect(await handler.list(written)).toEqual([off]);
      if (type.capabilities.verify) {
        expect(await handler.verify(referenceTo(off, reference.args), secret)).not.toBe(true);
      }
      const on = await handler.setEnabled(referenceTo(off, reference.args), true);
      expect(on).toMatchObject({ enabled: true, expiresAt: key.expiresAt });
      const changed = await handler.setEnabled(referenceTo(on, reference.args), false);
      await handler.delete(referenceTo(changed, reference.args));
      expect(await handler.list(written)).toEqual([]);
    },
  },
  {
    name: 'a key ends when it was told to',
    applies: ({ expiry }) => (expiry === 'optional' ? true : 'its keys do not expire'),
    async run(bench, type, example) {
      if (example.expiring === null) throw new Error('the example must say how a key expires');
      const now = bench.clock.client.now();
      const { key, reference, secret } = await bench.create(example.expiring(now));
      expect(Date.parse(key.expiresAt ?? '') - now).toBe(3_600_000);
      expect(await bench.handler.list(reference.args)).toEqual([key]);
      if (type.capabilities.verify) expect(await bench.handler.verify(reference, secret)).toBe(true);
      bench.clock.advance(3_600_001);
      if (type.capabilities.verify) expect(await bench.handler.verify(reference, secret)).not.toBe(true);
      await bench.handler.delete(reference);
      expect(await bench.handler.list(reference.args)).toEqual([]);
    },
  },
  {
    name: 'a secret is given once, and verify knows a good one from a bad one',
    applies: claimed('verify'),
    async run(bench, _type, example) {
      const { handler } = bench;
      const { key, reference, secret } = await bench.create(example.args);
      const other = await bench.create(example.second);
      expect(secret.reveal()).not.toBe(other.secret.reveal());
      expect(JSON.stringify([key, await handler.list(example.args)])).not.toContain(secret.reveal());
      expect(await handler.verify(reference, secret)).toBe(true);
      expect(await handler.verify(reference, other.secret)).toBe(false);
      expect(await handler.verify(reference, new Secret('not-the-secret'))).toBe(false);
      await handler.delete(reference);
      expect(await handler.verify(reference, secret)).not.toBe(true);
      expect(await handler.verify(other.reference, other.secret)).toBe(true);
    },
  },
  {
    name: 'a list has all keys of one owner, and only those',
    applies: always,
    async run(bench, type, example) {
      const { handler } = bench;
      const owner = handler.owner(example.args);
      expect(handler.owner(example.second).id).toBe(owner.id);
      expect(owner.label).not.toBe('');
      const forcing = Object.entries(type.arguments).filter(([, spec]) => spec.forcesNew);
      for (const [name] of forcing) {
        expect(example.foreign.some((args) => args[name] !== example.args[name])).toBe(true);
      }
      const made = [await bench.create(example.args), await bench.create(example.second)];
      for (const args of example.foreign) {
        expect(handler.owner(args).id).not.toBe(owner.id);
        const before = await handler.list(args);
        const foreign = await bench.create(args);
        expectArgs(type, foreign.key, foreign.reference.args);
        expect(byId(await handler.list(args))).toEqual(byId([...before, foreign.key]));
        await handler.delete(foreign.reference);
        expect(byId(await handler.list(args))).toEqual(byId(before));
      }
      expect(byId(await handler.list(example.args))).toEqual(byId(made.map(({ key }) => key)));
    },
  },
  {
    name: 'a list has the keys of all its pages',
    applies: (_capabilities, { paged }) => (typeof paged === 'string' ? paged : true),
    async run(bench, _type, example) {
      if (typeof example.paged === 'string') throw new Error('unreachable');
      const paged = await bench.connect({}, {}, example.paged);
      const made: ActualKey[] = [];
      for (const args of [example.args, example.second]) made.push((await bench.create(args)).key);
      const before = bench.count(bench.actions.list);
      expect(byId(await paged.list(example.args))).toEqual(byId(made));
      expect(bench.count(bench.actions.list) - before).toBeGreaterThanOrEqual(2);
      // A page that fails is never left out of the whole.
      bench.fault(bench.actions.list, { kind: 'status', status: 403, after: 1 });
      await bench.failure(paged.list(example.args), 'forbidden');
    },
  },
  {
    name: 'the credential in use is named, so that it can be spared',
    applies: always,
    async run(bench, _type, example) {
      const { credentialId } = bench.connection;
      expect(typeof credentialId).toBe('string');
      expect(Object.values(bench.emulator.settings(bench.cloud.name))).toContain(credentialId);
      expect(await bench.handler.list(example.args)).toEqual([]);
    },
  },
  {
    name: 'environment variables alone lead to the same emulator',
    applies: always,
    async run(bench, _type, example) {
      const { key } = await bench.create(example.args);
      const variables = bench.emulator.environment();
      const settings = Object.entries(bench.cloud.settings).map(([name, spec]) => {
        const set = spec.environment.find((variable) => variables[variable] !== undefined);
        return [name, set === undefined ? spec.default : (variables[set] ?? null)] as const;
      });
      const handler = await bench.connect(Object.fromEntries(settings));
      expect(await handler.list(example.args)).toEqual([key]);
    },
  },
  {
    name: 'every other way to authenticate works',
    applies: always,
    async run(bench, _type, example) {
      for (const settings of Object.values(example.otherCredentials)) {
        const handler = await bench.connect(settings);
        const { key, reference } = await bench.create(example.args, handler);
        expect(await bench.handler.list(example.args)).toEqual([key]);
        await handler.delete(reference);
      }
    },
  },
  {
    name: 'a name that is taken is a conflict',
    applies: ({ name }) => (name?.uniquePerOwner === true ? true : 'its keys have no unique name'),
    async run(bench, type, example) {
      const { key, reference } = await bench.create(example.args);
      const other = await bench.create(example.second);
      const before = bench.count(bench.actions.create);
      await bench.failure(bench.create(example.args), 'conflict');
      expect(bench.count(bench.actions.create) - before).toBe(1);
      if (type.capabilities.name?.renameable) {
        const changed = [type.capabilities.name.argument];
        await bench.failure(bench.handler.update(other.reference, reference.args, changed), 'conflict');
      }
      expect(byId(await bench.handler.list(example.args))).toEqual(byId([key, other.key]));
    },
  },
  {
    name: 'a full owner takes no more keys',
    applies: ({ quotaPerOwner }) => (quotaPerOwner === null ? 'its vendor states no quota' : true),
    async run(bench, type, example) {
      const quota = type.capabilities.quotaPerOwner ?? 0;
      const argument = type.capabilities.name?.argument;
      for (let i = 0; i < quota; i++) {
        await bench.create(argument === undefined ? example.args : { ...example.args, [argument]: `key ${i}` });
      }
      await bench.failure(bench.create(example.second), 'quota-exceeded');
      expect(await bench.handler.list(example.args)).toHaveLength(quota);
      await bench.create(example.foreign[0] ?? {});
    },
  },
  {
    name: 'a key that is not there reads as null, and is deleted by saying so',
    applies: always,
    async run(bench, _type, example) {
      const { reference } = await bench.create(example.args);
      expect(await bench.handler.read(example.absentId, example.args)).toBeNull();
      await bench.handler.delete({ ...reference, id: example.absentId, accessKeyId: example.absentId });
      for (const foreign of example.foreign) expect(await bench.handler.read(reference.id, foreign)).toBeNull();
      expect(await bench.handler.list(example.args)).toHaveLength(1);
    },
  },
  {
    name: 'a change of a key that is gone is not found',
    applies: always,
    async run(bench, type, example) {
      const { reference } = await bench.create(example.args);
      await bench.handler.delete(reference);
      const args = complete(type, { ...example.args, ...example.updates[0] }, reference.args, 0);
      const changed = differing(type, reference.args, args);
      await bench.failure(bench.handler.update(reference, args, changed), 'not-found');
    },
  },
  {
    name: 'the forecast of calls is what the server counts',
    applies: always,
    async run(bench, type, example) {
      const { handler } = bench;
      // A session is opened beforehand: what that takes happens once a run and not once an operation.
      await handler.list(example.args);
      const measure = async (
        operation: Operation,
        key: { readonly args: JsonObject; readonly enabled: boolean },
        act: () => Promise<unknown>,
      ): Promise<void> => {
        const before = bench.emulator.counts();
        await act();
        const made: string[] = [];
        for (const [name, count] of Object.entries(bench.emulator.counts())) {
          for (let i = before[name] ?? 0; i < count; i++) made.push(name);
        }
        const forecast = handler.forecast(operation, key).map(({ action }) => `${bench.cloud.name} ${action}`);
        expect(made.sort(), `${operation} ${JSON.stringify(key)}`).toEqual(forecast.sort());
      };
      for (const written of [example.args, ...example.foreign]) {
        for (const disabledFirst of type.capabilities.disable ? [false, true] : [false]) {
          const key = { args: written, enabled: true };
          await measure('list', key, () => handler.list(written));
          const made: Awaited<ReturnType<Bench['create']>>[] = [];
          await measure('create', key, async () => made.push(await bench.create(written)));
          const [first] = made;
          if (first === undefined) throw new Error('no key was made');
          let { reference } = first;
          if (type.capabilities.verify) {
            await measure('verify', reference, () => handler.verify(reference, first.secret));
          }
          const change = { ...written, ...example.updates[0] };
          await measure('update', reference, () => handler.update(reference, change, changedBy(example)));
          if (type.capabilities.disable) {
            await measure('disable', reference, async () => {
              reference = referenceTo(await handler.setEnabled(reference, false), written);
            });
            if (!disabledFirst) {
              await measure('enable', reference, async () => {
                reference = referenceTo(await handler.setEnabled(reference, true), written);
              });
            }
          }
          await measure('delete', reference, () => handler.delete(reference));
        }
      }
    },
  },
];
