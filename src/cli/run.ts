import { DiagnosticsError, mergeDiagnostics, toDiagnostics } from '../core/diagnostic.ts';
import { isKeyformError, KeyformError } from '../core/error.ts';
import { type CommonFlags, DONE, list, type Outcome, type Outside, UNANSWERED } from './context.ts';
import { type Choice, parseLine } from './parse.ts';
import { diagnosticJson } from './render/diagnostic.ts';

/**
 * Reads the command line, runs the command and returns the exit code. Every error ends here as a diagnostic; a command's
 * code is loaded only when that command is asked for.
 */
export async function run(outside: Outside): Promise<number> {
  if (outside.environment.GITHUB_ACTIONS !== 'true') return runHere(outside);
  const { githubJob } = await import('./ci/github.ts');
  const job = githubJob(outside);
  if (job === null) return runHere(outside);
  const code = await runHere(job.outside);
  await job.end(code);
  return code;
}

async function runHere(outside: Outside): Promise<number> {
  try {
    const outcome = await dispatch(outside);
    if (outcome.diagnostics !== undefined) outside.printDiagnostics(outcome.diagnostics);
    return outcome.code;
  } catch (error) {
    if (outside.signal.aborted && isKeyformError(error, 'cancelled')) {
      outside.terminal.err(
        error.message === UNANSWERED
          ? 'Cancelled: nothing of what was asked was done.\n'
          : 'Stopped. Nothing more was begun.\n',
      );
      return 1;
    }
    report(outside, error);
    return 1;
  }
}

/** Errors go where the data of the command would: as events for `-json`, as boxes on standard error otherwise. */
export function report(outside: Outside, error: unknown): void {
  const diagnostics = mergeDiagnostics(toDiagnostics(error));
  const expected = isKeyformError(error) || error instanceof DiagnosticsError;
  if (!expected && outside.environment.KEYFORM_LOG === 'trace' && error instanceof Error) {
    outside.terminal.err(`${error.stack}\n`);
  }
  const json = outside.words.includes('--json') && ['plan', 'apply', 'destroy'].includes(command(outside.words) ?? '');
  if (!json) {
    outside.printDiagnostics(diagnostics);
    return;
  }
  for (const diagnostic of diagnostics) {
    const event = {
      '@level': diagnostic.severity === 'error' ? 'error' : 'warn',
      '@message': `${diagnostic.severity === 'error' ? 'Error' : 'Warning'}: ${diagnostic.summary}`,
      '@module': 'keyform.ui',
      '@timestamp': new Date(outside.clock.now()).toISOString(),
      diagnostic: diagnosticJson(diagnostic),
      type: 'diagnostic',
    };
    outside.terminal.out(`${JSON.stringify(event)}\n`);
  }
}

function command(words: readonly string[]): string | undefined {
  return words.find((word) => !word.startsWith('-'));
}

/** Runs the command that the line asks for; a line that asks for help only is done when that is printed. */
async function dispatch(outside: Outside): Promise<Outcome> {
  const { words } = outside;
  const choice = parseLine(words);
  if (choice !== null) return start(outside, choice);
  const { explainLine } = await import('./usage.ts');
  const explained = await explainLine(words, 100);
  return explained === null ? DONE : start(outside, explained);
}

/** Runs a command whose line can be read, after a look at the values of flags that many commands take and only some need. */
async function start(outside: Outside, { command, flags }: Choice): Promise<Outcome> {
  await refuseOddValues(flags as CommonFlags & { readonly 'lock-timeout'?: string | readonly string[] });
  return command.run(outside, flags);
}

/** Throws `invalid-usage`: a slip in a script is to show at once, not when the lock is first held by another. */
async function refuseOddValues(flags: CommonFlags & { readonly 'lock-timeout'?: string | readonly string[] }) {
  for (const name of ['identity-file', 'identity-command'] as const) {
    if (list(flags[name]).every((value) => value.trim() !== '')) continue;
    const what = name === 'identity-file' ? 'the name of a file' : 'a command line';
    throw new KeyformError('invalid-usage', `-${name} is empty`, {
      detail: `It takes ${what}; a variable in it may not be set. Leave the flag out to have the identity looked for elsewhere. Nothing was done.`,
    });
  }
  const timeouts = list(flags['lock-timeout']);
  if (timeouts.length === 0) return;
  const { parseDuration } = await import('../core/duration.ts');
  for (const value of timeouts) {
    try {
      if (value !== '0') parseDuration(value);
    } catch (cause) {
      throw new KeyformError('invalid-usage', `-lock-timeout is no length of time: "${value.slice(0, 40)}"`, {
        detail: 'Write it as 30s, 5m or 1m30s; 0 does not wait. Nothing was done.',
        cause,
      });
    }
  }
}
