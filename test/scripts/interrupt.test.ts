import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type EmulatorProcess,
  type Ended,
  keyform,
  MAIN,
  makePlace,
  type Place,
  requireBuild,
  startEmulator,
} from './tool.ts';
import { openWitness, readState, type Witness } from './world.ts';

const SINCH = 'keyform_sinch_access_key';
const OUTSCALE = 'keyform_outscale_access_key';

let place: Place;
const places: Place[] = [];
let emulator: EmulatorProcess;
let witness: Witness;

beforeAll(async () => {
  requireBuild();
  place = await makePlace();
  emulator = await startEmulator({ cwd: place.project, env: place.env });
  witness = openWitness(emulator);
});
afterAll(async () => {
  await witness?.close();
  await emulator?.stop();
  place?.remove();
  for (const made of places) made.remove();
});

/** A project of its own whose owners no other has, as all tests share one emulator. */
async function project(name: string, resources: (name: string) => unknown): Promise<Place> {
  const stack = {
    provider: { keyform: { outscale: { requests_per_second: 1000 } } },
    resource: resources(name),
  };
  const made = await makePlace({ 'stacks/main/main.tf.json': JSON.stringify(stack) });
  places.push(made);
  Object.assign(made.env, emulator.environment);
  return made;
}

const six = (name: string) => ({
  [SINCH]: Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [`k${n}`, { project_id: name, display_name: `k${n}` }])),
});

function begin(at: Place, args: readonly string[]) {
  return keyform(args, { cwd: at.project, env: at.env });
}

async function finish(at: Place, args: readonly string[], code = 0): Promise<Ended> {
  const ended = await begin(at, args).ended;
  expect(ended.code, `${args.join(' ')}\n${ended.out}\n${ended.err}`).toBe(code);
  return ended;
}

/** Resolves when the emulator has received `count` more creates than `before`. */
async function created(before: number, count: number): Promise<void> {
  while (((await emulator.requests())['sinch CreateAccessKey'] ?? 0) < before + count) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function creates(): Promise<number> {
  return (await emulator.requests())['sinch CreateAccessKey'] ?? 0;
}

const TRACE = /^\s+at .*:\d+:\d+\)?$|^Node\.js v\d|^\(node:\d+\)/m;

describe('an apply that is interrupted', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s finishes what is in flight, says so, and goes on next time',
    async (signal) => {
      const at = await project(`once-${signal}`, six);
      const owner = { project_id: `once-${signal}`, display_name: 'any' };
      const before = await creates();
      await emulator.fault({ kind: 'latency', ms: 700, cloud: 'sinch', action: 'CreateAccessKey' });
      const running = begin(at, ['apply', '-auto-approve', '-parallelism=2']);
      await created(before, 2);
      running.signal(signal);
      const ended = await running.ended;
      await emulator.clear();
      expect(ended.code).toBe(1);
      expect(ended.err).toContain('Stopping: what is in flight is finished first. Press Ctrl-C again to stop at once.');
      expect(ended.err.match(/Creation complete/g)).toHaveLength(2);
      expect(ended.out).toContain(
        'Stopped. 2 added, 0 changed, 0 destroyed; 4 steps were not begun. Run apply again to go on.',
      );
      expect(ended.out + ended.err).not.toMatch(TRACE);
      expect(existsSync(join(at.project, 'state/main.keyform.lock'))).toBe(false);

      const state = await readState(at.project, 'main');
      expect(state.intents.size).toBe(0);
      expect(await witness.broken(state)).toEqual([]);
      expect(await witness.ids(SINCH, owner)).toEqual(
        [...state.resources.values()].map((resource) => resource.current?.id),
      );
      expect(await witness.ids(SINCH, owner)).toHaveLength(2);

      expect((await finish(at, ['apply', '-auto-approve'])).out).toContain('4 added, 0 changed, 0 destroyed');
      await finish(at, ['plan', '-detailed-exitcode']);
      expect(await witness.ids(SINCH, owner)).toHaveLength(6);
    },
  );

  test('twice stops at once; what was in flight is found by the next run', async () => {
    const at = await project('twice', six);
    const owner = { project_id: 'twice', display_name: 'any' };
    const before = await creates();
    // Ten minutes: only a run that does not wait for the answers ends before the test does.
    await emulator.fault({ kind: 'latency', ms: 600_000, cloud: 'sinch', action: 'CreateAccessKey', times: 2 });
    const running = begin(at, ['apply', '-auto-approve', '-parallelism=2']);
    await created(before, 2);
    running.signal('SIGINT');
    await running.until((_, err) => err.includes('Stopping:'));
    running.signal('SIGINT');
    const ended = await running.ended;
    await emulator.clear();
    expect(ended.code).toBe(130);
    expect(ended.err).toContain('Stopped at once. What was in flight is in the journal; the next run looks into it.');
    expect(ended.out + ended.err).not.toMatch(TRACE);
    expect((await readState(at.project, 'main')).intents.size).toBe(2);

    await finish(at, ['apply', '-auto-approve']);
    await finish(at, ['plan', '-detailed-exitcode']);
    const state = await readState(at.project, 'main');
    expect(await witness.broken(state)).toEqual([]);
    expect(await witness.ids(SINCH, owner)).toHaveLength(6);
  });

  test('by a signal while it plans ends without having done anything', async () => {
    const at = await project('planning', six);
    await emulator.fault({ kind: 'latency', ms: 600_000, cloud: 'sinch', action: 'ListAccessKeys', times: 1 });
    const lists = (await emulator.requests())['sinch ListAccessKeys'] ?? 0;
    const running = begin(at, ['apply', '-auto-approve']);
    while (((await emulator.requests())['sinch ListAccessKeys'] ?? 0) === lists) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    running.signal('SIGINT');
    const ended = await running.ended;
    await emulator.clear();
    expect(ended.code).toBe(1);
    expect(ended.err).toContain('Stopped. Nothing more was begun.');
    expect(ended.out + ended.err).not.toMatch(TRACE);
    expect(existsSync(join(at.project, 'state/main.keyform.lock'))).toBe(false);
  });

  test.each(['plan', 'schema', 'plan -json', 'show -json'])(
    'a reader that goes away early is no error worth a stack trace: %s',
    async (line) => {
      const args = line.split(' ');
      const at = await project(`reader-${args.join('')}`, six);
      if (args[0] === 'show') await finish(at, ['apply', '-auto-approve']);
      const ended = await new Promise<{ code: number | null; err: string }>((resolve, reject) => {
        const child = spawn(process.execPath, [MAIN, ...args], {
          cwd: at.project,
          env: at.env,
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        let err = '';
        child.stderr.setEncoding('utf8').on('data', (text: string) => {
          err += text;
        });
        // As head -0 does: the pipe has no reader any more when the first line comes.
        child.stdout.destroy();
        child.once('error', reject);
        child.once('close', (code) => resolve({ code, err }));
      });
      expect(ended.err).toBe('');
      expect(ended.code).not.toBe(null);
    },
  );
});

