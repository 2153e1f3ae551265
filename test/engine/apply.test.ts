import { describe, expect, it } from 'vitest';
import { KeyformError } from '../../src/core/error.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { countChanges, hasChanges } from '../../src/core/plan/plan.ts';
import { World } from './world.ts';

const ci = { project_id: 'p1', display_name: 'ci' };

function sinch(keys: JsonObject, more: JsonObject = {}): JsonObject {
  return { resource: { keyform_sinch_access_key: keys }, ...more };
}

describe('apply', () => {
  it('makes keys in order of their references, keeps their secrets, and leaves an empty plan', async () => {
    const world = await World.open();
    const stack = {
      resource: {
        keyform_sinch_access_key: { ci },
        keyform_outscale_access_key: {
          backup: { user_name: 'backup', tag: 'for ${keyform_sinch_access_key.ci.access_key_id}', expires_in: '90d' },
          spare: { user_name: 'backup', enabled: false },
        },
      },
      output: {
        id: { value: '${keyform_sinch_access_key.ci.id}' },
        secret: { value: '${keyform_outscale_access_key.backup.secret}', sensitive: true },
      },
    };
    const result = await world.apply(stack);
    expect(result.diagnostics).toEqual([]);
    expect(result.failed).toEqual([]);
    const { state } = await world.store.read();
    const backup = state.resources.get('keyform_outscale_access_key.backup')?.current;
    const made = state.resources.get('keyform_sinch_access_key.ci')?.current;
    expect(backup?.args.tag).toBe(`for ${made?.accessKeyId}`);
    expect(backup?.expiresAt).toBe('2026-04-01T00:00:00.000Z');
    expect(backup?.secret?.reveal()).toMatch(/^[A-Z0-9]{40}$/);
    expect(state.outputs.secret?.value).toBe(backup?.secret?.reveal());
    expect(state.resources.get('keyform_outscale_access_key.spare')?.current?.enabled).toBe(false);
    expect(state.intents.size).toBe(0);
    const again = await world.plan(stack);
    expect(again.diagnostics).toEqual([]);
    expect(again.steps).toEqual([]);
    expect(hasChanges(again)).toBe(false);
    expect(again.entries).toEqual([]);
  });

  it('updates in place, replaces where it must, with the name freed and the new key verified first', async () => {
    const world = await World.open();
    await world.apply(sinch({ ci }));
    const before = (await world.store.read()).state.resources.get('keyform_sinch_access_key.ci')?.current;
    await world.apply(sinch({ ci: { ...ci, display_name: 'ci-2' } }));
    const renamed = (await world.store.read()).state.resources.get('keyform_sinch_access_key.ci')?.current;
    expect(renamed?.id).toBe(before?.id);
    expect(renamed?.args.display_name).toBe('ci-2');
    const replaced = await world.apply(sinch({ ci: { ...ci, display_name: 'ci-2' } }), {
      replace: ['keyform_sinch_access_key.ci'],
    });
    expect(replaced.done.map((step) => step.id.split(' ')[0])).toEqual(['rename', 'rotate', 'verify', 'delete']);
    const now = (await world.store.read()).state.resources.get('keyform_sinch_access_key.ci');
    expect(now?.current?.number).toBe(2);
    expect(now?.current?.args.display_name).toBe('ci-2');
    expect(now?.deposed).toEqual([]);
    expect((await world.plan(sinch({ ci: { ...ci, display_name: 'ci-2' } }))).steps).toEqual([]);
  });

  it.each([
    { deleteFirst: false, done: ['rename', 'rotate'], old: 1, said: 'The old key is kept; the next apply' },
    { deleteFirst: true, done: ['delete', 'rotate'], old: 0, said: 'The old key was deleted before it was made' },
  ])('replaces a new key that does not work, deleting the old one first: $deleteFirst', async (order) => {
    const world = await World.open();
    const stack = sinch({ ci: { ...ci, lifecycle: { create_before_destroy: !order.deleteFirst } } });
    const address = 'keyform_sinch_access_key.ci';
    await world.apply(stack);
    let made = false;
    world.meddler.after = (action, response) => {
      made ||= action === 'CreateAccessKey';
      return made && action === 'GetToken' ? { ...response, status: 401 } : response;
    };
    const failed = await world.apply(stack, { replace: [address] });
    expect(failed.done.map((step) => step.id.split(' ')[0])).toEqual(order.done);
    expect(failed.failed.map((step) => step.kind)).toEqual(['verify']);
    expect(failed.diagnostics.map((diagnostic) => diagnostic.detail).join()).toContain(order.said);
    const broken = (await world.store.read()).state.resources.get(address);
    expect(broken?.tainted).toBe('the API did not accept its secret');
    expect(broken?.current?.number).toBe(2);
    expect(broken?.deposed).toHaveLength(order.old);
    world.meddler.after = (_, response) => response;
    expect((await world.apply(stack)).diagnostics).toEqual([]);
    const healed = (await world.store.read()).state.resources.get(address);
    expect(healed).toMatchObject({ tainted: null, deposed: [], current: { number: 3 } });
    expect((await world.plan(stack)).coverage).toEqual({ managed: 1, total: 1 });
  });

  it('goes on counting generations after a key is gone outside', async () => {
    const world = await World.open();
    const stack = sinch({ ci });
    const keys = await world.keys('keyform_sinch_access_key');
    for (const number of [1, 2, 3]) {
      const { plan } = await world.apply(stack);
      expect(plan.steps.map((step) => step.generation)).toEqual([number]);
      const made = (await world.store.read()).state.resources.get('keyform_sinch_access_key.ci');
      expect(made).toMatchObject({ lastGeneration: number, current: { number } });
      if (made?.current != null) await keys.delete(made.current);
    }
  });

  it('marks in state what became sensitive, and no longer what ceased to be, without a call', async () => {
    const world = await World.open();
    const stack = (sensitive: boolean) => ({
      ...sinch({ ci: { ...ci, display_name: '${var.name}' } }),
      variable: { name: { default: 'ci', sensitive } },
      output: { name: { value: '${keyform_sinch_access_key.ci.display_name}', sensitive } },
    });
    await world.apply(stack(false));
    for (const sensitive of [true, false]) {
      world.calls.length = 0;
      const result = await world.apply(stack(sensitive));
      expect(result.diagnostics).toEqual([]);
      expect(result.plan.diagnostics).toEqual([]);
      expect(result.plan.steps).toEqual([]);
      expect(world.calls.filter((action) => !['GetToken', 'ListAccessKeys'].includes(action))).toEqual([]);
      const { state } = await world.store.read();
      const marks = state.resources.get('keyform_sinch_access_key.ci')?.current?.sensitiveArgs;
      expect(marks).toEqual(sensitive ? ['display_name'] : []);
      expect(state.outputs.name?.sensitive).toBe(sensitive);
      const again = await world.plan(stack(sensitive));
      expect([...again.steps, ...again.entries]).toEqual([]);
    }
  });

  it('keeps the mark of a switch that a sensitive value turns', async () => {
    const world = await World.open();
    const stack = (on: boolean) => ({
      resource: { keyform_outscale_access_key: { a: { user_name: 'u', enabled: '${var.on}' } } },
      variable: { on: { type: 'bool', default: on, sensitive: true } },
    });
    for (const on of [false, true, false]) {
      await world.apply(stack(on));
      const key = (await world.store.read()).state.resources.get('keyform_outscale_access_key.a')?.current;
      expect(key).toMatchObject({ enabled: on, sensitiveArgs: ['enabled'] });
      expect((await world.plan(stack(on))).entries).toEqual([]);
    }
  });

  it('stops only what depends on a failed step', async () => {
    const world = await World.open();
    const stack = {
      resource: {
        keyform_sinch_access_key: { ci, other: { project_id: 'p2', display_name: 'other' } },
        keyform_outscale_access_key: { after: { user_name: 'u', tag: '${keyform_sinch_access_key.ci.id}' } },
      },
    };
    let sent = 0;
    world.meddler.before = (action) => {
      if (action === 'CreateAccessKey' && sent++ === 0) throw new KeyformError('forbidden', 'No');
    };
    const result = await world.apply(stack, { parallelism: 1 });
    expect(result.failed.map((step) => step.address)).toEqual(['keyform_sinch_access_key.ci']);
    expect(result.skipped.map((step) => step.address)).toEqual(['keyform_outscale_access_key.after']);
    expect(result.done.map((step) => step.address)).toEqual(['keyform_sinch_access_key.other']);
    expect((await world.store.read()).state.intents.size).toBe(0);
    world.meddler.before = () => {};
    const next = await world.apply(stack);
    expect(next.done.map((step) => step.address).sort()).toEqual([
      'keyform_outscale_access_key.after',
      'keyform_sinch_access_key.ci',
    ]);
  });

  it('finds the key of an answer that was lost, deletes it and makes it again', async () => {
    const world = await World.open();
    world.meddler.after = (action, response) => {
      if (action === 'CreateAccessKey') throw new KeyformError('outcome-unknown', 'the answer was lost');
      return response;
    };
    const lost = await world.apply(sinch({ ci }));
    expect(lost.failed).toHaveLength(1);
    expect((await world.store.read()).state.intents.size).toBe(1);
    world.meddler.after = (_, response) => response;
    const plan = await world.plan(sinch({ ci }));
    expect(plan.steps.map((step) => step.kind)).toEqual(['recover', 'create']);
    const again = await world.apply(sinch({ ci }));
    expect(again.failed).toEqual([]);
    const { state } = await world.store.read();
    expect(state.intents.size).toBe(0);
    const empty = await world.plan(sinch({ ci }));
    expect(empty.steps).toEqual([]);
    expect(empty.coverage).toEqual({ managed: 1, total: 1 });
  });

  it.each<[string, (body: { accessKey: Record<string, unknown> }) => void]>([
    ['has no name', ({ accessKey }) => delete accessKey.displayName],
    ['has no id', ({ accessKey }) => delete accessKey.accessKeyId],
  ])('keeps a secret whose answer %s, and puts it to its key at the next apply', async (_, spoil) => {
    const world = await World.open();
    let secret = '';
    world.meddler.after = (action, response) => {
      if (action !== 'CreateAccessKey') return response;
      const body = JSON.parse(response.body);
      secret = body.secret;
      spoil(body);
      return { ...response, body: JSON.stringify(body) };
    };
    const lost = await world.apply(sinch({ ci }));
    expect(lost.failed).toHaveLength(1);
    expect(lost.diagnostics[0]?.summary).toMatch(
      /does not have the documented form at "accessKey\.(displayName|accessKeyId)"/,
    );
    expect(lost.diagnostics[0]?.detail).toContain('Its secret has arrived and is kept in state');
    expect(JSON.stringify(lost.diagnostics)).not.toContain(secret);
    world.meddler.after = (_, response) => response;
    const plan = await world.plan(sinch({ ci }));
    expect(plan.diagnostics).toEqual([]);
    expect(plan.steps.map((step) => step.kind)).toEqual(['adopt', 'verify']);
    expect(countChanges(plan)).toMatchObject({ add: 0, change: 0, destroy: 0, adopt: 1 });
    expect((await world.apply(sinch({ ci }))).failed).toEqual([]);
    const { state } = await world.store.read();
    expect(state.intents.size).toBe(0);
    const key = state.resources.get('keyform_sinch_access_key.ci')?.current;
    expect(key?.secret?.reveal()).toBe(secret);
    const empty = await world.plan(sinch({ ci }));
    expect([empty.steps, empty.entries, empty.coverage]).toEqual([[], [], { managed: 1, total: 1 }]);
  });

  it('settles an attempt of which the API shows nothing', async () => {
    const world = await World.open();
    world.meddler.before = (action) => {
      if (action === 'CreateAccessKey') throw new KeyformError('outcome-unknown', 'it never arrived');
    };
    await world.apply(sinch({ ci }));
    world.meddler.before = () => {};
    const again = await world.apply(sinch({ ci }));
    expect(again.done.map((step) => step.kind)).toEqual(['create']);
    expect((await world.store.read()).state.intents.size).toBe(0);
  });

  it('does not call the API when the disk cannot take the intent', async () => {
    const world = await World.open();
    await world.apply(sinch({}));
    const full = Object.values(world.disk.content()).reduce((sum, bytes) => sum + bytes.length, 0) + 100;
    let calls = 0;
    const loaded = world.apply(sinch({ ci }), {
      onEvent: (event) => {
        if (event.kind === 'started') world.disk.capacity = full;
      },
    });
    world.meddler.before = (action) => {
      if (action === 'CreateAccessKey') calls += 1;
    };
    const result = await loaded;
    expect(calls).toBe(0);
    expect(result.failed).toHaveLength(1);
    expect(result.diagnostics[0]?.summary).toMatch(/journal|state/i);
    world.disk.capacity = Number.POSITIVE_INFINITY;
    expect((await world.store.read()).state.resources.size).toBe(0);
  });

  it('begins nothing more once it is told to stop, and finishes what is in flight', async () => {
    const world = await World.open();
    const stop = new AbortController();
    const keys = Object.fromEntries(
      Array.from({ length: 6 }, (_, i) => [`k${i}`, { project_id: 'p1', display_name: `k${i}` }]),
    );
    const result = await world.apply(sinch(keys), {
      parallelism: 2,
      signal: stop.signal,
      onEvent: (event) => {
        if (event.kind === 'started') stop.abort(new KeyformError('cancelled', 'stop'));
      },
    });
    expect(result.cancelled).toBe(true);
    expect(result.done.length).toBeGreaterThan(0);
    expect(result.done.length + result.skipped.length).toBe(6);
    const { state } = await world.store.read();
    expect(state.resources.size).toBe(result.done.length);
  });

  it('destroys everything, dependents first, and a destroyed stack plans to be made anew', async () => {
    const world = await World.open();
    const stack = {
      resource: {
        keyform_sinch_access_key: { ci },
        keyform_outscale_access_key: { after: { user_name: 'u', tag: '${keyform_sinch_access_key.ci.id}' } },
      },
      output: { id: { value: '${keyform_sinch_access_key.ci.id}' } },
    };
    await world.apply(stack);
    const gone = await world.apply(stack, { mode: 'destroy', maxDeletes: null });
    expect(gone.done.map((step) => step.address)).toEqual([
      'keyform_outscale_access_key.after',
      'keyform_sinch_access_key.ci',
    ]);
    const { state } = await world.store.read();
    expect(state.resources.size).toBe(0);
    expect(state.outputs).toEqual({});
    expect((await world.plan(stack)).steps.map((step) => step.kind)).toEqual(['create', 'create']);
  });
});

