import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Trail } from './canary.ts';
import {
  type EmulatorProcess,
  type Ended,
  MAIN,
  makePlace,
  type Place,
  type Running,
  requireBuild,
  run,
  sharedIdentity,
  startEmulator,
} from './tool.ts';

// What Node and the system write down about a process that is signalled or dies: nothing of what it was given in secret.

/** A stack whose key nobody else has. */
const stack = (owner: string) =>
  JSON.stringify({
    provider: { keyform: {} },
    variable: { name: { type: 'string', sensitive: true } },
    resource: { keyform_sinch_access_key: { ci: { project_id: owner, display_name: '${var.name}' } } },
  });

let owners = 0;
let place: Place;
let emulator: EmulatorProcess;
let home: Place;
let secrets: ReadonlyMap<string, string>;

beforeAll(async () => {
  requireBuild();
  home = await makePlace();
  emulator = await startEmulator({ cwd: home.project, env: home.env });
});
afterAll(async () => {
  await emulator?.stop();
  home?.remove();
});

beforeEach(async () => {
  place = await makePlace({ 'stacks/main/main.tf.json': stack(`p${++owners}`) });
  const given = {
    ...emulator.environment,
    KEYFORM_IDENTITY: /AGE-SECRET-KEY-\S+/.exec((await sharedIdentity()).text)?.[0] ?? '',
    KEYFORM_NEW_PASSPHRASE: 'canary-new-passphrase',
    KEYFORM_VAR_name: 'canary-sensitive-name',
    // Of other programs, and of Node's own family.
    AWS_SECRET_ACCESS_KEY: 'canary-of-another-program',
    NODE_AUTH_TOKEN: 'canary-of-a-package-registry',
    HTTPS_PROXY: 'http://canary-user:canary-proxy-password@127.0.0.1:9',
    NO_PROXY: '*',
  };
  Object.assign(place.env, given);
  secrets = new Map([
    ...Object.entries(given).filter(([name]) => /SECRET|IDENTITY|PASSPHRASE|VAR_|TOKEN|HTTPS_PROXY/.test(name)),
    ['the password of a proxy', 'canary-proxy-password'],
  ]);
  expect(secrets.size).toBeGreaterThanOrEqual(10);
});
afterEach(async () => {
  await emulator.clear();
  place.remove();
});

/** Starts an apply by a shell's word, with options of Node, and waits until it is waiting for the answer with a new key's secret. */
async function applying(
  shell: string,
  options: readonly string[],
): Promise<{ readonly running: Running; readonly folder: string }> {
  const folder = join(place.work, 'reports');
  mkdirSync(folder);
  await emulator.fault({ kind: 'latency', cloud: 'sinch', action: 'CreateAccessKey', ms: 1500 });
  const before = (await emulator.requests())['sinch CreateAccessKey'] ?? 0;
  const NODE_OPTIONS = [`--report-directory=${folder}`, ...options].join(' ');
  const args = ['-c', `${shell}exec "$0" "$@"`, process.execPath, MAIN, 'apply', '-auto-approve'];
  const running = run('sh', args, { cwd: place.project, env: { ...place.env, NODE_OPTIONS } });
  while (((await emulator.requests())['sinch CreateAccessKey'] ?? 0) === before) await pause();
  return { running, folder };
}

async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 10));
}

/** The one report in a folder, once it is whole. */
async function reportIn(
  folder: string,
): Promise<{ readonly text: string; readonly environment: Record<string, string> }> {
  for (;;) {
    for (const name of readdirSync(folder)) {
      const text = readFileSync(join(folder, name), 'utf8');
      try {
        return { text, environment: JSON.parse(text).environmentVariables };
      } catch {
        // It is being written.
      }
    }
    await pause();
  }
}

/** Where secrets are in what was left. */
function leaks(left: Readonly<Record<string, string | Buffer>>, { out, err }: Ended): string[] {
  const trail = new Trail();
  for (const [what, secret] of secrets) trail.secrets.set(what, secret);
  for (const [where, content] of Object.entries({ ...left, 'standard output': out, 'standard error': err })) {
    trail.see(where, Buffer.from(content));
  }
  return trail.leaks();
}

/** A run that uses up its heap when it gets the signal. */
function exhausting(): string {
  const file = join(place.work, 'exhaust.cjs');
  writeFileSync(
    file,
    `process.on('SIGUSR2', () => { const all = []; for (;;) all.push('x'.repeat(1000).split('')); });`,
  );
  return `--require=${file} --max-old-space-size=80`;
}

describe('what is written about a run', () => {
  test('on a signal, with the secrets of the run in its hands', async () => {
    const { running, folder } = await applying('', ['--report-on-signal']);
    running.signal('SIGUSR2');
    const { text, environment } = await reportIn(folder);
    expect(environment).toMatchObject({ PATH: place.env.PATH, HOME: place.env.HOME });
    const ended = await running.ended;
    expect(ended.code, ended.err).toBe(0);
    expect(leaks({ report: text }, ended)).toEqual([]);
  });

  test('when its heap is full', async () => {
    const { running, folder } = await applying('', ['--report-on-fatalerror', exhausting()]);
    running.signal('SIGUSR2');
    const { text, environment } = await reportIn(folder);
    expect(environment).toMatchObject({ PATH: place.env.PATH });
    const ended = await running.ended;
    expect(ended.signal, ended.err).toBe('SIGABRT');
    expect(ended.err).toContain('heap out of memory');
    expect(leaks({ report: text }, ended)).toEqual([]);
  });

  test('by the system, as a core dump', async ({ skip }) => {
    const pattern = process.platform === 'linux' ? readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim() : '';
    if (!/^[\w.-]+$/.test(pattern)) skip('core dumps do not go to the folder of the process here');
    try {
      execFileSync('sh', ['-c', 'ulimit -c unlimited'], { stdio: 'ignore' });
    } catch {
      skip('core dumps are not allowed here');
    }
    const { running } = await applying('ulimit -c unlimited; ', []);
    expect(readFileSync(`/proc/${running.pid}/coredump_filter`, 'utf8')).toMatch(/^0+\n$/);
    running.signal('SIGQUIT');
    const ended = await running.ended;
    expect(ended.signal).toBe('SIGQUIT');
    const dumps = readdirSync(place.project).filter((name) => name.startsWith(pattern));
    expect(dumps).toHaveLength(1);
    expect(leaks({ dump: readFileSync(join(place.project, dumps[0] ?? '')) }, ended)).toEqual([]);
  });
});
