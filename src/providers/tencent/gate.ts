import { timingSafeEqual } from 'node:crypto';
import type { EmulatorRequest } from '../../core/emulator.ts';
import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import {
  CLOCK_WINDOW_MS,
  canonicalRequest,
  credentialScope,
  dateOf,
  parseAuthorization,
  signature,
  signatureV1,
  signingKey,
  stringToSign,
  stringToSignV1,
  V1_METHODS,
} from './auth.ts';
import { ApiError, type Caller } from './service.ts';

/**
 * The emulator's front door: what a request asks for, in either family of signatures, who signed it, and how fast calls may
 * come. Signatures are checked with the same stages that sign, over what arrived.
 */

/** What a request asks for, before anything of it is believed. */
export interface Asked {
  /** Signature v3 says these in headers, v1 in parameters. */
  readonly family: 'TC3' | 'v1';
  readonly action: string | null;
  readonly version: string | null;
  /** Null when absent, empty, or the literal `null` that an SDK sends. */
  readonly region: string | null;
  /** All parameters of a form or a query, as sent; empty for a JSON body. */
  readonly pairs: ReadonlyMap<string, string>;
}

/** Parameters of signature v1 that are not the action's own. */
const COMMON_V1 = new Set([
  'Action',
  'Language',
  'Nonce',
  'Region',
  'RequestClient',
  'SecretId',
  'Signature',
  'SignatureMethod',
  'Timestamp',
  'Token',
  'Version',
]);

/** Reads what a request asks for. Never throws. */
export function readAsked(request: EmulatorRequest): Asked {
  const { headers, query } = request;
  const isTc3 = headers['x-tc-action'] !== undefined || (headers.authorization ?? '').startsWith('TC3-');
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '');
  const source = request.method !== 'POST' ? query : isForm ? new URLSearchParams(request.body) : null;
  const pairs = new Map(source ?? []);
  const common = (header: string, parameter: string) =>
    (isTc3 ? headers[header] : pairs.get(parameter))?.trim() || null;
  const region = common('x-tc-region', 'Region');
  return {
    family: isTc3 ? 'TC3' : 'v1',
    action: common('x-tc-action', 'Action'),
    version: common('x-tc-version', 'Version'),
    region: region === 'null' ? null : region,
    pairs,
  };
}

/** The action's own parameters; one that is null counts as absent. Throws {@link ApiError}. */
export function readGiven(request: EmulatorRequest, asked: Asked): JsonObject {
  if (asked.family === 'v1' || request.method === 'GET') {
    const own = [...asked.pairs].filter(([name]) => asked.family === 'TC3' || !COMMON_V1.has(name));
    return Object.fromEntries(
      group(own.map(([name, value]) => [name.split('.'), value])).map(([name, rest]) => [name, unflatten(rest)]),
    );
  }
  let body: unknown;
  try {
    body = request.body === '' ? {} : JSON.parse(request.body);
  } catch {
    throw new ApiError('InvalidParameter', 'The request body is not JSON.');
  }
  if (!isObject(body)) throw new ApiError('InvalidParameter', 'The request body is not a JSON object.');
  return Object.fromEntries(Object.entries(body as JsonObject).filter(([, value]) => value !== null));
}

type Flat = readonly (readonly [path: readonly string[], value: string])[];

/** By the first name of their paths. */
function group(flat: Flat): [string, Flat][] {
  const groups = new Map<string, [readonly string[], string][]>();
  for (const [[first = '', ...rest], value] of flat) {
    groups.set(first, [...(groups.get(first) ?? []), [rest, value]]);
  }
  return [...groups];
}

/** `Filters.0.Name=a` → `{Filters: [{Name: 'a'}]}`: members that are all numbers make an array. */
function unflatten(flat: Flat): Json {
  const [[path, value] = [[], '']] = flat;
  if (flat.length === 1 && path.length === 0) return value;
  if (flat.some(([rest]) => rest.length === 0)) {
    throw new ApiError('InvalidParameter', 'A parameter is both a value and a structure.');
  }
  const members = group(flat).map(([name, rest]) => [name, unflatten(rest)] as const);
  if (!members.every(([name]) => /^\d+$/.test(name))) return Object.fromEntries(members);
  return [...members].sort(([a], [b]) => Number(a) - Number(b)).map(([, item]) => item);
}

/** Who may sign. */
export interface Keyring {
  signer(secretId: string): { readonly secretKey: string; readonly active: boolean; readonly caller: Caller } | null;
}

/** How the front door is set. */
export interface DoorOptions {
  /** Code for a key that exists but is disabled. */
  readonly disabledCode: string;
  /** The name in the scope of signatures for the service that is asked. */
  readonly service: string;
  readonly now: number;
}

/** Tells who signed the request. Throws {@link ApiError} when nobody did as they should. */
export function authenticate(request: EmulatorRequest, asked: Asked, keys: Keyring, options: DoorOptions): Caller {
  return asked.family === 'TC3' ? checkTc3(request, keys, options) : checkV1(request, asked.pairs, keys, options);
}

