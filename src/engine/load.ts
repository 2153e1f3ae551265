import { Report } from '../core/configuration/block.ts';
import { StackScope, type Wiring, wire } from '../core/configuration/scope.ts';
import { type Configuration, readConfiguration } from '../core/configuration/stack.ts';
import { resolveVariables, type VariableInput } from '../core/configuration/variable.ts';
import { type Place, throwOnErrors } from '../core/diagnostic.ts';
import { containsSensitive, sensitive, UNKNOWN, type Value } from '../core/language/value.ts';
import { inquire, plannedData } from '../core/plan/data.ts';
import { desire, evaluateAt } from '../core/plan/desire.ts';
import { plannedObject } from '../core/plan/object.ts';
import type { Cloud } from '../core/provider.ts';
import { argumentsOf } from '../core/resource.ts';
import { hashFiles, parseStack, type StackText } from './source.ts';

/** A stack, understood: everything that can be known of it without its state and without a network. */
export interface LoadedStack {
  readonly text: StackText;
  /** SHA-256 of its files, hexadecimal. */
  readonly hash: string;
  readonly configuration: Configuration;
  readonly wiring: Wiring;
  readonly variables: ReadonlyMap<string, Value>;
}

/**
 * Understands a stack and checks every value that can be checked now. All errors come together in one DiagnosticsError.
 * With `inputs` null (validation) a variable without a default is unknown instead of missing.
 */
export async function loadStack(
  text: StackText,
  inputs: readonly VariableInput[] | null,
  clouds: readonly Cloud[],
): Promise<LoadedStack> {
  const report = new Report();
  const source = await parseStack(text);
  const configuration = readConfiguration(source, clouds, report);
  const wiring = wire(configuration, report);
  const variables = new Map<string, Value>();
  if (inputs === null) {
    for (const variable of configuration.variables.values()) {
      const value: Value = variable.default ?? UNKNOWN;
      variables.set(variable.name, variable.sensitive ? sensitive(value) : value);
    }
  } else {
    for (const [name, value] of resolveVariables(configuration.variables, inputs, report)) variables.set(name, value);
  }
  checkValues(configuration, wiring, variables, report);
  throwOnErrors(report.diagnostics);
  return { text, hash: hashFiles(text.files), configuration, wiring, variables };
}

/** The same stack with variable values that were resolved before (a saved plan). */
export async function reloadStack(
  text: StackText,
  variables: ReadonlyMap<string, Value>,
  clouds: readonly Cloud[],
): Promise<LoadedStack> {
  const report = new Report();
  const configuration = readConfiguration(await parseStack(text), clouds, report);
  const wiring = wire(configuration, report);
  throwOnErrors(report.diagnostics);
  return { text, hash: hashFiles(text.files), configuration, wiring, variables };
}

/** Evaluates every argument and output with resources unknown: wrong types show before anybody is asked anything. */
function checkValues(
  configuration: Configuration,
  wiring: Wiring,
  variables: ReadonlyMap<string, Value>,
  report: Report,
): void {
  const scope = new StackScope(configuration, withUnknowns(configuration, variables));
  // In a cycle nothing can be evaluated.
  if (wiring.order.length < configuration.resources.size + configuration.data.size) return;
  const found = new Report();
  for (const address of wiring.order) {
    const data = configuration.data.get(address);
    if (data !== undefined) {
      const inquiry = inquire(data, scope, found);
      scope.resources.set(address, inquiry === null ? UNKNOWN : plannedData(data, inquiry));
    }
    const block = configuration.resources.get(address);
    if (block === undefined) continue;
    const unknown = Object.fromEntries(Object.keys(argumentsOf(block.type)).map((name) => [name, UNKNOWN]));
    scope.resources.set(address, plannedObject(block.type, unknown, 1));
    const desired = desire(block, scope, found);
    // Arguments may still differ from what is in force (ignore_changes), so only their types count here.
    if (desired !== null) scope.resources.set(address, plannedObject(block.type, unknownArgs(desired.args), 1));
  }
  for (const output of configuration.outputs.values()) {
    const value = evaluateAt(output.expression, output.place, scope, (place, summary, detail) =>
      found.error(place, summary, detail),
    );
    if (value !== undefined && containsSensitive(value) && !output.sensitive) {
      found.error(
        output.place,
        'Output refers to sensitive values',
        `To reduce the risk of accidentally exporting a secret, output "${output.name}" must say so: add sensitive = true.`,
      );
    }
  }
  const said = new Set(report.diagnostics.map(({ place }) => spot(place)));
  const broken = report.failed;
  for (const diagnostic of found.diagnostics) {
    // Where references are broken already, evaluating would say the same again (it tells a column). A value that does not
    // fit is news, unless its place has been complained about.
    if (broken && (diagnostic.place?.column !== undefined || said.has(spot(diagnostic.place)))) continue;
    report.diagnostics.push(diagnostic);
  }
}

function spot(place: Place | undefined): string {
  return JSON.stringify([place?.file, place?.path]);
}

function unknownArgs(args: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => [name, containsSensitive(value) ? sensitive(UNKNOWN) : value]),
  );
}

function withUnknowns(configuration: Configuration, variables: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> {
  const all = new Map(variables);
  for (const variable of configuration.variables.values()) if (!all.has(variable.name)) all.set(variable.name, UNKNOWN);
  return all;
}
