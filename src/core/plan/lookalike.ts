import { blockAddress } from '../address.ts';
import type { Configuration } from '../configuration/stack.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { JsonObject } from '../json.ts';
import type { ActualKey, Owner, ResourceType } from '../provider.ts';
import { credentialsOf, ownerOf, type TypeEntry, typeOf, type World } from './actual.ts';
import { isLike, MOVING } from './claim.ts';
import { knownArgs } from './desire.ts';
import type { DraftStep } from './draft.ts';
import type { PlanMode } from './plan.ts';
import type { Refusal } from './refusal.ts';
import { rivalsOf, rivalWords, type Sibling, siblingKeys } from './sibling.ts';

/**
 * What an older state that was put back looks like at the APIs: keys that are newer than it, in no state, and just like those
 * that the stack wants. A machine that has seen the newer state knows by itself; this is for one that has not.
 */

/** A key in no state that is just like one that a stack has or wants. */
export interface Lookalike {
  readonly key: ActualKey;
  /** Other stacks that cannot be read, so that it may be theirs. */
  readonly rivals: readonly Sibling[];
}

/** A current key that is gone at its API, while a newer one that is just like it is there. Nothing is concluded from that. */
export interface Superseded extends Lookalike {
  readonly address: string;
  readonly keyId: string;
  readonly createdAt: string;
  readonly ownerLabel: string;
}

/** Looks for keys in no state. What it needs for an owner is made once, when somebody asks. */
export class Lookalikes {
  readonly #world: World;
  readonly #taken: readonly ReadonlySet<string>[];
  readonly #strangers = new Map<string, ReadonlyMap<string, readonly ActualKey[]>>();

  /** `held` and `suspects`: `<cloud> <key id>` of keys in state, and of those that an open attempt may have made. */
  constructor(world: World, held: ReadonlySet<string>, suspects: ReadonlySet<string>) {
    this.#world = world;
    this.#taken = [held, suspects, siblingKeys(world)];
  }

  /** Whether the owner, by its id, has keys in no state at all: looking for one costs more. */
  any(owner: string, entry: TypeEntry): boolean {
    return this.#of(owner, entry).size > 0;
  }

  /** The newest key of the owner that has these arguments, was made after `since` (RFC 3339) and is in no state; null for none. */
  find(owner: Pick<Owner, 'id' | 'scope'>, entry: TypeEntry, args: JsonObject, since: string): Lookalike | null {
    const after = Date.parse(since);
    const strangers = this.#of(owner.id, entry);
    const name = nameOf(entry.type, args);
    const near = name === null ? [...strangers.values()].flat() : (strangers.get(name) ?? []);
    let found: Lookalike | null = null;
    for (const key of near) {
      const made = madeAt(key);
      if (made === null || made <= after || (found !== null && made <= (madeAt(found.key) ?? 0))) continue;
      if (!isLike(key, args, entry.type)) continue;
      const rivals = rivalsOf({ entry, args, scope: owner.scope }, [key], this.#world);
      // Another stack's attempt to make it explains it well enough.
      if (rivals.every(({ state }) => state instanceof Error)) found = { key, rivals };
    }
    return found;
  }

  /** The owner's keys in no state, by name; under the empty name where keys have none. */
  #of(owner: string, { cloud, type }: TypeEntry): ReadonlyMap<string, readonly ActualKey[]> {
    const known = this.#strangers.get(owner);
    if (known !== undefined) return known;
    const strangers = new Map<string, ActualKey[]>();
    const keys = this.#world.keys.get(owner);
    const own = credentialsOf(this.#world, cloud.name);
    for (const key of keys instanceof Map ? (keys as ReadonlyMap<string, ActualKey>).values() : []) {
      if (own.has(key.accessKeyId) || key.readiness === 'leaving') continue;
      if (this.#taken.some((ids) => ids.has(`${cloud.name} ${key.id}`))) continue;
      const name = nameOf(type, key.args) ?? '';
      const list = strangers.get(name);
      if (list === undefined) strangers.set(name, [key]);
      else list.push(key);
    }
    this.#strangers.set(owner, strangers);
    return strangers;
  }
}

/** The name of a key with these arguments; null where they give none, or names mean the same in more than one spelling. */
function nameOf(type: ResourceType, args: JsonObject): string | null {
  const argument = type.capabilities.name?.argument;
  if (argument === undefined || type.arguments[argument]?.same !== undefined) return null;
  const name = args[argument] ?? null;
  return typeof name === 'string' ? name : null;
}

function madeAt(key: ActualKey): number | null {
  return key.createdAt === null ? null : Date.parse(key.createdAt);
}

const SUMMARY = 'State may be an older copy';

/** The refusal of an address whose key is gone, while a newer one like it is there. */
export function supersededRefusal(superseded: Superseded, configuration: Configuration, mode: PlanMode): Refusal {
  const { address, keyId, createdAt, ownerLabel, key, rivals } = superseded;
  const block = configuration.resources.get(blockAddress(address));
  const way =
    block === undefined || mode === 'destroy'
      ? `drop the address from the state ("keyform state rm ${address}")`
      : `go on with -replace=${address}`;
  return {
    address,
    diagnostic: {
      severity: 'error',
      summary: SUMMARY,
      detail: `Key ${keyId}, made ${createdAt}, which it holds for this address, is gone from ${ownerLabel}, where key ${key.id}, made ${key.createdAt}, is just like it and in no state.${othersOf(rivals)} If there is a newer state, put that back ("keyform state restore FILE"): it has the secret of ${key.id}. If this one is right, delete ${key.id} at the cloud if nobody uses it, or ${way}.`,
      address,
      ...(block === undefined ? {} : { place: block.place }),
    },
  };
}

/**
 * A warning for each of the `steps` that makes a key although one like it, newer than the state, is there: `writtenAt` is when the
 * state was written, `asked` the addresses whose replacement was asked for.
 */
export function duplicateWarnings(
  steps: readonly DraftStep[],
  writtenAt: string | null,
  asked: readonly string[],
  lookalikes: Lookalikes,
  world: World,
): Diagnostic[] {
  if (writtenAt === null) return [];
  return steps.flatMap((step) => {
    if (step.kind !== 'create' || step.owner === null || asked.includes(step.address)) return [];
    const entry = typeOf(world, step.type);
    if (!lookalikes.any(step.owner, entry)) return [];
    const args = knownArgs(step.args);
    if (!Object.keys(step.args).every((name) => Object.hasOwn(args, name) || MOVING.includes(name))) return [];
    const owner = ownerOf(world, step.provider, step.type, args);
    const found = lookalikes.find(owner, entry, args, writtenAt);
    if (found === null) return [];
    const { key, rivals } = found;
    return [
      {
        severity: 'warning' as const,
        summary: SUMMARY,
        detail: `It was written ${writtenAt} and has no key for this address, and in ${owner.label} key ${key.id}, made ${key.createdAt}, is just like the one that would be made and in no state.${othersOf(rivals)} If there is a newer state, put that back ("keyform state restore FILE") instead of applying this plan. If this one is right, delete ${key.id} at the cloud if nobody uses it.`,
        address: step.address,
      },
    ];
  });
}

function othersOf(rivals: readonly Sibling[]): string {
  return rivals.length === 0 ? '' : ` ${rivalWords(rivals)}`;
}
