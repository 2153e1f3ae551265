import { describe, expect, it } from 'vitest';
import { KeyformError } from '../../src/core/error.ts';
import type { HttpResponse } from '../../src/core/http.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Plan } from '../../src/core/plan/plan.ts';
import { scopesOf } from '../../src/engine/stack.ts';
import { World } from './world.ts';

// Attempts to create whose result nobody recorded: what the next runs make of them.

const SINCH = 'keyform_sinch_access_key';
const TENCENT = 'keyform_tencent_api_key';
const kinds = (plan: Plan) => plan.steps.map((step) => step.kind);

function lost(action: string, except: (body: string) => boolean = () => false) {
  return (asked: string, response: HttpResponse): HttpResponse => {
    if (asked === action && !except(response.body)) throw new KeyformError('outcome-unknown', 'the answer was lost');
    return response;
  };
}

/** Lets the create of keys go wrong on its way back: the secret arrives, and nothing else of use. */
function spoilt(world: World, spoil: (key: Record<string, unknown>) => void): void {
  world.meddler.after = (action, response) => {
    if (action !== 'CreateAccessKey') return response;
    const body = JSON.parse(response.body);
    spoil(body.accessKey);
    return { ...response, body: JSON.stringify(body) };
  };
}

const silent = (_: string, response: HttpResponse) => response;

function gateway(keys: JsonObject, more: JsonObject = {}): JsonObject {
  return { resource: { [TENCENT]: keys }, ...more };
}

describe('an orphan whose secret can be read', () => {
  it('becomes the key of its address, and what refers to it waits for that', async () => {
    const world = await World.open();
    const stack = gateway({
      a: { secret_name: 'a' },
      b: { secret_name: 'for-${keyform_tencent_api_key.a.id}' },
      c: { secret_name: 'for-${keyform_tencent_api_key.b.id}' },
    });
    world.meddler.after = lost('CreateApiKey', (body) => body.includes('"a"'));
    expect((await world.apply(stack)).failed.map((step) => step.address)).toEqual([`${TENCENT}.b`]);
    world.meddler.after = silent;
    const plan = await world.plan(stack);
    expect(plan.steps.map((step) => [step.id.split(' ')[0], step.address, step.after.length > 0])).toEqual([
      ['adopt', `${TENCENT}.b`, false],
      ['create', `${TENCENT}.c`, true],
    ]);
    expect(plan.steps[1]?.after).toEqual([plan.steps[0]?.id]);
    // Nothing is recorded of an address that is in no state yet.
    expect(plan.entries).toEqual([]);
    const healed = await world.apply(stack);
    expect(healed.diagnostics).toEqual([]);
    const { state } = await world.store.read();
    expect(state.resources.get(`${TENCENT}.b`)?.dependencies).toEqual([`${TENCENT}.a`]);
    const empty = await world.plan(stack);
    expect([empty.steps, empty.entries, empty.coverage]).toEqual([[], [], { managed: 3, total: 3 }]);
  });

  it('is adopted by a saved plan too, which knows where its steps act', async () => {
    const world = await World.open();
    const stack = gateway({ a: { secret_name: 'a', region: 'ap-singapore' } });
    world.meddler.after = lost('CreateApiKey');
    await world.apply(stack);
    world.meddler.after = silent;
    for (const content of [stack, {}]) {
      const { plan, world: around } = await world.planned(content);
      const { state } = await world.store.read();
      expect(Object.values(scopesOf(plan, state, around)).every((scope) => scope.includes('ap-singapore'))).toBe(true);
      expect(kinds(plan)).toEqual(content === stack ? ['adopt'] : ['adopt', 'delete']);
    }
  });

  it('is left alone by a plan that is restricted to another address', async () => {
    const world = await World.open();
    const output = { a: { value: '${keyform_tencent_api_key.a.id}' } };
    const stack = gateway({ a: { secret_name: 'a' }, z: { secret_name: 'z' } }, { output });
    world.meddler.after = lost('CreateApiKey');
    await world.apply(stack);
    world.meddler.after = silent;
    const plan = await world.plan(stack, { targets: [`${TENCENT}.z`] });
    expect(plan.steps.map((step) => step.address)).toEqual([`${TENCENT}.z`]);
    expect(plan.outputs.filter((one) => one.actions[0] !== 'no-op')).toEqual([]);
    expect(plan.coverage.managed).toBe(1);
  });

  it('is deleted in its turn by a destroy, before what it was made from', async () => {
    const world = await World.open();
    const stack = gateway({
      a: { secret_name: 'a' },
      b: { secret_name: 'for-${keyform_tencent_api_key.a.id}' },
    });
    world.meddler.after = lost('CreateApiKey', (body) => body.includes('"a"'));
    await world.apply(stack);
    world.meddler.after = silent;
    for (const targets of [[], [`${TENCENT}.a`]]) {
      const plan = await world.plan(stack, { mode: 'destroy', targets });
      expect(plan.steps.map((step) => [step.kind, step.address])).toEqual([
        ['adopt', `${TENCENT}.b`],
        ['delete', `${TENCENT}.b`],
        ['delete', `${TENCENT}.a`],
      ]);
    }
  });

  it('is not the orphan of an attempt that got another secret', async () => {
    const world = await World.open();
    const stack = gateway({ a: { secret_name: 'a' } });
    world.meddler.after = (action, response) => {
      if (action !== 'CreateApiKey') return response;
      const body = JSON.parse(response.body);
      body.Response.Result.AccessKeySecret = 'ASecretOfAnotherKey00000000000000000000';
      delete body.Response.Result.AccessKeyId;
      return { ...response, body: JSON.stringify(body) };
    };
    expect((await world.apply(stack)).failed).toHaveLength(1);
    world.meddler.after = silent;
    expect(kinds(await world.plan(stack))).not.toContain('adopt');
  });
});

