import { isKeyformError, KeyformError } from '../core/error.ts';
import { ownerOf, typeOf } from '../core/plan/actual.ts';
import { overlay } from '../core/plan/object.ts';
import type { Step } from '../core/plan/plan.ts';
import type { ActualKey, KeyHandler } from '../core/provider.ts';
import { policyOf } from '../core/rotation/policy.ts';
import type { Generation } from '../core/state.ts';
import { act, make, takeBack } from './attempt.ts';
import { type Running, reference } from './running.ts';

export async function makeKey(run: Running, step: Step, handler: KeyHandler): Promise<string> {
  const args = run.arguments(step);
  const owner = ownerOf(run.input.world, step.provider, step.type, args.values);
  const knownIds = step.knownIds ?? (await handler.list(args.values, run.input.signal)).map((key) => key.id);
  const intent = run.intent(step, 'create', {
    owner: owner.id,
    scope: owner.scope,
    keyId: null,
    args: args.values,
    sensitiveArgs: args.sensitive,
    knownIds,
  });
  const { recorder, world } = run.input;
  const { type } = typeOf(world, step.type);
  await recorder.record({ kind: 'intent', intent });
  const making = { intent, handler, type, recorder };
  const { key, secret } = await act(intent, recorder, () => make(making));
  const generation = overlay(
    {
      number: step.generation,
      id: key.id,
      accessKeyId: key.accessKeyId,
      secret: type.local === true ? null : secret,
      createdAt: key.createdAt,
      expiresAt: key.expiresAt,
      enabled: key.enabled,
      args: args.values,
      sensitiveArgs: args.sensitive,
      attributes: {},
      scope: owner.scope,
      // Of a key whose API tells no time, this is its age.
      ...(key.createdAt === null && type.local !== true ? { renewedAt: intent.at } : {}),
    },
    key,
  );
  const dependencies = run.needs(step.address);
  try {
    const owed = run.commandsOf(step, 'create').length > 0 ? { tainted: UNRUN } : {};
    await recorder.record({ kind: 'created', intent: intent.id, generation, dependencies, ...owed });
  } catch (error) {
    throw await takeBack(making, reference(generation), error);
  }
  run.publish(step.address);
  return key.id;
}

export async function verifyKey(run: Running, step: Step, handler: KeyHandler): Promise<string> {
  const generation = await waitForKey(run, step, handler);
  const { type } = typeOf(run.input.world, step.type);
  if (!type.capabilities.verify || generation.secret === null || !policyOf(generation.args).verify)
    return noteVerified(run, step);
  const works = await handler.verify(reference(generation), generation.secret, run.input.signal);
  const current = run.input.recorder.state.resources.get(step.address)?.current ?? null;
  if (works === false && current?.number !== generation.number) {
    throw new KeyformError('invalid-state', `Key ${generation.accessKeyId} does not work any more`, {
      detail: 'The API does not accept its secret, so it is not made the current one again. Nothing was changed.',
    });
  }
  if (works === false) {
    await run.input.recorder.record({
      kind: 'tainted',
      address: step.address,
      reason: 'the API did not accept its secret',
    });
    // Where the old key is deleted first, its deletion does not wait for this step.
    const kept = run.input.plan.steps.some(
      (other) =>
        ['delete', 'disable', 'depose'].includes(other.kind) &&
        other.address === step.address &&
        other.after.includes(step.id),
    );
    throw new KeyformError('invalid-state', `The new key ${generation.accessKeyId} does not work`, {
      detail: `The API made it but does not accept its secret. ${
        kept
          ? 'The old key is kept; the next apply replaces the new one.'
          : 'The old key was deleted before it was made, so no key works until the next apply replaces the new one.'
      }`,
    });
  }
  return noteVerified(run, step);
}

/** Records that the key works, which is known of it from now on: consumers are given it. */
async function noteVerified(run: Running, step: Step): Promise<string> {
  const generation = run.generation(step);
  if (generation.verifiedAt === undefined) {
    const verifiedAt = new Date(run.input.clock.now()).toISOString();
    const verified = { ...generation, verifiedAt };
    await run.input.recorder.record({ kind: 'refreshed', address: step.address, generation: verified });
    run.publish(step.address);
  }
  return generation.id;
}

/** Waits until the key is ready, where that takes time. A key that the API gave up on is to be replaced. */
async function waitForKey(run: Running, step: Step, handler: KeyHandler): Promise<Generation> {
  const generation = run.generation(step);
  if (handler.ready === undefined) return generation;
  const { signal, clock, onEvent, recorder } = run.input;
  let key: ActualKey;
  try {
    key = await handler.ready(reference(generation), {
      ...(signal === undefined ? {} : { signal }),
      onProgress: (status) => onEvent?.({ kind: 'waiting', step, at: clock.now(), status }),
    });
  } catch (error) {
    if (isKeyformError(error, 'invalid-state', 'not-found'))
      await recorder.record({ kind: 'tainted', address: step.address, reason: error.message });
    throw error;
  }
  // Looked up again: something else may have been changed about it while it was waited for.
  const ready = overlay(run.generation(step), key);
  await recorder.record({ kind: 'refreshed', address: step.address, generation: ready });
  run.publish(step.address);
  return ready;
}

/** Why a resource is made anew whose commands never ran: the run ended before. */
const UNRUN = 'the commands that belong to its making have not run';
