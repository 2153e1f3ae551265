import type { RotationRequest } from '../../core/plan/input.ts';
import type { CommonFlags } from '../context.ts';

/** Flags of commands that make a plan, spelled as Terraform spells them. */
export interface PlanFlags extends CommonFlags {
  readonly stacks?: readonly string[];
  readonly target?: string | readonly string[];
  readonly exclude?: string | readonly string[];
  readonly replace?: string | readonly string[];
  readonly refresh: boolean;
  readonly 'refresh-only': boolean;
  readonly destroy: boolean;
  readonly json: boolean;
  readonly 'max-deletes'?: string;
  readonly 'allow-credential-delete': boolean;
  readonly 'lock-timeout'?: string;
  readonly parallelism?: string;
  /** Of `keyform rotate`: not a flag by itself. */
  readonly rotation?: RotationRequest;
}
