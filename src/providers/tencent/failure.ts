import { z } from 'zod';
import { type AnsweredCall, codeForStatus, outcomeUnknown } from '../../core/answer.ts';
import { type ErrorCode, KeyformError, type VendorError } from '../../core/error.ts';
import type { HttpResponse, Verdict } from '../../core/http.ts';
import { redact, redactedVendorError } from '../../core/redaction.ts';
import type { Secret } from '../../core/secret.ts';
import { clockSkew, skewWords } from '../../core/skew.ts';
import { CLOCK_WINDOW_MS } from './auth.ts';

/** The vendor's name in messages. */
export const SERVICE = 'Tencent Cloud';

/**
 * What the vendor's errors mean. They come inside HTTP 200, so the code alone tells; messages are for people and never
 * matched (they end in bracketed text that differs from call to call). Another HTTP status is a failure of what stands in
 * front of the API, unless its body has the API's form all the same.
 */

/** `Response.Error`. */
export interface Problem {
  /** Such as `ResourceNotFound.SecretNotExist`; null when the error carries none. */
  readonly code: string | null;
  readonly message: string | null;
  readonly requestId: string | null;
}

const failed = z.object({
  Response: z.object({
    Error: z.object({
      Code: z.string().min(1).nullish().catch(null),
      Message: z.string().nullish().catch(null),
    }),
    RequestId: z.string().nullish().catch(null),
  }),
});
const anyAnswer = z.object({ Response: z.object({ RequestId: z.string() }) });

/** Reads an error answer, whatever its HTTP status; null for an answer that is not one. Never throws. */
export function readProblem(response: HttpResponse): Problem | null {
  const answer = failed.safeParse(parse(response.body));
  if (!answer.success) return null;
  const { Error: error, RequestId: requestId } = answer.data.Response;
  return { code: error.Code ?? null, message: error.Message ?? null, requestId: requestId ?? null };
}

/** `HttpCall.requestId`: every answer of the API, good or bad, carries it in its body. */
export function requestIdIn(response: HttpResponse, secrets: readonly Secret[]): string | null {
  const answer = anyAnswer.safeParse(parse(response.body));
  return redact(answer.data?.Response.RequestId ?? null, { secrets, shapes: SHAPES }, 100);
}

/** Documented is 200 alone; any other success may hold a created key's secret too, so it is read and not refused. */
export function isSuccess(response: HttpResponse): boolean {
  return response.status >= 200 && response.status < 300;
}

/** `HttpCall.judge` for every call. */
export function judge(response: HttpResponse): Verdict {
  const problem = readProblem(response);
  const family = familyOf(problem?.code ?? null);
  if (response.status === 429 || family === 'RequestLimitExceeded') return 'throttled';
  if (isDoubtful(response, family)) return 'transient';
  return 'final';
}

/** Whether the API failed in a way that leaves open if it acted. */
function isDoubtful(response: HttpResponse, family: string | null): boolean {
  if (family === 'InternalError' || family === 'ServiceUnavailable') return true;
  return response.status === 408 || response.status >= 500;
}

/** The part of a code before its dot. */
function familyOf(code: string | null): string | null {
  return code?.split('.')[0] ?? null;
}

interface Meaning {
  readonly code: ErrorCode;
  readonly what: string;
  readonly todo: string;
}

const CREDENTIAL =
  'Check "secret_id" and "secret_key" (TENCENTCLOUD_SECRET_ID, TENCENTCLOUD_SECRET_KEY) in the provider block’s "tencent" object.';

