import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ErrorCode, isKeyformError, type KeyformError, SecretArrivedError } from '../../../src/core/error.ts';
import type { HttpCall, HttpPort, HttpRequest, HttpResponse, Verdict } from '../../../src/core/http.ts';
import { Secret } from '../../../src/core/secret.ts';
import { type ClientOptions, createClient } from '../../../src/providers/tencent/client.ts';
import { judge, readProblem, requestIdIn } from '../../../src/providers/tencent/failure.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const SECRET = 'ExampleSecretKey0000000000000000';
const credential = { secretId: 'AKIDEXAMPLE0000000000000000000000000', secretKey: new Secret(SECRET), token: null };
const REQUEST_ID = '0475ca1e-d0c5-441d-712a-da55a4175157';

/** A port that gives one answer for ever, and keeps what it was asked. */
function script(reply: HttpResponse) {
  const sent: { call: HttpCall; request: HttpRequest }[] = [];
  const http: HttpPort = {
    async send(call) {
      sent.push({ call, request: await call.build(0) });
      return reply;
    },
  };
  return { http, sent };
}

function clientOf(http: HttpPort, options: Partial<ClientOptions> = {}) {
  return createClient({
    http,
    clock: { now: () => NOW, sleep: async () => {} },
    endpoint: 'https://cam.tencentcloudapi.com',
    service: 'cam',
    version: '2019-01-16',
    region: null,
    actions: { ListAccessKeys: 20, CreateAccessKey: 5 },
    credential,
    ...options,
  });
}

const http = (status: number, body: unknown, headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const error = (Code: unknown, Message: unknown = 'Words of the vendor.', status = 200, headers = {}) =>
  http(status, { Response: { Error: { Code, Message }, RequestId: REQUEST_ID } }, headers);

const ANY = z.object({ AccessKeys: z.array(z.unknown()).nullable() });
const list = (response: HttpResponse, options: Partial<ClientOptions> = {}) =>
  clientOf(script(response).http, options).call(
    'ListAccessKeys',
    {},
    {
      schema: ANY,
      safe: true,
      subject: 'account 100',
      owner: 'account 100',
    },
  );
const create = (response: HttpResponse) =>
  clientOf(script(response).http).call(
    'CreateAccessKey',
    {},
    {
      schema: ANY,
      safe: false,
      subject: 'a key of account 100',
      owner: 'account 100',
    },
  );

async function failureOf(promise: Promise<unknown>): Promise<KeyformError> {
  const reason = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!isKeyformError(reason)) throw new Error(`expected a KeyformError, got ${inspect(reason)}`);
  return reason;
}

