import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type ErrorCode, isKeyformError, KeyformError } from '../core/error.ts';
import { isObject } from '../core/json.ts';
import type { Clock, Files, Random } from '../core/port.ts';
import type { Secret } from '../core/secret.ts';
import {
  applyEntry,
  type Generation,
  type Intent,
  type JournalEntry,
  type MutableState,
  type State,
} from '../core/state.ts';
import { faultCode } from './fault.ts';
import { decodeEntry, encodeEntry, refuseNewer } from './format.ts';
import { type Opening, type Sealing, type StateKeys, sealingFor } from './keys.ts';
import { isRenewed, keysOf } from './merge.ts';
import { noIdentity, open, seal } from './seal.ts';

/** The version of the content; it counts on with every change of the form of a journal entry, too. */
const RESCUE_VERSION = 2;

const MARK = 'keyform-rescue';

/** What a rescue file holds: attempts and their results. Other facts show again at the next refresh. */
export type RescuedEntry = Extract<JournalEntry, { readonly kind: (typeof RESCUED)[number] }>;

const RESCUED = ['intent', 'created', 'arrived', 'updated', 'regenerated', 'deleted', 'failed', 'settled'] as const;

/** Whether `entry` is of a kind that a rescue file holds. */
export function isRescued(entry: JournalEntry): entry is RescuedEntry {
  return RESCUED.some((kind) => kind === entry.kind);
}

/**
 * `entries` without what was made, with its attempt, as the key that is forgotten: it was deleted at the API, and must not come back
 * from a rescue file.
 */
export function withoutKey(
  entries: readonly RescuedEntry[],
  forgotten: { readonly address: string; readonly generation: number },
): RescuedEntry[] {
  const attempts = new Set(
    entries.flatMap((entry) =>
      entry.kind === 'intent' && entry.intent.address === forgotten.address ? [entry.intent.id] : [],
    ),
  );
  const made = entries.flatMap((entry) =>
    (entry.kind === 'created' || entry.kind === 'regenerated') && attempts.has(entry.intent) ? [entry] : [],
  );
  // Of a key that was regenerated the generations before are gone as well.
  const ids = new Set(made.flatMap(({ generation: { number, id } }) => (number === forgotten.generation ? [id] : [])));
  const gone = new Set(made.flatMap(({ intent, generation }) => (ids.has(generation.id) ? [intent] : [])));
  return entries.filter((entry) => !gone.has(attemptOf(entry)));
}

/** Facts that the state folder did not take. */
export interface Rescue {
  /** Of the state that they belong to. */
  readonly lineage: string;
  readonly stack: string;
  /** The snapshot that stood when they were recorded, and how many records its journal had. */
  readonly serial: number;
  readonly records: number;
  /** When the file was written; RFC 3339 UTC. */
  readonly at: string;
  /** In the order in which they happened. An `intent` is there in case that the state does not know it. */
  readonly entries: readonly RescuedEntry[];
}

export interface RescueOptions {
  /** In its folder the file is tried first. */
  readonly paths: { readonly snapshot: string };
  readonly stack: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly keys: StateKeys | null;
  /** How to seal, if not as `keys` and `recipients` say. */
  readonly sealing?: Sealing;
  /** Whom the present snapshot is sealed for. */
  readonly recipients: readonly string[];
  /** Folders, best first, for when the state folder does not take it; made where they are missing. */
  readonly refuges: readonly string[];
  readonly base: Pick<Rescue, 'lineage' | 'serial' | 'records'>;
  /** At least one. All facts that are in no file of the state folder, not only those since the last call. */
  readonly entries: readonly RescuedEntry[];
  /** The file that an earlier call of this run wrote: it is replaced where that can be. Null, or left out: none. */
  readonly previous?: string | null;
}

/**
 * Writes facts, sealed as the state would be, to the first place that takes them, as `<stack>.keyform.rescue-<hex>.age`; returns its
 * path, null when no place did. Never throws.
 *
 * The state folder comes first only while the snapshot is in it: a folder without one may be the empty place of a disk that is not
 * mounted, and what is written there is hidden when the disk is back.
 */
