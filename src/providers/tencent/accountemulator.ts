import { z } from 'zod';
import { ConsoleRefusal, type KeyDesk, keyDesk, momentField, told } from '../../core/console.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import type { Clock } from '../../core/port.ts';
import { VERSION } from './account.ts';
import { ACTIONS, LAST_USED_IDS } from './accountschema.ts';
import { ApiError, type Caller, type Derive, readParameters, type ServiceEmulator } from './service.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** How exactly the moment of a key's last use is kept, so that the data file is not written for every call. */
const USE_GRAIN = 60_000;

/** Switches of the CAM part, to be spread among the cloud's own. */
export const accountOptions = {
  cam_sub_users: z
    .union([z.literal('any'), z.array(z.string())])
    .default('any')
    .describe('Sub-users of the main account, by number (UIN): every number, or those listed.'),
  cam_sub_user_rights: z
    .enum(['own', 'none'])
    .default('own')
    .describe('What policies let sub-users do: handle their own keys, or nothing (AuthFailure.UnauthorizedOperation).'),
  cam_quota: z.int().min(0).default(2).describe('Keys that one account can hold.'),
  cam_quota_counts_inactive: z.boolean().default(true).describe('[assumed] Inactive keys count towards the quota.'),
  cam_description: z
    .enum(['known', 'unknown'])
    .default('known')
    .describe(
      '[assumed] Whether CreateAccessKey knows Description. The definitions of the international site do not have it: there it may be answered UnknownParameter.',
    ),
  cam_description_letters: z
    .enum(['any', 'ascii'])
    .default('any')
    .describe('[assumed] Letters and digits that a Description may hold: of any script, or ASCII only.'),
  cam_empty_list: z
    .enum(['array', 'null'])
    .default('array')
    .describe('[assumed] How a list of no keys is told: an empty AccessKeys, or a null one.'),
  cam_order: z.enum(['oldest', 'newest']).default('oldest').describe('[assumed] Which key a list begins with.'),
  cam_zero_uin: z
    .enum(['absent', 'refused'])
    .default('absent')
    .describe('[assumed] TargetUin 0 means the caller, as if left out; otherwise InvalidParameter.ParamError.'),
  cam_utc_offset_hours: z
    .number()
    .min(-12)
    .max(14)
    .default(8)
    .describe('[assumed] Zone of CreateTime and LastUsedDate, in hours east of UTC.'),
  cam_id_prefix: z
    .enum(['AKID', 'IKID', ''])
    .default('AKID')
    .describe('[assumed] What ids begin with. Samples say AKID, a page of the international site says IKID.'),
  cam_delete_active: z
    .enum(['done', 'refused'])
    .default('done')
    .describe('[assumed] DeleteAccessKey of an active key is done; otherwise FailedOperation.Accesskey.'),
  cam_same_status: z
    .enum(['done', 'refused'])
    .default('done')
    .describe('[assumed] Setting the status that a key has is done; otherwise FailedOperation.Accesskey.'),
  cam_self: z
    .enum(['done', 'refused'])
    .default('done')
    .describe('[assumed] A key may disable and delete itself; otherwise FailedOperation.Accesskey.'),
  cam_main_account_code: z
    .enum(['OperationDenied.SubUin', 'AuthFailure.UnauthorizedOperation'])
    .default('OperationDenied.SubUin')
    .describe("[assumed] Code for a sub-user that asks for the main account's keys."),
  cam_foreign_key_code: z
    .enum(['OperationDenied.UinNotMatch', 'ResourceNotFound.SecretNotExist'])
    .default('OperationDenied.UinNotMatch')
    .describe('[assumed] Code for a key of another account than TargetUin, or than the caller where that is left out.'),
  cam_missing_user_code: z
    .enum(['InvalidParameter.UserNotExist', 'InvalidParameter.ParamError'])
    .default('InvalidParameter.UserNotExist')
    .describe('[assumed] Code for a TargetUin that is no account of the caller’s.'),
  cam_missing_parameter_code: z
    .enum(['MissingParameter', 'InvalidParameter.ParamError'])
    .default('MissingParameter')
    .describe('[assumed] Code for a missing Status, AccessKeyId or SecretIdList.'),
  cam_bad_value_code: z
    .enum(['InvalidParameter.ParamError', 'InvalidParameterValue'])
    .default('InvalidParameter.ParamError')
    .describe('[assumed] Code for a Status or Description that is not allowed.'),
  cam_many_ids_code: z
    .enum(['InvalidParameter', 'FailedOperation'])
    .default('InvalidParameter')
    .describe('[assumed] Code for more than ten ids in one GetSecurityLastUsed.'),
  cam_unknown_last_used: z
    .enum(['absent', 'null'])
    .default('absent')
    .describe('[assumed] An id that the caller has no key of gets no row from GetSecurityLastUsed, or one of nulls.'),
  cam_idle_days: z
    .int()
    .min(0)
    .default(0)
    .describe(
      'Days without use after which a key is disabled, looked at each midnight. 0: never. The vendor is said to disable after 90, account by account.',
    ),
};

