import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { textProgress } from '../../src/cli/render/progress.ts';
import { UiStream } from '../../src/cli/render/ui.ts';
import { Report } from '../../src/core/configuration/block.ts';
import { type Provisioner, readProvisioners } from '../../src/core/configuration/provisioner.ts';
import { readConfiguration } from '../../src/core/configuration/stack.ts';
import { type Diagnostic, DiagnosticsError } from '../../src/core/diagnostic.ts';
import { Evaluation } from '../../src/core/evaluation/evaluation.ts';
import type { Facts } from '../../src/core/evaluation/facts.ts';
import { InstanceScope } from '../../src/core/evaluation/module.ts';
import { ONLY } from '../../src/core/evaluation/repetition.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { refuseSensitive } from '../../src/core/plan/command.ts';
import { Secret } from '../../src/core/secret.ts';
import { STRING } from '../../src/core/typed/type.ts';
import { marked, objectValue, stringValue, type Typed, unknownValue } from '../../src/core/typed/typed.ts';
import { type CommandPorts, continues, runCommand } from '../../src/engine/command.ts';
import { type ApplyResult, walkSteps } from '../../src/engine/walk.ts';
import { systemClock as clock } from '../../src/io/clock.ts';
import { createProcesses } from '../../src/io/process.ts';
import { step } from '../cli/render/plans.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'keyform-command-')));
mkdirSync(join(folder, 'inside'));
afterAll(() => rmSync(folder, { recursive: true }));

const processes = createProcesses({ grace: 200 });
const SECRET = 'wJalr/XUtnFEMI+K7MDENG"q';

const FACTS: Facts = {
  workspace: 'default',
  cwd: folder,
  root: '.',
  planTime: null,
  now: null,
  readFile: () => null,
  outputsOf: () => null,
};

/** The scope of an instance of which `self` is known: its secret is marked, and `self.later` is not known. */
function scope(more: Readonly<Record<string, Typed>> = {}): InstanceScope {
  const report = new Report();
  const content = { variable: { token: { type: 'string', sensitive: true }, region: { type: 'string' } } };
  const source = { name: 'prod', files: [{ file: 'main.tf.json', content }], modules: new Map() };
  const configuration = readConfiguration(source, [], report);
  expect(report.diagnostics).toEqual([]);
  const variables = new Map([
    ['token', marked(stringValue('t0k/en-of-the-stack'), true)],
    ['region', stringValue('eu')],
  ]);
  const evaluation = new Evaluation(configuration, variables, FACTS);
  const self = objectValue([
    ['id', stringValue('k-1')],
    ['secret', marked(stringValue(SECRET), true)],
    ['quoted', marked(stringValue(SECRET.replace('"', '\\"')), true)],
    // The same, taken for no secret.
    ['bare', stringValue(SECRET)],
    ['later', unknownValue(STRING)],
    ...Object.entries(more),
  ]);
  return new InstanceScope(evaluation.root, ONLY, self);
}

function provisioner(body: JsonObject): Provisioner {
  const report = new Report();
  const value = { provisioner: { 'local-exec': body } };
  const [found] = readProvisioners({ file: 'main.tf.json', path: ['r'], value }, 'null_resource.x', report);
  expect(report.diagnostics).toEqual([]);
  if (found === undefined) throw new Error('no provisioner');
  return found;
}

/** Runs a command; what it printed, and the error if it threw one. */
async function run(
  body: JsonObject,
  more: Partial<CommandPorts> = {},
  self?: Readonly<Record<string, Typed>>,
): Promise<{ lines: string[]; error: unknown }> {
  const lines: string[] = [];
  const environment = { PATH: process.env.PATH };
  try {
    await runCommand(provisioner(body), scope(self), {
      processes,
      environment,
      folder,
      secrets: [],
      onOutput: (line) => lines.push(line),
      ...more,
    });
    return { lines, error: null };
  } catch (error) {
    return { lines, error };
  }
}

/** Without the line that says what is run. */
async function output(body: JsonObject, more: Partial<CommandPorts> = {}, self?: Readonly<Record<string, Typed>>) {
  const { lines, error } = await run(body, more, self);
  expect(error).toBeNull();
  return lines.slice(1);
}

function refusals(error: unknown): readonly Diagnostic[] {
  if (!(error instanceof DiagnosticsError)) throw error;
  return error.diagnostics;
}

