import { existsSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { AwsV4Signer } from 'aws4fetch';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { CloudEmulator, EmulatorRequest, EmulatorResponse } from '../../../src/core/emulator.ts';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import { Secret } from '../../../src/core/secret.ts';
import { AWS4, OSC4, sign } from '../../../src/providers/outscale/auth.ts';
import { buildRequest, type Credential } from '../../../src/providers/outscale/client.ts';
import { outscaleEmulator } from '../../../src/providers/outscale/emulator.ts';

const NOW = Date.parse('2026-01-01T00:00:00.250Z');
const SEED = new Uint8Array(32).fill(7);
const ORIGIN = 'http://127.0.0.1:8804';
const DAY = 86_400_000;

const spec = new URL('../../../../shared/apis/specs/outscale-access-keys.openapi.yaml', import.meta.url);
const check = existsSync(spec) ? validator(readFileSync(spec, 'utf8')) : null;
if (check === null) {
  process.stderr.write(
    'outscale emulator: the vendor OpenAPI extract is not here, so answers are not validated against it\n',
  );
}

/** Checks a value against a schema of the vendor's OpenAPI extract; gives what is wrong with it, or null. */
function validator(yaml: string): (schema: string, value: unknown) => string | null {
  // OpenAPI 3.0 keywords are no JSON Schema ones, so ajv must not insist.
  const ajv = new Ajv({ strict: false, allErrors: true });
  formats.default(ajv);
  // The extract says `format: date-time` but its examples, and the API, write the offset as +0000: RFC 3339 wants a colon or
  // a Z. Answers must have the API's own form, requests RFC 3339; both are taken, and nothing else.
  ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?:\+0000|Z)$/);
  ajv.addSchema(parse(yaml), 'osc');
  return (schema, value) => {
    const validate = ajv.getSchema(`osc#/components/schemas/${schema}`);
    if (validate === undefined) throw new Error(`no schema ${schema}`);
    return validate(value) === true ? null : ajv.errorsText(validate.errors);
  };
}

function cloud(options: JsonObject = {}, data: Json = null) {
  const time = { ms: NOW };
  const clock = { now: () => time.ms, sleep: async () => {} };
  const emulator = outscaleEmulator({ data, clock, seed: SEED, options });
  const settings = emulator.settings(ORIGIN);
  const root: Credential = {
    kind: 'key',
    accessKeyId: String(settings.access_key_id),
    secret: new Secret(String(settings.secret_key)),
  };
  const login: Credential = {
    kind: 'password',
    login: String(settings.login),
    password: new Secret(String(settings.password)),
  };
  const ask = (action: string, body: object | string = {}, as: Credential = root) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return deliver(
      emulator,
      buildRequest({ clock, endpoint: `${ORIGIN}/api/v1`, region: 'eu-west-2', credential: as }, action, text),
    );
  };
  return { emulator, time, clock, root, login, ask };
}

/** Hands a request over as a server would, and holds the answer (and the question, if it was answered well) against the extract. */
function deliver(
  emulator: CloudEmulator,
  request: { method: string; url: string; headers: Readonly<Record<string, string>>; body?: string },
): { status: number; body: JsonObject; code: string | null } {
  const url = new URL(request.url);
  const given: EmulatorRequest = {
    method: request.method,
    path: url.pathname,
    query: url.searchParams,
    headers: { host: url.host, ...request.headers },
    body: request.body ?? '',
  };
  expect(emulator.claims(given)).toBe(true);
  const response: EmulatorResponse = emulator.handle(given);
  const body = JSON.parse(response.body) as JsonObject;
  const action = emulator.action(given);
  expect(response.action).toBe(request.method === 'POST' ? action : response.action);
  expect(body.ResponseContext).toMatchObject({
    RequestId: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  });
  if (check !== null) {
    if (response.status === 200) {
      expect(check(`${action}Response`, body)).toBeNull();
      expect(check(`${action}Request`, JSON.parse(given.body === '' ? '{}' : given.body))).toBeNull();
    } else expect(check('ErrorResponse', body)).toBeNull();
  }
  const errors = body.Errors as readonly { Code: string }[] | undefined;
  return { status: response.status, body, code: errors?.[0]?.Code ?? null };
}

