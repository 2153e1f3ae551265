import { isKeyformError, KeyformError } from '../core/error.ts';
import { isObject, type JsonObject } from '../core/json.ts';
import type { Files, Random } from '../core/port.ts';
import { guarded } from './fault.ts';
import type { Opening, Sealing } from './keys.ts';
import { open, seal } from './seal.ts';

/** What became of one file when a stack's files got other keys. */
export interface Swept {
  readonly path: string;
  /** `sealed`: anew, for the new keys. `removed`. `left`: as it is, so that somebody must look at it. */
  readonly done: 'sealed' | 'removed' | 'left';
  /** For people: what the file is, or why it was left. */
  readonly why: string;
}

export interface SweepOptions {
  /** The state folder, without a slash at its end. Folders in it are not looked into. */
  readonly folder: string;
  readonly stack: string;
  /** Sealed files of the stack that lie elsewhere, by their paths. */
  readonly elsewhere: readonly string[];
  readonly files: Files;
  readonly random: Random;
  /** Serial of the snapshot that stands, which is sealed anew already. */
  readonly serial: number;
  /** Old keys and new ones; each is tried. */
  readonly openings: readonly Opening[];
  readonly sealing: Sealing;
}

/**
 * Seals every file of the stack in the state folder anew, but for the snapshot, or removes it. Those of another stack are not
 * touched; nor is one that does not open, since nobody may lose what is in it. Only with the lock, in a run that has no journal.
 * A crash leaves some files done and some not; doing it again finishes. Throws `state-io`.
 *
 * - Whatever is sealed (backups by anybody, conflicts, rescued facts) gets the new keys. In a snapshot, the list of recipients
 *   and the journal's key change too: put back, it must not bring a recipient back, nor a key that others know.
 * - A journal is removed: its key stands in a snapshot that others may have a copy of.
 * - Half-written files of killed processes are removed.
 */
export async function sweep(options: SweepOptions): Promise<readonly Swept[]> {
  const swept: Swept[] = [];
  for (const { path, kind } of await filesOf(options)) {
    const done = await sweepFile(path, kind, options);
    if (done !== null) swept.push(done);
  }
  return swept;
}

/** The files of a state folder, told apart, with those `elsewhere`. Throws `state-io`. */
export async function filesOf(
  options: Pick<SweepOptions, 'folder' | 'stack' | 'elsewhere' | 'files'>,
): Promise<readonly { readonly path: string; readonly kind: Kind }[]> {
  const { folder, stack, elsewhere, files } = options;
  const entries = (await guarded('list', folder, () => files.list(folder))) ?? [];
  return [
    ...entries
      .filter(({ directory }) => !directory)
      .map(({ name }) => ({ path: `${folder}/${name}`, kind: kindOf(name, stack) })),
    ...elsewhere.map((path) => ({ path, kind: 'sealed' as const })),
  ];
}

async function sweepFile(path: string, kind: Kind, options: SweepOptions): Promise<Swept | null> {
  const { files } = options;
  const removed = async (why: string): Promise<Swept> => {
    await guarded('remove', path, () => files.remove(path));
    return { path, done: 'removed', why };
  };
  if (kind === 'temporary') return removed('half-written, left by a process that was killed');
  if (kind === 'journal') return removed('a journal that is folded into the state; its key may be known');
  if (kind === 'journal-copy') {
    return { path, done: 'left', why: 'a copy of a journal; its key may be known. Remove it when it is not needed' };
  }
  if (kind !== 'sealed' && kind !== 'unnamed') return null;

  const bytes = await guarded('read', path, () => files.read(path));
  if (bytes === null) return null;
  if (!isSealed(bytes)) return plainText(path, bytes, kind, options.stack);
  const claimed = serialOf(path);
  if (claimed !== null && claimed <= options.serial) return removed('a snapshot that never took its place');
  let text: Uint8Array;
  try {
    text = (await openAny(bytes, options.openings, path)).text;
  } catch (error) {
    if (!isKeyformError(error)) throw error;
    // Of a file that has another name, nobody can say that it is of this stack.
    return kind === 'unnamed' ? null : { path, done: 'left', why: whyShut(error) };
  }
  const content = parse(text);
  if (kind === 'unnamed' && (content === null || content.stack !== options.stack)) return null;
  const anew = content === null ? text : withNewKeys(content, options);
  const sealed = await seal(anew, options.sealing);
  await guarded('write', path, () => files.replace(path, sealed, 0o600));
  return { path, done: 'sealed', why: '' };
}

