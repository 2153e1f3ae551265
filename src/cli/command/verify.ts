import { KeyformError } from '../../core/error.ts';
import { careOf } from '../../engine/care.ts';
import type { CareOptions } from '../../state/evidence.ts';
import { inspectState } from '../../state/inspect.ts';
import { planRepair } from '../../state/repair.ts';
import { type CommonFlags, list, type Outcome, type Outside, Workspace } from '../context.ts';
import { pathFrom, renderInspection, renderRepair } from '../render/care.ts';
import { stateNames } from './stack.ts';
import { noSuchState } from './state/read.ts';

export interface CareFlags extends CommonFlags {
  readonly stack?: string;
}

/** The places of the state of the one stack that is meant. Throws `invalid-usage` when it is not clear which. */
export async function careOptions(workspace: Workspace, flags: CareFlags): Promise<CareOptions> {
  const [stack, more] = await stateNames(workspace, list(flags.stack));
  if (stack === undefined || more !== undefined) {
    throw new KeyformError('invalid-usage', 'This command looks at the state of one stack', {
      detail: 'Name one stack.',
    });
  }
  return careOf(workspace.outside, await workspace.project(), stack, await workspace.keys(stack));
}

/**
 * `keyform state verify`: looks at every file of a state; exit code 1 when one is damaged, with what a repair would do, or when one
 * that counts cannot be opened with the keys at hand.
 */
export async function stateVerifyCommand(
  outside: Outside,
  flags: CareFlags & { readonly json: boolean },
): Promise<Outcome> {
  const workspace = new Workspace(outside, flags);
  const options = await careOptions(workspace, flags);
  const inspection = await inspectState(options);
  if (!inspection.exists) throw await noSuchState(workspace, options.stack);
  const { damaged, unread } = inspection;
  const plan = damaged ? await planRepair(options) : null;
  const { out } = outside.terminal;
  const style = outside.style.out;
  if (flags.json) {
    const findings = inspection.findings.map((one) => ({ ...one, file: pathFrom(workspace.folder, one.file) }));
    const repair =
      plan === null ? null : { steps: plan.steps, losses: plan.losses, advice: plan.advice, blocked: plan.blocked };
    out(`${JSON.stringify({ stack: options.stack, damaged, unread, findings, repair }, null, 2)}\n`);
    return { code: damaged || unread ? 1 : 0 };
  }
  out(renderInspection(inspection, workspace.folder, style));
  if (plan === null && unread) {
    const what = style.bold(`Whether the state of "${options.stack}" is whole is not known:`);
    out(`\n${what} the keys at hand do not open all of it.\n`);
    return { code: 1 };
  }
  if (plan === null) {
    out(`\n${style.bold(`The state of "${options.stack}" is whole.`)}\n`);
    return { code: 0 };
  }
  out(`\n${style.bold(`The state of "${options.stack}" is damaged.`)} Nothing was changed.\n\n`);
  out(renderRepair(plan, workspace.folder, style));
  return { code: 1 };
}
