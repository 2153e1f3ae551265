import { z } from 'zod';
import { parseDuration } from '../../core/duration.ts';
import { endpointSchema } from '../../core/endpoint.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { once } from '../../core/once.ts';
import type { ArgumentSpec, AttributeSpec, Capabilities, SettingSpec } from '../../core/provider.ts';

/**
 * What an Nscale stack can say, as data. Sources: the vendor's OpenAPI description of the Storage Service (v1.13.0 of its
 * `main` edition), the library that all its services share (uni-core), and the vendor's Terraform provider v1.4.0.
 */

/** A bearer token as a header can carry it. */
const TOKEN = /^[\x21-\x7e]+$/;

/** Whether `text` can be sent as a bearer token: printable ASCII without spaces, and not empty. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

function isDuration(text: string): boolean {
  try {
    parseDuration(text);
    return true;
  } catch {
    return false;
  }
}

/** The provider block's `nscale` object. */
export const settingSpecs = once(
  () =>
    ({
      endpoint: {
        schema: endpointSchema(
          'Base URL of the storage service; `/api/v1` is appended. Default: `https://storage.unikorn.nscale.com`, as in the vendor’s Terraform provider. A path prefix is kept. Plain `http://` is accepted for a loopback address only.',
        ),
        sensitive: false,
        // The second one is what the vendor's Terraform provider reads.
        environment: ['KEYFORM_NSCALE_ENDPOINT', 'NSCALE_STORAGE_SERVICE_API_ENDPOINT'],
        default: 'https://storage.unikorn.nscale.com',
      },
      service_token: {
        schema: z
          .string()
          .regex(TOKEN, 'must be the bare token, without spaces and without the word "Bearer"')
          .describe(
            'Token of the service account that Keyform acts as, sent with every call. It needs the permission `storage:objectstorageendpoints/accesskeys` to create, read and delete, and it ends with the service account’s expiry. Better left to the environment.',
          ),
        sensitive: true,
        environment: ['NSCALE_SERVICE_TOKEN'],
        default: null,
      },
      token_file: {
        schema: z
          .string()
          .min(1)
          .describe(
            'A file that holds the service token and nothing else, used in place of `service_token`. It is read again when the API refuses the token, so that a token which something else rotates can change during a long wait.',
          ),
        sensitive: false,
        environment: [],
        default: null,
      },
      provisioning_timeout: {
        schema: z
          .string()
          .refine(isDuration, 'must be a length of time such as "30m", "1h" or "PT30M"')
          .describe(
            'How long to wait until a new key is provisioned, and until a deleted key is gone, each: `30m` (default), `1h`, or ISO 8601. A wait that ends early loses nothing: the next apply goes on.',
          ),
        sensitive: false,
        environment: [],
        default: '30m',
      },
    }) as const satisfies Readonly<Record<string, SettingSpec>>,
);

/** Names of tags that belong to the platform (source: uni-core, `noReservedTags`). */
const RESERVED_TAG = /^[a-z]+\.unikorn-cloud\.org:/;

const tags = () =>
  z
    .record(z.string(), z.string())
    .superRefine((value, context) => {
      for (const name of Object.keys(value)) {
        if (!RESERVED_TAG.test(name)) continue;
        const message = `the tag ${JSON.stringify(name)} is reserved`;
        context.addIssue({ code: 'custom', path: [name], message });
      }
    })
    .describe(
      'Tags of the key, as a map from name to value; the API keeps them as a list, whose order means nothing. Names that begin like `storage.unikorn-cloud.org:` belong to the platform. An empty map counts as left out. A change means a new key.',
    );

const NONE: Json = null;
/** Nothing about a living key can change: the API has no update (source: its description; so too the vendor's Terraform provider). */
const FIXED = { forcesNew: true, sensitive: false, source: 'reported', default: NONE } as const;

export const argumentSpecs = once(
  () =>
    ({
      endpoint_id: {
        schema: z
          .string()
          .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'is no id of an endpoint')
          .describe(
            'Id of the object storage endpoint that the key belongs to: 1 to 63 lower-case letters, digits and hyphens. The endpoint must exist; its keys go with it when it is deleted.',
          ),
        required: true,
        unset: 'keep',
        ...FIXED,
      },
      name: {
        schema: z
          .string()
          .regex(/^[0-9A-Za-z](?:[0-9A-Za-z_.-]{0,61}[0-9A-Za-z])?$/, 'is no name for a key')
          .describe(
            'Name of the key: 1 to 63 letters, digits, `-`, `_` and `.`, with a letter or digit at either end. Several keys of an endpoint may share one. A change means a new key.',
          ),
        required: true,
        unset: 'keep',
        ...FIXED,
      },
      description: {
        schema: z
          .string()
          .describe(
            'Free text beside the name; the vendor publishes no limit. An empty one counts as left out. A change means a new key.',
          ),
        required: false,
        unset: 'clear',
        ...FIXED,
      },
      tags: { schema: tags(), required: false, unset: 'clear', ...FIXED },
      identity_policy: {
        schema: z
          .string()
          .min(1)
          .max(64)
          .describe(
            'Name of the endpoint’s identity policy that says what the key may do, 1 to 64 characters; `system-default-admin` is built in. Another name means a new key, while a change of the policy itself does not.',
          ),
        required: true,
        unset: 'keep',
        ...FIXED,
      },
    }) as const satisfies Readonly<Record<string, ArgumentSpec>>,
);

/** `ResourceType.complete`: an empty description and an empty map of tags are what the API stores as none at all. */
export function completeKey(args: JsonObject): { readonly args: JsonObject; readonly unknown: readonly string[] } {
  const { description, tags } = args;
  const bare = typeof tags === 'object' && tags !== null && Object.keys(tags).length === 0;
  return {
    args: { ...args, ...(description === '' ? { description: null } : {}), ...(bare ? { tags: null } : {}) },
    unknown: [],
  };
}

export const attributeSpecs = once(
  () =>
    ({
      provisioning_status: {
        schema: z
          .string()
          .describe(
            'How far the key is, in the API’s word: `pending`, `provisioning`, `provisioned`, `deprovisioning`, `error` or `unknown`.',
          ),
      },
      health_status: {
        schema: z.string().describe('Health in the API’s word: `healthy`, `degraded`, `error` or `unknown`.'),
      },
      project_id: { schema: z.string().describe('Id of the project that the endpoint, and so the key, belongs to.') },
      organization_id: { schema: z.string().describe('Id of the organization that the project belongs to.') },
      created_by: {
        schema: z
          .string()
          .nullable()
          .describe('Who made the key, in the vendor’s word (API: `createdBy`); null where the API does not tell.'),
        fixed: true,
      },
      updated_at: {
        schema: z
          .string()
          .nullable()
          .describe(
            'When the key was last changed, RFC 3339 in UTC (API: `modifiedTime`); null for a key that is as it was made, or where the API does not tell.',
          ),
      },
      updated_by: {
        schema: z
          .string()
          .nullable()
          .describe(
            'Who changed the key last, in the vendor’s word (API: `modifiedBy`); null where the API does not tell.',
          ),
      },
    }) as const satisfies Readonly<Record<string, AttributeSpec>>,
);

export const CAPABILITIES = {
  disable: false,
  regenerate: false,
  expiry: 'none',
  secretReadable: false,
  name: { argument: 'name', uniquePerOwner: false, renameable: false },
  quota: null,
  rateLimits: [],
  pageSize: null,
  verify: false,
  lastUsed: 'none',
  asynchronous: true,
  customId: null,
} as const satisfies Capabilities;
