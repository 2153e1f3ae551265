import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isKeyformError } from '../../src/core/error.ts';
import type { HttpPort } from '../../src/core/http.ts';
import type { Cloud, CloudPorts, Settings } from '../../src/core/provider.ts';
import { systemClock } from '../../src/io/clock.ts';
import { systemDisk } from '../../src/io/disk.ts';
import { type Faults, readFaults } from '../../src/io/fault.ts';
import { createFiles } from '../../src/io/files.ts';
import { createHttp } from '../../src/io/http.ts';
import { systemRandom } from '../../src/io/random.ts';

const bytes = new TextEncoder().encode('x');
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyform-fault-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function faultsFor(text: string): Faults {
  const faults = readFaults(text);
  if (isKeyformError(faults)) throw faults;
  return faults;
}

function filesWith(text: string) {
  return createFiles(systemRandom, faultsFor(text).disk(systemDisk));
}

function traced(): string[] {
  const file = join(folder, 'trace');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}

const both = (...points: string[]) => points.flatMap((point) => [`before ${point}`, `after ${point}`]);

describe('the points of the disk', () => {
  test('stand before and after everything that changes it, in its order, and call a file what it is', async () => {
    const files = filesWith(`trace:${join(folder, 'trace')}`);
    const at = (name: string) => join(folder, 'state', `prod.keyform.${name}`);
    await files.createExclusive(at('lock'), bytes, 0o600);
    await files.replace(at('age'), bytes, 0o600);
    await files.createExclusive(at('age.7'), bytes, 0o600);
    await files.rename(at('age.7'), at('age'));
    const journal = await files.open(at('journal'), 0o600);
    await journal.writeAt(0, bytes);
    await journal.sync();
    await journal.truncate(0);
    await journal.isAt(at('journal'));
    await journal.close();
    await files.read(at('journal'));
    await files.list(folder);
    await files.remove(at('journal'));
    const beside = (role: string) => [`open ${role}`, `write ${role}`, `sync ${role}`];
    expect(traced()).toEqual(
      both(
        ...['mkdir folder', 'sync folder', ...beside('lock'), 'link lock', 'unlink lock', 'sync folder'],
        ...[...beside('snapshot'), 'rename snapshot', 'sync folder'],
        ...[...beside('snapshot'), 'link snapshot', 'unlink snapshot', 'sync folder'],
        ...['rename snapshot', 'sync folder', 'open journal', 'sync folder'],
        ...['write journal', 'sync journal', 'truncate journal', 'unlink journal', 'sync folder'],
      ),
    );
  });

  test.each([
    ['prod.keyform.age', 'snapshot'],
    ['prod.keyform.age.12', 'snapshot'],
    ['prod.keyform.age.backup', 'backup'],
    ['prod.keyform.age.conflict-3-00ff', 'conflict'],
    ['prod.keyform.journal', 'journal'],
    ['prod.keyform.journal.next', 'journal'],
    ['prod.keyform.journal.backup', 'journal-backup'],
    ['prod.keyform.lock', 'lock'],
    ['prod.keyform.lock.0a1b-2c', 'claim'],
    ['prod.keyform.history', 'history'],
    ['prod.keyform.inventory.json', 'inventory'],
    ['prod.keyform.rescue-00ff.age', 'rescue'],
    ['plan.bin', 'plan.bin'],
  ])('call %s %s', async (name, role) => {
    await filesWith(`trace:${join(folder, 'trace')}`).replace(join(folder, name), bytes, 0o600);
    expect(traced()).toContain(`before rename ${role}`);
  });
});

describe('an error', () => {
  test('befalls the nth operation only, as the system would say it, and nothing of it is done', async () => {
    const files = filesWith('ENOSPC:before write journal#2');
    const journal = await files.open(join(folder, 'a.keyform.journal'), 0o600);
    await journal.writeAt(0, bytes);
    await expect(journal.writeAt(1, bytes)).rejects.toMatchObject({ code: 'ENOSPC', syscall: 'write', errno: -28 });
    expect(readFileSync(join(folder, 'a.keyform.journal'))).toHaveLength(1);
    await journal.writeAt(1, bytes);
    await journal.close();
    expect(readFileSync(join(folder, 'a.keyform.journal'))).toHaveLength(2);
  });

  test('befalls all from the nth on, whatever they are, and leaves the old file', async () => {
    const files = filesWith('EROFS:before * snapshot#9+');
    const path = join(folder, 'a.keyform.age');
    await files.replace(path, new Uint8Array([1]), 0o600);
    await files.replace(path, new Uint8Array([2]), 0o600);
    for (const _ of [1, 2]) {
      await expect(files.replace(path, new Uint8Array([3]), 0o600)).rejects.toMatchObject({ code: 'EROFS' });
    }
    expect([...readFileSync(path)]).toEqual([2]);
    expect(readdirSync(folder)).toEqual(['a.keyform.age']);
  });
});

