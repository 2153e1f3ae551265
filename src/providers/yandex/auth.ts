import { constants, createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { z } from 'zod';
import { readAnswer } from '../../core/answer.ts';
import { KeyformError } from '../../core/error.ts';
import type { HttpRequest, HttpResponse } from '../../core/http.ts';
import { parseMoment } from '../../core/moment.ts';
import { Secret } from '../../core/secret.ts';
import { staleAt, type Token } from '../../core/token.ts';
import { requestIdIn, SERVICE } from './failure.ts';

/**
 * The ways from a credential to an IAM token, in pure stages. Source: Yandex Cloud documentation, "Get an IAM token for a
 * service account" and IamTokenService of the API description; the vectors are of the vendor's own SDK.
 */

/** The vendor's name of the exchange, after its request message. */
export const TOKEN_ACTION = 'CreateIamToken';

/** A JWT lives as long as the API takes one: seconds. */
const JWT_LIFETIME = 3600;

/** The salt of PS256 is as long as its hash (RFC 7518, section 3.5). */
const SALT_LENGTH = 32;

const PUBLIC_AUDIENCE = 'https://iam.api.cloud.yandex.net/iam/v1/tokens';

/** An endpoint as the installations of the cloud name theirs: `https://iam.api.cloud.yandex.net`, `https://iam.api.yandexcloud.kz`. */
const INSTALLATION = /^https:\/\/iam\.([^/]+)$/;

/** An authorized key of a service account, ready to sign with. */
export interface AuthorizedKey {
  readonly id: string;
  readonly serviceAccountId: string;
  readonly privateKey: KeyObject;
}

const keyFile = z.object({
  id: z.string().min(1),
  service_account_id: z.string().min(1),
  private_key: z.string().min(1),
});

/**
 * The authorized key in `text`, the JSON that the vendor's tools write. Throws `invalid-configuration`, which says what is wrong
 * and never quotes.
 */
export function readAuthorizedKey(text: string): AuthorizedKey {
  const refuse = (what: string) =>
    new KeyformError('invalid-configuration', `${SERVICE}: the service account key ${what}`, {
      detail:
        'The setting "service_account_key_file" (YC_SERVICE_ACCOUNT_KEY_FILE) wants the JSON of an authorized key, or the path of a file with it, as `yc iam key create --service-account-id … --output key.json` writes it. An API key or a static access key is something else.',
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse('is not JSON');
  }
  const read = keyFile.safeParse(value);
  if (!read.success) throw refuse(`lacks "${String(read.error.issues[0]?.path[0] ?? 'id')}"`);
  // The vendor writes a line of warning before the PEM text itself.
  const pem = read.data.private_key.slice(Math.max(0, read.data.private_key.indexOf('-----BEGIN')));
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch {
    // The reason is left out: it may hold a part of what was read.
    throw refuse('has a "private_key" that is no PEM private key');
  }
  if (privateKey.asymmetricKeyType !== 'rsa') throw refuse('is not an RSA key, and PS256 needs one');
  return { id: read.data.id, serviceAccountId: read.data.service_account_id, privateKey };
}

/**
 * What a JWT for `endpoint` must name as its audience: the installation's own token address. A gateway or an emulator in front
 * of the API has another host than the API knows itself by, and gets the public one, as the vendor's SDK always sends it.
 */
export function audienceFor(endpoint: string): string {
  return INSTALLATION.test(endpoint) ? `${endpoint}/iam/v1/tokens` : PUBLIC_AUDIENCE;
}

/**
 * Where the operations of the IAM API at `endpoint` are asked after when nothing is said. Every installation of the cloud names
 * its hosts so; an endpoint of another name (a gateway, an emulator) is taken to serve both.
 */
export function operationEndpointFor(endpoint: string): string {
  return endpoint.replace(INSTALLATION, 'https://operation.$1');
}

/** Header and claims, base64url, as they are signed. `issuedAt` in whole seconds since 1970. */
export function signingInput(
  key: Pick<AuthorizedKey, 'id' | 'serviceAccountId'>,
  audience: string,
  issuedAt: number,
): string {
  const header = { alg: 'PS256', typ: 'JWT', kid: key.id };
  const claims = { iss: key.serviceAccountId, aud: audience, iat: issuedAt, exp: issuedAt + JWT_LIFETIME };
  return [header, claims].map((part) => Buffer.from(JSON.stringify(part), 'utf8').toString('base64url')).join('.');
}

/** The whole JWT: `input` with its PS256 signature (RSASSA-PSS, SHA-256, MGF1 with SHA-256, salt of 32 bytes). */
export function signJwt(input: string, privateKey: KeyObject): string {
  const signature = sign('sha256', Buffer.from(input, 'ascii'), {
    key: privateKey,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: SALT_LENGTH,
  });
  return `${input}.${signature.toString('base64url')}`;
}

/** The request for an IAM token. It carries no Authorization header. `endpoint` is without a trailing slash. */
export function tokenRequest(
  endpoint: string,
  identity: { readonly jwt: string } | { readonly yandexPassportOauthToken: string },
): HttpRequest {
  return {
    method: 'POST',
    url: `${endpoint}/iam/v1/tokens`,
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify(identity),
  };
}

/** A token is given up this long before its end. */
const LEEWAY_MS = 5 * 60_000;

/** An end that a wrong clock on this machine calls past says nothing; the token is used this long before another is got. */
const BLIND_MS = 60_000;

/** When a token that was got at `at` and ends at `end` (milliseconds since 1970) is to be replaced. */
export function replaceAt(at: number, end: number): number {
  return end <= at ? at + BLIND_MS : staleAt(at, end, LEEWAY_MS);
}

const tokenAnswer = z.object({
  iamToken: z
    .string()
    .regex(/^[\x21-\x7e]+$/)
    .transform((value) => new Secret(value)),
  expiresAt: z.string().transform((text, context) => {
    const end = parseMoment(text);
    if (end !== null) return end;
    context.addIssue({ code: 'custom', message: 'is no time' });
    return z.NEVER;
  }),
});

/** The token in a 200 answer; `sentAt` is when it was asked for, milliseconds since 1970. Throws `malformed-answer`. */
export function readToken(response: HttpResponse, sentAt: number, secrets: readonly Secret[] = []): Token {
  const answer = readAnswer(tokenAnswer, response, {
    service: SERVICE,
    action: TOKEN_ACTION,
    safe: true,
    requestId: (bad) => requestIdIn(bad, secrets),
  });
  return { value: answer.iamToken, staleAt: replaceAt(sentAt, answer.expiresAt) };
}
