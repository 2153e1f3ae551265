import { z } from 'zod';
import { codeForStatus } from '../../core/answer.ts';
import type { ErrorCode } from '../../core/error.ts';
import type { HttpResponse } from '../../core/http.ts';
import { parseBody } from './auth.ts';

/** google.rpc.Status inside `error`. Its `code` is not read: the vendor's own example of a 503 carries 501. */
const errorBody = z.object({
  error: z.object({ status: z.string(), message: z.string().optional().catch(undefined) }),
});

/** What the API itself said in an error answer; null when the body is not its error form (401 and 403 come without one). */
export function readRefusal(
  response: HttpResponse,
): { readonly status: string; readonly message: string | null } | null {
  const body = parseBody(errorBody, response);
  return body === null ? null : { status: body.error.status, message: body.error.message ?? null };
}

/** The form of the vendor-wide registry of errors, which names an expired token; whether this API uses it is not documented. */
const registryBody = z.object({ type: z.string(), title: z.string().optional(), detail: z.string().optional() });

/** The words of an error answer in either form, to be shown and never branched on. */
export function readWords(response: HttpResponse): { readonly code: string | null; readonly message: string | null } {
  const said = readRefusal(response);
  if (said !== null) return { code: said.status, message: said.message };
  const registry = parseBody(registryBody, response);
  return { code: registry?.type ?? null, message: registry?.detail ?? registry?.title ?? null };
}

/** Whether the API itself says that there is no such key; the 404 of anything else on the way says nothing. */
export function isNotFound(response: HttpResponse): boolean {
  return response.status === 404 && readRefusal(response)?.status === 'NOT_FOUND';
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
  readonly projectId: string;
  /** Id of the key that Keyform authenticates with. */
  readonly credentialId: string;
}

const PROXY =
  'Nothing was concluded from it. Check the setting "endpoint" (KEYFORM_SINCH_ENDPOINT), and that no proxy answers in its place.';

/**
 * What an answer outside 2xx means, by HTTP status and `error.status`, never by the message. Null when it leaves open
 * whether a call that is not safe took effect: a 5xx, a redirect, a gateway's 408.
 */
export function explain(response: HttpResponse, call: RefusedCall): Reason | null {
  const { status } = response;
  if (!call.safe && (status < 400 || status === 408 || status >= 500)) return null;
  const said = readRefusal(response)?.status ?? null;
  if (status === 400 && said === 'FAILED_PRECONDITION') {
    return call.action === 'CreateAccessKey'
      ? {
          code: 'quota-exceeded',
          what: 'the project holds as many access keys as it may',
          detail:
            'A Sinch project holds at most 10 access keys, those made elsewhere included. Delete one that is no longer used, or use another project.',
        }
      : { code: 'invalid-state', what: 'the key is not in a state that allows it', detail: 'See what the API said.' };
  }
  switch (status) {
    case 400:
      return {
        code: 'invalid-argument',
        what: 'the API calls the request malformed',
        detail: 'Check "project_id" and "display_name".',
      };
    case 401:
      return {
        code: 'unauthorized',
        what: `the API does not accept a token that was made for access key ${call.credentialId} just now`,
        detail:
          'Check that the settings "endpoint" and "auth_endpoint" belong together, and in the Sinch Build Dashboard that the key was not deleted.',
      };
    case 403:
      return {
        code: 'forbidden',
        what: `access key ${call.credentialId} has no access to project ${call.projectId}`,
        detail:
          'An access key reaches its own project and that project’s subprojects only: use a key of this project or of its parent. Sinch also switches the access keys API on for selected accounts only.',
      };
    case 404:
      return said === 'NOT_FOUND'
        ? {
            code: 'not-found',
            what: 'the API knows no such project or key',
            detail: 'Check "project_id", and whether the key was deleted.',
          }
        : {
            // A proxy's 404 must never be taken for "this key is gone".
            code: 'malformed-answer',
            what: 'HTTP 404 came back, but not from the API itself',
            detail: PROXY,
          };
    case 409:
      return {
        code: 'conflict',
        what: 'another access key of the project has this display name',
        detail:
          'Choose another "display_name", or rename, delete or import the key that has it: it may be one that no stack manages.',
      };
    case 429:
      return { code: 'throttled', what: 'too many calls', detail: 'The API did nothing. Try again later.' };
  }
  if (status >= 500 || status === 408) {
    return { code: 'unavailable', what: `the API is not available (HTTP ${status})`, detail: 'Try again later.' };
  }
  return { code: codeForStatus(status, call.safe), what: `unexpected status, HTTP ${status}`, detail: PROXY };
}
