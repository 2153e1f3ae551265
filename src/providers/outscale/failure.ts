import { z } from 'zod';
import { type AnsweredCall, codeForStatus, outcomeUnknown } from '../../core/answer.ts';
import { type ErrorCode, KeyformError } from '../../core/error.ts';
import type { HttpResponse, Verdict } from '../../core/http.ts';
import { redact, redactedVendorError } from '../../core/redaction.ts';
import type { Secret } from '../../core/secret.ts';
import { clockSkew, skewWords } from '../../core/skew.ts';

/** The vendor's name in messages. */
export const SERVICE = 'Outscale';

/** A request must arrive within this of its timestamp (source: docs.outscale.com, About Signatures of API Requests). */
export const CLOCK_WINDOW_MS = 5 * 60_000;

/** What an error answer says, in whichever of its forms; null for what it leaves out. */
export interface Problem {
  /** The API's number as text, such as `10005`; for other forms a word. */
  readonly code: string | null;
  readonly message: string | null;
  readonly requestId: string | null;
}

const documented = z.object({
  Errors: z
    .array(
      z.object({
        Code: z.union([z.string(), z.number().transform(String)]).nullish(),
        Type: z.string().nullish(),
        Details: z.string().nullish(),
      }),
    )
    .min(1),
  ResponseContext: z.object({ RequestId: z.string().nullish() }).nullish(),
});
// The two forms below come from gateways in front of the API; the vendor's Python SDK reads them too (problem.py, retry.py).
const typed = z.object({ __type: z.string(), message: z.string().nullish(), Message: z.string().nullish() });
const problemJson = z
  .object({ type: z.string(), title: z.string(), detail: z.string(), status: z.union([z.number(), z.string()]) })
  .partial()
  .refine((p) => p.title !== undefined || p.detail !== undefined || p.type !== undefined);

/** Reads an error answer. Never throws: a body of no known form gives nulls. */
export function readProblem(response: HttpResponse): Problem {
  const nothing: Problem = { code: null, message: null, requestId: null };
  let body: unknown;
  try {
    body = JSON.parse(response.body);
  } catch {
    // A login page or a proxy's text: its status is all that can be told from it.
    return nothing;
  }
  const api = documented.safeParse(body);
  if (api.success) {
    const { Errors: errors, ResponseContext: context } = api.data;
    const said = errors.find((e) => e.Code !== null && e.Code !== undefined && e.Code in MEANINGS) ?? errors[0];
    return {
      code: said?.Code ?? null,
      message: join(said?.Type, said?.Details),
      requestId: context?.RequestId ?? null,
    };
  }
  const aws = typed.safeParse(body);
  if (aws.success) return { ...nothing, code: aws.data.__type, message: aws.data.message ?? aws.data.Message ?? null };
  const problem = problemJson.safeParse(body);
  if (problem.success) {
    return { ...nothing, code: problem.data.type ?? null, message: join(problem.data.title, problem.data.detail) };
  }
  return nothing;
}

/** Platform, account, and account-and-call limit. Typed `AccessDenied` like much else, so only the number tells. */
const THROTTLES = new Set(['6', '24', '25']);

/** Documented is 200 alone; any other success may hold a created key's secret too, so it is read and not refused. */
export function isSuccess(response: HttpResponse): boolean {
  return response.status >= 200 && response.status < 300;
}

const anyAnswer = z.object({ ResponseContext: z.object({ RequestId: z.string() }) });

/** `HttpCall.requestId`: every answer of the API, good or bad, carries it in its body. */
export function requestIdIn(response: HttpResponse, secrets: readonly Secret[]): string | null {
  try {
    const answer = anyAnswer.safeParse(JSON.parse(response.body));
    return redact(answer.data?.ResponseContext.RequestId ?? null, { secrets, shapes: SHAPES }, 100);
  } catch {
    // A proxy's page has none.
    return null;
  }
}

