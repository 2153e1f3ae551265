import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The vendor's descriptions lie beside the repository, not in it; without them there is nothing to hold the emulator against. */
const FOLDER = new URL('../../../../shared/apis/specs/', import.meta.url);

interface Member {
  readonly name: string;
  readonly type: string;
  /** Type of the value, or of a list's items: a name of `objects`, or of a plain type. */
  readonly member: string;
  readonly required?: boolean;
  readonly output_required?: boolean;
  readonly value_allowed_null?: boolean;
}

interface Description {
  readonly actions: Readonly<Record<string, { readonly input: string; readonly output: string }>>;
  readonly objects: Readonly<Record<string, { readonly members: readonly Member[] }>>;
  readonly examples: Readonly<Record<string, readonly { readonly output: string }[]>>;
  readonly errorCodesByAction: Readonly<Record<string, readonly string[]>>;
}

/** The vendor's description, to hold requests and answers against. */
export interface GatewayContract {
  readonly actions: readonly string[];
  /** What in the parameters of a call is not as described; empty when nothing is. */
  request(action: string, params: unknown): string[];
  /** What in the content of `Response`, `RequestId` aside, is not as described. An error must be one that the action may answer. */
  answer(action: string, content: unknown): string[];
  /** The documented answer of an action: its `Response` object. */
  example(action: string): Record<string, unknown>;
}

/** Codes of the gateway in front of every service, which no action lists. */
const COMMON =
  /^(AuthFailure|UnauthorizedOperation|InvalidAction|ActionOffline|MissingParameter|UnknownParameter|InvalidParameter|InvalidParameterValue|RequestLimitExceeded|InternalError)$/;

/** Null, with a printed reason, when the description is not at hand. */
export function loadContract(
  service: 'apigateway-api-keys' | 'cam-access-keys' = 'apigateway-api-keys',
): GatewayContract | null {
  const FILE = fileURLToPath(new URL(`tencent-${service}.json`, FOLDER));
  if (!existsSync(FILE)) {
    process.stderr.write(
      `Tencent ${service}: the vendor’s API description is not at hand, so nothing is held against it\n`,
    );
    return null;
  }
  const { actions, objects, examples, errorCodesByAction } = JSON.parse(readFileSync(FILE, 'utf8')) as Description;

  function check(name: string, value: unknown, path: string): string[] {
    const described = objects[name];
    if (described === undefined) throw new Error(`the description has no ${name}`);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${path} is no object`];
    const known = new Set(described.members.map((member) => member.name));
    const strange = Object.keys(value).filter((key) => !known.has(key));
    return [
      ...strange.map((key) => `${path}.${key} is not described`),
      ...described.members.flatMap((member) => {
        const at = `${path}.${member.name}`;
        const found = (value as Record<string, unknown>)[member.name];
        if (found === undefined) {
          return member.required === true || member.output_required === true ? [`${at} is missing`] : [];
        }
        if (found === null) return member.value_allowed_null === true ? [] : [`${at} must not be null`];
        if (member.type !== 'list') return checkOne(member, found, at);
        if (!Array.isArray(found)) return [`${at} is no list`];
        return found.flatMap((item, i) => checkOne(member, item, `${at}[${i}]`));
      }),
    ];
  }

  function checkOne({ member, type }: Member, value: unknown, path: string): string[] {
    if (Object.hasOwn(objects, member)) return check(member, value, path);
    const types: Readonly<Record<string, (one: unknown) => boolean>> = {
      string: (one) => typeof one === 'string',
      int64: (one) => Number.isInteger(one),
      uint64: (one) => Number.isInteger(one) && Number(one) >= 0,
      date: (one) => typeof one === 'string' && /^\d{4}-\d\d-\d\d$/.test(one),
      datetime: (one) => typeof one === 'string' && /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(one),
      bool: (one) => typeof one === 'boolean',
      datetime_iso: (one) => typeof one === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(one),
    };
    const isOne = types[member];
    if (isOne === undefined)
      throw new Error(`${path} is described as ${type} of ${member}, which this check does not know`);
    return isOne(value) ? [] : [`${path} is no ${member}`];
  }

  return {
    actions: Object.keys(actions),
    request: (action, params) => check(actions[action]?.input ?? action, params, action),
    answer(action, content) {
      const error = (content as { readonly Error?: { readonly Code: string } }).Error;
      if (error === undefined) return check(actions[action]?.output ?? action, content, action);
      const listed = errorCodesByAction[action]?.includes(error.Code) ?? false;
      return listed || COMMON.test(error.Code) ? [] : [`${action} does not answer ${error.Code}`];
    },
    example(action) {
      const text = examples[action]?.[0]?.output;
      if (text === undefined) throw new Error(`the description has no example of ${action}`);
      return (JSON.parse(text) as { readonly Response: Record<string, unknown> }).Response;
    },
  };
}
