// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

import * as cdktf from 'cdktf';

/**
 * When the key is replaced by a new one, and how long the old one stays valid. "keyform rotate" and "keyform apply"
 * act on it.
 */
export interface Rotation {
  /** Age at which a key is replaced, such as "90d" (units w, d, h, m, s, or ISO 8601). Counted from its creation. */
  readonly every?: string | undefined;
  /** Replace the key when its end of life (`expires_at`) is nearer than this. Only where keys can expire. */
  readonly beforeExpiry?: string | undefined;
  /**
   * How long the replaced key stays valid after the new one was made, tried out and delivered: as long as every
   * consumer needs to take the new one. Default "0s": it is retired in the same apply.
   */
  readonly overlap?: string | undefined;
  /**
   * How long the replaced key is disabled before it is deleted, so that it can be brought back when something still
   * needs it. Only where the API can disable a key. Default "0s": deleted at once.
   */
  readonly disableFor?: string | undefined;
  /**
   * "unused_for 24h": beside the overlap, wait until the replaced key has not been used for so long. It is retired
   * all the same 30 days after its overlap; "unused_for 24h, deadline 7d" says otherwise. Only where the API tells
   * when a key was last used.
   */
  readonly retireWhen?: string | undefined;
  /**
   * When rotations and retirements that the schedule asks for may happen: "Mon-Thu 09:00-16:00 Europe/Paris", several
   * with ";" between them. UTC when no time zone is named. A key that would expire before the window opens is
   * replaced all the same.
   */
  readonly window?: string | undefined;
  /**
   * Spread the rotations of keys of one age: each is due up to so much earlier, by a part that its id gives and that
   * stays. Default "0s".
   */
  readonly jitter?: string | undefined;
  /**
   * "replace" (default): a new key beside the old one, no downtime. "regenerate": a new secret under the same id,
   * where the API can; the old secret ends at once. "delete_first": the old key is deleted before the new one is
   * made, for owners whose quota leaves no room; nothing works in between.
   */
  readonly strategy?: 'replace' | 'regenerate' | 'delete_first' | (string & {}) | undefined;
  /**
   * Whether the new key is tried by a harmless call before the old one is retired. Default: true where the API allows
   * it.
   */
  readonly verify?: boolean | cdktf.IResolvable | undefined;
}

/** As a stack in Terraform's language has it. */
export function rotationToTerraform(struct: Rotation | undefined): { [name: string]: unknown } | undefined {
  if (struct === undefined) return undefined;
  const fields = {
    every: cdktf.stringToTerraform(struct.every),
    before_expiry: cdktf.stringToTerraform(struct.beforeExpiry),
    overlap: cdktf.stringToTerraform(struct.overlap),
    disable_for: cdktf.stringToTerraform(struct.disableFor),
    retire_when: cdktf.stringToTerraform(struct.retireWhen),
    window: cdktf.stringToTerraform(struct.window),
    jitter: cdktf.stringToTerraform(struct.jitter),
    strategy: cdktf.stringToTerraform(struct.strategy),
    verify: cdktf.booleanToTerraform(struct.verify),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
