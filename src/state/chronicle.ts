import type { State } from '../core/state.ts';
import { type HistoryReport, readHistory } from './audit.ts';
import { noState } from './copy.ts';
import { guarded } from './fault.ts';
import type { HistoryAnchor } from './history.ts';
import { readSteadily, statePaths } from './snapshot.ts';
import { openStore, type StoreOptions } from './store.ts';

/** A history, checked against the state that it is of. */
export interface Chronicle extends HistoryReport {
  readonly path: string;
  readonly state: State;
  readonly anchor: HistoryAnchor;
  /** Records of a journal that lies there: what they tell becomes lines when it is folded. */
  readonly pending: number;
  /** What a person should know, as of reading the state. */
  readonly notes: readonly string[];
}

/**
 * Reads the history of a state without the lock. That lines are missing or changed is part of the answer. Throws what
 * {@link Store.read} throws, and `invalid-usage` when there is no state.
 */
export async function readChronicle(options: StoreOptions): Promise<Chronicle> {
  const { stack, files, clock, folder } = options;
  const paths = statePaths(folder, stack);
  const { exists, notes, state } = await openStore(options).read();
  if (!exists) throw noState(stack);
  const { snapshot, replay } = await readSteadily({ ...options, paths }, () => clock.sleep(50));
  if (snapshot === null) throw noState(stack);
  // A fold that comes in between makes it longer than the snapshot says, which is no finding.
  const content = await guarded('read the history', paths.history, () => files.read(paths.history));
  const anchor = snapshot.history;
  const report = readHistory(content, anchor, snapshot.state.lineage);
  return { ...report, path: paths.history, anchor, state, pending: replay?.records.length ?? 0, notes };
}
