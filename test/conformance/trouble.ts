import { expect } from 'vitest';
import type { FaultRuleInput } from '../../src/emulator/fault.ts';
import { referenceTo } from './bench.ts';
import {
  always,
  changeable,
  changeableArgs,
  changedBy,
  differing,
  expectArgs,
  expectKeys,
  type Row,
  saying,
} from './row.ts';

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
        const before = bench.count(bench.actions.list);
        expectKeys(await bench.handler.list(example.args), [key]);
        expect(bench.count(bench.actions.list) - before).toBe(3);
      },
    }),
  ),
  {
    name: 'a list that never succeeds is an error, not an empty list',
    applies: always,
    async run(bench, _type, example) {
      bench.fault(bench.actions.list, { kind: 'status', status: 503 });
      await bench.failure(bench.handler.list(example.args), 'unavailable');
      bench.emulator.clearFaults();
      bench.say(bench.actions.list, saying(example, 'unavailable'));
      await bench.failure(bench.handler.list(example.args), 'unavailable');
      bench.emulator.clearFaults();
      bench.say(bench.actions.list, saying(example, 'throttled'));
      await bench.failure(bench.handler.list(example.args), 'throttled');
    },
  },
  {
    name: 'what the API says in its own words of a failure that may pass is understood',
    applies: always,
    async run(bench, _type, example) {
      const { key } = await bench.create(example.args);
      const { list, create } = bench.actions;
      for (const what of ['unavailable', 'throttled'] as const) {
        const before = bench.count(list);
        bench.say(list, saying(example, what), 2);
        expectKeys(await bench.handler.list(example.args), [key]);
        expect(bench.count(list) - before).toBe(3);
      }
      // A failing API may have acted; one that limits the rate has not.
      const before = bench.count(create);
      bench.say(create, saying(example, 'unavailable'), 1);
      await bench.failure(bench.make(example.second), 'outcome-unknown');
      expect(bench.count(create) - before).toBe(1);
      bench.say(create, saying(example, 'throttled'), 2);
      const made = await bench.create(example.second);
      expect(bench.count(create) - before).toBe(4);
      expectKeys(await bench.handler.list(example.args), [key, made.key]);
    },
  },
  ...(
    [
      ['seconds', 429],
      ['seconds', 503],
      ['a date', 429],
      ['a date', 503],
    ] as const
  ).map(
    ([form, status]): Row => ({
      name: `a ${status} with a Retry-After in ${form} is obeyed`,
      applies: always,
      async run(bench, _type, example) {
        const { key } = await bench.create(example.args);
        // Not the server's clock alone tells when: it may be off.
        for (const ahead of [0, 3_600_000, -3_600_000]) {
          if (ahead !== 0 && example.signsTime === true) continue;
          bench.clock.skew(ahead);
          // Sessions that were opened under the other time do not count.
          const handler = await bench.connect();
          await handler.list(example.args);
          const date = new Date(bench.clock.server.now() + 20_000).toUTCString();
          const headers = { 'retry-after': form === 'seconds' ? '20' : date };
          bench.fault(bench.actions.list, { kind: 'status', status, headers, times: 1 });
          const [calls, pauses] = [bench.count(bench.actions.list), bench.clock.pauses.length];
          expectKeys(await handler.list(example.args), [key]);
          expect(bench.count(bench.actions.list) - calls).toBe(2);
          const longest = Math.max(...bench.clock.pauses.slice(pauses));
          expect(longest).toBeGreaterThan(form === 'seconds' ? 19_999 : 15_000);
          expect(longest).toBeLessThan(21_500);
        }
      },
    }),
  ),
  {
    name: 'a create that the rate limit stopped is made again, once, and not too soon',
    applies: always,
    async run(bench, _type, example) {
      bench.fault(bench.actions.create, { kind: 'throttle', retryAfterSeconds: 2, times: 1 });
      const { key } = await bench.create(example.args);
      expect(Math.max(...bench.clock.pauses)).toBeGreaterThanOrEqual(2_000);
      expect(bench.count(bench.actions.create)).toBe(2);
      expectKeys(await bench.handler.list(example.args), [key]);
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
        await bench.failure(bench.make(example.args), 'outcome-unknown');
        bench.emulator.clearFaults();
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
      const hasty = await bench.connect({}, { timeouts: { headers: 500 }, maxAttempts: 2 });
      await hasty.list(example.args);
      const before = bench.count(bench.actions.create);
      bench.fault(bench.actions.create, { kind: 'latency', ms: 60_000 });
      bench.fault(bench.actions.list, { kind: 'latency', ms: 60_000 });
      await bench.failure(bench.make(example.args, hasty), 'outcome-unknown');
      expect(bench.count(bench.actions.create) - before).toBe(1);
      await bench.failure(hasty.list(example.args), 'timeout');
    },
  },
  {
    name: 'a list that is cut off or dropped is tried again',
    applies: always,
    async run(bench, _type, example) {
      const { key } = await bench.create(example.args);
      bench.fault(bench.actions.list, { kind: 'cut', times: 1 });
      bench.fault(bench.actions.list, { kind: 'drop-before', times: 1 });
      const before = bench.count(bench.actions.list);
      expectKeys(await bench.handler.list(example.args), [key]);
      expect(bench.count(bench.actions.list) - before).toBe(3);
    },
  },
  {
    name: 'a change or a delete whose answer was lost is made sure of',
    applies: always,
    async run(bench, type, example) {
      const { reference } = await bench.create(changeableArgs(example));
      let living = reference;
      if (changeable(type).length > 0) {
        const args = bench.complete({ ...changeableArgs(example), ...example.updates[0] }, reference.args);
        bench.fault(null, { kind: 'drop-after', times: 1 });
        const key = await bench.handler.update(reference, args, differing(type, reference.args, args));
        expectArgs(type, key, args);
        living = referenceTo(key, args);
      }
      for (const { action } of bench.handler.forecast('delete', living)) {
        bench.fault(action, { kind: 'drop-after', times: 1 });
      }
      await bench.handler.delete(living);
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
      await bench.failure(bench.make(example.args, await bench.connect(example.wrongCredential)), 'unauthorized');
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
        await bench.failure(bench.make(example.args, handler), 'unreachable');
      }
    },
  },
  {
    name: 'what is cancelled before it is sent is never sent',
    applies: always,
    async run(bench, type, example) {
      const { reference, secret } = await bench.create(changeableArgs(example));
      const before = bench.count();
      const signal = AbortSignal.abort();
      const { handler } = bench;
      const cold = await bench.connect();
      const calls: (() => Promise<unknown>)[] = [
        () => handler.list(example.args, signal),
        () => handler.read(reference.id, example.args, signal),
        () => handler.create(example.second, signal),
        () => cold.create(example.second, signal),
        () => handler.delete(reference, signal),
        ...(changeable(type).length > 0
          ? [
              () =>
                handler.update(
                  reference,
                  { ...changeableArgs(example), ...example.updates[0] },
                  changedBy(example),
                  signal,
                ),
            ]
          : []),
        ...(handler.regenerate === undefined ? [] : [async () => handler.regenerate?.(reference, signal)]),
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
      const sayIt = (status: number, more: string) => {
        // A server may also give it back as the id of the request.
        const headers = { 'x-request-id': bench.sent().find((text) => !/[,\s]/.test(text)) ?? 'none' };
        bench.say(null, { status, body: example.error(message(more)), headers });
      };
      for (const status of example.errorStatuses ?? [400, 401, 403, 409, 500, 503]) {
        bench.emulator.clearFaults();
        sayIt(status, '');
        await bench.failure(bench.handler.list(example.args), ...ANY_REFUSAL);
        await bench.failure(bench.make(example.args), ...ANY_REFUSAL, 'outcome-unknown');
        if (!type.capabilities.verify) continue;
        bench.emulator.clearFaults();
        sayIt(status, secret.reveal());
        bench.note(await bench.handler.verify(reference, secret).catch((error: unknown) => error));
      }
    },
  },
  ...([3_600_000, -3_600_000] as const).map(
    (ahead): Row => ({
      name: `a server whose clock is an hour ${ahead > 0 ? 'ahead' : 'behind'} is told from a wrong credential`,
      applies: always,
      async run(bench, _type, example) {
        bench.clock.skew(ahead);
        const { handler } = bench;
        if (example.signsTime !== true) {
          const { key, reference } = await bench.create(example.args);
          expectKeys(await handler.list(example.args), [key]);
          await handler.delete(reference);
          return;
        }
        const error = await bench.failure(handler.list(example.args), 'unauthorized');
        expect(`${error.message} ${error.detail}`).toMatch(/\bclock\b/i);
        expect(bench.count(), 'no second try').toBe(1);
        bench.clock.skew(0);
        const right = await bench.connect();
        expect(await right.list(example.args)).toEqual([]);
        const wrong = await bench.failure(
          (await bench.connect(example.wrongCredential)).list(example.args),
          'unauthorized',
        );
        expect(`${wrong.message} ${wrong.detail}`).not.toMatch(/\bclock\b/i);
      },
    }),
  ),
];
