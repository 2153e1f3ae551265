import { KeyformError } from '../../core/error.ts';
import type { State } from '../../core/state.ts';
import type { Ground } from '../../engine/facts.ts';
import type { LoadedStack } from '../../engine/load.ts';
import type { StackText } from '../../engine/source.ts';
import type { Engine } from '../../engine/stack.ts';
import { variableFlags } from '../argv.ts';
import type { Workspace } from '../context.ts';

/** Reads the stacks that a command line names, each after those that it depends on. */
export async function readNamed(workspace: Workspace, names: readonly string[]): Promise<StackText[]> {
  const { inOrder, readStacks } = await import('../../engine/source.ts');
  const { outside } = workspace;
  const texts = await readStacks(await workspace.project(), names, outside, {
    onWarning: (text) => outside.terminal.err(`Warning: ${text}\n`),
    signal: outside.signal,
  });
  return inOrder(texts);
}

/** What the expressions of the project's stacks stand on. */
export function groundOf(workspace: Workspace): Ground {
  return { folder: workspace.folder, readNow: workspace.outside.readNow, yaml: workspace.outside.loadYaml };
}

/** Understands a stack with the variable values of the command line and the environment. */
export async function load(workspace: Workspace, text: StackText): Promise<LoadedStack> {
  const [{ gatherVariables }, { loadStack }] = await Promise.all([
    import('../../engine/source.ts'),
    import('../../engine/load.ts'),
  ]);
  const { outside } = workspace;
  const inputs = await gatherVariables(text, variableFlags(outside.words), workspace.folder, outside);
  return loadStack(text, inputs, outside.clouds, groundOf(workspace));
}

/** The stack with the outputs of the other stacks that it reads, as their states have them now. */
export async function withOutputs(workspace: Workspace, engine: Engine, loaded: LoadedStack): Promise<LoadedStack> {
  const stacks = new Set([...loaded.configuration.remotes.values()].map(({ stack }) => stack));
  if (stacks.size === 0) return loaded;
  const { readerOf } = await import('../../engine/reader.ts');
  const project = await workspace.project();
  const outputs = new Map<string, State['outputs']>();
  for (const stack of stacks) {
    const { state } = await readerOf(engine, project, stack, await workspace.keys(stack)).read();
    if (state.serial > 0) outputs.set(stack, state.outputs);
  }
  return { ...loaded, outputs };
}

/** Throws `invalid-usage` when a stack reads outputs of one that has no state yet. */
export function requireOutputs({ configuration, outputs }: LoadedStack): void {
  for (const { stack, address } of configuration.remotes.values()) {
    if (outputs.has(stack)) continue;
    throw new KeyformError(
      'invalid-usage',
      `Stack "${configuration.name}" reads outputs of stack "${stack}", which has none yet`,
      {
        detail: `${address} reads them. Apply that stack first, or both at once: keyform apply ${stack} ${configuration.name}`,
      },
    );
  }
}

/**
 * The names of stacks for a command that needs state only: JSON stacks, and whatever has a state file, so that no app
 * is run to read what is already recorded. Throws `invalid-usage` when it is not clear which one is meant.
 */
export async function stateNames(workspace: Workspace, names: readonly string[]): Promise<string[]> {
  const { jsonStackNames } = await import('../../engine/source.ts');
  const { KeyformError } = await import('../../core/error.ts');
  const project = await workspace.project();
  const { files } = workspace.outside;
  const kept = await keptStates(workspace);
  const all = [
    ...new Set([...kept, ...(kept.length === 0 || names.length > 0 ? await jsonStackNames(project, files) : [])]),
  ].sort();
  if (names.length > 0) return [...new Set(names.flatMap((name) => (name === '*' ? all : [name])))];
  if (all.length === 1) return all;
  throw new KeyformError('invalid-usage', all.length === 0 ? 'There is no state yet' : 'Which stack?', {
    detail: all.length === 0 ? 'Run "keyform apply" first.' : `There are: ${all.join(', ')}. Name one.`,
  });
}

/** Names of the stacks that have a state file, sorted. Throws `state-io`. */
export async function keptStates(workspace: Workspace): Promise<string[]> {
  const { guarded } = await import('../../state/fault.ts');
  const folder = (await workspace.project()).stateFolder;
  const entries = (await guarded('list the state folder', folder, () => workspace.outside.files.list(folder))) ?? [];
  return entries
    .flatMap(({ name }) =>
      name.endsWith('.keyform.age') && !name.startsWith('.') ? [name.slice(0, -'.keyform.age'.length)] : [],
    )
    .sort();
}
