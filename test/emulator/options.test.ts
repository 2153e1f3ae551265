import { expect, test } from 'vitest';
import type { KeyformError } from '../../src/core/error.ts';
import { checkOptions } from '../../src/emulator/options.ts';
import { startEmulator } from '../../src/emulator/server.ts';
import { clouds } from '../../src/providers/index.ts';
import { ports } from './ports.ts';

/** The refusal, as a person reads it; null when the options are taken. */
async function refusal(options: Readonly<Record<string, unknown>>): Promise<string | null> {
  try {
    await checkOptions(clouds, options);
    return null;
  } catch (error) {
    const { code, message, detail } = error as KeyformError;
    return `${code}: ${message}. ${detail}`;
  }
}

test.each<[string, Readonly<Record<string, unknown>>, RegExp | null]>([
  ['none', {}, null],
  ['good ones', { sinch: { quota: 3, list_order: 'newest_first' }, outscale: {} }, null],
  [
    'a misspelt cloud',
    { snich: { quota: 3 } },
    /^invalid-configuration: Options for "snich", which is not a cloud of the emulator\. It serves .*sinch.*\. Did you mean "sinch"\?$/,
  ],
  [
    'a misspelt switch',
    { sinch: { qouta: 3 } },
    /^invalid-configuration: The emulator of Sinch has no option "qouta"\. It has quota, .* Did you mean "quota"\?$/,
  ],
  [
    'a wrong value',
    { sinch: { quota: 'many' } },
    /The emulator of Sinch does not take the option "quota"\. .*expected number.* "keyform schema sinch" tells what each option may be\.$/,
  ],
  ['a wrong place in a value', { sinch: { forbidden_projects: ['a', 1] } }, /the option "forbidden_projects\[1\]"/],
  ['no object', { sinch: true }, /The emulator of Sinch does not take its options/],
])('%s', async (_, options, expected) => {
  const found = await refusal(options);
  if (expected === null) expect(found).toBeNull();
  else expect(found).toMatch(expected);
});

test('a server with options that are refused is not started', async () => {
  const options = { ...ports, clouds, port: 0, dataFile: null, options: { sinch: { qouta: 3 } } };
  await expect(startEmulator(options)).rejects.toThrow('The emulator of Sinch has no option "qouta"');
});
