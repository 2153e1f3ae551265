import { parseDuration } from '../../core/duration.ts';
import { KeyformError } from '../../core/error.ts';
import type { RotationRequest } from '../../core/plan/input.ts';
import { hasChanges } from '../../core/plan/plan.ts';
import { list, type Outcome, type Outside, Workspace, wholeNumber } from '../context.ts';
import { type ApplyFlags, applyStack } from './apply.ts';
import type { PlanFlags } from './flags.ts';
import { jsonStream, makePlanFor, print, report } from './plan.ts';
import { load, readNamed, withOutputs } from './stack.ts';

export interface RotateFlags extends Omit<PlanFlags, 'stacks' | 'destroy' | 'refresh-only' | 'refresh' | 'replace'> {
  readonly addresses?: readonly string[];
  readonly stack?: string | readonly string[];
  readonly check: boolean;
  readonly 'due-within'?: string;
  readonly force: boolean;
  readonly 'revoke-now': boolean;
  readonly rollback: boolean;
  readonly 'max-rotations'?: string;
  readonly 'auto-approve': boolean;
}

/**
 * `keyform rotate`: rotates the keys that are due, and retires those whose overlap is over; nothing else of the stack is touched but what
 * depends on a rotated key. With `-check` it only says what is due: exit 2 when something is.
 */
export async function rotateCommand(outside: Outside, flags: RotateFlags): Promise<Outcome> {
  const request = requestOf(flags);
  const { stack, ...given } = flags;
  const asked: ApplyFlags = {
    ...given,
    stacks: list(stack),
    refresh: true,
    'refresh-only': false,
    destroy: false,
    rotation: request,
    // Retiring after an overlap never counts, and what else ends was asked for by name.
    'max-deletes': flags['max-deletes'] ?? String(Number.MAX_SAFE_INTEGER),
  };
  const ui = flags.json ? jsonStream(outside) : null;
  ui?.version();
  if (flags.json && !flags.check && !flags['auto-approve']) {
    throw new KeyformError('invalid-usage', '-json cannot ask for approval', {
      detail: 'Add -auto-approve, or -check.',
    });
  }
  const workspace = new Workspace(outside, asked);
  const texts = await readNamed(workspace, list(stack));
  if (texts.length > 1 && request.addresses.length > 0) {
    throw new KeyformError('invalid-usage', 'Addresses are of one stack', { detail: 'Name it: -stack=NAME.' });
  }
  let failed = false;
  let due = false;
  for (const text of texts) {
    if (texts.length > 1 && ui === null) outside.terminal.out(`${outside.style.out.bold(`Stack ${text.name}`)}\n`);
    if (!flags.check) {
      failed = !(await applyStack(workspace, text, asked, ui)) || failed;
      if (outside.signal.aborted) break;
      continue;
    }
    const engine = await workspace.engine();
    const loaded = await withOutputs(workspace, engine, await load(workspace, text));
    const { storeOf } = await import('../../engine/storage.ts');
    const read = await storeOf(engine, await workspace.project(), text.name, await workspace.keys(text.name)).read();
    for (const note of read.notes) outside.terminal.err(`Note: ${note}\n`);
    const { plan } = await makePlanFor(workspace, engine, loaded, read.state, asked);
    print(outside, plan, ui);
    failed = report(outside, plan, ui) || failed;
    due ||= hasChanges(plan);
  }
  return { code: failed ? 1 : flags.check && due ? 2 : 0 };
}

/** What the flags ask for. Throws `invalid-usage` for a combination that means nothing. */
function requestOf(flags: RotateFlags): RotationRequest {
  const addresses = list(flags.addresses);
  const { force, rollback } = flags;
  const revokeNow = flags['revoke-now'];
  const refuse = (summary: string, detail: string) => {
    throw new KeyformError('invalid-usage', summary, { detail });
  };
  if (addresses.length === 0 && (force || rollback || revokeNow)) {
    const flag = force ? '-force' : rollback ? '-rollback' : '-revoke-now';
    refuse(
      `${flag} needs addresses`,
      `Name the keys: keyform rotate ${flag} TYPE.NAME ("keyform state list" prints them).`,
    );
  }
  if (rollback && (force || revokeNow))
    refuse('-rollback goes neither with -force nor with -revoke-now', 'It brings the key before the current one back.');
  const limit = flags['max-rotations'];
  return {
    addresses,
    force,
    rollback,
    revokeNow,
    dueWithin: flags['due-within'] === undefined ? 0 : parseDuration(flags['due-within']),
    maxRotations: limit === undefined ? null : wholeNumber('max-rotations', limit, 0, 0),
  };
}
