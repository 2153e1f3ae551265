import type { Json, JsonObject } from '../../../src/core/json.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import type { Secret } from '../../../src/core/secret.ts';
import { ELSEWHERE, Lab, OUTSCALE, SINCH } from './lab.ts';

/** What happened before, and the plan that it leads to. */
export type Scenario = () => Promise<{ readonly lab: Lab; readonly plan: Plan }>;

type Keys = Readonly<Record<string, JsonObject>>;

/** A stack of Sinch keys by name; the display name is the key's own unless it says so. */
export const sinch = (keys: Keys, more: JsonObject = {}): JsonObject => ({
  ...more,
  resource: {
    [SINCH]: Object.fromEntries(
      Object.entries(keys).map(([name, args]) => [name, { project_id: 'p1', display_name: name, ...args }]),
    ),
  },
});
export const outscale = (keys: Keys, more: JsonObject = {}): JsonObject => ({
  ...more,
  resource: { [OUTSCALE]: keys },
});

/** One stack of two: the sections of both, in arrays where both have one. */
function merged(a: JsonObject, b: JsonObject): JsonObject {
  const sections = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return Object.fromEntries(
    sections.map((name) => [name, [a[name], b[name]].filter((section) => section !== undefined)]),
  );
}

export const days = (count: number) => count * 24 * 3_600_000;
const names = (count: number) => Array.from({ length: count }, (_, index) => `k${index}`);
const many = (count: number): Keys => Object.fromEntries(names(count).map((name) => [name, {}]));
const lifecycle = (value: JsonObject): JsonObject => ({ lifecycle: value });

/** A lab on which `before` was applied. */
export async function after(...before: Json[]): Promise<Lab> {
  const lab = await Lab.open();
  for (const stack of before) {
    await lab.apply(stack);
    lab.time += days(1);
  }
  return lab;
}

const then = async (lab: Lab, stack: Json, options: Parameters<Lab['plan']>[1] = {}) => ({
  lab,
  plan: await lab.plan(stack, options),
});

/** `then`, for others: a module that exports that name would pass for a promise. */
export const planned = then;

/** An apply of `stack` that crashes before the first created key is recorded. */
export async function crashed(lab: Lab, stack: Json): Promise<Lab> {
  await lab.apply(stack, { drop: (entry) => entry.kind === 'created' });
  return lab;
}

const both: JsonObject = {
  resource: {
    [SINCH]: {
      a: { project_id: 'p1', display_name: 'a' },
      b: { project_id: 'p1', display_name: `for \${${SINCH}.a.access_key_id}` },
    },
    [OUTSCALE]: { c: { user_name: 'ci', tag: `b is \${${SINCH}.b.id}` } },
  },
};

const withAlias = (provider: string, settings: JsonObject): Json =>
  sinch({ a: { provider } }, { provider: { keyform: [{}, { alias: 'eu', ...settings }] } });

/** A second provider block, which signs with another key of Outscale. */
const signedWith = (accessKeyId: string, secret: Secret | null): JsonObject => ({
  provider: { keyform: [{}, { alias: 'eu', outscale: { access_key_id: accessKeyId, secret_key: '${var.secret}' } }] },
  variable: { secret: { default: secret?.reveal() ?? null, sensitive: true } },
});

/** A lab where two provider blocks with credentials of their own manage keys of one user, and stacks of that kind. */
async function twice() {
  const lab = await Lab.open();
  const { key, secret } = await (await lab.keys(OUTSCALE)).create({});
  const ours: Keys = { a: { user_name: 'ci' }, b: { user_name: 'ci', provider: 'keyform.eu' } };
  const stack = (keys: Keys) => outscale({ ...ours, ...keys }, signedWith(key.accessKeyId, secret));
  await lab.apply(stack({}));
  return { lab, stack };
}

/** A key whose name is a variable's, and an output that shows it. */
const named = (name: string, sensitive: boolean): Json =>
  sinch(
    { a: { display_name: '${var.name}' } },
    {
      variable: { name: { default: name, sensitive } },
      output: { name: { value: `\${${SINCH}.a.display_name}`, sensitive } },
    },
  );

