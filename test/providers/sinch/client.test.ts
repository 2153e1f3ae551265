import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baseUrl } from '../../../src/core/endpoint.ts';
import { SecretArrivedError } from '../../../src/core/error.ts';
import type { HttpPort, HttpResponse } from '../../../src/core/http.ts';
import { TokenKeeper } from '../../../src/core/token.ts';
import { sourceOf } from '../../../src/providers/sinch/auth.ts';
import { Client } from '../../../src/providers/sinch/client.ts';
import { answer, BASIC, CREDENTIAL, failure, fault, movingClock, scripted, tokenAnswer } from './script.ts';

const SECRETS = ['not-a-real-secret', BASIC.slice('Basic '.length), 'token-1', 'token-2', 'created-secret'];
const KEY = {
  accessKeyId: 'k1',
  displayName: 'ci',
  projectId: 'p1',
  createTime: '2024-09-05T08:37:17.025Z',
  updateTime: '2024-09-05T08:37:17.025Z',
};
const READ = {
  accessKeyId: 'k1',
  displayName: 'ci',
  createTime: '2024-09-05T08:37:17.025Z',
  updateTime: '2024-09-05T08:37:17.025Z',
};
const CREATED = { accessKey: KEY, secret: 'created-secret' };

function client(http: HttpPort, options: { endpoint?: string; pageSize?: number; basic?: boolean } = {}): Client {
  const mode = options.basic === true ? 'basic' : 'oauth2';
  const clock = movingClock();
  return new Client({
    http,
    tokens: new TokenKeeper(sourceOf({ http, clock }, 'https://auth.sinch.com', CREDENTIAL, mode), clock),
    credential: CREDENTIAL,
    mode,
    baseUrl: baseUrl(options.endpoint ?? 'https://accesskey.api.sinch.com'),
    ...(options.pageSize === undefined ? {} : { pageSize: options.pageSize }),
  });
}

const CALLS = {
  ListAccessKeys: (c: Client) => c.list('p1'),
  CreateAccessKey: (c: Client) => c.create('p1', 'ci'),
  GetAccessKey: (c: Client) => c.get('p1', 'k1'),
  UpdateAccessKey: (c: Client) => c.update('p1', 'k1', 'ci'),
  DeleteAccessKey: (c: Client) => c.delete('p1', 'k1'),
} as const;
type Action = keyof typeof CALLS;
const ACTIONS = Object.keys(CALLS) as Action[];

function expecting(action: Action, ...answers: HttpResponse[]): ReturnType<typeof scripted> {
  return scripted({ GetToken: [tokenAnswer('token-1'), tokenAnswer('token-2')], [action]: answers });
}

describe('requests', () => {
  it.each([
    ['ListAccessKeys', answer(200, { accessKeys: [] }), 'GET', '/v1/projects/p1/accessKeys?pageSize=1000', undefined],
    ['CreateAccessKey', answer(200, CREATED), 'POST', '/v1/projects/p1/accessKeys', '{"displayName":"ci"}'],
    ['GetAccessKey', answer(200, KEY), 'GET', '/v1/projects/p1/accessKeys/k1', undefined],
    ['UpdateAccessKey', answer(200, KEY), 'PATCH', '/v1/projects/p1/accessKeys/k1', '{"displayName":"ci"}'],
    ['DeleteAccessKey', answer(200), 'DELETE', '/v1/projects/p1/accessKeys/k1', undefined],
  ] as const)('%s', async (action, response, method, path, body) => {
    const http = expecting(action, response);
    await CALLS[action](client(http));
    const sent = http.sent[1];
    expect(sent).toMatchObject({ action, safe: action !== 'CreateAccessKey', request: { method } });
    expect(sent?.request.url).toBe(`https://accesskey.api.sinch.com${path}`);
    expect(sent?.request.body).toBe(body);
    expect(sent?.request.headers).toEqual({
      authorization: 'Bearer token-1',
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    });
  });

  it.each([
    ['https://Gateway.example/sinch/eu/', 'https://gateway.example/sinch/eu/v1/projects/p1/accessKeys/k1'],
    ['https://gateway.example/', 'https://gateway.example/v1/projects/p1/accessKeys/k1'],
    ['http://127.0.0.1:8787', 'http://127.0.0.1:8787/v1/projects/p1/accessKeys/k1'],
  ])('go below the endpoint %s', async (endpoint, url) => {
    const http = expecting('GetAccessKey', answer(200, KEY));
    await client(http, { endpoint }).get('p1', 'k1');
    expect(http.sent[1]?.request.url).toBe(url);
  });

  it('carry any id as one segment of the path', async () => {
    const id = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => text !== '.' && text !== '..');
    await fc.assert(
      fc.asyncProperty(id, id, async (project, key) => {
        const http = expecting('GetAccessKey', answer(200, KEY));
        await client(http).get(project, key);
        const path = new URL(http.sent[1]?.request.url ?? '').pathname.split('/');
        expect(path.map(decodeURIComponent)).toEqual(['', 'v1', 'projects', project, 'accessKeys', key]);
      }),
    );
  });

  it.each(['', '.', '..', '\ud800'])('are not sent for the id %j', async (id) => {
    const http = expecting('DeleteAccessKey', answer(200));
    for (const call of [client(http).delete('p1', id), client(http).delete(id, 'k1')]) {
      expect((await failure(call)).code).toBe('invalid-argument');
    }
    expect(http.sent).toEqual([]);
  });
});

