import type { Generation, Intent, MutableState, ResourceState, State } from '../core/state.ts';

/** What came of putting a snapshot that was overtaken beside the state that took its place. */
export interface Takeover {
  /** What the state did not know and knows now, each in words. */
  readonly taken: readonly { readonly text: string; readonly address: string; readonly key: Generation | null }[];
  /** Keys that the state has no place for, each in words: address, id, generation. */
  readonly left: readonly string[];
}

/**
 * Puts into `state` what `other`, a snapshot of the same lineage, knows and it does not, where the two do not contradict: addresses
 * that the state does not have; addresses whose keys in state are all known to the other, which has further ones; secrets that the
 * state lacks of keys that it has, and those that keys got later than the ones it has; open attempts. What `ancestor` (an earlier snapshot of the state; null: none is known) has and
 * the state has not was removed on purpose, and is not brought back. No secret ever goes to another key than its own: it
 * stays in its generation, with the key's id.
 */
export function takeOver(state: MutableState, other: State, ancestor: State | null): Takeover {
  const taken: { text: string; address: string; key: Generation | null }[] = [];
  const left: string[] = [];
  for (const theirs of other.resources.values()) {
    const keys = keysOf(theirs).filter((key) => !(holds(ancestor, theirs, key) && !holds(state, theirs, key)));
    const news = keys.filter((key) => !holds(state, theirs, key));
    fillSecrets(state, theirs, taken);
    for (const key of keysOf(theirs)) {
      if (key.secret === null || isKnown(ancestor, theirs, key)) continue;
      const renewed = renewSecret(state, theirs, key);
      if (renewed !== null) taken.push(renewed);
    }
    if (news.length === 0) continue;
    const ours = state.resources.get(theirs.address);
    const fits =
      ours === undefined ||
      (ours.type === theirs.type && keysOf(ours).every((own) => keys.some((key) => key.id === own.id)));
    if (!fits || keys.some((key) => holdsElsewhere(state, theirs, key))) {
      left.push(...news.map((key) => describe(theirs.address, key)));
      continue;
    }
    const isKept = (key: Generation | null): key is Generation => key !== null && keys.includes(key);
    const best = (key: Generation) => keysOf(ours).find((own) => own.id === key.id) ?? key;
    state.resources.set(theirs.address, {
      ...theirs,
      current: isKept(theirs.current) ? best(theirs.current) : null,
      deposed: theirs.deposed.filter(isKept).map(best),
      lastGeneration: Math.max(theirs.lastGeneration, ours?.lastGeneration ?? 0),
      tainted: ours?.tainted ?? theirs.tainted,
    });
    taken.push(...news.map((key) => ({ text: describe(theirs.address, key), address: theirs.address, key })));
  }
  for (const intent of other.intents.values()) {
    if (state.intents.has(intent.id) || ancestor?.intents.has(intent.id) === true) continue;
    state.intents.set(intent.id, intent);
    taken.push({ text: describeIntent(intent), address: intent.address, key: null });
  }
  return { taken, left };
}

/** `t.a: key id-1 (generation 1)` */
export function describe(address: string, key: Generation): string {
  return `${address}: key ${key.id} (generation ${key.number})`;
}

function describeIntent({ operation, address, at }: Intent): string {
  return `${address}: ${operation} of ${at}, whose result is not known`;
}

function fillSecrets(
  state: MutableState,
  theirs: ResourceState,
  taken: { text: string; address: string; key: Generation | null }[],
): void {
  for (const key of keysOf(theirs)) {
    if (key.secret === null) continue;
    for (const ours of state.resources.values()) {
      if (ours.type !== theirs.type) continue;
      const held = keysOf(ours).find(({ id }) => id === key.id);
      if (held === undefined || held.secret !== null || held.accessKeyId !== key.accessKeyId) continue;
      if (isRenewed(held, key)) continue;
      const filled = { ...held, secret: key.secret };
      exchange(state, ours, held, filled);
      const text = `${describe(ours.address, held)}: its secret`;
      taken.push({ text, address: ours.address, key: filled });
    }
  }
}

/** Gives the key in state that is `key` the secret that this one has, if it is the later one; else null. */
function renewSecret(
  state: MutableState,
  theirs: ResourceState,
  key: Generation,
): { text: string; address: string; key: Generation } | null {
  for (const ours of state.resources.values()) {
    if (ours.type !== theirs.type) continue;
    const held = keysOf(ours).find(({ id, scope }) => id === key.id && scope === key.scope);
    if (held === undefined || !isRenewed(key, held)) continue;
    const { accessKeyId, secret, expiresAt, renewedAt = '' } = key;
    // The state may have given the number to another key meanwhile.
    const number = Math.max(key.number, ours.lastGeneration + 1);
    const renewed = { ...held, number, accessKeyId, secret, expiresAt, renewedAt };
    exchange(state, { ...ours, lastGeneration: number }, held, renewed);
    return { text: `${describe(ours.address, renewed)}: its later secret`, address: ours.address, key: renewed };
  }
  return null;
}

/** Puts one key of an address in the place of another. */
function exchange(state: MutableState, ours: ResourceState, held: Generation, by: Generation): void {
  const put = (one: Generation) => (one === held ? by : one);
  state.resources.set(ours.address, {
    ...ours,
    current: ours.current === null ? null : put(ours.current),
    deposed: ours.deposed.map(put),
  });
}

/** Whether `later` is the same key as `earlier` after it got a new secret: the earlier one does not work any more. */
export function isRenewed(later: Generation, earlier: Generation): boolean {
  return later.number > earlier.number && (later.renewedAt ?? '') > (earlier.renewedAt ?? '');
}

function isKnown(state: State | null, of: ResourceState, key: Generation): boolean {
  if (state === null) return false;
  for (const other of state.resources.values()) {
    if (other.type !== of.type) continue;
    const isSame = ({ id, scope, number }: Generation) => id === key.id && scope === key.scope && number === key.number;
    if (keysOf(other).some(isSame)) return true;
  }
  return false;
}

/** Ids are unique within a type and scope only, as far as is known. */
function holds(state: State | null, of: ResourceState, key: Generation): boolean {
  if (state === null) return false;
  const isSame = (one: Generation) => one.id === key.id && one.scope === key.scope;
  const there = state.resources.get(of.address);
  if (there?.type === of.type && keysOf(there).some(isSame)) return true;
  return holdsElsewhere(state, of, key);
}

/** Under another address, to which it was moved. */
function holdsElsewhere(state: State, of: ResourceState, key: Generation): boolean {
  for (const other of state.resources.values()) {
    if (other.address === of.address || other.type !== of.type) continue;
    if (keysOf(other).some((one) => one.id === key.id && one.scope === key.scope)) return true;
  }
  return false;
}

/** All living keys of an address, oldest first; none for an address that is not there. */
export function keysOf(resource: ResourceState | undefined): readonly Generation[] {
  if (resource === undefined) return [];
  return resource.current === null ? resource.deposed : [...resource.deposed, resource.current];
}
