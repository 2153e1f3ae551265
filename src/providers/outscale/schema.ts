import { z } from 'zod';
import { parseDuration } from '../../core/duration.ts';
import { isKeyformError } from '../../core/error.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import type { ArgumentSpec, AttributeSpec, SettingSpec } from '../../core/provider.ts';

/** Calls a second when the block says nothing: what the vendor's own SDKs limit themselves to; the API publishes no number. */
export const DEFAULT_REQUESTS_PER_SECOND = 5;

const MOMENT = /^(\d{4})-(\d{2})-(\d{2})(?:T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2}))?$/;

/**
 * Milliseconds since 1970 of an RFC 3339 time, of a date (its first moment, UTC), or of the API's own form
 * `2010-10-01T12:34:56.789+0000`; null when `text` is none of them or names a day that does not exist.
 */
export function parseMoment(text: string): number | null {
  const parts = MOMENT.exec(text);
  if (parts === null) return null;
  // Date.parse turns 30 February into 2 March, so the day is checked by itself.
  const day = `${parts[1]}-${parts[2]}-${parts[3]}`;
  const midnight = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== day) return null;
  const ms = Date.parse(text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
  return Number.isNaN(ms) ? null : ms;
}

/** RFC 3339 in UTC with milliseconds (`2027-01-01T00:00:00.000Z`), the form in which Keyform sends and remembers times. */
export function formatMoment(ms: number): string {
  return new Date(ms).toISOString();
}

function sameMoment(a: Json, b: Json): boolean {
  if (typeof a !== 'string' || typeof b !== 'string') return a === b;
  const [left, right] = [parseMoment(a), parseMoment(b)];
  return left === null || right === null ? a === b : left === right;
}

function lengthOf(text: Json | undefined): { readonly ms: number } | { readonly message: string } | null {
  if (typeof text !== 'string') return null;
  try {
    const ms = parseDuration(text);
    return ms > 0 ? { ms } : { message: 'must be longer than nothing' };
  } catch (error) {
    if (!isKeyformError(error)) throw error;
    return { message: `${error.message}. ${error.detail}` };
  }
}

function sameLength(a: Json, b: Json): boolean {
  const [left, right] = [lengthOf(a), lengthOf(b)];
  return left !== null && right !== null && 'ms' in left && 'ms' in right ? left.ms === right.ms : a === b;
}

/** The arguments of `keyform_outscale_access_key`. */
export const ACCESS_KEY_ARGUMENTS = {
  user_name: {
    schema: z
      .string()
      .min(1)
      .describe(
        'Name of the EIM user whose key it is. Left out: the identity that Keyform authenticates as, which may be the root user. A changed name makes a new key. (API: `UserName`.)',
      ),
    required: false,
    forcesNew: true,
    sensitive: false,
    // The API lists one user's keys at a time, so whose key it is follows from the list that it stands in. Counting that as
    // reported lets an imported key compare equal; a remembered value would be missing there and force a new key.
    source: 'reported',
    unset: 'clear',
    default: null,
  },
  tag: {
    schema: z
      .string()
      .min(1)
      .describe(
        'Free text kept with the key; need not be unique. Left out: none. Changed in place. Clearing it needs API 1.40.1 or later. (API: `Tag`.)',
      ),
    required: false,
    forcesNew: false,
    sensitive: false,
    source: 'reported',
    unset: 'clear',
    default: null,
  },
  enabled: {
    schema: z
      .boolean()
      .describe(
        'Whether the key can sign requests. Default true. Changed in place. (API: `State`, ACTIVE or INACTIVE.)',
      ),
    required: false,
    forcesNew: false,
    sensitive: false,
    source: 'reported',
    unset: 'keep',
    default: true,
  },
  expires_at: {
    schema: z
      .string()
      .regex(MOMENT, 'must be an RFC 3339 time such as "2027-01-01T00:00:00Z", or a date such as "2027-01-01"')
      .describe(
        'When the key stops working by itself: an RFC 3339 time, or a date, which means its first moment in UTC. Left out, and `expires_in` too: never. Changed in place. An API access policy of the account may demand one and limit it. Excludes `expires_in`. (API: `ExpirationDate`.)',
      ),
    required: false,
    forcesNew: false,
    sensitive: false,
    source: 'reported',
    unset: 'clear',
    default: null,
    same: sameMoment,
  },
  expires_in: {
    schema: z
      .string()
      .min(1)
      .describe(
        'Lifetime counted from the creation of each key, as "90d", "24h", "30m" or in ISO 8601: every rotation starts it anew. Changing it on a living key counts from the moment of the change. Excludes `expires_at`.',
      ),
    required: false,
    forcesNew: false,
    sensitive: false,
    source: 'remembered',
    unset: 'clear',
    default: null,
    same: sameLength,
  },
} as const satisfies Readonly<Record<string, ArgumentSpec>>;