export async function writeRescue(options: RescueOptions): Promise<string | null> {
  const { paths, files, refuges, previous = null } = options;
  // The error that is told is why the facts had to be rescued at all.
  const bytes = await sealed(options).catch(() => null);
  if (bytes === null) return null;
  const own = folderOf(paths.snapshot);
  const isThere = await files.list(own).then(
    (entries) => entries?.some(({ name }) => `${own}/${name}` === paths.snapshot) ?? false,
    () => false,
  );
  const name = `${stemOf(options.stack)}${lineageMark(options.base.lineage)}${hex(options.random.bytes(6))}.age`;
  const folders = isThere ? [own, ...refuges] : [...refuges, own];
  for (const path of [...(previous === null ? [] : [previous]), ...folders.map((folder) => `${folder}/${name}`)]) {
    try {
      await files.replace(path, bytes, 0o600);
      return path;
    } catch {
      // The next place may take it.
    }
  }
  return null;
}

async function sealed(options: RescueOptions): Promise<Uint8Array> {
  const { keys, paths, base, stack, clock, entries, recipients } = options;
  if (keys === null) throw noIdentity(paths.snapshot);
  const sealing = options.sealing ?? (await sealingFor(keys, recipients));
  const head = JSON.stringify({
    format: MARK,
    version: RESCUE_VERSION,
    lineage: base.lineage,
    stack,
    serial: base.serial,
    records: base.records,
    at: new Date(clock.now()).toISOString(),
  });
  const text = `${head.slice(0, -1)},"entries":[${entries.map(encodeEntry).join(',')}]}\n`;
  return seal(Buffer.from(text, 'utf8'), sealing);
}

/**
 * Files in `folders` that hold rescued facts of this state, by their name: in the order of the folders, then by name. `lineage` null:
 * of any state of a stack with this name. Never throws: a folder that cannot be read is told in `notes`.
 */
export async function findRescues(
  files: Files,
  options: { readonly stack: string; readonly lineage: string | null; readonly folders: readonly string[] },
): Promise<{ readonly paths: readonly string[]; readonly notes: readonly string[] }> {
  const { stack, lineage, folders } = options;
  const stem = `${stemOf(stack)}${lineage === null ? '' : lineageMark(lineage)}`;
  const paths: string[] = [];
  const notes: string[] = [];
  for (const folder of new Set(folders)) {
    let entries: Awaited<ReturnType<Files['list']>>;
    try {
      entries = await files.list(folder);
    } catch (error) {
      const code = faultCode(error);
      notes.push(`${folder} cannot be read${code === null ? '' : ` (${code})`}; a rescue file may lie there.`);
      continue;
    }
    for (const { name, directory } of entries ?? []) {
      if (!directory && name.startsWith(stem) && /^[0-9a-f]*\.age$/.test(name.slice(stem.length))) {
        paths.push(`${folder}/${name}`);
      }
    }
  }
  return { paths, notes };
}

const content = z.strictObject({
  format: z.literal(MARK),
  version: z.literal([1, RESCUE_VERSION]),
  lineage: z.string().min(1),
  stack: z.string().min(1),
  serial: z.int().min(0),
  records: z.int().min(0),
  at: z.string(),
  entries: z.array(z.unknown()).min(1),
});

/**
 * Opens a rescue file; `path` names it in messages. Throws as a state does: `empty-state`, `no-identity`, `wrong-identity`,
 * `wrong-kind` (a sealed file of another kind), `newer-state`, `damaged-state` (which never quotes a value).
 */
export async function openRescue(bytes: Uint8Array, keys: Opening | null, path: string): Promise<Rescue> {
  try {
    return await parse(await open(bytes, keys, path), path);
  } catch (error) {
    if (!isKeyformError(error, 'damaged-state', 'empty-state')) throw error;
    // What they advise is about a state, which has a backup beside it.
    throw damaged(error.message, error.code, error);
  }
}

async function parse(bytes: Uint8Array, path: string): Promise<Rescue> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw damaged(`${path} opens, but what is inside is not JSON`); // Without the cause, which quotes the text.
  }
  if (isObject(value) && typeof value.format === 'string' && value.format !== MARK) {
    throw new KeyformError(
      'wrong-kind',
      `${path} is not a rescue file: it calls itself "${value.format.slice(0, 40)}"`,
      {
        detail: 'Another sealed file was given the name of one. Move it to where it belongs.',
      },
    );
  }
  if (isObject(value) && value.format === MARK) refuseNewer(value.version, RESCUE_VERSION, path);
  const result = content.safeParse(value);
  if (!result.success) {
    const place = result.error.issues[0]?.path.map(String).join('.') ?? '';
    throw damaged(`${path} does not have the form of a rescue file at ${place === '' ? 'its root' : place}`);
  }
  const { lineage, stack, serial, records, at, entries } = result.data;
  const decoded = entries.map((item, index) => {
    const entry = decodeEntry(item, `${path}, entry ${index + 1},`);
    if (!isRescued(entry))
      throw damaged(`${path}, entry ${index + 1}, is of a kind that no rescue file holds: ${entry.kind}`);
    return entry;
  });
  return { lineage, stack, serial, records, at, entries: decoded };
}

