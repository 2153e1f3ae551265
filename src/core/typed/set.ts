import { settled } from './collection.ts';
import { Num } from './number.ts';
import { quote } from './quote.ts';
import { compareText, setType, type Type } from './type.ts';
import { isKnownWithin, isNull, isUnknown, partsOf, Typed, unmarkDeep } from './typed.ts';

/**
 * A set of values of the element's type: each once, in Terraform's order. Marks of elements and of their parts go to the set. Elements
 * that are not wholly known are all kept, since nobody knows whether they are equal. A null or unknown value of no type in
 * particular takes on the element's.
 */
export function setValue(element: Type, items: readonly Typed[]): Typed {
  let sensitive = false;
  const found = new Map<string, Typed>();
  const kept: Typed[] = [];
  for (const item of settled(element, items)) {
    const bare = unmarkDeep(item);
    sensitive ||= bare.sensitive;
    if (isKnownWithin(bare.value)) {
      const key = equalityKey(bare.value);
      if (found.has(key)) continue;
      found.set(key, bare.value);
    }
    kept.push(bare.value);
  }
  return new Typed(setType(element), ordered(element, kept), sensitive);
}

/**
 * A text that two wholly known values of one type share when, and only when, Terraform calls them equal. Marks count for nothing. For
 * finding equal ones among many in one pass.
 */
export function equalityKey(value: Typed): string {
  const { content } = value;
  if (content === null) return '~';
  if (typeof content === 'string') return JSON.stringify(content);
  if (typeof content === 'boolean') return content ? 'T' : 'F';
  if (content instanceof Num) return content.toKey();
  if (content instanceof Map)
    return `{${[...(content as ReadonlyMap<string, Typed>)].map(([name, part]) => `${JSON.stringify(name)}:${equalityKey(part)}`).join(',')}}`;
  return `[${partsOf(value).map(equalityKey).join(',')}]`;
}

/** Known before unknown before null; texts by their bytes, numbers by size, false before true, others by what they are hashed by. */
function ordered(element: Type, items: readonly Typed[]): readonly Typed[] {
  const known = items.filter((item) => !isNull(item) && !isUnknown(item));
  const rest = [...items.filter(isUnknown), ...items.filter(isNull)];
  switch (element.kind) {
    case 'string':
      known.sort((a, b) => compareText(a.content as string, b.content as string));
      break;
    case 'number':
      known.sort((a, b) => (a.content as Num).compare(b.content as Num));
      break;
    case 'bool':
      known.sort((a, b) => Number(a.content as boolean) - Number(b.content as boolean));
      break;
    default: {
      const texts = new Map(known.map((item) => [item, hashText(item)]));
      known.sort((a, b) => compareText(texts.get(a) as string, texts.get(b) as string));
    }
  }
  return [...known, ...rest];
}

/** The text that go-cty hashes a value by. Not one to one: numbers are cut to ten digits. */
function hashText(value: Typed): string {
  const { content, type } = value;
  if (isUnknown(value)) return '?';
  if (content === null) return '~';
  if (typeof content === 'string') return quote(content);
  if (typeof content === 'boolean') return content ? 'T' : 'F';
  if (content instanceof Num) return content.toShortText();
  if (type.kind === 'map')
    return `{${[...(content as ReadonlyMap<string, Typed>)].map(([name, part]) => `${quote(name)}:${hashText(part)};`).join('')}}`;
  const parts = partsOf(value)
    .map((part) => `${hashText(part)};`)
    .join('');
  return type.kind === 'list' || type.kind === 'set' ? `[${parts}]` : `<${parts}>`;
}