/** The values of {@link accountOptions}. */
export type AccountSwitches = z.output<z.ZodObject<typeof accountOptions>>;

const savedKey = z.strictObject({
  id: z.string(),
  uin: z.string(),
  active: z.boolean(),
  created: z.number(),
  description: z.string().nullable(),
  /** Milliseconds since 1970 of the last use, to the minute; null for never. */
  used: z.number().nullable(),
  /** The last day of use, and the one before it, `YYYY-MM-DD`; null for none. */
  usedDay: z.string().nullable(),
  usedBefore: z.string().nullable(),
});
const savedSchema = z.strictObject({
  version: z.literal(1),
  /** Keys ever made: the next id is derived from it. */
  made: z.int(),
  /** Oldest first. */
  keys: z.array(savedKey),
});
type StoredKey = z.output<typeof savedKey>;

/** A number, or a text of digits: the published sample of DeleteAccessKey sends one. */
const uin = z.union([z.int().min(0).transform(String), z.string().regex(/^\d{1,20}$/)]).optional();
const status = z.enum(['Active', 'Inactive']);

/** What each action takes. Anything else is refused. */
const PARAMETERS = {
  CreateAccessKey: z.strictObject({ TargetUin: uin, Description: z.string().optional() }),
  ListAccessKeys: z.strictObject({ TargetUin: uin }),
  UpdateAccessKey: z.strictObject({ AccessKeyId: z.string(), Status: status, TargetUin: uin }),
  DeleteAccessKey: z.strictObject({ AccessKeyId: z.string(), TargetUin: uin }),
  GetSecurityLastUsed: z.strictObject({ SecretIdList: z.array(z.string()) }),
} satisfies Readonly<Record<keyof typeof ACTIONS, z.ZodType>>;
type Action = keyof typeof PARAMETERS;
type Parameters<A extends Action> = z.output<(typeof PARAMETERS)[A]>;

/** CAM, and with it the keys that sign calls to every service. */
export interface AccountEmulator extends ServiceEmulator {
  /** The main account's first key. */
  readonly root: { readonly secretId: string; readonly secretKey: string };
  /** The key that may sign with this id, active or not; null for an id that no key has. */
  signer(secretId: string): { readonly secretKey: string; readonly active: boolean; readonly caller: Caller } | null;
  /** Notes that the key signed a call now. */
  noteUse(secretId: string): void;
  readonly desk: KeyDesk;
  /** Number of the main account. */
  readonly mainUin: string;
}

/**
 * CAM (2019-01-16) as far as account keys go. `data` is what `save` gave, or null for a new main account with one key, whose
 * number, id and secret follow from `derive`, as do those of every key. Throws an Error on `data` that it did not save.
 */
