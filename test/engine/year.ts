import type { HeldKey, KeyDesk } from '../../src/core/console.ts';
import { KeyformError } from '../../src/core/error.ts';
import type { HttpCall, HttpPort } from '../../src/core/http.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { RotationRequest } from '../../src/core/plan/input.ts';
import { givenKey } from '../../src/core/rotation/given.ts';
import { typesOf } from '../../src/engine/connect.ts';
import type { LoadedStack } from '../../src/engine/load.ts';
import { applyUnder, planStack } from '../../src/engine/stack.ts';
import { clouds } from '../../src/providers/index.ts';
import { World } from './world.ts';

/*
 * A year of a CI job that runs `keyform rotate` once a day, with a clock that is moved by hand. One run in ten is killed at a random call
 * or write, one in twenty finds one cloud unreachable. Each key has a consumer that asks for it once a day, at its own minute, and
 * holds what it was given until then. Whether that works is asked of the clouds' own data, never of the state.
 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export interface YearOptions {
  readonly seed: number;
  readonly days: number;
  /** Of the 200 keys, one in so many. */
  readonly thin: number;
}

/** What came of a year. */
export interface YearReport {
  readonly keys: number;
  readonly runs: number;
  readonly killed: number;
  readonly unreachable: number;
  /** Runs that ended with an error of their own, the unreachable cloud's included. */
  readonly failed: number;
  readonly rotations: number;
  readonly retirements: number;
  readonly recovered: number;
  /** Minutes of consumers with a key; looks at one, and those at which it did not work. */
  readonly minutes: number;
  readonly looks: number;
  readonly outages: readonly string[];
  /** Days, of keys when they were replaced. */
  readonly age: { readonly least: number; readonly most: number };
  /** Hours between the beginning of an overlap and the end of the key. */
  readonly overlap: { readonly least: number; readonly most: number };
  readonly calls: number;
  /** At the end, after runs that nothing disturbed: keys at the clouds beside the credentials, those in their overlap, attempts left open. */
  readonly living: number;
  readonly deposed: number;
  readonly open: number;
}

const ROTATION = { every: '90d', overlap: '24h', jitter: '30d' };

/** The stack: keys of all clouds, spread over owners so that quotas leave room for an overlap or two. */
export function stackOf(thin: number): { readonly stack: JsonObject; readonly count: number } {
  const resource: Record<string, Record<string, JsonObject>> = {};
  let count = 0;
  let drawn = 0;
  const add = (
    type: string,
    owners: number,
    each: number,
    args: (owner: number, name: string) => JsonObject,
    more = {},
  ) => {
    for (let owner = 0; owner < owners; owner++) {
      for (let index = 0; index < each; index++) {
        if (drawn++ % thin !== 0) continue;
        const name = `k${owner}_${index}`;
        resource[type] ??= {};
        resource[type][name] = { ...args(owner, name), rotation: { ...ROTATION, ...more } };
        count += 1;
      }
    }
  };
  add('keyform_sinch_access_key', 5, 8, (owner, name) => ({ project_id: `project-${owner}`, display_name: name }));
  add('keyform_outscale_access_key', 8, 5, (owner, name) => ({ user_name: `user-${owner}`, tag: name }), {
    disable_for: '48h',
  });
  add('keyform_yandex_static_access_key', 8, 5, (owner, name) => ({
    service_account_id: `aje${owner}`,
    description: name,
  }));
  add(
    'keyform_yandex_api_key',
    4,
    5,
    (owner, name) => ({ service_account_id: `ajf${owner}`, description: name, expires_in: '100d' }),
    { before_expiry: '20d', retire_when: 'unused_for 12h, deadline 3d' },
  );
  add('keyform_nscale_access_key', 4, 5, (owner, name) => ({
    endpoint_id: `endpoint-${owner}`,
    name,
    identity_policy: 'system-default-admin',
  }));
  add('keyform_tencent_api_key', 1, 20, (_, name) => ({ secret_name: name }));
  add('keyform_tencent_cam_access_key', 20, 1, (owner) => ({ target_uin: String(100_000_000_100 + owner) }), {
    disable_for: '24h',
  });
  return { stack: { resource }, count };
}

/** What a consumer holds. */
interface Held {
  readonly address: string;
  readonly type: string;
  /** Minute of the day at which it asks for its key. */
  readonly minute: number;
  id: string;
  secret: string;
}

class Killed extends Error {}

