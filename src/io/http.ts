import { KeyformError } from '../core/error.ts';
import type { HttpCall, HttpPort, HttpRequest, HttpResponse } from '../core/http.ts';
import type { Clock, Environment, Random } from '../core/port.ts';
import { createBuckets } from './bucket.ts';
import { errorOf, type Failure } from './failure.ts';
import { isLoopback } from './loopback.ts';
import type { Timeouts, Wire } from './wire.ts';

/** One attempt, for the log. Never holds a header, a body or the value of a query parameter. */
export interface HttpLogEntry {
  readonly action: string;
  /** {@link HttpCall.owner}; null for a call about no owner. */
  readonly owner: string | null;
  readonly method: string;
  /** Origin and path; of a query only the names, such as `…/keys?pageToken`. The origin only where the path is a secret. */
  readonly url: string;
  /** 0 for the first. */
  readonly attempt: number;
  /** HTTP status; null when no whole answer came. */
  readonly status: number | null;
  /** Code of the network failure, such as `ECONNRESET`, or `cancelled`; null when a whole answer came. */
  readonly error: string | null;
  /** From handing the request over to the end of the answer, waiting for a connection included. */
  readonly durationMs: number;
  /** Whether the request, or a part of it, left this machine. */
  readonly sent: boolean;
  /** Bytes of the request's body; 0 when nothing was sent. */
  readonly sentBytes: number;
  /** Bytes of the answer's body. */
  readonly receivedBytes: number;
  /** The vendor's id of the request, printable and at most 200 characters; null when the answer carried none. */
  readonly requestId: string | null;
  /** Names of the answer's headers, in lower case. */
  readonly headers: readonly string[];
}

export interface HttpOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** `https_proxy`, `HTTPS_PROXY`, `no_proxy` and `NO_PROXY` are read from it; Node itself reads NODE_EXTRA_CA_CERTS. */
  readonly environment: Environment;
  /** Called after each attempt; must not throw. */
  readonly log?: (entry: HttpLogEntry) => void;
  /** Keyform's version, for the User-Agent. */
  readonly version: string;
  /** In real time, whatever `clock` says. Defaults: connect 10 s, headers 30 s, body 30 s. */
  readonly timeouts?: Partial<Timeouts>;
  /** Attempts for one call, the first included. Default 5. */
  readonly maxAttempts?: number;
  /** Connections to one origin that are kept alive, and as many for unsafe calls. Default 10. */
  readonly connections?: number;
  /** Largest body of an answer, in bytes. Default 16 MiB. */
  readonly maxBody?: number;
}

export interface Http extends HttpPort {
  /** How many requests were actually sent, by action, repeats included. */
  counts(): ReadonlyMap<string, number>;
  /** Waits for calls under way, then closes all connections. A send after that throws `internal`. */
  close(): Promise<void>;
}

/** Full-jitter back-off (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), milliseconds. */
const BACKOFF_BASE = 500;
const BACKOFF_CAP = 30_000;
/** An API that wants a longer pause gets it from the next run: the answer is handed over instead. */
const LONGEST_PAUSE = 120_000;

/**
 * The HTTP port on undici, which is loaded at the first send.
 *
 * Beyond what {@link HttpPort.send} promises: `malformed-answer` when what came back to a safe call is no HTTP answer or too
 * large a one, `invalid-configuration` for plain http to another machine, for credentials inside a URL, for a bad proxy
 * setting, and for a request that HTTP cannot carry. Failures before sending are repeated for any call, except those
 * that repeating does not change: an unknown host name, an untrusted certificate. An abort ends every wait; it does not stop a
 * request under way, unless that only reads. TLS is always verified.
 */
