import fc from 'fast-check';
import { expect, it } from 'vitest';
import { clustersOf } from '../../../src/core/function/cluster.ts';

/** Each is a cluster, and none of them merges with another. */
const CLUSTERS = ['a', 'é', 'e\u0301', '日', '👩', '👩‍👩‍👧', '👍🏽', '🇵🇱', '\r\n', 'ष्', '각'];

it('cuts long texts, which are segmented in pieces, as it cuts short ones', () => {
  const clusters = fc.array(fc.constantFrom(...CLUSTERS), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.integer({ min: 1000, max: 1040 }), clusters, clusters, (before, around, after) => {
      const expected = [...Array<string>(before).fill('x'), ...around, ...Array<string>(300).fill('日'), ...after];
      expect(clustersOf(expected.join(''))).toEqual(expected);
    }),
  );
});

it('keeps flags paired and clusters whole that are longer than a piece', () => {
  expect(clustersOf('🇵'.repeat(2001))).toEqual([...Array<string>(1000).fill('🇵🇵'), '🇵']);
  const long = `e${'\u0301'.repeat(5000)}`;
  expect(clustersOf(`a${long}b`)).toEqual(['a', long, 'b']);
  expect(clustersOf('ष्'.repeat(2000))).toEqual(Array<string>(2000).fill('ष्'));
});
