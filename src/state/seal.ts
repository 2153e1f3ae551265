import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import type { Identity, Recipient, Stanza } from 'age-encryption';
import { KeyformError } from '../core/error.ts';
import type { Secret } from '../core/secret.ts';
import { EMPTY_PAYLOAD, openX25519, sealPayload, sealX25519 } from './age.ts';
import { damaged } from './format.ts';
import { briefly, type Opening, type Sealing } from './keys.ts';

/** First line of an age v1 file: https://age-encryption.org/v1 */
const MAGIC = 'age-encryption.org/v1\n';

/** log2 of scrypt's N, age's own default: about a second and 256 MiB for each guess, and for each opening. */
const WORK_FACTOR = 18;
/** Highest that is tried when opening (1 GiB of memory); age-encryption's own limit. */
const MAX_WORK_FACTOR = 20;

/**
 * Seals `bytes` as an age v1 file (binary, not armored). age-encryption is loaded only for what is not the plain case, because
 * that takes some 60 ms. `workFactor` is for tests.
 */
export async function seal(bytes: Uint8Array, sealing: Sealing, workFactor = WORK_FACTOR): Promise<Uint8Array> {
  const plain = 'recipients' in sealing ? sealX25519(bytes, sealing.recipients) : null;
  if (plain !== null) return plain;
  const age = await import('age-encryption');
  const encrypter = new age.Encrypter();
  if ('passphrase' in sealing) {
    encrypter.addRecipient(scryptRecipient(sealing.passphrase, workFactor, age.Stanza));
  } else {
    if (sealing.recipients.length === 0) throw new Error('seal needs at least one recipient');
    for (const recipient of sealing.recipients) {
      try {
        encrypter.addRecipient(recipient);
      } catch (cause) {
        throw new KeyformError('invalid-configuration', `The age recipient ${briefly(recipient)} is not valid`, {
          detail: 'There is a slip in it, or it is of a kind that is not supported. Copy it again, whole.',
          cause,
        });
      }
    }
  }
  // The library makes the header, of a file of nothing; what follows it takes the library, in JavaScript, ten times as long.
  const keys: Uint8Array[] = [];
  encrypter.addRecipient({
    wrapFileKey(key) {
      keys.push(Uint8Array.from(key));
      return [];
    },
  });
  const empty = await encrypter.encrypt(new Uint8Array(0));
  const [fileKey] = keys;
  if (fileKey === undefined) throw new Error('age-encryption made no file key');
  return Buffer.concat([empty.subarray(0, -EMPTY_PAYLOAD), sealPayload(fileKey, bytes)]);
}

/**
 * Opens an age v1 file; `what` names it in messages. Throws, in this order of looking: `empty-state` (no byte in it),
 * `no-identity` (`keys` is null), `damaged-state` (header or body broken), `wrong-identity` (whole as far as can be told,
 * but sealed for others). A damaged stanza of the header may look like one for somebody else, because age can check the
 * header only with the key in it: the `wrong-identity` message says so.
 */
export async function open(bytes: Uint8Array, keys: Opening | null, what: string): Promise<Uint8Array> {
  if (bytes.length === 0) {
    throw new KeyformError('empty-state', `${what} is empty (0 bytes)`, {
      detail:
        'Keyform never writes an empty file, so something else cut it off. It is not taken for a state without keys. "keyform state repair" tells what can be saved.',
    });
  }
  if (keys === null) throw noIdentity(what);
  const head = Buffer.from(bytes.subarray(0, 64)).toString('latin1');
  if (!head.startsWith(MAGIC)) {
    const armored = head.startsWith('-----BEGIN AGE');
    throw damaged(
      what,
      armored ? 'is an armored age file; Keyform keeps the binary form' : 'does not start as an age file',
    );
  }
  // The plain case needs no library, whose loading would be a quarter of a plan's time. What is not plainly opened here
  // is the library's to open, or to refuse.
  const plain = openX25519(bytes, keys.identities);
  if (plain.kind === 'opened') return plain.bytes;
  const age = await import('age-encryption');
  const decrypter = new age.Decrypter();
  if (keys.passphrase !== null) decrypter.addIdentity(scryptIdentity(keys.passphrase));
  for (const identity of keys.identities) {
    try {
      decrypter.addIdentity(identity.reveal());
    } catch {
      // Without the cause: a decoder's message may quote what it could not decode.
      throw new KeyformError('no-identity', 'The age identity has a slip in it: its checksum does not fit', {
        detail: 'Copy it again, whole, from where it is kept.',
      });
    }
  }
  try {
    return await collect(await decrypter.decrypt(ReadableStream.from([bytes])));
  } catch (cause) {
    // The library tells this one case by its message only; a test holds the words against an update.
    if (cause instanceof Error && cause.message === "no identity matched any of the file's recipients") {
      throw wrongIdentity(bytes, keys, what);
    }
    throw damaged(what, 'is damaged: it does not decrypt', 'Some bytes changed or are missing.', cause);
  }
}

