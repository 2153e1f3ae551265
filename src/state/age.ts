import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import type { Secret } from '../core/secret.ts';

// age v1, https://github.com/C2SP/C2SP/blob/main/age.md, as far as most runs need it: binary files for X25519 recipients. It is here
// beside age-encryption because loading that library, with its primitives in JavaScript, takes several times as long as opening
// and sealing a small snapshot, and a big one takes it ten times as long. It makes no error of its own: whatever is not plain is
// left to the library.

/** What {@link openX25519} found. */
export type Opened =
  /** The header's MAC and every chunk are authentic; `bytes` is the whole plaintext. */
  | { readonly kind: 'opened'; readonly bytes: Uint8Array }
  /** The header is well formed, has X25519 stanzas only, and none of them is for these identities. Its MAC is not checked: only
   * the file's key could, so a damaged stanza looks like this too. The library says "no identity matched" of the same. */
  | { readonly kind: 'not-mine' }
  /** Something is not the plain case, or a check failed. Ask age-encryption, which gives the answer or the error. */
  | { readonly kind: 'undecided' };

const UNDECIDED: Opened = { kind: 'undecided' };

/** Stanza types of age itself that other keys open. An scrypt stanza must be alone; the others are the library's to judge. */
const OTHER_TYPES = /^(?:scrypt$|ssh-|mlkem768|p256tag$)/;

const VERSION = 'age-encryption.org/v1';
const CHUNK = 64 * 1024;
const TAG = 16;
const FILE_KEY = 16;
const NONCE = 16;

/**
 * Opens `file`, a whole age v1 file in binary form, with X25519 `identities` (`AGE-SECRET-KEY-1…`); each is tried. Stanzas of
 * unknown types (GREASE, plugins) do not hinder one that matches. Never throws, and never gives plaintext that is not
 * authentic and whole. `undecided` for any other form of file (armor, another version, a stanza or a byte out of place),
 * for a stanza type in {@link OTHER_TYPES}, and when any of `identities` is post-quantum, has a slip in it, or there is none.
 */
export function openX25519(file: Uint8Array, identities: readonly Secret[]): Opened {
  try {
    const header = parseHeader(Buffer.from(file.buffer, file.byteOffset, file.byteLength));
    if (header === null) return UNDECIDED;
    const keys: X25519Key[] = [];
    for (const identity of identities) {
      const scalar = decodeIdentity(identity.reveal());
      if (scalar === null) return UNDECIDED;
      keys.push(x25519Key(scalar));
    }
    if (keys.length === 0) return UNDECIDED;
    const fileKey = findFileKey(keys, header.stanzas);
    if (fileKey === null) return header.others ? UNDECIDED : { kind: 'not-mine' };
    if (!timingSafeEqual(macOf(fileKey, header.authentic), header.mac)) return UNDECIDED;
    const bytes = openPayload(fileKey, header.payload);
    return bytes === null ? UNDECIDED : { kind: 'opened', bytes };
  } catch {
    // What node:crypto refuses (a share of low order, an algorithm that a FIPS build lacks): the library has the last word.
    return UNDECIDED;
  }
}

/**
 * Seals `bytes` as an age v1 file in binary form for X25519 `recipients` (`age1…`). Null when any of them is of another kind or
 * has a slip in it, or there is none: age-encryption then has the answer or the error.
 */
