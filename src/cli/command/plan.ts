import { resolve } from 'node:path';
import { throwOnErrors } from '../../core/diagnostic.ts';
import { parseDuration } from '../../core/duration.ts';
import { KeyformError } from '../../core/error.ts';
import type { World } from '../../core/plan/actual.ts';
import { hasChanges, type Plan, type PlanMode } from '../../core/plan/plan.ts';
import type { State } from '../../core/state.ts';
import { toPlan } from '../../core/typed/json.ts';
import type { Value } from '../../core/value.ts';
import type { LoadedStack } from '../../engine/load.ts';
import type { Engine } from '../../engine/stack.ts';
import { list, type Outcome, type Outside, Workspace, wholeNumber } from '../context.ts';
import { renderPlan } from '../render/plan.ts';
import { UiStream } from '../render/ui.ts';
import type { PlanFlags } from './flags.ts';
import { load, readNamed, withOutputs } from './stack.ts';

/** Keys that one apply may delete unless it is told otherwise. */
const MAX_DELETES = 10;

export interface PlanCommandFlags extends PlanFlags {
  readonly out?: string;
  readonly 'detailed-exitcode': boolean;
  readonly markdown: boolean;
  readonly 'report-dir'?: string;
}

/** `keyform plan`. */
export async function planCommand(outside: Outside, flags: PlanCommandFlags): Promise<Outcome> {
  if (flags.json && flags.markdown) {
    throw new KeyformError('invalid-usage', '-json and -markdown do not go together', {
      detail: 'Standard output holds one format. -report-dir=FOLDER writes the Markdown as a file. Nothing was done.',
    });
  }
  const ui = flags.json ? jsonStream(outside) : null;
  ui?.version();
  const workspace = new Workspace(outside, flags);
  const reports = flags['report-dir'];
  if (reports === undefined) return planStacks(workspace, flags, ui, null);
  const { reportFailure, reportFolder } = await import('../ci/folder.ts');
  const folder = reportFolder(workspace, reports);
  try {
    return await planStacks(workspace, flags, ui, folder);
  } catch (error) {
    await reportFailure(workspace, folder, error, list(flags.stacks));
    throw error;
  }
}

async function planStacks(
  workspace: Workspace,
  flags: PlanCommandFlags,
  ui: UiStream | null,
  folder: string | null,
): Promise<Outcome> {
  const { outside } = workspace;
  const plans: Plan[] = [];
  const texts = await readNamed(workspace, list(flags.stacks));
  if (flags.out !== undefined && texts.length !== 1) {
    throw new KeyformError('invalid-usage', '-out takes the plan of one stack', { detail: 'Name one stack.' });
  }
  let changed = false;
  let failed = false;
  for (const text of texts) {
    if (texts.length > 1 && ui === null && !flags.markdown)
      outside.terminal.out(`${outside.style.out.bold(`Stack ${text.name}`)}\n`);
    const engine = await workspace.engine();
    const loaded = await withOutputs(workspace, engine, await load(workspace, text));
    const [{ scopesOf }, { storeOf }] = await Promise.all([
      import('../../engine/stack.ts'),
      import('../../engine/storage.ts'),
    ]);
    const project = await workspace.project();
    const read = await storeOf(engine, project, text.name, await workspace.keys(text.name)).read();
    // A plan writes nothing; the apply that follows it does.
    const notes = read.resealing === null ? read.notes : [...read.notes, read.resealing];
    for (const note of notes) outside.terminal.err(`Note: ${note}\n`);
    const { plan, world } = await makePlanFor(workspace, engine, loaded, read.state, flags);
    for (const stack of new Set([...loaded.configuration.remotes.values()].map((remote) => remote.stack)))
      if (!loaded.outputs.has(stack))
        outside.terminal.err(
          `Note: stack "${stack}" has no outputs yet: what is made from them is known once it is applied.\n`,
        );
    if (flags.markdown) outside.job?.plan(plan);
    else print(outside, plan, ui);
    plans.push(plan);
    changed ||= hasChanges(plan) || (plan.mode === 'refresh-only' && plan.drift.length > 0);
    failed ||= report(outside, plan, ui);
    if (flags.out !== undefined) {
      throwOnErrors(plan.blocked ? plan.diagnostics : []);
      const { savePlan } = await import('../../engine/planfile.ts');
      const path = resolve(workspace.folder, flags.out);
      const scopes = scopesOf(plan, read.state, world);
      const saved = { plan, text, variables: plainVariables(loaded.variables), revision: read.revision, scopes };
      await savePlan(path, saved, await workspace.keys(text.name), outside.files);
      if (ui === null) {
        // Where data is asked for, the sentence is no part of it.
        const say = flags.markdown ? outside.terminal.err : outside.terminal.out;
        say(
          `\nSaved the plan, sealed, to ${flags.out}. To carry out exactly these steps: keyform apply ${flags.out}\n`,
        );
      }
    }
  }
  const of = list(flags.stacks).length > 0 ? list(flags.stacks) : plans.map(({ stack }) => stack);
  if (flags.markdown) {
    const [{ planMarkdown }, { commentLimit }] = await Promise.all([
      import('../render/planmarkdown.ts'),
      import('../ci/folder.ts'),
    ]);
    outside.terminal.out(planMarkdown(plans, of, commentLimit(outside.environment)));
  }
  if (folder !== null) {
    const { writeReports } = await import('../ci/folder.ts');
    const diagnostics = plans.flatMap((plan) => plan.diagnostics);
    await writeReports(workspace, folder, diagnostics, { made: plans, of });
  }
  if (failed) return { code: 1 };
  return { code: flags['detailed-exitcode'] && changed ? 2 : 0 };
}

