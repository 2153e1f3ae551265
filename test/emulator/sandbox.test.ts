import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openSandbox, type Sandbox, type SandboxOptions, serveData } from '../../src/emulator/sandbox.ts';
import { fakeCloud } from './fake.ts';
import { freshFolder } from './folder.ts';
import { alive, type Child, ports, startChild } from './ports.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const base = { ...ports, clouds: [fakeCloud('fake')], pid: process.pid, alive };
async function open(folder: string, options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const sandbox = await openSandbox({ ...base, folder, ...options });
  closing.push(() => sandbox.close());
  return sandbox;
}
function child(folder: string): Child {
  const started = startChild('folder', folder);
  closing.push(() => started.kill());
  return started;
}
const opened = async (of: Child) => JSON.parse(await of.line()) as { origin: string; reused: boolean };
const create = async (origin: string, name: string) =>
  (await fetch(`${origin}/fake/items`, { method: 'POST', body: name })).status;
const list = async (origin: string) => (await (await fetch(`${origin}/fake/items`)).json()) as unknown;

test('a sandbox keeps its data from one command to the next and leaves no lock behind', async () => {
  const folder = join(await freshFolder(), '.keyform');
  const first = await open(folder);
  expect(first.reused).toBe(false);
  expect(await create(first.origin, 'a')).toBe(200);
  const { secret } = first.settings('fake');
  expect((await stat(join(folder, 'sandbox.lock'))).mode & 0o777).toBe(0o600);
  await first.close();
  expect(await readdir(folder)).toEqual(['sandbox.json']);
  const second = await open(folder);
  expect(await list(second.origin)).toEqual({ items: [{ id: 'a-0' }] });
  expect(second.settings('fake')).toEqual({ endpoint: second.origin, secret });
  expect(second.environment()).toEqual({ FAKE_ENDPOINT: second.origin });
});

test('a second command borrows the server of the first, with its credentials', async () => {
  const folder = await freshFolder();
  const other = child(folder);
  const { origin, reused } = await opened(other);
  expect(reused).toBe(false);
  const sandbox = await open(folder);
  expect(sandbox).toMatchObject({ origin, reused: true });
  expect(sandbox.settings('fake')).toEqual({ endpoint: origin, secret: expect.stringMatching(/^[0-9a-f]{8}$/) });
  expect(sandbox.environment()).toEqual({ FAKE_ENDPOINT: origin });
  await sandbox.close();
  expect(await create(origin, 'a')).toBe(200);
});

test('the first command waits at its end for the second', async () => {
  const folder = await freshFolder();
  const other = child(folder);
  const { origin } = await opened(other);
  const sandbox = await open(folder);
  other.tell();
  expect(await other.line()).toBe('waiting');
  expect(await create(sandbox.origin, 'a')).toBe(200);
  await sandbox.close();
  expect(await other.line()).toBe('closed');
  await expect(create(origin, 'b')).rejects.toThrow();
  const after = await open(folder);
  expect(after.reused).toBe(false);
  expect(await list(after.origin)).toEqual({ items: [{ id: 'a-0' }] });
});

test('a borrower that is killed lets go', async () => {
  const folder = await freshFolder();
  const sandbox = await open(folder);
  const other = child(folder);
  expect((await opened(other)).reused).toBe(true);
  await other.kill();
  await sandbox.close();
});

test('of many commands that start at once, one serves', async () => {
  const folder = await freshFolder();
  const sandboxes = await Promise.all(Array.from({ length: 6 }, () => open(folder)));
  expect(sandboxes.filter(({ reused }) => !reused)).toHaveLength(1);
  expect(new Set(sandboxes.map(({ origin }) => origin)).size).toBe(1);
  await Promise.all(sandboxes.map((sandbox) => sandbox.close()));
});

describe('a lock without its server', () => {
  test('of a process that was killed is taken over, with the data', async () => {
    const folder = await freshFolder();
    const other = child(folder);
    expect(await create((await opened(other)).origin, 'a')).toBe(200);
    await other.kill();
    expect(await readdir(folder)).toContain('sandbox.lock');
    const sandbox = await open(folder);
    expect(sandbox.reused).toBe(false);
    expect(await list(sandbox.origin)).toEqual({ items: [{ id: 'a-0' }] });
  });

  /** A clock whose pauses take no time. */
  function hasty() {
    let skipped = 0;
    return {
      now: () => Date.now() + skipped,
      sleep: async (ms: number) => {
        skipped += ms;
        await new Promise((resolve) => setImmediate(resolve));
      },
    };
  }
  const lock = (value: object) => JSON.stringify({ pid: process.pid, port: 1, started: 'then', id: 'x', ...value });

  test.each([
    ['whose process id is another process now', lock({})],
    ['that a crash cut off', '{"pid":'],
    ['of a process that is gone before it served', lock({ pid: 2 ** 22 + 1, port: null })],
  ])('%s is taken over', async (_name, text) => {
    const folder = await freshFolder();
    await writeFile(join(folder, 'sandbox.lock'), text);
    const sandbox = await open(folder, { clock: hasty() });
    expect(sandbox.reused).toBe(false);
  });

  test('whose port another program has is taken over', async () => {
    const stranger = await listen((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}\n'));
    const folder = await freshFolder();
    await writeFile(join(folder, 'sandbox.lock'), lock({ port: stranger }));
    expect((await open(folder, { clock: hasty() })).reused).toBe(false);
  });

  test('of a process that lives and never begins to serve is an error that names it', async () => {
    const folder = await freshFolder();
    const text = lock({ port: null });
    await writeFile(join(folder, 'sandbox.lock'), text);
    await expect(open(folder, { clock: hasty() })).rejects.toMatchObject({
      code: 'state-locked',
      message: expect.stringContaining(`Process ${process.pid} claims`),
    });
    expect(await readFile(join(folder, 'sandbox.lock'), 'utf8')).toBe(text);
  });
});

test('a damaged data file is an error, and no lock stays', async () => {
  const folder = await freshFolder();
  await writeFile(join(folder, 'sandbox.json'), '{');
  await expect(open(folder)).rejects.toMatchObject({ code: 'damaged-state' });
  expect(await readdir(folder)).toEqual(['sandbox.json']);
});

test('a server on a chosen port is found by sandboxes of the same data, and refuses a second of its kind', async () => {
  const folder = await freshFolder();
  const options = { ...base, port: 0, dataFile: join(folder, 'sandbox.json') };
  const emulator = await serveData(options);
  closing.push(() => emulator.close());
  expect(await open(folder)).toMatchObject({ origin: emulator.origin, reused: true });
  await expect(serveData(options)).rejects.toMatchObject({
    code: 'state-locked',
    detail: expect.stringContaining(emulator.origin),
  });
  expect(emulator.lent()).toBe(true);
});

test('a running sandbox that lacks a cloud is not mistaken for one that has it', async () => {
  const folder = await freshFolder();
  await open(folder);
  await expect(open(folder, { clouds: [fakeCloud('newer')] })).rejects.toMatchObject({ code: 'state-locked' });
});

async function listen(answer: (socket: import('node:net').Socket) => void): Promise<number> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => answer(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