export function sealX25519(bytes: Uint8Array, recipients: readonly string[]): Uint8Array | null {
  try {
    const fileKey = randomBytes(FILE_KEY);
    const stanzas: string[] = [];
    for (const text of recipients) {
      const recipient = decodeBech32(text, 'age');
      if (recipient === null) return null;
      const jwk = { kty: 'OKP', crv: 'X25519', x: recipient.toString('base64url') };
      const ephemeral = generateKeyPairSync('x25519');
      const share = rawPublicKey(ephemeral.publicKey);
      const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
      const wrapKey = wrapKeyOf(diffieHellman({ privateKey: ephemeral.privateKey, publicKey }), share, recipient);
      stanzas.push(`-> X25519 ${encodeBase64(share)}\n${encodeBase64(encrypt(wrapKey, Buffer.alloc(12), fileKey))}\n`);
    }
    if (stanzas.length === 0) return null;
    const authentic = Buffer.from(`${VERSION}\n${stanzas.join('')}---`, 'latin1');
    const mac = Buffer.from(` ${encodeBase64(macOf(fileKey, authentic))}\n`, 'latin1');
    return Buffer.concat([authentic, mac, sealPayload(fileKey, bytes)]);
  } catch {
    // As above: a recipient of low order, or an OpenSSL without one of the algorithms.
    return null;
  }
}

/** What follows an age header, for the file key that is in it (16 bytes): a nonce, then `bytes` in sealed chunks. */
export function sealPayload(fileKey: Uint8Array, bytes: Uint8Array): Uint8Array {
  const salt = randomBytes(NONCE);
  const key = hkdf(fileKey, salt, 'payload');
  // Only a file of nothing has an empty chunk.
  const chunks = Math.max(1, Math.ceil(bytes.length / CHUNK));
  const payload = Buffer.allocUnsafeSlow(NONCE + bytes.length + chunks * TAG);
  salt.copy(payload);
  for (let index = 0, at = NONCE; index < chunks; index++) {
    const nonce = chunkNonce(index, index === chunks - 1);
    at += encrypt(key, nonce, bytes.subarray(index * CHUNK, (index + 1) * CHUNK)).copy(payload, at);
  }
  return payload;
}

/** Length of what {@link sealPayload} makes of nothing. */
export const EMPTY_PAYLOAD = NONCE + TAG;

/** The recipient (`age1…`) of an X25519 identity; null when it is of another kind or has a slip in it. */
export function recipientOf(identity: Secret): string | null {
  const scalar = decodeIdentity(identity.reveal());
  return scalar === null ? null : encodeBech32(x25519Key(scalar).recipient, 'age');
}

interface X25519Stanza {
  /** The sender's ephemeral public key, 32 bytes. */
  readonly share: Buffer;
  /** The file key under ChaCha20-Poly1305: 16 bytes and the tag. */
  readonly body: Buffer;
}

interface Header {
  /** At least one. */
  readonly stanzas: readonly X25519Stanza[];
  /** There are stanzas of unknown types besides. */
  readonly others: boolean;
  /** The bytes that the MAC is of: from the start to and with `---`. */
  readonly authentic: Buffer;
  /** 32 bytes. */
  readonly mac: Buffer;
  /** Everything after the header: nonce and chunks. */
  readonly payload: Buffer;
}

/** The header, checked as strictly as the specification asks; null when it is not one that is decided here. */
function parseHeader(file: Buffer): Header | null {
  let at = 0;
  const nextLine = (): string | null => {
    const end = file.indexOf(0x0a, at);
    if (end < 0) return null;
    const line = file.toString('latin1', at, end);
    at = end + 1;
    return line;
  };
  if (nextLine() !== VERSION) return null;
  const stanzas: X25519Stanza[] = [];
  let others = false;
  for (;;) {
    const start = at;
    const line = nextLine();
    if (line === null) return null;
    if (line.startsWith('--- ')) {
      const mac = decodeBase64(line.slice(4), 32);
      if (mac === null || stanzas.length === 0) return null;
      return { stanzas, others, authentic: file.subarray(0, start + 3), mac, payload: file.subarray(at) };
    }
    // Arguments: one or more, each of one or more visible ASCII characters, one space between.
    if (!/^->(?: [!-~]+)+$/.test(line)) return null;
    const [type = '', share = '', ...rest] = line.slice(3).split(' ');
    if (OTHER_TYPES.test(type)) return null;
    // The body: lines of 48 bytes (64 characters), then one that is shorter, perhaps empty.
    const lines: Buffer[] = [];
    for (let full = true; full; ) {
      const text = nextLine();
      const bytes = text === null || text.length > 64 ? null : decodeBase64(text);
      if (bytes === null) return null;
      lines.push(bytes);
      full = bytes.length === 48;
    }
    if (type !== 'X25519') {
      others = true;
      continue;
    }
    // 32 bytes fit on the first line, so a body of several lines is too long, as its first line is.
    const [body] = lines;
    const shareBytes = decodeBase64(share, 32);
    if (shareBytes === null || rest.length > 0 || body?.length !== FILE_KEY + TAG) return null;
    stanzas.push({ share: shareBytes, body });
  }
}

