import { blockAddress } from '../core/address.ts';
import { Report } from '../core/configuration/block.ts';
import type { ResourceBlock } from '../core/configuration/resource.ts';
import { type Diagnostic, DiagnosticsError, throwOnErrors, toDiagnostics } from '../core/diagnostic.ts';
import { isKeyformError, KeyformError } from '../core/error.ts';
import { Evaluation } from '../core/evaluation/evaluation.ts';
import { MissingValue } from '../core/evaluation/problem.ts';
import { EvaluationProblem } from '../core/expression/problem.ts';
import { handlerOf, ownerOf, typeOf, type World } from '../core/plan/actual.ts';
import { type Desire, desire, knownArgs } from '../core/plan/desire.ts';
import { importedResource } from '../core/plan/import.ts';
import { livingObject, overlay, plannedObject } from '../core/plan/object.ts';
import { same } from '../core/plan/same.ts';
import { type Sibling, siblingKeys } from '../core/plan/sibling.ts';
import type { ActualKey } from '../core/provider.ts';
import { argumentsOf, objectTypeOf } from '../core/resource.ts';
import type { Secret } from '../core/secret.ts';
import type { Generation, State } from '../core/state.ts';
import { didYouMean } from '../core/suggest.ts';
import { connectAll, typesOf } from './connect.ts';
import { factsOf } from './facts.ts';
import type { LoadedStack } from './load.ts';
import type { Recorder } from './running.ts';
import { reference } from './running.ts';
import type { Engine } from './stack.ts';

/** A key that exists already, and the address that it is to belong to. */
export interface Claim {
  readonly address: string;
  /** As its cloud shows it: the key's id, or the access key id. */
  readonly id: string;
  /** What its holder says its secret is; null for no word. */
  readonly secret: Secret | null;
}

/** A key that was taken over. */
export interface Taken {
  readonly address: string;
  readonly generation: Generation;
  readonly ownerLabel: string;
  /** Whether its secret was tried and works; null where it was not, or the API's answer proves neither. */
  readonly verified: boolean | null;
}

export interface AdoptOptions {
  /** Whether a secret that was given is tried, where that is harmless. */
  readonly verify: boolean;
  readonly record: boolean;
  /** Whether an address that has this very key already is passed over: an earlier run that did not get to its end. */
  readonly resume: boolean;
  /** Reads the project's other stacks: a key of theirs is not taken away from them. */
  readonly siblings: () => Promise<readonly Sibling[]>;
  readonly signal?: AbortSignal;
}

/** A claim, with all that is known of it before its key is looked for. */
interface Asked {
  readonly claim: Claim;
  readonly block: ResourceBlock;
  readonly desired: Desire;
  readonly owner: { readonly id: string; readonly label: string };
}

/**
 * Takes existing keys under management: each is looked for in the list of its owner, one call for each owner, and recorded as it is. Nothing
 * is done at a cloud but reading, and trying a secret that was given, where that is harmless. All of them, or none: throws a
 * DiagnosticsError with all that is wrong before anything is recorded.
 */