const tagged = (tag: string, sensitive: boolean): Json =>
  outscale(
    { a: { user_name: '${var.user}', tag: '${var.tag}' } },
    { variable: { user: { default: 'ci', sensitive }, tag: { default: tag, sensitive } } },
  );

const outputs = (value: JsonObject): Json => sinch({ a: {} }, { output: value });

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  create: async () => then(await Lab.open(), both),
  'no changes': async () => then(await after(both), both),
  'update in place': async () =>
    then(await after(merged(outscale({ a: { tag: 'one' } }), sinch({ a: {} }))), {
      resource: {
        [OUTSCALE]: { a: { tag: 'two' } },
        [SINCH]: { a: { project_id: 'p1', display_name: 'renamed' } },
      },
    }),
  'replace, project changed': async () => then(await after(sinch({ a: {} })), sinch({ a: { project_id: 'p2' } })),
  'replace, user changed': async () =>
    then(await after(outscale({ a: { user_name: 'x' } })), outscale({ a: { user_name: 'y' } })),
  'replace, keepers changed': async () =>
    then(await after(sinch({ a: { keepers: { v: '1' } } })), sinch({ a: { keepers: { v: 2 } } })),
  'replace by request': async () => then(await after(sinch({ a: {} })), sinch({ a: {} }), { replace: [`${SINCH}.a`] }),
  'replace by request and rename': async () =>
    then(await after(sinch({ a: {} })), sinch({ a: { display_name: 'z' } }), { replace: [`${SINCH}.a`] }),
  'replace with delete first': async () => {
    const stack = sinch({ a: lifecycle({ create_before_destroy: false }) });
    return then(await after(stack), stack, { replace: [`${SINCH}.a`] });
  },
  'replace among dependents': async () => then(await after(both), both, { replace: [`${SINCH}.a`] }),
  tainted: async () => {
    const lab = await after(sinch({ a: {} }));
    const [resource] = lab.state.resources.values();
    if (resource !== undefined) lab.state.resources.set(resource.address, { ...resource, tainted: 'it does not work' });
    return then(lab, sinch({ a: {} }));
  },
  'gone outside': async () => {
    const lab = await after(both);
    await (await lab.keys(SINCH)).delete(lab.reference(`${SINCH}.b`));
    return then(lab, both);
  },
  'changed outside': async () => {
    const stack = outscale({ a: { tag: 'mine', enabled: true }, b: { tag: 'free' } });
    const lab = await after(stack);
    const keys = await lab.keys(OUTSCALE);
    for (const name of ['a', 'b']) {
      const key = lab.reference(`${OUTSCALE}.${name}`);
      await keys.update(key, { ...key.args, tag: 'theirs' }, ['tag']);
      await keys.setEnabled(key, false);
    }
    return then(lab, stack);
  },
  'removed from the stack': async () => then(await after(both), sinch({ a: {} })),
  'deposed left over': async () => {
    const lab = await after(sinch({ a: {} }));
    await lab.apply(sinch({ a: {} }), { replace: [`${SINCH}.a`], drop: (entry) => entry.kind === 'deleted' });
    lab.state.intents.clear();
    const [resource] = lab.state.resources.values();
    // As if the run had stopped before the deletion: the old key is still there.
    const keys = await lab.keys(SINCH);
    const { key } = await keys.create({ project_id: 'p1', display_name: 'old' });
    if (resource?.deposed[0] !== undefined)
      lab.state.resources.set(resource.address, {
        ...resource,
        deposed: [{ ...resource.deposed[0], id: key.id, accessKeyId: key.id, args: { ...key.args, keepers: null } }],
      });
    return then(lab, sinch({ a: {} }));
  },
  destroy: async () => then(await after(both), both, { mode: 'destroy' }),
  'destroy with targets': async () => then(await after(both), both, { mode: 'destroy', targets: [`${SINCH}.b`] }),
  'prevent destroy, destroyed': async () => {
    const stack = sinch({ a: lifecycle({ prevent_destroy: true }), b: {} });
    return then(await after(stack), stack, { mode: 'destroy' });
  },
  'prevent destroy, replaced': async () => {
    const keep = lifecycle({ prevent_destroy: true });
    return then(await after(sinch({ a: keep, b: {} })), sinch({ a: { ...keep, project_id: 'p2' }, b: {} }));
  },
  'ignore changes': async () =>
    then(
      await after(sinch({ a: {}, b: { keepers: { v: '1' } } })),
      sinch({
        a: { display_name: 'x', ...lifecycle({ ignore_changes: ['display_name'] }) },
        b: { display_name: 'y', project_id: 'p9', keepers: {}, ...lifecycle({ ignore_changes: 'all' }) },
      }),
    ),
  'quota full, create': async () => then(await after(sinch(many(10))), sinch({ ...many(10), one: {}, two: {} })),
  'quota full, replace': async () => then(await after(sinch(many(10))), sinch(many(10)), { replace: [`${SINCH}.k3`] }),
  'quota full, replace with delete first': async () => {
    const stack = sinch({ ...many(9), last: lifecycle({ create_before_destroy: false }) });
    return then(await after(stack), stack, { replace: [`${SINCH}.last`] });
  },
  'quota full, room made': async () =>
    then(await after(sinch(many(10))), sinch({ ...many(8), new1: {}, new2: {}, new3: {} })),
  'quota full, room made by what waits for it': async () => {
    // k0 has a deposed key, and the key to be made depends on k0: that deletion comes too late to make room.
    const stack = sinch(many(8));
    const lab = await after(stack);
    const keys = await lab.keys(SINCH);
    const { key } = await keys.create({ project_id: 'p1', display_name: 'old' });
    await keys.create({ project_id: 'p1', display_name: 'not ours' });
    const resource = lab.state.resources.get(`${SINCH}.k0`);
    if (resource?.current != null)
      lab.state.resources.set(resource.address, {
        ...resource,
        lastGeneration: 2,
        current: { ...resource.current, number: 2 },
        deposed: [{ ...resource.current, id: key.id, accessKeyId: key.id, args: { ...key.args, keepers: null } }],
      });
    return then(lab, sinch({ ...many(8), user: { display_name: `\${${SINCH}.k0.id}` } }));
  },
  'duplicate name in the stack': async () =>
    then(
      await Lab.open(),
      sinch({ a: { display_name: 'x' }, b: { display_name: 'x' }, c: { project_id: 'p2', display_name: 'x' } }),
    ),
  'name taken': async () => {
    const lab = await after(sinch({ a: {} }));
    await (await lab.keys(SINCH)).create({ project_id: 'p1', display_name: 'b' });
    return then(lab, sinch({ a: {}, b: {}, c: { display_name: 'a' } }));
  },
  'names swapped': async () =>
    then(await after(sinch({ a: {}, b: {} })), sinch({ a: { display_name: 'b' }, b: { display_name: 'a' } })),
  'name handed over': async () =>
    then(
      await after(sinch({ a: {}, gone: {} })),
      sinch({ a: { display_name: 'other' }, b: { display_name: 'a' }, c: { display_name: 'gone' } }),
    ),
  'name not freed after all': async () =>
    // b takes the name that a frees; a is refused, so b has to be as well.
    then(
      await after(sinch({ a: {}, taken: {} })),
      sinch({ a: { display_name: 'taken' }, taken: {}, b: { display_name: 'a' } }),
    ),
  'own credential': async () => own({}),
  'own credential allowed': async () => own({ allowCredentialDelete: true }),
  'own credential of another alias': async () => {
    // What one provider block manages is what another one signs with.
    const lab = await after(outscale({ a: {}, b: { user_name: 'ci' } }));
    const { accessKeyId, secret } = lab.reference(`${OUTSCALE}.a`);
    return then(lab, outscale({ b: { user_name: 'ci', provider: 'keyform.eu' } }, signedWith(accessKeyId, secret)));
  },
  'too many deletes': async () => then(await after(sinch(many(3))), sinch({}), { maxDeletes: 2 }),
  target: async () => then(await Lab.open(), both, { targets: [`${SINCH}.a`] }),
  'target with dependencies': async () => then(await Lab.open(), both, { targets: [`${SINCH}.b`] }),
  'target that is not there': async () =>
    then(await Lab.open(), both, { targets: [`${SINCH}.x`], replace: ['nonsense'] }),
  'refresh only': async () => {
    const lab = await after(both);
    const key = lab.reference(`${OUTSCALE}.c`);
    await (await lab.keys(OUTSCALE)).update(key, { ...key.args, tag: 'theirs' }, ['tag']);
    const more = sinch({ new: {} }, { output: { o: { value: `\${${SINCH}.new.id}` } } });
    return then(lab, merged(both, more), { mode: 'refresh-only' });
  },
  'no refresh': async () => then(await after(both), both, { ask: false, replace: [`${OUTSCALE}.c`] }),
  'owner that does not answer': async () => {
    const lab = await after(both);
    return then(lab, merged(both, outscale({ free: { user_name: 'other', tag: 'new' } })), {
      silent: ['project p1'],
      replace: [`${OUTSCALE}.c`],
    });
  },
  'dependent that cannot follow': async () =>
    // c cannot be planned, so the key of b that it refers to must not go.
    then(await after(both), both, { silent: ['user ci'], replace: [`${SINCH}.b`] }),
  'intent open, nothing made': async () => {
    const lab = await Lab.open();
    await lab.apply(sinch({ a: {} }), { drop: (entry) => entry.kind === 'created' });
    const [left] = await (await lab.keys(SINCH)).list({ project_id: 'p1' });
    if (left !== undefined) await (await lab.keys(SINCH)).delete(left);
    lab.time += 60_000;
    return then(lab, sinch({ a: {} }));
  },
  'intent open, perhaps still under way': async () => {
    const lab = await Lab.open();
    await lab.apply(sinch({ a: {} }), { drop: (entry) => entry.kind === 'created' });
    const [left] = await (await lab.keys(SINCH)).list({ project_id: 'p1' });
    if (left !== undefined) await (await lab.keys(SINCH)).delete(left);
    return then(lab, sinch({ a: {} }));
  },
  'intent open, one candidate': async () => then(await crashed(await Lab.open(), sinch({ a: {} })), sinch({ a: {} })),
  'intent open, one candidate of a replacement': async () => {
    const lab = await after(sinch({ a: { keepers: { v: '1' } } }));
    return then(await crashed(lab, sinch({ a: { keepers: { v: '2' } } })), sinch({ a: { keepers: { v: '2' } } }));
  },
  'intent open, several candidates': async () => {
    const lab = await crashed(await Lab.open(), outscale({ a: { user_name: 'ci' } }));
    await (await lab.keys(OUTSCALE)).create({ user_name: 'ci' });
    return then(lab, outscale({ a: { user_name: 'ci' } }));
  },
  'intent open, owner silent': async () =>
    then(await crashed(await Lab.open(), sinch({ a: {} })), sinch({ a: {} }), { silent: ['project p1'] }),
  'intent open, the stack changed its mind': async () =>
    then(await crashed(await Lab.open(), sinch({ a: {} })), sinch({ b: { display_name: 'a' } })),
  'intent open, one candidate without a name': async () => {
    const stack = outscale({ a: { user_name: 'ci' } });
    return then(await crashed(await Lab.open(), stack), stack);
  },
  'intent open, only a credential appeared': async () => {
    // The key that Keyform signs with was made after the attempt, as far as the attempt knows.
    const lab = await crashed(await Lab.open(), outscale({ a: {} }));
    const keys = await lab.keys(OUTSCALE);
    for (const intent of lab.state.intents.values()) {
      for (const key of await keys.list({})) if (!intent.knownIds.includes(key.id)) await keys.delete(key);
      lab.state.intents.set(intent.id, { ...intent, knownIds: [] });
    }
    lab.time += 60_000;
    return then(lab, outscale({ a: {} }));
  },
  'intent open, a key of a lost provider': async () => {
    // What state holds is no orphan, even where the provider block that it was made through is gone.
    const lab = await crashed(await after(withAlias('keyform.eu', {})), sinch({ b: {} }));
    for (const intent of lab.state.intents.values())
      lab.state.intents.set(intent.id, {
        ...intent,
        knownIds: [],
        args: { ...intent.args, display_name: 'a' },
        at: '2026-01-01T00:00:00Z',
      });
    return then(lab, sinch({ b: {} }));
  },
  'other intents open, owner silent': async () => {
    const lab = await after(outscale({ a: { user_name: 'ci', tag: 'one' } }));
    const stack = outscale({ a: { user_name: 'ci', tag: 'two' } });
    await lab.apply(stack, { drop: (entry) => entry.kind === 'updated' });
    return then(lab, stack, { silent: ['user ci'] });
  },
  'deposed key of a silent owner': async () => {
    const lab = await after(sinch({ a: {} }));
    const moved = sinch({ a: { project_id: 'p2' } });
    await lab.apply(moved, { drop: (entry) => entry.kind === 'deleted' });
    return then(lab, moved, { silent: ['project p1'] });
  },
  'other intents open': async () => {
    const lab = await after(outscale({ a: { tag: 'one' }, b: {} }));
    await lab.apply(outscale({ a: { tag: 'two' } }), { drop: (entry) => ['updated', 'deleted'].includes(entry.kind) });
    return then(lab, outscale({ a: { tag: 'two' } }));
  },
  'provider alias, same keys': async () => then(await after(withAlias('keyform', {})), withAlias('keyform.eu', {})),
  'provider alias, other keys': async () =>
    then(await after(withAlias('keyform', ELSEWHERE)), withAlias('keyform.eu', ELSEWHERE)),
  'provider alias, same keys, no refresh': async () =>
    then(await after(withAlias('keyform', {})), withAlias('keyform.eu', {}), { ask: false }),
  'provider alias, other keys, no refresh': async () =>
    then(await after(withAlias('keyform', ELSEWHERE)), withAlias('keyform.eu', ELSEWHERE), { ask: false }),
  'provider alias gone': async () => then(await after(withAlias('keyform.eu', {})), sinch({ a: {} })),
  'expires_in, new': async () => then(await Lab.open(), outscale({ a: { expires_in: '90d' } })),
  'expires_in, kept': async () =>
    then(await after(outscale({ a: { expires_in: '90d' } })), outscale({ a: { expires_in: 'P90D' } })),
  'expires_in, changed': async () =>
    then(await after(outscale({ a: { expires_in: '90d' } })), outscale({ a: { expires_in: '30d' } })),
  'expires_in, dropped': async () => then(await after(outscale({ a: { expires_in: '90d' } })), outscale({ a: {} })),
  'expires_in, drifted': async () => {
    const stack = outscale({ a: { expires_in: '90d' } });
    const lab = await after(stack);
    const key = lab.reference(`${OUTSCALE}.a`);
    await (await lab.keys(OUTSCALE)).update(key, { ...key.args, expires_at: '2029-01-01' }, ['expires_at']);
    return then(lab, stack);
  },
  'disabled from the start': async () => then(await Lab.open(), outscale({ a: { enabled: false } })),
  'disabled from the start by a sensitive variable': async () =>
    then(
      await Lab.open(),
      outscale(
        { a: { enabled: '${var.on}' } },
        { variable: { on: { type: 'bool', default: false, sensitive: true } } },
      ),
    ),
  'disable and update': async () =>
    then(await after(outscale({ a: { enabled: true } })), outscale({ a: { enabled: false, tag: 'x' } })),
  enable: async () => then(await after(outscale({ a: { enabled: false } })), outscale({ a: { enabled: true } })),
  'replace a disabled key': async () => {
    const stack = outscale({ a: { enabled: false } });
    return then(await after(stack), stack, { replace: [`${OUTSCALE}.a`] });
  },
  outputs: async () =>
    then(
      await after(
        outputs({
          same: { value: 'x' },
          changed: { value: 'one' },
          gone: { value: 'y' },
          hidden: { value: `\${${SINCH}.a.secret}`, sensitive: true },
          uncovered: { value: 1, sensitive: true },
        }),
      ),
      outputs({
        same: { value: 'x' },
        changed: { value: `two \${${SINCH}.a.display_name}` },
        fresh: { value: [1, { a: null }] },
        hidden: { value: `\${${SINCH}.a.secret}`, sensitive: true },
        uncovered: { value: 1 },
      }),
    ),
  'outputs not known yet': async () =>
    then(
      await Lab.open(),
      outputs({
        id: { value: `\${${SINCH}.a.id}` },
        secret: { value: `\${${SINCH}.a.secret}`, sensitive: true },
        generation: { value: `\${${SINCH}.a.generation}` },
        constructor: { value: 1 },
      }),
    ),
  'outputs of what was refused': async () => {
    const stack = outputs({ id: { value: `\${${SINCH}.a.id}` } });
    return then(
      await after(stack),
      { ...(stack as JsonObject), ...sinch({ a: lifecycle({ prevent_destroy: true }) }) },
      {
        replace: [`${SINCH}.a`],
      },
    );
  },
  'outputs destroyed': async () => {
    const stack = outputs({ id: { value: `\${${SINCH}.a.id}` } });
    return then(await after(stack), stack, { mode: 'destroy' });
  },
  forecast: async () =>
    then(await after(outscale(Object.fromEntries(names(9).map((name) => [name, { user_name: name }])))), {
      resource: { [OUTSCALE]: Object.fromEntries(names(9).map((name) => [name, { user_name: `new-${name}` }])) },
    }),
  'unmanaged keys': async () => {
    const stack = merged(sinch({ a: {} }), outscale({ root: {} }));
    const lab = await after(stack);
    for (const name of ['hers', 'his']) {
      await (await lab.keys(SINCH)).create({ project_id: 'p1', display_name: name });
    }
    return then(lab, stack);
  },
  'unmanaged keys seen with two credentials': async () => {
    const { lab, stack } = await twice();
    await (await lab.keys(OUTSCALE)).create({ user_name: 'ci' });
    return then(lab, stack({}));
  },
  'intent open, its key seen with two credentials': async () => {
    const { lab, stack } = await twice();
    return then(await crashed(lab, stack({ c: { user_name: 'ci' } })), stack({ c: { user_name: 'ci' } }));
  },
  'sensitive arguments': async () => {
    const stack = (name: string) =>
      sinch({ a: { display_name: '${var.name}' } }, { variable: { name: { default: name, sensitive: true } } });
    return then(await after(stack('canary-1')), stack('canary-1'), { replace: [`${SINCH}.a`] });
  },
  'sensitive mark added': async () => then(await after(named('ci', false)), named('ci', true)),
  'sensitive mark dropped': async () => then(await after(named('ci', true)), named('ci', false)),
  'sensitive mark dropped beside an update': async () =>
    // The mark of the value that changes goes with the step that changes it, that of the other one at once.
    then(await after(tagged('canary-1', true)), tagged('shown', false)),
  'sensitive mark of what is ignored stays': async () => {
    const stack = (sensitive: boolean) => ({
      ...(named('ci', sensitive) as JsonObject),
      ...sinch({ a: { display_name: '${var.name}', ...lifecycle({ ignore_changes: ['display_name'] }) } }),
    });
    return then(await after(stack(true)), stack(false));
  },
  'owner not known yet': async () =>
    then(
      await Lab.open(),
      sinch({ a: {}, b: { project_id: `\${${SINCH}.a.id}` }, c: { project_id: `\${${SINCH}.a.project_id}` } }),
    ),
};

/** A stack that holds the key that Keyform signs with, and drops it. */
async function own(options: Parameters<Lab['plan']>[1]) {
  const lab = await after(outscale({ a: {}, b: {} }));
  const key = lab.reference(`${OUTSCALE}.a`);
  const [self] = (await (await lab.keys(OUTSCALE)).list({})).filter((one) => one.id !== key.id);
  const resource = lab.state.resources.get(`${OUTSCALE}.a`);
  if (self === undefined || resource === undefined) throw new Error('no credential');
  lab.state.resources.set(resource.address, {
    ...resource,
    current: { ...key, id: self.id, accessKeyId: self.accessKeyId },
  });
  return then(lab, outscale({}), options);
}
