import { friendlyName } from './format.ts';
import type { Num } from './number.ts';
import { quote } from './quote.ts';
import { isUnknown, partsOf, type Typed } from './typed.ts';

/** A value as Terraform's console prints it, over several lines where it has parts. What is sensitive is not shown. */
export function valueText(value: Typed, indent = 0): string {
  if (isUnknown(value)) return '(known after apply)';
  if (value.sensitive) return '(sensitive value)';
  const { content, type } = value;
  if (content === null) return nullText(value);
  switch (type.kind) {
    case 'dynamic':
      throw new Error('a value that is known has a type');
    case 'string':
      return text(content as string, indent);
    case 'number':
      return (content as Num).toString();
    case 'bool':
      return String(content);
    case 'tuple':
      return sequence(value, indent);
    case 'list':
    case 'set':
      return `to${type.kind}(${sequence(value, indent)})`;
    case 'object':
      return mapping(value, indent);
    case 'map':
      return `tomap(${mapping(value, indent)})`;
  }
}

function nullText({ type }: Typed): string {
  switch (type.kind) {
    case 'dynamic':
      return 'null';
    case 'string':
    case 'number':
    case 'bool':
      return `to${type.kind}(null)`;
    case 'list':
    case 'set':
    case 'map':
      return `to${type.kind}(null) /* of ${friendlyName(type.element)} */`;
    default:
      return `null /* ${friendlyName(type)} */`;
  }
}

/** Several lines come as a heredoc, whose delimiter is none of the lines. */
function text(content: string, indent: number): string {
  const lines = content.split('\n');
  if (lines.length === 1) return quote(content);
  const trimmed = new Set(lines.map((line) => line.trim()));
  let delimiter = 'EOT';
  while (trimmed.has(delimiter)) delimiter += '_';
  const margin = ' '.repeat(indent);
  return [`<<${indent > 0 ? '-' : ''}${delimiter}`, ...[...lines, delimiter].map((line) => `${margin}${line}`)].join(
    '\n',
  );
}

function sequence(value: Typed, indent: number): string {
  const items = partsOf(value);
  if (items.length === 0) return '[]';
  const margin = ' '.repeat(indent + 2);
  return `[\n${items.map((item) => `${margin}${valueText(item, indent + 2)},\n`).join('')}${' '.repeat(indent)}]`;
}

function mapping(value: Typed, indent: number): string {
  const entries = [...(value.content as ReadonlyMap<string, Typed>)];
  if (entries.length === 0) return '{}';
  const margin = ' '.repeat(indent + 2);
  const lines = entries.map(([name, item]) => `${margin}${text(name, indent + 2)} = ${valueText(item, indent + 2)}\n`);
  return `{\n${lines.join('')}${' '.repeat(indent)}}`;
}
