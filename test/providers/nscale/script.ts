import { inspect } from 'node:util';
import { expect } from 'vitest';
import { isKeyformError, type KeyformError } from '../../../src/core/error.ts';
import type { HttpCall, HttpPort, HttpRequest, HttpResponse, Verdict } from '../../../src/core/http.ts';
import type { Clock } from '../../../src/core/port.ts';

export const TOKEN = 'not-a-real-token';
export const SECRET = 'created-secret';
export const ENDPOINT = 'https://storage.unikorn.nscale.com';

export interface Sent {
  readonly call: HttpCall;
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
    async send(call) {
      const request = await call.build(0);
      const list = [answers[call.action] ?? []].flat();
      const count = used.get(call.action) ?? 0;
      used.set(call.action, count + 1);
      const response = list[Math.min(count, list.length - 1)];
      if (response === undefined) throw new Error(`no answer is written down for ${call.action}`);
      const judged = call.judge(response);
      sent.push({ call, request, verdict: typeof judged === 'string' ? judged : judged.verdict });
      return response;
    },
  };
}

export function answer(status: number, body: unknown = '', headers: Record<string, string> = {}): HttpResponse {
  return { status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) };
}

/** An error answer in the vendor's form. */
export function fault(status: number, error: string, description = 'anything'): HttpResponse {
  return answer(status, { error, error_description: description, trace_id: 'trace-1' });
}

/** A clock that stands still until somebody sleeps; `pauses` are the milliseconds slept. */
export function movingClock(start = Date.UTC(2026, 0, 2, 3, 4, 5)): Clock & {
  readonly pauses: number[];
  advance(ms: number): void;
} {
  let now = start;
  const pauses: number[] = [];
  return {
    pauses,
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      pauses.push(ms);
      now += ms;
    },
    advance(ms) {
      now += ms;
    },
  };
}

/** The KeyformError that `promise` rejects with, after a look that no token or secret can be read from it in any way. */
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
  for (const secret of [TOKEN, SECRET, ...secrets]) expect(shown).not.toContain(secret);
  expect(error.message).not.toBe('');
  expect(error.detail).not.toBe('');
  return error;
}
