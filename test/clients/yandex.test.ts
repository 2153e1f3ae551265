import { generateKeyPairSync } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { errors, Session, waitForOperation } from '@yandex-cloud/nodejs-sdk';
import { ApiKey } from '@yandex-cloud/nodejs-sdk/iam-v1/api_key';
import {
  ApiKeyServiceClient,
  CreateApiKeyRequest,
  DeleteApiKeyRequest,
  GetApiKeyRequest,
  ListApiKeyOperationsRequest,
  ListApiKeyScopesRequest,
  ListApiKeysRequest,
  UpdateApiKeyRequest,
} from '@yandex-cloud/nodejs-sdk/iam-v1/api_key_service';
import {
  AccessKeyServiceClient,
  CreateAccessKeyRequest,
  DeleteAccessKeyRequest,
  GetAccessKeyRequest,
  ListAccessKeysRequest,
  UpdateAccessKeyRequest,
} from '@yandex-cloud/nodejs-sdk/iam-v1/awscompatibility/access_key_service';
import { CreateIamTokenRequest, IamTokenServiceClient } from '@yandex-cloud/nodejs-sdk/iam-v1/iam_token_service';
import type { Operation } from '@yandex-cloud/nodejs-sdk/operation/operation';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { hasOpenssl } from './certificate.ts';
import { type Facade, openFacade } from './facade.ts';
import { failureOf, later, openStage, type Stage } from './stage.ts';

// The vendor's Node SDK speaks gRPC over TLS only: it meets the emulator's REST API through a gateway like the vendor's own
// (facade.ts).

if (!hasOpenssl)
  process.stderr.write('Yandex Cloud SDK tests skipped: no openssl on PATH to make a certificate with\n');

const serviceAccountId = 'ajeserviceaccount000';

interface Scene {
  readonly stage: Stage;
  readonly facade: Facade;
  /** A session of the SDK, with the emulator's first IAM token unless another is given. */
  session(iamToken?: string): Session;
}

async function openScene(options: JsonObject = {}): Promise<Scene> {
  const stage = await openStage('yandex', options);
  const facade = await openFacade(stage.origin);
  later(() => facade.close());
  return {
    stage,
    facade,
    session: (iamToken = stage.setting('token')) =>
      new Session({ iamToken, ssl: { rootCerts: facade.cert }, pollInterval: 5 }),
  };
}

/** Waits for an operation as the SDK does, and gives what it came to. */
async function settled(scene: Scene, operation: Operation): Promise<Operation> {
  const done = await waitForOperation(operation, scene.session(), 10_000, scene.facade.address);
  expect(done).toMatchObject({ id: operation.id, done: true });
  return done;
}

/** The vendor's error class. The status is in its message only. */
async function refusalOf(sending: Promise<unknown>) {
  const error = await failureOf(sending);
  expect(error).toBeInstanceOf(errors.ApiError);
  const { message, requestId } = error as errors.ApiError;
  expect(requestId).toMatch(/^[\w-]{8,}$/);
  return message;
}

