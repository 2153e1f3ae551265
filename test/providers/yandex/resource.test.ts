import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { HttpPort, HttpRequest } from '../../../src/core/http.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { Operation, Settings } from '../../../src/core/provider.ts';
import { emulator } from '../../../src/providers/yandex/emulator.ts';
import { yandex } from '../../../src/providers/yandex/index.ts';
import { readText } from '../loopback.ts';
import { API, ARGS, IAM, LOST, reference, STATIC, sandbox } from './sandbox.ts';
import {
  answer,
  authorizedKey,
  countingRandom,
  deliver,
  failure,
  movingClock,
  NOW,
  recording,
  refusal,
  SEED,
  scripted,
} from './script.ts';

describe('an API key', () => {
  it('lives: made, listed, read, changed, deleted, and asked for no more than that takes', async () => {
    const { keys, http } = await sandbox();
    const { key, secret } = await keys.create({ ...ARGS, scopes: ['b', 'a'], expires_at: '2027-01-01' });
    expect(key).toEqual({
      id: expect.stringMatching(/^[a-z0-9]{20}$/),
      accessKeyId: key.id,
      args: { ...ARGS, scopes: ['a', 'b'], expires_at: '2027-01-01T00:00:00.000Z' },
      attributes: { last_used_at: null, masked_secret: `****${secret.reveal().slice(-6)}` },
      createdAt: expect.stringMatching(/\.\d{9}Z$/),
      expiresAt: '2027-01-01T00:00:00.000Z',
      enabled: true,
      secret: null,
      readiness: 'ready',
    });
    expect(await keys.list(ARGS)).toEqual([key]);
    expect(await keys.read(key.id, ARGS)).toEqual(key);
    expect(await keys.read(key.id, { ...ARGS, service_account_id: 'aje-two' })).toBeNull();
    const renamed = await keys.update(reference(key), { ...ARGS, description: 'cd' }, ['description']);
    expect(renamed).toEqual({ ...key, args: { ...key.args, description: 'cd' } });
    await keys.delete(reference(renamed));
    await keys.delete(reference(renamed)); // already gone is success
    expect(await keys.read(key.id, ARGS)).toBeNull();
    expect((await failure(keys.update(reference(key), ARGS, ['description']))).code).toBe('not-found');
    expect(http.actions()).toEqual([
      'CreateApiKey',
      'ListApiKeys',
      'GetApiKey',
      'GetApiKey',
      'UpdateApiKey',
      'DeleteApiKey',
      'DeleteApiKey',
      'GetApiKey',
      'UpdateApiKey',
    ]);
  });

  it('changes in every argument by a mask of what changes, and keeps the rest', async () => {
    const { keys, http } = await sandbox();
    const whole: JsonObject = { ...ARGS, scopes: ['a'], expires_at: '2027-01-01T00:00:00.123456789Z' };
    const { key } = await keys.create(whole);
    let args = whole;
    for (const [change, body] of [
      [{ description: null }, { updateMask: 'description', description: '' }],
      [{ scopes: ['b', 'c'] }, { updateMask: 'scopes', scopes: ['b', 'c'] }],
      [{ expires_at: '2028-01-01' }, { updateMask: 'expiresAt', expiresAt: '2028-01-01T00:00:00.000Z' }],
      // Taken away: in the mask, and not in the body.
      [{ expires_at: null }, { updateMask: 'expiresAt' }],
      [
        { expires_in: '1d', expires_at: '2026-01-02T00:00:00.000Z', description: 'x' },
        { updateMask: 'description,expiresAt', description: 'x', expiresAt: '2026-01-02T00:00:00.000Z' },
      ],
    ] as [JsonObject, JsonObject][]) {
      args = { ...args, ...change };
      const changed = await keys.update(reference(key, args), args, Object.keys(change));
      expect(JSON.parse(http.sent.at(-1)?.request.body ?? '')).toEqual(body);
      const { expires_in: _remembered, ...reported } = args;
      const end = typeof args.expires_at === 'string' ? new Date(args.expires_at).toISOString() : null;
      expect(changed.args).toEqual({ ...reported, expires_at: end });
    }
  });

  it('keeps its scopes when they are no longer named', async () => {
    const { keys, http } = await sandbox();
    const { key } = await keys.create({ ...ARGS, scopes: ['a'] });
    const same = await keys.update(reference(key), ARGS, ['scopes']);
    expect([same, http.actions().at(-1)]).toEqual([key, 'GetApiKey']);
    const both = await keys.update(reference(key), { ...ARGS, description: 'd' }, ['scopes', 'description']);
    expect(both.args).toMatchObject({ scopes: ['a'], description: 'd' });
  });

  it('gets the API’s default scopes when it is made without any', async () => {
    const { keys, http } = await sandbox({ default_scopes: ['yc.only'] });
    expect((await keys.create(ARGS)).key.args.scopes).toEqual(['yc.only']);
    expect(JSON.parse(http.sent[0]?.request.body ?? '')).toEqual({ serviceAccountId: 'aje-one', description: 'ci' });
  });

  it('tells its last use, and none before there was one', async () => {
    const { keys, clock } = await sandbox({ used_after_seconds: 60 });
    const { key } = await keys.create(ARGS);
    expect(key.attributes.last_used_at).toBeNull();
    clock.advance(60_000);
    expect((await keys.list(ARGS))[0]?.attributes.last_used_at).toMatch(/^2026-01-01T00:01:00\.\d{9}Z$/);
  });
});

