import type { KeyformError } from '../core/error.ts';
import { readHistory } from './audit.ts';
import { type CareOptions, type Evidence, gatherSteadily, type SnapshotFile } from './evidence.ts';
import { guarded } from './fault.ts';
import type { Snapshot } from './format.ts';
import { contentOf } from './leftover.ts';
import { describeHolder, isDead, UNREADABLE } from './lock.ts';
import { takeOver } from './merge.ts';
import { choose, copyState, follow, type JournalReading, type Rebuilt, readJournalOn } from './rebuild.ts';
import { mergeRescue } from './rescue.ts';
import { noIdentity } from './seal.ts';
import { judge, lacksJournal, markOf, recall } from './seen.ts';

/**
 * `damage`: somebody must do something about it. `unread`: it is sealed for others, as far as can be told, so nothing is known of it,
 * and a run could not go on. `note`: worth knowing.
 */
export type Verdict = 'ok' | 'note' | 'unread' | 'damage';

/** What one file is, or what is wrong with it. */
export interface Finding {
  /** Its path; for a folder, or for the machine's memory, that. */
  readonly file: string;
  readonly verdict: Verdict;
  /** One line, without a full stop. */
  readonly what: string;
  /** More, or what to do, in sentences; may be empty. */
  readonly detail: string;
}

/** What looking at a state found. */
export interface Inspection {
  /** Whether there is anything of a state at all. */
  readonly exists: boolean;
  /** In the order in which the files matter; none of a file that is not there and need not be. */
  readonly findings: readonly Finding[];
  readonly damaged: boolean;
  /** Whether a file that counts is `unread`: then a state that is not damaged is not known to be whole either. */
  readonly unread: boolean;
}

/**
 * Looks at every file of a stack's state, without the lock and without changing anything. Damage is what it is there to find, and no
 * error. Throws `no-identity` (only where there is something to open), `state-io`.
 */
export async function inspectState(options: CareOptions): Promise<Inspection> {
  const evidence = await gatherSteadily(options);
  if (evidence.paths.length === 0) return { exists: false, findings: [], damaged: false, unread: false };
  if (options.keys === null) throw noIdentity(options.paths.snapshot);
  const choice = await choose(evidence, options.keys);
  const findings = await new Inspector(options, evidence, choice?.best ?? null).all();
  const has = (wanted: Verdict) => findings.some(({ verdict }) => verdict === wanted);
  return { exists: true, findings, damaged: has('damage'), unread: has('unread') };
}

class Inspector {
  readonly #options: CareOptions;
  readonly #evidence: Evidence;
  /** What the files come to; null when that is nothing. */
  readonly #best: Rebuilt | null;
  readonly #findings: Finding[] = [];
  /** Whether a run is at work, as far as can be told: what it has not finished is no leaving of a killed one. */
  readonly #live: boolean;

  constructor(options: CareOptions, evidence: Evidence, best: Rebuilt | null) {
    this.#options = options;
    this.#evidence = evidence;
    this.#best = best;
    const { holder } = evidence;
    this.#live = holder !== null && holder !== UNREADABLE && !isDead(holder, options.process);
  }

  async all(): Promise<readonly Finding[]> {
    this.#lock();
    this.#snapshot();
    this.#journal();
    this.#backup();
    this.#journalBackup();
    this.#leftovers();
    this.#conflicts();
    this.#rescues();
    this.#history();
    for (const note of this.#evidence.notes) this.#add(this.#options.folder, 'note', note.replace(/[.]$/, ''));
    await this.#memory();
    await this.#modes();
    return this.#findings;
  }

  #add(file: string, verdict: Verdict, what: string, detail = ''): void {
    this.#findings.push({ file, verdict, what, detail });
  }

