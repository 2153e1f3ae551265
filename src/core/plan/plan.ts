import type { Diagnostic } from '../diagnostic.ts';
import type { ForecastCall } from '../provider.ts';
import type { JournalEntry } from '../state.ts';
import type { Value } from '../value.ts';

/**
 * The plan: a value that can be printed, saved, compared and executed by code that decides nothing any more.
 */

/**
 * What a step does. `rotate` makes the next generation of an address that has a key: a new key, or with `renews` a new secret for the same one; `verify` waits until a key is ready where
 * that takes time, and tries its secret where that is possible; `recover` deletes an orphan; `adopt` takes one over, because
 * its secret is known or can be read; `import` takes over a key that an import block names. `forget` drops a key from state and leaves it
 * at its cloud. `depose` begins the overlap of a replaced key; `restore` makes a replaced key the current one again. `read` reads a data source and
 * changes nothing. `run` runs a command of a provisioner.
 */
export type StepKind =
  | 'create'
  | 'rotate'
  | 'verify'
  | 'update'
  | 'enable'
  | 'disable'
  | 'delete'
  | 'recover'
  | 'adopt'
  | 'import'
  | 'forget'
  | 'depose'
  | 'restore'
  | 'read'
  | 'run';

/** One thing that apply does, with at most one effect at a key API. */
export interface Step {
  /** Unique in the plan and stable between equal plans: `rotate keyform_sinch_access_key.ci`. */
  readonly id: string;
  readonly kind: StepKind;
  readonly address: string;
  readonly type: string;
  /** Provider block: `keyform` or `keyform.<alias>`. */
  readonly provider: string;
  /** Owner id; null when the owner is not known before apply. */
  readonly owner: string | null;
  /** Number of the generation that is made, concerned or adopted; 0 for an orphan that is deleted. */
  readonly generation: number;
  /** Id of the key concerned; null for one that is still to be made. */
  readonly keyId: string | null;
  /** Ids of the steps that must have succeeded before. */
  readonly after: readonly string[];
  /** For create, rotate, update, read: argument values, completed; unknown parts are evaluated again when they are known. */
  readonly args: Readonly<Record<string, Value>>;
  /** For update: the arguments to change. */
  readonly changed: readonly string[];
  /** For create and rotate: ids of the owner's keys that state did not hold when planned; null when it was not listed. */
  readonly knownIds: readonly string[] | null;
  /** For recover and adopt: the intent that it settles. */
  readonly intent: string | null;
  /** For rotate: the key stays, and gets a new secret. */
  readonly renews?: true;
  /** For run: which provisioner of the resource's block, counted from 0; absent for any other. */
  readonly provisioner?: number;
  /** API calls that the step will make. */
  readonly forecast: readonly ForecastCall[];
}

/** Terraform's words for what happens to a resource, in the order in which it happens. */
export type ChangeAction = 'no-op' | 'create' | 'update' | 'delete' | 'forget';

/** Why a resource is replaced or deleted, in Terraform's words where it has one. */
export type ActionReason =
  | 'replace_because_cannot_update'
  | 'replace_because_tainted'
  | 'replace_by_request'
  | 'replace_by_triggers'
  /** Its rotation policy asks for it; Keyform's own word. */
  | 'replace_because_due'
  | 'delete_because_no_resource_config'
  | 'delete_because_no_module'
  | 'delete_because_wrong_repetition'
  | 'delete_because_count_index'
  | 'delete_because_each_key'
  | null;

/** What happens to one address. */
export interface ResourceChange {
  readonly address: string;
  readonly type: string;
  readonly name: string;
  readonly cloud: string;
  readonly provider: string;
  readonly actions: readonly ChangeAction[];
  readonly actionReason: ActionReason;
  /** All arguments and attributes, by name; null where there is no key. */
  readonly before: Readonly<Record<string, Value>> | null;
  readonly after: Readonly<Record<string, Value>> | null;
  /** Arguments whose change forces a new key. */
  readonly replacePaths: readonly string[];
  /** In words, for people: why anything happens at all. */
  readonly reasons: readonly string[];
  /** Id of the replaced key that is deleted; null for the current key. */
  readonly deposed: string | null;
  /** Of a replacement: the old key outlives this plan, for its overlap. */
  readonly overlaps?: true;
  /** Owner in words; null when not known before apply. */
  readonly ownerLabel: string | null;
  /** Where state had it before, when a moved block, or `count` that came or went, gave it this address; null when it was here. */
  readonly previousAddress: string | null;
  /** Id of the key that an import block makes its own; null for none. */
  readonly importing: string | null;
}

export interface OutputChange {
  readonly name: string;
  readonly actions: readonly ChangeAction[];
  readonly before: Value;
  readonly after: Value;
  readonly sensitive: boolean;
}

/** A data source: what was read of it for the plan, or that it is read at apply. */
export interface DataRead {
  /** `data.TYPE.NAME`. */
  readonly address: string;
  /** The data source's name: a resource type's, with an "s" behind it for all keys of an owner. */
  readonly type: string;
  readonly name: string;
  readonly cloud: string;
  readonly provider: string;
  /** Why it is only read at apply, in Terraform's words; null when it is read. */
  readonly deferred: 'read_because_config_unknown' | 'read_because_dependency_pending' | null;
  /** All arguments and attributes, by name. */
  readonly values: Readonly<Record<string, Value>>;
}