const REFUSED: Meaning = {
  code: 'unauthorized',
  what: 'the credential was refused',
  todo: `${CREDENTIAL} The key may be disabled or deleted; one that is a few seconds old may not be known everywhere yet. Keyform does not try a refused credential again.`,
};
const UNREADABLE_AUTHORIZATION: Meaning = {
  code: 'unauthorized',
  what: 'the API did not understand how the call is signed',
  todo: 'A proxy may have changed or dropped the Authorization header. Check the endpoint settings and what stands in front of the API.',
};
const DENIED: Meaning = {
  code: 'forbidden',
  what: 'the credential is right but may not do this',
  todo: 'Give its account a CAM policy that allows the action, or use a key of the main account.',
};
const BAD_PARAMETER: Meaning = {
  code: 'invalid-argument',
  what: 'the API refused a parameter',
  todo: 'The API says which one. Correct the argument and plan again.',
};
const WRONG_REGION: Meaning = {
  code: 'invalid-configuration',
  what: 'the API does not know this region, or the service is not there',
  todo: 'Check "region" in the resource and in the provider block’s "tencent" object (TENCENTCLOUD_REGION).',
};
const WRONG_STATE: Meaning = {
  code: 'invalid-state',
  what: 'the key is in a state that does not allow this',
  todo: 'Somebody else may have changed it: plan again.',
};
const WRONG_SERVICE: Meaning = {
  code: 'invalid-configuration',
  what: 'the API does not know this service or action',
  todo: 'Check that "domain" and the endpoint settings name the service itself: CAM and API Gateway have hosts of their own.',
};
const OFFLINE: Meaning = {
  code: 'unavailable',
  what: 'the vendor has taken this part of its API offline',
  todo: 'API Gateway was announced to go offline on 2025-06-30. Use `removed` blocks to forget its keys.',
};
const FAILED: Meaning = {
  code: 'unavailable',
  what: 'the API says that the operation failed',
  todo: 'Plan again; if it stays, quote the request id to the vendor’s support.',
};
const NOT_FROM_HERE: Meaning = {
  code: 'forbidden',
  what: 'calls from this IP address are refused',
  todo: 'The account’s rules name the IP addresses that may call. Run from one that they allow, or change them.',
};

