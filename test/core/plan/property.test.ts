import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Evaluation } from '../../../src/core/evaluation/evaluation.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { encodePlan } from '../../../src/core/plan/codec.ts';
import type { Plan, Step } from '../../../src/core/plan/plan.ts';
import { makePlan } from '../../../src/core/plan/planner.ts';
import { applyEntry, emptyState, type JournalEntry } from '../../../src/core/state.ts';
import { applyPlan } from '../../../src/engine/apply.ts';
import { connectAll, typesOf } from '../../../src/engine/connect.ts';
import { factsOf } from '../../../src/engine/facts.ts';
import { gatherWorld } from '../../../src/engine/gather.ts';
import { loadStack } from '../../../src/engine/load.ts';
import type { Recorder } from '../../../src/engine/running.ts';
import { GROUND, stackText } from '../../engine/text.ts';
import { contentOf } from '../../state/fixture.ts';
import { MemoryCloud, secretOf } from './cloud.ts';
import { printPlan } from './print.ts';

interface Key {
  readonly project: string;
  readonly name: string;
  readonly note: string | null;
  readonly enabled: boolean | null;
  readonly keepers: string;
  readonly deleteFirst: boolean;
}

type Event =
  | {
      readonly kind: 'apply';
      readonly keys: readonly (Key | null)[];
      readonly replace: readonly number[];
      /** Which valid order the steps are taken in. */
      readonly order: number;
      /** The how-many-eth recorded result is the last one before a crash; 0: none. */
      readonly crash: number;
    }
  | { readonly kind: 'meddle'; readonly how: 'delete' | 'rename' | 'disable' | 'make'; readonly which: number };

/** A small world in which anything may happen. */
class Life {
  readonly memory: MemoryCloud;
  readonly state = emptyState('prod', 'lineage');
  time = 0;

  constructor(quota: number, renameable: boolean, secretReadable: boolean, asynchronous: boolean) {
    const name = { argument: 'name', uniquePerOwner: true, renameable };
    this.memory = new MemoryCloud(quota, { name, secretReadable, asynchronous });
  }

  /** Every key that state holds has its own secret, and where that can be read none is left to be unmanaged. */
  checkSecrets(): void {
    for (const resource of this.state.resources.values()) {
      for (const key of [resource.current, ...resource.deposed])
        if (key !== null) expect(key.secret?.reveal()).toBe(secretOf(key.id));
    }
  }

  readonly #random = {
    bytes: (length: number) => Uint8Array.from({ length }, (_, i) => (this.time >> (i % 4)) & 255),
    fraction: () => 0,
  };

  async look(event: Event & { kind: 'apply' }) {
    const keys: Record<string, JsonObject> = {};
    for (const [index, key] of event.keys.entries()) {
      if (key === null) continue;
      const { project, name, note, enabled, keepers, deleteFirst } = key;
      keys[`k${index}`] = {
        project,
        // A reference that points nowhere would only be refused at load.
        name: name.replace(/\$\{memory_key\.k(\d)\.[a-z]+\}/, (written, to) =>
          // Two names that are the same only once they are known cannot be seen while planning.
          Number(to) < index && event.keys[Number(to)] != null ? `${index}${written}` : `free${index}`,
        ),
        ...(note === null ? {} : { note }),
        ...(enabled === null ? {} : { enabled }),
        keepers: { v: keepers },
        lifecycle: { create_before_destroy: !deleteFirst },
      };
    }
    const clouds = [this.memory.cloud];
    const text = stackText({ 'prod.tf.json': { resource: { memory_key: keys } } }, 'synth');
    const loaded = await loadStack(text, [], clouds, GROUND);
    const { configuration, wiring, variables } = loaded;
    const types = typesOf(clouds);
    const ports = {
      http: { send: () => Promise.reject(new Error('no network')) },
      clock: { now: () => this.time, sleep: async () => {} },
      random: this.#random,
      environment: {},
      readText: () => Promise.reject(new Error('no files')),
    };
    const facts = factsOf(loaded, this.time);
    const evaluation = new Evaluation(configuration, variables, facts);
    const connections = await connectAll(evaluation, this.state, types, ports, () => null);
    const base = { configuration, wiring, variables, facts, state: this.state };
    const world = await gatherWorld(base, types, connections, { sandbox: false, ask: true });
    const input = {
      ...base,
      world,
      configurationHash: loaded.hash,
      now: this.time,
      options: {
        mode: 'normal' as const,
        targets: [],
        excludes: [],
        replace: event.replace.map((n) => `memory_key.k${n}`).filter((address) => configuration.resources.has(address)),
        maxDeletes: null,
        allowCredentialDelete: false,
      },
    };
    const before = contentOf(this.state);
    const plan = makePlan(input);
    expect(encodePlan(makePlan(input))).toBe(encodePlan(plan));
    expect(contentOf(this.state)).toBe(before);
    checkOrder(plan);
    return { plan, ports, input: { world, loaded } };
  }

  /** Applies in one of the valid orders. Any refusal of the cloud fails the test: the plan promised that there is none. */
  async apply(event: Event & { kind: 'apply' }): Promise<{ plan: Plan; crashed: boolean }> {
    this.time += 1000;
    const { plan, ports, input } = await this.look(event);
    // Keys that swap names which cannot be changed do wait for one another; a single one never waits for itself.
    for (const { summary, detail } of plan.diagnostics)
      if (summary === 'The steps of the plan form a cycle') expect(detail).toMatch(/one another: [^.]+\.\S+, /);
    if (plan.blocked) return { plan, crashed: false };
    const { state } = this;
    let left = event.crash === 0 ? Number.POSITIVE_INFINITY : event.crash;
    const recorder: Recorder = {
      state,
      async record(entry: JournalEntry) {
        if (['created', 'updated', 'deleted', 'settled'].includes(entry.kind) && --left < 0) throw new Error('crashed');
        applyEntry(state, entry);
      },
    };
    let count = 0;
    const result = await applyPlan({
      ...input,
      processes: { run: () => Promise.reject(new Error('no processes')) },
      environment: {},
      plan: { ...plan, steps: shuffled(plan.steps, event.order) },
      recorder,
      clock: ports.clock,
      random: {
        ...this.#random,
        bytes: (length) => Uint8Array.from({ length }, (_, i) => (i === 0 ? ++count : (this.time >> (i * 4)) & 255)),
      },
      parallelism: 1,
    }).catch((error: unknown) => {
      if (left < 0) return null;
      throw error;
    });
    if (left >= 0) {
      const problems = result?.diagnostics.map(({ summary, address }) => `${address}: ${summary}`);
      expect(problems, printPlan(plan)).toEqual([]);
    }
    return { plan, crashed: left < 0 };
  }

  meddle({ how, which }: Event & { kind: 'meddle' }): void {
    const all = [...this.memory.projects].flatMap(([project, keys]) =>
      [...keys.keys()].map((id) => [project, id] as const),
    );
    const [project, id] = all[which % Math.max(1, all.length)] ?? [];
    try {
      if (how === 'make') this.memory.make({ project: `p${which % 2}`, name: `n${which % 4}` });
      else if (project === undefined || id === undefined) return;
      else if (how === 'delete') this.memory.keys(project).delete(id);
      else if (how === 'rename') this.memory.change(project, id, { name: `n${which % 4}` });
      else this.memory.change(project, id, { enabled: false });
    } catch {
      // Somebody else met the quota or a taken name, which is the cloud's right.
    }
  }
}

