import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baseUrl } from '../../../src/core/endpoint.ts';
import { SecretArrivedError } from '../../../src/core/error.ts';
import type { HttpPort, HttpResponse } from '../../../src/core/http.ts';
import { Secret } from '../../../src/core/secret.ts';
import { TokenKeeper } from '../../../src/core/token.ts';
import { tokenSource } from '../../../src/providers/nscale/auth.ts';
import { Client } from '../../../src/providers/nscale/client.ts';
import { answer, ENDPOINT, failure, fault, SECRET, scripted, TOKEN } from './script.ts';

const METADATA = {
  id: '4c1de9c4-8d6c-4b32-8413-42e0b070d5d4',
  name: 'ci',
  description: 'for CI',
  tags: [{ name: 'team', value: 'a' }],
  creationTime: '2024-05-31T14:11:00Z',
  createdBy: 'john.doe@acme.com',
  provisioningStatus: 'provisioned',
  healthStatus: 'healthy',
  organizationId: 'org',
  projectId: 'project',
};
// Neither form of the S3 id nor length of the secret as documented: the vendor's own examples are not either.
const SPEC = { identityPolicy: 'bucket-admin', accessKeyId: 'AKIA-EXAMPLE-ACCESS-KEY-ID' };
const KEY = { metadata: METADATA, spec: SPEC };
const CREATED = { metadata: METADATA, spec: { ...SPEC, secret: SECRET } };
const READ = {
  id: METADATA.id,
  accessKeyId: SPEC.accessKeyId,
  name: 'ci',
  description: 'for CI',
  tags: { team: 'a' },
  identityPolicy: 'bucket-admin',
  createdAt: '2024-05-31T14:11:00Z',
  deletedAt: null,
  provisioningStatus: 'provisioned',
  healthStatus: 'healthy',
  organizationId: 'org',
  projectId: 'project',
  createdBy: 'john.doe@acme.com',
  modifiedAt: null,
  modifiedBy: null,
};
const NEW = { name: 'ci', description: null, tags: null, identityPolicy: 'bucket-admin' };

function client(http: HttpPort, endpoint = ENDPOINT): Client {
  const tokens = new TokenKeeper(tokenSource(new Secret(TOKEN)), { now: () => 0 });
  return new Client({ http, baseUrl: baseUrl(endpoint), tokens });
}

const CALLS = {
  ListAccessKeys: (c: Client) => c.list('e1'),
  CreateAccessKey: (c: Client) => c.create('e1', NEW),
  GetAccessKey: (c: Client) => c.get('e1', 'k1'),
  DeleteAccessKey: (c: Client) => c.delete('e1', 'k1'),
} as const;
type Action = keyof typeof CALLS;
const ACTIONS = Object.keys(CALLS) as Action[];

describe('requests', () => {
  const path = '/api/v1/objectstorageendpoints/e1/accesskeys';
  const body = '{"metadata":{"name":"ci"},"spec":{"identityPolicy":"bucket-admin"}}';
  it.each([
    ['ListAccessKeys', answer(200, []), 'GET', path, undefined],
    ['CreateAccessKey', answer(201, CREATED), 'POST', path, body],
    ['GetAccessKey', answer(200, KEY), 'GET', `${path}/k1`, undefined],
    ['DeleteAccessKey', answer(202), 'DELETE', `${path}/k1`, undefined],
  ] as const)('%s', async (action, response, method, path, body) => {
    const http = scripted({ [action]: response });
    await CALLS[action](client(http));
    const sent = http.sent[0];
    expect(sent?.call).toMatchObject({ action, safe: action !== 'CreateAccessKey', owner: 'endpoint e1' });
    expect(sent?.request).toEqual({
      method,
      url: `${ENDPOINT}${path}`,
      headers: {
        authorization: `Bearer ${TOKEN}`,
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
    });
  });

  it('carry tags as a list in the order of their names, which means nothing', async () => {
    const http = scripted({ CreateAccessKey: answer(201, CREATED) });
    const key = { ...NEW, description: 'for CI', tags: { b: '2', a: '1' } };
    await client(http).create('e1', key);
    expect(JSON.parse(http.sent[0]?.request.body ?? '')).toEqual({
      metadata: {
        name: 'ci',
        description: 'for CI',
        tags: [
          { name: 'a', value: '1' },
          { name: 'b', value: '2' },
        ],
      },
      spec: { identityPolicy: 'bucket-admin' },
    });
  });

  it('go below the endpoint, with its path prefix', async () => {
    const http = scripted({ ListAccessKeys: answer(200, []) });
    await client(http, 'https://Gateway.example/nscale/').list('e1');
    expect(http.sent[0]?.request.url).toBe(
      'https://gateway.example/nscale/api/v1/objectstorageendpoints/e1/accesskeys',
    );
  });

  it('carry any id as one segment of the path', async () => {
    const id = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => text !== '.' && text !== '..');
    await fc.assert(
      fc.asyncProperty(id, id, async (endpoint, key) => {
        const http = scripted({ GetAccessKey: answer(200, KEY) });
        await client(http).get(endpoint, key);
        const path = new URL(http.sent[0]?.request.url ?? '').pathname.split('/').map(decodeURIComponent);
        expect(path).toEqual(['', 'api', 'v1', 'objectstorageendpoints', endpoint, 'accesskeys', key]);
      }),
    );
  });

  it.each(['', '.', '..', '\ud800'])('are not sent for the id %j', async (id) => {
    const http = scripted({ DeleteAccessKey: answer(202) });
    for (const call of [client(http).delete('e1', id), client(http).delete(id, 'k1')]) {
      expect((await failure(call)).code).toBe('invalid-argument');
    }
    expect(http.sent).toEqual([]);
  });
});

