import { constants, createPrivateKey, type KeyObject, privateDecrypt } from 'node:crypto';
import { decodeBase64, decodeUtf8 } from './bytes.ts';
import { text } from './signature.ts';
import { FunctionProblem } from './spec.ts';
import { textual } from './textual.ts';

const PEM = /-----BEGIN ([A-Z ]+)-----\r?\n([^-]*)-----END \1-----/;
const MAGIC = 'openssh-key-v1\0';

/** The private key of a PEM text: PKCS #1, PKCS #8 or OpenSSH's own format, none of them encrypted. Throws {@link FunctionProblem}. */
function parseKey(source: string): KeyObject {
  const [pem, label, body = ''] = PEM.exec(source) ?? [];
  if (pem === undefined) throw refusal('no key found: it has to be in PEM format');
  let key: KeyObject;
  try {
    key =
      label === 'OPENSSH PRIVATE KEY'
        ? parseOpenSsh(Buffer.from(body.replace(/\s/g, ''), 'base64'))
        : createPrivateKey(pem);
  } catch (error) {
    if (error instanceof FunctionProblem) throw error;
    // The library's reason may quote bytes of the key.
    throw refusal('it cannot be read; it must not be encrypted, damaged or of another kind');
  }
  if (key.asymmetricKeyType !== 'rsa') throw refusal('it is no RSA key');
  return key;
}

function refusal(reason: string): FunctionProblem {
  return new FunctionProblem(`invalid private key: ${reason}`, 1);
}

/** https://cvsweb.openbsd.org/src/usr.bin/ssh/PROTOCOL.key: fields with their length before them. */
function parseOpenSsh(bytes: Buffer): KeyObject {
  if (bytes.subarray(0, MAGIC.length).toString('latin1') !== MAGIC) throw refusal('it is not in the format of OpenSSH');
  const outer = new Fields(bytes.subarray(MAGIC.length));
  const cipher = outer.next().toString('latin1');
  if (cipher !== 'none') throw refusal('it is encrypted: decrypt it first, with ssh-keygen -p');
  outer.next();
  outer.next();
  outer.number();
  outer.next();
  const inner = new Fields(outer.next());
  inner.number();
  inner.number();
  if (inner.next().toString('latin1') !== 'ssh-rsa') throw refusal('it is no RSA key');
  const [n, e, d, qi, p, q] = Array.from({ length: 6 }, () => inner.next()) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  const exponent = toInteger(d);
  return createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'RSA',
      n: toJwk(n),
      e: toJwk(e),
      d: toJwk(d),
      p: toJwk(p),
      q: toJwk(q),
      dp: toJwk(toBytes(exponent % (toInteger(p) - 1n))),
      dq: toJwk(toBytes(exponent % (toInteger(q) - 1n))),
      qi: toJwk(qi),
    },
  });
}

class Fields {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  number(): number {
    const number = this.bytes.readUInt32BE(this.at);
    this.at += 4;
    return number;
  }

  next(): Buffer {
    const length = this.number();
    const field = this.bytes.subarray(this.at, this.at + length);
    if (field.length !== length) throw refusal('it ends too early');
    this.at += length;
    return field;
  }
}

function toInteger(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex') || '0'}`);
}

function toBytes(integer: bigint): Buffer {
  const hex = integer.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
}

/** Without the zero that keeps a number from looking negative. */
function toJwk(bytes: Buffer): string {
  return (bytes[0] === 0 ? bytes.subarray(1) : bytes).toString('base64url');
}

/**
 * RFC 8017, section 7.2.2. The padding is taken off here: Node refuses to, or answers random bytes for what does not fit, where
 * Terraform says that it cannot be decrypted.
 */
export const rsadecrypt = textual('rsadecrypt', ['ciphertext', 'privatekey'], ([ciphertext = '', privatekey = '']) => {
  const bytes = decodeBase64(ciphertext);
  if (bytes === null)
    throw new FunctionProblem(
      `failed to decode input ${JSON.stringify(ciphertext)}: cipher text must be base64-encoded`,
      0,
    );
  const key = parseKey(privatekey);
  const size = Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8);
  const failure = new FunctionProblem('failed to decrypt: the text was encrypted for another key, or is damaged');
  let padded: Buffer;
  try {
    const filled = Buffer.concat([Buffer.alloc(Math.max(0, size - bytes.length)), bytes]);
    padded = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, filled);
  } catch {
    throw failure;
  }
  const end = padded.indexOf(0, 2);
  if (padded[0] !== 0 || padded[1] !== 2 || end < 10) throw failure;
  const decoded = decodeUtf8(padded.subarray(end + 1));
  if (decoded === null) throw new FunctionProblem('the decrypted bytes are not valid UTF-8: strings hold text only');
  return text(decoded);
});
