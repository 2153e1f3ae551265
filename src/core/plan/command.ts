import type { Report, Written } from '../configuration/block.ts';
import type { Provisioner } from '../configuration/provisioner.ts';
import type { Place } from '../diagnostic.ts';
import { MissingValue, placeOf } from '../evaluation/problem.ts';
import { evaluate, type Scope } from '../expression/evaluate.ts';
import type { Expression } from '../expression/expression.ts';
import { EvaluationProblem } from '../expression/problem.ts';
import { Secret } from '../secret.ts';
import { ConversionProblem, convert } from '../typed/convert.ts';
import { BOOL, listType, mapType, STRING, type Type } from '../typed/type.ts';
import { isKnownWithin, isNull, isSensitiveWithin, isUnknown, partsOf, type Typed } from '../typed/typed.ts';

/** What a `provisioner "local-exec"` runs. */
export interface Command {
  readonly text: string;
  /** What the text is handed to, program first; null for the system's shell. Empty where the text itself names a program. */
  readonly interpreter: readonly string[] | null;
  /** As written; null for the project folder. */
  readonly folder: string | null;
  /** Variables beyond those that every command gets. May hold secrets: the one way in which they reach a command. */
  readonly environment: Readonly<Record<string, string>>;
  /** What is sensitive in `environment`: its values, and the values that they were made from. */
  readonly secrets: readonly Secret[];
  /** The command is not shown. */
  readonly quiet: boolean;
}

/** Types of the arguments, as Terraform's provisioner declares them. */
const TYPES: Readonly<Record<string, Type>> = {
  command: STRING,
  interpreter: listType(STRING),
  working_dir: STRING,
  environment: mapType(STRING),
  quiet: BOOL,
};

/** Everybody on the machine can read these of a process that runs, and they are printed. */
const OPEN: ReadonlySet<string> = new Set(['command', 'interpreter', 'working_dir']);

/**
 * The command of a provisioner, its arguments converted as Terraform does. Null when a problem was reported, and when something is not
 * known yet. Problems: an expression without a value, a wrong type, no command, and a sensitive value anywhere but in the
 * environment. Throws {@link MissingValue} as evaluation does.
 */
export function commandOf(provisioner: Provisioner, scope: Scope, report: Report, address: string): Command | null {
  let sound = true;
  const fail = (place: Place, summary: string, detail: string) => {
    sound = false;
    report.error(place, summary, detail, address);
  };
  const values = new Map<string, Typed>();
  for (const [name, type] of Object.entries(TYPES)) {
    const written = provisioner.args.get(name);
    const value = written === undefined ? null : argument(name, type, written, scope, fail);
    if (value !== null) values.set(name, value);
  }
  const text = values.get('command');
  if (text !== undefined && (isNull(text) || text.content === '')) {
    const place = provisioner.args.get('command')?.place ?? provisioner.place;
    fail(place, 'Invalid local-exec provisioner command', 'The command must be a non-empty string.');
  }
  if (!sound || text === undefined || ![...values.values()].every(isKnownWithin)) return null;
  const interpreter = values.get('interpreter');
  const environment = values.get('environment');
  const variables = entriesOf(environment);
  const written = provisioner.args.get('environment');
  return {
    text: textOf(text) ?? '',
    // Terraform leaves out elements and variables that are null.
    interpreter:
      interpreter === undefined || partsOf(interpreter).length === 0
        ? null
        : partsOf(interpreter).flatMap((part) => textOf(part) ?? []),
    folder: textOf(values.get('working_dir')) || null,
    environment: Object.fromEntries(
      variables.flatMap(([name, value]) => {
        const content = textOf(value);
        return content === null ? [] : [[name, content]];
      }),
    ),
    secrets: [
      ...(environment === undefined ? [] : sensitiveTexts(environment)),
      ...(written === undefined ? [] : ingredients(written.expression, scope)),
    ].map((secret) => new Secret(secret)),
    quiet: values.get('quiet')?.content === true,
  };
}

/**
 * Reports what is wrong with a provisioner as far as that can be told now, above all a sensitive value in its command line, so that a plan
 * refuses what apply would refuse. What has no value because something else was refused is passed over.
 */
export function refuseSensitive(provisioner: Provisioner, scope: Scope, report: Report, address: string): void {
  try {
    commandOf(provisioner, scope, report, address);
  } catch (error) {
    if (!(error instanceof MissingValue)) throw error;
  }
}

type Fail = (place: Place, summary: string, detail: string) => void;

