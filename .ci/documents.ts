import { CAPABILITY_WORDS } from '../src/core/capability.ts';
import type { CloudEmulator } from '../src/core/emulator.ts';
import type { Json, JsonObject } from '../src/core/json.ts';
import type { Cloud, CloudPorts, Operation, ResourceType } from '../src/core/provider.ts';
import { type CloudSchema, describeClouds, type ResourceSchema, type SchemaDocument } from '../src/core/schema.ts';
import { formatTerraformType, type JsonSchema, toJsonSchema } from '../src/core/shape.ts';
import { faultRule } from '../src/emulator/fault.ts';
import { dataExample, providerExample, stackExample, typescriptDataExample, typescriptExample } from './examples.ts';

// The pages of docs/providers, and the generated parts of docs/emulator.md and README.md. Made from what `keyform schema -json`
// prints, so that the pages say what the tool says. Nothing here knows a cloud by name.

const MADE = (from: string) => `<!-- Made by \`npm run schemas\` from ${from}. Do not edit. -->`;

/** Where the emulator's examples run: the default port of `keyform emulator`. */
const ORIGIN = 'http://127.0.0.1:8787';

/**
 * The pages, by path. `read` gives the present text of a page that is only partly generated: the parts between
 * `<!-- made: NAME -->` and `<!-- end -->` are made anew.
 */
export async function documentFiles(
  clouds: readonly Cloud[],
  version: string,
  folder: string,
  read: (path: string) => string,
): Promise<Map<string, string>> {
  const document = await describeClouds(clouds, version);
  const files = new Map<string, string>();
  files.set(`${folder}/README.md`, overview(document));
  for (const cloud of clouds)
    files.set(`${folder}/${cloud.name}.md`, await cloudPage(cloud, schemaOf(document, cloud)));
  const emulator = splice(read('docs/emulator.md'), 'docs/emulator.md', {
    options: optionLinks(document),
    environment: await environments(clouds),
    faults: faultTable(),
    matching: matchingTable(),
  });
  files.set('docs/emulator.md', emulator);
  files.set('README.md', splice(read('README.md'), 'README.md', { types: typeTable(document, folder) }));
  return files;
}

function schemaOf(document: SchemaDocument, cloud: Cloud): CloudSchema {
  const found = document.providers[cloud.name];
  if (found === undefined) throw new Error(`${cloud.name} is not described`);
  return found;
}

// docs/providers/README.md

function overview(document: SchemaDocument): string {
  const columns = Object.entries(document.providers).flatMap(([cloud, { title, resources }]) =>
    Object.entries(resources).map(([type, resource]) => ({
      head: `[${title}<br>\`${shortName(type, cloud)}\`](${cloud}.md#${type})`,
      resource,
    })),
  );
  const rows = CAPABILITY_WORDS.map((row) => [row.title, ...columns.map(({ resource }) => row.cell(resource))]);
  return `${MADE('src/providers')}

# What the clouds' keys can do

One column for each resource type; its page says all about it. A row's meaning stands below the table. \`keyform schema -json\`
prints the same as data.

${table(['', ...columns.map(({ head }) => head)], rows)}

## The rows

${CAPABILITY_WORDS.map(({ title, meaning }) => `- **${title}**: ${meaning}`).join('\n')}

## The clouds

${Object.entries(document.providers)
  .map(([cloud, { title, resources }]) => `- [${title}](${cloud}.md): ${codes(Object.keys(resources))}`)
  .join('\n')}
`;
}

// docs/providers/<cloud>.md

async function cloudPage(cloud: Cloud, schema: CloudSchema): Promise<string> {
  const calls = await callsOf(cloud);
  const parts = [
    `${MADE(`src/providers/${cloud.name}`)}\n\n# ${cloud.title}`,
    `[All clouds](README.md). On this page: ${[
      '[provider settings](#provider-settings)',
      ...cloud.resources.map(({ type }) => `[\`${type}\`](#${type})`),
      '[emulator options](#emulator-options)',
    ].join(', ')}.`,
    settings(cloud, schema),
    ...cloud.resources.map((type) => resourceSection(type, schema, calls.get(type.type) ?? [])),
    options(schema),
  ];
  return `${parts.join('\n\n')}\n`;
}

function settings(cloud: Cloud, schema: CloudSchema): string {
  const items = Object.entries(schema.settings).map(([name, spec]) =>
    item(
      name,
      [kind(spec), ...(spec.sensitive ? ['sensitive'] : [])],
      [
        prose(spec.description),
        ...(spec.environment.length === 0
          ? []
          : [`Environment: ${spec.environment.map((one) => `\`${one}\``).join(', else ')}.`]),
        ...byDefault(spec),
      ],
    ),
  );
  return `## Provider settings

