import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { inspect } from 'node:util';
import { expect } from 'vitest';
import type { CloudEmulator } from '../../../src/core/emulator.ts';
import { isKeyformError, KeyformError } from '../../../src/core/error.ts';
import type { HttpCall, HttpPort, HttpRequest, HttpResponse, Verdict } from '../../../src/core/http.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { Clock, Random } from '../../../src/core/port.ts';

export const NOW = Date.UTC(2026, 0, 1);
export const SEED = new Uint8Array(32).fill(7);

/** A request that went out. */
export interface Sent {
  readonly action: string;
  readonly safe: boolean;
  readonly owner: string | null;
  readonly request: HttpRequest;
  readonly verdict: Verdict;
  readonly requestId: string | null;
}

export interface Recording extends HttpPort {
  readonly sent: Sent[];
  actions(): string[];
}

/**
 * A port that hands each request to `serve` and asks for a verdict. Unlike the real one it does not wait, and repeats a call only
 * so often as `attempts` says. `serve` returns null for an answer that never came.
 */
export function recording(
  serve: (request: HttpRequest, call: HttpCall) => HttpResponse | null | Promise<HttpResponse | null>,
  attempts = 1,
): Recording {
  const sent: Sent[] = [];
  return {
    sent,
    actions: () => sent.map(({ action }) => action),
    async send(call) {
      const { action, safe, owner = null } = call;
      for (let attempt = 0; ; attempt++) {
        if (call.signal?.aborted === true)
          throw new KeyformError('cancelled', `${action}: cancelled`, { detail: 'No.' });
        const request = await call.build(attempt);
        const response = await serve(request, call);
        const judged = response === null ? 'transient' : call.judge(response);
        const verdict = typeof judged === 'string' ? judged : judged.verdict;
        const requestId = response === null ? null : (call.requestId?.(response) ?? null);
        sent.push({ action, safe, owner, request, verdict, requestId });
        const again = verdict === 'throttled' || (verdict === 'transient' && safe);
        if (again && attempt + 1 < attempts) continue;
        if (response !== null) return response;
        throw new KeyformError(safe ? 'timeout' : 'outcome-unknown', `${action}: no answer`, { detail: 'Try again.' });
      }
    },
  };
}

/** A port that answers each call, by action, with the next of the answers written down for it, the last one for ever. */
export function scripted(answers: Readonly<Record<string, HttpResponse | readonly HttpResponse[]>>): Recording {
  const used = new Map<string, number>();
  return recording((_request, { action }) => {
    const list = [answers[action] ?? []].flat();
    const count = used.get(action) ?? 0;
    used.set(action, count + 1);
    const response = list[Math.min(count, list.length - 1)];
    if (response === undefined) throw new Error(`no answer is written down for ${action}`);
    return response;
  });
}

/** Hands a request to an emulator as a server would. */
export function deliver(emulator: CloudEmulator, request: HttpRequest): HttpResponse {
  const url = new URL(request.url);
  const given = {
    method: request.method,
    path: url.pathname,
    query: url.searchParams,
    headers: { host: url.host, ...request.headers },
    body: request.body ?? '',
  };
  if (!emulator.claims(given)) throw new Error(`the emulator does not claim ${request.method} ${url.pathname}`);
  return emulator.handle(given);
}

export function answer(status: number, body: unknown = '', headers: Record<string, string> = {}): HttpResponse {
  return { status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) };
}

const HTTP: Readonly<Record<number, number>> = {
  3: 400,
  5: 404,
  7: 403,
  8: 429,
  9: 400,
  10: 409,
  13: 500,
  14: 503,
  16: 401,
};

/** An error answer in the vendor's form. */
export function refusal(code: number, message = 'anything', details: readonly JsonObject[] = []): HttpResponse {
  return answer(HTTP[code] ?? 400, { code, message, details });
}

export function tokenAnswer(
  token = 't1.one.sig',
  expiresAt = new Date(NOW + 12 * 3_600_000).toISOString(),
): HttpResponse {
  return answer(200, { iamToken: token, expiresAt });
}

/** A clock that stands still until told, or slept on. */
export function movingClock(start = NOW): Clock & { advance(ms: number): void } {
  let now = start;
  return {
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      now += ms;
    },
    advance(ms) {
      now += ms;
    },
  };
}

/** Bytes that differ at each call, and are the same at each run. */
export function countingRandom(): Random {
  let count = 0;
  return {
    bytes(length) {
      count += 1;
      return new Uint8Array(length).fill(count);
    },
    fraction: () => 0.5,
  };
}

export interface KeyFile {
  readonly publicKey: KeyObject;
  /** The file as the vendor's tools write it. */
  readonly text: string;
  /** What the emulator's option `authorized_keys` wants. */
  readonly option: { readonly id: string; readonly service_account_id: string; readonly public_key: string };
  /** A line of the private key. */
  readonly secret: string;
}

/** An authorized key made now, so that no private key stands in a file. */
export function authorizedKey(id = 'ajeexamplekeyid00000', account = 'ajeexamplesaid000000'): KeyFile {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const text = JSON.stringify({
    id,
    service_account_id: account,
    created_at: '2025-12-31T00:00:00.123456789Z',
    key_algorithm: 'RSA_2048',
    public_key: publicPem,
    private_key: `PLEASE DO NOT REMOVE THIS LINE! Yandex.Cloud SA Key ID <${id}>\n${pem}`,
  });
  const option = { id, service_account_id: account, public_key: publicPem };
  return { publicKey, text, option, secret: pem.split('\n')[3] ?? '' };
}

/** The KeyformError that `promise` rejects with, after a look that none of `secrets` can be read from it in any way. */
export async function failure(promise: Promise<unknown>, secrets: readonly string[] = []): Promise<KeyformError> {
  const error = await promise.then(
    () => expect.fail('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!isKeyformError(error)) throw error;
  const shown = [
    String(error),
    JSON.stringify({ ...error, message: error.message, stack: error.stack }),
    inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true }),
  ].join('\n');
  for (const secret of secrets) expect(shown).not.toContain(secret);
  expect(error.message).not.toBe('');
  expect(error.detail).not.toBe('');
  return error;
}
