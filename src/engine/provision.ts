import { blockAddress } from '../core/address.ts';
import type { Provisioner } from '../core/configuration/provisioner.ts';
import { toDiagnostics } from '../core/diagnostic.ts';
import { typeOf } from '../core/plan/actual.ts';
import { livingObject } from '../core/plan/object.ts';
import type { Step } from '../core/plan/plan.ts';
import { objectTypeOf } from '../core/resource.ts';
import type { Generation } from '../core/state.ts';
import { fromPlan } from '../core/typed/json.ts';
import { continues, runCommand } from './command.ts';
import type { Running } from './running.ts';

/** Runs a command of a provisioner. When it fails after its resource was made, the resource is made anew at the next apply. */
export async function runProvisioner(run: Running, step: Step): Promise<string | null> {
  const { recorder, processes, environment, signal, onEvent, clock, loaded, world } = run.input;
  const generation = run.generation(step);
  const { type } = typeOf(world, step.type);
  const block = loaded.configuration.resources.get(blockAddress(step.address));
  const provisioner = block?.provisioners[step.provisioner ?? -1];
  if (block === undefined || provisioner === undefined) throw new Error('a run step is for a provisioner of the stack');
  const living = livingObject(type, generation);
  const scope = run.instance(step.address)?.scope ?? run.evaluation.scopeOfRemoved(step.address, block);
  try {
    await runCommand(provisioner, scope.withSelf(fromPlan(living, objectTypeOf(type))), {
      processes,
      environment,
      folder: run.evaluation.facts.cwd,
      secrets: generation.secret === null ? [] : [generation.secret],
      ...(signal === undefined ? {} : { signal }),
      onOutput: (line) => onEvent?.({ kind: 'output', step, at: clock.now(), line }),
    });
  } catch (error) {
    if (continues(provisioner, error)) {
      const [said] = toDiagnostics(error);
      onEvent?.({
        kind: 'output',
        step,
        at: clock.now(),
        line: `${said?.summary ?? 'It failed'}: going on, as on_failure says`,
      });
      return recordRun(run, step, provisioner, generation);
    }
    if (provisioner.when === 'create') {
      const reason = 'a command that runs when it is made has failed';
      await recorder.record({ kind: 'tainted', address: step.address, reason });
    }
    throw error;
  }
  return recordRun(run, step, provisioner, generation);
}

/** A resource whose last command has run is made. */
async function recordRun(run: Running, step: Step, provisioner: Provisioner, generation: Generation): Promise<string> {
  if (provisioner === run.commandsOf(step, 'create').at(-1))
    await run.input.recorder.record({ kind: 'tainted', address: step.address, reason: null });
  return generation.id;
}
