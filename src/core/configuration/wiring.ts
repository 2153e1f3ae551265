import type { Place } from '../diagnostic.ts';
import type { Expression } from '../expression/expression.ts';
import { EvaluationProblem } from '../expression/problem.ts';
import { references } from '../expression/reference.ts';
import { sortByNeed } from '../graph.ts';
import { didYouMean } from '../suggest.ts';
import type { Report, StaticReference, Written } from './block.ts';
import type { DataBlock } from './data.ts';
import type { Condition } from './lifecycle.ts';
import type { ModuleBlock } from './module.ts';
import type { ResourceBlock } from './resource.ts';
import type { Configuration } from './stack.ts';
import { type Context, PLAIN, targetsOf } from './target.ts';

/** What needs what, found by reading every reference of a stack. All addresses are those of blocks, without keys. */
export interface Wiring {
  /**
   * For each resource and data block, the resource and data blocks that it refers to or names in `depends_on`, through local values,
   * outputs and variables of modules too. What a data source needs is also a need of whoever needs the data source: it cannot stand
   * between the two as a key does.
   */
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
  /** For each resource and data block, what its `depends_on` and those of the calls around it name. */
  readonly explicit: ReadonlyMap<string, readonly string[]>;
  /** All addresses of resource and data blocks, each after those it depends on. */
  readonly order: readonly string[];
  /** Every node of the stack (`local.x`, `var.x`, `output.x`, `module.m`, …) with the nodes that it refers to, for drawing. */
  readonly nodes: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Checks every reference of a stack and finds what depends on what. References to nothing, wrong attributes and cycles
 * are reported.
 */
export function wire(configuration: Configuration, report: Report): Wiring {
  const wirer = new Wirer(configuration, report);
  return wirer.wire();
}

class Wirer {
  readonly #configuration: Configuration;
  readonly #report: Report;
  readonly #needs = new Map<string, Set<string>>();
  /** What nodes name in `depends_on`. */
  readonly #named = new Map<string, Set<string>>();

  constructor(configuration: Configuration, report: Report) {
    this.#configuration = configuration;
    this.#report = report;
  }

  wire(): Wiring {
    const { modules, resources, data, providers, checks } = this.#configuration;
    for (const module of modules.values()) this.#module(module);
    for (const block of resources.values()) this.#resource(block);
    for (const block of data.values())
      this.#block(block, block.lifecycle.preconditions, block.lifecycle.postconditions);
    for (const check of checks.values()) {
      const module = this.#moduleAt(check.module);
      this.#conditions(check.address, check.assertions, module, PLAIN);
    }
    for (const one of this.#configuration.imports) {
      const module = this.#moduleAt('');
      const context: Context = { repetition: one.forEach === null ? 'once' : 'for_each', self: false };
      const node = 'import';
      if (one.forEach !== null) this.#collect(node, one.forEach, module, PLAIN);
      this.#collect(node, one.id, module, context);
    }
    this.#needs.delete('import');
    for (const provider of providers.values()) {
      for (const settings of provider.settings.values())
        for (const written of settings.values()) this.#providerSetting(`provider.${provider.reference}`, written);
    }
    const sorted = sortByNeed(this.#needs);
    if ('cycle' in sorted) {
      const [first = ''] = sorted.cycle;
      this.#report.error(
        (resources.get(first) ?? data.get(first))?.place ?? this.#placeOf(sorted.cycle),
        'References form a cycle',
        `Each of these needs the next, and the last needs the first: ${sorted.cycle.join(' → ')}. Remove one of the references.`,
      );
      return { dependencies: new Map(), explicit: new Map(), order: [], nodes: this.#needs };
    }
    const isBlock = (node: string) => resources.has(node) || data.has(node);
    const dependencies = new Map<string, string[]>();
    const explicit = new Map<string, readonly string[]>();
    for (const block of [...resources.values(), ...data.values()]) {
      dependencies.set(block.address, this.#blocksBehind(block.address, isBlock));
      explicit.set(block.address, this.#namedBy(block));
    }
    return { dependencies, explicit, order: sorted.order.filter(isBlock), nodes: this.#needs };
  }

  /** The place of the first local value, output or call in a cycle. */
  #placeOf(cycle: readonly string[]): Place | undefined {
    for (const node of cycle) {
      for (const { prefix, locals, outputs, calls } of this.#configuration.modules.values()) {
        if (!node.startsWith(prefix)) continue;
        const [kind = '', name = ''] = node.slice(prefix.length).split('.');
        const found = { local: locals, output: outputs, module: calls }[kind]?.get(name);
        if (found !== undefined) return found.place;
      }
    }
    return undefined;
  }

  #module(module: ModuleBlock): void {
    const { prefix, locals, outputs, variables, call } = module;
    for (const local of locals.values()) this.#collect(`${prefix}local.${local.name}`, local, module, PLAIN);
    for (const output of outputs.values()) {
      const node = `${prefix}output.${output.name}`;
      this.#collect(node, output, module, PLAIN);
      this.#conditions(node, output.preconditions, module, PLAIN);
      for (const need of output.dependsOn) this.#dependency(node, need, module);
    }
    if (call !== null) {
      const caller = this.#moduleAt(call.parent);
      const node = call.path;
      this.#node(node);
      // What a call waits for, everything inside waits for.
      if (caller.call !== null) this.#add(node, caller.call.path);
      if (call.repetition.kind !== 'once') this.#collect(node, call.repetition.written, caller, PLAIN);
      for (const need of call.dependsOn) this.#dependency(node, need, caller);
    }
    for (const variable of variables.values()) {
      const node = `${prefix}var.${variable.name}`;
      this.#node(node);
      const written = call?.args.get(variable.name);
      if (call !== null && written !== undefined)
        this.#collect(node, written, this.#moduleAt(call.parent), { repetition: call.repetition.kind, self: false });
      if (call !== null) this.#add(node, call.path);
      // A condition names its own variable, which is no cycle: what else it names is checked, and not a need.
      for (const { condition, message } of variable.validations)
        for (const written of [condition, message])
          this.#collect(`${prefix}var.${variable.name} (validation)`, written, module, PLAIN);
      this.#needs.delete(`${prefix}var.${variable.name} (validation)`);
    }
  }

  #resource(block: ResourceBlock): void {
    const { lifecycle, address, provisioners } = block;
    this.#block(block, lifecycle.preconditions, lifecycle.postconditions);
    const module = this.#moduleAt(block.module);
    for (const reference of lifecycle.replaceTriggeredBy)
      this.#dependency(
        address,
        { ...reference, steps: reference.steps.filter((step) => typeof step !== 'object') },
        module,
        'replace_triggered_by',
      );
    for (const { when, args } of provisioners) {
      const context: Context = { repetition: block.repetition.kind, self: true };
      for (const written of args.values()) {
        if (when === 'destroy') this.#ownOnly(written, address);
        this.#collect(address, written, module, context, address);
      }
    }
  }

