import { AbstractClient } from 'tencentcloud-sdk-nodejs-common';
import chinaException from 'tencentcloud-sdk-nodejs-common/tencentcloud/common/exception/tencent_cloud_sdk_exception.js';
import apigateway from 'tencentcloud-sdk-nodejs-intl-en/tencentcloud/apigateway/v20180808/index.js';
import cam from 'tencentcloud-sdk-nodejs-intl-en/tencentcloud/cam/v20190116/index.js';
import IntlException from 'tencentcloud-sdk-nodejs-intl-en/tencentcloud/common/exception/tencent_cloud_sdk_exception.js';
import intl from 'tencentcloud-sdk-nodejs-intl-en/tencentcloud/common/index.js';
import { describe, expect, test, vi } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { Secret } from '../../src/core/secret.ts';
import { failureOf, later, openStage, type Stage } from './stage.ts';

// Both of the vendor's Node SDKs. Of the one for the Chinese site it is the core package: its services (a package of 58 MB) add
// nothing at run time but a method for each action that calls `request(action, parameters)` on a client of host and version
// as below. That of the international site is whole: it signs by signature v1 unless told otherwise, and its answers are
// classes that keep only the fields which it knows.

type Method = 'TC3-HMAC-SHA256' | 'HmacSHA256' | 'HmacSHA1';

interface Credential {
  readonly id: string;
  readonly secret: string;
}

/** Calls an action; what comes back is the content of `Response`. */
type Call = (action: string, parameters?: JsonObject) => Promise<JsonObject>;

const SERVICES = {
  cam: { host: 'cam.tencentcloudapi.com', version: '2019-01-16', intl: cam },
  apigateway: { host: 'apigateway.tencentcloudapi.com', version: '2018-08-08', intl: apigateway },
};
type Service = keyof typeof SERVICES;

interface Client {
  readonly name: string;
  /** Whether answers keep fields that the international site's documents do not have: `Description`, `Tags`. */
  readonly newer: boolean;
  readonly exception: new (...parts: never) => Error;
  readonly connect: (stage: Stage, service: Service, credential: Credential) => Call;
}

function china(signMethod: Method, reqMethod: 'POST' | 'GET'): Client {
  return {
    name: `tencentcloud-sdk-nodejs-common, ${signMethod}, ${reqMethod}`,
    newer: true,
    // A CommonJS default export, which Node and the type checker unwrap differently.
    exception: (chinaException as unknown as { default?: Client['exception'] }).default ?? (chinaException as never),
    connect(stage, service, { id, secret }) {
      const { host, version } = SERVICES[service];
      const httpProfile = { protocol: 'http://', endpoint: stage.host, reqMethod };
      const credential = { secretId: id, secretKey: secret };
      const client = new AbstractClient(host, version, { credential, profile: { signMethod, httpProfile } });
      return (action, parameters = {}) => client.request(action, parameters);
    },
  };
}

function international(signMethod: Method | undefined, reqMethod: 'POST' | 'GET'): Client {
  return {
    name: `tencentcloud-sdk-nodejs-intl-en, ${signMethod ?? 'its own choice of signature'}, ${reqMethod}`,
    newer: false,
    exception: IntlException,
    connect(stage, service, { id, secret }) {
      const { Client, Models } = SERVICES[service].intl;
      const http = new intl.HttpProfile();
      http.protocol = 'http://';
      http.endpoint = stage.host;
      http.reqMethod = reqMethod;
      const client = new Client(new intl.Credential(id, secret), null, new intl.ClientProfile(signMethod, http));
      return (action, parameters = {}) => {
        const Request = Models[`${action}Request`];
        if (Request === undefined) throw new Error(`the SDK has no ${action}`);
        const request = Object.assign(new Request(), parameters);
        return new Promise((resolve, reject) => {
          client[action]?.(request, (error, response) =>
            error === null ? resolve({ ...response } as JsonObject) : reject(error),
          );
        });
      };
    },
  };
}

const CLIENTS: readonly Client[] = [
  china('TC3-HMAC-SHA256', 'POST'),
  china('TC3-HMAC-SHA256', 'GET'),
  china('HmacSHA256', 'POST'),
  china('HmacSHA1', 'GET'),
  international(undefined, 'POST'),
  international('HmacSHA1', 'POST'),
  international('HmacSHA256', 'GET'),
  international('TC3-HMAC-SHA256', 'POST'),
];

