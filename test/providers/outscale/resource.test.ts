import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isKeyformError, KeyformError } from '../../../src/core/error.ts';
import type { HttpPort, HttpResponse } from '../../../src/core/http.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { ActualKey, Connection, KeyReference, Operation, Settings } from '../../../src/core/provider.ts';
import { Secret } from '../../../src/core/secret.ts';
import { outscaleEmulator } from '../../../src/providers/outscale/emulator.ts';
import { outscale } from '../../../src/providers/outscale/index.ts';
import { loopback, readText } from '../loopback.ts';

const TYPE = 'keyform_outscale_access_key';
const NOW = Date.parse('2026-01-01T00:00:00Z');
const DAY = 86_400_000;
const SEED = new Uint8Array(32).fill(9);
const random = { bytes: (length: number) => new Uint8Array(length), fraction: () => 0 };

/** A connection to a fresh emulator, with the bodies that were sent. */
async function start(options: JsonObject = {}, overrides: Settings = {}) {
  const time = { ms: NOW };
  const clock = { now: () => time.ms, sleep: async () => {} };
  const emulator = outscaleEmulator({ data: null, clock, seed: SEED, options });
  const inner = loopback(emulator);
  const bodies: Record<string, unknown>[] = [];
  const http: HttpPort = {
    send: (call) =>
      inner.send({
        ...call,
        build: async (attempt) => {
          const request = await call.build(attempt);
          bodies.push(JSON.parse(request.body ?? '{}'));
          return request;
        },
      }),
  };
  const settings = { ...emulator.settings('http://127.0.0.1:8804'), ...overrides };
  const connect = (more: Settings = {}) =>
    outscale.connect({ ...settings, ...more }, { http, clock, random, readText });
  const connection = await connect();
  /** The actions that `act` sends. */
  const actionsOf = async (act: () => Promise<unknown>) => {
    const before = inner.calls.length;
    await act();
    return inner.calls.slice(before).map((call) => call.action);
  };
  return {
    connection,
    connect,
    handler: connection.handler(TYPE),
    bodies,
    calls: inner.calls,
    time,
    actionsOf,
    settings,
  };
}

const refer = (key: ActualKey): KeyReference => ({
  id: key.id,
  accessKeyId: key.accessKeyId,
  args: key.args,
  expiresAt: key.expiresAt,
  enabled: key.enabled,
});

async function failureOf(promise: Promise<unknown>): Promise<KeyformError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!isKeyformError(error)) throw new Error(`expected a KeyformError, got ${inspect(error)}`);
  return error;
}