/** The attributes of `keyform_outscale_access_key` beyond the common ones. */
export const ACCESS_KEY_ATTRIBUTES = {
  updated_at: {
    schema: z
      .string()
      .nullable()
      .describe(
        'When the key was last changed, RFC 3339 in UTC; null where the API is silent. (API: `LastModificationDate`.)',
      ),
  },
} as const satisfies Readonly<Record<string, AttributeSpec>>;

/**
 * `ResourceType.complete`: the end of life that follows from `expires_in`. A living key with the same `expires_in` keeps the end
 * it has; otherwise it is unknown while planning and `now` plus the lifetime at apply, cut to whole seconds so that an API
 * that keeps no milliseconds shows no drift. Throws `invalid-configuration` on an `expires_in` that {@link checkAccessKey} refuses.
 */
export function completeAccessKey(
  args: JsonObject,
  prior: JsonObject | null,
  now: number | null,
): { readonly args: JsonObject; readonly unknown: readonly string[] } {
  const lifetime = args.expires_in ?? null;
  if (typeof lifetime !== 'string') return { args, unknown: [] };
  const ms = parseDuration(lifetime);
  const kept = prior?.expires_at ?? null;
  if (prior !== null && kept !== null && sameLength(prior.expires_in ?? null, lifetime)) {
    return { args: { ...args, expires_at: kept }, unknown: [] };
  }
  if (now !== null) {
    return { args: { ...args, expires_at: formatMoment(Math.floor((now + ms) / 1000) * 1000) }, unknown: [] };
  }
  const { expires_at: _later, ...known } = args;
  return { args: known, unknown: ['expires_at'] };
}

/** `ResourceType.check`, on the arguments as they are written, before {@link completeAccessKey}. */
export function checkAccessKey(args: JsonObject): readonly { readonly argument: string; readonly message: string }[] {
  const found: { argument: string; message: string }[] = [];
  const { expires_at: at, expires_in: span } = args;
  if (typeof at === 'string' && typeof span === 'string') {
    found.push({ argument: 'expires_in', message: 'cannot stand beside "expires_at": keep one of the two' });
  }
  // A text that is not even of the right form is refused by the argument's schema already.
  if (typeof at === 'string' && MOMENT.test(at) && parseMoment(at) === null) {
    found.push({ argument: 'expires_at', message: `${JSON.stringify(at)} is a day or a time that does not exist` });
  }
  const length = lengthOf(span);
  if (length !== null && 'message' in length) found.push({ argument: 'expires_in', message: length.message });
  return found;
}

/** The settings of the `outscale` object of the provider block. */
export const SETTINGS = {
  endpoint: {
    schema: z
      .string()
      .describe(
        'Full URL of the OUTSCALE API, with scheme; `/api/v1` is added when it has no path. Default: `https://api.{region}.outscale.com/api/v1`. Plain `http` only to a loopback address.',
      ),
    sensitive: false,
    environment: ['KEYFORM_OUTSCALE_ENDPOINT', 'OSC_ENDPOINT_API'],
    default: null,
  },
  region: {
    schema: z
      .string()
      .regex(/^[a-z0-9-]+$/, 'must be the name of a region, such as "eu-west-2"')
      .describe(
        'Region that requests are signed for, and whose endpoint is used: ap-northeast-1, cloudgouv-eu-west-1, eu-west-2 (default), us-east-2, us-west-1.',
      ),
    sensitive: false,
    environment: ['OSC_REGION'],
    default: 'eu-west-2',
  },
  access_key_id: {
    schema: z
      .string()
      .describe(
        'Id of the access key that Keyform signs with. The key pair wins when `login` and `password` are set too, because signing never sends the secret and every call accepts it.',
      ),
    sensitive: false,
    environment: ['OSC_ACCESS_KEY'],
    default: null,
  },
  secret_key: {
    schema: z.string().describe('Secret of the access key that Keyform signs with.'),
    sensitive: true,
    environment: ['OSC_SECRET_KEY'],
    default: null,
  },
  login: {
    schema: z
      .string()
      .describe('E-mail address of the account, for authentication by password when no key pair is set.'),
    sensitive: false,
    environment: ['OSC_LOGIN'],
    default: null,
  },
  password: {
    schema: z.string().describe('Password of the account. Sent with every call, so prefer a key pair.'),
    sensitive: true,
    environment: ['OSC_PASSWORD'],
    default: null,
  },
  requests_per_second: {
    schema: z
      .number()
      .positive()
      .describe(
        `Most calls a second, all actions together. Default ${DEFAULT_REQUESTS_PER_SECOND}, the limit of the vendor's own SDKs; the vendor publishes no number.`,
      ),
    sensitive: false,
    environment: [],
    default: DEFAULT_REQUESTS_PER_SECOND,
  },
} as const satisfies Readonly<Record<string, SettingSpec>>;
