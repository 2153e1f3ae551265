import { isKeyformError, KeyformError } from '../core/error.ts';
import type { JournalEntry, MutableState, RunInfo, State } from '../core/state.ts';
import { faultCode, guarded, stateIo } from './fault.ts';
import { encodeEntry, encodeRecord, type FoldedJournal } from './format.ts';
import { type HistoryItem, historyItem, NO_HISTORY, prepareHistory, rekeyedItem } from './history.ts';
import { foldingOf } from './journal.ts';
import type { Lock } from './lock.ts';
import { leadsTo } from './pair.ts';
import { BLOCK, isZero, recordSize } from './record.ts';
import { type Known, type Loaded, type SnapshotOptions, same, type Written, writeSnapshot } from './snapshot.ts';
import { JournalWriter } from './writer.ts';

/**
 * A journal is folded in the middle of a run when it has grown to this, or to {@link FOLD_FACTOR} times its snapshot if that is
 * more: so what a step costs does not grow with the number of keys, and no reader ever replays much more than there is to know.
 */
const FOLD_AT = 8 * 1024 * 1024;
const FOLD_FACTOR = 2;

export interface KeeperOptions extends SnapshotOptions {
  readonly lock: Lock;
  readonly run: RunInfo;
  /** Called when the first record of a journal is synced, before anybody is told; never throws. */
  readonly onFirst?: () => Promise<void>;
  /** Bytes of journal from which on a run folds. Left out: {@link FOLD_AT}; given in tests. */
  readonly foldAt?: number;
}

/**
 * The disk under a run that holds the lock: the snapshot that stands, the journal that grows on it, the history that follows from
 * both. Knows nothing of which entry waits for which; the session does. Calls must follow one another.
 */
