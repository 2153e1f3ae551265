import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import { Secret } from '../../../src/core/secret.ts';
import {
  authorizationHeader,
  canonicalRequest,
  credentialScope,
  sign,
  signature,
  signedHeaderList,
  signingKey,
  stringToSign,
  timestampOf,
} from '../../../src/providers/tencent/auth.ts';
import { CAM, cloud, credentialOf, GATEWAY, HOST, keyIn, keysIn, NOW, ORIGIN, UIN } from './cloud.ts';

describe('TC3 signatures', () => {
  it.each([
    ['Keyform and the Go SDK', 'cam', HOST],
    ['the Go SDK without a port', 'cam', '127.0.0.1'],
    ['the Node SDKs', '127', '127.0.0.1'],
    ['the Node SDKs with a port', '127', HOST],
  ])('are taken as made by %s', (_who, service, host) => {
    expect(cloud().ask('ListAccessKeys', {}, { service, host }).code).toBeNull();
  });

  it('are taken as made for the real hosts', () => {
    const { deliver, tc3 } = cloud();
    for (const host of ['cam.tencentcloudapi.com', 'cam.intl.tencentcloudapi.com']) {
      const request = tc3('ListAccessKeys', {}, { host });
      expect(deliver({ ...request, headers: { ...request.headers, host } }).code).toBeNull();
    }
  });

  it('are taken with more headers signed, and with those that change nothing', () => {
    const { deliver, root, time } = cloud();
    const timestamp = timestampOf(time.ms);
    const headers = { 'content-type': 'application/json; charset=utf-8', 'x-tc-action': 'ListAccessKeys' };
    const authorization = sign(root, 'cam', timestamp, {
      method: 'POST',
      path: '/',
      query: '',
      headers: Object.entries({ ...headers, host: HOST }).sort(([a], [b]) => (a < b ? -1 : 1)),
      body: '{}',
    });
    const others = {
      'x-tc-region': 'null',
      'x-tc-language': 'en-US',
      'x-tc-traceid': 'x',
      'x-tc-requestclient': 'SDK',
      'x-tc-token': '',
    };
    const common = { 'x-tc-version': CAM, 'x-tc-timestamp': String(timestamp), authorization };
    expect(deliver({ body: '{}', headers: { ...headers, ...common, ...others } }).code).toBeNull();
  });

  it.each([encodeURIComponent, (text: string) => new URLSearchParams({ x: text }).toString().slice(2)])(
    'are taken of a GET, whose parameters are the query',
    (encode) => {
      const { deliver, root, time, ask } = cloud();
      const key = keyIn(ask('CreateAccessKey', { TargetUin: UIN }));
      const timestamp = timestampOf(time.ms);
      const query = `SecretIdList.0=${encode(key.AccessKeyId)}&SecretIdList.1=${encode("it's (a) b*c~d!")}`;
      const contentType = 'application/x-www-form-urlencoded';
      const authorization = sign(root, '127', timestamp, {
        method: 'GET',
        path: '/',
        query,
        headers: [
          ['content-type', contentType],
          ['host', '127.0.0.1'],
        ],
        body: '',
      });
      const answer = deliver({
        method: 'GET',
        query: new URLSearchParams(query),
        headers: {
          'content-type': contentType,
          'x-tc-action': 'GetSecurityLastUsed',
          'x-tc-version': CAM,
          'x-tc-timestamp': String(timestamp),
          authorization,
        },
      });
      expect(answer.body.SecretIdLastUsedRows).toMatchObject([{ SecretId: key.AccessKeyId }]);
    },
  );

  it('are refused when anything that they cover was changed', () => {
    const { deliver, tc3, root } = cloud();
    const request = tc3('ListAccessKeys', { TargetUin: UIN });
    const headers = { ...request.headers };
    const changed = (more: Record<string, string>) => deliver({ ...request, headers: { ...headers, ...more } }).code;
    const authorization = headers.authorization ?? '';
    const edit = (from: string | RegExp, to: string) => changed({ authorization: authorization.replace(from, to) });
    expect(deliver(request).code).toBeNull();
    expect(deliver({ ...request, body: '{"TargetUin":1}' }).code).toBe('AuthFailure.SignatureFailure');
    expect(changed({ 'content-type': 'text/plain' })).toBe('AuthFailure.SignatureFailure');
    expect(changed({ host: 'localhost:8804' })).toBe('AuthFailure.SignatureFailure');
    expect(changed({ 'x-tc-timestamp': String(timestampOf(NOW) + 1) })).toBe('AuthFailure.SignatureFailure');
    expect(edit(/[0-9a-f]$/, authorization.endsWith('0') ? '1' : '0')).toBe('AuthFailure.SignatureFailure');
    expect(edit('2026-01-01', '2026-01-02')).toBe('AuthFailure.SignatureFailure');
    expect(edit('/cam/', '/cvm/')).toBe('AuthFailure.SignatureFailure');
    expect(edit('content-type;host', 'content-type')).toBe('AuthFailure.SignatureFailure');
    expect(edit('content-type;host', 'content-type;host;x-absent')).toBe('AuthFailure.SignatureFailure');
    expect(edit(root.secretId, 'AKIDUNKNOWN')).toBe('AuthFailure.SecretIdNotFound');
    expect(edit('tc3_request', 'tc4_request')).toBe('AuthFailure.InvalidAuthorization');
    expect(changed({ authorization: 'Bearer x' })).toBe('AuthFailure.InvalidAuthorization');
    expect(changed({ 'x-tc-token': 'x' })).toBe('AuthFailure.TokenFailure');
  });

  it('must cover content type and host, and be of the day of the timestamp, even where they are right in themselves', () => {
    const { deliver, tc3, root, time } = cloud();
    const request = tc3('ListAccessKeys', {});
    const timestamp = timestampOf(time.ms);
    const send = (date: string, names: readonly string[]) => {
      const signed = {
        method: 'POST',
        path: '/',
        query: '',
        headers: names.map((name) => [name, name === 'host' ? HOST : 'application/json'] as const),
        body: '{}',
      };
      const scope = credentialScope(date, 'cam');
      const key = signingKey(root.secretKey.reveal(), date, 'cam');
      const hex = signature(key, stringToSign(timestamp, scope, canonicalRequest(signed)));
      const authorization = authorizationHeader(root.secretId, scope, signedHeaderList(signed), hex);
      return deliver({ ...request, headers: { ...request.headers, authorization } }).code;
    };
    expect(send('2026-01-01', ['content-type', 'host'])).toBeNull();
    expect(send('2025-12-31', ['content-type', 'host'])).toBe('AuthFailure.SignatureFailure');
    expect(send('2026-01-01', ['host'])).toBe('AuthFailure.SignatureFailure');
    expect(send('2026-01-01', ['content-type'])).toBe('AuthFailure.SignatureFailure');
  });

  it('with the right service for what is asked only', () => {
    const { ask } = cloud();
    expect(ask('DescribeApiKeysStatus', {}, { version: GATEWAY, service: 'apigateway' }).code).toBeNull();
    expect(ask('DescribeApiKeysStatus', {}, { version: GATEWAY, service: 'cam' }).code).toBe(
      'AuthFailure.SignatureFailure',
    );
    expect(ask('ListAccessKeys', {}, { service: 'apigateway' }).code).toBe('AuthFailure.SignatureFailure');
  });

  it('count for five minutes either way', () => {
    const { ask } = cloud();
    for (const minutes of [-5, 5]) expect(ask('ListAccessKeys', {}, { at: NOW + minutes * 60_000 }).code).toBeNull();
    for (const minutes of [-5.1, 5.1, -60, 600]) {
      expect(ask('ListAccessKeys', {}, { at: NOW + minutes * 60_000 }).code).toBe('AuthFailure.SignatureExpire');
    }
  });
});

