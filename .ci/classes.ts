import type { z } from 'zod';
import type { Json } from '../src/core/json.ts';
import type { Cloud, ResourceType, SettingSpec } from '../src/core/provider.ts';
import { argumentsOf, attributesOf } from '../src/core/resource.ts';
import { describe, type Shape, shapeOf } from './shape.ts';

/** The TypeScript that stacks import, by path: one CDKTF class per resource type, one for the provider, and an index. */
export function classFiles(clouds: readonly Cloud[], folder: string, version: string): Map<string, string> {
  const files = new Map<string, string>();
  const release = `~> ${version.split('.').slice(0, 2).join('.')}`;
  files.set(`${folder}/provider.ts`, providerClass(clouds, release));
  const names = ['provider'];
  for (const resource of clouds.flatMap((cloud) => cloud.resources)) {
    const name = resource.type.replace(/^keyform_/, '').replaceAll('_', '-');
    names.push(name);
    files.set(`${folder}/${name}.ts`, resourceClass(resource, release));
  }
  files.set(`${folder}/index.ts`, `${HEADER}${names.map((name) => `export * from './${name}.ts';\n`).join('')}`);
  return files;
}

const HEADER = '// Made by `npm run schemas` from the schemas of src/providers. Do not edit.\n\n';

/** One property of a class that a stack may set. */
interface Property {
  /** As Terraform spells it. */
  readonly name: string;
  readonly shape: Shape;
  readonly description: string;
  readonly required: boolean;
}

function resourceClass(resource: ResourceType, release: string): string {
  const className = pascal(resource.type.replace(/^keyform_/, ''));
  const properties = Object.entries(argumentsOf(resource)).map(
    ([name, spec]): Property => ({
      name,
      shape: shapeOf(spec.schema, `${resource.type}.${name}`),
      description: [
        describe(spec.schema, `${resource.type}.${name}`),
        ...(spec.forcesNew ? ['A changed value replaces the key.'] : []),
        ...(spec.sensitive
          ? ['Sensitive: written into a stack it is there in plain text, so give it by a variable.']
          : []),
        ...defaultOf(spec.schema, spec.default),
      ].join('\n'),
      required: spec.required,
    }),
  );
  const set = new Set(properties.map((property) => property.name));
  const attributes = Object.entries(attributesOf(resource)).filter(([name]) => !set.has(name));
  const optional = properties.every((property) => !property.required);
  const fields = properties.map((property) => camel(property.name));
  return `${HEADER}import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';

/** What \`${resource.type}\` is told. */
export interface ${className}Config extends cdktf.TerraformMetaArguments {
${properties.map((property) => configProperty(property)).join('\n')}
}

${doc([resource.description, `\n\`${resource.type}\` in Terraform's language.`], '')}
export class ${className} extends cdktf.TerraformResource {
  public static readonly tfResourceType = '${resource.type}';

  /**
   * Declares that an existing key shall be taken over.
   *
   * @param importToId id of the construct in the generated configuration
   * @param importFromId id of the key at the vendor
   */
  public static generateConfigForImport(
    scope: Construct,
    importToId: string,
    importFromId: string,
    provider?: cdktf.TerraformProvider,
  ): cdktf.ImportableResource {
    return new cdktf.ImportableResource(scope, importToId, {
      terraformResourceType: '${resource.type}',
      importId: importFromId,
      ...(provider === undefined ? {} : { provider }),
    });
  }

${properties.map((property) => `  private _${camel(property.name)}${declared(property)};`).join('\n')}

  /**
   * @param scope the stack, or another construct in it
   * @param id unique within \`scope\`; the resource's name in plans and state comes from it
   */
  constructor(scope: Construct, id: string, config: ${className}Config${optional ? ' = {}' : ''}) {
    const { ${fields.join(', ')}, ...meta } = config;
    super(scope, id, {
      terraformResourceType: '${resource.type}',
      terraformGeneratorMetadata: { providerName: 'keyform', providerVersionConstraint: '${release}' },
      ...meta,
    });
${fields.map((field) => `    this._${field} = ${field};`).join('\n')}
  }

${properties.map((property) => accessors(property, true)).join('\n')}
${attributes.map(([name, { schema }]) => attribute(name, schema, resource.type)).join('\n')}
${synthesis(properties)}}
`;
}

function providerClass(clouds: readonly Cloud[], release: string): string {
  const structs = clouds.map((cloud) => ({ cloud, struct: `KeyformProvider${pascal(cloud.name)}` }));
  return `${HEADER}import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';

${structs.map(({ cloud, struct }) => settingsOf(cloud, struct)).join('\n')}
/** How Keyform reaches the clouds, and as whom. What is left out comes from the environment. */
export interface KeyformProviderConfig {
  /** Tells this provider block from others: a resource names it by \`provider\`. The block without one is the default. */
  readonly alias?: string | undefined;
${structs
  .map(({ cloud, struct }) => `  /** ${cloud.title}. */\n  readonly ${camel(cloud.name)}?: ${struct} | undefined;`)
  .join('\n')}
}

