import { createHash } from 'node:crypto';
import type { Files, OpenFile, Random } from '../core/port.ts';
import type { Generation, Intent, JournalEntry, ResourceState, RunInfo, State } from '../core/state.ts';
import { guarded } from './fault.ts';

/**
 * Where the history of a state stands: sealed into each snapshot, so that nobody can change a line of it unseen. Zeros and ''
 * for a state whose history has no line yet.
 */
export interface HistoryAnchor {
  /** Lines. */
  readonly entries: number;
  /** Length of those lines, their line feeds included. */
  readonly bytes: number;
  /** SHA-256 of the last line without its line feed, lower-case hexadecimal. */
  readonly hash: string;
}

/** The anchor of a history without lines. */
export const NO_HISTORY: HistoryAnchor = { entries: 0, bytes: 0, hash: '' };

/** All that a line may tell of. */
export const HISTORY_ACTIONS = [
  /** A key was made. */
  'created',
  /** A key that an earlier attempt had made was taken over. */
  'adopted',
  /** A key that existed already was taken under management. */
  'imported',
  'updated',
  'enabled',
  'disabled',
  /** The key has a new secret under the same id. */
  'regenerated',
  /** The overlap of a replaced key began. */
  'deposed',
  /** A replaced key is the current one again. */
  'rolled-back',
  'deleted',
  /** A key was dropped from state: gone at the API, or at the user's wish. */
  'forgotten',
  /** An older or another snapshot took the state's place; then, for each key that this changed in state. */
  'restored',
  /** The keys of one address belong to another. */
  'moved',
  /** The key shall be replaced. */
  'tainted',
  'untainted',
  /** A secret arrived in an answer that was not as documented. */
  'arrived',
  /** An attempt did nothing at the API. */
  'failed',
  /** An attempt that was left open was looked into. */
  'settled',
  /** The whole state was sealed in another way. */
  'rekeyed',
  /** The lines before are not there any more. The first line of a new chain. */
  'history-lost',
] as const;

export type HistoryAction = (typeof HISTORY_ACTIONS)[number];

/** What one line tells. Never holds a secret, nor the value of an argument. */
export interface HistoryItem {
  /** RFC 3339 UTC. Null, like the next three, for what a Keyform did that did not record it. */
  readonly at: string | null;
  /** Id of the run. */
  readonly run: string | null;
  /** `user@host`. */
  readonly by: string | null;
  /** What was run: `apply`, `destroy`, `state mv`, … */
  readonly operation: string | null;
  readonly action: HistoryAction;
  /** For `moved` the new one. Null only for what concerns the whole state (`history-lost`, `restored`), as is the type. */
  readonly address: string | null;
  readonly type: string | null;
  /** The key's id at the API; null where it is not known, or no key is concerned. */
  readonly key: string | null;
  readonly generation: number | null;
  /** Names of the arguments that changed, sorted. */
  readonly changed: readonly string[];
  /** In words, where there is more to say. */
  readonly reason: string | null;
}

/** One line of the history. */
export interface HistoryLine extends HistoryItem {
  /** From 1. */
  readonly n: number;
  /** SHA-256 of the line before without its line feed; of the lineage for the first. Lower-case hexadecimal. */
  readonly prev: string;
}

/**
 * The line of one journal entry, to be made *before* the entry is applied to `state`; null for entries that are none of a
 * user's business (an intent, a refresh, wiring). `at` and `run`: when, and by whom it was recorded, where that is known.
 */
