import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keyform, makePlace, type Place, requireBuild } from '../scripts/tool.ts';

let place: Place;
beforeAll(async () => {
  requireBuild();
  place = await makePlace({
    'stacks/main/main.tf.json': JSON.stringify({
      provider: { keyform: {} },
      resource: { keyform_sinch_access_key: { ci: { project_id: 'p1', display_name: 'ci' } } },
    }),
  });
});
afterAll(() => place.remove());

function run(fault: string, ...args: string[]) {
  return keyform(args, { cwd: place.project, env: { ...place.env, KEYFORM_FAULT: fault } }).ended;
}

test('a value of KEYFORM_FAULT that is not understood stops every command before it does anything', async () => {
  const ended = await run('kill:sometime', 'apply', '-sandbox', '-auto-approve');
  expect(ended.code).toBe(1);
  expect(ended.out).toBe('');
  expect(ended.err).toContain('Error: KEYFORM_FAULT is not understood: a point is');
  expect(existsSync(join(place.project, 'state'))).toBe(false);
});

test('a run under KEYFORM_FAULT says so, and no fault befalls the clouds of the sandbox', async () => {
  const ended = await run('ENOSPC:before write *#1+', 'apply', '-sandbox', '-auto-approve');
  expect(ended.code).toBe(1);
  expect(ended.err).toContain('Warning: KEYFORM_FAULT is set');
  expect(ended.err).toContain('(ENOSPC)');
  expect(ended.err.replaceAll(/\s*\n│\s*/g, ' ')).toContain('The disk is full.');
  // Written by the same process, to the same disk.
  expect(JSON.parse(readFileSync(join(place.project, '.keyform', 'sandbox.json'), 'utf8'))).toHaveProperty('clouds');
});

test('a killed sandbox run is put right by the next one', async () => {
  const killed = await run('kill:before answer sinch CreateAccessKey', 'apply', '-sandbox', '-auto-approve');
  expect(killed.signal).toBe('SIGKILL');
  const trace = join(place.work, 'trace');
  const healed = await run(`trace:${trace}`, 'apply', '-sandbox', '-auto-approve');
  expect(healed.code, healed.err).toBe(0);
  const points = readFileSync(trace, 'utf8').split('\n');
  expect(points).toContain('after answer sinch DeleteAccessKey');
  expect(points).toContain('after answer sinch CreateAccessKey');
  expect(points.filter((point) => point.includes('sandbox'))).toEqual([]);
});
