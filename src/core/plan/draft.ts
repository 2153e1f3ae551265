import type { JsonObject } from '../json.ts';
import type { Operation } from '../provider.ts';
import type { Generation, ResourceState } from '../state.ts';
import type { Value } from '../value.ts';
import { handlerOf, ownerOf, type TypeEntry, type World } from './actual.ts';
import { knownArgs } from './desire.ts';
import { livingObject, markSensitive, nameIn, sensitiveNames } from './object.ts';
import type { ResourceChange, Step, StepKind } from './plan.ts';
import type { Refreshed } from './refresh.ts';

/**
 * A step whose place among the steps of other addresses is not settled. `phase` says which: `make` steps come after the
 * `make` steps of what the address depends on; `drop` steps come after all steps of what depends on the address.
 */
export interface DraftStep extends Step {
  readonly phase: 'make' | 'drop';
}

/** Longest name that a retired key gets: vendors publish no limit, so it stays within what any of them is known to take. */
const NAME_LIMIT = 255;

/** Collects the steps of one address, each with its forecast; in `steps` in the order in which they were drafted. */
export class Draft {
  readonly steps: DraftStep[] = [];
  readonly #address: string;
  readonly #type: string;
  readonly #provider: string;
  readonly #entry: TypeEntry;
  readonly #world: World;
  readonly #strangers: Refreshed['strangers'];

  constructor(
    address: string,
    type: string,
    provider: string,
    entry: TypeEntry,
    world: World,
    strangers: Refreshed['strangers'],
  ) {
    this.#address = address;
    this.#type = type;
    this.#provider = provider;
    this.#entry = entry;
    this.#world = world;
    this.#strangers = strangers;
  }