/** Something that the refresh found to differ from state. */
export interface Drift {
  readonly kind: 'changed' | 'gone';
  readonly address: string;
  readonly type: string;
  readonly name: string;
  readonly cloud: string;
  readonly provider: string;
  readonly keyId: string;
  /** Id of the replaced key concerned; null for the current key. */
  readonly deposed: string | null;
  readonly before: Readonly<Record<string, Value>>;
  readonly after: Readonly<Record<string, Value>> | null;
  /** Names of arguments and attributes that differ; empty for a key that is gone. */
  readonly changed: readonly string[];
}

/** A key of a known owner that no state holds. */
export interface UnmanagedKey {
  readonly cloud: string;
  readonly type: string;
  readonly ownerLabel: string;
  readonly id: string;
  readonly accessKeyId: string;
  /** The value of the type's naming argument; null where keys have no name. */
  readonly name: string | null;
  readonly createdAt: string | null;
  readonly enabled: boolean;
  /** The key that Keyform authenticates with: shown, never counted as unmanaged. */
  readonly self: boolean;
}

/** A key that an interrupted create may have left behind. */
export interface OrphanKey {
  /** The address that the key was to be made for. */
  readonly address: string;
  readonly type: string;
  readonly keyId: string;
  readonly ownerLabel: string | null;
  readonly createdAt: string | null;
}

/** What the plan will cost. */
export interface Forecast {
  /** Calls by `<cloud> <action>`, most first. */
  readonly calls: readonly { readonly cloud: string; readonly action: string; readonly count: number }[];
  /** Least time that rate limits make of the calls, in seconds. */
  readonly seconds: number;
}

/** What became of a check block, as far as that is known. */
export interface CheckResult {
  /** `check.NAME`, behind its module. */
  readonly address: string;
  readonly status: 'pass' | 'fail' | 'unknown' | 'error';
  readonly problems: readonly string[];
}

/** `rotate`: what rotation asks for, with what depends on it, and nothing else. */
export type PlanMode = 'normal' | 'destroy' | 'refresh-only' | 'rotate';

/** Whether plans of this mode make and change what the stack declares. */
export function makesDeclared(mode: PlanMode): boolean {
  return mode === 'normal' || mode === 'rotate';
}

/** Something that rotation will do later. */
export interface Upcoming {
  readonly address: string;
  readonly kind: 'rotate' | 'disable' | 'delete';
  /** RFC 3339 UTC: not before then. */
  readonly at: string;
  readonly keyId: string;
  /** In words, to follow "because ". */
  readonly why: string;
}

export interface Plan {
  readonly stack: string;
  readonly mode: PlanMode;
  /** Of the state that was planned from. */
  readonly lineage: string;
  readonly serial: number;
  /** SHA-256 of the stack's files, hexadecimal. */
  readonly configurationHash: string;
  /** RFC 3339 UTC. */
  readonly createdAt: string;
  readonly steps: readonly Step[];
  readonly changes: readonly ResourceChange[];
  /** In the order of the stack's references. */
  readonly data: readonly DataRead[];
  readonly outputs: readonly OutputChange[];
  readonly drift: readonly Drift[];
  readonly unmanaged: readonly UnmanagedKey[];
  /** In every mode, whether or not a step deletes them. */
  readonly orphans: readonly OrphanKey[];
  /** Managed keys at the owners that were read, and all keys there. */
  readonly coverage: { readonly managed: number; readonly total: number };
  readonly forecast: Forecast;
  /** Rotations and retirements to come, the next one first. */
  readonly upcoming: readonly Upcoming[];
  /** Check blocks and postconditions that were looked at, and what became of them. */
  readonly checks: readonly CheckResult[];
  /** By address of a planned instance: the instances, or whole blocks, that it depends on. */
  readonly needs: Readonly<Record<string, readonly string[]>>;
  /** What apply records before its first step: what the refresh learnt. */
  readonly entries: readonly JournalEntry[];
  /** Errors: something of the stack was refused, and what depends on it; the rest can be applied. */
  readonly diagnostics: readonly Diagnostic[];
  /** True when a guard concerns the plan as a whole: it must not be applied. */
  readonly blocked: boolean;
}

/** Whether applying the plan would do or record anything that its owner should know of. */
export function hasChanges(plan: Plan): boolean {
  return (
    plan.steps.length > 0 ||
    plan.changes.some((change) => change.previousAddress !== null) ||
    plan.outputs.some((output) => output.actions[0] !== 'no-op')
  );
}

/** Counts as Terraform prints them: a replacement adds one and destroys one. */
export function countChanges(plan: Plan): {
  add: number;
  change: number;
  destroy: number;
  adopt: number;
  import: number;
  forget: number;
} {
  const counts = { add: 0, change: 0, destroy: 0, adopt: 0, import: 0, forget: 0 };
  for (const step of plan.steps) {
    if (step.kind === 'create' || (step.kind === 'rotate' && step.renews !== true)) counts.add += 1;
    if (step.kind === 'delete' || step.kind === 'recover') counts.destroy += 1;
    if (step.kind === 'adopt') counts.adopt += 1;
    if (step.kind === 'import') counts.import += 1;
    if (step.kind === 'forget') counts.forget += 1;
  }
  counts.change = plan.changes.filter((change) => change.actions[0] === 'update').length;
  return counts;
}
