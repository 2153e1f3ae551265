import { z } from 'zod';
import type { HttpResponse, Verdict } from '../../core/http.ts';
import { isObject } from '../../core/json.ts';

/**
 * google.rpc.Status, the form of every error of this cloud: the body of an error answer, and the `error` of an operation.
 * Source: Yandex Cloud documentation, "Error handling"; quota/quota.proto of the API description.
 */

/** gRPC's names of its codes, by number. */
const NAMES: readonly string[] = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'NOT_IMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** The codes by which the API says that it failed, and not that the request is wrong: it may have acted. */
const FAILING = new Set([1, 2, 4, 13, 14, 15]);

/** What an error says. */
export interface Status {
  /** The gRPC number, such as 5. */
  readonly code: number;
  /** The API's name of the code, such as `NOT_FOUND`; the number as text for one that is not known. */
  readonly name: string;
  readonly message: string | null;
  /** Fields that were refused, and why. */
  readonly fields: readonly { readonly field: string; readonly description: string }[];
  /** Names of the quotas that are full, such as `iam.apiKeys.count`. */
  readonly metrics: readonly string[];
  readonly requestId: string | null;
}

const text = z.string().catch('');
const badRequest = z.object({
  fieldViolations: z.array(z.object({ field: text, description: text })).catch([]),
});
const requestInfo = z.object({ requestId: text });
const quotaFailure = z.object({
  violations: z.array(z.object({ metric: z.object({ name: text }).catch({ name: '' }) })).catch([]),
});

/**
 * A google.rpc.Status, whose details are read as far as they have their documented form. Anything else is refused by the
 * schema: an object with a `code` that is no gRPC error is not this API speaking.
 */
export const statusSchema: z.ZodType<Status> = z
  .object({
    code: z.int().min(1),
    message: z.string().nullish(),
    details: z.array(z.unknown()).catch([]).optional(),
  })
  .transform(({ code, message, details = [] }) => {
    const ofType = <T>(name: string, schema: z.ZodType<T>): T[] =>
      details.flatMap((detail) => {
        if (!isObject(detail) || typeof detail['@type'] !== 'string' || !detail['@type'].endsWith(name)) return [];
        const read = schema.safeParse(detail);
        return read.success ? [read.data] : [];
      });
    return {
      code,
      name: NAMES[code] ?? String(code),
      message: message === undefined || message === '' ? null : message,
      fields: ofType('/google.rpc.BadRequest', badRequest).flatMap(({ fieldViolations }) => fieldViolations),
      metrics: ofType('/yandex.cloud.quota.QuotaFailure', quotaFailure).flatMap(({ violations }) =>
        violations.map(({ metric }) => metric.name),
      ),
      requestId: ofType('/google.rpc.RequestInfo', requestInfo)[0]?.requestId || null,
    };
  });

/** What an error answer says; null when its body is not of the API's form: a gateway's page, or nothing. Never throws. */
export function readStatus(response: HttpResponse): Status | null {
  try {
    return statusSchema.safeParse(JSON.parse(response.body)).data ?? null;
  } catch {
    return null;
  }
}

/**
 * Whether RESOURCE_EXHAUSTED means that a quota is full, and not that calls come too fast. The vendor uses the code for
 * both. Its QuotaFailure detail tells: a metric whose name ends in `.rate` is a speed, any other an amount. Where it is missing
 * the words decide; where they tell nothing it counts as a speed, since waiting and asking again does no harm.
 */
export function isQuota(status: Status): boolean {
  if (status.code !== 8) return false;
  if (status.metrics.length > 0) return status.metrics.some((metric) => !metric.endsWith('.rate'));
  return /\bquota\b/i.test(status.message ?? '') && !/\b(rate|requests?|per second)\b/i.test(status.message ?? '');
}

/** Whether the answer leaves open what the API did: it failed, or something in between did. */
export function isDoubtful(response: HttpResponse, status: Status | null): boolean {
  if (status !== null && FAILING.has(status.code)) return true;
  if (response.status === 501 && status?.code === 12) return false;
  return response.status >= 500 || response.status === 408 || response.status === 499;
}

/** Whether the answer says that the token is not accepted. Nothing was done then, not even by a create. */
export function isUnauthenticated(response: HttpResponse): boolean {
  // Never of a success, whatever its body looks like: a create that is sent once more would be done twice.
  const isRefusal = response.status >= 400 && response.status < 500;
  return response.status === 401 || (isRefusal && readStatus(response)?.code === 16);
}

/** Whether the API itself says that there is no such thing; the 404 of anything else on the way says nothing. */
export function isNotFound(response: HttpResponse): boolean {
  return response.status === 404 && readStatus(response)?.code === 5;
}

/** `HttpCall.judge` for every call of this API. */
export function judge(response: HttpResponse): Verdict {
  if (response.status >= 200 && response.status < 300) return 'final';
  const status = readStatus(response);
  if (isDoubtful(response, status)) return 'transient';
  if (response.status === 429 || status?.code === 8) {
    return status !== null && isQuota(status) ? 'final' : 'throttled';
  }
  // A concurrent change got in the way; it passes.
  return status?.code === 10 ? 'transient' : 'final';
}

/** The vendor's id of the request, from the error's details or from the header. */
export function requestIdOf(response: HttpResponse): string | null {
  return readStatus(response)?.requestId ?? response.headers['x-request-id'] ?? null;
}
