import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { KeyformError } from '../../src/core/error.ts';
import { call, type Handler, later, listen, rig, serve } from './server.ts';

const unsafe = { safe: false, action: 'CreateAccessKey', body: '{"body":"BODY-SECRET"}' } as const;

async function failure(promise: Promise<unknown>): Promise<KeyformError> {
  const error = await promise.then(
    () => expect.unreachable('the call should have failed'),
    (reason) => reason,
  );
  // Whatever failed, nothing secret is told: not in the message, not in a cause.
  expect(inspect(error, { depth: 10 })).not.toMatch(/SECRET/);
  return error;
}

describe('an answer', () => {
  it('comes back whole, with its headers in lower case', async () => {
    const { origin } = await serve((request, response, _count, body) => {
      response.writeHead(201, { 'X-Request-Id': 'r-1', 'Set-Cookie': ['a=1', 'b=2'], 'X-Other': 'é'.normalize() });
      response.end(JSON.stringify({ body, agent: request.headers['user-agent'], path: request.url, ü: '€' }));
    });
    const { http, log } = rig();
    const response = await http.send(call(`${origin}/keys?token=QUERY-SECRET&page=2`, unsafe));
    expect(response.status).toBe(201);
    expect(response.headers['set-cookie']).toBe('a=1, b=2');
    expect(JSON.parse(response.body)).toEqual({
      body: unsafe.body,
      agent: 'keyform/1.2.3',
      path: '/keys?token=QUERY-SECRET&page=2',
      ü: '€',
    });
    expect(log).toEqual([
      {
        action: 'CreateAccessKey',
        owner: null,
        method: 'POST',
        url: `${origin}/keys?token&page`,
        attempt: 0,
        status: 201,
        error: null,
        durationMs: 0,
        sent: true,
        sentBytes: Buffer.byteLength(unsafe.body),
        receivedBytes: Buffer.byteLength(response.body),
        requestId: 'r-1',
        headers: expect.arrayContaining(['x-request-id', 'set-cookie', 'x-other']),
      },
    ]);
    expect(Object.fromEntries(http.counts())).toEqual({ CreateAccessKey: 1 });
  });

  it('that redirects is an answer, and nothing goes where it points', async () => {
    const elsewhere = await serve((_request, response) => response.end('stolen'));
    const { origin } = await serve((_request, response) =>
      response.writeHead(307, { location: elsewhere.origin }).end(),
    );
    expect((await rig().http.send(call(origin, unsafe))).status).toBe(307);
    expect(elsewhere.requests).toEqual([]);
  });

  it('may be preceded by an informational one', async () => {
    const { origin } = await serve((_request, response) => {
      response.writeEarlyHints({ link: '</x>; rel=preload' });
      response.end('whole');
    });
    expect(await rig().http.send(call(origin))).toMatchObject({ status: 200, body: 'whole' });
  });

  it('larger than the cap is refused, without another try', async () => {
    const { origin, requests } = await serve((_request, response) => response.end('x'.repeat(2000)));
    const error = await failure(rig({ maxBody: 1000 }).http.send(call(origin)));
    expect(error.code).toBe('malformed-answer');
    expect(requests).toHaveLength(1);
    expect((await failure(rig({ maxBody: 1000 }).http.send(call(origin, unsafe)))).code).toBe('outcome-unknown');
  });
});

