import type { Pool } from 'undici';
import buildConnector from 'undici/lib/core/connect.js';
import PoolOf from 'undici/lib/dispatcher/pool.js';
import type { HttpRequest, HttpResponse } from '../core/http.ts';
import type { Environment } from '../core/port.ts';
import { type Failure, failureOf } from './failure.ts';
import { openTunnel, proxyFor } from './proxy.ts';

/** Milliseconds, of real time. */
export interface Timeouts {
  /** Name lookup, TCP, TLS and the proxy's part together. */
  readonly connect: number;
  /** From handing the request to the connection to the end of the answer's headers. */
  readonly headers: number;
  /** From there to the end of the answer's body. */
  readonly body: number;
}

export interface WireOptions {
  readonly environment: Environment;
  readonly timeouts: Timeouts;
  readonly userAgent: string;
  /** Connections to one origin, for each of the two kinds (see {@link Wire}). */
  readonly connections: number;
  /** Bytes of body; a longer answer is a failure. */
  readonly maxBody: number;
}

export type Outcome =
  | { readonly kind: 'answer'; readonly response: HttpResponse; readonly receivedBytes: number }
  | { readonly kind: 'failure'; readonly failure: Failure }
  /** Nothing was sent, or a GET was given up. */
  | { readonly kind: 'cancelled' };

/**
 * Sends requests, each once. Redirects are answers like any other.
 *
 * What counts as sent: undici calls `onRequestStart` in the same synchronous step that hands the request to the socket,
 * and never before it has a connection. Until that call nothing of the request has left this machine.
 *
 * A kept-alive connection may be closed by the server just while a request is on its way; nobody can then tell whether
 * the request was seen. Unsafe requests therefore never travel on a used connection: they pay one handshake (resumed,
 * where TLS allows) instead of an outcome that is unknown for no good reason.
 */
export interface Wire {
  /** `onSent` runs when the request starts to leave, at most once. Throws `invalid-configuration` for a bad proxy setting. */
  exchange(
    url: URL,
    request: HttpRequest,
    options: {
      readonly fresh: boolean;
      /** {@link import('../core/http.ts').HttpCall.reads}. */
      readonly reads: boolean;
      readonly signal: AbortSignal | undefined;
      readonly onSent: () => void;
    },
  ): Promise<Outcome>;
  /** Closes every connection at once. */
  close(): Promise<void>;
}

/** An error of the connecting phase. Its own class, because undici connects anew for ever on errors with certain codes. */
class ConnectError extends Error {
  readonly origin: Error;

  constructor(origin: Error) {
    super(origin.message);
    this.origin = origin;
  }
}

