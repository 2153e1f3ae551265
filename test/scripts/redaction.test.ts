import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forms, Trail } from './canary.ts';
import {
  type EmulatorProcess,
  keyform,
  makePlace,
  type Place,
  type Running,
  requireBuild,
  sharedIdentity,
  startEmulator,
} from './tool.ts';

/*
 * Every byte that a full run leaves anywhere, looked through for every secret there is: those that go in (credentials, the
 * identity, a passphrase, sensitive variables) and those that come to be. `secret get` is the one way out.
 */

const SECRET_OF = {
  'keyform_nscale_access_key.a': 'nscale',
  'keyform_outscale_access_key.a': 'outscale',
  'keyform_sinch_access_key.a': 'sinch',
  'keyform_tencent_api_key.a': 'tencent',
  'keyform_tencent_cam_access_key.a': 'tencent',
  'keyform_yandex_api_key.a': 'yandex',
  'keyform_yandex_static_access_key.a': 'yandex',
} as const;

/** What every kind of escaping has something to do with. */
const NOTE = 'note-"q"\\b /s\t?+&=%41 ünï-canary-7c1f9be2';
const PASSPHRASE = 'canary passphrase/of+five&words ä';

function stack(tag: string, enabled: boolean): string {
  return JSON.stringify({
    provider: { keyform: { outscale: { secret_key: '${var.outscale_secret}' } } },
    variable: {
      outscale_secret: { type: 'string', sensitive: true },
      note: { type: 'string', sensitive: true },
      chosen: { type: 'string', sensitive: true },
    },
    resource: {
      keyform_nscale_access_key: { a: { endpoint_id: 'e1', name: 'ci', identity_policy: 'system-default-admin' } },
      keyform_outscale_access_key: { a: { user_name: 'u1', tag, enabled } },
      keyform_sinch_access_key: { a: { project_id: 'p1', display_name: 'ci' } },
      keyform_tencent_api_key: {
        a: {
          secret_name: 'n1',
          access_key_type: 'manual',
          access_key_id: 'id_2026',
          access_key_secret: '${var.chosen}',
          lifecycle: { create_before_destroy: false },
        },
      },
      keyform_tencent_cam_access_key: { a: { target_uin: '100013065917', description: 'ci' } },
      keyform_yandex_api_key: { a: { service_account_id: 'ajevision00000000000', description: '${var.note}' } },
      keyform_yandex_static_access_key: {
        a: { service_account_id: 'ajestorage0000000000', description: '${keyform_sinch_access_key.a.access_key_id}' },
      },
    },
    output: {
      ci: { value: '${keyform_sinch_access_key.a.secret}', sensitive: true },
      id: { value: '${keyform_sinch_access_key.a.access_key_id}' },
    },
  });
}

let place: Place;
let emulator: EmulatorProcess;
const trail = new Trail();
const { secrets } = trail;

beforeAll(async () => {
  requireBuild();
  place = await makePlace({
    'stacks/main/main.tf.json': stack('one', true),
    'cdktf.json': JSON.stringify({ context: { keyform: { inventory: true } } }),
  });
  emulator = await startEmulator({ cwd: place.project, env: place.env });
  Object.assign(place.env, emulator.environment, {
    KEYFORM_LOG: 'trace',
    XDG_STATE_HOME: join(place.work, 'machine'),
    KEYFORM_VAR_note: NOTE,
    KEYFORM_VAR_chosen: 'CanaryChosenByHand0001',
    // Handed over as a variable, as a CI job does.
    KEYFORM_VAR_outscale_secret: emulator.environment.OSC_SECRET_KEY ?? '',
    // By a command, which must get the environment, although the tool keeps none of it in its own.
    KEYFORM_IDENTITY_COMMAND: `sleep 0.05; test -n "$SINCH_KEY_SECRET" && cat "$XDG_CONFIG_HOME/keyform/identity.txt"`,
  });
  delete place.env.OSC_SECRET_KEY;
  for (const name of [
    'NSCALE_SERVICE_TOKEN',
    'OSC_SECRET_KEY',
    'SINCH_KEY_SECRET',
    'TENCENTCLOUD_SECRET_KEY',
    'YC_TOKEN',
  ]) {
    secrets.set(`the credential in ${name}`, emulator.environment[name] ?? '');
  }
  secrets.set('the identity', /AGE-SECRET-KEY-\S+/.exec((await sharedIdentity()).text)?.[0] ?? '');
  secrets.set('a sensitive variable', NOTE);
  secrets.set('a sensitive argument', place.env.KEYFORM_VAR_chosen ?? '');
});
afterAll(async () => {
  await emulator?.stop();
  place?.remove();
});

