import type { Cloud, ResourceType, SettingSpec } from '../src/core/provider.ts';
import { argumentsOf, attributesOf, COMMON_ARGUMENTS } from '../src/core/resource.ts';
import { describe, shapeOf } from '../src/core/shape.ts';
import {
  accessors,
  attribute,
  camel,
  classNameOf,
  configProperty,
  declared,
  defaultOf,
  doc,
  HEADER,
  mapper,
  type Property,
  pascal,
  structFile,
  structImports,
  synthesis,
  uncapital,
} from './member.ts';
import { dataFiles, element, fieldsOf, listGetter } from './source.ts';

/** The TypeScript that stacks import, by path: a CDKTF class for each resource type, data source and the provider, and an index. */
export function classFiles(clouds: readonly Cloud[], folder: string, version: string): Map<string, string> {
  const files = new Map<string, string>();
  const release = `~> ${version.split('.').slice(0, 2).join('.')}`;
  files.set(`${folder}/provider.ts`, providerClass(clouds, release));
  const names = ['provider'];
  for (const [name, { schema }] of Object.entries(COMMON_ARGUMENTS)) {
    if (shapeOf(schema, name).kind !== 'object') continue;
    names.push(name);
    files.set(`${folder}/${name}.ts`, structFile(name, schema));
  }
  for (const resource of clouds.flatMap((cloud) => cloud.resources)) {
    const name = resource.type.replace(/^keyform_/, '').replaceAll('_', '-');
    names.push(name);
    files.set(`${folder}/${name}.ts`, resourceClass(resource, release));
  }
  for (const [name, text] of dataFiles(clouds, release)) {
    names.push(name);
    files.set(`${folder}/${name}.ts`, text);
  }
  files.set(`${folder}/index.ts`, `${HEADER}${names.map((name) => `export * from './${name}.ts';\n`).join('')}`);
  return files;
}

function resourceClass(resource: ResourceType, release: string): string {
  const className = classNameOf(resource.type);
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
  const lists = attributes.flatMap(([name, { schema }]) => {
    const fields = fieldsOf(shapeOf(schema, `${resource.type}.${name}`));
    return fields === null ? [] : [{ name, struct: `${className}${pascal(name)}`, fields, schema }];
  });
  const plain = attributes.filter(([name]) => !lists.some((one) => one.name === name));
  const optional = properties.every((property) => !property.required);
  const fields = properties.map((property) => camel(property.name));
  return `${HEADER}import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';
${structImports(properties)}
/** What \`${resource.type}\` is told. */
export interface ${className}Config extends cdktf.TerraformMetaArguments {
${properties.map((property) => configProperty(property)).join('\n')}
}

${lists.map(({ struct, fields: inner }) => element(struct, inner)).join('\n')}${doc([resource.description, `\n\`${resource.type}\` in Terraform's language.`], '')}
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
${lists.map(({ name, struct }) => `  private _${camel(name)} = new ${struct}List(this, '${name}', false);\n`).join('')}
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
${plain.map(([name, { schema }]) => attribute(name, schema, resource.type)).join('\n')}
${lists.map(({ name, schema }) => listGetter({ name, description: describe(schema, name) }, className)).join('\n')}
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
