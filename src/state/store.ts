import { KeyformError } from '../core/error.ts';
import type { Clock, Files, Random } from '../core/port.ts';
import { applyEntry, emptyState, type MutableState, type RunInfo, type State } from '../core/state.ts';
import { faultWords, guarded } from './fault.ts';
import { writeInventory } from './inventory.ts';
import { baseOf, type JournalBase } from './journal.ts';
import { Keeper } from './keeper.ts';
import { type Sealing, type StateKeys, shortly } from './keys.ts';
import { clearLeftovers } from './leftover.ts';
import {
  acquireLock,
  forceUnlock,
  type Lock,
  type LockHolder,
  type LockOptions,
  lockHolder,
  type ProcessPort,
  type UNREADABLE,
} from './lock.ts';
import { BLOCK } from './record.ts';
import { findRescues, type Merge, mergeRescue, openRescue, type RescuedEntry, writeRescue } from './rescue.ts';
import { noIdentity } from './seal.ts';
import { judge, markOf, outrun, recall, remember, type Sighting } from './seen.ts';
import { type Session, startSession } from './session.ts';
import { type Loaded, loadState, readSteadily, type SnapshotOptions, type StatePaths, statePaths } from './snapshot.ts';
import { uuid } from './uuid.ts';

/** A state as it was read. */
export interface ReadState {
  /** For a state that does not exist: lineage '' and serial 0. */
  readonly state: State;
  readonly exists: boolean;
  /**
   * Names this content: lineage, serial and how many journal records were replayed. Two reads of one state have equal
   * revisions exactly when nothing was recorded between them; the serial alone would not tell, as it counts snapshots only.
   */
  readonly revision: string;
  /** What a person should know of it: a run that crashed, a record that it did not finish. */
  readonly notes: readonly string[];
  /** In words, whom the next write seals the state for and whom no longer; null when nothing changes, or there is no state. */
  readonly resealing: string | null;
}

/** The state of one stack. */
export interface Store {
  readonly paths: StatePaths;
  /**
   * Snapshot and journal, without the lock and without changing anything. Throws `no-identity` (only where there is a
   * state), `wrong-identity`, `empty-state`, `damaged-state`, `newer-state`, `wrong-kind`, `rolled-back`, `state-io`; none of them
   * is ever an empty state.
   */
  read(): Promise<ReadState>;
  /**
   * Takes the lock, reads the state (making its first snapshot where there is none), folds a journal that a crash left.
   * `onWait` is called once, when somebody else holds the lock. Throws what read throws, `state-locked` with who, what and
   * since, and the signal's reason; the lock is free again then.
   */
  begin(
    operation: string,
    options: {
      readonly lockTimeoutMs: number;
      readonly onWait?: (holder: LockHolder | null) => void;
      readonly signal?: AbortSignal;
    },
  ): Promise<Session>;
  /** Who holds the lock; null when nobody does; the word `unreadable` for a lock file that tells nothing. */
  holder(): Promise<LockHolder | typeof UNREADABLE | null>;
  /** Takes the lock with this id away from whoever holds it. Throws `refused` when it is not (any more) that lock. */
  forceUnlock(id: string): Promise<LockHolder | null>;
}

export interface StoreOptions {
  /** The state folder, without a slash at its end. */
  readonly folder: string;
  /** Checked by the caller; a name with a path separator is refused here too. */
  readonly stack: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  /** Null when no key was found: then only a state that does not exist can be read. */
  readonly keys: StateKeys | null;
  /** As in {@link SnapshotOptions.sealing}. */
  readonly sealing?: Sealing;
  readonly process: ProcessPort;
  /** Of Keyform, for the history. */
  readonly version: string;
  /**
   * Absolute folder in which this machine remembers which states it has seen; null where there is no home folder: then an older
   * state that was put back goes unnoticed.
   */
  readonly machineFolder: string | null;
  /** Absolute folders, best first, for what the state folder does not take. */
  readonly refuges: readonly string[];
  /** Makes the inventory's text of a state; null when the project keeps none. */
  readonly inventory: ((state: State) => string) | null;
  /** As in {@link KeeperOptions.foldAt}; for tests. */
  readonly foldAt?: number;
}