/** Ends a command that was begun, having kept all it showed: what it printed, how the system listed it, the files that it left. */
async function follow(running: Running, name: string, code: number | NodeJS.Signals): Promise<string> {
  const watch = setInterval(() => {
    files(`while ${name}`, join(place.project, 'state'));
    for (const pid of family(running.pid)) listed(pid, name);
  }, 15);
  listed(running.pid, name);
  const ended = await running.ended.finally(() => clearInterval(watch));
  expect(ended.code ?? ended.signal, `${name}\n${ended.out}\n${ended.err}`).toBe(code);
  trail.see(`stdout of ${name}`, Buffer.from(ended.out));
  trail.see(`stderr of ${name}`, Buffer.from(ended.err));
  files(`after ${name}`, place.work);
  return ended.out;
}

function look(
  args: readonly string[],
  code: number | NodeJS.Signals,
  env: Record<string, string> = {},
): Promise<string> {
  const name = [...args, ...(env.KEYFORM_FAULT === undefined ? [] : [`(${env.KEYFORM_FAULT})`])].join(' ');
  return follow(keyform(args, { cwd: place.project, env: { ...place.env, ...env } }), name, code);
}

/** How the system lists a process to everybody. Without /proc there is nothing to be seen of that. */
function listed(pid: number, name: string): void {
  try {
    trail.see(`arguments of ${name}`, readFileSync(`/proc/${pid}/cmdline`));
  } catch {
    // It has ended.
  }
}

/** The children of a process, and theirs. */
function family(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number);
    return children.flatMap((child) => [child, ...family(child)]);
  } catch {
    return [];
  }
}

/** Every file in a folder but the identity's own. */
function files(when: string, folder: string): void {
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return;
  }
  for (const name of names) {
    const path = relative(place.work, join(folder, name));
    if (path === join('config', 'keyform', 'identity.txt')) continue;
    try {
      trail.see(`${path} ${when}`, readFileSync(join(folder, name)));
    } catch {
      // A folder, or a file that was there a moment ago.
    }
  }
}

async function remember(when: string, env: Record<string, string> = {}): Promise<void> {
  for (const address of Object.keys(SECRET_OF)) {
    const got = keyform(['secret', 'get', address], { cwd: place.project, env: { ...place.env, ...env } });
    const { code, out, err } = await got.ended;
    expect([code, err]).toEqual([0, '']);
    const secret = out.trim();
    if (![...secrets.values()].includes(secret)) secrets.set(`the secret of ${address} ${when}`, secret);
  }
}

/** Error answers of each vendor that quote what it was sent, in every form in which a gateway could log it. */
function echoes(): readonly (readonly [string, object])[] {
  const quoted = (...own: readonly string[]) =>
    own
      .flatMap((secret) => [...forms(secret)].flatMap(([how, form]) => (how === 'UTF-16' ? [] : [form.toString()])))
      .join(' ; ');
  const { environment } = emulator;
  const basic = Buffer.from(`${environment.SINCH_KEY_ID}:${environment.SINCH_KEY_SECRET}`).toString('base64');
  const nscale = quoted(environment.NSCALE_SERVICE_TOKEN ?? '');
  const outscale = quoted(environment.OSC_SECRET_KEY ?? '');
  const sinch = quoted(`Basic ${basic}`, environment.SINCH_KEY_SECRET ?? '');
  const tencent = quoted(environment.TENCENTCLOUD_SECRET_KEY ?? '');
  const yandex = quoted(environment.YC_TOKEN ?? '');
  const rule = (cloud: string, status: number, body: object) =>
    [cloud, { kind: 'status', cloud, status, body }] as const;
  return [
    rule('nscale', 422, { error: 'invalid_request', error_description: nscale }),
    rule('outscale', 400, {
      Errors: [{ Code: '4045', Type: 'InvalidParameterValue', Details: outscale }],
      ResponseContext: { RequestId: outscale },
    }),
    rule('sinch', 400, { error: { code: 400, message: sinch, status: sinch } }),
    rule('tencent', 200, { Response: { Error: { Code: 'InvalidParameter', Message: tencent }, RequestId: tencent } }),
    rule('yandex', 400, { code: 3, message: yandex, details: [{ '@type': yandex, requestId: yandex }] }),
  ];
}

