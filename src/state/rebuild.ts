import { isKeyformError } from '../core/error.ts';
import { applyEntry, type JournalEntry, type MutableState, type RunInfo, type State } from '../core/state.ts';
import type { Evidence, JournalFile, SnapshotFile } from './evidence.ts';
import { type JournalRecord, type Snapshot, STATE_VERSION } from './format.ts';
import { type HistoryItem, historyItem } from './history.ts';
import { type JournalBase, replayJournal } from './journal.ts';
import type { Opening } from './keys.ts';
import { describe } from './merge.ts';
import { salvageJournal, salvageJournalKeys } from './salvage.ts';

/** A journal, read beside the snapshot that it builds on. */
export interface JournalReading {
  readonly file: JournalFile;
  readonly base: JournalBase;
  /** In the order of their numbers. */
  readonly records: readonly { readonly number: number; readonly record: JournalRecord }[];
  /** What is wrong with it, for people, without a full stop; null for a whole one. */
  readonly damage: string | null;
  readonly torn: boolean;
  /** As in {@link Salvage}. */
  readonly missing: readonly number[];
  readonly more: boolean;
}

/** A journal, replayed. */
export interface Replayed extends JournalReading {
  /** Entries that do not fit, since something that they follow from is lost: each in words. */
  readonly unfit: readonly string[];
}

/** Content of a state, put together from a snapshot and what followed. */
export interface Rebuilt {
  readonly role: 'snapshot' | 'backup' | 'claim' | 'conflict';
  readonly from: SnapshotFile;
  readonly snapshot: Snapshot;
  /** Its serial is that of the snapshot whose content it is. */
  readonly state: MutableState;
  /** In order. */
  readonly journals: readonly Replayed[];
  /** What the history has to tell of them. */
  readonly news: readonly HistoryItem[];
}

/** Newest first. */
const VERSIONS = Array.from({ length: STATE_VERSION }, (_, index) => STATE_VERSION - index);

/**
 * Reads the journal `file` as one that builds on snapshot `serial` of `lineage`, whose journal key is among `keys`. Null when its
 * header says otherwise, or no record in it opens although there are some.
 */
export function readJournalOn(
  file: JournalFile,
  lineage: string,
  serial: number,
  keys: readonly Uint8Array[],
): JournalReading | null {
  if (file.base !== null && (file.base.lineage !== lineage || file.base.serial !== serial)) return null;
  const versions = file.base === null ? VERSIONS : [file.base.version ?? STATE_VERSION];
  for (const key of keys) {
    for (const version of versions) {
      const base = { lineage, serial, version };
      const whole = file.base === null ? null : replayWhole(file, base, key);
      if (typeof whole === 'object' && whole !== null) return whole;
      const { records, missing, more } = salvageJournal(file.bytes, base, key);
      if (records.length === 0) continue;
      const damage = whole ?? 'its header is damaged';
      return { file, base, records, damage, torn: false, missing, more };
    }
  }
  return null;
}

/** The reading of a journal that is as it should be; in words, why it is none. */
function replayWhole(file: JournalFile, base: JournalBase, key: Uint8Array): JournalReading | string {
  try {
    const { records, torn } = replayJournal(file.bytes, base, key, file.path);
    const numbered = records.map((record, index) => ({ number: index + 1, record }));
    return { file, base, records: numbered, damage: null, torn, missing: [], more: false };
  } catch (error) {
    if (!isKeyformError(error)) throw error;
    return error.message.replace(`${file.path}, `, '').replace(`${file.path} `, '');
  }
}

/**
 * The content that `from` leads to: the snapshot, the journal that builds on it, and after a backup, whose journal led to the next
 * snapshot, the journal of that, if `laterKeys` hold its key. Damaged journals give what is authentic in them and fits.
 */
export function follow(
  role: Rebuilt['role'],
  from: SnapshotFile,
  snapshot: Snapshot,
  evidence: Evidence,
  laterKeys: readonly Uint8Array[],
): Rebuilt {
  const state: MutableState = copyState(snapshot.state);
  const journals: Replayed[] = [];
  const news: HistoryItem[] = [];
  for (let keys: readonly Uint8Array[] = [snapshot.journalKey]; ; keys = laterKeys) {
    const reading = [evidence.journalBackup, evidence.journal]
      .map((file) => (file === null ? null : readJournalOn(file, state.lineage, state.serial, keys)))
      .find((one) => one !== null);
    if (reading == null) break;
    journals.push({ ...reading, unfit: replay(state, reading, news) });
    if (reading.file !== evidence.journalBackup) break;
    state.serial += 1;
  }
  return { role, from, snapshot, state, journals, news };
}

/** A state of its own with the same content. */
export function copyState(state: State): MutableState {
  return { ...state, resources: new Map(state.resources), intents: new Map(state.intents) };
}

