import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  type EmulatorProcess,
  type Ended,
  keyform,
  MAIN,
  makePlace,
  type Place,
  ROOT,
  requireBuild,
  run,
  startEmulator,
} from '../../scripts/tool.ts';
import { openWitness, type Witness } from '../../scripts/world.ts';

/*
 * The shell of the workflows, run for real: a bare repository for the remote, a clone for each runner, the built tool, and an emulator
 * that outlives every runner.
 */

const SINCH = 'keyform_sinch_access_key';

interface Step {
  readonly name?: string;
  readonly run?: string;
}

/** The script of a step, as it stands in a workflow that is written for users. */
function scriptOf(workflow: string, step: string): string {
  const text = readFileSync(join(ROOT, 'docs', 'ci', 'github', `${workflow}.yml`), 'utf8');
  const { jobs } = parse(text) as { jobs: Record<string, { steps: Step[] }> };
  const found = Object.values(jobs).flatMap(({ steps }) => steps.filter(({ name }) => name === step));
  if (found.length !== 1 || found[0]?.run === undefined) throw new Error(`${workflow} has no step "${step}"`);
  return found[0].run;
}

let emulator: EmulatorProcess;
let witness: Witness;
let base: Place;
beforeAll(async () => {
  requireBuild();
  base = await makePlace();
  emulator = await startEmulator({ cwd: base.project, env: base.env });
  witness = openWitness(emulator);
});
afterAll(async () => {
  await witness?.close();
  await emulator?.stop();
  base?.remove();
});

let place: Place;
let owner = '';
let round = 0;
beforeEach(async () => {
  round += 1;
  owner = `save-${round}`;
  place = await makePlace();
  const bin = join(place.work, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'keyform'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
  chmodSync(join(bin, 'keyform'), 0o755);
  Object.assign(place.env, emulator.environment, {
    PATH: `${bin}:${place.env.PATH}`,
    KEYFORM_PUSH_PAUSE: '0',
    KEYFORM_BRANCH: 'main',
    KEYFORM_ACTOR: 'apply #7',
    MAX_DELETES: '3',
    MAX_ROTATIONS: '20',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'ada',
    GIT_AUTHOR_EMAIL: 'ada@localhost',
    GIT_COMMITTER_NAME: 'ada',
    GIT_COMMITTER_EMAIL: 'ada@localhost',
  });
  await git(place.work, 'init', '--quiet', '--bare', '--initial-branch=main', 'remote.git');
  const first = await runner('first');
  await git(first, 'checkout', '--quiet', '-b', 'main');
  mkdirSync(join(first, '.github', 'keyform'), { recursive: true });
  cpSync(join(ROOT, 'docs', 'ci', 'save-state.sh'), join(first, '.github', 'keyform', 'save-state.sh'));
  write(first, 'stacks/main/main.tf.json', stack(['a', 'b', 'c']));
  expect((await keyform(['init'], { cwd: first, env: place.env }).ended).code).toBe(0);
  await git(first, 'add', '--all');
  await git(first, 'commit', '--quiet', '--message', 'Declare keys');
  await git(first, 'push', '--quiet', 'origin', 'main');
  return () => place.remove();
});

function stack(names: readonly string[]): string {
  const keys = Object.fromEntries(names.map((name) => [name, { project_id: owner, display_name: name }]));
  return JSON.stringify({ provider: { keyform: {} }, resource: { [SINCH]: keys } });
}

function write(folder: string, file: string, text: string): void {
  mkdirSync(join(folder, file, '..'), { recursive: true });
  writeFileSync(join(folder, file), text);
}

async function git(cwd: string, ...args: string[]): Promise<string> {
  const ended = await run('git', args, { cwd, env: place.env }).ended;
  if (ended.code !== 0) throw new Error(`git ${args.join(' ')}: ${ended.err}`);
  return ended.out;
}

/** A fresh machine: a clone of what the remote has now, and nothing that an earlier one remembers. Returns its folder. */
async function runner(name: string): Promise<string> {
  await git(place.work, 'clone', '--quiet', `file://${join(place.work, 'remote.git')}`, name);
  return join(place.work, name);
}

/** Runs a step as GitHub does. */
function step(folder: string, workflow: string, name: string, env: Record<string, string> = {}): Promise<Ended> {
  return run('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', scriptOf(workflow, name)], {
    cwd: folder,
    env: { ...place.env, XDG_STATE_HOME: join(folder, '.keyform', 'memory'), ...env },
  }).ended;
}

