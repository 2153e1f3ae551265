import { isKeyformError, KeyformError } from '../../core/error.ts';
import type { HttpPort } from '../../core/http.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Clock } from '../../core/port.ts';
import type { ActualKey, Connection, ForecastCall, KeyHandler, Operation, Settings } from '../../core/provider.ts';
import { Secret } from '../../core/secret.ts';
import {
  type Authorizer,
  BasicAuthorizer,
  type Credential,
  requestToken,
  SERVICE,
  TOKEN_ACTION,
  TokenAuthorizer,
} from './auth.ts';
import { type AccessKey, type Action, Client } from './client.ts';
import { baseUrl, SETTINGS } from './schema.ts';

interface Ports {
  readonly http: HttpPort;
  readonly clock: Clock;
}

/** See `Cloud.connect`. `pageSize` is for tests: keys per page of a list, 1 to 1000. */
export function connect(settings: Settings, ports: Ports, options: { readonly pageSize?: number } = {}): Connection {
  const { endpoint, authBase, credential, mode } = readSettings(settings);
  const auth: Authorizer =
    mode === 'basic' ? new BasicAuthorizer(credential) : new TokenAuthorizer(ports, authBase, credential);
  const client = new Client({ http: ports.http, baseUrl: endpoint, auth, ...options });
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
        label: `project ${projectId}`,
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
        await requestToken(ports, place.authBase, { keyId: key.accessKeyId, keySecret: secret }, signal);
        return true;
      } catch (error) {
        if (isKeyformError(error, 'unauthorized')) return false;
        // An answer came, and it is about something else than this secret.
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
  readonly mode: string;
}

/** Throws `missing-credential` or `invalid-configuration`, naming settings and variables, never a value. */
function readSettings(settings: Settings): Resolved {
  const missing = (['key_id', 'key_secret'] as const).filter((name) => (settings[name] ?? '') === '');
  if (missing.length > 0) {
    const variables = missing.map((name) => SETTINGS[name].environment[0]).join(' and ');
    throw new KeyformError('missing-credential', `${SERVICE}: no access key to authenticate with`, {
      detail: `Set ${missing.map((name) => `"${name}"`).join(' and ')} in the provider block’s "sinch" object, or ${variables} in the environment. Access keys are made in the Sinch Build Dashboard, Settings → Access keys.`,
    });
  }
  return {
    endpoint: baseUrl(setting(settings, 'endpoint')),
    authBase: baseUrl(setting(settings, 'auth_endpoint')),
    credential: { keyId: setting(settings, 'key_id'), keySecret: new Secret(setting(settings, 'key_secret')) },
    mode: setting(settings, 'auth'),
  };
}

function setting(settings: Settings, name: keyof typeof SETTINGS): string {
  const { schema, environment, default: fallback } = SETTINGS[name];
  const value = settings[name] ?? fallback;
  const result = schema.safeParse(value);
  if (result.success && typeof value === 'string') return value;
  // The messages of these schemas say what is expected and never quote the value.
  const reason = result.error?.issues[0]?.message ?? 'must be text';
  throw new KeyformError('invalid-configuration', `${SERVICE}: the setting "${name}" ${reason}`, {
    detail: `Change "${name}" in the provider block’s "sinch" object${environment.length === 0 ? '' : `, or ${environment.join(', ')} in the environment`}.`,
  });
}
