import { unwritable } from './refusal.ts';
import type { Variable } from './variable.ts';

/** Means itself, unquoted, to dotenv, Docker, Compose, Python's and Ruby's dotenv, systemd and shells alike. */
const PLAIN = /^[A-Za-z0-9_/+=.:@%,-]+$/;

/**
 * A `.env` file. There is no standard of it, and its readers differ in what a backslash, a quote or a `$` in quotes means, so only
 * what all of them read alike is written: plain where nothing needs quotes, single quotes where that leaves the value as it is, double
 * quotes for single ones. A line end stands in quotes as it is. Throws `refused` for a value that has no such spelling.
 */
export function dotenv(variables: readonly Variable[]): string {
  return variables.map((variable) => `${variable.name}=${quoted(variable)}\n`).join('');
}

function quoted(variable: Variable): string {
  const { value } = variable;
  if (value === '' || PLAIN.test(value)) return value;
  if (/[\0\r]/.test(value)) throw unwritable('dotenv', variable, 'holds a NUL character or a carriage return');
  if (!/['\\]/.test(value)) return `'${value}'`;
  if (!/["\\$`]/.test(value)) return `"${value}"`;
  throw unwritable(
    'dotenv',
    variable,
    'mixes quotes, or holds a backslash, in a way that readers of .env files take differently',
  );
}
