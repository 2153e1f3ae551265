import { selectorsOf } from '../src/core/datasource.ts';
import type { Json, JsonObject } from '../src/core/json.ts';
import type { Cloud, ResourceType } from '../src/core/provider.ts';
import { camel, classNameOf, dataClassNameOf } from './member.ts';

// The examples of the documentation. They are made from the `example` of each resource type, and a test loads, type-checks and
// synthesizes them: what a reader copies works.

/** The id of the block or construct in every example. */
const NAME = 'example';

/** A whole stack in Terraform's JSON syntax with one key of the type. Null for a type without an example. */
export function stackExample(resource: ResourceType): JsonObject | null {
  const { type, example } = resource;
  if (example === undefined) return null;
  return {
    provider: { keyform: {} },
    resource: { [type]: { [NAME]: example } },
    output: { access_key_id: { value: `\${${type}.${NAME}.access_key_id}` } },
  };
}

/** The same stack in TypeScript. */
export function typescriptExample(resource: ResourceType): string | null {
  const { type, example } = resource;
  if (example === undefined) return null;
  const name = classNameOf(type);
  return `import { App, TerraformOutput, TerraformStack } from 'cdktf';
import { ${['KeyformProvider', name].sort().join(', ')} } from 'keyform/constructs';

const app = new App();
const stack = new TerraformStack(app, 'keys');
new KeyformProvider(stack, 'keyform');

const key = new ${name}(stack, '${NAME}', ${properties(example)});
new TerraformOutput(stack, 'access_key_id', { value: key.accessKeyId });
app.synth();
`;
}

/** A stack that reads keys which exist already: one, and all of its owner. Null for a type without an example. */
export function dataExample(resource: ResourceType): JsonObject | null {
  const { type, example, owner } = resource;
  if (example === undefined) return null;
  const owners = Object.fromEntries(owner.arguments.flatMap((name) => pair(name, example[name])));
  // A name reads best, where keys have one that finds them.
  const selector = selectorsOf(resource).at(-1) ?? 'id';
  const wanted = example[selector] ?? 'ID';
  return {
    provider: { keyform: {} },
    data: {
      [type]: { [NAME]: { ...owners, [selector]: wanted } },
      [`${type}s`]: { all: owners },
    },
    output: {
      created_at: { value: `\${data.${type}.${NAME}.created_at}` },
      ids: { value: `\${data.${type}s.all.ids}` },
    },
  };
}

/** The same in TypeScript. */
export function typescriptDataExample(resource: ResourceType): string | null {
  const stack = dataExample(resource);
  if (stack === null) return null;
  const [one, all] = [resource.type, `${resource.type}s`].map(dataClassNameOf);
  const data = stack.data as Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
  return `import { App, TerraformOutput, TerraformStack } from 'cdktf';
import { ${[one, all, 'KeyformProvider'].join(', ')} } from 'keyform/constructs';

const app = new App();
const stack = new TerraformStack(app, 'keys');
new KeyformProvider(stack, 'keyform');

const key = new ${one}(stack, '${NAME}', ${properties(data[resource.type]?.[NAME] ?? {})});
const keys = new ${all}(stack, 'all', ${properties(data[`${resource.type}s`]?.all ?? {})});
new TerraformOutput(stack, 'created_at', { value: key.createdAt });
new TerraformOutput(stack, 'ids', { value: keys.ids });
app.synth();
`;
}

/** A provider block with the cloud's object: the settings whose defaults are no addresses and no secrets, at their defaults. */
export function providerExample(cloud: Cloud): JsonObject {
  const settings = Object.entries(cloud.settings).filter(
    ([, spec]) => spec.default !== null && !spec.sensitive && !/^https?:/.test(String(spec.default)),
  );
  return {
    provider: {
      keyform: { [cloud.name]: Object.fromEntries(settings.map(([name, spec]) => [name, spec.default])) },
    },
  };
}

function pair(name: string, value: Json | undefined): [string, Json][] {
  return value === undefined ? [] : [[name, value]];
}

/** Arguments as the properties of a construct: names in camel case, values as they are. */
function properties(args: JsonObject): string {
  if (Object.keys(args).length === 0) return '{}';
  const lines = Object.entries(args).map(([name, value]) => `  ${camel(name)}: ${literal(value, '  ')},`);
  return `{\n${lines.join('\n')}\n}`;
}

/** A JSON value as this repository's formatter would write it in TypeScript. Keys of maps are data, so they stay. */
function literal(value: Json, indent: string): string {
  if (typeof value === 'string') return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  if (Array.isArray(value)) return `[${value.map((item: Json) => literal(item, indent)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value).map(
    ([key, item]) => `${/^[A-Za-z_$][\w$]*$/.test(key) ? key : literal(key, indent)}: ${literal(item, indent)}`,
  );
  return `{ ${entries.join(', ')} }`;
}