describe('v1 signatures', () => {
  it.each([
    ['POST', 'HmacSHA256', HOST],
    ['POST', 'HmacSHA256', '127.0.0.1'],
    ['POST', 'HmacSHA1', HOST],
    ['POST', null, HOST],
    ['GET', 'HmacSHA256', '127.0.0.1'],
    ['GET', 'HmacSHA1', HOST],
  ] as const)('are taken: %s with %s for %s', (form, digest, host) => {
    const { deliver, v1 } = cloud();
    const own = { TargetUin: String(UIN), Description: 'a=b+c/备' };
    const key = keyIn(deliver(v1('CreateAccessKey', own, { form, digest, host })));
    expect(key.Description).toBe('a=b+c/备');
    expect(keysIn(deliver(v1('ListAccessKeys', { TargetUin: String(UIN) }, { form, digest, host })))).toHaveLength(1);
    const ids = { 'SecretIdList.0': key.AccessKeyId, 'SecretIdList.1': 'x' };
    const used = deliver(v1('GetSecurityLastUsed', ids, { form, digest, host }));
    expect(used.body.SecretIdLastUsedRows).toMatchObject([{ SecretId: key.AccessKeyId }]);
    expect(deliver(v1('ListAccessKeys', { Limit: '20' }, { form, digest, host })).code).toBe('UnknownParameter');
  });

  it('carry nested parameters as dotted names, in the order of their numbers', () => {
    const { deliver, v1, ask } = cloud();
    const how = { version: GATEWAY };
    for (const SecretName of ['a', 'b', 'c']) deliver(v1('CreateApiKey', { SecretName, Region: 'ap-x' }, how));
    const named = deliver(
      v1(
        'DescribeApiKeysStatus',
        {
          Region: 'ap-x',
          Limit: '20',
          Offset: '0',
          'Filters.0.Name': 'SecretName',
          'Filters.0.Values.1': 'b',
          'Filters.0.Values.0': 'a',
          'Filters.1.Name': 'Status',
          'Filters.1.Values.0': '1',
        },
        how,
      ),
    );
    expect((named.body.Result as JsonObject).TotalCount).toBe(2);
    const ids = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`SecretIdList.${i}`, `id ${i}`]));
    expect(deliver(v1('GetSecurityLastUsed', ids)).message).toContain('takes 10');
    const told = cloud({ cam_unknown_last_used: 'null' });
    const unsorted = { 'SecretIdList.10': 'k', 'SecretIdList.2': 'c', 'SecretIdList.0': 'a' };
    expect(told.deliver(told.v1('GetSecurityLastUsed', unsorted)).body.SecretIdLastUsedRows).toMatchObject([
      { SecretId: 'a' },
      { SecretId: 'c' },
      { SecretId: 'k' },
    ]);
    const clash = deliver(v1('GetSecurityLastUsed', { SecretIdList: 'x', 'SecretIdList.0': 'y' }));
    expect(clash.code).toBe('InvalidParameter');
    const odd = deliver(v1('ListAccessKeys', { '__proto__.x': '1' }));
    expect(odd.code).toBe('UnknownParameter');
    expect(ask('ListAccessKeys').code).toBeNull();
  });

  it('are refused when wrong, late, or in part', () => {
    const { deliver, v1, root } = cloud();
    const wrong = { ...root, secretKey: new Secret('wrong') };
    expect(deliver(v1('ListAccessKeys', {}, { as: wrong })).code).toBe('AuthFailure.SignatureFailure');
    expect(deliver(v1('ListAccessKeys', {}, { as: { ...root, secretId: 'AKIDX' } })).code).toBe(
      'AuthFailure.SecretIdNotFound',
    );
    expect(deliver(v1('ListAccessKeys', {}, { at: NOW - 400_000 })).code).toBe('AuthFailure.SignatureExpire');
    expect(deliver(v1('ListAccessKeys', {}, { digest: 'HmacMD5' })).code).toBe('InvalidParameter');
    expect(deliver(v1('ListAccessKeys', { Token: 'x' })).code).toBe('AuthFailure.TokenFailure');
    const request = v1('ListAccessKeys', { TargetUin: String(UIN) });
    expect(deliver({ ...request, body: `${request.body}`.replace(String(UIN), '1') }).code).toBe(
      'AuthFailure.SignatureFailure',
    );
    for (const name of ['SecretId', 'Signature', 'Nonce', 'Timestamp']) {
      const body = `${request.body}`.replace(new RegExp(`(^|&)${name}=[^&]*`), '');
      expect(deliver({ ...request, body }).code, name).toBe('MissingParameter');
    }
  });
});

