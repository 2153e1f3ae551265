import type { KeyformError } from '../core/error.ts';
import { applyEntry, type MutableState } from '../core/state.ts';
import { readHistory } from './audit.ts';
import type { CareOptions, Evidence, SnapshotFile } from './evidence.ts';
import type { Snapshot } from './format.ts';
import { chainHistory, type HistoryItem, historyItem } from './history.ts';
import { isFolded } from './journal.ts';
import { takeOver } from './merge.ts';
import { choose, copyState, type Rebuilt, type Replayed, readJournalOn } from './rebuild.ts';
import { mergeRescue } from './rescue.ts';
import { noIdentity } from './seal.ts';
import { BRING_BACK, lacksJournal, lackWords, markOf, recall, type Sighting } from './seen.ts';
import { besides, linesAfter } from './told.ts';

/** What a repair would do. */
export interface RepairPlan {
  /** What is done, one sentence each; empty when nothing needs to be. */
  readonly steps: readonly string[];
  /** What cannot be had back, as far as it can be told. */
  readonly losses: readonly string[];
  /** What somebody has to see to. */
  readonly advice: readonly string[];
  /** Why nothing can be done at all; else null. */
  readonly blocked: { readonly what: string; readonly detail: string } | null;
}

/** A plan, with what it takes to carry it out. */
export interface Draft extends RepairPlan {
  /** Null when there is nothing to do, or nothing can be done. */
  readonly work: Work | null;
}

/** What is to be written. */
export interface Work {
  readonly state: MutableState;
  /** The snapshot that the content comes from: whom it is sealed for, where its history stood. */
  readonly base: Snapshot;
  readonly news: readonly HistoryItem[];
  /** Files to keep a copy of before anything is written; `remove`: and to take away when the snapshot stands. */
  readonly asides: readonly { readonly path: string; readonly bytes: Uint8Array; readonly remove: boolean }[];
  /** The snapshot as it is; null: there is none. */
  readonly present: Uint8Array | null;
  /** It becomes the backup: it is a good one, and not older than the present backup. */
  readonly keepAsBackup: boolean;
  /** Rescue files all of whose facts are in the state now. */
  readonly spent: readonly string[];
  /** The history as it is. */
  readonly history: Buffer | null;
  /** It does not fit, and a new one begins. */
  readonly newHistory: boolean;
}

/** What is to be done about what lies there. Never throws for damage; `no-identity`. */
export async function makeDraft(options: CareOptions, evidence: Evidence): Promise<Draft> {
  const { keys, paths } = options;
  if (keys === null) throw noIdentity(paths.snapshot);
  const choice = await choose(evidence, keys);
  const nothing = { steps: [], losses: [], advice: [], work: null };
  if (choice === null) return { ...nothing, blocked: null };
  if (choice.best === null) return { ...nothing, blocked: choice.blocked };
  const { best } = choice;
  const { sighting } = await recall(options.files, options.machineFolder, best.state.lineage, options.stack);
  return new Drafter(options, evidence, best, sighting).draft();
}

class Drafter {
  readonly #options: CareOptions;
  readonly #evidence: Evidence;
  readonly #best: Rebuilt;
  readonly #sighting: Sighting | null;
  readonly #steps: string[] = [];
  readonly #losses: string[] = [];
  readonly #advice: string[] = [];
  readonly #asides = new Map<string, { path: string; bytes: Uint8Array; remove: boolean }>();
  readonly #state: MutableState;
  readonly #news: HistoryItem[];
  readonly #spent: string[] = [];
  #newHistory = false;

  constructor(options: CareOptions, evidence: Evidence, best: Rebuilt, sighting: Sighting | null) {
    this.#options = options;
    this.#evidence = evidence;
    this.#best = best;
    this.#sighting = sighting;
    this.#state = copyState(best.state);
    this.#news = [...best.news];
  }

