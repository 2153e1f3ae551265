import { type Json, stableStringify } from '../json.ts';

/** Whether two argument values mean the same. */
export function same(a: Json, b: Json, compare?: (a: Json, b: Json) => boolean): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  return compare === undefined ? stableStringify(a) === stableStringify(b) : compare(a, b);
}
