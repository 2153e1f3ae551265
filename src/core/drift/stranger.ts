import type { Configuration } from '../configuration/stack.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { parseMoment } from '../moment.ts';
import { credentialsOf, typeOf, type World } from '../plan/actual.ts';
import { followAttempts, type Orphan } from '../plan/attempt.ts';
import { Lookalikes } from '../plan/lookalike.ts';
import { unsettledRefusal } from '../plan/orphan.ts';
import { rivalWords, siblingKeys } from '../plan/sibling.ts';
import type { ActualKey } from '../provider.ts';
import type { State } from '../state.ts';
import { goneFinding } from './compare.ts';
import { commandLine, type HeldKey, heldFinding, type SeenOwner, strangeFinding } from './finding.ts';
import type { Grounds } from './ground.ts';
import { roughly } from './lifetime.ts';
import type { Finding, OwnCredential } from './report.ts';

/** The keys of one owner that the stack's state does not hold. */
export interface Strangers {
  /** Findings of unmanaged keys, until somebody has looked into the other stacks. */
  readonly unmanaged: readonly Finding[];
  /** Keys that Keyform authenticates with. */
  readonly credentials: readonly OwnCredential[];
}

/**
 * Tells the keys of one owner that `held` (`<cloud> <key id>`, of the whole state) does not name. `seen` has `<cloud> <owner> <key id>` of those
 * that were told before, and gets the new ones: two credentials may show one owner under two ids.
 */
export function strangersOf(
  owner: SeenOwner,
  keys: ReadonlyMap<string, ActualKey>,
  world: World,
  held: ReadonlySet<string>,
  seen: Set<string>,
  { configuration, now }: Pick<Grounds, 'configuration' | 'now'>,
): Strangers {
  const { cloud, type } = owner.entry;
  const own = credentialsOf(world, cloud.name);
  const unmanaged: Finding[] = [];
  const credentials: OwnCredential[] = [];
  for (const key of keys.values()) {
    const told = toldAs(cloud.name, owner.label, key.id);
    if (held.has(`${cloud.name} ${key.id}`) || seen.has(told)) continue;
    seen.add(told);
    if (own.has(key.accessKeyId)) {
      const { id: keyId, accessKeyId } = key;
      credentials.push({ cloud: cloud.name, type: type.type, owner: owner.label, keyId, accessKeyId });
    } else unmanaged.push(unmanagedFinding(configuration, owner, key, now));
  }
  return { unmanaged, credentials };
}

function toldAs(cloud: string, label: string, id: string): string {
  return `${cloud} ${label} ${id}`;
}

function unmanagedFinding(configuration: Configuration, owner: SeenOwner, key: ActualKey, now: number): Finding {
  const made = key.createdAt === null ? null : parseMoment(key.createdAt);
  const age = made === null || made > now ? '' : ` It was made at ${key.createdAt}, ${roughly(now - made)} ago.`;
  return strangeFinding(configuration, owner, key, null, {
    kind: 'unmanaged',
    severity: 'warning',
    summary: `A key of ${owner.label} is managed by no stack`,
    detail: `No state of the project holds it.${age}${key.enabled ? '' : ' It is disabled.'} Bring it under management, delete it at the cloud if nobody uses it, or leave it alone by a rule in context.keyform.unmanaged of cdktf.json.`,
    remedy: commandLine('keyform', 'import', '-generate', `-stack=${configuration.name}`),
    at: key.createdAt,
    by: creatorOf(owner, key),
  });
}

/** Who made the key, as the API says it; null where it does not. */
function creatorOf({ entry }: SeenOwner, key: ActualKey): string | null {
  const { createdBy } = entry.type.told ?? {};
  const value = createdBy === undefined ? null : (key.attributes[createdBy] ?? null);
  return typeof value === 'string' ? value : null;
}

/** What is left to tell once every owner was listed, and the other stacks were read after that. */
export interface Doubts {
  readonly state: State;
  /** With the keys of the owners in doubt, and the other stacks. */
  readonly world: World;
  /** `<cloud> <key id>` of every key in state. */
  readonly held: ReadonlySet<string>;
  readonly unmanaged: readonly Finding[];
  /** Current keys that are gone, with their owners. */
  readonly gone: readonly { readonly owner: SeenOwner; readonly held: HeldKey }[];
  readonly owners: ReadonlyMap<string, SeenOwner>;
}

