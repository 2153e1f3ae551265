import { KeyformError } from '../error.ts';
import type { JsonObject } from '../json.ts';
import type { ActualKey, Cloud, Connection, KeyHandler, Owner, ResourceType } from '../provider.ts';
import type { Sibling } from './sibling.ts';

/** A resource type with the cloud that it belongs to. */
export interface TypeEntry {
  readonly cloud: Cloud;
  readonly type: ResourceType;
}

/** What the planner knows of the world, gathered before it starts. */
export interface World {
  /** By resource type name. */
  readonly types: ReadonlyMap<string, TypeEntry>;
  /** By `<provider reference> <cloud>`; an error where the settings do not make a connection. */
  readonly connections: ReadonlyMap<string, Connection | Error>;
  /**
   * Every key of each owner that was asked, by owner id; an error where the API would not tell. An owner that is absent
   * was not asked (`-refresh=false`, or not known before apply).
   */
  readonly keys: ReadonlyMap<string, ReadonlyMap<string, ActualKey> | Error>;
  /**
   * As `keys`, for each owner that a data source names, and nothing else: an owner that is here and not in `keys` was asked for
   * data alone, so nothing of it is drift, unmanaged or counted.
   */
  readonly data: ReadonlyMap<string, ReadonlyMap<string, ActualKey> | Error>;
  /** The other stacks of the project; absent when nobody looked, because no key was found that could be one of theirs. */
  readonly siblings?: readonly Sibling[];
  /**
   * When replaced keys were last used, for APIs that tell it when asked: RFC 3339 UTC, null for never, by {@link usedKey}; what is absent
   * was not asked, or not told.
   */
  readonly lastUsed?: ReadonlyMap<string, string | null>;
  /** Whether the embedded key APIs stand in for the clouds; their port differs from run to run. */
  readonly sandbox: boolean;
  /** Each owner that was asked, by id, with one type and provider through which it was. */
  readonly owners: ReadonlyMap<string, { readonly type: string; readonly provider: string; readonly label: string }>;
}

/** Key of {@link World.lastUsed}. */
export function usedKey(type: string, keyId: string): string {
  return `${type} ${keyId}`;
}

/** Key of {@link World.connections}. */
export function connectionKey(provider: string, cloud: string): string {
  return `${provider} ${cloud}`;
}

/** The connection for a type through a provider block. Throws the error that stands in its place. */
export function connectionOf(world: World, provider: string, type: string): Connection {
  const entry = typeOf(world, type);
  const found = world.connections.get(connectionKey(provider, entry.cloud.name));
  if (found === undefined) {
    throw new KeyformError('invalid-configuration', `Provider configuration "${provider}" is not present`, {
      detail: `State holds a ${type} made through it. Put the provider block back until its keys are destroyed or moved.`,
    });
  }
  if (found instanceof Error) throw found;
  return found;
}

/** Ids of the access keys that Keyform itself authenticates with at a cloud, through any provider block. */
export function credentialsOf(world: World, cloud: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [key, connection] of world.connections) {
    if (!key.endsWith(` ${cloud}`) || connection instanceof Error) continue;
    if (connection.credentialId !== null) found.add(connection.credentialId);
  }
  return found;
}

/** The handler for a type through a provider block. Throws the error that stands in its place. */
export function handlerOf(world: World, provider: string, type: string): KeyHandler {
  return connectionOf(world, provider, type).handler(type);
}

/** The owner that `args` name. Throws the error that stands in the connection's place. */
export function ownerOf(world: World, provider: string, type: string, args: JsonObject): Owner {
  const owner = handlerOf(world, provider, type).owner(args);
  return world.sandbox ? { ...owner, scope: SANDBOX } : owner;
}

/** The scope of every owner in the sandbox. */
const SANDBOX = 'the sandbox';

/** The resource type of that name. Throws when no cloud has it: a state written by a newer version. */
export function typeOf(world: World, type: string): TypeEntry {
  const entry = world.types.get(type);
  if (entry === undefined) {
    throw new KeyformError('newer-state', `State holds a resource of the unknown type "${type}"`, {
      detail: 'It was written by a newer version of Keyform. Use that version.',
    });
  }
  return entry;
}