describe('a secret that arrived in a spoilt answer', () => {
  const ci = { project_id: 'p1', display_name: 'ci' };
  const stack = { resource: { [SINCH]: { ci } } };

  it('stays in the attempt when the journal cannot take it at once', async () => {
    const world = await World.open();
    spoilt(world, (key) => delete key.accessKeyId);
    const { session, run } = await world.begin(stack);
    const record = session.record.bind(session);
    let failures = 1;
    session.record = async (entry) => {
      await record(entry);
      if (entry.kind === 'arrived' && failures-- > 0) throw new KeyformError('state-io', 'the disk is full');
    };
    const result = await run();
    expect(result.failed).toHaveLength(1);
    const [intent] = (await world.store.read()).state.intents.values();
    expect(intent?.secret).not.toBeNull();
    world.meddler.after = silent;
    expect(kinds(await world.plan(stack))).toEqual(['adopt', 'verify']);
  });

  it('is kept for good while a key is there that could be it, whatever its arguments', async () => {
    const world = await World.open();
    spoilt(world, (key) => delete key.accessKeyId);
    await world.apply(stack);
    // The API stores the name in another way than it was asked to.
    world.meddler.after = (action, response) =>
      action === 'ListAccessKeys' ? { ...response, body: response.body.replace('"ci"', '"CI"') } : response;
    world.clock.time += 3_600_000;
    const plan = await world.plan(stack);
    expect(plan.steps).toEqual([]);
    expect(plan.entries).toEqual([]);
    expect(plan.diagnostics[0]?.summary).toBe('A key was made whose secret is here, and no key is as it was asked for');
    for (const [content, options] of [
      [stack, { replace: [`${SINCH}.ci`] }],
      [stack, { mode: 'destroy' as const }],
      [{}, {}],
    ] as const) {
      const given = await world.plan(content, options);
      expect(given.diagnostics.map((one) => one.severity)).toEqual(['warning']);
      expect(given.entries).toEqual([expect.objectContaining({ kind: 'settled' })]);
      expect(kinds(given)).toEqual('replace' in options ? ['create'] : []);
    }
    world.meddler.after = silent;
    expect(kinds(await world.plan(stack))).toEqual(['adopt', 'verify']);
  });

  it('belongs to the key that its answer named, and no twin claims that', async () => {
    const world = await World.open();
    const twins = {
      resource: { keyform_outscale_access_key: { a: { user_name: 'u' }, b: { user_name: 'u' } } },
    };
    let answers = 0;
    world.meddler.after = (action, response) => {
      if (action !== 'CreateAccessKey') return response;
      // The first one's answer is spoilt, the second one's never comes, though its key is made.
      if (++answers === 2) throw new KeyformError('outcome-unknown', 'the answer was lost');
      const body = JSON.parse(response.body);
      delete body.AccessKey.State;
      return { ...response, body: JSON.stringify(body) };
    };
    expect((await world.apply(twins, { parallelism: 1 })).failed).toHaveLength(2);
    world.meddler.after = silent;
    const plan = await world.plan(twins);
    expect(plan.diagnostics).toEqual([]);
    expect(kinds(plan).sort()).toEqual(['adopt', 'create', 'recover', 'verify']);
    expect((await world.apply(twins)).failed).toEqual([]);
    expect((await world.plan(twins)).steps).toEqual([]);
  });

  it('is joined only to a key that shows its end', async () => {
    const world = await World.open();
    const stack = {
      resource: { keyform_yandex_api_key: { k: { service_account_id: 'aje1', description: 'd' } } },
    };
    world.meddler.after = (action, response) => {
      if (action !== 'CreateApiKey') return response;
      const body = JSON.parse(response.body);
      delete body.apiKey.id;
      return { ...response, body: JSON.stringify(body) };
    };
    await world.apply(stack);
    world.meddler.after = silent;
    const keys = await world.keys('keyform_yandex_api_key');
    const [ours] = await keys.list({ service_account_id: 'aje1' });
    const twin = await keys.create({ service_account_id: 'aje1', description: 'd' });
    const plan = await world.plan(stack);
    expect(plan.steps.map((step) => [step.kind, step.keyId])).toEqual([['adopt', ours?.id]]);
    if (ours !== undefined) await keys.delete({ ...ours, args: { service_account_id: 'aje1' } });
    world.clock.time += 3_600_000;
    const refused = await world.plan(stack);
    expect([refused.steps, refused.diagnostics[0]?.detail]).toEqual([[], expect.stringContaining(twin.key.id)]);
  });

  it('is tried out before the key that it follows goes', async () => {
    const world = await World.open();
    await world.apply(stack);
    spoilt(world, (key) => delete key.accessKeyId);
    expect((await world.apply(stack, { replace: [`${SINCH}.ci`] })).failed).toHaveLength(1);
    world.meddler.after = silent;
    const plan = await world.plan(stack);
    expect(kinds(plan)).toEqual(['adopt', 'verify', 'delete']);
    expect(plan.steps[2]?.after).toContain(plan.steps[1]?.id);
    expect((await world.apply(stack)).failed).toEqual([]);
    expect((await world.plan(stack)).steps).toEqual([]);
  });
});

