import { isKeyformError, KeyformError } from './error.ts';
import type { Clock } from './port.ts';
import type { Secret } from './secret.ts';

/** What a connection sends to say who it is: an access token, or something that never changes and is treated as one. */
export interface Token {
  readonly value: Secret;
  /** Milliseconds since 1970: from then on another is got before the next call. Infinity where nothing tells. */
  readonly staleAt: number;
}

/** Where tokens come from. */
export interface TokenSource {
  /** For messages: the vendor's name, and its name of the call that gives tokens out. */
  readonly service: string;
  readonly action: string;
  /** One token, got anew. Throws `unauthorized` when the credential behind it is refused. */
  obtain(signal: AbortSignal): Promise<Token>;
  /** Somebody else may change what it gives (a file): a refusal of one token says nothing of the next. */
  readonly changing: boolean;
  /** What must be kept out of errors, beside the tokens. */
  readonly secrets: readonly Secret[];
}

/**
 * When a token that was got at `at` and ends at `end` (milliseconds since 1970) is to be replaced: `leeway` before its end, or a
 * tenth of its life when that is shorter, because clocks differ and calls take time.
 */
export function staleAt(at: number, end: number, leeway: number): number {
  return end - Math.min(leeway, (end - at) / 10);
}

/** One request for a token under way, and how many calls wait for it. */
interface Pending {
  readonly promise: Promise<Token>;
  readonly controller: AbortController;
  waiters: number;
}

/** The token of a connection, shared by all its calls, got at most once at a time. A refused one is never sent again. */
export class TokenKeeper {
  readonly #source: TokenSource;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #given = new Set<Secret>();
  #token: Token | null = null;
  #pending: Pending | null = null;
  /** The last token that the API refused, and its words. */
  #refused: { readonly value: string; readonly error: KeyformError } | null = null;
  /** What every further call fails with. */
  #end: KeyformError | null = null;

  constructor(source: TokenSource, clock: Pick<Clock, 'now'>) {
    this.#source = source;
    this.#clock = clock;
  }

  /** What must be kept out of errors: the credential and every token so far, since a call may still be out with an old one. */
  get secrets(): readonly Secret[] {
    return [...this.#source.secrets, ...this.#given];
  }

  /** The token to send. Throws the remembered `unauthorized` when there can be no other. */
  async token(signal?: AbortSignal): Promise<Secret> {
    if (this.#end !== null) throw this.#end;
    if (this.#token !== null && this.#clock.now() < this.#token.staleAt) return this.#token.value;
    return (await this.#shared(signal)).value;
  }

  /** After `error` to a call that carried `refused`: another token to repeat it with, once. Throws `error` when there is none. */
  async renew(refused: Secret, error: KeyformError, signal?: AbortSignal): Promise<Secret> {
    this.#drop(refused, error);
    return this.token(signal);
  }

  /**
   * After `error` to the repeated call, which carried `refused`, got anew: there is no use in asking for a third. A source that
   * somebody else changes is asked again by the next call, which fails with `error` while it gives the same.
   */
  giveUp(refused: Secret, error: KeyformError): void {
    if (this.#source.changing) this.#drop(refused, error);
    else this.#end = error;
  }

  #drop(refused: Secret, error: KeyformError): void {
    // A parallel call may have replaced it already; then its successor is the one to try.
    if (this.#token?.value.reveal() !== refused.reveal()) return;
    this.#token = null;
    this.#refused = { value: refused.reveal(), error };
  }

  /** Waits for the shared request. One caller's abort frees that caller; the request is given up with its last one. */
  #shared(signal: AbortSignal | undefined): Promise<Token> {
    return new Promise((resolve, reject) => {
      const cancelled = () =>
        new KeyformError('cancelled', `${this.#source.service} ${this.#source.action}: cancelled`, {
          detail: 'The call that needed the token was not sent.',
        });
      if (signal?.aborted === true) return reject(cancelled());
      const pending = this.#pending ?? this.#start();
      pending.waiters += 1;
      const leave = () => {
        reject(cancelled());
        pending.waiters -= 1;
        if (pending.waiters > 0) return;
        if (this.#pending === pending) this.#pending = null;
        pending.controller.abort();
      };
      signal?.addEventListener('abort', leave, { once: true });
      pending.promise.then(resolve, reject).finally(() => signal?.removeEventListener('abort', leave));
    });
  }

  #start(): Pending {
    const controller = new AbortController();
    const request = async (): Promise<Token> => {
      try {
        const token = await this.#source.obtain(controller.signal);
        // Before anything else: what was given may be quoted in an error from now on.
        this.#given.add(token.value);
        if (token.value.reveal() === this.#refused?.value) throw this.#refused.error;
        this.#refused = null;
        this.#token = token;
        return token;
      } catch (error) {
        if (isKeyformError(error, 'unauthorized') && !this.#source.changing) this.#end = error;
        throw error;
      } finally {
        if (this.#pending?.controller === controller) this.#pending = null;
      }
    };
    const pending: Pending = { promise: request(), controller, waiters: 0 };
    this.#pending = pending;
    return pending;
  }
}

/** A token that stays as it is for the whole of the connection. */
export function fixedSource(
  service: string,
  action: string,
  value: Secret,
  secrets: readonly Secret[] = [],
): TokenSource {
  const token = { value, staleAt: Number.POSITIVE_INFINITY };
  return { service, action, obtain: async () => token, changing: false, secrets };
}
