import { CAPABILITY_WORDS } from '../../core/capability.ts';
import type { Json } from '../../core/json.ts';
import type { CloudSchema, DataSourceSchema, ResourceSchema, SchemaDocument } from '../../core/schema.ts';
import { formatTerraformType } from '../../core/shape.ts';
import type { Style } from './color.ts';
import { wrap } from './diagnostic.ts';

/** Columns of a line. A fixed number keeps what is printed equal wherever it is read. */
const WIDTH = 100;

/** All clouds in short: what each can be told, by name. */
export function renderSchema(document: SchemaDocument, style: Style): string {
  const clouds = Object.entries(document.providers).map(([name, cloud]) => {
    const settings = Object.entries(cloud.settings).map(
      ([setting, { environment }]) =>
        `    ${setting}${environment.length > 0 ? style.dim(` [${environment.join(', ')}]`) : ''}`,
    );
    const types = Object.entries(cloud.resources).map(([type, resource]) =>
      [
        `    ${style.bold(type)}`,
        ...paragraph(resource.description, 6),
        ...paragraph(Object.keys(resource.arguments).join(', '), 6).map(style.dim),
      ].join('\n'),
    );
    return [
      heading(name, cloud, style),
      '  Settings',
      ...settings,
      '  Resource types',
      ...types,
      '  Data sources',
      ...Object.keys(cloud.data_sources).map((source) => `    data.${source}`),
    ].join('\n');
  });
  return `${clouds.join('\n\n')}\n\n"keyform schema TYPE" tells all about one type, "keyform schema CLOUD" about a cloud's settings.\n`;
}

/** One cloud: its settings and its emulator's options in full, its types by name. */
export function renderCloud(name: string, cloud: CloudSchema, style: Style): string {
  return sections([
    heading(name, cloud, style),
    section(
      'Settings',
      Object.entries(cloud.settings).flatMap(([setting, spec]) => [
        ...entry(setting, [kind(spec), ...(spec.sensitive ? ['sensitive'] : []), ...byDefault(spec.default)], style),
        ...paragraph(spec.description, 6),
        ...(spec.environment.length > 0 ? paragraph(`Environment: ${spec.environment.join(', ')}.`, 6) : []),
      ]),
      style,
    ),
    section(
      'Resource types',
      Object.keys(cloud.resources).map((type) => `  ${type}`),
      style,
    ),
    section(
      'Emulator options (-sandbox, keyform emulator)',
      Object.entries(cloud.emulator_options).flatMap(([option, spec]) => [
        ...entry(option, [kind(spec), ...byDefault(spec.default), ...(spec.assumed ? ['assumed'] : [])], style),
        ...paragraph(spec.description, 6),
      ]),
      style,
    ),
  ]);
}

/** One resource type in full, with its data sources. */
export function renderResourceType(type: string, cloud: CloudSchema, style: Style): string {
  const resource = cloud.resources[type];
  if (resource === undefined) throw new Error(`${cloud.title} has no resource type ${type}`);
  const width = Math.max(...CAPABILITY_WORDS.map(({ title }) => title.length)) + 2;
  const capabilities = CAPABILITY_WORDS.flatMap(({ title, words }) => {
    const [first = '', ...rest] = wrap(words(resource), WIDTH - 2 - width);
    return [`  ${title.padEnd(width)}${first}`, ...rest.map((line) => `${' '.repeat(2 + width)}${line}`)];
  });
  const sources = Object.entries(cloud.data_sources).filter(([, source]) => source.resource === type);
  return sections([
    [`${style.bold(type)} ${style.dim(`(${cloud.title})`)}`, ...paragraph(resource.description, 0)].join('\n'),
    section('Arguments', argumentLines(resource, style), style),
    section('Attributes', attributeLines(resource, style), style),
    section('Capabilities', capabilities, style),
    section(
      'Data sources',
      sources.flatMap(([name, source]) => sourceLines(name, source, style)),
      style,
    ),
  ]);
}

function argumentLines(resource: ResourceSchema, style: Style): string[] {
  return Object.entries(resource.arguments).flatMap(([name, spec]) => [
    ...entry(
      name,
      [
        kind(spec),
        spec.required ? 'required' : 'optional',
        ...(spec.forces_new ? ['forces a new key'] : []),
        ...(spec.sensitive ? ['sensitive'] : []),
        ...byDefault(spec.default),
      ],
      style,
    ),
    ...paragraph(spec.description, 6),
  ]);
}

/** Attributes that are no arguments: those stand above already. */
function attributeLines({ arguments: all, attributes }: ResourceSchema, style: Style): string[] {
  return Object.entries(attributes)
    .filter(([name]) => all[name] === undefined)
    .flatMap(([name, spec]) => [
      ...entry(name, [kind(spec), ...(spec.sensitive ? ['sensitive'] : [])], style),
      ...paragraph(spec.description, 6),
    ]);
}

function sourceLines(name: string, source: DataSourceSchema, style: Style): string[] {
  const words = Object.entries(source.arguments).map(([argument, { required }]) =>
    required ? `${argument} (required)` : argument,
  );
  return [
    ...entry(`data.${name}`, [source.kind === 'one' ? 'one key' : 'all keys of an owner'], style),
    ...paragraph(`Arguments: ${words.join(', ') || 'none'}.`, 6),
  ];
}

function heading(name: string, cloud: CloudSchema, style: Style): string {
  return `${style.bold(cloud.title)} ${style.dim(`(provider.keyform.${name})`)}`;
}

function section(title: string, lines: readonly string[], style: Style): string {
  return lines.length === 0 ? '' : [style.bold(title), ...lines].join('\n');
}

function sections(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function entry(name: string, marks: readonly string[], style: Style): string[] {
  return [`  ${style.bold(name)} ${style.dim(`(${marks.join(', ')})`)}`];
}

function kind(spec: Pick<ResourceSchema['arguments'][string], 'type' | 'values'>): string {
  return spec.values === null ? formatTerraformType(spec.type) : spec.values.map((one) => `"${one}"`).join(' or ');
}

function byDefault(value: Json): string[] {
  return value === null ? [] : [`default ${JSON.stringify(value)}`];
}

function paragraph(text: string, indent: number): string[] {
  return wrap(text, WIDTH - indent).map((line) => `${' '.repeat(indent)}${line}`);
}
