import { constants } from 'node:fs';
import { type FileHandle, link, lstat, mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Files, OpenFile, Random } from '../core/port.ts';

/**
 * The file system. `random` gives the names of temporary files, which stand beside the file that they will become
 * (a rename is atomic within one file system only), are hidden, and end in `.tmp`; one that a killed process left behind
 * is never read and may be deleted. A symbolic link at `path` is replaced by the file, not followed.
 */
export function createFiles(random: Random): Files {
  function besides(path: string): string {
    return join(dirname(path), `.${basename(path)}.${Buffer.from(random.bytes(8)).toString('hex')}.tmp`);
  }

  /** Writes and syncs a new file; leaves none behind when it throws. */
  async function writeNew(path: string, bytes: Uint8Array, mode: number): Promise<void> {
    const handle = await open(path, 'wx', mode);
    try {
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      await discard(path);
      throw error;
    }
  }

  return {
    read: (path) => orNull(readFile(path)),

    async list(path) {
      const entries = await orNull(readdir(path, { withFileTypes: true }));
      if (entries === null) return null;
      const named = await Promise.all(
        entries.map(async (entry) => {
          // A linked folder is a folder; a link to nothing is none.
          const directory = entry.isSymbolicLink()
            ? ((await orNull(stat(join(path, entry.name))))?.isDirectory() ?? false)
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
        await rename(temporary, path);
      } catch (error) {
        await discard(temporary);
        throw error;
      }
      await syncFolder(dirname(path));
    },

    async createExclusive(path, bytes, mode) {
      // Spares a waiting caller the work below; what decides is link, or O_EXCL.
      if ((await orNull(lstat(path))) !== null) return false;
      await makeFolder(dirname(path), mode);
      // A link gives the whole content its name in one step, so that nobody ever reads a half-written lock.
      const temporary = besides(path);
      await writeNew(temporary, bytes, mode);
      try {
        await link(temporary, path);
      } catch (error) {
        const code = codeOf(error);
        if (code === 'EEXIST') return false;
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
      await syncFolder(dirname(path));
      return true;
    },

    async open(path, mode) {
      await makeFolder(dirname(path), mode);
      const { O_RDWR, O_CREAT, O_EXCL } = constants;
      let handle: FileHandle;
      try {
        handle = await open(path, O_RDWR | O_CREAT | O_EXCL, mode);
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
        return openFile(await open(path, O_RDWR | O_CREAT, mode));
      }
      try {
        await syncFolder(dirname(path));
      } catch (error) {
        await handle.close();
        throw error;
      }
      return openFile(handle);
    },

    async remove(path) {
      try {
        await unlink(path);
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error;
        return;
      }
      await syncFolder(dirname(path));
    },
  };
}

function openFile(handle: FileHandle): OpenFile {
  return {
    async writeAt(offset, bytes) {
      // A full disk shows as a short write first; the next one then says why.
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, offset + done);
        if (bytesWritten === 0) throw Object.assign(new Error('EIO: nothing was written'), { code: 'EIO' });
        done += bytesWritten;
      }
    },
    // fdatasync: data and the length that is needed to read it back, without the times (fsync's second disk write).
    sync: () => handle.datasync(),
    truncate: (length) => handle.truncate(length),
    close: () => handle.close(),
  };
}

/** Makes a folder and its parents, and makes their names durable. Private when the file to come is. */
async function makeFolder(folder: string, fileMode: number): Promise<void> {
  const isPrivate = (fileMode & 0o077) === 0;
  const first = await mkdir(folder, { recursive: true, ...(isPrivate ? { mode: 0o700 } : {}) });
  if (first === undefined) return;
  // Each new folder's name is an entry of its parent.
  const top = dirname(resolve(first));
  for (let parent = dirname(resolve(folder)); ; parent = dirname(parent)) {
    await syncFolder(parent);
    if (parent === top || parent === dirname(parent)) return;
  }
}

/** Makes changes of the folder's entries durable. */
async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders; NTFS journals its entries by itself.
  if (process.platform === 'win32') return;
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } catch (error) {
    // fsync(2): the file system has no such thing for folders (some network file systems).
    if (codeOf(error) !== 'EINVAL') throw error;
  } finally {
    await handle.close();
  }
}

/** Deletes a temporary file while another error is on its way: a leftover is harmless, the other error is not. */
async function discard(path: string): Promise<void> {
  await unlink(path).catch(() => {});
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
