/**
 * The emulator's reading of requests. The real service checks each one against its OpenAPI description before it looks at
 * it, and words what is wrong as the library does that it uses for that (kin-openapi; the frame around the words is the
 * vendor's own). So the same here: the part of the description that requests are held against, as data.
 */

/** The part of OpenAPI's schema language that the description uses for requests. Members that are not named pass. */
export type RequestSchema =
  | { readonly type: 'string'; readonly min?: number; readonly max?: number; readonly pattern?: string }
  | { readonly type: 'array'; readonly items: RequestSchema }
  | {
      readonly type: 'object';
      readonly required: readonly string[];
      readonly properties: Readonly<Record<string, RequestSchema>>;
    };

const text = { type: 'string' } as const;
const object = (required: readonly string[], properties: Readonly<Record<string, RequestSchema>>) =>
  ({ type: 'object', required, properties }) as const;

/** `kubernetesNameParameter`: ids in paths. Its description speaks of DNS labels, its schema of the length only. */
export const PATH_ID: RequestSchema = { type: 'string', min: 1, max: 63 };

/** An item of the query parameter `regionID`. */
export const REGION_ID: RequestSchema = { type: 'string', min: 1 };

const metadata = object(['name'], {
  name: { type: 'string', pattern: '^[0-9A-Za-z](?:[0-9A-Za-z-_.]{0,61}[0-9A-Za-z])?$' },
  description: text,
  tags: { type: 'array', items: object(['name', 'value'], { name: text, value: text }) },
});
const identityPolicies = {
  type: 'array',
  items: object(['name', 'document'], { name: { type: 'string', min: 1, max: 64 }, document: object([], {}) }),
} as const;

/** Bodies by action. */
export const BODIES = {
  CreateAccessKey: object(['metadata', 'spec'], {
    metadata,
    spec: object(['identityPolicy'], { identityPolicy: text }),
  }),
  CreateEndpoint: object(['metadata', 'spec'], {
    metadata,
    spec: object(['organizationId', 'projectId', 'regionId', 'objectStorageEndpointClassId'], {
      organizationId: text,
      projectId: text,
      regionId: text,
      objectStorageEndpointClassId: text,
      identityPolicies,
    }),
  }),
  UpdateEndpoint: object(['metadata'], { metadata, spec: object([], { identityPolicies }) }),
} as const satisfies Readonly<Record<string, RequestSchema>>;

/** The first thing that is wrong with `value`, as `"/pointer" reason`, or null. At the root the pointer is left out. */
export function problemOf(schema: RequestSchema, value: unknown, pointer = ''): string | null {
  const say = (reason: string, at = pointer): string => (at === '' ? reason : `${JSON.stringify(at)} ${reason}`);
  switch (schema.type) {
    case 'string': {
      if (typeof value !== 'string') return say('value must be a string');
      const length = [...value].length;
      if (length < (schema.min ?? 0)) return say(`minimum string length is ${schema.min}`);
      if (length > (schema.max ?? Number.POSITIVE_INFINITY)) return say(`maximum string length is ${schema.max}`);
      if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) {
        return say(`string doesn't match the regular expression ${JSON.stringify(schema.pattern)}`);
      }
      return null;
    }
    case 'array': {
      if (!Array.isArray(value)) return say('value must be an array');
      for (const [index, item] of value.entries()) {
        const problem = problemOf(schema.items, item, `${pointer}/${index}`);
        if (problem !== null) return problem;
      }
      return null;
    }
    case 'object': {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return say('value must be an object');
      for (const [name, property] of Object.entries(schema.properties)) {
        if (!Object.hasOwn(value, name)) continue;
        const problem = problemOf(property, (value as Record<string, unknown>)[name], `${pointer}/${name}`);
        if (problem !== null) return problem;
      }
      for (const name of schema.required) {
        if (!Object.hasOwn(value, name))
          return say(`property ${JSON.stringify(name)} is missing`, `${pointer}/${name}`);
      }
      return null;
    }
  }
}
