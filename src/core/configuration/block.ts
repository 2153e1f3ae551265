import { isName } from '../address.ts';
import type { Diagnostic, Place } from '../diagnostic.ts';
import type { Expression, Step } from '../expression/expression.ts';
import { parseExpression, parseValue } from '../expression/parse.ts';
import { SyntaxProblem } from '../expression/problem.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { didYouMean } from '../suggest.ts';

/** Path of keys and indexes from the root of a file. */
export type Path = readonly (string | number)[];

/** Collects what is wrong with a stack, so that all errors come at once. */
export class Report {
  readonly diagnostics: Diagnostic[] = [];

  error(place: Place | undefined, summary: string, detail: string, address?: string): void {
    this.diagnostics.push({
      severity: 'error',
      summary,
      detail,
      ...(address === undefined ? {} : { address }),
      ...(place === undefined ? {} : { place }),
    });
  }

  warn(place: Place | undefined, summary: string, detail: string, address?: string): void {
    this.diagnostics.push({
      severity: 'warning',
      summary,
      detail,
      ...(address === undefined ? {} : { address }),
      ...(place === undefined ? {} : { place }),
    });
  }

  get failed(): boolean {
    return this.diagnostics.some((d) => d.severity === 'error');
  }
}

/** One body of a block: an object of a file, with where it stands. */
export interface Body {
  readonly file: string;
  readonly path: Path;
  readonly value: JsonObject;
}

/** An expression of a stack, with where it stands. */
export interface Written {
  readonly expression: Expression;
  readonly place: Place;
}

/** A reference whose keys may be expressions, such as `TYPE.NAME[each.key].id`. */
export interface KeyedReference {
  readonly root: string;
  readonly steps: readonly (Step | Expression)[];
  readonly place: Place;
}

/** A reference that must be written out, because it is needed before anything has a value. */
export interface StaticReference {
  readonly root: string;
  readonly steps: readonly Step[];
  readonly place: Place;
}

/** The place of something inside a body. */
export function placeIn(body: Body, ...more: (string | number)[]): Place {
  return { file: body.file, path: [...body.path, ...more] };
}

/**
 * The entries of a body without the `//` comments that the JSON syntax allows.
 * https://developer.hashicorp.com/terraform/language/syntax/json#comment-properties
 */
export function entriesOf(body: Body): [string, Json][] {
  return Object.entries(body.value).filter(([key]) => key !== '//');
}

/**
 * The bodies of a block at `path`: the JSON syntax allows one object, or an array of them. Anything else is reported.
 */
export function bodiesOf(file: string, path: Path, value: Json, what: string, report: Report): Body[] {
  const items: [Path, Json][] = Array.isArray(value)
    ? value.map((item: Json, index): [Path, Json] => [[...path, index], item])
    : [[path, value]];
  const bodies: Body[] = [];
  for (const [at, item] of items) {
    if (isObject(item)) bodies.push({ file, path: at, value: item as JsonObject });
    else report.error({ file, path: at }, `${what} must be an object`, `It is ${kindOf(item)}.`);
  }
  return bodies;
}

/** The labelled bodies of a block with `depth` labels: `resource.<type>.<name>`. Arrays may stand at every level. */
export function labelledBodies(
  file: string,
  path: Path,
  value: Json,
  depth: number,
  what: string,
  report: Report,
): { labels: readonly string[]; body: Body }[] {
  const bodies = bodiesOf(file, path, value, what, report);
  if (depth === 0) return bodies.map((body) => ({ labels: [], body }));
  return bodies.flatMap((body) =>
    entriesOf(body).flatMap(([label, item]) =>
      labelledBodies(file, [...body.path, label], item, depth - 1, `${what} "${label}"`, report).map((found) => ({
        labels: [label, ...found.labels],
        body: found.body,
      })),
    ),
  );
}

/** Parses a value of a body into an expression; syntax errors are reported at their place and column. */
export function expressionIn(body: Body, key: string, report: Report): Expression {
  return parseValue(body.value[key] as Json, (problem, path) => {
    report.error({ ...placeIn(body, key, ...path), column: problem.column }, problem.message, problem.detail);
  });
}

/** {@link expressionIn} with its place; null where the key is absent or null. */
export function writtenIn(body: Body, key: string, report: Report): Written | null {
  const value = body.value[key];
  if (value === undefined || value === null) return null;
  return { expression: expressionIn(body, key, report), place: placeIn(body, key) };
}

/** Every argument of `body` but those named in `except`; null values count as left out. */
export function writtenArguments(body: Body, except: readonly string[], report: Report): ReadonlyMap<string, Written> {
  const found = new Map<string, Written>();
  for (const [key] of entriesOf(body)) {
    const written = except.includes(key) ? null : writtenIn(body, key, report);
    if (written !== null) found.set(key, written);
  }
  return found;
}

/** The one body of a block that may stand once; null where there is none. Several are reported. */
export function soleBody(body: Body, key: string, report: Report): Body | null {
  const value = body.value[key];
  if (value === undefined || value === null) return null;
  const found = bodiesOf(body.file, [...body.path, key], value, `"${key}"`, report);
  if (found.length > 1) report.error(placeIn(body, key), `There is more than one ${key} block`, 'Make them one.');
  return found[0] ?? null;
}

