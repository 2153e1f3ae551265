import type { Configuration } from '../../core/configuration/stack.ts';
import type { Wiring } from '../../core/configuration/wiring.ts';

/** The blocks of a stack and what each of them needs, without the needs that follow from others. */
export interface Drawing {
  /** By the path of the module that declares them, the root's being empty: addresses of blocks. */
  readonly modules: ReadonlyMap<string, readonly string[]>;
  readonly edges: readonly (readonly [from: string, to: string])[];
}

/** What there is to draw of a stack. */
export function drawingOf({ resources, data }: Configuration, { order, dependencies }: Wiring): Drawing {
  const modules = new Map<string, string[]>();
  for (const { address, module } of [...resources.values(), ...data.values()]) {
    const inside = modules.get(module);
    if (inside === undefined) modules.set(module, [address]);
    else inside.push(address);
  }
  // What each needs however far: blocks come after what they need, so it is known when it is asked for.
  const all = new Map<string, Set<string>>();
  const edges: [string, string][] = [];
  for (const address of order) {
    const needs = dependencies.get(address) ?? [];
    const reached = new Set(needs);
    for (const need of needs) for (const further of all.get(need) ?? []) reached.add(further);
    all.set(address, reached);
    const behind = new Set(needs.flatMap((need) => [...(all.get(need) ?? [])]));
    for (const need of needs) if (!behind.has(need)) edges.push([address, need]);
  }
  for (const inside of modules.values()) inside.sort();
  edges.sort(([a, b], [c, d]) => (a === c ? compare(b, d) : compare(a, c)));
  return { modules: new Map([...modules].sort(([a], [b]) => compare(a, b))), edges };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The drawing in Graphviz's language, as `terraform graph` prints it. */
export function renderDot({ modules, edges }: Drawing): string {
  const lines = ['digraph G {', '  rankdir = "RL";', '  node [shape = rect, fontname = "sans-serif"];'];
  for (const [module, addresses] of modules) {
    const indent = module === '' ? '  ' : '    ';
    if (module !== '')
      lines.push(
        `  subgraph ${quote(`cluster_${module}`)} {`,
        `    label = ${quote(module)}`,
        '    fontname = "sans-serif"',
      );
    for (const address of addresses)
      lines.push(`${indent}${quote(address)} [label=${quote(labelOf(address, module))}];`);
    if (module !== '') lines.push('  }');
  }
  for (const [from, to] of edges) lines.push(`  ${quote(from)} -> ${quote(to)};`);
  return `${[...lines, '}'].join('\n')}\n`;
}

/** The drawing in Mermaid's language, which GitHub and GitLab draw in Markdown. */
export function renderMermaid({ modules, edges }: Drawing): string {
  const ids = new Map([...modules.values()].flat().map((address, index) => [address, `n${index}`]));
  const lines = ['flowchart RL'];
  let clusters = 0;
  for (const [module, addresses] of modules) {
    const indent = module === '' ? '  ' : '    ';
    if (module !== '') lines.push(`  subgraph m${clusters++}["${module}"]`);
    for (const address of addresses) lines.push(`${indent}${ids.get(address)}["${labelOf(address, module)}"]`);
    if (module !== '') lines.push('  end');
  }
  for (const [from, to] of edges) lines.push(`  ${ids.get(from)} --> ${ids.get(to)}`);
  return `${lines.join('\n')}\n`;
}

function labelOf(address: string, module: string): string {
  return module === '' ? address : address.slice(module.length + 1);
}

function quote(text: string): string {
  return JSON.stringify(text);
}