/** What was tried on every sealed file of a stack. */
export interface Proof {
  /** Sealed files looked at. */
  readonly files: number;
  /** Files that did not come up to it; none: proven. */
  readonly failed: readonly Swept[];
}

/**
 * Looks at every sealed file of the stack once more: its header must name as many keys of each kind as `sealing` has, it must open
 * with `hand`, and must not open with any of `former`. Files that the sweep has `left` are passed over. Throws `state-io`.
 */
export async function prove(
  options: Pick<SweepOptions, 'folder' | 'stack' | 'elsewhere' | 'files' | 'sealing'> & {
    readonly hand: Opening;
    readonly former: readonly Opening[];
    readonly swept: readonly Swept[];
  },
): Promise<Proof> {
  const { files, swept } = options;
  const done = new Map(swept.map((one) => [one.path, one.done]));
  const failed: Swept[] = [];
  let count = 0;
  for (const { path, kind } of await filesOf(options)) {
    if (done.get(path) === 'left') continue;
    if (kind === 'journal')
      failed.push({ path, done: 'left', why: 'a journal came back: another process works on it' });
    const ours = kind === 'snapshot' || kind === 'sealed' || (kind === 'unnamed' && done.get(path) === 'sealed');
    if (!ours) continue;
    const bytes = await guarded('read', path, () => files.read(path));
    if (bytes === null || (!isSealed(bytes) && kind !== 'snapshot')) continue;
    count += 1;
    const why = await flawOf(bytes, path, options);
    if (why !== null) failed.push({ path, done: 'left', why });
  }
  return { files: count, failed };
}

async function flawOf(
  bytes: Uint8Array,
  path: string,
  options: { readonly sealing: Sealing; readonly hand: Opening; readonly former: readonly Opening[] },
): Promise<string | null> {
  if (stanzasOf(bytes) !== stanzasFor(options.sealing)) return 'it is sealed for other keys than those asked for';
  try {
    await open(bytes, options.hand, path);
  } catch (error) {
    if (!isKeyformError(error)) throw error;
    return 'it does not open with the keys at hand';
  }
  for (const opening of options.former) {
    try {
      await open(bytes, opening, path);
      return 'it still opens with a key that is to open nothing any more';
    } catch (error) {
      if (!isKeyformError(error, 'wrong-identity')) throw error;
    }
  }
  return null;
}

/** Opens a sealed file with the first of `openings` that fits. Throws what {@link open} throws of the last. */
export async function openAny(
  bytes: Uint8Array,
  openings: readonly Opening[],
  what: string,
): Promise<{ readonly text: Uint8Array; readonly opening: Opening }> {
  let last: unknown = null;
  for (const opening of openings) {
    try {
      return { text: await open(bytes, opening, what), opening };
    } catch (error) {
      if (!isKeyformError(error, 'wrong-identity')) throw error;
      last ??= error;
    }
  }
  throw last ?? new KeyformError('internal', 'No key was given to open a file with');
}

/** What a file is by its name. */
export type Kind =
  | 'snapshot'
  /** Made by Keyform, and of no use once the state has other keys. */
  | 'journal'
  | 'journal-copy'
  | 'temporary'
  /** By its name of this stack, and perhaps sealed. */
  | 'sealed'
  /** Of this stack, and without secrets; or the lock, which others may be waiting for. */
  | 'plain'
  | 'other-stack'
  | 'unnamed';

