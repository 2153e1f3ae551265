/** Which instance of a block with `count` or `for_each`; null for a block without. */
export type InstanceKey = string | number | null;

/** One call of a module on the way to a resource. */
export interface ModuleStep {
  readonly name: string;
  readonly key: InstanceKey;
}

/** The address of a resource instance: `type.name`, `type.name[0]`, `type.name["each"]`, each perhaps behind `module.name…`. */
export interface Address {
  /** From the root inwards; empty for the root module. */
  readonly module: readonly ModuleStep[];
  readonly type: string;
  readonly name: string;
  readonly key: InstanceKey;
}

const NAME = '[A-Za-z_][A-Za-z0-9_-]*';
const KEY = '(?:\\[(?:[0-9]+|"(?:[^"\\\\]|\\\\.)*")\\])?';
const MODULES = `((?:module\\.${NAME}${KEY}\\.)*)`;
const ADDRESS = new RegExp(`^${MODULES}(?!data\\.)(?!module\\.)(${NAME})\\.(${NAME})(${KEY})$`);
const DATA_ADDRESS = new RegExp(`^${MODULES}data\\.(${NAME})\\.(${NAME})(${KEY})$`);
const MODULE_ADDRESS = new RegExp(`^((?:module\\.${NAME}${KEY}\\.)*module\\.${NAME}${KEY})$`);
const EACH_MODULE = new RegExp(`module\\.(${NAME})(${KEY})\\.?`, 'g');
const EACH_KEY = /\[(?:[0-9]+|"(?:[^"\\]|\\.)*")\]/g;

/** Parses the address of a managed resource as Terraform writes it; null when the text is not one. */
export function parseAddress(text: string): Address | null {
  return parse(ADDRESS, text);
}

/** Parses the address of a data block's instance, `data.TYPE.NAME…`; null when the text is not one. */
export function parseDataAddress(text: string): Address | null {
  return parse(DATA_ADDRESS, text);
}

/** Parses the address of a module instance, `module.a["x"].module.b`; null when the text is not one. */
export function parseModuleAddress(text: string): readonly ModuleStep[] | null {
  return MODULE_ADDRESS.test(text) ? parseModules(text) : null;
}

function parse(pattern: RegExp, text: string): Address | null {
  const found = pattern.exec(text);
  if (found === null) return null;
  const [, modules = '', type = '', name = '', written = ''] = found;
  const module = parseModules(modules);
  const key = parseKey(written);
  return module === null || key === undefined ? null : { module, type, name, key };
}

function parseModules(text: string): readonly ModuleStep[] | null {
  const steps: ModuleStep[] = [];
  for (const [, name = '', written = ''] of text.matchAll(EACH_MODULE)) {
    const key = parseKey(written);
    if (key === undefined) return null;
    steps.push({ name, key });
  }
  return steps;
}

/** Undefined where the text in quotes is not one. */
function parseKey(written: string): InstanceKey | undefined {
  if (written === '') return null;
  const inside = written.slice(1, -1);
  if (!inside.startsWith('"')) return Number(inside);
  try {
    return JSON.parse(inside) as string;
  } catch {
    return undefined;
  }
}

/** The address as Terraform writes it. */
export function formatAddress(address: Address): string {
  const { module, type, name, key } = address;
  return `${formatModulePrefix(module)}${type}.${name}${formatKey(key)}`;
}

/** The address of a data block, `data.TYPE.NAME`, under which it stands among addresses of resources. */
export function formatDataAddress(type: string, name: string, module: readonly ModuleStep[] = []): string {
  return `${formatModulePrefix(module)}data.${type}.${name}`;
}

/** `module.a["x"].module.b`; empty for the root. */
export function formatModule(module: readonly ModuleStep[]): string {
  return module.map(({ name, key }) => `module.${name}${formatKey(key)}`).join('.');
}

/** {@link formatModule} with the full stop that stands before what is inside; empty for the root. */
export function formatModulePrefix(module: readonly ModuleStep[]): string {
  return module.length === 0 ? '' : `${formatModule(module)}.`;
}

/** `[0]`, `["each"]`, or nothing. */
export function formatKey(key: InstanceKey): string {
  return key === null ? '' : `[${JSON.stringify(key)}]`;
}

/** The address without any instance key: that of the block which an instance comes from. */
export function blockAddress(address: string): string {
  return address.includes('[') ? address.replace(EACH_KEY, '') : address;
}

/** The address without the instance key at its end; those of modules on its way stay. */
export function withoutKey(address: string): string {
  return address.endsWith(']') ? address.replace(LAST_KEY, '') : address;
}

const LAST_KEY = /\[(?:[0-9]+|"(?:[^"\\]|\\.)*")\]$/;

/**
 * Whether an address is `place`, or one of its instances, or lies in that module. A place without any key stands for all
 * instances of all modules on its way.
 */
export function isWithin(address: string, place: string): boolean {
  return begins(address, place) || (!place.includes('[') && begins(blockAddress(address), place));
}

function begins(address: string, place: string): boolean {
  if (!address.startsWith(place)) return false;
  const next = address[place.length];
  return next === undefined || next === '[' || next === '.';
}

/** Whether `text` can be the name of a block: a letter or underscore, then letters, digits, underscores, hyphens. */
export function isName(text: string): boolean {
  return new RegExp(`^${NAME}$`).test(text);
}
