import { createHash } from 'node:crypto';
import { stringValue } from '../typed/typed.ts';
import { rsadecrypt } from './rsa.ts';
import { FunctionProblem, type FunctionSpec } from './spec.ts';
import { textual } from './textual.ts';

/** A way to make a hash into a text: name of the string function, and of that which reads a file. */
export interface Digest {
  readonly name: string;
  readonly algorithm: 'md5' | 'sha1' | 'sha256' | 'sha512';
  readonly form: 'hex' | 'base64';
}

/** Terraform's hashes. With `file` before its name, each is a function of a file. */
export const DIGESTS: readonly Digest[] = [
  { name: 'base64sha256', algorithm: 'sha256', form: 'base64' },
  { name: 'base64sha512', algorithm: 'sha512', form: 'base64' },
  { name: 'md5', algorithm: 'md5', form: 'hex' },
  { name: 'sha1', algorithm: 'sha1', form: 'hex' },
  { name: 'sha256', algorithm: 'sha256', form: 'hex' },
  { name: 'sha512', algorithm: 'sha512', form: 'hex' },
];

/** The hash of a text's UTF-8 bytes, or of bytes, as text. */
export function digest({ algorithm, form }: Digest, data: string | Uint8Array): string {
  return createHash(algorithm).update(data).digest(form);
}

/** RFC 9562, section 6.6. */
const NAMESPACES: ReadonlyMap<string, string> = new Map([
  ['dns', '6ba7b810-9dad-11d1-80b4-00c04fd430c8'],
  ['url', '6ba7b811-9dad-11d1-80b4-00c04fd430c8'],
  ['oid', '6ba7b812-9dad-11d1-80b4-00c04fd430c8'],
  ['x500', '6ba7b814-9dad-11d1-80b4-00c04fd430c8'],
]);

const HYPHENS = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The 16 bytes of a UUID in any of the forms that Go's uuid package reads; its complaint when it is none. */
function parseUuid(text: string): Buffer | string {
  const length = Buffer.byteLength(text);
  let bare = text;
  if (length === 45) {
    if (text.slice(0, 9).toLowerCase() !== 'urn:uuid:')
      return `invalid urn prefix: ${JSON.stringify(text.slice(0, 9))}`;
    bare = text.slice(9);
  } else if (length === 38) {
    bare = text.slice(1, 37);
  } else if (length === 32) {
    return /^[0-9a-f]{32}$/i.test(text) ? Buffer.from(text, 'hex') : 'invalid UUID format';
  } else if (length !== 36) {
    return `invalid UUID length: ${length}`;
  }
  return HYPHENS.test(bare) ? Buffer.from(bare.replaceAll('-', ''), 'hex') : 'invalid UUID format';
}

/** RFC 9562, section 5.5. */
const uuidv5 = textual('uuidv5', ['namespace', 'name'], ([namespace = '', name = '']) => {
  const bytes = parseUuid(NAMESPACES.get(namespace) ?? namespace);
  if (typeof bytes === 'string')
    throw new FunctionProblem(
      `uuidv5() doesn't support namespace ${namespace} (${bytes}): give a UUID, "dns", "url", "oid" or "x500"`,
    );
  const hash = createHash('sha1').update(bytes).update(name).digest().subarray(0, 16);
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  return stringValue(hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'));
});

/**
 * Functions that make hashes, and what goes with them. `bcrypt` and `uuid` are not among them: each call of theirs has another result.
 * https://developer.hashicorp.com/terraform/language/functions/sha256 and its siblings
 */
export const HASH_FUNCTIONS: readonly FunctionSpec[] = [
  ...DIGESTS.map((one) => textual(one.name, ['str'], ([text = '']) => stringValue(digest(one, text)))),
  rsadecrypt,
  uuidv5,
];

/** Functions that give another result each time, with what to do instead. */
export const HASH_WITHHELD: Readonly<Record<string, string>> = {
  bcrypt:
    'Its result is another one each time, so that no plan after an apply would be empty. Hash the text outside and pass the hash in as a variable.',
  uuid: 'Its result is another one each time, so that no plan after an apply would be empty. Use uuidv5(), or pass one in as a variable.',
};