describe('a call', () => {
  it('is made in the vendor’s form, tells whose keys it is about, and draws from a bucket of account and action', async () => {
    const { http: port, sent } = script(http(200, { Response: { AccessKeys: [], RequestId: REQUEST_ID } }));
    const client = clientOf(port, { region: 'ap-singapore' });
    const how = { schema: ANY, safe: true, subject: 's', owner: 'account 100' };
    expect(await client.call('ListAccessKeys', { TargetUin: 100 }, how)).toEqual({ AccessKeys: [] });
    const [{ call, request } = {}] = sent;
    const limits = [
      {
        bucket: `tencent cam https://cam.tencentcloudapi.com ${credential.secretId} ListAccessKeys`,
        perSecond: 20,
      },
    ];
    expect(call).toMatchObject({ action: 'ListAccessKeys', owner: 'account 100', safe: true, limits });
    expect(request).toMatchObject({
      method: 'POST',
      url: 'https://cam.tencentcloudapi.com/',
      body: '{"TargetUin":100}',
      headers: { 'x-tc-action': 'ListAccessKeys', 'x-tc-version': '2019-01-16', 'x-tc-region': 'ap-singapore' },
    });
    expect(client.limitsOf('ListAccessKeys')).toEqual(limits);
    expect(client.limitsOf('CreateAccessKey')).not.toEqual(limits);
    expect(() => client.limitsOf('toString')).toThrow(/no action/);
  });

  it('signs each attempt with its own time', async () => {
    let now = NOW;
    const stamps: (string | undefined)[] = [];
    const port: HttpPort = {
      async send(call) {
        for (const attempt of [0, 1]) {
          stamps.push((await call.build(attempt)).headers['x-tc-timestamp']);
          now += 2000;
        }
        return http(200, { Response: { AccessKeys: null } });
      },
    };
    const client = clientOf(port, { clock: { now: () => now, sleep: async () => {} } });
    await client.call('ListAccessKeys', {}, { schema: ANY, safe: true, subject: 's', owner: 'o' });
    expect(stamps).toEqual(['1767225600', '1767225602']);
  });

  it.each([
    ['no JSON', http(200, '<html>')],
    ['no Response', http(200, { AccessKeys: [] })],
    ['a null Response', http(200, { Response: null })],
    ['a Response without what was asked for', http(200, { Response: { RequestId: REQUEST_ID } })],
    ['an error without a code', error(null)],
    ['an error that is empty', http(200, { Response: { Error: {} } })],
    ['an error whose code is no text', error(7)],
  ])('names an answer that is %s, and doubts a create', async (_what, response) => {
    expect((await failureOf(list(response))).code).toBe('malformed-answer');
    expect((await failureOf(create(response))).code).toBe('outcome-unknown');
  });

  it('keeps a secret that arrives in an answer of another form, whatever else is wrong', async () => {
    const Response = { AccessKey: { AccessKeyId: 'AKIDNEW', SecretAccessKey: 'NewSecret', CreateTime: 7 } };
    const sending = clientOf(script(http(200, { Response })).http).call(
      'CreateAccessKey',
      {},
      {
        schema: z.object({ AccessKey: z.object({ CreateTime: z.string() }) }),
        safe: false,
        subject: 'a key of account 100',
        owner: 'account 100',
        precious: { secret: ['AccessKey', 'SecretAccessKey'], id: ['AccessKey', 'AccessKeyId'] },
      },
    );
    const reason = await failureOf(sending);
    if (!(reason instanceof SecretArrivedError)) throw new Error(`the secret is lost: ${inspect(reason)}`);
    expect(reason.secret.reveal()).toBe('NewSecret');
    expect(reason.keyId).toBe('AKIDNEW');
    expect(reason.message).toContain('"Response.AccessKey.CreateTime"');
    expect(inspect(reason, { depth: 9 })).not.toContain('NewSecret');
  });
});