test('a process kills itself at the point, before anything else is done', async () => {
  const source = (part: string) => JSON.stringify(new URL(`../../src/io/${part}.ts`, import.meta.url).href);
  const path = join(folder, 'a.keyform.age');
  const program = `
    const { readFaults } = await import(${source('fault')});
    const { systemDisk } = await import(${source('disk')});
    const { createFiles } = await import(${source('files')});
    const { systemRandom } = await import(${source('random')});
    const files = createFiles(systemRandom, readFaults(process.env.KEYFORM_FAULT).disk(systemDisk));
    await files.replace(${JSON.stringify(path)}, new Uint8Array([1]), 0o600);
    await files.replace(${JSON.stringify(path)}, new Uint8Array([2]), 0o600);
    await files.replace(${JSON.stringify(`${path}.backup`)}, new Uint8Array([3]), 0o600);`;
  const die = async (fault: string) => {
    rmSync(folder, { recursive: true, force: true });
    const env = { ...process.env, KEYFORM_FAULT: fault };
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], { env });
    const signal = await new Promise((resolve) => child.once('close', (_, name) => resolve(name)));
    const files = existsSync(folder) ? readdirSync(folder).filter((name) => !name.endsWith('.tmp')) : [];
    return [signal, files, existsSync(path) ? readFileSync(path)[0] : null];
  };
  expect(await die('kill:before rename snapshot#2')).toEqual(['SIGKILL', ['a.keyform.age'], 1]);
  expect(await die('kill:after rename snapshot#2')).toEqual(['SIGKILL', ['a.keyform.age'], 2]);
  expect(await die('kill:1')).toEqual(['SIGKILL', [], null]);
  expect(await die('kill:before write journal')).toEqual([null, ['a.keyform.age', 'a.keyform.age.backup'], 2]);
});

describe('the points of the network', () => {
  let server: Server;
  let received: () => void = () => {};
  beforeEach(async () => {
    server = createServer((request, response) => {
      request.resume().on('end', () => {
        received();
        response.end('{}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => new Promise<void>((resolve) => void server.close(() => resolve())));

  /** Sends one call of an invented cloud through its points. */
  async function send(method: 'GET' | 'POST', verdicts: readonly ('final' | 'throttled')[] = ['final']): Promise<void> {
    const http = createHttp({
      clock: systemClock,
      random: { ...systemRandom, fraction: () => 0 },
      environment: {},
      version: '0',
    });
    let handed: HttpPort | undefined;
    const cloud = {
      name: 'acme',
      connect: async (_: Settings, ports: CloudPorts) => {
        handed = ports.http;
      },
    } as unknown as Cloud;
    const faults = faultsFor(`trace:${join(folder, 'trace')}`);
    await faults.cloud(cloud).connect({}, { http, clock: systemClock, random: systemRandom, readText: async () => '' });
    const left = [...verdicts];
    await handed?.send({
      action: 'CreateKey',
      safe: method === 'GET',
      build: () => ({
        method,
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys?page=1`,
        headers: { Authorization: 'Basic eA==' },
        ...(method === 'GET' ? {} : { body: '{"name":"ci"}' }),
      }),
      judge: () => left.shift() ?? 'final',
    });
    await http.close();
  }

  const once = [...both('request acme CreateKey'), ...both('answer acme CreateKey')];

  test.each(['GET', 'POST'] as const)('stand around request and answer of a %s', async (method) => {
    await send(method);
    expect(traced()).toEqual(once);
  });

  test('stand around each attempt', async () => {
    await send('POST', ['throttled', 'final']);
    const attempt = [...both('request acme CreateKey'), 'before answer acme CreateKey'];
    expect(traced()).toEqual([...attempt, ...attempt, 'after answer acme CreateKey']);
  });

  test('say after a request that it is on its way, and not yet answered', async () => {
    let known: string[] = [];
    received = () => {
      known = traced();
    };
    await send('POST');
    expect(known).toEqual(both('request acme CreateKey'));
  });
});

describe('KEYFORM_FAULT', () => {
  test.each([
    ['nonsense', 'it has no form that is known'],
    ['kill:', 'it has no form that is known'],
    ['kill:0', 'a point is "<before|after> <verb> <what>", with #N after it for the Nth'],
    ['kill:before write', 'a point is "<before|after> <verb> <what>", with #N after it for the Nth'],
    ['kill:during write journal', 'a point is before or after something, not "during"'],
    [
      'kill:before wipe journal',
      '"wipe" is none of open, write, sync, truncate, rename, link, unlink, mkdir, request, answer',
    ],
    ['kill:before write journal#0', 'what follows # is a number from 1'],
    ['kill:before write journal#2+', 'a process dies once'],
    ['ENOSPACE:before write journal', '"ENOSPACE" is no error of this system'],
    ['toString:before write journal', '"toString" is no error of this system'],
    ['EIO:after write journal', 'an error stands before what it makes fail'],
    [
      'EIO:before request acme CreateKey',
      '"request" is none of open, write, sync, truncate, rename, link, unlink, mkdir: an error is one of the disk',
    ],
    ['trace:/tmp/x;kill:x', 'a point is "<before|after> <verb> <what>", with #N after it for the Nth'],
  ])('%s is refused: %s', (text, why) => {
    const read = readFaults(text);
    expect(isKeyformError(read, 'invalid-usage') && read.message).toBe(`KEYFORM_FAULT is not understood: ${why}`);
  });

  test('may ask for several things', async () => {
    const files = filesWith(`trace:${join(folder, 'trace')}; EIO:before sync a.b; EACCES:before open c`);
    await expect(files.replace(join(folder, 'a.b'), bytes, 0o600)).rejects.toMatchObject({ code: 'EIO' });
    await expect(files.replace(join(folder, 'c'), bytes, 0o600)).rejects.toMatchObject({ code: 'EACCES' });
    expect(traced()).toEqual([
      ...both('open a.b', 'write a.b'),
      'before sync a.b',
      ...both('unlink a.b'),
      'before open c',
    ]);
  });
});