/** An expression read as a reference with keys; null when it is anything else. */
export function keyedReference(expression: Expression, place: Place): KeyedReference | null {
  switch (expression.kind) {
    case 'reference':
      return { root: expression.root, steps: expression.steps, place };
    case 'attribute': {
      const of = keyedReference(expression.of, place);
      return of === null ? null : { ...of, steps: [...of.steps, expression.name] };
    }
    case 'index': {
      const of = keyedReference(expression.of, place);
      const { key } = expression;
      const literal = key.kind === 'literal' && typeof key.value === 'string' ? key.value : key;
      return of === null ? null : { ...of, steps: [...of.steps, literal] };
    }
    default:
      return null;
  }
}

/** References in a list of them whose keys may be expressions. */
export function keyedReferences(body: Body, key: string, report: Report): readonly KeyedReference[] {
  const value = body.value[key];
  if (value === undefined || value === null) return [];
  const items = Array.isArray(value) ? (value as Json[]) : [value];
  return items.flatMap((item, index) => {
    const place = placeIn(body, key, ...(Array.isArray(value) ? [index] : []));
    const bare = typeof item === 'string' ? item.trim().replace(/^\$\{\s*(.*?)\s*\}$/s, '$1') : '';
    try {
      const found = keyedReference(parseExpression(bare), place);
      if (found !== null) return [found];
    } catch (error) {
      if (!(error instanceof SyntaxProblem)) throw error;
    }
    report.error(place, 'Not a reference', 'Write an address or an attribute of one, such as "TYPE.NAME.id".');
    return [];
  });
}

/** A reference in the bare form in which Terraform's JSON writes those that are no values: `type.name`, with or without `${ }`. */
export function staticReference(text: string, place: Place, report: Report): StaticReference | null {
  const bare = text.trim().replace(/^\$\{\s*(.*?)\s*\}$/s, '$1');
  try {
    const found = parseExpression(bare);
    if (found.kind === 'reference') return { root: found.root, steps: found.steps, place };
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error;
  }
  report.error(place, 'Not a static reference', 'Write an address, such as "TYPE.NAME".');
  return null;
}

/** Reports each key of a body that is not among `known`, and suggests the one that was meant. */
export function refuseUnknownKeys(
  body: Body,
  known: readonly string[],
  what: string,
  report: Report,
  later: Readonly<Record<string, string>> = {},
  address?: string,
): void {
  for (const [key] of entriesOf(body)) {
    if (known.includes(key)) continue;
    const reason = Object.hasOwn(later, key) ? later[key] : undefined;
    if (reason !== undefined) {
      report.error(placeIn(body, key), `"${key}" is not supported by this version of Keyform`, reason, address);
    } else {
      report.error(
        placeIn(body, key),
        `Unsupported argument "${key}"`,
        `${what} has no argument named "${key}".${didYouMean(key, known)}`,
        address,
      );
    }
  }
}

/** Whether a block's name can be referred to; reported when it cannot. */
export function checkName(place: Place, what: string, name: string, report: Report): boolean {
  if (isName(name)) return true;
  report.error(
    place,
    `Invalid ${what} name "${name}"`,
    'A name begins with a letter or "_" and goes on with letters, digits, "_" and "-".',
  );
  return false;
}

/** A literal string at `key`, or null (reported when it is set to something else or contains a template). */
export function literalString(body: Body, key: string, report: Report): string | null {
  const value = body.value[key];
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' && !value.includes('${') && !value.includes('%{')) return value;
  report.error(placeIn(body, key), `"${key}" must be a literal string`, `It is ${kindOf(value)}.`);
  return null;
}

/** A literal boolean at `key`, or `fallback` (reported when it is set to something else). */
export function literalBoolean(body: Body, key: string, fallback: boolean, report: Report): boolean {
  const value = body.value[key];
  if (value === undefined || value === null) return fallback;
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === 'false') return value === 'true';
  report.error(placeIn(body, key), `"${key}" must be true or false`, `It is ${kindOf(value)}.`);
  return fallback;
}

/** A literal list of strings at `key`, empty when absent (reported when it is set to something else). */
export function literalStrings(body: Body, key: string, report: Report): string[] {
  const value = body.value[key];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    report.error(placeIn(body, key), `"${key}" must be a list of strings`, `It is ${kindOf(value)}.`);
    return [];
  }
  const strings: string[] = [];
  value.forEach((item: Json, index) => {
    if (typeof item === 'string') strings.push(item);
    else
      report.error(placeIn(body, key, index), `"${key}" must be a list of strings`, `This element is ${kindOf(item)}.`);
  });
  return strings;
}

/** References in a list of them, such as `depends_on`; `${…}` around one is allowed, as CDKTF may write it. */
export function staticReferences(
  body: Body,
  key: string,
  report: Report,
  what = 'addresses',
): readonly StaticReference[] {
  const value = body.value[key];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    report.error(placeIn(body, key), `"${key}" must be a list of ${what}`, 'Write [ "…" ].');
    return [];
  }
  return value.flatMap((item: Json, index) => {
    const place = placeIn(body, key, index);
    if (typeof item === 'string') return [staticReference(item, place, report) ?? []].flat();
    report.error(place, `"${key}" must be a list of ${what}`, `This element is ${kindOf(item)}.`);
    return [];
  });
}

/** A value's kind in words, never the value. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return value.includes('${') ? 'a template' : 'a string';
  return typeof value === 'number' ? 'a number' : 'a boolean';
}
