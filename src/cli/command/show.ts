import { resolve } from 'node:path';
import { KeyformError } from '../../core/error.ts';
import { typesOf } from '../../engine/connect.ts';
import { type CommonFlags, DONE, type Outcome, type Outside, Workspace } from '../context.ts';
import { renderPlan } from '../render/plan.ts';
import { planJson, stateJson } from '../render/planjson.ts';
import { renderState } from '../render/state.ts';
import { readState } from './state/read.ts';

/** `keyform show`: a saved plan, or the state of a stack. */
export async function showCommand(
  outside: Outside,
  flags: CommonFlags & { readonly what?: string; readonly json: boolean; readonly markdown: boolean },
): Promise<Outcome> {
  if (flags.json && flags.markdown) {
    throw new KeyformError('invalid-usage', '-json and -markdown do not go together', {
      detail: 'Standard output holds one format.',
    });
  }
  const workspace = new Workspace(outside, flags);
  const { out } = outside.terminal;
  if (flags.what !== undefined && (await isFile(workspace, flags.what))) {
    const { readPlan } = await import('../../engine/planfile.ts');
    const path = resolve(workspace.folder, flags.what);
    const { plan } = await readPlan(path, await workspace.keysOf(path), outside.files);
    if (flags.json) out(`${JSON.stringify(planJson(plan, outside.version))}\n`);
    else if (flags.markdown) {
      const [{ planMarkdown }, { commentLimit }] = await Promise.all([
        import('../render/planmarkdown.ts'),
        import('../ci/folder.ts'),
      ]);
      out(planMarkdown([plan], [plan.stack], commentLimit(outside.environment)));
    } else {
      out(renderPlan(plan, outside.style.out));
      outside.printDiagnostics(plan.diagnostics);
    }
    return DONE;
  }
  if (flags.markdown) {
    throw new KeyformError('invalid-usage', '-markdown is for plans', {
      detail: 'Name a plan file: "keyform plan -out=FILE" writes one. "keyform plan -markdown" prints a plan at once.',
    });
  }
  const { state } = await readState(workspace, flags.what === undefined ? [] : [flags.what]);
  if (flags.json) out(`${JSON.stringify(stateJson(state, typesOf(outside.clouds)))}\n`);
  else out(renderState(state, typesOf(outside.clouds), outside.style.out));
  return DONE;
}

async function isFile(workspace: Workspace, name: string): Promise<boolean> {
  try {
    return (await workspace.outside.files.read(resolve(workspace.folder, name))) !== null;
  } catch {
    // A folder of that name: it is meant as a stack.
    return false;
  }
}
