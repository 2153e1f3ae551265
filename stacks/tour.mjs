// The main job, start to end, on the embedded key APIs: `npm start`. Two stacks, one in TypeScript and one in JSON, go
// through validate, plan, apply, an empty plan, a change behind Keyform's back, drift, repair, rotation, secret get and destroy.
// Everything happens in a folder of its own, which is made anew each time; no account and no network is used.

import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, '.keyform', 'tour');
const keyform = join(root, 'dist', 'main.cjs');
const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const bold = (text) => (colour ? `\u001b[1m${text}\u001b[0m` : text);

/** Nothing of the caller's own set-up may take part: its identity, its credentials, its variables. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(KEYFORM|TF_VAR|OSC|SINCH|NSCALE|YC|TENCENTCLOUD)_/.test(name)),
);
environment.XDG_CONFIG_HOME = join(folder, 'config');

function print(text) {
  process.stdout.write(`${text}\n`);
}

function say(text) {
  print(`\n${bold(`── ${text}`)}`);
}

/** Runs a command, checks its exit code, and returns what it printed. `shown`: as a person would type and read it. */
function start(args, { expected = 0, shown = true } = {}) {
  if (shown) print(`\n$ keyform ${args.join(' ')}`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [keyform, ...args], {
      cwd: folder,
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out += text;
      if (shown) process.stdout.write(text);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === expected) resolve(out);
      else reject(new Error(`keyform ${args.join(' ')} ended with ${code}, not ${expected}`));
    });
  });
}

const run = (args, expected = 0) => start(args, { expected });
const read = (args) => start(args, { shown: false });

/** Renames a Sinch key through the vendor's API, as somebody with the dashboard open would. */
async function tamper(stack) {
  const state = JSON.parse(await read(['show', '-json', stack]));
  const key = state.values.root_module.resources.find((resource) => resource.type === 'keyform_sinch_access_key');
  const server = spawn(process.execPath, [keyform, 'emulator', '-port=0', '-data=.keyform/sandbox.json', '-quiet'], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    const told = await new Promise((resolve, reject) => {
      let out = '';
      server.stdout.setEncoding('utf8').on('data', (text) => {
        out += text;
        if (
          out.includes('OSC_SECRET_KEY') &&
          out.includes('SINCH_KEY_SECRET') &&
          out.includes('KEYFORM_SINCH_ENDPOINT')
        )
          resolve(out);
      });
      server.on('close', () => reject(new Error('the emulator ended early')));
    });
    const value = (name) => new RegExp(`${name}='([^']*)'`).exec(told)?.[1];
    const url = `${value('KEYFORM_SINCH_ENDPOINT')}/v1/projects/${key.values.project_id}/accessKeys/${key.values.id}`;
    const basic = Buffer.from(`${value('SINCH_KEY_ID')}:${value('SINCH_KEY_SECRET')}`).toString('base64');
    const answer = await fetch(url, {
      method: 'PATCH',
      headers: { authorization: `Basic ${basic}`, 'content-type': 'application/json' },
      body: JSON.stringify({ displayName: 'renamed by hand' }),
    });
    if (!answer.ok) throw new Error(`the key API answered ${answer.status}`);
    print(
      `\n$ curl -X PATCH …/accessKeys/${key.values.id} -d '{"displayName":"renamed by hand"}'   # HTTP ${answer.status}`,
    );
    return key.address;
  } finally {
    const ended = new Promise((resolve) => server.on('close', resolve));
    server.kill('SIGINT');
    await ended;
  }
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(join(folder, 'stacks'), { recursive: true });
for (const path of ['cdktf.json', 'stacks/main.ts', 'stacks/backup'])
  cpSync(join(root, path), join(folder, path), { recursive: true });

print(bold('Keyform: access keys as code. This tour runs on embedded key APIs, in .keyform/tour.'));
say('An identity to encrypt the state with, and whatever else a project needs');
await run(['init']);

for (const [stack, kind] of [
  ['messaging', 'a TypeScript stack, stacks/main.ts'],
  ['backup', 'a JSON stack, stacks/backup/main.tf.json'],
]) {
  print(`\n${bold(`════ ${stack}: ${kind}`)}`);
  say('Is the stack right? Neither state nor network is needed to tell.');
  await run(['validate', stack]);
  say('What would happen?');
  await run(['plan', '-sandbox', stack]);
  say('Make the keys. Each secret is on disk, encrypted, before its step is reported done.');
  await run(['apply', '-sandbox', '-auto-approve', stack]);
  say('A plan after an apply is empty (-detailed-exitcode: 0, nothing to do).');
  await run(['plan', '-sandbox', '-detailed-exitcode', stack]);
  say("Somebody renames a key behind Keyform's back …");
  const address = await tamper(stack);
  say('… and the nightly check finds it (exit code 2).');
  await run(['drift', '-sandbox', stack], 2);
  say('Apply puts it right.');
  await run(['apply', '-sandbox', '-auto-approve', stack]);
  say('Rotate a key now, due or not: the new one is made, tried and delivered, and the old one stays for its overlap.');
  const rotated = `keyform_outscale_access_key.${stack === 'backup' ? 'nightly' : 'archive'}`;
  await run(['rotate', '-sandbox', '-force', '-auto-approve', `-stack=${stack}`, rotated]);
  say('What is coming is known: nothing now, and the end of the old key tomorrow.');
  await run(['rotate', '-sandbox', '-check', `-stack=${stack}`]);
  say('Within the overlap there is a way back.');
  await run(['rotate', '-sandbox', '-rollback', '-auto-approve', `-stack=${stack}`, rotated]);
  say('A secret leaves the state on request only. It is not printed to a terminal; here it goes into a pipe.');
  const secret = (await read(['secret', 'get', `-stack=${stack}`, address])).trim();
  print(`\n$ keyform secret get -stack=${stack} ${address} | wc -c\n${secret.length + 1}`);
  say('Take everything down again.');
  await run(['destroy', '-sandbox', '-auto-approve', stack]);
}
print(`\n${bold('That was the whole main job, twice.')} Next: "npx keyform init" in a folder of your own.`);
