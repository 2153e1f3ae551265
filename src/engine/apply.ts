import { Report } from '../core/configuration/block.ts';
import { StackScope, type Wiring } from '../core/configuration/scope.ts';
import type { Configuration } from '../core/configuration/stack.ts';
import { type Diagnostic, DiagnosticsError, toDiagnostics } from '../core/diagnostic.ts';
import { isKeyformError, KeyformError } from '../core/error.ts';
import { type Json, type JsonObject, stableStringify } from '../core/json.ts';
import { containsSensitive, isWhollyKnown, toJson, UNKNOWN, type Value } from '../core/language/value.ts';
import { handlerOf, ownerOf, typeOf, type World } from '../core/plan/actual.ts';
import { adopted } from '../core/plan/attempt.ts';
import { inquire, readNow } from '../core/plan/data.ts';
import { completeArgs, desire, evaluateAt, knownArgs } from '../core/plan/desire.ts';
import { livingObject, overlay } from '../core/plan/object.ts';
import { exposed } from '../core/plan/output.ts';
import type { Plan, Step } from '../core/plan/plan.ts';
import type { Clock, Random } from '../core/port.ts';
import type { ActualKey, KeyHandler, KeyReference } from '../core/provider.ts';
import type { Generation, Intent, JournalEntry, OutputState, State } from '../core/state.ts';
import { act, make, takeBack } from './attempt.ts';
import { recoverOrphan } from './recover.ts';
import { type ApplyEvent, type ApplyResult, walkSteps } from './walk.ts';

/** Where apply records what it does. `record` resolves when the entry is on the disk; `state` shows it from then on. */
export interface Recorder {
  readonly state: State;
  record(entry: JournalEntry): Promise<void>;
}

export interface ApplyInput {
  readonly plan: Plan;
  readonly configuration: Configuration;
  readonly wiring: Wiring;
  readonly variables: ReadonlyMap<string, Value>;
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

/**
 * Carries out a plan: every step after those that it waits for, several at once. Each call that changes something is
 * framed by the journal: intent synced, act, result synced, event. A failed step stops only what waits for it. Never
 * throws for a failed step; throws when the first records cannot be written, before anything was done.
 */
export async function applyPlan(input: ApplyInput): Promise<ApplyResult> {
  const { plan, recorder } = input;
  await Promise.all(plan.entries.map((entry) => recorder.record(entry)));
  const run = new Run(input);
  const walked = await walkSteps(plan.steps, (step) => run.perform(step), input);
  const outputs = run.outputs(walked.failed.length + walked.skipped.length === 0);
  const result = { ...walked, diagnostics: [...walked.diagnostics, ...outputs.diagnostics] };
  if (
    stableStringify(outputs.values as unknown as Json) !== stableStringify(recorder.state.outputs as unknown as Json)
  ) {
    try {
      await recorder.record({ kind: 'outputs', outputs: outputs.values });
    } catch (error) {
      return { ...result, diagnostics: [...result.diagnostics, ...toDiagnostics(error)] };
    }
  }
  return result;
}

class Run {
  readonly #input: ApplyInput;
  readonly #scope: StackScope;

  constructor(input: ApplyInput) {
    this.#input = input;
    this.#scope = new StackScope(input.configuration, input.variables);
    for (const address of input.configuration.resources.keys()) this.#publish(address);
    for (const { address, values } of input.plan.data) this.#scope.resources.set(address, values);
  }

