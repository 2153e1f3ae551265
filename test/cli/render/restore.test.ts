import { describe, expect, test } from 'vitest';
import { style } from '../../../src/cli/render/color.ts';
import { renderRestoration } from '../../../src/cli/render/restore.ts';
import type { Restoration } from '../../../src/state/restore.ts';

const dated = (serial: number) => ({ serial, writtenAt: null, lineage: 'one' });

function shown(over: Partial<Restoration>): string {
  const restoration: Restoration = {
    from: dated(2),
    present: dated(6),
    unreadable: null,
    isNeeded: true,
    isAsItLies: false,
    changes: [],
    changesOutputs: false,
    carried: [],
    dropped: [],
    notes: [],
    commit: () => Promise.reject(new Error('not here')),
    cancel: () => Promise.resolve(),
    ...over,
  };
  return renderRestoration(restoration, 'main', style(false));
}

describe('what a restore does', () => {
  test('to a state whose keys are the same', () => {
    expect(shown({})).toBe(`Stack "main": snapshot 2 takes the place of snapshot 6.

Keys, secrets, outputs and open attempts are the same. What differs is what is written down beside them, as the order among keys, and the number: 2, not 6.
`);
  });

  test('when only outputs differ, no word of sameness is said', () => {
    expect(shown({ changesOutputs: true })).toBe(`Stack "main": snapshot 2 takes the place of snapshot 6.

What differs:
  ~ the outputs are those of then
`);
  });

  test('with the present snapshot itself', () => {
    expect(shown({ from: dated(6), isAsItLies: true })).toMatch(
      /^Stack "main": snapshot 6 is right as it lies there\.\n\nIt stays as it is\./,
    );
  });

  test('with another snapshot of the same number, which does not lie there', () => {
    expect(shown({ from: dated(6) })).toContain('snapshot 6 takes the place of snapshot 6.');
  });
});
