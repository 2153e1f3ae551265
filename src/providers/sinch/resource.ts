import { baseUrl } from '../../core/endpoint.ts';
import { isKeyformError, KeyformError } from '../../core/error.ts';
import type { HttpPort } from '../../core/http.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Clock } from '../../core/port.ts';
import type { ActualKey, Connection, ForecastCall, KeyHandler, Operation, Settings } from '../../core/provider.ts';
import { Secret } from '../../core/secret.ts';
import { readSettings } from '../../core/setting.ts';
import { TokenKeeper } from '../../core/token.ts';
import { type Credential, requestToken, SERVICE, sourceOf, TOKEN_ACTION } from './auth.ts';
import { type AccessKey, type Action, Client, ownerLabel } from './client.ts';
import { AUTH_MODES, type AuthMode, settingSpecs } from './schema.ts';

interface Ports {
  readonly http: HttpPort;
  readonly clock: Clock;
}

/** See `Cloud.connect`. `pageSize` is for tests: keys per page of a list, 1 to 1000. */
export function connect(settings: Settings, ports: Ports, options: { readonly pageSize?: number } = {}): Connection {
  const { endpoint, authBase, credential, mode } = resolve(settings);
  const tokens = new TokenKeeper(sourceOf(ports, authBase, credential, mode), ports.clock);
  const client = new Client({ http: ports.http, baseUrl: endpoint, tokens, credential, mode, ...options });
  const accessKeys = handler(client, ports, { endpoint, authBase, credentialId: credential.keyId });
  return {
    credentialId: credential.keyId,
    handler(type) {
      if (type === 'keyform_sinch_access_key') return accessKeys;
      throw new KeyformError('internal', `${SERVICE} has no resource type ${type}`);
    },
  };
}

function handler(
  client: Client,
  ports: Ports,
  place: { readonly endpoint: string; readonly authBase: string; readonly credentialId: string },
): KeyHandler {
  return {
    owner(args) {
      const projectId = text(args, 'project_id');
      return {
        id: JSON.stringify(['sinch', place.endpoint, place.credentialId, projectId]),
        label: ownerLabel(projectId),
        scope: place.endpoint,
      };
    },

    forecast(operation) {
      return FORECAST[operation];
    },

    async list(args, signal) {
      const projectId = text(args, 'project_id');
      return (await client.list(projectId, signal)).map((key) => toActual(key, projectId));
    },

    async read(id, args, signal) {
      const projectId = text(args, 'project_id');
      const key = await client.get(projectId, id, signal);
      return key === null ? null : toActual(key, projectId);
    },

    async create(args, signal) {
      const projectId = text(args, 'project_id');
      const { key, secret } = await client.create(projectId, text(args, 'display_name'), signal);
      return { key: toActual(key, projectId), secret };
    },

    async update(key, args, changed, signal) {
      const projectId = text(key.args, 'project_id');
      const foreign = changed.find((name) => name !== 'display_name');
      if (foreign !== undefined || changed.length === 0) {
        throw new KeyformError('internal', `${SERVICE} cannot change ${foreign ?? 'nothing'} of a living access key`);
      }
      return toActual(await client.update(projectId, key.id, text(args, 'display_name'), signal), projectId);
    },

    async setEnabled() {
      throw new KeyformError('invalid-argument', `${SERVICE} cannot disable or enable an access key`, {
        detail: 'Delete the key instead.',
      });
    },

    async delete(key, signal) {
      await client.delete(text(key.args, 'project_id'), key.id, signal);
    },

    async verify(key, secret, signal) {
      try {
        const own = { keyId: key.accessKeyId, keySecret: secret };
        await requestToken(ports, place.authBase, own, signal, ownerLabel(text(key.args, 'project_id')));
        return true;
      } catch (error) {
        if (isKeyformError(error, 'unauthorized')) return false;
        // Sent, and no clear answer: it proves neither. What was never sent is for the caller to know.
        if (isKeyformError(error, 'outcome-unknown', 'timeout')) return null;
        if (isKeyformError(error) && error.vendor !== null) return null;
        throw error;
      }
    },
  };
}

/** Asking for Keyform's own token is not counted: it happens about once an hour, whatever the number of keys. */
const FORECAST: Readonly<Record<Operation, readonly ForecastCall[]>> = {
  list: [call('ListAccessKeys')],
  create: [call('CreateAccessKey')],
  update: [call('UpdateAccessKey')],
  delete: [call('DeleteAccessKey')],
  verify: [call(TOKEN_ACTION)],
  enable: [],
  disable: [],
  regenerate: [],
  ready: [],
};

/** The vendor publishes no rate for any call. */
function call(action: Action | typeof TOKEN_ACTION): ForecastCall {
  return { action, limits: [] };
}

function toActual(key: AccessKey, projectId: string): ActualKey {
  return {
    id: key.accessKeyId,
    accessKeyId: key.accessKeyId,
    // The project as it was asked for: a key cannot move, and another spelling of the same id must not look like drift.
    args: { project_id: projectId, display_name: key.displayName },
    attributes: { updated_at: key.updateTime },
    createdAt: key.createTime,
    expiresAt: null,
    enabled: true,
    secret: null,
    readiness: 'ready',
  };
}

function text(args: JsonObject, name: string): string {
  const value = args[name];
  if (typeof value === 'string') return value;
  throw new KeyformError('invalid-argument', `A Sinch access key needs "${name}"`, { detail: `Set "${name}".` });
}

interface Resolved {
  readonly endpoint: string;
  readonly authBase: string;
  readonly credential: Credential;
  readonly mode: AuthMode;
}

/** Throws `missing-credential` or `invalid-configuration`, naming settings and variables, never a value. */
function resolve(given: Settings): Resolved {
  const settings = readSettings('sinch', SERVICE, settingSpecs(), given);
  const pair = settings.pair('key_id', 'key_secret');
  if (pair === null) {
    throw settings.missing(
      ['key_id', 'key_secret'],
      'Access keys are made in the Sinch Build Dashboard, Settings → Access keys.',
    );
  }
  const [keyId, keySecret] = pair;
  return {
    endpoint: baseUrl(settings.text('endpoint') ?? ''),
    authBase: baseUrl(settings.text('auth_endpoint') ?? ''),
    credential: { keyId, keySecret: new Secret(keySecret) },
    mode: AUTH_MODES.find((mode) => mode === settings.value('auth')) ?? 'oauth2',
  };
}
