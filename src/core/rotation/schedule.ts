import { formatDuration } from '../duration.ts';
import { parseMoment } from '../moment.ts';
import type { Generation } from '../state.ts';
import type { Policy } from './policy.ts';
import { isOpen, nextOpening } from './window.ts';

const DAY = 24 * 3_600_000;

/** What of a key its schedule is made from. */
export type Scheduled = Pick<Generation, 'id' | 'createdAt' | 'expiresAt' | 'renewedAt' | 'restoredAt'>;

/** Since when a key's secret exists, milliseconds since 1970; null when nobody knows. */
export function ageBase(key: Pick<Scheduled, 'createdAt' | 'renewedAt'>): number | null {
  const text = key.renewedAt ?? key.createdAt;
  return text === null ? null : parseMoment(text);
}

/**
 * When a policy makes a key due, milliseconds since 1970, and why, to follow "its rotation is due: "; the earliest of its reasons. Null when
 * nothing does. Maintenance windows are not looked at.
 */
export function dueAt(key: Scheduled, policy: Policy): { readonly at: number; readonly why: string } | null {
  const age = dueByAge(key, policy);
  const expiry = dueByExpiry(key, policy);
  if (age === null || expiry === null) return age ?? expiry;
  return expiry.at <= age.at ? expiry : age;
}

function dueByAge(key: Scheduled, policy: Policy): { at: number; why: string } | null {
  const { every, jitter, overlap } = policy;
  if (every === null) return null;
  const base = ageBase(key);
  const why = `it is replaced every ${formatDuration(every)}`;
  // Nobody knows how old it is, so it counts as old.
  if (base === null) return { at: 0, why: `${why}, and its age is not known` };
  const at = base + every - Math.floor(jitter * fractionOf(key.id));
  // Whoever rolled back has a reason to look at it before the schedule goes on.
  const restored = key.restoredAt === undefined ? null : parseMoment(key.restoredAt);
  return { at: restored === null ? at : Math.max(at, restored + Math.max(overlap, DAY)), why };
}

function dueByExpiry(key: Scheduled, policy: Policy): { at: number; why: string } | null {
  const end = key.expiresAt === null ? null : parseMoment(key.expiresAt);
  if (policy.beforeExpiry === null || end === null) return null;
  return { at: end - policy.beforeExpiry, why: `it expires at ${key.expiresAt}` };
}

/** What the schedule says of a key now. */
export type Due =
  /** Not before `at`, milliseconds since 1970; null: never by schedule. */
  | { readonly kind: 'later'; readonly at: number | null; readonly why: string }
  /** It is due, and its window opens at `at`. */
  | { readonly kind: 'waits'; readonly at: number; readonly why: string }
  | { readonly kind: 'due'; readonly why: string };

/**
 * Whether the schedule asks for a key's rotation at `now`; what is due within `within` milliseconds counts as due. A key that would expire
 * before its window opens does not wait for it.
 */
export function scheduleOf(key: Scheduled, policy: Policy, now: number, within = 0): Due {
  const due = dueAt(key, policy);
  if (due === null) return { kind: 'later', at: null, why: '' };
  const { window } = policy;
  if (due.at > now + within) {
    return { kind: 'later', at: window === null ? due.at : nextOpening(window, due.at), why: due.why };
  }
  if (window === null || isOpen(window, now)) return { kind: 'due', why: due.why };
  const opens = nextOpening(window, now);
  const end = key.expiresAt === null ? null : parseMoment(key.expiresAt);
  if (end !== null && end <= opens)
    return { kind: 'due', why: `it expires at ${key.expiresAt}, before its window opens` };
  return { kind: 'waits', at: opens, why: due.why };
}

/** A number in [0, 1) that a key's id gives, the same on every machine: FNV-1a, mixed. */
function fractionOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index++) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
