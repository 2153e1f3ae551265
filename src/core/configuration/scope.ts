import { formatDataAddress } from '../address.ts';
import { type DataSource, dataSourcesOf } from '../datasource.ts';
import type { Place } from '../diagnostic.ts';
import { sortByNeed } from '../graph.ts';
import { EvaluationProblem, evaluate, type Scope } from '../language/evaluate.ts';
import { type Expression, formatReference, references } from '../language/expression.ts';
import type { Value } from '../language/value.ts';
import { COMMON_ARGUMENTS, COMMON_ATTRIBUTES } from '../resource.ts';
import { didYouMean } from '../suggest.ts';
import type { Report } from './block.ts';
import type { Configuration } from './stack.ts';
import { undeclaredVariable } from './variable.ts';

type Reference = Extract<Expression, { kind: 'reference' }>;

/** What needs what, found by reading every reference of a stack. */
export interface Wiring {
  /**
   * For each address, data sources' included, the addresses that it refers to or names in `depends_on`, through local values
   * too. What a data source needs is also a need of whoever needs the data source: it cannot stand between the two as a key does.
   */
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
  /** All addresses, data sources' included, each after those it depends on. */
  readonly order: readonly string[];
}

/**
 * Checks every reference of a stack and finds what depends on what. References to nothing, wrong attributes and cycles
 * are reported.
 */
export function wire(configuration: Configuration, report: Report): Wiring {
  const { locals, resources, data, outputs, providers } = configuration;
  const needs = new Map<string, Set<string>>();
  const collect = (node: string, expression: Expression, place: Place, address?: string) => {
    const found = needs.get(node) ?? new Set<string>();
    needs.set(node, found);
    for (const reference of references(expression)) {
      try {
        found.add(target(reference, configuration));
      } catch (error) {
        if (!(error instanceof EvaluationProblem)) throw error;
        report.error(
          { ...place, ...(error.column === null ? {} : { column: error.column }) },
          error.message,
          error.detail,
          address,
        );
      }
    }
  };
  for (const local of locals.values()) collect(`local.${local.name}`, local.expression, local.place);
  const isBlock = (address: string) => resources.has(address) || data.has(address);
  const refuseDependency = (need: string, place: Place, address?: string) =>
    report.error(
      { ...place, path: [...place.path, 'depends_on'] },
      `"depends_on" names no resource "${need}"`,
      `Name the address of a resource or data source of this stack.${didYouMean(need, [...resources.keys(), ...data.keys()])}`,
      address,
    );
  for (const { address, args, dependsOn, place: block } of [...resources.values(), ...data.values()]) {
    needs.set(address, new Set());
    for (const { expression, place } of args.values()) collect(address, expression, place, address);
    for (const need of dependsOn) {
      if (isBlock(need)) needs.get(address)?.add(need);
      else refuseDependency(need, block, address);
    }
  }
  for (const output of outputs.values()) {
    collect(`output.${output.name}`, output.expression, output.place);
    const block = { ...output.place, path: output.place.path.slice(0, -1) };
    for (const need of output.dependsOn) if (!isBlock(need)) refuseDependency(need, block);
  }
  for (const provider of providers.values()) {
    for (const settings of provider.settings.values()) {
      for (const { expression, place } of settings.values()) {
        const node = `provider.${provider.reference}`;
        collect(node, expression, place);
        for (const reference of references(expression)) {
          if (reference.root !== 'var' && reference.root !== 'local') {
            report.error(
              { ...place, column: reference.column },
              `A provider block cannot refer to a ${reference.root === 'data' ? 'data source' : 'resource'}`,
              'Credentials and endpoints must be known before anything is planned. Use a variable.',
            );
          } else if (reference.root === 'local') {
            const [behind] = throughLocals(`local.${reference.steps[0]}`, needs);
            if (behind !== undefined) {
              report.error(
                { ...place, column: reference.column },
                `A provider block cannot refer to ${behind}, not through a local value either`,
                'Credentials and endpoints must be known before anything is planned. Use a variable.',
              );
            }
          }
        }
      }
    }
  }
  const sorted = sortByNeed(needs);
  if ('cycle' in sorted) {
    const [first = ''] = sorted.cycle;
    report.error(
      (resources.get(first) ?? data.get(first))?.place ?? locals.get(first.slice('local.'.length))?.place,
      'References form a cycle',
      `Each of these needs the next, and the last needs the first: ${sorted.cycle.join(' → ')}. Remove one of the references.`,
    );
    return { dependencies: new Map(), order: [] };
  }
  const dependencies = new Map<string, string[]>();
  for (const address of [...resources.keys(), ...data.keys()]) dependencies.set(address, throughLocals(address, needs));
  return { dependencies, order: sorted.order.filter(isBlock) };
}

/** Direct needs, with local values replaced by what they need, and data sources followed by what they need. */
function throughLocals(address: string, needs: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const found = new Set<string>();
  const seen = new Set(needs.get(address));
  for (const node of seen) {
    if (node.startsWith('local.') || node.startsWith('data.')) for (const next of needs.get(node) ?? []) seen.add(next);
    if (!node.startsWith('local.') && !node.startsWith('var.')) found.add(node);
  }
  return [...found];
}

