import type { Outcome, Outside } from './context.ts';
import {
  ADDRESS,
  APPROVAL,
  DRY,
  type Flag,
  JSON_FLAG,
  KEYS,
  ONE,
  PLAN,
  type Positional,
  REPORTS,
  SANDBOX,
  STACKS,
  STATE,
  VARIABLE_NAMES,
  VARIABLES,
} from './flag.ts';

/** What a command line comes to: flags and positionals by name. */
export type Flags = Readonly<Record<string, unknown>>;

/** A command of Keyform. */
export interface Command {
  /** Its words: `plan`, `state show`. */
  readonly name: string;
  readonly describe: string;
  readonly positionals: readonly Positional[];
  readonly flags: Readonly<Record<string, Flag>>;
  /** Runs the words behind `--` as a command; no other command takes any. */
  readonly runs?: true;
  /** Loads the command's code and runs it. */
  run(outside: Outside, flags: Flags): Promise<Outcome>;
}

/** Commands that hold others, with what to say when none is named. */
export const GROUPS: Readonly<Record<string, { readonly describe: string; readonly which: string }>> = {
  secret: { describe: 'Give out secrets', which: 'Which one? keyform secret get, exec or export' },
  state: {
    describe: 'Look into the state, and change, keep and check it',
    which: 'Which one? keyform state list, show, pull, push, mv, rm, backup, restore, history, verify, repair or rekey',
  },
};

/** Binds a command's function, loaded at the moment it is run, to flags that the command line has checked. */
function runs<F>(
  load: () => Promise<(outside: Outside, flags: F) => Promise<Outcome> | Outcome>,
  more: Flags = {},
): Command['run'] {
  return async (outside, flags) => (await load())(outside, { ...flags, ...more } as F);
}

