import { blockAddress, withoutKey } from '../address.ts';

/**
 * What instances need, as a graph of addresses. A need is an instance, or a block (an address without its last key, or without any) for
 * all its instances: such a block is a node of its own, which needs each of them, so that a thousand who need a thousand are two thousand
 * edges and not a million.
 */
export function needsGraph(
  instances: Iterable<string>,
  needsOf: (address: string) => Iterable<string>,
): ReadonlyMap<string, readonly string[]> {
  const graph = new Map<string, string[]>();
  const all = [...instances];
  for (const address of all) graph.set(address, [...needsOf(address)]);
  for (const address of all) {
    const groups = new Set([withoutKey(address), blockAddress(address)]);
    groups.delete(address);
    for (const group of groups) {
      const members = graph.get(group);
      if (members === undefined) graph.set(group, [address]);
      else members.push(address);
    }
  }
  return graph;
}
