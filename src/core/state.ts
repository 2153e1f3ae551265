import type { Json, JsonObject } from './json.ts';
import type { Secret } from './secret.ts';

/** One key in the life of an address. */
export interface Generation {
  /** 1 for the first key of an address, then counting. */
  readonly number: number;
  /** The id that the API's paths use. */
  readonly id: string;
  /** The id that a client sends. */
  readonly accessKeyId: string;
  /** Null when Keyform does not hold it (a key taken over without its secret). */
  readonly secret: Secret | null;
  /** RFC 3339 UTC, or null where the API is silent. */
  readonly createdAt: string | null;
  /** RFC 3339 UTC, or null for a key that does not expire. */
  readonly expiresAt: string | null;
  readonly enabled: boolean;
  /** Arguments in force, by name, completed; they name the owner. Common ones (`keepers`) included. */
  readonly args: JsonObject;
  /** Names of arguments whose values are sensitive. */
  readonly sensitiveArgs: readonly string[];
  /** Attributes beyond the common ones. */
  readonly attributes: JsonObject;
  /** {@link Owner.scope} under which the key was made, or last seen. */
  readonly scope: string;
  /** Of a replaced key: when its overlap began, the new one being made, tried out and delivered; RFC 3339 UTC. Absent until then. */
  readonly deposedAt?: string;
  /** Of a replaced key: when Keyform disabled it on the way to deleting it; RFC 3339 UTC. Absent until then. */
  readonly disabledAt?: string;
  /** When the secret came to be, where that is not `createdAt`: regenerated, or of a key whose API tells no time; RFC 3339 UTC. */
  readonly renewedAt?: string;
  /** When the key first proved to be ready and to work; RFC 3339 UTC. Absent until then, and where neither takes a trial. */
  readonly verifiedAt?: string;
  /** When a rollback made it the current one again; RFC 3339 UTC. Absent where none did. */
  readonly restoredAt?: string;
}

/** What Keyform remembers of one address. */
export interface ResourceState {
  readonly address: string;
  readonly type: string;
  /** Provider block in force: `keyform` or `keyform.<alias>`. */
  readonly provider: string;
  /** Addresses that this one refers to: a destroy goes the other way. */
  readonly dependencies: readonly string[];
  /** Null between a delete and the create that follows it. */
  readonly current: Generation | null;
  /** Replaced keys that are still alive, oldest first. */
  readonly deposed: readonly Generation[];
  /** The highest generation number ever used here. */
  readonly lastGeneration: number;
  /** Why the current key shall be replaced at the next apply; null when it need not be. */
  readonly tainted: string | null;
}

/** Something that was about to be done at an API, whose result is not recorded (yet). */
export interface Intent {
  /** Unique id of the attempt, not only of the step: a repeated step has another. */
  readonly id: string;
  /** RFC 3339 UTC. */
  readonly at: string;
  readonly operation: 'create' | 'update' | 'enable' | 'disable' | 'regenerate' | 'delete';
  readonly address: string;
  readonly type: string;
  readonly provider: string;
  /** Owner id as of the provider contract. */
  readonly owner: string;
  /** {@link Owner.scope} under which it was done. */
  readonly scope: string;
  /** For a create: the number that the new generation will have. Otherwise that of the key concerned. */
  readonly generation: number;
  /** The key concerned; null for a create, until something is known of the key that it made. */
  readonly keyId: string | null;
  /** For a create: the completed arguments. Otherwise those being changed to; empty for a delete. */
  readonly args: JsonObject;
  readonly sensitiveArgs: readonly string[];
  /** For a create: ids of the owner's keys that existed before and were not in state; what else appears may be ours. */
  readonly knownIds: readonly string[];
  /** For a create whose secret arrived in an answer that told nothing else worth recording; else null. */
  readonly secret: Secret | null;
}

