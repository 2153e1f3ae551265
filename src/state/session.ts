import { type ErrorCode, KeyformError } from '../core/error.ts';
import { applyEntry, type Intent, type JournalEntry, type MutableState, type State } from '../core/state.ts';
import { guarded } from './fault.ts';
import { encodeEntry } from './format.ts';
import type { Lock } from './lock.ts';
import { recordSize } from './record.ts';
import { type SnapshotOptions, writeSnapshot } from './snapshot.ts';
import { JournalWriter } from './writer.ts';

/** Room that every intent reserves for its result, beside what depends on the size of its arguments. Bytes of text. */
export const RESERVE = 8 * 1024;

/**
 * A journal entry that could not be made durable. For an `intent`: it did not happen, and nothing must be done at the API.
 * For every other kind: it is a fact, the session's state holds it (`kept`), and {@link Session.close} saves it in the
 * snapshot if that can be written; until then only this process knows it.
 */
export class RecordError extends KeyformError {
  readonly entry: {
    readonly kind: JournalEntry['kind'];
    readonly address: string | null;
    readonly intent: string | null;
  };
  readonly kept: boolean;

  constructor(
    code: ErrorCode,
    message: string,
    options: { detail: string; cause: unknown; entry: RecordError['entry']; kept: boolean },
  ) {
    super(code, message, { detail: options.detail, cause: options.cause });
    this.entry = options.entry;
    this.kept = options.kept;
  }
}

/** Whether `error` is a {@link RecordError}. */
export function isRecordError(error: unknown): error is RecordError {
  return error instanceof RecordError;
}

/** A run that may change the state: it holds the lock. End it with `close`, or with `abandon` after close failed. */
export interface Session {
  /** Live view: every entry that is recorded, or kept, shows in it. */
  readonly state: State;
  /**
   * As {@link ReadState.revision}, of what `begin` found, before it wrote anything: equal to the one that a plan was made
   * from exactly when nothing was recorded since.
   */
  readonly found: string;
  /** What was met on the way: a lock taken over, a journal replayed, a record cut off. */
  readonly notes: readonly string[];
  /**
   * Resolves when the entry is on the disk. Entries that arrive while a sync is under way share the next one. Throws a
   * {@link RecordError} with code `state-io` when that failed; `internal` (and records nothing) when the entry contradicts
   * the state or the session has ended.
   */
  record(entry: JournalEntry): Promise<void>;
  /**
   * Waits for what is under way, folds everything into a new snapshot if anything changed, removes the journal, releases the
   * lock. When it throws (`state-io`, `state-locked`) the lock is still held: call it again, or `abandon`. From the first call
   * on no entry is taken any more.
   */
  close(): Promise<{ readonly serial: number }>;
  /**
   * Waits for what is under way and releases the lock; the journal stays, and the next session replays it. Facts that are
   * merely `kept` after a failed record are lost with the process: report them first.
   */
  abandon(): Promise<void>;
}

interface Pending {
  readonly entry: JournalEntry;
  readonly text: string;
  /** Of an intent: bytes on disk to keep free for its result. */
  readonly reserve: number;
  resolve(): void;
  reject(error: unknown): void;
}

export interface SessionOptions extends SnapshotOptions {
  readonly lock: Lock;
  readonly state: MutableState;
  readonly snapshot: {
    readonly bytes: Uint8Array;
    readonly recipients: readonly string[];
    readonly journalKey: Uint8Array;
  };
  readonly found: string;
  readonly notes: readonly string[];
}

/** Starts a session on a state whose snapshot is written and whose journal is folded and removed. */
export function startSession(options: SessionOptions): Session {
  return new JournalSession(options);
}

