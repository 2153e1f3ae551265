import { expect, test } from 'vitest';
import type { KeyformError } from '../../src/core/error.ts';
import type { Files } from '../../src/core/port.ts';
import { openProject, sandboxOf } from '../../src/engine/project.ts';

/** `context.keyform` of a cdktf.json with these settings. */
function open(keyform: unknown) {
  const text = JSON.stringify({ context: { keyform } });
  const files = { read: async () => new TextEncoder().encode(text) } as unknown as Files;
  return openProject('/project', files);
}

test.each<[string, unknown, unknown]>([
  ['left out', {}, { enabled: false, options: {} }],
  ['false', { sandbox: false }, { enabled: false, options: {} }],
  ['true', { sandbox: true }, { enabled: true, options: {} }],
  ['an empty object', { sandbox: {} }, { enabled: true, options: {} }],
  [
    'options',
    { sandbox: { options: { one: { quota: 3, list: ['a'] } } } },
    { enabled: true, options: { one: { quota: 3, list: ['a'] } } },
  ],
  [
    'options for -sandbox only',
    { sandbox: { enabled: false, options: { one: {} } } },
    { enabled: false, options: { one: {} } },
  ],
])('sandbox: %s', async (_, settings, expected) => {
  expect(sandboxOf((await open(settings)).settings)).toEqual(expected);
});

test.each<[string, unknown, RegExp]>([
  [
    'a misspelt setting',
    { sandbx: true },
    /at "context\.keyform"\. Unrecognized key: "sandbx"\. Did you mean "sandbox"\?/,
  ],
  [
    'a misspelt part of the sandbox',
    { sandbox: { option: {} } },
    /at "context\.keyform\.sandbox"\. Unrecognized key: "option"\. Did you mean "options"\?/,
  ],
  ['a word', { sandbox: 'yes' }, /at "context\.keyform\.sandbox"\. It must be true, false or an object\./],
  ['a list', { sandbox: [] }, /at "context\.keyform\.sandbox"\. It must be true, false or an object\./],
  ['no object by cloud', { sandbox: { options: { one: 3 } } }, /at "context\.keyform\.sandbox\.options\.one"\./],
  ['an odd switch', { sandbox: { enabled: 1 } }, /at "context\.keyform\.sandbox\.enabled"\. .*expected boolean/],
  ['another setting', { recipients: [1] }, /at "context\.keyform\.recipients\[0\]"\. .*expected string/],
])('refuses %s', async (_, settings, expected) => {
  const error = (await open(settings).catch((caught: unknown) => caught)) as KeyformError;
  expect(error.code).toBe('invalid-configuration');
  expect(`${error.message}. ${error.detail}`).toMatch(expected);
});
