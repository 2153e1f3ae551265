import type { z } from 'zod';
import { type DataSource, dataSourcesOf } from '../src/core/datasource.ts';
import type { ArgumentSpec, Cloud, ResourceType } from '../src/core/provider.ts';
import { argumentsOf } from '../src/core/resource.ts';
import { schemaDocumentSchema } from '../src/core/schema.ts';
import { describe, type JsonSchema, toJsonSchema } from '../src/core/shape.ts';
import { projectSettingsSchema } from '../src/engine/project.ts';
import { settingDescription } from './classes.ts';
import { defaultOf } from './member.ts';

// Draft-07, because editors read that one best: VS Code's JSON service supports it in full and later drafts in part
// (https://code.visualstudio.com/docs/languages/json#_json-schemas-and-settings). In draft-07 a `$ref` hides what stands
// beside it, so each stands alone. `$id`s and `$ref`s are relative: the files work from a folder, a package or a server.

const DRAFT = 'http://json-schema.org/draft-07/schema#';

/** The JSON Schemas that an editor uses on stacks and on cdktf.json, and that of what `keyform schema -json` prints, by path. */
export async function schemaFiles(clouds: readonly Cloud[], folder: string): Promise<Map<string, string>> {
  const files = new Map<string, JsonSchema>();
  const resources = clouds.flatMap((cloud) => cloud.resources);
  files.set('stack.json', stackSchema(resources));
  files.set('provider.json', providerSchema(clouds));
  for (const resource of resources) files.set(`${resource.type}.json`, resourceSchema(resource));
  files.set('project.json', await projectFileSchema(clouds));
  files.set('schema_output.json', outputSchema());
  return new Map(
    [...files].map(([name, schema]) => [
      `${folder}/${name}`,
      `${JSON.stringify({ $schema: DRAFT, $id: name, ...schema }, null, 2)}\n`,
    ]),
  );
}

/** A whole file `*.tf.json`. */
function stackSchema(resources: readonly ResourceType[]): JsonSchema {
  const sources = resources.flatMap(dataSourcesOf);
  return {
    title: 'Keyform stack',
    description: "Access keys in Terraform's JSON syntax.",
    ...object({
      terraform: repeatable(
        object(
          {
            required_version: { type: 'string', description: 'Versions of Terraform that the stack works with.' },
            required_providers: {
              description: 'Where Terraform finds the providers. Keyform itself needs no such entry.',
              ...object(
                {
                  keyform: {
                    description: 'Where Terraform finds Keyform.',
                    ...object({
                      source: { const: 'keyform/keyform', description: "Keyform's address in Terraform registries." },
                      version: { type: 'string', description: 'Versions of the provider, such as `~> 0.1`.' },
                    }),
                  },
                },
                [],
                true,
              ),
            },
            backend: { type: 'object', description: 'For Terraform only: Keyform keeps its own encrypted state.' },
            cloud: { type: 'object', description: 'For Terraform only: Keyform keeps its own encrypted state.' },
          },
          [],
          true,
        ),
        'Settings of Terraform.',
      ),
      provider: {
        description: 'How the clouds are reached, and as whom. Not needed where the environment says it all.',
        ...object({ keyform: repeatable({ $ref: 'provider.json' }, 'One block, or one for each alias.') }),
      },
      variable: named('Values that are given when a command runs.', {
        ...object({
          type: {
            type: 'string',
            description: 'Such as `string`, `number`, `bool`, `list(string)` or `map(string)`.',
          },
          default: { description: 'The value when none is given. Without one, a value must be given.' },
          description: { type: 'string', description: 'What it is, for people.' },
          sensitive: { type: 'boolean', description: 'Whether plans and outputs hide the value.' },
          nullable: { type: 'boolean', description: 'Whether the value may be null.' },
        }),
      }),
      locals: repeatable({ type: 'object' }, 'Values with a name, for use as `${local.NAME}`.'),
      output: named('Values that the stack gives to others.', {
        ...object(
          {
            value: {
              description: `The value, mostly a reference such as \`\${${resources[0]?.type}.ci.access_key_id}\`.`,
            },
            description: { type: 'string', description: 'What it is, for people.' },
            sensitive: { type: 'boolean', description: 'Must be true where the value holds a secret.' },
            depends_on: { $ref: '#/definitions/addresses' },
          },
          ['value'],
        ),
      }),
      resource: {
        description: 'The keys that there shall be: type, then name.',
        ...object(
          Object.fromEntries(
            resources.map((resource) => [
              resource.type,
              named(resource.description, { $ref: `${resource.type}.json` }),
            ]),
          ),
        ),
      },
      data: {
        description: 'Keys that exist already, to be read: type, then name.',
        ...object(
          Object.fromEntries(sources.map((source) => [source.name, named(source.description, dataSchema(source))])),
        ),
      },
    }),
    definitions: { addresses: ADDRESSES },
  };
}

