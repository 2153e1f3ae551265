import { stableStringify } from '../json.ts';
import type { ActualKey, Owner, ResourceType } from '../provider.ts';
import { argumentsOf } from '../resource.ts';
import {
  applyEntry,
  type Generation,
  type Intent,
  type JournalEntry,
  type MutableState,
  type ResourceState,
  type State,
} from '../state.ts';
import { credentialsOf, ownerOf, typeOf, type World } from './actual.ts';
import { type Adoption, followAttempts, heldKeys, LATE_MS, type Orphan, type Unsettled } from './attempt.ts';
import { CLOCK_SLACK_MS } from './claim.ts';
import { Lookalikes, type Superseded } from './lookalike.ts';
import { livingObject, nameIn, overlay } from './object.ts';
import type { Drift, UnmanagedKey } from './plan.ts';
import { same } from './same.ts';

/** A key of which state knows that it lives somewhere else than where Keyform looks now. */
export interface Misplaced {
  readonly address: string;
  readonly keyId: string;
  /** {@link Owner.scope} of the key, and of what would be asked. */
  readonly recorded: string;
  readonly asked: string;
}

/** What a comparison of state and APIs found. */
export interface Refreshed {
  /** The state as it is once `entries` are recorded. */
  readonly state: MutableState;
  readonly entries: readonly JournalEntry[];
  readonly drift: readonly Drift[];
  readonly orphans: readonly Orphan[];
  /** Already part of `state`, and not of `entries`: a step records them. */
  readonly adoptions: readonly Adoption[];
  /** Keys that were seen under another endpoint, account or identity than is asked now, so that nothing is known of them. */
  readonly misplaced: readonly Misplaced[];
  /** Keys that are gone, and yet not drift: a newer one like each is there. */
  readonly superseded: readonly Superseded[];
  readonly lookalikes: Lookalikes;
  readonly unsettled: readonly Unsettled[];
  readonly unmanaged: readonly UnmanagedKey[];
  /** By owner id, for each owner that was read: ids of its keys that state does not hold. */
  readonly strangers: ReadonlyMap<string, readonly string[]>;
  readonly coverage: { readonly managed: number; readonly total: number };
}

/**
 * Compares what state remembers with what the APIs show. Pure: the result says what to record, nothing is recorded. An
 * owner that could not be read changes nothing: its keys stay as they are remembered, and nothing of it is called gone.
 * `now`: milliseconds since 1970; `adopts`: addresses for which an orphan may be taken over; `dependencies`: what an address
 * depends on as the stack has it, undefined for one that the stack does not declare; `replaced`: addresses whose replacement was
 * asked for, so that a key of theirs that is gone is gone, whatever else is there.
 */