describe('answers', () => {
  it('are read with their secret wrapped and unknown fields let pass', async () => {
    const http = expecting('CreateAccessKey', answer(200, { ...CREATED, accessKey: { ...KEY, new: { x: 1 } } }));
    const { key, secret } = await client(http).create('p1', 'ci');
    expect(key).toEqual(READ);
    expect([String(secret), secret.reveal()]).toEqual(['(sensitive)', 'created-secret']);
  });

  it.each([
    [{ createTime: '2024-09-05T10:37:17.025+02:00' }, { createTime: '2024-09-05T08:37:17.025Z' }],
    [{ createTime: '2024-09-05T08:37:17.123456789Z' }, { createTime: '2024-09-05T08:37:17.123456789Z' }],
    [
      { createTime: undefined, updateTime: null },
      { createTime: null, updateTime: null },
    ],
  ])('bring times to UTC: %j', async (wire, read) => {
    const http = expecting('GetAccessKey', answer(200, { ...KEY, ...wire }));
    expect(await client(http).get('p1', 'k1')).toEqual({ ...READ, ...read });
  });

  it('are gathered from all pages', async () => {
    const page = (ids: string[], nextPageToken?: string): HttpResponse =>
      answer(200, { accessKeys: ids.map((accessKeyId) => ({ ...KEY, accessKeyId })), nextPageToken });
    // k2 comes twice, as when a key is made between two pages; a page may be empty and not the last.
    const http = expecting('ListAccessKeys', page(['k1', 'k2'], 'a&b'), page([], 'c'), page(['k2', 'k3'], ''));
    const keys = await client(http, { pageSize: 2 }).list('p1');
    expect(keys.map((key) => key.accessKeyId)).toEqual(['k1', 'k2', 'k3']);
    expect(http.sent.slice(1).map(({ request }) => new URL(request.url).search)).toEqual([
      '?pageSize=2',
      '?pageSize=2&pageToken=a%26b',
      '?pageSize=2&pageToken=c',
    ]);
  });

  it('never end in a circle', async () => {
    const page = (nextPageToken: string): HttpResponse => answer(200, { accessKeys: [KEY], nextPageToken });
    const http = expecting('ListAccessKeys', page('a'), page('b'), page('a'));
    expect((await failure(client(http).list('p1'), SECRETS)).code).toBe('malformed-answer');
    expect(http.sent).toHaveLength(4);
  });

  const html = answer(200, '<html>created-secret</html>', { 'content-type': 'text/html' });
  it.each([
    ['ListAccessKeys', 'a login page', html, 'malformed-answer'],
    ['ListAccessKeys', 'silence about keys', answer(200, {}), 'malformed-answer'],
    ['ListAccessKeys', 'a nameless key', answer(200, { accessKeys: [{ accessKeyId: 'k' }] }), 'malformed-answer'],
    ['GetAccessKey', 'a wrapped key', answer(200, { accessKey: KEY }), 'malformed-answer'],
    ['GetAccessKey', 'no date', answer(200, { ...KEY, createTime: 'yesterday' }), 'malformed-answer'],
    ['UpdateAccessKey', 'nothing', answer(200), 'malformed-answer'],
    ['DeleteAccessKey', 'a login page', html, 'malformed-answer'],
    ['CreateAccessKey', 'a login page', html, 'outcome-unknown'],
    ['CreateAccessKey', 'nothing', answer(204), 'outcome-unknown'],
    ['CreateAccessKey', 'no secret', answer(200, { accessKey: KEY }), 'outcome-unknown'],
    ['CreateAccessKey', 'an empty secret', answer(200, { accessKey: KEY, secret: '' }), 'outcome-unknown'],
    ['CreateAccessKey', 'a redirect', answer(302), 'outcome-unknown'],
    ['GetAccessKey', 'a redirect', answer(302), 'malformed-answer'],
  ] as const)('to %s with %s are refused', async (action, _, response, code) => {
    const http = expecting(action, response);
    const error = await failure(CALLS[action](client(http)), SECRETS);
    expect(error).toMatchObject({ code, vendor: { status: response.status } });
    expect(http.sent.filter((sent) => sent.action === action)).toHaveLength(1);
  });

  it.each([
    ['no id', { displayName: 'ci' }, 'accessKey.accessKeyId', null],
    ['a name that is none', { ...KEY, displayName: 7 }, 'accessKey.displayName', 'k1'],
    ['a time that is none', { ...KEY, createTime: 'yesterday' }, 'accessKey.createTime', 'k1'],
    ['no key', undefined, 'accessKey', null],
  ])('to a create with %s keep the secret that arrived', async (_, accessKey, field, keyId) => {
    const http = expecting('CreateAccessKey', answer(200, { accessKey, secret: 'created-secret' }));
    const error = await failure(client(http).create('p1', 'ci'), SECRETS);
    if (!(error instanceof SecretArrivedError)) throw error;
    expect(error.message).toContain(`"${field}"`);
    expect(error.keyId).toBe(keyId);
    expect(error.secret.reveal()).toBe('created-secret');
  });

  it('to a delete may be empty or an empty object', async () => {
    for (const body of ['', '{}', ' \n'])
      await client(expecting('DeleteAccessKey', answer(200, body))).delete('p1', 'k1');
  });
});

