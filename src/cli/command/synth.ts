import { relative } from 'node:path';
import { KeyformError } from '../../core/error.ts';
import { type CommonFlags, DONE, type Outcome, type Outside, Workspace } from '../context.ts';

/** `keyform synth`: runs the CDKTF app once and prints the file of each stack. */
export async function synthCommand(outside: Outside, flags: CommonFlags): Promise<Outcome> {
  const workspace = new Workspace(outside, flags);
  const project = await workspace.project();
  if (project.app === null) {
    throw new KeyformError('invalid-usage', 'cdktf.json names no app', {
      detail:
        'There is nothing to synthesize: JSON stacks are read as they are. A TypeScript stack needs "app" in cdktf.json.',
    });
  }
  const { synthesize } = await import('../../engine/synth.ts');
  const stacks = await synthesize({
    app: project.app,
    folder: project.folder,
    outputFolder: project.output,
    context: project.context,
    environment: outside.environment,
    processes: outside.processes,
    files: outside.files,
    signal: outside.signal,
  });
  for (const stack of stacks) {
    for (const warning of stack.warnings) outside.terminal.err(`Warning: ${warning}\n`);
    outside.terminal.out(`${stack.name}\t${relative(workspace.folder, stack.file)}\n`);
  }
  return DONE;
}
