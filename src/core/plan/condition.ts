import type { Report } from '../configuration/block.ts';
import type { DataBlock } from '../configuration/data.ts';
import type { Condition } from '../configuration/lifecycle.ts';
import type { ResourceBlock } from '../configuration/resource.ts';
import { judge } from '../evaluation/condition.ts';
import type { InstanceScope } from '../evaluation/module.ts';
import { placeOf } from '../evaluation/problem.ts';
import { EvaluationProblem } from '../expression/problem.ts';

/** Whether all conditions hold, as far as they are known. One that does not, or is no condition, is reported. */
export function conditionsHold(
  conditions: readonly Condition[],
  what: 'precondition' | 'postcondition',
  block: ResourceBlock | DataBlock,
  scope: InstanceScope,
  report: Report,
): boolean {
  let all = true;
  for (const condition of conditions) {
    try {
      const { holds, message } = judge(condition, scope);
      if (holds !== false) continue;
      report.error(condition.condition.place, `Resource ${what} failed`, message, block.address);
    } catch (error) {
      if (!(error instanceof EvaluationProblem)) throw error;
      report.error(placeOf(error, condition.condition.place), error.message, error.detail, block.address);
    }
    all = false;
  }
  return all;
}
