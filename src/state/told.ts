import { isObject } from '../core/json.ts';
import type { State } from '../core/state.ts';
import type { HistoryAnchor } from './history.ts';
import { keysOf } from './merge.ts';

/** What the lines of a history behind `anchor` say, each in words. Nothing vouches for them. */
export function linesAfter(history: Buffer | null, anchor: HistoryAnchor): string[] {
  if (history === null) return [];
  return parseLines(history.subarray(anchor.bytes).toString('utf8').split('\n').slice(0, -1)).map(words);
}

/**
 * What the lines of `beyond` tell, each in words, from where they differ from those of `known`, which follow from journals: facts that went past
 * the journal, but for keys that `state` has by now, or has no more. Each fact that brings a secret has a line, and lines are on the
 * disk before their snapshot.
 */
export function besides(beyond: Buffer, known: Buffer, state: State): string[] {
  const lines = known.toString('utf8').split('\n');
  const told = beyond.toString('utf8').split('\n').slice(0, -1);
  const first = told.findIndex((line, at) => line !== lines[at]);
  if (first === -1) return [];
  return parseLines(told.slice(first))
    .filter((line) => !isInState(state, line))
    .map(words);
}

type Line = Readonly<Record<string, unknown>>;

function parseLines(lines: readonly string[]): Line[] {
  return lines.flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return isObject(value) ? [value] : [];
    } catch {
      return []; // Not a line: it tells nothing.
    }
  });
}

function words({ action, address, key }: Line): string {
  const parts = [action, address, ...(typeof key === 'string' ? [`(key ${key})`] : [])];
  return parts.filter((part) => typeof part === 'string').join(' ');
}

/** Whether what the line tells of a key's coming or going, or of its new secret, is so in `state`. Ids are unique within a type and scope only. */
function isInState(state: State, { action, address, key, generation }: Line): boolean {
  const resource = typeof address === 'string' ? state.resources.get(address) : undefined;
  const held = keysOf(resource).find(({ id }) => id === key);
  const isHeld = held !== undefined;
  if (action === 'deleted' || action === 'forgotten') return !isHeld;
  // Under the same id: only the number tells whose secret it is.
  if (action === 'regenerated') return typeof generation === 'number' && (held?.number ?? 0) >= generation;
  return (action === 'created' || action === 'adopted') && isHeld;
}
