import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CloudEmulator } from '../../src/core/emulator.ts';
import { isObject, type Json, type JsonObject } from '../../src/core/json.ts';
import type { ActualKey, Cloud, KeyHandler, ResourceType } from '../../src/core/provider.ts';
import { Secret } from '../../src/core/secret.ts';
import type { FaultRuleInput } from '../../src/emulator/fault.ts';
import { startEmulator } from '../../src/emulator/server.ts';
import { systemClock } from '../../src/io/clock.ts';
import { createFiles } from '../../src/io/files.ts';
import { createHttp } from '../../src/io/http.ts';
import { systemRandom } from '../../src/io/random.ts';
import { clouds } from '../../src/providers/index.ts';
import { examples, type Where } from '../conformance/examples.ts';
import { readText } from '../providers/loopback.ts';

/** A key as a stack declares it. */
export interface Declared {
  readonly type: string;
  readonly args: JsonObject;
}

/** Every resource type, by name. */
export const TYPES: ReadonlyMap<string, { readonly cloud: Cloud; readonly type: ResourceType }> = new Map(
  clouds.flatMap((cloud) => cloud.resources.map((type) => [type.type, { cloud, type }] as const)),
);

/** What the clouds hold and told, seen from their own side: it outlives every process that is killed. */
export interface Scene {
  /** What points the tool at the clouds, with credentials that work there. */
  readonly environment: Readonly<Record<string, string>>;
  /** Keys of the owners that `declared` name: all of them, but where many share an owner those of the same name only. */
  alive(declared: readonly Declared[]): Promise<ActualKey[]>;
  /** Why this secret is not the working secret of this living key; null when it is. */
  objection(type: string, args: JsonObject, key: ActualKey, secret: string): Promise<string | null>;
  /** A folder for what the tool may keep between its runs, shared by all projects. */
  readonly cache: string;
  close(): Promise<void>;
}

/** Starts the clouds in this process, with faults in force from the start. */
export async function openScene(faults: readonly FaultRuleInput[] = []): Promise<Scene> {
  /** Secrets by `<cloud> <key id>`, as the answers to creates told them. */
  const told = new Map<string, string>();
  const emulator = await startEmulator({
    clouds: clouds.map((cloud) => listening(cloud, told)),
    port: 0,
    dataFile: null,
    files: createFiles(systemRandom),
    clock: systemClock,
    random: systemRandom,
    // Many projects ask at once here, each with the budget of one.
    options: {
      tencent: { rate_limits: false, gateway_quota: 100_000 },
      yandex: { api_key_quota: 100_000, access_key_quota: 100_000 },
    },
    faults,
  });
  const http = createHttp({ clock: systemClock, random: systemRandom, environment: {}, version: '0.0.0' });
  const handlers = new Map<string, Promise<KeyHandler>>();
  const handlerOf = (name: string): Promise<KeyHandler> => {
    const known = handlers.get(name);
    if (known !== undefined) return known;
    const { cloud } = typeOf(name);
    const paced = 'requests_per_second' in cloud.settings ? { requests_per_second: 1000 } : {};
    const ports = { http, clock: systemClock, random: systemRandom, readText };
    const made = (async () =>
      (await cloud.connect({ ...emulator.settings(cloud.name), ...paced }, ports)).handler(name))();
    handlers.set(name, made);
    return made;
  };
  const cache = mkdtempSync(join(tmpdir(), 'keyform-crash-'));
  return {
    environment: emulator.environment(),
    cache,
    async alive(declared) {
      const found = new Map<string, ActualKey>();
      for (const { type, args } of declared) {
        for (const key of await (await handlerOf(type)).list(args)) {
          if (shared(type) && key.args.secret_name !== args.secret_name) continue;
          found.set(`${typeOf(type).cloud.name} ${key.id}`, key);
        }
      }
      return [...found.values()];
    },
    async objection(name, args, key, secret) {
      const { cloud, type } = typeOf(name);
      // What the API shows now counts more than what it told once: a secret can be changed there.
      const right = key.secret?.reveal() ?? told.get(`${cloud.name} ${key.id}`);
      if (right === undefined) return 'the cloud never told a secret of this key';
      if (right !== secret) return 'the secret in state is another than the cloud has';
      if (!type.capabilities.verify || !key.enabled) return null;
      const { verify } = await handlerOf(name);
      const works = await verify({ ...key, args }, new Secret(secret));
      return works === true ? null : 'the secret does not work';
    },
    close: async () => {
      await http.close();
      await emulator.close();
      rmSync(cache, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Keys of one account and region have one owner, whatever project made them: told apart by their names. */
function shared(type: string): boolean {
  return type === 'keyform_tencent_api_key';
}

export function typeOf(name: string): { readonly cloud: Cloud; readonly type: ResourceType } {
  const found = TYPES.get(name);
  if (found === undefined) throw new Error(`no cloud has ${name}`);
  return found;
}

/** The cloud, with an emulator that notes each secret as it hands it out. */
function listening(cloud: Cloud, told: Map<string, string>): Cloud {
  const places = cloud.resources.flatMap(({ type }) => examples[type]?.answers ?? []);
  const listen = (inner: CloudEmulator): CloudEmulator => ({
    cloud: inner.cloud,
    claims: (request) => inner.claims(request),
    action: (request) => inner.action(request),
    handle(request) {
      const response = inner.handle(request);
      if (response.action?.startsWith('Create') !== true || response.status >= 300) return response;
      const body = JSON.parse(response.body) as Json;
      for (const { id, secret } of places) {
        const [key, value] = [dig(body, id), dig(body, secret)];
        if (typeof key === 'string' && typeof value === 'string') told.set(`${cloud.name} ${key}`, value);
      }
      return response;
    },
    desks: inner.desks,
    save: () => inner.save(),
    settings: (origin) => inner.settings(origin),
    environment: (origin) => inner.environment(origin),
  });
  return {
    ...cloud,
    emulator: async () => {
      const module = await cloud.emulator();
      return { ...module, start: (options) => listen(module.start(options)) };
    },
  };
}

function dig(body: Json, where: Where): Json | undefined {
  let value: Json | undefined = body;
  for (const step of where) value = isObject(value) ? (value as JsonObject)[step] : undefined;
  return value;
}
