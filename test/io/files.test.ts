import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemDisk } from '../../src/io/disk.ts';
import { createFiles } from '../../src/io/files.ts';
import { systemRandom } from '../../src/io/random.ts';

const files = createFiles(systemRandom);
const bytes = (text: string) => new TextEncoder().encode(text);
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

let folder = '';
let umask = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyform-files-'));
  umask = process.umask(0o022);
});
afterEach(() => {
  process.umask(umask);
  rmSync(folder, { recursive: true, force: true });
});

describe('read and list', () => {
  it('answer null only when there is nothing', async () => {
    expect(await files.read(join(folder, 'none'))).toBeNull();
    expect(await files.list(join(folder, 'none'))).toBeNull();
    await expect(files.read(folder)).rejects.toMatchObject({ code: 'EISDIR' });
    writeFileSync(join(folder, 'file'), '');
    expect(await files.read(join(folder, 'file'))).toHaveLength(0);
    await expect(files.list(join(folder, 'file'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(files.read(join(folder, 'file', 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it('list names in order, and follows links to folders', async () => {
    mkdirSync(join(folder, 'b'));
    writeFileSync(join(folder, 'a'), '');
    symlinkSync('b', join(folder, 'C'));
    symlinkSync('nowhere', join(folder, 'd'));
    expect(await files.list(folder)).toEqual([
      { name: 'C', directory: true },
      { name: 'a', directory: false },
      { name: 'b', directory: true },
      { name: 'd', directory: false },
    ]);
  });
});

describe('replace', () => {
  it('makes the file and its private folders, and leaves nothing beside it', async () => {
    const path = join(folder, 'x', 'y', 'state.age');
    await files.replace(path, bytes('one'), 0o600);
    await files.replace(path, bytes('two'), 0o600);
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect([modeOf(path), modeOf(join(folder, 'x')), modeOf(join(folder, 'x', 'y'))]).toEqual(['600', '700', '700']);
    expect(readdirSync(join(folder, 'x', 'y'))).toEqual(['state.age']);
    await files.replace(join(folder, 'open', 'file'), bytes(''), 0o644);
    expect([modeOf(join(folder, 'open')), modeOf(join(folder, 'open', 'file'))]).toEqual(['755', '644']);
  });

  it('takes the new mode, also over a file that anybody could read', async () => {
    const path = join(folder, 'state.age');
    writeFileSync(path, 'old', { mode: 0o666 });
    await files.replace(path, bytes('new'), 0o600);
    expect(modeOf(path)).toBe('600');
  });

  it('that cannot rename changes nothing and leaves nothing', async () => {
    const path = join(folder, 'taken');
    mkdirSync(path);
    writeFileSync(join(path, 'inside'), 'kept');
    await expect(files.replace(path, bytes('new'), 0o600)).rejects.toMatchObject({
      code: expect.stringMatching(/EISDIR|ENOTEMPTY|EEXIST/),
    });
    expect(readFileSync(join(path, 'inside'), 'utf8')).toBe('kept');
    expect(readdirSync(folder)).toEqual(['taken']);
  });

  it('shows a reader the old content or the new, never a part', async () => {
    const path = join(folder, 'big');
    const contents = ['a', 'b'].map((letter) => letter.repeat(300_000));
    await files.replace(path, bytes(contents[0] ?? ''), 0o600);
    let done = false;
    const writing = (async () => {
      for (let i = 0; i < 30; i++) await files.replace(path, bytes(contents[i % 2] ?? ''), 0o600);
      done = true;
    })();
    let reads = 0;
    for (; !done; reads++) expect(contents).toContain(new TextDecoder().decode((await files.read(path)) ?? undefined));
    await writing;
    expect(reads).toBeGreaterThan(1);
  });
});

describe('read', () => {
  it('gives the whole, or a beginning of it', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'abcdef');
    const text = async (limit?: number) => Buffer.from((await files.read(path, limit)) ?? 'null').toString();
    expect([await text(), await text(3), await text(6), await text(99)]).toEqual(['abcdef', 'abc', 'abcdef', 'abcdef']);
    expect(await files.read(join(folder, 'none'), 3)).toBeNull();
  });
});

describe('createExclusive', () => {
  it('makes what stands beside it again when somebody clears that away', async () => {
    const path = join(folder, 'lock');
    let cleared = 0;
    const cleaned = createFiles(systemRandom, {
      ...systemDisk,
      async link(from, to) {
        if (cleared++ < 2) rmSync(from);
        return systemDisk.link(from, to);
      },
    });
    expect(await cleaned.createExclusive(path, bytes('mine'), 0o600)).toBe(true);
    expect([readFileSync(path, 'utf8'), readdirSync(folder), cleared]).toEqual(['mine', ['lock'], 3]);
  });

  it('lets one of many win, whole', async () => {
    const path = join(folder, 'locks', 'lock');
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, i) => files.createExclusive(path, bytes(`writer ${i}`), 0o600)),
    );
    expect(made.filter((won) => won)).toHaveLength(1);
    expect(readFileSync(path, 'utf8')).toBe(`writer ${made.indexOf(true)}`);
    expect(modeOf(path)).toBe('600');
    expect(readdirSync(join(folder, 'locks'))).toEqual(['lock']);
    expect(await files.createExclusive(path, bytes('late'), 0o600)).toBe(false);
  });

  it('takes a dangling link for a file', async () => {
    symlinkSync('nowhere', join(folder, 'lock'));
    expect(await files.createExclusive(join(folder, 'lock'), bytes('x'), 0o600)).toBe(false);
    expect(readdirSync(folder)).toEqual(['lock']);
  });
});

describe('open', () => {
  it('writes at positions, keeps what is there, truncates', async () => {
    const path = join(folder, 'j', 'journal');
    const first = await files.open(path, 0o600);
    await first.writeAt(0, bytes('hello world'));
    await first.sync();
    await first.close();
    const second = await files.open(path, 0o600);
    await second.writeAt(6, bytes('there'));
    await second.writeAt(13, bytes('!'));
    await second.sync();
    expect(readFileSync(path, 'utf8')).toBe('hello there\0\0!');
    await second.truncate(5);
    await second.close();
    expect(readFileSync(path, 'utf8')).toBe('hello');
    expect([modeOf(path), modeOf(join(folder, 'j'))]).toEqual(['600', '700']);
    await expect(second.writeAt(0, bytes('x'))).rejects.toThrow();
  });
});

describe('an open file', () => {
  it('knows whether its path still names it', async () => {
    const path = join(folder, 'state', 'journal');
    const open = await files.open(path, 0o600);
    expect(await open.isAt(path)).toBe(true);
    // By another name, and by way of a link to it, it is the same file.
    await files.rename(path, join(folder, 'state', 'moved'));
    expect(await open.isAt(path)).toBe(false);
    expect(await open.isAt(join(folder, 'state', 'moved'))).toBe(true);
    symlinkSync('moved', path);
    expect(await open.isAt(path)).toBe(true);
    // Equal content is not the same file.
    await files.replace(path, bytes(''), 0o600);
    expect(await open.isAt(path)).toBe(false);
    rmSync(join(folder, 'state'), { recursive: true });
    expect(await open.isAt(path)).toBe(false);
    writeFileSync(join(folder, 'state'), '');
    expect(await open.isAt(path)).toBe(false);
    await open.close();
  });
});

describe('rename', () => {
  it('takes the place of what is there; nothing to rename is an error', async () => {
    await files.replace(join(folder, 'a'), bytes('new'), 0o600);
    await files.replace(join(folder, 'b'), bytes('old'), 0o600);
    await files.rename(join(folder, 'a'), join(folder, 'b'));
    expect(readdirSync(folder)).toEqual(['b']);
    expect(readFileSync(join(folder, 'b'), 'utf8')).toBe('new');
    await expect(files.rename(join(folder, 'a'), join(folder, 'b'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('remove', () => {
  it('removes; already gone is success; a folder is an error', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, '');
    await files.remove(path);
    await files.remove(path);
    await files.remove(join(folder, 'none', 'file'));
    expect(readdirSync(folder)).toEqual([]);
    await expect(files.remove(folder)).rejects.toMatchObject({ code: expect.stringMatching(/EISDIR|EPERM/) });
  });
});

/** A file system of 64 KiB, or null where this process may not mount one. */
function mountSmall(path: string): string | null {
  mkdirSync(path);
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return null;
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path]).status === 0 ? path : null;
}

describe('a full disk', () => {
  it('surfaces as ENOSPC, the old content stays, nothing is left beside it', async (context) => {
    const small = mountSmall(join(folder, 'small'));
    if (small === null) return context.skip('needs the right to mount a small file system');
    try {
      const path = join(small, 'state');
      await files.replace(path, bytes('old'), 0o600);
      const big = new Uint8Array(100_000).fill(65);
      await expect(files.replace(path, big, 0o600)).rejects.toMatchObject({ code: 'ENOSPC' });
      await expect(files.createExclusive(join(small, 'lock'), big, 0o600)).rejects.toMatchObject({ code: 'ENOSPC' });
      expect(readFileSync(path, 'utf8')).toBe('old');
      expect(readdirSync(small)).toEqual(['state']);
      const journal = await files.open(join(small, 'journal'), 0o600);
      await expect(journal.writeAt(0, big)).rejects.toMatchObject({ code: 'ENOSPC' });
      await journal.close();
    } finally {
      execFileSync('umount', [small]);
    }
  });
});
