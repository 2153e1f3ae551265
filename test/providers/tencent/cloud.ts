import { expect } from 'vitest';
import type { EmulatorRequest } from '../../../src/core/emulator.ts';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import { Secret } from '../../../src/core/secret.ts';
import {
  type Credential,
  sign,
  signatureV1,
  stringToSignV1,
  timestampOf,
  V1_METHODS,
} from '../../../src/providers/tencent/auth.ts';
import { tencentEmulator } from '../../../src/providers/tencent/emulator.ts';
import { loadContract } from './gatewaycontract.ts';

export const NOW = Date.parse('2026-01-01T00:00:00.250Z');
const SEED = new Uint8Array(32).fill(7);
export const HOST = '127.0.0.1:8804';
export const ORIGIN = `http://${HOST}`;
export const CAM = '2019-01-16';
export const GATEWAY = '2018-08-08';
export const UIN = 100013065917;

export const contract = loadContract('cam-access-keys');

/** The content of `Response`, and of its `Error`. */
export interface Answer {
  readonly code: string | null;
  readonly message: string | null;
  readonly body: JsonObject;
}

/** An emulator with a clock that can be moved, and requests to it in every form that the vendor's clients send. */
export function cloud(switches: JsonObject = {}, data: Json = null) {
  const time = { ms: NOW };
  const clock = { now: () => time.ms, sleep: async () => {} };
  const emulator = tencentEmulator({ data, clock, seed: SEED, options: { rate_limits: false, ...switches } });
  const settings = emulator.settings(ORIGIN);
  const root: Credential = {
    secretId: String(settings.secret_id),
    secretKey: new Secret(String(settings.secret_key)),
    token: null,
  };

  /** Hands a request over as a server would. Whatever it is, the answer is a whole one, in the vendor's envelope. */
  function deliver(request: Partial<EmulatorRequest>): Answer {
    const whole: EmulatorRequest = {
      method: 'POST',
      path: '/',
      query: new URLSearchParams(),
      body: '',
      ...request,
      headers: { host: HOST, ...request.headers },
    };
    expect(emulator.claims(whole)).toBe(true);
    const response = emulator.handle(whole);
    expect(response.status).toBe(200);
    expect(response.action).toBe(emulator.action(whole));
    expect(response.headers.date).toBe(new Date(time.ms).toUTCString());
    const { Response, ...rest } = JSON.parse(response.body) as { Response: JsonObject };
    expect(rest).toEqual({});
    const { RequestId, ...body } = Response;
    expect(RequestId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    if (contract?.actions.includes(response.action ?? '') === true) {
      const own = FRONT.test((body.Error as JsonObject | undefined)?.Code as string);
      if (!own) expect(contract.answer(response.action ?? '', body)).toEqual([]);
    }
    const error = (body.Error ?? null) as { Code: string; Message: string } | null;
    return { code: error?.Code ?? null, message: error?.Message ?? null, body };
  }

  interface How {
    readonly as?: Credential;
    readonly version?: string;
    readonly service?: string;
    readonly host?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly at?: number;
  }

  /** A TC3 request with a JSON body, as Keyform and the vendor's newer SDKs make it. */
  function tc3(action: string, body: JsonObject | string, how: How = {}): Partial<EmulatorRequest> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const timestamp = timestampOf(how.at ?? time.ms);
    const authorization = sign(how.as ?? root, how.service ?? 'cam', timestamp, {
      method: 'POST',
      path: '/',
      query: '',
      headers: [
        ['content-type', 'application/json'],
        ['host', how.host ?? HOST],
      ],
      body: text,
    });
    return {
      body: text,
      headers: {
        'content-type': 'application/json',
        'x-tc-action': action,
        'x-tc-version': how.version ?? CAM,
        'x-tc-timestamp': String(timestamp),
        authorization,
        ...how.headers,
      },
    };
  }

  /** A request with signature v1, as a form or a query. */
  function v1(
    action: string,
    own: Readonly<Record<string, string>>,
    how: How & { readonly method?: string; readonly digest?: string | null; readonly form?: 'POST' | 'GET' } = {},
  ): Partial<EmulatorRequest> {
    const { as = root, digest = 'HmacSHA256', form = 'POST' } = how;
    const pairs: Record<string, string> = {
      ...own,
      Action: action,
      Version: how.version ?? CAM,
      Timestamp: String(timestampOf(how.at ?? time.ms)),
      Nonce: '11886',
      SecretId: as.secretId,
      ...(digest === null ? {} : { SignatureMethod: digest }),
      Language: 'en-US',
      RequestClient: 'SDK_NODEJS_INTL_EN3.0.1335',
    };
    const toSign = stringToSignV1(form, how.host ?? HOST, '/', pairs);
    pairs.Signature = signatureV1(as.secretKey.reveal(), toSign, V1_METHODS[digest ?? 'HmacSHA1'] ?? 'sha1');
    const encoded = new URLSearchParams(pairs);
    return form === 'GET'
      ? { method: 'GET', query: encoded }
      : { body: encoded.toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } };
  }

  const ask = (action: string, body: JsonObject | string = {}, how: How = {}) => deliver(tc3(action, body, how));
  return { emulator, time, root, deliver, tc3, v1, ask };
}

/** Codes of the gateway in front of the service, which no action lists. */
const FRONT =
  /^(AuthFailure|UnsupportedProtocol|InvalidParameter$|InvalidParameterValue$|MissingParameter|UnknownParameter|RequestLimit)/;

/** A key as CreateAccessKey answers it. */
export interface Key {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly Status: string;
  readonly CreateTime: string;
  readonly Description?: string | null;
}
export const keyIn = (answer: Answer) => answer.body.AccessKey as unknown as Key;
export const keysIn = (answer: Answer) => answer.body.AccessKeys as unknown as Key[];
export const credentialOf = (key: Key): Credential => ({
  secretId: key.AccessKeyId,
  secretKey: new Secret(key.SecretAccessKey),
  token: null,
});
