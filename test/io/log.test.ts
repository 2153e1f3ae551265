import { describe, expect, it } from 'vitest';
import type { HttpLogEntry } from '../../src/io/http.ts';
import { createRequestLog, type LogSetting, readLogSetting } from '../../src/io/log.ts';
import { call, rig, serve } from './server.ts';

const ENTRY: HttpLogEntry = {
  action: 'ListAccessKeys',
  owner: 'project a',
  method: 'GET',
  url: 'https://api.example/v1/keys?pageToken',
  attempt: 0,
  status: 200,
  error: null,
  durationMs: 12.4,
  sent: true,
  sentBytes: 3,
  receivedBytes: 45,
  requestId: 'r-1',
  headers: ['date', 'x-request-id'],
};

function logOf(setting: LogSetting | null) {
  const lines: string[] = [];
  const log =
    setting === null
      ? null
      : createRequestLog(
          setting,
          (line) => lines.push(line),
          () => 0,
        );
  return { log, lines };
}

describe('the level', () => {
  it.each([
    [undefined, 'off', false],
    ['', 'off', false],
    ['off', 'off', false],
    ['ERROR', 'off', false],
    ['Warn', 'warn', false],
    ['info', 'info', false],
    ['DEBUG', 'debug', false],
    [' trace ', 'trace', false],
    ['JSON', 'trace', true],
  ] as const)('%j is %s', (text, level, json) => {
    expect(readLogSetting(text)).toEqual({ level, json });
  });

  it.each(['loud', '1', 'true', 'debug,trace'])('%j is none', (text) => {
    expect(readLogSetting(text)).toBeNull();
  });
});

describe('the log', () => {
  const good = ENTRY;
  const again = { ...ENTRY, attempt: 1, owner: null, action: 'GetToken', requestId: null };
  const failed = { ...ENTRY, status: 503, action: 'CreateAccessKey', method: 'POST', requestId: null };
  const silent = {
    ...ENTRY,
    status: null,
    error: 'ECONNREFUSED',
    sent: false,
    sentBytes: 0,
    requestId: null,
    headers: [],
  };

  it.each([
    ['off', []],
    [
      'warn',
      [
        '[http] CreateAccessKey POST https://api.example/v1/keys?pageToken HTTP 503 12 ms (project a, attempt 1)',
        '[http] ListAccessKeys GET https://api.example/v1/keys?pageToken no answer (ECONNREFUSED) 12 ms (project a, attempt 1)',
      ],
    ],
    [
      'info',
      [
        '[http] CreateAccessKey POST https://api.example/v1/keys?pageToken HTTP 503 12 ms (project a, attempt 1)',
        '[http] ListAccessKeys GET https://api.example/v1/keys?pageToken no answer (ECONNREFUSED) 12 ms (project a, attempt 1)',
        '[http] no owner: 1 GetToken',
        '[http] project a: 1 CreateAccessKey, 1 ListAccessKeys',
      ],
    ],
    [
      'debug',
      [
        '[http] ListAccessKeys GET https://api.example/v1/keys?pageToken HTTP 200 12 ms (project a, attempt 1, request id r-1)',
        '[http] GetToken GET https://api.example/v1/keys?pageToken HTTP 200 12 ms (attempt 2)',
        '[http] CreateAccessKey POST https://api.example/v1/keys?pageToken HTTP 503 12 ms (project a, attempt 1)',
        '[http] ListAccessKeys GET https://api.example/v1/keys?pageToken no answer (ECONNREFUSED) 12 ms (project a, attempt 1)',
        '[http] no owner: 1 GetToken',
        '[http] project a: 1 CreateAccessKey, 1 ListAccessKeys',
      ],
    ],
  ] as const)('at %s', (level, expected) => {
    const { log, lines } = logOf({ level, json: false });
    for (const entry of [good, again, failed, silent]) log?.entry(entry);
    log?.summary();
    expect(lines).toEqual(expected);
  });

  it('at trace adds sizes and the names of headers', () => {
    const { log, lines } = logOf({ level: 'trace', json: false });
    log?.entry(good);
    expect(lines).toEqual([
      '[http] ListAccessKeys GET https://api.example/v1/keys?pageToken HTTP 200 12 ms (project a, attempt 1, request id r-1, sent 3 B, received 45 B, headers date x-request-id)',
    ]);
  });

  it('as JSON is one object a line', () => {
    const { log, lines } = logOf({ level: 'trace', json: true });
    log?.entry(good);
    log?.summary();
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        '@level': 'debug',
        '@module': 'keyform.http',
        '@timestamp': '1970-01-01T00:00:00.000Z',
        status: 200,
        owner: 'project a',
      },
      { '@level': 'info', owner: 'project a', requests: { ListAccessKeys: 1 } },
    ]);
  });

  it('says nothing at the end when nothing was sent', () => {
    const { log, lines } = logOf({ level: 'debug', json: false });
    log?.summary();
    expect(lines).toEqual([]);
  });

  it('lets no label make a line of its own', () => {
    const { log, lines } = logOf({ level: 'debug', json: false });
    log?.entry({ ...good, owner: 'project a\n[http] forged\u001b[2J' });
    log?.summary();
    for (const line of lines) expect(line).not.toMatch(/\p{Cc}/u);
  });
});

describe('what the port tells it', () => {
  it('names the owner and the request id that the call finds, and no more than names of headers', async () => {
    const { origin } = await serve((_request, response) => {
      response
        .writeHead(200, { 'x-request-id': 'of-the-header', 'set-cookie': 'COOKIE-SECRET' })
        .end('{"id":"of-the-body"}');
    });
    const { http, log } = rig();
    const send = (requestId?: (body: string) => string | null) =>
      http.send({
        ...call(`${origin}/keys?token=QUERY-SECRET`, { owner: 'project a' }),
        ...(requestId === undefined ? {} : { requestId: ({ body }) => requestId(body) }),
      });
    await send();
    await send((body) => JSON.parse(body).id);
    await send(() => null);
    for (const forged of ['two words', 'a\nb', 'x'.repeat(201), '', 'HEADER-SECRET']) await send(() => forged);
    expect(log.map(({ requestId }) => requestId)).toEqual(['of-the-header', 'of-the-body', ...Array(6).fill(null)]);
    expect(
      log.every(({ owner, sent, headers }) => owner === 'project a' && sent && headers.includes('set-cookie')),
    ).toBe(true);
    expect(JSON.stringify(log)).not.toMatch(/SECRET/);
  });
});
