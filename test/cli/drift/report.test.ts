import { describe, expect, test } from 'vitest';
import { type Outside, Workspace } from '../../../src/cli/context.ts';
import type { ReportFlags } from '../../../src/cli/destination.ts';
import { reportDrift } from '../../../src/cli/report.ts';
import type { Diagnostic } from '../../../src/core/diagnostic.ts';
import type { DriftReport } from '../../../src/core/drift/report.ts';
import { KeyformError } from '../../../src/core/error.ts';
import { half, rig, SleepClock, serve } from '../../io/server.ts';
import { MemoryDisk } from '../../state/memory.ts';
import { finding, report, unread } from './sample.ts';

const FLAGS: ReportFlags = { json: false, markdown: false, junit: false, sarif: false };
const ONE = report({ findings: [finding()] });
const TWO = report({ findings: [finding(), finding({ keyId: 'k2', address: 'keyform_sinch_access_key.two' })] });
const LOST = new KeyformError('damaged-state', 'The state is damaged', { detail: 'Run keyform state verify.' });

/** One command with these flags whose looks bring `looks` one after the other; a watch is stopped in the sleep after the last. */
async function ran(
  looks: readonly (readonly DriftReport[] | Error)[],
  flags: Partial<ReportFlags> = {},
  {
    environment = {},
    disk = new MemoryDisk(),
    folder = '/project',
  }: { environment?: Record<string, string>; disk?: MemoryDisk; folder?: string } = {},
) {
  const clock = new SleepClock();
  const stop = new AbortController();
  const out: string[] = [];
  const err: string[] = [];
  const told: Diagnostic[] = [];
  const { http } = rig({ clock });
  const outside = {
    terminal: { out: (text: string) => out.push(text), err: (text: string) => err.push(text) },
    clock,
    random: half,
    files: disk,
    environment,
    workingFolder: folder,
    version: '0.1.0',
    signal: stop.signal,
    http: () => http,
    printDiagnostics: (diagnostics: readonly Diagnostic[]) => told.push(...diagnostics),
  } as unknown as Outside;
  let at = 0;
  const metrics: string[] = [];
  clock.onSleep = () => {
    const written = disk.content()['/project/keyform.prom'];
    if (written !== undefined) metrics.push(/^keyform_last_run_success (.)$/m.exec(written.toString())?.[1] ?? '?');
    if (at === looks.length) stop.abort(new Error('stopped'));
  };
  let thrown: unknown = null;
  const outcome = await reportDrift(
    new Workspace(outside, {}),
    { ...FLAGS, ...flags },
    {
      look: async () => {
        const look = looks[at++] ?? [];
        if (look instanceof Error) throw look;
        return look;
      },
      print: async (reports) => {
        out.push(`[${reports.map(({ findings }) => findings.map(({ keyId }) => keyId)).join(' ')}]\n`);
      },
      explain: async () => {},
    },
  ).catch((error: unknown) => {
    thrown = error;
    return null;
  });
  const summaries = told.map(({ summary }) => summary);
  return { code: outcome?.code ?? null, thrown, out: out.join(''), err: err.join(''), summaries, disk, metrics };
}

describe('a watch', () => {
  test('prints a round in full when something is new or resolved, else in a line', async () => {
    const { out, code } = await ran([[ONE], [ONE], [TWO], [report()]], { watch: '15m' });
    expect(out).toBe(
      [
        '2026-01-02T03:04:05.000Z',
        '[k1]',
        '2026-01-02T03:19:05.000Z Nothing new: 1 finding.',
        '2026-01-02T03:34:05.000Z',
        '[k1,k2]',
        '2026-01-02T03:49:05.000Z',
        '[]',
        'Resolved: changed: keyform_sinch_access_key.ci',
        'Resolved: changed: keyform_sinch_access_key.two',
        '',
      ].join('\n'),
    );
    expect(code).toBe(0);
  });

  test('never says nothing new without a word of what could not be read', async () => {
    const { out } = await ran([[report({ unread: [unread()] })], [report({ unread: [unread()] })]], { watch: '15m' });
    expect(out).toMatch(/ Nothing new: 0 findings; 1 owner could not be read\.\n$/);
  });

  test('prints each round as JSON for programs', async () => {
    expect((await ran([[ONE], [ONE]], { watch: '15m', json: true })).out).toBe('[k1]\n[k1]\n');
  });

  test('tells a round that fails, and goes on', async () => {
    const ended = await ran([[ONE], LOST, [ONE]], { watch: '15m', 'metrics-file': 'keyform.prom' });
    expect(ended.err).toBe('2026-01-02T03:19:05.000Z This round failed; the next one tries again.\n');
    expect(ended.summaries).toEqual(['The state is damaged']);
    expect(ended.metrics).toEqual(['1', '0', '1']);
    expect(ended.code).toBe(2);
    // The pause after it was twice as long.
    expect(ended.out).toContain('2026-01-02T03:49:05.000Z Nothing new: 1 finding.');
  });

  test('keeps the time of the last success beside a round that fails', async () => {
    const { disk } = await ran([[ONE], LOST], { watch: '15m', 'metrics-file': 'keyform.prom' });
    const text = disk.content()['/project/keyform.prom']?.toString() ?? '';
    expect(text).toMatch(/^keyform_last_success_timestamp_seconds 1767323045$/m);
    expect(text).toMatch(/^keyform_last_run_timestamp_seconds 1767323945$/m);
    expect(text).not.toContain('keyform_drift_findings');
  });

  test('survives a file that cannot be written', async () => {
    const disk = new MemoryDisk();
    let failing = true;
    disk.fault = (_, path) => (failing && path.includes('prom') ? 'EACCES' : null);
    const ended = await ran([[ONE], [ONE]], { watch: '15m', 'metrics-file': 'keyform.prom' }, { disk });
    failing = false;
    expect(ended.summaries).toEqual(Array(2).fill('/project/keyform.prom cannot be written: EACCES'));
    expect(ended.code).toBe(1);
  });

  test('ends with 1 when its last round could not look at everything', async () => {
    expect((await ran([[ONE], [report({ unread: [unread()] })]], { watch: '15m' })).code).toBe(1);
  });
});

