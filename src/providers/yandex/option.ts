import { z } from 'zod';

/** The scopes of an API key that was made without any (source: Yandex Cloud documentation, default scope list). */
export const DEFAULT_SCOPES = [
  'yc.ai.imageGeneration.execute',
  'yc.ai.languageModels.execute',
  'yc.ai.speechkitStt.execute',
  'yc.ai.speechkitTts.execute',
  'yc.ai.translate.execute',
  'yc.ai.vision.execute',
  'yc.monitoring.manage',
  'yc.search-api.execute',
  'yc.serverless.containers.invoke',
  'yc.serverless.functions.invoke',
];

/** Further scopes that the documentation names. */
export const OTHER_SCOPES = [
  'yc.ai.foundationModels.execute',
  'yc.monitoring.read',
  'yc.postbox.send',
  'yc.ydb.tables.manage',
  'yc.ydb.topics.manage',
];

const authorizedKey = z.strictObject({
  id: z.string().min(1).max(50).describe('Id of the authorized key, the `kid` of its JWTs.'),
  service_account_id: z.string().min(1).max(50).describe('The service account that the key belongs to.'),
  public_key: z.string().min(1).describe('The public half, PEM.'),
});

/**
 * The emulator's switches. Those marked [assumed] stand for behaviour that the vendor does not publish; they are no claim
 * about the real service. Unknown names are an error.
 */
