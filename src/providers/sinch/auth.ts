import { z } from 'zod';
import { codeForStatus, readAnswer } from '../../core/answer.ts';
import { KeyformError, type VendorError } from '../../core/error.ts';
import type { HttpPort, HttpRequest, HttpResponse, Verdict } from '../../core/http.ts';
import type { Clock } from '../../core/port.ts';
import { SENSITIVE, Secret } from '../../core/secret.ts';

/** The vendor's name in messages. */
export const SERVICE = 'Sinch';

/** The name under which token requests are counted; the vendor gives the call no name of its own. */
export const TOKEN_ACTION = 'GetToken';

/** An access key with its secret. */
export interface Credential {
  readonly keyId: string;
  readonly keySecret: Secret;
}

/** An OAuth2 access token. */
export interface Token {
  /** The whole `Authorization` header value, `Bearer …`. */
  readonly header: Secret;
  /** Milliseconds since 1970: from then on a new token is asked for before the next call. */
  readonly staleAt: number;
}

/** A token is given up this long before its end, or a tenth of its life when that is shorter: clocks differ and calls take time. */
const LEEWAY_MS = 60_000;

/**
 * The `Authorization` header of HTTP Basic: base64 of `id:secret` in UTF-8 (RFC 7617). The token endpoint takes the same
 * header; the vendor's SDK does not form-encode the two parts first as RFC 6749 section 2.3.1 asks, so neither do we.
 */
export function basicAuthorization(credential: Credential): string {
  return `Basic ${Buffer.from(`${credential.keyId}:${credential.keySecret.reveal()}`, 'utf8').toString('base64')}`;
}

/** The token request (client credentials grant, RFC 6749 section 4.4). `authBase` is without a trailing slash. */
export function tokenRequest(authBase: string, credential: Credential): HttpRequest {
  return {
    method: 'POST',
    url: `${authBase}/oauth2/token`,
    headers: {
      authorization: basicAuthorization(credential),
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    },
    body: 'grant_type=client_credentials',
  };
}

const tokenAnswer = z.object({
  access_token: z
    .string()
    .regex(/^[\x21-\x7e]+$/)
    .transform((value) => new Secret(`Bearer ${value}`)),
  expires_in: z.number().positive(),
  // `bearer` on older pages of the vendor, `Bearer` on newer ones.
  token_type: z.string().regex(/^bearer$/i),
});

/**
 * The token in a 200 answer. `sentAt` (milliseconds since 1970) is when the request was built, so that `expires_in` is
 * counted from no later than the token's birth. Throws `malformed-answer`.
 */
export function readToken(response: HttpResponse, sentAt: number): Token {
  const answer = readAnswer(tokenAnswer, response, { service: SERVICE, action: TOKEN_ACTION, safe: true });
  const life = answer.expires_in * 1000;
  return { header: answer.access_token, staleAt: sentAt + life - Math.min(LEEWAY_MS, life / 10) };
}

/** Any 429 did nothing, any 5xx may pass (the vendor asks for exponential back-off); the rest stays as it is. */
export function judge(response: HttpResponse): Verdict {
  if (response.status === 429) return 'throttled';
  return response.status >= 500 ? 'transient' : 'final';
}

/**
 * Asks for a token once. Throws `unauthorized` when the credential is refused (401, or 400 `invalid_client`), and other
 * codes, with `vendor` filled, when some other answer came back.
 */
export async function requestToken(
  ports: { readonly http: HttpPort; readonly clock: Clock },
  authBase: string,
  credential: Credential,
  signal?: AbortSignal,
): Promise<Token> {
  let sentAt = ports.clock.now();
  const response = await ports.http.send({
    action: TOKEN_ACTION,
    safe: true,
    build: () => {
      sentAt = ports.clock.now();
      return tokenRequest(authBase, credential);
    },
    judge,
    ...(signal === undefined ? {} : { signal }),
  });
  if (response.status >= 200 && response.status < 300) return readToken(response, sentAt);
  throw tokenError(response, authBase, credential);
}