function damaged(message: string, code: ErrorCode = 'damaged-state', cause?: unknown): KeyformError {
  return new KeyformError(code, message, {
    detail:
      'It may hold secrets that are nowhere else: nothing was overwritten. Put back a good copy of it; if there is none, move it away, and the next plan looks for the keys at the API.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** What a rescue file comes to, beside a state. */
export interface Merge {
  /** What the state does not know yet, to be recorded in this order. Empty for a file that was merged before. */
  readonly entries: readonly JournalEntry[];
  /** Facts that the state holds already, or that ended otherwise. */
  readonly done: number;
  /** Facts that cannot be put in, each in words: kind, address, key. While there are any the file must be kept. */
  readonly conflicts: readonly string[];
  /** There are only conflicts, and the state has gone on to later snapshots: the file can never be of use to it again. */
  readonly outlived: boolean;
  /** A copy of the state with `entries` applied: where the next file goes on. */
  readonly state: State;
}

/**
 * What of `rescue` is still to be put into `state`, which stays as it is. `state` should be what snapshot and journal come to, before
 * any further snapshot of it is written: an attempt that it does not know is begun again only while its snapshot is not later than the
 * one that the facts were recorded on, since later it may have ended, and its key be deleted. A secret is never passed over: it goes
 * in, or is there, or its fact is a conflict. Throws `damaged-state` when the two are not of one state.
 */
export function mergeRescue(state: State, rescue: Rescue): Merge {
  if (state.lineage !== rescue.lineage || state.stack !== rescue.stack) {
    throw damaged(
      `The rescued facts of "${rescue.stack}" (lineage ${rescue.lineage}) belong to another state than that of "${state.stack}" (lineage ${state.lineage})`,
    );
  }
  const merger = new Merger(state, rescue);
  for (const entry of rescue.entries) merger.add(entry);
  return merger;
}

type Outcome = 'done' | 'conflict' | readonly JournalEntry[];

class Merger implements Merge {
  readonly state: MutableState;
  readonly entries: JournalEntry[] = [];
  readonly conflicts: string[] = [];
  done = 0;
  /** Whether the state has gone on to a later snapshot than the facts were recorded on. */
  readonly #isLater: boolean;
  /** Attempts that the rescue tells and the state does not have open: ended there, or not known. */
  readonly #offered = new Map<string, Intent>();

  constructor(state: State, rescue: Rescue) {
    this.state = { ...state, resources: new Map(state.resources), intents: new Map(state.intents) };
    this.#isLater = state.serial > rescue.serial;
  }

  get outlived(): boolean {
    return this.#isLater && this.entries.length === 0 && this.conflicts.length > 0;
  }

  add(entry: RescuedEntry): void {
    const outcome = this.#judge(entry);
    if (typeof outcome === 'object') {
      try {
        for (const item of outcome) applyEntry(this.state, item);
        this.entries.push(...outcome);
      } catch {
        this.#conflict(entry); // Contradictions change nothing, and only the last item may be one: an intent never is.
      }
    } else if (this.#isPast(entry)) this.done += 1;
    else if (outcome === 'conflict' || !this.#isKept(entry)) this.#conflict(entry);
    else this.done += 1;
  }

  #judge(entry: RescuedEntry): Outcome {
    const { intents } = this.state;
    switch (entry.kind) {
      case 'intent':
        if (!intents.has(entry.intent.id)) this.#offered.set(entry.intent.id, entry.intent);
        return 'done';
      case 'created': {
        const open = intents.get(entry.intent);
        const held = this.#find(entry.generation, (open ?? this.#offered.get(entry.intent))?.type ?? null);
        if (held !== null) return fill(held, entry.generation);
        return open === undefined ? this.#begunAgain(entry) : [entry];
      }
      case 'arrived': {
        const open = intents.get(entry.intent);
        if (this.#holds(entry.secret)) return 'done';
        if (open === undefined) return this.#begunAgain(entry);
        return open.secret === null ? [entry] : 'conflict';
      }
      case 'regenerated': {
        if (intents.has(entry.intent)) return [entry];
        const { secret } = entry.generation;
        return secret === null || this.#holds(secret) || this.#isPast(entry) ? 'done' : this.#begunAgain(entry);
      }
      case 'updated':
      case 'deleted':
      case 'failed':
      case 'settled':
        return intents.has(entry.intent) ? [entry] : 'done';
    }
  }

  /** A result after its attempt, which the state does not have open; never of one that the state may have ended. */
  #begunAgain(entry: RescuedEntry & { readonly intent: string }): Outcome {
    const attempt = this.#offered.get(entry.intent);
    if (attempt === undefined || this.#isLater) return 'conflict';
    const resource = this.state.resources.get(attempt.address);
    const isFree =
      entry.kind === 'regenerated'
        ? resource?.type === attempt.type &&
          resource.current?.number === attempt.generation &&
          resource.current.id === entry.generation.id &&
          resource.lastGeneration < entry.generation.number
        : resource === undefined || (resource.type === attempt.type && resource.lastGeneration < attempt.generation);
    return isFree ? [{ kind: 'intent', intent: attempt }, entry] : 'conflict';
  }

  #conflict(entry: RescuedEntry): void {
    this.conflicts.push(this.#describe(entry));
  }

  /** Whether the secret that comes with the entry, if any, is in the state. */
  #isKept(entry: RescuedEntry): boolean {
    const secret = 'generation' in entry ? entry.generation.secret : null;
    return secret === null || this.#holds(secret);
  }

  /** Whether the key that the entry tells of has got another secret since: the one that comes with the entry is of no use. */
  #isPast(entry: RescuedEntry): boolean {
    if (!('generation' in entry)) return false;
    const { generation } = entry;
    const id = attemptOf(entry);
    const type = (this.state.intents.get(id) ?? this.#offered.get(id))?.type ?? null;
    const held = this.#find(generation, type)?.generation;
    return held !== undefined && held.secret !== null && isRenewed(held, generation);
  }

  #holds(secret: Secret): boolean {
    const text = secret.reveal();
    for (const intent of this.state.intents.values()) if (intent.secret?.reveal() === text) return true;
    for (const resource of this.state.resources.values()) {
      if (keysOf(resource).some((key) => key.secret?.reveal() === text)) return true;
    }
    return false;
  }

  /** The key that the state holds of one that was made. Two clouds may give the same id, so the type counts where it is known. */
  #find({ id, accessKeyId }: Generation, type: string | null): Held | null {
    for (const resource of this.state.resources.values()) {
      if (type !== null && resource.type !== type) continue;
      const generation = keysOf(resource).find((key) => key.id === id && key.accessKeyId === accessKeyId);
      if (generation !== undefined) return { address: resource.address, generation };
    }
    return null;
  }

  #describe(entry: RescuedEntry): string {
    const id = attemptOf(entry);
    const attempt = this.state.intents.get(id) ?? this.#offered.get(id);
    const key = 'generation' in entry ? entry.generation.id : attempt?.keyId;
    return `"${entry.kind}"${attempt === undefined ? '' : ` of ${attempt.address}`}${key == null ? '' : ` (key ${key})`}`;
  }
}

interface Held {
  readonly address: string;
  readonly generation: Generation;
}

/** Gives a key that the state holds without its secret the one that `rescued` has, unless that is an earlier one. */
function fill({ address, generation }: Held, rescued: Generation): Outcome {
  if (generation.secret !== null || rescued.secret === null) return 'done';
  if (isRenewed(generation, rescued)) return 'conflict';
  return [{ kind: 'refreshed', address, generation: { ...generation, secret: rescued.secret } }];
}

/** The id of the attempt that an entry is, or is the result of. */
function attemptOf(entry: RescuedEntry): string {
  return entry.kind === 'intent' ? entry.intent.id : entry.intent;
}

function stemOf(stack: string): string {
  return `${stack}.keyform.rescue-`;
}

/** Names a lineage in a file's name, so that the files of other projects in a refuge are left alone. */
function lineageMark(lineage: string): string {
  return createHash('sha256').update(lineage).digest('hex').slice(0, 12);
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
