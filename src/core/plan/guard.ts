import type { Configuration } from '../configuration/stack.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { type Edges, reach, reverse } from '../graph.ts';
import type { ActualKey } from '../provider.ts';
import type { State } from '../state.ts';
import { credentialsOf, typeOf, type World } from './actual.ts';
import type { DraftStep } from './draft.ts';
import type { Wait } from './order.ts';
import type { Step } from './plan.ts';
import type { Refusal } from './refusal.ts';
import type { Unit } from './unit.ts';

/** What guards found: refusals of single addresses, and waits that make room before it is used. */
export interface Findings {
  readonly refusals: Refusal[];
  readonly waits: Wait[];
}

interface Owned {
  readonly owner: string;
  readonly keys: ReadonlyMap<string, ActualKey>;
  readonly units: Unit[];
  readonly extra: DraftStep[];
}

/** Checks everything that a list of the owner's keys tells before a single call is made: names, quotas, own credential. */
export function guardOwners(
  units: readonly Unit[],
  extra: readonly DraftStep[],
  state: State,
  world: World,
  configuration: Configuration,
  dependencies: ReadonlyMap<string, readonly string[]>,
): Findings {
  const findings: Findings = { refusals: [], waits: [] };
  const owners = new Map<string, Owned>();
  const at = (owner: string): Owned | null => {
    const known = owners.get(owner);
    if (known !== undefined) return known;
    const keys = world.keys.get(owner);
    const owned = { owner, keys: keys === undefined || keys instanceof Error ? new Map() : keys, units: [], extra: [] };
    owners.set(owner, owned);
    return owned;
  };
  for (const unit of units) {
    const touched = new Set([...unit.steps.map((step) => step.owner), unit.owner]);
    for (const owner of touched) if (owner !== null) at(owner)?.units.push(unit);
  }
  for (const step of extra) if (step.owner !== null) at(step.owner)?.extra.push(step);
  const holders = keyHolders(state);
  const related = { needs: dependencies, needed: reverse(dependencies) };
  for (const owned of owners.values()) {
    guardNames(owned, holders, configuration, findings);
    guardQuota(owned, world, configuration, related, findings);
  }
  return findings;
}

/** Address of each key that state holds, by key id. */
function keyHolders(state: State): Map<string, string> {
  const holders = new Map<string, string>();
  for (const resource of state.resources.values()) {
    for (const generation of resource.deposed) holders.set(generation.id, resource.address);
    if (resource.current !== null) holders.set(resource.current.id, resource.address);
  }
  return holders;
}

/** Two keys of one owner cannot share a name where its API wants names to be unique. */
function guardNames(
  owned: Owned,
  holders: ReadonlyMap<string, string>,
  configuration: Configuration,
  findings: Findings,
): void {
  const wanted = new Map<string, Unit>();
  for (const unit of owned.units) {
    const name = configuration.resources.get(unit.address)?.type.capabilities.name;
    if (name == null || !name.uniquePerOwner || unit.wantedName === null || unit.owner !== owned.owner) continue;
    const other = wanted.get(unit.wantedName);
    if (other !== undefined) {
      findings.refusals.push(
        refusal(
          unit,
          configuration,
          name.argument,
          'Duplicate name in one owner',
          `${other.address} has the same ${name.argument}, and names must be unique in ${unit.change.ownerLabel ?? 'an owner'}. Give one of them another.`,
        ),
      );
      continue;
    }
    wanted.set(unit.wantedName, unit);
    const taker = unit.steps.find((step) => takesName(step, name.argument));
    if (taker === undefined) continue;
    for (const key of owned.keys.values()) {
      if (key.args[name.argument] !== unit.wantedName) continue;
      const freeing = freeingStep(key, owned, name.argument, unit.wantedName);
      if (freeing !== undefined) {
        if (freeing.address === unit.address && freeing.after.includes(taker.id)) {
          findings.refusals.push(
            refusal(
              unit,
              configuration,
              name.argument,
              'The old key still has the name',
              `Names are unique in ${unit.change.ownerLabel ?? 'an owner'} and that of a living key cannot be changed, so the new key cannot be made first. Set lifecycle { create_before_destroy = false } to delete first and accept the time without a key, or give it another ${name.argument}.`,
            ),
          );
          break;
        }
        if (freeing.id !== taker.id) findings.waits.push({ step: taker.id, after: freeing.id });
        continue;
      }
      const holder = holders.get(key.id);
      if (holder === unit.address) continue;
      findings.refusals.push(
        refusal(
          unit,
          configuration,
          name.argument,
          `The ${name.argument} is taken in ${unit.change.ownerLabel ?? 'the owner'}`,
          holder === undefined
            ? `Key ${key.id}, which Keyform does not manage, has it already, and names must be unique. Choose another, or rename or delete that key.`
            : `${holder} has it and keeps it. Choose another.`,
        ),
      );
      break;
    }
  }
}

function takesName(step: DraftStep, argument: string): boolean {
  return (
    step.kind === 'create' || step.kind === 'rotate' || (step.kind === 'update' && step.changed.includes(argument))
  );
}

/** The step after which a key no longer has the name. */
function freeingStep(key: ActualKey, owned: Owned, argument: string, name: string): DraftStep | undefined {
  const ofKey = (step: DraftStep) => step.keyId === key.id && step.owner === owned.owner;
  for (const step of [...owned.extra, ...owned.units.flatMap((unit) => (unit.steps.some(ofKey) ? unit.steps : []))]) {
    if (!ofKey(step)) continue;
    if (step.kind === 'recover' || step.kind === 'delete') return step;
    if (step.kind === 'update' && step.changed.includes(argument) && step.args[argument] !== name) return step;
  }
  return undefined;
}

