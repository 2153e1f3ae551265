import { outcomeUnknown } from '../../core/answer.ts';
import { isKeyformError, KeyformError } from '../../core/error.ts';
import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Random } from '../../core/port.ts';
import type { ActualKey, CreatedKey, KeyHandler, KeyReference, Operation } from '../../core/provider.ts';
import { Secret } from '../../core/secret.ts';
import { SERVICE } from './failure.ts';
import {
  type Action,
  createGatewayClient,
  type GatewayClientOptions,
  isGone,
  isSaid,
  type Place,
  type WireKey,
} from './gatewayclient.ts';

/** What the handler of `keyform_tencent_api_key` needs. */
export interface GatewayOptions extends GatewayClientOptions {
  readonly random: Pick<Random, 'bytes'>;
  /** The region of keys that name none; null: none is sent, and the API uses its own. */
  readonly region: string | null;
}

/** The calls for `keyform_tencent_api_key`. */
export function gatewayHandler(options: GatewayOptions): KeyHandler {
  const { endpoint, credential, random } = options;
  const client = createGatewayClient(options);

  function placeOf(args: JsonObject): Place {
    const region = text(args, 'region') ?? options.region;
    return { region, owner: region === null ? 'the default region' : `region ${region}` };
  }

  /** The key after a change that was sent. No signal: what was sent is to be made sure of. */
  async function lookAgain(action: Action, key: KeyReference): Promise<WireKey> {
    const found = await client.describe(placeOf(key.args), key.id, { secrets: [secretIn(key.args)] });
    if (found !== null) return found;
    throw new KeyformError('not-found', `${SERVICE} ${action} of key ${key.id}: the key is gone`, {
      detail: 'Somebody deleted it meanwhile. Plan again.',
    });
  }

  /**
   * Gives the key `secret`, or with null one that the API makes. Where the answer tells nothing, or none came, the key's secret
   * tells whether it was done: `isDone` judges the one that the key has then. `once`: a call that may have been sent is not sent
   * again, and what came of it is `outcome-unknown` until it is seen.
   */
  async function change(
    key: KeyReference,
    secret: Secret | null,
    once: boolean,
    isDone: (now: Secret) => boolean,
    how: { readonly signal: AbortSignal | undefined; readonly secrets: readonly (Secret | null)[] },
  ): Promise<CreatedKey> {
    const call = { service: SERVICE, action: `UpdateApiKey of key ${key.id}` };
    let failure: KeyformError | null = null;
    let told: WireKey | null = null;
    try {
      told = await client.update(placeOf(key.args), key.id, secret, once, how);
    } catch (error) {
      if (!isKeyformError(error, 'outcome-unknown', 'timeout', 'unavailable', 'malformed-answer')) throw error;
      failure = error;
    }
    const answered = told?.AccessKeySecret ?? (told === null ? null : secret);
    if (told !== null && answered !== null) return created(told, answered, key.args);
    const found = await lookAgain('UpdateApiKey', key).catch((error: unknown) => {
      // What goes wrong while looking says less than what went wrong before.
      if (failure !== null) throw failure;
      if (!once || !isKeyformError(error) || error.code === 'not-found') throw error;
      throw outcomeUnknown(call, 'no answer tells the new secret, and a look at the key failed', error.vendor);
    });
    const present = found.AccessKeySecret;
    if (present !== null && isDone(present)) return created(found, present, key.args);
    throw failure ?? outcomeUnknown(call, 'no answer tells the new secret');
  }

  async function setSecret(
    key: KeyReference,
    secret: Secret,
    once: boolean,
    signal: AbortSignal | undefined,
  ): Promise<CreatedKey> {
    const secrets = [secret, secretIn(key.args)];
    return await change(key, secret, once, (now) => now.reveal() === secret.reveal(), { signal, secrets });
  }

  /** The secret so far is read first: it is what a new one is told from. */
  async function renewSecret(key: KeyReference, signal: AbortSignal | undefined): Promise<CreatedKey> {
    const before = await client.describe(placeOf(key.args), key.id, { signal });
    if (before === null) {
      throw new KeyformError('not-found', `${SERVICE} UpdateApiKey of key ${key.id}: there is no such key`, {
        detail: 'Somebody deleted it, or it is in another region. Plan again.',
      });
    }
    const old = before.AccessKeySecret;
    const isNew = (now: Secret) => old !== null && now.reveal() !== old.reveal();
    return await change(key, null, true, isNew, { signal, secrets: [old] });
  }

  async function remove(key: KeyReference, signal: AbortSignal | undefined): Promise<void> {
    const place = placeOf(key.args);
    const secrets = [secretIn(key.args)];
    if (await client.delete(place, key.id, { signal, secrets })) return;
    if ((await client.describe(place, key.id, { secrets })) === null) return;
    throw new KeyformError(
      'invalid-state',
      `${SERVICE} DeleteApiKey of key ${key.id}: the key stays, without a reason`,
      {
        detail:
          'The API answered, but not with yes. Plan again; if it stays so, delete the key in the vendor’s console.',
      },
    );
  }

  async function disableAndRemove(key: KeyReference, signal: AbortSignal | undefined): Promise<void> {
    const place = placeOf(key.args);
    const secrets = [secretIn(key.args)];
    const disabled = await client.setStatus(place, key.id, false, { signal, secrets });
    try {
      await remove(key, signal);
    } catch (error) {
      if (!disabled || !isSaid(error, 'UnsupportedOperation.ResourceIsInUse')) throw error;
      // Callers of the APIs behind the usage plan still sign with it: a deletion that fails must not shut them out.
      const again = await client.setStatus(place, key.id, true, { secrets }).catch((reason: unknown) => {
        if (!isKeyformError(reason)) throw reason;
        return false;
      });
      const words = again
        ? 'It had been disabled for the deletion and is enabled again.'
        : 'It was disabled for the deletion, and could not be enabled again: it is disabled now.';
      throw new KeyformError(error.code, error.message, {
        detail: `${error.detail} ${words}`,
        cause: error,
        vendor: error.vendor,
      });
    }
  }

  function created(key: WireKey, secret: Secret, args: JsonObject): CreatedKey {
    return { key: toActual({ ...key, AccessKeySecret: secret }, placeOf(args)), secret };
  }

  return {
    owner(args) {
      const { region, owner } = placeOf(args);
      return {
        id: JSON.stringify(['tencent apigateway', endpoint, credential.secretId, region]),
        label: owner,
        scope: `${endpoint}, ${owner}, as ${credential.secretId}`,
      };
    },

    forecast(operation, key) {
      const actions: Readonly<Record<Operation, readonly Action[]>> = {
        list: ['DescribeApiKeysStatus'],
        create: ['CreateApiKey'],
        update: ['UpdateApiKey'],
        enable: ['EnableApiKey', 'DescribeApiKey'],
        disable: ['DisableApiKey', 'DescribeApiKey'],
        delete: key.enabled ? ['DisableApiKey', 'DeleteApiKey'] : ['DeleteApiKey'],
        regenerate: isManual(key.args) ? ['UpdateApiKey'] : ['DescribeApiKey', 'UpdateApiKey'],
        verify: [],
        ready: [],
      };
      return actions[operation].map((action) => ({ action, limits: client.limitsOf(action) }));
    },

    async list(args, signal) {
      const place = placeOf(args);
      return (await client.list(place, { signal })).map((key) => toActual(key, place));
    },

    async read(id, args, signal) {
      const place = placeOf(args);
      const key = await client.describe(place, id, { signal, secrets: [secretIn(args)] });
      return key === null ? null : toActual(key, place);
    },

    // One call, whatever `enabled` says: the API makes every key enabled, and a second call here would stand between the
    // secret and the disk. The answer says `enabled: true`; disabling is a step of its own.
    async create(args, signal) {
      const own = isManual(args)
        ? { id: required(args, 'access_key_id'), secret: secretIn(args) ?? newSecret(random) }
        : null;
      const name = required(args, 'secret_name');
      const secrets = [own?.secret ?? null];
      const key = await client.create(placeOf(args), { name, own, tags: tagsIn(args) }, { signal, secrets });
      return created(key, key.AccessKeySecret, args);
    },

    async update(key, args, changed, signal) {
      const foreign = changed.find((name) => name !== 'access_key_secret');
      const secret = secretIn(args);
      if (foreign !== undefined || changed.length === 0 || secret === null) {
        throw new KeyformError('internal', `${SERVICE} cannot change ${foreign ?? 'nothing'} of a living API key`);
      }
      return (await setSecret(key, secret, false, signal)).key;
    },

    async setEnabled(key, enabled, signal) {
      const place = placeOf(key.args);
      await client.setStatus(place, key.id, enabled, { signal, secrets: [secretIn(key.args)] });
      // The answer says no more than yes; and a no may mean that the key was so already.
      const action = enabled ? 'EnableApiKey' : 'DisableApiKey';
      const found = toActual(await lookAgain(action, key), place);
      if (found.enabled === enabled) return found;
      const stays = found.enabled ? 'enabled' : 'disabled';
      throw new KeyformError('invalid-state', `${SERVICE} ${action} of key ${key.id}: the key stays ${stays}`, {
        detail: 'The API says that the key’s status does not allow it, or somebody has changed it back. Plan again.',
      });
    },

    async delete(key, signal) {
      try {
        if (key.enabled) await disableAndRemove(key, signal);
        else await remove(key, signal);
      } catch (error) {
        if (isGone(error)) return;
        if (key.enabled || !isSaid(error, 'UnsupportedOperation.InvalidStatus')) throw error;
        // Somebody has enabled it since it was last seen.
        await disableAndRemove(key, signal).catch((reason: unknown) => {
          if (!isGone(reason)) throw reason;
        });
      }
    },

    async verify() {
      throw new KeyformError('internal', `${SERVICE} has no call that proves the secret of an API Gateway key`, {
        detail: 'It signs calls to the APIs published behind the gateway, and to none of the vendor’s own.',
      });
    },

    async regenerate(key, signal) {
      // Sent again it would do the same, but an attempt that failed for good could not be told from one that had worked before.
      return isManual(key.args)
        ? await setSecret(key, newSecret(random), true, signal)
        : await renewSecret(key, signal);
    },
  };
}

