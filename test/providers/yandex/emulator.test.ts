import { describe, expect, it } from 'vitest';
import type { CloudEmulator } from '../../../src/core/emulator.ts';
import type { HttpRequest } from '../../../src/core/http.ts';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import { readAuthorizedKey, signingInput, signJwt } from '../../../src/providers/yandex/auth.ts';
import { emulator } from '../../../src/providers/yandex/emulator.ts';
import { options } from '../../../src/providers/yandex/option.ts';
import { misfit, readDescription } from './proto.ts';
import { authorizedKey, deliver, movingClock, NOW, SEED } from './script.ts';

const ORIGIN = 'http://127.0.0.1:8805';
const API = '/iam/v1/apiKeys';
const STATIC = '/iam/aws-compatibility/v1/accessKeys';
const description = readDescription();
const key = authorizedKey();

function requestOf(method: string, path: string, body?: JsonObject, headers: Record<string, string> = {}): HttpRequest {
  return {
    method: method as HttpRequest['method'],
    url: `${ORIGIN}${path}`,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
}

interface Answer {
  readonly status: number;
  readonly code: number | null;
  readonly body: JsonObject;
}

/** What the vendor's description says that the answer to `action` is. */
function answerType(action: string): string | undefined {
  return description?.calls.find(({ request }) => request.endsWith(`.${action}Request`))?.answer;
}

function cloud(given: JsonObject = {}, data: Json = null) {
  const clock = movingClock(NOW + 123.456);
  const cloud = emulator({ data, clock, seed: SEED, options: given });
  const token = String(cloud.settings(ORIGIN).token);
  /** Asks, and holds the answer against the vendor's description. */
  const ask = (method: string, path: string, body?: JsonObject, headers: Record<string, string> = {}): Answer => {
    const request = requestOf(method, path, body, { authorization: `Bearer ${token}`, ...headers });
    const response = deliver(cloud, request);
    const read = JSON.parse(response.body) as JsonObject;
    const action = 'action' in response ? String(response.action) : '';
    expect(response.headers['x-request-id']).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    if (description !== null && action !== 'null') {
      const type = response.status === 200 ? answerType(action) : 'google.rpc.Status';
      expect(misfit(description, type ?? action, read), `${method} ${path}`).toBeNull();
    }
    const code = response.status === 200 ? null : Number(read.code);
    return { status: response.status, code, body: read };
  };
  const make = (body: JsonObject = {}, path = API) => {
    const made = ask('POST', path, { serviceAccountId: 'aje-one', ...body });
    expect(made.status, JSON.stringify(made.body)).toBe(200);
    const item = (made.body.apiKey ?? made.body.accessKey) as JsonObject;
    return { ...item, id: String(item.id), secret: String(made.body.secret) } as JsonObject & {
      id: string;
      secret: string;
    };
  };
  return { cloud, clock, token, ask, make };
}

const times = (answer: Answer, name: string) => (answer.body[name] ?? []) as readonly JsonObject[];

describe('the vendor’s description', () => {
  it.skipIf(description === null)('is spoken whole: every call has its path and its name', () => {
    const { cloud: emulated } = cloud();
    for (const { request, method, path } of description?.calls ?? []) {
      const given = {
        method,
        path: path.replace(/\{\w+\}/g, 'abc'),
        query: new URLSearchParams(),
        headers: {},
        body: '',
      };
      expect(emulated.claims(given)).toBe(true);
      expect(emulated.action(given), path).toBe(request.replace(/^.*\.(\w+)Request$/, '$1'));
    }
    // Calls of both kinds of keys (7 and 6), tokens (3), operations (2).
    expect(description?.calls).toHaveLength(18);
  });

  it.skipIf(description === null)('is what the check below knows', () => {
    if (description === null) return;
    const type = 'yandex.cloud.iam.v1.ListApiKeysResponse';
    expect(misfit(description, type, { apiKeys: [{ id: 1 }] })).toBe('answer.apiKeys[0].id: no string');
    expect(misfit(description, type, { apiKeys: [{ keyId: 'a' }] })).toContain('has no field keyId');
    expect(misfit(description, type, { apiKeys: [{ createdAt: '2026-01-01T00:00:00.1Z' }] })).toContain('no Timestamp');
    expect(misfit(description, 'google.rpc.Status', { error: { code: 5 } })).toContain('has no field error');
  });

  it('does not take other clouds’ requests', () => {
    const { cloud: emulated } = cloud();
    const base = { method: 'GET', query: new URLSearchParams(), headers: {}, body: '' };
    for (const path of ['/', '/api/v1/ReadAccessKeys', '/v1/projects/p/accessKeys', '/oauth2/token', '/operations']) {
      expect(emulated.claims({ ...base, path })).toBe(false);
    }
  });
});

describe('API keys', () => {
  it('are made, told, changed and deleted as documented', () => {
    const { ask, make } = cloud();
    const { secret, ...made } = make({ description: 'ci', scopes: ['b', 'a'], expiresAt: '2027-01-01T00:00:00+01:00' });
    expect(secret).toMatch(/^AQVN[A-Za-z0-9_-]{36}$/);
    expect(made).toEqual({
      id: expect.stringMatching(/^[a-z0-9]{20}$/),
      serviceAccountId: 'aje-one',
      createdAt: expect.stringMatching(/^2026-01-01T00:00:00\.123\d{6}Z$/),
      description: 'ci',
      scopes: ['a', 'b'],
      expiresAt: '2026-12-31T23:00:00Z',
      maskedSecret: `****${secret.slice(-6)}`,
    });
    expect(made.maskedSecret).toMatch(/^\*{4}[a-zA-Z0-9_]{6}$/);
    expect(ask('GET', `${API}/${made.id}`).body).toEqual(made);
    const changed = ask('PATCH', `${API}/${made.id}`, {
      updateMask: 'description',
      description: 'cd',
      expiresAt: null,
    });
    expect(changed.body).toMatchObject({
      done: true,
      metadata: { '@type': 'type.googleapis.com/yandex.cloud.iam.v1.UpdateApiKeyMetadata', apiKeyId: made.id },
      response: { '@type': 'type.googleapis.com/yandex.cloud.iam.v1.ApiKey', ...made, description: 'cd' },
    });
    expect(ask('DELETE', `${API}/${made.id}`).body).toMatchObject({
      done: true,
      response: { '@type': 'type.googleapis.com/google.protobuf.Empty', value: {} },
    });
    expect(ask('DELETE', `${API}/${made.id}`)).toMatchObject({ status: 404, code: 5 });
    expect(ask('GET', `${API}?serviceAccountId=aje-one`).body).toEqual({});
  });

  it('keep the order of their scopes where the option says so', () => {
    const { make } = cloud({ scope_order: 'given' });
    expect(make({ scopes: ['b', 'a'] }).scopes).toEqual(['b', 'a']);
  });

  it('tell the time in every answer, by which a wrong clock shows', () => {
    const { cloud: emulated, clock } = cloud();
    clock.advance(60_000);
    const { headers } = deliver(emulated, requestOf('POST', '/iam/v1/tokens', {}));
    expect(headers.date).toBe('Thu, 01 Jan 2026 00:01:00 GMT');
  });

  it('belong to the caller where no service account is named, and get the documented scopes', () => {
    const { ask } = cloud();
    const made = ask('POST', API, {}).body.apiKey as JsonObject;
    const listed = times(ask('GET', API), 'apiKeys');
    expect(listed).toEqual([made]);
    expect(made.scopes).toHaveLength(10);
    expect(times(ask('GET', `${API}?serviceAccountId=other`), 'apiKeys')).toEqual([]);
    const scopes = ask('GET', '/iam/v1/apiKeyScopes?pageSize=9').body;
    expect(scopes.scopes).toHaveLength(9);
    const rest = ask('GET', `/iam/v1/apiKeyScopes?pageToken=${scopes.nextPageToken}`).body;
    expect([...(scopes.scopes as string[]), ...(rest.scopes as string[])]).toEqual(
      expect.arrayContaining(made.scopes as string[]),
    );
    expect(rest.nextPageToken).toBeUndefined();
  });

  it('lose what a PATCH without a mask does not repeat', () => {
    const { ask, make } = cloud();
    const full = { description: 'x', scopes: ['a'], expiresAt: '2027-01-01T00:00:00Z' };
    const { id } = make(full);
    expect(ask('PATCH', `${API}/${id}`, { description: 'y' })).toMatchObject({ code: 3 });
    const reset = ask('PATCH', `${API}/${id}`, { description: 'y', scopes: ['b'] }).body.response as JsonObject;
    expect([reset.description, reset.scopes, reset.expiresAt]).toEqual(['y', ['b'], undefined]);
    for (const [how, scopes] of [
      ['keep', 1],
      ['default', 10],
    ] as const) {
      const other = cloud({ unmasked_scopes: how });
      const bare = other.ask('PATCH', `${API}/${other.make(full).id}`, { description: 'y' }).body
        .response as JsonObject;
      expect(bare.scopes).toHaveLength(scopes);
      expect(bare.expiresAt).toBeUndefined();
    }
  });

  it('lose their end by a mask that names it and a body that does not', () => {
    const { ask, make } = cloud();
    const { id } = make({ expiresAt: '2027-01-01T00:00:00Z' });
    const paths = ['expiresAt', 'expires_at'];
    for (const updateMask of paths) {
      expect(
        (ask('PATCH', `${API}/${id}`, { updateMask, expiresAt: '2028-01-01T00:00:00Z' }).body.response as JsonObject)
          .expiresAt,
      ).toBe('2028-01-01T00:00:00Z');
      expect((ask('PATCH', `${API}/${id}`, { updateMask }).body.response as JsonObject).expiresAt).toBeUndefined();
    }
    const strict = cloud({ masked_expiry: 'refuse', mask_snake_case: false });
    const other = strict.make();
    for (const updateMask of paths) expect(strict.ask('PATCH', `${API}/${other.id}`, { updateMask }).code).toBe(3);
  });

  it('and static keys are two kinds with their own quota and paths', () => {
    const { ask, make } = cloud({ api_key_quota: 1, access_key_quota: 1 });
    const api = make();
    const { secret, ...made } = make({}, STATIC);
    expect(made.keyId).toMatch(/^YC[A-Za-z0-9_-]{23}$/);
    expect(secret).toMatch(/^YC[A-Za-z0-9_-]{38}$/);
    expect(Object.keys(made).sort()).toEqual(['createdAt', 'id', 'keyId', 'serviceAccountId']);
    expect(ask('GET', `${API}/${made.id}`).code).toBe(5);
    expect(ask('GET', `${STATIC}/${api.id}`).code).toBe(5);
    for (const [path, metric] of [
      [API, 'iam.apiKeys.count'],
      [STATIC, 'iam.accessKeys.count'],
    ] as const) {
      const full = ask('POST', path, { serviceAccountId: 'another' });
      expect(full).toMatchObject({ status: 429, code: 8, body: { message: `Quota limit ${metric} exceeded` } });
    }
    const changed = ask('PATCH', `${STATIC}/${made.id}`, { updateMask: 'description', description: 'd' }).body;
    expect(changed).toMatchObject({
      metadata: { accessKeyId: made.id },
      response: { '@type': 'type.googleapis.com/yandex.cloud.iam.v1.awscompatibility.AccessKey', description: 'd' },
    });
    expect(times(ask('GET', `${STATIC}/${made.id}/operations`), 'operations')).toEqual([changed]);
  });

  it('tell no use before there was one', () => {
    const { ask, make, clock } = cloud({ used_after_seconds: 60, fraction_digits: 0 });
    const { id } = make();
    expect(ask('GET', `${API}/${id}`).body.lastUsedAt).toBeUndefined();
    clock.advance(60_000);
    expect(ask('GET', `${API}/${id}`).body.lastUsedAt).toBe('2026-01-01T00:01:00Z');
  });
});

describe('lists', () => {
  it('go by pages, and a page stays where it was when keys go', () => {
    for (const [list_order, order] of [
      ['oldest_first', [0, 1, 2, 3]],
      ['newest_first', [3, 2, 1, 0]],
    ] as const) {
      const { ask, make } = cloud({ list_order });
      const ids = [0, 1, 2, 3].map(() => make().id);
      const expected = order.map((index) => ids[index]);
      const first = ask('GET', `${API}?serviceAccountId=aje-one&pageSize=2`);
      expect(times(first, 'apiKeys').map(({ id }) => id)).toEqual(expected.slice(0, 2));
      ask('DELETE', `${API}/${expected[1]}`);
      const second = ask('GET', `${API}?service_account_id=aje-one&page_size=2&page_token=${first.body.nextPageToken}`);
      expect(times(second, 'apiKeys').map(({ id }) => id)).toEqual(expected.slice(2));
      expect(second.body.nextPageToken).toBeUndefined();
      expect(ask('GET', `${API}?serviceAccountId=other&pageToken=${first.body.nextPageToken}`).code).toBe(3);
    }
  });

  it('write empty fields where the switch says so', () => {
    const { ask, make } = cloud({ empty_fields: 'empty' });
    expect(ask('GET', API).body).toEqual({ apiKeys: [], nextPageToken: '' });
    expect(make()).toMatchObject({ description: '', scope: '' });
    const pending = cloud({ empty_fields: 'empty', operations: 'pending' });
    expect(pending.ask('DELETE', `${API}/${pending.make().id}`).body.done).toBe(false);
  });
});

describe('operations', () => {
  it('that are pending are done after some polls, and have their effect then', () => {
    const { ask, make } = cloud({ operations: 'pending', pending_polls: 2 });
    const { id } = make({ description: 'a' });
    const begun = ask('PATCH', `${API}/${id}`, { updateMask: 'description', description: 'b' }).body;
    expect([begun.done, begun.response]).toEqual([undefined, undefined]);
    const path = `/operations/${begun.id}`;
    expect(ask('GET', path).body.done).toBeUndefined();
    expect(ask('GET', `${API}/${id}`).body.description).toBe('a');
    expect(ask('GET', path).body).toMatchObject({ done: true, response: { description: 'b' } });
    expect(ask('GET', `${API}/${id}`).body.description).toBe('b');
    const early = cloud({ operations: 'pending', pending_effect: 'at_once' });
    const other = early.make();
    early.ask('DELETE', `${API}/${other.id}`);
    expect(early.ask('GET', `${API}/${other.id}`).code).toBe(5);
  });

  it('that fail show their error before the rollback is over', () => {
    const { ask, make } = cloud({ operations: 'pending', pending_polls: 1, operation_error: 13 });
    const { id } = make({ description: 'a' });
    const begun = ask('PATCH', `${API}/${id}`, { updateMask: 'description', description: 'b' }).body;
    expect(begun).toMatchObject({ error: { code: 13 } });
    expect(begun.done).toBeUndefined();
    expect(ask('GET', `/operations/${begun.id}`).body).toMatchObject({ done: true, error: { code: 13 } });
    expect(ask('GET', `${API}/${id}`).body.description).toBe('a');
  });

  it('are cancelled by GET and by POST, with the colon encoded or not', () => {
    const { ask, make } = cloud({ operations: 'pending' });
    for (const [method, suffix] of [
      ['GET', ':cancel'],
      ['POST', '%3Acancel'],
    ] as const) {
      const { id } = make();
      const begun = ask('DELETE', `${API}/${id}`).body;
      expect(ask(method, `/operations/${begun.id}${suffix}`).body).toMatchObject({ done: true, error: { code: 1 } });
      expect(ask('GET', `${API}/${id}`).status).toBe(200);
    }
    expect(ask('GET', '/operations/ajenone').code).toBe(5);
  });

  it('are begun once for one Idempotency-Key; a create knows none', () => {
    const { ask, make, cloud: emulated } = cloud();
    const headers = { 'idempotency-key': 'c1700de3-b8cb-4d8a-9990-e4ebf052e9aa' };
    const { id } = make();
    const first = ask('DELETE', `${API}/${id}`, undefined, headers).body;
    expect(ask('DELETE', `${API}/${id}`, undefined, headers).body).toEqual(first);
    expect(cloud({}, emulated.save()).ask('DELETE', `${API}/${id}`, undefined, headers).body).toEqual(first);
    expect(ask('DELETE', `${API}/${id}`, undefined, { 'idempotency-key': 'no-uuid' }).code).toBe(3);
    const body = { serviceAccountId: 'aje-one' };
    const [a, b] = [1, 2].map(() => ask('POST', API, body, headers).body.secret);
    expect(a).not.toBe(b);
    const same = cloud({ create_idempotency: 'same_key' });
    const [c, d] = [1, 2].map(() => same.ask('POST', API, body, headers).body);
    expect(c).toEqual(d);
  });

  it('may be where a missing key is found out', () => {
    const { ask } = cloud({ missing_key: 'in_operation', empty_response: 'bare' });
    for (const [method, body] of [
      ['PATCH', { updateMask: 'description' }],
      ['DELETE', undefined],
    ] as const) {
      expect(ask(method, `${API}/absent`, body).body).toMatchObject({ done: true, error: { code: 5 } });
    }
  });
});

describe('tokens', () => {
  const jwtOf = (change: Parameters<typeof sign>[0] = {}) => sign(change);
  function sign(change: {
    header?: JsonObject;
    claims?: JsonObject;
    file?: string;
    audience?: string;
    at?: number;
  }): string {
    const signer = readAuthorizedKey(change.file ?? key.text);
    const input = signingInput(
      signer,
      change.audience ?? 'https://iam.api.cloud.yandex.net/iam/v1/tokens',
      change.at ?? NOW / 1000,
    );
    const parts = input.split('.').map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as JsonObject);
    const altered = [
      { ...parts[0], ...change.header },
      { ...parts[1], ...change.claims },
    ];
    return signJwt(
      altered.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.'),
      signer.privateKey,
    );
  }
  const given = { authorized_keys: [key.option], oauth_tokens: ['y0_example'], token_lifetime_seconds: 600 };
  const exchange = (emulated: CloudEmulator, body: JsonObject) => {
    const response = deliver(emulated, requestOf('POST', '/iam/v1/tokens', body));
    return { status: response.status, body: JSON.parse(response.body) as JsonObject };
  };

  it('come for a JWT that an authorized key signed, in the documented shape, and end', () => {
    const { cloud: emulated, ask, clock } = cloud(given);
    const { status, body } = exchange(emulated, { jwt: jwtOf() });
    expect(status).toBe(200);
    if (description !== null) expect(misfit(description, answerType('CreateIamToken') ?? '', body)).toBeNull();
    expect(body.iamToken).toMatch(/^t1\.[A-Z0-9a-z_-]+[=]{0,2}\.[A-Z0-9a-z_-]{86}[=]{0,2}$/);
    expect(body.expiresAt).toBe('2026-01-01T00:10:00.123Z');
    const headers = { authorization: `Bearer ${body.iamToken}` };
    // The key's own service account is who calls.
    expect(ask('POST', API, {}, headers).body.apiKey).toMatchObject({ serviceAccountId: 'ajeexamplesaid000000' });
    expect(
      ask('GET', API, undefined, { authorization: `Bearer ${String(body.iamToken).replace(/.$/, '')}` }).code,
    ).toBe(16);
    clock.advance(600_000);
    expect(ask('GET', API, undefined, headers)).toMatchObject({ status: 401, code: 16 });
  });

  it.each<[string, Parameters<typeof sign>[0]]>([
    ['of another algorithm', { header: { alg: 'RS256' } }],
    ['of a key that is not known', { header: { kid: 'other' } }],
    ['that another key signed', { file: authorizedKey().text }],
    ['whose issuer is not the key’s account', { claims: { iss: 'ajeother' } }],
    ['for somebody else', { audience: 'https://iam.api.yandexcloud.kz/iam/v1/tokens' }],
    ['that lives longer than an hour', { claims: { exp: NOW / 1000 + 3601 } }],
    ['that is over', { at: NOW / 1000 - 3600 }],
    ['of the future', { at: NOW / 1000 + 120 }],
  ])('do not come for a JWT %s', (_, change) => {
    expect(exchange(cloud(given).cloud, { jwt: jwtOf(change) })).toMatchObject({ status: 401, body: { code: 16 } });
    const other = cloud({ ...given, jwt_refusal: 'invalid_argument' }).cloud;
    expect(exchange(other, { jwt: jwtOf(change) })).toMatchObject({ status: 400, body: { code: 3 } });
  });

  it('come for a JWT of a clock that is ahead, as far as the option says', () => {
    const ahead = (seconds: number) => ({ jwt: jwtOf({ at: NOW / 1000 + seconds }) });
    expect(exchange(cloud(given).cloud, ahead(60)).status).toBe(200);
    expect(exchange(cloud({ ...given, jwt_clock_leeway_seconds: 10 }).cloud, ahead(60)).status).toBe(401);
    expect(exchange(cloud({ ...given, jwt_clock_leeway_seconds: 200 }).cloud, ahead(120)).status).toBe(200);
  });

  it('come for an OAuth token, for another service account, and for exactly one identity', () => {
    const { cloud: emulated, ask } = cloud(given);
    const user = exchange(emulated, { yandexPassportOauthToken: 'y0_example' });
    const headers = { authorization: `Bearer ${user.body.iamToken}` };
    expect(ask('GET', `${API}?serviceAccountId=a`, undefined, headers).status).toBe(200);
    expect(ask('GET', API, undefined, headers).code).toBe(3);
    const made = ask('POST', '/iam/v1/tokens:createForServiceAccount', { serviceAccountId: 'aje-two' });
    const as = { authorization: `Bearer ${made.body.iamToken}` };
    expect(ask('POST', STATIC, {}, as).body.accessKey).toMatchObject({ serviceAccountId: 'aje-two' });
    expect(exchange(emulated, { yandexPassportOauthToken: 'y0_other' }).status).toBe(401);
    for (const body of [{}, { jwt: 'a', yandexPassportOauthToken: 'y0_example' }]) {
      expect(exchange(emulated, body).body).toMatchObject({
        code: 3,
        message: expect.stringMatching(/^Exactly one of/),
      });
    }
  });

  it('that were revoked stay so', () => {
    const { cloud: emulated, ask } = cloud(given);
    const { iamToken } = exchange(emulated, { jwt: jwtOf() }).body;
    const headers = { authorization: `Bearer ${iamToken}` };
    expect(ask('POST', '/iam/v1/tokens:revoke', { iamToken: iamToken as string }).body).toEqual({
      subjectId: 'ajeexamplesaid000000',
    });
    const data = emulated.save();
    expect(cloud(given, data).ask('GET', API, undefined, headers).code).toBe(16);
    expect(JSON.stringify(data)).not.toContain(String(iamToken));
    expect(cloud(given).ask('GET', API, undefined, headers).status).toBe(200);
  });

  it('are wanted for everything else', () => {
    const { cloud: emulated, make, ask } = cloud();
    const { secret } = make();
    for (const authorization of ['', 'Bearer', 'Bearer t1.a.b', `Api-Key ${secret}`, `Bearer ${secret}`]) {
      for (const [method, path] of [
        ['GET', API],
        ['POST', STATIC],
        ['GET', '/operations/x'],
        ['GET', '/iam/v1/apiKeyScopes'],
      ] as const) {
        const headers = authorization === '' ? {} : { authorization };
        const response = deliver(emulated, requestOf(method, path, undefined, headers));
        expect([response.status, JSON.parse(response.body).code]).toEqual([401, 16]);
      }
    }
    expect(ask('GET', '/iam/v1/nothing').code).toBe(5);
    expect(ask('PUT', API).code).toBe(12);
  });
});

