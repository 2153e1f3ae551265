import { parseDuration } from '../../core/duration.ts';
import { baseUrl } from '../../core/endpoint.ts';
import { isKeyformError, KeyformError } from '../../core/error.ts';
import type { JsonObject } from '../../core/json.ts';
import { formatMoment, parseMoment } from '../../core/moment.ts';
import type {
  ActualKey,
  CloudPorts,
  Connection,
  ForecastCall,
  KeyHandler,
  KeyReference,
  Settings,
  Operation as Step,
} from '../../core/provider.ts';
import { readSettings } from '../../core/setting.ts';
import { TokenKeeper } from '../../core/token.ts';
import { operationEndpointFor } from './auth.ts';
import { type Change, Client, type CreateBody } from './client.ts';
import { identityOf, readCredential } from './credential.ts';
import { type FailedCall, operationFailure, SERVICE } from './failure.ts';
import { API_KEYS, type Family, STATIC_KEYS, type WireKey } from './key.ts';
import { type Operation, settle } from './operation.ts';
import { sameScopes, settingSpecs } from './schema.ts';
import { sourceOf } from './token.ts';

const FAMILIES: Readonly<Record<string, Family>> = {
  keyform_yandex_api_key: API_KEYS,
  keyform_yandex_static_access_key: STATIC_KEYS,
};

/** What a handler works with. */
interface Place {
  readonly ports: CloudPorts;
  readonly tokens: TokenKeeper;
  readonly endpoint: string;
  readonly operationEndpoint: string;
  /** Who asks, from {@link identityOf}. */
  readonly identity: string;
  readonly pageSize: number;
  readonly timeoutMs: number;
}

/** See `Cloud.connect`. */
export async function connect(given: Settings, ports: CloudPorts): Promise<Connection> {
  const settings = readSettings('yandex', SERVICE, settingSpecs(), given);
  const endpoint = baseUrl(settings.text('endpoint') ?? '');
  const operations = settings.text('operation_endpoint');
  const pageSize = Number(settings.value('page_size'));
  const timeoutMs = parseDuration(settings.text('operation_timeout') ?? '');
  const credential = await readCredential(given, ports);
  const place: Place = {
    ports,
    tokens: new TokenKeeper(sourceOf(credential, endpoint, ports), ports.clock),
    endpoint,
    operationEndpoint: operations === null ? operationEndpointFor(endpoint) : baseUrl(operations),
    identity: identityOf(credential),
    pageSize,
    timeoutMs,
  };
  const handlers = new Map(Object.entries(FAMILIES).map(([type, family]) => [type, handlerOf(family, place)]));
  return {
    // A token or an authorized key: neither is one of the keys that are managed here.
    credentialId: null,
    handler(type) {
      const handler = handlers.get(type);
      if (handler !== undefined) return handler;
      throw new KeyformError('internal', `${SERVICE} has no resource type ${type}`);
    },
  };
}

function handlerOf(family: Family, place: Place): KeyHandler {
  const { ports, tokens } = place;
  const client = new Client(family, { ...place, ...ports });
  const labelOf = (args: JsonObject) => `service account ${serviceAccountOf(args)}`;

  /** Waits for the operation, whether it succeeds or fails. Throws `LostOperation` when asking how it stands does not work. */
  function finish(begun: Operation, key: KeyReference, call: FailedCall, signal?: AbortSignal): Promise<Operation> {
    return settle(begun, {
      clock: ports.clock,
      timeoutMs: place.timeoutMs,
      subject: `${call.action} of ${call.subject}`,
      ...(signal === undefined ? {} : { signal }),
      poll: (id) => client.operation(id, labelOf(key.args), signal).catch(lost),
    });
  }

  return {
    owner(args) {
      const serviceAccountId = serviceAccountOf(args);
      return {
        id: JSON.stringify(['yandex', family.path, place.endpoint, place.identity, serviceAccountId]),
        label: `service account ${serviceAccountId}`,
        scope: place.endpoint,
      };
    },

    forecast: (step) => forecast(family, step),

    async list(args, signal) {
      const serviceAccountId = serviceAccountOf(args);
      return (await client.list(serviceAccountId, signal)).map((key) => toActual(family, key));
    },

    async read(id, args, signal) {
      const key = await client.get(id, labelOf(args), signal);
      // The API finds any key by its id; one of another service account is not this owner's.
      return key === null || key.serviceAccountId !== serviceAccountOf(args) ? null : toActual(family, key);
    },

    async create(args, signal) {
      const { key, secret } = await client.create(bodyOf(family, args), signal);
      return { key: toActual(family, key), secret };
    },

    async update(key, args, changed, signal) {
      const change = changeOf(family, args, changed);
      const call: FailedCall = { action: family.actions.update, safe: true, subject: `${family.noun} ${key.id}` };
      let now: WireKey | null = null;
      if (Object.keys(change).length > 0) {
        let done: Operation;
        try {
          done = await finish(await client.update(key.id, change, labelOf(key.args), signal), key, call, signal);
        } catch (error) {
          if (!isLost(error)) throw error;
          // What became of it is not known, so the key itself is asked; where that does not work either, the first error counts.
          const actual = await client.get(key.id, labelOf(key.args), signal).catch(() => null);
          if (actual === null || !hasChanged(actual, change)) throw reasonOf(error);
          return toActual(family, actual);
        }
        if (done.error !== null) throw operationFailure(call, done.id, done.error, tokens.secrets);
        const read = family.keySchema.safeParse(done.response);
        if (read.success && read.data.id === key.id) now = read.data;
      }
      now ??= await client.get(key.id, labelOf(key.args), signal);
      if (now !== null) return toActual(family, now);
      throw new KeyformError('not-found', `${SERVICE} ${call.action}: ${call.subject} is gone`, {
        detail: 'Somebody deleted it at the same time. Plan again.',
      });
    },

    async setEnabled() {
      throw new KeyformError('invalid-argument', `${SERVICE} cannot disable or enable ${family.noun}s`, {
        detail: 'Delete the key instead, or let it expire.',
      });
    },

    async delete(key, signal) {
      const call: FailedCall = { action: family.actions.delete, safe: true, subject: `${family.noun} ${key.id}` };
      let done: Operation | null;
      try {
        const begun = await client.delete(key.id, labelOf(key.args), signal);
        done = begun === null ? null : await finish(begun, key, call, signal);
      } catch (error) {
        if (!isLost(error)) throw error;
        const gone = await client.get(key.id, labelOf(key.args), signal).then(
          (actual) => actual === null,
          () => false,
        );
        if (gone) return;
        throw reasonOf(error);
      }
      // NOT_FOUND: somebody else was faster, and the operation found nothing to delete.
      if (done === null || done.error === null || done.error.code === 5) return;
      throw operationFailure(call, done.id, done.error, tokens.secrets);
    },

    async verify() {
      throw new KeyformError('internal', `${SERVICE} has no call that proves the secret of ${family.noun}s`);
    },
  };
}

