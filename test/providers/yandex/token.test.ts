import { describe, expect, it } from 'vitest';
import { KeyformError } from '../../../src/core/error.ts';
import type { HttpPort, HttpResponse } from '../../../src/core/http.ts';
import { Secret } from '../../../src/core/secret.ts';
import { TokenKeeper } from '../../../src/core/token.ts';
import { type Credential, readCredential } from '../../../src/providers/yandex/credential.ts';
import { emulator } from '../../../src/providers/yandex/emulator.ts';
import { sourceOf } from '../../../src/providers/yandex/token.ts';
import { readText } from '../loopback.ts';
import {
  answer,
  authorizedKey,
  deliver,
  failure,
  movingClock,
  NOW,
  type Recording,
  recording,
  refusal,
  SEED,
  scripted,
  tokenAnswer,
} from './script.ts';

const ENDPOINT = 'https://iam.api.cloud.yandex.net';
const key = authorizedKey();
const HOUR = 3_600_000;
const refused = (): KeyformError => new KeyformError('unauthorized', 'refused by the API', { detail: 'Look.' });

async function keyCredential(): Promise<Credential> {
  return readCredential({ service_account_key_file: key.text }, { readText });
}

async function keeper(
  http: HttpPort,
  clock = movingClock(),
  credential?: Credential,
  read = readText,
): Promise<TokenKeeper> {
  const source = sourceOf(credential ?? (await keyCredential()), ENDPOINT, { http, clock, readText: read });
  return new TokenKeeper(source, clock);
}

/** A port whose answers the test gives when it likes. */
function held(): HttpPort & {
  readonly open: { reply(response: HttpResponse): void; signal: AbortSignal | undefined }[];
} {
  const open: { reply(response: HttpResponse): void; signal: AbortSignal | undefined }[] = [];
  return {
    open,
    async send(call) {
      await call.build(0);
      return new Promise((resolve) => {
        open.push({ reply: resolve, signal: call.signal });
      });
    },
  };
}

