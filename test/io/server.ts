import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';
import type { HttpCall } from '../../src/core/http.ts';
import type { Clock, Random } from '../../src/core/port.ts';
import { createHttp, type Http, type HttpLogEntry, type HttpOptions } from '../../src/io/http.ts';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Runs after the current test, last one first. */
export function later(cleanup: () => unknown): void {
  cleanups.push(cleanup);
}

/** A clock that stands still but for sleeps, which end at once and are written down. */
export class SleepClock implements Clock {
  time = Date.parse('2026-01-02T03:04:05Z');
  readonly sleeps: number[] = [];
  /** Runs when a sleep begins. */
  onSleep: () => void = () => {};

  now(): number {
    return this.time;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.sleeps.push(ms);
    this.onSleep();
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    this.time += ms;
  }
}

/** Always the middle. */
export const half: Random = { bytes: (length) => new Uint8Array(length).fill(7), fraction: () => 0.5 };

export type Handler = (request: IncomingMessage, response: ServerResponse, count: number, body: string) => void;

/** A server on loopback, gone after the test. `handler` gets the number of the request, from 0, and its whole body. */
export async function serve(
  handler: Handler,
  make: (on: Server) => Server = (on) => on,
): Promise<{ origin: string; requests: string[]; server: Server }> {
  const requests: string[] = [];
  const inner = createServer();
  const server = make(inner);
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const count = requests.push(`${request.method} ${request.url}`) - 1;
    let body = '';
    request.setEncoding('utf8').on('data', (text) => {
      body += text;
    });
    request.on('end', () => handler(request, response, count, body));
  });
  const port = await listen(server);
  return { origin: `${server === inner ? 'http' : 'https'}://127.0.0.1:${port}`, requests, server };
}

export async function listen(server: import('node:net').Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  later(() => {
    if ('closeAllConnections' in server) (server as Server).closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

export interface Rig {
  http: Http;
  clock: SleepClock;
  log: HttpLogEntry[];
}

/** The port under test, with a clock that does not wait. */
export function rig(options: Partial<HttpOptions> = {}): Rig {
  const clock = new SleepClock();
  const log: HttpLogEntry[] = [];
  const http = createHttp({
    clock,
    random: half,
    environment: {},
    version: '1.2.3',
    log: (entry) => log.push(entry),
    ...options,
  });
  later(() => http.close());
  return { http, clock, log };
}

/** A call that takes 2xx and 4xx as final, 429 as throttled and 5xx as transient. */
export function call(
  url: string,
  parts: Partial<HttpCall> & { method?: 'GET' | 'POST'; body?: string } = {},
): HttpCall {
  const { method = parts.safe === false ? 'POST' : 'GET', body, ...rest } = parts;
  return {
    action: 'ReadAccessKeys',
    safe: true,
    build: () => ({
      method,
      url,
      headers: { authorization: 'Bearer HEADER-SECRET' },
      ...(body === undefined ? {} : { body }),
    }),
    judge: ({ status }) => (status === 429 ? 'throttled' : status >= 500 ? 'transient' : 'final'),
    ...rest,
  };
}
