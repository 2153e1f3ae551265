import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { JsonObject } from '../../../src/core/json.ts';
import type { ActualKey, KeyHandler, KeyReference, Operation, Settings } from '../../../src/core/provider.ts';
import { Secret } from '../../../src/core/secret.ts';
import { emulator } from '../../../src/providers/sinch/emulator.ts';
import { sinch } from '../../../src/providers/sinch/index.ts';
import { connect } from '../../../src/providers/sinch/resource.ts';
import { loopback, readText } from '../loopback.ts';
import { answer, CREDENTIAL, failure, fault, movingClock, scripted, tokenAnswer } from './script.ts';

const TYPE = 'keyform_sinch_access_key';
const ORIGIN = 'http://127.0.0.1:8787';
const random = { bytes: (length: number) => new Uint8Array(length), fraction: () => 0 };

function sandbox(options: JsonObject = {}, settings: Settings = {}, pageSize?: number) {
  const clock = movingClock();
  const cloud = emulator({ data: null, clock, seed: new Uint8Array(32).fill(9), options });
  const http = loopback(cloud);
  const all = { ...cloud.settings(ORIGIN), ...settings };
  const connection = connect(all, { http, clock }, pageSize === undefined ? {} : { pageSize });
  return { clock, cloud, http, settings: all, connection, keys: connection.handler(TYPE) };
}

const ARGS = { project_id: 'p1', display_name: 'ci' };
const reference = (key: ActualKey): KeyReference => key;

describe('the life of a key', () => {
  for (const auth of ['oauth2', 'basic']) {
    it(`is whole with ${auth}`, async () => {
      const { keys, clock, http } = sandbox({}, { auth });
      const sent = (): string[] => http.calls.splice(0).map((call) => call.action);
      const own = auth === 'oauth2' ? ['GetToken'] : [];
      expect(await keys.list(ARGS)).toEqual([]);
      expect(sent()).toEqual([...own, 'ListAccessKeys']);

      const { key, secret } = await keys.create(ARGS);
      expect(key).toEqual({
        id: key.id,
        accessKeyId: key.id,
        args: ARGS,
        attributes: { updated_at: '2026-01-02T03:04:05.678Z' },
        createdAt: '2026-01-02T03:04:05.678Z',
        expiresAt: null,
        enabled: true,
        secret: null,
        readiness: 'ready',
      });
      expect(await keys.list(ARGS)).toEqual([key]);
      expect(await keys.read(key.id, ARGS)).toEqual(key);
      expect(await keys.verify(reference(key), secret)).toBe(true);
      expect(await keys.verify(reference(key), new Secret('wrong'))).toBe(false);

      clock.advance(5000);
      const renamed = await keys.update(reference(key), { ...ARGS, display_name: 'cd' }, ['display_name']);
      expect(renamed).toEqual({
        ...key,
        args: { project_id: 'p1', display_name: 'cd' },
        attributes: { updated_at: '2026-01-02T03:04:10.678Z' },
      });
      await keys.delete(reference(renamed));
      await keys.delete(reference(renamed)); // already gone is success
      expect(await keys.read(key.id, ARGS)).toBeNull();
      expect(await keys.verify(reference(key), secret)).toBe(false);
      expect((await failure(keys.update(reference(key), ARGS, ['display_name']))).code).toBe('not-found');
      expect(sent()).toEqual([
        'CreateAccessKey',
        'ListAccessKeys',
        'GetAccessKey',
        'GetToken',
        'GetToken',
        'UpdateAccessKey',
        'DeleteAccessKey',
        'DeleteAccessKey',
        'GetAccessKey',
        'GetToken',
        'UpdateAccessKey',
      ]);
    });
  }

  it('costs the calls that were foretold', async () => {
    const { keys, http } = sandbox();
    await keys.list(ARGS); // brings the token
    const { key, secret } = await keys.create(ARGS);
    const doing: Partial<Record<Operation, () => Promise<unknown>>> = {
      list: () => keys.list(ARGS),
      create: () => keys.create({ ...ARGS, display_name: 'second' }),
      update: () => keys.update(reference(key), { ...ARGS, display_name: 'cd' }, ['display_name']),
      verify: () => keys.verify(reference(key), secret),
      delete: () => keys.delete(reference(key)),
    };
    for (const [operation, act] of Object.entries(doing)) {
      http.calls.splice(0);
      await act();
      const foretold = keys.forecast(operation as Operation, { args: ARGS, enabled: true });
      expect(http.calls).toEqual(foretold.map(({ action }) => ({ action })));
    }
  });
});

