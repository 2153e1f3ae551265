import { z } from 'zod';
import { type DataSource, dataSourcesOf } from './datasource.ts';
import type { Json } from './json.ts';
import type { ArgumentSpec, Cloud, ResourceType, SettingSpec } from './provider.ts';
import { argumentsOf, attributesOf } from './resource.ts';
import { describe, shapeOf, type TerraformType, terraformType } from './shape.ts';

/**
 * What `keyform schema -json` prints: all that stacks may say and all that the clouds' keys can do, as one value made from
 * the providers' own data. The documentation is generated from the same value.
 */

/** Rises in its first number when a reader of an older shape would misread it, in its second when something is added. */
export const SCHEMA_FORMAT = '1.1';

/** What stands before the description of an emulator's switch whose default nobody has verified at the live API. */
const ASSUMED = /^\[assumed\]\s*/;

const type: z.ZodType<TerraformType> = z
  .lazy(() =>
    z.union([
      z.enum(['string', 'number', 'bool', 'dynamic']),
      z.tuple([z.enum(['list', 'map']), type]),
      z.tuple([z.literal('object'), z.record(z.string(), type)]),
    ]),
  )
  .meta({
    id: 'type',
    description:
      'A type as Terraform\'s own JSON writes it: "string", "number", "bool", ["list", "string"], ["map", "string"], ["object", {…}]; "dynamic" for any.',
  });

const json: z.ZodType<Json> = z.json();

const described = {
  type,
  description: z.string().min(1).describe('Meaning, units, limits and source, in Markdown.'),
  values: z.array(z.string()).nullable().describe('The words that it may be; null where it is not one of a few words.'),
};

const names = (what: string) => z.array(z.string()).describe(what);

const settingSchema = z.strictObject({
  ...described,
  sensitive: z.boolean().describe('Whether it is a secret, better left to the environment.'),
  environment: names(
    'Environment variables that are read when the provider block leaves it out; the first one set wins.',
  ),
  default: json.describe('The value when neither block nor environment says one; null for none.'),
});

const argumentSchema = z.strictObject({
  ...described,
  required: z.boolean().describe('Whether a stack must set it.'),
  forces_new: z.boolean().describe('Whether a changed value means a new key.'),
  updatable: z.boolean().describe('Whether a changed value is applied to the living key.'),
  sensitive: z.boolean().describe('Whether it is a secret: plans hide it.'),
  source: z
    .enum(['reported', 'remembered'])
    .describe('Where the value in force is learnt: from the API, so that drift shows, or from state only.'),
  unset: z
    .enum(['clear', 'keep'])
    .describe('What leaving it out means: the key shall have none, or may keep what it has.'),
  default: json.describe('The value when left out; null for none.'),
});

const attributeSchema = z.strictObject({
  ...described,
  sensitive: z.boolean().describe('Whether it is a secret: whatever is made from it is hidden too.'),
});

const capabilitiesSchema = z.strictObject({
  disable: z.boolean().describe('A key can be made unusable and usable again without deleting it.'),
  regenerate: z.boolean().describe('A living key can be given a new secret under the same id.'),
  expiry: z.enum(['none', 'optional']).describe('Whether a key may carry an end of life that the API enforces.'),
  secret_readable: z.boolean().describe('The API tells a secret again after creation.'),
  name: z
    .strictObject({
      argument: z.string().describe('The argument.'),
      unique_per_owner: z.boolean().describe('Two keys of one owner cannot share a value.'),
      renameable: z.boolean().describe('The value of a living key can be changed.'),
    })
    .nullable()
    .describe('The argument that names a key; null where there is none.'),
  quota: z
    .strictObject({
      keys: z.int().describe('So many.'),
      per: z.string().describe('What holds so many, in words.'),
      per_owner: z
        .boolean()
        .describe("One owner's list shows all that count, so that a plan can be held to the quota."),
    })
    .nullable()
    .describe('How many keys there can be; null when the vendor states no number.'),
  rate_limits: z
    .array(
      z.strictObject({
        actions: names("The vendor's names of the actions concerned; empty for all."),
        per_second: z.number().describe('Calls a second.'),
        together: z.boolean().describe('Counts the actions together; otherwise each for itself.'),
        published: z.boolean().describe('The vendor states the number; otherwise it is a cautious default.'),
      }),
    )
    .describe('Limits on calls that Keyform keeps to.'),
  page_size: z.int().nullable().describe('Most keys in one answer to a list; null where lists have no pages.'),
  verify: z.boolean().describe('A harmless call tells whether a secret works.'),
  last_used: z
    .enum(['none', 'listed', 'asked'])
    .describe('Whether the API tells when a key was last used: no, with each list, or by a call of its own.'),
  asynchronous: z.boolean().describe('A key may become usable later than the call that creates it answers.'),
  custom_id: z
    .string()
    .nullable()
    .describe("The argument by which the caller may choose a key's id; null where the API alone gives ids."),
});

