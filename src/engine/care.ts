import type { CareOptions } from '../state/evidence.ts';
import type { StateKeys } from '../state/keys.ts';
import { statePaths } from '../state/snapshot.ts';
import type { Project } from './project.ts';
import { machineFolderOf, refugesOf, type Storage } from './storage.ts';

/** What looking after the state of a stack needs: the places where `storeOf` keeps it. Throws `invalid-usage` for an impossible name. */
export function careOf(
  storage: Storage & { readonly modeOf: (path: string) => Promise<number | null> },
  project: Project,
  stack: string,
  keys: StateKeys | null,
): CareOptions {
  const { files, clock, random, process, environment, home, modeOf } = storage;
  const folder = project.stateFolder;
  const machineFolder = machineFolderOf(environment, home);
  return {
    folder,
    paths: statePaths(folder, stack),
    stack,
    files,
    clock,
    random,
    keys,
    process,
    machineFolder,
    refuges: refugesOf(project, machineFolder),
    modeOf,
  };
}
