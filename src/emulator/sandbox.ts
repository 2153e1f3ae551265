import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { z } from 'zod';
import { KeyformError } from '../core/error.ts';
import type { Files } from '../core/port.ts';
import type { Settings } from '../core/provider.ts';
import { borrowed, HOLD_PATH } from './admin.ts';
import { type Emulator, type EmulatorOptions, startEmulator } from './server.ts';

/**
 * One data file, one server. Whoever serves a data file says so in a lock file beside it, and whoever comes later
 * borrows that server instead of starting a second one, which would overwrite what the first one keeps. A server that
 * is lent out stays until the last borrower has let go, so of two commands that run at once neither pulls the ground
 * from under the other.
 */

/** How often a lock that is about to change is looked at again, in milliseconds. */
const LOOK = 50;
/** How long a lock whose server does not answer may be a server that starts or ends, in milliseconds. */
const PATIENCE = 2_000;
/** How long a living process may take from its claim to its open port, or to answer, in milliseconds. */
const START_PATIENCE = 10_000;

const lockFile = z.object({
  pid: z.int(),
  /** Null until the server listens. */
  port: z.int().nullable(),
  /** RFC 3339, for people. */
  started: z.string(),
  /** Tells this claim, and then this server, from any other. */
  id: z.string(),
});
type Lock = z.infer<typeof lockFile>;

/** The process that serves, and how to know whether another lives. */
export interface ProcessOptions {
  /** Id of this process. */
  readonly pid: number;
  /** Whether a process with this id exists, whoever's it is. */
  readonly alive: (pid: number) => boolean;
}

export interface SandboxOptions extends Omit<EmulatorOptions, 'dataFile' | 'port'>, ProcessOptions {
  /** Folder that holds `sandbox.json` and `sandbox.lock`, such as `.keyform`; made when missing. */
  readonly folder: string;
  /** Told when {@link Sandbox.close} has to wait for borrowers. */
  readonly onWait?: () => void;
}

/** The sandbox as one command uses it. */
export interface Sandbox {
  readonly origin: string;
  /** True when another process serves it: its options and faults are in force then, not this command's. */
  readonly reused: boolean;
  /** Provider settings that make Keyform talk to `cloud` here. Throws an Error when it is not served. */
  settings(cloud: string): Settings;
  environment(): Readonly<Record<string, string>>;
  /** Ends what this call started: a borrowed server goes on; an own one ends when nobody borrows it any more. */
  close(): Promise<void>;
}

/**
 * Opens the sandbox of a project folder: starts a server for its data, or borrows the one that another process runs.
 * Throws the errors of {@link startEmulator}, and `state-locked` when the process that serves the data does not answer.
 */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  const tenure = await occupy({ ...options, dataFile: `${options.folder}/sandbox.json`, port: 0 });
  if ('loan' in tenure) {
    const { loan } = tenure;
    const missing = options.clouds.find((cloud) => loan.settings[cloud.name] === undefined);
    if (missing !== undefined) {
      loan.end();
      throw new KeyformError('state-locked', `The sandbox that runs already does not serve ${missing.title}`, {
        detail: `Another version of Keyform (process ${tenure.lock.pid}) runs it. End that process and try again.`,
      });
    }
    return {
      origin: originOf(tenure.port),
      reused: true,
      settings: (cloud) => {
        const settings = loan.settings[cloud];
        if (settings === undefined) throw new Error(`the emulator does not serve ${cloud}`);
        return settings;
      },
      environment: () => loan.environment,
      close: async () => loan.end(),
    };
  }
  const { emulator } = tenure;
  return {
    origin: emulator.origin,
    reused: false,
    settings: (cloud) => emulator.settings(cloud),
    environment: () => emulator.environment(),
    close: async () => {
      if (emulator.lent()) options.onWait?.();
      await emulator.released();
      await emulator.close();
    },
  };
}

/**
 * Serves a data file on a port that the user chose, for `keyform emulator`: as {@link startEmulator}, but known to every
 * sandbox of the same data. Throws `state-locked` when another process serves the file already.
 */
export async function serveData(
  options: EmulatorOptions & ProcessOptions & { readonly dataFile: string },
): Promise<Emulator> {
  const tenure = await occupy(options);
  if (!('loan' in tenure)) return tenure.emulator;
  tenure.loan.end();
  throw new KeyformError('state-locked', `The emulator's data file ${options.dataFile} is served already`, {
    detail: `Process ${tenure.lock.pid} serves it at ${originOf(tenure.port)} since ${tenure.lock.started}. Use that, or end it first.`,
  });
}

interface Loan {
  readonly settings: Readonly<Record<string, Settings>>;
  readonly environment: Readonly<Record<string, string>>;
  end(): void;
}

type Tenure = { readonly emulator: Emulator } | { readonly loan: Loan; readonly lock: Lock; readonly port: number };

/**
 * Claims the data file, or borrows from who has. The one gap left: two processes that find the same dead lock, one of
 * which is stopped for longer than the pause after its claim, may both serve. A file lock of the operating system would
 * close it; Node has none.
 */
