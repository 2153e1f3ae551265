import type { z } from 'zod';
import { formatPath } from './diagnostic.ts';
import { type ErrorCode, KeyformError, SecretArrivedError, type VendorError } from './error.ts';
import type { HttpResponse } from './http.ts';
import { Secret } from './secret.ts';

/** The call that an answer belongs to, for messages. */
export interface AnsweredCall {
  /** The vendor's name, such as `Sinch`. */
  readonly service: string;
  /** The vendor's name of the action. */
  readonly action: string;
  /** As of {@link HttpCall.safe}: whether a doubtful outcome matters. */
  readonly safe: boolean;
  /** As of {@link HttpCall.requestId}, so that an answer that cannot be read still names the request. Without secrets. */
  requestId(response: HttpResponse): string | null;
}

/** Where the answer to a create holds what must not be lost: member names from the root. */
export interface Precious {
  readonly secret: readonly string[];
  readonly id: readonly string[];
}

/**
 * Reads the JSON body of a successful answer through `schema`. An answer that does not fit names the field, never its
 * value; it throws `malformed-answer`, or `outcome-unknown` for a call that is not safe, because the API may have acted.
 * With `precious`, an answer that does not fit but has a secret at that place throws {@link SecretArrivedError}.
 */
export function readAnswer<T>(
  schema: z.ZodType<T>,
  response: HttpResponse,
  call: AnsweredCall,
  precious?: Precious,
): T {
  let body: unknown;
  try {
    body = JSON.parse(response.body);
  } catch {
    throw unreadable(call, response, `is not JSON (${describeBody(response)})`);
  }
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field =
    issue === undefined ? 'the answer' : formatPath(issue.path.map((p) => (typeof p === 'number' ? p : String(p))));
  // Not the issue's message: for some schemas it quotes the value, which may be a secret.
  const error = unreadable(
    call,
    response,
    `does not have the documented form at ${field === '' ? 'its root' : `"${field}"`}`,
  );
  const secret = precious === undefined ? null : textAt(body, precious.secret);
  if (precious === undefined || secret === null) throw error;
  throw new SecretArrivedError(error, new Secret(secret), textAt(body, precious.id));
}

/** The text, not empty, at that place; null when there is none. */
function textAt(body: unknown, path: readonly string[]): string | null {
  let value: unknown = body;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null;
    value = (value as Record<string, unknown>)[name];
  }
  return typeof value === 'string' && value !== '' ? value : null;
}

function unreadable(call: AnsweredCall, response: HttpResponse, what: string): KeyformError {
  const vendor: VendorError = {
    status: response.status,
    code: null,
    message: null,
    requestId: call.requestId(response),
  };
  return call.safe
    ? new KeyformError('malformed-answer', `${call.service} ${call.action}: the answer ${what}`, {
        detail:
          'Nothing was concluded from it. Check that the endpoint is the API itself and not a proxy or a login page.',
        vendor,
      })
    : outcomeUnknown(call, `the answer ${what}`, vendor);
}

/** The error for a call that may have taken effect although no usable answer came back. */
export function outcomeUnknown(
  call: Pick<AnsweredCall, 'service' | 'action'>,
  why: string,
  vendor: VendorError | null = null,
): KeyformError {
  return new KeyformError(
    'outcome-unknown',
    `${call.service} ${call.action}: ${why}, so it is not known whether it took effect`,
    {
      detail:
        'The attempt is recorded in state. The next plan looks at the API, says what it finds and what it would do about it.',
      vendor,
    },
  );
}

/**
 * The code for an HTTP status that a vendor's own table does not explain. A 5xx to a call that is not safe is
 * `outcome-unknown`.
 */
export function codeForStatus(status: number, safe: boolean): ErrorCode {
  if (status === 400 || status === 422) return 'invalid-argument';
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not-found';
  if (status === 409) return 'conflict';
  if (status === 429) return 'throttled';
  if (status >= 500) return safe ? 'unavailable' : 'outcome-unknown';
  return 'malformed-answer';
}

/** What kind of body it was, without quoting it. */
function describeBody(response: HttpResponse): string {
  const type = response.headers['content-type'] ?? 'no content type';
  return `${type}, ${response.body.length} characters`;
}
