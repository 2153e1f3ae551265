import type { News, Open, Told } from '../../../core/drift/news.ts';
import { counts, type DriftReport, type UnreadOwner } from '../../../core/drift/report.ts';
import type { JsonObject } from '../../../core/json.ts';
import { RULES } from './rule.ts';
import { countedIn, foreignLine, plural, subjectOf } from './words.ts';

/** Why a run failed before it could report. */
export interface Failure {
  readonly summary: string;
  readonly detail: string;
}

/** Lines of the text; Slack folds longer messages away, and refuses very long ones. */
const LINES = 20;
/** Findings of each kind of list that are told one by one; the others are counted. */
const LISTED = 500;

/**
 * The body of a webhook's post: news for programs, and `text` for people in the way that Slack, and what takes Slack's posts, shows it.
 * `at`: RFC 3339, when it is sent.
 */
export function newsBody({
  news,
  reports,
  failure,
  at,
}: {
  readonly news: News;
  readonly reports: readonly DriftReport[];
  readonly failure: Failure | null;
  readonly at: string;
}): JsonObject {
  const { fresh, unread, resolved } = news;
  return {
    format_version: '1.0',
    event: 'drift',
    at,
    text: textOf(news, reports, failure),
    new: fresh.slice(0, LISTED).map(openJson),
    new_count: fresh.length,
    resolved: resolved.slice(0, LISTED).map(toldJson),
    resolved_count: resolved.length,
    unread: unread.slice(0, LISTED).map(({ fingerprint, owner }) => ({ fingerprint, ...unreadJson(owner) })),
    unread_count: unread.length,
    failure: failure === null ? null : { summary: failure.summary, detail: failure.detail },
    stacks: reports.map(({ stack, at: looked, findings, coverage, unread: silent }) => ({
      stack,
      at: looked,
      findings: findings.filter(counts).length,
      unread: silent.length,
      coverage: { managed: coverage.managed, total: coverage.total, ratio: coverage.ratio },
    })),
  };
}

function openJson({ fingerprint, finding }: Open): JsonObject {
  const { kind, severity, stack, address, type, cloud, provider, owner, keyId, accessKeyId, generation, name } =
    finding;
  return {
    fingerprint,
    kind,
    severity,
    stack,
    address,
    type,
    cloud,
    provider,
    owner,
    key_id: keyId,
    access_key_id: accessKeyId,
    generation,
    name,
    summary: finding.summary,
    detail: finding.detail,
    remedy: finding.remedy,
    at: finding.at,
    by: finding.by,
  };
}

function toldJson({ fingerprint, kind, stack, address, type, provider, owner, keyId, summary }: Told): JsonObject {
  return { fingerprint, kind, stack, address, type, provider, owner, key_id: keyId, summary };
}

function unreadJson({ stack, owner, type, provider, code, summary, detail }: UnreadOwner): JsonObject {
  return { stack, owner, type, provider, code, summary, detail };
}

function textOf({ fresh, unread, resolved }: News, reports: readonly DriftReport[], failure: Failure | null): string {
  const parts = [
    ...(fresh.length === 0 ? [] : [`${fresh.length} new`]),
    ...(unread.length === 0 ? [] : [`${plural(unread.length, 'owner')} could not be read`]),
    ...(resolved.length === 0 ? [] : [`${resolved.length} resolved`]),
  ];
  const head =
    failure !== null
      ? `Keyform could not look for drift: ${foreign(failure.summary)}`
      : `Keyform drift: ${parts.length === 0 ? 'looks again' : parts.join(', ')}; ${plural(countedIn(reports), 'finding')} now.`;
  const lines = [
    ...fresh.map(
      ({ finding }) =>
        `• ${finding.severity}: ${RULES[finding.kind].title}: ${foreign(subjectOf(finding))} (stack ${foreign(finding.stack)}, ${foreign(finding.owner)})`,
    ),
    ...unread.map(
      ({ owner }) => `• unread: ${foreign(owner.owner)} (stack ${foreign(owner.stack)}): ${foreign(owner.summary)}`,
    ),
    ...resolved.map(
      (one) =>
        `• resolved: ${one.kind}: ${foreign(one.address ?? (one.keyId || one.owner))} (stack ${foreign(one.stack)})`,
    ),
  ];
  const more = lines.length - LINES;
  return [head, ...lines.slice(0, LINES), ...(more > 0 ? [`… and ${more} more.`] : [])].join('\n');
}

/**
 * Text of foreign origin as Slack's code: nothing in it is a mention, a link or a format. Slack knows three entities and no way to write a backtick inside code.
 */
function foreign(text: string): string {
  const one = foreignLine(text, 200).replaceAll('`', "'");
  return `\`${one.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}\``;
}
