import type { CaseResult, Result } from './cases.ts';
import type { Kill } from './kills.ts';
import { OPERATIONS } from './operation.ts';
import { TYPES } from './scene.ts';

/** How many were tried, how many converged, and of the rest what became of them. */
export function tally(results: readonly Result[]): string {
  const count = (outcome: Result['outcome']) => results.filter((result) => result.outcome === outcome).length;
  const bad = (['lost', 'untidy', 'missed'] as const).filter((outcome) => count(outcome) > 0);
  const words = [`${results.length} tried`, `${count('converged')} converged`];
  return [...words, ...(bad.length === 0 ? ['none lost'] : bad.map((outcome) => `${count(outcome)} ${outcome}`))].join(
    ', ',
  );
}

/** A cell: `12`, all of which converged; or `11/12`, of which one did not. */
function cell(results: readonly Result[]): string {
  if (results.length === 0) return '–';
  const converged = results.filter(({ outcome }) => outcome === 'converged').length;
  return converged === results.length ? String(converged) : `${converged}/${results.length}`;
}

/** Operations by types of keys, as a table in Markdown. */
export function byType(results: readonly CaseResult[]): string {
  return table(
    ['', ...OPERATIONS, 'all'],
    [...[...TYPES.keys()].toSorted(), null].map((type) => {
      const row = results.filter((result) => type === null || result.type === type);
      const cells = OPERATIONS.map((operation) => cell(row.filter((result) => result.operation === operation)));
      return [type ?? 'all', ...cells, cell(row)];
    }),
  );
}

/** Points by operations, all types together; actions of the clouds as what they are to Keyform. */
export function byPoint(results: readonly CaseResult[]): string {
  const nameOf = ({ point }: CaseResult) =>
    point
      .replace(/#\d+$/, '')
      .replace(/(request|answer) \S+ (\S+)$/, (_, verb: string, action: string) => `${verb}: ${kindOf(action)}`);
  const names = [...new Set(results.map(nameOf))];
  return table(
    ['', ...OPERATIONS, 'all'],
    names
      .toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
      .map((name) => {
        const row = results.filter((result) => nameOf(result) === name);
        const cells = OPERATIONS.map((operation) => cell(row.filter((result) => result.operation === operation)));
        return [name, ...cells, cell(row)];
      }),
  );
}

/** What an action of a cloud does, by the first word of its name. */
function kindOf(action: string): string {
  if (/token/i.test(action)) return 'token';
  const verb = /^[A-Z][a-z]+/.exec(action)?.[0] ?? action;
  return /^(Get|List|Read|Describe)$/.test(verb) ? 'read' : verb.toLowerCase();
}

/** By what it is about, then before and after. */
function order(name: string): string {
  const [when = '', verb = '', ...what] = name.split(' ');
  return [verb.endsWith(':') ? '1' : '0', what.join(' '), verb, when === 'before' ? '0' : '1'].join(' ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map((_, index) => (index === 0 ? '---' : '---:')), ...rows];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** One line about something that did not end well, and how to see it again. */
export function complaint(result: CaseResult | Kill): string {
  const what =
    'point' in result
      ? `${result.operation} of ${result.type}, killed ${result.point}`
      : `life ${result.life}, round ${result.round}, killed ${result.moment}`;
  return `${result.outcome}: ${what}\n  ${result.problems.join('\n').replaceAll('\n', '\n  ')}`;
}