export function historyItem(
  entry: JournalEntry,
  at: string | null,
  run: RunInfo | null,
  state: State,
): HistoryItem | null {
  const who = {
    at,
    run: run?.id ?? null,
    by: run === null ? null : `${run.user}@${run.host}`,
    operation: run?.operation ?? null,
  };
  switch (entry.kind) {
    case 'run':
    case 'intent':
    case 'refreshed':
    case 'wired':
    case 'outputs':
      return null;
    case 'imported': {
      const { address, type, generation } = entry;
      const subject = { ...about(undefined), address, type, key: generation.id, generation: generation.number };
      return { ...who, ...subject, action: 'imported' };
    }
    case 'created': {
      const intent = state.intents.get(entry.intent);
      const { id: key, number: generation } = entry.generation;
      // Clocks of two machines may differ; what comes of it is the word for the same thing.
      const isEarlier = intent !== undefined && run !== null && intent.at < run.at;
      return { ...who, ...about(intent), action: isEarlier ? 'adopted' : 'created', key, generation };
    }
    case 'arrived': {
      const intent = state.intents.get(entry.intent);
      return { ...who, ...about(intent), action: 'arrived', key: entry.keyId };
    }
    case 'regenerated': {
      const intent = state.intents.get(entry.intent);
      const { id: key, number: generation } = entry.generation;
      return { ...who, ...about(intent), action: 'regenerated', key, generation };
    }
    case 'deposed':
    case 'restored': {
      const { address, generation } = entry;
      const resource = state.resources.get(address);
      const key = keyOf(resource, generation)?.id ?? null;
      const subject = { ...of(address, resource), key, generation };
      return { ...who, ...subject, action: entry.kind === 'deposed' ? 'deposed' : 'rolled-back' };
    }
    case 'updated': {
      const intent = state.intents.get(entry.intent);
      const { id: key, number: generation } = entry.generation;
      const operation = intent?.operation ?? 'update';
      const action = operation === 'enable' ? 'enabled' : operation === 'disable' ? 'disabled' : 'updated';
      return { ...who, ...about(intent), action, key, generation, changed: Object.keys(intent?.args ?? {}).sort() };
    }
    case 'deleted': {
      const intent = state.intents.get(entry.intent);
      const held = intent === undefined ? null : keyOf(state.resources.get(intent.address), intent.generation);
      return { ...who, ...about(intent), action: 'deleted', key: held?.id ?? intent?.keyId ?? null };
    }
    case 'failed':
    case 'settled': {
      const intent = state.intents.get(entry.intent);
      const attempt = `${intent?.operation ?? 'attempt'}${entry.kind === 'settled' ? ` of ${intent?.at ?? '?'}` : ''}`;
      const reason = entry.kind === 'failed' ? `${attempt}: the API did nothing` : `${attempt}: looked into`;
      return { ...who, ...about(intent), action: entry.kind, reason };
    }
    case 'forgotten': {
      const resource = state.resources.get(entry.address);
      return {
        ...who,
        ...of(entry.address, resource),
        action: 'forgotten',
        key: keyOf(resource, entry.generation)?.id ?? null,
        generation: entry.generation === 0 ? null : entry.generation,
      };
    }
    case 'moved': {
      const resource = state.resources.get(entry.from);
      return { ...who, ...of(entry.to, resource), action: 'moved', reason: `from ${entry.from}` };
    }
    case 'tainted': {
      const resource = state.resources.get(entry.address);
      const action = entry.reason === null ? 'untainted' : 'tainted';
      return { ...who, ...of(entry.address, resource), action, reason: entry.reason };
    }
  }
}

/** The line of a state that is sealed in another way; `reason`: for whom. */
export function rekeyedItem(at: string, { id, user, host, operation }: RunInfo, reason: string): HistoryItem {
  const who = { at, run: id, by: `${user}@${host}`, operation };
  return { ...who, action: 'rekeyed', address: null, type: null, key: null, generation: null, changed: [], reason };
}

type Subject = Pick<HistoryItem, 'address' | 'type' | 'key' | 'generation' | 'changed' | 'reason'>;

function about(intent: Intent | undefined): Subject {
  return {
    address: intent?.address ?? null,
    type: intent?.type ?? null,
    key: intent?.keyId ?? null,
    generation: intent?.generation ?? null,
    changed: [],
    reason: null,
  };
}

/** Of an address as a whole: told by its current key. */
function of(address: string, resource: ResourceState | undefined): Subject {
  return {
    address,
    type: resource?.type ?? null,
    key: resource?.current?.id ?? null,
    generation: resource?.current?.number ?? null,
    changed: [],
    reason: null,
  };
}

function keyOf(resource: ResourceState | undefined, number: number): Generation | null {
  const keys = resource === undefined ? [] : [resource.current, ...resource.deposed];
  return keys.find((key) => key?.number === number) ?? null;
}

/** The text of the lines that `items` become after `anchor`, and where the history stands with them. */
export function chainHistory(
  anchor: HistoryAnchor,
  lineage: string,
  items: readonly HistoryItem[],
): { readonly bytes: Buffer; readonly anchor: HistoryAnchor } {
  let n = anchor.entries;
  let prev = firstPrev(anchor, lineage);
  const lines = items.map((item) => {
    const line = Buffer.from(textOf({ ...item, n: ++n, prev }), 'utf8');
    prev = lineHash(line);
    return line;
  });
  if (lines.length === 0) return { bytes: Buffer.alloc(0), anchor };
  const bytes = Buffer.concat(lines.flatMap((line) => [line, LINE_FEED]));
  return { bytes, anchor: { entries: n, bytes: anchor.bytes + bytes.length, hash: prev } };
}

const LINE_FEED = Buffer.from('\n');

function firstPrev(anchor: HistoryAnchor, lineage: string): string {
  return anchor.entries === 0 ? lineHash(Buffer.from(lineage, 'utf8')) : anchor.hash;
}

/** What the next line names this one by; for the first line, that of the lineage. */
export function lineHash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

// `n` and `prev` come first: so it shows in the first bytes of a file whether it is of this lineage.
function textOf(line: HistoryLine): string {
  const { n, prev, at, run, by, operation, action, address, type, key, generation, changed, reason } = line;
  return JSON.stringify({ n, prev, at, run, by, operation, action, address, type, key, generation, changed, reason });
}

export interface HistoryOptions {
  readonly paths: { readonly history: string };
  readonly files: Files;
  readonly random: Random;
}

