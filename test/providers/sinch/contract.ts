import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import type { EmulatorRequest, EmulatorResponse } from '../../../src/core/emulator.ts';

/** The vendor's description lies beside the repository, not in it; without it there is nothing to hold the emulator against. */
const FILE = fileURLToPath(new URL('../../../../shared/apis/specs/sinch-access-keys.openapi.yaml', import.meta.url));

type Node = Record<string, unknown>;

/** One answer's worth of the description. */
interface Described {
  readonly content?: {
    readonly 'application/json'?: {
      readonly examples?: Record<string, { readonly value: unknown }>;
      readonly example?: unknown;
    };
  };
}

/** The vendor's description, to hold requests and answers against. */
export interface Contract {
  /** What in the exchange is not as described, or null. Answers that the description does not declare for the call are told so. */
  problem(request: EmulatorRequest, response: EmulatorResponse): string | null;
  /** The body of an example: `503Error`, or `400Error/failedPrecondition`. */
  example(name: string): unknown;
}

/** Null, with a printed reason, when the description is not at hand. */
export function loadContract(): Contract | null {
  if (!existsSync(FILE)) {
    process.stderr.write(
      'Sinch: the vendor’s API description is not at hand, so the emulator is not held against it\n',
    );
    return null;
  }
  const document = parse(readFileSync(FILE, 'utf8')) as {
    paths: Record<string, Record<string, { operationId: string; responses: Node }>>;
    components: { schemas: Record<string, Node>; responses: Record<string, Described> };
  };
  // The description makes every field optional and lets any other be. Here: exactly the described fields, all of them.
  for (const schema of Object.values(document.components.schemas)) tighten(schema);
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ $id: 'sinch', ...document });
  const validators = new Map<string, ValidateFunction>();
  const check = (pointer: string, value: unknown): string | null => {
    const validate = validators.get(pointer) ?? ajv.compile({ $ref: `sinch#${pointer}` });
    validators.set(pointer, validate);
    return validate(value) === true ? null : ajv.errorsText(validate.errors);
  };
  const pointerPart = (text: string): string => encodeURIComponent(text.replaceAll('~', '~0').replaceAll('/', '~1'));

  return {
    problem(request, response) {
      const template = Object.keys(document.paths).find((path) =>
        new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`).test(request.path),
      );
      const method = request.method.toLowerCase();
      const operation = template === undefined ? undefined : document.paths[template]?.[method];
      if (template === undefined || operation === undefined)
        return `${request.method} ${request.path} is not described`;
      if (!operation.operationId.endsWith(`_${response.action}`)) return `the action is not ${operation.operationId}`;
      const base = `/paths/${pointerPart(template)}/${method}`;
      if (['post', 'patch'].includes(method) && response.status < 300) {
        const wrong = check(
          `${base}/requestBody/content/${pointerPart('application/json')}/schema`,
          JSON.parse(request.body),
        );
        if (wrong !== null) return `request: ${wrong}`;
        if (request.headers['content-type'] !== 'application/json') return 'the request says no content type';
      }
      const declared = operation.responses[String(response.status)] as ({ $ref?: string } & Described) | undefined;
      if (declared === undefined) return `HTTP ${response.status} is not declared`;
      const name = declared.$ref?.split('/').at(-1);
      const found = name === undefined ? declared : document.components.responses[name];
      if (found?.content?.['application/json'] === undefined) {
        return response.body === '' ? null : 'a body is not declared';
      }
      if (response.headers['content-type'] !== 'application/json') return 'the answer says no content type';
      const pointer = name === undefined ? `${base}/responses/${response.status}` : `/components/responses/${name}`;
      const wrong = check(`${pointer}/content/${pointerPart('application/json')}/schema`, JSON.parse(response.body));
      return wrong === null ? null : `answer: ${wrong}`;
    },
    example(name) {
      const [response = '', example] = name.split('/');
      const content = document.components.responses[response]?.content?.['application/json'];
      const found = example === undefined ? content?.example : content?.examples?.[example]?.value;
      if (found === undefined) throw new Error(`the description has no example ${name}`);
      return found;
    },
  };
}

function tighten(schema: Node): void {
  if (typeof schema.properties === 'object' && schema.properties !== null) {
    schema.additionalProperties = false;
    schema.required = Object.keys(schema.properties);
    for (const property of Object.values(schema.properties)) tighten(property as Node);
  }
}