  /** Does one step; returns the id of the key that it made or changed. */
  async perform(step: Step): Promise<string | null> {
    const handler = handlerOf(this.#input.world, step.provider, step.type);
    switch (step.kind) {
      case 'create':
      case 'rotate':
        return this.#create(step, handler);
      case 'verify':
        return this.#verify(step, handler);
      case 'update':
        return this.#update(step, handler);
      case 'enable':
      case 'disable':
        return this.#toggle(step, handler);
      case 'delete':
        return this.#delete(step, handler);
      case 'recover':
        return this.#recover(step, handler);
      case 'adopt':
        return this.#adopt(step, handler);
      case 'read':
        return this.#read(step, handler);
    }
  }

  async #create(step: Step, handler: KeyHandler): Promise<string> {
    const args = this.#arguments(step);
    const owner = ownerOf(this.#input.world, step.provider, step.type, args.values);
    const knownIds = step.knownIds ?? (await handler.list(args.values, this.#input.signal)).map((key) => key.id);
    const intent = this.#intent(step, 'create', {
      owner: owner.id,
      scope: owner.scope,
      keyId: null,
      args: args.values,
      sensitiveArgs: args.sensitive,
      knownIds,
    });
    await this.#input.recorder.record({ kind: 'intent', intent });
    const { recorder } = this.#input;
    const making = { intent, handler, type: typeOf(this.#input.world, step.type).type, recorder };
    const { key, secret } = await act(intent, recorder, () => make(making));
    const generation = overlay(
      {
        number: step.generation,
        id: key.id,
        accessKeyId: key.accessKeyId,
        secret,
        createdAt: key.createdAt,
        expiresAt: key.expiresAt,
        enabled: key.enabled,
        args: args.values,
        sensitiveArgs: args.sensitive,
        attributes: {},
        scope: owner.scope,
      },
      key,
    );
    const dependencies = [...(this.#input.wiring.dependencies.get(step.address) ?? [])];
    try {
      await recorder.record({ kind: 'created', intent: intent.id, generation, dependencies });
    } catch (error) {
      throw await takeBack(making, reference(generation), error);
    }
    this.#publish(step.address);
    return key.id;
  }

  async #verify(step: Step, handler: KeyHandler): Promise<string> {
    const generation = await this.#ready(step, handler);
    const { type } = typeOf(this.#input.world, step.type);
    if (!type.capabilities.verify || generation.secret === null) return generation.id;
    const works = await handler.verify(reference(generation), generation.secret, this.#input.signal);
    if (works === false) {
      await this.#input.recorder.record({
        kind: 'tainted',
        address: step.address,
        reason: 'the API did not accept its secret',
      });
      // Where the old key is deleted first, its deletion does not wait for this step.
      const kept = this.#input.plan.steps.some(
        (other) => other.kind === 'delete' && other.address === step.address && other.after.includes(step.id),
      );
      throw new KeyformError('invalid-state', `The new key ${generation.accessKeyId} does not work`, {
        detail: `The API made it but does not accept its secret. ${
          kept
            ? 'The old key is kept; the next apply replaces the new one.'
            : 'The old key was deleted before it was made, so no key works until the next apply replaces the new one.'
        }`,
      });
    }
    return generation.id;
  }

  /** Waits until the key is ready, where that takes time. A key that the API gave up on is to be replaced. */
  async #ready(step: Step, handler: KeyHandler): Promise<Generation> {
    const generation = this.#generation(step);
    if (handler.ready === undefined) return generation;
    const { signal, clock, onEvent, recorder } = this.#input;
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
    const ready = overlay(this.#generation(step), key);
    await recorder.record({ kind: 'refreshed', address: step.address, generation: ready });
    this.#publish(step.address);
    return ready;
  }

  async #update(step: Step, handler: KeyHandler): Promise<string> {
    const generation = this.#generation(step);
    const args = this.#arguments(step);
    const intent = this.#intent(step, 'update', {
      keyId: generation.id,
      args: Object.fromEntries(step.changed.map((name) => [name, args.values[name] ?? null])),
      sensitiveArgs: args.sensitive.filter((name) => step.changed.includes(name)),
    });
    await this.#input.recorder.record({ kind: 'intent', intent });
    const key = await act(intent, this.#input.recorder, () =>
      handler.update(reference(generation), args.values, step.changed),
    );
    await this.#updated(intent, step, generation, key, args);
    return generation.id;
  }

