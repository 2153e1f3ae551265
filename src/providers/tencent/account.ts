import { z } from 'zod';
import { isKeyformError, KeyformError } from '../../core/error.ts';
import type { HttpPort } from '../../core/http.ts';
import type { JsonObject } from '../../core/json.ts';
import { formatMoment, parseMoment, plainMoment } from '../../core/moment.ts';
import type { Clock } from '../../core/port.ts';
import type { ActualKey, KeyHandler, KeyReference } from '../../core/provider.ts';
import { Secret } from '../../core/secret.ts';
import { ACTIONS, LAST_USED_IDS } from './accountschema.ts';
import type { Credential } from './auth.ts';
import { createClient } from './client.ts';
import { SERVICE } from './failure.ts';

/** `X-TC-Version` of CAM. */
export const VERSION = '2019-01-16';

/** The zone of the API's times and days, which carry none: [assumed] that of Beijing. */
const ZONE = '+08:00';

/** Milliseconds since 1970 of `YYYY-MM-DD hh:mm:ss` in {@link ZONE}; null when `text` is not such a moment. */
export function parseCreateTime(text: string): number | null {
  const parts = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$/.exec(text);
  if (parts === null) return null;
  const [, day = '', time = ''] = parts;
  // Date.parse turns 30 February into 2 March.
  const midnight = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== day) return null;
  const ms = Date.parse(`${day}T${time}${ZONE}`);
  return Number.isNaN(ms) ? null : ms;
}

/**
 * Milliseconds since 1970 of the last second of `YYYY-MM-DD` in {@link ZONE}; null when `text` is not such a day. The last one,
 * because a key must never look longer unused than it is.
 */
export function parseLastUsedDate(text: string): number | null {
  return parseCreateTime(`${text} 23:59:59`);
}

const wireKey = z.object({
  AccessKeyId: z.string().min(1),
  Status: z.enum(['Active', 'Inactive']),
  CreateTime: plainMoment(parseCreateTime),
  // A description of no characters is none: a stack cannot say it either.
  Description: z
    .string()
    .nullish()
    .transform((text) => (text === undefined || text === '' ? null : text)),
});
type WireKey = z.output<typeof wireKey>;

const createAnswer = z.object({
  AccessKey: wireKey.extend({
    SecretAccessKey: z
      .string()
      .min(1)
      .transform((value) => new Secret(value)),
  }),
});
/** Null means no keys; a missing member means that this is no list. */
const listAnswer = z.object({
  AccessKeys: z
    .array(wireKey)
    .nullable()
    .transform((keys) => keys ?? []),
});
/** Nothing else is in the answer to a change, so this is what tells it from a stranger's JSON. */
const doneAnswer = z.object({ RequestId: z.string() });
const lastUsedAnswer = z.object({
  SecretIdLastUsedRows: z.array(
    z
      .object({
        SecretId: z.string(),
        LastUsedDate: plainMoment(parseLastUsedDate).nullable(),
        LastSecretUsedDate: z.unknown(),
      })
      .transform(({ SecretId: id, LastUsedDate: day, LastSecretUsedDate: moment }) => ({
        id,
        at: laterOf(day, readUseMoment(moment)),
      })),
  ),
});

/**
 * RFC 3339 of `LastSecretUsedDate`, which the definitions call a date while their samples show Unix time in milliseconds; null for
 * anything that is no such time of this century. Never the only witness, so what cannot be read costs a day of exactness.
 */
function readUseMoment(value: unknown): string | null {
  const ms = typeof value === 'string' && /^\d{13}$/.test(value) ? Number(value) : value;
  if (typeof ms !== 'number' || !Number.isSafeInteger(ms)) return null;
  return ms >= Date.UTC(2000, 0) && ms < Date.UTC(2100, 0) ? formatMoment(ms) : null;
}

/**
 * The later of two moments that the API tells of the last use. The day comes with a day's delay, and the sample has the two apart by
 * three days: a key must never look longer unused than it is, or one that is in use would be retired.
 */
function laterOf(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return (parseMoment(a) ?? 0) >= (parseMoment(b) ?? 0) ? a : b;
}

