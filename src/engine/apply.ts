import { Report } from '../core/configuration/block.ts';
import { type Diagnostic, DiagnosticsError, toDiagnostics } from '../core/diagnostic.ts';
import { type Json, stableStringify } from '../core/json.ts';
import { handlerOf } from '../core/plan/actual.ts';
import { inquire, readNow } from '../core/plan/data.ts';
import { exposed, outputValue } from '../core/plan/output.ts';
import type { Step } from '../core/plan/plan.ts';
import type { KeyHandler } from '../core/provider.ts';
import type { OutputState } from '../core/state.ts';
import { containsSensitive, isWhollyKnown, toJson } from '../core/value.ts';
import { deleteKey, toggleKey, updateKey } from './alter.ts';
import { makeKey, verifyKey } from './make.ts';
import { runProvisioner } from './provision.ts';
import { deposeKey, renewKey, restoreKey } from './rotate.ts';
import { type ApplyInput, Running } from './running.ts';
import { adoptKey, forgetKey, importKey, recoverKey } from './take.ts';
import { type ApplyResult, walkSteps } from './walk.ts';

/**
 * Carries out a plan: every step after those that it waits for, several at once. Each call that changes something is
 * framed by the journal: intent synced, act, result synced, event. A failed step stops only what waits for it. Never
 * throws for a failed step; throws when the first records cannot be written, before anything was done.
 */
export async function applyPlan(input: ApplyInput): Promise<ApplyResult> {
  const { plan, recorder } = input;
  await Promise.all(plan.entries.map((entry) => recorder.record(entry)));
  const run = new Running(input);
  const walked = await walkSteps(plan.steps, (step) => perform(run, step), input);
  const outputs = outputsOf(run, walked.failed.length + walked.skipped.length === 0);
  const result = { ...walked, diagnostics: [...walked.diagnostics, ...outputs.diagnostics] };
  if (
    stableStringify(outputs.values as unknown as Json) !== stableStringify(recorder.state.outputs as unknown as Json)
  ) {
    try {
      await recorder.record({ kind: 'outputs', outputs: outputs.values });
    } catch (error) {
      return { ...result, diagnostics: [...result.diagnostics, ...toDiagnostics(error)] };
    }
  }
  return result;
}

/** Steps around which a resource's conditions are looked at. */
const CHANGING: ReadonlySet<Step['kind']> = new Set(['create', 'rotate', 'update', 'enable', 'disable']);

/** Does one step; returns the id of the key that it made or changed. */
async function perform(run: Running, step: Step): Promise<string | null> {
  if (!CHANGING.has(step.kind)) return act(run, step);
  const instance = run.instance(step.address);
  if (instance !== null) run.require('precondition', instance);
  const id = await act(run, step);
  if (instance !== null) run.require('postcondition', instance);
  return id;
}

async function act(run: Running, step: Step): Promise<string | null> {
  const handler = handlerOf(run.input.world, step.provider, step.type);
  switch (step.kind) {
    case 'create':
      return makeKey(run, step, handler);
    case 'rotate':
      return step.renews === true ? renewKey(run, step, handler) : makeKey(run, step, handler);
    case 'verify':
      return verifyKey(run, step, handler);
    case 'update':
      return updateKey(run, step, handler);
    case 'enable':
    case 'disable':
      return toggleKey(run, step, handler);
    case 'delete':
      return deleteKey(run, step, handler);
    case 'recover':
      return recoverKey(run, step, handler);
    case 'adopt':
      return adoptKey(run, step, handler);
    case 'import':
      return importKey(run, step, handler);
    case 'forget':
      return forgetKey(run, step);
    case 'depose':
      return deposeKey(run, step);
    case 'restore':
      return restoreKey(run, step);
    case 'read':
      return readData(run, step, handler);
    case 'run':
      return runProvisioner(run, step);
  }
}

/** Reads a data source that could not be read while planning; one that reads a single key returns its id. */
async function readData(run: Running, step: Step, handler: KeyHandler): Promise<string | null> {
  const { world, signal } = run.input;
  const instance = run.instance(step.address);
  if (instance === null || !('source' in instance.block))
    throw new Error('a read step is for a data source of the stack');
  const { block, scope } = instance;
  const report = new Report();
  const inquiry = inquire(block, scope, report);
  if (inquiry === null) throw new DiagnosticsError(report.diagnostics);
  const values = await readNow(block, inquiry, world, (args) => handler.list(args, signal));
  run.publishData(step.address, values);
  run.require('postcondition', instance);
  return typeof values.id === 'string' ? values.id : null;
}

/** Output values after the run. One that cannot be told keeps the value it had. */
function outputsOf(
  run: Running,
  complete: boolean,
): {
  readonly values: Readonly<Record<string, OutputState>>;
  /** Outputs that must say that they are sensitive. */
  readonly diagnostics: readonly Diagnostic[];
} {
  const { loaded, plan, recorder } = run.input;
  const { configuration } = loaded;
  const before = recorder.state.outputs;
  if (plan.mode === 'destroy') {
    const gone = new Set(plan.outputs.filter((output) => output.actions[0] === 'delete').map((output) => output.name));
    return {
      values: complete ? Object.fromEntries(Object.entries(before).filter(([name]) => !gone.has(name))) : before,
      diagnostics: [],
    };
  }
  const values: Record<string, OutputState> = {};
  const diagnostics: Diagnostic[] = [];
  for (const output of configuration.outputs.values()) {
    const value = outputValue(output, run.evaluation, new Report());
    // Known to be sensitive only now, when it is there: it must not get into a place that is printed.
    const bare = value !== undefined && containsSensitive(value) && !output.sensitive;
    if (bare) {
      diagnostics.push({
        severity: 'error',
        ...exposed(output.name),
        place: output.place,
      });
    }
    if (value !== undefined && isWhollyKnown(value) && !bare) {
      values[output.name] = { value: toJson(value), sensitive: output.sensitive };
    } else {
      const old = before[output.name];
      if (old !== undefined) values[output.name] = old;
    }
  }
  return { values, diagnostics };
}
