import type { Type } from './type.ts';

/** The type as messages call it: `list of string`, `object`, `dynamic`. */
export function friendlyName(type: Type): string {
  switch (type.kind) {
    case 'list':
    case 'set':
    case 'map':
      return `${type.kind} of ${friendlyName(type.element)}`;
    default:
      return type.kind;
  }
}

/** The type as messages call what a constraint asks for: `list of any single type`, `any type`. */
export function friendlyConstraint(type: Type): string {
  switch (type.kind) {
    case 'dynamic':
      return 'any type';
    case 'list':
    case 'set':
    case 'map':
      return `${type.kind} of ${type.element.kind === 'dynamic' ? 'any single type' : friendlyConstraint(type.element)}`;
    default:
      return type.kind;
  }
}

/** The type as the console's `type()` prints it, over several lines where it has objects or tuples. */
export function typeText(type: Type, depth = 0): string {
  const inner = '    '.repeat(depth + 1);
  const outer = '    '.repeat(depth);
  switch (type.kind) {
    case 'tuple':
      if (type.elements.length === 0) return 'tuple([])';
      return `tuple([\n${type.elements.map((element) => `${inner}${typeText(element, depth + 1)},\n`).join('')}${outer}])`;
    case 'object': {
      if (type.attributes.size === 0) return 'object({})';
      const lines = [...type.attributes].map(([name, of]) => `${inner}${name}: ${typeText(of, depth + 1)},\n`);
      return `object({\n${lines.join('')}${outer}})`;
    }
    case 'list':
    case 'set':
    case 'map': {
      const structural = type.element.kind === 'object' || type.element.kind === 'tuple';
      if (!structural) return `${type.kind}(${typeText(type.element, depth)})`;
      return `${type.kind}(\n${inner}${typeText(type.element, depth + 1)},\n${outer})`;
    }
    default:
      return type.kind;
  }
}

const NAME = /^[\p{ID_Start}_][\p{ID_Continue}-]*$/u;

/** The type as a constraint is written, on one line: `object({ a = string, b = optional(number) })`. */
export function constraintText(type: Type): string {
  switch (type.kind) {
    case 'dynamic':
      return 'any';
    case 'list':
    case 'set':
    case 'map':
      return `${type.kind}(${constraintText(type.element)})`;
    case 'tuple':
      return `tuple([${type.elements.map(constraintText).join(', ')}])`;
    case 'object': {
      if (type.attributes.size === 0) return 'object({})';
      const attributes = [...type.attributes].map(([name, of]) => {
        const text = type.optional.has(name) ? `optional(${constraintText(of)})` : constraintText(of);
        return `${NAME.test(name) ? name : JSON.stringify(name)} = ${text}`;
      });
      return `object({ ${attributes.join(', ')} })`;
    }
    default:
      return type.kind;
  }
}
