import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type EmulatorProcess,
  keyform,
  makePlace,
  type Place,
  requireBuild,
  sharedIdentity,
  startEmulator,
} from './tool.ts';

/*
 * Every byte that a full run leaves anywhere, looked through for every secret there is: those that go in (credentials,
 * the identity, a passphrase-like variable) and those that come to be. `secret get` is the one way out.
 */

const STACK = JSON.stringify({
  provider: { keyform: { outscale: { secret_key: '${var.outscale_secret}' } } },
  variable: { outscale_secret: { type: 'string', sensitive: true } },
  resource: {
    keyform_sinch_access_key: { ci: { project_id: 'p1', display_name: 'ci' } },
    keyform_outscale_access_key: {
      backup: { user_name: 'backup', tag: '${keyform_sinch_access_key.ci.access_key_id}' },
    },
  },
  output: { ci: { value: '${keyform_sinch_access_key.ci.secret}', sensitive: true } },
});

interface Seen {
  readonly where: string;
  readonly bytes: Buffer;
}

let place: Place;
let emulator: EmulatorProcess;
const seen: Seen[] = [];
/** By what it is; filled as the secrets come to be. */
const secrets = new Map<string, string>();

beforeAll(async () => {
  requireBuild();
  place = await makePlace({ 'stacks/main/main.tf.json': STACK });
  emulator = await startEmulator({ cwd: place.project, env: place.env });
  Object.assign(place.env, emulator.environment, { KEYFORM_LOG: 'trace' });
  secrets.set('the Sinch credential', emulator.environment.SINCH_KEY_SECRET ?? '');
  secrets.set('the Outscale credential', emulator.environment.OSC_SECRET_KEY ?? '');
  secrets.set('the identity', /AGE-SECRET-KEY-\S+/.exec((await sharedIdentity()).text)?.[0] ?? '');
  // Handed over as a variable, as a CI job does.
  place.env.KEYFORM_VAR_outscale_secret = emulator.environment.OSC_SECRET_KEY ?? '';
  delete place.env.OSC_SECRET_KEY;
});
afterAll(async () => {
  await emulator?.stop();
  place?.remove();
});

/** Runs a command and keeps all it shows: what it prints, how the system lists it, and the files that it leaves. */
async function look(args: readonly string[], code: number, env: Record<string, string> = {}): Promise<string> {
  const name = args.join(' ');
  const running = keyform(args, { cwd: place.project, env: { ...place.env, ...env } });
  const watch = setInterval(() => files(`while ${name}`, join(place.project, 'state')), 15);
  try {
    const line = readFileSync(`/proc/${running.pid}/cmdline`);
    expect(line.toString()).toContain(args[0]);
    seen.push({ where: `the command line of ${name}`, bytes: line });
  } catch (error) {
    // No /proc on this system: there the arguments are what we gave it, and no child was seen.
    if (process.platform === 'linux') throw error;
  }
  const ended = await running.ended;
  clearInterval(watch);
  expect(ended.code, `${name}\n${ended.out}\n${ended.err}`).toBe(code);
  seen.push({ where: `standard output of ${name}`, bytes: Buffer.from(ended.out) });
  seen.push({ where: `standard error of ${name}`, bytes: Buffer.from(ended.err) });
  files(`after ${name}`, place.project);
  return ended.out;
}

function files(when: string, folder: string): void {
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return;
  }
  for (const name of names) {
    try {
      seen.push({
        where: `${relative(place.work, join(folder, name))} ${when}`,
        bytes: readFileSync(join(folder, name)),
      });
    } catch {
      // A folder, or a file that was there a moment ago.
    }
  }
}

/** A secret as it is, and in the clothes in which it travels. */
function forms(secret: string): Buffer[] {
  const bytes = Buffer.from(secret);
  return [bytes, Buffer.from(bytes.toString('base64').replace(/=+$/, '')), Buffer.from(bytes.toString('hex'))];
}