export function createWire(options: WireOptions): Wire {
  const { timeouts, userAgent } = options;
  const pools = new Map<string, { readonly kept: Pool; readonly fresh: Pool }>();
  const decoder = new TextDecoder();

  function poolsOf(url: URL): { readonly kept: Pool; readonly fresh: Pool } {
    const known = pools.get(url.origin);
    if (known !== undefined) return known;
    const connect = connector(proxyFor(url, options.environment));
    const common = {
      connect,
      connections: options.connections,
      maxResponseSize: options.maxBody,
      // Ours are exact and bound the whole body, not the pause between two pieces of it.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    const made = {
      kept: new PoolOf(url.origin, { ...common, pipelining: 1 }),
      fresh: new PoolOf(url.origin, { ...common, pipelining: 0 }),
    };
    pools.set(url.origin, made);
    return made;
  }

  /** Both pools of an origin share it, and with it the TLS sessions to resume. */
  function connector(proxy: URL | null): buildConnector.connector {
    const direct = buildConnector({
      timeout: timeouts.connect,
      // Said aloud because NODE_TLS_REJECT_UNAUTHORIZED=0 would change the default. NODE_EXTRA_CA_CERTS works by itself.
      rejectUnauthorized: true,
      // Node gives each address of a host 250 ms, which a far continent does not always keep.
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: 1000,
    });
    return (target, callback) => {
      const done: buildConnector.Callback = (...[error, socket]) => {
        if (error === null) callback(null, socket);
        else callback(new ConnectError(error), null);
      };
      if (proxy === null) {
        direct(target, done);
        return;
      }
      const port = target.port === '' ? '443' : target.port;
      const host = target.hostname.includes(':') ? `[${target.hostname}]` : target.hostname;
      openTunnel(proxy, `${host}:${port}`, timeouts.connect, userAgent).then(
        (httpSocket) => direct({ ...target, httpSocket }, done),
        (error) => done(error, null),
      );
    };
  }

  return {
    exchange(url, request, { fresh, reads, signal, onSent }) {
      const pool = poolsOf(url)[fresh ? 'fresh' : 'kept'];
      return new Promise((resolve) => {
        let sent = false;
        let settled = false;
        let timer: NodeJS.Timeout | undefined;
        let stop: ((reason: Error) => void) | undefined;
        let status = 0;
        let headers: Record<string, string> = {};
        let receivedBytes = 0;
        const chunks: Uint8Array[] = [];

        const settle = (outcome: Outcome) => {
          if (settled) return;
          settled = true;
          clearTimeout(timer);
          signal?.removeEventListener('abort', abort);
          resolve(outcome);
        };
        const abort = () => {
          // An unsafe request that is under way may bring a secret, a change should be seen through: only what reads is given up.
          if (sent && request.method !== 'GET' && !reads) return;
          settle({ kind: 'cancelled' });
          stop?.(new Error('cancelled'));
        };
        const expire = (code: string, ms: number) => {
          clearTimeout(timer);
          timer = setTimeout(() => stop?.(Object.assign(new Error(code), { code })), ms);
        };
        signal?.addEventListener('abort', abort, { once: true });

        pool.dispatch(
          {
            origin: url.origin,
            path: `${url.pathname}${url.search}`,
            method: request.method,
            headers: { 'user-agent': userAgent, 'accept-encoding': 'identity', ...lowerCased(request.headers) },
            body: request.body ?? null,
          },
          {
            onRequestStart(controller) {
              if (settled || sent) {
                // Given up while it waited for a connection; or undici would send it a second time, which is ours to decide.
                controller.abort(new Error('not to be sent'));
                return;
              }
              sent = true;
              stop = (reason) => controller.abort(reason);
              onSent();
              expire('KEYFORM_HEADERS_TIMEOUT', timeouts.headers);
            },
            onResponseStart(_controller, statusCode, fields) {
              if (statusCode < 200) return;
              status = statusCode;
              headers = joined(fields);
              expire('KEYFORM_BODY_TIMEOUT', timeouts.body);
            },
            onResponseData(_controller, chunk) {
              receivedBytes += chunk.byteLength;
              chunks.push(chunk);
            },
            onResponseEnd() {
              // Without a length or chunks an answer ends where the connection does, and a cut cannot be told from its end.
              const body = decoder.decode(Buffer.concat(chunks));
              const answer = () => settle({ kind: 'answer', response: { status, headers, body }, receivedBytes });
              clearTimeout(timer);
              // undici takes a kept connection back one turn of the event loop later; a caller that sends its next request
              // (the next page) before that would open a second connection, and pay for a second handshake.
              if (fresh) answer();
              else setImmediate(() => setImmediate(answer));
            },
            onResponseError(_controller, error) {
              const origin = error instanceof ConnectError ? error.origin : error;
              settle({ kind: 'failure', failure: failureOf(origin, sent) });
            },
          },
        );
      });
    },
    async close() {
      const all = [...pools.values()].flatMap(({ kept, fresh }) => [kept, fresh]);
      pools.clear();
      await Promise.all(all.map((pool) => pool.destroy()));
    },
  };
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function joined(fields: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) headers[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}
