import { toDiagnostics } from '../core/diagnostic.ts';
import { isKeyformError, KeyformError, SecretArrivedError } from '../core/error.ts';
import { isAsAsked, isOfItsTime, isProven } from '../core/plan/claim.ts';
import type { CreatedKey, KeyHandler, KeyReference, ResourceType } from '../core/provider.ts';
import type { Intent, JournalEntry } from '../core/state.ts';
import { isRecordError, type RecordError } from '../state/session.ts';
import type { Recorder } from './running.ts';

/**
 * Acts on an intent that is recorded. An error that means "the API did nothing" is recorded as such; any other leaves the intent open,
 * so that the next plan looks at what became of it. Throws what `call` throws; when that cannot be recorded either, an error of the
 * record's code, so that the run stops, which tells both: why the API did nothing, and why that is not recorded.
 */
export async function act<T>(intent: Intent, recorder: Recorder, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isKeyformError(error) || error instanceof SecretArrivedError || UNSETTLED.includes(error.code)) throw error;
    try {
      await recorder.record({ kind: 'failed', intent: intent.id });
    } catch (second) {
      if (!isKeyformError(second)) throw second;
      const detail = `${error.detail}\nBesides: ${second.message}. ${second.detail}`.trimStart();
      throw new KeyformError(second.code, error.message, { detail, cause: error, vendor: error.vendor });
    }
    throw error;
  }
}

/** Codes that do not tell that nothing was done; with those of the journal, which could not take what arrived. */
const UNSETTLED: readonly string[] = ['outcome-unknown', 'timeout', 'internal', 'state-io', 'state-locked'];

/** What making a key needs. */
export interface Making {
  readonly intent: Intent;
  readonly handler: KeyHandler;
  readonly type: ResourceType;
  readonly recorder: Recorder;
}

/**
 * Has the API make the key of an intent. A secret that arrives in an answer that is otherwise no good is recorded before the error
 * goes on; where no place takes it, the key is deleted again, or the error says which one lives.
 */
export async function make(making: Making): Promise<CreatedKey> {
  const { intent, handler, recorder } = making;
  try {
    return await handler.create(intent.args);
  } catch (error) {
    if (!(error instanceof SecretArrivedError)) throw error;
    try {
      await recorder.record({ kind: 'arrived', intent: intent.id, secret: error.secret, keyId: error.keyId });
    } catch (second) {
      throw await takeBackSpoilt(making, error, second);
    }
    throw error;
  }
}

/**
 * A key whose secret is on no disk, as far as is known, is deleted again while it is known. `error`: why its `created` is not recorded.
 * Returns the error that says what became of the key.
 */
export async function takeBack(
  { intent, handler, recorder }: Making,
  key: KeyReference,
  error: unknown,
): Promise<unknown> {
  if (!isRecordError(error) || error.rescued !== null) return error;
  const { address, generation } = intent;
  return undo(handler, recorder, key, error, { kind: 'forgotten', address, generation });
}

/** {@link takeBack} after an answer that was spoilt: the key is the one that the answer named, or that shows its secret. */
async function takeBackSpoilt(making: Making, spoilt: SecretArrivedError, error: unknown): Promise<unknown> {
  if (!isRecordError(error)) return error;
  const { intent, handler, recorder } = making;
  const why = `The answer that had its secret was no good: ${spoilt.message}.`;
  if (error.rescued !== null) return told(error, error.message, `${error.detail} ${why}`);
  const found = await findMade({ ...making, intent: { ...intent, secret: spoilt.secret, keyId: spoilt.keyId } });
  if (found.certain !== null) {
    const undone = await undo(handler, recorder, found.certain, error, { kind: 'settled', intent: intent.id });
    return undone instanceof KeyformError ? told(error, undone.message, `${undone.detail} ${why}`) : undone;
  }
  return told(error, `${error.message}; and its new key is alive`, `${why} ${found.words} As of now ${ONLY_HERE}`);
}

/** The key that an attempt has made, as far as it can be told; in words what lives, where it cannot. Never throws. */
async function findMade({
  intent,
  handler,
  type,
  recorder,
}: Making): Promise<{ readonly certain: KeyReference | null; readonly words: string }> {
  const { args, keyId } = intent;
  if (keyId !== null) {
    const enabled = args.enabled !== false;
    return { certain: { id: keyId, accessKeyId: keyId, args, expiresAt: null, enabled }, words: '' };
  }
  const held = new Set<string>();
  for (const { current, deposed } of recorder.state.resources.values())
    for (const key of [...deposed, ...(current === null ? [] : [current])]) held.add(key.id);
  try {
    const keys = await handler.list(args);
    const fitting = keys.filter((key) => !held.has(key.id) && isOfItsTime(intent, key) && isAsAsked(intent, key, type));
    const proven = fitting.filter((key) => isProven(intent, key, type));
    const [only] = proven;
    // Merely as it was asked for is not enough to delete a key: somebody else may have made one like it just now.
    if (only !== undefined && proven.length === 1) return { certain: only, words: '' };
    const ids = (proven.length > 0 ? proven : fitting).map(({ id }) => id);
    if (ids.length === 0)
      return { certain: null, words: `The answer did not name the key of ${intent.owner}, and no list shows it yet.` };
    const which =
      ids.length === 1 ? `It is, as far as can be told, key ${ids[0]}.` : `It is one of the keys ${ids.join(', ')}.`;
    return { certain: null, words: `The answer did not name the key. ${which}` };
  } catch (cause) {
    return {
      certain: null,
      words: `The answer did not name the key of ${intent.owner}, and the list of keys could not be had: ${summaryOf(cause)}.`,
    };
  }
}

/** Deletes the key, and has the state forget it by `entry`. Returns the error that says what became of it. */
async function undo(
  handler: KeyHandler,
  recorder: Recorder,
  { id, accessKeyId, args, expiresAt, enabled }: KeyReference,
  error: RecordError,
  entry: JournalEntry,
): Promise<unknown> {
  try {
    await handler.delete({ id, accessKeyId, args, expiresAt, enabled });
  } catch (cause) {
    const message = `${error.message}; nor could its key be deleted again`;
    return told(error, message, `Key ${id} exists, and ${ONLY_HERE} Deleting it failed: ${summaryOf(cause)}.`);
  }
  try {
    await recorder.record(entry);
  } catch (second) {
    // That it cannot be recorded either is no news: what counts is that the state in memory no longer has the key.
    if (!isRecordError(second)) return second;
  }
  const gone = `No place is known to have kept the secret of its new key ${id}, so the key was deleted again.`;
  return told(error, error.message, `${gone} ${remedyOf(error)}`);
}

const ONLY_HERE =
  'only this process has its secret: it is saved if the state can be written when the run ends. If not, the next plan finds the key and proposes to replace it.';

function told(error: RecordError, message: string, detail: string): KeyformError {
  return new KeyformError(error.code, message, { detail, cause: error });
}

function summaryOf(cause: unknown): string {
  return toDiagnostics(cause)[0]?.summary ?? 'for an unknown reason';
}

/** What to do about why the journal failed, without what became of the entry. */
function remedyOf(error: RecordError): string {
  return error.cause instanceof KeyformError ? error.cause.detail : error.detail;
}
