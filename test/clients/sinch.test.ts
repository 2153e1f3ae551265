import {
  ApiFetchClient,
  type ApiListPromise,
  BasicAuthenticationRequest,
  buildPageResultPromise,
  createIteratorMethodsForPagination,
  Oauth2TokenRequest,
  PaginationEnum,
  RequestFailedError,
} from '@sinch/sdk-core';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { failureOf, openStage, type Stage } from './stage.ts';

// The vendor's Node SDK has no access keys module. What is its own here is everything below one: token exchange and renewal,
// request building, paging, errors. The calls are put together as the SDK's modules do it (@sinch/numbers, active-number-api).

const TYPE = 'keyform_sinch_access_key';
const PROJECT = 'project-a';

interface AccessKey {
  readonly accessKeyId: string;
  readonly displayName: string;
  readonly projectId: string;
  readonly createTime: Date;
  readonly updateTime: Date;
}

class AccessKeys {
  readonly #client: ApiFetchClient;
  readonly #base: string;

  constructor(stage: Stage, plugin: Plugin, project = PROJECT) {
    this.#client = new ApiFetchClient({ hostname: stage.origin, requestPlugins: [plugin], logger: null });
    this.#base = `${stage.origin}/v1/projects/${project}/accessKeys`;
  }

  create(displayName: string): Promise<{ accessKey: AccessKey; secret: string }> {
    return this.#call('CreateAccessKey', 'POST', '', { displayName });
  }

  get(id: string): Promise<AccessKey> {
    return this.#call('GetAccessKey', 'GET', `/${id}`);
  }

  update(id: string, displayName: string): Promise<AccessKey> {
    return this.#call('UpdateAccessKey', 'PATCH', `/${id}`, { displayName });
  }

  delete(id: string): Promise<unknown> {
    return this.#call('DeleteAccessKey', 'DELETE', `/${id}`);
  }