/** Opens no file yet. Throws `invalid-usage` for an impossible stack name. */
export function openStore(options: StoreOptions): Store {
  const paths = statePaths(options.folder, options.stack);
  return new FileStore({ ...options, paths });
}

type Options = StoreOptions & SnapshotOptions;

class FileStore implements Store {
  readonly paths: StatePaths;
  readonly #options: Options;
  readonly #lock: LockOptions;

  constructor(options: Options) {
    this.#options = options;
    this.paths = options.paths;
    this.#lock = { ...options, path: options.paths.lock };
  }

  async read(): Promise<ReadState> {
    const { stack, clock } = this.#options;
    const readNow = () => readSteadily(this.#options, () => clock.sleep(50));
    const folded = await this.#folded();
    let loaded = await readNow();
    const memory = await this.#recall(loaded);
    // A run may have ended between reading and recalling: what counts is what lies there now, against what was known before.
    if (this.#judge(loaded, memory.sighting, folded) !== null) loaded = await readNow();
    const refusal = this.#judge(loaded, memory.sighting, folded);
    if (refusal !== null) throw refusal;
    const revision = revisionOf(loaded);
    const notes = [...notesOf(loaded, false), ...memory.notes];
    const state = loaded.snapshot?.state ?? emptyState(stack, '');
    const rescued = await this.#rescued(state);
    for (const { merge } of rescued.files) for (const entry of merge.entries) applyEntry(state, entry);
    notes.push(...rescued.notes, ...rescued.files.map((file) => rescueNote(file, false)));
    const resealing = loaded.snapshot === null ? null : recipientsNote(this.#options, loaded.snapshot.recipients);
    return { state, exists: loaded.snapshot !== null, revision, notes, resealing };
  }

  async begin(operation: string, request: Parameters<Store['begin']>[1]): Promise<Session> {
    if (this.#options.keys === null) throw noIdentity(this.paths.snapshot);
    const lock = await acquireLock(this.#lock, {
      operation,
      timeoutMs: request.lockTimeoutMs,
      ...(request.onWait === undefined ? {} : { onWait: request.onWait }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
    try {
      return await this.#start(operation, lock);
    } catch (error) {
      await lock.release().catch((second: unknown) => {
        throw new KeyformError('state-io', `Cannot release the lock ${this.paths.lock} after an error`, {
          detail: `The error was: ${error instanceof Error ? error.message : String(error)}`,
          cause: second,
        });
      });
      throw error;
    }
  }

  async #start(operation: string, lock: Lock): Promise<Session> {
    const options = this.#options;
    const { id, user, host, since } = lock.holder;
    const run: RunInfo = { id, at: since, user, host, operation, version: options.version };
    // Only then: a journal without a record is taken away by whoever meets it, and nobody needs to miss it.
    const onFirst = () => this.#began(state, keeper);
    const keeper: Keeper = new Keeper({ ...options, lock, run, onFirst });
    const loaded = await loadState(options, (entry, at, state) => keeper.replayed(entry, at, state));
    const memory = await this.#recall(loaded);
    const refusal = this.#judge(loaded, memory.sighting, await this.#folded());
    if (refusal !== null) throw refusal;
    const notes = [...lock.notes, ...notesOf(loaded, true), ...memory.notes];
    const found = revisionOf(loaded);
    const state = loaded.snapshot?.state ?? emptyState(options.stack, uuid(options.random));
    const rescued = await this.#rescued(state);
    notes.push(...rescued.notes, ...rescued.files.map((file) => rescueNote(file, true)));
    notes.push(...(await clearLeftovers(options, state)));
    await keeper.begin(loaded, state);
    const resealing = loaded.snapshot === null ? null : recipientsNote(options, keeper.recipients);
    if (resealing !== null) notes.push(resealing);
    const refuges: string[] = [];
    const session = startSession({
      keeper,
      lock,
      state,
      found,
      notes,
      rescue: async (entries) => {
        const path = await this.#rescue(state, entries, keeper, refuges.at(-1) ?? null);
        if (path !== null && path !== refuges.at(-1)) refuges.push(path);
        return path;
      },
      onEnd: (ended) => this.#afterEnd(ended, keeper, refuges),
    });
    try {
      // Through the journal like everything else; only then is the file where they lay of no more use.
      for (const { path, merge } of rescued.files) {
        const { entries, conflicts } = merge;
        for (const entry of entries) await session.record(entry);
        if (conflicts.length === 0) await guarded('remove', path, () => options.files.remove(path));
      }
    } catch (error) {
      await keeper.abandon();
      throw error;
    }
    return session;
  }

  async #recall(loaded: Loaded): ReturnType<typeof recall> {
    if (loaded.snapshot === null) return { sighting: null, notes: [] };
    const { files, machineFolder } = this.#options;
    return recall(files, machineFolder, loaded.snapshot.state.lineage, this.#options.stack);
  }

  /** Of the journal that was folded last, by the file that is kept of it; null when there is none, or it does not say. */
  async #folded(): Promise<JournalBase | null> {
    const { journalBackup } = this.paths;
    return baseOf(await guarded('read', journalBackup, () => this.#options.files.read(journalBackup, BLOCK)));
  }

  /** The `rolled-back` error for a state that is older than what this machine, or the journal folded last, knows of. */
  #judge({ snapshot, replay }: Loaded, sighting: Sighting | null, folded: JournalBase | null): KeyformError | null {
    if (snapshot === null) return null;
    const { stack, machineFolder, folder } = this.#options;
    const { serial, lineage } = snapshot.state;
    const { snapshot: path, journal } = this.paths;
    const mark = markOf(snapshot.journalKey);
    const isJournaled = (replay?.records.length ?? 0) > 0;
    const remembered = judge(machineFolder, sighting, { path, stack, serial, mark, folder, journal, isJournaled });
    if (remembered !== null || folded === null || folded.lineage !== lineage || folded.serial < serial)
      return remembered;
    return outrun(path, stack, serial, this.paths.journalBackup, folded.serial + 1);
  }

  async #remember(
    { lineage, serial }: State,
    journalKey: Uint8Array,
    more: Pick<Sighting, 'recording'> = {},
  ): Promise<readonly string[]> {
    const { files, machineFolder, clock, stack } = this.#options;
    const at = new Date(clock.now()).toISOString();
    return remember(files, machineFolder, { lineage, stack, serial, mark: markOf(journalKey), at, ...more });
  }

  /** Remembers that there is a journal now, which must not go away before it is folded. */
  async #began(state: State, { standing }: Keeper): Promise<void> {
    // What hinders it is told at the end of the run, where the same file is written.
    if (standing !== null) await this.#remember(state, standing.journalKey, { recording: this.#options.folder });
  }

  async #afterEnd(state: MutableState, keeper: Keeper, refuges: readonly string[]): Promise<readonly string[]> {
    const { standing } = keeper;
    const notes = standing === null ? [] : [...(await this.#remember(state, standing.journalKey))];
    for (const refuge of refuges) {
      try {
        await this.#options.files.remove(refuge);
      } catch (error) {
        notes.push(`${refuge} is of no more use, and could not be removed: ${faultWords(error)}.`);
      }
    }
    return [...notes, ...(await writeInventory(this.#options, state))];
  }

  /**
   * What rescue files hold that the state does not know yet. One that cannot be read is an error: it may hold the secret of a key that
   * would else be taken for an orphan, and deleted.
   */
  async #rescued(state: State): Promise<{ readonly files: readonly Rescued[]; readonly notes: readonly string[] }> {
    // Even with no attempt open: a state that was put back may not know of it.
    const { files, keys, stack, folder, refuges } = this.#options;
    const { lineage } = state;
    const found = await findRescues(files, { stack, lineage, folders: [folder, ...refuges] });
    const rescued: Rescued[] = [];
    let merged = state;
    for (const path of found.paths) {
      const bytes = await guarded('read', path, () => files.read(path));
      if (bytes === null) continue;
      const merge = mergeRescue(merged, await openRescue(bytes, keys, path));
      merged = merge.state;
      rescued.push({ path, merge });
    }
    return { files: rescued, notes: found.notes };
  }

  async #rescue(
    state: State,
    entries: readonly RescuedEntry[],
    keeper: Keeper,
    previous: string | null,
  ): Promise<string | null> {
    const { lineage, serial } = state;
    const base = { lineage, serial, records: keeper.records };
    const { recipients } = keeper;
    return writeRescue({ ...this.#options, recipients, base, entries, previous });
  }

  holder(): Promise<LockHolder | typeof UNREADABLE | null> {
    return lockHolder(this.#lock);
  }

  forceUnlock(id: string): Promise<LockHolder | null> {
    return forceUnlock(this.#lock, id);
  }
}

function revisionOf(loaded: Loaded): string {
  if (loaded.snapshot === null) return 'none';
  const { lineage, serial } = loaded.snapshot.state;
  return `${lineage}:${serial}:${loaded.replay?.records.length ?? 0}`;
}

function notesOf(loaded: Loaded, locked: boolean): string[] {
  if (loaded.replay === null) return [];
  const notes: string[] = [];
  const { records, torn } = loaded.replay;
  if (records.length > 0 && locked) {
    notes.push(
      `An earlier run did not end: ${records.length} journal record${records.length === 1 ? '' : 's'} replayed, nothing lost.`,
    );
  }
  if (torn) {
    notes.push(
      locked
        ? 'The last journal record was cut off by a crash before it was acknowledged; it was dropped.'
        : 'The last journal record is not complete: it is being written, or a crash cut it off before it was acknowledged.',
    );
  }
  return notes;
}

/** A rescue file, compared with the state. */
interface Rescued {
  readonly path: string;
  readonly merge: Merge;
}

function rescueNote({ path, merge }: Rescued, locked: boolean): string {
  const { entries, conflicts, outlived } = merge;
  if (outlived) {
    return `${path} is of an earlier run, and the state has gone on since without what it holds: ${conflicts.join(', ')}. Delete the file once that is not a key in use at the cloud.`;
  }
  const facts = `${entries.length} ${entries.length === 1 ? 'fact' : 'facts'} that an earlier run could not record`;
  const known = 'only facts that the state knows';
  const read = locked
    ? `${path} held ${entries.length === 0 ? known : `${facts}; they are in the state now`}${conflicts.length === 0 ? ', and the file is removed' : ''}.`
    : `${path} holds ${entries.length === 0 ? `${known}; the next apply removes it` : `${facts}; they count as recorded, and the next apply takes them over`}.`;
  if (conflicts.length === 0) return read;
  const kept = `what does not fit the state, and is kept for that: ${conflicts.join(', ')}.`;
  return entries.length === 0 ? `${path} holds ${kept}` : `${read} It also holds ${kept}`;
}

/** The recipients named in the configuration take effect at the next write; until then the state is sealed as it was. */
function recipientsNote({ keys, sealing }: StoreOptions, current: readonly string[]): string | null {
  const wanted = keys?.recipients ?? [];
  // Whoever names a sealing tells by itself what it changes.
  if (wanted.length === 0 || sealing !== undefined) return null;
  const added = wanted.filter((recipient) => !current.includes(recipient));
  const removed = current.filter((recipient) => !wanted.includes(recipient));
  const parts = [
    ...(added.length === 0 ? [] : [`added: ${added.map(shortly).join(', ')}`]),
    ...(removed.length === 0 ? [] : [`removed: ${removed.map(shortly).join(', ')}`]),
  ];
  if (parts.length === 0) return null;
  const rest =
    removed.length === 0 ? '' : ' What is sealed already opens for those removed as before; see "keyform state rekey".';
  return `The recipients of the state change at the next write (${parts.join('; ')}).${rest}`;
}
