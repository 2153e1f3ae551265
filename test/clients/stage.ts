import { afterEach } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import type { KeyHandler } from '../../src/core/provider.ts';
import { type Emulator, startEmulator } from '../../src/emulator/server.ts';
import { systemClock } from '../../src/io/clock.ts';
import { createFiles } from '../../src/io/files.ts';
import { createHttp } from '../../src/io/http.ts';
import { systemRandom } from '../../src/io/random.ts';
import { clouds } from '../../src/providers/index.ts';
import { readText } from '../providers/loopback.ts';

/**
 * Where other people's clients meet our emulators: the server that a user gets, all clouds on one loopback port, over real
 * HTTP. Keyform's own handlers talk to the same server, so that each side must see what the other did.
 */
export interface Stage {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** One of the cloud's settings that is text: the bootstrap credential's parts, endpoints. */
  setting(name: string): string;
  /** Keyform's handler for a resource type, with the bootstrap credential. */
  handler(type: string): Promise<KeyHandler>;
  /** Requests received for one of the cloud's actions. */
  count(action: string): number;
  /** Moves the emulator's clock on; the client's stays. */
  advance(ms: number): void;
  readonly emulator: Emulator;
}

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Runs after the current test, last one first. */
export function later(cleanup: () => unknown): void {
  cleanups.push(cleanup);
}

/** Starts the server, with `options` for the emulator of the cloud `name`. It ends with the test. */
export async function openStage(name: string, options: JsonObject = {}): Promise<Stage> {
  const cloud = clouds.find((one) => one.name === name);
  if (cloud === undefined) throw new Error(`there is no cloud ${name}`);
  let skipped = 0;
  const clock = { now: () => Date.now() + skipped, sleep: systemClock.sleep };
  const emulator = await startEmulator({
    clouds,
    port: 0,
    dataFile: null,
    files: createFiles(systemRandom),
    clock,
    random: systemRandom,
    options: { [name]: options },
  });
  later(() => emulator.close());
  const settings = emulator.settings(name);
  return {
    origin: emulator.origin,
    host: `127.0.0.1:${emulator.port}`,
    setting(wanted) {
      const value = settings[wanted];
      if (typeof value !== 'string') throw new Error(`${name} has no text setting ${wanted}`);
      return value;
    },
    async handler(type) {
      const http = createHttp({ clock, random: systemRandom, environment: {}, version: '0.0.0' });
      later(() => http.close());
      const ports = { http, clock, random: systemRandom, readText };
      return (await cloud.connect(settings, ports)).handler(type);
    },
    count: (action) => emulator.counts()[`${name} ${action}`] ?? 0,
    advance: (ms) => {
      skipped += ms;
    },
    emulator,
  };
}

/** What `sending` failed with. Throws when it did not fail. */
export async function failureOf(sending: Promise<unknown>): Promise<unknown> {
  const outcome = await sending.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome) return outcome.error;
  throw new Error(`it did not fail, but gave ${JSON.stringify(outcome.value)}`);
}