describe('a command', () => {
  it('runs in the folder, in another inside it, and by another interpreter', async () => {
    expect(await output({ command: 'pwd' })).toEqual([folder]);
    expect(await output({ command: 'pwd', working_dir: '' })).toEqual([folder]);
    expect(await output({ command: 'pwd', working_dir: 'inside' })).toEqual([join(folder, 'inside')]);
    expect(await output({ command: 'pwd', working_dir: '${self.where}' }, {}, { where: stringValue('/') })).toEqual([
      '/',
    ]);
    const print = 'console.log(process.argv.slice(1).join())';
    expect(await output({ command: 'a b', interpreter: [process.execPath, '-e', print, null] })).toEqual(['a b']);
    expect(await output({ command: 'echo $0', interpreter: [] })).toEqual(['/bin/sh']);
  });

  it('gets its environment as text, over what it inherits, without what is null', async () => {
    const command = 'echo "[$A|$B|${C-none}|$D|$HOME]"';
    const environment = { A: '${1 + 1}', B: true, C: null, D: '${self.id}', HOME: '/elsewhere' };
    const inherited = { PATH: process.env.PATH, HOME: '/home' };
    expect(
      await output({ command: command.replaceAll('${', () => '$${'), environment }, { environment: inherited }),
    ).toEqual(['[2|true|none|k-1|/elsewhere]']);
  });

  it('gets nothing that was said to Keyform alone, unless the stack passes it on', async () => {
    const inherited = {
      PATH: process.env.PATH,
      KEYFORM_IDENTITY: 'AGE-SECRET-KEY-1',
      KEYFORM_PASSPHRASE: 'p',
      KEYFORM_NEW_PASSPHRASE: 'n',
      KEYFORM_VAR_token: 't',
      keyform_identity_command: 'c',
      TF_VAR_token: 't',
      TF_VAR_region: 'eu',
      VENDOR_TOKEN: 'v',
    };
    const printed = await output({ command: 'env' }, { environment: inherited });
    const names = printed.map((line) => line.split('=')[0]).filter((name) => name !== '_' && name !== 'PWD');
    expect(names.filter((name) => !/^(SHLVL|OLDPWD)$/.test(name ?? '')).sort()).toEqual([
      'PATH',
      'TF_VAR_region',
      'VENDOR_TOKEN',
    ]);
    const passed = { command: 'echo "$KEYFORM_PASSPHRASE"', environment: { KEYFORM_PASSPHRASE: 'mine' } };
    expect(await output(passed, { environment: inherited })).toEqual(['mine']);
  });

  it('is shown before it runs, as Terraform shows it, or not at all', async () => {
    const { lines } = await run({ command: 'true "é"\t#\u00a0' });
    expect(lines).toEqual(['Executing: ["/bin/sh" "-c" "true \\"é\\"\\t#\\u00a0"]']);
    const quiet = await run({ command: 'exit 1 # hm', quiet: 'true' });
    expect(quiet.lines).toEqual(['local-exec: Executing: Suppressed by quiet=true']);
    expect(String((quiet.error as { detail?: string }).detail)).not.toContain('hm');
  });

  it('writes line by line while it runs', async () => {
    const go = join(folder, 'go');
    const seen: string[] = [];
    await runCommand(
      provisioner({ command: `echo first; while [ ! -e ${go} ]; do sleep 0.02; done; echo second >&2` }),
      scope(),
      {
        processes,
        environment: { PATH: process.env.PATH },
        folder,
        secrets: [],
        onOutput: (line) => {
          seen.push(line);
          // It ends only if this line comes before its end.
          if (line === 'first') writeFileSync(go, '');
        },
      },
    );
    expect(seen.slice(1)).toEqual(['first', 'second']);
  });
});