/** One run of Keyform that changed a state. */
export interface RunInfo {
  readonly id: string;
  /** RFC 3339 UTC. */
  readonly at: string;
  readonly user: string;
  readonly host: string;
  /** As the lock names it: `apply`, `destroy`, `state mv`, … */
  readonly operation: string;
  /** Of Keyform. */
  readonly version: string;
}

export interface OutputState {
  readonly value: Json;
  readonly sensitive: boolean;
}

/** All that Keyform remembers of one stack. Only {@link applyEntry} changes one. */
export interface State {
  /** UUID made with the state; states of different lineage never mix. */
  readonly lineage: string;
  /** Counts snapshots written. 0: nothing written yet. */
  readonly serial: number;
  readonly stack: string;
  /** When the snapshot was written; RFC 3339 UTC. Null when there is none, or one of a version that did not tell. */
  readonly writtenAt: string | null;
  /** By address. */
  readonly resources: ReadonlyMap<string, ResourceState>;
  readonly outputs: Readonly<Record<string, OutputState>>;
  /** Intents without a result, by id. */
  readonly intents: ReadonlyMap<string, Intent>;
}

/** A state that its holder may change; the maps are its own. */
export interface MutableState extends State {
  serial: number;
  writtenAt: string | null;
  readonly resources: Map<string, ResourceState>;
  outputs: Readonly<Record<string, OutputState>>;
  readonly intents: Map<string, Intent>;
}

/** One journal record: a fact. {@link applyEntry} folds it into a state. */
export type JournalEntry =
  /** Whose entries follow. The first of every journal; changes nothing. */
  | { readonly kind: 'run'; readonly run: RunInfo }
  | { readonly kind: 'intent'; readonly intent: Intent }
  /** A key that exists already becomes the current one of an address that had none. */
  | {
      readonly kind: 'imported';
      readonly address: string;
      readonly type: string;
      readonly provider: string;
      readonly generation: Generation;
      readonly dependencies: readonly string[];
    }
  /** A key was made. The previous current key, if any, becomes deposed. Ends the intent. */
  | {
      readonly kind: 'created';
      readonly intent: string;
      readonly generation: Generation;
      readonly dependencies: readonly string[];
      /** As {@link ResourceState.tainted} from the start: until the commands that belong to its making have run. */
      readonly tainted?: string;
    }
  /** A create's secret arrived, and perhaps the key's id, in an answer that is not as documented. The intent stays open. */
  | { readonly kind: 'arrived'; readonly intent: string; readonly secret: Secret; readonly keyId: string | null }
  /** The current key got a new secret under the same id: the next generation, and nothing is left of the one before. Ends the intent. */
  | { readonly kind: 'regenerated'; readonly intent: string; readonly generation: Generation }
  /** The replaced key with this number is no longer needed by what was waited for: its overlap begins. `at`: RFC 3339 UTC. */
  | { readonly kind: 'deposed'; readonly address: string; readonly generation: number; readonly at: string }
  /** The replaced key with this number is the current one again, and the one that was becomes deposed. `at`: RFC 3339 UTC. */
  | { readonly kind: 'restored'; readonly address: string; readonly generation: number; readonly at: string }
  /** A living key (current or deposed, told by its number) changed. Ends the intent. */
  | { readonly kind: 'updated'; readonly intent: string; readonly generation: Generation }
  /** The key concerned is gone. Ends the intent. `replaced`: another is about to be made, so the address stays without a key. */
  | { readonly kind: 'deleted'; readonly intent: string; readonly replaced?: true }
  /** The API did nothing. Ends the intent. */
  | { readonly kind: 'failed'; readonly intent: string }
  /** An intent left open by an earlier run was looked into and is settled. Ends it. */
  | { readonly kind: 'settled'; readonly intent: string }
  /** A refresh saw the living key with this number changed. */
  | { readonly kind: 'refreshed'; readonly address: string; readonly generation: Generation }
  /**
   * A refresh saw that the key with this number is gone at the API, or the user told to forget it; 0 forgets an address that has no key any
   * more.
   */
  | { readonly kind: 'forgotten'; readonly address: string; readonly generation: number }
  /** The keys of one address belong to another from now on, one that had none. */
  | { readonly kind: 'moved'; readonly from: string; readonly to: string }
  | { readonly kind: 'tainted'; readonly address: string; readonly reason: string | null }
  /** Wiring that changes without a call to an API. */
  | {
      readonly kind: 'wired';
      readonly address: string;
      readonly provider: string;
      readonly dependencies: readonly string[];
    }
  | { readonly kind: 'outputs'; readonly outputs: Readonly<Record<string, OutputState>> };

