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
  /** With mode `rotate`, and only then. */
  readonly rotation?: RotationRequest;
}

/** What a plan of mode `rotate` is asked. */
export interface RotationRequest {
  /** Addresses, or blocks of several, to look at; empty for all. */
  readonly addresses: readonly string[];
  /** Rotate them whether or not they are due, and whatever their window says. */
  readonly force: boolean;
  /** What will be due within so many milliseconds counts as due. */
  readonly dueWithin: number;
  /** Retire replaced keys at once, without overlap. */
  readonly revokeNow: boolean;
  /** Make the key before the current one the current one again. */
  readonly rollback: boolean;
  /** Most scheduled rotations of the plan, the most urgent first; null for no limit. */
  readonly maxRotations: number | null;
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
