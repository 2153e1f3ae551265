import { describe, expect, it } from 'vitest';
import type { EmulatorRequest, EmulatorResponse } from '../../../src/core/emulator.ts';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import { emulator, options as switches } from '../../../src/providers/nscale/emulator.ts';
import { outscale } from '../../../src/providers/outscale/index.ts';
import { loadContract } from './contract.ts';
import { movingClock } from './script.ts';

const SEED = new Uint8Array(32).fill(7);
const contract = loadContract();
const ENDPOINTS = '/api/v1/objectstorageendpoints';
const keys = (endpoint: string, id?: string): string =>
  `${ENDPOINTS}/${endpoint}/accesskeys${id === undefined ? '' : `/${id}`}`;
const body = (name: string, identityPolicy = 'bucket-admin', more: JsonObject = {}): JsonObject => ({
  metadata: { name, ...more },
  spec: { identityPolicy },
});

/** An emulator with a client that writes requests by hand. */
function start(options: JsonObject = {}, data: Json = null, clock = movingClock()) {
  const cloud = emulator({ data, clock, seed: SEED, options });
  const token = String(cloud.settings('http://127.0.0.1:1').service_token);
  const exchanges: [EmulatorRequest, EmulatorResponse][] = [];
  const send = (
    method: string,
    target: string,
    sent: Json | undefined = undefined,
    headers: Record<string, string> = { authorization: `Bearer ${token}` },
  ) => {
    const url = new URL(target, 'http://127.0.0.1');
    const request: EmulatorRequest = {
      method,
      path: url.pathname,
      query: url.searchParams,
      headers: {
        host: 'storage.example',
        ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: typeof sent === 'string' ? sent : sent === undefined ? '' : JSON.stringify(sent),
    };
    expect(cloud.claims(request)).toBe(true);
    const response = cloud.handle(request);
    expect(response.action).toBe(cloud.action(request));
    exchanges.push([request, response]);
    return response;
  };
  const read = (method: string, target: string, sent?: Json) => JSON.parse(send(method, target, sent).body);
  const create = (endpoint: string, name: string, policy?: string) => {
    const { metadata, spec } = read('POST', keys(endpoint), body(name, policy));
    return { id: String(metadata.id), secret: String(spec.secret), accessKeyId: String(spec.accessKeyId) };
  };
  const status = (endpoint: string, id: string): string | number => {
    const response = send('GET', keys(endpoint, id));
    return response.status === 200 ? JSON.parse(response.body).metadata.provisioningStatus : response.status;
  };
  const makeEndpoint = (more: JsonObject = {}) => {
    const [{ metadata, spec }] = read('GET', '/api/v1/objectstorageendpointclasses');
    const made = {
      metadata: { name: 'mine', tags: [{ name: 'team', value: 'a' }] },
      spec: {
        organizationId: 'org',
        projectId: 'project',
        regionId: spec.regionId,
        objectStorageEndpointClassId: metadata.id,
        identityPolicies: [{ name: 'bucket-admin', document: { Version: '2012-10-17' } }],
        ...more,
      },
    };
    return send('POST', ENDPOINTS, made);
  };
  return { cloud, clock, token, send, read, create, status, makeEndpoint, exchanges };
}

describe.skipIf(contract === null)('the vendor’s description', () => {
  const problems = (exchanges: [EmulatorRequest, EmulatorResponse][]): (string | null | undefined)[] =>
    exchanges.map(([request, response]) => contract?.problem(request, response));

  it('holds for every call that succeeds, in every status', () => {
    const { send, create, makeEndpoint, exchanges } = start({
      provisioning_reads: 2,
      pending_access_key_id: 'null',
      deprovisioning_reads: 2,
    });
    const { id } = create('e1', 'a');
    send('POST', keys('e1'), body('b', 'p', { description: 'x', tags: [{ name: 't', value: 'v' }] }));
    for (let i = 0; i < 3; i++) send('GET', keys('e1', id));
    send('GET', keys('e1'));
    send('GET', keys('empty'));
    send('DELETE', keys('e1', id));
    send('GET', keys('e1', id));
    send('GET', keys('e1'));
    send('GET', `${ENDPOINTS}/e1`);
    const made = JSON.parse(makeEndpoint().body).metadata.id;
    exchanges.splice(exchanges.length - 2, 1); // the class list is not part of the extract
    send('GET', `${ENDPOINTS}?tag=team%3Da`);
    send('PUT', `${ENDPOINTS}/${made}`, { metadata: { name: 'other' } });
    send('PUT', `${ENDPOINTS}/${made}`, { metadata: { name: 'other' }, spec: { identityPolicies: [] } });
    send('DELETE', `${ENDPOINTS}/${made}`);
    expect(exchanges.map(([, response]) => response.status)).toEqual([
      201, 201, 200, 200, 200, 200, 200, 202, 200, 200, 200, 201, 200, 202, 202, 202,
    ]);
    expect(problems(exchanges)).toEqual(exchanges.map(() => null));
    const tried = new Set(
      exchanges.map(([{ method, path }]) =>
        `${method} ${path}`
          .replace(/(endpoints)\/[^/]+/, '$1/{objectStorageEndpointID}')
          .replace(/(accesskeys)\/[^/]+/, '$1/{objectStorageAccessKeyID}'),
      ),
    );
    expect([...tried].sort()).toEqual(contract?.operations().sort());
  });

  it('holds for every error, in the form of the examples', () => {
    const { send, create, makeEndpoint, exchanges } = start({
      forbidden_endpoints: ['closed'],
      endpoints: ['e1', 'closed'],
      policies: ['p'],
    });
    create('e1', 'a', 'p');
    exchanges.splice(0);
    const fails = (response: EmulatorResponse, status: number, example: string): void => {
      expect(response.status).toBe(status);
      const said = JSON.parse(response.body);
      expect(Object.keys(said)).toEqual(Object.keys(contract?.example(example) ?? {}));
      expect(said.error).toBe(contract?.example(example).error);
      expect(said.trace_id).toMatch(/^[0-9a-f]{32}$/);
      expect(response.headers).toMatchObject({ 'cache-control': 'no-cache' });
    };
    fails(send('POST', keys('e1'), {}), 400, 'badRequestResponse');
    fails(send('GET', keys('e'.repeat(64))), 400, 'badRequestResponse');
    fails(send('GET', keys('e1'), undefined, {}), 401, 'unauthorizedResponse');
    fails(send('GET', keys('closed')), 403, 'forbiddenResponse');
    fails(send('GET', keys('e2')), 404, 'notFoundResponse');
    fails(send('POST', keys('e2'), body('a')), 404, 'notFoundResponse');
    fails(send('DELETE', keys('e1', 'none')), 404, 'notFoundResponse');
    fails(send('POST', keys('e1'), body('a', 'q')), 422, 'unprocessableContentResponse');
    const drop = { metadata: { name: 'e1' }, spec: { identityPolicies: [] } };
    fails(send('PUT', `${ENDPOINTS}/e1`, drop), 409, 'conflictResponse');
    fails(makeEndpoint({ objectStorageEndpointClassId: 'none' }), 422, 'unprocessableContentResponse');
    exchanges.splice(exchanges.length - 2, 1);
    expect(problems(exchanges)).toEqual(exchanges.map(() => null));
  });

  it('holds in an outage', () => {
    const { send, exchanges } = start({ outage: 'internal' });
    expect(JSON.parse(send('GET', keys('e1')).body)).toMatchObject({
      error: 'server_error',
      error_description: 'an internal error has occurred, please contact support',
    });
    expect(problems(exchanges)).toEqual([null]);
  });
});

describe('authentication', () => {
  it.each([
    [undefined, 'authorization header missing'],
    ['Bearer wrong', 'authentication failed'],
    ['Basic eDp5', 'authentication failed'],
    ['Bearer', 'authentication failed'],
  ])('with %j is refused with a challenge', (authorization, description) => {
    const response = start().send('GET', keys('e1'), undefined, authorization === undefined ? {} : { authorization });
    expect([response.status, JSON.parse(response.body).error_description]).toEqual([401, description]);
    expect(response.headers['www-authenticate']).toBe(
      `Bearer error="access_denied",error_description="${description}",resource_metadata="https://storage.example/.well-known/openid-protected-resource"`,
    );
  });

  it('knows one token at a time', () => {
    const [first, second] = [start(), start({ token_generation: 2 })];
    expect(first.token).not.toBe(second.token);
    const old = { authorization: `Bearer ${first.token}` };
    expect([
      first.send('GET', keys('e1'), undefined, old).status,
      second.send('GET', keys('e1'), undefined, old).status,
    ]).toEqual([200, 401]);
    // The scheme's case means nothing (RFC 9110 section 11.1).
    expect(first.send('GET', keys('e1'), undefined, { authorization: `bearer ${first.token}` }).status).toBe(200);
  });
});

describe('requests are held against the description', () => {
  it.each([
    ['not JSON', '{', 'the request body is missing or malformed'],
    ['an array', [], 'the request body is not valid: value must be an object'],
    ['nothing in it', {}, 'the request body is not valid: "/metadata" property "metadata" is missing'],
    [
      'no name',
      { metadata: {}, spec: { identityPolicy: 'p' } },
      'the request body is not valid: "/metadata/name" property "name" is missing',
    ],
    [
      'a bad name',
      body('-a'),
      `the request body is not valid: "/metadata/name" string doesn't match the regular expression "^[0-9A-Za-z](?:[0-9A-Za-z-_.]{0,61}[0-9A-Za-z])?$"`,
    ],
    ['a number for a name', body(7 as never), 'the request body is not valid: "/metadata/name" value must be a string'],
    ['no policy', { metadata: { name: 'a' }, spec: {} }, '"/spec/identityPolicy" property "identityPolicy" is missing'],
    ['a map for tags', body('a', 'p', { tags: { a: 'b' } }), '"/metadata/tags" value must be an array'],
    ['half a tag', body('a', 'p', { tags: [{ name: 'a' }] }), '"/metadata/tags/0/value" property "value" is missing'],
  ])('%s', (_, sent, words) => {
    const response = start().send('POST', keys('e1'), sent as Json);
    expect([response.status, JSON.parse(response.body).error]).toEqual([400, 'invalid_request']);
    expect(JSON.parse(response.body).error_description).toContain(words);
  });

  it.each([
    ['GET', keys('e'.repeat(64)), 'parameter "objectStorageEndpointID" in path is not valid: maximum string length is'],
    ['GET', keys('e1', 'k'.repeat(64)), 'parameter "objectStorageAccessKeyID" in path is not valid'],
    ['GET', `${ENDPOINTS}?regionID=`, 'parameter "regionID" in query is not valid: minimum string length is 1'],
  ])('%s %s', (method, target, words) => {
    const response = start().send(method, target);
    expect(response.status).toBe(400);
    expect(JSON.parse(response.body).error_description).toContain(words);
  });

  it.each([
    ['PATCH', keys('e1', 'k'), 405],
    ['PUT', keys('e1', 'k'), 405],
    ['DELETE', keys('e1'), 405],
    ['POST', '/api/version', 405],
    ['GET', `${keys('e1', 'k')}/rotate`, 404],
    ['GET', `${ENDPOINTS}/`, 404],
  ])('%s %s is %i', (method, target, status) => {
    expect(start().send(method, target)).toMatchObject({ status, action: null });
  });

  it('and other members pass', () => {
    expect(start().send('POST', keys('e1'), { ...body('a'), other: 1 }).status).toBe(201);
  });
});

describe('the life of a key', () => {
  it('is seen step by step', () => {
    const { create, status, send, read, exchanges } = start({
      invisible_reads: 2,
      provisioning_reads: 2,
      deprovisioning_reads: 1,
    });
    const key = create('e1', 'a');
    expect(key).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      accessKeyId: expect.stringMatching(/^[A-Z0-9]{20}$/),
      secret: expect.stringMatching(/^[\w-]{40}$/),
    });
    expect(JSON.parse(exchanges[0]?.[1].body ?? '').metadata.provisioningStatus).toBe('pending');
    expect(read('GET', keys('e1'))).toEqual([]);
    expect(send('DELETE', keys('e1', key.id)).status).toBe(404); // caches: nothing is there to be deleted yet
    expect([1, 2, 3].map(() => status('e1', key.id))).toEqual(['provisioning', 'provisioning', 'provisioned']);
    expect(send('DELETE', keys('e1', key.id))).toMatchObject({ status: 202, body: '' });
    expect(send('DELETE', keys('e1', key.id)).status).toBe(202);
    const [leaving] = read('GET', keys('e1'));
    expect(leaving.metadata).toMatchObject({
      provisioningStatus: 'deprovisioning',
      deletionTime: '2026-01-02T03:04:05Z',
    });
    expect([status('e1', key.id), read('GET', keys('e1'))]).toEqual([404, []]);
    expect(send('DELETE', keys('e1', key.id)).status).toBe(404);
  });

  it('is simple by default', () => {
    const { create, status, send } = start();
    const { id } = create('e1', 'a');
    expect([status('e1', id), status('e1', id)]).toEqual(['provisioning', 'provisioned']);
    send('DELETE', keys('e1', id));
    expect([status('e1', id), status('e1', id)]).toEqual(['deprovisioning', 404]);
  });

  it('is of one endpoint, whose id no key tells', () => {
    const { create, send, read } = start({ provisioning_reads: 0 });
    const { id } = create('e1', 'a');
    expect([send('GET', keys('e2', id)).status, send('DELETE', keys('e2', id)).status]).toEqual([404, 404]);
    expect(read('GET', keys('e2'))).toEqual([]);
    expect(send('GET', keys('e1')).body).not.toContain('"e1"');
  });

  it('ends with its endpoint', () => {
    const { create, send, read } = start();
    const { id } = create('e1', 'a');
    expect(read('GET', ENDPOINTS).map((e: { metadata: { id: string } }) => e.metadata.id)).toEqual(['e1']);
    expect(send('DELETE', `${ENDPOINTS}/e1`)).toMatchObject({ status: 202, body: '' });
    for (const target of [`${ENDPOINTS}/e1`, keys('e1'), keys('e1', id)]) expect(send('GET', target).status).toBe(404);
    expect(read('GET', ENDPOINTS)).toEqual([]);
  });
});

