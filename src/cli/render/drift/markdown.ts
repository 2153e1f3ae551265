import { counts, type DriftReport, exitCodeOf, type Finding, isIncomplete } from '../../../core/drift/report.ts';
import { RULES } from './rule.ts';
import { attributeText, countedIn, countText, foreignLine, percentText, plural, subjectOf } from './words.ts';

/** GitHub refuses a comment or an issue of more characters than 65,536; this leaves room for what others put around it. */
const LONGEST = 60_000;

/** Rows of a table, tried one after the other until all is short enough. */
const ROWS = [500, 100, 40, 15, 5, 0];

/** Characters of one cell: what strangers chose may be of any length. */
const CELL = 120;

const MARKS = { error: '🔴 error', warning: '🟠 warning', note: '⚪ note' } as const;

/**
 * The reports in Markdown as GitHub and GitLab show it: for a job's summary, an issue or a comment. Never longer than 60,000 characters: rows are left
 * out, and counted. Names of keys and owners come from strangers, so all that is not Keyform's own stands in code, where neither
 * Markdown, HTML, mentions nor references have a meaning.
 */
export function driftMarkdown(reports: readonly DriftReport[]): string {
  let text = '';
  for (const rows of ROWS) {
    text = document(reports, rows);
    if (text.length <= LONGEST) return text;
  }
  // So many stacks that even a few lines for each are too much.
  return text.slice(0, text.lastIndexOf('\n', LONGEST - 100)).concat('\n\nThe rest is left out.\n');
}

