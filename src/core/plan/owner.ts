import { Report } from '../configuration/block.ts';
import type { ResourceBlock } from '../configuration/resource.ts';
import { objectTypeOfData } from '../datasource.ts';
import { Evaluation } from '../evaluation/evaluation.ts';
import type { InstanceScope } from '../evaluation/module.ts';
import { MissingValue } from '../evaluation/problem.ts';
import { EvaluationProblem } from '../expression/problem.ts';
import type { JsonObject } from '../json.ts';
import { argumentsOf, objectTypeOf } from '../resource.ts';
import type { ResourceState } from '../state.ts';
import { UNKNOWN } from '../value.ts';
import { connectionOf, ownerOf, typeOf, type World } from './actual.ts';
import { desire, knownArgs } from './desire.ts';
import type { PlanInput } from './input.ts';
import { livingObject, plannedObject } from './object.ts';
import { foresee } from './reading.ts';

/** An owner to ask, and through what. */
export interface AskedOwner {
  readonly type: string;
  readonly provider: string;
  readonly label: string;
  /** Arguments that name the owner. */
  readonly args: JsonObject;
  /** Keys of the stack or its state are there. */
  readonly managed: boolean;
  /** A data source reads it. */
  readonly read: boolean;
}

/**
 * Owners that must be asked before planning: with `managed` those of every key in state, and of every declared key whose owner
 * is known; with `read` those of data sources that can be read by now. A data source whose owner is in `world.data` has its
 * answer already, so that what depends on it is known: ask again until no owner is new.
 */
export function ownersToAsk(
  input: Pick<PlanInput, 'configuration' | 'wiring' | 'variables' | 'facts' | 'state' | 'world'>,
  what: { readonly managed: boolean; readonly read: boolean },
): Map<string, AskedOwner> {
  const owners = new Map<string, { -readonly [name in keyof AskedOwner]: AskedOwner[name] }>();
  const add = (provider: string, type: string, args: JsonObject, use: 'managed' | 'read' = 'managed') => {
    if (!what[use] || typeOf(input.world, type).type.local === true) return;
    try {
      const owner = ownerOf(input.world, provider, type, args);
      const known = owners.get(owner.id);
      if (known !== undefined) known[use] = true;
      else {
        const { label } = owner;
        owners.set(owner.id, { type, provider, label, args, managed: use === 'managed', read: use === 'read' });
      }
    } catch {
      // No connection: planning meets the same error at the address itself and reports it there.
    }
  };
  for (const resource of input.state.resources.values()) {
    for (const generation of [resource.current, ...resource.deposed]) {
      if (generation !== null) add(resource.provider, resource.type, generation.args);
    }
  }
  for (const intent of input.state.intents.values()) add(intent.provider, intent.type, intent.args);
  // Good enough to find owners: what is wrong with an expression is told when it is planned.
  const { configuration, wiring } = input;
  const evaluation = new Evaluation(configuration, input.variables, input.facts);
  const quietly = (look: () => void) => {
    try {
      look();
    } catch (error) {
      if (!(error instanceof MissingValue) && !(error instanceof EvaluationProblem)) throw error;
    }
  };
  for (const address of wiring.order) {
    quietly(() => {
      for (const { block, scope } of evaluation.instances(address).values()) {
        quietly(() => {
          if ('source' in block) {
            const { value, asks } = foresee(block, scope, evaluation, input);
            if (asks !== null) add(block.provider, block.source.resource.type, asks, 'read');
            evaluation.set(block.address, objectTypeOfData(block.source), value);
          } else foreseeKey(block, scope);
        });
      }
    });
  }
  return owners;

  function foreseeKey(block: ResourceBlock, scope: InstanceScope): void {
    const current = input.state.resources.get(block.address)?.current ?? null;
    // What the key has now, or what the stack says of one that is still to be made.
    const unknown = () => Object.fromEntries(Object.keys(argumentsOf(block.type)).map((name) => [name, UNKNOWN]));
    const desired = desire(block, scope, new Report());
    evaluation.set(
      block.address,
      objectTypeOf(block.type),
      current === null ? plannedObject(block.type, desired?.args ?? unknown(), 1) : livingObject(block.type, current),
    );
    if (desired === null || block.type.local === true) return;
    const args = knownArgs(desired.args);
    if (block.type.owner.arguments.every((name) => Object.hasOwn(args, name)))
      add(block.provider, block.type.type, args);
  }
}

/** Throws the error that stands in the place of an owner's keys: unreadable is never taken for empty. */
export function requireOwners(world: World, resource: ResourceState): void {
  const { provider, type, current, deposed } = resource;
  connectionOf(world, provider, type);
  for (const generation of [...deposed, ...(current === null ? [] : [current])])
    requireListed(world, ownerOf(world, provider, type, generation.args).id);
}

/** Throws the error that stands in the place of one owner's keys; an owner that was not asked passes. */
export function requireListed(world: World, owner: string): void {
  const keys = world.keys.get(owner);
  if (keys instanceof Error) throw keys;
}
