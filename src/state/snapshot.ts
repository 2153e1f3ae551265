import { isKeyformError, KeyformError } from '../core/error.ts';
import type { Clock, Files, Random } from '../core/port.ts';
import { applyEntry, type JournalEntry, type MutableState } from '../core/state.ts';
import { guarded } from './fault.ts';
import { damaged, decodeSnapshot, encodeSnapshot, type Snapshot } from './format.ts';
import { isFolded, type Replay, readHeader, replayJournal } from './journal.ts';
import { type Sealing, type StateKeys, sealingFor } from './keys.ts';
import { noIdentity, open, seal } from './seal.ts';
import { uuid } from './uuid.ts';

/** Where the files of one stack's state are. */
export interface StatePaths {
  readonly snapshot: string;
  /** The snapshot before the present one. */
  readonly backup: string;
  readonly journal: string;
  /** The journal that led from the backup to the snapshot. */
  readonly journalBackup: string;
  /** A journal whose snapshot is just being written. */
  readonly journalNext: string;
  readonly lock: string;
  readonly history: string;
  readonly inventory: string;
}

/** Where the snapshot with this serial stands for the instant before it takes its place: only one process can make it. */
export function claimPath(paths: StatePaths, serial: number): string {
  return `${paths.snapshot}.${serial}`;
}

/** Throws `invalid-usage` for a stack name that would lead out of the folder. */
export function statePaths(folder: string, stack: string): StatePaths {
  if (stack === '' || /[/\\\0]/.test(stack) || stack === '.' || stack === '..') {
    throw new KeyformError('invalid-usage', `"${stack}" cannot be the name of a stack`, {
      detail: 'The name becomes part of file names: letters, digits, "-" and "_".',
    });
  }
  const base = `${folder}/${stack}.keyform`;
  return {
    snapshot: `${base}.age`,
    backup: `${base}.age.backup`,
    journal: `${base}.journal`,
    journalBackup: `${base}.journal.backup`,
    journalNext: `${base}.journal.next`,
    lock: `${base}.lock`,
    history: `${base}.history`,
    inventory: `${base}.inventory.json`,
  };
}

export interface SnapshotOptions {
  readonly paths: StatePaths;
  readonly stack: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly keys: StateKeys | null;
  /** How to seal what is written, whatever `keys` and the present snapshot say: to change that. */
  readonly sealing?: Sealing;
}

/** What lies on the disk, read and judged. */
export interface Loaded {
  /** The snapshot with the journal replayed on it; null when there is neither. */
  readonly snapshot: Snapshot | null;
  /** The snapshot file as it is; null when there is none. */
  readonly bytes: Uint8Array | null;
  /** Of a journal that builds on this snapshot; null when there is none, or one that is folded already. */
  readonly replay: Replay | null;
  /** The journal file as it is, and the snapshot that it builds on; null when there is none. */
  readonly journal: { readonly bytes: Uint8Array; readonly serial: number } | null;
}

/** Told of each entry that is replayed, before it is applied; `at` as in {@link JournalRecord}. */
export type OnReplay = (entry: JournalEntry, at: string | null, state: MutableState) => void;

/**
 * Reads snapshot and journal, changing nothing. Throws the errors of {@link open}, decodeSnapshot and replayJournal, and
 * `damaged-state` for a journal that does not belong to the snapshot. Without the lock another process may be writing:
 * see {@link readSteadily}.
 */
export async function loadState(options: SnapshotOptions, onReplay: OnReplay = () => {}): Promise<Loaded> {
  const { paths, files } = options;
  const bytes = await guarded('read', paths.snapshot, () => files.read(paths.snapshot));
  const raw = await guarded('read', paths.journal, () => files.read(paths.journal));
  return judge(options, bytes, raw === null ? null : Buffer.from(raw), onReplay);
}