interface Key {
  readonly AccessKeyId: string;
  readonly SecretKey: string;
  readonly State: string;
  readonly ExpirationDate?: string;
  readonly Tag?: string;
}
const keyIn = (answer: { body: JsonObject }) => answer.body.AccessKey as unknown as Key;
const keysIn = (answer: { body: JsonObject }) => answer.body.AccessKeys as unknown as Key[];
const asKey = (key: Key): Credential => ({
  kind: 'key',
  accessKeyId: key.AccessKeyId,
  secret: new Secret(key.SecretKey),
});

const MISSING = { AccessKeyId: 'ABCDEFGHIJ0123456789' };

function deleteActive({ ask }: ReturnType<typeof cloud>) {
  const { AccessKeyId } = keyIn(ask('CreateAccessKey', { UserName: 'ci' }));
  return ask('DeleteAccessKey', { AccessKeyId, UserName: 'ci' });
}

function liveTooLong({ ask, root }: ReturnType<typeof cloud>) {
  const AccessKeyId = root.kind === 'key' ? root.accessKeyId : '';
  ask('UpdateAccessKey', { AccessKeyId, ExpirationDate: '2026-01-02' });
  ask('UpdateApiAccessPolicy', { MaxAccessKeyExpirationSeconds: 30 * 86_400, RequireTrustedEnv: false });
  return ask('CreateAccessKey', { ExpirationDate: '2027-01-01' });
}

function actForAnother({ ask }: ReturnType<typeof cloud>) {
  return ask('ReadAccessKeys', { UserName: 'other' }, asKey(keyIn(ask('CreateAccessKey', { UserName: 'ci' }))));
}

