import { createHash, createHmac } from 'node:crypto';
import type { Secret } from '../../core/secret.ts';

/**
 * Request signing: TC3-HMAC-SHA256 (signature v3), which Keyform signs with, and signature v1, which the vendor's international
 * SDKs still use. The emulator checks both with these same stages.
 */

/** First line of the string to sign, and scheme of the `Authorization` header. */
export const ALGORITHM = 'TC3-HMAC-SHA256';
/** Put before the secret to make the first HMAC key. */
const KEY_PREFIX = 'TC3';
/** Last part of the scope. */
export const TERMINATOR = 'tc3_request';

/** A request must arrive within this of its timestamp (source: the vendor's common error table, AuthFailure.SignatureExpire). */
export const CLOCK_WINDOW_MS = 5 * 60_000;

/** An account key to sign with. */
export interface Credential {
  readonly secretId: string;
  readonly secretKey: Secret;
  /** The token that belongs to a temporary key; null for a permanent one. Sent beside the signature, not signed. */
  readonly token: Secret | null;
}

/** What a TC3 signature covers. */
export interface SignedRequest {
  readonly method: string;
  /** Absolute path, percent-encoded as sent; `/` for every call of the vendor's API. */
  readonly path: string;
  /** Query string as sent, without `?`; empty for POST. */
  readonly query: string;
  /** Headers to sign, in the order in which they are signed (sorted by name). */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The exact body, as it goes over the wire; empty for GET. */
  readonly body: string;
}

/** Lower-case hex SHA-256 of UTF-8 text. */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** The `X-TC-Timestamp` of milliseconds since 1970: whole seconds. */
export function timestampOf(ms: number): number {
  return Math.floor(ms / 1000);
}

/** Stage 1. UTC day of a timestamp, `YYYY-MM-DD`. */
export function dateOf(timestamp: number): string {
  return new Date(timestamp * 1000).toISOString().slice(0, 10);
}

/** Stage 2. The names of the signed headers, as both the canonical request and the `Authorization` header list them. */
export function signedHeaderList(request: SignedRequest): string {
  return request.headers.map(([name]) => name.toLowerCase()).join(';');
}

/** Stage 3. The canonical request. Header names and values are made lower case and trimmed. */
export function canonicalRequest(request: SignedRequest): string {
  const lines = request.headers
    .map(([name, value]) => `${name.toLowerCase()}:${value.trim().toLowerCase()}\n`)
    .join('');
  return [request.method, request.path, request.query, lines, signedHeaderList(request), sha256Hex(request.body)].join(
    '\n',
  );
}

/** Stage 4. `date/service/tc3_request`. */
export function credentialScope(date: string, service: string): string {
  return `${date}/${service}/${TERMINATOR}`;
}

/** Stage 5. The string to sign. `canonical` is the result of {@link canonicalRequest}. */
export function stringToSign(timestamp: number, scope: string, canonical: string): string {
  return [ALGORITHM, String(timestamp), scope, sha256Hex(canonical)].join('\n');
}

/** Stage 6. The signing key: 32 bytes, good for one day and service. As secret as the secret. */
export function signingKey(secret: string, date: string, service: string): Uint8Array {
  return hmac(hmac(hmac(`${KEY_PREFIX}${secret}`, date), service), TERMINATOR);
}

/** Stage 7. Lower-case hex signature of the result of {@link stringToSign}. */
export function signature(key: Uint8Array, toSign: string): string {
  return Buffer.from(hmac(key, toSign)).toString('hex');
}

/** Stage 8. The value of the `Authorization` header. */
export function authorizationHeader(
  secretId: string,
  scope: string,
  signedHeaders: string,
  hexSignature: string,
): string {
  return `${ALGORITHM} Credential=${secretId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${hexSignature}`;
}

/** All stages in a row: the `Authorization` header for `request`. `timestamp` must be what `X-TC-Timestamp` carries. */
export function sign(
  credential: Pick<Credential, 'secretId' | 'secretKey'>,
  service: string,
  timestamp: number,
  request: SignedRequest,
): string {
  const date = dateOf(timestamp);
  const scope = credentialScope(date, service);
  const toSign = stringToSign(timestamp, scope, canonicalRequest(request));
  const key = signingKey(credential.secretKey.reveal(), date, service);
  return authorizationHeader(credential.secretId, scope, signedHeaderList(request), signature(key, toSign));
}

/** The parts of a TC3 `Authorization` header. */
export interface ParsedAuthorization {
  readonly secretId: string;
  readonly date: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** Reads what {@link authorizationHeader} writes; null when `header` is of another scheme or not of that form. */
export function parseAuthorization(header: string): ParsedAuthorization | null {
  const parts =
    /^TC3-HMAC-SHA256\s+Credential=([^/,\s]+)\/(\d{4}-\d{2}-\d{2})\/([^/,\s]+)\/tc3_request,\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/.exec(
      header.trim(),
    );
  if (parts === null) return null;
  const [, secretId = '', date = '', service = '', headers = '', hex = ''] = parts;
  return { secretId, date, service, signedHeaders: headers.toLowerCase().split(';'), signature: hex };
}

/** The digests of signature v1, by the value of its `SignatureMethod` parameter. */
export const V1_METHODS: Readonly<Record<string, 'sha1' | 'sha256'>> = { HmacSHA1: 'sha1', HmacSHA256: 'sha256' };

/** Signature v1, stage 1. The string to sign: parameters sorted by name, values as they are, not URL-encoded. */
export function stringToSignV1(
  method: string,
  host: string,
  path: string,
  parameters: Readonly<Record<string, string>>,
): string {
  const pairs = Object.entries(parameters)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`);
  return `${method}${host}${path}?${pairs.join('&')}`;
}

/** Signature v1, stage 2. Base64 signature of the result of {@link stringToSignV1}. */
export function signatureV1(secret: string, toSign: string, digest: 'sha1' | 'sha256'): string {
  return createHmac(digest, secret).update(toSign, 'utf8').digest('base64');
}

function hmac(key: Uint8Array | string, text: string): Uint8Array {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}
