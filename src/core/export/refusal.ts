import { KeyformError } from '../error.ts';
import type { Variable } from './variable.ts';

/**
 * The error for a variable whose value a format has no way to write; `why` says what the value holds, without quoting it. Formats are not
 * bent: a value that the reader would see otherwise is worse than none.
 */
export function unwritable(format: string, { name, address }: Variable, why: string): KeyformError {
  return new KeyformError('refused', `${name} cannot be written as ${format}`, {
    detail: `The value, of ${address}, ${why}. Use -format=json or -format=k8s-secret, which hold any text, or "keyform secret exec".`,
  });
}
