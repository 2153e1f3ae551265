import { createHmac } from 'node:crypto';
import { z } from 'zod';
import {
  type CloudEmulatorFactory,
  type EmulatorRequest,
  type EmulatorResponse,
  readSaved,
  readSwitches,
} from '../../core/emulator.ts';
import { isObject, type Json } from '../../core/json.ts';
import { parseMoment } from '../../core/moment.ts';
import { Throttle } from '../../core/throttle.ts';
import { desk } from './desk.ts';
import { authenticate, type Caller, type Lockout, type Refusal } from './gate.ts';

const PREFIX = '/api/v1/';
/** Most seconds that an API access policy can allow a key to live (source: OpenAPI 1.40.1). */
const LONGEST_LIFETIME_S = 3_153_600_000;

/** The emulator's switches. Those marked [assumed] stand for behaviour of the live API that nobody has verified. */
export const options = z.strictObject({
  quota: z.int().min(0).default(10).describe('Keys that one user can hold.'),
  users: z
    .union([z.literal('any'), z.array(z.string())])
    .default('any')
    .describe('EIM users that exist: every name, or those listed.'),
  login: z.string().default('root@keyform.example').describe('The e-mail address that goes with the derived password.'),
  platform_rate: z
    .number()
    .min(0)
    .default(0)
    .describe('Calls a second of the whole platform; more are 503, code 6. 0: no limit.'),
  account_rate: z
    .number()
    .min(0)
    .default(0)
    .describe('Calls a second of the account; more are 429, code 24. 0: no limit.'),
  call_rate: z
    .number()
    .min(0)
    .default(0)
    .describe('Calls a second of one account and action; more are 429, code 25. 0: no limit.'),
  update_without_expiration_clears: z
    .boolean()
    .default(true)
    .describe('[assumed] UpdateAccessKey without ExpirationDate makes the key never expire, as documented.'),
  invalid_parameter_status: z.int().default(400).describe('[assumed] HTTP status of the codes 4xxx.'),
  missing_resource_status: z.int().default(400).describe('[assumed] HTTP status of the codes 5xxx.'),
  invalid_state_status: z.int().default(409).describe('[assumed] HTTP status of the codes 6xxx.'),
  quota_status: z.int().default(400).describe('[assumed] HTTP status of the code 10005.'),
  missing_key_code: z
    .enum(['5027', '4000'])
    .default('5027')
    .describe('[assumed] Code of an update or delete of a key that is not there.'),
  active_delete_code: z
    .enum(['6003', '6004'])
    .default('6003')
    .describe("[assumed] Code of a delete of an EIM user's ACTIVE key."),
  lifetime_code: z
    .enum(['4045', '4046', '4047', '4111'])
    .default('4047')
    .describe('[assumed] Code of an end of life that the access policy does not allow.'),
  denied_code: z
    .enum(['4', '5', '7'])
    .default('5')
    .describe('[assumed] Code for a caller who may not act for another. 4 stands in an older list only, so 5.'),
  expired_becomes_inactive: z
    .boolean()
    .default(false)
    .describe('[assumed] The state shown for a key that has expired turns to INACTIVE.'),
  past_expiration_refused: z.boolean().default(false).describe('[assumed] An end of life that is past is refused.'),
  dry_run_succeeds: z
    .boolean()
    .default(true)
    .describe(
      '[assumed] A dry run that would be allowed is answered 200 with a ResponseContext only; otherwise as error 0.',
    ),
});

const savedKey = z.strictObject({
  id: z.string(),
  user: z.string().nullable(),
  active: z.boolean(),
  created: z.number(),
  modified: z.number(),
  expires: z.number().nullable(),
  tag: z.string().nullable(),
});
const savedSchema = z.strictObject({
  version: z.literal(1),
  /** Keys ever made: the next id is derived from it. */
  made: z.int(),
  keys: z.array(savedKey),
  policy: z.strictObject({ maxSeconds: z.number(), trusted: z.boolean() }),
  lockouts: z.record(z.string(), z.strictObject({ failures: z.int(), until: z.number() })),
});
export type StoredKey = z.output<typeof savedKey>;