/** Unpadded standard Base64 in canonical form (the bits left over are 0), of `length` bytes where given; else null. */
function decodeBase64(text: string, length?: number): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  // Node passes over what is not Base64 and takes the URL alphabet too; encoding again shows any of it.
  if (bytes.toString('base64').replace(/=+$/, '') !== text) return null;
  return length === undefined || bytes.length === length ? bytes : null;
}

interface X25519Key {
  readonly privateKey: KeyObject;
  /** 32 bytes. */
  readonly recipient: Buffer;
}

function encodeBase64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

/** The DER of a PKCS #8 private key of X25519 (RFC 8410), up to its 32 bytes. A JWK would have to name the public half too. */
const PKCS8 = '302e020100300506032b656e04220420';

function x25519Key(scalar: Buffer): X25519Key {
  const der = Buffer.concat([Buffer.from(PKCS8, 'hex'), scalar]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return { privateKey, recipient: rawPublicKey(createPublicKey(privateKey)) };
}

/** The 32 bytes of an X25519 public key. */
function rawPublicKey(key: KeyObject): Buffer {
  // JWK is half a millisecond quicker than DER here, the first time.
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
}

/** What wraps the file key. Throws for a share or a recipient of low order. */
function wrapKeyOf(secret: Buffer, share: Buffer, recipient: Buffer): Buffer {
  // OpenSSL refuses it by itself; age demands the check, so it shall not hang on OpenSSL's version.
  if (secret.every((byte) => byte === 0)) throw new Error('the shared secret is zero');
  return hkdf(secret, Buffer.concat([share, recipient]), 'age-encryption.org/v1/X25519');
}

/** The file key in the first stanza that is for one of `keys`; null when none is. Throws for a share of low order. */
function findFileKey(keys: readonly X25519Key[], stanzas: readonly X25519Stanza[]): Buffer | null {
  for (const { share, body } of stanzas) {
    const jwk = { kty: 'OKP', crv: 'X25519', x: share.toString('base64url') };
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
    for (const { privateKey, recipient } of keys) {
      const wrapKey = wrapKeyOf(diffieHellman({ privateKey, publicKey }), share, recipient);
      const fileKey = unseal(wrapKey, Buffer.alloc(12), body);
      if (fileKey !== null) return fileKey;
    }
  }
  return null;
}

/** The plaintext of the STREAM; null when it is cut off, changed, has something after its end, or ends in an empty chunk. */
function openPayload(fileKey: Buffer, payload: Buffer): Uint8Array | null {
  if (payload.length < NONCE + TAG) return null;
  const key = hkdf(fileKey, payload.subarray(0, NONCE), 'payload');
  const stream = payload.subarray(NONCE);
  const chunks = Math.ceil(stream.length / (CHUNK + TAG));
  const lastLength = stream.length - (chunks - 1) * (CHUNK + TAG);
  // Only a file of nothing has an empty chunk; a rest that is shorter than a tag is none at all.
  if (lastLength < TAG || (lastLength === TAG && chunks > 1)) return null;
  const bytes = new Uint8Array(stream.length - chunks * TAG);
  for (let index = 0; index < chunks; index++) {
    const start = index * (CHUNK + TAG);
    const chunk = unseal(key, chunkNonce(index, index === chunks - 1), stream.subarray(start, start + CHUNK + TAG));
    if (chunk === null) return null;
    bytes.set(chunk, index * CHUNK);
  }
  return bytes;
}

/** A counter of 11 bytes, big-endian (4 of them reach to 256 TiB), then 1 for the last chunk. */
function chunkNonce(index: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(index, 7);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

/** The header's MAC. */
function macOf(fileKey: Uint8Array, authentic: Buffer): Buffer {
  return createHmac('sha256', hkdf(fileKey, new Uint8Array(0), 'header'))
    .update(authentic)
    .digest();
}

function hkdf(secret: Uint8Array, salt: Uint8Array, info: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, info, 32));
}

