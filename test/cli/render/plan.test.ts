import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { style } from '../../../src/cli/render/color.ts';
import { coverageJson } from '../../../src/cli/render/drift.ts';
import { renderForecast, renderPlan, renderSummary } from '../../../src/cli/render/plan.ts';
import { planJson } from '../../../src/cli/render/planjson.ts';
import { UNKNOWN } from '../../../src/core/value.ts';
import { change, PLANS, plan, SINCH, sinchKey, step } from './plans.ts';

const golden = (name: string) => fileURLToPath(new URL(`../../golden/render/${name}`, import.meta.url));
const file = (name: string) => name.replaceAll(' ', '-');
const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

describe.each(Object.entries(PLANS))('the plan "%s"', (name, value) => {
  test('as text', async () => {
    await expect(renderPlan(value, style(false))).toMatchFileSnapshot(golden(`plan-${file(name)}.txt`));
  });

  test('as JSON', async () => {
    await expect(json(planJson(value, '0.1.0'))).toMatchFileSnapshot(golden(`plan-${file(name)}.json`));
  });

  test('its colours change nothing but colour', () => {
    const colored = renderPlan(value, style(true));
    expect(colored).toContain('\u001b[');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
    expect(colored.replaceAll(/\u001b\[\d+m/g, '')).toBe(renderPlan(value, style(false)));
  });

  test('its last line is the summary', () => {
    expect(renderPlan(value, style(false)).trimEnd().split('\n').at(-1)).toBe(renderSummary(value, style(false)));
  });
});

test('"No changes" is never said of what could not be looked at', () => {
  const value = PLANS['refused whole'] ?? plan();
  expect(renderPlan(value, style(false))).not.toContain('No changes.');
});

test('coverage is cut, not rounded: one unmanaged key of ten thousand is not 100 %', () => {
  expect(coverageJson(plan({ coverage: { managed: 9999, total: 10_000 } }))).toMatchObject({ percent: 99.9 });
  expect(coverageJson(plan({ coverage: { managed: 3, total: 3 } }))).toMatchObject({ percent: 100 });
  expect(coverageJson(plan())).toMatchObject({ percent: null });
});

test.each([
  [0.9, ''],
  [1, '1 s'],
  [23.2, '24 s'],
  [119, '119 s'],
  [120, '2 min'],
  [200, '3 min 20 s'],
  [7200, '2 h'],
  [7500, '2 h 5 min'],
])('%s seconds of rate limits read "%s"', (seconds, text) => {
  const forecast = { calls: [{ cloud: 'sinch', action: 'createAccessKey', count: 1 }], seconds };
  const wait = text === '' ? '' : `; rate limits make that take at least ${text}`;
  expect(renderForecast(plan({ forecast }), style(false))).toBe(
    `This will make 1 API call: 1 × sinch createAccessKey${wait}.`,
  );
});

test('ten thousand creates are printed whole', () => {
  const addresses = Array.from({ length: 10_000 }, (_, i) => `${SINCH}.key[${i}]`);
  const text = renderPlan(
    plan({
      steps: addresses.map((address) => step('create', address)),
      changes: addresses.map((address) =>
        change(address, { actions: ['create'], after: sinchKey({ id: UNKNOWN }), reasons: ['it does not exist yet'] }),
      ),
    }),
    style(true),
  );
  expect(text.match(/will be created/g)).toHaveLength(10_000);
  expect(text.trimEnd()).toMatch(/10000 to add, 0 to change, 0 to destroy\.$/);
});