const accessKeyId = z.string().regex(/^[A-Z0-9]{20}$/);
const date = z.string().refine((text) => parseMoment(text) !== null);
const state = z.enum(['ACTIVE', 'INACTIVE']);
const common = { DryRun: z.boolean().optional() };
const owned = { ...common, UserName: z.string().optional() };

/** What each call takes; anything else is refused, as the vendor's schema says (`additionalProperties: false`). */
const BODIES = {
  CreateAccessKey: z.strictObject({ ...owned, ExpirationDate: date.optional(), Tag: z.string().optional() }),
  ReadAccessKeys: z.strictObject({
    ...owned,
    Filters: z
      .strictObject({ AccessKeyIds: z.array(z.string()).optional(), States: z.array(state).optional() })
      .optional(),
    Tag: z.string().optional(),
  }),
  UpdateAccessKey: z.strictObject({
    ...owned,
    AccessKeyId: accessKeyId,
    State: state.optional(),
    ExpirationDate: date.optional(),
    ClearExpirationDate: z.boolean().optional(),
    Tag: z.string().optional(),
    ClearTag: z.boolean().optional(),
  }),
  DeleteAccessKey: z.strictObject({ ...owned, AccessKeyId: accessKeyId }),
  ReadApiAccessPolicy: z.strictObject(common),
  UpdateApiAccessPolicy: z.strictObject({
    ...common,
    MaxAccessKeyExpirationSeconds: z.int().min(0).max(LONGEST_LIFETIME_S),
    RequireTrustedEnv: z.boolean(),
  }),
};
type Action = keyof typeof BODIES;
type Body<A extends Action> = z.output<(typeof BODIES)[A]>;

/** Thrown inside a call to answer with an error; never leaves the emulator. */
class Refused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.details);
    this.refusal = refusal;
  }
}

/**
 * The OUTSCALE API as far as access keys go (API 1.40.1), under `/api/v1/`, for any region. A new cloud has one root user
 * with one key, whose id and secret follow from the seed. Throws an Error on an option that it does not know and on
 * `data` that it did not save.
 */
