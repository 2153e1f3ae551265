import { describe, expect, it } from 'vitest';
import type { KeyDesk } from '../../src/core/console.ts';
import type { UnmanagedPolicy } from '../../src/core/drift/ignore.ts';
import { driftOutput, driftOutputSchema } from '../../src/core/drift/output.ts';
import { counts, type DriftReport, exitCodeOf, type Finding, isIncomplete } from '../../src/core/drift/report.ts';
import { KeyformError } from '../../src/core/error.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { Secret } from '../../src/core/secret.ts';
import type { Generation, State } from '../../src/core/state.ts';
import { type DriftOptions, findDrift } from '../../src/engine/drift.ts';
import { World } from './world.ts';

// What `keyform drift` finds, against the emulators of all clouds.

const SINCH = 'keyform_sinch_access_key';
const NSCALE = 'keyform_nscale_access_key';
const OUTSCALE = 'keyform_outscale_access_key';
const API = 'keyform_yandex_api_key';
const CAM = 'keyform_tencent_cam_access_key';
const GATEWAY = 'keyform_tencent_api_key';

const DAY = 24 * 3_600_000;
const REPORT: UnmanagedPolicy = { mode: 'report', ignore: [] };
const NO_LIMITS = { expiringWithin: null, maxAge: null, unusedFor: null };
const OPTIONS: DriftOptions = { limits: NO_LIMITS, verify: false, unmanaged: REPORT, siblings: async () => [] };

function stackOf(resource: JsonObject): JsonObject {
  return { resource };
}

async function look(
  world: World,
  content: JsonObject,
  options: Partial<DriftOptions> = {},
  change: (state: State) => State = (state) => state,
): Promise<DriftReport> {
  const { state } = await world.store.read();
  const report = await findDrift(world.engine, await world.load(content), change(state), { ...OPTIONS, ...options });
  driftOutputSchema.parse(driftOutput([report]));
  return report;
}

/** The console of the cloud that has these keys. */
function deskOf(world: World, type: string): KeyDesk {
  for (const emulator of world.emulators.values())
    for (const desk of emulator.desks) if (desk.type === type) return desk;
  throw new Error(`no desk of ${type}`);
}

/** A project with one applied key. */
async function withKey(type: string, args: JsonObject) {
  const world = await World.open();
  const stack = stackOf({ [type]: { k: args } });
  expect((await world.apply(stack)).diagnostics).toEqual([]);
  const { state } = await world.store.read();
  const key = state.resources.get(`${type}.k`)?.current;
  if (key == null) throw new Error('no key');
  return { world, stack, key, desk: deskOf(world, type) };
}

function told({ findings }: DriftReport) {
  return findings.map(({ kind, severity, address }) => `${severity} ${kind} ${address ?? '-'}`);
}

/** The report, which must have this finding and no other. */
function only(report: DriftReport, kind: Finding['kind']): Finding {
  expect(report.findings.map((finding) => finding.kind)).toEqual([kind]);
  expect([report.unread, report.diagnostics]).toEqual([[], []]);
  return report.findings[0] as Finding;
}

function withCurrent(state: State, address: string, change: (key: Generation) => Partial<Generation>): State {
  const resources = new Map(state.resources);
  const resource = resources.get(address);
  if (resource?.current == null) throw new Error(`no ${address}`);
  resources.set(address, { ...resource, current: { ...resource.current, ...change(resource.current) } });
  return { ...state, resources };
}

