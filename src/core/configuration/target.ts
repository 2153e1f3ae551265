import { type DataSource, dataSourcesOf } from '../datasource.ts';
import type { Reference } from '../expression/expression.ts';
import { formatReference } from '../expression/print.ts';
import { EvaluationProblem } from '../expression/problem.ts';
import { attributesOf } from '../resource.ts';
import { didYouMean } from '../suggest.ts';
import type { ModuleBlock } from './module.ts';
import type { Repetition } from './repetition.ts';
import type { Configuration } from './stack.ts';
import { undeclaredVariable } from './variable.ts';

/** Which of the names that stand for one instance mean something where an expression is. */
export interface Context {
  readonly repetition: Repetition['kind'];
  readonly self: boolean;
}

/** Outside of any instance. */
export const PLAIN: Context = { repetition: 'once', self: false };

/** The nodes that a reference needs. Throws {@link EvaluationProblem} when it refers to nothing. */
export function targetsOf(
  reference: Reference,
  module: ModuleBlock,
  context: Context,
  configuration: Configuration,
): readonly string[] {
  const { root, steps, column } = reference;
  const [first, second] = steps;
  const name = String(first ?? '');
  switch (root) {
    case 'var':
      if (!module.variables.has(name)) throw undeclaredVariable(name, module.variables.keys(), column);
      return [`${module.prefix}var.${name}`];
    case 'local':
      if (!module.locals.has(name)) {
        throw new EvaluationProblem(
          `Reference to undeclared local value "${name}"`,
          column,
          `Declare it in a "locals" block.${didYouMean(name, [...module.locals.keys()])}`,
        );
      }
      return [`${module.prefix}local.${name}`];
    case 'module':
      return outputs(configuration, reference, module);
    case 'data':
      return [dataTarget(configuration, reference, module)];
    case 'each':
      if (context.repetition !== 'for_each')
        throw new EvaluationProblem(
          'Reference to "each" in context without for_each',
          column,
          'The "each" object can be used only in "module" or "resource" blocks, and only when the "for_each" argument is set.',
        );
      return checkName(reference, ['key', 'value']);
    case 'count':
      if (context.repetition !== 'count')
        throw new EvaluationProblem(
          'Reference to "count" in non-counted context',
          column,
          'The "count" object can only be used in "module", "resource", and "data" blocks, and only when the "count" argument is set.',
        );
      return checkName(reference, ['index']);
    case 'self':
      if (!context.self)
        throw new EvaluationProblem(
          'Invalid "self" reference',
          column,
          'The "self" object can be used in provisioners and postconditions only: elsewhere write the address.',
        );
      return [];
    case 'path':
      return checkName(reference, ['module', 'root', 'cwd']);
    case 'terraform':
      return checkName(reference, ['workspace']);
    default:
      return [resourceTarget(configuration, reference, module, second)];
  }
}

function outputs(configuration: Configuration, { steps, column }: Reference, module: ModuleBlock): readonly string[] {
  const [first, ...more] = steps;
  const name = String(first ?? '');
  const call = module.calls.get(name);
  if (call === undefined) {
    throw new EvaluationProblem(
      `Reference to undeclared module "${name}"`,
      column,
      `Call it in a "module" block.${didYouMean(name, [...module.calls.keys()])}`,
    );
  }
  const inner = configuration.modules.get(call.path);
  if (inner === undefined) return [call.path];
  const wanted = more[call.repetition.kind === 'once' ? 0 : 1];
  const all = [...inner.outputs.keys()];
  if (wanted === undefined) return [call.path, ...all.map((output) => `${inner.prefix}output.${output}`)];
  if (!inner.outputs.has(String(wanted)))
    throw new EvaluationProblem(
      'Unsupported attribute',
      column,
      `The module has no output named "${wanted}".${didYouMean(String(wanted), all)}`,
    );
  return [call.path, `${inner.prefix}output.${wanted}`];
}