const REQUEST: RotationRequest = {
  addresses: [],
  force: false,
  dueWithin: 0,
  revokeNow: false,
  rollback: false,
  maxRotations: null,
};

/** Small, seeded, and good enough to choose days by: mulberry32. */
function chanceOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export async function liveYear({ seed, days, thin }: YearOptions): Promise<YearReport> {
  const chance = chanceOf(seed);
  const world = await World.open();
  const { stack, count } = stackOf(thin);
  const loaded = await world.load(stack);
  const year = new Year(world, loaded, chance);
  world.wire = year.wire();
  const made = await world.apply(stack, { maxDeletes: null });
  if (made.failed.length + made.plan.diagnostics.length > 0)
    throw new Error(JSON.stringify([made.diagnostics, made.plan.diagnostics]));
  await year.begin();
  const from = world.clock.time;
  for (let day = 1; day <= days; day++) {
    await year.passTo(from + day * DAY + Math.floor(chance() * 30) * MINUTE);
    const luck = chance();
    await year.run(luck < 0.14 ? 'killed' : luck < 0.19 ? 'unreachable' : 'undisturbed');
  }
  // What the last runs left open is done by a few that nothing disturbs.
  for (let more = 0; more < 6; more++) {
    await year.passTo(world.clock.time + DAY);
    await year.run('undisturbed');
  }
  return year.report(count);
}

type Mood = 'killed' | 'unreachable' | 'undisturbed';

class Year {
  readonly #world: World;
  readonly #loaded: LoadedStack;
  readonly #chance: () => number;
  #consumers: Held[] = [];
  /** What a consumer would be given now, by address. */
  #given = new Map<string, { readonly id: string; readonly secret: string }>();
  readonly #outages: string[] = [];
  readonly #ages: number[] = [];
  readonly #overlaps: number[] = [];
  #deposed = new Map<string, number>();
  #runs = 0;
  #killed = 0;
  #unreachable = 0;
  #failed = 0;
  #rotations = 0;
  #retirements = 0;
  #recovered = 0;
  #looks = 0;
  #minutes = 0;
  #calls = 0;
  #open = 0;

  constructor(world: World, loaded: LoadedStack, chance: () => number) {
    this.#world = world;
    this.#loaded = loaded;
    this.#chance = chance;
  }

