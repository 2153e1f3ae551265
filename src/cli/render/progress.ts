import type { Step, StepKind } from '../../core/plan/plan.ts';
import type { ApplyEvent } from '../../engine/walk.ts';
import { plain } from './quote.ts';

/** Milliseconds between two lines that say that a step is still running: Terraform's ten seconds. */
const STILL_MS = 10_000;

/** Words for a step: while it runs, and when it ended (well or not). Terraform's, where it has them. */
const WORDS: Readonly<Record<StepKind, { readonly doing: string; readonly noun: string }>> = {
  create: { doing: 'Creating', noun: 'Creation' },
  rotate: { doing: 'Creating', noun: 'Creation' },
  verify: { doing: 'Verifying', noun: 'Verification' },
  update: { doing: 'Modifying', noun: 'Modifications' },
  enable: { doing: 'Enabling', noun: 'Enabling' },
  disable: { doing: 'Disabling', noun: 'Disabling' },
  delete: { doing: 'Destroying', noun: 'Destruction' },
  recover: { doing: 'Destroying orphan', noun: 'Destruction of orphan' },
  adopt: { doing: 'Recovering', noun: 'Recovery' },
  import: { doing: 'Importing', noun: 'Import' },
  forget: { doing: 'Forgetting', noun: 'Forgetting' },
  depose: { doing: 'Beginning the overlap of the old key', noun: 'Beginning of the overlap' },
  restore: { doing: 'Rolling back', noun: 'Rollback' },
  read: { doing: 'Reading', noun: 'Read' },
  run: { doing: 'Provisioning', noun: 'Provisioning' },
};

/** The one kind of provisioner that there is. */
export const PROVISIONER = 'local-exec';

/** Terraform tells programs of a read in other words than people. */
const READ_FOR_PROGRAMS = { doing: 'Refreshing', noun: 'Refresh' };

/**
 * One line for what happened to a step, without line break. `startedAt`: when the step began, milliseconds since 1970.
 * `forPrograms`: as a message of the machine-readable UI.
 */
export function progressText(event: ApplyEvent, startedAt: number, forPrograms = false): string {
  const { step } = event;
  if (step.kind === 'run') return runText(event, forPrograms);
  const { doing, noun } = step.kind === 'read' && forPrograms ? READ_FOR_PROGRAMS : WORDS[step.kind];
  const after = elapsedText(elapsedSeconds(event, startedAt));
  switch (event.kind) {
    case 'started':
      return `${step.address}: ${doing}...${idText(step.keyId)}`;
    case 'done':
      // As Terraform: what is gone has no id any more.
      return `${step.address}: ${noun} complete after ${after}${isDeletion(step) ? '' : idText(event.keyId)}`;
    case 'failed':
      return `${step.address}: ${noun} errored after ${after}`;
    case 'skipped':
      return `${step.address}: ${noun} skipped`;
    case 'waiting':
      return `${step.address}: ${doing}... (${plain(event.status)})`;
    case 'output':
      return outputText(step, event.line, forPrograms);
  }
}

/** As Terraform words what a provisioner does. */
function runText(event: ApplyEvent, forPrograms: boolean): string {
  const { address } = event.step;
  switch (event.kind) {
    case 'started':
      return `${address}: Provisioning with '${PROVISIONER}'...`;
    case 'done':
      return `${address}: (${PROVISIONER}) Provisioning complete`;
    case 'failed':
      return `${address}: (${PROVISIONER}) Provisioning errored`;
    case 'skipped':
      return `${address}: (${PROVISIONER}) Provisioning skipped`;
    case 'waiting':
      return outputText(event.step, event.status, forPrograms);
    case 'output':
      return outputText(event.step, event.line, forPrograms);
  }
}

/** Colours go, and whatever else a terminal would act on is escaped; tabs stay. */
function outputText({ address }: Step, line: string, forPrograms: boolean): string {
  const shown = line.replaceAll(COLOUR, '').split('\t').map(plain).join('\t');
  return forPrograms ? `${address}: (${PROVISIONER}): ${shown}` : `${address} (${PROVISIONER}): ${shown}`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with the control character ESC.
const COLOUR = /\u001b\[[0-9;]*m/g;

/** One line for a step that has been running for a while, without line break. */
export function stillText(step: Step, seconds: number): string {
  const { doing } = WORDS[step.kind];
  const id = step.keyId === null ? '' : `id=${plain(step.keyId)}, `;
  return `${step.address}: Still ${doing.toLowerCase()}... [${id}${elapsedText(seconds)} elapsed]`;
}

/** Whole seconds between the start of a step and an event of it. */
export function elapsedSeconds(event: ApplyEvent, startedAt: number): number {
  return Math.max(0, Math.round((event.at - startedAt) / 1000));
}

/** Whether the key of the step is gone when it is done. */
export function isDeletion(step: Step): boolean {
  return step.kind === 'delete' || step.kind === 'recover';
}

function idText(keyId: string | null): string {
  return keyId === null ? '' : ` [id=${plain(keyId)}]`;
}

/** Seconds as Terraform's durations: `7s`, `1m40s`, `1h2m3s`. */
function elapsedText(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (hours > 0) return `${hours}h${minutes}m${rest}s`;
  return minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`;
}

/** Where progress goes. */
export interface ProgressOut {
  /** Each event, with the time at which its step began. */
  readonly event: (event: ApplyEvent, startedAt: number) => void;
  /** Every ten seconds for each step that is running. */
  readonly still: (step: Step, seconds: number) => void;
}

/** Progress as lines for people. `write` gets one line without line break. */
export function textProgress(write: (line: string) => void): ProgressOut {
  return {
    event: (event, startedAt) => {
      // Terraform does not tell people how a provisioner ended: what comes next does.
      const ended = event.step.kind === 'run' && (event.kind === 'done' || event.kind === 'failed');
      if (!ended) write(progressText(event, startedAt));
    },
    still: (step, seconds) => write(stillText(step, seconds)),
  };
}

/** Follows the steps of an apply and tells of those that take long. */
export class Progress {
  readonly #out: ProgressOut;
  readonly #every: (ms: number, action: () => void) => () => void;
  readonly #running = new Map<string, { readonly startedAt: number; readonly stop: () => void }>();

  /** `every` calls `action` each `ms` milliseconds until the function that it returned is called. */
  constructor(out: ProgressOut, every: (ms: number, action: () => void) => () => void) {
    this.#out = out;
    this.#every = every;
  }

  /** To be called with each event of an apply, in their order. */
  event(event: ApplyEvent): void {
    const { step } = event;
    if (event.kind === 'started') {
      let ticks = 0;
      const stop = this.#every(STILL_MS, () => {
        ticks += 1;
        this.#out.still(step, (ticks * STILL_MS) / 1000);
      });
      this.#running.set(step.id, { startedAt: event.at, stop });
      this.#out.event(event, event.at);
      return;
    }
    const running = this.#running.get(step.id);
    if (event.kind === 'waiting' || event.kind === 'output') {
      this.#out.event(event, running?.startedAt ?? event.at);
      return;
    }
    running?.stop();
    this.#running.delete(step.id);
    this.#out.event(event, running?.startedAt ?? event.at);
  }

  /** Stops all timers. */
  stop(): void {
    for (const { stop } of this.#running.values()) stop();
    this.#running.clear();
  }
}
