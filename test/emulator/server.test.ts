import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CloudEmulatorFactory } from '../../src/core/emulator.ts';
import type { FaultRuleInput } from '../../src/emulator/fault.ts';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/server.ts';
import { fakeCloud } from './fake.ts';
import { ports } from './ports.ts';

const servers: Emulator[] = [];
const log: string[] = [];
beforeEach(() => {
  log.length = 0;
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(options: Partial<EmulatorOptions> = {}): Promise<Emulator> {
  const server = await startEmulator({
    ...ports,
    clouds: [fakeCloud('fake'), fakeCloud('other')],
    port: 0,
    dataFile: null,
    onRequest: (line) => log.push(line),
    ...options,
  });
  servers.push(server);
  return server;
}

const create = (server: Emulator, name: string) => fetch(`${server.origin}/fake/items`, { method: 'POST', body: name });
const list = async (server: Emulator): Promise<string[]> => {
  const answer = (await (await fetch(`${server.origin}/fake/items`)).json()) as { items: { id: string }[] };
  return answer.items.map(({ id }) => id);
};

/** Sends a request with headers that fetch does not let a caller choose. */
function raw(
  server: Emulator,
  path: string,
  method: string,
  headers: Record<string, string>,
  body = '',
): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${server.origin}${path}`, { method, headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject);
    request.end(body);
  });
}

describe('routing', () => {
  test('a request goes to the cloud that claims it and is counted by cloud and action', async () => {
    const server = await start();
    expect((await create(server, 'a')).status).toBe(200);
    expect(await list(server)).toEqual(['a-0']);
    expect((await fetch(`${server.origin}/other/items`)).status).toBe(200);
    expect((await fetch(`${server.origin}/other/nothing?token=hush`)).status).toBe(404);
    expect(server.counts()).toEqual({ 'fake CreateItem': 1, 'fake ListItems': 1, 'other ListItems': 1, 'other -': 1 });
    expect(log.join('\n')).toMatch(/^POST \/fake\/items fake CreateItem 200 \d+ ms$/m);
    expect(log.join('\n')).not.toContain('hush');
  });

  test('a path that no cloud claims is answered 404 in JSON', async () => {
    const server = await start();
    const answer = await fetch(`${server.origin}/nobody`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual({ keyform: { error: 'no cloud that is emulated here has such a path' } });
  });

  test('a path that two clouds claim is a defect, and says so', async () => {
    const server = await start({ clouds: [fakeCloud('fake'), fakeCloud('rival', '/fake/')] });
    const answer = await create(server, 'a');
    expect(answer.status).toBe(500);
    expect(await answer.text()).toContain('fake and rival both claim this path');
  });

  test('a cloud that throws fails one request and not the server', async () => {
    const server = await start({ options: { fake: { fail: true } } });
    const answer = await create(server, 'a');
    expect(answer.status).toBe(500);
    expect(await answer.text()).toContain('defect of the emulator of fake: Error: boom');
    expect((await fetch(`${server.origin}/other/items`)).status).toBe(200);
  });

  test('a body that is too long, or is not text, is refused', async () => {
    const server = await start();
    // The client may lose the answer while it is still sending, so the server is asked.
    await create(server, 'x'.repeat((1 << 20) + 1)).catch(() => {});
    expect(log).toEqual(['POST refused: the body is longer than 1048576 bytes']);
    const bytes = await fetch(`${server.origin}/fake/items`, { method: 'POST', body: new Uint8Array([0xff, 0xfe]) });
    expect(bytes.status).toBe(400);
    expect(await list(server)).toEqual([]);
  });

  test('the target of a request is a path, not another host', async () => {
    const server = await start();
    const status = await new Promise<string>((resolve) => {
      const socket = connect(server.port, '127.0.0.1', () =>
        socket.write('GET http://elsewhere.example/fake/items HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n'),
      );
      socket.once('data', (bytes) => {
        resolve(bytes.toString().split('\r\n')[0] ?? '');
        socket.destroy();
      });
    });
    expect(status).toBe('HTTP/1.1 400 Bad Request');
  });

  test('a client that never ends its request does not hold up close', async () => {
    const server = await start();
    const socket = connect(server.port, '127.0.0.1', () =>
      socket.write('POST /fake/items HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc'),
    );
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    await list(server);
    await server.close();
    await closed;
    expect(server.counts()).toEqual({ 'fake ListItems': 1 });
  });

  test('options for a cloud that is not served, and a port that is taken, are errors in words', async () => {
    await expect(start({ options: { nope: {} } })).rejects.toMatchObject({ code: 'invalid-configuration' });
    await expect(start({ options: { fake: { colour: 1 } } })).rejects.toMatchObject({ code: 'invalid-configuration' });
    const server = await start();
    await expect(start({ port: server.port })).rejects.toMatchObject({
      code: 'invalid-usage',
      message: `The emulator cannot listen on 127.0.0.1:${server.port} (EADDRINUSE)`,
    });
  });
});

describe('faults', () => {
  const failed = async (sending: Promise<Response>) => {
    try {
      await (await sending).text();
      return false;
    } catch {
      return true;
    }
  };

  test.each([
    ['drop-before', []],
    ['drop-after', ['a-0']],
    ['cut', ['a-0']],
  ] as const)('%s breaks the exchange and leaves %j', async (kind, left) => {
    const server = await start({ faults: [{ kind, cloud: 'fake', action: 'CreateItem' }] });
    expect(await failed(create(server, 'a'))).toBe(true);
    expect(await list(server)).toEqual(left);
    expect(server.counts()['fake CreateItem']).toBe(1);
  });

  test.each([
    [{ kind: 'status', status: 503, body: { error: 'later' }, headers: { 'Retry-After': '7' } }, 503, '7', 'later'],
    [{ kind: 'throttle', retryAfterSeconds: 3, body: 'slow down' }, 429, '3', 'slow down'],
    [{ kind: 'throttle', status: 503, retryAfterSeconds: 0 }, 503, '0', '{}'],
    [{ kind: 'garbage' }, 200, null, '<html>'],
  ] as const)('%j is answered in place of the cloud, which does nothing', async (rule, status, retryAfter, text) => {
    const server = await start({ faults: [{ ...rule, action: 'CreateItem', times: 1 } as FaultRuleInput] });
    const answer = await create(server, 'a');
    expect(answer.status).toBe(status);
    expect(answer.headers.get('retry-after')).toBe(retryAfter);
    expect(await answer.text()).toContain(text);
    expect(await list(server)).toEqual([]);
    expect((await create(server, 'a')).status).toBe(200);
  });

  test.each([
    [['items', 0, 'id'], 7, '{"items":[{"id":7},{"id":"b-1"}]}'],
    [['items', 1], undefined, '{"items":[{"id":"a-0"}]}'],
    [['items'], null, '{"items":null}'],
    [['items'], undefined, '{}'],
    [[], [1], '[1]'],
    [['items', 5, 'id'], 7, '{"items":[{"id":"a-0"},{"id":"b-1"}]}'],
    [['items', 'length'], 7, '{"items":[{"id":"a-0"},{"id":"b-1"}]}'],
  ] as const)('edit changes one place of an answer: %j to %j', async (at, to, body) => {
    const server = await start();
    await create(server, 'a');
    await create(server, 'b');
    const rule = { kind: 'edit', at: [...at], ...(to === undefined ? {} : { to }), action: 'ListItems', times: 1 };
    server.addFaults([rule as FaultRuleInput]);
    expect(await (await fetch(`${server.origin}/fake/items`)).text()).toBe(body);
    expect(await list(server)).toEqual(['a-0', 'b-1']);
  });

  test('latency goes through the clock, and adds up', async () => {
    const slept: number[] = [];
    const clock = {
      ...ports.clock,
      sleep: async (ms: number) => {
        slept.push(ms);
      },
    };
    const server = await start({
      clock,
      faults: [
        { kind: 'latency', ms: 40 },
        { kind: 'latency', ms: 2 },
      ],
    });
    await list(server);
    expect(slept).toEqual([42]);
  });

  test('a request that waits is cut off, undone, when the server closes', async () => {
    const server = await start({ faults: [{ kind: 'latency', ms: 600_000 }] });
    const sending = failed(create(server, 'a'));
    while (server.counts()['fake CreateItem'] !== 1) await ports.clock.sleep(5);
    await server.close();
    expect(await sending).toBe(true);
    expect(log).toEqual([expect.stringContaining('fake CreateItem not served')]);
  });

  test('after, times and probability choose the requests', async () => {
    const chances = [0.9, 0.1, 0.9, 0.1];
    const random = { ...ports.random, fraction: () => chances.shift() ?? 1 };
    const rule = { kind: 'status', status: 500 } as const;
    const outcome = async (server: Emulator) => {
      const statuses: number[] = [];
      for (let i = 0; i < 6; i++) statuses.push((await create(server, 'a')).status);
      return statuses;
    };
    expect(await outcome(await start({ faults: [{ ...rule, after: 2, times: 3 }] }))).toEqual([
      200, 200, 500, 500, 500, 200,
    ]);
    expect(await outcome(await start({ random, faults: [{ ...rule, probability: 0.5 }] }))).toEqual([
      200, 500, 200, 500, 200, 200,
    ]);
  });

  test('hide leaves young items out of lists, and no others', async () => {
    let now = 1_000_000;
    const clock = { ...ports.clock, now: () => now };
    const server = await start({ clock });
    await create(server, 'old');
    server.addFaults([{ kind: 'hide', action: 'ListItems', field: 'id', ms: 5_000 }]);
    const made = (await (await create(server, 'new')).json()) as { item: { id: string } };
    expect(made.item.id).toBe('new-1');
    expect(await list(server)).toEqual(['old-0']);
    now += 5_000;
    expect(await list(server)).toEqual(['old-0', 'new-1']);
  });

  test('wrong rules at the start say what is wrong', async () => {
    const rules = [{ kind: 'status', status: 199 }, { kind: 'latency' }] as unknown as FaultRuleInput[];
    await expect(start({ faults: rules })).rejects.toMatchObject({
      code: 'invalid-configuration',
      message: expect.stringMatching(/rule 0, status: .*rule 1, ms: /),
    });
  });
});

describe('admin', () => {
  const json = { 'content-type': 'application/json' };
  const post = (server: Emulator, rules: unknown) =>
    fetch(`${server.origin}/_keyform/faults`, { method: 'POST', headers: json, body: JSON.stringify(rules) });

  test('faults are added, shown with their counts, and cleared', async () => {
    const server = await start();
    expect((await post(server, { kind: 'status', status: 500, cloud: 'fake' })).status).toBe(200);
    expect((await create(server, 'a')).status).toBe(500);
    const shown = (await (await fetch(`${server.origin}/_keyform/faults`)).json()) as { rules: unknown[] };
    expect(shown.rules).toMatchObject([{ rule: { kind: 'status', status: 500, cloud: 'fake' }, seen: 1, struck: 1 }]);
    await fetch(`${server.origin}/_keyform/faults`, { method: 'DELETE' });
    expect((await create(server, 'a')).status).toBe(200);
  });

  test.each([
    ['an unknown kind', { kind: 'explode' }, 'the rule, kind: must be latency, status, throttle'],
    ['an unknown field', { kind: 'cut', when: 1 }, 'the rule: Unrecognized key: "when"'],
    ['a status that ends no exchange', { kind: 'status', status: 100 }, 'the rule, status: '],
    [
      'an unknown cloud',
      [{ kind: 'cut', cloud: 'azure' }],
      'rule 0, cloud: there is no cloud "azure" here, only fake, other',
    ],
    [
      'a header that would break framing',
      { kind: 'throttle', headers: { 'Content-Length': '3' } },
      'set by the server',
    ],
    ['a header with a line break', { kind: 'throttle', headers: { a: 'b\r\nc: d' } }, 'printable ASCII'],
    ['one wrong rule of two', [{ kind: 'cut' }, { kind: 'latency', ms: -1 }], 'rule 1, ms: '],
  ])('%s is refused and nothing is taken', async (_name, rules, message) => {
    const server = await start();
    const answer = await post(server, rules);
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { keyform: { error: string } }).keyform.error).toContain(message);
    expect(await (await fetch(`${server.origin}/_keyform/faults`)).json()).toEqual({ rules: [] });
  });

  test('requests and environment are told', async () => {
    const server = await start();
    await list(server);
    expect(await (await fetch(`${server.origin}/_keyform/requests`)).json()).toEqual({
      requests: { 'fake ListItems': 1 },
    });
    expect(await (await fetch(`${server.origin}/_keyform/environment`)).json()).toEqual(server.environment());
    expect(server.environment()).toEqual({ FAKE_ENDPOINT: server.origin, OTHER_ENDPOINT: server.origin });
    expect((await fetch(`${server.origin}/_keyform/nothing`)).status).toBe(404);
  });

  test.each([
    ['a rebound host name', 'GET', { host: 'attacker.example' }, 403],
    ['a rebound host name with the port', 'GET', { host: 'attacker.example:PORT' }, 403],
    ['another port of this machine', 'GET', { host: '127.0.0.1:1' }, 403],
    ['a page of another origin', 'DELETE', { origin: 'https://attacker.example' }, 403],
    ['a page without an origin', 'POST', { origin: 'null', ...json }, 403],
    ['a page of another port', 'POST', { origin: 'http://127.0.0.1:1', ...json }, 403],
    ['a form', 'POST', { 'content-type': 'text/plain' }, 403],
    ['curl by name', 'GET', { host: 'localhost:PORT' }, 200],
    ['a page of its own', 'POST', { origin: 'http://127.0.0.1:PORT', ...json }, 200],
  ])('%s (%s) is answered as it should be', async (_name, method, headers: Record<string, string>, status) => {
    const server = await start();
    const filled = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replace('PORT', String(server.port))]),
    );
    expect(await raw(server, '/_keyform/faults', method, filled, method === 'POST' ? '[]' : '')).toBe(status);
    // What is guarded is the admin's paths: a cloud judges its own callers.
    expect(await raw(server, '/fake/items', 'GET', { host: 'api.example' })).toBe(200);
  });

  test('a header that Node refuses to send fails one request', async () => {
    const fake = fakeCloud('fake');
    const { start: begin, options } = await fake.emulator();
    const broken: CloudEmulatorFactory = (given) => {
      const cloud = begin(given);
      return { ...cloud, handle: (request) => ({ ...cloud.handle(request), headers: { 'bad name': 'x' } }) };
    };
    const server = await start({
      clouds: [{ ...fake, emulator: () => Promise.resolve({ start: broken, options }) }, fakeCloud('other')],
    });
    await expect(create(server, 'a')).rejects.toThrow();
    expect(log).toEqual([expect.stringContaining('defect of the emulator')]);
    expect((await fetch(`${server.origin}/other/items`)).status).toBe(200);
  });
});
