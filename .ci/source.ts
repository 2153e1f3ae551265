import { type DataSource, dataSourcesOf } from '../src/core/datasource.ts';
import type { Cloud } from '../src/core/provider.ts';
import { describe, type Shape, shapeOf } from '../src/core/shape.ts';
import {
  accessors,
  attributeOf,
  camel,
  configProperty,
  dataClassNameOf,
  declared,
  doc,
  HEADER,
  type Property,
  pascal,
  synthesis,
} from './member.ts';

/** The CDKTF classes of data sources: the text of each file, by its name without `.ts`. */
export function dataFiles(clouds: readonly Cloud[], release: string): Map<string, string> {
  const sources = clouds.flatMap((cloud) => cloud.resources).flatMap(dataSourcesOf);
  return new Map(sources.map((source) => [`data-${source.name.replaceAll('_', '-')}`, dataClass(source, release)]));
}

function dataClass(source: DataSource, release: string): string {
  const { name, description } = source;
  const className = dataClassNameOf(name);
  const properties = Object.entries(source.arguments).map(
    ([argument, spec]): Property => ({
      name: argument,
      shape: shapeOf(spec.schema, `data.${name}.${argument}`),
      description: describe(spec.schema, `data.${name}.${argument}`),
      required: spec.required,
    }),
  );
  const set = new Set(properties.map((property) => property.name));
  const attributes = Object.entries(source.attributes)
    .filter(([attribute]) => !set.has(attribute))
    .map(([attribute, { schema }]) => ({
      name: attribute,
      shape: shapeOf(schema, `data.${name}.${attribute}`),
      description: describe(schema, `data.${name}.${attribute}`),
    }));
  const lists = attributes.flatMap(({ name: attribute, shape }) => {
    const fields = fieldsOf(shape);
    return fields === null ? [] : [{ attribute, struct: `${className}${pascal(attribute)}`, fields }];
  });
  const optional = properties.every((property) => !property.required);
  // `id` is an argument here, and a parameter of every construct's constructor.
  const fields = properties.map((property) => camel(property.name));
  const taken = fields.map((field) => (field === 'id' ? 'id: wantedId' : field));
  return `${HEADER}import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';

/** What \`data.${name}\` is told. */
export interface ${className}Config extends cdktf.TerraformMetaArguments {
${properties.map((property) => configProperty(property)).join('\n')}
}

${lists.map(({ struct, fields: inner }) => element(struct, inner)).join('\n')}${doc([description, `\n\`data.${name}\` in Terraform's language.`], '')}
export class ${className} extends cdktf.TerraformDataSource {
  public static readonly tfResourceType = '${name}';

${properties.map((property) => `  private _${camel(property.name)}${declared(property)};`).join('\n')}
${lists.map(({ attribute, struct }) => `  private _${camel(attribute)} = new ${struct}List(this, '${attribute}', false);\n`).join('')}
  /**
   * @param scope the stack, or another construct in it
   * @param id unique within \`scope\`; the data source's name in plans comes from it
   */
  constructor(scope: Construct, id: string, config: ${className}Config${optional ? ' = {}' : ''}) {
    const { ${[...taken, '...meta'].join(', ')} } = config;
    super(scope, id, {
      terraformResourceType: '${name}',
      terraformGeneratorMetadata: { providerName: 'keyform', providerVersionConstraint: '${release}' },
      ...meta,
    });
${fields.map((field) => `    this._${field} = ${field === 'id' ? 'wantedId' : field};`).join('\n')}
  }

${properties.map((property) => accessors(property, true)).join('\n')}
${attributes.map((one) => (fieldsOf(one.shape) === null ? attributeOf(one) : listGetter(one, className))).join('\n')}
${synthesis(properties)}}
`;
}

/** The fields of the objects in a list of objects; null for any other shape. */
export function fieldsOf(shape: Shape): Readonly<Record<string, Shape>> | null {
  return shape.kind === 'list' && shape.element.kind === 'object' ? shape.element.fields : null;
}

export function listGetter({ name, description }: { name: string; description: string }, className: string): string {
  return `${doc([description], '  ')}
  public get ${camel(name)}(): ${className}${pascal(name)}List {
    return this._${camel(name)};
  }
`;
}

/** The classes by which CDKTF refers into a list of objects. */
export function element(struct: string, fields: Readonly<Record<string, Shape>>): string {
  const members = Object.entries(fields).map(([name, shape]) => attributeOf({ name, shape, description: null }));
  return `/** One of the objects in a ${struct}List: what references may read of it. */
export class ${struct}OutputReference extends cdktf.ComplexObject {
${members.join('\n')}}

/** A list whose length and objects are known when Keyform has read them. */
export class ${struct}List extends cdktf.ComplexList {
  /** The object at \`index\`, counted from 0. */
  public get(index: number): ${struct}OutputReference {
    return new ${struct}OutputReference(this.terraformResource, this.terraformAttribute, this.wrapsSet, index);
  }
}

`;
}
