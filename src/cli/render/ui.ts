import { formatModule, formatModulePrefix, parseAddress, parseDataAddress } from '../../core/address.ts';
import type { Diagnostic } from '../../core/diagnostic.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { type ChangeAction, countChanges, type Plan, type Step, type StepKind } from '../../core/plan/plan.ts';
import type { Clock } from '../../core/port.ts';
import type { OutputState } from '../../core/state.ts';
import type { ApplyEvent, ApplyResult } from '../../engine/walk.ts';
import { deferredReads } from './data.ts';
import { diagnosticJson } from './diagnostic.ts';
import { adoptSteps, recoverSteps } from './drift.ts';
import { elapsedSeconds, isDeletion, PROVISIONER, progressText, stillText } from './progress.ts';
import { typeJson } from './redact.ts';

/** Version of the message format, as Terraform 1.11 gives it. Source: its documentation, "Machine-Readable UI". */
const UI_VERSION = '1.2';

/** What the run is, for the words of a summary. */
export type UiOperation = 'plan' | 'apply' | 'destroy';

/** Terraform's action for a step: readers know no others. The step's own kind stands beside it, as `step`. */
const ACTIONS: Readonly<Record<StepKind, string>> = {
  create: 'create',
  rotate: 'create',
  verify: 'read',
  update: 'update',
  enable: 'update',
  disable: 'update',
  delete: 'delete',
  recover: 'delete',
  adopt: 'read',
  import: 'import',
  forget: 'forget',
  depose: 'noop',
  restore: 'update',
  read: 'read',
  run: 'noop',
};

/** Terraform's short words for why a change is planned; the others are spelled as in its plan JSON. */
const REASONS: Readonly<Record<string, string>> = {
  replace_because_cannot_update: 'cannot_update',
  replace_because_tainted: 'tainted',
  replace_by_request: 'requested',
};

/** Types of the messages about a command. */
const PROVISION: Readonly<Record<ApplyEvent['kind'], string>> = {
  started: 'provision_start',
  output: 'provision_progress',
  waiting: 'provision_progress',
  done: 'provision_complete',
  failed: 'provision_errored',
  skipped: 'log',
};

/**
 * Terraform's machine-readable UI: one JSON object a line, `@module` "keyform.ui". Types, levels, messages and properties
 * are Terraform's; a property that it does not have is an addition that its format allows (`step` in a hook, `deposed` in a
 * change, `place` in a diagnostic, which has no byte ranges). No sensitive value is in any message.
 */
export class UiStream {
  readonly #write: (line: string) => void;
  readonly #clock: Clock;
  readonly #version: string;
  readonly #started = new Map<string, number>();

  /** `write` gets one line without line break. */
  constructor(write: (line: string) => void, clock: Clock, version: string) {
    this.#write = write;
    this.#clock = clock;
    this.#version = version;
  }

  /** The first message of every stream. */
  version(): void {
    this.#send('info', `Keyform ${this.#version}`, 'version', { keyform: this.#version, ui: UI_VERSION });
  }

  log(message: string): void {
    this.#send('info', message, 'log', {});
  }

