import { z } from 'zod';
import type { CloudEmulator } from '../core/emulator.ts';
import { KeyformError } from '../core/error.ts';
import type { Json } from '../core/json.ts';
import type { Files, Random } from '../core/port.ts';

/** Version of the data file that this program writes, and the only one it reads. */
export const DATA_VERSION = 1;

const SEED_BYTES = 32;
/** The longest that a write waits for others to join, in milliseconds; never longer than the write before it took. */
const LINGER = 10;

/** What an emulator starts from. */
export interface StoredData {
  /** 32 bytes that every id and secret of the emulated clouds is derived from. */
  readonly seed: Uint8Array;
  /** Whether there was no file to read. */
  readonly fresh: boolean;
  /** What each cloud's `save` gave, by cloud; a cloud without an entry starts new. */
  readonly clouds: Readonly<Record<string, Json>>;
}

const envelope = z.object({ version: z.number() });
const dataFile = z.strictObject({
  version: z.literal(DATA_VERSION),
  seed: z.base64(),
  clouds: z.record(z.string(), z.json()),
});

/**
 * Reads a data file; with `path` null, or where there is no such file, new data with a seed from `random`. Throws
 * `empty-state`, `damaged-state`, `newer-state` or `state-io`: a file that cannot be understood is never taken for none,
 * because the keys in it may be what a state file points at.
 */
export async function readData(files: Files, path: string | null, random: Random): Promise<StoredData> {
  const bytes = path === null ? null : await readBytes(files, path);
  if (path === null || bytes === null) return { seed: random.bytes(SEED_BYTES), clouds: {}, fresh: true };
  if (bytes.length === 0) {
    throw new KeyformError('empty-state', `The emulator's data file ${path} is empty`, { detail: REMEDY });
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw damagedData(path, 'is not JSON', cause);
  }
  const version = envelope.safeParse(parsed).data?.version;
  if (version !== undefined && version > DATA_VERSION) {
    throw new KeyformError('newer-state', `The emulator's data file ${path} is of version ${version}`, {
      detail: `This Keyform reads version ${DATA_VERSION}. Use the newer Keyform that wrote it, or delete the file to start with empty clouds.`,
    });
  }
  const result = dataFile.safeParse(parsed);
  if (!result.success) {
    const issue = result.error.issues[0];
    const where = issue === undefined || issue.path.length === 0 ? 'its root' : `"${issue.path.join('.')}"`;
    throw damagedData(path, `does not have the expected form at ${where}`, result.error);
  }
  const seed = new Uint8Array(Buffer.from(result.data.seed, 'base64'));
  if (seed.length !== SEED_BYTES) throw damagedData(path, `has a seed of ${seed.length} bytes, not ${SEED_BYTES}`);
  return { seed, fresh: false, clouds: result.data.clouds as Readonly<Record<string, Json>> };
}

/** The error for a data file that is there and cannot be used; `what` completes "The data file … ". */
export function damagedData(path: string, what: string, cause?: unknown): KeyformError {
  return new KeyformError('damaged-state', `The emulator's data file ${path} ${what}`, { detail: REMEDY, cause });
}

const REMEDY =
  'Nothing was changed. Restore the file from a copy, or delete it to start with empty clouds; keys that a state file of this sandbox remembers are then gone.';

