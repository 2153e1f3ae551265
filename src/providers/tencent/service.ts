import type { z } from 'zod';
import { isObject, type Json, type JsonObject } from '../../core/json.ts';

/** What the emulator's front and the services behind it (CAM, API Gateway) agree on. */

/** Who signed a request. */
export interface Caller {
  /** The account that the key belongs to: the main account or one of its sub-users. */
  readonly uin: string;
  /** The main account. */
  readonly ownerUin: string;
  /** The key that signed. */
  readonly secretId: string;
}

/** One service of the vendor's API behind the front, which has already checked signature, rate and envelope. */
export interface ServiceEmulator {
  /** The `X-TC-Version` that requests for it carry. */
  readonly version: string;
  /** Every action, with the calls a second that an account may make of it. */
  readonly actions: Readonly<Record<string, number>>;
  /**
   * Performs `action`, one of {@link ServiceEmulator.actions}. Returns the content of `Response`, without `RequestId`. Throws
   * {@link ApiError} to answer with `Response.Error`. Numbers and booleans in `params` are strings when the request was a
   * form or a GET. `region` is the `X-TC-Region` as sent; null when absent, empty, or the literal `null` that an SDK sends.
   */
  handle(action: string, params: JsonObject, caller: Caller, region: string | null): JsonObject;
  /** All data. Holds no plaintext secret that the API's own derivation can give again. */
  save(): Json;
}

/** Thrown inside an action to answer with `Response.Error`; never leaves the emulator. */
export class ApiError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
  }
}

/** `length` (64 at most) letters and digits that follow from the emulator's seed and `name`. */
export type Derive = (name: string, length: number) => string;

/**
 * Reads the parameters of an action, or refuses them with an {@link ApiError}: `UnknownParameter` for one that `schema` (a
 * strict object) does not name, `missing` for one that is not there, `InvalidParameter` for one of another type, `unfit` for any
 * other. Never quotes a value: it may be a secret.
 */
export function readParameters<T>(
  schema: z.ZodType<T>,
  given: JsonObject,
  codes: { readonly missing: string; readonly unfit: string },
): T {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue?.path.join('.') ?? '';
  if (issue?.code === 'unrecognized_keys') {
    throw new ApiError('UnknownParameter', `The parameter \`${issue.keys.join('`, `')}\` is not recognized.`);
  }
  const value = issue?.path.reduce<unknown>(
    (at, part) => (isObject(at) ? at[String(part)] : Array.isArray(at) ? at[Number(part)] : undefined),
    given,
  );
  if (value === undefined) {
    throw new ApiError(codes.missing, `The request is missing a required parameter \`${path}\`.`);
  }
  if (issue?.code === 'invalid_type' || issue?.code === 'invalid_union') {
    throw new ApiError('InvalidParameter', `The parameter \`${path}\` is of another type.`);
  }
  throw new ApiError(codes.unfit, `The value of the parameter \`${path}\` is not allowed.`);
}