  diagnostic(diagnostic: Diagnostic): void {
    const { severity, summary } = diagnostic;
    const error = severity === 'error';
    this.#send(error ? 'error' : 'warn', `${error ? 'Error' : 'Warning'}: ${summary}`, 'diagnostic', {
      diagnostic: diagnosticJson(diagnostic),
    });
  }

  /** Owners read so far, as a log message: Terraform's refresh messages are one for each resource, and Keyform reads owners. */
  refresh(done: number, all: number): void {
    this.#send('info', `Read ${done} of ${all} owner${all === 1 ? '' : 's'}`, 'log', { refresh: { done, all } });
  }

  /** One message for each change that the plan holds. */
  plannedChange(plan: Plan): void {
    for (const { address, type, deferred } of deferredReads(plan)) {
      this.#planned(address, type, 'read', deferred === null ? {} : { reason: deferred });
    }
    for (const change of plan.changes) {
      const action = actionWord(change.actions);
      if (action === 'noop') continue;
      const reason =
        change.actionReason === null ? {} : { reason: REASONS[change.actionReason] ?? change.actionReason };
      this.#planned(change.address, change.type, action, {
        ...reason,
        ...(change.deposed === null ? {} : { deposed: change.deposed }),
      });
    }
    for (const step of recoverSteps(plan)) {
      this.#planned(step.address, step.type, 'delete', { step: step.kind, deposed: step.keyId });
    }
    for (const step of adoptSteps(plan)) {
      this.#planned(step.address, step.type, 'import', { step: step.kind, importing: { id: step.keyId } });
    }
  }

  /** One message for each key that was found changed or gone, then {@link plannedChange}. */
  driftAndChanges(plan: Plan): void {
    for (const drift of plan.drift) {
      const action = drift.kind === 'gone' ? 'delete' : 'update';
      this.#send('info', `${drift.address}: Drift detected (${action})`, 'resource_drift', {
        change: {
          resource: resource(drift.address, drift.type),
          action,
          ...(drift.deposed === null ? {} : { deposed: drift.deposed }),
        },
      });
    }
    this.plannedChange(plan);
  }

  /** Counts of a plan, or of what an apply has done. */
  changeSummary(source: Plan | ApplyResult, operation: UiOperation): void {
    const counts = 'done' in source ? countDone(source) : countChanges(source);
    const { add, change, destroy, adopt, import: imported } = counts;
    const first = (words: string, taken: string) =>
      `${imported === 0 ? '' : `${imported} ${taken}, `}${adopt === 0 ? '' : `${adopt} ${words}, `}`;
    const text = {
      plan: `Plan: ${first('to recover', 'to import')}${add} to add, ${change} to change, ${destroy} to destroy.`,
      apply: `Apply complete! Resources: ${first('recovered', 'imported')}${add} added, ${change} changed, ${destroy} destroyed.`,
      destroy: `Destroy complete! Resources: ${destroy} destroyed.`,
    }[operation];
    this.#send('info', text, 'change_summary', {
      changes: { add, change, import: adopt + imported, remove: destroy, operation },
    });
  }

  /** What happens to a step. A step that is skipped has no message of Terraform's and becomes a log message. */
  apply(event: ApplyEvent): void {
    const { step } = event;
    if (event.kind === 'started') this.#started.set(step.id, event.at);
    const startedAt = this.#started.get(step.id) ?? event.at;
    if (event.kind !== 'started' && event.kind !== 'waiting' && event.kind !== 'output') this.#started.delete(step.id);
    const message = progressText(event, startedAt, true);
    if (step.kind === 'run') {
      this.#provision(message, event);
      return;
    }
    const elapsed = { elapsed_seconds: elapsedSeconds(event, startedAt) };
    switch (event.kind) {
      case 'started':
        this.#hook(message, 'apply_start', step, id(step.keyId));
        return;
      case 'done':
        this.#hook(message, 'apply_complete', step, { ...(isDeletion(step) ? {} : id(event.keyId)), ...elapsed });
        return;
      case 'failed':
        this.#hook(message, 'apply_errored', step, elapsed);
        return;
      case 'skipped':
        this.#hook(message, 'log', step, {});
        return;
      case 'waiting':
        this.#hook(message, 'apply_progress', step, { ...elapsed, status: event.status });
        return;
      case 'output':
        this.#hook(message, 'log', step, { output: event.line });
        return;
    }
  }

  /** A step that is still running. */
  progress(step: Step, seconds: number): void {
    this.#hook(stillText(step, seconds), 'apply_progress', step, { elapsed_seconds: seconds });
  }

  /** What a plan does to outputs, or the values of outputs after an apply; a sensitive one has no value. */
  outputs(source: Plan | Readonly<Record<string, OutputState>>): void {
    const outputs: Record<string, Json> = {};
    if (isPlan(source)) {
      for (const output of source.outputs) {
        outputs[output.name] = { sensitive: output.sensitive, action: actionWord(output.actions) };
      }
    } else {
      for (const [name, { value, sensitive }] of Object.entries(source)) {
        outputs[name] = { sensitive, type: typeJson(value, sensitive), ...(sensitive ? {} : { value }) };
      }
    }
    const sorted = Object.fromEntries(Object.entries(outputs).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
    this.#send('info', `Outputs: ${Object.keys(sorted).length}`, 'outputs', { outputs: sorted });
  }

  #planned(address: string, type: string, action: string, more: JsonObject): void {
    this.#send('info', `${address}: Plan to ${action}`, 'planned_change', {
      change: { resource: resource(address, type), action, ...more },
    });
  }

  /** What happens to a command: it has no action, and a message of its own for each line that it writes. */
  #provision(message: string, event: ApplyEvent): void {
    const { step } = event;
    const output = event.kind === 'output' ? { output: event.line } : {};
    this.#send('info', message, PROVISION[event.kind], {
      hook: { resource: resource(step.address, step.type), provisioner: PROVISIONER, ...output, step: step.kind },
    });
  }

  #hook(message: string, type: string, step: Step, more: JsonObject): void {
    this.#send('info', message, type, {
      hook: { resource: resource(step.address, step.type), action: ACTIONS[step.kind], ...more, step: step.kind },
    });
  }

  #send(level: 'info' | 'warn' | 'error', message: string, type: string, body: JsonObject): void {
    this.#write(
      JSON.stringify({
        '@level': level,
        '@message': message,
        '@module': 'keyform.ui',
        '@timestamp': new Date(this.#clock.now()).toISOString(),
        ...body,
        type,
      }),
    );
  }
}