/** The body of one data source. */
function dataSchema(source: DataSource): JsonSchema {
  const all = Object.entries(source.arguments);
  return object(
    {
      ...Object.fromEntries(
        all.map(([name, spec]) => [
          name,
          value(spec.schema, [describe(spec.schema, `data.${source.name}.${name}`)], !spec.required),
        ]),
      ),
      provider: PROVIDER,
      depends_on: { $ref: '#/definitions/addresses' },
    },
    all.filter(([, spec]) => spec.required).map(([name]) => name),
  );
}

/** One provider block. */
function providerSchema(clouds: readonly Cloud[]): JsonSchema {
  return {
    title: 'provider keyform',
    description: 'How the clouds are reached, and as whom. What is left out comes from the environment.',
    ...object({
      alias: {
        type: 'string',
        pattern: '^[A-Za-z_][A-Za-z0-9_-]*$',
        description: 'Tells this block from others: a resource names it by `"provider": "keyform.<alias>"`.',
      },
      version: { type: 'string', deprecationMessage: 'Use terraform.required_providers.', description: 'Deprecated.' },
      ...Object.fromEntries(
        clouds.map((cloud) => [
          cloud.name,
          {
            description: `${cloud.title}: endpoints and credentials.`,
            ...object(
              Object.fromEntries(
                Object.entries(cloud.settings).map(([name, spec]) => [
                  name,
                  value(spec.schema, settingDescription(spec, `provider.${cloud.name}.${name}`), true),
                ]),
              ),
            ),
          },
        ]),
      ),
    }),
  };
}

/** The body of one resource. */
function resourceSchema(resource: ResourceType): JsonSchema {
  const all = Object.entries(argumentsOf(resource));
  return {
    title: resource.type,
    description: resource.description,
    ...object(
      {
        ...Object.fromEntries(
          all.map(([name, spec]) => [
            name,
            value(spec.schema, argumentDescription(spec, `${resource.type}.${name}`), !spec.required),
          ]),
        ),
        provider: PROVIDER,
        depends_on: { $ref: '#/definitions/addresses' },
        lifecycle: repeatable(
          object({
            create_before_destroy: {
              type: 'boolean',
              description:
                'Whether the new key is there before the old one goes. Left out: yes. False means a time without a key.',
            },
            prevent_destroy: { type: 'boolean', description: 'Whether a plan that would delete the key is refused.' },
            ignore_changes: {
              description: 'Arguments whose changes in the stack are not followed, or "all".',
              anyOf: [
                { const: 'all' },
                { type: 'array', items: { enum: all.map(([name]) => name) }, uniqueItems: true },
              ],
            },
          }),
          'How changes are made.',
        ),
      },
      all.filter(([, spec]) => spec.required).map(([name]) => name),
    ),
    definitions: { addresses: ADDRESSES },
  };
}

