import { asObject, Sensitive, Unknown, type Value } from '../../core/value.ts';
import type { Style } from './color.ts';
import { quote } from './quote.ts';
import { equal, type ValueObject } from './redact.ts';

/** Terraform's symbols for what happens to a line. */
export type Mark = '+' | '-' | '~' | ' ';

/** Attributes that are shown though they did not change, so that a reader sees which key it is. */
const TELLING = /^id$|(^|_)name$/;

/** Longest list that is compared item by item for the shortest change; the cost grows with the square of it. */
const LIST_LIMIT = 500;

/** The symbol in its colour. */
export function paint(symbol: Mark, style: Style): string {
  if (symbol === '+') return style.green('+');
  if (symbol === '-') return style.red('-');
  return symbol === '~' ? style.yellow('~') : ' ';
}

/**
 * The attribute lines of a resource that appears (`before` null), goes (`after` null) or changes, in Terraform's layout and
 * by name. What did not change is hidden and counted; nulls that stay null are not counted. `indent` is the column of the
 * symbol. With `only`, the other attributes count as unchanged.
 */
export function attributeLines(
  before: ValueObject | null,
  after: ValueObject | null,
  indent: number,
  style: Style,
  options: { readonly forces?: readonly string[]; readonly only?: readonly string[] } = {},
): string[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].sort();
  const rows: { symbol: Mark; name: string; text: string }[] = [];
  let hidden = 0;
  for (const name of names) {
    const old = before?.[name] ?? null;
    const now = after?.[name] ?? null;
    if (old === null && now === null) continue;
    const passed = options.only !== undefined && !options.only.includes(name);
    if (passed || (before !== null && after !== null && equal(old, now))) {
      if (TELLING.test(name))
        rows.push({ symbol: ' ', name, text: whole(after === null ? old : now, ' ', indent, style) });
      else hidden += 1;
      continue;
    }
    const { symbol, text } = changed(old, now, indent, style);
    const forced = before !== null && after !== null && options.forces?.includes(name) === true;
    rows.push({ symbol, name, text: forced ? noted(text, style.red(' # forces replacement')) : text });
  }
  const width = Math.max(0, ...rows.map((row) => row.name.length));
  const pad = ' '.repeat(indent);
  const lines = rows.map(({ symbol, name, text }) => `${pad}${paint(symbol, style)} ${name.padEnd(width)} = ${text}`);
  if (hidden > 0) lines.push(`${pad}  ${style.dim(hiddenNote(hidden, 'attribute'))}`);
  return lines;
}

/** One changed value: the symbol of its line and the text after `=`. Null on a side means that there is nothing there. */
export function changed(before: Value, after: Value, indent: number, style: Style): { symbol: Mark; text: string } {
  if (before === null) return { symbol: '+', text: whole(after, '+', indent, style) };
  if (after === null) return { symbol: '-', text: `${whole(before, '-', indent, style)}${style.dim(' -> null')}` };
  return { symbol: '~', text: difference(before, after, indent, style) };
}

/** A value in full, each inner line with `symbol`; more than one line for a collection that is not empty. */
export function whole(value: Value, symbol: Mark, indent: number, style: Style): string {
  if (value instanceof Sensitive) return '(sensitive value)';
  if (value instanceof Unknown) return '(known after apply)';
  if (typeof value === 'string') return quote(value);
  const mark = `${' '.repeat(indent + 4)}${paint(symbol, style)} `;
  if (Array.isArray(value)) {
    const items = value.map((item: Value) => `${mark}${whole(item, symbol, indent + 4, style)},`);
    return enclose('[', items, ']', indent);
  }
  const object = asObject(value);
  if (object === null) return String(value);
  const keys = Object.keys(object).sort();
  const width = Math.max(0, ...keys.map((key) => label(key).length));
  const rows = keys.map(
    (key) => `${mark}${label(key).padEnd(width)} = ${whole(object[key] ?? null, symbol, indent + 4, style)}`,
  );
  return enclose('{', rows, '}', indent);
}

/** A value that stays but changes: `old -> new`, or the change inside a collection. */
export function difference(before: Value, after: Value, indent: number, style: Style): string {
  if (before instanceof Sensitive || after instanceof Sensitive) return '(sensitive value)';
  if (Array.isArray(before) && Array.isArray(after) && before.length + after.length <= LIST_LIMIT) {
    return listDifference(before, after, indent, style);
  }
  const [old, now] = [asObject(before), asObject(after)];
  if (old !== null && now !== null && !Array.isArray(before) && !Array.isArray(after)) {
    return objectDifference(old, now, indent, style);
  }
  return `${whole(before, '-', indent, style)} ${style.yellow('->')} ${whole(after, '+', indent, style)}`;
}

function objectDifference(before: ValueObject, after: ValueObject, indent: number, style: Style): string {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  const rows: { symbol: Mark; key: string; text: string }[] = [];
  let hidden = 0;
  for (const key of keys) {
    const [old, now] = [before[key] ?? null, after[key] ?? null];
    if (equal(old, now)) hidden += 1;
    else rows.push({ key: label(key), ...changed(old, now, indent + 4, style) });
  }
  const width = Math.max(0, ...rows.map((row) => row.key.length));
  const pad = ' '.repeat(indent + 4);
  const lines = rows.map(({ symbol, key, text }) => `${pad}${paint(symbol, style)} ${key.padEnd(width)} = ${text}`);
  if (hidden > 0) lines.push(`${pad}  ${style.dim(hiddenNote(hidden, 'element'))}`);
  return enclose('{', lines, '}', indent);
}

/** Items of the longest common part are hidden and counted; the others go or come. */
function listDifference(before: readonly Value[], after: readonly Value[], indent: number, style: Style): string {
  const [n, m] = [before.length, after.length];
  const common: number[][] = Array.from({ length: n + 1 }, () => new Array<number>(m + 1).fill(0));
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (let i = n - 1; i >= 0; i--) {
    for (let j = m - 1; j >= 0; j--) {
      const row = common[i];
      if (row === undefined) continue;
      row[j] = equal(before[i] ?? null, after[j] ?? null) ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const pad = ' '.repeat(indent + 4);
  const lines: string[] = [];
  const line = (symbol: Mark, value: Value) =>
    lines.push(`${pad}${paint(symbol, style)} ${whole(value, symbol, indent + 4, style)},`);
  let hidden = 0;
  let [i, j] = [0, 0];
  while (i < n || j < m) {
    if (i < n && j < m && equal(before[i] ?? null, after[j] ?? null)) {
      hidden += 1;
      i += 1;
      j += 1;
    } else if (i < n && (j >= m || at(i + 1, j) >= at(i, j + 1))) line('-', before[i++] ?? null);
    else line('+', after[j++] ?? null);
  }
  if (hidden > 0) lines.push(`${pad}  ${style.dim(hiddenNote(hidden, 'element'))}`);
  return enclose('[', lines, ']', indent);
}

function enclose(open: string, lines: readonly string[], close: string, indent: number): string {
  return lines.length === 0 ? open + close : `${open}\n${lines.join('\n')}\n${' '.repeat(indent + 2)}${close}`;
}

function hiddenNote(count: number, what: string): string {
  return `# (${count} unchanged ${what}${count === 1 ? '' : 's'} hidden)`;
}

/** A key of a map as Terraform writes it: quoted where it is no identifier. */
function label(key: string): string {
  return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(key) ? key : quote(key);
}

/** Puts a note at the end of the first line. */
function noted(text: string, note: string): string {
  const end = text.indexOf('\n');
  return end < 0 ? text + note : text.slice(0, end) + note + text.slice(end);
}
