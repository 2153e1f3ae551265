import { counts, type DriftReport, FINDING_KINDS, isIncomplete } from '../../../core/drift/report.ts';

/** One run of the drift command, as far as metrics tell of it. */
export interface MeasuredRun {
  /** Empty where the run failed before it knew anything. */
  readonly reports: readonly DriftReport[];
  /** When the run ended, milliseconds since 1970. */
  readonly endedAt: number;
  /** Whether the run came to its end. */
  readonly finished: boolean;
  /** When a run last could look at everything, milliseconds since 1970; null when that is not known. */
  readonly lastSuccessAt: number | null;
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/**
 * The run in Prometheus' text format (version 0.0.4), for the textfile collector of node_exporter. All are gauges. A run that failed tells when,
 * and nothing of the keys: a number that nobody has looked up is none.
 */
export function driftMetrics({ reports, endedAt, finished, lastSuccessAt }: MeasuredRun): string {
  const complete = finished && !reports.some(isIncomplete);
  const each = (value: (report: DriftReport) => number | null): Sample[] =>
    reports.flatMap((report) => {
      const number = value(report);
      return number === null ? [] : [[{ stack: report.stack }, number] satisfies Sample];
    });
  const families: readonly (readonly [name: string, help: string, samples: readonly Sample[]])[] = [
    [
      'keyform_drift_findings',
      'Findings that count, by kind.',
      reports.flatMap(({ stack, findings }) =>
        FINDING_KINDS.map((kind): Sample => {
          const number = findings.filter((finding) => finding.kind === kind && counts(finding)).length;
          return [{ stack, kind }, number];
        }),
      ),
    ],
    [
      'keyform_drift_findings_ignored',
      'Findings that a rule of the project leaves out.',
      each(({ findings }) => findings.filter(({ ignored }) => ignored !== null).length),
    ],
    ['keyform_keys', 'Keys of the owners that were read.', each(({ coverage }) => coverage.total)],
    [
      'keyform_keys_managed',
      'Keys of those that a state of the project holds.',
      each(({ coverage }) => coverage.managed),
    ],
    ['keyform_coverage_ratio', 'Managed keys of all keys, 0 to 1.', each(({ coverage }) => coverage.ratio)],
    ['keyform_oldest_key_age_seconds', 'Age of the oldest current key.', each(({ oldestSeconds }) => oldestSeconds)],
    ['keyform_rotation_due', 'Current keys whose rotation is due.', each(({ rotationDue }) => rotationDue)],
    ['keyform_owners', 'Owners whose keys were asked for.', each(({ owners }) => owners.asked)],
    ['keyform_owners_unread', 'Owners that could not be read.', each(({ unread }) => unread.length)],
    ['keyform_api_calls', 'Calls that the last run made.', each(({ calls }) => calls)],
    ['keyform_last_run_timestamp_seconds', 'When the last run ended.', [[{}, endedAt / 1000]]],
    [
      'keyform_last_run_success',
      'Whether the last run could look at everything (1) or not (0); drift is no failure.',
      [[{}, complete ? 1 : 0]],
    ],
    [
      'keyform_last_success_timestamp_seconds',
      'When a run last could look at everything.',
      complete ? [[{}, endedAt / 1000]] : lastSuccessAt === null ? [] : [[{}, lastSuccessAt / 1000]],
    ],
  ];
  return families
    .filter(([, , samples]) => samples.length > 0)
    .map(([name, help, samples]) =>
      [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...samples.map((sample) => line(name, sample))]
        .map((text) => `${text}\n`)
        .join(''),
    )
    .join('');
}

function line(name: string, [labels, value]: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`;
}

/** A label's value as the format wants it. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
