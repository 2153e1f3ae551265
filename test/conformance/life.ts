import { expect } from 'vitest';
import type { ActualKey } from '../../src/core/provider.ts';
import { Secret } from '../../src/core/secret.ts';
import { referenceTo } from './bench.ts';
import {
  always,
  changeableArgs,
  changing,
  differing,
  disabling,
  expectArgs,
  expectKeys,
  type Row,
  saying,
  verifying,
  where,
} from './row.ts';

/** What keys do while the network and the API do their part. */
export const lifeRows: readonly Row[] = [
  {
    name: 'a key lives: created, listed, read, changed in place, deleted',
    applies: always,
    async run(bench, type, example) {
      const { handler } = bench;
      const args = changeableArgs(example);
      expect(await handler.list(args)).toEqual([]);
      const made = await bench.create(args);
      expectArgs(type, made.key, made.reference.args);
      expect(made.key.enabled).toBe(true);
      expect(made.secret.reveal().length).toBeGreaterThanOrEqual(8);
      expect(made.key.readiness).toBe('ready');
      expectKeys(await handler.list(args), [made.key]);
      const read = await handler.read(made.key.id, args);
      expectKeys(read === null ? [] : [read], [made.key]);
      for (const time of [made.key.createdAt, made.key.expiresAt]) {
        if (time !== null) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
      }
      for (const [name, spec] of Object.entries(type.attributes)) {
        expect(spec.schema.safeParse(made.key.attributes[name]).success, `attribute ${name}`).toBe(true);
      }

      let written = args;
      let reference = made.reference;
      for (const change of example.updates) {
        written = { ...written, ...change };
        const wanted = bench.complete(written, reference.args);
        const changed = differing(type, reference.args, wanted);
        expect(changed.filter((name) => type.arguments[name]?.forcesNew)).toEqual([]);
        const key = await handler.update(reference, wanted, changed);
        expectArgs(type, key, wanted);
        expect(key).toMatchObject({ id: made.key.id, createdAt: made.key.createdAt, enabled: true });
        expectKeys(await handler.list(args), [key], `after ${JSON.stringify(change)}`);
        reference = referenceTo(key, wanted);
      }

      await handler.delete(reference);
      expect(await handler.list(args)).toEqual([]);
      expect(await handler.read(made.key.id, args)).toBeNull();
      await handler.delete(reference);
    },
  },
  {
    name: 'a key is disabled and enabled, and nothing else about it changes',
    applies: disabling,
    async run(bench, type, example) {
      const { handler } = bench;
      const written = example.expiring?.(bench.clock.client.now()) ?? example.args;
      const { key, reference, secret } = await bench.create(written);
      const off = await handler.setEnabled(reference, false);
      expect(off).toMatchObject({ id: key.id, enabled: false, expiresAt: key.expiresAt, createdAt: key.createdAt });
      expectArgs(type, off, { ...reference.args, enabled: false });
      expectKeys(await handler.list(written), [off]);
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
    name: 'a change of something else leaves the end of a key’s life as it is',
    applies: where(({ expiry }) => expiry === 'optional', 'its keys do not expire'),
    async run(bench, type, example) {
      if (example.expiring === null) throw new Error('the example must say how a key expires');
      const { key, reference } = await bench.create(example.expiring(bench.clock.client.now()));
      const change = example.updates.find((one) => !('expires_at' in one) && !('expires_in' in one));
      if (change === undefined) throw new Error('the example must change something else than the end of life');
      const args = bench.complete({ ...reference.args, ...change }, reference.args);
      const changed = await bench.handler.update(reference, args, Object.keys(change));
      expectArgs(type, changed, args);
      expect(changed.expiresAt).toBe(key.expiresAt);
      expectKeys(await bench.handler.list(reference.args), [changed]);
    },
  },
  {
    name: 'a key ends when it was told to',
    applies: where(({ expiry }) => expiry === 'optional', 'its keys do not expire'),
    async run(bench, type, example) {
      if (example.expiring === null) throw new Error('the example must say how a key expires');
      const now = bench.clock.client.now();
      const { key, reference, secret } = await bench.create(example.expiring(now));
      expect(Date.parse(key.expiresAt ?? '') - now).toBe(3_600_000);
      expectKeys(await bench.handler.list(reference.args), [key]);
      if (type.capabilities.verify) expect(await bench.handler.verify(reference, secret)).toBe(true);
      bench.clock.advance(3_600_001);
      if (type.capabilities.verify) expect(await bench.handler.verify(reference, secret)).not.toBe(true);
      await bench.handler.delete(reference);
      expect(await bench.handler.list(reference.args)).toEqual([]);
    },
  },
  {
    name: 'a secret is told again where the capabilities say so, and only there',
    applies: always,
    async run(bench, type, example) {
      const { handler } = bench;
      const { key, reference, secret } = await bench.create(example.args);
      const read = await handler.read(key.id, example.args);
      const shown = [...(await handler.list(example.args)), ...(read === null ? [] : [read])];
      expect(shown).toHaveLength(2);
      const told = type.capabilities.secretReadable ? secret.reveal() : null;
      for (const { secret: again } of shown) expect(again?.reveal() ?? null).toBe(told);
      const changed = type.capabilities.disable ? [await handler.setEnabled(reference, false)] : [];
      for (const { secret: again } of [key, ...changed]) {
        if (again !== null) expect(again.reveal()).toBe(told);
      }
      expect(JSON.stringify(shown)).not.toContain(secret.reveal());
    },
  },
  {
    name: 'verify knows a good secret from a bad one',
    applies: verifying,
    async run(bench, _type, example) {
      const { handler } = bench;
      const { reference, secret } = await bench.create(example.args);
      const other = await bench.create(example.second);
      expect(secret.reveal()).not.toBe(other.secret.reveal());
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
      const made = [await bench.create(example.args), await bench.create(example.second)];
      for (const args of example.foreign) {
        expect(handler.owner(args).id).not.toBe(owner.id);
        const before = await handler.list(args);
        const foreign = await bench.create(args);
        expectArgs(type, foreign.key, foreign.reference.args);
        expectKeys(await handler.list(args), [...before, foreign.key]);
        await handler.delete(foreign.reference);
        expectKeys(await handler.list(args), before);
      }
      const all = made.map(({ key }) => key);
      expectKeys(await handler.list(example.args), all);
    },
  },
  {
    name: 'a list has the keys of all its pages',
    applies: where(({ pageSize }) => pageSize !== null, 'its lists have no pages'),
    async run(bench, _type, example) {
      if (typeof example.paged === 'string') throw new Error('the example must connect with pages of one key');
      const paged = await bench.connect({}, {}, example.paged);
      const made: ActualKey[] = [];
      for (const args of [example.args, example.second]) made.push((await bench.create(args)).key);
      const before = bench.count(bench.actions.list);
      expectKeys(await paged.list(example.args), made);
      const pages = bench.count(bench.actions.list) - before;
      expect(pages).toBeGreaterThanOrEqual(2);
      // A page that fails, for good or by being no page, is never left out of the whole.
      const { status, body } = saying(example, 'forbidden');
      bench.fault(bench.actions.list, { kind: 'status', status, body, after: 1 });
      await bench.failure(paged.list(example.args), 'forbidden');
      bench.emulator.clearFaults();
      bench.fault(bench.actions.list, {
        kind: 'edit',
        at: [...(example.answers?.list ?? [])],
        to: 'no list',
        after: 1,
      });
      await bench.failure(paged.list(example.args), 'malformed-answer');
      bench.emulator.clearFaults();
      // One that passes is asked for again, and it alone.
      const asked = bench.count(bench.actions.list);
      bench.fault(bench.actions.list, { kind: 'status', status: 503, after: 1, times: 1 });
      expectKeys(await paged.list(example.args), made);
      expect(bench.count(bench.actions.list) - asked).toBe(pages + 1);
    },
  },
  {
    name: 'the credential in use is named, so that it can be spared',
    applies: always,
    async run(bench, _type, example) {
      const { credentialId } = bench.connection;
      if (example.noCredentialId !== undefined) {
        expect(credentialId, example.noCredentialId).toBeNull();
        return;
      }
      expect(typeof credentialId).toBe('string');
      expect(Object.values(bench.emulator.settings(bench.cloud.name))).toContain(credentialId);
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
      expectKeys(await handler.list(example.args), [key]);
    },
  },
  {
    name: 'every other way to authenticate works',
    applies: always,
    async run(bench, _type, example) {
      for (const settings of Object.values(example.otherCredentials)) {
        const handler = await bench.connect(settings);
        const { key, reference } = await bench.create(example.args, handler);
        expectKeys(await bench.handler.list(example.args), [key]);
        await handler.delete(reference);
      }
    },
  },
  {
    name: 'a name that is taken is a conflict',
    applies: where(({ name }) => name?.uniquePerOwner === true, 'its keys have no unique name'),
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
      expectKeys(await bench.handler.list(example.args), [key, other.key]);
    },
  },
  {
    name: 'keys that are told to be alike are keys of their own',
    applies: where(({ name }) => name?.uniquePerOwner !== true, 'its keys have unique names'),
    async run(bench, type, example) {
      const [one, two] = [await bench.create(example.args), await bench.create(example.args)];
      expect(one.key.id).not.toBe(two.key.id);
      expect(one.secret.reveal()).not.toBe(two.secret.reveal());
      expectKeys(await bench.handler.list(example.args), [one.key, two.key]);
      await bench.handler.delete(one.reference);
      expectKeys(await bench.handler.list(example.args), [two.key]);
      if (type.capabilities.verify) expect(await bench.handler.verify(two.reference, two.secret)).toBe(true);
    },
  },
  {
    name: 'an id that the caller chose is taken, and is a conflict the second time',
    applies: where(({ customId }) => customId !== null, 'its ids are chosen by the vendor'),
    async run(bench, type, example) {
      const { chosen } = example;
      if (chosen === undefined) throw new Error('the example must say how an id is chosen');
      const { key, secret } = await bench.create(chosen);
      expect(key.accessKeyId).toBe(chosen[type.capabilities.customId ?? '']);
      const given = Object.entries(chosen).find(([name]) => type.arguments[name]?.sensitive === true)?.[1];
      if (given !== undefined) expect(secret.reveal()).toBe(given);
      const before = bench.count(bench.actions.create);
      await bench.failure(bench.create(chosen), 'conflict');
      expect(bench.count(bench.actions.create) - before).toBe(1);
      expectKeys(await bench.handler.list(chosen), [key]);
    },
  },
  {
    name: 'a full owner takes no more keys',
    applies: where(({ quota }) => quota !== null, 'its vendor states no quota'),
    options: ({ smallQuota }) => smallQuota?.options,
    async run(bench, type, example) {
      const quota = example.smallQuota?.keys ?? type.capabilities.quota?.keys ?? 0;
      const { name } = type.capabilities;
      for (let i = 0; i < quota; i++) {
        await bench.create(name?.uniquePerOwner ? { ...example.args, [name.argument]: `key-${i}` } : example.args);
      }
      const before = bench.count(bench.actions.create);
      await bench.failure(bench.create(example.second), 'quota-exceeded');
      expect(bench.count(bench.actions.create) - before, 'a full quota is no rate limit').toBe(1);
      const full = await bench.handler.list(example.args);
      expect(full).toHaveLength(quota);
      const elsewhere = bench.create(example.foreign[0] ?? {});
      if (type.capabilities.quota?.perOwner === true) await elsewhere;
      else await bench.failure(elsewhere, 'quota-exceeded');
      const [gone] = full;
      if (gone !== undefined) await bench.handler.delete(referenceTo(gone, { ...example.args, ...gone.args }));
      await bench.create(example.second);
    },
  },
  {
    name: 'a key that is not there reads as null, and is deleted by saying so',
    applies: always,
    async run(bench, type, example) {
      const { key, reference } = await bench.create(example.args);
      expect(await bench.handler.read(example.absentId, example.args)).toBeNull();
      await bench.handler.delete({ ...reference, id: example.absentId, accessKeyId: example.absentId });
      for (const foreign of example.foreign) {
        // Where a key's id says it all, the API shows it whoever's it is: then with its true owner.
        const seen = await bench.handler.read(reference.id, foreign);
        for (const name of type.owner.arguments)
          expect(seen?.args[name]).toEqual(seen === null ? undefined : key.args[name]);
      }
      expect(await bench.handler.list(example.args)).toHaveLength(1);
    },
  },
  {
    name: 'a change of a key that is gone is not found',
    applies: changing,
    async run(bench, type, example) {
      const { reference } = await bench.create(changeableArgs(example));
      await bench.handler.delete(reference);
      const args = bench.complete({ ...changeableArgs(example), ...example.updates[0] }, reference.args);
      const changed = differing(type, reference.args, args);
      await bench.failure(bench.handler.update(reference, args, changed), 'not-found');
    },
  },
];