export async function adoptKeys(
  engine: Engine,
  recorder: Recorder,
  loaded: LoadedStack,
  claims: readonly Claim[],
  options: AdoptOptions,
): Promise<readonly Taken[]> {
  const { state } = recorder;
  const types = typesOf(engine.clouds);
  const { configuration, variables, wiring } = loaded;
  const evaluation = new Evaluation(configuration, variables, factsOf(loaded, engine.clock.now()));
  const connections = await connectAll(evaluation, state, types, engine, engine.override);
  const keys = new Map<string, ReadonlyMap<string, ActualKey> | Error>();
  const world: World = { types, connections, keys, data: new Map(), owners: new Map(), sandbox: engine.sandbox };
  publish(loaded, state, evaluation);
  const problems: Diagnostic[] = [];
  const attempt = <T>(address: string, work: () => T): T | null => {
    try {
      return work();
    } catch (error) {
      if (!isKeyformError(error) && !(error instanceof DiagnosticsError)) throw error;
      problems.push(...toDiagnostics(error, { address }));
      return null;
    }
  };
  const open = options.resume ? claims.filter(({ address, id }) => !has(state, address, id)) : claims;
  const asked = open.flatMap(
    (claim) => attempt(claim.address, () => askFor(claim, loaded, evaluation, state, world)) ?? [],
  );
  throwOnErrors(problems);
  for (const { block, desired, owner } of asked) {
    if (keys.has(owner.id)) continue;
    try {
      const list = await handlerOf(world, block.provider, block.type.type).list(
        knownArgs(desired.args),
        options.signal,
      );
      keys.set(owner.id, new Map(list.map((key) => [key.id, key])));
    } catch (error) {
      if (!isKeyformError(error) || error.code === 'cancelled') throw error;
      keys.set(owner.id, error);
    }
  }
  // After the lists: whoever made a key that they show had its attempt on the disk before.
  const elsewhere = siblingKeys({ types, siblings: await options.siblings() });
  const found = asked.flatMap((one) => attempt(one.claim.address, () => lookFor(one, state, world, elsewhere)) ?? []);
  throwOnErrors(problems);
  const taken: Taken[] = [];
  for (const { asked: one, generation } of found) {
    try {
      const { block, claim, owner } = one;
      const tries = options.verify && claim.secret !== null && block.type.capabilities.verify && generation.enabled;
      const handler = handlerOf(world, block.provider, block.type.type);
      const verified =
        tries && generation.secret !== null
          ? await handler.verify(reference(generation), generation.secret, options.signal)
          : null;
      if (verified === false) throw wrongSecret(claim, 'the API does not accept it');
      const now = new Date(engine.clock.now()).toISOString();
      const born = generation.createdAt === null ? { renewedAt: now } : {};
      const known = { ...generation, ...born, ...(verified === true ? { verifiedAt: now } : {}) };
      taken.push({ address: claim.address, generation: known, ownerLabel: owner.label, verified });
    } catch (error) {
      if (!isKeyformError(error) || error.code === 'cancelled') throw error;
      problems.push(...toDiagnostics(error, { address: one.claim.address }));
    }
  }
  throwOnErrors(problems);
  if (!options.record) return taken;
  // Together, so that they reach the disk together.
  await Promise.all(
    taken.map(({ address, generation }) => {
      const block = asked.find(({ claim }) => claim.address === address)?.block as ResourceBlock;
      return recorder.record({
        kind: 'imported',
        address,
        type: block.type.type,
        provider: block.provider,
        generation,
        dependencies: wiring.dependencies.get(blockAddress(address)) ?? [],
      });
    }),
  );
  return taken;
}

function has(state: State, address: string, id: string): boolean {
  const current = state.resources.get(address)?.current ?? null;
  return current !== null && (current.id === id || current.accessKeyId === id);
}

/** Lets references see what state holds; of the rest nothing is known. */
function publish(loaded: LoadedStack, state: State, evaluation: Evaluation): void {
  const { configuration, wiring } = loaded;
  for (const address of wiring.order) {
    const declared = configuration.resources.get(address);
    if (declared === undefined) continue;
    try {
      for (const [instance, { block }] of evaluation.instances(address)) {
        if (!('type' in block)) continue;
        const { current = null, deposed = [] } = state.resources.get(instance) ?? {};
        const value = current === null ? plannedObject(block.type, {}, 1) : livingObject(block.type, current, deposed);
        evaluation.set(instance, objectTypeOf(block.type), value);
      }
    } catch (error) {
      // What is made from it has no value, which whoever needs that meets by itself.
      if (!(error instanceof MissingValue) && !(error instanceof EvaluationProblem)) throw error;
    }
  }
}

