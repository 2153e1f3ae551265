import { mkdtempSync, rmSync } from 'node:fs';
import type * as FileSystem from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeEach, expect, it, vi } from 'vitest';
import { createFiles } from '../../src/io/files.ts';

/** What was asked of the file system, in order; temporary names are written `*`. */
const asked = vi.hoisted((): string[] => []);
const broken = vi.hoisted(() => ({ link: null as string | null }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof FileSystem>();
  function told<T extends unknown[], R>(what: (...parts: T) => string, does: (...parts: T) => R): (...parts: T) => R {
    return (...parts) => {
      asked.push(what(...parts));
      return does(...parts);
    };
  }
  const name = (path: unknown) => (String(path).endsWith('.tmp') ? '*' : basename(String(path)));
  return {
    ...real,
    open: async (...parts: Parameters<typeof real.open>) => {
      const handle = await real.open(...parts);
      const file = name(parts[0]);
      handle.sync = told(() => `sync ${file}`, handle.sync.bind(handle));
      handle.datasync = told(() => `sync ${file}`, handle.datasync.bind(handle));
      const write = handle.write.bind(handle) as (...parts: unknown[]) => Promise<unknown>;
      handle.write = told((..._parts: unknown[]) => `write ${file}`, write) as typeof handle.write;
      return handle;
    },
    rename: told((from: string, to: string) => `rename ${name(from)} ${name(to)}`, real.rename),
    unlink: told((path: string) => `unlink ${name(path)}`, real.unlink),
    link: told(
      (from: string, to: string) => `link ${name(from)} ${name(to)}`,
      (from, to) => {
        if (broken.link !== null) return Promise.reject(Object.assign(new Error('no links'), { code: broken.link }));
        return real.link(from, to);
      },
    ),
  };
});

const folder = join(mkdtempSync(join(tmpdir(), 'keyform-durable-')), 'top');
afterAll(() => rmSync(join(folder, '..'), { recursive: true }));
const files = createFiles({ bytes: (length) => new Uint8Array(length).fill(1), fraction: () => 0 });
const data = new Uint8Array([1]);

beforeEach(() => {
  asked.length = 0;
  broken.link = null;
});

it('replace syncs new folders, then the data, and names it only then', async () => {
  await files.replace(join(folder, 'state', 'file'), data, 0o600);
  const parent = basename(join(folder, '..'));
  expect(asked).toEqual(['sync top', `sync ${parent}`, 'write *', 'sync *', 'rename * file', 'sync state']);
});

it('createExclusive names only what is synced, and syncs the name', async () => {
  expect(await files.createExclusive(join(folder, 'lock'), data, 0o600)).toBe(true);
  expect(asked).toEqual(['write *', 'sync *', 'link * lock', 'unlink *', 'sync top']);
});

it('createExclusive does without links where there are none', async () => {
  broken.link = 'EPERM';
  expect(await files.createExclusive(join(folder, 'unlinked'), data, 0o600)).toBe(true);
  expect(await files.createExclusive(join(folder, 'unlinked'), data, 0o600)).toBe(false);
  expect(asked.slice(2)).toEqual(['link * unlinked', 'write unlinked', 'sync unlinked', 'unlink *', 'sync top']);
});

it('open syncs the name of a new file, not of an old one; sync reaches the file', async () => {
  await (await files.open(join(folder, 'journal'), 0o600)).close();
  const again = await files.open(join(folder, 'journal'), 0o600);
  await again.sync();
  await again.close();
  expect(asked).toEqual(['sync top', 'sync journal']);
});

it('rename syncs the name', async () => {
  await files.replace(join(folder, 'from'), data, 0o600);
  asked.length = 0;
  await files.rename(join(folder, 'from'), join(folder, 'to'));
  expect(asked).toEqual(['rename from to', 'sync top']);
});

it('remove syncs the folder', async () => {
  await files.replace(join(folder, 'gone'), data, 0o600);
  asked.length = 0;
  await files.remove(join(folder, 'gone'));
  expect(asked).toEqual(['unlink gone', 'sync top']);
});
