import type { Num } from '../typed/number.ts';
import { equalTypes, hasDynamic } from '../typed/same.ts';
import type { Type } from '../typed/type.ts';
import { isKnownWithin, isNull, isUnknown, partsOf, type Typed, UnknownContent } from '../typed/typed.ts';
import { excludes } from './bound.ts';
import { isNotNull } from './run.ts';

/**
 * Whether two values are equal as `==` has it; null while that is not known. Values of different types never are, but for nulls, which
 * all equal one another. Marks count for nothing: who asks puts them on the answer.
 *
 * Objects and maps are compared in order of name, up to the first part that differs or is not known. (Terraform's order is left to
 * chance there.)
 */
export function equalValues(left: Typed, right: Typed): boolean | null {
  if (isNull(left) && isNotNull(right)) return false;
  if (isNull(right) && isNotNull(left)) return false;
  if (isUnknown(left)) return isUnknown(right) ? null : equalToUnknown(right, left);
  if (isUnknown(right)) return equalToUnknown(left, right);
  if (isNull(left) || isNull(right)) return isNull(left) && isNull(right);
  if (!isTypeKnown(left) || !isTypeKnown(right))
    return conforms(left.type, right.type) || conforms(right.type, left.type) ? null : false;
  if (!equalTypes(left.type, right.type)) return false;
  switch (left.type.kind) {
    case 'number':
      return (left.content as Num).equals(right.content as Num);
    case 'list':
    case 'tuple':
      return equalSequences(left.content as readonly Typed[], right.content as readonly Typed[]);
    case 'set':
      // Both are in the same order, each element once.
      return isKnownWithin(left) && isKnownWithin(right)
        ? equalSequences(left.content as readonly Typed[], right.content as readonly Typed[])
        : null;
    case 'map':
    case 'object':
      return equalEntries(left.content as ReadonlyMap<string, Typed>, right.content as ReadonlyMap<string, Typed>);
    default:
      return left.content === right.content;
  }
}

/** Null, or false where the unknown value can never become the known one. A known null is no case for this when nulls are possible. */
function equalToUnknown(known: Typed, unknown: Typed): boolean | null {
  if (isNull(known)) return null;
  if (!conforms(known.type, unknown.type)) return false;
  if (unknown.type.kind !== 'dynamic' && excludes(unknown.content as UnknownContent, known)) return false;
  return hasDynamic(unknown.type) || equalTypes(known.type, unknown.type) ? null : false;
}

function equalSequences(left: readonly Typed[], right: readonly Typed[]): boolean | null {
  if (left.length !== right.length) return false;
  for (const [index, item] of left.entries()) {
    const equal = equalValues(item, right[index] as Typed);
    if (equal !== true) return equal;
  }
  return true;
}

function equalEntries(left: ReadonlyMap<string, Typed>, right: ReadonlyMap<string, Typed>): boolean | null {
  if (left.size !== right.size) return false;
  for (const [name, item] of left) {
    const other = right.get(name);
    if (other === undefined) return false;
    const equal = equalValues(item, other);
    if (equal !== true) return equal;
  }
  return true;
}

/** Whether no part of the value has a type that is still to be known. A null of no type has none to come. */
function isTypeKnown(value: Typed): boolean {
  if (isNull(value)) return true;
  return value.content instanceof UnknownContent ? value.type.kind !== 'dynamic' : partsOf(value).every(isTypeKnown);
}

/** Whether a type is `wanted`, in which any type may stand where that is dynamic. */
export function conforms(type: Type, wanted: Type): boolean {
  if (wanted.kind === 'dynamic') return true;
  switch (type.kind) {
    case 'list':
    case 'set':
    case 'map':
      return wanted.kind === type.kind && conforms(type.element, (wanted as typeof type).element);
    case 'tuple':
      return (
        wanted.kind === 'tuple' &&
        wanted.elements.length === type.elements.length &&
        type.elements.every((element, index) => conforms(element, wanted.elements[index] as Type))
      );
    case 'object': {
      if (wanted.kind !== 'object' || wanted.attributes.size !== type.attributes.size) return false;
      for (const [name, attribute] of type.attributes) {
        const other = wanted.attributes.get(name);
        if (other === undefined || !conforms(attribute, other)) return false;
      }
      return true;
    }
    default:
      return wanted.kind === type.kind;
  }
}
