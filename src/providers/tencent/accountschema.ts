import { z } from 'zod';
import { textOrNull } from '../../core/json.ts';
import { once } from '../../core/once.ts';
import type { ArgumentSpec, ResourceType } from '../../core/provider.ts';

/** Calls a second that an account may make of each action (source: the request limit stated on each action's page). */
export const ACTIONS = {
  CreateAccessKey: 5,
  UpdateAccessKey: 5,
  DeleteAccessKey: 5,
  ListAccessKeys: 20,
  GetSecurityLastUsed: 20,
} as const satisfies Readonly<Record<string, number>>;

/** Most ids that one GetSecurityLastUsed takes (source: API 2019-01-16, `SecretIdList`). */
export const LAST_USED_IDS = 10;

const argumentSpecs = once(
  () =>
    ({
      target_uin: {
        schema: z
          .string()
          // Up to fifteen digits is always exact as a JSON number, which is what the API is sent. Today's have twelve.
          .regex(/^[1-9]\d{0,14}$/, 'must be the number of an account, such as "100013065917"')
          .describe(
            'Number (UIN) of the account whose key it is: the main account or one of its sub-users. Left out: the account that Keyform authenticates as. A changed number makes a new key. (API: `TargetUin`.)',
          ),
        required: false,
        forcesNew: true,
        sensitive: false,
        // The API lists one account's keys at a time, so whose key it is follows from the list that it stands in. Counting that
        // as reported lets an imported key compare equal; a remembered value would be missing there and force a new key.
        source: 'reported',
        unset: 'clear',
        default: null,
        same: (a, b) => String(a) === String(b),
      },
      description: {
        schema: z
          .string()
          .regex(
            // The published pattern says \w, and the published sample is Chinese.
            /^[\p{L}\p{M}\p{N}_+=,.@:/-]{1,1024}$/u,
            'must be 1 to 1024 letters, digits and _ + = , . @ : / -, without blanks',
          )
          .describe(
            'Text kept with the key: 1 to 1024 letters, digits and `_ + = , . @ : / -`, no blanks. Need not be unique. A changed description makes a new key: the API cannot change one. The international site may not take it. (API: `Description`.)',
          ),
        required: false,
        forcesNew: true,
        sensitive: false,
        source: 'reported',
        unset: 'clear',
        default: null,
      },
      enabled: {
        schema: z
          .boolean()
          .describe(
            'Whether the key can sign requests. Default true. Changed in place. Tencent Cloud itself may disable a key that was not used for 90 days. (API: `Status`, Active or Inactive.)',
          ),
        required: false,
        forcesNew: false,
        sensitive: false,
        source: 'reported',
        unset: 'clear',
        default: true,
      },
    }) as const satisfies Readonly<Record<string, ArgumentSpec>>,
);

/** `keyform_tencent_cam_access_key`. */
export const accountKey: ResourceType = {
  type: 'keyform_tencent_cam_access_key',
  description:
    'A Tencent Cloud account key (SecretId and SecretKey) of the main account or of a sub-user, which signs calls to every Tencent Cloud API (CAM 2019-01-16, AccessKey).',
  get arguments() {
    return argumentSpecs();
  },
  attributes: {},
  credential: {
    // Read by tccli, the SDKs and the Terraform provider (source: TencentCloud SDK 3.0, "Environment variables").
    environment: { id: 'TENCENTCLOUD_SECRET_ID', secret: 'TENCENTCLOUD_SECRET_KEY' },
    // The token of temporary credentials makes every signature by another key wrong.
    clears: ['TENCENTCLOUD_SECURITY_TOKEN', 'TENCENTCLOUD_TOKEN', 'TENCENTCLOUD_SESSION_TOKEN', 'TENCENTCLOUD_PROFILE'],
  },
  owner: { word: 'account', arguments: ['target_uin'] },
  capabilities: {
    disable: true,
    regenerate: false,
    expiry: 'none',
    secretReadable: false,
    name: null,
    // Two for the main account and two for each sub-user (source: OperationDenied.AccessKeyOverLimit).
    quota: { keys: 2, per: 'account', perOwner: true },
    rateLimits: [
      {
        actions: ['CreateAccessKey', 'UpdateAccessKey', 'DeleteAccessKey'],
        perSecond: ACTIONS.CreateAccessKey,
        together: false,
        published: true,
      },
      {
        actions: ['ListAccessKeys', 'GetSecurityLastUsed'],
        perSecond: ACTIONS.ListAccessKeys,
        together: false,
        published: true,
      },
    ],
    pageSize: null,
    verify: true,
    lastUsed: 'asked',
    asynchronous: false,
    customId: null,
  },
  // https://github.com/tencentcloudstack/terraform-provider-tencentcloud, 2026-08-21: `id` is UIN#KEY, with 0 for the caller's own account.
  terraform: {
    type: 'tencentcloud_cam_access_key',
    id: ({ access_key, id }) => textOrNull(access_key) ?? textOrNull(id)?.split('#')[1] ?? null,
    secret: 'secret_access_key',
    encrypted: 'encrypted_secret_access_key',
    arguments: ({ target_uin, id, status }) => {
      const uin = typeof target_uin === 'number' ? String(target_uin) : (textOrNull(id)?.split('#')[0] ?? '0');
      return { target_uin: uin === '0' ? null : uin, enabled: status === 'Inactive' ? false : null };
    },
  },
  example: { target_uin: '100013065917', description: 'deploy' },
};