describe('repeating', () => {
  const statuses =
    (list: number[]): Handler =>
    (_request, response, count) => {
      response.writeHead(list[Math.min(count, list.length - 1)] ?? 500).end(String(count));
    };

  it.each([
    { what: 'final', safe: true, list: [404], tries: 1, status: 404 },
    { what: 'transient, safe', safe: true, list: [500, 503, 200], tries: 3, status: 200 },
    { what: 'transient, unsafe', safe: false, list: [500, 200], tries: 1, status: 500 },
    { what: 'throttled, unsafe', safe: false, list: [429, 429, 200], tries: 3, status: 200 },
    { what: 'throttled for ever', safe: true, list: [429], tries: 5, status: 429 },
  ])('$what: $tries sent, HTTP $status comes back', async ({ safe, list, tries, status }) => {
    const { origin, requests } = await serve(statuses(list));
    const { http, clock, log } = rig();
    const attempts: number[] = [];
    const base = call(origin, { safe });
    const build = (attempt: number) => {
      attempts.push(attempt);
      return base.build(attempt);
    };
    expect((await http.send({ ...base, build })).status).toBe(status);
    expect(requests).toHaveLength(tries);
    expect(attempts).toEqual([...Array(tries).keys()]);
    expect(log.map((entry) => entry.attempt)).toEqual(attempts);
    // Half of 500, 1000, 2000, 4000: full jitter with chance held at one half.
    expect(clock.sleeps).toEqual([250, 500, 1000, 2000].slice(0, tries - 1));
    expect(http.counts().get('ReadAccessKeys')).toBe(tries);
  });

  it.each([
    { what: 'seconds', header: '7', waits: [7250] },
    { what: 'a date', header: 'Fri, 02 Jan 2026 03:04:15 GMT', waits: [10_250] },
    { what: 'a date gone by', header: 'Fri, 02 Jan 2026 03:00:00 GMT', waits: [250] },
    {
      what: 'a date of a server whose clock is wrong',
      header: 'Mon, 05 Jan 2026 00:00:10 GMT',
      date: 'Mon, 05 Jan 2026 00:00:00 GMT',
      waits: [10_250],
    },
    { what: 'nonsense', header: 'soon', waits: [250] },
    { what: 'more than a run can wait', header: '121', waits: [] },
    { what: 'what the judge says instead', header: '121', judged: 40, waits: [290] },
  ])('Retry-After with $what', async ({ header, date, waits, judged }) => {
    const { origin } = await serve((_request, response, count) => {
      // Node would put in the machine's time, and the client has another.
      response.sendDate = false;
      response
        .writeHead(count === 0 ? 429 : 200, { 'retry-after': header, ...(date === undefined ? {} : { date }) })
        .end();
    });
    const { http, clock } = rig();
    const judge = ({ status }: { status: number }) => {
      if (status !== 429) return 'final' as const;
      return judged === undefined ? ('throttled' as const) : { verdict: 'throttled' as const, retryAfterMs: judged };
    };
    expect((await http.send(call(origin, { judge, safe: false }))).status).toBe(waits.length === 0 ? 429 : 200);
    expect(clock.sleeps).toEqual(waits);
  });

  it('never waits longer than the cap', async () => {
    const { origin } = await serve(statuses([503]));
    const { http, clock } = rig({ maxAttempts: 9, random: { bytes: () => new Uint8Array(), fraction: () => 0.999 } });
    await http.send(call(origin));
    expect(Math.max(...clock.sleeps)).toBeLessThan(30_000);
    expect(clock.sleeps.at(-1)).toBeGreaterThan(29_000);
  });
});

