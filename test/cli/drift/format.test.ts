import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { driftJunit } from '../../../src/cli/render/drift/junit.ts';
import { linesOf } from '../../../src/cli/render/drift/line.ts';
import { driftMarkdown } from '../../../src/cli/render/drift/markdown.ts';
import { driftMetrics } from '../../../src/cli/render/drift/metrics.ts';
import { driftSarif, type SarifOptions } from '../../../src/cli/render/drift/sarif.ts';
import { FULL, finding, REPORTS, report, unread } from './sample.ts';

const golden = (name: string) => fileURLToPath(new URL(`../../golden/drift/${name}`, import.meta.url));
const SARIF: SarifOptions = { version: '0.1.0', fallback: 'cdktf.json', prefix: 'infra/keys/', lineOf: () => 7 };
const NOW = Date.parse('2026-11-23T04:00:05Z');
const run = { endedAt: NOW, finished: true, lastSuccessAt: null };

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
const ACTING = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

const DOCUMENTS = {
  'drift.md': (reports: typeof REPORTS) => driftMarkdown(reports),
  'drift.xml': (reports: typeof REPORTS) => driftJunit(reports),
  'drift.sarif': (reports: typeof REPORTS) => `${JSON.stringify(driftSarif(reports, SARIF), null, 2)}\n`,
  'drift.prom': (reports: typeof REPORTS) => driftMetrics({ reports, ...run }),
};

describe.each(Object.entries(DOCUMENTS))('%s', (name, render) => {
  test('is as it was', async () => {
    await expect(render(REPORTS)).toMatchFileSnapshot(golden(name));
  });

  test('of no drift is as it was', async () => {
    await expect(render([report()])).toMatchFileSnapshot(golden(`quiet-${name}`));
  });

  test('has nothing that a terminal acts on', () => {
    expect(render(REPORTS)).not.toMatch(ACTING);
  });
});

describe('metrics', () => {
  test('of a run that failed tell that, and nothing of keys', () => {
    const text = driftMetrics({ reports: [], endedAt: NOW, finished: false, lastSuccessAt: NOW - 60_000 });
    expect(text.split('\n').filter((line) => !line.startsWith('#'))).toEqual([
      'keyform_last_run_timestamp_seconds 1795406405',
      'keyform_last_run_success 0',
      'keyform_last_success_timestamp_seconds 1795406345',
      '',
    ]);
  });

  test('an owner that was not read is no success, whatever else was found', () => {
    expect(driftMetrics({ reports: [FULL], ...run })).toContain('\nkeyform_last_run_success 0\n');
    expect(driftMetrics({ reports: [report({ findings: [finding()] })], ...run })).toContain(
      '\nkeyform_last_run_success 1\n',
    );
  });

  test('a kind without findings is 0 and not absent, so that an alert ends', () => {
    expect(driftMetrics({ reports: [report()], ...run })).toContain(
      'keyform_drift_findings{stack="prod",kind="gone"} 0\n',
    );
  });
});

describe('SARIF', () => {
  type Log = {
    runs: {
      automationDetails: { id: string };
      results: { ruleId: string; level: string }[];
      invocations: {
        exitCode: number;
        executionSuccessful: boolean;
        toolExecutionNotifications: { message: { text: string } }[];
      }[];
    }[];
  };
  const log = (reports: Parameters<typeof driftSarif>[0]) => driftSarif(reports, SARIF) as unknown as Log;

  test('more stacks than GitHub takes runs are one run', () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, i) => report({ stack: `s${i}`, findings: [finding({ stack: `s${i}` })] }));
    expect(log(many(20)).runs.map(({ automationDetails }) => automationDetails.id)).toContain('keyform-drift/s19/');
    const merged = log(many(21)).runs;
    expect(merged).toHaveLength(1);
    expect(merged[0]?.results).toHaveLength(21);
  });

  test('of more results than GitHub takes the gravest stay, and the rest are counted', () => {
    const findings = [
      ...Array.from({ length: 25_000 }, (_, i) => finding({ kind: 'unused', severity: 'note', keyId: `n${i}` })),
      finding({ kind: 'gone', severity: 'error' }),
    ];
    const [first] = log([report({ findings })]).runs;
    expect(first?.results).toHaveLength(25_000);
    expect(first?.results[0]).toMatchObject({ ruleId: 'keyform/gone', level: 'error' });
    expect(first?.invocations[0]?.toolExecutionNotifications.at(-1)?.message.text).toBe(
      '1 finding more than SARIF can hold are left out',
    );
  });

  test('a file above the project folder is named from the root of the repository', () => {
    const place = { file: '../shared/a b.tf.json', path: [] };
    expect(JSON.stringify(log([report({ findings: [finding({ place })] })]))).toContain(
      '"uri":"infra/shared/a%20b.tf.json"',
    );
  });

  test('an unread owner is a failed execution with exit code 1', () => {
    expect(log([report({ unread: [unread()] })]).runs[0]?.invocations[0]).toMatchObject({
      executionSuccessful: false,
      exitCode: 1,
    });
    expect(log([report({ findings: [finding()] })]).runs[0]?.invocations[0]).toMatchObject({
      executionSuccessful: true,
      exitCode: 2,
    });
  });
});

describe('Markdown', () => {
  test('is never longer than a comment may be', () => {
    const text = fc.sample(
      fc.string({ minLength: 100, maxLength: 300, unit: fc.constantFrom(...'|`@\\<é\ud800 a') }),
      60,
    );
    const findings = Array.from({ length: 3000 }, (_, i) =>
      finding({ keyId: `k${i}`, name: text[i % 60] ?? null, detail: text[(i * 7) % 60] ?? '' }),
    );
    const shown = driftMarkdown([report({ findings })]);
    expect(shown.length).toBeLessThanOrEqual(65_536);
    expect(shown).toContain('3000 findings');
    const stacks = Array.from({ length: 3000 }, (_, i) => report({ stack: `stack-${i}` }));
    expect(driftMarkdown(stacks).length).toBeLessThanOrEqual(65_536);
  });

  test('no drift where something was not read is not called no drift', () => {
    const text = driftMarkdown([report({ unread: [unread()] })]);
    expect(text).toMatch(/^# ❌ Drift: not everything could be looked at/);
    expect(text).not.toContain('as the state remembers');
  });
});

test('the line of a place is that of its name; of a place that is not there, that of what is above', () => {
  const text =
    '{\n  "resource": {\n    "t": {\n      "a": { "x": 1 },\n      "b":\n        { "x": 2 }\n    }\n  }\n}\n';
  const lineOf = linesOf(text);
  expect(lineOf(['resource', 't', 'a'])).toBe(4);
  expect(lineOf(['resource', 't', 'b'])).toBe(5);
  expect(lineOf(['resource', 't', 'c', 'd'])).toBe(3);
  expect(lineOf([])).toBe(1);
  expect(linesOf('[\n {},\n {"a": 1}]')([1, 'a'])).toBe(3);
  expect(linesOf('[\n {},\n {"a": 1}]')([7, 'a'])).toBe(1);
  expect(linesOf('')(['a'])).toBeNull();
});
