import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
// @ts-expect-error: plain JavaScript, so that it runs before anything is built.
import { sourceHash } from '../../.ci/prepare.mjs';
import { generateIdentity, identityFile } from '../../src/state/keys.ts';

/** Root of the repository. */
export const ROOT = join(import.meta.dirname, '..', '..');
/** The tool as users get it. */
export const MAIN = join(ROOT, 'dist', 'main.cjs');

/** These tests are worth nothing over an old build. Throws unless dist is made from the very sources that lie beside it. */
export function requireBuild(): void {
  const stamp = join(ROOT, 'dist', '.stamp');
  const built = existsSync(stamp) && existsSync(MAIN) ? readFileSync(stamp, 'utf8') : null;
  if (built === sourceHash()) return;
  throw new Error(
    `dist/ is ${built === null ? 'missing' : 'older than src/'}: run "npm run build", then these tests again`,
  );
}

let identity: Promise<{ readonly text: string; readonly recipient: string }> | undefined;

/** One age identity for all tests of a file: making one takes a while, and nothing depends on whose it is. */
export function sharedIdentity(): Promise<{ readonly text: string; readonly recipient: string }> {
  identity ??= generateIdentity().then((made) => ({
    text: identityFile(made, 0).reveal(),
    recipient: made.recipient,
  }));
  return identity;
}

/** A place of its own for one test: a project folder, a home folder and a clean environment. */
export interface Place {
  /** Holds everything of the test. */
  readonly work: string;
  /** The project folder; commands start here. */
  readonly project: string;
  readonly env: Record<string, string>;
  remove(): void;
}

/** Makes a place with an identity where the tool looks for the user's own. Nothing of the caller's environment is in it. */
export async function makePlace(files: Readonly<Record<string, string>> = {}): Promise<Place> {
  const work = mkdtempSync(join(tmpdir(), 'keyform-script-'));
  const project = join(work, 'project');
  const config = join(work, 'config', 'keyform');
  for (const folder of [project, config, join(work, 'home')]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(config, 'identity.txt'), (await sharedIdentity()).text, { mode: 0o600 });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(project, name)), { recursive: true });
    writeFileSync(join(project, name), text);
  }
  return {
    work,
    project,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: join(work, 'home'),
      TMPDIR: work,
      WORK: work,
      XDG_CONFIG_HOME: join(work, 'config'),
    },
    remove: () => rmSync(work, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** Lets a project folder import packages of this repository, and `keyform` itself. */
export function linkPackages(project: string, names: readonly string[]): void {
  for (const name of names) {
    const link = join(project, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(name === 'keyform' ? ROOT : join(ROOT, 'node_modules', name), link, 'dir');
  }
}

/** How a process ended, and all it printed. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** A process that runs. */
export interface Running {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly ended: Promise<Ended>;
  /** Resolves when `test` holds of what it has printed so far; rejects when it ends before. */
  until(test: (out: string, err: string) => boolean): Promise<void>;
  /** Sends a signal; nothing happens when it has ended already. */
  signal(name: NodeJS.Signals): void;
}

/** Starts the built tool in a real child process, without a terminal and without input. */
export function keyform(
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>>; readonly node?: readonly string[] },
): Running {
  return run(process.execPath, [...(options.node ?? []), MAIN, ...args], options);
}

/**
 * Runs the built tool on a terminal of its own, which util-linux' `script` makes, and answers its questions, the first with the first
 * of `answers`; `^C` presses Ctrl-C. Standard output and standard error come as one, with the lines that a terminal has.
 */
export async function onTerminal(
  answers: readonly string[],
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<Ended> {
  const quoted = [process.execPath, MAIN, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const child = spawn('script', ['-qefc', quoted, '/dev/null'], { cwd: options.cwd, env: { ...options.env } });
  const left = [...answers];
  let out = '';
  let answered = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    // A question ends the output, without a line feed.
    if (!/\S: $/.test(stripVTControlCharacters(out.slice(answered)))) return;
    const answer = left.shift();
    answered = out.length;
    if (answer === undefined) child.kill();
    else child.stdin.write(answer === '^C' ? '\x03' : `${answer}\r`);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code, signal, out: stripVTControlCharacters(out).replaceAll('\r', ''), err: '' });
    });
  });
}

/** Starts any program. */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Running {
  const child = spawn(program, args, { cwd: options.cwd, env: { ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  let over = false;
  const watchers = new Set<() => void>();
  const tell = () => {
    for (const watcher of watchers) watcher();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    tell();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    tell();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      over = true;
      resolve({ code, signal, out, err });
      tell();
    });
  });
  return {
    pid: child.pid ?? 0,
    child,
    out: () => out,
    err: () => err,
    ended,
    until: (test) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const met = test(out, err);
          if (!met && !over) return;
          watchers.delete(look);
          if (met) resolve();
          else reject(new Error(`${args.join(' ')} ended before what was waited for:\n${out}\n${err}`));
        };
        watchers.add(look);
        look();
      }),
    signal: (name) => {
      if (!over) child.kill(name);
    },
  };
}

/** The emulator of the built tool, in a process of its own. */
export interface EmulatorProcess {
  readonly origin: string;
  /** What points Keyform at it, with credentials that work there. */
  readonly environment: Readonly<Record<string, string>>;
  fault(rule: unknown): Promise<void>;
  clear(): Promise<void>;
  requests(): Promise<Readonly<Record<string, number>>>;
  /** Makes, or lists, Sinch keys as somebody else would: through the vendor's API. */
  sinch(method: string, path: string, body?: unknown): Promise<unknown>;
  /** What a person does in a vendor's console; `path` is behind `/_keyform/keys`. */
  keys(method: string, path: string, body?: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

export async function startEmulator(
  place: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
  args: readonly string[] = [],
): Promise<EmulatorProcess> {
  const server = keyform(['emulator', '-port=0', '-quiet', ...args], place);
  await server.until((_, err) => err.includes('until Ctrl-C'));
  const origin = /http:\/\/127\.0\.0\.1:\d+/.exec(server.err())?.[0] ?? '';
  const admin = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${origin}/_keyform/${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the emulator answered ${answer.status}: ${text}`);
    return JSON.parse(text);
  };
  const environment = (await admin('GET', 'environment')) as Record<string, string>;
  return {
    origin,
    environment,
    fault: async (rule) => {
      await admin('POST', 'faults', rule);
    },
    clear: async () => {
      await admin('DELETE', 'faults');
    },
    requests: async () => ((await admin('GET', 'requests')) as { requests: Record<string, number> }).requests,
    keys: (method, path, body) => admin(method, `keys${path}`, body),
    sinch: async (method, path, body) => {
      const basic = Buffer.from(`${environment.SINCH_KEY_ID}:${environment.SINCH_KEY_SECRET}`).toString('base64');
      const answer = await fetch(`${origin}/v1/projects/${path}`, {
        method,
        headers: { authorization: `Basic ${basic}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`the Sinch emulator answered ${answer.status}: ${text}`);
      return text === '' ? null : JSON.parse(text);
    },
    stop: async () => {
      server.signal('SIGTERM');
      await server.ended;
    },
  };
}