describe('before anything was sent', () => {
  async function closedPort(): Promise<number> {
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    return port;
  }

  it.each([{ safe: true }, { safe: false }])('a refused connection is tried again (safe: $safe)', async ({ safe }) => {
    const origin = `http://127.0.0.1:${await closedPort()}`;
    const { http, clock, log } = rig();
    const error = await failure(http.send(call(`${origin}/x?q=SECRET`, { safe })));
    expect(error.code).toBe('unreachable');
    expect(error.message).toBe(`ReadAccessKeys: cannot reach ${origin}: connection refused`);
    expect(error.detail).toMatch(/Nothing was sent.*Tried 5 times.*HTTPS_PROXY/);
    expect(clock.sleeps).toHaveLength(4);
    expect(log).toHaveLength(5);
    expect(log[0]).toMatchObject({ status: null, error: 'ECONNREFUSED', sent: false, sentBytes: 0 });
    expect(http.counts().size).toBe(0);
  });

  it('refused connections do not block one another', async () => {
    const origin = `http://127.0.0.1:${await closedPort()}`;
    const { http } = rig({ maxAttempts: 2, connections: 3 });
    const errors = await Promise.all(Array.from({ length: 25 }, () => failure(http.send(call(origin)))));
    expect(errors.map((error) => error.code)).toEqual(Array(25).fill('unreachable'));
  });

  it('an unsafe call goes through when the server comes up', async () => {
    const port = await closedPort();
    const { http, clock } = rig();
    clock.onSleep = () => {
      clock.onSleep = () => {};
      const server = createServer((socket) => {
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nup'));
      });
      server.listen(port, '127.0.0.1');
      later(() => server.close());
    };
    expect((await http.send(call(`http://127.0.0.1:${port}`, unsafe))).body).toBe('up');
    expect(http.counts().get('CreateAccessKey')).toBe(1);
  });

  it('an unknown host name fails at once', async () => {
    // A label of 64 characters is no host name anywhere, so no name server is asked.
    const { http, clock } = rig();
    const error = await failure(http.send(call(`https://${'a'.repeat(64)}.invalid/`)));
    expect(error).toMatchObject({ code: 'unreachable', message: expect.stringMatching(/no such host name$/) });
    expect(clock.sleeps).toEqual([]);
  });

  it.each([
    ['http://example.com/', /plain http:\/\//],
    ['http://10.0.0.1/', /plain http:\/\//],
    ['http://127.0.0.1.example.com/', /plain http:\/\//],
    ['http://localhost.example.com/', /plain http:\/\//],
    ['https://user:SECRET@127.0.0.1/', /credentials in its URL/],
    ['ftp://127.0.0.1/', /scheme is ftp:/],
    ['127.0.0.1:80/SECRET', /not a URL/],
  ])('%s is refused', async (url, message) => {
    const { http, log } = rig();
    const error = await failure(http.send(call(url)));
    expect(error).toMatchObject({ code: 'invalid-configuration', message: expect.stringMatching(message) });
    expect(log).toEqual([]);
  });

  it.each(['127.0.0.1', '127.1', 'localhost'])('plain http:// to %s is taken', async (host) => {
    const { origin } = await serve((_request, response) => response.end('here'));
    const port = new URL(origin).port;
    expect((await rig().http.send(call(`http://${host}:${port}/`))).body).toBe('here');
  });

  it('a header that HTTP cannot carry is named, without its value', async () => {
    const { origin, requests } = await serve((_request, response) => response.end());
    const error = await failure(
      rig().http.send({
        ...call(origin),
        build: () => ({ method: 'GET', url: origin, headers: { Authorization: 'SECRET\n' } }),
      }),
    );
    expect(error).toMatchObject({ code: 'invalid-configuration', message: expect.stringMatching(/authorization/) });
    expect(requests).toEqual([]);
  });
});

describe('after the request was sent', () => {
  const cases: { what: string; handler: Handler; reason: RegExp }[] = [
    { what: 'reset', handler: (request) => request.socket.resetAndDestroy(), reason: /reset|closed/ },
    { what: 'hung up', handler: (request) => request.socket.destroy(), reason: /closed by the other side/ },
    {
      what: 'body shorter than its length',
      handler: (request, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{"secret":"BODY-SECRET"');
        setImmediate(() => request.socket.end());
      },
      reason: /cut off|closed by the other side/,
    },
    {
      what: 'body shorter than its length, on a connection to be closed',
      handler: (request, response) => {
        response.writeHead(200, { 'content-length': '100', connection: 'close' });
        response.write('{"secret":"BODY-SECRET"');
        setImmediate(() => request.socket.end());
      },
      reason: /cut off|closed by the other side/,
    },
    {
      what: 'chunks without an end',
      handler: (request, response) => {
        response.writeHead(200, { connection: 'close' });
        response.write('{"secret":"BODY-SECRET"');
        setImmediate(() => request.socket.end());
      },
      reason: /cut off|closed by the other side/,
    },
    { what: 'no headers in time', handler: () => {}, reason: /no answer in time/ },
    {
      what: 'no end of the body in time',
      handler: (_request, response) => {
        response.writeHead(200, { 'content-length': '100' });
        const drip = setInterval(() => response.write('x'), 20);
        response.on('close', () => clearInterval(drip));
      },
      reason: /did not end in time/,
    },
  ];
  const timeouts = { headers: 150, body: 150 };

  it.each(cases)('$what: a safe call is tried again and then times out', async ({ handler, reason }) => {
    const { origin, requests } = await serve(handler);
    const { http, log } = rig({ timeouts, maxAttempts: 2 });
    const error = await failure(http.send(call(origin)));
    expect(error.code).toBe('timeout');
    expect(error.message).toMatch(reason);
    expect(requests).toHaveLength(2);
    expect(log.map((entry) => entry.status)).toEqual([null, null]);
  });

  it.each(cases)('$what: an unsafe call is sent once, and its outcome is unknown', async ({ handler, reason }) => {
    const { origin, requests } = await serve(handler);
    const { http, clock } = rig({ timeouts });
    const error = await failure(http.send(call(origin, unsafe)));
    expect(error.code).toBe('outcome-unknown');
    expect(error.message).toMatch(reason);
    expect(error.message).toContain(`CreateAccessKey: the request went to ${origin}`);
    expect(requests).toHaveLength(1);
    expect(clock.sleeps).toEqual([]);
  });

  it('a safe call that is answered at the second try succeeds', async () => {
    const { origin } = await serve((request, response, count) => {
      if (count === 0) request.socket.resetAndDestroy();
      else response.end('second');
    });
    expect((await rig().http.send(call(origin))).body).toBe('second');
  });

  it('what is no HTTP is told as such, and not shown', async () => {
    const server = createServer((socket) => {
      socket.once('data', () => socket.end('SSH-2.0-SECRET\r\n\r\n'));
    });
    const origin = `http://127.0.0.1:${await listen(server)}`;
    expect((await failure(rig().http.send(call(origin)))).code).toBe('malformed-answer');
    expect((await failure(rig().http.send(call(origin, unsafe)))).code).toBe('outcome-unknown');
  });
});

describe('connections', () => {
  it('are kept for safe calls and new for each unsafe one', async () => {
    const ports: (number | undefined)[] = [];
    const closing: (string | undefined)[] = [];
    const { origin } = await serve((request, response) => {
      ports.push(request.socket.remotePort);
      closing.push(request.headers.connection);
      response.end();
    });
    const { http } = rig();
    for (const safe of [true, true, false, false, true]) await http.send(call(origin, { safe }));
    expect(closing).toEqual(['keep-alive', 'keep-alive', 'close', 'close', 'keep-alive']);
    expect(new Set(ports).size).toBe(3);
    expect(ports[4]).toBe(ports[0]);
  });

  it('are no more than the limit, and all calls get their turn', async () => {
    let open = 0;
    let most = 0;
    const { origin, server } = await serve((_request, response) => setTimeout(() => response.end(), 5));
    server.on('connection', (socket) => {
      open += 1;
      most = Math.max(most, open);
      socket.on('close', () => {
        open -= 1;
      });
    });
    const { http } = rig({ connections: 4 });
    await Promise.all(Array.from({ length: 60 }, () => http.send(call(origin, unsafe))));
    expect(most).toBeLessThanOrEqual(4);
    expect(http.counts().get('CreateAccessKey')).toBe(60);
  });

  it('are closed by close, which waits for what is under way', async () => {
    const { origin } = await serve((_request, response) => setTimeout(() => response.end('done'), 50));
    const { http } = rig();
    const sending = http.send(call(origin, unsafe));
    await http.close();
    expect((await sending).body).toBe('done');
    expect((await failure(http.send(call(origin)))).code).toBe('internal');
  });
});

describe('abort', () => {
  it('before sending: nothing is sent', async () => {
    const { origin, requests } = await serve((_request, response) => response.end());
    const { http } = rig();
    const aborted = AbortSignal.abort(new Error('Ctrl-C'));
    expect((await failure(http.send(call(origin, { signal: aborted })))).code).toBe('cancelled');
    // While the request is being made.
    const stop = new AbortController();
    const made = call(origin, { ...unsafe, signal: stop.signal });
    const build = async () => {
      stop.abort(new Error('Ctrl-C'));
      return made.build(0);
    };
    expect((await failure(http.send({ ...made, build }))).code).toBe('cancelled');
    expect(requests).toEqual([]);
  });

  it('while it waits for a connection: nothing is sent', async () => {
    const stop = new AbortController();
    const { origin, requests } = await serve((_request, response) => {
      setTimeout(() => stop.abort(), 10);
      setTimeout(() => response.end('first'), 60);
    });
    const { http } = rig({ connections: 1 });
    const first = http.send(call(`${origin}/first`, unsafe));
    const second = http.send(call(`${origin}/second`, { ...unsafe, signal: stop.signal }));
    expect((await failure(second)).code).toBe('cancelled');
    expect((await first).body).toBe('first');
    await http.send(call(`${origin}/third`, unsafe));
    expect(requests).toEqual(['POST /first', 'POST /third']);
  });

  it('while it sleeps', async () => {
    const { origin, requests } = await serve((_request, response) => response.writeHead(429).end());
    const { http, clock } = rig();
    const stop = new AbortController();
    clock.onSleep = () => stop.abort();
    const error = await failure(http.send(call(origin, { ...unsafe, signal: stop.signal })));
    expect(error).toMatchObject({ code: 'cancelled', detail: 'Nothing of it took effect.' });
    expect(requests).toHaveLength(1);
  });

  it('does not stop a request that may change something, and its answer is received', async () => {
    const stop = new AbortController();
    const { origin } = await serve((_request, response) => {
      stop.abort();
      setTimeout(() => response.end('{"secret":"x"}'), 50);
    });
    const { http } = rig();
    expect((await http.send(call(origin, { ...unsafe, signal: stop.signal }))).body).toBe('{"secret":"x"}');
  });

  it('stops a GET under way', async () => {
    const stop = new AbortController();
    const { origin } = await serve(() => stop.abort());
    expect((await failure(rig().http.send(call(origin, { signal: stop.signal })))).code).toBe('cancelled');
  });

  it('stops a call under way that says that it only reads, whatever its method', async () => {
    const stop = new AbortController();
    const { origin } = await serve(() => stop.abort());
    const reading = call(origin, { ...unsafe, reads: true, signal: stop.signal });
    expect((await failure(rig().http.send(reading))).code).toBe('cancelled');
  });

  it('while it waits for a token', async () => {
    const { origin, requests } = await serve((_request, response) => response.end());
    const { http, clock } = rig();
    const limits = [{ bucket: 'b', perSecond: 1 }];
    await http.send(call(origin, { limits }));
    const stop = new AbortController();
    clock.onSleep = () => stop.abort();
    expect((await failure(http.send(call(origin, { limits, signal: stop.signal })))).code).toBe('cancelled');
    expect(requests).toHaveLength(1);
  });
});