describe('keys', () => {
  it('are made, listed, changed and deleted as documented', () => {
    const { ask, time } = cloud();
    const made = ask('CreateAccessKey', { UserName: 'ci', ExpirationDate: '2027-01-01', Tag: 'a' });
    expect(made).toMatchObject({ status: 200, code: null });
    const key = keyIn(made);
    expect(key).toEqual({
      AccessKeyId: expect.stringMatching(/^[A-Z0-9]{20}$/),
      SecretKey: expect.stringMatching(/^[A-Z0-9]{40}$/),
      State: 'ACTIVE',
      CreationDate: '2026-01-01T00:00:00.250+0000',
      LastModificationDate: '2026-01-01T00:00:00.250+0000',
      ExpirationDate: '2027-01-01T00:00:00.000+0000',
      Tag: 'a',
    });
    const { SecretKey: _once, ...shown } = key;
    expect(keysIn(ask('ReadAccessKeys', { UserName: 'ci' }))).toEqual([shown]);
    time.ms += 1000;
    const id = { UserName: 'ci', AccessKeyId: key.AccessKeyId };
    const tagged = keyIn(ask('UpdateAccessKey', { ...id, Tag: 'b', ExpirationDate: '2028-01-01T00:00:00.000Z' }));
    expect(tagged).toMatchObject({ Tag: 'b', State: 'ACTIVE', LastModificationDate: '2026-01-01T00:00:01.250+0000' });
    expect(keyIn(ask('UpdateAccessKey', { ...id, ClearTag: true, Tag: 'c', State: 'INACTIVE' })).Tag).toBeUndefined();
    expect(ask('DeleteAccessKey', id)).toMatchObject({ status: 200 });
    expect(keysIn(ask('ReadAccessKeys', { UserName: 'ci' }))).toEqual([]);
    expect(ask('DeleteAccessKey', id)).toMatchObject({ status: 400, code: '5027' });
  });

  it('are filtered by id, state and tag, one owner at a time', () => {
    const { ask, root } = cloud();
    const a = keyIn(ask('CreateAccessKey', { UserName: 'ci', Tag: 'x' }));
    const b = keyIn(ask('CreateAccessKey', { UserName: 'ci', Tag: 'y' }));
    ask('UpdateAccessKey', { UserName: 'ci', AccessKeyId: b.AccessKeyId, State: 'INACTIVE' });
    const ids = (body: object) => keysIn(ask('ReadAccessKeys', body)).map((k) => k.AccessKeyId);
    expect(ids({ UserName: 'ci' })).toEqual([a.AccessKeyId, b.AccessKeyId]);
    expect(ids({ UserName: 'ci', Tag: 'x' })).toEqual([a.AccessKeyId]);
    expect(ids({ UserName: 'ci', Filters: { States: ['INACTIVE'] } })).toEqual([b.AccessKeyId]);
    expect(ids({ UserName: 'ci', Filters: { AccessKeyIds: [b.AccessKeyId, 'unknown'] } })).toEqual([b.AccessKeyId]);
    expect(ids({ UserName: 'other' })).toEqual([]);
    expect(ids({})).toEqual([root.kind === 'key' ? root.accessKeyId : '']);
  });

  it('fall into the expiry trap: an update that does not repeat ExpirationDate makes them live for ever, unless switched', () => {
    for (const [clears, end] of [
      [true, undefined],
      [false, '2027-01-01T00:00:00.000+0000'],
    ] as const) {
      const { ask } = cloud({ update_without_expiration_clears: clears });
      const { AccessKeyId } = keyIn(ask('CreateAccessKey', { ExpirationDate: '2027-01-01' }));
      expect(keyIn(ask('UpdateAccessKey', { AccessKeyId, State: 'INACTIVE' })).ExpirationDate).toBe(end);
      const again = { AccessKeyId, ExpirationDate: '2027-01-01T00:00:00.000Z' };
      expect(keyIn(ask('UpdateAccessKey', again)).ExpirationDate).toBe('2027-01-01T00:00:00.000+0000');
      expect(keyIn(ask('UpdateAccessKey', { ...again, ClearExpirationDate: true })).ExpirationDate).toBeUndefined();
    }
  });

  it('of EIM users go only when INACTIVE, those of the root user as they are', () => {
    const { ask } = cloud();
    const { AccessKeyId } = keyIn(ask('CreateAccessKey', { UserName: 'ci' }));
    expect(ask('DeleteAccessKey', { UserName: 'ci', AccessKeyId })).toMatchObject({ status: 409, code: '6003' });
    const own = keyIn(ask('CreateAccessKey'));
    expect(ask('DeleteAccessKey', { AccessKeyId: own.AccessKeyId }).status).toBe(200);
  });

  it('are ten to a user', () => {
    const { ask } = cloud();
    const made = Array.from({ length: 11 }, () => ask('CreateAccessKey', { UserName: 'ci' }));
    expect(made.map((m) => m.code)).toEqual([...Array(10).fill(null), '10005']);
    expect(made[10]?.body.Errors).toMatchObject([{ Type: 'TooManyResources (QuotaExceded)' }]);
    // The root user starts with one.
    expect(Array.from({ length: 10 }, () => ask('CreateAccessKey').code)).toEqual([...Array(9).fill(null), '10005']);
    const { ask: small } = cloud({ quota: 1 });
    expect(small('CreateAccessKey').code).toBe('10005');
  });

  it('obey the account’s limit on lifetimes', () => {
    const { ask, root } = cloud();
    const year = { MaxAccessKeyExpirationSeconds: 31_536_000, RequireTrustedEnv: false };
    // The first key has no end, so the limit cannot be set before it has one.
    expect(ask('UpdateApiAccessPolicy', year)).toMatchObject({ status: 400, code: '4047' });
    const first = root.kind === 'key' ? root.accessKeyId : '';
    ask('UpdateAccessKey', { AccessKeyId: first, ExpirationDate: '2026-06-01' });
    expect(ask('UpdateApiAccessPolicy', year).body.ApiAccessPolicy).toEqual(year);
    expect(ask('ReadApiAccessPolicy', '').body.ApiAccessPolicy).toEqual(year);
    expect(ask('CreateAccessKey').code).toBe('4047');
    expect(ask('CreateAccessKey', { ExpirationDate: '2028-01-01' }).code).toBe('4047');
    expect(ask('CreateAccessKey', { ExpirationDate: '2026-12-01' }).code).toBeNull();
    expect(ask('UpdateAccessKey', { AccessKeyId: first, State: 'ACTIVE' }).code).toBe('4047');
    expect(ask('UpdateApiAccessPolicy', { MaxAccessKeyExpirationSeconds: 0, RequireTrustedEnv: true }).code).toBe(
      '4047',
    );
    expect(ask('UpdateApiAccessPolicy', { ...year, MaxAccessKeyExpirationSeconds: 3_153_600_001 }).code).toBe('4047');
  });

  it('stay as they are in a dry run', () => {
    const { ask } = cloud();
    const answer = ask('CreateAccessKey', { DryRun: true, UserName: 'ci' });
    expect(Object.keys(answer.body)).toEqual(['ResponseContext']);
    expect(keysIn(ask('ReadAccessKeys', { UserName: 'ci' }))).toEqual([]);
    expect(cloud({ dry_run_succeeds: false }).ask('CreateAccessKey', { DryRun: true })).toMatchObject({ code: '0' });
  });
});

