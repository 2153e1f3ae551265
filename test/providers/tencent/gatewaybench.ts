import { inspect } from 'node:util';
import { expect } from 'vitest';
import { z } from 'zod';
import { outcomeUnknown } from '../../../src/core/answer.ts';
import { isKeyformError, KeyformError } from '../../../src/core/error.ts';
import type { HttpCall, HttpPort, HttpResponse } from '../../../src/core/http.ts';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import type { ActualKey, CreatedKey, KeyHandler, KeyReference, Settings } from '../../../src/core/provider.ts';
import { Secret } from '../../../src/core/secret.ts';
import { createClient } from '../../../src/providers/tencent/client.ts';
import { tencentEmulator } from '../../../src/providers/tencent/emulator.ts';
import { gatewayKey } from '../../../src/providers/tencent/gatewayschema.ts';
import { connectTencent } from '../../../src/providers/tencent/resource.ts';
import { loopback } from '../loopback.ts';
import { loadContract } from './gatewaycontract.ts';

const contract = loadContract();
const NOW = Date.parse('2026-01-01T00:00:00.750Z');
const ORIGIN = 'http://127.0.0.1:8804';
export const REGION = 'ap-guangzhou';

type Params = Readonly<Record<string, unknown>>;
interface Sent {
  readonly action: string;
  readonly safe: boolean;
  readonly params: Params;
  readonly region: string | undefined;
  readonly owner: string | undefined;
}

/** What becomes of a call: `next` performs it. */
export type Fault = (call: HttpCall, next: () => Promise<HttpResponse>) => Promise<HttpResponse>;

/** A handler in front of a fresh emulator. Every exchange is held against the vendor's description, and noted in `sent`. */
export function start(options: JsonObject = {}, overrides: Settings = {}) {
  const time = { ms: NOW };
  const clock = { now: () => time.ms, sleep: async () => {} };
  const seed = new Uint8Array(32).fill(9);
  const emulator = tencentEmulator({ data: null, clock, seed, options: { rate_limits: false, ...options } });
  const inner = loopback(emulator);
  const sent: Sent[] = [];
  const faults: Fault[] = [];
  const http: HttpPort = {
    async send(call) {
      if (call.signal?.aborted === true) throw new KeyformError('cancelled', 'cancelled');
      const request = await call.build(0);
      const params = JSON.parse(request.body ?? '') as Params;
      expect(contract?.request(call.action, params) ?? []).toEqual([]);
      expect(request.headers).toMatchObject({ 'x-tc-action': call.action, 'x-tc-version': '2018-08-08' });
      sent.push({
        action: call.action,
        safe: call.safe,
        params,
        region: request.headers['x-tc-region'],
        owner: call.owner,
      });
      const next = async () => {
        const response = await inner.send(call);
        const { RequestId: id, ...content } = (JSON.parse(response.body) as { Response: JsonObject }).Response;
        expect(id).toEqual(expect.any(String));
        expect(contract?.answer(call.action, content) ?? []).toEqual([]);
        return response;
      };
      const fault = faults.shift();
      return await (fault === undefined ? next() : fault(call, next));
    },
  };
  let turn = 0;
  const random = {
    bytes: (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + turn++) % 256),
    fraction: () => 0,
  };
  const settings: Settings = { ...emulator.settings(ORIGIN), region: REGION, ...overrides };
  const connect = (more: Settings = {}, tuning: { readonly pageSize?: number } = {}) =>
    connectTencent({ ...settings, ...more }, { http, clock, random }, tuning).handler(gatewayKey.type);
  const handler = connect();
  /** Calls the API beside the handler, as another client would. */
  const other = createClient({
    http: inner,
    clock,
    credential: {
      secretId: String(settings.secret_id),
      secretKey: new Secret(String(settings.secret_key)),
      token: null,
    },
    endpoint: ORIGIN,
    service: 'apigateway',
    version: '2018-08-08',
    region: REGION,
    actions: { BindSecretIds: 20, UpdateApiKey: 20, DisableApiKey: 20 },
  });
  const ask = (action: string, params: JsonObject) =>
    other.call(action, params, { schema: z.unknown(), safe: true, subject: 'a key', owner: 'somebody' });
  /** The actions that `act` sends. */
  const actionsOf = async (act: () => Promise<unknown>) => {
    sent.length = 0;
    await act();
    return sent.map((call) => call.action);
  };
  return { handler, connect, sent, faults, time, ask, actionsOf };
}

/** Arguments of a key whose id and secret the API chooses, as the planner completes them. */
export const auto = { secret_name: 'deploy', access_key_type: 'auto', enabled: true };

/** Arguments of a key whose id and secret the stack chooses. */
export const manual = {
  secret_name: 'partner',
  access_key_type: 'manual',
  access_key_id: 'partner_key_1',
  access_key_secret: 'Chosen_Secret_1',
  enabled: true,
};

/** The key, with the arguments that it reports. */
export function refer({ id, accessKeyId, args, expiresAt, enabled }: ActualKey): KeyReference {
  return { id, accessKeyId, args, expiresAt, enabled };
}

/** `handler.regenerate`, which this type has. */
export function regenerate(handler: KeyHandler, key: KeyReference): Promise<CreatedKey> {
  if (handler.regenerate === undefined) throw new Error('the handler cannot regenerate');
  return handler.regenerate(key);
}

/** The KeyformError that `promise` rejects with, after a look that none of `secrets` can be read from it in any way. */
export async function failureOf(promise: Promise<unknown>, ...secrets: string[]): Promise<KeyformError> {
  const error = await promise.then(
    () => expect.fail('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!isKeyformError(error)) throw error;
  const shown = [
    inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true }),
    JSON.stringify({ ...error, message: error.message }),
  ].join('\n');
  for (const secret of secrets) expect(shown).not.toContain(secret);
  expect(error.message).not.toBe('');
  expect(error.detail).not.toBe('');
  return error;
}

function answer(content: JsonObject): HttpResponse {
  return { status: 200, headers: {}, body: JSON.stringify({ Response: { ...content, RequestId: 'request-1' } }) };
}

/** The API refuses without having acted. */
export function refuses(code: string, message = 'anything'): Fault {
  return async () => answer({ Error: { Code: code, Message: message } });
}

/** The API does nothing, and answers so. */
export function says(content: JsonObject): Fault {
  return async () => answer(content);
}

/** The API acts, and what it answers is changed on the way. */
export function tells(change: (result: Record<string, Json>) => Json): Fault {
  return async (_call, next) => {
    const { Result: result } = (JSON.parse((await next()).body) as { Response: { Result: Record<string, Json> } })
      .Response;
    return answer({ Result: change(result) });
  };
}

/** The API acts, and no answer comes back: what the HTTP port makes of that. */
export const loses: Fault = async (call, next) => {
  await next();
  throw lost(call);
};

/** Nothing arrives at the API, and nobody can know. */
export const swallows: Fault = async (call) => {
  throw lost(call);
};

function lost({ action, safe }: HttpCall): KeyformError {
  return safe
    ? new KeyformError('timeout', `${action}: no answer`, { detail: 'Try again.' })
    : outcomeUnknown({ service: 'Tencent Cloud', action }, 'no answer came');
}
