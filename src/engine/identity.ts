import { join, relative, resolve, sep } from 'node:path';
import { KeyformError } from '../core/error.ts';
import type { Environment, Files, Processes } from '../core/port.ts';
import { Secret } from '../core/secret.ts';
import { type Opening, parseIdentities, parseRecipients, type StateKeys, stateKeys } from '../state/keys.ts';
import { readInput } from './input.ts';

/** Where the keys of the state may come from. */
export interface IdentityOptions {
  readonly environment: Environment;
  readonly files: Files;
  readonly processes: Processes;
  /** Folder that relative file names start from, and in which commands run. */
  readonly folder: string;
  /** The user's home folder. */
  readonly home: string;
  /** From `-identity-file`; each must exist. */
  readonly identityFiles: readonly string[];
  /** From `-identity-command`: shell command lines. */
  readonly identityCommands: readonly string[];
  /** From cdktf.json. */
  readonly recipients: readonly string[];
  /** Given what a command writes on its standard error, as it comes. */
  readonly onStderr: (text: string) => void;
  /** Ends a command that is under way. */
  readonly signal?: AbortSignal;
  /** Asks on the terminal; null where there is none. Called only when nothing else gives a key. */
  readonly askPassphrase: (() => Promise<Secret>) | null;
}

/** Keys as they were found. */
export interface Found<T> {
  readonly keys: T;
  /** Absolute names of the files that every identity in use is from; empty when one of them is from elsewhere, or there is none. */
  readonly files: readonly string[];
}

/** The identity file that is used when nothing else is named: one for all projects of a user, as sops keeps it. */
export function defaultIdentityFile(environment: Environment, home: string): string {
  const folder = environment.XDG_CONFIG_HOME;
  return join(folder !== undefined && folder !== '' ? folder : join(home, '.config'), 'keyform', 'identity.txt');
}

/**
 * Finds what opens and seals the state. The first of these that gives something counts: `-identity-file` and `-identity-command`
 * (all of them); `KEYFORM_IDENTITY` (an identity itself, or the name of a file), `KEYFORM_IDENTITY_COMMAND` and
 * `KEYFORM_PASSPHRASE`; the user's own identity file; a question on the terminal. Keys are null when there is nothing.
 *
 * Throws `no-identity` for a file that is missing or holds none, and for a command that fails or prints none;
 * `invalid-configuration` for a mixture that age does not allow; the signal's reason.
 */
export async function findKeys(options: IdentityOptions): Promise<Found<StateKeys | null>> {
  const recipients = parseRecipients(options.recipients, 'context.keyform.recipients in cdktf.json');
  const asked = await fromFlags(options);
  const sources = asked.length > 0 ? asked : await fromEnvironment(options);
  let passphrase = asked.length > 0 ? null : passphraseOf(options.environment, 'KEYFORM_PASSPHRASE');
  if (sources.length === 0 && passphrase === null) sources.push(...(await ownFile(options)));
  if (sources.length === 0 && passphrase === null && recipients.length === 0 && options.askPassphrase !== null) {
    passphrase = await options.askPassphrase();
  }
  return { keys: stateKeys({ identities: identitiesOf(sources), passphrase, recipients }), files: filesOf(sources) };
}

/**
 * Everything at hand that may open a state, for a change of its keys, which takes old and new ones at once: identities from
 * where {@link findKeys} takes them, and beside them `KEYFORM_PASSPHRASE`. Asks nothing. Throws as findKeys does.
 */
export async function findOpening(options: Where): Promise<Found<Opening>> {
  const asked = await fromFlags(options);
  const named = asked.length > 0 ? asked : await fromEnvironment(options);
  const sources = named.length > 0 ? named : await ownFile(options);
  const passphrase = passphraseOf(options.environment, 'KEYFORM_PASSPHRASE');
  return { keys: { identities: identitiesOf(sources), passphrase }, files: filesOf(sources) };
}

/** A passphrase from the environment; null when the variable is not set or empty. */
export function passphraseOf(environment: Environment, name: string): Secret | null {
  const text = environment[name] ?? '';
  return text === '' ? null : new Secret(text);
}

/**
 * The real paths of identity files, if every one of them lies inside one of `folders`, which are compared by their real paths too;
 * else none. A file that is gone by now counts as outside.
 */
