import type { Condition } from '../configuration/lifecycle.ts';
import { evaluate, type Scope } from '../expression/evaluate.ts';
import { EvaluationProblem } from '../expression/problem.ts';
import { isKnownWithin, isUnknown } from '../typed/typed.ts';
import { placed } from './problem.ts';

/** What became of a condition: whether it holds, or null when that is not known yet; and what to say when it does not. */
export function judge(
  condition: Condition,
  scope: Scope,
): { readonly holds: boolean | null; readonly message: string } {
  const holds = placed(condition.condition.place, () => {
    const value = evaluate(condition.condition.expression, scope);
    if (isUnknown(value)) return null;
    const { content } = value;
    const bool = content === 'true' ? true : content === 'false' ? false : content;
    if (typeof bool !== 'boolean')
      throw new EvaluationProblem(
        'Invalid condition result',
        null,
        'The condition expression must return true or false.',
      );
    return bool;
  });
  if (holds !== false) return { holds, message: '' };
  const message = placed(condition.message.place, () => evaluate(condition.message.expression, scope));
  if (!isKnownWithin(message)) return { holds, message: 'The message depends on values that are not known yet.' };
  if (message.sensitive) return { holds, message: 'The message refers to sensitive values, so it is not shown.' };
  return { holds, message: typeof message.content === 'string' ? message.content.trim() : 'The message is no text.' };
}
