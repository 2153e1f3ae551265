import { z } from 'zod';
import { ConsoleRefusal, type KeyDesk, keyDesk, momentField, told } from '../../core/console.ts';
import { parseMoment } from '../../core/moment.ts';
import type { Now } from './issuer.ts';
import type { Message } from './message.ts';
import { Refusal } from './refusal.ts';
import type { Kind, StoredKey, Vault } from './vault.ts';

const TYPES: Readonly<Record<Kind, string>> = {
  api: 'keyform_yandex_api_key',
  static: 'keyform_yandex_static_access_key',
};

/** What is done in the console: with API keys and with static keys. */
export function desks(vault: Vault, clock: Now): readonly KeyDesk[] {
  const moment = momentField(() => clock.now());
  const service_account_id = z.string().min(1).max(50).describe('The service account.');
  const description = z.string().max(256).nullable().optional().describe('The description; null for none.');
  const expires_at = moment.nullable().optional().describe('When it ends, also in the past; null for never.');
  const scopes = z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('All scopes; a new key without any gets the default ones.');
  const past = {
    created_at: moment.optional().describe('When it was made.'),
    last_used_at: moment.nullable().optional().describe('When it was last used; null for never.'),
  };

  function keyOf(kind: Kind, id: string): StoredKey {
    const key = vault.find(kind, id);
    if (key === null) throw new ConsoleRefusal('unknown', 'there is no such key');
    return key;
  }

  function create(kind: Kind, account: string, message: Message): string {
    try {
      vault.create(kind, account, message, null);
    } catch (error) {
      if (error instanceof Refusal) throw new ConsoleRefusal('refused', error.message);
      throw error;
    }
    const newest = vault.all().at(-1);
    if (newest === undefined) throw new Error('a key that was made is not there');
    return newest.id;
  }

  /** `changes` with the times that go into every change. */
  function put(
    key: StoredKey,
    times: { readonly created_at?: number | undefined; readonly last_used_at?: number | null | undefined },
    changes: Partial<StoredKey>,
  ): void {
    const { created_at: created, last_used_at: used } = times;
    vault.put({
      ...key,
      ...changes,
      ...(created === undefined ? {} : { createdMs: created, created: vault.timestamp(created, key.id) }),
      ...(used === undefined ? {} : { usedMs: used }),
    });
  }

  const common = (kind: Kind) => ({
    type: TYPES[kind],
    keys: () =>
      vault
        .all()
        .filter((key) => key.kind === kind)
        .map((key) => ({
          type: TYPES[kind],
          id: key.id,
          accessKeyId: vault.keyId(key),
          args: {
            service_account_id: key.account,
            description: key.description === '' ? null : key.description,
            ...(kind === 'api' ? { scopes: key.scopes, expires_at: key.expires } : {}),
          },
          enabled: true,
          ready: true,
          createdAt: new Date(key.createdMs).toISOString(),
          expiresAt: key.expires === null ? null : told(parseMoment(key.expires)),
          lastUsedAt: told(vault.lastUse(key)),
        })),
    remove: (id: string) => vault.remove(keyOf(kind, id).id),
    secret: (id: string) => vault.secret(keyOf(kind, id)),
    noteUse: (id: string) => vault.put({ ...keyOf(kind, id), usedMs: clock.now() }),
  });

  const textOf = (text: string | null | undefined) => (typeof text === 'string' ? { description: text } : {});

  return [
    keyDesk({
      ...common('api'),
      created: z.strictObject({ service_account_id, description, scopes, expires_at }),
      changed: z.strictObject({ description, scopes, expires_at, ...past }),
      create: (values) =>
        create('api', values.service_account_id, {
          ...textOf(values.description),
          ...(values.scopes === undefined ? {} : { scopes: values.scopes }),
          ...(typeof values.expires_at === 'number' ? { expires_at: new Date(values.expires_at).toISOString() } : {}),
        }),
      change(id, values) {
        const key = keyOf('api', id);
        put(key, values, {
          description: values.description === undefined ? key.description : (values.description ?? ''),
          scopes: values.scopes ?? key.scopes,
          expires: values.expires_at === undefined ? key.expires : told(values.expires_at),
        });
      },
    }),
    keyDesk({
      ...common('static'),
      created: z.strictObject({ service_account_id, description }),
      changed: z.strictObject({ description, ...past }),
      create: (values) => create('static', values.service_account_id, textOf(values.description)),
      change(id, values) {
        const key = keyOf('static', id);
        put(key, values, {
          description: values.description === undefined ? key.description : (values.description ?? ''),
        });
      },
    }),
  ];
}
