import { type Body, placeIn, type Report, type Written, writtenIn } from './block.ts';

/** How often a block stands: once, or as often as an expression says. */
export type Repetition = { readonly kind: 'once' } | { readonly kind: 'count' | 'for_each'; readonly written: Written };

export const ONCE: Repetition = { kind: 'once' };

/** Reads `count` or `for_each` of a block. Problems are reported. */
export function readRepetition(body: Body, report: Report, address?: string): Repetition {
  const count = writtenIn(body, 'count', report);
  const each = writtenIn(body, 'for_each', report);
  if (count !== null && each !== null) {
    report.error(
      placeIn(body, 'for_each'),
      'Invalid combination of "count" and "for_each"',
      'The "count" and "for_each" meta-arguments are mutually exclusive: use one of them.',
      address,
    );
  }
  if (each !== null) return { kind: 'for_each', written: each };
  return count === null ? ONCE : { kind: 'count', written: count };
}
