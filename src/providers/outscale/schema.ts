import { z } from 'zod';
import { endpointSchema } from '../../core/endpoint.ts';
import { expiryArguments } from '../../core/expiry.ts';
import { once } from '../../core/once.ts';
import type { ArgumentSpec, AttributeSpec, SettingSpec } from '../../core/provider.ts';

/** Calls a second when the block says nothing: what the vendor's own SDKs limit themselves to; the API publishes no number. */
export const DEFAULT_REQUESTS_PER_SECOND = 5;

/** The arguments of `keyform_outscale_access_key`. */
export const argumentSpecs = once(
  () =>
    ({
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
        unset: 'clear',
        default: true,
      },
      ...expiryArguments({
        at: 'An API access policy of the account may demand one and limit it. (API: `ExpirationDate`.)',
      }),
    }) as const satisfies Readonly<Record<string, ArgumentSpec>>,
);

/** The attributes of `keyform_outscale_access_key` beyond the common ones. */
export const attributeSpecs = once(
  () =>
    ({
      updated_at: {
        schema: z
          .string()
          .nullable()
          .describe(
            'When the key was last changed, RFC 3339 in UTC; null where the API is silent. (API: `LastModificationDate`.)',
          ),
      },
    }) as const satisfies Readonly<Record<string, AttributeSpec>>,
);

/** The settings of the `outscale` object of the provider block. */
export const settingSpecs = once(
  () =>
    ({
      endpoint: {
        schema: endpointSchema(
          'Full URL of the OUTSCALE API, with scheme; `/api/v1` is added when it has no path. Default: `https://api.{region}.outscale.com/api/v1`. Plain `http://` is accepted for a loopback address only.',
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
    }) as const satisfies Readonly<Record<string, SettingSpec>>,
);
