import { unwritable } from './refusal.ts';
import type { Variable } from './variable.ts';

/**
 * A file for `docker run --env-file` (and podman's). Each line is NAME=VALUE, and the value is all that follows, quotes and blanks
 * included (source: docker/cli, opts: parseKeyValueFile). Throws `refused` for a value with a line end, which has no spelling there.
 */
export function dockerEnv(variables: readonly Variable[]): string {
  return variables
    .map((variable) => {
      if (/[\0\r\n]/.test(variable.value)) {
        throw unwritable('docker-env', variable, 'holds a line end or a NUL character, and the format has no quoting');
      }
      return `${variable.name}=${variable.value}\n`;
    })
    .join('');
}
