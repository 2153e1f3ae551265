import { type Diagnostic, DiagnosticsError, toDiagnostics } from '../core/diagnostic.ts';
import { KeyformError } from '../core/error.ts';
import { Evaluation } from '../core/evaluation/evaluation.ts';
import type { HttpPort } from '../core/http.ts';
import { ownerOf, type World } from '../core/plan/actual.ts';
import { msUntilTold } from '../core/plan/attempt.ts';
import { knownArgs } from '../core/plan/desire.ts';
import type { PlanOptions } from '../core/plan/input.ts';
import type { Plan } from '../core/plan/plan.ts';
import { considerPlan } from '../core/plan/planner.ts';
import type { Sibling } from '../core/plan/sibling.ts';
import type { Processes } from '../core/port.ts';
import type { Cloud, Settings } from '../core/provider.ts';
import type { Secret } from '../core/secret.ts';
import type { JournalEntry, State } from '../core/state.ts';
import type { Session } from '../state/session.ts';
import { applyPlan } from './apply.ts';
import { connectAll, typesOf } from './connect.ts';
import { factsOf } from './facts.ts';
import { gatherWorld } from './gather.ts';
import type { LoadedStack } from './load.ts';
import type { SavedPlan } from './planfile.ts';
import type { Recorder } from './running.ts';
import type { Storage } from './storage.ts';
import type { ApplyEvent, ApplyResult } from './walk.ts';

/** Everything that the engine uses of the outside, handed in by a front-end's main. */
export interface Engine extends Storage {
  readonly http: HttpPort;
  readonly processes: Processes;
  /** As in {@link CloudPorts.readText}. */
  readonly readText: (path: string) => Promise<string>;
  /** A cloud's settings, whole, in place of block and environment (the sandbox); null to use those. */
  readonly override: (cloud: Cloud) => Settings | null;
  /** Whether that is the sandbox. */
  readonly sandbox: boolean;
}

export interface MakePlanOptions extends PlanOptions {
  /** False: trust state, ask no API. */
  readonly refresh: boolean;
  readonly signal?: AbortSignal;
  readonly onOwner?: (done: number, all: number) => void;
  /** Told before a pause, milliseconds, until the keys of an interrupted run would be listed. */
  readonly onPause?: (ms: number) => void;
  /**
   * Reads the other stacks of the project ({@link readSiblings}); called only when a key was found that may be one of theirs. Left
   * out: there are no others.
   */
  readonly siblings?: () => Promise<readonly Sibling[]>;
}

/** Refreshes and plans. Throws on abort; what single owners or addresses meet is in the plan's diagnostics. */
export async function planStack(
  engine: Engine,
  loaded: LoadedStack,
  state: State,
  options: MakePlanOptions,
): Promise<{ plan: Plan; world: World }> {
  const types = typesOf(engine.clouds);
  const { configuration, wiring, variables } = loaded;
  const facts = factsOf(loaded, engine.clock.now());
  const evaluation = new Evaluation(configuration, variables, facts);
  const connections = await connectAll(evaluation, state, types, engine, engine.override);
  const input = { configuration, wiring, variables, facts, state };
  const gather = () =>
    gatherWorld(input, types, connections, {
      ask: options.refresh,
      read: options.mode !== 'destroy',
      sandbox: engine.sandbox,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.onOwner === undefined ? {} : { onOwner: options.onOwner }),
    });
  const consider = async () => {
    const world = await gather();
    const now = engine.clock.now();
    const considered = { ...considerPlan({ ...input, configurationHash: loaded.hash, world, now, options }), world };
    if (!considered.doubtful || options.siblings === undefined) return considered;
    // After the lists: whoever made a key that they show had its attempt on the disk before.
    const wider = { ...world, siblings: await options.siblings() };
    return { ...considerPlan({ ...input, configurationHash: loaded.hash, world: wider, now, options }), world: wider };
  };
  const { plan, world } = await consider();
  const pause = msUntilTold(state, world, engine.clock.now());
  if (pause === 0) return { plan, world };
  options.onPause?.(pause);
  await engine.clock.sleep(pause, options.signal);
  const again = await consider();
  return { plan: again.plan, world: again.world };
}

/** The world for a plan that was made before: connections, and no new look at any owner. */
export async function worldOf(engine: Engine, loaded: LoadedStack, state: State): Promise<World> {
  const types = typesOf(engine.clouds);
  const { configuration, variables } = loaded;
  const evaluation = new Evaluation(configuration, variables, factsOf(loaded, engine.clock.now()));
  const connections = await connectAll(evaluation, state, types, engine, engine.override);
  return { types, connections, keys: new Map(), data: new Map(), owners: new Map(), sandbox: engine.sandbox };
}

/**
 * Refuses a saved plan that no longer fits: another state, a state that moved on, or a stack that changed since.
 * `found` is the revision of the state now. Throws `stale-plan` and says what moved.
 */