/** What the doubts came to. */
export interface Settled {
  readonly findings: readonly Finding[];
  /** Keys of the findings `unmanaged` that another stack of the project manages. */
  readonly others: number;
  readonly diagnostics: readonly Diagnostic[];
}

/** Tells orphans, unmanaged keys and those of other stacks apart, and keys that are gone from those that were replaced elsewhere. */
export function settleDoubts(doubts: Doubts, grounds: Grounds): Settled {
  const { state, world, held, owners } = doubts;
  const { configuration, now } = grounds;
  const findings: Finding[] = [];
  const diagnostics: Diagnostic[] = [];
  const { orphans, unsettled } = followAttempts(state, world, held, now, () => false);
  const suspects = new Set<string>();
  for (const orphan of orphans) {
    const owner = owners.get(orphan.owner);
    if (owner === undefined) continue;
    for (const key of orphan.candidates) {
      const told = toldAs(owner.entry.cloud.name, owner.label, key.id);
      if (suspects.has(told)) continue;
      suspects.add(told);
      findings.push(orphanFinding(orphan, owner, key, grounds));
    }
  }
  for (const attempt of unsettled) {
    if (attempt.error !== null) continue;
    const { diagnostic } = unsettledRefusal(attempt, configuration);
    // Where its owner was listed the key may only be late; elsewhere nobody has looked.
    const looked = [...owners.values()].some(
      (owner) => owner.scope === attempt.intent.scope && owner.entry.type.type === attempt.intent.type,
    );
    diagnostics.push(looked ? { ...diagnostic, severity: 'warning' } : diagnostic);
  }

  const orphaned = new Set(
    orphans.flatMap(({ intent, candidates }) =>
      candidates.map((key) => `${typeOf(world, intent.type).cloud.name} ${key.id}`),
    ),
  );
  const lookalikes = new Lookalikes(world, held, orphaned);
  for (const { owner, held: key } of doubts.gone) {
    const { generation, resource } = key;
    const found =
      generation.createdAt === null ? null : lookalikes.find(owner, owner.entry, generation.args, generation.createdAt);
    if (found === null) {
      findings.push(goneFinding(key, { owner }, grounds));
      continue;
    }
    const rivals = found.rivals.length === 0 ? '' : ` ${rivalWords(found.rivals)}`;
    findings.push(
      heldFinding(configuration, owner, key, {
        kind: 'superseded',
        severity: 'error',
        summary: 'State may be an older copy',
        detail: `Key ${generation.id}, made ${generation.createdAt}, which it holds for this address, is gone from ${owner.label}, where key ${found.key.id}, made ${found.key.createdAt}, is just like it and in no state.${rivals} If there is a newer state, put that back: it has the secret of ${found.key.id}. If this one is right, go on with -replace=${resource.address}.`,
        remedy: commandLine('keyform', 'state', 'restore', `-stack=${configuration.name}`, 'FILE'),
        at: found.key.createdAt,
      }),
    );
  }

  const theirs = siblingKeys(world);
  let others = 0;
  for (const finding of doubts.unmanaged) {
    if (theirs.has(`${finding.cloud} ${finding.keyId}`)) others += 1;
    else if (!suspects.has(toldAs(finding.cloud, finding.owner, finding.keyId))) findings.push(finding);
  }
  if (findings.some(({ kind }) => kind === 'unmanaged'))
    for (const { stack, state: read } of world.siblings ?? [])
      if (read instanceof Error)
        diagnostics.push({
          severity: 'warning',
          summary: `The state of stack "${stack}" cannot be read`,
          detail: `Keys that it manages count as unmanaged here. ${read.message}.`,
        });
  return { findings, others, diagnostics };
}

function orphanFinding(
  { intent, candidates, fits, rivals }: Orphan,
  owner: SeenOwner,
  key: ActualKey,
  { configuration }: Grounds,
): Finding {
  const among =
    candidates.length === 1
      ? 'this key appeared since'
      : `${candidates.length} keys appeared since, and this is one of them`;
  const other = rivals.length === 0 ? '' : ` ${rivalWords(rivals)}`;
  return strangeFinding(configuration, owner, key, intent.address, {
    kind: 'orphaned',
    severity: 'error',
    summary: 'An interrupted run may have left this key behind',
    detail: `The attempt of ${intent.at} to make a key for ${intent.address} has no recorded result, and ${among}${fits ? '' : ', with other arguments than were asked for'}.${other} A plan proposes what to do with it.`,
    remedy: commandLine('keyform', 'plan', configuration.name),
    at: key.createdAt,
  });
}
