import { resolve } from 'node:path';
import { KeyformError } from '../../core/error.ts';
import type { World } from '../../core/plan/actual.ts';
import { hasChanges, type Plan } from '../../core/plan/plan.ts';
import type { LoadedStack } from '../../engine/load.ts';
import type { SavedPlan } from '../../engine/planfile.ts';
import type { StackText } from '../../engine/source.ts';
import type { EndedApply, Engine } from '../../engine/stack.ts';
import type { ApplyResult } from '../../engine/walk.ts';
import type { LockHolder } from '../../state/lock.ts';
import type { Session } from '../../state/session.ts';
import { variableFlags } from '../argv.ts';
import { list, type Outcome, type Outside, Workspace, wholeNumber } from '../context.ts';
import { maskSecrets } from '../mask.ts';
import { Progress, textProgress } from '../render/progress.ts';
import { renderOutputs } from '../render/state.ts';
import { countDone, type UiStream } from '../render/ui.ts';
import type { PlanFlags } from './flags.ts';
import { jsonStream, lockTimeout, makePlanFor, print, printDiagnostics, report } from './plan.ts';
import { groundOf, load, readNamed, requireOutputs, withOutputs } from './stack.ts';

export interface ApplyFlags extends PlanFlags {
  readonly 'auto-approve': boolean;
}

/** `keyform apply` and, with `destroy` set, `keyform destroy`. */
export async function applyCommand(outside: Outside, flags: ApplyFlags): Promise<Outcome> {
  const workspace = new Workspace(outside, flags);
  const names = list(flags.stacks);
  const ui = flags.json ? jsonStream(outside) : null;
  ui?.version();
  if (flags.json && !flags['auto-approve'] && !(await isPlanFile(workspace, names))) {
    throw new KeyformError('invalid-usage', '-json cannot ask for approval', {
      detail: 'Add -auto-approve, or apply a saved plan.',
    });
  }
  if (await isPlanFile(workspace, names)) return applySaved(workspace, names[0] as string, flags, ui);
  const texts = await readNamed(workspace, names);
  let failed = false;
  const unfinished = new Set<string>();
  for (const text of flags.destroy ? [...texts].reverse() : texts) {
    if (texts.length > 1 && ui === null) outside.terminal.out(`${outside.style.out.bold(`Stack ${text.name}`)}\n`);
    const behind = flags.destroy
      ? [...unfinished].find((name) => texts.find((other) => other.name === name)?.dependencies.includes(text.name))
      : text.dependencies.find((name) => unfinished.has(name));
    if (behind !== undefined) {
      unfinished.add(text.name);
      failed = true;
      printDiagnostics(
        outside,
        [
          {
            severity: 'error',
            summary: `Stack "${text.name}" was left out`,
            detail: `It and stack "${behind}" depend on one another, and that one did not go through.`,
          },
        ],
        ui,
      );
      continue;
    }
    const outcome = await applyStack(workspace, text, flags, ui);
    if (!outcome) unfinished.add(text.name);
    failed ||= !outcome;
    if (outside.signal.aborted) break;
  }
  return { code: failed ? 1 : 0 };
}

/** A single word that is a file and no stack is a saved plan. */
async function isPlanFile(workspace: Workspace, names: readonly string[]): Promise<boolean> {
  const [only] = names;
  if (names.length !== 1 || only === undefined || only.includes('*')) return false;
  const { jsonStackNames } = await import('../../engine/source.ts');
  const { files } = workspace.outside;
  if ((await jsonStackNames(await workspace.project(), files)).includes(only)) return false;
  try {
    return (await files.read(resolve(workspace.folder, only))) !== null;
  } catch {
    // A folder, or a file that may not be read: as a stack's name it gets the better message.
    return false;
  }
}

