import type { Json, JsonObject } from '../core/json.ts';
import { overlay } from '../core/plan/object.ts';
import type { Step } from '../core/plan/plan.ts';
import type { ActualKey, KeyHandler } from '../core/provider.ts';
import type { Generation, Intent } from '../core/state.ts';
import { containsSensitive } from '../core/value.ts';
import { act } from './attempt.ts';
import { type Running, reference } from './running.ts';

export async function updateKey(run: Running, step: Step, handler: KeyHandler): Promise<string> {
  const generation = run.generation(step);
  const args = run.arguments(step);
  const called = step.changed.filter((name) => name !== 'rotation');
  if (called.length === 0) {
    // The API knows nothing of it.
    await recordPolicy(run, step, generation, args.values.rotation ?? null);
    return generation.id;
  }
  const intent = run.intent(step, 'update', {
    keyId: generation.id,
    args: Object.fromEntries(step.changed.map((name) => [name, args.values[name] ?? null])),
    sensitiveArgs: args.sensitive.filter((name) => step.changed.includes(name)),
  });
  await run.input.recorder.record({ kind: 'intent', intent });
  const key = await act(intent, run.input.recorder, () => handler.update(reference(generation), args.values, called));
  await recordUpdate(run, intent, step, generation, key, args);
  return generation.id;
}

async function recordPolicy(run: Running, step: Step, before: Generation, rotation: Json): Promise<void> {
  const generation = { ...before, args: { ...before.args, rotation } };
  await run.input.recorder.record({ kind: 'refreshed', address: step.address, generation });
  run.publish(step.address);
}

export async function toggleKey(run: Running, step: Step, handler: KeyHandler): Promise<string> {
  const generation = run.generation(step);
  const enabled = step.kind === 'enable';
  const intent = run.intent(step, enabled ? 'enable' : 'disable', { keyId: generation.id, args: { enabled } });
  await run.input.recorder.record({ kind: 'intent', intent });
  const key = await act(intent, run.input.recorder, () => handler.setEnabled(reference(generation), enabled));
  await recordUpdate(run, intent, { ...step, changed: ['enabled'] }, generation, key, {
    values: { enabled },
    sensitive: containsSensitive(step.args.enabled ?? null) ? ['enabled'] : [],
  });
  return generation.id;
}

async function recordUpdate(
  run: Running,
  intent: Intent,
  step: Step,
  before: Generation,
  key: ActualKey,
  args: { values: JsonObject; sensitive: readonly string[] },
): Promise<void> {
  const changed = Object.fromEntries(step.changed.map((name) => [name, args.values[name] ?? null]));
  const kept = before.sensitiveArgs.filter((name) => !step.changed.includes(name));
  const { disabledAt: _, ...kept_ } = before;
  const retired = step.kind === 'disable' && run.input.recorder.state.resources.get(step.address)?.current !== before;
  const at = new Date(run.input.clock.now()).toISOString();
  const generation: Generation = overlay(
    {
      ...(step.kind === 'enable' ? kept_ : before),
      ...(retired ? { deposedAt: before.deposedAt ?? at, disabledAt: at } : {}),
      args: { ...before.args, ...changed },
      sensitiveArgs: [...kept, ...args.sensitive.filter((name) => step.changed.includes(name))],
    },
    key,
  );
  await run.input.recorder.record({ kind: 'updated', intent: intent.id, generation });
  run.publish(step.address);
}

export async function deleteKey(run: Running, step: Step, handler: KeyHandler): Promise<string> {
  const generation = run.generation(step);
  const intent = run.intent(step, 'delete', { keyId: generation.id });
  await run.input.recorder.record({ kind: 'intent', intent });
  await act(intent, run.input.recorder, () => handler.delete(reference(generation)));
  const replaced = run.input.plan.steps.some(
    (other) => makesNext(other) && other.address === step.address && other.generation > step.generation,
  );
  await run.input.recorder.record({ kind: 'deleted', intent: intent.id, ...(replaced ? { replaced } : {}) });
  run.publish(step.address);
  return generation.id;
}

function makesNext({ kind, renews }: Step): boolean {
  return (kind === 'create' || kind === 'rotate') && renews !== true;
}
