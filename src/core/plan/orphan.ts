import { blockAddress } from '../address.ts';
import type { Configuration } from '../configuration/stack.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { Intent } from '../state.ts';
import { handlerOf, typeOf, type World } from './actual.ts';
import { soleKeys, type Unsettled } from './attempt.ts';
import { type DraftStep, ownerArgs } from './draft.ts';
import type { Misplaced, Refreshed } from './refresh.ts';
import { attempt, type Refusal } from './refusal.ts';
import { rivalWords } from './sibling.ts';
import type { Selection } from './target.ts';

/** By address: the step that takes over its orphan, whose secret is known or can be read. */
export function adoptOrphans({ adoptions }: Pick<Refreshed, 'adoptions'>, world: World): Map<string, DraftStep> {
  return new Map(
    adoptions.map(({ intent, owner, generation }) => [
      intent.address,
      {
        id: `adopt ${intent.address} ${generation.id}`,
        kind: 'adopt',
        address: intent.address,
        type: intent.type,
        provider: intent.provider,
        owner,
        generation: generation.number,
        keyId: generation.id,
        after: [],
        args: ownerArgs(typeOf(world, intent.type).type, generation),
        changed: [],
        knownIds: null,
        intent: intent.id,
        forecast: handlerOf(world, intent.provider, intent.type).forecast('list', generation),
        phase: 'make',
      },
    ]),
  );
}

/** One orphan candidate is deleted, and its address is made again; several, or one that may be another stack's, are for a person. */
export function recoverOrphans(
  { orphans, adoptions }: Pick<Refreshed, 'orphans' | 'adoptions'>,
  world: World,
  configuration: Configuration,
  targets: Selection | null,
  refusals: Refusal[],
): DraftStep[] {
  const steps: DraftStep[] = [];
  const sole = soleKeys(orphans);
  for (const { intent, owner, candidates, fits, rivals } of orphans) {
    if (targets !== null && !targets.has(intent.address)) continue;
    if (adoptions.some((adoption) => adoption.intent.id === intent.id)) continue;
    const key = sole.get(intent.id);
    const label = world.owners.get(owner)?.label ?? 'its owner';
    if (key === undefined) {
      const listed = candidates
        .map((candidate) => `${candidate.id} (created ${candidate.createdAt ?? 'at an unknown time'})`)
        .join(', ');
      refusals.push({
        address: intent.address,
        diagnostic: {
          severity: 'error',
          summary: !fits
            ? 'A key was made whose secret is here, and no key is as it was asked for'
            : candidates.length > 1 || rivals.length === 0
              ? 'A key may have been made without being recorded, and several could be it'
              : "A key may have been made without being recorded, and it may be another stack's",
          detail: fits
            ? `An attempt to make its key has no recorded result. Of ${label} these appeared since: ${listed}. ${rivals.length === 0 ? '' : `${rivalWords(rivals)} `}Delete those that nobody uses at the cloud, then plan again.`
            : `The attempt of ${intent.at} got a secret without the key's id. Of ${label} these appeared since, with other arguments: ${listed}. Make the right one as the stack has it, or delete it if nobody uses it, then plan again. If it is none of them, let the secret go with -replace=${intent.address}.`,
          address: intent.address,
        },
      });
      continue;
    }
    attempt(intent.address, configuration, refusals, () => {
      const args = { ...intent.args, ...key.args };
      const handler = handlerOf(world, intent.provider, intent.type);
      const { type } = typeOf(world, intent.type);
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
        forecast: [
          // Where the API tells whether a key is used, it is asked once more before the deletion.
          ...(type.capabilities.lastUsed === 'none' ? [] : handler.forecast('list', { args, enabled: key.enabled })),
          ...handler.forecast('delete', { args, enabled: key.enabled }),
        ],
        phase: 'drop',
      });
    });
  }
  return steps;
}

/** What is said when a secret is let go whose key was never found. */
export function givenUpWarning(intent: Intent): Diagnostic {
  return {
    severity: 'warning',
    summary: 'A secret is let go whose key was not found',
    detail: `The attempt of ${intent.at} got a secret without the key's id, and no key is as it was asked for. Applying this plan forgets the secret.`,
    address: intent.address,
  };
}

/** Until it is known what became of an attempt to create, another one could make a second key. */
export function unsettledRefusal({ intent, error }: Unsettled, configuration: Configuration): Refusal {
  const why =
    error === null
      ? 'Plan with refresh, and at the endpoint and account of then, so that Keyform can look for its key. An API that takes its time may show it a minute later.'
      : `Its owner did not tell whether there is a key: ${error.message}. Plan again when it does.`;
  const place = configuration.resources.get(blockAddress(intent.address))?.place;
  return {
    address: intent.address,
    diagnostic: {
      severity: 'error',
      summary: 'An earlier attempt may have made a key that has not been seen',
      detail: `The attempt of ${intent.at} has no recorded result. ${why}`,
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
  const place = configuration.resources.get(blockAddress(address))?.place;
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
