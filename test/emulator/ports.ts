import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/io/clock.ts';
import { createFiles } from '../../src/io/files.ts';
import { systemRandom } from '../../src/io/random.ts';

/** The real world, for servers under test. */
export const ports = { files: createFiles(systemRandom), clock: systemClock, random: systemRandom, options: {} };

/** Whether a process with this id exists; signal 0 only asks. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A child that runs serve.ts. */
export interface Child {
  readonly pid: number;
  /** Next line of its output. Rejects when it ends first. */
  line(): Promise<string>;
  /** Tells it to close its sandbox. */
  tell(): void;
  /** Kills it as a power cut would, and resolves when it is gone. */
  kill(): Promise<void>;
}

export function startChild(kind: 'file' | 'folder', path: string): Child {
  const script = fileURLToPath(new URL('serve.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, kind, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const lines: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const taker = waiting.shift();
      if (taker === undefined) lines.push(part);
      else taker(part);
    }
  });
  return {
    pid: child.pid ?? 0,
    line: () => {
      const line = lines.shift();
      if (line !== undefined) return Promise.resolve(line);
      return new Promise((resolve, reject) => {
        waiting.push(resolve);
        void gone.then(() => reject(new Error('the child ended')));
      });
    },
    tell: () => child.stdin.write('close\n'),
    kill: () => {
      child.kill('SIGKILL');
      return gone;
    },
  };
}
