import { parseAddress, parseDataAddress } from '../address.ts';
import type { Report } from '../configuration/block.ts';
import { reach, reverse } from '../graph.ts';
import { didYouMean } from '../suggest.ts';
import type { PlanInput } from './input.ts';

/** The addresses to plan: the targets and all they depend on, or for a destroy all that depends on them; null for all. */
export function checkTargets(input: PlanInput, report: Report): ReadonlySet<string> | null {
  const { configuration, options, state, wiring } = input;
  const attempted = [...state.intents.values()].map((intent) => intent.address);
  const known = new Set([...configuration.resources.keys(), ...state.resources.keys(), ...attempted]);
  const check = (address: string, flag: string) => {
    if (known.has(address)) return;
    const read = parseDataAddress(address) !== null;
    const near = didYouMean(address, [...known]);
    const example = near === '' ? `, such as ${[...known][0] ?? 'TYPE.NAME'}` : '';
    report.error(
      undefined,
      parseAddress(address) === null && !read
        ? `Invalid address "${address}"`
        : `No ${read && flag === '-target' ? 'data source' : 'resource'} "${address}"`,
      `${flag} takes the address of a resource of the stack${example}.${near}`,
    );
  };
  for (const address of options.replace) check(address, '-replace');
  // What is only read can be asked for, and cannot be replaced.
  for (const address of configuration.data.keys()) known.add(address);
  for (const address of options.targets) check(address, '-target');
  if (options.targets.length === 0) return null;
  if (options.mode === 'destroy') {
    const needs = new Map(attempted.map((address) => [address, wiring.dependencies.get(address) ?? []] as const));
    for (const { address, dependencies } of state.resources.values())
      needs.set(address, [...dependencies, ...(needs.get(address) ?? [])]);
    return reach(reverse(needs), options.targets);
  }
  return reach(wiring.dependencies, options.targets);
}
