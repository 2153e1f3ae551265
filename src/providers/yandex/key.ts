import { z } from 'zod';
import { KeyformError } from '../../core/error.ts';
import { exactMoment, formatMoment, parseMoment } from '../../core/moment.ts';
import { Secret } from '../../core/secret.ts';
import { SERVICE } from './failure.ts';

/**
 * The two families of keys: same seven calls, other paths and fields. Source: iam/v1/api_key*.proto and
 * iam/v1/awscompatibility/access_key*.proto of the API description; proto3 JSON leaves empty fields out or writes them empty.
 */

/** A key as the API tells it, of either family; null for what it has not. */
export interface WireKey {
  /** The id in paths. */
  readonly id: string;
  /** The id that clients send. An API key has none beside its `id`. */
  readonly keyId: string;
  readonly serviceAccountId: string;
  readonly description: string | null;
  /** RFC 3339 in UTC, all digits kept. */
  readonly createdAt: string | null;
  /** RFC 3339 in UTC, all digits kept. */
  readonly lastUsedAt: string | null;
  readonly scopes: readonly string[] | null;
  /** RFC 3339 in UTC, in milliseconds. */
  readonly expiresAt: string | null;
  readonly maskedSecret: string | null;
}

export interface Page {
  readonly keys: readonly WireKey[];
  /** Empty at the end. */
  readonly nextPageToken: string;
}

/** What one family's calls are called and how its answers read. */
export interface Family {
  /** For messages, without an article. */
  readonly noun: string;
  readonly path: string;
  /** Member of a create's answer that holds the key. */
  readonly item: string;
  /** After the vendor's request messages. */
  readonly actions: Readonly<Record<'list' | 'get' | 'create' | 'update' | 'delete', string>>;
  readonly keySchema: z.ZodType<WireKey>;
  readonly listAnswer: z.ZodType<Page>;
  readonly createAnswer: z.ZodType<{ readonly key: WireKey; readonly secret: Secret }>;
}

const ID = /^[A-Za-z0-9_-]+$/;
const id = z.string().regex(ID);
const words = z
  .string()
  .nullish()
  .transform((value) => value || null);
const moment = exactMoment.nullish().transform((value) => value ?? null);
const end = moment.transform((value) => (value === null ? null : formatMoment(parseMoment(value) ?? 0)));

const common = {
  id,
  serviceAccountId: id,
  description: words,
  createdAt: moment,
  lastUsedAt: moment,
};

const apiKey: z.ZodType<WireKey> = z
  .object({
    ...common,
    scopes: z.array(z.string()).nullish(),
    // Deprecated, and read only where the newer field is missing.
    scope: words,
    expiresAt: end,
    maskedSecret: words,
  })
  .transform(({ scope, scopes, ...key }) => ({
    ...key,
    keyId: key.id,
    scopes: scopes !== undefined && scopes !== null && scopes.length > 0 ? scopes : scope === null ? null : [scope],
  }));

const accessKey: z.ZodType<WireKey> = z
  .object({ ...common, keyId: z.string().min(1) })
  .transform((key) => ({ ...key, scopes: null, expiresAt: null, maskedSecret: null }));

/**
 * A page of a list. A list without the member means no keys, since empty fields may be left out; but only where the answer says
 * nothing else either, so that another kind of answer is never taken for "no keys".
 */
function listOf(items: string, key: z.ZodType<WireKey>): z.ZodType<Page> {
  return z
    .looseObject({
      [items]: z.array(key).optional(),
      nextPageToken: z.string().nullish(),
    })
    .transform((answer, context) => {
      const keys = answer[items] as readonly WireKey[] | undefined;
      const stray = Object.keys(answer).some((name) => name !== items && name !== 'nextPageToken');
      if (keys === undefined && stray) {
        context.addIssue({ code: 'custom', path: [items], message: 'is missing' });
        return z.NEVER;
      }
      return { keys: keys ?? [], nextPageToken: (answer.nextPageToken as string | null | undefined) ?? '' };
    });
}

function createdOf(item: string, key: z.ZodType<WireKey>): Family['createAnswer'] {
  const secret = z
    .string()
    .min(1)
    .transform((value) => new Secret(value));
  return z
    .object({ [item]: key, secret })
    .transform((answer) => ({ key: answer[item] as WireKey, secret: answer.secret as Secret }));
}

export const API_KEYS: Family = {
  noun: 'API key',
  path: '/iam/v1/apiKeys',
  item: 'apiKey',
  actions: {
    list: 'ListApiKeys',
    get: 'GetApiKey',
    create: 'CreateApiKey',
    update: 'UpdateApiKey',
    delete: 'DeleteApiKey',
  },
  keySchema: apiKey,
  listAnswer: listOf('apiKeys', apiKey),
  createAnswer: createdOf('apiKey', apiKey),
};

export const STATIC_KEYS: Family = {
  noun: 'static access key',
  path: '/iam/aws-compatibility/v1/accessKeys',
  item: 'accessKey',
  actions: {
    list: 'ListAccessKeys',
    get: 'GetAccessKey',
    create: 'CreateAccessKey',
    update: 'UpdateAccessKey',
    delete: 'DeleteAccessKey',
  },
  keySchema: accessKey,
  listAnswer: listOf('accessKeys', accessKey),
  createAnswer: createdOf('accessKey', accessKey),
};

/** `value` as one segment of a path. Throws `invalid-argument` for what is no id of this cloud: it might name another resource. */
export function segment(value: string, what: string): string {
  if (ID.test(value)) return value;
  throw new KeyformError('invalid-argument', `${SERVICE}: ${JSON.stringify(value)} cannot be the id of a ${what}`, {
    detail: `Nothing was sent. Check the ${what}’s id.`,
  });
}