export const outscaleEmulator: CloudEmulatorFactory = ({ data, clock, seed, options: given }) => {
  const switches = readSwitches('3DS OUTSCALE', options, given);
  const derive = (name: string, length: number) => {
    const bytes = createHmac('sha512', seed).update(`outscale ${name}`).digest();
    return Array.from(bytes.subarray(0, length), (byte) => (byte % 36).toString(36).toUpperCase()).join('');
  };
  const secretOf = (id: string) => derive(`secret ${id}`, 40);
  const rootId = derive('key 0', 20);
  const password = derive('password', 24);
  const started = clock.now();
  const saved =
    data === null
      ? {
          made: 1,
          keys: [
            { id: rootId, user: null, active: true, created: started, modified: started, expires: null, tag: null },
          ],
          policy: { maxSeconds: 0, trusted: false },
          lockouts: {},
        }
      : readSaved('3DS OUTSCALE', savedSchema, data);
  const keys = new Map<string, StoredKey>(saved.keys.map((key) => [key.id, key]));
  const lockouts = new Map<string, Lockout>(Object.entries(saved.lockouts));
  let { made, policy } = saved;
  let answered = 0;
  const throttle = new Throttle();

  const isExpired = (key: StoredKey) => key.expires !== null && key.expires <= clock.now();
  const door = {
    login: switches.login,
    password,
    lockouts,
    key(id: string) {
      const key = keys.get(id);
      return key?.active === true && !isExpired(key) ? { secret: secretOf(id), user: key.user } : null;
    },
  };

  const invalid = (code: string, details: string): Refused =>
    new Refused({ status: switches.invalid_parameter_status, code, type: 'InvalidParameterValue', details });

  const isActive = (key: StoredKey) => key.active && !(switches.expired_becomes_inactive && isExpired(key));

  function show(key: StoredKey): Json {
    return {
      AccessKeyId: key.id,
      State: isActive(key) ? 'ACTIVE' : 'INACTIVE',
      CreationDate: stamp(key.created),
      LastModificationDate: stamp(key.modified),
      ...(key.expires === null ? {} : { ExpirationDate: stamp(key.expires) }),
      ...(key.tag === null ? {} : { Tag: key.tag }),
    };
  }

  /** Whose keys a call is about. An EIM user may act for itself only. */
  function ownerOf(caller: Caller, body: { readonly UserName?: string | undefined }): string | null {
    const owner = body.UserName ?? caller.user;
    if (caller.user !== null && owner !== caller.user) throw denied();
    if (owner !== null && switches.users !== 'any' && !switches.users.includes(owner)) {
      const details = `There is no user ${owner}.`;
      throw new Refused({ status: switches.missing_resource_status, code: '5075', type: 'InvalidResource', details });
    }
    return owner;
  }

  function denied(): Refused {
    const details = 'You are not authorized to perform this action.';
    return new Refused({ status: 401, code: switches.denied_code, type: 'AccessDenied', details });
  }

  function keyOf(owner: string | null, id: string): StoredKey {
    const key = keys.get(id);
    if (key !== undefined && key.user === owner) return key;
    const code = switches.missing_key_code;
    const type = code === '4000' ? 'InvalidParameterValue' : 'InvalidResource';
    throw new Refused({
      status: switches.missing_resource_status,
      code,
      type,
      details: `There is no access key ${id}.`,
    });
  }

  /** Refuses an end of life that the access policy does not allow. */
  function allowLifetime(expires: number | null, now: number): number | null {
    const limit = policy.maxSeconds * 1000;
    if (limit > 0 && (expires === null || expires - now > limit)) {
      throw invalid(switches.lifetime_code, 'ExpirationDate must be within MaxAccessKeyExpirationSeconds.');
    }
    return expires;
  }

  function endOf(text: string, now: number): number {
    const ms = parseMoment(text);
    if (ms === null) throw invalid('4108', 'ExpirationDate is not a date.');
    if (switches.past_expiration_refused && ms <= now) throw invalid('4047', 'ExpirationDate is past.');
    return ms;
  }

  const calls: { readonly [A in Action]: (body: Body<A>, caller: Caller, now: number) => Record<string, Json> } = {
    CreateAccessKey(body, caller, now) {
      const user = ownerOf(caller, body);
      const expires = allowLifetime(body.ExpirationDate === undefined ? null : endOf(body.ExpirationDate, now), now);
      if ([...keys.values()].filter((key) => key.user === user).length >= switches.quota) {
        const details = `A user can hold ${switches.quota} access keys.`;
        const type = 'TooManyResources (QuotaExceded)';
        throw new Refused({ status: switches.quota_status, code: '10005', type, details });
      }
      if (body.DryRun === true) return {};
      const key = add({ user, active: true, created: now, modified: now, expires, tag: body.Tag ?? null });
      return { AccessKey: { ...(show(key) as Record<string, Json>), SecretKey: secretOf(key.id) } };
    },
    ReadAccessKeys(body, caller) {
      const user = ownerOf(caller, body);
      const { AccessKeyIds: ids, States: states } = body.Filters ?? {};
      if (body.DryRun === true) return {};
      const found = [...keys.values()].filter(
        (key) =>
          key.user === user &&
          (ids === undefined || ids.includes(key.id)) &&
          (states === undefined || states.includes(isActive(key) ? 'ACTIVE' : 'INACTIVE')) &&
          (body.Tag === undefined || body.Tag === key.tag),
      );
      return { AccessKeys: found.map(show) };
    },
    UpdateAccessKey(body, caller, now) {
      const key = keyOf(ownerOf(caller, body), body.AccessKeyId);
      let expires = switches.update_without_expiration_clears ? null : key.expires;
      if (body.ExpirationDate !== undefined) expires = endOf(body.ExpirationDate, now);
      if (body.ClearExpirationDate === true) expires = null;
      allowLifetime(expires, now);
      if (body.DryRun === true) return {};
      const changed: StoredKey = {
        ...key,
        active: body.State === undefined ? key.active : body.State === 'ACTIVE',
        expires,
        tag: body.ClearTag === true ? null : (body.Tag ?? key.tag),
        modified: now,
      };
      keys.set(key.id, changed);
      return { AccessKey: show(changed) };
    },
    DeleteAccessKey(body, caller) {
      const key = keyOf(ownerOf(caller, body), body.AccessKeyId);
      if (key.user !== null && isActive(key)) {
        const details = 'The access key must be INACTIVE.';
        const code = switches.active_delete_code;
        throw new Refused({ status: switches.invalid_state_status, code, type: 'InvalidState', details });
      }
      if (body.DryRun !== true) keys.delete(key.id);
      return {};
    },
    ReadApiAccessPolicy(body, caller) {
      if (caller.user !== null) throw denied();
      return body.DryRun === true ? {} : { ApiAccessPolicy: showPolicy() };
    },
    UpdateApiAccessPolicy(body, caller, now) {
      if (caller.user !== null) throw denied();
      const { MaxAccessKeyExpirationSeconds: maxSeconds, RequireTrustedEnv: trusted } = body;
      if (trusted && maxSeconds === 0) throw invalid('4047', 'A trusted session needs a maximum lifetime.');
      const longest = Math.max(...[...keys.values()].map((key) => (key.expires ?? Number.POSITIVE_INFINITY) - now));
      if (maxSeconds > 0 && longest >= maxSeconds * 1000) {
        throw invalid('4047', 'An access key lives longer than MaxAccessKeyExpirationSeconds.');
      }
      if (body.DryRun === true) return {};
      policy = { maxSeconds, trusted };
      return { ApiAccessPolicy: showPolicy() };
    },
  };

  function add(key: Omit<StoredKey, 'id'>): StoredKey {
    const id = derive(`key ${made}`, 20);
    made += 1;
    const whole = { id, ...key };
    keys.set(id, whole);
    return whole;
  }

  function showPolicy(): Json {
    return { MaxAccessKeyExpirationSeconds: policy.maxSeconds, RequireTrustedEnv: policy.trusted };
  }

  function context(): Json {
    answered += 1;
    const hex = createHmac('sha256', seed).update(`outscale request ${started} ${answered}`).digest('hex');
    return { RequestId: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5') };
  }

  function answer(action: string | null, status: number, content: Record<string, Json>): EmulatorResponse {
    return {
      status,
      headers: { 'content-type': 'application/json; charset=utf-8', date: new Date(clock.now()).toUTCString() },
      body: JSON.stringify({ ...content, ResponseContext: context() }),
      action,
    };
  }

  function refuse(action: string | null, { status, code, type, details }: Refusal): EmulatorResponse {
    return answer(action, status, { Errors: [{ Code: code, Type: type, Details: details }] });
  }

  /** The three limiters, in the vendor's order; the account is known only after authentication. */
  function admit(action: Action, request: EmulatorRequest, now: number): Caller | Refusal {
    const limited = { type: 'AccessDenied', details: 'Too many requests.' };
    if (!throttle.admit('platform', switches.platform_rate, now)) return { ...limited, status: 503, code: '6' };
    const caller = authenticate(request, now, door);
    if ('code' in caller) return caller;
    if (!throttle.admit('account', switches.account_rate, now)) return { ...limited, status: 429, code: '24' };
    if (!throttle.admit(action, switches.call_rate, now)) return { ...limited, status: 429, code: '25' };
    return caller;
  }

  function perform<A extends Action>(action: A, request: EmulatorRequest): EmulatorResponse {
    const now = clock.now();
    const caller = admit(action, request, now);
    if ('code' in caller) return refuse(action, caller);
    try {
      const body = readBody(action, request.body, invalid);
      const content = calls[action](body, caller, now);
      if (body.DryRun === true && !switches.dry_run_succeeds) {
        return refuse(action, { status: 400, code: '0', type: 'DefaultError', details: 'Dry run: it would succeed.' });
      }
      return answer(action, 200, content);
    } catch (error) {
      if (error instanceof Refused) return refuse(action, error.refusal);
      throw error;
    }
  }

  return {
    cloud: 'outscale',
    // Actions start with a capital, which keeps them apart from other clouds' paths under the same prefix.
    claims: (request) =>
      request.path.startsWith(PREFIX) && /^[A-Z][A-Za-z]*\/?$/.test(request.path.slice(PREFIX.length)),
    action: actionOf,
    handle(request) {
      const action = actionOf(request);
      if (request.method !== 'POST') {
        const details = 'The HTTP method is not allowed.';
        return refuse(action, { status: 405, code: '2', type: 'AccessDenied', details });
      }
      if (action === null) {
        // How the live API answers an unknown action is not documented.
        return refuse(null, { status: 404, code: '0', type: 'DefaultError', details: 'There is no such action.' });
      }
      return perform(action, request);
    },
    desks: [desk({ now: () => clock.now(), switches, keys, add, isActive, secretOf })],
    save: () => ({
      version: 1,
      made,
      keys: [...keys.values()],
      policy,
      lockouts: Object.fromEntries([...lockouts].map(([id, lockout]) => [id, { ...lockout }])),
    }),
    settings: (origin) => ({
      endpoint: `${origin}/api/v1`,
      region: 'eu-west-2',
      access_key_id: rootId,
      secret_key: secretOf(rootId),
      login: switches.login,
      password,
      requests_per_second: 100_000,
    }),
    environment: (origin) => ({
      OSC_ENDPOINT_API: `${origin}/api/v1`,
      OSC_ACCESS_KEY: rootId,
      OSC_SECRET_KEY: secretOf(rootId),
      OSC_REGION: 'eu-west-2',
    }),
  };
};

function actionOf(request: EmulatorRequest): Action | null {
  const name = request.path.startsWith(PREFIX) ? request.path.slice(PREFIX.length).replace(/\/$/, '') : '';
  return Object.hasOwn(BODIES, name) ? (name as Action) : null;
}

/** The API's own form of a time: its offset has no colon, so it is not RFC 3339. */
function stamp(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '+0000');
}

