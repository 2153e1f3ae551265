import { type Diagnostic, mergeDiagnostics } from '../../core/diagnostic.ts';
import { hasChanges, type Plan, type ResourceChange, type Upcoming } from '../../core/plan/plan.ts';
import { style } from './color.ts';
import { code, fenced } from './drift/markdown.ts';
import { plural } from './drift/words.ts';
import { coverageLine, unmanagedLine } from './drift.ts';
import { fateOf, renderPlan, renderSummary } from './plan.ts';

/** Most characters of a comment: GitHub's API answers 422 to a body of more than 65,536; what a workflow adds has room in between. */
export const GITHUB_LIMIT = 65_000;

/** Most characters of a note: GitLab's documentation, "Size of comments and descriptions of issues, merge requests, and epics". */
export const GITLAB_LIMIT = 1_000_000;

/** Rows of a table, tried one after the other until all is short enough. */
const ROWS = [300, 100, 30, 10, 3, 0];

/** Least room for the whole text of a plan: below that it is left out. */
const LEAST_TEXT = 500;

const PLAIN = style(false);

/**
 * The hidden first line by which a workflow finds the comment that it wrote before. `of`: the stacks as the command line named them, so that
 * one more stack behind a `*` is no other comment.
 */
export function planMarker(of: readonly string[]): string {
  // Two dashes would end an HTML comment, and a marker is one line.
  const names = of.map((name) => name.replaceAll(/[^A-Za-z0-9_.*-]/g, '_').replaceAll('--', '-_'));
  return `<!-- keyform-plan:${names.join(',')} -->`;
}

/**
 * Plans in Markdown as GitHub and GitLab show it: for a comment or a job's summary. At most `limit` characters: the text of the plan is cut first,
 * then rows of the tables are left out and counted. What is not Keyform's own stands in code, where neither Markdown, HTML,
 * mentions nor references have a meaning. Shows no part of a sensitive value. `of`: see {@link planMarker}.
 */
export function planMarkdown(plans: readonly Plan[], of: readonly string[], limit: number): string {
  const marker = planMarker(of);
  for (const rows of ROWS) {
    const heads = plans.map((plan) => head(plan, rows));
    const fixed = [marker, ...heads].join('\n\n').length + 200 * plans.length;
    if (fixed > limit && rows > 0) continue;
    const room = Math.floor((limit - fixed) / Math.max(1, plans.length));
    const parts = plans.flatMap((plan, index) => [heads[index] ?? '', ...wholeText(plan, room)]);
    const text = `${[marker, ...parts].join('\n\n')}\n`;
    if (text.length <= limit) return text;
  }
  // So many stacks that a few lines for each are too much.
  const counts = plans.map((plan) => `- ${code(plan.stack)}: ${summary(plan)}`);
  const text = [marker, '## Keyform plan', counts.join('\n')].join('\n\n');
  if (text.length <= limit) return `${text}\n`;
  return `${text.slice(0, text.lastIndexOf('\n', limit - 100))}\n\nThe rest is left out.\n`;
}

/** What stands in a plan's place where there is none: the errors, with the same marker. At most `limit` characters. */
export function failureMarkdown(diagnostics: readonly Diagnostic[], of: readonly string[], limit: number): string {
  const marker = planMarker(of.length > 0 ? of : ['*']);
  const title = '## ❌ Keyform plan: there is none';
  for (const rows of ROWS) {
    const text = `${[marker, title, ...diagnosticBlocks(diagnostics, rows)].join('\n\n')}\n`;
    if (text.length <= limit) return text;
  }
  return `${marker}\n\n${title}\n\nThe errors are too long to be shown here. The job's log has them.\n`;
}

function head(plan: Plan, rows: number): string {
  const errors = plan.diagnostics.filter(({ severity }) => severity === 'error').length;
  const sign = errors > 0 ? '❌' : hasChanges(plan) ? '📝' : '✅';
  return [
    `## ${sign} Keyform plan: ${code(plan.stack)}`,
    `**${summary(plan)}**`,
    ...(plan.blocked ? ['**This plan cannot be applied:** see the errors.'] : []),
    ...diagnosticBlocks(plan.diagnostics, rows),
    ...changeTable(plan, rows),
    ...driftTable(plan, rows),
    ...upcomingTable(plan.upcoming ?? [], rows),
    ...unmanagedList(plan, rows),
    ...coverageLine(plan),
  ].join('\n\n');
}

function summary(plan: Plan): string {
  return renderSummary(plan, PLAIN);
}

/** The plan as the terminal shows it, folded away, cut to `room` characters. */
function wholeText(plan: Plan, room: number): string[] {
  const lines = renderPlan(plan, PLAIN).trimEnd().split('\n');
  const shown: string[] = [];
  let length = 0;
  for (const line of lines) {
    // A line of foreign text may grow where a character of it is written as an escape; a code block's fence may grow as well.
    length += fenced([line]).length - 2 * '```'.length - 'text'.length;
    if (length > room) break;
    shown.push(line);
  }
  const left = lines.length - shown.length;
  if (left > 0 && room < LEAST_TEXT)
    return [`The whole plan is too long to be shown here: ${plural(lines.length, 'line')}. The job's log has it.`];
  return [
    '<details><summary>The whole plan</summary>',
    fenced(shown.map((line) => (line === '' ? ' ' : line))),
    ...(left === 0 ? [] : [`${plural(left, 'more line')} did not fit in here. The job's log has them all.`]),
    '</details>',
  ];
}

