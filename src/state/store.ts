import { KeyformError } from '../core/error.ts';
import type { Clock, Files, Random } from '../core/port.ts';
import { emptyState, type State } from '../core/state.ts';
import { guarded } from './fault.ts';
import type { StateKeys } from './keys.ts';
import {
  acquireLock,
  forceUnlock,
  type LockHolder,
  type LockOptions,
  lockHolder,
  type ProcessPort,
  type UNREADABLE,
} from './lock.ts';
import { noIdentity } from './seal.ts';
import { type Session, startSession } from './session.ts';
import { type Loaded, loadState, readSteadily, type StatePaths, statePaths, writeSnapshot } from './snapshot.ts';
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
}

/** The state of one stack. */
export interface Store {
  readonly paths: StatePaths;
  /**
   * Snapshot and journal, without the lock and without changing anything. Throws `no-identity` (only where there is a
   * state), `wrong-identity`, `empty-state`, `damaged-state`, `newer-state`, `wrong-kind`, `state-io`; none of them is
   * ever an empty state.
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
  readonly process: ProcessPort;
}

/** Opens no file yet. Throws `invalid-usage` for an impossible stack name. */
export function openStore(options: StoreOptions): Store {
  const paths = statePaths(options.folder, options.stack);
  const lockOptions: LockOptions = { ...options, path: paths.lock };
  const snapshotOptions = { ...options, paths };
  return {
    paths,
    async read() {
      const loaded = await readSteadily(snapshotOptions, () => options.clock.sleep(50));
      return {
        state: loaded.snapshot?.state ?? emptyState(options.stack, ''),
        exists: loaded.snapshot !== null,
        revision: revisionOf(loaded),
        notes: notesOf(loaded, false),
      };
    },
    async begin(operation, request) {
      if (options.keys === null) throw noIdentity(paths.snapshot);
      const lock = await acquireLock(lockOptions, {
        operation,
        timeoutMs: request.lockTimeoutMs,
        ...(request.onWait === undefined ? {} : { onWait: request.onWait }),
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      });
      try {
        const loaded = await loadState(snapshotOptions);
        const found = revisionOf(loaded);
        const state = loaded.snapshot?.state ?? emptyState(options.stack, uuid(options.random));
        const replayed = loaded.replay !== null && (loaded.replay.records > 0 || loaded.replay.torn);
        // A journal needs a snapshot to belong to; and one that a crash left is not written on, but folded.
        const snapshot =
          loaded.snapshot === null || loaded.bytes === null || replayed
            ? await writeSnapshot(
                snapshotOptions,
                state,
                loaded.bytes === null ? [] : [loaded.bytes],
                loaded.snapshot?.recipients ?? [],
              )
            : { ...loaded.snapshot, bytes: loaded.bytes };
        if (loaded.journal) {
          await guarded('remove the journal', paths.journal, () => options.files.remove(paths.journal));
        }
        const notes = [...lock.notes, ...notesOf(loaded, true), ...recipientsNote(options, snapshot.recipients)];
        return startSession({ ...snapshotOptions, lock, state, snapshot, found, notes });
      } catch (error) {
        await lock.release().catch((second: unknown) => {
          throw new KeyformError('state-io', `Cannot release the lock ${paths.lock} after an error`, {
            detail: `The error was: ${error instanceof Error ? error.message : String(error)}`,
            cause: second,
          });
        });
        throw error;
      }
    },
    holder: () => lockHolder(lockOptions),
    forceUnlock: (id) => forceUnlock(lockOptions, id),
  };
}

function revisionOf(loaded: Loaded): string {
  if (loaded.snapshot === null) return 'none';
  const { lineage, serial } = loaded.snapshot.state;
  return `${lineage}:${serial}:${loaded.replay?.records ?? 0}`;
}

function notesOf(loaded: Loaded, locked: boolean): string[] {
  if (loaded.replay === null) return [];
  const notes: string[] = [];
  const { records, torn } = loaded.replay;
  if (records > 0 && locked) {
    notes.push(
      `An earlier run did not end: ${records} journal record${records === 1 ? '' : 's'} replayed, nothing lost.`,
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

/** The recipients named in the configuration take effect at the next write; until then the state is sealed as it was. */
function recipientsNote(options: StoreOptions, current: readonly string[]): string[] {
  const wanted = options.keys?.recipients ?? [];
  if (wanted.length === 0) return [];
  const added = wanted.filter((r) => !current.includes(r)).length;
  const removed = current.filter((r) => !wanted.includes(r)).length;
  if (added === 0 && removed === 0) return [];
  return [`The recipients of the state change at the next write: ${added} added, ${removed} removed.`];
}
