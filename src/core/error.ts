import type { Secret } from './secret.ts';

/**
 * Every way in which Keyform fails, as a closed set. A program branches on these; people read the message.
 *
 * - configuration: `invalid-configuration`, `missing-credential`, `invalid-usage`
 * - a key API said no: `unauthorized` (credential unknown or wrong), `locked-out` (too many wrong tries), `forbidden`,
 *   `not-found`, `conflict` (name taken), `quota-exceeded`, `invalid-argument`, `invalid-state`, `throttled`, `unavailable`
 * - a key API could not be heard: `unreachable` (nothing was sent), `tls-failure` (nothing was sent), `timeout`,
 *   `malformed-answer`, `outcome-unknown` (a call that changes something was sent, and whether it took effect is not known)
 * - state: `no-identity`, `wrong-identity`, `empty-state`, `damaged-state`, `newer-state`, `state-locked`, `state-io`,
 *   `stale-plan`, `wrong-kind` (the file is something else than what was asked for), `rolled-back` (older than, or
 *   another than, what this machine has seen of it)
 * - a run: `cancelled`, `refused` (a guard said no), `synth-failed`, `command-failed` (a command of a provisioner), `internal`
 */
export type ErrorCode =
  | 'invalid-configuration'
  | 'missing-credential'
  | 'invalid-usage'
  | 'unauthorized'
  | 'locked-out'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'quota-exceeded'
  | 'invalid-argument'
  | 'invalid-state'
  | 'throttled'
  | 'unavailable'
  | 'unreachable'
  | 'tls-failure'
  | 'timeout'
  | 'malformed-answer'
  | 'outcome-unknown'
  | 'no-identity'
  | 'wrong-identity'
  | 'empty-state'
  | 'damaged-state'
  | 'newer-state'
  | 'state-locked'
  | 'state-io'
  | 'stale-plan'
  | 'wrong-kind'
  | 'rolled-back'
  | 'cancelled'
  | 'refused'
  | 'synth-failed'
  | 'command-failed'
  | 'internal';

/** What the vendor said beside its HTTP status. Never holds a header, a body or a credential. */
export interface VendorError {
  /** HTTP status of the answer. */
  readonly status: number;
  /** The vendor's own code, such as `ALREADY_EXISTS` or `10005`; null when the answer carried none. */
  readonly code: string | null;
  /** The vendor's own words, cut to 500 characters; null when the answer carried none. */
  readonly message: string | null;
  /** The vendor's id of the request, to quote to its support; null when the answer carried none. */
  readonly requestId: string | null;
}

/** An expected failure. `message` says what went wrong in one line; `detail` says what to do about it. */
export class KeyformError extends Error {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly vendor: VendorError | null;

  constructor(
    code: ErrorCode,
    message: string,
    options: { detail?: string; cause?: unknown; vendor?: VendorError | null } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'KeyformError';
    this.code = code;
    this.detail = options.detail ?? '';
    this.vendor = options.vendor ?? null;
  }
}

/** Whether `error` is a {@link KeyformError}, and of one of `codes` where any are given. */
export function isKeyformError(error: unknown, ...codes: ErrorCode[]): error is KeyformError {
  return error instanceof KeyformError && (codes.length === 0 || codes.includes(error.code));
}

/**
 * A create whose answer is not as documented, but which had the new key's secret in it. The message names the field at
 * fault. Whoever catches it must keep the secret: nobody can ask for it again.
 */
export class SecretArrivedError extends KeyformError {
  readonly secret: Secret;
  /** The new key's id, where the answer told that too; else null. */
  readonly keyId: string | null;

  constructor(cause: KeyformError, secret: Secret, keyId: string | null) {
    super('malformed-answer', cause.message, {
      detail: `Its secret has arrived and is kept in state. The next plan looks for the key${keyId === null ? '' : ` ${keyId}`} at the API, and puts the two together.`,
      cause,
      vendor: cause.vendor,
    });
    this.name = 'SecretArrivedError';
    this.secret = secret;
    this.keyId = keyId;
  }
}
