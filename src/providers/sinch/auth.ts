import { z } from 'zod';
import { codeForStatus, readAnswer } from '../../core/answer.ts';
import { KeyformError, type VendorError } from '../../core/error.ts';
import type { HttpPort, HttpRequest, HttpResponse, Verdict } from '../../core/http.ts';
import type { Clock } from '../../core/port.ts';
import { redactedVendorError } from '../../core/redaction.ts';
import { Secret } from '../../core/secret.ts';
import { fixedSource, staleAt, type Token, type TokenSource } from '../../core/token.ts';
import type { AuthMode } from './schema.ts';

/** The vendor's name in messages. */
export const SERVICE = 'Sinch';

/** The name under which token requests are counted; the vendor gives the call no name of its own. */
export const TOKEN_ACTION = 'GetToken';

/** An access key with its secret. */
export interface Credential {
  readonly keyId: string;
  readonly keySecret: Secret;
}

/** A token is given up this long before its end. */
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
 * The token in a 200 answer: the whole `Authorization` header value, `Bearer …`. `sentAt` (milliseconds since 1970) is when the
 * request was built, so that `expires_in` is counted from no later than the token's birth. Throws `malformed-answer`.
 */
export function readToken(response: HttpResponse, sentAt: number, secrets: readonly Secret[] = []): Token {
  const answer = readAnswer(tokenAnswer, response, {
    service: SERVICE,
    action: TOKEN_ACTION,
    safe: true,
    requestId: (bad) => toVendorError(bad, null, null, secrets).requestId,
  });
  return { value: answer.access_token, staleAt: staleAt(sentAt, sentAt + answer.expires_in * 1000, LEEWAY_MS) };
}

/** A 429 did nothing; a 5xx may pass (the vendor asks for exponential back-off), and so may a proxy's 408; the rest stays as it is. */
export function judge(response: HttpResponse): Verdict {
  if (response.status === 429) return 'throttled';
  return response.status >= 500 || response.status === 408 ? 'transient' : 'final';
}

/**
 * Asks for a token. `owner` (`Owner.label`) is whose key is tried, which is done once, whatever comes of it: wrong tries may be
 * counted. Left out for the credential in use, which is tried again where the failure may pass. Throws `unauthorized` when the credential is refused (401, or 400 `invalid_client`), and other codes, with `vendor` filled, when some
 * other answer came back.
 */
export async function requestToken(
  ports: { readonly http: HttpPort; readonly clock: Clock },
  authBase: string,
  credential: Credential,
  signal?: AbortSignal,
  owner?: string,
): Promise<Token> {
  let sentAt = ports.clock.now();
  const secrets = secretsOf(credential);
  const response = await ports.http.send({
    action: TOKEN_ACTION,
    ...(owner === undefined ? {} : { owner }),
    safe: owner === undefined,
    reads: true,
    build: () => {
      sentAt = ports.clock.now();
      return tokenRequest(authBase, credential);
    },
    judge,
    requestId: (answer) => toVendorError(answer, null, null, secrets).requestId,
    ...(signal === undefined ? {} : { signal }),
  });
  if (response.status >= 200 && response.status < 300) return readToken(response, sentAt, secrets);
  throw tokenError(response, authBase, credential);
}

const tokenErrorBody = z.object({ error: z.string(), error_description: z.string().optional().catch(undefined) });

/** The vendor does not document the errors of its token endpoint; RFC 6749 section 5.2 is taken as the rule. */
function tokenError(response: HttpResponse, authBase: string, credential: Credential): KeyformError {
  const body = parseBody(tokenErrorBody, response);
  const vendor = toVendorError(response, body?.error ?? null, body?.error_description ?? null, secretsOf(credential));
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
  if (status === 429 || status === 408 || status >= 500) {
    return fail(
      status === 408 ? 'unavailable' : codeForStatus(status, true),
      status === 429 ? 'too many token requests' : 'the token endpoint is not available',
      'Nothing was changed. Try again later.',
    );
  }
  if (status === 400 && body !== null) {
    return fail(
      'invalid-argument',
      'the token request was refused',
      'Check the setting "auth_endpoint" (KEYFORM_SINCH_AUTH_ENDPOINT).',
    );
  }
  // Not `not-found` for a 404: that would speak of a key, while this is a host that knows no token endpoint.
  return fail(
    'malformed-answer',
    `${authBase} does not answer as a token endpoint (HTTP ${status})`,
    'Check the setting "auth_endpoint" (KEYFORM_SINCH_AUTH_ENDPOINT), and that no proxy answers in its place.',
  );
}

/** The credential itself was refused, with or without a token in between. */
export function refusal(credential: Credential, vendor: VendorError): KeyformError {
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

/** The credential in the forms in which it is sent. */
export function secretsOf(credential: Credential): readonly Secret[] {
  const basic = basicAuthorization(credential);
  return [credential.keySecret, new Secret(basic)];
}

function withoutScheme(header: string): string {
  return header.replace(/^\S+ /, '');
}

/** What the vendor said, with `secrets` cut out, should a gateway have echoed the request. */
export function toVendorError(
  response: HttpResponse,
  code: string | null,
  message: string | null,
  secrets: readonly Secret[],
): VendorError {
  // Not documented for this API, but the usual name where a gateway gives one.
  const requestId = response.headers['x-request-id'] ?? null;
  // A header may be quoted without its scheme.
  const bare = secrets.map((secret) => new Secret(withoutScheme(secret.reveal())));
  return redactedVendorError(response.status, { code, message, requestId }, { secrets: [...secrets, ...bare] });
}

/** The `Authorization` header as a token: an OAuth2 token that is asked for, or (`basic`) the key itself on every call. */
export function sourceOf(
  ports: { readonly http: HttpPort; readonly clock: Clock },
  authBase: string,
  credential: Credential,
  mode: AuthMode,
): TokenSource {
  const secrets = secretsOf(credential);
  if (mode === 'basic') return fixedSource(SERVICE, TOKEN_ACTION, new Secret(basicAuthorization(credential)), secrets);
  return {
    service: SERVICE,
    action: TOKEN_ACTION,
    changing: false,
    secrets,
    obtain: (signal) => requestToken(ports, authBase, credential, signal),
  };
}
