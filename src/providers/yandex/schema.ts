import { z } from 'zod';
import { parseDuration } from '../../core/duration.ts';
import { endpointSchema } from '../../core/endpoint.ts';
import { isKeyformError } from '../../core/error.ts';
import { checkExpiry, expiryArguments } from '../../core/expiry.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { parseMoment } from '../../core/moment.ts';
import { once } from '../../core/once.ts';
import type { ArgumentSpec, AttributeSpec, Capabilities, SettingSpec } from '../../core/provider.ts';
import type { Secret } from '../../core/secret.ts';

/**
 * What a Yandex Cloud stack can say, as data. Source of the limits: the vendor's API description (GitHub
 * yandex-cloud/cloudapi, yandex/cloud/iam/v1, July 2026) and its documentation of IAM.
 */

/** Keys per page when the block says nothing: the API's own default. */
export const DEFAULT_PAGE_SIZE = 100;

/** How long an operation is waited for when the block says nothing. */
export const DEFAULT_OPERATION_TIMEOUT = '5m';

/** The provider block's `yandex` object. */
export const settingSpecs = once(
  () =>
    ({
      endpoint: {
        schema: endpointSchema(
          'Base URL of the IAM API. Default: `https://iam.api.cloud.yandex.net`; another installation of the cloud has another host, such as `https://iam.api.yandexcloud.kz`. A path prefix is kept. Plain `http://` is accepted for a loopback address only.',
        ),
        sensitive: false,
        environment: ['KEYFORM_YANDEX_ENDPOINT'],
        default: 'https://iam.api.cloud.yandex.net',
      },
      operation_endpoint: {
        schema: endpointSchema(
          'Base URL of the host that is asked how an operation stands. Left out: the host of `endpoint` with `iam.` at its beginning replaced by `operation.`, as the vendor names it (`https://operation.api.cloud.yandex.net`); where `endpoint` does not begin so, `endpoint` itself, so that a token never goes to a host that nobody named.',
        ),
        sensitive: false,
        environment: ['KEYFORM_YANDEX_OPERATION_ENDPOINT'],
        default: null,
      },
      token: {
        schema: z
          .string()
          .regex(/^[\x21-\x7e]+$/, 'must be one word, without spaces and line breaks')
          .describe(
            'An IAM token (`t1.…`, lives at most 12 hours), as `yc iam create-token` prints it. An OAuth token (`y0_…`) is exchanged for IAM tokens; the vendor announced the end of that way for the end of 2026. Excludes `service_account_key_file` and `token_file`.',
          ),
        sensitive: true,
        environment: ['YC_TOKEN', 'YC_IAM_TOKEN'],
        default: null,
      },
      service_account_key_file: {
        schema: z
          .string()
          .min(1)
          .describe(
            "Path to the file of a service account's authorized key, or its contents: the JSON that `yc iam key create` writes, with `id`, `service_account_id` and `private_key`. Keyform signs with it for IAM tokens, and renews them by itself: the way for CI. Excludes `token` and `token_file`.",
          ),
        sensitive: true,
        environment: ['YC_SERVICE_ACCOUNT_KEY_FILE'],
        default: null,
      },
      token_file: {
        schema: z
          .string()
          .min(1)
          .describe(
            'Path to a file with an IAM token, as plain text or as the JSON of the instance metadata service (`access_token`, `expires_in`). It is read again when the token is near its end or was refused, so that another process may renew it. Excludes `token` and `service_account_key_file`.',
          ),
        sensitive: false,
        environment: ['KEYFORM_YANDEX_TOKEN_FILE'],
        default: null,
      },
      page_size: {
        schema: z
          .int()
          .min(1)
          .max(1000)
          .describe(`Keys that one answer to a list holds, 1 to 1000. Default ${DEFAULT_PAGE_SIZE}, the API's own.`),
        sensitive: false,
        environment: [],
        default: DEFAULT_PAGE_SIZE,
      },
      operation_timeout: {
        schema: z
          .string()
          .superRefine((value, context) => {
            try {
              if (parseDuration(value) > 0) return;
              context.addIssue({ code: 'custom', message: 'must be longer than nothing' });
            } catch (error) {
              if (!isKeyformError(error)) throw error;
              context.addIssue({ code: 'custom', message: 'must be a length of time such as "5m" or "PT5M"' });
            }
          })
          .describe(
            `How long the operation behind a change or a delete is waited for, as "30s", "5m" or in ISO 8601. Default ${DEFAULT_OPERATION_TIMEOUT}.`,
          ),
        sensitive: false,
        environment: [],
        default: DEFAULT_OPERATION_TIMEOUT,
      },
    }) as const satisfies Readonly<Record<string, SettingSpec>>,
);

const NONE: Json = null;

/** An id that can stand as one segment of a path, within the length that the API's description gives. */
const serviceAccountId = () =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,50}$/, 'must be the id of a service account, such as "ajeuo7ng2p6u0000abcd"')
    .describe(
      'Id of the service account that the key belongs to and acts as. A key cannot move: another service account means a new key. (API: `serviceAccountId`.)',
    );