  list(data: { pageSize?: number } = {}): ApiListPromise<AccessKey> {
    const query = this.#client.extractQueryParams(data, ['pageSize']);
    const options = this.#client.prepareOptions(this.#base, 'GET', query, HEADERS);
    const operation = {
      pagination: PaginationEnum.TOKEN,
      apiName: 'AccessKeys',
      operationId: 'ListAccessKeys',
      dataKey: 'accessKeys',
    };
    const first = buildPageResultPromise<AccessKey>(this.#client, options, operation);
    return Object.assign(first, createIteratorMethodsForPagination(this.#client, options, first, operation)) as never;
  }

  async names(data: { pageSize?: number } = {}): Promise<string[]> {
    const names: string[] = [];
    for await (const key of this.list(data)) names.push(key.displayName);
    return names;
  }

  async #call<T>(operationId: string, method: string, path: string, body?: object): Promise<T> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const requestOptions = await this.#client.prepareOptions(`${this.#base}${path}`, method, {}, HEADERS, text);
    const url = this.#client.prepareUrl(requestOptions.hostname, requestOptions.queryParams);
    return this.#client.processCall<T>({ url, requestOptions, apiName: 'AccessKeys', operationId });
  }
}

type Plugin = Oauth2TokenRequest | BasicAuthenticationRequest;

const HEADERS = { 'Content-Type': 'application/json', Accept: 'application/json' };

const AUTHENTICATIONS = {
  'OAuth2 tokens': (stage: Stage, keyId: string, secret: string) =>
    new Oauth2TokenRequest(keyId, secret, stage.origin, null),
  'HTTP Basic': (_stage: Stage, keyId: string, secret: string) => new BasicAuthenticationRequest(keyId, secret),
};
type Authentication = keyof typeof AUTHENTICATIONS;

function sdk(stage: Stage, how: Authentication, keyId = stage.setting('key_id'), secret = stage.setting('key_secret')) {
  return new AccessKeys(stage, AUTHENTICATIONS[how](stage, keyId, secret));
}

/** The vendor's error class, with the body that it carries as text. */
async function refusalOf(sending: Promise<unknown>) {
  const error = await failureOf(sending);
  expect(error).toBeInstanceOf(RequestFailedError);
  const { statusCode, data } = error as RequestFailedError<string>;
  return { statusCode, body: typeof data === 'string' ? JSON.parse(data) : data };
}

describe.each(Object.keys(AUTHENTICATIONS) as Authentication[])('@sinch/sdk-client with %s', (how) => {
  test('creates, lists page by page, reads, renames and deletes keys', async () => {
    const stage = await openStage('sinch');
    const keys = sdk(stage, how);
    expect(await keys.names()).toEqual([]);

    const first = await keys.create('ci');
    expect(first.secret).toMatch(/^[\w-]{20,}$/);
    expect(first.accessKey).toMatchObject({ displayName: 'ci', projectId: PROJECT });
    expect(first.accessKey.createTime).toBeInstanceOf(Date);
    const second = await keys.create('deploy / 100 % ü');
    const third = await keys.create('third');
    expect(new Set([first.secret, second.secret, third.secret]).size).toBe(3);

    expect(await keys.names()).toEqual(['ci', 'deploy / 100 % ü', 'third']);
    const before = stage.count('ListAccessKeys');
    expect(await keys.names({ pageSize: 1 })).toEqual(['ci', 'deploy / 100 % ü', 'third']);
    expect(stage.count('ListAccessKeys') - before).toBe(3);
    const page = await keys.list({ pageSize: 2 });
    expect(page).toMatchObject({ hasNextPage: true, data: [{ displayName: 'ci' }, {}] });
    expect(await page.nextPage()).toMatchObject({ hasNextPage: false, data: [{ displayName: 'third' }] });

    stage.advance(5000);
    const renamed = await keys.update(first.accessKey.accessKeyId, 'ci-2');
    expect(renamed).toMatchObject({ displayName: 'ci-2', createTime: first.accessKey.createTime });
    expect(renamed.updateTime.getTime()).toBeGreaterThan(first.accessKey.updateTime.getTime());
    expect(await keys.get(first.accessKey.accessKeyId)).toEqual(renamed);

    for (const { accessKey } of [first, second, third]) expect(await keys.delete(accessKey.accessKeyId)).toEqual({});
    expect(await keys.names()).toEqual([]);
  });

  test('gets the documented errors in its own error class', async () => {
    const stage = await openStage('sinch', { quota: 1 });
    const keys = sdk(stage, how);
    const { accessKey } = await keys.create('ci');
    expect(await refusalOf(keys.create('ci'))).toMatchObject({
      statusCode: 409,
      body: { error: { code: 409, status: 'ALREADY_EXISTS' } },
    });
    expect(await refusalOf(keys.create('more'))).toMatchObject({
      statusCode: 400,
      body: { error: { status: 'FAILED_PRECONDITION' } },
    });
    await keys.delete(accessKey.accessKeyId);
    expect(await refusalOf(keys.delete(accessKey.accessKeyId))).toMatchObject({
      statusCode: 404,
      body: { error: { status: 'NOT_FOUND' } },
    });
    expect(await refusalOf(keys.get(accessKey.accessKeyId))).toMatchObject({ statusCode: 404 });
  });

  test('is refused with a wrong secret, and with a key of another project', async () => {
    const stage = await openStage('sinch');
    const { accessKey, secret } = await sdk(stage, how).create('ci');
    expect(await refusalOf(sdk(stage, how, accessKey.accessKeyId, 'wrong').names())).toMatchObject({ statusCode: 401 });
    const plugin = AUTHENTICATIONS[how](stage, accessKey.accessKeyId, secret);
    const elsewhere = new AccessKeys(stage, plugin, 'project-b');
    expect(await refusalOf(elsewhere.names())).toMatchObject({ statusCode: 403 });
    expect(await new AccessKeys(stage, plugin).names()).toEqual(['ci']);
  });

  test('and Keyform see each other’s keys', async () => {
    const stage = await openStage('sinch');
    const keys = sdk(stage, how);
    const handler = await stage.handler(TYPE);
    const args = { project_id: PROJECT, display_name: 'by Keyform' };

    const theirs = await keys.create('by the SDK');
    const ours = await handler.create(args);
    const seen = await handler.list({ project_id: PROJECT });
    expect(seen.map((key) => key.args.display_name)).toEqual(['by the SDK', 'by Keyform']);
    expect(seen[0]).toMatchObject({
      id: theirs.accessKey.accessKeyId,
      createdAt: theirs.accessKey.createTime.toISOString(),
    });
    expect(await keys.get(ours.key.id)).toMatchObject({ displayName: 'by Keyform' });

    // Each secret works on the other side.
    expect(await sdk(stage, how, ours.key.id, ours.secret.reveal()).names()).toHaveLength(2);
    const reference = { id: theirs.accessKey.accessKeyId, accessKeyId: theirs.accessKey.accessKeyId, args };
    const alive = { ...reference, expiresAt: null, enabled: true };
    expect(await handler.verify(alive, new Secret(theirs.secret))).toBe(true);

    await handler.delete(alive);
    expect(await refusalOf(keys.get(reference.id))).toMatchObject({ statusCode: 404 });
    await keys.delete(ours.key.id);
    expect(await handler.list({ project_id: PROJECT })).toEqual([]);
  });
});

describe('the token of @sinch/sdk-client', () => {
  test('is asked for once, and again when the API says that it expired', async () => {
    const stage = await openStage('sinch');
    const keys = sdk(stage, 'OAuth2 tokens');
    await keys.create('ci');
    expect(await keys.names()).toEqual(['ci']);
    expect(stage.count('GetToken')).toBe(1);
    stage.advance(3_600_000);
    expect(await keys.names()).toEqual(['ci']);
    expect(stage.count('GetToken')).toBe(2);
    // The one that failed was sent again.
    expect(stage.count('ListAccessKeys')).toBe(3);
  });

  test('of a deleted key works for its grace only', async () => {
    const stage = await openStage('sinch');
    const root = sdk(stage, 'OAuth2 tokens');
    const { accessKey, secret } = await root.create('ci');
    const own = sdk(stage, 'OAuth2 tokens', accessKey.accessKeyId, secret);
    expect(await own.names()).toEqual(['ci']);
    await own.delete(accessKey.accessKeyId);
    expect(await own.names()).toEqual([]);
    stage.advance(60_000);
    expect(await refusalOf(own.names())).toMatchObject({ statusCode: 401 });
    expect(await refusalOf(sdk(stage, 'OAuth2 tokens', accessKey.accessKeyId, secret).names())).toMatchObject({
      statusCode: 401,
    });
  });

  test('is asked for again when the token endpoint throttles', async () => {
    const stage = await openStage('sinch');
    stage.emulator.addFaults([
      { cloud: 'sinch', action: 'GetToken', kind: 'throttle', retryAfterSeconds: 0, times: 1 },
    ]);
    expect(await sdk(stage, 'OAuth2 tokens').names()).toEqual([]);
    expect(stage.count('GetToken')).toBe(2);
  });

  test('that is refused keeps the SDK from calling the API at all', async () => {
    const stage = await openStage('sinch');
    const refusal = await refusalOf(sdk(stage, 'OAuth2 tokens', stage.setting('key_id'), 'wrong').names());
    expect(refusal).toMatchObject({ statusCode: 401, body: { error: 'invalid_client' } });
    expect(stage.count('ListAccessKeys')).toBe(0);
  });
});
