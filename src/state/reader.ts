import type { KeyformError } from '../core/error.ts';
import type { Clock, Files, Random } from '../core/port.ts';
import { applyEntry, emptyState, type State } from '../core/state.ts';
import { guarded } from './fault.ts';
import { baseOf, type JournalBase } from './journal.ts';
import { type Sealing, type StateKeys, shortly } from './keys.ts';
import { type LockHolder, lockHolder, type ProcessPort, type UNREADABLE } from './lock.ts';
import { BLOCK } from './record.ts';
import { findRescues, type Merge, mergeRescue, openRescue } from './rescue.ts';
import { judge, markOf, outrun, recall, type Sighting } from './seen.ts';
import { type Loaded, readSteadily, type SnapshotOptions, statePaths } from './snapshot.ts';

/** The part of a store that only looks: nothing here takes a lock or writes a file. */

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

/** What a store, or its reader, is opened with. */
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
  /** As in {@link import('./keeper.ts').KeeperOptions.foldAt}; for tests. */
  readonly foldAt?: number;
}

/** What reads the state of one stack and cannot change it. */
export type Reader = Pick<StateReader, 'read' | 'holder'>;

/** Opens no file yet. Throws `invalid-usage` for an impossible stack name. */
export function openReader(options: StoreOptions): Reader {
  const reader = new StateReader({ ...options, paths: statePaths(options.folder, options.stack) });
  return { read: () => reader.read(), holder: () => reader.holder() };
}

/** The looking half of a store. */
export class StateReader {
  readonly #options: StoreOptions & SnapshotOptions;

  constructor(options: StoreOptions & SnapshotOptions) {
    this.#options = options;
  }

  /** {@link import('./store.ts').Store.read}. */
  async read(): Promise<ReadState> {
    const { stack, clock } = this.#options;
    const readNow = () => readSteadily(this.#options, () => clock.sleep(50));
    const folded = await this.folded();
    let loaded = await readNow();
    const memory = await this.recall(loaded);
    // A run may have ended between reading and recalling: what counts is what lies there now, against what was known before.
    if (this.judge(loaded, memory.sighting, folded) !== null) loaded = await readNow();
    const refusal = this.judge(loaded, memory.sighting, folded);
    if (refusal !== null) throw refusal;
    const revision = revisionOf(loaded);
    const notes = [...notesOf(loaded, false), ...memory.notes];
    const state = loaded.snapshot?.state ?? emptyState(stack, '');
    const rescued = await this.rescued(state);
    for (const { merge } of rescued.files) for (const entry of merge.entries) applyEntry(state, entry);
    notes.push(...rescued.notes, ...rescued.files.map((file) => rescueNote(file, false)));
    const resealing = loaded.snapshot === null ? null : recipientsNote(this.#options, loaded.snapshot.recipients);
    return { state, exists: loaded.snapshot !== null, revision, notes, resealing };
  }

  /** {@link import('./store.ts').Store.holder}. */
  holder(): Promise<LockHolder | typeof UNREADABLE | null> {
    return lockHolder({ ...this.#options, path: this.#options.paths.lock });
  }

  /** What this machine has seen of the state, and notes about that. */
  async recall(loaded: Loaded): ReturnType<typeof recall> {
    if (loaded.snapshot === null) return { sighting: null, notes: [] };
    const { files, machineFolder } = this.#options;
    return recall(files, machineFolder, loaded.snapshot.state.lineage, this.#options.stack);
  }

  /** Of the journal that was folded last, by the file that is kept of it; null when there is none, or it does not say. */
  async folded(): Promise<JournalBase | null> {
    const { journalBackup } = this.#options.paths;
    return baseOf(await guarded('read', journalBackup, () => this.#options.files.read(journalBackup, BLOCK)));
  }

  /** The `rolled-back` error for a state that is older than what this machine, or the journal folded last, knows of. */
  judge({ snapshot, replay }: Loaded, sighting: Sighting | null, folded: JournalBase | null): KeyformError | null {
    if (snapshot === null) return null;
    const { stack, machineFolder, folder } = this.#options;
    const { serial, lineage } = snapshot.state;
    const { snapshot: path, journal } = this.#options.paths;
    const mark = markOf(snapshot.journalKey);
    const isJournaled = (replay?.records.length ?? 0) > 0;
    const remembered = judge(machineFolder, sighting, { path, stack, serial, mark, folder, journal, isJournaled });
    if (remembered !== null || folded === null || folded.lineage !== lineage || folded.serial < serial)
      return remembered;
    return outrun(path, stack, serial, this.#options.paths.journalBackup, folded.serial + 1);
  }

  /**
   * What rescue files hold that the state does not know yet. One that cannot be read is an error: it may hold the secret of a key that
   * would else be taken for an orphan, and deleted.
   */
  async rescued(state: State): Promise<{ readonly files: readonly Rescued[]; readonly notes: readonly string[] }> {
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
}

/** {@link ReadState.revision}. */
export function revisionOf(loaded: Loaded): string {
  if (loaded.snapshot === null) return 'none';
  const { lineage, serial } = loaded.snapshot.state;
  return `${lineage}:${serial}:${loaded.replay?.records.length ?? 0}`;
}

/** What the journal that was read tells a person; `locked`: whoever reads folds it. */
export function notesOf(loaded: Loaded, locked: boolean): string[] {
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
export interface Rescued {
  readonly path: string;
  readonly merge: Merge;
}

/** What a rescue file tells a person; `locked`: whoever reads takes it over. */
export function rescueNote({ path, merge }: Rescued, locked: boolean): string {
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
export function recipientsNote({ keys, sealing }: StoreOptions, current: readonly string[]): string | null {
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
