import { formatModule, parseAddress, parseDataAddress } from '../../core/address.ts';
import { KeyformError } from '../../core/error.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import type { TypeEntry } from '../../core/plan/actual.ts';
import { livingObject, nameIn } from '../../core/plan/object.ts';
import {
  type DataRead,
  type Drift,
  hasChanges,
  type OutputChange,
  type Plan,
  type ResourceChange,
  type Step,
} from '../../core/plan/plan.ts';
import type { Generation, ResourceState, State } from '../../core/state.ts';
import { containsSensitive, isWhollyKnown, toJson, type Value } from '../../core/value.ts';
import { deferredReads } from './data.ts';
import { diagnosticJson } from './diagnostic.ts';
import { adoptSteps, coverageJson, orphanJson, recoverSteps, unmanagedJson } from './drift.ts';
import { sensitiveMarks, shownJson, typeJson, unknownMarks, type ValueObject } from './redact.ts';

/** Keyform's provider, as Terraform's JSON names one. */
export const PROVIDER_NAME = 'registry.terraform.io/keyform/keyform';

/**
 * A plan in the form of `terraform show -json` of a plan file (format 1.2), so that what reads Terraform's plans reads
 * Keyform's. Known differences:
 *
 * - A sensitive value is `null` in `before`, `after` and `values` (see redact.ts); the marks are as Terraform's.
 * - `configuration`, `variables` and `relevant_attributes` are absent: they hold variable values in clear. `prior_state` holds
 *   what was read of data sources and nothing else.
 * - An orphan that is to be deleted stands among `resource_changes` as a deposed key with nothing but its id.
 * - `errored` is true when the plan must not be applied at all; a plan from which single addresses had to be left out is
 *   not `complete`, and can still be applied.
 * - A replacement whose old key stays for its overlap has the actions of one that deletes it; `keyform.steps` tells what is done.
 * - `keyform` holds what Terraform has no place for. `version` is Keyform's own.
 */
export function planJson(plan: Plan, version: string): JsonObject {
  const failed = plan.diagnostics.some(({ severity }) => severity === 'error');
  const records = plan.mode === 'refresh-only' && plan.entries.length > 0;
  const applicable = !plan.blocked && (hasChanges(plan) || records);
  return {
    format_version: '1.2',
    planned_values: plannedValues(plan),
    ...(plan.drift.length === 0 ? {} : { resource_drift: plan.drift.map(driftChange) }),
    resource_changes: [
      ...deferredReads(plan).map(readChange),
      ...plan.changes.map((change) => resourceChange(change, importOf(plan, change.address))),
      ...recoverSteps(plan).map(orphanChange),
    ],
    output_changes: Object.fromEntries(byName(plan.outputs).map((output) => [output.name, outputChange(output)])),
    ...priorState(plan),
    timestamp: plan.createdAt,
    applyable: applicable,
    complete: !failed && !plan.blocked,
    errored: plan.blocked,
    keyform: {
      version,
      stack: plan.stack,
      mode: plan.mode,
      lineage: plan.lineage,
      serial: plan.serial,
      reasons: Object.fromEntries(
        plan.changes
          .filter((change) => change.actions[0] !== 'no-op')
          .map((change) => [
            change.deposed === null ? change.address : `${change.address} (deposed key ${change.deposed})`,
            change.reasons,
          ]),
      ),
      steps: plan.steps.map(({ id, kind, address, keyId, after }) => ({ id, kind, address, key_id: keyId, after })),
      forecast: {
        calls: plan.forecast.calls.map(({ cloud, action, count }) => ({ cloud, action, count })),
        seconds: plan.forecast.seconds,
      },
      upcoming: plan.upcoming.map(({ address, kind, at, keyId, why }) => ({ address, kind, at, key_id: keyId, why })),
      orphans: plan.orphans.map(orphanJson),
      unmanaged: plan.unmanaged.map(unmanagedJson),
      coverage: coverageJson(plan),
      diagnostics: plan.diagnostics.map(diagnosticJson),
    },
  };
}

/**
 * A state in the form of `terraform show -json` (format 1.0), sensitive values null as in {@link planJson}. Replaced keys
 * that are still alive follow their address with `deposed_key`. `types` are all types by name. Throws `newer-state` for a
 * type that is not among them.
 */
