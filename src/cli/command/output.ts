import { KeyformError } from '../../core/error.ts';
import type { Json } from '../../core/json.ts';
import { Secret } from '../../core/secret.ts';
import type { State } from '../../core/state.ts';
import { didYouMean } from '../../core/suggest.ts';
import { DONE, list, type Outcome, type Outside, Workspace } from '../context.ts';
import { maskSecrets } from '../mask.ts';
import { typeJson } from '../render/redact.ts';
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
  if (flags.reveal) {
    const revealed = Object.entries(state.outputs).filter(([name]) => flags.name === undefined || name === flags.name);
    maskSecrets(
      outside,
      revealed.flatMap(([, output]) => (output.sensitive ? textsOf(output.value) : [])),
    );
  }
  const shown = (output: State['outputs'][string]) => (output.sensitive && !flags.reveal ? null : output.value);
  if (flags.name === undefined) {
    const names = Object.keys(state.outputs).sort();
    if (flags.json) {
      const all = names.map((name) => {
        const output = state.outputs[name] as State['outputs'][string];
        const { sensitive, value } = output;
        return [name, { sensitive, type: typeJson(value, sensitive && !flags.reveal), value: shown(output) }] as const;
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

/** Every text in a sensitive value: what a log could show of it. */
function textsOf(value: Json): readonly Secret[] {
  if (typeof value === 'string') return [new Secret(value)];
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(textsOf);
}
