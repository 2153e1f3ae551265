import { z } from 'zod';
import { KeyformError } from '../../core/error.ts';
import type { Clock } from '../../core/port.ts';
import { SERVICE } from './failure.ts';
import { type Status, statusSchema } from './status.ts';

/**
 * The Operation by which the API answers to a change and to a delete, and how it is waited for. Source: operation/operation.proto
 * and the page "Operation object" of the vendor's API design guide.
 */

/** An Operation, as far as Keyform reads it. */
export interface Operation {
  readonly id: string;
  readonly done: boolean;
  /** Why it failed. May be there before it is done: then the API is still rolling back. */
  readonly error: Status | null;
  /** The changed resource as the API wrote it; null where it told none. */
  readonly response: unknown;
}

/** `done` left out means false: an empty field may be absent. Metadata, times and description are not read. */
export const operationSchema: z.ZodType<Operation> = z
  .object({
    id: z.string().regex(/^[A-Za-z0-9_-]+$/),
    done: z.boolean().nullish(),
    error: statusSchema.nullish(),
    response: z.unknown().optional(),
  })
  .transform(({ id, done, error, response }) => ({
    id,
    done: done ?? false,
    error: error ?? null,
    response: response ?? null,
  }));

/** The first pause before asking how an operation stands; the vendor's SDK asks every second. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 5000;

export interface Wait {
  readonly clock: Clock;
  /** How long to wait in all, milliseconds. */
  readonly timeoutMs: number;
  /** What it is done to, for messages: `UpdateApiKey of API key aje…`. */
  readonly subject: string;
  readonly signal?: AbortSignal;
  /** Asks how it stands. */
  readonly poll: (id: string) => Promise<Operation>;
}

/**
 * The operation once it is done, whether it succeeded or failed. One that fails is waited for to the end of its rollback,
 * since until then the key may still change. When the time is over: the failed operation as it stands, or `timeout`.
 * Throws `cancelled` on abort, and whatever asking throws.
 */
export async function settle(first: Operation, wait: Wait): Promise<Operation> {
  const { clock, timeoutMs, signal } = wait;
  const deadline = clock.now() + timeoutMs;
  let operation = first;
  for (let pause = FIRST_PAUSE_MS; !operation.done; pause = Math.min(LONGEST_PAUSE_MS, pause * 1.5)) {
    const left = deadline - clock.now();
    if (left <= 0) {
      if (operation.error !== null) return operation;
      throw new KeyformError('timeout', `${SERVICE} ${wait.subject}: operation ${operation.id} is not done yet`, {
        detail:
          'The API accepted it and is still at work. Plan again in a while, or raise "operation_timeout" in the provider block’s "yandex" object.',
      });
    }
    try {
      await clock.sleep(Math.min(pause, left), signal);
      operation = await wait.poll(operation.id);
    } catch (error) {
      if (signal?.aborted !== true) throw error;
      throw new KeyformError('cancelled', `${SERVICE} ${wait.subject}: no longer waited for`, {
        detail: `The API accepted it as operation ${operation.id} and goes on with it. The next plan shows what came of it.`,
        cause: error,
      });
    }
  }
  return operation;
}