/**
 * {@link loadState} without the lock. A writer may replace the snapshot between the two reads, or be in the midst of a
 * record; so what was read counts only if it is unchanged when looked at again, be it good or bad.
 */
export async function readSteadily(options: SnapshotOptions, pause: () => Promise<void>): Promise<Loaded> {
  const { paths, files } = options;
  let bytes = await guarded('read', paths.snapshot, () => files.read(paths.snapshot));
  for (let attempt = 0; ; attempt++) {
    const raw = await guarded('read', paths.journal, () => files.read(paths.journal));
    const again = await guarded('read', paths.snapshot, () => files.read(paths.snapshot));
    if (!same(bytes, again)) {
      if (attempt >= 20) throw tooBusy(options);
      bytes = again;
      continue;
    }
    try {
      return await judge(options, bytes, raw === null ? null : Buffer.from(raw), () => {});
    } catch (error) {
      if (!isKeyformError(error, 'damaged-state')) throw error;
      await pause();
      const journal = await guarded('read', paths.journal, () => files.read(paths.journal));
      const snapshot = await guarded('read', paths.snapshot, () => files.read(paths.snapshot));
      if ((same(raw, journal) && same(bytes, snapshot)) || attempt >= 20) throw error;
      bytes = snapshot;
    }
  }
}

async function judge(
  options: SnapshotOptions,
  bytes: Uint8Array | null,
  raw: Buffer | null,
  onReplay: OnReplay,
): Promise<Loaded> {
  const { paths, keys, stack } = options;
  if (bytes === null) {
    if (raw === null) {
      await refuseRemains(options);
      return { snapshot: null, bytes, replay: null, journal: null };
    }
    throw damaged(
      paths.journal,
      'has no snapshot to belong to',
      `${paths.snapshot} is missing, and the journal holds changes to it, perhaps secrets. Put the snapshot back.`,
    );
  }
  const snapshot = decodeSnapshot(await open(bytes, keys, paths.snapshot), paths.snapshot);
  const { state } = snapshot;
  if (state.stack !== stack) {
    throw new KeyformError(
      'wrong-kind',
      `${paths.snapshot} holds the state of stack "${state.stack}", not "${stack}"`,
      {
        detail: 'The file was copied or renamed. Put the right one back, or remove it for a stack that holds no keys.',
      },
    );
  }
  if (raw === null) return { snapshot, bytes, replay: null, journal: null };
  const base = readHeader(raw, paths.journal);
  if (base.lineage !== state.lineage) {
    throw damaged(
      paths.journal,
      `belongs to another state (lineage ${base.lineage}, the snapshot has ${state.lineage})`,
      'A state file was put in from elsewhere. Put the two that belong together back.',
    );
  }
  if (base.serial > state.serial) {
    throw damaged(
      paths.journal,
      `builds on snapshot ${base.serial}, and ${paths.snapshot} is snapshot ${state.serial}`,
      'An older snapshot was put back. Put back the newest one; the journal holds changes to it, perhaps secrets.',
    );
  }
  const journal = { bytes: raw, serial: base.serial };
  if (base.serial < state.serial) {
    // The crash came between the new snapshot and the journal's new name.
    if (isFolded(raw, base.serial, snapshot.folded)) return { snapshot, bytes, replay: null, journal };
    throw damaged(
      paths.journal,
      `holds what is in no snapshot: it builds on snapshot ${base.serial}, and ${paths.snapshot} is ${state.serial}, which went on without it`,
      `A run here did not end, and then a snapshot came from elsewhere (git pull?). Its records, perhaps secrets, open with snapshot ${base.serial} only: put that one back (git has it), run "keyform state backup" on it, then put the newer one back. "keyform state repair" sets the journal aside.`,
    );
  }
  const replay = replayJournal(raw, base, snapshot.journalKey, paths.journal);
  for (const { at, entries } of replay.records) {
    for (const entry of entries) {
      try {
        onReplay(entry, at, state);
        applyEntry(state, entry);
      } catch (cause) {
        throw damaged(
          paths.journal,
          'contradicts its snapshot',
          'A defect of Keyform wrote it: please report it.',
          cause,
        );
      }
    }
  }
  return { snapshot, bytes, replay, journal };
}

