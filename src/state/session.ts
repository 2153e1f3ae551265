import { type ErrorCode, KeyformError } from '../core/error.ts';
import { applyEntry, type Intent, type JournalEntry, type MutableState, type State } from '../core/state.ts';
import { encodeEntry } from './format.ts';
import type { Keeper } from './keeper.ts';
import type { Lock } from './lock.ts';
import { recordSize } from './record.ts';
import { isRescued, type RescuedEntry, withoutKey } from './rescue.ts';

/** Room that every intent reserves for its result, beside what depends on the size of its arguments. Bytes of text. */
export const RESERVE = 8 * 1024;

/**
 * A journal entry that could not be made durable in the state folder. For an `intent`: it did not happen, and nothing must be done
 * at the API. For every other kind: it is a fact, the session's state holds it (`kept`), and {@link Session.close} saves it in the
 * snapshot if that can be written. Until then it is on a disk only if `rescued` names a file.
 */
export class RecordError extends KeyformError {
  readonly entry: {
    readonly kind: JournalEntry['kind'];
    readonly address: string | null;
    readonly intent: string | null;
  };
  readonly kept: boolean;
  /** The sealed file elsewhere that holds the fact; null when no place took it, and only this process knows it. */
  readonly rescued: string | null;

  constructor(
    code: ErrorCode,
    message: string,
    options: { detail: string; cause: unknown; entry: RecordError['entry']; kept: boolean; rescued: string | null },
  ) {
    super(code, message, { detail: options.detail, cause: options.cause });
    this.entry = options.entry;
    this.kept = options.kept;
    this.rescued = options.rescued;
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
  /** What was met on the way: a lock taken over, a journal replayed, a record cut off, facts read from a rescue file. */
  readonly notes: readonly string[];
  /**
   * Resolves when the entry is on the disk. Entries that arrive while a sync is under way share the next one. Throws a
   * {@link RecordError} with code `state-io`, or `state-locked` (another process has taken the state), when that failed; `internal`
   * (and records nothing) when the entry contradicts the state or the session has ended.
   */
  record(entry: JournalEntry): Promise<void>;
  /** Has `close` write a new snapshot even if nothing changed, to seal it in another way; the history tells `reason`. */
  rewrite(reason: string): void;
  /**
   * Waits for what is under way, folds everything into a new snapshot if anything changed, removes the journal, releases the
   * lock. When it throws (`state-io`, `state-locked`) the lock is still held: call it again, or `abandon`. From the first call
   * on no entry is taken any more. `notes`: what a person should know.
   */
  close(): Promise<{ readonly serial: number; readonly notes: readonly string[] }>;
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

export interface SessionOptions {
  readonly keeper: Keeper;
  readonly lock: Lock;
  readonly state: MutableState;
  readonly found: string;
  readonly notes: readonly string[];
  /** Writes facts to a sealed file elsewhere; null when no place takes it. Never throws. */
  readonly rescue: (entries: readonly RescuedEntry[]) => Promise<string | null>;
  /** Called at the end of a run, when its snapshot stands; never throws; returns what a person should know. */
  readonly onEnd: (state: MutableState) => Promise<readonly string[]>;
}

/** Starts a session on what its keeper has taken over. */
export function startSession(options: SessionOptions): Session {
  return new JournalSession(options);
}

class JournalSession implements Session {
  readonly state: MutableState;
  readonly found: string;
  readonly notes: readonly string[];
  readonly #options: SessionOptions;
  readonly #keeper: Keeper;
  /** What the state will be when all that is queued is written: an entry that contradicts it must never be written. */
  readonly #ahead: MutableState;
  /** Bytes to keep free for the result of each open intent of this session. */
  readonly #reserved = new Map<string, number>();
  #queue: Pending[] = [];
  #draining: Promise<void> | null = null;
  /** Results that are in no file of the state folder, each after its intent. */
  #kept: RescuedEntry[] = [];
  #closing = false;
  #ending: Promise<unknown> | null = null;
  #ended = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#keeper = options.keeper;
    this.state = options.state;
    this.found = options.found;
    this.notes = options.notes;
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

  rewrite(reason: string): void {
    this.#keeper.rewrite(reason);
  }

  close(): Promise<{ readonly serial: number; readonly notes: readonly string[] }> {
    return this.#end(async () => {
      await this.#keeper.end(this.state);
      this.#kept = [];
      const notes = await this.#options.onEnd(this.state);
      await this.#options.lock.release();
      return { serial: this.state.serial, notes: [...this.#keeper.notes, ...notes] };
    });
  }

  abandon(): Promise<void> {
    return this.#end(async () => {
      await this.#keeper.abandon();
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
    let writing = await this.#admit(batch);
    if (writing.length === 0) return;
    try {
      await this.#makeRoom(writing);
    } catch (error) {
      // The room that open intents reserved is still there: results go into it, everything else is turned away.
      const [roomy, others] = split(writing, ({ entry }) => this.#keeper.hasJournal && this.#hasRoom(entry));
      await this.#refuse(others, error);
      if (roomy.length === 0) return;
      writing = roomy;
    }
    try {
      await this.#keeper.write(writing.map(({ text }) => text));
    } catch (error) {
      await this.#refuse(writing, error);
      return;
    }
    for (const { entry, reserve, resolve } of writing) {
      this.#apply(entry, true);
      if (entry.kind === 'intent') this.#reserved.set(entry.intent.id, reserve);
      resolve();
    }
    if (this.#keeper.isFoldDue) {
      try {
        await this.#keeper.fold(this.state, this.#openReserve());
        this.#kept = [];
      } catch {
        // It harms nothing: the journal goes on, or the next record meets the error and says it.
      }
    }
  }

  /** Nothing may be begun at an API on a state that is another process's by now; results are still recorded. */
  async #admit(batch: readonly Pending[]): Promise<readonly Pending[]> {
    const [intents, facts] = split(batch, ({ entry }) => entry.kind === 'intent');
    if (intents.length === 0) return batch;
    try {
      await this.#keeper.check();
      return batch;
    } catch (error) {
      await this.#refuse(intents, error);
      return facts;
    }
  }

  async #makeRoom(batch: readonly Pending[]): Promise<void> {
    const ending = new Set(batch.map(({ entry }) => intentOf(entry)));
    const own = batch.reduce((sum, { reserve }) => sum + reserve, 0);
    const length = this.#keeper.textLength(batch.map(({ text }) => text));
    await this.#keeper.makeRoom(length, own + this.#openReserve(ending), this.state);
  }

  /** Bytes to keep free for open intents, but for those that are `ending`. */
  #openReserve(ending: ReadonlySet<string | null> = new Set()): number {
    let bytes = 0;
    for (const [id, reserve] of this.#reserved) if (!ending.has(id)) bytes += reserve;
    return bytes;
  }

  #hasRoom(entry: JournalEntry): boolean {
    const id = intentOf(entry);
    return id !== null && this.#reserved.has(id);
  }

