import { KeyformError } from '../../core/error.ts';
import type { State } from '../../core/state.ts';
import { didYouMean } from '../../core/suggest.ts';
import { DONE, list, type Outcome, type Outside, Workspace } from '../context.ts';
import { readState, type StateFlags } from './state/read.ts';

/** `keyform output`: values that the last apply recorded. Sensitive ones only with `-reveal`. */
export async function outputCommand(
  outside: Outside,
  flags: StateFlags & {
    readonly name?: string;
    readonly json: boolean;
    readonly raw: boolean;
    readonly reveal: boolean;
  },
): Promise<Outcome> {
  const { state } = await readState(new Workspace(outside, flags), list(flags.stack));
  const { out } = outside.terminal;
  const shown = (output: State['outputs'][string]) => (output.sensitive && !flags.reveal ? null : output.value);
  if (flags.name === undefined) {
    const names = Object.keys(state.outputs).sort();
    if (flags.json) {
      const all = names.map((name) => {
        const output = state.outputs[name] as State['outputs'][string];
        return [name, { sensitive: output.sensitive, value: shown(output) }] as const;
      });
      out(`${JSON.stringify(Object.fromEntries(all), null, 2)}\n`);
    } else {
      for (const name of names) {
        const output = state.outputs[name] as State['outputs'][string];
        out(`${name} = ${output.sensitive && !flags.reveal ? '<sensitive>' : JSON.stringify(output.value)}\n`);
      }
    }
    return DONE;
  }
  const output = state.outputs[flags.name];
  if (output === undefined) {
    throw new KeyformError('not-found', `There is no output "${flags.name}"`, {
      detail: `Outputs are recorded by apply.${didYouMean(flags.name, Object.keys(state.outputs))}`,
    });
  }
  if (output.sensitive && !flags.reveal) {
    throw new KeyformError('refused', `Output "${flags.name}" is sensitive`, {
      detail: 'Say -reveal to print it, or read the key\'s secret with "keyform secret get ADDRESS".',
    });
  }
  const raw = typeof output.value === 'string' || typeof output.value === 'number' || typeof output.value === 'boolean';
  if (flags.raw && !raw) {
    throw new KeyformError('invalid-usage', `Output "${flags.name}" is not a string, number or boolean`, {
      detail: 'Use -json.',
    });
  }
  out(flags.raw ? String(output.value) : `${JSON.stringify(output.value)}\n`);
  return DONE;
}
