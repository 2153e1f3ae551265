// The rows of the table: what runs, what must be true of its result, and what it must keep to.

import { statSync } from 'node:fs';
import { run } from './child.mjs';
import { KEYS_PER_OWNER, writeTerraform } from './stack.mjs';
import { makeRoom, noTerraform, Project } from './world.mjs';

/** Owners of the big stack. */
const OWNERS = 100;
const KEYS = OWNERS * KEYS_PER_OWNER;

/**
 * @typedef {object} Row
 * @property {string} id
 * @property {string} title
 * @property {readonly ('start' | 'thousand' | 'apply')[]} groups rows of a group run by turns, each against the others' weather;
 *   the first is the one whose numbers are shown
 * @property {() => Promise<import('./child.mjs').Command>} command before each run, untimed
 * @property {(stdout: string) => Promise<void> | void} [check] after each run, untimed; throws when the result is not right
 * @property {string} base id of the row that the ratio is to; in each of the row's groups
 * @property {readonly Limit[]} limits
 */

/**
 * @typedef {object} Limit
 * @property {string} words
 * @property {(measured: { median: (id: string) => number, peakMb: number | null }) => boolean} holds `median`: of a row in
 *   this row's group, milliseconds
 */

/** The row `id` takes at most `times` as long as the row `base`, in medians. */
function within(id, times, base) {
  return { words: `≤ ${times} × ${base}`, holds: ({ median }) => median(id) <= times * median(base) };
}

/**
 * Makes the rows, with their projects and servers; `close` ends those.
 *
 * @param {string} main the tool
 * @param {string} scratch
 * @returns {Promise<{ rows: Row[], notes: string[], stateBytes: () => number | null, close: () => Promise<void> }>}
 */
