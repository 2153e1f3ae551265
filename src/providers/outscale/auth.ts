import { createHash, createHmac } from 'node:crypto';
import type { Secret } from '../../core/secret.ts';

/**
 * Request signing. Outscale takes its own OSC4 form and the AWS Signature V4 it descends from; the two differ only in the
 * names below, so the stages are written once. Keyform signs OSC4; the emulator checks both with these same stages.
 */
export interface SignatureFamily {
  /** First line of the string to sign, and scheme of the `Authorization` header. */
  readonly algorithm: string;
  /** Put before the secret to make the first HMAC key. */
  readonly keyPrefix: string;
  /** Last part of the scope. */
  readonly terminator: string;
  /** Header, in lower case, that carries the time. */
  readonly dateHeader: string;
}

/** The vendor's own form (source: osc_sdk_python 0.41.0, authentication.py). */
export const OSC4: SignatureFamily = {
  algorithm: 'OSC4-HMAC-SHA256',
  keyPrefix: 'OSC4',
  terminator: 'osc4_request',
  dateHeader: 'x-osc-date',
};

/** AWS Signature V4, which the vendor's JavaScript SDK 0.26.0 uses. */
export const AWS4: SignatureFamily = {
  algorithm: 'AWS4-HMAC-SHA256',
  keyPrefix: 'AWS4',
  terminator: 'aws4_request',
  dateHeader: 'x-amz-date',
};

/** Every family that the API accepts. */
export const SIGNATURE_FAMILIES: readonly SignatureFamily[] = [OSC4, AWS4];

/** The service name in the scope of every call of the OUTSCALE API. */
export const SIGNED_SERVICE = 'api';

/** What a signature covers. */
export interface SignedRequest {
  readonly method: string;
  /** Absolute path, percent-encoded as sent. */
  readonly path: string;
  /** Canonical query string; empty for every call of this API. */
  readonly query: string;
  /** Headers to sign, in the order in which they are signed (sorted by name); names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The exact body, as it goes over the wire: a re-serialised one has another hash. */
  readonly body: string;
}

/** Lower-case hex SHA-256 of UTF-8 text. */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** `YYYYMMDDTHHMMSSZ`, UTC, of milliseconds since 1970. */
export function formatDateTime(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

/** Milliseconds since 1970 of `YYYYMMDDTHHMMSSZ`; null when `text` is not such a moment. */
export function parseDateTime(text: string): number | null {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second] = parts;
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(ms) ? null : ms;
}

/** Stage 1. The names of the signed headers, as both the canonical request and the `Authorization` header list them. */
export function signedHeaderList(request: SignedRequest): string {
  return request.headers.map(([name]) => name).join(';');
}

/** Stage 2. The canonical request. Blanks in header values are trimmed and runs of them made one, as AWS4 wants. */
export function canonicalRequest(request: SignedRequest): string {
  const lines = request.headers.map(([name, value]) => `${name}:${value.trim().replace(/\s+/g, ' ')}\n`).join('');
  return [request.method, request.path, request.query, lines, signedHeaderList(request), sha256Hex(request.body)].join(
    '\n',
  );
}

/** Stage 3. `date/region/service/terminator`; the date is the first eight characters of `dateTime`. */
export function credentialScope(family: SignatureFamily, dateTime: string, region: string, service: string): string {
  return [dateTime.slice(0, 8), region, service, family.terminator].join('/');
}

/** Stage 4. The string to sign. `canonical` is the result of {@link canonicalRequest}. */
export function stringToSign(family: SignatureFamily, dateTime: string, scope: string, canonical: string): string {
  return [family.algorithm, dateTime, scope, sha256Hex(canonical)].join('\n');
}

/** Stage 5. The signing key: 32 bytes, good for one day, region and service. As secret as the secret. */
export function signingKey(
  family: SignatureFamily,
  secret: string,
  date: string,
  region: string,
  service: string,
): Uint8Array {
  const seeded: Uint8Array | string = `${family.keyPrefix}${secret}`;
  return [date, region, service, family.terminator].reduce<Uint8Array | string>(hmac, seeded) as Uint8Array;
}

/** Stage 6. Lower-case hex signature of the result of {@link stringToSign}. */
export function signature(key: Uint8Array, toSign: string): string {
  return Buffer.from(hmac(key, toSign)).toString('hex');
}

/** Stage 7. The value of the `Authorization` header. */
export function authorizationHeader(
  family: SignatureFamily,
  accessKeyId: string,
  scope: string,
  signedHeaders: string,
  hexSignature: string,
): string {
  return `${family.algorithm} Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${hexSignature}`;
}

/** An access key to sign with. */
export interface SigningCredential {
  readonly accessKeyId: string;
  readonly secret: Secret;
}

/** All stages in a row: the `Authorization` header for `request`. `dateTime` must be what its date header carries. */
export function sign(
  family: SignatureFamily,
  credential: SigningCredential,
  place: { readonly region: string; readonly service: string },
  dateTime: string,
  request: SignedRequest,
): string {
  const scope = credentialScope(family, dateTime, place.region, place.service);
  const toSign = stringToSign(family, dateTime, scope, canonicalRequest(request));
  const key = signingKey(family, credential.secret.reveal(), dateTime.slice(0, 8), place.region, place.service);
  return authorizationHeader(family, credential.accessKeyId, scope, signedHeaderList(request), signature(key, toSign));
}

/** The parts of a signing `Authorization` header. */
export interface ParsedAuthorization {
  readonly family: SignatureFamily;
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly terminator: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** Reads what {@link authorizationHeader} writes; null when `header` is of no known family or not of that form. */
export function parseAuthorization(header: string): ParsedAuthorization | null {
  const family = SIGNATURE_FAMILIES.find((f) => header.startsWith(`${f.algorithm} `));
  if (family === undefined) return null;
  const parts =
    /^Credential=([^/,\s]+)\/(\d{8})\/([^/,]+)\/([^/,]+)\/([^/,]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/.exec(
      header.slice(family.algorithm.length + 1).trim(),
    );
  if (parts === null) return null;
  const [, accessKeyId = '', date = '', region = '', service = '', terminator = '', headers = '', hex = ''] = parts;
  return { family, accessKeyId, date, region, service, terminator, signedHeaders: headers.split(';'), signature: hex };
}

/** The value of the `Authorization` header for a login and password. */
export function basicAuthorization(login: string, password: Secret): string {
  return `Basic ${Buffer.from(`${login}:${password.reveal()}`, 'utf8').toString('base64')}`;
}

function hmac(key: Uint8Array | string, text: string): Uint8Array {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}