export function refresh(
  before: State,
  world: World,
  now: number,
  adopts: (address: string) => boolean,
  dependencies: (address: string) => readonly string[] | undefined,
  replaced: readonly string[],
): Refreshed {
  const state: MutableState = {
    ...before,
    resources: new Map(before.resources),
    intents: new Map(before.intents),
  };
  const entries: JournalEntry[] = [];
  const drift: Drift[] = [];
  const misplaced: Misplaced[] = [];
  const superseded: Superseded[] = [];
  const managed = new Set<string>();
  const held = heldKeys(before, world);
  const record = (entry: JournalEntry) => {
    entries.push(entry);
    applyEntry(state, entry);
  };
  // What lives in state alone and was not recorded is not there.
  for (const intent of before.intents.values())
    if (typeOf(world, intent.type).type.local === true) record({ kind: 'settled', intent: intent.id });
  const attempts: State = { ...before, intents: new Map(state.intents) };
  const { orphans, adoptions, unsettled, settled } = followAttempts(attempts, world, held, now, adopts);
  const lookalikes = new Lookalikes(
    world,
    held,
    new Set(
      orphans.flatMap(({ intent, candidates }) =>
        candidates.map((key) => `${typeOf(world, intent.type).cloud.name} ${key.id}`),
      ),
    ),
  );

  const renewals = [...attempts.intents.values()].filter(({ operation }) => operation === 'regenerate');
  for (const resource of before.resources.values()) {
    const { type, cloud } = typeOf(world, resource.type);
    // There is nobody to ask.
    if (type.local === true) continue;
    for (const generation of [...resource.deposed, ...(resource.current === null ? [] : [resource.current])]) {
      const owner = ownerIn(world, resource, generation);
      // Without a connection nothing is known of the key; whoever plans a step for it meets the error itself.
      if (owner === null) continue;
      const keys = readKeys(world, owner.id);
      if (generation.scope !== owner.scope && keys?.has(generation.id) !== true) {
        const { address } = resource;
        misplaced.push({ address, keyId: generation.id, recorded: generation.scope, asked: owner.scope });
        continue;
      }
      if (keys === null) continue;
      managed.add(`${owner.id} ${generation.id}`);
      const key = keys.get(generation.id);
      const base = {
        address: resource.address,
        type: resource.type,
        name: nameIn(resource.address),
        cloud: cloud.name,
        provider: resource.provider,
        keyId: generation.id,
        deposed: generation === resource.current ? null : generation.id,
        before: livingObject(type, generation),
      };
      if (key === undefined && isLate(generation, type, now)) continue;
      if (key === undefined && generation === resource.current && generation.createdAt !== null) {
        const { address } = resource;
        const entry = { type, cloud };
        const found = lookalikes.find(owner, entry, generation.args, generation.createdAt);
        if (found !== null && !replaced.includes(address)) {
          const { id: keyId, createdAt } = generation;
          superseded.push({ ...found, address, keyId, createdAt, ownerLabel: owner.label });
          continue;
        }
      }
      if (key === undefined) {
        record({ kind: 'forgotten', address: resource.address, generation: generation.number });
        drift.push({ ...base, kind: 'gone', after: null, changed: [] });
        continue;
      }
      const seen = { ...overlay(generation, key), scope: owner.scope };
      const renewing = renewals.find(
        ({ address, generation: number }) => address === resource.address && number === generation.number,
      );
      if (renewing !== undefined && !type.capabilities.secretReadable) {
        const reason = 'a run ended while it was given a new secret, and nobody can tell which one it has';
        record({ kind: 'tainted', address: resource.address, reason });
      } else if (renewing !== undefined && seen.secret?.reveal() !== generation.secret?.reveal()) {
        // Our own doing, of a run that did not live to record it.
        const number = resource.lastGeneration + 1;
        const renewed = { ...seen, number, args: { ...seen.args, ...renewing.args }, renewedAt: renewing.at };
        record({ kind: 'regenerated', intent: renewing.id, generation: renewed });
        continue;
      }
      const { shown, any } = differences(type, generation, seen);
      if (!any) continue;
      record({ kind: 'refreshed', address: resource.address, generation: seen });
      if (shown.length > 0) drift.push({ ...base, kind: 'changed', after: livingObject(type, seen), changed: shown });
    }
  }

  // The refresh above has seen what became of the keys that were to be changed or deleted.
  for (const intent of attempts.intents.values())
    if (state.intents.has(intent.id) && intent.operation !== 'create' && isSeen(intent, before, world))
      record({ kind: 'settled', intent: intent.id });
  for (const { id } of settled) record({ kind: 'settled', intent: id });
  for (const { intent, owner, generation } of adoptions) {
    const needs = dependencies(intent.address) ?? before.resources.get(intent.address)?.dependencies ?? [];
    applyEntry(state, { kind: 'created', intent: intent.id, generation, dependencies: needs });
    managed.add(`${owner} ${generation.id}`);
    held.add(`${typeOf(world, intent.type).cloud.name} ${generation.id}`);
  }
  const suspects = new Set(
    orphans.flatMap(({ intent, owner, candidates }) =>
      candidates.map((key) => `${typeOf(world, intent.type).cloud.name} ${world.owners.get(owner)?.label} ${key.id}`),
    ),
  );
  return {
    state,
    entries,
    drift,
    misplaced,
    superseded,
    lookalikes,
    orphans,
    adoptions,
    unsettled,
    ...findUnmanaged(world, managed, held, suspects),
  };
}

