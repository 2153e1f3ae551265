import { z } from 'zod';
import { isKeyformError, KeyformError } from '../../core/error.ts';
import type { HttpPort, RateLimit } from '../../core/http.ts';
import type { JsonObject } from '../../core/json.ts';
import { plainMoment } from '../../core/moment.ts';
import type { Clock } from '../../core/port.ts';
import { Secret } from '../../core/secret.ts';
import type { Credential } from './auth.ts';
import { type CallOptions, createClient, type TencentClient } from './client.ts';
import { SERVICE } from './failure.ts';
import { PAGE_SIZE, REQUESTS_PER_SECOND } from './gatewayschema.ts';

/** `X-TC-Version` of every call. */
const VERSION = '2018-08-08';

const ACTIONS = {
  CreateApiKey: REQUESTS_PER_SECOND,
  DescribeApiKey: REQUESTS_PER_SECOND,
  DescribeApiKeysStatus: REQUESTS_PER_SECOND,
  UpdateApiKey: REQUESTS_PER_SECOND,
  EnableApiKey: REQUESTS_PER_SECOND,
  DisableApiKey: REQUESTS_PER_SECOND,
  DeleteApiKey: REQUESTS_PER_SECOND,
};
/** The vendor's names of the calls that Keyform makes. */
export type Action = keyof typeof ACTIONS;

/** How often a list that changes under its reader is begun anew. */
const PASSES = 5;

/** What a client needs to make calls. */
export interface GatewayClientOptions {
  readonly http: HttpPort;
  readonly clock: Clock;
  readonly credential: Credential;
  /** Absolute URL without query and without a slash at its end, such as `https://apigateway.tencentcloudapi.com`. */
  readonly endpoint: string;
  /** For tests: keys per page of a list, 1 to 100. */
  readonly pageSize?: number;
}

const moment = plainMoment()
  .nullish()
  .transform((value) => value ?? null);

const wireKey = z.object({
  AccessKeyId: z.string().min(1),
  // A masked one (`qYSyjR****`), as the vendor's documents print it, is not the secret and must never stand in for it.
  AccessKeySecret: z
    .string()
    .nullish()
    .transform((text) => (text == null || text === '' || text.includes('*') ? null : new Secret(text))),
  AccessKeyType: z.enum(['auto', 'manual']),
  SecretName: z.string(),
  Status: z.union([z.literal(0), z.literal(1)]),
  CreatedTime: moment,
  ModifiedTime: moment,
  Tags: z
    .array(z.object({ Key: z.string(), Value: z.string() }))
    .nullish()
    .transform((tags) => (tags == null ? null : Object.fromEntries(tags.map((tag) => [tag.Key, tag.Value])))),
});

/** One key as the API shows it: times in RFC 3339 UTC, tags as a map; null for what this answer does not tell. */
export type WireKey = z.output<typeof wireKey>;

const createAnswer = z.object({
  Result: wireKey.extend({
    AccessKeySecret: z
      .string()
      .min(1)
      .transform((text) => new Secret(text)),
  }),
});
const describeAnswer = z.object({ Result: wireKey });
// After a change `Result` may be null ("this field may return null", says the vendor of every one): the change is done.
const updateAnswer = z.object({ Result: wireKey.nullable() });
const doneAnswer = z.object({ Result: z.boolean().nullable() });
const listAnswer = z.object({
  RequestId: z.string().nullable().catch(null),
  Result: z.object({ TotalCount: z.int().min(0), ApiKeySet: z.array(wireKey).nullable() }),
});

/** Where a call goes. */
export interface Place {
  /** Null: none is sent, and the API uses its own. */
  readonly region: string | null;
  /** `Owner.label`. */
  readonly owner: string;
}

/** How one call is made. */
export interface How {
  readonly signal?: AbortSignal | undefined;
  /** What must not show although the API may repeat it; null for none. */
  readonly secrets?: readonly (Secret | null)[];
}

/** A key of a person's choosing. */
export interface OwnKey {
  readonly id: string;
  readonly secret: Secret;
}