/** Numbers that look random and are the same in every run: Park and Miller's. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

const RUNS = 25;
const LANES = 3;
/** Two projects of six keys, told apart by their names, and eight users of one key each: Outscale's keys have no names. */
const twenty = (name: string) => ({
  [SINCH]: Object.fromEntries(
    Array.from({ length: 12 }, (_, n) => [`s${n}`, { project_id: `${name}-${n % 2}`, display_name: `s${n}` }]),
  ),
  [OUTSCALE]: Object.fromEntries(
    Array.from({ length: 8 }, (_, n) => [`o${n}`, { user_name: `${name}-${n % 2}`, tag: `o${n}` }]),
  ),
});

test('an apply that is killed at any moment loses no secret and leaves no orphan', { timeout: 120_000 }, async () => {
  await emulator.fault({ kind: 'latency', ms: 20, action: 'CreateAccessKey' });
  const random = seeded(20_261_122);
  const moments = Array.from({ length: RUNS }, () => Math.floor(random() * 160));
  const recorded: number[] = [];

  const once = async (run: number, delay: number): Promise<void> => {
    const name = `kill-${run}`;
    const at = await project(name, twenty);
    const running = begin(at, ['apply', '-auto-approve']);
    await running.until((_, err) => err.includes('Creating...'));
    await new Promise((resolve) => setTimeout(resolve, delay));
    running.signal('SIGKILL');
    const killed = await running.ended;
    const hint = `run ${run}, killed after ${delay} ms:\n${killed.err}`;
    recorded.push([...(await readState(at.project, 'main')).resources.values()].length);

    const healed = await begin(at, ['apply', '-auto-approve']).ended;
    expect(healed.code, `${hint}\nthen:\n${healed.out}\n${healed.err}`).toBe(0);
    const empty = await begin(at, ['plan', '-detailed-exitcode']).ended;
    expect(empty.code, `${hint}\nthen:\n${empty.out}\n${empty.err}`).toBe(0);

    const state = await readState(at.project, 'main');
    expect(state.intents.size, hint).toBe(0);
    expect(state.resources.size, hint).toBe(20);
    expect(await witness.broken(state), hint).toEqual([]);
    const alive = (
      await Promise.all([
        ...[0, 1].map((n) => witness.ids(SINCH, { project_id: `${name}-${n}`, display_name: 'any' })),
        ...Array.from({ length: 8 }, (_, n) => witness.ids(OUTSCALE, { user_name: `${name}-${n}` })),
      ])
    ).flat();
    const held = [...state.resources.values()].flatMap((resource) => [
      ...(resource.current === null ? [] : [resource.current.id]),
      ...resource.deposed.map((key) => key.id),
    ]);
    expect(alive.sort(), hint).toEqual(held.sort());
  };

  const queue = moments.entries();
  await Promise.all(
    Array.from({ length: LANES }, async () => {
      for (const [run, delay] of queue) await once(run, delay);
    }),
  );
  await emulator.clear();
  // Else nothing was proved: runs must have been killed in the middle.
  expect(recorded.filter((count) => count > 0 && count < 20).length).toBeGreaterThanOrEqual(5);
});