  #apply(entry: JournalEntry, journaled: boolean): void {
    this.#keeper.note(entry, this.state, journaled);
    // A key that was deleted again must not come back out of a rescue file.
    if (entry.kind === 'forgotten') this.#kept = withoutKey(this.#kept, entry);
    applyEntry(this.state, entry);
    const id = intentOf(entry);
    if (id !== null) this.#reserved.delete(id);
  }

  /**
   * Settles entries that the journal did not take. An intent did not happen. Facts did: they are tried in a new snapshot with a new
   * journal, which is another file; and else go to a rescue file, so that they are on some disk before anybody is told.
   */
  async #refuse(pending: readonly Pending[], cause: unknown): Promise<void> {
    const [intents, facts] = split(pending, ({ entry }) => entry.kind === 'intent');
    for (const { entry, reject } of intents) {
      if (entry.kind === 'intent') this.#ahead.intents.delete(entry.intent.id);
      reject(this.#recordError(entry, cause, addressOf(entry, this.state), 'Nothing was done at the API.', null));
    }
    if (facts.length === 0) return;
    const addresses = facts.map(({ entry }) => addressOf(entry, this.state));
    for (const { entry } of facts) {
      const intent = this.state.intents.get(intentOf(entry) ?? '');
      // With its attempt, should it ever meet a state that does not know it. Other facts show again at the next refresh.
      if (intent !== undefined && isRescued(entry)) this.#kept.push({ kind: 'intent', intent }, entry);
      this.#apply(entry, false);
    }
    try {
      await this.#keeper.fold(this.state, this.#openReserve());
      this.#kept = [];
      for (const { resolve } of facts) resolve();
      return;
    } catch {
      // What is told is why the journal failed; the snapshot failed for the same reason or one like it.
    }
    const path = this.#kept.length === 0 ? null : await this.#options.rescue(this.#kept);
    for (const [i, { entry, reject }] of facts.entries()) {
      const rescued = intentOf(entry) === null ? null : path;
      reject(this.#recordError(entry, cause, addresses[i] ?? null, keptWhere(rescued), rescued));
    }
  }

  #recordError(
    entry: JournalEntry,
    cause: unknown,
    address: string | null,
    detail: string,
    rescued: string | null,
  ): RecordError {
    const io = cause instanceof KeyformError ? cause : new KeyformError('internal', 'The journal failed', { cause });
    const what = `${entry.kind}${address === null ? '' : ` of ${address}`}`;
    const intent = entry.kind === 'intent' ? entry.intent.id : intentOf(entry);
    return new RecordError(io.code, `Cannot record "${what}": ${io.message}`, {
      detail: `${io.detail} ${detail}`,
      cause,
      entry: { kind: entry.kind, address, intent },
      kept: entry.kind !== 'intent',
      rescued,
    });
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

function keptWhere(rescued: string | null): string {
  return rescued === null
    ? 'It is kept in memory and goes into the snapshot when the run ends, if that can be written.'
    : `It is kept, sealed, in ${rescued}: leave that file where it is; the next plan and apply read it by themselves.`;
}

/** Those that `chosen` holds for, and the others, in order. */
function split<T>(items: readonly T[], chosen: (item: T) => boolean): [T[], T[]] {
  return [items.filter(chosen), items.filter((item) => !chosen(item))];
}

/** The intent that an entry is the result of; null for one that is of none. After it, no more is recorded of the intent in this run. */
function intentOf(entry: JournalEntry): string | null {
  return 'intent' in entry && typeof entry.intent === 'string' ? entry.intent : null;
}

function addressOf(entry: JournalEntry, state: State): string | null {
  if (entry.kind === 'intent') return entry.intent.address;
  if ('address' in entry) return entry.address;
  if (entry.kind === 'moved') return entry.from;
  const id = intentOf(entry);
  return id === null ? null : (state.intents.get(id)?.address ?? null);
}
