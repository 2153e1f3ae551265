import { blockAddress, isWithin, parseAddress, parseDataAddress, parseModuleAddress } from '../address.ts';
import type { Report } from '../configuration/block.ts';
import { reach, reverse } from '../graph.ts';
import { didYouMean } from '../suggest.ts';
import type { PlanInput } from './input.ts';
import { needsGraph } from './needs.ts';

/** Which addresses a plan is about. */
export interface Selection {
  has(address: string): boolean;
}

/**
 * The addresses to plan: the targets and all they depend on, or for a destroy all that depends on them; without what is excluded and
 * all that depends on it; null for everything. Addresses of nothing are reported.
 */
export function checkTargets(input: PlanInput, report: Report): Selection | null {
  const { configuration, options, state } = input;
  const attempted = [...state.intents.values()].map((intent) => intent.address);
  const known = new Set([...configuration.resources.keys(), ...state.resources.keys(), ...attempted]);
  const check = (address: string, flag: string, data: boolean) => {
    const candidates = data ? [...known, ...configuration.data.keys()] : [...known];
    const module = parseModuleAddress(address) !== null;
    // Instances are told while planning: here the block counts.
    const there = module
      ? data && candidates.some((one) => isWithin(one, blockAddress(address)))
      : candidates.some((one) => one === address || one === blockAddress(address));
    if (there) return;
    const read = parseDataAddress(address) !== null;
    const near = didYouMean(address, candidates);
    const example = near === '' ? `, such as ${candidates[0] ?? 'TYPE.NAME'}` : '';
    report.error(
      undefined,
      parseAddress(address) === null && !read && !module
        ? `Invalid address "${address}"`
        : `No ${module ? 'module' : read && data ? 'data source' : 'resource'} "${address}"`,
      `${flag} takes the address of a resource of the stack${example}.${near}`,
    );
  };
  for (const address of options.replace) check(address, '-replace', false);
  for (const address of options.rotation?.addresses ?? []) check(address, 'keyform rotate', false);
  for (const address of options.targets) check(address, '-target', true);
  for (const address of options.excludes) check(address, '-exclude', true);
  if (options.targets.length === 0 && options.excludes.length === 0) return null;
  return options.mode === 'destroy' ? ending(input) : staying(input);
}

/** For a plan that makes: what is named and all that it depends on, without what is excluded and all that depends on that. */
function staying({ configuration, options, wiring }: PlanInput): Selection {
  const { targets, excludes } = options;
  const blocks = [...configuration.resources.keys(), ...configuration.data.keys()];
  const named = (places: readonly string[]) =>
    blocks.filter((block) => places.some((place) => isWithin(block, blockAddress(place))));
  const targeted = named(targets);
  const needed = reach(wiring.dependencies, targeted);
  for (const block of targeted) {
    // Needed as a whole only if something else that is named needs it.
    const others = targeted.some(
      (other) => wiring.dependencies.get(other)?.includes(block) === true && other !== block,
    );
    if (!others && targets.some((place) => place.includes('[') && blockAddress(place) === block)) needed.delete(block);
  }
  const left = reach(reverse(wiring.dependencies), named(excludes));
  for (const block of named(excludes)) if (excludes.every((place) => place.includes('['))) left.delete(block);
  return {
    has: (address) => {
      const block = blockAddress(address);
      if (left.has(block) || excludes.some((place) => isWithin(address, place))) return false;
      return targets.length === 0 || needed.has(block) || targets.some((place) => isWithin(address, place));
    },
  };
}

/** For a destroy: what is named and all that depends on it, without what is excluded and all that it depends on. */
function ending({ options, state, wiring }: PlanInput): Selection {
  const { targets, excludes } = options;
  const attempted = [...state.intents.values()].map((intent) => intent.address);
  const addresses = new Set([...state.resources.keys(), ...attempted]);
  const needs = needsGraph(addresses, (address) => [
    ...(state.resources.get(address)?.dependencies ?? []),
    ...(attempted.includes(address) ? (wiring.dependencies.get(blockAddress(address)) ?? []) : []),
  ]);
  const named = (places: readonly string[]) =>
    [...addresses].filter((address) => places.some((place) => isWithin(address, place)));
  const wanted = targets.length === 0 ? null : reach(reverse(needs), named(targets));
  const kept = reach(needs, named(excludes));
  return { has: (address) => !kept.has(address) && wanted?.has(address) !== false };
}
