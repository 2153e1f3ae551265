import type { HttpPort } from '../../src/core/http.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Clock, Random } from '../../src/core/port.ts';
import type { CloudPorts, Connection, Settings } from '../../src/core/provider.ts';
import { connect as connectSinch } from '../../src/providers/sinch/resource.ts';
import { connectTencent } from '../../src/providers/tencent/resource.ts';
import { connect as connectYandex } from '../../src/providers/yandex/resource.ts';
import { authorizedKey } from '../providers/yandex/script.ts';

/** An answer in the vendor's own words, given in place of the emulator's. */
export interface Said {
  readonly status: number;
  readonly body: JsonObject | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Member names and indexes from the root of an answer's JSON. */
export type Where = readonly (string | number)[];

/**
 * What the suite cannot know by itself about a resource type: values that make sense to its API. The suite checks each against
 * the type's arguments and capabilities, and fails an entry that leaves out what they claim.
 */
export interface Example {
  /**
   * Switches of the cloud's emulator. Rate limits are off: the client's pauses take no real time here, but a slow machine's
   * requests do, so that they may come closer together than they were sent.
   */
  readonly options: JsonObject;
  /** Arguments of a key whose owner has no keys when the emulator is new. */
  readonly args: JsonObject;
  /** Another key of the same owner. */
  readonly second: JsonObject;
  /** Keys of other owners, which may have keys already. Together they differ from `args` in every argument that names the owner. */
  readonly foreign: readonly JsonObject[];
  /**
   * Changes to `args`, made one after the other, which together touch every argument that can change in place (without
   * `enabled`). Null clears. Empty where every argument forces a new key.
   */
  readonly updates: readonly JsonObject[];
  /** Arguments of a key that ends an hour after `now`; null where keys do not expire. */
  readonly expiring: ((now: number) => JsonObject) | null;
  /** Well-formed id that no key has. */
  readonly absentId: string;
  /** Settings that turn the emulator's good credential into a wrong one. */
  readonly wrongCredential: Settings;
  /** Other ways to authenticate, as settings over the emulator's own, by name. */
  readonly otherCredentials: Readonly<Record<string, Settings>>;
  /** The vendor's error body with these words in it. */
  readonly error: (message: string) => JsonObject;
  /** Connects so that a list takes a page for each key; or why no list has pages (then `capabilities.pageSize` is null). */
  readonly paged:
    | string
    | ((
        settings: Settings,
        ports: {
          readonly http: HttpPort;
          readonly clock: Clock;
          readonly random: Random;
          readonly readText: CloudPorts['readText'];
        },
      ) => Promise<Connection>);

  // What follows is optional to write, but for what the capabilities claim.