// Codes of the dossiers' tables: what each is for a read, and for a create where that differs.
const CODES: readonly [code: string, read: ErrorCode, verdict: Verdict, create?: ErrorCode][] = [
  ['RequestLimitExceeded', 'throttled', 'throttled'],
  ['RequestLimitExceeded.UinLimitExceeded', 'throttled', 'throttled'],
  ['RequestLimitExceeded.IPLimitExceeded', 'throttled', 'throttled'],
  ['RequestLimitExceeded.GlobalRegionUinLimitExceeded', 'throttled', 'throttled'],
  ['InternalError', 'unavailable', 'transient', 'outcome-unknown'],
  ['InternalError.UnknownError', 'unavailable', 'transient', 'outcome-unknown'],
  ['InternalError.ApigwException', 'unavailable', 'transient', 'outcome-unknown'],
  ['ServiceUnavailable', 'unavailable', 'transient', 'outcome-unknown'],
  ['AuthFailure.InvalidAuthorization', 'unauthorized', 'final'],
  ['AuthFailure.InvalidSecretId', 'unauthorized', 'final'],
  ['AuthFailure.MFAFailure', 'forbidden', 'final'],
  ['AuthFailure.SecretIdNotFound', 'unauthorized', 'final'],
  ['AuthFailure.SignatureExpire', 'unauthorized', 'final'],
  ['AuthFailure.SignatureFailure', 'unauthorized', 'final'],
  ['AuthFailure.TokenFailure', 'unauthorized', 'final'],
  ['AuthFailure.UnauthorizedOperation', 'forbidden', 'final'],
  ['AuthFailure.SomethingNew', 'unauthorized', 'final'],
  ['UnauthorizedOperation', 'forbidden', 'final'],
  ['UnauthorizedOperation.UncertifiedUser', 'forbidden', 'final'],
  ['OperationDenied.AccessKeyOverLimit', 'quota-exceeded', 'final'],
  ['OperationDenied.SubUin', 'forbidden', 'final'],
  ['OperationDenied.UinNotMatch', 'forbidden', 'final'],
  ['ResourceNotFound.SecretNotExist', 'not-found', 'final'],
  ['ResourceNotFound.InvalidAccessKeyId', 'not-found', 'final'],
  ['InvalidParameter', 'invalid-argument', 'final'],
  ['InvalidParameter.ParamError', 'invalid-argument', 'final'],
  ['InvalidParameter.UserNotExist', 'invalid-argument', 'final'],
  ['InvalidParameter.FormatError', 'invalid-argument', 'final'],
  ['InvalidParameterValue.InvalidFilterNotSupportedName', 'invalid-argument', 'final'],
  ['InvalidParameterValue.InvalidRegion', 'invalid-configuration', 'final'],
  ['UnsupportedRegion', 'invalid-configuration', 'final'],
  ['MissingParameter', 'invalid-argument', 'final'],
  ['UnknownParameter', 'invalid-argument', 'final'],
  ['InvalidRequest', 'invalid-argument', 'final'],
  ['InvalidAction', 'invalid-configuration', 'final'],
  ['NoSuchVersion', 'invalid-configuration', 'final'],
  ['UnsupportedProtocol', 'invalid-configuration', 'final'],
  ['ActionOffline', 'unavailable', 'final'],
  ['NoSuchProduct', 'unavailable', 'final'],
  ['IpInBlacklist', 'forbidden', 'final'],
  ['IpNotInWhitelist', 'forbidden', 'final'],
  ['LimitExceeded', 'quota-exceeded', 'final'],
  ['LimitExceeded.ApiKeyCountLimitExceeded', 'quota-exceeded', 'final'],
  ['FailedOperation', 'unavailable', 'final'],
  ['FailedOperation.Accesskey', 'unavailable', 'final'],
  ['FailedOperation.CamException', 'unavailable', 'final'],
  ['FailedOperation.AccessKeyExist', 'conflict', 'final'],
  ['ResourceInUse', 'invalid-state', 'final'],
  ['ResourceInsufficient', 'unavailable', 'final'],
  ['ResourceUnavailable', 'unavailable', 'final'],
  ['RequestSizeLimitExceeded', 'invalid-argument', 'final'],
  ['ResponseSizeLimitExceeded', 'unavailable', 'final'],
  ['DryRunOperation', 'invalid-argument', 'final'],
  ['UnsupportedOperation', 'invalid-state', 'final'],
  ['UnsupportedOperation.InvalidStatus', 'invalid-state', 'final'],
  ['UnsupportedOperation.ResourceIsInUse', 'invalid-state', 'final'],
  ['UnsupportedOperation.UinNotInWhiteList', 'forbidden', 'final'],
  ['UnsupportedOperation.UnpackError', 'unavailable', 'final'],
  ['UnsupportedOperation.UnsupportedUpdateApiKey', 'invalid-state', 'final'],
  ['SomethingElse.Entirely', 'invalid-argument', 'final'],
  // A word as long as a secret is: 32 letters.
  ['UnauthorizedOperation.UnauthorizedOperationButNotQuite', 'forbidden', 'final'],
  // Not a member of the table by way of Object.prototype.
  ['constructor', 'invalid-argument', 'final'],
];

