import { z } from 'zod';
import { codeForStatus } from '../../core/answer.ts';
import type { ErrorCode } from '../../core/error.ts';
import type { HttpResponse } from '../../core/http.ts';
import { parseChallenges } from './auth.ts';

/** The envelope of every error that the service itself answers (source: the vendor's shared library, errors.go). */
const errorBody = z.object({
  error: z.string(),
  error_description: z.string().optional().catch(undefined),
  trace_id: z.string().optional().catch(undefined),
});

/** What an error answer says; null for what it leaves out. */
export interface Refusal {
  /** The service's word, such as `not_found`; null when the body is not its envelope: then something in front of it answered. */
  readonly error: string | null;
  readonly description: string | null;
  readonly traceId: string | null;
}

/** Reads an error answer. Never throws. A 401 that has no body in the service's form is read from its challenge. */
export function readRefusal(response: HttpResponse): Refusal {
  let body: z.infer<typeof errorBody> | undefined;
  try {
    body = errorBody.safeParse(JSON.parse(response.body)).data;
  } catch {
    // A proxy's page: its status is all that it tells.
  }
  if (body !== undefined) {
    return { error: body.error, description: body.error_description ?? null, traceId: body.trace_id ?? null };
  }
  const challenges = response.status === 401 ? parseChallenges(response.headers['www-authenticate'] ?? '') : [];
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer')?.parameters;
  return { error: bearer?.get('error') ?? null, description: bearer?.get('error_description') ?? null, traceId: null };
}

/** Whether the API itself says that there is no such thing; the 404 of anything else on the way says nothing. */
export function isNotFound(response: HttpResponse): boolean {
  return response.status === 404 && readRefusal(response).error === 'not_found';
}

/** Why a call failed: the code, what happened, what to do. */
export interface Reason {
  readonly code: ErrorCode;
  readonly what: string;
  readonly detail: string;
}

/** The call that was refused. */
export interface RefusedCall {
  readonly action: string;
  readonly safe: boolean;
  readonly endpointId: string;
}

const PROXY =
  'Nothing was concluded from it. Check the setting "endpoint" (KEYFORM_NSCALE_ENDPOINT), and that no proxy answers in its place.';

/**
 * The reason that an error answer stands for, chosen by HTTP status and the service's word; null when a call that is not safe
 * may have taken effect all the same.
 */
export function explain(response: HttpResponse, call: RefusedCall): Reason | null {
  const { status } = response;
  if (!call.safe && (status < 400 || status === 408 || status >= 500)) return null;
  const creates = call.action === 'CreateAccessKey';
  switch (status) {
    case 400:
      return {
        code: 'invalid-argument',
        what: 'the API calls the request malformed',
        detail: creates
          ? 'The API says which field. Check "name", "tags" and "endpoint_id".'
          : 'The API says what. Check "endpoint_id".',
      };
    case 401:
      return {
        code: 'unauthorized',
        what: 'the API does not accept the service token',
        detail:
          'Check the setting "service_token" (NSCALE_SERVICE_TOKEN) or the file in "token_file": the token may be wrong, ended with its service account’s expiry, or been rotated. It is not tried again in this run.',
      };
    case 403:
      return {
        code: 'forbidden',
        what: `the service account may not do this in endpoint ${call.endpointId}`,
        detail:
          'Its role needs the permission storage:objectstorageendpoints/accesskeys (create, read, delete) in the endpoint’s project. Object storage is open to customers of reserved clouds only.',
      };
    case 404:
      if (readRefusal(response).error !== 'not_found') {
        // A proxy's 404 must never be taken for "this key is gone".
        return { code: 'malformed-answer', what: 'HTTP 404 came back, but not from the API itself', detail: PROXY };
      }
      return {
        code: 'not-found',
        what: `the API knows no endpoint ${call.endpointId}`,
        detail:
          'Check "endpoint_id". If the endpoint was deleted, its keys went with it: take them out of the stack with a `removed` block.',
      };
    case 409:
      return {
        code: 'conflict',
        what: 'it collides with something that exists',
        detail: 'The API says with what. Plan again, and choose another value if it stays so.',
      };
    case 413:
      return {
        code: 'invalid-argument',
        what: 'the request is too large for the API',
        detail: 'Shorten "description" or "tags".',
      };
    case 422:
      return {
        code: 'invalid-argument',
        what: 'the API understands the request and cannot do it',
        detail: creates
          ? 'Most likely the endpoint has no policy of the name in "identity_policy": add it to the endpoint, or name another.'
          : 'See what the API said.',
      };
    case 429:
      return { code: 'throttled', what: 'too many calls', detail: 'The API did nothing. Try again later.' };
  }
  if (status >= 500 || status === 408) {
    return { code: 'unavailable', what: `the API is not available (HTTP ${status})`, detail: 'Try again later.' };
  }
  return { code: codeForStatus(status, call.safe), what: `unexpected status, HTTP ${status}`, detail: PROXY };
}
