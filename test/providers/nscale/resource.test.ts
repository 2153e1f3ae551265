import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { KeyformError } from '../../../src/core/error.ts';
import type { HttpPort } from '../../../src/core/http.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { Operation, Settings } from '../../../src/core/provider.ts';
import { Secret } from '../../../src/core/secret.ts';
import { emulator } from '../../../src/providers/nscale/emulator.ts';
import { nscale } from '../../../src/providers/nscale/index.ts';
import { loopback, readText } from '../loopback.ts';
import { ARGS, LIVING, ORIGIN, random, reference, SEED, sandbox, TYPE, wire, written } from './bench.ts';
import { answer, ENDPOINT, failure, movingClock, scripted, TOKEN } from './script.ts';

describe('the life of a key', () => {
  it('is whole', async () => {
    const { keys, sent } = await sandbox();
    expect(await keys.list(ARGS)).toEqual([]);
    const args = { ...ARGS, description: 'for CI', tags: { team: 'a', env: 'x' } };
    const { key, secret } = await keys.create(args);
    expect(key).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      accessKeyId: expect.stringMatching(/^[A-Z0-9]{20}$/),
      args,
      attributes: {
        provisioning_status: 'pending',
        health_status: 'unknown',
        project_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        organization_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        created_by: 'keyform-sandbox',
        updated_at: null,
        updated_by: null,
      },
      createdAt: '2026-01-02T03:04:05Z',
      expiresAt: null,
      enabled: true,
      secret: null,
      readiness: 'pending',
    });
    expect(secret.reveal()).toHaveLength(40);
    // Create says nothing more than it was told: the secret is on its way to the disk before anybody waits.
    expect(sent()).toEqual(['ListAccessKeys', 'CreateAccessKey']);

    const progress: string[] = [];
    const ready = await keys.ready?.(reference(key), { onProgress: (status) => progress.push(status) });
    expect(ready).toEqual({
      ...key,
      attributes: { ...key.attributes, provisioning_status: 'provisioned', health_status: 'healthy' },
      readiness: 'ready',
    });
    expect(progress).toEqual(['provisioning']);
    expect([await keys.list(ARGS), await keys.read(key.id, ARGS)]).toEqual([[ready], ready]);
    sent();

    await keys.delete(reference(key));
    expect(sent()).toEqual(['DeleteAccessKey', 'GetAccessKey', 'GetAccessKey']);
    expect([await keys.list(ARGS), await keys.read(key.id, ARGS)]).toEqual([[], null]);
    sent();
    await keys.delete(reference(key)); // already gone is success
    expect(sent()).toEqual(['DeleteAccessKey']);
  });

  it('costs the calls that were foretold, and more only where the API takes longer', async () => {
    const { keys, sent } = await sandbox({ provisioning_reads: 0, deprovisioning_reads: 0 });
    const { key } = await keys.create(ARGS);
    sent();
    const doing: Partial<Record<Operation, () => Promise<unknown> | undefined>> = {
      list: () => keys.list(ARGS),
      create: () => keys.create(ARGS),
      ready: () => keys.ready?.(reference(key), {}),
      delete: () => keys.delete(reference(key)),
    };
    for (const [operation, act] of Object.entries(doing)) {
      await act();
      const foretold = keys.forecast(operation as Operation, { args: ARGS, enabled: true });
      expect(sent(), operation).toEqual(foretold.map(({ action }) => action));
    }
  });

  it('allows two keys of one name', async () => {
    const { keys } = await sandbox();
    const [a, b] = [await keys.create(ARGS), await keys.create(ARGS)];
    expect((await keys.list(ARGS)).map(({ id }) => id)).toEqual([a.key.id, b.key.id]);
  });

  it('is of the endpoint in the path: the key itself does not name it', async () => {
    const { keys } = await sandbox();
    const { key } = await keys.create(ARGS);
    const other = { ...ARGS, endpoint_id: 'e2' };
    expect([await keys.list(other), await keys.read(key.id, other)]).toEqual([[], null]);
    expect((await keys.list(ARGS))[0]?.args.endpoint_id).toBe('e1');
  });

  it('tags in another order are no difference', async () => {
    const tags = (...names: string[]) => names.map((name) => ({ name, value: name }));
    const { keys } = await written({
      ListAccessKeys: [
        answer(200, [wire('provisioned', { tags: tags('a', 'b') })]),
        answer(200, [wire('provisioned', { tags: tags('b', 'a') })]),
      ],
    });
    expect(await keys.list(ARGS)).toEqual(await keys.list(ARGS));
  });
});