describe('an attempt whose result nobody recorded', () => {
  it('is not repeated while its owner is not read', async () => {
    const world = await World.open();
    world.meddler.after = (action, response) => {
      if (action === 'CreateAccessKey') throw new KeyformError('outcome-unknown', 'the answer was lost');
      return response;
    };
    await world.apply(sinch({ ci }));
    world.meddler.after = (_, response) => response;
    const plan = await world.plan(sinch({ ci }), { refresh: false });
    expect(plan.steps).toEqual([]);
    expect(plan.diagnostics.map((diagnostic) => diagnostic.summary)).toEqual([
      'An earlier attempt may have made a key that has not been seen',
    ]);
  });

  it('is told apart from others of one owner by what it asked for, where keys have no names', async () => {
    const world = await World.open();
    const stack = {
      resource: {
        keyform_outscale_access_key: Object.fromEntries(
          ['a', 'b', 'c'].map((tag) => [tag, { user_name: 'u', tag, enabled: tag !== 'c' }]),
        ),
      },
    };
    let sent = 0;
    world.meddler.before = (action) => {
      // The last of the three never arrives: what the others made must not be taken for its key.
      if (action === 'CreateAccessKey' && ++sent === 3) throw new KeyformError('outcome-unknown', 'it was lost');
    };
    world.meddler.after = (action, response) => {
      if (action === 'CreateAccessKey') throw new KeyformError('outcome-unknown', 'the answer was lost');
      return response;
    };
    expect((await world.apply(stack)).failed).toHaveLength(3);
    world.meddler.before = () => {};
    world.meddler.after = (_, response) => response;
    const healed = await world.apply(stack);
    expect(healed.diagnostics).toEqual([]);
    expect(healed.done.filter((step) => step.kind === 'recover')).toHaveLength(2);
    const empty = await world.plan(stack);
    expect(empty.steps).toEqual([]);
    expect(empty.coverage).toEqual({ managed: 3, total: 3 });
  });
});

