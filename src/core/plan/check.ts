import type { Report } from '../configuration/block.ts';
import type { Configuration } from '../configuration/stack.ts';
import { judge } from '../evaluation/condition.ts';
import type { Evaluation } from '../evaluation/evaluation.ts';
import { MissingValue, placeOf } from '../evaluation/problem.ts';
import { EvaluationProblem } from '../expression/problem.ts';
import type { CheckResult } from './plan.ts';

/** Looks at every check block. What does not hold is a warning, and stops nothing. */
export function runChecks(configuration: Configuration, evaluation: Evaluation, report: Report): CheckResult[] {
  return [...configuration.checks.values()].flatMap((check) => {
    let scopes: ReturnType<Evaluation['modules']>;
    try {
      scopes = evaluation.modules(check.module);
    } catch (error) {
      if (!(error instanceof MissingValue) && !(error instanceof EvaluationProblem)) throw error;
      return [{ address: check.address, status: 'unknown' as const, problems: [] }];
    }
    return scopes.map((scope): CheckResult => {
      const address = `${scope.prefix}check.${check.name}`;
      const problems: string[] = [];
      let status: CheckResult['status'] = 'pass';
      for (const assertion of check.assertions) {
        try {
          const { holds, message } = judge(assertion, scope);
          if (holds === true) continue;
          if (holds === null) {
            if (status === 'pass') status = 'unknown';
            continue;
          }
          if (status !== 'error') status = 'fail';
          problems.push(message);
          report.warn(assertion.condition.place, 'Check block assertion failed', message, address);
        } catch (error) {
          if (error instanceof MissingValue) {
            if (status === 'pass') status = 'unknown';
            continue;
          }
          if (!(error instanceof EvaluationProblem)) throw error;
          status = 'error';
          problems.push(error.message);
          report.warn(placeOf(error, assertion.condition.place), error.message, error.detail, address);
        }
      }
      return { address, status, problems };
    });
  });
}
