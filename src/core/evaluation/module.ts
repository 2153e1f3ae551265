import { formatKey, type InstanceKey } from '../address.ts';
import type { DataBlock } from '../configuration/data.ts';
import type { ModuleBlock, ModuleCall } from '../configuration/module.ts';
import { REMOTE_STATE } from '../configuration/remote.ts';
import type { Repetition } from '../configuration/repetition.ts';
import type { ResourceBlock } from '../configuration/resource.ts';
import { conform, undeclaredVariable } from '../configuration/variable.ts';
import { evaluate, type Scope } from '../expression/evaluate.ts';
import type { Reference } from '../expression/expression.ts';
import { EvaluationProblem } from '../expression/problem.ts';
import type { FunctionContext } from '../function/spec.ts';
import { ConversionProblem } from '../typed/convert.ts';
import { fromPlan } from '../typed/json.ts';
import { DYNAMIC } from '../typed/type.ts';
import { isNull, marked, objectValue, stringValue, type Typed, tupleValue, unknownValue } from '../typed/typed.ts';
import type { Evaluation } from './evaluation.ts';
import { MissingValue, placed } from './problem.ts';
import { ANY, type Binding, bindingsOf, boundValue, ONLY } from './repetition.ts';

/** One instance of a resource or data block: the block under the instance's address, and the scope of its expressions. */
export interface Instance<B extends ResourceBlock | DataBlock = ResourceBlock | DataBlock> {
  readonly block: B;
  readonly key: InstanceKey;
  readonly scope: InstanceScope;
}

/** One instance of a module. */
export class ModuleScope implements Scope {
  readonly evaluation: Evaluation;
  readonly module: ModuleBlock;
  readonly parent: ModuleScope | null;
  /** `module.a["x"].`; empty for the root. */
  readonly prefix: string;
  readonly binding: Binding;
  readonly #variables: ReadonlyMap<string, Typed> | null;
  readonly #inner = new Map<string, readonly ModuleScope[]>();

  constructor(
    evaluation: Evaluation,
    module: ModuleBlock,
    parent: ModuleScope | null,
    prefix: string,
    binding: Binding,
    variables: ReadonlyMap<string, Typed> | null,
  ) {
    this.evaluation = evaluation;
    this.module = module;
    this.parent = parent;
    this.prefix = prefix;
    this.binding = binding;
    this.#variables = variables;
  }

  get functions(): FunctionContext {
    return this.evaluation.functions;
  }

