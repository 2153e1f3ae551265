import { describe, expect, it } from 'vitest';
import { SecretArrivedError } from '../../../src/core/error.ts';
import type { HttpPort, HttpResponse } from '../../../src/core/http.ts';
import { Secret } from '../../../src/core/secret.ts';
import { TokenKeeper } from '../../../src/core/token.ts';
import { Client } from '../../../src/providers/yandex/client.ts';
import { API_KEYS, type Family, STATIC_KEYS } from '../../../src/providers/yandex/key.ts';
import { judge } from '../../../src/providers/yandex/status.ts';
import { sourceOf } from '../../../src/providers/yandex/token.ts';
import { readText } from '../loopback.ts';
import { answer, countingRandom, failure, movingClock, recording, refusal, scripted } from './script.ts';

const TOKEN = 't1.token-of-the-test.sig';
const IAM = 'https://iam.api.cloud.yandex.net';
const WIRE = {
  id: 'ajekey',
  serviceAccountId: 'ajesa',
  createdAt: '2025-04-04T10:23:08.722440521Z',
  description: 'ci',
};
const READ = {
  id: 'ajekey',
  keyId: 'ajekey',
  serviceAccountId: 'ajesa',
  createdAt: '2025-04-04T10:23:08.722440521Z',
  description: 'ci',
  lastUsedAt: null,
  scopes: null,
  expiresAt: null,
  maskedSecret: null,
};
const CREATED = { apiKey: WIRE, secret: 'AQVNcreated-secret' };
const SECRETS = [TOKEN, 'token-of-the-test', 'created-secret'];

function client(http: HttpPort, family: Family = API_KEYS, pageSize = 100, token = TOKEN): Client {
  const clock = movingClock();
  const source = sourceOf({ kind: 'token', token: new Secret(token) }, IAM, { http, clock, readText });
  return new Client(family, {
    http,
    clock,
    random: countingRandom(),
    endpoint: IAM,
    operationEndpoint: 'https://operation.api.cloud.yandex.net',
    tokens: new TokenKeeper(source, clock),
    pageSize,
  });
}

const OPERATION = { id: 'ajeop', done: true };
const CALLS = {
  ListApiKeys: (c: Client): Promise<unknown> => c.list('ajesa'),
  CreateApiKey: (c: Client): Promise<unknown> => c.create({ serviceAccountId: 'ajesa', description: 'ci' }),
  GetApiKey: (c: Client): Promise<unknown> => c.get('ajekey', 'o'),
  UpdateApiKey: (c: Client): Promise<unknown> => c.update('ajekey', { description: 'cd', expiresAt: null }, 'o'),
  DeleteApiKey: (c: Client): Promise<unknown> => c.delete('ajekey', 'o'),
  GetOperation: (c: Client): Promise<unknown> => c.operation('ajeop', 'o'),
} as const;
type Action = keyof typeof CALLS;
const ACTIONS = Object.keys(CALLS) as Action[];

