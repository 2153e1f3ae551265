import { expect } from 'vitest';
import { referenceTo } from './bench.ts';
import { expectKeys, type Row, regenerating, waiting, where } from './row.ts';

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** What only some clouds can do: a new secret for a living key, keys that take time, and times of last use. */
export const waitRows: readonly Row[] = [
  {
    name: 'a living key is given a new secret, and the old one stops working',
    applies: regenerating,
    async run(bench, type, example) {
      const { handler } = bench;
      const { key, reference, secret } = await bench.create(example.args);
      const renewed = await handler.regenerate?.(reference);
      if (renewed === undefined) throw new Error('there is no regenerate()');
      bench.conceal(renewed.secret.reveal());
      expect(renewed.key.id).toBe(key.id);
      expect(renewed.secret.reveal()).not.toBe(secret.reveal());
      expectKeys(await handler.list(example.args), [renewed.key]);
      if (type.capabilities.verify) {
        expect(await handler.verify(reference, renewed.secret)).toBe(true);
        expect(await handler.verify(reference, secret)).not.toBe(true);
      }
      if (type.capabilities.secretReadable) {
        expect((await handler.read(key.id, example.args))?.secret?.reveal()).toBe(renewed.secret.reveal());
      }
      await bench.failure(
        Promise.resolve(handler.regenerate?.({ ...reference, id: example.absentId, accessKeyId: example.absentId })),
        'not-found',
      );
    },
  },
  {
    name: 'a new secret whose answer is lost is never asked for twice',
    applies: regenerating,
    async run(bench, type, example) {
      const { handler } = bench;
      const { key, reference, secret } = await bench.create(example.args);
      let last = secret.reveal();
      const from = bench.heard.length;
      await handler.read(key.id, example.args);
      const reading = new Set(bench.heard.slice(from).map(({ call }) => call.action));
      // It may be asked for what there was before; the call that matters is the other one.
      const call = handler.forecast('regenerate', reference).find(({ action }) => !reading.has(action));
      if (call === undefined) throw new Error('no call is forecast');
      for (const kind of ['drop-after', 'cut'] as const) {
        const before = bench.count(call.action);
        bench.fault(call.action, { kind, times: 1 });
        if (type.capabilities.secretReadable) {
          // What was lost can be read: either it is, or the outcome stays unknown.
          const outcome = await Promise.resolve(handler.regenerate?.(reference)).catch((error: unknown) => error);
          const now = (await handler.read(key.id, example.args))?.secret?.reveal() ?? '';
          bench.conceal(now);
          expect(now, 'the lost call took effect').not.toBe(last);
          last = now;
          if (outcome instanceof Error) await bench.failure(Promise.reject(outcome), 'outcome-unknown');
          else expect((outcome as { secret: { reveal(): string } }).secret.reveal()).toBe(now);
        } else {
          await bench.failure(Promise.resolve(handler.regenerate?.(reference)), 'outcome-unknown');
        }
        expect(bench.count(call.action) - before).toBe(1);
        bench.emulator.clearFaults();
      }
    },
  },
  {
    name: 'a secret is here before the key is ready, and the waiting tells how it stands',
    applies: waiting,
    options: ({ readiness }) => readiness?.late,
    async run(bench, _type, example) {
      const { handler } = bench;
      const made = await bench.make(example.args);
      expect(made.key.readiness).toBe('pending');
      expect(made.secret.reveal().length).toBeGreaterThanOrEqual(8);
      const told: string[] = [];
      const key = await handler.ready?.(made.reference, { onProgress: (status) => told.push(status) });
      expect(key).toMatchObject({ id: made.key.id, accessKeyId: made.key.accessKeyId, readiness: 'ready' });
      expect(told.length).toBeGreaterThanOrEqual(2);
      expect(told.every((status) => status !== '')).toBe(true);
      expectKeys(await handler.list(example.args), key === undefined ? [] : [key]);
      const before = bench.clock.pauses.length;
      await handler.ready?.(made.reference, {});
      expect(bench.clock.pauses.length, 'what is ready is not waited for').toBe(before);
    },
  },
  {
    name: 'waiting for a key that never gets ready ends in time, and the key can be deleted',
    applies: waiting,
    options: ({ readiness }) => readiness?.never,
    async run(bench, _type, example) {
      const { handler } = bench;
      const { reference } = await bench.make(example.args);
      const before = bench.clock.client.now();
      await bench.failure(Promise.resolve(handler.ready?.(reference, {})), 'timeout');
      expect(bench.clock.client.now() - before).toBeGreaterThan(10_000);
      const [left] = await handler.list(example.args);
      expect(left).toMatchObject({ id: reference.id, readiness: 'pending' });
      await handler.delete(reference);
      expect(await handler.list(example.args)).toEqual([]);
    },
  },
  {
    name: 'a key that the API gave up on is an error as soon as that is known',
    applies: waiting,
    options: ({ readiness }) => readiness?.failed,
    async run(bench, _type, example) {
      const { handler } = bench;
      const { reference } = await bench.make(example.args);
      await bench.failure(Promise.resolve(handler.ready?.(reference, {})), 'invalid-state');
      const [left] = await handler.list(example.args);
      expect(left).toMatchObject({ id: reference.id, readiness: 'failed' });
      await handler.delete(reference);
      expect(await handler.list(example.args)).toEqual([]);
    },
  },
  {
    name: 'waiting is cancelled, before it is begun and between two questions',
    applies: waiting,
    options: ({ readiness }) => readiness?.never,
    async run(bench, _type, example) {
      const { handler } = bench;
      const { reference } = await bench.make(example.args);
      const before = bench.count();
      await bench.failure(Promise.resolve(handler.ready?.(reference, { signal: AbortSignal.abort() })), 'cancelled');
      expect(bench.count()).toBe(before);
      const stop = new AbortController();
      let pauses = -1;
      const onProgress = () => {
        stop.abort();
        pauses = bench.clock.pauses.length;
      };
      await bench.failure(
        Promise.resolve(handler.ready?.(reference, { signal: stop.signal, onProgress })),
        'cancelled',
      );
      expect(bench.count() - before).toBe(1);
      expect(bench.clock.pauses.length, 'no pause is begun any more').toBe(pauses);
    },
  },
  {
    name: 'the wait gets over an API that fails for a moment',
    applies: waiting,
    options: ({ readiness }) => readiness?.late,
    async run(bench, _type, example) {
      const { handler } = bench;
      const { reference } = await bench.make(example.args);
      bench.fault(null, { kind: 'status', status: 503, times: 1 });
      bench.fault(null, { kind: 'drop-before', times: 1, after: 1 });
      expect(await handler.ready?.(reference, {})).toMatchObject({ id: reference.id, readiness: 'ready' });
    },
  },
  {
    name: 'the time of last use is asked for any number of keys, and never made up',
    applies: where(({ lastUsed }) => lastUsed === 'asked', 'its API is not asked when a key was last used'),
    async run(bench, _type, example) {
      const { handler } = bench;
      const ask = async (...args: Parameters<NonNullable<typeof handler.lastUsed>>) => handler.lastUsed?.(...args);
      const [first, second] = [await bench.create(example.args), await bench.create(example.second)];
      const references = [first.reference, second.reference];
      const times = await ask([
        ...references,
        { ...first.reference, id: example.absentId, accessKeyId: example.absentId },
      ]);
      for (const { id } of references) expect(times?.get(id) ?? null, 'never used').toBeNull();
      expect(times?.get(example.absentId) ?? null).toBeNull();
      for (const id of times?.keys() ?? []) expect([...references.map((r) => r.id), example.absentId]).toContain(id);

      // More than one call can ask about, most of them unknown.
      const ids = Array.from({ length: 25 }, (_, i) => `${example.absentId.slice(0, -2)}${10 + i}`);
      const many = [...ids.map((id) => ({ ...first.reference, id, accessKeyId: id })), ...references];
      const all = await ask(many);
      for (const id of all?.keys() ?? []) expect(many.map((key) => key.id)).toContain(id);
      for (const { id } of references) expect(all?.get(id), 'the same, in whatever company').toEqual(times?.get(id));
      const before = bench.count();
      expect((await ask([]))?.size).toBe(0);
      expect(bench.count(), 'nothing to ask').toBe(before);
      await bench.failure(ask(references, AbortSignal.abort()), 'cancelled');
      expect(bench.count()).toBe(before);
      bench.fault(null, { kind: 'status', status: 503 });
      await bench.failure(ask(references), 'unavailable');
    },
  },
  {
    name: 'the time of last use is listed with each key',
    applies: where(({ lastUsed }) => lastUsed === 'listed', 'its lists do not tell when a key was last used'),
    async run(bench, type, example) {
      expect(Object.keys(type.attributes)).toContain('last_used_at');
      const { reference } = await bench.create(example.args);
      for (const key of await bench.handler.list(example.args)) {
        const time = key.attributes.last_used_at;
        if (time !== null) expect(time).toMatch(MOMENT);
      }
      await bench.handler.delete(reference);
    },
  },
  {
    name: 'keys that are ready at once are always said to be',
    applies: where(({ asynchronous }) => !asynchronous, 'its keys take time'),
    async run(bench, type, example) {
      const { key, reference } = await bench.make(example.args);
      const keys = [key, ...(await bench.handler.list(example.args))];
      if (type.capabilities.disable) keys.push(await bench.handler.setEnabled(reference, false));
      expect(keys.map(({ readiness }) => readiness)).toEqual(keys.map(() => 'ready'));
      expect(referenceTo(key, reference.args)).toEqual(reference);
    },
  },
];