/** Beginnings of what follows the name of a stack, so that a stack `a` is told from a stack `a.keyform`. */
const OWNED = /^\.?(.+)\.keyform\.(?:age|journal|lock|history|inventory|rescue)/;

function kindOf(name: string, stack: string): Kind {
  const stem = `${stack}.keyform.`;
  if (name.startsWith(`.${stem}`) && name.endsWith('.tmp')) {
    return name.startsWith(`.${stem}lock`) ? 'plain' : 'temporary';
  }
  const owner = OWNED.exec(name)?.[1];
  if (owner !== undefined && owner !== stack) return 'other-stack';
  if (!name.startsWith(stem)) return 'unnamed';
  const rest = name.slice(stem.length);
  if (rest === 'age') return 'snapshot';
  if (rest === 'journal' || rest === 'journal.backup' || rest === 'journal.next') return 'journal';
  if (rest.startsWith('journal')) return 'journal-copy';
  return /^(?:lock|history|inventory)\b/.test(rest) ? 'plain' : 'sealed';
}

/** The serial in the name of a snapshot that waits for its place; else null. */
function serialOf(path: string): number | null {
  const digits = /\.age\.([1-9][0-9]{0,14})$/.exec(path)?.[1];
  return digits === undefined ? null : Number(digits);
}

function isSealed(bytes: Uint8Array): boolean {
  return /^(?:age-encryption\.org\/|-----BEGIN AGE)/.test(Buffer.from(bytes.subarray(0, 32)).toString('latin1'));
}

/** A file that is not sealed: nothing to do, but for a state that somebody has written out in the clear. */
function plainText(path: string, bytes: Uint8Array, kind: Kind, stack: string): Swept | null {
  const head = Buffer.from(bytes.subarray(0, 4096)).toString('utf8');
  if (!head.includes('"keyform-state"')) return null;
  if (kind === 'unnamed' && parse(bytes)?.stack !== stack) return null;
  return { path, done: 'left', why: 'a state in the clear. Remove it' };
}

function whyShut(error: KeyformError): string {
  return error.code === 'wrong-identity'
    ? 'it opens with none of the keys at hand. Name its identity too, or remove it'
    : 'it is damaged, or armored. Remove it when it is not needed';
}

function parse(text: Uint8Array): JsonObject | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(text).toString('utf8'));
    return isObject(value) ? (value as JsonObject) : null;
  } catch {
    return null; // Not JSON, so not a snapshot: it is sealed as it is.
  }
}

function withNewKeys(content: JsonObject, options: SweepOptions): Uint8Array {
  const { sealing, random } = options;
  const changed: Record<string, JsonObject[string]> = { ...content };
  if ('recipients' in content) changed.recipients = 'recipients' in sealing ? [...sealing.recipients] : [];
  if ('journalKey' in content) changed.journalKey = Buffer.from(random.bytes(32)).toString('base64');
  return Buffer.from(`${JSON.stringify(changed)}\n`);
}

/** The types of the stanzas in a file's header, sorted. A header tells how many keys open the file, and not whose. */
function stanzasOf(bytes: Uint8Array): string {
  const file = Buffer.from(bytes);
  const header = file.toString('latin1', 0, Math.max(0, file.indexOf('\n---')));
  return [...header.matchAll(/^-> (\S+)/gm)]
    .map(([, type = '']) => type)
    .sort()
    .join(' ');
}

function stanzasFor(sealing: Sealing): string {
  if ('passphrase' in sealing) return 'scrypt';
  return sealing.recipients.map(stanzaOf).sort().join(' ');
}

/** https://github.com/C2SP/C2SP/blob/main/age.md: the type of a recipient's stanza. */
function stanzaOf(recipient: string): string {
  if (recipient.startsWith('age1pq1')) return 'mlkem768x25519';
  if (recipient.startsWith('age1tagpq1')) return 'mlkem768p256tag';
  return recipient.startsWith('age1tag1') ? 'p256tag' : 'X25519';
}
