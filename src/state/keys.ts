import { KeyformError } from '../core/error.ts';
import { Secret } from '../core/secret.ts';
import { recipientOf } from './age.ts';

/** age's X25519 identity as `age-keygen` prints it, and the post-quantum kind of `age-keygen -pq` (bech32, upper case). */
const IDENTITY = /^AGE-SECRET-KEY-(?:PQ-)?1[02-9AC-HJ-NP-Z]{58}$/;
const RECIPIENT = /^age1(?:(?:pq|tag|tagpq)1)?[02-9ac-hj-np-z]{20,}$/;

/** What opens the state of a project, and whom it is sealed for. Made by {@link stateKeys}. */
export interface StateKeys {
  /** age identities (`AGE-SECRET-KEY-…`); each is tried. */
  readonly identities: readonly Secret[];
  /** Opens, and where set also seals. */
  readonly passphrase: Secret | null;
  /** Whom new snapshots are sealed for. Empty: whoever the state is sealed for now, or else the identities themselves. */
  readonly recipients: readonly string[];
}

/** How to seal one file: for age recipients (at least one), or under a passphrase; age allows no mixture. */
export type Sealing = { readonly recipients: readonly string[] } | { readonly passphrase: Secret };

/** What may open a sealed file. */
export type Opening = Pick<StateKeys, 'identities' | 'passphrase'>;

/**
 * The age identities in `text`, one a line, in the form of age-keygen: blank lines and lines from `#` on do not count.
 * `source` names the text in messages, which quote a line's number and never its content. Throws `no-identity` when there
 * is none, or when a line is something else. A slip inside an identity (its checksum) shows only when it is used.
 */
export function parseIdentities(text: string, source: string): readonly Secret[] {
  if (/^(age-encryption\.org\/|-----BEGIN AGE ENCRYPTED)/.test(text)) {
    throw new KeyformError('no-identity', `${source} is itself encrypted`, {
      detail: `Open it first, for example: age -d ${source} > a file that only you can read; then name that file.`,
    });
  }
  const identities: Secret[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (!IDENTITY.test(line)) {
      throw new KeyformError('no-identity', `${source}, line ${index + 1}: not an age identity (${kindOfLine(line)})`, {
        detail: 'Each line must be AGE-SECRET-KEY-1… or AGE-SECRET-KEY-PQ-1… as age-keygen writes it, or a # comment.',
      });
    }
    identities.push(new Secret(line));
  }
  if (identities.length === 0) {
    throw new KeyformError('no-identity', `${source} holds no age identity`, {
      detail: 'It must have a line AGE-SECRET-KEY-1…; age-keygen or keyform init makes one.',
    });
  }
  return identities;
}

function kindOfLine(line: string): string {
  if (line.startsWith('AGE-PLUGIN-')) return 'plugin identities are not supported';
  if (line.startsWith('ssh-') || line.includes('PRIVATE KEY')) return 'SSH keys are not supported';
  if (line.startsWith('age1')) return 'this is a recipient, the public half';
  if (/^age-secret-key-/i.test(line)) return 'wrong length or letters, or not upper case';
  return 'unknown form';
}

/** Whether a recipient (`age1…`) is of a kind that a quantum computer is not known to break. */
export function isPostQuantum(recipient: string): boolean {
  return /^age1(?:pq|tagpq)1/.test(recipient);
}

/**
 * Checks age recipients (`age1…`, also `age1pq1…`) by their form and drops repeated ones. Throws `invalid-configuration`, also
 * for a mixture of post-quantum and classic ones. age's specification says that one file should not be sealed for both, since
 * it would be as weak as the weaker; the program age refuses to, and age-encryption does not look.
 */
export function parseRecipients(values: readonly string[], source: string): readonly string[] {
  for (const value of values) {
    if (RECIPIENT.test(value)) continue;
    const secret = /^age-secret-key-/i.test(value);
    throw new KeyformError(
      'invalid-configuration',
      secret
        ? `${source}: an age identity stands where a recipient should be`
        : `${source}: "${value.slice(0, 80)}" is not an age recipient`,
      {
        detail: secret
          ? 'Identities are secret, and this one was written where others may read it: make a new one, and put its public half (age1…) here.'
          : 'A recipient starts with age1 and is in lower case; age-keygen -y prints the one of an identity.',
      },
    );
  }
  refuseMixture(values, source);
  return [...new Set(values)];
}

function refuseMixture(recipients: readonly string[], source: string): void {
  const strong = recipients.filter(isPostQuantum);
  if (strong.length === 0 || strong.length === recipients.length) return;
  const weak = recipients.find((recipient) => !isPostQuantum(recipient)) ?? '';
  throw new KeyformError('invalid-configuration', `${source}: post-quantum and other recipients are mixed`, {
    detail: `What is sealed for both is no safer than for the weaker kind, and the program age refuses it. Take ${briefly(weak)} away, or ${briefly(strong[0] ?? '')} and those of its kind.`,
  });
}

/** A recipient for people: the post-quantum kind has 1,959 letters, of which the first and last tell it from others. */
export function briefly(recipient: string): string {
  return recipient.length <= 80 ? recipient : `${recipient.slice(0, 20)}…${recipient.slice(-6)}`;
}

