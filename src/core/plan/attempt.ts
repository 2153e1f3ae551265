import type { ActualKey, Owner } from '../provider.ts';
import type { Generation, Intent, State } from '../state.ts';
import { credentialsOf, ownerOf, typeOf, type World } from './actual.ts';
import { overlay } from './object.ts';
import { same } from './same.ts';

/** An attempt to create whose result nobody recorded, and what the API shows of it. */
export interface Orphan {
  readonly intent: Intent;
  /** Id of its owner as asked now; the credential may be another than then. */
  readonly owner: string;
  /** Keys that it may have made: of its owner, unknown before it, in no state, of its time, and of its arguments if `fits`. */
  readonly candidates: readonly ActualKey[];
  /**
   * False for an attempt whose secret arrived without the key's id, and of which only keys of other arguments are seen. Nothing
   * is done to those, and its secret is kept.
   */
  readonly fits: boolean;
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

/** How far a vendor's clock may be off ours when a creation time is compared with ours. */
export const CLOCK_SLACK_MS = 5 * 60_000;

/** How long after its intent a create may still reach the API: all waits for rate limits and all pauses between attempts. */
const LONGEST_CREATE_MS = 15 * 60_000;

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
  // A key that an attempt is known to have made is no other attempt's, however well it would fit.
  const named = new Set(attempts.flatMap(({ keyId }) => (keyId === null ? [] : [keyId])));
  for (const intent of attempts) {
    const owner = intentOwner(intent, world);
    const keys = owner === null ? undefined : world.keys.get(owner.id);
    if (owner === null || keys === undefined || keys instanceof Error) {
      unsettled.push({ intent, error: keys instanceof Error ? keys : null });
      continue;
    }
    const strangers = strangersOf(intent, keys, world, held, named);
    const candidates = strangers.filter((key) => fits(intent, key, world));
    if (candidates.length > 0) orphans.push({ intent, owner: owner.id, candidates, fits: true });
    else if (now < Date.parse(intent.at) + patience(intent, world)) unsettled.push({ intent, error: null });
    else if (intent.secret !== null && strangers.length > 0)
      orphans.push({ intent, owner: owner.id, candidates: strangers, fits: false });
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

/** By intent id: the one key that the attempt can have made and no other attempt can. */
export function soleKeys(orphans: readonly Orphan[]): ReadonlyMap<string, ActualKey> {
  const claims = new Map<string, number>();
  for (const { owner, candidates } of orphans)
    for (const key of candidates) claims.set(`${owner} ${key.id}`, (claims.get(`${owner} ${key.id}`) ?? 0) + 1);
  const sole = new Map<string, ActualKey>();
  for (const { intent, owner, candidates, fits } of orphans) {
    const [key] = candidates;
    if (fits && key !== undefined && candidates.length === 1 && claims.get(`${owner} ${key.id}`) === 1)
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
  held: ReadonlySet<string>,
  named: ReadonlySet<string>,
): ActualKey[] {
  const cloud = typeOf(world, intent.type).cloud.name;
  const own = credentialsOf(world, cloud);
  const known = new Set(intent.knownIds);
  const began = Date.parse(intent.at);
  return [...keys.values()].filter((key) => {
    // A credential given to Keyform since then is no orphan: recovering it would lock Keyform out.
    if (held.has(`${cloud} ${key.id}`) || own.has(key.accessKeyId)) return false;
    if (intent.keyId !== null) return key.id === intent.keyId;
    if (known.has(key.id) || named.has(key.id)) return false;
    // Wider, it would find what a clock far off hides, and one day delete a key that a list had left out once.
    const made = key.createdAt === null ? began : Date.parse(key.createdAt);
    return made >= began - CLOCK_SLACK_MS && made <= began + LONGEST_CREATE_MS + CLOCK_SLACK_MS;
  });
}

/**
 * Whether the key is as the attempt asked for. A key that somebody else made must never pass, so what does not fit in every
 * respect is left to be shown as unmanaged.
 */
function fits(intent: Intent, key: ActualKey, world: World): boolean {
  if (intent.secret !== null && key.secret !== null && intent.secret.reveal() !== key.secret.reveal()) return false;
  if (intent.keyId !== null) return true;
  const { type } = typeOf(world, intent.type);
  if (intent.secret !== null && type.shows?.(key.attributes, intent.secret) === false) return false;
  return Object.entries(type.arguments).every(
    ([argument, spec]) =>
      spec.source !== 'reported' ||
      MOVING.includes(argument) ||
      // Left out, so that whatever the API made of it is right.
      (spec.unset === 'keep' && (intent.args[argument] ?? null) === null) ||
      same(key.args[argument] ?? null, intent.args[argument] ?? null, spec.same),
  );
}

/** Arguments that do not tell whose attempt a key was: they are set after it is made, or follow from the moment. */
const MOVING: readonly string[] = ['enabled', 'expires_at'];
