import { isKeyformError, KeyformError } from '../core/error.ts';
import type { Files, Random } from '../core/port.ts';
import { applyEntry, type MutableState } from '../core/state.ts';
import { guarded } from './fault.ts';
import { damaged, decodeSnapshot, encodeSnapshot, type Snapshot } from './format.ts';
import { type Replay, readHeader, replayJournal } from './journal.ts';
import { type StateKeys, sealingFor } from './keys.ts';
import { noIdentity, open, seal } from './seal.ts';
import { uuid } from './uuid.ts';

/** Where the files of one stack's state are. */
export interface StatePaths {
  readonly snapshot: string;
  /** The snapshot before the present one. */
  readonly backup: string;
  readonly journal: string;
  readonly lock: string;
}

/** Throws `invalid-usage` for a stack name that would lead out of the folder. */
export function statePaths(folder: string, stack: string): StatePaths {
  if (stack === '' || /[/\\\0]/.test(stack) || stack === '.' || stack === '..') {
    throw new KeyformError('invalid-usage', `"${stack}" cannot be the name of a stack`, {
      detail: 'The name becomes part of file names: letters, digits, "-" and "_".',
    });
  }
  const base = `${folder}/${stack}.keyform`;
  return { snapshot: `${base}.age`, backup: `${base}.age.backup`, journal: `${base}.journal`, lock: `${base}.lock` };
}

export interface SnapshotOptions {
  readonly paths: StatePaths;
  readonly stack: string;
  readonly files: Files;
  readonly random: Random;
  readonly keys: StateKeys | null;
}

/** What lies on the disk, read and judged. */
export interface Loaded {
  /** The snapshot with the journal replayed on it; null when there is neither. */
  readonly snapshot: Snapshot | null;
  /** The snapshot file as it is; null when there is none. */
  readonly bytes: Uint8Array | null;
  /** Of a journal that builds on this snapshot; null when there is none, or one that is folded already. */
  readonly replay: Replay | null;
  /** There is a journal file, whatever it is worth. */
  readonly journal: boolean;
}

/**
 * Reads snapshot and journal, changing nothing. Throws the errors of {@link open}, decodeSnapshot and replayJournal, and
 * `damaged-state` for a journal that does not belong to the snapshot. Without the lock another process may be writing:
 * see {@link readSteadily}.
 */
export async function loadState(options: SnapshotOptions): Promise<Loaded> {
  const { paths, files } = options;
  const bytes = await guarded('read', paths.snapshot, () => files.read(paths.snapshot));
  const raw = await guarded('read', paths.journal, () => files.read(paths.journal));
  return judge(options, bytes, raw === null ? null : Buffer.from(raw));
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
      return await judge(options, bytes, raw === null ? null : Buffer.from(raw));
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

async function judge(options: SnapshotOptions, bytes: Uint8Array | null, raw: Buffer | null): Promise<Loaded> {
  const { paths, keys, stack } = options;
  if (bytes === null) {
    if (raw === null) return { snapshot: null, bytes, replay: null, journal: false };
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
  if (raw === null) return { snapshot, bytes, replay: null, journal: false };
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
  // Folded already: the crash came between the new snapshot and the removal.
  if (base.serial < state.serial) return { snapshot, bytes, replay: null, journal: true };
  const replay = replayJournal(raw, base, snapshot.journalKey, paths.journal);
  for (const entry of replay.entries) {
    try {
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
  return { snapshot, bytes, replay, journal: true };
}

/**
 * Writes `state` as the next snapshot, with a new journal key, and keeps the one before as backup; then `state.serial` is
 * counted up. `known` is every content that the snapshot file may rightly have now: what this process read (nothing: there
 * was no file), and what it tried to write before; a new attempt is added to it. Only with the lock. Throws `state-io`, and
 * then `state` is as it was and the path holds the old snapshot or the new, never a part; or `state-locked` when the file on
 * disk is none of `known`: see {@link rescue}.
 *
 * A crash does no harm anywhere: before the new snapshot stands, the old one and its journal say the same; after that the
 * journal's base serial is too low, so it is ignored. The backup is written first and is a copy, so that the snapshot's
 * path is never without a file.
 */
export async function writeSnapshot(
  options: SnapshotOptions,
  state: MutableState,
  known: Uint8Array[],
  recipients: readonly string[],
): Promise<{ readonly bytes: Uint8Array; readonly recipients: readonly string[]; readonly journalKey: Uint8Array }> {
  const { paths, files, random, keys } = options;
  if (keys === null) throw noIdentity(paths.snapshot);
  const sealing = await sealingFor(keys, recipients);
  const content: Snapshot = {
    state: { ...state, serial: state.serial + 1 },
    recipients: 'recipients' in sealing ? sealing.recipients : [],
    journalKey: random.bytes(32),
  };
  const bytes = await seal(encodeSnapshot(content), sealing);
  const present = await guarded('read', paths.snapshot, () => files.read(paths.snapshot));
  if (present === null ? known.length > 0 : !known.some((old) => same(old, present))) {
    throw await rescue(options, bytes, content.state.serial);
  }
  known.push(bytes);
  if (present !== null) {
    await guarded('write the backup', paths.backup, () => files.replace(paths.backup, present, 0o600));
  }
  await guarded('write the state', paths.snapshot, () => files.replace(paths.snapshot, bytes, 0o600));
  state.serial = content.state.serial;
  return { bytes, recipients: content.recipients, journalKey: content.journalKey };
}

/**
 * Somebody wrote the snapshot while this process held the lock (a lock that was forced, or a file system whose locks do
 * not hold). Neither side may be lost: ours goes to a file of its own.
 */
async function rescue(options: SnapshotOptions, bytes: Uint8Array, serial: number): Promise<KeyformError> {
  const path = `${options.paths.snapshot}.conflict-${serial}-${uuid(options.random).slice(0, 8)}`;
  await guarded('write the state', path, () => options.files.replace(path, bytes, 0o600));
  return new KeyformError('state-locked', `${options.paths.snapshot} was changed by another process during this run`, {
    detail: `It was left as it is. What this run did, secrets included, is saved in ${path}, sealed in the same way. Bring the two together before the next apply.`,
  });
}

function tooBusy(options: SnapshotOptions): KeyformError {
  return new KeyformError('state-locked', `The state of "${options.stack}" changes faster than it can be read`, {
    detail: 'Another process works on it. Try again when it is done.',
  });
}

function same(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0;
}
