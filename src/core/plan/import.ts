import { blockAddress, formatKey } from '../address.ts';
import { keyedReference, type Report, type Written } from '../configuration/block.ts';
import type { ResourceBlock } from '../configuration/resource.ts';
import type { Configuration } from '../configuration/stack.ts';
import { KeyformError } from '../error.ts';
import type { Evaluation } from '../evaluation/evaluation.ts';
import { InstanceScope } from '../evaluation/module.ts';
import { placed, placeOf } from '../evaluation/problem.ts';
import { bindingsOf, ONLY } from '../evaluation/repetition.ts';
import { evaluate } from '../expression/evaluate.ts';
import { EvaluationProblem } from '../expression/problem.ts';
import type { JsonObject } from '../json.ts';
import { argumentsOf } from '../resource.ts';
import type { Generation, ResourceState } from '../state.ts';
import { toPlan } from '../typed/json.ts';
import type { Typed } from '../typed/typed.ts';
import { Sensitive } from '../value.ts';
import { ownerOf, type World } from './actual.ts';
import { type Desire, knownArgs } from './desire.ts';

/** By address: the id of the key that an import block makes its own. Problems are reported at their place. */
export function readImportIds(
  configuration: Configuration,
  evaluation: Evaluation,
  report: Report,
): ReadonlyMap<string, string> {
  const ids = new Map<string, string>();
  for (const { to, id, forEach } of configuration.imports) {
    try {
      const bindings =
        forEach === null
          ? [ONLY]
          : (placed(forEach.place, () =>
              bindingsOf('for_each', evaluate(forEach.expression, evaluation.root), evaluation.lenient),
            ) ?? []);
      for (const binding of bindings) {
        const scope = new InstanceScope(evaluation.root, binding);
        const address = placed(to.place, () => addressOf(to, scope));
        const key = placed(id.place, () => textOf(evaluate(id.expression, scope), 'id'));
        if (!configuration.resources.has(blockAddress(address)))
          report.error(
            to.place,
            'Configuration for import target does not exist',
            `The stack declares no resource ${address}. Declare it: an import block says only which key it is.`,
          );
        else if (ids.has(address))
          report.error(to.place, `Several import blocks are for ${address}`, 'Keep one: an address has one key.');
        else ids.set(address, key);
      }
    } catch (error) {
      if (!(error instanceof EvaluationProblem)) throw error;
      report.error(placeOf(error, to.place), error.message, error.detail);
    }
  }
  return ids;
}

function addressOf(to: Written, scope: InstanceScope): string {
  const reference = keyedReference(to.expression, to.place);
  if (reference === null)
    throw new EvaluationProblem('Invalid import address', null, 'Write the address of a resource, such as TYPE.NAME.');
  const { root, steps } = reference;
  let text = root;
  let pending = root === 'module' ? 'module' : 'type';
  for (const step of steps) {
    const value = typeof step === 'object' ? toPlan(evaluate(step, scope)) : step;
    if (typeof step === 'object' || typeof step === 'number' || pending === 'key') {
      if (typeof value !== 'string' && typeof value !== 'number')
        throw new EvaluationProblem('Invalid import address', null, 'The key in it has no value that is known.');
      text += formatKey(value);
      pending = 'next';
    } else {
      text += `.${value}`;
      if (pending === 'type') pending = 'key';
      else if (pending === 'module') pending = 'next';
      else pending = value === 'module' ? 'module' : 'type';
    }
  }
  return text;
}

function textOf(value: Typed, what: string): string {
  const plain = toPlan(value);
  if (plain instanceof Sensitive)
    throw new EvaluationProblem(
      `The import ${what} is sensitive`,
      null,
      'It shows in the plan. Use nonsensitive(…) if it may.',
    );
  if (typeof plain === 'string' && plain !== '') return plain;
  throw new EvaluationProblem(
    `Invalid import ${what} argument`,
    null,
    `The import ${what} must be text that is known while planning, and not empty.`,
  );
}

/**
 * What state would hold of the key with this id, if it were that of the address: without its secret, unless the API tells it. Throws when the
 * owner is not known, or has no such key.
 */
export function importedResource(
  block: ResourceBlock,
  desired: Desire,
  id: string,
  number: number,
  world: World,
): ResourceState {
  const { address, type, provider } = block;
  const known = knownArgs(desired.args);
  const open = type.owner.arguments.find((name) => !Object.hasOwn(known, name));
  if (open !== undefined)
    throw new KeyformError('invalid-configuration', `Whose key is to be imported is not known yet`, {
      detail: `"${open}" depends on what is made by this apply. Apply that first, with -target.`,
    });
  const owner = ownerOf(world, provider, type.type, known);
  const keys = world.keys.get(owner.id);
  if (keys instanceof Error) throw keys;
  const key = keys?.get(id) ?? [...(keys?.values() ?? [])].find(({ accessKeyId }) => accessKeyId === id);
  if (key === undefined)
    throw new KeyformError('not-found', 'Cannot import non-existent remote object', {
      detail: `${owner.label} has no key ${id}. Give the id or access key id as the cloud shows it, and the right owner.`,
    });
  const args: Record<string, JsonObject[string]> = {};
  for (const [name, spec] of Object.entries(argumentsOf(type))) {
    // What the API does not tell is taken to be as the stack says.
    args[name] = spec.source === 'remembered' ? (known[name] ?? null) : (key.args[name] ?? null);
  }
  const generation: Generation = {
    number,
    id: key.id,
    accessKeyId: key.accessKeyId,
    secret: key.secret,
    createdAt: key.createdAt,
    expiresAt: key.expiresAt,
    enabled: key.enabled,
    args,
    sensitiveArgs: desired.sensitiveArgs,
    attributes: key.attributes,
    scope: owner.scope,
  };
  return {
    address,
    type: type.type,
    provider,
    dependencies: [],
    current: generation,
    deposed: [],
    lastGeneration: number,
    tainted: null,
  };
}
