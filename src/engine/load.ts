import { Report } from '../core/configuration/block.ts';
import { type Configuration, readConfiguration } from '../core/configuration/stack.ts';
import { resolveVariables, type VariableInput } from '../core/configuration/variable.ts';
import { type Wiring, wire } from '../core/configuration/wiring.ts';
import { objectTypeOfData } from '../core/datasource.ts';
import { type Place, throwOnErrors } from '../core/diagnostic.ts';
import { Evaluation } from '../core/evaluation/evaluation.ts';
import type { Instance } from '../core/evaluation/module.ts';
import { MissingValue, placeOf } from '../core/evaluation/problem.ts';
import { EvaluationProblem } from '../core/expression/problem.ts';
import { conditionsHold } from '../core/plan/condition.ts';
import { inquire, plannedData } from '../core/plan/data.ts';
import { desire } from '../core/plan/desire.ts';
import { checkChanges } from '../core/plan/move.ts';
import { plannedObject } from '../core/plan/object.ts';
import { exposed, outputValue } from '../core/plan/output.ts';
import { checkVariables } from '../core/plan/validation.ts';
import type { Cloud, ResourceType } from '../core/provider.ts';
import { argumentsOf, objectTypeOf } from '../core/resource.ts';
import { fromPlan } from '../core/typed/json.ts';
import { marked, type Typed, unknownValue } from '../core/typed/typed.ts';
import { containsSensitive, sensitive, UNKNOWN, type Value } from '../core/value.ts';
import { type Founded, factsOf, type Ground } from './facts.ts';
import { hashStack, parseStack, type StackText } from './source.ts';

/** Nobody has looked at the other stacks yet. */
const NO_OUTPUTS: Founded['outputs'] = new Map();

/** A stack, understood: everything that can be known of it without its state and without a network. */
export interface LoadedStack extends Founded {
  readonly text: StackText;
  /** SHA-256 of its files, hexadecimal. */
  readonly hash: string;
  readonly configuration: Configuration;
  readonly wiring: Wiring;
  /** Of the root module. */
  readonly variables: ReadonlyMap<string, Typed>;
}

/**
 * Understands a stack and checks every value that can be checked now. All errors come together in one DiagnosticsError.
 * With `inputs` null (validation) a variable without a default is unknown instead of missing.
 */
export async function loadStack(
  text: StackText,
  inputs: readonly VariableInput[] | null,
  clouds: readonly Cloud[],
  ground: Ground,
): Promise<LoadedStack> {
  const report = new Report();
  const { configuration, wiring } = await understand(text, clouds, report);
  let variables = new Map<string, Typed>();
  if (inputs !== null) variables = resolveVariables(configuration.variables, inputs, report);
  checkValues(configuration, wiring, withUnknowns(configuration, variables), text, ground, report);
  throwOnErrors(report.diagnostics);
  const all = inputs === null ? withUnknowns(configuration, variables) : variables;
  return { text, hash: hashStack(text), ground, outputs: NO_OUTPUTS, configuration, wiring, variables: all };
}

/** The same stack with variable values that were resolved before (a saved plan). */
export async function reloadStack(
  text: StackText,
  variables: ReadonlyMap<string, Value>,
  clouds: readonly Cloud[],
  ground: Ground,
): Promise<LoadedStack> {
  const report = new Report();
  const { configuration, wiring } = await understand(text, clouds, report);
  throwOnErrors(report.diagnostics);
  const typed = new Map<string, Typed>();
  for (const [name, value] of variables) {
    const variable = configuration.variables.get(name);
    if (variable !== undefined) typed.set(name, fromPlan(value, variable.constraint.type));
  }
  return { text, hash: hashStack(text), ground, outputs: NO_OUTPUTS, configuration, wiring, variables: typed };
}

async function understand(
  text: StackText,
  clouds: readonly Cloud[],
  report: Report,
): Promise<{ configuration: Configuration; wiring: Wiring }> {
  const configuration = readConfiguration(await parseStack(text), clouds, report);
  checkChanges(configuration, report);
  return { configuration, wiring: wire(configuration, report) };
}