/** A state of which nothing is remembered yet. */
export function emptyState(stack: string, lineage: string): MutableState {
  return { lineage, serial: 0, stack, writtenAt: null, resources: new Map(), outputs: {}, intents: new Map() };
}

/**
 * Folds one journal entry into `state`, in place: the cost of a step must not grow with the number of keys. Throws an
 * Error, and changes nothing, when the entry contradicts the state (an unknown intent, an unknown key), which entries of
 * one journal in their order never do.
 */
export function applyEntry(state: MutableState, entry: JournalEntry): void {
  switch (entry.kind) {
    case 'run':
      return;
    case 'intent':
      state.intents.set(entry.intent.id, entry.intent);
      return;
    case 'imported': {
      const { address, type, provider, dependencies, generation } = entry;
      const before = state.resources.get(address);
      if (before?.current != null) throw new Error(`state already holds a key of ${address}`);
      state.resources.set(address, {
        address,
        type,
        provider,
        dependencies,
        current: generation,
        deposed: before?.deposed ?? [],
        lastGeneration: Math.max(before?.lastGeneration ?? 0, generation.number),
        tainted: null,
      });
      return;
    }
    case 'created': {
      const intent = findIntent(state, entry.intent);
      const before = state.resources.get(intent.address);
      const replaced = before?.current ?? null;
      state.resources.set(intent.address, {
        address: intent.address,
        type: intent.type,
        provider: intent.provider,
        dependencies: entry.dependencies,
        current: entry.generation,
        // After a rollback the current key may be older than a deposed one.
        deposed: [...(before?.deposed ?? []), ...(replaced === null ? [] : [replaced])].sort(
          (a, b) => a.number - b.number,
        ),
        lastGeneration: Math.max(before?.lastGeneration ?? 0, entry.generation.number),
        tainted: entry.tainted ?? null,
      });
      state.intents.delete(intent.id);
      return;
    }
    case 'arrived': {
      const intent = findIntent(state, entry.intent);
      state.intents.set(intent.id, { ...intent, secret: entry.secret, keyId: entry.keyId });
      return;
    }
    case 'regenerated': {
      const intent = findIntent(state, entry.intent);
      const before = findResource(state, intent.address);
      if (before.current?.number !== intent.generation) throw new Error(`${intent.address} has another current key`);
      state.resources.set(intent.address, {
        ...before,
        current: entry.generation,
        lastGeneration: Math.max(before.lastGeneration, entry.generation.number),
        tainted: null,
      });
      state.intents.delete(intent.id);
      return;
    }
    case 'deposed': {
      const { deposed } = findResource(state, entry.address);
      const found = deposed.find(({ number }) => number === entry.generation);
      if (found === undefined)
        throw new Error(`no replaced generation ${entry.generation} of ${entry.address} in state`);
      replaceGeneration(state, entry.address, { ...found, deposedAt: entry.at });
      return;
    }
    case 'restored':
      restoreGeneration(state, entry.address, entry.generation, entry.at);
      return;
    case 'updated': {
      const intent = findIntent(state, entry.intent);
      replaceGeneration(state, intent.address, entry.generation);
      state.intents.delete(intent.id);
      return;
    }
    case 'deleted': {
      const intent = findIntent(state, entry.intent);
      dropGeneration(state, intent.address, intent.generation, entry.replaced === true);
      state.intents.delete(intent.id);
      return;
    }
    case 'failed':
    case 'settled':
      state.intents.delete(findIntent(state, entry.intent).id);
      return;
    case 'refreshed':
      replaceGeneration(state, entry.address, entry.generation);
      return;
    case 'forgotten':
      dropGeneration(state, entry.address, entry.generation, false);
      return;
    case 'moved':
      moveResource(state, entry.from, entry.to);
      return;
    case 'tainted':
      state.resources.set(entry.address, { ...findResource(state, entry.address), tainted: entry.reason });
      return;
    case 'wired': {
      const { provider, dependencies } = entry;
      state.resources.set(entry.address, { ...findResource(state, entry.address), provider, dependencies });
      return;
    }
    case 'outputs':
      state.outputs = entry.outputs;
      return;
  }
}