/** The owner of a generation as it would be asked now; null where there is no connection to ask through. */
function ownerIn(world: World, resource: ResourceState, generation: Generation): Owner | null {
  try {
    return ownerOf(world, resource.provider, resource.type, generation.args);
  } catch {
    return null;
  }
}

/** The keys of an owner; null when it was not asked or would not tell. */
function readKeys(world: World, owner: string): ReadonlyMap<string, ActualKey> | null {
  const keys = world.keys.get(owner);
  return keys === undefined || keys instanceof Error ? null : keys;
}

/** Whether what became of an attempt to change or delete a key shows: its owner was read, or it is in no state any more. */
function isSeen(intent: Intent, state: State, world: World): boolean {
  const resource = state.resources.get(intent.address);
  const generation = [resource?.current, ...(resource?.deposed ?? [])].find((key) => key?.number === intent.generation);
  if (resource === undefined || generation == null) return true;
  const owner = ownerIn(world, resource, generation);
  return owner !== null && owner.scope === intent.scope && readKeys(world, owner.id) !== null;
}

/** Whether a list may lack the key because it is so new. */
export function isLate(generation: Generation, type: ResourceType, now: number): boolean {
  if (!type.capabilities.asynchronous || generation.createdAt === null) return false;
  return now < Date.parse(generation.createdAt) + LATE_MS + CLOCK_SLACK_MS;
}

/** What differs: names to show, and whether anything at all does (attributes that merely move along are not shown). */
export function differences(
  type: ResourceType,
  before: Generation,
  after: Generation,
): { shown: string[]; any: boolean } {
  const shown: string[] = [];
  for (const [name, spec] of Object.entries(argumentsOf(type))) {
    if (!same(before.args[name] ?? null, after.args[name] ?? null, spec.same)) shown.push(name);
  }
  const instants = type.arguments.expires_at?.same;
  if (!shown.includes('expires_at') && !same(before.expiresAt, after.expiresAt, instants)) shown.push('expires_at');
  if (!shown.includes('enabled') && before.enabled !== after.enabled) shown.push('enabled');
  if (before.secret?.reveal() !== after.secret?.reveal()) shown.push('secret');
  const any =
    shown.length > 0 ||
    before.createdAt !== after.createdAt ||
    before.accessKeyId !== after.accessKeyId ||
    before.scope !== after.scope ||
    stableStringify(before.attributes) !== stableStringify(after.attributes);
  return { shown, any };
}

function findUnmanaged(
  world: World,
  managed: ReadonlySet<string>,
  held: ReadonlySet<string>,
  suspects: ReadonlySet<string>,
): Pick<Refreshed, 'unmanaged' | 'strangers' | 'coverage'> {
  const unmanaged: UnmanagedKey[] = [];
  const strangers = new Map<string, string[]>();
  let total = 0;
  let mine = 0;
  // Two credentials may show the same owner under two ids: each of its keys is told, and counted, once.
  const seen = new Set<string>();
  for (const [id, { type, label }] of world.owners) {
    const keys = world.keys.get(id);
    if (keys === undefined || keys instanceof Error) continue;
    const entry = typeOf(world, type);
    const self = credentialsOf(world, entry.cloud.name);
    const name = entry.type.capabilities.name?.argument;
    const strange: string[] = [];
    strangers.set(id, strange);
    for (const key of keys.values()) {
      if (!managed.has(`${id} ${key.id}`)) strange.push(key.id);
      const own = self.has(key.accessKeyId);
      const told = `${entry.cloud.name} ${label} ${key.id}`;
      if (managed.has(`${id} ${key.id}`)) mine += 1;
      // Ours, seen with other credentials than those that it is managed through.
      else if (held.has(`${entry.cloud.name} ${key.id}`) || seen.has(told)) continue;
      else {
        seen.add(told);
        if (!suspects.has(told)) {
          unmanaged.push({
            cloud: entry.cloud.name,
            type,
            ownerLabel: label,
            id: key.id,
            accessKeyId: key.accessKeyId,
            name: name === undefined ? null : (key.args[name] as string | null),
            createdAt: key.createdAt,
            enabled: key.enabled,
            self: own,
          });
          if (own) continue;
        }
      }
      total += 1;
    }
  }
  return { unmanaged, strangers, coverage: { managed: mine, total } };
}
