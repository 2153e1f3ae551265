import { KeyformError } from '../core/error.ts';
import { ownerOf, typeOf } from '../core/plan/actual.ts';
import { adopted } from '../core/plan/attempt.ts';
import { knownArgs } from '../core/plan/desire.ts';
import { overlay } from '../core/plan/object.ts';
import type { Step } from '../core/plan/plan.ts';
import type { KeyHandler } from '../core/provider.ts';
import { containsSensitive } from '../core/value.ts';
import { recoverOrphan } from './recover.ts';
import type { Running } from './running.ts';

export async function recoverKey(run: Running, step: Step, handler: KeyHandler): Promise<string> {
  const id = step.keyId;
  const intent = run.input.recorder.state.intents.get(step.intent ?? '');
  if (id === null || intent === undefined) throw new Error('a recover step names its key and its intent');
  const args = knownArgs(step.args);
  const key = { id, accessKeyId: id, args, expiresAt: null, enabled: args.enabled !== false };
  await recoverOrphan(key, intent, handler, typeOf(run.input.world, step.type).type, run.input);
  return id;
}

/** Takes an orphan over. Nothing is done to it: what is recorded is that it is the key of this address. */
export async function adoptKey(run: Running, step: Step, handler: KeyHandler): Promise<string> {
  const { recorder, signal } = run.input;
  const intent = recorder.state.intents.get(step.intent ?? '');
  if (step.keyId === null || intent === undefined) throw new Error('an adopt step names its key and its intent');
  const key = await handler.read(step.keyId, intent.args, signal);
  const generation = key === null ? null : adopted(intent, key);
  if (generation === null || generation.secret === null) {
    throw new KeyformError('stale-plan', `Key ${step.keyId} cannot be recovered any more`, {
      detail: `The API ${key === null ? 'no longer has it' : 'did not tell its secret'}. Plan again.`,
    });
  }
  const dependencies = run.needs(step.address);
  await recorder.record({ kind: 'created', intent: intent.id, generation, dependencies });
  run.publish(step.address);
  return generation.id;
}

/** Takes a key under management that exists already. Nothing is done to it. */
export async function importKey(run: Running, step: Step, handler: KeyHandler): Promise<string> {
  const { recorder, world, signal } = run.input;
  const args = knownArgs(step.args);
  const key = step.keyId === null ? null : await handler.read(step.keyId, args, signal);
  if (key === null) {
    throw new KeyformError('stale-plan', `Key ${step.keyId} cannot be imported any more`, {
      detail: 'The API no longer has it. Plan again.',
    });
  }
  const sensitiveArgs = Object.keys(step.args).filter((name) => containsSensitive(step.args[name] ?? null));
  const generation = overlay(
    {
      number: step.generation,
      id: key.id,
      accessKeyId: key.accessKeyId,
      secret: key.secret,
      createdAt: key.createdAt,
      expiresAt: key.expiresAt,
      enabled: key.enabled,
      args,
      sensitiveArgs,
      attributes: {},
      scope: ownerOf(world, step.provider, step.type, args).scope,
    },
    key,
  );
  const { address, type, provider } = step;
  const dependencies = run.needs(address);
  await recorder.record({ kind: 'imported', address, type, provider, generation, dependencies });
  run.publish(address);
  return key.id;
}

export async function forgetKey(run: Running, step: Step): Promise<string | null> {
  await run.input.recorder.record({ kind: 'forgotten', address: step.address, generation: step.generation });
  run.publish(step.address);
  return step.keyId;
}
