import { Report } from '../configuration/block.ts';
import type { OutputBlock } from '../configuration/module.ts';
import { judge } from '../evaluation/condition.ts';
import type { Evaluation } from '../evaluation/evaluation.ts';
import { MissingValue, placeOf } from '../evaluation/problem.ts';
import { EvaluationProblem } from '../expression/problem.ts';
import { stableStringify } from '../json.ts';
import type { State } from '../state.ts';
import { containsSensitive, isWhollyKnown, sensitive, toJson, type Value } from '../value.ts';
import { evaluateAt } from './desire.ts';
import type { PlanInput } from './input.ts';
import { makesDeclared, type OutputChange } from './plan.ts';
import type { Refusal } from './refusal.ts';
import type { Selection } from './target.ts';

/**
 * What happens to each output. An output whose resources were refused or left out keeps its value; a sensitive value in an
 * output that does not say so is reported, and the output left out.
 */
export function planOutputs(
  input: PlanInput,
  evaluation: Evaluation,
  refusals: readonly Refusal[],
  report: Report,
  targets: Selection | null,
): OutputChange[] {
  const { configuration, state, options } = input;
  const before = (name: string): Value => {
    const output = outputIn(state, name);
    return output === undefined ? null : output.sensitive ? sensitive(output.value) : output.value;
  };
  const changes: OutputChange[] = [];
  if (options.mode !== 'destroy') {
    for (const output of configuration.outputs.values()) {
      // A value whose resources were refused, left out or not planned for keeps what it had.
      const usable = refusals.length === 0 && targets === null && makesDeclared(options.mode) && !report.failed;
      const quiet = new Report();
      const value = outputValue(output, evaluation, usable ? report : quiet);
      if (value === undefined) {
        if (outputIn(state, output.name) !== undefined) {
          changes.push({
            name: output.name,
            actions: ['no-op'],
            before: before(output.name),
            after: before(output.name),
            sensitive: output.sensitive,
          });
        }
        continue;
      }
      if (containsSensitive(value) && !output.sensitive) {
        const { summary, detail } = exposed(output.name);
        report.error(output.place, summary, detail);
        continue;
      }
      const old = outputIn(state, output.name);
      const after = output.sensitive ? sensitive(value) : value;
      const equal =
        old !== undefined &&
        isWhollyKnown(value) &&
        stableStringify(toJson(value)) === stableStringify(old.value) &&
        old.sensitive === output.sensitive;
      changes.push({
        name: output.name,
        actions: [old === undefined ? 'create' : equal ? 'no-op' : 'update'],
        before: before(output.name),
        after,
        sensitive: output.sensitive,
      });
    }
  }
  for (const [name, output] of Object.entries(state.outputs)) {
    if (options.mode === 'destroy' ? targets !== null : configuration.outputs.has(name)) continue;
    changes.push({ name, actions: ['delete'], before: before(name), after: null, sensitive: output.sensitive });
  }
  return changes;
}

function outputIn(state: State, name: string): State['outputs'][string] | undefined {
  return Object.hasOwn(state.outputs, name) ? state.outputs[name] : undefined;
}

/** What is said of an output whose value is sensitive and that does not say so. */
export function exposed(name: string): { readonly summary: string; readonly detail: string } {
  return {
    summary: 'Output refers to sensitive values',
    detail: `To reduce the risk of accidentally exporting a secret, output "${name}" must say so: add sensitive = true.`,
  };
}

/** The value of an output of the root; undefined when it cannot be told, which is reported unless what it needs has failed. */
export function outputValue(output: OutputBlock, evaluation: Evaluation, report: Report): Value | undefined {
  try {
    for (const condition of output.preconditions) {
      const { holds, message } = judge(condition, evaluation.root);
      if (holds !== false) continue;
      report.error(condition.condition.place, 'Module output value precondition failed', message);
      return undefined;
    }
    return evaluateAt(output.expression, output.place, evaluation.root, (place, summary, detail) =>
      report.error(place, summary, detail),
    );
  } catch (error) {
    if (error instanceof EvaluationProblem) report.error(placeOf(error, output.place), error.message, error.detail);
    else if (!(error instanceof MissingValue)) throw error;
    return undefined;
  }
}
