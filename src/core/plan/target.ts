import { parseAddress } from '../address.ts';
import type { Report } from '../configuration/block.ts';
import { reach, reverse } from '../graph.ts';
import { didYouMean } from '../suggest.ts';
import type { PlanInput } from './input.ts';
import type { Refreshed } from './refresh.ts';

/** The addresses to plan: the targets and all they depend on, or for a destroy all that depends on them; null for all. */
export function checkTargets(input: PlanInput, refreshed: Refreshed, report: Report): ReadonlySet<string> | null {
  const { configuration, options, wiring } = input;
  const known = new Set([
    ...configuration.resources.keys(),
    ...refreshed.state.resources.keys(),
    ...input.state.resources.keys(),
  ]);
  const check = (address: string, flag: string) => {
    if (known.has(address)) return;
    report.error(
      undefined,
      parseAddress(address) === null ? `Invalid address "${address}"` : `No resource "${address}"`,
      `${flag} takes the address of a resource of the stack, such as keyform_sinch_access_key.ci.${didYouMean(address, [...known])}`,
    );
  };
  for (const address of options.replace) check(address, '-replace');
  for (const address of options.targets) check(address, '-target');
  if (options.targets.length === 0) return null;
  if (options.mode === 'destroy') {
    const needs = [...refreshed.state.resources.values()].map(
      (resource) => [resource.address, resource.dependencies] as const,
    );
    return reach(reverse(new Map(needs)), options.targets);
  }
  return reach(wiring.dependencies, options.targets);
}