/** The API key calls. Each throws KeyformErrors as {@link TencentClient.call} does. */
export interface GatewayClient {
  /** Never repeated once it may have been sent. `own`: id and secret of a manual key, null for an auto key. */
  create(
    place: Place,
    key: { readonly name: string; readonly own: OwnKey | null; readonly tags: Readonly<Record<string, string>> },
    how: How,
  ): Promise<WireKey & { readonly AccessKeySecret: Secret }>;
  /** Null only when the API says that there is no such key. */
  describe(place: Place, id: string, how: How): Promise<WireKey | null>;
  /** All keys of a region; throws `unavailable` when they kept changing while they were read. */
  list(place: Place, how: How): Promise<readonly WireKey[]>;
  /**
   * Gives the key `secret`; null has the API make one. With `once`, and always for null, it is never repeated after it may have been
   * sent; otherwise as far as that helps. Null when the API answers without a Result.
   */
  update(place: Place, id: string, secret: Secret | null, once: boolean, how: How): Promise<WireKey | null>;
  /** False when the API says that the key's status does not allow it, which it may say of a key that is so already. */
  setStatus(place: Place, id: string, enabled: boolean, how: How): Promise<boolean>;
  /** Whether the API said yes. */
  delete(place: Place, id: string, how: How): Promise<boolean>;
  /** The buckets that a call of `action` draws from. */
  limitsOf(action: Action): readonly RateLimit[];
}

