import type { Diagnostic } from '../../../core/diagnostic.ts';
import { counts, type DriftReport, type Finding, isIncomplete } from '../../../core/drift/report.ts';
import type { Style } from '../color.ts';
import { wrap } from '../diagnostic.ts';
import { plain, quote } from '../quote.ts';
import { difference, whole } from '../value.ts';
import { countText, percentText } from './words.ts';

/** Unmanaged keys that are listed one by one; the others are counted. */
const LISTED = 20;

/** Columns of an explanation, its indent not counted. */
const WIDTH = 90;

/**
 * What `keyform drift` prints of one stack for people: what is wrong with its keys, keys that nobody manages, coverage, and the sum in the last
 * line. What could not be read is not in it ({@link driftDiagnostics} has that), but that there is such a thing is, so that silence is never
 * taken for "no drift".
 */
export function renderDrift(report: DriftReport, style: Style): string {
  const about = report.findings.filter(({ kind }) => kind !== 'unmanaged');
  const sections = [
    ...about.map((finding) => block(finding, style)),
    ...unmanagedSection(report, style),
    ...ownSection(report),
    ...countsSection(report),
    sum(report, style),
  ];
  return `${sections.join('\n\n')}\n`;
}

/** Errors for owners that could not be read, then the report's own diagnostics. */
export function driftDiagnostics(report: DriftReport): readonly Diagnostic[] {
  const unread = report.unread.map(({ owner, type, provider, summary, detail, addresses }): Diagnostic => {
    const keys = addresses.length === 0 ? '' : ` Nothing is known of the keys of ${addresses.join(', ')}.`;
    const why = `${detail}${detail === '' || /[.:!?]$/.test(detail) ? '' : '.'}`;
    return {
      severity: 'error',
      summary: `The keys of ${owner} could not be read`,
      detail: `${summary}${summary.endsWith('.') ? '' : '.'}${why === '' ? '' : ` ${why}`}\nAsked for ${type} through ${provider}.${keys}`,
    };
  });
  return [...unread, ...report.diagnostics];
}

function block(finding: Finding, style: Style): string {
  const { address, deposed, keyId, owner, name, kind, at, by, attributes } = finding;
  const what = address ?? finding.type;
  const title = `${plain(what)}${deposed ? ` (replaced key ${plain(keyId)})` : ''}`;
  const named = name === null || name === '' ? '' : ` ${quote(name)}`;
  const when = kind === 'changed' || kind === 'disabled' || kind === 'secret-not-live' ? happened(at, by) : '';
  return [
    `  ${symbol(finding, style)} ${style.bold(`${title}: ${kind}`)}`,
    `      ${plain(owner)}, key ${plain(keyId)}${named}`,
    `      ${plain(finding.summary)}.${when}`,
    ...attributes.map(({ name: attribute, before, after, sensitive }) => {
      const text = sensitive
        ? '(sensitive value)'
        : before === null
          ? `null ${style.yellow('->')} ${whole(after, '+', 8, style)}`
          : after === null
            ? `${whole(before, '-', 8, style)} ${style.yellow('->')} null`
            : difference(before, after, 8, style);
      return `        ${style.yellow('~')} ${attribute} = ${text}`;
    }),
    ...wrap(plain(finding.detail), WIDTH).map((line) => `      ${style.dim(line)}`),
    `      Next: ${plain(finding.remedy)}`,
  ].join('\n');
}

function happened(at: string | null, by: string | null): string {
  if (at === null && by === null) return '';
  return ` Last changed${at === null ? '' : ` at ${plain(at)}`}${by === null ? '' : ` by ${plain(by)}`}.`;
}

function symbol({ severity }: Finding, style: Style): string {
  if (severity === 'error') return style.red('!');
  return severity === 'warning' ? style.yellow('~') : ' ';
}

function unmanagedSection({ findings }: DriftReport, style: Style): string[] {
  const all = findings.filter(({ kind }) => kind === 'unmanaged');
  const open = all.filter(counts);
  const ignored = all.length - open.length;
  const sections: string[] = [];
  const [first] = open;
  if (first !== undefined) {
    const title = open.length === 1 ? '1 key is managed by no stack' : `${open.length} keys are managed by no stack`;
    sections.push(
      [
        `  ${symbol(first, style)} ${style.bold(`${title}:`)}`,
        ...open.slice(0, LISTED).map(unmanagedLine),
        ...(open.length > LISTED ? [`      … and ${open.length - LISTED} more; -json lists all`] : []),
        ...[...new Set(open.map(({ remedy }) => remedy))].map((remedy) => `      Next: ${plain(remedy)}`),
      ].join('\n'),
    );
  }
  if (ignored > 0) {
    const [verb, keys] = ignored === 1 ? ['is', 'key'] : ['are', 'keys'];
    sections.push(`${ignored} unmanaged ${keys} ${verb} left alone, as context.keyform.unmanaged of cdktf.json says.`);
  }
  return sections;
}

function unmanagedLine({ cloud, owner, keyId, accessKeyId, name, at, by }: Finding): string {
  return [
    `      - ${plain(cloud)}, ${plain(owner)}: ${plain(keyId)}`,
    ...(accessKeyId === keyId || accessKeyId === '' ? [] : [` (${plain(accessKeyId)})`]),
    ...(name === null ? [] : [` ${quote(name)}`]),
    ...(at === null ? [] : [`, created ${plain(at)}`]),
    ...(by === null ? [] : [` by ${plain(by)}`]),
  ].join('');
}

function ownSection({ credentials }: DriftReport): string[] {
  if (credentials.length === 0) return [];
  return [
    credentials
      .map(({ cloud, owner, keyId }) => `${plain(cloud)}, ${plain(owner)}: Keyform authenticates with ${plain(keyId)}.`)
      .join('\n'),
  ];
}

function countsSection({ coverage, owners }: DriftReport): string[] {
  const percent = percentText(coverage.ratio);
  return [
    ...(percent === null
      ? []
      : [
          `Coverage: ${coverage.managed} of ${coverage.total} key${coverage.total === 1 ? '' : 's'} managed (${percent}); ${owners.read} of ${owners.asked} owner${owners.asked === 1 ? '' : 's'} read.`,
        ]),
  ];
}

function sum(report: DriftReport, style: Style): string {
  const counted = countText([report]);
  const incomplete = isIncomplete(report);
  const missing = incomplete ? ' Some of the stack could not be looked at: see the errors.' : '';
  if (counted !== '') return `${style.bold('Drift:')} ${counted}.${missing}`;
  if (incomplete) return `${style.bold('No drift where Keyform could look.')}${missing}`;
  return `${style.bold(style.green('No drift.'))} The keys are as the state remembers them.`;
}
