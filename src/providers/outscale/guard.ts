import { isKeyformError, KeyformError } from '../../core/error.ts';
import type { Clock } from '../../core/port.ts';

/** The shortest lock after failed tries; the API does not say how long one is. */
const LOCK_MS = 60_000;

/**
 * Keeps a wrong credential from locking itself: four failures in a row lock it, so once it was refused no further call of
 * the connection is sent, and until it was accepted once, calls that start together wait for the first of them.
 */
export class CredentialGuard {
  readonly #clock: Clock;
  #refusal: { readonly error: KeyformError; readonly until: number | null } | null = null;
  #accepted = false;
  #probe: Promise<void> | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `call`, or throws the remembered refusal, or `cancelled` when `signal` is aborted while waiting. `action` is for messages. */
  async run<T>(action: string, call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.#refuse(action);
    if (this.#accepted) return await this.#watch(call);
    if (this.#probe !== null) {
      // Waited for once only: when the first call failed for another reason, going on one by one would be slow for no gain.
      await untilSettled(this.#probe, action, signal);
      this.#refuse(action);
      return await this.#watch(call);
    }
    const { promise, resolve } = withResolvers();
    this.#probe = promise;
    try {
      return await this.#watch(call);
    } finally {
      this.#probe = null;
      resolve();
    }
  }

  #refuse(action: string): void {
    if (this.#refusal === null) return;
    const { error, until } = this.#refusal;
    if (until !== null && this.#clock.now() >= until) {
      this.#refusal = null;
      return;
    }
    throw new KeyformError(error.code, `Outscale ${action}: not sent, because an earlier call was refused`, {
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
    throw new KeyformError('cancelled', `Outscale ${action} was cancelled before it was sent`, {
      cause: signal.reason,
    });
  }
}
