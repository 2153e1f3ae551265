import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { decodePlan, encodePlan } from '../../../src/core/plan/codec.ts';
import { DOUBTS } from './doubt.ts';
import { printPlan } from './print.ts';
import { READINGS } from './reading.ts';
import { SCENARIOS } from './scenarios.ts';

describe('the plan after', () => {
  it.each(Object.entries({ ...SCENARIOS, ...READINGS, ...DOUBTS }))('%s', async (name, scenario) => {
    const { lab, plan } = await scenario();
    const printed = printPlan(plan);
    for (const resource of lab.state.resources.values())
      for (const key of [resource.current, ...resource.deposed])
        if (key?.secret != null) expect(printed).not.toContain(key.secret.reveal());
    expect(printed).not.toContain('canary');
    const golden = new URL(`../../golden/plans/${name.replaceAll(/[ ,]+/g, '-')}.txt`, import.meta.url);
    await expect(printed).toMatchFileSnapshot(fileURLToPath(golden));

    const read = decodePlan(encodePlan(plan));
    expect(read).toEqual(plan);
    expect(encodePlan(read)).toBe(encodePlan(plan));
    expect(printPlan(read)).toBe(printed);

    const ids = plan.steps.map((step) => step.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [index, step] of plan.steps.entries())
      for (const need of step.after) expect(ids.slice(0, index)).toContain(need);
  });
});