const tokenErrorBody = z.object({ error: z.string(), error_description: z.string().optional().catch(undefined) });

/** The vendor does not document the errors of its token endpoint; RFC 6749 section 5.2 is taken as the rule. */
function tokenError(response: HttpResponse, authBase: string, credential: Credential): KeyformError {
  const body = parseBody(tokenErrorBody, response);
  const vendor = toVendorError(response, body?.error ?? null, body?.error_description ?? null, credential);
  const { status } = response;
  if (status === 401 || (status === 400 && body?.error === 'invalid_client')) return refusal(credential, vendor);
  const fail = (code: KeyformError['code'], what: string, detail: string): KeyformError =>
    new KeyformError(code, `${SERVICE} ${TOKEN_ACTION} for access key ${credential.keyId}: ${what}`, {
      detail,
      vendor,
    });
  if (status === 403 || (status === 400 && body?.error === 'unauthorized_client')) {
    return fail('forbidden', 'the key may not ask for tokens', 'Use an access key that may call the access keys API.');
  }
  if (status === 429 || status >= 500) {
    return fail(
      codeForStatus(status, true),
      status === 429 ? 'too many token requests' : 'the token endpoint is not available',
      'Nothing was changed. Try again later.',
    );
  }
  if (status === 400 && body !== null) {
    return fail('invalid-argument', 'the token request was refused', 'Check the setting "auth_endpoint".');
  }
  // Not `not-found` for a 404: that would speak of a key, while this is a host that knows no token endpoint.
  return fail(
    'malformed-answer',
    `${authBase} does not answer as a token endpoint (HTTP ${status})`,
    'Check the setting "auth_endpoint" (KEYFORM_SINCH_AUTH_ENDPOINT), and that no proxy answers in its place.',
  );
}

function refusal(credential: Credential, vendor: VendorError): KeyformError {
  return new KeyformError('unauthorized', `${SERVICE} does not accept access key ${credential.keyId}`, {
    detail:
      'Check the settings "key_id" and "key_secret" (SINCH_KEY_ID and SINCH_KEY_SECRET), and in the Sinch Build Dashboard that the key was not deleted. It is not tried again in this run.',
    vendor,
  });
}

/** The JSON body of an error answer, or null when it is something else: errors may come without one. */
export function parseBody<T>(schema: z.ZodType<T>, response: HttpResponse): T | null {
  try {
    return schema.safeParse(JSON.parse(response.body)).data ?? null;
  } catch {
    return null;
  }
}

/** What the vendor said, with the credential, in any form it was sent in, and `header` cut out, should a gateway have echoed the request. */
export function toVendorError(
  response: HttpResponse,
  code: string | null,
  message: string | null,
  credential: Credential,
  header?: Secret,
): VendorError {
  const secrets = [credential.keySecret.reveal(), basicAuthorization(credential), header?.reveal() ?? ''];
  const clean = (text: string, length: number): string => {
    for (const secret of secrets) {
      // The part behind the scheme too: a header may be quoted without it.
      for (const part of [secret, secret.replace(/^\S+ /, '')]) {
        if (part !== '') text = text.replaceAll(part, SENSITIVE);
      }
    }
    return text.slice(0, length);
  };
  return {
    status: response.status,
    code: code === null ? null : clean(code, 100),
    message: message === null ? null : clean(message, 500),
    // Not documented for this API, but the usual name where a gateway gives one.
    requestId: response.headers['x-request-id'] === undefined ? null : clean(response.headers['x-request-id'], 100),
  };
}

/** Where the `Authorization` header of the API's calls comes from. Shared by all calls of a connection. */
export interface Authorizer {
  /** The credential's secret parts, to be kept out of errors. */
  readonly credential: Credential;
  /** The header value to send. Throws the remembered `unauthorized` at once when the credential was refused before. */
  authorization(signal?: AbortSignal): Promise<Secret>;
  /**
   * After a 401 to a call that carried `refused`: another value to repeat the call with, once. Throws `unauthorized` when
   * there is no other.
   */
  renew(refused: Secret, response: HttpResponse, signal?: AbortSignal): Promise<Secret>;
}