export function stateJson(state: State, types: ReadonlyMap<string, TypeEntry>): JsonObject {
  const resources = [...state.resources.values()].sort((a, b) => compare(a.address, b.address));
  return {
    format_version: '1.0',
    values: {
      outputs: Object.fromEntries(
        Object.entries(state.outputs)
          .sort(([a], [b]) => compare(a, b))
          .map(([name, { value, sensitive }]) => [
            name,
            { sensitive, value: sensitive ? null : value, type: typeJson(value, sensitive) },
          ]),
      ),
      root_module: moduleTree(resources.flatMap((item) => stateObjects(item, types))),
    },
  };
}

function stateObjects(resource: ResourceState, types: ReadonlyMap<string, TypeEntry>): JsonObject[] {
  const entry = types.get(resource.type);
  if (entry === undefined) {
    throw new KeyformError('newer-state', `State holds a resource of the unknown type "${resource.type}"`, {
      detail: 'It was written by a newer version of Keyform. Use that version.',
    });
  }
  const object = (generation: Generation, more: JsonObject): JsonObject => ({
    ...identity(resource.address, resource.type, nameIn(resource.address)),
    schema_version: 0,
    ...valuesOf(livingObject(entry.type, generation, generation === resource.current ? resource.deposed : [])),
    ...(resource.dependencies.length === 0 ? {} : { depends_on: [...resource.dependencies].sort() }),
    ...more,
  });
  return [
    ...(resource.current === null
      ? []
      : [object(resource.current, resource.tainted === null ? {} : { tainted: true })]),
    ...resource.deposed.map((generation) => object(generation, { deposed_key: generation.id })),
  ];
}

function identity(address: string, type: string, name: string): JsonObject {
  const key = (parseAddress(address) ?? parseDataAddress(address))?.key ?? null;
  return {
    address,
    mode: parseDataAddress(address) === null ? 'managed' : 'data',
    type,
    name,
    ...(key === null ? {} : { index: key }),
    provider_name: providerName(type),
  };
}

/** Resources under the modules that they stand in, as Terraform nests them. */
function moduleTree(resources: readonly JsonObject[]): JsonObject {
  const root: Branch = { resources: [], modules: new Map() };
  for (const resource of resources) {
    const address = String(resource.address);
    let branch = root;
    let path = '';
    for (const step of (parseAddress(address) ?? parseDataAddress(address))?.module ?? []) {
      path = `${path === '' ? '' : `${path}.`}${formatModule([step])}`;
      const inner = branch.modules.get(path) ?? { resources: [], modules: new Map() };
      branch.modules.set(path, inner);
      branch = inner;
    }
    branch.resources.push(resource);
  }
  return branchJson(root);
}

interface Branch {
  readonly resources: JsonObject[];
  readonly modules: Map<string, Branch>;
}

function branchJson({ resources, modules }: Branch): JsonObject {
  const children = [...modules].map(([address, branch]) => ({ ...branchJson(branch), address }));
  return {
    ...(resources.length === 0 ? {} : { resources }),
    ...(children.length === 0 ? {} : { child_modules: children }),
  };
}

function moduleOf(address: string): JsonObject {
  const module = (parseAddress(address) ?? parseDataAddress(address))?.module ?? [];
  return module.length === 0 ? {} : { module_address: formatModule(module) };
}

/** The source of the provider that a resource type belongs to. */
function providerName(type: string): string {
  if (type === 'terraform_data') return 'terraform.io/builtin/terraform';
  return type === 'null_resource' ? 'registry.terraform.io/hashicorp/null' : PROVIDER_NAME;
}

function valuesOf(object: ValueObject): JsonObject {
  return { values: shownJson(object) ?? {}, sensitive_values: sensitiveMarks(object) };
}

function plannedValues(plan: Plan): JsonObject {
  const outputs = byName(plan.outputs).filter((output) => output.actions[0] !== 'delete');
  const made = plan.changes.filter((change) => change.deposed === null && change.after !== null);
  const resources = [
    ...deferredReads(plan),
    ...made.map(({ address, type, name, after }) => ({ address, type, name, values: after ?? {} })),
  ]
    .sort((a, b) => compare(a.address, b.address))
    .map(valueObject);
  return {
    ...(outputs.length === 0
      ? {}
      : { outputs: Object.fromEntries(outputs.map((output) => [output.name, plannedOutput(output)])) }),
    root_module: moduleTree(resources),
  };
}

