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
  EMFILE: 'Too many files are open at once. Raise the limit (ulimit -n) and run the command again.',
  ENFILE: 'Too many files are open on this machine. Run the command again when there are fewer.',
  EBUSY: 'Another program holds the file. Run the command again when it has let go of it.',
  ETXTBSY: 'Another program holds the file. Run the command again when it has let go of it.',
  ELOOP: 'A symbolic link in its path leads back to itself. Put the link right.',
  ENAMETOOLONG: 'The name is too long for the file system. Give the stack a shorter one, or move the state folder.',
  EXDEV: 'The state folder is spread over two file systems. Put all of its files on one.',
  ESTALE: 'The network share that the folder is on was cut off. Mount it again, then run the command again.',
  ETIMEDOUT: 'The network share that the folder is on does not answer. Run the command again when it does.',
  ENOTSUP: 'The file system cannot do that. Move the state to another one (context.keyform.state in cdktf.json).',
  EOPNOTSUPP: 'The file system cannot do that. Move the state to another one (context.keyform.state in cdktf.json).',
};

/** Node's error code of a thrown value (`ENOSPC`), or null when it has none. */
export function faultCode(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : null;
}

/** The same in few words, to stand in parentheses in a note, which has no room for a remedy. */
const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would exceed a size limit',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  EIO: 'the disk reported an error',
  ENOENT: 'its folder is gone',
  EISDIR: 'there is a folder in its place',
  ENOTDIR: 'there is a file where its folder should be',
};

/** Why a file operation failed, in words and without a full stop: `the disk is full (ENOSPC)`, or what the system says. */
export function faultWords(error: unknown): string {
  const code = faultCode(error);
  const words = code === null ? undefined : WORDS[code];
  if (words !== undefined) return `${words} (${code})`;
  return error instanceof Error ? error.message : String(error);
}

/** The `state-io` error for a failed file operation: `what` completes "Cannot …", the remedy follows from the cause. */
export function stateIo(what: string, path: string, cause: unknown): KeyformError {
  const code = faultCode(cause);
  return new KeyformError('state-io', `Cannot ${what} ${path}${code === null ? '' : ` (${code})`}`, {
    detail:
      (code === null ? undefined : REMEDIES[code]) ??
      `The operating system refused${cause instanceof Error ? `. In its own words: ${cause.message.slice(0, 200)}` : '.'}`,
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