describe('the life of a key', () => {
  it.each([
    ['a user, with a key pair', { user_name: 'ci' }, {}],
    ['the root user, with a key pair', {}, {}],
    ['a user, with a login', { user_name: 'ci' }, { access_key_id: null, secret_key: null }],
  ])('of %s', async (_who, owner, overrides) => {
    const { handler, time, bodies } = await start({}, overrides);
    const others = (await handler.list(owner)).length;
    const { key, secret } = await handler.create({ ...owner, tag: 'a', expires_at: '2027-01-01' });
    expect(bodies.at(-1)).toMatchObject({ ExpirationDate: '2027-01-01T00:00:00.000Z' });
    const user_name = 'user_name' in owner ? owner.user_name : null;
    expect(key).toEqual({
      id: key.accessKeyId,
      accessKeyId: expect.stringMatching(/^[A-Z0-9]{20}$/),
      args: { user_name, tag: 'a', enabled: true, expires_at: '2027-01-01T00:00:00.000Z' },
      attributes: { updated_at: '2026-01-01T00:00:00.000Z' },
      createdAt: '2026-01-01T00:00:00.000Z',
      expiresAt: '2027-01-01T00:00:00.000Z',
      enabled: true,
      secret: null,
      readiness: 'ready',
    });
    expect(await handler.verify(refer(key), secret)).toBe(true);
    expect(await handler.list(owner)).toHaveLength(others + 1);
    expect(await handler.list({ ...owner })).toContainEqual(key);
    expect(await handler.read(key.id, owner)).toEqual(key);

    time.ms += 1000;
    const tagged = await handler.update(refer(key), { ...key.args, tag: 'b' }, ['tag']);
    expect(tagged).toEqual({
      ...key,
      args: { ...key.args, tag: 'b' },
      attributes: { updated_at: '2026-01-01T00:00:01.000Z' },
    });
    const off = await handler.setEnabled(refer(tagged), false);
    expect(off).toMatchObject({ enabled: false, expiresAt: key.expiresAt, args: { tag: 'b', enabled: false } });
    expect(await handler.verify(refer(off), secret)).toBe(false);
    const bare = await handler.update(refer(off), { ...owner, tag: null, expires_at: null }, ['tag', 'expires_at']);
    expect(bare).toMatchObject({ enabled: false, expiresAt: null, args: { tag: null, expires_at: null } });
    const on = await handler.setEnabled(refer(bare), true);
    expect(on).toMatchObject({ enabled: true, expiresAt: null });
    expect(await handler.verify(refer(on), secret)).toBe(true);
    await handler.delete(refer(on));
    expect(await handler.read(key.id, owner)).toBeNull();
    expect(await handler.list(owner)).toHaveLength(others);
    // Already gone is success, whether or not it is thought to be enabled.
    await handler.delete(refer(on));
    await handler.delete(refer(off));
  });

  it.each([true, false])('keeps its end through every change: the expiry trap, set in the API: %s', async (clears) => {
    const { handler, time } = await start({
      update_without_expiration_clears: clears,
      past_expiration_refused: true,
    });
    const { key } = await handler.create({ user_name: 'ci', expires_at: '2026-06-01' });
    const off = await handler.setEnabled(refer(key), false);
    const on = await handler.setEnabled(refer(off), true);
    const tagged = await handler.update(refer(on), { ...on.args, tag: 'x' }, ['tag']);
    expect([off, on, tagged].map((k) => k.expiresAt)).toEqual(Array(3).fill('2026-06-01T00:00:00.000Z'));
    const cleared = await handler.update(refer(tagged), { ...tagged.args, expires_at: null }, ['expires_at']);
    expect(cleared.expiresAt).toBeNull();
    const again = await handler.update(refer(cleared), { ...cleared.args, expires_at: '2026-06-01' }, ['expires_at']);
    expect(again).toMatchObject({ expiresAt: '2026-06-01T00:00:00.000Z', args: { tag: 'x' } });
    // An expired key still goes, although its end is past and may not be sent any more.
    time.ms += 365 * DAY;
    await handler.delete(refer(again));
    expect(await handler.list({ user_name: 'ci' })).toEqual([]);
  });

  it('loses its end by ClearExpirationDate, never by leaving ExpirationDate out', async () => {
    for (const clears of [true, false]) {
      const { handler, bodies } = await start({ update_without_expiration_clears: clears });
      const { key } = await handler.create({ user_name: 'ci', tag: 'a', expires_at: '2027-01-01' });
      const cleared = await handler.update(refer(key), { ...key.args, expires_at: null }, ['expires_at']);
      expect(bodies.at(-1)).toMatchObject({ ClearExpirationDate: true });
      expect(bodies.at(-1)).not.toHaveProperty('ExpirationDate');
      expect(cleared).toMatchObject({ expiresAt: null, args: { tag: 'a' } });
    }
  });

  it('of an EIM user is made INACTIVE before it is deleted, one of the root user is not', async () => {
    const { handler, bodies, actionsOf } = await start();
    const user_name = 'ci';
    const [user, root] = [await handler.create({ user_name, expires_at: '2027-01-01' }), await handler.create({})];
    expect(await actionsOf(() => handler.delete(refer(user.key)))).toEqual(['UpdateAccessKey', 'DeleteAccessKey']);
    // With its end, or an interrupted delete would leave a key that lives for ever.
    expect(bodies.at(-2)).toMatchObject({ State: 'INACTIVE', ExpirationDate: '2027-01-01T00:00:00.000Z' });
    expect(await actionsOf(() => handler.delete(refer(root.key)))).toEqual(['DeleteAccessKey']);
  });

  it('is told apart from a proxy that does not find the API', async () => {
    const http: HttpPort = { send: async () => ({ status: 404, headers: {}, body: '<h1>Not found</h1>' }) };
    const clock = { now: () => NOW, sleep: async () => {} };
    const settings = { region: 'eu-west-2', access_key_id: 'EXAMPLEACCESSKEY0001', secret_key: 's' };
    const handler = (await outscale.connect(settings, { http, clock, random, readText })).handler(TYPE);
    const key = { id: 'A', accessKeyId: 'A', args: {}, expiresAt: null, enabled: true };
    expect((await failureOf(handler.read('A', {}))).code).toBe('not-found');
    expect((await failureOf(handler.delete(key))).code).toBe('not-found');
  });
});

