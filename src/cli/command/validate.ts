import { type Diagnostic, toDiagnostics } from '../../core/diagnostic.ts';
import { type CommonFlags, list, type Outcome, type Outside, Workspace } from '../context.ts';
import { diagnosticJson } from '../render/diagnostic.ts';
import { groundOf, readNamed } from './stack.ts';

/** `keyform validate`: everything that can be checked without values, state or network. */
export async function validateCommand(
  outside: Outside,
  flags: CommonFlags & { readonly stacks?: readonly string[]; readonly json: boolean; readonly 'report-dir'?: string },
): Promise<Outcome> {
  const workspace = new Workspace(outside, flags);
  const names = list(flags.stacks);
  // Unlike a plan, a check of everything harms nothing.
  const dir = flags['report-dir'];
  const reports = dir === undefined ? null : await import('../ci/folder.ts');
  const folder = reports?.reportFolder(workspace, dir ?? '') ?? '';
  const texts = await readNamed(workspace, names.length === 0 ? ['*'] : names).catch(async (error: unknown) => {
    await reports?.reportFailure(workspace, folder, error, null);
    throw error;
  });
  const { loadStack } = await import('../../engine/load.ts');
  const diagnostics: Diagnostic[] = [];
  for (const text of texts) {
    try {
      const loaded = await loadStack(text, null, outside.clouds, groundOf(workspace));
      diagnostics.push(...loaded.configuration.warnings);
    } catch (error) {
      diagnostics.push(...toDiagnostics(error));
    }
  }
  await reports?.writeReports(workspace, folder, diagnostics, null);
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
  if (flags.json) {
    const json = {
      format_version: '1.0',
      valid: errors === 0,
      error_count: errors,
      warning_count: diagnostics.length - errors,
      diagnostics: diagnostics.map(diagnosticJson),
    };
    outside.terminal.out(`${JSON.stringify(json, null, 2)}\n`);
  } else {
    outside.printDiagnostics(diagnostics);
    if (errors === 0) {
      const { green, bold } = outside.style.out;
      outside.terminal.out(`${green(bold('Success!'))} Valid: ${texts.map((text) => text.name).join(', ')}.\n`);
    }
  }
  return { code: errors === 0 ? 0 : 1 };
}
