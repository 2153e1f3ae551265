import { normalize } from 'node:path/posix';
import type { Place } from '../../../core/diagnostic.ts';
import { fingerprintOf } from '../../../core/drift/fingerprint.ts';
import {
  type DriftReport,
  exitCodeOf,
  FINDING_KINDS,
  type Finding,
  isIncomplete,
  type UnreadOwner,
} from '../../../core/drift/report.ts';
import type { Json, JsonObject } from '../../../core/json.ts';
import { RULES } from './rule.ts';
import { attributeText, foreignLine, plural, subjectOf } from './words.ts';

/** What a SARIF file says beside the reports. */
export interface SarifOptions {
  /** Keyform's version. */
  readonly version: string;
  /** File that findings without a place of their own are shown at, relative to the project folder. */
  readonly fallback: string;
  /** The project folder in the repository, such as `infra/keys/`; empty where it is its root. */
  readonly prefix: string;
  /** Line of a place, 1-based; null where it is not known. */
  readonly lineOf: (place: Place) => number | null;
}

/** Limits of GitHub's code scanning: a file beyond them is refused whole. */
const MOST_RUNS = 20;
const MOST_RESULTS = 25_000;
/** GitHub shows so much of a message. */
const LONGEST_MESSAGE = 1000;

const LEVELS = { error: 0, warning: 1, note: 2 } as const;

/**
 * The reports as SARIF 2.1.0 with one run for each stack, so that a later file about one stack does not close the alerts of another. More stacks
 * than GitHub takes runs become one run. Of too many results the gravest are kept, and the run says how many are not.
 */
export function driftSarif(reports: readonly DriftReport[], options: SarifOptions): JsonObject {
  const runs =
    reports.length <= MOST_RUNS
      ? reports.map((report) => run([report], `keyform-drift/${report.stack}/`, options))
      : [run(reports, 'keyform-drift/', options)];
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs,
  };
}

function run(reports: readonly DriftReport[], category: string, options: SarifOptions): JsonObject {
  const findings = reports.flatMap((report) => report.findings);
  const kept =
    findings.length <= MOST_RESULTS
      ? findings
      : [...findings].sort((a, b) => LEVELS[levelOf(a)] - LEVELS[levelOf(b)]).slice(0, MOST_RESULTS);
  const left = findings.length - kept.length;
  const notifications = [
    ...reports.flatMap(({ unread }) => unread.map(unreadNotification)),
    ...reports.flatMap(({ diagnostics }) =>
      diagnostics.map(({ severity, summary, detail }) => notification(severity, [summary, detail])),
    ),
    ...(left === 0
      ? []
      : [notification('warning', [`${plural(left, 'finding')} more than SARIF can hold are left out`])]),
  ];
  return {
    tool: {
      driver: {
        name: 'Keyform',
        version: options.version,
        semanticVersion: options.version,
        rules: FINDING_KINDS.map(ruleJson),
        notifications: [
          { id: 'keyform/owner-unread', shortDescription: { text: 'The keys of an owner could not be read' } },
          { id: 'keyform/run', shortDescription: { text: 'Something of the run itself' } },
        ],
      },
    },
    automationDetails: { id: encodeURI(foreignLine(category)) },
    columnKind: 'utf16CodeUnits',
    invocations: [
      {
        executionSuccessful: !reports.some(isIncomplete),
        exitCode: exitCodeOf(reports),
        startTimeUtc: reports.map(({ at }) => at).sort()[0] ?? '1970-01-01T00:00:00Z',
        toolExecutionNotifications: notifications,
      },
    ],
    results: kept.map((finding) => resultJson(finding, options)),
  };
}

function ruleJson(kind: (typeof FINDING_KINDS)[number]): JsonObject {
  const { name, title, help, level } = RULES[kind];
  return {
    id: ruleId(kind),
    name,
    shortDescription: { text: title },
    fullDescription: { text: help },
    help: { text: help, markdown: help },
    defaultConfiguration: { level },
    properties: { precision: 'very-high', tags: ['access-keys', 'drift'] },
  };
}

