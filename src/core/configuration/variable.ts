import type { Place } from '../diagnostic.ts';
import { evaluate } from '../expression/evaluate.ts';
import { parseExpression } from '../expression/parse.ts';
import { EvaluationProblem, SyntaxProblem } from '../expression/problem.ts';
import { calls } from '../expression/reference.ts';
import type { Json } from '../json.ts';
import { didYouMean } from '../suggest.ts';
import { type Constraint, parseConstraint } from '../typed/constraint.ts';
import { applyDefaults, ConversionProblem, convert } from '../typed/convert.ts';
import { constraintText } from '../typed/format.ts';
import { fromJson } from '../typed/json.ts';
import { DYNAMIC } from '../typed/type.ts';
import { isNull, marked, stringValue, type Typed } from '../typed/typed.ts';
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
import { type Condition, readConditions } from './lifecycle.ts';

/** A declared input variable. */
export interface Variable {
  readonly name: string;
  readonly constraint: Constraint;
  /** Converted to the type. Null when there is none: a value must be given. */
  readonly default: Typed | null;
  readonly sensitive: boolean;
  readonly nullable: boolean;
  readonly validations: readonly Condition[];
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
    ['type', 'default', 'description', 'sensitive', 'nullable', 'validation'],
    'A variable block',
    report,
    LATER,
  );
  literalString(body, 'description', report);
  const constraint = readConstraint(name, body, report);
  const nullable = literalBoolean(body, 'nullable', true, report);
  let fallback: Typed | null = null;
  if (body.value.default !== undefined) {
    try {
      fallback = conform(fromJson(body.value.default), constraint);
      if (isNull(fallback) && !nullable)
        report.error(
          placeIn(body, 'default'),
          `Invalid default of variable "${name}"`,
          'It is null, and the variable is declared with nullable = false.',
        );
    } catch (error) {
      if (!(error instanceof ConversionProblem)) throw error;
      report.error(
        placeIn(body, 'default', ...error.path),
        `Invalid default of variable "${name}"`,
        `This default value is not compatible with the variable's type constraint: ${error.message}.`,
      );
    }
  }
  return {
    name,
    constraint,
    default: fallback,
    sensitive: literalBoolean(body, 'sensitive', false, report),
    nullable,
    validations: readConditions(body, 'validation', report),
    place: placeIn(body),
  };
}

function readConstraint(name: string, body: Body, report: Report): Constraint {
  const written = body.value.type;
  if (written === undefined || written === null) return { type: DYNAMIC, defaults: null };
  if (typeof written !== 'string') {
    report.error(
      placeIn(body, 'type'),
      `Invalid type of variable "${name}"`,
      'Write the type as text, such as "list(string)".',
    );
    return { type: DYNAMIC, defaults: null };
  }
  try {
    // CDKTF and hand-written stacks give the type as text, with or without ${ } around it.
    return parseConstraint(written.trim().replace(/^\$\{(.*)\}$/s, '$1'));
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error;
    report.error(
      { ...placeIn(body, 'type'), column: error.column },
      `Invalid type of variable "${name}"`,
      `${error.message}. ${error.detail}`,
    );
    return { type: DYNAMIC, defaults: null };
  }
}

/** A value in the type of a variable, optional attributes filled in. Throws {@link ConversionProblem}. */
export function conform(value: Typed, { type, defaults }: Constraint): Typed {
  return convert(defaults === null ? value : applyDefaults(value, defaults), type);
}

/**
 * The values of all variables: the last input that names one wins, else its default. Missing, undeclared and unfitting
 * values are reported, never shown. Validations are not looked at.
 */
export function resolveVariables(
  variables: ReadonlyMap<string, Variable>,
  inputs: readonly VariableInput[],
  report: Report,
): Map<string, Typed> {
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
  const values = new Map<string, Typed>();
  for (const variable of variables.values()) {
    const input = given.get(variable.name);
    let value: Typed | null = variable.default;
    if (input !== undefined) {
      try {
        value = conform(inputValue(input, variable.constraint), variable.constraint);
      } catch (error) {
        if (!(error instanceof ConversionProblem)) throw error;
        const at = error.path.length === 0 ? '' : ` at ${error.path.map((part) => JSON.stringify(part)).join('.')}`;
        report.error(
          variable.place,
          `Invalid value for variable "${variable.name}"`,
          `The value from ${input.origin} does not fit${at}: ${error.message}.`,
        );
        continue;
      }
      if (isNull(value) && !variable.nullable && variable.default !== null) value = variable.default;
    }
    if (value === null) {
      report.error(
        variable.place,
        `No value for required variable "${variable.name}"`,
        `Give one with -var '${variable.name}=…', a -var-file, or the environment variable KEYFORM_VAR_${variable.name} (or TF_VAR_${variable.name}), or declare a default.`,
      );
    } else if (isNull(value) && !variable.nullable) {
      report.error(
        variable.place,
        `Variable "${variable.name}" must not be null`,
        'It is declared with nullable = false.',
      );
    } else values.set(variable.name, variable.sensitive ? marked(value, true) : value);
  }
  return values;
}

/** Text is taken literally for a primitive type, and read as an expression for any other, as Terraform does. */
function inputValue(input: VariableInput, { type }: Constraint): Typed {
  if ('json' in input.value) return fromJson(input.value.json);
  const { text } = input.value;
  if (type.kind === 'string' || type.kind === 'number' || type.kind === 'bool' || type.kind === 'dynamic')
    return stringValue(text);
  const wanted = `${constraintText(type)} required, written as an expression: '["a", "b"]', '{"key": "value"}'`;
  try {
    const expression = parseExpression(text);
    if (!calls(expression).next().done) throw new ConversionProblem(wanted);
    return evaluate(expression, CONSTANT);
  } catch (error) {
    if (!(error instanceof SyntaxProblem) && !(error instanceof EvaluationProblem)) throw error;
    throw new ConversionProblem(wanted);
  }
}

/** Knows no name: what a command line gives refers to nothing. */
const CONSTANT: Parameters<typeof evaluate>[1] = {
  lookup: (reference) => {
    throw new EvaluationProblem(
      'Variables not allowed',
      reference.column,
      'A value given from outside refers to nothing.',
    );
  },
  functions: {
    planTime: null,
    now: null,
    readFile: () => null,
    renderTemplate: () => {
      throw new Error('what a command line gives calls no functions');
    },
  },
};

/** The error for a name that no variable has. */
export function undeclaredVariable(name: string, variables: Iterable<string>, column: number): EvaluationProblem {
  return new EvaluationProblem(
    `Reference to undeclared input variable "${name}"`,
    column,
    `Declare it with a "variable" block.${didYouMean(name, [...variables])}`,
  );
}