const resourceSchema = z.strictObject({
  description: z.string().min(1).describe("What it is, with its vendor's name for it, in Markdown."),
  owner: z
    .strictObject({
      word: z.string().describe("The vendor's word for it."),
      arguments: names('The arguments that name it; one that is left out means the caller itself.'),
    })
    .describe('What keys are listed and counted by.'),
  arguments: z.record(z.string(), argumentSchema).describe('What a stack may set, by name.'),
  attributes: z
    .record(z.string(), attributeSchema)
    .describe('Every name that a reference can end in. One that is an argument too is the value in force.'),
  updates_in_place: names('The arguments whose changed values are applied to the living key.'),
  capabilities: capabilitiesSchema.describe('What the keys can do.'),
  shows_part_of_secret: z
    .boolean()
    .describe(
      'Lists show enough of a secret to tell whether one that is held is the live one, and not the secret itself.',
    ),
  told: z
    .strictObject({
      changed_at: z.string().nullable().describe('When a key was last changed.'),
      changed_by: z.string().nullable().describe('By whom.'),
      created_by: z.string().nullable().describe('Who made it.'),
    })
    .describe('Names of the attributes by which lists tell who had a hand in a key; null for what they do not tell.'),
});

const dataSourceSchema = z.strictObject({
  kind: z.enum(['one', 'all']).describe('Whether it reads one key, or all keys of an owner.'),
  resource: z.string().describe('The resource type whose keys it reads.'),
  description: z.string().min(1).describe('What it reads, in Markdown.'),
  arguments: z
    .record(
      z.string(),
      z.strictObject({ ...described, required: z.boolean().describe('Whether a stack must set it.') }),
    )
    .describe('What says which keys are read, by name.'),
  attributes: z.record(z.string(), attributeSchema).describe('Every name that a reference can end in.'),
});

const optionSchema = z.strictObject({
  ...described,
  assumed: z.boolean().describe('Whether the default stands for behaviour of the live API that nobody has verified.'),
  default: json.describe('The value when left out.'),
});

/** The shape of the printed value; `schemas/schema_output.json` is made from it. */
export const schemaDocumentSchema = z.strictObject({
  format_version: z
    .string()
    .regex(/^1\.\d+$/)
    .describe('The shape of this value. A greater second number only adds to it.'),
  keyform_version: z.string().describe('The version of Keyform that printed it.'),
  providers: z
    .record(
      z.string(),
      z.strictObject({
        title: z.string().describe("The vendor's name."),
        settings: z
          .record(z.string(), settingSchema)
          .describe("What the cloud's object in the provider block may hold."),
        resources: z.record(z.string(), resourceSchema).describe('Resource types, by the name that stacks use.'),
        data_sources: z.record(z.string(), dataSourceSchema).describe('Data sources, by the name that stacks use.'),
        emulator_options: z
          .record(z.string(), optionSchema)
          .describe("Switches of the cloud's emulator, which the sandbox and `keyform emulator` serve."),
      }),
    )
    .describe('Clouds, by the name of their object in the provider block.'),
});

export type SchemaDocument = z.infer<typeof schemaDocumentSchema>;
export type CloudSchema = SchemaDocument['providers'][string];
export type ResourceSchema = CloudSchema['resources'][string];
export type DataSourceSchema = CloudSchema['data_sources'][string];
export type ArgumentSchema = ResourceSchema['arguments'][string];

