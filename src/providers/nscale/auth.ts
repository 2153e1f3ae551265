import { createHash } from 'node:crypto';
import type { Secret } from '../../core/secret.ts';
import { fixedSource, type TokenSource } from '../../core/token.ts';

/** The vendor's name in messages. */
export const SERVICE = 'Nscale';

/** The `Authorization` header (RFC 6750 section 2.1): a service account's token goes into it unchanged. */
export function bearerAuthorization(token: Secret): string {
  return `Bearer ${token.reveal()}`;
}

/** One challenge of a `WWW-Authenticate` header (RFC 9110 section 11.6.1). */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** By name in lower case, quoting undone. */
  readonly parameters: ReadonlyMap<string, string>;
}

const SCHEME = /\s*,?\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?=$|[\s,])(?!\s*=)/y;
const PARAMETER = /\s*,?\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^_`|~0-9A-Za-z-]+))/y;

/**
 * The challenges of a `WWW-Authenticate` header. What cannot be read ends the list: the header explains an error that is
 * certain without it. Nscale sends one, with its parameters sorted and no space after the commas.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: Challenge[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(header);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  for (;;) {
    const scheme = match(SCHEME)?.[1];
    if (scheme === undefined) return challenges;
    const parameters = new Map<string, string>();
    for (let found = match(PARAMETER); found !== null; found = match(PARAMETER)) {
      const [, name = '', quoted, token] = found;
      parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? token ?? '');
    }
    challenges.push({ scheme: scheme.toLowerCase(), parameters });
  }
}

/** For messages: tokens come from settings and files, never by a call. */
const ACTION = 'service token';

/** The service token of the settings, the same for the whole connection. */
export function tokenSource(token: Secret): TokenSource {
  return fixedSource(SERVICE, ACTION, token);
}

/**
 * A service token that something else keeps fresh in a file: it is asked for its successor once it is refused. `read` gives the
 * file's token, or throws; `first` is what it gave when the connection was made.
 */
export function fileSource(read: () => Promise<Secret>, first: Secret): TokenSource {
  let known: Secret | null = first;
  return {
    service: SERVICE,
    action: ACTION,
    changing: true,
    secrets: [],
    async obtain() {
      const value = known ?? (await read());
      known = null;
      return { value, staleAt: Number.POSITIVE_INFINITY };
    },
  };
}

/** Tells one token from another without telling it: eight bytes of a digest give nobody a token back. */
export function identityOf(token: Secret): string {
  return `token ${createHash('sha256').update(token.reveal()).digest('hex').slice(0, 16)}`;
}