describe('endpoints', () => {
  it('are made, found, changed and deleted, one in a project and region', () => {
    const { makeEndpoint, read, send, create } = start();
    const { metadata, spec, status } = JSON.parse(makeEndpoint().body);
    expect(metadata).toMatchObject({ name: 'mine', organizationId: 'org', projectId: 'project' });
    expect(makeEndpoint().status).toBe(422);
    expect(makeEndpoint({ projectId: 'other' }).status).toBe(201);
    const found = (query: string) => read('GET', `${ENDPOINTS}?${query}`).length;
    expect(
      ['', 'projectID=project', 'projectID=project&projectID=other', 'projectID=none', 'tag=team%3Da', 'tag=team%3Db']
        .concat([`regionID=${status.regionId}`, 'regionID=x', 'organizationID=org'])
        .map(found),
    ).toEqual([2, 1, 2, 0, 2, 0, 2, 0, 2]);
    expect(read('GET', `/api/v1/objectstorageendpointclasses?regionID=x`)).toEqual([]);

    // Only its own policies and the built-in one.
    create(metadata.id, 'a', 'system-default-admin');
    create(metadata.id, 'b');
    expect(send('POST', keys(metadata.id), body('c', 'other')).status).toBe(422);
    const change = (identityPolicies: Json) =>
      send('PUT', `${ENDPOINTS}/${metadata.id}`, { metadata: { name: 'x' }, spec: { identityPolicies } });
    expect(change([{ name: 'other', document: {} }]).status).toBe(409);
    const more = [...spec.identityPolicies, { name: 'other', document: {} }];
    expect(change([...more, more[0]]).status).toBe(422);
    expect(change(more).status).toBe(202);
    expect(send('POST', keys(metadata.id), body('c', 'other')).status).toBe(201);
    // Without `spec` the policies stay.
    send('PUT', `${ENDPOINTS}/${metadata.id}`, { metadata: { name: 'y' } });
    const now = read('GET', `${ENDPOINTS}/${metadata.id}`);
    expect([now.metadata.name, now.spec.identityPolicies]).toEqual(['y', more]);
    expect(now.metadata).not.toHaveProperty('tags');
  });

  it('exist by any name that is a DNS label', () => {
    const { send } = start();
    expect(['e1', 'a-b', 'E1', '-a', 'a_b'].map((id) => send('GET', keys(id)).status)).toEqual([
      200, 200, 404, 404, 404,
    ]);
  });
});