function resourceTarget(
  configuration: Configuration,
  reference: Reference,
  module: ModuleBlock,
  second: string | number | undefined,
): string {
  const { resources, data } = configuration;
  const { root, steps, column } = reference;
  const [first] = steps;
  const address = `${root}.${String(first ?? '')}`;
  const block = resources.get(`${module.prefix}${address}`);
  if (block === undefined) {
    const written = formatReference(reference);
    const read = data.has(`${module.prefix}data.${address}`);
    const here = (names: Iterable<string>) =>
      [...names].flatMap((one) => (one.startsWith(module.prefix) ? [one.slice(module.prefix.length)] : []));
    throw new EvaluationProblem(
      `Reference to undeclared "${first === undefined ? root : address}"`,
      column,
      `"${written}" must begin with var, local, data, or the address of a resource of this stack.${didYouMean(
        read ? `data.${address}` : address,
        [
          ...here(resources.keys()),
          ...here(data.keys()),
          ...[...module.variables.keys()].map((name) => `var.${name}`),
          ...[...module.locals.keys()].map((name) => `local.${name}`),
          ...[...module.calls.keys()].map((name) => `module.${name}`),
        ],
      )}`,
    );
  }
  const once = block.repetition.kind === 'once';
  if (once && typeof second === 'number')
    throw new EvaluationProblem(
      'Unexpected resource instance key',
      column,
      `Because ${address} does not have "count" or "for_each" set, references to it must not include an index key. Remove the bracketed index to refer to the single instance of this resource.`,
    );
  const attribute = once ? second : steps[2];
  if (attribute !== undefined) {
    const attributes = Object.keys(attributesOf(block.type));
    if (!attributes.includes(String(attribute))) {
      throw new EvaluationProblem(
        `${address} has no attribute "${attribute}"`,
        column,
        `${block.type.type} has: ${attributes.join(', ')}.${didYouMean(String(attribute), attributes)}`,
      );
    }
  }
  return block.address;
}

/** As {@link resourceTarget}, for `data.TYPE.NAME…`. The elements of `keys` are looked into as well. */
function dataTarget(configuration: Configuration, reference: Reference, module: ModuleBlock): string {
  const { data } = configuration;
  const { steps, column } = reference;
  const [type, name, ...more] = steps;
  const local = `data.${String(type ?? '')}.${String(name ?? '')}`;
  const remote = configuration.remotes.get(`${module.prefix}${local}`);
  if (remote !== undefined) return remote.address;
  const block = data.get(`${module.prefix}${local}`);
  if (type === undefined || name === undefined || block === undefined) {
    const known = [...data.keys()].flatMap((one) =>
      one.startsWith(module.prefix) ? [one.slice(module.prefix.length)] : [],
    );
    throw new EvaluationProblem(
      `Reference to undeclared data source "${name === undefined ? formatReference(reference) : local}"`,
      column,
      `Write data.TYPE.NAME, with the type and name of a "data" block of this stack.${didYouMean(local, known)}`,
    );
  }
  const [attribute, index, part] = block.repetition.kind === 'once' ? more : more.slice(1);
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
  if (attribute === undefined) return block.address;
  check(attribute, local, block.source);
  if (attribute !== 'keys' || block.source.kind !== 'all' || index === undefined) return block.address;
  const list = `${local}.keys`;
  if (!/^[0-9]+$/.test(String(index))) {
    throw new EvaluationProblem(
      `${list} is a list`,
      column,
      `Say which of its keys is meant, as in ${list}[0].${index}.`,
    );
  }
  if (part !== undefined) check(part, `${list}[${index}]`, dataSourcesOf(block.source.resource)[0]);
  return block.address;
}

/** The one step that must follow a name such as `each`; returns no needs. */
function checkName({ root, steps, column }: Reference, names: readonly string[]): readonly string[] {
  const [first] = steps;
  if (first !== undefined && names.includes(String(first))) return [];
  throw new EvaluationProblem(
    `Invalid "${root}" attribute`,
    column,
    `${first === undefined ? `"${root}" alone is no value` : `"${root}" has no attribute "${first}"`}. Write ${names.map((name) => `${root}.${name}`).join(', or ')}.`,
  );
}
