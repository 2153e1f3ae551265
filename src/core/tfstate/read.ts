import { formatPath } from '../diagnostic.ts';
import { KeyformError } from '../error.ts';
import { isObject, type Json, type JsonObject, textOrNull } from '../json.ts';

/*
 * Terraform's state file, version 4, which Terraform 0.12 and later write, and OpenTofu too.
 * https://developer.hashicorp.com/terraform/internals/json-format describes its public sibling; the form itself is
 * internal/states/statefile/version4.go of either.
 */

/** One instance of a managed resource. */
export interface TerraformInstance {
  /** `module.a["x"]`; null for the root module. */
  readonly module: string | null;
  readonly type: string;
  readonly name: string;
  /** Of `count` or `for_each`; null without. */
  readonly key: string | number | null;
  /** Whether it was replaced and waits to be deleted. */
  readonly deposed: boolean;
  readonly attributes: JsonObject;
  /** Where it stands in the file: `resources[3].instances[0]`. */
  readonly path: string;
}

/** What a state file holds. */
export interface TerraformState {
  readonly lineage: string;
  readonly serial: number;
  /** Managed ones, in the order of the file. */
  readonly instances: readonly TerraformInstance[];
}

/**
 * Reads a state file; `what` names it in messages. Throws `invalid-usage` for anything that is none of version 4, with the place in the
 * file and never a value of it: its secrets stand in plain text.
 */
export function readTerraformState(text: string, what: string): TerraformState {
  const refuse = (why: string, detail: string) => new KeyformError('invalid-usage', `${what} ${why}`, { detail });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse(
      'is not JSON',
      'Give the state of Terraform as it writes it, such as "terraform state pull" prints it.',
    );
  }
  if (!isObject(value)) throw refuse('is no Terraform state', 'A state is a JSON object with "version": 4.');
  if (typeof value.encrypted_data === 'string')
    throw refuse(
      'is an encrypted state of OpenTofu',
      'Let it be opened first: "tofu state pull" prints it in plain text.',
    );
  const { version } = value;
  if (version !== 4)
    throw refuse(
      typeof version === 'number' ? `has version ${version}, and only version 4 is read` : 'is no Terraform state',
      typeof version === 'number' && version < 4
        ? 'Terraform 0.12 or later upgrades it with the next apply.'
        : 'A state of Terraform has "version": 4. What "terraform show -json" prints is something else.',
    );
  const wrong = (path: readonly (string | number)[]) =>
    refuse(
      `does not have the form of a state at ${formatPath(path)}`,
      'Was it edited by hand? Take it from "terraform state pull".',
    );
  const resources = value.resources ?? [];
  if (!Array.isArray(resources)) throw wrong(['resources']);
  const instances = resources.flatMap((resource: Json, at): readonly TerraformInstance[] => {
    if (!isObject(resource)) throw wrong(['resources', at]);
    const { mode, type, name, module } = resource as JsonObject;
    if (mode !== 'managed') return [];
    if (typeof type !== 'string' || typeof name !== 'string') throw wrong(['resources', at]);
    if (!Array.isArray(resource.instances)) throw wrong(['resources', at, 'instances']);
    return resource.instances.map((instance: Json, index): TerraformInstance => {
      const path = ['resources', at, 'instances', index];
      if (!isObject(instance)) throw wrong(path);
      const { attributes, index_key: key, deposed } = instance as JsonObject;
      if (!isObject(attributes)) throw wrong([...path, 'attributes']);
      if (key !== undefined && typeof key !== 'string' && typeof key !== 'number') throw wrong([...path, 'index_key']);
      return {
        module: textOrNull(module),
        type,
        name,
        key: key ?? null,
        deposed: textOrNull(deposed) !== null,
        attributes: attributes as JsonObject,
        path: formatPath(path),
      };
    });
  });
  const { lineage, serial } = value;
  return {
    lineage: typeof lineage === 'string' ? lineage : '',
    serial: typeof serial === 'number' ? serial : 0,
    instances,
  };
}

/** The address of an instance as Terraform writes it, and with `deposed` of a replaced one. */
export function addressOf({ module, type, name, key, deposed }: TerraformInstance): string {
  const address = `${module === null ? '' : `${module}.`}${type}.${name}${key === null ? '' : `[${JSON.stringify(key)}]`}`;
  return deposed ? `${address} (deposed)` : address;
}