describe('errors inside HTTP 200', () => {
  it.each(CODES)('%s is %s, and %s for the port', async (code, read, verdict, made = read) => {
    const response = error(code);
    expect(judge(response)).toBe(verdict);
    const failed = await failureOf(list(response));
    expect(failed).toMatchObject({
      code: read,
      message: expect.stringMatching(/^Tencent Cloud ListAccessKeys of account 100: /),
      vendor: { status: 200, code, message: 'Words of the vendor.', requestId: REQUEST_ID },
    });
    expect(failed.detail).not.toBe('');
    const refused = await failureOf(create(response));
    expect(refused.code).toBe(made);
    expect(refused.message).toMatch(/^Tencent Cloud CreateAccessKey of a key of account 100: /);
    expect(refused.vendor).toMatchObject({ code, requestId: REQUEST_ID });
  });

  it.each([200, 503])('throttling is repeated even for a create, also under HTTP %i', async (status) => {
    expect(judge(error('RequestLimitExceeded', 'x', status))).toBe('throttled');
    expect((await failureOf(create(error('RequestLimitExceeded', 'x', status)))).code).toBe('throttled');
  });

  it('are known by their codes, never by their words', async () => {
    const words = 'RequestLimitExceeded AuthFailure.SignatureFailure ResourceNotFound.SecretNotExist';
    expect(judge(error('InvalidParameter.ParamError', words))).toBe('final');
    expect((await failureOf(list(error('InvalidParameter.ParamError', words)))).code).toBe('invalid-argument');
  });

  it.each([
    ['OperationDenied.AccessKeyOverLimit', 'quota-exceeded', /two keys/, /strategy = "delete_first"/],
    ['OperationDenied.UinNotMatch', 'forbidden', /another account/, /"target_uin"/],
    ['OperationDenied.SubUin', 'forbidden', /sub-user/, /main account/],
    ['InvalidParameter.UserNotExist', 'invalid-argument', /no such account/, /"target_uin".*`removed`/],
    ['UnknownParameter', 'invalid-argument', /parameter/, /international site.*"description"/],
    ['AuthFailure.TokenFailure', 'unauthorized', /token/, /TENCENTCLOUD_TOKEN/],
    ['AuthFailure.SecretIdNotFound', 'unauthorized', /credential/, /TENCENTCLOUD_SECRET_ID.*does not try/],
  ])('%s says what to do', async (code, kind, what, todo) => {
    expect(await failureOf(list(error(code)))).toMatchObject({
      code: kind,
      message: expect.stringMatching(what),
      detail: expect.stringMatching(todo),
    });
  });
});

describe('answers of another status', () => {
  it.each([
    [429, 'throttled', 'throttled', 'throttled'],
    [500, 'transient', 'unavailable', 'outcome-unknown'],
    [503, 'transient', 'unavailable', 'outcome-unknown'],
    [408, 'transient', 'unavailable', 'outcome-unknown'],
    [401, 'final', 'unauthorized', 'unauthorized'],
    [403, 'final', 'forbidden', 'forbidden'],
    [404, 'final', 'not-found', 'not-found'],
    [400, 'final', 'invalid-argument', 'invalid-argument'],
    [302, 'final', 'malformed-answer', 'malformed-answer'],
  ] as const)(
    '%i without a code is %s for the port, %s for a read, %s for a create',
    async (status, verdict, read, made) => {
      for (const body of ['', '<h1>no</h1>', '{"Response":{}}']) {
        const response = http(status, body);
        expect(judge(response)).toBe(verdict);
        expect(await failureOf(list(response))).toMatchObject({
          code: read,
          vendor: { status, code: null, message: null, requestId: null },
        });
        expect((await failureOf(create(response))).code).toBe(made);
      }
    },
  );

  it('count by their code where they have one', async () => {
    expect((await failureOf(list(error('OperationDenied.SubUin', 'x', 400)))).code).toBe('forbidden');
    // A failing gateway proves nothing of what the API behind it did.
    expect((await failureOf(create(error('OperationDenied.SubUin', 'x', 502)))).code).toBe('outcome-unknown');
  });
});

describe('a wrong clock', () => {
  const expired = (ms: number | null) =>
    failureOf(
      list(error('AuthFailure.SignatureExpire', 'x', 200, ms === null ? {} : { date: new Date(ms).toUTCString() })),
    );

  it('is named, with how far off it is where the answer tells', async () => {
    expect((await expired(NOW + 7 * 60_000)).detail).toMatch(/clock is 7 minutes behind/);
    expect((await expired(NOW - 3_600_000)).detail).toMatch(/clock is 60 minutes ahead of/);
    expect((await expired(null)).detail).toMatch(/clock is off/);
    expect((await expired(NOW)).detail).toMatch(/clock agrees/);
    expect((await expired(NOW + 4 * 60_000)).detail).toMatch(/clock agrees/);
  });

  it('is not suspected for other refusals', async () => {
    const late = { date: new Date(NOW + 3_600_000).toUTCString() };
    expect((await failureOf(list(error('AuthFailure.SignatureFailure', 'x', 200, late)))).detail).not.toMatch(/clock/);
  });
});

