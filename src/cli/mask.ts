import type { Secret } from '../core/secret.ts';
import type { Outside } from './context.ts';

/**
 * Tells the runner of GitHub Actions to black out `secrets` in the log of the job, from now on. The runner reads such lines on both
 * streams of a step, and takes them out of the log; they go to standard error, because standard output may be data that is piped on.
 * Nothing is written elsewhere than under that runner, nor to a terminal or a file, where the line would be a leak itself. Each line of a
 * secret is told by itself, as log lines are looked at one by one (source: actions/runner, AddMaskCommandExtension; actions/toolkit,
 * escapeData).
 */
export function maskSecrets(
  { environment, terminal }: Pick<Outside, 'environment' | 'terminal'>,
  secrets: readonly Secret[],
): void {
  if (environment.GITHUB_ACTIONS !== 'true' || terminal.errIsTerminal || terminal.errIsFile) return;
  const lines = secrets.flatMap((secret) => secret.reveal().split(/\r\n|\r|\n/)).filter((line) => line.trim() !== '');
  // In one write, so that no other line comes between.
  terminal.err(lines.map((line) => `::add-mask::${line.replaceAll('%', '%25')}\n`).join(''));
}
