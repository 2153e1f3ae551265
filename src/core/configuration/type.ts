import { isObject, type Json, type JsonObject } from '../json.ts';
import { kindOf } from './block.ts';

/** A type constraint of a variable. https://developer.hashicorp.com/terraform/language/expressions/type-constraints */
export type TypeConstraint =
  | { readonly kind: 'any' | 'string' | 'number' | 'bool' }
  | { readonly kind: 'list' | 'set' | 'map'; readonly of: TypeConstraint };

/** Parses `string`, `list(string)`, `map(number)`, …; null when it is not one that this version knows. */
export function parseType(text: string): TypeConstraint | null {
  const plain = text.trim();
  if (plain === 'any' || plain === 'string' || plain === 'number' || plain === 'bool') return { kind: plain };
  const found = /^(list|set|map)\s*\((.*)\)$/s.exec(plain);
  if (found === null) return null;
  const of = parseType(found[2] ?? '');
  return of === null ? null : { kind: found[1] as 'list' | 'set' | 'map', of };
}

/** The constraint as Terraform writes it. */
export function formatType(type: TypeConstraint): string {
  return 'of' in type ? `${type.kind}(${formatType(type.of)})` : type.kind;
}

/**
 * Converts a value to a type as Terraform does: numbers and booleans from their text and back. Throws an Error whose
 * message says what is required and what was found, never the value.
 */
export function convert(value: Json, type: TypeConstraint): Json {
  if (value === null || type.kind === 'any') return value;
  switch (type.kind) {
    case 'string':
      if (typeof value === 'string') return value;
      if (typeof value === 'number' || typeof value === 'boolean') return String(value);
      break;
    case 'number':
      if (typeof value === 'number') return value;
      if (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
      break;
    case 'bool':
      if (typeof value === 'boolean') return value;
      if (value === 'true' || value === 'false') return value === 'true';
      break;
    case 'list':
    case 'set':
      if (Array.isArray(value)) {
        const items = value.map((item: Json) => convert(item, type.of));
        if (type.kind === 'list') return items;
        const byText = new Map(items.map((item) => [JSON.stringify(item), item]));
        return [...byText.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
      }
      break;
    case 'map':
      if (isObject(value)) {
        const entries = Object.entries(value as JsonObject).map(
          ([key, item]) => [key, convert(item, type.of)] as const,
        );
        return Object.fromEntries(entries);
      }
      break;
  }
  throw new Error(`${formatType(type)} required, but it is ${kindOf(value)}`);
}
