import { describe, expect, it } from 'vitest';
import { KeyformError } from '../../../src/core/error.ts';
import type { HttpPort, HttpResponse } from '../../../src/core/http.ts';
import { Secret } from '../../../src/core/secret.ts';
import { TokenKeeper } from '../../../src/core/token.ts';
import {
  basicAuthorization,
  judge,
  readToken,
  requestToken,
  sourceOf,
  tokenRequest,
} from '../../../src/providers/sinch/auth.ts';
import { answer, BASIC, CREDENTIAL, failure, movingClock, scripted, tokenAnswer } from './script.ts';

const SECRETS = ['not-a-real-secret', BASIC.slice('Basic '.length)];
const HOST = 'https://auth.sinch.com';

describe('stages', () => {
  it.each([
    [CREDENTIAL.keyId, 'not-a-real-secret', BASIC],
    ['Aladdin', 'open sesame', 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='], // RFC 7617 section 2
    ['test', '123£', 'Basic dGVzdDoxMjPCow=='], // RFC 7617 section 2.1
  ])('encodes %s as HTTP Basic', (keyId, secret, header) => {
    expect(basicAuthorization({ keyId, keySecret: new Secret(secret) })).toBe(header);
  });

  it('asks for a token as the vendor’s SDK does', () => {
    expect(tokenRequest(HOST, CREDENTIAL)).toEqual({
      method: 'POST',
      url: 'https://auth.sinch.com/oauth2/token',
      headers: {
        authorization: BASIC,
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
      },
      body: 'grant_type=client_credentials',
    });
  });

  it.each([
    ['bearer', 3599, 3_539_000],
    ['Bearer', 3600, 3_540_000],
    ['Bearer', 10, 9_000], // a short life keeps a tenth in hand, not a minute
  ])('reads a token of type %s that lives %d s', (type, seconds, staleAfter) => {
    const body = { access_token: 'abc.def', expires_in: seconds, scope: '', token_type: type, unknown: [1] };
    const token = readToken(answer(200, body), 1_000_000);
    expect(token.value.reveal()).toBe('Bearer abc.def');
    expect(token.staleAt - 1_000_000).toBe(staleAfter);
  });

  it.each([
    ['not JSON', '<html>s3cr3t-token</html>'],
    ['no token', { expires_in: 3599, token_type: 'bearer' }],
    ['another type', { access_token: 's3cr3t-token', expires_in: 3599, token_type: 'mac' }],
    ['no life', { access_token: 's3cr3t-token', expires_in: 0, token_type: 'bearer' }],
    ['a line break', { access_token: 's3cr3t-token\r\nx: y', expires_in: 3599, token_type: 'bearer' }],
  ])('refuses a token answer with %s', async (_, body) => {
    const error = await failure(
      Promise.resolve().then(() => readToken(answer(200, body), 0)),
      ['s3cr3t'],
    );
    expect(error.code).toBe('malformed-answer');
  });

  it.each([
    [200, 'final'],
    [302, 'final'],
    [400, 'final'],
    [401, 'final'],
    [429, 'throttled'],
    [500, 'transient'],
    [501, 'transient'],
    [503, 'transient'],
  ])('judges HTTP %d as %s', (status, verdict) => {
    expect(judge(answer(status))).toBe(verdict);
  });
});

describe('errors of the token endpoint', () => {
  it.each([
    [401, { error: 'invalid_client' }, 'unauthorized'],
    [401, '', 'unauthorized'],
    [400, { error: 'invalid_client' }, 'unauthorized'],
    [400, { error: 'unsupported_grant_type' }, 'invalid-argument'],
    [400, { error: 'unauthorized_client' }, 'forbidden'],
    [400, 'bad', 'malformed-answer'],
    [403, '', 'forbidden'],
    [404, '<html>', 'malformed-answer'],
    [302, '', 'malformed-answer'],
    [429, '', 'throttled'],
    [500, '', 'unavailable'],
    [503, '', 'unavailable'],
  ])('HTTP %d with %j is %s', async (status, body, code) => {
    const http = scripted({ GetToken: answer(status, body) });
    const error = await failure(requestToken({ http, clock: movingClock() }, HOST, CREDENTIAL), SECRETS);
    expect(error.code).toBe(code);
    expect(error.vendor?.status).toBe(status);
    expect(http.sent).toHaveLength(1);
  });

  it('keeps a request that is echoed out of the error', async () => {
    const echo = `you sent ${BASIC} that is not-a-real-secret`;
    const http = scripted({ GetToken: answer(401, { error: 'invalid_client', error_description: echo }) });
    const error = await failure(requestToken({ http, clock: movingClock() }, HOST, CREDENTIAL), SECRETS);
    expect(error.vendor).toMatchObject({ code: 'invalid_client', message: 'you sent (sensitive) that is (sensitive)' });
  });
});

/** A port whose answers the test gives when it likes. */
function held(): HttpPort & { readonly open: { reply(response: HttpResponse): void; signal?: AbortSignal }[] } {
  const open: { reply(response: HttpResponse): void; signal?: AbortSignal }[] = [];
  return {
    open,
    async send(call) {
      await call.build(0);
      return new Promise((resolve) => {
        open.push({ reply: resolve, ...(call.signal === undefined ? {} : { signal: call.signal }) });
      });
    },
  };
}

const refused = (): KeyformError => new KeyformError('unauthorized', 'refused by the API', { detail: 'Look.' });

/** Lets everything that is ready run. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a shared token', () => {
  const shared = (http: HttpPort, clock = movingClock()) =>
    new TokenKeeper(sourceOf({ http, clock }, HOST, CREDENTIAL, 'oauth2'), clock);

  it('is asked for once by any number of parallel calls', async () => {
    const http = held();
    const auth = shared(http);
    const waiting = Array.from({ length: 50 }, () => auth.token());
    await settle();
    expect(http.open).toHaveLength(1);
    http.open[0]?.reply(tokenAnswer('one'));
    const headers = await Promise.all(waiting);
    expect(new Set(headers.map((header) => header.reveal()))).toEqual(new Set(['Bearer one']));
    expect((await auth.token()).reveal()).toBe('Bearer one');
    expect(http.open).toHaveLength(1);
  });

  it('is renewed a minute before its end', async () => {
    const clock = movingClock();
    const http = scripted({ GetToken: [tokenAnswer('one'), tokenAnswer('two')] });
    const auth = shared(http, clock);
    await auth.token();
    clock.advance((3599 - 60) * 1000 - 1);
    expect((await auth.token()).reveal()).toBe('Bearer one');
    clock.advance(1);
    expect((await auth.token()).reveal()).toBe('Bearer two');
  });

  it('counts its life from when the attempt that brought it was sent, not from the answer or an earlier attempt', async () => {
    const clock = movingClock(0);
    const http: HttpPort = {
      async send(call) {
        await call.build(0);
        clock.advance(30_000); // backed off
        await call.build(1);
        clock.advance(5_000); // on its way
        return tokenAnswer('one', 3600);
      },
    };
    const token = await requestToken({ http, clock }, HOST, CREDENTIAL);
    expect(token.staleAt).toBe(30_000 + 3_540_000);
  });

  it('is replaced once when parallel calls report the same refusal', async () => {
    const http = scripted({ GetToken: [tokenAnswer('one'), tokenAnswer('two'), tokenAnswer('three')] });
    const auth = shared(http);
    const first = await auth.token();
    const renewed = await Promise.all([1, 2, 3].map(() => auth.renew(first, refused())));
    renewed.push(await auth.renew(first, refused())); // a straggler, after the new one arrived
    expect(new Set(renewed.map((header) => header.reveal()))).toEqual(new Set(['Bearer two']));
    expect(http.sent).toHaveLength(2);
  });

  it.each([
    [401, ''],
    [400, { error: 'invalid_client' }],
  ])('is never asked for again after HTTP %d %j', async (status, body) => {
    const http = scripted({ GetToken: [answer(status, body), tokenAnswer()] });
    const auth = shared(http);
    const first = await failure(auth.token(), SECRETS);
    expect(first).toMatchObject({
      code: 'unauthorized',
      message: `Sinch does not accept access key ${CREDENTIAL.keyId}`,
    });
    expect(await failure(auth.token(), SECRETS)).toBe(first);
    expect(http.sent).toHaveLength(1);
  });

  it('is asked for again after a failure that may pass', async () => {
    const http = scripted({ GetToken: [answer(503), tokenAnswer('two')] });
    const auth = shared(http);
    expect((await failure(auth.token(), SECRETS)).code).toBe('unavailable');
    expect((await auth.token()).reveal()).toBe('Bearer two');
  });

  it('outlives one caller’s abort, and is given up with the last', async () => {
    const http = held();
    const auth = shared(http);
    const [a, b, c] = [new AbortController(), new AbortController(), new AbortController()];
    const [first, second] = [failure(auth.token(a.signal)), auth.token(b.signal)];
    await settle();
    a.abort();
    expect((await first).code).toBe('cancelled');
    expect(http.open[0]?.signal?.aborted).toBe(false);
    http.open[0]?.reply(tokenAnswer('one'));
    const header = await second;
    expect(header.reveal()).toBe('Bearer one');

    const third = failure(auth.renew(header, refused(), c.signal));
    await settle();
    c.abort();
    expect((await third).code).toBe('cancelled');
    expect(http.open[1]?.signal?.aborted).toBe(true);
    const fourth = auth.token();
    await settle();
    http.open[2]?.reply(tokenAnswer('two'));
    expect((await fourth).reveal()).toBe('Bearer two');
  });
});

describe('HTTP Basic on every call', () => {
  it('remembers the first refusal', async () => {
    const ports = { http: scripted({}), clock: movingClock() };
    const auth = new TokenKeeper(sourceOf(ports, HOST, CREDENTIAL, 'basic'), ports.clock);
    const header = await auth.token();
    expect(header.reveal()).toBe(BASIC);
    const error = refused();
    expect(await failure(auth.renew(header, error), SECRETS)).toBe(error);
    expect(await failure(auth.token())).toBe(error);
  });
});