describe('error answers', () => {
  // Every row of the vendor's table for every call; where one call differs, its own code is named.
  const echo = `Bearer token-1 not-a-real-secret ${BASIC}`;
  const rows: [number, string, HttpResponse, string, Partial<Record<Action, string | null>>][] = [
    [400, 'INVALID_ARGUMENT', fault(400, 'INVALID_ARGUMENT', echo), 'invalid-argument', {}],
    [
      400,
      'FAILED_PRECONDITION',
      fault(400, 'FAILED_PRECONDITION', echo),
      'invalid-state',
      { CreateAccessKey: 'quota-exceeded' },
    ],
    [400, 'no body', answer(400), 'invalid-argument', {}],
    [401, 'no body', answer(401), 'unauthorized', {}],
    [401, 'the registry’s form', answer(401, { type: 't', title: 't', detail: echo }), 'unauthorized', {}],
    [403, 'no body', answer(403), 'forbidden', {}],
    [403, 'PERMISSION_DENIED', fault(403, 'PERMISSION_DENIED', echo), 'forbidden', {}],
    [404, 'NOT_FOUND', fault(404, 'NOT_FOUND', echo), 'not-found', { GetAccessKey: null, DeleteAccessKey: null }],
    [404, 'another status', fault(404, 'UNIMPLEMENTED', echo), 'malformed-answer', {}],
    [404, 'a proxy’s page', answer(404, `<html>${echo}`), 'malformed-answer', {}],
    [404, 'no body', answer(404), 'malformed-answer', {}],
    [408, 'no body', answer(408), 'unavailable', { CreateAccessKey: 'outcome-unknown' }],
    [409, 'ALREADY_EXISTS', fault(409, 'ALREADY_EXISTS', 'Not found'), 'conflict', {}],
    [429, 'no body', answer(429), 'throttled', {}],
    [500, 'INTERNAL_ERROR', fault(500, 'INTERNAL_ERROR', echo), 'unavailable', { CreateAccessKey: 'outcome-unknown' }],
    [502, 'a proxy’s page', answer(502, `<html>${echo}`), 'unavailable', { CreateAccessKey: 'outcome-unknown' }],
    [
      503,
      'UNAVAILABLE with code 501',
      answer(503, { error: { code: 501, message: echo, status: 'UNAVAILABLE', details: [] } }),
      'unavailable',
      { CreateAccessKey: 'outcome-unknown' },
    ],
  ];
  const table = rows.flatMap(([status, name, response, code, special]) =>
    ACTIONS.map((action) => ({ action, status, name, response, code: action in special ? special[action] : code })),
  );

  it.each(table)('$action: HTTP $status, $name is $code', async ({ action, status, name, response, code }) => {
    const http = expecting(action, response);
    const outcome = CALLS[action](client(http));
    if (code === null) {
      expect(await outcome).toBe(action === 'GetAccessKey' ? null : undefined);
      return;
    }
    const error = await failure(outcome, SECRETS);
    expect(error.code).toBe(code);
    expect(error.message).toContain('p1');
    expect(error.message).toContain(action);
    if (action === 'CreateAccessKey') expect(error.message).toContain('"ci"');
    expect(error.vendor).toMatchObject({
      status,
      code: /^[A-Z_]+$/.test(name) ? name : expect.toBeOneOf([null, expect.any(String)]),
    });
    const tries = http.sent.filter((sent) => sent.action === action);
    expect(tries).toHaveLength(status === 401 ? 2 : 1);
    expect(tries[0]?.verdict).toBe(
      status === 429 ? 'throttled' : status >= 500 || status === 408 ? 'transient' : 'final',
    );
  });

  it('carry the vendor’s words, cut to 500 characters, and its request id', async () => {
    const response = { ...fault(409, 'ALREADY_EXISTS', 'x'.repeat(600)), headers: { 'x-request-id': 'r-1' } };
    const error = await failure(client(expecting('UpdateAccessKey', response)).update('p1', 'k1', 'ci'));
    expect(error.vendor).toEqual({ status: 409, code: 'ALREADY_EXISTS', message: 'x'.repeat(500), requestId: 'r-1' });
  });
});

