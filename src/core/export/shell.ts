import { unwritable } from './refusal.ts';
import type { Variable } from './variable.ts';

/** Commands for a POSIX shell: `eval "$(…)"`, or a file for `.`. Throws `refused` for a NUL character, which no variable can hold. */
export function shell(variables: readonly Variable[]): string {
  return variables
    .map((variable) => {
      if (variable.value.includes('\0')) throw unwritable('shell', variable, 'holds a NUL character');
      return `export ${variable.name}='${variable.value.replaceAll("'", "'\\''")}'\n`;
    })
    .join('');
}