  async begin(): Promise<void> {
    await this.#look();
    const { state } = await this.#world.store.read();
    this.#consumers = [...this.#given].map(([address, given]) => ({
      address,
      type: state.resources.get(address)?.type ?? '',
      minute: Math.floor(this.#chance() * 1440),
      ...given,
    }));
  }

  /**
   * Lets time pass until `at`. Nothing changes at the clouds meanwhile but that keys may expire, and that consumers ask for theirs: whoever
   * works at the first and the last minute of holding a key works at each in between.
   */
  async passTo(at: number): Promise<void> {
    const { clock } = this.#world;
    const clouds = this.#snapshot();
    this.#check(this.#consumers, clouds);
    const [begins, ends] = [Math.ceil(clock.time / MINUTE), Math.floor(at / MINUTE)];
    const asking = this.#consumers.flatMap((consumer) => {
      const first = begins + ((((consumer.minute - begins) % 1440) + 1440) % 1440);
      const minutes: { readonly minute: number; readonly consumer: Held }[] = [];
      for (let minute = first; minute <= ends; minute += 1440) minutes.push({ minute, consumer });
      return minutes;
    });
    for (const { minute, consumer } of asking.sort((a, b) => a.minute - b.minute)) {
      clock.time = minute * MINUTE;
      // Until it asks, it uses what it has.
      this.#check([consumer], clouds);
      Object.assign(consumer, this.#given.get(consumer.address));
      this.#desk(consumer.type).noteUse(consumer.id);
      this.#check([consumer], clouds);
    }
    this.#minutes += Math.max(0, ends - begins) * this.#consumers.length;
    clock.time = at;
    this.#check(this.#consumers, clouds);
  }

  /** One CI job. */
  async run(mood: Mood): Promise<void> {
    const world = this.#world;
    this.#runs += 1;
    const names = [...world.emulators.keys()];
    const silent = mood === 'unreachable' ? names[Math.floor(this.#chance() * names.length)] : undefined;
    if (silent !== undefined) this.#unreachable += 1;
    // Half of those that are killed die somewhere in the whole run, half once it has begun to change something.
    const armed = this.#chance() < 0.5;
    let left = mood === 'killed' ? Math.floor(this.#chance() * (armed ? 40 : 150)) : Number.POSITIVE_INFINITY;
    let counts = !armed;
    let dead = false;
    // Whoever held the lock before is gone: there is one job a day.
    world.alive = false;
    const die = () => {
      if (!dead) world.disk = world.disk.kill();
      dead = true;
      throw new Killed('the process is dead');
    };
    const step = (changes = false) => {
      counts ||= changes;
      if (dead || (counts && left-- <= 0)) die();
    };
    world.disk.onStep = async () => step();
    world.wire = this.wire(silent, step);
    try {
      const session = await world.store.begin('rotate', { lockTimeoutMs: 0 });
      const { plan, world: seen } = await planStack(world.engine, this.#loaded, session.state, {
        mode: 'rotate',
        rotation: REQUEST,
        targets: [],
        excludes: [],
        replace: [],
        maxDeletes: null,
        allowCredentialDelete: false,
        refresh: true,
      });
      const result = await applyUnder(world.engine, session, this.#loaded, plan, seen, { parallelism: 10 });
      const errors = [...plan.diagnostics, ...result.diagnostics].filter(({ severity }) => severity === 'error');
      if (errors.length > 0) this.#failed += 1;
      if (mood === 'undisturbed' && result.failed.length > 0) throw new Error(JSON.stringify(result.diagnostics));
      this.#recovered += result.done.filter(({ kind }) => kind === 'adopt' || kind === 'recover').length;
    } catch (error) {
      if (!dead) throw error;
    }
    if (dead) this.#killed += 1;
    world.disk.onStep = null;
    world.wire = this.wire();
    await this.#look();
    this.#check();
  }

  report(keys: number): YearReport {
    const held = [...this.#world.emulators.values()].flatMap(({ desks }) => desks).flatMap((desk) => desk.keys());
    const own = new Set(this.#consumers.map(({ type }) => type));
    const living = held.filter(({ type, id }) => own.has(type) && !this.#credentials.has(id)).length;
    return {
      keys,
      runs: this.#runs,
      killed: this.#killed,
      unreachable: this.#unreachable,
      failed: this.#failed,
      rotations: this.#rotations,
      retirements: this.#retirements,
      recovered: this.#recovered,
      minutes: this.#minutes,
      looks: this.#looks,
      outages: this.#outages,
      age: { least: Math.min(...this.#ages), most: Math.max(...this.#ages) },
      overlap: { least: Math.min(...this.#overlaps), most: Math.max(...this.#overlaps) },
      calls: this.#calls,
      living,
      deposed: this.#deposed.size,
      open: this.#open,
    };
  }

  /** Keys that were there before anything was made. */
  #credentials = new Set<string>();

  /** The network as a run finds it; of no run in particular when nothing is said. */
  wire(silent?: string, step: (changes?: boolean) => void = () => {}): NonNullable<World['wire']> {
    return {
      http: this.#port(silent, step),
      override: (cloud) => this.#world.emulators.get(cloud.name)?.settings(ORIGIN) ?? null,
    };
  }

  /** The emulators behind a network on which one cloud may be unreachable, and on which a dead process sends nothing. */
  #port(silent: string | undefined, step: (changes?: boolean) => void): HttpPort {
    const world = this.#world;
    return {
      send: async (call: HttpCall) => {
        step();
        const built = await call.build(0);
        const url = new URL(built.url);
        const request = {
          method: built.method,
          path: url.pathname,
          query: url.searchParams,
          headers: built.headers,
          body: built.body ?? '',
        };
        const cloud = [...world.emulators].find(([, emulator]) =>
          emulator.claims({
            ...request,
            headers: Object.fromEntries(
              Object.entries(built.headers).map(([name, value]) => [name.toLowerCase(), value]),
            ),
          }),
        )?.[0];
        if (cloud === silent) {
          throw new KeyformError('unreachable', `${url.host} cannot be reached`, {
            detail: 'The network is down today.',
          });
        }
        this.#calls += 1;
        // Slower than any of the rate limits.
        world.clock.time += 250;
        const answer = await world.http.send({ ...call, build: () => built });
        const changes = built.method !== 'GET' && call.reads !== true;
        if (changes) this.#check();
        // It may die with the answer on its way: the cloud has done it.
        step(changes);
        return answer;
      },
    };
  }

  /** What the state would give to consumers, and what it tells of rotations since the last look. */
  async #look(): Promise<void> {
    const { state } = await this.#world.store.read();
    this.#open = state.intents.size;
    const deposed = new Map<string, number>();
    for (const resource of state.resources.values()) {
      const { address } = resource;
      const type = TYPES.get(resource.type);
      const current = type === undefined ? null : givenKey(resource, type.type);
      for (const key of resource.deposed)
        if (key.deposedAt !== undefined) deposed.set(`${address} ${key.id}`, Date.parse(key.deposedAt));
        else deposed.set(`${address} ${key.id}`, Number.NaN);
      if (current?.secret == null) continue;
      const before = this.#given.get(address);
      if (before !== undefined && before.id !== current.id) {
        this.#rotations += 1;
        const old = resource.deposed.find(({ id }) => id === before.id);
        if (old?.createdAt != null)
          this.#ages.push((Date.parse(current.createdAt ?? '') - Date.parse(old.createdAt)) / DAY);
      }
      this.#given.set(address, { id: current.id, secret: current.secret.reveal() });
    }
    for (const [name, at] of this.#deposed) {
      if (deposed.has(name)) continue;
      this.#retirements += 1;
      if (!Number.isNaN(at)) this.#overlaps.push((this.#world.clock.time - at) / HOUR);
    }
    this.#deposed = deposed;
    if (this.#consumers.length === 0) {
      const ours = new Set([...this.#given.values()].map(({ id }) => id));
      for (const { desks } of this.#world.emulators.values())
        for (const desk of desks) for (const { id } of desk.keys()) if (!ours.has(id)) this.#credentials.add(id);
    }
  }

  #desk(type: string): KeyDesk {
    for (const { desks } of this.#world.emulators.values()) {
      const desk = desks.find((one) => one.type === type);
      if (desk !== undefined) return desk;
    }
    throw new Error(`nobody has ${type}`);
  }

  /** Every key at the clouds with its secret, by type and id. */
  #snapshot(): Snapshot {
    const found = new Map<string, { readonly key: HeldKey; readonly secret: string }>();
    for (const { desks } of this.#world.emulators.values())
      for (const desk of desks)
        for (const key of desk.keys()) found.set(`${desk.type} ${key.id}`, { key, secret: desk.secret(key.id) });
    return found;
  }

  /** Looks whether consumers' keys work: each is there, enabled, ready, not expired, and its secret is the one that the consumer holds. */
  #check(consumers: readonly Held[] = this.#consumers, clouds = this.#snapshot()): void {
    const now = this.#world.clock.time;
    for (const { type, id, secret, address } of consumers) {
      this.#looks += 1;
      const found = clouds.get(`${type} ${id}`);
      const works =
        found?.key.enabled === true &&
        found.key.ready &&
        (found.key.expiresAt === null || Date.parse(found.key.expiresAt) > now) &&
        found.secret === secret;
      if (!works) this.#outages.push(`${new Date(now).toISOString()} ${address} ${id}`);
    }
  }
}

type Snapshot = ReadonlyMap<string, { readonly key: HeldKey; readonly secret: string }>;

const TYPES = typesOf(clouds);

const ORIGIN = 'http://127.0.0.1:1';

/** The report as a table. */
export function table(report: YearReport): string {
  const { age, overlap } = report;
  const rows: readonly (readonly [string, string | number])[] = [
    ['keys', report.keys],
    ['runs', report.runs],
    ['runs killed', report.killed],
    ['runs with a cloud unreachable', report.unreachable],
    ['runs that ended with an error', report.failed],
    ['rotations', report.rotations],
    ['keys retired', report.retirements],
    ['keys recovered after a kill', report.recovered],
    ['API calls', report.calls],
    ['age of a key at its rotation, days', `${age.least.toFixed(1)} to ${age.most.toFixed(1)}`],
    ['from replaced to gone, hours', `${overlap.least.toFixed(1)} to ${overlap.most.toFixed(1)}`],
    ['minutes with a key, of all consumers', report.minutes],
    ["looks at a consumer's key", report.looks],
    ['of which it did not work', report.outages.length],
    ['keys at the clouds at the end', report.living],
    ['of which in their overlap', report.deposed],
    ['attempts left open at the end', report.open],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

// By hand: node --import tsx test/engine/year.ts [SEED] [DAYS]
if (process.argv[1]?.endsWith('year.ts') === true) {
  const [seed = '1', days = '365'] = process.argv.slice(2);
  const report = await liveYear({ seed: Number(seed), days: Number(days), thin: 1 });
  process.stdout.write(`seed ${seed}\n${table(report)}\n${report.outages.slice(0, 10).join('\n')}\n`);
}
