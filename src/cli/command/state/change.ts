import { parseAddress } from '../../../core/address.ts';
import { KeyformError } from '../../../core/error.ts';
import type { Intent, ResourceState, State } from '../../../core/state.ts';
import { guarded } from '../../../state/fault.ts';
import type { Session } from '../../../state/session.ts';
import { DONE, list, type Outcome, type Outside, Workspace } from '../../context.ts';
import { plain } from '../../render/quote.ts';
import { lockTimeout } from '../plan.ts';
import { addressOf } from './look.ts';
import { approve, noResource, noSuchState, oneStack, printNotes, type StateFlags, tellWaiting } from './read.ts';

interface ChangeFlags extends StateFlags {
  readonly 'dry-run': boolean;
  readonly 'lock-timeout'?: string;
}

/** `keyform state mv SOURCE DESTINATION`: the keys of one address belong to another from now on. Words as Terraform's. */
export async function stateMvCommand(
  outside: Outside,
  flags: ChangeFlags & { readonly source: string; readonly destination: string },
): Promise<Outcome> {
  const { source, destination } = flags;
  addressOf(source);
  if (addressOf(destination).key !== null) {
    throw new KeyformError('invalid-usage', `Cannot move to ${destination}: it is an instance of a resource`, {
      detail: 'count and for_each arrive with the whole language of stacks. Name TYPE.NAME.',
    });
  }
  const { out } = outside.terminal;
  if (flags['dry-run']) {
    refuseMove(await readPresent(new Workspace(outside, flags), flags), source, destination);
    out(`Would move "${source}" to "${destination}"\n`);
    return DONE;
  }
  await inSession(new Workspace(outside, flags), flags, 'state mv', async (session) => {
    refuseMove(session.state, source, destination);
    await session.record({ kind: 'moved', from: source, to: destination });
  });
  out(`Move "${source}" to "${destination}"\nSuccessfully moved 1 object(s).\n`);
  printNotes(outside, [
    `Call it ${destination} in the stack as well: a plan would otherwise destroy its keys and make a new one for ${source}.`,
  ]);
  return DONE;
}

/** Open attempts at the source move along; at the destination they would meet keys that they know nothing of. */
function refuseMove(state: State, source: string, destination: string): void {
  const resource = state.resources.get(source);
  if (resource === undefined) throw noSource(state, source);
  const no = (why: string, detail: string) =>
    new KeyformError('refused', `Cannot move ${source} to ${destination}: ${why}`, { detail });
  if (parseAddress(destination)?.type !== resource.type) {
    throw no("resource types don't match", 'A key stays what it is. Name an address of the same type.');
  }
  if (state.resources.has(destination)) {
    throw no(
      'there is already a resource at that address in the current state',
      `Move that one elsewhere first, or forget it: keyform state rm ${destination}`,
    );
  }
  if (openAt(state, destination).length > 0) {
    throw no(
      'an attempt there has no recorded result',
      'It may have made a key. "keyform plan" looks into it, and "keyform apply" settles it; then move.',
    );
  }
}

function noSource(state: State, source: string): KeyformError {
  const [attempt] = openAt(state, source);
  if (attempt === undefined) return noResource(state, source);
  return new KeyformError('refused', `State holds no key of ${source} yet, only an attempt to make one`, {
    detail: `It was begun ${attempt.at}, and its result is not recorded. "keyform apply" looks into it.`,
  });
}

interface RemoveFlags extends ChangeFlags {
  readonly addresses?: readonly string[];
  readonly force: boolean;
  readonly 'auto-approve': boolean;
}

/** `keyform state rm ADDRESS…`: forgets keys, which stay at their clouds; asks, since nobody has their secrets then. */
export async function stateRmCommand(outside: Outside, flags: RemoveFlags): Promise<Outcome> {
  const wanted = flags.addresses ?? [];
  if (wanted.length === 0) {
    throw new KeyformError('invalid-usage', 'At least one address is required', {
      detail: 'keyform state rm ADDRESS; "keyform state list" prints the addresses.',
    });
  }
  const { out } = outside.terminal;
  const workspace = new Workspace(outside, flags);
  if (flags['dry-run']) {
    const victims = victimsOf(await readPresent(workspace, flags), wanted, flags.force);
    for (const { address } of victims) out(`Would remove ${address}\n`);
    return DONE;
  }
  const removed = await inSession(workspace, flags, 'state rm', async (session) => {
    const victims = victimsOf(session.state, wanted, flags.force);
    out(describe(victims));
    await approve(outside, 'Forget them?', flags['auto-approve']);
    for (const { address, resource, open } of victims) {
      for (const { id } of open) await session.record({ kind: 'settled', intent: id });
      const keys = keysOf(resource);
      // 0: one whose key was deleted before the next is made.
      for (const number of resource !== null && keys.length === 0 ? [0] : keys.map((key) => key.number))
        await session.record({ kind: 'forgotten', address, generation: number });
    }
    return victims;
  });
  for (const { address } of removed) out(`Removed ${address}\n`);
  out(`Successfully removed ${removed.length} resource instance(s).\n`);
  printNotes(outside, [
    'Until the state changes again its backup still has them: "keyform state restore" brings them back.',
  ]);
  return DONE;
}

