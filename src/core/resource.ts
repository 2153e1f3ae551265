import { z } from 'zod';
import type { ArgumentSpec, AttributeSpec, ResourceType } from './provider.ts';
import { ROTATION } from './rotation/policy.ts';
import { typeOfSchema } from './shape.ts';
import { objectType, type Type } from './typed/type.ts';

/** Arguments that every key resource has beside its own. No resource type may use one of these names. */
export const COMMON_ARGUMENTS: Readonly<Record<string, ArgumentSpec>> = {
  keepers: {
    schema: z
      .record(z.string(), z.string())
      .describe(
        'Any strings, by name. When one is added, changed or removed, a new key replaces the key at the next apply: put here whatever a key should not outlive, such as the month or the version of the service that holds it.',
      ),
    required: false,
    forcesNew: true,
    sensitive: false,
    source: 'remembered',
    unset: 'clear',
    default: null,
  },
  rotation: ROTATION,
};

/** An attribute that every key resource offers to references. */
export interface CommonAttribute extends AttributeSpec {
  /** Whatever is made from it is sensitive too. */
  readonly sensitive: boolean;
  /** Known before the key exists: only what does not come from the API. */
  readonly knownAtPlan: boolean;
}

/** Attributes that every key resource has, in the order in which they are shown. */
export const COMMON_ATTRIBUTES = {
  id: {
    schema: z.string().describe("The key's id in the paths of the vendor's API."),
    sensitive: false,
    knownAtPlan: false,
  },
  access_key_id: {
    schema: z.string().describe('The public id that a client sends when it uses the key. Often the same as `id`.'),
    sensitive: false,
    knownAtPlan: false,
  },
  secret: {
    schema: z
      .string()
      .nullable()
      .describe(
        'The secret. It exists in encrypted state only and is never printed; `keyform secret get` gives it out. Null for a key that was taken over without its secret.',
      ),
    sensitive: true,
    knownAtPlan: false,
  },
  created_at: {
    schema: z
      .string()
      .nullable()
      .describe('When the key was created, RFC 3339 in UTC. Null where the API does not tell.'),
    sensitive: false,
    knownAtPlan: false,
  },
  generation: {
    schema: z
      .int()
      .positive()
      .describe('Counts the keys of this address: 1 for the first one, one more each time a new key replaces it.'),
    sensitive: false,
    knownAtPlan: true,
  },
  rotate_at: {
    schema: z
      .string()
      .nullable()
      .describe('When `rotation` makes the key due, RFC 3339 in UTC. Null when it never does.'),
    sensitive: false,
    knownAtPlan: false,
  },
  previous: {
    schema: z
      .array(
        z.object({
          id: z.string(),
          access_key_id: z.string(),
          generation: z.int().positive(),
          retire_at: z.string().nullable(),
        }),
      )
      .describe(
        'Keys of this address that were replaced and are still alive, the oldest first: `id`, `access_key_id`, `generation`, and `retire_at`, when the overlap ends (RFC 3339 in UTC; null while it has not begun).',
      ),
    sensitive: false,
    knownAtPlan: false,
  },
  expires_at: {
    schema: z
      .string()
      .nullable()
      .describe('When the key stops working by itself, RFC 3339 in UTC. Null for a key that does not expire.'),
    sensitive: false,
    knownAtPlan: false,
  },
  enabled: {
    schema: z.boolean().describe('Whether the vendor accepts the key. Always true where its API cannot disable a key.'),
    sensitive: false,
    knownAtPlan: true,
  },
} as const satisfies Readonly<Record<string, CommonAttribute>>;

/** Every argument of a resource type: its own, in their order, then the common ones that every key has. */
export function argumentsOf(
  resource: Pick<ResourceType, 'arguments' | 'local'>,
): Readonly<Record<string, ArgumentSpec>> {
  const known = merged.get(resource.arguments);
  if (known !== undefined) return known;
  const all = resource.local === true ? resource.arguments : { ...resource.arguments, ...COMMON_ARGUMENTS };
  merged.set(resource.arguments, all);
  return all;
}

/** The planner asks for every key of a stack. */
const merged = new WeakMap<object, Readonly<Record<string, ArgumentSpec>>>();

/** The common attributes that a resource of this type has: all, or the id alone for what is no key. */
export function commonAttributesOf(resource: Pick<ResourceType, 'local'>): Readonly<Record<string, CommonAttribute>> {
  return resource.local === true ? { id: COMMON_ATTRIBUTES.id } : COMMON_ATTRIBUTES;
}

/**
 * Every name that a reference to a resource of this type can end in, with what it is: arguments, common attributes, own
 * attributes. A name that is both argument and attribute (`enabled`, `expires_at`) is one value: that of the living key.
 */
export function attributesOf(
  resource: Pick<ResourceType, 'arguments' | 'attributes' | 'local'>,
): Readonly<Record<string, { readonly schema: z.ZodType; readonly sensitive: boolean }>> {
  const names: Record<string, { schema: z.ZodType; sensitive: boolean }> = {};
  for (const [name, { schema, sensitive }] of Object.entries(argumentsOf(resource)))
    names[name] = { schema, sensitive };
  for (const [name, { schema, sensitive }] of Object.entries(commonAttributesOf(resource))) {
    names[name] = { schema: names[name]?.schema ?? schema, sensitive: names[name]?.sensitive === true || sensitive };
  }
  for (const [name, { schema }] of Object.entries(resource.attributes)) names[name] ??= { schema, sensitive: false };
  return names;
}

/** The type of the values that references to a resource of this type give. The same value at every call. */
export function objectTypeOf(resource: Pick<ResourceType, 'arguments' | 'attributes' | 'local'>): Type {
  const known = types.get(resource.arguments);
  if (known !== undefined) return known;
  const type = objectType(
    Object.entries(attributesOf(resource)).map(([name, { schema }]) => [name, typeOfSchema(schema)] as const),
  );
  types.set(resource.arguments, type);
  return type;
}

const types = new WeakMap<object, Type>();