describe('a static access key', () => {
  it('has one id for paths and another for clients, and a description that changes in place', async () => {
    const { statics, keys } = await sandbox();
    const { key, secret } = await statics.create(ARGS);
    expect(key).toMatchObject({ args: ARGS, attributes: { last_used_at: null }, expiresAt: null });
    expect(Object.keys({ ...key.args, ...key.attributes })).toEqual([
      'service_account_id',
      'description',
      'last_used_at',
    ]);
    expect(key.accessKeyId).toMatch(/^YC.{23}$/);
    expect(key.id).not.toBe(key.accessKeyId);
    expect(secret.reveal()).toMatch(/^YC.{38}$/);
    expect(await statics.list(ARGS)).toEqual([key]);
    expect(await keys.list(ARGS)).toEqual([]);
    const changed = await statics.update(reference(key), { ...ARGS, description: 'cd' }, ['description']);
    expect(changed).toEqual({ ...key, args: { ...ARGS, description: 'cd' } });
    await statics.delete(reference(changed));
    expect(await statics.list(ARGS)).toEqual([]);
  });
});

describe('a create', () => {
  it('is never repeated, whatever came back, though an Idempotency-Key goes with it', async () => {
    for (const response of [
      null,
      refusal(14),
      refusal(13),
      refusal(4),
      answer(502, '<html>'),
      answer(200, '{"apiKey"'),
    ]) {
      const { keys, http } = await sandbox({}, {}, (request, serve) => {
        if (request.method !== 'POST') return undefined;
        serve();
        return response;
      });
      expect((await failure(keys.create(ARGS))).code).toBe('outcome-unknown');
      expect(http.actions()).toEqual(['CreateApiKey']);
      expect(http.sent[0]).toMatchObject({ safe: false });
      expect(http.sent[0]?.request.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
      expect(await keys.list(ARGS)).toHaveLength(1);
    }
  });

  it('into a full cloud is refused by the quota, and the quota is named where the API names it', async () => {
    for (const [quota_error, code] of [
      ['detail', 'quota-exceeded'],
      ['message', 'quota-exceeded'],
      ['bare', 'throttled'],
    ] as const) {
      const { keys } = await sandbox({ api_key_quota: 1, quota_error });
      await keys.create(ARGS);
      const error = await failure(keys.create({ ...ARGS, service_account_id: 'aje-two' }));
      expect([error.code, error.vendor?.code]).toEqual([code, 'RESOURCE_EXHAUSTED']);
      if (quota_error === 'detail') expect(error.message).toContain('iam.apiKeys.count');
    }
  });
});

describe('a list', () => {
  it('is whole at one key a page, and one call by default', async () => {
    const { keys, http, connection, cloud, clock } = await sandbox({}, { page_size: 1 });
    for (const description of ['a', 'b', 'c']) await keys.create({ ...ARGS, description });
    await keys.create({ ...ARGS, service_account_id: 'aje-two' });
    http.sent.splice(0);
    expect((await keys.list(ARGS)).map((key) => key.args.description)).toEqual(['a', 'b', 'c']);
    expect(http.sent).toHaveLength(3);
    expect(connection.handler(API).owner(ARGS).label).toBe('service account aje-one');
    const whole = await yandex.connect(cloud.settings(IAM), { http, clock, random: countingRandom(), readText });
    http.sent.splice(0);
    expect(await whole.handler(API).list(ARGS)).toHaveLength(3);
    expect(http.sent.map(({ request }) => new URL(request.url).searchParams.get('pageSize'))).toEqual(['100']);
  });

  it('may leave out what is empty, or write it', async () => {
    for (const empty_fields of ['absent', 'empty']) {
      const { keys, statics } = await sandbox({ empty_fields, masked_secret: false });
      expect(await keys.list(ARGS)).toEqual([]);
      const { description: _none, ...bare } = ARGS;
      const { key } = await keys.create(bare);
      expect(key.args).toMatchObject({ description: null, expires_at: null });
      expect(key.attributes).toEqual({ last_used_at: null, masked_secret: null });
      expect(await keys.list(ARGS)).toEqual([key]);
      expect((await statics.create(bare)).key.args.description).toBeNull();
    }
  });

  it('of a service account that is not there is an error, and never empty', async () => {
    for (const [unknown_service_account, code] of [
      ['permission_denied', 'forbidden'],
      ['not_found', 'not-found'],
    ] as const) {
      const { keys } = await sandbox({ service_accounts: [], unknown_service_account });
      const error = await failure(keys.list(ARGS));
      expect(error.code).toBe(code);
      expect(error.detail).toContain('service_account_id');
    }
  });
});

describe('credentials', () => {
  const key = authorizedKey();
  const options = {
    authorized_keys: [key.option],
    oauth_tokens: ['y0_example-of-a-user'],
    token_lifetime_seconds: 3600,
  };

  it.each<[string, Settings]>([
    ['a service account key', { token: null, service_account_key_file: key.text }],
    ['an OAuth token', { token: 'y0_example-of-a-user' }],
  ])('by %s are exchanged once, renewed before their end, and once after a refusal', async (_, settings) => {
    let refuse = 0;
    const { keys, statics, http, clock, connection } = await sandbox(options, settings, (request) => {
      if (request.url.endsWith('/tokens') || refuse === 0) return undefined;
      refuse -= 1;
      return refusal(16);
    });
    expect(connection.credentialId).toBeNull();
    await Promise.all([keys.list(ARGS), statics.list(ARGS), keys.list({ service_account_id: 'aje-two' })]);
    const exchanges = () => http.actions().filter((action) => action === 'CreateIamToken').length;
    expect(exchanges()).toBe(1);
    clock.advance(3_600_000 - 300_000);
    await keys.list(ARGS);
    expect(exchanges()).toBe(2);
    // A create too: a refused token did nothing.
    refuse = 1;
    await keys.create(ARGS);
    expect([exchanges(), (await keys.list(ARGS)).length]).toEqual([3, 1]);
    refuse = 2;
    expect((await failure(keys.list(ARGS))).code).toBe('unauthorized');
    expect(exchanges()).toBe(4);
    const before = http.sent.length;
    expect((await failure(keys.list(ARGS))).code).toBe('unauthorized');
    expect(http.sent).toHaveLength(before);
  });

  it('by file are read by whoever may read files', async () => {
    const clock = movingClock();
    const cloud = emulator({ data: null, clock, seed: SEED, options });
    const http = recording((request) => deliver(cloud, request));
    const { token, ...rest } = cloud.settings(IAM);
    const read: string[] = [];
    const ports = (text: string) => ({
      http,
      clock,
      random: countingRandom(),
      readText: async (path: string) => {
        read.push(path);
        return text;
      },
    });
    const byKey = await yandex.connect({ ...rest, service_account_key_file: '~/key.json' }, ports(key.text));
    expect(await byKey.handler(API).list(ARGS)).toEqual([]);
    const byToken = await yandex.connect({ ...rest, token_file: '/run/token' }, ports(`${token}\n`));
    expect(await byToken.handler(API).list(ARGS)).toEqual([]);
    expect(read).toEqual(['~/key.json', '/run/token']);
  });
});

describe('connecting', () => {
  const ports = { http: scripted({}), clock: movingClock(), random: countingRandom(), readText };

  it.each<[string, unknown]>([
    ['endpoint', 'http://iam.api.cloud.yandex.net'],
    ['operation_endpoint', 'https://user:hunter2@operation.api.cloud.yandex.net'],
    ['token', 't1.hunter2 with a space'],
    ['page_size', 0],
    ['page_size', 1001],
    ['operation_timeout', '0s'],
    ['operation_timeout', 'hunter2'],
  ])('refuses %s = %j', async (name, value) => {
    const error = await failure(yandex.connect({ token: 't1.a.b', [name]: value } as Settings, ports), ['hunter2']);
    expect(error.code).toBe('invalid-configuration');
    expect(error.message).toContain(`"${name}"`);
    expect(error.detail).toContain(`"${name}"`);
  });

  it('sends a token to no host that nobody named', async () => {
    const hosts = async (settings: Settings) => {
      const http: HttpPort & { readonly sent: readonly { readonly request: HttpRequest }[] } = scripted({
        DeleteApiKey: answer(200, { id: 'ajeop' }),
        GetOperation: answer(200, { id: 'ajeop', done: true }),
      });
      const connection = await yandex.connect({ token: 't1.a.b', ...settings }, { ...ports, http });
      await connection.handler(API).delete(LOST);
      return http.sent.map(({ request }) => new URL(request.url).host);
    };
    expect(await hosts({})).toEqual(['iam.api.cloud.yandex.net', 'operation.api.cloud.yandex.net']);
    expect(await hosts({ endpoint: 'https://iam.api.yandexcloud.kz/' })).toEqual([
      'iam.api.yandexcloud.kz',
      'operation.api.yandexcloud.kz',
    ]);
    expect(await hosts({ endpoint: 'https://gateway.example' })).toEqual(['gateway.example', 'gateway.example']);
    expect(await hosts({ endpoint: 'https://a.example', operation_endpoint: 'https://b.example' })).toEqual([
      'a.example',
      'b.example',
    ]);
  });

  it('tells owners apart by kind, endpoint, identity and service account', async () => {
    const owner = async (settings: Settings, type = API, id = 'aje-one') =>
      (await yandex.connect({ token: 't1.hunter2.b', ...settings }, ports))
        .handler(type)
        .owner({ service_account_id: id });
    const base = await owner({});
    // Tokens change from hour to hour; who asks does not.
    expect(await owner({ token: 't1.other.b' })).toEqual(base);
    const others = await Promise.all([
      owner({}, STATIC),
      owner({}, API, 'aje-two'),
      owner({ endpoint: 'https://iam.api.yandexcloud.kz' }),
      owner({ token: null, service_account_key_file: authorizedKey().text }),
    ]);
    expect(new Set([base, ...others].map(({ id }) => id)).size).toBe(5);
    expect(JSON.stringify([base, others])).not.toContain('hunter2');
  });

  it('offers what the cloud can do, and no more', async () => {
    const { keys, connection, http } = await sandbox();
    await expect(keys.verify(LOST, (await keys.create(ARGS)).secret)).rejects.toThrow('no call that proves the secret');
    expect((await failure(keys.setEnabled(LOST, false))).code).toBe('invalid-argument');
    expect(() => connection.handler('keyform_sinch_access_key')).toThrow(/no resource type/);
    const forecast = (operation: Operation) =>
      keys.forecast(operation, { args: ARGS, enabled: true }).map(({ action }) => action);
    expect([forecast('list'), forecast('delete'), forecast('verify')]).toEqual([['ListApiKeys'], ['DeleteApiKey'], []]);
    const before = http.sent.length;
    expect((await failure(keys.list(ARGS, AbortSignal.abort()))).code).toBe('cancelled');
    expect(http.sent).toHaveLength(before);
  });
});

describe('the data', () => {
  it('is complete, documented and can be written as JSON Schema', () => {
    const described = [
      yandex.settings,
      ...yandex.resources.flatMap((resource) => [resource.arguments, resource.attributes]),
    ].flatMap(Object.entries);
    expect(described).toHaveLength(7 + 5 + 2 + 2 + 1);
    for (const [name, { schema }] of described) {
      expect(z.toJSONSchema(schema), name).toMatchObject({
        description: expect.stringMatching(/^[A-Z][\s\S]{30,}\.\)?$/),
      });
    }
    for (const { schema, default: fallback } of Object.values(yandex.settings)) {
      if (fallback !== null) expect(schema.safeParse(fallback).success).toBe(true);
    }
  });

  it('takes scopes in any order for the same, and none of them twice', () => {
    const scopes = yandex.resources[0]?.arguments.scopes;
    expect(scopes?.same?.(['a', 'b'], ['b', 'a'])).toBe(true);
    expect(scopes?.same?.(['a', 'b'], ['a'])).toBe(false);
    expect(scopes?.same?.(['a'], ['a', 'b'])).toBe(false);
    const fits = (value: unknown) => scopes?.schema.safeParse(value).success;
    expect([fits(['a', 'b']), fits([]), fits(['a', 'a']), fits(['x'.repeat(257)])]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(fits(Array.from({ length: 101 }, (_, i) => `s${i}`))).toBe(false);
  });

  it('refuses ends of life that the API does not take', () => {
    const check = (expires_at: string) =>
      yandex.resources[0]?.check?.({ ...ARGS, expires_at }).map(({ argument }) => argument);
    expect([check('2105-12-31'), check('2106-01-01'), check('1969-12-31'), check('2027-02-30')]).toEqual([
      [],
      ['expires_at'],
      ['expires_at'],
      ['expires_at'],
    ]);
    expect(new Date(NOW).getUTCFullYear()).toBe(2026);
  });

  it('leads to the emulator', async () => {
    expect((await yandex.emulator()).start).toBe(emulator);
  });
});