describe('requests', () => {
  it.each<[Action, HttpResponse, string, string, string | undefined]>([
    ['ListApiKeys', answer(200, {}), 'GET', `${IAM}/iam/v1/apiKeys?serviceAccountId=ajesa&pageSize=100`, undefined],
    [
      'CreateApiKey',
      answer(200, CREATED),
      'POST',
      `${IAM}/iam/v1/apiKeys`,
      '{"serviceAccountId":"ajesa","description":"ci"}',
    ],
    ['GetApiKey', answer(200, WIRE), 'GET', `${IAM}/iam/v1/apiKeys/ajekey`, undefined],
    [
      'UpdateApiKey',
      answer(200, OPERATION),
      'PATCH',
      `${IAM}/iam/v1/apiKeys/ajekey`,
      // The end of life is in the mask and not in the body: it is taken away.
      '{"updateMask":"description,expiresAt","description":"cd"}',
    ],
    ['DeleteApiKey', answer(200, OPERATION), 'DELETE', `${IAM}/iam/v1/apiKeys/ajekey`, undefined],
    [
      'GetOperation',
      answer(200, OPERATION),
      'GET',
      'https://operation.api.cloud.yandex.net/operations/ajeop',
      undefined,
    ],
  ])('%s', async (action, response, method, url, body) => {
    const http = scripted({ [action]: response });
    await CALLS[action](client(http));
    const [sent] = http.sent;
    expect(sent).toMatchObject({ action, safe: action !== 'CreateApiKey', request: { method, url } });
    expect(sent?.request.body).toBe(body);
    expect(sent?.request.headers).toEqual({
      authorization: `Bearer ${TOKEN}`,
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(method === 'GET' ? {} : { 'idempotency-key': '01010101-0101-4101-8101-010101010101' }),
    });
  });

  it('for static keys go to their own path', async () => {
    const wire = { ...WIRE, keyId: 'YCkey' };
    const http = scripted({
      ListAccessKeys: answer(200, { accessKeys: [wire] }),
      CreateAccessKey: answer(200, { accessKey: wire, secret: 'YCsecret' }),
    });
    const keys = client(http, STATIC_KEYS);
    expect(await keys.list('ajesa')).toEqual([{ ...READ, keyId: 'YCkey' }]);
    expect((await keys.create({ serviceAccountId: 'ajesa' })).secret.reveal()).toBe('YCsecret');
    expect(http.sent[1]?.request.url).toBe(`${IAM}/iam/aws-compatibility/v1/accessKeys`);
  });

  it('carry one Idempotency-Key for all attempts of a call, and another for another call', async () => {
    let lose = 2;
    const http = recording(() => {
      lose -= 1;
      return lose >= 0 ? null : answer(200, OPERATION);
    }, 5);
    const keys = client(http);
    await keys.delete('ajekey', 'o');
    await keys.delete('ajekey', 'o');
    const used = http.sent.map(({ request }) => request.headers['idempotency-key']);
    expect([used.length, used[0] === used[1], used[1] === used[2], used[2] === used[3]]).toEqual([
      4,
      true,
      true,
      false,
    ]);
  });

  it.each(['', '.', '..', 'a/b', 'a?b', 'a:cancel', 'a%2fb'])('are not sent for the id %j', async (id) => {
    const http = scripted({});
    for (const call of [client(http).get(id, 'o'), client(http).delete(id, 'o'), client(http).operation(id, 'o')]) {
      expect((await failure(call)).code).toBe('invalid-argument');
    }
    expect(http.sent).toEqual([]);
  });
});

