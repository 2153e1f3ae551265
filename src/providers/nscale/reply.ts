import type { EmulatorResponse } from '../../core/emulator.ts';
import type { Json } from '../../core/json.ts';

/** The emulator's answers. */

/** An answer before the emulator adds the action's name. */
export type Reply = Omit<EmulatorResponse, 'action'>;

/** A refusal before it is written out. */
export interface Fault {
  readonly fault: keyof typeof WORDS;
  readonly description: string;
}

/** The service's word for each HTTP status (source: the vendor's shared library, errors.go). */
const WORDS = {
  400: 'invalid_request',
  401: 'access_denied',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  409: 'conflict',
  415: 'unsupported_media_type',
  422: 'unprocessable_content',
  500: 'server_error',
} as const;

export function json(status: number, value: Json): Reply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

/** A 202 has no body. */
export const ACCEPTED: Reply = { status: 202, headers: {}, body: '' };

export function fault(status: Fault['fault'], description: string): Fault {
  return { fault: status, description };
}

/** Texts that the shared library fixes. */
export const NOT_FOUND = fault(404, 'resource not found');
export const NOT_ALLOWED = fault(405, 'the requested method was not allowed');
export const INTERNAL = fault(500, 'an internal error has occurred, please contact support');
export const UNREADABLE = fault(400, 'the request body is missing or malformed');

/** The refusal as it is sent. `host` is what the client calls this server; `traceId` 32 hexadecimal digits. */
export function written({ fault: status, description }: Fault, host: string, traceId: string): Reply {
  // Parameters sorted, no space behind the commas: as the library writes it.
  const challenge = `Bearer error="access_denied",error_description="${description}",resource_metadata="https://${host}/.well-known/openid-protected-resource"`;
  return {
    status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-cache',
      ...(status === 401 ? { 'www-authenticate': challenge } : {}),
    },
    body: JSON.stringify({ error: WORDS[status], error_description: description, trace_id: traceId }),
  };
}
