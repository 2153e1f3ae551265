import { isKeyformError, KeyformError } from '../core/error.ts';
import type { Secret } from '../core/secret.ts';
import { faultCode, guarded, stateIo } from './fault.ts';
import { decodeSnapshot, type Snapshot } from './format.ts';
import { type JournalBase, readHeader } from './journal.ts';
import { briefly, identityToRecipient } from './keys.ts';
import type { LockHolder, ProcessPort, UNREADABLE } from './lock.ts';
import { lockHolder } from './lock.ts';
import { findRescues, openRescue, type Rescue } from './rescue.ts';
import { noIdentity, open } from './seal.ts';
import { claimPath, type SnapshotOptions, same } from './snapshot.ts';

/** What looking after a state needs. */
export interface CareOptions extends SnapshotOptions {
  /** The state folder, without a slash at its end. */
  readonly folder: string;
  readonly process: ProcessPort;
  /** As in StoreOptions. */
  readonly machineFolder: string | null;
  readonly refuges: readonly string[];
  /** Permission bits of a file or folder (`0o600`); null where it is gone, or the system has no such bits. Left out: not looked at. */
  readonly modeOf?: (path: string) => Promise<number | null>;
}

/** A file that should hold a snapshot of the stack. */
export interface SnapshotFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Null when it is damaged, sealed for others, or something else. */
  readonly snapshot: Snapshot | null;
  /** Why; null when it opened. */
  readonly error: KeyformError | null;
  /** Whose key opened it, for people: a recipient, or "the passphrase". */
  readonly openedBy: string | null;
}

/** A file that should hold a journal. Its records are looked at only beside a snapshot. */
export interface JournalFile {
  readonly path: string;
  readonly bytes: Buffer;
  /** What its header says; null for a damaged one. */
  readonly base: JournalBase | null;
  readonly error: KeyformError | null;
}

export interface RescueFile {
  readonly path: string;
  readonly rescue: Rescue | null;
  readonly error: KeyformError | null;
}

/** Everything that lies in the state folder of a stack, and in the refuges; read, and as far as that goes opened. */
export interface Evidence {
  readonly snapshot: SnapshotFile | null;
  readonly backup: SnapshotFile | null;
  /** `.age.<serial>`, lowest first. */
  readonly claims: readonly SnapshotFile[];
  readonly conflicts: readonly SnapshotFile[];
  readonly journal: JournalFile | null;
  readonly journalBackup: JournalFile | null;
  readonly journalNext: JournalFile | null;
  readonly history: Buffer | null;
  /** In the state folder, and those of a refuge that are of this stack by their names. */
  readonly rescues: readonly RescueFile[];
  /** Files that were set aside by a repair. */
  readonly aside: readonly string[];
  /** Half-written files of killed processes. */
  readonly temporary: readonly string[];
  /** Files that bear the stack's name and are none that Keyform makes. */
  readonly strange: readonly string[];
  readonly holder: LockHolder | typeof UNREADABLE | null;
  /** All paths of the stack in the state folder, sorted. */
  readonly paths: readonly string[];
  /** What could not be looked at. */
  readonly notes: readonly string[];
}

/**
 * Reads everything there is of a stack's state, changing nothing; without the lock files may change meanwhile, see
 * {@link gatherSteadily}. Damage is part of the answer. Throws `no-identity` (only where there is something to open), `state-io`.
 */
export async function gather(options: CareOptions): Promise<Evidence> {
  const { paths, files, folder } = options;
  const names = await namesOf(options);
  const at = (name: string) => `${folder}/${name}`;
  const snapshotFile = async (path: string) => readSnapshot(options, path);
  const conflictStem = `${options.stack}.keyform.age.conflict-`;
  const claims: SnapshotFile[] = [];
  const conflicts: SnapshotFile[] = [];
  const aside: string[] = [];
  const temporary: string[] = [];
  const strange: string[] = [];
  for (const name of names) {
    const path = at(name);
    const serial = Number(/\.age\.([1-9][0-9]{0,14})$/.exec(name)?.[1] ?? '0');
    if (name.endsWith('.tmp') && name.startsWith('.')) temporary.push(path);
    else if (/\.damaged-[0-9a-f]+$/.test(name)) aside.push(path);
    else if (serial > 0 && path === claimPath(paths, serial)) claims.push(...present(await snapshotFile(path)));
    else if (name.startsWith(conflictStem)) conflicts.push(...present(await snapshotFile(path)));
    else if (!isKnown(name, options)) strange.push(path);
  }
  const snapshot = await snapshotFile(paths.snapshot);
  const lineage = snapshot?.snapshot?.state.lineage ?? null;
  const { rescues, notes } = await readRescues(options, lineage);
  return {
    snapshot,
    backup: await snapshotFile(paths.backup),
    claims: claims.sort((a, b) => a.path.length - b.path.length || (a.path < b.path ? -1 : 1)),
    conflicts,
    journal: await readJournal(options, paths.journal),
    journalBackup: await readJournal(options, paths.journalBackup),
    journalNext: await readJournal(options, paths.journalNext),
    history: toBuffer(await guarded('read', paths.history, () => files.read(paths.history))),
    rescues,
    aside,
    temporary,
    strange,
    holder: await lockHolder({ ...options, path: paths.lock }),
    paths: names.map(at),
    notes,
  };
}

