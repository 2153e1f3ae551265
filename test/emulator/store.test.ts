import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Files } from '../../src/core/port.ts';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/server.ts';
import { fakeCloud } from './fake.ts';
import { freshFolder } from './folder.ts';
import { ports, startChild } from './ports.ts';

const servers: Emulator[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(dataFile: string, options: Partial<EmulatorOptions> = {}): Promise<Emulator> {
  const server = await startEmulator({ ...ports, clouds: [fakeCloud('fake')], port: 0, dataFile, ...options });
  servers.push(server);
  return server;
}
const create = (origin: string, name: string) => fetch(`${origin}/fake/items`, { method: 'POST', body: name });
const list = async (origin: string): Promise<string[]> => {
  const answer = (await (await fetch(`${origin}/fake/items`)).json()) as { items: { id: string }[] };
  return answer.items.map(({ id }) => id);
};

/** Files that count their writes, and fail them while told to. */
function watched(): { files: Files; writes: string[]; fail: { code: string | null } } {
  const writes: string[] = [];
  const fail: { code: string | null } = { code: null };
  const files: Files = {
    ...ports.files,
    async replace(path, bytes, mode) {
      if (fail.code !== null) throw Object.assign(new Error('no'), { code: fail.code });
      await ports.files.replace(path, bytes, mode);
      writes.push(Buffer.from(bytes).toString());
    },
  };
  return { files, writes, fail };
}

describe('what was answered is on disk', () => {
  test('a killed server has lost nothing', async () => {
    const dataFile = join(await freshFolder(), 'data.json');
    const child = startChild('file', dataFile);
    const { origin } = JSON.parse(await child.line()) as { origin: string };
    const answered: string[] = [];
    let killed = false;
    const worker = async (worker: number) => {
      for (let i = 0; !killed; i++) {
        try {
          const answer = (await (await create(origin, `${worker}.${i}`)).json()) as { item: { id: string } };
          answered.push(answer.item.id);
        } catch (error) {
          // Only the kill may break a request.
          if (!killed) throw error;
        }
        if (answered.length === 60) {
          killed = true;
          await child.kill();
        }
      }
    };
    await Promise.all([1, 2, 3, 4].map(worker));
    expect(answered.length).toBeGreaterThanOrEqual(60);
    const after = await start(dataFile);
    const ids = await list(after.origin);
    expect(answered.filter((id) => !ids.includes(id))).toEqual([]);
  });

  test('an answer waits for the write that holds its effect', async () => {
    let allow = () => {};
    const { files, writes } = watched();
    const server = await start(join(await freshFolder(), 'data.json'), {
      files: {
        ...files,
        async replace(path, bytes, mode) {
          if (writes.length > 0) await new Promise<void>((resolve) => (allow = resolve));
          await files.replace(path, bytes, mode);
        },
      },
    });
    const answers: string[] = [];
    const sending = create(server.origin, 'a').then(() => answers.push('a'));
    while (server.counts()['fake CreateItem'] !== 1) await ports.clock.sleep(5);
    await ports.clock.sleep(50);
    expect(answers).toEqual([]);
    allow();
    await sending;
    expect(writes.at(-1)).toContain('"a-0"');
  });

  test('requests that meet share a write, and those that change nothing cost none', async () => {
    const { files, writes } = watched();
    const server = await start(join(await freshFolder(), 'data.json'), { files });
    expect(writes.length).toBe(1);
    for (let i = 0; i < 5; i++) await list(server.origin);
    expect(writes.length).toBe(1);
    const names = Array.from({ length: 1_000 }, (_, index) => `n${index}`);
    const queue = names.values();
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        for (const name of queue) expect((await create(server.origin, name)).status).toBe(200);
      }),
    );
    expect(await list(server.origin)).toHaveLength(1_000);
    // Ten in flight: in the steady state one write serves those that came during the one before it.
    expect(writes.length).toBeLessThan(600);
    expect((JSON.parse(writes.at(-1) ?? '') as { clouds: { fake: { items: [] } } }).clouds.fake.items).toHaveLength(
      1_000,
    );
  });

  test('what cannot be written is answered as an error, and written as soon as that is possible', async () => {
    const dataFile = join(await freshFolder(), 'data.json');
    const { files, fail } = watched();
    const server = await start(dataFile, { files });
    fail.code = 'ENOSPC';
    const refused = await create(server.origin, 'a');
    expect(refused.status).toBe(500);
    expect(await refused.text()).toContain('cannot be written (ENOSPC)');
    // The list tells of the item, so it may not be answered either before the item is on disk.
    expect((await fetch(`${server.origin}/fake/items`)).status).toBe(500);
    fail.code = null;
    expect(await list(server.origin)).toEqual(['a-0']);
    expect(await readFile(dataFile, 'utf8')).toContain('"a-0"');
  });

  test('the file is private, keeps the seed, and keeps clouds that are not served now', async () => {
    const dataFile = join(await freshFolder(), 'new', 'data.json');
    const first = await start(dataFile, { clouds: [fakeCloud('fake'), fakeCloud('other')] });
    await create(first.origin, 'a');
    await fetch(`${first.origin}/other/items`, { method: 'POST', body: 'o' });
    const { secret } = first.settings('fake');
    await first.close();
    expect((await stat(dataFile)).mode & 0o777).toBe(0o600);

    const second = await start(dataFile);
    expect(second.settings('fake').secret).toBe(secret);
    await create(second.origin, 'b');
    await second.close();
    const third = await start(dataFile, { clouds: [fakeCloud('other'), fakeCloud('fake')] });
    expect(await list(third.origin)).toEqual(['a-0', 'b-1']);
    const others = await (await fetch(`${third.origin}/other/items`)).json();
    expect(others).toEqual({ items: [{ id: 'o-0' }] });
  });
});

