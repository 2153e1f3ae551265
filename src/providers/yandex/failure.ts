import { type AnsweredCall, outcomeUnknown } from '../../core/answer.ts';
import { type ErrorCode, KeyformError, type VendorError } from '../../core/error.ts';
import type { HttpResponse } from '../../core/http.ts';
import { type Redaction, redact, redactedVendorError } from '../../core/redaction.ts';
import type { Secret } from '../../core/secret.ts';
import { clockSkew, skewWords } from '../../core/skew.ts';
import { isDoubtful, isQuota, readStatus, requestIdOf, type Status } from './status.ts';

/** The vendor's name in messages. */
export const SERVICE = 'Yandex Cloud';

/** A clock that differs by more than this explains a refused JWT. */
const CLOCK_WINDOW_MS = 60_000;

interface Meaning {
  readonly code: ErrorCode;
  readonly what: string;
  readonly todo: string;
}

const THROTTLED: Meaning = {
  code: 'throttled',
  what: 'the API is limiting the rate of calls, or a quota is full, and it does not say which',
  todo: 'Nothing was done. Try again later, and look at the IAM quotas of the cloud in the vendor’s console.',
};

const QUOTA: Meaning = {
  code: 'quota-exceeded',
  what: 'a quota of the cloud is full',
  todo: 'A cloud holds 1000 API keys and 1000 static access keys, those of all its service accounts together. Delete keys that nobody uses, or have the vendor’s support raise the quota.',
};

/** What the API's codes mean, by gRPC number. Those that say that the API itself failed are not here. */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  3: {
    code: 'invalid-argument',
    what: 'the API refused an argument',
    todo: 'Correct what the API names, then plan again.',
  },
  5: {
    code: 'not-found',
    what: 'the API knows no such key, operation or service account',
    todo: 'Check "service_account_id", and whether the key was deleted.',
  },
  6: { code: 'conflict', what: 'it would collide with something that exists', todo: 'Plan again.' },
  7: {
    code: 'forbidden',
    what: 'the credential is accepted but may not do this',
    todo: 'Check "service_account_id": an unknown service account is refused in the same way. Give whoever Keyform acts as the role `iam.serviceAccounts.apiKeyAdmin` or `iam.serviceAccounts.accessKeyAdmin` for the service account or its folder.',
  },
  9: { code: 'invalid-state', what: 'the key is not in a state that allows it', todo: 'Plan again.' },
  10: {
    code: 'conflict',
    what: 'another change got in the way, again and again',
    todo: 'Somebody else changes the same key. Plan again.',
  },
  11: {
    code: 'invalid-argument',
    what: 'an argument is out of range',
    todo: 'Correct what the API names, then plan again.',
  },
  12: {
    code: 'invalid-configuration',
    what: 'the endpoint has no such call',
    todo: 'Check the settings "endpoint" (KEYFORM_YANDEX_ENDPOINT) and "operation_endpoint" (KEYFORM_YANDEX_OPERATION_ENDPOINT).',
  },
  16: {
    code: 'unauthorized',
    what: 'the API does not accept the IAM token',
    todo: 'An IAM token lives at most 12 hours and belongs to one installation of the cloud. Get a new one (`yc iam create-token`) for "token" (YC_TOKEN) or "token_file", or set "service_account_key_file" (YC_SERVICE_ACCOUNT_KEY_FILE), with which Keyform renews it by itself.',
  },
};

/** Codes of answers that are not of the API's form, as the gRPC codes that the vendor's table gives them. */
const BY_HTTP: Readonly<Record<number, number>> = { 400: 3, 401: 16, 403: 7, 409: 10, 429: 8 };

/** The call that failed. */
export interface FailedCall extends Pick<AnsweredCall, 'safe' | 'action'> {
  /** What it was done to, for messages: `API key aje…`. */
  readonly subject: string;
  /** For an exchange of a credential for a token: what was exchanged, in words. */
  readonly exchange?: string;
}

export interface FailureContext {
  /** This machine's time, milliseconds since 1970, to recognise a wrong clock. */
  readonly now: number;
  /** Cut out of the vendor's words, beside anything that looks like a credential of this cloud. */
  readonly secrets: readonly Secret[];
}

/** The call in the form that `readAnswer` and `outcomeUnknown` want; `secrets` as of {@link FailureContext}. */
export function answered(call: FailedCall, secrets: readonly Secret[]): AnsweredCall {
  const requestId = (response: HttpResponse) => requestIdIn(response, secrets);
  return { service: SERVICE, action: subjectOf(call), safe: call.safe, requestId };
}

/** `HttpCall.requestId`, without `secrets` and what looks like one: a gateway may echo what it was sent. */
export function requestIdIn(response: HttpResponse, secrets: readonly Secret[]): string | null {
  return redact(requestIdOf(response), { secrets, shapes: SHAPES }, 100);
}