  /** The owner that planned arguments name; null while one of the arguments that name it is not known. */
  owner(args: Readonly<Record<string, Value>>): { id: string; label: string } | null {
    const known = knownArgs(args);
    if (this.#entry.type.owner.arguments.some((name) => !Object.hasOwn(known, name))) return null;
    return ownerOf(this.#world, this.#provider, this.#type, known);
  }

  /** Id of the step drafted last. Throws when there is none. */
  last(): string {
    const last = this.steps.at(-1);
    if (last === undefined) throw new Error('no step drafted yet');
    return last.id;
  }

  /** Id of the last step of the `make` phase, as what a step waits for; empty when there is none. */
  lastMade(): string[] {
    const last = this.steps.findLast((step) => step.phase === 'make');
    return last === undefined ? [] : [last.id];
  }

  /**
   * Makes a key, or does something to it once it is there: a step of the `make` phase. `changed` is for an update; `renews`: a rotate step
   * gives the key a new secret instead of making another.
   */
  make(
    kind: StepKind,
    generation: number,
    key: Generation | null,
    args: Readonly<Record<string, Value>>,
    owner: string | null,
    after: readonly string[],
    changed: readonly string[] = [],
    renews = false,
  ): void {
    const makes = (kind === 'create' || kind === 'rotate') && !renews;
    this.steps.push({
      id: `${kind} ${this.#address}`,
      kind,
      address: this.#address,
      type: this.#type,
      provider: this.#provider,
      owner,
      generation,
      keyId: key?.id ?? null,
      after,
      args,
      changed,
      knownIds: makes && owner !== null ? (this.#strangers.get(owner) ?? null) : null,
      intent: null,
      ...(renews ? { renews } : {}),
      forecast: isRemembered(kind, changed)
        ? []
        : this.#forecast(
            this.#provider,
            makes ? 'create' : renews ? 'regenerate' : kind === 'import' ? 'list' : (kind as Operation),
            knownArgs(args),
            key?.enabled ?? true,
          ),
      phase: 'make',
    });
  }

  /**
   * Where names are unique, moves the name away from the key that is about to be replaced. Returns the id of the step,
   * or null when the name is free already.
   */
  freeName(
    old: Generation,
    unique: ReadonlyMap<string, string>,
    owner: string | null,
    provider: string,
    after: readonly string[] = [],
  ): string | null {
    const name = this.#entry.type.capabilities.name;
    if (name === null || !name.renameable) return null;
    const wanted = unique.get(name.argument);
    if (wanted === undefined) return null;
    if (old.args[name.argument] !== wanted || owner !== ownerOf(this.#world, provider, this.#type, old.args).id)
      return null;
    const suffix = ` (replaced ${old.id.slice(0, 8)})`;
    // By characters, so that none is cut in half.
    const retired = [...wanted].slice(0, NAME_LIMIT - suffix.length).join('') + suffix;
    const marks = sensitiveNames(this.#entry.type, old.sensitiveArgs);
    const args = markSensitive({ ...old.args, [name.argument]: retired }, marks);
    const id = `rename ${this.#address}`;
    this.steps.push({
      id,
      kind: 'update',
      address: this.#address,
      type: this.#type,
      provider,
      owner,
      generation: old.number,
      keyId: old.id,
      after,
      args,
      changed: [name.argument],
      knownIds: null,
      intent: null,
      forecast: this.#forecast(provider, 'update', knownArgs(args), old.enabled),
      phase: 'make',
    });
    return id;
  }

  /**
   * Runs commands of the block's provisioners, one after the other, beside the key with this number; `keyId` is null for one that is still to
   * be made. Returns what comes after them waits for: the last of them, or nothing when there is none. `mark` tells their steps from those beside
   * another key.
   */
  commands(
    indexes: readonly number[],
    when: 'create' | 'destroy',
    generation: number,
    keyId: string | null,
    after: readonly string[],
    phase: DraftStep['phase'],
    mark = '',
  ): readonly string[] {
    let last: readonly string[] = [];
    for (const index of indexes) {
      const id = `run ${this.#address} ${when}${index}${mark}`;
      this.steps.push({
        id,
        kind: 'run',
        address: this.#address,
        type: this.#type,
        provider: this.#provider,
        owner: null,
        generation,
        keyId,
        after: last.length > 0 ? last : after,
        args: {},
        changed: [],
        knownIds: null,
        intent: null,
        provisioner: index,
        forecast: [],
        phase,
      });
      last = [id];
    }
    return last;
  }

  /** Drops a key from state and leaves it at its cloud. */
  forget(generation: Generation, provider: string): void {
    this.#note('forget', `forget ${this.#address} ${generation.id}`, generation, provider, [], 'drop');
  }

  /** Begins the overlap of a replaced key, once everything that uses the new one has it. */
  depose(generation: Generation, provider: string, after: readonly string[]): void {
    this.#note('depose', `depose ${this.#address} ${generation.id}`, generation, provider, after, 'drop');
  }

  /** Makes a replaced key the current one again. */
  restore(generation: Generation, provider: string): void {
    this.#note('restore', `restore ${this.#address}`, generation, provider, this.lastMade(), 'make');
  }

  /** A step that calls no API: what it does is done in state. */
  #note(
    kind: StepKind,
    id: string,
    generation: Generation,
    provider: string,
    after: readonly string[],
    phase: DraftStep['phase'],
  ): void {
    this.steps.push({
      id,
      kind,
      address: this.#address,
      type: this.#type,
      provider,
      owner: null,
      generation: generation.number,
      keyId: generation.id,
      after,
      args: {},
      changed: [],
      knownIds: null,
      intent: null,
      forecast: [],
      phase,
    });
  }

  /** Makes a replaced key unusable on its way to being deleted, and says so. */
  disable(resource: ResourceState, generation: Generation, after: readonly string[], why: string): ResourceChange {
    const { provider } = resource;
    const { type } = this.#entry;
    const marks = sensitiveNames(type, generation.sensitiveArgs);
    this.steps.push({
      id: `disable ${this.#address} ${generation.id}`,
      kind: 'disable',
      address: this.#address,
      type: this.#type,
      provider,
      owner: ownerOf(this.#world, provider, this.#type, generation.args).id,
      generation: generation.number,
      keyId: generation.id,
      after,
      args: markSensitive({ ...generation.args, enabled: false }, marks),
      changed: [],
      knownIds: null,
      intent: null,
      forecast: this.#forecast(provider, 'disable', generation.args, generation.enabled),
      phase: 'drop',
    });
    const before = livingObject(type, generation);
    const after_ = livingObject(type, { ...generation, enabled: false, args: { ...generation.args, enabled: false } });
    return { ...this.#deposedChange(resource, generation, why), actions: ['update'], before, after: after_ };
  }

  /** Deletes a living key. */
  drop(generation: Generation, provider: string, after: readonly string[], phase: DraftStep['phase'] = 'drop'): void {
    this.steps.push({
      id: `delete ${this.#address} ${generation.id}`,
      kind: 'delete',
      address: this.#address,
      type: this.#type,
      provider,
      owner: ownerOf(this.#world, provider, this.#type, generation.args).id,
      generation: generation.number,
      keyId: generation.id,
      after,
      args: ownerArgs(this.#entry.type, generation),
      changed: [],
      knownIds: null,
      intent: null,
      forecast: this.#forecast(provider, 'delete', generation.args, generation.enabled),
      phase,
    });
  }

  /** Deletes a key that an earlier replacement left behind, after the commands `ends` of its block, and says so. */
  leftOver(
    resource: ResourceState,
    generation: Generation,
    after: readonly string[],
    why: string,
    how: { readonly phase?: DraftStep['phase']; readonly ends?: readonly number[] } = {},
  ): ResourceChange {
    const { phase = 'drop', ends = [] } = how;
    const { number, id } = generation;
    const commands = this.commands(ends, 'destroy', number, id, after, phase, ` ${id}`);
    this.drop(generation, resource.provider, commands.length > 0 ? commands : after, phase);
    return this.#deposedChange(resource, generation, why);
  }

  /** The deletion of a replaced key, to be shown. */
  #deposedChange(resource: ResourceState, generation: Generation, why: string): ResourceChange {
    const { type, cloud } = this.#entry;
    return {
      address: resource.address,
      type: resource.type,
      name: nameIn(resource.address),
      cloud: cloud.name,
      provider: resource.provider,
      actions: ['delete'],
      actionReason: null,
      before: livingObject(type, generation),
      after: null,
      replacePaths: [],
      reasons: [why],
      deposed: generation.id,
      ownerLabel: ownerOf(this.#world, resource.provider, resource.type, generation.args).label,
      previousAddress: null,
      importing: null,
    };
  }

  #forecast(provider: string, operation: Operation, args: JsonObject, enabled: boolean): Step['forecast'] {
    const { asynchronous, verify } = this.#entry.type.capabilities;
    const calls = (one: Operation) => handlerOf(this.#world, provider, this.#type).forecast(one, { args, enabled });
    if (operation !== 'verify') return calls(operation);
    return [...(asynchronous ? calls('ready') : []), ...(verify ? calls('verify') : [])];
  }
}

/** Whether a step changes nothing but what the API knows nothing of. */
export function isRemembered(kind: StepKind, changed: readonly string[]): boolean {
  return kind === 'update' && changed.every((name) => name === 'rotation');
}

/** The arguments that name a key's owner, marked as they are in state: enough to find the key again. */
export function ownerArgs(
  type: TypeEntry['type'],
  generation: Pick<Generation, 'args' | 'sensitiveArgs'>,
): Record<string, Value> {
  const args = Object.fromEntries(type.owner.arguments.map((name) => [name, generation.args[name] ?? null]));
  return markSensitive(args, sensitiveNames(type, generation.sensitiveArgs));
}