function findIntent(state: State, id: string): Intent {
  const intent = state.intents.get(id);
  if (intent === undefined) throw new Error(`no open intent ${id}`);
  return intent;
}

function findResource(state: State, address: string): ResourceState {
  const resource = state.resources.get(address);
  if (resource === undefined) throw new Error(`no resource ${address} in state`);
  return resource;
}

function replaceGeneration(state: MutableState, address: string, generation: Generation): void {
  const resource = findResource(state, address);
  if (resource.current?.number === generation.number) {
    state.resources.set(address, { ...resource, current: generation });
    return;
  }
  if (!resource.deposed.some((d) => d.number === generation.number)) {
    throw new Error(`no generation ${generation.number} of ${address} in state`);
  }
  const deposed = resource.deposed.map((d) => (d.number === generation.number ? generation : d));
  state.resources.set(address, { ...resource, deposed });
}

/** A replaced key and the current one change places. */
function restoreGeneration(state: MutableState, address: string, number: number, at: string): void {
  const resource = findResource(state, address);
  const found = resource.deposed.find((key) => key.number === number);
  if (found === undefined) throw new Error(`no replaced generation ${number} of ${address} in state`);
  const { deposedAt: _, disabledAt: _also, ...living } = found;
  const others = resource.deposed.filter((key) => key !== found);
  const left = resource.current === null ? others : [...others, { ...resource.current, deposedAt: at }];
  const deposed = left.sort((a, b) => a.number - b.number);
  state.resources.set(address, { ...resource, current: { ...living, restoredAt: at }, deposed, tainted: null });
}

/** Drops a key; an address left without any key is dropped whole, unless it `stays` for the key that is about to be made. */
function dropGeneration(state: MutableState, address: string, number: number, stays: boolean): void {
  const resource = findResource(state, address);
  if (number === 0 && resource.current === null && resource.deposed.length === 0) {
    state.resources.delete(address);
    return;
  }
  if (resource.current?.number !== number && !resource.deposed.some((d) => d.number === number)) {
    throw new Error(`no generation ${number} of ${address} in state`);
  }
  const current = resource.current?.number === number ? null : resource.current;
  const deposed = resource.deposed.filter((d) => d.number !== number);
  if (current === null && deposed.length === 0 && !stays) state.resources.delete(address);
  else state.resources.set(address, { ...resource, current, deposed });
}

/** Everything that names the old address names the new one afterwards. */
function moveResource(state: MutableState, from: string, to: string): void {
  const resource = findResource(state, from);
  if (state.resources.has(to)) throw new Error(`state already holds ${to}`);
  state.resources.delete(from);
  state.resources.set(to, { ...resource, address: to });
  for (const [id, intent] of state.intents) {
    if (intent.address === from) state.intents.set(id, { ...intent, address: to });
  }
  for (const other of state.resources.values()) {
    if (!other.dependencies.includes(from)) continue;
    const dependencies = other.dependencies.map((address) => (address === from ? to : address));
    state.resources.set(other.address, { ...other, dependencies });
  }
}
