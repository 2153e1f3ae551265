import { Report } from '../configuration/block.ts';
import type { StackScope } from '../configuration/scope.ts';
import { stableStringify } from '../json.ts';
import { containsSensitive, isWhollyKnown, sensitive, toJson, type Value } from '../language/value.ts';
import type { State } from '../state.ts';
import { evaluateAt } from './desire.ts';
import type { PlanInput } from './input.ts';
import type { OutputChange } from './plan.ts';
import type { Refusal } from './refusal.ts';

/**
 * What happens to each output. An output whose resources were refused or left out keeps its value; a sensitive value in an
 * output that does not say so is reported, and the output left out.
 */
export function planOutputs(
  input: PlanInput,
  scope: StackScope,
  refusals: readonly Refusal[],
  report: Report,
  targets: ReadonlySet<string> | null,
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
      const usable = refusals.length === 0 && targets === null && options.mode === 'normal' && !report.failed;
      const quiet = new Report();
      const value = evaluateAt(output.expression, output.place, scope, (place, summary, detail) => {
        (usable ? report : quiet).error(place, summary, detail);
      });
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