/** Keyform's provider: \`keyform/keyform\` in Terraform's language. */
export class KeyformProvider extends cdktf.TerraformProvider {
  public static readonly tfResourceType = 'keyform';

  private _alias: string | undefined;
${structs.map(({ cloud, struct }) => `  private _${camel(cloud.name)}: ${struct} | undefined;`).join('\n')}

  /**
   * @param scope the stack, or another construct in it
   * @param id unique within \`scope\`
   */
  constructor(scope: Construct, id: string, config: KeyformProviderConfig = {}) {
    super(scope, id, {
      terraformResourceType: 'keyform',
      terraformGeneratorMetadata: { providerName: 'keyform', providerVersionConstraint: '${release}' },
      terraformProviderSource: 'keyform/keyform',
    });
    this._alias = config.alias;
${structs.map(({ cloud }) => `    this._${camel(cloud.name)} = config.${camel(cloud.name)};`).join('\n')}
  }

  /** Tells this provider block from others. */
  public override get alias(): string | undefined {
    return this._alias;
  }
  public override set alias(value: string | undefined) {
    this._alias = value;
  }
  public resetAlias(): void {
    this._alias = undefined;
  }
  public get aliasInput(): string | undefined {
    return this._alias;
  }

${structs
  .map(({ cloud, struct }) => {
    const field = camel(cloud.name);
    return `  /** ${cloud.title}. */
  public get ${field}(): ${struct} | undefined {
    return this._${field};
  }
  public set ${field}(value: ${struct} | undefined) {
    this._${field} = value;
  }
  public reset${pascal(cloud.name)}(): void {
    this._${field} = undefined;
  }
  public get ${field}Input(): ${struct} | undefined {
    return this._${field};
  }
`;
  })
  .join('\n')}
  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      alias: cdktf.stringToTerraform(this._alias),
${structs.map(({ cloud, struct }) => `      ${cloud.name}: ${uncapital(struct)}ToTerraform(this._${camel(cloud.name)}),`).join('\n')}
    };
  }

  protected override synthesizeHclAttributes(): { [name: string]: unknown } {
    const attributes = {
      alias: {
        value: cdktf.stringToHclTerraform(this._alias),
        isBlock: false,
        type: 'simple',
        storageClassType: 'string',
      },
${structs
  .map(
    ({ cloud, struct }) => `      ${cloud.name}: {
        value: ${uncapital(struct)}ToTerraform(this._${camel(cloud.name)}),
        isBlock: false,
        // An attribute that holds an object; a struct would be written as a block.
        type: 'map',
        storageClassType: 'anyMap',
      },`,
  )
  .join('\n')}
    };
    return Object.fromEntries(Object.entries(attributes).filter(([, { value }]) => value !== undefined));
  }
}
`;
}

/** The interface of a cloud's object in the provider block, and its way into a synthesized stack. */
function settingsOf(cloud: Cloud, struct: string): string {
  const properties = Object.entries(cloud.settings).map(
    ([name, spec]): Property => ({
      name,
      shape: shapeOf(spec.schema, `provider.${cloud.name}.${name}`),
      description: settingDescription(spec, `provider.${cloud.name}.${name}`).join('\n'),
      required: false,
    }),
  );
  const lower = uncapital(struct);
  return `/** ${cloud.title}: endpoints and credentials. */
export interface ${struct} {
${properties.map((property) => configProperty(property)).join('\n')}
}

function ${lower}ToTerraform(struct: ${struct} | undefined): { [name: string]: unknown } | undefined {
  if (struct === undefined) return undefined;
  const settings = {
${properties.map(({ name, shape }) => `    ${name}: ${mapper(shape, '')}(struct.${camel(name)}),`).join('\n')}
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
`;
}

/** The lines that document a setting of the provider block: meaning, environment variables, default, a warning. */
export function settingDescription(spec: SettingSpec, name: string): string[] {
  return [
    describe(spec.schema, name),
    ...(spec.environment.length === 0
      ? []
      : [`Left out, it is read from the environment: ${spec.environment.map((one) => `\`${one}\``).join(', else ')}.`]),
    ...defaultOf(spec.schema, spec.default),
    ...(spec.sensitive ? ['Sensitive: written here it is in plain text in the stack. Prefer the environment.'] : []),
  ];
}

/** A line that tells the default, unless the description does so itself. */
export function defaultOf(schema: z.ZodType, value: Json): string[] {
  return value === null || /\bdefault\b/i.test(schema.description ?? '') ? [] : [`Default: ${JSON.stringify(value)}.`];
}

function configProperty({ name, shape, description, required }: Property): string {
  return `${doc([description], '  ')}\n  readonly ${camel(name)}${required ? '' : '?'}: ${typeOf(shape)}${required ? '' : ' | undefined'};`;
}

function declared({ shape, required }: Property): string {
  return required ? `: ${typeOf(shape)}` : `: ${typeOf(shape)} | undefined`;
}

function accessors(property: Property, resettable: boolean): string {
  const { name, shape, description, required } = property;
  const field = camel(name);
  const type = typeOf(shape);
  return `${doc([description], '  ')}
  public get ${field}(): ${gotten(shape)} {
    return ${getter(shape, name)};
  }
  public set ${field}(value: ${type}) {
    this._${field} = value;
  }
${
  required || !resettable
    ? ''
    : `  public reset${pascal(name)}(): void {
    this._${field} = undefined;
  }
`
}  public get ${field}Input(): ${required ? type : `${type} | undefined`} {
    return this._${field};
  }
`;
}

function attribute(name: string, schema: z.ZodType, type: string): string {
  const shape = shapeOf(schema, `${type}.${name}`);
  return `${doc([describe(schema, `${type}.${name}`)], '  ')}
  public get ${camel(name)}(): ${gotten(shape)} {
    return ${getter(shape, name)};
  }
`;
}

function synthesis(properties: readonly Property[]): string {
  return `  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
${properties.map(({ name, shape }) => `      ${name}: ${mapper(shape, '')}(this._${camel(name)}),`).join('\n')}
    };
  }

  protected override synthesizeHclAttributes(): { [name: string]: unknown } {
    const attributes = {
${properties.map((property) => hclEntry(property, `this._${camel(property.name)}`, '      ')).join('\n')}
    };
    return Object.fromEntries(Object.entries(attributes).filter(([, { value }]) => value !== undefined));
  }
