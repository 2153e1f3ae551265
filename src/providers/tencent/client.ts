import { z } from 'zod';
import { type AnsweredCall, type Precious, readAnswer } from '../../core/answer.ts';
import type { HttpPort, HttpRequest, HttpResponse, RateLimit } from '../../core/http.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Clock } from '../../core/port.ts';
import type { Secret } from '../../core/secret.ts';
import { type Credential, sign, timestampOf } from './auth.ts';
import { failure, isSuccess, judge, readProblem, requestIdIn, SERVICE } from './failure.ts';

/** Actions that change nothing, of all services: every call of this API is a POST. */
const READS: readonly string[] = ['ListAccessKeys', 'GetSecurityLastUsed', 'DescribeApiKey', 'DescribeApiKeysStatus'];

/** What a client needs to make calls. */
export interface ClientOptions {
  readonly http: HttpPort;
  readonly clock: Clock;
  readonly credential: Credential;
  /** Absolute URL without query and without a slash at its end, such as `https://cam.tencentcloudapi.com`. */
  readonly endpoint: string;
  /** The API's own name, which stands in the signature's scope whatever the endpoint's host is. */
  readonly service: 'cam' | 'apigateway';
  /** `X-TC-Version`. */
  readonly version: string;
  /** `X-TC-Region`; null: none is sent. */
  readonly region: string | null;
  /** Every action that may be called, with its calls a second. */
  readonly actions: Readonly<Record<string, number>>;
  /** Whose rate limits the calls count against; left out: those of the credential. For a key that is tried out. */
  readonly account?: string;
}

/** One call, beside its action and parameters. */
export interface CallOptions<T> {
  /** The form of the `Response` object, `RequestId` included. */
  readonly schema: z.ZodType<T>;
  /** As {@link import('../../core/http.ts').HttpCall.safe}. */
  readonly safe: boolean;
  /** What the call is about, for messages: `the keys of account 100013065917`. */
  readonly subject: string;
  /** `Owner.label`. */
  readonly owner: string;
  readonly signal?: AbortSignal | undefined;
  /** Where `Response` holds what must not be lost: member names from the `Response` object. */
  readonly precious?: Precious;
  /** Secrets among the parameters, to be cut out of whatever the API says. */
  readonly secrets?: readonly Secret[];
}

/** Calls of one service of the vendor's API. */
export interface TencentClient {
  /**
   * Makes one call and returns the parsed `Response` object. Throws KeyformErrors as {@link failure} makes them, those of
   * {@link readAnswer}, and those of the HTTP port.
   */
  call<T>(action: string, params: JsonObject, how: CallOptions<T>): Promise<T>;
  /** The buckets that a call of `action` draws from. Throws an Error for an action that is not among `actions`. */
  limitsOf(action: string): readonly RateLimit[];
}

export function createClient(options: ClientOptions): TencentClient {
  const { http, clock, credential, endpoint, service, actions } = options;
  const account = options.account ?? credential.secretId;
  const own = credential.token === null ? [credential.secretKey] : [credential.secretKey, credential.token];

  function limitsOf(action: string): readonly RateLimit[] {
    const perSecond = Object.hasOwn(actions, action) ? actions[action] : undefined;
    if (perSecond === undefined) throw new Error(`tencent ${service} has no action ${action}`);
    return [{ bucket: `tencent ${service} ${endpoint} ${account} ${action}`, perSecond }];
  }

  return {
    limitsOf,
    async call(action, params, how) {
      const { safe, subject, owner, signal, precious } = how;
      const secrets = [...own, ...(how.secrets ?? [])];
      const requestId = (answer: HttpResponse) => requestIdIn(answer, secrets);
      const body = JSON.stringify(params);
      const response = await http.send({
        action,
        owner,
        safe,
        reads: READS.includes(action),
        limits: limitsOf(action),
        build: () => buildRequest(options, action, body),
        judge,
        requestId,
        ...(signal === undefined ? {} : { signal }),
      });
      const call: AnsweredCall = { service: SERVICE, action: `${action} of ${subject}`, safe, requestId };
      if (!isSuccess(response) || readProblem(response) !== null) throw failure(call, response, clock.now(), secrets);
      const envelope = z.object({ Response: how.schema });
      const place = precious && {
        secret: ['Response', ...precious.secret],
        id: ['Response', ...precious.id],
      };
      return readAnswer(envelope, response, call, place).Response;
    },
  };
}

/** One signed request; `body` is sent, and hashed, exactly as it stands. */
export function buildRequest(
  options: Pick<ClientOptions, 'clock' | 'credential' | 'endpoint' | 'service' | 'version' | 'region'>,
  action: string,
  body: string,
): HttpRequest {
  const { credential, region } = options;
  const url = new URL(`${options.endpoint}/`);
  const timestamp = timestampOf(options.clock.now());
  // Signed too by most of the vendor's SDKs: nothing else, and this very spelling.
  const contentType = 'application/json';
  const authorization = sign(credential, options.service, timestamp, {
    method: 'POST',
    // Of the API itself, also where a proxy in front of it wants a prefix.
    path: '/',
    query: '',
    headers: [
      ['content-type', contentType],
      // With its port, as the Host header carries it.
      ['host', url.host],
    ],
    body,
  });
  return {
    method: 'POST',
    url: url.href,
    headers: {
      'content-type': contentType,
      'x-tc-action': action,
      'x-tc-version': options.version,
      'x-tc-timestamp': String(timestamp),
      ...(region === null ? {} : { 'x-tc-region': region }),
      ...(credential.token === null ? {} : { 'x-tc-token': credential.token.reveal() }),
      authorization,
    },
    body,
  };
}
