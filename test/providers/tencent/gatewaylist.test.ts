import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isKeyformError } from '../../../src/core/error.ts';
import type { HttpPort } from '../../../src/core/http.ts';
import type { Json } from '../../../src/core/json.ts';
import { Secret } from '../../../src/core/secret.ts';
import { tencentEmulator } from '../../../src/providers/tencent/emulator.ts';
import { createGatewayClient } from '../../../src/providers/tencent/gatewayclient.ts';
import { gatewayKey } from '../../../src/providers/tencent/gatewayschema.ts';
import { connectTencent } from '../../../src/providers/tencent/resource.ts';
import { loopback } from '../loopback.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const PLACE = { region: 'ap-guangzhou', owner: 'region ap-guangzhou' };
const OPTIONS = {
  clock: { now: () => NOW, sleep: async () => {} },
  credential: { secretId: 'AKIDexample', secretKey: new Secret('not-a-real-secret'), token: null },
  endpoint: 'http://127.0.0.1:8804',
};

/** A client of an API that answers each list call with the next of `results`, the last one for ever. */
function scripted(results: readonly Json[], pageSize = 2) {
  const asked: { readonly Limit: number; readonly Offset: number }[] = [];
  const http: HttpPort = {
    async send(call) {
      asked.push(JSON.parse((await call.build(0)).body ?? ''));
      const Result = results[Math.min(asked.length, results.length) - 1] ?? null;
      return { status: 200, headers: {}, body: JSON.stringify({ Response: { Result, RequestId: 'r' } }) };
    },
  };
  const client = createGatewayClient({ ...OPTIONS, http, pageSize });
  const list = async () => (await client.list(PLACE, {})).map((key) => key.AccessKeyId);
  return { list, asked };
}

/** Numbered keys, made one a second. */
function wire(n: number) {
  return {
    AccessKeyId: `key_${n}`,
    AccessKeySecret: `secret_of_${n}`,
    AccessKeyType: 'manual',
    SecretName: 'a',
    Status: 1,
    CreatedTime: new Date(NOW + n * 1000).toISOString().replace('.000Z', 'Z'),
    ModifiedTime: '2026-01-01T00:00:00Z',
  };
}
const page = (total: number | null, ...keys: number[]): Json => ({ TotalCount: total, ApiKeySet: keys.map(wire) });

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => expect.fail('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!isKeyformError(error)) throw error;
  return error.code;
}

