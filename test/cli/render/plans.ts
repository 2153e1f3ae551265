import type { DataRead, Drift, Plan, ResourceChange, Step, UnmanagedKey } from '../../../src/core/plan/plan.ts';
import { sensitive, UNKNOWN, type Value } from '../../../src/core/value.ts';

// Plans made by hand: what a renderer is shown does not follow the planner's or a provider's changes.

export const SINCH = 'keyform_sinch_access_key';
export const OUTSCALE = 'keyform_outscale_access_key';

type Values = Readonly<Record<string, Value>>;

export function plan(over: Partial<Plan> = {}): Plan {
  return {
    stack: 'prod',
    mode: 'normal',
    lineage: '3f1c2f9e-0000-4000-8000-000000000001',
    serial: 7,
    configurationHash: 'ab'.repeat(32),
    createdAt: '2026-03-04T05:06:07.000Z',
    steps: [],
    changes: [],
    data: [],
    outputs: [],
    drift: [],
    unmanaged: [],
    orphans: [],
    upcoming: [],
    coverage: { managed: 0, total: 0 },
    checks: [],
    needs: {},
    forecast: { calls: [], seconds: 0 },
    entries: [],
    diagnostics: [],
    blocked: false,
    ...over,
  };
}

export function step(kind: Step['kind'], address: string, over: Partial<Step> = {}): Step {
  return {
    id: `${kind} ${address}`,
    kind,
    address,
    type: address.split('.')[0] ?? '',
    provider: 'keyform',
    owner: 'owner',
    generation: 1,
    keyId: null,
    after: [],
    args: {},
    changed: [],
    knownIds: null,
    intent: null,
    forecast: [],
    ...over,
  };
}