describe('refusals', () => {
  it.each<[string, string, string, JsonObject | undefined, string]>([
    ['a long description', 'POST', API, { description: 'x'.repeat(257) }, 'description'],
    ['a scope twice', 'POST', API, { scopes: ['a', 'a'] }, 'scopes'],
    ['too many scopes', 'POST', API, { scopes: Array.from({ length: 101 }, (_, i) => `s${i}`) }, 'scopes'],
    ['an end that is no time', 'POST', API, { expiresAt: '2027-01-01' }, 'expires_at'],
    ['an end too late', 'POST', API, { expiresAt: '2106-01-01T00:00:00Z' }, 'expires_at'],
    ['a field that is not known', 'POST', STATIC, { scopes: ['a'] }, 'scopes'],
    ['text in place of a list', 'POST', API, { scopes: 'a' }, 'scopes'],
    ['a page too large', 'GET', `${API}?pageSize=1001`, undefined, 'page_size'],
    ['a page token of nobody', 'GET', `${API}?pageToken=abc`, undefined, 'page_token'],
    ['an id too long', 'GET', `${API}/${'x'.repeat(51)}`, undefined, 'api_key_id'],
  ])('name the field: %s', (_, method, path, body, field) => {
    const answer = cloud().ask(method, path, body);
    expect(answer).toMatchObject({ status: 400, code: 3 });
    expect(answer.body.details).toEqual([
      expect.objectContaining({ '@type': 'type.googleapis.com/google.rpc.RequestInfo' }),
      expect.objectContaining({ fieldViolations: [expect.objectContaining({ field })] }),
    ]);
  });

  it('of masks that say nothing', () => {
    const { ask, make } = cloud();
    const { id } = make();
    for (const body of [{ updateMask: 'secret' }, { updateMask: 'scopes' }, { updateMask: 'scopes', scopes: [] }]) {
      expect(ask('PATCH', `${API}/${id}`, body)).toMatchObject({ code: 3 });
    }
    const { url, headers } = requestOf('POST', API, undefined, { authorization: `Bearer ${cloud().token}` });
    for (const body of ['{', '[]']) {
      expect(deliver(cloud().cloud, { method: 'POST', url, headers, body }).status).toBe(400);
    }
  });

  it('of service accounts that are not there, or not allowed', () => {
    const given = { service_accounts: ['here'], forbidden_service_accounts: ['secret'] };
    const { ask } = cloud(given);
    const list = (id: string, as = ask) => as('GET', `${API}?serviceAccountId=${id}`).code;
    expect([list('here'), list('gone'), list('secret')]).toEqual([null, 7, 7]);
    expect(list('gone', cloud({ ...given, unknown_service_account: 'not_found' }).ask)).toBe(5);
    expect(ask('GET', API).code).toBeNull();
  });

  it('of what the switches forbid', () => {
    const expired = { expiresAt: '2025-01-01T00:00:00Z' };
    expect(cloud().ask('POST', API, expired).code).toBeNull();
    expect(cloud({ past_expiry: 'refuse' }).ask('POST', API, expired).code).toBe(3);
    expect(cloud().ask('GET', `${API}?pageSize=0`).code).toBeNull();
    expect(cloud({ page_size_zero: 'refuse' }).ask('GET', `${API}?pageSize=0`).code).toBe(3);
    expect(cloud({ unknown_scopes: 'refuse' }).ask('POST', API, { scopes: ['a'] }).code).toBe(3);
    expect(cloud({ unknown_fields: 'ignore' }).ask('POST', API, { colour: 'red' }).code).toBeNull();
    const slow = cloud({ requests_per_second: 2 });
    expect([1, 2, 3].map(() => slow.ask('GET', API).code)).toEqual([null, null, 8]);
    slow.clock.advance(1000);
    expect(slow.ask('GET', API).code).toBeNull();
    expect(() => cloud({ colour: 'red' })).toThrow(/emulator of Yandex Cloud has no option "colour"/);
  });
});