  async #toggle(step: Step, handler: KeyHandler): Promise<string> {
    const generation = this.#generation(step);
    const enabled = step.kind === 'enable';
    const intent = this.#intent(step, enabled ? 'enable' : 'disable', { keyId: generation.id, args: { enabled } });
    await this.#input.recorder.record({ kind: 'intent', intent });
    const key = await act(intent, this.#input.recorder, () => handler.setEnabled(reference(generation), enabled));
    await this.#updated(intent, { ...step, changed: ['enabled'] }, generation, key, {
      values: { enabled },
      sensitive: containsSensitive(step.args.enabled ?? null) ? ['enabled'] : [],
    });
    return generation.id;
  }

  async #updated(
    intent: Intent,
    step: Step,
    before: Generation,
    key: ActualKey,
    args: { values: JsonObject; sensitive: readonly string[] },
  ): Promise<void> {
    const changed = Object.fromEntries(step.changed.map((name) => [name, args.values[name] ?? null]));
    const kept = before.sensitiveArgs.filter((name) => !step.changed.includes(name));
    const generation: Generation = overlay(
      {
        ...before,
        args: { ...before.args, ...changed },
        sensitiveArgs: [...kept, ...args.sensitive.filter((name) => step.changed.includes(name))],
      },
      key,
    );
    await this.#input.recorder.record({ kind: 'updated', intent: intent.id, generation });
    this.#publish(step.address);
  }

  async #delete(step: Step, handler: KeyHandler): Promise<string> {
    const generation = this.#generation(step);
    const intent = this.#intent(step, 'delete', { keyId: generation.id });
    await this.#input.recorder.record({ kind: 'intent', intent });
    await act(intent, this.#input.recorder, () => handler.delete(reference(generation)));
    await this.#input.recorder.record({ kind: 'deleted', intent: intent.id });
    this.#publish(step.address);
    return generation.id;
  }

  async #recover(step: Step, handler: KeyHandler): Promise<string> {
    const id = step.keyId;
    const intent = this.#input.recorder.state.intents.get(step.intent ?? '');
    if (id === null || intent === undefined) throw new Error('a recover step names its key and its intent');
    const args = knownArgs(step.args);
    const key = { id, accessKeyId: id, args, expiresAt: null, enabled: args.enabled !== false };
    await recoverOrphan(key, intent, handler, typeOf(this.#input.world, step.type).type, this.#input);
    return id;
  }

  /** Takes an orphan over. Nothing is done to it: what is recorded is that it is the key of this address. */
  async #adopt(step: Step, handler: KeyHandler): Promise<string> {
    const { recorder, wiring, signal } = this.#input;
    const intent = recorder.state.intents.get(step.intent ?? '');
    if (step.keyId === null || intent === undefined) throw new Error('an adopt step names its key and its intent');
    const key = await handler.read(step.keyId, intent.args, signal);
    const generation = key === null ? null : adopted(intent, key);
    if (generation === null || generation.secret === null) {
      throw new KeyformError('stale-plan', `Key ${step.keyId} cannot be recovered any more`, {
        detail: `The API ${key === null ? 'no longer has it' : 'did not tell its secret'}. Plan again.`,
      });
    }
    const dependencies = [...(wiring.dependencies.get(step.address) ?? [])];
    await recorder.record({ kind: 'created', intent: intent.id, generation, dependencies });
    this.#publish(step.address);
    return generation.id;
  }

  /** Reads a data source that could not be read while planning; one that reads a single key returns its id. */
  async #read(step: Step, handler: KeyHandler): Promise<string | null> {
    const { configuration, world, signal } = this.#input;
    const block = configuration.data.get(step.address);
    if (block === undefined) throw new Error('a read step is for a data source of the stack');
    const report = new Report();
    const inquiry = inquire(block, this.#scope, report);
    if (inquiry === null) throw new DiagnosticsError(report.diagnostics);
    const values = await readNow(block, inquiry, world, (args) => handler.list(args, signal));
    this.#scope.resources.set(step.address, values);
    this.#scope.refresh();
    return typeof values.id === 'string' ? values.id : null;
  }

  #intent(
    step: Step,
    operation: Intent['operation'],
    more: Partial<Pick<Intent, 'owner' | 'scope' | 'keyId' | 'args' | 'sensitiveArgs' | 'knownIds'>>,
  ): Intent {
    return {
      id: Buffer.from(this.#input.random.bytes(12)).toString('hex'),
      at: new Date(this.#input.clock.now()).toISOString(),
      operation,
      address: step.address,
      type: step.type,
      provider: step.provider,
      owner: more.owner ?? step.owner ?? '',
      scope: more.scope ?? this.#current(step)?.scope ?? '',
      generation: step.generation,
      keyId: more.keyId ?? null,
      args: more.args ?? {},
      sensitiveArgs: more.sensitiveArgs ?? [],
      knownIds: more.knownIds ?? [],
      secret: null,
    };
  }

  /** The arguments of a step, all known: as planned, or evaluated again now that what they refer to exists. */
  #arguments(step: Step): { values: JsonObject; sensitive: readonly string[] } {
    const { type } = typeOf(this.#input.world, step.type);
    const block = this.#input.configuration.resources.get(step.address);
    const makes = step.kind === 'create' || step.kind === 'rotate';
    const prior = makes ? null : (this.#current(step)?.args ?? null);
    let planned: Readonly<Record<string, Value>> = step.args;
    const open = Object.values(planned).some((value) => !isWhollyKnown(value));
    if (open && block !== undefined) {
      const report = new Report();
      const desired = desire(block, this.#scope, report);
      if (desired === null) throw new DiagnosticsError(report.diagnostics);
      // Only what was unknown is filled in: what the plan printed stays as it was printed.
      planned = Object.fromEntries(
        Object.entries(planned).map(([name, value]) => [
          name,
          isWhollyKnown(value) ? value : (desired.args[name] ?? null),
        ]),
      );
    }
    const completed = completeArgs(type, planned, prior, this.#input.clock.now());
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

  #current(step: Step): Generation | null {
    const resource = this.#input.recorder.state.resources.get(step.address);
    return (
      [resource?.current ?? null, ...(resource?.deposed ?? [])].find((key) => key?.number === step.generation) ?? null
    );
  }

  #generation(step: Step): Generation {
    const generation = this.#current(step);
    if (generation === null) {
      throw new KeyformError('stale-plan', `State no longer holds generation ${step.generation} of ${step.address}`, {
        detail: 'Plan again.',
      });
    }
    return generation;
  }

  /** Lets references see an address as it is now. */
  #publish(address: string): void {
    const current = this.#input.recorder.state.resources.get(address)?.current ?? null;
    const block = this.#input.configuration.resources.get(address);
    if (block === undefined) return;
    this.#scope.resources.set(address, current === null ? UNKNOWN : livingObject(block.type, current));
    this.#scope.refresh();
  }

  /** Output values after the run. One that cannot be told keeps the value it had. */
  outputs(complete: boolean): {
    readonly values: Readonly<Record<string, OutputState>>;
    /** Outputs that must say that they are sensitive. */
    readonly diagnostics: readonly Diagnostic[];
  } {
    const { configuration, plan, recorder } = this.#input;
    const before = recorder.state.outputs;
    if (plan.mode === 'destroy') {
      const gone = new Set(
        plan.outputs.filter((output) => output.actions[0] === 'delete').map((output) => output.name),
      );
      return {
        values: complete ? Object.fromEntries(Object.entries(before).filter(([name]) => !gone.has(name))) : before,
        diagnostics: [],
      };
    }
    const values: Record<string, OutputState> = {};
    const diagnostics: Diagnostic[] = [];
    for (const output of configuration.outputs.values()) {
      const value = evaluateAt(output.expression, output.place, this.#scope, () => {});
      // Known to be sensitive only now, when it is there: it must not get into a place that is printed.
      const bare = value !== undefined && containsSensitive(value) && !output.sensitive;
      if (bare) {
        diagnostics.push({
          severity: 'error',
          ...exposed(output.name),
          place: output.place,
        });
      }
      if (value !== undefined && isWhollyKnown(value) && !bare) {
        values[output.name] = { value: toJson(value), sensitive: output.sensitive };
      } else {
        const old = before[output.name];
        if (old !== undefined) values[output.name] = old;
      }
    }
    return { values, diagnostics };
  }
}

function reference(generation: Generation): KeyReference {
  return {
    id: generation.id,
    accessKeyId: generation.accessKeyId,
    args: generation.args,
    expiresAt: generation.expiresAt,
    enabled: generation.enabled,
  };
}
