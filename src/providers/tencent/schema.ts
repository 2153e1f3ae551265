import { z } from 'zod';
import { endpointSchema } from '../../core/endpoint.ts';
import { once } from '../../core/once.ts';
import type { SettingSpec } from '../../core/provider.ts';

/** The vendor's domain when the block says nothing; that of the international site is `intl.tencentcloudapi.com`. */
export const DEFAULT_DOMAIN = 'tencentcloudapi.com';

/** The settings of the `tencent` object of the provider block. */
export const settingSpecs = once(
  () =>
    ({
      secret_id: {
        schema: z.string().describe('SecretId of the account key that Keyform signs with (CAM, not API Gateway).'),
        sensitive: false,
        environment: ['TENCENTCLOUD_SECRET_ID'],
        default: null,
      },
      secret_key: {
        schema: z.string().describe('SecretKey of the account key that Keyform signs with. It is never sent.'),
        sensitive: true,
        environment: ['TENCENTCLOUD_SECRET_KEY'],
        default: null,
      },
      token: {
        schema: z
          .string()
          .describe(
            'Token of a temporary key, sent with every call. Leave it out when `secret_id` is a permanent key.',
          ),
        sensitive: true,
        // Terraform's provider, the vendor's command line and its Node SDK have a name each.
        environment: ['TENCENTCLOUD_SECURITY_TOKEN', 'TENCENTCLOUD_TOKEN', 'TENCENTCLOUD_SESSION_TOKEN'],
        default: null,
      },
      region: {
        schema: z
          .string()
          .regex(/^[a-z0-9-]+$/, 'must be the name of a region, such as "ap-guangzhou"')
          .describe(
            'Region of API Gateway keys that name none themselves, such as `ap-guangzhou`. Left out: none is sent, and the API uses its own. Account keys (CAM) have no region.',
          ),
        sensitive: false,
        environment: ['TENCENTCLOUD_REGION'],
        default: null,
      },
      domain: {
        schema: z
          .string()
          .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i, 'must be a domain name, such as "tencentcloudapi.com"')
          .describe(
            `Domain of the API, under which each service has its host. Default \`${DEFAULT_DOMAIN}\`; \`intl.tencentcloudapi.com\` for accounts of the international site.`,
          ),
        sensitive: false,
        environment: ['TENCENTCLOUD_DOMAIN'],
        default: DEFAULT_DOMAIN,
      },
      cam_endpoint: {
        schema: endpointSchema(
          'Full URL of the CAM API, with scheme, when it is not `https://cam.{domain}`. Plain `http://` is accepted for a loopback address only.',
        ),
        sensitive: false,
        environment: ['KEYFORM_TENCENT_ENDPOINT'],
        default: null,
      },
      apigateway_endpoint: {
        schema: endpointSchema(
          'Full URL of the API Gateway API, with scheme, when it is not `https://apigateway.{domain}`. Plain `http://` is accepted for a loopback address only.',
        ),
        sensitive: false,
        environment: ['KEYFORM_TENCENT_ENDPOINT'],
        default: null,
      },
    }) as const satisfies Readonly<Record<string, SettingSpec>>,
);
