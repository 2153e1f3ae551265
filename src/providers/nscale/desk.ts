import { z } from 'zod';
import { ConsoleRefusal, type KeyDesk, keyDesk, momentField } from '../../core/console.ts';
import type { StoredKey } from './emulator.ts';

/** What the console does its work with. */
interface Shelf {
  readonly now: () => number;
  /** A moment, in milliseconds since 1970, as the service writes it. */
  stamp(ms: number): string;
  /** By id; changed in place. */
  readonly keys: Map<string, StoredKey>;
  /** Whether it works by now. */
  isReady(key: StoredKey): boolean;
  /** Null when there is no such endpoint. */
  hasPolicy(endpointId: string, policy: string): boolean | null;
  /** Makes a key as the API does; gives its id, or why there is none in words. */
  create(endpointId: string, metadata: StoredKey['metadata'], policy: string): { readonly id: string } | string;
  secret(id: string): string;
}

/** Who does what is done in the console, when nothing else is said. */
const SOMEBODY = 'somebody@example.com';

/** What is done in the console. The API changes nothing about a living key, yet tells when and by whom that was done. */
export function desk(shelf: Shelf): KeyDesk {
  const by = z.string().min(1).optional().describe(`Who does it; \`${SOMEBODY}\` when left out.`);
  const name = z.string().min(1).describe('The name.');
  const description = z.string().nullable().optional().describe('The description; null for none.');
  const tags = z.record(z.string(), z.string()).nullable().optional().describe('All tags, by name; null for none.');
  const policy = z.string().min(1).describe('The name of an identity policy of the endpoint.');

  function keyOf(id: string): StoredKey {
    const key = shelf.keys.get(id);
    if (key === undefined) throw new ConsoleRefusal('unknown', 'there is no such key');
    return key;
  }

  return keyDesk({
    type: 'keyform_nscale_access_key',
    created: z.strictObject({
      endpoint_id: z.string().min(1).describe('The endpoint, which exists.'),
      name,
      description,
      tags,
      identity_policy: policy,
      by,
    }),
    changed: z.strictObject({
      name: name.optional(),
      description,
      tags,
      identity_policy: policy.optional(),
      created_at: momentField(shelf.now).optional().describe('When it was made.'),
      by,
    }),
    keys: () =>
      [...shelf.keys.values()].map((key) => ({
        type: 'keyform_nscale_access_key',
        id: key.id,
        accessKeyId: key.accessKeyId,
        args: {
          endpoint_id: key.endpoint,
          name: key.metadata.name,
          description: key.metadata.description ?? null,
          tags: toMap(key.metadata.tags),
          identity_policy: key.policy,
        },
        enabled: true,
        ready: shelf.isReady(key),
        createdAt: key.created,
        expiresAt: null,
        lastUsedAt: null,
      })),
    create: (values) => {
      const metadata = metadataOf(values.name, values.description ?? null, values.tags ?? null);
      const made = shelf.create(values.endpoint_id, metadata, values.identity_policy);
      if (typeof made === 'string') throw new ConsoleRefusal('refused', made);
      const key = keyOf(made.id);
      shelf.keys.set(key.id, { ...key, by: values.by ?? SOMEBODY, hidden: 0, pending: 0 });
      return key.id;
    },
    change: (id, values) => {
      const key = keyOf(id);
      const { name: before, description: text, tags: pairs } = key.metadata;
      if (values.identity_policy !== undefined) {
        if (shelf.hasPolicy(key.endpoint, values.identity_policy) !== true) {
          throw new ConsoleRefusal('refused', `the endpoint has no identity policy ${values.identity_policy}`);
        }
      }
      const metadata = metadataOf(
        values.name ?? before,
        values.description === undefined ? (text ?? null) : values.description,
        values.tags === undefined ? toMap(pairs) : values.tags,
      );
      const { created_at: created, by: _by, ...touching } = values;
      const touched = Object.keys(touching).length > 0;
      shelf.keys.set(id, {
        ...key,
        metadata,
        policy: values.identity_policy ?? key.policy,
        created: created === undefined ? key.created : shelf.stamp(created),
        ...(touched ? { changed: { at: shelf.stamp(shelf.now()), by: values.by ?? SOMEBODY } } : {}),
      });
    },
    remove: (id) => void shelf.keys.delete(keyOf(id).id),
    secret: (id) => shelf.secret(id),
  });
}

type Tags = NonNullable<StoredKey['metadata']['tags']>;

function toMap(tags: Tags | undefined): Record<string, string> | null {
  return tags === undefined || tags.length === 0
    ? null
    : Object.fromEntries(tags.map(({ name, value }) => [name, value]));
}

function metadataOf(
  name: string,
  description: string | null,
  tags: Readonly<Record<string, string>> | null,
): StoredKey['metadata'] {
  return {
    name,
    ...(description === null ? {} : { description }),
    ...(tags === null ? {} : { tags: Object.entries(tags).map(([tag, value]) => ({ name: tag, value })) }),
  };
}
