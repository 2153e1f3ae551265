import type { Diagnostic } from '../diagnostic.ts';
import { formatDuration } from '../duration.ts';
import { formatMoment, parseMoment } from '../moment.ts';
import type { Policy } from '../rotation/policy.ts';
import { nextMove, type Retirement } from '../rotation/retirement.ts';
import type { Generation, ResourceState } from '../state.ts';
import { credentialsOf, type TypeEntry, usedKey, type World } from './actual.ts';
import type { Draft } from './draft.ts';
import type { ResourceChange, Upcoming } from './plan.ts';

/** What deciding about the replaced keys of one address needs. */
export interface Retiring {
  readonly resource: ResourceState;
  readonly entry: TypeEntry;
  readonly world: World;
  readonly policy: Policy;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** They are to end at once. */
  readonly revoke: boolean;
  /** Whether the key that Keyform authenticates with may end. */
  readonly allowCredential: boolean;
  /** The key that follows them, as it is now; null when this plan makes it. */
  readonly successor: Generation | null;
}

/** What becomes of a replaced key, all guards considered. */
export interface Decision {
  readonly key: Generation;
  readonly move: Retirement | { readonly kind: 'hold' };
}

/** What becomes of replaced keys, with what to tell of it. */
export interface Decided {
  readonly decisions: readonly Decision[];
  readonly upcoming: readonly Upcoming[];
  readonly warnings: readonly Diagnostic[];
}

/** Decides about each of `keys`, which are replaced keys of the address, or its current key when this plan replaces it. */
export function decideRetirement(keys: readonly Generation[], retiring: Retiring): Decided {
  const { resource, policy, entry } = retiring;
  const { address } = resource;
  const decisions: Decision[] = [];
  const upcoming: Upcoming[] = [];
  const warnings: Diagnostic[] = [];
  const warn = (summary: string, detail: string) =>
    void warnings.push({ severity: 'warning', summary, detail, address });
  for (const key of keys) {
    const move = nextMove(key, policy, {
      now: retiring.now,
      canDisable: entry.type.capabilities.disable,
      lastUsed: lastUsedOf(key, retiring),
      revoke: retiring.revoke,
    });
    const later = (kind: 'disable' | 'delete', at: number, why: string) =>
      void upcoming.push({ address, kind, at: formatMoment(at), keyId: key.id, why });
    const ends = move.kind === 'disable' || move.kind === 'delete';
    const held = ends ? guard(key, retiring) : null;
    if (held !== null) {
      warn(`Replaced key ${key.accessKeyId} is not retired`, held);
      decisions.push({ key, move: { kind: 'hold' } });
      continue;
    }
    decisions.push({ key, move });
    if (move.kind === 'depose') {
      const disables = entry.type.capabilities.disable && policy.disableFor > 0;
      later(disables ? 'disable' : 'delete', move.until, 'its overlap ends then');
    } else if (move.kind === 'wait') {
      later(move.next, move.at, move.why);
      if (move.warning !== null) warn(`Replaced key ${key.accessKeyId} is still alive`, move.warning);
    } else {
      if (move.kind === 'disable') later('delete', retiring.now + policy.disableFor, 'it is disabled until then');
      if (move.warning !== null) warn(`Replaced key ${key.accessKeyId} is retired`, move.warning);
    }
  }
  return { decisions, upcoming, warnings };
}

/** Why a key must not end although its time has come; null when it may. */
function guard(key: Generation, { world, entry, allowCredential, successor }: Retiring): string | null {
  if (!allowCredential && credentialsOf(world, entry.cloud.name).has(key.accessKeyId))
    return 'Keyform itself authenticates with it. Give Keyform the new key, or another credential, and the next run retires it; or say -allow-credential-delete.';
  if (successor !== null && !successor.enabled)
    return `The key that replaced it, ${successor.accessKeyId}, is disabled: without both nothing would work. Enable that one first.`;
  return null;
}

/** When a key was last used, milliseconds since 1970; null: never; undefined: not told. */
function lastUsedOf(key: Generation, { world, resource, entry }: Retiring): number | null | undefined {
  const { lastUsed } = entry.type.capabilities;
  const told =
    lastUsed === 'listed'
      ? key.attributes.last_used_at
      : lastUsed === 'asked'
        ? world.lastUsed?.get(usedKey(resource.type, key.id))
        : undefined;
  if (told === undefined || told === null) return told;
  return typeof told === 'string' ? (parseMoment(told) ?? undefined) : undefined;
}

/** Whether a decision ends a key, or begins its end, in this plan. */
export function acts({ move }: Decision): boolean {
  return move.kind === 'depose' || move.kind === 'disable' || move.kind === 'delete';
}

/**
 * Drafts what was decided, after the steps `after`; `ends` are the provisioners that run before a key is deleted. Returns what to show of keys
 * that change.
 */
export function draftRetirement(
  draft: Draft,
  { decisions }: Pick<Decided, 'decisions'>,
  resource: ResourceState,
  after: readonly string[],
  ends: readonly number[],
): ResourceChange[] {
  const changes: ResourceChange[] = [];
  for (const { key, move } of decisions) {
    if (move.kind === 'depose') draft.depose(key, resource.provider, after);
    else if (move.kind === 'disable') changes.push(draft.disable(resource, key, after, move.why));
    else if (move.kind === 'delete') changes.push(draft.leftOver(resource, key, after, move.why, { ends }));
  }
  return changes;
}

export const NOTHING: Decided = { decisions: [], upcoming: [], warnings: [] };

/** Drafts what becomes of the key that is being replaced, after its successor is made, and says so in `reasons`. */
export function endPrior(
  prior: Generation,
  { decisions }: Decided,
  draft: Draft,
  ends: readonly number[],
  provider: string,
  resource: ResourceState,
  policy: Policy,
  reasons: string[],
): readonly ResourceChange[] {
  const move = decisions[0]?.move;
  const after = draft.lastMade();
  if (move?.kind === 'delete') {
    const commands = draft.commands(ends, 'destroy', prior.number, prior.id, after, 'drop');
    draft.drop(prior, provider, commands.length > 0 ? commands : after);
  } else if (move?.kind === 'disable') {
    reasons.push(`the old key is disabled, and deleted ${formatDuration(policy.disableFor)} later`);
    return [draft.disable(resource, prior, after, 'it is replaced')];
  } else if (move?.kind === 'depose') {
    draft.depose(prior, provider, after);
    reasons.push(
      `the old key stays valid until ${formatMoment(move.until)}${policy.retireWhen === null ? '' : ', and while it is used'}`,
    );
  } else if (move?.kind === 'hold') {
    draft.depose(prior, provider, after);
    reasons.push('the old key stays valid');
  }
  return [];
}

/** The warning of a rotation that deletes first. */
export function downtimeWarning(address: string): Diagnostic {
  return {
    severity: 'warning',
    summary: 'No key works for a while',
    detail:
      'Its rotation has strategy "delete_first": the old key is deleted before the new one is made and delivered.',
    address,
  };
}
