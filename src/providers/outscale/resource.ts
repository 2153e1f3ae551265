import { baseUrl } from '../../core/endpoint.ts';
import { isKeyformError, KeyformError } from '../../core/error.ts';
import type { HttpPort, RateLimit } from '../../core/http.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { formatMoment, parseMoment } from '../../core/moment.ts';
import type { Clock } from '../../core/port.ts';
import type { ActualKey, Connection, KeyHandler, KeyReference, Settings } from '../../core/provider.ts';
import { Secret } from '../../core/secret.ts';
import { readSettings, type SettingReader } from '../../core/setting.ts';
import { type ClientOptions, type Credential, createClient, type UpdateRequest, type WireKey } from './client.ts';
import { SERVICE } from './failure.ts';
import { settingSpecs } from './schema.ts';

/** `Cloud.connect`. Sends nothing. Throws `missing-credential` or `invalid-configuration`. */
export function connectOutscale(
  given: Settings,
  ports: { readonly http: HttpPort; readonly clock: Clock },
): Connection {
  const settings = readSettings('outscale', SERVICE, settingSpecs(), given);
  const region = settings.text('region') ?? '';
  const endpoint = endpointOf(settings.text('endpoint') ?? `https://api.${region}.outscale.com/api/v1`);
  const credential = readCredential(settings);
  const account = credential.kind === 'key' ? credential.accessKeyId : credential.login;
  const perSecond = Number(settings.value('requests_per_second'));
  const limits: readonly RateLimit[] = [{ bucket: `outscale ${endpoint} ${account}`, perSecond }];
  const label = (user: string | null) => (user === null ? `the identity of ${account}` : `user ${user}`);
  const handler = accessKeyHandler({ ...ports, endpoint, region, credential, limits, label });
  return {
    credentialId: credential.kind === 'key' ? credential.accessKeyId : null,
    handler(type) {
      if (type === 'keyform_outscale_access_key') return handler;
      throw new KeyformError('internal', `${SERVICE} has no resource type ${type}`);
    },
  };
}

/**
 * The key pair wins over login and password: signing never sends the secret. Half a pair is an error even beside a login, so
 * that a slip never makes Keyform act as somebody else.
 */
function readCredential(settings: SettingReader<keyof ReturnType<typeof settingSpecs>>): Credential {
  const key = settings.pair('access_key_id', 'secret_key');
  if (key !== null) return { kind: 'key', accessKeyId: key[0], secret: new Secret(key[1]) };
  const login = settings.pair('login', 'password');
  if (login !== null) return { kind: 'password', login: login[0], password: new Secret(login[1]) };
  throw settings.missing(
    ['access_key_id', 'secret_key'],
    'A "login" with its "password" (OSC_LOGIN, OSC_PASSWORD) works too.',
  );
}

/** The endpoint without a slash at its end. */
function endpointOf(written: string): string {
  // The vendor's older command line wanted the bare host here and added the path itself.
  return new URL(written).pathname.replace(/\/+$/, '') === '' ? `${baseUrl(written)}/api/v1` : baseUrl(written);
}

