import { z } from 'zod';
import { endpointSchema } from '../../core/endpoint.ts';
import type { Json } from '../../core/json.ts';
import { once } from '../../core/once.ts';
import type { ArgumentSpec, AttributeSpec, Capabilities, SettingSpec } from '../../core/provider.ts';
import { isPathSegment } from '../../core/segment.ts';

/**
 * What a Sinch stack can say, as data. Source of every fact: the vendor's OpenAPI description "Access Keys Management
 * API" v1 and the pages developers.sinch.com/docs/accesskeys and /docs/identity-access-management/access/access-keys.
 */

/** How a request proves who sends it. */
export const AUTH_MODES = ['oauth2', 'basic'] as const;
export type AuthMode = (typeof AUTH_MODES)[number];

/** The provider block's `sinch` object. */
export const settingSpecs = once(
  () =>
    ({
      endpoint: {
        // The vendor publishes two copies of the description that differ in this host only. The newer one names
        // accesskey.api.sinch.com; the one it files under "old" names account.api.sinch.com. The newer one is followed.
        schema: endpointSchema(
          'Base URL of the access keys API. Default: `https://accesskey.api.sinch.com`, as the newer edition of the vendor’s API description says; the older edition, and some pages, say `https://account.api.sinch.com`. A path prefix is kept. Plain `http://` is accepted for a loopback address only.',
        ),
        sensitive: false,
        environment: ['KEYFORM_SINCH_ENDPOINT'],
        default: 'https://accesskey.api.sinch.com',
      },
      auth_endpoint: {
        schema: endpointSchema(
          'Base URL of the host that gives out OAuth2 tokens; `/oauth2/token` is appended. Default: `https://auth.sinch.com`. It is also asked when a new key is verified.',
        ),
        sensitive: false,
        environment: ['KEYFORM_SINCH_AUTH_ENDPOINT'],
        default: 'https://auth.sinch.com',
      },
      key_id: {
        schema: z
          .string()
          .min(1)
          .regex(/^[^:]*$/, 'must not hold a colon, which ends the user name in HTTP Basic authentication')
          .describe(
            'Id of the access key that Keyform itself authenticates with. It reaches its own project and that project’s subprojects. The first one is made in the Sinch Build Dashboard, Settings → Access keys.',
          ),
        sensitive: false,
        // The names that the vendor's SDK examples read (Node and Python).
        environment: ['SINCH_KEY_ID'],
        default: null,
      },
      key_secret: {
        schema: z.string().min(1).describe('Secret of the access key in `key_id`. Better left to the environment.'),
        sensitive: true,
        environment: ['SINCH_KEY_SECRET'],
        default: null,
      },
      auth: {
        schema: z
          .enum(AUTH_MODES)
          .describe(
            'How to authenticate: `oauth2` (default) exchanges the key for a token that lives about an hour; `basic` sends the key with every call, which the vendor rate-limits heavily and means for tests only.',
          ),
        sensitive: false,
        environment: [],
        default: 'oauth2',
      },
    }) as const satisfies Readonly<Record<string, SettingSpec>>,
);

const NONE: Json = null;

export const argumentSpecs = once(
  () =>
    ({
      project_id: {
        schema: z
          .string()
          .refine(isPathSegment, 'must be the id of a project')
          .describe(
            'Id of the project that the key belongs to, from the Sinch Build Dashboard. The key reaches that project and its subprojects. A key cannot move: another project means a new key. At most 10 keys per project.',
          ),
        required: true,
        forcesNew: true,
        sensitive: false,
        source: 'reported',
        unset: 'keep',
        default: NONE,
      },
      display_name: {
        schema: z
          .string()
          .min(1)
          .describe(
            'Name of the key, unique among the keys of its project. Can be changed without replacing the key. The vendor publishes no limit of length or characters.',
          ),
        required: true,
        forcesNew: false,
        sensitive: false,
        source: 'reported',
        unset: 'keep',
        default: NONE,
      },
    }) as const satisfies Readonly<Record<string, ArgumentSpec>>,
);

export const attributeSpecs = once(
  () =>
    ({
      updated_at: {
        schema: z
          .string()
          .nullable()
          .describe(
            'When the key was last changed, RFC 3339 in UTC; right after creation the same as `created_at`. Null where the API does not tell.',
          ),
      },
    }) as const satisfies Readonly<Record<string, AttributeSpec>>,
);

export const CAPABILITIES = {
  disable: false,
  regenerate: false,
  expiry: 'none',
  secretReadable: false,
  name: { argument: 'display_name', uniquePerOwner: true, renameable: true },
  quota: { keys: 10, per: 'project', perOwner: true },
  rateLimits: [],
  pageSize: 1000,
  verify: true,
  lastUsed: 'none',
  asynchronous: false,
  customId: null,
} as const satisfies Capabilities;