  #lock(): void {
    const { holder } = this.#evidence;
    const { lock } = this.#options.paths;
    if (holder === null) return;
    if (holder === UNREADABLE) {
      this.#add(lock, 'note', 'The lock is unreadable', 'A crash left it, most likely; the next run takes it over.');
    } else if (this.#live) {
      this.#add(
        lock,
        'note',
        `The lock is held by ${describeHolder(holder)}`,
        'While a run is at work, what is found here may be half of a change.',
      );
    } else {
      this.#add(
        lock,
        'note',
        `The lock was left by a process that is gone: ${describeHolder(holder)}`,
        'Nobody holds it; the next run takes it over.',
      );
    }
  }

  #snapshot(): void {
    const { snapshot, journalBackup } = this.#evidence;
    const { paths } = this.#options;
    if (snapshot === null) {
      this.#add(paths.snapshot, 'damage', 'Missing, while other files of the state are here');
      return;
    }
    if (snapshot.snapshot === null) {
      const verdict = unopened(snapshot.error);
      const more =
        verdict === 'unread' && this.#best !== null
          ? ` ${this.#best.from.path} opens, so perhaps the recipients were changed since. If nobody did that, "keyform state repair -dry-run" says what could be rebuilt.`
          : '';
      this.#add(paths.snapshot, verdict, shortly(snapshot), `${snapshot.error?.detail ?? ''}${more}`);
      return;
    }
    this.#add(paths.snapshot, 'ok', about(snapshot), recipientsText(snapshot));
    const { lineage, serial } = snapshot.snapshot.state;
    const later = journalBackup?.base;
    if (later != null && later.lineage === lineage && later.serial >= serial) {
      this.#add(
        paths.snapshot,
        'damage',
        `An older one was put back: the journal of snapshot ${later.serial} was folded into snapshot ${later.serial + 1} already`,
      );
    } else if (this.#best !== null && this.#best.role !== 'snapshot') {
      this.#add(
        paths.snapshot,
        'damage',
        `Older than what lies beside it: ${this.#best.from.path} leads to snapshot ${this.#best.state.serial}`,
      );
    }
  }

  #journal(): void {
    const { journal, snapshot } = this.#evidence;
    if (journal === null) return;
    const { path, base } = journal;
    const own = snapshot?.snapshot ?? null;
    if (own === null) {
      const reading = this.#best?.journals.find(({ file }) => file === journal);
      if (reading === undefined && base !== null && unopened(snapshot?.error ?? null) === 'unread') {
        this.#add(path, 'unread', `Builds on snapshot ${base.serial}, which holds its key`);
      } else if (reading === undefined) {
        const which =
          base === null ? 'its header is damaged' : `it builds on snapshot ${base.serial} of lineage ${base.lineage}`;
        this.#add(path, 'damage', `Cannot be read without its snapshot: ${which}`);
      } else if (reading.damage !== null) this.#add(path, 'damage', sentence(reading.damage), salvageText(reading));
      else this.#add(path, 'ok', `${recordsText(reading)}, and can be read without the snapshot`);
      return;
    }
    const { lineage, serial } = own.state;
    if (base !== null && base.lineage !== lineage) {
      this.#add(path, 'damage', `Belongs to another state: lineage ${base.lineage}, the snapshot has ${lineage}`);
    } else if (base !== null && base.serial > serial) {
      this.#add(
        path,
        'damage',
        `Builds on snapshot ${base.serial}, and the snapshot here is ${serial}: an older one was put back`,
      );
    } else if (base !== null && base.serial < serial) {
      this.#add(path, 'note', `Folded into snapshot ${base.serial + 1} already; the next run takes it away`);
    } else {
      const reading = readJournalOn(journal, lineage, serial, [own.journalKey]);
      if (reading === null) {
        const why = base === null ? 'Its header is damaged' : 'No record of it opens with the key in the snapshot';
        this.#add(
          path,
          'damage',
          `${why}: it is of another snapshot${base === null ? '' : ` with number ${serial}`}, or all of it is damaged`,
        );
      } else if (reading.damage !== null) this.#add(path, 'damage', sentence(reading.damage), salvageText(reading));
      else {
        const applied = follow(
          'snapshot',
          snapshot as SnapshotFile,
          own,
          { ...this.#evidence, journalBackup: null },
          [],
        );
        const unfit = applied.journals.flatMap((one) => one.unfit);
        if (unfit.length > 0) this.#add(path, 'damage', 'Contradicts its snapshot', unfit.join('; '));
        else if (this.#live) this.#add(path, 'note', `${recordsText(reading)} of the run that holds the lock`);
        else if (reading.records.length > 0 || reading.torn) {
          const torn = reading.torn ? '; a last one was cut off by a crash before it counted' : '';
          this.#add(
            path,
            'note',
            `${recordsText(reading)} of a run that did not end${torn}`,
            'The next run replays it.',
          );
        } else this.#add(path, 'ok', 'Holds no record yet');
      }
    }
  }

  #backup(): void {
    const { backup, snapshot } = this.#evidence;
    if (backup === null) return;
    if (backup.snapshot === null) {
      const detail = 'It is not needed as long as the snapshot is whole.';
      // Sealed before the keys were changed, say: nothing that a run would stumble over.
      if (unopened(backup.error) === 'unread') this.#add(backup.path, 'note', shortly(backup), detail);
      else this.#add(backup.path, 'damage', shortly(backup), detail);
      return;
    }
    const { lineage } = backup.snapshot.state;
    const own = snapshot?.snapshot?.state.lineage;
    const isOther = own !== undefined && own !== lineage;
    this.#add(backup.path, isOther ? 'note' : 'ok', isOther ? `Of another state: lineage ${lineage}` : about(backup));
  }

  #journalBackup(): void {
    const { journalBackup, backup, snapshot } = this.#evidence;
    if (journalBackup === null) return;
    const { path, base } = journalBackup;
    const before = backup?.snapshot ?? null;
    if (base === null) {
      this.#add(path, 'damage', 'Its header is damaged', 'It is not needed as long as the snapshot is whole.');
      return;
    }
    if (backup !== null && before === null && unopened(backup.error) === 'unread') {
      this.#add(path, 'note', `Builds on snapshot ${base.serial}, whose key is in what cannot be opened`);
      return;
    }
    if (before === null || base.lineage !== before.state.lineage || base.serial !== before.state.serial) {
      this.#add(path, 'note', `Builds on snapshot ${base.serial}, which the backup is not: of no use`);
      return;
    }
    const reading = readJournalOn(journalBackup, before.state.lineage, before.state.serial, [before.journalKey]);
    if (reading === null || reading.damage !== null) {
      const why =
        reading === null ? 'No record of it opens with the key in the backup' : sentence(reading.damage ?? '');
      this.#add(path, 'damage', why, 'It is not needed as long as the snapshot is whole.');
      return;
    }
    const own = snapshot?.snapshot?.state;
    const rebuilt = follow('backup', backup as SnapshotFile, before, this.#evidence, []).state;
    if (own === undefined || own.serial !== before.state.serial + 1) {
      this.#add(path, 'ok', `With the backup it gives snapshot ${before.state.serial + 1}`);
    } else if (contentOf(rebuilt) === contentOf(own)) {
      this.#add(path, 'ok', `With the backup it gives snapshot ${own.serial} again, should that be damaged`);
    } else {
      this.#add(path, 'note', `With the backup it does not give all of snapshot ${own.serial}`);
    }
  }

  #leftovers(): void {
    const { temporary, strange, aside, claims, journalNext } = this.#evidence;
    const live = this.#live;
    const killed = 'Half-written by a process that was killed; the next run removes it';
    for (const path of temporary) {
      this.#add(path, 'note', live ? 'Half-written, by the run that holds the lock or one that was killed' : killed);
    }
    if (journalNext !== null) {
      const never = 'A journal that never began; the next run removes it';
      this.#add(journalNext.path, 'note', live ? 'The next journal of the run that holds the lock' : never);
    }
    for (const claim of claims) {
      if (live) this.#add(claim.path, 'note', 'A snapshot that the run that holds the lock is about to put in place');
      else this.#overtaken(claim, 'A snapshot that never took its place');
    }
    for (const path of aside) this.#add(path, 'note', 'Set aside; remove it when nobody needs it');
    for (const path of strange) this.#add(path, 'note', 'Not a file that Keyform makes');
  }

  #conflicts(): void {
    for (const conflict of this.#evidence.conflicts)
      this.#overtaken(conflict, 'A snapshot that was overtaken by another');
  }

  #overtaken(file: SnapshotFile, name: string): void {
    const other = file.snapshot?.state;
    const mine = this.#best?.state;
    if (other === undefined) {
      // What was about to be folded is in the journal still.
      const isUnfinished = this.#evidence.claims.includes(file);
      this.#add(file.path, isUnfinished ? 'note' : unopened(file.error), `${name}: ${lower(shortly(file))}`);
    } else if (mine === undefined || other.lineage !== mine.lineage) {
      this.#add(file.path, 'note', `${name}, of another state: lineage ${other.lineage}`);
    } else {
      const before = this.#evidence.backup?.snapshot?.state ?? null;
      const ancestor = before?.lineage === other.lineage ? before : null;
      const { taken, left } = takeOver(copyState(mine), other, ancestor);
      const news = [...taken.map(({ text }) => text), ...left];
      if (file === this.#best?.from || news.length === 0) {
        this.#add(file.path, 'note', `${name}; it holds nothing that the state does not`);
      } else this.#add(file.path, 'damage', `${name}, and holds what the state does not`, `${news.join('; ')}.`);
    }
  }

  #rescues(): void {
    const state = this.#best?.state;
    for (const { path, rescue, error } of this.#evidence.rescues) {
      if (rescue === null) {
        this.#add(path, unopened(error), sentence(without(error?.message ?? '', path)), error?.detail ?? '');
        continue;
      }
      if (state === undefined || rescue.lineage !== state.lineage || rescue.stack !== state.stack) {
        this.#add(path, 'note', `Facts of another state: lineage ${rescue.lineage}`);
        continue;
      }
      const { entries, conflicts, outlived } = mergeRescue(state, rescue);
      if (outlived) {
        this.#add(
          path,
          'note',
          'Facts of an earlier run; the state has gone on since without them',
          `${conflicts.join('; ')}. Remove the file once that is not a key in use at the cloud.`,
        );
      } else if (conflicts.length > 0) {
        this.#add(
          path,
          'damage',
          'Facts that do not fit the state',
          `${conflicts.join('; ')}. They stay there, sealed.`,
        );
      } else if (entries.length > 0) {
        this.#add(path, 'note', 'Facts that could not be recorded in the state folder; the next run records them');
      } else this.#add(path, 'note', 'Facts that the state holds already');
    }
  }

  #history(): void {
    const { history, snapshot } = this.#evidence;
    const { paths } = this.#options;
    const own = snapshot?.snapshot;
    if (own == null) return;
    const { findings, lines } = readHistory(history, own.history, own.state.lineage);
    if (findings.length > 0) {
      const more = findings.length > 1 ? `, and ${findings.length - 1} more` : '';
      this.#add(
        paths.history,
        'damage',
        history === null ? 'Missing' : `Not as it was written: ${findings[0]?.message ?? ''}${more}`,
        'No key depends on it. The next run that changes something begins a new one, and keeps this one aside.',
      );
    } else if (history !== null)
      this.#add(paths.history, 'ok', `${lines.length} line${lines.length === 1 ? '' : 's'}, as they were written`);
  }

  async #memory(): Promise<void> {
    const { snapshot } = this.#evidence;
    const own = snapshot?.snapshot;
    const { files, machineFolder, stack, paths, folder } = this.#options;
    if (own == null || machineFolder === null) return;
    const { state, journalKey } = own;
    const { sighting, notes } = await recall(files, machineFolder, state.lineage, stack);
    for (const note of notes) this.#add(machineFolder, 'note', note.replace(/[.]$/, ''));
    const { serial } = state;
    const { snapshot: path, journal } = paths;
    const present = { path, stack, serial, mark: markOf(journalKey), folder, journal, isJournaled: false };
    const isJournaled = lacksJournal(sighting, present) && (await this.#isRecording(own));
    const refusal = judge(machineFolder, sighting, { ...present, isJournaled });
    if (refusal !== null) this.#add(paths.snapshot, 'damage', refusal.message, refusal.detail);
    else if (sighting === null)
      this.#add(
        machineFolder,
        'note',
        'This machine has not seen this state before: an older one that was put back would not show',
      );
  }

  /** Whether there are records in the journal, or a run has just begun; of a damaged one it is told elsewhere. */
  async #isRecording({ state, journalKey }: Snapshot): Promise<boolean> {
    const { journal } = this.#evidence;
    const { paths, files } = this.#options;
    if (journal === null) return (await guarded('read', paths.journal, () => files.read(paths.journal, 1))) !== null;
    const reading = readJournalOn(journal, state.lineage, state.serial, [journalKey]);
    return this.#live || reading === null || reading.damage !== null || reading.records.length > 0;
  }

  async #modes(): Promise<void> {
    const { modeOf, folder } = this.#options;
    if (modeOf === undefined) return;
    const open: string[] = [];
    for (const path of this.#evidence.paths) {
      const mode = path.endsWith('.inventory.json') ? null : await modeOf(path);
      if (mode !== null && (mode & 0o077) !== 0) open.push(path.slice(folder.length + 1));
    }
    if (open.length === 0) return;
    const { snapshot, backup, journal, journalBackup, lock } = this.#options.paths;
    // Each of them is made anew by a run that writes; the history is only written on.
    const byItself = open.filter((name) =>
      [snapshot, backup, journal, journalBackup, lock].includes(`${folder}/${name}`),
    );
    const folderMode = await modeOf(folder);
    const isOpen = folderMode === null || (folderMode & 0o077) !== 0;
    this.#add(
      folder,
      'note',
      `Other users of this machine may read ${open.length} of its files${isOpen ? '' : ', were it not for the mode of the folder'}`,
      `They are sealed, but for history and lock. ${byItself.length === 0 ? '' : `Git, say, keeps no modes: the next run that changes something puts ${open.length === byItself.length ? 'them' : byItself.join(', ')} right. `}To close them now:\n  chmod 600 ${open.map((name) => `${folder}/${name}`).join(' ')}`,
    );
  }
}

