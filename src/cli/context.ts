import { relative, resolve } from 'node:path';
import type { Diagnostic } from '../core/diagnostic.ts';
import { KeyformError } from '../core/error.ts';
import type { YamlLibrary } from '../core/function/spec.ts';
import type { Attach, Clock, Environment, Files, Processes, Random } from '../core/port.ts';
import type { Cloud } from '../core/provider.ts';
import { Secret } from '../core/secret.ts';
import type { Project } from '../engine/project.ts';
import type { Engine } from '../engine/stack.ts';
import type { Http } from '../io/http.ts';
import type { Opening, Sealing, StateKeys } from '../state/keys.ts';
import type { ProcessPort } from '../state/lock.ts';
import type { Store, StoreOptions } from '../state/store.ts';
import type { Job } from './ci/github.ts';
import type { Style } from './render/color.ts';

/** The terminal and the streams, as main hands them in. */
export interface Terminal {
  /** Data. */
  out(text: string): void;
  /** Data that is no text. */
  outBytes(bytes: Uint8Array): void;
  /** Everything else: progress, diagnostics, questions. */
  err(text: string): void;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  /** What goes to standard error is kept in a file, and nobody reads it as it comes. */
  readonly errIsFile: boolean;
  /** Asks a question on the terminal; null when there is nobody to answer. */
  readonly ask: ((question: string, options: { readonly hidden: boolean }) => Promise<string>) | null;
  /** Reads standard input to its end; null where that is a terminal. */
  readonly input: (() => Promise<Uint8Array>) | null;
}

/** Message of the `cancelled` error of a question that Ctrl-C answered. */
export const UNANSWERED = 'The question was not answered';

/** What main gives to every command. */
export interface Outside {
  readonly clouds: readonly Cloud[];
  readonly version: string;
  readonly terminal: Terminal;
  readonly environment: Environment;
  readonly workingFolder: string;
  readonly home: string;
  readonly files: Files;
  /** Content of a file by its absolute path, at once, for functions such as file(); null when there is none. Throws Node's own errors. */
  readonly readNow: (path: string) => Uint8Array | null;
  /** Loads the YAML library, at once, for yamldecode(). */
  readonly loadYaml: () => YamlLibrary;
  /** For the emulators' own data: what befalls Keyform's disk on purpose (KEYFORM_FAULT) does not befall the clouds'. */
  readonly emulatorFiles: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly processes: Processes;
  /** Gives the streams and signals of this process to a child, until that ends. */
  readonly attach: Attach;
  readonly process: ProcessPort;
  /** Makes the HTTP port at its first use. */
  readonly http: () => Http;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Prints diagnostics for people, on standard error. */
  readonly printDiagnostics: (diagnostics: readonly Diagnostic[]) => void;
  /** The path without symbolic links; rejects with Node's error when nothing is there. */
  readonly realPath: (path: string) => Promise<string>;
  /** Permission bits of a file or folder (`0o600`); null where there is none, or on a system without such bits. */
  readonly modeOf: (path: string) => Promise<number | null>;
  /** Normalized words of the command line. */
  readonly words: readonly string[];
  readonly style: { readonly out: Style; readonly err: Style };
  /** Calls `action` every `ms` milliseconds until the returned function is called; does not keep the process alive. */
  readonly every: (ms: number, action: () => void) => () => void;
  /** Run, latest first, before the process ends. */
  readonly onExit: (action: () => Promise<void>) => void;
  /** The job of a CI system that is told what this run does; none outside of one. */
  readonly job?: Job;
  /** Folder of the installed package, for files that `init` points at. */
  readonly packageFolder: string;
}

/** Flags that every command knows. */
export interface CommonFlags {
  readonly chdir?: string;
  readonly sandbox?: boolean;
  readonly 'identity-file'?: string | readonly string[];
  readonly 'identity-command'?: string | readonly string[];
}

/** One run of one command in its project. */
export class Workspace {
  readonly outside: Outside;
  readonly folder: string;
  readonly #flags: CommonFlags;
  #project: Project | undefined;
  #keys: Promise<{ readonly keys: StateKeys | null; readonly isOwnFile: boolean }> | undefined;
  #passphrase: Promise<Secret> | undefined;
  #engine: Promise<Engine> | undefined;

  constructor(outside: Outside, flags: CommonFlags) {
    this.outside = outside;
    this.#flags = flags;
    this.folder = resolve(outside.workingFolder, flags.chdir ?? '.');
  }

