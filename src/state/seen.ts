import { createHash } from 'node:crypto';
import { z } from 'zod';
import { KeyformError } from '../core/error.ts';
import type { Files } from '../core/port.ts';
import { faultCode } from './fault.ts';

/** A state as this machine last saw it. */
export interface Sighting {
  /** As in the state; only a UUID is remembered. */
  readonly lineage: string;
  readonly stack: string;
  readonly serial: number;
  /** Fingerprint of the snapshot, hexadecimal: another for every snapshot, whatever its serial. */
  readonly mark: string;
  /** RFC 3339 UTC. */
  readonly at: string;
  /**
   * The state folder, absolute, in which a run has recorded in the journal of this snapshot since `at`; left out when none has, or its end
   * is in a later snapshot. Other clones have journals of their own.
   */
  readonly recording?: string;
}

/** A state as it lies on the disk now. */
export interface Present {
  /** The snapshot's file, for messages. */
  readonly path: string;
  readonly stack: string;
  readonly serial: number;
  readonly mark: string;
  /** The state folder, as in {@link Sighting.recording}. */
  readonly folder: string;
  /** Where the journal is, or should be. */
  readonly journal: string;
  /** Whether a journal with at least one record lies there. */
  readonly isJournaled: boolean;
}

/** The fingerprint of a snapshot: of its journal key, which no other snapshot has, and which sealing it anew by hand does not change. */
export function markOf(journalKey: Uint8Array): string {
  return createHash('sha256').update('keyform-snapshot\n').update(journalKey).digest('hex').slice(0, 32);
}

// The name of the file is made of it, and it comes from a file that somebody may have put in.
const LINEAGE = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const sighting = z.strictObject({
  lineage: z.string().regex(LINEAGE),
  stack: z.string(),
  serial: z.int().min(0),
  mark: z.string().regex(/^[0-9a-f]+$/),
  at: z.string(),
  recording: z.string().optional(),
});

/**
 * What this machine remembers of a lineage under the name of this stack; null when that is nothing. A memory that cannot be read is none, with a note: it is there
 * to warn, and must not be what keeps anybody from their keys. Never throws. `folder`: the machine's own, absolute; null for a user
 * without a home folder.
 */
export async function recall(
  files: Files,
  folder: string | null,
  lineage: string,
  stack: string,
): Promise<{ readonly sighting: Sighting | null; readonly notes: readonly string[] }> {
  const path = pathOf(folder, lineage, stack);
  if (path === null) return { sighting: null, notes: [] };
  const unknown = (why: string) => ({
    sighting: null,
    notes: [`${path} ${why}; whether the state is older than one that was here cannot be told this time.`],
  });
  let bytes: Uint8Array | null;
  try {
    bytes = await files.read(path);
  } catch (error) {
    return unknown(`cannot be read${codeText(error)}`);
  }
  if (bytes === null) return { sighting: null, notes: [] };
  const parsed = sighting.safeParse(parse(bytes));
  if (!parsed.success || parsed.data.lineage !== lineage || parsed.data.stack !== stack) return unknown('is damaged');
  const { recording, ...seen } = parsed.data;
  return { sighting: recording === undefined ? seen : { ...seen, recording }, notes: [] };
}

/**
 * Remembers a sighting where it is news: of a higher serial, or that a run records on the snapshot that was seen last; never of a lower one, nor of another snapshot
 * with the same serial, unless `force` is given (the user said that this one is right). Never throws; returns notes. To be called by who holds the lock, when the snapshot is known to stand. Not by readers: whoever only looks at another
 * branch or clone would else be kept from looking at the first again.
 */
export async function remember(
  files: Files,
  folder: string | null,
  seen: Sighting,
  options: { readonly force?: boolean } = {},
): Promise<readonly string[]> {
  const path = pathOf(folder, seen.lineage, seen.stack);
  if (path === null) return [];
  // What cannot be read is written anew.
  const { sighting: before } = await recall(files, folder, seen.lineage, seen.stack);
  const begins = seen.recording !== undefined && seen.serial === before?.serial && seen.mark === before.mark;
  if (before !== null && options.force !== true && seen.serial <= before.serial && !begins) return [];
  const { lineage, stack, serial, mark, at, recording } = seen;
  const kept = { lineage, stack, serial, mark, at, ...(recording === undefined ? {} : { recording }) };
  const text = `${JSON.stringify(kept satisfies Sighting)}\n`;
  try {
    await files.replace(path, Buffer.from(text, 'utf8'), 0o600);
    return [];
  } catch (error) {
    return [
      `${path} cannot be written${codeText(error)}; an older state that is put back may not be recognised on this machine.`,
    ];
  }
}

