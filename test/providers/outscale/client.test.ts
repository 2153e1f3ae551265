import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ErrorCode, isKeyformError, KeyformError, SecretArrivedError } from '../../../src/core/error.ts';
import type { HttpCall, HttpPort, HttpRequest, HttpResponse } from '../../../src/core/http.ts';
import { Secret } from '../../../src/core/secret.ts';
import { buildRequest, type Credential, createClient } from '../../../src/providers/outscale/client.ts';
import { judge, readProblem } from '../../../src/providers/outscale/failure.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const SECRET = 'EXAMPLESECRETKEY00000000000000000000FAKE';
const KEY: Credential = { kind: 'key', accessKeyId: 'EXAMPLEACCESSKEY0001', secret: new Secret(SECRET) };
const LIMITS = [{ bucket: 'outscale test', perSecond: 5 }];

type Reply = HttpResponse | KeyformError | Promise<HttpResponse>;

/** A port that answers from a list, the last one for ever, and keeps what it was asked. */
function script(...replies: Reply[]) {
  const sent: { call: HttpCall; request: HttpRequest }[] = [];
  const http: HttpPort = {
    async send(call) {
      sent.push({ call, request: await call.build(0) });
      const reply = replies[Math.min(sent.length, replies.length) - 1];
      if (reply === undefined || reply instanceof KeyformError) throw reply;
      return await reply;
    },
  };
  return { http, sent };
}

function clientOf(http: HttpPort, options: { clock?: { now: () => number }; credential?: Credential } = {}) {
  const clock = { now: () => NOW, sleep: async () => {}, ...options.clock };
  const credential = options.credential ?? KEY;
  return createClient({
    http,
    clock,
    endpoint: 'https://api.eu-west-2.outscale.com/api/v1',
    region: 'eu-west-2',
    credential,
    limits: LIMITS,
    label: (user) => (user === null ? 'the caller' : `user ${user}`),
  });
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

const api = (status: number, code: string, type: string, details = 'Words of the vendor.', headers = {}) =>
  json(
    status,
    { Errors: [{ Code: code, Type: type, Details: details }], ResponseContext: { RequestId: 'request-1' } },
    headers,
  );

async function failureOf(promise: Promise<unknown>): Promise<KeyformError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!isKeyformError(error)) throw new Error(`expected a KeyformError, got ${inspect(error)}`);
  return error;
}

const CREATED = {
  AccessKey: {
    State: 'ACTIVE',
    AccessKeyId: 'ABCDEFGHIJ0123456789',
    CreationDate: '2010-10-01T12:34:56.789+0000',
    ExpirationDate: '2063-04-05T00:00:00.000+0000',
    SecretKey: 'XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX',
    LastModificationDate: '2010-10-01T12:34:56.789+0000',
    Tag: 'Group1',
  },
  ResponseContext: { RequestId: '0475ca1e-d0c5-441d-712a-da55a4175157' },
};

