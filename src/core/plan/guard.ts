import { blockAddress } from '../address.ts';
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

/** What looking up by value and by key id needs, made once for an owner: the keys of an owner may be many. */
interface Index {
  /** Keys by `<argument> <value>`. */
  readonly holding: ReadonlyMap<string, readonly ActualKey[]>;
  /** Steps about a key, by its id. */
  readonly about: ReadonlyMap<string, readonly DraftStep[]>;
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
  guardIds(units, state, configuration, findings);
  return findings;
}

/** An id that the stack chose is unique beyond one owner: it must be free wherever the account has keys. */
function guardIds(units: readonly Unit[], state: State, configuration: Configuration, findings: Findings): void {
  const wanted = new Map<string, Unit>();
  for (const unit of units) {
    const argument = configuration.resources.get(blockAddress(unit.address))?.type.capabilities.customId ?? null;
    const value = argument === null ? undefined : unit.unique.get(argument);
    if (argument === null || value === undefined) continue;
    const { provider, type } = unit.change;
    const id = `${provider} ${type} ${value}`;
    const other = wanted.get(id);
    if (other === undefined) wanted.set(id, unit);
    else if (other.owner !== unit.owner) {
      const detail = `${other.address} has the same ${argument}, which must be unique. Give one of them another.`;
      findings.refusals.push(refusal(unit, configuration, argument, 'Duplicate id', detail));
    }
    const old = state.resources.get(unit.address)?.current ?? null;
    const taker = unit.steps.find((step) => takesName(step, argument));
    const drop = unit.steps.find((step) => step.kind === 'delete' && step.keyId === old?.id);
    if (old?.args[argument] !== value || taker === undefined || drop === undefined || drop.owner === unit.owner)
      continue;
    if (waitsFor(drop, taker.id, unit)) findings.refusals.push(heldByOld(unit, configuration, argument));
  }
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

/** Two keys of one owner cannot share a name, or an id that the stack chose, where the API wants them to be unique. */
function guardNames(
  owned: Owned,
  holders: ReadonlyMap<string, string>,
  configuration: Configuration,
  findings: Findings,
): void {
  const wanted = new Map<string, Unit>();
  const index = indexOf(owned);
  for (const unit of owned.units) {
    if (unit.owner !== owned.owner) continue;
    for (const [argument, value] of unit.unique) {
      const other = wanted.get(`${argument} ${value}`);
      if (other === undefined) {
        wanted.set(`${argument} ${value}`, unit);
        guardValue(unit, argument, value, index, holders, configuration, findings);
        continue;
      }
      findings.refusals.push(
        refusal(
          unit,
          configuration,
          argument,
          'Duplicate name in one owner',
          `${other.address} has the same ${argument}, which must be unique in ${unit.change.ownerLabel ?? 'an owner'}. Give one of them another.`,
        ),
      );
    }
  }
}

/** One value that a unit wants for its key must be free when it is taken. */
function guardValue(
  unit: Unit,
  argument: string,
  value: string,
  index: Index,
  holders: ReadonlyMap<string, string>,
  configuration: Configuration,
  findings: Findings,
): void {
  const taker = unit.steps.find((step) => takesName(step, argument));
  if (taker === undefined) return;
  const label = unit.change.ownerLabel;
  for (const key of index.holding.get(`${argument} ${value}`) ?? []) {
    const freeing = freeingStep(index.about.get(key.id) ?? [], argument, value);
    if (freeing !== undefined) {
      if (freeing.address === unit.address && waitsFor(freeing, taker.id, unit)) {
        findings.refusals.push(heldByOld(unit, configuration, argument));
        return;
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
        argument,
        `The ${argument} is taken in ${label ?? 'the owner'}`,
        holder === undefined
          ? `Key ${key.id}, which Keyform does not manage, has it already, and it must be unique. Choose another, or free it at the cloud.`
          : `${holder} has it and keeps it. Choose another.`,
      ),
    );
    return;
  }
}

function takesName(step: DraftStep, argument: string): boolean {
  return (
    step.kind === 'create' || step.kind === 'rotate' || (step.kind === 'update' && step.changed.includes(argument))
  );
}

function heldByOld(unit: Unit, configuration: Configuration, argument: string): Refusal {
  return refusal(
    unit,
    configuration,
    argument,
    `The old key still has the ${argument}`,
    `It must be unique in ${unit.change.ownerLabel ?? 'an owner'} and that of a living key cannot be changed, so the new key cannot be made first. Set "lifecycle": { "create_before_destroy": false } to delete first and accept the time without a key, or give it another ${argument}.`,
  );
}

function indexOf(owned: Owned): Index {
  const holding = new Map<string, ActualKey[]>();
  const about = new Map<string, DraftStep[]>();
  const unique = new Set(owned.units.flatMap((unit) => [...unit.unique.keys()]));
  for (const key of unique.size === 0 ? [] : owned.keys.values()) {
    for (const argument of unique) append(holding, `${argument} ${String(key.args[argument] ?? '')}`, key);
  }
  for (const step of [...owned.extra, ...owned.units.flatMap((unit) => unit.steps)]) {
    if (step.keyId !== null && step.owner === owned.owner) append(about, step.keyId, step);
  }
  return { holding, about };
}

function append<T>(lists: Map<string, T[]>, name: string, item: T): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [item]);
  else list.push(item);
}

/** The one of a key's steps after which it no longer has the value. */
function freeingStep(steps: readonly DraftStep[], argument: string, value: string): DraftStep | undefined {
  return steps.find(
    (step) =>
      step.kind === 'recover' ||
      step.kind === 'delete' ||
      (step.kind === 'update' && step.changed.includes(argument) && step.args[argument] !== value),
  );
}

/** Whether a step of the unit waits for another of its steps, directly or through others of them. */
function waitsFor(step: DraftStep, other: string, unit: Unit): boolean {
  return reach(new Map(unit.steps.map(({ id, after }) => [id, after] as const)), step.after).has(other);
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
  const { quota: limit } = typeOf(world, first.change.type).type.capabilities;
  if (limit === null || !limit.perOwner) return;
  const quota = limit.keys;
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
          ? `${counts} A replacement makes the new key before it deletes the old one. Delete a key that nobody needs, or set strategy "delete_first" in its rotation (or "lifecycle": { "create_before_destroy": false }) to delete first and accept the time without a key.`
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
    const block = configuration.resources.get(blockAddress(unit.address));
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

/** The diagnostic for a plan that deletes more keys than it may; null when it does not. Retiring a key after its overlap does not count. */
export function guardDeletes(steps: readonly Step[], state: State, limit: number | null): Diagnostic | null {
  const retires = ({ address, generation }: Step) =>
    state.resources.get(address)?.deposed.some((key) => key.number === generation && key.deposedAt !== undefined);
  const count = steps.filter(
    (step) => step.kind === 'recover' || (step.kind === 'delete' && retires(step) !== true),
  ).length;
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
  const block = configuration.resources.get(blockAddress(unit.address));
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
