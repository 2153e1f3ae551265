import { z } from 'zod';
import type { JsonObject } from '../../core/json.ts';
import { textOrNull } from '../../core/json.ts';
import { once } from '../../core/once.ts';
import type { ArgumentSpec, AttributeSpec, ResourceType } from '../../core/provider.ts';

/** Most keys that one DescribeApiKeysStatus answers (source: API 2018-08-08, `Limit`). */
export const PAGE_SIZE = 100;

/** Key pairs that a tenant can hold (source: tencentcloud.com, API Gateway, Use Limits). */
export const QUOTA = 400;

/** Calls a second of each action (source: the request limit stated on each action's page). */
export const REQUESTS_PER_SECOND = 20;

/** What a secret that the caller chooses may be. */
export const SECRET = /^[A-Za-z0-9_]{10,50}$/;

const argumentSpecs = once(
  () =>
    ({
      secret_name: {
        schema: z
          .string()
          .min(1)
          .describe(
            'Name of the key. Need not be unique. A changed name makes a new key: the API cannot rename one. (API: `SecretName`.)',
          ),
        required: true,
        forcesNew: true,
        sensitive: false,
        source: 'reported',
        unset: 'keep',
        default: null,
      },
      access_key_type: {
        schema: z
          .enum(['auto', 'manual'])
          .describe(
            'Who chooses id and secret: "auto" (default), the API; "manual", the stack, for accounts that Tencent Cloud lets do so. A changed type makes a new key. (API: `AccessKeyType`.)',
          ),
        required: false,
        forcesNew: true,
        sensitive: false,
        source: 'reported',
        unset: 'keep',
        default: 'auto',
      },
      access_key_id: {
        schema: z
          .string()
          .regex(/^[A-Za-z0-9_]{5,50}$/, 'must be 5 to 50 letters, digits and underscores')
          .describe(
            'Id of a manual key: 5 to 50 letters, digits and underscores, not taken by another key. Required with `access_key_type = "manual"`, refused otherwise. A changed id makes a new key. Two keys cannot share an id, so a manual key is replaced only after the old one is deleted (`create_before_destroy = false`). (API: `AccessKeyId`.)',
          ),
        required: false,
        forcesNew: true,
        sensitive: false,
        source: 'reported',
        unset: 'keep',
        default: null,
      },
      access_key_secret: {
        schema: z
          .string()
          .regex(SECRET, 'must be 10 to 50 letters, digits and underscores')
          .describe(
            'Secret of a manual key: 10 to 50 letters, digits and underscores. Refused for an auto key. Left out: Keyform makes a strong one with the key, and whatever the key has later is right. Set: a secret that somebody changes at the cloud is set back. Changed in place; the old secret stops working at once. (API: `AccessKeySecret`.)',
          ),
        required: false,
        forcesNew: false,
        sensitive: true,
        // Told for manual keys, so that a plan sees what somebody changed.
        source: 'reported',
        unset: 'keep',
        default: null,
      },
      enabled: {
        schema: z
          .boolean()
          .describe('Whether the gateway accepts the key. Default true. Changed in place. (API: `Status`, 1 or 0.)'),
        required: false,
        forcesNew: false,
        sensitive: false,
        source: 'reported',
        unset: 'clear',
        default: true,
      },
      tags: {
        schema: z
          .record(z.string().min(1), z.string())
          .describe(
            'Tags, as a map of text. This API sets tags only when it makes a key, so changed tags make a new key; left out, whatever tags the key has are right. (API: `Tags`.)',
          ),
        required: false,
        forcesNew: true,
        sensitive: false,
        // Answers may leave them out or say null, for keys that have tags too. They are told where an answer has them.
        source: 'remembered',
        unset: 'keep',
        default: null,
      },
      region: {
        schema: z
          .string()
          .regex(/^[a-z0-9-]+$/, 'must be the name of a region, such as "ap-guangzhou"')
          .describe(
            'Region of the key, such as `ap-guangzhou`. Left out: the `region` of the provider settings when the key is made; the key stays there when that setting changes. A changed region makes a new key. (API: `Region`.)',
          ),
        required: false,
        forcesNew: true,
        sensitive: false,
        // No answer has it: it follows from the list that the key was found in.
        source: 'reported',
        unset: 'keep',
        default: null,
      },
    }) as const satisfies Readonly<Record<string, ArgumentSpec>>,
);

const attributeSpecs = once(
  () =>
    ({
      updated_at: {
        schema: z
          .string()
          .nullable()
          .describe(
            'When the key was last changed (a new secret, disabled or enabled), RFC 3339 in UTC; null where the API is silent. (API: `ModifiedTime`.)',
          ),
      },
    }) as const satisfies Readonly<Record<string, AttributeSpec>>,
);

/** Id and secret are a manual key's. What is not known yet is absent from `args`, and nothing is said of it; null is left out. */
function check(args: JsonObject): readonly { readonly argument: string; readonly message: string }[] {
  const found: { argument: string; message: string }[] = [];
  if (args.access_key_type === 'auto') {
    for (const argument of ['access_key_id', 'access_key_secret']) {
      if (typeof args[argument] !== 'string') continue;
      found.push({
        argument,
        message: 'is for manual keys only: set access_key_type = "manual", or leave it out and let the API choose',
      });
    }
  }
  if (args.access_key_type === 'manual' && args.access_key_id === null) {
    found.push({ argument: 'access_key_id', message: 'is required when access_key_type is "manual"' });
  }
  return found;
}

/** `keyform_tencent_api_key`. */
export const gatewayKey: ResourceType = {
  type: 'keyform_tencent_api_key',
  description:
    'A Tencent Cloud API Gateway API key, which signs calls to APIs published behind the gateway (API Gateway 2018-08-08, ApiKey). Tencent Cloud announced the end of the product for 2025-06-30; for keys that sign calls to Tencent Cloud itself see `keyform_tencent_cam_access_key`.',
  get arguments() {
    return argumentSpecs();
  },
  get attributes() {
    return attributeSpecs();
  },
  owner: { word: 'region', arguments: ['region'] },
  capabilities: {
    disable: true,
    regenerate: true,
    expiry: 'none',
    secretReadable: true,
    name: { argument: 'secret_name', uniquePerOwner: false, renameable: false },
    quota: { keys: QUOTA, per: 'account', perOwner: true },
    rateLimits: [{ actions: [], perSecond: REQUESTS_PER_SECOND, together: false, published: true }],
    pageSize: PAGE_SIZE,
    verify: false,
    lastUsed: 'none',
    asynchronous: false,
    customId: 'access_key_id',
  },
  told: { changedAt: 'updated_at' },
  // https://github.com/tencentcloudstack/terraform-provider-tencentcloud, 2026-08-21. `access_key_secret` is not marked sensitive there.
  terraform: {
    type: 'tencentcloud_api_gateway_api_key',
    id: ({ id, access_key_id }) => textOrNull(id) ?? textOrNull(access_key_id),
    secret: 'access_key_secret',
    encrypted: null,
    arguments: ({ secret_name, access_key_type, access_key_id, status }) => ({
      secret_name: textOrNull(secret_name),
      ...(access_key_type === 'manual' ? { access_key_type: 'manual', access_key_id: textOrNull(access_key_id) } : {}),
      enabled: status === 'off' ? false : null,
    }),
  },
  example: { secret_name: 'mobile-app', tags: { team: 'web' }, region: 'ap-guangzhou' },
  check,
};