async function applySaved(
  workspace: Workspace,
  file: string,
  flags: ApplyFlags,
  ui: UiStream | null,
): Promise<Outcome> {
  const { outside } = workspace;
  const [{ readPlan }, { reloadStack }, { refuseElsewhere, refuseStale, worldOf }, { hashStack }] = await Promise.all([
    import('../../engine/planfile.ts'),
    import('../../engine/load.ts'),
    import('../../engine/stack.ts'),
    import('../../engine/source.ts'),
  ]);
  const given = [
    ...list(flags.target).map(() => '-target'),
    ...list(flags.exclude).map(() => '-exclude'),
    ...list(flags.replace).map(() => '-replace'),
    ...variableFlags(outside.words).map((flag) => ('file' in flag ? '-var-file' : '-var')),
    ...(flags.destroy ? ['-destroy'] : []),
    ...(flags['refresh-only'] ? ['-refresh-only'] : []),
    ...(flags.refresh ? [] : ['-refresh=false']),
    ...(flags['max-deletes'] === undefined ? [] : ['-max-deletes']),
    ...(flags['allow-credential-delete'] ? ['-allow-credential-delete'] : []),
  ];
  if (given.length > 0) {
    throw new KeyformError('invalid-usage', 'A saved plan is applied as it is', {
      detail: `Give ${[...new Set(given)].join(', ')} to "keyform plan".`,
    });
  }
  const path = resolve(workspace.folder, file);
  const saved: SavedPlan = await readPlan(path, await workspace.keysOf(path), outside.files);
  const [now] = await readNamed(workspace, [saved.plan.stack]);
  const engine = await workspace.engine();
  const reloaded = await reloadStack(saved.text, saved.variables, outside.clouds, groundOf(workspace));
  const loaded = await withOutputs(workspace, engine, reloaded);
  const session = await begin(workspace, engine, saved.plan.stack, flags, ui, 'apply');
  const world = await orEnd(session, async () => {
    refuseStale(saved, session.state, session.found, hashStack(now ?? { files: [], modules: [] }));
    const found = await worldOf(engine, loaded, session.state);
    refuseElsewhere(saved, session.state, found);
    return found;
  });
  const result = await carryOut(workspace, engine, session, loaded, saved.plan, world, flags, ui);
  return { code: succeeded(result) && !report(outside, saved.plan, ui) ? 0 : 1 };
}

/** Plans, asks, applies; true when everything that was asked for is done. */
export async function applyStack(
  workspace: Workspace,
  text: StackText,
  flags: ApplyFlags,
  ui: UiStream | null,
): Promise<boolean> {
  const { outside } = workspace;
  const engine = await workspace.engine();
  const loaded = await withOutputs(workspace, engine, await load(workspace, text));
  if (!flags.destroy) requireOutputs(loaded);
  const operation = flags.destroy ? 'destroy' : flags.rotation === undefined ? 'apply' : 'rotate';
  const session = await begin(workspace, engine, text.name, flags, ui, operation);
  const { plan, world, failed, go } = await orEnd(session, async () => {
    const made = await makePlanFor(workspace, engine, loaded, session.state, flags);
    print(outside, made.plan, ui);
    const failed = report(outside, made.plan, ui);
    const wanted = hasChanges(made.plan) || (made.plan.mode === 'refresh-only' && made.plan.drift.length > 0);
    if (wanted && !made.plan.blocked) await approve(outside, made.plan, flags);
    // What a refresh merely learnt on the way is recorded without asking, as Terraform does.
    return { ...made, failed, go: !made.plan.blocked && (wanted || made.plan.entries.length > 0) };
  });
  if (!go) {
    printNotes(outside, (await session.close()).notes);
    const done = DONE_WORDS[plan.mode];
    if (ui === null && !failed) outside.terminal.out(`\n${done} complete! Nothing was to be done.\n`);
    return !failed;
  }
  const result = await carryOut(workspace, engine, session, loaded, plan, world, flags, ui);
  return succeeded(result) && !failed;
}

/** Runs `prepare`; when it throws, the session is ended and whatever goes wrong with that is told as well. */
export async function orEnd<T>(session: Session, prepare: () => Promise<T>): Promise<T> {
  try {
    return await prepare();
  } catch (error) {
    const { endAfter } = await import('../../engine/stack.ts');
    throw await endAfter(session, error);
  }
}

/** Takes the lock; says so when it has to wait. */
export async function begin(
  workspace: Workspace,
  engine: Engine,
  stack: string,
  flags: { readonly 'lock-timeout'?: string },
  ui: UiStream | null,
  operation: string,
): Promise<Session> {
  const { outside } = workspace;
  const { storeOf } = await import('../../engine/storage.ts');
  const store = storeOf(engine, await workspace.project(), stack, await workspace.keys(stack));
  const session = await store.begin(operation, {
    lockTimeoutMs: lockTimeout(flags),
    signal: outside.signal,
    onWait: (holder: LockHolder | null) => {
      if (ui === null)
        outside.terminal.err(
          `Waiting for the state lock${holder === null ? '' : `, held by ${holder.user}@${holder.host} since ${holder.since}`}.\n`,
        );
    },
  });
  printNotes(outside, session.notes);
  return session;
}

function printNotes(outside: Outside, notes: readonly string[]): void {
  for (const note of notes) outside.terminal.err(`Note: ${note}\n`);
}

