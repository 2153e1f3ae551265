import { isKeyformError, KeyformError } from '../../core/error.ts';
import type { Clock } from '../../core/port.ts';
import { SERVICE } from './failure.ts';

/** The shortest lock after failed tries; the API does not say how long one is. */
const LOCK_MS = 60_000;

/** Calls that may be out with a credential of which nothing is known, once the first one has told nothing: half of what locks it. */
const MOST_UNPROVEN = 2;

/**
 * Keeps a wrong credential from locking itself: four failures in a row lock it, so once it was refused no further call of
 * the connection is sent. Until it was accepted once, calls that start together wait for the first of them; where that one
 * fails for another reason, two at a time go on, so that an API that cannot be reached does not hold up each in turn.
 */
export class CredentialGuard {
  readonly #clock: Clock;
  #refusal: { readonly error: KeyformError; readonly until: number | null } | null = null;
  #accepted = false;
  #places = 1;
  /** Calls under way with a credential that is not proven. */
  #unproven = 0;
  #settled = withResolvers();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `call`, or throws the remembered refusal, or `cancelled` when `signal` is aborted while waiting. `action` is for messages. */
  async run<T>(action: string, call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.#refuse(action);
    while (!this.#accepted && this.#unproven >= this.#places) {
      await untilSettled(this.#settled.promise, action, signal);
      this.#refuse(action);
    }
    if (this.#accepted) return await this.#watch(call);
    this.#unproven += 1;
    try {
      return await this.#watch(call);
    } finally {
      this.#unproven -= 1;
      this.#places = MOST_UNPROVEN;
      this.#settled.resolve();
      this.#settled = withResolvers();
    }
  }

  #refuse(action: string): void {
    if (this.#refusal === null) return;
    const { error, until } = this.#refusal;
    if (until !== null && this.#clock.now() >= until) {
      this.#refusal = null;
      return;
    }
    throw new KeyformError(error.code, `${SERVICE} ${action}: not sent, because an earlier call was refused`, {
      detail: `${error.message}. ${error.detail}`,
      cause: error,
      vendor: error.vendor,
    });
  }

  async #watch<T>(call: () => Promise<T>): Promise<T> {
    try {
      const result = await call();
      this.#accepted = true;
      return result;
    } catch (error) {
      if (isKeyformError(error, 'unauthorized', 'locked-out')) {
        this.#accepted = false;
        this.#refusal = { error, until: error.vendor?.code === '13' ? this.#clock.now() + LOCK_MS : null };
      } else if (
        isKeyformError(error) &&
        /^\d+$/.test(error.vendor?.code ?? '') &&
        error.vendor !== null &&
        error.vendor.status < 429
      ) {
        // The API itself refused something else: it had looked at the credential first, and that passed.
        this.#accepted = true;
      }
      throw error;
    }
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

async function untilSettled(probe: Promise<void>, action: string, signal?: AbortSignal): Promise<void> {
  if (signal === undefined) return await probe;
  const { promise, resolve } = withResolvers();
  signal.addEventListener('abort', resolve);
  try {
    if (!signal.aborted) await Promise.race([probe, promise]);
  } finally {
    signal.removeEventListener('abort', resolve);
  }
  if (signal.aborted) {
    throw new KeyformError('cancelled', `${SERVICE} ${action}: cancelled before it was sent`, {
      cause: signal.reason,
    });
  }
}