/** A resource or a data source among values. */
function valueObject(of: Pick<DataRead, 'address' | 'type' | 'name' | 'values'>): JsonObject {
  return { ...identity(of.address, of.type, of.name), schema_version: 0, ...valuesOf(of.values) };
}

/** Data sources that were read for the plan: Terraform has them in the state that the plan starts from. */
function priorState(plan: Plan): JsonObject {
  const resources = plan.data
    .filter(({ deferred }) => deferred === null)
    .sort((a, b) => compare(a.address, b.address))
    .map(valueObject);
  if (resources.length === 0) return {};
  return { prior_state: { format_version: '1.0', values: { root_module: moduleTree(resources) } } };
}

function readChange(read: DataRead): JsonObject {
  return {
    ...identity(read.address, read.type, read.name),
    change: changeJson(['read'], null, read.values, []),
    ...(read.deferred === null ? {} : { action_reason: read.deferred }),
  };
}

function plannedOutput(output: OutputChange): JsonObject {
  const sensitive = isSensitive(output);
  if (!isWhollyKnown(output.after)) return { sensitive };
  const value = toJson(output.after);
  return { sensitive, type: typeJson(value, sensitive), value: sensitive ? null : value };
}

function resourceChange(change: ResourceChange, adopted: string | null): JsonObject {
  const importing = change.importing ?? adopted;
  const of = changeJson(change.actions, change.before, change.after, change.replacePaths);
  return {
    ...identity(change.address, change.type, change.name),
    ...moduleOf(change.address),
    ...(change.previousAddress === null ? {} : { previous_address: change.previousAddress }),
    ...(change.deposed === null ? {} : { deposed: change.deposed }),
    change: importing === null || change.deposed !== null ? of : { ...of, importing: { id: importing } },
    ...(change.actionReason === null ? {} : { action_reason: change.actionReason }),
  };
}

function orphanChange(step: Step): JsonObject {
  return {
    ...identity(step.address, step.type, nameIn(step.address)),
    ...(step.keyId === null ? {} : { deposed: step.keyId }),
    change: changeJson(['delete'], { id: step.keyId }, null, []),
  };
}

/** The id of the orphan that an address takes over, Terraform's `importing`; null for none. */
function importOf(plan: Plan, address: string): string | null {
  return adoptSteps(plan).find((step) => step.address === address)?.keyId ?? null;
}

function driftChange(drift: Drift): JsonObject {
  return {
    ...identity(drift.address, drift.type, drift.name),
    ...(drift.deposed === null ? {} : { deposed: drift.deposed }),
    change: changeJson([drift.kind === 'gone' ? 'delete' : 'update'], drift.before, drift.after, []),
  };
}

function changeJson(
  actions: readonly string[],
  before: ValueObject | null,
  after: ValueObject | null,
  replacePaths: readonly string[],
): JsonObject {
  return {
    actions,
    before: before === null ? null : (shownJson(before) ?? null),
    after: after === null ? null : (shownJson(after) ?? null),
    // As Terraform: no inner marks at all where nothing is unknown.
    after_unknown: after === null || isWhollyKnown(after) ? {} : unknownMarks(after),
    before_sensitive: before === null ? false : sensitiveMarks(before),
    after_sensitive: after === null ? false : sensitiveMarks(after),
    ...(replacePaths.length === 0 ? {} : { replace_paths: replacePaths.map((name) => [name]) }),
  };
}

function outputChange(output: OutputChange): JsonObject {
  const sensitive = isSensitive(output);
  const shown = (value: Value): Json | undefined =>
    sensitive ? (isWhollyKnown(value) ? null : undefined) : shownJson(value);
  const after = shown(output.after);
  return {
    actions: output.actions,
    before: shown(output.before) ?? null,
    ...(after === undefined ? {} : { after }),
    after_unknown: isWhollyKnown(output.after) ? false : sensitive ? true : unknownMarks(output.after),
    // As Terraform: one mark for both sides, true when the output was or is sensitive.
    before_sensitive: sensitive,
    after_sensitive: sensitive,
  };
}

function isSensitive(output: OutputChange): boolean {
  return output.sensitive || containsSensitive(output.before) || containsSensitive(output.after);
}

function byName(outputs: readonly OutputChange[]): OutputChange[] {
  return [...outputs].sort((a, b) => compare(a.name, b.name));
}

/** By UTF-16 code units: the same on every machine, whatever its language. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
