import { isObject, type Json, type JsonObject } from '../core/json.ts';

/**
 * How content of an older version becomes that of the next one, step by step; what comes out is checked as strictly as what
 * this program writes. Each step only knows the two versions it stands between. Values may be of any form: what does not fit is
 * left as it is, for the check to name.
 */

/** From version `index + 1` to the next. */
const SNAPSHOT_STEPS: readonly ((old: JsonObject) => JsonObject)[] = [
  // An intent got a place for a secret that arrived in an answer of another form than documented.
  (old) => ({ ...old, intents: mapObjects(old.intents, (intent) => ({ ...intent, secret: null })) }),
  // When it was written, the anchor of the history, and which journal it folded: all begin with version 3.
  (old) => ({ ...old, writtenAt: null, history: { entries: 0, bytes: 0, hash: '' }, folded: null }),
  // The times of a replaced key's life began with version 4: a key without them has none.
  (old) => old,
];

/** The text of a record: version 1 and 2 have an array of entries, version 3 and later an object. */
const RECORD_STEPS: readonly ((old: unknown) => unknown)[] = [
  (old) =>
    mapObjects(old as Json, (entry) =>
      entry.kind === 'intent' && isObject(entry.intent)
        ? { ...entry, intent: { ...entry.intent, secret: null } }
        : entry,
    ),
  (old) => ({ at: null, entries: old }),
  (old) => old,
];

/** A snapshot's content as of the newest version. `version`: that of the content, already known to be a whole number up to it. */
export function upgradeSnapshot(content: JsonObject, version: number): JsonObject {
  const upgraded = SNAPSHOT_STEPS.slice(version - 1).reduce((value, step) => step(value), content);
  return { ...upgraded, version: SNAPSHOT_STEPS.length + 1 };
}

/** The text of one journal record, parsed, as of the newest version. */
export function upgradeRecord(content: unknown, version: number): unknown {
  return RECORD_STEPS.slice(version - 1).reduce((value, step) => step(value), content);
}

function mapObjects(value: Json | undefined, change: (item: JsonObject) => JsonObject): Json {
  if (!Array.isArray(value)) return value ?? null;
  return value.map((item: Json) => (isObject(item) ? change(item) : item));
}
