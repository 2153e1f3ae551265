import { z } from 'zod';
import { ConsoleRefusal, type KeyDesk, keyDesk, momentField, told } from '../../core/console.ts';
import type { StoredKey } from './emulator.ts';

/** What the console does its work with. */
interface Shelf {
  readonly now: () => number;
  readonly switches: { readonly users: 'any' | readonly string[]; readonly quota: number };
  /** By id; changed in place. */
  readonly keys: Map<string, StoredKey>;
  add(key: Omit<StoredKey, 'id'>): StoredKey;
  /** Whether the state that the API shows is ACTIVE. */
  isActive(key: StoredKey): boolean;
  secretOf(id: string): string;
}

/** What is done in the console. */
export function desk({ now: time, switches, keys, add, isActive, secretOf }: Shelf): KeyDesk {
  const moment = momentField(time);
  const tag = z.string().nullable().optional().describe('The tag; null for none.');
  const expires = moment.nullable().optional().describe('When it ends, also in the past; null for never.');
  function held(id: string): StoredKey {
    const key = keys.get(id);
    if (key === undefined) throw new ConsoleRefusal('unknown', 'there is no such key');
    return key;
  }

  return keyDesk({
    type: 'keyform_outscale_access_key',
    created: z.strictObject({
      user_name: z.string().nullable().optional().describe('The EIM user; left out, the root user.'),
      tag,
      expires_at: expires,
    }),
    changed: z.strictObject({
      tag,
      enabled: z.boolean().optional().describe('Whether it is ACTIVE.'),
      expires_at: expires,
      created_at: moment.optional().describe('When it was made.'),
    }),
    keys: () =>
      [...keys.values()].map((key) => ({
        type: 'keyform_outscale_access_key',
        id: key.id,
        accessKeyId: key.id,
        args: { user_name: key.user, tag: key.tag, expires_at: told(key.expires), enabled: key.active },
        enabled: isActive(key),
        ready: true,
        createdAt: new Date(key.created).toISOString(),
        expiresAt: told(key.expires),
        lastUsedAt: null,
      })),
    create({ user_name: user = null, tag: word = null, expires_at: end = null }) {
      const now = time();
      if (user !== null && switches.users !== 'any' && !switches.users.includes(user)) {
        throw new ConsoleRefusal('refused', `there is no user ${user}`);
      }
      if ([...keys.values()].filter((key) => key.user === user).length >= switches.quota) {
        throw new ConsoleRefusal('refused', `a user can hold ${switches.quota} access keys`);
      }
      return add({ user, active: true, created: now, modified: now, expires: end, tag: word }).id;
    },
    change(id, { tag: word, enabled, expires_at: end, created_at: created }) {
      const key = held(id);
      const touched = word !== undefined || enabled !== undefined || end !== undefined;
      keys.set(id, {
        ...key,
        tag: word === undefined ? key.tag : word,
        active: enabled ?? key.active,
        expires: end === undefined ? key.expires : end,
        created: created ?? key.created,
        modified: touched ? time() : key.modified,
      });
    },
    remove: (id) => void keys.delete(held(id).id),
    secret: secretOf,
  });
}
