import { KeyformError } from '../core/error.ts';
import { makeDraft, type RepairPlan, type Work } from './draft.ts';
import { type CareOptions, gather, gatherSteadily } from './evidence.ts';
import { guarded } from './fault.ts';
import { encodeSnapshot } from './format.ts';
import { chainHistory, type HistoryAnchor, type HistoryItem, NO_HISTORY } from './history.ts';
import { sealingFor } from './keys.ts';
import { acquireLock, type LockHolder } from './lock.ts';
import { noIdentity, seal } from './seal.ts';
import { markOf, remember } from './seen.ts';
import { claimPath, same } from './snapshot.ts';

/** Says what {@link repairState} would do, from what lies there now; changes nothing and takes no lock. Throws `no-identity`, `state-io`. */
export async function planRepair(options: CareOptions): Promise<RepairPlan> {
  return makeDraft(options, await gatherSteadily(options));
}

/** What a repair came to. */
export interface Repaired {
  readonly plan: RepairPlan;
  /** The serial of the new snapshot; null when nothing was done. */
  readonly serial: number | null;
  /** Copies of what was replaced or taken away. */
  readonly kept: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Puts a state in order as far as that goes without guessing: only what is authentic is used, and every file that is replaced or taken
 * away is kept beside, as `<name>.damaged-<hex>`. Under the lock from the first look to the last write. `approve` is asked before
 * anything is written, if there is anything to do.
 *
 * A crash at any point leaves a state that is as it was, or whole: the copies come first, then the history, then the snapshot by
 * compare-and-swap; files that would hinder it are taken away last. Doing it again finishes.
 *
 * Throws `no-identity`; `state-locked`; `state-io`; what `approve` throws; the signal's reason.
 */
export async function repairState(
  options: CareOptions,
  request: {
    readonly lockTimeoutMs: number;
    readonly approve: (plan: RepairPlan) => Promise<void>;
    readonly onWait?: (holder: LockHolder | null) => void;
    readonly signal?: AbortSignal;
  },
): Promise<Repaired> {
  if (options.keys === null) throw noIdentity(options.paths.snapshot);
  const lock = await acquireLock(
    { ...options, path: options.paths.lock },
    {
      operation: 'state repair',
      timeoutMs: request.lockTimeoutMs,
      ...(request.onWait === undefined ? {} : { onWait: request.onWait }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    },
  );
  try {
    const draft = await makeDraft(options, await gather(options));
    if (draft.work === null) return { plan: draft, serial: null, kept: [], notes: lock.notes };
    await request.approve(draft);
    await lock.check();
    const { serial, kept, notes } = await carryOut(options, draft.work);
    return { plan: draft, serial, kept, notes: [...lock.notes, ...notes] };
  } finally {
    await lock.release();
  }
}

async function carryOut(
  options: CareOptions,
  work: Work,
): Promise<{ readonly serial: number; readonly kept: string[]; readonly notes: readonly string[] }> {
  const { paths, files, keys, random, clock } = options;
  if (keys === null) throw noIdentity(paths.snapshot);
  const { state, base, asides, present } = work;
  const kept: string[] = [];
  for (const { path, bytes } of asides) {
    const copy = `${path}.damaged-${Buffer.from(random.bytes(6)).toString('hex')}`;
    if (!(await guarded('write', copy, () => files.createExclusive(copy, bytes, 0o600)))) {
      throw new KeyformError('state-io', `Cannot keep a copy of ${path}: ${copy} exists`, {
        detail: 'Nothing was changed. Run the command again.',
      });
    }
    kept.push(copy);
  }
  const journalKey = random.bytes(32);
  const anchor = await writeHistory(options, work);
  const serial = state.serial + 1;
  const writtenAt = new Date(clock.now()).toISOString();
  const sealing = options.sealing ?? (await sealingFor(keys, base.recipients));
  const recipients = 'recipients' in sealing ? sealing.recipients : [];
  const content = { state: { ...state, serial, writtenAt }, recipients, journalKey, history: anchor, folded: null };
  const bytes = await seal(encodeSnapshot(content), sealing);
  const claim = claimPath(paths, serial);
  if (!(await guarded('write the state', claim, () => files.createExclusive(claim, bytes, 0o600))))
    throw overtaken(claim);
  try {
    if (!same(await guarded('read', paths.snapshot, () => files.read(paths.snapshot)), present)) {
      throw overtaken(paths.snapshot);
    }
    if (work.keepAsBackup && present !== null) {
      await guarded('write the backup', paths.backup, () => files.replace(paths.backup, present, 0o600));
    }
    await guarded('write the state', paths.snapshot, () => files.rename(claim, paths.snapshot));
  } catch (error) {
    await files.remove(claim).catch(() => {}); // The next run does; the first error is the one to tell.
    throw error;
  }
  for (const { path, remove } of asides) {
    if (remove) await guarded('remove', path, () => files.remove(path));
  }
  const { lineage } = state;
  const notes: string[] = [];
  for (const path of work.spent) {
    await files.remove(path).catch(() => notes.push(`${path} is of no more use and could not be removed.`));
  }
  const seen = await remember(
    files,
    options.machineFolder,
    { lineage, stack: options.stack, serial, mark: markOf(journalKey), at: writtenAt },
    { force: true },
  );
  notes.push(...seen);
  return { serial, kept, notes };
}

function overtaken(path: string): KeyformError {
  return new KeyformError('state-locked', `${path} was written by another process during the repair`, {
    detail: 'The state was left as it is. See who works on it, then run the command again.',
  });
}

/** Writes the lines that are new; returns where the history stands with them. A copy of what is written over was kept. */
async function writeHistory(options: CareOptions, work: Work): Promise<HistoryAnchor> {
  const { paths, files } = options;
  const { state, base, news } = work;
  const first = work.newHistory ? [lost(base.history, options)] : [];
  const anchor = work.newHistory ? NO_HISTORY : base.history;
  const chained = chainHistory(anchor, state.lineage, [...first, ...news]);
  if (chained.bytes.length === 0) return chained.anchor;
  const before = work.newHistory ? Buffer.alloc(0) : (work.history ?? Buffer.alloc(0)).subarray(0, anchor.bytes);
  const whole = Buffer.concat([before, chained.bytes]);
  await guarded('write the history', paths.history, () => files.replace(paths.history, whole, 0o600));
  return chained.anchor;
}

function lost(anchor: HistoryAnchor, options: CareOptions): HistoryItem {
  const { user, host } = options.process;
  return {
    at: new Date(options.clock.now()).toISOString(),
    run: null,
    by: `${user}@${host}`,
    operation: 'state repair',
    action: 'history-lost',
    address: null,
    type: null,
    key: null,
    generation: null,
    changed: [],
    reason: `${anchor.entries} earlier, the last with SHA-256 ${anchor.hash}`,
  };
}