describe('secrecy', () => {
  it('lets no secret, token or signature into an error or a request id, even when the vendor echoes them', async () => {
    const token = 'a token: with "signs" in it';
    const chosen = 'HushHush';
    const { http: port, sent } = script(http(200, '{}'));
    const withToken = { ...credential, token: new Secret(token) };
    const how = {
      schema: ANY,
      safe: true,
      subject: 's',
      owner: 'o',
      secrets: [new Secret(chosen)],
    };
    await failureOf(clientOf(port, { credential: withToken }).call('ListAccessKeys', {}, how));
    const authorization = sent[0]?.request.headers.authorization ?? '';
    expect(authorization).toMatch(/Signature=[0-9a-f]{64}$/);
    const hidden = [
      SECRET,
      token,
      chosen,
      authorization.slice(-64),
      // What other people's secrets and v1 signatures look like.
      'AnotherSecretKey0000000000000000',
      'AnotherGatewaySecret00000000000000000000',
      '+y0pzAWNsqMz/ODoF3cZRuuYKDIvg9jnZbuYq6SPbDY=',
      'EliP9YW3pW28FpsEdkXt/+WcGeI=',
    ];
    const words = `You sent ${authorization}, ${hidden.join(', ')}.`;
    for (const response of [
      error('AuthFailure.SignatureFailure', words),
      error(`InvalidParameter.${SECRET}`, words),
      error('InternalError', words),
      error('InvalidParameter.HushHush', words),
      error('InvalidParameter', words, 400),
      http(200, { Response: { Error: { Code: words, Message: words }, RequestId: words } }),
    ]) {
      const client = clientOf(script(response).http, { credential: withToken });
      const failed = await failureOf(client.call('ListAccessKeys', {}, how));
      const unsure = await failureOf(client.call('CreateAccessKey', {}, { ...how, safe: false }));
      for (const reason of [failed, unsure]) {
        const texts = [reason.message, reason.detail, JSON.stringify(reason), inspect(reason, { depth: 9 })];
        for (const text of texts) for (const secret of hidden) expect(text).not.toContain(secret);
      }
      for (const secret of hidden)
        expect(requestIdIn(response, how.secrets.concat(withToken.secretKey)) ?? '').not.toContain(secret);
    }
  });

  it('keeps ids, which say which key it was', async () => {
    const words = 'key AKIDabcdefghijklmnopqrstuvwxyz012345 and AKID012345678901234567890123456789012345';
    expect((await failureOf(list(error('InvalidParameter', words)))).vendor?.message).toBe(words);
  });
});

describe('request ids', () => {
  it('are told to the log, of good answers and bad', async () => {
    const { http: port, sent } = script(http(200, { Response: { AccessKeys: [], RequestId: REQUEST_ID } }));
    await clientOf(port).call('ListAccessKeys', {}, { schema: ANY, safe: true, subject: 's', owner: 'o' });
    const { call } = sent[0] ?? {};
    expect(call?.requestId?.(http(200, { Response: { RequestId: REQUEST_ID } }))).toBe(REQUEST_ID);
    expect(call?.requestId?.(error('InternalError'))).toBe(REQUEST_ID);
    for (const body of ['', '<html>', 'null', '{}', '{"Response":{"RequestId":7}}']) {
      expect(call?.requestId?.(http(502, body))).toBeNull();
    }
  });

  it('stand in the error about an answer that is not as documented', async () => {
    const { http: port } = script(http(200, { Response: { AccessKeys: null, RequestId: REQUEST_ID } }));
    const schema = z.object({ AccessKeys: z.array(z.string()) });
    const refused = await failureOf(
      clientOf(port).call('ListAccessKeys', {}, { schema, safe: true, subject: 's', owner: 'o' }),
    );
    expect(refused).toMatchObject({ code: 'malformed-answer', vendor: { status: 200, requestId: REQUEST_ID } });
  });

  it('and verdicts are found in anything without throwing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), fc.integer({ min: 100, max: 599 }), (body, status) => {
        const response = { status, headers: {}, body };
        expect(readProblem(response)).toBeNull();
        expect(['final', 'throttled', 'transient']).toContain(judge(response));
        requestIdIn(response, []);
      }),
    );
  });
});