describe('a full run', () => {
  test('shows no secret anywhere but in the output of secret get', { timeout: 240_000 }, async () => {
    const main = join(place.project, 'stacks/main/main.tf.json');
    await look(['validate'], 0);
    await look(['plan', '-out=first.plan'], 0);
    await look(['show', 'first.plan'], 0);
    await look(['show', '-json', 'first.plan'], 0);
    await look(['apply', 'first.plan'], 0);
    await remember('at first');
    expect(secrets.size).toBe(8 + 6);

    for (const command of [
      ['plan', '-json', '-detailed-exitcode'],
      ['show'],
      ['show', '-json'],
      ['state', 'list'],
      ...Object.keys(SECRET_OF).map((address) => ['state', 'show', address]),
      ['state', 'pull'],
      ['state', 'history'],
      ['state', 'history', '-json'],
      ['state', 'verify'],
      ['state', 'backup', 'copy.age'],
      ['output'],
      ['output', '-json'],
      ['output', 'id'],
      ['drift', '-json'],
    ])
      await look(command, 0);
    await look(['output', 'ci'], 1);

    // Changes in place, and a key that is disabled, with the log as JSON.
    writeFileSync(main, stack('two', false));
    place.env.KEYFORM_LOG = 'json';
    await look(['apply', '-json', '-auto-approve'], 0);
    expect(trail.has(/^stderr of apply -json/, '"@module":"keyform.http"')).toBe(true);
    writeFileSync(main, stack('two', true));
    await look(['plan', '-out=second.plan', '-json'], 0);
    await look(['apply', '-json', 'second.plan'], 0);
    place.env.KEYFORM_LOG = 'trace';

    // A replacement renames the old key first, so records 4 and 5 of the journal are those of the new one.
    // A run that is killed with the secret in its hands, and one that is killed with the secret in the journal.
    const replace = ['apply', '-auto-approve', '-replace=keyform_sinch_access_key.a'];
    await look(replace, 'SIGKILL', { KEYFORM_FAULT: 'kill:before answer sinch CreateAccessKey' });
    await look(['plan'], 0);
    await look(['apply', '-auto-approve'], 0);
    await remember('after a kill');
    await look(replace, 'SIGKILL', { KEYFORM_FAULT: 'kill:after sync journal#5' });
    expect(trail.has(/main\.keyform\.journal (?:while|after) .*kill:after sync/)).toBe(true);
    await look(['apply', '-auto-approve'], 0);
    await remember('after another');
    // A disk that takes neither journal nor snapshot.
    await look(replace, 1, { KEYFORM_FAULT: 'EIO:before write journal#5+;EIO:before open snapshot#1+' });
    expect(trail.has(/^stderr of apply .*EIO/, 'Cannot record "created of keyform_sinch_access_key.a"')).toBe(true);
    expect(trail.has(/\.rescue-[0-9a-f]+\.age (?:while|after)/, 'age-encryption.org/v1')).toBe(true);
    await look(['apply', '-json', '-auto-approve'], 0);
    await remember('after a rescue');

    // Answers that are cut, that have another form, that quote what was sent.
    await emulator.fault({ kind: 'cut', cloud: 'outscale', action: 'CreateAccessKey', times: 1 });
    await look(['apply', '-json', '-auto-approve', '-replace=keyform_outscale_access_key.a'], 1);
    await emulator.clear();
    await look(['apply', '-auto-approve', '-replace=keyform_outscale_access_key.a'], 0);
    await remember('after a cut answer');
    for (const at of [['accessKey', 'createTime'], ['accessKey', 'accessKeyId'], ['accessKey'], ['secret'], []]) {
      await emulator.fault({ kind: 'edit', cloud: 'sinch', action: 'CreateAccessKey', times: 1, at, to: [NOTE] });
      await look(['apply', '-auto-approve', '-replace=keyform_sinch_access_key.a'], 1);
      await look(['plan', '-json'], 0);
      await emulator.clear();
      await look(['apply', '-auto-approve'], 0);
      await remember(`after an answer with another ${at.join('.')}`);
    }
    for (const [cloud, rule] of echoes()) {
      await emulator.fault(rule);
      const type = Object.entries(SECRET_OF).find(([, name]) => name === cloud)?.[0] ?? '';
      await look(['plan'], 1);
      await look(['apply', '-json', '-auto-approve', '-refresh=false', `-replace=${type}`], 1);
      await emulator.clear();
      expect(trail.has(/^stderr of plan/, '(sensitive)')).toBe(true);
      await look(['apply', '-auto-approve'], 0);
    }
    await remember('after echoes');

    // Errors that have to do with credentials, variables and identities.
    const wrong = {
      SINCH_KEY_SECRET: 'canary-wrong-sinch-secret',
      KEYFORM_VAR_outscale_secret: 'CANARYWRONGOUTSCALESECRET',
      YC_TOKEN: 't1.canary-wrong-yandex-token',
      KEYFORM_VAR_chosen: 'canary ${ wrong choice',
    };
    for (const [name, value] of Object.entries(wrong)) secrets.set(`a wrong ${name}`, value);
    await look(['plan'], 1, wrong);
    await look(['plan', '-json'], 1, wrong);
    await look(['plan'], 1, {
      KEYFORM_IDENTITY_COMMAND: '',
      KEYFORM_IDENTITY: 'AGE-SECRET-KEY-1CANARYCANARYCANARYCANARYCANARYCANARYCANARYCANARYCANARY',
    });
    secrets.set('a wrong identity', 'CANARYCANARYCANARY');

    // Other keys for the state, and a passphrase.
    await look(['state', 'mv', 'keyform_sinch_access_key.a', 'keyform_sinch_access_key.b'], 0);
    await look(['state', 'mv', 'keyform_sinch_access_key.b', 'keyform_sinch_access_key.a'], 0);
    secrets.set('a passphrase', PASSPHRASE);
    await look(['state', 'rekey', '-passphrase'], 0, { KEYFORM_NEW_PASSPHRASE: PASSPHRASE });
    delete place.env.KEYFORM_IDENTITY_COMMAND;
    const wrongPassphrase = 'canary passphrase that is wrong';
    secrets.set('a wrong passphrase', wrongPassphrase);
    await look(['state', 'list'], 1, { KEYFORM_PASSPHRASE: wrongPassphrase });
    await look(['destroy', '-auto-approve', '-json'], 0, { KEYFORM_PASSPHRASE: PASSPHRASE });

    expect([...secrets.values()].every((secret) => secret.length >= 12)).toBe(true);
    expect(new Set(secrets.values()).size).toBe(secrets.size);
    expect(trail.leaks()).toEqual([]);
    // All this was among what was looked through.
    for (const [where, text] of [
      [/^project\/first\.plan (?:while|after)/, 'age-encryption.org/v1'],
      [/^project\/\S*copy\.age (?:while|after)/, 'age-encryption.org/v1'],
      [/main\.keyform\.age\.backup (?:while|after)/, 'age-encryption.org/v1'],
      [/main\.keyform\.journal (?:while|after)/, 'keyform-journal'],
      [/main\.keyform\.journal\.backup (?:while|after)/, 'keyform-journal'],
      [/main\.keyform\.history (?:while|after)/, '"action":"created"'],
      [/main\.keyform\.inventory\.json (?:while|after)/, 'keyform_sinch_access_key.a'],
      [/^machine\/keyform\/seen\/.* after/, ''],
      [/^stderr of /, '[http] CreateAccessKey'],
      [/^arguments of /, 'identity.txt'],
    ] as const) {
      expect(trail.has(where, text), String(where)).toBe(true);
    }
  });

  test('and so is looked through that it would be found', () => {
    for (const [what, secret] of secrets) {
      for (const [how, form] of forms(secret)) {
        const planted = new Trail();
        planted.secrets.set(what, secret);
        planted.see('here', Buffer.concat([Buffer.from('x'), form, Buffer.from('y')]));
        expect(planted.leaks(), `${what} as ${how}`).not.toEqual([]);
      }
    }
    for (let before = 0; before < 3; before++) {
      const planted = new Trail();
      planted.secrets.set('it', PASSPHRASE);
      planted.see('here', Buffer.from(Buffer.from(`${'i'.repeat(before)}${PASSPHRASE}:after`).toString('base64url')));
      expect(planted.leaks()).not.toEqual([]);
    }
  });
});