/** The value of an argument in its type; null when there is a problem, which went to `fail`. */
function argument(name: string, type: Type, written: Written, scope: Scope, fail: Fail): Typed | null {
  const { expression, place } = written;
  let value: Typed;
  try {
    const found = evaluate(expression, scope);
    if (OPEN.has(name) && isSensitiveWithin(found)) {
      fail(sensitivePlace(written, scope), `Sensitive value in "${name}" of a provisioner`, REMEDY);
      return null;
    }
    value = convert(found, type);
  } catch (error) {
    if (error instanceof EvaluationProblem) fail(placeOf(error, place), error.message, error.detail);
    else if (error instanceof ConversionProblem)
      fail(place, 'Incorrect attribute value type', `Inappropriate value for attribute "${name}": ${error.message}.`);
    else throw error;
    return null;
  }
  // No system takes it, and what refuses it would quote the value.
  if (textsOf(value).some((text) => text.includes('\0'))) {
    fail(place, `NUL character in "${name}" of a provisioner`, 'No command and no variable of a process can hold one.');
    return null;
  }
  const bad = name === 'environment' ? entriesOf(value).find(([key]) => key === '' || /[=\0]/.test(key)) : undefined;
  if (bad !== undefined) {
    fail(place, 'Invalid name of an environment variable', 'It is empty, or holds "=" or a NUL character.');
    return null;
  }
  return value;
}

const REMEDY =
  'A command line is shown by plans and logs, and to everybody on the machine while it runs. Put the value into "environment", and use it in the command as $NAME.';

/** Where in an argument the first sensitive value is: the element at fault, and the column of what it refers to. */
function sensitivePlace({ expression, place }: Written, scope: Scope): Place {
  const found = expression.kind === 'tuple' ? expression.items.findIndex((item) => isSensitive(item, scope)) : -1;
  const item = expression.kind === 'tuple' ? expression.items[found] : undefined;
  const at = { ...place, path: item === undefined ? place.path : [...place.path, found] };
  for (const chain of chainsIn(item ?? expression))
    if (isSensitive(chain, scope)) return { ...at, column: startOf(chain) };
  return at;
}

/** Where a chain begins: its own column is that of its last step. */
function startOf(expression: Expression): number {
  return expression.kind === 'attribute' || expression.kind === 'index' ? startOf(expression.of) : expression.column;
}

function isSensitive(expression: Expression, scope: Scope): boolean {
  const value = valueAlone(expression, scope);
  return value !== null && isSensitiveWithin(value);
}

/** The sensitive texts that an expression is made from: a command may take what it was given apart again. */
function ingredients(expression: Expression, scope: Scope): readonly string[] {
  return [...chainsIn(expression)].flatMap((chain) => {
    const value = valueAlone(chain, scope);
    return value === null ? [] : sensitiveTexts(value);
  });
}

/** The value of a part of an expression; null where it has none by itself, as what depends on a name that a `for` binds. */
function valueAlone(expression: Expression, scope: Scope): Typed | null {
  try {
    return evaluate(expression, scope);
  } catch (error) {
    if (error instanceof EvaluationProblem || error instanceof MissingValue) return null;
    throw error;
  }
}

/** References with the steps that follow them, as long as they can be: `TYPE.NAME[each.key].secret` as one, and what is in its brackets. */
function* chainsIn(node: unknown): Generator<Expression> {
  if (typeof node !== 'object' || node === null) return;
  if ('kind' in node) {
    const expression = node as Expression;
    if (isChain(expression)) {
      yield expression;
      for (let at = expression; at.kind === 'attribute' || at.kind === 'index'; at = at.of)
        if (at.kind === 'index') yield* chainsIn(at.key);
      return;
    }
  }
  for (const part of Object.values(node)) yield* chainsIn(part);
}

function isChain(expression: Expression): boolean {
  if (expression.kind === 'reference') return true;
  return (expression.kind === 'attribute' || expression.kind === 'index') && isChain(expression.of);
}

function entriesOf(value: Typed | undefined): readonly (readonly [string, Typed])[] {
  return value?.content instanceof Map ? [...(value.content as ReadonlyMap<string, Typed>)] : [];
}

function textOf(value: Typed | undefined): string | null {
  return typeof value?.content === 'string' ? value.content : null;
}

/** Texts that a value holds, itself included. */
function textsOf(value: Typed): readonly string[] {
  const text = textOf(value);
  return text !== null ? [text] : partsOf(value).flatMap(textsOf);
}

/** Texts under a mark, with numbers as they are printed. A single `true` is no secret that could be looked for. */
function sensitiveTexts(value: Typed): readonly string[] {
  if (isUnknown(value) || isNull(value)) return [];
  if (!value.sensitive) return partsOf(value).flatMap(sensitiveTexts);
  return flatten(value);
}

function flatten(value: Typed): readonly string[] {
  if (isUnknown(value) || isNull(value)) return [];
  if (value.type.kind === 'string' || value.type.kind === 'number') return [textOf(convert(value, STRING)) ?? ''];
  return partsOf(value).flatMap(flatten);
}