async function occupy(options: EmulatorOptions & ProcessOptions & { readonly dataFile: string }): Promise<Tenure> {
  const { files, clock, alive } = options;
  const path = `${options.dataFile.replace(/\.json$/, '')}.lock`;
  const claim: Lock = {
    pid: options.pid,
    port: null,
    started: new Date(clock.now()).toISOString(),
    id: Buffer.from(options.random.bytes(16)).toString('hex'),
  };
  let watched = { id: '', since: clock.now() };
  for (;;) {
    if (await files.createExclusive(path, encode(claim), 0o600)) return { emulator: await serve(options, path, claim) };
    const lock = await readLock(files, path);
    if (lock === 'gone') continue;
    const id = lock === 'unreadable' ? lock : lock.id;
    if (watched.id !== id) watched = { id, since: clock.now() };
    const waited = clock.now() - watched.since;
    let stale = false;
    if (lock === 'unreadable') {
      // A file that is just being made is unreadable for a moment; one that stays so was cut off by a crash.
      stale = waited > PATIENCE;
    } else if (!alive(lock.pid)) {
      stale = true;
    } else if (lock.port === null) {
      if (waited > START_PATIENCE) throw silent(options.dataFile, lock);
    } else {
      const loan = await borrow(lock.port, lock.id);
      if (typeof loan === 'object') return { loan, lock, port: lock.port };
      if (loan === 'silent') throw silent(options.dataFile, lock);
      // The process lives but its port is closed: it is just ending, or its number went to another process after a crash.
      stale = waited > PATIENCE;
    }
    if (!stale) {
      await clock.sleep(LOOK);
      continue;
    }
    await files.replace(path, encode(claim), 0o600);
    await clock.sleep(2 * LOOK);
    const now = await readLock(files, path);
    if (typeof now === 'object' && now.id === claim.id) return { emulator: await serve(options, path, claim) };
  }
}

async function serve(
  options: EmulatorOptions & ProcessOptions & { readonly dataFile: string },
  path: string,
  claim: Lock,
): Promise<Emulator> {
  const { files } = options;
  let emulator: Emulator;
  try {
    emulator = await startEmulator(options);
  } catch (error) {
    await files.remove(path);
    throw error;
  }
  await files.replace(path, encode({ ...claim, port: emulator.port, id: emulator.id }), 0o600);
  return {
    origin: emulator.origin,
    port: emulator.port,
    id: emulator.id,
    settings: (cloud) => emulator.settings(cloud),
    environment: () => emulator.environment(),
    counts: () => emulator.counts(),
    addFaults: (rules) => emulator.addFaults(rules),
    clearFaults: () => emulator.clearFaults(),
    lent: () => emulator.lent(),
    released: () => emulator.released(),
    close: async () => {
      await emulator.close();
      // Last, so that nobody starts on data that are still being written.
      const lock = await readLock(files, path);
      if (typeof lock === 'object' && lock.id === emulator.id) await files.remove(path);
    },
  };
}

async function readLock(files: Files, path: string): Promise<Lock | 'gone' | 'unreadable'> {
  const bytes = await files.read(path);
  if (bytes === null) return 'gone';
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return 'unreadable';
  }
  return lockFile.safeParse(parsed).data ?? 'unreadable';
}

function encode(lock: Lock): Uint8Array {
  return Buffer.from(`${JSON.stringify(lock)}\n`);
}

function originOf(port: number): string {
  return `http://127.0.0.1:${port}`;
}

function silent(dataFile: string, lock: Lock): KeyformError {
  return new KeyformError(
    'state-locked',
    `Process ${lock.pid} claims the emulator's data file ${dataFile} and does not answer`,
    { detail: `It claimed it at ${lock.started}. End that process and try again.` },
  );
}

/**
 * Asks the server on `port` to stay until {@link Loan.end}. `absent`: there is none, or not the one named `id`; `silent`:
 * something took the connection and did not answer.
 */
function borrow(port: number, id: string): Promise<Loan | 'absent' | 'silent'> {
  return new Promise((resolve) => {
    const request: ClientRequest = get({ host: '127.0.0.1', port, path: HOLD_PATH, agent: false });
    const settle = (result: Loan | 'absent' | 'silent'): void => {
      request.setTimeout(0);
      if (typeof result === 'string') request.destroy();
      resolve(result);
    };
    request.setTimeout(START_PATIENCE, () => settle('silent'));
    // Also keeps a server that dies while it is lent from ending this process with an unhandled error: the provider's own
    // calls find out and say it better.
    request.on('error', () => settle('absent'));
    request.on('response', (response: IncomingMessage) => {
      let text = '';
      response.on('error', () => settle('absent'));
      response.on('end', () => settle('absent'));
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (!text.includes('\n')) return;
        const answer = borrowed.safeParse(parseLine(text));
        if (!answer.success || answer.data.id !== id) return settle('absent');
        // A command that fails without closing the sandbox must still be able to end.
        request.socket?.unref();
        settle({ ...answer.data, end: () => request.destroy() });
      });
    });
  });
}

function parseLine(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Something else than an emulator has the port; the caller finds that the form is not right.
    return null;
  }
}