describe('what is sent', () => {
  it('is what was foretold', async () => {
    const { connection, handler, actionsOf } = await start();
    const foretold = (operation: Operation, args: JsonObject, enabled = true) =>
      handler.forecast(operation, { args, enabled }).map((call) => call.action);
    for (const args of [{ user_name: 'ci' }, {}]) {
      expect(await actionsOf(() => handler.list(args))).toEqual(foretold('list', args));
      const created = await handler.create(args);
      const key = refer(created.key);
      expect(await actionsOf(() => handler.create(args))).toEqual(foretold('create', args));
      expect(await actionsOf(() => handler.verify(key, created.secret))).toEqual(foretold('verify', args));
      expect(await actionsOf(() => handler.update(key, { tag: 'x' }, ['tag']))).toEqual(foretold('update', args));
      expect(await actionsOf(() => handler.setEnabled(key, false))).toEqual(foretold('disable', args));
      expect(await actionsOf(() => handler.setEnabled(key, true))).toEqual(foretold('enable', args));
      expect(await actionsOf(() => handler.delete(key))).toEqual(foretold('delete', args));
      const other = refer((await handler.create(args)).key);
      const off = refer(await handler.setEnabled(other, false));
      expect(await actionsOf(() => handler.delete(off))).toEqual(foretold('delete', args, false));
    }
    expect(handler.forecast('list', { args: {}, enabled: true })[0]?.limits).toEqual([
      { bucket: `outscale http://127.0.0.1:8804/api/v1 ${connection.credentialId}`, perSecond: 100_000 },
    ]);
  });

  it('names nothing that an older API does not know, unless it must', async () => {
    const { handler, bodies } = await start();
    const { key } = await handler.create({ user_name: 'ci', tag: 'a', expires_at: '2027-01-01' });
    const AccessKeyId = key.id;
    const UserName = 'ci';
    const ExpirationDate = '2027-01-01T00:00:00.000Z';
    await handler.setEnabled(refer(key), false);
    expect(bodies.at(-1)).toEqual({ AccessKeyId, UserName, ExpirationDate, State: 'INACTIVE' });
    await handler.update(refer(key), { ...key.args, expires_at: '2028-01-01' }, ['expires_at']);
    expect(bodies.at(-1)).toEqual({
      AccessKeyId,
      UserName,
      ExpirationDate: '2028-01-01T00:00:00.000Z',
      State: 'ACTIVE',
    });
    await handler.update(refer(key), { ...key.args, tag: null }, ['tag']);
    expect(bodies.at(-1)).toEqual({ AccessKeyId, UserName, ExpirationDate, State: 'ACTIVE', ClearTag: true });
    await handler.update(refer(key), { tag: 'a' }, ['expires_at', 'expires_in']);
    expect(bodies.at(-1)).toEqual({ AccessKeyId, UserName, State: 'ACTIVE', ClearExpirationDate: true });
    // The lifetime is spelled otherwise, the end stays.
    await handler.update(refer(key), { ...key.args, expires_in: '90d' }, ['expires_in']);
    expect(bodies.at(-1)).toEqual({ AccessKeyId, UserName, ExpirationDate, State: 'ACTIVE' });
    const bare = (await handler.create({ user_name: 'ci' })).key;
    await handler.setEnabled(refer(bare), false);
    expect(bodies.at(-1)).toEqual({ AccessKeyId: bare.id, UserName, State: 'INACTIVE' });
  });

  it('disables an EIM user’s own keys first, once it is known that the caller is one', async () => {
    const root = await start();
    const made = await root.handler.create({ user_name: 'ci' });
    const connection = await root.connect({ access_key_id: made.key.id, secret_key: made.secret.reveal() });
    const handler = connection.handler(TYPE);
    const keys = [await handler.create({}), await handler.create({})].map(({ key }) => refer(key));
    const [first, second] = keys as [KeyReference, KeyReference];
    expect(await root.actionsOf(() => handler.delete(first))).toEqual([
      'DeleteAccessKey',
      'UpdateAccessKey',
      'DeleteAccessKey',
    ]);
    expect(handler.forecast('delete', second).map((call) => call.action)).toEqual([
      'UpdateAccessKey',
      'DeleteAccessKey',
    ]);
    expect(await root.actionsOf(() => handler.delete(second))).toEqual(['UpdateAccessKey', 'DeleteAccessKey']);
    expect((await handler.list({})).map((key) => key.id)).toEqual([made.key.id]);
    expect(await failureOf(handler.list({ user_name: 'other' }))).toMatchObject({ code: 'forbidden' });
  });

  it('makes a key in one call even when it shall be disabled, and says that it is enabled', async () => {
    const { handler, actionsOf } = await start();
    let created: ActualKey | undefined;
    const actions = await actionsOf(async () => {
      created = (await handler.create({ user_name: 'ci', enabled: false })).key;
    });
    expect(actions).toEqual(['CreateAccessKey']);
    expect(created).toMatchObject({ enabled: true, args: { enabled: true } });
  });
});

