import type { AccessKey } from './client.ts';

/**
 * How long after its creation a key may be missing from answers: the API reads from caches. The vendor gives no number; its
 * Terraform provider only says that a 404 right after a create means "not yet".
 */
const LATE_MS = 60_000;

interface Entry {
  readonly endpointId: string;
  readonly key: AccessKey;
  /** Milliseconds since 1970 by our own clock. */
  readonly at: number;
  shown: boolean;
}

/**
 * What this connection was told when it made keys. Answers that follow may lag behind that: a list that lacks a key, or a key
 * without its S3 id, must not make anybody forget what is known already.
 */
export class Newborns {
  readonly #entries = new Map<string, Entry>();

  /** Remembers a key that a create told of at `now`. */
  born(endpointId: string, key: AccessKey, now: number): void {
    this.#entries.set(key.id, { endpointId, key, at: now, shown: false });
  }

  /** The key was asked to go, so that nothing of it shall be missed any more. */
  forget(id: string): void {
    this.#entries.delete(id);
  }

  /** A key that an answer shows, with the S3 id that the create told where the answer is silent about it. */
  seen(key: AccessKey): AccessKey {
    const entry = this.#entries.get(key.id);
    if (entry === undefined) return key;
    entry.shown = true;
    return key.accessKeyId === null ? { ...key, accessKeyId: entry.key.accessKeyId } : key;
  }

  /** The key as it was made, if it is so young at `now` that an answer without it proves nothing; else null. */
  unseen(endpointId: string, id: string, now: number): AccessKey | null {
    const entry = this.#entries.get(id);
    return entry !== undefined && entry.endpointId === endpointId && isLate(entry, now) ? entry.key : null;
  }

  /** All such keys of an endpoint. */
  allUnseen(endpointId: string, now: number): readonly AccessKey[] {
    return [...this.#entries.values()]
      .filter((entry) => entry.endpointId === endpointId && isLate(entry, now))
      .map(({ key }) => key);
  }
}

function isLate(entry: Entry, now: number): boolean {
  return !entry.shown && now < entry.at + LATE_MS;
}
