import { blockAddress } from '../core/address.ts';
import { Report } from '../core/configuration/block.ts';
import type { DataBlock } from '../core/configuration/data.ts';
import type { Provisioner } from '../core/configuration/provisioner.ts';
import type { ResourceBlock } from '../core/configuration/resource.ts';
import { objectTypeOfData } from '../core/datasource.ts';
import { DiagnosticsError } from '../core/diagnostic.ts';
import { KeyformError } from '../core/error.ts';
import { Evaluation } from '../core/evaluation/evaluation.ts';
import type { Instance } from '../core/evaluation/module.ts';
import { MissingValue } from '../core/evaluation/problem.ts';
import { EvaluationProblem } from '../core/expression/problem.ts';
import type { JsonObject } from '../core/json.ts';
import { typeOf, type World } from '../core/plan/actual.ts';
import { conditionsHold } from '../core/plan/condition.ts';
import { completeArgs, desire } from '../core/plan/desire.ts';
import { livingObject } from '../core/plan/object.ts';
import type { Plan, Step } from '../core/plan/plan.ts';
import type { Clock, Environment, Processes, Random } from '../core/port.ts';
import type { KeyReference } from '../core/provider.ts';
import { objectTypeOf } from '../core/resource.ts';
import type { Generation, Intent, JournalEntry, State } from '../core/state.ts';
import { containsSensitive, isWhollyKnown, toJson, UNKNOWN, type Value } from '../core/value.ts';
import { factsOf } from './facts.ts';
import type { LoadedStack } from './load.ts';
import type { ApplyEvent } from './walk.ts';

/** Where apply records what it does. `record` resolves when the entry is on the disk; `state` shows it from then on. */
export interface Recorder {
  readonly state: State;
  record(entry: JournalEntry): Promise<void>;
}

export interface ApplyInput {
  readonly plan: Plan;
  readonly loaded: LoadedStack;
  readonly processes: Processes;
  readonly environment: Environment;
  readonly world: World;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly random: Random;
  /** Steps at once. */
  readonly parallelism: number;
  /** Aborted: no further step begins, those in flight finish. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: ApplyEvent) => void;
}

/** A run of a plan: what its steps know, record and give to one another. */
export class Running {
  readonly input: ApplyInput;
  readonly evaluation: Evaluation;

  constructor(input: ApplyInput) {
    this.input = input;
    const { loaded, plan, clock } = input;
    const { configuration, variables } = loaded;
    const facts = factsOf(loaded, Date.parse(plan.createdAt), () => clock.now());
    this.evaluation = new Evaluation(configuration, variables, facts);
    for (const { address, values } of plan.data) this.publishData(address, values);
    for (const address of loaded.wiring.order) {
      if (!configuration.resources.has(address)) continue;
      for (const instance of instancesOf(address, this.evaluation)) this.publish(instance);
    }
  }

  intent(
    step: Step,
    operation: Intent['operation'],
    more: Partial<Pick<Intent, 'owner' | 'scope' | 'keyId' | 'args' | 'sensitiveArgs' | 'knownIds'>>,
  ): Intent {
    return {
      id: Buffer.from(this.input.random.bytes(12)).toString('hex'),
      at: new Date(this.input.clock.now()).toISOString(),
      operation,
      address: step.address,
      type: step.type,
      provider: step.provider,
      owner: more.owner ?? step.owner ?? '',
      scope: more.scope ?? this.current(step)?.scope ?? '',
      generation: step.generation,
      keyId: more.keyId ?? null,
      args: more.args ?? {},
      sensitiveArgs: more.sensitiveArgs ?? [],
      knownIds: more.knownIds ?? [],
      secret: null,
    };
  }

