import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { isKeyformError, type KeyformError } from '../../src/core/error.ts';
import type { SettingSpec, Settings } from '../../src/core/provider.ts';
import { readSettings } from '../../src/core/setting.ts';

const spec = (schema: z.ZodType, environment: readonly string[], fallback: SettingSpec['default']): SettingSpec => ({
  schema,
  sensitive: false,
  environment,
  default: fallback,
});
const SPECS = {
  id: spec(z.string().max(9, 'must be short'), ['V_ID', 'V_OLD_ID'], null),
  secret: spec(z.string(), ['V_SECRET'], null),
  file: spec(z.string(), [], null),
  rate: spec(z.number(), [], 5),
};
const read = (given: Settings) => readSettings('cloudy', 'Cloudy', SPECS, given);

function failure(action: () => unknown): KeyformError {
  try {
    action();
  } catch (error) {
    if (isKeyformError(error)) return error;
    throw error;
  }
  return expect.fail('it did not fail');
}

describe('settings', () => {
  it('are what is given, else the default, else null; empty text is left out', () => {
    expect([read({ rate: 7 }).value('rate'), read({ rate: null }).value('rate'), read({}).value('rate')]).toEqual([
      7, 5, 5,
    ]);
    expect([read({ id: 'a' }).text('id'), read({ id: '' }).text('id'), read({}).text('id')]).toEqual(['a', null, null]);
  });

  it('that do not fit are named with all their variables, and not quoted', () => {
    const error = failure(() => read({ id: 'much-too-long' }).text('id'));
    expect(error).toMatchObject({
      code: 'invalid-configuration',
      message: 'Cloudy: the setting "id" must be short',
      detail: 'Change "id" in the provider block’s "cloudy" object, or V_ID, V_OLD_ID in the environment.',
    });
  });

  it('that go together are taken together, and half of them is an error', () => {
    expect(read({ id: 'a', secret: 'b' }).pair('id', 'secret')).toEqual(['a', 'b']);
    expect(read({ id: '', secret: null }).pair('id', 'secret')).toBeNull();
    expect(failure(() => read({ id: 'a' }).pair('id', 'secret'))).toMatchObject({
      code: 'missing-credential',
      message: 'Cloudy: "id" is set but "secret" is not',
      detail: 'Set "secret" in the provider block’s "cloudy" object, or V_SECRET in the environment.',
    });
    expect(failure(() => read({ secret: 'b' }).pair('id', 'secret')).message).toBe(
      'Cloudy: "secret" is set but "id" is not',
    );
  });

  it('that are all missing are named with their variables, where they have any', () => {
    expect(read({}).missing(['id', 'secret'], 'Ask around.')).toMatchObject({
      code: 'missing-credential',
      message: 'Cloudy: no credential is set',
      detail:
        'Set "id" and "secret" in the provider block’s "cloudy" object, or V_ID and V_SECRET in the environment. Ask around.',
    });
    expect(read({}).missing(['file'], 'Or not.').detail).toBe(
      'Set "file" in the provider block’s "cloudy" object. Or not.',
    );
  });
});
