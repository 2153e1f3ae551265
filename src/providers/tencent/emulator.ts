import { createHmac } from 'node:crypto';
import { z } from 'zod';
import {
  type CloudEmulatorFactory,
  type EmulatorRequest,
  type EmulatorResponse,
  readSaved,
  readSwitches,
} from '../../core/emulator.ts';
import type { JsonObject } from '../../core/json.ts';
import { Throttle } from '../../core/throttle.ts';
import { accountEmulator, accountOptions } from './accountemulator.ts';
import { authenticate, readAsked, readGiven } from './gate.ts';
import { gatewayEmulator, gatewayOptions } from './gatewayemulator.ts';
import { ApiError, type Derive, type ServiceEmulator } from './service.ts';

/** The emulator's switches. Those marked [assumed] stand for behaviour of the live API that nobody has verified. */
export const options = z.strictObject({
  rate_limits: z
    .boolean()
    .default(true)
    .describe(
      'Calls beyond the published rate of an action, counted for each account, are answered RequestLimitExceeded.',
    ),
  throttle_code: z
    .enum([
      'RequestLimitExceeded',
      'RequestLimitExceeded.UinLimitExceeded',
      'RequestLimitExceeded.IPLimitExceeded',
      'RequestLimitExceeded.GlobalRegionUinLimitExceeded',
    ])
    .default('RequestLimitExceeded')
    .describe('[assumed] Code of an answer to a call that comes too fast.'),
  disabled_key_code: z
    .enum(['AuthFailure.SecretIdNotFound', 'AuthFailure.InvalidSecretId', 'AuthFailure.UnauthorizedOperation'])
    .default('AuthFailure.SecretIdNotFound')
    .describe('[assumed] Code of an answer to a call that is signed by a disabled key.'),
  ...accountOptions,
  ...gatewayOptions,
});

const savedSchema = z.strictObject({ version: z.literal(1), cam: z.json(), apigateway: z.json() });

/**
 * Tencent Cloud's API as far as keys go: CAM (2019-01-16) and API Gateway (2018-08-08) at `/` of any host, told apart by the
 * version that a request names. It takes TC3 and v1 signatures, POST and GET. A new cloud has one main account with one key,
 * which follow from the seed. Throws an Error on an option that it does not know and on `data` that it did not save.
 */
export const tencentEmulator: CloudEmulatorFactory = ({ data, clock, seed, options: given }) => {
  const switches = readSwitches('Tencent Cloud', options, given);
  const saved = data === null ? null : readSaved('Tencent Cloud', savedSchema, data);
  const derive: Derive = (name, length) => {
    const bytes = createHmac('sha512', seed).update(`tencent ${name}`).digest();
    if (length > bytes.length) throw new RangeError(`no ${length} letters can be derived`);
    return Array.from(bytes.subarray(0, length), (byte) => LETTERS[byte % LETTERS.length]).join('');
  };
  const start = { clock, derive, switches };
  const accounts = accountEmulator({ ...start, data: saved?.cam ?? null });
  const gateway = gatewayEmulator({ ...start, data: saved?.apigateway ?? null, account: accounts.mainUin });
  const services: readonly { readonly name: string; readonly emulator: ServiceEmulator }[] = [
    { name: 'cam', emulator: accounts },
    { name: 'apigateway', emulator: gateway },
  ];
  const throttle = new Throttle();
  const started = clock.now();
  let answered = 0;

  const serviceOf = (version: string | null) => services.find(({ emulator }) => emulator.version === version);

  function actionOf(request: EmulatorRequest): string | null {
    const { action, version } = readAsked(request);
    const known = serviceOf(version)?.emulator.actions;
    return action !== null && known !== undefined && Object.hasOwn(known, action) ? action : null;
  }

  /** The content of `Response`, without `RequestId`. Throws {@link ApiError}. */
  function perform(request: EmulatorRequest): JsonObject {
    const asked = readAsked(request);
    if (request.method !== 'POST' && request.method !== 'GET') {
      throw new ApiError('UnsupportedProtocol', 'Only GET and POST are supported.');
    }
    if (asked.action === null) throw missing('Action');
    if (asked.version === null) throw missing('Version');
    const service = serviceOf(asked.version);
    if (service === undefined) throw new ApiError('NoSuchVersion', 'The version of the API does not exist.');
    const { name, emulator } = service;
    const perSecond = Object.hasOwn(emulator.actions, asked.action) ? emulator.actions[asked.action] : undefined;
    if (perSecond === undefined) throw new ApiError('InvalidAction', 'The action does not exist.');
    const now = clock.now();
    const caller = authenticate(request, asked, accounts, {
      now,
      service: name,
      disabledCode: switches.disabled_key_code,
    });
    if (switches.rate_limits && !throttle.admit(`${caller.uin} ${name} ${asked.action}`, perSecond, now)) {
      throw new ApiError(switches.throttle_code, `The request rate exceeds the limit of ${perSecond} per second.`);
    }
    accounts.noteUse(caller.secretId);
    return emulator.handle(asked.action, readGiven(request, asked), caller, asked.region);
  }

  /** Errors come with HTTP 200 too: the vendor's SDKs do not look into an answer of another status. */
  function answer(action: string | null, content: JsonObject): EmulatorResponse {
    answered += 1;
    const hex = createHmac('sha256', seed).update(`tencent request ${started} ${answered}`).digest('hex');
    const requestId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5');
    return {
      status: 200,
      headers: { 'content-type': 'application/json', date: new Date(clock.now()).toUTCString() },
      body: JSON.stringify({ Response: { ...content, RequestId: requestId } }),
      action,
    };
  }

  return {
    cloud: 'tencent',
    claims(request) {
      if (request.path !== '/') return false;
      const { family, action } = readAsked(request);
      return family === 'TC3' || action !== null;
    },
    action: actionOf,
    handle(request) {
      const action = actionOf(request);
      try {
        return answer(action, perform(request));
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return answer(action, { Error: { Code: error.code, Message: error.message } });
      }
    },
    desks: [accounts.desk, gateway.desk],
    save: () => ({ version: 1, cam: accounts.save(), apigateway: gateway.save() }),
    settings: (origin) => ({
      secret_id: accounts.root.secretId,
      secret_key: accounts.root.secretKey,
      cam_endpoint: origin,
      apigateway_endpoint: origin,
    }),
    environment: (origin) => ({
      KEYFORM_TENCENT_ENDPOINT: origin,
      TENCENTCLOUD_SECRET_ID: accounts.root.secretId,
      TENCENTCLOUD_SECRET_KEY: accounts.root.secretKey,
    }),
  };
};

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function missing(parameter: string): ApiError {
  return new ApiError('MissingParameter', `The request is missing a required parameter \`${parameter}\`.`);
}
