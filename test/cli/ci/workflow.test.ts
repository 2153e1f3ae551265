import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { withoutClouds } from '../../../src/cli/command/ci.ts';
import { clouds } from '../../../src/providers/index.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const CI = join(ROOT, 'docs', 'ci');
const GITHUB = readdirSync(join(CI, 'github')).filter((name) => name.endsWith('.yml'));
const SCRIPTS = ['save-state.sh', 'github/comment.sh', 'github/issue.sh', 'cron/run.sh'];

const text = (name: string) => readFileSync(join(CI, name), 'utf8');

interface Step {
  readonly name?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Job {
  readonly steps: readonly Step[];
  readonly permissions: Readonly<Record<string, string>>;
  readonly environment: string;
}

const jobsOf = (name: string) => Object.values((parse(text(`github/${name}`)) as { jobs: Record<string, Job> }).jobs);

const GITLAB = parse(text('gitlab/.gitlab-ci.yml'), {
  customTags: [{ tag: '!reference', collection: 'seq' as const }],
}) as Record<string, Record<string, unknown>>;

describe('workflows for GitHub Actions', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyform-workflow-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** What GitHub's own parser finds wrong: it knows every key, every context and every function of an expression. */
  function faults(content: string): unknown {
    const file = join(folder, 'workflow.yml');
    writeFileSync(file, content);
    return JSON.parse(execFileSync(process.execPath, [join(folder, 'check.cjs'), file], { encoding: 'utf8' }));
  }

  // Bundled, because as it is published its import of JSON is none that Node takes.
  beforeAll(() =>
    build({
      stdin: {
        contents: `
          import { readFileSync } from 'node:fs';
          import { parseWorkflow, NoOperationTraceWriter, convertWorkflowTemplate } from '@actions/workflow-parser';
          (async () => {
            const content = readFileSync(process.argv[2], 'utf8');
            const { context, value } = parseWorkflow({ name: 'workflow.yml', content }, new NoOperationTraceWriter());
            const template = await convertWorkflowTemplate(context, value);
            const errors = context.errors.getErrors().map((error) => error.message);
            console.log(JSON.stringify([...errors, ...(template.errors ?? []).map((error) => error.Message)]));
          })();`,
        resolveDir: ROOT,
      },
      bundle: true,
      platform: 'node',
      format: 'cjs',
      outfile: join(folder, 'check.cjs'),
      logLevel: 'error',
    }),
  );

  test.each(GITHUB)('%s: GitHub reads it without a complaint', (name) => {
    expect(faults(text(`github/${name}`))).toEqual([]);
  });

  test('and complains of a slip', () => {
    const good = text('github/keyform-plan.yml');
    expect(faults(good.replace('timeout-minutes', 'timeout-minuts'))).not.toEqual([]);
    expect(faults(good.replaceAll('github.token', 'githb.token'))).not.toEqual([]);
  });

  test.each(GITHUB)('%s: what it runs is shell, and takes in nothing of an expression', (name) => {
    for (const { steps } of jobsOf(name)) {
      for (const { run } of steps) {
        if (run === undefined) continue;
        expect(spawnSync('bash', ['-n'], { input: run, encoding: 'utf8' }).stderr).toBe('');
        // A branch's name in a script would be a part of the script.
        expect(run).not.toContain('${{');
      }
    }
  });

  test.each(GITHUB)('%s: secrets are only where Keyform runs, and the job may do no more than it must', (name) => {
    expect(parse(text(`github/${name}`))).toMatchObject({ permissions: {} });
    for (const { steps, permissions } of jobsOf(name)) {
      for (const { run, env, uses } of steps) {
        const secrets = JSON.stringify([env ?? {}, uses ?? '']).match(/secrets\.[A-Z_]+/g) ?? [];
        if (run?.includes('save-state.sh') === true) expect(secrets).toEqual(['secrets.KEYFORM_PUSH_TOKEN']);
        else if (run === undefined || !/^ *(exec )?keyform /m.test(run)) expect(secrets).toEqual([]);
        else expect(secrets).toContain('secrets.KEYFORM_IDENTITY');
      }
      expect(Object.values(permissions).every((value) => value === 'read' || value === 'write')).toBe(true);
      const writes = Object.entries(permissions).flatMap(([what, value]) => (value === 'write' ? [what] : []));
      expect(writes).toEqual(
        {
          'keyform-plan.yml': ['pull-requests'],
          'keyform-apply.yml': ['contents'],
          'keyform-rotate.yml': ['contents', 'actions'],
          'keyform-drift.yml': ['issues', 'security-events'],
        }[name],
      );
    }
  });

  test.each(['keyform-apply.yml', 'keyform-rotate.yml'])(
    '%s: one run at a time, and its state is always saved',
    (name) => {
      expect(parse(text(`github/${name}`))).toMatchObject({
        concurrency: { group: 'keyform-state', 'cancel-in-progress': false },
      });
      for (const { steps, environment } of jobsOf(name)) {
        expect(environment).toBe('keyform');
        const run = steps.findIndex((step) => /^exec keyform (apply|rotate) /.test(step.run ?? ''));
        const save = steps.findIndex((step) => step.run?.includes('save-state.sh') === true);
        expect(run).toBeGreaterThan(0);
        expect(save).toBe(run + 1);
        expect(steps[save]?.if).toBe('always()');
      }
    },
  );
});

