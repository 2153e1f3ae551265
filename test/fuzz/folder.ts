import { isKeyformError } from '../../src/core/error.ts';
import { Secret } from '../../src/core/secret.ts';
import { applyEntry, emptyState, type JournalEntry, type State } from '../../src/core/state.ts';
import { BLOCK, readPrefix } from '../../src/state/record.ts';
import { statePaths } from '../../src/state/snapshot.ts';
import type { Store } from '../../src/state/store.ts';
import { contentOf, creation, generation, intent, KEYS, SECRET, testStore } from '../state/fixture.ts';
import { MemoryDisk } from '../state/memory.ts';

/** Files of a folder by name. */
export type Folder = Readonly<Record<string, Buffer>>;

/** A state in the midst of a run that died: snapshot, its backup, both journals, history; and what must be in it. */
export interface Specimen {
  readonly folder: Folder;
  readonly whole: string;
  /** Without the last record of the journal. */
  readonly withoutLast: string;
  /** What the snapshot alone holds. */
  readonly folded: string;
  /** The files after the run before, and what they held. */
  readonly older: Folder;
  readonly olderWhole: string;
  /** `address id secret` of every key that ever was. */
  readonly truth: ReadonlySet<string>;
}

const [[a1, madeA1], [a2, madeA2], [b1, madeB1], [c1, madeC1], [d1, madeD1]] = [
  creation('t.a'),
  creation('t.a', 2),
  creation('t.b'),
  creation('t.c'),
  creation('t.d'),
];
const FIRST: readonly JournalEntry[][] = [[a1, b1], [madeA1]];
const SECOND: readonly JournalEntry[][] = [
  [madeB1, { kind: 'tainted', address: 't.a', reason: 'age' }],
  [c1],
  [madeC1],
];
const THIRD: readonly JournalEntry[][] = [
  [a2],
  [madeA2],
  [
    { kind: 'tainted', address: 't.b', reason: 'r'.repeat(600) },
    { kind: 'intent', intent: intent('d', 't.a', { operation: 'delete', generation: 1, keyId: 'id-t.a-1', args: {} }) },
    d1,
    { kind: 'deposed', address: 't.a', generation: 1, at: '2026-03-04T05:06:07.000Z' },
    { kind: 'intent', intent: intent('r', 't.c', { operation: 'regenerate', keyId: 'id-t.c-1', args: {} }) },
  ],
  [
    { kind: 'deleted', intent: 'd' },
    madeD1,
    { kind: 'regenerated', intent: 'r', generation: generation(2, { renewedAt: '2026-03-04T05:06:07.000Z' }) },
  ],
];

/** The secret of a key tells of which address it is, so that one in a wrong place shows. */
function named(entry: JournalEntry): JournalEntry {
  if (entry.kind !== 'created' && entry.kind !== 'regenerated') return entry;
  const address = entry.kind === 'created' ? (entry.intent.split(' ')[1] ?? '') : 't.c';
  const { number } = entry.generation;
  const key = `${address}-${entry.kind === 'created' ? number : 1}`;
  const secret = new Secret(`${SECRET}-${address}-${number}`);
  return { ...entry, generation: { ...entry.generation, id: `id-${key}`, accessKeyId: `AK-${key}`, secret } };
}

/** A store of a stack on a folder. */
export function storeOn(disk: MemoryDisk, options: { stack?: string; memory?: boolean } = {}): Store {
  const { stack = 'prod', memory = false } = options;
  return testStore(disk, KEYS, { stack, machineFolder: memory ? 'machine' : null });
}

/**
 * Makes three runs of which the last is killed. `variant` makes other keys under the same addresses; `start`: the first run is made already,
 * as without a variant.
 */