/**
 * Other files of a state without its snapshot are what is left of it, and not a state that was never there: all its keys would be made
 * again. A snapshot that never took its place is no such file: that is how far a first run may have got.
 */
async function refuseRemains({ paths, files }: SnapshotOptions): Promise<void> {
  const slash = paths.snapshot.lastIndexOf('/');
  const folder = paths.snapshot.slice(0, slash);
  const name = paths.snapshot.slice(slash + 1);
  const stem = name.slice(0, -'age'.length);
  for (const entry of (await guarded('list', folder, () => files.list(folder))) ?? []) {
    const path = `${folder}/${entry.name}`;
    const isRemains =
      path === paths.backup ||
      path === paths.journalBackup ||
      entry.name.startsWith(`${name}.conflict-`) ||
      entry.name.startsWith(`${stem}rescue-`) ||
      // Looking for a history makes the file.
      (path === paths.history && (await guarded('read', path, () => files.read(path, 1)))?.length === 1);
    if (!isRemains) continue;
    throw new KeyformError('damaged-state', `${paths.snapshot} is missing, and ${path} is there`, {
      detail:
        'Something else than Keyform removed the state. Put it back, from git or from a backup of the folder; or "keyform state repair" rebuilds what can be had from what is here. To begin anew, knowing that all keys are made again, move the files of this stack out of the state folder.',
    });
  }
}

/** A snapshot on the disk. */
export interface Written extends Omit<Snapshot, 'state'> {
  readonly bytes: Uint8Array;
}

/**
 * Writes `state` as the next snapshot, keeping the one before as backup; then `state.serial` and `state.writtenAt` are the new
 * ones. `next`: whom the present snapshot is sealed for (none: a new state), the key of the journal that will build on this one,
 * where the history will stand. `known` is every content that the snapshot file may rightly have now: what this process read
 * (nothing: there was no file), and what it tried to write before; a new attempt is added to it. Only with the lock.
 *
 * It is a compare-and-swap, for file systems whose locks do not hold and for locks that were forced: the new snapshot is first
 * made under a name that belongs to its serial, which only one process can do at a time; then the present snapshot must be a known
 * one, and the lock must not be another's (`isTaken`); then `beforeSwap` runs; then the new one takes its place by a rename.
 *
 * Throws `state-io`, and then `state` is as it was and the path holds the old snapshot or the new, never a part; or `state-locked`
 * when another process was here: what was to be written is saved in a file of its own, which the message names.
 *
 * A crash does no harm anywhere: before the new snapshot stands, the old one and its journal say the same; after that the
 * journal's base serial is too low, so it is ignored. The backup is written first and is a copy, so that the snapshot's
 * path is never without a file.
 */
export async function writeSnapshot(
  options: SnapshotOptions,
  state: MutableState,
  next: Omit<Snapshot, 'state'>,
  known: Known,
  beforeSwap: () => Promise<void> = async () => {},
  isTaken: () => Promise<boolean> = async () => false,
): Promise<Written> {
  const { paths, files, keys } = options;
  if (keys === null) throw noIdentity(paths.snapshot);
  const sealing = options.sealing ?? (await sealingFor(keys, next.recipients));
  const recipients = 'recipients' in sealing ? sealing.recipients : [];
  const serial = state.serial + 1;
  const writtenAt = new Date(options.clock.now()).toISOString();
  const content: Snapshot = { ...next, state: { ...state, serial, writtenAt }, recipients };
  const bytes = await seal(encodeSnapshot(content), sealing);
  const claim = claimPath(paths, serial);
  if (!(await makeClaim(options, claim, bytes, known))) throw await conflict(options, null, bytes, serial, known);
  try {
    const present = await guarded('read', paths.snapshot, () => files.read(paths.snapshot));
    const isKnown = present === null ? known.contents.length === 0 : known.contents.some((old) => same(old, present));
    if (!isKnown || (await isTaken())) throw await conflict(options, claim, bytes, serial, known);
    known.contents.push(bytes);
    if (present !== null) {
      await guarded('write the backup', paths.backup, () => files.replace(paths.backup, present, 0o600));
    }
    await beforeSwap();
    await guarded('write the state', paths.snapshot, () => files.rename(claim, paths.snapshot));
  } catch (error) {
    // Were it left, the next attempt would meet it and take it away; the first error is the one to tell.
    await files.remove(claim).catch(() => {});
    throw error;
  }
  state.serial = serial;
  state.writtenAt = writtenAt;
  return { bytes, recipients, journalKey: next.journalKey, history: next.history, folded: next.folded };
}