describe('a list', () => {
  it('is whole at one key a page, and one call by default', async () => {
    const small = sandbox({}, {}, 1);
    const names = ['a', 'b', 'c', 'd'];
    for (const display_name of names) await small.keys.create({ ...ARGS, display_name });
    small.http.calls.splice(0);
    expect((await small.keys.list(ARGS)).map((key) => key.args.display_name)).toEqual(names);
    expect(small.http.calls).toHaveLength(4);
    const whole = connect(small.settings, { http: small.http, clock: small.clock }).handler(TYPE);
    expect(await whole.list(ARGS)).toHaveLength(4);
    expect(small.http.calls.slice(4).map((call) => call.action)).toEqual(['GetToken', 'ListAccessKeys']);
  });

  it('is of one project', async () => {
    const { keys } = sandbox();
    await keys.create(ARGS);
    expect(await keys.list({ ...ARGS, project_id: 'p2' })).toEqual([]);
  });
});

describe('refusals', () => {
  it('of a second key with the name, and of a key too many', async () => {
    const { keys, settings } = sandbox({ quota: 2 });
    const secrets = [String(settings.key_secret)];
    const { key, secret } = await keys.create(ARGS);
    secrets.push(secret.reveal());
    expect(await failure(keys.create(ARGS), secrets)).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('"ci" in project p1'),
      vendor: { status: 409, code: 'ALREADY_EXISTS' },
    });
    await keys.create({ ...ARGS, display_name: 'other' });
    const rename = keys.update(reference(key), { ...ARGS, display_name: 'other' }, ['display_name']);
    expect((await failure(rename, secrets)).code).toBe('conflict');
    expect(await failure(keys.create({ ...ARGS, display_name: 'third' }), secrets)).toMatchObject({
      code: 'quota-exceeded',
      vendor: { status: 400, code: 'FAILED_PRECONDITION', message: 'Limit of 2 Access Keys reached' },
    });
    await keys.create({ ...ARGS, project_id: 'p2' }); // name and quota count by project
  });

  it.each(['oauth2', 'basic'])('of a wrong credential, once and for all, with %s', async (auth) => {
    const { keys, http } = sandbox({}, { key_secret: 'wrong-secret', auth });
    const attempts = await Promise.all(
      [keys.list(ARGS), keys.list({ ...ARGS, project_id: 'p2' })].map((call) => failure(call, ['wrong-secret'])),
    );
    attempts.push(await failure(keys.create(ARGS), ['wrong-secret']));
    expect(attempts.map((error) => error.code)).toEqual(['unauthorized', 'unauthorized', 'unauthorized']);
    expect(http.calls.map((call) => call.action)).toEqual(
      auth === 'oauth2' ? ['GetToken'] : ['ListAccessKeys', 'ListAccessKeys'],
    );
  });

  it('of another project', async () => {
    const { keys } = sandbox({ forbidden_projects: ['p9'] });
    expect(await failure(keys.list({ ...ARGS, project_id: 'p9' }))).toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('no access to project p9'),
    });
  });

  it('in an outage leave a create open, and nothing else', async () => {
    const { keys } = sandbox({ outage: 'unavailable' });
    expect((await failure(keys.list(ARGS))).code).toBe('unavailable');
    expect((await failure(keys.create(ARGS))).code).toBe('outcome-unknown');
  });

  it('of what Sinch cannot do', async () => {
    const { keys, connection, http } = sandbox();
    const key = { id: 'k', accessKeyId: 'k', args: ARGS, expiresAt: null, enabled: true };
    expect((await failure(keys.setEnabled(key, false))).code).toBe('invalid-argument');
    expect(() => connection.handler('keyform_outscale_access_key')).toThrow(/no resource type/);
    const cancelled = failure(keys.list(ARGS, AbortSignal.abort()));
    expect((await cancelled).code).toBe('cancelled');
    expect(http.calls).toEqual([]);
  });
});

describe('tokens', () => {
  it('are shared by parallel calls and replaced before their end', async () => {
    const { keys, clock, http } = sandbox();
    const lists = () => Promise.all(['a', 'b', 'c'].map((project_id) => keys.list({ project_id })));
    await lists();
    clock.advance(3_538_000);
    await lists();
    expect(http.calls.filter((call) => call.action === 'GetToken')).toHaveLength(1);
    clock.advance(1_000);
    await lists();
    expect(http.calls.filter((call) => call.action === 'GetToken')).toHaveLength(2);
  });

  it('that end early are replaced once for all parallel calls', async () => {
    const { keys, clock, cloud, settings } = sandbox();
    await keys.list(ARGS);
    // The same cloud again, where tokens live shorter than the answer said.
    const strict = emulator({
      data: cloud.save(),
      clock,
      seed: new Uint8Array(32).fill(9),
      options: { token_lifetime_seconds: 60 },
    });
    let current = cloud;
    const http = loopback({
      ...cloud,
      claims: (request) => current.claims(request),
      handle: (request) => current.handle(request),
    });
    const other = connect(settings, { http, clock }).handler(TYPE);
    await other.list(ARGS);
    current = strict;
    clock.advance(60_000);
    http.calls.splice(0);
    await Promise.all(['a', 'b', 'c'].map((project_id) => other.list({ project_id })));
    const count = (action: string): number => http.calls.filter((call) => call.action === action).length;
    expect([count('ListAccessKeys'), count('GetToken')]).toEqual([6, 1]);
  });
});