async function take(address: string, ...more: string[]): Promise<string> {
  const ended = await keyform(['secret', 'get', address, ...more], { cwd: place.project, env: place.env }).ended;
  expect(ended.code, ended.err).toBe(0);
  expect(ended.err).toBe('');
  return ended.out.trim();
}

async function remember(when: string): Promise<void> {
  secrets.set(`the Sinch secret ${when}`, await take('keyform_sinch_access_key.ci'));
  secrets.set(`the Outscale secret ${when}`, await take('keyform_outscale_access_key.backup'));
}

describe('a full run', () => {
  test('shows no secret anywhere but in the output of secret get', { timeout: 90_000 }, async () => {
    await look(['validate'], 0);
    await look(['plan', '-out=first.plan'], 0);
    await look(['show', 'first.plan'], 0);
    await look(['show', '-json', 'first.plan'], 0);
    await look(['apply', 'first.plan'], 0);
    await remember('of the first keys');
    for (const command of [
      ['plan', '-json', '-detailed-exitcode'],
      ['show'],
      ['show', '-json'],
      ['state', 'list'],
      ['state', 'show', 'keyform_sinch_access_key.ci'],
      ['state', 'pull'],
      ['output'],
      ['output', '-json'],
      ['drift', '-json'],
    ])
      await look(command, 0);
    await look(['output', 'ci'], 1);

    // A journal that is left behind, by a run whose answer never came.
    await emulator.fault({ kind: 'cut', cloud: 'outscale', action: 'CreateAccessKey', times: 1 });
    await look(['apply', '-json', '-auto-approve', '-replace=keyform_outscale_access_key.backup'], 1);
    await emulator.clear();
    await look(['plan', '-out=second.plan', '-json', '-replace=keyform_outscale_access_key.backup'], 0);
    await look(['apply', '-json', 'second.plan'], 0);
    await look(['apply', '-auto-approve', '-replace=keyform_sinch_access_key.ci'], 0);
    await remember('of the second keys');

    // Errors that have to do with credentials.
    const wrong = {
      SINCH_KEY_SECRET: 'canary-wrong-sinch-secret',
      KEYFORM_VAR_outscale_secret: 'CANARYWRONGOUTSCALESECRET',
    };
    secrets.set('a wrong Sinch credential', wrong.SINCH_KEY_SECRET);
    secrets.set('a wrong Outscale credential', wrong.KEYFORM_VAR_outscale_secret);
    await look(['plan'], 1, wrong);
    await look(['plan', '-json'], 1, wrong);
    await look(['plan'], 1, {
      KEYFORM_IDENTITY: 'AGE-SECRET-KEY-1CANARYCANARYCANARYCANARYCANARYCANARYCANARYCANARYCANARY',
    });
    secrets.set('a wrong identity', 'CANARYCANARYCANARY');
    await look(['destroy', '-auto-approve', '-json'], 0);

    expect([...secrets.values()].every((secret) => secret.length >= 16)).toBe(true);
    expect(new Set(secrets.values()).size).toBe(secrets.size);
    const found: string[] = [];
    for (const [what, secret] of secrets) {
      for (const form of forms(secret)) {
        for (const { where, bytes } of seen) if (bytes.includes(form)) found.push(`${what} in ${where}`);
      }
    }
    expect(found).toEqual([]);
    // The journal of the interrupted run was among what was looked through, and so were the requests.
    expect(seen.some(({ where }) => where.includes('.keyform.journal'))).toBe(true);
    expect(
      seen.some(({ where, bytes }) => where.startsWith('standard error') && bytes.includes('[http] CreateAccessKey')),
    ).toBe(true);
  });

  test('and so is looked through that it would be found', () => {
    const planted = [{ where: 'here', bytes: Buffer.from(`x${secrets.get('the Sinch credential')}y`) }];
    expect(
      planted.some(({ bytes }) =>
        forms(secrets.get('the Sinch credential') ?? '').some((form) => bytes.includes(form)),
      ),
    ).toBe(true);
  });
});
