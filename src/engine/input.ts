import { KeyformError } from '../core/error.ts';
import type { Files } from '../core/port.ts';

/**
 * Reads a file that the user wrote or named; null when there is none. `shown` is its name as the user would say it.
 * Throws `invalid-usage` when something is there that cannot be read: a folder, or a file without permission.
 */
export async function readInput(files: Files, path: string, shown: string): Promise<Uint8Array | null> {
  try {
    return await files.read(path);
  } catch (cause) {
    throw unusable('read', shown, cause);
  }
}

/** Writes a file that the user named. Throws `invalid-usage` when it cannot be written. */
export async function writeOutput(
  files: Files,
  path: string,
  shown: string,
  bytes: Uint8Array,
  mode: number,
): Promise<void> {
  try {
    await files.replace(path, bytes, mode);
  } catch (cause) {
    throw unusable('written', shown, cause);
  }
}

const WHY: Readonly<Record<string, string>> = {
  EISDIR: 'It is a folder; name a file.',
  ENOTDIR: 'A part of its path is a file and no folder.',
  EACCES: 'You lack the permission for it.',
  EPERM: 'You lack the permission for it.',
  EROFS: 'Its file system is read-only.',
  ENOSPC: 'The disk is full.',
};

function unusable(what: string, shown: string, cause: unknown): unknown {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : null;
  if (code === null) return cause;
  return new KeyformError('invalid-usage', `${shown} cannot be ${what} (${code})`, {
    detail: WHY[code] ?? 'Check that the file is there and that you may use it.',
    cause,
  });
}
