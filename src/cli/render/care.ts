import { relative } from 'node:path';
import type { RepairPlan } from '../../state/draft.ts';
import type { Inspection, Verdict } from '../../state/inspect.ts';
import type { Style } from './color.ts';
import { wrap } from './diagnostic.ts';
import { plain } from './quote.ts';

const WIDTH = 80;
const COLUMN = 8;

/** What looking at a state found, a paragraph for each finding. Paths are shown as from `folder`. */
export function renderInspection(inspection: Inspection, folder: string, style: Style): string {
  return inspection.findings
    .map(({ file, verdict, what, detail }) => {
      const lines = [...wrap(shorten(what, folder), WIDTH - COLUMN), ...detailLines(shorten(detail, folder))];
      return [
        `${mark(verdict, style)}${shorten(file, folder)}`,
        ...lines.map((line) => `${' '.repeat(COLUMN)}${line}`),
        '',
      ].join('\n');
    })
    .join('');
}

function detailLines(detail: string): string[] {
  return detail === '' ? [] : detail.split('\n').flatMap((line) => wrap(line, WIDTH - COLUMN));
}

function mark(verdict: Verdict, style: Style): string {
  const color = verdict === 'ok' ? style.green : verdict === 'note' ? style.yellow : style.red;
  return `${color(verdict)}${' '.repeat(COLUMN - verdict.length)}`;
}

/** What a repair does, loses and leaves; empty when there is nothing to say. */
export function renderRepair(plan: RepairPlan, folder: string, style: Style): string {
  const { steps, losses, advice, blocked } = plan;
  const parts = [
    ...(blocked === null
      ? []
      : [
          [
            style.bold('It cannot be repaired from what is here:'),
            ...item(`${blocked.what}.`),
            ...item(blocked.detail),
          ],
        ]),
    list('keyform state repair does this:', steps),
    list('Lost, as far as it can be told:', losses),
    list('For you to see to:', advice),
  ].filter((part) => part.length > 0);
  return parts.map((part) => `${part.join('\n')}\n`).join('\n');

  function list(title: string, texts: readonly string[]): string[] {
    return texts.length === 0 ? [] : [style.bold(title), ...texts.flatMap(item)];
  }

  function item(text: string): string[] {
    return wrap(shorten(text, folder), WIDTH - 4).map((line, index) => `${index === 0 ? '  - ' : '    '}${line}`);
  }
}

/** Names and ids come from files that anybody may have written. */
function shorten(text: string, folder: string): string {
  const short = text.replaceAll(`${folder}/`, '');
  return short.split('\n').map(plain).join('\n');
}

/** A finding's path for programs: as from `folder`, if it lies in it. */
export function pathFrom(folder: string, path: string): string {
  const way = relative(folder, path);
  return way === '' || way.startsWith('..') ? path : way;
}