/**
 * The `rolled-back` error for a state that cannot have followed from what this machine saw of its lineage: an older one, or
 * another snapshot with the same serial, or one without the journal that a run here has written on it. Null when it can, or nothing is
 * remembered. `folder` as in {@link recall}.
 */
export function judge(folder: string | null, seen: Sighting | null, present: Present): KeyformError | null {
  if (seen === null) return null;
  const { path, stack, serial, mark } = present;
  const when = `on ${seen.at}`;
  const memory = pathOf(folder, seen.lineage, seen.stack);
  const wayOut = memory === null ? null : `remove ${memory}, where that is remembered`;
  const refuse = (what: string, detail: string) =>
    rolledBack(path, stack, what, `${detail} If this one is right`, wayOut);
  if (serial < seen.serial) {
    return refuse(
      `is older than one that was here: ${path} is snapshot ${serial}, and ${seen.serial} was here ${when}`,
      PUT_BACK,
    );
  }
  if (serial > seen.serial) return null;
  if (mark === seen.mark) {
    if (!lacksJournal(seen, present)) return null;
    return rolledBack(path, stack, lackWords(seen, present.journal), `${BRING_BACK} If it is gone for good`, wayOut);
  }
  return refuse(
    `is not the one that was here: two snapshots have number ${serial}, ${path} and another that was here ${when}`,
    'Two machines wrote the state at the same time, each without the changes of the other. Look at both (git has the other, or a backup of the state folder), and keep the one that knows the living keys.',
  );
}

/** Whether a run has recorded on this snapshot, in this folder, what is not there any more. */
export function lacksJournal(
  seen: Sighting | null,
  { serial, folder, isJournaled }: Pick<Present, 'serial' | 'folder' | 'isJournaled'>,
): boolean {
  return seen?.recording === folder && seen.serial === serial && !isJournaled;
}

/** What is missing then; completes "The state of …". */
export function lackWords({ serial, at }: Pick<Sighting, 'serial' | 'at'>, journal: string): string {
  return `lacks what a run here has recorded: a run that did not end wrote to ${journal} on ${at}, and no record of it on snapshot ${serial} is there`;
}

/** What to do about it. */
export const BRING_BACK =
  'The secrets of keys that this run made may be in that file and nowhere else: bring it back, from where it was moved to or from a backup of the state folder.';

const PUT_BACK =
  'Put the newest one back, from git or from a backup of the state folder: it may hold keys that this one does not know.';

/**
 * The `rolled-back` error for a snapshot (`path`, `serial`) beside which `witness` lies, a file that only a snapshot of number `least` or
 * later leaves.
 */
export function outrun(path: string, stack: string, serial: number, witness: string, least: number): KeyformError {
  const what = `is older than the files beside it: ${path} is snapshot ${serial}, and ${witness} is of snapshot ${least}`;
  return rolledBack(path, stack, what, `${PUT_BACK} If this one is right`, `move ${witness} out of the folder`);
}

/** `detail` ends in what the advice is for; `wayOut`: what somebody does who only wants to look at it, null where nothing helps. */
function rolledBack(path: string, stack: string, what: string, detail: string, wayOut: string | null): KeyformError {
  const look =
    wayOut === null
      ? ''
      : `\nTo only look at it on this machine, as at another branch: ${wayOut}. Nothing warns of it any more then, so apply nothing.`;
  return new KeyformError('rolled-back', `The state of "${stack}" ${what}`, {
    detail: `${detail}, say so: keyform state restore ${path}${look}`,
  });
}

/**
 * By lineage and stack: a state that was pushed to another stack has the lineage of the one that it comes from, and goes on without it.
 * Of the stack's name only a hash is in the path, since no name may become a path, whatever the file system takes for the same.
 */
function pathOf(folder: string | null, lineage: string, stack: string): string | null {
  if (folder === null || !LINEAGE.test(lineage)) return null;
  const name = createHash('sha256').update('keyform-stack\n').update(stack).digest('hex').slice(0, 16);
  return `${folder}/seen/${lineage}-${name}.json`;
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return null; // Which is no sighting.
  }
}

function codeText(error: unknown): string {
  const code = faultCode(error);
  return code === null ? '' : ` (${code})`;
}
