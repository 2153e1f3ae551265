/** One HTTP request, complete with authentication. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Absolute URL, `https:` or, to a loopback address only, `http:`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Exact bytes to send; signatures are computed over this very text. */
  readonly body?: string;
}

/** One whole answer; a cut-off one never becomes a value of this type. */
export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; repeated headers joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * What an answer means for repeating the call.
 *
 * - `final`: a success, or an error that will not change: hand it to the caller.
 * - `throttled`: the API did nothing because of a rate limit: repeating is harmless, even for a create.
 * - `transient`: the API failed in a way that may pass, and may or may not have acted: repeated only when the call is safe.
 */
export type Verdict = 'final' | 'throttled' | 'transient';

/** A limit of so many calls a second, shared by every call of a run that names the same bucket. */
export interface RateLimit {
  /** Shared name, such as `outscale eu-west-2 account`. */
  readonly bucket: string;
  readonly perSecond: number;
}

/** One call of an API action, which may take several attempts. */
export interface HttpCall {
  /** The vendor's name of the action, such as `CreateAccessKey`: for logs, counts and forecasts. */
  readonly action: string;
  /** Whose keys it is about, as {@link Owner.label} says it: for logs and counts. Absent for a call about no owner (a token). */
  readonly owner?: string;
  /** True when doing it twice has the effect of doing it once. A create is never safe. */
  readonly safe: boolean;
  /**
   * That the call changes nothing a user would miss: it lists, reads, tries a key, or gets a token. Said of each call whose requests are not
   * GET; left out, one with such requests counts as changing something, however safe it is to repeat.
   */
  readonly reads?: boolean;
  /** That the URL's path is a secret, as a webhook's is: then a log shows the origin only. */
  readonly secretPath?: boolean;
  /** Buckets to draw a token from before each attempt. */
  readonly limits?: readonly RateLimit[];
  /** Makes the request anew for each attempt (0, 1, …), so that a signature carries the time of its own attempt. */
  build(attempt: number): HttpRequest | Promise<HttpRequest>;
  /** Judges an answer; must not throw. `retryAfterMs` overrides a `Retry-After` header. */
  judge(response: HttpResponse): Verdict | { readonly verdict: Verdict; readonly retryAfterMs: number };
  /**
   * The vendor's id of the request where the answer's body tells it, for the log; null when this answer has none. Must not
   * throw. Left out: the usual headers are looked through.
   */
  requestId?(response: HttpResponse): string | null;
  readonly signal?: AbortSignal;
}

/** The one door to the network. */
export interface HttpPort {
  /**
   * Performs the call, repeating it as far as that is harmless, and resolves to the last whole answer, whatever its status.
   * Throws a KeyformError: `unreachable` or `tls-failure` when nothing reached the API; `timeout` when a safe call got no
   * whole answer; `malformed-answer` when what a safe call got is not HTTP or far too large; `outcome-unknown` when an unsafe call
   * was sent and no whole answer came back; `cancelled` on abort before sending, between attempts, or during one that only reads (a GET, or {@link HttpCall.reads});
   * `invalid-configuration` for a URL that must not be used (plain http to another machine) and a request HTTP cannot carry.
   */
  send(call: HttpCall): Promise<HttpResponse>;
}
