/** The current time. Production reads the system clock; tests give a fixed or a moving one. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  /** Resolves after `ms` milliseconds, or rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Chance. Production draws from the operating system; tests give a seeded one. */
export interface Random {
  /** `length` unpredictable bytes. */
  bytes(length: number): Uint8Array;
  /** A number in [0, 1), for jitter only. */
  fraction(): number;
}

/** Environment variables, as handed to the program. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A file open for positional writing. */
export interface OpenFile {
  /** The `length` bytes from `offset` on; fewer where the file ends before, none beyond its end. */
  readAt(offset: number, length: number): Promise<Uint8Array>;
  /** Writes all of `bytes` at `offset`, or throws. Not yet durable: see {@link OpenFile.sync}. */
  writeAt(offset: number, bytes: Uint8Array): Promise<void>;
  /** Resolves when all written data and the file's length are on the disk. */
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  /**
   * Whether `path` names this very file now (same device and inode): false once the file was removed, renamed or replaced, or its
   * folder is gone, and what is written here is no longer where others look.
   */
  isAt(path: string): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * The file system. All functions throw Node's own errors (with `code`, such as `ENOSPC`), never swallow one, and treat
 * "no such file" as an answer only where their contract says null.
 */
export interface Files {
  /** The whole content, or the first `limit` bytes of it; null only when there is no such file. */
  read(path: string, limit?: number): Promise<Uint8Array | null>;
  /** Names in a folder, sorted; null only when there is no such folder. */
  list(path: string): Promise<readonly { readonly name: string; readonly directory: boolean }[] | null>;
  /**
   * Replaces the file whole: written beside, synced, renamed, folder synced. After a crash the path holds either the
   * old content or the new, never a part. Makes missing parent folders (mode 0700 when `mode` is 0o600).
   */
  replace(path: string, bytes: Uint8Array, mode: number): Promise<void>;
  /**
   * Gives a file another name in the same folder, in one step, over whatever has it; then syncs the folder. Throws `ENOENT` when
   * there is no such file.
   */
  rename(from: string, to: string): Promise<void>;
  /**
   * Makes the file only if it does not exist, synced; false (and nothing changed) when it does. What is first written beside it may be
   * removed by somebody else meanwhile: then it is made again.
   */
  createExclusive(path: string, bytes: Uint8Array, mode: number): Promise<boolean>;
  /** Opens for reading and writing at positions; makes the file when it is missing (parents too). */
  open(path: string, mode: number): Promise<OpenFile>;
  /** Removes the file and syncs its folder; already gone is success. */
  remove(path: string): Promise<void>;
}

/** How a child process ended. */
export interface ProcessResult {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  /** Name of the signal that ended it, such as `SIGKILL`; null when it exited by itself. */
  readonly signal: string | null;
  /** What it wrote, as UTF-8; the last part only when it wrote more than the cap. */
  readonly stdout: string;
  readonly stderr: string;
  /** Whether the beginning of `stdout` or `stderr` was dropped. */
  readonly truncated: boolean;
}

/** Child processes. */
export interface Processes {
  /**
   * Runs a program to its end, with nothing on its standard input unless `input` is given. Resolves however it exits; rejects
   * with Node's own error (`code` such as `ENOENT`) when it cannot be started. On abort it, and what it started, is ended
   * (asked first, then killed), and the promise rejects with the signal's reason once it is gone.
   */
  run(
    /** A program's name or path; with `shell`, a whole command line. */
    command: string,
    options: {
      /** Not with `shell`. */
      readonly args?: readonly string[];
      readonly cwd: string;
      /** The whole environment of the child; nothing is added to it. */
      readonly env: Environment;
      readonly shell?: boolean;
      readonly input?: string;
      readonly signal?: AbortSignal;
      /** Called with each piece of its standard output as it comes. */
      readonly onStdout?: (text: string) => void;
      /** Called with each piece of its standard error as it comes. */
      readonly onStderr?: (text: string) => void;
      /** Bytes of each stream that are kept. Default 16 MiB. */
      readonly maxOutput?: number;
    },
  ): Promise<ProcessResult>;
}

/**
 * Runs a program, without a shell, in Keyform's place: with its standard streams, and with every signal that Keyform gets while it runs.
 * Resolves to its exit code as a shell would tell it: 128 and the number of the signal where one ended it. Rejects with Node's own error
 * (`code` such as `ENOENT`) when it cannot be started.
 */
export type Attach = (
  command: string,
  options: {
    readonly args: readonly string[];
    readonly cwd: string;
    /** The whole environment of the child; nothing is added to it. */
    readonly env: Environment;
  },
) => Promise<number>;