/** By code, or by what stands before its dot; the whole code wins. Source of the codes: shared error table, and each action's list. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  ActionOffline: OFFLINE,
  AuthFailure: REFUSED,
  'AuthFailure.InvalidAuthorization': UNREADABLE_AUTHORIZATION,
  'AuthFailure.InvalidSecretId': {
    ...REFUSED,
    what: 'the credential is not a key of the cloud API',
    todo: `${CREDENTIAL} Keys of other products, such as API Gateway, cannot sign calls to it.`,
  },
  'AuthFailure.MFAFailure': {
    code: 'forbidden',
    what: 'the account demands multi-factor authentication for this',
    todo: 'Keyform cannot answer it. Exempt the credential’s account, or use a temporary key that was made with it ("token").',
  },
  'AuthFailure.SignatureExpire': {
    code: 'unauthorized',
    what: 'the signature’s time is too far from the API’s',
    todo: 'A signature counts for 5 minutes only.',
  },
  'AuthFailure.TokenFailure': {
    code: 'unauthorized',
    what: 'the token of the temporary key was refused',
    todo: 'It may have ended. Get new temporary credentials and set "secret_id", "secret_key" and "token" together (TENCENTCLOUD_SECURITY_TOKEN, TENCENTCLOUD_TOKEN); with a permanent key leave "token" out.',
  },
  'AuthFailure.UnauthorizedOperation': DENIED,
  DryRunOperation: { ...FAILED, code: 'invalid-argument', what: 'the API took it for a dry run' },
  FailedOperation: FAILED,
  'FailedOperation.AccessKeyExist': {
    code: 'conflict',
    what: 'there is a key with this id already',
    todo: 'Choose another "access_key_id", or import the key.',
  },
  InvalidAction: WRONG_SERVICE,
  InvalidParameter: BAD_PARAMETER,
  'InvalidParameter.UserNotExist': {
    code: 'invalid-argument',
    what: 'there is no such account',
    todo: 'Check "target_uin": it must be the main account of the credential in use or one of its sub-users; left out, it is the credential’s own. If the user was deleted together with its keys, forget the key with a `removed` block.',
  },
  InvalidParameterValue: BAD_PARAMETER,
  'InvalidParameterValue.InvalidRegion': WRONG_REGION,
  InvalidRequest: BAD_PARAMETER,
  IpInBlacklist: NOT_FROM_HERE,
  IpNotInWhitelist: NOT_FROM_HERE,
  LimitExceeded: {
    code: 'quota-exceeded',
    what: 'the account has as many as it can have',
    todo: 'Delete what is not needed, or ask the vendor for a higher limit.',
  },
  'LimitExceeded.ApiKeyCountLimitExceeded': {
    code: 'quota-exceeded',
    what: 'the account has as many API Gateway keys as it can have',
    todo: 'An account can hold 400. Delete one that is not needed, or rotate with `strategy = "regenerate"` or "delete_first".',
  },
  MissingParameter: BAD_PARAMETER,
  NoSuchProduct: OFFLINE,
  NoSuchVersion: WRONG_SERVICE,
  OperationDenied: DENIED,
  'OperationDenied.AccessKeyOverLimit': {
    code: 'quota-exceeded',
    what: 'the account has two keys, and that is as many as it can have',
    todo: 'Disabled keys count too. Delete one that is not needed. With two keys there is no room for a rotation: rotate with `strategy = "delete_first"`, or keep one key for each account.',
  },
  'OperationDenied.SubUin': {
    code: 'forbidden',
    what: 'a sub-user may not touch the keys of the main account',
    todo: 'Use a key of the main account, or name a sub-user in "target_uin".',
  },
  'OperationDenied.UinNotMatch': {
    code: 'forbidden',
    what: 'the key belongs to another account',
    todo: 'Check "target_uin": it must name the account that holds the key, and may be left out only for the keys of the credential’s own account.',
  },
  RequestLimitExceeded: {
    code: 'throttled',
    what: 'the API is limiting the rate of calls, and kept doing so',
    todo: 'Nothing was done. Something else may be calling for the same account. Try again later.',
  },
  RequestSizeLimitExceeded: BAD_PARAMETER,
  ResourceInUse: WRONG_STATE,
  ResourceInsufficient: FAILED,
  ResourceNotFound: {
    code: 'not-found',
    what: 'there is no such key',
    todo: 'Plan again. It may belong to another account or region: check "target_uin" or "region".',
  },
  ResourceUnavailable: FAILED,
  ResponseSizeLimitExceeded: FAILED,
  UnauthorizedOperation: DENIED,
  'UnauthorizedOperation.UncertifiedUser': {
    code: 'forbidden',
    what: 'the account’s identity has not been verified',
    todo: 'Verify it in the vendor’s console first.',
  },
  UnknownParameter: {
    ...BAD_PARAMETER,
    what: 'the API does not know a parameter',
    todo: 'The API says which one. The international site may not take "description": leave it out there.',
  },
  UnsupportedOperation: WRONG_STATE,
  'UnsupportedOperation.ResourceIsInUse': {
    code: 'invalid-state',
    what: 'the key is bound to a usage plan',
    todo: 'Unbind it from its usage plans first.',
  },
  'UnsupportedOperation.UinNotInWhiteList': {
    code: 'forbidden',
    what: 'the account may not do this to manual keys',
    todo: 'The vendor lets only listed accounts change manual keys. Use `access_key_type = "auto"`, or ask its support.',
  },
  'UnsupportedOperation.UnpackError': FAILED,
  UnsupportedProtocol: {
    ...WRONG_SERVICE,
    what: 'the call did not reach the API as it was sent',
    todo: 'A redirect or proxy changed its method. Check the endpoint settings.',
  },
  UnsupportedRegion: WRONG_REGION,
};

/** What a code means; null for one that neither it nor its family is known. */
function meaningOf(code: string | null): Meaning | null {
  for (const name of [code, familyOf(code)]) {
    if (name !== null && Object.hasOwn(MEANINGS, name)) return MEANINGS[name] ?? null;
  }
  return null;
}

