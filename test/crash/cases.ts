import type { Ended } from '../scripts/tool.ts';
import { readState } from '../scripts/world.ts';
import { changeOf, everything, NAME, type Operation } from './operation.ts';
import { close, converge, declare, mustRun, openProject, type Project, runTool, trace } from './run.ts';
import type { Scene } from './scene.ts';

/** One operation on one type of key, killed at one point. */
export interface Case {
  readonly type: string;
  readonly operation: Operation;
  /** As KEYFORM_FAULT has it, `after write journal#2`. */
  readonly point: string;
}

/** What became of something that was killed. */
export interface Result {
  /**
   * `lost`: stack, state and clouds do not agree afterwards, or a command failed. `untidy`: they do, and a file was left behind.
   * `missed`: the process ended before it came to the point, so that nothing was tried.
   */
  readonly outcome: 'converged' | 'untidy' | 'lost' | 'missed';
  /** What was not as it should be. */
  readonly problems: readonly string[];
  /** Attempts at the clouds of which the killed process left no result in the state. */
  readonly open: number;
}

export type CaseResult = Case & Result;

/** Whether a point is a case. `index`: its place among `all` of the run. */
export type Choice = (
  what: { readonly type: string; readonly operation: Operation },
  point: string,
  index: number,
  all: readonly string[],
) => boolean;

/** Every point. */
export const ALL: Choice = () => true;

/**
 * One point for each state of the world that a kill can leave: what SIGKILL leaves changes with each operation of the disk but a sync,
 * and when a cloud has acted; nothing changes between the end of one thing and the beginning of the next. All that the disk shows
 * is looked at for one type (a state knows no clouds), and for each type what lies between the intent and the result.
 */
export const TELLING: Choice = ({ type, operation }, point, index, all) => {
  const [when, verb, what] = point.replace(/#\d+$/, '').split(' ');
  if (verb === 'request' || verb === 'answer') {
    const [, , , action = ''] = point.replace(/#\d+$/, '').split(' ');
    if (/^(Get|List|Read|Describe)|token/i.test(action)) return false;
    return (when === 'after' && verb === 'request') || (when === 'before' && verb === 'answer');
  }
  if (when === 'before' || verb === 'sync') return false;
  if (type === 'keyform_sinch_access_key' && (operation === 'create' || operation === 'update')) return true;
  return (
    verb === 'write' && what === 'journal' && all.slice(0, index).some((one) => one.startsWith('after rename journal'))
  );
};

const APPLY = ['apply', '-auto-approve'];
let serial = 0;

/** The project before the operation, and the stack that asks for it; and the command that does it. */
async function prepare(scene: Scene, type: string, operation: Operation): Promise<[Project, readonly string[]]> {
  serial += 1;
  const name = `${operation}-${serial}`;
  const change = changeOf(operation, type, name);
  if (change === null) throw new Error(`${type} has no ${operation}`);
  const project = await openProject(scene);
  const address = `${type}.${NAME}`;
  if (change.before.length > 0) {
    declare(
      project,
      change.before.map((key) => [address, key] as const),
    );
    await mustRun(project, APPLY);
    for (const args of change.setup) await mustRun(project, args);
  }
  project.old = change.old;
  declare(
    project,
    change.after.map((key) => [address, key] as const),
  );
  return [project, change.command];
}

/** The cases that `choose` picks of all points that an unharmed run passes, of every operation on every type. */
export async function enumerateCases(scene: Scene, choose: Choice, lanes: number): Promise<Case[]> {
  const found = await inLanes(everything(), lanes, async (what) => {
    const [project, args] = await prepare(scene, what.type, what.operation);
    const points = await trace(project, args);
    close(project);
    return points.filter((point, index) => choose(what, point, index, points)).map((point) => ({ ...what, point }));
  });
  return found.flat();
}

/**
 * Kills a process in each case, and only then lets commands put right what was left, in the same order: a young create whose key is
 * not seen makes the next plan pause, and while other processes are being killed that time passes by itself.
 */
export async function runCases(
  scene: Scene,
  cases: readonly Case[],
  options: { readonly lanes: number; readonly plan: boolean; readonly onResult?: (result: CaseResult) => void },
): Promise<CaseResult[]> {
  const killed = await inLanes(cases, options.lanes, async (one) => {
    const [project, args] = await prepare(scene, one.type, one.operation);
    const ended = await runTool(project, args, `kill:${one.point}`);
    return { one, project, ended };
  });
  return inLanes(killed, options.lanes, async ({ one, project, ended }) => {
    const result = { ...one, ...(await judge(project, ended, options)) };
    close(project);
    options.onResult?.(result);
    return result;
  });
}

/** Lets plain commands put right what the process left, and says what came of it. */
export async function judge(project: Project, ended: Ended, options: { readonly plan: boolean }): Promise<Result> {
  const struck = ended.signal === 'SIGKILL';
  const wrong: string[] = [];
  let open = 0;
  try {
    open = (await readState(project.place.project, 'main')).intents.size;
  } catch (error) {
    wrong.push(`right after the kill the state cannot be read: ${error}`);
  }
  const converged = await converge(project, options);
  wrong.push(...converged.wrong);
  const { leftBehind } = converged;
  if (!struck && ended.code !== 0) wrong.push(`it ended with ${ended.signal ?? ended.code} by itself: ${ended.err}`);
  const outcome = wrong.length > 0 ? 'lost' : leftBehind.length > 0 ? 'untidy' : struck ? 'converged' : 'missed';
  return { outcome, problems: [...wrong, ...leftBehind.map((name) => `left behind: ${name}`)], open };
}

/** Does `work` for each item, so many at once; the results in the items' order. */
export async function inLanes<T, R>(
  items: readonly T[],
  lanes: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (const [index, item] of queue) results[index] = await work(item, index);
    }),
  );
  return results;
}