/** Describes the clouds. Loads their emulators, and sends nothing. Throws an Error on a schema without a description. */
export async function describeClouds(clouds: readonly Cloud[], version: string): Promise<SchemaDocument> {
  const providers = await Promise.all(clouds.map(async (cloud) => [cloud.name, await describeCloud(cloud)] as const));
  return { format_version: SCHEMA_FORMAT, keyform_version: version, providers: Object.fromEntries(providers) };
}

async function describeCloud(cloud: Cloud): Promise<CloudSchema> {
  const { options } = await cloud.emulator();
  const defaults = options.parse({}) as Readonly<Record<string, Json>>;
  return {
    title: cloud.title,
    settings: mapValues(cloud.settings, (spec: SettingSpec, name) => ({
      ...value(spec.schema, `provider.${cloud.name}.${name}`),
      sensitive: spec.sensitive,
      environment: [...spec.environment],
      default: spec.default,
    })),
    resources: Object.fromEntries(cloud.resources.map((resource) => [resource.type, describeResource(resource)])),
    data_sources: Object.fromEntries(
      cloud.resources.flatMap(dataSourcesOf).map((source) => [source.name, describeDataSource(source)]),
    ),
    emulator_options: mapValues(options.shape as Readonly<Record<string, z.ZodType>>, (schema, name) => {
      const { description, ...rest } = value(schema, `the emulator option ${cloud.name}.${name}`);
      return {
        ...rest,
        description: description.replace(ASSUMED, ''),
        assumed: ASSUMED.test(description),
        default: defaults[name] ?? null,
      };
    }),
  };
}

function describeResource(resource: ResourceType): ResourceSchema {
  const all = argumentsOf(resource);
  return {
    description: resource.description,
    owner: { word: resource.owner.word, arguments: [...resource.owner.arguments] },
    arguments: mapValues(all, (spec: ArgumentSpec, name) => ({
      ...value(spec.schema, `${resource.type}.${name}`),
      required: spec.required,
      forces_new: spec.forcesNew,
      updatable: !spec.forcesNew,
      sensitive: spec.sensitive,
      source: spec.source,
      unset: spec.unset,
      default: spec.default,
    })),
    attributes: describeAttributes(resource.type, attributesOf(resource)),
    updates_in_place: Object.keys(all).filter((name) => all[name]?.forcesNew === false),
    // A capability that the shape above does not name is refused here, so that none is printed undocumented.
    capabilities: capabilitiesSchema.parse(snakeKeys(resource.capabilities)),
    shows_part_of_secret: resource.shows !== undefined,
    told: {
      changed_at: resource.told?.changedAt ?? null,
      changed_by: resource.told?.changedBy ?? null,
      created_by: resource.told?.createdBy ?? null,
    },
  };
}

function describeDataSource(source: DataSource): DataSourceSchema {
  return {
    kind: source.kind,
    resource: source.resource.type,
    description: source.description,
    arguments: mapValues(source.arguments, (spec: ArgumentSpec, name) => ({
      ...value(spec.schema, `data.${source.name}.${name}`),
      required: spec.required,
    })),
    attributes: describeAttributes(`data.${source.name}`, source.attributes),
  };
}

function describeAttributes(of: string, attributes: DataSource['attributes']): ResourceSchema['attributes'] {
  return mapValues(attributes, ({ schema, sensitive }, name) => ({ ...value(schema, `${of}.${name}`), sensitive }));
}

function value(schema: z.ZodType, name: string): { type: TerraformType; description: string; values: string[] | null } {
  const shape = shapeOf(schema, name);
  return {
    type: terraformType(shape),
    description: describe(schema, name),
    values: shape.kind === 'string' && shape.choices.length > 0 ? [...shape.choices] : null,
  };
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A, name: string) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, item]) => [name, map(item, name)]));
}

/** `{ pageSize }` → `{ page_size }`, at every depth. Values, and so argument names, stay. */
function snakeKeys(from: unknown): unknown {
  if (Array.isArray(from)) return from.map(snakeKeys);
  if (typeof from !== 'object' || from === null) return from;
  return Object.fromEntries(
    Object.entries(from).map(([key, item]) => [
      key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      snakeKeys(item),
    ]),
  );
}
