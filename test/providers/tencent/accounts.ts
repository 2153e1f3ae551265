import { inspect } from 'node:util';
import { expect } from 'vitest';
import { isKeyformError, KeyformError } from '../../../src/core/error.ts';
import type { HttpCall, HttpPort, HttpResponse } from '../../../src/core/http.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { ActualKey, KeyReference, Settings } from '../../../src/core/provider.ts';
import { tencentEmulator } from '../../../src/providers/tencent/emulator.ts';
import { tencent } from '../../../src/providers/tencent/index.ts';
import { loopback, readText } from '../loopback.ts';
import { contract } from './cloud.ts';

export const TYPE = 'keyform_tencent_cam_access_key';
export const NOW = Date.parse('2026-01-01T00:00:00Z');
export const DAY = 86_400_000;
const SEED = new Uint8Array(32).fill(9);
const random = { bytes: (length: number) => new Uint8Array(length), fraction: () => 0 };
export const UIN = '100013065917';

/** A connection to a fresh emulator, with the calls and bodies that were sent. */
export async function start(options: JsonObject = {}) {
  const time = { ms: NOW };
  const clock = { now: () => time.ms, sleep: async () => {} };
  const emulator = tencentEmulator({ data: null, clock, seed: SEED, options: { rate_limits: false, ...options } });
  const inner = loopback(emulator);
  const bodies: JsonObject[] = [];
  const sent: HttpCall[] = [];
  const http: HttpPort = {
    send: (call) => {
      sent.push(call);
      return inner.send({
        ...call,
        build: async (attempt) => {
          const request = await call.build(attempt);
          const body = JSON.parse(request.body ?? '') as JsonObject;
          expect(contract?.request(call.action, body) ?? []).toEqual([]);
          bodies.push(body);
          return request;
        },
      });
    },
  };
  const settings = emulator.settings('http://127.0.0.1:8804');
  const connect = (more: Settings = {}) => tencent.connect({ ...settings, ...more }, { http, clock, random, readText });
  const connection = await connect();
  /** The actions that `act` sends. */
  const actionsOf = async (act: () => Promise<unknown>) => {
    const before = inner.calls.length;
    await act();
    return inner.calls.slice(before).map((call) => call.action);
  };
  return { connect, connection, handler: connection.handler(TYPE), bodies, sent, time, actionsOf, settings };
}

/** A handler whose every call gets `reply`. */
export async function answering(reply: HttpResponse | KeyformError | JsonObject, settings: Settings = {}) {
  const sent: HttpCall[] = [];
  const http: HttpPort = {
    async send(call) {
      sent.push(call);
      await call.build(0);
      if (reply instanceof KeyformError) throw reply;
      return 'status' in reply && 'headers' in reply
        ? (reply as HttpResponse)
        : { status: 200, headers: {}, body: JSON.stringify({ Response: { ...reply, RequestId: 'r' } }) };
    },
  };
  const clock = { now: () => NOW, sleep: async () => {} };
  const all = { secret_id: 'AKIDEXAMPLE', secret_key: 's', ...settings };
  const handler = (await tencent.connect(all, { http, clock, random, readText })).handler(TYPE);
  return { handler, sent };
}

export const saying = (Code: string): JsonObject => ({ Error: { Code, Message: 'm' } });

export const refer = (key: ActualKey): KeyReference => ({
  id: key.id,
  accessKeyId: key.accessKeyId,
  args: key.args,
  expiresAt: key.expiresAt,
  enabled: key.enabled,
});

export async function failureOf(promise: Promise<unknown>): Promise<KeyformError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!isKeyformError(error)) throw new Error(`expected a KeyformError, got ${inspect(error)}`);
  return error;
}