describe('parameters', () => {
  it.each([
    ['CreateAccessKey', { Colour: 'red' }, '4045'],
    ['ReadAccessKeys', { Filters: { Tag: 'x' } }, '4045'],
    ['CreateAccessKey', { ExpirationDate: '' }, '4108'],
    ['CreateAccessKey', { ExpirationDate: '2027-02-30' }, '4108'],
    ['CreateAccessKey', { Tag: 5 }, '4108'],
    ['CreateAccessKey', '[]', '4108'],
    ['CreateAccessKey', '{', '0'],
    ['DeleteAccessKey', {}, '4045'],
    ['DeleteAccessKey', { AccessKeyId: 'short' }, '4105'],
    ['UpdateAccessKey', { AccessKeyId: 'ABCDEFGHIJ0123456789', State: 'SLEEPING' }, '4047'],
    ['UpdateAccessKey', { AccessKeyId: 'ABCDEFGHIJ0123456789', State: 'ACTIVE' }, '5027'],
  ])('%s %j is refused with %s', (action, body, code) => {
    expect(cloud().ask(action, body).code).toBe(code);
  });

  it('name users that exist', () => {
    const { ask } = cloud({ users: ['ci'] });
    expect(ask('CreateAccessKey', { UserName: 'ci' }).status).toBe(200);
    expect(ask('CreateAccessKey', { UserName: 'nobody' })).toMatchObject({ status: 400, code: '5075' });
    expect(ask('ReadAccessKeys', { UserName: 'nobody' })).toMatchObject({ status: 400, code: '5075' });
  });

  it('belong to known actions, asked for by POST', () => {
    const { emulator, ask } = cloud();
    expect(ask('ReadVms')).toMatchObject({ status: 404, code: '0' });
    expect(deliver(emulator, { method: 'GET', url: `${ORIGIN}/api/v1/ReadAccessKeys`, headers: {} })).toMatchObject({
      status: 405,
      code: '2',
    });
    const base = { method: 'GET', query: new URLSearchParams(), headers: {}, body: '' };
    for (const path of ['/', '/api/v1/', '/api/v1/organizations', '/v1/projects/p/accessKeys', '/ReadAccessKeys']) {
      expect(emulator.claims({ ...base, path })).toBe(false);
    }
  });
});