async function readBytes(files: Files, path: string): Promise<Uint8Array | null> {
  try {
    return await files.read(path);
  } catch (cause) {
    throw new KeyformError('state-io', `The emulator's data file ${path} cannot be read (${codeOf(cause)})`, {
      detail: 'Check that it is a file and that you may read it.',
      cause,
    });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

/**
 * Keeps the data file abreast of the clouds. {@link Store.commit} resolves when the file holds everything that had been
 * done before it was called. One write serves all callers that came while the one before it was under way, and data
 * that did not change is not written: so a thousand creates cost as many writes as the disk has time for, and no more.
 */
export class Store {
  readonly #files: Files;
  readonly #path: string | null;
  readonly #seed: string;
  readonly #clouds: ReadonlyMap<string, CloudEmulator>;
  /** JSON text by cloud as of the last look; clouds that this program does not serve keep the text they came with. */
  readonly #texts = new Map<string, string>();
  readonly #touched = new Set<string>();
  /** Whether {@link Store.#texts} holds something that the file does not. */
  #dirty: boolean;
  #running: Promise<void> | null = null;
  /** The running write while it has not begun and others may join. */
  #gathering: {
    joined: number;
    readonly wanted: number;
    readonly enough: () => void;
    readonly write: Promise<void>;
  } | null = null;
  /** How long the last write took, in milliseconds. */
  #took = 0;
  /** How many wait for the next write. */
  #queued = 0;
  /** How many the last write served. */
  #answered = 0;
  #next: Promise<void> | null = null;

  constructor(files: Files, path: string | null, stored: StoredData, clouds: ReadonlyMap<string, CloudEmulator>) {
    this.#files = files;
    this.#path = path;
    this.#seed = Buffer.from(stored.seed).toString('base64');
    this.#clouds = clouds;
    this.#dirty = stored.fresh;
    for (const [name, data] of Object.entries(stored.clouds)) this.#texts.set(name, JSON.stringify(data));
  }

  /**
   * Resolves when all that `cloud` (null: every cloud) has done so far is on the disk. Rejects with `state-io` when it
   * could not be written; the data then stays to be written by the next commit.
   */
  commit(cloud: string | null): Promise<void> {
    const path = this.#path;
    if (path === null) return Promise.resolve();
    for (const name of cloud === null ? this.#clouds.keys() : [cloud]) this.#touched.add(name);
    if (this.#gathering !== null) {
      this.#gathering.joined += 1;
      if (this.#gathering.joined >= this.#gathering.wanted) this.#gathering.enough();
      return this.#gathering.write;
    }
    this.#queued += 1;
    if (this.#next !== null) return this.#next;
    if (this.#running === null) return this.#start(path);
    // A failed write is reported to those who waited for it; those who came later get a write of their own.
    const follow = (): Promise<void> => {
      this.#next = null;
      return this.#start(path);
    };
    this.#next = this.#running.then(follow, follow);
    return this.#next;
  }

  #start(path: string): Promise<void> {
    const joined = this.#queued;
    this.#queued = 0;
    // Clients that were just answered are about to come back: waiting for them halves the number of writes. One client
    // that works on its own never waits.
    const wanted = joined + this.#answered;
    if (wanted <= 2) {
      this.#answered = joined;
      return this.#run(this.#write(path));
    }
    let enough = (): void => {};
    const gathered = new Promise<void>((resolve) => {
      // Real time, and not the clock's: it changes no outcome.
      const timer = setTimeout(resolve, Math.min(LINGER, this.#took));
      enough = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    const write = this.#run(
      gathered.then(() => {
        this.#answered = this.#gathering?.joined ?? joined;
        this.#gathering = null;
        return this.#write(path);
      }),
    );
    this.#gathering = { joined, wanted, enough, write };
    return write;
  }

  #run(work: Promise<void>): Promise<void> {
    const running = work.finally(() => {
      this.#running = null;
    });
    this.#running = running;
    return running;
  }

  async #write(path: string): Promise<void> {
    for (const name of this.#touched) {
      const text = JSON.stringify(this.#clouds.get(name)?.save() ?? null);
      if (text === this.#texts.get(name)) continue;
      this.#texts.set(name, text);
      this.#dirty = true;
    }
    this.#touched.clear();
    if (!this.#dirty) return;
    const clouds = [...this.#texts].map(([name, text]) => `${JSON.stringify(name)}:${text}`);
    const text = `{"version":${DATA_VERSION},"seed":"${this.#seed}","clouds":{${clouds.join(',\n')}}}\n`;
    // Taken back on failure: whatever changes during the write is seen by the next one, which looks at the clouds anew.
    this.#dirty = false;
    const begun = performance.now();
    try {
      await this.#files.replace(path, Buffer.from(text), 0o600);
      this.#took = performance.now() - begun;
    } catch (cause) {
      this.#dirty = true;
      throw new KeyformError('state-io', `The emulator's data file ${path} cannot be written (${codeOf(cause)})`, {
        detail: 'Check the free space and that you may write to its folder.',
        cause,
      });
    }
  }
}
