import { isKeyformError } from '../core/error.ts';
import type { Sibling } from '../core/plan/sibling.ts';
import { guarded } from '../state/fault.ts';
import type { StateKeys } from '../state/keys.ts';
import { describeHolder, isDead, type ProcessPort } from '../state/lock.ts';
import type { Reader } from '../state/reader.ts';
import type { Project } from './project.ts';
import { readerOf, type Storage } from './reader.ts';

/**
 * What the states of the project's other stacks tell, without their locks. One that cannot be read has its error in the place of
 * its state. Throws `state-io` when the state folder cannot be listed. To be called after the owners' keys were listed: see
 * {@link Sibling}.
 */
export async function readSiblings(
  storage: Storage,
  project: Project,
  stack: string,
  keys: StateKeys | null,
): Promise<readonly Sibling[]> {
  const folder = project.stateFolder;
  const found = await guarded('list the state folder', folder, () => storage.files.list(folder));
  const names = (found ?? []).flatMap(({ name }) => STATE.exec(name)?.[1] ?? []);
  const siblings: Sibling[] = [];
  for (const name of new Set(names)) {
    if (name !== stack) siblings.push(await readSibling(name, readerOf(storage, project, name, keys), storage.process));
  }
  return siblings;
}

/** A snapshot; or a journal, which without a snapshot is a damaged state and no empty one. */
const STATE = /^(.+)\.keyform\.(?:age|journal)$/;

async function readSibling(stack: string, store: Reader, process: ProcessPort): Promise<Sibling> {
  try {
    const { state } = await store.read();
    return { stack, state, busy: await busyWords(store, process) };
  } catch (error) {
    if (!isKeyformError(error)) throw error;
    return { stack, state: error, busy: null };
  }
}

/** Who holds the lock, unless it is a process of this machine that is gone; null for nobody. */
async function busyWords(store: Reader, process: ProcessPort): Promise<string | null> {
  const holder = await store.holder();
  // One that tells nothing is the leaving of a crash, or will tell more in an instant.
  if (holder === null || holder === 'unreadable' || isDead(holder, process)) return null;
  return describeHolder(holder);
}
