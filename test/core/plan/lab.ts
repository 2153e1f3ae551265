import type { CloudEmulator } from '../../../src/core/emulator.ts';
import { Evaluation } from '../../../src/core/evaluation/evaluation.ts';
import type { HttpPort } from '../../../src/core/http.ts';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import type { World } from '../../../src/core/plan/actual.ts';
import type { PlanOptions } from '../../../src/core/plan/input.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import { makePlan } from '../../../src/core/plan/planner.ts';
import type { Sibling } from '../../../src/core/plan/sibling.ts';
import type { Environment } from '../../../src/core/port.ts';
import type { KeyHandler } from '../../../src/core/provider.ts';
import { applyEntry, emptyState, type JournalEntry, type MutableState } from '../../../src/core/state.ts';
import { applyPlan } from '../../../src/engine/apply.ts';
import { connectAll, typesOf } from '../../../src/engine/connect.ts';
import { factsOf } from '../../../src/engine/facts.ts';
import { gatherWorld } from '../../../src/engine/gather.ts';
import { type LoadedStack, loadStack } from '../../../src/engine/load.ts';
import type { Recorder } from '../../../src/engine/running.ts';
import { clouds } from '../../../src/providers/index.ts';
import { GROUND, stackText } from '../../engine/text.ts';
import { loopback, readText } from '../../providers/loopback.ts';

export const SINCH = 'keyform_sinch_access_key';
export const OUTSCALE = 'keyform_outscale_access_key';
/** Two installations of every cloud, with the same credentials and separate keys. */
const ORIGINS = ['http://127.0.0.1:1', 'http://127.0.0.1:2'] as const;
/** Settings that make a provider block talk to the second installation. */
export const ELSEWHERE = {
  sinch: { endpoint: ORIGINS[1], auth_endpoint: ORIGINS[1] },
  outscale: { endpoint: `${ORIGINS[1]}/api/v1` },
};

export interface LabOptions extends Partial<PlanOptions> {
  /** Labels of owners that do not answer. */
  readonly silent?: readonly string[];
  /** False: no owner is asked. */
  readonly ask?: boolean;
  /** Other stacks of the project. */
  readonly siblings?: readonly Sibling[];
}

/** The planner among real clouds: their emulators in memory, a state, and a clock that stands still until it is moved. */
export class Lab {
  time = Date.parse('2026-01-01T00:00:00Z');
  readonly state: MutableState = emptyState('prod', 'lineage');
  readonly #emulators: readonly CloudEmulator[];
  readonly #environment: Environment;
  #drawn = 0;

  private constructor(emulators: readonly CloudEmulator[], environment: Environment) {
    this.#emulators = emulators;
    this.#environment = environment;
  }

  static async open(options: Readonly<Record<string, JsonObject>> = {}): Promise<Lab> {
    const emulators: CloudEmulator[] = [];
    const environment: Record<string, string> = {};
    let lab: Lab | null = null;
    const clock = { now: () => lab?.time ?? 0, sleep: async () => {} };
    for (const origin of ORIGINS) {
      for (const cloud of clouds) {
        const { start } = await cloud.emulator();
        const emulator = start({
          data: null,
          clock,
          seed: new Uint8Array(32).fill(3),
          options: options[cloud.name] ?? {},
        });
        if (origin === ORIGINS[0]) Object.assign(environment, emulator.environment(origin));
        emulators.push(emulator);
      }
    }
    lab = new Lab(emulators, environment);
    return lab;
  }

