import type { JsonObject } from '../json.ts';
import type { ActualKey, ResourceType } from '../provider.ts';
import type { Intent } from '../state.ts';
import { same } from './same.ts';

/** Whether a key can have come from an attempt to make one: by its time, its arguments, its secret, its use. */

/** How far a vendor's clock may be off ours when a creation time is compared with ours. */
export const CLOCK_SLACK_MS = 5 * 60_000;

/** How long after its intent a create may still reach the API: all waits for rate limits and all pauses between attempts. */
export const LONGEST_CREATE_MS = 15 * 60_000;

/** Whether the key was made when the attempt can have made it: it was not there before, and is not too late. */
export function isOfItsTime(intent: Intent, key: ActualKey): boolean {
  if (intent.keyId !== null) return key.id === intent.keyId;
  const began = Date.parse(intent.at);
  // Wider, it would find what a clock far off hides, and one day delete a key that a list had left out once.
  const made = key.createdAt === null ? began : Date.parse(key.createdAt);
  const inTime = made >= began - CLOCK_SLACK_MS && made <= began + LONGEST_CREATE_MS + CLOCK_SLACK_MS;
  return inTime && !intent.knownIds.includes(key.id);
}

/**
 * Whether the key is as the attempt asked for. A key that somebody else made must never pass, so what does not fit in every
 * respect is left to be shown as unmanaged.
 */
export function isAsAsked(intent: Intent, key: ActualKey, type: ResourceType): boolean {
  if (intent.secret !== null && key.secret !== null && intent.secret.reveal() !== key.secret.reveal()) return false;
  if (intent.keyId !== null) return true;
  if (intent.secret !== null && type.shows?.(key.attributes, intent.secret) === false) return false;
  return isLike(key, intent.args, type);
}

/** Whether it is certain that the attempt made the key, once it is as asked: its answer named the key, or the key shows its secret. */
export function isProven(intent: Intent, key: ActualKey, type: ResourceType): boolean {
  if (intent.keyId !== null) return key.id === intent.keyId;
  if (intent.secret === null) return false;
  if (key.secret !== null) return intent.secret.reveal() === key.secret.reveal();
  return type.shows?.(key.attributes, intent.secret) === true;
}

/** Whether the API shows the key with these arguments, as far as they tell one key from another. */
export function isLike(key: ActualKey, args: JsonObject, type: ResourceType): boolean {
  return Object.entries(type.arguments).every(
    ([argument, spec]) =>
      spec.source !== 'reported' ||
      MOVING.includes(argument) ||
      // Left out, so that whatever the API made of it is right.
      (spec.unset === 'keep' && (args[argument] ?? null) === null) ||
      same(key.args[argument] ?? null, args[argument] ?? null, spec.same),
  );
}

/**
 * Whether the list shows that somebody used the key. Then somebody has its secret, and it cannot be the key of an attempt that
 * lost it.
 */
export function isUsed(key: ActualKey, type: ResourceType): boolean {
  return type.capabilities.lastUsed === 'listed' && (key.attributes.last_used_at ?? null) !== null;
}

/** Arguments that do not tell one key from another: they are set after it is made, or follow from the moment. */
export const MOVING: readonly string[] = ['enabled', 'expires_at'];
