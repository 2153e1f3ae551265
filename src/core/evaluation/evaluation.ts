import { blockAddress, parseAddress, withoutKey } from '../address.ts';
import type { ModuleBlock } from '../configuration/module.ts';
import type { ResourceBlock } from '../configuration/resource.ts';
import type { Configuration } from '../configuration/stack.ts';
import { renderTemplate } from '../expression/templatefile.ts';
import type { FunctionContext } from '../function/spec.ts';
import { fromPlan } from '../typed/json.ts';
import type { Type } from '../typed/type.ts';
import type { Typed } from '../typed/typed.ts';
import type { Value } from '../value.ts';
import type { Facts } from './facts.ts';
import { type Instance, InstanceScope, ModuleScope } from './module.ts';
import { MissingValue } from './problem.ts';
import { ONLY } from './repetition.ts';

/** A value that was evaluated before, and the instances (or whole blocks) that it was made from. */
interface Known {
  readonly value: Typed;
  readonly needs: ReadonlySet<string>;
}

/**
 * Gives values to the expressions of a stack: variables, local values, modules, instances. Whatever stands behind a reference is
 * evaluated when it is first asked for; values of resources and data sources are handed in with {@link Evaluation.set}.
 */
export class Evaluation {
  readonly configuration: Configuration;
  readonly facts: Facts;
  /** While nothing of the world is known, an instance set that is not known stands for one instance of which nothing is known. */
  readonly lenient: boolean;
  readonly root: ModuleScope;
  readonly functions: FunctionContext;
  readonly #values = new Map<string, { readonly type: Type; readonly value: Value; typed: Typed | null }>();
  /** Made from no resource: good for ever. */
  readonly #steady = new Map<string, Known>();
  /** Made from resources: good until one of them has another value. */
  readonly #volatile = new Map<string, Known>();
  readonly #expanded = new Map<string, ReadonlyMap<string, Instance> | null>();
  #needs: Set<string> | null = null;

  constructor(
    configuration: Configuration,
    variables: ReadonlyMap<string, Typed>,
    facts: Facts,
    options: { readonly lenient?: boolean } = {},
  ) {
    this.configuration = configuration;
    this.facts = facts;
    this.lenient = options.lenient === true;
    this.root = new ModuleScope(this, this.moduleAt(''), null, '', ONLY, variables);
    this.functions = {
      planTime: facts.planTime,
      get now() {
        return facts.now?.() ?? null;
      },
      readFile: (path) => facts.readFile(path),
      ...(facts.yaml !== undefined && { yaml: facts.yaml }),
      renderTemplate: (text, name, names) => renderTemplate(text, name, names, this.functions),
    };
  }

  moduleAt(path: string): ModuleBlock {
    const module = this.configuration.modules.get(path);
    if (module === undefined) throw new Error(`there is no module "${path}"`);
    return module;
  }

  /** Whether the instance has a value. */
  has(address: string): boolean {
    return this.#values.has(address);
  }

  /** Gives an instance a value. `type` may hold `dynamic`, where the value tells. */
  set(address: string, type: Type, value: Value): void {
    this.#values.set(address, { type, value, typed: null });
    this.#forget(address);
  }

  /** Takes an instance's value away: references to it are problems then. */
  delete(address: string): void {
    this.#values.delete(address);
    this.#forget(address);
  }

  #forget(address: string): void {
    const all = withoutKey(address);
    for (const [key, { needs }] of this.#volatile) if (needs.has(address) || needs.has(all)) this.#volatile.delete(key);
  }

  /** The value of an instance; null when it has none. Counts as a need of what is being evaluated. */
  valueOf(address: string): Typed | null {
    this.#needs?.add(address);
    const found = this.#values.get(address);
    if (found === undefined) return null;
    found.typed ??= fromPlan(found.value, found.type);
    return found.typed;
  }

  /** Evaluates what is made from all instances of a block: `address`, without a key, is what it needs, and not each of them. */
  whole<T>(address: string, make: () => T): T {
    this.#needs?.add(address);
    const outer = this.#needs;
    this.#needs = null;
    try {
      return make();
    } finally {
      this.#needs = outer;
    }
  }

  /**
   * Evaluates, and tells which instances the result was made from: an instance's address where a single one was looked at, the same
   * without its last key where all of them were.
   */
  track<T>(make: () => T): { readonly result: T; readonly needs: ReadonlySet<string> } {
    const outer = this.#needs;
    const needs = new Set<string>();
    this.#needs = needs;
    try {
      return { result: make(), needs };
    } finally {
      this.#needs = outer;
      if (outer !== null) for (const need of needs) outer.add(need);
    }
  }

  /** The value under a key, evaluated once for as long as what it is made from stays. */
  remember(key: string, make: () => Typed): Typed {
    const known = this.#steady.get(key) ?? this.#volatile.get(key);
    if (known !== undefined) {
      for (const need of known.needs) this.#needs?.add(need);
      return known.value;
    }
    const { result: value, needs } = this.track(make);
    (needs.size === 0 ? this.#steady : this.#volatile).set(key, { value, needs });
    return value;
  }

  /** The scopes of all instances of a module, the root's path being empty. Throws {@link EvaluationProblem} as {@link bindingsOf}. */
  modules(path: string): readonly ModuleScope[] {
    const module = this.moduleAt(path);
    const { call } = module;
    if (call === null) return [this.root];
    return this.modules(call.parent).flatMap((parent) => parent.instances(call));
  }

  /**
   * All instances of a resource or data block, by address, in order of their keys. Told once and for all at the first call. Throws
   * {@link EvaluationProblem} as {@link bindingsOf} at the first call, and {@link MissingValue} from then on.
   */
  instances(block: string): ReadonlyMap<string, Instance> {
    const known = this.#expanded.get(block);
    if (known === null) throw new MissingValue(block);
    if (known !== undefined) return known;
    const declared = this.configuration.resources.get(block) ?? this.configuration.data.get(block);
    if (declared === undefined) throw new Error(`there is no block ${block}`);
    this.#expanded.set(block, null);
    const all = this.modules(declared.module).flatMap((module) => module.expand(declared));
    const found = new Map(all.map((instance) => [instance.block.address, instance]));
    this.#expanded.set(block, found);
    return found;
  }

  /** The scope of an instance that a block no longer has: what its commands say when it is destroyed is about itself and its key. */
  scopeOfRemoved(address: string, block: ResourceBlock): InstanceScope {
    const scopes = this.modules(block.module);
    const module = scopes.find(({ prefix }) => address.startsWith(prefix)) ?? scopes[0] ?? this.root;
    return new InstanceScope(module, { key: parseAddress(address)?.key ?? null, value: null });
  }

  /** The instance with this address; null when the stack declares none. */
  instance(address: string): Instance | null {
    const block = blockAddress(address);
    const { resources, data } = this.configuration;
    if (!resources.has(block) && !data.has(block)) return null;
    return this.instances(block).get(address) ?? null;
  }
}