it('a 401 in the form of the vendor-wide registry keeps its words', async () => {
  const body = { type: 'access-token-expired', title: 'Unauthorized', detail: `The token-1 expired` };
  const error = await failure(client(expecting('GetAccessKey', answer(401, body))).get('p1', 'k1'), ['token-1']);
  expect(error.vendor).toMatchObject({ code: 'access-token-expired', message: 'The (sensitive) expired' });
});

it('an answer that is not as documented names the request', async () => {
  const response = { ...answer(200, { accessKeys: null }), headers: { 'x-request-id': 'r-2' } };
  const error = await failure(client(expecting('ListAccessKeys', response)).list('p1'));
  expect(error).toMatchObject({ code: 'malformed-answer', vendor: { requestId: 'r-2' } });
});

describe('a 401', () => {
  it.each(ACTIONS)('to %s is followed by one try with a new token', async (action) => {
    const success = { CreateAccessKey: CREATED, ListAccessKeys: { accessKeys: [] } } as Record<string, unknown>;
    const http = expecting(action, answer(401), answer(200, success[action] ?? KEY));
    await CALLS[action](client(http));
    expect(http.sent.map((sent) => [sent.action, sent.request.headers.authorization])).toEqual([
      ['GetToken', BASIC],
      [action, 'Bearer token-1'],
      ['GetToken', BASIC],
      [action, 'Bearer token-2'],
    ]);
  });

  it('that stays is given up after that', async () => {
    const http = expecting('CreateAccessKey', answer(401));
    const shared = client(http);
    const error = await failure(shared.create('p1', 'ci'), SECRETS);
    expect(error.code).toBe('unauthorized');
    // Not for every further call anew.
    expect(await failure(shared.list('p1'), SECRETS)).toMatchObject({ code: 'unauthorized', message: error.message });
    expect(http.sent.map((sent) => sent.action)).toEqual([
      'GetToken',
      'CreateAccessKey',
      'GetToken',
      'CreateAccessKey',
    ]);
  });

  it('in Basic mode ends all calls of the connection', async () => {
    const http = expecting('GetAccessKey', answer(401));
    const basic = client(http, { basic: true });
    for (let i = 0; i < 3; i++) expect((await failure(basic.get('p1', 'k1'), SECRETS)).code).toBe('unauthorized');
    expect(http.sent.map((sent) => [sent.action, sent.request.headers.authorization])).toEqual([
      ['GetAccessKey', BASIC],
    ]);
  });
});