describe('answers', () => {
  it('reads the vendor’s own example of a created key, with times as RFC 3339', async () => {
    const { http, sent } = script(json(200, CREATED));
    const { key, secret } = await clientOf(http).create({ UserName: 'example-user' });
    expect(secret.reveal()).toBe('XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX');
    expect(key).toEqual({
      AccessKeyId: 'ABCDEFGHIJ0123456789',
      State: 'ACTIVE',
      CreationDate: '2010-10-01T12:34:56.789Z',
      ExpirationDate: '2063-04-05T00:00:00.000Z',
      LastModificationDate: '2010-10-01T12:34:56.789Z',
      Tag: 'Group1',
    });
    expect(sent[0]?.call).toMatchObject({ action: 'CreateAccessKey', safe: false, limits: LIMITS });
    expect(sent[0]?.request).toMatchObject({
      method: 'POST',
      url: 'https://api.eu-west-2.outscale.com/api/v1/CreateAccessKey',
      body: '{"UserName":"example-user"}',
    });
  });

  it.each([
    ['no JSON', '<html>', 'malformed-answer', 'outcome-unknown'],
    ['cut off', '{"AccessKey": {"State"', 'malformed-answer', 'outcome-unknown'],
    ['without what was asked for', {}, 'malformed-answer', 'outcome-unknown'],
  ])('names a 200 that is %s, and doubts a create', async (_what, body, read, create) => {
    const client = clientOf(script(json(200, body)).http);
    expect((await failureOf(client.read({}))).code).toBe(read);
    expect((await failureOf(client.create({}))).code).toBe(create);
  });

  it.each([
    [{ SecretKey: '' }, null, null],
    [{ SecretKey: undefined }, null, null],
    [{ SecretKey: ['hush'] }, null, null],
    [{ CreationDate: 'yesterday' }, 'CreationDate', 'ABCDEFGHIJ0123456789'],
    [{ State: 'SLEEPING' }, 'State', 'ABCDEFGHIJ0123456789'],
    [{ AccessKeyId: undefined }, 'AccessKeyId', null],
  ])(
    'keeps the secret of a created key that is not as documented (%j), and quotes nothing',
    async (change, field, id) => {
      const body = { ...CREATED, AccessKey: { ...CREATED.AccessKey, ...change } };
      const error = await failureOf(clientOf(script(json(200, body)).http).create({}));
      expect(inspect(error)).not.toMatch(/XXXXXXXX|yesterday|SLEEPING|hush/);
      if (field === null) {
        expect(error.code).toBe('outcome-unknown');
        expect(error).not.toBeInstanceOf(SecretArrivedError);
        return;
      }
      if (!(error instanceof SecretArrivedError)) throw new Error(`the secret is lost: ${inspect(error)}`);
      expect(error.message).toContain(`"AccessKey.${field}"`);
      expect(error.keyId).toBe(id);
      expect(error.secret.reveal()).toBe(CREATED.AccessKey.SecretKey);
    },
  );

  it('reads a created key with another status of success, instead of losing its secret', async () => {
    const { secret } = await clientOf(script(json(201, CREATED)).http).create({});
    expect(secret.reveal()).toBe(CREATED.AccessKey.SecretKey);
  });

  it('says for each call whose keys it is about, and finds the request id in any answer', async () => {
    const { http, sent } = script(json(200, CREATED), json(200, { AccessKeys: [] }));
    await clientOf(http).create({ UserName: 'ci' });
    await clientOf(http).read({});
    expect(sent.map(({ call }) => call.owner)).toEqual(['user ci', 'the caller']);
    const idOf = (response: HttpResponse) => sent[0]?.call.requestId?.(response);
    expect(idOf(json(200, CREATED))).toBe(CREATED.ResponseContext.RequestId);
    expect(idOf(api(401, '1', 'AccessDenied'))).toBe('request-1');
    for (const other of ['<html>', '', 'null', '{"ResponseContext":{}}', '{"ResponseContext":{"RequestId":7}}']) {
      expect(idOf(json(200, other))).toBeNull();
    }
    expect(idOf(json(200, { ResponseContext: { RequestId: SECRET } }))).toBe('(sensitive)');
  });

  it('that are not as documented name the request and what it was about', async () => {
    const { http } = script(json(200, { AccessKeys: null, ResponseContext: { RequestId: 'request-1' } }));
    const error = await failureOf(clientOf(http).read({ UserName: 'ci' }));
    expect(error).toMatchObject({ code: 'malformed-answer', vendor: { status: 200, requestId: 'request-1' } });
    expect(error.message).toMatch(/^Outscale ReadAccessKeys of user ci: /);
    for (const [call, about] of [
      [clientOf(http).create({ UserName: 'ci' }), 'CreateAccessKey of a key of user ci'],
      [clientOf(http).read({ Filters: { AccessKeyIds: ['AK'] } }), 'ReadAccessKeys of key AK'],
      [clientOf(http).update({ AccessKeyId: 'AK', State: 'ACTIVE' }), 'UpdateAccessKey of key AK'],
    ] as const) {
      expect((await failureOf(call)).message).toContain(`Outscale ${about}: `);
    }
  });

  it('signs each attempt with its own time, and puts a path prefix and a port where they belong', () => {
    let now = NOW;
    const options = { clock: { now: () => now, sleep: async () => {} }, region: 'eu-west-2', credential: KEY };
    const first = buildRequest({ ...options, endpoint: 'http://127.0.0.1:8804/prefix/api/v1' }, 'ReadAccessKeys', '{}');
    expect(first.url).toBe('http://127.0.0.1:8804/prefix/api/v1/ReadAccessKeys');
    now += 1000;
    const second = buildRequest(
      { ...options, endpoint: 'http://127.0.0.1:8804/prefix/api/v1' },
      'ReadAccessKeys',
      '{}',
    );
    expect(first.headers['x-osc-date']).toBe('20260101T000000Z');
    expect(second.headers['x-osc-date']).toBe('20260101T000001Z');
    expect(second.headers.authorization).not.toBe(first.headers.authorization);
  });

  it('signs exactly as vector B', () => {
    const clock = { now: () => NOW, sleep: async () => {} };
    const endpoint = 'https://api.eu-west-2.outscale.com/api/v1';
    const request = buildRequest({ clock, endpoint, region: 'eu-west-2', credential: KEY }, 'ReadAccessKeys', '{}');
    expect(request.headers.authorization).toContain(
      'Signature=d371444c9ab245acc0f2ca5819debba29c362d31c1e738a4aae141d15d00ad1c',
    );
  });

  it('sends a login and password with the date beside them', () => {
    const clock = { now: () => NOW, sleep: async () => {} };
    const credential: Credential = { kind: 'password', login: 'a@b.example', password: new Secret('pass:word') };
    const request = buildRequest(
      { clock, endpoint: 'https://h/api/v1', region: 'r', credential },
      'ReadAccessKeys',
      '{}',
    );
    expect(request.headers).toEqual({
      'content-type': 'application/json; charset=utf-8',
      'x-osc-date': '20260101T000000Z',
      authorization: `Basic ${Buffer.from('a@b.example:pass:word').toString('base64')}`,
    });
  });
});