/** Every command, in the order in which help lists them. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'init',
    describe: 'Make this folder a project that plans',
    positionals: [],
    flags: {
      typescript: { kind: 'switch', on: false, describe: 'Write a TypeScript (CDKTF) stack instead of a JSON one' },
      'post-quantum': {
        kind: 'switch',
        on: false,
        describe: 'Make a post-quantum identity; the program age opens it from version 1.3 on',
      },
      ci: { kind: 'value', describe: 'Only write the workflows of a CI system into this project: github or gitlab' },
    },
    run: runs(async () => (await import('./command/init.ts')).initCommand),
  },
  {
    name: 'validate',
    describe: 'Check stacks without values, state or network',
    positionals: [STACKS],
    flags: { ...JSON_FLAG, ...REPORTS },
    run: runs(async () => (await import('./command/validate.ts')).validateCommand),
  },
  {
    name: 'synth',
    describe: 'Run the TypeScript app and write its stacks',
    positionals: [],
    flags: {},
    run: runs(async () => (await import('./command/synth.ts')).synthCommand),
  },
  {
    name: 'plan',
    describe: 'Show what apply would do',
    positionals: [STACKS],
    flags: {
      ...PLAN,
      out: { kind: 'value', describe: 'Save the plan, sealed, to this file' },
      destroy: { kind: 'switch', on: false, describe: 'Plan to destroy everything' },
      'detailed-exitcode': { kind: 'switch', on: false, describe: 'Exit 2 when there is something to do' },
      markdown: { kind: 'switch', on: false, describe: 'Print Markdown, for a comment on a pull or merge request' },
      'report-dir': {
        kind: 'value',
        describe: "Write plan.md, and GitLab's terraform.json and codequality.json, into this folder",
      },
    },
    run: runs(async () => (await import('./command/plan.ts')).planCommand),
  },
  {
    name: 'apply',
    describe: 'Create, change and delete keys as planned (or as a saved plan says)',
    positionals: [STACKS],
    flags: { ...PLAN, ...APPROVAL, destroy: { kind: 'switch', on: false, describe: 'Destroy everything' } },
    run: runs(async () => (await import('./command/apply.ts')).applyCommand),
  },
  {
    name: 'destroy',
    describe: 'Delete every key of a stack',
    positionals: [STACKS],
    flags: { ...PLAN, ...APPROVAL },
    run: runs(async () => (await import('./command/apply.ts')).applyCommand, { destroy: true }),
  },
  {
    name: 'rotate',
    describe: 'Rotate the keys that are due, retire those whose overlap is over, and nothing else',
    positionals: [
      { name: 'addresses', many: true, describe: 'Only these: TYPE.NAME, as "keyform state list" prints it' },
    ],
    flags: {
      ...VARIABLES,
      ...STATE,
      ...ONE,
      ...APPROVAL,
      check: { kind: 'switch', on: false, describe: 'Only say what is due; exit 2 when something is' },
      'due-within': { kind: 'value', describe: 'What will be due within this time counts as due, such as 7d' },
      force: { kind: 'switch', on: false, describe: 'Rotate the named keys whether or not they are due' },
      'revoke-now': {
        kind: 'switch',
        on: false,
        describe: 'Retire the named keys at once, without overlap: for a leaked key',
      },
      rollback: { kind: 'switch', on: false, describe: 'Make the key before the current one the current one again' },
      exclude: PLAN.exclude as Flag,
      'max-rotations': { kind: 'value', describe: 'Most scheduled rotations of this run, the most urgent first' },
      'max-deletes': {
        kind: 'value',
        describe: 'Most keys that may be deleted, not counting those whose overlap is over',
      },
      'allow-credential-delete': PLAN['allow-credential-delete'] as Flag,
      parallelism: PLAN.parallelism as Flag,
      json: PLAN.json as Flag,
      ...SANDBOX,
    },
    run: runs(async () => (await import('./command/rotate.ts')).rotateCommand),
  },
  {
    name: 'show',
    describe: 'Print a saved plan, or the state of a stack',
    positionals: [{ name: 'what', describe: 'A plan file, or a stack' }],
    flags: {
      ...STATE,
      ...JSON_FLAG,
      markdown: { kind: 'switch', on: false, describe: 'Print a saved plan as Markdown, for a comment' },
    },
    run: runs(async () => (await import('./command/show.ts')).showCommand),
  },
  {
    name: 'output',
    describe: "Print a stack's output values",
    positionals: [{ name: 'name', describe: 'One output' }],
    flags: {
      ...STATE,
      ...ONE,
      ...JSON_FLAG,
      raw: { kind: 'switch', on: false, describe: 'Print one value without quotes' },
      reveal: { kind: 'switch', on: false, describe: 'Print sensitive values too' },
    },
    run: runs(async () => (await import('./command/output.ts')).outputCommand),
  },
  {
    name: 'secret get',
    describe: 'Print the secret of a key',
    positionals: [ADDRESS],
    flags: {
      ...STATE,
      ...ONE,
      ...JSON_FLAG,
      generation: { kind: 'value', describe: 'An older key that is still alive, by its number' },
      reveal: { kind: 'switch', on: false, describe: 'Print it to a terminal too' },
    },
    run: runs(async () => (await import('./command/secret/get.ts')).secretGetCommand),
  },
  {
    name: 'secret exec',
    describe: 'Run a command with keys in its environment: keyform secret exec ADDRESS -- COMMAND',
    positionals: [KEYS],
    flags: { ...STATE, ...ONE, ...VARIABLE_NAMES },
    runs: true,
    run: runs(async () => (await import('./command/secret/exec.ts')).secretExecCommand),
  },
  {
    name: 'secret export',
    describe: 'Write keys in the form that their consumer reads',
    positionals: [KEYS],
    flags: {
      ...STATE,
      ...ONE,
      ...VARIABLE_NAMES,
      format: {
        kind: 'value',
        describe: 'dotenv, docker-env, shell, json, k8s-secret, github-env, aws-credentials or a form of the vendor',
      },
      out: { kind: 'value', describe: 'Write it to this file, for its owner alone, instead of standard output' },
      force: { kind: 'switch', on: false, describe: 'Replace the file if it is there' },
      name: { kind: 'value', describe: 'Name of the Kubernetes Secret, or of the profile' },
      namespace: { kind: 'value', describe: 'Namespace of the Kubernetes Secret' },
      reveal: { kind: 'switch', on: false, describe: 'Print it to a terminal too' },
    },
    run: runs(async () => (await import('./command/secret/export.ts')).secretExportCommand),
  },
  {
    name: 'state list',
    describe: 'Print the addresses, or those named',
    positionals: [{ name: 'addresses', many: true, describe: 'Only these' }],
    flags: { ...STATE, ...ONE, id: { kind: 'value', describe: 'Only the key with this id' } },
    run: runs(async () => (await import('./command/state/look.ts')).stateListCommand),
  },
  {
    name: 'state show',
    describe: 'Print one resource, without its secret',
    positionals: [ADDRESS],
    flags: { ...STATE, ...ONE },
    run: runs(async () => (await import('./command/state/look.ts')).stateShowCommand),
  },
  {
    name: 'state pull',
    describe: 'Print the whole state as JSON, without secrets; or sealed, with them',
    positionals: [],
    flags: {
      ...STATE,
      ...ONE,
      sealed: { kind: 'switch', on: false, describe: 'The age file, as "keyform state push" takes it' },
    },
    run: runs(async () => (await import('./command/state/look.ts')).statePullCommand),
  },
  {
    name: 'state push',
    describe: 'Put a newer sealed state in the place of the present one',
    positionals: [{ name: 'file', required: true, describe: 'A sealed state; - for standard input' }],
    flags: {
      ...STATE,
      ...ONE,
      force: { kind: 'switch', on: false, describe: 'Even if lineages or stacks differ, or the present one is newer' },
    },
    run: runs(async () => (await import('./command/state/restore.ts')).statePushCommand),
  },
  {
    name: 'state mv',
    describe: 'Give the keys of one address to another',
    positionals: [
      { name: 'source', required: true, describe: 'TYPE.NAME, as "keyform state list" prints it' },
      { name: 'destination', required: true, describe: 'An address of the same type that has none' },
    ],
    flags: { ...STATE, ...ONE, ...DRY },
    run: runs(async () => (await import('./command/state/change.ts')).stateMvCommand),
  },
  {
    name: 'state rm',
    describe: 'Forget keys, which stay at their clouds',
    positionals: [{ name: 'addresses', many: true, describe: 'TYPE.NAME, as "keyform state list" prints it' }],
    flags: {
      ...STATE,
      ...ONE,
      ...DRY,
      ...APPROVAL,
      force: { kind: 'switch', on: false, describe: 'Forget attempts whose result is not known, too' },
    },
    run: runs(async () => (await import('./command/state/change.ts')).stateRmCommand),
  },
  {
    name: 'state backup',
    describe: 'Write a sealed copy of the state as it is now',
    positionals: [{ name: 'file', describe: 'A new file; beside the state when left out' }],
    flags: { ...STATE, ...ONE },
    run: runs(async () => (await import('./command/state/restore.ts')).stateBackupCommand),
  },
  {
    name: 'state restore',
    describe: 'Say that this state is right, however old it is, and put it in place',
    positionals: [{ name: 'file', describe: 'A sealed state, also the present one; its backup when left out' }],
    flags: {
      ...STATE,
      ...ONE,
      ...APPROVAL,
      force: { kind: 'switch', on: false, describe: 'Even if it is of another lineage or stack' },
    },
    run: runs(async () => (await import('./command/state/restore.ts')).stateRestoreCommand),
  },
  {
    name: 'state history',
    describe: 'Print who changed which key when, newest last',
    positionals: [{ name: 'address', describe: 'Only what belongs to this one' }],
    flags: {
      ...STATE,
      ...ONE,
      json: { kind: 'switch', on: false, describe: 'One JSON object a line' },
      limit: { kind: 'value', describe: 'Only the last so many entries' },
    },
    run: runs(async () => (await import('./command/state/history.ts')).stateHistoryCommand),
  },
  {
    name: 'state rekey',
    describe: 'Seal the state, backups included, for other recipients or under a passphrase',
    positionals: [STACKS],
    flags: {
      ...STATE,
      add: { kind: 'value', describe: 'Add this age recipient (repeatable)' },
      remove: { kind: 'value', describe: 'Take this age recipient away (repeatable)' },
      passphrase: {
        kind: 'switch',
        on: false,
        describe: 'Under a passphrase, asked for or in KEYFORM_NEW_PASSPHRASE',
      },
    },
    run: runs(async () => (await import('./command/rekey.ts')).rekeyCommand),
  },
  {
    name: 'state verify',
    describe: 'Look at every file of the state; exit 1 when one is damaged or for others, with what a repair would do',
    positionals: [],
    flags: { ...STATE, ...ONE, ...JSON_FLAG },
    run: runs(async () => (await import('./command/verify.ts')).stateVerifyCommand),
  },
  {
    name: 'state repair',
    describe: 'Put a damaged state in order from what is authentic in its files',
    positionals: [],
    flags: {
      ...STATE,
      ...ONE,
      ...APPROVAL,
      'dry-run': { kind: 'switch', on: false, describe: 'Only say what would be done' },
    },
    run: runs(async () => (await import('./command/repair.ts')).stateRepairCommand),
  },
  {
    name: 'drift',
    describe: 'Compare the clouds with the state; exit 2 when they differ',
    positionals: [STACKS],
    flags: {
      ...VARIABLES,
      ...STATE,
      ...SANDBOX,
      ...JSON_FLAG,
      'expiring-within': { kind: 'value', describe: 'Tell keys that expire within this time (default 7d)' },
      'max-age': { kind: 'value', describe: 'Tell keys without a rotation policy that are older, such as 90d' },
      'unused-for': {
        kind: 'value',
        describe: 'Tell keys without a use for so long, such as 30d, where the API tells',
      },
      verify: {
        kind: 'switch',
        on: false,
        describe: 'Try every secret, where a harmless call can: one call for each key',
      },
      markdown: { kind: 'switch', on: false, describe: 'Print Markdown, for a job summary, an issue or a comment' },
      junit: { kind: 'switch', on: false, describe: 'Print JUnit XML, for test reports of CI systems' },
      sarif: { kind: 'switch', on: false, describe: 'Print SARIF 2.1.0, for code scanning' },
      'report-dir': { kind: 'value', describe: 'Write drift.json, .md, .xml (JUnit) and .sarif into this folder' },
      'metrics-file': { kind: 'value', describe: "Write metrics in Prometheus' text format to this file" },
      webhook: {
        kind: 'value',
        describe: 'Post what is new and what is resolved to this URL (or KEYFORM_WEBHOOK), also for Slack',
      },
      watch: { kind: 'value', describe: 'Look again after this time, such as 15m, until stopped' },
    },
    run: runs(async () => (await import('./command/drift.ts')).driftCommand),
  },
  {
    name: 'import',
    describe:
      'Take over keys that exist: one by its id, or those of a Terraform state; or write what a stack would say',
    positionals: [
      { name: 'address', describe: 'TYPE.NAME, as the stack declares it' },
      { name: 'id', describe: "The key's id, or access key id, as its cloud shows it" },
    ],
    flags: {
      ...VARIABLES,
      ...STATE,
      ...ONE,
      ...SANDBOX,
      ...DRY,
      'secret-file': { kind: 'value', describe: "The key's secret, in a file; - for standard input" },
      'from-tfstate': {
        kind: 'value',
        describe: 'A Terraform state (version 4) whose keys are adopted; - for standard input',
      },
      'removed-out': {
        kind: 'value',
        describe: 'Where the "removed" blocks for that Terraform go (STACK.removed.tf.json)',
      },
      generate: { kind: 'switch', on: false, describe: 'Print what a stack would say of the keys that nobody manages' },
      typescript: { kind: 'switch', on: false, describe: 'With -generate: as TypeScript (CDKTF)' },
      type: {
        kind: 'value',
        describe: 'With -generate: the resource type of keys of an owner that the stack does not know',
      },
      owner: { kind: 'value', describe: 'With -type: an argument that names the owner, NAME=VALUE (repeatable)' },
      out: { kind: 'value', describe: 'With -generate: write to this new file' },
      'include-credential': {
        kind: 'switch',
        on: false,
        describe: 'With -generate: the key that Keyform itself authenticates with, too',
      },
    },
    run: runs(async () => (await import('./command/import/index.ts')).importCommand),
  },
  {
    name: 'graph',
    describe: 'Draw what depends on what in a stack, for Graphviz or Mermaid',
    positionals: [STACKS],
    flags: { format: { kind: 'value', describe: 'dot (default) or mermaid' } },
    run: runs(async () => (await import('./command/graph.ts')).graphCommand),
  },
  {
    name: 'emulator',
    describe: "Serve the clouds' key APIs on a loopback port",
    positionals: [],
    flags: {
      port: { kind: 'value', describe: 'Port (default 8787; 0 for any)' },
      data: { kind: 'value', describe: 'Keep the data in this file, such as .keyform/sandbox.json' },
      options: { kind: 'value', describe: `Switches as JSON: '{"CLOUD":{"SWITCH":VALUE}}'` },
      quiet: { kind: 'switch', on: false, describe: 'No line for each request' },
    },
    run: runs(async () => (await import('./command/emulator.ts')).emulatorCommand),
  },
  {
    name: 'schema',
    describe: 'Print clouds, resource types, arguments, attributes and capabilities',
    positionals: [{ name: 'type', describe: 'A resource type, data source or cloud; all when left out' }],
    flags: JSON_FLAG,
    run: runs(async () => (await import('./command/schema.ts')).schemaCommand),
  },
  {
    name: 'force-unlock',
    describe: 'Take the state lock of a run away',
    positionals: [{ name: 'id', required: true, describe: 'As the message about the lock names it' }],
    flags: { ...STATE, ...ONE },
    run: runs(async () => (await import('./command/unlock.ts')).forceUnlockCommand),
  },
  {
    name: 'version',
    describe: 'Print the version',
    positionals: [],
    flags: JSON_FLAG,
    run: async (outside, flags) => {
      const { version, terminal } = outside;
      terminal.out(flags.json === true ? `${JSON.stringify({ keyform_version: version })}\n` : `keyform ${version}\n`);
      return { code: 0 };
    },
  },
];

/** What yargs, and the parser that it is built on, are told alike: only what is written counts. */
export const PARSER = {
  'boolean-negation': false,
  'camel-case-expansion': false,
  'dot-notation': false,
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'short-option-groups': false,
  'populate--': true,
} as const;
