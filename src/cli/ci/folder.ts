import { join, resolve } from 'node:path';
import { type Diagnostic, toDiagnostics } from '../../core/diagnostic.ts';
import { KeyformError } from '../../core/error.ts';
import type { Plan } from '../../core/plan/plan.ts';
import type { Workspace } from '../context.ts';
import { failureMarkdown, GITHUB_LIMIT, GITLAB_LIMIT, planMarkdown } from '../render/planmarkdown.ts';
import { codeQualityReport, terraformReport } from './gitlab.ts';
import { linesIn, prefixIn } from './place.ts';

/** The folder that `-report-dir` names, absolute. Throws `invalid-usage` for an empty name. */
export function reportFolder(workspace: Workspace, value: string): string {
  if (value.trim() !== '') return resolve(workspace.folder, value);
  throw new KeyformError('invalid-usage', '-report-dir is empty', {
    detail: 'It takes a path; a variable in it may not be set. Nothing was done.',
  });
}

/**
 * Writes reports into a folder: `codequality.json` (GitLab's Code Quality), and for plans also `plan.md`, a comment, and `terraform.json` (GitLab's counts).
 * `of`: the stacks as the command line named them; `plans` null where none was asked for. Throws `state-io`.
 */
export async function writeReports(
  workspace: Workspace,
  folder: string,
  diagnostics: readonly Diagnostic[],
  plans: { readonly made: readonly Plan[]; readonly of: readonly string[] } | null,
): Promise<void> {
  const { files, environment } = workspace.outside;
  const [lineOf, prefix] = await Promise.all([
    linesIn(files, workspace.folder, diagnostics),
    prefixIn(files, workspace.folder),
  ]);
  const reports: [string, string][] = [
    ['codequality.json', codeQualityReport(diagnostics, { prefix, fallback: 'cdktf.json', lineOf })],
  ];
  if (plans !== null) {
    const limit = commentLimit(environment);
    const { made, of } = plans;
    reports.push([
      'plan.md',
      made.length > 0 ? planMarkdown(made, of, limit) : failureMarkdown(diagnostics, of, limit),
    ]);
    reports.push(['terraform.json', terraformReport(plans.made)]);
  }
  for (const [name, text] of reports) {
    const path = join(folder, name);
    try {
      await files.replace(path, new TextEncoder().encode(text), 0o644);
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
      throw new KeyformError('state-io', `${path} cannot be written: ${code}`, {
        detail: 'It was named by -report-dir. All else is done.',
        cause,
      });
    }
  }
}

/**
 * The reports of a command that threw `error` before there was anything else to report. `of`: null where no plan was asked for. Never throws: what cannot be
 * written is a warning beside the error, which matters more.
 */
export async function reportFailure(
  workspace: Workspace,
  folder: string,
  error: unknown,
  of: readonly string[] | null,
): Promise<void> {
  try {
    await writeReports(workspace, folder, toDiagnostics(error), of === null ? null : { made: [], of });
  } catch (second) {
    workspace.outside.printDiagnostics(toDiagnostics(second).map((one) => ({ ...one, severity: 'warning' })));
  }
}

/** Most characters of a comment where this runs; GitHub's, which is the lower one, where nobody knows. */
export function commentLimit(environment: Readonly<Record<string, string | undefined>>): number {
  return environment.GITLAB_CI === 'true' ? GITLAB_LIMIT : GITHUB_LIMIT;
}