describe('refusals', () => {
  it('an endpoint that is missing is an error, never an empty list', async () => {
    const { keys } = await sandbox({ endpoints: ['e1'] });
    const args = { ...ARGS, endpoint_id: 'e2' };
    for (const call of [keys.list(args), keys.create(args)]) {
      const error = await failure(call);
      expect(error).toMatchObject({ code: 'not-found', vendor: { status: 404, code: 'not_found' } });
      expect(error.message).toContain('knows no endpoint e2');
      expect(error.detail).toContain('endpoint_id');
    }
    expect(await keys.read('k1', args)).toBeNull();
  });

  it('an unknown identity policy', async () => {
    const { keys } = await sandbox({ policies: ['other'] });
    const error = await failure(keys.create(ARGS));
    expect(error).toMatchObject({ code: 'invalid-argument', vendor: { code: 'unprocessable_content' } });
    expect(error.detail).toContain('identity_policy');
    expect(error.vendor?.requestId).toMatch(/^[0-9a-f]{32}$/);
  });

  it('a 500 on create leaves the outcome unknown, on reads it does not', async () => {
    const { keys } = await sandbox({ outage: 'internal' });
    expect((await failure(keys.create(ARGS))).code).toBe('outcome-unknown');
    expect((await failure(keys.list(ARGS))).code).toBe('unavailable');
  });

  it('a wrong token is refused at the first try, and says why', async () => {
    const { keys, sent } = await sandbox({}, { service_token: 'wrong-token-here' });
    const error = await failure(keys.list(ARGS), ['wrong-token-here']);
    expect(error).toMatchObject({ code: 'unauthorized', vendor: { status: 401, message: 'authentication failed' } });
    expect(error.detail).toContain('NSCALE_SERVICE_TOKEN');
    await failure(keys.create(ARGS), ['wrong-token-here']);
    expect(sent()).toEqual(['ListAccessKeys']);
  });

  it('of what Nscale cannot do', async () => {
    const { keys, sent } = await sandbox();
    expect((await failure(keys.update(LIVING, ARGS, ['name']))).code).toBe('internal');
    expect((await failure(keys.setEnabled(LIVING, false))).code).toBe('invalid-argument');
    await expect(keys.verify(LIVING, new Secret('s'))).rejects.toMatchObject({ code: 'internal' });
    expect(keys.regenerate).toBeUndefined();
    await expect(keys.delete(LIVING, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
    expect(sent()).toEqual([]);
  });
});

describe('a token file', () => {
  const rotated = async (texts: readonly string[], options: JsonObject) => {
    const clock = movingClock();
    const cloud = emulator({ data: null, clock, seed: SEED, options });
    const http = loopback(cloud);
    let reads = 0;
    const readText = async (path: string) => {
      expect(path).toBe('ci/token');
      reads += 1;
      return texts[Math.min(reads, texts.length) - 1] ?? '';
    };
    const settings = { endpoint: ORIGIN, token_file: 'ci/token', service_token: 'from-the-environment' };
    const connection = await nscale.connect(settings, { http, clock, random, readText });
    return { keys: connection.handler(TYPE), http, reads: () => reads };
  };
  const token = (generation: number) =>
    String(
      emulator({ data: null, clock: movingClock(), seed: SEED, options: { token_generation: generation } }).settings('')
        .service_token,
    );

  it('is read again when its token is refused, and even a create goes on', async () => {
    const { keys, http, reads } = await rotated([`${token(1)}\n`, ` ${token(2)}\n`], { token_generation: 2 });
    await keys.create(ARGS);
    expect(await keys.list(ARGS)).toHaveLength(1);
    expect(http.calls.map(({ action }) => action)).toEqual(['CreateAccessKey', 'CreateAccessKey', 'ListAccessKeys']);
    expect(reads()).toBe(2);
  });

  it('that holds no better token ends it at the first try', async () => {
    const { keys, http } = await rotated([token(1)], { token_generation: 2 });
    for (const call of [() => keys.list(ARGS), () => keys.create(ARGS)]) {
      expect((await failure(call(), [token(1)])).code).toBe('unauthorized');
    }
    expect(http.calls).toHaveLength(1);
  });

  it('with another wrong token ends it at the second', async () => {
    const { keys, http } = await rotated([token(1), token(3)], { token_generation: 2 });
    expect((await failure(keys.list(ARGS), [token(1), token(3)])).code).toBe('unauthorized');
    expect((await failure(keys.list(ARGS))).code).toBe('unauthorized');
    expect(http.calls).toHaveLength(2);
  });

  it.each(['', ' \n', 'two words', 'Bearer abc', 'a\u0000b'])('with %j in it is no credential', async (text) => {
    const error = await failure(rotated([text], {}));
    expect(error.code).toBe('missing-credential');
    expect(error.message).toContain('ci/token');
  });

  it('that cannot be read says so', async () => {
    const ports = {
      http: scripted({}),
      clock: movingClock(),
      random,
      readText: () => Promise.reject(new KeyformError('missing-credential', 'no such file', { detail: 'Make it.' })),
    };
    expect((await failure(nscale.connect({ token_file: 'x' }, ports))).message).toBe('no such file');
  });
});

describe('connecting', () => {
  const ports = { http: scripted({}) as HttpPort, clock: movingClock(), random, readText };

  it.each([{}, { service_token: null }, { service_token: '', token_file: '' }])(
    'with %j says what is missing',
    async (settings) => {
      const error = await failure(nscale.connect(settings as Settings, ports));
      expect(error.code).toBe('missing-credential');
      for (const word of ['service_token', 'token_file', 'NSCALE_SERVICE_TOKEN']) expect(error.detail).toContain(word);
    },
  );

  it.each([
    ['endpoint', 'storage.unikorn.nscale.com'],
    ['endpoint', 'http://storage.unikorn.nscale.com'],
    ['endpoint', 'https://user:pass@storage.unikorn.nscale.com'],
    ['service_token', 'Bearer not-a-real-token'],
    ['service_token', 'not-a-real-token\n'],
    ['provisioning_timeout', '30'],
    ['provisioning_timeout', '1 month'],
    ['provisioning_timeout', 30],
  ])('refuses %s = %j', async (name, value) => {
    const error = await failure(nscale.connect({ service_token: TOKEN, [name]: value }, ports), ['user:pass']);
    expect(error.code).toBe('invalid-configuration');
    expect(error.message).toContain(`"${name}"`);
    expect(error.detail).toContain(name);
  });

  it('names no key as its own, and tells owners apart by API, token and endpoint', async () => {
    const owner = async (settings: Settings, endpoint_id: string) => {
      const connection = await nscale.connect({ service_token: TOKEN, ...settings }, ports);
      expect(connection.credentialId).toBeNull();
      return connection.handler(TYPE).owner({ ...ARGS, endpoint_id });
    };
    const base = await owner({}, 'e1');
    expect(base).toMatchObject({ label: 'endpoint e1', scope: ENDPOINT });
    expect(await owner({ endpoint: 'https://STORAGE.unikorn.nscale.com/' }, 'e1')).toEqual(base);
    const others = await Promise.all([
      owner({}, 'e2'),
      owner({ service_token: 'another-token' }, 'e1'),
      owner({ endpoint: 'https://storage.example' }, 'e1'),
    ]);
    expect(new Set([base, ...others].map(({ id }) => id)).size).toBe(4);
    expect(JSON.stringify([base, others])).not.toContain(TOKEN);
  });

  it('knows no other type', async () => {
    const connection = await nscale.connect({ service_token: TOKEN }, ports);
    expect(() => connection.handler('keyform_sinch_access_key')).toThrow(/no resource type/);
  });
});

describe('the data', () => {
  const [resource] = nscale.resources;
  const fits = (name: string, value: unknown) => resource?.arguments[name]?.schema.safeParse(value).success;

  it('is complete, documented and can be written as JSON Schema', async () => {
    const described = [nscale.settings, resource?.arguments ?? {}, resource?.attributes ?? {}].flatMap(Object.entries);
    expect(described.map(([name]) => name)).toEqual([
      'endpoint',
      'service_token',
      'token_file',
      'provisioning_timeout',
      'endpoint_id',
      'name',
      'description',
      'tags',
      'identity_policy',
      'provisioning_status',
      'health_status',
      'project_id',
      'organization_id',
      'created_by',
      'updated_at',
      'updated_by',
    ]);
    for (const [name, { schema }] of described) {
      expect(z.toJSONSchema(schema), name).toMatchObject({ description: expect.stringMatching(/^[A-Z].{30,}\.$/) });
    }
    for (const spec of Object.values(nscale.settings)) {
      if (spec.default !== null) expect(spec.schema.safeParse(spec.default).success).toBe(true);
    }
    expect((await nscale.emulator()).start).toBe(emulator);
  });

  it('says that nothing of a living key can change', () => {
    for (const [name, spec] of Object.entries(resource?.arguments ?? {})) expect(spec.forcesNew, name).toBe(true);
    expect(resource?.capabilities).toMatchObject({ asynchronous: true, disable: false, verify: false, quota: null });
  });

  it.each([
    ['endpoint_id', ['a', 'a1-b', 'a'.repeat(63)], ['', 'A', '-a', 'a-', 'a_b', 'a.b', 'a'.repeat(64), '..']],
    ['name', ['a', 'A.b_c-9', '0', 'a'.repeat(63)], ['', '-a', 'a-', 'a b', 'ü', 'a/b', 'a'.repeat(64)]],
    ['identity_policy', ['p', 'system-default-admin', 'p'.repeat(64)], ['', 'p'.repeat(65)]],
    [
      'tags',
      [{}, { team: 'a' }, { 'unikorn-cloud.org:x': '' }, { 'x.unikorn-cloud.org': '' }],
      [{ 'storage.unikorn-cloud.org:x': 'a' }, { team: 1 }, ['a'], null],
    ],
  ])('%s is checked while planning', (name, good, bad) => {
    for (const value of good) expect(fits(name, value), JSON.stringify(value)).toBe(true);
    for (const value of bad) expect(fits(name, value), JSON.stringify(value)).toBe(false);
  });

  it('says which tag is reserved', () => {
    const issue = resource?.arguments.tags?.schema.safeParse({ 'a.unikorn-cloud.org:b': 'c' }).error?.issues[0];
    expect(issue?.message).toContain('"a.unikorn-cloud.org:b" is reserved');
  });

  it('takes an empty description and empty tags for none', () => {
    const complete = (args: JsonObject) => resource?.complete?.(args, null, null);
    expect(complete({ ...ARGS, description: '', tags: {} })).toEqual({
      args: { ...ARGS, description: null, tags: null },
      unknown: [],
    });
    const whole = { ...ARGS, description: 'x', tags: { a: 'b' } };
    expect(complete(whole)).toEqual({ args: whole, unknown: [] });
    expect(complete(ARGS)).toEqual({ args: ARGS, unknown: [] });
  });
});