export function createHttp(options: HttpOptions): Http {
  const { clock, random, log } = options;
  const maxAttempts = options.maxAttempts ?? 5;
  const buckets = createBuckets(clock);
  const counts = new Map<string, number>();
  const underWay = new Set<Promise<unknown>>();
  let loading: Promise<Wire> | undefined;
  let closed = false;

  function loadWire(): Promise<Wire> {
    loading ??= import('./wire.ts').then(({ createWire }) =>
      createWire({
        environment: options.environment,
        timeouts: { connect: 10_000, headers: 30_000, body: 30_000, ...options.timeouts },
        userAgent: `keyform/${options.version}`,
        connections: options.connections ?? 10,
        maxBody: options.maxBody ?? 16 * 1024 * 1024,
      }),
    );
    return loading;
  }

  async function perform(call: HttpCall): Promise<HttpResponse> {
    const { action, safe, signal } = call;
    const wire = await loadWire();
    let last: Failure | null = null;
    for (let attempt = 0; ; attempt++) {
      await uncancelled(buckets.draw(call.limits ?? [], signal), call, last);
      const request = await call.build(attempt);
      const url = checkedUrl(request.url, action);
      if (signal?.aborted) throw cancelled(call, last);

      const started = clock.now();
      let sent = false;
      const outcome = await wire.exchange(url, request, {
        fresh: !safe,
        reads: call.reads === true,
        signal,
        onSent: () => {
          sent = true;
          counts.set(action, (counts.get(action) ?? 0) + 1);
        },
      });
      const answer = outcome.kind === 'answer' ? outcome : null;
      log?.({
        action,
        owner: call.owner ?? null,
        method: request.method,
        url: call.secretPath === true ? url.origin : printable(url),
        attempt,
        status: answer?.response.status ?? null,
        error: outcome.kind === 'failure' ? outcome.failure.code : outcome.kind === 'cancelled' ? 'cancelled' : null,
        durationMs: clock.now() - started,
        sent,
        sentBytes: sent ? bodyBytes(request) : 0,
        receivedBytes: answer?.receivedBytes ?? 0,
        requestId: answer === null ? null : requestIdOf(call, request, answer.response),
        headers: Object.keys(answer?.response.headers ?? {}),
      });

      const remaining = attempt + 1 < maxAttempts;
      let pause = random.fraction() * Math.min(BACKOFF_CAP, BACKOFF_BASE * 2 ** attempt);
      if (outcome.kind === 'cancelled') throw cancelled(call, last);
      if (outcome.kind === 'failure') {
        last = outcome.failure;
        const repeatable = last.passing && (safe || !last.sent);
        if (!repeatable || !remaining) throw errorOf(last, call, url.origin, attempt + 1);
      } else {
        const { response } = outcome;
        const judged = call.judge(response);
        const verdict = typeof judged === 'string' ? judged : judged.verdict;
        if (verdict === 'final' || (verdict === 'transient' && !safe) || !remaining) return response;
        const asked = typeof judged === 'string' ? retryAfter(response, clock.now()) : judged.retryAfterMs;
        // At least what was asked for, and some chance, so that those who were told the same do not come back as one.
        if (asked !== null) pause = asked + Math.min(pause, BACKOFF_BASE);
        if (asked !== null && asked > LONGEST_PAUSE) return response;
      }
      await uncancelled(clock.sleep(pause, signal), call, last);
    }
  }

  return {
    async send(call) {
      if (closed) throw new KeyformError('internal', `${call.action}: sent after the connections were closed`);
      if (call.signal?.aborted) throw cancelled(call, null);
      const work = perform(call);
      underWay.add(work);
      try {
        return await work;
      } finally {
        underWay.delete(work);
      }
    },
    counts: () => counts,
    async close() {
      closed = true;
      await Promise.allSettled(underWay);
      if (loading !== undefined) await (await loading).close();
    },
  };
}

/** Waits for `pending`; a rejection because of the call's own signal becomes `cancelled`. */
async function uncancelled(pending: Promise<void>, call: HttpCall, last: Failure | null): Promise<void> {
  try {
    await pending;
  } catch (error) {
    throw call.signal?.aborted ? cancelled(call, last) : error;
  }
}

function cancelled(call: HttpCall, last: Failure | null): KeyformError {
  const detail = last?.sent
    ? `An earlier attempt was sent and got no whole answer (${last.reason}), so it may have taken effect. The call is safe to repeat.`
    : 'Nothing of it took effect.';
  return new KeyformError('cancelled', `${call.action}: cancelled`, { detail });
}

/** The URL to send to. Throws `invalid-configuration` for one that secrets must not travel to. */
function checkedUrl(text: string, action: string): URL {
  const refuse = (message: string, detail: string) =>
    new KeyformError('invalid-configuration', `${action}: ${message}`, { detail });
  if (!URL.canParse(text)) throw refuse('the endpoint is not a URL', 'Give it as https://host or https://host/path.');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw refuse(`the endpoint's scheme is ${url.protocol}//`, 'Endpoints are https://, or http:// on this machine.');
  }
  if (url.username !== '' || url.password !== '') {
    throw refuse(
      `the endpoint ${url.host} has credentials in its URL`,
      'Give credentials in their own settings or environment variables.',
    );
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw refuse(
      `plain http:// to ${url.host} would show secrets to the network`,
      'Use https://. Plain http:// is for 127.0.0.0/8, [::1] and localhost only.',
    );
  }
  return url;
}

function printable(url: URL): string {
  const names = [...new Set(url.searchParams.keys())].join('&');
  return `${url.origin}${url.pathname}${names === '' ? '' : `?${names}`}`;
}

function bodyBytes(request: HttpRequest): number {
  return request.body === undefined ? 0 : Buffer.byteLength(request.body);
}

/** Names that vendors give it, most common first. */
const REQUEST_IDS = ['x-request-id', 'x-requestid', 'request-id', 'x-amzn-requestid', 'x-amz-request-id', 'x-trace-id'];

function requestIdOf(call: HttpCall, request: HttpRequest, response: HttpResponse): string | null {
  const usual = REQUEST_IDS.map((name) => response.headers[name]).find((value) => value !== undefined && value !== '');
  const id = call.requestId === undefined ? usual : call.requestId(response);
  // What is not one printable word is no id, and could forge a line of the log.
  if (id === undefined || id === null || !/^[\x21-\x7e]{1,200}$/.test(id)) return null;
  // Nor is an echo of what was sent, which may be a credential.
  const echoed =
    id.length >= 8 &&
    (request.body?.includes(id) === true || Object.values(request.headers).some((v) => v.includes(id)));
  return echoed ? null : id;
}

/** Milliseconds that a `Retry-After` header asks for (RFC 9110, 10.2.3: seconds or a date); null when it asks for none. */
function retryAfter(response: HttpResponse, now: number): number | null {
  const value = response.headers['retry-after']?.trim();
  if (value === undefined) return null;
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000;
  const time = Date.parse(value);
  // The server's own clock, where it tells it: ours may be off by more than the pause.
  const theirs = Date.parse(response.headers.date ?? '');
  return Number.isNaN(time) ? null : Math.max(0, time - (Number.isNaN(theirs) ? now : theirs));
}