describe('a list in pages', () => {
  it('takes 4 calls for 400 keys and a fifth for one more, and has them all', async () => {
    const options = { rate_limits: false, gateway_quota: 401 };
    const emulator = tencentEmulator({ data: null, clock: OPTIONS.clock, seed: new Uint8Array(32), options });
    const http = loopback(emulator);
    const random = { bytes: (length: number) => new Uint8Array(length), fraction: () => 0 };
    const settings = emulator.settings(OPTIONS.endpoint);
    const handler = connectTencent(settings, { http, clock: OPTIONS.clock, random }).handler(gatewayKey.type);
    const made: string[] = [];
    for (const [count, calls] of [
      [400, 4],
      [401, 5],
    ] as const) {
      while (made.length < count) made.push((await handler.create({ secret_name: `key ${made.length}` })).key.id);
      const before = http.calls.length;
      const listed = (await handler.list({})).map((key) => key.id);
      expect(listed.sort()).toEqual([...made].sort());
      expect(http.calls.length - before).toBe(calls);
    }
  });

  it('asks for each page by what came before', async () => {
    const { list, asked } = scripted([page(5, 5, 4), page(5, 3, 2), page(5, 1)]);
    expect(await list()).toEqual(['key_5', 'key_4', 'key_3', 'key_2', 'key_1']);
    expect(asked).toEqual([
      { Limit: 2, Offset: 0 },
      { Limit: 2, Offset: 2 },
      { Limit: 2, Offset: 4 },
    ]);
  });

  it('goes on where an API gives shorter pages than asked for', async () => {
    const { list, asked } = scripted([page(3, 3), page(3, 2), page(3, 1)]);
    expect(await list()).toHaveLength(3);
    expect(asked.map((one) => one.Offset)).toEqual([0, 1, 2]);
  });

  it.each<[what: string, result: Json]>([
    ['an empty ApiKeySet', { TotalCount: 0, ApiKeySet: [] }],
    ['a null ApiKeySet', { TotalCount: 0, ApiKeySet: null }],
  ])('is empty where the API says so with %s', async (_what, result) => {
    const { list, asked } = scripted([result]);
    expect(await list()).toEqual([]);
    expect(asked).toHaveLength(1);
  });

  it.each<[what: string, results: Json[]]>([
    ['no Result', [null]],
    ['no count', [page(null, 1)]],
    ['neither count nor keys', [{ TotalCount: null, ApiKeySet: null }]],
    ['a count, and no keys', [{ TotalCount: 3, ApiKeySet: null }]],
    ['a count, and an empty list', [page(3)]],
    ['a second page that is empty', [page(3, 3, 2), page(3)]],
    ['a second page that is null', [page(3, 3, 2), { TotalCount: 3, ApiKeySet: null }]],
    ['a key without an id', [{ TotalCount: 1, ApiKeySet: [{ ...wire(1), AccessKeyId: null }] }]],
    ['a count that is no number', [{ TotalCount: '1', ApiKeySet: [wire(1)] }]],
  ])('with %s is an error and not a part of the whole', async (_what, results) => {
    await expect(scripted(results).list()).rejects.toMatchObject({
      code: 'malformed-answer',
      vendor: { status: 200, requestId: 'r' },
    });
  });

  it('begins anew when a key goes between two pages, which hides another', async () => {
    const { list, asked } = scripted([page(4, 4, 3), page(3, 1), page(3, 3, 2), page(3, 1)]);
    expect(await list()).toEqual(['key_3', 'key_2', 'key_1']);
    expect(asked.map((one) => one.Offset)).toEqual([0, 2, 0, 2]);
  });

  it('begins anew when a key comes between two pages, which shows another twice', async () => {
    const { list } = scripted([page(3, 3, 2), page(4, 2, 1), page(4, 4, 3), page(4, 2, 1)]);
    expect(await list()).toEqual(['key_4', 'key_3', 'key_2', 'key_1']);
  });

  it('begins anew when one comes and one goes, so that the count is the same but a key stands twice', async () => {
    const { list } = scripted([page(4, 4, 3), page(4, 3, 1), page(4, 5, 4), page(4, 3, 1)]);
    expect(await list()).toEqual(['key_5', 'key_4', 'key_3', 'key_1']);
  });

  it('gives up when the keys never stop changing', async () => {
    const { list, asked } = scripted(Array.from({ length: 20 }, (_, i) => page(3 + (i % 2), 3, 2)));
    expect(await codeOf(list())).toBe('unavailable');
    expect(asked).toHaveLength(10);
  });

  it('that stands in another order than newest first is read until it is twice the same', async () => {
    const { list, asked } = scripted([page(3, 1, 2), page(3, 3), page(3, 1, 2), page(3, 3)]);
    expect(await list()).toEqual(['key_1', 'key_2', 'key_3']);
    expect(asked).toHaveLength(4);
    // Key 1 goes and key 5 comes between the pages: key 3 slips to the first page, and neither count nor doubles tell.
    const slips = scripted([page(4, 1, 2), page(4, 4, 5), page(4, 2, 3), page(4, 4, 5), page(4, 2, 3), page(4, 4, 5)]);
    expect(await slips.list()).toEqual(['key_2', 'key_3', 'key_4', 'key_5']);
    expect(slips.asked).toHaveLength(6);
  });

  it('has every key that was there all the while, whatever comes and goes between its pages', async () => {
    const change = fc.oneof(
      fc.record({ kind: fc.constant('comes' as const) }),
      fc.record({ kind: fc.constant('goes' as const), at: fc.nat() }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.nat(9),
        fc.constantFrom('newest', 'oldest'),
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 8 }),
        async (first, order, pageSize, changes) => {
          let keys = Array.from({ length: first }, (_, i) => i + 1);
          let next = first + 1;
          const ever = new Set(keys);
          const gone = new Set<number>();
          let calls = 0;
          const http: HttpPort = {
            async send(call) {
              for (const one of calls === 0 ? [] : (changes[calls - 1] ?? [])) {
                if (one.kind === 'comes') {
                  ever.add(next);
                  gone.add(next); // Not there all the while.
                  keys = [...keys, next++];
                } else if (keys.length > 0) {
                  const [lost = 0] = keys.splice(one.at % keys.length, 1);
                  gone.add(lost);
                }
              }
              calls += 1;
              const { Limit, Offset } = JSON.parse((await call.build(0)).body ?? '') as Record<string, number>;
              const shown = order === 'newest' ? keys.toReversed() : keys;
              const Result = page(keys.length, ...shown.slice(Offset, Number(Offset) + Number(Limit)));
              return { status: 200, headers: {}, body: JSON.stringify({ Response: { Result, RequestId: 'r' } }) };
            },
          };
          const client = createGatewayClient({ ...OPTIONS, http, pageSize });
          const listed = await client.list(PLACE, {}).then(
            (found) => found.map((key) => Number(key.AccessKeyId.slice('key_'.length))),
            (error: unknown) => {
              if (!isKeyformError(error, 'unavailable')) throw error;
              return null;
            },
          );
          if (listed === null) return;
          expect(new Set(listed).size).toBe(listed.length);
          for (const key of listed) expect(ever.has(key)).toBe(true);
          for (const key of ever) if (!gone.has(key)) expect(listed).toContain(key);
        },
      ),
      { numRuns: 500 },
    );
  });
});