export const options = z.strictObject({
  service_accounts: z
    .union([z.literal('any'), z.array(z.string())])
    .default('any')
    .describe(
      'Ids of the service accounts that exist: `any`, or a list; those of authorized keys and the caller exist too.',
    ),
  forbidden_service_accounts: z
    .array(z.string())
    .default([])
    .describe('Service accounts for which every caller lacks the role: PERMISSION_DENIED.'),
  unknown_service_account: z
    .enum(['permission_denied', 'not_found'])
    .default('permission_denied')
    .describe('[assumed] The error for a service account that does not exist.'),
  authorized_keys: z
    .array(authorizedKey)
    .default([])
    .describe(
      'Authorized keys of service accounts, whose private halves others hold: `id`, `service_account_id`, `public_key` (PEM). A JWT that one signed is exchanged for an IAM token.',
    ),
  oauth_tokens: z
    .array(z.string().min(1))
    .default([])
    .describe('OAuth tokens of users that are exchanged for an IAM token.'),
  token_lifetime_seconds: z
    .int()
    .min(1)
    .default(43_200)
    .describe('Life of an IAM token. Documented: at most 12 hours. The first one, of the settings, does not end.'),
  jwt_clock_leeway_seconds: z
    .int()
    .min(0)
    .default(60)
    .describe('[assumed] How far in the future `iat` of a JWT may lie.'),
  jwt_refusal: z
    .enum(['unauthenticated', 'invalid_argument'])
    .default('unauthenticated')
    .describe('[assumed] The error for a JWT or OAuth token that is not accepted.'),
  api_key_quota: z.int().min(1).default(1000).describe('API keys that the cloud can hold. Documented: 1000.'),
  access_key_quota: z
    .int()
    .min(1)
    .default(1000)
    .describe('Static access keys that the cloud can hold. Documented: 1000.'),
  quota_error: z
    .enum(['detail', 'message', 'bare'])
    .default('detail')
    .describe(
      '[assumed] How RESOURCE_EXHAUSTED tells a full quota from too many calls: by a QuotaFailure detail, by its words, or not at all.',
    ),
  requests_per_second: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      '[assumed] Calls a second, all together, beyond which RESOURCE_EXHAUSTED is answered. Null: no limit; none is published.',
    ),
  operations: z
    .enum(['done', 'pending'])
    .default('done')
    .describe('[assumed] Whether the Operation that answers a change or a delete is done at once, or is to be polled.'),
  pending_polls: z
    .int()
    .min(1)
    .default(2)
    .describe('[assumed] With `operations` pending: how many times it is asked after before it is done.'),
  pending_effect: z
    .enum(['at_end', 'at_once'])
    .default('at_end')
    .describe(
      '[assumed] With `operations` pending: when the key changes or goes, at the end of the operation or at its beginning.',
    ),
  operation_error: z
    .int()
    .min(1)
    .max(16)
    .nullable()
    .default(null)
    .describe(
      '[assumed] A gRPC code with which every operation fails, without effect; while it is pending its error shows already, as in a rollback. Null: none fails.',
    ),
  missing_key: z
    .enum(['at_once', 'in_operation'])
    .default('at_once')
    .describe(
      '[assumed] Where a change or delete of a key that is not there fails: in the answer, or in the Operation.',
    ),
  empty_response: z
    .enum(['value', 'bare'])
    .default('value')
    .describe('[assumed] The response of a delete: google.protobuf.Empty with `"value": {}`, or its type alone.'),
  empty_fields: z
    .enum(['absent', 'empty'])
    .default('absent')
    .describe('[assumed] Empty fields of answers (texts, lists, false): left out, or written.'),
  mask_snake_case: z
    .boolean()
    .default(true)
    .describe('[assumed] Whether `updateMask` may name a field as `expires_at` beside `expiresAt`.'),
  unmasked_scopes: z
    .enum(['refuse', 'keep', 'default'])
    .default('refuse')
    .describe(
      '[assumed] A PATCH without `updateMask` and without `scopes`, which resets every field: INVALID_ARGUMENT, the scopes stay, or the default ones come back.',
    ),
  masked_expiry: z
    .enum(['remove', 'refuse'])
    .default('remove')
    .describe(
      '[assumed] A mask that names `expiresAt` which the body leaves out: the key no longer expires, or INVALID_ARGUMENT.',
    ),
  past_expiry: z
    .enum(['accept', 'refuse'])
    .default('accept')
    .describe(
      '[assumed] An end of life in the past: taken (the documented limits begin at 1970), or INVALID_ARGUMENT.',
    ),
  unknown_fields: z
    .enum(['refuse', 'ignore'])
    .default('refuse')
    .describe('[assumed] Members of a body or query that the call does not have: INVALID_ARGUMENT, or ignored.'),
  unknown_scopes: z
    .enum(['accept', 'refuse'])
    .default('accept')
    .describe('[assumed] Scopes that the list of scopes does not name: taken, or INVALID_ARGUMENT.'),
  default_scopes: z
    .array(z.string().min(1).max(256))
    .max(100)
    .default(DEFAULT_SCOPES)
    .describe('Scopes of an API key that is made without any. Documented: these ten.'),
  scope_order: z
    .enum(['sorted', 'given'])
    .default('sorted')
    .describe('[assumed] The order in which scopes come back. Known of the real API: not always as given.'),
  page_size_zero: z
    .enum(['default', 'refuse'])
    .default('default')
    .describe('[assumed] What `pageSize` 0 gives: the default of 100, or INVALID_ARGUMENT.'),
  list_order: z
    .enum(['oldest_first', 'newest_first'])
    .default('oldest_first')
    .describe('[assumed] The order in which lists tell keys.'),
  create_idempotency: z
    .enum(['ignored', 'same_key'])
    .default('ignored')
    .describe(
      '[assumed] A create that repeats an Idempotency-Key: makes another key, or answers with the first one and its secret. Changes and deletes answer with the first Operation, as documented.',
    ),
  fraction_digits: z
    .union([z.literal(0), z.literal(3), z.literal(6), z.literal(9)])
    .default(9)
    .describe('[assumed] Digits of the fraction of `createdAt`. The documentation shows nine, and none.'),
  masked_secret: z
    .boolean()
    .default(true)
    .describe('[assumed] Whether API keys tell `maskedSecret`, which descriptions before July 2026 do not have.'),
  used_after_seconds: z
    .int()
    .min(0)
    .nullable()
    .default(null)
    .describe(
      '[assumed] Every key counts as used so many seconds after its creation, and tells `lastUsedAt` from then on. Null: no key is used, and the field is absent.',
    ),
});

export type Options = z.infer<typeof options>;