function document(reports: readonly DriftReport[], rows: number): string {
  const failed = reports.some(isIncomplete);
  const code = exitCodeOf(reports);
  const counted = countedIn(reports);
  const title =
    counted > 0
      ? `Drift: ${plural(counted, 'finding')}`
      : failed
        ? 'Drift: not everything could be looked at'
        : 'No drift';
  const sign = code === 1 ? '❌' : code === 2 ? '⚠️' : '✅';
  const parts = [
    `# ${sign} ${title}`,
    ...(counted > 0 ? [`${countText(reports)}.`] : []),
    ...(failed && counted > 0 ? ['**Some of it could not be looked at:** see the errors below.'] : []),
    ...reports.flatMap((report) => section(report, rows)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function section(report: DriftReport, rows: number): string[] {
  const { stack, findings, coverage, unread, diagnostics, at, owners } = report;
  const percent = percentText(coverage.ratio);
  const open = findings.filter(({ ignored }) => ignored === null);
  const ignored = findings.filter((finding) => finding.ignored !== null);
  const facts = [
    ...(percent === null ? [] : [`${coverage.managed} of ${plural(coverage.total, 'key')} managed (${percent})`]),
    `${owners.read} of ${plural(owners.asked, 'owner')} read`,
    code(at),
  ];
  return [
    `## Stack ${code(stack)}`,
    ...(open.some(counts) || isIncomplete(report) ? [] : ['The keys are as the state remembers them.']),
    ...unreadTable(report, rows),
    ...diagnostics
      .filter(({ severity }) => severity === 'error')
      .slice(0, rows)
      .map(({ summary, detail }) => fenced([summary, detail])),
    ...(unread.length > 0 ? ['No drift there means nothing.'] : []),
    ...table(open, rows),
    ...details(open, rows),
    ...ignoredDetails(ignored, rows),
    `${facts.join(' · ')}`,
  ];
}

function table(findings: readonly Finding[], rows: number): string[] {
  if (findings.length === 0) return [];
  const shown = findings.slice(0, rows);
  const more = findings.length - shown.length;
  const lines = shown.map((finding) => {
    const { kind, severity, address, keyId, accessKeyId, name, owner, cloud, at, by, deposed } = finding;
    const key = [code(keyId), ...(accessKeyId === '' || accessKeyId === keyId ? [] : [code(accessKeyId)])].join(' ');
    const what = [
      address === null ? code(finding.type) : code(address),
      ...(deposed ? ['(deposed)'] : []),
      ...(name === null || name === '' ? [] : [code(name)]),
    ].join(' ');
    const when = [...(at === null ? [] : [code(at)]), ...(by === null ? [] : [`by ${code(by)}`])].join(' ');
    return `| ${MARKS[severity]} | ${RULES[kind].title} | ${what} | ${key} | ${code(cloud)} ${code(owner)} | ${when} |`;
  });
  return [
    ...(lines.length === 0
      ? []
      : [['| | Finding | Of | Key | Owner | When |', '| --- | --- | --- | --- | --- | --- |', ...lines].join('\n')]),
    ...(more === 0
      ? []
      : [`${lines.length === 0 ? '' : '… and '}${plural(more, lines.length === 0 ? 'finding' : 'more finding')}.`]),
  ];
}

/** What differs and what to do, folded away. */
function details(findings: readonly Finding[], rows: number): string[] {
  const shown = findings.slice(0, rows);
  if (shown.length === 0) return [];
  const blocks = shown.map((finding) =>
    fenced([
      `${subjectOf(finding)}: ${finding.summary}`,
      finding.detail,
      ...finding.attributes.map((attribute) => `  ${attributeText(attribute)}`),
      finding.remedy,
    ]),
  );
  return ['<details><summary>What differs, and what to do</summary>', ...blocks, '</details>'];
}

function ignoredDetails(findings: readonly Finding[], rows: number): string[] {
  if (findings.length === 0) return [];
  const shown = findings.slice(0, rows);
  const lines = shown.map(({ type, keyId, owner, ignored }) =>
    ignored === null
      ? ''
      : `| ${code(type)} ${code(keyId)} | ${code(owner)} | ${code(ignored.reason)} | ${code(ignored.until)} |`,
  );
  const title = `${plural(findings.length, 'finding')} ignored by rules of the project`;
  if (lines.length === 0) return [`${title}.`];
  return [
    `<details><summary>${title}</summary>`,
    ['| Key | Owner | Reason | Until |', '| --- | --- | --- | --- |', ...lines].join('\n'),
    ...(shown.length < findings.length ? [`… and ${findings.length - shown.length} more.`] : []),
    '</details>',
  ];
}

function unreadTable({ unread }: DriftReport, rows: number): string[] {
  if (unread.length === 0) return [];
  const shown = unread.slice(0, rows);
  const lines = shown.map(
    ({ owner, type, provider, code: error, summary }) =>
      `| ${code(owner)} | ${code(type)} | ${code(provider)} | ${code(error)} | ${code(summary)} |`,
  );
  const more = unread.length - shown.length;
  return [
    `### ${plural(unread.length, 'owner')} could not be read`,
    ...(lines.length === 0
      ? []
      : [['| Owner | Type | Provider | Error | |', '| --- | --- | --- | --- | --- |', ...lines].join('\n')]),
    ...(more === 0 || lines.length === 0 ? [] : [`… and ${more} more.`]),
  ];
}

/** Characters with no meaning inside a code span in a table's cell, which is where most names live. */
const HARMLESS = /^(?! )[^`|\\\r\n]+(?<! )$/;

/**
 * Text of foreign origin as code, on one line, cut to what a cell takes. Where backticks or bars would end the code or the cell, it is HTML with every
 * mark as a number: viewers leave mentions and references in `<code>` alone.
 */
export function code(text: string): string {
  const shown = foreignLine(text, CELL);
  if (shown === '') return '';
  if (HARMLESS.test(shown)) return `\`${shown}\``;
  return `<code>${shown.replaceAll(/[^A-Za-z0-9 \u0080-\u{10ffff}]/gu, (mark) => `&#${mark.codePointAt(0)};`)}</code>`;
}

/** Lines of foreign origin as a block of code, fenced by more backticks than any of them has in a row. */
export function fenced(parts: readonly string[]): string {
  const lines = parts
    .filter((part) => part !== '')
    .flatMap((part) => part.split('\n').map((line) => foreignLine(line)));
  const longest = Math.max(2, ...lines.flatMap((line) => (line.match(/`+/g) ?? []).map(({ length }) => length)));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}text`, ...lines, fence].join('\n');
}