describe('nothing is found', () => {
  it('right after an apply, by one list call for each owner', async () => {
    const world = await World.open();
    const stack = stackOf({
      [SINCH]: {
        a: { project_id: 'p1', display_name: 'a' },
        b: { project_id: 'p1', display_name: 'b' },
        c: { project_id: 'p2', display_name: 'c' },
      },
      [OUTSCALE]: { a: { user_name: 'u', tag: 't' } },
      [API]: { a: { service_account_id: 'sa' } },
      [GATEWAY]: { a: { secret_name: 'x', region: 'ap-singapore' } },
      [CAM]: { a: { target_uin: '100000000001' } },
      [NSCALE]: { a: { endpoint_id: 'e', name: 'n', identity_policy: 'bucket-admin' } },
    });
    await world.apply(stack);
    world.calls.length = 0;
    const report = await look(world, stack, { siblings: () => Promise.reject(new Error('nobody needs them')) });
    expect([told(report), report.unread, report.diagnostics]).toEqual([[], [], []]);
    expect(world.calls.filter((action) => !/token/i.test(action)).sort()).toEqual([
      'DescribeApiKeysStatus',
      'ListAccessKeys',
      'ListAccessKeys',
      'ListAccessKeys',
      'ListAccessKeys',
      'ListApiKeys',
      'ReadAccessKeys',
    ]);
    expect(report.calls).toBe(world.calls.length);
    expect(report.owners).toEqual({ asked: 7, read: 7 });
    expect(report.coverage).toEqual({ managed: 8, total: 8, ratio: 1 });
    expect(report.addresses).toHaveLength(8);
    expect(exitCodeOf([report])).toBe(0);
  });

  it('of a stack without a state, whose declared owners are asked all the same', async () => {
    const world = await World.open();
    const id = deskOf(world, SINCH).create({ project_id: 'p1', display_name: 'theirs' });
    const report = await look(world, stackOf({ [SINCH]: { a: { project_id: 'p1', display_name: 'a' } } }));
    expect(only(report, 'unmanaged')).toMatchObject({
      keyId: id,
      name: 'theirs',
      owner: 'project p1',
      generation: null,
    });
  });
});

describe('owners', () => {
  const lists = (world: World) => world.calls.filter((action) => action === 'ListAccessKeys').length;
  const key = { project_id: 'p1', display_name: 'ci' };

  it('that data sources read are asked once, and nothing of them is drift where no key of the stack is', async () => {
    const world = await World.open();
    const data = { keyform_sinch_access_keys: { here: { project_id: 'p1' }, there: { project_id: 'p2' } } };
    const stack = { data, ...stackOf({ [SINCH]: { k: key } }) };
    deskOf(world, SINCH).create({ project_id: 'p2', display_name: 'theirs' });
    await world.apply(stack);
    world.calls.length = 0;
    const report = await look(world, stack);
    expect([told(report), lists(world), report.owners]).toEqual([[], 2, { asked: 2, read: 2 }]);
    expect(report.coverage).toEqual({ managed: 1, total: 1, ratio: 1 });
  });

  it('whose name only a data source tells are asked too, once each', async () => {
    const world = await World.open();
    const project = deskOf(world, SINCH).create({ project_id: 'p2', display_name: 'p3' });
    const stack = {
      data: { keyform_sinch_access_key: { who: { project_id: 'p2', id: project } } },
      ...stackOf({
        [SINCH]: { k: { project_id: '${data.keyform_sinch_access_key.who.display_name}', display_name: 'a' } },
      }),
    };
    const theirs = deskOf(world, SINCH).create({ project_id: 'p3', display_name: 'theirs' });
    const report = await look(world, stack);
    expect(only(report, 'unmanaged')).toMatchObject({ keyId: theirs, owner: 'project p3' });
    expect([lists(world), report.owners]).toEqual([2, { asked: 2, read: 2 }]);
  });

  it('that two provider blocks show are told, and their keys counted, once', async () => {
    const world = await World.open();
    const stack = {
      provider: { keyform: [{}, { alias: 'b' }] },
      ...stackOf({ [SINCH]: { k: key, other: { project_id: 'p1', display_name: 'other', provider: 'keyform.b' } } }),
    };
    await world.apply(stack);
    deskOf(world, SINCH).create({ project_id: 'p1', display_name: 'theirs' });
    const report = await look(world, stack);
    expect(told(report)).toEqual(['warning unmanaged -']);
    expect(report.coverage).toEqual({ managed: 2, total: 3, ratio: 2 / 3 });
  });

  it('are asked a few at a time, and every one in the end', async () => {
    const world = await World.open();
    const keys = Array.from({ length: 60 }, (_, index) => [
      `k${index}`,
      { project_id: `p${index}`, display_name: 'a' },
    ]);
    const stack = stackOf({ [SINCH]: Object.fromEntries(keys) });
    await world.apply(stack);
    const { http } = world.engine;
    let open = 0;
    let most = 0;
    const progress: string[] = [];
    const slow = {
      send: async (call: Parameters<typeof http.send>[0]) => {
        open += 1;
        most = Math.max(most, open);
        await new Promise((resolve) => setImmediate(resolve));
        open -= 1;
        return http.send(call);
      },
    };
    const { state } = await world.store.read();
    const report = await findDrift({ ...world.engine, http: slow }, await world.load(stack), state, {
      ...OPTIONS,
      onOwner: (done, all) => progress.push(`${done}/${all}`),
    });
    expect([told(report), report.owners.read, progress.at(-1), progress.length]).toEqual([[], 60, '60/60', 60]);
    expect(most).toBeLessThanOrEqual(16);
    expect(most).toBeGreaterThan(4);
  });
});