/** {@link gather} without the lock: what was read counts only when it is unchanged a little later. Throws as that does. */
export async function gatherSteadily(options: CareOptions): Promise<Evidence> {
  for (let attempt = 0; ; attempt++) {
    const evidence = await gather(options);
    if (attempt >= 5) return evidence;
    await options.clock.sleep(50);
    if (await isUnchanged(options, evidence)) return evidence;
  }
}

async function isUnchanged(options: CareOptions, evidence: Evidence): Promise<boolean> {
  const read = (path: string) => guarded('read', path, () => options.files.read(path));
  const { paths } = options;
  const known: readonly [string, Uint8Array | null][] = [
    [paths.snapshot, evidence.snapshot?.bytes ?? null],
    [paths.backup, evidence.backup?.bytes ?? null],
    [paths.journal, evidence.journal?.bytes ?? null],
    [paths.journalBackup, evidence.journalBackup?.bytes ?? null],
    [paths.history, evidence.history],
  ];
  for (const [path, bytes] of known) if (!same(await read(path), bytes)) return false;
  return true;
}

/** Names of the stack's files in the state folder. */
async function namesOf(options: CareOptions): Promise<readonly string[]> {
  const { files, folder, stack } = options;
  const stem = `${stack}.keyform.`;
  const entries = (await guarded('list', folder, () => files.list(folder))) ?? [];
  return entries.flatMap(({ name, directory }) => {
    const rest = name.startsWith('.') ? name.slice(1) : name;
    // A stack may be called `prod.keyform`, and is another one.
    const isOurs = rest.startsWith(stem) && !/(?:^|\.)keyform\./.test(rest.slice(stem.length));
    return isOurs && !directory ? [name] : [];
  });
}

function isKnown(name: string, { stack }: CareOptions): boolean {
  const rest = name.slice(`${stack}.keyform.`.length);
  return /^(?:age|age\.backup|journal|journal\.backup|journal\.next|lock|lock\.[^/]+|history|inventory\.json|rescue-[0-9a-f]+\.age|(?:age|journal|history)\.backup-(?:\d+|unread)-\d{8}T\d{6}Z(?:-\d+)?)$/.test(
    rest,
  );
}

async function readSnapshot(options: CareOptions, path: string): Promise<SnapshotFile | null> {
  const bytes = await guarded('read', path, () => options.files.read(path));
  if (bytes === null) return null;
  if (options.keys === null) throw noIdentity(path);
  try {
    const { text, openedBy } = await openAndTell(options, bytes, path);
    const snapshot = decodeSnapshot(text, path);
    if (snapshot.state.stack !== options.stack) {
      const whose = `${path} holds the state of stack "${snapshot.state.stack}"`;
      throw new KeyformError('wrong-kind', whose, { detail: 'The file was copied or renamed.' });
    }
    return { path, bytes, snapshot, error: null, openedBy };
  } catch (error) {
    if (!isKeyformError(error)) throw error;
    return { path, bytes, snapshot: null, error, openedBy: null };
  }
}

/** Opens with one key after the other, to tell which one it was. Throws what {@link open} does of all of them together. */
async function openAndTell(
  options: CareOptions,
  bytes: Uint8Array,
  path: string,
): Promise<{ readonly text: Uint8Array; readonly openedBy: string }> {
  const { keys } = options;
  if (keys === null || keys.passphrase !== null) {
    return { text: await open(bytes, keys, path), openedBy: 'the passphrase' };
  }
  for (const identity of keys.identities.length > 1 ? keys.identities : []) {
    try {
      const text = await open(bytes, { identities: [identity], passphrase: null }, path);
      return { text, openedBy: await recipientOf(identity) };
    } catch (error) {
      if (!isKeyformError(error, 'wrong-identity')) throw error;
    }
  }
  const [first] = keys.identities;
  return { text: await open(bytes, keys, path), openedBy: first === undefined ? '' : await recipientOf(first) };
}

async function recipientOf(identity: Secret): Promise<string> {
  return briefly(await identityToRecipient(identity));
}

async function readJournal(options: CareOptions, path: string): Promise<JournalFile | null> {
  const bytes = toBuffer(await guarded('read', path, () => options.files.read(path)));
  if (bytes === null) return null;
  try {
    return { path, bytes, base: readHeader(bytes, path), error: null };
  } catch (error) {
    if (!isKeyformError(error)) throw error;
    return { path, bytes, base: null, error };
  }
}

async function readRescues(
  options: CareOptions,
  lineage: string | null,
): Promise<{ readonly rescues: readonly RescueFile[]; readonly notes: readonly string[] }> {
  const { files, stack, folder, refuges, keys } = options;
  const own = await findRescues(files, { stack, lineage: null, folders: [folder] });
  // Elsewhere there may be those of other projects, whose stack has the same name.
  const others = await findRescues(files, { stack, lineage, folders: refuges.filter((refuge) => refuge !== folder) });
  const rescues: RescueFile[] = [];
  for (const path of new Set([...own.paths, ...others.paths])) {
    try {
      const bytes = await files.read(path);
      if (bytes !== null) rescues.push({ path, rescue: await openRescue(bytes, keys, path), error: null });
    } catch (thrown) {
      if (!isKeyformError(thrown) && faultCode(thrown) === null) throw thrown;
      const error = isKeyformError(thrown) ? thrown : stateIo('read', path, thrown);
      // In a refuge that others use too, what does not open is not for us to judge.
      if (own.paths.includes(path) || lineage !== null) rescues.push({ path, rescue: null, error });
    }
  }
  return { rescues, notes: [...own.notes, ...others.notes] };
}

function present<T>(value: T | null): T[] {
  return value === null ? [] : [value];
}

function toBuffer(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes);
}