/** An owner holds only so many keys; a replacement needs room for one more for a while. */
function guardQuota(
  owned: Owned,
  world: World,
  configuration: Configuration,
  related: { readonly needs: Edges; readonly needed: Edges },
  findings: Findings,
): void {
  const first = owned.units[0];
  if (first === undefined || !(world.keys.get(owned.owner) instanceof Map)) return;
  const quota = typeOf(world, first.change.type).type.capabilities.quotaPerOwner;
  if (quota === null) return;
  const steps = owned.units.flatMap((unit) => unit.steps.filter((step) => step.owner === owned.owner));
  const deletes = steps.filter((step) => step.kind === 'delete');
  // What deletes its own old key first needs no room.
  const selfMade = new Set(deletes.filter((step) => step.phase === 'make').map((step) => step.address));
  const makes = steps.filter(
    (step) => (step.kind === 'create' || step.kind === 'rotate') && !selfMade.has(step.address),
  );
  if (makes.length === 0) return;
  const addresses = new Set(makes.map((step) => step.address));
  // Deletions that wait for nothing made here can go first and make room; whether they do wait is seen from what their
  // address is related to, which errs on the side of refusing.
  const waits = (address: string) => {
    const around = reach(related.needs, reach(related.needed, [address]));
    return [...addresses].some((made) => around.has(made));
  };
  const making = new Set(
    steps.filter((step) => step.kind === 'create' || step.kind === 'rotate').map((step) => step.address),
  );
  const early = [...owned.extra, ...deletes.filter((step) => !making.has(step.address) && !waits(step.address))];
  if (owned.keys.size + makes.length <= quota) return;
  const room = quota - (owned.keys.size - early.length);
  for (const step of makes.slice(0, Math.max(0, room))) {
    for (const drop of early) if (drop.address !== step.address) findings.waits.push({ step: step.id, after: drop.id });
  }
  for (const step of makes.slice(Math.max(0, room))) {
    const unit = owned.units.find((candidate) => candidate.address === step.address) as Unit;
    const label = unit.change.ownerLabel ?? 'the owner';
    const counts = `${label} holds ${owned.keys.size} of at most ${quota} keys, and the plan would add ${makes.length} and first remove ${early.length}.`;
    findings.refusals.push(
      refusal(
        unit,
        configuration,
        null,
        `The key quota of ${label} is full`,
        step.kind === 'rotate'
          ? `${counts} A replacement makes the new key before it deletes the old one. Delete a key that nobody needs, or set lifecycle { create_before_destroy = false } to delete first and accept the time without a key.`
          : `${counts} Delete a key that nobody needs, or declare fewer.`,
      ),
    );
  }
}

/** Refuses to delete or disable the very key that Keyform authenticates with. */
export function guardCredential(
  units: readonly Unit[],
  state: State,
  world: World,
  configuration: Configuration,
): Refusal[] {
  const refusals: Refusal[] = [];
  for (const unit of units) {
    for (const step of unit.steps) {
      if (step.kind !== 'delete' && step.kind !== 'disable') continue;
      const resource = state.resources.get(unit.address);
      const generation = [resource?.current, ...(resource?.deposed ?? [])].find(
        (key) => key?.number === step.generation,
      );
      if (generation == null) continue;
      if (!credentialsOf(world, unit.change.cloud).has(generation.accessKeyId)) continue;
      refusals.push(
        refusal(
          unit,
          configuration,
          null,
          `Keyform itself authenticates with the key that would be ${step.kind}d`,
          `Without key ${generation.accessKeyId} Keyform could do nothing more at ${unit.change.ownerLabel ?? 'its owner'}. Give Keyform another credential first, or say -allow-credential-delete.`,
        ),
      );
      break;
    }
  }
  return refusals;
}

/** Terraform's rule: nothing that the stack protects is deleted, not even to be replaced. */
export function guardProtected(units: readonly Unit[], configuration: Configuration): Refusal[] {
  return units.flatMap((unit) => {
    const block = configuration.resources.get(unit.address);
    if (block === undefined || !block.lifecycle.preventDestroy) return [];
    if (!unit.change.actions.includes('delete')) return [];
    return [
      refusal(
        unit,
        configuration,
        null,
        'Instance cannot be destroyed',
        `It has lifecycle.prevent_destroy set, but the plan calls for this key to be ${unit.change.actions.length > 1 ? 'replaced' : 'destroyed'} (${unit.change.reasons.join('; ')}). Remove prevent_destroy, or leave the resource out with -target.`,
      ),
    ];
  });
}

/** The diagnostic for a plan that deletes more keys than it may; null when it does not. */
export function guardDeletes(steps: readonly Step[], limit: number | null): Diagnostic | null {
  const count = steps.filter((step) => step.kind === 'delete' || step.kind === 'recover').length;
  if (limit === null || count <= limit) return null;
  return {
    severity: 'error',
    summary: `The plan deletes ${count} keys, more than the ${limit} that are allowed`,
    detail: `Check that this is what you want, then say -max-deletes=${count}.`,
  };
}

function refusal(
  unit: Unit,
  configuration: Configuration,
  argument: string | null,
  summary: string,
  detail: string,
): Refusal {
  const block = configuration.resources.get(unit.address);
  const place = (argument === null ? undefined : block?.args.get(argument)?.place) ?? block?.place;
  return {
    address: unit.address,
    diagnostic: {
      severity: 'error',
      summary,
      detail,
      address: unit.address,
      ...(place === undefined ? {} : { place }),
    },
  };
}