function checkOrder(plan: Plan): void {
  const seen = new Set<string>();
  for (const step of plan.steps) {
    expect(seen.has(step.id)).toBe(false);
    for (const need of step.after) expect(seen.has(need)).toBe(true);
    seen.add(step.id);
  }
}

/** Another order of the same steps; which of them run first is still decided by their `after`. */
function shuffled(steps: readonly Step[], seed: number): Step[] {
  const rank = (step: Step) =>
    [...step.id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0) + seed) % 9973, seed);
  return seed === 0 ? [...steps] : [...steps].sort((a, b) => rank(a) - rank(b));
}

const name = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('n0', 'n1', 'n2', 'n3', 'n4', 'n5') },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat(3), fc.constantFrom('id', 'name'))
      .map(([to, what]) => `x-\${memory_key.k${to}.${what}}`),
  },
);
const key: fc.Arbitrary<Key> = fc.record({
  project: fc.constantFrom('p0', 'p1'),
  name,
  note: fc.constantFrom(null, 'one', 'two'),
  enabled: fc.constantFrom(null, true, false),
  keepers: fc.constantFrom('1', '2'),
  deleteFirst: fc.boolean(),
});
const apply = fc.record({
  kind: fc.constant('apply' as const),
  keys: fc.array(fc.option(key, { freq: 4 }), { maxLength: 5 }),
  replace: fc.uniqueArray(fc.nat(4), { maxLength: 2 }),
  order: fc.nat(50),
  crash: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 }) }),
});
const meddle = fc.record({
  kind: fc.constant('meddle' as const),
  how: fc.constantFrom('delete' as const, 'rename' as const, 'disable' as const, 'make' as const),
  which: fc.nat(20),
});

describe('whatever happened before,', () => {
  it('a plan can be carried out in any of its orders, within quota and names, and leaves nothing to plan', async () => {
    const events = fc.array(fc.oneof({ weight: 2, arbitrary: apply }, { weight: 1, arbitrary: meddle }), {
      minLength: 1,
      maxLength: 6,
    });
    let settled = 0;
    let adoptions = 0;
    const cloud = fc.record({ renameable: fc.boolean(), readable: fc.boolean(), slow: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 5 }), cloud, events, async (quota, made, history) => {
        const life = new Life(quota, made.renameable, made.readable, made.slow);
        for (const event of history) {
          if (event.kind === 'meddle') {
            life.meddle(event);
            continue;
          }
          const { plan, crashed } = await life.apply(event);
          life.checkSecrets();
          if (plan.steps.some((step) => step.kind === 'adopt')) adoptions += 1;
          if (crashed || plan.blocked || plan.diagnostics.some((one) => one.severity === 'error')) continue;
          const { plan: next } = await life.look({ ...event, replace: [] });
          expect(next.diagnostics).toEqual([]);
          expect(
            next.steps.map((step) => step.id),
            printPlan(plan),
          ).toEqual([]);
          if (plan.steps.length > 0) settled += 1;
        }
      }),
      { numRuns: 400 },
    );
    // The worlds are not so full that everything is refused.
    expect(settled).toBeGreaterThan(100);
    expect(adoptions).toBeGreaterThan(5);
  });
});