describe('answers', () => {
  it('keep the nine digits of a time, and bring others to UTC', async () => {
    const times = { createdAt: '2025-04-04T12:23:08.5+02:00', lastUsedAt: '2025-04-05T00:00:00.000000001Z' };
    const full = {
      ...WIRE,
      ...times,
      expiresAt: '2027-01-01T00:00:00.123456789Z',
      scopes: ['b', 'a'],
      maskedSecret: '****abc_12',
    };
    expect(await client(scripted({ GetApiKey: answer(200, full) })).get('ajekey', 'o')).toEqual({
      ...READ,
      createdAt: '2025-04-04T10:23:08.500Z',
      lastUsedAt: '2025-04-05T00:00:00.000000001Z',
      expiresAt: '2027-01-01T00:00:00.123Z',
      scopes: ['b', 'a'],
      maskedSecret: '****abc_12',
    });
  });

  it('may leave empty fields out, or write them', async () => {
    const { description: _none, ...bare } = WIRE;
    for (const wire of [bare, { ...bare, description: '', scope: '', scopes: [], maskedSecret: '' }]) {
      expect(await client(scripted({ GetApiKey: answer(200, wire) })).get('ajekey', 'o')).toEqual({
        ...READ,
        description: null,
      });
    }
    for (const page of [{}, { nextPageToken: '' }, { apiKeys: [] }, { apiKeys: [], nextPageToken: '', more: 1 }]) {
      expect(await client(scripted({ ListApiKeys: answer(200, page) })).list('ajesa')).toEqual([]);
    }
    const deprecated = { ...WIRE, scope: 'yc.old' };
    expect((await client(scripted({ GetApiKey: answer(200, deprecated) })).get('ajekey', 'o'))?.scopes).toEqual([
      'yc.old',
    ]);
  });

  it.each([
    ['ListApiKeys', { code: 0, message: 'fine' }, '"apiKeys"'],
    ['ListApiKeys', { apiKeys: [{ ...WIRE, id: '' }] }, '"apiKeys[0].id"'],
    ['ListApiKeys', [], 'its root'],
    ['GetApiKey', { ...WIRE, createdAt: 'soon' }, '"createdAt"'],
    ['UpdateApiKey', { done: true }, '"id"'],
    ['DeleteApiKey', '', 'is not JSON'],
    ['GetOperation', '<html>', 'is not JSON'],
  ] as const)('%s %j is no answer, and never an empty one', async (action, body, field) => {
    const error = await failure(CALLS[action](client(scripted({ [action]: answer(200, body) }))), SECRETS);
    expect(error.code).toBe('malformed-answer');
    expect(error.message).toContain(field);
  });

  it('to a create keep the secret, even where the rest is not as documented', async () => {
    const { key, secret } = await client(scripted({ CreateApiKey: answer(200, CREATED) })).create({
      serviceAccountId: 's',
    });
    expect([key, String(secret), secret.reveal()]).toEqual([READ, '(sensitive)', 'AQVNcreated-secret']);
    for (const [body, id] of [
      [{ apiKey: { ...WIRE, serviceAccountId: 5 }, secret: 'AQVNcreated-secret' }, 'ajekey'],
      [{ secret: 'AQVNcreated-secret' }, null],
    ] as const) {
      const create = client(scripted({ CreateApiKey: answer(200, body) })).create({ serviceAccountId: 's' });
      const error = await failure(create, SECRETS);
      expect(error).toBeInstanceOf(SecretArrivedError);
      expect([(error as SecretArrivedError).secret.reveal(), (error as SecretArrivedError).keyId]).toEqual([
        'AQVNcreated-secret',
        id,
      ]);
    }
    for (const body of ['<html>', {}, { apiKey: WIRE }, { apiKey: WIRE, secret: '' }]) {
      const error = await failure(
        client(scripted({ CreateApiKey: answer(200, body) })).create({ serviceAccountId: 's' }),
      );
      expect(error.code).toBe('outcome-unknown');
    }
  });

  it('of a list are read page after page, and a page that fails fails the list', async () => {
    const page = (id: string, nextPageToken?: string) => answer(200, { apiKeys: [{ ...WIRE, id }], nextPageToken });
    const http = scripted({ ListApiKeys: [page('a', 'p/2'), page('b', 'p3'), page('b')] });
    expect((await client(http, API_KEYS, 1).list('ajesa')).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(http.sent.map(({ request }) => new URL(request.url).searchParams.get('pageToken'))).toEqual([
      null,
      'p/2',
      'p3',
    ]);
    expect(new Set(http.sent.map(({ owner }) => owner))).toEqual(new Set(['service account ajesa']));
    const circle = scripted({ ListApiKeys: [page('a', 'p2'), page('b', 'p2')] });
    expect((await failure(client(circle).list('ajesa'))).code).toBe('malformed-answer');
    const broken = scripted({ ListApiKeys: [page('a', 'p2'), refusal(7)] });
    expect((await failure(client(broken).list('ajesa'))).code).toBe('forbidden');
  });
});

describe('refusals', () => {
  // By gRPC code: what becomes of a call that is safe to repeat, of a create, and how the port is told.
  it.each<[number, string, string, string]>([
    [1, 'unavailable', 'outcome-unknown', 'transient'],
    [2, 'unavailable', 'outcome-unknown', 'transient'],
    [3, 'invalid-argument', 'invalid-argument', 'final'],
    [4, 'unavailable', 'outcome-unknown', 'transient'],
    [5, 'not-found', 'not-found', 'final'],
    [6, 'conflict', 'conflict', 'final'],
    [7, 'forbidden', 'forbidden', 'final'],
    [8, 'throttled', 'throttled', 'throttled'],
    [9, 'invalid-state', 'invalid-state', 'final'],
    [10, 'conflict', 'conflict', 'transient'],
    [11, 'invalid-argument', 'invalid-argument', 'final'],
    [12, 'invalid-configuration', 'invalid-configuration', 'final'],
    [13, 'unavailable', 'outcome-unknown', 'transient'],
    [14, 'unavailable', 'outcome-unknown', 'transient'],
    [15, 'unavailable', 'outcome-unknown', 'transient'],
    [16, 'unauthorized', 'unauthorized', 'final'],
    [99, 'malformed-answer', 'malformed-answer', 'final'],
  ])('by gRPC code %d: %s, a create %s, %s', async (code, safe, create, verdict) => {
    // HTTP statuses as the vendor's table has them.
    const statuses = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];
    const response = answer(statuses[code] ?? 400, { code, message: 'words of the API' });
    const http = scripted({ ListApiKeys: response, CreateApiKey: response });
    const error = await failure(client(http).list('ajesa'), SECRETS);
    expect([error.code, (await failure(CALLS.CreateApiKey(client(http)), SECRETS)).code]).toEqual([safe, create]);
    expect(http.sent.map((sent) => sent.verdict)).toEqual([verdict, verdict]);
    expect(error.vendor).toMatchObject({ status: response.status, message: 'words of the API' });
    expect(error.message).toContain('ListApiKeys of service account ajesa');
  });

  it.each<[number, unknown, string, string]>([
    [400, '', 'invalid-argument', 'final'],
    [401, {}, 'unauthorized', 'final'],
    [403, '<html>', 'forbidden', 'final'],
    [404, '<html>', 'malformed-answer', 'final'],
    [404, { code: 12 }, 'malformed-answer', 'final'],
    [302, '', 'malformed-answer', 'final'],
    [418, '', 'malformed-answer', 'final'],
    [408, '', 'unavailable', 'transient'],
    [429, {}, 'throttled', 'throttled'],
    [500, { code: 5, message: 'of a gateway' }, 'unavailable', 'transient'],
    [502, '<html>', 'unavailable', 'transient'],
  ])('without the API’s form, HTTP %d %j: %s', async (status, body, code, verdict) => {
    for (const action of ACTIONS.filter((name) => name !== 'CreateApiKey')) {
      const http = scripted({ [action]: answer(status, body) });
      expect((await failure(CALLS[action](client(http)), SECRETS)).code, action).toBe(code);
      expect(http.sent[0]?.verdict).toBe(verdict);
    }
  });

  it('in the body of a success are none: a create is not sent again for it', async () => {
    const http = scripted({ CreateApiKey: answer(200, { code: 16, message: 'odd' }) });
    expect((await failure(CALLS.CreateApiKey(client(http)), SECRETS)).code).toBe('outcome-unknown');
    expect(http.sent).toHaveLength(1);
  });

  it('tell a full quota from too many calls', async () => {
    const violations = (name: string) => [
      {
        '@type': 'type.googleapis.com/yandex.cloud.quota.QuotaFailure',
        violations: [{ metric: { name, limit: '1000' } }],
      },
    ];
    for (const [response, code, verdict] of [
      [refusal(8, 'x', violations('iam.apiKeys.count')), 'quota-exceeded', 'final'],
      [refusal(8, 'x', violations('iam.requests.rate')), 'throttled', 'throttled'],
      [refusal(8, 'Quota limit iam.apiKeys.count exceeded'), 'quota-exceeded', 'final'],
      [refusal(8, 'Request quota exceeded'), 'throttled', 'throttled'],
      [refusal(8, 'The limit is exceeded'), 'throttled', 'throttled'],
      [
        refusal(8, 'x', [{ '@type': 'type.googleapis.com/yandex.cloud.quota.QuotaFailure', violations: 'odd' }]),
        'throttled',
        'throttled',
      ],
    ] as const) {
      expect(judge(response)).toBe(verdict);
      const error = await failure(CALLS.CreateApiKey(client(scripted({ CreateApiKey: response }))), SECRETS);
      expect(error.code, response.body).toBe(code);
      if (response.body.includes('"iam.apiKeys.count"')) expect(error.message).toContain('(iam.apiKeys.count)');
    }
  });

  it('and answers that are not as documented name the request, without what it carried', async () => {
    const header = (value: string) => ({ 'x-request-id': value });
    const circle = answer(200, { apiKeys: [], nextPageToken: 'a' }, header('r-1'));
    for (const response of [circle, answer(200, { operations: [] }, header('r-1'))]) {
      const error = await failure(CALLS.ListApiKeys(client(scripted({ ListApiKeys: response }))), SECRETS);
      expect(error).toMatchObject({ code: 'malformed-answer', vendor: { status: 200, requestId: 'r-1' } });
    }
    const echo = scripted({ ListApiKeys: answer(500, '', header(`r-${TOKEN}`)) });
    const error = await failure(CALLS.ListApiKeys(client(echo)), SECRETS);
    expect([error.vendor?.requestId, echo.sent[0]?.requestId]).toEqual(['r-(sensitive)', 'r-(sensitive)']);
  });

  it('name the fields that the API names, and the request', async () => {
    const fieldViolations = [{ field: 'expiresAt', description: 'is too late' }, { field: 'scopes' }];
    const response = refusal(3, 'Request validation error', [
      { '@type': 'type.googleapis.com/google.rpc.RequestInfo', requestId: 'b1946ac9-2492' },
      { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations },
    ]);
    const http = scripted({ UpdateApiKey: response });
    const error = await failure(CALLS.UpdateApiKey(client(http)), SECRETS);
    expect(error.message).toBe(
      'Yandex Cloud UpdateApiKey of API key ajekey: the API refused "expires_at" (is too late), "scopes"',
    );
    expect(error.vendor).toEqual({
      status: 400,
      code: 'INVALID_ARGUMENT',
      message: 'Request validation error; expiresAt: is too late; scopes: ',
      requestId: 'b1946ac9-2492',
    });
    expect(http.sent[0]?.requestId).toBe('b1946ac9-2492');
    const header = { ...answer(503, ''), headers: { 'x-request-id': 'from-the-header' } };
    const other = scripted({ ListApiKeys: header });
    expect((await failure(CALLS.ListApiKeys(client(other)))).vendor?.requestId).toBe('from-the-header');
    expect(other.sent[0]?.requestId).toBe('from-the-header');
  });

  it('never show a credential that they quote', async () => {
    const quoted = [
      TOKEN,
      'AQVNabcdefghijklmnopqrstuvwxyz0123456789',
      `YC${'a'.repeat(38)}`,
      'y0_abcdefghijkl',
      'eyJhbGci.eyJpc3Mi.c2ln',
    ];
    const pem = '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----';
    const words = [...quoted, pem].join(' ');
    const details = [
      { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field: words, description: words }] },
      { '@type': 'type.googleapis.com/google.rpc.RequestInfo', requestId: words },
    ];
    for (const code of [3, 7, 9, 13, 16]) {
      const http = scripted({
        ListApiKeys: refusal(code, words, details),
        CreateApiKey: refusal(code, words, details),
      });
      for (const call of [CALLS.ListApiKeys, CALLS.CreateApiKey])
        await failure(call(client(http)), [...quoted, 'MIIE']);
    }
    // Nor one of a shape that nobody knows, as the vendor says that tokens may change theirs.
    const opaque = 'opaque-token-of-tomorrow';
    const echo = scripted({ ListApiKeys: refusal(7, `you sent ${opaque}`) });
    const error = await failure(client(echo, API_KEYS, 100, opaque).list('ajesa'), [opaque]);
    expect(error.vendor?.message).toBe('you sent (sensitive)');
    // A key id is no secret, though it begins like one.
    const id = await failure(
      CALLS.ListApiKeys(client(scripted({ ListApiKeys: refusal(9, `key YC${'a'.repeat(23)} is busy`) }))),
    );
    expect(id.vendor?.message).toBe(`key YC${'a'.repeat(23)} is busy`);
  });

  it('of a key that is not there: null to a read and to a delete', async () => {
    const http = scripted({ GetApiKey: refusal(5), DeleteApiKey: refusal(5), UpdateApiKey: refusal(5) });
    expect(await client(http).get('ajekey', 'o')).toBeNull();
    expect(await client(http).delete('ajekey', 'o')).toBeNull();
    expect((await failure(CALLS.UpdateApiKey(client(http)))).code).toBe('not-found');
  });
});