/** The key itself on every call. The first 401 is remembered: the vendor rate-limits this way heavily. */
export class BasicAuthorizer implements Authorizer {
  readonly credential: Credential;
  readonly #header: Secret;
  #refusal: KeyformError | null = null;

  constructor(credential: Credential) {
    this.credential = credential;
    this.#header = new Secret(basicAuthorization(credential));
  }

  async authorization(): Promise<Secret> {
    if (this.#refusal !== null) throw this.#refusal;
    return this.#header;
  }

  async renew(_refused: Secret, response: HttpResponse): Promise<Secret> {
    this.#refusal = refusal(this.credential, toVendorError(response, null, null, this.credential));
    throw this.#refusal;
  }
}

/** One token request under way, and how many calls wait for it. */
interface Pending {
  readonly promise: Promise<Token>;
  readonly controller: AbortController;
  waiters: number;
}

/** A token, shared by all calls, asked for at most once at a time. */
export class TokenAuthorizer implements Authorizer {
  readonly credential: Credential;
  readonly #ports: { readonly http: HttpPort; readonly clock: Clock };
  readonly #authBase: string;
  #token: Token | null = null;
  #pending: Pending | null = null;
  #refusal: KeyformError | null = null;

  constructor(ports: { readonly http: HttpPort; readonly clock: Clock }, authBase: string, credential: Credential) {
    this.#ports = ports;
    this.#authBase = authBase;
    this.credential = credential;
  }

  async authorization(signal?: AbortSignal): Promise<Secret> {
    if (this.#refusal !== null) throw this.#refusal;
    if (this.#token !== null && this.#ports.clock.now() < this.#token.staleAt) return this.#token.header;
    return (await this.#await(signal)).header;
  }

  async renew(refused: Secret, _response: HttpResponse, signal?: AbortSignal): Promise<Secret> {
    // A parallel call may have replaced the refused token already; then its successor is the one to try.
    if (this.#token?.header === refused) this.#token = null;
    return this.authorization(signal);
  }

  /** Waits for the shared request. One caller's abort frees that caller; the request is given up with its last one. */
  #await(signal: AbortSignal | undefined): Promise<Token> {
    return new Promise((resolve, reject) => {
      const cancelled = (): KeyformError =>
        new KeyformError('cancelled', `${SERVICE} ${TOKEN_ACTION}: cancelled`, {
          detail: 'The call that needed the token was not sent.',
        });
      if (signal?.aborted === true) {
        reject(cancelled());
        return;
      }
      const pending = this.#pending ?? this.#start();
      pending.waiters += 1;
      const leave = (): void => {
        reject(cancelled());
        pending.waiters -= 1;
        if (pending.waiters > 0) return;
        if (this.#pending === pending) this.#pending = null;
        pending.controller.abort();
      };
      signal?.addEventListener('abort', leave, { once: true });
      const settle = (): void => signal?.removeEventListener('abort', leave);
      pending.promise.then(
        (token) => {
          settle();
          resolve(token);
        },
        (error: unknown) => {
          settle();
          reject(error);
        },
      );
    });
  }

  #start(): Pending {
    const controller = new AbortController();
    const request = async (): Promise<Token> => {
      try {
        const token = await requestToken(this.#ports, this.#authBase, this.credential, controller.signal);
        this.#token = token;
        return token;
      } catch (error) {
        if (error instanceof KeyformError && error.code === 'unauthorized') this.#refusal = error;
        throw error;
      } finally {
        if (this.#pending?.controller === controller) this.#pending = null;
      }
    };
    const pending: Pending = { promise: request(), controller, waiters: 0 };
    this.#pending = pending;
    return pending;
  }
}
