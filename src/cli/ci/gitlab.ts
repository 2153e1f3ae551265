import { createHash } from 'node:crypto';
import { type Diagnostic, mergeDiagnostics, type Place } from '../../core/diagnostic.ts';
import { countChanges, type Plan } from '../../core/plan/plan.ts';

/*
 * GitLab's own report formats. Sources: GitLab's documentation, "Artifacts reports types" and "Code Quality", section "Code Quality report format",
 * and for the first its page on the Terraform integration in merge requests.
 */

/** The counts that a merge request shows for `artifacts:reports:terraform`; a replaced key is one created and one deleted. */
export function terraformReport(plans: readonly Plan[]): string {
  const total = { create: 0, update: 0, delete: 0 };
  for (const plan of plans) {
    const { add, change, destroy } = countChanges(plan);
    total.create += add;
    total.update += change;
    total.delete += destroy;
  }
  return `${JSON.stringify(total)}\n`;
}

/** How diagnostics find their way into files of the repository. */
export interface CodeQualityOptions {
  /** The project folder in the repository, ending in `/`; empty where it is its root. */
  readonly prefix: string;
  /** Where a diagnostic without a place is shown, relative to the project folder. */
  readonly fallback: string;
  /** Line, 1-based; null where it is not known. */
  readonly lineOf: (place: Place) => number | null;
}

/** Diagnostics for `artifacts:reports:codequality`: one issue each, the same fingerprint as long as they say the same of the same place. */
export function codeQualityReport(diagnostics: readonly Diagnostic[], options: CodeQualityOptions): string {
  const seen = new Map<string, number>();
  const issues = mergeDiagnostics(diagnostics).map(({ severity, summary, detail, address, place }) => {
    const path = `${options.prefix}${place?.file ?? options.fallback}`;
    const identity = JSON.stringify([severity, summary, address ?? '', path, place?.path ?? []]);
    // GitLab drops an issue whose fingerprint another one has.
    const times = seen.get(identity) ?? 0;
    seen.set(identity, times + 1);
    return {
      type: 'issue',
      check_name: `keyform-${severity}`,
      description: [address === undefined ? summary : `${address}: ${summary}`, detail.split('\n')[0] ?? '']
        .filter((text) => text !== '')
        .join('. '),
      categories: ['Bug Risk'],
      severity: severity === 'error' ? 'critical' : 'minor',
      fingerprint: createHash('sha256').update(`${identity}${times}`).digest('hex'),
      location: { path, lines: { begin: (place === undefined ? null : options.lineOf(place)) ?? 1 } },
    };
  });
  return `${JSON.stringify(issues, null, 2)}\n`;
}