export async function makeSpecimen(stack = 'prod', variant = '', start: Folder | null = null): Promise<Specimen> {
  const state = emptyState(stack, 'lineage');
  const truth = new Set<string>();
  let disk = start === null ? new MemoryDisk() : MemoryDisk.of(start);
  const contents: string[] = [];
  const run = async (groups: readonly JournalEntry[][], end: 'close' | 'kill' | 'known') => {
    const session = end === 'known' ? null : await storeOn(disk, { stack }).begin('apply', { lockTimeoutMs: 0 });
    for (const group of groups) {
      const entries = group.map((entry) => altered(named(entry), end === 'known' ? '' : variant));
      if (session !== null) await Promise.all(entries.map((entry) => session.record(entry)));
      for (const entry of entries) applyEntry(state, entry);
      for (const key of keysIn(state)) truth.add(key);
      contents.push(contentOf(state));
    }
    if (end === 'close') await session?.close();
    if (end === 'kill') disk = disk.kill();
  };
  await run(FIRST, start === null ? 'close' : 'known');
  const olderWhole = contentOf(state);
  const older = folderOf(disk);
  await run(SECOND, 'close');
  const folded = contentOf(state);
  await run(THIRD, 'kill');
  const paths = statePaths('state', stack);
  const files: Record<string, Buffer> = { ...folderOf(disk) };
  delete files[paths.lock];
  // A journal has a stretch of zeros: one block is as good as hundreds.
  files[paths.journal] = trimmed(disk.get(paths.journal));
  return {
    folder: files,
    older,
    whole: contents.at(-1) ?? '',
    withoutLast: contents.at(-2) ?? '',
    folded,
    olderWhole,
    truth,
  };
}

function altered(entry: JournalEntry, variant: string): JournalEntry {
  if (variant === '' || (entry.kind !== 'created' && entry.kind !== 'regenerated')) return entry;
  const { generation: made } = entry;
  const secret = new Secret(`${made.secret?.reveal() ?? ''}${variant}`);
  return {
    ...entry,
    generation: { ...made, id: `${made.id}${variant}`, accessKeyId: `${made.accessKeyId}${variant}`, secret },
  };
}

function folderOf(disk: MemoryDisk): Folder {
  return Object.fromEntries(Object.entries(disk.content()).filter(([path]) => path.startsWith('state/')));
}

/** Where the records of a journal are. */
export function recordsOf(journal: Buffer): { readonly start: number; readonly end: number }[] {
  const found: { start: number; end: number }[] = [];
  for (let at = BLOCK; at + BLOCK <= journal.length; ) {
    const prefix = readPrefix(journal, at);
    if (prefix === null) break;
    found.push({ start: at, end: at + prefix.blocks * BLOCK });
    at += prefix.blocks * BLOCK;
  }
  return found;
}

function trimmed(journal: Buffer): Buffer {
  return Buffer.from(journal.subarray(0, (recordsOf(journal).at(-1)?.end ?? BLOCK) + BLOCK));
}

/** `address id secret` of every key in a state. */
export function keysIn(state: State): string[] {
  return [...state.resources.values()].flatMap(({ address, current, deposed }) =>
    [...deposed, ...(current === null ? [] : [current])].map(
      ({ id, secret }) => `${address} ${id} ${secret?.reveal() ?? ''}`,
    ),
  );
}

/** What a command that reads, and one that writes, come to on a folder: the content, or the code of the error. */
export async function attempt(disk: MemoryDisk, options: { stack?: string; memory?: boolean } = {}): Promise<Attempt> {
  const before = folderOf(disk);
  const read = await outcomeOf(async () => {
    const { state, exists } = await storeOn(disk, options).read();
    return exists ? contentOf(state) : 'nothing';
  });
  const unread = isSame(before, folderOf(disk));
  const begun = await outcomeOf(async () => {
    const session = await storeOn(disk, options).begin('apply', { lockTimeoutMs: 0 });
    const content = session.found === 'none' ? 'nothing' : contentOf(session.state);
    await session.close();
    return content;
  });
  const untouched = 'code' in begun ? isSame(before, folderOf(disk)) : true;
  return { read, begun, untouched: unread && untouched };
}

export type Result = { readonly content: string } | { readonly code: string };

export interface Attempt {
  readonly read: Result;
  readonly begun: Result;
  /** Reading, and a beginning that failed, left every byte of the state folder as it was, and no lock. */
  readonly untouched: boolean;
}

async function outcomeOf(action: () => Promise<string>): Promise<Result> {
  try {
    return { content: await action() };
  } catch (error) {
    if (!isKeyformError(error)) throw error;
    return { code: error.code };
  }
}

function isSame(a: Folder, b: Folder): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length && names.every((name) => b[name] !== undefined && a[name]?.equals(b[name]))
  );
}