/**
 * All bytes of a stream. Not the library's own way, which is a `Response`: in Node that loads an HTTP client, and costs a
 * third of the whole start of a plan.
 */
async function collect(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

/** The error for a sealed file met without any key to open it. */
export function noIdentity(what: string): KeyformError {
  return new KeyformError('no-identity', `${what} needs an age identity, and none was found`, {
    detail:
      'Set KEYFORM_IDENTITY to an identity, name a file with -identity-file or a command that prints one with -identity-command, or set KEYFORM_PASSPHRASE for a state under a passphrase. keyform init makes an identity.',
  });
}

function wrongIdentity(bytes: Uint8Array, keys: Opening, what: string): KeyformError {
  // Only to say something helpful: nothing is decided from these unauthenticated lines.
  const underPassphrase = isUnderPassphrase(bytes);
  const detail = underPassphrase
    ? keys.passphrase === null
      ? 'It is sealed under a passphrase: set KEYFORM_PASSPHRASE, or run the command at a terminal, which asks for it. Name no identity then, neither by flags nor in KEYFORM_IDENTITY or KEYFORM_IDENTITY_COMMAND; your own identity file may stay.'
      : 'The passphrase is another one.'
    : keys.passphrase === null
      ? 'It is sealed for other recipients. Use the identity that it was made with, or ask one of its recipients to add yours.'
      : 'It is sealed for age recipients, not under a passphrase: take KEYFORM_PASSPHRASE away, and set KEYFORM_IDENTITY or -identity-file, unless your own identity file is one of theirs.';
  const isOfAnotherKind = underPassphrase === (keys.passphrase === null);
  return new KeyformError(
    'wrong-identity',
    `${what} cannot be opened with this ${keys.passphrase === null ? 'identity' : 'passphrase'}`,
    { detail: isOfAnotherKind ? detail : `${detail} (If it was the right one, the file's header is damaged.)` },
  );
}

/** Whether a sealed file is under a passphrase, as its header says, which nothing vouches for before the file is opened. */
export function isUnderPassphrase(bytes: Uint8Array): boolean {
  const header =
    Buffer.from(bytes.subarray(0, 64 * 1024))
      .toString('latin1')
      .split('\n---', 1)[0] ?? '';
  return /^-> scrypt /m.test(header);
}

// Passphrases: age's scrypt stanza, https://github.com/C2SP/C2SP/blob/main/age.md#scrypt-recipient-stanza. The library's own, in
// JavaScript, blocks the event loop for 1.1 s at work factor 18; this one takes 0.75 s on another thread.

const LABEL = 'age-encryption.org/v1/scrypt';

function scryptRecipient(passphrase: Secret, workFactor: number, stanza: typeof Stanza): Recipient {
  return {
    async wrapFileKey(fileKey) {
      const salt = randomBytes(16);
      const key = await deriveKey(passphrase, salt, workFactor);
      const cipher = createCipheriv('chacha20-poly1305', key, Buffer.alloc(12), { authTagLength: 16 });
      const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
      return [new stanza(['scrypt', base64(salt), String(workFactor)], body)];
    },
  };
}

function scryptIdentity(passphrase: Secret): Identity {
  return {
    async unwrapFileKey(stanzas) {
      const found = stanzas.find((s) => s.args[0] === 'scrypt');
      if (found === undefined) return null;
      const [, saltText, factorText, ...rest] = found.args;
      const salt = Buffer.from(saltText ?? '', 'base64');
      const factor = /^[1-9][0-9]?$/.test(factorText ?? '') ? Number(factorText) : 0;
      // age: alone in its header, or whoever knows another recipient's identity could pass off a file of their own.
      if (stanzas.length !== 1 || rest.length > 0 || salt.length !== 16 || base64(salt) !== saltText || factor === 0) {
        throw new Error('invalid scrypt stanza');
      }
      if (found.body.length !== 32) throw new Error('invalid scrypt stanza');
      if (factor > MAX_WORK_FACTOR) throw new Error('scrypt work factor is too high');
      const key = await deriveKey(passphrase, salt, factor);
      const decipher = createDecipheriv('chacha20-poly1305', key, Buffer.alloc(12), { authTagLength: 16 });
      decipher.setAuthTag(found.body.subarray(16));
      try {
        return new Uint8Array(Buffer.concat([decipher.update(found.body.subarray(0, 16)), decipher.final()]));
      } catch {
        return null;
      }
    },
  };
}

function deriveKey(passphrase: Secret, salt: Uint8Array, workFactor: number): Promise<Buffer> {
  const N = 2 ** workFactor;
  const options = { N, r: 8, p: 1, maxmem: 128 * 8 * (N + 64) };
  return new Promise((resolve, reject) => {
    scrypt(passphrase.reveal(), Buffer.concat([Buffer.from(LABEL), salt]), 32, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}