/** The node that a reference starts from. Throws {@link EvaluationProblem} when there is none. */
function target(reference: Reference, configuration: Configuration): string {
  const [first, second] = reference.steps;
  if (reference.root === 'var') {
    if (typeof first !== 'string' || !configuration.variables.has(first)) {
      throw undeclaredVariable(String(first ?? ''), configuration.variables.keys(), reference.column);
    }
    return `var.${first}`;
  }
  if (reference.root === 'local') {
    if (typeof first !== 'string' || !configuration.locals.has(first)) {
      throw new EvaluationProblem(
        `Reference to undeclared local value "${String(first ?? '')}"`,
        reference.column,
        `Declare it in a "locals" block.${didYouMean(String(first ?? ''), [...configuration.locals.keys()])}`,
      );
    }
    return `local.${first}`;
  }
  if (reference.root === 'data') return dataTarget(reference, configuration);
  const address = `${reference.root}.${String(first ?? '')}`;
  const resource = configuration.resources.get(address);
  if (resource === undefined) {
    const written = formatReference(reference);
    const read = configuration.data.has(`data.${address}`);
    throw new EvaluationProblem(
      `Reference to undeclared "${first === undefined ? reference.root : address}"`,
      reference.column,
      `"${written}" must begin with var, local, data, or the address of a resource of this stack.${didYouMean(
        read ? `data.${address}` : address,
        [
          ...configuration.resources.keys(),
          ...configuration.data.keys(),
          ...[...configuration.variables.keys()].map((name) => `var.${name}`),
          ...[...configuration.locals.keys()].map((name) => `local.${name}`),
        ],
      )}`,
    );
  }
  if (second !== undefined) {
    const attributes = [
      ...Object.keys(COMMON_ATTRIBUTES),
      ...Object.keys(resource.type.attributes),
      ...Object.keys(resource.type.arguments),
      ...Object.keys(COMMON_ARGUMENTS),
    ];
    if (!attributes.includes(String(second))) {
      throw new EvaluationProblem(
        `${address} has no attribute "${second}"`,
        reference.column,
        `${resource.type.type} has: ${[...new Set(attributes)].join(', ')}.${didYouMean(String(second), attributes)}`,
      );
    }
  }
  return address;
}

/** {@link target} for `data.TYPE.NAME…`. The elements of `keys` are looked into as well. */
function dataTarget(reference: Reference, configuration: Configuration): string {
  const { steps, column } = reference;
  const [type, name, attribute, index, part] = steps;
  const address = formatDataAddress(String(type ?? ''), String(name ?? ''));
  const block = configuration.data.get(address);
  if (type === undefined || name === undefined || block === undefined) {
    throw new EvaluationProblem(
      `Reference to undeclared data source "${name === undefined ? formatReference(reference) : address}"`,
      column,
      `Write data.TYPE.NAME, with the type and name of a "data" block of this stack.${didYouMean(address, [...configuration.data.keys()])}`,
    );
  }
  const check = (step: string | number, of: string, source: DataSource) => {
    const known = Object.keys(source.attributes);
    if (known.includes(String(step))) return;
    throw new EvaluationProblem(
      `${of} has no attribute "${step}"`,
      column,
      step === 'secret'
        ? 'A data source reads no secret: refer to the resource, in the stack that made the key.'
        : `It has: ${known.join(', ')}.${didYouMean(String(step), known)}`,
    );
  };
  if (attribute === undefined) return address;
  check(attribute, address, block.source);
  if (attribute !== 'keys' || block.source.kind !== 'all' || index === undefined) return address;
  const list = `${address}.keys`;
  if (!/^[0-9]+$/.test(String(index))) {
    throw new EvaluationProblem(
      `${list} is a list`,
      column,
      `Say which of its keys is meant, as in ${list}[0].${index}.`,
    );
  }
  if (part !== undefined) check(part, `${list}[${index}]`, dataSourcesOf(block.source.resource)[0]);
  return address;
}

/** Gives values to the references of a stack. Local values are evaluated when first asked for. */
export class StackScope implements Scope {
  readonly #configuration: Configuration;
  readonly #variables: ReadonlyMap<string, Value>;
  /** Values of resources and data sources by address; the holder adds each when it becomes known. */
  readonly resources: Map<string, Value> = new Map();
  readonly #locals = new Map<string, Value>();

  constructor(configuration: Configuration, variables: ReadonlyMap<string, Value>) {
    this.#configuration = configuration;
    this.#variables = variables;
  }

  lookup(reference: Reference): { value: Value; used: number } {
    const name = String(reference.steps[0] ?? '');
    if (reference.root === 'var') {
      const value = this.#variables.get(name);
      if (value === undefined) throw undeclaredVariable(name, this.#variables.keys(), reference.column);
      return { value, used: 1 };
    }
    if (reference.root === 'local') return { value: this.#local(name, reference), used: 1 };
    const read = reference.root === 'data';
    const address = read ? formatDataAddress(name, String(reference.steps[1] ?? '')) : `${reference.root}.${name}`;
    const value = this.resources.get(address);
    if (value === undefined) {
      throw new EvaluationProblem(
        `${address} has no value yet`,
        reference.column,
        'What it depends on has failed or was left out.',
      );
    }
    return { value, used: read ? 2 : 1 };
  }

  /** Forgets evaluated local values, after resources gained values that they may use. */
  refresh(): void {
    this.#locals.clear();
  }

  #local(name: string, reference: Reference): Value {
    const known = this.#locals.get(name);
    if (known !== undefined) return known;
    const local = this.#configuration.locals.get(name);
    if (local === undefined) {
      throw new EvaluationProblem(
        `Reference to undeclared local value "${name}"`,
        reference.column,
        'Declare it in a "locals" block.',
      );
    }
    const value = evaluate(local.expression, this);
    this.#locals.set(name, value);
    return value;
  }
}
