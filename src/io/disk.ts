import { type BigIntStats, constants, type Dirent, fstatSync, readFileSync, type Stats } from 'node:fs';
import { type FileHandle, link, lstat, mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';

/** A file open for reading and writing. */
export interface DiskFile {
  /** The `length` bytes from `offset` on; fewer where the file ends before. */
  readAt(offset: number, length: number): Promise<Uint8Array>;
  /** Writes all of `bytes` at `offset`. */
  writeAt(offset: number, bytes: Uint8Array): Promise<void>;
  /** fsync: data, length and times. */
  sync(): Promise<void>;
  /** fdatasync: data, and the length that is needed to read it back; spares fsync's second disk write, for the times. */
  syncData(): Promise<void>;
  truncate(length: number): Promise<void>;
  /** With big integers: an inode's number may have 64 bits. */
  stat(): Promise<BigIntStats>;
  close(): Promise<void>;
}

/**
 * The few things that Keyform does to a disk, each one call of the operating system (a write: as many as it takes). Everything
 * throws Node's own errors. Between any two of them a process may die, and each may fail: fault points stand exactly here.
 */
export interface Disk {
  /** Opens for reading and writing. `new`: makes the file with `mode`, or throws `EEXIST`; `any`: makes it when it is missing. */
  open(path: string, which: 'new' | 'any', mode: number): Promise<DiskFile>;
  rename(from: string, to: string): Promise<void>;
  /** A second name for a file; throws `EEXIST` when the name is taken. */
  link(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Makes a folder and its parents; `mode` null: what the process's umask leaves. The first folder made, or null. */
  mkdir(path: string, mode: number | null): Promise<string | null>;
  /** Makes changes of a folder's entries durable, where the file system has such a thing. */
  syncFolder(path: string): Promise<void>;
  /** The whole content, or the first `limit` bytes of it. */
  read(path: string, limit?: number): Promise<Uint8Array>;
  list(path: string): Promise<Dirent[]>;
  /** With big integers, see {@link DiskFile.stat}. */
  stat(path: string): Promise<BigIntStats>;
  lstat(path: string): Promise<Stats>;
}

/** The disk of this machine. */
export const systemDisk: Disk = {
  async open(path, which, mode) {
    const { O_RDWR, O_CREAT, O_EXCL } = constants;
    return diskFile(await open(path, O_RDWR | O_CREAT | (which === 'new' ? O_EXCL : 0), mode));
  },
  rename,
  link,
  unlink,
  mkdir: async (path, mode) => (await mkdir(path, { recursive: true, ...(mode === null ? {} : { mode }) })) ?? null,
  async syncFolder(path) {
    // Windows opens no folders; NTFS journals its entries by itself.
    if (process.platform === 'win32') return;
    const handle = await open(path, constants.O_RDONLY);
    try {
      await handle.sync();
    } catch (error) {
      // fsync(2): the file system has no such thing for folders (some network file systems).
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
    } finally {
      await handle.close();
    }
  },
  async read(path, limit) {
    if (limit === undefined) return readFile(path);
    const handle = await open(path, constants.O_RDONLY);
    try {
      const bytes = new Uint8Array(limit);
      let done = 0;
      for (let read = -1; read !== 0 && done < limit; done += read) {
        read = (await handle.read(bytes, done, limit - done, done)).bytesRead;
      }
      return bytes.subarray(0, done);
    } finally {
      await handle.close();
    }
  },
  list: (path) => readdir(path, { withFileTypes: true }),
  stat: (path) => stat(path, { bigint: true }),
  lstat: (path) => lstat(path),
};

function diskFile(handle: FileHandle): DiskFile {
  return {
    async readAt(offset, length) {
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
        if (bytesRead === 0) return bytes.subarray(0, done);
        done += bytesRead;
      }
      return bytes;
    },
    async writeAt(offset, bytes) {
      // A full disk shows as a short write first; the next one then says why.
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, offset + done);
        if (bytesWritten === 0) throw Object.assign(new Error('EIO: nothing was written'), { code: 'EIO' });
        done += bytesWritten;
      }
    },
    sync: () => handle.sync(),
    syncData: () => handle.datasync(),
    truncate: (length) => handle.truncate(length),
    stat: () => handle.stat({ bigint: true }),
    close: () => handle.close(),
  };
}

/** The whole content of a file, at once: for what cannot wait. Null when there is no such file; throws Node's own errors. */
export function readNow(path: string): Uint8Array | null {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Whether the stream with this descriptor is kept in a file; false for a terminal, a pipe, a device and for one that is closed. */
export function isFile(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBADF') return false;
    throw error;
  }
}