function ruleId(kind: string): string {
  return `keyform/${kind}`;
}

function resultJson(finding: Finding, options: SarifOptions): JsonObject {
  const { kind, address, type, stack, keyId, owner, ignored, detail, remedy, summary } = finding;
  const text = [`${summary}.`, detail, finding.attributes.map(attributeText).join('; '), remedy]
    .filter((part) => part !== '')
    .join('\n');
  const fingerprint = fingerprintOf(finding);
  const place = finding.place ?? { file: options.fallback, path: [] };
  const subject = foreignLine(subjectOf(finding));
  return {
    ruleId: ruleId(kind),
    ruleIndex: FINDING_KINDS.indexOf(kind),
    level: levelOf(finding),
    message: { text: message(text) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(`${options.prefix}${place.file}`) },
          // GitHub refuses a location without a line.
          region: { startLine: (finding.place === null ? null : options.lineOf(place)) ?? 1 },
        },
        logicalLocations: [
          {
            name: subject,
            fullyQualifiedName: `${foreignLine(stack)}.${subject}`,
            kind: 'resource',
          },
        ],
      },
    ],
    partialFingerprints: {
      'keyform/v1': fingerprint,
      // By this one GitHub tells alerts apart. Left out, it would be made from the line, and several keys may share one.
      primaryLocationLineHash: `${fingerprint}:1`,
    },
    ...(ignored === null
      ? {}
      : {
          suppressions: [
            {
              kind: 'external',
              status: 'accepted',
              justification: foreignLine(`${ignored.reason} (${ignored.pattern}; until ${ignored.until})`),
            },
          ],
        }),
    properties: shown({
      stack,
      address,
      type,
      cloud: finding.cloud,
      owner,
      keyId,
      accessKeyId: finding.accessKeyId,
      name: finding.name,
      generation: finding.generation,
      at: finding.at,
      by: finding.by,
    }),
  };
}

/** An ignored finding is no more than a note: GitHub knows no suppressions and shows it too. */
function levelOf({ severity, ignored }: Finding): 'error' | 'warning' | 'note' {
  return ignored === null ? severity : 'note';
}

function unreadNotification({ stack, owner, type, provider, code, summary, detail }: UnreadOwner): JsonObject {
  return {
    ...notification('error', [`Stack ${stack}: ${owner} (${type}, ${provider}): ${summary}`, detail]),
    descriptor: { id: 'keyform/owner-unread' },
    properties: shown({ stack, owner, type, provider, code }),
  };
}

function notification(level: 'error' | 'warning', parts: readonly string[]): JsonObject {
  const text = parts.filter((part) => part !== '').join('\n');
  return { descriptor: { id: 'keyform/run' }, level, message: { text: message(text) } };
}

/**
 * Text for a message. SARIF makes a link of `[text](where)`, and a placeholder of `{0}`: neither is to come of a name that a stranger chose, so that
 * the first bracket is escaped as SARIF asks, and the digit is parted from its brace.
 */
function message(text: string): string {
  const whole = text
    .split('\n')
    .map((line) => foreignLine(line))
    .join('\n')
    .replaceAll(/\[(?=[^[\]]*\]\()/g, '\\[')
    .replaceAll(/\]\(/g, '\\](')
    .replaceAll(/\{(?=\d+\})/g, '{ ');
  return whole.length > LONGEST_MESSAGE ? `${whole.slice(0, LONGEST_MESSAGE - 1)}…` : whole;
}

/** A relative URI reference for a path with either kind of slash. */
function uriOf(path: string): string {
  return normalize(foreignLine(path.replaceAll('\\', '/')))
    .split('/')
    .map(encodeURIComponent)
    .join('/');
}

/** Properties, without those that are null, and with nothing in them that a terminal acts on. */
function shown(properties: Readonly<Record<string, Json>>): JsonObject {
  const entries = Object.entries(properties).filter(([, value]) => value !== null);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'string' ? foreignLine(value) : value]),
  );
}
