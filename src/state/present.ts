import { isKeyformError, type KeyformError } from '../core/error.ts';
import type { RunInfo } from '../core/state.ts';
import { keepAside, sealAnew } from './copy.ts';
import { guarded } from './fault.ts';
import { decodeSnapshot, type Snapshot } from './format.ts';
import { type HistoryItem, historyItem } from './history.ts';
import { baseOf } from './journal.ts';
import { open } from './seal.ts';
import { loadState, type StatePaths } from './snapshot.ts';
import type { StoreOptions } from './store.ts';

/** A store's options, with the names of its files. */
export type PlacedOptions = StoreOptions & { readonly paths: StatePaths };

/** What lies where a state should be, be it damaged or not. */
export interface Present {
  /** The snapshot's file as it is; null when there is none. So the others. */
  readonly bytes: Uint8Array | null;
  readonly journal: Uint8Array | null;
  readonly backup: Uint8Array | null;
  readonly journalBackup: Uint8Array | null;
  /** With the journal replayed. Null when there is none, or none that can be read. */
  readonly snapshot: Snapshot | null;
  /** How many records were replayed. */
  readonly records: number;
  /** What they tell the history. */
  readonly news: readonly HistoryItem[];
  /** Why it cannot be read; null when it can, or there is none. */
  readonly error: KeyformError | null;
  /** Serials of snapshots that never took their place. */
  readonly claims: readonly number[];
}

/** Looks at it, with the lock. That it does not open is part of the answer; throws `state-io` for what the disk does not give. */
export async function readPresent(options: PlacedOptions): Promise<Present> {
  const { paths, files, folder } = options;
  const read = (path: string) => guarded('read', path, () => files.read(path));
  const raw = {
    bytes: await read(paths.snapshot),
    journal: await read(paths.journal),
    backup: await read(paths.backup),
    journalBackup: await read(paths.journalBackup),
  };
  const stem = `${paths.snapshot.slice(folder.length + 1)}.`;
  const claims = ((await guarded('list', folder, () => files.list(folder))) ?? []).flatMap(({ name }) => {
    const serial = name.startsWith(stem) ? name.slice(stem.length) : '';
    return /^[1-9][0-9]{0,14}$/.test(serial) ? [Number(serial)] : [];
  });
  const news: HistoryItem[] = [];
  let run: RunInfo | null = null;
  try {
    const { snapshot, bytes, replay } = await loadState(options, (entry, at, state) => {
      if (entry.kind === 'run') run = entry.run;
      const item = historyItem(entry, at, run, state);
      if (item !== null) news.push(item);
    });
    return { ...raw, claims, bytes, snapshot, records: replay?.records.length ?? 0, news, error: null };
  } catch (error) {
    if (!isKeyformError(error) || error.code === 'state-io') throw error;
    return { ...raw, claims, snapshot: null, records: 0, news: [], error };
  }
}

/** How far a state has come: the serial that a fold of it now would have. 0 when it cannot be told. */
export function reachedBy({ snapshot, records }: Present): number {
  return snapshot === null ? 0 : snapshot.state.serial + (records > 0 ? 1 : 0);
}

/** Of what lies there, also where the snapshot does not open; null when nothing tells. */
export function lineageOf({ snapshot, journal, journalBackup }: Present): string | null {
  return snapshot?.state.lineage ?? baseOf(journal)?.lineage ?? baseOf(journalBackup)?.lineage ?? null;
}

/**
 * Copies what lies there into files of its own, and returns their names: a state that can be read as one sealed file with all that it
 * holds; of one that cannot every file as it is, since it may be of use to somebody who has the key, or to a repair. Throws `state-io`.
 */
export async function keepPresent(options: PlacedOptions, present: Present): Promise<string[]> {
  const { paths } = options;
  const { snapshot, bytes, records, journal, backup, journalBackup } = present;
  if (snapshot !== null && bytes !== null) {
    const { serial } = snapshot.state;
    if (records === 0) return [await keepAside(options, paths.snapshot, serial, bytes)];
    return [await keepAside(options, paths.snapshot, serial + 1, await sealAnew(options, snapshot.state, snapshot))];
  }
  const kept: string[] = [];
  const keep = async (path: string, content: Uint8Array | null, serial: number | null) => {
    if (content !== null) kept.push(await keepAside(options, path, serial, content));
  };
  await keep(paths.snapshot, bytes, null);
  await keep(paths.journal, journal, baseOf(journal)?.serial ?? null);
  await keep(paths.snapshot, backup, await serialOf(options, backup));
  await keep(paths.journal, journalBackup, baseOf(journalBackup)?.serial ?? null);
  return kept;
}

async function serialOf(options: PlacedOptions, bytes: Uint8Array | null): Promise<number | null> {
  if (bytes === null) return null;
  try {
    return decodeSnapshot(await open(bytes, options.keys, 'a backup'), 'a backup').state.serial;
  } catch (error) {
    if (!isKeyformError(error)) throw error;
    return null; // It is kept whatever it is.
  }
}
