import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyformError } from '../../src/core/error.ts';
import type { HttpResponse } from '../../src/core/http.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Plan } from '../../src/core/plan/plan.ts';
import { World } from './world.ts';

// Stacks of one project whose keys have the same owner and equal arguments, and states that were put back: whose is a key?

const OUTSCALE = 'keyform_outscale_access_key';
const TENCENT = 'keyform_tencent_api_key';
const CAM = 'keyform_tencent_cam_access_key';
const YANDEX = 'keyform_yandex_static_access_key';
const UIN = '100013065917';
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const kinds = (plan: Plan) => plan.steps.map((step) => step.kind);
const said = (plan: Plan) => plan.diagnostics.map((one) => `${one.severity}: ${one.summary}`);
const details = (plan: Plan) => plan.diagnostics.map((one) => one.detail).join('\n');
const silent = (_: string, response: HttpResponse) => response;
const stackOf = (type: string, args: JsonObject, more: JsonObject = {}): JsonObject => ({
  resource: { [type]: { k: { ...args, ...more } } },
});
const ci = stackOf(OUTSCALE, { user_name: 'ci' });

/** Runs an apply whose creates never reach the API. */
async function cutShort(world: World, stack: JsonObject): Promise<void> {
  world.meddler.before = (action) => {
    if (/^Create/.test(action)) throw new KeyformError('outcome-unknown', 'killed before it was sent');
  };
  expect((await world.apply(stack)).failed).toHaveLength(1);
  world.meddler.before = () => {};
}

/** Runs an apply whose creates take effect, and are never answered. */
async function unanswered(world: World, stack: JsonObject): Promise<void> {
  world.meddler.after = (action, response) => {
    if (/^Create/.test(action)) throw new KeyformError('outcome-unknown', 'the answer was lost');
    return response;
  };
  expect((await world.apply(stack)).failed).toHaveLength(1);
  world.meddler.after = silent;
}

async function idOf(world: World): Promise<string | undefined> {
  const [resource] = (await world.store.read()).state.resources.values();
  return resource?.current?.id;
}

