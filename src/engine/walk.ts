import { type Diagnostic, toDiagnostics } from '../core/diagnostic.ts';
import { isKeyformError } from '../core/error.ts';
import type { Step } from '../core/plan/plan.ts';
import type { Clock } from '../core/port.ts';
import { CommandError } from './command.ts';

/** What happens to a step, as it happens. */
export type ApplyEvent =
  | { readonly kind: 'started'; readonly step: Step; readonly at: number }
  | { readonly kind: 'done'; readonly step: Step; readonly at: number; readonly keyId: string | null }
  | { readonly kind: 'failed'; readonly step: Step; readonly at: number; readonly diagnostics: readonly Diagnostic[] }
  /** It waits for a key to become ready; `status` is the vendor's word for where that stands. */
  | { readonly kind: 'waiting'; readonly step: Step; readonly at: number; readonly status: string }
  /** A line that a command wrote, or that says what is run; without secrets. */
  | { readonly kind: 'output'; readonly step: Step; readonly at: number; readonly line: string }
  /** Something it depends on failed, or the run was stopped before it began. */
  | { readonly kind: 'skipped'; readonly step: Step; readonly at: number };

export interface ApplyResult {
  readonly done: readonly Step[];
  readonly failed: readonly Step[];
  readonly skipped: readonly Step[];
  readonly diagnostics: readonly Diagnostic[];
  /** True when the run was stopped before all steps had begun. */
  readonly cancelled: boolean;
}

/** How steps are walked. */
export interface WalkOptions {
  /** Steps at once. */
  readonly parallelism: number;
  readonly clock: Clock;
  /** Aborted: no further step begins, those in flight finish. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: ApplyEvent) => void;
}

/**
 * Performs every step after those that it waits for, several at once. A failed step stops only what waits for it; one that
 * fails with `state-io` or `state-locked` stops everything, because no result could be recorded any more. `perform` resolves to the id of the
 * key that it made or changed, or null. Never throws.
 */
export async function walkSteps(
  steps: readonly Step[],
  perform: (step: Step) => Promise<string | null>,
  options: WalkOptions,
): Promise<ApplyResult> {
  const { parallelism, signal, clock, onEvent } = options;
  const waiting = new Map<string, number>();
  const followers = new Map<string, Step[]>();
  const ready: Step[] = [];
  for (const step of steps) {
    waiting.set(step.id, step.after.length);
    if (step.after.length === 0) ready.push(step);
    for (const need of step.after) {
      const list = followers.get(need);
      if (list === undefined) followers.set(need, [step]);
      else list.push(step);
    }
  }
  const done: Step[] = [];
  const failed: Step[] = [];
  const diagnostics: Diagnostic[] = [];
  let broken = false;
  let next = 0;
  let running = 0;
  await new Promise<void>((resolve) => {
    const advance = () => {
      while (running < parallelism && next < ready.length && signal?.aborted !== true && !broken) {
        const step = ready[next++] as Step;
        running += 1;
        onEvent?.({ kind: 'started', step, at: clock.now() });
        perform(step).then(
          (keyId) => {
            running -= 1;
            done.push(step);
            onEvent?.({ kind: 'done', step, at: clock.now(), keyId });
            for (const follower of followers.get(step.id) ?? []) {
              const left = (waiting.get(follower.id) ?? 0) - 1;
              waiting.set(follower.id, left);
              if (left === 0) ready.push(follower);
            }
            advance();
          },
          (error: unknown) => {
            running -= 1;
            // Stopped while it waited for something, with nothing lost: the next run goes on from here.
            if (signal?.aborted === true && isKeyformError(error, 'cancelled')) {
              advance();
              return;
            }
            failed.push(step);
            const place = error instanceof CommandError ? { place: error.place } : {};
            const found = toDiagnostics(error, place).map((diagnostic) => ({ address: step.address, ...diagnostic }));
            diagnostics.push(...found);
            if (isKeyformError(error, 'state-io', 'state-locked')) broken = true;
            onEvent?.({ kind: 'failed', step, at: clock.now(), diagnostics: found });
            advance();
          },
        );
      }
      if (running === 0) resolve();
    };
    advance();
  });
  const ended = new Set([...done, ...failed]);
  const skipped = steps.filter((step) => !ended.has(step));
  for (const step of skipped) onEvent?.({ kind: 'skipped', step, at: clock.now() });
  return { done, failed, skipped, diagnostics, cancelled: signal?.aborted === true && skipped.length > 0 };
}