/** Applies what fits, and says of the rest what it is. */
function replay(state: MutableState, { records }: JournalReading, news: HistoryItem[]): string[] {
  const unfit: string[] = [];
  let run: RunInfo | null = null;
  for (const { number, record } of records) {
    for (const entry of record.entries) {
      if (entry.kind === 'run') run = entry.run;
      const item = historyItem(entry, record.at, run, state);
      try {
        applyEntry(state, entry);
        if (item !== null) news.push(item);
      } catch {
        unfit.push(`record ${number}: ${describeEntry(entry, state)}`);
      }
    }
  }
  return unfit;
}

/** What an entry is about, as far as it tells by itself. Never a secret. */
function describeEntry(entry: JournalEntry, state: State): string {
  const attempt = 'intent' in entry && typeof entry.intent === 'string' ? state.intents.get(entry.intent) : undefined;
  const address = 'address' in entry ? entry.address : entry.kind === 'moved' ? entry.from : attempt?.address;
  if ('generation' in entry && typeof entry.generation === 'object') {
    const { generation } = entry;
    const key =
      address === undefined ? `key ${generation.id} (generation ${generation.number})` : describe(address, generation);
    return `"${entry.kind}" of ${key}, access key id ${generation.accessKeyId}`;
  }
  if (entry.kind === 'arrived')
    return `"arrived" of a key${entry.keyId === null ? '' : ` ${entry.keyId}`}, with its secret`;
  return `"${entry.kind}"${address === undefined ? '' : ` of ${address}`}`;
}

/** The best that the files come to, or why nothing can be made of them. */
export type Choice =
  | { readonly best: Rebuilt; readonly blocked: null }
  | { readonly best: null; readonly blocked: { readonly what: string; readonly detail: string } };

/**
 * Chooses what to go by: the newest content of one lineage that a snapshot, with the journals after it, leads to; of equals the
 * snapshot itself. Null where there is nothing of a state at all.
 */
export async function choose(evidence: Evidence, keys: Opening): Promise<Choice | null> {
  const { snapshot, backup, claims, conflicts, journal } = evidence;
  const newer = [snapshot, backup].find((file) => file?.error?.code === 'newer-state');
  if (newer?.error != null) return blocked(newer.error.message, newer.error.detail);

  const own = snapshot?.snapshot ?? null;
  const laterKeys = snapshot === null || own !== null ? [] : await salvageJournalKeys(snapshot.bytes, keys);
  const made: Rebuilt[] = [];
  const add = (role: Rebuilt['role'], file: SnapshotFile | null) => {
    if (file?.snapshot != null) made.push(follow(role, file, file.snapshot, evidence, laterKeys));
  };
  add('snapshot', snapshot);
  if (own === null) for (const claim of claims) add('claim', claim);
  add('backup', backup);
  if (made.length === 0) for (const conflict of conflicts) add('conflict', conflict);

  const named = journal?.base?.lineage;
  const lineages = new Set(made.map(({ state }) => state.lineage));
  if (own !== null && named !== undefined && named !== own.state.lineage && lineages.has(named)) {
    return blocked(
      'Files of two states lie here',
      `The snapshot is of lineage ${own.state.lineage}; backup and journal are of ${named}. Which one is right cannot be told from them. Move the files of the other one away, then run this again.`,
    );
  }
  const lineage = own?.state.lineage ?? (named !== undefined && lineages.has(named) ? named : undefined);
  const candidates = made.filter(({ state }) => lineage === undefined || state.lineage === lineage);
  const best = candidates.reduce<Rebuilt | null>((a, b) => (a === null || isBetter(b, a) ? b : a), null);
  if (best !== null) return { best, blocked: null };
  // Nothing here opens: that is a matter of keys, not of damage.
  if (snapshot?.error?.code === 'wrong-identity') return blocked(snapshot.error.message, snapshot.error.detail);
  if (snapshot?.error != null) {
    return blocked(`${snapshot.error.message}, and there is nothing to rebuild it from`, putBack(evidence));
  }
  if (evidence.paths.length === 0) return null;
  const isAny = journal !== null || evidence.journalBackup !== null || backup !== null || claims.length > 0;
  return isAny ? blocked('There is no snapshot, and nothing to rebuild it from', putBack(evidence)) : null;
}

function isBetter(b: Rebuilt, a: Rebuilt): boolean {
  if (a.state.serial !== b.state.serial) return b.state.serial > a.state.serial;
  return b.role !== 'snapshot' && a.role !== 'snapshot' && recordsOf(b) > recordsOf(a);
}

function recordsOf({ journals }: Rebuilt): number {
  return journals.reduce((sum, { records }) => sum + records.length, 0);
}

function blocked(what: string, detail: string): Choice {
  return { best: null, blocked: { what, detail } };
}

/** Which snapshot to look for elsewhere. */
function putBack({ journal, journalBackup }: Evidence): string {
  const base = journal?.base ?? journalBackup?.base ?? null;
  const which =
    base === null
      ? 'the newest snapshot'
      : `snapshot ${base.serial} of lineage ${base.lineage}, which ${journal?.base == null ? journalBackup?.path : journal.path} builds on,`;
  return `Put ${which} back, from git or from a backup of the state folder. Delete nothing: what lies here may become of use with it.`;
}