describe('what Keyform does not know it does not touch', () => {
  const key = (tag: string) => ({ resource: { keyform_outscale_access_key: { [tag]: { user_name: 'u', tag } } } });

  it.each<[string, string, number]>([
    ['made by somebody else meanwhile, otherwise', 'human', 0],
    ['made by somebody else much later, alike', 'mine', 3_600_000],
  ])('a key %s, is no orphan of an attempt that never arrived', async (_, tag, later) => {
    const world = await World.open();
    world.meddler.before = (action) => {
      if (action === 'CreateAccessKey') throw new KeyformError('outcome-unknown', 'it never arrived');
    };
    await world.apply(key('mine'));
    world.meddler.before = () => {};
    world.clock.time += later;
    const handler = await world.keys('keyform_outscale_access_key');
    const foreign = await handler.create({ user_name: 'u', tag, enabled: true });
    const healed = await world.apply(key('mine'));
    expect(healed.done.map((step) => step.kind)).toEqual(['create']);
    const after = await world.plan(key('mine'));
    expect(after.unmanaged.map((one) => one.id)).toEqual([foreign.key.id]);
  });

  it('a key of another place is neither called gone nor destroyed, and its secret stays', async () => {
    const world = await World.open();
    await world.apply(sinch({ ci }));
    const before = (await world.store.read()).state.resources.get('keyform_sinch_access_key.ci')?.current;
    const elsewhere = await World.open();
    world.emulators.clear();
    for (const [name, emulator] of elsewhere.emulators) world.emulators.set(name, emulator);
    world.sandbox = true;
    for (const options of [{}, { mode: 'destroy' as const }, { mode: 'refresh-only' as const }, { refresh: false }]) {
      const plan = await world.plan(sinch({ ci }), options);
      expect(plan.steps).toEqual([]);
      expect(plan.entries).toEqual([]);
      expect(plan.drift).toEqual([]);
      expect(plan.diagnostics.map((diagnostic) => diagnostic.summary)).toEqual([
        'State holds this key from somewhere else',
      ]);
    }
    expect((await world.apply(sinch({ ci }))).done).toEqual([]);
    const after = (await world.store.read()).state.resources.get('keyform_sinch_access_key.ci')?.current;
    expect(after?.secret?.reveal()).toBe(before?.secret?.reveal());
  });

  it('a key that shows under a new endpoint too is simply remembered there', async () => {
    const world = await World.open();
    await world.apply(sinch({ ci }));
    world.sandbox = true;
    const result = await world.apply(sinch({ ci }));
    expect(result.diagnostics).toEqual([]);
    const { state } = await world.store.read();
    expect(state.resources.get('keyform_sinch_access_key.ci')?.current?.scope).toBe('the sandbox');
    expect((await world.plan(sinch({ ci }))).entries).toEqual([]);
  });
});