describe('verify', () => {
  const answers: readonly [what: string, reply: HttpResponse | KeyformError, result: boolean | null | 'throws'][] = [
    ['error 1', error(401, '1'), false],
    ['error 4', error(401, '4'), true],
    ['error 5', error(401, '5'), true],
    ['error 7', error(401, '7'), true],
    ['a lock', error(401, '13'), null],
    ['access rules', error(401, '14'), null],
    ['a failing API', error(500, '0'), null],
    ['a throttle', error(429, '24'), null],
    ['no JSON', { status: 200, headers: {}, body: 'x' }, null],
    ['no answer', new KeyformError('outcome-unknown', 'x'), null],
    ['no way there', new KeyformError('unreachable', 'x'), 'throws'],
    ['a cancelled run', new KeyformError('cancelled', 'x'), 'throws'],
  ];

  function error(status: number, code: string): HttpResponse {
    return { status, headers: {}, body: JSON.stringify({ Errors: [{ Code: code, Type: 'T', Details: 'd' }] }) };
  }

  it.each(answers)('makes of %s, in a single try: %s %s', async (_what, reply, result) => {
    const safe: boolean[] = [];
    const http: HttpPort = {
      async send(call) {
        safe.push(call.safe);
        if (reply instanceof KeyformError) throw reply;
        return reply;
      },
    };
    const clock = { now: () => NOW, sleep: async () => {} };
    const settings = { access_key_id: 'EXAMPLEACCESSKEY0001', secret_key: 's' };
    const handler = (await outscale.connect(settings, { http, clock, random, readText })).handler(TYPE);
    const key = { id: 'A', accessKeyId: 'A', args: {}, expiresAt: null, enabled: true };
    const verified = handler.verify(key, new Secret('new'));
    if (result === 'throws') await expect(verified).rejects.toBe(reply);
    else expect(await verified).toBe(result);
    // Not safe: the port sends it once.
    expect(safe).toEqual([false]);
  });

  it('leaves the credential in use as it was', async () => {
    const { handler } = await start();
    const { key } = await handler.create({ user_name: 'ci' });
    expect(await handler.verify(refer(key), new Secret('wrong'))).toBe(false);
    expect(await handler.list({ user_name: 'ci' })).toHaveLength(1);
  });
});