  draft(): Draft {
    const isSeen = this.#isRolledBack();
    const lack = this.#lack();
    this.#snapshot();
    this.#journals();
    this.#backup();
    this.#conflicts();
    this.#rescues();
    this.#history();
    // Whether an older state is the right one is what a restore asks, key by key: where no journal is to be saved, nothing else that
    // is amiss may decide it here.
    const isOld =
      isSeen &&
      this.#evidence.journal === null &&
      this.#best.role === 'snapshot' &&
      this.#best.state.serial < (this.#sighting?.serial ?? 0);
    if (this.#steps.length === 0 || isOld) {
      if (isSeen) this.#adviseRestore();
      if (lack !== null) {
        const { paths } = this.#options;
        this.#advice.push(
          `The state ${lack}. ${BRING_BACK} If it is gone for good, say so: keyform state restore ${paths.snapshot}`,
        );
      }
      return { steps: [], losses: [], advice: this.#advice, blocked: null, work: null };
    }
    if (isSeen) this.#loseSeen();
    if (lack !== null) this.#losses.push(`The state ${lack}.`);
    const { snapshot, backup } = this.#evidence;
    const highest = this.#highestSerial();
    this.#state.serial = highest;
    this.#steps.push(`A new snapshot, ${highest + 1}, is written with ${keysText(this.#state)}.`);
    return {
      steps: this.#steps,
      losses: this.#losses,
      advice: this.#advice,
      blocked: null,
      work: {
        state: this.#state,
        base: this.#best.snapshot,
        news: this.#news,
        asides: [...this.#asides.values()],
        present: snapshot?.bytes ?? null,
        keepAsBackup: snapshot?.snapshot != null && serialOf(snapshot) >= serialOf(backup),
        spent: this.#spent,
        history: this.#evidence.history,
        newHistory: this.#newHistory,
      },
    };
  }

  /** Whether what this machine remembers of the lineage says that something newer was here. */
  #isRolledBack(): boolean {
    const seen = this.#sighting;
    if (seen === null) return false;
    const { state, snapshot } = this.#best;
    if (state.serial !== seen.serial) return state.serial < seen.serial;
    return state.serial === snapshot.state.serial && markOf(snapshot.journalKey) !== seen.mark;
  }

