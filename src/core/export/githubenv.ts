import { KeyformError } from '../error.ts';
import { unwritable } from './refusal.ts';
import type { Variable } from './variable.ts';

/** Names that the runner keeps for itself or refuses (source: GitHub documentation, "Setting an environment variable"). */
const RESERVED = /^(?:GITHUB_|RUNNER_)|^NODE_OPTIONS$/i;

/**
 * Lines for the file that `$GITHUB_ENV` names: each value between two lines with `delimiter`, which must be new and unpredictable, so that no
 * value can end early and go on as other variables. Throws `refused` for a value that the runner would read otherwise,
 * `invalid-usage` for a name that it does not take.
 */
export function githubEnv(variables: readonly Variable[], delimiter: string): string {
  return variables
    .map((variable) => {
      const { name, value } = variable;
      if (RESERVED.test(name)) {
        throw new KeyformError('invalid-usage', `GitHub Actions does not let a step set ${name}`, {
          detail: 'Choose another name with -env=NAME=ADDRESS or -prefix.',
        });
      }
      if (/[\0\r]/.test(value)) throw unwritable('github-env', variable, 'holds a NUL character or a carriage return');
      if (value.split('\n').includes(delimiter)) throw new Error('the delimiter is a line of the value');
      return `${name}<<${delimiter}\n${value}\n${delimiter}\n`;
    })
    .join('');
}