export async function filesInside(
  files: readonly string[],
  folders: readonly string[],
  realPath: (path: string) => Promise<string>,
): Promise<readonly string[]> {
  const real = (path: string) => realPath(path).catch(() => null);
  const roots = (await Promise.all(folders.map(real))).filter((root) => root !== null);
  const inside: string[] = [];
  for (const file of files) {
    const found = await real(file);
    if (found === null || !roots.some((root) => isInside(found, root))) return [];
    inside.push(found);
  }
  return inside;
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && resolve(folder, way) === path;
}

interface Source {
  readonly identities: readonly Secret[];
  /** Absolute; null for one that is no file. */
  readonly file: string | null;
}

type Where = Omit<IdentityOptions, 'recipients' | 'askPassphrase'>;

async function fromFlags(options: Where): Promise<Source[]> {
  const sources: Source[] = [];
  for (const file of options.identityFiles) sources.push(await inFile(file, '-identity-file', options));
  for (const command of options.identityCommands) {
    sources.push({ identities: await inOutput(command, '-identity-command', options), file: null });
  }
  return sources;
}

async function fromEnvironment(options: Where): Promise<Source[]> {
  const sources: Source[] = [];
  const inline = options.environment.KEYFORM_IDENTITY ?? '';
  if (/AGE-SECRET-KEY-/i.test(inline)) {
    sources.push({ identities: parseIdentities(inline, 'KEYFORM_IDENTITY'), file: null });
  } else if (inline !== '') sources.push(await inFile(inline, 'KEYFORM_IDENTITY', options));
  const command = options.environment.KEYFORM_IDENTITY_COMMAND ?? '';
  if (command !== '') {
    sources.push({ identities: await inOutput(command, 'KEYFORM_IDENTITY_COMMAND', options), file: null });
  }
  return sources;
}

async function ownFile(options: Where): Promise<Source[]> {
  const own = defaultIdentityFile(options.environment, options.home);
  const bytes = await readInput(options.files, own, own);
  return bytes === null ? [] : [{ identities: parseIdentities(new TextDecoder().decode(bytes), own), file: own }];
}

async function inFile(file: string, origin: string, options: Where): Promise<Source> {
  const path = resolve(options.folder, file);
  const bytes = await readInput(options.files, path, file);
  if (bytes === null) {
    throw new KeyformError('no-identity', `There is no identity file ${file}`, {
      detail: `${origin} names it. "keyform init" or age-keygen makes one.`,
    });
  }
  return { identities: parseIdentities(new TextDecoder().decode(bytes), file), file: path };
}

/** No message quotes the output, nor the command: either may hold a secret. */
async function inOutput(command: string, origin: string, options: Where): Promise<readonly Secret[]> {
  const { processes, folder, environment, onStderr, signal } = options;
  const result = await processes
    .run(command, {
      shell: true,
      cwd: folder,
      env: environment,
      onStderr,
      ...(signal === undefined ? {} : { signal }),
    })
    .catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw new KeyformError('no-identity', `The command of ${origin} could not be started`, {
        detail: 'There is no shell to run it, or the project folder is gone.',
        cause,
      });
    });
  if (result.code !== 0) {
    const how = result.code === null ? `was ended by ${result.signal}` : `failed with exit code ${result.code}`;
    throw new KeyformError('no-identity', `The command of ${origin} ${how}`, {
      detail:
        result.code === 127
          ? 'The shell did not find the program. It runs in the project folder, with the PATH of Keyform.'
          : 'What it wrote on standard error stands above. It must print an identity file and exit with code 0; it cannot ask on the terminal.',
    });
  }
  if (result.stdout.trim() === '') {
    throw new KeyformError('no-identity', `The command of ${origin} printed nothing`, {
      detail: 'It must print an identity file: a line AGE-SECRET-KEY-1…, perhaps several, and # comments.',
    });
  }
  if (/^\s*(?:age-encryption\.org\/|-----BEGIN AGE)/.test(result.stdout)) {
    throw new KeyformError('no-identity', `The output of ${origin} is itself encrypted`, {
      detail: 'Let the command open it, for example by "age -d" with an identity that it finds without asking.',
    });
  }
  return parseIdentities(result.stdout, `The output of ${origin}`);
}

function identitiesOf(sources: readonly Source[]): readonly Secret[] {
  return sources.flatMap(({ identities }) => identities);
}

function filesOf(sources: readonly Source[]): readonly string[] {
  const files = sources.flatMap(({ file }) => (file === null ? [] : [file]));
  return files.length === sources.length ? files : [];
}
