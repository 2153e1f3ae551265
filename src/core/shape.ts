import { z } from 'zod';
import { BOOL, DYNAMIC, listType, mapType, NUMBER, objectType, STRING, type Type } from './typed/type.ts';

/** A JSON Schema, draft-07. */
export type JsonSchema = { [key: string]: unknown };

/** What a value is, as far as a TypeScript class or a Terraform type needs to know. */
export type Shape =
  | { readonly kind: 'string'; readonly choices: readonly string[] }
  | { readonly kind: 'number' | 'boolean' }
  | { readonly kind: 'list' | 'map'; readonly element: Shape }
  | {
      readonly kind: 'object';
      readonly fields: Readonly<Record<string, Shape>>;
      /** Names of fields that a value may leave out. */
      readonly optional: readonly string[];
    }
  /** Values of several kinds, such as a word or a list of words. */
  | { readonly kind: 'any' };

/** A type as Terraform's JSON writes it: `"string"`, `["list", "string"]`, `["object", {…}]`; `"dynamic"` for any. */
export type TerraformType =
  | 'string'
  | 'number'
  | 'bool'
  | 'dynamic'
  | readonly ['list' | 'map', TerraformType]
  | readonly ['object', { readonly [field: string]: TerraformType }];

/** The draft-07 schema of what a user may write for `schema`, without its `$schema` line. */
export function toJsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input', unrepresentable: 'any' });
  return rest;
}

/** The description of a schema. Throws when it has none: every field is documented. */
export function describe(schema: z.ZodType, name: string): string {
  const text = schema.description ?? toJsonSchema(schema).description;
  if (typeof text !== 'string' || text === '')
    throw new Error(`${name} has no description: add .describe() to its schema`);
  return text;
}

/** The shape behind a schema; null alternatives are left out. Throws on a form that is not known here yet. */
export function shapeOf(schema: z.ZodType, name: string): Shape {
  return shape(toJsonSchema(schema), name);
}

/** The shape as a Terraform type. */
export function terraformType(shape: Shape): TerraformType {
  switch (shape.kind) {
    case 'string':
    case 'number':
      return shape.kind;
    case 'boolean':
      return 'bool';
    case 'list':
    case 'map':
      return [shape.kind, terraformType(shape.element)];
    case 'object':
      return [
        'object',
        Object.fromEntries(Object.entries(shape.fields).map(([name, field]) => [name, terraformType(field)])),
      ];
    case 'any':
      return 'dynamic';
  }
}

/** The type of the values that fit a schema, to which values of a stack are converted. The same value at every call. */
export function typeOfSchema(schema: z.ZodType): Type {
  const known = types.get(schema);
  if (known !== undefined) return known;
  const type = typeOfShape(shapeOf(schema, 'the schema'));
  types.set(schema, type);
  return type;
}

const types = new WeakMap<z.ZodType, Type>();

function typeOfShape(shape: Shape): Type {
  switch (shape.kind) {
    case 'string':
      return STRING;
    case 'number':
      return NUMBER;
    case 'boolean':
      return BOOL;
    case 'list':
      return listType(typeOfShape(shape.element));
    case 'map':
      return mapType(typeOfShape(shape.element));
    case 'object':
      return objectType(
        Object.entries(shape.fields).map(([name, field]) => [name, typeOfShape(field)] as const),
        shape.optional,
      );
    case 'any':
      return DYNAMIC;
  }
}

/** A Terraform type as stacks write it: `list(string)`, `object({ key = string })`. */
export function formatTerraformType(type: TerraformType): string {
  if (typeof type === 'string') return type === 'dynamic' ? 'any' : type;
  if (type[0] !== 'object') return `${type[0]}(${formatTerraformType(type[1])})`;
  const fields = Object.entries(type[1]).map(([name, field]) => `${name} = ${formatTerraformType(field)}`);
  return `object({ ${fields.join(', ')} })`;
}

function shape(json: JsonSchema, name: string): Shape {
  if (Object.keys(json).every((key) => key === 'description')) return { kind: 'any' };
  const alternatives = json.anyOf ?? json.oneOf;
  if (Array.isArray(alternatives)) {
    const shapes = (alternatives as JsonSchema[]).filter((one) => one.type !== 'null').map((one) => shape(one, name));
    const [first, ...others] = shapes;
    if (first === undefined || others.some((other) => other.kind !== first.kind)) return { kind: 'any' };
    return first.kind === 'string' && others.length > 0 ? { kind: 'string', choices: [] } : first;
  }
  const values = json.enum ?? (json.const === undefined ? undefined : [json.const]);
  if (Array.isArray(values) && values.every((value) => typeof value === 'string')) {
    return { kind: 'string', choices: values };
  }
  const type = Array.isArray(json.type) ? json.type.find((one) => one !== 'null') : json.type;
  switch (type) {
    case 'string':
      return { kind: 'string', choices: [] };
    case 'integer':
    case 'number':
      return { kind: 'number' };
    case 'boolean':
      return { kind: 'boolean' };
    case 'array':
      return { kind: 'list', element: shape(json.items as JsonSchema, `${name}[]`) };
    case 'object':
      if (typeof json.additionalProperties === 'object' && json.properties === undefined) {
        return { kind: 'map', element: shape(json.additionalProperties as JsonSchema, `${name}{}`) };
      }
      if (json.properties !== undefined) {
        const fields = Object.entries(json.properties as Record<string, JsonSchema>);
        const required = new Set(Array.isArray(json.required) ? json.required : []);
        return {
          kind: 'object',
          optional: fields.flatMap(([field]) => (required.has(field) ? [] : [field])),
          fields: Object.fromEntries(fields.map(([field, inner]) => [field, shape(inner, `${name}.${field}`)])),
        };
      }
  }
  throw new Error(`${name}: this form of a schema is not known here yet: ${JSON.stringify(json)}`);
}
