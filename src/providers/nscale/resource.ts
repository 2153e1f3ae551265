import { parseDuration } from '../../core/duration.ts';
import { baseUrl } from '../../core/endpoint.ts';
import { KeyformError } from '../../core/error.ts';
import type { HttpPort } from '../../core/http.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import type { Clock } from '../../core/port.ts';
import type {
  ActualKey,
  CloudPorts,
  Connection,
  ForecastCall,
  KeyHandler,
  Operation,
  Settings,
} from '../../core/provider.ts';
import { Secret } from '../../core/secret.ts';
import { readSettings, type SettingReader } from '../../core/setting.ts';
import { TokenKeeper, type TokenSource } from '../../core/token.ts';
import { fileSource, identityOf, SERVICE, tokenSource } from './auth.ts';
import { type AccessKey, type Action, Client, ownerLabel } from './client.ts';
import { Newborns } from './newborn.ts';
import { isToken, settingSpecs } from './schema.ts';
import { waitFor } from './wait.ts';

interface Ports {
  readonly http: HttpPort;
  readonly clock: Clock;
  readonly readText: CloudPorts['readText'];
}

/** See `Cloud.connect`. Reads the file that `token_file` names; sends nothing. */
export async function connect(given: Settings, ports: Ports): Promise<Connection> {
  const settings = readSettings('nscale', SERVICE, settingSpecs(), given);
  const endpoint = baseUrl(settings.text('endpoint') ?? '');
  const limit = parseDuration(settings.text('provisioning_timeout') ?? '');
  const { source, identity } = await readCredential(settings, ports);
  const tokens = new TokenKeeper(source, ports.clock);
  const client = new Client({ http: ports.http, baseUrl: endpoint, tokens });
  const accessKeys = handler(client, ports.clock, { endpoint, identity, limit });
  return {
    // A service account's token is no access key, so no key of a list is the one that Keyform itself uses.
    credentialId: null,
    handler(type) {
      if (type === 'keyform_nscale_access_key') return accessKeys;
      throw new KeyformError('internal', `${SERVICE} has no resource type ${type}`);
    },
  };
}

/** Looks in a row that must say the same before it is believed: the API answers from several caches, and one may be behind. */
const BELIEVED = 3;

function handler(
  client: Client,
  clock: Clock,
  place: { readonly endpoint: string; readonly identity: string; readonly limit: number },
): KeyHandler {
  const newborns = new Newborns();
  const { limit } = place;

  return {
    owner(args) {
      const endpointId = text(args, 'endpoint_id');
      return {
        id: JSON.stringify(['nscale', place.endpoint, place.identity, endpointId]),
        label: ownerLabel(endpointId),
        scope: place.endpoint,
      };
    },

    forecast(operation) {
      return FORECAST[operation];
    },

    async list(args, signal) {
      const endpointId = text(args, 'endpoint_id');
      const found = await client.list(endpointId, signal);
      const keys = found.map((key) => newborns.seen(key));
      // A list that lags behind a create must not look as if the key were gone.
      return [...keys, ...newborns.allUnseen(endpointId, clock.now())].map((key) => toActual(key, endpointId));
    },

    async read(id, args, signal) {
      const endpointId = text(args, 'endpoint_id');
      const found = await client.get(endpointId, id, signal);
      const key = found === null ? newborns.unseen(endpointId, id, clock.now()) : newborns.seen(found);
      return key === null ? null : toActual(key, endpointId);
    },

    async create(args, signal) {
      const endpointId = text(args, 'endpoint_id');
      const wanted = {
        name: text(args, 'name'),
        description: optionalText(args, 'description'),
        tags: optionalMap(args, 'tags'),
        identityPolicy: text(args, 'identity_policy'),
      };
      const { key, secret } = await client.create(endpointId, wanted, signal);
      newborns.born(endpointId, key, clock.now());
      return { key: toActual(key, endpointId), secret };
    },

    async update() {
      throw new KeyformError('internal', `${SERVICE} cannot change anything of a living access key`, {
        detail: 'A new key replaces it.',
      });
    },

    async setEnabled() {
      throw new KeyformError('invalid-argument', `${SERVICE} cannot disable or enable an access key`, {
        detail: 'Delete the key instead.',
      });
    },

    async delete(key, signal) {
      const endpointId = text(key.args, 'endpoint_id');
      const subject = `${SERVICE} key ${key.id} in endpoint ${endpointId}`;
      const remedy = 'Its deletion was asked for, and may still take place. Apply again to go on waiting.';
      let asked = false;
      let errors = 0;
      await waitFor<void>({
        clock,
        limit,
        subject,
        remedy,
        signal,
        async look() {
          if (!asked) {
            if (await client.delete(endpointId, key.id, signal)) {
              asked = true;
              newborns.forget(key.id);
            } else if (newborns.unseen(endpointId, key.id, clock.now()) === null) {
              newborns.forget(key.id);
              return { done: true, value: undefined };
            } else return { done: false, status: NOT_VISIBLE };
          }
          const found = await client.get(endpointId, key.id, signal);
          if (found === null) return { done: true, value: undefined };
          const { provisioningStatus: status, deletedAt } = found;
          errors = status === 'error' ? errors + 1 : 0;
          if (errors > 0 && (deletedAt !== null || errors >= BELIEVED)) {
            throw new KeyformError('invalid-state', `${subject}: the API could not delete it (status "error")`, {
              detail:
                'The key may still work. Apply again to ask for its deletion once more; if it stays, ask the vendor’s support.',
            });
          }
          return { done: false, status };
        },
      });
    },

    async verify() {
      // S3 calls go to a host of the endpoint's own.
      throw new KeyformError('internal', `${SERVICE} has no call that proves the secret of an access key`);
    },

    async ready(key, { signal, onProgress }) {
      const endpointId = text(key.args, 'endpoint_id');
      const subject = `${SERVICE} key ${key.id} in endpoint ${endpointId}`;
      let visible = false;
      let missing = 0;
      return await waitFor<ActualKey>({
        clock,
        limit,
        subject,
        remedy:
          'Its secret is safe in state. Apply again to go on waiting, or set a longer "provisioning_timeout" in the provider block’s "nscale" object.',
        signal,
        onProgress,
        async look() {
          const found = await client.get(endpointId, key.id, signal);
          if (found === null) {
            missing += 1;
            if (!visible || missing < BELIEVED) return { done: false, status: NOT_VISIBLE };
            throw new KeyformError('invalid-state', `${subject}: it was deleted while Keyform waited for it`, {
              detail: 'Plan again: a new key is made then.',
            });
          }
          visible = true;
          missing = 0;
          const told = newborns.seen(found);
          const known = told.accessKeyId === null ? { ...told, accessKeyId: key.accessKeyId } : told;
          const actual = toActual(known, endpointId);
          const { provisioningStatus: status } = found;
          switch (actual.readiness) {
            case 'ready':
              return { done: true, value: actual };
            case 'pending':
              return { done: false, status };
            case 'failed':
              throw new KeyformError('invalid-state', `${subject}: the API could not provision it (status "error")`, {
                detail: 'It will not come to work by itself: replace it. The vendor’s support can tell the cause.',
              });
            case 'leaving':
              throw new KeyformError('invalid-state', `${subject}: somebody is deleting it (status "${status}")`, {
                detail: 'Plan again once it is gone: a new key is made then.',
              });
          }
        },
      });
    },
  };
}

