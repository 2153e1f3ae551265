import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import type { EmulatorRequest, EmulatorResponse } from '../../../src/core/emulator.ts';

/** The vendor's description lies beside the repository, not in it; without it there is nothing to hold the emulator against. */
const FILE = fileURLToPath(
  new URL('../../../../shared/apis/specs/nscale-object-storage-access-keys.openapi.yaml', import.meta.url),
);

type Node = { readonly [key: string]: unknown };

/** The vendor's description, to hold requests and answers against. */
export interface Contract {
  /** What in the exchange is not as described, or null. Answers that the description does not declare for the call are told so. */
  problem(request: EmulatorRequest, response: EmulatorResponse): string | null;
  /** The body of the example of a response: `notFoundResponse`. */
  example(name: string): Node;
  /** Methods of every path that is described: `GET /api/…`. */
  operations(): string[];
}

/** Null, with a printed reason, when the description is not at hand. */
export function loadContract(): Contract | null {
  if (!existsSync(FILE)) {
    process.stderr.write(
      'Nscale: the vendor’s API description is not at hand, so the emulator is not held against it\n',
    );
    return null;
  }
  const document = parse(readFileSync(FILE, 'utf8')) as Node;
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const validators = new Map<unknown, ValidateFunction>();
  const check = (schema: unknown, value: unknown): string | null => {
    const validate = validators.get(schema) ?? ajv.compile(flatten(document, schema as Node));
    validators.set(schema, validate);
    return validate(value) === true ? null : ajv.errorsText(validate.errors);
  };
  const schemaOf = (node: Node): unknown => at(node, 'content', 'application/json', 'schema');

  return {
    problem(request, response) {
      const paths = document.paths as Record<string, Node>;
      const template = Object.keys(paths).find((path) =>
        new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`).test(request.path),
      );
      const operation = template === undefined ? undefined : paths[template]?.[request.method.toLowerCase()];
      if (operation === undefined) return `${request.method} ${request.path} is not described`;
      const { requestBody, responses } = operation as { requestBody?: Node; responses: Record<string, Node> };
      if (requestBody !== undefined && response.status < 300) {
        const wrong = check(schemaOf(resolve(document, requestBody)), JSON.parse(request.body));
        if (wrong !== null) return `request: ${wrong}`;
        if (request.headers['content-type'] !== 'application/json') return 'the request says no content type';
      }
      const reference = responses[String(response.status)];
      if (reference === undefined) return `HTTP ${response.status} is not declared`;
      const declared = resolve(document, reference);
      if (declared.content === undefined) return response.body === '' ? null : 'a body is not declared';
      if (response.headers['content-type'] !== 'application/json') return 'the answer says no content type';
      const wrong = check(schemaOf(declared), JSON.parse(response.body));
      return wrong === null ? null : `answer: ${wrong}`;
    },
    example: (name) =>
      at(document, 'components', 'responses', name, 'content', 'application/json', 'example') as unknown as Node,
    operations: () =>
      Object.entries(document.paths as Record<string, Node>).flatMap(([path, methods]) =>
        Object.keys(methods)
          .filter((name) => ['get', 'post', 'put', 'delete'].includes(name))
          .map((name) => `${name.toUpperCase()} ${path}`),
      ),
  };
}

function at(node: Node, ...names: string[]): Node {
  return names.reduce((inner, name) => {
    const found = inner[name];
    if (typeof found !== 'object' || found === null) throw new Error(`the description has no ${names.join('/')}`);
    return found as Node;
  }, node);
}

function resolve(document: Node, node: Node): Node {
  const { $ref } = node as { $ref?: string };
  return $ref === undefined ? node : resolve(document, at(document, ...$ref.replace(/^#\//, '').split('/')));
}

/**
 * The schema without references and `allOf`, as JSON Schema has it, and closed: the description lets any other member be,
 * here exactly the described ones are let pass.
 */
function flatten(document: Node, schema: Node): Node {
  const { allOf, nullable, ...own } = resolve(document, schema) as Node & { allOf?: Node[]; nullable?: boolean };
  let properties: Record<string, unknown> = {};
  let required = (own.required as string[] | undefined) ?? [];
  for (const part of allOf ?? []) {
    const flat = flatten(document, part);
    properties = { ...properties, ...(flat.properties as Node | undefined) };
    required = [...required, ...((flat.required as string[] | undefined) ?? [])];
  }
  for (const [name, property] of Object.entries((own.properties as Record<string, Node> | undefined) ?? {})) {
    properties[name] = flatten(document, property);
  }
  return {
    ...own,
    ...(nullable === true ? { type: [own.type, 'null'] } : {}),
    ...(own.items === undefined ? {} : { items: flatten(document, own.items as Node) }),
    ...(Object.keys(properties).length === 0
      ? {}
      : { type: 'object', properties, required: [...new Set(required)], additionalProperties: false }),
  };
}
