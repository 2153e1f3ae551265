import { dirname, join } from 'node:path';
import { DiagnosticsError } from '../../src/core/diagnostic.ts';
import type { CloudEmulator } from '../../src/core/emulator.ts';
import type { HttpPort, HttpResponse } from '../../src/core/http.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { Plan } from '../../src/core/plan/plan.ts';
import type { KeyHandler } from '../../src/core/provider.ts';
import { Secret } from '../../src/core/secret.ts';
import type { State } from '../../src/core/state.ts';
import { type LoadedStack, loadStack } from '../../src/engine/load.ts';
import type { Project } from '../../src/engine/project.ts';
import { readSiblings } from '../../src/engine/sibling.ts';
import { applyUnder, type Engine, type MakePlanOptions, planStack } from '../../src/engine/stack.ts';
import { storeOf } from '../../src/engine/storage.ts';
import type { ApplyEvent, ApplyResult } from '../../src/engine/walk.ts';
import { clouds } from '../../src/providers/index.ts';
import type { Store } from '../../src/state/store.ts';
import { loopback } from '../providers/loopback.ts';
import { IDENTITY } from '../state/fixture.ts';
import { MemoryDisk } from '../state/memory.ts';
import { GROUND, stackText } from './text.ts';

/** What a test does to a call on its way: `before` runs instead of sending, `after` sees the answer first. */
export interface Meddler {
  before?: (action: string) => void;
  after?: (action: string, response: HttpResponse) => HttpResponse;
}

/** A project in memory: a disk, a clock that stands still until it is moved, and every cloud's emulator behind the HTTP port. */
export class World {
  disk = new MemoryDisk();
  readonly clock = {
    time: Date.parse('2026-01-01T00:00:00Z'),
    now() {
      return this.time;
    },
    async sleep(ms: number) {
      this.time += ms;
    },
  };
  readonly meddler: Meddler = {};
  readonly calls: string[] = [];
  /** Whether the emulators pass for the sandbox. */
  sandbox = false;
  readonly emulators = new Map<string, CloudEmulator>();
  /** Settings laid over those that point at the emulator, by cloud. */
  readonly settings: Record<string, Record<string, string>> = {};
  readonly #restart = new Map<string, (data: Json, switches: JsonObject) => CloudEmulator>();
  #counter = 0;

  static async open(options: Readonly<Record<string, JsonObject>> = {}): Promise<World> {
    const world = new World();
    for (const cloud of clouds) {
      const { start } = await cloud.emulator();
      const seed = new Uint8Array(32).fill(7);
      world.#restart.set(cloud.name, (data, switches) => start({ data, clock: world.clock, seed, options: switches }));
      world.emulators.set(
        cloud.name,
        start({ data: null, clock: world.clock, seed, options: options[cloud.name] ?? {} }),
      );
    }
    return world;
  }

  /** Gives a cloud's emulator other switches; what it holds stays. */
  options(cloud: string, switches: JsonObject): void {
    const data = this.emulators.get(cloud)?.save() ?? null;
    const again = this.#restart.get(cloud)?.(data, switches);
    if (again === undefined) throw new Error(`no cloud ${cloud}`);
    this.emulators.set(cloud, again);
  }

  readonly http: HttpPort = {
    send: async (call) => {
      this.calls.push(call.action);
      this.meddler.before?.(call.action);
      const built = await call.build(0);
      const url = new URL(built.url);
      const request = {
        method: built.method,
        path: url.pathname,
        query: url.searchParams,
        headers: lower(built.headers),
        body: built.body ?? '',
      };
      const emulator = [...this.emulators.values()].find((one) => one.claims(request));
      if (emulator === undefined) throw new Error(`nobody claims ${url.pathname}`);
      const answer = await loopback(emulator).send({ ...call, build: () => built });
      return this.meddler.after?.(call.action, answer) ?? answer;
    },
  };

  get engine(): Engine {
    const origin = 'http://127.0.0.1:1';
    return {
      clouds,
      http: this.http,
      files: this.disk,
      clock: this.clock,
      random: {
        // The first four bytes count, so that no two draws are equal: a repeated Idempotency-Key would be taken for a repeated request.
        bytes: (length) => {
          const count = this.#counter++;
          return new Uint8Array(length).map((_, index) =>
            index < 4 ? (count >>> (8 * index)) & 255 : (count * 31 + index * 7) % 256,
          );
        },
        fraction: () => 0.5,
      },
      processes: { run: () => Promise.reject(new Error('no processes here')) },
      environment: {},
      home: '/',
      version: '0.0.0',
      readText: () => Promise.reject(new Error('no credentials files')),
      process: { pid: 1, host: 'test', user: 'tester', alive: () => this.alive },
      sandbox: this.sandbox,
      override: (cloud) => ({
        ...(this.emulators.get(cloud.name)?.settings(origin) ?? {}),
        ...this.settings[cloud.name],
      }),
      ...(this.wire ?? {}),
    };
  }

  /** The stack that is planned and applied; another name is another stack of the same project. */
  stack = 'test';
  /** How often the other stacks were read. */
  looks = 0;
  /** Whether the process that holds a lock lives. */
  alive = true;
  /** In place of the emulators behind {@link World.http}. */
  wire: Pick<Engine, 'http' | 'override'> | null = null;

