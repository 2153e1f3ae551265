import type { VendorError } from './error.ts';
import { SENSITIVE, type Secret } from './secret.ts';

/** What must not show in anybody's words. */
export interface Redaction {
  /** Credentials in the forms in which they were sent, and other secrets of the call. */
  readonly secrets: readonly Secret[];
  /** What a cloud's credentials and signatures look like: global patterns. For secrets of others, which nobody here knows. */
  readonly shapes?: readonly RegExp[];
}

/**
 * `text` without the secrets, in whatever encoding, and without what looks like one, cut to `length` characters; null stays null. A gateway may echo
 * a request, and an API may explain a bad signature by quoting it.
 */
export function redact<T extends string | null>(
  text: T,
  { secrets, shapes = [] }: Redaction,
  length: number,
): T | string {
  if (text === null) return text;
  let clean: string = text;
  // The longest first: one that holds another must go whole.
  const known = secrets.flatMap((secret) => formsOf(secret.reveal())).sort((a, b) => b.length - a.length);
  for (const form of known) clean = clean.replaceAll(form, SENSITIVE);
  for (const shape of shapes) clean = clean.replaceAll(shape, SENSITIVE);
  return clean.slice(0, length);
}

/** Encoded text shorter than this may be there by chance; a secret as it is goes whatever its length. */
export const TELLING = 8;

/** A secret as it is and as it travels: in JSON, in an address or a form, in hexadecimal, in base64, also as a part of something longer. */
export function formsOf(secret: string): string[] {
  if (secret === '') return [];
  const bytes = Buffer.from(secret, 'utf8');
  const json = JSON.stringify(secret).slice(1, -1);
  const url = encodeURIComponent(bytes.toString('utf8'));
  const form = new URLSearchParams([['', secret]]).toString().slice(1);
  const hex = bytes.toString('hex');
  const encoded = [json, JSON.stringify(json).slice(1, -1), asciiJson(json), url, form, hex, hex.toUpperCase()];
  encoded.push(...[url, form].map((text) => text.replaceAll(/%../g, (code) => code.toLowerCase())));
  for (const before of [0, 1, 2]) {
    // A group of four characters stands for three bytes, and the secret may begin at any of them, as in `id:secret`.
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const own = text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    encoded.push(own, own.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return [...new Set([secret, ...encoded.filter((text) => text.length >= TELLING)])];
}

function asciiJson(json: string): string {
  return json.replaceAll(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Codes that are words: a word may be as long as a secret is, so only known secrets are looked for in them. */
const WORDS = /^[A-Za-z]+(?:\.[A-Za-z]+)*$/;

/** What the vendor said, fit to be shown: without secrets, message 500 characters at most, code and request id 100. */
export function redactedVendorError(
  status: number,
  said: { readonly code: string | null; readonly message: string | null; readonly requestId: string | null },
  redaction: Redaction,
): VendorError {
  const { code, message, requestId } = said;
  const word = code !== null && code.length <= 100 && WORDS.test(code);
  return {
    status,
    code: redact(code, word ? { secrets: redaction.secrets } : redaction, 100),
    message: redact(message, redaction, 500),
    requestId: redact(requestId, redaction, 100),
  };
}