  /** The instances of a module that this one calls. */
  instances(call: ModuleCall): readonly ModuleScope[] {
    const known = this.#inner.get(call.name);
    if (known !== undefined) return known;
    const module = this.evaluation.configuration.modules.get(call.path);
    // Its files are not there, which has been reported.
    if (module === undefined) throw new MissingValue(call.path);
    const made = this.#bindings(`module.${call.name}`, call.repetition).map((binding) => {
      const prefix = `${this.prefix}module.${call.name}${formatKey(binding.key)}.`;
      return new ModuleScope(this.evaluation, module, this, prefix, binding, null);
    });
    this.#inner.set(call.name, made);
    return made;
  }

  /** The instances of a block that this module declares, in this instance of it. */
  expand<B extends ResourceBlock | DataBlock>(block: B): Instance<B>[] {
    const local = block.address.slice(this.module.prefix.length);
    return this.#bindings(local, block.repetition).map((binding) => {
      const address = `${this.prefix}${local}${formatKey(binding.key)}`;
      return {
        block: address === block.address ? block : { ...block, address },
        key: binding.key,
        scope: new InstanceScope(this, binding),
      };
    });
  }

  #bindings(name: string, repetition: Repetition): readonly Binding[] {
    if (repetition.kind === 'once') return [ONLY];
    const { evaluation } = this;
    const { kind, written } = repetition;
    const { expression } = written;
    return placed(written.place, () => {
      const chained = kind === 'for_each' && expression.kind === 'reference' ? this.#chained(expression) : null;
      if (chained !== null) return chained;
      const make = () => evaluation.remember(`${this.prefix}${name} ${kind}`, () => evaluate(expression, this));
      const { result: value, needs } = evaluation.track(make);
      const bindings = bindingsOf(kind, value, evaluation.lenient);
      if (bindings === null) return [ANY];
      if (needs.size === 0 || kind === 'count') return bindings;
      // The instances are told once and for all; what each of them holds may be known only later.
      return bindings.map((binding) => ({ key: binding.key, value: () => elementOf(make(), binding) }));
    });
  }

  /** The instances of `for_each = TYPE.NAME`: those of the other block, each with its own value and no other's. */
  #chained(reference: Reference): readonly Binding[] | null {
    const { root, steps } = reference;
    if (steps.length !== (root === 'data' ? 2 : 1)) return null;
    const block = this.#block(`${root}.${steps.map(String).join('.')}`);
    if (block?.repetition.kind !== 'for_each') return null;
    const all = [...this.#here(block)].map(([, instance]) => instance);
    if (all.some(({ scope }) => scope.binding === ANY)) return [ANY];
    return all.map(({ key, block: { address } }) => ({ key, value: () => this.#need(address) }));
  }

  /** The block of this module under an address without the module; undefined for none. */
  #block(local: string): ResourceBlock | DataBlock | undefined {
    const { resources, data } = this.evaluation.configuration;
    const address = `${this.module.prefix}${local}`;
    return resources.get(address) ?? data.get(address);
  }

  /** The instances of a block of this module that belong to this instance of it. */
  #here(block: ResourceBlock | DataBlock): readonly (readonly [string, Instance])[] {
    const all = [...this.evaluation.instances(block.address)];
    return this.prefix === '' ? all : all.filter(([address]) => address.startsWith(this.prefix));
  }

  lookup(reference: Reference): { value: Typed; used: number } {
    const { root, steps, column } = reference;
    const name = String(steps[0] ?? '');
    switch (root) {
      case 'var':
        return { value: this.#variable(name, column), used: 1 };
      case 'local':
        return { value: this.#local(name, column), used: 1 };
      case 'path': {
        const { facts } = this.evaluation;
        const { folder } = this.module;
        const module = folder === '.' ? facts.root : facts.root === '.' ? folder : `${facts.root}/${folder}`;
        const value = name === 'module' ? module : name === 'root' ? facts.root : facts.cwd;
        return { value: stringValue(value), used: 1 };
      }
      case 'terraform':
        return { value: stringValue(this.evaluation.facts.workspace), used: 1 };
      case 'module':
        return this.#moduleValue(name, reference);
      case 'data':
        if (name === REMOTE_STATE) return { value: this.#remote(String(steps[1] ?? ''), column), used: 2 };
        return this.#instanceValue(`data.${name}.${String(steps[1] ?? '')}`, 2, reference);
      default:
        return this.#instanceValue(`${root}.${name}`, 1, reference);
    }
  }

  element(reference: Reference, key: string | number): { value: Typed } | null {
    const { root, steps } = reference;
    const used = root === 'data' ? 2 : 1;
    if (
      steps.length !== used ||
      ['var', 'local', 'path', 'terraform', 'module', 'each', 'count', 'self'].includes(root)
    )
      return null;
    const local = `${root}.${steps.map(String).join('.')}`;
    const block = this.#block(local);
    if (block === undefined || block.repetition.kind === 'once') return null;
    const found = this.#keyed(block, local, key);
    return found === null ? null : { value: found };
  }

  /** The value of one instance; null when the block has none under the key, which is for the language to say. */
  #keyed(block: ResourceBlock | DataBlock, local: string, key: string | number): Typed | null {
    const wanted = block.repetition.kind === 'count' ? Number(key) : String(key);
    const address = `${this.prefix}${local}${formatKey(wanted)}`;
    if (!this.evaluation.instances(block.address).has(address)) return null;
    return this.#need(address);
  }

  #need(address: string): Typed {
    const value = this.evaluation.valueOf(address);
    if (value === null) throw new MissingValue(address);
    return value;
  }

  #instanceValue(local: string, used: number, reference: Reference): { value: Typed; used: number } {
    const { evaluation, prefix } = this;
    const { column, steps } = reference;
    const block = this.#block(local);
    if (block === undefined)
      throw new EvaluationProblem(
        `Reference to undeclared "${local}"`,
        column,
        'No block of the stack has this address.',
      );
    const { kind } = block.repetition;
    if (kind === 'once') return { value: this.#need(`${prefix}${local}`), used };
    const key = steps[used];
    if (key !== undefined) {
      const found = this.#keyed(block, local, key);
      if (found !== null) return { value: found, used: used + 1 };
    }
    const value = evaluation.remember(`${prefix}${local}`, () => {
      const values = evaluation.whole(`${prefix}${local}`, () =>
        this.#here(block).map(([address, instance]) => [instance, this.#need(address)] as const),
      );
      if (values.some(([{ scope }]) => scope.binding === ANY)) return unknownValue();
      return kind === 'count'
        ? tupleValue(values.map(([, one]) => one))
        : objectValue(values.map(([{ key: name }, one]) => [String(name), one] as const));
    });
    return { value, used };
  }

  /** What a data source of another stack's state holds: its outputs, unknown while there are none. */
  #remote(name: string, column: number): Typed {
    const { evaluation, module } = this;
    const address = `data.${REMOTE_STATE}.${name}`;
    const remote = evaluation.configuration.remotes.get(`${module.prefix}${address}`);
    if (remote === undefined)
      throw new EvaluationProblem(
        `Reference to undeclared data source "${address}"`,
        column,
        'Declare it in a "data" block.',
      );
    return evaluation.remember(`${this.prefix}${address}`, () => {
      const outputs = evaluation.facts.outputsOf(remote.stack);
      if (outputs === null) return objectValue([['outputs', unknownValue()]]);
      const entries = Object.entries(outputs).map(
        ([output, { value, sensitive }]) => [output, marked(fromPlan(value, DYNAMIC), sensitive)] as const,
      );
      return objectValue([['outputs', objectValue(entries)]]);
    });
  }

  #variable(name: string, column: number): Typed {
    const { module, evaluation, prefix } = this;
    const variable = module.variables.get(name);
    if (variable === undefined) throw undeclaredVariable(name, module.variables.keys(), column);
    if (this.#variables !== null) {
      const given = this.#variables.get(name);
      if (given === undefined) throw new EvaluationProblem(`Variable "${name}" has no value`, column, 'Give it one.');
      return given;
    }
    const { call } = module;
    const caller = this.parent;
    if (call === null || caller === null) throw new Error('only the root has no caller');
    return evaluation.remember(`${prefix}var.${name}`, () => {
      const written = call.args.get(name);
      let value: Typed | null = null;
      if (written !== undefined) {
        value = placed(written.place, () => {
          const found = evaluate(written.expression, new InstanceScope(caller, this.binding));
          try {
            return conform(found, variable.constraint);
          } catch (error) {
            if (!(error instanceof ConversionProblem)) throw error;
            throw new EvaluationProblem(
              'Invalid value for input variable',
              null,
              `The given value is not suitable for ${module.path}.var.${name}: ${error.message}.`,
            );
          }
        });
        if (isNull(value) && !variable.nullable) value = null;
      }
      value ??= variable.default;
      if (value === null)
        throw new EvaluationProblem(
          `Variable "${name}" must not be null`,
          column,
          'It is declared with nullable = false.',
        );
      return variable.sensitive ? marked(value, true) : value;
    });
  }

  #local(name: string, column: number): Typed {
    const { evaluation, module, prefix } = this;
    const local = module.locals.get(name);
    if (local === undefined)
      throw new EvaluationProblem(
        `Reference to undeclared local value "${name}"`,
        column,
        'Declare it in a "locals" block.',
      );
    return evaluation.remember(`${prefix}local.${name}`, () =>
      placed(local.place, () => evaluate(local.expression, this)),
    );
  }

  /** An output of this module's instance. */
  output(name: string): Typed {
    const output = this.module.outputs.get(name);
    if (output === undefined) throw new Error(`no output ${name}`);
    return this.evaluation.remember(`${this.prefix}output.${name}`, () => {
      const value = placed(output.place, () => evaluate(output.expression, this));
      return output.sensitive ? marked(value, true) : value;
    });
  }

  #moduleValue(name: string, { steps, column }: Reference): { value: Typed; used: number } {
    const call = this.module.calls.get(name);
    if (call === undefined)
      throw new EvaluationProblem(`Reference to undeclared module "${name}"`, column, 'Call it in a "module" block.');
    const { kind } = call.repetition;
    const scopes = this.instances(call);
    if (scopes.some(({ binding }) => binding === ANY))
      return { value: unknownValue(), used: Math.min(steps.length, 3) };
    const outputs = (scope: ModuleScope) =>
      objectValue([...scope.module.outputs.keys()].map((output) => [output, scope.output(output)] as const));
    // A single output, without the others: one that is not to be had must not be in the way.
    const single = (scope: ModuleScope, at: number) => {
      const wanted = steps[at];
      return wanted !== undefined && scope.module.outputs.has(String(wanted))
        ? { value: scope.output(String(wanted)), used: at + 1 }
        : { value: outputs(scope), used: at };
    };
    const [only] = scopes;
    if (kind === 'once' && only !== undefined) return single(only, 1);
    const key = steps[1];
    const found = scopes.find(({ binding }) => key !== undefined && String(binding.key) === String(key));
    if (found !== undefined) return single(found, 2);
    const value =
      kind === 'count'
        ? tupleValue(scopes.map(outputs))
        : objectValue(scopes.map((scope) => [String(scope.binding.key), outputs(scope)] as const));
    return { value, used: 1 };
  }
}