describe('a key that', () => {
  it('was changed is told attribute by attribute', async () => {
    const { world, stack, key, desk } = await withKey(SINCH, { project_id: 'p1', display_name: 'ci' });
    desk.change(key.id, { display_name: 'by hand' });
    const report = await look(world, stack);
    expect(only(report, 'changed')).toMatchObject({
      severity: 'warning',
      address: `${SINCH}.k`,
      keyId: key.id,
      generation: 1,
      deposed: false,
      remedy: 'keyform plan test',
      attributes: [{ name: 'display_name', before: 'ci', after: 'by hand', sensitive: false }],
      place: { file: 'test.tf.json', path: ['resource', SINCH, 'k'] },
    });
    expect([exitCodeOf([report]), report.coverage.managed]).toEqual([2, 1]);
  });

  it('was changed in a sensitive argument is told without the values', async () => {
    const world = await World.open();
    const stack = {
      variable: { name: { type: 'string', sensitive: true, default: 'CANARY-before' } },
      ...stackOf({ [SINCH]: { k: { project_id: 'p1', display_name: '${var.name}' } } }),
    };
    await world.apply(stack);
    const desk = deskOf(world, SINCH);
    const id = desk.keys().find(({ args }) => args.project_id === 'p1')?.id ?? '';
    desk.change(id, { display_name: 'CANARY-after' });
    const report = await look(world, stack);
    expect(only(report, 'changed').attributes).toEqual([
      { name: 'display_name', before: null, after: null, sensitive: true },
    ]);
    expect(JSON.stringify(report)).not.toContain('CANARY');
  });

  it('is gone is an error', async () => {
    const { world, stack, key, desk } = await withKey(SINCH, { project_id: 'p1', display_name: 'ci' });
    desk.remove(key.id);
    expect(only(await look(world, stack), 'gone')).toMatchObject({ severity: 'error', remedy: 'keyform apply test' });
  });

  it('is gone while a newer one just like it is there may mean an older state', async () => {
    const { world, stack, key, desk } = await withKey(OUTSCALE, { user_name: 'u', tag: 't' });
    world.clock.time += DAY;
    desk.remove(key.id);
    const other = desk.create({ user_name: 'u', tag: 't' });
    const report = await look(world, stack);
    expect(told(report)).toEqual([`error superseded ${OUTSCALE}.k`, 'warning unmanaged -']);
    expect(report.findings[0]?.detail).toContain(other);
    expect(report.coverage).toEqual({ managed: 0, total: 1, ratio: 0 });
  });

  it('was disabled behind our back is an error, and enabled again it is a change', async () => {
    const { world, stack, key, desk } = await withKey(OUTSCALE, { user_name: 'u', tag: 't' });
    desk.change(key.id, { enabled: false });
    expect(only(await look(world, stack), 'disabled')).toMatchObject({
      severity: 'error',
      attributes: [{ name: 'enabled', before: true, after: false, sensitive: false }],
    });
    const off = stackOf({ [OUTSCALE]: { k: { user_name: 'u', tag: 't', enabled: false } } });
    await world.apply(off);
    expect(told(await look(world, off))).toEqual([]);
    desk.change(key.id, { enabled: true });
    expect(only(await look(world, off), 'changed').attributes).toEqual([
      { name: 'enabled', before: false, after: true, sensitive: false },
    ]);
  });

  it('expires soon, or has expired, is told from the default on, a flag, or when its policy should have replaced it', async () => {
    const end = '2026-02-01T00:00:00.000Z';
    const { world, stack, key } = await withKey(API, { service_account_id: 'sa', expires_at: end });
    world.clock.time = Date.parse(end) - 8 * DAY;
    expect(told(await look(world, stack))).toEqual([]);
    const wide = { ...NO_LIMITS, expiringWithin: 30 * DAY };
    expect(only(await look(world, stack, { limits: wide }), 'expiring')).toMatchObject({
      severity: 'warning',
      at: end,
    });
    world.clock.time = Date.parse(end) - 6 * DAY;
    expect(only(await look(world, stack), 'expiring').summary).toBe('The key expires in 6d');
    const policy = { ...key.args, rotation: { before_expiry: '2d' } };
    const trusting = (state: State) => withCurrent(state, `${API}.k`, () => ({ args: policy }));
    expect(told(await look(world, stack, {}, trusting))).toEqual([]);
    world.clock.time = Date.parse(end) - DAY;
    expect(only(await look(world, stack, {}, trusting), 'expiring').remedy).toBe(`keyform rotate -stack=test ${API}.k`);
    world.clock.time = Date.parse(end);
    expect(only(await look(world, stack), 'expired')).toMatchObject({ severity: 'error', at: end });
  });

  it('is older than its policy, or than the flag allows one without a policy, is over age', async () => {
    const { world, stack, key, desk } = await withKey(SINCH, { project_id: 'p1', display_name: 'ci' });
    desk.change(key.id, { created_at: '-100d' });
    expect(told(await look(world, stack))).toEqual([]);
    const asked = await look(world, stack, { limits: { ...NO_LIMITS, maxAge: 90 * DAY } });
    expect(only(asked, 'over-age')).toMatchObject({ summary: 'The key is 100d old', severity: 'warning' });
    expect(asked.oldestSeconds).toBe(100 * 86_400);
    const every = (text: string) => (state: State) =>
      withCurrent(state, `${SINCH}.k`, ({ args }) => ({ args: { ...args, rotation: { every: text } } }));
    const due = await look(world, stack, {}, every('90d'));
    expect([only(due, 'over-age').remedy, due.rotationDue]).toEqual([`keyform rotate -stack=test ${SINCH}.k`, 1]);
    // The policy counts, and not the flag.
    const long = await look(world, stack, { limits: { ...NO_LIMITS, maxAge: DAY } }, every('120d'));
    expect([told(long), long.rotationDue]).toEqual([[], 0]);
  });

  it('is not used is told where the API tells, with lists or when asked, and only then', async () => {
    const asked = { limits: { ...NO_LIMITS, unusedFor: 30 * DAY } };
    for (const [type, args] of [
      [API, { service_account_id: 'sa' }],
      [CAM, { target_uin: '100000000001' }],
    ] as const) {
      const { world, stack, key, desk } = await withKey(type, args);
      desk.change(key.id, { created_at: '-60d' });
      expect(told(await look(world, stack)), type).toEqual([]);
      world.calls.length = 0;
      expect(only(await look(world, stack, asked), 'never-used').severity, type).toBe('warning');
      expect(world.calls.filter((action) => action === 'GetSecurityLastUsed').length, type).toBe(type === CAM ? 1 : 0);
      desk.change(key.id, { last_used_at: '-40d' });
      expect(only(await look(world, stack, asked), 'unused').at, type).toMatch(/^2025-11-2/);
      desk.change(key.id, { last_used_at: '-5d' });
      expect(told(await look(world, stack, asked)), type).toEqual([]);
    }
    // A young key need not be used yet, and an API that tells nothing accuses nobody.
    const young = await withKey(API, { service_account_id: 'sa' });
    expect(told(await look(young.world, young.stack, asked))).toEqual([]);
    const silent = await withKey(SINCH, { project_id: 'p1', display_name: 'ci' });
    silent.world.clock.time += 60 * DAY;
    expect(told(await look(silent.world, silent.stack, asked))).toEqual([]);
  });
});