/** The file cdktf.json: CDKTF's own, with Keyform's part in `context.keyform`. */
async function projectFileSchema(clouds: readonly Cloud[]): Promise<JsonSchema> {
  const settings = toJsonSchema(projectSettingsSchema);
  const { sandbox } = settings.properties as Record<string, JsonSchema>;
  const byCloud = await Promise.all(
    clouds.map(async (cloud) => {
      const { options } = await cloud.emulator();
      return [cloud.name, { description: `Switches of ${cloud.title}.`, ...toJsonSchema(options) }] as const;
    }),
  );
  // What the settings leave open, because a project does not know the clouds, is known here.
  for (const alternative of (sandbox?.anyOf ?? []) as JsonSchema[]) {
    const options = (alternative.properties as Record<string, JsonSchema> | undefined)?.options;
    if (options === undefined) continue;
    Object.assign(options, { properties: Object.fromEntries(byCloud), additionalProperties: false });
    delete options.propertyNames;
  }
  return {
    title: 'cdktf.json',
    description: "CDKTF's project file. Keyform reads `app`, `output` and `context.keyform`.",
    type: 'object',
    properties: {
      language: { type: 'string', description: 'The language of `app`, for CDKTF.' },
      app: {
        type: 'string',
        description:
          'The command that synthesizes the TypeScript stacks, such as `node --import tsx stacks/main.ts`. Not needed where all stacks are JSON.',
      },
      output: { type: 'string', description: 'Folder that the app synthesizes to. Default: cdktf.out.' },
      context: {
        type: 'object',
        description: 'Values for the app, and for Keyform.',
        properties: { keyform: { description: 'Settings of Keyform.', ...settings } },
      },
    },
  };
}

/** What `keyform schema -json` prints. */
function outputSchema(): JsonSchema {
  return {
    title: 'keyform schema -json',
    description:
      'Clouds, settings, resource types, data sources, capabilities and emulator options, as Keyform prints them.',
    ...toJsonSchema(schemaDocumentSchema),
  };
}

const PROVIDER: JsonSchema = {
  type: 'string',
  pattern: '^(\\$\\{)?keyform(\\.[A-Za-z_][A-Za-z0-9_-]*)?\\}?$',
  description: 'The provider block to use: `keyform`, or `keyform.<alias>`.',
};

const ADDRESSES: JsonSchema = {
  type: 'array',
  items: { type: 'string', pattern: '^[^.]+\\.[^.]+' },
  description: 'Addresses, as TYPE.NAME, that come first although nothing refers to them.',
};

/** An object of these properties, with `//` comments as Terraform's JSON syntax has them. */
function object(properties: JsonSchema, required: readonly string[] = [], open = false): JsonSchema {
  return {
    type: 'object',
    properties: { '//': { description: 'A comment.' }, ...properties },
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: open,
  };
}

/** A block that may stand once, or several times in an array. */
function repeatable(block: JsonSchema, description: string): JsonSchema {
  return { description, anyOf: [block, { type: 'array', items: block }] };
}

/** Blocks by name. */
function named(description: string, block: JsonSchema): JsonSchema {
  return {
    description,
    type: 'object',
    properties: { '//': { description: 'A comment.' } },
    additionalProperties: block,
    propertyNames: { pattern: '^([A-Za-z_][A-Za-z0-9_-]*|//)$' },
  };
}

function argumentDescription(spec: ArgumentSpec, name: string): string[] {
  return [
    describe(spec.schema, name),
    ...(spec.forcesNew ? ['A changed value replaces the key.'] : []),
    ...defaultOf(spec.schema, spec.default),
    ...(spec.sensitive ? ['Sensitive: written here it is in plain text in the stack. Prefer a variable.'] : []),
  ];
}

/** What may stand for a value: the value, a template that yields it, or null for "left out". */
function value(schema: z.ZodType, description: readonly string[], optional: boolean): JsonSchema {
  const { description: _, default: __, ...plain } = toJsonSchema(schema);
  const constrained = Object.keys(plain).some((key) => key !== 'type');
  const alternatives: JsonSchema[] = [withTemplates(plain)];
  if (plain.type !== 'string' || constrained) alternatives.push(TEMPLATE);
  if (optional) alternatives.push({ type: 'null' });
  const [only] = alternatives;
  const text = { description: description.join('\n\n'), markdownDescription: description.join('\n\n') };
  return alternatives.length === 1 ? { ...text, ...only } : { ...text, anyOf: alternatives };
}

const TEMPLATE: JsonSchema = { type: 'string', pattern: '[$%]\\{', description: 'A template, such as `${var.NAME}`.' };

/** Lets the elements of a list or map be templates too. */
function withTemplates(schema: JsonSchema): JsonSchema {
  const inner = (key: 'items' | 'additionalProperties'): JsonSchema =>
    typeof schema[key] === 'object' ? { [key]: { anyOf: [schema[key], TEMPLATE] } } : {};
  return { ...schema, ...inner('items'), ...inner('additionalProperties') };
}
