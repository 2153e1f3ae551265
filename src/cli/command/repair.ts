import { KeyformError } from '../../core/error.ts';
import type { RepairPlan } from '../../state/draft.ts';
import { inspectState } from '../../state/inspect.ts';
import { describeHolder } from '../../state/lock.ts';
import { planRepair, repairState } from '../../state/repair.ts';
import { DONE, type Outcome, type Outside, Workspace } from '../context.ts';
import { renderInspection, renderRepair } from '../render/care.ts';
import { lockTimeout } from './plan.ts';
import { noSuchState } from './state/read.ts';
import { type CareFlags, careOptions } from './verify.ts';

interface RepairFlags extends CareFlags {
  readonly 'auto-approve': boolean;
  readonly 'dry-run': boolean;
  readonly 'lock-timeout'?: string;
}

/** `keyform state repair`: puts a damaged state in order from what is authentic; asks first. Exit code 1 when damage is left. */
export async function stateRepairCommand(outside: Outside, flags: RepairFlags): Promise<Outcome> {
  const workspace = new Workspace(outside, flags);
  const options = await careOptions(workspace, flags);
  const { out, err } = outside.terminal;
  const style = outside.style.out;
  const { folder } = workspace;
  const before = await inspectState(options);
  if (!before.exists) throw await noSuchState(workspace, options.stack);

  if (flags['dry-run']) {
    const plan = await planRepair(options);
    if (plan.blocked !== null) throw blockedError(plan.blocked);
    out(plan.steps.length === 0 ? nothingToDo(options.stack) : renderRepair(plan, folder, style));
    if (plan.steps.length === 0) out(renderRepair(plan, folder, style));
    return { code: before.damaged || before.unread ? 1 : 0 };
  }

  const repaired = await repairState(options, {
    lockTimeoutMs: lockTimeout(flags),
    approve: async (plan) => {
      out(`${renderRepair(plan, folder, style)}\n`);
      await approve(outside, flags);
    },
    onWait: (holder) => err(`Waiting for the lock${holder === null ? '' : `, held by ${describeHolder(holder)}`}.\n`),
    signal: outside.signal,
  });
  for (const note of repaired.notes) err(`Note: ${note}\n`);
  const { plan, serial, kept } = repaired;
  if (plan.blocked !== null) throw blockedError(plan.blocked);
  if (serial === null) {
    out(nothingToDo(options.stack));
    out(renderRepair(plan, folder, style));
    return { code: before.damaged || before.unread ? 1 : 0 };
  }
  out(`Repaired: snapshot ${serial} stands.`);
  out(
    kept.length === 0
      ? '\n\n'
      : ` What was there is kept:\n${kept.map((path) => `  ${path.replace(`${folder}/`, '')}\n`).join('')}\n`,
  );
  const after = await inspectState(options);
  out(renderInspection(after, folder, style));
  if (!after.damaged && !after.unread) return DONE;
  out(`\n${style.bold('Something is left for you to see to:')} "keyform state verify" says what.\n`);
  return { code: 1 };
}

function nothingToDo(stack: string): string {
  return `There is nothing to repair in the state of "${stack}".\n`;
}

function blockedError({ what, detail }: NonNullable<RepairPlan['blocked']>): KeyformError {
  return new KeyformError('damaged-state', what, { detail: `${detail} Nothing was changed.` });
}

async function approve(outside: Outside, flags: RepairFlags): Promise<void> {
  if (flags['auto-approve']) return;
  const { ask } = outside.terminal;
  if (ask === null) {
    throw new KeyformError('invalid-usage', 'There is no terminal to ask for approval on', {
      detail:
        'Nothing was done. Look at what is said above, or at "keyform state repair -dry-run", then add -auto-approve.',
    });
  }
  const answer = await ask('\nDo you want to repair the state in this way?\nOnly "yes" will be accepted: ', {
    hidden: false,
  });
  if (answer.trim() !== 'yes')
    throw new KeyformError('cancelled', 'The repair was cancelled', { detail: 'Nothing was done.' });
}