async function approve(outside: Outside, plan: Plan, flags: ApplyFlags): Promise<void> {
  if (flags['auto-approve']) return;
  const { ask } = outside.terminal;
  if (ask === null) {
    throw new KeyformError('invalid-usage', 'There is no terminal to ask for approval on', {
      detail:
        plan.mode === 'rotate'
          ? 'Add -auto-approve; "keyform rotate -check" shows what would be done.'
          : 'Add -auto-approve, or save the plan with "keyform plan -out=FILE", look at it, and apply that file.',
    });
  }
  const question =
    plan.mode === 'destroy'
      ? '\nDo you really want to destroy all these keys? They stop working at once, and there is no undo.\nOnly "yes" will be accepted: '
      : plan.mode === 'refresh-only'
        ? '\nRecord these changes in state? Nothing is done at the clouds.\nOnly "yes" will be accepted: '
        : '\nDo you want to perform these actions?\nOnly "yes" will be accepted: ';
  if ((await ask(question, { hidden: false })).trim() !== 'yes') {
    throw new KeyformError('cancelled', 'Apply was cancelled', {
      detail: `Nothing was done in stack "${plan.stack}".`,
    });
  }
}

/** What is complete when a plan of a mode is carried out. */
const DONE_WORDS: Readonly<Record<Plan['mode'], string>> = {
  normal: 'Apply',
  'refresh-only': 'Apply',
  destroy: 'Destroy',
  rotate: 'Rotation',
};

async function carryOut(
  workspace: Workspace,
  engine: Engine,
  session: Session,
  loaded: LoadedStack,
  plan: Plan,
  world: World,
  flags: ApplyFlags,
  ui: UiStream | null,
): Promise<ApplyResult> {
  const { outside } = workspace;
  const { applyUnder } = await import('../../engine/stack.ts');
  const shown =
    ui === null
      ? textProgress((line) => outside.terminal.err(`${line}\n`))
      : { event: ui.apply.bind(ui), still: ui.progress.bind(ui) };
  const progress = new Progress(shown, outside.every);
  let result: EndedApply;
  try {
    result = await applyUnder(engine, session, loaded, plan, world, {
      parallelism: wholeNumber('parallelism', flags.parallelism, 10, 1),
      signal: outside.signal,
      onEvent: (event) => progress.event(event),
      onSecret: (secret) => maskSecrets(outside, [secret]),
    });
  } finally {
    progress.stop();
  }
  outside.job?.applied(plan.stack, result);
  printDiagnostics(outside, result.diagnostics, ui);
  printNotes(outside, result.notes);
  if (ui !== null) {
    ui.changeSummary(result, plan.mode === 'destroy' ? 'destroy' : 'apply');
    ui.outputs(session.state.outputs);
    return result;
  }
  const { out } = outside.terminal;
  const { add, change, destroy, adopt, import: imported, forget } = countDone(result);
  const counts = [
    ...(imported === 0 ? [] : [`${imported} imported`]),
    ...(adopt === 0 ? [] : [`${adopt} recovered`]),
    `${add} added`,
    `${change} changed`,
    `${destroy} destroyed`,
    ...(forget === 0 ? [] : [`${forget} forgotten`]),
  ].join(', ');
  const isLocal = (type: string) => world.types.get(type)?.type.local === true;
  const things = plan.steps.some((step) => isLocal(step.type)) ? 'Resources' : 'Keys';
  const style = outside.style.out;
  if (result.cancelled)
    out(
      `\n${style.yellow(style.bold('Stopped.'))} ${counts}; ${steps(result.skipped.length)} not begun. Run apply again to go on.\n`,
    );
  else if (succeeded(result) && plan.diagnostics.some((diagnostic) => diagnostic.severity === 'error'))
    out(
      `\n${style.yellow(style.bold('Applied in part.'))} ${things}: ${counts}. What the errors above name was left out.\n`,
    );
  else if (succeeded(result))
    out(`\n${style.green(style.bold(`${DONE_WORDS[plan.mode]} complete!`))} ${things}: ${counts}.\n`);
  else
    out(
      `\n${style.red(style.bold('Apply failed.'))} ${things}: ${counts}; ${result.failed.length} ${result.failed.length === 1 ? 'step' : 'steps'} failed, ${steps(result.skipped.length)} not begun.\n`,
    );
  if (plan.mode !== 'destroy') out(renderOutputs(session.state.outputs, style));
  return result;
}

function steps(count: number): string {
  return count === 1 ? '1 step was' : `${count} steps were`;
}

function succeeded(result: ApplyResult): boolean {
  return (
    result.failed.length === 0 && result.skipped.length === 0 && !result.diagnostics.some((d) => d.severity === 'error')
  );
}
