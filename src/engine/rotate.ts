import { KeyformError } from '../core/error.ts';
import { overlay } from '../core/plan/object.ts';
import type { Step } from '../core/plan/plan.ts';
import type { KeyHandler } from '../core/provider.ts';
import type { Generation } from '../core/state.ts';
import { act } from './attempt.ts';
import { type Running, reference } from './running.ts';

/** Gives the current key a new secret under the same id: the next generation. */
export async function renewKey(run: Running, step: Step, handler: KeyHandler): Promise<string> {
  const { recorder, clock } = run.input;
  const current = recorder.state.resources.get(step.address)?.current ?? null;
  if (current === null || current.id !== step.keyId) {
    throw new KeyformError('stale-plan', `State holds another key of ${step.address} by now`, {
      detail: 'Plan again.',
    });
  }
  if (handler.regenerate === undefined) throw new Error('only a type that can regenerate has such a step');
  const { keepers = null, rotation = null } = run.arguments(step).values;
  const args = { keepers, rotation };
  const regenerate = handler.regenerate.bind(handler);
  const intent = {
    ...run.intent(step, 'regenerate', { keyId: current.id, scope: current.scope, args }),
    generation: current.number,
  };
  await recorder.record({ kind: 'intent', intent });
  const { key, secret } = await act(intent, recorder, () => regenerate(reference(current)));
  const { restoredAt: _, verifiedAt: _of, ...before } = current;
  const generation: Generation = {
    ...overlay(before, key),
    number: step.generation,
    secret,
    args: { ...current.args, ...key.args, ...args },
    renewedAt: new Date(clock.now()).toISOString(),
  };
  await recorder.record({ kind: 'regenerated', intent: intent.id, generation });
  run.publish(step.address);
  return key.id;
}

/** Begins the overlap of a replaced key: everything that waited for the new one has it. */
export async function deposeKey(run: Running, step: Step): Promise<string> {
  const { recorder, clock } = run.input;
  const { id, number } = run.generation(step);
  const at = new Date(clock.now()).toISOString();
  await recorder.record({ kind: 'deposed', address: step.address, generation: number, at });
  run.publish(step.address);
  return id;
}

/** Makes a replaced key the current one again. */
export async function restoreKey(run: Running, step: Step): Promise<string> {
  const { recorder, clock } = run.input;
  const { id, number } = run.generation(step);
  const at = new Date(clock.now()).toISOString();
  await recorder.record({ kind: 'restored', address: step.address, generation: number, at });
  run.publish(step.address);
  return id;
}