// Every row of the vendor's table: code, type, HTTP status, what it is for a read, and for a create.
const ROWS: readonly [code: string, type: string, status: number, read: ErrorCode, create?: ErrorCode][] = [
  ['0', 'DefaultError', 400, 'invalid-argument'],
  ['1', 'AccessDenied', 401, 'unauthorized'],
  ['2', 'AccessDenied', 405, 'invalid-configuration'],
  ['4', 'AccessDenied', 401, 'forbidden'],
  ['5', 'AccessDenied', 401, 'forbidden'],
  ['6', 'AccessDenied', 503, 'throttled'],
  ['7', 'AccessDenied', 401, 'forbidden'],
  ['8', 'WrongAuthenticationMethod', 403, 'unauthorized'],
  ['9', 'AuthFailure', 401, 'forbidden'],
  ['10', 'MissingLoginPassword', 403, 'unauthorized'],
  ['11', 'AccessDenied', 401, 'locked-out'],
  ['12', 'AccessDenied', 401, 'unauthorized'],
  ['13', 'AccessDenied', 401, 'locked-out'],
  ['14', 'AccessDenied', 401, 'forbidden'],
  ['20', 'PasswordExpired', 401, 'unauthorized'],
  ['24', 'AccessDenied', 429, 'throttled'],
  ['25', 'AccessDenied', 429, 'throttled'],
  ['4000', 'InvalidParameterValue', 400, 'not-found'],
  ...['4022', '4025', '4032', '4043', '4045', '4046', '4047', '4105', '4106', '4108', '4111'].map(
    (code) => [code, 'InvalidParameterValue', 400, 'invalid-argument'] as [string, string, number, ErrorCode],
  ),
  ['5027', 'InvalidResource', 400, 'not-found'],
  ['5075', 'InvalidResource', 400, 'invalid-argument'],
  ['6003', 'InvalidState', 409, 'invalid-state'],
  ['6004', 'InvalidState', 409, 'invalid-state'],
  // The statuses of these are assumed, so another one must not matter.
  ['5027', 'InvalidResource', 404, 'not-found'],
  ['6003', 'InvalidState', 400, 'invalid-state'],
  ['9015', 'ResourceConflict', 409, 'conflict'],
  ['10005', 'TooManyResources (QuotaExceded)', 400, 'quota-exceeded'],
  ['77777', 'Unheard', 403, 'forbidden'],
  ['77777', 'Unheard', 400, 'invalid-argument'],
  ['77777', 'Unheard', 500, 'unavailable', 'outcome-unknown'],
  ['1', 'AccessDenied', 502, 'unavailable', 'outcome-unknown'],
];

