import { z } from 'zod';
import type { ArgumentSpec, ResourceType } from './provider.ts';
import { COMMON_ATTRIBUTES } from './resource.ts';
import { typeOfSchema } from './shape.ts';
import { objectType, type Type } from './typed/type.ts';

/**
 * Terraform's data sources, for reading keys that exist already. They follow from the resource types: a cloud writes nothing
 * for them.
 */

/** One data source of a resource type. */
export interface DataSource {
  /** As in `data.NAME.x`: the resource type's own name for `one`, the same with an "s" for `all`. */
  readonly name: string;
  /** `one` reads a single key, `all` every key of an owner. */
  readonly kind: 'one' | 'all';
  readonly resource: ResourceType;
  /** What it reads, in sentences. */
  readonly description: string;
  /** Owner arguments, then for `one` the {@link selectorsOf}. All are optional but the owner's required ones. */
  readonly arguments: Readonly<Record<string, ArgumentSpec>>;
  /**
   * Every name that a reference can end in, arguments included. Of `all`: the owner arguments, `ids`, and `keys`, whose
   * elements have what `one` has. Never a secret, nor an argument of the resource that is sensitive or that its API does not
   * tell.
   */
  readonly attributes: Readonly<Record<string, { readonly schema: z.ZodType; readonly sensitive: boolean }>>;
}

/** The data sources of a resource type: `one`, then `all`. The same values at every call. */
export function dataSourcesOf(type: ResourceType): readonly [one: DataSource, all: DataSource] {
  const known = derived.get(type);
  if (known !== undefined) return known;
  const made: [DataSource, DataSource] = [one(type), all(type)];
  derived.set(type, made);
  return made;
}

const derived = new WeakMap<ResourceType, readonly [DataSource, DataSource]>();

/** The arguments of which exactly one must say which key a `one` reads: `id`, `access_key_id`, and the name where keys have one. */
export function selectorsOf(type: Pick<ResourceType, 'arguments' | 'capabilities'>): readonly string[] {
  const name = type.capabilities.name?.argument;
  // A name that the API does not tell, or that must not be shown, finds nothing.
  const told = name !== undefined && listed(type.arguments[name]);
  return [...new Set(['id', 'access_key_id', ...(told ? [name] : [])])];
}

function one(type: ResourceType): DataSource {
  const { owner } = type;
  const selectors = selectorsOf(type);
  const choice = `Exactly one of ${selectors.map((name) => `\`${name}\``).join(', ')} says which key is read.`;
  return {
    name: type.type,
    kind: 'one',
    resource: type,
    description: `Reads one key that exists already, whoever made it, without its secret: ${type.description}`,
    arguments: {
      ...ownerArguments(type),
      ...Object.fromEntries(
        selectors.map((name) => [
          name,
          selector(
            name === 'id' || name === 'access_key_id'
              ? `${ids[name]} ${choice}`
              : `Name of the key; it is an error when no key of the ${owner.word} has it, or several do. ${choice}`,
          ),
        ]),
      ),
    },
    attributes: keyAttributes(type),
  };
}

const ids = {
  id: "The key's id in the paths of the vendor's API.",
  access_key_id: 'The public id that a client sends when it uses the key.',
} as const;

function all(type: ResourceType): DataSource {
  const { owner } = type;
  const element = z.object(
    Object.fromEntries(Object.entries(keyAttributes(type)).map(([name, { schema }]) => [name, schema])),
  );
  return {
    name: `${type.type}s`,
    kind: 'all',
    resource: type,
    description: `Reads every key of one ${owner.word}, whoever made them, without their secrets. Of such keys: ${type.description}`,
    arguments: ownerArguments(type),
    attributes: {
      ...Object.fromEntries(ownerAttributes(type)),
      ids: {
        schema: z.array(z.string()).describe('Ids of the keys, in the order of `keys`.'),
        sensitive: false,
      },
      keys: {
        schema: z.array(element).describe('The keys, the oldest first; keys of the same age by id.'),
        sensitive: false,
      },
    },
  };
}

/** The arguments that name the owner. Nothing is made with them, so a change forces nothing. */
function ownerArguments(type: ResourceType): Record<string, ArgumentSpec> {
  const found: Record<string, ArgumentSpec> = {};
  for (const name of type.owner.arguments) {
    const spec = type.arguments[name];
    if (spec !== undefined) found[name] = { ...spec, forcesNew: false };
  }
  return found;
}

function ownerAttributes(type: ResourceType): [string, { schema: z.ZodType; sensitive: boolean }][] {
  return Object.entries(ownerArguments(type)).map(([name, { schema, sensitive, required }]) => [
    name,
    { schema: nullable(schema, required), sensitive },
  ]);
}

/** What is told of one key. */
function keyAttributes(type: ResourceType): Record<string, { schema: z.ZodType; sensitive: boolean }> {
  const { id, access_key_id, created_at, expires_at, enabled } = COMMON_ATTRIBUTES;
  const common = { id, access_key_id, created_at, expires_at, enabled };
  const found = Object.fromEntries(ownerAttributes(type));
  for (const [name, spec] of Object.entries(type.arguments)) {
    if (listed(spec)) found[name] ??= { schema: nullable(spec.schema, spec.required), sensitive: false };
  }
  for (const [name, { schema }] of Object.entries(common)) found[name] = { schema, sensitive: false };
  for (const [name, { schema }] of Object.entries(type.attributes)) found[name] ??= { schema, sensitive: false };
  return found;
}

/** Whether an argument's value is read from the API and may be shown. */
function listed(spec: ArgumentSpec | undefined): boolean {
  return spec !== undefined && spec.source === 'reported' && !spec.sensitive;
}

function nullable(schema: z.ZodType, required: boolean): z.ZodType {
  return required ? schema : schema.nullable().describe(schema.description ?? '');
}

function selector(description: string): ArgumentSpec {
  return {
    schema: z.string().min(1).describe(description),
    required: false,
    forcesNew: false,
    sensitive: false,
    source: 'reported',
    unset: 'keep',
    default: null,
  };
}

/** The type of the values that references to a data source give. The same value at every call. */
export function objectTypeOfData(source: DataSource): Type {
  const known = objectTypes.get(source);
  if (known !== undefined) return known;
  const type = objectType(
    Object.entries(source.attributes).map(([name, { schema }]) => [name, typeOfSchema(schema)] as const),
  );
  objectTypes.set(source, type);
  return type;
}

const objectTypes = new WeakMap<DataSource, Type>();