/** How an operation stands could not be learnt, whatever the reason: it is about the asking and not about the key. */
class LostOperation extends Error {
  readonly reason: unknown;

  constructor(reason: unknown) {
    super('an operation was lost sight of');
    this.reason = reason;
  }
}

function lost(reason: unknown): never {
  if (isKeyformError(reason, 'cancelled')) throw reason;
  throw new LostOperation(reason);
}

/** Whether the change may have come about although the error says otherwise. */
function isLost(error: unknown): boolean {
  return (
    error instanceof LostOperation ||
    isKeyformError(error, 'timeout', 'malformed-answer', 'unavailable', 'outcome-unknown')
  );
}

function reasonOf(error: unknown): unknown {
  return error instanceof LostOperation ? error.reason : error;
}

/** The vendor publishes no rate for any call. An operation that is not done at once costs calls beyond these. */
function forecast({ actions }: Family, step: Step): readonly ForecastCall[] {
  const action = step === 'list' || step === 'create' || step === 'update' || step === 'delete' ? actions[step] : null;
  return action === null ? [] : [{ action, limits: [] }];
}

function bodyOf(family: Family, args: JsonObject): CreateBody {
  const { description, scopes, expiresAt } = changeOf(family, args, Object.keys(args));
  return {
    serviceAccountId: serviceAccountOf(args),
    ...(typeof description === 'string' ? { description } : {}),
    ...(scopes === undefined ? {} : { scopes }),
    ...(typeof expiresAt === 'string' ? { expiresAt } : {}),
  };
}

/** The API's fields for the arguments in `names`, with their values in `args`. */
function changeOf(family: Family, args: JsonObject, names: readonly string[]): Change {
  const { description, scopes, expires_at: end } = args;
  const named = (...any: string[]) => any.some((name) => names.includes(name));
  const change: Change = named('description')
    ? { description: typeof description === 'string' ? description : null }
    : {};
  if (family !== API_KEYS) return change;
  return {
    ...change,
    // Left out of the arguments, a living key keeps what it has.
    ...(named('scopes') && Array.isArray(scopes) ? { scopes: scopes.map(String) } : {}),
    ...(named('expires_at', 'expires_in') ? { expiresAt: typeof end === 'string' ? sendable(end) : null } : {}),
  };
}

/** Whether the key is as `change` wanted it. */
function hasChanged(key: WireKey, change: Change): boolean {
  const { description = key.description, scopes = key.scopes, expiresAt = key.expiresAt } = change;
  return description === key.description && sameScopes(scopes, key.scopes) && expiresAt === key.expiresAt;
}

/** A time as the API takes it: RFC 3339 with a time of day, even where a date alone was written. */
function sendable(time: string): string {
  const ms = parseMoment(time);
  return ms === null ? time : formatMoment(ms);
}

function toActual(family: Family, key: WireKey): ActualKey {
  const { serviceAccountId, description, scopes, expiresAt, lastUsedAt, maskedSecret } = key;
  const api = family === API_KEYS;
  return {
    id: key.id,
    accessKeyId: key.keyId,
    args: {
      service_account_id: serviceAccountId,
      description,
      ...(api ? { scopes, expires_at: expiresAt } : {}),
    },
    attributes: { last_used_at: lastUsedAt, ...(api ? { masked_secret: maskedSecret } : {}) },
    createdAt: key.createdAt,
    expiresAt,
    enabled: true,
    secret: null,
    readiness: 'ready',
  };
}

function serviceAccountOf(args: JsonObject): string {
  const value = args.service_account_id;
  if (typeof value === 'string') return value;
  throw new KeyformError('invalid-argument', `A key of ${SERVICE} needs "service_account_id"`, {
    detail: 'Set "service_account_id".',
  });
}
