import { Num } from '../typed/number.ts';
import { isUnknown, partsOf, type Typed } from '../typed/typed.ts';
import { FunctionProblem } from './spec.ts';

/** What Go's encoder writes as an escape so that JSON may stand within HTML and old JavaScript. */
const ESCAPED = /[<>&\u2028\u2029]/g;

/**
 * The value as JSON text, in Terraform's spelling: no white space, names in order, numbers in full. Marks count for nothing. Throws
 * {@link FunctionProblem} on infinity, and for a part that is not known.
 */
export function jsonText(value: Typed): string {
  if (isUnknown(value)) throw new FunctionProblem('value is not known');
  const { content } = value;
  if (typeof content === 'string') return jsonString(content);
  if (content instanceof Num) {
    if (!content.isFinite()) throw new FunctionProblem('cannot serialize infinity as JSON');
    return content.toString();
  }
  if (content instanceof Map) {
    const entries = [...(content as ReadonlyMap<string, Typed>)];
    return `{${entries.map(([name, part]) => `${jsonString(name)}:${jsonText(part)}`).join(',')}}`;
  }
  if (Array.isArray(content)) return `[${partsOf(value).map(jsonText).join(',')}]`;
  return String(content);
}

/** The text as a JSON string, with Go's escapes. */
export function jsonString(text: string): string {
  return JSON.stringify(text).replace(ESCAPED, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
