import { type Diagnostic, formatPath } from '../../core/diagnostic.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Style } from './color.ts';
import { plain } from './quote.ts';

/** Columns of a message, its bar included. A fixed number keeps messages equal wherever they are read. */
const WIDTH = 80;

/**
 * Diagnostics in Terraform's shape, one box each, with a line break at the end of each; empty for none. Detail is wrapped
 * at word ends, except for lines that begin with a space: those are commands and lists, to be copied.
 */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], style: Style): string {
  return diagnostics.map((diagnostic) => `${box(diagnostic, style)}\n`).join('');
}

function box(diagnostic: Diagnostic, style: Style): string {
  const { severity, summary, detail, address, place } = diagnostic;
  const color = severity === 'error' ? style.red : style.yellow;
  const title = `${style.bold(color(severity === 'error' ? 'Error: ' : 'Warning: '))}${style.bold(plain(summary))}`;
  const where = [
    ...(address === undefined ? [] : [`with ${plain(address)}`]),
    ...(place === undefined ? [] : [`on ${placeText(place)}`]),
  ];
  const lines = [
    title,
    ...(where.length === 0 ? [] : ['', ...where.map((text, i) => `  ${text}${i < where.length - 1 ? ',' : ':'}`)]),
    ...(detail === '' ? [] : ['', ...detail.split('\n').flatMap((line) => wrap(plain(line), WIDTH - 2))]),
  ];
  const bar = color('│');
  return [color('╷'), ...lines.map((line) => (line === '' ? bar : `${bar} ${line}`)), color('╵')].join('\n');
}

function placeText(place: NonNullable<Diagnostic['place']>): string {
  const path = formatPath(place.path);
  return [
    plain(place.file),
    ...(path === '' ? [] : [`at ${plain(path)}`]),
    ...(place.column === undefined ? [] : [`column ${place.column}`]),
  ].join(', ');
}

/** Breaks a line at spaces so that no part is longer than `width`, where words allow. */
export function wrap(line: string, width: number): string[] {
  if (line.length <= width || line.startsWith(' ')) return [line];
  const lines: string[] = [];
  let current = '';
  for (const word of line.trimEnd().split(' ')) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else current = current === '' ? word : `${current} ${word}`;
  }
  lines.push(current);
  return lines;
}

/** A diagnostic for programs, in Terraform's form; `place` stands where Terraform has a byte range. */
export function diagnosticJson(diagnostic: Diagnostic): JsonObject {
  const { severity, summary, detail, address, place } = diagnostic;
  return {
    severity,
    summary,
    detail,
    ...(address === undefined ? {} : { address }),
    ...(place === undefined
      ? {}
      : {
          place: {
            filename: place.file,
            path: formatPath(place.path),
            ...(place.column === undefined ? {} : { column: place.column }),
          },
        }),
  };
}
