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
 * `text` without the secrets and without what looks like one, cut to `length` characters; null stays null. A gateway may echo
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
  const known = secrets.map((secret) => secret.reveal()).sort((a, b) => b.length - a.length);
  for (const secret of known) if (secret !== '') clean = clean.replaceAll(secret, SENSITIVE);
  for (const shape of shapes) clean = clean.replaceAll(shape, SENSITIVE);
  return clean.slice(0, length);
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
