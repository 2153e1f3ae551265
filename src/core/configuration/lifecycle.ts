import type { ResourceType } from '../provider.ts';
import { argumentsOf } from '../resource.ts';
import { didYouMean } from '../suggest.ts';
import {
  type Body,
  bodiesOf,
  type KeyedReference,
  keyedReferences,
  literalBoolean,
  placeIn,
  type Report,
  refuseUnknownKeys,
  soleBody,
  staticReferences,
  type Written,
  writtenIn,
} from './block.ts';

/** A `precondition`, `postcondition`, `validation` or `assert` block. */
export interface Condition {
  readonly condition: Written;
  readonly message: Written;
}

/** An entry of `ignore_changes`: an argument, or one element of an argument that is a map. */
export interface IgnoredPath {
  readonly argument: string;
  /** Null for the argument as a whole. */
  readonly element: string | null;
}

/** What a `lifecycle` block says. */
export interface Lifecycle {
  /** Null when the stack does not say. */
  readonly createBeforeDestroy: boolean | null;
  readonly preventDestroy: boolean;
  readonly ignoreChanges: readonly IgnoredPath[] | 'all';
  readonly replaceTriggeredBy: readonly KeyedReference[];
  readonly preconditions: readonly Condition[];
  readonly postconditions: readonly Condition[];
}

/** A block without a `lifecycle`. */
export const NO_LIFECYCLE: Lifecycle = {
  createBeforeDestroy: null,
  preventDestroy: false,
  ignoreChanges: [],
  replaceTriggeredBy: [],
  preconditions: [],
  postconditions: [],
};

const ARGUMENTS = ['create_before_destroy', 'prevent_destroy', 'ignore_changes', 'replace_triggered_by'];
const CONDITIONS = ['precondition', 'postcondition'];

/** Reads the `lifecycle` of a resource block. Problems are reported. */
export function readLifecycle(body: Body, type: ResourceType, address: string, report: Report): Lifecycle {
  const block = soleBody(body, 'lifecycle', report);
  if (block === null) return NO_LIFECYCLE;
  refuseUnknownKeys(block, [...ARGUMENTS, ...CONDITIONS], 'A lifecycle block', report, {}, address);
  return {
    createBeforeDestroy:
      block.value.create_before_destroy === undefined
        ? null
        : literalBoolean(block, 'create_before_destroy', true, report),
    preventDestroy: literalBoolean(block, 'prevent_destroy', false, report),
    ignoreChanges: readIgnored(block, type, address, report),
    replaceTriggeredBy: keyedReferences(block, 'replace_triggered_by', report),
    preconditions: readConditions(block, 'precondition', report),
    postconditions: readConditions(block, 'postcondition', report),
  };
}

/** Reads the `lifecycle` of a data block, which holds conditions only. */
export function readDataLifecycle(body: Body, address: string, report: Report): Lifecycle {
  const block = soleBody(body, 'lifecycle', report);
  if (block === null) return NO_LIFECYCLE;
  const only = 'Nothing is made or destroyed by reading: a data block has conditions only.';
  const others = Object.fromEntries(ARGUMENTS.map((name) => [name, only]));
  refuseUnknownKeys(block, CONDITIONS, 'The lifecycle block of a data block', report, others, address);
  return {
    ...NO_LIFECYCLE,
    preconditions: readConditions(block, 'precondition', report),
    postconditions: readConditions(block, 'postcondition', report),
  };
}

/** The conditions at `key`, each with its message. Problems are reported. */
export function readConditions(body: Body, key: string, report: Report): readonly Condition[] {
  const value = body.value[key];
  if (value === undefined || value === null) return [];
  return bodiesOf(body.file, [...body.path, key], value, `"${key}"`, report).flatMap((block) => {
    refuseUnknownKeys(block, ['condition', 'error_message'], `${key === 'assert' ? 'An' : 'A'} ${key} block`, report);
    const condition = writtenIn(block, 'condition', report);
    const message = writtenIn(block, 'error_message', report);
    for (const [name, found] of [
      ['condition', condition],
      ['error_message', message],
    ] as const) {
      if (found === null)
        report.error(
          placeIn(block),
          `Missing required argument "${name}"`,
          `${key === 'assert' ? 'An' : 'A'} ${key} block says what must be true, and what to tell who meets it otherwise.`,
        );
    }
    return condition === null || message === null ? [] : [{ condition, message }];
  });
}

function readIgnored(block: Body, type: ResourceType, address: string, report: Report): readonly IgnoredPath[] | 'all' {
  const value = block.value.ignore_changes;
  if (value === 'all' || (Array.isArray(value) && value.length === 1 && value[0] === 'all')) return 'all';
  const names = Object.keys(argumentsOf(type));
  return staticReferences(block, 'ignore_changes', report, 'arguments').flatMap(({ root, steps, place }) => {
    if (!names.includes(root)) {
      report.error(
        place,
        `"ignore_changes" names no argument "${root}"`,
        `Name arguments of the resource, or write "all".${didYouMean(root, names)}`,
        address,
      );
      return [];
    }
    if (steps.length > 1) {
      report.error(
        place,
        '"ignore_changes" goes too deep',
        'Name an argument, or one element of it: tags["team"].',
        address,
      );
      return [];
    }
    return [{ argument: root, element: steps[0] === undefined ? null : String(steps[0]) }];
  });
}
