import type { z } from 'zod';
import { BUILT_IN } from '../src/core/builtin.ts';
import { type DataSource, dataSourcesOf } from '../src/core/datasource.ts';
import { driftOutputSchema } from '../src/core/drift/output.ts';
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
  const keys = clouds.flatMap((cloud) => cloud.resources);
  const resources = [...keys, ...BUILT_IN.resources];
  files.set('stack.json', stackSchema(resources, keys.flatMap(dataSourcesOf)));
  files.set('provider.json', providerSchema(clouds));
  for (const resource of resources) files.set(`${resource.type}.json`, resourceSchema(resource));
  files.set('project.json', await projectFileSchema(clouds));
  files.set('schema_output.json', outputSchema());
  files.set('drift_output.json', driftSchema());
  return new Map(
    [...files].map(([name, schema]) => [
      `${folder}/${name}`,
      `${JSON.stringify({ $schema: DRAFT, $id: name, ...schema }, null, 2)}\n`,
    ]),
  );
}

/** A whole file `*.tf.json`. */
function stackSchema(resources: readonly ResourceType[], sources: readonly DataSource[]): JsonSchema {
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
        ...object({
          keyform: repeatable({ $ref: 'provider.json' }, 'One block, or one for each alias.'),
          null: { description: 'For Terraform: Keyform runs null_resource itself.' },
        }),
      },
      variable: named('Values that are given when a command runs.', {
        ...object({
          type: {
            type: 'string',
            description: 'Such as `string`, `list(string)` or `object({ name = string, on = optional(bool, true) })`.',
          },
          default: { description: 'The value when none is given. Without one, a value must be given.' },
          description: { type: 'string', description: 'What it is, for people.' },
          sensitive: { type: 'boolean', description: 'Whether plans and outputs hide the value.' },
          nullable: { type: 'boolean', description: 'Whether the value may be null.' },
          validation: conditions('What must be true of the value.'),
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
            precondition: conditions('What must be true before the value is given.'),
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
          Object.fromEntries([
            ...sources.map((source) => [source.name, named(source.description, dataSchema(source))] as const),
            ['terraform_remote_state', named('Outputs of another stack of the project.', REMOTE_STATE)] as const,
          ]),
        ),
      },
      module: named('Local modules that are called.', {
        ...object(
          {
            source: {
              type: 'string',
              pattern: '^\\.\\.?(/|$)',
              description: 'Folder of the module, relative to this one.',
            },
            ...REPETITION,
            providers: { type: 'object', description: "The caller's provider blocks by the module's names for them." },
            depends_on: { $ref: '#/definitions/addresses' },
          },
          ['source'],
          true,
        ),
      }),
      check: named('Conditions that are told of when they do not hold, and stop nothing.', {
        ...object({ assert: conditions('What must be true.') }, ['assert']),
      }),
      moved: repeatable(
        object({ from: ADDRESS, to: ADDRESS }, ['from', 'to']),
        'What belongs to another address from now on.',
      ),
      removed: repeatable(
        object(
          {
            from: ADDRESS,
            lifecycle: repeatable(
              object({ destroy: { type: 'boolean', description: 'False: forget it, and leave it at its cloud.' } }),
              'What becomes of it.',
            ),
          },
          ['from'],
        ),
        'What the stack no longer declares.',
      ),
      import: repeatable(
        object(
          {
            to: ADDRESS,
            id: { type: 'string', description: 'Id of the key as its cloud shows it.' },
            for_each: REPETITION.for_each,
            provider: PROVIDER,
          },
          ['to', 'id'],
        ),
        'Keys that exist already and become those of an address.',
      ),
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
      ...REPETITION,
      depends_on: { $ref: '#/definitions/addresses' },
      lifecycle: repeatable(object(CONDITIONS), 'Conditions.'),
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
        ...REPETITION,
        depends_on: { $ref: '#/definitions/addresses' },
        provisioner: PROVISIONER,
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
              anyOf: [{ const: 'all' }, { type: 'array', items: { type: 'string' }, uniqueItems: true }],
            },
            replace_triggered_by: {
              type: 'array',
              items: { type: 'string' },
              description: 'Resources, or attributes of them, whose changes replace this one.',
            },
            ...CONDITIONS,
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

/** What `keyform drift -json` prints. */
function driftSchema(): JsonSchema {
  return {
    title: 'keyform drift -json',
    description: 'What the clouds hold, compared with the state: one report for each stack, as Keyform prints them.',
    ...toJsonSchema(driftOutputSchema),
  };
}

const PROVIDER: JsonSchema = {
  type: 'string',
  pattern: '^(\\$\\{)?(keyform|null|terraform)(\\.[A-Za-z_][A-Za-z0-9_-]*)?\\}?$',
  description: 'The provider block to use: `keyform`, or `keyform.<alias>`.',
};

const ADDRESSES: JsonSchema = {
  type: 'array',
  items: { type: 'string', pattern: '^[^.]+\\.[^.]+' },
  description: 'Addresses, as TYPE.NAME, that come first although nothing refers to them.',
};

const ADDRESS: JsonSchema = { type: 'string', description: 'Address of a resource or module, such as TYPE.NAME.' };

/** How often a block stands. */
const REPETITION = {
  count: { description: 'How many there are of it: a number, or a template that yields one.' },
  for_each: { description: 'One for each element of a map or set of text; `each.key` and `each.value` tell which.' },
} satisfies JsonSchema;

const REMOTE_STATE: JsonSchema = object(
  {
    backend: { const: 'local', description: 'Where the outputs are: in the sealed state of a stack of this project.' },
    config: repeatable(
      object({ path: { type: 'string', description: '`../STACK/terraform.tfstate`: the folder is the stack.' } }, [
        'path',
      ]),
      'Which stack.',
    ),
    workspace: { type: 'string', description: 'For Terraform only.' },
  },
  ['backend', 'config'],
);

/** Blocks that say what must be true. */
function conditions(description: string): JsonSchema {
  return repeatable(
    object(
      {
        condition: { description: 'A template that yields true or false.' },
        error_message: { type: 'string', description: 'What to tell who meets it otherwise.' },
      },
      ['condition', 'error_message'],
    ),
    description,
  );
}

const CONDITIONS: JsonSchema = {
  precondition: conditions('What must be true before.'),
  postcondition: conditions('What must be true after; `self` is the resource.'),
};

const PROVISIONER: JsonSchema = repeatable(
  object({
    'local-exec': repeatable(
      object(
        {
          command: { type: 'string', description: 'What runs.' },
          interpreter: { type: 'array', items: { type: 'string' }, description: 'What runs it. Default: /bin/sh -c.' },
          working_dir: { type: 'string', description: "Where, relative to the stack's folder." },
          environment: { type: 'object', description: 'Variables: the one way by which a secret reaches a command.' },
          quiet: { type: 'boolean', description: 'Do not print the command.' },
          when: {
            enum: ['create', 'destroy'],
            description: 'At which end of the life of the resource. Default: create.',
          },
          on_failure: { enum: ['fail', 'continue'], description: 'What a failure means. Default: fail.' },
        },
        ['command'],
      ),
      'A command on this machine.',
    ),
  }),
  'Commands that run when the resource is made, or destroyed.',
);

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

/** Lets the elements of a list or map, and the members of an object, be templates too. */
function withTemplates(schema: JsonSchema): JsonSchema {
  const inner = (key: 'items' | 'additionalProperties'): JsonSchema =>
    typeof schema[key] === 'object' ? { [key]: { anyOf: [schema[key], TEMPLATE] } } : {};
  const members = schema.properties as Record<string, JsonSchema> | undefined;
  if (members === undefined) return { ...schema, ...inner('items'), ...inner('additionalProperties') };
  const properties = Object.entries(members).map(([name, { description, ...member }]) => {
    const text = description === undefined ? {} : { description, markdownDescription: description };
    return [name, { ...text, anyOf: [member, TEMPLATE] }] as const;
  });
  return {
    ...schema,
    additionalProperties: false,
    properties: { '//': { description: 'A comment.' }, ...Object.fromEntries(properties) },
  };
}
