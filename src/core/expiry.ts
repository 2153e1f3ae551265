import { z } from 'zod';
import { parseDuration } from './duration.ts';
import { isKeyformError } from './error.ts';
import type { Json, JsonObject } from './json.ts';
import { formatMoment, MOMENT, parseMoment, sameMoment } from './moment.ts';
import type { ArgumentSpec } from './provider.ts';

/** What the two arguments say beside the common words, for the documentation. */
export interface ExpiryWords {
  /** Completes "…Left out, and `expires_in` too: never. Changed in place." Limits, and the API's name of the field. */
  readonly at: string;
}

/**
 * The arguments `expires_at` and `expires_in` of a resource type whose keys may end by themselves, changed in place. To be
 * used with {@link completeExpiry} and {@link checkExpiry}.
 */
export function expiryArguments(words: ExpiryWords): {
  readonly expires_at: ArgumentSpec;
  readonly expires_in: ArgumentSpec;
} {
  return {
    expires_at: {
      schema: z
        .string()
        .regex(MOMENT, 'must be an RFC 3339 time such as "2027-01-01T00:00:00Z", or a date such as "2027-01-01"')
        .describe(
          `When the key stops working by itself: an RFC 3339 time, or a date, which means its first moment in UTC. Left out, and \`expires_in\` too: never. Changed in place. Excludes \`expires_in\`. ${words.at}`,
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
  };
}

/**
 * `ResourceType.complete`: the end of life that follows from `expires_in`. A living key with the same `expires_in` keeps the end
 * it has; otherwise it is unknown while planning and `now` plus the lifetime at apply, cut to whole seconds so that an API
 * that keeps no milliseconds shows no drift. Throws `invalid-configuration` on an `expires_in` that {@link checkExpiry} refuses.
 */
export function completeExpiry(
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

/** `ResourceType.check`, on the arguments as they are written, before {@link completeExpiry}. */
export function checkExpiry(args: JsonObject): readonly { readonly argument: string; readonly message: string }[] {
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
