import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Generation } from '../../src/core/state.ts';
import { type Ended, keyform, makePlace, type Place, type Running } from '../scripts/tool.ts';
import { readState, type State } from '../scripts/world.ts';
import type { Declared, Scene } from './scene.ts';

/** Files that may lie in the state folder when nothing is under way. Anything else was left behind. */
export const EXPECTED_FILES: readonly RegExp[] = [
  /^main\.keyform\.age$/,
  /^main\.keyform\.age\.backup$/,
  /^main\.keyform\.journal\.backup$/,
  /^main\.keyform\.history$/,
];

/** A project whose stack is rewritten and applied, by processes that may be killed. */
export interface Project {
  readonly place: Place;
  readonly scene: Scene;
  /** Every key that it ever declared, by address: what was alive may still be. */
  readonly ever: Map<string, Declared>;
  /** What it declares now, by name within its type. */
  declared: ReadonlyMap<string, Declared>;
  /** How many old keys an address may have, as their overlap is not over. */
  old: number;
}

export async function openProject(scene: Scene): Promise<Project> {
  const place = await makePlace();
  // One cache of compiled code for all: a process that is killed never writes one, and half of the time would go to compiling.
  Object.assign(place.env, scene.environment, { XDG_CACHE_HOME: scene.cache });
  return { place, scene, ever: new Map(), declared: new Map(), old: 0 };
}

/** Writes the stack. */
export function declare(project: Project, keys: Iterable<readonly [string, Declared]>): void {
  const declared = new Map(keys);
  const resource: Record<string, Record<string, unknown>> = {};
  for (const [address, key] of declared) {
    project.ever.set(`${address} ${JSON.stringify(key.args)}`, key);
    const name = address.slice(key.type.length + 1);
    resource[key.type] = { ...resource[key.type], [name]: key.args };
  }
  project.declared = declared;
  const stack = { provider: { keyform: { outscale: { requests_per_second: 1000 } } }, resource };
  const folder = join(project.place.project, 'stacks', 'main');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'main.tf.json'), JSON.stringify(stack));
}

/** Starts the tool, with the fault if there is one. */
export function startTool(project: Project, args: readonly string[], fault?: string): Running {
  const { place } = project;
  const env = fault === undefined ? place.env : { ...place.env, KEYFORM_FAULT: fault };
  return keyform(args, { cwd: place.project, env });
}

/** Runs the tool to its end, however that comes. */
export function runTool(project: Project, args: readonly string[], fault?: string): Promise<Ended> {
  return startTool(project, args, fault).ended;
}

/** Runs the tool, which must do well. Throws with all that it said when it does not. */
export async function mustRun(project: Project, args: readonly string[], fault?: string): Promise<void> {
  const ended = await runTool(project, args, fault);
  if (ended.code !== 0) throw new Error(complaint(args, ended));
}

/** Names of the points that a run passes, in order, `#` and a number behind those that were passed before. */
export async function trace(project: Project, args: readonly string[]): Promise<string[]> {
  const folder = mkdtempSync(join(project.place.work, 'trace-'));
  await mustRun(project, args, `trace:${join(folder, 'points')}`);
  const seen = new Map<string, number>();
  return readFileSync(join(folder, 'points'), 'utf8')
    .trim()
    .split('\n')
    .map((point) => {
      const count = (seen.get(point) ?? 0) + 1;
      seen.set(point, count);
      return `${point}#${count}`;
    });
}

/**
 * Lets plain commands put right what a killed process left, and then looks whether all is as the stack declares: at the clouds, in
 * the state (`wrong`, one line each thing that is not), and in the folder (`leftBehind`, names of files that should not be there).
 */
export async function converge(
  project: Project,
  options: { readonly plan: boolean },
): Promise<{ readonly wrong: string[]; readonly leftBehind: readonly string[] }> {
  const commands = [
    ['apply', '-auto-approve'],
    ['plan', '-detailed-exitcode'],
  ];
  if (options.plan) commands.unshift(['plan']);
  for (const args of commands) {
    const ended = await runTool(project, args);
    if (ended.code !== 0) return { wrong: [complaint(args, ended)], leftBehind: [] };
  }
  const leftBehind = readdirSync(join(project.place.project, 'state')).filter(
    (name) => !EXPECTED_FILES.some((expected) => expected.test(name)),
  );
  return { wrong: await lookAt(project), leftBehind };
}

/** What does not agree between stack, state and clouds. */
async function lookAt(project: Project): Promise<string[]> {
  const { scene, declared } = project;
  const state: State = await readState(project.place.project, 'main');
  const alive = await scene.alive([...project.ever.values()]);
  const found: string[] = [];
  if (state.intents.size > 0) found.push(`${state.intents.size} intents are still open`);
  const held: Generation[] = [];
  for (const { address, type, current, deposed } of state.resources.values()) {
    held.push(...deposed, ...(current === null ? [] : [current]));
    const wanted = declared.get(address);
    if (wanted === undefined) found.push(`${address} is in the state and not in the stack`);
    if (current === null) found.push(`${address} has no key`);
    if (deposed.length > project.old) found.push(`${address} has ${deposed.length} old keys`);
    const key = alive.find(({ id }) => id === current?.id);
    if (current === null || key === undefined || wanted === undefined) continue;
    if (key.enabled !== (wanted.args.enabled ?? true)) found.push(`${address} is ${key.enabled ? 'on' : 'off'}`);
    const objection =
      current.secret === null
        ? 'state has no secret'
        : await scene.objection(type, current.args, key, current.secret.reveal());
    if (objection !== null) found.push(`${address}: ${objection}`);
  }
  for (const address of declared.keys())
    if (!state.resources.has(address)) found.push(`${address} is not in the state`);
  const [ids, kept] = [alive, held].map((keys) =>
    keys
      .map(({ id }) => id)
      .toSorted()
      .join(' '),
  );
  if (ids !== kept) found.push(`alive at the clouds: ${ids || 'nothing'}; in the state: ${kept || 'nothing'}`);
  return found;
}

/** Removes everything of the project from this machine; its keys stay at the clouds. */
export function close(project: Project): void {
  project.place.remove();
}

function complaint(args: readonly string[], ended: Ended): string {
  return `keyform ${args.join(' ')} ended with ${ended.signal ?? ended.code}:\n${ended.out}\n${ended.err}`;
}