export function refuseStale(saved: SavedPlan, state: State, found: string, hashNow: string): void {
  const { plan } = saved;
  const moved: string[] = [];
  if (saved.revision !== found) {
    if (plan.serial === 0) moved.push('the stack got a state, and it had none before');
    else if (plan.lineage !== state.lineage) moved.push('the state was replaced by another one (its lineage differs)');
    else if (plan.serial !== state.serial)
      moved.push(`the state has moved from serial ${plan.serial} to ${state.serial}`);
    else moved.push('the state has moved');
  }
  if (plan.configurationHash !== hashNow) moved.push(`the files of stack "${plan.stack}" have changed`);
  if (moved.length === 0) return;
  throw new KeyformError('stale-plan', 'The saved plan is stale', {
    detail: `Since it was made, ${moved.join(', and ')}. Plan again and look at the new plan.`,
  });
}

/**
 * Where each step of a plan acts: {@link Owner.scope} by step id, for steps whose owner was known when planned. `state` is
 * the one that was planned from.
 */
export function scopesOf(plan: Plan, state: State, world: World): Record<string, string> {
  const scopes: Record<string, string> = {};
  for (const step of plan.steps) {
    if (step.owner === null) continue;
    const resource = state.resources.get(step.address);
    const key = [resource?.current, ...(resource?.deposed ?? [])].find((one) => one?.id === step.keyId);
    const args = Object.keys(step.args).length > 0 ? knownArgs(step.args) : (key?.args ?? {});
    scopes[step.id] = ownerOf(world, step.provider, step.type, args).scope;
  }
  return scopes;
}

/**
 * Refuses a saved plan whose steps would act somewhere else than they were planned for: in the sandbox instead of the
 * cloud, or at another endpoint or account. Throws `stale-plan`.
 */
export function refuseElsewhere(saved: SavedPlan, state: State, world: World): void {
  const now = scopesOf(saved.plan, state, world);
  for (const [step, scope] of Object.entries(saved.scopes)) {
    if (now[step] === scope) continue;
    throw new KeyformError('stale-plan', 'The saved plan was made for another place', {
      detail: `It was made for ${scope}, and now ${now[step] ?? 'nothing'} would be asked (step "${step}"). Apply it with the endpoint, account and credential that it was made with, with or without -sandbox, or plan again.`,
    });
  }
}

/**
 * Carries out a plan under a session and ends the session, whatever happens. A state that cannot be written at the end is
 * an error beside the result: the journal, which holds what was recorded, stays for the next run.
 */
export async function applyUnder(
  engine: Engine,
  session: Session,
  loaded: LoadedStack,
  plan: Plan,
  world: World,
  options: {
    readonly parallelism: number;
    readonly signal?: AbortSignal;
    readonly onEvent?: (event: ApplyEvent) => void;
    /** Called with each secret that comes into being, once it is on the disk and before any command could print it. */
    readonly onSecret?: (secret: Secret) => void;
  },
): Promise<EndedApply> {
  const { clock, random } = engine;
  const { onSecret, ...rest } = options;
  let result: ApplyResult;
  try {
    result = await applyPlan({
      plan,
      world,
      loaded,
      processes: engine.processes,
      environment: engine.environment,
      recorder: onSecret === undefined ? session : tellSecrets(session, onSecret),
      clock,
      random,
      ...rest,
    });
  } catch (error) {
    throw await endAfter(session, error);
  }
  const { diagnostics, notes } = await endSession(session);
  return { ...result, diagnostics: [...result.diagnostics, ...diagnostics], notes };
}

/** `recorder`, which tells the secrets in entries once they are recorded. */
function tellSecrets(recorder: Recorder, onSecret: (secret: Secret) => void): Recorder {
  return {
    get state() {
      return recorder.state;
    },
    record: async (entry) => {
      await recorder.record(entry);
      const secret = secretIn(entry);
      if (secret !== null) onSecret(secret);
    },
  };
}

/** The secret that gets into the state by an entry, or stays in it; null where the entry holds none. */
function secretIn(entry: JournalEntry): Secret | null {
  if (entry.kind === 'arrived') return entry.secret;
  return 'generation' in entry && typeof entry.generation === 'object' ? entry.generation.secret : null;
}

/** Ends the session after `error`; returns what to throw: the error, or all of it when the session did not end well either. */
export async function endAfter(session: Session, error: unknown): Promise<unknown> {
  const { diagnostics } = await endSession(session);
  return diagnostics.length === 0 ? error : new DiagnosticsError([...toDiagnostics(error), ...diagnostics]);
}

/** What came of a run, its session ended. */
export interface EndedApply extends ApplyResult {
  /** What a person should know of how the state was written. */
  readonly notes: readonly string[];
}

/** Folds and unlocks; when that fails, unlocks at least. Returns what went wrong. */
async function endSession(session: Session): Promise<{ diagnostics: Diagnostic[]; notes: readonly string[] }> {
  try {
    const { notes } = await session.close();
    return { diagnostics: [], notes };
  } catch (error) {
    const diagnostics = toDiagnostics(error);
    try {
      await session.abandon();
    } catch (again) {
      diagnostics.push(...toDiagnostics(again));
    }
    return { diagnostics, notes: [] };
  }
}