describe('a secret that is no longer the live one', () => {
  it('shows where the API tells secrets, without telling it on', async () => {
    const { world, stack, key, desk } = await withKey(GATEWAY, { secret_name: 'x', region: 'ap-singapore' });
    desk.change(key.id, { secret: true });
    const report = await look(world, stack);
    const finding = only(report, 'secret-not-live');
    expect(finding).toMatchObject({ severity: 'error', remedy: 'keyform apply -refresh-only test', attributes: [] });
    for (const secret of [key.secret?.reveal() ?? '?', desk.secret(key.id)])
      expect(JSON.stringify(report)).not.toContain(secret);
  });

  it('shows where the API tells a part of it', async () => {
    const { world, stack } = await withKey(API, { service_account_id: 'sa' });
    const other = (state: State) =>
      withCurrent(state, `${API}.k`, () => ({ secret: new Secret('another-secret-of-thirty-characters') }));
    expect(only(await look(world, stack, {}, other), 'secret-not-live').remedy).toBe(
      `keyform rotate -force -stack=test ${API}.k`,
    );
  });

  it('shows by a trial, only when asked, once for each key, where there is a harmless call', async () => {
    for (const [type, args] of [
      [OUTSCALE, { user_name: 'u', tag: 't' }],
      [SINCH, { project_id: 'p1', display_name: 'ci' }],
      [CAM, { target_uin: '100000000001' }],
    ] as const) {
      const { world, stack, key } = await withKey(type, args);
      const wrong = (state: State) =>
        withCurrent(state, `${type}.k`, () => ({ secret: new Secret('A'.repeat(key.secret?.reveal().length ?? 40)) }));
      expect(told(await look(world, stack, {}, wrong)), type).toEqual([]);
      world.calls.length = 0;
      expect(told(await look(world, stack, { verify: true })), type).toEqual([]);
      const right = world.calls.length;
      expect(only(await look(world, stack, { verify: true }, wrong), 'secret-not-live').severity, type).toBe('error');
      expect(world.calls.length - right, type).toBeLessThanOrEqual(right);
    }
  });

  it('is not looked for in a key that was taken over without its secret, nor in a disabled one', async () => {
    const { world, stack, key, desk } = await withKey(OUTSCALE, { user_name: 'u', tag: 't' });
    const none = (state: State) => withCurrent(state, `${OUTSCALE}.k`, () => ({ secret: null }));
    expect(told(await look(world, stack, { verify: true }, none))).toEqual([]);
    desk.change(key.id, { enabled: false });
    expect(told(await look(world, stack, { verify: true }))).toEqual([`error disabled ${OUTSCALE}.k`]);
  });
});