The object \`${cloud.name}\` of the provider block. Every setting may be left out; what is left out comes from the environment,
and where that is silent too, from the default. Credentials are better left to the environment: what stands in a stack is plain text.

${fence('json', json(providerExample(cloud)))}

${items.join('\n')}`;
}

function resourceSection(resource: ResourceType, cloud: CloudSchema, calls: readonly (readonly string[])[]): string {
  const { type } = resource;
  const schema = cloud.resources[type];
  if (schema === undefined) throw new Error(`${type} is not described`);
  const all = Object.entries(schema.arguments);
  const attributes = Object.entries(schema.attributes).filter(([name]) => schema.arguments[name] === undefined);
  const parts = [
    `## ${type}`,
    prose(schema.description),
    example(resource),
    `### Arguments of ${type}`,
    argumentList(
      'Required',
      all.filter(([, spec]) => spec.required),
    ),
    argumentList(
      'Optional',
      all.filter(([, spec]) => !spec.required),
    ),
    `### Attributes of ${type}`,
    'Beside the arguments, references may read:',
    attributes
      .map(([name, spec]) =>
        item(name, [kind(spec), ...(spec.sensitive ? ['sensitive'] : [])], [prose(spec.description)]),
      )
      .join('\n'),
    `### Capabilities of ${type}`,
    table(
      ['capability', ''],
      CAPABILITY_WORDS.map(({ title, words }) => [title, words(schema)]),
    ),
    ...(calls.length === 0
      ? []
      : [
          `### API calls of ${type}`,
          'What Keyform calls, by the vendor’s names: what its credential must be allowed to do.',
          table(['to', 'calls'], calls),
        ]),
    `### Data sources of ${type}`,
    dataSources(resource, cloud),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function example(resource: ResourceType): string {
  const stack = stackExample(resource);
  const typescript = typescriptExample(resource);
  if (stack === null || typescript === null) return '';
  return `### Example of ${resource.type}

${fence('json', json(stack))}

The same in TypeScript:

${fence('ts', typescript)}`;
}

function argumentList(title: string, all: readonly [string, ResourceSchema['arguments'][string]][]): string {
  if (all.length === 0) return '';
  const items = all.map(([name, spec]) =>
    item(
      name,
      [kind(spec), ...(spec.forces_new ? ['**forces a new key**'] : []), ...(spec.sensitive ? ['sensitive'] : [])],
      [
        prose(spec.description),
        ...byDefault(spec),
        ...(spec.source === 'remembered' && spec.updatable
          ? ['The API does not tell it, so a change made elsewhere is not seen.']
          : []),
      ],
    ),
  );
  return `${title}:\n\n${items.join('\n')}`;
}

function dataSources(resource: ResourceType, cloud: CloudSchema): string {
  const parts = Object.entries(cloud.data_sources)
    .filter(([, source]) => source.resource === resource.type)
    .map(([name, source]) => {
      const rest = Object.entries(source.attributes).filter(([attribute]) => source.arguments[attribute] === undefined);
      const more =
        source.kind === 'one'
          ? `References may also read ${codes(rest.map(([attribute]) => attribute))}.`
          : `References may also read:\n\n${rest.map(([attribute, spec]) => item(attribute, [kind(spec)], [prose(spec.description)])).join('\n')}`;
      const what = source.kind === 'one' ? 'one key' : `every key of one ${resource.owner.word}`;
      return `\`data.${name}\` reads ${what}, whoever made it, and never a secret.

${Object.entries(source.arguments)
  .map(([argument, spec]) =>
    item(argument, [kind(spec), spec.required ? 'required' : 'optional'], [prose(spec.description)]),
  )
  .join('\n')}

${more}`;
    });
  const stack = dataExample(resource);
  const typescript = typescriptDataExample(resource);
  const shown =
    stack === null || typescript === null
      ? []
      : [fence('json', json(stack)), 'The same in TypeScript:', fence('ts', typescript)];
  return [...shown, ...parts].join('\n\n');
}

function options(schema: CloudSchema): string {
  const rows = Object.entries(schema.emulator_options).map(([name, spec]) => [
    `\`${name}\``,
    kind(spec),
    `\`${JSON.stringify(spec.default)}\``,
    `${spec.assumed ? '**[assumed]** ' : ''}${prose(spec.description)}`,
  ]);
  return `## Emulator options

Switches of the [emulator](../emulator.md) that \`-sandbox\` and \`keyform emulator\` run. **[assumed]**: the default stands for
behaviour of the live API that nobody has verified; it is no claim about the service, and can be switched.

${table(['option', 'type', 'default', 'meaning'], rows)}`;
}

// API calls, as the forecast of a plan counts them.

const OPERATIONS: readonly {
  readonly operation: Operation;
  readonly title: string;
  readonly applies: (resource: ResourceType) => boolean;
}[] = [
  { operation: 'list', title: 'list the keys of an owner, a page', applies: () => true },
  { operation: 'create', title: 'make a key', applies: () => true },
  {
    operation: 'ready',
    title: 'wait until a key is ready, each time',
    applies: ({ capabilities }) => capabilities.asynchronous,
  },
  { operation: 'verify', title: 'try a new secret', applies: ({ capabilities }) => capabilities.verify },
  {
    operation: 'update',
    title: 'change arguments in place',
    applies: (resource) => Object.values(resource.arguments).some(({ forcesNew }) => !forcesNew),
  },
  { operation: 'disable', title: 'disable a key', applies: ({ capabilities }) => capabilities.disable },
  { operation: 'enable', title: 'enable a key', applies: ({ capabilities }) => capabilities.disable },
  { operation: 'regenerate', title: 'give a key a new secret', applies: ({ capabilities }) => capabilities.regenerate },
  { operation: 'delete', title: 'delete a key', applies: () => true },
];

/** Rows of operation and calls, by resource type. Nothing is sent. */
async function callsOf(cloud: Cloud): Promise<Map<string, string[][]>> {
  const emulator = await startEmulator(cloud);
  const connection = await cloud.connect(emulator.settings(ORIGIN), NO_PORTS);
  return new Map(
    cloud.resources.map((resource) => {
      const handler = connection.handler(resource.type);
      const rows = OPERATIONS.filter(({ applies }) => applies(resource)).map(({ operation, title }) => {
        const calls = handler.forecast(operation, { args: resource.example ?? {}, enabled: true });
        return [title, codes(calls.map(({ action }) => action)) || 'nothing'];
      });
      return [resource.type, rows];
    }),
  );
}

/** A new emulator whose ids and secrets are the same at every run. */
async function startEmulator(cloud: Cloud, seed = 0): Promise<CloudEmulator> {
  const { start } = await cloud.emulator();
  return start({ data: null, clock: NO_PORTS.clock, seed: new Uint8Array(32).fill(seed), options: {} });
}

function refuse(): never {
  throw new Error('the documentation is made without asking anybody');
}

const NO_PORTS: CloudPorts = {
  http: { send: refuse },
  clock: { now: () => 0, sleep: refuse },
  random: { bytes: (length) => new Uint8Array(length), fraction: () => 0 },
  readText: refuse,
};

// docs/emulator.md

function optionLinks(document: SchemaDocument): string {
  return table(
    ['cloud', 'switches', 'of them assumed'],
    Object.entries(document.providers).map(([cloud, { title, emulator_options: all }]) => [
      `[${title}](providers/${cloud}.md#emulator-options)`,
      String(Object.keys(all).length),
      String(Object.values(all).filter(({ assumed }) => assumed).length),
    ]),
  );
}

async function environments(clouds: readonly Cloud[]): Promise<string> {
  const blocks: string[] = [];
  for (const cloud of clouds) {
    const here = (await startEmulator(cloud, 0)).environment(ORIGIN);
    const elsewhere = (await startEmulator(cloud, 1)).environment(ORIGIN);
    // Ids and secrets differ from emulator to emulator.
    const lines = Object.entries(here).map(
      ([name, value]) => `export ${name}='${value === elsewhere[name] ? value : '…'}'`,
    );
    blocks.push(`# ${cloud.title}\n${lines.join('\n')}`);
  }
  return fence('sh', blocks.join('\n'));
}

function faultKinds(): readonly JsonSchema[] {
  const schema = toJsonSchema(faultRule);
  return (schema.oneOf ?? schema.anyOf) as readonly JsonSchema[];
}

function faultTable(): string {
  const common = commonFields();
  const rows = faultKinds().map((kind) => {
    const own = Object.entries(kind.properties as Record<string, JsonSchema>)
      .filter(([name]) => name !== 'kind' && !common.includes(name))
      .map(
        ([name, field]) => `\`${name}\`${field.default === undefined ? '' : ` (\`${JSON.stringify(field.default)}\`)`}`,
      );
    const { kind: word } = kind.properties as Record<string, JsonSchema>;
    return [`\`${String(word?.const)}\``, own.join(', '), prose(String(kind.description))];
  });
  return table(['kind', 'fields of its own (default)', 'what happens'], rows);
}

/** The fields that every kind has. */
function commonFields(): string[] {
  const [first, ...others] = faultKinds().map((kind) => Object.keys(kind.properties as object));
  return (first ?? []).filter((name) => name !== 'kind' && others.every((fields) => fields.includes(name)));
}

function matchingTable(): string {
  const fields = (faultKinds()[0]?.properties ?? {}) as Record<string, JsonSchema>;
  return table(
    ['field', 'default', 'meaning'],
    commonFields().map((name) => [
      `\`${name}\``,
      fields[name]?.default === undefined ? '' : `\`${JSON.stringify(fields[name].default)}\``,
      prose(String(fields[name]?.description)),
    ]),
  );
}

// README.md

function typeTable(document: SchemaDocument, folder: string): string {
  const rows = Object.entries(document.providers).flatMap(([cloud, { title, resources }]) =>
    Object.entries(resources).map(([type, resource]) => [
      `[\`${type}\`](${folder}/${cloud}.md#${type})`,
      title,
      prose(firstSentence(resource.description)),
    ]),
  );
  return table(['resource type', 'cloud', 'what it is'], rows);
}

/** Up to the first full stop or colon outside of code. */
function firstSentence(text: string): string {
  return /^(?:`[^`]*`|[^`])*?[.:](?=\s|$)/.exec(text)?.[0].replace(/:$/, '.') ?? text;
}