describe('an attempt of which nothing can be seen', () => {
  const stack = { resource: { [SINCH]: { ci: { project_id: 'p1', display_name: 'ci' } } } };

  it.each<[string, JsonObject, 'normal' | 'destroy']>([
    ['a destroy', stack, 'destroy'],
    ['a stack that no longer declares it', {}, 'normal'],
  ])('is not passed over by %s', async (_, content, mode) => {
    const world = await World.open();
    world.meddler.after = lost('CreateAccessKey');
    await world.apply(stack);
    world.meddler.after = silent;
    world.meddler.before = (action) => {
      if (action === 'ListAccessKeys') throw new KeyformError('unavailable', 'the API is down');
    };
    const plan = await world.plan(content, { mode });
    expect(plan.steps).toEqual([]);
    expect(plan.diagnostics.map((one) => one.detail)).toEqual([expect.stringContaining('the API is down')]);
  });

  it('is waited for, because the API may still be at it', async () => {
    const world = await World.open();
    const kept: (() => void)[] = [];
    // The run dies while the API is still making the key, which is there some seconds later.
    world.meddler.before = (action) => {
      if (action === 'CreateAccessKey') throw new KeyformError('outcome-unknown', 'killed');
    };
    const cam = {
      resource: { keyform_tencent_cam_access_key: { k: { target_uin: '100013065917', description: 'd' } } },
    };
    await world.apply(cam);
    world.meddler.before = () => {};
    const keys = await world.keys('keyform_tencent_cam_access_key');
    kept.push(() => void keys.create({ target_uin: '100013065917', description: 'd' }));
    const pauses: number[] = [];
    const healed = await world.apply(cam, {
      onPause: (ms) => {
        pauses.push(ms);
        for (const late of kept.splice(0)) late();
      },
    });
    expect(pauses).toEqual([expect.closeTo(10_000, -3)]);
    expect(healed.done.map((step) => step.kind)).toEqual(['recover', 'create']);
    expect(await keys.list({ target_uin: '100013065917' })).toHaveLength(1);
  });

  it('is no key that lives for longer, which a list left out once', async () => {
    const world = await World.open();
    const stack = { resource: { keyform_outscale_access_key: { a: { user_name: 'u' } } } };
    await world.apply(stack);
    const keys = await world.keys('keyform_outscale_access_key');
    const [living] = await keys.list({ user_name: 'u' });
    world.clock.time += 3_600_000;
    world.meddler.before = (action) => {
      if (action === 'CreateAccessKey') throw new KeyformError('outcome-unknown', 'nothing was made');
    };
    world.meddler.after = (action, response) =>
      action === 'ReadAccessKeys' ? { ...response, body: '{"AccessKeys":[]}' } : response;
    expect((await world.apply(stack)).failed).toHaveLength(1);
    world.meddler.before = () => {};
    world.meddler.after = silent;
    world.clock.time += 60_000;
    const plan = await world.plan(stack);
    expect(kinds(plan)).toEqual(['create']);
    expect(plan.unmanaged.map((key) => key.id)).toEqual([living?.id]);
  });

  it('of a machine whose clock was ahead holds nobody up for long', async () => {
    const world = await World.open();
    const nscale = {
      resource: { keyform_nscale_access_key: { k: { endpoint_id: 's', name: 'n', identity_policy: 'p' } } },
    };
    world.clock.time += 3 * 3_600_000;
    world.meddler.before = (action) => {
      if (action === 'CreateAccessKey') throw new KeyformError('outcome-unknown', 'nobody knows');
    };
    await world.apply(nscale);
    world.meddler.before = () => {};
    world.clock.time -= 3 * 3_600_000;
    const pauses: number[] = [];
    await world.plan(nscale, { onPause: (ms) => pauses.push(ms) });
    expect(pauses).toEqual([30_000]);
  });
});