function toActual(key: WireKey, place: Place): ActualKey {
  const enabled = key.Status === 1;
  const secret: Json = key.AccessKeyType === 'manual' ? (key.AccessKeySecret?.reveal() ?? null) : null;
  return {
    id: key.AccessKeyId,
    accessKeyId: key.AccessKeyId,
    args: {
      secret_name: key.SecretName,
      access_key_type: key.AccessKeyType,
      access_key_id: key.AccessKeyId,
      enabled,
      region: place.region,
      // Of what the API keeps to itself nothing is said, so that what state remembers stays.
      ...(key.AccessKeyType === 'manual' && secret === null ? {} : { access_key_secret: secret }),
      ...(key.Tags === null ? {} : { tags: key.Tags }),
    },
    attributes: { updated_at: key.ModifiedTime },
    createdAt: key.CreatedTime,
    expiresAt: null,
    enabled,
    secret: key.AccessKeySecret,
    readiness: 'ready',
  };
}

function isManual(args: JsonObject): boolean {
  return args.access_key_type === 'manual';
}

function text(args: JsonObject, name: string): string | null {
  const value = args[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

function secretIn(args: JsonObject): Secret | null {
  const secret = text(args, 'access_key_secret');
  return secret === null ? null : new Secret(secret);
}

function tagsIn(args: JsonObject): Record<string, string> {
  const tags = isObject(args.tags) ? args.tags : {};
  return Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, String(value)]));
}

function required(args: JsonObject, name: string): string {
  const value = text(args, name);
  if (value !== null) return value;
  throw new KeyformError('invalid-argument', `A ${SERVICE} API Gateway key needs "${name}"`, {
    detail: `Set "${name}".`,
  });
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_';

/** A secret of 40 letters, digits and underscores, each as likely as any other: 239 bits of chance. */
export function newSecret(random: Pick<Random, 'bytes'>): Secret {
  let secret = '';
  while (secret.length < 40) {
    // Six bits name 64 signs and there are 63: the last is thrown away, so that none is likelier than another.
    for (const byte of random.bytes(40)) secret += ALPHABET[byte & 63] ?? '';
  }
  return new Secret(secret.slice(0, 40));
}
