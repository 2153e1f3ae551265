import type { Report } from '../configuration/block.ts';
import type { ResourceBlock } from '../configuration/resource.ts';
import type { Place } from '../diagnostic.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { EvaluationProblem, evaluate, type Scope } from '../language/evaluate.ts';
import { containsSensitive, isWhollyKnown, sensitive, toJson, UNKNOWN, type Value } from '../language/value.ts';
import type { ArgumentSpec, ResourceType } from '../provider.ts';
import { argumentsOf } from '../resource.ts';

/** What a stack asks of one key, as far as it is known. */
export interface Desire {
  /** Every argument of the type; null for none, unknown where it depends on what is not made yet. Sensitive ones are marked. */
  readonly args: Readonly<Record<string, Value>>;
  /** Arguments that the stack sets (a default does not count). */
  readonly set: ReadonlySet<string>;
  readonly sensitiveArgs: readonly string[];
}

/**
 * Evaluates a resource's arguments and checks each known one against its schema. Problems are reported at their place;
 * null when there were any.
 */
export function desire(block: ResourceBlock, scope: Scope, report: Report): Desire | null {
  const args: Record<string, Value> = {};
  const sensitiveArgs: string[] = [];
  let failed = false;
  const fail = (place: Place, summary: string, detail: string) => {
    failed = true;
    report.error(place, summary, detail, block.address);
  };
  for (const [name, spec] of Object.entries(argumentsOf(block.type))) {
    const written = block.args.get(name);
    if (written === undefined) {
      args[name] = spec.default;
      continue;
    }
    const value = evaluateAt(written.expression, written.place, scope, fail);
    if (value === undefined) continue;
    const marked = spec.sensitive || containsSensitive(value);
    if (marked) sensitiveArgs.push(name);
    if (!isWhollyKnown(value)) {
      args[name] = marked ? sensitive(UNKNOWN) : UNKNOWN;
      continue;
    }
    const json = toJson(value);
    if (json === null) {
      if (spec.required)
        fail(written.place, `"${name}" must not be null`, 'It is required, but its expression gives null.');
      args[name] = spec.default;
      continue;
    }
    const fitted = conform(json, spec);
    if (fitted === undefined) fail(written.place, `Invalid value for "${name}"`, misfit(json, spec, marked));
    else args[name] = marked ? sensitive(fitted) : fitted;
  }
  if (failed) return null;
  const known = knownArgs(args);
  for (const { argument, message } of block.type.check?.(known) ?? []) {
    // Such messages may quote what they refuse.
    const said = sensitiveArgs.includes(argument) ? HIDDEN : message;
    fail(block.args.get(argument)?.place ?? block.place, `Invalid value for "${argument}"`, said);
  }
  return failed ? null : { args, set: new Set(block.args.keys()), sensitiveArgs };
}

/** Evaluates, reporting a problem with the column at fault; undefined then. */
export function evaluateAt(
  expression: Parameters<typeof evaluate>[0],
  place: Place,
  scope: Scope,
  fail: (place: Place, summary: string, detail: string) => void,
): Value | undefined {
  try {
    return evaluate(expression, scope);
  } catch (error) {
    if (!(error instanceof EvaluationProblem)) throw error;
    fail({ ...place, ...(error.column === null ? {} : { column: error.column }) }, error.message, error.detail);
    return undefined;
  }
}

/** The arguments that are wholly known, as plain JSON; nulls included. */
export function knownArgs(args: Readonly<Record<string, Value>>): JsonObject {
  const known: Record<string, Json> = {};
  for (const [name, value] of Object.entries(args)) if (isWhollyKnown(value)) known[name] = toJson(value);
  return known;
}

/**
 * Lets the type fill in what follows from other arguments. `prior` and `now` as in {@link ResourceType.complete}. Values
 * that stay open until apply are unknown in the result.
 */
export function completeArgs(
  type: ResourceType,
  args: Readonly<Record<string, Value>>,
  prior: JsonObject | null,
  now: number | null,
): Record<string, Value> {
  if (type.complete === undefined) return { ...args };
  const known = knownArgs(args);
  const completed = type.complete(known, prior, now);
  const result: Record<string, Value> = { ...args };
  for (const [name, value] of Object.entries(completed.args)) {
    if (known[name] !== value) result[name] = value;
  }
  for (const name of completed.unknown) result[name] = UNKNOWN;
  return result;
}

/**
 * The value in the type that the schema wants: as it is, or converted as Terraform converts between strings, numbers
 * and booleans. Undefined when neither fits.
 */
function conform(value: Json, spec: ArgumentSpec): Json | undefined {
  const tries: Json[] = [value];
  if (typeof value === 'number' || typeof value === 'boolean') tries.push(String(value));
  // Maps of text take numbers and booleans too, as Terraform's map(string) does.
  if (isObject(value)) {
    const entries = Object.entries(value as JsonObject);
    tries.push(
      Object.fromEntries(
        entries.map(([key, item]) => [
          key,
          typeof item === 'number' || typeof item === 'boolean' ? String(item) : item,
        ]),
      ),
    );
  }
  if (value === 'true' || value === 'false') tries.push(value === 'true');
  if (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) tries.push(Number(value));
  for (const candidate of tries) {
    const result = spec.schema.safeParse(candidate);
    if (result.success) return result.data as Json;
  }
  return undefined;
}

const HIDDEN = 'Its value does not fit, and because it is sensitive the reason, which would quote it, is not shown.';

/** What is wrong with a value, in the schema's words; a type's own words may quote it, so not where it is sensitive. */
function misfit(value: Json, spec: ArgumentSpec, marked: boolean): string {
  const result = spec.schema.safeParse(value);
  const issue = result.error?.issues[0];
  const said =
    issue === undefined ? 'It does not fit.' : marked && issue.code === 'custom' ? HIDDEN : `${issue.message}.`;
  return `${said.replace(/\.\.$/, '.')} ${spec.schema.description ?? ''}`.trim();
}