describe('authentication', () => {
  it('takes the AWS4 form of an independent signer, whose signed headers are host and date only', async () => {
    const { emulator, root, clock } = cloud();
    if (root.kind !== 'key') throw new Error('no key');
    for (const [body, region] of [
      ['{"UserName":"ci"}', 'eu-west-2'],
      ['', 'us-east-2'],
    ] as const) {
      const signed = await new AwsV4Signer({
        url: `${ORIGIN}/api/v1/ReadAccessKeys`,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        accessKeyId: root.accessKeyId,
        secretAccessKey: root.secret.reveal(),
        service: 'api',
        region,
        datetime: new Date(clock.now()).toISOString().replace(/[-:]|\.\d{3}/g, ''),
      }).sign();
      const request = { method: 'POST', url: signed.url.href, headers: Object.fromEntries(signed.headers), body };
      expect(deliver(emulator, request).status).toBe(200);
      expect(deliver(emulator, { ...request, body: `${body} ` }).code).toBe('1');
    }
  });

  // The vendor's Python SDK signs the host without its port, its JavaScript SDK with it.
  it.each([
    ['OSC4', '127.0.0.1:8804', OSC4],
    ['OSC4', '127.0.0.1', OSC4],
    ['AWS4', '127.0.0.1:8804', AWS4],
    ['AWS4', '127.0.0.1', AWS4],
  ])('takes both signature families with either host form: %s with %s', (_name, host, family) => {
    const { emulator, root } = cloud();
    if (root.kind !== 'key') throw new Error('no key');
    const body = '{}';
    const dateTime = '20260101T000000Z';
    const signed = (signedHost: string) =>
      sign(family, root, { region: 'eu-west-2', service: 'api' }, dateTime, {
        method: 'POST',
        path: '/api/v1/ReadAccessKeys',
        query: '',
        headers: [
          ['host', signedHost],
          [family.dateHeader, dateTime],
        ],
        body,
      });
    const send = (authorization: string, origin = ORIGIN) =>
      deliver(emulator, {
        method: 'POST',
        url: `${origin}/api/v1/ReadAccessKeys`,
        headers: { [family.dateHeader]: dateTime, authorization },
        body,
      });
    expect(send(signed(host)).status).toBe(200);
    expect(send(signed(host), 'http://localhost:8804').code).toBe('1');
    expect(send(signed('127.0.0.1:8805')).code).toBe('1');
  });

  it('takes the login and password, with or without a date', () => {
    const { emulator, ask, login } = cloud();
    expect(ask('ReadAccessKeys', {}, login).status).toBe(200);
    const { headers, ...request } = buildRequest(
      {
        clock: { now: () => NOW, sleep: async () => {} },
        endpoint: `${ORIGIN}/api/v1`,
        region: 'r',
        credential: login,
      },
      'ReadAccessKeys',
      '{}',
    );
    const authorization = headers.authorization ?? '';
    expect(deliver(emulator, { ...request, headers: { authorization } }).status).toBe(200);
    expect(deliver(emulator, { ...request, headers: { authorization, 'x-osc-date': '20250101T000000Z' } }).code).toBe(
      '1',
    );
    if (login.kind !== 'password') throw new Error('no login');
    expect(ask('ReadAccessKeys', {}, { ...login, password: new Secret('wrong') }).code).toBe('1');
  });

  it('refuses everything else', () => {
    const { emulator, root, time, clock } = cloud();
    const options = { clock, endpoint: `${ORIGIN}/api/v1`, region: 'eu-west-2', credential: root };
    const good = buildRequest(options, 'ReadAccessKeys', '{}');
    const header = good.headers.authorization ?? '';
    const withHeader = (authorization: string) =>
      deliver(emulator, { ...good, headers: { ...good.headers, authorization } });
    expect(deliver(emulator, { ...good, headers: {} })).toMatchObject({ status: 403, code: '10' });
    expect(withHeader('Bearer abc')).toMatchObject({ status: 401, code: '12' });
    expect(withHeader('OSC4-HMAC-SHA256 nonsense').code).toBe('1');
    // In between a right one each time, so that the lock stays out of it.
    for (const bad of [
      () => withHeader(header.replace('/api/', '/fcu/')),
      () => withHeader(header.replace('20260101', '20260102')),
      () => withHeader(header.replace('content-type;host;x-osc-date', 'content-type;x-osc-date')),
      () => withHeader(header.replace('osc4_request', 'aws4_request')),
      () => withHeader(header.replace(/.$/, (c) => (c === '0' ? '1' : '0'))),
      () => deliver(emulator, { ...good, url: `${good.url}?a=b` }),
      () => deliver(emulator, { ...good, headers: { ...good.headers, 'content-type': 'text/plain' } }),
    ]) {
      expect(bad()).toMatchObject({ status: 401, code: '1' });
      expect(deliver(emulator, good).status).toBe(200);
    }
    for (const [off, code] of [
      [299_000, null],
      [301_000, '1'],
      [-301_000, '1'],
    ] as const) {
      time.ms = NOW + off;
      expect(deliver(emulator, good).code).toBe(code);
    }
  });

  it('refuses a right signature over too little, or for another service', () => {
    const { emulator, root } = cloud();
    if (root.kind !== 'key') throw new Error('no key');
    const time = '20260101T000000Z';
    const code = (names: string[], service = 'api', family = OSC4) => {
      const headers: Record<string, string> = {
        'content-type': 'text/plain',
        host: '127.0.0.1:8804',
        [family.dateHeader]: time,
      };
      const signed = names.map((name) => [name, headers[name] ?? ''] as const);
      const request = { method: 'POST', path: '/api/v1/ReadAccessKeys', query: '', headers: signed, body: '{}' };
      const authorization = sign(family, root, { region: 'eu-west-2', service }, time, request);
      const url = `${ORIGIN}/api/v1/ReadAccessKeys`;
      return deliver(emulator, { method: 'POST', url, headers: { ...headers, authorization }, body: '{}' }).code;
    };
    expect(code(['host', 'x-osc-date'])).toBeNull();
    expect(code(['host', 'x-amz-date'], 'api', AWS4)).toBeNull();
    expect(code(['content-type', 'x-osc-date'])).toBe('1');
    expect(code(['content-type', 'host'])).toBe('1');
    expect(code(['host', 'x-osc-date', 'x-absent'])).toBe('1');
    expect(code(['host', 'x-osc-date'])).toBeNull();
    expect(code(['host', 'x-osc-date'], 'fcu')).toBe('1');
  });

  it('locks a credential for a minute after four failures in a row, longer after each further four, up to ten', () => {
    const { ask, root, time } = cloud();
    const wrong: Credential = { ...root, secret: new Secret('wrong') } as Credential;
    const fail = () => ask('ReadAccessKeys', {}, wrong).code;
    expect([fail(), fail(), fail()]).toEqual(['1', '1', '1']);
    expect(ask('ReadAccessKeys').status).toBe(200);
    for (const minutes of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]) {
      expect([fail(), fail(), fail(), fail(), fail()]).toEqual(['1', '1', '1', '1', '13']);
      expect(ask('ReadAccessKeys')).toMatchObject({ status: 401, code: '13' });
      time.ms += minutes * 60_000 - 1;
      expect(fail()).toBe('13');
      time.ms += 1;
    }
    expect(ask('ReadAccessKeys').status).toBe(200);
  });

  it('lets an EIM user’s key act for itself only, and no key that is inactive, expired or gone', () => {
    const { ask, time } = cloud();
    const key = keyIn(ask('CreateAccessKey', { UserName: 'ci', ExpirationDate: '2026-02-01' }));
    const user = asKey(key);
    expect(keysIn(ask('ReadAccessKeys', {}, user)).map((k) => k.AccessKeyId)).toEqual([key.AccessKeyId]);
    expect(ask('ReadAccessKeys', { UserName: 'ci' }, user).status).toBe(200);
    expect(ask('CreateAccessKey', { UserName: 'other' }, user)).toMatchObject({ status: 401, code: '5' });
    expect(ask('ReadApiAccessPolicy', {}, user)).toMatchObject({ status: 401, code: '5' });
    const id = { UserName: 'ci', AccessKeyId: key.AccessKeyId, ExpirationDate: '2026-02-01' };
    ask('UpdateAccessKey', { ...id, State: 'INACTIVE' });
    expect(ask('ReadAccessKeys', {}, user).code).toBe('1');
    ask('UpdateAccessKey', { ...id, State: 'ACTIVE' });
    expect(ask('ReadAccessKeys', {}, user).code).toBeNull();
    time.ms = NOW + 32 * DAY;
    expect(ask('ReadAccessKeys', {}, user).code).toBe('1');
    // It only stops signing: what is shown of it stays.
    expect(keysIn(ask('ReadAccessKeys', { UserName: 'ci' }))).toMatchObject([{ State: 'ACTIVE' }]);
  });
});

