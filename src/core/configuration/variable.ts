import type { Place } from '../diagnostic.ts';
import type { Json } from '../json.ts';
import { EvaluationProblem } from '../language/evaluate.ts';
import { sensitive, type Value } from '../language/value.ts';
import { didYouMean } from '../suggest.ts';
import {
  type Body,
  bodiesOf,
  checkName,
  literalBoolean,
  literalString,
  type Path,
  placeIn,
  type Report,
  refuseUnknownKeys,
} from './block.ts';
import { convert, formatType, parseType, type TypeConstraint } from './type.ts';

/** A declared input variable. */
export interface Variable {
  readonly name: string;
  readonly type: TypeConstraint;
  /** Undefined when there is none: a value must be given. */
  readonly default: Json | undefined;
  readonly sensitive: boolean;
  readonly nullable: boolean;
  readonly place: Place;
}

/** A value handed in from outside. */
export interface VariableInput {
  readonly name: string;
  /** Where it came from, for messages: `-var`, `TF_VAR_x`, a file's name. */
  readonly origin: string;
  /** Text from a command line or environment is parsed by the variable's type; JSON from a file is taken as it is. */
  readonly value: { readonly text: string } | { readonly json: Json };
  /** A name that nothing declares is an error where it was given on purpose, and ignored in the environment or an auto-loaded file. */
  readonly mustExist: boolean;
}

const LATER = {
  validation:
    'Validation blocks arrive with the whole language of stacks. Remove the block, or check the value where it is made.',
  ephemeral: 'Ephemeral values cannot be kept, and Keyform keeps what it applied. Use "sensitive" instead.',
};

/** Reads the `variable` blocks of one file into `variables`. */
export function readVariables(
  file: string,
  path: Path,
  value: Json,
  variables: Map<string, Variable>,
  report: Report,
): void {
  for (const group of bodiesOf(file, path, value, '"variable"', report)) {
    for (const [name, item] of Object.entries(group.value)) {
      if (name === '//') continue;
      for (const body of bodiesOf(file, [...group.path, name], item, `variable "${name}"`, report)) {
        if (!checkName(placeIn(body), 'variable', name, report)) continue;
        const variable = readVariable(name, body, report);
        if (variables.has(name)) {
          report.error(placeIn(body), `Variable "${name}" is declared twice`, 'Remove one of the declarations.');
        } else variables.set(name, variable);
      }
    }
  }
}

function readVariable(name: string, body: Body, report: Report): Variable {
  refuseUnknownKeys(
    body,
    ['type', 'default', 'description', 'sensitive', 'nullable'],
    'A variable block',
    report,
    LATER,
  );
  literalString(body, 'description', report);
  let type: TypeConstraint = { kind: 'any' };
  const written = body.value.type;
  if (written !== undefined) {
    // CDKTF and hand-written stacks give the type as text, with or without ${ } around it.
    const text = typeof written === 'string' ? written.replace(/^\$\{(.*)\}$/s, '$1') : null;
    const parsed = text === null ? null : parseType(text);
    if (parsed === null) {
      report.error(
        placeIn(body, 'type'),
        `Unsupported type of variable "${name}"`,
        'This version knows string, number, bool, any, and list(…), set(…), map(…) of those.',
      );
    } else type = parsed;
  }
  let fallback = body.value.default;
  if (fallback !== undefined) {
    try {
      fallback = convert(fallback, type);
    } catch (error) {
      report.error(placeIn(body, 'default'), `Invalid default of variable "${name}"`, `${(error as Error).message}.`);
    }
  }
  return {
    name,
    type,
    default: fallback,
    sensitive: literalBoolean(body, 'sensitive', false, report),
    nullable: literalBoolean(body, 'nullable', true, report),
    place: placeIn(body),
  };
}

/**
 * The values of all variables: the last input that names one wins, else its default. Missing, undeclared and unfitting
 * values are reported, never shown.
 */
export function resolveVariables(
  variables: ReadonlyMap<string, Variable>,
  inputs: readonly VariableInput[],
  report: Report,
): Map<string, Value> {
  const given = new Map<string, VariableInput>();
  for (const input of inputs) {
    if (variables.has(input.name)) given.set(input.name, input);
    else if (input.mustExist) {
      report.error(
        undefined,
        `Value for undeclared variable "${input.name}"`,
        `${input.origin} sets it, but the stack declares no such variable.${didYouMean(input.name, [...variables.keys()])}`,
      );
    }
  }
  const values = new Map<string, Value>();
  for (const variable of variables.values()) {
    const input = given.get(variable.name);
    let value: Json | undefined = variable.default;
    if (input !== undefined) {
      try {
        value = convert(inputJson(input, variable.type), variable.type);
      } catch (error) {
        report.error(
          variable.place,
          `Invalid value for variable "${variable.name}"`,
          `The value from ${input.origin} does not fit: ${(error as Error).message}.`,
        );
        continue;
      }
      if (value === null && !variable.nullable && variable.default !== undefined) value = variable.default;
    }
    if (value === undefined) {
      report.error(
        variable.place,
        `No value for required variable "${variable.name}"`,
        `Give one with -var '${variable.name}=…', a -var-file, or the environment variable KEYFORM_VAR_${variable.name} (or TF_VAR_${variable.name}), or declare a default.`,
      );
    } else if (value === null && !variable.nullable) {
      report.error(
        variable.place,
        `Variable "${variable.name}" must not be null`,
        'It is declared with nullable = false.',
      );
    } else values.set(variable.name, variable.sensitive ? sensitive(value) : value);
  }
  return values;
}

function inputJson(input: VariableInput, type: TypeConstraint): Json {
  if ('json' in input.value) return input.value.json;
  const { text } = input.value;
  if (type.kind === 'string' || type.kind === 'number' || type.kind === 'bool' || type.kind === 'any') return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new Error(`${formatType(type)} required, written as JSON`);
  }
}

/** The error for a name that no variable has. */
export function undeclaredVariable(name: string, variables: Iterable<string>, column: number): EvaluationProblem {
  return new EvaluationProblem(
    `Reference to undeclared variable "${name}"`,
    column,
    `Declare it with a "variable" block.${didYouMean(name, [...variables])}`,
  );
}
