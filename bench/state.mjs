// The rows of the state: what opening, replaying and folding cost beside a state of no keys, and what one recorded step costs.

import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { run } from './child.mjs';
import { writeProject } from './stack.mjs';
import { makeRoom } from './world.mjs';

const here = dirname(fileURLToPath(import.meta.url));

const SIZES = [100, 1_000, 10_000];
/** Recorded steps of which the median is taken: fewer than a journal is folded after. */
const STEPS = 300;

/**
 * @param {string} main the tool
 * @param {string} scratch
 * @returns {import('./rows.mjs').Row[]}
 */
export function stateRows(main, scratch) {
  let made;
  const driver = () => {
    made ??= bundle(scratch);
    return made;
  };
  const rows = [];
  for (const count of [0, ...SIZES]) rows.push(openRow(main, scratch, driver, count));
  for (const count of [1, ...SIZES]) rows.push(...foldRows(main, scratch, driver, count));
  for (const count of SIZES) rows.push(recordRow(main, scratch, driver, count));
  return rows;
}

/** The driver as one file that Node runs. */
async function bundle(scratch) {
  const outfile = join(scratch, 'driver.mjs');
  // age-encryption comes along, and has CommonJS packages in it.
  const banner = { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" };
  const options = { platform: 'node', format: 'esm', target: 'node20.19', logLevel: 'warning', banner };
  await build({ ...options, entryPoints: [join(here, 'driver.mjs')], bundle: true, outfile });
  return outfile;
}

/** A project without keys of a cloud, and a command for the driver on its state folder. */
async function openProject(main, scratch, driver) {
  const { folder, env } = makeRoom(scratch, 'state');
  await run({ program: process.execPath, args: [main, 'init'], cwd: folder, env });
  const [recipient] = JSON.parse(readFileSync(join(folder, 'cdktf.json'), 'utf8')).context.keyform.recipients;
  writeProject(folder, {}, recipient);
  const program = process.execPath;
  const state = join(folder, 'state');
  const identity = join(env.XDG_CONFIG_HOME, 'keyform', 'identity.txt');
  return {
    folder,
    state,
    keyform: (...args) => ({ program, args: [main, ...args], cwd: folder, env }),
    driver: async (task, where, ...args) => ({
      program,
      args: [await driver(), task, where, identity, ...args.map(String)],
      cwd: folder,
      env,
    }),
    // Where the machine remembers which snapshots it has seen: going back to an earlier one is what these rows do all the time.
    forget: () => rmSync(join(env.HOME, '.local', 'state'), { recursive: true, force: true }),
  };
}

/** `keyform state list` of a folded state. */
function openRow(main, scratch, driver, count) {
  const project = once(async () => {
    const opened = await openProject(main, scratch, driver);
    await run(await opened.driver('fill', opened.state, count, 'close'));
    return opened;
  });
  const id = `state-open-${count}`;
  return {
    id,
    title: `\`keyform state list\`, ${count.toLocaleString('en')} keys`,
    groups: ['state'],
    command: async () => (await project()).keyform('state', 'list'),
    check: (stdout) => expectLines(stdout, count),
    base: 'node',
    limits: count === SIZES.at(-1) ? over(id, 'state-open-0') : [],
  };
}

/**
 * A run on what one left that was killed when it had made so many keys, and never folded: opens it, replays and folds the journal, and
 * ends. By itself; and as a part of `keyform state mv`, which reads the state before, and folds what it records.
 */
function foldRows(main, scratch, driver, count) {
  const project = once(async () => {
    const opened = await openProject(main, scratch, driver);
    await run(await opened.driver('fill', join(opened.folder, 'left'), count, 'abandon'));
    return opened;
  });
  const address = (name) => `keyform_sinch_access_key.${name}`;
  const row = (id, title, command, mark, limits) => ({
    id,
    title,
    groups: ['state'],
    command: async () => {
      const opened = await project();
      const { state, folder, forget } = opened;
      rmSync(state, { recursive: true, force: true });
      cpSync(join(folder, 'left'), state, { recursive: true });
      if (!existsSync(join(state, 'main.keyform.journal'))) throw new Error('there is no journal to replay');
      forget();
      return command(opened);
    },
    check: async () => {
      const { state, keyform } = await project();
      if (existsSync(join(state, 'main.keyform.journal'))) throw new Error('the journal was not folded');
      const { stdout } = await run(keyform('state', 'list'));
      expectLines(stdout, count);
      if (!stdout.includes(mark)) throw new Error(`${mark} is missing`);
    },
    base: 'node',
    limits,
  });
  const keys = `${count.toLocaleString('en')} ${count === 1 ? 'key' : 'keys'} left in a journal`;
  return [
    row(
      `state-fold-${count}`,
      `replaying and folding ${keys}`,
      ({ state, driver: command }) => command('fold', state),
      address('key_0'),
      count === SIZES.at(-1) ? over(`state-fold-${count}`, 'state-fold-1') : [],
    ),
    row(
      `state-mv-${count}`,
      `\`keyform state mv\`, ${keys}`,
      ({ keyform }) => keyform('state', 'mv', address('key_0'), address('moved')),
      address('moved'),
      [],
    ),
  ];
}

/** One recorded step (intent and result, each synced) in a state of so many keys; not the process, but the median of its steps. */
function recordRow(main, scratch, driver, count) {
  const project = once(async () => {
    const opened = await openProject(main, scratch, driver);
    await run(await opened.driver('fill', join(opened.folder, 'left'), count, 'close'));
    return opened;
  });
  const id = `record-step-${count}`;
  const [least] = SIZES;
  return {
    id,
    title: `one recorded step, ${count.toLocaleString('en')} keys in state`,
    groups: ['record'],
    command: async () => {
      const { state, folder, driver: command } = await project();
      rmSync(state, { recursive: true, force: true });
      cpSync(join(folder, 'left'), state, { recursive: true });
      return command('record', state, STEPS);
    },
    sample: (stdout) => JSON.parse(stdout).ms,
    base: `record-step-${least}`,
    limits:
      count === SIZES.at(-1)
        ? [
            {
              words: `≤ 1.3 × record-step-${least}`,
              holds: ({ median }) => median(id) <= 1.3 * median(`record-step-${least}`),
            },
          ]
        : [],
  };
}

/** What the issue asks of 10,000 keys over a run without any. */
function over(id, empty) {
  return [
    { words: `≤ ${empty} + 500 ms`, holds: ({ median }) => median(id) <= median(empty) + 500 },
    { words: `≤ ${empty} + 150 MB`, holds: ({ peak }) => peak(id) !== null && peak(id) <= peak(empty) + 150 },
  ];
}

function expectLines(stdout, count) {
  const lines = stdout === '' ? 0 : stdout.trimEnd().split('\n').length;
  if (lines !== count) throw new Error(`expected ${count} lines, got ${lines}:\n${stdout.slice(0, 500)}`);
}

/** The same promise each time, made when it is first asked for. */
function once(make) {
  let made;
  return () => {
    made ??= make();
    return made;
  };
}