describe('a value that turns out to be a secret', () => {
  it('never gets into an output that does not say so', async () => {
    const world = await World.open();
    const stack = gateway(
      { m: { secret_name: 'm', access_key_type: 'manual', access_key_id: 'manual_1' } },
      { output: { s: { value: '${keyform_tencent_api_key.m.access_key_secret}' } } },
    );
    await expect(world.plan(stack)).rejects.toThrow('Output refers to sensitive values');
  });

  it('is planned as unknown where the API makes it up', async () => {
    const world = await World.open();
    const stack = gateway(
      { m: { secret_name: 'm' } },
      { output: { id: { value: '${keyform_tencent_api_key.m.access_key_id}' } } },
    );
    const plan = await world.plan(stack);
    expect(plan.outputs[0]?.after).not.toBeNull();
    await world.apply(stack);
    const { state } = await world.store.read();
    expect(state.outputs.id?.value).toBe(state.resources.get(`${TENCENT}.m`)?.current?.id);
    expect((await world.plan(stack)).steps).toEqual([]);
  });
});

describe('an id of choice', () => {
  const key = (more: JsonObject) =>
    gateway({ m: { secret_name: 'm', access_key_type: 'manual', access_key_id: 'manual_1', ...more } });

  it('is not asked for while the old key has it, in whatever region', async () => {
    const world = await World.open();
    await world.apply(key({ region: 'ap-guangzhou' }));
    for (const more of [{ region: 'ap-singapore' }, { region: 'ap-guangzhou', secret_name: 'other' }]) {
      const plan = await world.plan(key(more));
      expect(plan.steps).toEqual([]);
      expect(plan.diagnostics.map((one) => one.summary)).toEqual(['The old key still has the access_key_id']);
    }
    const moved = { region: 'ap-singapore', lifecycle: { create_before_destroy: false } };
    const done = await world.apply(key(moved));
    expect(done.diagnostics).toEqual([]);
    expect(done.done.map((step) => step.kind)).toEqual(['delete', 'rotate']);
    expect((await world.plan(key(moved))).steps).toEqual([]);
  });
});

describe('a stop while a key is waited for', () => {
  it('is no failure: the next run goes on from there', async () => {
    const world = await World.open({ nscale: { provisioning_reads: 500 } });
    const stop = new AbortController();
    const stack = {
      resource: { keyform_nscale_access_key: { k: { endpoint_id: 's', name: 'n', identity_policy: 'p' } } },
    };
    const stopped = await world.apply(stack, {
      signal: stop.signal,
      onEvent: (event) => {
        if (event.kind === 'waiting') stop.abort(new KeyformError('cancelled', 'stopped'));
      },
    });
    expect([stopped.failed, stopped.diagnostics, stopped.cancelled]).toEqual([[], [], true]);
    expect(stopped.skipped.map((step) => step.kind)).toEqual(['verify']);
    expect(kinds(await world.plan(stack))).toEqual(['verify']);
  });
});

describe('a key that is newer than what lists show', () => {
  it('is not forgotten because our clock is ahead of the cloud', async () => {
    const world = await World.open();
    const stack = {
      resource: { keyform_nscale_access_key: { k: { endpoint_id: 's', name: 'n', identity_policy: 'p' } } },
    };
    await world.apply(stack);
    world.clock.time += 90_000;
    world.meddler.after = (action, response) => (action === 'ListAccessKeys' ? { ...response, body: '[]' } : response);
    const plan = await world.plan(stack);
    expect([plan.drift, kinds(plan)]).toEqual([[], ['verify']]);
  });
});
