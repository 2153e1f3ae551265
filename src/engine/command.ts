import { resolve } from 'node:path';
import { Report } from '../core/configuration/block.ts';
import type { Provisioner } from '../core/configuration/provisioner.ts';
import { DiagnosticsError, type Place } from '../core/diagnostic.ts';
import { isKeyformError, KeyformError } from '../core/error.ts';
import type { InstanceScope } from '../core/evaluation/module.ts';
import { conceal, Lines } from '../core/line.ts';
import { type Command, commandOf } from '../core/plan/command.ts';
import type { Environment, Processes, ProcessResult } from '../core/port.ts';
import type { Secret } from '../core/secret.ts';
import { quote } from '../core/typed/quote.ts';

/** What the command of a provisioner runs in. */
export interface CommandPorts {
  readonly processes: Processes;
  /** Of Keyform itself. */
  readonly environment: Environment;
  /** The project folder, absolute: where the command runs, and what its `working_dir` is relative to. */
  readonly folder: string;
  /** To be kept out of its output beside what is sensitive in its own environment: the secret of the resource. */
  readonly secrets: readonly Secret[];
  readonly signal?: AbortSignal;
  /** Each line of its standard output and standard error as it comes, without secrets; before them one that says what is run. */
  readonly onOutput: (line: string) => void;
}

/** A command that ran and failed, that was stopped, or that could not be started. The detail ends with what it printed, without secrets. */
export class CommandError extends KeyformError {
  /** Of the provisioner. */
  readonly place: Place;

  constructor(detail: string, place: Place, cause?: unknown) {
    super('command-failed', 'local-exec provisioner error', cause === undefined ? { detail } : { detail, cause });
    this.name = 'CommandError';
    this.place = place;
  }
}

/** Bytes of output that are quoted when a command fails: as many as Terraform quotes. */
const QUOTED = 8 * 1024;

/**
 * Runs the command of a provisioner to its end, as Terraform's local-exec does. `scope` is that of the instance, with its value as
 * `self`. Throws {@link CommandError} (`command-failed`) when it fails; a DiagnosticsError when its arguments are refused (see
 * {@link commandOf}); `cancelled` when the signal was aborted before it was started. An abort later ends it with all that it started.
 */
export async function runCommand(provisioner: Provisioner, scope: InstanceScope, ports: CommandPorts): Promise<void> {
  const { processes, folder, signal, onOutput } = ports;
  const { place } = provisioner;
  if (isAborted(signal)) throw new KeyformError('cancelled', 'Stopped before the command was run');
  const command = knownCommand(provisioner, scope);
  // Every Windows says so in its environment.
  const shell = ports.environment.OS === 'Windows_NT' ? ['cmd', '/C'] : ['/bin/sh', '-c'];
  const line = [...(command.interpreter ?? shell), command.text];
  const [program = '', ...args] = line;
  const cwd = resolve(folder, command.folder ?? '.');

  const secrets = [...command.secrets, ...ports.secrets];
  const told: string[] = [];
  let length = 0;
  const heard = () =>
    new Lines(secrets, (text) => {
      told.push(text);
      length += text.length;
      while (told.length > 1 && length - (told[0]?.length ?? 0) > QUOTED) length -= told.shift()?.length ?? 0;
      onOutput(text);
    });
  const shown = new Lines(secrets, onOutput);
  shown.push(
    command.quiet ? 'local-exec: Executing: Suppressed by quiet=true' : `Executing: [${line.map(quote).join(' ')}]`,
  );
  shown.end();
  const [stdout, stderr] = [heard(), heard()];
  const end = () => {
    stdout.end();
    stderr.end();
  };
  const fail = (how: string, cause?: unknown) =>
    new CommandError(
      `${conceal(`Error running ${command.quiet ? 'the command' : `command '${command.text}'`}: ${how}`, secrets)}. Output: ${told.join('\n').slice(-QUOTED)}`,
      place,
      cause,
    );

  let result: ProcessResult;
  try {
    result = await processes.run(program, {
      args,
      cwd,
      env: { ...inherited(ports.environment, scope), ...command.environment },
      // What it writes is passed on as it comes.
      maxOutput: 1,
      onStdout: (text) => stdout.push(text),
      onStderr: (text) => stderr.push(text),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (cause) {
    end();
    if (isAborted(signal)) throw fail('it was stopped, because Keyform was', cause);
    throw fail(notStarted(program, command, cause), cause);
  }
  end();
  if (result.signal !== null) throw fail(`it was ended by the signal ${result.signal}`);
  if (result.code !== 0) throw fail(`exit status ${result.code}`);
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/**
 * Whether the run goes on after `error` as if the command had succeeded: `on_failure = "continue"`, and it was the command that failed. One that
 * was not run, because its arguments are refused or the run was stopped before it, has not failed.
 */
export function continues(provisioner: Provisioner, error: unknown): boolean {
  return provisioner.onFailure === 'continue' && isKeyformError(error, 'command-failed');
}

function knownCommand(provisioner: Provisioner, scope: InstanceScope): Command {
  const report = new Report();
  const command = commandOf(provisioner, scope, report, '');
  if (report.failed) throw new DiagnosticsError(report.diagnostics.map(({ address: _, ...diagnostic }) => diagnostic));
  if (command !== null) return command;
  throw new KeyformError('internal', 'The command of a provisioner is still not known', {
    detail: 'What it depends on has no value. Plan again.',
  });
}

/**
 * The environment that a command gets without the stack's doing: that of Keyform, but nothing that is said to Keyform alone (identities and
 * passphrases of the state, values of variables) and no value of a sensitive variable. Credentials of clouds stay, for the
 * vendors' own tools, which a command may well run.
 */
function inherited(environment: Environment, scope: InstanceScope): Environment {
  const { variables } = scope.module.evaluation.root.module;
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => {
      const upper = name.toUpperCase();
      if (upper.startsWith('KEYFORM_')) return false;
      return !upper.startsWith('TF_VAR_') || variables.get(name.slice('TF_VAR_'.length))?.sensitive !== true;
    }),
  );
}

/** Why a command cannot be started. A missing folder and a missing program are the same error to Node. */
function notStarted(program: string, command: Command, cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const folder = command.folder === null ? '' : `, or the folder ${quote(command.folder)}`;
  if (code === 'ENOENT') {
    const what =
      command.interpreter === null ? (command.folder === null ? '' : `the folder ${quote(command.folder)}`) : '';
    return `${what === '' ? `${quote(program)}${folder}` : what}: no such file or directory`;
  }
  return `${quote(program)} cannot be started${code === '' ? '' : ` (${code})`}`;
}
