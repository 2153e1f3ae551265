import { KeyformError } from '../../../core/error.ts';
import type { Credential } from '../../../core/export/credential.ts';
import { assigned, parseAssignment, refuseDouble, type Variable, variablesOf } from '../../../core/export/variable.ts';
import type { ResourceType } from '../../../core/provider.ts';
import { givenKey } from '../../../core/rotation/given.ts';
import type { Generation, ResourceState, State } from '../../../core/state.ts';
import { list, type Outside, Workspace } from '../../context.ts';
import { maskSecrets } from '../../mask.ts';
import { findResource, readState, type StateFlags, sortedResources } from '../state/read.ts';

/** Flags of the commands that give keys to a consumer. */
export interface KeyFlags extends StateFlags {
  readonly addresses: readonly string[];
  readonly env?: string | readonly string[];
  readonly prefix?: string;
  readonly generation?: string;
}

/** Keys that were asked for, and the variables that hold them. */
export interface Handover {
  /** Without those that only -env names. */
  readonly credentials: readonly Credential[];
  /** No two of one name. */
  readonly variables: readonly Variable[];
}

/**
 * Reads the keys that `flags` name, all of the stack where they name none, and masks their secrets. `names` false: the variables'
 * names are of no use, and there are no variables. Throws `not-found` for a key that is not there or whose secret is not.
 */
export async function readKeys(outside: Outside, flags: KeyFlags, names = true): Promise<Handover> {
  const assignments = list(flags.env).map(parseAssignment);
  const { state } = await readState(new Workspace(outside, flags), list(flags.stack));
  const types = new Map(outside.clouds.flatMap((cloud) => cloud.resources.map((type) => [type.type, type] as const)));
  if (
    flags.generation !== undefined &&
    new Set([...flags.addresses, ...assignments.map((one) => one.address)]).size !== 1
  ) {
    throw new KeyformError('invalid-usage', '-generation is for one key', { detail: 'Name one address beside it.' });
  }
  const read = (address: string) => credentialOf(state, address, flags.generation, types);
  const addresses =
    flags.addresses.length > 0 || assignments.length > 0 ? [...new Set(flags.addresses)] : all(state, types);
  const credentials = addresses.map(read);
  const named = assignments.map((assignment) => [assignment, read(assignment.address)] as const);
  maskSecrets(
    outside,
    [...credentials, ...named.map(([, credential]) => credential)].map(({ secret }) => secret),
  );
  if (!names) return { credentials, variables: [] };
  const variables = [
    ...variablesOf(credentials, flags.prefix ?? null),
    ...named.map(([assignment, credential]) => assigned(assignment, credential)),
  ];
  refuseDouble(variables);
  return { credentials, variables };
}

/** Addresses of all keys of the stack that are in use. Throws `not-found` when there is none. */
function all(state: State, types: ReadonlyMap<string, ResourceType>): readonly string[] {
  const found = sortedResources(state).filter(({ type, current }) => types.has(type) && current !== null);
  if (found.length > 0) return found.map(({ address }) => address);
  throw new KeyformError('not-found', `Stack "${state.stack}" has no keys`, { detail: 'Run "keyform apply".' });
}

function credentialOf(
  state: State,
  address: string,
  generation: string | undefined,
  types: ReadonlyMap<string, ResourceType>,
): Credential {
  const resource = findResource(state, address);
  const type = types.get(resource.type);
  if (type === undefined) {
    throw new KeyformError('invalid-usage', `${address} is no key`, {
      detail: `A ${resource.type} has no secret. "keyform state list" prints all addresses.`,
    });
  }
  const key = findGeneration(resource, generation, type);
  if (key.secret === null) throw noSecret(address);
  return { address, type: resource.type, generation: key, secret: key.secret, form: type.credential ?? null };
}

/** The error for a key that Keyform manages without its secret. */
export function noSecret(address: string): KeyformError {
  return new KeyformError('not-found', `State does not hold the secret of ${address}`, {
    detail: `The key was taken over without it, and no API tells it again. Only a new key has one: keyform rotate -force '${address}'.`,
  });
}

/**
 * The key of an address that consumers are given ({@link givenKey}), or the living one with this number. Throws `not-found`, naming those
 * that there are.
 */
export function findGeneration(
  resource: ResourceState,
  number: string | undefined,
  type: ResourceType | undefined,
): Generation {
  const every = [...resource.deposed, ...(resource.current === null ? [] : [resource.current])];
  const found =
    number === undefined
      ? type === undefined
        ? resource.current
        : givenKey(resource, type)
      : every.find((key) => String(key.number) === number);
  if (found == null) {
    throw new KeyformError(
      'not-found',
      `${resource.address} has no ${number === undefined ? 'current key' : `generation ${number}`}`,
      {
        detail: every.length === 0 ? 'Run "keyform apply".' : `It has: ${every.map((key) => key.number).join(', ')}.`,
      },
    );
  }
  return found;
}

/** Throws `refused` where secrets would stay in the scroll-back of a terminal that nobody asked to see them on. */
export function refuseTerminal(outside: Outside, reveal: boolean): void {
  if (!outside.terminal.outIsTerminal || reveal) return;
  throw new KeyformError('refused', 'A secret is not printed to a terminal', {
    detail: 'It would stay in the scroll-back. Pipe it to where it is needed, or say -reveal.',
  });
}