describe('the data', () => {
  it('go on where they stopped, and hold no secret', () => {
    const { make, ask, cloud: emulated, token } = cloud({ operations: 'pending', pending_polls: 2 });
    const kept = make({ description: 'kept' });
    const gone = make({}, STATIC);
    const begun = ask('DELETE', `${STATIC}/${gone.id}`).body;
    ask('GET', `/operations/${begun.id}`);
    const data = JSON.parse(JSON.stringify(emulated.save())) as Json;
    for (const secret of [token, kept.secret, gone.secret, kept.secret.slice(-6)]) {
      expect(JSON.stringify(data)).not.toContain(secret);
    }
    const next = cloud({ operations: 'pending' }, data);
    expect(next.token).toBe(token);
    const { secret: _once, ...told } = kept;
    expect(next.ask('GET', `${API}/${kept.id}`).body).toEqual(told);
    expect(next.ask('GET', `/operations/${begun.id}`).body.done).toBe(true);
    expect(next.ask('GET', `${STATIC}/${gone.id}`).code).toBe(5);
    expect([kept.id, gone.id]).not.toContain(next.make().id);
    expect(() => cloud({}, { version: 2 })).toThrow(/another form/);
  });

  it('lead to the same emulator by settings and by variables', () => {
    const { cloud: emulated, token } = cloud();
    expect(emulated.settings(ORIGIN)).toEqual({ endpoint: ORIGIN, operation_endpoint: ORIGIN, token });
    expect(emulated.environment(ORIGIN)).toEqual({
      KEYFORM_YANDEX_ENDPOINT: ORIGIN,
      KEYFORM_YANDEX_OPERATION_ENDPOINT: ORIGIN,
      YC_TOKEN: token,
    });
  });

  it('have switches with a default and a description each', () => {
    expect(options.parse({})).toMatchObject({ operations: 'done', empty_fields: 'absent' });
    for (const [name, schema] of Object.entries(options.shape)) {
      expect((schema as { description?: string }).description, name).toMatch(/^(\[assumed\] )?[A-Z].{20,}\.$/);
    }
  });
});