export function change(address: string, over: Partial<ResourceChange>): ResourceChange {
  const [type = '', rest = ''] = address.split('.');
  return {
    address,
    type,
    name: rest.replace(/\[.*$/, ''),
    cloud: type === SINCH ? 'sinch' : 'outscale',
    provider: 'keyform',
    actions: ['no-op'],
    actionReason: null,
    before: null,
    after: null,
    replacePaths: [],
    reasons: [],
    deposed: null,
    ownerLabel: null,
    previousAddress: null,
    importing: null,
    ...over,
  };
}

export function read(address: string, deferred: DataRead['deferred'], values: Values): DataRead {
  const [, type = '', name = ''] = address.split('.');
  return { address, type, name, cloud: 'sinch', provider: 'keyform', deferred, values };
}

export function drift(address: string, over: Partial<Drift>): Drift {
  const { type, name, cloud, provider } = change(address, {});
  return {
    kind: 'changed',
    address,
    type,
    name,
    cloud,
    provider,
    keyId: 'k',
    deposed: null,
    before: {},
    after: null,
    changed: [],
    ...over,
  };
}

export function unmanaged(id: string, over: Partial<UnmanagedKey> = {}): UnmanagedKey {
  return {
    cloud: 'outscale',
    type: OUTSCALE,
    ownerLabel: 'user ci-bot',
    id,
    accessKeyId: id,
    name: null,
    createdAt: '2025-01-01T00:00:00.000Z',
    enabled: true,
    self: false,
    ...over,
  };
}

/** A living Sinch key. */
export function sinchKey(over: Values = {}): Values {
  return {
    project_id: '6f1c',
    display_name: 'ci',
    keepers: null,
    id: 'k-1',
    access_key_id: 'k-1',
    secret: sensitive('CANARY-secret'),
    created_at: '2026-01-01T00:00:00.000Z',
    generation: 1,
    expires_at: null,
    enabled: true,
    ...over,
  };
}

/** A living Outscale key. */
export function outscaleKey(over: Values = {}): Values {
  return {
    user_name: 'ci-bot',
    tag: 'deploy',
    expires_in: null,
    keepers: null,
    id: 'AKIA1',
    access_key_id: 'AKIA1',
    secret: sensitive('CANARY-secret'),
    created_at: '2026-01-01T00:00:00.000Z',
    modified_at: '2026-01-01T00:00:00.000Z',
    generation: 1,
    expires_at: null,
    enabled: true,
    ...over,
  };
}

const TO_COME = { id: UNKNOWN, access_key_id: UNKNOWN, secret: sensitive(UNKNOWN), created_at: UNKNOWN };

const created = plan({
  steps: [step('create', `${SINCH}.ci`), step('create', `${OUTSCALE}.each["eu west"]`)],
  changes: [
    change(`${SINCH}.ci`, {
      actions: ['create'],
      reasons: ['it does not exist yet'],
      after: sinchKey({ ...TO_COME, keepers: { month: '2026-03', 'the "service"': 'v1' } }),
    }),
    change(`${OUTSCALE}.each["eu west"]`, {
      actions: ['create'],
      reasons: ['its key is gone'],
      after: outscaleKey({ ...TO_COME, modified_at: UNKNOWN, user_name: sensitive('CANARY-user'), tag: UNKNOWN }),
    }),
  ],
  forecast: {
    calls: [
      { cloud: 'outscale', action: 'CreateAccessKey', count: 1 },
      { cloud: 'sinch', action: 'createAccessKey', count: 1 },
    ],
    seconds: 0.4,
  },
  coverage: { managed: 3, total: 3 },
});

const updated = plan({
  steps: [
    step('update', `${OUTSCALE}.ci`, { keyId: 'AKIA1', changed: ['tag'] }),
    step('disable', `${OUTSCALE}.ci`, { keyId: 'AKIA1' }),
    step('update', `${SINCH}.list`, { keyId: 'k-1', changed: ['scopes'] }),
  ],
  changes: [
    change(`${OUTSCALE}.ci`, {
      actions: ['update'],
      reasons: ['tag changed', 'the key is to be disabled'],
      before: outscaleKey(),
      after: outscaleKey({ tag: 'build\u001b[31m', enabled: false, modified_at: UNKNOWN }),
    }),
    change(`${SINCH}.list`, {
      actions: ['update'],
      reasons: ['scopes, labels, note, policy changed'],
      before: sinchKey({
        scopes: ['read', 'write', 'list'],
        labels: { team: 'a', zone: 'x', old: '1' },
        note: sensitive('CANARY-old'),
        policy: { allow: [{ action: 'get' }] },
        gone: 'soon',
      }),
      after: sinchKey({
        scopes: ['read', 'delete', 'list'],
        labels: { team: 'b', zone: 'x', new: sensitive('CANARY-label') },
        note: sensitive('CANARY-new'),
        policy: UNKNOWN,
      }),
    }),
    change(`${SINCH}.same`, { before: sinchKey(), after: sinchKey() }),
  ],
  forecast: { calls: [{ cloud: 'outscale', action: 'UpdateAccessKey', count: 3 }], seconds: 24 },
});

const replaced = plan({
  steps: [
    step('update', `${SINCH}.ci`, {
      id: `rename ${SINCH}.ci`,
      keyId: 'k-1',
      changed: ['display_name'],
      args: { display_name: 'ci (replaced k-1)' },
    }),
    step('rotate', `${SINCH}.ci`, { generation: 2 }),
    step('verify', `${SINCH}.ci`, { generation: 2 }),
    step('delete', `${SINCH}.ci`, { keyId: 'k-1' }),
    step('delete', `${OUTSCALE}.ci`, { keyId: 'AKIA1' }),
    step('rotate', `${OUTSCALE}.ci`, { generation: 2 }),
    step('rotate', `${SINCH}.asked`, { generation: 5 }),
    step('delete', `${SINCH}.asked`, { keyId: 'k-4' }),
    step('update', `${SINCH}.broken`, {
      id: `rename ${SINCH}.broken`,
      keyId: 'k-1',
      changed: ['display_name'],
      args: { display_name: 'CANARY-name (replaced k-1)' },
    }),
    step('rotate', `${SINCH}.broken`, { generation: 2 }),
    step('delete', `${SINCH}.broken`, { keyId: 'k-1' }),
  ],
  changes: [
    change(`${SINCH}.ci`, {
      actions: ['create', 'delete'],
      actionReason: 'replace_because_cannot_update',
      reasons: ['keepers changed, which needs a new key'],
      replacePaths: ['keepers'],
      before: sinchKey({ keepers: { month: '2026-02', host: 'a' } }),
      after: sinchKey({ ...TO_COME, generation: 2, keepers: { month: '2026-03', host: 'a' } }),
    }),
    change(`${OUTSCALE}.ci`, {
      actions: ['delete', 'create'],
      actionReason: 'replace_because_cannot_update',
      reasons: ['user_name changed, which needs a new key'],
      replacePaths: ['user_name'],
      before: outscaleKey(),
      after: outscaleKey({ ...TO_COME, modified_at: UNKNOWN, generation: 2, user_name: 'cd-bot' }),
    }),
    change(`${SINCH}.asked`, {
      actions: ['create', 'delete'],
      actionReason: 'replace_by_request',
      reasons: ['its replacement was asked for'],
      before: sinchKey({ id: 'k-4', generation: 4 }),
      after: sinchKey({ ...TO_COME, generation: 5 }),
    }),
    change(`${SINCH}.broken`, {
      actions: ['create', 'delete'],
      actionReason: 'replace_because_tainted',
      reasons: ['the API did not accept its secret'],
      before: sinchKey({ display_name: sensitive('CANARY-name') }),
      after: sinchKey({ ...TO_COME, generation: 2, display_name: sensitive('CANARY-name') }),
    }),
  ],
  forecast: { calls: [{ cloud: 'sinch', action: 'createAccessKey', count: 120 }], seconds: 7500 },
});

const deleted = plan({
  steps: [
    step('delete', `${SINCH}.old`, { keyId: 'k-1' }),
    step('delete', `${SINCH}.ci`, { id: `delete ${SINCH}.ci k-0`, keyId: 'k-0' }),
  ],
  changes: [
    change(`${SINCH}.old`, {
      actions: ['delete'],
      actionReason: 'delete_because_no_resource_config',
      reasons: ['the stack no longer declares it'],
      before: sinchKey({ keepers: { month: '2026-02' } }),
    }),
    change(`${SINCH}.ci`, { before: sinchKey({ id: 'k-2' }), after: sinchKey({ id: 'k-2' }) }),
    change(`${SINCH}.ci`, {
      actions: ['delete'],
      reasons: ['it was replaced before, and is still alive'],
      deposed: 'k-0',
      before: sinchKey({ id: 'k-0', display_name: 'ci (replaced k-0)' }),
    }),
  ],
  forecast: { calls: [{ cloud: 'sinch', action: 'deleteAccessKey', count: 2 }], seconds: 0 },
});

const drifts = [
  drift(`${SINCH}.ci`, {
    keyId: 'k-1',
    before: sinchKey({ note: sensitive('CANARY-before') }),
    after: sinchKey({ display_name: 'renamed', note: sensitive('CANARY-after'), created_at: null }),
    changed: ['display_name', 'note'],
  }),
  drift(`${OUTSCALE}.ci`, { kind: 'gone', keyId: 'AKIA1', before: outscaleKey() }),
  drift(`${OUTSCALE}.ci`, { kind: 'gone', keyId: 'AKIA0', deposed: 'AKIA0', before: outscaleKey({ id: 'AKIA0' }) }),
];

const strangers = [
  ...Array.from({ length: 12 }, (_, i) => unmanaged(`AKIA9${String(i).padStart(2, '0')}`)),
  unmanaged('AKIASELF', { self: true }),
];

const orphan = {
  address: `${SINCH}.ci`,
  type: SINCH,
  keyId: 'k-9',
  ownerLabel: 'project 6f1c',
  createdAt: '2026-03-04T05:00:00.000Z',
};

const recovering = plan({
  orphans: [orphan],
  steps: [
    step('recover', `${SINCH}.ci`, { keyId: 'k-9', intent: 'i-1', args: { display_name: 'CANARY-unmarked' } }),
    step('create', `${SINCH}.ci`, { after: [`recover ${SINCH}.ci k-9`] }),
  ],
  changes: [
    change(`${SINCH}.ci`, { actions: ['create'], reasons: ['it does not exist yet'], after: sinchKey({ ...TO_COME }) }),
  ],
});

const refusal = {
  severity: 'error' as const,
  summary: 'The key quota of project 6f1c is full',
  detail: 'project 6f1c holds 10 of at most 10 keys.',
  address: `${SINCH}.ci`,
  place: { file: 'stacks/prod/main.tf.json', path: ['resource', SINCH, 'ci'] },
};

/** By name: every kind of plan. */
export const PLANS: Readonly<Record<string, Plan>> = {
  create: created,
  update: updated,
  replace: replaced,
  delete: deleted,
  drift: plan({
    drift: drifts,
    unmanaged: [...strangers, unmanaged('k-77', { cloud: 'sinch', type: SINCH, name: 'by\u202ehand', enabled: false })],
    coverage: { managed: 999, total: 1012 },
    steps: updated.steps.slice(0, 2),
    changes: updated.changes.slice(0, 1),
  }),
  recover: recovering,
  'several orphans': plan({ orphans: [orphan, { ...orphan, keyId: 'k-10', createdAt: null, ownerLabel: null }] }),
  outputs: plan({
    outputs: [
      { name: 'new', actions: ['create'], before: null, after: UNKNOWN, sensitive: false },
      {
        name: 'token',
        actions: ['update'],
        before: sensitive('CANARY-1'),
        after: sensitive('CANARY-2'),
        sensitive: true,
      },
      { name: 'hidden', actions: ['create'], before: null, after: 'CANARY-unmarked', sensitive: true },
      {
        name: 'ids',
        actions: ['update'],
        before: { a: 'k-1', b: [1] },
        after: { a: UNKNOWN, b: [1] },
        sensitive: false,
      },
      { name: 'gone', actions: ['delete'], before: 'k-1', after: null, sensitive: false },
      { name: 'nothing', actions: ['update'], before: 'x', after: null, sensitive: false },
      { name: 'same', actions: ['no-op'], before: 1, after: 1, sensitive: false },
    ],
  }),
  refused: plan({ ...created, diagnostics: [refusal] }),
  'refused whole': plan({ diagnostics: [refusal], coverage: { managed: 1, total: 1 } }),
  blocked: plan({
    ...deleted,
    blocked: true,
    diagnostics: [
      { severity: 'error', summary: 'The plan deletes 2 keys, more than the 1 that are allowed', detail: '' },
    ],
  }),
  'refresh-only': plan({
    mode: 'refresh-only',
    drift: drifts.slice(0, 1),
    entries: [{ kind: 'forgotten', address: `${SINCH}.ci`, generation: 1 }],
  }),
  data: plan({
    steps: [
      step('create', `${SINCH}.ci`),
      step('read', `data.${SINCH}s.late`, { type: SINCH, after: [`create ${SINCH}.ci`] }),
    ],
    changes: [change(`${SINCH}.ci`, { actions: ['create'], after: { id: UNKNOWN, display_name: 'ci' } })],
    data: [
      read(`data.${SINCH}s.late`, 'read_because_dependency_pending', {
        project_id: sensitive('CANARY-project'),
        ids: UNKNOWN,
        keys: UNKNOWN,
      }),
      read(`data.${SINCH}.now`, null, { project_id: 'p1', id: 'k-1', expires_at: null, enabled: true }),
      read(`data.${OUTSCALE}.open`, 'read_because_config_unknown', {
        user_name: null,
        id: UNKNOWN,
        access_key_id: UNKNOWN,
        enabled: UNKNOWN,
      }),
    ],
    forecast: { calls: [{ cloud: 'sinch', action: 'ListAccessKeys', count: 1 }], seconds: 0 },
  }),
  'data alone': plan({
    steps: [step('read', `data.${SINCH}s.late`, { type: SINCH })],
    data: [
      read(`data.${SINCH}s.late`, 'read_because_config_unknown', { project_id: UNKNOWN, ids: UNKNOWN, keys: UNKNOWN }),
    ],
  }),
  'data that changes nothing': plan({
    data: [read(`data.${SINCH}s.p1`, null, { project_id: 'p1', ids: ['k-1'], keys: [{ id: 'k-1' }] })],
  }),
  'refresh-only clean': plan({ mode: 'refresh-only', coverage: { managed: 1, total: 1 } }),
  destroy: plan({
    mode: 'destroy',
    steps: deleted.steps.slice(0, 1),
    changes: [
      change(`${SINCH}.old`, {
        actions: ['delete'],
        reasons: ['everything is to be destroyed'],
        before: sinchKey({ keepers: { month: sensitive('CANARY-month') } }),
      }),
    ],
    outputs: [{ name: 'token', actions: ['delete'], before: sensitive('CANARY-1'), after: null, sensitive: true }],
  }),
  'destroy empty': plan({ mode: 'destroy' }),
  none: plan({
    changes: [change(`${SINCH}.same`, { before: sinchKey(), after: sinchKey() })],
    unmanaged: [unmanaged('AKIASELF', { self: true })],
    coverage: { managed: 2, total: 3 },
  }),
};