/** Evaluates everything with resources unknown: wrong types show before anybody is asked anything. */
function checkValues(
  configuration: Configuration,
  wiring: Wiring,
  variables: ReadonlyMap<string, Typed>,
  text: StackText,
  ground: Ground,
  report: Report,
): void {
  // In a cycle nothing can be evaluated.
  if (wiring.order.length < configuration.resources.size + configuration.data.size) return;
  const evaluation = new Evaluation(configuration, variables, factsOf({ ground, text, outputs: NO_OUTPUTS }, null), {
    lenient: true,
  });
  const found = new Report();
  checkVariables(evaluation, found);
  for (const address of wiring.order) checkBlock(address, evaluation, found);
  for (const output of configuration.outputs.values()) {
    const value = outputValue(output, evaluation, found);
    if (value === undefined || !containsSensitive(value) || output.sensitive) continue;
    const { summary, detail } = exposed(output.name);
    found.error(output.place, summary, detail);
  }
  const said = new Set(report.diagnostics.map(({ place }) => spot(place)));
  const broken = report.failed;
  const once = new Set<string>();
  for (const diagnostic of found.diagnostics) {
    // Where references are broken already, evaluating would say the same again (it tells a column). A value that does not
    // fit is news, unless its place has been complained about.
    if (broken && (diagnostic.place?.column !== undefined || said.has(spot(diagnostic.place)))) continue;
    // A thousand instances with one mistake have one mistake.
    const key = JSON.stringify([diagnostic.summary, diagnostic.detail, diagnostic.place]);
    if (once.has(key)) continue;
    once.add(key);
    report.diagnostics.push(diagnostic);
  }
}

function checkBlock(address: string, evaluation: Evaluation, found: Report): void {
  const { configuration } = evaluation;
  const declared = configuration.resources.get(address) ?? configuration.data.get(address);
  if (declared === undefined) return;
  try {
    for (const instance of evaluation.instances(address).values()) checkInstance(instance, evaluation, found);
  } catch (error) {
    if (error instanceof EvaluationProblem)
      found.error(placeOf(error, declared.place), error.message, error.detail, address);
    else if (!(error instanceof MissingValue)) throw error;
  }
}

function checkInstance({ block, scope }: Instance, evaluation: Evaluation, found: Report): void {
  const type = 'source' in block ? objectTypeOfData(block.source) : objectTypeOf(block.type);
  try {
    conditionsHold(block.lifecycle.preconditions, 'precondition', block, scope, found);
    if ('source' in block) {
      const inquiry = inquire(block, scope, found);
      evaluation.set(block.address, type, inquiry === null ? UNKNOWN : plannedData(block, inquiry));
    } else {
      evaluation.set(block.address, type, unknownObject(block.type, null));
      const desired = desire(block, scope, found);
      // Arguments may still differ from what is in force (ignore_changes), so only their types count here.
      if (desired !== null) evaluation.set(block.address, type, unknownObject(block.type, desired.args));
    }
  } catch (error) {
    if (!(error instanceof MissingValue)) throw error;
    // What has no value has been complained about; what is made of this is not looked at.
    evaluation.set(block.address, type, UNKNOWN);
  }
}

function spot(place: Place | undefined): string {
  return JSON.stringify([place?.file, place?.path]);
}

/** By resource type, then by the names of arguments and which of them are sensitive, or left out: thousands of instances share a few. */
const unknownObjects = new WeakMap<ResourceType, Map<string, Readonly<Record<string, Value>>>>();

/** A key still to be made of which no argument is known, but which of `args` are sensitive, and which are left out; null: nothing at all. */
function unknownObject(
  type: ResourceType,
  args: Readonly<Record<string, Value>> | null,
): Readonly<Record<string, Value>> {
  const names = args === null ? Object.keys(argumentsOf(type)) : Object.keys(args);
  const values = names.map((name): Value => {
    const value = args === null ? UNKNOWN : (args[name] ?? null);
    return value === null ? null : containsSensitive(value) ? sensitive(UNKNOWN) : UNKNOWN;
  });
  const key = names.map((name, index) => `${name}${formOf(values[index] ?? null)}`).join();
  const ofType = unknownObjects.get(type) ?? new Map<string, Readonly<Record<string, Value>>>();
  unknownObjects.set(type, ofType);
  const known = ofType.get(key);
  if (known !== undefined) return known;
  const unknown = names.map((name, index) => [name, values[index] ?? null] as const);
  const made = plannedObject(type, Object.fromEntries(unknown), 1);
  ofType.set(key, made);
  return made;
}

function formOf(value: Value): string {
  return value === null ? '0' : containsSensitive(value) ? '!' : '';
}

function withUnknowns(configuration: Configuration, variables: ReadonlyMap<string, Typed>): Map<string, Typed> {
  const all = new Map(variables);
  for (const variable of configuration.variables.values()) {
    if (all.has(variable.name)) continue;
    const value = variable.default ?? unknownValue(variable.constraint.type);
    all.set(variable.name, variable.sensitive ? marked(value, true) : value);
  }
  return all;
}
