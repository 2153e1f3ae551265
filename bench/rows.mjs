// The rows of the table: what runs, what must be true of its result, and what it must keep to.

import { statSync } from 'node:fs';
import { run } from './child.mjs';
import { DRIFT_OWNERS, driftRows } from './drift.mjs';
import { eachRows } from './each.mjs';
import { accountKeys, gatewayKeys, KEYS_PER_OWNER, projectKeys, writeTerraform } from './stack.mjs';
import { stateRows } from './state.mjs';
import { makeRoom, noTerraform, Project } from './world.mjs';

/** Owners of the big stack. */
const OWNERS = 100;
const KEYS = OWNERS * KEYS_PER_OWNER;

/** As many API Gateway keys as a Tencent account can hold, on four pages; and as many API keys as a Yandex cloud can hold. */
const GATEWAY_KEYS = 400;
const GATEWAY_PAGES = 4;
const ACCOUNTS = 10;
const KEYS_PER_ACCOUNT = 100;
/** Calls of one action that Tencent takes in a second. */
const GATEWAY_RATE = 20;
/** The least time that the rate leaves for making all of them: the first second's worth goes at once. */
const GATEWAY_SECONDS = (GATEWAY_KEYS - GATEWAY_RATE) / GATEWAY_RATE;

/**
 * @typedef {object} Row
 * @property {string} id
 * @property {string} title
 * @property {readonly ('start' | 'thousand' | 'each' | 'state' | 'record' | 'clouds' | 'drift' | 'apply')[]} groups rows of a group run by turns, each against the others' weather;
 *   the first is the one whose numbers are shown
 * @property {() => Promise<import('./child.mjs').Command>} command before each run, untimed
 * @property {(stdout: string) => Promise<void> | void} [check] after each run, untimed; throws when the result is not right
 * @property {(stdout: string) => number} [sample] milliseconds of what is measured, where that is not the whole process
 * @property {string} base id of the row that the ratio is to; in each of the row's groups
 * @property {readonly Limit[]} limits
 */

/**
 * @typedef {object} Limit
 * @property {string} words
 * @property {(measured: { median: (id: string) => number, peak: (id: string) => number | null, cpu: (id: string) => number | null }) => boolean} holds
 *   `median`: of a row in this row's group, milliseconds; `peak`, MB, and `cpu`, milliseconds of user and system time: of one whose first
 *   group this is, null when it cannot be told here
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
 * @returns {Promise<{ rows: Row[], notes: string[], stateBytes: () => Promise<number>, close: () => Promise<void> }>}
 */