/** What one process may rightly find where it writes. */
export interface Known {
  /** What the snapshot file may hold. */
  readonly contents: Uint8Array[];
  /** What it tried to make files for a serial of; a failed attempt may have left the beginning of one. */
  readonly attempts: Uint8Array[];
  /** Where it saved what could not take its place: a later attempt, which holds all of that, replaces it. */
  conflict: string | null;
}

/** Makes the file that stands for the next serial; false when another process has it. One that this process left is replaced. */
async function makeClaim(options: SnapshotOptions, path: string, bytes: Uint8Array, known: Known): Promise<boolean> {
  const { files } = options;
  const make = () =>
    guarded('write the state', options.paths.snapshot, () => files.createExclusive(path, bytes, 0o600));
  const earlier = [...known.attempts];
  known.attempts.push(bytes);
  if (await make()) return true;
  const left = await guarded('read', path, () => files.read(path));
  // No two sealed files begin alike beyond their first line.
  if (left !== null && !earlier.some((own) => same(own.subarray(0, left.length), left))) return false;
  await guarded('remove', path, () => files.remove(path));
  return make();
}

/**
 * Another process writes the snapshot while this one holds the lock (a lock that was forced, or a file system whose locks do
 * not hold). Neither side may be lost: ours, `bytes` or the file `claim` that holds them, gets a name of its own.
 */
async function conflict(
  options: SnapshotOptions,
  claim: string | null,
  bytes: Uint8Array,
  serial: number,
  known: Known,
): Promise<KeyformError> {
  const { files, paths } = options;
  const path = known.conflict ?? conflictPath(options, serial);
  const isGone = (await guarded('read', paths.snapshot, () => files.read(paths.snapshot, 1))) === null;
  await guarded('write the state', path, () =>
    claim === null ? files.replace(path, bytes, 0o600) : files.rename(claim, path),
  );
  known.conflict = path;
  const saved = `What this run did, secrets included, is saved in ${path}, sealed in the same way.`;
  if (isGone) {
    return new KeyformError('state-locked', `${paths.snapshot} was removed during this run`, {
      detail: `${saved} Put the state folder back if you can, then run "keyform state repair"; do that before the next apply.`,
    });
  }
  return new KeyformError('state-locked', `${paths.snapshot} was changed by another process during this run`, {
    detail: `It was left as it is. ${saved} "keyform state repair" brings the two together; do that before the next apply.`,
  });
}

/** A new name for a snapshot that could not take its place. */
export function conflictPath(options: Pick<SnapshotOptions, 'paths' | 'random'>, serial: number): string {
  return `${options.paths.snapshot}.conflict-${serial}-${uuid(options.random).slice(0, 8)}`;
}

function tooBusy(options: SnapshotOptions): KeyformError {
  return new KeyformError('state-locked', `The state of "${options.stack}" changes faster than it can be read`, {
    detail: 'Another process works on it. Try again when it is done.',
  });
}

/** Whether two contents, or their absence, are equal. */
export function same(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0;
}
