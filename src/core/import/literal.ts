import { isObject, type Json, type JsonObject } from '../json.ts';

/** The value as Terraform's JSON syntax has to spell it, where every text is a template: `${` and `%{` in it are doubled. */
export function literal(value: Json): Json {
  if (typeof value === 'string') return value.replaceAll(/([$%])\{/g, '$1$1{');
  if (Array.isArray(value)) return value.map(literal);
  return isObject(value) ? literalObject(value as JsonObject) : value;
}

/** {@link literal} for each member; names are no templates. */
export function literalObject(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, literal(item)]));
}
