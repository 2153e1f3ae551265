import type { HistoryLine } from '../../state/history.ts';
import type { Style } from './color.ts';
import { plain } from './quote.ts';

/** A history for people: one line for each entry, in columns. What the file says comes from anybody who can write it. */
export function renderHistory(lines: readonly HistoryLine[], style: Style): string {
  const rows = lines.map((line) => ({
    columns: [line.at ?? '(time not known)', line.by ?? '(not known)', line.operation ?? '-', line.action].map(plain),
    rest: plain(subject(line)),
    line,
  }));
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map(({ columns }) => columns[column]?.length ?? 0)));
  return rows
    .map(({ columns, rest, line }) => {
      const padded = columns.map((text, column) => text.padEnd(widths[column] ?? 0));
      return `${[...padded.slice(0, 3), color(line, style)(padded[3] ?? ''), rest].join('  ')}\n`;
    })
    .join('');
}

function subject({ address, key, generation, changed, reason }: HistoryLine): string {
  const number = generation === null ? '' : ` (generation ${generation})`;
  const parts = [
    ...(address === null ? [] : [address]),
    ...(key === null ? [] : [`key ${key}${number}`]),
    ...(changed.length === 0 ? [] : [`changed ${changed.join(', ')}`]),
    ...(reason === null ? [] : [reason]),
  ];
  return parts.join(': ');
}

function color({ action }: HistoryLine, style: Style): (text: string) => string {
  if (action === 'created' || action === 'adopted') return style.green;
  if (action === 'deleted' || action === 'forgotten' || action === 'history-lost') return style.red;
  return action === 'updated' || action === 'restored' ? style.yellow : (text) => text;
}