/** The verdict on a file that counts and does not open. */
function unopened(error: KeyformError | null): Verdict {
  return error?.code === 'wrong-identity' ? 'unread' : 'damage';
}

/** `Snapshot 4, written …: 3 keys, 1 without its secret` */
function about({ snapshot }: SnapshotFile): string {
  if (snapshot === null) return '';
  const { serial, writtenAt, resources, intents } = snapshot.state;
  const keys = [...resources.values()].flatMap(({ current, deposed }) =>
    current === null ? deposed : [current, ...deposed],
  );
  const bare = keys.filter(({ secret }) => secret === null).length;
  const parts = [
    `${keys.length} ${keys.length === 1 ? 'key' : 'keys'}`,
    ...(bare === 0 ? [] : [`${bare} without ${bare === 1 ? 'its secret' : 'their secrets'}`]),
    ...(intents.size === 0 ? [] : [`${intents.size} open ${intents.size === 1 ? 'attempt' : 'attempts'}`]),
  ];
  return `Snapshot ${serial}${writtenAt === null ? '' : `, written ${writtenAt}`}: ${parts.join(', ')}`;
}

function recipientsText({ snapshot, openedBy }: SnapshotFile): string {
  const count = snapshot?.recipients.length ?? 0;
  const sealing = count === 0 ? 'Sealed under a passphrase' : `Sealed for ${count} recipient${count === 1 ? '' : 's'}`;
  const opened = count === 0 ? '' : `, opened with ${openedBy ?? ''}`;
  return `Lineage ${snapshot?.state.lineage ?? ''}. ${sealing}${opened}.`;
}

function shortly({ error, path }: SnapshotFile): string {
  return error === null ? '' : sentence(without(error.message, path));
}

function without(message: string, path: string): string {
  return message.startsWith(`${path} `) ? message.slice(path.length + 1) : message;
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

function lower(text: string): string {
  return `${text.slice(0, 1).toLowerCase()}${text.slice(1)}`;
}

function recordsText({ records }: JournalReading): string {
  return `${records.length} record${records.length === 1 ? '' : 's'}`;
}

function salvageText({ records, missing, more }: JournalReading): string {
  const authentic = records.map(({ number }) => number);
  const which = authentic.length === 0 ? 'None' : authentic.length > 20 ? `${authentic.length}` : authentic.join(', ');
  const lost = missing.length === 0 ? '' : ` Lost: ${missing.slice(0, 20).join(', ')}.`;
  return `Authentic records: ${which}.${lost}${more ? ' What followed the last of them cannot be told.' : ''}`;
}
