import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { createProcesses } from '../../src/io/process.ts';
import { openTunnel } from '../../src/io/proxy.ts';
import { call, later, listen, rig, serve } from './server.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
if (!hasOpenssl) process.stderr.write('TLS tests skipped: no openssl on PATH to make certificates with\n');

const folder = mkdtempSync(join(tmpdir(), 'keyform-tls-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A self-signed certificate, good for a day. */
function certificate(name: string, san: string): { key: Buffer; cert: Buffer; file: string } {
  const key = join(folder, `${name}.key`);
  const file = join(folder, `${name}.pem`);
  const args = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  const out = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${san}`, '-keyout', key, '-out', file];
  execFileSync('openssl', ['req', ...args, ...out], { stdio: 'ignore' });
  return { key: readFileSync(key), cert: readFileSync(file), file };
}

/** A proxy that leads every CONNECT to `origin`, whatever host was asked for. */
async function serveProxy(origin: string): Promise<{ proxy: string; asked: string[] }> {
  const asked: string[] = [];
  const { server, origin: proxy } = await serve((_request, response) => response.end());
  server.on('connect', (request, socket) => {
    asked.push(`${request.url} ${request.headers['proxy-authorization']}`);
    const inner = connect(Number(new URL(origin).port), '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    inner.pipe(socket).pipe(inner);
    inner.on('error', () => socket.destroy());
    socket.on('error', () => inner.destroy());
  });
  return { proxy, asked };
}

describe.skipIf(!hasOpenssl)('TLS', () => {
  const own = hasOpenssl ? certificate('own', 'IP:127.0.0.1,DNS:localhost') : null;
  const other = hasOpenssl ? certificate('other', 'DNS:elsewhere.example') : null;

  async function serveTls(identity: { key: Buffer; cert: Buffer } | null, handler: RequestListener): Promise<string> {
    if (identity === null) return expect.unreachable();
    const server = createServer(identity, handler);
    return `https://127.0.0.1:${await listen(server)}`;
  }

  it.each(['1', '0'])(
    'an untrusted certificate fails at once, with NODE_TLS_REJECT_UNAUTHORIZED=%s',
    async (setting) => {
      const origin = await serveTls(own, (_request, response) => response.end('insecure'));
      const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = setting;
      later(() => {
        if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
        else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
      });
      const { http, clock, log } = rig();
      await expect(http.send(call(origin, { safe: false }))).rejects.toMatchObject({
        code: 'tls-failure',
        message: expect.stringContaining(`no trusted TLS connection to ${origin}`),
        detail: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
      });
      expect(clock.sleeps).toEqual([]);
      expect(log).toMatchObject([{ error: 'DEPTH_ZERO_SELF_SIGNED_CERT', sentBytes: 0 }]);
      expect(http.counts().size).toBe(0);
    },
  );

  it('a port that does not speak TLS fails at once', async () => {
    const { origin, requests } = await serve((_request, response) => response.end());
    const { http, clock } = rig();
    const sending = http.send(call(origin.replace('http:', 'https:')));
    await expect(sending).rejects.toMatchObject({
      code: 'tls-failure',
      message: expect.stringMatching(/does not speak TLS/),
    });
    expect(clock.sleeps).toEqual([]);
    expect(requests).toEqual([]);
  });

  it('a connection that ends in the handshake is tried again', async () => {
    const server = createTcpServer((socket) => socket.once('data', () => socket.destroy()));
    const { http, clock } = rig();
    const sending = http.send(call(`https://127.0.0.1:${await listen(server)}`, { safe: false }));
    await expect(sending).rejects.toMatchObject({ code: 'unreachable' });
    expect(clock.sleeps).toHaveLength(4);
  });

  it('a handshake that takes too long ends', async () => {
    const server = createTcpServer((socket) => socket.resume());
    const { http } = rig({ timeouts: { connect: 100 }, maxAttempts: 1 });
    const sending = http.send(call(`https://127.0.0.1:${await listen(server)}`, { safe: false }));
    await expect(sending).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/no connection in time/),
    });
  });

  // Node reads NODE_EXTRA_CA_CERTS once, when it starts: a process of its own, asynchronous so that the server can answer.
  async function sendFromChild(url: string, env: Record<string, string>): Promise<string> {
    const program = `
      import { createHttp } from './src/io/http.ts';
      import { systemClock } from './src/io/clock.ts';
      import { systemRandom } from './src/io/random.ts';
      const http = createHttp({ clock: systemClock, random: systemRandom, environment: process.env, version: '0' });
      const request = { method: 'POST', url: ${JSON.stringify(url)}, headers: {}, body: 'hello' };
      const call = { action: 'x', safe: false, build: () => request, judge: () => 'final' };
      const told = [];
      for (let i = 0; i < 2; i++) {
        told.push(await http.send(call).then((r) => r.status + ' ' + r.body, (e) => e.code + ': ' + e.message));
      }
      console.log(told.join('\\n'));
    `;
    const args = ['--import', 'tsx', '--input-type=module', '-e', program];
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    const base = { PATH: process.env.PATH, HOME: process.env.HOME };
    const result = await createProcesses().run(process.execPath, { args, cwd, env: { ...base, ...env } });
    return result.stdout.trim() || result.stderr;
  }

  it('NODE_EXTRA_CA_CERTS makes a private authority trusted, for the host it names', async () => {
    const answer: RequestListener = (_request, response) => response.end('private');
    const env = { NODE_EXTRA_CA_CERTS: own?.file ?? '' };
    expect(await sendFromChild(await serveTls(own, answer), env)).toBe('200 private\n200 private');
    const wrongName = await sendFromChild(await serveTls(other, answer), { NODE_EXTRA_CA_CERTS: other?.file ?? '' });
    expect(wrongName).toMatch(/^tls-failure: .*the certificate is for another host name/);
  });

  it('HTTPS_PROXY is gone through, end to end encrypted, and the certificate is checked behind it', async () => {
    const origin = await serveTls(own, (_request, response) => response.end('through'));
    const { proxy, asked } = await serveProxy(origin);
    // The name leads nowhere from here: only the proxy knows the way.
    const target = 'https://elsewhere.example';
    const login = proxy.replace('http://', 'http://user:p%40ss@');
    const trusted = await sendFromChild(target, { HTTPS_PROXY: login, NODE_EXTRA_CA_CERTS: own?.file ?? '' });
    // It answers as 127.0.0.1, which is not what was asked for.
    expect(trusted).toMatch(/^tls-failure: .*the certificate is for another host name/);
    const authorization = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
    expect(asked).toEqual(Array(2).fill(`elsewhere.example:443 ${authorization}`));
    expect(trusted).not.toContain('p@ss');
  });

  it('a proxy leads to a host that has the right certificate', async () => {
    const origin = await serveTls(other, (_request, response) => response.end('through'));
    const { proxy } = await serveProxy(origin);
    const env = { https_proxy: new URL(proxy).host, NODE_EXTRA_CA_CERTS: other?.file ?? '' };
    expect(await sendFromChild('https://elsewhere.example/x', env)).toBe('200 through\n200 through');
  });

  it('an untrusted https proxy is a TLS failure', async () => {
    const proxy = await serveTls(own, (_request, response) => response.end());
    const { http } = rig({ environment: { HTTPS_PROXY: proxy } });
    const sending = http.send(call('https://elsewhere.example/'));
    await expect(sending).rejects.toMatchObject({
      code: 'tls-failure',
      message: expect.stringMatching(/proxy 127\.0\.0\.1/),
    });
  });
});