describe('answers', () => {
  it('metadata.id is the key’s id, spec.accessKeyId what clients send, and the secret is wrapped', async () => {
    const http = scripted({ CreateAccessKey: answer(201, { ...CREATED, new: 1 }) });
    const { key, secret } = await client(http).create('e1', NEW);
    expect(key).toEqual(READ);
    expect([String(secret), secret.reveal()]).toEqual(['(sensitive)', SECRET]);
  });

  it.each([
    [{ metadata: { description: '', tags: [] } }, { description: null, tags: null }],
    [{ metadata: { description: undefined, tags: undefined } }, { description: null, tags: null }],
    [{ metadata: { creationTime: '2024-05-31T16:11:00+02:00' } }, { createdAt: '2024-05-31T14:11:00.000Z' }],
    [{ metadata: { deletionTime: '2024-06-01T00:00:00Z' } }, { deletedAt: '2024-06-01T00:00:00Z' }],
    // A word of an edition that is not out yet.
    [{ metadata: { provisioningStatus: 'rehydrating' } }, { provisioningStatus: 'rehydrating' }],
    [
      { metadata: { createdBy: 'ci', modifiedTime: '2024-06-01T02:00:00+02:00', modifiedBy: 'eve' } },
      { createdBy: 'ci', modifiedAt: '2024-06-01T00:00:00.000Z', modifiedBy: 'eve' },
    ],
    [{ metadata: { createdBy: undefined } }, { createdBy: null }],
    [{ spec: { accessKeyId: null } }, { accessKeyId: null }],
    [{ spec: { accessKeyId: undefined } }, { accessKeyId: null }],
  ] as [{ metadata?: object; spec?: object }, object][])('are read: %j', async (wire, read) => {
    const changed = { metadata: { ...METADATA, ...wire.metadata }, spec: { ...SPEC, ...wire.spec } };
    const http = scripted({ GetAccessKey: answer(200, changed), ListAccessKeys: answer(200, [changed]) });
    expect(await client(http).get('e1', 'k1')).toEqual({ ...READ, ...read });
    expect(await client(http).list('e1')).toEqual([{ ...READ, ...read }]);
  });

  const html = answer(200, `<html>${SECRET}</html>`, { 'content-type': 'text/html' });
  const without = (part: object, name: string): object => ({ ...part, [name]: undefined });
  it.each([
    ['ListAccessKeys', 'a login page', html, 'malformed-answer', 'not JSON'],
    ['ListAccessKeys', 'null in place of a bare array', answer(200, 'null'), 'malformed-answer', 'its root'],
    ['ListAccessKeys', 'an object around the array', answer(200, { items: [] }), 'malformed-answer', 'its root'],
    ['ListAccessKeys', 'an empty object', answer(200, {}), 'malformed-answer', 'its root'],
    ['ListAccessKeys', 'nothing', answer(200), 'malformed-answer', 'not JSON'],
    [
      'ListAccessKeys',
      'a key without an id',
      answer(200, [KEY, { metadata: without(METADATA, 'id'), spec: SPEC }]),
      'malformed-answer',
      '"[1].metadata.id"',
    ],
    [
      'GetAccessKey',
      'no status',
      answer(200, { metadata: without(METADATA, 'provisioningStatus'), spec: SPEC }),
      'malformed-answer',
      '"metadata.provisioningStatus"',
    ],
    [
      'GetAccessKey',
      'no date',
      answer(200, { metadata: { ...METADATA, creationTime: 'yesterday' }, spec: SPEC }),
      'malformed-answer',
      '"metadata.creationTime"',
    ],
    ['GetAccessKey', 'a redirect', answer(302), 'malformed-answer', 'HTTP 302'],
    ['DeleteAccessKey', 'a login page', html, 'malformed-answer', 'not JSON'],
    ['CreateAccessKey', 'a login page', html, 'outcome-unknown', 'not JSON'],
    ['CreateAccessKey', 'nothing', answer(201), 'outcome-unknown', 'not JSON'],
    ['CreateAccessKey', 'a redirect', answer(302), 'outcome-unknown', 'HTTP 302'],
    ['CreateAccessKey', 'no secret', answer(201, KEY), 'outcome-unknown', '"spec.secret"'],
    [
      'CreateAccessKey',
      'an empty secret',
      answer(201, { metadata: METADATA, spec: { ...SPEC, secret: '' } }),
      'outcome-unknown',
      '"spec.secret"',
    ],
  ] as const)('to %s with %s are refused', async (action, _, response, code, words) => {
    const http = scripted({ [action]: response });
    const error = await failure(CALLS[action](client(http)));
    expect(error).toMatchObject({ code, vendor: { status: response.status } });
    expect(error.message).toContain(words);
    expect(error.message).toContain(`${action} of`);
    expect(error).not.toBeInstanceOf(SecretArrivedError);
    expect(http.sent).toHaveLength(1);
  });

  it.each([
    ['no S3 id', { metadata: METADATA, spec: { identityPolicy: 'p', accessKeyId: null, secret: SECRET } }, METADATA.id],
    ['no date', { metadata: without(METADATA, 'creationTime'), spec: { ...SPEC, secret: SECRET } }, METADATA.id],
    ['no id', { metadata: without(METADATA, 'id'), spec: { ...SPEC, secret: SECRET } }, null],
    ['nothing but the secret', { spec: { secret: SECRET } }, null],
  ])('to a create with %s keep the secret that arrived', async (_, body, id) => {
    const error = await failure(client(scripted({ CreateAccessKey: answer(201, body) })).create('e1', NEW));
    expect(error).toBeInstanceOf(SecretArrivedError);
    const { secret, keyId } = error as SecretArrivedError;
    expect([secret.reveal(), keyId]).toEqual([SECRET, id]);
  });

  it('to a delete may be empty or an object', async () => {
    for (const body of ['', '{}', ' \n']) {
      expect(await client(scripted({ DeleteAccessKey: answer(202, body) })).delete('e1', 'k1')).toBe(true);
    }
  });
});

