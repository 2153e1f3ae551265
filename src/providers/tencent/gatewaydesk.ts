import { z } from 'zod';
import { ConsoleRefusal, type KeyDesk, keyDesk, momentField } from '../../core/console.ts';
import type { StoredKey } from './gatewayemulator.ts';

/** What the console does its work with. */
interface Shelf {
  readonly now: () => number;
  readonly switches: { readonly gateway_regions: 'any' | readonly string[]; readonly gateway_quota: number };
  /** The region of a key that is made without one. */
  readonly defaultRegion: string;
  /** By id; changed in place. */
  readonly keys: Map<string, StoredKey>;
  put(key: StoredKey): void;
  /** Changes the key, and when it was last changed. */
  change(key: StoredKey, to: Partial<StoredKey>): StoredKey;
  newSecret(key: StoredKey): StoredKey;
  /** `own`: the id of a manual key, null for an auto key. Null where there are as many keys as there can be. */
  add(name: string, region: string, own: string | null, tags: StoredKey['tags']): StoredKey | null;
  secretOf(key: StoredKey): string;
}

/** What is done in the console. */
export function gatewayDesk(shelf: Shelf): KeyDesk {
  const held = (keyId: string): StoredKey => {
    const key = shelf.keys.get(keyId);
    if (key === undefined) throw new ConsoleRefusal('unknown', 'there is no such key');
    return key;
  };
  const tags = z.record(z.string(), z.string()).nullable().optional().describe('All tags, by name; null for none.');
  const pairs = (map: Readonly<Record<string, string>> | null) =>
    Object.entries(map ?? {}).map(([Key, Value]) => ({ Key, Value }));
  return keyDesk({
    type: 'keyform_tencent_api_key',
    created: z.strictObject({
      secret_name: z.string().min(1).describe('The name.'),
      region: z
        .string()
        .min(1)
        .default(shelf.defaultRegion)
        .describe(`The region; \`${shelf.defaultRegion}\` when left out.`),
      access_key_id: z
        .string()
        .regex(/^[A-Za-z0-9_]{5,50}$/, 'must be 5 to 50 letters, digits and underscores')
        .optional()
        .describe('An id of choice, which makes it a manual key; its secret is then made up.'),
      tags,
    }),
    changed: z.strictObject({
      tags,
      enabled: z.boolean().optional().describe('Whether it is enabled.'),
      secret: z.literal(true).optional().describe('`true` gives it a new secret, under the same id.'),
      created_at: momentField(shelf.now).optional().describe('When it was made.'),
    }),
    keys: () =>
      [...shelf.keys.values()].map((key) => ({
        type: 'keyform_tencent_api_key',
        id: key.id,
        accessKeyId: key.id,
        args: {
          secret_name: key.name,
          access_key_type: key.manual ? 'manual' : 'auto',
          enabled: key.enabled,
          tags: key.tags.length === 0 ? null : Object.fromEntries(key.tags.map((one) => [one.Key, one.Value])),
          region: key.region,
        },
        enabled: key.enabled,
        ready: true,
        createdAt: new Date(key.created).toISOString(),
        expiresAt: null,
        lastUsedAt: null,
      })),
    create({ secret_name: name, region, access_key_id: own, tags: map = null }) {
      if (own !== undefined && shelf.keys.has(own)) throw new ConsoleRefusal('refused', 'there is a key with this id');
      if (shelf.switches.gateway_regions !== 'any' && !shelf.switches.gateway_regions.includes(region)) {
        throw new ConsoleRefusal('refused', `there is no API Gateway in ${region}`);
      }
      const key = shelf.add(name, region, own ?? null, pairs(map));
      if (key === null) throw new ConsoleRefusal('refused', `there can be ${shelf.switches.gateway_quota} keys`);
      return key.id;
    },
    change(keyId, { tags: map, enabled, secret, created_at: created }) {
      let key = held(keyId);
      if (secret === true) key = shelf.newSecret(key);
      if (enabled !== undefined) key = shelf.change(key, { enabled });
      if (map !== undefined) key = shelf.change(key, { tags: pairs(map) });
      if (created !== undefined) shelf.put({ ...key, created });
    },
    remove: (keyId) => void shelf.keys.delete(held(keyId).id),
    secret: (keyId) => shelf.secretOf(held(keyId)),
  });
}