  /** The arguments of a step, all known: as planned, or evaluated again now that what they refer to exists. */
  arguments(step: Step): { values: JsonObject; sensitive: readonly string[] } {
    const { type } = typeOf(this.input.world, step.type);
    const instance = this.instance(step.address);
    const makes = step.kind === 'create' || step.kind === 'rotate';
    const prior = makes ? null : (this.current(step)?.args ?? null);
    let planned: Readonly<Record<string, Value>> = step.args;
    const open = Object.values(planned).some((value) => !isWhollyKnown(value));
    if (open && instance !== null && 'type' in instance.block) {
      const report = new Report();
      const desired = desire(instance.block, instance.scope, report);
      if (desired === null) throw new DiagnosticsError(report.diagnostics);
      // Only what was unknown is filled in: what the plan printed stays as it was printed.
      planned = Object.fromEntries(
        Object.entries(planned).map(([name, value]) => [
          name,
          isWhollyKnown(value) ? value : (desired.args[name] ?? null),
        ]),
      );
    }
    const completed = completeArgs(type, planned, prior, this.input.clock.now());
    const missing = Object.entries(completed).filter(([, value]) => !isWhollyKnown(value));
    if (missing.length > 0) {
      throw new KeyformError('internal', `"${missing[0]?.[0]}" is still not known`, {
        detail: 'What it depends on has no value. Plan again.',
      });
    }
    const sensitive = Object.entries(step.args)
      .filter(([, value]) => containsSensitive(value))
      .map(([name]) => name);
    return { values: toJson(completed) as JsonObject, sensitive };
  }

  current(step: Step): Generation | null {
    const resource = this.input.recorder.state.resources.get(step.address);
    return (
      [resource?.current ?? null, ...(resource?.deposed ?? [])].find((key) => key?.number === step.generation) ?? null
    );
  }

  /** The provisioners that run at one end of the life of a step's resource. */
  commandsOf(step: Step, when: Provisioner['when']): readonly Provisioner[] {
    const block = this.input.loaded.configuration.resources.get(blockAddress(step.address));
    return (block?.provisioners ?? []).filter((provisioner) => provisioner.when === when);
  }

  generation(step: Step): Generation {
    const generation = this.current(step);
    if (generation === null) {
      throw new KeyformError('stale-plan', `State no longer holds generation ${step.generation} of ${step.address}`, {
        detail: 'Plan again.',
      });
    }
    return generation;
  }

  /** Lets references see an address as it is now. */
  publish(address: string): void {
    const { current = null, deposed = [] } = this.input.recorder.state.resources.get(address) ?? {};
    const block = this.input.loaded.configuration.resources.get(blockAddress(address));
    if (block === undefined) return;
    this.evaluation.set(
      address,
      objectTypeOf(block.type),
      current === null ? UNKNOWN : livingObject(block.type, current, deposed),
    );
  }

  publishData(address: string, values: Record<string, Value> | Readonly<Record<string, Value>>): void {
    const block = this.input.loaded.configuration.data.get(blockAddress(address));
    if (block !== undefined) this.evaluation.set(address, objectTypeOfData(block.source), values);
  }

  /** The instance with this address, as the stack declares it; null for what it does not declare. */
  instance(address: string): Instance | null {
    return this.evaluation.instance(address);
  }

  /** What the instance depends on, as planned. */
  needs(address: string): readonly string[] {
    return this.input.plan.needs[address] ?? [];
  }

  /** Throws when a condition of an instance does not hold, now that more is known than while planning. */
  require(what: 'precondition' | 'postcondition', { block, scope }: Instance<ResourceBlock | DataBlock>): void {
    const conditions = what === 'precondition' ? block.lifecycle.preconditions : block.lifecycle.postconditions;
    if (conditions.length === 0) return;
    const self = what === 'postcondition' ? this.evaluation.valueOf(block.address) : null;
    const report = new Report();
    conditionsHold(conditions, what, block, self === null ? scope : scope.withSelf(self), report);
    if (report.failed) throw new DiagnosticsError(report.diagnostics);
  }
}

/** Addresses of a block's instances; none while they cannot be told, because what they are made from was refused. */
function instancesOf(block: string, evaluation: Evaluation): readonly string[] {
  try {
    return [...evaluation.instances(block).keys()];
  } catch (error) {
    if (!(error instanceof MissingValue) && !(error instanceof EvaluationProblem)) throw error;
    return [];
  }
}

/** A key of state as its cloud's calls take it. */
export function reference(generation: Generation): KeyReference {
  return {
    id: generation.id,
    accessKeyId: generation.accessKeyId,
    args: generation.args,
    expiresAt: generation.expiresAt,
    enabled: generation.enabled,
  };
}
