import type { Place } from '../diagnostic.ts';
import { isObject, type JsonObject } from '../json.ts';
import type { ArgumentSpec, Cloud, ResourceType } from '../provider.ts';
import { argumentsOf } from '../resource.ts';
import { typeOfSchema } from '../shape.ts';
import { nearest } from '../suggest.ts';
import {
  type Body,
  entriesOf,
  expressionIn,
  placeIn,
  type Report,
  refuseUnknownKeys,
  type StaticReference,
  staticReferences,
  type Written,
} from './block.ts';
import { type Lifecycle, readLifecycle } from './lifecycle.ts';
import { type Provisioner, readProvisioners } from './provisioner.ts';
import { type Repetition, readRepetition } from './repetition.ts';

/** A resource block, or one instance of it. */
export interface ResourceBlock {
  /** Of the block (`module.m.type.name`); of an instance with its keys (`module.m["x"].type.name[0]`). */
  readonly address: string;
  /** Path of the module that declares it: `module.m`; empty for the root. */
  readonly module: string;
  readonly name: string;
  readonly cloud: Cloud;
  readonly type: ResourceType;
  /** Provider block of the root: `keyform` or `keyform.<alias>`. */
  readonly provider: string;
  readonly repetition: Repetition;
  /** Set arguments only; null values count as left out. */
  readonly args: ReadonlyMap<string, Written>;
  readonly dependsOn: readonly StaticReference[];
  readonly lifecycle: Lifecycle;
  readonly provisioners: readonly Provisioner[];
  readonly place: Place;
}

const META = ['provider', 'depends_on', 'lifecycle', 'count', 'for_each', 'provisioner'];

const LATER: Readonly<Record<string, string>> = {
  connection: 'Keyform runs commands on this machine only (local-exec), so there is nothing to connect to.',
  timeouts:
    'Where a key API takes its time, a setting of its object in the provider block says how long to wait (keyform schema lists them).',
};

/** Reads one resource block. Problems are reported; the result then lacks what was wrong. */
export function readResource(
  where: Pick<ResourceBlock, 'address' | 'module' | 'name' | 'cloud' | 'type'>,
  body: Body,
  provider: (written: string | null, place: Place) => string,
  report: Report,
): ResourceBlock {
  const { address, type } = where;
  const specs = argumentsOf(type);
  refuseUnknownKeys(body, [...Object.keys(specs), ...META], `${type.type}`, report, LATER, address);
  const args = new Map<string, Written>();
  // A slip in a required argument is one error and not two: the suggestion says already what is missing.
  const meant = new Set<string | null>();
  for (const [key, value] of entriesOf(body)) {
    if (!Object.hasOwn(specs, key))
      meant.add(META.includes(key) ? null : nearest(key, [...Object.keys(specs), ...META]));
    if (!Object.hasOwn(specs, key) || value === null) continue;
    args.set(key, { expression: expressionIn(body, key, report), place: placeIn(body, key) });
    const shape = typeOfSchema((specs[key] as ArgumentSpec).schema);
    if (shape.kind === 'object' && isObject(value)) {
      const inside = { file: body.file, path: [...body.path, key], value: value as JsonObject };
      refuseUnknownKeys(inside, [...shape.attributes.keys()], `"${key}"`, report, {}, address);
    }
  }
  for (const [name, spec] of Object.entries(specs)) {
    if (spec.required && !args.has(name) && !meant.has(name)) {
      report.error(
        placeIn(body),
        `Missing required argument "${name}"`,
        `${type.type} needs it: ${spec.schema.description ?? ''}`,
        address,
      );
    }
  }
  return {
    ...where,
    provider: provider(readProvider(body, report), placeIn(body, 'provider')),
    repetition: readRepetition(body, report, address),
    args,
    dependsOn: staticReferences(body, 'depends_on', report),
    lifecycle: readLifecycle(body, type, address, report),
    provisioners: readProvisioners(body, address, report),
    place: placeIn(body),
  };
}

/** The provider configuration that a body names, as written; null when it names none. */
export function readProvider(body: Body, report: Report): string | null {
  const value = body.value.provider;
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value.replace(/^\$\{(.*)\}$/s, '$1');
  report.error(placeIn(body, 'provider'), '"provider" must be a string', 'Write "keyform" or "keyform.<alias>".');
  return null;
}