export function accountEmulator(how: {
  readonly data: Json;
  readonly clock: Pick<Clock, 'now'>;
  readonly derive: Derive;
  readonly switches: AccountSwitches;
}): AccountEmulator {
  const { clock, derive, switches } = how;
  const digits = Array.from(derive('cam main account', 9), (letter) => letter.charCodeAt(0) % 10);
  const mainUin = `100${digits.join('')}`;
  const secretOf = (id: string) => derive(`cam secret ${id}`, 32);
  const rootId = `AKID${derive('cam key 0', 32)}`;
  const saved =
    how.data === null ? { made: 1, keys: [newKey(rootId, mainUin, clock.now(), null)] } : savedSchema.parse(how.data);
  const keys = new Map<string, StoredKey>(saved.keys.map((key) => [key.id, key]));
  let { made } = saved;

  const local = (ms: number) => new Date(ms + switches.cam_utc_offset_hours * HOUR).toISOString();
  const dayOf = (ms: number) => local(ms).slice(0, 10);

  function show(key: StoredKey): JsonObject {
    return {
      AccessKeyId: key.id,
      Status: key.active ? 'Active' : 'Inactive',
      CreateTime: local(key.created).slice(0, 19).replace('T', ' '),
      ...(switches.cam_description === 'known' ? { Description: key.description } : {}),
    };
  }

  /** Disables what was idle for too long at the last midnight. */
  function sweep(): void {
    if (switches.cam_idle_days === 0) return;
    const offset = switches.cam_utc_offset_hours * HOUR;
    const midnight = Math.floor((clock.now() + offset) / DAY) * DAY - offset;
    for (const key of keys.values()) {
      const idleSince = key.used ?? key.created;
      if (key.active && idleSince + switches.cam_idle_days * DAY <= midnight)
        keys.set(key.id, { ...key, active: false });
    }
  }

  const isAccount = (number: string) =>
    number === mainUin || switches.cam_sub_users === 'any' || switches.cam_sub_users.includes(number);

  function forbidden(action: string, number: string): ApiError {
    const resource = `qcs::cam::uin/${mainUin}:uin/${number}`;
    const message = `you are not authorized to perform operation (cam:${action}) resource (${resource}) has no permission`;
    return new ApiError('AuthFailure.UnauthorizedOperation', message);
  }

  /** Whose keys a call is about. */
  function accountOf(action: string, caller: Caller, given: { readonly TargetUin?: string | undefined }): string {
    const asked = given.TargetUin === undefined ? null : given.TargetUin.replace(/^0+(?=\d)/, '');
    if (asked === '0' && switches.cam_zero_uin === 'refused') throw unfit('TargetUin');
    const number = asked === null || asked === '0' ? caller.uin : asked;
    if (caller.uin !== mainUin && switches.cam_sub_user_rights === 'none') throw forbidden(action, number);
    if (number === caller.uin) return number;
    if (!isAccount(number)) throw new ApiError(switches.cam_missing_user_code, 'The user does not exist.');
    if (caller.uin === mainUin) return number;
    if (number !== mainUin || switches.cam_main_account_code === 'AuthFailure.UnauthorizedOperation') {
      throw forbidden(action, number);
    }
    throw new ApiError(switches.cam_main_account_code, 'A sub-user may not operate on keys of the main account.');
  }

  function unfit(parameter: string): ApiError {
    return new ApiError(switches.cam_bad_value_code, `The value of the parameter \`${parameter}\` is not allowed.`);
  }

  function keyOf(account: string, id: string): StoredKey {
    const key = keys.get(id);
    if (key === undefined || !isAccount(key.uin)) {
      throw new ApiError('ResourceNotFound.SecretNotExist', 'The key does not exist.');
    }
    if (key.uin === account) return key;
    throw new ApiError(switches.cam_foreign_key_code, 'The key does not belong to the account.');
  }

  function failed(message: string): ApiError {
    return new ApiError('FailedOperation.Accesskey', message);
  }

  function refuseSelf(caller: Caller, id: string): void {
    if (switches.cam_self === 'refused' && caller.secretId === id) throw failed('A key may not operate on itself.');
  }

  const calls: { readonly [A in Action]: (given: Parameters<A>, caller: Caller) => JsonObject } = {
    CreateAccessKey(given, caller) {
      const { Description: description = null } = given;
      const account = accountOf('CreateAccessKey', caller, given);
      if (description !== null && switches.cam_description === 'unknown') {
        throw new ApiError('UnknownParameter', 'The parameter `Description` is not recognized.');
      }
      const pattern =
        switches.cam_description_letters === 'any'
          ? /^[\p{L}\p{M}\p{N}_+=,.@:/-]{1,1024}$/u
          : /^[A-Za-z0-9_+=,.@:/-]{1,1024}$/;
      if (description !== null && !pattern.test(description)) throw unfit('Description');
      const counted = [...keys.values()].filter(
        (key) => key.uin === account && (key.active || switches.cam_quota_counts_inactive),
      );
      if (counted.length >= switches.cam_quota) {
        throw new ApiError('OperationDenied.AccessKeyOverLimit', `An account can have ${switches.cam_quota} keys.`);
      }
      const key = add(account, description);
      return { AccessKey: { ...show(key), SecretAccessKey: secretOf(key.id) } };
    },
    ListAccessKeys(given, caller) {
      const account = accountOf('ListAccessKeys', caller, given);
      const found = [...keys.values()].filter((key) => key.uin === account).map(show);
      if (switches.cam_order === 'newest') found.reverse();
      return { AccessKeys: found.length === 0 && switches.cam_empty_list === 'null' ? null : found };
    },
    UpdateAccessKey(given, caller) {
      const key = keyOf(accountOf('UpdateAccessKey', caller, given), given.AccessKeyId);
      refuseSelf(caller, key.id);
      const active = given.Status === 'Active';
      if (key.active === active && switches.cam_same_status === 'refused') throw failed(`The key is ${given.Status}.`);
      // Enabling counts as a use: the vendor lets administrators enable what it disabled for being idle.
      const used = active && !key.active && switches.cam_idle_days > 0 ? clock.now() : key.used;
      keys.set(key.id, { ...key, active, used });
      return {};
    },
    DeleteAccessKey(given, caller) {
      const key = keyOf(accountOf('DeleteAccessKey', caller, given), given.AccessKeyId);
      refuseSelf(caller, key.id);
      if (key.active && switches.cam_delete_active === 'refused') throw failed('The key must be disabled first.');
      keys.delete(key.id);
      return {};
    },
    GetSecurityLastUsed(given, caller) {
      accountOf('GetSecurityLastUsed', caller, {});
      if (given.SecretIdList.length > LAST_USED_IDS) {
        throw new ApiError(switches.cam_many_ids_code, `SecretIdList takes ${LAST_USED_IDS} ids.`);
      }
      const today = dayOf(clock.now());
      const rows = given.SecretIdList.flatMap((id): JsonObject[] => {
        const key = keys.get(id);
        const seen = key !== undefined && (caller.uin === mainUin || caller.uin === key.uin);
        if (!seen && switches.cam_unknown_last_used === 'absent') return [];
        // A day's use shows the day after.
        const day = seen ? (key.usedDay === today ? key.usedBefore : key.usedDay) : null;
        return [{ SecretId: id, LastUsedDate: day, LastSecretUsedDate: seen ? key.used : null }];
      });
      return { SecretIdLastUsedRows: rows };
    },
  };

  function perform<A extends Action>(action: A, given: JsonObject, caller: Caller): JsonObject {
    const codes = { missing: switches.cam_missing_parameter_code, unfit: switches.cam_bad_value_code };
    return calls[action](readParameters(PARAMETERS[action] as z.ZodType, given, codes) as Parameters<A>, caller);
  }

  function add(account: string, description: string | null): StoredKey {
    const id = `${switches.cam_id_prefix}${derive(`cam key ${made}`, 36 - switches.cam_id_prefix.length)}`;
    made += 1;
    const key = newKey(id, account, clock.now(), description);
    keys.set(id, key);
    return key;
  }

  /** The key as one that was last used at `ms`, null for never. */
  function usedAt(key: StoredKey, ms: number | null): StoredKey {
    if (ms === null) return { ...key, used: null, usedDay: null, usedBefore: null };
    return { ...key, used: Math.floor(ms / USE_GRAIN) * USE_GRAIN, usedDay: dayOf(ms), usedBefore: null };
  }

  function noteUse(secretId: string): void {
    const key = keys.get(secretId);
    if (key === undefined) return;
    const now = usedAt(key, clock.now());
    if (key.used === now.used && key.usedDay === now.usedDay) return;
    keys.set(secretId, { ...now, usedBefore: key.usedDay === now.usedDay ? key.usedBefore : key.usedDay });
  }

  // What is done in the console.

  const moment = momentField(() => clock.now());
  const description = z.string().min(1).max(1024).nullable().optional().describe('The description; null for none.');

  function held(id: string): StoredKey {
    const key = keys.get(id);
    if (key === undefined) throw new ConsoleRefusal('unknown', 'there is no such key');
    return key;
  }

  const desk = keyDesk({
    type: 'keyform_tencent_cam_access_key',
    created: z.strictObject({
      target_uin: z
        .string()
        .regex(/^\d{1,20}$/, 'must be the number of an account')
        .nullable()
        .optional()
        .describe('Number of the account; left out, the main one.'),
      description,
    }),
    changed: z.strictObject({
      description,
      enabled: z.boolean().optional().describe('Whether it is Active.'),
      created_at: moment.optional().describe('When it was made.'),
      last_used_at: moment
        .nullable()
        .optional()
        .describe(
          'When it was last used, to the minute; null for never. The API tells the day of a use on the day after.',
        ),
    }),
    keys() {
      sweep();
      return [...keys.values()].map((key) => ({
        type: 'keyform_tencent_cam_access_key',
        id: key.id,
        accessKeyId: key.id,
        args: { target_uin: key.uin, description: key.description, enabled: key.active },
        enabled: key.active,
        ready: true,
        createdAt: new Date(key.created).toISOString(),
        expiresAt: null,
        lastUsedAt: told(key.used),
      }));
    },
    create({ target_uin: given, description: text = null }) {
      const account = given ?? mainUin;
      if (!isAccount(account)) throw new ConsoleRefusal('refused', `there is no account ${account}`);
      const counted = [...keys.values()].filter(
        (key) => key.uin === account && (key.active || switches.cam_quota_counts_inactive),
      );
      if (counted.length >= switches.cam_quota) {
        throw new ConsoleRefusal('refused', `an account can have ${switches.cam_quota} keys`);
      }
      return add(account, text).id;
    },
    change(id, { description: text, enabled, created_at: created, last_used_at: used }) {
      const key = held(id);
      keys.set(id, {
        ...(used === undefined ? key : usedAt(key, used)),
        description: text === undefined ? key.description : text,
        active: enabled ?? key.active,
        created: created ?? key.created,
      });
    },
    remove: (id) => void keys.delete(held(id).id),
    secret: secretOf,
    noteUse,
  });

  return {
    version: VERSION,
    actions: ACTIONS,
    desk,
    mainUin,
    root: { secretId: rootId, secretKey: secretOf(rootId) },
    signer(secretId) {
      sweep();
      const key = keys.get(secretId);
      if (key === undefined || !isAccount(key.uin)) return null;
      const caller: Caller = { uin: key.uin, ownerUin: mainUin, secretId };
      return { secretKey: secretOf(secretId), active: key.active, caller };
    },
    noteUse,
    handle(action, params, caller) {
      if (!isAction(action)) throw new ApiError('InvalidAction', `There is no action ${action}.`);
      return perform(action, params, caller);
    },
    save: () => ({ version: 1, made, keys: [...keys.values()] }),
  };
}

function isAction(name: string): name is Action {
  return Object.hasOwn(PARAMETERS, name);
}

function newKey(id: string, account: string, now: number, description: string | null): StoredKey {
  return { id, uin: account, active: true, created: now, description, used: null, usedDay: null, usedBefore: null };
}