const serviceAccount = once(
  () =>
    ({
      service_account_id: {
        schema: serviceAccountId(),
        required: true,
        forcesNew: true,
        sensitive: false,
        source: 'reported',
        unset: 'keep',
        default: NONE,
      },
    }) as const satisfies Readonly<Record<string, ArgumentSpec>>,
);

const description = once(
  () =>
    ({
      description: {
        schema: z
          .string()
          .min(1)
          .max(256)
          .describe(
            'Free text kept with the key, at most 256 characters; need not be unique. Left out: none. Changed in place. (API: `description`.)',
          ),
        required: false,
        forcesNew: false,
        sensitive: false,
        source: 'reported',
        unset: 'clear',
        default: NONE,
      },
    }) as const satisfies Readonly<Record<string, ArgumentSpec>>,
);

/** Whether two lists hold the same texts, in whatever order: the API does not keep the order of scopes. */
export function sameScopes(a: Json, b: Json): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b;
  const [left, right] = [new Set(a), new Set(b)];
  return left.size === right.size && [...left].every((scope) => right.has(scope));
}

/** The arguments of `keyform_yandex_api_key`. */
export const apiKeyArguments = once(
  () =>
    ({
      ...serviceAccount(),
      ...description(),
      scopes: {
        schema: z
          .array(z.string().min(1).max(256))
          .min(1)
          .max(100)
          .refine((scopes) => new Set(scopes).size === scopes.length, 'must not name a scope twice')
          .describe(
            'What the key may be used for, such as `yc.monitoring.manage`: 1 to 100 scopes, each once, in any order. Left out: a new key gets the API’s default set, and a living one keeps what it has. Changed in place. (API: `scopes`.)',
          ),
        required: false,
        forcesNew: false,
        sensitive: false,
        source: 'reported',
        unset: 'keep',
        default: NONE,
        same: sameScopes,
      },
      ...expiryArguments({ at: 'At the latest the end of 2105. (API: `expiresAt`.)' }),
    }) as const satisfies Readonly<Record<string, ArgumentSpec>>,
);

/** The arguments of `keyform_yandex_static_access_key`. */
export const staticKeyArguments = once(
  () => ({ ...serviceAccount(), ...description() }) as const satisfies Readonly<Record<string, ArgumentSpec>>,
);

const lastUsed = once(
  () =>
    ({
      last_used_at: {
        schema: z
          .string()
          .nullable()
          .describe(
            'When the key was last used to authenticate, RFC 3339 in UTC, as far as the API knows by now. Null: not used yet. (API: `lastUsedAt`.)',
          ),
      },
    }) as const satisfies Readonly<Record<string, AttributeSpec>>,
);

/** The attributes of `keyform_yandex_api_key` beyond the common ones. */
export const apiKeyAttributes = once(
  () =>
    ({
      ...lastUsed(),
      masked_secret: {
        schema: z
          .string()
          .nullable()
          .describe(
            'Four asterisks and the last six characters of the secret, by which the vendor’s console shows which key is which. Null where the API does not tell. (API: `maskedSecret`.)',
          ),
        fixed: true,
      },
    }) as const satisfies Readonly<Record<string, AttributeSpec>>,
);

/** `ResourceType.shows`: whether `masked_secret` is the end of the secret. */
export function showsSecret(attributes: JsonObject, secret: Secret): boolean | null {
  const masked = attributes.masked_secret;
  return typeof masked === 'string' ? secret.reveal().endsWith(masked.replace(/^\*+/, '')) : null;
}

/** The attributes of `keyform_yandex_static_access_key` beyond the common ones. */
export const staticKeyAttributes = lastUsed;

const CAPABILITIES = {
  disable: false,
  regenerate: false,
  secretReadable: false,
  name: null,
  // 1000 API keys and 1000 static keys in a cloud (source: Yandex Cloud documentation, IAM quotas and limits).
  quota: { keys: 1000, per: 'cloud', perOwner: false },
  rateLimits: [],
  pageSize: DEFAULT_PAGE_SIZE,
  verify: false,
  lastUsed: 'listed',
  asynchronous: false,
  customId: null,
} as const satisfies Omit<Capabilities, 'expiry'>;

export const API_KEY_CAPABILITIES: Capabilities = { ...CAPABILITIES, expiry: 'optional' };
export const STATIC_KEY_CAPABILITIES: Capabilities = { ...CAPABILITIES, expiry: 'none' };

/** The last moment that the API takes as an end of life, milliseconds since 1970. */
const LAST_EXPIRY = Date.parse('2105-12-31T23:59:59.999Z');

/** `ResourceType.check` of an API key. */
export function checkApiKey(args: JsonObject): readonly { readonly argument: string; readonly message: string }[] {
  const found = [...checkExpiry(args)];
  const end = typeof args.expires_at === 'string' ? parseMoment(args.expires_at) : null;
  if (end !== null && (end < 0 || end > LAST_EXPIRY)) {
    found.push({ argument: 'expires_at', message: 'must lie between 1970 and the end of 2105' });
  }
  return found;
}
