import type { Configuration } from '../configuration/stack.ts';
import type { Intent } from '../state.ts';
import { handlerOf, type World } from './actual.ts';
import type { DraftStep } from './draft.ts';
import type { Misplaced, Orphan } from './refresh.ts';
import { attempt, type Refusal } from './refusal.ts';

/** One orphan candidate is deleted, and its address is made again; several are for a person to tell apart. */
export function recoverOrphans(
  orphans: readonly Orphan[],
  world: World,
  configuration: Configuration,
  targets: ReadonlySet<string> | null,
  refusals: Refusal[],
): DraftStep[] {
  const steps: DraftStep[] = [];
  const claimed = new Map<string, number>();
  for (const { owner, candidates } of orphans)
    for (const key of candidates) claimed.set(`${owner} ${key.id}`, (claimed.get(`${owner} ${key.id}`) ?? 0) + 1);
  for (const { intent, owner, candidates } of orphans) {
    if (targets !== null && !targets.has(intent.address)) continue;
    const [key] = candidates;
    const alone = candidates.length === 1 && key !== undefined && claimed.get(`${owner} ${key.id}`) === 1;
    const label = world.owners.get(owner)?.label ?? 'its owner';
    if (!alone || key === undefined) {
      refusals.push({
        address: intent.address,
        diagnostic: {
          severity: 'error',
          summary: 'A key may have been made without being recorded, and several could be it',
          detail: `An attempt to make its key has no recorded result. Of ${label} these appeared since: ${candidates
            .map((candidate) => `${candidate.id} (created ${candidate.createdAt ?? 'at an unknown time'})`)
            .join(', ')}. Delete those that nobody uses at the cloud, then plan again.`,
          address: intent.address,
        },
      });
      continue;
    }
    attempt(intent.address, configuration, refusals, () => {
      const args = { ...intent.args, ...key.args };
      const handler = handlerOf(world, intent.provider, intent.type);
      steps.push({
        id: `recover ${intent.address} ${key.id}`,
        kind: 'recover',
        address: intent.address,
        type: intent.type,
        provider: intent.provider,
        owner,
        generation: 0,
        keyId: key.id,
        after: [],
        args,
        changed: [],
        knownIds: null,
        intent: intent.id,
        forecast: handler.forecast('delete', { args, enabled: key.enabled }),
        phase: 'drop',
      });
    });
  }
  return steps;
}

/** Until it is known what became of an attempt to create, another one could make a second key. */
export function unsettledRefusal(intent: Intent, configuration: Configuration): Refusal {
  const place = configuration.resources.get(intent.address)?.place;
  return {
    address: intent.address,
    diagnostic: {
      severity: 'error',
      summary: 'An earlier attempt may have made a key, and its owner was not read',
      detail: `The attempt of ${intent.at} has no recorded result. Plan with refresh, and at the endpoint and account of then, so that Keyform can look for its key.`,
      address: intent.address,
      ...(place === undefined ? {} : { place }),
    },
  };
}

/**
 * The refusal of an address whose key was seen somewhere else than where Keyform looks now: that it is missing here says
 * nothing, and to forget it would lose its secret.
 */
export function misplacedRefusal(misplaced: Misplaced, configuration: Configuration): Refusal {
  const { address, keyId, recorded, asked } = misplaced;
  const place = configuration.resources.get(address)?.place;
  return {
    address,
    diagnostic: {
      severity: 'error',
      summary: 'State holds this key from somewhere else',
      detail: `Key ${keyId} was last seen at ${recorded}, and now ${asked} would be asked. Nothing is concluded from that. Use the endpoint, the account and the credential that it was made with (with or without -sandbox), or another stack name for another place.`,
      address,
      ...(place === undefined ? {} : { place }),
    },
  };
}