describe('two stacks that ask for the same', () => {
  it.each<[string, string, JsonObject]>([
    ['delete', OUTSCALE, { user_name: 'ci' }],
    ['take over', TENCENT, { secret_name: 'ci', region: 'ap-guangzhou' }],
  ])('never %s one another’s keys', async (_, type, args) => {
    const world = await World.open();
    const stack = stackOf(type, args);
    await cutShort(world, stack);
    // Made while the first stack's attempt was open, by one that runs to its end.
    await world.as('other', async () => expect((await world.apply(stack)).failed).toEqual([]));
    const theirs = await world.as('other', () => idOf(world));
    world.clock.time += MINUTE;
    expect((await world.apply(stack)).done.map((step) => step.kind)).toEqual(['create']);
    const keys = await world.keys(type);
    expect((await keys.list(args)).map((key) => key.id).sort()).toEqual([theirs, await idOf(world)].sort());
    for (const name of ['test', 'other'])
      expect(
        await world.as(name, async () => [...kinds(await world.plan(stack)), await said(await world.plan(stack))]),
      ).toEqual([[]]);
  });

  it('wait for each other where a key may be of either', async () => {
    const world = await World.open();
    await cutShort(world, ci);
    const session = await world.as('other', () => world.store.begin('apply', { lockTimeoutMs: 0 }));
    const [mine] = (await world.store.read()).state.intents.values();
    if (mine === undefined) throw new Error('no attempt');
    const theirs = { ...mine, id: 'theirs', at: new Date(world.clock.time).toISOString() };
    await session.record({ kind: 'intent', intent: theirs });
    const keys = await world.keys(OUTSCALE);
    const { key, secret } = await keys.create({ user_name: 'ci' });

    const busy = await world.plan(ci);
    expect([kinds(busy), said(busy)]).toEqual([
      [],
      ["error: A key may have been made without being recorded, and it may be another stack's"],
    ]);
    expect(details(busy)).toContain('Stack "other" made an attempt like it');
    expect(details(busy)).toContain(
      'at work right now (tester@test, process 1, "apply" since 2026-01-01T00:00:00.000Z)',
    );
    expect(details(busy)).toContain(key.id);
    world.alive = false;
    const idle = await world.plan(ci);
    expect([kinds(idle), said(idle)]).toEqual([[], said(busy)]);
    expect(details(idle)).not.toContain('at work');
    world.alive = true;

    const generation = {
      number: 1,
      id: key.id,
      accessKeyId: key.accessKeyId,
      secret,
      createdAt: key.createdAt,
      expiresAt: null,
      enabled: true,
      args: mine.args,
      sensitiveArgs: [],
      attributes: {},
      scope: mine.scope,
    };
    await session.record({ kind: 'created', intent: 'theirs', generation, dependencies: [] });
    world.clock.time += MINUTE;
    // From their journal: their run has not ended.
    expect(kinds(await world.plan(ci))).toEqual(['create']);
    await session.close();
  });

  it('are not told apart by a state that cannot be read', async () => {
    const world = await World.open();
    await unanswered(world, ci);
    await world.disk.replace('/p/state/secret.keyform.age', Buffer.from('sealed for somebody else'), 0o600);
    const plan = await world.plan(ci);
    expect(kinds(plan)).toEqual([]);
    expect(details(plan)).toContain('Stack "secret" may have it: its state cannot be read');
    await world.disk.remove('/p/state/secret.keyform.age');
    expect(kinds(await world.plan(ci))).toEqual(['recover', 'create']);
    // What a snapshot belongs to that is gone.
    await world.disk.replace('/p/state/lost.keyform.journal', Buffer.from('x'), 0o600);
    expect(details(await world.plan(ci))).toContain('Stack "lost" may have it');
  });

  it('need no look at one another for a key that its own answer named', async () => {
    const world = await World.open();
    world.meddler.after = (action, response) => {
      if (action !== 'CreateAccessKey') return response;
      const body = JSON.parse(response.body);
      delete body.AccessKey.State;
      return { ...response, body: JSON.stringify(body) };
    };
    expect((await world.apply(ci)).failed).toHaveLength(1);
    world.meddler.after = silent;
    await world.disk.replace('/p/state/secret.keyform.age', Buffer.from('sealed for somebody else'), 0o600);
    expect(kinds(await world.plan(ci))).toEqual(['adopt', 'verify']);
  });

  it('are only read when a key may be another’s', async () => {
    const world = await World.open();
    await world.disk.replace('/p/state/secret.keyform.age', Buffer.from('sealed for somebody else'), 0o600);
    await world.apply(ci);
    const keys = await world.keys(OUTSCALE);
    const [key] = await keys.list({ user_name: 'ci' });
    await keys.create({ user_name: 'ci', tag: 'nobody’s' });
    await world.plan(ci);
    if (key !== undefined) await keys.delete({ ...key, args: { user_name: 'ci' } });
    expect(kinds(await world.plan(ci))).toEqual(['create']);
    expect(world.looks).toBe(0);
    await unanswered(world, ci);
    await world.plan(ci);
    expect(world.looks).toBe(1);
  });
});