describe('owners and errors', () => {
  it('differ by endpoint, region, credential and user', async () => {
    const { connect } = await start();
    const owner = (connection: Connection, args: JsonObject = {}) => connection.handler(TYPE).owner(args);
    const base = await connect();
    const ids = [
      owner(base).id,
      owner(base, { user_name: 'ci' }).id,
      owner(await connect({ region: 'us-east-2' })).id,
      owner(await connect({ endpoint: 'https://other.example' })).id,
      owner(await connect({ access_key_id: 'OTHER' })).id,
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(owner(base, { user_name: null })).toEqual(owner(base));
    expect(owner(base, { user_name: 'ci', tag: 'x' })).toEqual(owner(base, { user_name: 'ci' }));
    expect(owner(base, { user_name: 'ci' }).label).toBe('user ci');
  });

  it('are named on every call, also when another credential makes it', async () => {
    const inner: (string | undefined)[] = [];
    const clock = { now: () => NOW, sleep: async () => {} };
    const emulator = outscaleEmulator({ data: null, clock, seed: SEED, options: {} });
    const port = loopback(emulator);
    const http: HttpPort = {
      send: (call) => {
        inner.push(call.owner);
        return port.send(call);
      },
    };
    const settings = emulator.settings('http://127.0.0.1:8804');
    const handler = (await outscale.connect(settings, { http, clock, random, readText })).handler(TYPE);
    const args = { user_name: 'ci' };
    const { key, secret } = await handler.create(args);
    await handler.verify(refer(key), secret);
    await handler.list(args);
    await handler.delete(refer(key));
    expect(inner).toEqual(Array(5).fill(handler.owner(args).label));
    await handler.list({});
    expect(inner.at(-1)).toBe(handler.owner({}).label);
  });

  it('lock-out: a wrong credential is tried once, whatever is asked, and so never locked', async () => {
    const { connect, calls, handler } = await start();
    const wrong = (await connect({ secret_key: 'WRONGSECRETWRONGSECRETWRONGSECRETWRONG00' })).handler(TYPE);
    const before = calls.length;
    const key = { id: 'A', accessKeyId: 'A', args: {}, expiresAt: null, enabled: true };
    const asked = [() => wrong.list({}), () => wrong.create({}), () => wrong.read('A', {}), () => wrong.delete(key)];
    await Promise.all(
      [...asked, ...asked].map(async (ask) => expect((await failureOf(ask())).code).toBe('unauthorized')),
    );
    for (const ask of asked) expect((await failureOf(ask())).code).toBe('unauthorized');
    expect(calls.length - before).toBe(1);
    expect(await handler.list({ user_name: 'ci' })).toEqual([]);
  });

  it('come out of a real refusal as they should', async () => {
    const { handler, connect } = await start({ users: ['ci'], quota: 1 });
    expect(await failureOf(handler.create({ user_name: 'nobody' }))).toMatchObject({
      code: 'invalid-argument',
      detail: expect.stringContaining('user_name'),
    });
    await handler.create({ user_name: 'ci' });
    expect((await failureOf(handler.create({ user_name: 'ci' }))).code).toBe('quota-exceeded');
    const wrong = (await connect({ secret_key: 'WRONGSECRETWRONGSECRETWRONGSECRETWRONG00' })).handler(TYPE);
    const refused = await failureOf(wrong.list({}));
    expect(refused.code).toBe('unauthorized');
    expect(`${inspect(refused, { depth: 9 })}${JSON.stringify(refused)}`).not.toMatch(/WRONGSECRET|[0-9a-f]{64}/);
  });
});

describe('connect', () => {
  const ports = {
    readText,
    http: loopback(outscaleEmulator({ data: null, clock: clockAt(NOW), seed: SEED, options: {} })),
    clock: clockAt(NOW),
    random,
  };
  function clockAt(ms: number) {
    return { now: () => ms, sleep: async () => {} };
  }
  const pair = { access_key_id: 'EXAMPLEACCESSKEY0001', secret_key: 'k' };

  it.each([
    [
      {},
      /no credential/,
      /"access_key_id" and "secret_key".*OSC_ACCESS_KEY and OSC_SECRET_KEY.*OSC_LOGIN, OSC_PASSWORD/,
    ],
    [{ access_key_id: 'A' }, /"access_key_id" is set but "secret_key" is not/, /OSC_SECRET_KEY/],
    [{ secret_key: 'hush' }, /"secret_key" is set but "access_key_id" is not/, /OSC_ACCESS_KEY/],
    [{ login: 'a@b.example' }, /"login" is set but "password" is not/, /OSC_PASSWORD/],
    [{ access_key_id: 'A', login: 'a@b.example', password: 'hush' }, /"secret_key" is not/, /OSC_SECRET_KEY/],
  ])('misses what is missing in %j', async (settings, message, detail) => {
    const error = await failureOf(outscale.connect(settings, ports));
    expect(error).toMatchObject({
      code: 'missing-credential',
      message: expect.stringMatching(message),
      detail: expect.stringMatching(detail),
    });
    expect(inspect(error)).not.toContain('hush');
  });

  it('takes the key pair when there is a login too', async () => {
    const both = { ...pair, login: 'a@b.example', password: 'p' };
    expect((await outscale.connect(both, ports)).credentialId).toBe('EXAMPLEACCESSKEY0001');
    expect((await outscale.connect({ login: 'a@b.example', password: 'p' }, ports)).credentialId).toBeNull();
  });

  it.each([
    ['eu-west-2', null, 'https://api.eu-west-2.outscale.com/api/v1'],
    ['us-east-2', '', 'https://api.us-east-2.outscale.com/api/v1'],
    ['eu-west-2', 'https://proxy.example/outscale/api/v1/', 'https://proxy.example/outscale/api/v1'],
    ['eu-west-2', 'https://api.eu-west-2.outscale.com', 'https://api.eu-west-2.outscale.com/api/v1'],
    ['eu-west-2', 'http://[::1]:8804/', 'http://[::1]:8804/api/v1'],
    ['eu-west-2', 'http://localhost:8804/api/v1', 'http://localhost:8804/api/v1'],
  ])('in %s with the endpoint %j calls %s', async (region, endpoint, base) => {
    const urls: string[] = [];
    const http: HttpPort = {
      async send(call) {
        urls.push((await call.build(0)).url);
        return { status: 200, headers: {}, body: '{"AccessKeys":[]}' };
      },
    };
    const connection = await outscale.connect({ ...pair, region, endpoint }, { ...ports, http });
    await connection.handler(TYPE).list({});
    expect(urls).toEqual([`${base}/ReadAccessKeys`]);
  });

  it.each([
    '127.0.0.1:8804',
    'api.outscale.com',
    'ftp://x',
    'http://api.outscale.com',
    'https://u:hush@x/',
    'https://x/?hush=1',
  ])('refuses the endpoint %s, without quoting it', async (endpoint) => {
    const error = await failureOf(outscale.connect({ ...pair, endpoint }, ports));
    expect(error).toMatchObject({ code: 'invalid-configuration', message: expect.stringContaining('"endpoint"') });
    expect(inspect(error)).not.toContain('hush');
  });

  it('knows its own resource types only', async () => {
    const connection = await outscale.connect(pair, ports);
    expect(() => connection.handler('keyform_sinch_access_key')).toThrow(KeyformError);
  });

  it('loads the emulator', async () => {
    expect((await outscale.emulator()).start).toBe(outscaleEmulator);
  });
});