// Markdown.

/** `text` with the named parts made anew. Throws when a part is missing, or one is there that nobody makes. */
function splice(text: string, path: string, parts: Readonly<Record<string, string>>): string {
  const seen: string[] = [];
  const result = text.replaceAll(/(<!-- made: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g, (_, begin, name: string, end) => {
    const part = parts[name];
    if (part === undefined) throw new Error(`${path}: nothing is made for the part "${name}"`);
    seen.push(name);
    return `${begin}\n${part}\n\n${end}`;
  });
  const missing = Object.keys(parts).filter((name) => !seen.includes(name));
  if (missing.length > 0) throw new Error(`${path} lacks <!-- made: ${missing[0]} --> … <!-- end -->`);
  return result;
}

function shortName(type: string, cloud: string): string {
  return type.replace(new RegExp(`^keyform_(${cloud}_)?`), '');
}

function item(name: string, marks: readonly string[], sentences: readonly string[]): string {
  return `- \`${name}\` (${marks.join(', ')}): ${sentences.join(' ')}`;
}

function kind(spec: Pick<ResourceSchema['arguments'][string], 'type' | 'values'>): string {
  if (spec.values !== null) return spec.values.map((one) => `\`"${one}"\``).join(' or ');
  // The fields of such objects are listed elsewhere on the page.
  if (typeof spec.type !== 'string' && spec.type[0] === 'list' && spec.type[1][0] === 'object')
    return 'list of objects';
  const type = formatTerraformType(spec.type);
  return /^\w+$/.test(type) ? type : `\`${type}\``;
}

/** A sentence that tells the default, unless the description does. */
function byDefault(spec: { readonly default?: Json; readonly description: string }): string[] {
  const { default: value = null } = spec;
  return value === null || /\bdefault\b/i.test(spec.description) ? [] : [`Default: \`${JSON.stringify(value)}\`.`];
}

/** Text in which nothing outside of code is taken for HTML. */
function prose(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : part.replaceAll('<', '&lt;')))
    .join('');
}

