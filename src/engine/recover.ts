import { KeyformError } from '../core/error.ts';
import { LONGEST_CREATE_MS } from '../core/plan/claim.ts';
import type { Clock } from '../core/port.ts';
import type { KeyHandler, KeyReference, ResourceType } from '../core/provider.ts';
import type { Intent } from '../core/state.ts';
import type { Recorder } from './running.ts';

/**
 * Deletes the orphan that `intent`, still open, has left; the intent frames the deletion, and until it is settled every plan comes
 * back to it. Throws `refused` for a key that somebody uses: that was not made by an attempt that lost the secret, however well
 * it fits.
 */
export async function recoverOrphan(
  key: KeyReference,
  intent: Intent,
  handler: KeyHandler,
  type: ResourceType,
  run: { readonly recorder: Recorder; readonly clock: Clock; readonly signal?: AbortSignal },
): Promise<void> {
  const settled = { kind: 'settled' as const, intent: intent.id };
  // A key that the answer itself named is ours, and its secret has never left the state.
  const used = intent.keyId === null ? await lastUseOf(key, handler, type, run.signal) : null;
  if (used === null) {
    await handler.delete(key);
    await run.recorder.record(settled);
    return;
  }
  // From then on nothing can come of the attempt any more, and it has made nothing else.
  const over = run.clock.now() > Date.parse(intent.at) + LONGEST_CREATE_MS;
  if (over) await run.recorder.record(settled);
  throw new KeyformError('refused', `Key ${key.id} is not deleted, because it is in use`, {
    detail: `It was last used ${used}: somebody has its secret, so it is not the key of the interrupted attempt. ${
      over
        ? 'That attempt counts as one that made nothing. Plan again.'
        : 'Plan again in a quarter of an hour, when nothing can come of that attempt any more.'
    }`,
  });
}

/** RFC 3339 UTC; null for never, and where the API does not tell. One call, and none to an API that never tells. */
async function lastUseOf(
  key: KeyReference,
  handler: KeyHandler,
  type: ResourceType,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  if (handler.lastUsed !== undefined) return (await handler.lastUsed([key], signal)).get(key.id) ?? null;
  if (type.capabilities.lastUsed !== 'listed') return null;
  const used = (await handler.read(key.id, key.args, signal))?.attributes.last_used_at ?? null;
  return typeof used === 'string' ? used : null;
}