/** Zero bytes stand for `{}`: the vendor's JavaScript SDK sends none for a call without arguments. */
function readBody<A extends Action>(
  action: A,
  text: string,
  invalid: (code: string, details: string) => Refused,
): Body<A> {
  let body: unknown;
  try {
    body = text === '' ? {} : JSON.parse(text);
  } catch {
    throw new Refused({ status: 400, code: '0', type: 'DefaultError', details: 'The body is not JSON.' });
  }
  const result = BODIES[action].safeParse(body);
  if (result.success) return result.data as Body<A>;
  const issue = result.error.issues[0];
  const path = issue?.path.join('.') ?? '';
  const present = issue?.path.reduce<unknown>((value, part) => (isObject(value) ? value[String(part)] : value), body);
  if (issue?.code === 'unrecognized_keys') throw invalid('4045', `Unknown parameter ${issue.keys.join(', ')}.`);
  if (present === undefined) throw invalid('4045', `The parameter ${path} is required.`);
  if (issue?.code === 'invalid_format') throw invalid('4105', `The parameter ${path} is malformed.`);
  if (issue?.code === 'invalid_type' || issue?.code === 'custom') {
    throw invalid('4108', `The parameter type of ${path} is unknown.`);
  }
  throw invalid('4047', `The value of ${path} is not allowed.`);
}
