import { KeyformError } from '../../core/error.ts';
import type { Generation, ResourceState, State } from '../../core/state.ts';
import { didYouMean } from '../../core/suggest.ts';
import { typesOf } from '../../engine/connect.ts';
import { type CommonFlags, DONE, list, type Outcome, type Outside, Workspace } from '../context.ts';
import { stateJson } from '../render/planjson.ts';
import { renderResource } from '../render/state.ts';
import { stateNames } from './stack.ts';

/** Reads the state of the one stack that `names` mean. Throws when there is none yet: nothing is not an empty state. */
export async function readState(
  workspace: Workspace,
  names: readonly string[],
): Promise<{ stack: string; state: State }> {
  const [stack, more] = await stateNames(workspace, names);
  if (stack === undefined || more !== undefined) {
    throw new KeyformError('invalid-usage', 'This command reads the state of one stack', { detail: 'Name one stack.' });
  }
  const { outside } = workspace;
  const read = await (await workspace.store(stack, await workspace.keys())).read();
  for (const note of read.notes) outside.terminal.err(`Note: ${note}\n`);
  if (!read.exists) {
    throw new KeyformError('invalid-usage', `Stack "${stack}" has no state yet`, {
      detail: 'Run "keyform apply" first.',
    });
  }
  return { stack, state: read.state };
}

interface StateFlags extends CommonFlags {
  readonly stack?: string;
}

/** `keyform state list`: addresses, one a line; deposed keys as Terraform lists them. */
export async function stateListCommand(outside: Outside, flags: StateFlags): Promise<Outcome> {
  const { state } = await readState(new Workspace(outside, flags), list(flags.stack));
  for (const resource of [...state.resources.values()].sort((a, b) => (a.address < b.address ? -1 : 1))) {
    if (resource.current !== null) outside.terminal.out(`${resource.address}\n`);
    for (const old of resource.deposed) outside.terminal.out(`${resource.address} (deposed key ${old.id})\n`);
  }
  return DONE;
}

/** `keyform state show ADDRESS`: everything but the secret. */
export async function stateShowCommand(
  outside: Outside,
  flags: StateFlags & { readonly address: string },
): Promise<Outcome> {
  const { state } = await readState(new Workspace(outside, flags), list(flags.stack));
  outside.terminal.out(renderResource(findResource(state, flags.address), typesOf(outside.clouds), outside.style.out));
  return DONE;
}

/** `keyform state pull`: the whole state as JSON, without any secret: those leave by `keyform secret` only. */
export async function statePullCommand(outside: Outside, flags: StateFlags): Promise<Outcome> {
  const { state } = await readState(new Workspace(outside, flags), list(flags.stack));
  const { lineage, serial, stack } = state;
  const json = { ...stateJson(state, typesOf(outside.clouds)), keyform: { lineage, serial, stack } };
  outside.terminal.out(`${JSON.stringify(json, null, 2)}\n`);
  return DONE;
}

interface SecretFlags extends StateFlags {
  readonly address: string;
  readonly reveal: boolean;
  readonly json: boolean;
  readonly generation?: string;
}

/** `keyform secret get ADDRESS`: the one way by which a secret is printed. */
export async function secretGetCommand(outside: Outside, flags: SecretFlags): Promise<Outcome> {
  if (outside.terminal.outIsTerminal && !flags.reveal) {
    throw new KeyformError('refused', 'A secret is not printed to a terminal', {
      detail: 'It would stay in the scroll-back. Pipe it to where it is needed, or say -reveal.',
    });
  }
  const { state } = await readState(new Workspace(outside, flags), list(flags.stack));
  const key = findGeneration(findResource(state, flags.address), flags.generation);
  if (key.secret === null) {
    throw new KeyformError('not-found', `State does not hold the secret of ${flags.address}`, {
      detail: 'The key was taken over without it. Replace the key to get one: keyform apply -replace=ADDRESS.',
    });
  }
  const secret = key.secret.reveal();
  outside.terminal.out(flags.json ? `${JSON.stringify({ access_key_id: key.accessKeyId, secret })}\n` : `${secret}\n`);
  return DONE;
}

function findResource(state: State, address: string): ResourceState {
  const resource = state.resources.get(address);
  if (resource === undefined) {
    throw new KeyformError('not-found', `State holds no resource "${address}"`, {
      detail: `"keyform state list" prints all addresses.${didYouMean(address, [...state.resources.keys()])}`,
    });
  }
  return resource;
}

function findGeneration(resource: ResourceState, number: string | undefined): Generation {
  const all = [...resource.deposed, ...(resource.current === null ? [] : [resource.current])];
  const found = number === undefined ? resource.current : all.find((key) => String(key.number) === number);
  if (found == null) {
    throw new KeyformError(
      'not-found',
      `${resource.address} has no ${number === undefined ? 'current key' : `generation ${number}`}`,
      {
        detail: all.length === 0 ? 'Run "keyform apply".' : `It has: ${all.map((key) => key.number).join(', ')}.`,
      },
    );
  }
  return found;
}

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

/** `keyform force-unlock ID`: takes the lock of a run away that will not end by itself. */
export async function forceUnlockCommand(
  outside: Outside,
  flags: StateFlags & { readonly id: string },
): Promise<Outcome> {
  const workspace = new Workspace(outside, flags);
  const names = await stateNames(workspace, list(flags.stack));
  const store = await workspace.store(names[0] as string, null);
  const holder = await store.forceUnlock(flags.id);
  const who = holder === null ? '' : `, held by ${holder.user}@${holder.host} since ${holder.since}`;
  outside.terminal.out(`The lock ${flags.id}${who} is gone. Make sure that the run that held it has ended.\n`);
  return DONE;
}
