import { DiagnosticsError, mergeDiagnostics, toDiagnostics } from '../core/diagnostic.ts';
import { isKeyformError } from '../core/error.ts';
import { DONE, type Outcome, type Outside } from './context.ts';
import { parseLine } from './parse.ts';
import { diagnosticJson } from './render/diagnostic.ts';

/**
 * Reads the command line, runs the command and returns the exit code. Every error ends here as a diagnostic; a command's
 * code is loaded only when that command is asked for.
 */
export async function run(outside: Outside): Promise<number> {
  try {
    const outcome = await dispatch(outside);
    if (outcome.diagnostics !== undefined) outside.printDiagnostics(outcome.diagnostics);
    return outcome.code;
  } catch (error) {
    if (outside.signal.aborted && isKeyformError(error, 'cancelled')) {
      outside.terminal.err('Stopped. Nothing more was begun.\n');
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
  if (choice !== null) return choice.command.run(outside, choice.flags);
  const { explainLine } = await import('./usage.ts');
  const explained = await explainLine(words, 100);
  return explained === null ? DONE : explained.command.run(outside, explained.flags);
}
