import { inspect } from 'node:util';
import { expect } from 'vitest';
import { type ErrorCode, KeyformError } from '../../src/core/error.ts';
import type { HttpCall, HttpPort, HttpResponse } from '../../src/core/http.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Clock } from '../../src/core/port.ts';
import type {
  ActualKey,
  Cloud,
  CloudPorts,
  Connection,
  CreatedKey,
  KeyHandler,
  KeyReference,
  ResourceType,
  Settings,
} from '../../src/core/provider.ts';
import type { FaultRuleInput } from '../../src/emulator/fault.ts';
import { type Emulator, startEmulator } from '../../src/emulator/server.ts';
import { systemClock } from '../../src/io/clock.ts';
import { createFiles } from '../../src/io/files.ts';
import { createHttp, type Http, type HttpLogEntry, type HttpOptions } from '../../src/io/http.ts';
import { createRequestLog } from '../../src/io/log.ts';
import { systemRandom } from '../../src/io/random.ts';
import { readText } from '../providers/loopback.ts';
import type { Example, Said } from './examples.ts';

/** A clock that both sides share: the client's pauses take no time and move it on, the server's latency is real. */
export interface BenchClock {
  readonly client: Clock;
  readonly server: Clock;
  /** The client's pauses so far, in milliseconds. */
  readonly pauses: readonly number[];
  advance(ms: number): void;
  /** Sets the server's clock ahead of the client's. */
  skew(ms: number): void;
}

function benchClock(): BenchClock {
  let skipped = 0;
  let ahead = 0;
  const pauses: number[] = [];
  const now = () => Date.now() + skipped;
  return {
    client: {
      now,
      async sleep(ms, signal) {
        signal?.throwIfAborted();
        pauses.push(ms);
        skipped += ms;
        await new Promise((resolve) => setImmediate(resolve));
        signal?.throwIfAborted();
      },
    },
    server: { now: () => now() + ahead, sleep: (ms, signal) => systemClock.sleep(ms, signal) },
    pauses,
    advance: (ms) => {
      skipped += ms;
    },
    skew: (ms) => {
      ahead = ms;
    },
  };
}

/** A call that was made, with the answers that it came to. */
export interface Heard {
  readonly call: HttpCall;
  readonly responses: readonly HttpResponse[];
}

/** One cloud's emulator behind real HTTP, and a handler that talks to it. */
export interface Bench {
  readonly cloud: Cloud;
  readonly emulator: Emulator;
  readonly clock: BenchClock;
  readonly connection: Connection;
  readonly handler: KeyHandler;
  /** The vendor's action by which a key is made, or listed. */
  readonly actions: { readonly create: string; readonly list: string };
  /** Every call so far. */
  readonly heard: readonly Heard[];
  /** Every attempt so far, as the log of requests is told about it. */
  readonly entries: readonly HttpLogEntry[];
  /** Lines of the log of requests, at trace, as text and as JSON. */
  readonly lines: readonly string[];
  /** Another connection to the same emulator. */
  connect(settings?: Settings, http?: Partial<HttpOptions>, how?: Connect): Promise<KeyHandler>;
  /** Sets a fault for requests of one action, or with `null` of all. */
  fault(action: string | null, rule: FaultRuleInput): void;
  /** Has all requests answered in the vendor's words, from now on or for so many `times`. */
  say(action: string | null, said: Said, times?: number): void;
  /** Requests that the server received for `action`; for all actions when left out. */
  count(action?: string): number;
  /** Arguments in force for what is written, as the engine completes them. */
  complete(written: JsonObject, prior?: JsonObject | null): JsonObject;
  /** Makes a key, with everything that follows from `written` completed as the engine does it, and waits until it is ready. */
  create(written: JsonObject, by?: KeyHandler): Promise<Made>;
  /** The same without the waiting. */
  make(written: JsonObject, by?: KeyHandler): Promise<Made>;
  /** Waits for `sending` to fail with one of `codes`, notes the error for {@link Bench.close}, and gives it. */
  failure(sending: Promise<unknown>, ...codes: ErrorCode[]): Promise<KeyformError>;
  /** Has an error, or anything else that might be printed, looked through by {@link Bench.close}. */
  note(printable: unknown): void;
  /** Has {@link Bench.close} look for one more secret. */
  conceal(secret: string): void;
  /** Credentials that went out so far: what stood in Authorization headers behind the scheme, and signatures by themselves. */
  sent(): readonly string[];
  /** Ends it, and fails when a secret shows in an error or in a line of a log. */
  close(): Promise<void>;
}

