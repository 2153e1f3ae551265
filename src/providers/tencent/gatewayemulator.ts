import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { z } from 'zod';
import type { KeyDesk } from '../../core/console.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import type { Clock } from '../../core/port.ts';
import { gatewayDesk } from './gatewaydesk.ts';
import { PAGE_SIZE, QUOTA, REQUESTS_PER_SECOND, SECRET } from './gatewayschema.ts';
import { ApiError, type Caller, type Derive, readParameters, type ServiceEmulator } from './service.ts';

/** Keys of one usage plan, and usage plans of one key (source: API Gateway, Use Limits). */
const KEYS_PER_PLAN = 50;
const PLANS_PER_KEY = 10;

/** Switches of the API Gateway part, to be spread among the cloud's own. */
export const gatewayOptions = {
  gateway_offline: z
    .boolean()
    .default(false)
    .describe('Every action of API Gateway is answered ActionOffline, as announced for 2025-06-30.'),
  gateway_quota: z.int().min(0).default(QUOTA).describe('API Gateway keys that an account can hold.'),
  gateway_quota_per: z
    .enum(['region', 'account'])
    .default('region')
    .describe('[assumed] Where keys count towards the quota: in each region, or in all together.'),
  gateway_keys_per_region: z
    .boolean()
    .default(true)
    .describe('[assumed] A key is seen in the region that it was made in only; otherwise in all.'),
  gateway_regions: z
    .union([z.literal('any'), z.array(z.string())])
    .default('any')
    .describe('Regions that API Gateway is in: every name, or those listed.'),
  gateway_region_required: z
    .boolean()
    .default(false)
    .describe('A call without a region is refused, as newer documents say; otherwise it means ap-guangzhou.'),
  gateway_certified: z.boolean().default(true).describe('The account’s identity is verified: without that, no keys.'),
  gateway_manual_changes: z
    .boolean()
    .default(true)
    .describe('The account is among those that may change, enable and disable manual keys.'),
  gateway_auto_secret: z
    .enum(['refused', 'ignored', 'taken'])
    .default('refused')
    .describe('[assumed] What becomes of a secret that UpdateApiKey gives for an auto key.'),
  gateway_delete_enabled: z
    .enum(['refused', 'done'])
    .default('refused')
    .describe('[assumed] DeleteApiKey of an enabled key is refused with UnsupportedOperation.InvalidStatus.'),
  gateway_same_status: z
    .enum(['refused', 'done'])
    .default('refused')
    .describe(
      '[assumed] Enabling an enabled key, or disabling a disabled one, is refused with UnsupportedOperation.UnsupportedUpdateApiKey.',
    ),
  gateway_long_limit: z
    .enum(['refused', 'cut'])
    .default('refused')
    .describe('[assumed] A Limit above 100 is refused with InvalidParameterValue, or cut to 100.'),
  gateway_order: z.enum(['newest', 'oldest']).default('newest').describe('[assumed] Which keys a list begins with.'),
  gateway_filter: z
    .enum(['exact', 'part'])
    .default('exact')
    .describe('[assumed] Filters by AccessKeyId, AccessKeySecret and SecretName match whole values, or parts of them.'),
  gateway_empty_set: z
    .enum(['array', 'null'])
    .default('array')
    .describe('[assumed] How a list of no keys is told: an empty ApiKeySet, or a null one.'),
  gateway_tags: z
    .enum(['told', 'null', 'absent'])
    .default('told')
    .describe('[assumed] Whether answers have a key’s tags: as a list, as null, or not at all (older versions).'),
  gateway_null_results: z
    .array(z.string())
    .default([])
    .describe('Actions that act and then answer with a null Result, which the documents allow of every action.'),
  gateway_name_length: z
    .int()
    .min(0)
    .default(0)
    .describe(
      '[assumed] Most characters of a SecretName; more are refused with InvalidParameter.FormatError. 0: no limit.',
    ),
  gateway_usage_plans: z
    .union([z.literal('any'), z.array(z.string())])
    .default('any')
    .describe('Usage plans that exist: every id, or those listed.'),
};

/** The values of {@link gatewayOptions}. */
export type GatewaySwitches = z.output<z.ZodObject<typeof gatewayOptions>>;

/** The region of a call that names none, where that is allowed. */
const DEFAULT_REGION = 'ap-guangzhou';

