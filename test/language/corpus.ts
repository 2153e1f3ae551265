import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../../src/core/json.ts';

/** Folder of the corpus's own files. */
export const HOME: string = import.meta.dirname;

/** What Terraform says of a value. */
export interface Answer {
  /** As `type(…)` in the console prints it, on one line. */
  readonly type: string;
  /** Marks taken off; numbers as text, exact; what is unknown is null in arrays and absent in objects. */
  readonly value: Json;
  /** JSON pointers of what is sensitive; parts of what is sensitive as a whole are not told. */
  readonly sensitive?: readonly string[];
  /** JSON pointers of what is unknown. */
  readonly unknown?: readonly string[];
}

/** What Terraform says instead of a value. */
export interface Failure {
  /** The class: Terraform's summary. */
  readonly error: string;
  /** Terraform's sentences. */
  readonly detail: string;
  /** `validate`: found while input variables are unknown still. */
  readonly found: 'validate' | 'plan';
}

/** One expression and what Terraform says of it. Exactly one of `text`, `json` and `source` is there. */
export interface Case {
  /** Native syntax: what stands between `${` and `}`. */
  readonly text?: string;
  /** A value of Terraform's JSON syntax, its strings templates. */
  readonly json?: Json;
  /** The same as JSON text, where the spelling of a number is the point. */
  readonly source?: string;
  /** Why Keyform does not answer, where it refuses what Terraform answers. */
  readonly refused?: string;
  /** Why Keyform answers, where Terraform refuses. */
  readonly accepted?: string;
  readonly expect?: Answer | Failure;
}

export interface Group {
  /** Construct of the language, or kind of function, that the cases are about. */
  readonly name: string;
  readonly cases: readonly Case[];
}

/** The groups by file name, without `.json`. */
export function readCorpus(): ReadonlyMap<string, Group> {
  const folder = join(HOME, 'corpus');
  return new Map(
    readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map((name) => [name.slice(0, -'.json'.length), JSON.parse(readFileSync(join(folder, name), 'utf8')) as Group]),
  );
}

/** Names of all functions of Terraform's language. */
export function readFunctions(): readonly string[] {
  return JSON.parse(readFileSync(join(HOME, 'functions.json'), 'utf8')) as string[];
}

/** The case as JSON text, as it would stand in a `*.tf.json` file. */
export function sourceOf(one: Case): string {
  if (one.source !== undefined) return one.source;
  return JSON.stringify(one.text === undefined ? one.json : `\${${one.text}}`);
}

/** What a reader calls the case. */
export function titleOf(one: Case): string {
  return one.text ?? sourceOf(one);
}

export function isFailure(expect: Answer | Failure): expect is Failure {
  return 'error' in expect;
}
