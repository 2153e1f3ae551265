import { parseAddress } from '../address.ts';

/**
 * A name that no other one in `taken` is, made of `text`: letters, digits and underscores in lower case, beginning with a letter, at most 60
 * characters. Adds it to `taken`.
 */
export function uniqueName(text: string, taken: Set<string>): string {
  const plain = text
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '')
    .toLowerCase()
    .slice(0, 60)
    .replace(/_+$/, '');
  const base = plain === '' ? 'key' : /^[a-z]/.test(plain) ? plain : `key_${plain}`;
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base}_${number}`;
    if (taken.has(name)) continue;
    taken.add(name);
    return name;
  }
}

/** Names of resources of the root module, by type. */
export function namesByType(addresses: readonly string[]): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>();
  for (const text of addresses) {
    const address = parseAddress(text);
    if (address === null || address.module.length > 0) continue;
    const ofType = names.get(address.type) ?? new Set<string>();
    names.set(address.type, ofType.add(address.name));
  }
  return names;
}
