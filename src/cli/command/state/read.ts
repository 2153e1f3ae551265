import { KeyformError } from '../../../core/error.ts';
import type { ResourceState, State } from '../../../core/state.ts';
import { didYouMean } from '../../../core/suggest.ts';
import { noState } from '../../../state/copy.ts';
import type { LockHolder } from '../../../state/lock.ts';
import type { StoreOptions } from '../../../state/store.ts';
import { type CommonFlags, list, type Outside, type Workspace } from '../../context.ts';
import { keptStates, stateNames } from '../stack.ts';

/** Flags of every command that is about the state of one stack. */
export interface StateFlags extends CommonFlags {
  readonly stack?: string;
}

/** The one stack that `names` mean. Throws `invalid-usage` when it is not clear which. */
export async function oneStack(workspace: Workspace, names: readonly string[]): Promise<string> {
  const [stack, more] = await stateNames(workspace, names);
  if (stack !== undefined && more === undefined) return stack;
  throw new KeyformError('invalid-usage', 'This command is about the state of one stack', {
    detail: 'Name one stack.',
  });
}

/** Reads the state of the one stack that `names` mean. Throws when there is none yet: nothing is not an empty state. */
export async function readState(
  workspace: Workspace,
  names: readonly string[],
): Promise<{ stack: string; state: State }> {
  const stack = await oneStack(workspace, names);
  const read = await (await workspace.store(stack, await workspace.keys(stack))).read();
  printNotes(workspace.outside, read.notes);
  if (!read.exists) throw await noSuchState(workspace, stack);
  return { stack, state: read.state };
}

/** The error for a stack without a state, which names those that have one: the name may be a slip. */
export async function noSuchState(workspace: Workspace, stack: string): Promise<KeyformError> {
  const others = (await keptStates(workspace)).filter((name) => name !== stack);
  const { code, message, detail } = noState(stack);
  if (others.length === 0) return new KeyformError(code, message, { detail });
  return new KeyformError(code, message, {
    detail: `${detail} Stacks that have one: ${others.join(', ')}.${didYouMean(stack, others)}`,
  });
}

/** What the store of the one stack that `flags` mean is opened with. */
export async function optionsOf(workspace: Workspace, flags: StateFlags): Promise<StoreOptions> {
  const stack = await oneStack(workspace, list(flags.stack));
  return workspace.storeOptions(stack, await workspace.keys(stack));
}

/** Prints what a person should know, on standard error. */
export function printNotes(outside: Outside, notes: readonly string[]): void {
  for (const note of notes) outside.terminal.err(`Note: ${note}\n`);
}

/** Says who is waited for. */
export function tellWaiting(outside: Outside): (holder: LockHolder | null) => void {
  return (holder) => {
    const who = holder === null ? '' : `, held by ${holder.user}@${holder.host} since ${holder.since}`;
    outside.terminal.err(`Waiting for the state lock${who}.\n`);
  };
}

/** Asks on the terminal, unless `approved`. Throws `invalid-usage` where there is nobody to ask, `cancelled` for a no. */
export async function approve(outside: Outside, question: string, approved: boolean): Promise<void> {
  if (approved) return;
  const { ask } = outside.terminal;
  if (ask === null) {
    throw new KeyformError('invalid-usage', 'There is no terminal to ask for approval on', {
      detail: 'Add -auto-approve. Nothing was done.',
    });
  }
  const answer = await ask(`\n${question}\nOnly "yes" will be accepted: `, { hidden: false });
  if (answer.trim() !== 'yes') {
    throw new KeyformError('cancelled', 'The command was cancelled', { detail: 'Nothing was done.' });
  }
}

/** Throws `not-found` for an address that the state does not hold. */
export function findResource(state: State, address: string): ResourceState {
  const resource = state.resources.get(address);
  if (resource === undefined) throw noResource(state, address);
  return resource;
}

/** The error for an address that the state does not know. */
export function noResource(state: State, address: string): KeyformError {
  return new KeyformError('not-found', `State holds no resource "${address}"`, {
    detail: `"keyform state list" prints all addresses.${didYouMean(address, [...state.resources.keys()])}`,
  });
}

/** Resources by address. */
export function sortedResources(state: State): readonly ResourceState[] {
  return [...state.resources.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
}
