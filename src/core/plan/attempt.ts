import type { ActualKey, Owner } from '../provider.ts';
import type { Generation, Intent, State } from '../state.ts';
import { credentialsOf, ownerOf, typeOf, type World } from './actual.ts';
import { isAsAsked, isOfItsTime, isProven, isUsed, LONGEST_CREATE_MS } from './claim.ts';
import { overlay } from './object.ts';
import { rivalsOf, type Sibling, siblingKeys } from './sibling.ts';

/** An attempt to create whose result nobody recorded, and what the API shows of it. */
export interface Orphan {
  readonly intent: Intent;
  /** Id of its owner as asked now; the credential may be another than then. */
  readonly owner: string;
  /**
   * Keys that it may have made: of its owner, unknown before it, in no state, used by nobody, of its time, and of its arguments if
   * `fits`.
   */
  readonly candidates: readonly ActualKey[];
  /**
   * False for an attempt whose secret arrived without the key's id, and of which only keys of other arguments are seen. Nothing
   * is done to those, and its secret is kept.
   */
  readonly fits: boolean;
  /** Other stacks of which a candidate may be as well; empty where it is proven to be this attempt's. */
  readonly rivals: readonly Sibling[];
}

/** An orphan whose secret is known or can be read: it becomes the current key of the address that it was made for. */
export interface Adoption {
  readonly intent: Intent;
  /** Id of its owner as asked now. */
  readonly owner: string;
  /** As it stands in the refreshed state. */
  readonly generation: Generation;
}

/** An attempt to create of which nothing is known yet. */
export interface Unsettled {
  readonly intent: Intent;
  /** Why its owner did not tell; null when it was not asked, or does not show the key yet. */
  readonly error: Error | null;
}

/** What became of the open attempts to create. */
export interface Followed {
  readonly orphans: readonly Orphan[];
  readonly adoptions: readonly Adoption[];
  readonly unsettled: readonly Unsettled[];
  /** Attempts that came to nothing. */
  readonly settled: readonly Intent[];
}

/** How long a new key may stay out of lists where keys take time to be set up. */
export const LATE_MS = 30_000;

/** How long a create that nobody waits for any more may still be under way at the API. */
const UNDER_WAY_MS = 10_000;

/**
 * Looks at what the APIs show of each open attempt to create. `held`: `<cloud> <key id>` of keys in state; `now`:
 * milliseconds since 1970; `adopts`: addresses for which a key may be taken over.
 */
export function followAttempts(
  state: State,
  world: World,
  held: ReadonlySet<string>,
  now: number,
  adopts: (address: string) => boolean,
): Followed {
  const orphans: Orphan[] = [];
  const unsettled: Unsettled[] = [];
  const settled: Intent[] = [];
  const attempts = [...state.intents.values()].filter((intent) => intent.operation === 'create');
  if (attempts.length === 0) return { orphans, unsettled, settled, adoptions: [] };
  const theirs = siblingKeys(world);
  // A key that an attempt is known to have made is no other attempt's, however well it would fit.
  const named = new Set(attempts.flatMap(({ keyId }) => (keyId === null ? [] : [keyId])));
  for (const intent of attempts) {
    const owner = intentOwner(intent, world);
    const keys = owner === null ? undefined : world.keys.get(owner.id);
    if (owner === null || keys === undefined || keys instanceof Error) {
      unsettled.push({ intent, error: keys instanceof Error ? keys : null });
      continue;
    }
    const entry = typeOf(world, intent.type);
    const strangers = strangersOf(intent, keys, world, { held, theirs, named });
    const candidates = strangers.filter((key) => isAsAsked(intent, key, entry.type));
    if (candidates.length > 0) {
      const unproven = candidates.filter((key) => !isProven(intent, key, entry.type));
      const { args, scope } = intent;
      const rivals = unproven.length === 0 ? [] : rivalsOf({ entry, args, scope }, unproven, world);
      orphans.push({ intent, owner: owner.id, candidates, fits: true, rivals });
    } else if (now < Date.parse(intent.at) + patience(intent, world)) unsettled.push({ intent, error: null });
    else if (intent.secret !== null && strangers.length > 0)
      orphans.push({ intent, owner: owner.id, candidates: strangers, fits: false, rivals: [] });
    else settled.push(intent);
  }
  return { orphans, unsettled, settled, adoptions: adoptable(orphans, state, adopts) };
}

/** `<cloud> <key id>` of every key in state. */
export function heldKeys(state: State, world: World): Set<string> {
  const held = new Set<string>();
  for (const { type, current, deposed } of state.resources.values()) {
    const { cloud } = typeOf(world, type);
    for (const key of [...deposed, ...(current === null ? [] : [current])]) held.add(`${cloud.name} ${key.id}`);
  }
  return held;
}