  /** What a run recorded that is not here, in words; null when nothing is known to be missing. */
  #lack(): string | null {
    const { journal } = this.#evidence;
    const { folder, paths } = this.#options;
    const seen = this.#sighting;
    const { serial } = this.#best.state;
    // A journal that is there is told of by itself, whatever is the matter with it.
    const isJournaled = journal !== null;
    return seen !== null && lacksJournal(seen, { serial, folder, isJournaled }) ? lackWords(seen, paths.journal) : null;
  }

  #adviseRestore(): void {
    const { paths, stack } = this.#options;
    const { serial = 0, at = '' } = this.#sighting ?? {};
    this.#advice.push(
      `The state of "${stack}" is not the one that was here: it is snapshot ${this.#state.serial}, and this machine saw snapshot ${serial} on ${at}. A repair cannot have it back. Put the newest one back, from git or from a backup of the state folder; if this one is right, say so: keyform state restore ${paths.snapshot}`,
    );
  }

  #loseSeen(): void {
    const { serial = 0, at = '' } = this.#sighting ?? {};
    const { serial: reached } = this.#state;
    this.#losses.push(
      reached < serial
        ? `This machine saw snapshot ${serial} on ${at}. What came after snapshot ${reached} is in no file here.`
        : `This machine saw another snapshot ${serial} on ${at}. What only that one held is in no file here.`,
    );
  }

  /** The snapshot, when it is not what is gone by. */
  #snapshot(): void {
    const { role, from, journals, state } = this.#best;
    const { snapshot } = this.#evidence;
    const { paths } = this.#options;
    const wholly = journals.length > 0 && journals.every(({ damage, unfit }) => damage === null && unfit.length === 0);
    if (role === 'snapshot') {
      const [first] = journals;
      if (first !== undefined && first.file === this.#evidence.journalBackup) {
        this.#aside(paths.snapshot, snapshot?.bytes ?? null, false);
        this.#steps.push(
          `${paths.snapshot} is an older snapshot that was put back; with ${first.file.path} it gives snapshot ${state.serial} again${wholly ? ', whole' : ''}.`,
        );
      }
      return;
    }
    this.#aside(paths.snapshot, snapshot?.bytes ?? null, false);
    const how =
      snapshot === null
        ? 'is missing'
        : snapshot.snapshot !== null
          ? `is snapshot ${serialOf(snapshot)}, older than what lies beside it`
          : snapshot.error?.code === 'wrong-identity'
            ? 'cannot be opened with the key that opens the files beside it: its header is damaged, or it was sealed for others'
            : snapshot.error?.code === 'wrong-kind'
              ? 'is another file'
              : snapshot.error?.code === 'empty-state'
                ? 'is empty'
                : 'is damaged';
    const sources = [from.path, ...journals.map(({ file }) => file.path)].join(' and ');
    const pairHolds = journals.some(({ file }) => file === this.#evidence.journalBackup);
    this.#steps.push(`${paths.snapshot} ${how}: it is rebuilt from ${sources}.`);
    if (role === 'backup' && !pairHolds) this.#loseSince();
    if (role === 'conflict') {
      this.#losses.push(`${from.path} was overtaken by another snapshot; what only that one held is in no file here.`);
    }
    if (role === 'claim')
      this.#advice.push(`${from.path} had not taken its place: what a run did after it is not in it.`);
  }

  /** What came after the backup, as far as the history tells: it is plain text, and lines behind the anchor prove nothing. */
  #loseSince(): void {
    const { journal, history } = this.#evidence;
    const { snapshot, journals } = this.#best;
    if (journals.some(({ file, damage }) => file === journal && damage === null)) return;
    const { serial, writtenAt } = snapshot.state;
    const told = linesAfter(history, snapshot.history);
    const list = told.length === 0 ? '' : ` The history tells of: ${told.join('; ')}.`;
    this.#losses.push(
      `What was done after snapshot ${serial}${writtenAt === null ? '' : `, ${writtenAt},`} is in no file here.${list}`,
    );
  }

  #journals(): void {
    const { journal, journalBackup } = this.#evidence;
    const { paths } = this.#options;
    for (const used of this.#best.journals) this.#useJournal(used);
    if (journal !== null && !this.#best.journals.some(({ file }) => file === journal)) {
      const { state } = this.#best;
      const { base } = journal;
      const { folded } = this.#best.snapshot;
      const isPast = base !== null && base.lineage === state.lineage && base.serial < state.serial;
      if (base === null || !isPast || !isFolded(journal.bytes, base.serial, folded)) {
        this.#aside(paths.journal, journal.bytes, true);
        const about = blocksOf(journal.bytes);
        this.#losses.push(
          base !== null && base.lineage !== state.lineage
            ? `${paths.journal} belongs to another state, lineage ${base.lineage}: it is taken away. Put it back beside its snapshot ${base.serial}.`
            : `${paths.journal}${base === null ? ', whose header is damaged,' : ''} cannot be read: its key is in snapshot ${base?.serial ?? '?'}, which is not here${base?.serial === state.serial ? ' (another with that number is)' : ''}. It holds ${about}. If you find that snapshot, put both back.`,
        );
        this.#steps.push(`${paths.journal} is set aside.`);
      }
    }
    if (
      journalBackup !== null &&
      journalBackup.base === null &&
      !this.#best.journals.some(({ file }) => file === journalBackup)
    ) {
      this.#aside(paths.journalBackup, journalBackup.bytes, true);
      this.#steps.push(`${paths.journalBackup}, a damaged journal that is folded already, is set aside.`);
    }
  }

  #useJournal({ file, damage, records, missing, more, unfit }: Replayed): void {
    if (damage === null && unfit.length === 0) return;
    const isLive = file === this.#evidence.journal;
    this.#aside(file.path, file.bytes, true);
    const lossless = missing.length === 0 && !more && unfit.length === 0;
    this.#steps.push(
      `${file.path} ${damage ?? 'contradicts its snapshot'}: ${lossless ? `all ${records.length}` : String(records.length)} of its records are authentic and used${lossless ? '' : ', as far as they fit'}; the file is set aside.`,
    );
    if (missing.length > 0) {
      this.#losses.push(
        `Of ${file.path}: ${numbers(missing)}. What ${missing.length === 1 ? 'it' : 'they'} told is in no file here.`,
      );
    }
    if (more)
      this.#losses.push(`Of ${file.path}: whatever followed record ${records.at(-1)?.number ?? 0}, if anything did.`);
    for (const text of unfit) {
      this.#losses.push(
        `Of ${file.path}, ${text}: it does not fit without what is lost, and stays, sealed, in the file that is set aside.`,
      );
    }
    if (isLive && !lossless) {
      this.#advice.push(
        'A key that was made and is not in state any more shows in the next plan, as an orphan or unmanaged. Look at it before you apply.',
      );
    }
  }

  #backup(): void {
    const { backup, snapshot, journalBackup } = this.#evidence;
    const { paths } = this.#options;
    if (backup !== null && backup.snapshot === null) {
      this.#aside(paths.backup, backup.bytes, snapshot?.snapshot == null);
      this.#steps.push(`${paths.backup} is of no use (${uselessness(backup.error)}): it is set aside.`);
    }
    if (backup?.snapshot == null || journalBackup?.base == null || this.#asides.has(paths.journalBackup)) return;
    const { lineage, serial } = backup.snapshot.state;
    if (journalBackup.base.lineage !== lineage || journalBackup.base.serial !== serial) return;
    const reading = readJournalOn(journalBackup, lineage, serial, [backup.snapshot.journalKey]);
    if (reading !== null && reading.damage === null) return;
    this.#aside(paths.journalBackup, journalBackup.bytes, true);
    this.#steps.push(`${paths.journalBackup}, a damaged journal that is folded already, is set aside.`);
  }

  #conflicts(): void {
    const { conflicts, claims, backup } = this.#evidence;
    const ancestor = backup?.snapshot?.state ?? null;
    for (const file of [...conflicts, ...claims]) {
      if (file === this.#best.from) {
        this.#aside(file.path, file.bytes, true);
        continue;
      }
      const other = file.snapshot?.state;
      if (other === undefined) {
        this.#advice.push(`${file.error?.message ?? file.path}: nothing can be had from it. It is left where it is.`);
        continue;
      }
      if (other.lineage !== this.#state.lineage) continue;
      const mine = ancestor?.lineage === other.lineage ? ancestor : null;
      const { taken, left } = takeOver(this.#state, other, mine);
      if (taken.length > 0) {
        this.#steps.push(`Taken over from ${file.path}: ${taken.map(({ text }) => text).join('; ')}.`);
        for (const { address, key } of taken)
          if (key !== null) this.#news.push(adopted(this.#options, this.#state, address, key, file));
      }
      if (left.length > 0) {
        this.#advice.push(
          `${file.path} holds keys that the state has no place for: ${left.join('; ')}. They stay there. Decide which key is to live, delete the other one at the cloud, then remove the file.`,
        );
        continue;
      }
      // Left where it is, it would bring back, at a later repair, what was properly deleted since. A claim with nothing new the next
      // run clears away.
      const isConflict = conflicts.includes(file);
      if (taken.length === 0 && isConflict)
        this.#steps.push(`${file.path} holds nothing that the state does not know: it is set aside.`);
      if (taken.length > 0 || isConflict) this.#aside(file.path, file.bytes, true);
    }
  }

  /** Their serial would not fit a new snapshot any more, so what they hold goes in now. */
  #rescues(): void {
    const { rescues } = this.#evidence;
    const facts: string[] = [];
    const before = copyState(this.#state);
    before.serial = this.#best.snapshot.state.serial;
    for (const { path, rescue, error } of rescues) {
      if (rescue === null) {
        this.#advice.push(`${error?.message ?? path}. It is left where it is.`);
        continue;
      }
      if (rescue.lineage !== this.#state.lineage || rescue.stack !== this.#state.stack) continue;
      const merge = mergeRescue(before, rescue);
      if (merge.conflicts.length > 0) {
        this.#advice.push(
          `${path} holds facts that do not fit the state: ${merge.conflicts.join('; ')}. They stay there, sealed.`,
        );
      }
      if (merge.conflicts.length === 0) this.#spent.push(path);
      if (merge.entries.length === 0) continue;
      for (const entry of merge.entries) {
        const item = historyItem(entry, rescue.at, null, this.#state);
        if (item !== null) this.#news.push(item);
        applyEntry(this.#state, entry);
        applyEntry(before, entry);
      }
      facts.push(`${path} (${merge.entries.length})`);
    }
    // The next run does the same by itself, so it is no reason for a repair.
    if (facts.length > 0 && this.#steps.length > 0)
      this.#steps.push(`Facts of rescue files are recorded: ${facts.join(', ')}.`);
  }

  #history(): void {
    const { history } = this.#evidence;
    const { paths } = this.#options;
    const { snapshot, state } = this.#best;
    const anchor = snapshot.history;
    const report = readHistory(history, anchor, state.lineage);
    if (report.findings.length > 0) {
      this.#newHistory = true;
      if (history !== null) this.#aside(paths.history, history, false);
      this.#steps.push(
        history === null
          ? `The history ${paths.history} is missing: a new one begins.`
          : `The history ${paths.history} is not as it was written (${report.findings[0]?.message ?? ''}): it is set aside, and a new one begins.`,
      );
      return;
    }
    if (history === null || history.length <= anchor.bytes || this.#steps.length === 0) return;
    const { bytes } = chainHistory(anchor, state.lineage, this.#news);
    const beyond = history.subarray(anchor.bytes);
    if (bytes.subarray(0, beyond.length).equals(beyond)) return;
    this.#aside(paths.history, history, false);
    // Where only a backup is gone by, that is said already.
    const { role, journals, news } = this.#best;
    if (role !== 'backup' || journals.length === 0) return;
    const untold = besides(beyond, chainHistory(anchor, state.lineage, news).bytes, this.#state);
    if (untold.length === 0) return;
    this.#losses.push(
      `The history tells of what is not in ${journals.map(({ file }) => file.path).join(' and ')}: ${untold.join('; ')}. The snapshot may have held it; it is in no file here.`,
    );
  }

  #aside(path: string, bytes: Uint8Array | null, remove: boolean): void {
    if (bytes !== null) this.#asides.set(path, { path, bytes, remove });
  }

  /** Of everything that was ever seen of this state: the new snapshot must be newer. */
  #highestSerial(): number {
    const { snapshot, backup, claims, conflicts, journal, journalBackup } = this.#evidence;
    const lineage = this.#state.lineage;
    const files = [snapshot, backup, ...claims, ...conflicts];
    const serials = files.flatMap((file) => (file?.snapshot?.state.lineage === lineage ? [serialOf(file)] : []));
    for (const base of [journal?.base, journalBackup?.base]) {
      // A journal that is not folded yet builds on a snapshot that stood.
      if (base?.lineage === lineage) serials.push(base.serial + 1);
    }
    // Also of those that do not open: their names say which serial they are.
    for (const { path } of claims) serials.push(Number(/\.(\d+)$/.exec(path)?.[1] ?? 0));
    return Math.max(this.#state.serial, this.#sighting?.serial ?? 0, ...serials);
  }
}

function serialOf(file: SnapshotFile | null): number {
  return file?.snapshot?.state.serial ?? 0;
}

function keysText(state: MutableState): string {
  let keys = 0;
  for (const { current, deposed } of state.resources.values()) keys += deposed.length + (current === null ? 0 : 1);
  return `${keys} ${keys === 1 ? 'key' : 'keys'}${state.intents.size === 0 ? '' : ` and ${state.intents.size} open attempts`}`;
}

function numbers(missing: readonly number[]): string {
  const shown = missing.slice(0, 20).join(', ');
  return `record${missing.length === 1 ? '' : 's'} ${shown}${missing.length > 20 ? ` and ${missing.length - 20} more` : ''} ${missing.length === 1 ? 'is' : 'are'} lost`;
}

function blocksOf(bytes: Buffer): string {
  const blocks = Math.max(0, Math.ceil(bytes.findLastIndex((byte) => byte !== 0) / 512) - 1);
  return blocks === 0 ? 'nothing' : `at most ${blocks} record${blocks === 1 ? '' : 's'}`;
}

function adopted(
  options: CareOptions,
  state: MutableState,
  address: string,
  key: { readonly id: string; readonly number: number },
  file: SnapshotFile,
): HistoryItem {
  const { user, host } = options.process;
  return {
    at: new Date(options.clock.now()).toISOString(),
    run: null,
    by: `${user}@${host}`,
    operation: 'state repair',
    action: 'adopted',
    address,
    type: state.resources.get(address)?.type ?? null,
    key: key.id,
    generation: key.number,
    changed: [],
    reason: `from ${file.path.slice(file.path.lastIndexOf('/') + 1)}`,
  };
}

/** Why a file that should hold a snapshot holds none, in few words. */
function uselessness(error: KeyformError | null): string {
  switch (error?.code) {
    case 'wrong-identity':
      return 'the keys at hand do not open it';
    case 'wrong-kind':
      return 'it is another file';
    case 'empty-state':
      return 'it is empty';
    default:
      return 'it is damaged';
  }
}
