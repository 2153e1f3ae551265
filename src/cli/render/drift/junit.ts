import { counts, type DriftReport, type Finding, isIncomplete, type UnreadOwner } from '../../../core/drift/report.ts';
import { attributeText, foreignLine, subjectOf } from './words.ts';

/** One line of the report. */
interface Case {
  readonly name: string;
  /** Type of key: what viewers group by. */
  readonly group: string;
  readonly outcome: {
    readonly kind: 'failure' | 'error' | 'skipped';
    readonly type: string;
    readonly message: string;
  } | null;
  readonly text: string;
}

/**
 * The reports as JUnit XML, in the shape that Jenkins and GitLab read: a suite for each stack, a case for each address and for each key that is in no
 * state. A finding that counts is a failure, an owner that could not be read is an error, an ignored finding is skipped; a mere note passes, and is told in
 * the output of its case. Times are 0: a look at the clouds is one thing for all keys.
 */
export function driftJunit(reports: readonly DriftReport[]): string {
  const suites = reports.map((report) => ({ report, cases: casesOf(report) }));
  const all = suites.flatMap(({ cases }) => cases);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="keyform drift" ${numbers(all, false)}>`,
    ...suites.flatMap(({ report, cases }, id) => suite(report, cases, id)),
    '</testsuites>',
    '',
  ].join('\n');
}

function suite({ stack, at, coverage }: DriftReport, cases: readonly Case[], id: number): string[] {
  return [
    `  <testsuite id="${id}" name="${attribute(stack)}" package="keyform.drift" ${numbers(cases, true)} time="0" timestamp="${attribute(at)}" hostname="localhost">`,
    '    <properties>',
    `      <property name="keys.managed" value="${coverage.managed}"/>`,
    `      <property name="keys.all" value="${coverage.total}"/>`,
    '    </properties>',
    ...cases.flatMap(caseLines),
    '  </testsuite>',
  ];
}

function numbers(cases: readonly Case[], skipped: boolean): string {
  const count = (kind: string) => cases.filter(({ outcome }) => outcome?.kind === kind).length;
  return `tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}"${skipped ? ` skipped="${count('skipped')}"` : ''}`;
}

function caseLines({ name, group, outcome, text }: Case): string[] {
  const head = `    <testcase name="${attribute(name)}" classname="${attribute(group)}" time="0"`;
  if (outcome === null && text === '') return [`${head}/>`];
  const body =
    outcome === null
      ? `      <system-out>${content(text)}</system-out>`
      : outcome.kind === 'skipped'
        ? `      <skipped>${content(outcome.message)}</skipped>`
        : `      <${outcome.kind} type="${attribute(outcome.type)}" message="${attribute(outcome.message)}">${content(text)}</${outcome.kind}>`;
  return [`${head}>`, body, '    </testcase>'];
}

function casesOf(report: DriftReport): Case[] {
  const found = report.findings.map(findingCase);
  const told = new Set(report.findings.flatMap(({ address }) => (address === null ? [] : [address])));
  const quiet = report.addresses
    .filter((address) => !told.has(address))
    .map(
      (address): Case => ({ name: address, group: groupOf(report.stack, typeOf(address)), outcome: null, text: '' }),
    );
  const unread = report.unread.map(unreadCase);
  // Errors beside owners and findings: a report that is incomplete must not look like one without failures.
  const errors = report.diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(
      ({ summary, detail, address }): Case => ({
        name: address ?? summary,
        group: groupOf(report.stack, 'run'),
        outcome: { kind: 'error', type: 'error', message: summary },
        text: detail,
      }),
    );
  const cases = [...found, ...quiet, ...unread, ...errors];
  if (cases.length > 0 || isIncomplete(report)) return cases;
  return [{ name: 'no keys', group: groupOf(report.stack, 'run'), outcome: null, text: '' }];
}

function findingCase(finding: Finding): Case {
  const { kind, stack, type, summary, ignored } = finding;
  // Two findings of one address are two cases, and viewers tell cases apart by name.
  const name = `${subjectOf(finding)} (${kind})`;
  const text = [summary, finding.detail, ...finding.attributes.map(attributeText), finding.remedy]
    .filter((part) => part !== '')
    .join('\n');
  const group = groupOf(stack, type);
  if (ignored !== null) {
    const message = `Ignored until ${ignored.until}: ${ignored.reason} (${ignored.pattern})`;
    return { name, group, outcome: { kind: 'skipped', type: kind, message }, text };
  }
  return { name, group, outcome: counts(finding) ? { kind: 'failure', type: kind, message: summary } : null, text };
}

function unreadCase({ stack, owner, type, code, summary, detail, addresses }: UnreadOwner): Case {
  const about = addresses.length === 0 ? '' : `Keys of ${addresses.join(', ')} are there.`;
  return {
    name: `${owner} (unread)`,
    group: groupOf(stack, type),
    outcome: { kind: 'error', type: code, message: summary },
    text: [detail, about].filter((part) => part !== '').join('\n'),
  };
}

/** The stack is in it, because viewers show cases of all suites in one list. */
function groupOf(stack: string, what: string): string {
  return `${stack}.${what}`;
}

/** The resource type in an address, which a module may stand before. */
function typeOf(address: string): string {
  return /(?:^|\.)([a-z][a-z0-9_]*)\.[^.[\]]+(?:\[[^\]]*\])?$/.exec(address)?.[1] ?? 'key';
}

/** XML has no way at all to write most control characters, nor half a surrogate pair; others act on terminals. */
function printable(line: string): string {
  return foreignLine(line)
    .replaceAll(/[\uFFFE\uFFFF]/g, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

function attribute(text: string): string {
  return printable(text).replaceAll('"', '&quot;');
}

function content(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