function askFor(claim: Claim, loaded: LoadedStack, evaluation: Evaluation, state: State, world: World): Asked {
  const { address } = claim;
  const instance = evaluation.instance(address);
  if (instance === null || !('type' in instance.block)) {
    const declared = [...loaded.configuration.resources.keys()];
    throw new KeyformError('invalid-usage', `Resource address "${address}" does not exist in the configuration`, {
      detail: `Declare the key in stack "${loaded.configuration.name}" first, as it is at its cloud; "keyform import -generate" writes that.${didYouMean(address, declared)}`,
    });
  }
  const { block, scope } = instance;
  if (block.type.local === true)
    throw new KeyformError('invalid-usage', `${address} is no key`, {
      detail: 'There is nothing at a cloud that it could be.',
    });
  if (state.resources.get(address)?.current != null)
    throw new KeyformError('refused', 'Resource already managed by Keyform', {
      detail: `State holds a key of ${address} already. Forget that one first ("keyform state rm ${address}"), or import to another address.`,
    });
  const open = [...state.intents.values()].find((intent) => intent.address === address);
  if (open !== undefined)
    throw new KeyformError('refused', `An attempt to ${open.operation} ${address} has no recorded result`, {
      detail: '"keyform plan" looks into it, and "keyform apply" settles it; then import.',
    });
  const report = new Report();
  const desired = desire(block, scope, report);
  if (desired === null) throw new DiagnosticsError(report.diagnostics);
  const known = knownArgs(desired.args);
  const missing = block.type.owner.arguments.find((name) => !Object.hasOwn(known, name));
  if (missing !== undefined)
    throw new KeyformError('invalid-usage', 'Whose key is to be imported is not known', {
      detail: `"${missing}" depends on what is not made yet. Write it out, or apply that first.`,
    });
  return { claim, block, desired, owner: ownerOf(world, block.provider, block.type.type, known) };
}

function lookFor(
  asked: Asked,
  state: State,
  world: World,
  elsewhere: ReadonlySet<string>,
): { readonly asked: Asked; readonly generation: Generation } {
  const { claim, block, desired } = asked;
  const number = (state.resources.get(claim.address)?.lastGeneration ?? 0) + 1;
  const { current: planned } = importedResource(block, desired, claim.id, number, world);
  const list = world.keys.get(asked.owner.id);
  const key = planned === null || list instanceof Error ? undefined : list?.get(planned.id);
  if (planned === null || key === undefined) throw new Error('an imported resource has a key that was listed');
  const current = overlay(planned, key);
  const cloud = typeOf(world, block.type.type).cloud.name;
  for (const resource of state.resources.values()) {
    if (typeOf(world, resource.type).cloud.name !== cloud) continue;
    if ([...resource.deposed, resource.current].some((key) => key?.id === current.id))
      throw new KeyformError('refused', `Key ${current.id} is managed already, as ${resource.address}`, {
        detail: `"keyform state mv" gives it another address.`,
      });
  }
  if (elsewhere.has(`${cloud} ${current.id}`))
    throw new KeyformError('refused', `Key ${current.id} is managed already, by another stack of the project`, {
      detail:
        'Two stacks with one key would take it away from one another. Forget it there first: keyform state rm -stack=NAME ADDRESS.',
    });
  const known = knownArgs(desired.args);
  const differing = Object.entries(argumentsOf(block.type)).flatMap(([name, spec]) => {
    if (!spec.forcesNew || !Object.hasOwn(known, name) || (spec.unset === 'keep' && !desired.set.has(name))) return [];
    return same(known[name] ?? null, current.args[name] ?? null, spec.same) ? [] : [name];
  });
  if (differing.length > 0)
    throw new KeyformError('refused', 'The key to import is not as the stack declares it', {
      detail: `Key ${current.id} differs in ${differing.join(', ')}, which cannot be changed: the next plan would replace it. Declare it as it is.`,
    });
  const { secret } = claim;
  if (secret === null) return { asked, generation: current };
  if (current.secret !== null && current.secret.reveal() !== secret.reveal())
    throw wrongSecret(claim, 'the API tells another one');
  if (block.type.shows?.(current.attributes, secret) === false)
    throw wrongSecret(claim, 'the API shows the end of another one');
  return { asked, generation: { ...current, secret } };
}

function wrongSecret({ address, id }: Claim, why: string): KeyformError {
  return new KeyformError('refused', `The secret that was given for ${address} is not that of key ${id}`, {
    detail: `Tried, or compared: ${why}. Nothing was recorded. Give the right one, or none.`,
  });
}