const save = (folder: string, env?: Record<string, string>) => step(folder, 'keyform-apply', 'Save the state', env);
const apply = (folder: string, env?: Record<string, string>) => step(folder, 'keyform-apply', 'Apply', env);
const ids = async () => (await witness.ids(SINCH, { project_id: owner })).sort();

async function secrets(folder: string): Promise<string[]> {
  return Promise.all(
    ['a', 'b', 'c'].map(async (name) => {
      const env = { ...place.env, XDG_STATE_HOME: join(folder, '.keyform', 'memory') };
      const ended = await keyform(['secret', 'get', `${SINCH}.${name}`], { cwd: folder, env }).ended;
      expect(ended.err).toBe('');
      return ended.out.trim();
    }),
  );
}

describe('the state of a run in CI', { timeout: 120_000 }, () => {
  test('is on the branch after an apply, and the next machine has nothing to do', async () => {
    const one = await runner('one');
    expect((await apply(one)).code).toBe(0);
    const saved = await save(one);
    expect(saved).toMatchObject({ code: 0, out: 'save-state: pushed the state to main\n' });
    expect(await git(one, 'log', '-1', '--format=%s by %an', 'origin/main')).toBe('Keyform state: apply #7 by ada\n');
    const files = await git(one, 'ls-tree', '--name-only', '-r', 'origin/main', 'state');
    expect(files).toBe('state/main.keyform.age\nstate/main.keyform.history\n');

    const two = await runner('two');
    const plan = await keyform(['plan', '-detailed-exitcode'], { cwd: two, env: place.env }).ended;
    expect(plan.code).toBe(0);
    expect(new Set(await secrets(two)).size).toBe(3);
    expect(await save(two)).toMatchObject({ code: 0, out: 'save-state: the state on main is up to date\n' });
  });

  test('is there though the job was killed in the middle: no key and no secret is lost', async () => {
    const one = await runner('one');
    // Every key is made and recorded in the journal, and the snapshot that is to take them in is not written.
    const killed = await apply(one, { KEYFORM_FAULT: 'kill:before write snapshot#2' });
    expect(killed.signal === 'SIGKILL' || killed.code === 137).toBe(true);
    const made = await ids();
    expect(made).toHaveLength(3);
    expect(readdirSync(join(one, 'state'))).toContain('main.keyform.journal');
    expect((await save(one)).code).toBe(0);
    expect(await git(one, 'ls-tree', '--name-only', '-r', 'origin/main', 'state')).toContain('main.keyform.journal\n');
    expect(await git(one, 'ls-tree', '--name-only', '-r', 'origin/main', 'state')).not.toContain('lock');

    const two = await runner('two');
    expect(new Set(await secrets(two)).size).toBe(3);
    expect((await apply(two)).code).toBe(0);
    expect(await ids()).toEqual(made);
    expect((await save(two)).code).toBe(0);
    expect(existsSync(join(two, 'state', 'main.keyform.journal'))).toBe(false);
    // What is folded in is gone from the branch too.
    expect(await git(two, 'ls-tree', '--name-only', '-r', 'origin/main', 'state')).not.toContain(
      'main.keyform.journal\n',
    );
    const three = await runner('three');
    expect(await secrets(three)).toEqual(await secrets(two));
    const rotated = await step(three, 'keyform-rotate', 'Rotate');
    expect(rotated).toMatchObject({ code: 0 });
    expect(await ids()).toEqual(made);
  });

  test('is there though the job was cancelled: what was in flight is finished, and nothing more is begun', async () => {
    const one = await runner('one');
    await emulator.fault({ kind: 'latency', ms: 1500, cloud: 'sinch', action: 'CreateAccessKey' });
    // As the runner does it: SIGINT to the step's process alone, which is a shell that has become the tool.
    const running = run(
      'bash',
      ['--noprofile', '--norc', '-eo', 'pipefail', '-c', `${scriptOf('keyform-apply', 'Apply').trim()} -parallelism=1`],
      {
        cwd: one,
        env: {
          ...place.env,
          XDG_STATE_HOME: join(one, '.keyform', 'memory'),
          GITHUB_ACTIONS: 'true',
          GITHUB_OUTPUT: join(place.work, 'out'),
        },
      },
    );
    await running.until((_, err) => err.includes('Creating...'));
    running.signal('SIGINT');
    const ended = await running.ended;
    await emulator.clear();
    expect(ended.code).toBe(1);
    expect(readFileSync(join(place.work, 'out'), 'utf8')).toContain('exitcode=1\n');
    const made = await ids();
    expect(made).toHaveLength(1);
    expect((await save(one)).code).toBe(0);
    const two = await runner('two');
    expect((await apply(two)).code).toBe(0);
    expect(await ids()).toHaveLength(3);
    for (const id of made) expect(await ids()).toContain(id);
    expect(new Set(await secrets(two)).size).toBe(3);
  });

  test('gets past what others pushed meanwhile', async () => {
    const one = await runner('one');
    expect((await apply(one)).code).toBe(0);
    const other = await runner('other');
    write(other, 'README.md', 'Keys\n');
    await git(other, 'add', '--all');
    await git(other, 'commit', '--quiet', '--message', 'Say what this is');
    await git(other, 'push', '--quiet', 'origin', 'main');
    expect((await save(one)).code).toBe(0);
    const two = await runner('two');
    expect(existsSync(join(two, 'README.md'))).toBe(true);
    expect(new Set(await secrets(two)).size).toBe(3);
  });

  test('is on a branch of its own where two runs wrote it, and the job fails', async () => {
    const [one, two] = [await runner('one'), await runner('two')];
    expect((await apply(one)).code).toBe(0);
    const before = readFileSync(join(one, 'state', 'main.keyform.age'));
    write(two, 'stacks/main/main.tf.json', stack(['d']));
    expect((await apply(two)).code).toBe(0);
    expect((await save(two)).code).toBe(0);
    const saved = await save(one);
    expect(saved.code).toBe(1);
    expect(saved.err).toMatch(
      /another run wrote the same one\. What this run left is on the branch keyform-rescue\/\S+, sealed/,
    );
    const branch = /keyform-rescue\/[^\s,]+/.exec(saved.err)?.[0] ?? '';
    await git(one, 'fetch', '--quiet', 'origin', branch);
    await git(one, 'checkout', '--quiet', 'FETCH_HEAD');
    expect(readFileSync(join(one, 'state', 'main.keyform.age')).equals(before)).toBe(true);
    expect(new Set(await secrets(one)).size).toBe(3);
  });

  test('stays where it is, and the job fails, when the remote cannot be reached', async () => {
    const one = await runner('one');
    expect((await apply(one)).code).toBe(0);
    const gone = await save(one, { KEYFORM_REMOTE: `file://${place.work}/gone.git` });
    expect(gone.code).toBe(1);
    expect(gone.err).toContain('(try 5 of 5)');
    expect(gone.err).toContain(`It is in ${one}/state, sealed: keep that folder.`);
    // A second try, as GitLab's after_script makes one, finds the commit that is not pushed yet.
    expect((await save(one)).out).toBe('save-state: pushed the state to main\n');
  });

  test('a merge that deletes too many keys at once changes nothing', async () => {
    const one = await runner('one');
    expect((await apply(one)).code).toBe(0);
    const made = await ids();
    write(one, 'stacks/main/main.tf.json', stack([]));
    const refused = await apply(one, { MAX_DELETES: '2' });
    expect(refused.code).toBe(1);
    expect(await ids()).toEqual(made);
  });
});
