import { isKeyformError, KeyformError } from '../core/error.ts';
import type { Intent, State } from '../core/state.ts';
import { followHistory } from './audit.ts';
import { keepAside } from './copy.ts';
import { compareStates, type KeyChange, succeed } from './difference.ts';
import { guarded } from './fault.ts';
import { decodeSnapshot, type Snapshot } from './format.ts';
import { type HistoryAnchor, type HistoryItem, prepareHistory } from './history.ts';
import { writeInventory } from './inventory.ts';
import { baseOf } from './journal.ts';
import { contentOf } from './leftover.ts';
import { acquireLock, type Lock, type LockHolder } from './lock.ts';
import { keepPresent, lineageOf, type PlacedOptions, type Present, reachedBy, readPresent } from './present.ts';
import { noIdentity, open } from './seal.ts';
import { judge, lacksJournal, lackWords, markOf, recall, remember, type Sighting } from './seen.ts';
import { statePaths, writeSnapshot } from './snapshot.ts';
import type { StoreOptions } from './store.ts';

/** What to put in the place of a state, and how careful to be. */
export interface RestoreRequest {
  /**
   * `state push` puts a newer snapshot in place, and refuses an older one, or what overwrites another of the same serial. `state restore`
   * says that a snapshot is right, however old it is, and whatever became of the present one.
   */
  readonly operation: 'state push' | 'state restore';
  /** Names it in messages. */
  readonly path: string;
  /** A sealed snapshot. Null: the present one is right as it lies there, with its journal if that belongs to it. */
  readonly bytes: Uint8Array | null;
  /** Take a snapshot of another lineage or of another stack; for a push also an older one. */
  readonly force: boolean;
  readonly lockTimeoutMs: number;
  readonly onWait?: (holder: LockHolder | null) => void;
  readonly signal?: AbortSignal;
}

/** A snapshot, for people. */
export type Dated = Pick<State, 'serial' | 'writtenAt' | 'lineage'>;

/** A snapshot that is about to take the place of a state; nothing is written yet, and the lock is held. */
export interface Restoration {
  readonly from: Dated;
  /** Null when there is none, or none that can be read. */
  readonly present: Dated | null;
  /** Why the present state cannot be read; null when it can, or there is none. */
  readonly unreadable: KeyformError | null;
  /** False when the state is the same already, and counts as right: then `commit` writes nothing. */
  readonly isNeeded: boolean;
  /** Whether it is the present snapshot itself that is said to be right. */
  readonly isAsItLies: boolean;
  /** What becomes of the keys that the present state knows; all return where it cannot be read. */
  readonly changes: readonly KeyChange[];
  readonly changesOutputs: boolean;
  /** Attempts of the present state that stay open; and those that are not known any more. */
  readonly carried: readonly Intent[];
  readonly dropped: readonly Intent[];
  /** What a person should know before it is done. */
  readonly notes: readonly string[];
  /** Does it, and releases the lock, also when it throws (`state-io`, `state-locked`); a crash on the way leaves the old state or the new. */
  commit(): Promise<Restored>;
  /** Releases the lock; nothing was done. */
  cancel(): Promise<void>;
}