describe('verify', () => {
  const key: KeyReference = { id: 'k', accessKeyId: 'k', args: ARGS, expiresAt: null, enabled: true };
  const handler = (http: Parameters<typeof connect>[1]['http']): KeyHandler =>
    connect({ key_id: CREDENTIAL.keyId, key_secret: 'not-a-real-secret' }, { http, clock: movingClock() }).handler(
      TYPE,
    );

  it.each([
    [tokenAnswer(), true],
    [answer(401), false],
    [answer(400, { error: 'invalid_client' }), false],
    [answer(400, { error: 'unsupported_grant_type' }), null],
    [answer(403), null],
    [answer(404), null],
    [answer(429), null],
    [fault(503, 'UNAVAILABLE'), null],
    [answer(200, '<html>'), null],
  ])('after %j is %s, asked once', async (response, expected) => {
    const http = scripted({ GetToken: response });
    expect(await handler(http).verify(key, new Secret('s'))).toBe(expected);
    expect(http.sent.map((sent) => sent.request.url)).toEqual(['https://auth.sinch.com/oauth2/token']);
    expect(http.sent[0]?.request.headers.authorization).toBe('Basic azpz');
  });

  it('throws when no answer came', async () => {
    const http = scripted({});
    await expect(handler(http).verify(key, new Secret('s'))).rejects.toThrow(/no answer is written down/);
  });
});

describe('connecting', () => {
  const ports = { http: scripted({}), clock: movingClock(), random, readText };
  const given = { key_id: 'id', key_secret: 'not-a-real-secret' };

  it.each([
    [{}, ['key_id', 'key_secret', 'SINCH_KEY_ID', 'SINCH_KEY_SECRET']],
    [{ key_id: null, key_secret: 'not-a-real-secret' }, ['key_id', 'SINCH_KEY_ID']],
    [{ key_id: 'id', key_secret: '' }, ['key_secret', 'SINCH_KEY_SECRET']],
  ])('with %j says what is missing', async (settings, words) => {
    const error = await failure(sinch.connect(settings as Settings, ports), ['not-a-real-secret']);
    expect(error.code).toBe('missing-credential');
    for (const word of words) expect(error.detail).toContain(word);
  });

  it.each([
    ['endpoint', 'accesskey.api.sinch.com'],
    ['endpoint', 'http://accesskey.api.sinch.com'],
    ['endpoint', 'https://user:pass@accesskey.api.sinch.com'],
    ['endpoint', 'https://accesskey.api.sinch.com/?a=b'],
    ['auth_endpoint', 'http://localhost.example.com'],
    ['auth_endpoint', 'ftp://auth.sinch.com'],
    ['key_id', 'a:b'],
    ['auth', 'digest'],
    ['auth', 1],
  ])('refuses %s = %j', async (name, value) => {
    const error = await failure(sinch.connect({ ...given, [name]: value }, ports), ['not-a-real-secret', 'user:pass']);
    expect(error.code).toBe('invalid-configuration');
    expect(error.message).toContain(`"${name}"`);
    expect(error.detail).toContain(name);
  });

  it('tells owners apart by endpoint, credential and project', async () => {
    const owner = async (settings: Settings, project_id: string) => {
      const connection = await sinch.connect({ ...given, ...settings }, ports);
      expect(connection.credentialId).toBe(settings.key_id ?? 'id');
      return connection.handler(TYPE).owner({ ...ARGS, project_id });
    };
    const base = await owner({}, 'p1');
    expect(base.label).toBe('project p1');
    expect(await owner({ endpoint: 'https://ACCESSKEY.api.sinch.com/' }, 'p1')).toEqual(base);
    const others = await Promise.all([
      owner({}, 'p2'),
      owner({ key_id: 'id2' }, 'p1'),
      owner({ endpoint: 'https://account.api.sinch.com' }, 'p1'),
    ]);
    expect(new Set([base, ...others].map(({ id }) => id)).size).toBe(4);
    expect(JSON.stringify([base, others])).not.toContain('not-a-real-secret');
  });
});

describe('the data', () => {
  it('is complete, documented and can be written as JSON Schema', () => {
    const [resource] = sinch.resources;
    const described = [sinch.settings, resource?.arguments ?? {}, resource?.attributes ?? {}].flatMap(Object.entries);
    expect(described.map(([name]) => name)).toEqual([
      'endpoint',
      'auth_endpoint',
      'key_id',
      'key_secret',
      'auth',
      'project_id',
      'display_name',
      'updated_at',
    ]);
    for (const [name, { schema }] of described) {
      expect(z.toJSONSchema(schema), name).toMatchObject({ description: expect.stringMatching(/^[A-Z].{30,}\.$/) });
    }
    for (const spec of Object.values(sinch.settings)) {
      if (spec.default !== null) expect(spec.schema.safeParse(spec.default).success).toBe(true);
    }
    expect(resource?.capabilities.name?.argument).toBe('display_name');
  });

  it('leads to the emulator', async () => {
    expect((await sinch.emulator()).start).toBe(emulator);
  });
});