describe('errors of the API', () => {
  it.each(ROWS)('code %s (%s) with HTTP %i is %s', async (code, type, status, read, create = read) => {
    const response = api(status, code, type);
    const error = await failureOf(clientOf(script(response).http).read({}));
    expect(error).toMatchObject({
      code: read,
      vendor: { status, code, message: `${type}: Words of the vendor.`, requestId: 'request-1' },
    });
    expect(error.message).toMatch(/^Outscale ReadAccessKeys of the caller: /);
    expect(error.detail).not.toBe('');
    expect((await failureOf(clientOf(script(response).http).create({}))).code).toBe(create);
  });

  it.each([
    ['throttled', [api(503, '6', 'AccessDenied'), api(429, '24', 'x'), api(429, '25', 'x'), json(429, 'slow down')]],
    ['transient', [json(503, 'down'), api(500, '0', 'DefaultError'), json(502, ''), json(408, '')]],
    [
      'final',
      [
        json(200, {}),
        api(401, '1', 'AccessDenied'),
        api(401, '13', 'AccessDenied'),
        api(400, '4045', 'x'),
        json(302, ''),
      ],
    ],
  ] as const)('judges as %s', (verdict, responses) => {
    expect(responses.map(judge)).toEqual(responses.map(() => verdict));
  });

  it('understands what gateways in front of the API answer', async () => {
    const problem = json(403, { type: 'about:blank', title: 'Forbidden', status: 403, detail: 'Not from here.' });
    expect(await failureOf(clientOf(script(problem).http).read({}))).toMatchObject({
      code: 'forbidden',
      vendor: { status: 403, code: 'about:blank', message: 'Forbidden: Not from here.', requestId: null },
    });
    const typed = json(400, { __type: 'com.vendor#ValidationException', message: 'No.' });
    expect(await failureOf(clientOf(script(typed).http).read({}))).toMatchObject({
      code: 'invalid-argument',
      vendor: { code: 'com.vendor#ValidationException', message: 'No.' },
    });
    expect(await failureOf(clientOf(script(json(404, '<h1>lost</h1>')).http).read({}))).toMatchObject({
      code: 'not-found',
      vendor: { status: 404, code: null, message: null },
    });
  });

  it('never throws on a body that is none of the documented forms', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), fc.integer({ min: 100, max: 599 }), (body, status) => {
        const response = { status, headers: {}, body };
        readProblem(response);
        expect(['final', 'throttled', 'transient']).toContain(judge(response));
      }),
    );
  });

  it('tells a wrong clock from a wrong key', async () => {
    const at = (ms: number) => ({ date: new Date(ms).toUTCString() });
    const late = await failureOf(clientOf(script(api(401, '1', 'x', '', at(NOW + 7 * 60_000))).http).read({}));
    expect(late.detail).toMatch(/clock is 7 minutes behind/);
    const early = await failureOf(clientOf(script(api(401, '1', 'x', '', at(NOW - 3_600_000))).http).read({}));
    expect(early.detail).toMatch(/clock is 60 minutes ahead of/);
    const right = await failureOf(clientOf(script(api(401, '1', 'x', '', at(NOW + 60_000))).http).read({}));
    expect(right.detail).not.toMatch(/clock/);
  });

  it('lets no secret, password or signature into an error, even when the vendor quotes them', async () => {
    const password = 'correct horse';
    const other = 'ZZZZZZZZZZZZZZZZZZZZ00000000000000000000';
    for (const credential of [
      KEY,
      { kind: 'password', login: 'a@b.example', password: new Secret(password) },
    ] as const) {
      const clock = { now: () => NOW, sleep: async () => {} };
      const endpoint = 'https://api.eu-west-2.outscale.com/api/v1';
      const { authorization = '' } = buildRequest(
        { clock, endpoint, region: 'eu-west-2', credential },
        'ReadAccessKeys',
        '{}',
      ).headers;
      const hiddenWords = credential.kind === 'key' ? [SECRET, other] : [SECRET, other, password];
      const words = `key ${SECRET}, password ${password}, other ${other}, header ${authorization}`;
      for (const response of [
        api(401, '1', words, words),
        api(400, '4047', words, words),
        api(500, '0', words, words),
      ]) {
        const client = clientOf(script(response).http, { credential });
        for (const act of [() => client.read({}), () => client.create({}), () => client.read({})]) {
          const error = await failureOf(act());
          const all = [
            error.message,
            error.detail,
            JSON.stringify(error),
            inspect(error, { depth: 9, showHidden: true }),
          ];
          for (const text of all) {
            for (const hidden of hiddenWords) expect(text).not.toContain(hidden);
            expect(text).not.toMatch(/[0-9a-f]{64}|Basic [A-Za-z0-9+/]{8}/);
          }
        }
      }
    }
  });
});