describe('a proxy', () => {
  it.each([
    { status: 407, tries: 1, message: /refused the connection with HTTP 407 \(it wants a user and password/ },
    { status: 403, tries: 1, message: /refused the connection with HTTP 403/ },
    { status: 502, tries: 5, message: /refused the connection with HTTP 502/ },
  ])('that answers $status: nothing was sent, $tries tries', async ({ status, tries, message }) => {
    let asked = 0;
    const { server, origin } = await serve((_request, response) => response.end());
    server.on('connect', (_request, socket) => {
      asked += 1;
      socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
    });
    const environment = { HTTPS_PROXY: origin.replace('http://', 'http://user:SECRET@') };
    const error = await rig({ environment })
      .http.send(call('https://elsewhere.example/', { safe: false }))
      .catch((reason) => reason);
    expect(error).toMatchObject({ code: 'unreachable', message: expect.stringMatching(message) });
    expect(JSON.stringify([error.message, error.detail])).not.toContain('SECRET');
    expect(asked).toBe(tries);
  });

  it('that hangs up is asked a few times, not for ever', async () => {
    let asked = 0;
    const { server, origin } = await serve((_request, response) => response.end());
    server.on('connect', (_request, socket) => {
      asked += 1;
      socket.destroy();
    });
    const sending = rig({ environment: { HTTPS_PROXY: origin } }).http.send(call('https://elsewhere.example/'));
    await expect(sending).rejects.toMatchObject({ code: 'unreachable' });
    expect(asked).toBe(5);
  });

  it('that is silent is given up', async () => {
    const server = createTcpServer((socket) => socket.resume());
    const proxy = new URL(`http://127.0.0.1:${await listen(server)}`);
    await expect(openTunnel(proxy, 'elsewhere.example:443', 50, 'keyform')).rejects.toMatchObject({
      code: 'UND_ERR_CONNECT_TIMEOUT',
    });
  });

  it('is not asked for loopback', async () => {
    const { origin } = await serve((_request, response) => response.end('direct'));
    const environment = { HTTPS_PROXY: 'http://127.0.0.1:1', HTTP_PROXY: 'http://127.0.0.1:1' };
    expect((await rig({ environment }).http.send(call(origin))).body).toBe('direct');
  });
});