export interface Made extends CreatedKey {
  readonly reference: KeyReference;
}

export type Connect = (settings: Settings, ports: CloudPorts) => Promise<Connection>;

/** `clouds` are all served, as they are to a user: one cloud must not take another's requests. */
export async function openBench(
  clouds: readonly Cloud[],
  cloud: Cloud,
  type: ResourceType,
  example: Example,
  more: { readonly dataFile?: string; readonly options?: JsonObject } = {},
): Promise<Bench> {
  const clock = benchClock();
  const heard: Heard[] = [];
  const entries: HttpLogEntry[] = [];
  const lines: string[] = [];
  const errors: unknown[] = [];
  const secrets = new Set<string>();
  const sent = new Set<string>();
  const clients: Http[] = [];
  const emulator = await startEmulator({
    clouds,
    port: 0,
    dataFile: more.dataFile ?? null,
    files: createFiles(systemRandom),
    clock: clock.server,
    random: systemRandom,
    options: { [cloud.name]: { ...example.options, ...more.options } },
    onRequest: (line) => lines.push(line),
  });
  const logs = [false, true].map((json) =>
    createRequestLog({ level: 'trace', json }, (line) => lines.push(line), clock.client.now),
  );
  const conceal = (secret: string) => {
    secrets.add(secret);
  };
  const noteSettings = (settings: Settings) => {
    for (const [name, spec] of Object.entries(cloud.settings)) {
      const value = settings[name];
      if (spec.sensitive && typeof value === 'string') conceal(value);
    }
  };

  /** The port, which also notes what credentials go out and what comes back. */
  function listening(http: Http): HttpPort {
    return {
      send: (call) => {
        const responses: HttpResponse[] = [];
        heard.push({ call, responses });
        return http.send({
          ...call,
          build: async (attempt) => {
            const request = await call.build(attempt);
            for (const [name, value] of Object.entries(request.headers)) {
              if (!/authorization|token/i.test(name)) continue;
              sent.add(value.replace(/^\S+ /, ''));
              const signature = /Signature=([^,\s]+)/.exec(value)?.[1];
              if (signature !== undefined) sent.add(signature);
            }
            // A call about nobody's keys is one for a session, whose body is a credential.
            if (call.owner === undefined) {
              for (const [text] of (request.body ?? '').matchAll(/[\w.~+/=-]{40,}/g)) sent.add(text);
            }
            return request;
          },
          judge: (response) => {
            responses.push(response);
            return call.judge(response);
          },
        });
      },
    };
  }

  async function open(settings: Settings, options: Partial<HttpOptions>, how: Connect): Promise<Connection> {
    noteSettings(settings);
    const http = createHttp({
      clock: clock.client,
      random: systemRandom,
      environment: {},
      version: '0.0.0',
      log: (entry) => {
        entries.push(entry);
        for (const log of logs) log?.entry(entry);
      },
      ...options,
    });
    clients.push(http);
    return how(settings, { http: listening(http), clock: clock.client, random: systemRandom, readText });
  }
  const usual: Connect = (settings, ports) => cloud.connect(settings, ports);

  const connection = await open(emulator.settings(cloud.name), {}, usual);
  const handler = connection.handler(type.type);
  const actionOf = (operation: 'create' | 'list'): string => {
    const action = handler.forecast(operation, { args: example.args, enabled: true }).at(-1)?.action;
    if (action === undefined) throw new Error(`${type.type} forecasts no call for ${operation}`);
    return action;
  };

  const bench: Bench = {
    cloud,
    emulator,
    clock,
    connection,
    handler,
    actions: { create: actionOf('create'), list: actionOf('list') },
    heard,
    entries,
    lines,
    async connect(settings = {}, http = {}, how = usual) {
      return (await open({ ...emulator.settings(cloud.name), ...settings }, http, how)).handler(type.type);
    },
    fault: (action, rule) => emulator.addFaults([action === null ? rule : { ...rule, action }]),
    say: (action, { status, body, headers = {} }, times) =>
      bench.fault(action, { kind: 'status', status, body, headers, ...(times === undefined ? {} : { times }) }),
    count: (action) =>
      Object.entries(emulator.counts())
        .filter(([name]) => action === undefined || name === `${cloud.name} ${action}`)
        .reduce((sum, [, count]) => sum + count, 0),
    complete(written, prior = null) {
      const args = Object.fromEntries(Object.entries(written).filter(([, value]) => value !== null));
      expect(type.check?.(args) ?? []).toEqual([]);
      for (const [name, value] of Object.entries(args)) {
        expect(type.arguments[name]?.schema.safeParse(value).success, `${name} of the example`).toBe(true);
      }
      return type.complete?.(args, prior, clock.client.now()).args ?? args;
    },
    async make(written, by = handler) {
      const args = bench.complete(written);
      for (const [name, value] of Object.entries(args)) {
        if (type.arguments[name]?.sensitive === true && typeof value === 'string') conceal(value);
      }
      const { key, secret } = await by.create(args);
      conceal(secret.reveal());
      return { key, secret, reference: referenceTo(key, args) };
    },
    async create(written, by = handler) {
      const made = await bench.make(written, by);
      if (!type.capabilities.asynchronous) return made;
      if (by.ready === undefined) throw new Error(`${type.type} is asynchronous, and has no ready()`);
      const key = await by.ready(made.reference, {});
      return { ...made, key, reference: referenceTo(key, made.reference.args) };
    },
    async failure(sending, ...codes) {
      const outcome = await sending.then(
        (value) => ({ resolved: value }),
        (error: unknown) => error,
      );
      errors.push(outcome);
      expect(outcome, `expected ${codes.join(' or ')}, got ${inspect(outcome)}`).toBeInstanceOf(KeyformError);
      const error = outcome as KeyformError;
      expect(codes, inspect(error)).toContain(error.code);
      expect(error.message).not.toBe('');
      expect(error.detail, `"${error.message}" must say what to do`).not.toBe('');
      return error;
    },
    note: (printable) => errors.push(printable),
    conceal,
    sent: () => [...sent],
    async close() {
      await Promise.all(clients.map((http) => http.close()));
      for (const log of logs) log?.summary();
      await emulator.close();
      const texts = [...errors.map(everyText), ...lines];
      for (const secret of [...secrets, ...sent]) {
        if (secret.length < 8) continue;
        const leak = texts.find((text) => text.includes(secret));
        // Not the text itself: a report of this run would then hold the secret.
        expect(leak?.replaceAll(secret, '<THE SECRET>'), 'a secret stands in an error or in a log').toBeUndefined();
      }
    },
  };
  return bench;
}

/** Every way in which an error might be printed. */
function everyText(error: unknown): string {
  const parts = [inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true }), String(error)];
  if (error instanceof KeyformError) {
    parts.push(error.message, error.detail, error.stack ?? '', JSON.stringify(error), JSON.stringify(error.vendor));
  }
  return parts.join('\n');
}

export function referenceTo(key: ActualKey, args: JsonObject): KeyReference {
  return { id: key.id, accessKeyId: key.accessKeyId, args, expiresAt: key.expiresAt, enabled: key.enabled };
}
