import { canConvert } from './conversion.ts';
import { friendlyConstraint } from './format.ts';
import { equalTypes } from './same.ts';
import type { CollectionType, Type, TypeOf } from './type.ts';

/** Why no value of the one type can become one of the other, in the words that Terraform uses: `string required`. */
export function mismatch(got: Type, want: Type): string {
  if (got.kind === 'object' && want.kind === 'object') return objectMismatch(got, want);
  if (want.kind === 'list' || want.kind === 'set' || want.kind === 'map') {
    if (want.element.kind === 'dynamic') {
      if (got.kind === 'tuple' && want.kind !== 'map') return `all ${want.kind} elements must have the same type`;
      if (got.kind === 'object' && want.kind === 'map') return 'all map elements must have the same type';
    }
    if (got.kind === 'tuple' && want.kind !== 'map') return elementMismatch([...got.elements.entries()], want.element);
    if (got.kind === 'object' && want.kind === 'map')
      return elementMismatch(
        [...got.attributes].map(([name, type]) => [JSON.stringify(name), type]),
        want.element,
      );
    const related = want.kind === 'map' ? got.kind === 'map' : got.kind === 'list' || got.kind === 'set';
    if (related)
      return `incorrect ${want.kind} element type: ${mismatch((got as CollectionType).element, want.element)}`;
  }
  return `${friendlyConstraint(want)} required`;
}

function elementMismatch(parts: readonly (readonly [string | number, Type])[], want: Type): string {
  for (const [name, type] of parts) {
    if (!equalTypes(type, want) && !canConvert(type, want)) return `element ${name}: ${mismatch(type, want)}`;
  }
  return `all elements must be ${friendlyConstraint(want)}`;
}

function objectMismatch(got: TypeOf<'object'>, want: TypeOf<'object'>): string {
  const missing: string[] = [];
  let wrong: string | null = null;
  let unsafe: string | null = null;
  for (const [name, type] of want.attributes) {
    const own = got.attributes.get(name);
    if (own === undefined) {
      if (!want.optional.has(name)) missing.push(JSON.stringify(name));
    } else if (!equalTypes(own, type)) {
      if (wrong === null && !canConvert(own, type)) wrong = `attribute ${JSON.stringify(name)}: ${mismatch(own, type)}`;
      else if (unsafe === null && !canConvert(own, type, false))
        unsafe = `attribute ${JSON.stringify(name)}: ${mismatch(own, type)}`;
    }
  }
  if (missing.length === 1) return `attribute ${missing[0]} is required`;
  if (missing.length === 2) return `attributes ${missing[0]} and ${missing[1]} are required`;
  if (missing.length > 2) return `attributes ${missing.slice(0, -1).join(', ')}, and ${missing.at(-1)} are required`;
  return wrong ?? unsafe ?? 'incorrect object attributes';
}