export class Keeper {
  readonly #options: KeeperOptions;
  readonly #known: Known = { contents: [], attempts: [], conflict: null };
  /** Null for a state that has none yet. */
  #standing: Written | null;
  #writer: JournalWriter | null = null;
  /** The journal that is folded, until it is put away. */
  #retiring: JournalWriter | null = null;
  /**
   * What lies at the journal's path while this run has none there: one that leads from the backup to the snapshot; one beside which
   * more led there, so that no pair is left; one of which nothing is kept.
   */
  #left: 'folded' | 'stale' | 'spent' | null = null;
  /** Of the journal that an earlier run left, and that is folded with the next snapshot. */
  #found: FoldedJournal | null = null;
  /** What a person should know of it. */
  readonly notes: string[] = [];
  /** Something changed since the standing snapshot. */
  #dirty = false;
  /** Something changed since then that the journal does not tell. */
  #stale = false;
  #broken: { readonly cause: unknown } | null = null;
  /** What the history does not tell yet. */
  #news: HistoryItem[] = [];
  /** When the last record was written. */
  #at = '';
  /** Whose entries are replayed. */
  #earlier: RunInfo | null = null;
  #foldAt: number;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#standing = null;
    this.#foldAt = options.foldAt ?? FOLD_AT;
  }

  /**
   * Takes over what lies on the disk: the snapshot, the journal replayed on it (see {@link Keeper.replayed}) or folded before, and
   * makes the first snapshot where there is none, since a journal needs one to belong to. Afterwards no journal lies there. Throws
   * what {@link writeSnapshot} throws.
   */
  async begin(loaded: Loaded, state: MutableState): Promise<void> {
    const { snapshot, bytes, replay, journal } = loaded;
    if (snapshot !== null && bytes !== null) {
      const { recipients, journalKey, history, folded } = snapshot;
      this.#standing = { bytes, recipients, journalKey, history, folded };
      this.#known.contents.push(bytes);
      this.#foldAt = Math.max(this.#foldAt, FOLD_FACTOR * bytes.length);
    }
    this.#dirty = snapshot === null || (replay !== null && (replay.records.length > 0 || replay.torn));
    if (journal !== null) {
      // Once this is folded, what was replayed leads from the backup to the snapshot. So does a journal that was folded before, when
      // a crash came before it was put away.
      const isLast = replay === null && journal.serial === state.serial - 1;
      const leads = isLast ? await leadsTo(this.#options, journal.bytes, state) : replay !== null && this.#dirty;
      this.#left = leads ? 'folded' : isLast ? 'stale' : 'spent';
      if (replay !== null && this.#dirty) this.#found = foldingOf(journal.bytes, journal.serial, replay.end);
    }
    await this.end(state);
  }

  /** To be called with each entry of a journal that an earlier run left, before it is applied to `state`. */
  replayed(entry: JournalEntry, at: string | null, state: State): void {
    if (entry.kind === 'run') this.#earlier = entry.run;
    const item = historyItem(entry, at, this.#earlier, state);
    if (item !== null) this.#news.push(item);
  }

  /** Recipients that the standing snapshot is sealed for. */
  get recipients(): readonly string[] {
    return this.#standing?.recipients ?? [];
  }

  /** The snapshot in force; null before {@link begin}. */
  get standing(): Written | null {
    return this.#standing;
  }

  /** Whether the journal has grown so long that it should be folded now. */
  get isFoldDue(): boolean {
    return this.#writer !== null && this.#writer.length >= this.#foldAt;
  }

  /** Whether this run has a journal, in which room may be reserved. */
  get hasJournal(): boolean {
    return this.#writer !== null;
  }

  /** Records of the journal of this run. */
  get records(): number {
    return this.#writer?.records ?? 0;
  }

  /** Bytes of text that a record with these entries takes, with all that is written beside them. */
  textLength(entries: readonly string[]): number {
    return Buffer.byteLength(this.#text(entries, this.#now()));
  }

  /**
   * Makes sure that a record with `length` bytes of text goes over zeros that are on the disk, and after it `reserved` bytes;
   * makes the journal where there is none. Throws `state-io`.
   */
  async makeRoom(length: number, reserved: number, state: State): Promise<void> {
    this.#refuseBroken();
    const room = recordSize(length) + reserved;
    const { journal } = this.#options.paths;
    if (this.#standing === null) throw new Error('a journal needs a snapshot to belong to');
    if (this.#writer === null) await this.#retire();
    this.#writer ??= await this.#newJournal(journal, state, state.serial, this.#standing.journalKey, room);
    await this.#writer.makeRoom(length, reserved);
  }

  /** Makes sure that this run may still go on: that the lock is its own. Throws `state-locked`, `state-io`. */
  async check(): Promise<void> {
    await this.#options.lock.check();
  }

  /** Writes one record and resolves when it is synced. Room must have been made. Throws `state-io`. */
  async write(entries: readonly string[]): Promise<void> {
    this.#refuseBroken();
    if (this.#writer === null) throw new Error('a record was written before room was made for it');
    this.#at = this.#now();
    try {
      await this.#writer.write(this.#text(entries, this.#at));
    } catch (error) {
      // A journal that is not where it was is best told by who took its place.
      if (await this.#options.lock.isTaken().catch(() => false)) await this.check();
      throw error;
    }
    if (this.#writer.records === 1) await this.#options.onFirst?.();
  }

  /** To be called with each entry before it is applied to `state`; `journaled`: it is in the journal. */
  note(entry: JournalEntry, state: State, journaled: boolean): void {
    this.#dirty = true;
    if (!journaled) this.#stale = true;
    // As a replay would tell it, so that a history that is written again is the same.
    const item = historyItem(entry, journaled ? this.#at : this.#now(), this.#options.run, state);
    if (item !== null) this.#news.push(item);
  }

  /**
   * Has {@link end} write a snapshot whatever happened, sealed in another way. The journal before does not open with the new keys, so it
   * is not kept.
   */
  rewrite(reason: string): void {
    this.#dirty = true;
    this.#stale = true;
    this.#news.push(rekeyedItem(this.#now(), this.#options.run, reason));
  }

  /**
   * Folds in the middle of a run: `state` becomes the snapshot, and a new journal, with `reserved` bytes of room, begins on it.
   * The new journal is made before anything else, so that a full disk leaves all as it was. Throws what {@link writeSnapshot}
   * throws; then the old journal goes on, unless it is not sure which snapshot stands: then nothing is written any more before
   * {@link end}.
   */
  async fold(state: MutableState, reserved: number): Promise<void> {
    const { paths, files } = this.#options;
    const key = this.#options.random.bytes(32);
    const next = await this.#newJournal(paths.journalNext, state, state.serial + 1, key, reserved);
    try {
      await this.#swap(state, key);
    } catch (error) {
      // It was big work for nothing, so the next attempt comes much later.
      this.#foldAt *= 2;
      await next.close();
      await files.remove(paths.journalNext).catch(() => {}); // The next run does, and the first error is the one to tell.
      const present = await files.read(paths.snapshot).catch(() => null);
      const isConflict = isKeyformError(error, 'state-locked');
      if (isConflict || !same(present, this.#standing?.bytes ?? null)) this.#broken = { cause: error };
      throw error;
    }
    try {
      await this.#retire();
      await this.check();
      await guarded('rename', paths.journalNext, () => files.rename(paths.journalNext, paths.journal));
    } catch {
      // The snapshot stands, with all there is to know. The next record puts the old journal away and makes one anew, or says why not.
      await next.close();
      await files.remove(paths.journalNext).catch(() => {}); // The next run does.
      return;
    }
    next.path = paths.journal;
    this.#writer = next;
  }

  /** Folds at the end of a run, if anything changed; it may be called again when it failed. Throws what {@link writeSnapshot} throws. */
  async end(state: MutableState): Promise<void> {
    if (this.#dirty) {
      try {
        await this.#swap(state, this.#options.random.bytes(32));
      } catch (error) {
        throw await this.#reassured(error);
      }
    }
    if (this.#writer !== null) {
      // Made for an entry that it then did not take.
      this.#retiring = this.#writer;
      this.#writer = null;
      this.#left = 'spent';
    }
    try {
      await this.#retire();
    } catch (error) {
      // All is in the snapshot, which stands.
      if (!isKeyformError(error)) throw error;
      this.notes.push(`${error.message}. It is folded already, and the next run puts it away.`);
    }
  }

  /** Lets go of the journal as it is; the next run replays it. */
  async abandon(): Promise<void> {
    await this.#retiring?.close();
    await this.#writer?.close();
  }

  /** The error of a snapshot that cannot be written, with what that means where the journal has everything. */
  async #reassured(error: unknown): Promise<unknown> {
    const isThere = this.#writer === null ? this.#found !== null : await this.#writer.isInPlace().catch(() => false);
    if (!isKeyformError(error, 'state-io') || this.#stale || !isThere) return error;
    const { journal } = this.#options.paths;
    return new KeyformError(error.code, error.message, {
      detail: `${error.detail}\nNothing is lost: all that was recorded, secrets included, is in ${journal}. Leave it where it is: every plan reads it, and the next run that can write here folds it.`,
      cause: error,
    });
  }

  async #swap(state: MutableState, journalKey: Uint8Array): Promise<void> {
    const anchor = this.#standing?.history ?? NO_HISTORY;
    const history = await prepareHistory(this.#options, anchor, state.lineage, this.#news);
    const writer = this.#writer;
    const own = writer === null ? null : { serial: state.serial, bytes: writer.length, hash: writer.digest };
    const content = { recipients: this.recipients, journalKey, history: history.anchor, folded: own ?? this.#found };
    const isTaken = () => this.#options.lock.isTaken();
    this.#standing = await writeSnapshot(this.#options, state, content, this.#known, history.write, isTaken);
    this.notes.push(...history.notes);
    if (this.#writer !== null) this.#left = 'folded';
    // Not all that led to the snapshot went through the journal.
    if (this.#stale) this.#left = 'stale';
    this.#found = null;
    this.#retiring = this.#writer;
    this.#writer = null;
    this.#stale = false;
    this.#dirty = false;
    this.#broken = null;
    this.#news = [];
    this.#foldAt = Math.max(this.#foldAt, FOLD_FACTOR * this.#standing.bytes.length);
  }

  /**
   * Puts the folded journal away: beside the backup, because the two give the present snapshot again, should it be damaged; or, if
   * they do not, nowhere. Can be called again when it failed.
   */
  async #retire(): Promise<void> {
    const { paths, files } = this.#options;
    let isOurs = true;
    if (this.#retiring !== null) {
      // Where a lock was forced, another process may have its own there by now.
      isOurs = await this.#retiring.isInPlace();
      if (isOurs && this.#left === 'folded') await this.#retiring.trim();
      await this.#retiring.close();
      this.#retiring = null;
    }
    if (this.#left === 'stale') {
      await guarded('remove the journal', paths.journalBackup, () => files.remove(paths.journalBackup));
    }
    if (this.#left === 'folded' && isOurs) {
      await guarded('rename', paths.journal, async () => {
        try {
          await files.rename(paths.journal, paths.journalBackup);
        } catch (error) {
          // An earlier attempt has renamed it, and then failed to sync the folder.
          if (faultCode(error) !== 'ENOENT') throw error;
        }
      });
    } else if (this.#left !== null && isOurs) {
      await guarded('remove the journal', paths.journal, () => files.remove(paths.journal));
    }
    this.#left = null;
  }

  async #newJournal(path: string, state: State, serial: number, key: Uint8Array, room: number): Promise<JournalWriter> {
    const { files, random, lock } = this.#options;
    const options = { base: { lineage: state.lineage, serial }, key, files, random, room };
    if (await lock.isTaken()) await lock.check();
    const made = await JournalWriter.create(path, options);
    if (made !== null) return made;
    // An attempt of this run, or a run that was killed, may have made one and got no further. One with records is another process's.
    const left = await guarded('read', path, () => files.read(path));
    if (left !== null && !isZero(Buffer.from(left), BLOCK, left.length)) {
      throw new KeyformError('state-locked', `Another process writes the journal ${path}`, {
        detail: 'It was left as it is. Look at who works on this state, then run the command again.',
      });
    }
    await guarded('remove the journal', path, () => files.remove(path));
    const again = await JournalWriter.create(path, options);
    if (again === null) throw stateIo('write the journal', path, new Error('another process made it meanwhile'));
    return again;
  }

  /** The text of a record; the first of a journal says whose it is. */
  #text(entries: readonly string[], at: string): string {
    const first = this.#writer === null || this.#writer.records === 0;
    const run = first ? [encodeEntry({ kind: 'run', run: this.#options.run })] : [];
    return encodeRecord(at, [...run, ...entries]);
  }

  #refuseBroken(): void {
    if (this.#broken === null) return;
    const { cause } = this.#broken;
    throw isKeyformError(cause, 'state-locked') ? cause : stateIo('write', this.#options.paths.journal, cause);
  }

  #now(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }
}