describe('replaced keys', () => {
  const overlapping = (more: Partial<Generation>) => (state: State) => {
    const resources = new Map(state.resources);
    const resource = resources.get(`${OUTSCALE}.k`);
    if (resource?.current == null) throw new Error('no key');
    const deposed = [{ ...resource.current, deposedAt: '2026-01-01T00:00:00.000Z', ...more }];
    resources.set(`${OUTSCALE}.k`, { ...resource, current: null, deposed });
    return { ...state, resources };
  };

  it('are no drift in their overlap, nor when Keyform itself has disabled them', async () => {
    const { world, stack, key, desk } = await withKey(OUTSCALE, { user_name: 'u', tag: 't' });
    const report = await look(world, stack, {}, overlapping({}));
    expect([told(report), report.coverage.managed]).toEqual([[], 1]);
    desk.change(key.id, { enabled: false });
    const mine = overlapping({ enabled: false, disabledAt: '2026-01-01T00:00:00.000Z' });
    expect(told(await look(world, stack, {}, mine))).toEqual([]);
    const theirs = await look(world, stack, {}, overlapping({}));
    expect(only(theirs, 'disabled')).toMatchObject({ deposed: true, generation: 1 });
  });

  it('that are gone before their time are a warning', async () => {
    const { world, stack, key, desk } = await withKey(OUTSCALE, { user_name: 'u', tag: 't' });
    desk.remove(key.id);
    expect(only(await look(world, stack, {}, overlapping({})), 'gone')).toMatchObject({
      severity: 'warning',
      deposed: true,
      remedy: 'keyform apply -refresh-only test',
    });
  });
});

