import fc from 'fast-check';
import { expect, it } from 'vitest';
import { reach, reverse, sortByNeed } from '../../src/core/graph.ts';

const node = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const graph = fc
  .array(fc.tuple(node, fc.uniqueArray(node, { maxLength: 3 })), { maxLength: 6 })
  .map((entries) => new Map(entries));

it('sorts by need, or shows a real cycle', () => {
  fc.assert(
    fc.property(graph, (edges) => {
      const sorted = sortByNeed(edges);
      if ('order' in sorted) {
        expect([...sorted.order].sort()).toEqual([...edges.keys()].sort());
        for (const [one, needs] of edges)
          for (const need of needs)
            if (edges.has(need)) expect(sorted.order.indexOf(need)).toBeLessThan(sorted.order.indexOf(one));
      } else {
        const { cycle } = sorted;
        expect(cycle.length).toBeGreaterThan(0);
        expect(new Set(cycle).size).toBe(cycle.length);
        for (const [index, one] of cycle.entries()) expect(edges.get(one)).toContain(cycle[(index + 1) % cycle.length]);
      }
    }),
  );
});

it('keeps the order of insertion among nodes that need nothing', () => {
  expect(
    sortByNeed(
      new Map([
        ['c', []],
        ['a', []],
        ['b', ['z']],
      ]),
    ),
  ).toEqual({ order: ['c', 'a', 'b'] });
});

it('sorts a chain of ten thousand without recursion', () => {
  const edges = new Map(Array.from({ length: 10_000 }, (_, i) => [`n${i}`, [`n${i + 1}`]] as const));
  const sorted = sortByNeed(edges);
  expect('order' in sorted && sorted.order[0]).toBe('n9999');
});

it('reaches and reverses', () => {
  const edges = new Map([
    ['a', ['b']],
    ['b', ['c']],
    ['c', ['b']],
    ['d', ['a']],
  ]);
  expect([...reach(edges, ['a'])].sort()).toEqual(['a', 'b', 'c']);
  expect([...reach(reverse(edges), ['a'])].sort()).toEqual(['a', 'd']);
});