const tag = z.strictObject({ Key: z.string(), Value: z.string() });
const savedKey = z.strictObject({
  id: z.string(),
  /** Account that holds it. */
  account: z.string(),
  region: z.string(),
  name: z.string(),
  manual: z.boolean(),
  enabled: z.boolean(),
  created: z.number(),
  modified: z.number(),
  /** Counts the secrets of the key that the API has made: the present one is derived from it. */
  turn: z.int(),
  /** A secret that the caller chose, sealed; null for one that the API made. */
  sealed: z.string().nullable(),
  tags: z.array(tag),
  plans: z.array(z.string()),
});
const savedSchema = z.strictObject({
  version: z.literal(1),
  /** Auto keys ever made: the next id is derived from it. */
  made: z.int(),
  /** Secrets ever sealed: no nonce is used twice. */
  seals: z.int(),
  /** Oldest first. */
  keys: z.array(savedKey),
});
export type StoredKey = z.output<typeof savedKey>;

const count = z
  .union([
    z.int(),
    z
      .string()
      .regex(/^\d{1,9}$/)
      .transform(Number),
  ])
  .pipe(z.int().min(0));
const id = z.string().min(1);
const filter = z.strictObject({ Name: z.string(), Values: z.array(z.string()) });

/** What each action takes. Anything else is refused. */
const PARAMETERS = {
  CreateApiKey: z.strictObject({
    SecretName: z.string().min(1),
    AccessKeyType: z.enum(['auto', 'manual']).optional(),
    AccessKeyId: z.string().optional(),
    AccessKeySecret: z.string().optional(),
    Tags: z.array(tag).optional(),
  }),
  DescribeApiKey: z.strictObject({ AccessKeyId: id }),
  DescribeApiKeysStatus: z.strictObject({
    Limit: count.optional(),
    Offset: count.optional(),
    Filters: z.array(filter).optional(),
  }),
  UpdateApiKey: z.strictObject({ AccessKeyId: id, AccessKeySecret: z.string().optional() }),
  EnableApiKey: z.strictObject({ AccessKeyId: id }),
  DisableApiKey: z.strictObject({ AccessKeyId: id }),
  DeleteApiKey: z.strictObject({ AccessKeyId: id }),
  BindSecretIds: z.strictObject({ UsagePlanId: id, AccessKeyIds: z.array(id) }),
  UnBindSecretIds: z.strictObject({ UsagePlanId: id, AccessKeyIds: z.array(id) }),
  DescribeUsagePlanSecretIds: z.strictObject({
    UsagePlanId: id,
    Limit: count.optional(),
    Offset: count.optional(),
  }),
};
type Action = keyof typeof PARAMETERS;
type Parameters<A extends Action> = z.output<(typeof PARAMETERS)[A]>;

/** Whose keys a call is about, and where. */
interface Place {
  readonly account: string;
  readonly region: string;
}

/**
 * API Gateway (2018-08-08) as far as API keys and their usage plans go. `data` is what `save` gave, or null for a new one.
 * Secrets that the API makes follow from `derive`; those that callers choose are sealed with a key that does. Throws an Error
 * on `data` that it did not save.
 */