  readonly #http: HttpPort = {
    send: async (call) => {
      const built = await call.build(0);
      const url = new URL(built.url);
      const request = {
        method: built.method,
        path: url.pathname,
        query: url.searchParams,
        headers: lower(built.headers),
        body: built.body ?? '',
      };
      const half = this.#emulators.length / 2;
      const here = url.origin === ORIGINS[0] ? this.#emulators.slice(0, half) : this.#emulators.slice(half);
      const emulator = here.find((one) => one.claims(request));
      if (emulator === undefined) throw new Error(`nobody claims ${built.url}`);
      return loopback(emulator).send({ ...call, build: () => built });
    },
  };

  get #ports() {
    return {
      http: this.#http,
      clock: { now: () => this.time, sleep: async () => {} },
      random: { bytes: (length: number) => new Uint8Array(length).fill(++this.#drawn), fraction: () => 0.5 },
      environment: this.#environment,
      readText,
    };
  }

  load(stack: Json): Promise<LoadedStack> {
    return loadStack(stackText({ 'prod.tf.json': stack }, 'synth'), [], clouds, GROUND);
  }

  /** The plan, and the world and stack that it was made from. */
  async look(stack: Json, options: LabOptions = {}): Promise<{ plan: Plan; world: World; loaded: LoadedStack }> {
    const loaded = await this.load(stack);
    const { configuration, wiring, variables } = loaded;
    const types = typesOf(clouds);
    const facts = factsOf(loaded, this.time);
    const evaluation = new Evaluation(configuration, variables, facts);
    const connections = await connectAll(evaluation, this.state, types, this.#ports, () => null);
    const input = { configuration, wiring, variables, facts, state: this.state };
    const gathered = await gatherWorld(input, types, connections, {
      sandbox: false,
      ask: options.ask ?? true,
      read: options.mode !== 'destroy',
    });
    const { KeyformError } = await import('../../../src/core/error.ts');
    const keys = new Map(gathered.keys);
    for (const [id, { label }] of gathered.owners) {
      if (options.silent?.includes(label)) keys.set(id, new KeyformError('unavailable', `No answer for ${label}`));
    }
    const data = new Map(gathered.data);
    for (const id of gathered.data.keys()) {
      // An owner that is read for data alone has no label here, but its id holds the name that the label ends in.
      const label = options.silent?.find((one) => (JSON.parse(id) as unknown[]).includes(one.split(' ')[1]));
      if (label !== undefined) data.set(id, new KeyformError('unavailable', `No answer for ${label}`));
    }
    const { siblings } = options;
    const world = { ...gathered, keys, data, ...(siblings === undefined ? {} : { siblings }) };
    const plan = makePlan({
      ...input,
      configurationHash: loaded.hash,
      world,
      now: this.time,
      options: {
        mode: 'normal',
        targets: [],
        excludes: [],
        replace: [],
        maxDeletes: 10,
        allowCredentialDelete: false,
        ...options,
      },
    });
    return { plan, world, loaded };
  }

  async plan(stack: Json, options: LabOptions = {}): Promise<Plan> {
    return (await this.look(stack, options)).plan;
  }

  /** Plans and applies; throws when a step fails. With `drop`, entries that match are lost as in a crash. */
  async apply(
    stack: Json,
    options: LabOptions & { readonly drop?: (entry: JournalEntry) => boolean } = {},
  ): Promise<Plan> {
    const { plan, world, loaded } = await this.look(stack, options);
    const { state } = this;
    let lost = false;
    const recorder: Recorder = {
      state,
      async record(entry) {
        if (lost || options.drop?.(entry) === true) {
          lost = true;
          throw new Error('lost in a crash');
        }
        applyEntry(state, entry);
      },
    };
    const { clock, random } = this.#ports;
    const result = await applyPlan({
      plan,
      world,
      loaded,
      processes: { run: () => Promise.reject(new Error('no processes')) },
      environment: this.#environment,
      recorder,
      clock,
      random,
      parallelism: 1,
    });
    if (!lost && result.failed.length > 0) throw new Error(JSON.stringify(result.diagnostics));
    this.state.serial += 1;
    return plan;
  }

  /** A cloud's calls, for changes behind Keyform's back. */
  async keys(type: string): Promise<KeyHandler> {
    const cloud = clouds.find((one) => one.resources.some((resource) => resource.type === type));
    const emulator = this.#emulators.find((one) => one.cloud === cloud?.name);
    if (cloud === undefined || emulator === undefined) throw new Error(`no cloud has ${type}`);
    return (await cloud.connect(emulator.settings(ORIGINS[0]), this.#ports)).handler(type);
  }

  /** The current key of an address, as its cloud's calls take it. */
  reference(address: string) {
    const key = this.state.resources.get(address)?.current;
    if (key == null) throw new Error(`no key at ${address}`);
    return key;
  }
}

function lower(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
