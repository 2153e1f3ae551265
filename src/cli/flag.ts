// Flags and words that several commands share.

/** A flag. `-name=value`, `-name value`, or for a switch `-name`. */
export interface Flag {
  readonly kind: 'switch' | 'value';
  /** Of a switch: whether it is on when not given; undefined where the command tells "not given" from "off". */
  readonly on?: boolean;
  readonly describe: string;
}

/** A word of a command line that is no flag. */
export interface Positional {
  readonly name: string;
  readonly required?: boolean;
  /** Takes all remaining words. */
  readonly many?: boolean;
  readonly describe: string;
}

/** Flags of every command. */
export const COMMON: Readonly<Record<string, Flag>> = {
  chdir: { kind: 'value', describe: 'Switch to this folder first' },
  log: { kind: 'value', describe: 'Log the requests: warn, info, debug, trace or json, as KEYFORM_LOG does' },
  'no-color': { kind: 'switch', describe: 'Print without colour (as NO_COLOR does)' },
};

export const STACKS: Positional = {
  name: 'stacks',
  many: true,
  describe: "Stacks by name, or '*' for all; not needed where there is one",
};

export const JSON_FLAG: Readonly<Record<string, Flag>> = {
  json: { kind: 'switch', on: false, describe: 'Print JSON' },
};

export const REPORTS: Readonly<Record<string, Flag>> = {
  'report-dir': { kind: 'value', describe: "Write codequality.json, GitLab's Code Quality report, into this folder" },
};

export const SANDBOX: Readonly<Record<string, Flag>> = {
  sandbox: { kind: 'switch', describe: 'Use the embedded key APIs instead of the clouds: no account needed' },
};

export const APPROVAL: Readonly<Record<string, Flag>> = {
  'auto-approve': { kind: 'switch', on: false, describe: 'Do not ask' },
};

export const DRY: Readonly<Record<string, Flag>> = {
  'dry-run': { kind: 'switch', on: false, describe: 'Only say what would be done' },
};

export const ONE: Readonly<Record<string, Flag>> = {
  stack: { kind: 'value', describe: 'The stack; not needed where there is one' },
};

export const STATE: Readonly<Record<string, Flag>> = {
  'identity-file': { kind: 'value', describe: 'age identity that opens the state (repeatable)' },
  'identity-command': {
    kind: 'value',
    describe: 'Command that prints an age identity, as a secrets manager does (repeatable)',
  },
  'lock-timeout': { kind: 'value', describe: 'How long to wait for the state lock, such as 30s (default 0s)' },
};

export const VARIABLES: Readonly<Record<string, Flag>> = {
  var: { kind: 'value', describe: "A variable's value: -var 'name=value' (repeatable)" },
  'var-file': { kind: 'value', describe: 'A file of variable values, *.tfvars.json (repeatable)' },
};

export const PLAN: Readonly<Record<string, Flag>> = {
  ...VARIABLES,
  ...STATE,
  target: { kind: 'value', describe: 'Only this address and what it depends on (repeatable)' },
  exclude: { kind: 'value', describe: 'Not this address, nor what depends on it (repeatable)' },
  replace: { kind: 'value', describe: 'Make a new key for this address (repeatable)' },
  refresh: { kind: 'switch', on: true, describe: 'Ask the key APIs first; -refresh=false trusts state' },
  'refresh-only': { kind: 'switch', on: false, describe: 'Only bring state up to what the APIs show' },
  json: { kind: 'switch', on: false, describe: "Terraform's machine-readable events, one JSON object a line" },
  'max-deletes': { kind: 'value', describe: 'Most keys that may be deleted (default 10; destroy: no limit)' },
  'allow-credential-delete': {
    kind: 'switch',
    on: false,
    describe: 'Allow deleting the key that Keyform itself authenticates with',
  },
  parallelism: { kind: 'value', describe: 'Steps at once (default 10)' },
  ...SANDBOX,
};

export const ADDRESS: Positional = {
  name: 'address',
  required: true,
  describe: 'TYPE.NAME, as "keyform state list" prints it',
};

export const KEYS: Positional = {
  name: 'addresses',
  many: true,
  describe: 'Keys by address; not needed for all keys of the stack',
};

export const VARIABLE_NAMES: Readonly<Record<string, Flag>> = {
  env: { kind: 'value', describe: 'One variable: NAME=ADDRESS[:id|:secret] (repeatable)' },
  prefix: { kind: 'value', describe: "Put this in front of the variables' names; {name} is the resource's name" },
  generation: { kind: 'value', describe: 'An older key that is still alive, by its number' },
};
