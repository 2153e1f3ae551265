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
  /** For each address, the addresses that it refers to or names in `depends_on`, through local values too. */
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
  /** All addresses, each after those it depends on. */
  readonly order: readonly string[];
}

/**
 * Checks every reference of a stack and finds what depends on what. References to nothing, wrong attributes and cycles
 * are reported.
 */
export function wire(configuration: Configuration, report: Report): Wiring {
  const { locals, resources, outputs, providers } = configuration;
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
  for (const resource of resources.values()) {
    needs.set(resource.address, new Set());
    for (const { expression, place } of resource.args.values())
      collect(resource.address, expression, place, resource.address);
    for (const address of resource.dependsOn) {
      if (resources.has(address)) needs.get(resource.address)?.add(address);
      else {
        report.error(
          { ...resource.place, path: [...resource.place.path, 'depends_on'] },
          `"depends_on" names no resource "${address}"`,
          `Name the address of a resource of this stack.${didYouMean(address, [...resources.keys()])}`,
          resource.address,
        );
      }
    }
  }
  for (const output of outputs.values()) {
    collect(`output.${output.name}`, output.expression, output.place);
    for (const address of output.dependsOn) {
      if (resources.has(address)) continue;
      report.error(
        { ...output.place, path: [...output.place.path.slice(0, -1), 'depends_on'] },
        `"depends_on" names no resource "${address}"`,
        `Name the address of a resource of this stack.${didYouMean(address, [...resources.keys()])}`,
      );
    }
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
              'A provider block cannot refer to a resource',
              'Credentials and endpoints must be known before anything is planned. Use a variable.',
            );
          }
        }
      }
    }
  }
  const sorted = sortByNeed(needs);
  if ('cycle' in sorted) {
    const [first = ''] = sorted.cycle;
    report.error(
      resources.get(first)?.place ?? locals.get(first.slice('local.'.length))?.place,
      'References form a cycle',
      `Each of these needs the next, and the last needs the first: ${sorted.cycle.join(' → ')}. Remove one of the references.`,
    );
    return { dependencies: new Map(), order: [] };
  }
  const dependencies = new Map<string, string[]>();
  for (const address of resources.keys()) dependencies.set(address, throughLocals(address, needs));
  return { dependencies, order: sorted.order.filter((node) => resources.has(node)) };
}

/** Direct needs, with local values replaced by what they need. */
function throughLocals(address: string, needs: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const found = new Set<string>();
  const seen = new Set(needs.get(address));
  for (const node of seen) {
    if (node.startsWith('local.')) for (const next of needs.get(node) ?? []) seen.add(next);
    else if (!node.startsWith('var.')) found.add(node);
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
  const address = `${reference.root}.${String(first ?? '')}`;
  const resource = configuration.resources.get(address);
  if (resource === undefined) {
    const written = formatReference(reference);
    throw new EvaluationProblem(
      `Reference to undeclared "${first === undefined ? reference.root : address}"`,
      reference.column,
      `"${written}" must begin with var, local, or the address of a resource of this stack.${didYouMean(address, [
        ...configuration.resources.keys(),
        ...[...configuration.variables.keys()].map((name) => `var.${name}`),
        ...[...configuration.locals.keys()].map((name) => `local.${name}`),
      ])}`,
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

/** Gives values to the references of a stack. Local values are evaluated when first asked for. */
export class StackScope implements Scope {
  readonly #configuration: Configuration;
  readonly #variables: ReadonlyMap<string, Value>;
  /** Values of resources by address; the holder adds each when it becomes known. */
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
    const address = `${reference.root}.${name}`;
    const value = this.resources.get(address);
    if (value === undefined) {
      throw new EvaluationProblem(
        `${address} has no value yet`,
        reference.column,
        'What it depends on has failed or was left out.',
      );
    }
    return { value, used: 1 };
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