/** What the handler reaches CAM through. */
export interface AccountOptions {
  readonly http: HttpPort;
  readonly clock: Clock;
  readonly credential: Credential;
  /** Absolute URL without a slash at its end. */
  readonly endpoint: string;
}

/** The calls for `keyform_tencent_cam_access_key`. */
export function accountKeyHandler(options: AccountOptions): KeyHandler {
  const { credential, endpoint } = options;
  const service = { service: 'cam', version: VERSION, region: null, actions: ACTIONS } as const;
  const client = createClient({ ...options, ...service });

  function labelOf(args: JsonObject): string {
    const uin = uinOf(args);
    return uin === null ? `the account of ${credential.secretId}` : `account ${uin}`;
  }

  async function list(args: JsonObject, signal: AbortSignal | undefined): Promise<readonly ActualKey[]> {
    const owner = labelOf(args);
    const how = { schema: listAnswer, safe: true, subject: owner, owner, signal };
    return (await client.call('ListAccessKeys', target(args), how)).AccessKeys.map((key) => toActual(key, args));
  }

  /** The key as the list shows it: no action tells of a single one, and a change answers with nothing. */
  async function find(id: string, args: JsonObject, signal: AbortSignal | undefined): Promise<ActualKey> {
    const key = (await list(args, signal)).find((one) => one.id === id);
    if (key !== undefined) return key;
    throw new KeyformError('not-found', `${SERVICE} ListAccessKeys of ${labelOf(args)}: there is no key ${id}`, {
      detail: 'Somebody else may have deleted it: plan again.',
    });
  }

  // It says what shall be, not what shall change, so doing it twice has the effect of doing it once.
  async function setStatus(key: KeyReference, enabled: boolean, signal: AbortSignal | undefined): Promise<void> {
    const params = { AccessKeyId: key.id, Status: enabled ? 'Active' : 'Inactive', ...target(key.args) };
    const how = { schema: doneAnswer, safe: true, subject: `key ${key.id}`, owner: labelOf(key.args), signal };
    await client.call('UpdateAccessKey', params, how);
  }

  async function remove(key: KeyReference, disable: boolean, signal: AbortSignal | undefined): Promise<void> {
    try {
      if (disable) await setStatus(key, false, signal);
      const params = { AccessKeyId: key.id, ...target(key.args) };
      const how = { schema: doneAnswer, safe: true, subject: `key ${key.id}`, owner: labelOf(key.args), signal };
      await client.call('DeleteAccessKey', params, how);
    } catch (error) {
      if (!saysCode(error, 'ResourceNotFound.SecretNotExist')) throw error;
    }
  }

  return {
    owner(args) {
      const uin = uinOf(args);
      return {
        id: JSON.stringify(['tencent cam', endpoint, credential.secretId, uin]),
        label: labelOf(args),
        scope: `${endpoint}${uin === null ? `, as ${credential.secretId}` : ''}`,
      };
    },

    forecast(operation, key) {
      const actions: readonly (keyof typeof ACTIONS)[] = {
        list: ['ListAccessKeys' as const],
        create: ['CreateAccessKey' as const],
        update: [],
        enable: ['UpdateAccessKey' as const, 'ListAccessKeys' as const],
        disable: ['UpdateAccessKey' as const, 'ListAccessKeys' as const],
        delete: key.enabled ? ['UpdateAccessKey' as const, 'DeleteAccessKey' as const] : ['DeleteAccessKey' as const],
        verify: ['ListAccessKeys' as const],
        regenerate: [],
        ready: [],
      }[operation];
      return actions.map((action) => ({ action, limits: client.limitsOf(action) }));
    },

    list,

    async read(id, args, signal) {
      return (await list(args, signal)).find((key) => key.id === id) ?? null;
    },

    // One call, whatever `enabled` says: the API makes every key active, and a second call here would stand between the
    // secret and the disk. The answer says `enabled: true`; disabling is a step of its own.
    async create(args, signal) {
      const owner = labelOf(args);
      const params = {
        ...target(args),
        ...(typeof args.description === 'string' ? { Description: args.description } : {}),
      };
      const { SecretAccessKey: secret, ...key } = (
        await client.call('CreateAccessKey', params, {
          schema: createAnswer,
          safe: false,
          subject: `a key of ${owner}`,
          owner,
          signal,
          precious: { secret: ['AccessKey', 'SecretAccessKey'], id: ['AccessKey', 'AccessKeyId'] },
        })
      ).AccessKey;
      return { key: toActual(key, args), secret };
    },

    async update(key) {
      throw new KeyformError('internal', `${SERVICE} cannot change anything of key ${key.id} but its status`, {
        detail: 'A new key replaces it.',
      });
    },

    async setEnabled(key, enabled, signal) {
      await setStatus(key, enabled, signal);
      return await find(key.id, key.args, signal);
    },

    // Disabled first: so the console's own procedure, and an API that insists on it would be within its documents. Not the key
    // that signs these very calls, which could not delete itself any more.
    async delete(key, signal) {
      const own = key.id === credential.secretId;
      const disable = key.enabled && !own;
      try {
        await remove(key, disable, signal);
      } catch (error) {
        // Enabled again since it was last seen.
        if (disable || own || !saysCode(error, 'FailedOperation.Accesskey')) throw error;
        await remove(key, true, signal);
      }
    },

    async verify(key, secret, signal) {
      const own: Credential = { secretId: key.accessKeyId, secretKey: secret, token: null };
      // Counts against the same limits, because the key may belong to the same account. No TargetUin: every key may be asked
      // about the account that it belongs to. Not `safe`, so that it is asked once.
      const trial = createClient({ ...options, ...service, credential: own, account: credential.secretId });
      const owner = labelOf(key.args);
      try {
        await trial.call(
          'ListAccessKeys',
          {},
          {
            schema: listAnswer,
            safe: false,
            subject: `the account of key ${key.id}`,
            owner,
            signal,
            secrets: [credential.secretKey],
          },
        );
        return true;
      } catch (error) {
        if (!isKeyformError(error)) throw error;
        const code = error.vendor?.code ?? '';
        if (code === 'AuthFailure.SignatureFailure') return false;
        if (/^(AuthFailure\.)?UnauthorizedOperation(\.|$)/.test(code)) return true;
        // Sent, and no clear answer: it proves neither. A SecretId that is not found is a key that is gone, or disabled, or one
        // that is not known everywhere yet. What was never sent is for the caller to know.
        if (error.vendor !== null || error.code === 'outcome-unknown' || error.code === 'timeout') return null;
        throw error;
      }
    },

    async lastUsed(keys, signal) {
      const found = new Map<string, string | null>();
      for (let from = 0; from < keys.length; from += LAST_USED_IDS) {
        const some = keys.slice(from, from + LAST_USED_IDS);
        const ids = some.map((key) => key.accessKeyId);
        const owners = [...new Set(some.map((key) => labelOf(key.args)))];
        const { SecretIdLastUsedRows: rows } = await client.call(
          'GetSecurityLastUsed',
          { SecretIdList: ids },
          {
            schema: lastUsedAnswer,
            safe: true,
            subject: ids.length === 1 ? `key ${ids[0]}` : `${ids.length} keys`,
            owner: owners.join(', '),
            signal,
          },
        );
        for (const { id, at } of rows) if (ids.includes(id)) found.set(id, at);
      }
      return found;
    },
  };
}

/** The account's number as text, which a caller may give as a number too; null for the credential's own account. */
function uinOf(args: JsonObject): string | null {
  const uin = args.target_uin ?? null;
  return typeof uin === 'string' || typeof uin === 'number' ? String(uin) : null;
}

/** Goes with every call: without it the API looks among the keys of the credential's own account, where the id alone finds nothing. */
function target(args: JsonObject): { readonly TargetUin?: number } {
  const uin = uinOf(args);
  return uin === null ? {} : { TargetUin: Number(uin) };
}

function saysCode(error: unknown, code: string): boolean {
  return isKeyformError(error) && error.vendor?.code === code;
}

function toActual(key: WireKey, owner: JsonObject): ActualKey {
  const enabled = key.Status === 'Active';
  return {
    id: key.AccessKeyId,
    accessKeyId: key.AccessKeyId,
    args: { target_uin: uinOf(owner), description: key.Description, enabled },
    attributes: {},
    createdAt: key.CreateTime,
    expiresAt: null,
    enabled,
    secret: null,
    readiness: 'ready',
  };
}