/** A recipient in the middle of a sentence: `age1qqqqqqqq…abcdef`. */
export function shortly(recipient: string): string {
  return recipient.length <= 24
    ? recipient
    : `${recipient.slice(0, isPostQuantum(recipient) ? 16 : 12)}…${recipient.slice(-6)}`;
}

/** Fewest letters of a new passphrase: five of the shortest words of a word list. Any opens what it sealed once. */
const SHORTEST = 12;

/**
 * Refuses a passphrase that is to seal something from now on and can be guessed at once; `source` begins the message. It is a floor and
 * no measure: the program age looks at nothing but emptiness. Throws `invalid-usage`, and never quotes it.
 */
export function refuseWeak(passphrase: Secret, source: string): void {
  const letters = [...passphrase.reveal().trim()];
  const why =
    letters.length === 0
      ? 'is empty'
      : letters.length < SHORTEST
        ? `is shorter than ${SHORTEST} letters`
        : new Set(letters).size < 3
          ? 'is one letter or two, repeated'
          : null;
  if (why === null) return;
  throw new KeyformError('invalid-usage', `${source} ${why}`, {
    detail:
      'Whoever gets the file can try passphrases on it for as long as they like. Take five words or more by chance, as "age -p" proposes them. Nothing was done.',
  });
}

/** Puts keys together. Throws `invalid-configuration` for a passphrase beside recipients or identities: age seals a file
 * either under one passphrase or for recipients, so it would not be clear which. Null when nothing at all is given. */
export function stateKeys(options: {
  readonly identities: readonly Secret[];
  readonly passphrase: Secret | null;
  readonly recipients: readonly string[];
}): StateKeys | null {
  const { identities, passphrase, recipients } = options;
  if (passphrase !== null && passphrase.reveal() === '') {
    throw new KeyformError('invalid-configuration', 'The passphrase is empty', {
      detail: 'Give one that nobody can guess, such as five random words.',
    });
  }
  if (passphrase !== null && (recipients.length > 0 || identities.length > 0)) {
    throw new KeyformError(
      'invalid-configuration',
      `A passphrase and ${recipients.length > 0 ? 'recipients' : 'an identity'} are both given`,
      {
        detail:
          'An age file is sealed either under one passphrase or for recipients, never both. Take one of the two away.',
      },
    );
  }
  if (passphrase === null && identities.length === 0) return null;
  return { identities, passphrase, recipients };
}

/**
 * How to seal what replaces a state that was sealed for `previous` (empty: a new state, or one under a passphrase).
 * With no recipients named, a new state is sealed for all identities at hand, or, if there are post-quantum ones, for those.
 * Throws `invalid-configuration` when the named recipients leave out everyone whose identity is at hand: the state could
 * then be written but never read again here.
 */
export async function sealingFor(keys: StateKeys, previous: readonly string[]): Promise<Sealing> {
  if (keys.passphrase !== null) return { passphrase: keys.passphrase };
  const own = [...new Set(await Promise.all(keys.identities.map((identity) => identityToRecipient(identity))))];
  if (keys.recipients.length > 0) {
    if (keys.recipients.some((recipient) => own.includes(recipient))) return { recipients: keys.recipients };
    throw new KeyformError('invalid-configuration', 'The identity in use is not among the recipients of the state', {
      detail: `What is written now could not be read again. Add its recipient: ${own.map(briefly).join(', ')}${own.some(isPostQuantum) ? ' ("age-keygen -y" prints it whole)' : ''}`,
    });
  }
  if (previous.length === 0) {
    // Both kinds may not be mixed. They are all one person's, so sealing for some leaves nobody out.
    const strong = own.filter(isPostQuantum);
    return { recipients: strong.length > 0 ? strong : own };
  }
  if (previous.some((recipient) => own.includes(recipient))) return { recipients: previous };
  // A snapshot that opened with an identity that its list does not name was sealed anew by hand: keep that person in.
  return { recipients: parseRecipients([...previous, ...own], 'The recipients of the state, with those in use') };
}

/** The recipient (`age1…`) of an identity. Throws `no-identity` when its checksum is wrong. */
export async function identityToRecipient(identity: Secret): Promise<string> {
  const plain = recipientOf(identity);
  if (plain !== null) return plain;
  const age = await import('age-encryption');
  try {
    return await age.identityToRecipient(identity.reveal());
  } catch {
    // Without the cause: a decoder's message may quote what it could not decode.
    throw new KeyformError('no-identity', 'The age identity has a slip in it: its checksum does not fit', {
      detail: 'Copy it again, whole, from where it is kept.',
    });
  }
}

/** A new age identity: X25519, or the post-quantum hybrid, which age opens from version 1.3 on. Chance is age's own. */
export async function generateIdentity(kind: 'x25519' | 'post-quantum' = 'x25519'): Promise<{
  readonly identity: Secret;
  readonly recipient: string;
}> {
  const age = await import('age-encryption');
  const text = await (kind === 'x25519' ? age.generateX25519Identity() : age.generateHybridIdentity());
  return { identity: new Secret(text), recipient: await age.identityToRecipient(text) };
}

/** An identity file as age-keygen writes it. The result holds the identity in the clear: write it with mode 0600. */
export function identityFile(made: { readonly identity: Secret; readonly recipient: string }, now: number): Secret {
  const created = new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
  return new Secret(`# created: ${created}\n# public key: ${made.recipient}\n${made.identity.reveal()}\n`);
}
