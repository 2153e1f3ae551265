import { type FunctionContext, FunctionProblem, type FunctionSpec } from '../function/spec.ts';
import { DYNAMIC } from '../typed/type.ts';
import type { Typed } from '../typed/typed.ts';
import { evaluate, type Scope } from './evaluate.ts';
import type { Expression } from './expression.ts';
import { parseTemplate } from './parse.ts';
import { EvaluationProblem, SyntaxProblem } from './problem.ts';
import { references } from './reference.ts';

/** Functions that render templates, and that none may call in turn. */
const RENDERING: ReadonlySet<string> = new Set(['templatefile', 'templatestring']);

/** Letters, digits, underscores and dashes, as every name of the language. */
const NAME = /^[\p{L}_][\p{L}\p{N}_-]*$/u;

/**
 * The value of a template that comes from a file or a variable, for {@link FunctionContext.renderTemplate}: what `templatefile` does with
 * its text. It sees `variables` and functions, nothing else. `name` is the file's, for messages. Hand the variables in with their marks:
 * messages hide what is marked. Throws {@link FunctionProblem}, argument 0 for the text and 1 for the variables.
 * https://developer.hashicorp.com/terraform/language/functions/templatefile
 */
export function renderTemplate(
  text: string,
  name: string,
  variables: ReadonlyMap<string, Typed>,
  functions: FunctionContext,
): Typed {
  for (const variable of variables.keys())
    if (!NAME.test(variable))
      throw new FunctionProblem(
        'a template variable has a name that no template can use: names begin with a letter and go on with letters, digits and underscores',
        1,
      );
  const template = parsed(text, name);
  for (const { root, column } of references(template))
    if (!variables.has(root))
      throw new FunctionProblem(
        `the variables have no "${root}", which ${name} refers to${place(column)}; a template sees only the variables that are handed to it`,
        1,
      );
  let value: Typed;
  try {
    value = evaluate(template, scopeOf(variables, functions));
  } catch (error) {
    if (!(error instanceof EvaluationProblem)) throw error;
    throw new FunctionProblem(`${name}${place(error.column)}: ${error.message}: ${error.detail}`);
  }
  if (value.content === null) throw new FunctionProblem(`the result of ${name} is null`);
  return value;
}

function place(column: number | null): string {
  return column === null ? '' : ` at character ${column}`;
}

function parsed(text: string, name: string): Expression {
  try {
    return parseTemplate(text);
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error;
    throw new FunctionProblem(`${name}${place(error.column)}: ${error.message}: ${error.detail}`, 0);
  }
}

function scopeOf(variables: ReadonlyMap<string, Typed>, functions: FunctionContext): Scope {
  return {
    lookup(reference) {
      const value = variables.get(reference.root);
      if (value === undefined) throw new RangeError('a reference that was not checked');
      return { value, used: 0 };
    },
    functions,
    call: (name) => (RENDERING.has(name) ? recursive(name) : undefined),
  };
}

/** In place of a function that renders templates: one that fails whatever it is given. */
function recursive(name: string): FunctionSpec {
  const fail = (): never => {
    throw new FunctionProblem(`${name} cannot be called from inside another template`);
  };
  const any = { name: 'arguments', type: DYNAMIC, allowNull: true, allowUnknown: true, allowDynamic: true } as const;
  return { name, parameters: [], variadic: any, returns: fail, call: fail };
}