class JournalSession implements Session {
  readonly state: MutableState;
  readonly found: string;
  readonly notes: readonly string[];
  readonly #options: SessionOptions;
  /** What the state will be when all that is queued is written: an entry that contradicts it must never be written. */
  readonly #ahead: MutableState;
  /** Bytes to keep free for the result of each open intent of this session. */
  readonly #reserved = new Map<string, number>();
  #queue: Pending[] = [];
  #draining: Promise<void> | null = null;
  #writer: JournalWriter | null = null;
  #changed = false;
  /** The snapshot is written, though something after it may have failed. */
  #folded = false;
  /** The snapshot as it was found, and what this session tried to put in its place: a failed replace may have taken effect. */
  readonly #known: Uint8Array[];
  #closing = false;
  #ending: Promise<unknown> | null = null;
  #ended = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.state = options.state;
    this.found = options.found;
    this.notes = options.notes;
    this.#known = [options.snapshot.bytes];
    const { resources, intents } = options.state;
    this.#ahead = { ...options.state, resources: new Map(resources), intents: new Map(intents) };
  }

  async record(entry: JournalEntry): Promise<void> {
    if (this.#closing) throw new KeyformError('internal', 'An entry was recorded after the session was closed');
    const about = intentOf(entry);
    if (about !== null && !this.state.intents.has(about)) {
      throw new KeyformError(
        'internal',
        `A journal entry of kind "${entry.kind}" is of an intent that is not recorded`,
      );
    }
    const text = encodeEntry(entry);
    const reserve = entry.kind === 'intent' ? this.#reserveFor(entry.intent) : 0;
    try {
      applyEntry(this.#ahead, entry);
    } catch (cause) {
      throw new KeyformError('internal', `A journal entry of kind "${entry.kind}" contradicts the state`, {
        detail: 'This is a defect in Keyform: please report it. The entry was not recorded.',
        cause,
      });
    }
    const done = new Promise<void>((resolve, reject) => {
      this.#queue.push({ entry, text, reserve, resolve, reject });
    });
    this.#draining ??= this.#drain();
    await done;
  }

  close(): Promise<{ readonly serial: number }> {
    return this.#end(async () => {
      const { paths, files, lock, snapshot } = this.#options;
      if (this.#changed && !this.#folded) {
        await writeSnapshot(this.#options, this.state, this.#known, snapshot.recipients);
        this.#folded = true;
      }
      if (this.#writer !== null) {
        await this.#writer.close();
        await guarded('remove the journal', paths.journal, () => files.remove(paths.journal));
      }
      await lock.release();
      return { serial: this.state.serial };
    });
  }

  abandon(): Promise<void> {
    return this.#end(async () => {
      if (this.#writer !== null) await this.#writer.close();
      await this.#options.lock.release();
    });
  }

  /** Ends the session by `action`, after all that is queued; it can be ended again when that fails. */
  async #end<T>(action: () => Promise<T>): Promise<T> {
    if (this.#ended || this.#ending !== null) throw new KeyformError('internal', 'The session was ended twice');
    this.#closing = true;
    const ending = (async () => {
      if (this.#draining !== null) await this.#draining;
      return action();
    })();
    this.#ending = ending;
    try {
      const result = await ending;
      this.#ended = true;
      return result;
    } finally {
      this.#ending = null;
    }
  }

  async #drain(): Promise<void> {
    // Let everybody who records in this turn of the event loop get on the first record.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      await this.#commit(batch);
    }
    this.#draining = null;
  }

  /** Writes one record with all of `batch` in it and settles each; never throws. */
  async #commit(batch: readonly Pending[]): Promise<void> {
    let writing = batch;
    try {
      await this.#makeRoom(batch);
    } catch (error) {
      // The room that open intents reserved is still there: results go into it, everything else is turned away.
      writing = batch.filter(({ entry }) => this.#hasRoom(entry));
      for (const pending of batch) if (!writing.includes(pending)) this.#refuse(pending, error);
      if (writing.length === 0) return;
    }
    try {
      if (this.#writer === null) throw new Error('a result came without its intent');
      await this.#writer.write(textOf(writing));
    } catch (error) {
      for (const pending of writing) this.#refuse(pending, error);
      return;
    }
    for (const { entry, reserve, resolve } of writing) {
      this.#apply(entry);
      if (entry.kind === 'intent') this.#reserved.set(entry.intent.id, reserve);
      resolve();
    }
  }

  async #makeRoom(batch: readonly Pending[]): Promise<void> {
    const length = Buffer.byteLength(textOf(batch));
    const ending = new Set(batch.map(({ entry }) => intentOf(entry)));
    let reserved = batch.reduce((sum, { reserve }) => sum + reserve, 0);
    for (const [id, bytes] of this.#reserved) if (!ending.has(id)) reserved += bytes;
    const { paths, files, random, state, snapshot } = this.#options;
    this.#writer ??= await JournalWriter.create(paths.journal, {
      base: { lineage: state.lineage, serial: state.serial },
      key: snapshot.journalKey,
      files,
      random,
      room: recordSize(length) + reserved,
    });
    await this.#writer.makeRoom(length, reserved);
  }

  #hasRoom(entry: JournalEntry): boolean {
    const id = intentOf(entry);
    return id !== null && this.#reserved.has(id);
  }

  #apply(entry: JournalEntry): void {
    applyEntry(this.state, entry);
    this.#changed = true;
    this.#folded = false;
    const id = intentOf(entry);
    if (id !== null) this.#reserved.delete(id);
  }

  #refuse(pending: Pending, cause: unknown): void {
    const { entry } = pending;
    const address = addressOf(entry, this.state);
    let kept = false;
    if (entry.kind === 'intent') {
      this.#ahead.intents.delete(entry.intent.id);
    } else {
      this.#apply(entry);
      kept = true;
    }
    const io = cause instanceof KeyformError ? cause : new KeyformError('internal', 'The journal failed', { cause });
    const what = `${entry.kind}${address === null ? '' : ` of ${address}`}`;
    pending.reject(
      new RecordError(io.code, `Cannot record "${what}": ${io.message}`, {
        detail: kept
          ? `${io.detail} It is kept in memory and goes into the snapshot when the run ends, if that can be written.`
          : `${io.detail} Nothing was done at the API.`,
        cause,
        entry: { kind: entry.kind, address, intent: entry.kind === 'intent' ? entry.intent.id : intentOf(entry) },
        kept,
      }),
    );
  }

  /**
   * A result repeats the key's arguments: those of the intent and, for a key that exists, those it has now. Twice their
   * size leaves room for what the API makes of them.
   */
  #reserveFor(intent: Intent): number {
    const resource = this.#ahead.resources.get(intent.address);
    const keys = resource === undefined ? [] : [resource.current, ...resource.deposed];
    const living = keys.find((key) => key !== null && key.number === intent.generation) ?? null;
    const known =
      living === null ? '' : encodeEntry({ kind: 'refreshed', address: intent.address, generation: living });
    const length = Buffer.byteLength(JSON.stringify(intent.args)) + Buffer.byteLength(known);
    return recordSize(RESERVE + 2 * length);
  }
}

/** The text of a record: a JSON array of entries. */
function textOf(batch: readonly Pending[]): string {
  return `[${batch.map(({ text }) => text).join(',')}]`;
}

/** The intent that an entry is the result of; null for one that is of none. After it, no more is recorded of the intent in this run. */
function intentOf(entry: JournalEntry): string | null {
  return 'intent' in entry && typeof entry.intent === 'string' ? entry.intent : null;
}

function addressOf(entry: JournalEntry, state: State): string | null {
  if (entry.kind === 'intent') return entry.intent.address;
  if ('address' in entry) return entry.address;
  const id = intentOf(entry);
  return id === null ? null : (state.intents.get(id)?.address ?? null);
}
