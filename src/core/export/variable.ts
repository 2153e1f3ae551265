import { KeyformError } from '../error.ts';
import { type Credential, sentId, variableName } from './credential.ts';

/** An environment variable for a consumer. */
export interface Variable {
  readonly name: string;
  /** In plain. */
  readonly value: string;
  /** Address of the key that it comes from. */
  readonly address: string;
}

/** What a variable that was named on the command line shall hold. */
export interface Assignment {
  readonly name: string;
  readonly address: string;
  readonly half: 'id' | 'secret';
}

/** What shells, and what reads files of variables, take as a name. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What stands in a prefix for the name of the key's resource. */
export const NAME_IN_PREFIX = '{name}';

/** Names for keys whose vendor has none: then with the resource's name in front, as one variable says nothing by itself. */
const PLAIN = { id: 'ACCESS_KEY_ID', secret: 'SECRET' } as const;

/** Reads `NAME=ADDRESS`, `NAME=ADDRESS:id` or `NAME=ADDRESS:secret` (the default). Throws `invalid-usage`. */
export function parseAssignment(text: string): Assignment {
  const [, name = '', address = '', half = 'secret'] = /^([^=]*)=(.+?)(?::(id|secret))?$/s.exec(text) ?? [];
  if (!NAME.test(name) || address === '') {
    throw new KeyformError('invalid-usage', '-env is to be NAME=ADDRESS, NAME=ADDRESS:id or NAME=ADDRESS:secret', {
      detail: `It is "${text.slice(0, 80)}". NAME consists of letters, digits and "_" and does not begin with a digit.`,
    });
  }
  return { name, address, half: half as Assignment['half'] };
}

/**
 * The variables of `credentials` under the names that their vendors' tools read, each with `prefix` in front, in which `{name}` stands
 * for the resource's name. `prefix` null: none, but the resource's name where the vendor has no names. Throws `invalid-usage`
 * for a prefix that makes no name, `invalid-state` for a key without an id yet. Names may be double: see {@link refuseDouble}.
 */
export function variablesOf(credentials: readonly Credential[], prefix: string | null): readonly Variable[] {
  return credentials.flatMap((credential) => {
    const { address, form, generation, secret } = credential;
    const names = form?.environment ?? PLAIN;
    const front = (prefix ?? (form === null ? `${NAME_IN_PREFIX}_` : '')).replaceAll(
      NAME_IN_PREFIX,
      variableName(address),
    );
    if (!NAME.test(`${front}X`)) {
      throw new KeyformError('invalid-usage', `-prefix makes no name of a variable: "${front.slice(0, 40)}"`, {
        detail: `Letters, digits and "_", not a digit first; ${NAME_IN_PREFIX} stands for the resource's name.`,
      });
    }
    const variable = (name: string, value: string): Variable => ({ name: `${front}${name}`, value, address });
    const beside = Object.entries(form?.beside ?? {}).flatMap(([argument, name]) => {
      const value = generation.args[argument];
      return typeof value === 'string' && value !== '' ? [variable(name, value)] : [];
    });
    return [
      ...(names.id === null ? [] : [variable(names.id, sentId(credential))]),
      variable(names.secret, secret.reveal()),
      ...beside,
    ];
  });
}

/** The variable that was asked for by name; `credential` is that of its address. */
export function assigned({ name, half }: Assignment, credential: Credential): Variable {
  const value = half === 'id' ? sentId(credential) : credential.secret.reveal();
  return { name, value, address: credential.address };
}

/** Throws `invalid-usage` when two variables have one name: a consumer would get one of them, and which is chance. */
export function refuseDouble(variables: readonly Variable[]): void {
  const seen = new Map<string, Variable>();
  for (const variable of variables) {
    const before = seen.get(variable.name);
    if (before === undefined) {
      seen.set(variable.name, variable);
      continue;
    }
    const both =
      before.address === variable.address
        ? `It is asked for twice, of ${variable.address}.`
        : `Both ${before.address} and ${variable.address} would set it.`;
    throw new KeyformError('invalid-usage', `There would be two variables ${variable.name}`, {
      detail: `${both} Name one key only, put the resources' names in front with -prefix=${NAME_IN_PREFIX}_, or choose names with -env=NAME=ADDRESS:id and -env=NAME=ADDRESS:secret.`,
    });
  }
}