describe.skipIf(!hasOpenssl)('API keys by @yandex-cloud/nodejs-sdk', () => {
  const TYPE = 'keyform_yandex_api_key';

  test.each(['done', 'pending'])(
    'creates, lists page by page, changes and deletes keys; operations %s',
    async (kind) => {
      const scene = await openScene({ operations: kind, masked_secret: false });
      const client = scene.session().client(ApiKeyServiceClient, scene.facade.address);
      const list = async (pageSize?: number) => {
        const keys: ApiKey[] = [];
        let [pages, pageToken] = [0, ''];
        do {
          const page = ListApiKeysRequest.fromPartial({ serviceAccountId, pageToken, ...(pageSize && { pageSize }) });
          const answer = await client.list(page);
          keys.push(...answer.apiKeys);
          pageToken = answer.nextPageToken;
          pages += 1;
        } while (pageToken !== '');
        return { keys, pages };
      };
      expect(await list()).toEqual({ keys: [], pages: 1 });

      const scopes = ['yc.monitoring.read', 'yc.ydb.topics.manage'];
      const expiresAt = new Date('2031-01-02T03:04:05Z');
      const wish = { serviceAccountId, description: 'ci', scopes, expiresAt };
      const { apiKey, secret } = await client.create(CreateApiKeyRequest.fromPartial(wish));
      expect(secret).toMatch(/^AQVN[\w-]{30,}$/);
      expect(apiKey).toMatchObject({
        id: expect.stringMatching(/^\w{20}$/),
        serviceAccountId,
        description: 'ci',
        expiresAt,
      });
      expect([...(apiKey?.scopes ?? [])].sort()).toEqual(scopes);
      expect(apiKey?.createdAt).toBeInstanceOf(Date);
      const id = apiKey?.id ?? '';
      const second = await client.create(CreateApiKeyRequest.fromPartial({ serviceAccountId, description: 'ci' }));
      expect(second.apiKey?.scopes).toHaveLength(10);
      await client.create(CreateApiKeyRequest.fromPartial({ serviceAccountId }));

      const { keys, pages } = await list(1);
      expect(pages).toBe(3);
      expect(keys).toEqual((await list()).keys);
      expect(keys.map((key) => key.description)).toEqual(['ci', 'ci', '']);
      expect(keys[0]).toEqual(apiKey);
      expect(await client.get(GetApiKeyRequest.fromPartial({ apiKeyId: id }))).toEqual(apiKey);

      // A mask leaves the rest as it is, and one that names a field without a value removes it.
      const described = await client.update(
        UpdateApiKeyRequest.fromPartial({ apiKeyId: id, description: 'ci-2', updateMask: { paths: ['description'] } }),
      );
      expect(described.metadata?.typeUrl).toBe('type.googleapis.com/yandex.cloud.iam.v1.UpdateApiKeyMetadata');
      expect(described.done).toBe(kind === 'done');
      const changed = await settled(scene, described);
      expect(changed.response?.typeUrl).toBe('type.googleapis.com/yandex.cloud.iam.v1.ApiKey');
      const after = ApiKey.decode(changed.response?.value ?? Buffer.alloc(0));
      expect(after).toEqual({ ...apiKey, description: 'ci-2' });
      await settled(
        scene,
        await client.update(
          UpdateApiKeyRequest.fromPartial({ apiKeyId: id, updateMask: { paths: ['expires_at', 'description'] } }),
        ),
      );
      expect(await client.get(GetApiKeyRequest.fromPartial({ apiKeyId: id }))).toEqual({
        ...apiKey,
        description: '',
        expiresAt: undefined,
      });
      const past = await client.listOperations(ListApiKeyOperationsRequest.fromPartial({ apiKeyId: id }));
      expect(past.operations.map((operation) => operation.id)).toContain(described.id);
      const known = await client.listScopes(ListApiKeyScopesRequest.fromPartial({ pageSize: 1000 }));
      expect(known.scopes).toEqual(expect.arrayContaining(scopes));

      for (const key of keys) {
        const deleted = await settled(
          scene,
          await client.delete(DeleteApiKeyRequest.fromPartial({ apiKeyId: key.id })),
        );
        expect(deleted.response?.typeUrl).toBe('type.googleapis.com/google.protobuf.Empty');
      }
      expect(await list()).toEqual({ keys: [], pages: 1 });
      expect(await refusalOf(client.get(GetApiKeyRequest.fromPartial({ apiKeyId: id })))).toContain('NOT_FOUND');
      expect([...scene.facade.lost]).toEqual([]);
    },
  );

  test('gets the documented errors in its own error class', async () => {
    const scene = await openScene({ api_key_quota: 1 });
    const client = scene.session().client(ApiKeyServiceClient, scene.facade.address);
    await client.create(CreateApiKeyRequest.fromPartial({ serviceAccountId }));
    const more = client.create(CreateApiKeyRequest.fromPartial({ serviceAccountId }));
    expect(await refusalOf(more)).toContain('RESOURCE_EXHAUSTED');
    const long = CreateApiKeyRequest.fromPartial({ serviceAccountId, description: 'x'.repeat(257) });
    expect(await refusalOf(client.create(long))).toContain('INVALID_ARGUMENT');
    const stranger = scene.session('t1.wrong.token').client(ApiKeyServiceClient, scene.facade.address);
    const listing = stranger.list(ListApiKeysRequest.fromPartial({ serviceAccountId }));
    expect(await refusalOf(listing)).toContain('UNAUTHENTICATED');
  });

  test('an operation that fails is told as failed', async () => {
    const scene = await openScene({ operations: 'pending', operation_error: 13 });
    const client = scene.session().client(ApiKeyServiceClient, scene.facade.address);
    const { apiKey } = await client.create(CreateApiKeyRequest.fromPartial({ serviceAccountId }));
    const deleting = await client.delete(DeleteApiKeyRequest.fromPartial({ apiKeyId: apiKey?.id ?? '' }));
    const failed = await failureOf(waitForOperation(deleting, scene.session(), 10_000, scene.facade.address));
    expect(failed).toMatchObject({ id: deleting.id, error: { code: 13 } });
    const { apiKeys } = await client.list(ListApiKeysRequest.fromPartial({ serviceAccountId }));
    expect(apiKeys).toEqual([apiKey]);
  });

  test('and Keyform see each other’s keys', async () => {
    const scene = await openScene();
    const client = scene.session().client(ApiKeyServiceClient, scene.facade.address);
    const handler = await scene.stage.handler(TYPE);
    const args = { service_account_id: serviceAccountId, description: 'by Keyform', scopes: ['yc.postbox.send'] };

    const theirs = await client.create(
      CreateApiKeyRequest.fromPartial({ serviceAccountId, description: 'by the SDK' }),
    );
    const ours = await handler.create({ ...args, expires_at: '2031-01-01T00:00:00Z' });
    const seen = await handler.list({ service_account_id: serviceAccountId });
    expect(seen.map((key) => [key.id, key.args.description])).toEqual([
      [theirs.apiKey?.id, 'by the SDK'],
      [ours.key.id, 'by Keyform'],
    ]);
    expect(await client.get(GetApiKeyRequest.fromPartial({ apiKeyId: ours.key.id }))).toMatchObject({
      description: 'by Keyform',
      scopes: args.scopes,
      expiresAt: new Date('2031-01-01T00:00:00Z'),
    });

    const reference = { id: theirs.apiKey?.id ?? '', accessKeyId: '', args, expiresAt: null, enabled: true };
    await handler.update(reference, { ...args, description: 'renamed' }, ['description']);
    expect(await client.get(GetApiKeyRequest.fromPartial({ apiKeyId: reference.id }))).toEqual({
      ...theirs.apiKey,
      description: 'renamed',
    });
    await handler.delete(reference);
    expect(await refusalOf(client.get(GetApiKeyRequest.fromPartial({ apiKeyId: reference.id })))).toContain(
      'NOT_FOUND',
    );
    await settled(scene, await client.delete(DeleteApiKeyRequest.fromPartial({ apiKeyId: ours.key.id })));
    expect(await handler.list({ service_account_id: serviceAccountId })).toEqual([]);
    // A field that is newer than the SDK.
    expect([...scene.facade.lost].filter((field) => !field.endsWith('.maskedSecret'))).toEqual([]);
  });

  test('an IAM token comes from the JWT that the SDK signs', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const [id, service_account_id] = ['ajeauthorizedkey0000', 'ajeciserviceaccount0'];
    const scene = await openScene({ authorized_keys: [{ id, service_account_id, public_key: publicKey }] });
    const client = scene.session('none').client(IamTokenServiceClient, scene.facade.address);

    const jwt = jwtOf({ accessKeyId: id, serviceAccountId: service_account_id, privateKey });
    const { iamToken, expiresAt } = await client.create(CreateIamTokenRequest.fromPartial({ jwt }));
    expect(iamToken).toMatch(/^t1\.[A-Z0-9a-z_-]+={0,2}\.[A-Z0-9a-z_-]{86}={0,2}$/);
    expect(expiresAt?.getTime()).toBeGreaterThan(Date.now());
    const own = scene.session(iamToken).client(ApiKeyServiceClient, scene.facade.address);
    const { apiKey } = await own.create(CreateApiKeyRequest.fromPartial({ description: 'of the caller itself' }));
    expect(apiKey).toMatchObject({ serviceAccountId: service_account_id, description: 'of the caller itself' });

    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    });
    const forged = jwtOf({ accessKeyId: id, serviceAccountId: service_account_id, privateKey: String(other) });
    const refused = client.create(CreateIamTokenRequest.fromPartial({ jwt: forged }));
    expect(await refusalOf(refused)).toContain('UNAUTHENTICATED');
    expect([...scene.facade.lost].filter((field) => !field.endsWith('.maskedSecret'))).toEqual([]);
  });
});

