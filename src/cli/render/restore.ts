import type { KeyChange } from '../../state/difference.ts';
import type { Dated, Restoration } from '../../state/restore.ts';
import type { Style } from './color.ts';
import { plain } from './quote.ts';

/** What a snapshot that is put in the place of a state does to it; no secret. */
export function renderRestoration(restoration: Restoration, stack: string, style: Style): string {
  const { present, unreadable, changes, changesOutputs, carried, dropped } = restoration;
  const lines = [
    ...changes.map((change) => line(change, style)),
    ...(changesOutputs ? [`  ${style.yellow('~')} the outputs are those of then`] : []),
    ...carried.map(
      ({ operation, address, at }) =>
        `  ${style.yellow('?')} ${address}: the ${operation} begun ${at} has no recorded result, and stays open`,
    ),
    ...dropped.map(
      ({ operation, address, at }) =>
        `  ${style.red('-')} ${address}: the ${operation} begun ${at}, which has no recorded result, is forgotten`,
    ),
  ];
  const same = lines.length === 0;
  const what = `Stack "${stack}": ${title(restoration)}.`;
  const why = unreadable === null ? [] : [`It cannot be read: ${plain(unreadable.message)}.`];
  const head =
    present === null ? (same ? 'It holds no keys.' : 'It holds:') : same ? sameness(restoration) : 'What differs:';
  return [style.bold(what), ...why, '', head, ...lines, ''].join('\n');
}

/** Keys, secrets, attempts and outputs are the same, and yet there is something to write. */
function sameness({ from, present, isAsItLies }: Restoration): string {
  if (isAsItLies) {
    return 'It stays as it is. It gets a number above all that this machine remembers of this state, so that it counts as the newest.';
  }
  const number =
    present === null || present.serial === from.serial ? '' : `, and the number: ${from.serial}, not ${present.serial}`;
  return `Keys, secrets, outputs and open attempts are the same. What differs is what is written down beside them, as the order among keys${number}.`;
}

function title({ from, present, unreadable, isAsItLies }: Restoration): string {
  if (present === null)
    return `${dated(from)} ${unreadable === null ? 'becomes the state' : 'takes the place of the state'}`;
  // Nothing but the memory of this machine says that it is not right.
  if (isAsItLies) return `${dated(from)} is right as it lies there`;
  return `${dated(from)} takes the place of ${dated(present)}`;
}

function dated({ serial, writtenAt }: Dated): string {
  return `snapshot ${serial}${writtenAt === null ? '' : ` of ${writtenAt}`}`;
}

function line({ kind, address, from, key, generation, details }: KeyChange, style: Style): string {
  const subject = `${address}: key ${plain(key)} (generation ${generation})`;
  const more = details.length === 0 ? '' : `, ${details.join(', ')}`;
  if (kind === 'forgotten') return `  ${style.red('-')} ${subject} is forgotten; it stays at its cloud`;
  if (kind === 'returns') return `  ${style.green('+')} ${subject}${more}`;
  if (kind === 'moved') return `  ${style.yellow('~')} ${subject} moves here from ${from}${more}`;
  return `  ${style.yellow('~')} ${subject} ${details.join(', ')}`;
}
