import { baseUrl } from '../../core/endpoint.ts';
import { KeyformError } from '../../core/error.ts';
import type { CloudPorts, Connection, KeyHandler, Settings } from '../../core/provider.ts';
import { Secret } from '../../core/secret.ts';
import { readSettings, type SettingReader } from '../../core/setting.ts';
import { accountKeyHandler } from './account.ts';
import { accountKey } from './accountschema.ts';
import type { Credential } from './auth.ts';
import { SERVICE } from './failure.ts';
import { gatewayHandler } from './gateway.ts';
import { gatewayKey } from './gatewayschema.ts';
import { settingSpecs } from './schema.ts';

/**
 * `Cloud.connect`. Sends nothing. Throws `missing-credential` or `invalid-configuration`. `tuning` is for tests: API Gateway keys
 * per page of a list.
 */
export function connectTencent(
  given: Settings,
  ports: Pick<CloudPorts, 'http' | 'clock' | 'random'>,
  tuning: { readonly pageSize?: number } = {},
): Connection {
  const settings = readSettings('tencent', SERVICE, settingSpecs(), given);
  const credential = readCredential(settings);
  const { http, clock, random } = ports;
  const region = settings.text('region');
  const handlers: Readonly<Record<string, KeyHandler>> = {
    [accountKey.type]: accountKeyHandler({ http, clock, credential, endpoint: endpointOf('cam', settings) }),
    [gatewayKey.type]: gatewayHandler({
      ...{ http, clock, random, credential, region, ...tuning },
      endpoint: endpointOf('apigateway', settings),
    }),
  };
  return {
    // A temporary key is none of the account's keys, so there is none to spare.
    credentialId: credential.token === null ? credential.secretId : null,
    handler(type) {
      const handler = Object.hasOwn(handlers, type) ? handlers[type] : undefined;
      if (handler !== undefined) return handler;
      throw new KeyformError('internal', `${SERVICE} has no resource type ${type}`);
    },
  };
}

type Reader = SettingReader<keyof ReturnType<typeof settingSpecs>>;

function readCredential(settings: Reader): Credential {
  const pair = settings.pair('secret_id', 'secret_key');
  const token = settings.text('token');
  if (pair !== null) {
    const [secretId, secretKey] = pair;
    return { secretId, secretKey: new Secret(secretKey), token: token === null ? null : new Secret(token) };
  }
  throw settings.missing(
    ['secret_id', 'secret_key'],
    token === null
      ? 'A temporary key has a "token" too.'
      : 'A "token" is set, but not the temporary key that it belongs to.',
  );
}

/** Where a service is, without a slash at its end. */
function endpointOf(service: 'cam' | 'apigateway', settings: Reader): string {
  const written = settings.text(`${service}_endpoint`);
  return baseUrl(written ?? `https://${service}.${settings.text('domain')}`);
}
