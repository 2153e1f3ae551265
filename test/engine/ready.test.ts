import { describe, expect, it } from 'vitest';
import { KeyformError } from '../../src/core/error.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { hasChanges } from '../../src/core/plan/plan.ts';
import type { ApplyEvent } from '../../src/engine/walk.ts';
import { World } from './world.ts';

// Keys that are usable later than the call that makes them answers.

const ADDRESS = 'keyform_nscale_access_key.backup';
const KEY = { endpoint_id: 'store', name: 'backup', identity_policy: 'system-default-admin' };

function stack(more: JsonObject = {}): JsonObject {
  return {
    resource: { keyform_nscale_access_key: { backup: { ...KEY, ...more } } },
    output: { status: { value: `\${${ADDRESS}.provisioning_status}` } },
  };
}

async function current(world: World) {
  return (await world.store.read()).state.resources.get(ADDRESS)?.current;
}

describe('a key that takes its time', () => {
  it('is recorded before it is waited for, and waited for before anything depends on it', async () => {
    const world = await World.open({ nscale: { provisioning_reads: 3 } });
    const events: ApplyEvent[] = [];
    const secrets: (string | undefined)[] = [];
    const result = await world.apply(stack(), {
      onEvent: async (event) => {
        events.push(event);
        if (event.kind === 'waiting') secrets.push((await current(world))?.secret?.reveal());
      },
    });
    expect(result.diagnostics).toEqual([]);
    expect(result.done.map((step) => step.kind)).toEqual(['create', 'verify']);
    const said = events.flatMap((event) => (event.kind === 'waiting' ? [event.status] : []));
    expect(said).toContain('provisioning');
    expect(secrets.length).toBeGreaterThan(0);
    expect(secrets.every((secret) => (secret ?? '').length > 10)).toBe(true);
    expect((await current(world))?.attributes.provisioning_status).toBe('provisioned');
    const { state } = await world.store.read();
    expect(state.outputs.status?.value).toBe('provisioned');
    const again = await world.plan(stack());
    expect([hasChanges(again), again.entries]).toEqual([false, []]);
  });

  it('is waited for again by the next apply, when the time limit came first', async () => {
    const world = await World.open({ nscale: { provisioning_reads: 200, pending_access_key_id: 'null' } });
    world.settings.nscale = { provisioning_timeout: '10s' };
    const first = await world.apply(stack());
    expect(first.failed.map((step) => step.kind)).toEqual(['verify']);
    expect(first.diagnostics[0]?.summary).toMatch(/provision/);
    const made = await current(world);
    expect(made?.secret).not.toBeNull();
    const plan = await world.plan(stack());
    // The list does not tell the id that clients send before the key is ready; the create did.
    expect(plan.changes[0]?.before?.access_key_id).toBe(made?.accessKeyId);
    expect(made?.accessKeyId).toMatch(/^[A-Za-z0-9]{20}$/);
    expect(plan.steps.map((step) => [step.kind, step.keyId])).toEqual([['verify', made?.id]]);
    expect(plan.changes.map(({ actions, reasons }) => [actions, reasons])).toEqual([
      [['no-op'], ['the API was still setting it up']],
    ]);
    world.settings.nscale = { provisioning_timeout: '2h' };
    expect((await world.apply(stack())).failed).toEqual([]);
    expect((await current(world))?.id).toBe(made?.id);
    expect((await world.plan(stack())).steps).toEqual([]);
  });

  it('keeps the old key until the new one is ready, however many applies that takes', async () => {
    const world = await World.open();
    await world.apply(stack());
    const old = await current(world);
    world.options('nscale', { provisioning_reads: 200 });
    world.settings.nscale = { provisioning_timeout: '10s' };
    const failed = await world.apply(stack({ name: 'backup-2' }));
    expect(failed.failed.map((step) => step.kind)).toEqual(['verify']);
    expect(failed.skipped.map((step) => [step.kind, step.keyId])).toEqual([['delete', old?.id]]);
    const plan = await world.plan(stack({ name: 'backup-2' }));
    const [verify, drop] = plan.steps;
    expect([verify?.kind, drop?.kind, drop?.keyId]).toEqual(['verify', 'delete', old?.id]);
    expect(drop?.after).toEqual([verify?.id]);
    world.settings.nscale = { provisioning_timeout: '2h' };
    expect((await world.apply(stack({ name: 'backup-2' }))).failed).toEqual([]);
    const { state } = await world.store.read();
    expect(state.resources.get(ADDRESS)?.deposed).toEqual([]);
  });

  it('is replaced when the API gave up on it, and the old one stays until then', async () => {
    const world = await World.open();
    await world.apply(stack());
    const old = await current(world);
    // The second key fails, and the first goes on working.
    world.meddler.after = (action, response) => {
      if (action !== 'GetAccessKey' && action !== 'ListAccessKeys') return response;
      const body = JSON.parse(response.body);
      for (const key of Array.isArray(body) ? body : [body])
        if (key.metadata?.name === 'backup-2' && /^provision/.test(key.metadata.provisioningStatus))
          key.metadata.provisioningStatus = 'error';
      return { ...response, body: JSON.stringify(body) };
    };
    const failed = await world.apply(stack({ name: 'backup-2' }));
    expect(failed.failed.map((step) => step.kind)).toEqual(['verify']);
    const broken = await current(world);
    const plan = await world.plan(stack({ name: 'backup-2' }));
    expect(plan.changes[0]?.actionReason).toBe('replace_because_tainted');
    const steps = new Map(plan.steps.map((step) => [`${step.kind} ${step.keyId}`, step]));
    expect(steps.get(`delete ${old?.id}`)?.after).toEqual(expect.arrayContaining([steps.get('verify null')?.id]));
    // A dead key serves nobody: it goes first, so that keys that fail again and again do not pile up.
    expect(steps.get(`delete ${broken?.id}`)?.after).toEqual([]);
    expect((await world.apply(stack({ name: 'backup-2' }))).failed.map((step) => step.kind)).toEqual(['verify']);
    const again = (await world.store.read()).state.resources.get(ADDRESS);
    expect(again?.deposed.map((key) => key.id)).toEqual([old?.id]);
    world.meddler.after = (_, response) => response;
    expect((await world.apply(stack({ name: 'backup-2' }))).failed).toEqual([]);
    const { state } = await world.store.read();
    const now = state.resources.get(ADDRESS);
    expect([now?.current?.number, now?.deposed]).toEqual([4, []]);
    expect([old?.id, broken?.id]).not.toContain(now?.current?.id);
  });

  it('is found when its answer was lost, though lists lack it at first', async () => {
    const world = await World.open();
    const pauses: number[] = [];
    world.meddler.after = (action, response) => {
      if (action === 'CreateAccessKey') throw new KeyformError('outcome-unknown', 'the answer was lost');
      return response;
    };
    const lost = world.clock.time;
    expect((await world.apply(stack())).failed).toHaveLength(1);
    world.meddler.after = (action, response) =>
      action === 'ListAccessKeys' && world.clock.time < lost + 20_000 ? { ...response, body: '[]' } : response;
    const healed = await world.apply(stack(), { onPause: (ms) => pauses.push(ms) });
    expect(pauses).toEqual([expect.closeTo(30_000, -3)]);
    expect(healed.done.map((step) => step.kind)).toEqual(['recover', 'create', 'verify']);
    const empty = await world.plan(stack());
    expect([empty.steps, empty.coverage]).toEqual([[], { managed: 1, total: 1 }]);
  });

  it('is not taken for gone while it is too new to be listed', async () => {
    const world = await World.open({ nscale: { invisible_reads: 6 } });
    world.settings.nscale = { provisioning_timeout: '1s' };
    const first = await world.apply(stack());
    expect(first.failed.map((step) => step.kind)).toEqual(['verify']);
    const made = await current(world);
    const plan = await world.plan(stack());
    expect(plan.drift).toEqual([]);
    expect(plan.steps.map((step) => step.kind)).toEqual(['verify']);
    world.settings.nscale = {};
    expect((await world.apply(stack())).failed).toEqual([]);
    expect((await current(world))?.id).toBe(made?.id);
  });
});