/** A plan has a list of steps; an output of that name is an object. */
function isPlan(source: Plan | Readonly<Record<string, OutputState>>): source is Plan {
  return Array.isArray(source.steps);
}

function id(keyId: string | null): JsonObject {
  return keyId === null ? {} : { id_key: 'id', id_value: keyId };
}

function resource(address: string, type: string): JsonObject {
  const data = parseDataAddress(address);
  const parsed = data ?? parseAddress(address);
  const module = parsed?.module ?? [];
  return {
    addr: address,
    module: formatModule(module),
    resource: address.slice(formatModulePrefix(module).length),
    // As Terraform guesses it from a type: the word before the first underscore.
    implied_provider: (data?.type ?? type).split('_')[0] ?? type,
    // A step names the type of the keys that it is about, which is not a data source's own name.
    resource_type: data?.type ?? type,
    resource_name: parsed?.name ?? address,
    resource_key: parsed?.key ?? null,
  };
}

function actionWord(actions: readonly ChangeAction[]): string {
  if (actions.length > 1) return 'replace';
  return actions[0] === 'no-op' ? 'noop' : (actions[0] ?? 'noop');
}

const ALTERING: ReadonlySet<StepKind> = new Set(['update', 'enable', 'disable', 'rotate', 'restore']);

/** Whether a step disables a replaced key, which a plan tells beside the key that follows it. */
function isRetirement({ kind, id, address }: Step): boolean {
  return kind === 'disable' && id !== `disable ${address}`;
}

/** Counts as {@link countChanges} does; an address that got a new key is added, its renaming is no change of its own. */
export function countDone(result: ApplyResult): {
  add: number;
  change: number;
  destroy: number;
  adopt: number;
  import: number;
  forget: number;
} {
  const made = new Set<string>();
  const altered = new Set<string>();
  let retired = 0;
  let destroy = 0;
  let adopt = 0;
  let imported = 0;
  let forgotten = 0;
  for (const step of result.done) {
    if (step.kind === 'import') imported += 1;
    if (step.kind === 'forget') forgotten += 1;
    if (step.kind === 'adopt') adopt += 1;
    if (step.kind === 'create' || (step.kind === 'rotate' && step.renews !== true)) made.add(step.address);
    else if (isRetirement(step)) retired += 1;
    else if (ALTERING.has(step.kind)) altered.add(step.address);
    if (isDeletion(step)) destroy += 1;
  }
  const change = [...altered].filter((address) => !made.has(address)).length + retired;
  return { add: made.size, change, destroy, adopt, import: imported, forget: forgotten };
}