/** One instance of a block within one instance of its module. */
export class InstanceScope implements Scope {
  readonly module: ModuleScope;
  readonly binding: Binding;
  readonly #self: Typed | null;

  constructor(module: ModuleScope, binding: Binding, self: Typed | null = null) {
    this.module = module;
    this.binding = binding;
    this.#self = self;
  }

  get functions(): FunctionContext {
    return this.module.functions;
  }

  /** The same instance, with its own value as `self`. */
  withSelf(value: Typed): InstanceScope {
    return new InstanceScope(this.module, this.binding, value);
  }

  lookup(reference: Reference): { value: Typed; used: number } {
    const { root, steps, column } = reference;
    if (root === 'self' && this.#self !== null) return { value: this.#self, used: 0 };
    if (root === 'each' || root === 'count') {
      const value = boundValue(this.binding, root, String(steps[0] ?? ''));
      if (value !== null) return { value, used: 1 };
      throw new EvaluationProblem(
        `"${root}" means nothing here`,
        column,
        'It belongs to a block with for_each or count.',
      );
    }
    return this.module.lookup(reference);
  }

  element(reference: Reference, key: string | number): { value: Typed } | null {
    return this.module.element(reference, key);
  }
}

/** What `for_each` gives an instance by now. */
function elementOf(collection: Typed, binding: Binding): Typed {
  const { content } = collection;
  const found = content instanceof Map ? (content as ReadonlyMap<string, Typed>).get(String(binding.key)) : undefined;
  return found ?? binding.value?.() ?? unknownValue();
}
