import { z } from 'zod';

/** A JSON Schema, draft-07. */
export type JsonSchema = { [key: string]: unknown };

/** What a value is, as far as a TypeScript class or a Terraform type needs to know. */
export type Shape =
  | { readonly kind: 'string'; readonly choices: readonly string[] }
  | { readonly kind: 'number' | 'boolean' }
  | { readonly kind: 'list' | 'map'; readonly element: Shape };

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

/** The shape behind a schema; null alternatives are left out. Throws on a form that the generator does not know yet. */
export function shapeOf(schema: z.ZodType, name: string): Shape {
  return shape(toJsonSchema(schema), name);
}

function shape(json: JsonSchema, name: string): Shape {
  const alternatives = json.anyOf ?? json.oneOf;
  if (Array.isArray(alternatives)) {
    const shapes = (alternatives as JsonSchema[]).filter((one) => one.type !== 'null').map((one) => shape(one, name));
    const [first, ...others] = shapes;
    if (first !== undefined && others.every((other) => other.kind === first.kind)) {
      if (first.kind !== 'string') return first;
      return { kind: 'string', choices: [] };
    }
    throw new Error(`${name}: the generator knows no alternatives of different kinds (${JSON.stringify(json)})`);
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
  }
  throw new Error(`${name}: the generator does not know this form yet: ${JSON.stringify(json)}`);
}