/** A client for the keys of every region. */
export function createGatewayClient(options: GatewayClientOptions): GatewayClient {
  const pageSize = options.pageSize ?? PAGE_SIZE;
  const clients = new Map<string | null, TencentClient>();

  /** The region is no parameter of a call but goes in a header. */
  function clientOf(region: string | null): TencentClient {
    const known = clients.get(region);
    if (known !== undefined) return known;
    const client = createClient({ ...options, service: 'apigateway', version: VERSION, region, actions: ACTIONS });
    clients.set(region, client);
    return client;
  }

  async function call<T>(
    action: Action,
    place: Place,
    params: JsonObject,
    how: How & Pick<CallOptions<T>, 'schema' | 'safe' | 'subject' | 'precious'>,
  ): Promise<T> {
    const secrets = (how.secrets ?? []).filter((secret) => secret !== null);
    try {
      return await clientOf(place.region).call(action, params, { ...how, secrets, owner: place.owner });
    } catch (error) {
      if (!isSaid(error, 'ActionOffline')) throw error;
      throw new KeyformError(error.code, error.message, {
        detail: `${error.detail} Account keys, which sign calls to Tencent Cloud itself, are \`keyform_tencent_cam_access_key\`.`,
        cause: error,
        vendor: error.vendor,
      });
    }
  }

  /** One pass through all pages; null when keys came or went on the way, so that it may lack some. */
  async function pass(place: Place, how: How): Promise<readonly WireKey[] | null> {
    const subject = `the keys of ${place.owner}`;
    const found = new Map<string, WireKey>();
    let total: number | null = null;
    let offset = 0;
    do {
      const params = { Limit: pageSize, Offset: offset };
      const answer = await call('DescribeApiKeysStatus', place, params, {
        ...how,
        schema: listAnswer,
        safe: true,
        subject,
      });
      const { TotalCount: counted, ApiKeySet: set } = answer.Result;
      if (total !== null && counted !== total) return null;
      total = counted;
      const page = set ?? [];
      if (page.length === 0 && offset < total) {
        throw new KeyformError(
          'malformed-answer',
          `${SERVICE} DescribeApiKeysStatus of ${subject}: the answer says that there are ${total} keys, and has none from number ${offset + 1} on`,
          {
            detail:
              'Nothing was concluded from it. Try again later; if it stays so, ask the vendor’s support about that call.',
            vendor: { status: 200, code: null, message: null, requestId: answer.RequestId },
          },
        );
      }
      for (const key of page) found.set(key.AccessKeyId, key);
      offset += page.length;
    } while (offset < total);
    return found.size === total ? [...found.values()] : null;
  }

  return {
    limitsOf: (action) => clientOf(null).limitsOf(action),

    async create(place, { name, own, tags }, how) {
      const pairs = Object.entries(tags);
      const params = {
        SecretName: name,
        ...(own === null ? {} : { AccessKeyType: 'manual', AccessKeyId: own.id, AccessKeySecret: own.secret.reveal() }),
        ...(pairs.length === 0 ? {} : { Tags: pairs.map(([Key, Value]) => ({ Key, Value })) }),
      };
      const answer = await call('CreateApiKey', place, params, {
        ...how,
        schema: createAnswer,
        safe: false,
        subject: `a key named ${JSON.stringify(name)}`,
        precious: { secret: ['Result', 'AccessKeySecret'], id: ['Result', 'AccessKeyId'] },
      });
      return answer.Result;
    },

    async describe(place, id, how) {
      try {
        const more = { schema: describeAnswer, safe: true, subject: `key ${id}` };
        return (await call('DescribeApiKey', place, { AccessKeyId: id }, { ...how, ...more })).Result;
      } catch (error) {
        if (isGone(error)) return null;
        throw error;
      }
    },

    async list(place, how) {
      let previous: readonly WireKey[] | null = null;
      for (let passes = 0; passes < PASSES; passes++) {
        const keys = await pass(place, how);
        if (keys !== null && (keys.length <= pageSize || isNewestFirst(keys) || isSame(keys, previous))) return keys;
        previous = keys;
      }
      throw new KeyformError(
        'unavailable',
        `${SERVICE} DescribeApiKeysStatus of the keys of ${place.owner}: the list kept changing while it was read`,
        { detail: 'Something makes or deletes keys all the time. Nothing was concluded from it. Try again later.' },
      );
    },

    async update(place, id, secret, once, how) {
      const params = { AccessKeyId: id, ...(secret === null ? {} : { AccessKeySecret: secret.reveal() }) };
      const more = { schema: updateAnswer, safe: secret !== null && !once, subject: `key ${id}` };
      return (await call('UpdateApiKey', place, params, { ...how, ...more })).Result;
    },

    async setStatus(place, id, enabled, how) {
      try {
        const more = { schema: doneAnswer, safe: true, subject: `key ${id}` };
        await call(enabled ? 'EnableApiKey' : 'DisableApiKey', place, { AccessKeyId: id }, { ...how, ...more });
        return true;
      } catch (error) {
        if (isSaid(error, 'UnsupportedOperation.UnsupportedUpdateApiKey')) return false;
        throw error;
      }
    },

    async delete(place, id, how) {
      const more = { schema: doneAnswer, safe: true, subject: `key ${id}` };
      return (await call('DeleteApiKey', place, { AccessKeyId: id }, { ...how, ...more })).Result === true;
    },
  };
}

/** Whether it is the API's own error with this code. */
export function isSaid(error: unknown, code: string): error is KeyformError {
  return isKeyformError(error) && error.vendor?.code === code;
}

/** Whether it is the API's own "no such key", and not a 404 of something in front of it. */
export function isGone(error: unknown): boolean {
  return isSaid(error, 'ResourceNotFound.InvalidAccessKeyId');
}

/**
 * Whether nothing speaks against new keys coming first. Then a key that comes while another goes cannot push an old one out of
 * sight. In any other order it can, between two pages and with no number to betray it; such a list is read until it is
 * twice the same.
 */
function isNewestFirst(keys: readonly WireKey[]): boolean {
  const times = keys.map((key) => key.CreatedTime ?? '');
  return times.every((time, i) => i === 0 || time <= (times[i - 1] ?? ''));
}

function isSame(keys: readonly WireKey[], others: readonly WireKey[] | null): boolean {
  if (others === null || keys.length !== others.length) return false;
  const ids = new Set(others.map((key) => key.AccessKeyId));
  return keys.every((key) => ids.has(key.AccessKeyId));
}