describe('a data file that cannot be used', () => {
  const seed = Buffer.alloc(32).toString('base64');
  test.each([
    ['nothing', '', 'empty-state', 'is empty'],
    ['half a file', '{"version":1,"seed":"', 'damaged-state', 'is not JSON'],
    ['no object', '[]', 'damaged-state', 'at its root'],
    ['no version', `{"seed":"${seed}","clouds":{}}`, 'damaged-state', 'at "version"'],
    ['an old version', `{"version":0,"seed":"${seed}","clouds":{}}`, 'damaged-state', 'at "version"'],
    ['a newer version', '{"version":2,"anything":1}', 'newer-state', 'is of version 2'],
    ['a seed that is none', '{"version":1,"seed":"***","clouds":{}}', 'damaged-state', 'at "seed"'],
    ['a short seed', '{"version":1,"seed":"AAAA","clouds":{}}', 'damaged-state', 'has a seed of 3 bytes'],
    ['clouds of a wrong form', `{"version":1,"seed":"${seed}","clouds":[]}`, 'damaged-state', 'at "clouds"'],
    ['an unknown field', `{"version":1,"seed":"${seed}","clouds":{},"x":1}`, 'damaged-state', 'at its root'],
    [
      'data that the cloud refuses',
      `{"version":1,"seed":"${seed}","clouds":{"fake":{}}}`,
      'damaged-state',
      'Fake fake',
    ],
  ])('%s is told apart, and left as it is', async (_name, text, code, message) => {
    const dataFile = join(await freshFolder(), 'data.json');
    await writeFile(dataFile, text);
    await expect(start(dataFile)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
      detail: expect.stringContaining('delete'),
    });
    await expect(start(dataFile)).rejects.toThrow(dataFile);
    expect(await readFile(dataFile, 'utf8')).toBe(text);
  });

  test('options that the cloud refuses are not blamed on the file', async () => {
    const dataFile = join(await freshFolder(), 'data.json');
    await (await start(dataFile)).close();
    const wrong = start(dataFile, { options: { fake: { colour: 1 } } });
    await expect(wrong).rejects.toMatchObject({ code: 'invalid-configuration' });
  });

  test('a folder in its place is an error of the file system', async () => {
    const folder = await freshFolder();
    await mkdir(join(folder, 'data.json'));
    await expect(start(join(folder, 'data.json'))).rejects.toMatchObject({ code: 'state-io' });
  });
});