describe('stacks that ask for the same, in whatever order they run and are cut short,', () => {
  const NAMES = ['one', 'two', 'three'] as const;
  const event = fc.record({
    stack: fc.constantFrom(...NAMES),
    cut: fc.constantFrom(null, null, 'before' as const, 'after' as const),
    // What `keepers` make of it: another value replaces the key.
    keepers: fc.constantFrom('1', '2'),
    pause: fc.constantFrom(1_000, MINUTE, 4 * MINUTE, 30 * MINUTE),
  });

  it('never lose a key to one another, and end with one each', async () => {
    const seen = { refused: 0, recovered: 0, raced: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 3, maxLength: 7 }), async (events) => {
        const world = await World.open();
        const keys = await world.keys(OUTSCALE);
        const stack = (v: string) => stackOf(OUTSCALE, { user_name: 'ci' }, { keepers: { v } });
        const check = async () => {
          const living = new Set((await keys.list({ user_name: 'ci' })).map((key) => key.id));
          const held: string[] = [];
          for (const name of NAMES) {
            const { state } = await world.as(name, () => world.store.read());
            for (const { current } of state.resources.values()) {
              if (current === null) continue;
              held.push(current.id);
              expect(living, `${name} has lost its key`).toContain(current.id);
              expect(current.secret === null ? null : await keys.verify(current, current.secret)).toBe(true);
            }
          }
          expect(new Set(held).size).toBe(held.length);
          return { living, held: new Set(held) };
        };
        for (const { stack: name, cut, keepers, pause } of events) {
          world.meddler.before = (action) => {
            if (cut === 'before' && action === 'CreateAccessKey') throw new KeyformError('outcome-unknown', 'killed');
          };
          world.meddler.after = (action, response) => {
            if (cut === 'after' && action === 'CreateAccessKey') throw new KeyformError('outcome-unknown', 'lost');
            return response;
          };
          const { plan, done } = await world.as(name, () => world.apply(stack(keepers)));
          if (plan.diagnostics.some((one) => one.severity === 'error')) seen.refused += 1;
          if (done.some((step) => step.kind === 'recover')) seen.recovered += 1;
          world.clock.time += pause;
          await check();
        }
        world.meddler.before = () => {};
        world.meddler.after = silent;
        if (world.looks > 0) seen.raced += 1;
        world.clock.time += 30 * MINUTE;
        for (const again of [false, true]) {
          for (const name of NAMES) {
            const { plan } = await world.as(name, () => world.apply(stack('1')));
            const refused = plan.diagnostics.some((one) => one.severity === 'error');
            expect(again && refused, `${name}: ${details(plan)}`).toBe(false);
          }
          // What is left to a person: of the keys that any of them lists, those that nobody has.
          const { living, held } = await check();
          for (const id of living) {
            const key = (await keys.list({ user_name: 'ci' })).find((one) => one.id === id);
            if (key !== undefined && !held.has(id)) await keys.delete({ ...key, args: { user_name: 'ci' } });
          }
        }
        const { living, held } = await check();
        expect([living.size, held.size]).toEqual([3, 3]);
      }),
      { numRuns: 40 },
    );
    for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(0);
  }, 120_000);
});

describe('a candidate that somebody uses', () => {
  it('is not deleted, although its API tells only when asked, and its attempt counts as void', async () => {
    const world = await World.open({ tencent: { rate_limits: false } });
    const stack = stackOf(CAM, { target_uin: UIN });
    await cutShort(world, stack);
    // Made by hand in those minutes, and used since.
    const keys = await world.keys(CAM);
    const { key, secret } = await keys.create({ target_uin: UIN });
    await keys.verify({ ...key, args: { target_uin: UIN } }, secret);
    world.clock.time += 2 * DAY;
    const refused = await world.apply(stack);
    expect(kinds(refused.plan)).toEqual(['recover', 'create']);
    expect([refused.failed, refused.skipped].map((steps) => steps.map((step) => step.kind))).toEqual([
      ['recover'],
      ['create'],
    ]);
    expect(refused.diagnostics[0]).toMatchObject({
      summary: `Key ${key.id} is not deleted, because it is in use`,
      detail: expect.stringContaining('2026-01-01T'),
    });
    expect((await world.apply(stack)).done.map((step) => step.kind)).toEqual(['create']);
    expect((await keys.list({ target_uin: UIN })).map((one) => one.id)).toContain(key.id);
  });

  it.each([
    ['a minute later, and planned again until that is sure', 5 * MINUTE, []],
    ['an hour later', 60 * MINUTE, ['create']],
  ])('is not deleted where it was used between plan and apply: %s', async (_, later, next) => {
    const world = await World.open({ yandex: { used_after_seconds: 60 } });
    const stack = stackOf(YANDEX, { service_account_id: 'aje1' });
    await unanswered(world, stack);
    const { run } = await world.begin(stack);
    world.clock.time += later;
    const refused = await run();
    expect(kinds(refused.plan)).toEqual(['recover', 'create']);
    expect(refused.failed.map((step) => step.kind)).toEqual(['recover']);
    expect(refused.diagnostics[0]?.summary).toContain('because it is in use');
    expect(await (await world.keys(YANDEX)).list({ service_account_id: 'aje1' })).toHaveLength(1);
    expect((await world.store.read()).state.intents.size).toBe(next.length === 0 ? 1 : 0);
    expect((await world.apply(stack)).failed).toEqual([]);
    expect(await (await world.keys(YANDEX)).list({ service_account_id: 'aje1' })).toHaveLength(2);
  });
});

