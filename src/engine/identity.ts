import { join, resolve } from 'node:path';
import { KeyformError } from '../core/error.ts';
import type { Environment, Files } from '../core/port.ts';
import { Secret } from '../core/secret.ts';
import { parseIdentities, parseRecipients, type StateKeys, stateKeys } from '../state/keys.ts';
import { readInput } from './input.ts';

/** Where the keys of the state may come from. */
export interface IdentityOptions {
  readonly environment: Environment;
  readonly files: Files;
  /** Folder that relative file names start from. */
  readonly folder: string;
  /** The user's home folder. */
  readonly home: string;
  /** From `-identity-file`; each must exist. */
  readonly identityFiles: readonly string[];
  /** From cdktf.json. */
  readonly recipients: readonly string[];
  /** Asks on the terminal; null where there is none. Called only when nothing else gives a key. */
  readonly askPassphrase: (() => Promise<Secret>) | null;
}

/** The identity file that is used when nothing else is named: one for all projects of a user, as sops keeps it. */
export function defaultIdentityFile(environment: Environment, home: string): string {
  const folder = environment.XDG_CONFIG_HOME;
  return join(folder !== undefined && folder !== '' ? folder : join(home, '.config'), 'keyform', 'identity.txt');
}

/**
 * Finds what opens and seals the state: `-identity-file`, `KEYFORM_IDENTITY` (an identity itself, or the name of a file),
 * `KEYFORM_PASSPHRASE`, then the user's own identity file, then a question on the terminal. Null when there is nothing.
 * Throws `no-identity` for a file that is missing or holds none, `invalid-configuration` for a mixture that age does not allow.
 */
export async function findKeys(options: IdentityOptions): Promise<StateKeys | null> {
  const { environment, files } = options;
  const recipients = parseRecipients(options.recipients, 'context.keyform.recipients in cdktf.json');
  const identities: Secret[] = [];
  for (const file of options.identityFiles) identities.push(...(await identitiesIn(file, '-identity-file', options)));
  const inline = environment.KEYFORM_IDENTITY ?? '';
  if (/AGE-SECRET-KEY-/i.test(inline)) identities.push(...parseIdentities(inline, 'KEYFORM_IDENTITY'));
  else if (inline !== '') identities.push(...(await identitiesIn(inline, 'KEYFORM_IDENTITY', options)));
  const passphrase = environment.KEYFORM_PASSPHRASE ?? '';
  if (passphrase !== '') return stateKeys({ identities, passphrase: new Secret(passphrase), recipients });
  if (identities.length === 0) {
    const own = defaultIdentityFile(environment, options.home);
    const bytes = await readInput(files, own, own);
    if (bytes !== null) identities.push(...parseIdentities(new TextDecoder().decode(bytes), own));
  }
  if (identities.length === 0 && recipients.length === 0 && options.askPassphrase !== null) {
    return stateKeys({ identities, passphrase: await options.askPassphrase(), recipients });
  }
  return stateKeys({ identities, passphrase: null, recipients });
}

async function identitiesIn(file: string, origin: string, options: IdentityOptions): Promise<readonly Secret[]> {
  const bytes = await readInput(options.files, resolve(options.folder, file), file);
  if (bytes === null) {
    throw new KeyformError('no-identity', `There is no identity file ${file}`, {
      detail: `${origin} names it. "keyform init" or age-keygen makes one.`,
    });
  }
  return parseIdentities(new TextDecoder().decode(bytes), file);
}