interface Victim {
  readonly address: string;
  /** Null for an address of which there is no more than an attempt. */
  readonly resource: ResourceState | null;
  readonly open: readonly Intent[];
}

/** All that `wanted` names; one without an instance's key means all instances. Throws for what is not there, or may hide an orphan. */
function victimsOf(state: State, wanted: readonly string[], force: boolean): readonly Victim[] {
  const known = new Set([...state.resources.keys(), ...[...state.intents.values()].map(({ address }) => address)]);
  const addresses = new Set<string>();
  for (const text of wanted) {
    const { type, name, key } = addressOf(text);
    const found = [...known].filter((address) => {
      const other = parseAddress(address);
      return other?.type === type && other.name === name && (key === null || other.key === key);
    });
    if (found.length === 0) throw noResource(state, text);
    for (const address of found) addresses.add(address);
  }
  return [...addresses].sort().map((address) => {
    const open = openAt(state, address);
    const create = open.find(({ operation }) => operation === 'create');
    if (create !== undefined && !force) {
      throw new KeyformError('refused', `An attempt to make a key of ${address} has no recorded result`, {
        detail: `It was begun ${create.at}, and may have made a key that no plan would find again if it were forgotten now. "keyform plan" looks for it, and "keyform apply" settles it. -force forgets the attempt as well.`,
      });
    }
    return { address, resource: state.resources.get(address) ?? null, open };
  });
}

function describe(victims: readonly Victim[]): string {
  const lines = [
    'These keys are forgotten. They stay as they are at their clouds, and no state has their secrets then:',
    '',
  ];
  for (const { address, resource, open } of victims) {
    for (const { id, number } of keysOf(resource))
      lines.push(`  - ${address}: key ${plain(id)} (generation ${number})`);
    if (resource !== null && keysOf(resource).length === 0)
      lines.push(`  - ${address}: no key now, one was about to be made`);
    for (const { operation, at } of open) lines.push(`  - ${address}: an attempt to ${operation}, begun ${at}`);
  }
  lines.push('', 'To keep a secret, get it first: keyform secret get ADDRESS', '');
  return lines.join('\n');
}

function keysOf(resource: ResourceState | null) {
  if (resource === null) return [];
  return resource.current === null ? resource.deposed : [...resource.deposed, resource.current];
}

function openAt(state: State, address: string): readonly Intent[] {
  return [...state.intents.values()].filter((intent) => intent.address === address);
}

async function readPresent(workspace: Workspace, flags: StateFlags): Promise<State> {
  const stack = await oneStack(workspace, list(flags.stack));
  const read = await (await workspace.store(stack, await workspace.keys(stack))).read();
  if (!read.exists) throw await noSuchState(workspace, stack);
  return read.state;
}

/** Runs `work` with the lock, on a state that exists; ends the session however it goes. */
async function inSession<T>(
  workspace: Workspace,
  flags: ChangeFlags,
  operation: string,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { outside } = workspace;
  const stack = await oneStack(workspace, list(flags.stack));
  const store = await workspace.store(stack, await workspace.keys(stack));
  // A session would make a state where there is none. Looked at only, since it reads the state anyway; why there is none reading tells.
  const { snapshot } = store.paths;
  if ((await guarded('read', snapshot, () => outside.files.read(snapshot, 1))) === null)
    await readPresent(workspace, flags);
  const session = await store.begin(operation, {
    lockTimeoutMs: lockTimeout(flags),
    signal: outside.signal,
    onWait: tellWaiting(outside),
  });
  printNotes(outside, session.notes);
  try {
    const result = await work(session);
    printNotes(outside, (await session.close()).notes);
    return result;
  } catch (error) {
    const { endAfter } = await import('../../../engine/stack.ts');
    throw await endAfter(session, error);
  }
}
