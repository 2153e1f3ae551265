import { type Node, parseTree } from 'jsonc-parser';

/**
 * Where things stand in a text, 1-based, by their place in the JSON document that it is. Where a path does not lead all the way, the nearest thing above
 * it; null where the text is no JSON document. The text is read once.
 */
export function linesOf(text: string): (path: readonly (string | number)[]) => number | null {
  const root = parseTree(text);
  if (root === undefined) return () => null;
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const properties = new Map<Node, ReadonlyMap<string, Node>>();
  return (path) => {
    let node = root;
    let offset = root.offset;
    for (const part of path) {
      if (node.type === 'object' && !properties.has(node)) properties.set(node, propertiesOf(node));
      const next = node.type === 'array' ? node.children?.[Number(part)] : properties.get(node)?.get(String(part));
      if (next === undefined) break;
      // A property's own line is that of its name: its value may begin further down.
      offset = next.offset;
      const value = next.type === 'property' ? next.children?.[1] : next;
      if (value === undefined) break;
      node = value;
    }
    return lineAt(starts, offset);
  };
}

/** The properties of an object by name; of a name that is there twice the first, as a reader meets it. */
function propertiesOf(object: Node): ReadonlyMap<string, Node> {
  const found = new Map<string, Node>();
  for (const property of object.children ?? []) {
    const name = property.children?.[0]?.value;
    if (typeof name === 'string' && !found.has(name)) found.set(name, property);
  }
  return found;
}

/** The number of the last line that starts at or before `offset`. */
function lineAt(starts: readonly number[], offset: number): number {
  let [low, high] = [0, starts.length];
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}
