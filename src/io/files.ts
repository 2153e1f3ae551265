import { basename, dirname, join, resolve } from 'node:path';
import type { Files, OpenFile, Random } from '../core/port.ts';
import { type Disk, type DiskFile, systemDisk } from './disk.ts';

/**
 * The file system. `random` gives the names of temporary files, which stand beside the file that they will become
 * (a rename is atomic within one file system only), are hidden, and end in `.tmp`; one that a killed process left behind
 * is never read and may be deleted. A symbolic link at `path` is replaced by the file, not followed. `disk`: what it is made of.
 */
export function createFiles(random: Random, disk: Disk = systemDisk): Files {
  function besides(path: string): string {
    return join(dirname(path), `.${basename(path)}.${Buffer.from(random.bytes(8)).toString('hex')}.tmp`);
  }

  /** Writes and syncs a new file; leaves none behind when it throws. */
  async function writeNew(path: string, bytes: Uint8Array, mode: number): Promise<void> {
    const file = await disk.open(path, 'new', mode);
    try {
      try {
        await file.writeAt(0, bytes);
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      await discard(path);
      throw error;
    }
  }

  /** Makes a folder and its parents, and makes their names durable. Private when the file to come is. */
  async function makeFolder(folder: string, fileMode: number): Promise<void> {
    const first = await disk.mkdir(folder, (fileMode & 0o077) === 0 ? 0o700 : null);
    if (first === null) return;
    // Each new folder's name is an entry of its parent.
    const top = dirname(resolve(first));
    for (let parent = dirname(resolve(folder)); ; parent = dirname(parent)) {
      await disk.syncFolder(parent);
      if (parent === top || parent === dirname(parent)) return;
    }
  }

  /** Deletes a temporary file while another error is on its way: a leftover is harmless, the other error is not. */
  async function discard(path: string): Promise<void> {
    await disk.unlink(path).catch(() => {});
  }

  async function createExclusive(path: string, bytes: Uint8Array, mode: number, attempts: number): Promise<boolean> {
    // Spares a waiting caller the work below; what decides is link, or O_EXCL.
    if ((await orNull(disk.lstat(path))) !== null) return false;
    await makeFolder(dirname(path), mode);
    // A link gives the whole content its name in one step, so that nobody ever reads a half-written lock.
    const temporary = besides(path);
    await writeNew(temporary, bytes, mode);
    try {
      await disk.link(temporary, path);
    } catch (error) {
      const code = codeOf(error);
      if (code === 'EEXIST') return false;
      // Somebody cleared away what looked like the leaving of a killed process: that is no answer yet.
      if (code === 'ENOENT' && (await orNull(disk.lstat(temporary))) === null && attempts > 1) {
        return createExclusive(path, bytes, mode, attempts - 1);
      }
      // Some file systems (exFAT, some shared folders) have no links.
      if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
      try {
        await writeNew(path, bytes, mode);
      } catch (second) {
        if (codeOf(second) === 'EEXIST') return false;
        throw second;
      }
    } finally {
      await discard(temporary);
    }
    await disk.syncFolder(dirname(path));
    return true;
  }

  return {
    read: (path, limit) => orNull(disk.read(path, limit)),

    async list(path) {
      const entries = await orNull(disk.list(path));
      if (entries === null) return null;
      const named = await Promise.all(
        entries.map(async (entry) => {
          // A linked folder is a folder; a link to nothing is none.
          const directory = entry.isSymbolicLink()
            ? ((await orNull(disk.stat(join(path, entry.name))))?.isDirectory() ?? false)
            : entry.isDirectory();
          return { name: entry.name, directory };
        }),
      );
      return named.sort((a, b) => (a.name < b.name ? -1 : 1));
    },

    async replace(path, bytes, mode) {
      await makeFolder(dirname(path), mode);
      const temporary = besides(path);
      await writeNew(temporary, bytes, mode);
      try {
        await disk.rename(temporary, path);
      } catch (error) {
        await discard(temporary);
        throw error;
      }
      await disk.syncFolder(dirname(path));
    },

    async rename(from, to) {
      await disk.rename(from, to);
      await disk.syncFolder(dirname(to));
    },

    createExclusive: (path, bytes, mode) => createExclusive(path, bytes, mode, 5),

    async open(path, mode) {
      await makeFolder(dirname(path), mode);
      let file: DiskFile;
      try {
        file = await disk.open(path, 'new', mode);
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
        return openFile(await disk.open(path, 'any', mode), disk);
      }
      try {
        await disk.syncFolder(dirname(path));
      } catch (error) {
        await file.close();
        throw error;
      }
      return openFile(file, disk);
    },

    async remove(path) {
      try {
        await disk.unlink(path);
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error;
        return;
      }
      await disk.syncFolder(dirname(path));
    },
  };
}

function openFile(file: DiskFile, disk: Disk): OpenFile {
  return {
    readAt: (offset, length) => file.readAt(offset, length),
    writeAt: (offset, bytes) => file.writeAt(offset, bytes),
    sync: () => file.syncData(),
    truncate: (length) => file.truncate(length),
    async isAt(path) {
      let there: Awaited<ReturnType<Disk['stat']>>;
      try {
        there = await disk.stat(path);
      } catch (error) {
        // ENOTDIR: a file stands where the folder was.
        if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return false;
        throw error;
      }
      const own = await file.stat();
      return own.dev === there.dev && own.ino === there.ino;
    },
    close: () => file.close(),
  };
}

/** What `pending` brings; null only when there is no such file. */
async function orNull<T>(pending: Promise<T>): Promise<T | null> {
  try {
    return await pending;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
