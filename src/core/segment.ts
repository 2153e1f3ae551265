import { KeyformError } from './error.ts';

/** Whether `value` can stand as one segment of a URL path: `.` and `..` would be resolved away, whatever their encoding. */
export function isPathSegment(value: string): boolean {
  return value !== '' && value !== '.' && value !== '..';
}

/**
 * `value` as one path segment, percent-encoded. Throws `invalid-argument` for what would name another resource, or cannot be
 * encoded; `what` says in messages what it should be, such as `project id`.
 */
export function pathSegment(service: string, value: string, what: string): string {
  if (isPathSegment(value)) {
    try {
      return encodeURIComponent(value);
    } catch {
      // A lone surrogate: refused below, as any other value that is no id.
    }
  }
  throw new KeyformError('invalid-argument', `${service}: ${JSON.stringify(value)} cannot be the ${what}`, {
    detail: `Nothing was sent. Check the ${what}.`,
  });
}