/** `HttpCall.judge` for every call of this API (source of the codes: docs.outscale.com, API Throttling). */
export function judge(response: HttpResponse): Verdict {
  if (isSuccess(response)) return 'final';
  if (response.status === 429 || THROTTLES.has(readProblem(response).code ?? '')) return 'throttled';
  return response.status === 408 || response.status >= 500 ? 'transient' : 'final';
}

interface Meaning {
  readonly code: ErrorCode;
  readonly what: string;
  readonly todo: string;
}

const THROTTLED: Meaning = {
  code: 'throttled',
  what: 'the API is limiting the rate of calls, and kept doing so',
  todo: 'Nothing was done. Try again later, or lower "requests_per_second" in the provider block.',
};
const DENIED: Meaning = {
  code: 'forbidden',
  what: 'the credential is right but may not do this',
  todo: 'Give its user a policy that allows access key actions, or use a key of the root user. An EIM user can act for itself without "user_name".',
};
const AUTHENTICATION: Meaning = {
  code: 'unauthorized',
  what: 'the API did not understand how the call authenticates',
  todo: 'A proxy may have changed or dropped the Authorization header. Check the "endpoint" setting and what stands in front of it.',
};
const BAD_PARAMETER: Meaning = {
  code: 'invalid-argument',
  what: 'the API refused a parameter',
  todo: 'The API says which one. An end of life may be in the past or beyond what the account’s API access policy allows. Clearing "tag" or "expires_at" and changing "tag" need API 1.40.1 or later.',
};
const NO_KEY: Meaning = {
  code: 'not-found',
  what: 'there is no such access key',
  todo: 'It may belong to another user: check "user_name".',
};
const WRONG_STATE: Meaning = {
  code: 'invalid-state',
  what: 'the access key is in a state that does not allow this',
  todo: 'The key of an EIM user must be INACTIVE before it can be deleted. Somebody else may have changed it: plan again.',
};
const CONFLICT: Meaning = {
  code: 'conflict',
  what: 'it would collide with something that exists',
  todo: 'The API says with what. Plan again, and choose another value if it stays so.',
};

/** What the API's numbers mean, whatever the HTTP status (below 500) that carries them. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  '0': {
    code: 'invalid-argument',
    what: 'the API refused the call without giving a reason',
    todo: 'Plan again; if it stays, quote the request id to the vendor’s support.',
  },
  '1': {
    code: 'unauthorized',
    what: 'the credential was refused',
    todo: 'Check "access_key_id" and "secret_key" (OSC_ACCESS_KEY, OSC_SECRET_KEY), or "login" and "password" (OSC_LOGIN, OSC_PASSWORD), and "region". The key may be inactive, expired or deleted. Keyform does not try again in this run, because four failures in a row lock the credential.',
  },
  '2': {
    code: 'invalid-configuration',
    what: 'the HTTP method POST did not reach the API',
    todo: 'A redirect or proxy changed it. Check the "endpoint" setting.',
  },
  '4': DENIED,
  '5': DENIED,
  '6': THROTTLED,
  '7': DENIED,
  '8': AUTHENTICATION,
  '9': {
    code: 'forbidden',
    what: 'this call cannot be made with a login and password',
    todo: 'Set "access_key_id" and "secret_key" (OSC_ACCESS_KEY, OSC_SECRET_KEY) instead.',
  },
  '10': AUTHENTICATION,
  '11': {
    code: 'locked-out',
    what: 'the credential is locked for good after too many failed tries',
    todo: 'Only the vendor’s support can unlock it. Use another credential meanwhile.',
  },
  '12': AUTHENTICATION,
  '13': {
    code: 'locked-out',
    what: 'the credential is locked for 60 seconds or more after failed tries',
    todo: 'Four failures in a row lock it for one minute, each further four for one minute more, up to ten. Wait, correct the credential, and stop whatever else uses a wrong one, before trying again. Keyform does not try by itself.',
  },
  '14': {
    code: 'forbidden',
    what: 'the account’s API access rules refuse calls from here',
    todo: 'The rules name the IP addresses and client certificates that may call. Run from an address that they allow, or change them.',
  },
  '20': {
    code: 'unauthorized',
    what: 'the password has expired',
    todo: 'Change it, or set "access_key_id" and "secret_key" instead.',
  },
  '24': THROTTLED,
  '25': THROTTLED,
  '4000': NO_KEY,
  '4022': BAD_PARAMETER,
  '4025': BAD_PARAMETER,
  '4032': BAD_PARAMETER,
  '4043': BAD_PARAMETER,
  '4045': BAD_PARAMETER,
  '4046': BAD_PARAMETER,
  '4047': BAD_PARAMETER,
  '4105': BAD_PARAMETER,
  '4106': BAD_PARAMETER,
  '4108': BAD_PARAMETER,
  '4111': BAD_PARAMETER,
  '5027': NO_KEY,
  '5075': {
    code: 'invalid-argument',
    what: 'there is no such EIM user',
    todo: 'Check "user_name": create the user first, or leave "user_name" out for the identity that Keyform authenticates as. If the user was deleted together with its keys, forget the key with a `removed` block.',
  },
  '6003': WRONG_STATE,
  '6004': WRONG_STATE,
  '9000': CONFLICT,
  '9009': CONFLICT,
  '9011': CONFLICT,
  '9015': CONFLICT,
  '9022': CONFLICT,
  '10005': {
    code: 'quota-exceeded',
    what: 'the user has as many access keys as it can have',
    todo: 'A user can hold 10. Delete one that is not needed, or rotate with `strategy = "delete_first"`.',
  },
};

/**
 * The error for an answer that is not a success. `now` is this machine's time, to recognise a wrong clock; `secrets` are cut
 * out of the vendor's words, as is anything that looks like a secret or a signature.
 */
