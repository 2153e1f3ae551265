import { describe, expect, test } from 'vitest';
import { codeQualityReport, terraformReport } from '../../../src/cli/ci/gitlab.ts';
import type { Diagnostic } from '../../../src/core/diagnostic.ts';
import { PLANS, plan, SINCH, step } from '../render/plans.ts';

const OPTIONS = { prefix: 'infra/', fallback: 'cdktf.json', lineOf: () => 12 };

interface Issue {
  readonly description: string;
  readonly check_name: string;
  readonly fingerprint: string;
  readonly severity: string;
  readonly location: { readonly path: string; readonly lines: { readonly begin: number } };
}

const issues = (diagnostics: readonly Diagnostic[]) => JSON.parse(codeQualityReport(diagnostics, OPTIONS)) as Issue[];

describe("GitLab's reports", () => {
  test('counts add up over stacks, and a replaced key is one created and one deleted', () => {
    const one = plan({
      steps: [step('rotate', `${SINCH}.a`), step('delete', `${SINCH}.a`), step('create', `${SINCH}.b`)],
    });
    expect(JSON.parse(terraformReport([one, one]))).toEqual({ create: 4, update: 0, delete: 2 });
    for (const value of Object.values(PLANS)) {
      expect(Object.keys(JSON.parse(terraformReport([value])) as object)).toEqual(['create', 'update', 'delete']);
    }
  });

  test('Code Quality has what its format asks for, in the values that it knows', () => {
    const [first, second] = issues([
      {
        severity: 'error',
        summary: 'No such type',
        detail: 'Did you mean x?\nMore.',
        place: { file: 's/a.tf.json', path: ['resource'] },
      },
      { severity: 'warning', summary: 'Old', detail: '', address: `${SINCH}.a` },
    ]);
    expect(first).toMatchObject({
      description: 'No such type. Did you mean x?',
      severity: 'critical',
      location: { path: 'infra/s/a.tf.json', lines: { begin: 12 } },
    });
    expect(second).toMatchObject({
      description: `${SINCH}.a: Old`,
      severity: 'minor',
      location: { path: 'infra/cdktf.json', lines: { begin: 1 } },
    });
    expect(issues([])).toEqual([]);
  });

  test('a fingerprint stays while the problem does, and no two issues have one', () => {
    const place = (name: string) => ({ file: 'a.tf.json', path: ['resource', name] });
    const problem = (name: string, detail = 'd'): Diagnostic => ({
      severity: 'error',
      summary: 's',
      detail,
      place: place(name),
    });
    const all = issues([problem('a'), problem('b', 'e'), problem('a', 'other words')]);
    expect(new Set(all.map(({ fingerprint }) => fingerprint)).size).toBe(3);
    expect(issues([problem('b', 'e')])[0]?.fingerprint).toBe(all[1]?.fingerprint);
  });
});
