import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isKeyformError } from '../../src/core/error.ts';
import type { HttpPort } from '../../src/core/http.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { RotationRequest } from '../../src/core/plan/input.ts';
import type { ProcessResult } from '../../src/core/port.ts';
import { policyOf } from '../../src/core/rotation/policy.ts';
import { isOpen } from '../../src/core/rotation/window.ts';
import { applyUnder, type Engine, planStack } from '../../src/engine/stack.ts';
import { World } from './world.ts';

/*
 * Rotation under random policies, clocks, faults and interruptions. One key, and a consumer that a hook delivers it to. Whatever happens:
 * the key that the consumer was given works; no more keys are there than the quota; what was replaced is gone after its time; what was
 * done before a crash is not done again; and two machines come to the same end.
 */

const HOUR = 3_600_000;

const TYPES = {
  keyform_sinch_access_key: { project_id: 'p1', display_name: 'ci' },
  keyform_outscale_access_key: { user_name: 'ci' },
  keyform_yandex_static_access_key: { service_account_id: 'aje1' },
  keyform_nscale_access_key: { endpoint_id: 'e1', name: 'ci', identity_policy: 'system-default-admin' },
} as const;

type TypeName = keyof typeof TYPES;

const hours = (most: number) => fc.integer({ min: 0, max: most }).map((count) => `${count}h`);

const policy = fc.record(
  {
    every: fc.integer({ min: 100, max: 160 }).map((count) => `${count}h`),
    overlap: hours(48),
    disable_for: hours(24),
    jitter: hours(40),
    window: fc.constantFrom('Mon-Fri 06:00-18:00 Europe/Paris', 'daily 00:00-12:00', 'Sat 00:00-24:00'),
    verify: fc.boolean(),
  },
  { requiredKeys: ['every'] },
);

const event = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), hours: fc.integer({ min: 1, max: 250 }) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('run' as const) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('killed' as const),
      /** Journal writes and calls until then. */
      after: fc.nat(40),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('unreachable' as const), after: fc.nat(6) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('hook fails' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('force', 'revoke', 'rollback') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('policy' as const), policy }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('two machines' as const) }) },
);

type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

const REQUEST: RotationRequest = {
  addresses: [],
  force: false,
  dueWithin: 0,
  revokeNow: false,
  rollback: false,
  maxRotations: null,
};

class Trial {
  readonly world: World;
  readonly type: TypeName;
  readonly address: string;
  rotation: JsonObject;
  held: { readonly id: string; readonly secret: string } | null = null;
  #hookFails = false;
  /** Steps until the process dies; null: it does not. */
  #left: number | null = null;
  #dead = false;
  #silentAfter: number | null = null;
  creates = 0;

  constructor(world: World, type: TypeName, rotation: JsonObject) {
    this.world = world;
    this.type = type;
    this.address = `${type}.ci`;
    this.rotation = rotation;
    world.wire = this.#wire();
  }

  get stack(): JsonObject {
    return {
      resource: {
        [this.type]: { ci: { ...TYPES[this.type], rotation: this.rotation } },
        null_resource: {
          deliver: {
            triggers: { id: `\${${this.address}.id}` },
            provisioner: {
              'local-exec': {
                command: 'deliver',
                environment: { KEY: `\${${this.address}.id}`, SECRET: `\${${this.address}.secret}` },
              },
            },
          },
        },
      },
    };
  }

  #step(): void {
    if (this.#left !== null && this.#left-- <= 0 && !this.#dead) {
      this.world.disk = this.world.disk.kill();
      this.#dead = true;
    }
    if (this.#dead) throw new Error('the process is dead');
  }

  #wire(): NonNullable<World['wire']> {
    const { world } = this;
    const http: HttpPort = {
      send: async (call) => {
        this.#step();
        if (this.#silentAfter !== null && this.#silentAfter-- <= 0) {
          const { KeyformError } = await import('../../src/core/error.ts');
          throw new KeyformError('unreachable', 'it cannot be reached', { detail: 'The network is down.' });
        }
        world.clock.time += 250;
        const answer = await world.http.send(call);
        if (/^Create|^IssueKey/.test(call.action) && answer.status < 300) this.creates += 1;
        this.check();
        this.#step();
        return answer;
      },
    };
    const processes: Engine['processes'] = {
      run: async (_, { env }): Promise<ProcessResult> => {
        this.#step();
        if (this.#hookFails) return { code: 1, signal: null, stdout: '', stderr: '', truncated: false };
        this.held = { id: env.KEY ?? '', secret: env.SECRET ?? '' };
        this.check();
        return { code: 0, signal: null, stdout: '', stderr: '', truncated: false };
      },
    };
    const override: Engine['override'] = (cloud) =>
      world.emulators.get(cloud.name)?.settings('http://127.0.0.1:1') ?? null;
    return { http, override, ...{ processes } };
  }

  get desk() {
    const desk = [...this.world.emulators.values()].flatMap(({ desks }) => desks).find((one) => one.type === this.type);
    if (desk === undefined) throw new Error(`nobody has ${this.type}`);
    return desk;
  }

  /** Every key of the owner. */
  keys() {
    return this.desk.keys().filter(({ args }) =>
      Object.entries(TYPES[this.type])
        .slice(0, 1)
        .every(([name, value]) => args[name] === value),
    );
  }

