import { describe, expect, it } from 'vitest';
import type { EmulatorRequest, EmulatorResponse } from '../../../src/core/emulator.ts';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import { emulator } from '../../../src/providers/sinch/emulator.ts';
import { loadContract } from './contract.ts';
import { movingClock } from './script.ts';

const SEED = new Uint8Array(32).fill(7);
const contract = loadContract();

/** An emulator with a client that writes requests by hand. */
function start(options: JsonObject = {}, data: Json = null, clock = movingClock()) {
  const cloud = emulator({ data, clock, seed: SEED, options });
  const { key_id: keyId, key_secret: keySecret } = cloud.settings('http://127.0.0.1:1') as Record<string, string>;
  const basic = (id: unknown, secret: unknown): string => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
  const admin = basic(keyId, keySecret);
  const exchanges: [EmulatorRequest, EmulatorResponse][] = [];
  const send = (method: string, target: string, authorization = admin, body: Json | undefined = undefined) => {
    const url = new URL(target, 'http://127.0.0.1');
    const request: EmulatorRequest = {
      method,
      path: url.pathname,
      query: url.searchParams,
      headers: {
        ...(authorization === '' ? {} : { authorization }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body),
    };
    expect(cloud.claims(request)).toBe(true);
    const response = cloud.handle(request);
    expect(response.action).toBe(cloud.action(request));
    exchanges.push([request, response]);
    return response;
  };
  const token = (
    authorization: string,
    body = 'grant_type=client_credentials',
    type = 'application/x-www-form-urlencoded',
  ) =>
    cloud.handle({
      method: 'POST',
      path: '/oauth2/token',
      query: new URLSearchParams(),
      headers: { authorization, 'content-type': type },
      body,
    });
  const bearer = (authorization: string): string => `Bearer ${JSON.parse(token(authorization).body).access_token}`;
  const create = (project: string, displayName: string) => {
    const { accessKey, secret } = JSON.parse(send('POST', keys(project), admin, { displayName }).body);
    return { id: String(accessKey.accessKeyId), secret: String(secret), basic: basic(accessKey.accessKeyId, secret) };
  };
  return { cloud, clock, admin, basic, send, token, bearer, create, exchanges };
}

const keys = (project: string, id?: string): string =>
  `/v1/projects/${project}/accessKeys${id === undefined ? '' : `/${id}`}`;

describe.skipIf(contract === null)('the vendor’s description', () => {
  const problems = (exchanges: [EmulatorRequest, EmulatorResponse][]): (string | null | undefined)[] =>
    exchanges.map(([request, response]) => contract?.problem(request, response));

  it('holds for every call that succeeds', () => {
    const { send, create, bearer, admin, exchanges } = start();
    const { id } = create('p1', 'a');
    create('p1', 'b');
    send('GET', keys('p1'));
    send('GET', keys('empty'));
    send('GET', `${keys('p1')}?pageSize=1`, bearer(admin));
    send('GET', keys('p1', id));
    send('PATCH', keys('p1', id), admin, { displayName: 'c' });
    send('DELETE', keys('p1', id));
    expect(exchanges.map(([, { status }]) => status)).toEqual(Array(8).fill(200));
    expect(problems(exchanges)).toEqual(Array(8).fill(null));
  });

  it('holds for every error, down to the examples', () => {
    const { send, create, admin, exchanges } = start({ quota: 2, forbidden_projects: ['closed'] });
    const { id } = create('p1', 'a');
    create('p1', 'b');
    const failing = (): unknown => JSON.parse(exchanges.at(-1)?.[1].body ?? '');
    send('POST', keys('p2'), admin, {});
    expect(failing()).toEqual(contract?.example('400Error/invalidArgument'));
    send('POST', keys('p1'), admin, { displayName: 'c' });
    const limit = JSON.stringify(contract?.example('400Error/failedPrecondition')).replace(
      'of X Access',
      'of 2 Access',
    );
    expect(JSON.stringify(failing())).toHaveLength(limit.length);
    expect(failing()).toEqual(JSON.parse(limit));
    send('POST', keys('p1'), admin, { displayName: 'a' });
    expect(failing()).toEqual(contract?.example('409Error'));
    send('PATCH', keys('p1', id), admin, { displayName: 'b' });
    expect(failing()).toEqual(contract?.example('409Error'));
    for (const method of ['GET', 'DELETE']) {
      send(method, keys('p1', 'none'));
      expect(failing()).toEqual(contract?.example('404Error'));
    }
    send('PATCH', keys('p1', 'none'), admin, { displayName: 'x' });
    for (const who of ['', 'Basic eDp5', 'Bearer x.y', 'nonsense']) send('GET', keys('p1'), who);
    send('GET', keys('closed'));
    expect(problems(exchanges)).toEqual(exchanges.map(() => null));
    expect(exchanges.map(([, { status }]) => status)).toEqual([
      200, 200, 400, 400, 409, 409, 404, 404, 404, 401, 401, 401, 401, 403,
    ]);
  });

  it.each([
    ['internal', 500, '500Error'],
    ['unavailable', 503, '503Error'],
  ])('holds in an outage: %s', (outage, status, example) => {
    const { send, exchanges } = start({ outage });
    const response = send('GET', keys('p1'));
    expect([response.status, JSON.parse(response.body)]).toEqual([status, contract?.example(example)]);
    expect(problems(exchanges)).toEqual([null]);
  });
});

describe('tokens', () => {
  it('are as the vendor shows them', () => {
    const { token, admin } = start();
    const response = token(admin);
    expect(response).toMatchObject({ status: 200, action: 'GetToken' });
    expect(JSON.parse(response.body)).toEqual({
      access_token: expect.stringMatching(/^\S+$/),
      expires_in: 3599,
      scope: '',
      token_type: 'bearer',
    });
  });

  it.each([
    ['', undefined, undefined, 401, 'invalid_client'],
    ['Basic eDp5', undefined, undefined, 401, 'invalid_client'],
    ['admin', 'grant_type=password', undefined, 400, 'unsupported_grant_type'],
    ['admin', '', undefined, 400, 'invalid_request'],
    ['admin', '{"grant_type":"client_credentials"}', 'application/json', 400, 'invalid_request'],
  ])('are refused to %j with %j as %j', (who, body, type, status, error) => {
    const { token, admin } = start();
    const response = token(who === 'admin' ? admin : who, body, type);
    expect([response.status, JSON.parse(response.body)]).toEqual([status, { error }]);
  });

  it('expire, and say so in the one word that the vendor’s SDK looks for', () => {
    const { send, bearer, admin, clock } = start({ token_lifetime_seconds: 100 });
    const [first, second] = [bearer(admin), bearer(admin)];
    expect(first).not.toBe(second);
    clock.advance(99_999);
    expect([send('GET', keys('p1'), first).status, send('GET', keys('p1'), second).status]).toEqual([200, 200]);
    clock.advance(1);
    const refused = send('GET', keys('p1'), first);
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toContain('expired');
  });

  it('of a deleted key work for one more minute, its Basic login and new tokens do not', () => {
    const { cloud, send, bearer, create, token, clock } = start();
    const key = create('p1', 'a');
    const held = bearer(key.basic);
    expect(send('DELETE', keys('p1', key.id), held).status).toBe(200); // a key may delete itself
    expect([token(key.basic).status, send('GET', keys('p1'), key.basic).status]).toEqual([401, 401]);
    clock.advance(59_999);
    expect(send('GET', keys('p1'), held).status).toBe(200);
    expect(start({}, cloud.save(), clock).send('GET', keys('p1'), held).status).toBe(200);
    clock.advance(1);
    expect(send('GET', keys('p1'), held).status).toBe(401);
    expect(start({}, cloud.save(), clock).send('GET', keys('p1'), held).status).toBe(401);
  });

  it('of a deleted key end with it where the option says so', () => {
    const { send, bearer, create } = start({ deleted_key_grace_seconds: 0 });
    const key = create('p1', 'a');
    const held = bearer(key.basic);
    expect(send('DELETE', keys('p1', key.id), held).status).toBe(200);
    expect(send('GET', keys('p1'), held).status).toBe(401);
  });

  it('cannot be forged', () => {
    const { send, bearer, create, admin } = start();
    const own = bearer(create('p1', 'a').basic);
    const [ownPayload, adminPayload] = [own, bearer(admin)].map((text) => text.slice(7).split('.')[0]);
    expect(send('GET', keys('p2'), own.replace(String(ownPayload), String(adminPayload))).status).toBe(401);
  });
});

describe('behaviour', () => {
  it('lets an ordinary key reach its own project only', () => {
    const { send, create, bearer } = start();
    const key = create('p1', 'a');
    for (const who of [key.basic, bearer(key.basic)]) {
      expect([send('GET', keys('p1'), who).status, send('GET', keys('p2'), who).status]).toEqual([200, 403]);
      expect(send('GET', keys('p2', 'x'), who)).toMatchObject({ status: 403, body: '' });
    }
  });

  it('pages without loss when a key of an earlier page is deleted meanwhile', () => {
    const { send, create } = start();
    const ids = ['a', 'b', 'c', 'd', 'e'].map((name) => create('p1', name).id);
    const page = (query: string) => {
      const { accessKeys, nextPageToken } = JSON.parse(send('GET', `${keys('p1')}?${query}`).body);
      return { ids: accessKeys.map((key: { accessKeyId: string }) => key.accessKeyId), next: String(nextPageToken) };
    };
    const first = page('pageSize=2');
    expect(first.ids).toEqual(ids.slice(0, 2));
    send('DELETE', keys('p1', ids[1]));
    const second = page(`pageSize=2&pageToken=${first.next}`);
    expect(second.ids).toEqual(ids.slice(2, 4));
    expect(page(`pageSize=2&pageToken=${second.next}`)).toEqual({ ids: ids.slice(4), next: '' });
    expect(page('pageSize=4').next).toBe('');
    expect(send('GET', `${keys('p2')}?pageToken=${first.next}`).status).toBe(400);
    expect(send('GET', `${keys('p1')}?pageToken=zzz`).status).toBe(400);
  });

  it.each(['0', '-1', '1001', 'x', '1.5'])('calls pageSize=%s malformed', (size) => {
    expect(start().send('GET', `${keys('p1')}?pageSize=${size}`).status).toBe(400);
  });

  it.each([
    ['not JSON', '{', 400],
    ['no name', {}, 400],
    ['an empty name', { displayName: '' }, 400],
    ['a number', { displayName: 7 }, 400],
    ['256 characters', { displayName: 'ü'.repeat(256) }, 400],
    ['255 characters', { displayName: '🔑'.repeat(255) }, 200],
    ['an unknown field', { displayName: 'a', other: 1 }, 200],
  ] as const)('answers a create and an update with %s', (_, body, status) => {
    const { send, create, admin } = start();
    const { id } = create('p1', 'old');
    expect(send('PATCH', keys('p1', id), admin, body).status).toBe(status);
    expect(send('POST', keys('p2'), admin, body).status).toBe(status);
  });

  it('frees name and place with a delete, and lets a key keep its own name', () => {
    const { send, create, admin, clock } = start({ quota: 1 });
    const { id } = create('p1', 'a');
    clock.advance(1000);
    const updated = JSON.parse(send('PATCH', keys('p1', id), admin, { displayName: 'a' }).body);
    expect(Date.parse(updated.updateTime) - Date.parse(updated.createTime)).toBe(1000);
    expect(send('DELETE', keys('p1', id)).status).toBe(200);
    expect(create('p1', 'a').id).not.toBe(id);
  });

  it.each([
    ['PUT', keys('p1')],
    ['DELETE', keys('p1')],
    ['GET', `${keys('p1', 'k')}/more`],
  ])('knows no %s %s', (method, path) => {
    expect(start().send(method, path)).toMatchObject({ status: 404, action: null });
  });

  it('claims nothing else', () => {
    const { cloud } = start();
    const request = { method: 'GET', query: new URLSearchParams(), headers: {}, body: '' };
    for (const path of [
      '/',
      '/oauth2',
      '/v1/projects/p1',
      '/v1/projects/p1/keys',
      '/x/oauth2/token',
      '/v1/accessKeys',
    ]) {
      expect(cloud.claims({ ...request, path })).toBe(false);
    }
  });
});

describe('options', () => {
  it('switch what the vendor does not publish', () => {
    const { send, create, token, admin } = start({
      display_name_case_sensitive: false,
      display_name_max: 3,
      page_size_out_of_range: 'clamp',
      list_order: 'newest_first',
      update_moves_time: false,
      key_id_format: 'letters',
      token_errors: 'empty',
      unauthorized_body: 'registry',
      token_lifetime_seconds: 7,
    });
    const [one, two] = [create('p1', 'one'), create('p1', 'two')];
    expect(one.id).toMatch(/^[0-9a-z]{26}$/);
    expect(send('POST', keys('p1'), admin, { displayName: 'ONE' }).status).toBe(409);
    expect(send('POST', keys('p1'), admin, { displayName: 'four' }).status).toBe(400);
    const page = JSON.parse(send('GET', `${keys('p1')}?pageSize=0`).body);
    expect(page.accessKeys[0].accessKeyId).toBe(two.id);
    const rest = JSON.parse(send('GET', `${keys('p1')}?pageSize=9999&pageToken=${page.nextPageToken}`).body);
    expect(rest).toMatchObject({ accessKeys: [{ accessKeyId: one.id }], nextPageToken: '' });
    const updated = JSON.parse(send('PATCH', keys('p1', one.id), admin, { displayName: 'uno' }).body);
    expect(updated.updateTime).toBe(updated.createTime);
    expect(token('Basic eDp5')).toMatchObject({ status: 401, body: '' });
    expect(Object.keys(JSON.parse(send('GET', keys('p1'), '').body))).toEqual(['type', 'title', 'detail']);
    expect(JSON.parse(token(admin).body).expires_in).toBe(7);
  });

  it('place the first key in a project of its own', () => {
    const { send, cloud } = start({ parent_project: 'root' });
    const list = JSON.parse(send('GET', keys('root')).body);
    expect(list.accessKeys).toMatchObject([{ accessKeyId: cloud.settings('http://x').key_id, projectId: 'root' }]);
  });

  it.each([{ qouta: 3 }, { quota: 0 }, { quota: '3' }, { outage: 'yes' }])('%j are refused', (options) => {
    expect(() => start(options)).toThrow(/emulator of Sinch (has no option|does not take the option)/);
  });
});

describe('saved data', () => {
  it('bring back the same cloud and hold no secret', () => {
    const { cloud, create, bearer, send, admin, clock } = start();
    const [a, b] = [create('p1', 'a'), create('p1', 'b')];
    const held = bearer(a.basic);
    send('DELETE', keys('p1', b.id));
    const text = JSON.stringify(cloud.save());
    const bootstrap = String(cloud.settings('http://x').key_secret);
    for (const secret of [a.secret, b.secret, bootstrap, held.slice(7)]) expect(text).not.toContain(secret);

    const again = start({}, JSON.parse(text), clock);
    expect(again.cloud.settings('http://x')).toEqual(cloud.settings('http://x'));
    expect(again.send('GET', keys('p1'), held)).toEqual(send('GET', keys('p1'), admin));
    expect([again.create('p1', 'c').id, again.cloud.save()]).toEqual([create('p1', 'c').id, cloud.save()]);
  });

  it('of another form are an error, never an empty cloud', () => {
    expect(() => start({}, {})).toThrow(/another form/);
    expect(() => start({}, { ...(start().cloud.save() as JsonObject), version: 2 })).toThrow(/another form/);
  });

  it('name the variables that point Keyform and the vendor’s tools here', () => {
    const { cloud } = start();
    const settings = cloud.settings('http://127.0.0.1:8787');
    expect(cloud.environment('http://127.0.0.1:8787')).toEqual({
      SINCH_KEY_ID: settings.key_id,
      SINCH_KEY_SECRET: settings.key_secret,
      KEYFORM_SINCH_ENDPOINT: 'http://127.0.0.1:8787',
      KEYFORM_SINCH_AUTH_ENDPOINT: 'http://127.0.0.1:8787',
    });
  });
});
