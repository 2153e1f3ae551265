import type { Sealing, StateKeys } from '../state/keys.ts';
import { openStore, type Store } from '../state/store.ts';
import type { Project } from './project.ts';
import { type Storage, storeOptions } from './reader.ts';

export { machineFolderOf, refugesOf, type Storage, storeOptions } from './reader.ts';

/** The store of a stack's state. `sealing`: how to seal what is written, if not as `keys` and the present state say. */
export function storeOf(
  storage: Storage,
  project: Project,
  stack: string,
  keys: StateKeys | null,
  sealing?: Sealing,
): Store {
  return openStore(storeOptions(storage, project, stack, keys, sealing));
}
