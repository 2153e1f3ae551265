import { z } from 'zod';

/** Hosts that stand for this machine itself, as WHATWG URL writes them. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * What is wrong with `endpoint`, to follow the name of the setting, or null when it can be used: absolute, `https:` (or
 * `http:` to a loopback host), no query, fragment or login. Never quotes it: it may hold a password by mistake.
 */
export function endpointProblem(endpoint: string): string | null {
  if (!URL.canParse(endpoint)) return 'must be an absolute URL, with its scheme';
  const url = new URL(endpoint);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname))) {
    return 'must begin with https:// (http:// is accepted for a loopback address only, since credentials are sent to it)';
  }
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password';
  if (url.search !== '' || url.hash !== '') return 'must not hold a query or a fragment';
  return null;
}

/** `endpoint` in the one form that paths are appended to: scheme and host in lower case, path prefix kept, no trailing slash. */
export function baseUrl(endpoint: string): string {
  const url = new URL(endpoint);
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** The schema of a setting that is an endpoint; its messages are those of {@link endpointProblem}. */
export function endpointSchema(description: string): z.ZodType {
  return z
    .string()
    .superRefine((value, context) => {
      const problem = endpointProblem(value);
      if (problem !== null) context.addIssue({ code: 'custom', message: problem });
    })
    .describe(description);
}