describe('one look', () => {
  test('that fails is told to the metrics and the webhook, and is the error of the command', async () => {
    const bodies: { failure: unknown }[] = [];
    const { origin } = await serve((_, response, __, body) => {
      bodies.push(JSON.parse(body));
      response.writeHead(200).end();
    });
    const { thrown, disk } = await ran(
      [LOST],
      { 'metrics-file': '/metrics/keyform.prom' },
      { environment: { KEYFORM_WEBHOOK: `${origin}/x` } },
    );
    expect(thrown).toBe(LOST);
    expect(bodies).toMatchObject([
      { failure: { summary: 'The state is damaged', detail: 'Run keyform state verify.' } },
    ]);
    expect(disk.content()['/metrics/keyform.prom']?.toString()).toMatch(/^keyform_last_run_success 0$/m);
  });

  test('writes every format into a folder, and the others where one cannot be written', async () => {
    const names = ['drift.json', 'drift.md', 'drift.sarif', 'drift.xml'].map((name) => `/project/out/${name}`);
    const { disk, code, out } = await ran([[ONE]], { 'report-dir': 'out' });
    expect(Object.keys(disk.content())).toEqual(names);
    expect(JSON.parse(disk.content()['/project/out/drift.json']?.toString() ?? '')).toMatchObject({
      format_version: '1.0',
      exit_code: 2,
    });
    expect([code, out]).toEqual([2, '[k1]\n']);

    const full = new MemoryDisk();
    full.fault = (_, path) => (path.includes('drift.md') ? 'ENOSPC' : null);
    const ended = await ran([[ONE]], { 'report-dir': 'out' }, { disk: full });
    expect(ended.thrown).toMatchObject({
      code: 'state-io',
      message: '/project/out/drift.md cannot be written: ENOSPC',
    });
    expect(Object.keys(full.content()).filter((name) => !name.includes('drift.md'))).toEqual(
      names.filter((name) => !name.includes('drift.md')),
    );
  });

  test('finds the root of the repository, so that viewers find the file', async () => {
    const disk = MemoryDisk.of({
      '/repo/.git': Buffer.from('gitdir: elsewhere'),
      '/repo/project/cdktf.json': Buffer.from('{}'),
    });
    const text = (
      await ran(
        [[report({ findings: [finding(), finding({ keyId: 'k2', place: null })] })]],
        { sarif: true },
        { disk, folder: '/repo/project' },
      )
    ).out;
    const log = JSON.parse(text) as {
      runs: { results: { locations: { physicalLocation: { artifactLocation: { uri: string } } }[] }[] }[];
    };
    expect(log.runs[0]?.results.map(({ locations }) => locations[0]?.physicalLocation.artifactLocation.uri)).toEqual([
      'project/stacks/prod/main.tf.json',
      'project/cdktf.json',
    ]);
  });
});

describe('refused before anything is looked at', () => {
  test.each([
    [{ markdown: true, json: true }, {}, '-json and -markdown do not go together'],
    [{ watch: '15m', junit: true }, {}, '-watch and -junit do not go together'],
    [{ watch: '9s' }, {}, '-watch=9s is too often'],
    [{ watch: 'often' }, {}, '-watch is no length of time: "often"'],
    [{ 'report-dir': ' ' }, {}, '-report-dir is empty'],
    [{ 'metrics-file': '' }, {}, '-metrics-file is empty'],
    [{ webhook: '' }, {}, '-webhook is not the URL of a webhook'],
    [{}, { KEYFORM_WEBHOOK: 'http://example.com/PATH-SECRET' }, 'KEYFORM_WEBHOOK is not the URL of a webhook'],
  ] as const)('%j %j', async (flags, environment, message) => {
    const { thrown, out } = await ran([LOST], flags, { environment });
    expect(thrown).toMatchObject({ code: 'invalid-usage', message });
    expect(String((thrown as KeyformError).detail)).not.toContain('PATH-SECRET');
    expect(out).toBe('');
  });
});
