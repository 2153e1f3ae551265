import type { ResourceType } from '../provider.ts';
import type { Generation, ResourceState } from '../state.ts';
import { policyOf } from './policy.ts';

/**
 * The key of an address that consumers are given: the current one; but while that is still to prove that it works, the one before it, whose
 * overlap has not begun. So a run that ends between the making of a key and its trial gives nobody a key that may not work (yet). Null
 * when there is neither.
 */
export function givenKey(
  { current, deposed }: Pick<ResourceState, 'current' | 'deposed'>,
  { capabilities }: Pick<ResourceType, 'capabilities'>,
): Generation | null {
  const before = deposed.at(-1);
  const waits =
    before !== undefined &&
    before.secret !== null &&
    before.enabled &&
    before.deposedAt === undefined &&
    before.disabledAt === undefined;
  if (current === null) return waits ? before : null;
  if (!waits || current.verifiedAt !== undefined || current.number < before.number) return current;
  const tried = capabilities.asynchronous || (capabilities.verify && policyOf(current.args).verify && current.enabled);
  return tried ? before : current;
}