  get store(): Store {
    return storeOf(this.engine, PROJECT, this.stack, this.#keys);
  }

  /** Runs `work` as the stack of that name. */
  async as<T>(stack: string, work: () => Promise<T>): Promise<T> {
    const before = this.stack;
    this.stack = stack;
    try {
      return await work();
    } finally {
      this.stack = before;
    }
  }

  readonly #keys = { identities: [new Secret(IDENTITY)], passphrase: null, recipients: [] };

  #defaults(): MakePlanOptions {
    return {
      ...DEFAULTS,
      siblings: () => {
        this.looks += 1;
        return readSiblings(this.engine, PROJECT, this.stack, this.#keys);
      },
    };
  }

  /** A cloud's calls, for changes behind Keyform's back. */
  async keys(type: string): Promise<KeyHandler> {
    const cloud = clouds.find((one) => one.resources.some((resource) => resource.type === type));
    const settings = cloud === undefined ? null : this.engine.override(cloud);
    if (cloud === undefined || settings === null) throw new Error(`no cloud has ${type}`);
    return (await cloud.connect(settings, this.engine)).handler(type);
  }

  /** The plan for a stack given as JSON. */
  async plan(content: Json, options: Partial<MakePlanOptions> = {}): Promise<Plan> {
    return (await this.planned(content, options)).plan;
  }

  /** The plan, and the world that it was made from. */
  async planned(content: Json, options: Partial<MakePlanOptions> = {}) {
    const { state } = await this.store.read();
    return planStack(this.engine, await this.load(content), state, { ...this.#defaults(), ...options });
  }

  /** A stack of several files, those in folders being modules; what is no \`.tf.json\` file lies beside it. */
  loadFiles(files: Readonly<Record<string, Json>>): Promise<LoadedStack> {
    const isStack = (file: string) => file.endsWith('.tf.json');
    const inside = (folder: string) => (file: string) =>
      isStack(file) && (folder === '.' ? !file.includes('/') : dirname(file) === folder);
    const folders = new Set(Object.keys(files).filter(isStack).map(dirname));
    folders.delete('.');
    const some = (folder: string) => Object.fromEntries(Object.entries(files).filter(([file]) => inside(folder)(file)));
    const text = stackText(some('.'), 'json', this.stack);
    const modules = [...folders].map((folder) => ({ folder, files: stackText(some(folder)).files }));
    const readNow = (path: string) => {
      const file = path.slice(join(GROUND.folder, text.folder).length + 1);
      const content = files[file];
      return content === undefined
        ? null
        : Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
    };
    return loadStack({ ...text, modules }, [], clouds, { ...GROUND, readNow });
  }

  async planLoaded(loaded: LoadedStack, state: State, options: Partial<MakePlanOptions>): Promise<Plan> {
    return (await planStack(this.engine, loaded, state, { ...this.#defaults(), ...options })).plan;
  }

  /** Plans and applies; throws when anything fails. */
  async applyLoaded(loaded: LoadedStack): Promise<void> {
    const session = await this.store.begin('apply', { lockTimeoutMs: 0 });
    const { plan, world } = await planStack(this.engine, loaded, session.state, this.#defaults());
    const result = await applyUnder(this.engine, session, loaded, plan, world, { parallelism: 4 });
    const problems = [...plan.diagnostics, ...result.diagnostics].filter(({ severity }) => severity === 'error');
    if (problems.length > 0) throw new DiagnosticsError(problems);
  }

  load(content: Json) {
    return loadStack(stackText({ 'test.tf.json': content }, 'synth', this.stack), [], clouds, GROUND);
  }

  /** Plans and applies under one session, as `keyform apply` does. */
  async apply(
    content: Json,
    options: Partial<MakePlanOptions> & {
      readonly onEvent?: (event: ApplyEvent) => void;
      readonly onSecret?: (secret: Secret) => void;
      readonly parallelism?: number;
    } = {},
  ): Promise<ApplyResult & { readonly plan: Plan }> {
    return (await this.begin(content, options)).run();
  }

  /** An apply that is planned and not begun, with its session. */
  async begin(
    content: Json,
    options: Partial<MakePlanOptions> & {
      readonly onEvent?: (event: ApplyEvent) => void;
      readonly onSecret?: (secret: Secret) => void;
      readonly parallelism?: number;
    } = {},
  ) {
    const loaded = await this.load(content);
    const session = await this.store.begin('apply', { lockTimeoutMs: 0 });
    const { plan, world } = await planStack(this.engine, loaded, session.state, { ...this.#defaults(), ...options });
    const { signal, onEvent, onSecret } = options;
    const run = async () => {
      const result = await applyUnder(this.engine, session, loaded, plan, world, {
        parallelism: options.parallelism ?? 4,
        ...(signal === undefined ? {} : { signal }),
        ...(onEvent === undefined ? {} : { onEvent }),
        ...(onSecret === undefined ? {} : { onSecret }),
      });
      return { ...result, plan };
    };
    return { session, run };
  }
}

/** The project that every world is of. */
export const PROJECT: Project = {
  folder: '/p',
  app: null,
  output: 'o',
  context: {},
  stateFolder: '/p/state',
  settings: { stacks: 's', state: 'state', recipients: [], inventory: false, sandbox: false, unmanaged: 'report' },
};

const DEFAULTS: MakePlanOptions = {
  mode: 'normal',
  targets: [],
  excludes: [],
  replace: [],
  maxDeletes: 10,
  allowCredentialDelete: false,
  refresh: true,
};

function lower(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