export async function makeRows(main, scratch) {
  const notes = [];
  const projects = [];
  const open = async (owners) => {
    const project = await Project.open(main, scratch, owners);
    projects.push(project);
    return project;
  };
  const close = async () => {
    await Promise.all(projects.map((project) => project.close()));
  };
  try {
    const bare = makeRoom(scratch, 'bare');
    const node = (...args) => ({ program: process.execPath, args, cwd: bare.folder, env: bare.env });
    const ten = await applied(await open(1), KEYS_PER_OWNER);
    const thousand = await applied(await open(OWNERS), KEYS);
    const rows = [
      {
        id: 'node',
        title: '`node -e 0`',
        groups: ['start', 'thousand', 'apply'],
        command: async () => node('-e', '0'),
        base: 'node',
        limits: [],
      },
      {
        id: 'version',
        title: '`keyform version`',
        groups: ['start'],
        command: async () => node(main, 'version'),
        check: expectText(/^keyform \d/),
        base: 'node',
        limits: [within('version', 2, 'node')],
      },
      {
        id: 'plan-10',
        title: '`keyform plan`, 10 keys, no change',
        groups: ['start', 'thousand'],
        ...planRow(ten, 1),
        base: 'node',
        limits: [within('plan-10', 5, 'node')],
      },
      {
        id: 'validate',
        title: `\`keyform validate\`, ${number(KEYS)} keys`,
        groups: ['thousand'],
        command: async () => thousand.command(['validate']),
        base: 'node',
        limits: [],
      },
      {
        id: 'plan-1000',
        title: `\`keyform plan\`, ${number(KEYS)} keys, ${OWNERS} owners, no change`,
        groups: ['thousand'],
        ...planRow(thousand, OWNERS),
        base: 'node',
        limits: [
          { words: '≤ plan-10 + 1 s', holds: ({ median }) => median('plan-1000') <= median('plan-10') + 1000 },
          { words: '≤ 200 MB', holds: ({ peakMb }) => peakMb !== null && peakMb <= 200 },
          // Checked after every run: one that asks another number of times fails, and there is no table.
          { words: `${OWNERS} lists`, holds: () => true },
        ],
      },
      applyRow(open),
    ];
    const missing = noTerraform();
    if (missing === null) rows.push(...(await terraformRows(scratch)));
    else notes.push(`No rows of Terraform: ${missing}.`);
    return { rows, notes, stateBytes: () => statSync(thousand.stateFile).size, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function number(value) {
  return value.toLocaleString('en');
}

/** A check that standard output is as `pattern` says. */
function expectText(pattern) {
  return (stdout) => {
    if (!pattern.test(stdout)) throw new Error(`expected ${pattern} in the output:\n${stdout.slice(0, 2000)}`);
  };
}

/** Creates the keys of a project and proves that state holds them. */
async function applied(project, keys) {
  await run(project.command(['apply', '-auto-approve']));
  await expectKeys(project, keys);
  return project;
}

/** Throws unless state holds `keys` addresses and the emulator was asked to create as many keys. */
async function expectKeys(project, keys) {
  const { stdout } = await run(project.command(['state', 'list']));
  const listed = stdout.trim().split('\n').length;
  const made = (await project.requests())['sinch CreateAccessKey'] ?? 0;
  if (listed !== keys || made !== keys) {
    throw new Error(`${keys} keys were to be made: state lists ${listed}, the emulator was asked for ${made}`);
  }
}

/** A plan that finds nothing to do, and asks each owner once and nobody anything else. */
function planRow(project, owners) {
  let before = {};
  return {
    command: async () => {
      before = await project.requests();
      return project.command(['plan', '-detailed-exitcode']);
    },
    check: async () => {
      const after = await project.requests();
      const asked = Object.entries(after)
        .map(([action, count]) => [action, count - (before[action] ?? 0)])
        .filter(([action, count]) => count !== 0 && !/token/i.test(action));
      if (asked.length !== 1 || asked[0][0] !== 'sinch ListAccessKeys' || asked[0][1] !== owners) {
        throw new Error(`expected ${owners} list calls and no other, got ${JSON.stringify(Object.fromEntries(asked))}`);
      }
    },
  };
}

/** An apply that creates every key, in a new project against a new emulator each time. */
function applyRow(open) {
  let project = null;
  return {
    id: 'apply-1000',
    title: `\`keyform apply\`, creates ${number(KEYS)} keys`,
    groups: ['apply'],
    command: async () => {
      project = await open(OWNERS);
      return project.command(['apply', '-auto-approve']);
    },
    check: async () => {
      await expectKeys(project, KEYS);
      await project.close();
    },
    base: 'node',
    limits: [{ words: '≤ 10 s', holds: ({ median }) => median('apply-1000') <= 10_000 }],
  };
}

/** Terraform with as many resources of its own, which ask no API anything. */
async function terraformRows(scratch) {
  const room = makeRoom(scratch, 'terraform');
  const env = { ...room.env, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' };
  const terraform = (folder, ...args) => ({ program: 'terraform', args, cwd: folder, env });
  const prepare = async () => {
    const { folder } = makeRoom(scratch, 'terraform-module');
    writeTerraform(folder, KEYS);
    await run(terraform(folder, 'init', '-input=false'));
    return folder;
  };
  const planned = await prepare();
  await run(terraform(planned, 'apply', '-auto-approve', '-input=false'));
  return [
    {
      id: 'terraform-version',
      title: '`terraform version`',
      groups: ['start'],
      command: async () => terraform(room.folder, 'version'),
      base: 'node',
      limits: [],
    },
    {
      id: 'terraform-plan',
      title: `\`terraform plan\`, ${number(KEYS)} \`terraform_data\`, no change`,
      groups: ['thousand'],
      command: async () => terraform(planned, 'plan', '-input=false', '-detailed-exitcode'),
      base: 'node',
      limits: [],
    },
    {
      id: 'terraform-apply',
      title: `\`terraform apply\`, creates ${number(KEYS)} \`terraform_data\``,
      groups: ['apply'],
      command: async () => terraform(await prepare(), 'apply', '-auto-approve', '-input=false'),
      base: 'node',
      limits: [],
    },
  ];
}
