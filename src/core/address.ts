/** The address of a resource instance: `type.name`, `type.name[0]` or `type.name["each"]`. */
export interface Address {
  readonly type: string;
  readonly name: string;
  /** The instance's key; null for a resource without `count` or `for_each`. */
  readonly key: string | number | null;
}

const NAME = '[A-Za-z_][A-Za-z0-9_-]*';
const ADDRESS = new RegExp(`^(${NAME})\\.(${NAME})(?:\\[(?:([0-9]+)|("(?:[^"\\\\]|\\\\.)*"))\\])?$`);

/** Parses an address as Terraform writes it; null when the text is not one. */
export function parseAddress(text: string): Address | null {
  const found = ADDRESS.exec(text);
  if (found === null) return null;
  const [, type = '', name = '', index, key] = found;
  if (index !== undefined) return { type, name, key: Number(index) };
  if (key === undefined) return { type, name, key: null };
  try {
    return { type, name, key: JSON.parse(key) as string };
  } catch {
    return null;
  }
}

/** The address as Terraform writes it. */
export function formatAddress(address: Address): string {
  const { type, name, key } = address;
  return `${type}.${name}${key === null ? '' : `[${JSON.stringify(key)}]`}`;
}

/** The address of a data block, `data.TYPE.NAME`, under which it stands among addresses of resources. */
export function formatDataAddress(type: string, name: string): string {
  return `data.${type}.${name}`;
}

const DATA_ADDRESS = new RegExp(`^data\\.(${NAME})\\.(${NAME})$`);

/** Parses the address of a data block; null when the text is not one. */
export function parseDataAddress(text: string): { readonly type: string; readonly name: string } | null {
  const found = DATA_ADDRESS.exec(text);
  return found === null ? null : { type: found[1] ?? '', name: found[2] ?? '' };
}

/** Whether `text` can be the name of a block: a letter or underscore, then letters, digits, underscores, hyphens. */
export function isName(text: string): boolean {
  return new RegExp(`^${NAME}$`).test(text);
}