export async function makeRows(main, scratch) {
  const notes = [];
  const projects = [];
  const open = async (resource) => {
    const project = await Project.open(main, scratch, resource);
    projects.push(project);
    return project;
  };
  const close = async () => {
    await Promise.all(projects.map((project) => project.close()));
  };
  try {
    const bare = makeRoom(scratch, 'bare');
    const node = (...args) => ({ program: process.execPath, args, cwd: bare.folder, env: bare.env });
    const sinch = 'sinch CreateAccessKey';
    const ten = once(async () => applied(await open(projectKeys(1)), { [sinch]: KEYS_PER_OWNER }));
    const thousand = once(async () => applied(await open(projectKeys(OWNERS)), { [sinch]: KEYS }));
    const wide = once(async () =>
      applied(await open(projectKeys(DRIFT_OWNERS)), { [sinch]: DRIFT_OWNERS * KEYS_PER_OWNER }),
    );
    const clouds = once(async () =>
      applied(await open({ ...gatewayKeys(GATEWAY_KEYS), ...accountKeys(ACCOUNTS, KEYS_PER_ACCOUNT) }), {
        'tencent CreateApiKey': GATEWAY_KEYS,
        'yandex CreateApiKey': ACCOUNTS * KEYS_PER_ACCOUNT,
      }),
    );
    const rows = [
      {
        id: 'node',
        title: '`node -e 0`',
        groups: ['start', 'thousand', 'each', 'state', 'clouds', 'drift', 'apply'],
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
        ...planRow(ten, { 'sinch ListAccessKeys': 1 }),
        base: 'node',
        limits: [within('plan-10', 5, 'node')],
      },
      {
        id: 'validate',
        title: `\`keyform validate\`, ${number(KEYS)} keys`,
        groups: ['thousand'],
        command: async () => (await thousand()).command(['validate']),
        base: 'node',
        limits: [],
      },
      {
        id: 'plan-1000',
        title: `\`keyform plan\`, ${number(KEYS)} keys, ${OWNERS} owners, no change`,
        groups: ['thousand'],
        ...planRow(thousand, { 'sinch ListAccessKeys': OWNERS }),
        base: 'node',
        limits: [
          { words: '≤ plan-10 + 1 s', holds: ({ median }) => median('plan-1000') <= median('plan-10') + 1000 },
          { words: '≤ 200 MB', holds: ({ peak }) => peak('plan-1000') !== null && peak('plan-1000') <= 200 },
          // Checked after every run: one that asks another number of times fails, and there is no table.
          { words: `${OWNERS} lists`, holds: () => true },
        ],
      },
      {
        id: 'plan-clouds',
        title: `\`keyform plan\`, ${GATEWAY_KEYS} Tencent and ${number(ACCOUNTS * KEYS_PER_ACCOUNT)} Yandex keys, no change`,
        groups: ['clouds'],
        ...planRow(clouds, { 'tencent DescribeApiKeysStatus': GATEWAY_PAGES, 'yandex ListApiKeys': ACCOUNTS }),
        base: 'node',
        // Checked after every run, as above.
        limits: [{ words: `${GATEWAY_PAGES} + ${ACCOUNTS} lists`, holds: () => true }],
      },
      ...driftRows(wide, planRow),
      ...eachRows(main, scratch),
      ...stateRows(main, scratch),
      gatewayRow(open),
      applyRow(open),
    ];
    const missing = noTerraform();
    if (missing === null) rows.push(...(await terraformRows(scratch)));
    else notes.push(`No rows of Terraform: ${missing}.`);
    return { rows, notes, stateBytes: async () => statSync((await thousand()).stateFile).size, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The same project each time, made when it is first asked for: a row that is not wanted costs nothing. */
function once(make) {
  let made;
  return () => {
    made ??= make();
    return made;
  };
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
async function applied(project, creates) {
  await run(project.command(['apply', '-auto-approve']));
  await expectKeys(project, creates);
  return project;
}

/**
 * Throws unless the emulator was asked to create exactly so many keys, by `cloud action` (a call that it throttled would be one
 * more), and state holds them all.
 */
async function expectKeys(project, creates) {
  const { stdout } = await run(project.command(['state', 'list']));
  const listed = stdout.trim().split('\n').length;
  const asked = await project.requests();
  const keys = Object.values(creates).reduce((sum, count) => sum + count, 0);
  const wrong = Object.entries(creates).filter(([action, count]) => asked[action] !== count);
  if (listed !== keys || wrong.length > 0) {
    throw new Error(
      `${JSON.stringify(creates)} was to be done: state lists ${listed}, asked was ${JSON.stringify(asked)}`,
    );
  }
}

/** A plan, or a look, that finds nothing to do, and asks each owner once and nobody anything else. */
function planRow(project, lists, args = ['plan', '-detailed-exitcode']) {
  let before = {};
  return {
    command: async () => {
      before = await (await project()).requests();
      return (await project()).command(args);
    },
    check: async () => {
      const after = await (await project()).requests();
      const asked = Object.entries(after)
        .map(([action, count]) => [action, count - (before[action] ?? 0)])
        .filter(([action, count]) => count !== 0 && !/token/i.test(action));
      const got = JSON.stringify(asked.sort());
      const expected = JSON.stringify(Object.entries(lists).sort());
      if (got !== expected) throw new Error(`expected the list calls ${expected} and no other, got ${got}`);
    },
  };
}

/** An apply of nothing but creates under a published rate limit, which the emulator enforces. */
function gatewayRow(open) {
  let project = null;
  return {
    id: 'apply-rate',
    title: `\`keyform apply\`, creates ${GATEWAY_KEYS} Tencent keys at ${GATEWAY_RATE} a second (least time ${GATEWAY_SECONDS} s)`,
    groups: ['apply'],
    command: async () => {
      project = await open(gatewayKeys(GATEWAY_KEYS));
      return project.command(['apply', '-auto-approve']);
    },
    check: async () => {
      await expectKeys(project, { 'tencent CreateApiKey': GATEWAY_KEYS });
      await project.close();
    },
    base: 'node',
    limits: [
      {
        words: `≤ 1.05 × ${GATEWAY_SECONDS} s`,
        holds: ({ median }) => median('apply-rate') <= 1.05 * GATEWAY_SECONDS * 1000,
      },
      // Checked after every run: a throttled call would be made again, and counted twice.
      { words: 'none throttled', holds: () => true },
    ],
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
      project = await open(projectKeys(OWNERS));
      return project.command(['apply', '-auto-approve']);
    },
    check: async () => {
      await expectKeys(project, { 'sinch CreateAccessKey': KEYS });
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
