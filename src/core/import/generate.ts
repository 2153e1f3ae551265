import type { JsonObject } from '../json.ts';
import type { ActualKey, ResourceType } from '../provider.ts';
import { literal, literalObject } from './literal.ts';
import { namesByType, uniqueName } from './name.ts';

/** A key that a stack is to declare. */
export interface Found {
  readonly type: ResourceType;
  readonly key: ActualKey;
}

/** A key with what a stack says of it. */
export interface Written {
  readonly type: ResourceType;
  /** Of the resource. */
  readonly name: string;
  readonly id: string;
  /** Set arguments, as the key has them; sensitive ones are left out. */
  readonly args: JsonObject;
}

/**
 * What a stack would say of keys so that importing them changes nothing: sorted by type and name. What equals a default is left out, and so is
 * what the API fills in by itself and what is sensitive. `declared`: addresses of the stack, whose names are taken; `together`: no two names are the
 * same whatever their types, as CDKTF wants it in one scope.
 */
export function writeKeys(found: readonly Found[], declared: readonly string[], together: boolean): readonly Written[] {
  const taken = namesByType(declared);
  const all = new Set([...taken.values()].flatMap((names) => [...names]));
  const titled = found.map(({ type, key }) => ({ type, key, title: titleOf(type, key) }));
  titled.sort((a, b) => compare(a.type.type, b.type.type) || compare(a.title, b.title) || compare(a.key.id, b.key.id));
  return titled.map(({ type, key, title }) => {
    const names = together ? all : (taken.get(type.type) ?? new Set<string>());
    taken.set(type.type, names);
    return { type, name: uniqueName(title, names), id: key.id, args: argumentsOf(type, key) };
  });
}

/** What people call the key: its name, or else its description or owner. */
function titleOf({ capabilities, owner }: ResourceType, { args, id }: ActualKey): string {
  const candidates = [capabilities.name?.argument ?? '', 'description', 'tag', ...owner.arguments];
  for (const name of candidates) {
    const value = args[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return id;
}

function argumentsOf(type: ResourceType, { args }: ActualKey): JsonObject {
  return Object.fromEntries(
    Object.entries(type.arguments).flatMap(([name, spec]) => {
      const value = args[name] ?? null;
      if (spec.source !== 'reported' || spec.sensitive || value === null) return [];
      if (JSON.stringify(value) === JSON.stringify(spec.default)) return [];
      // Left out, whatever the key has is right; said, it must be said again with each new key.
      if (spec.unset === 'keep' && !spec.required) return [];
      return [[name, value] as const];
    }),
  );
}

/** Terraform JSON: the resources, and an import block for each. */
export function jsonText(written: readonly Written[]): string {
  const resource: Record<string, Record<string, JsonObject>> = {};
  for (const { type, name, args } of written) {
    resource[type.type] ??= {};
    (resource[type.type] as Record<string, JsonObject>)[name] = literalObject(args);
  }
  const imports = written.map(({ type, name, id }) => ({ to: `${type.type}.${name}`, id }));
  return `${JSON.stringify({ resource, import: imports }, null, 2)}\n`;
}

/** A TypeScript module with one function that declares the keys in a CDKTF stack, each taken over from its cloud. */
export function typescriptText(written: readonly Written[]): string {
  const classes = [...new Set(written.map(({ type }) => classOf(type)))].sort();
  const lines = written.map(({ type, name, id, args }) => {
    const entries = Object.entries(args).map(
      ([argument, value]) => `${camel(argument)}: ${JSON.stringify(literal(value))}`,
    );
    return `  new ${classOf(type)}(scope, ${JSON.stringify(name)}, { ${entries.join(', ')} }).importFrom(${JSON.stringify(id)});\n`;
  });
  return `import type { Construct } from 'constructs';
import { ${classes.join(', ')} } from 'keyform/constructs';

/** Keys that exist already. Once an apply has taken them over, \`.importFrom(…)\` can go. */
export function existingKeys(scope: Construct): void {
${lines.join('')}}
`;
}

/** As the constructs are named: `keyform_acme_api_key` is `AcmeApiKey`. */
function classOf({ type }: ResourceType): string {
  const name = camel(type.replace(/^keyform_/, ''));
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function camel(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
