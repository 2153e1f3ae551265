import { blockAddress, isWithin, parseAddress, parseModuleAddress } from '../address.ts';
import type { Report } from '../configuration/block.ts';
import type { MovedBlock } from '../configuration/change.ts';
import type { Configuration } from '../configuration/stack.ts';
import { sortByNeed } from '../graph.ts';
import { applyEntry, type JournalEntry, type MutableState, type State } from '../state.ts';

/** What changed its address since the last apply. */
export interface Moves {
  /** The state under the new addresses. */
  readonly state: State;
  readonly entries: readonly JournalEntry[];
  /** Old address by new address. */
  readonly previous: ReadonlyMap<string, string>;
}

/**
 * Gives what state holds the addresses that `moved` blocks say, one block after the other along a chain; then the ones that follow from
 * `count` that came or went: `a.b` and `a.b[0]` are the same. What cannot move, because something is there already, stays and is warned of.
 */
export function followMoves(before: State, configuration: Configuration, report: Report): Moves {
  const statements = inOrder(configuration.moved, report);
  const target = new Map<string, string>();
  for (const address of before.resources.keys()) {
    let now = address;
    for (const moved of statements) now = movedTo(now, moved) ?? now;
    target.set(address, now);
  }
  for (const [from, to] of implied(before, target, configuration)) target.set(from, to);

  // Who leaves an address goes before who comes to it.
  const leaving = [...target].filter(([from, to]) => from !== to);
  const needs = new Map(leaving.map(([from, to]) => [from, target.has(to) && to !== from ? [to] : []] as const));
  const sorted = sortByNeed(needs);
  const order = 'order' in sorted ? sorted.order : [];
  const state: MutableState = { ...before, resources: new Map(before.resources), intents: new Map(before.intents) };
  const entries: JournalEntry[] = [];
  const previous = new Map<string, string>();
  for (const from of order) {
    const to = target.get(from);
    if (to === undefined || to === from) continue;
    if (state.resources.has(to) || parseAddress(from)?.type !== parseAddress(to)?.type) {
      report.warn(
        statements.find((moved) => movedTo(from, moved) !== null)?.place,
        'Unresolved resource instance address changes',
        state.resources.has(to)
          ? `${from} cannot become ${to}, because state holds something there. It stays, and is destroyed if the stack does not declare it.`
          : `${from} cannot become ${to}: that is another type of resource.`,
      );
      continue;
    }
    const entry: JournalEntry = { kind: 'moved', from, to };
    applyEntry(state, entry);
    entries.push(entry);
    previous.set(to, from);
  }
  return entries.length === 0 ? { state: before, entries, previous } : { state, entries, previous };
}

/** Where a moved block takes an address; null when it does not concern it. */
function movedTo(address: string, { from, to }: MovedBlock): string | null {
  if (address === from) return to;
  if (!address.startsWith(from)) return null;
  const rest = address.slice(from.length);
  // A block without a key stands for all instances, a module for all that is in it.
  if (rest.startsWith('[') && !from.endsWith(']')) return to.endsWith(']') ? null : to + rest;
  return rest.startsWith('.') && parseModuleAddress(from) !== null ? to + rest : null;
}

/** Blocks in the order in which they apply: one that leads to where another begins comes first. A circle is reported. */
function inOrder(moved: readonly MovedBlock[], report: Report): readonly MovedBlock[] {
  const byKey = new Map(moved.map((one, index) => [String(index), one] as const));
  const needs = new Map(
    [...byKey].map(
      ([key, one]) =>
        [
          key,
          [...byKey].flatMap(([other, { to }]) =>
            other !== key && (isWithin(to, one.from) || isWithin(one.from, to)) ? [other] : [],
          ),
        ] as const,
    ),
  );
  const sorted = sortByNeed(needs);
  if ('cycle' in sorted) {
    const first = byKey.get(sorted.cycle[0] ?? '');
    report.error(
      first?.place,
      'Moved blocks form a cycle',
      `They lead in a circle: ${sorted.cycle.map((key) => `${byKey.get(key)?.from} → ${byKey.get(key)?.to}`).join(', ')}. Keep those that tell what happened last.`,
    );
    return [];
  }
  const seen = new Map<string, MovedBlock>();
  for (const one of moved) {
    const other = seen.get(one.from);
    if (other !== undefined)
      report.error(
        one.place,
        'Ambiguous move statements',
        `${one.from} moves to ${other.to} and to ${one.to}. Keep one of the blocks.`,
      );
    seen.set(one.from, one);
  }
  return sorted.order.map((key) => byKey.get(key) as MovedBlock);
}

/** Moves that no block says: a block got `count`, or lost it. */
function implied(before: State, target: ReadonlyMap<string, string>, configuration: Configuration): [string, string][] {
  const taken = new Set(target.values());
  const found: [string, string][] = [];
  for (const address of before.resources.keys()) {
    const now = target.get(address) ?? address;
    const block = configuration.resources.get(blockAddress(now));
    if (block === undefined) continue;
    const { kind } = block.repetition;
    const keyed = parseAddress(now)?.key ?? null;
    const to =
      kind === 'count' && keyed === null
        ? `${now}[0]`
        : kind === 'once' && keyed === 0
          ? now.slice(0, -'[0]'.length)
          : null;
    if (to === null || taken.has(to)) continue;
    taken.add(to);
    found.push([address, to]);
  }
  return found;
}

/** Reports `moved` and `removed` blocks about something that the stack still declares. */
export function checkChanges(configuration: Configuration, report: Report): void {
  const declared = [...configuration.resources.keys(), ...configuration.modules.keys()];
  for (const { from, to, place } of configuration.moved) {
    const block = configuration.resources.get(from) ?? configuration.modules.get(from);
    // With a key it may be one of many, and going from or to a key of the same block is no contradiction.
    if (block === undefined || from.includes('[') || blockAddress(to) === from) continue;
    report.error(
      { ...place, path: [...place.path, 'from'] },
      'Moved object still exists',
      `The block says that ${from} became ${to}, but the stack still declares ${from}. Remove its block, or this one.`,
    );
  }
  for (const { from, place } of configuration.removed) {
    if (!declared.some((address) => address !== '' && isWithin(address, from))) continue;
    report.error(
      place,
      'Removed resource still exists',
      `The block says that ${from} was removed, but the stack still declares it. Remove its block, or this one.`,
    );
  }
}
