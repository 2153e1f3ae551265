import { KeyformError } from '../core/error.ts';
import { emptyState, type MutableState, type RunInfo, type State } from '../core/state.ts';
import { faultWords, guarded } from './fault.ts';
import { writeInventory } from './inventory.ts';
import { Keeper } from './keeper.ts';
import { clearLeftovers } from './leftover.ts';
import { acquireLock, forceUnlock, type Lock, type LockHolder, type LockOptions, type UNREADABLE } from './lock.ts';
import {
  notesOf,
  type ReadState,
  recipientsNote,
  rescueNote,
  revisionOf,
  StateReader,
  type StoreOptions,
} from './reader.ts';
import { type RescuedEntry, writeRescue } from './rescue.ts';
import { noIdentity } from './seal.ts';
import { markOf, remember, type Sighting } from './seen.ts';
import { type Session, startSession } from './session.ts';
import { loadState, type SnapshotOptions, type StatePaths, statePaths } from './snapshot.ts';
import { uuid } from './uuid.ts';

export type { ReadState, StoreOptions } from './reader.ts';

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
  readonly #reader: StateReader;

  constructor(options: Options) {
    this.#options = options;
    this.paths = options.paths;
    this.#lock = { ...options, path: options.paths.lock };
    this.#reader = new StateReader(options);
  }

  read(): Promise<ReadState> {
    return this.#reader.read();
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
    const memory = await this.#reader.recall(loaded);
    const refusal = this.#reader.judge(loaded, memory.sighting, await this.#reader.folded());
    if (refusal !== null) throw refusal;
    const notes = [...lock.notes, ...notesOf(loaded, true), ...memory.notes];
    const found = revisionOf(loaded);
    const state = loaded.snapshot?.state ?? emptyState(options.stack, uuid(options.random));
    const rescued = await this.#reader.rescued(state);
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
    return this.#reader.holder();
  }

  forceUnlock(id: string): Promise<LockHolder | null> {
    return forceUnlock(this.#lock, id);
  }
}