  async #isFolder(): Promise<boolean> {
    try {
      return (await this.outside.files.list(this.folder)) !== null;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return false;
      throw error;
    }
  }

  async project(): Promise<Project> {
    const { openProject } = await import('../engine/project.ts');
    if (this.#flags.chdir !== undefined && !(await this.#isFolder())) {
      throw new KeyformError('invalid-usage', `There is no folder ${this.#flags.chdir}`, {
        detail: 'It was named by -chdir.',
      });
    }
    this.#project ??= await openProject(this.folder, this.outside.files);
    return this.#project;
  }

  /**
   * What opens the state; found once. Asks for a passphrase on a terminal only, and only when nothing else is there, or when all there
   * is is the user's own identity file, which nobody named, and the state of `stack` is under a passphrase.
   */
  async keys(stack: string): Promise<StateKeys | null> {
    const { statePaths } = await import('../state/snapshot.ts');
    return this.keysOf(statePaths((await this.project()).stateFolder, stack).snapshot);
  }

  /** As {@link keys}, for another sealed file. */
  async keysOf(path: string): Promise<StateKeys | null> {
    this.#keys ??= this.#findKeys();
    const { keys, isOwnFile } = await this.#keys;
    const { ask } = this.outside.terminal;
    if (ask === null || !isOwnFile || keys === null || keys.recipients.length > 0) return keys;
    const [{ isUnderPassphrase }, { readInput }] = await Promise.all([
      import('../state/seal.ts'),
      import('../engine/input.ts'),
    ]);
    const bytes = await readInput(this.outside.files, path, path);
    if (bytes === null || !isUnderPassphrase(bytes)) return keys;
    this.#passphrase ??= this.#askPassphrase(ask, true);
    return { identities: [], passphrase: await this.#passphrase, recipients: [] };
  }

  async #findKeys(): Promise<{ readonly keys: StateKeys | null; readonly isOwnFile: boolean }> {
    const { defaultIdentityFile, findKeys } = await import('../engine/identity.ts');
    const { refuseWeak } = await import('../state/keys.ts');
    const project = await this.project();
    const { terminal, environment, home } = this.outside;
    const { ask } = terminal;
    const sources = this.#identitySources();
    const found = await findKeys({
      ...sources,
      recipients: project.settings.recipients,
      askPassphrase: ask === null ? null : async () => this.#askPassphrase(ask, await this.#hasState(project)),
    });
    const passphrase = found.keys?.passphrase ?? null;
    // One that sealed a state once opens it, however weak it is.
    if (passphrase !== null && !(await this.#hasState(project))) refuseWeak(passphrase, 'The passphrase');
    await this.#warnOfIdentityInside(found.files);
    const isNamed =
      sources.identityFiles.length > 0 ||
      (environment.KEYFORM_IDENTITY ?? '') !== '' ||
      (environment.KEYFORM_IDENTITY_COMMAND ?? '') !== '';
    const isOwnFile = !isNamed && found.files.length === 1 && found.files[0] === defaultIdentityFile(environment, home);
    return { keys: found.keys, isOwnFile };
  }

  async #hasState(project: Project): Promise<boolean> {
    const { guarded } = await import('../state/fault.ts');
    const folder = project.stateFolder;
    const entries = (await guarded('list the state folder', folder, () => this.outside.files.list(folder))) ?? [];
    return entries.some(({ name }) => name.endsWith('.keyform.age'));
  }

  /** All that may open the state, for a command that changes its keys. Asks nothing. */
  async opening(): Promise<Opening> {
    const { findOpening } = await import('../engine/identity.ts');
    const found = await findOpening(this.#identitySources());
    await this.#warnOfIdentityInside(found.files);
    return found.keys;
  }

  #identitySources() {
    const { environment, files, processes, home, terminal, signal } = this.outside;
    return {
      environment,
      files,
      processes,
      folder: this.folder,
      home,
      identityFiles: list(this.#flags['identity-file']),
      identityCommands: list(this.#flags['identity-command']),
      onStderr: terminal.err,
      signal,
    };
  }

  async #warnOfIdentityInside(identityFiles: readonly string[]): Promise<void> {
    if (identityFiles.length === 0) return;
    const { defaultIdentityFile, filesInside } = await import('../engine/identity.ts');
    const { environment, home, realPath } = this.outside;
    const { stateFolder } = await this.project();
    const inside = await filesInside(identityFiles, [this.folder, stateFolder], realPath);
    if (inside.length === 0) return;
    const folder = await realPath(this.folder);
    const shown = inside.map((file) => relative(folder, file)).join(', ');
    const own = defaultIdentityFile(environment, home);
    this.outside.printDiagnostics([
      {
        severity: 'warning',
        summary: `The identity that opens the state lies in the ${shown.startsWith('..') ? 'state' : 'project'} folder`,
        detail: `Whoever gets that folder (a copy, a backup, a commit) gets every secret with it. Move ${shown} elsewhere${inside.includes(own) ? '' : `, for example to ${own}`}, or keep it in a secrets manager and name the command that prints it in KEYFORM_IDENTITY_COMMAND.`,
      },
    ]);
  }

  /** A passphrase that is to seal the first state of a project is asked for twice: nobody could open what a slip sealed. */
  async #askPassphrase(ask: NonNullable<Terminal['ask']>, opens: boolean): Promise<Secret> {
    const passphrase = new Secret(
      await ask('Passphrase of the state (or set KEYFORM_PASSPHRASE or KEYFORM_IDENTITY): ', { hidden: true }),
    );
    if (opens) return passphrase;
    const { refuseWeak } = await import('../state/keys.ts');
    refuseWeak(passphrase, 'The passphrase');
    if ((await ask('The same again: ', { hidden: true })) !== passphrase.reveal()) {
      throw new KeyformError('invalid-usage', 'The two passphrases differ', {
        detail: 'Nothing was done. Try again.',
      });
    }
    return passphrase;
  }

  /** The store of a stack's state, for a command that asks no cloud. `keys` null: only the lock can be looked at. */
  async store(stack: string, keys: StateKeys | null, sealing?: Sealing): Promise<Store> {
    const { storeOf } = await import('../engine/storage.ts');
    return storeOf(this.outside, await this.project(), stack, keys, sealing);
  }

  /** What that store is opened with, for a command that works on the files themselves. */
  async storeOptions(stack: string, keys: StateKeys | null): Promise<StoreOptions> {
    const { storeOptions } = await import('../engine/storage.ts');
    return storeOptions(this.outside, await this.project(), stack, keys);
  }

  /** The engine: with the sandbox behind it where the flag or the project says so. One for all stacks of a command. */
  engine(): Promise<Engine> {
    this.#engine ??= this.#openEngine();
    return this.#engine;
  }

  async #openEngine(): Promise<Engine> {
    const { outside } = this;
    const project = await this.project();
    const { clouds, files, clock, random, processes, environment, process, home, version } = outside;
    const { credentialReader } = await import('../engine/connect.ts');
    const readText = credentialReader(files, this.folder, home);
    const storage = { clouds, files, clock, random, process, environment, home, version };
    const base = { ...storage, processes, readText, http: outside.http() };
    const { sandboxOf } = await import('../engine/project.ts');
    const { enabled, options } = sandboxOf(project.settings);
    if (!(this.#flags.sandbox ?? enabled)) return { ...base, override: () => null, sandbox: false };
    const { openSandbox } = await import('../emulator/sandbox.ts');
    const sandbox = await openSandbox({
      clouds,
      folder: resolve(this.folder, '.keyform'),
      files: outside.emulatorFiles,
      clock,
      random,
      pid: process.pid,
      alive: process.alive,
      options,
      onWait: () => outside.terminal.err('Waiting for another command that uses the sandbox.\n'),
    });
    outside.onExit(() => sandbox.close());
    if (sandbox.reused && Object.keys(options).length > 0) {
      outside.terminal.err(
        'Another command runs the sandbox already: its options are in force, whatever cdktf.json says.\n',
      );
    }
    return { ...base, override: (cloud) => sandbox.settings(cloud.name), sandbox: true };
  }
}

/** A flag that may be given several times, as a list. */
export function list(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

/** A flag that must be a whole number of at least `least`. Throws `invalid-usage`. */
export function wholeNumber(flag: string, value: string | undefined, fallback: number, least: number): number {
  if (value === undefined) return fallback;
  const number = Number(value);
  if (/^[0-9]+$/.test(value) && number >= least) return number;
  throw new KeyformError('invalid-usage', `-${flag} must be a whole number of at least ${least}`, {
    detail: `It is "${value.slice(0, 40)}".`,
  });
}

/** What a command comes to: the exit code, and errors to print. */
export interface Outcome {
  /** 0: nothing to do, or done; 1: error; 2: changes or drift, where asked. That of the child, of a command that runs one in its place. */
  readonly code: number;
  readonly diagnostics?: readonly Diagnostic[];
}

export const DONE: Outcome = { code: 0 };
