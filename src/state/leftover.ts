import { isKeyformError } from '../core/error.ts';
import type { Files } from '../core/port.ts';
import type { State } from '../core/state.ts';
import { guarded } from './fault.ts';
import { decodeSnapshot, encodeSnapshot } from './format.ts';
import { NO_HISTORY } from './history.ts';
import { open } from './seal.ts';
import { claimPath, conflictPath, type SnapshotOptions } from './snapshot.ts';

/**
 * Clears away what runs that were killed left beside the state of a stack: temporary files, a journal that never began, and
 * snapshots that never took their place. `state` is what snapshot and journal come to. A left snapshot that says anything else is
 * kept under a name of its own. Only with the lock. Returns what a person should know; throws `state-io`.
 */
export async function clearLeftovers(options: SnapshotOptions, state: State): Promise<string[]> {
  const { paths, files } = options;
  const slash = paths.snapshot.lastIndexOf('/');
  const folder = paths.snapshot.slice(0, slash);
  const name = paths.snapshot.slice(slash + 1);
  const stem = name.slice(0, -'age'.length);
  const notes: string[] = [];
  for (const entry of (await guarded('list', folder, () => files.list(folder))) ?? []) {
    const path = `${folder}/${entry.name}`;
    if (isTemporary(entry.name, stem) || path === paths.journalNext) {
      await guarded('remove', path, () => files.remove(path));
      continue;
    }
    const serial = entry.name.startsWith(`${name}.`) ? entry.name.slice(name.length + 1) : '';
    if (!/^[1-9][0-9]{0,14}$/.test(serial) || path !== claimPath(paths, Number(serial))) continue;
    if (await saysTheSame(options, path, state)) {
      await guarded('remove', path, () => files.remove(path));
      continue;
    }
    const kept = conflictPath(options, Number(serial));
    await guarded('rename', path, () => files.rename(path, kept));
    notes.push(
      `A run that did not end left a snapshot that says other than the state; it is kept as ${kept}. "keyform state repair" brings the two together.`,
    );
  }
  return notes;
}

/**
 * Whether this is a half-written file that a killed process left: they are hidden and end in `.tmp`. One for the lock may be of a
 * process that wants it just now, which then makes another (see {@link Files.createExclusive}); all others are written with the lock.
 */
function isTemporary(name: string, stem: string): boolean {
  return name.startsWith(`.${stem}`) && name.endsWith('.tmp');
}

/** Whether the left snapshot tells nothing that `state` does not. */
async function saysTheSame(options: SnapshotOptions, path: string, state: State): Promise<boolean> {
  const bytes = await guarded('read', path, () => options.files.read(path));
  if (bytes === null) return true;
  try {
    const left = decodeSnapshot(await open(bytes, options.keys, path), path).state;
    // The first snapshot of a run that got no further has a lineage that nothing else has.
    const isEmpty = left.resources.size + left.intents.size === 0;
    return isEmpty || (left.lineage === state.lineage && contentOf(left) === contentOf(state));
  } catch (error) {
    // Cut off while it was written, where files cannot be made whole in one step: nobody can read anything from it.
    if (isKeyformError(error, 'damaged-state', 'empty-state')) return true;
    if (isKeyformError(error)) return false; // Whatever it is, it is not for us to remove.
    throw error;
  }
}

/** All that a state remembers, without what counts and dates its snapshots. */
export function contentOf(state: State): string {
  const bare = {
    ...state,
    serial: 1,
    writtenAt: null,
    resources: new Map(state.resources),
    intents: new Map(state.intents),
  };
  const rest = { recipients: [], journalKey: new Uint8Array(32), history: NO_HISTORY, folded: null };
  return Buffer.from(encodeSnapshot({ state: bare, ...rest })).toString('utf8');
}
