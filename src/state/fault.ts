import { KeyformError } from '../core/error.ts';

/** What to do about each way in which a file system says no; by Node's error code. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full. Free some space and run the command again.',
  EDQUOT: 'The disk quota is used up. Free some space and run the command again.',
  EFBIG: 'The file would exceed the size limit of the file system or of the process (ulimit -f).',
  EACCES: 'Permission denied. Check who owns the folder and the file, and as whom Keyform runs.',
  EPERM: 'Permission denied. Check who owns the folder and the file, and as whom Keyform runs.',
  EROFS: 'The file system is read-only. Mount it for writing, or move the state (context.keyform.state in cdktf.json).',
  EIO: 'The disk reported a read or write error. Check the disk before anything else; do not delete any state file.',
  ENOENT: 'The folder vanished meanwhile. Put it back before running the command again.',
  EISDIR: 'There is a folder where a file should be. Move it away.',
  ENOTDIR: 'There is a file where a folder should be. Move it away.',
};

/** Node's error code of a thrown value (`ENOSPC`), or null when it has none. */
export function faultCode(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : null;
}

/** The `state-io` error for a failed file operation: `what` completes "Cannot …", the remedy follows from the cause. */
export function stateIo(what: string, path: string, cause: unknown): KeyformError {
  const code = faultCode(cause);
  return new KeyformError('state-io', `Cannot ${what} ${path}${code === null ? '' : ` (${code})`}`, {
    detail:
      (code === null ? undefined : REMEDIES[code]) ?? 'The operating system refused; its own words are the cause.',
    cause,
  });
}

/** Runs one file operation; what the file system throws becomes {@link stateIo}, a KeyformError passes as it is. */
export async function guarded<T>(what: string, path: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw error instanceof KeyformError ? error : stateIo(what, path, error);
  }
}
