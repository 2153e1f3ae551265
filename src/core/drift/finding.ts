import { blockAddress } from '../address.ts';
import type { Configuration } from '../configuration/stack.ts';
import type { Json } from '../json.ts';
import type { TypeEntry } from '../plan/actual.ts';
import { livingObject, sensitiveNames } from '../plan/object.ts';
import type { ActualKey, Owner, ResourceType } from '../provider.ts';
import type { Generation, ResourceState } from '../state.ts';
import { containsSensitive, isWhollyKnown, toJson, type Value } from '../value.ts';
import type { ChangedAttribute, Finding } from './report.ts';

/** A key of the state, with the resource that it belongs to. */
export interface HeldKey {
  readonly resource: ResourceState;
  readonly generation: Generation;
}

/** An owner, and through what it was asked. */
export interface SeenOwner extends Owner {
  readonly entry: TypeEntry;
  /** Provider block. */
  readonly provider: string;
}

/** What a finding says of its own kind. */
export type Told = Pick<Finding, 'kind' | 'severity' | 'summary' | 'detail' | 'remedy'> &
  Partial<Pick<Finding, 'at' | 'by' | 'attributes'>>;

const UNTOLD = { at: null, by: null, attributes: [], ignored: null } as const;

/** A finding about a key of the state. */
export function heldFinding(configuration: Configuration, owner: SeenOwner, held: HeldKey, told: Told): Finding {
  const { resource, generation } = held;
  const { address, type, provider } = resource;
  const deposed = generation !== resource.current;
  return {
    stack: configuration.name,
    address,
    type,
    cloud: owner.entry.cloud.name,
    provider,
    owner: owner.label,
    keyId: generation.id,
    accessKeyId: generation.accessKeyId,
    generation: generation.number,
    deposed,
    name: nameOf(owner.entry.type, generation.args, generation.sensitiveArgs),
    place: configuration.resources.get(blockAddress(address))?.place ?? null,
    ...UNTOLD,
    ...told,
  };
}

/** A finding about a key that the stack's state does not hold. `address`: what it may have been made for. */
export function strangeFinding(
  configuration: Configuration,
  owner: SeenOwner,
  key: ActualKey,
  address: string | null,
  told: Told,
): Finding {
  return {
    stack: configuration.name,
    address,
    type: owner.entry.type.type,
    cloud: owner.entry.cloud.name,
    provider: owner.provider,
    owner: owner.label,
    keyId: key.id,
    accessKeyId: key.accessKeyId,
    generation: null,
    deposed: false,
    name: nameOf(owner.entry.type, key.args, []),
    place: address === null ? null : (configuration.resources.get(blockAddress(address))?.place ?? null),
    ...UNTOLD,
    ...told,
  };
}

function nameOf(type: ResourceType, args: Generation['args'], sensitiveArgs: readonly string[]): string | null {
  const argument = type.capabilities.name?.argument;
  if (argument === undefined || sensitiveNames(type, sensitiveArgs).has(argument)) return null;
  const name = args[argument] ?? null;
  return typeof name === 'string' ? name : null;
}

/** The named attributes, as they were and as they are. What is sensitive in either is null in both. */
export function changedAttributes(
  type: ResourceType,
  before: Generation,
  after: Generation,
  names: readonly string[],
): readonly ChangedAttribute[] {
  const [old, now] = [livingObject(type, before), livingObject(type, after)];
  return names.map((name) => {
    const [from, to] = [old[name] ?? null, now[name] ?? null];
    const sensitive = containsSensitive(from) || containsSensitive(to);
    const json = (value: Value): Json => (sensitive || !isWhollyKnown(value) ? null : toJson(value));
    return { name, before: json(from), after: json(to), sensitive };
  });
}

/** Words of a command line, each quoted for a POSIX shell where it has to be. */
export function commandLine(...words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}
