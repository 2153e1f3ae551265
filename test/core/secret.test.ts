import assert from 'node:assert';
import { format, inspect } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { toDiagnostics } from '../../src/core/diagnostic.ts';
import { KeyformError } from '../../src/core/error.ts';
import { Concealed, SENSITIVE, Secret } from '../../src/core/secret.ts';

const TEXT = 'canary-of-the-secret';
const secret = new Secret(TEXT);

/** What is printed where somebody prints a value without a thought of what it holds. */
const PRINTED: Readonly<Record<string, (value: Concealed<unknown>) => unknown>> = {
  'a template': (value) => `${value}`,
  String: (value) => String(value),
  concatenation: (value) => `a ${value}`,
  'a number, by mistake': (value) => String(Number(value)),
  'join of a list': (value) => [value, value].join(),
  'JSON, whole': (value) => JSON.stringify(value),
  'JSON, inside': (value) => JSON.stringify({ a: [{ value }] }, null, 2),
  'JSON, as a key': (value) => JSON.stringify({ [String(value)]: 1 }),
  inspect: (value) => inspect(value),
  'inspect, with all there is': (value) =>
    inspect(value, { showHidden: true, depth: null, getters: true, showProxy: true }),
  'inspect, past its own hook': (value) => inspect(value, { customInspect: false, showHidden: true }),
  'inspect, inside': (value) => inspect({ a: [new Map([[value, new Set([value])]])] }, { depth: null }),
  'console.log': (value) => format(value, { value }),
  'console.log, with formats': (value) =>
    format('%s %d %i %f %j %o %O %c', value, value, value, value, value, value, value, value),
  'an error': (value) => new Error(`no ${value}`, { cause: value }).stack,
  'an error with its cause': (value) => inspect(new Error('a', { cause: { value } }), { depth: null }),
  'an error of Keyform': (value) =>
    inspect(new KeyformError('internal', `no ${value}`, { detail: `as ${value}`, cause: value })),
  'a diagnostic': (value) =>
    JSON.stringify(toDiagnostics(new KeyformError('internal', 'a', { detail: 'b', cause: { value } }))),
  'a failed assertion': (value) => {
    try {
      assert.deepStrictEqual({ value }, { value: 1 });
    } catch (error) {
      return inspect(error, { depth: null });
    }
    return '';
  },
  spreading: (value) => inspect({ ...value }, { showHidden: true }),
  'its own members': (value) =>
    inspect([Object.entries(value), Reflect.ownKeys(value), Object.getOwnPropertyDescriptors(value)]),
  'a structured clone': (value) => inspect(structuredClone({ value }), { showHidden: true, depth: null }),
  'a message to a thread': (value) => inspect(deserialize(serialize({ value })), { depth: null }),
  'the bytes of that': (value) => serialize({ value }).toString('latin1'),
  'a query': (value) => new URLSearchParams({ value: String(value) }).toString(),
  'a date, by mistake': (value) => String(new Date(String(value))),
};

describe.each<[string, Concealed<unknown>]>([
  ['a secret', secret],
  ['a concealed object', new Concealed({ inner: TEXT })],
  ['a concealed list', new Concealed([TEXT, { deep: TEXT }])],
])('%s', (_, value) => {
  it.each(Object.entries(PRINTED))('does not show in %s', (__, print) => {
    const printed = String(print(value));
    expect(printed).not.toBe('');
    expect(printed.includes(TEXT)).toBe(false);
  });

  it('shows as what stands for it', () => {
    expect([`${value}`, JSON.stringify(value), inspect(value), format('%s %O', value, value)]).toEqual([
      SENSITIVE,
      `"${SENSITIVE}"`,
      SENSITIVE,
      `${SENSITIVE} ${SENSITIVE}`,
    ]);
  });
});

it('a secret comes out by reveal, and only there', () => {
  expect(secret.reveal()).toBe(TEXT);
  // Prints of a plain string would fail every line above, so the table is one that can fail.
  const plain = TEXT as unknown as Concealed<unknown>;
  const shown = Object.entries(PRINTED).filter(([, print]) => {
    try {
      return String(print(plain)).includes(TEXT);
    } catch {
      return false;
    }
  });
  expect(shown.length).toBeGreaterThan(20);
});
