import type { Place } from '../diagnostic.ts';
import type { Expression } from '../language/expression.ts';
import type { Cloud, ResourceType } from '../provider.ts';
import { argumentsOf } from '../resource.ts';
import { didYouMean, nearest } from '../suggest.ts';
import {
  type Body,
  bodiesOf,
  entriesOf,
  expressionIn,
  literalBoolean,
  literalStrings,
  placeIn,
  type Report,
  readAddresses,
  refuseUnknownKeys,
} from './block.ts';

/** What a `lifecycle` block says. */
export interface Lifecycle {
  /** Null when the stack does not say: Keyform then creates before it destroys. */
  readonly createBeforeDestroy: boolean | null;
  readonly preventDestroy: boolean;
  /** Argument names whose changes in the stack are not followed. */
  readonly ignoreChanges: readonly string[] | 'all';
}

/** A resource block. */
export interface ResourceBlock {
  readonly address: string;
  readonly cloud: Cloud;
  readonly type: ResourceType;
  /** `keyform` or `keyform.<alias>`. */
  readonly provider: string;
  /** Set arguments only; null values count as left out. */
  readonly args: ReadonlyMap<string, { readonly expression: Expression; readonly place: Place }>;
  readonly dependsOn: readonly string[];
  readonly lifecycle: Lifecycle;
  readonly place: Place;
}

const META = ['provider', 'depends_on', 'lifecycle'];

const LATER: Readonly<Record<string, string>> = {
  count:
    'It arrives with the whole language of stacks. Write one resource for each key, or make them in a loop in a TypeScript stack.',
  for_each:
    'It arrives with the whole language of stacks. Write one resource for each key, or make them in a loop in a TypeScript stack.',
  rotation:
    'Rotation policies arrive in a later version. Until then rotate with "keepers" or "keyform apply -replace=ADDRESS".',
  provisioner: 'Provisioners arrive in a later version.',
  connection: 'Provisioners arrive in a later version.',
  timeouts:
    'Where a key API takes its time, a setting of its object in the provider block says how long to wait (keyform schema lists them).',
};

/** Reads one resource block. Problems are reported; the result then lacks what was wrong. */
export function readResource(
  address: string,
  body: Body,
  cloud: Cloud,
  type: ResourceType,
  report: Report,
): ResourceBlock {
  const specs = argumentsOf(type);
  refuseUnknownKeys(body, [...Object.keys(specs), ...META], `${type.type}`, report, LATER, address);
  const args = new Map<string, { expression: Expression; place: Place }>();
  // A slip in a required argument is one error and not two: the suggestion says already what is missing.
  const meant = new Set<string | null>();
  for (const [key, value] of entriesOf(body)) {
    if (!Object.hasOwn(specs, key))
      meant.add(META.includes(key) ? null : nearest(key, [...Object.keys(specs), ...META]));
    if (!Object.hasOwn(specs, key) || value === null) continue;
    args.set(key, { expression: expressionIn(body, key, report), place: placeIn(body, key) });
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
    address,
    cloud,
    type,
    provider: readProvider(body, report),
    args,
    dependsOn: readAddresses(body, 'depends_on', report),
    lifecycle: readLifecycle(body, [...Object.keys(specs)], address, report),
    place: placeIn(body),
  };
}

/** The provider block that a body names: `keyform` unless it says `keyform.<alias>`. */
export function readProvider(body: Body, report: Report): string {
  const value = body.value.provider;
  if (value === undefined || value === null) return 'keyform';
  if (typeof value === 'string') return value.replace(/^\$\{(.*)\}$/s, '$1');
  report.error(placeIn(body, 'provider'), '"provider" must be a string', 'Write "keyform" or "keyform.<alias>".');
  return 'keyform';
}

function readLifecycle(body: Body, argumentNames: readonly string[], address: string, report: Report): Lifecycle {
  let lifecycle: Lifecycle = { createBeforeDestroy: null, preventDestroy: false, ignoreChanges: [] };
  const path = [...body.path, 'lifecycle'];
  const blocks = bodiesOf(body.file, path, body.value.lifecycle ?? [], '"lifecycle"', report);
  if (blocks.length > 1) {
    report.error({ file: body.file, path }, 'There is more than one lifecycle block', 'Make them one.', address);
  }
  for (const block of blocks) {
    refuseUnknownKeys(
      block,
      ['create_before_destroy', 'prevent_destroy', 'ignore_changes'],
      'A lifecycle block',
      report,
      {
        replace_triggered_by:
          'It arrives with the whole language of stacks. Put the value into "keepers" to the same effect.',
        precondition: 'It arrives with the whole language of stacks.',
        postcondition: 'It arrives with the whole language of stacks.',
      },
      address,
    );
    const ignored = block.value.ignore_changes;
    const names = ignored === 'all' ? 'all' : literalStrings(block, 'ignore_changes', report);
    if (names !== 'all') {
      for (const name of names) {
        if (!argumentNames.includes(name)) {
          report.error(
            placeIn(block, 'ignore_changes'),
            `"ignore_changes" names no argument "${name}"`,
            `Name arguments of the resource, or write "all".${didYouMean(name, argumentNames)}`,
            address,
          );
        }
      }
    }
    lifecycle = {
      createBeforeDestroy:
        block.value.create_before_destroy === undefined
          ? null
          : literalBoolean(block, 'create_before_destroy', true, report),
      preventDestroy: literalBoolean(block, 'prevent_destroy', false, report),
      ignoreChanges: names,
    };
  }
  return lifecycle;
}