describe('keys in no state', () => {
  const STACK = stackOf({ [SINCH]: { k: { project_id: 'p1', display_name: 'ci' } } });

  it('of an interrupted create are orphans, and not counted twice', async () => {
    const world = await World.open();
    world.meddler.after = (action, response) => {
      if (action === 'CreateAccessKey') throw new KeyformError('outcome-unknown', 'the answer was lost');
      return response;
    };
    await world.apply(STACK);
    world.meddler.after = (_, response) => response;
    world.clock.time += 60_000;
    const report = await look(world, STACK);
    expect(only(report, 'orphaned')).toMatchObject({ severity: 'error', address: `${SINCH}.k`, name: 'ci' });
    expect(report.coverage).toEqual({ managed: 0, total: 1, ratio: 0 });
    expect((await world.plan(STACK)).orphans).toHaveLength(1);
  });

  it('of which another stack of the project knows are managed', async () => {
    const { world, stack, desk } = await withKey(SINCH, { project_id: 'p1', display_name: 'ci' });
    await world.as('other', async () => {
      await world.apply(stackOf({ [SINCH]: { o: { project_id: 'p1', display_name: 'other' } } }));
    });
    const { state } = await world.as('other', async () => world.store.read());
    desk.create({ project_id: 'p1', display_name: 'nobody' });
    let asked = 0;
    const siblings = async () => {
      asked += 1;
      return [{ stack: 'other', state, busy: null }];
    };
    const report = await look(world, stack, { siblings });
    expect(only(report, 'unmanaged').name).toBe('nobody');
    expect([report.coverage, asked]).toEqual([{ managed: 2, total: 3, ratio: 2 / 3 }, 1]);
    const broken = await look(world, stack, {
      siblings: async () => [{ stack: 'other', state: new KeyformError('wrong-identity', 'Not yours'), busy: null }],
    });
    expect(told(broken)).toEqual(['warning unmanaged -', 'warning unmanaged -']);
    expect(broken.diagnostics.map(({ severity, summary }) => `${severity} ${summary}`)).toEqual([
      'warning The state of stack "other" cannot be read',
    ]);
  });

  it('that Keyform authenticates with are told apart, and are no drift', async () => {
    const world = await World.open();
    const own = deskOf(world, SINCH).keys()[0];
    if (own === undefined) throw new Error('no key of its own');
    const stack = stackOf({ [SINCH]: { k: { project_id: own.args.project_id ?? '', display_name: 'ci' } } });
    await world.apply(stack);
    const report = await look(world, stack);
    expect([told(report), report.credentials.map(({ keyId }) => keyId)]).toEqual([[], [own.id]]);
    expect(report.coverage).toEqual({ managed: 1, total: 1, ratio: 1 });
  });

  it('fail, or are left alone by a rule until its day is over', async () => {
    const { world, stack, desk } = await withKey(SINCH, { project_id: 'p1', display_name: 'ci' });
    desk.create({ project_id: 'p1', display_name: 'legacy-1' });
    const fail = await look(world, stack, { unmanaged: { mode: 'fail', ignore: [] } });
    expect(told(fail)).toEqual(['error unmanaged -']);
    expect(exitCodeOf([fail])).toBe(2);
    const rule = { name: 'legacy-*', owner: 'project p1', reason: 'the old pipeline', until: '2026-03-31' };
    const left = await look(world, stack, { unmanaged: { mode: 'fail', ignore: [rule] } });
    expect(left.findings.map(({ ignored }) => ignored)).toEqual([
      { pattern: 'owner "project p1", name "legacy-*"', reason: 'the old pipeline', until: '2026-03-31' },
    ]);
    expect([left.findings.some(counts), exitCodeOf([left]), left.coverage.ratio]).toEqual([false, 0, 0.5]);
    world.clock.time = Date.parse('2026-04-01T00:00:00Z');
    const over = await look(world, stack, { unmanaged: { mode: 'report', ignore: [rule] } });
    expect(told(over)).toEqual(['warning unmanaged -']);
    expect(over.diagnostics.map(({ severity, summary }) => `${severity} ${summary}`)).toEqual([
      'warning A rule that left unmanaged keys alone is over',
    ]);
    expect(exitCodeOf([over])).toBe(2);
  });
});

