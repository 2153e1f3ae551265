import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Attach, Processes } from '../core/port.ts';

/** Milliseconds between asking a child to end and killing it. */
const GRACE = 5000;

/** Child processes of the operating system. Each runs in a process group of its own, so that it ends with all it started. */
export function createProcesses({ grace = GRACE }: { readonly grace?: number } = {}): Processes {
  return {
    async run(command, options) {
      const { args = [], cwd, env, shell = false, input, signal, maxOutput = 16 * 1024 * 1024 } = options;
      signal?.throwIfAborted();
      const { spawn } = await import('node:child_process');
      signal?.throwIfAborted();
      const group = process.platform !== 'win32';
      const child = spawn(command, args, {
        cwd,
        env: { ...env },
        shell,
        detached: group,
        windowsHide: true,
        stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      });
      const stdout = new Tail(maxOutput);
      const stderr = new Tail(maxOutput);
      listen(child.stdout, stdout, options.onStdout);
      listen(child.stderr, stderr, options.onStderr);
      // A child that does not read its input, or has ended, is no error: how it exits says what matters.
      child.stdin?.on('error', () => {});
      child.stdin?.end(input);

      let killer: NodeJS.Timeout | undefined;
      const abort = () => {
        end(child, 'SIGTERM', group);
        killer = setTimeout(() => end(child, 'SIGKILL', group), grace);
      };
      signal?.addEventListener('abort', abort, { once: true });
      try {
        const [code, endedBy] = await new Promise<[number | null, string | null]>((resolve, reject) => {
          child.on('error', reject);
          child.on('close', (...how) => resolve(how));
        });
        signal?.throwIfAborted();
        return {
          code,
          signal: endedBy,
          stdout: stdout.text(),
          stderr: stderr.text(),
          truncated: stdout.truncated || stderr.truncated,
        };
      } finally {
        clearTimeout(killer);
        signal?.removeEventListener('abort', abort);
      }
    },
  };
}

/** Signals that end a program, or that programs give a meaning of their own: they are for the child. */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/** Signals that a terminal sends to every process of the foreground, the child among them. */
const OF_TERMINAL: ReadonlySet<string> = new Set(['SIGINT', 'SIGQUIT']);

/** Windows knows no such signals between processes. */
const SIGNALS = process.platform === 'win32' ? [] : FORWARDED;

/**
 * {@link Attach} on this process: the child has its standard streams, and its process group, so that job control works as if the child had
 * been started by the shell. `terminal`: standard input is a terminal, which sends its signals to the child by itself; forwarded
 * too, one Ctrl-C would count as two.
 */
export function createAttach(terminal: boolean): Attach {
  return async (command, { args, cwd, env }) => {
    const [{ spawn }, { constants }] = await Promise.all([import('node:child_process'), import('node:os')]);
    const child = spawn(command, args, { cwd, env: { ...env }, stdio: 'inherit', windowsHide: true });
    const forwards = SIGNALS.map((signal) => {
      const forward = () => {
        if (!terminal || !OF_TERMINAL.has(signal)) child.kill(signal);
      };
      process.on(signal, forward);
      return () => process.off(signal, forward);
    });
    try {
      const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
        child.on('error', reject);
        child.on('exit', (...how) => resolve(how));
      });
      return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
    } finally {
      for (const stop of forwards) stop();
    }
  };
}

function listen(stream: Readable | null, tail: Tail, onText: ((text: string) => void) | undefined): void {
  // A character may come in two pieces.
  const decoder = new TextDecoder();
  stream?.on('data', (chunk: Buffer) => {
    tail.push(chunk);
    onText?.(decoder.decode(chunk, { stream: true }));
  });
}

/** Signals the child's whole group; a group that is already gone is what was wanted. */
function end(child: ChildProcess, signal: NodeJS.Signals, group: boolean): void {
  if (child.pid === undefined) return;
  if (!group) {
    child.kill(signal);
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The last bytes of a stream, about `limit` of them. */
class Tail {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #length = 0;
  truncated = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    // Cut when twice over, so that each byte is copied a bounded number of times.
    if (this.#length > 2 * this.#limit) this.#cut();
  }

  text(): string {
    if (this.#length > this.#limit) this.#cut();
    return new TextDecoder().decode(Buffer.concat(this.#chunks));
  }

  #cut(): void {
    const kept = Buffer.concat(this.#chunks).subarray(-this.#limit);
    this.#chunks = [Buffer.from(kept)];
    this.#length = kept.length;
    this.truncated = true;
  }
}