it('an answer that is not as documented names the request', async () => {
  const response = { ...answer(200, null), headers: { 'x-request-id': `r-${TOKEN}` } };
  const error = await failure(client(scripted({ ListAccessKeys: response })).list('e1'), [TOKEN]);
  expect(error).toMatchObject({ code: 'malformed-answer', vendor: { requestId: 'r-(sensitive)' } });
});

describe('error answers', () => {
  const echo = `you sent Bearer ${TOKEN}`;
  const challenge = { 'www-authenticate': `Bearer error="access_denied",error_description="${echo}"` };
  const unknown = { CreateAccessKey: 'outcome-unknown' } as const;
  const gone = { GetAccessKey: null, DeleteAccessKey: false } as const;
  const rows: [number, string | null, HttpResponse, string, Partial<Record<Action, string | null | false>>][] = [
    [400, 'invalid_request', fault(400, 'invalid_request', echo), 'invalid-argument', {}],
    [400, null, answer(400, '<html>bad'), 'invalid-argument', {}],
    [401, 'access_denied', fault(401, 'access_denied', echo), 'unauthorized', {}],
    [401, 'access_denied', answer(401, '', challenge), 'unauthorized', {}],
    [401, null, answer(401), 'unauthorized', {}],
    [403, 'forbidden', fault(403, 'forbidden', echo), 'forbidden', {}],
    [404, 'not_found', fault(404, 'not_found', 'resource not found'), 'not-found', gone],
    [404, null, answer(404, `<html>${echo}`), 'malformed-answer', {}],
    [404, null, answer(404), 'malformed-answer', {}],
    [404, 'no_such_route', answer(404, { error: 'no_such_route' }), 'malformed-answer', {}],
    [404, null, answer(404, '', { 'www-authenticate': 'Bearer error="not_found"' }), 'malformed-answer', {}],
    [405, 'method_not_allowed', fault(405, 'method_not_allowed'), 'malformed-answer', {}],
    [408, null, answer(408), 'unavailable', unknown],
    [409, 'conflict', fault(409, 'conflict', echo), 'conflict', {}],
    [413, 'request_entity_too_large', fault(413, 'request_entity_too_large'), 'invalid-argument', {}],
    [415, 'unsupported_media_type', fault(415, 'unsupported_media_type'), 'malformed-answer', {}],
    [422, 'unprocessable_content', fault(422, 'unprocessable_content', echo), 'invalid-argument', {}],
    [429, null, answer(429), 'throttled', {}],
    [500, 'server_error', fault(500, 'server_error', echo), 'unavailable', unknown],
    [502, null, answer(502, `<html>${echo}`), 'unavailable', unknown],
  ];
  const table = rows.flatMap(([status, said, response, code, special]) =>
    ACTIONS.map((action) => ({ action, status, said, response, code: action in special ? special[action] : code })),
  );

  it.each(table)('$action: HTTP $status, $said is $code', async ({ action, status, said, response, code }) => {
    const http = scripted({ [action]: response });
    const outcome = CALLS[action](client(http));
    if (typeof code !== 'string') {
      expect(await outcome).toBe(code);
      return;
    }
    const error = await failure(outcome);
    expect(error.code).toBe(code);
    expect(error.message).toContain(`Nscale ${action} of `);
    expect(error.message).toContain('endpoint e1');
    if (action === 'CreateAccessKey') expect(error.message).toContain('"ci"');
    expect(error.vendor).toMatchObject({ status, code: said });
    if (said !== null && response.body.includes('trace_id')) expect(error.vendor?.requestId).toBe('trace-1');
    if (JSON.stringify(response).includes(TOKEN) && said !== null) {
      expect(error.vendor?.message).toBe('you sent Bearer (sensitive)');
    }
    expect(http.sent).toHaveLength(1);
    const transient = status >= 500 || status === 408;
    expect(http.sent[0]?.verdict).toBe(status === 429 ? 'throttled' : transient ? 'transient' : 'final');
  });

  it('carry the vendor’s words, cut to 500 characters', async () => {
    const http = scripted({ ListAccessKeys: fault(403, 'forbidden', 'x'.repeat(600)) });
    const error = await failure(client(http).list('e1'));
    expect(error.vendor).toEqual({
      status: 403,
      code: 'forbidden',
      message: 'x'.repeat(500),
      requestId: 'trace-1',
    });
  });

  it('tell the log their trace id, or else the usual header', async () => {
    const http = scripted({ ListAccessKeys: answer(200, []) });
    await client(http).list('e1');
    const requestId = http.sent[0]?.call.requestId;
    expect(requestId?.(fault(500, 'server_error'))).toBe('trace-1');
    expect(requestId?.(answer(502, '<html>', { 'x-request-id': `r-1 ${TOKEN}` }))).toBe('r-1 (sensitive)');
    expect(requestId?.(answer(200, '[]', { 'x-request-id': 'r-2' }))).toBe('r-2');
    expect(requestId?.(answer(200, '[]'))).toBeNull();
  });

  it('a 401 is remembered: the token is sent once, whatever else is asked', async () => {
    const http = scripted({ GetAccessKey: fault(401, 'access_denied'), CreateAccessKey: answer(201, CREATED) });
    const c = client(http);
    for (const call of [c.get('e1', 'k1'), c.get('e1', 'k1')]) await failure(call);
    expect((await failure(c.create('e1', NEW))).code).toBe('unauthorized');
    expect(http.sent.filter(({ call }) => call.action === 'CreateAccessKey')).toEqual([]);
  });
});