function codes(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function fence(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}

/** JSON with objects of a few plain values on one line, as a person would write it. */
function json(value: JsonObject): string {
  const print = (part: Json, indent: string): string => {
    if (typeof part !== 'object' || part === null) return JSON.stringify(part);
    const short = oneLine(part);
    if (short.length + indent.length <= 100 && isFlat(part)) return short;
    const deeper = `${indent}  `;
    if (Array.isArray(part)) {
      return `[\n${part.map((inner: Json) => `${deeper}${print(inner, deeper)}`).join(',\n')}\n${indent}]`;
    }
    const lines = Object.entries(part).map(
      ([key, inner]) => `${deeper}${JSON.stringify(key)}: ${print(inner, deeper)}`,
    );
    return `{\n${lines.join(',\n')}\n${indent}}`;
  };
  return print(value, '');
}

function oneLine(part: Json): string {
  if (typeof part !== 'object' || part === null) return JSON.stringify(part);
  if (Array.isArray(part)) return `[${part.map(oneLine).join(', ')}]`;
  const entries = Object.entries(part);
  if (entries.length === 0) return '{}';
  return `{ ${entries.map(([key, inner]) => `${JSON.stringify(key)}: ${oneLine(inner)}`).join(', ')} }`;
}

/** An object of one or two plain values, or a list of plain values. */
function isFlat(part: Json): boolean {
  if (typeof part !== 'object' || part === null) return true;
  const values: readonly Json[] = Object.values(part);
  return (
    (Array.isArray(part) || values.length <= 2) && values.every((inner) => typeof inner !== 'object' || inner === null)
  );
}