interface AuthorizedKey {
  readonly accessKeyId: string;
  readonly serviceAccountId: string;
  readonly privateKey: string;
}

/** The JWT as the SDK makes it for itself. It then always calls the live service, so only this part of it can be had. */
function jwtOf(credentials: AuthorizedKey): string {
  const require = createRequire(import.meta.url);
  const main = require.resolve('@yandex-cloud/nodejs-sdk');
  const { IamTokenService } = require(join(dirname(main), 'token-service', 'iam-token-service.js')) as {
    IamTokenService: new (credentials: AuthorizedKey) => { getJwtRequest(): string };
  };
  return new IamTokenService(credentials).getJwtRequest();
}

describe.skipIf(!hasOpenssl)('static access keys by @yandex-cloud/nodejs-sdk', () => {
  const TYPE = 'keyform_yandex_static_access_key';

  test.each(['done', 'pending'])(
    'creates, lists page by page, changes and deletes keys; operations %s',
    async (kind) => {
      const scene = await openScene({ operations: kind });
      const client = scene.session().client(AccessKeyServiceClient, scene.facade.address);
      const list = (part: { pageSize?: number; pageToken?: string } = {}) =>
        client.list(ListAccessKeysRequest.fromPartial({ serviceAccountId, ...part }));
      expect(await list()).toEqual({ accessKeys: [], nextPageToken: '' });

      const first = await client.create(CreateAccessKeyRequest.fromPartial({ serviceAccountId, description: 'ci' }));
      expect(first.secret).toMatch(/^YC[\w-]{38}$/);
      expect(first.accessKey).toMatchObject({
        serviceAccountId,
        description: 'ci',
        keyId: expect.stringMatching(/^YC[\w-]{23}$/),
      });
      const second = await client.create(CreateAccessKeyRequest.fromPartial({ serviceAccountId }));
      const page = await list({ pageSize: 1 });
      expect(page.accessKeys).toEqual([first.accessKey]);
      expect(await list({ pageSize: 1, pageToken: page.nextPageToken })).toEqual({
        accessKeys: [second.accessKey],
        nextPageToken: '',
      });

      const accessKeyId = first.accessKey?.id ?? '';
      const wish = { accessKeyId, description: 'ci-2', updateMask: { paths: ['description'] } };
      await settled(scene, await client.update(UpdateAccessKeyRequest.fromPartial(wish)));
      const get = () => client.get(GetAccessKeyRequest.fromPartial({ accessKeyId }));
      expect(await get()).toEqual({ ...first.accessKey, description: 'ci-2' });

      for (const { accessKey } of [first, second]) {
        await settled(
          scene,
          await client.delete(DeleteAccessKeyRequest.fromPartial({ accessKeyId: accessKey?.id ?? '' })),
        );
      }
      expect(await list()).toEqual({ accessKeys: [], nextPageToken: '' });
      expect(await refusalOf(get())).toContain('NOT_FOUND');
      expect([...scene.facade.lost]).toEqual([]);
    },
  );

  test('and Keyform see each other’s keys', async () => {
    const scene = await openScene();
    const client = scene.session().client(AccessKeyServiceClient, scene.facade.address);
    const handler = await scene.stage.handler(TYPE);
    const args = { service_account_id: serviceAccountId, description: 'by Keyform' };

    const theirs = await client.create(
      CreateAccessKeyRequest.fromPartial({ serviceAccountId, description: 'by the SDK' }),
    );
    const ours = await handler.create(args);
    const seen = await handler.list({ service_account_id: serviceAccountId });
    expect(seen.map((key) => [key.id, key.accessKeyId, key.args.description])).toEqual([
      [theirs.accessKey?.id, theirs.accessKey?.keyId, 'by the SDK'],
      [ours.key.id, ours.key.accessKeyId, 'by Keyform'],
    ]);
    const { accessKeys } = await client.list(ListAccessKeysRequest.fromPartial({ serviceAccountId }));
    expect(accessKeys).toMatchObject([
      { id: theirs.accessKey?.id },
      { id: ours.key.id, keyId: ours.key.accessKeyId, description: 'by Keyform' },
    ]);

    const id = theirs.accessKey?.id ?? '';
    await handler.delete({ id, accessKeyId: theirs.accessKey?.keyId ?? '', args, expiresAt: null, enabled: true });
    expect(await refusalOf(client.get(GetAccessKeyRequest.fromPartial({ accessKeyId: id })))).toContain('NOT_FOUND');
    await settled(scene, await client.delete(DeleteAccessKeyRequest.fromPartial({ accessKeyId: ours.key.id })));
    expect(await handler.list({ service_account_id: serviceAccountId })).toEqual([]);
    expect([...scene.facade.lost]).toEqual([]);
  });
});
