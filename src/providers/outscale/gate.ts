import { timingSafeEqual } from 'node:crypto';
import type { EmulatorRequest } from '../../core/emulator.ts';
import {
  canonicalRequest,
  credentialScope,
  type ParsedAuthorization,
  parseAuthorization,
  parseDateTime,
  SIGNATURE_FAMILIES,
  SIGNED_SERVICE,
  signature,
  signingKey,
  stringToSign,
} from './auth.ts';
import { CLOCK_WINDOW_MS } from './failure.ts';

/**
 * The emulator's front door: who is calling, whether too many wrong tries were made, and how fast calls may come. The
 * signature is checked with the same stages that sign, over what arrived.
 */

/** Failed tries of one credential: part of the emulator's saved data. */
export interface Lockout {
  /** Failures in a row. */
  failures: number;
  /** Milliseconds since 1970 until when the credential is locked; 0 for not locked. */
  until: number;
}

/** An error as the API words it; `status` is HTTP. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly type: string;
  readonly details: string;
}

/** Who may come in. */
export interface Doorkeeper {
  /** Secret and owner of a key that can sign now (known, active, not expired); null for any other id. Owner null: the root user. */
  key(accessKeyId: string): { readonly secret: string; readonly user: string | null } | null;
  readonly login: string;
  readonly password: string;
  /** By access key id or login; changed in place. */
  readonly lockouts: Map<string, Lockout>;
}

/** Who a request comes from: an EIM user's name, or null for the root user. */
export interface Caller {
  readonly user: string | null;
}

const DENIED = { status: 401, type: 'AccessDenied' };
const MINUTE = 60_000;
/** Ids whose failures are remembered; a caller that makes up ids must not fill the disk. */
const MOST_LOCKOUTS = 1000;

/** Tells who calls, or why nobody may. Counts failures and successes in `door.lockouts`. */
export function authenticate(request: EmulatorRequest, now: number, door: Doorkeeper): Caller | Refusal {
  const header = request.headers.authorization;
  if (header === undefined) {
    return { status: 403, code: '10', type: 'MissingLoginPassword', details: 'No Authorization header.' };
  }
  if (/^Basic /i.test(header)) return checkPassword(header.slice(6).trim(), request, now, door);
  const parsed = parseAuthorization(header);
  if (parsed !== null) {
    return attempt(parsed.accessKeyId, now, door, () => {
      const key = door.key(parsed.accessKeyId);
      return key !== null && isSignedBy(key.secret, parsed, request, now) ? { user: key.user } : null;
    });
  }
  // A scheme that is known but badly written cannot be laid at any credential's door, so it counts as no try.
  return SIGNATURE_FAMILIES.some((family) => header.startsWith(family.algorithm))
    ? { ...DENIED, code: '1', details: 'The Authorization header is malformed.' }
    : { ...DENIED, code: '12', details: 'Unknown Authorization type.' };
}

function checkPassword(encoded: string, request: EmulatorRequest, now: number, door: Doorkeeper): Caller | Refusal {
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  const login = colon < 0 ? pair : pair.slice(0, colon);
  return attempt(login, now, door, () => {
    const date = request.headers['x-osc-date'];
    // Documented as needed, but the vendor's JavaScript SDK leaves it out.
    const timely = date === undefined || isTimely(date, now);
    return timely && colon >= 0 && login === door.login && isEqual(pair.slice(colon + 1), door.password)
      ? { user: null }
      : null;
  });
}

/** One try with a credential, under the lock rule: four failures in a row lock it for a minute, each further four for one more, up to ten. */
function attempt(id: string, now: number, door: Doorkeeper, check: () => Caller | null): Caller | Refusal {
  const record = door.lockouts.get(id);
  if (record !== undefined && now < record.until) {
    return { ...DENIED, code: '13', details: 'Too many failed tries: authentication is locked for now.' };
  }
  const caller = check();
  if (caller !== null) {
    door.lockouts.delete(id);
    return caller;
  }
  const failures = (record?.failures ?? 0) + 1;
  const until = failures % 4 === 0 ? now + Math.min(failures / 4, 10) * MINUTE : 0;
  door.lockouts.set(id, { failures, until });
  const oldest = door.lockouts.keys().next().value;
  if (door.lockouts.size > MOST_LOCKOUTS && oldest !== undefined) door.lockouts.delete(oldest);
  return { ...DENIED, code: '1', details: 'Authentication failed.' };
}

function isSignedBy(secret: string, said: ParsedAuthorization, request: EmulatorRequest, now: number): boolean {
  const { family, signedHeaders } = said;
  const dateTime = request.headers[family.dateHeader] ?? '';
  if (!signedHeaders.includes('host') || !signedHeaders.includes(family.dateHeader)) return false;
  if (!isTimely(dateTime, now) || said.date !== dateTime.slice(0, 8)) return false;
  if (said.service !== SIGNED_SERVICE || said.terminator !== family.terminator) return false;
  if (signedHeaders.some((name) => request.headers[name] === undefined)) return false;
  const host = request.headers.host ?? '';
  const key = signingKey(family, secret, said.date, said.region, said.service);
  const scope = credentialScope(family, dateTime, said.region, said.service);
  // The vendor's Python SDK signs the host without its port, its JavaScript SDK with it.
  return [host, host.replace(/:\d+$/, '')].some((signedHost) => {
    const canonical = canonicalRequest({
      method: request.method,
      path: request.path,
      query: canonicalQuery(request.query),
      headers: signedHeaders.map((name) => [name, name === 'host' ? signedHost : (request.headers[name] ?? '')]),
      body: request.body,
    });
    return isEqual(signature(key, stringToSign(family, dateTime, scope, canonical)), said.signature);
  });
}

function canonicalQuery(query: URLSearchParams): string {
  const encode = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return [...query]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
}

function isTimely(dateTime: string, now: number): boolean {
  const at = parseDateTime(dateTime);
  return at !== null && Math.abs(now - at) <= CLOCK_WINDOW_MS;
}

function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