function diagnosticBlocks(diagnostics: readonly Diagnostic[], rows: number): string[] {
  const all = mergeDiagnostics(diagnostics);
  const shown = all.slice(0, Math.max(rows, 1));
  return [
    ...shown.map(({ severity, summary, detail, address }) =>
      fenced([
        `${severity === 'error' ? 'Error' : 'Warning'}: ${summary}`,
        ...(address === undefined ? [] : [`  with ${address}`]),
        // One message must not take the room of all others.
        detail.length > 2000 ? `${detail.slice(0, 1999)}…` : detail,
      ]),
    ),
    ...more(all.length - shown.length, 'diagnostic'),
  ];
}

function changeTable(plan: Plan, rows: number): string[] {
  const changes = plan.changes.filter(
    ({ actions, previousAddress, importing }) =>
      actions[0] !== 'no-op' || previousAddress !== null || importing !== null,
  );
  const other = plan.steps.filter(({ kind }) => kind === 'recover' || kind === 'adopt' || kind === 'run');
  const lines = [
    ...changes.map((change) => row([code(nameOf(change)), action(change), reasonOf(change), owner(change.ownerLabel)])),
    ...other.map(({ address, kind, keyId }) =>
      row([code(address), OTHER[kind] ?? kind, keyId === null ? '' : code(keyId), '']),
    ),
  ];
  return table(['Address', 'Action', 'Because', 'Owner'], lines, rows, 'change');
}

const OTHER: Readonly<Record<string, string>> = {
  recover: 'orphan is destroyed',
  adopt: 'orphan is recovered',
  run: 'commands are run',
};

function nameOf({ address, deposed }: ResourceChange): string {
  return deposed === null ? address : `${address} (deposed key ${deposed})`;
}

function action(change: ResourceChange): string {
  const from = [
    ...(change.previousAddress === null ? [] : [`moved from ${code(change.previousAddress)}`]),
    ...(change.importing === null ? [] : [`import of ${code(change.importing)}`]),
  ];
  return [...from, ...(change.actions[0] === 'no-op' ? [] : [fateOf(change)])].join('; ');
}

function reasonOf({ reasons }: ResourceChange): string {
  return reasons.map(code).join('; ');
}

function owner(label: string | null): string {
  return label === null ? '' : code(label);
}

function driftTable(plan: Plan, rows: number): string[] {
  const lines = plan.drift.map(({ address, deposed, kind, keyId, changed }) =>
    row([
      code(deposed === null ? address : `${address} (deposed key)`),
      code(keyId),
      kind === 'gone' ? 'has been deleted' : `has changed: ${changed.map(code).join(', ')}`,
    ]),
  );
  return titled('Changed outside of Keyform', table(['Address', 'Key', 'What'], lines, rows, 'key'));
}

const MOVES: Readonly<Record<Upcoming['kind'], string>> = {
  rotate: 'is rotated',
  disable: 'old key is disabled',
  delete: 'old key is deleted',
};

function upcomingTable(upcoming: readonly Upcoming[], rows: number): string[] {
  // What comes first matters most, and a stack of many keys foresees something for each.
  const shown = Math.min(rows, 20);
  const lines = upcoming.map(({ at, address, kind, keyId, why }) =>
    row([code(`${at.slice(0, 16).replace('T', ' ')} UTC`), code(address), MOVES[kind], code(keyId), code(why)]),
  );
  return titled('Upcoming, not before', table(['When', 'Address', 'What', 'Key', 'Because'], lines, shown, 'move'));
}

function unmanagedList(plan: Plan, rows: number): string[] {
  const keys = plan.unmanaged.filter(({ self }) => !self);
  if (keys.length === 0) return [];
  const shown = keys.slice(0, rows);
  return [
    `<details><summary>${plural(keys.length, 'key')} of these owners not managed by this stack</summary>`,
    ...(shown.length === 0 ? [] : [fenced(shown.map(unmanagedLine))]),
    ...more(keys.length - shown.length, 'key'),
    '</details>',
  ];
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function table(titles: readonly string[], lines: readonly string[], rows: number, noun: string): string[] {
  if (lines.length === 0) return [];
  const shown = lines.slice(0, rows);
  return [
    ...(shown.length === 0 ? [] : [[row(titles), row(titles.map(() => '---')), ...shown].join('\n')]),
    ...more(lines.length - shown.length, noun),
  ];
}

function titled(title: string, blocks: readonly string[]): string[] {
  return blocks.length === 0 ? [] : [`### ${title}`, ...blocks];
}

function more(count: number, noun: string): string[] {
  return count === 0 ? [] : [`… and ${plural(count, `more ${noun}`)}.`];
}