function rootOf(stage: Stage): Credential {
  return { id: stage.setting('secret_id'), secret: stage.setting('secret_key') };
}

/** What the SDK's own error says. */
async function refusalOf(client: Client, sending: Promise<unknown>) {
  const error = await failureOf(sending);
  expect(error).toBeInstanceOf(client.exception);
  const { code, requestId, message } = error as Error & { code: string; requestId: string };
  expect(requestId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(message).not.toBe('');
  return code;
}

const TargetUin = 100013065917;
const target_uin = String(TargetUin);

test.each(CLIENTS)('a nonce of 0, which either SDK may draw, is taken: $name', async (client) => {
  const stage = await openStage('tencent');
  const call = client.connect(stage, 'cam', rootOf(stage));
  const draw = vi.spyOn(Math, 'random').mockReturnValue(0);
  later(() => draw.mockRestore());
  expect((await call('ListAccessKeys', { TargetUin })).AccessKeys).toEqual([]);
});

describe.each(CLIENTS)('account keys by $name', (client) => {
  const TYPE = 'keyform_tencent_cam_access_key';

  test('creates, lists, disables, enables and deletes keys', async () => {
    const stage = await openStage('tencent');
    const call = client.connect(stage, 'cam', rootOf(stage));
    const list = async () => {
      const { AccessKeys, RequestId } = await call('ListAccessKeys', { TargetUin });
      expect(RequestId).toMatch(/^[0-9a-f-]{36}$/);
      return AccessKeys;
    };
    expect(await list()).toEqual([]);

    const Description = client.newer ? { Description: 'ci' } : {};
    const made = (await call('CreateAccessKey', { TargetUin, ...Description })).AccessKey as JsonObject;
    expect(made).toMatchObject({
      AccessKeyId: expect.stringMatching(/^\w{36}$/),
      SecretAccessKey: expect.stringMatching(/^[A-Za-z0-9]{32}$/),
      Status: 'Active',
      CreateTime: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
      ...Description,
    });
    const { SecretAccessKey, ...listed } = made;
    expect(await list()).toEqual([expect.objectContaining(listed)]);
    expect(JSON.stringify(await list())).not.toContain(SecretAccessKey);
    const second = (await call('CreateAccessKey', { TargetUin })).AccessKey as JsonObject;
    expect(await list()).toHaveLength(2);
    const more = call('CreateAccessKey', { TargetUin });
    expect(await refusalOf(client, more)).toBe('OperationDenied.AccessKeyOverLimit');

    // The new key signs, for its own account, until it is disabled.
    const AccessKeyId = String(made.AccessKeyId);
    const own = client.connect(stage, 'cam', { id: AccessKeyId, secret: String(SecretAccessKey) });
    expect((await own('ListAccessKeys')).AccessKeys).toHaveLength(2);
    await call('UpdateAccessKey', { AccessKeyId, Status: 'Inactive', TargetUin });
    expect(await list()).toMatchObject([{ AccessKeyId, Status: 'Inactive' }, { Status: 'Active' }]);
    expect(await refusalOf(client, own('ListAccessKeys'))).toMatch(/^AuthFailure\./);
    await call('UpdateAccessKey', { AccessKeyId, Status: 'Active', TargetUin });
    expect((await own('ListAccessKeys')).AccessKeys).toHaveLength(2);

    const used = await call('GetSecurityLastUsed', { SecretIdList: [AccessKeyId, String(second.AccessKeyId)] });
    expect(used.SecretIdLastUsedRows).toMatchObject([{ SecretId: AccessKeyId }, { SecretId: second.AccessKeyId }]);

    for (const key of [made, second]) await call('DeleteAccessKey', { AccessKeyId: key.AccessKeyId ?? '', TargetUin });
    expect(await list()).toEqual([]);
    const again = call('DeleteAccessKey', { AccessKeyId, TargetUin });
    expect(await refusalOf(client, again)).toBe('ResourceNotFound.SecretNotExist');
  });

  test('is refused with a wrong secret and with an unknown id', async () => {
    const stage = await openStage('tencent');
    const { id, secret } = rootOf(stage);
    const wrong = client.connect(stage, 'cam', { id, secret: secret.toLowerCase() });
    expect(await refusalOf(client, wrong('ListAccessKeys'))).toBe('AuthFailure.SignatureFailure');
    const unknown = client.connect(stage, 'cam', { id: `AKID${'0'.repeat(32)}`, secret });
    expect(await refusalOf(client, unknown('ListAccessKeys'))).toBe('AuthFailure.SecretIdNotFound');
  });

  test('and Keyform see each other’s keys', async () => {
    const stage = await openStage('tencent');
    const call = client.connect(stage, 'cam', rootOf(stage));
    const handler = await stage.handler(TYPE);
    const args = { target_uin };

    const theirs = (await call('CreateAccessKey', { TargetUin })).AccessKey as JsonObject;
    const ours = await handler.create({ ...args, description: 'by-Keyform' });
    const id = String(theirs.AccessKeyId);
    expect((await handler.list(args)).map((key) => key.id)).toEqual([id, ours.key.id]);
    const { AccessKeys } = await call('ListAccessKeys', { TargetUin });
    expect(AccessKeys).toMatchObject([
      { AccessKeyId: id },
      { AccessKeyId: ours.key.id, ...(client.newer ? { Description: 'by-Keyform' } : {}) },
    ]);

    // Each secret works on the other side.
    const own = client.connect(stage, 'cam', { id: ours.key.id, secret: ours.secret.reveal() });
    expect((await own('ListAccessKeys')).AccessKeys).toHaveLength(2);
    const reference = { id, accessKeyId: id, args, expiresAt: null, enabled: true };
    expect(await handler.verify(reference, new Secret(String(theirs.SecretAccessKey)))).toBe(true);

    await handler.delete(reference);
    const gone = call('UpdateAccessKey', { AccessKeyId: id, Status: 'Active', TargetUin });
    expect(await refusalOf(client, gone)).toBe('ResourceNotFound.SecretNotExist');
    await call('DeleteAccessKey', { AccessKeyId: ours.key.id, TargetUin });
    expect(await handler.list(args)).toEqual([]);
  });
});

describe.each(CLIENTS)('API Gateway keys by $name', (client) => {
  const TYPE = 'keyform_tencent_api_key';

  test('creates, lists page by page, regenerates, disables, enables and deletes keys', async () => {
    const stage = await openStage('tencent');
    const call = client.connect(stage, 'apigateway', rootOf(stage));
    const list = async (parameters: JsonObject = {}) => {
      const { TotalCount, ApiKeySet } = (await call('DescribeApiKeysStatus', parameters)).Result as JsonObject;
      return { total: TotalCount, keys: ApiKeySet as JsonObject[] };
    };
    expect(await list()).toEqual({ total: 0, keys: [] });
    // Signature v1 signs values as they are and sends them encoded; a GET is signed as its client encodes it.
    const third = "deploy / 100 % ü & = + * (it's) ~!";

    const made = (await call('CreateApiKey', { SecretName: 'ci' })).Result as JsonObject;
    expect(made).toMatchObject({
      AccessKeyId: expect.stringMatching(/^AKID\w{36}$/),
      AccessKeySecret: expect.stringMatching(/^\w{39,40}$/),
      AccessKeyType: 'auto',
      SecretName: 'ci',
      Status: 1,
      CreatedTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
    const AccessKeyId = String(made.AccessKeyId);
    const manual = { SecretName: 'by hand', AccessKeyType: 'manual', AccessKeyId: 'my_own_key' };
    const chosen = { ...manual, AccessKeySecret: 'a_secret_of_my_own' };
    const tags = client.newer ? { Tags: [{ Key: 'team', Value: 'ci' }] } : {};
    expect((await call('CreateApiKey', { ...chosen, ...tags })).Result).toMatchObject(chosen);
    expect(await refusalOf(client, call('CreateApiKey', chosen))).toBe('FailedOperation.AccessKeyExist');
    await call('CreateApiKey', { SecretName: third });

    const names: unknown[] = [];
    for (let Offset = 0; Offset < 3; Offset++) {
      const { total, keys } = await list({ Limit: 1, Offset });
      expect(total).toBe(3);
      expect(keys).toHaveLength(1);
      names.push(keys[0]?.SecretName);
    }
    expect(names).toEqual([third, 'by hand', 'ci']);
    expect(await list({ Limit: 1, Offset: 3 })).toEqual({ total: 3, keys: [] });
    expect((await list({ Limit: 2, Offset: 0 })).keys).toHaveLength(2);
    const filtered = await list({ Filters: [{ Name: 'SecretName', Values: ['ci', third] }] });
    expect(filtered).toMatchObject({ total: 2, keys: [{ SecretName: third }, made] });
    expect((await call('DescribeApiKey', { AccessKeyId })).Result).toMatchObject(made);

    stage.advance(5000);
    const renewed = (await call('UpdateApiKey', { AccessKeyId })).Result as JsonObject;
    expect(renewed).toMatchObject({ AccessKeyId, AccessKeySecret: expect.stringMatching(/^\w{39,40}$/) });
    expect(renewed.AccessKeySecret).not.toBe(made.AccessKeySecret);

    const enabled = call('DeleteApiKey', { AccessKeyId });
    expect(await refusalOf(client, enabled)).toBe('UnsupportedOperation.InvalidStatus');
    const status = async () => ((await call('DescribeApiKey', { AccessKeyId })).Result as JsonObject).Status;
    expect(await call('DisableApiKey', { AccessKeyId })).toMatchObject({ Result: true });
    expect(await status()).toBe(0);
    expect(await call('EnableApiKey', { AccessKeyId })).toMatchObject({ Result: true });
    expect(await status()).toBe(1);

    for (const key of (await list()).keys) {
      await call('DisableApiKey', { AccessKeyId: key.AccessKeyId ?? '' });
      expect(await call('DeleteApiKey', { AccessKeyId: key.AccessKeyId ?? '' })).toMatchObject({ Result: true });
    }
    expect(await list()).toEqual({ total: 0, keys: [] });
    const gone = call('DescribeApiKey', { AccessKeyId });
    expect(await refusalOf(client, gone)).toBe('ResourceNotFound.InvalidAccessKeyId');
  });

  test('is refused with a wrong secret, and with a parameter that the API does not have', async () => {
    const stage = await openStage('tencent');
    const { id, secret } = rootOf(stage);
    const wrong = client.connect(stage, 'apigateway', { id, secret: secret.toLowerCase() });
    expect(await refusalOf(client, wrong('DescribeApiKeysStatus'))).toBe('AuthFailure.SignatureFailure');
    const call = client.connect(stage, 'apigateway', { id, secret });
    expect(await refusalOf(client, call('CreateApiKey', { SecretName: 'ci', Nonsense: 'x' }))).toBe('UnknownParameter');
    expect(await refusalOf(client, call('CreateApiKey'))).toMatch(/^(MissingParameter|InvalidParameter)/);
  });

  test('and Keyform see each other’s keys', async () => {
    const stage = await openStage('tencent');
    const call = client.connect(stage, 'apigateway', rootOf(stage));
    const handler = await stage.handler(TYPE);

    const theirs = (await call('CreateApiKey', { SecretName: 'by the SDK' })).Result as JsonObject;
    const args = { secret_name: 'by Keyform' };
    const ours = await handler.create(args);
    const seen = await handler.list({ secret_name: 'any' });
    expect(new Map(seen.map((key) => [key.args.secret_name, key.secret?.reveal()]))).toEqual(
      new Map([
        ['by the SDK', theirs.AccessKeySecret],
        ['by Keyform', ours.secret.reveal()],
      ]),
    );
    const shown = await call('DescribeApiKey', { AccessKeyId: ours.key.id });
    expect(shown.Result).toMatchObject({ SecretName: 'by Keyform', AccessKeySecret: ours.secret.reveal() });

    const id = String(theirs.AccessKeyId);
    const reference = { id, accessKeyId: id, args: { secret_name: 'by the SDK' }, expiresAt: null, enabled: true };
    const renewed = await handler.regenerate?.(reference);
    const { Result } = await call('DescribeApiKey', { AccessKeyId: id });
    expect(Result).toMatchObject({ AccessKeySecret: renewed?.secret.reveal() });
    expect(renewed?.secret.reveal()).not.toBe(theirs.AccessKeySecret);
    await handler.delete(reference);
    expect(await refusalOf(client, call('DescribeApiKey', { AccessKeyId: id }))).toBe(
      'ResourceNotFound.InvalidAccessKeyId',
    );
    await call('DisableApiKey', { AccessKeyId: ours.key.id });
    await call('DeleteApiKey', { AccessKeyId: ours.key.id });
    expect(await handler.list({ secret_name: 'any' })).toEqual([]);
  });
});
