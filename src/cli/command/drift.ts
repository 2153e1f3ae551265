import type { Plan } from '../../core/plan/plan.ts';
import { list, type Outcome, type Outside, Workspace } from '../context.ts';
import { driftJson, hasDrift, renderDrift } from '../render/drift.ts';
import type { PlanFlags } from './flags.ts';
import { makePlanFor } from './plan.ts';
import { load, readNamed } from './stack.ts';

/**
 * `keyform drift`: what the APIs show against what state remembers. It plans in refresh-only mode and holds no path to a
 * call that changes anything, nor to a write of the state. Exit 0: none; 2: drift; 1: something could not be read.
 */
export async function driftCommand(
  outside: Outside,
  flags: Pick<PlanFlags, 'stacks' | 'chdir' | 'sandbox' | 'identity-file' | 'json'>,
): Promise<Outcome> {
  const workspace = new Workspace(outside, flags);
  const texts = await readNamed(workspace, list(flags.stacks));
  const { storeOf } = await import('../../engine/storage.ts');
  const plans: Plan[] = [];
  for (const text of texts) {
    const loaded = await load(workspace, text);
    const engine = await workspace.engine();
    const read = await storeOf(engine, await workspace.project(), text.name, await workspace.keys(text.name)).read();
    for (const note of read.notes) outside.terminal.err(`Note: ${note}\n`);
    const { plan } = await makePlanFor(workspace, engine, loaded, read.state, {
      json: flags.json,
      refresh: true,
      'refresh-only': true,
      destroy: false,
      'allow-credential-delete': false,
    });
    plans.push(plan);
    if (!flags.json) {
      if (texts.length > 1) outside.terminal.out(`${outside.style.out.bold(`Stack ${text.name}`)}\n`);
      outside.terminal.out(renderDrift(plan, outside.style.out));
      outside.printDiagnostics(plan.diagnostics);
    }
  }
  if (flags.json)
    outside.terminal.out(
      `${JSON.stringify(plans.length === 1 ? driftJson(plans[0] as Plan) : plans.map(driftJson))}\n`,
    );
  if (plans.some((plan) => plan.diagnostics.some((diagnostic) => diagnostic.severity === 'error'))) return { code: 1 };
  return { code: plans.some(hasDrift) ? 2 : 0 };
}