function checkTc3(request: EmulatorRequest, keys: Keyring, options: DoorOptions): Caller {
  const { headers } = request;
  const said = parseAuthorization(headers.authorization ?? '');
  if (said === null) {
    throw new ApiError('AuthFailure.InvalidAuthorization', 'The Authorization header is not as it should be.');
  }
  const timestamp = timely(headers['x-tc-timestamp'], 'X-TC-Timestamp', options.now);
  const signer = signerOf(said.secretId, headers['x-tc-token'], keys, options);
  const host = headers.host ?? '';
  // The vendor's Node SDKs take the first label of whatever host they call for the service's name.
  const services = [options.service, host.replace(/:\d+$/, '').split('.')[0] ?? ''];
  const covered = ['content-type', 'host'].every((name) => said.signedHeaders.includes(name));
  const present = said.signedHeaders.every((name) => headers[name] !== undefined);
  if (!covered || !present || !services.includes(said.service) || said.date !== dateOf(timestamp)) throw badSignature();
  const key = signingKey(signer.secretKey, said.date, said.service);
  const scope = credentialScope(said.date, said.service);
  const isRight = hostForms(host).some((signedHost) =>
    queryForms(request).some((query) => {
      const canonical = canonicalRequest({
        method: request.method,
        path: '/',
        query,
        headers: said.signedHeaders.map((name) => [name, name === 'host' ? signedHost : (headers[name] ?? '')]),
        body: request.body,
      });
      return isEqual(signature(key, stringToSign(timestamp, scope, canonical)), said.signature);
    }),
  );
  if (!isRight) throw badSignature();
  return signer.caller;
}

function checkV1(
  request: EmulatorRequest,
  pairs: ReadonlyMap<string, string>,
  keys: Keyring,
  options: DoorOptions,
): Caller {
  const need = (name: string): string => {
    const value = pairs.get(name) ?? '';
    if (value !== '') return value;
    throw new ApiError('MissingParameter', `The request is missing a required parameter \`${name}\`.`);
  };
  const secretId = need('SecretId');
  const said = need('Signature');
  // Documented as positive, but the vendor's Node SDKs draw 0 as well.
  if (!/^\d+$/.test(need('Nonce'))) throw new ApiError('InvalidParameter', 'Nonce must be a number.');
  timely(need('Timestamp'), 'Timestamp', options.now);
  const method = pairs.get('SignatureMethod') ?? 'HmacSHA1';
  const digest = Object.hasOwn(V1_METHODS, method) ? V1_METHODS[method] : undefined;
  if (digest === undefined) throw new ApiError('InvalidParameter', 'SignatureMethod is HmacSHA1 or HmacSHA256.');
  const signer = signerOf(secretId, pairs.get('Token'), keys, options);
  const signed = Object.fromEntries([...pairs].filter(([name]) => name !== 'Signature'));
  const isRight = hostForms(request.headers.host ?? '').some((host) => {
    const toSign = stringToSignV1(request.method, host, '/', signed);
    return isEqual(signatureV1(signer.secretKey, toSign, digest), said);
  });
  if (!isRight) throw badSignature();
  return signer.caller;
}

function signerOf(
  secretId: string,
  token: string | undefined,
  keys: Keyring,
  options: DoorOptions,
): { readonly secretKey: string; readonly caller: Caller } {
  const signer = keys.signer(secretId);
  if (signer === null) throw new ApiError('AuthFailure.SecretIdNotFound', 'The SecretId is not found.');
  if (!signer.active) throw new ApiError(options.disabledCode, 'The SecretId is disabled.');
  if (token !== undefined && token !== '') throw new ApiError('AuthFailure.TokenFailure', 'The token is not valid.');
  return signer;
}

function badSignature(): ApiError {
  return new ApiError(
    'AuthFailure.SignatureFailure',
    'The provided credentials could not be validated. Please check your signature is correct.',
  );
}

function timely(text: string | undefined, name: string, now: number): number {
  if (text === undefined)
    throw new ApiError('MissingParameter', `The request is missing a required parameter \`${name}\`.`);
  if (!/^\d{1,11}$/.test(text)) throw new ApiError('InvalidParameter', `The parameter \`${name}\` is not a time.`);
  const timestamp = Number(text);
  if (Math.abs(now - timestamp * 1000) > CLOCK_WINDOW_MS + 999) {
    throw new ApiError('AuthFailure.SignatureExpire', 'The signature has expired.');
  }
  return timestamp;
}

/** The vendor's Node SDKs sign the host without its port, its Go SDK with it. */
function hostForms(host: string): readonly string[] {
  return [...new Set([host, host.replace(/:\d+$/, '')])];
}

/** A query string as clients may have written what arrived: as JavaScript, its URL class, RFC 3986 or a form encodes it. */
function queryForms(request: EmulatorRequest): readonly string[] {
  const strict = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const join = (encode: (text: string) => string) =>
    [...request.query].map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
  // What went through `new URL` has its apostrophes encoded: so the vendor's Node SDKs sign it.
  const url = (text: string) => encodeURIComponent(text).replaceAll("'", '%27');
  return [...new Set([join(encodeURIComponent), join(url), join(strict), request.query.toString()])];
}

function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