export function failure(
  call: AnsweredCall,
  response: HttpResponse,
  now: number,
  secrets: readonly Secret[],
): KeyformError {
  const { status } = response;
  const problem = readProblem(response);
  const vendor = redactedVendorError(status, problem, { secrets, shapes: SHAPES });
  const subject = `${call.service} ${call.action}`;
  // Anything else a failing gateway says is no proof that the API behind it did not act.
  const doubtful = (status >= 500 || status === 408) && !THROTTLES.has(problem.code ?? '');
  if (doubtful) {
    if (!call.safe) return outcomeUnknown(call, `the API answered HTTP ${status}`, vendor);
    return new KeyformError('unavailable', `${subject}: the API is failing (HTTP ${status})`, {
      detail: 'It was tried several times. Try again later; see the vendor’s status page.',
      vendor,
    });
  }
  const meaning = MEANINGS[problem.code ?? ''];
  const skew = status === 401 ? aboutClock(response, now) : '';
  if (meaning !== undefined) {
    return new KeyformError(meaning.code, `${subject}: ${meaning.what}`, { detail: `${meaning.todo}${skew}`, vendor });
  }
  const code = codeForStatus(status, call.safe);
  return new KeyformError(code, `${subject}: HTTP ${status}, with no error number that Keyform knows`, {
    detail: `${code === 'throttled' ? THROTTLED.todo : 'Check that the "endpoint" setting names the OUTSCALE API itself, and what stands in front of it.'}${skew}`,
    vendor,
  });
}

/** A sentence about clocks that differ too much for any signature to be accepted; empty when they do not, or none can tell. */
function aboutClock(response: HttpResponse, now: number): string {
  const skew = clockSkew(response, now);
  if (skew === null || Math.abs(skew) <= CLOCK_WINDOW_MS) return '';
  return ` ${skewWords(skew)}, and a signature counts for 5 minutes only: that alone explains the refusal. Set the clock.`;
}

/** An API that explains a bad signature may quote one: hex. A secret key is 40 capitals and digits. */
const SHAPES: readonly RegExp[] = [/\b[0-9a-fA-F]{64}\b/g, /\b[A-Z0-9]{40}\b/g, /(?<=\bBasic\s+)[A-Za-z0-9+/=]+/g];

function join(type: string | null | undefined, details: string | null | undefined): string | null {
  const parts = [type, details].filter((part) => part !== null && part !== undefined && part !== '');
  return parts.length === 0 ? null : parts.join(': ');
}