export function gatewayEmulator(how: {
  readonly data: Json;
  readonly clock: Pick<Clock, 'now'>;
  readonly derive: Derive;
  readonly switches: GatewaySwitches;
  /** The main account, whose keys the console shows. */
  readonly account: string;
}): ServiceEmulator & { readonly desk: KeyDesk } {
  const { clock, derive, switches } = how;
  const saved = how.data === null ? { made: 0, seals: 0, keys: [] } : savedSchema.parse(how.data);
  const keys = new Map<string, StoredKey>(saved.keys.map((key) => [key.id, key]));
  let { made, seals } = saved;
  const sealKey = createHash('sha256').update(derive('gateway seal', 64)).digest();

  function seal(keyId: string, secret: string): string {
    seals += 1;
    const nonce = createHash('sha256')
      .update(derive(`gateway nonce ${seals}`, 64))
      .digest()
      .subarray(0, 12);
    const cipher = createCipheriv('aes-256-gcm', sealKey, nonce).setAAD(Buffer.from(keyId));
    const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
  }

  function secretOf(key: StoredKey): string {
    if (key.sealed === null) return derive(`gateway secret ${key.id} ${key.turn}`, 40);
    const bytes = Buffer.from(key.sealed, 'base64');
    const cipher = createDecipheriv('aes-256-gcm', sealKey, bytes.subarray(0, 12)).setAAD(Buffer.from(key.id));
    cipher.setAuthTag(bytes.subarray(12, 28));
    return Buffer.concat([cipher.update(bytes.subarray(28)), cipher.final()]).toString('utf8');
  }

  function show(key: StoredKey): JsonObject {
    const { gateway_tags: tags } = switches;
    return {
      AccessKeyId: key.id,
      AccessKeySecret: secretOf(key),
      AccessKeyType: key.manual ? 'manual' : 'auto',
      SecretName: key.name,
      Status: key.enabled ? 1 : 0,
      CreatedTime: stamp(key.created),
      ModifiedTime: stamp(key.modified),
      ...(tags === 'absent' ? {} : { Tags: tags === 'null' ? null : key.tags }),
    };
  }

  const isThere = (key: StoredKey, { account, region }: Place) =>
    key.account === account && (!switches.gateway_keys_per_region || key.region === region);

  function keyOf(keyId: string, place: Place): StoredKey {
    const key = keys.get(keyId);
    if (key !== undefined && isThere(key, place)) return key;
    throw new ApiError('ResourceNotFound.InvalidAccessKeyId', 'The key does not exist.');
  }

  function change(key: StoredKey, to: Partial<StoredKey>): StoredKey {
    const changed = { ...key, ...to, modified: clock.now() };
    keys.set(key.id, changed);
    return changed;
  }

  function checkManual(key: StoredKey): void {
    if (!key.manual || switches.gateway_manual_changes) return;
    throw new ApiError('UnsupportedOperation.UinNotInWhiteList', 'The account is not among those with manual keys.');
  }

  function checkPlan(plan: string): void {
    if (switches.gateway_usage_plans === 'any' || switches.gateway_usage_plans.includes(plan)) return;
    throw new ApiError('ResourceNotFound.InvalidUsagePlan', 'The usage plan does not exist.');
  }

  function setStatus(keyId: string, place: Place, enabled: boolean): true {
    const key = keyOf(keyId, place);
    checkManual(key);
    if (key.enabled === enabled && switches.gateway_same_status === 'refused') {
      throw new ApiError(
        'UnsupportedOperation.UnsupportedUpdateApiKey',
        'The current status of the key does not support this operation.',
      );
    }
    change(key, { enabled });
    return true;
  }

  function pageOf<T>(all: readonly T[], limit = 20, offset = 0): readonly T[] {
    if (limit > PAGE_SIZE && switches.gateway_long_limit === 'refused') {
      throw new ApiError('InvalidParameterValue', `Limit must not be greater than ${PAGE_SIZE}.`);
    }
    return all.slice(offset, offset + Math.min(limit, PAGE_SIZE));
  }

  const among = (text: string, values: readonly string[]) =>
    values.some((value) => (switches.gateway_filter === 'exact' ? text === value : text.includes(value)));
  /** What each filter of a list lets through. */
  const filters: Readonly<Record<string, (key: StoredKey, values: readonly string[]) => boolean>> = {
    AccessKeyId: (key, values) => among(key.id, values),
    AccessKeySecret: (key, values) => among(secretOf(key), values),
    SecretName: (key, values) => among(key.name, values),
    Status: (key, values) => values.includes(key.enabled ? '1' : '0'),
    NotUsagePlanId: (key, values) => !values.some((plan) => key.plans.includes(plan)),
    KeyWord: (key, values) => values.some((word) => key.name.includes(word) || key.id.includes(word)),
  };

  const calls: { readonly [A in Action]: (given: Parameters<A>, place: Place) => Json } = {
    CreateApiKey(given, place) {
      if (!switches.gateway_certified) {
        throw new ApiError(
          'UnauthorizedOperation.UncertifiedUser',
          'The user has not completed identity verification.',
        );
      }
      const { SecretName: name, AccessKeyId: ownId, AccessKeySecret: ownSecret } = given;
      const longest = switches.gateway_name_length;
      if (longest > 0 && name.length > longest) throw badFormat('SecretName');
      const manual = given.AccessKeyType === 'manual';
      if (manual && !/^[A-Za-z0-9_]{5,50}$/.test(ownId ?? '')) throw badFormat('AccessKeyId');
      if (manual && !SECRET.test(ownSecret ?? '')) throw badFormat('AccessKeySecret');
      if (manual && keys.has(ownId ?? '')) {
        throw new ApiError('FailedOperation.AccessKeyExist', 'The custom key already exists.');
      }
      if (isFull(place)) {
        throw new ApiError('LimitExceeded.ApiKeyCountLimitExceeded', 'The number of keys exceeds the limit.');
      }
      const own = manual && ownId !== undefined && ownSecret !== undefined ? { id: ownId, secret: ownSecret } : null;
      const key = add(place, name, own, given.Tags ?? []);
      return show(key);
    },
    DescribeApiKey: (given, place) => show(keyOf(given.AccessKeyId, place)),
    DescribeApiKeysStatus(given, place) {
      let found = [...keys.values()].filter((key) => isThere(key, place));
      for (const { Name: name, Values: values } of given.Filters ?? []) {
        const lets = Object.hasOwn(filters, name) ? filters[name] : undefined;
        if (lets === undefined) {
          throw new ApiError('InvalidParameterValue.InvalidFilterNotSupportedName', `There is no filter ${name}.`);
        }
        found = found.filter((key) => lets(key, values));
      }
      if (switches.gateway_order === 'newest') found.reverse();
      const page = pageOf(found, given.Limit, given.Offset).map(show);
      const none = page.length === 0 && switches.gateway_empty_set === 'null';
      return { TotalCount: found.length, ApiKeySet: none ? null : page };
    },
    UpdateApiKey(given, place) {
      const key = keyOf(given.AccessKeyId, place);
      checkManual(key);
      const secret = given.AccessKeySecret;
      if (!key.manual && secret !== undefined && switches.gateway_auto_secret === 'refused') {
        throw badFormat('AccessKeySecret');
      }
      if (!key.manual && (secret === undefined || switches.gateway_auto_secret === 'ignored')) {
        return show(change(key, { turn: key.turn + 1, sealed: null }));
      }
      if (!SECRET.test(secret ?? '')) throw badFormat('AccessKeySecret');
      return show(change(key, { sealed: seal(key.id, secret ?? '') }));
    },
    EnableApiKey: (given, place) => setStatus(given.AccessKeyId, place, true),
    DisableApiKey: (given, place) => setStatus(given.AccessKeyId, place, false),
    DeleteApiKey(given, place) {
      const key = keyOf(given.AccessKeyId, place);
      if (key.enabled && switches.gateway_delete_enabled === 'refused') {
        throw new ApiError('UnsupportedOperation.InvalidStatus', 'The key must be disabled first.');
      }
      if (key.plans.length > 0) {
        throw new ApiError(
          'UnsupportedOperation.ResourceIsInUse',
          'The key is bound to a usage plan: unbind it first.',
        );
      }
      keys.delete(key.id);
      return true;
    },
    BindSecretIds({ UsagePlanId: plan, AccessKeyIds: ids }, place) {
      checkPlan(plan);
      if (ids.length === 0) throw new ApiError('InvalidParameterValue.InvalidAccessKeyIds', 'There are no keys.');
      const found = [...new Set(ids)].map((keyId) => keyOf(keyId, place));
      for (const key of found) {
        if (key.plans.includes(plan)) {
          throw new ApiError(
            'UnsupportedOperation.AlreadyBindUsagePlan',
            'The key is bound to the usage plan already.',
          );
        }
        if (!key.enabled) throw new ApiError('UnsupportedOperation.InvalidStatus', 'The key is disabled.');
        if (key.plans.length >= PLANS_PER_KEY) {
          throw new ApiError('UnsupportedOperation.UnsupportedBindApiKey', 'The key is bound to too many usage plans.');
        }
      }
      const bound = [...keys.values()].filter((key) => key.plans.includes(plan)).length;
      if (bound + found.length > KEYS_PER_PLAN) {
        throw new ApiError('LimitExceeded.AccessKeyCountInUsagePlanLimitExceeded', 'The usage plan is full.');
      }
      for (const key of found) keys.set(key.id, { ...key, plans: [...key.plans, plan] });
      return true;
    },
    UnBindSecretIds({ UsagePlanId: plan, AccessKeyIds: ids }, place) {
      checkPlan(plan);
      const found = ids.map((keyId) => keyOf(keyId, place));
      for (const key of found) keys.set(key.id, { ...key, plans: key.plans.filter((one) => one !== plan) });
      return true;
    },
    DescribeUsagePlanSecretIds({ UsagePlanId: plan, Limit: limit, Offset: offset }, place) {
      checkPlan(plan);
      const bound = [...keys.values()].filter((key) => isThere(key, place) && key.plans.includes(plan));
      return {
        TotalCount: bound.length,
        AccessKeyList: pageOf(bound, limit, offset).map((key) => ({
          AccessKeyId: key.id,
          SecretName: key.name,
          Status: key.enabled ? 1 : 0,
        })),
      };
    },
  };

  /** `own`: id and secret that the caller chose, for a manual key. */
  function add(
    place: Place,
    name: string,
    own: { readonly id: string; readonly secret: string } | null,
    tags: StoredKey['tags'],
  ): StoredKey {
    if (own === null) made += 1;
    const keyId = own?.id ?? `AKID${derive(`gateway key ${made}`, 36)}`;
    const now = clock.now();
    const key: StoredKey = {
      ...place,
      id: keyId,
      name,
      manual: own !== null,
      enabled: true,
      created: now,
      modified: now,
      turn: 0,
      sealed: own === null ? null : seal(keyId, own.secret),
      tags,
      plans: [],
    };
    keys.set(keyId, key);
    return key;
  }

  /** A secret that somebody chooses in the console: another one each time that it is sealed. */
  const madeUp = () => derive(`gateway console ${seals}`, 40);

  function isFull(place: Place): boolean {
    const counted = [...keys.values()].filter(
      (key) =>
        key.account === place.account && (switches.gateway_quota_per === 'account' || key.region === place.region),
    );
    return counted.length >= switches.gateway_quota;
  }

  function placeOf(caller: Caller, region: string | null): Place {
    if (region === null && switches.gateway_region_required) {
      throw new ApiError('MissingParameter', 'The request lacks the parameter `Region`.');
    }
    const known = switches.gateway_regions;
    const asked = region ?? DEFAULT_REGION;
    if (known !== 'any' && !known.includes(asked)) {
      throw new ApiError('InvalidParameterValue.InvalidRegion', `There is no API Gateway in ${asked}.`);
    }
    return { account: caller.ownerUin, region: asked };
  }

  function perform<A extends Action>(action: A, given: JsonObject, place: Place): Json {
    const schema: z.ZodType<unknown> = PARAMETERS[action];
    const read = readParameters(schema, given, { missing: 'MissingParameter', unfit: 'InvalidParameterValue' });
    const result = calls[action](read as Parameters<A>, place);
    return switches.gateway_null_results.includes(action) ? null : result;
  }

  return {
    version: '2018-08-08',
    desk: gatewayDesk({
      now: () => clock.now(),
      switches,
      defaultRegion: DEFAULT_REGION,
      keys,
      put: (key) => void keys.set(key.id, key),
      change,
      newSecret: (key) =>
        key.manual
          ? change(key, { sealed: seal(key.id, madeUp()) })
          : change(key, { turn: key.turn + 1, sealed: null }),
      add(name, region, own, tags) {
        const place = { account: how.account, region };
        if (isFull(place)) return null;
        return add(place, name, own === null ? null : { id: own, secret: madeUp() }, tags);
      },
      secretOf,
    }),
    actions: Object.fromEntries(Object.keys(PARAMETERS).map((action) => [action, REQUESTS_PER_SECOND])),
    handle(action, params, caller, region) {
      if (switches.gateway_offline) throw new ApiError('ActionOffline', 'The API has gone offline.');
      if (!isAction(action)) throw new ApiError('InvalidAction', `There is no action ${action}.`);
      return { Result: perform(action, params, placeOf(caller, region)) };
    },
    save: () => ({ version: 1, made, seals, keys: [...keys.values()] }),
  };
}

function isAction(name: string): name is Action {
  return Object.hasOwn(PARAMETERS, name);
}

function badFormat(parameter: string): ApiError {
  return new ApiError('InvalidParameter.FormatError', `The format of the parameter \`${parameter}\` is wrong.`);
}

/** `YYYY-MM-DDThh:mm:ssZ`: the API's times have whole seconds. */
function stamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
