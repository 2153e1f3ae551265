import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EmulatorProcess, keyform, makePlace, type Place, requireBuild, startEmulator } from './tool.ts';
import { openWitness, readState, type Witness } from './world.ts';

const SINCH = 'keyform_sinch_access_key';

let emulator: EmulatorProcess;
let witness: Witness;
let base: Place;
const places: Place[] = [];
beforeAll(async () => {
  requireBuild();
  base = await makePlace();
  emulator = await startEmulator({ cwd: base.project, env: base.env });
  witness = openWitness(emulator);
  // Long enough for the other to come while one is at work.
  await emulator.fault({ kind: 'latency', ms: 1200, cloud: 'sinch', action: 'CreateAccessKey' });
});
afterAll(async () => {
  await witness?.close();
  await emulator?.stop();
  for (const place of [base, ...places]) place?.remove();
});

async function project(owner: string): Promise<Place> {
  const key = { project_id: owner, display_name: 'ci' };
  const stack = { provider: { keyform: {} }, resource: { [SINCH]: { ci: key } } };
  const place = await makePlace({ 'stacks/main/main.tf.json': JSON.stringify(stack) });
  Object.assign(place.env, emulator.environment);
  places.push(place);
  return place;
}

function apply(place: Place, ...more: string[]) {
  return keyform(['apply', '-auto-approve', ...more], { cwd: place.project, env: place.env });
}

async function oneKey(place: Place, owner: string): Promise<void> {
  const state = await readState(place.project, 'main');
  const ids = await witness.ids(SINCH, { project_id: owner });
  expect(ids).toEqual([state.resources.get(`${SINCH}.ci`)?.current?.id]);
  expect(await witness.broken(state)).toEqual([]);
  expect(existsSync(join(place.project, 'state', 'main.keyform.lock'))).toBe(false);
}

const text = (out: string) => out.replaceAll(/[│╷╵\s]+/g, ' ');

describe('two applies started at once', () => {
  test('one is done; the other fails and names who holds the lock, or found nothing to do', async () => {
    for (let round = 0; round < 3; round++) {
      const owner = `at-once-${round}`;
      const place = await project(owner);
      const both = [apply(place), apply(place)];
      const ended = await Promise.all(both.map(({ ended }) => ended));
      expect(ended.map(({ code }) => code).sort()).toEqual([0, 1]);
      const winner = ended.findIndex(({ code }) => code === 0);
      const loser = ended[1 - winner];
      const message = text(loser?.err ?? '');
      expect(message).toMatch(
        /The state of "main" is locked: \S+@\S+, process \d+, "apply" since \d{4}-\d\d-\d\dT\S+Z/,
      );
      expect(message).toContain(`process ${both[winner]?.pid},`);
      expect(message).toContain('keyform force-unlock ');
      await oneKey(place, owner);
    }
  });

  test('one waits for the other where it is given time, and then finds nothing to do', async () => {
    const owner = 'waits';
    const place = await project(owner);
    const ended = await Promise.all([apply(place, '-lock-timeout=30s').ended, apply(place, '-lock-timeout=30s').ended]);
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    const waited = ended.filter(({ err }) => /Waiting for the state lock, held by \S+@\S+ since/.test(err));
    expect(waited).toHaveLength(1);
    expect(ended.filter(({ out }) => out.includes('1 added'))).toHaveLength(1);
    expect(waited[0]?.out).toContain('Nothing was to be done');
    await oneKey(place, owner);
  });

  test('a holder that is killed does not block the one that waits, nor the next', async () => {
    const owner = 'killed';
    const place = await project(owner);
    const first = apply(place);
    await first.until((_, err) => err.includes('Creating...'));
    const second = apply(place, '-lock-timeout=30s');
    await second.until((_, err) => err.includes('Waiting for the state lock'));
    first.signal('SIGKILL');
    const ended = await second.ended;
    expect(ended.code, ended.err).toBe(0);
    expect(text(ended.err)).toContain(`The lock of a process that is gone was taken over`);
    expect(text(ended.err)).toContain(`process ${first.pid},`);
    await oneKey(place, owner);
    expect((await apply(place).ended).code).toBe(0);
    await oneKey(place, owner);
  });
});
