import { isObject } from '../../core/json.ts';
import { parseMoment } from '../../core/moment.ts';
import { badField, CODES, Refusal } from './refusal.ts';

/**
 * How the emulator reads a request: protobuf's JSON mapping, as the API does. A field may be called by its name in the
 * description (`expires_at`) or in lowerCamelCase, null means left out, and a 64-bit number may be a string.
 */

/** What a field holds. */
export type FieldKind = 'text' | 'texts' | 'number' | 'time';

/** Fields of a request, by their names in the API's description; undefined for what was left out. */
export type Message = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** The fields of a JSON body; an empty one has none. Throws a Refusal. */
export function readBody(
  body: string,
  fields: Readonly<Record<string, FieldKind>>,
  unknown: 'refuse' | 'ignore',
): Message {
  let value: unknown;
  try {
    value = JSON.parse(body.trim() === '' ? '{}' : body);
  } catch {
    throw new Refusal(CODES.invalidArgument, 'The request body is not JSON');
  }
  if (!isObject(value)) throw new Refusal(CODES.invalidArgument, 'The request body is not a JSON object');
  return readFields(Object.entries(value), fields, unknown);
}

/** The fields of a query string. Throws a Refusal. */
export function readQuery(
  query: URLSearchParams,
  fields: Readonly<Record<string, FieldKind>>,
  unknown: 'refuse' | 'ignore',
): Message {
  return readFields([...query], fields, unknown);
}

function readFields(
  entries: readonly (readonly [string, unknown])[],
  fields: Readonly<Record<string, FieldKind>>,
  unknown: 'refuse' | 'ignore',
): Message {
  const read: Record<string, string | number | readonly string[]> = {};
  for (const [written, value] of entries) {
    const name = Object.keys(fields).find((field) => field === written || camelCase(field) === written);
    if (name === undefined) {
      if (unknown === 'ignore') continue;
      throw badField(written, 'unknown field');
    }
    if (value === null) continue;
    if (Object.hasOwn(read, name)) throw badField(name, 'given twice');
    read[name] = readValue(name, fields[name] ?? 'text', value);
  }
  return read;
}

function readValue(name: string, kind: FieldKind, value: unknown): string | number | readonly string[] {
  switch (kind) {
    case 'text':
      if (typeof value === 'string') return value;
      break;
    case 'texts':
      if (Array.isArray(value) && value.every((item): item is string => typeof item === 'string')) return value;
      break;
    case 'number': {
      const text = typeof value === 'number' ? String(value) : value;
      if (typeof text === 'string' && /^-?\d{1,15}$/.test(text)) return Number(text);
      break;
    }
    case 'time': {
      const time = typeof value === 'string' ? readTime(value) : null;
      if (time !== null) return time;
      break;
    }
  }
  throw badField(name, `unexpected value, a ${kind} is wanted`);
}

/**
 * A Timestamp in the form in which the API writes it (RFC 3339 in UTC, a fraction of no, three, six or nine digits); null for
 * what is none, and for one outside the limits of the description (1970 to 2105).
 */
export function readTime(text: string): string | null {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  const ms = parts === null ? null : parseMoment(`${parts[1]}${parts[3]}`);
  if (parts === null || ms === null || ms < 0 || ms > Date.parse('2105-12-31T23:59:59Z')) return null;
  const fraction = (parts[2] ?? '').padEnd(9, '0').replace(/(?:000){1,3}$/, '');
  return `${new Date(ms).toISOString().slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}Z`;
}

/** A field's name in JSON. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The text of a field; empty when it was left out. Throws a Refusal when it is longer than `longest` characters. */
export function textOf(message: Message, name: string, longest: number): string {
  const value = message[name];
  if (typeof value !== 'string') return '';
  if ([...value].length > longest) throw badField(name, `must be at most ${longest} characters`);
  return value;
}

/** The number of items on a page; 100 when it was left out. Throws a Refusal outside 0 to 1000. */
export function pageSizeOf(message: Message, zero: 'default' | 'refuse'): number {
  const size = typeof message.page_size === 'number' ? message.page_size : 100;
  if (size < 0 || size > 1000 || (size === 0 && zero === 'refuse')) throw badField('page_size', 'must be in 0-1000');
  return size === 0 ? 100 : size;
}

/** Items after the one that `token` names, a page of them, and the token of the next page (empty at the end). Throws a Refusal. */
export function pageOf<T extends { readonly number: number }>(
  items: readonly T[],
  list: string,
  size: number,
  token: string,
): { readonly page: readonly T[]; readonly next: string } {
  let from = 0;
  if (token !== '') {
    const [name, number] = Buffer.from(token, 'base64url').toString('utf8').split('\n');
    const after = Number(number);
    if (name !== list || !Number.isInteger(after)) throw badField('page_token', 'is not a token of this list');
    // The item itself may be gone by now; the page begins behind where it was.
    const descending = (items[0]?.number ?? 0) > (items.at(-1)?.number ?? 0);
    from = items.findIndex((item) => (descending ? item.number < after : item.number > after));
    if (from < 0) from = items.length;
  }
  const page = items.slice(from, from + size);
  const last = page.at(-1);
  const more = last !== undefined && from + size < items.length;
  return { page, next: more ? Buffer.from(`${list}\n${last.number}`).toString('base64url') : '' };
}
