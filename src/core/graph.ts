/** Edges of a directed graph: each node with the nodes that must come before it. */
export type Edges<T extends string = string> = ReadonlyMap<T, Iterable<T>>;

/**
 * The nodes in an order in which each comes after those it needs; ties keep the order of insertion. Returns the cycle
 * instead (its nodes in order, the first one not repeated) when there is one. Nodes that appear only as needed are ignored.
 */
export function sortByNeed<T extends string>(edges: Edges<T>): { order: T[] } | { cycle: T[] } {
  const order: T[] = [];
  const state = new Map<T, 'open' | 'done'>();
  for (const start of edges.keys()) {
    if (state.has(start)) continue;
    // An explicit stack: a chain of ten thousand needs must not overflow the call stack.
    const path: { node: T; needs: Iterator<T> }[] = [{ node: start, needs: needsOf(edges, start) }];
    state.set(start, 'open');
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.needs.next();
      if (next.done === true) {
        state.set(top.node, 'done');
        order.push(top.node);
        path.pop();
        continue;
      }
      const need = next.value;
      if (!edges.has(need) || state.get(need) === 'done') continue;
      if (state.get(need) === 'open') {
        const nodes = path.map((entry) => entry.node);
        return { cycle: nodes.slice(nodes.indexOf(need)) };
      }
      state.set(need, 'open');
      path.push({ node: need, needs: needsOf(edges, need) });
    }
  }
  return { order };
}

function needsOf<T extends string>(edges: Edges<T>, node: T): Iterator<T> {
  return (edges.get(node) ?? [])[Symbol.iterator]();
}

/** All nodes reachable from `starts` along `edges`, the starts included. */
export function reach<T extends string>(edges: Edges<T>, starts: Iterable<T>): Set<T> {
  const seen = new Set<T>(starts);
  for (const node of seen) for (const next of edges.get(node) ?? []) seen.add(next);
  return seen;
}

/** The same edges the other way round. */
export function reverse<T extends string>(edges: Edges<T>): Map<T, Set<T>> {
  const reversed = new Map<T, Set<T>>();
  for (const [node, needs] of edges) {
    for (const need of needs) {
      const set = reversed.get(need);
      if (set === undefined) reversed.set(need, new Set([node]));
      else set.add(node);
    }
  }
  return reversed;
}