/** Said in place of a status where the API does not show the key yet. */
const NOT_VISIBLE = 'not visible yet';

/** The least that each takes; waits look again as long as they have to. */
const FORECAST: Readonly<Record<Operation, readonly ForecastCall[]>> = {
  list: [call('ListAccessKeys')],
  create: [call('CreateAccessKey')],
  delete: [call('DeleteAccessKey'), call('GetAccessKey')],
  ready: [call('GetAccessKey')],
  update: [],
  enable: [],
  disable: [],
  verify: [],
  regenerate: [],
};

/** The vendor publishes no rate for any call. */
function call(action: Action): ForecastCall {
  return { action, limits: [] };
}

function toActual(key: AccessKey, endpointId: string): ActualKey {
  return {
    id: key.id,
    // Empty where the API is silent: the path's id would be a wrong answer to "what does an S3 client send".
    accessKeyId: key.accessKeyId ?? '',
    args: {
      endpoint_id: endpointId,
      name: key.name,
      description: key.description,
      tags: key.tags,
      identity_policy: key.identityPolicy,
    },
    attributes: {
      provisioning_status: key.provisioningStatus,
      health_status: key.healthStatus,
      project_id: key.projectId,
      organization_id: key.organizationId,
      created_by: key.createdBy,
      updated_at: key.modifiedAt,
      updated_by: key.modifiedBy,
    },
    createdAt: key.createdAt,
    expiresAt: null,
    enabled: true,
    secret: null,
    readiness: readinessOf(key),
  };
}

/** `unknown`, and any word that is new to Keyform, is something to wait out. */
function readinessOf(key: AccessKey): ActualKey['readiness'] {
  if (key.provisioningStatus === 'error') return 'failed';
  if (key.deletedAt !== null || key.provisioningStatus === 'deprovisioning') return 'leaving';
  return key.provisioningStatus === 'provisioned' ? 'ready' : 'pending';
}

function text(args: JsonObject, name: string): string {
  const value = args[name];
  if (typeof value === 'string') return value;
  throw new KeyformError('invalid-argument', `An Nscale access key needs "${name}"`, { detail: `Set "${name}".` });
}

function optionalText(args: JsonObject, name: string): string | null {
  const value = args[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

function optionalMap(args: JsonObject, name: string): Readonly<Record<string, string>> | null {
  const value = args[name];
  if (!isObject(value)) return null;
  const entries = Object.entries(value).map(([key, item]) => [key, String(item)]);
  return entries.length === 0 ? null : Object.fromEntries(entries);
}

/** The service token, and what tells it from others. Throws `missing-credential` or `invalid-configuration`. */
async function readCredential(
  settings: SettingReader<keyof ReturnType<typeof settingSpecs>>,
  ports: Ports,
): Promise<{ readonly source: TokenSource; readonly identity: string }> {
  // The file wins: only a stack can name it, while a token may be about in the environment for other tools.
  const path = settings.text('token_file');
  if (path !== null) {
    const read = async (): Promise<Secret> => {
      const token = (await ports.readText(path)).trim();
      if (isToken(token)) return new Secret(token);
      throw new KeyformError('missing-credential', `${SERVICE}: the file ${path} does not hold a service token`, {
        detail: `The setting "token_file" names it. It must hold the bare token and nothing else; it ${token === '' ? 'is empty' : 'has spaces or control characters in it'}.`,
      });
    };
    // The same before and after the file's token changes.
    return { source: fileSource(read, await read()), identity: `token file ${path}` };
  }
  const token = settings.text('service_token');
  if (token === null) {
    throw settings.missing(
      ['service_token'],
      'Or name a file that holds it in "token_file". A token belongs to a service account of the organization.',
    );
  }
  const secret = new Secret(token);
  return { source: tokenSource(secret), identity: identityOf(secret) };
}