describe('options', () => {
  it.each([
    [{ duplicate_names: 'refuse' }, body('a'), 422],
    [{ duplicate_names: 'allow' }, body('a'), 201],
    [{ key_quota: 1 }, body('b'), 422],
    [{ key_quota: 1, quota_status: 403 }, body('b'), 403],
    [{ policies: ['bucket-admin'] }, body('b', 'other'), 422],
    [{ policies: ['bucket-admin'], unknown_policy_status: 404 }, body('b', 'other'), 404],
    [{}, body('b', ''), 422],
    [{}, body('b', 'p', { tags: [{ name: 'storage.unikorn-cloud.org:x', value: '' }] }), 201],
    [{ reserved_tags: 'refuse' }, body('b', 'p', { tags: [{ name: 'storage.unikorn-cloud.org:x', value: '' }] }), 400],
  ] as [JsonObject, JsonObject, number][])('%j: a second key %j is %i', (options, sent, status) => {
    const { create, send } = start(options);
    create('e1', 'a');
    expect(send('POST', keys('e1'), sent).status).toBe(status);
  });

  it('switch the rest of what the vendor does not publish', () => {
    const odd = start({
      endpoints: ['e1'],
      unknown_endpoint_status: 403,
      content_type_status: 415,
      used_policy: 'allow',
      unknown_class_status: 404,
      endpoints_per_project_and_region: 0,
      provisioning_ends: 'error',
      deprovisioning_ends: 'error',
      deprovisioning_reads: 0,
      provisioning_reads: 0,
    });
    expect(odd.send('GET', keys('e2')).status).toBe(403);
    const typed = { authorization: `Bearer ${odd.token}`, 'content-type': 'text/plain' };
    expect(odd.send('POST', keys('e1'), body('a'), typed).status).toBe(415);
    const { id } = odd.create('e1', 'a');
    expect(odd.status('e1', id)).toBe('error');
    const drop = { metadata: { name: 'e1' }, spec: { identityPolicies: [] } };
    expect(odd.send('PUT', `${ENDPOINTS}/e1`, drop).status).toBe(202);
    expect([odd.send('DELETE', keys('e1', id)).status, odd.status('e1', id)]).toEqual([202, 'error']);
    expect(odd.makeEndpoint({ objectStorageEndpointClassId: 'x' }).status).toBe(404);
    expect(odd.makeEndpoint().status).toBe(422);
  });

  it.each([{ qouta: 3 }, { key_quota: -1 }, { outage: 'yes' }, { endpoints: 'some' }])('%j are refused', (options) => {
    expect(() => start(options)).toThrow(/emulator of Nscale (has no option|does not take the option)/);
  });

  it('say what they are, and have a default', () => {
    expect(switches.parse({})).toMatchObject({ endpoints: 'any', provisioning_reads: 1, key_quota: null });
    for (const [name, schema] of Object.entries(switches.shape)) {
      expect(schema.description, name).toMatch(/^(\[assumed\] )?[A-Z].*\.$/);
    }
  });
});

