import { expect, test } from 'vitest';
import { liveYear, table } from './year.ts';

test('a year of daily runs, some killed and some without a cloud: every consumer always has a key that works', async () => {
  const report = await liveYear({ seed: 20261123, days: 365, thin: 1 });
  process.stdout.write(`${table(report)}\n`);
  expect(report.outages).toEqual([]);
  expect(report.keys).toBe(200);
  // Nothing is left over, and nothing is missing.
  expect(report.living - report.deposed).toBe(200);
  expect(report.open).toBe(0);
  expect(report.age.most).toBeLessThan(93);
  expect(report.overlap.least).toBeGreaterThanOrEqual(23.9);
  // It was a year in which things went wrong.
  expect(report.killed).toBeGreaterThan(20);
  expect(report.unreachable).toBeGreaterThan(8);
  expect(report.recovered).toBeGreaterThan(0);
  expect(report.rotations).toBeGreaterThan(700);
  expect(report.retirements).toBeGreaterThan(700);
}, 300_000);