/** Variables as a plan file holds them. */
function plainVariables(variables: LoadedStack['variables']): ReadonlyMap<string, Value> {
  return new Map([...variables].map(([name, value]) => [name, toPlan(value)]));
}

/** Terraform's JSON events on standard output. */
export function jsonStream(outside: Outside): UiStream {
  return new UiStream((line) => outside.terminal.out(`${line}\n`), outside.clock, outside.version);
}

/** Makes the plan that the flags ask for. */
export async function makePlanFor(
  workspace: Workspace,
  engine: Engine,
  loaded: LoadedStack,
  state: State,
  flags: PlanFlags,
): Promise<{ plan: Plan; world: World }> {
  const { planStack } = await import('../../engine/stack.ts');
  const { rotation } = flags;
  const mode: PlanMode =
    rotation !== undefined ? 'rotate' : flags['refresh-only'] ? 'refresh-only' : flags.destroy ? 'destroy' : 'normal';
  if (flags['refresh-only'] && (flags.destroy || !flags.refresh)) {
    throw new KeyformError('invalid-usage', '-refresh-only goes neither with -destroy nor with -refresh=false', {
      detail: 'Leave one of them out.',
    });
  }
  const limit =
    flags['max-deletes'] === undefined && mode === 'destroy'
      ? null
      : wholeNumber('max-deletes', flags['max-deletes'], MAX_DELETES, 0);
  const { outside } = workspace;
  const { terminal } = outside;
  return planStack(engine, loaded, state, {
    mode,
    targets: list(flags.target),
    excludes: list(flags.exclude),
    replace: list(flags.replace),
    maxDeletes: limit,
    allowCredentialDelete: flags['allow-credential-delete'],
    ...(rotation === undefined ? {} : { rotation }),
    refresh: flags.refresh,
    signal: outside.signal,
    siblings: async () => {
      const { readSiblings } = await import('../../engine/sibling.ts');
      return readSiblings(
        engine,
        await workspace.project(),
        loaded.configuration.name,
        await workspace.keys(loaded.configuration.name),
      );
    },
    onPause: (ms) =>
      terminal.err(
        `Waiting ${Math.ceil(ms / 1000)} s: an interrupted run may have made a key that its API does not list yet.\n`,
      ),
    // Only where somebody is watching: a log of a CI job has no use for a counter.
    ...(terminal.errIsTerminal && !flags.json
      ? {
          onOwner: (done: number, all: number) =>
            terminal.err(done < all ? `\rRefreshing owners: ${done} of ${all}` : `\r${' '.repeat(40)}\r`),
        }
      : {}),
  });
}

/** Prints the plan itself. */
export function print(outside: Outside, plan: Plan, ui: UiStream | null): void {
  outside.job?.plan(plan);
  if (ui === null) outside.terminal.out(renderPlan(plan, outside.style.out));
  else {
    ui.driftAndChanges(plan);
    ui.changeSummary(plan, 'plan');
    if (plan.outputs.length > 0) ui.outputs(plan);
  }
}

/** Prints the plan's diagnostics; true when one of them is an error. */
export function report(outside: Outside, plan: Plan, ui: UiStream | null): boolean {
  printDiagnostics(outside, plan.diagnostics, ui);
  return plan.diagnostics.some((diagnostic) => diagnostic.severity === 'error');
}

/** Prints diagnostics where they belong: events on standard output, boxes on standard error. */
export function printDiagnostics(outside: Outside, diagnostics: Plan['diagnostics'], ui: UiStream | null): void {
  if (ui !== null) for (const diagnostic of diagnostics) ui.diagnostic(diagnostic);
  else outside.printDiagnostics(diagnostics);
}

/** The lock timeout of a flag, in milliseconds. */
export function lockTimeout(flags: { readonly 'lock-timeout'?: string }): number {
  const text = flags['lock-timeout'];
  return text === undefined || text === '0' ? 0 : parseDuration(text);
}
