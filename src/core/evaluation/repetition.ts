import type { InstanceKey } from '../address.ts';
import type { Repetition } from '../configuration/repetition.ts';
import { EvaluationProblem } from '../expression/problem.ts';
import { ConversionProblem, convert } from '../typed/convert.ts';
import { friendlyName } from '../typed/format.ts';
import { Num } from '../typed/number.ts';
import { NUMBER, STRING } from '../typed/type.ts';
import { isNull, isUnknown, numberValue, stringValue, type Typed, unknownValue } from '../typed/typed.ts';

/** What `each` and `count` are in one instance. */
export interface Binding {
  readonly key: InstanceKey;
  /** `each.value`, as it is by now; null where there is none. */
  readonly value: (() => Typed) | null;
}

/** One instance of a block that stands once. */
export const ONLY: Binding = { key: null, value: null };

/** Of a block whose instances cannot be told yet (validation). */
export const ANY: Binding = { key: null, value: () => unknownValue() };

const SUGGESTION = 'To get around this, apply what it depends on first, with -target, and then everything else.';

/**
 * The instances that a value of `count` or `for_each` makes; null when that is not known yet and `lenient`. Throws an
 * {@link EvaluationProblem} for a value that makes none.
 */
export function bindingsOf(
  kind: Exclude<Repetition['kind'], 'once'>,
  value: Typed,
  lenient: boolean,
): readonly Binding[] | null {
  return kind === 'count' ? counted(value, lenient) : iterated(value, lenient);
}

function counted(value: Typed, lenient: boolean): readonly Binding[] | null {
  const refuse = (detail: string) => new EvaluationProblem('Invalid count argument', null, detail);
  if (value.sensitive)
    throw refuse(
      'Sensitive values, or values derived from sensitive values, cannot be used as count arguments: the count shows in addresses.',
    );
  if (isNull(value)) throw refuse('The given "count" argument value is null. An integer is required.');
  let number: Typed;
  try {
    number = convert(value, NUMBER);
  } catch (error) {
    if (!(error instanceof ConversionProblem)) throw error;
    throw refuse(`The given "count" argument value is unsuitable: ${error.message}.`);
  }
  if (isUnknown(number)) {
    if (lenient) return null;
    throw refuse(
      `The "count" value depends on resource attributes that cannot be determined until apply, so Keyform cannot predict how many instances will be created. ${SUGGESTION}`,
    );
  }
  const count = (number.content as Num).toBigInt();
  if (count === null) throw refuse('The given "count" argument value is unsuitable: a whole number is required.');
  if (count < 0n)
    throw refuse('The given "count" argument value is unsuitable: must be greater than or equal to zero.');
  if (count > 1_000_000n)
    throw refuse('The given "count" argument value is unsuitable: more than a million instances are not planned.');
  return Array.from({ length: Number(count) }, (_, key) => ({ key, value: null }));
}

function iterated(value: Typed, lenient: boolean): readonly Binding[] | null {
  const refuse = (detail: string) => new EvaluationProblem('Invalid for_each argument', null, detail);
  if (value.sensitive)
    throw refuse(
      'Sensitive values, or values derived from sensitive values, cannot be used as for_each arguments: the keys show in addresses.',
    );
  if (isNull(value)) throw refuse('The given "for_each" argument value is null. A map, or set of strings is allowed.');
  const { kind } = value.type;
  const suitable = kind === 'map' || kind === 'object' || kind === 'set' || (kind === 'dynamic' && isUnknown(value));
  if (!suitable) {
    throw refuse(
      `The given "for_each" argument value is unsuitable: the "for_each" argument must be a map, or set of strings, and you have provided a value of type ${friendlyName(value.type)}.${kind === 'list' || kind === 'tuple' ? ' Use toset(…) for a list of different strings.' : ''}`,
    );
  }
  if (isUnknown(value)) {
    if (lenient) return null;
    throw refuse(
      `The "for_each" ${kind === 'set' ? 'set' : 'map'} includes values derived from resource attributes that cannot be determined until apply, so Keyform cannot determine the full set of keys that will identify the instances of this resource. ${SUGGESTION}`,
    );
  }
  if (value.content instanceof Map)
    return [...(value.content as ReadonlyMap<string, Typed>)].map(([key, one]) => ({ key, value: () => one }));
  return (value.content as readonly Typed[]).map((item) => {
    if (isNull(item))
      throw refuse('The given "for_each" argument value is unsuitable: "for_each" sets must not contain null values.');
    if (item.type.kind !== 'string')
      throw refuse(
        `The given "for_each" argument value is unsuitable: "for_each" supports maps and sets of strings, but you have provided a set containing type ${friendlyName(item.type)}.`,
      );
    if (isUnknown(item)) {
      throw refuse(`The "for_each" set includes values that cannot be determined until apply. ${SUGGESTION}`);
    }
    return { key: item.content as string, value: () => item };
  });
}

/** `each.key`, `each.value` or `count.index` of an instance; null where the instance has none of the name. */
export function boundValue(binding: Binding, root: 'each' | 'count', name: string): Typed | null {
  const { key, value } = binding;
  if (binding === ANY) return unknownValue(root === 'count' ? NUMBER : name === 'key' ? STRING : undefined);
  if (root === 'count') return typeof key === 'number' ? numberValue(Num.of(key)) : null;
  if (typeof key !== 'string') return null;
  return name === 'key' ? stringValue(key) : (value?.() ?? null);
}
