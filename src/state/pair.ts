import { isKeyformError } from '../core/error.ts';
import { applyEntry, type State } from '../core/state.ts';
import { guarded } from './fault.ts';
import { decodeSnapshot } from './format.ts';
import { readHeader, replayJournal } from './journal.ts';
import { contentOf } from './leftover.ts';
import { open } from './seal.ts';
import type { SnapshotOptions } from './snapshot.ts';

/**
 * Whether the backup and the journal `bytes` give `state`, all of it. They do not where facts went past the journal, because it could not
 * take them, and the crash came before it was taken away. Throws `state-io`.
 */
export async function leadsTo(options: SnapshotOptions, bytes: Uint8Array, state: State): Promise<boolean> {
  const { paths, files, keys } = options;
  const sealed = await guarded('read', paths.backup, () => files.read(paths.backup));
  if (sealed === null) return false;
  try {
    const { state: made, journalKey } = decodeSnapshot(await open(sealed, keys, paths.backup), paths.backup);
    const journal = Buffer.from(bytes);
    const base = readHeader(journal, paths.journal);
    if (base.lineage !== made.lineage || base.serial !== made.serial) return false;
    for (const { entries } of replayJournal(journal, base, journalKey, paths.journal).records)
      for (const entry of entries) applyEntry(made, entry);
    return contentOf(made) === contentOf(state);
  } catch (error) {
    // Whatever is the matter with them, they do not give it.
    if (isKeyformError(error, 'state-io')) throw error;
    return false;
  }
}
