import type { Plan, Upcoming } from '../../core/plan/plan.ts';
import type { Style } from './color.ts';
import { plain } from './quote.ts';

/** How many are listed; the others are counted. */
const LISTED = 5;

const WORDS: Readonly<Record<Upcoming['kind'], string>> = {
  rotate: 'is rotated',
  disable: 'old key is disabled',
  delete: 'old key is deleted',
};

/** What rotation will do later, the next first; nothing when nothing is foreseen. */
export function upcomingNote({ upcoming }: Pick<Plan, 'upcoming'>, style: Style): string[] {
  if (upcoming.length === 0) return [];
  const lines = upcoming.slice(0, LISTED).map(({ at, address, kind, keyId, why }) => {
    const key = kind === 'rotate' ? '' : ` (${plain(keyId)})`;
    return `  ${at.slice(0, 16)}Z  ${address}: ${WORDS[kind]}${key}, because ${plain(why)}`;
  });
  const rest = upcoming.length - lines.length;
  return [
    [
      style.bold('Note: upcoming rotations and retirements, not before:'),
      ...lines,
      ...(rest === 0 ? [] : [`  … and ${rest} more, the last at ${upcoming.at(-1)?.at.slice(0, 16)}Z`]),
    ].join('\n'),
  ];
}
