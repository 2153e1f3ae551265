import { inspect } from 'node:util';
import { expect } from 'vitest';
import { type ErrorCode, KeyformError } from '../../src/core/error.ts';
import type { HttpPort } from '../../src/core/http.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Clock } from '../../src/core/port.ts';
import type {
  ActualKey,
  Cloud,
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
import { createHttp, type Http, type HttpOptions } from '../../src/io/http.ts';
import { systemRandom } from '../../src/io/random.ts';
import type { Example } from './examples.ts';

/** A clock that both sides share: the client's pauses take no time and move it on, the server's latency is real. */
export interface BenchClock {
  readonly client: Clock;
  readonly server: Clock;
  advance(ms: number): void;
}

function benchClock(): BenchClock {
  let skipped = 0;
  const now = () => Date.now() + skipped;
  return {
    client: {
      now,
      async sleep(ms, signal) {
        signal?.throwIfAborted();
        skipped += ms;
        await new Promise((resolve) => setImmediate(resolve));
      },
    },
    server: { now, sleep: (ms, signal) => systemClock.sleep(ms, signal) },
    advance: (ms) => {
      skipped += ms;
    },
  };
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
  /** Another connection to the same emulator. */
  connect(settings?: Settings, http?: Partial<HttpOptions>, how?: Connect): Promise<KeyHandler>;
  /** Sets faults for requests of one action; others are let through. */
  fault(action: string, rule: FaultRuleInput): void;
  /** Requests that the server received for `action`; for all actions when left out. */
  count(action?: string): number;
  /** Creates a key, with everything that follows from `written` completed as the engine does it. */
  create(written: JsonObject, by?: KeyHandler): Promise<Made>;
  /** Waits for `sending` to fail with one of `codes`, notes the error for {@link Bench.close}, and gives it. */
  failure(sending: Promise<unknown>, ...codes: ErrorCode[]): Promise<KeyformError>;
  /** Has an error, or anything else that might be printed, looked through by {@link Bench.close}. */
  note(printable: unknown): void;
  /** Credentials that went out so far: what stood in Authorization headers behind the scheme. */
  sent(): readonly string[];
  /** Ends it, and fails when a secret shows in an error or in a line of a log. */
  close(): Promise<void>;
}

export interface Made extends CreatedKey {
  readonly reference: KeyReference;
}

export type Connect = (
  settings: Settings,
  ports: { readonly http: HttpPort; readonly clock: Clock },
) => Promise<Connection>;

/** `clouds` are all served, as they are to a user: one cloud must not take another's requests. */
export async function openBench(
  clouds: readonly Cloud[],
  cloud: Cloud,
  type: ResourceType,
  example: Example,
  dataFile: string | null = null,
): Promise<Bench> {
  const clock = benchClock();
  const lines: string[] = [];
  const errors: unknown[] = [];
  const secrets = new Set<string>();
  const sent = new Set<string>();
  const clients: Http[] = [];
  const emulator = await startEmulator({
    clouds,
    port: 0,
    dataFile,
    files: createFiles(systemRandom),
    clock: clock.server,
    random: systemRandom,
    options: { [cloud.name]: example.options },
    onRequest: (line) => lines.push(line),
  });
  const noteSettings = (settings: Settings) => {
    for (const [name, spec] of Object.entries(cloud.settings)) {
      const value = settings[name];
      if (spec.sensitive && typeof value === 'string') secrets.add(value);
    }
  };

  /** The port, which also notes what credentials go out. */
  function listening(http: Http): HttpPort {
    return {
      send: (call) =>
        http.send({
          ...call,
          build: async (attempt) => {
            const request = await call.build(attempt);
            for (const [name, value] of Object.entries(request.headers)) {
              if (name.toLowerCase() === 'authorization') sent.add(value.replace(/^\S+ /, ''));
            }
            return request;
          },
        }),
    };
  }

  async function open(settings: Settings, options: Partial<HttpOptions>, how: Connect): Promise<Connection> {
    noteSettings(settings);
    const http = createHttp({
      clock: clock.client,
      random: systemRandom,
      environment: {},
      version: '0.0.0',
      log: (entry) => lines.push(JSON.stringify(entry)),
      ...options,
    });
    clients.push(http);
    return how(settings, { http: listening(http), clock: clock.client });
  }
  const usual: Connect = (settings, ports) => cloud.connect(settings, { ...ports, random: systemRandom });

  const connection = await open(emulator.settings(cloud.name), {}, usual);
  const handler = connection.handler(type.type);
  const actionOf = (operation: 'create' | 'list'): string => {
    const action = handler.forecast(operation, { args: example.args, enabled: true }).at(-1)?.action;
    if (action === undefined) throw new Error(`${type.type} forecasts no call for ${operation}`);
    return action;
  };

  return {
    cloud,
    emulator,
    clock,
    connection,
    handler,
    actions: { create: actionOf('create'), list: actionOf('list') },
    async connect(settings = {}, http = {}, how = usual) {
      return (await open({ ...emulator.settings(cloud.name), ...settings }, http, how)).handler(type.type);
    },
    fault: (action, rule) => emulator.addFaults([{ ...rule, action }]),
    count: (action) =>
      Object.entries(emulator.counts())
        .filter(([name]) => action === undefined || name === `${cloud.name} ${action}`)
        .reduce((sum, [, count]) => sum + count, 0),
    async create(written, by = handler) {
      const args = complete(type, written, null, clock.client.now());
      const { key, secret } = await by.create(args);
      secrets.add(secret.reveal());
      return { key, secret, reference: referenceTo(key, args) };
    },
    async failure(sending, ...codes) {
      const outcome = await sending.then(
        () => null,
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
    sent: () => [...sent],
    async close() {
      await Promise.all(clients.map((http) => http.close()));
      await emulator.close();
      const texts = [...errors.map(everyText), ...lines];
      for (const secret of [...secrets, ...sent]) {
        if (secret.length < 8) continue;
        const leak = texts.find((text) => text.includes(secret));
        expect(leak, 'a secret stands in an error or in a log').toBeUndefined();
      }
    },
  };
}

/** Every way in which an error might be printed. */
function everyText(error: unknown): string {
  const parts = [inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true }), String(error)];
  if (error instanceof KeyformError) {
    parts.push(error.message, error.detail, error.stack ?? '', JSON.stringify(error), JSON.stringify(error.vendor));
  }
  return parts.join('\n');
}

/** Arguments in force: what was written, without nulls, and what follows from it. */
export function complete(type: ResourceType, written: JsonObject, prior: JsonObject | null, now: number): JsonObject {
  const args = Object.fromEntries(Object.entries(written).filter(([, value]) => value !== null));
  expect(type.check?.(args) ?? []).toEqual([]);
  for (const [name, value] of Object.entries(args)) {
    expect(type.arguments[name]?.schema.safeParse(value).success, `${name} of the example`).toBe(true);
  }
  return type.complete?.(args, prior, now).args ?? args;
}

export function referenceTo(key: ActualKey, args: JsonObject): KeyReference {
  return { id: key.id, accessKeyId: key.accessKeyId, args, expiresAt: key.expiresAt, enabled: key.enabled };
}