/** A piece of history that is about to be written. */
export interface PreparedHistory {
  /** What the snapshot must hold that is written after {@link PreparedHistory.write}. */
  readonly anchor: HistoryAnchor;
  /** What a person should know: that the file was not as it was left. */
  readonly notes: readonly string[];
  /**
   * Writes the lines and resolves when they are synced; to be called before the snapshot takes its place. Throws `state-io`. A
   * crash afterwards, or in its midst, does no harm: what stands beyond the anchor of the snapshot that counts is
   * written over by the run that replays the journal.
   */
  write(): Promise<void>;
}

/**
 * Makes ready to write `items` after `anchor`. What this costs does not grow with the length of the file: only its last line is
 * read. If that is not the anchored one, a new chain begins, whose first line says so, and the old file is kept beside it. Throws
 * `state-io`. Only with the lock.
 */
export async function prepareHistory(
  options: HistoryOptions,
  anchor: HistoryAnchor,
  lineage: string,
  items: readonly HistoryItem[],
): Promise<PreparedHistory> {
  const first = items[0];
  if (first === undefined) return { anchor, notes: [], write: async () => {} };
  const path = options.paths.history;
  const found = await look(options, anchor, lineage);
  if (found === 'whole') {
    const chained = chainHistory(anchor, lineage, items);
    return { anchor: chained.anchor, notes: [], write: () => append(options, anchor.bytes, chained.bytes) };
  }
  const aside = found !== 'other' ? null : `${path}.damaged-${Buffer.from(options.random.bytes(6)).toString('hex')}`;
  const lost = anchor.entries === 0 ? [] : [lostItem(anchor, first)];
  const chained = chainHistory(NO_HISTORY, lineage, [...lost, ...items]);
  const why =
    anchor.entries === 0
      ? `${path} is not the history of this state, which has none yet`
      : found !== 'other'
        ? `The history ${path} is missing`
        : `The history ${path} was changed by something else than Keyform`;
  return {
    anchor: chained.anchor,
    notes: [`${why}. A new one begins${aside === null ? '' : `; the file that was there is kept as ${aside}`}.`],
    async write() {
      if (aside !== null) await guarded('rename', path, () => options.files.rename(path, aside));
      await append(options, 0, chained.bytes);
    },
  };
}

function lostItem(anchor: HistoryAnchor, next: HistoryItem): HistoryItem {
  const { at, run, by, operation } = next;
  const reason = `${anchor.entries} earlier, the last with SHA-256 ${anchor.hash}`;
  const subject = { address: null, type: null, key: null, generation: null, changed: [], reason };
  return { at, run, by, operation, action: 'history-lost', ...subject };
}

/** Whether the file is what `anchor` says, as far as its last line tells; `begun`: a new chain in its place, which no snapshot knows yet. */
async function look(
  options: HistoryOptions,
  anchor: HistoryAnchor,
  lineage: string,
): Promise<'whole' | 'missing' | 'begun' | 'other'> {
  const path = options.paths.history;
  return guarded('read the history', path, async () => {
    const file = await options.files.open(path, 0o600);
    try {
      const empty = (await file.readAt(0, 1)).length === 0;
      if (anchor.entries === 0) {
        // What a crash left of the first lines, be it a part, with zeros where nothing was written; or the history of a state
        // that was here before.
        const start = Buffer.from(startOf(lineage));
        const there = Buffer.from(await file.readAt(0, start.length));
        const zeros = there.indexOf(0);
        const written = zeros === -1 ? there : there.subarray(0, zeros);
        return start.subarray(0, written.length).equals(written) ? 'whole' : 'other';
      }
      if (empty) return 'missing';
      const last = await lastLine(file, anchor.bytes);
      if (last !== null && lineHash(last) === anchor.hash) return 'whole';
      const head =
        Buffer.from(await file.readAt(0, 1024))
          .toString('utf8')
          .split('\n', 1)[0] ?? '';
      const isOurs = head.startsWith(startOf(lineage)) && head.includes('"action":"history-lost"');
      return isOurs && head.includes(anchor.hash) ? 'begun' : 'other';
    } finally {
      await file.close();
    }
  });
}

/** How the first line of each history of this lineage begins. */
function startOf(lineage: string): string {
  return `{"n":1,"prev":"${firstPrev(NO_HISTORY, lineage)}"`;
}

/** The line that ends, with its line feed, at `end`; null when none does. */
async function lastLine(file: OpenFile, end: number): Promise<Buffer | null> {
  for (let length = 4096; ; length *= 2) {
    const start = Math.max(0, end - length);
    const tail = Buffer.from(await file.readAt(start, end - start));
    if (tail.length < end - start || tail[tail.length - 1] !== 10) return null;
    const feed = tail.lastIndexOf(10, tail.length - 2);
    if (feed === -1 && start > 0) continue;
    return tail.subarray(feed + 1, tail.length - 1);
  }
}

async function append(options: HistoryOptions, offset: number, bytes: Buffer): Promise<void> {
  const path = options.paths.history;
  await guarded('write the history', path, async () => {
    const file = await options.files.open(path, 0o600);
    try {
      await file.writeAt(offset, bytes);
      await file.truncate(offset + bytes.length);
      await file.sync();
    } finally {
      await file.close();
    }
  });
}