describe('lock-out: a refused credential', () => {
  it('is not tried again', async () => {
    const { http, sent } = script(api(401, '1', 'AccessDenied'), json(200, { AccessKeys: [] }));
    const client = clientOf(http);
    const first = await failureOf(client.read({}));
    const second = await failureOf(client.create({}));
    expect([first.code, second.code]).toEqual(['unauthorized', 'unauthorized']);
    expect(second.message).toMatch(/not sent/);
    expect(second.detail).toContain(first.detail);
    expect(sent).toHaveLength(1);
  });

  it('is tried by one call only when many start together, and then all go at once', async () => {
    const wrong = script(api(401, '1', 'AccessDenied'));
    const client = clientOf(wrong.http);
    const all = await Promise.all(Array.from({ length: 10 }, () => failureOf(client.read({}))));
    expect(all.map((e) => e.code)).toEqual(Array(10).fill('unauthorized'));
    expect(wrong.sent).toHaveLength(1);

    let release: (response: HttpResponse) => void = () => {};
    const right = script(new Promise<HttpResponse>((resolve) => (release = resolve)));
    const many = clientOf(right.http);
    const reads = Array.from({ length: 10 }, () => many.read({}));
    await new Promise((resolve) => setImmediate(resolve));
    expect(right.sent).toHaveLength(1);
    release(json(200, { AccessKeys: [] }));
    await Promise.all(reads);
    expect(right.sent).toHaveLength(10);
  });

  it('is tried by two more calls at most when the first one told nothing of it', async () => {
    // Sent, and no answer: nobody knows what the API made of the credential.
    const { http, sent } = script(new KeyformError('timeout', 'no answer'), api(401, '1', 'AccessDenied'));
    const client = clientOf(http);
    const all = await Promise.all(Array.from({ length: 10 }, () => failureOf(client.read({}))));
    expect(all.map((e) => e.code)).toEqual(['timeout', ...Array(9).fill('unauthorized')]);
    expect(sent).toHaveLength(3);
  });

  it('does not hold up other calls when the first one fails for another reason', async () => {
    const { http, sent } = script(new KeyformError('unreachable', 'no route'));
    const client = clientOf(http);
    const all = await Promise.all(Array.from({ length: 5 }, () => failureOf(client.read({}))));
    expect(all.map((e) => e.code)).toEqual(Array(5).fill('unreachable'));
    expect(sent).toHaveLength(5);
  });

  it('may be tried again when a lock of 60 seconds has passed, not before', async () => {
    let now = NOW;
    const { http, sent } = script(api(401, '13', 'AccessDenied'), json(200, { AccessKeys: [] }));
    const client = clientOf(http, { clock: { now: () => now } });
    expect((await failureOf(client.read({}))).detail).toMatch(/one minute/);
    now += 59_999;
    expect((await failureOf(client.read({}))).code).toBe('locked-out');
    expect(sent).toHaveLength(1);
    now += 1;
    expect(await client.read({})).toEqual([]);
  });

  it('is waited for no longer than the signal allows', async () => {
    const { http } = script(new Promise<HttpResponse>(() => {}));
    const client = clientOf(http);
    void client.read({});
    const controller = new AbortController();
    const waiting = failureOf(client.read({}, controller.signal));
    controller.abort();
    expect((await waiting).code).toBe('cancelled');
  });

  it('is not what a refusal for other reasons means', async () => {
    const { http, sent } = script(api(401, '14', 'AccessDenied'));
    const client = clientOf(http);
    await failureOf(client.read({}));
    await failureOf(client.read({}));
    expect(sent).toHaveLength(2);
  });
});
