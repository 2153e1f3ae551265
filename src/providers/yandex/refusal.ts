import type { JsonObject } from '../../core/json.ts';

/** HTTP statuses of gRPC codes, by number (source: Yandex Cloud documentation, "Error handling"). */
const HTTP: readonly number[] = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];

/** The codes that the emulator itself answers with. */
export const CODES = {
  invalidArgument: 3,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  notImplemented: 12,
  unauthenticated: 16,
} as const;

/** What the emulated API says no with: thrown where it is found, and turned into the answer at the edge. */
export class Refusal extends Error {
  readonly code: number;
  readonly details: readonly JsonObject[];

  constructor(code: number, message: string, details: readonly JsonObject[] = []) {
    super(message);
    this.code = code;
    this.details = details;
  }

  get httpStatus(): number {
    return HTTP[this.code] ?? 500;
  }

  /** As google.rpc.Status, with the request's id where it has one. */
  status(requestId: string | null = null): JsonObject {
    const request =
      requestId === null ? [] : [{ '@type': 'type.googleapis.com/google.rpc.RequestInfo', requestId, servingData: '' }];
    return { code: this.code, message: this.message, details: [...request, ...this.details] };
  }
}

/** INVALID_ARGUMENT about one field, by its name in the API's description. */
export function badField(field: string, description: string): Refusal {
  return new Refusal(CODES.invalidArgument, `Request validation error: ${field}: ${description}`, [
    { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field, description }] },
  ]);
}

/** RESOURCE_EXHAUSTED because `metric` is at its limit. */
export function quotaFull(how: 'detail' | 'message' | 'bare', metric: string, limit: number): Refusal {
  const words = how === 'bare' ? 'The limit is exceeded' : `Quota limit ${metric} exceeded`;
  const detail = {
    '@type': 'type.googleapis.com/yandex.cloud.quota.QuotaFailure',
    violations: [{ metric: { name: metric, limit: String(limit), usage: limit }, required: String(limit + 1) }],
  };
  return new Refusal(CODES.resourceExhausted, words, how === 'detail' ? [detail] : []);
}
