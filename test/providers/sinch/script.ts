import { inspect } from 'node:util';
import { expect } from 'vitest';
import { isKeyformError, type KeyformError } from '../../../src/core/error.ts';
import type { HttpCall, HttpPort, HttpRequest, HttpResponse, Verdict } from '../../../src/core/http.ts';
import type { Clock } from '../../../src/core/port.ts';
import { Secret } from '../../../src/core/secret.ts';

export const CREDENTIAL = {
  keyId: '11111111-2222-3333-4444-555555555555',
  keySecret: new Secret('not-a-real-secret'),
} as const;

/** The `Authorization` header for {@link CREDENTIAL}, computed outside this project. */
export const BASIC = 'Basic MTExMTExMTEtMjIyMi0zMzMzLTQ0NDQtNTU1NTU1NTU1NTU1Om5vdC1hLXJlYWwtc2VjcmV0';

export interface Sent {
  readonly action: string;
  readonly safe: boolean;
  readonly request: HttpRequest;
  /** What the call made of the answer. */
  readonly verdict: Verdict;
}

/** A port that answers each call, by action, with the next of the answers written down for it, the last one for ever. */
export function scripted(answers: Readonly<Record<string, HttpResponse | readonly HttpResponse[]>>): HttpPort & {
  readonly sent: Sent[];
} {
  const sent: Sent[] = [];
  const used = new Map<string, number>();
  return {
    sent,
    async send(call: HttpCall) {
      const request = await call.build(0);
      const list = [answers[call.action] ?? []].flat();
      const count = used.get(call.action) ?? 0;
      used.set(call.action, count + 1);
      const response = list[Math.min(count, list.length - 1)];
      if (response === undefined) throw new Error(`no answer is written down for ${call.action}`);
      const judged = call.judge(response);
      sent.push({
        action: call.action,
        safe: call.safe,
        request,
        verdict: typeof judged === 'string' ? judged : judged.verdict,
      });
      return response;
    },
  };
}

export function answer(status: number, body: unknown = '', headers: Record<string, string> = {}): HttpResponse {
  return { status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) };
}

export function tokenAnswer(token = 'token-1', expiresIn = 3599): HttpResponse {
  return answer(200, { access_token: token, expires_in: expiresIn, scope: '', token_type: 'bearer' });
}

/** An error answer in the vendor's form. */
export function fault(status: number, name: string, message = 'anything'): HttpResponse {
  return answer(status, { error: { code: status, message, status: name, details: [] } });
}

/** A clock that stands still until told. */
export function movingClock(start = Date.UTC(2026, 0, 2, 3, 4, 5, 678)): Clock & { advance(ms: number): void } {
  let now = start;
  return {
    now: () => now,
    sleep: async (ms) => {
      now += ms;
    },
    advance(ms) {
      now += ms;
    },
  };
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