describe('rates', () => {
  it.each([
    ['CreateAccessKey', 5],
    ['UpdateAccessKey', 5],
    ['DeleteAccessKey', 5],
    ['ListAccessKeys', 20],
    ['GetSecurityLastUsed', 20],
  ])('%s: %i in any second, for each account', (action, perSecond) => {
    const { ask, time } = cloud({ rate_limits: true });
    const as = credentialOf(keyIn(ask('CreateAccessKey', { TargetUin: UIN })));
    time.ms += 5000;
    for (let i = 0; i < perSecond; i++) {
      expect(ask(action, {}).code).not.toBe('RequestLimitExceeded');
      time.ms += 10;
    }
    expect(ask(action, {}).code).toBe('RequestLimitExceeded');
    expect(ask(action, {}, { as }).code).not.toBe('RequestLimitExceeded');
    expect(ask(action === 'ListAccessKeys' ? 'GetSecurityLastUsed' : 'ListAccessKeys').code).not.toBe(
      'RequestLimitExceeded',
    );
    // The window slides: the first call leaves it, and one more may come.
    time.ms += 1000 - perSecond * 10;
    expect(ask(action, {}).code).not.toBe('RequestLimitExceeded');
    expect(ask(action, {}).code).toBe('RequestLimitExceeded');
  });

  it('do nothing to what they stop, and count no call that nobody signed', () => {
    const { ask, root } = cloud({ rate_limits: true, throttle_code: 'RequestLimitExceeded.UinLimitExceeded' });
    const wrong = { ...root, secretKey: new Secret('wrong') };
    for (let i = 0; i < 9; i++) ask('CreateAccessKey', { TargetUin: UIN + i }, { as: wrong });
    for (let i = 0; i < 5; i++) expect(ask('CreateAccessKey', { TargetUin: UIN + i }).code).toBeNull();
    expect(ask('CreateAccessKey', { TargetUin: UIN + 5 }).code).toBe('RequestLimitExceeded.UinLimitExceeded');
    expect(keysIn(ask('ListAccessKeys', { TargetUin: UIN + 5 }))).toEqual([]);
  });
});