describe('a secret', () => {
  const environment = { SECRET: '${self.secret}', JSON: '{"a":"${self.quoted}"}', TOKEN: '${var.token}' };

  it('reaches a command by its environment, and does not come back', async () => {
    const command = [
      'printf "%s" "$SECRET" > delivered',
      'echo "<$SECRET>"',
      'printf "%.10s" "$SECRET"; sleep 0.1; printf "%s\\n" "$SECRET" | cut -c11-',
      'printf "%s" "$SECRET" | base64',
      'echo "$JSON" >&2',
      'echo "token $TOKEN"',
      'echo end',
    ].join('\n');
    const printed = await output({ command, environment });
    expect(readFileSync(join(folder, 'delivered'), 'utf8')).toBe(SECRET);
    expect(printed.join('\n')).not.toMatch(/wJalr|7MDENG|t0k/);
    expect(printed).toContain('<(sensitive)>');
    expect(printed).toContain('token (sensitive)');
    expect(printed).toContain('end');
  });

  it('is hidden too where a command takes it out of what it was given', async () => {
    const command = `"${process.execPath}" -e 'console.log("got " + JSON.parse(process.env.JSON).a)'`;
    expect(await output({ command, environment: { JSON: '{"a":"${var.token}"}' } })).toEqual(['got (sensitive)']);
  });

  it('of the resource is hidden though the stack calls it no secret', async () => {
    const { lines, error } = await run({ command: "echo '${self.bare}'; exit 2" }, { secrets: [new Secret(SECRET)] });
    expect(lines.join()).not.toContain('wJalr');
    expect(error).toMatchObject({ code: 'command-failed' });
    expect((error as { detail: string }).detail).toMatch(
      /^Error running command 'echo '\(sensitive\)'; exit 2': exit status 2\./,
    );
  });

  it('of many lines is hidden as a whole and line by line', async () => {
    const pem = stringValue(`-----BEGIN-----\n${'Ab1/'.repeat(16)}\nzz\n-----END-----\n`);
    const self = { pem: marked(pem, true) };
    const command = 'echo "$PEM"; echo "$PEM" | while read -r line; do echo "> $line"; sleep 0.02; done';
    const printed = await output({ command, environment: { PEM: '${self.pem}' } }, {}, self);
    expect(printed.join('\n')).not.toMatch(/BEGIN|Ab1|END/);
    expect(printed.slice(0, 2)).toEqual(['(sensitive)', '> (sensitive)']);
  });

  it.each<[string, JsonObject, { path: readonly (string | number)[]; column?: number }]>([
    ['command', { command: 'deploy --key=${self.secret}' }, { path: ['command'], column: 16 }],
    ['command', { command: '${self.id} ${"x" == var.token}' }, { path: ['command'], column: 21 }],
    ['command', { command: '${[for one in [1] : var.token][0]}' }, { path: ['command'], column: 21 }],
    ['interpreter', { command: 'x', interpreter: ['a', 'b ${self.secret}'] }, { path: ['interpreter', 1], column: 5 }],
    ['working_dir', { command: 'x', working_dir: '${self["secret"]}' }, { path: ['working_dir'], column: 3 }],
  ])('in "%s" of %j is refused, planning and applying', async (name, body, at) => {
    const report = new Report();
    refuseSensitive(provisioner(body), scope(), report, 'null_resource.x');
    const { error, lines } = await run(body);
    expect(lines).toEqual([]);
    for (const found of [report.diagnostics, refusals(error)]) {
      expect(found).toHaveLength(1);
      expect(found[0]).toMatchObject({
        severity: 'error',
        summary: `Sensitive value in "${name}" of a provisioner`,
        place: { file: 'main.tf.json', ...at, path: ['r', 'provisioner', 'local-exec', ...at.path] },
      });
      expect(found[0]?.place?.column).toBe(at.column);
      expect(found[0]?.detail).toContain('$NAME');
      expect(JSON.stringify(found)).not.toMatch(/wJalr|t0k/);
    }
    expect(report.diagnostics[0]?.address).toBe('null_resource.x');
  });
});

describe('a plan', () => {
  it.each<[JsonObject, readonly string[]]>([
    [{ command: '${self.later}', environment: { A: '${self.secret}' }, quiet: '${self.later == "x"}' }, []],
    [{ command: 'x ${self.later == var.token}' }, ['Sensitive value in "command" of a provisioner']],
    [{ command: '' }, ['Invalid local-exec provisioner command']],
    // Terraform 1.11.4 breaks down over this one.
    [{ command: '${null}' }, ['Invalid local-exec provisioner command']],
    [{ command: ['x'] }, ['Incorrect attribute value type']],
    [
      { command: 'x', environment: 'y', quiet: 'perhaps' },
      ['Incorrect attribute value type', 'Incorrect attribute value type'],
    ],
    [{ command: 'x\u0000' }, ['NUL character in "command" of a provisioner']],
    [{ command: 'x', environment: { A: '${self.secret}\u0000' } }, ['NUL character in "environment" of a provisioner']],
    [{ command: 'x', environment: { 'A=B': '1' } }, ['Invalid name of an environment variable']],
    [{ command: '${self.none}' }, ['Unsupported attribute']],
  ])('refuses of %j what is known to be wrong', (body, summaries) => {
    const report = new Report();
    refuseSensitive(provisioner(body), scope(), report, 'null_resource.x');
    expect(report.diagnostics.map(({ summary }) => summary)).toEqual(summaries);
    expect(JSON.stringify(report.diagnostics)).not.toContain('wJalr');
  });
});

