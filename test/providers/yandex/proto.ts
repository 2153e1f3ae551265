import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** One field of a message of the vendor's API description. */
interface Field {
  readonly type: string;
  readonly repeated: boolean;
}

/** What Keyform's tests need of `.proto` files: messages with their fields, and the REST paths of the calls. */
export interface Description {
  /** By full name, such as `yandex.cloud.iam.v1.ApiKey`; fields by their names in JSON. */
  readonly messages: ReadonlyMap<string, ReadonlyMap<string, Field>>;
  readonly calls: readonly {
    readonly name: string;
    readonly request: string;
    readonly answer: string;
    readonly method: string;
    readonly path: string;
  }[];
}

const folder = new URL('../../../../shared/apis/specs/yandex/', import.meta.url);

/** The extracts of the vendor's API description; null, with a printed reason, where they are not at hand. */
export function readDescription(): Description | null {
  if (!existsSync(folder)) {
    process.stderr.write(
      'yandex: the vendor’s .proto extracts are not here, so answers are not validated against them\n',
    );
    return null;
  }
  const messages = new Map<string, Map<string, Field>>();
  const calls: Description['calls'][number][] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.proto'))) {
    const text = readFileSync(new URL(file, folder), 'utf8').replace(/\/\/.*$/gm, '');
    const scope = /^package ([\w.]+);/m.exec(text)?.[1] ?? '';
    for (const [, name = '', body = ''] of text.matchAll(/^message (\w+) \{([\s\S]*?)^\}/gm)) {
      const fields = new Map<string, Field>();
      for (const [, repeated, type = '', field = ''] of body.matchAll(
        /^\s*(repeated )?([\w.]+) (\w+) = \d+\s*[;[]/gm,
      )) {
        fields.set(camelCase(field), { type: qualify(type, scope), repeated: repeated !== undefined });
      }
      messages.set(`${scope}.${name}`, fields);
    }
    for (const [, name = '', request = '', answer = '', method = '', path = ''] of text.matchAll(
      /rpc (\w+)\((\w+)\) returns \(([\w.]+)\) \{[\s\S]*?\b(get|post|patch|delete): "([^"]+)"/g,
    )) {
      const full = qualify(answer, scope);
      calls.push({ name, request: qualify(request, scope), answer: full, method: method.toUpperCase(), path });
    }
  }
  return { messages, calls };
}

/** Types of other packages are written from `yandex.cloud` on, those of the own one bare. */
function qualify(type: string, scope: string): string {
  if (/^(?:string|bool|int64|google\.)/.test(type)) return type;
  return type.includes('.') ? `yandex.cloud.${type}` : `${scope}.${type}`;
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** What is wrong with `value` as the JSON of `type`, with the place; null when nothing is. */
export function misfit(description: Description, type: string, value: unknown, place = 'answer'): string | null {
  const wrong = (what: string) => `${place}: ${what}`;
  switch (type) {
    case 'string':
      return typeof value === 'string' ? null : wrong('no string');
    case 'bool':
      return typeof value === 'boolean' ? null : wrong('no bool');
    case 'int64':
      return typeof value === 'string' && /^-?\d+$/.test(value) ? null : wrong('an int64 is a string in JSON');
    case 'google.protobuf.Timestamp':
      return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.(\d{3}){1,3})?Z$/.test(value)
        ? null
        : wrong(`no Timestamp: ${String(value)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong('no object');
  const members = Object.entries(value);
  if (type === 'google.protobuf.Any') {
    const name = /^type\.googleapis\.com\/([\w.]+)$/.exec(String((value as Record<string, unknown>)['@type']))?.[1];
    if (name === undefined) return wrong('an Any without @type');
    const rest = Object.fromEntries(members.filter(([member]) => member !== '@type'));
    if (name === 'google.protobuf.Empty') {
      return ['{}', '{"value":{}}'].includes(JSON.stringify(rest)) ? null : wrong('an Empty that is not empty');
    }
    return FOREIGN.has(name) ? null : misfit(description, name, rest, `${place}(${name})`);
  }
  const fields = type === 'google.rpc.Status' ? STATUS : description.messages.get(type);
  if (fields === undefined) return wrong(`the description has no message ${type}`);
  for (const [member, item] of members) {
    const field = fields.get(member);
    if (field === undefined) return wrong(`${type} has no field ${member}`);
    if (field.repeated && !Array.isArray(item)) return wrong(`${member} is no list`);
    for (const [index, one] of (field.repeated ? (item as unknown[]) : [item]).entries()) {
      const problem =
        field.type === 'int32'
          ? Number.isInteger(one)
            ? null
            : wrong(`${member} is no int32`)
          : misfit(description, field.type, one, `${place}.${member}${field.repeated ? `[${index}]` : ''}`);
      if (problem !== null) return problem;
    }
  }
  return null;
}

/** google/rpc/status.proto. */
const STATUS = new Map<string, Field>([
  ['code', { type: 'int32', repeated: false }],
  ['message', { type: 'string', repeated: false }],
  ['details', { type: 'google.protobuf.Any', repeated: true }],
]);

/** Details of errors, described in files that are not among the extracts. */
const FOREIGN = new Set(['google.rpc.RequestInfo', 'google.rpc.BadRequest', 'yandex.cloud.quota.QuotaFailure']);
