import { relative, resolve } from 'node:path';
import { KeyformError } from '../../../core/error.ts';
import { readInput } from '../../../engine/input.ts';
import { backupState } from '../../../state/copy.ts';
import { beginRestore, type Restoration } from '../../../state/restore.ts';
import { statePaths } from '../../../state/snapshot.ts';
import type { StoreOptions } from '../../../state/store.ts';
import { DONE, type Outcome, type Outside, Workspace } from '../../context.ts';
import { renderRestoration } from '../../render/restore.ts';
import { lockTimeout } from '../plan.ts';
import { approve, optionsOf, printNotes, type StateFlags, tellWaiting } from './read.ts';

/** `keyform state backup [FILE]`: all that is known of the state now, sealed, in a file of its own. Prints its name. */
export async function stateBackupCommand(
  outside: Outside,
  flags: StateFlags & { readonly file?: string },
): Promise<Outcome> {
  const workspace = new Workspace(outside, flags);
  const options = await optionsOf(workspace, flags);
  const copy = await backupState(options, flags.file === undefined ? null : resolve(workspace.folder, flags.file));
  printNotes(outside, copy.notes);
  outside.terminal.out(`${relative(workspace.folder, copy.path)}\n`);
  return DONE;
}

interface PutFlags extends StateFlags {
  readonly file?: string;
  readonly force: boolean;
  readonly 'lock-timeout'?: string;
}

/** `keyform state push FILE`: a sealed snapshot from elsewhere takes the state's place, if it is a newer one. */
export async function statePushCommand(
  outside: Outside,
  flags: PutFlags & { readonly file: string },
): Promise<Outcome> {
  const workspace = new Workspace(outside, flags);
  const options = await optionsOf(workspace, flags);
  const source = flags.file === '-' ? await readStdin(outside) : await readFile(workspace, flags.file);
  const restoration = await begin(outside, options, flags, 'state push', source);
  if (!restoration.isNeeded) return sameAlready(outside, options, restoration);
  outside.terminal.out(renderRestoration(restoration, options.stack, outside.style.out));
  return finish(workspace, options, restoration);
}

/**
 * `keyform state restore [FILE]`: says that this snapshot is the right one, however old it is, and puts it in place. Without a file:
 * the backup. With the present snapshot itself: as it lies there.
 */
export async function stateRestoreCommand(
  outside: Outside,
  flags: PutFlags & { readonly 'auto-approve': boolean },
): Promise<Outcome> {
  const workspace = new Workspace(outside, flags);
  const options = await optionsOf(workspace, flags);
  const { snapshot, backup } = statePaths(options.folder, options.stack);
  const path = flags.file === undefined ? backup : resolve(workspace.folder, flags.file);
  const source = (await isSame(outside, path, snapshot))
    ? { path: snapshot, bytes: null }
    : await readFile(workspace, path);
  const restoration = await begin(outside, options, flags, 'state restore', source);
  if (!restoration.isNeeded) return sameAlready(outside, options, restoration);
  try {
    outside.terminal.out(renderRestoration(restoration, options.stack, outside.style.out));
    await approve(outside, 'Put this snapshot in the place of the state?', flags['auto-approve']);
  } catch (error) {
    await restoration.cancel();
    throw error;
  }
  return finish(workspace, options, restoration);
}

interface Source {
  readonly path: string;
  /** Null: the present snapshot, where it lies. */
  readonly bytes: Uint8Array | null;
}

async function readFile(workspace: Workspace, file: string): Promise<Source> {
  const path = resolve(workspace.folder, file);
  const bytes = await readInput(workspace.outside.files, path, path);
  if (bytes !== null) return { path, bytes };
  throw new KeyformError('not-found', `There is no file ${path}`, {
    detail: 'Name a sealed state: a backup, or what "keyform state pull -sealed" gave.',
  });
}

async function readStdin({ terminal }: Outside): Promise<Source> {
  if (terminal.input === null) {
    throw new KeyformError('invalid-usage', 'Standard input is a terminal', {
      detail: 'Pipe a sealed state in: keyform state push - < FILE.',
    });
  }
  return { path: 'standard input', bytes: await terminal.input() };
}

/** Whether both names are of one file, however it is reached. */
async function isSame({ realPath }: Outside, one: string, other: string): Promise<boolean> {
  const real = (path: string) => realPath(path).catch(() => path); // What is not there is told by who reads it.
  return one === other || (await real(one)) === (await real(other));
}

async function begin(
  outside: Outside,
  options: StoreOptions,
  flags: PutFlags,
  operation: 'state push' | 'state restore',
  source: Source,
): Promise<Restoration> {
  const restoration = await beginRestore(options, {
    ...source,
    operation,
    force: flags.force,
    lockTimeoutMs: lockTimeout(flags),
    signal: outside.signal,
    onWait: tellWaiting(outside),
  });
  printNotes(outside, restoration.notes);
  return restoration;
}

async function sameAlready(outside: Outside, { stack }: StoreOptions, restoration: Restoration): Promise<Outcome> {
  const { serial } = await restoration.commit();
  const { from, isAsItLies } = restoration;
  const what = isAsItLies
    ? `This is the state of "${stack}" itself (snapshot ${serial}), and it counts as right. Nothing was written.`
    : from.serial === serial
      ? `The state of "${stack}" is the same already (snapshot ${serial}). Nothing was written.`
      : `Snapshot ${from.serial} holds just what the state of "${stack}" holds by now (snapshot ${serial}): keys, secrets, outputs, attempts. Nothing was written; its number and its recipients stay those of now.`;
  outside.terminal.out(`${what}\n`);
  return DONE;
}

async function finish(workspace: Workspace, options: StoreOptions, restoration: Restoration): Promise<Outcome> {
  const { outside, folder } = workspace;
  const { serial, kept, notes } = await restoration.commit();
  printNotes(outside, notes);
  const { out } = outside.terminal;
  out(`\nThe state of "${options.stack}" is snapshot ${serial} now.\n`);
  if (kept.length > 0) out(`What was there is kept:\n${kept.map((path) => `  ${relative(folder, path)}\n`).join('')}`);
  printNotes(outside, ['The clouds may have gone on since: "keyform plan" shows what differs.']);
  return DONE;
}