describe('a command that fails', () => {
  it('tells how, where it stands, and what it printed last', async () => {
    const { error } = await run({ command: 'for i in $(seq 1 4000); do echo "line $i of it"; done; exit 9' });
    expect(error).toMatchObject({
      code: 'command-failed',
      message: 'local-exec provisioner error',
      place: { file: 'main.tf.json', path: ['r', 'provisioner', 'local-exec'] },
    });
    const { detail } = error as { detail: string };
    expect(detail).toContain('exit status 9. Output: ');
    expect(detail.endsWith('line 3999 of it\nline 4000 of it')).toBe(true);
    expect(detail.length).toBeLessThan(9000);
  });

  it.each([
    [{ command: 'kill -9 $$' }, 'it was ended by the signal SIGKILL'],
    [{ command: 'x', interpreter: ['/no/such/program'] }, '"/no/such/program": no such file or directory'],
    [{ command: 'x', working_dir: 'none' }, 'the folder "none": no such file or directory'],
    [{ command: 'x', interpreter: ['/dev/null'] }, '"/dev/null" cannot be started (EACCES)'],
  ])('as %j does, says why', async (body, how) => {
    const { error } = await run(body);
    expect(error).toMatchObject({ code: 'command-failed' });
    expect((error as { detail: string }).detail).toContain(`': ${how}. Output: `);
  });

  it('is for its provisioner to forgive, but nothing else is', async () => {
    const forgiving = provisioner({ command: 'exit 1', on_failure: 'continue' });
    const { error: failed } = await run({ command: 'exit 1' });
    const { error: refused } = await run({ command: '' });
    const { error: early } = await run({ command: 'true' }, { signal: AbortSignal.abort() });
    expect(early).toMatchObject({ code: 'cancelled' });
    expect([failed, refused, early].map((error) => continues(forgiving, error))).toEqual([true, false, false]);
    expect(continues(provisioner({ command: 'exit 1' }), failed)).toBe(false);
  });

  it('because the run is stopped ends with all that it started, and tells what it had printed', async () => {
    const stop = new AbortController();
    const pids: number[] = [];
    const { lines, error } = await run(
      { command: `sh -c 'trap "" TERM; echo $$; while :; do sleep 0.05; done' & echo $$; wait` },
      {
        signal: stop.signal,
        onOutput: (line) => {
          if (/^\d+$/.test(line)) pids.push(Number(line));
          if (pids.length === 2) stop.abort(new Error('Ctrl-C'));
        },
      },
    );
    expect(lines).toEqual([]);
    expect(error).toMatchObject({ code: 'command-failed' });
    for (const pid of pids) expect((error as { detail: string }).detail).toContain(String(pid));
    for (const pid of pids)
      await expect.poll(() => existsSync(`/proc/${pid}`) && alive(pid), { timeout: 5000 }).toBe(false);
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

// Real Terraform, over its built-in terraform_data. Where it is not there its recorded answers serve; `vitest run -u=all` on this file alone records them anew.

const RECORD = fileURLToPath(new URL('../golden/terraform/local-exec.json', import.meta.url));

const CASES: Readonly<Record<string, JsonObject>> = {
  said: { command: 'echo hello; printf "no end"' },
  spaces: { command: "printf ' a \\t\\r\\n\\n\\nb\\rc  \\n'" },
  errors: { command: 'echo problem >&2' },
  quoted: { command: 'echo "a \\"b\\" é"' },
  variables: { command: 'echo "$A $B"', environment: { A: '${1 + 1}', B: true, C: null } },
  interpreter: { command: 'a  b', interpreter: ['echo', '-n', null] },
  quiet: { command: 'echo hello', quiet: true },
  silent: { command: 'true' },
  failed: { command: 'echo one; echo two; exit 3' },
  missing: { command: 'no-such-program-of-keyform' },
  empty: { command: '' },
  forgiven: { command: 'echo one; exit 7', on_failure: 'continue' },
};

interface Answer {
  /** Lines for people about its command. */
  readonly text: readonly string[];
  /** Messages for programs about its command: type, text, output. */
  readonly messages: readonly (readonly [string, string, string | null])[];
  readonly errors: readonly (readonly [string, string])[];
}

// biome-ignore lint/suspicious/noExplicitAny: what a foreign program prints has no type here
type Foreign = any;

function answer(address: string, text: string, json: string): Answer {
  const parsed = json
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): Foreign => JSON.parse(line));
  const messages = parsed.filter((m) => String(m.type).startsWith('provision_') && m.hook.resource.addr === address);
  for (const { hook, type } of messages) {
    expect(Object.keys(hook).filter((key) => key !== 'step')).toEqual([
      'resource',
      'provisioner',
      ...(type === 'provision_progress' ? ['output'] : []),
    ]);
    expect(hook.provisioner).toBe('local-exec');
    expect(hook.resource).toEqual({
      addr: address,
      module: '',
      resource: address,
      implied_provider: 'terraform',
      resource_type: 'terraform_data',
      resource_name: address.split('.')[1],
      resource_key: null,
    });
  }
  return {
    text: text.split('\n').filter((line) => line.startsWith(`${address}: Prov`) || line.startsWith(`${address} (`)),
    messages: messages.map((m) => [m.type, m['@message'], m.hook.output ?? null]),
    errors: parsed
      .filter((m) => m.type === 'diagnostic' && m.diagnostic.address === address)
      .map(({ diagnostic: { summary, detail } }) => [summary, detail]),
  };
}

/** What Terraform says of all cases. */
function ask(): Readonly<Record<string, Answer>> {
  const home = mkdtempSync(join(tmpdir(), 'keyform-terraform-'));
  try {
    const terraform_data = Object.fromEntries(
      Object.entries(CASES).map(([name, body]) => [name, { provisioner: { 'local-exec': body } }]),
    );
    writeFileSync(join(home, 'main.tf.json'), JSON.stringify({ resource: { terraform_data } }));
    const env = { PATH: process.env.PATH, HOME: home, CHECKPOINT_DISABLE: '1' };
    const terraform = (...args: string[]) =>
      spawnSync('terraform', args, { cwd: home, env, encoding: 'utf8', maxBuffer: 1e8 }).stdout;
    terraform('init', '-no-color');
    const text = terraform('apply', '-no-color', '-auto-approve');
    rmSync(join(home, 'terraform.tfstate'));
    const json = terraform('apply', '-json', '-auto-approve');
    return Object.fromEntries(Object.keys(CASES).map((name) => [name, answer(`terraform_data.${name}`, text, json)]));
  } finally {
    rmSync(home, { recursive: true });
  }
}

/** What Keyform says of a case. */
async function say(name: string, body: JsonObject): Promise<Answer> {
  const address = `terraform_data.${name}`;
  const found = provisioner(body);
  const text: string[] = [];
  const json: string[] = [];
  const ui = new UiStream((line) => json.push(line), clock, '0.0.0');
  const human = textProgress((line) => text.push(line));
  const one = step('run', address, { provisioner: 0 });
  const result: ApplyResult = await walkSteps(
    [one],
    async () => {
      await runCommand(found, scope(), {
        processes,
        environment: { PATH: process.env.PATH },
        folder,
        secrets: [],
        onOutput: (line) => tell({ kind: 'output', step: one, at: 0, line }),
      });
      return null;
    },
    { parallelism: 1, clock, onEvent: (event) => tell(event) },
  );
  function tell(event: Parameters<UiStream['apply']>[0]) {
    ui.apply(event);
    human.event(event, 0);
  }
  for (const diagnostic of result.diagnostics) {
    expect(diagnostic).toMatchObject({ address, place: { file: 'main.tf.json' } });
    ui.diagnostic(diagnostic);
  }
  return answer(address, text.join('\n'), json.join('\n'));
}

describe('as Terraform', () => {
  const absent = spawnSync('terraform', ['version']).error !== undefined;
  if (absent) process.stderr.write('skipped: the program "terraform" is not on PATH, so its recorded answers serve\n');

  it.skipIf(absent)('it is on record', async () => {
    await expect(`${JSON.stringify(ask(), null, 2)}\n`).toMatchFileSnapshot(RECORD);
  });

  it.each(Object.keys(CASES))('"%s" is told', async (name) => {
    const terraform = JSON.parse(readFileSync(RECORD, 'utf8'))[name] as Answer;
    const keyform = await say(name, CASES[name] ?? {});
    expect(keyform.text).toEqual(terraform.text);
    expect(keyform.messages).toEqual(terraform.messages);
    // Whether a failure stops the run is for who applies.
    if (name === 'forgiven') return;
    // The shell says its own name and line before some words of its own; lines have no end in a list of them.
    expect(keyform.errors).toEqual(terraform.errors.map(([summary, detail]) => [summary, detail.trimEnd()]));
  });
});