/** ChaCha20-Poly1305 without additional data: the ciphertext, then the tag. */
function encrypt(key: Buffer, nonce: Buffer, bytes: Uint8Array): Buffer {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG });
  return Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

/** The opposite of {@link encrypt}; null when the tag is another. */
function unseal(key: Buffer, nonce: Buffer, sealed: Buffer): Buffer | null {
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG });
  decipher.setAuthTag(sealed.subarray(-TAG));
  const bytes = decipher.update(sealed.subarray(0, -TAG));
  try {
    decipher.final();
  } catch {
    return null;
  }
  return bytes;
}

// Bech32, https://github.com/bitcoin/bips/blob/master/bip-0173.mediawiki, of 32 bytes.

const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
/** 32 bytes are 52 letters of 5 bits, the last with 4 bits to spare. */
const DATA_LETTERS = 52;
const CHECKSUM_LETTERS = 6;

/** The 32 bytes of an X25519 identity, in upper case as age writes it; null for anything else or a wrong checksum. */
function decodeIdentity(text: string): Buffer | null {
  return text === text.toUpperCase() ? decodeBech32(text.toLowerCase(), 'age-secret-key-') : null;
}

/** The 32 bytes of `text`, which is in lower case; null for anything else, another prefix, or a wrong checksum. */
function decodeBech32(text: string, prefix: string): Buffer | null {
  const letters = text.slice(prefix.length + 1);
  if (!text.startsWith(`${prefix}1`) || letters.length !== DATA_LETTERS + CHECKSUM_LETTERS) return null;
  const words = Array.from(letters, (letter) => ALPHABET.indexOf(letter));
  if (words.includes(-1) || polymod(prefix, words) !== 1) return null;
  const bytes = Buffer.alloc(32);
  let held = 0;
  let bits = 0;
  let length = 0;
  for (const word of words.slice(0, DATA_LETTERS)) {
    held = ((held << 5) | word) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[length++] = (held >> bits) & 0xff;
  }
  return (held & 0xf) === 0 ? bytes : null;
}

/** `bytes`, 32 of them, as text in lower case. */
function encodeBech32(bytes: Buffer, prefix: string): string {
  const words: number[] = [];
  let held = 0;
  let bits = 0;
  for (const byte of [...bytes, 0]) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5 && words.length < DATA_LETTERS) {
      bits -= 5;
      words.push((held >> bits) & 0x1f);
    }
  }
  const check = polymod(prefix, [...words, ...new Array<number>(CHECKSUM_LETTERS).fill(0)]) ^ 1;
  for (let index = CHECKSUM_LETTERS - 1; index >= 0; index--) words.push((check >> (5 * index)) & 0x1f);
  return `${prefix}1${words.map((word) => ALPHABET.charAt(word)).join('')}`;
}

function polymod(prefix: string, words: readonly number[]): number {
  // The prefix counts as the high bits of its characters, a zero, the low bits.
  const codes = Array.from(prefix, (letter) => letter.charCodeAt(0));
  let check = 1;
  for (const word of [...codes.map((c) => c >> 5), 0, ...codes.map((c) => c & 31), ...words]) {
    const top = check >> 25;
    check = ((check & 0x1ffffff) << 5) ^ word;
    for (const [bit, value] of GENERATOR.entries()) if ((top >> bit) & 1) check ^= value;
  }
  return check;
}