describe('saved data', () => {
  it('bring back the same cloud and hold no secret', () => {
    const { cloud, token, create, makeEndpoint, send, clock } = start({ invisible_reads: 1, provisioning_reads: 2 });
    const [a, b] = [create('e1', 'a'), create('e1', 'b')];
    makeEndpoint();
    send('GET', keys('e1'));
    send('DELETE', keys('e1', b.id));
    send('DELETE', `${ENDPOINTS}/e2`);
    const text = JSON.stringify(cloud.save());
    for (const secret of [a.secret, b.secret, token]) expect(text).not.toContain(secret);

    const again = start({ invisible_reads: 1, provisioning_reads: 2 }, JSON.parse(text), clock);
    expect(again.cloud.settings('http://x')).toEqual(cloud.settings('http://x'));
    expect(again.send('GET', `${ENDPOINTS}/e2`).status).toBe(404);
    expect(again.send('GET', keys('e1')).body).toBe(send('GET', keys('e1')).body);
    expect(again.send('GET', ENDPOINTS).body).toBe(send('GET', ENDPOINTS).body);
    expect(again.create('e1', 'c')).toEqual(create('e1', 'c'));
    expect(again.cloud.save()).toEqual(cloud.save());
  });

  it('of another form are an error, never an empty cloud', () => {
    expect(() => start({}, {})).toThrow(/another form/);
    expect(() => start({}, { ...(start().cloud.save() as JsonObject), version: 2 })).toThrow(/another form/);
  });

  it('name the variables that point Keyform and the vendor’s tools here', () => {
    const { cloud, token } = start();
    expect(cloud.settings('http://127.0.0.1:8787')).toEqual({
      endpoint: 'http://127.0.0.1:8787',
      service_token: token,
    });
    expect(cloud.environment('http://127.0.0.1:8787')).toEqual({
      NSCALE_SERVICE_TOKEN: token,
      KEYFORM_NSCALE_ENDPOINT: 'http://127.0.0.1:8787',
      NSCALE_STORAGE_SERVICE_API_ENDPOINT: 'http://127.0.0.1:8787',
    });
  });
});

describe('claims', () => {
  const request = (path: string): EmulatorRequest => ({
    method: 'POST',
    path,
    query: new URLSearchParams(),
    headers: {},
    body: '',
  });

  it('nothing of Outscale’s, which has the same prefix, nor Outscale anything of these', async () => {
    const { cloud } = start();
    const other = (await outscale.emulator()).start({ data: null, clock: movingClock(), seed: SEED, options: {} });
    for (const path of ['/api/v1/CreateAccessKey', '/api/v1/ReadAccessKeys/', '/', '/api/v1', '/api/versions']) {
      expect(cloud.claims(request(path)), path).toBe(false);
    }
    for (const path of [ENDPOINTS, keys('e1', 'k1'), '/api/v1/objectstorageendpointclasses', '/api/version']) {
      expect([cloud.claims(request(path)), other.claims(request(path))], path).toEqual([true, false]);
    }
  });

  it('the version, which wants a token too', () => {
    const { send } = start();
    expect([send('GET', '/api/version').status, send('GET', '/api/version', undefined, {}).status]).toEqual([200, 401]);
  });
});
