import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as yaml from 'yaml';
import { Report } from '../../src/core/configuration/block.ts';
import { readConfiguration } from '../../src/core/configuration/stack.ts';
import { wire } from '../../src/core/configuration/wiring.ts';
import { DiagnosticsError } from '../../src/core/diagnostic.ts';
import { evaluate, type Scope } from '../../src/core/expression/evaluate.ts';
import type { Expression, Reference } from '../../src/core/expression/expression.ts';
import { parseTemplate, parseValue } from '../../src/core/expression/parse.ts';
import { EvaluationProblem, SyntaxProblem } from '../../src/core/expression/problem.ts';
import { renderTemplate } from '../../src/core/expression/templatefile.ts';
import type { FunctionContext } from '../../src/core/function/spec.ts';
import type { Json } from '../../src/core/json.ts';
import { parseConstraint } from '../../src/core/typed/constraint.ts';
import { applyDefaults, convert } from '../../src/core/typed/convert.ts';
import { typeText } from '../../src/core/typed/format.ts';
import { fromJson } from '../../src/core/typed/json.ts';
import { Num } from '../../src/core/typed/number.ts';
import { withoutOptional } from '../../src/core/typed/same.ts';
import { STRING } from '../../src/core/typed/type.ts';
import {
  isUnknown,
  marked,
  nullValue,
  objectValue,
  stringValue,
  type Typed,
  unknownValue,
} from '../../src/core/typed/typed.ts';
import { parseStack } from '../../src/engine/source.ts';
import { pointerStep, readModule, squeeze } from './ask.ts';
import { type Answer, type Case, HOME, readCorpus, sourceOf } from './corpus.ts';

// What Keyform says of the cases, in the scope of module.json.

/** What Keyform says instead of a value. */
export interface Refusal {
  readonly error: string;
  readonly detail: string;
  readonly column: number | null;
  /** Whether it is no expression at all. */
  readonly syntax: boolean;
}

/** `plan`: variables have their values; `validate`: they are unknown, as for `terraform validate`. */
export type Phase = 'validate' | 'plan';

const module = readModule();

/** Made anew for each phase. */
function scopeOf(phase: Phase): Scope {
  const functions: FunctionContext = {
    planTime: phase === 'plan' ? '2026-01-02T03:04:05Z' : null,
    now: null,
    readFile(path) {
      const file = join(HOME, 'files', path);
      if (!existsSync(file)) return null;
      if (statSync(file).isDirectory()) throw new Error('it is a folder');
      return readFileSync(file);
    },
    yaml: () => yaml,
    renderTemplate: (text, name, variables) => renderTemplate(text, name, variables, functions),
  };
  const variables = new Map(
    Object.entries(module.variable).map(([name, { type: text, default: json, sensitive = false }]) => {
      const { type, defaults } = parseConstraint(text);
      if (phase === 'validate') return [name, marked(unknownValue(withoutOptional(type)), sensitive)] as const;
      const given = fromJson(json);
      const value = convert(defaults === null ? given : applyDefaults(given, defaults), type);
      return [name, marked(value, sensitive)] as const;
    }),
  );
  // As terraform_data is planned: only the id is known never to be null.
  const later = objectValue([
    ['id', unknownValue(STRING, phase === 'plan')],
    ['input', phase === 'plan' ? stringValue('x') : unknownValue()],
    ['output', phase === 'plan' ? unknownValue(STRING) : unknownValue()],
    ['triggers_replace', nullValue()],
  ]);
  const locals = new Map<string, Typed>();
  const scope: Scope = {
    functions,
    // Declared names only: what is not declared is for the loader to refuse, see `loaderSays`.
    lookup({ root, steps }: Reference) {
      const name = String(steps[0]);
      if (root === 'var') {
        const value = variables.get(name);
        if (value !== undefined) return { value, used: 1 };
      }
      if (root === 'local' && Object.hasOwn(module.locals, name)) {
        const value = locals.get(name) ?? evaluate(parsed(module.locals[name] as Json), scope);
        locals.set(name, value);
        return { value, used: 1 };
      }
      if (root === 'terraform_data' && name === 'later') return { value: later, used: 1 };
      if (root === 'path' && (name === 'module' || name === 'root')) return { value: stringValue('.'), used: 1 };
      if (root === 'terraform' && name === 'workspace') return { value: stringValue('default'), used: 1 };
      throw new Error(`the corpus does not declare ${root}.${name}`);
    },
  };
  return scope;
}