describe('an owner that could not be read', () => {
  it('is an error beside the drift that was found, and nothing of it is called gone', async () => {
    const world = await World.open();
    const stack = stackOf({
      [SINCH]: { k: { project_id: 'p1', display_name: 'ci' } },
      [OUTSCALE]: { k: { user_name: 'u', tag: 't' } },
    });
    await world.apply(stack);
    const desk = deskOf(world, SINCH);
    for (const { id, args } of desk.keys()) if (args.project_id === 'p1') desk.remove(id);
    world.meddler.before = (action) => {
      if (action === 'ReadAccessKeys') throw new KeyformError('unavailable', 'It is down', { detail: 'Wait.' });
    };
    const report = await look(world, stack);
    expect(told(report)).toEqual([`error gone ${SINCH}.k`]);
    expect(report.unread).toEqual([
      {
        stack: 'test',
        owner: 'user u',
        type: OUTSCALE,
        provider: 'keyform',
        code: 'unavailable',
        summary: 'It is down',
        detail: 'Wait.',
        addresses: [`${OUTSCALE}.k`],
      },
    ]);
    expect([report.owners, report.addresses, isIncomplete(report)]).toEqual([
      { asked: 2, read: 1 },
      [`${SINCH}.k`],
      true,
    ]);
    expect([exitCodeOf([report]), driftOutput([report]).exit_code]).toEqual([1, 1]);
  });

  it('for want of a credential is told once for all that need it', async () => {
    const { world, stack } = await withKey(OUTSCALE, { user_name: 'u', tag: 't' });
    const { state } = await world.store.read();
    const engine = { ...world.engine, override: () => null };
    const report = await findDrift(engine, await world.load(stack), state, OPTIONS);
    expect([told(report), report.unread.map(({ code }) => code), report.calls]).toEqual([
      [],
      ['missing-credential'],
      0,
    ]);
    expect(exitCodeOf([report])).toBe(1);
  });

  it('because a key was seen somewhere else concludes nothing', async () => {
    const { world, stack } = await withKey(OUTSCALE, { user_name: 'u', tag: 't' });
    const elsewhere = (state: State) =>
      withCurrent(state, `${OUTSCALE}.k`, () => ({ scope: 'https://elsewhere', id: 'AKIA-elsewhere' }));
    const report = await look(world, stack, {}, elsewhere);
    expect(report.diagnostics.map(({ summary }) => summary)).toEqual(['State holds this key from somewhere else']);
    expect([report.findings.map(({ kind }) => kind), exitCodeOf([report])]).toEqual([['unmanaged'], 1]);
  });

  it('ends the run when it was asked to stop', async () => {
    const { world, stack } = await withKey(SINCH, { project_id: 'p1', display_name: 'ci' });
    world.meddler.before = () => {
      throw new KeyformError('cancelled', 'The run was stopped');
    };
    await expect(look(world, stack)).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('what an interrupted run was about to do', () => {
  it('is not held against anybody', async () => {
    const { world, stack, key, desk } = await withKey(OUTSCALE, { user_name: 'u', tag: 't' });
    const intent = (operation: 'delete' | 'update' | 'disable', args: JsonObject) => (state: State) => ({
      ...state,
      intents: new Map([
        [
          'i',
          {
            id: 'i',
            at: '2026-01-01T00:00:00.000Z',
            operation,
            address: `${OUTSCALE}.k`,
            type: OUTSCALE,
            provider: 'keyform',
            owner: '',
            scope: key.scope,
            generation: 1,
            keyId: key.id,
            args,
            sensitiveArgs: [],
            knownIds: [],
            secret: null,
          },
        ],
      ]),
    });
    desk.change(key.id, { tag: 'new' });
    expect(told(await look(world, stack, {}, intent('update', { tag: 'new' })))).toEqual([]);
    expect(told(await look(world, stack, {}, intent('update', { tag: 'other' })))).toEqual([
      `warning changed ${OUTSCALE}.k`,
    ]);
    desk.change(key.id, { tag: 't', enabled: false });
    expect(told(await look(world, stack, {}, intent('disable', {})))).toEqual([]);
    desk.remove(key.id);
    expect(told(await look(world, stack, {}, intent('delete', {})))).toEqual([]);
  });
});