describe('jobs for GitLab', () => {
  test('those that write wait for one another, and save the state though they were stopped', () => {
    for (const name of ['keyform apply', 'keyform rotate'])
      expect(GITLAB[name]).toMatchObject({ extends: '.keyform-writes' });
    const writes = GITLAB['.keyform-writes'];
    expect(writes).toMatchObject({ resource_group: 'keyform-state', environment: { name: 'keyform' } });
    expect(writes?.after_script).toEqual(['bash .gitlab/keyform/save-state.sh state']);
  });

  test('their lines are shell', () => {
    for (const job of Object.values(GITLAB)) {
      for (const part of ['before_script', 'script', 'after_script']) {
        const lines = ((job?.[part] ?? []) as unknown[]).filter((line) => typeof line === 'string');
        expect(spawnSync('bash', ['-n'], { input: lines.join('\n'), encoding: 'utf8' }).stderr).toBe('');
      }
    }
  });
});

describe('what is written for a project', () => {
  const templates = [...GITHUB.map((name) => `github/${name}`), 'gitlab/.gitlab-ci.yml'];

  test.each(templates)('%s: names this version', (name) => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(text(name).match(/KEYFORM_VERSION: '([^']+)'/)?.[1]).toBe(version);
  });

  test.each(templates)('%s: has a way in to each cloud, and none of a cloud that is not used', (name) => {
    for (const cloud of clouds) {
      const secrets = Object.values(cloud.settings).filter(
        ({ sensitive, environment }) => sensitive && environment.length > 0,
      );
      const variables = Object.values(cloud.settings).flatMap(({ environment }) => environment);
      const named = (content: string) => variables.filter((variable) => new RegExp(`\\b${variable}\\b`).test(content));
      expect(
        named(text(name)).some((variable) => secrets.some(({ environment }) => environment.includes(variable))),
      ).toBe(true);
      const others = clouds.filter((other) => other !== cloud);
      expect(named(withoutClouds(text(name), [cloud]))).toEqual([]);
      expect(named(withoutClouds(text(name), others))).toEqual(named(text(name)));
      expect(() => parse(withoutClouds(text(name), clouds), { logLevel: 'silent' })).not.toThrow();
    }
    expect(withoutClouds(text(name), [])).toBe(text(name));
  });

  test.each(GITHUB)('%s: what is sensitive comes from secrets, and nothing else does', (name) => {
    const settings = clouds.flatMap((cloud) => Object.values(cloud.settings));
    for (const [, variable, store, same] of text(`github/${name}`).matchAll(
      /^ +([A-Z_]+): \$\{\{ (secrets|vars)\.([A-Z_]+) \}\}$/gm,
    )) {
      expect(same).toBe(variable);
      if (variable === 'KEYFORM_IDENTITY') continue;
      const setting = settings.find(({ environment }) => environment.includes(variable ?? ''));
      expect(setting).toBeDefined();
      expect(store).toBe(setting?.sensitive === true ? 'secrets' : 'vars');
    }
  });
});

const has = (program: string, ...args: string[]) => spawnSync(program, args).error === undefined;

describe('scripts and units', () => {
  test.each(SCRIPTS)('%s is shell', (name) => {
    expect(spawnSync('bash', ['-n', join(CI, name)], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });

  test.for(SCRIPTS)('shellcheck finds nothing in %s', { timeout: 30_000 }, (name, { skip }) => {
    if (!has('shellcheck', '--version')) skip('needs the program shellcheck');
    expect(spawnSync('shellcheck', [join(CI, name)], { encoding: 'utf8' })).toMatchObject({ status: 0, stdout: '' });
  });

  const units = readdirSync(join(CI, 'systemd'));

  test.each(units)('%s: every line is one of a unit', (name) => {
    const known = /^(\[(Unit|Service|Timer|Install)\]|[A-Z][A-Za-z]+=.*|#.*|)$/;
    for (const line of text(`systemd/${name}`).split('\n')) expect(line).toMatch(known);
  });

  test('systemd takes the units', ({ skip }) => {
    if (!has('systemd-analyze', '--version')) skip('needs the program systemd-analyze');
    const files = units.map((name) => join(CI, 'systemd', name));
    const checked = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], { encoding: 'utf8' });
    // Of other units of this machine it may say what it likes.
    expect(checked.stderr.split('\n').filter((line) => line.includes('keyform'))).toEqual([]);
  });

  test.each(units.filter((name) => /^keyform-(drift|rotate)\.service$/.test(name)))('%s is shut in', (name) => {
    const unit = text(`systemd/${name}`);
    for (const line of [
      'ProtectSystem=strict',
      'NoNewPrivileges=yes',
      'CapabilityBoundingSet=',
      'LimitCORE=0',
      'OnFailure=keyform-alert@%n.service',
    ]) {
      expect(unit.split('\n')).toContain(line);
    }
    expect(unit).not.toMatch(/^Environment=.*(SECRET|TOKEN|PASSPHRASE|KEYFORM_IDENTITY)/m);
  });

  test('both services are hardened alike', () => {
    const shared = (name: string) => text(`systemd/${name}`).split('# What both units share')[1];
    expect(shared('keyform-rotate.service')).toBe(shared('keyform-drift.service'));
  });
});
