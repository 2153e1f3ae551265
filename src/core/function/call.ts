import { ConversionProblem, convert } from '../typed/convert.ts';
import { constraintText, friendlyName } from '../typed/format.ts';
import type { Type } from '../typed/type.ts';
import { isNull, isSensitiveWithin, isUnknown, marked, type Typed, unknownValue, unmarkDeep } from '../typed/typed.ts';
import { type FunctionContext, FunctionProblem, type FunctionSpec, type Parameter } from './spec.ts';

/** Why so many arguments will not do, as a sentence; null when they will. */
export function arityProblem(spec: FunctionSpec, count: number): string | null {
  const wanted = spec.parameters.length;
  const least = spec.variadic === null ? '' : 'at least ';
  const missing = spec.parameters[count];
  if (missing !== undefined)
    return `Function "${spec.name}" expects ${least}${plural(wanted)}. Missing value for "${missing.name}".`;
  if (count > wanted && spec.variadic === null) return `Function "${spec.name}" expects only ${plural(wanted)}.`;
  return null;
}

function plural(count: number): string {
  return `${count} argument${count === 1 ? '' : 's'}`;
}

/**
 * Calls a function as Terraform does (go-cty's `function.Function.Call` and what HCL does before it): converts every argument to its
 * parameter's type, refuses nulls, answers "unknown" where the function is not made for unknown arguments, takes marks off deeply and
 * puts them on the result.
 *
 * Throws {@link FunctionProblem}: `argument` says which one is at fault, and the message is the reason alone, without name of function or
 * parameter. What a function says of arguments that it got with their marks taken off is left out, as it may quote them.
 */
export function callFunction(spec: FunctionSpec, args: readonly Typed[], context: FunctionContext): Typed {
  const wrong = arityProblem(spec, args.length);
  if (wrong !== null) throw new FunctionProblem(wrong);
  const given = args.map((argument, index) => converted(argument, parameterOf(spec, index), index));

  let sensitive = false;
  let dynamic = false;
  let unknown = false;
  for (let index = 0; index < given.length; index++) {
    const argument = given[index] as Typed;
    const parameter = parameterOf(spec, index);
    // The first argument of a type not known yet ends the checks: what the function wants of the others may depend on it.
    if (!dynamic) {
      if (isNull(argument) && parameter.allowNull !== true)
        throw new FunctionProblem('argument must not be null', index);
      if (argument.type.kind === 'dynamic' && parameter.allowDynamic !== true) dynamic = true;
    }
    if (isUnknown(argument) && parameter.allowUnknown !== true) unknown = true;
    if (parameter.allowMarked === true) continue;
    const plain = unmarkDeep(argument);
    if (!plain.sensitive) continue;
    given[index] = plain.value;
    sensitive = true;
  }
  if (dynamic) return marked(unknownValue(), sensitive);

  const type = guarded(sensitive, () => spec.returns(given));
  const result = unknown ? unknownValue(type) : guarded(sensitive, () => spec.call(given, type, context));
  return finished(result, sensitive, spec);
}

function parameterOf(spec: FunctionSpec, index: number): Parameter {
  const parameter = spec.parameters[index] ?? spec.variadic;
  if (parameter === null) throw new RangeError(`no parameter ${index} in ${spec.name}`);
  return parameter;
}

function converted(argument: Typed, parameter: Parameter, index: number): Typed {
  if (parameter.type.kind === 'dynamic' || parameter.type === argument.type) return argument;
  try {
    return convert(argument, parameter.type);
  } catch (error) {
    if (!(error instanceof ConversionProblem)) throw error;
    throw new FunctionProblem(
      isSensitiveWithin(argument)
        ? `${requirement(parameter.type)}, and this sensitive value cannot be made one`
        : described(error),
      index,
    );
  }
}

function requirement(type: Type): string {
  return type.kind === 'number' || type.kind === 'bool' || type.kind === 'string'
    ? `a ${friendlyName(type)} is required`
    : `${constraintText(type)} is required`;
}

function described(problem: ConversionProblem): string {
  if (problem.path.length === 0) return problem.message;
  const path = problem.path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `[${JSON.stringify(step)}]`))
    .join('');
  return `${path}: ${problem.message}`;
}

/** What the function does, its reasons hidden when marks were taken off its arguments. */
function guarded<T>(sensitive: boolean, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!sensitive || !(error instanceof FunctionProblem)) throw error;
    throw new FunctionProblem('the reason is not shown, because it may quote a sensitive argument', error.argument);
  }
}

function finished(result: Typed, sensitive: boolean, spec: FunctionSpec): Typed {
  const refined =
    spec.notNull === true &&
    isUnknown(result) &&
    result.type.kind !== 'dynamic' &&
    (result.content as { notNull?: boolean }).notNull !== true
      ? marked(unknownValue(result.type, true), result.sensitive)
      : result;
  return sensitive ? marked(refined, true) : refined;
}