/** Lets everything that is ready run. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('an IAM token by an authorized key', () => {
  it('comes from an API that verifies the JWT, and is made anew for each attempt', async () => {
    const clock = movingClock();
    const emulated = emulator({ data: null, clock, seed: SEED, options: { authorized_keys: [key.option] } });
    let lose = 2;
    const http = recording((request) => {
      clock.advance(1_000);
      lose -= 1;
      return lose >= 0 ? null : deliver(emulated, request);
    }, 3);
    const token = await (await keeper(http, clock)).token();
    expect(token.reveal()).toMatch(/^t1\./);
    expect(http.actions()).toEqual(['CreateIamToken', 'CreateIamToken', 'CreateIamToken']);
    const issued = http.sent.map(({ request }) => {
      const { jwt } = JSON.parse(request.body ?? '') as { jwt: string };
      return (JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as { iat: number }).iat;
    });
    expect(issued).toEqual([0, 1, 2].map((second) => NOW / 1000 + second));
    expect(http.sent[0]).toMatchObject({ safe: true, request: { url: `${ENDPOINT}/iam/v1/tokens` } });
  });

  it('is asked for once by any number of parallel calls', async () => {
    const http = held();
    const tokens = await keeper(http);
    const waiting = Array.from({ length: 50 }, () => tokens.token());
    await settle();
    expect(http.open).toHaveLength(1);
    http.open[0]?.reply(tokenAnswer('one'));
    expect(new Set((await Promise.all(waiting)).map((token) => token.reveal()))).toEqual(new Set(['one']));
    expect((await tokens.token()).reveal()).toBe('one');
    expect(http.open).toHaveLength(1);
  });

  it('is replaced five minutes before its end, as the API told it', async () => {
    const clock = movingClock();
    const http = scripted({ CreateIamToken: [tokenAnswer('one'), tokenAnswer('two')] });
    const tokens = await keeper(http, clock);
    await tokens.token();
    clock.advance(12 * HOUR - 300_001);
    expect((await tokens.token()).reveal()).toBe('one');
    clock.advance(1);
    expect((await tokens.token()).reveal()).toBe('two');
  });

  it('is replaced once when parallel calls report the same refusal', async () => {
    const http = scripted({ CreateIamToken: [tokenAnswer('one'), tokenAnswer('two'), tokenAnswer('three')] });
    const tokens = await keeper(http);
    const first = await tokens.token();
    const renewed = await Promise.all([1, 2, 3].map(() => tokens.renew(first, refused())));
    renewed.push(await tokens.renew(first, refused())); // a straggler, after the new one arrived
    expect(new Set(renewed.map((token) => token.reveal()))).toEqual(new Set(['two']));
    expect(http.sent).toHaveLength(2);
    expect(tokens.secrets.map((secret) => secret.reveal())).toEqual(['one', 'two']);
  });

  it('is given up when the API gives the refused one out again', async () => {
    const http = scripted({ CreateIamToken: tokenAnswer('one') });
    const tokens = await keeper(http);
    const error = refused();
    const first = await tokens.token();
    expect(await failure(tokens.renew(first, error))).toBe(error);
    expect(await failure(tokens.token())).toBe(error);
    expect(http.sent).toHaveLength(2);
  });

  it('is never asked for again once the key was refused', async () => {
    for (const response of [refusal(16), refusal(3), refusal(5), answer(401)]) {
      const http = scripted({ CreateIamToken: [response, tokenAnswer()] });
      const tokens = await keeper(http);
      const error = await failure(tokens.token(), [key.secret]);
      expect(error).toMatchObject({
        code: 'unauthorized',
        message:
          'Yandex Cloud CreateIamToken for authorized key ajeexamplekeyid00000 of service account ajeexamplesaid000000: the API does not accept the authorized key ajeexamplekeyid00000 of service account ajeexamplesaid000000',
      });
      expect(await failure(tokens.token())).toBe(error);
      expect(http.sent).toHaveLength(1);
    }
  });

  it('says when a wrong clock explains the refusal', async () => {
    const date = { date: new Date(NOW - 20 * 60_000).toUTCString() };
    const http = scripted({ CreateIamToken: { ...refusal(16), headers: date } });
    const error = await failure((await keeper(http)).token());
    expect(error.detail).toContain('clock is 20 minutes ahead of the API’s');
  });

  it('is asked for again after a failure that may pass', async () => {
    const http = scripted({ CreateIamToken: [refusal(14), refusal(8), tokenAnswer('two')] });
    const tokens = await keeper(http);
    expect((await failure(tokens.token())).code).toBe('unavailable');
    expect((await failure(tokens.token())).code).toBe('throttled');
    expect((await tokens.token()).reveal()).toBe('two');
  });

  it('that is quoted in an error is cut out of it', async () => {
    const http = recording((request) => {
      const { jwt } = JSON.parse(request.body ?? '') as { jwt: string };
      return refusal(16, `bad ${jwt} of t1.abc.def and y0_abcdefghijklmnop`);
    });
    const error = await failure((await keeper(http)).token());
    expect(error.vendor?.message).toBe('bad (sensitive) of (sensitive) and (sensitive)');
  });

  it('outlives one caller’s abort, and is given up with the last', async () => {
    const http = held();
    const tokens = await keeper(http);
    const [a, b, c] = [new AbortController(), new AbortController(), new AbortController()];
    const [first, second] = [failure(tokens.token(a.signal)), tokens.token(b.signal)];
    await settle();
    a.abort();
    expect((await first).code).toBe('cancelled');
    expect(http.open[0]?.signal?.aborted).toBe(false);
    http.open[0]?.reply(tokenAnswer('one'));
    const token = await second;
    const third = failure(tokens.renew(token, refused(), c.signal));
    await settle();
    c.abort();
    expect((await third).code).toBe('cancelled');
    expect(http.open[1]?.signal?.aborted).toBe(true);
    const fourth = tokens.token();
    await settle();
    http.open[2]?.reply(tokenAnswer('two'));
    expect((await fourth).reveal()).toBe('two');
  });
});

describe('an IAM token by an OAuth token', () => {
  it('is exchanged, and the OAuth token stays out of errors', async () => {
    const credential: Credential = { kind: 'oauth', token: new Secret('y0_hunter2-hunter2') };
    const http = scripted({ CreateIamToken: [tokenAnswer('one'), refusal(16, 'you sent y0_hunter2-hunter2')] });
    const tokens = await keeper(http, movingClock(), credential);
    const first = await tokens.token();
    expect(first.reveal()).toBe('one');
    expect(http.sent[0]?.request.body).toBe('{"yandexPassportOauthToken":"y0_hunter2-hunter2"}');
    const error = await failure(tokens.renew(first, refused()), ['hunter2']);
    expect(error).toMatchObject({ code: 'unauthorized', vendor: { message: 'you sent (sensitive)' } });
  });
});

describe('an IAM token that was given', () => {
  it('cannot be renewed, and is not tried again', async () => {
    const http: Recording = scripted({});
    const tokens = await keeper(http, movingClock(), { kind: 'token', token: new Secret('t1.a.b') });
    const token = await tokens.token();
    expect(token.reveal()).toBe('t1.a.b');
    const error = refused();
    expect(await failure(tokens.renew(token, error))).toBe(error);
    expect(await failure(tokens.token())).toBe(error);
    expect(http.sent).toEqual([]);
  });
});

describe('an IAM token in a file', () => {
  function file(...contents: string[]) {
    const reads: string[] = [];
    const read = async (path: string) => {
      reads.push(path);
      return contents[Math.min(reads.length, contents.length) - 1] ?? '';
    };
    const credential: Credential = { kind: 'file', path: '/run/token' };
    const clock = movingClock();
    return { reads, clock, tokens: keeper(scripted({}), clock, credential, read) };
  }

  it('is read again when it was refused, as somebody may have renewed it', async () => {
    const { tokens, reads } = file('one', 'one', 'two', 'two');
    const kept = await tokens;
    const first = await kept.token();
    await kept.token();
    expect(reads).toEqual(['/run/token']);
    const error = refused();
    expect(await failure(kept.renew(first, error))).toBe(error);
    // Not remembered: the file is what changes.
    expect((await kept.token()).reveal()).toBe('two');
    expect(reads).toHaveLength(3);
  });

  it('is read again near its end, and then now and then until it is renewed', async () => {
    const written = (token: string) => JSON.stringify({ access_token: token, expires_in: 3600, token_type: 'Bearer' });
    const { tokens, clock, reads } = file(written('one'), written('one'), written('one'), written('two'));
    const kept = await tokens;
    const read = async () => [(await kept.token()).reveal(), reads.length];
    expect(await read()).toEqual(['one', 1]);
    clock.advance(HOUR - 300_001);
    expect(await read()).toEqual(['one', 1]);
    clock.advance(1);
    expect(await read()).toEqual(['one', 2]);
    // The same token is not believed to live another hour.
    clock.advance(9_999);
    expect(await read()).toEqual(['one', 2]);
    clock.advance(1);
    expect(await read()).toEqual(['one', 3]);
    clock.advance(10_000);
    expect(await read()).toEqual(['two', 4]);
  });
});