/** By intent id: the one key that the attempt can have made and no other attempt can, of whatever stack. */
export function soleKeys(orphans: readonly Orphan[]): ReadonlyMap<string, ActualKey> {
  const claims = new Map<string, number>();
  for (const { owner, candidates } of orphans)
    for (const key of candidates) claims.set(`${owner} ${key.id}`, (claims.get(`${owner} ${key.id}`) ?? 0) + 1);
  const sole = new Map<string, ActualKey>();
  for (const { intent, owner, candidates, fits, rivals } of orphans) {
    const [key] = candidates;
    if (
      fits &&
      rivals.length === 0 &&
      key !== undefined &&
      candidates.length === 1 &&
      claims.get(`${owner} ${key.id}`) === 1
    )
      sole.set(intent.id, key);
  }
  return sole;
}

/** The generation that an attempt to create has made, now that its key is known. */
export function adopted(intent: Intent, key: ActualKey): Generation {
  return overlay(
    {
      number: intent.generation,
      id: key.id,
      accessKeyId: key.accessKeyId,
      secret: intent.secret,
      createdAt: key.createdAt,
      expiresAt: key.expiresAt,
      enabled: key.enabled,
      args: intent.args,
      sensitiveArgs: intent.sensitiveArgs,
      attributes: {},
      scope: intent.scope,
    },
    key,
  );
}

/**
 * Milliseconds until it is worth asking again, because an attempt so young showed no key that it may still make or that may
 * still turn up; 0 when there is no such attempt.
 */
export function msUntilTold(state: State, world: World, now: number): number {
  const { unsettled } = followAttempts(state, world, heldKeys(state, world), now, () => false);
  const left = unsettled.flatMap(({ intent }) => {
    const owner = intentOwner(intent, world);
    if (owner === null || !(world.keys.get(owner.id) instanceof Map)) return [];
    const ms = Math.min(patience(intent, world), Date.parse(intent.at) + patience(intent, world) - now);
    // A secret that arrived is kept for longer than anybody would want to wait.
    return ms > LATE_MS ? [] : [ms];
  });
  return Math.max(0, ...left);
}

/** The owner of an attempt to create, whatever credential asks now; null when somewhere else would be asked, or nobody. */
function intentOwner(intent: Intent, world: World): Owner | null {
  try {
    const owner = ownerOf(world, intent.provider, intent.type, intent.args);
    return owner.scope === intent.scope ? owner : null;
  } catch {
    return null;
  }
}

/** How long after an attempt to create its key may still turn up at the API. */
function patience(intent: Intent, world: World): number {
  // Something came back that had a secret in it, so a key was made: it is not given up because a list is late.
  if (intent.secret !== null) return LONGEST_CREATE_MS;
  return typeOf(world, intent.type).type.capabilities.asynchronous ? LATE_MS : UNDER_WAY_MS;
}

/**
 * The orphans that can be taken over: a single key that no other attempt can have made, whose secret is there, for an
 * address that has not gone on without it.
 */
function adoptable(orphans: readonly Orphan[], state: State, adopts: (address: string) => boolean): Adoption[] {
  const sole = soleKeys(orphans);
  const taken = new Set<string>();
  const found: Adoption[] = [];
  for (const { intent, owner } of orphans) {
    const key = sole.get(intent.id);
    if (key === undefined || (key.secret ?? intent.secret) === null) continue;
    if (taken.has(intent.address) || !adopts(intent.address)) continue;
    if ((state.resources.get(intent.address)?.lastGeneration ?? 0) >= intent.generation) continue;
    taken.add(intent.address);
    found.push({ intent, owner, generation: adopted(intent, key) });
  }
  return found;
}

/** The keys of the owner that can have come from the attempt, going by who has them and when they were made. */
function strangersOf(
  intent: Intent,
  keys: ReadonlyMap<string, ActualKey>,
  world: World,
  known: Readonly<Record<'held' | 'theirs' | 'named', ReadonlySet<string>>>,
): ActualKey[] {
  const { cloud, type } = typeOf(world, intent.type);
  const own = credentialsOf(world, cloud.name);
  return [...keys.values()].filter((key) => {
    const told = `${cloud.name} ${key.id}`;
    // A credential given to Keyform since then is no orphan: recovering it would lock Keyform out.
    if (known.held.has(told) || known.theirs.has(told) || own.has(key.accessKeyId)) return false;
    if (intent.keyId === null && (known.named.has(key.id) || isUsed(key, type))) return false;
    return isOfItsTime(intent, key);
  });
}