  /** HTTP statuses that carry `error`. Default: those of a REST API. With 200 among them, `says` must be whole. */
  readonly errorStatuses?: readonly number[];
  /** How the API says these. Default: HTTP 429, 503, 403 with an empty JSON object. */
  readonly says?: {
    /** A rate limit was met, nothing was done. */
    readonly throttled?: Said;
    /** A failure that may pass. */
    readonly unavailable?: Said;
    /** The credential is right, but may not do this. */
    readonly forbidden?: Said;
  };
  /** Where the keys' array is in the answer to a list, an item's id in the item; and in the answer to a create, secret and id. */
  readonly answers?: {
    readonly list: Where;
    readonly itemId: Where;
    readonly secret: Where;
    readonly id: Where;
    /** Anything else of a create's answer that must be text where it is there, such as a time. */
    readonly other: Where;
    /** Why the vendor's schema lets the array be null, which then means no keys. Left out: null is a malformed answer. */
    readonly nullable?: string;
    /** Why an answer with nothing in it means no keys. Left out: that is a malformed answer. */
    readonly omittable?: string;
  };
  /** Whether a server's clock that is an hour off gets the credential refused, as with signatures that carry a time. Default: false. */
  readonly signsTime?: boolean;
  /** Why answers carry no request id of the vendor's. Left out: every error answer of the emulator carries one. */
  readonly noRequestId?: string;
  /** Why `Connection.credentialId` is null. Left out: it is one of the emulator's settings. */
  readonly noCredentialId?: string;
  /** The key that `updates` change, and like which `foreign` keys can be changed, where that is not `args`: another key of the same owner. */
  readonly updated?: JsonObject;
  /** Emulator switches for a small quota, and how many keys it then holds; needed where `capabilities.quota` is above 20. */
  readonly smallQuota?: { readonly options: JsonObject; readonly keys: number };
  /** Arguments of a key whose id the caller chooses; there exactly where `capabilities.customId`. */
  readonly chosen?: JsonObject;
  /** The vendor's actions that are asked again and again while an update or a delete is under way; the forecast names each once. */
  readonly polled?: readonly string[];
  /** Emulator switches for what becomes of a key that was made; there exactly where `capabilities.asynchronous`. */
  readonly readiness?: {
    /** Ready, but not when it is first asked about. */
    readonly late: JsonObject;
    /** Never. */
    readonly never: JsonObject;
    /** The API gives up on it. */
    readonly failed: JsonObject;
  };
}

function said(status: number, Code: string, Type: string): Said {
  return { status, body: { Errors: [{ Code, Type, Details: '' }], ResponseContext: { RequestId: 'said-by-example' } } };
}

/** Made at each run, so that no private key stands in a file: the emulator is told the public half. */
const yandexKey = authorizedKey('ajekeyoftheexample00', 'ajeaccountofexample0');

/** What the examples of Yandex Cloud's two kinds of keys have in common. */
const yandexCommon = {
  options: { authorized_keys: [yandexKey.option], oauth_tokens: ['y0_oauth-token-of-an-example-user'] },
  absentId: 'ajeabsent00000000000',
  wrongCredential: { token: 't1.a-wrong-token-for-yandex.cloud' },
  otherCredentials: {
    'a service account key': { token: null, service_account_key_file: yandexKey.text },
    'an OAuth token': { token: 'y0_oauth-token-of-an-example-user' },
  },
  error: (message: string) => ({ code: 3, message, details: [] }),
  paged: (settings: Settings, ports: CloudPorts) => connectYandex({ ...settings, page_size: 1 }, ports),
  says: {
    throttled: { status: 429, body: { code: 8, message: 'Too many requests', details: [] } },
    unavailable: { status: 503, body: { code: 14, message: 'Try again in a few seconds', details: [] } },
    forbidden: { status: 403, body: { code: 7, message: 'Permission denied', details: [] } },
  },
  noCredentialId: 'an IAM token, and an authorized key, are none of the keys that are managed',
};

function tencentSaid(Code: string, Message = ''): Said & { readonly body: JsonObject } {
  return { status: 200, body: { Response: { Error: { Code, Message }, RequestId: 'said-by-example' } } };
}

/** What the examples of Tencent Cloud's two kinds of keys have in common: errors come with HTTP 200. */
const tencentCommon = {
  wrongCredential: { secret_key: 'AWrongSecretForTencent0000000000' },
  otherCredentials: {},
  error: (message: string) => tencentSaid('InvalidParameter.ParamError', message).body,
  errorStatuses: [200, 400, 401, 403, 500, 503],
  says: {
    throttled: tencentSaid('RequestLimitExceeded'),
    unavailable: tencentSaid('InternalError'),
    forbidden: tencentSaid('AuthFailure.UnauthorizedOperation'),
  },
  signsTime: true,
};

/** By resource type. A type without an entry fails the suite. */
export const examples: Readonly<Record<string, Example>> = {
  keyform_nscale_access_key: {
    options: {},
    args: {
      endpoint_id: 'endpoint-a',
      name: 'ci',
      description: 'for CI / 100 % ü',
      tags: { team: 'a', 'cost centre': '7' },
      identity_policy: 'bucket-admin',
    },
    second: { endpoint_id: 'endpoint-a', name: 'Deploy_2.x', identity_policy: 'bucket-readonly' },
    foreign: [
      { endpoint_id: 'endpoint-b', name: 'ci-b', tags: { team: 'b' }, identity_policy: 'system-default-admin' },
    ],
    updates: [],
    expiring: null,
    absentId: '11111111-2222-4333-8444-555555555555',
    wrongCredential: { service_token: 'a-wrong-token-for-nscale' },
    otherCredentials: {},
    error: (message) => ({ error: 'invalid_request', error_description: message, trace_id: '0123456789abcdef' }),
    paged: 'lists are bare arrays, whole in one answer',
    answers: {
      list: [],
      itemId: ['metadata', 'id'],
      secret: ['spec', 'secret'],
      id: ['metadata', 'id'],
      other: ['metadata', 'creationTime'],
    },
    noCredentialId: 'a service account’s token is no access key',
    polled: ['GetAccessKey'],
    readiness: {
      late: { invisible_reads: 2, provisioning_reads: 3 },
      never: { provisioning_reads: 1_000_000 },
      failed: { provisioning_ends: 'error' },
    },
  },
  keyform_sinch_access_key: {
    options: {},
    args: { project_id: 'project-a', display_name: 'ci' },
    second: { project_id: 'project-a', display_name: 'deploy / 100 % ü' },
    foreign: [{ project_id: 'project-b', display_name: 'ci' }],
    updates: [{ display_name: 'ci-2' }],
    expiring: null,
    absentId: '11111111-2222-4333-8444-555555555555',
    wrongCredential: { key_secret: 'a-wrong-secret-for-sinch' },
    otherCredentials: { 'HTTP Basic': { auth: 'basic' } },
    error: (message) => ({ error: { code: 400, message, status: 'INVALID_ARGUMENT', details: [] } }),
    paged: async (settings, ports) => connectSinch(settings, ports, { pageSize: 1 }),
    answers: {
      list: ['accessKeys'],
      itemId: ['accessKeyId'],
      secret: ['secret'],
      id: ['accessKey', 'accessKeyId'],
      other: ['accessKey', 'createTime'],
    },
    noRequestId: 'the vendor’s description names none, neither in a header nor in a body',
  },
  keyform_outscale_access_key: {
    options: {},
    args: { user_name: 'ci-bot', tag: 'ci' },
    second: { user_name: 'ci-bot', tag: 'deploy / 100 % ü' },
    foreign: [{ user_name: 'other-bot', tag: 'ci' }, { tag: 'root' }],
    updates: [
      { tag: 'ci-2' },
      { expires_at: '2031-01-01' },
      { tag: null },
      { expires_at: null, expires_in: '90d' },
      { tag: 'ci-3' },
      { expires_in: null },
    ],
    expiring: (now) => ({ user_name: 'ci-bot', expires_at: new Date(now + 3_600_000).toISOString() }),
    absentId: 'ABSENTABSENTABSENT00',
    wrongCredential: { secret_key: 'AWRONGSECRETFOROUTSCALE0000000000000FAKE' },
    otherCredentials: { 'login and password': { access_key_id: null, secret_key: null } },
    error: (message) => ({
      Errors: [{ Code: '4047', Type: 'InvalidParameterValue', Details: message }],
      ResponseContext: { RequestId: '00000000-0000-4000-8000-000000000000' },
    }),
    paged: 'ReadAccessKeys has no pages: its schema has no such fields, and a user holds ten keys at most',
    answers: {
      list: ['AccessKeys'],
      itemId: ['AccessKeyId'],
      secret: ['AccessKey', 'SecretKey'],
      id: ['AccessKey', 'AccessKeyId'],
      other: ['AccessKey', 'CreationDate'],
    },
    says: {
      throttled: said(429, '24', 'AccessDenied'),
      unavailable: said(500, '2000', 'InternalError'),
      forbidden: said(401, '5', 'AccessDenied'),
    },
    signsTime: true,
  },
  keyform_tencent_api_key: {
    ...tencentCommon,
    options: { rate_limits: false },
    args: { secret_name: 'ci', tags: { team: 'web', 'cost centre': '7' }, region: 'ap-guangzhou' },
    second: { secret_name: 'deploy / 100 % ü', region: 'ap-guangzhou' },
    foreign: [{ secret_name: 'ci', access_key_type: 'manual', access_key_id: 'shanghai_key_1', region: 'ap-shanghai' }],
    // A stack gives a secret to manual keys only, whose ids no two can share.
    updated: { secret_name: 'ci', access_key_type: 'manual', access_key_id: 'ci_key_1', region: 'ap-guangzhou' },
    updates: [{ access_key_secret: 'Chosen_Secret_For_CI_2' }, { access_key_secret: 'Chosen_Secret_For_CI_3' }],
    expiring: null,
    absentId: 'AKIDABSENT000000000000000000000000000000',
    paged: async (settings, ports) => connectTencent(settings, ports, { pageSize: 1 }),
    answers: {
      list: ['Response', 'Result', 'ApiKeySet'],
      itemId: ['AccessKeyId'],
      secret: ['Response', 'Result', 'AccessKeySecret'],
      id: ['Response', 'Result', 'AccessKeyId'],
      other: ['Response', 'Result', 'CreatedTime'],
    },
    smallQuota: { options: { gateway_quota: 3 }, keys: 3 },
    chosen: {
      secret_name: 'partner',
      access_key_type: 'manual',
      access_key_id: 'partner_key_1',
      access_key_secret: 'Chosen_Secret_For_Partner',
      region: 'ap-guangzhou',
    },
  },
  keyform_tencent_cam_access_key: {
    ...tencentCommon,
    options: { rate_limits: false },
    args: { target_uin: '100013065917', description: 'ci' },
    second: { target_uin: '100013065917', description: 'deploy/ü_日本' },
    foreign: [{ target_uin: '100013065918', description: 'ci' }, { description: 'own' }],
    updates: [],
    expiring: null,
    absentId: 'AKIDABSENT00000000000000000000000000',
    paged: 'ListAccessKeys has no pages: it takes no such parameters, and an account holds two keys at most',
    answers: {
      list: ['Response', 'AccessKeys'],
      itemId: ['AccessKeyId'],
      secret: ['Response', 'AccessKey', 'SecretAccessKey'],
      id: ['Response', 'AccessKey', 'AccessKeyId'],
      other: ['Response', 'AccessKey', 'CreateTime'],
      nullable: 'the vendor’s definitions say that AccessKeys may be null',
    },
  },
  keyform_yandex_api_key: {
    ...yandexCommon,
    args: { service_account_id: 'aje-one', description: 'ci', scopes: ['yc.monitoring.read', 'yc.ai.vision.execute'] },
    second: { service_account_id: 'aje-one', description: 'deploy / 100 % ü' },
    foreign: [{ service_account_id: 'aje-two', description: 'ci' }],
    updates: [
      { description: 'ci-2' },
      { expires_at: '2031-01-01' },
      { scopes: ['yc.ydb.tables.manage', 'yc.monitoring.manage'] },
      { description: null },
      { expires_at: null, expires_in: '90d' },
      { description: 'ci-3', scopes: ['yc.monitoring.read'] },
      { expires_in: null },
    ],
    expiring: (now) => ({ service_account_id: 'aje-one', expires_at: new Date(now + 3_600_000).toISOString() }),
    answers: {
      list: ['apiKeys'],
      itemId: ['id'],
      secret: ['secret'],
      id: ['apiKey', 'id'],
      other: ['apiKey', 'createdAt'],
      omittable: 'proto3 JSON may leave empty fields out, and whether this API does is not documented',
    },
    smallQuota: { options: { api_key_quota: 3 }, keys: 3 },
  },
  keyform_yandex_static_access_key: {
    ...yandexCommon,
    args: { service_account_id: 'aje-one', description: 'ci' },
    second: { service_account_id: 'aje-one', description: 'deploy / 100 % ü' },
    foreign: [{ service_account_id: 'aje-two', description: 'ci' }],
    updates: [{ description: 'ci-2' }, { description: null }, { description: 'ci-3' }],
    expiring: null,
    answers: {
      list: ['accessKeys'],
      itemId: ['id'],
      secret: ['secret'],
      id: ['accessKey', 'id'],
      other: ['accessKey', 'createdAt'],
      omittable: 'proto3 JSON may leave empty fields out, and whether this API does is not documented',
    },
    smallQuota: { options: { access_key_quota: 3 }, keys: 3 },
  },
};
