import type { Generation, Intent, MutableState, ResourceState, State } from '../core/state.ts';
import { keysOf } from './merge.ts';

/** What becomes of one key when a state takes the place of another. */
export interface KeyChange {
  /** `forgotten`: it stays at the cloud, and its secret is in the state no longer. `returns`: the state knows it again. */
  readonly kind: 'forgotten' | 'returns' | 'moved' | 'changed';
  /** Where it belongs; of `forgotten`: where it belonged. */
  readonly address: string;
  /** Of `moved`: where it belonged. */
  readonly from: string | null;
  readonly type: string;
  /** Its id at the API. */
  readonly key: string;
  readonly generation: number;
  /** What else changes, each in words. */
  readonly details: readonly string[];
}

interface Place {
  readonly resource: ResourceState;
  readonly generation: Generation;
}

/** Key by key what becomes of `before` when `after` takes its place; sorted by address and generation. Never tells a secret. */
export function compareStates(before: State, after: State): readonly KeyChange[] {
  const [old, now] = [placesOf(before), placesOf(after)];
  const changes: KeyChange[] = [];
  for (const [name, place] of old) {
    if (!now.has(name)) changes.push({ kind: 'forgotten', from: null, details: [], ...about(place) });
  }
  for (const [name, place] of now) {
    const was = old.get(name);
    if (was === undefined) {
      const details = place.generation.secret === null ? ['without its secret'] : [];
      changes.push({ kind: 'returns', from: null, details, ...about(place) });
      continue;
    }
    const details = detailsOf(was, place);
    const isMoved = was.resource.address !== place.resource.address;
    if (!isMoved && details.length === 0) continue;
    changes.push({
      kind: isMoved ? 'moved' : 'changed',
      from: isMoved ? was.resource.address : null,
      details,
      ...about(place),
    });
  }
  return changes.sort((a, b) => compare(a.address, b.address) || a.generation - b.generation || compare(a.key, b.key));
}

/** By what names a key at its cloud: an id is unique within a type and a scope. */
function placesOf(state: State): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  for (const resource of state.resources.values()) {
    for (const generation of keysOf(resource)) {
      places.set(JSON.stringify([resource.type, generation.scope, generation.id]), { resource, generation });
    }
  }
  return places;
}

function about({ resource, generation }: Place) {
  return { address: resource.address, type: resource.type, key: generation.id, generation: generation.number };
}

function detailsOf(was: Place, now: Place): string[] {
  const details: string[] = [];
  const [before, after] = [was.generation.secret?.reveal() ?? null, now.generation.secret?.reveal() ?? null];
  if (before !== after) {
    details.push(
      after === null ? 'loses its secret' : before === null ? 'gets its secret back' : 'has another secret in it',
    );
  }
  const [wasCurrent, isCurrent] = [was.resource.current === was.generation, now.resource.current === now.generation];
  if (wasCurrent !== isCurrent) details.push(isCurrent ? 'is current again' : 'is no longer current');
  if (was.generation.enabled !== now.generation.enabled) {
    details.push(now.generation.enabled ? 'counts as enabled' : 'counts as disabled');
  }
  if (argumentsOf(was.generation) !== argumentsOf(now.generation)) details.push('has other arguments in it');
  if (was.generation.expiresAt !== now.generation.expiresAt) {
    details.push(
      now.generation.expiresAt === null ? 'counts as lasting' : `counts as valid until ${now.generation.expiresAt}`,
    );
  }
  if (sorted(was.generation.attributes) !== sorted(now.generation.attributes)) {
    details.push('has other attributes in it');
  }
  for (const [name, none, begun] of MOMENTS) {
    const [then, at] = [was.generation[name], now.generation[name]];
    if (then !== at) details.push(at === undefined ? none : `${begun} ${at}`);
  }
  if (isCurrent && (was.resource.tainted === null) !== (now.resource.tainted === null)) {
    details.push(now.resource.tainted === null ? 'is not to be replaced any more' : 'is to be replaced');
  }
  return details;
}

/** The times of a key's life, which decide when it is replaced and when it is deleted: what to say of one that is absent, and of another. */
const MOMENTS = [
  ['deposedAt', 'its overlap counts as not begun', 'its overlap counts as begun at'],
  ['disabledAt', 'does not count as disabled by its retirement', 'counts as disabled by its retirement at'],
  ['renewedAt', 'its secret counts as old as the key', 'its secret counts as made at'],
  ['restoredAt', 'does not count as rolled back to', 'counts as rolled back to at'],
] as const;

function argumentsOf({ args, sensitiveArgs }: Generation): string {
  return `${sorted(args)}${JSON.stringify([...sensitiveArgs].sort())}`;
}

function sorted(object: Generation['args']): string {
  return JSON.stringify(Object.entries(object).sort(([a], [b]) => compare(a, b)));
}

/**
 * What a state becomes when it takes the place of `present`, an older or another one of its lineage: the same, but that nothing the
 * present one knows makes it take a living key for an orphan.
 *
 * - With `carries`, attempts to create that are open in `present` stay open: a key whose secret nobody has may have come of one. So do
 *   those to regenerate a key that `state` knows under the same number: its secret may be another than the one known.
 * - No key that `present` holds counts as what an open attempt may have made: its secret is kept elsewhere, so it is none of the
 *   orphans that a plan would delete.
 * - Numbers of generations go on, so that the history never tells of two keys by one number.
 */
export function succeed(
  state: State,
  present: State,
  carries: boolean,
): { readonly state: MutableState; readonly carried: readonly Intent[] } {
  const resources = new Map(state.resources);
  for (const [address, resource] of resources) {
    const last = present.resources.get(address)?.lastGeneration ?? 0;
    if (last > resource.lastGeneration) resources.set(address, { ...resource, lastGeneration: last });
  }
  const carried = carries
    ? [...present.intents.values()].filter((intent) => !state.intents.has(intent.id) && isCarried(intent, state))
    : [];
  const forgotten = compareStates(present, state).filter(({ kind }) => kind === 'forgotten');
  const intents = new Map<string, Intent>();
  for (const intent of [...state.intents.values(), ...carried]) {
    const ids = forgotten.flatMap(({ type, key }) => (type === intent.type ? [key] : []));
    const knownIds = [...new Set([...intent.knownIds, ...ids])];
    intents.set(intent.id, intent.operation === 'create' ? { ...intent, knownIds } : intent);
  }
  return { state: { ...state, resources, intents }, carried };
}

/** Whether what came of the attempt may be a secret that nobody has, which no later reading of the API would show by itself. */
function isCarried({ operation, address, generation, keyId }: Intent, state: State): boolean {
  if (operation === 'create') return true;
  if (operation !== 'regenerate') return false;
  return keysOf(state.resources.get(address)).some(({ number, id }) => number === generation && id === keyId);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