const scopes: Readonly<Record<Phase, Scope>> = { validate: scopeOf('validate'), plan: scopeOf('plan') };

function parsed(json: Json) {
  return parseValue(json, (problem) => {
    throw problem;
  });
}

/** Keyform's answer, told as Terraform's is. */
export function keyformSays(one: Case, phase: Phase): Answer | Refusal {
  try {
    return answerOf(evaluate(expressionOf(one), scopes[phase]));
  } catch (error) {
    if (error instanceof SyntaxProblem) return refusal(error, true);
    if (error instanceof EvaluationProblem) return refusal(error, false);
    // A defect, of no class; told like any other difference, so that the cases after it are compared.
    return { error: `thrown ${error instanceof Error ? error.stack : error}`, detail: '', column: null, syntax: false };
  }
}

function refusal({ message, detail, column }: SyntaxProblem | EvaluationProblem, syntax: boolean): Refusal {
  return { error: message, detail, column, syntax };
}

function expressionOf(one: Case): Expression {
  if (one.text !== undefined) return parseTemplate(`\${${one.text}}`);
  if (one.source === undefined) return parsed(one.json as Json);
  const read = sources.get(one.source);
  if (read instanceof Error) throw new EvaluationProblem(read.message, null, '');
  return parsed(read as Json);
}

/** What the loader reads the JSON texts of the corpus as, or its refusal. */
const sources: ReadonlyMap<string, Json | Error> = new Map(
  await Promise.all(
    [...readCorpus().values()]
      .flatMap(({ cases }) => cases)
      .flatMap(({ source }) => (source === undefined ? [] : [source]))
      .map(async (source): Promise<readonly [string, Json | Error]> => {
        const files = [{ file: 'main.tf.json', text: `{ "case": ${source} }` }];
        const rest = {
          name: 'corpus',
          origin: 'json',
          folder: '.',
          modules: [],
          autoVariables: [],
          dependencies: [],
        } as const;
        try {
          const { files: all } = await parseStack({ ...rest, files });
          const content = all[0]?.content;
          return [source, content instanceof Object && 'case' in content ? (content.case ?? null) : null];
        } catch (error) {
          if (error instanceof DiagnosticsError) return [source, error];
          throw error;
        }
      }),
  ),
);

/** What Keyform's loader says of a stack with the case in it, before anything is evaluated; null when nothing. */
export function loaderSays(one: Case): Refusal | null {
  const report = new Report();
  const content = {
    variable: module.variable,
    locals: { ...module.locals, case: JSON.parse(sourceOf(one)) as Json },
    resource: { terraform_data: { later: { input: 'x' } } },
  };
  const files = [{ file: 'main.tf.json', content: content as unknown as Json }];
  wire(readConfiguration({ name: 'corpus', files, modules: new Map() }, [], report), report);
  const [first] = report.diagnostics.filter(({ severity }) => severity === 'error');
  if (first === undefined) return null;
  return { error: first.summary, detail: first.detail, column: first.place?.column ?? null, syntax: false };
}

/** A value in the words of the record. */
export function answerOf(value: Typed): Answer {
  const sensitive: string[] = [];
  const unknown: string[] = [];
  const json = tell(value, '', sensitive, unknown, false);
  return {
    type: squeeze(typeText(value.type)),
    value: json ?? null,
    ...(sensitive.length > 0 ? { sensitive } : {}),
    ...(unknown.length > 0 ? { unknown } : {}),
  };
}

function tell(value: Typed, path: string, sensitive: string[], unknown: string[], hidden: boolean): Json | undefined {
  if (value.sensitive && !hidden) sensitive.push(path);
  const within = hidden || value.sensitive;
  if (isUnknown(value)) {
    unknown.push(path);
    return undefined;
  }
  const { content } = value;
  // A plan does not keep the sign of zero.
  if (content instanceof Num) return content.sign() === 0 ? '0' : content.toString();
  if (content === null || typeof content !== 'object') return content;
  if (content instanceof Map) {
    const told: Record<string, Json> = {};
    for (const [key, part] of content as ReadonlyMap<string, Typed>) {
      const json = tell(part, `${path}/${pointerStep(key)}`, sensitive, unknown, within);
      if (json !== undefined) Object.defineProperty(told, key, { value: json, enumerable: true });
    }
    return told;
  }
  return (content as readonly Typed[]).map(
    (part, index) => tell(part, `${path}/${index}`, sensitive, unknown, within) ?? null,
  );
}