/** The error for an answer that is not a success. */
export function failure(call: FailedCall, response: HttpResponse, context: FailureContext): KeyformError {
  const status = readStatus(response);
  const vendor = vendorError(response, status, context.secrets);
  if (isDoubtful(response, status)) {
    if (!call.safe)
      return outcomeUnknown(answered(call, context.secrets), `the API answered HTTP ${response.status}`, vendor);
    return new KeyformError(
      'unavailable',
      `${SERVICE} ${subjectOf(call)}: the API is failing (HTTP ${response.status})`,
      {
        detail: 'It was tried several times. Try again later; see the vendor’s status page.',
        vendor,
      },
    );
  }
  const code = status?.code ?? BY_HTTP[response.status];
  if (code === undefined || (response.status === 404 && code !== 5)) {
    return new KeyformError(
      'malformed-answer',
      `${SERVICE} ${subjectOf(call)}: HTTP ${response.status} came back, but not from the API itself`,
      {
        detail:
          'Nothing was concluded from it. Check the settings "endpoint" and "operation_endpoint", and that no proxy answers in the API’s place.',
        vendor,
      },
    );
  }
  const skew = call.exchange === undefined ? '' : aboutClock(response, context.now);
  return explain(call, status, code, vendor, context.secrets, skew);
}

/** The error for an operation that ended, or is being rolled back, with `status`. `operationId` goes into the words. */
export function operationFailure(
  call: FailedCall,
  operationId: string,
  status: Status,
  secrets: readonly Secret[],
): KeyformError {
  // The answer that told it was a success by itself.
  const said = { code: status.name, message: wordsOf(status), requestId: status.requestId };
  const vendor = redactedVendorError(200, said, { secrets, shapes: SHAPES });
  const told = explain(call, status, status.code, vendor, secrets, '', `operation ${operationId} failed: `);
  return MEANINGS[status.code] !== undefined || isQuota(status)
    ? told
    : new KeyformError('unavailable', told.message, {
        detail:
          'The API undid what it had begun. Plan again, and quote the operation’s id to the vendor’s support if it stays.',
        vendor,
      });
}

function explain(
  call: FailedCall,
  status: Status | null,
  code: number,
  vendor: VendorError,
  secrets: readonly Secret[],
  skew: string,
  prefix = '',
): KeyformError {
  const subject = `${SERVICE} ${subjectOf(call)}: ${prefix}`;
  const redaction: Redaction = { secrets, shapes: SHAPES };
  if (call.exchange !== undefined && [3, 5, 16].includes(code)) {
    return new KeyformError('unauthorized', `${subject}the API does not accept the ${call.exchange}`, {
      detail: `It may have been deleted, belong to another installation of the cloud, or not be whole. It is not tried again in this run.${skew}`,
      vendor,
    });
  }
  if (code === 8) {
    const meaning = status !== null && isQuota(status) ? QUOTA : THROTTLED;
    const full =
      meaning === QUOTA && status !== null && status.metrics.length > 0 ? ` (${status.metrics.join(', ')})` : '';
    return new KeyformError(meaning.code, `${subject}${meaning.what}${redact(full, redaction, 200)}`, {
      detail: meaning.todo,
      vendor,
    });
  }
  const meaning = MEANINGS[code] ?? {
    code: 'malformed-answer' as const,
    what: `the API answered with ${vendor.code ?? `code ${code}`}`,
    todo: 'Nothing was concluded from it. Quote the request id to the vendor’s support.',
  };
  const fields = (status?.fields ?? []).map(({ field, description }) => {
    const why = redact(description, redaction, 200);
    // The API names fields in either of protobuf's two spellings; the arguments have the one with underscores.
    const name = redact(field, redaction, 100).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return why === '' ? `"${name}"` : `"${name}" (${why})`;
  });
  const what = fields.length === 0 ? meaning.what : `the API refused ${fields.join(', ')}`;
  return new KeyformError(meaning.code, `${subject}${what}`, { detail: `${meaning.todo}${skew}`, vendor });
}

function subjectOf(call: FailedCall): string {
  return call.exchange === undefined ? `${call.action} of ${call.subject}` : `${call.action} for ${call.subject}`;
}

/** What the vendor said in an answer that is not a success, or that cannot be used. */
export function vendorError(response: HttpResponse, status: Status | null, secrets: readonly Secret[]): VendorError {
  const message = status === null ? null : wordsOf(status);
  const said = { code: status?.name ?? null, message, requestId: requestIdOf(response) };
  return redactedVendorError(response.status, said, { secrets, shapes: SHAPES });
}

function wordsOf(status: Status): string | null {
  const parts = [status.message, ...status.fields.map(({ field, description }) => `${field}: ${description}`)];
  const said = parts.filter((part) => part !== null && part !== '');
  return said.length === 0 ? null : said.join('; ');
}

/** A sentence about clocks that differ too much for a JWT to be accepted; empty when they do not, or none can tell. */
function aboutClock(response: HttpResponse, now: number): string {
  const skew = clockSkew(response, now);
  if (skew === null || Math.abs(skew) <= CLOCK_WINDOW_MS) return '';
  return ` ${skewWords(skew)}: that alone may explain the refusal of a JWT. Set the clock.`;
}

/** Shapes of this cloud's secrets: IAM token, OAuth token, API key, secret of a static key, JWT, PEM (source: its documentation). */
const SHAPES: readonly RegExp[] = [
  /\bt1\.[A-Za-z0-9_-]+={0,2}\.[A-Za-z0-9_-]+={0,2}/g,
  /\by[0-3]_[A-Za-z0-9_-]{10,}/g,
  /\bAQ(?:VN|AA)[A-Za-z0-9_-]{20,}/g,
  /\bYC[A-Za-z0-9_-]{38}(?![A-Za-z0-9_-])/g,
  /\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g,
  /-----BEGIN[\s\S]*?(?:-----END[^-]*-----|$)/g,
];