  /** The key that the consumer was given works, and the quota holds. */
  check(): void {
    expect(this.keys().length).toBeLessThanOrEqual(10);
    if (this.held === null) return;
    const { id, secret } = this.held;
    const key = this.keys().find((one) => one.id === id);
    expect(key, `the consumer's key ${id} is gone`).toBeDefined();
    expect([key?.enabled, key?.ready, this.desk.secret(id) === secret]).toEqual([true, true, true]);
  }

  /** One run; null when it did not live to tell. */
  async run(mode: 'rotate' | 'normal', over: Partial<RotationRequest> = {}) {
    const { world } = this;
    world.alive = false;
    world.disk.onStep = async () => this.#step();
    try {
      const session = await world.store.begin(mode === 'rotate' ? 'rotate' : 'apply', { lockTimeoutMs: 0 });
      const loaded = await world.load(this.stack);
      const { plan, world: seen } = await planStack(world.engine, loaded, session.state, {
        mode,
        ...(mode === 'rotate' ? { rotation: { ...REQUEST, ...over } } : {}),
        targets: [],
        excludes: [],
        replace: [],
        maxDeletes: null,
        allowCredentialDelete: false,
        refresh: true,
      });
      const result = await applyUnder(world.engine, session, loaded, plan, seen, { parallelism: 4 });
      return this.#dead ? null : { plan, result };
    } catch (error) {
      if (!this.#dead) throw error;
      return null;
    } finally {
      this.#dead = false;
      this.#left = null;
      this.#silentAfter = null;
      world.disk.onStep = null;
      this.check();
    }
  }

  async on(event: Event): Promise<void> {
    switch (event.kind) {
      case 'pass':
        this.world.clock.time += event.hours * HOUR;
        this.check();
        return;
      case 'run':
        return this.settle();
      case 'killed':
        this.#left = event.after;
        await this.run('rotate');
        return;
      case 'unreachable':
        this.#silentAfter = event.after;
        await this.run('rotate');
        return;
      case 'hook fails':
        this.#hookFails = true;
        await this.run('rotate');
        this.#hookFails = false;
        return;
      case 'force':
        await this.run('rotate', { addresses: [this.address], force: true });
        return;
      case 'revoke':
        await this.run('rotate', { addresses: [this.address], force: true, revokeNow: true });
        return;
      case 'rollback':
        await this.run('rotate', { addresses: [this.address], rollback: true });
        return;
      case 'policy':
        this.rotation = event.policy;
        return this.settle();
      case 'two machines': {
        // Of a run that was killed before, the lock is taken over; of one that lives, it is not.
        this.world.alive = false;
        const first = await this.world.store.begin('rotate', { lockTimeoutMs: 0 });
        this.world.alive = true;
        const second = await this.world.store.begin('rotate', { lockTimeoutMs: 0 }).catch((error: unknown) => error);
        expect(isKeyformError(second, 'state-locked')).toBe(true);
        await first.close();
        return this.settle();
      }
    }
  }

  /** Runs undisturbed; then nothing is left to do, and what is at the cloud is what there should be. */
  async settle(): Promise<void> {
    const done = await this.run('normal');
    expect(done?.result.diagnostics).toEqual([]);
    expect(done?.plan.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    for (const mode of ['rotate', 'normal'] as const) {
      const before = this.creates;
      const again = await this.run(mode);
      expect(again?.plan.steps.map(({ id }) => id)).toEqual([]);
      expect(this.creates).toBe(before);
    }
    const { state } = await this.world.store.read();
    const resource = state.resources.get(this.address);
    expect(resource?.current).not.toBeNull();
    expect(state.intents.size).toBe(0);
    const known = [resource?.current?.id, ...(resource?.deposed ?? []).map(({ id }) => id)];
    expect(
      this.keys()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(known.sort());
    expect(this.held?.id).toBe(resource?.current?.id);
    const now = this.world.clock.time;
    const { overlap, disableFor, window } = policyOf({ rotation: this.rotation });
    for (const { deposedAt, disabledAt } of resource?.deposed ?? []) {
      if (window !== null && !isOpen(window, now)) continue;
      expect(deposedAt).toBeDefined();
      const end =
        disabledAt === undefined ? Date.parse(deposedAt ?? '') + overlap : Date.parse(disabledAt) + disableFor;
      // The run itself takes some seconds.
      expect(now - end).toBeLessThan(60_000);
    }
  }
}

test('the key that the consumer was given always works, and everything comes to its end', async () => {
  const types = fc.constantFrom(...(Object.keys(TYPES) as TypeName[]));
  let rotations = 0;
  let kills = 0;
  await fc.assert(
    fc.asyncProperty(
      types,
      policy,
      fc.array(event, { minLength: 3, maxLength: 14 }),
      async (type, rotation, events) => {
        const fits = (one: JsonObject): JsonObject => {
          const { disable_for, verify, ...rest } = one;
          // What a cloud cannot do is refused in a stack.
          return {
            ...rest,
            ...(type === 'keyform_outscale_access_key' && disable_for !== undefined ? { disable_for } : {}),
            ...(verify === false ? { verify } : {}),
          };
        };
        const trial = new Trial(await World.open(), type, fits(rotation));
        await trial.run('normal');
        for (const one of events) {
          if (one.kind === 'killed') kills += 1;
          await trial.on(one.kind === 'policy' ? { ...one, policy: fits(one.policy) as typeof one.policy } : one);
        }
        await trial.settle();
        rotations += trial.creates - 1;
      },
    ),
    { numRuns: 60 },
  );
  expect(rotations).toBeGreaterThan(40);
  expect(kills).toBeGreaterThan(30);
}, 120_000);