describe('the front', () => {
  it('refuses what it does not know', () => {
    const { deliver, tc3, emulator } = cloud();
    const request = tc3('ListAccessKeys', {});
    const changed = (more: Record<string, string>) =>
      deliver({ ...request, headers: { ...request.headers, ...more } }).code;
    expect(changed({ 'x-tc-version': '2017-03-12' })).toBe('NoSuchVersion');
    expect(changed({ 'x-tc-version': '' })).toBe('MissingParameter');
    expect(changed({ 'x-tc-action': '' })).toBe('MissingParameter');
    expect(changed({ 'x-tc-action': 'CreateUser' })).toBe('InvalidAction');
    expect(changed({ 'x-tc-action': 'constructor' })).toBe('InvalidAction');
    // An action of the other service.
    expect(changed({ 'x-tc-action': 'CreateApiKey' })).toBe('InvalidAction');
    expect(changed({ 'x-tc-timestamp': 'now' })).toBe('InvalidParameter');
    expect(deliver({ ...request, method: 'PUT' }).code).toBe('UnsupportedProtocol');
    const { 'x-tc-timestamp': _gone, ...rest } = request.headers ?? {};
    expect(deliver({ ...request, headers: rest }).code).toBe('MissingParameter');
    const bare = { method: 'POST', path: '/', query: new URLSearchParams(), headers: { host: HOST }, body: '' };
    expect(emulator.claims(bare)).toBe(false);
    expect(emulator.claims({ ...bare, path: '/api/v1/ListAccessKeys', headers: { 'x-tc-action': 'x' } })).toBe(false);
  });

  it('hands each service its own data, and starts where it stopped', () => {
    const first = cloud();
    const key = keyIn(first.ask('CreateAccessKey', { TargetUin: UIN, Description: 'x' }));
    const gateway = { version: GATEWAY, service: 'apigateway' };
    const made = first.ask('CreateApiKey', { SecretName: 'a' }, gateway).body.Result as JsonObject;
    const data = JSON.parse(JSON.stringify(first.emulator.save())) as Json;
    expect(JSON.stringify(data)).not.toContain(key.SecretAccessKey);
    expect(JSON.stringify(data)).not.toContain(first.root.secretKey.reveal());
    const second = cloud({}, data);
    expect(second.root.secretId).toBe(first.root.secretId);
    expect(second.root.secretKey.reveal()).toBe(first.root.secretKey.reveal());
    expect(keysIn(second.ask('ListAccessKeys', {}, { as: credentialOf(key) }))).toHaveLength(1);
    expect(second.ask('DescribeApiKey', { AccessKeyId: made.AccessKeyId ?? '' }, gateway).body.Result).toEqual(made);
    const next = keyIn(second.ask('CreateAccessKey', { TargetUin: UIN }));
    expect(next.AccessKeyId).not.toBe(key.AccessKeyId);
    expect(next.SecretAccessKey).not.toBe(key.SecretAccessKey);
    expect(() => cloud({}, { version: 2 })).toThrow();
    expect(() => cloud({}, { version: 1, cam: { version: 1 }, apigateway: null })).toThrow();
  });

  it('tells where it is in settings and in variables of the vendor’s tools', () => {
    const { emulator, root } = cloud();
    expect(emulator.settings(ORIGIN)).toEqual({
      secret_id: root.secretId,
      secret_key: root.secretKey.reveal(),
      cam_endpoint: ORIGIN,
      apigateway_endpoint: ORIGIN,
    });
    expect(emulator.environment(ORIGIN)).toEqual({
      KEYFORM_TENCENT_ENDPOINT: ORIGIN,
      TENCENTCLOUD_SECRET_ID: root.secretId,
      TENCENTCLOUD_SECRET_KEY: root.secretKey.reveal(),
    });
  });
});