/**
 * The error for an answer that is not a success. `call.action` is the action with its subject; `now` is this machine's time, to
 * recognise a wrong clock; `secrets` are cut out of the vendor's words, as is anything that looks like a secret or a signature.
 */
export function failure(
  call: AnsweredCall,
  response: HttpResponse,
  now: number,
  secrets: readonly Secret[],
): KeyformError {
  const { status } = response;
  const problem = readProblem(response);
  const code = problem?.code ?? null;
  const vendor = vendorErrorOf(response, secrets);
  const subject = `${call.service} ${call.action}`;
  const family = familyOf(code);
  if (family !== 'RequestLimitExceeded' && isDoubtful(response, family)) {
    const said = code === null ? `HTTP ${status}` : vendor.code;
    if (!call.safe) return outcomeUnknown(call, `the API answered ${said}`, vendor);
    return new KeyformError('unavailable', `${subject}: the API is failing (${said})`, {
      detail: 'It was tried several times. Try again later; see the vendor’s status page.',
      vendor,
    });
  }
  const meaning = meaningOf(code);
  if (meaning !== null) {
    const clock = code === 'AuthFailure.SignatureExpire' ? aboutClock(response, now) : '';
    return new KeyformError(meaning.code, `${subject}: ${meaning.what}`, {
      detail: `${meaning.todo}${clock}`,
      vendor,
    });
  }
  if (isSuccess(response) && code !== null) {
    // An error is no success, whatever its code: nothing was done.
    return new KeyformError('invalid-argument', `${subject}: refused with a code that Keyform does not know`, {
      detail: 'See what the API says, and quote the request id to the vendor’s support if that does not help.',
      vendor,
    });
  }
  if (isSuccess(response)) {
    const what = 'the answer is an error without a code';
    if (!call.safe) return outcomeUnknown(call, what, vendor);
    return new KeyformError('malformed-answer', `${subject}: ${what}`, {
      detail: 'Check that "domain" and the endpoint settings name the API itself, and what stands in front of it.',
      vendor,
    });
  }
  return new KeyformError(codeForStatus(status, call.safe), `${subject}: HTTP ${status}, with no code of the API`, {
    detail:
      'The API itself answers with HTTP 200, errors too. Check that "domain" and the endpoint settings name it, and what stands in front of it.',
    vendor,
  });
}

/** What the answer's Date header tells of this machine's clock, as a sentence to follow others. */
function aboutClock(response: HttpResponse, now: number): string {
  const skew = clockSkew(response, now);
  if (skew === null) return ' This machine’s clock is off by more than that: set it.';
  if (Math.abs(skew) > CLOCK_WINDOW_MS) return ` ${skewWords(skew)}: set it.`;
  return ' This machine’s clock agrees with the API’s, so something between the two held the call back for that long.';
}

/** What the API said in an answer that is an error, or that cannot be used. */
export function vendorErrorOf(response: HttpResponse, secrets: readonly Secret[]): VendorError {
  const { code, message } = readProblem(response) ?? { code: null, message: null };
  const said = { code, message, requestId: requestIdIn(response, secrets) };
  return redactedVendorError(response.status, said, { secrets, shapes: SHAPES });
}

/**
 * An API that explains a bad signature may quote one: hex (TC3), or base64 of 20 or 32 bytes (v1). A secret has 32 letters and
 * digits, or 39 or 40 at API Gateway; ids, which begin with AKID or IKID, stay.
 */
const SHAPES: readonly RegExp[] = [
  /\b[0-9a-fA-F]{64}\b/g,
  /(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{27}|[A-Za-z0-9+/]{43})=/g,
  /\b(?![AI]KID)(?:[A-Za-z0-9]{32}|[A-Za-z0-9]{39,40})\b/g,
];

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // A login page or a proxy's text: its status is all that can be told from it.
    return null;
  }
}