`;
}

function hclEntry({ name, shape }: Property, value: string, indent: string): string {
  const type = shape.kind === 'list' || shape.kind === 'map' ? shape.kind : 'simple';
  return `${indent}${name}: {
${indent}  value: ${mapper(shape, 'Hcl')}(${value}),
${indent}  isBlock: false,
${indent}  type: '${type}',
${indent}  storageClassType: '${storage(shape)}',
${indent}},`;
}

/** The type of a value that a stack sets. Tokens of strings, numbers, lists and maps are of these types themselves. */
function typeOf(shape: Shape): string {
  switch (shape.kind) {
    case 'string':
      // The known words show in an editor; any other string may be a reference, which a compiler cannot tell.
      return shape.choices.length === 0
        ? 'string'
        : [...shape.choices.map((choice) => `'${choice}'`), '(string & {})'].join(' | ');
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean | cdktf.IResolvable';
    case 'list':
      return `${element(shape)}[]`;
    case 'map':
      return `{ [key: string]: ${element(shape)} }`;
  }
}

/** The type of a reference to a value. */
function gotten(shape: Shape): string {
  if (shape.kind === 'boolean') return 'cdktf.IResolvable';
  return shape.kind === 'string' ? 'string' : typeOf(shape);
}

function getter(shape: Shape, name: string): string {
  switch (shape.kind) {
    case 'string':
      return `this.getStringAttribute('${name}')`;
    case 'number':
      return `this.getNumberAttribute('${name}')`;
    case 'boolean':
      return `this.getBooleanAttribute('${name}')`;
    case 'list':
      return `this.get${element(shape) === 'number' ? 'NumberList' : 'List'}Attribute('${name}')`;
    case 'map':
      return `this.get${capital(element(shape))}MapAttribute('${name}')`;
  }
}

function mapper(shape: Shape, hcl: '' | 'Hcl'): string {
  switch (shape.kind) {
    case 'string':
    case 'number':
    case 'boolean':
      return `cdktf.${shape.kind}To${hcl}Terraform`;
    case 'list':
      return `cdktf.listMapper${hcl}(${mapper(shape.element, hcl)}, false)`;
    case 'map':
      return `cdktf.hashMapper${hcl}(${mapper(shape.element, hcl)})`;
  }
}

function storage(shape: Shape): string {
  if (shape.kind === 'list') return `${element(shape)}List`;
  return shape.kind === 'map' ? `${element(shape)}Map` : shape.kind;
}

/** The type of a list's or map's elements, which must be plain: CDKTF has no tokens for nested collections. */
function element(shape: Shape & { readonly element: Shape }): 'string' | 'number' {
  const { kind } = shape.element;
  if (kind === 'string' || kind === 'number') return kind;
  throw new Error(`a ${shape.kind} of ${kind}s has no token type in CDKTF`);
}

/** A TSDoc comment, wrapped at 118 columns. */
function doc(lines: readonly string[], indent: string): string {
  const width = 118 - indent.length - 3;
  const text = lines.join('\n').replaceAll('*/', '*\\/').split('\n');
  const wrapped = text.flatMap((line) => wrap(line, width));
  const [only, ...rest] = wrapped;
  if (rest.length === 0 && only !== undefined && only.length < width - 3) return `${indent}/** ${only} */`;
  return [`${indent}/**`, ...wrapped.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`].join('\n');
}

function wrap(line: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else {
      current = current === '' ? word : `${current} ${word}`;
    }
  }
  return [...lines, current];
}

/** `display_name` → `displayName`. */
function camel(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** `display_name` → `DisplayName`. */
function pascal(name: string): string {
  return capital(camel(name));
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function uncapital(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
