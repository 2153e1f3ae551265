import { parseAddress } from '../../../core/address.ts';
import { KeyformError } from '../../../core/error.ts';
import type { Generation, State } from '../../../core/state.ts';
import { typesOf } from '../../../engine/connect.ts';
import { DONE, list, type Outcome, type Outside, Workspace } from '../../context.ts';
import { stateJson } from '../../render/planjson.ts';
import { attemptText, renderAttempt, renderResource } from '../../render/state.ts';
import { noResource, optionsOf, printNotes, readState, type StateFlags, sortedResources } from './read.ts';

interface ListFlags extends StateFlags {
  readonly addresses?: readonly string[];
  readonly id?: string;
}

/**
 * `keyform state list [ADDRESS…]`: addresses, one a line; deposed keys as Terraform lists them. An address without an instance's key
 * means all instances. Attempts whose result is not known are told on standard error.
 */
export async function stateListCommand(outside: Outside, flags: ListFlags): Promise<Outcome> {
  const { state } = await readState(new Workspace(outside, flags), list(flags.stack));
  const wanted = new Set((flags.addresses ?? []).flatMap((text) => matching(state, text)));
  const isNamed = (address: string) => (flags.addresses ?? []).length === 0 || wanted.has(address);
  const isWanted = (address: string, { id, accessKeyId }: Generation) =>
    isNamed(address) && (flags.id === undefined || flags.id === id || flags.id === accessKeyId);
  for (const { address, current, deposed } of sortedResources(state)) {
    if (current !== null && isWanted(address, current)) outside.terminal.out(`${address}\n`);
    for (const old of deposed) {
      if (isWanted(address, old)) outside.terminal.out(`${address} (deposed key ${old.id})\n`);
    }
  }
  // No line of the list: nobody knows whether there is a key.
  const open = [...state.intents.values()].filter(
    ({ address, keyId }) => isNamed(address) && (flags.id === undefined || flags.id === keyId),
  );
  printNotes(outside, open.map(attemptText));
  return DONE;
}

/** Addresses in state that `text` means. Throws `invalid-usage` for what is none, `not-found` where there is none. */
function matching(state: State, text: string): string[] {
  const { type, name, key } = addressOf(text);
  const all = new Set([...state.resources.keys(), ...[...state.intents.values()].map(({ address }) => address)]);
  const found = [...all].filter((address) => {
    const other = parseAddress(address);
    return other?.type === type && other.name === name && (key === null || other.key === key);
  });
  if (found.length === 0) throw noResource(state, text);
  return found;
}

/** Parses an address on the command line. Throws `invalid-usage`. */
export function addressOf(text: string): NonNullable<ReturnType<typeof parseAddress>> {
  const address = parseAddress(text);
  if (address !== null) return address;
  throw new KeyformError('invalid-usage', `"${text.slice(0, 80)}" is not an address`, {
    detail: 'An address is TYPE.NAME, as "keyform state list" prints it.',
  });
}

/** `keyform state show ADDRESS`: everything but the secret, and attempts whose result is not known. */
export async function stateShowCommand(
  outside: Outside,
  flags: StateFlags & { readonly address: string },
): Promise<Outcome> {
  const { state } = await readState(new Workspace(outside, flags), list(flags.stack));
  const { address } = flags;
  const resource = state.resources.get(address);
  const open = [...state.intents.values()].filter((intent) => intent.address === address);
  if (resource === undefined && open.length === 0) throw noResource(state, address);
  const parts = [
    ...(resource === undefined ? [] : [renderResource(resource, typesOf(outside.clouds), outside.style.out)]),
    ...open.map(renderAttempt),
  ];
  outside.terminal.out(parts.join('\n'));
  return DONE;
}

/**
 * `keyform state pull`: the whole state as JSON, without any secret: those leave by `keyform secret` only. With `-sealed` the age file,
 * secrets and all: what "keyform state push" takes.
 */
export async function statePullCommand(
  outside: Outside,
  flags: StateFlags & { readonly sealed: boolean },
): Promise<Outcome> {
  const workspace = new Workspace(outside, flags);
  if (flags.sealed) {
    if (outside.terminal.outIsTerminal) {
      throw new KeyformError('refused', 'A sealed state is not printed to a terminal', {
        detail: 'It is binary. Redirect it: keyform state pull -sealed > FILE.',
      });
    }
    const { sealedCopy } = await import('../../../state/copy.ts');
    const copy = await sealedCopy(await optionsOf(workspace, flags));
    printNotes(outside, copy.notes);
    outside.terminal.outBytes(copy.bytes);
    return DONE;
  }
  const { state } = await readState(workspace, list(flags.stack));
  const { lineage, serial, stack, writtenAt } = state;
  const attempts = [...state.intents.values()].map(({ operation, address, at }) => ({ operation, address, at }));
  const keyform = { lineage, serial, stack, written_at: writtenAt, open_attempts: attempts };
  const json = { ...stateJson(state, typesOf(outside.clouds)), keyform };
  outside.terminal.out(`${JSON.stringify(json, null, 2)}\n`);
  return DONE;
}