describe('an older state that was put back on a machine without memory', () => {
  const rotated = stackOf(OUTSCALE, { user_name: 'ci' }, { keepers: { v: '2' } });

  /** The state folder as it was before `work`. */
  async function undone(world: World, work: () => Promise<unknown>): Promise<void> {
    const before = world.disk.content();
    world.clock.time += DAY;
    await work();
    world.clock.time += DAY;
    for (const path of Object.keys(world.disk.content())) await world.disk.remove(path);
    for (const [path, bytes] of Object.entries(before)) await world.disk.replace(path, bytes, 0o600);
  }

  it('is seen by the newer key at the API, and nothing is forgotten', async () => {
    const world = await World.open();
    await world.apply(ci);
    const old = await idOf(world);
    await undone(world, () => world.apply(rotated));
    const [living] = await (await world.keys(OUTSCALE)).list({ user_name: 'ci' });
    for (const stack of [ci, rotated]) {
      const result = await world.apply(stack);
      expect([result.done, said(result.plan)]).toEqual([[], ['error: State may be an older copy']]);
      expect(details(result.plan)).toContain(`Key ${old}`);
      expect(details(result.plan)).toContain(`it has the secret of ${living?.id}`);
    }
    expect(await idOf(world)).toBe(old);
    expect((await world.apply(rotated, { replace: [`${OUTSCALE}.k`] })).failed).toEqual([]);
    const keys = await (await world.keys(OUTSCALE)).list({ user_name: 'ci' });
    expect(keys.map((key) => key.id).sort()).toEqual([living?.id, await idOf(world)].sort());
    expect((await world.plan(rotated)).diagnostics).toEqual([]);
  });

  it('is not what another stack’s newer keys look like', async () => {
    const world = await World.open();
    await world.apply(ci);
    world.clock.time += DAY;
    const theirs = { resource: { [OUTSCALE]: { a: { user_name: 'ci' }, b: { user_name: 'ci', tag: 'l' } } } };
    await world.as('other', () => world.apply(theirs));
    // An address that is to be made, just like theirs; then one whose key is gone as well.
    const both = { resource: { [OUTSCALE]: { k: { user_name: 'ci' }, l: { user_name: 'ci', tag: 'l' } } } };
    const plan = await world.plan(both);
    expect([kinds(plan), said(plan), world.looks]).toEqual([['create'], [], 1]);
    const id = await idOf(world);
    const keys = await world.keys(OUTSCALE);
    for (const key of await keys.list({ user_name: 'ci' }))
      if (key.id === id) await keys.delete({ ...key, args: { user_name: 'ci' } });
    const gone = await world.plan(ci);
    expect([kinds(gone), said(gone), world.looks]).toEqual([['create'], [], 2]);
  });

  it('is warned of where it lacks a key that is there', async () => {
    const world = await World.open();
    const both = { resource: { [OUTSCALE]: { k: { user_name: 'ci' }, l: { user_name: 'ci', tag: 'l' } } } };
    await world.apply(ci);
    await undone(world, () => world.apply(both));
    const plan = await world.plan(both);
    expect([kinds(plan), said(plan)]).toEqual([['create'], ['warning: State may be an older copy']]);
    // A key of the same kind that is older than the state is nobody's business.
    await world.apply(both);
    const again = { resource: { [OUTSCALE]: { ...both.resource[OUTSCALE], m: { user_name: 'ci', tag: 'l' } } } };
    expect(said(await world.plan(again))).toEqual([]);
  });
});
