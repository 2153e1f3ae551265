import type { LoadedStack } from '../../engine/load.ts';
import type { StackText } from '../../engine/source.ts';
import { variableFlags } from '../argv.ts';
import type { Workspace } from '../context.ts';

/** Reads the stacks that a command line names. */
export async function readNamed(workspace: Workspace, names: readonly string[]): Promise<StackText[]> {
  const { readStacks } = await import('../../engine/source.ts');
  const { outside } = workspace;
  return readStacks(await workspace.project(), names, outside, {
    onWarning: (text) => outside.terminal.err(`Warning: ${text}\n`),
    signal: outside.signal,
  });
}

/** Understands a stack with the variable values of the command line and the environment. */
export async function load(workspace: Workspace, text: StackText): Promise<LoadedStack> {
  const [{ gatherVariables }, { loadStack }] = await Promise.all([
    import('../../engine/source.ts'),
    import('../../engine/load.ts'),
  ]);
  const { outside } = workspace;
  const inputs = await gatherVariables(text, variableFlags(outside.words), workspace.folder, outside);
  return loadStack(text, inputs, outside.clouds);
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
