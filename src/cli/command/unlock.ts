import { DONE, list, type Outcome, type Outside, Workspace } from '../context.ts';
import { oneStack, type StateFlags } from './state/read.ts';

/** `keyform force-unlock ID`: takes the lock of a run away that will not end by itself. */
export async function forceUnlockCommand(
  outside: Outside,
  flags: StateFlags & { readonly id: string },
): Promise<Outcome> {
  const workspace = new Workspace(outside, flags);
  const store = await workspace.store(await oneStack(workspace, list(flags.stack)), null);
  const holder = await store.forceUnlock(flags.id);
  const who = holder === null ? '' : `, held by ${holder.user}@${holder.host} since ${holder.since}`;
  outside.terminal.out(`The lock ${flags.id}${who} is gone. Make sure that the run that held it has ended.\n`);
  return DONE;
}