/** What was put in place. */
export interface Restored {
  /** Of the new snapshot: above every one that was seen. */
  readonly serial: number;
  /** Files that hold what was there before. */
  readonly kept: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Takes the lock and looks at what `request` would come to. Throws `no-identity`, `wrong-identity`, `damaged-state` and so on of the file
 * to put in place; `refused` for what needs `force`; what reading throws of a present state that a push would replace;
 * `invalid-usage` without a present snapshot where that one is to be taken; `state-locked`, `state-io`. The lock is free then.
 */
export async function beginRestore(options: StoreOptions, request: RestoreRequest): Promise<Restoration> {
  if (options.keys === null) throw noIdentity(request.path);
  const paths = statePaths(options.folder, options.stack);
  const { operation, lockTimeoutMs, onWait, signal } = request;
  const lock = await acquireLock(
    { ...options, path: paths.lock },
    {
      operation,
      timeoutMs: lockTimeoutMs,
      ...(onWait === undefined ? {} : { onWait }),
      ...(signal === undefined ? {} : { signal }),
    },
  );
  try {
    const present = await readPresent({ ...options, paths });
    const from = await readSource({ ...options, paths }, request, present);
    const memory = await recall(options.files, options.machineFolder, from.state.lineage, options.stack);
    const made = new Restorer({ ...options, paths }, request, lock, present, from, memory.sighting);
    made.refuse();
    made.look();
    made.notes.unshift(...lock.notes, ...memory.notes);
    return made;
  } catch (error) {
    await lock.release().catch(() => {}); // The error is the one to tell; the lock of a process that has ended is no hindrance.
    throw error;
  }
}

async function readSource(options: PlacedOptions, request: RestoreRequest, present: Present): Promise<Snapshot> {
  const { path } = request;
  if (request.bytes === null && present.snapshot !== null) return present.snapshot;
  const bytes = request.bytes ?? present.bytes;
  if (bytes === null) {
    throw new KeyformError('not-found', `There is no ${path}`, { detail: 'Name the file that holds the right state.' });
  }
  try {
    return decodeSnapshot(await open(bytes, options.keys, path), path);
  } catch (error) {
    if (!isKeyformError(error, 'damaged-state', 'empty-state', 'wrong-kind')) throw error;
    // What it advises otherwise is about the state in use.
    throw new KeyformError(error.code, error.message, { detail: 'Nothing was done. Name another file.', cause: error });
  }
}

class Restorer implements Restoration {
  readonly notes: string[] = [];
  readonly from: Dated;
  readonly present: Dated | null;
  readonly unreadable: KeyformError | null;
  readonly isNeeded: boolean;
  readonly isAsItLies: boolean;
  readonly changes: readonly KeyChange[];
  readonly changesOutputs: boolean;
  readonly carried: readonly Intent[];
  readonly dropped: readonly Intent[];
  readonly #options: PlacedOptions;
  readonly #request: RestoreRequest;
  readonly #lock: Lock;
  readonly #found: Present;
  readonly #source: Snapshot;
  readonly #sighting: Sighting | null;
  readonly #next: State;
  readonly #reached: number;

