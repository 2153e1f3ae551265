import type { z } from 'zod';
import type { Json } from '../src/core/json.ts';
import { describe, type Shape, shapeOf, toJsonSchema } from '../src/core/shape.ts';

// What the generated CDKTF classes are put together from: properties, accessors, and CDKTF's names for the forms of values.

export const HEADER = '// Made by `npm run schemas` from the schemas of src/providers. Do not edit.\n\n';

/** One property of a class that a stack may set. */
export interface Property {
  /** As Terraform spells it. */
  readonly name: string;
  readonly shape: Shape;
  readonly description: string;
  readonly required: boolean;
}

/** A line that tells the default, unless the description does so itself. */
export function defaultOf(schema: z.ZodType, value: Json): string[] {
  return value === null || /\bdefault\b/i.test(schema.description ?? '') ? [] : [`Default: ${JSON.stringify(value)}.`];
}

export function configProperty({ name, shape, description, required }: Property): string {
  return `${doc([description], '  ')}\n  readonly ${camel(name)}${required ? '' : '?'}: ${typeOf(shape)}${required ? '' : ' | undefined'};`;
}

export function declared({ shape, required }: Property): string {
  return required ? `: ${typeOf(shape)}` : `: ${typeOf(shape)} | undefined`;
}

export function accessors(property: Property, resettable: boolean): string {
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

export function attribute(name: string, schema: z.ZodType, type: string): string {
  return attributeOf({
    name,
    shape: shapeOf(schema, `${type}.${name}`),
    description: describe(schema, `${type}.${name}`),
  });
}

/** The getter of a value that only references read. `description` null: it is documented elsewhere. */
export function attributeOf({
  name,
  shape,
  description,
}: {
  readonly name: string;
  readonly shape: Shape;
  readonly description: string | null;
}): string {
  return `${description === null ? '' : `${doc([description], '  ')}\n`}  public get ${camel(name)}(): ${gotten(shape)} {
    return ${getter(shape, name)};
  }
`;
}

export function synthesis(properties: readonly Property[]): string {
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
  // An attribute that holds an object is a map; a struct would be written as a block.
  const type = shape.kind === 'object' ? 'map' : shape.kind === 'list' || shape.kind === 'map' ? shape.kind : 'simple';
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
    case 'object':
      return structOf(shape);
    default:
      throw tokenless(shape);
  }
}

/** Names of the interfaces of objects that stacks set, by {@link structKey}. */
const structs = new Map<string, string>();

function structKey(shape: Shape): string {
  return JSON.stringify(shape);
}

function structOf(shape: Shape): string {
  const name = structs.get(structKey(shape));
  if (name === undefined) throw tokenless(shape);
  return name;
}

/**
 * The text of the file of an argument that is an object: its interface, with its fields in CDKTF's spelling, and its way into a
 * synthesized stack. From then on properties of that shape have this type. Throws for any other shape.
 */
export function structFile(name: string, schema: z.ZodType): string {
  const shape = shapeOf(schema, name);
  if (shape.kind !== 'object') throw new Error(`${name} is no object`);
  const type = pascal(name);
  structs.set(structKey(shape), type);
  const described = toJsonSchema(schema).properties as Record<string, { readonly description?: string }>;
  const properties = Object.entries(shape.fields).map(
    ([field, inner]): Property => ({
      name: field,
      shape: inner,
      description: described[field]?.description ?? '',
      required: !shape.optional.includes(field),
    }),
  );
  return `${HEADER}import * as cdktf from 'cdktf';

${doc([describe(schema, name)], '')}
export interface ${type} {
${properties.map((property) => configProperty(property)).join('\n')}
}

/** As a stack in Terraform's language has it. */
export function ${uncapital(type)}ToTerraform(struct: ${type} | undefined): { [name: string]: unknown } | undefined {
  if (struct === undefined) return undefined;
  const fields = {
${properties.map(({ name: field, shape: inner }) => `    ${field}: ${mapper(inner, '')}(struct.${camel(field)}),`).join('\n')}
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
`;
}

/** The import of what {@link structFile} wrote, for a file with properties of such a type; empty for one without. */
export function structImports(properties: readonly Property[]): string {
  return properties
    .filter(({ shape }) => shape.kind === 'object')
    .map(({ name, shape }) => {
      const type = structOf(shape);
      return `import { type ${type}, ${uncapital(type)}ToTerraform } from './${name}.ts';\n`;
    })
    .join('');
}

/** The type of a reference to a value. */
function gotten(shape: Shape): string {
  if (shape.kind === 'boolean') return 'cdktf.IResolvable';
  if (shape.kind === 'object') return '{ [key: string]: unknown }';
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
    case 'object':
      return `this.getAnyMapAttribute('${name}')`;
    default:
      throw tokenless(shape);
  }
}

export function mapper(shape: Shape, hcl: '' | 'Hcl'): string {
  switch (shape.kind) {
    case 'string':
    case 'number':
    case 'boolean':
      return `cdktf.${shape.kind}To${hcl}Terraform`;
    case 'list':
      return `cdktf.listMapper${hcl}(${mapper(shape.element, hcl)}, false)`;
    case 'map':
      return `cdktf.hashMapper${hcl}(${mapper(shape.element, hcl)})`;
    case 'object':
      return `${uncapital(structOf(shape))}ToTerraform`;
    default:
      throw tokenless(shape);
  }
}

function storage(shape: Shape): string {
  if (shape.kind === 'object') return 'anyMap';
  if (shape.kind === 'list') return `${element(shape)}List`;
  return shape.kind === 'map' ? `${element(shape)}Map` : shape.kind;
}

/** The type of a list's or map's elements, which must be plain: CDKTF has no tokens for nested collections. */
function element(shape: Shape & { readonly element: Shape }): 'string' | 'number' {
  const { kind } = shape.element;
  if (kind === 'string' || kind === 'number') return kind;
  throw new Error(`a ${shape.kind} of ${kind}s has no token type in CDKTF`);
}

function tokenless({ kind }: Shape): Error {
  return new Error(`a value of kind "${kind}" has no token type in CDKTF`);
}

/** A TSDoc comment, wrapped at 118 columns. */
export function doc(lines: readonly string[], indent: string): string {
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

/**
 * The class of a data source, named as `cdktf get` names it: with the provider's name, which resources leave out.
 * `keyform_acme_api_key` → `DataKeyformAcmeApiKey`.
 */
export function dataClassNameOf(name: string): string {
  return `Data${pascal(name)}`;
}

/** The class of a resource type: `keyform_acme_api_key` → `AcmeApiKey`. */
export function classNameOf(type: string): string {
  return pascal(type.replace(/^keyform_/, ''));
}

/** `display_name` → `displayName`. */
export function camel(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** `display_name` → `DisplayName`. */
export function pascal(name: string): string {
  return capital(camel(name));
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

export function uncapital(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