function accessKeyHandler(options: ClientOptions): KeyHandler {
  const { credential, limits, endpoint, region, clock, label } = options;
  const client = createClient(options);
  const identity = credential.kind === 'key' ? credential.accessKeyId : credential.login;
  // Whether the caller's own keys must be INACTIVE before they go: so for an EIM user, not for the root user. The API has
  // no cheap way to ask which of the two the caller is, so it is learnt from the first refusal.
  let callerIsUser = false;
  const disablesFirst = (key: { readonly args: JsonObject; readonly enabled: boolean }) =>
    key.enabled && (userOf(key.args) !== null || callerIsUser);

  async function remove(key: KeyReference, disable: boolean, signal: AbortSignal | undefined): Promise<void> {
    const { ExpirationDate: expires, ...base } = keepingExpiry(key);
    // An end that is past may be refused, and an expired key that is disabled a moment before it goes can lose it.
    const past = expires !== undefined && Date.parse(expires) <= clock.now();
    const kept = expires === undefined || past ? base : { ...base, ExpirationDate: expires };
    try {
      if (disable) await client.update({ ...kept, State: 'INACTIVE' }, signal);
      await client.delete(base, signal);
    } catch (error) {
      if (!isKeyGone(error)) throw error;
    }
  }

  return {
    owner(args) {
      const user = userOf(args);
      return {
        id: JSON.stringify(['outscale', endpoint, region, identity, user]),
        label: label(user),
        scope: `${endpoint}, region ${region}${user === null ? `, as ${identity}` : ''}`,
      };
    },

    forecast(operation, key) {
      const actions = {
        list: ['ReadAccessKeys'],
        create: ['CreateAccessKey'],
        update: ['UpdateAccessKey'],
        enable: ['UpdateAccessKey'],
        disable: ['UpdateAccessKey'],
        delete: disablesFirst(key) ? ['UpdateAccessKey', 'DeleteAccessKey'] : ['DeleteAccessKey'],
        verify: ['ReadAccessKeys'],
        regenerate: [],
        ready: [],
      }[operation];
      return actions.map((action) => ({ action, limits }));
    },

    async list(args, signal) {
      return (await client.read(withUser(args), signal)).map((key) => toActual(key, args));
    },

    async read(id, args, signal) {
      try {
        const keys = await client.read({ Filters: { AccessKeyIds: [id] }, ...withUser(args) }, signal);
        const found = keys.find((key) => key.AccessKeyId === id);
        return found === undefined ? null : toActual(found, args);
      } catch (error) {
        if (isKeyGone(error)) return null;
        throw error;
      }
    },

    // One call, whatever `enabled` says: the API makes every key ACTIVE, and a second call here would stand between the
    // secret and the disk. The answer says `enabled: true`; disabling is a step of its own.
    async create(args, signal) {
      const { key, secret } = await client.create(
        {
          ...(typeof args.expires_at === 'string' ? { ExpirationDate: sendable(args.expires_at) } : {}),
          ...(typeof args.tag === 'string' ? { Tag: args.tag } : {}),
          ...withUser(args),
        },
        signal,
      );
      return { key: toActual(key, args), secret };
    },

    async update(key, args, changed, signal) {
      const { ExpirationDate: _kept, ...base } = keepingExpiry(key);
      const expires =
        changed.includes('expires_at') || changed.includes('expires_in') ? (args.expires_at ?? null) : key.expiresAt;
      const body: UpdateRequest = {
        ...base,
        State: key.enabled ? 'ACTIVE' : 'INACTIVE',
        ...(typeof expires === 'string'
          ? { ExpirationDate: sendable(expires) }
          : key.expiresAt === null
            ? {}
            : { ClearExpirationDate: true as const }),
        ...(changed.includes('tag')
          ? typeof args.tag === 'string'
            ? { Tag: args.tag }
            : { ClearTag: true as const }
          : {}),
      };
      return toActual(await client.update(body, signal), key.args);
    },

    async setEnabled(key, enabled, signal) {
      const State = enabled ? 'ACTIVE' : 'INACTIVE';
      return toActual(await client.update({ ...keepingExpiry(key), State }, signal), key.args);
    },

    async delete(key, signal) {
      const disable = disablesFirst(key);
      try {
        await remove(key, disable, signal);
      } catch (error) {
        if (disable || !isKeyformError(error, 'invalid-state')) throw error;
        if (userOf(key.args) === null) callerIsUser = true;
        await remove(key, true, signal);
      }
    },

    async verify(key, secret, signal) {
      const own: Credential = { kind: 'key', accessKeyId: key.accessKeyId, secret };
      try {
        // Its own client, so that a refusal of the new key is not taken for one of the credential in use. No user name: every
        // key may be asked about the identity that it belongs to.
        const owner = label(userOf(key.args));
        await createClient({ ...options, credential: own, label: () => owner }).readOnce({}, signal);
        return true;
      } catch (error) {
        if (!isKeyformError(error)) throw error;
        const said = error.vendor?.code;
        if (said === '1') return false;
        if (said === '4' || said === '5' || said === '7') return true;
        // Sent, and no clear answer: it proves neither. What was never sent is for the caller to know.
        if (error.vendor !== null || error.code === 'outcome-unknown' || error.code === 'timeout') return null;
        throw error;
      }
    },
  };
}

function userOf(args: JsonObject): string | null {
  return typeof args.user_name === 'string' ? args.user_name : null;
}

function withUser(args: JsonObject): { readonly UserName?: string } {
  const user = userOf(args);
  return user === null ? {} : { UserName: user };
}

/**
 * The part of UpdateAccessKey that changes nothing. The documentation says that a call without `ExpirationDate` makes the key
 * never expire, so it is sent again each time; where that is no longer so, it does no harm. `State` was required up to API
 * 1.39.1, so it is always sent by whoever uses this. `Tag`, `ClearTag` and `ClearExpirationDate` are unknown to those
 * older APIs, which refuse unknown fields: they are sent only when something about them changes.
 */
function keepingExpiry(key: KeyReference): Pick<UpdateRequest, 'AccessKeyId' | 'ExpirationDate' | 'UserName'> {
  return {
    AccessKeyId: key.id,
    ...(key.expiresAt === null ? {} : { ExpirationDate: sendable(key.expiresAt) }),
    ...withUser(key.args),
  };
}

/** A time in the one form that is sent: RFC 3339, UTC, milliseconds. Throws `invalid-argument` on anything that is no time. */
function sendable(written: string): string {
  const ms = parseMoment(written);
  if (ms !== null) return formatMoment(ms);
  throw new KeyformError('invalid-argument', `${JSON.stringify(written)} is not a time`, {
    detail: 'Write "expires_at" as "2027-01-01T00:00:00Z" or "2027-01-01".',
  });
}

/** Whether an error is the API's own "no such key", and not a 404 of something in front of it. */
function isKeyGone(error: unknown): boolean {
  return isKeyformError(error, 'not-found') && (error.vendor?.code === '4000' || error.vendor?.code === '5027');
}

function toActual(key: WireKey, owner: JsonObject): ActualKey {
  const enabled = key.State === 'ACTIVE';
  const user: Json = userOf(owner);
  return {
    id: key.AccessKeyId,
    accessKeyId: key.AccessKeyId,
    args: { user_name: user, tag: key.Tag, enabled, expires_at: key.ExpirationDate },
    attributes: { updated_at: key.LastModificationDate },
    createdAt: key.CreationDate,
    expiresAt: key.ExpirationDate,
    enabled,
    secret: null,
    readiness: 'ready',
  };
}
