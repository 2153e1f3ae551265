import type { Report } from '../configuration/block.ts';
import type { ResourceBlock } from '../configuration/resource.ts';
import type { Place } from '../diagnostic.ts';
import { placeOf } from '../evaluation/problem.ts';
import { evaluate, type Scope } from '../expression/evaluate.ts';
import type { Expression } from '../expression/expression.ts';
import { EvaluationProblem } from '../expression/problem.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import type { ArgumentSpec, ResourceType } from '../provider.ts';
import { argumentsOf } from '../resource.ts';
import { checkRotation, policyOf } from '../rotation/policy.ts';
import { typeOfSchema } from '../shape.ts';
import { ConversionProblem, convert } from '../typed/convert.ts';
import { toPlan } from '../typed/json.ts';
import { DYNAMIC, type Type } from '../typed/type.ts';
import { containsSensitive, isWhollyKnown, sensitive, toJson, UNKNOWN, type Value } from '../value.ts';

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
  let failed = false;
  const fail = (place: Place, summary: string, detail: string) => {
    failed = true;
    report.error(place, summary, detail, block.address);
  };
  const { args, sensitiveArgs } = argumentValues(argumentsOf(block.type), block.args, scope, fail);
  if (failed) return null;
  const known = knownArgs(args);
  for (const { argument, message } of block.type.check?.(known) ?? []) {
    const said = sensitiveArgs.includes(argument) && quotes(message, known[argument] ?? null) ? HIDDEN : message;
    fail(block.args.get(argument)?.place ?? block.place, `Invalid value for "${argument}"`, said);
  }
  for (const { member, message } of checkRotation(block.type, known)) {
    const place = block.args.get('rotation')?.place ?? block.place;
    const at = member === null ? place : { ...place, path: [...place.path, member] };
    fail(
      at,
      `Invalid value for "rotation${member === null ? '' : `.${member}`}"`,
      `${message.charAt(0).toUpperCase()}${message.slice(1).replace(/\.$/, '')}.`,
    );
  }
  const { overlap, disableFor, retireWhen } = policyOf(known);
  if (block.lifecycle.createBeforeDestroy === false && (overlap > 0 || disableFor > 0 || retireWhen !== null)) {
    fail(
      block.args.get('rotation')?.place ?? block.place,
      'Contradiction between "rotation" and "lifecycle"',
      'With create_before_destroy = false the old key is deleted before the new one is made, so there is nothing that could overlap. Take one of the two out; strategy "delete_first" says the same as create_before_destroy = false.',
    );
  }
  return failed ? null : { args, set: new Set(block.args.keys()), sensitiveArgs };
}

/**
 * Evaluates arguments and checks each known one against its schema. One with a problem, which goes to `fail`, is absent from
 * the result.
 */
export function argumentValues(
  specs: Readonly<Record<string, ArgumentSpec>>,
  written: ResourceBlock['args'],
  scope: Scope,
  fail: (place: Place, summary: string, detail: string) => void,
): Pick<Desire, 'args' | 'sensitiveArgs'> {
  const args: Record<string, Value> = {};
  const sensitiveArgs: string[] = [];
  for (const [name, spec] of Object.entries(specs)) {
    const found = written.get(name);
    if (found === undefined) {
      args[name] = spec.default;
      continue;
    }
    const wanted = { type: typeOfSchema(spec.schema), name, description: spec.schema.description ?? '' };
    const value = evaluateAt(found.expression, found.place, scope, fail, wanted);
    if (value === undefined) continue;
    const marked = spec.sensitive || containsSensitive(value);
    if (marked) sensitiveArgs.push(name);
    if (!isWhollyKnown(value)) {
      // What is known of a list or map shows; of one with a sensitive part nothing does.
      args[name] = marked ? sensitive(UNKNOWN) : value;
      continue;
    }
    const json = toJson(value);
    if (json === null) {
      if (spec.required)
        fail(found.place, `"${name}" must not be null`, 'It is required, but its expression gives null.');
      args[name] = spec.default;
      continue;
    }
    const fitted = conform(json, spec);
    if (fitted === undefined) {
      const { path, words } = misfit(json, spec, marked);
      fail({ ...found.place, path: [...found.place.path, ...path] }, `Invalid value for "${name}"`, words);
    } else args[name] = marked ? sensitive(fitted) : fitted;
  }
  return { args, sensitiveArgs };
}

/** Evaluates and converts to what an argument wants, reporting a problem with the column at fault; undefined then. */
export function evaluateAt(
  expression: Expression,
  place: Place,
  scope: Scope,
  fail: (place: Place, summary: string, detail: string) => void,
  wanted?: { readonly type: Type; readonly name: string; readonly description: string },
): Value | undefined {
  try {
    const value = evaluate(expression, scope);
    return toPlan(wanted === undefined || wanted.type === DYNAMIC ? value : convert(value, wanted.type));
  } catch (error) {
    if (error instanceof EvaluationProblem) fail(placeOf(error, place), error.message, error.detail);
    else if (error instanceof ConversionProblem)
      fail(
        { ...place, path: [...place.path, ...pathIn(expression, error.path)] },
        'Incorrect attribute value type',
        `Inappropriate value for attribute "${wanted?.name}": ${error.message}. ${wanted?.description}`.trim(),
      );
    else throw error;
    return undefined;
  }
}

/** As much of a path into a value as is written out in the stack, so that it leads somewhere in the file. */
function pathIn(expression: Expression, path: readonly (string | number)[]): readonly (string | number)[] {
  const [step, ...rest] = path;
  if (step === undefined) return [];
  const next =
    expression.kind === 'tuple' && typeof step === 'number'
      ? expression.items[step]
      : expression.kind === 'object'
        ? expression.entries.find(({ key }) => key.kind === 'literal' && key.value === String(step))?.value
        : undefined;
  return next === undefined ? [] : [step, ...pathIn(next, rest)];
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
  // And lists of text.
  if (Array.isArray(value)) {
    tries.push(value.map((item) => (typeof item === 'number' || typeof item === 'boolean' ? String(item) : item)));
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

/** Whether a message may give a value away: it holds it, or the value is not one piece of text to look for. */
function quotes(message: string, value: Json): boolean {
  return typeof value !== 'string' || value === '' || message.includes(value);
}

/** What is wrong with a value, in the schema's words, and where in it; nothing that quotes a sensitive one. */
function misfit(
  value: Json,
  spec: ArgumentSpec,
  marked: boolean,
): { readonly path: readonly (string | number)[]; readonly words: string } {
  const issue = spec.schema.safeParse(value).error?.issues[0];
  const said =
    issue === undefined
      ? 'It does not fit.'
      : marked && issue.code === 'custom' && quotes(issue.message, value)
        ? HIDDEN
        : `${issue.message}.`;
  const path = marked ? [] : (issue?.path ?? []).map((part) => (typeof part === 'number' ? part : String(part)));
  return { path, words: `${said.replace(/\.\.$/, '.')} ${spec.schema.description ?? ''}`.trim() };
}
