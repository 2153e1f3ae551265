import type { Report } from '../configuration/block.ts';
import { judge } from '../evaluation/condition.ts';
import type { Evaluation } from '../evaluation/evaluation.ts';
import { MissingValue, placeOf } from '../evaluation/problem.ts';
import { EvaluationProblem } from '../expression/problem.ts';

/** Holds the variables of all modules to their `validation` blocks, as far as they are known. What does not hold is reported. */
export function checkVariables(evaluation: Evaluation, report: Report): void {
  for (const module of evaluation.configuration.modules.values()) {
    const validated = [...module.variables.values()].filter(({ validations }) => validations.length > 0);
    if (validated.length === 0) continue;
    for (const scope of scopesOf(evaluation, module.path)) {
      for (const variable of validated) {
        const written = module.call?.args.get(variable.name);
        for (const validation of variable.validations) {
          try {
            const { holds, message } = judge(validation, scope);
            if (holds !== false) continue;
            report.error(
              written?.place ?? variable.place,
              'Invalid value for variable',
              `${message}\nThis was checked by a validation block of variable "${variable.name}".`,
            );
          } catch (error) {
            if (error instanceof MissingValue) continue;
            if (!(error instanceof EvaluationProblem)) throw error;
            report.error(placeOf(error, validation.condition.place), error.message, error.detail);
          }
        }
      }
    }
  }
}

/** The instances of a module; none while they cannot be told, which is for whoever plans them to say. */
function scopesOf(evaluation: Evaluation, path: string): ReturnType<Evaluation['modules']> {
  try {
    return evaluation.modules(path);
  } catch (error) {
    if (!(error instanceof MissingValue) && !(error instanceof EvaluationProblem)) throw error;
    return [];
  }
}
