import type { Configuration } from '../configuration/stack.ts';
import type { Wiring } from '../configuration/wiring.ts';
import type { Facts } from '../evaluation/facts.ts';
import type { State } from '../state.ts';
import type { Typed } from '../typed/typed.ts';
import type { World } from './actual.ts';
import type { PlanMode } from './plan.ts';

/** What a plan is asked to be. */
export interface PlanOptions {
  readonly mode: PlanMode;
  /** Addresses to restrict the plan to, with what they depend on; empty for all. */
  readonly targets: readonly string[];
  /** Addresses to leave out, with what depends on them. */
  readonly excludes: readonly string[];
  /** Addresses whose keys are to be replaced. */
  readonly replace: readonly string[];
  /** Most keys that may be deleted; null for no limit. */
  readonly maxDeletes: number | null;
  readonly allowCredentialDelete: boolean;
}

/** All that a plan is made from. */
export interface PlanInput {
  readonly configuration: Configuration;
  readonly configurationHash: string;
  readonly wiring: Wiring;
  /** Of the root module. */
  readonly variables: ReadonlyMap<string, Typed>;
  readonly facts: Facts;
  readonly state: State;
  readonly world: World;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly options: PlanOptions;
}
