import { join } from 'node:path';
import type { Clock, Environment, Files, Random } from '../core/port.ts';
import type { Cloud } from '../core/provider.ts';
import type { Sealing, StateKeys } from '../state/keys.ts';
import type { ProcessPort } from '../state/lock.ts';
import { openReader, type Reader, type StoreOptions } from '../state/reader.ts';
import { typesOf } from './connect.ts';
import { inventoryText } from './inventory.ts';
import type { Project } from './project.ts';

/** What the state of a stack needs of the outside, handed in by a front-end's main. */
export interface Storage {
  readonly clouds: readonly Cloud[];
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly process: ProcessPort;
  readonly environment: Environment;
  /** The user's home folder; `/` for a user without one. */
  readonly home: string;
  /** Of Keyform. */
  readonly version: string;
}

/** What reads the state of a stack, and cannot change it. */
export function readerOf(storage: Storage, project: Project, stack: string, keys: StateKeys | null): Reader {
  return openReader(storeOptions(storage, project, stack, keys));
}

/** What a store, or its reader, is opened with, for work on the files themselves. */
export function storeOptions(
  storage: Storage,
  project: Project,
  stack: string,
  keys: StateKeys | null,
  sealing?: Sealing,
): StoreOptions {
  const { clouds, files, clock, random, process, environment, home, version } = storage;
  const machineFolder = machineFolderOf(environment, home);
  return {
    folder: project.stateFolder,
    stack,
    files,
    clock,
    random,
    keys,
    ...(sealing === undefined ? {} : { sealing }),
    process,
    version,
    machineFolder,
    refuges: refugesOf(project, machineFolder),
    inventory: project.settings.inventory ? (state) => inventoryText(state, typesOf(clouds)) : null,
  };
}

/** Where this machine remembers what it has seen of states (the XDG state folder); null for a user without a home folder. */
export function machineFolderOf(environment: Environment, home: string): string | null {
  const folder = environment.XDG_STATE_HOME;
  if (folder?.startsWith('/')) return join(folder, 'keyform');
  return home === '/' || home === '' ? null : join(home, '.local', 'state', 'keyform');
}

/**
 * Where a secret goes, sealed, that the state folder does not take: the user's own folder, then the project's, which often is on another
 * disk than the state. None is a place where somebody else could put a file to be read as a state's.
 */
export function refugesOf(project: Pick<Project, 'folder'>, machineFolder: string | null): readonly string[] {
  return [...(machineFolder === null ? [] : [join(machineFolder, 'rescue')]), project.folder];
}
