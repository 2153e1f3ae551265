import { expect } from 'vitest';
import type { FaultRuleInput } from '../../src/emulator/fault.ts';
import { complete, referenceTo } from './bench.ts';
import { always, changedBy, differing, expectArgs, type Row } from './row.ts';

const ANY_REFUSAL = [
  'invalid-argument',
  'invalid-state',
  'unauthorized',
  'forbidden',
  'conflict',
  'unavailable',
] as const;

/** What happens when the network, the API or the credential fails. */
export const troubleRows: readonly Row[] = [
  ...(
    [
      [500, {}],
      [503, {}],
      [502, '<html>bad gateway</html>'],
    ] as const
  ).map(
    ([status, body]): Row => ({
      name: `a list that fails with ${status} is tried again`,
      applies: always,
      async run(bench, _type, example) {
        const { key } = await bench.create(example.args);
        bench.fault(bench.actions.list, { kind: 'status', status, body, times: 2 });
        expect(await bench.handler.list(example.args)).toEqual([key]);
        expect(bench.count(bench.actions.list)).toBe(3);
      },
    }),
  ),
  {
    name: 'a list that never succeeds is an error, not an empty list',
    applies: always,
    async run(bench, _type, example) {
      bench.fault(bench.actions.list, { kind: 'status', status: 503 });
      await bench.failure(bench.handler.list(example.args), 'unavailable');
    },
  },
  {
    name: 'a create that the rate limit stopped is made again, once',
    applies: always,
    async run(bench, _type, example) {
      bench.fault(bench.actions.create, { kind: 'throttle', retryAfterSeconds: 2, times: 1 });
      const before = bench.clock.client.now();
      const { key } = await bench.create(example.args);
      expect(bench.clock.client.now() - before).toBeGreaterThanOrEqual(2_000);
      expect(await bench.handler.list(example.args)).toEqual([key]);
      expect(bench.count(bench.actions.create)).toBe(2);
    },
  },
  // Creates whose outcome cannot be known: one request, never a second, and what exists is found by the list.
  ...(
    [
      ['500', { kind: 'status', status: 500 }, 0],
      ['503', { kind: 'status', status: 503 }, 0],
      ['502 of a gateway', { kind: 'status', status: 502, body: '<html>bad gateway</html>' }, 0],
      ['no answer, the work not done', { kind: 'drop-before' }, 0],
      ['no answer, the work done', { kind: 'drop-after' }, 1],
      ['half an answer', { kind: 'cut' }, 1],
      ['a page of HTML', { kind: 'garbage' }, 0],
    ] satisfies [string, FaultRuleInput, number][]
  ).map(
    ([what, rule, left]): Row => ({
      name: `a create that gets ${what} is not tried again: outcome unknown`,
      applies: always,
      async run(bench, _type, example) {
        const { reference } = await bench.create(example.second);
        const before = bench.count(bench.actions.create);
        bench.fault(bench.actions.create, rule);
        await bench.failure(bench.create(example.args), 'outcome-unknown');
        expect(bench.count(bench.actions.create) - before).toBe(1);
        const others = (await bench.handler.list(example.args)).filter(({ id }) => id !== reference.id);
        expect(others).toHaveLength(left);
      },
    }),
  ),
  {
    name: 'a slow answer to a create is an unknown outcome, to a list a timeout',
    applies: always,
    async run(bench, _type, example) {
      const hasty = await bench.connect({}, { timeouts: { headers: 250 }, maxAttempts: 2 });
      await hasty.list(example.args);
      const before = bench.count(bench.actions.create);
      bench.fault(bench.actions.create, { kind: 'latency', ms: 60_000 });
      bench.fault(bench.actions.list, { kind: 'latency', ms: 60_000 });
      await bench.failure(bench.create(example.args, hasty), 'outcome-unknown');
      expect(bench.count(bench.actions.create) - before).toBe(1);
      await bench.failure(hasty.list(example.args), 'timeout');
    },
  },
  {
    name: 'a page of HTML in place of a list is a malformed answer',
    applies: always,
    async run(bench, _type, example) {
      const { reference } = await bench.create(example.args);
      bench.fault(bench.actions.list, { kind: 'garbage' });
      await bench.failure(bench.handler.list(example.args), 'malformed-answer');
      bench.emulator.clearFaults();
      bench.emulator.addFaults([{ kind: 'garbage' }]);
      await bench.failure(bench.handler.read(reference.id, example.args), 'malformed-answer');
    },
  },
  {
    name: 'a list that is cut off or dropped is tried again',
    applies: always,
    async run(bench, _type, example) {
      const { key } = await bench.create(example.args);
      bench.fault(bench.actions.list, { kind: 'cut', times: 1 });
      bench.fault(bench.actions.list, { kind: 'drop-before', times: 1 });
      expect(await bench.handler.list(example.args)).toEqual([key]);
      expect(bench.count(bench.actions.list)).toBe(3);
    },
  },
  {
    name: 'a change or a delete whose answer was lost is made sure of',
    applies: always,
    async run(bench, type, example) {
      const { reference } = await bench.create(example.args);
      const change = example.updates[0] ?? {};
      const args = complete(type, { ...example.args, ...change }, reference.args, bench.clock.client.now());
      bench.emulator.addFaults([{ kind: 'drop-after', times: 1 }]);
      const key = await bench.handler.update(reference, args, differing(type, reference.args, args));
      expectArgs(type, key, args);
      for (const { action } of bench.handler.forecast('delete', reference)) {
        bench.fault(action, { kind: 'drop-after', times: 1 });
      }
      await bench.handler.delete(referenceTo(key, args));
      expect(await bench.handler.list(example.args)).toEqual([]);
    },
  },
  {
    name: 'a wrong credential is refused at the first try, and not tried again',
    applies: always,
    async run(bench, _type, example) {
      const wrong = await bench.connect(example.wrongCredential);
      await bench.failure(wrong.list(example.args), 'unauthorized');
      expect(bench.count()).toBe(1);
      await bench.failure(bench.create(example.args, await bench.connect(example.wrongCredential)), 'unauthorized');
      expect(bench.count()).toBe(2);
    },
  },
  {
    name: 'an endpoint that is down is unreachable, for a create too',
    applies: always,
    async run(bench, _type, example) {
      await bench.handler.list(example.args);
      const cold = await bench.connect();
      await bench.emulator.close();
      for (const handler of [bench.handler, cold]) {
        await bench.failure(handler.list(example.args), 'unreachable');
        await bench.failure(bench.create(example.args, handler), 'unreachable');
      }
    },
  },
  {
    name: 'what is cancelled before it is sent is never sent',
    applies: always,
    async run(bench, type, example) {
      const { reference, secret } = await bench.create(example.args);
      const before = bench.count();
      const signal = AbortSignal.abort();
      const { handler } = bench;
      const cold = await bench.connect();
      const calls: (() => Promise<unknown>)[] = [
        () => handler.list(example.args, signal),
        () => handler.read(reference.id, example.args, signal),
        () => handler.create(example.second, signal),
        () => cold.create(example.second, signal),
        () => handler.update(reference, { ...example.args, ...example.updates[0] }, changedBy(example), signal),
        () => handler.delete(reference, signal),
        ...(type.capabilities.disable ? [() => handler.setEnabled(reference, false, signal)] : []),
        ...(type.capabilities.verify ? [() => handler.verify(reference, secret, signal)] : []),
      ];
      for (const call of calls) await bench.failure(call(), 'cancelled');
      expect(bench.count()).toBe(before);
    },
  },
  {
    name: 'an API that repeats a secret in its error does not make Keyform print it',
    applies: always,
    async run(bench, type, example) {
      // What the API was sent, and the secret behind it, which it knows.
      await bench.handler.list(example.args);
      const { reference, secret } = await bench.create(example.second);
      const known = Object.keys(example.wrongCredential).map((name) => bench.emulator.settings(bench.cloud.name)[name]);
      const message = (more: string) => `You sent ${[...known, ...bench.sent(), more].join(', ')}`;
      for (const status of [400, 401, 403, 409, 500, 503]) {
        bench.emulator.clearFaults();
        bench.emulator.addFaults([{ kind: 'status', status, body: example.error(message('')) }]);
        await bench.failure(bench.handler.list(example.args), ...ANY_REFUSAL);
        await bench.failure(bench.create(example.args), ...ANY_REFUSAL, 'outcome-unknown');
        if (!type.capabilities.verify) continue;
        bench.emulator.clearFaults();
        bench.emulator.addFaults([{ kind: 'status', status, body: example.error(message(secret.reveal())) }]);
        bench.note(await bench.handler.verify(reference, secret).catch((error: unknown) => error));
      }
    },
  },
];