  constructor(
    options: PlacedOptions,
    request: RestoreRequest,
    lock: Lock,
    found: Present,
    source: Snapshot,
    sighting: Sighting | null,
  ) {
    this.#options = options;
    this.#request = request;
    this.#lock = lock;
    this.#found = found;
    this.#reached = reachedBy(found);
    this.#source = source;
    this.#sighting = sighting;
    const { serial, writtenAt, lineage } = source.state;
    this.from = { serial, writtenAt, lineage };
    const now = found.snapshot?.state ?? null;
    this.present = now === null ? null : { serial: now.serial, writtenAt: now.writtenAt, lineage: now.lineage };
    this.unreadable = found.error;
    const state = { ...source.state, stack: options.stack };
    const isKin = now !== null && now.lineage === lineage;
    // A newer snapshot followed from the present one, and has settled its attempts.
    const { state: next, carried } = isKin ? succeed(state, now, serial <= this.#reached) : { state, carried: [] };
    this.#next = next;
    this.carried = carried;
    this.dropped = [...(now?.intents.values() ?? [])].filter(({ id }) => !next.intents.has(id));
    this.changes = compareStates(now ?? { ...next, resources: new Map() }, next);
    this.changesOutputs = now !== null && JSON.stringify(now.outputs) !== JSON.stringify(next.outputs);
    this.isAsItLies = source === found.snapshot;
    this.isNeeded = now === null || contentOf(now) !== contentOf(next) || this.#isOutOfLine();
  }

  /** Throws `refused` for what needs `force`, and the error of a present state that a push cannot replace. */
  refuse(): void {
    const { operation, force, path } = this.#request;
    const { stack } = this.#options;
    const { state } = this.#source;
    const isPush = operation === 'state push';
    if (isPush && this.unreadable !== null) {
      const { code, message, detail } = this.unreadable;
      throw new KeyformError(code, message, {
        detail: `${detail} "keyform state restore FILE" puts a snapshot in its place all the same.`,
        cause: this.unreadable,
      });
    }
    if (force) return;
    const no = (message: string, detail: string) =>
      new KeyformError('refused', message, { detail: `${detail} Nothing was done.` });
    if (state.stack !== stack) {
      throw no(
        `${path} holds the state of stack "${state.stack}", not "${stack}"`,
        `Name that stack with -stack, or say -force to make it the state of "${stack}".`,
      );
    }
    const known = this.#request.bytes === null ? null : lineageOf(this.#found);
    if (known !== null && known !== state.lineage) {
      throw no(
        `Cannot put a state with lineage "${state.lineage}" over an unrelated state with lineage "${known}"`,
        'It was made by another project, or after the state was removed. Say -force if it is right all the same; what is there now is kept beside it.',
      );
    }
    if (!isPush || !this.isNeeded) return;
    const reached = Math.max(this.#reached, this.#sighting?.serial ?? 0);
    const restore = `"keyform state restore ${path}" says that an older state is right, and shows what differs; -force does without a look.`;
    if (state.serial < reached) {
      throw no(`Cannot put a state with serial ${state.serial} over a newer state with serial ${reached}`, restore);
    }
    const isThatOne = this.#sighting?.serial === reached && this.#sighting.mark === markOf(this.#source.journalKey);
    if (state.serial === reached && !(isThatOne && this.#reached < reached)) {
      throw no(
        `Cannot overwrite a state with serial ${reached} by a different state that has the same serial`,
        restore,
      );
    }
  }

  /** Notes on what lies there besides. */
  look(): void {
    const { paths } = this.#options;
    const { journalBackup, journal, records } = this.#found;
    const { state } = this.#source;
    const base = baseOf(journalBackup);
    const serial = this.present?.serial ?? 0;
    const seen = this.#sighting;
    if (seen !== null && lacksJournal(seen, { serial, folder: this.#options.folder, isJournaled: records > 0 })) {
      this.notes.push(`The state ${lackWords(seen, paths.journal)}. Whatever it held is given up by this.`);
    }
    if (this.present !== null) return;
    if (base?.lineage === state.lineage && base.serial === state.serial) {
      this.notes.push(
        `${paths.journalBackup} leads from this snapshot to the one that is missing or cannot be read: "keyform state repair" brings back more.`,
      );
    }
    if (journal !== null) {
      this.notes.push(`What ${paths.journal} holds, perhaps secrets, is not in this snapshot; the file is kept aside.`);
    }
  }

  async commit(): Promise<Restored> {
    if (!this.isNeeded) {
      await this.cancel();
      return { serial: this.present?.serial ?? 0, kept: [], notes: [] };
    }
    let done: Restored;
    try {
      done = await this.#commit();
    } catch (error) {
      await this.cancel().catch(() => {}); // The first error is the one to tell.
      throw error;
    }
    await this.cancel();
    return done;
  }

  cancel(): Promise<void> {
    return this.#lock.release();
  }

  async #commit(): Promise<Restored> {
    const options = this.#options;
    const { paths, files, clock, machineFolder, stack } = options;
    await this.#lock.check();
    const kept = this.#found.snapshot === this.#source ? [] : await keepPresent(options, this.#found);
    // It leads to the snapshot that goes; a repair must not take it for the way to the new one.
    await guarded('remove the journal', paths.journalBackup, () => files.remove(paths.journalBackup));
    const serial = this.#nextSerial();
    const history = await this.#history();
    kept.push(...history.kept);
    const prepared = await prepareHistory(options, history.anchor, this.#next.lineage, this.#items());
    const state = {
      ...this.#next,
      serial: serial - 1,
      resources: new Map(this.#next.resources),
      intents: new Map(this.#next.intents),
    };
    const recipients = (this.#found.snapshot ?? this.#source).recipients;
    const content = { recipients, journalKey: options.random.bytes(32), history: prepared.anchor, folded: null };
    const known = { contents: this.#found.bytes === null ? [] : [this.#found.bytes], attempts: [], conflict: null };
    const isTaken = () => this.#lock.isTaken();
    const written = await writeSnapshot(options, state, content, known, prepared.write, isTaken);
    if (this.unreadable !== null) {
      // The backup would else be what cannot be read.
      await guarded('write the backup', paths.backup, () => files.replace(paths.backup, written.bytes, 0o600));
    }
    await guarded('remove the journal', paths.journal, () => files.remove(paths.journal));
    const mark = markOf(written.journalKey);
    const at = new Date(clock.now()).toISOString();
    const seen: Sighting = { lineage: state.lineage, stack, serial, mark, at };
    const notes = [
      ...history.notes,
      ...prepared.notes,
      ...(await remember(files, machineFolder, seen)),
      ...(await writeInventory(options, state)),
    ];
    return { serial, kept, notes };
  }

  /** Whether the present state is refused because something later is known of: see {@link Store.read}. */
  #isOutOfLine(): boolean {
    const { snapshot, journalBackup, records } = this.#found;
    if (snapshot === null) return false;
    const { stack, paths, machineFolder, folder } = this.#options;
    const { serial, lineage } = snapshot.state;
    const folded = baseOf(journalBackup);
    if (folded !== null && folded.lineage === lineage && folded.serial >= serial) return true;
    const { snapshot: path, journal } = paths;
    const mark = markOf(snapshot.journalKey);
    const present = { path, stack, serial, mark, folder, journal, isJournaled: records > 0 };
    return judge(machineFolder, this.#sighting, present) !== null;
  }

  /**
   * Above every serial that is known of. By two where a journal lies there: were it one above the journal's, the next run would take
   * the journal, should a crash leave it, for what led to the new snapshot.
   */
  #nextSerial(): number {
    const { journal, journalBackup, claims } = this.#found;
    const base = baseOf(journal)?.serial ?? 0;
    // What it led to may be the snapshot that cannot be read.
    const led = (baseOf(journalBackup)?.serial ?? -1) + 1;
    const highest = Math.max(this.from.serial, this.#reached, this.#sighting?.serial ?? 0, base, led, ...claims);
    return highest + (journal === null ? 1 : 2);
  }

  /** Where the history goes on: after all lines that are there, since it tells what happened, which a restore does not undo. */
  async #history(): Promise<{ anchor: HistoryAnchor; kept: readonly string[]; notes: readonly string[] }> {
    const options = this.#options;
    const { paths, files } = options;
    const { snapshot } = this.#found;
    const { lineage } = this.from;
    if (snapshot?.state.lineage === lineage) return { anchor: snapshot.history, kept: [], notes: [] };
    const bytes = await guarded('read the history', paths.history, () => files.read(paths.history));
    if (snapshot !== null && bytes !== null) {
      const kept = await keepAside(options, paths.history, snapshot.state.serial, bytes);
      await guarded('remove the history', paths.history, () => files.remove(paths.history));
      return { anchor: this.#source.history, kept: [kept], notes: [] };
    }
    const anchor = followHistory(bytes, this.#source.history, lineage);
    const more = anchor.entries - this.#source.history.entries;
    const lines = more === 1 ? 'One line of the history is' : `${more} lines of the history are`;
    const note = `${lines} younger than the snapshot that was put in place: chained as they should be, but no snapshot that can be read vouches for them.`;
    return { anchor, kept: [], notes: more === 0 ? [] : [note] };
  }

  #items(): HistoryItem[] {
    const { id: run, user, host, since } = this.#lock.holder;
    const who = { at: since, run, by: `${user}@${host}`, operation: this.#request.operation };
    const place =
      this.present !== null
        ? `, in place of snapshot ${this.present.serial}`
        : this.unreadable !== null
          ? ', in place of one that cannot be read'
          : '';
    const whole: HistoryItem = {
      ...who,
      action: 'restored',
      address: null,
      type: null,
      key: null,
      generation: null,
      changed: [],
      reason: `snapshot ${this.from.serial}${this.from.writtenAt === null ? '' : ` of ${this.from.writtenAt}`}${place}`,
    };
    // Of a state that could not be read nobody knows what the difference is.
    if (this.present === null) return [whole];
    // The journal goes, and what it tells happened all the same; of another lineage it belongs to another history.
    const news = this.present.lineage === this.from.lineage ? this.#found.news : [];
    return [
      ...news,
      whole,
      ...this.changes.map((change): HistoryItem => {
        const { address, type, key, generation, kind, from, details } = change;
        const action = kind === 'forgotten' ? 'forgotten' : kind === 'moved' ? 'moved' : 'restored';
        const reason = [...(from === null ? [] : [`from ${from}`]), ...details].join(', ');
        return { ...who, action, address, type, key, generation, changed: [], reason: reason === '' ? null : reason };
      }),
    ];
  }
}