describe('limits, data and options', () => {
  it('throttles platform, account and call, each with its own words', () => {
    for (const [option, status, code] of [
      ['platform_rate', 503, '6'],
      ['account_rate', 429, '24'],
      ['call_rate', 429, '25'],
    ] as const) {
      const { ask, time } = cloud({ [option]: 2 });
      expect([ask('ReadAccessKeys').code, ask('ReadAccessKeys').code]).toEqual([null, null]);
      expect(ask('ReadAccessKeys')).toMatchObject({ status, code, body: { Errors: [{ Type: 'AccessDenied' }] } });
      expect(ask('ReadApiAccessPolicy').code).toBe(option === 'call_rate' ? null : code);
      time.ms += 1000;
      expect(ask('ReadAccessKeys').code).toBeNull();
    }
  });

  it('goes on where it stopped, and saves no secret', () => {
    const first = cloud();
    const key = keyIn(first.ask('CreateAccessKey', { UserName: 'ci', Tag: 't' }));
    const data = JSON.parse(JSON.stringify(first.emulator.save())) as Json;
    expect(JSON.stringify(data)).not.toContain(key.SecretKey);
    for (const credential of [first.root, first.login]) {
      const secret = credential.kind === 'key' ? credential.secret : credential.password;
      expect(JSON.stringify(data)).not.toContain(secret.reveal());
    }
    const second = cloud({}, data);
    expect(second.emulator.save()).toEqual(data);
    expect(keysIn(second.ask('ReadAccessKeys', {}, asKey(key)))).toMatchObject([
      { AccessKeyId: key.AccessKeyId, Tag: 't' },
    ]);
    expect(keyIn(second.ask('CreateAccessKey')).AccessKeyId).not.toBe(key.AccessKeyId);
    expect(() => cloud({}, { version: 2 })).toThrow(/data of the emulator of 3DS OUTSCALE have another form/);
  });

  it.each<[JsonObject, (c: ReturnType<typeof cloud>) => { status: number; code: string | null }, number, string]>([
    [{ invalid_parameter_status: 422 }, ({ ask }) => ask('CreateAccessKey', { Nope: 1 }), 422, '4045'],
    [{}, ({ ask }) => ask('DeleteAccessKey', MISSING), 400, '5027'],
    [{ missing_resource_status: 404 }, ({ ask }) => ask('DeleteAccessKey', MISSING), 404, '5027'],
    [{ missing_key_code: '4000' }, ({ ask }) => ask('UpdateAccessKey', MISSING), 400, '4000'],
    [{ invalid_state_status: 400, active_delete_code: '6004' }, deleteActive, 400, '6004'],
    [{ quota: 1, quota_status: 403 }, ({ ask }) => ask('CreateAccessKey'), 403, '10005'],
    [{ lifetime_code: '4111' }, liveTooLong, 400, '4111'],
    [{ denied_code: '7' }, actForAnother, 401, '7'],
  ])('answers with the status and the code that %j says', (options, act, status, code) => {
    expect(act(cloud(options))).toMatchObject({ status, code });
  });

  it('shows a key that has expired as ACTIVE, or INACTIVE where the option says so', () => {
    for (const [options, state] of [
      [{}, 'ACTIVE'],
      [{ expired_becomes_inactive: true }, 'INACTIVE'],
    ] as const) {
      const { ask, time } = cloud(options);
      ask('CreateAccessKey', { UserName: 'ci', ExpirationDate: '2027-01-01' });
      time.ms = Date.parse('2027-01-01T00:00:00Z');
      expect(keysIn(ask('ReadAccessKeys', { UserName: 'ci' }))).toMatchObject([{ State: state }]);
    }
  });

  it('refuses an option that it does not know', () => {
    expect(() => cloud({ quotta: 3 })).toThrow('emulator of 3DS OUTSCALE has no option "quotta"');
    expect(() => cloud({ quota: 'many' })).toThrow(/option "quota"/);
  });

  it('tells others how to reach it', () => {
    const { emulator } = cloud();
    const settings = emulator.settings(ORIGIN);
    expect(emulator.environment(ORIGIN)).toEqual({
      OSC_ENDPOINT_API: 'http://127.0.0.1:8804/api/v1',
      OSC_ACCESS_KEY: settings.access_key_id,
      OSC_SECRET_KEY: settings.secret_key,
      OSC_REGION: 'eu-west-2',
    });
  });
});