  /** A command that runs when a resource is destroyed runs after all else may be gone. */
  #ownOnly({ expression, place }: Written, address: string): void {
    for (const reference of references(expression)) {
      if (['self', 'count', 'each', 'path', 'terraform'].includes(reference.root)) continue;
      this.#report.error(
        { ...place, column: reference.column },
        'Invalid reference from destroy provisioner',
        'A provisioner that runs when a resource is destroyed can refer to "self", "count" and "each" only: what else there was may be gone by then.',
        address,
      );
    }
  }

  #block(
    block: ResourceBlock | DataBlock,
    preconditions: readonly Condition[],
    postconditions: readonly Condition[],
  ): void {
    const { address, args, repetition, dependsOn } = block;
    const module = this.#moduleAt(block.module);
    const context: Context = { repetition: repetition.kind, self: false };
    this.#node(address);
    if (module.call !== null) this.#add(address, module.call.path);
    if (repetition.kind !== 'once') this.#collect(address, repetition.written, module, PLAIN, address);
    for (const written of args.values()) this.#collect(address, written, module, context, address);
    this.#conditions(address, preconditions, module, context);
    this.#conditions(address, postconditions, module, { ...context, self: true });
    for (const need of dependsOn) this.#dependency(address, need, module);
  }

  /** What a block and the calls around it name in `depends_on`. */
  #namedBy({ address, module }: ResourceBlock | DataBlock): readonly string[] {
    const found = new Set(this.#named.get(address));
    for (let { call } = this.#moduleAt(module); call !== null; { call } = this.#moduleAt(call.parent))
      for (const need of this.#named.get(call.path) ?? []) found.add(need);
    return [...found];
  }

  #conditions(node: string, conditions: readonly Condition[], module: ModuleBlock, context: Context): void {
    this.#node(node);
    for (const { condition, message } of conditions) {
      if (references(condition.expression).next().done === true)
        this.#report.error(
          condition.place,
          'Invalid condition expression',
          'The condition expression must refer to at least one object from elsewhere in the configuration, or the result would not be checking anything.',
          node,
        );
      this.#collect(node, condition, module, context, node);
      this.#collect(node, message, module, context, node);
    }
  }

  #node(node: string): Set<string> {
    const found = this.#needs.get(node);
    if (found !== undefined) return found;
    const made = new Set<string>();
    this.#needs.set(node, made);
    return made;
  }

  #add(node: string, need: string): void {
    // A resource may name itself in a postcondition or a command of its own.
    if (need !== node) this.#node(node).add(need);
  }

  #moduleAt(path: string): ModuleBlock {
    const module = this.#configuration.modules.get(path);
    if (module === undefined) throw new Error(`there is no module "${path}"`);
    return module;
  }

  #collect(
    node: string,
    { expression, place }: { readonly expression: Expression; readonly place: Place },
    module: ModuleBlock,
    context: Context,
    address?: string,
  ): void {
    this.#node(node);
    for (const reference of references(expression)) {
      try {
        for (const need of targetsOf(reference, module, context, this.#configuration)) {
          if (need === node && !context.self)
            throw new EvaluationProblem(
              'Self-referential block',
              reference.column,
              'A block cannot refer to itself here.',
            );
          this.#add(node, need);
        }
      } catch (error) {
        if (!(error instanceof EvaluationProblem)) throw error;
        this.#report.error(
          { ...place, ...(error.column === null ? {} : { column: error.column }) },
          error.message,
          error.detail,
          address,
        );
      }
    }
  }

  /** An entry of `depends_on`: a resource, a data source or a module. */
  #dependency(node: string, { root, steps, place }: StaticReference, module: ModuleBlock, list = 'depends_on'): void {
    const { resources, data } = this.#configuration;
    const [first = '', second = ''] = steps.map(String);
    const local = root === 'data' ? `data.${first}.${second}` : `${root}.${first}`;
    const address = `${module.prefix}${local}`;
    const isModule = root === 'module' && module.calls.has(first);
    const found =
      isModule && list === 'depends_on'
        ? this.#inside(`${module.prefix}module.${first}`)
        : resources.has(address) || (data.has(address) && list === 'depends_on')
          ? [address]
          : null;
    if (found !== null) {
      const named = this.#named.get(node) ?? new Set();
      this.#named.set(node, named);
      for (const need of found) {
        this.#add(node, need);
        if (list === 'depends_on') named.add(need);
      }
      return;
    }
    const known = [...resources.keys(), ...data.keys()].flatMap((one) =>
      one.startsWith(module.prefix) ? [one.slice(module.prefix.length)] : [],
    );
    this.#report.error(
      place,
      `"${list}" names no resource "${local}"`,
      `Name the address of a resource or data source of this ${module.call === null ? 'stack' : 'module'}.${didYouMean(local, known)}`,
      resources.has(node) || data.has(node) ? node : undefined,
    );
  }

  /** Every resource and data block in a module or in one that it calls. */
  #inside(path: string): string[] {
    const { resources, data } = this.#configuration;
    return [...resources.keys(), ...data.keys()].filter((address) => address.startsWith(`${path}.`));
  }

  #providerSetting(node: string, written: Written): void {
    const module = this.#moduleAt('');
    this.#collect(node, written, module, PLAIN);
    const { resources, data } = this.#configuration;
    for (const reference of references(written.expression)) {
      const at = { ...written.place, column: reference.column };
      const detail = 'Credentials and endpoints must be known before anything is planned. Use a variable.';
      if (reference.root === 'local' || reference.root === 'module') {
        const [name = ''] = reference.steps.map(String);
        const seen = new Set([`${reference.root}.${name}`]);
        for (const need of seen) for (const next of this.#needs.get(need) ?? []) seen.add(next);
        const behind = [...seen].find((need) => resources.has(need) || data.has(need));
        if (behind !== undefined)
          this.#report.error(
            at,
            `A provider block cannot refer to ${behind}, not through a local value either`,
            detail,
          );
      } else if (!['var', 'path', 'terraform'].includes(reference.root)) {
        const what = reference.root === 'data' ? 'data source' : 'resource';
        this.#report.error(at, `A provider block cannot refer to a ${what}`, detail);
      }
    }
  }

  /** The blocks that a block needs: those behind local values, variables, outputs and calls, and behind data sources. */
  #blocksBehind(address: string, isBlock: (node: string) => boolean): string[] {
    const found = new Set<string>();
    const seen = new Set(this.#needs.get(address));
    for (const node of seen) {
      const block = isBlock(node);
      if (block) found.add(node);
      if (!block || this.#configuration.data.has(node)) for (const next of this.#needs.get(node) ?? []) seen.add(next);
    }
    found.delete(address);
    return [...found];
  }
}
